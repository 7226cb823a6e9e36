"""What of a run is worth a line each, and what is summed up: a tree of visits, iterations and executions as rows.

Knows: how many rows people read. Must never know: signs, widths, or characters of bars.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from asl_local.lazy import dataclass
from asl_local.reporters.timeline import one_line, reason
from asl_local.reporters.visits.model import (
    ABORTED,
    CAUGHT,
    FAILED,
    OUTCOMES,
    RUNNING,
    SUCCEEDED,
    TIMED_OUT,
    Child,
    Run,
    Visit,
)
from asl_local.reporters.visits.words import OUTCOME_OF

RUNS: Final = "runs"
WAITS: Final = "waits"
RESTS: Final = "back-off"
HOLDS: Final = "goes around others"

_BAD: Final = (FAILED, TIMED_OUT)
_FIRST: Final = {FAILED: 0, TIMED_OUT: 0, CAUGHT: 1}
_MOST_IN_LINE: Final = (40, 16, 8)  # states in a row that are shown, by the number of Maps around them
_MOST_ITEMS: Final = (5, 3, 1)  # iterations


class Span(NamedTuple):
    """A time that something took, in epoch seconds, and what it was: RUNS, WAITS, RESTS or HOLDS."""

    start: float
    end: float
    kind: str


@dataclass(frozen=True, slots=True)
class Row:
    """A line about one thing (`outcome` and `spans` say what became of it, and when), or one that only says something.

    `depth` is how many things it lies in, `times` how often it was tried.
    """

    depth: int
    text: str
    outcome: str = ""
    spans: tuple[Span, ...] = ()
    start: float = 0.0
    end: float = 0.0
    times: int = 1


def rows_of(run: Run, now: float) -> Iterator[Row]:
    """The rows of a run; `now` is until when that goes on which is not over."""
    return _Rows(run, now).line(run.within(None), 0, 0)


class _Rows:
    """The rows of one run. `maps` counts the Maps around a row: the deeper, the fewer rows."""

    def __init__(self, run: Run, now: float) -> None:
        self._run, self._now = run, now
        self._children: dict[int, list[Child]] = {}
        for child in run.children:
            self._children.setdefault(child.visit, []).append(child)

    def line(self, visits: Sequence[Visit], depth: int, maps: int) -> Iterator[Row]:
        """States one after the other; of many the first, the last, and those that failed."""
        most = _MOST_IN_LINE[min(maps, len(_MOST_IN_LINE) - 1)]
        if len(visits) <= most:
            for visit in visits:
                yield from self.visit(visit, depth, maps)
            return
        half, hidden = most // 2, list[Visit]()
        bad = [n for n, each in enumerate(visits) if each.outcome in (*_BAD, CAUGHT)][:half]
        kept = {*range(half), *range(len(visits) - half + len(bad), len(visits)), *bad}
        for number, visit in enumerate(visits):
            if number in kept:
                yield from _hidden(depth, hidden)
                hidden = []
                yield from self.visit(visit, depth, maps)
            else:
                hidden.append(visit)
        yield from _hidden(depth, hidden)

    def visit(self, visit: Visit, depth: int, maps: int, before: str = "") -> Iterator[Row]:
        """A state, why it failed, and what happened in it."""
        end = self._now if visit.left is None else visit.left
        spans = tuple(self._spans(visit, end))
        name = before + one_line(visit.state)
        yield Row(depth, name, visit.outcome, spans, visit.entered, end, max(1, len(visit.attempts)))
        if visit.outcome in (*_BAD, CAUGHT) and not self._is_told_inside(visit):
            why = _why(visit.error, visit.cause)
            said = "" if visit.outcome == FAILED else visit.outcome
            told = f"{said}: {why}" if said and why else said or why
            if told:
                yield Row(depth + 1, told)
        if visit.type == "Parallel":
            yield from self._branches(visit, depth + 1, maps)
        elif visit.type == "Map":
            yield from self._items(visit, depth + 1, maps)
        for child in self._children.get(visit.number, ()):
            if child.index is None:
                name = one_line(child.run.machine or child.run.name)
                yield from _execution(child.run, self._now, f"execution of {name}", depth + 1, maps)

    def _branches(self, visit: Visit, depth: int, maps: int) -> Iterator[Row]:
        slots: dict[int, list[Visit]] = {}
        for each in self._inside(visit):
            slots.setdefault(each.slot or 0, []).append(each)
        for slot, visits in sorted(slots.items()):
            if len(visits) == 1:
                yield from self.visit(visits[0], depth, maps)
            else:
                yield self._group(f"branch {slot}", visits[-1].outcome, visits, depth)
                yield from self.line(visits, depth + 1, maps)

    def _items(self, visit: Visit, depth: int, maps: int) -> Iterator[Row]:
        most = _MOST_ITEMS[min(maps, len(_MOST_ITEMS) - 1)]
        if visit.number in self._run.map_runs:
            yield from self._map_run(visit, depth, maps, most)
            return
        iterations = self._run.iterations_of(visit.number)
        last = max(0, len(visit.attempts) - 1)
        caught = {each.slot for each in self._run.within(visit.number) if each.round == last and each.outcome == CAUGHT}
        outcomes = {
            each.index: CAUGHT if each.outcome == SUCCEEDED and each.index in caught else each.outcome
            for each in iterations
        }
        iterations.sort(key=lambda each: (_FIRST.get(outcomes[each.index], len(_FIRST)), each.index))
        for each in iterations[:most]:
            visits = [it for it in self._run.within(visit.number, each.index) if it.round == last]
            if len(visits) == 1:
                yield from self.visit(visits[0], depth, maps + 1, f"[{each.index}] ")
                continue
            end = self._now if each.ended is None else each.ended
            spans = (Span(each.started, end, HOLDS),)
            yield Row(depth, f"[{each.index}]", outcomes[each.index], spans, each.started, end)
            yield from self.line(visits, depth + 1, maps + 1)
        yield from _more(depth, Counter(outcomes[each.index] for each in iterations[most:]))

    def _map_run(self, visit: Visit, depth: int, maps: int, most: int) -> Iterator[Row]:
        """A Map Run: of its children a few, of its items the counts."""
        last = max(0, len(visit.attempts) - 1)
        children = [
            each for each in self._children.get(visit.number, ()) if each.index is not None and each.round == last
        ]
        children.sort(key=lambda each: (each.run.status not in ("FAILED", "TIMED_OUT"), each.index or 0))
        for child in children[:most]:
            yield from _execution(child.run, self._now, f"[{child.index}]", depth, maps + 1)
        counts, left = self._run.map_runs[visit.number], children[most:]
        total = counts.get("total", 0)
        if total > len(children) or left:
            said = ", ".join(
                f"{counts[name]:,} {words}" for name, words in _ITEM_COUNTS if counts.get(name)
            ) or f"{total:,}"  # fmt: skip
            yield Row(depth, f"… of {total:,} item{'' if total == 1 else 's'}: {said}")

    def _group(self, text: str, outcome: str, visits: Sequence[Visit], depth: int) -> Row:
        start = min(each.entered for each in visits)
        end = max(self._now if each.left is None else each.left for each in visits)
        return Row(depth, text, outcome, (Span(start, end, HOLDS),), start, end)

    def _inside(self, visit: Visit) -> list[Visit]:
        """What happened in its last attempt."""
        last = max(0, len(visit.attempts) - 1)
        return [each for each in self._run.within(visit.number) if each.round == last]

    def _is_told_inside(self, visit: Visit) -> bool:
        """Whether a state inside says the same."""
        if any(child.run.error == visit.error for child in self._children.get(visit.number, ()) if visit.error):
            return True
        return visit.type in ("Parallel", "Map") and any(
            each.outcome in _BAD and (each.error, each.cause) == (visit.error, visit.cause)
            for each in self._inside(visit)
        )

    def _spans(self, visit: Visit, end: float) -> Iterator[Span]:
        if visit.type == "Wait":
            yield Span(visit.entered, end, WAITS)
        elif not visit.attempts:
            yield Span(visit.entered, end, HOLDS if visit.type in ("Parallel", "Map") else RUNS)
        for attempt in visit.attempts:
            ended = end if attempt.ended is None else attempt.ended
            if visit.type in ("Parallel", "Map"):
                yield Span(attempt.scheduled, ended, HOLDS)
            else:
                begun = attempt.started
                if attempt.resource.endswith(".waitForTaskToken"):
                    begun = ended  # somebody else is at work, nobody knows since when
                begun = attempt.scheduled if begun is None and ":activity:" not in attempt.resource else begun
                if begun is None or begun > attempt.scheduled:
                    yield Span(attempt.scheduled, ended if begun is None else begun, WAITS)
                if begun is not None and (begun < ended or begun == attempt.scheduled):
                    yield Span(begun, ended, RUNS)
            again = attempt.retry_at
            if again is None and visit.outcome == RUNNING and attempt is visit.attempts[-1] and attempt.outcome in _BAD:
                again = end
            if again is not None and again > ended:
                yield Span(ended, again, RESTS)


_ITEM_COUNTS = (
    ("succeeded", "succeeded"), ("failed", "failed"), ("timedOut", "timed out"), ("aborted", "aborted"),
    ("running", "running"), ("pending", "pending"),
)  # fmt: skip


def _execution(run: Run, now: float, text: str, depth: int, maps: int) -> Iterator[Row]:
    """Another execution: on one line with its only state, or with a heading."""
    rows, top = _Rows(run, now), run.within(None)
    if len(top) == 1 and text.startswith("["):
        yield from rows.visit(top[0], depth, maps, f"{text} ")
        return
    start = now if run.started is None else run.started
    end = now if run.stopped is None else run.stopped
    yield Row(depth, text, OUTCOME_OF.get(run.status, FAILED), (Span(start, end, HOLDS),), start, end)
    yield from rows.line(top, depth + 1, maps)


def _hidden(depth: int, hidden: Sequence[Visit]) -> Iterator[Row]:
    return _more(depth, Counter(each.outcome for each in hidden))


def _more(depth: int, outcomes: Counter[str]) -> Iterator[Row]:
    """`… 9,992 more: 9,990 succeeded, 2 failed`."""
    if outcomes:
        said = ", ".join(f"{outcomes[each]:,} {each}" for each in _ORDER if outcomes[each])
        yield Row(depth, f"… {outcomes.total():,} more: {said}")


_ORDER = (SUCCEEDED, *(each for each in OUTCOMES if each not in (SUCCEEDED, ABORTED)), ABORTED)


def _why(error: str | None, cause: str | None) -> str:
    return one_line(": ".join(part for part in (error, reason(cause)) if part))


def why_of(run: Run) -> str:
    """Why an execution failed, where no state says it."""
    top: Iterable[Visit] = run.within(None)
    return "" if any(each.outcome in _BAD and each.error == run.error for each in top) else _why(run.error, run.cause)


__all__ = ["HOLDS", "RESTS", "RUNS", "WAITS", "Row", "Span", "rows_of", "why_of"]
