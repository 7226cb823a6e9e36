"""Properties: a valid definition with one fault is refused at that fault, and nothing makes the checks themselves fail."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from definition_cases import read_cases
from hypothesis import assume, given
from hypothesis import strategies as st

import asl_local
from asl_local import definition
from asl_local.definition import grammar
from asl_local.definition.json_text import escape
from asl_local.definition.source import read

VALID = [
    read(case.text.encode(), case.substitutions).tree
    for case in read_cases()
    if not case.expected and case.type == "STANDARD"
]
Spot = tuple[str, str, dict[str, Any], str]  # pointer, owner, the object, its field


def spots(tree: dict[str, Any], owner: str = "Machine", pointer: str = "") -> Iterator[Spot]:
    """Every field of a definition that the grammar rules over."""
    for name, value in tree.items():
        row = grammar.fields_of(owner)[name]
        here = f"{pointer}/{escape(name)}"
        yield pointer, owner, tree, name
        if row.kind is grammar.Kind.STATES:
            for state, body in value.items():
                yield from spots(body, body["Type"], f"{here}/{escape(state)}")
        elif row.item and isinstance(value, dict):
            yield from spots(value, row.item, here)
        elif row.item:
            for index, item in enumerate(value):
                yield from spots(item, row.item, f"{here}/{index}")


@st.composite
def faulty(draw: st.DrawFn) -> tuple[dict[str, Any], Spot]:
    """A copy of a valid definition and one field in it, to be spoilt."""
    tree = copy.deepcopy(draw(st.sampled_from(VALID)))
    return tree, draw(st.sampled_from(list(spots(tree))))


def place(text: str, offset: int) -> tuple[int, int]:
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def errors(text: str) -> list[asl_local.Diagnostic]:
    return [d for d in definition.validate(text) if d.severity == "ERROR"]


def test_there_are_valid_definitions_to_spoil() -> None:
    assert len(VALID) > 20
    assert all(not errors(json.dumps(tree)) for tree in VALID)


@given(faulty(), st.integers(0, 3))
def test_a_renamed_field_is_refused_where_it_stands(chosen: tuple[dict[str, Any], Spot], indent: int) -> None:
    tree, (pointer, owner, holder, name) = chosen
    assume(owner != "Credentials")  # without a RoleArn nothing else in them is looked at (recorded)
    members = [(f"{name}Qq" if key == name else key, value) for key, value in holder.items()]
    holder.clear()
    holder.update(members)
    text = json.dumps(tree, indent=indent)
    where = place(text, text.index(f'"{name}Qq"'))
    [found] = [d for d in errors(text) if d.message == f"Field '{name}Qq' is not supported"]
    assert (found.path, (found.line, found.column)) == (pointer, where)


@given(faulty())
def test_a_required_field_that_is_gone_is_missed_where_it_was(chosen: tuple[dict[str, Any], Spot]) -> None:
    tree, (pointer, owner, holder, name) = chosen
    value = holder.pop(name)
    missed = grammar.fields_of(owner)[name].required or any(
        name in group.fields and group.required for group in grammar.groups_of(owner)
    )
    if missed and not (name == "End" and value is False):
        assert any(d.path == pointer and f"[{name}" in d.message.replace(", ", "[") for d in errors(json.dumps(tree)))


@given(faulty(), st.integers(1, 2))
def test_a_field_given_twice_is_refused_at_the_second(chosen: tuple[dict[str, Any], Spot], indent: int) -> None:
    tree, (pointer, _, holder, name) = chosen
    holder["Second"] = copy.deepcopy(holder[name])
    text = json.dumps(tree, indent=indent)
    where = place(text, text.index('"Second"'))
    [found] = [d for d in errors(text.replace('"Second"', f'"{name}"', 1)) if d.code == "INVALID_JSON_DESCRIPTION"]
    assert found.message == f"Duplicate field '{name}'"
    assert (found.path, (found.line, found.column)) == (f"{pointer}/{escape(name)}", where)


SCALARS = (
    st.none() | st.booleans() | st.integers(-2, 10**9) | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "$", "$.a", "$$.b[0]", "$v", "${x}", "a${x}b", "{% 1 %}", "{% 1", "States.UUID()", "States.ALL"])
    | st.text(max_size=8)
)  # fmt: skip
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(sorted({row.name for row in grammar.rows()} | {"a.$", "a", "x"})), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(faulty(), JSON)
def test_whatever_stands_in_a_field_the_checks_answer_and_what_they_pass_can_be_compiled(
    chosen: tuple[dict[str, Any], Spot], value: Any
) -> None:
    tree, (_, _, holder, name) = chosen
    holder[name] = value
    text = json.dumps(tree, indent=1)
    found = definition.validate(text)
    places = [(d.line, d.column) for d in found]
    assert all(line and column for line, column in places)
    assert places == sorted(places)
    shown = [(d.code, d.path, d.message) for d in found]
    assert sorted(shown) == sorted((d.code, d.path, d.message) for d in definition.validate(json.loads(text)))
    if any(d.severity == "ERROR" for d in found):
        with pytest.raises(asl_local.InvalidDefinition):
            asl_local.load(text)
    else:
        asl_local.load(text)


@given(st.text(alphabet='{}[]",: \n\\tunStateAl$.0123-e"', max_size=40))
def test_any_text_gets_an_answer_and_json_is_what_the_standard_library_says(text: str) -> None:
    try:
        tree = json.loads(text, parse_constant=lambda _: 1 / 0)
    except (ValueError, ZeroDivisionError):
        tree = None
    found = definition.validate(text.encode())
    assert found
    if isinstance(tree, dict):
        assert {d.code for d in found} <= {"SCHEMA_VALIDATION_FAILED", "INVALID_JSON_DESCRIPTION", "MISSING_END_STATE"}
    assert all(d.line is None or d.line <= text.count("\n") + 1 for d in found)
