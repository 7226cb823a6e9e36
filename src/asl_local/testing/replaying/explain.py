"""A divergence in words: what was recorded, what happens instead, where in the definition, and a guess at the reason.

Knows: the definition, and where an execution stands. Must never know: how a replay is driven.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Any

from asl_local.engine.execution import Strand
from asl_local.reporters.lines import Line, shown
from asl_local.testing.pointers import at
from asl_local.testing.replaying.execution import Replayed, line_of
from asl_local.testing.replaying.report import Divergence, in_words
from asl_local.testing.replaying.script import Diverged, Script

LineAt = Callable[[str], int | None]
"""The line in the definition's text of the value at a JSON pointer; None if it is not known."""

_WAITS = {
    "task": "waits for its task",
    "token": "waits for its task token",
    "job": "waits for its job",
    "activity": "waits for a worker of its activity",
    "retry": "waits for its next attempt",
    "wait": "waits",
}


class Explainer:
    """Knows a machine's states by name: their pointers, lines and JSON."""

    def __init__(self, tree: Any, pointers: Mapping[str, str], line_at: LineAt | None) -> None:
        self._pointers, self._line_at = pointers, line_at
        self._states: dict[str, Mapping[str, Any]] = {name: at(tree, pointer) for name, pointer in pointers.items()}

    def place_of(self, state: str) -> tuple[str, int | None]:
        """A state's JSON pointer and its line; those of the machine's StartAt for a name that no state has."""
        pointer = self._pointers.get(state, "/StartAt")
        return pointer, None if self._line_at is None else self._line_at(pointer)

    def definition(self, state: str) -> Mapping[str, Any]:
        """A state's JSON; empty for a name that no state has."""
        return self._states.get(state, {})

    def divergence(self, diverged: Diverged, script: Script, execution: Replayed) -> Divergence:
        """What has diverged, for people."""
        recorded, row = diverged.recorded, diverged.row
        state = self._responsible(diverged, script)
        pointer, line_number = self.place_of(state)
        line = diverged.line
        if state in (name for name, _ in line):  # the container around is what acts differently
            line = line[: [name for name, _ in line].index(state)]
        instead = diverged.instead or ("" if row is None else in_words(row.type, row.details))
        told = in_words(recorded.type, recorded.details)
        if row is None and not instead:
            instead = _standing(execution, diverged.line)
        elif instead == told:
            instead = "the same event, with other data" if diverged.found else f"the same event, but {_elsewhere(row)}"
        if recorded.type.endswith("Scheduled") and script.is_again(recorded):
            told = "the task is tried again"
        if row is not None and diverged.found is None and len(script.lines[recorded.id - 1]) < len(row.line):
            told = f"nothing more in {shown(row.line, '')}"
        return Divergence(
            recorded,
            told,
            instead,
            state,
            shown(line, state),
            pointer,
            line_number,
            diverged.found,
            tuple(shown(*step) for step in script.path),
            self._hint(diverged, state, script),
        )

    def _responsible(self, diverged: Diverged, script: Script) -> str:
        """The state that acts differently: the one that is left with other data, or that led elsewhere."""
        row = diverged.row
        if row is not None and diverged.found is not None and not row.type.endswith("StateEntered"):
            named = row.details.get("name") or row.details.get("state")
            return str(named) if named else self._last(diverged.line, script)
        return self._last(diverged.line, script)

    @staticmethod
    def _last(line: Line, script: Script) -> str:
        """The state that was entered last in a line, or the state around it."""
        entered = [name for there, name in script.path if there == line]
        return entered[-1] if entered else line[-1][0] if line else ""

    def _hint(self, diverged: Diverged, state: str, script: Script) -> str:
        recorded = diverged.recorded
        name = recorded.state
        if name is not None and name not in self._pointers:
            close = difflib.get_close_matches(name, self._pointers, 1, 0.6)
            return f"the definition has no state '{name}'" + (f"; is it '{close[0]}' now?" if close else "")
        kind = recorded.type.partition("State")[0]
        if name is not None and recorded.type.endswith("StateEntered") and self.definition(name).get("Type") != kind:
            return f"'{name}' was a {kind} and is a {self.definition(name).get('Type')}"
        if script.volatile(state):
            return f"'{state}' reads the clock, chance or names that a history does not tell"
        return ""


def _elsewhere(row: Any) -> str:
    return f"as event {row.id}" if row is not None else "at another time"


def _standing(execution: Replayed, line: Line) -> str:
    """What a line of control does, for an event that it does not come to."""
    strand = waiting_in(execution, line)
    if strand is not None:
        text = f"'{strand.state.name}' {_WAITS[strand.why]}"
        if strand.why in ("retry", "wait") and strand.until is not None:
            text += f", {strand.until - execution.history.rows[strand.event - 1][1]:g} s"
        if strand.why == "retry":
            text += f" (retry {strand.retries})"
        return text
    outcome = execution.outcome
    if outcome is not None:
        return f"the execution has ended, {outcome.status}" + (f" with {outcome.error}" if outcome.error else "")
    return "nothing that leads to it"


def waiting_in(execution: Replayed, line: Line) -> Strand | None:
    """The strand that waits in a line."""
    return next((strand for strand in execution.waiting.values() if line_of(strand) == line), None)


__all__ = ["Explainer", "LineAt", "waiting_in"]
