"""Option values: text, JSON, shorthand, files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from asl_local.interfaces.aws.values import ValueProblem, bytes_value, list_value, structure_value, text_value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a=b", {"a": "b"}),
        ("a=b,c=d", {"a": "b", "c": "d"}),
        ("a=", {"a": ""}),
        ("a={b=c,d={e=f}},g=h", {"a": {"b": "c", "d": {"e": "f"}}, "g": "h"}),
        ("a={}", {"a": {}}),
        ("a=[b,c],d=e", {"a": ["b", "c"], "d": "e"}),
        ("a=[]", {"a": []}),
        ("a=[{b=c},{d=e}]", {"a": [{"b": "c"}, {"d": "e"}]}),
        ("a=b,c,d=e", {"a": ["b", "c"], "d": "e"}),
        ("a='b, c=d',e=f", {"a": "b, c=d", "e": "f"}),
        (r'a="b\"c\\d"', {"a": 'b"c\\d'}),
        ("a=x y z", {"a": "x y z"}),
        ("a=b=c", {"a": "b=c"}),
        ("#n=Name,:v={S=x}", {"#n": "Name", ":v": {"S": "x"}}),
        (":v={BOOL=true},:n={NULL=false}", {":v": {"BOOL": True}, ":n": {"NULL": False}}),
        ("ReadCapacityUnits=5", {"ReadCapacityUnits": 5}),
        ("x={B=AP8=}", {"x": {"B": b"\x00\xff"}}),
        ('{"a": [1, {"BS": ["AP8="]}]}', {"a": [1, {"BS": [b"\x00\xff"]}]}),
        ('{"a": {"S": "true"}, "BOOL": "true"}', {"a": {"S": "true"}, "BOOL": "true"}),
    ],
)
def test_structures(text: str, value: Any) -> None:
    assert structure_value(text) == value


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "expected a name and '=', found the end at position 0"),
        ("a", "expected a name and '=', found the end at position 1"),
        ("a=b,a=c", "a stands twice"),
        ("a={b=c", "expected '}', found the end"),
        ("a=[b", "expected ',', found the end"),
        ("a='b", "expected ', found the end"),
        ("a={b=c}d", "expected ',', found d at position 7"),
        ("a=b}", "expected ',', found }"),
        ("{a=b}", "invalid JSON"),
        ('{"a": {"B": "?"}}', "invalid base64 in B: '?'"),
    ],
)
def test_structures_that_cannot_be_read(text: str, problem: str) -> None:
    with pytest.raises(ValueProblem) as caught:
        structure_value(text)
    assert problem in str(caught.value)


def test_lists() -> None:
    assert list_value(["a", "b"]) == ["a", "b"]
    assert list_value(['["a", "b"]']) == ["a", "b"]
    assert list_value(["a=1,b=2", '{"a": "3"}']) == [{"a": "1", "b": "2"}, {"a": "3"}]
    assert list_value(['[{"a": 1}]']) == [{"a": 1}]


def test_files(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("ü", "utf-8")
    (tmp_path / "json").write_text('{"a": 1}')
    (tmp_path / "bytes").write_bytes(b"\x00\xff")
    assert text_value(f"file://{tmp_path}/text") == "ü"
    assert structure_value(f"file://{tmp_path}/json") == {"a": 1}
    assert list_value([f"file://{tmp_path}/json"]) == [{"a": 1}]
    assert bytes_value(f"fileb://{tmp_path}/bytes") == bytes_value("AP8=") == b"\x00\xff"
    with pytest.raises(ValueProblem, match="use file://"):
        text_value(f"fileb://{tmp_path}/bytes")
    with pytest.raises(ValueProblem, match="No such file"):
        text_value(f"file://{tmp_path}/nope")
    with pytest.raises(UnicodeDecodeError):
        text_value(f"file://{tmp_path}/bytes")
    with pytest.raises(ValueProblem, match="base64"):
        bytes_value("?")
