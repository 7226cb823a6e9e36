"""What a row of the tree says of a state, an item of a Map or an execution: pieces of text, each with a style.

Knows: visits, what they wait for, and how people count time. Must never know: how rows are laid out, or a terminal.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from asl_local.definition.json_text import unescape
from asl_local.plan.plan import matches
from asl_local.reporters.live.tree import Idle, Item, Parts, Tree, Wait, is_idle
from asl_local.reporters.timeline import one_line, reason
from asl_local.reporters.visits import words
from asl_local.reporters.visits.model import ABORTED, CAUGHT, FAILED, RUNNING, SUCCEEDED, TIMED_OUT, Run, Visit

Piece: TypeAlias = tuple[str, str]
"""A text and its style: one of STYLES, or "" for none."""

WAITING: Final = "waiting"
STYLES: Final = {
    RUNNING: "cyan",
    WAITING: "yellow",
    SUCCEEDED: "green",
    CAUGHT: "yellow",
    FAILED: "red",
    TIMED_OUT: "red",
    ABORTED: "magenta",
    "dim": "dim",
    "name": "bold",
}
"""The styles by their names, in a terminal's words. No outcome is told by its colour alone: each has a sign."""

_SIGNS = {**words.SIGNS, WAITING: ("○", "o")}
_BAR = ("━", "─"), ("#", ".")
_UNITS = ("s", 1), ("min", 60), ("h", 3600)
_DEFAULT_ATTEMPTS = 3  # of a retrier that does not say

TIGHTEST: Final = 6
"""How much can be left out of a row that is too long, in steps: a short bar, a tiny one, none, no time so far, no rate and
short words for a retry, no time left. How many failed, run or wait stays, and so does when something is tried again."""
_SHORT_BAR, _TINY_BAR, _NO_BAR, _NO_TIME, _NO_RATE, _NO_REST = range(1, TIGHTEST + 1)


# -- times -------------------------------------------------------------------------------------------------------------


def took(seconds: float) -> str:
    """How long something took; "" for no time at all."""
    return words.took(seconds) if seconds >= 0.0005 else ""


def so_far(seconds: float) -> str:
    """How long something takes already, in whole seconds; "" within the first one."""
    return words.whole(int(seconds)) if seconds >= 1 else ""


def left(seconds: float) -> str:
    """How long something will take yet, in whole seconds, never too little."""
    return words.whole(max(0, math.ceil(seconds - 1e-6)))


# -- rows --------------------------------------------------------------------------------------------------------------


def sign(outcome: str, *, plain: bool) -> str:
    """The sign of an outcome; `plain` for streams that have ASCII only."""
    return _SIGNS[outcome][plain]


def standing(outcome: str, wait: Wait | None) -> str:
    """The outcome, or WAITING where something runs and nothing is done for it."""
    return WAITING if outcome == RUNNING and is_idle(wait) else outcome


def of_visit(tree: Tree, visit: Visit, now: float, *, width: int, plain: bool, tight: int = 0) -> list[Piece]:
    """What is to be said of a visit, behind its name; `tight` (up to TIGHTEST) leaves out what matters least."""
    parts = tree.parts(visit)
    wait = tree.waits.get(visit.number)
    times = tree.times(visit)
    pieces: list[Piece] = [(f" ×{times}" if not plain else f" x{times}", "dim")] if times > 1 else []
    if visit.outcome == RUNNING:
        if (wait is None or wait.why != "wait") and tight < _NO_TIME:
            pieces += _apart((so_far(now - visit.entered), "dim"))
        pieces += _apart(*_doing(tree.run, visit, wait, now, tight))
    else:
        if parts is None or tight < _NO_TIME:
            pieces += _apart((took((visit.entered if visit.left is None else visit.left) - visit.entered), "dim"))
        if parts is None or tight < _NO_RATE:
            pieces += _apart(*_came_to(visit))
    if parts is not None:
        began = visit.attempts[-1].scheduled if visit.attempts else visit.entered
        if visit.outcome != RUNNING or (wait is not None and wait.why == "retry"):
            pieces += _apart(_became(parts, whole=visit.outcome == SUCCEEDED, tight=tight))
        else:
            idle = tree.idle(visit)
            pieces += _apart(_progress(parts, idle, began, now, width=width, plain=plain, tight=tight))
    return pieces


def of_item(item: Item, now: float, *, tight: int = 0) -> list[Piece]:
    """What is to be said of a child of a Map Run, behind its name; `tight` is as for `of_visit`."""
    if item.outcome != RUNNING:
        spent = _apart((took(item.until - item.since), "dim")) if item.until is not None else []
        return [*spent, *_apart((_why(item.error, item.cause) or item.outcome, item.outcome))]
    wait, said = item.wait, ""
    if wait is not None and wait.why == "retry":
        failed = f"attempt {item.attempts - 1} failed, " if tight < _NO_REST else ""
        said = f"{failed}{_waiting(wait, now)}"
    elif wait is not None:
        said = ", ".join(
            part for part in (f"attempt {item.attempts}" * (item.attempts > 1), _waiting(wait, now)) if part
        )
    return _apart((so_far(now - item.since) if tight < _NO_TIME else "", "dim"), (said, WAITING))


def of_tree(tree: Tree, now: float) -> list[Piece]:
    """The heading: whose execution it is, and how it stands; its error where no state has it."""
    run = tree.run
    names = [one_line(name) for name in (run.machine, run.name) if name]
    if len(names) > 1 and names[1].startswith(names[0]):
        del names[0]
    pieces: list[Piece] = [
        (names[0] if names else "execution", "name"),
        *_apart(*((name, "dim") for name in names[1:])),
    ]
    pieces += _apart((run.status, _OUTCOMES.get(run.status, FAILED)))
    if run.started is not None:
        spent = (now if run.stopped is None else run.stopped) - run.started
        shown = so_far(spent) if run.status == "RUNNING" else took(spent)
        pieces += _apart((f"{shown} of virtual time" if run.virtual and shown else shown, "dim"))
    if all(visit.outcome not in (FAILED, TIMED_OUT) for visit in tree.line()[-1:]):
        pieces += _apart((_why(run.error, run.cause), FAILED))
    return pieces


_OUTCOMES = {
    "RUNNING": RUNNING, "SUCCEEDED": SUCCEEDED, "FAILED": FAILED, "TIMED_OUT": TIMED_OUT, "ABORTED": ABORTED,
}  # fmt: skip


def hidden(*counts: tuple[int, str]) -> str:
    """`… 34 more running, 2 more failed`; "" where nothing is hidden."""
    said = ", ".join(f"{count:,} more {what}" for count, what in counts if count > 0)
    return f"… {said}" if said else ""


# -- what it does ------------------------------------------------------------------------------------------------------


def _doing(run: Run, visit: Visit, wait: Wait | None, now: float, tight: int) -> list[Piece]:
    """Of a visit that runs: its attempt, what it waits for."""
    tried = len(visit.attempts)
    if wait is not None and wait.why == "retry":
        failed = visit.attempts[-1] if tried else None
        why = f": {one_line(failed.error or failed.outcome)}" if failed is not None and tight < _NO_TIME else ""
        told = (
            f"attempt {tried} of {_allowed(run, visit)} failed, " if tight < _NO_RATE else f"attempt {tried} failed, "
        )
        return [(f"{told if tight < _NO_REST else ''}{_waiting(wait, now)}{why}", WAITING)]
    pieces: list[Piece] = []
    if tried > 1:
        pieces.append((f"attempt {tried} of {_allowed(run, visit)}", WAITING))
    if wait is not None:
        pieces.append((_waiting(wait, now), WAITING if standing(RUNNING, wait) == WAITING else "dim"))
    return pieces


def _waiting(wait: Wait, now: float) -> str:
    rest = "" if wait.until is None else left(wait.until - now)
    if wait.why == "retry":
        return f"again in {rest}" if rest else "to be tried again"
    if wait.why == "wait":
        return f"{rest} left" if rest else "waits"
    limit = f"times out in {rest}" if rest else ""
    what = {
        "token": f"waits for its task token {wait.token}",
        "job": "waits for its job",
        "activity": "a worker has it" if wait.begun else "waits for a worker",
    }.get(wait.why, "")
    return ", ".join(part for part in ((limit, what) if wait.why == "token" else (what, limit)) if part)


def _came_to(visit: Visit) -> list[Piece]:
    """Of a visit that is over: its attempts, its error."""
    tried = [(f"{len(visit.attempts)} attempts", "dim")] if visit.retries else []
    inside = visit.type in ("Parallel", "Map") and visit.outcome != CAUGHT  # what failed in there says the cause
    why = _why(visit.error, None if inside else visit.cause)
    said = {
        CAUGHT: f"caught {why}" if why else "caught",
        FAILED: why or "failed",
        TIMED_OUT: why or "timed out",
        ABORTED: "aborted",
    }.get(visit.outcome, "")
    return [*tried, (said, visit.outcome)]


def _why(error: str | None, cause: str | None) -> str:
    return one_line(": ".join(part for part in (error, reason(cause)) if part))


def _allowed(run: Run, visit: Visit) -> int:
    """How many attempts a state may make if it goes on failing as it did last."""
    errors = [attempt.error or "" for attempt in visit.attempts if attempt.outcome in (FAILED, TIMED_OUT)]
    retriers = _at(run.definition, visit.pointer).get("Retry") or []
    used = [_retrier(retriers, error) for error in errors]
    if not used or used[-1] is None:
        return max(1, len(visit.attempts))
    most = retriers[used[-1]].get("MaxAttempts", _DEFAULT_ATTEMPTS)
    others = sum(1 for each in used if each != used[-1])
    return max(len(visit.attempts), 1 + others + int(most))


def _retrier(retriers: list[Any], error: str) -> int | None:
    for number, retrier in enumerate(retriers):
        if matches(frozenset(retrier.get("ErrorEquals") or ()), error, task_result=True):
            return number
    return None


def _at(definition: Any, pointer: str) -> Mapping[str, Any]:
    """The state at a JSON pointer; an empty one where there is none."""
    try:
        for step in pointer.split("/")[1:]:
            definition = definition[int(step)] if isinstance(definition, list) else definition[unescape(step)]
    except (KeyError, IndexError, ValueError, TypeError):
        return {}
    return definition if pointer and isinstance(definition, Mapping) else {}


# -- how far a Map is --------------------------------------------------------------------------------------------------


def _progress(
    parts: Parts, idle: Idle, began: float, now: float, *, width: int, plain: bool, tight: int
) -> list[Piece]:  # fmt: skip
    """`━━━━━━───── 250/1,000, 36 running, 4 waiting, 2 failed, 1 min 3 s left, 12/s`"""
    total, done = parts.total, parts.done
    going, failed = parts.counted()
    waiting = len(idle.slots)
    counts: list[Piece] = [(f"{done:,} done, still reading" if total is None else f"{done:,}/{total:,}", "")]
    stand = (failed, FAILED), (going - waiting, RUNNING), (waiting, WAITING)
    counts += _counted(*(stand if tight >= _NO_REST else (*stand[1:], stand[0])))  # the last one may be cut
    seconds = now - began
    if done and seconds > 0:
        rate = done / seconds
        # What only waits is done when it is done, however fast the others were.
        if total is not None and total - done > idle.items and tight < _NO_REST:
            rest = max((total - done) / rate, 0.0 if idle.until is None else idle.until - now)
            counts.append((f"{left(rest)} left", "dim"))
        if tight < _NO_RATE:
            counts.append((_rate(rate), "dim"))
    pieces: list[Piece] = []
    if total and tight < _NO_BAR:
        cells = min(max(6, min(24, width // 5)), {_SHORT_BAR: 12, _TINY_BAR: 6}.get(tight, 24))
        filled = min(cells, cells * done // total)
        full, empty = _BAR[plain]
        pieces = [(full * filled, SUCCEEDED), (empty * (cells - filled), "dim"), (" ", "")]
    return pieces + _listed(counts)


def _became(parts: Parts, *, whole: bool, tight: int) -> list[Piece]:
    """`1,000 items, 2 failed`; of a Map that was not done to its end `8 items: 5 succeeded, 1 failed, 2 not begun`"""
    going, failed = parts.counted()
    items = parts.done if parts.total is None else parts.total
    total: Piece = (f"{items:,} item{'' if items == 1 else 's'}", "dim")
    if whole:
        return _listed([total, *_counted((failed, FAILED))])
    aborted = parts.aborted + going
    counts = _counted(
        (parts.done - failed - parts.aborted, SUCCEEDED), (failed, FAILED), (aborted, ABORTED),
        (items - parts.done - going, "not begun"),
    )  # fmt: skip
    if not counts or tight >= _NO_TIME:
        return _listed(counts or [total])
    return [(f"{total[0]}: ", "dim"), *_listed(counts)]


def _counted(*counts: tuple[int, str]) -> list[Piece]:
    return [(f"{count:,} {what}", what if what in STYLES else "dim") for count, what in counts if count > 0]


def _listed(counts: list[Piece]) -> list[Piece]:
    pieces = counts[:1]
    for count in counts[1:]:
        pieces += [(", ", "dim"), count]
    return pieces


def _rate(per_second: float) -> str:
    unit, seconds = next((each for each in _UNITS if per_second * each[1] >= 1), _UNITS[-1])
    rate = per_second * seconds
    return f"{rate:,.0f}/{unit}" if rate >= 9.95 else f"{rate:.1f}/{unit}"


def _apart(*phrases: Piece | list[Piece]) -> list[Piece]:
    """Two blanks before each phrase that says something; the pieces of one phrase stand together."""
    pieces: list[Piece] = []
    for phrase in phrases:
        said = [piece for piece in (phrase if isinstance(phrase, list) else [phrase]) if piece[0]]
        if said:
            pieces += [(f"  {said[0][0]}", said[0][1]), *said[1:]]
    return pieces


__all__ = [
    "STYLES", "WAITING", "Piece", "hidden", "left", "of_item", "of_tree", "of_visit", "sign", "so_far", "standing",
    "took",
]  # fmt: skip
