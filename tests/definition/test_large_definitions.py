"""What the checks say of definitions so large that they are checked by other means than by looking at every pair."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import asl_local
from asl_local.definition.checks import variables
from asl_local.definition.checks.flow import Flow
from asl_local.definition.diagnostics import Findings

NAMES = "ABCDEFG"


def chain(count: int, **fields: Any) -> dict[str, Any]:
    states = {f"S{at}": {"Type": "Pass", **fields, "Next": f"S{at + 1}"} for at in range(count)}
    return {"StartAt": "S0", "States": {**states, f"S{count}": {"Type": "Succeed"}}}


def reached(start: str, edges: dict[str, set[str]]) -> set[str]:
    found = {start}
    while more := {target for name in found for target in edges[name]} - found:
        found |= more
    return found


@given(
    st.fixed_dictionaries({name: st.sets(st.sampled_from(NAMES)) for name in NAMES}), st.sets(st.sampled_from(NAMES))
)
def test_states_that_are_left_for_good_before_another_are_those_with_no_way_back(
    edges: dict[str, set[str]], marked: set[str]
) -> None:
    flow = Flow(Findings())
    flow.edges["/at"] = edges
    marks = {name: 1 << NAMES.index(name) for name in marked}
    before = flow.left_before("/at", marks)
    for name in NAMES:
        expected = {
            other
            for other in marked
            if other != name and name in reached(other, edges) and other not in reached(name, edges)
        }
        assert before[name] == sum(marks[other] for other in expected)


@pytest.mark.parametrize("at_once", [1, 2, 4096])
def test_the_first_place_that_assigned_a_name_is_told_however_many_there_are(
    monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(variables, "_AT_ONCE", at_once)
    inner = {"StartAt": "In", "States": {"In": {"Type": "Pass", "Assign": {"x": 1, "y": 2}, "End": True}}}
    definition = chain(3, Assign={"x": 1})
    definition["States"]["S1"]["Assign"] = {"x": 1, "y": 1}
    definition["States"]["S2"] = {"Type": "Parallel", "Branches": [inner], "Assign": {"x": 1}, "Next": "S3"}
    found = [(d.message, d.hint) for d in asl_local.validate(definition)]
    assert found == [
        (
            f"The variable name '{name}' was already defined in a parent scope.",
            f"/States/{state}/Assign/{name} assigns it; an inner state can read it, not write it",
        )
        for name, state in (("x", "S0"), ("y", "S1"))
    ]


def test_an_inner_block_in_a_loop_may_assign_what_the_loop_assigns() -> None:
    inner = {"StartAt": "In", "States": {"In": {"Type": "Pass", "Assign": {"x": 1}, "End": True}}}
    definition = chain(3, Assign={"x": 1})
    definition["States"]["S1"] = {"Type": "Parallel", "Branches": [inner], "Next": "S2"}
    definition["States"]["S2"] = {
        "Type": "Choice", "Choices": [{"Variable": "$", "IsNull": True, "Next": "S0"}], "Default": "S3"
    }  # fmt: skip
    assert asl_local.validate(definition) == []


def test_a_misspelt_variable_is_hinted_at_wherever_it_is_read() -> None:
    definition = chain(300, Parameters={"a.$": "$cuonter"})
    definition["States"]["S0"]["Assign"] = {"counter": 1}
    assert {d.hint for d in asl_local.validate(definition)} == {"did you mean 'counter'?"}
    assert len(asl_local.validate(definition)) == 300


def test_of_many_unknown_variables_the_first_hundred_are_compared_with_the_known() -> None:
    definition = chain(150)
    for at, state in enumerate(list(definition["States"].values())[:-1]):
        state["Assign"] = {f"counter{at}": 1}
        state["Parameters"] = {"a.$": f"$cuonter{at}"}
    hints = [d.hint is not None for d in asl_local.validate(definition)]
    assert hints == [True] * 100 + [False] * 50


def test_problems_of_a_dict_come_in_the_order_of_its_members() -> None:
    definition = chain(120, Foo=1)
    assert [d.path for d in asl_local.validate(definition)] == [f"/States/S{at}" for at in range(120)]


POINTERS = st.lists(st.sampled_from(["a", "b", "ab", "~1"]), max_size=4).map(
    lambda steps: "".join(f"/{s}" for s in steps)
)


@given(st.lists(POINTERS), st.lists(POINTERS), POINTERS)
def test_an_error_or_a_placeholder_touches_all_that_is_around_it(
    wrong: list[str], unfilled: list[str], asked: str
) -> None:
    findings = Findings()
    findings.warning(asked, "no error", code="LIKELY_MISTAKE")
    for at in wrong:
        findings.error("", "an error", at=at)
    for at in unfilled:
        findings.placeholder("", "${x}", None, at=at)
    assert findings.touch(asked) == any(at == asked or at.startswith(f"{asked}/") for at in [*wrong, *unfilled])


@pytest.mark.parametrize(("levels", "inmost", "fits"), [(198, [], True), (197, [1], True), (198, [1], False)])
def test_two_hundred_levels_are_the_deepest(levels: int, inmost: list[int], fits: bool) -> None:
    value: Any = inmost
    for _ in range(levels - 1):
        value = [value]
    definition = {"StartAt": "S", "States": {"S": {"Type": "Pass", "Result": value, "End": True}}}
    for given_as in (definition, json.dumps(definition)):
        found = [d.message.partition(" at ")[0] for d in asl_local.validate(given_as)]
        assert found == ([] if fits else ["nested more than 200 levels deep"])


def test_a_path_of_thousands_of_steps_fails_as_a_short_one_does() -> None:
    path = "$" + ".a" * 5000
    machine = asl_local.load(chain(1, InputPath=path))
    assert (machine.run({"a": {"b": 1}}).cause or "").endswith(
        f" Invalid path '{path}' : Missing property in path $['a']['a']"
    )
