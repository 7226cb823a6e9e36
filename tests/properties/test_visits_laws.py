"""Laws of visits: what an execution did, as read off its history, agrees with the history, the definition and
the Result.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from machines import Case, cases, go_on

import asl_local
from asl_local.engine.messages import Redriven, Stopped
from asl_local.reporters.aws import History
from asl_local.reporters.visits.model import ABORTED, CAUGHT, FAILED, RUNNING, SUCCEEDED, TIMED_OUT, Run, Visit
from asl_local.reporters.visits.reading import Visits
from asl_local.reporters.visits.whole import run_of
from asl_local.testing.pointers import at

CASES = st.one_of(
    cases(errors=st.sampled_from(["E", "F"])),
    cases(variables=True, language=None),
    cases(timed=False, language="JSONata"),
)
FEWER = settings(max_examples=settings().max_examples * 2 // 3)
BROKEN = (FAILED, TIMED_OUT)


@given(CASES, st.integers(0, 3))
@FEWER
def test_every_event_has_its_place(case: Case, seed: int) -> None:
    result = case.simulate(seed)
    run = run_of(result)
    entered = [event for event in result.history if event.type.endswith("StateEntered")]
    assert [(visit.state, visit.first, visit.entered) for visit in run.visits] == [
        (event.state, event.id, event.at) for event in entered
    ]
    assert [visit.state for visit in run.visits] == result.path
    assert len(run.visit_of) == len(result.history)
    for event, number in zip(result.history, run.visit_of, strict=True):
        assert (number == -1) == event.type.startswith("Execution")
        if number >= 0:
            visit = run.visits[number]
            assert visit.first <= event.id
            if event.type.startswith("MapIteration"):
                assert visit.type == "Map"
            if event.type.startswith("MapIteration") or event.type.endswith(("StateEntered", "StateExited")):
                assert event.state == visit.state
            assert event.type.startswith((visit.type, "LambdaFunction", "Activity", "EvaluationFailed", "MapIteration"))


@given(CASES, st.integers(0, 3))
@FEWER
def test_ends_agree(case: Case, seed: int) -> None:
    result = case.simulate(seed)
    run = run_of(result)
    assert (run.status, run.output, run.error) == (result.status, result.output, result.error)
    check_ended(run)
    exits = {event.id: event for event in result.history if event.type.endswith("StateExited")}
    for visit in run.visits:
        left = exits.pop(visit.last, None)
        assert (visit.outcome in (SUCCEEDED, CAUGHT)) == (left is not None)
        if left is not None:
            assert (left.state, left.at, left.details.get("output")) == (visit.state, visit.left, visit.output)
        if visit.outcome == FAILED and visit.attempts and visit.type == "Task":
            assert visit.error is not None
    assert not exits
    top = run.within(None)
    assert [visit.outcome for visit in top[:-1] if visit.outcome not in (SUCCEEDED, CAUGHT)] == []
    if result.status == "SUCCEEDED":
        assert top[-1].outcome == SUCCEEDED
    elif result.status == "FAILED":
        assert top[-1].outcome in BROKEN
        assert (top[-1].error, top[-1].cause) == (result.error, result.cause)
        assert place_of_failure(run) == result.place


def place_of_failure(run: Run) -> str:
    """Where it failed, as the engine words it: each failed visit, and the one in it that was the reason."""
    words, inside = "", run.within(None)[-1:]
    while inside:
        visit = inside[0]
        kind = "item" if run.visits[visit.parent or 0].type == "Map" else "branch"
        words += f", {kind} {visit.slot} > " if words else ""
        words += f"{visit.type} '{visit.state}'"
        inside = [
            each
            for each in run.within(visit.number)
            if each.outcome in BROKEN and each.round == len(visit.attempts) - 1
        ]
    return words


def check_ended(run: Run, *, redriven: bool = False) -> None:
    """Nothing goes on once the execution has ended, and what is inside lies within its container's time."""
    for visit in run.visits:
        assert visit.outcome != RUNNING
        assert visit.left is not None
        assert visit.left >= visit.entered
        assert visit.last >= visit.first
        check_attempts(visit)
        if visit.parent is not None:
            around = run.visits[visit.parent]
            assert around.left is not None
            assert around.number < visit.number
            assert around.entered <= visit.entered <= visit.left <= around.left
            assert visit.round < len(around.attempts)
            attempt = around.attempts[visit.round]
            assert attempt.ended is not None
            assert attempt.scheduled <= visit.entered
            assert visit.left <= attempt.ended
            if attempt.outcome == SUCCEEDED:
                assert visit.outcome in (SUCCEEDED, CAUGHT)
        for iteration in visit.iterations:
            inside = [each for each in run.within(visit.number, iteration.index) if each.round == iteration.round]
            assert iteration.ended is not None
            assert all(iteration.started <= each.entered for each in inside)
            if iteration.outcome == SUCCEEDED:
                assert all(each.outcome in (SUCCEEDED, CAUGHT) for each in inside)
            elif iteration.outcome == FAILED:
                assert not inside or inside[-1].outcome in BROKEN
            elif not redriven:
                assert iteration.outcome == (TIMED_OUT if run.status == "TIMED_OUT" else ABORTED)
                assert all(each.outcome in (SUCCEEDED, CAUGHT, iteration.outcome) for each in inside)
        for number, attempt in enumerate(visit.attempts):
            inside = [each for each in run.within(visit.number) if each.round == number]
            if inside and attempt.outcome == FAILED and not redriven:
                slots = {each.slot for each in inside if each.outcome in BROKEN}
                assert len(slots) <= 1


def check_attempts(visit: Visit) -> None:
    for number, attempt in enumerate(visit.attempts):
        assert attempt.number == number
        assert attempt.outcome != RUNNING
        assert attempt.ended is not None
        assert visit.entered <= attempt.scheduled <= attempt.ended
        assert attempt.started is None or attempt.scheduled <= attempt.started <= attempt.ended
        if number + 1 < len(visit.attempts):
            following = visit.attempts[number + 1]
            assert attempt.outcome in (*BROKEN, ABORTED)
            assert attempt.retry_at == following.scheduled >= attempt.ended
        else:
            assert attempt.retry_at is None
    if visit.type == "Task" and visit.outcome == SUCCEEDED:
        assert visit.attempts[-1].outcome == SUCCEEDED


@given(CASES, st.integers(0, 3))
@FEWER
def test_pointers_and_edges_are_the_definitions(case: Case, seed: int) -> None:
    run = run_of(case.simulate(seed))
    lines: dict[Any, list[Visit]] = {}
    for visit in run.visits:
        state = at(case.definition, visit.pointer)
        assert state["Type"] == visit.type
        assert visit.pointer.endswith(f"/States/{visit.state}")
        lines.setdefault((visit.parent, visit.slot, visit.round), []).append(visit)
    for line in lines.values():
        for visit, following in zip(line, [*line[1:], None], strict=True):
            check_edge(case.definition, visit, following)


def check_edge(definition: dict[str, Any], visit: Visit, following: Visit | None) -> None:
    _, _, way = visit.edge.removeprefix(visit.pointer).partition("/")
    if way == "End":
        assert following is None
        assert visit.type in ("Succeed", "Fail") or at(definition, visit.edge) is True
    elif way:
        led = at(definition, visit.edge)
        target = led if isinstance(led, str) else led["Next"]
        assert following is None or target == following.state
    else:
        assert (following is None and visit.outcome != SUCCEEDED) or visit.type == "Choice"
    if following is not None:
        assert way.startswith("Catch/") == (visit.outcome == CAUGHT)


@given(CASES, st.integers(0, 3))
@FEWER
def test_one_by_one_is_as_all_at_once(case: Case, seed: int) -> None:
    result = case.simulate(seed)
    visits = Visits(case.definition, name=result.identity.execution_name, machine=result.identity.machine_name)
    for event in result.history:
        changed = visits.take(event)
        run = visits.run
        assert (changed is None) == (run.visit_of[-1] == -1)
        assert changed is None or changed is run.visits[run.visit_of[-1]]
        for visit in run.visits:
            if visit.parent is not None and visit.outcome == RUNNING:
                assert run.visits[visit.parent].outcome == RUNNING
    whole = run_of(result)
    assert (visits.run.visits, visits.run.visit_of) == (whole.visits, whole.visit_of)
    without = Visits()
    for event in result.history:
        without.take(event)
    assert [(v.state, v.parent, v.round, v.entered, v.left, v.last) for v in without.run.visits] == [
        (v.state, v.parent, v.round, v.entered, v.left, v.last) for v in whole.visits
    ]


@given(cases(timed=False, distributed=True), st.integers(0, 3))
@settings(max_examples=settings().max_examples // 2)
def test_map_runs_have_their_children(case: Case, seed: int) -> None:
    result = case.simulate(seed)
    run = run_of(result)
    check_ended(run)
    kept = [child for each in result.map_runs for child in each.children]
    assert len(kept) == len(run.children)
    for child, inner in zip(kept, run.children, strict=True):
        assert inner.run.status == child.status
        assert inner.index == child.index
        assert run.visits[inner.visit].type == "Map"
        assert inner.visit in run.map_runs
        check_ended(inner.run)
        assert inner.run.definition is not None
        for visit in inner.run.visits:
            assert at(dict(inner.run.definition), visit.pointer)["Type"] == visit.type


@given(cases(timed=False), st.floats(0, 1))
@settings(max_examples=settings().max_examples // 2)
def test_a_redrive_goes_on_with_the_same_visits(case: Case, part: float) -> None:
    machine = asl_local.load(case.definition)
    whole = machine.execution(case.input)
    total = go_on(case, machine, whole, None, 10_000)
    execution = machine.execution(case.input)
    go_on(case, machine, execution, None, 1 + int(part * max(0, total - 2)))
    if execution.outcome is None:
        execution.step(Stopped(), execution.now)
    if execution.outcome.status == "SUCCEEDED":
        return
    stopped = len(execution.history.rows)
    visits = Visits(case.definition)
    for event in History(execution.history.rows):
        visits.take(event)
    check_ended(visits.run)
    go_on(case, machine, execution, Redriven(), 10_000)
    for event in History(execution.history.rows)[stopped:]:
        visits.take(event)
    check_ended(visits.run, redriven=True)
    outcome = execution.outcome
    assert outcome is not None
    assert visits.run.status == outcome.status
    entered = sum(row[0].endswith("StateEntered") for row in execution.history.rows)
    assert len(visits.run.visits) == entered
