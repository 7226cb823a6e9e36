"""A run as a timeline of text: a tree of states with a bar each, over an axis of virtual or real time.

Knows: characters, and how many columns they take. Must never know: colours, or whether a terminal is there.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final

from asl_local.reporters.timeline import one_line
from asl_local.reporters.visits.model import Run
from asl_local.reporters.visits.rows import HOLDS, RESTS, RUNS, WAITS, Row, rows_of, why_of
from asl_local.reporters.visits.words import SIGNS, took

_BARS: Final = {HOLDS: ("━", "="), RESTS: ("·", "."), WAITS: ("░", ":"), RUNS: ("█", "#")}
"""The characters of bars, and for ASCII; the later ones are drawn over the earlier."""

_MOMENT: Final = ("▏", "|")
_TICK: Final = ("╷", "|")
_LABELS: Final = 0.45  # of the width, at most
_LEAST: Final = 40  # columns
_LEAST_BAR: Final = 10
_TICK_ROOM: Final = 10  # columns from one tick to the next, at least
_UNITS: Final = {"s": 1, "min": 60, "h": 3_600, "d": 86_400}
_STEPS: Final = (
    *((step * 10.0**power, "s") for power in range(-6, 0) for step in (1, 2, 5)),
    *((float(step), "s") for step in (1, 2, 5, 10, 15, 30)),
    *((step * 60.0, "min") for step in (1, 2, 5, 10, 15, 30)),
    *((step * 3_600.0, "h") for step in (1, 2, 3, 6, 12)),
    *((step * 86_400.0 * 10**power, "d") for power in range(8) for step in (1, 2, 5)),
)
"""Between ticks, in seconds, and the unit that they are counted in."""


def timeline_text(run: Run, width: int = 100, *, ascii: bool = False) -> str:
    """The run as lines of at most `width` columns (40 at least), without a line break at the end.

    Each state has a line: what became of it, its name, how often it was tried again, how long it took, and when. Of a
    Map a few iterations are shown, those that failed first, then those that were caught, and the rest is counted.
    `ascii` is for streams that have nothing else: other characters of names are escaped.
    """
    return "\n".join(_Timeline(run, max(width, _LEAST), ascii).lines())


class _Timeline:
    def __init__(self, run: Run, width: int, ascii: bool) -> None:
        self._run, self._width, self._ascii = run, width, ascii
        began = run.events[0].at if run.events else 0.0  # of a history that is cut, nobody knows when it was started
        self._start = began if run.started is None else run.started
        self._timed = run.started is not None or began > 0
        self._now = run.events[-1].at if run.events else self._start
        if run.stopped is not None:
            self._now = run.stopped
        self._span = self._now - self._start

    def lines(self) -> Iterator[str]:
        rows = list(rows_of(self._run, self._now))
        labels = [self._label(row) for row in rows]
        times = [took(row.end - row.start) if row.outcome and self._timed else "" for row in rows]
        named = [_columns(label) for label, row in zip(labels, rows, strict=True) if row.outcome]
        label_room = min(max(named, default=0), int(self._width * _LABELS))
        time_room = max(map(len, times), default=0)
        bar_at = label_room + 2 + time_room + 2
        bars = self._width - bar_at
        if bars < _LEAST_BAR or self._span <= 0:
            bars = 0
        yield self._fit(self._heading(), self._width)
        if bars:
            yield (" " * bar_at + self._axis(bars)).rstrip()
        for row, label, time in zip(rows, labels, times, strict=True):
            if not row.outcome:
                yield self._fit(label, self._width)
                continue
            name = self._fit(label, label_room)
            line = f"{name}{' ' * (label_room - _columns(name))}  {time:>{time_room}}  "
            yield (line + self._bar(row, bars) if bars else line).rstrip()
        if bars and rows:
            yield from self._legend(rows)

    def _heading(self) -> str:
        run = self._run
        names = " ".join(one_line(name) for name in (run.machine, "" if run.machine else run.name) if name)
        how = f"{names or 'Execution'}: {run.status}"
        if run.started is not None:
            how += f", {took(self._span)}{' of virtual time' if run.virtual else ''}"
        why = why_of(run)
        return self._plain(f"{how}: {why}" if why else how)

    def _label(self, row: Row) -> str:
        indent = "  " * row.depth
        if not row.outcome:
            return self._plain(f"{indent}{row.text}")
        times = f" {f'{row.times} attempts' if self._ascii else f'↻{row.times - 1}'}" if row.times > 1 else ""
        return f"{indent}{SIGNS[row.outcome][self._ascii]} {self._plain(row.text)}{times}"

    def _bar(self, row: Row, room: int) -> str:
        cells = [" "] * room
        order = list(_BARS)
        for span in sorted(row.spans, key=lambda each: order.index(each.kind)):
            first = min(room - 1, max(0, int((span.start - self._start) / self._span * room)))
            last = min(room, max(first + 1, math.ceil((span.end - self._start) / self._span * room - 1e-9)))
            character = _MOMENT if span.end <= span.start else _BARS[span.kind]
            cells[first:last] = character[self._ascii] * (last - first)
        return "".join(cells)

    def _axis(self, room: int) -> str:
        """Ticks that are apart, and one besides the first if there is room for it."""
        most = max(2, room // _TICK_ROOM)
        number = next(
            (n for n, (step, _) in enumerate(_STEPS) if step * most >= self._span * (1 - 1e-9)), len(_STEPS) - 1
        )
        line = self._ticks(room, *_STEPS[number])
        return line if line.count(_TICK[self._ascii]) > 1 or not number else self._ticks(room, *_STEPS[number - 1])

    def _ticks(self, room: int, step: float, unit: str) -> str:
        line = ""
        for number in range(int(self._span / step + 1e-9) + 1):
            at = int(number * step / self._span * room)
            text = (
                f"{_TICK[self._ascii]}{number * step / _UNITS[unit]:,g} {unit}" if number else f"{_TICK[self._ascii]}0"
            )
            if at + len(text) <= room and (not line or at > len(line)):
                line = f"{line:<{at}}{text}"
        return line

    def _legend(self, rows: Sequence[Row]) -> list[str]:
        """What the signs and bars mean that are there."""
        outcomes = {SIGNS[row.outcome][self._ascii]: row.outcome for row in rows if row.outcome}
        kinds = {span.kind for row in rows for span in row.spans if span.end > span.start}
        said = [f"{sign} {outcome}" for sign, outcome in outcomes.items()]
        if not self._ascii and any(row.times > 1 for row in rows):
            said.append("↻n retried n times")
        said += [f"{_BARS[kind][self._ascii]} {kind}" for kind in reversed(_BARS) if kind in kinds]
        lines = [said[0]]
        for each in said[1:]:
            if len(lines[-1]) + 2 + len(each) <= self._width:
                lines[-1] += f"  {each}"
            else:
                lines.append(each)
        return lines

    def _plain(self, text: str) -> str:
        if not self._ascii:
            return text
        text = text.replace("…", "...").replace("×", "x")
        return text.encode("ascii", "backslashreplace").decode("ascii")

    def _fit(self, text: str, room: int) -> str:
        """The text in so many columns, with an ellipsis where it does not fit."""
        if _columns(text) <= room:
            return text
        more = "~" if self._ascii else "…"
        kept, columns = "", 0
        for character in text:
            columns += _columns(character)
            if columns > room - 1:
                break
            kept += character
        return kept.rstrip() + more


def _columns(text: str) -> int:
    """How many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0
        if unicodedata.category(each) in ("Mn", "Me", "Cf")
        else 2
        if unicodedata.east_asian_width(each) in "WF"
        else 1
        for each in text
    )


__all__ = ["timeline_text"]
