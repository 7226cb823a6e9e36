"""Exploring a machine: from what somebody asks for to what was found.

Knows: how a search is set up, judged and told. Must never know: how points are searched, or who asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from typing import Any

from asl_local.drivers import Ended, hear
from asl_local.engine import Execution
from asl_local.engine.map_runs.run import EXPRESS_SECONDS
from asl_local.engine.messages import Outcome as Ending
from asl_local.errors import AslError
from asl_local.lazy import hinted, replace
from asl_local.testing.coverage.measured import covered
from asl_local.testing.exploring.faults import Faults
from asl_local.testing.exploring.fingerprint import Fingerprints, contents, without_ids
from asl_local.testing.exploring.following import Setting, follow
from asl_local.testing.exploring.points import NOBODY, Choice, Point, Rules
from asl_local.testing.exploring.report import (
    ENDLESS,
    HANGS,
    Asked,
    Exploration,
    InjectedFault,
    Outcome,
    Run,
    Violation,
    check,
    verdict,
)
from asl_local.testing.exploring.search import Search, Unreduced
from asl_local.testing.exploring.worlds import INFINITY, Performer, forked
from asl_local.values import copy, text_of

BUDGET = 50_000  # transitions
_SAMPLE = 12  # schedules that are gone through again at the end

_CONTEXT = re.compile(
    r"(?:\$\$|\$states\.context)"
    r"(?!\.(?:Execution\.(?:Id|Input|Name|RoleArn|RedriveCount)|State\.(?:Name|RetryCount)|StateMachine|Task|Map)\b)"
)
_CLOCK = re.compile(r"\$(?:now|millis)\b|EnteredTime|StartTime")


def explore(
    setting: Setting, *, faults: int = 1, kinds: Collection[str] | None = None, budget: int = BUDGET,
    invariant: Callable[[Run], Any] | None = None, always: Callable[[Run], Any] | None = None,
    stop: bool | Callable[[Exploration], bool] = False, reduce: bool = True,
) -> Exploration:  # fmt: skip
    """See Machine.explore."""
    check(faults, budget, kinds, {"invariant": invariant, "always": always})
    first = setting.execution()
    hearing = hear(first, setting.machine, "explore")
    if first.marks is None:
        first.watch(set())
    try:
        found = _explored(
            setting, first, budget=budget, reduce=reduce, faults=faults, kinds=kinds, invariant=invariant, always=always,
            stop=stop,
        )  # fmt: skip
    except BaseException as error:
        if hearing is not None:
            hearing.ends(first, error)
        raise
    if hearing is not None:
        hearing.ends(first, Ended(Ending("EXPLORED"), None))
    options = {"faults": faults, "kinds": kinds, "budget": budget, "invariant": invariant, "always": always}
    found.asked = Asked(setting, options)
    return found


def _explored(setting: Setting, first: Execution, *, budget: int, reduce: bool, **options: Any) -> Exploration:
    """What is found, when all has shown itself that an exploration must know."""
    clock, counted = reads_clock(setting), False
    reduce = reduce and not setting.worldly and not clock
    while True:
        explorer = _Explorer(setting, first.fork(), clock=clock, counted=counted, spent=reduce, **options)
        try:
            found = explorer.run(budget, reduce=reduce)
        except Unreduced:
            reduce = False
            continue
        finally:
            explorer.performer.close()
        seen = explorer.performer.seen
        if seen.clock > clock or seen.counted > counted:  # it matters what time it is, or how often somebody was asked
            clock, counted, reduce = seen.clock, seen.counted, False
            continue
        explorer.again()
        return found


def reads_clock(setting: Setting) -> bool:
    """Whether what the machine does may depend on the time: it reads it, or waits until a moment of the calendar."""
    if any(state.until is not None for state in setting.plan.states.values()):
        return True
    text = text_of(setting.machine.definition)
    return bool(_CONTEXT.search(text) or _CLOCK.search(text))


class _Explorer:
    """One exploration. Points are judged as the search meets them, smallest first."""

    def __init__(
        self, setting: Setting, execution: Execution, *, faults: int, kinds: Collection[str] | None,
        invariant: Callable[[Run], Any] | None, always: Callable[[Run], Any] | None,
        stop: bool | Callable[[Exploration], bool], clock: bool, counted: bool, spent: bool,
    ) -> None:  # fmt: skip
        self.setting, self.faults, self.stop = setting, faults, stop
        self.invariant, self.always = invariant, always
        self.performer = Performer(
            setting.plan, setting.resources, kept=setting.worldly, mocks=setting.mocks, counted=counted
        )
        self.execution = execution
        limits = self.execution.limits
        express = any(s.distributed is not None and s.distributed.express for s in setting.plan.states.values())
        bounds = (setting.plan.timeout, limits.seconds, EXPRESS_SECONDS if express else None)
        self.deadline = min((float(bound) for bound in bounds if bound is not None), default=INFINITY)
        self.values = Fingerprints(
            clock=clock, deadline=self.deadline < INFINITY, spent=spent and self.deadline < INFINITY
        )
        possible = Faults(setting.plan, kinds, payload_bytes=limits.payload_bytes)
        self.rules = Rules(setting.plan, self.performer, possible, self.values)
        self.found = Exploration(faults=faults)
        self._outcomes: dict[Any, int] = {}
        self._violations: dict[Any, Violation] = {}
        self._ended: dict[int, int] = {}

    def run(self, budget: int, *, reduce: bool) -> Exploration:
        found, setting = self.found, self.setting
        world, fresh = self.performer.check(self.execution, setting.world), self.execution.fork()
        self.search = Search(
            self.rules, faults=self.faults, budget=budget, reduce=reduce, deadline=self.deadline, seen=self._seen
        )
        search = self.search
        search.run(self.rules.begin(self.execution, world, setting.start))
        found.graph, found.transitions, found.states = search.graph, search.transitions, len(search.graph)
        found.left, found.complete, found.among = search.left, search.left == 0, search.among
        found.graph.ends = dict(self._ended)
        found.reduced = reduce
        self._cycles()
        found.runs = search.runs
        self._count()
        if search.transitions >= budget and search.among < self.faults:
            self._in_ordinary_order(fresh, budget)
        found.coverage = covered(setting.machine, self.execution.marks or ())
        return found

    def _in_ordinary_order(self, fresh: Execution, budget: int) -> None:
        """Where orders alone took the budget: the faults in the ordinary order, so that they do not go untried."""
        found, counts = self.found, [outcome.count for outcome in self.found.outcomes]
        world = self.performer.check(fresh, self.setting.world)
        self.search, self._ended = (
            Search(
                self.rules, faults=self.faults, budget=budget, reduce=False, deadline=self.deadline, seen=self._seen,
                ordinary=True,
            ),
            {},
        )  # fmt: skip
        self.search.run(self.rules.begin(fresh, world, self.setting.start))
        found.transitions += self.search.transitions
        found.runs += self.search.runs
        found.ordinary = "all" if self.search.left == 0 else "some"
        self.search.graph.ends = dict(self._ended)
        ways = self.search.graph.ways(self.faults) or {}
        known = len(counts)
        counts += [0] * (len(found.outcomes) - known)
        for number, at in self._ended.items():
            if at >= known:  # the others' schedules have been counted
                counts[at] += ways.get(number, 0)
        for outcome, count in zip(found.outcomes, counts, strict=True):
            outcome.count = count
        if found.schedules is not None:
            found.schedules += sum(counts[known:])

    # -- judging -------------------------------------------------------------------------------------------------------

    def _seen(self, point: Point, number: int, stuck: bool) -> bool:
        """A point in the order of cost; whether to go on."""
        if self.always is not None and not (point.over or stuck):
            self._judge(self.always, lambda: self._run(point, number, "RUNNING"))
        if point.over or stuck:
            run = self._run(point, number, "")
            self._outcome(run, number)
            for judge in (self.invariant, self.always):
                if judge is not None:
                    self._judge(judge, lambda: run)
        return not (self.stop(self.found) if callable(self.stop) else self.stop and self.found.violations)

    def _run(self, point: Point, number: int, status: str) -> Run:
        path = self.search.path(number)
        outcome, x = point.execution.outcome, point.execution
        run = Run(
            copy(self.setting.input), [choice.text for choice in path], _faults(path), status, world=point.world.kept
        )
        run.replay = self._replayed
        if outcome is not None:
            run.status, run.output, run.error, run.cause = outcome.status, outcome.output, outcome.error, outcome.cause
        elif point.hung:
            run.status, run.error, run.cause = HANGS, "ExecutionHangs", point.hung
        elif not status:
            run.status, run.error, run.cause = HANGS, "UnansweredToken", _stuck(point, x)
        return run

    def _outcome(self, run: Run, number: int) -> None:
        cause = None if run.cause is None else without_ids(run.cause)
        output = without_ids(text_of(run.output))
        key = (run.status, output, run.error, cause)
        at = self._outcomes.get(key)
        if at is None:
            at = self._outcomes[key] = len(self.found.outcomes)
            self.found.outcomes.append(Outcome(run.status, run.output, run.error, cause, run))
        else:
            self.found.outcomes[at].count += 1
        self._ended[number] = at

    def _judge(self, judge: Callable[[Run], Any], run: Callable[[], Run]) -> None:
        judged = run()
        worldly = self.setting.worldly and judged.world is not None
        shown = replace(judged, world=forked(judged.world)) if worldly else judged  # whoever looks may touch
        message = verdict(judge, shown)
        if message is None:
            return
        key = (message.partition("\n")[0], judged.status, judged.error)  # pytest adds the values to what an assert says
        known = self._violations.get(key)
        if known is None:
            violation = self._violations[key] = Violation(message, judged)
            self.found.violations.append(violation)
        else:
            known.count += 1

    def _cycles(self) -> None:
        """Runs that need never end: one for each knot of the graph, along its shortest way round."""
        graph = self.search.graph
        for part in graph.loops():
            inside = set(part)
            first = min(part, key=lambda number: self.search.nodes[number].cost)
            way = _round(graph, first, inside)
            path = self.search.path(first)
            run = Run(
                copy(self.setting.input), [choice.text for choice in path] + way, _faults(path), ENDLESS, repeats=len(path)
            )  # fmt: skip
            self.found.cycles.append(run)
            self.found.outcomes.append(Outcome(ENDLESS, None, None, None, run))

    def _count(self) -> None:
        """How many schedules there are, and how many come to each outcome."""
        ways = self.search.graph.ways(self.faults)
        if ways is None:
            self.found.schedules = None
            return
        for outcome in self.found.outcomes:
            outcome.count = 0
        for number, at in self._ended.items():
            self.found.outcomes[at].count += ways.get(number, 0)
        self.found.schedules = sum(outcome.count for outcome in self.found.outcomes)

    # -- going through a run again -------------------------------------------------------------------------------------

    def _replayed(self, run: Run) -> Any:
        return follow(self.setting, run.schedule, to_the_end=False).result

    def again(self) -> None:
        """Go through some runs from the start: what comes out differently was no function of the event alone."""
        examples = [outcome.example for outcome in self.found.outcomes if outcome.status != ENDLESS]
        step = max(1, len(examples) // _SAMPLE)
        for run in examples[::step]:
            followed = follow(self.setting, run.schedule, to_the_end=False)
            outcome = followed.execution.outcome
            had = (run.status, without_ids(text_of(run.output)), run.error)
            has = (
                (run.status, had[1], run.error) if outcome is None and run.status == HANGS
                else ("RUNNING",) if outcome is None
                else (outcome.status, without_ids(text_of(outcome.output)), outcome.error)
            )  # fmt: skip
            same = not self.setting.worldly or contents(run.world) == contents(followed.world)
            if had != has or not same:
                raise AslError(_not_the_same(run, self.setting.worldly, followed.execution))


def _faults(path: Sequence[Choice]) -> list[InjectedFault]:
    return [
        InjectedFault(choice.text.rpartition(f": {choice.fault.text}")[0], choice.fault, choice.always)
        for choice in path
        if choice.cost and choice.fault is not None
    ]


def _round(graph: Any, first: int, inside: set[int]) -> list[str]:
    """The steps of a shortest way from a node back to itself."""
    ways: dict[int, list[str]] = {first: []}
    todo = [first]
    while todo:
        node = todo.pop(0)
        for edge in [each for each in graph.out[node] if not each.faults]:
            if edge.target == first:
                return [*ways[node], edge.step]
            if edge.target in inside and edge.target not in ways:
                ways[edge.target] = [*ways[node], edge.step]
                todo.append(edge.target)
    return []


def _stuck(point: Point, x: Execution) -> str:
    waits = [flight.call.place for flight in point.flights.values() if flight.stage == NOBODY]
    if waits:
        return f"nobody answers the task token of {', '.join(waits)}, and no timeout ends it"
    places = [flight.call.place for flight in point.flights.values()] or [x.identity.execution_name]
    return f"{', '.join(places)} never answers, and no timeout ends it"


def _not_the_same(run: Run, worldly: bool, execution: Execution) -> str:
    outcome = execution.outcome
    came = "no end" if outcome is None else f"{outcome.status} {outcome.error or text_of(outcome.output)[:200]}"
    why = (
        "the handlers keep something outside of the world, or draw lots"
        if worldly
        else "a handler keeps something between its calls, or draws lots: put what it keeps into a world, "
        "explore(..., world=..., resources=lambda world: {...})"
    )
    return f"explore: the same run, done twice, came to different ends: {why}\n{run}\nand then: {came}"


__all__ = ["BUDGET", "explore", "reads_clock"]

hinted(globals())
