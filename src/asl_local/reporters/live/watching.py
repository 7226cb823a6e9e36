"""Executions of this process, watched while they go on: on a terminal as a tree, elsewhere line by line.

Knows: who is told of executions that begin (drivers/listening.py), and how often to look. Must never know: what a picture
looks like.
A thread looks ten times a second, and draws if something has happened; the running times alone are drawn once a second.
Nothing is asked of the thread that runs the execution, so that watching it does not change it.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol, TextIO

from asl_local.drivers.listening import Heard, listening
from asl_local.engine import Execution
from asl_local.lazy import hinted
from asl_local.reporters.aws import event as event_of
from asl_local.reporters.live import screen
from asl_local.reporters.live.families import families
from asl_local.reporters.live.following import Followed
from asl_local.reporters.live.plain import Plain, moves
from asl_local.reporters.map_runs import map_run

_PAUSE = 0.1  # seconds between two looks
_SECOND = 1.0  # between two pictures while nothing happens
_KINDS = ("run", "start", "simulate", "resume", "resume_simulation", "redrive", "start_execution", "nested")
"""Executions that somebody wants to see; those of explorations, replays and tests of single states come in thousands."""


class Face(Protocol):
    """What shows executions; screen.Screen is one."""

    def open(self) -> None:
        """Before anything is shown."""

    def draw(self, shown: list[Followed], /) -> None:
        """Show how these are now."""

    def leave(self, ended: list[Followed], /) -> None:
        """These have ended, and are not shown any more: an execution, and those that it started."""

    def close(self) -> None:
        """Nothing is shown any more."""


class Watch:
    """Listens to executions and shows them. `look` is what the thread does.

    `clock` is the time in epoch seconds, `pace` one that never runs backwards.
    """

    def __init__(
        self, face: Face, *, clock: Callable[[], float] = time.time, pace: Callable[[], float] = time.monotonic
    ) -> None:
        self._face, self._clock, self._pace = face, clock, pace
        self._shown: list[Followed] = []
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._drawn = float("-inf")
        self._thread: threading.Thread | None = None
        self.trouble: Exception | None = None

    # -- for who runs executions -----------------------------------------------------------------------------------

    def begins(self, execution: Execution, machine: Heard, kind: str, /) -> None:
        """An execution begins; one that has been loaded or redriven has events already."""
        if kind not in _KINDS:
            return
        definition = machine.definition if isinstance(machine.definition, Mapping) else {}
        with self._lock:
            virtual = self._shown[0].virtual if kind == "nested" and self._shown else None
            self._shown.append(
                Followed(
                    execution,
                    machine=machine.name,
                    definition=definition,
                    kind=kind,
                    clock=self._clock,
                    virtual=virtual,
                )
            )

    def ends(self, execution: Execution, _ended: object, /) -> None:
        """An execution has ended, or cannot go on."""
        with self._lock:
            for each in self._shown:
                if each.execution is execution:
                    each.over = True

    # -- for the thread that shows them ----------------------------------------------------------------------------

    def look(self) -> None:
        """Show what has happened, if anything has, or if the last picture is a second old."""
        with self._lock:
            shown = [(each, each.over) for each in self._shown]  # over, before it is looked at for the last time
        changed = [each.look() for each, _ in shown]
        over = {id(each) for each, is_over in shown if is_over}
        ended = [family for family in families([each for each, _ in shown]) if over.issuperset(map(id, family))]
        for family in ended:
            self._face.leave(family)
            with self._lock:
                self._shown = [each for each in self._shown if each not in family]
        now, left = self._pace(), [each for each, _ in shown if not any(each in family for family in ended)]
        late = now - self._drawn >= _SECOND and any(not each.virtual for each in left)
        if left and (ended or any(changed) or late):
            self._face.draw(left)
            self._drawn = now

    def start(self) -> None:
        """Begin to show."""
        self._face.open()
        self._thread = threading.Thread(target=self._go_on, name="asl-local-live", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Show how everything is now, for the last time, and give back what was taken."""
        self._over.set()
        try:
            if self._thread is not None:
                self._thread.join()
            if self.trouble is None:
                with self._lock:
                    for each in self._shown:
                        each.over = True
                self._try()
        finally:
            self._face.close()

    def _go_on(self) -> None:
        while self.trouble is None and not self._over.wait(_PAUSE):
            self._try()

    def _try(self) -> None:
        try:
            self.look()
        except Exception as error:  # a picture that cannot be drawn is no reason for an execution to fail
            self.trouble = error


class Lines:
    """Tells executions line by line, as they are looked at."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._told: dict[int, tuple[Plain, int]] = {}

    def open(self) -> None:
        """Nothing is needed."""

    def draw(self, shown: list[Followed], /) -> None:
        """Tell what is new."""
        for each in shown:
            rows, runs = each.execution.history.written, each.execution.map_runs
            plain, told = self._told.get(id(each)) or (Plain(each.execution.plan, self._stream), 0)
            upto = len(rows)
            for number in range(told, upto):
                plain.on_event(event_of(number + 1, rows[number]))
            self._told[id(each)] = (plain, upto)
            for run in runs.copy():
                try:
                    plain.on_map_progress(map_run(run))
                except RuntimeError:  # children came or went while they were counted: next time
                    continue

    def leave(self, ended: list[Followed], /) -> None:
        """Tell the rest."""
        self.draw(ended)
        for each in ended:
            del self._told[id(each)]

    def close(self) -> None:
        """Nothing was taken."""


def wants_tree(stream: TextIO) -> bool:
    """Whether a stream is where somebody looks at a tree: a terminal, not CI's, and what draws it is installed."""
    return moves(stream) and not os.environ.get("CI") and screen.available()


def live(stream: TextIO | None = None, *, progress: str = "auto") -> AbstractContextManager[None]:
    """Show every execution that begins inside of the block while it goes on.

    On a terminal that is the tree of its states, with times, retries, waits and how far Maps are; when it has ended,
    the tree stays. `progress` is `tree`, `plain` (a line for each event), `none`, or `auto`: the tree on a terminal that
    is not CI's and where rich is installed (the extra `terminal`), else lines. `stream` is standard error unless given.
    Executions of other threads are shown, too; those of explorations and replays are not. Raises MissingExtra for `tree`
    without rich, ValueError for another word.
    """
    if progress not in ("auto", "tree", "plain", "none"):
        raise ValueError(f"progress is auto, tree, plain or none, not {progress!r}")
    if progress == "none":
        return nullcontext()
    stream = sys.stderr if stream is None else stream
    if progress == "tree" or (progress == "auto" and wants_tree(stream)):
        return _watched(Watch(screen.Screen(stream)))
    return _watched(Watch(Lines(stream)))


@contextmanager
def _watched(watch: Watch) -> Iterator[None]:
    with listening(watch):
        try:
            watch.start()
            yield
        finally:
            watch.stop()
    if watch.trouble is not None and not isinstance(watch.trouble, OSError):  # whoever looked has gone: no matter
        told = f"what ran could not be shown: {type(watch.trouble).__name__}: {watch.trouble}"
        warnings.warn(told, RuntimeWarning, stacklevel=3)


__all__ = ["Face", "Lines", "Watch", "live", "wants_tree"]

hinted(globals())
