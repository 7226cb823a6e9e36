"""Every kind of goal, once with it covered and once without: the table decides which states have it, the
engine marks it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import asl_local
from asl_local.engine.history import MARKS
from asl_local.testing.coverage.goals import KINDS, goals_of

F = "arn:aws:lambda:us-east-1:123456789012:function:f"
END = {"Type": "Succeed"}
PASS = {"Type": "Pass", "End": True}
PROCESSOR = {"StartAt": "P", "States": {"P": PASS}}
DISTRIBUTED = {**PROCESSOR, "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}


def machine(**states: Any) -> asl_local.Machine:
    return asl_local.load({"StartAt": next(iter(states)), "States": states}, name="m")


def task(**more: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": F, "End": True, **more}


def choice(**more: Any) -> dict[str, Any]:
    rules = [{"Variable": "$.n", "NumericEquals": number, "Next": "A"} for number in (1, 2)]
    return {"Type": "Choice", "Choices": rules, **more}


def mapping(**more: Any) -> dict[str, Any]:
    return {"Type": "Map", "ItemsPath": "$.l", "ItemProcessor": PROCESSOR, "End": True, **more}


def answers(*errors: str) -> Callable[[Any], Any]:
    """A handler that fails with these errors, one after the other, and then answers."""
    left = list(errors)

    def f(event: Any) -> Any:
        if left:
            raise asl_local.StateError(left.pop(0), "")
        return event

    return f


def slow(event: Any, context: Any) -> None:
    context.sleep(100)


def only_bad(event: Any) -> Any:
    if event == "bad":
        raise asl_local.StateError("Bad", "")
    return event


RETRY = [{"ErrorEquals": ["Busy"], "MaxAttempts": 1, "IntervalSeconds": 1}]
CATCH = [{"ErrorEquals": ["Busy"], "Next": "A"}, {"ErrorEquals": ["States.ALL"], "Next": "A"}]
RETRIED = machine(T=task(Retry=RETRY))
CAUGHT = machine(T=task(Catch=CATCH), A=END)
CHOICE = machine(C=choice(Default="A"), A=END)
MAP = machine(M=mapping())
TIMED = machine(T=task(TimeoutSeconds=5, HeartbeatSeconds=2))
WHOLE = asl_local.load({**RETRIED.definition, "TimeoutSeconds": 10}, name="m")  # type: ignore[dict-item]
TOLERANT = machine(
    M=mapping(
        ToleratedFailureCount=1, ItemProcessor={**DISTRIBUTED, "StartAt": "T", "States": {"T": task()}}
    )
)  # fmt: skip
FAR = machine(M=mapping(ItemProcessor=DISTRIBUTED))

Run = tuple[Any, Any]
CASES: list[tuple[str, asl_local.Machine, str, Run, Run]] = [
    ("states", CHOICE, "Choice 'C' was never entered", ({"n": 1}, None), (None, None)),
    ("states", CAUGHT, "Succeed 'A' was never entered", ({}, answers("E")), ({}, answers())),
    ("transitions", machine(A={"Type": "Pass", "Next": "T"}, T=task()), "Task 'T' never came to its end",
     ({}, answers()), ({}, answers("E"))),
    ("transitions", machine(T={"Type": "Task", "Resource": F, "Next": "A"}, A=END),
     "Task 'T' never went on to 'A'", ({}, answers()), ({}, answers("E"))),
    ("rules true", CHOICE, "Choices[1] of Choice 'C' was never true", ({"n": 2}, None), ({"n": 1}, None)),
    ("rules false", CHOICE, "Choices[0] of Choice 'C' was never false", ({"n": 2}, None), ({"n": 1}, None)),
    ("rules false", CHOICE, "Choices[1] of Choice 'C' was never false", ({"n": 3}, None), ({"n": 2}, None)),
    ("rules false", machine(C=choice(), A=END), "Choices[1] of Choice 'C' was never false", ({"n": 3}, None), ({"n": 2}, None)),
    ("defaults", CHOICE, "the Default of Choice 'C' was never taken", ({"n": 3}, None), ({"n": 2}, None)),
    ("catchers", CAUGHT, "Catch[0] of Task 'T' never caught an error", ({}, answers("Busy")), ({}, answers("E"))),
    ("catchers", CAUGHT, "Catch[1] of Task 'T' never caught an error", ({}, answers("E")), ({}, answers("Busy"))),
    ("retriers used", RETRIED, "Retry[0] of Task 'T' was never used", ({}, answers("Busy")), ({}, answers("E"))),
    ("retriers exhausted", RETRIED, "Retry[0] of Task 'T' was never exhausted",
     ({}, answers("Busy", "Busy")), ({}, answers("Busy"))),
    ("retriers exhausted", machine(T=task(Retry=[{**RETRY[0], "MaxAttempts": 0}])), "Retry[0] of Task 'T' was never exhausted",
     ({}, answers("Busy")), ({}, answers())),
    ("sizes of Maps", MAP, "Map 'M' never had no item", ({"l": []}, None), ({"l": [1]}, None)),
    ("sizes of Maps", MAP, "Map 'M' never had exactly one item", ({"l": [1]}, None), ({"l": [1, 2]}, None)),
    ("sizes of Maps", MAP, "Map 'M' never had several items", ({"l": [1, 2, 3]}, None), ({"l": []}, None)),
    ("sizes of Maps", FAR, "Map 'M' never had no item", ({"l": []}, None), ({"l": [1]}, None)),
    ("sizes of Maps", FAR, "Map 'M' never had exactly one item", ({"l": [1]}, None), ({"l": [1, 2]}, None)),
    ("sizes of Maps", FAR, "Map 'M' never had several items", ({"l": [1, 2, 3]}, None), ({"l": []}, None)),
    ("states", FAR, "Pass 'P' was never entered", ({"l": [1]}, None), ({"l": []}, None)),
    ("timeouts", TIMED, "Task 'T' never timed out", ({}, answers("States.Timeout")), ({}, slow)),
    ("timeouts", machine(T=task(TimeoutSeconds=5)), "Task 'T' never timed out", ({}, slow), ({}, answers("E"))),
    ("timeouts", WHOLE, "the machine never timed out", ({}, slow), ({}, answers())),
    ("heartbeats", TIMED, "Task 'T' never missed a heartbeat", ({}, slow), ({}, answers())),
    ("tolerated failures", TOLERANT, "Map 'M' never succeeded with a failed item",
     ({"l": ["bad", 1]}, only_bad), ({"l": ["bad", "bad"]}, only_bad)),
]  # fmt: skip


def reached(machine: asl_local.Machine, run: Run) -> set[str]:
    """What is missing after one simulation; nothing runs where there is no input."""
    given, handler = run
    with asl_local.Coverage() as coverage:
        if given is not None:
            machine.simulate(given, {"f": handler or answers()})
    return {goal.missing for goal in coverage.of(machine).missing}


@pytest.mark.parametrize("case", CASES, ids=[f"{case[0]}: {case[2]}" for case in CASES])
def test_a_goal_is_covered_by_what_reaches_it_only(case: tuple[str, asl_local.Machine, str, Run, Run]) -> None:
    kind, machine, words, covering, missing = case
    assert words in {goal.missing for goal in goals_of(machine.definition) if goal.kind == kind}  # type: ignore[arg-type]
    assert words not in reached(machine, covering)
    assert words in reached(machine, missing)


def test_every_kind_has_cases() -> None:
    assert {case[0] for case in CASES} == {kind.title for kind in KINDS}


def test_every_mark_leads_to_a_goal() -> None:
    assert {kind.what for kind in KINDS} == MARKS.keys()


def kinds(state: dict[str, Any], name: str = "S") -> list[tuple[str, int]]:
    goals = goals_of({"StartAt": name, "States": {name: state}})
    return [(goal.mark[1], goal.mark[2]) for goal in goals]


def test_what_cannot_be_reached_is_no_goal() -> None:
    never = task(Retry=[{"ErrorEquals": ["A"], "MaxAttempts": 0}])
    assert kinds(never) == [("entered", 0), ("left", 0), ("exhausted", 0)]
    for_ever = task(Retry=[{"ErrorEquals": ["A"], "MaxAttempts": 99_999_999}])
    assert kinds(for_ever) == [("entered", 0), ("left", 0), ("retried", 0)]
    constant = mapping(QueryLanguage="JSONata", Items=[1, 2, 3])
    assert [each for each in kinds(constant) if each[0] == "items"] == [("items", 2)]
    assert kinds({"Type": "Fail"}) == kinds(END) == [("entered", 0)]


def test_the_place_of_a_goal_is_where_its_field_stands() -> None:
    definition = {
        "StartAt": "A/B",
        "States": {"A/B": task(TimeoutSecondsPath="$.t", Catch=CATCH, Retry=RETRY), "A": END},
    }
    assert [goal.pointer for goal in goals_of(definition)] == [
        "/States/A~1B", "/States/A~1B/End", "/States/A~1B/Catch/0", "/States/A~1B/Catch/1", "/States/A~1B/Retry/0",
        "/States/A~1B/Retry/0", "/States/A~1B/TimeoutSecondsPath", "/States/A",
    ]  # fmt: skip


def test_inner_states_have_goals_at_their_places() -> None:
    definition = {
        "StartAt": "P",
        "States": {
            "P": {
                "Type": "Parallel",
                "Branches": [PROCESSOR, {"StartAt": "M", "States": {"M": mapping()}}],
                "End": True,
            }
        },
    }
    entered = [goal.pointer for goal in goals_of(definition) if goal.mark[1] == "entered"]
    assert entered == [
        "/States/P", "/States/P/Branches/0/States/P", "/States/P/Branches/1/States/M",
        "/States/P/Branches/1/States/M/ItemProcessor/States/P",
    ]  # fmt: skip
    old = {"StartAt": "M", "States": {"M": {"Type": "Map", "Iterator": PROCESSOR, "End": True}}}
    assert "/States/M/Iterator/States/P" in {goal.pointer for goal in goals_of(old)}


class TestNoCover:
    def test_a_comment_leaves_a_state_out_and_what_is_inside(self) -> None:
        left_out = mapping(Comment="asl: no cover - only AWS can fill this")
        assert kinds(left_out) == []
        assert kinds(mapping(Comment="covers no asl: cover it")) != []

    def test_one_rule_retrier_or_catcher(self) -> None:
        silent = {"Comment": "Never in tests. ASL: No Cover"}
        state = task(Retry=[{**RETRY[0], **silent}], Catch=[CATCH[0], {**CATCH[1], **silent}])
        assert kinds(state) == [("entered", 0), ("left", 0), ("caught", 0)]
        rules = choice()
        rules["Choices"] = [rules["Choices"][0], {**rules["Choices"][1], **silent}]
        assert kinds(rules) == [("entered", 0), ("true", 0), ("false", 0)]

    def test_a_whole_machine(self) -> None:
        definition = {"Comment": "asl: no cover", "StartAt": "A", "States": {"A": END}, "TimeoutSeconds": 3}
        assert goals_of(definition) == ()
        assert asl_local.Coverage().of(asl_local.load(definition)).percent == 100

    def test_a_branch(self) -> None:
        definition = {
            "StartAt": "P",
            "States": {
                "P": {
                    "Type": "Parallel",
                    "Branches": [{**PROCESSOR, "Comment": "asl: no cover"}, PROCESSOR],
                    "End": True,
                }
            },
        }
        assert {goal.pointer for goal in goals_of(definition) if goal.mark[1] == "entered"} == {
            "/States/P", "/States/P/Branches/1/States/P",
        }  # fmt: skip
