"""Lines of control: which events of a history belong together, whatever else happened between them.

Knows: how events follow one another (previousEventId), in AWS's histories and in ours. Must never know: definitions.
A line is the top level, a Parallel branch or a Map iteration, named by the states around it, outermost first: a Map with
the item's index, a Parallel with the name of the branch's first state. AWS says neither; the chain of events does, and
both histories are read by the same rules, so that lines have the same names in both.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

Line: TypeAlias = tuple[tuple[str, int | str], ...]

_CONTAINERS = ("Parallel", "Map")


class Lines:
    """Tells the line of each event; give it all events of one history, in order."""

    def __init__(self) -> None:
        self._lines: dict[int, Line] = {0: ()}
        self._types: dict[int, str] = {0: ""}
        self._standing: dict[Line, tuple[str, str, bool]] = {}  # the state a line is in: name, type, whether it failed
        self._scheduled: dict[Line, tuple[Any, Any]] = {}  # the resource and the request of its last task
        self._redriven: dict[int, list[Line]] = {}
        self._entered: dict[Line, int] = {}  # the event by which a line has entered a state that it has not left
        self._started: dict[Line, int] = {}  # the event by which its Parallel or Map has started, for the last time
        self._lost: set[Line] = set()  # lines in a Map that an iteration has failed in, since it started
        self._found: dict[Line, Line] = {}  # of lines that hang loose, those that an iteration's end has told

    def of(self, id: int, type: str, previous: int, details: Mapping[str, Any]) -> Line:
        """The line of the event with this id."""
        line = self._line(id, type, previous, details)
        self._note(line, id, type, details)
        if type == "ExecutionRedriven":
            self._redriven[id] = [each for each in self._standing if each in self._entered and self._goes_on(each)]
        self._lines[id], self._types[id] = line, type
        return line

    def before(self, id: int) -> Line:
        """The line that an event was said to be in; one that hangs loose where the history does not have it."""
        return self._lines.get(id, (("", id),))

    def standing(self, line: Line) -> str:
        """The name of the state that a line is in, or was in last; "" before the first."""
        return self._standing.get(line, ("", "", False))[0]

    def _line(self, id: int, type: str, previous: int, details: Mapping[str, Any]) -> Line:
        before, came = self._lines.get(previous, (("", id),)), self._types.get(previous, "")
        if self._found:
            before = self._found.get(before, before)
        told = _told(type)
        if told.of == "Execution":
            return ()
        if came == "ExecutionRedriven":
            return self._taken_up(previous, type, details)
        if told.of == "MapIteration":
            name = str(details.get("name"))
            line = (*self._of_map(before, id, name), (name, int(details.get("index") or 0)))
            if hangs_loose(before) and not type.endswith("Started") and before != line[:-1]:
                self._found[before] = line
            return line
        if told.what == "StateExited":
            name, kind = str(details.get("name")), told.of
            line = _cut(before, name)
            if kind in _CONTAINERS and hangs_loose(line) and self.standing(line) != name:
                known = self._entered_as(name, kind)
                return line if known is None else known
            return line
        if came == "ParallelStateStarted" and (told.what == "StateEntered" or type == "EvaluationFailed"):
            return (*before, (self.standing(before), str(details.get("name") or details.get("state"))))
        if type == "EvaluationFailed":
            return self._in_state(before, details.get("state"))
        if told.of in _CONTAINERS:
            if told.what == "StateSucceeded":
                stays = came == f"{told.of}StateStarted" or came.startswith("MapRun") or hangs_loose(before)
                return before if stays else before[:-1]
            if told.what in ("StateFailed", "StateStarted"):
                return self._around(before, told.of)
        return before

    def _in_state(self, line: Line, name: Any) -> Line:
        """The line that stands in a state: a Map's own field is evaluated after the last event of its last iteration."""
        for depth in range(len(line), -1, -1):
            if self.standing(line[:depth]) == name:
                return line[:depth]
        return line

    def _around(self, line: Line, kind: str) -> Line:
        """The line of the Parallel or Map that starts again or fails: the one the line stands in, or one around it."""
        _, standing, failed = self._standing.get(line, ("", "", True))
        if standing == kind and not failed:
            return line
        wanted = int if kind == "Map" else str
        while line and not hangs_loose(line) and not isinstance(line[-1][1], wanted):
            line = line[:-1]
        return line if hangs_loose(line) else line[:-1]

    def _of_map(self, before: Line, id: int, name: str) -> Line:
        """The line that stands in the Map whose iteration an event is about.

        In a history that is cut, an iteration may be the first that is heard of its Map: that gets a line that hangs loose,
        unless there is one Map of the name that only this can be.
        """
        line = _cut(before, name)
        if line != before or not line or line[0][0] != "" or self.standing(line) == name:
            return line
        known = self._entered_as(name, "Map")
        if known is not None:
            return known
        line = (("", name),)
        self._standing[line] = (name, "Map", False)
        self._entered[line] = self._started[line] = id
        return line

    def _entered_as(self, name: str, kind: str) -> Line | None:
        """The line that is in the only Parallel or Map of this name; in a Map there may be others, which a cut hides."""
        known = [each for each in self._entered if self._standing[each][:2] == (name, kind)]
        if len(known) != 1 or known[0] == (("", name),):
            return known[0] if len(known) == 1 else None
        hidden = any(not step or isinstance(index, int) for step, index in known[0])
        return None if hidden else known[0]

    def _goes_on(self, line: Line) -> bool:
        """Whether a line stands in the middle of something, and in what all around it do now.

        A Map that has lost an iteration and has not failed waits for its retry: what is in it is let go.
        """
        since = self._entered[line]
        around = [(line[:depth], name) for depth, (name, _) in enumerate(line)]
        return all(
            self.standing(outer) == name
            and self._entered.get(outer, since) < self._started.get(outer, 0) < since
            and (outer not in self._lost or self._standing[outer][2])
            for outer, name in around
        )

    def _note(self, line: Line, id: int, type: str, details: Mapping[str, Any]) -> None:
        kind, what = _told(type)
        if what == "StateEntered":
            self._standing[line] = (str(details.get("name") or self.standing(line)), kind, False)
            self._entered[line] = id
        elif what in ("StateExited", "StateFailed"):
            name = "" if what == "StateExited" else str(details.get("name") or "")
            self._standing[line] = (name or self.standing(line), kind, True)
            if what == "StateExited":
                self._entered.pop(line, None)
        elif what == "StateStarted":
            self._lost.discard(line)
            self._started[line] = id
        elif what == "Scheduled":
            self._scheduled[line] = _request(details)
        elif type == "MapIterationFailed":
            self._lost.add(line[:-1])

    def _taken_up(self, redriven: int, type: str, details: Mapping[str, Any]) -> Line:
        """After a redrive the chain begins anew: the line that stood in such a state, and had not been taken up."""
        left = self._redriven.get(redriven, [])
        name, request = details.get("name") or details.get("state"), _request(details)
        fitting = [line for line in left if self._fits(line, type, name, request[0])]
        if type.endswith("StateStarted"):
            # What starts again itself had lost an iteration or a branch, and waited for its retry.
            fitting.sort(key=lambda line: (line not in self._lost and not self._standing[line][2], -len(line)))
        alike = [line for line in fitting if self._scheduled.get(line) == request]
        if not fitting:
            return ()
        line = (*alike, *fitting)[0]
        left.remove(line)
        if type.endswith("StateStarted"):
            left[:] = [each for each in left if each[: len(line)] != line]
        return line

    def _fits(self, line: Line, type: str, name: Any, resource: Any) -> bool:
        standing, kind, _ = self._standing[line]
        if name:
            return bool(standing == name)
        return type.startswith(kind) or (
            resource is not None and self._scheduled.get(line, (None, None))[0] == resource
        )


class _Told(NamedTuple):
    """What the name of an event's type says: of what it tells (a type of state, say), and what."""

    of: str
    what: str


_WHAT = ("StateEntered", "StateExited", "StateFailed", "StateStarted", "StateSucceeded", "Scheduled")


@lru_cache(maxsize=256)
def _told(type: str) -> _Told:
    for beginning in ("Execution", "MapIteration"):
        if type.startswith(beginning):
            return _Told(beginning, "")
    for ending in _WHAT:
        if type.endswith(ending):
            return _Told(type.removesuffix(ending), ending)
    return _Told("", "")


def _request(details: Mapping[str, Any]) -> tuple[Any, Any]:
    return details.get("resource"), details.get("parameters", details.get("input"))


def _cut(line: Line, state: str) -> Line:
    """The part of a line before it goes into that state."""
    for depth, (name, _) in enumerate(line):
        if name == state:
            return line[:depth]
    return line


def hangs_loose(line: Line) -> bool:
    """Whether nobody knows what a line is in, since a history that is cut does not have the event before its first one."""
    return len(line) == 1 and line[0][0] == ""


def shown(line: Line, state: str) -> str:
    """A state's place in short, as exploration and calls write it: `Orders[1]/Charge`; a branch by its first state."""
    return "/".join([*(f"{name}[{index}]" for name, index in line), *([state] if state else [])])


__all__ = ["Line", "Lines", "hangs_loose", "shown"]
