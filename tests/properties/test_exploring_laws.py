"""Exploration finds what trying everything finds: no point is taken for another, no order is left out that matters."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from machines import LAMBDA, Case, cases, normal, virtually

import asl_local
from asl_local.interfaces.result import result_of
from asl_local.testing.exploring import Exploration, Setting, explore
from asl_local.testing.exploring.explorer import reads_clock
from asl_local.testing.exploring.faults import Faults
from asl_local.testing.exploring.fingerprint import Fingerprints
from asl_local.testing.exploring.points import Point, Rules
from asl_local.testing.exploring.search import turned
from asl_local.testing.exploring.worlds import Performer
from asl_local.values import text_of

MOST = 1_000  # steps of a plain enumeration; machines that need more are left out
KINDS = ["errors", "unlisted", "timeouts", "heartbeats"]
SLOWLY = settings(max_examples=settings().max_examples // 2, suppress_health_check=list(HealthCheck))


class TooMany(Exception):
    """The machine has too many orders to try them one by one."""


def setting_of(case: Case) -> Setting:
    machine = asl_local.load(case.definition)
    return Setting(machine, case.input, case.handlers(virtually), None, result_of)


def told(status: str, output: Any, error: str | None, cause: str | None) -> str:
    return text_of([status, normal(output), error, normal(cause)])


def everything(setting: Setting, faults: int, kinds: list[str] = KINDS) -> set[str]:
    """The outcomes of every single order and fault plan: nothing is recognised, nothing left out."""
    performer = Performer(setting.plan, setting.resources, kept=setting.worldly)
    performer.remembers = False
    execution = setting.execution()
    values = Fingerprints(clock=True, deadline=True)
    rules = Rules(setting.plan, performer, Faults(setting.plan, kinds, payload_bytes=None), values)
    found: set[str] = set()
    steps = 0
    world = performer.check(execution, setting.world)
    todo: list[tuple[Point, int]] = [(rules.begin(execution, world, setting.start), faults)]
    try:
        while todo:
            point, left = todo.pop()
            outcome = point.execution.outcome
            kept = text_of(point.world.kept)
            if outcome is not None:
                found.add(told(outcome.status, outcome.output, outcome.error, outcome.cause) + kept)
            choices = rules.choices(point, left)
            if outcome is None and all(choice.cost for choice in choices):
                found.add("HANGS" + kept)
            while choices:
                choice = choices.pop()
                steps += 1
                if steps > MOST:
                    raise TooMany
                after = rules.take(point, choice)
                choices += [turned(choice, picks, words) for picks, words in after.others]
                todo.append((after, left - choice.cost))
    finally:
        performer.close()
    return found


def outcomes(exploration: Exploration) -> set[str]:
    return {came_to(each, None) for each in exploration.outcomes}


def came_to(each: Any, kept: Any) -> str:
    told_of = "HANGS" if each.status == "HANGS" else told(each.status, each.output, each.error, each.cause)
    return told_of + text_of(kept)


@pytest.mark.parametrize("faults", [0, 1])
@given(case=st.one_of(cases(timed=False), cases(), cases(timed=False, variables=True)))
@SLOWLY
def test_an_exploration_finds_what_trying_everything_finds(case: Case, faults: int) -> None:
    setting = setting_of(case)
    try:
        expected = everything(setting, faults)
    except TooMany:
        assume(False)
    found = explore(setting, faults=faults, kinds=KINDS)
    assert found.complete
    assert outcomes(found) == expected
    unreduced = explore(setting, faults=faults, kinds=KINDS, reduce=False)
    assert outcomes(unreduced) == expected
    assert found.states <= unreduced.states or reads_clock(setting)


@given(case=st.one_of(cases(), cases(variables=True)))
@SLOWLY
def test_what_a_simulation_comes_to_is_among_the_outcomes(case: Case) -> None:
    found = explore(setting_of(case), faults=0, budget=3_000)
    assume(found.complete)
    assert came_to(case.simulate(), None) in outcomes(found)


# -- machines that are made to race ------------------------------------------------------------------------------------

ERRORS = ["E", "F"]


@st.composite
def racing(draw: Any, *, world: bool = False) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """A Parallel of two or three short branches; each task answers, fails, or lets time pass, by attempt.

    In a world, tasks read and write one number instead.
    """
    plans: dict[str, list[str]] = {}
    what = ["read", "write"] if world else ["ok", "ok", "E", "F", "slow", "slow E"]

    def retried() -> dict[str, Any]:
        fields: dict[str, Any] = {}
        if draw(st.integers(0, 3)) == 0:
            fields["Retry"] = [
                {
                    "ErrorEquals": [draw(st.sampled_from(ERRORS))],
                    "MaxAttempts": 1,
                    "IntervalSeconds": draw(st.integers(1, 3)),
                }
            ]
        return fields

    def branch(number: int) -> dict[str, Any]:
        states: dict[str, Any] = {}
        names = [f"S{number}{step}" for step in range(draw(st.integers(1, 2 if world else 3)))]
        for name, after in zip(names, [*names[1:], ""], strict=True):
            way = {"Next": after} if after else {"End": True}
            kind = draw(st.sampled_from(["Task", "Task", "Task", "Wait", "Pass", "Fail"]))
            if kind == "Task":
                plans[name] = draw(st.lists(st.sampled_from(what), min_size=1, max_size=2))
                states[name] = {"Type": "Task", "Resource": LAMBDA + name, **way, **retried()}
                if draw(st.integers(0, 3)) == 0:
                    states[name]["TimeoutSeconds"] = 5
                if draw(st.integers(0, 3)) == 0:
                    states[name]["Catch"] = [
                        {"ErrorEquals": [draw(st.sampled_from(ERRORS))], "Next": after or f"T{number}"}
                    ]
                    if not after:
                        states[f"T{number}"] = {"Type": "Pass", "Result": "caught", "End": True}
            elif kind == "Wait":
                states[name] = {"Type": "Wait", "Seconds": draw(st.sampled_from([1, 2, 3])), **way}
            elif kind == "Fail" and not after:
                states[name] = {"Type": "Fail", "Error": f"Failed{number}"}
            else:
                states[name] = {"Type": "Pass", "Result": name, **way}
        return {"StartAt": names[0], "States": states}

    both: dict[str, Any] = {
        "Type": "Parallel",
        "Branches": [branch(n) for n in range(draw(st.integers(2, 3)))],
        **retried(),
    }
    if draw(st.booleans()):
        both |= {
            "Catch": [{"ErrorEquals": [draw(st.sampled_from([*ERRORS, "Failed0", "States.ALL"]))], "Next": "Last"}]
        }
    states = {"Both": {**both, "Next": "Last"}, "Last": {"Type": "Pass", "End": True}}
    machine: dict[str, Any] = {"StartAt": "Both", "States": states}
    if draw(st.integers(0, 5)) == 0:
        machine["TimeoutSeconds"] = 4
    return machine, plans


def planned(plans: dict[str, list[str]]) -> dict[str, Any]:
    def handler(name: str) -> Any:
        def work(_event: Any, context: Any) -> Any:
            what = plans[name][min(context.attempt, len(plans[name]) - 1)]
            if what.startswith("slow"):
                context.sleep(2)
            if what[-1] in ERRORS:
                raise asl_local.StateError(what[-1], "planned")
            return name

        return work

    return {name: handler(name) for name in plans}


@pytest.mark.parametrize("faults", [0, 2])
@given(made=racing())
@SLOWLY
def test_no_order_is_left_out_that_matters(made: tuple[dict[str, Any], dict[str, list[str]]], faults: int) -> None:
    definition, plans = made
    setting = Setting(asl_local.load(definition), {}, planned(plans), None, result_of)
    kinds = ["errors", "unlisted", "timeouts"]
    try:
        expected = everything(setting, faults, kinds)
    except TooMany:
        assume(False)
    assert outcomes(explore(setting, faults=faults, kinds=kinds)) == expected
    assert outcomes(explore(setting, faults=faults, kinds=kinds, reduce=False)) == expected


def over(plans: dict[str, list[str]]) -> Any:
    def make(world: dict[str, int]) -> dict[str, Any]:
        def handler(name: str) -> Any:
            def work(_event: Any, context: Any) -> Any:
                if plans[name][min(context.attempt, len(plans[name]) - 1)] == "write":
                    world["n"] = world.get("seen", 0) + 1
                else:
                    world["seen"] = world["n"]
                return dict(world)

            return work

        return {name: handler(name) for name in plans}

    return make


@pytest.mark.parametrize("faults", [0, 1])
@given(made=racing(world=True))
@SLOWLY
def test_every_end_of_a_world_is_met(made: tuple[dict[str, Any], dict[str, list[str]]], faults: int) -> None:
    definition, plans = made
    setting = Setting(asl_local.load(definition), {}, over(plans), {"n": 0}, result_of)
    kinds = ["errors", "timeouts", "crashes"]
    try:
        expected = everything(setting, faults, kinds)
    except TooMany:
        assume(False)
    met: set[str] = set()

    def meet(run: Any) -> None:
        met.add(came_to(run, run.world))

    explore(setting, faults=faults, kinds=kinds, invariant=meet)
    assert met == expected
