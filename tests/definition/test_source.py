"""Reading definitions: files, encodings, sizes, depths, and what is taken for a path."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from asl_local import definition
from asl_local.definition.source import read
from asl_local.errors import Diagnostic, InvalidDefinition

MACHINE = {"StartAt": "S", "States": {"S": {"Type": "Succeed"}}}
TEXT = json.dumps(MACHINE, indent=2)
YAML = "StartAt: S\nStates:\n  S: {Type: Succeed}\n"


def refusal(given: object, **more: object) -> Diagnostic:
    with pytest.raises(InvalidDefinition) as caught:
        definition.load_model(given, **more)  # type: ignore[arg-type]
    assert definition.validate(given, **more) == caught.value.diagnostics  # type: ignore[arg-type]
    return caught.value.diagnostics[0]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("m.asl.json", TEXT),
        ("m.json", TEXT),
        ("m.yaml", YAML),
        ("m.asl.yml", YAML),
        ("m.asl", TEXT),
        ("m", YAML),
        ("m.YML", YAML),
    ],
)
def test_a_file_by_its_ending_or_by_its_text(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    assert read(path).tree == read(str(path)).tree == MACHINE
    assert read(path).name == str(path)


def test_json_is_fine_in_a_yaml_file(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(TEXT, "utf-8")
    assert read(path).tree == MACHINE


@pytest.mark.parametrize(
    "given", [TEXT, TEXT.encode(), "\ufeff" + TEXT, b"\xef\xbb\xbf" + TEXT.encode(), YAML, MACHINE]
)
def test_texts_bytes_and_mappings(given: str | bytes | dict[str, object]) -> None:
    assert read(given).tree == MACHINE
    assert definition.validate(given) == []


def test_windows_lines_and_tabs_between() -> None:
    source = read(TEXT.replace("\n", "\r\n\t"))
    assert source.tree == MACHINE
    assert source.position("/States/S/Type")[0] == 5


def test_a_mapping_is_copied_and_has_no_places() -> None:
    inner = {"a": (1, 2)}
    source = read({"StartAt": "S", "States": {"S": {"Type": "Pass", "Result": inner, "End": True}}})
    assert source.tree["States"]["S"]["Result"] == {"a": [1, 2]}
    assert source.text is None
    assert source.position("/StartAt") == (None, None)


@pytest.mark.parametrize("value", [{1, 2}, float("nan"), {1: 2}, object()])
def test_a_mapping_that_is_no_json(value: object) -> None:
    found = refusal({"StartAt": "S", "States": {"S": {"Type": "Pass", "Result": value}}})
    assert found.code == "INVALID_JSON_DESCRIPTION"
    assert "$.States.S.Result" in found.message


def test_positions_of_values_and_keys() -> None:
    source = read('{\n  "a": [1,\n    {"b/c~": "x"}]\n}')
    assert source.position("") == (1, 1)
    assert source.position("/a") == (2, 8)
    assert source.position("/a", key=True) == (2, 3)
    assert source.position("/a/1/b~1c~0") == (3, 14)
    assert source.position("/a/1/b~1c~0", key=True) == (3, 6)
    assert source.position("/a/1", key=True) == (3, 5)  # an item has no key
    assert source.position("/b") == (None, None)


def test_positions_in_yaml_agree() -> None:
    source = read("a:\n  - 1\n  - {'b/c~': x}\n")
    assert source.position("/a/1/b~1c~0") == (3, 14)
    assert source.position("/a/1/b~1c~0", key=True) == (3, 6)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (None, "MISSING_DESCRIPTION"), ("", "MISSING_DESCRIPTION"), (b"", "MISSING_DESCRIPTION"),
        (" \n", "SCHEMA_VALIDATION_FAILED"), ("# only a comment\n---\n", "SCHEMA_VALIDATION_FAILED"),
    ],
)  # fmt: skip
def test_nothing_is_no_definition(given: object, code: str) -> None:
    assert refusal(given).code == code


def test_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    path.touch()
    assert refusal(path).code == "MISSING_DESCRIPTION"


def test_a_file_that_is_not_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    path.write_bytes(b'{"StartAt":\n "caf\xe9"}')
    found = refusal(path)
    assert (found.code, found.line, found.column) == ("INVALID_JSON_DESCRIPTION", 2, 6)
    path.write_bytes(TEXT.encode("utf-16"))
    assert refusal(path).hint == "it is UTF-16"


def test_a_file_that_is_not_there_is_not_taken_for_text(tmp_path: Path) -> None:
    (tmp_path / "order.asl.json").write_text(TEXT, "utf-8")
    for given in (tmp_path / "oder.asl.json", str(tmp_path / "oder.asl.json"), str(tmp_path / "order.asl")):
        with pytest.raises(FileNotFoundError, match=r"did you mean order\.asl\.json\?"):
            definition.validate(given)
    with pytest.raises(FileNotFoundError, match="nor a folder"):
        read(tmp_path / "nowhere" / "m.json")
    with pytest.raises(FileNotFoundError, match=r"order\.asl\.json"):
        read(tmp_path / "x.yaml")


def test_a_folder(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        read(str(tmp_path))


def test_something_else_altogether() -> None:
    with pytest.raises(TypeError, match="not a list"):
        read([])  # type: ignore[arg-type]


def test_a_text_longer_than_aws_takes() -> None:
    found = refusal(json.dumps({**MACHINE, "Comment": "x" * 1_048_576}))
    assert found.code == "INVALID_JSON_DESCRIPTION"
    assert "1,048,576" in found.message


def nested(levels: int) -> dict[str, object]:
    value: object = 1
    for _ in range(levels):
        value = [value]
    return {"StartAt": "S", "States": {"S": {"Type": "Pass", "Result": value, "End": True}}}


@pytest.mark.parametrize("levels", [250, 1_000, 100_000])
@pytest.mark.parametrize("opening", ["{", "Comment: x\nA: "])
def test_nesting_without_end(levels: int, opening: str) -> None:
    text = '{"a": ' + "[" * levels + "]" * levels + "}" if opening == "{" else opening + "[" * levels + "]" * levels
    found = refusal(text)
    assert "nested more than 200 levels deep" in found.message
    assert found.line is None or found.column is not None


def test_deep_data_are_fine() -> None:
    assert definition.validate(nested(190)) == []
    assert definition.validate(json.dumps(nested(190))) == []
    assert "levels deep" in refusal(nested(200)).message
    text = json.dumps(nested(200)).replace("1", '"${a}"')
    assert "levels deep" in refusal(text, substitutions={"a": 1}).message


def test_yaml_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "yaml", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'asl-local\[yaml\]'"):
        read(YAML)


def test_pyyaml_without_its_c_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    import yaml

    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    source = read(YAML)
    assert source.tree == MACHINE
    assert source.position("/States/S/Type") == (3, 13)


def test_substitutions_must_be_json() -> None:
    with pytest.raises(ValueError, match="substitutions"):
        read(TEXT, {"a": {1}})


def test_substitutions_in_a_mapping() -> None:
    source = read({"StartAt": "${a}", "b": ["x${a}y", "${n}"]}, {"a": "A", "n": 3})
    assert source.tree == {"StartAt": "A", "b": ["xAy", 3]}
    assert source.problems == ()


def test_a_value_of_a_substitution_is_not_filled_again() -> None:
    assert read('{"a": "${b}"}', {"b": "${c}", "c": "x"}).tree == {"a": "${c}"}


def test_an_unfilled_number_keeps_a_machine_from_running_but_not_from_loading() -> None:
    text = '{"StartAt":"S","States":{"S":{"Type":"Wait",\n"Seconds":"${Seconds}","End":true}}}'
    model, _, warnings = definition.load_model(text)
    assert [w.code for w in warnings] == ["UNRESOLVED_SUBSTITUTION"]
    assert [(d.severity, d.path, d.line) for d in model.unresolved] == [("ERROR", "/States/S/Seconds", 2)]
    filled, _, warnings = definition.load_model(text, {"Seconds": 3})
    assert (filled.unresolved, warnings) == ((), [])
    assert filled.top.states["S"].seconds == 3  # type: ignore[attr-defined]


def test_an_unfilled_text_does_not() -> None:
    text = '{"StartAt":"S","States":{"S":{"Type":"Task","Resource":"${Arn}","End":true}}}'
    assert definition.load_model(text)[0].unresolved == ()
