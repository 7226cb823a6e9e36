"""Values that nest deeper than Python's stack is: what may come in is bounded, what a machine makes comes out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import asl_local
from asl_local import NotJson, values
from asl_local.interfaces import cli

PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
TASK = {
    "StartAt": "A",
    "States": {"A": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "End": True}},
}
WRAPPED: Any = {"w.$": "$.v"}
for _ in range(49):
    WRAPPED = {"w": WRAPPED}
STAGE = {"n.$": "States.MathAdd($.n, 1)", "v": WRAPPED}  # 50 levels more
GROWS = {
    "StartAt": "A",
    "States": {
        "A": {"Type": "Pass", "Parameters": STAGE, "Next": "B"},
        "B": {
            "Type": "Choice", "Default": "A",
            "Choices": [{"Variable": "$.n", "NumericGreaterThanEquals": 50, "Next": "C"}],
        },
        "C": {"Type": "Pass", "OutputPath": "$.v", "End": True},
    },
}  # fmt: skip


def nested(levels: int, *, objects: bool = False) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"w": value} if objects else [value]
    return value


def levels_of(value: Any) -> int:
    count = 0
    while isinstance(value, (dict, list)):
        value, count = value["w"] if isinstance(value, dict) else value[0], count + 1
    return count


@pytest.fixture(scope="module")
def grown() -> asl_local.Result:
    return asl_local.load(GROWS).simulate({"n": 26, "v": 1})


@pytest.mark.parametrize("objects", [False, True], ids=["arrays", "objects"])
@pytest.mark.parametrize("way", ["run", "simulate"])
def test_as_deep_as_may_come_in(way: str, *, objects: bool) -> None:
    given = nested(values.DEEPEST + 1, objects=objects)
    assert levels_of(getattr(asl_local.load(PASS), way)(given).unwrap()) == values.DEEPEST + 1
    assert levels_of(getattr(asl_local.load(TASK), way)(given, {"f": lambda event: event}).unwrap()) == 501


@pytest.mark.parametrize("way", ["run", "simulate"])
def test_deeper_is_refused_with_a_reason(way: str) -> None:
    with pytest.raises(asl_local.InvalidExecutionInput, match="nested more than 500 levels deep"):
        getattr(asl_local.load(PASS), way)(nested(100_000))
    result = getattr(asl_local.load(TASK), way)({}, {"f": lambda _: nested(100_000)})
    assert result.error == "Runtime.MarshalError"
    assert "nested more than 500 levels deep" in result.cause


def test_who_is_deep_in_calls_has_less_room_and_is_told() -> None:
    def called(levels: int) -> Any:
        return called(levels - 1) if levels else values.accept(nested(500, objects=True))

    with pytest.raises(NotJson, match="what is left of Python's stack"):
        called(600)


def test_what_a_machine_makes_comes_out(grown: asl_local.Result) -> None:
    assert levels_of(grown.unwrap()) == 1200
    last = grown.history.to_aws()[-1]["executionSucceededEventDetails"]["output"]
    assert (last.count('{"w":'), last.count("}")) == (1200, 1200)
    assert "</html>" in grown.to_html()


def test_its_dump_is_written_and_reading_it_says_why_not(grown: asl_local.Result) -> None:
    assert grown.execution is not None
    with pytest.raises(ValueError, match="nests deeper than Python's json can read"):
        asl_local.Execution.load(grown.execution.dump(), asl_local.load(GROWS).plan)


def test_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("grows.json").write_text(json.dumps(GROWS), "utf-8")
    Path("deep.json").write_text("[" * 100_000 + "]" * 100_000, "utf-8")
    assert cli.main(["run", "grows.json", "--input", '{"n": 30, "v": 1}']) == 0
    assert capsys.readouterr().out.strip() == '{"w":' * 1000 + "1" + "}" * 1000
    assert cli.main(["run", "grows.json", "--input", "deep.json"]) == 2
    assert capsys.readouterr().err == "asl-local: deep.json: nested more than 500 levels deep\n"


def test_text_and_copy_are_those_of_flat_values() -> None:
    small = {"a": [1, [], {}, {"b": [None, True, 1.5, "x\u0001é"]}], "e": {"": [[0]]}}
    deep: Any = small
    for _ in range(2_000):
        deep = {"w": [deep, 2]}
    assert values.text_of(deep) == '{"w":[' * 2_000 + values.text_of(small) + ",2]}" * 2_000
    assert values.weigh(deep, 10) == values.size(deep) == len(values.text_of(deep).encode())
    twin = values.copy(deep)
    assert values.text_of(twin) == values.text_of(deep)
    while "w" in deep:
        assert twin is not deep
        assert twin["w"] is not deep["w"]
        twin, deep = twin["w"][0], deep["w"][0]


def test_what_contains_itself_is_no_tree() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(RecursionError, match="contains itself"):
        values.text_of(value)
