"""The tree on a terminal: lines that are drawn again in place, below whatever else is written meanwhile.

Knows: rich's live display, and which streams must go round it. Must never know: what runs.
What is printed to sys.stdout and sys.stderr meanwhile appears above the tree, and so does what goes through handlers of
the logging module that had one of the two before. What is written past them (a C library, a subprocess) cannot be seen
from here and may stand in the middle of the picture.
"""

from __future__ import annotations

import contextlib
import io
import logging
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from asl_local.errors import MissingExtra
from asl_local.reporters.live.families import forest
from asl_local.reporters.live.picture import picture
from asl_local.reporters.live.plain import moves

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from asl_local.reporters.live.following import Followed

_ENDLESS = 200  # lines of what is no terminal: not all of a Map of 10,000 iterations that failed
_ASIDE = 4  # lines of a terminal that are left to what is said when all is over


class Screen:
    """Shows executions on a stream. On one that is no terminal only how they ended appears, as plain text."""

    def __init__(self, stream: TextIO) -> None:
        self._console = _console(stream)
        self._plain = not (self._console.encoding or "").lower().startswith("utf")
        self._live: Any = None
        self._drawn: list[int] = []  # how wide the lines are that stand on the screen
        self._restore: list[Callable[[], object]] = []

    def open(self) -> None:
        """Take hold of the terminal: hide the cursor, let what others print appear above the tree."""
        if not self._console.is_terminal:
            return
        from rich.live import Live  # noqa: PLC0415

        self._live = Live(
            _group([]), console=self._console, auto_refresh=False, transient=True, redirect_stdout=sys.stdout.isatty(),
            redirect_stderr=sys.stderr.isatty(), vertical_overflow="crop",
        )  # fmt: skip
        before = (sys.stdout, sys.stderr)
        self._live.start()
        self._restore = _turn_loggers(before, (sys.stdout, sys.stderr))

    def draw(self, shown: Sequence[Followed]) -> None:
        """Draw these executions in place of what was drawn before."""
        if self._live is None or not shown:
            return
        tail = max(
            (each for each in shown if each.lines), key=lambda each: each.tree.run.events[-1].at, default=shown[0]
        )
        lines = picture(
            forest(shown),
            shown[0].now(),
            self._console.width,
            self._height() - 1,
            tail=list(tail.lines),
            plain=self._plain,
        )
        self._fold()
        self._live.update(_group(lines), refresh=True)
        self._drawn = [line.cell_len for line in lines]

    def leave(self, ended: Sequence[Followed]) -> None:
        """Let the trees of executions that have ended stay on the screen, above what is drawn from now on."""
        width, height = self._console.width, self._height() - _ASIDE
        if self._live is not None:
            self._fold()
            self._live.update(_group([]), refresh=True)
            self._drawn = []
        for tree in forest(ended):
            for line in picture([tree], tree.run.stopped or ended[0].now(), width, height, plain=self._plain):
                self._console.print(line, no_wrap=True, overflow="crop", crop=False)

    def close(self) -> None:
        """Give the terminal back: the tree goes away, the cursor comes back, streams are what they were."""
        for undo in reversed(self._restore):
            undo()
        self._restore = []
        if self._live is None:
            return
        try:
            for stream in (sys.stdout, sys.stderr):
                with contextlib.suppress(OSError, ValueError):
                    stream.flush()  # the beginning of a line that somebody has not ended
        finally:
            self._fold()
            live, self._live = self._live, None
            live.stop()

    def _fold(self) -> None:
        """Take away the rows that lines have been folded to, where the terminal has become narrower than they are."""
        from rich.control import Control  # noqa: PLC0415
        from rich.segment import ControlType  # noqa: PLC0415

        width = max(1, self._console.width)
        more = sum(max(0, -(-line // width) - 1) for line in self._drawn)
        if more:
            self._console.control(Control(*[(ControlType.ERASE_IN_LINE, 2), (ControlType.CURSOR_UP, 1)] * more))

    def _height(self) -> int:
        return self._console.height if self._console.is_terminal else _ENDLESS


def available() -> bool:
    """Whether what draws the tree is installed."""
    try:
        import rich.live  # noqa: F401, PLC0415
    except ImportError:
        return False
    return True


def _console(stream: TextIO) -> Console:
    try:
        from rich.console import Console  # noqa: PLC0415
    except ImportError:
        raise MissingExtra("the tree needs rich: pip install 'asl-local[terminal]'", name="rich") from None
    # No markup, no highlighting: what others print is theirs. What is a terminal is not left to the environment
    # (FORCE_COLOR, TTY_INTERACTIVE): a file never gets what moves a cursor.
    cursor = moves(stream)
    return Console(
        file=stream, force_terminal=cursor, force_interactive=cursor, markup=False, highlight=False, emoji=False
    )  # fmt: skip


def _group(lines: Sequence[Any]) -> Any:
    from rich.console import Group  # noqa: PLC0415

    return Group(*lines)


def _turn_loggers(before: tuple[Any, Any], after: tuple[Any, Any]) -> list[Callable[[], object]]:
    """Let handlers of the logging module that write to one of these streams write to what stands in for it.

    Gives what takes that back.
    """
    undo: list[Callable[[], object]] = []
    for handler in _stream_handlers():
        for old, new in zip(before, after, strict=True):
            if old is not new and handler.stream is old:
                handler.setStream(new)
                undo.append(lambda handler=handler, old=old: handler.setStream(old))  # type: ignore[misc]
                break
    return undo


def _stream_handlers() -> Iterator[logging.StreamHandler[Any]]:
    loggers = [logging.getLogger(), *logging.getLogger().manager.loggerDict.values()]
    for logger in loggers:
        for handler in getattr(logger, "handlers", ()):
            if isinstance(handler, logging.StreamHandler) and isinstance(handler.stream, io.TextIOBase):
                yield handler


__all__ = ["Screen", "available"]
