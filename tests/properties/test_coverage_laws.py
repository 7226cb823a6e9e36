"""Laws of coverage: watching changes nothing, marks say what the history says, and merging does not ask in which order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from machines import Case, cases, virtually

import asl_local
from asl_local import Coverage, Execution
from asl_local.drivers import Ended, Heard, Simulation, listening
from asl_local.drivers.driver import Begun
from asl_local.engine.history import MARKS, Mark
from asl_local.engine.messages import Stimulus
from asl_local.testing.coverage import MachineCoverage, covered

MIXED = st.one_of(cases(), cases(variables=True))
FEWER = settings(max_examples=settings().max_examples * 2 // 3)


@given(MIXED, st.sampled_from([0, 7]))
@FEWER
def test_who_watches_an_execution_changes_neither_its_history_nor_its_outcome(case: Case, seed: int) -> None:
    plain = case.simulate(seed)
    with Coverage():
        watched = case.simulate(seed)
    assert watched.history == plain.history
    assert watched == plain
    assert watched.execution == plain.execution
    assert watched.execution is not None
    assert plain.execution is not None
    assert watched.execution.dump() == plain.execution.dump()


class _Marks:
    """Keeps the marks of what it hears of, each execution's its own."""

    def __init__(self) -> None:
        self.sets: list[set[Mark]] = []

    def begins(self, execution: Execution, machine: Heard, kind: str) -> None:
        self.sets.append(set())
        execution.watch(self.sets[-1])

    def ends(self, execution: Execution, ended: Ended | BaseException) -> None:
        pass


@given(MIXED)
@FEWER
def test_marks_say_what_the_history_says(case: Case) -> None:
    ear = _Marks()
    with listening(ear):
        result = case.simulate()
    (marks,) = ear.sets
    machine = asl_local.load(case.definition)
    states = machine.plan.states
    assert {what for _, what, _ in marks} <= MARKS.keys()
    assert result.execution is not None
    rows = result.execution.history.rows
    entered = {(row[0].removesuffix("StateEntered"), row[3]) for row in rows if row[0].endswith("StateEntered")}
    assert {(states[at].type, states[at].name) for at, what, _ in marks if what == "entered"} == entered
    left = {row[3] for row in rows if row[0].endswith("StateExited")}
    ways = {"left", "true", "caught"}
    assert {states[at].name for at, what, _ in marks if what in ways and states[at].type != "Fail"} >= left
    sizes = {min(row[3], 2) for row in rows if row[0] == "MapStateStarted"}
    assert {number for _, what, number in marks if what == "items"} == sizes
    for at, what, number in marks:
        state = states.get(at)
        if what in ("true", "false"):
            assert state is not None
            assert number < len(state.rules)
        elif what in ("retried", "exhausted"):
            assert state is not None
            assert number < len(state.retry)
        elif what == "caught":
            assert state is not None
            assert number < len(state.catch)
        elif what == "timed out" and at == "":
            assert result.status == "TIMED_OUT"


def marks_of(case: Case, between: Callable[[Execution, set[Mark]], Execution]) -> set[Mark]:
    """What an execution comes past; what `between` makes of it after each step goes on."""
    machine = asl_local.load(case.definition)
    execution = machine.execution(case.input)
    marks: set[Mark] = set()
    execution.watch(marks)
    driver = Simulation(asl_local.Resources(case.handlers(virtually)).bind(machine.plan, execution.identity))
    stimulus: Stimulus | None = None
    now = driver.now()
    while True:
        commands = execution.step(stimulus, now)
        execution = between(execution, marks)
        for command in commands:
            driver.perform(command)
        if execution.outcome is not None:
            return marks
        told, now = driver.next()
        assert not isinstance(told, Begun)
        stimulus = told


@given(MIXED)
@FEWER
def test_marks_of_one_that_is_loaded_or_forked_on_its_way_are_those_of_one_that_is_not(case: Case) -> None:
    def reload(execution: Execution, marks: set[Mark]) -> Execution:
        again = Execution.load(execution.dump(), execution.plan)
        assert again.marks is None
        again.watch(marks)
        return again

    plain = marks_of(case, lambda execution, _: execution)
    assert marks_of(case, reload) == plain
    assert marks_of(case, lambda execution, _: execution.fork()) == plain


@st.composite
def measured(draw: Any) -> list[MachineCoverage]:
    """Three measurements of machines, of which some are the same machine under different names."""
    machines = [asl_local.load(case.definition, name=name) for case, name in zip(draw(pairs), "ab", strict=True)]
    found = []
    for _ in range(3):
        machine = draw(st.sampled_from(machines))
        called = asl_local.load(machine.definition, name=draw(st.sampled_from(["a", "b", "StateMachine"])))
        goals = covered(machine).goals
        marks = draw(st.sets(st.sampled_from([goal.mark for goal in goals]))) if goals else set()
        found.append(covered(called, marks))
    return found


pairs = st.tuples(cases(), cases())


def merged(*parts: MachineCoverage | Coverage) -> Coverage:
    coverage = Coverage()
    for part in parts:
        if isinstance(part, Coverage):
            coverage.update(part)
        else:
            coverage.add(part)
    return coverage


@given(measured())
@settings(max_examples=settings().max_examples // 3)
def test_merging_is_commutative_associative_and_idempotent(three: list[MachineCoverage]) -> None:
    a, b, c = three
    whole = merged(a, b, c)
    assert merged(c, a, b).to_data() == merged(b, c, a).to_data() == whole.to_data()
    assert merged(merged(a, b), c).to_data() == merged(a, merged(b, c)).to_data() == whole.to_data()
    assert merged(whole, whole, a).to_data() == whole.to_data()
    assert Coverage.of_data(whole.to_data(), merged(a).to_data()).to_data() == whole.to_data()
    for one in three:
        known = next(each for each in whole.machines if each.fingerprint == one.fingerprint)
        assert set(one.covered) <= set(known.covered)
        assert known.percent >= one.percent


@given(cases())
@FEWER
def test_every_goal_is_covered_or_missing_and_only_goals_count(case: Case) -> None:
    with Coverage() as coverage:
        result = case.simulate()
    (one,) = coverage.machines
    assert sorted(one.covered + one.missing) == sorted(one.goals)
    assert len({goal.mark for goal in one.goals}) == len(one.goals)
    assert 0 < one.percent <= 100
    assert result.status in ("SUCCEEDED", "FAILED", "TIMED_OUT")
