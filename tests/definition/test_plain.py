"""Plain definitions: whatever is called plain has nothing wrong, and what should be plain is called so."""

from __future__ import annotations

from typing import Any

import pytest
from definition_cases import read_cases
from hypothesis import given
from hypothesis import strategies as st

from asl_local.definition import grammar
from asl_local.definition.checks import MACHINE_TYPES, check, plain
from asl_local.definition.source import Source, read

NAMES = ("A", "B", "C", "", "x" * 80, "x" * 81, "${A}", "a/b")
TYPES = ("Pass", "Pass", "Succeed", "Fail", "Wait", "Task", "Choice", "pass", 3)
TEXTS = st.sampled_from(
    ["", "text", "$", "$.a", "$$.State.Name", "States.UUID()", "say States.UUID()", "${name}", "{% 1 %}", *NAMES]
)
VALUES = TEXTS | st.sampled_from(
    [None, True, False, 0, 5, -1, 1.5, 99_999_999, 100_000_000, "1.0", "JSONPath", "JSONata"]
)
NESTED = VALUES | st.lists(VALUES, max_size=2) | st.dictionaries(TEXTS | st.just("x.$"), VALUES, max_size=2)
FIELDS = sorted(
    {row.name for row in grammar.rows() if row.owner in ("Pass", "Succeed", "Fail", "Wait")} - {"Type", "Next", "End"}
)


@st.composite
def states(draw: st.DrawFn) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True))
    made: dict[str, Any] = {}
    for name, following in zip(names, [*names[1:], None], strict=True):
        usual = {"Next": following} if following is not None else {"End": True}
        kind = draw(st.sampled_from(TYPES))
        state = {"Type": kind, **({} if kind in ("Succeed", "Fail") else usual)}
        if kind == "Wait":
            state["Seconds"] = 1
        made[name] = state | draw(
            st.dictionaries(st.sampled_from([*FIELDS, "Next", "End", "Parameter"]), NESTED, max_size=2)
        )
    return made


@st.composite
def machines(draw: st.DrawFn) -> dict[str, Any]:
    made = draw(states())
    fields = ["Comment", "Version", "TimeoutSeconds", "QueryLanguage", "StartAt", "States", "Name"]
    more = draw(st.dictionaries(st.sampled_from(fields), NESTED, max_size=1))
    return {"StartAt": next(iter(made)), "States": made, **more}


@given(machines(), st.sampled_from(MACHINE_TYPES))
def test_what_is_plain_has_nothing_wrong(tree: dict[str, Any], type: str) -> None:
    if plain.is_plain(tree):
        assert check(Source(tree, None, "definition"), type=type) == []


@pytest.mark.parametrize("case", read_cases(), ids=lambda case: case.name)
def test_of_all_cases_those_that_are_plain_have_nothing_wrong(case: Any) -> None:
    try:
        source = read(case.text.encode(), case.substitutions)
    except Exception:  # there is no tree
        return
    if plain.is_plain(source.tree):
        assert check(Source(source.tree, None, "definition"), type=case.type) == []


def pass_(**fields: Any) -> dict[str, Any]:
    return {"Type": "Pass", "End": True, **fields}


@pytest.mark.parametrize(
    "states",
    [
        {"A": pass_()},
        {"A": pass_(Result={"ok": [True, None, 1.5, "text"]}, Comment="why", ResultPath=None, InputPath="$")},
        {"A": {"Type": "Wait", "Seconds": 5, "Next": "B"}, "B": {"Type": "Succeed"}},
        {"B": {"Type": "Fail", "Error": "No", "Cause": "because"}, "A": {"Type": "Pass", "Next": "B"}},
    ],
)
def test_plain_ones_are_known(states: dict[str, Any]) -> None:
    tree = {"StartAt": "A", "States": states, "Comment": "all", "TimeoutSeconds": 5, "Version": "1.0"}
    assert plain.is_plain(tree)


@pytest.mark.parametrize(
    "state",
    [
        pass_(Result="$.a"), pass_(Result={"a": "States.UUID()"}), pass_(Next="A"), pass_(End=False), pass_(Parameters={}),
        pass_(ResultPath="$.a"), pass_(QueryLanguage="JSONata"), pass_(Result={"${name}": 1}), pass_(Comment=1),
        {"Type": "Pass", "Next": "A"}, {"Type": "Pass", "Next": "B"}, {"Type": "Pass"}, {"Type": []}, {}, None,
        {"Type": "Wait", "End": True}, {"Type": "Wait", "End": True, "Seconds": True}, {"Type": "Succeed", "End": True},
    ],
)  # fmt: skip
def test_anything_else_is_looked_at(state: Any) -> None:
    assert not plain.is_plain({"StartAt": "A", "States": {"A": state}})


def test_its_limits_are_the_grammars() -> None:
    assert plain.LONGEST_NAME == grammar.LONGEST_NAME
    assert plain.LONGEST_SECONDS == grammar.LONGEST_SECONDS
    for owner, fields in (("Machine", plain._MACHINE), *plain._STATES.items()):
        assert fields <= grammar.fields_of(owner).keys()
