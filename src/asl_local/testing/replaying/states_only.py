"""Histories without data (includeExecutionData false): whether each state could follow the one before.

Knows: which states a definition lets follow a state, and lines of control. Must never know: data, so nothing runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from asl_local.reporters.lines import Line, Lines, shown
from asl_local.reporters.recorded import Recorded, Recording
from asl_local.testing.replaying.report import Divergence, Replay, in_words
from asl_local.values import Json

NOTE = "the history has no data: only the order of states is compared"


def followed(
    recording: Recording, tree: Json, place_of: Callable[[str], tuple[str, int | None]], *, machine: str
) -> Replay:
    """Compare the states that each line of control enters with those that the definition lets it enter."""
    graph = _Graph(tree)
    path: list[str] = []
    standing: dict[Line, str] = {}
    lines = Lines()
    found: Divergence | None = None
    for event in recording.events:
        line = lines.of(event.id, event.type, event.previous, event.details)
        if not event.type.endswith("StateEntered") or event.state is None:
            continue
        before = standing.get(line)
        instead = graph.refusal(event, before, line)
        if instead is not None:
            state = before or (line[-1][0] if line else "")
            place = shown(line if before else line[:-1], state)
            told = in_words(event.type, event.details)
            found = Divergence(event, told, instead, state, place, *place_of(state), path=tuple(path))
            break
        standing[line] = event.state
        path.append(shown(line, event.state))
    matched = len(recording.events) if found is None else found.event.id - 1
    return Replay(
        "states", len(recording.events), matched, found, (NOTE,), tuple(path), recording.source, machine
    )  # fmt: skip


class _Graph:
    """A definition's states by name, and where each block starts."""

    def __init__(self, tree: Json) -> None:
        self.starts: dict[str, tuple[str, ...]] = {"": (tree["StartAt"],)}
        self.states: dict[str, Mapping[str, Any]] = {}
        self._read(tree)

    def _read(self, block: Mapping[str, Any]) -> None:
        for name, state in block["States"].items():
            self.states[name] = state
            inner = [*state.get("Branches", ()), *(state[f] for f in ("ItemProcessor", "Iterator") if f in state)]
            self.starts[name] = tuple(each["StartAt"] for each in inner)
            for each in inner:
                self._read(each)

    def refusal(self, event: Recorded, before: str | None, line: Line) -> str | None:
        """Why the state of an Entered event cannot be entered here, in words; None if it can."""
        name = str(event.state)
        known = self.states.get(name)
        allowed = set(self.next(before)) if before is not None else set()
        starts = set(self.starts.get(line[-1][0] if line else "", ()))  # a line begins anew where its Map is retried
        if name in allowed | starts:
            kind = event.type.removesuffix("StateEntered")
            told = "nothing" if known is None else known["Type"]
            return None if told == kind else f"'{name}' is a {told}"
        ways = allowed if before is not None else starts
        return f"enters {' or '.join(repr(way) for way in sorted(ways))}" if ways else f"'{before}' ends here"

    def next(self, name: str) -> Iterator[str]:
        """The states that a state may lead to."""
        state = self.states.get(name, {})
        for holder in (state, *state.get("Choices", ()), *state.get("Catch", ())):
            if "Next" in holder:
                yield holder["Next"]
        if "Default" in state:
            yield state["Default"]


__all__ = ["followed"]
