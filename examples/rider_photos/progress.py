"""What a batch is doing, image by image, while it runs.

On a terminal the photos at work stand in lines that change in place; elsewhere there is a line for each that is done.
"""

from __future__ import annotations

import shutil
import unicodedata
from typing import Any, TextIO

from asl_local import Event
from asl_local.reporters.timeline import Places, one_line, reason

_UP_AND_CLEAR = "\033[{}A\033[J"


class Progress:
    """Give it every event of a Map's execution. `outputs`, `failures` and `milliseconds` are by the item's index."""

    def __init__(self, plan: Any, names: list[str], stream: TextIO, *, counted: int, total: int) -> None:
        self.outputs: dict[int, Any] = {}
        self.failures: dict[int, tuple[str, str]] = {}
        self.milliseconds: dict[int, float] = {}
        self._places = Places(plan)
        self._names, self._stream, self._done, self._total = names, stream, counted, total
        self._live = stream.isatty()
        self._began: dict[int, float] = {}
        self._last: dict[int, Any] = {}
        self._error: dict[int, tuple[str, str]] = {}
        self._at_work: dict[int, str] = {}
        self._drawn: list[str] = []

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._at_work.clear()
        self._draw([])

    def take(self, event: Event) -> None:
        """Note what the event says of its image, and show it."""
        place = self._places.of(event)
        if not place.items:
            return
        index, kind = place.items[0], event.type
        said = []
        if kind == "MapIterationStarted":
            self._began[index] = event.at
            self._at_work[index] = "starts"
        elif kind.endswith("StateEntered"):
            self._at_work[index] = place.state
        elif kind.endswith("StateExited"):
            self._last[index] = event.details.get("output")
        elif kind.endswith(("Failed", "TimedOut")) and event.details.get("error"):
            self._error[index] = (event.details["error"], event.details.get("cause") or "")
        if kind in ("MapIterationSucceeded", "MapIterationFailed", "MapIterationAborted"):
            said.append(self._ended(index, event))
        self._draw(said)

    def _ended(self, index: int, event: Event) -> str:
        self._at_work.pop(index, None)
        took = (event.at - self._began.get(index, event.at)) * 1000
        if event.type == "MapIterationSucceeded":
            self.outputs[index] = self._last.get(index)
            self.milliseconds[index] = took
            what = "refused" if "errorInfo" in (self._last.get(index) or {}) else "accepted"
        elif event.type == "MapIterationFailed":
            self.failures[index] = self._error.get(index, ("", ""))
            self.milliseconds[index] = took
            what = f"failed: {': '.join(filter(None, map(reason, self.failures[index])))}"
        else:
            return f"          {self._names[index]}: not finished"
        self._done += 1
        return f"{f'[{self._done}/{self._total}]':>9} {self._names[index]}: {what}, {took:.0f} ms"

    def _draw(self, said: list[str]) -> None:
        if not self._live:
            for line in said:
                print(one_line(line), file=self._stream, flush=True)
            return
        columns, height = shutil.get_terminal_size()
        lines = [f"          {self._names[index]}: {doing} ..." for index, doing in sorted(self._at_work.items())]
        lines = lines[: max(1, height - 2)]
        if lines == self._drawn and not said:
            return
        erase = _UP_AND_CLEAR.format(len(self._drawn)) if self._drawn else ""
        self._stream.write(erase + "".join(f"{_cut(one_line(line), columns - 1)}\n" for line in [*said, *lines]))
        self._stream.flush()
        self._drawn = lines


def _cut(text: str, columns: int) -> str:
    """As much of a text as fits: a line that wraps would be two to erase. Chinese characters are two columns wide."""
    used = 0
    for count, character in enumerate(text):
        used += 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
        if used > columns:
            return text[:count]
    return text
