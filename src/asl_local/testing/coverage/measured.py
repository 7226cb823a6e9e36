"""How much of one machine was covered: its goals, and which of them executions have come past.

Knows: goals and marks. Must never know: how marks were collected, or how a report looks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from asl_local.definition import Source
from asl_local.drivers import Heard
from asl_local.engine.history import Mark
from asl_local.lazy import dataclass, field, hinted
from asl_local.testing.coverage.goals import Goal, goals_of
from asl_local.values import Json


@dataclass(frozen=True)
class MachineCoverage:
    """The coverage of one machine. `percent`, `goals`, `covered` and `missing` say how much, of what, and what is missing.

    `name` is the machine's, `fingerprint` its plan's. `file` is where its definition was loaded from, "" for one that
    came from a dict or a text; `lines` has the line there of each place, by JSON pointer, as far as it is known and says
    something, and `text` the file's text. `marks` are what executions have come past (asl_local.engine.history.MARKS).
    """

    name: str
    fingerprint: str
    definition: Mapping[str, Any] = field(repr=False)
    marks: frozenset[Mark] = field(repr=False)
    file: str = ""
    text: str | None = field(default=None, repr=False)
    lines: Mapping[str, int] = field(default_factory=dict, repr=False)

    @cached_property
    def goals(self) -> tuple[Goal, ...]:
        """What there is to cover, in the order of the definition."""
        return goals_of(self.definition)

    @cached_property
    def covered(self) -> tuple[Goal, ...]:
        """The goals that executions have come past."""
        return tuple(goal for goal in self.goals if goal.mark in self.marks)

    @cached_property
    def missing(self) -> tuple[Goal, ...]:
        """The goals that no execution has come past, in the order of the file; each has `pointer` and `missing`."""
        missing = [goal for goal in self.goals if goal.mark not in self.marks]
        return tuple(sorted(missing, key=lambda goal: self.lines.get(goal.pointer, 0)))

    @property
    def percent(self) -> float:
        """Covered goals of a hundred; 100.0 where there is nothing to cover."""
        return percent_of(len(self.covered), len(self.goals))

    def line(self, goal: Goal) -> int | None:
        """The line of the goal's place in `file`, from 1; None if that is not known."""
        return self.lines.get(goal.pointer)

    def told(self) -> list[str]:
        """What is missing, for people: a line for each goal, and one for all goals of a state that was never entered.

        Where no line of a file is known, the state's name is the place: it is unique in its machine.
        """
        never = [goal.mark[0] for goal in self.missing if goal.mark[1] == "entered"]
        lines = []
        for goal in self.missing:
            at, what, _ = goal.mark
            if any(at.startswith(f"{each}/") or (at == each and what != "entered") for each in never):
                continue
            more = sum(other.mark[0] == at or other.mark[0].startswith(f"{at}/") for other in self.missing) - 1
            others = f" ({more} more goal{'' if more == 1 else 's'})" if what == "entered" and more else ""
            line = self.line(goal)
            lines.append(f"{'' if line is None else f'line {line}: '}{goal.missing}{others}")
        return lines

    def to_json(self) -> dict[str, Json]:
        """The machine's part of the JSON report; docs/coverage.md has its shape."""
        return {
            "name": self.name,
            "fingerprint": self.fingerprint,
            "file": self.file or None,
            **summary(len(self.covered), len(self.goals)),
            "kinds": self._kinds(),
            "missing": [
                {
                    "kind": goal.kind, "state": goal.state, "pointer": goal.pointer, "line": self.line(goal),
                    "message": goal.missing,
                }
                for goal in self.missing
            ],
        }  # fmt: skip

    def _kinds(self) -> dict[str, Json]:
        counted: dict[str, list[int]] = {}
        for goal in self.goals:
            counted.setdefault(goal.kind, [0, 0])
            counted[goal.kind][0] += goal.mark in self.marks
            counted[goal.kind][1] += 1
        return {kind: summary(covered, goals) for kind, (covered, goals) in counted.items()}

    def __str__(self) -> str:
        shown = f"{self.name}: {percent_text(self.percent)}, {len(self.covered)} of {len(self.goals)} goals"
        return "\n".join([shown, *(f"  {line}" for line in self.told())])


def covered(machine: Heard, marks: Iterable[Mark] = ()) -> MachineCoverage:
    """The coverage of a machine by these marks: what `Execution.watch` has collected.

    `machine` is an asl_local.Machine, or whatever has its `name`, `plan`, `definition` and `source`.
    """
    definition: Any = machine.definition
    source = machine.source
    lines = {} if source is None else _lines(source, goals_of(definition))
    loaded = source is not None and source.text is not None and source.name != "definition"
    return MachineCoverage(
        machine.name,
        machine.plan.fingerprint,
        definition,
        frozenset(marks),
        source.name if source is not None and loaded else "",
        source.text if source is not None and lines else None,
        lines,
    )


def _lines(source: Source, goals: Iterable[Goal]) -> dict[str, int]:
    """The line of each place; none where all stand on one line, which says nothing."""
    lines = {}
    for pointer in (place for goal in goals for place in (goal.mark[0], goal.pointer)):
        line = source.position(pointer, key=True)[0]
        if line is not None:
            lines[pointer] = line
    return lines if len(set(lines.values())) > 1 else {}


def percent_of(covered: int, goals: int) -> float:
    """Covered goals of a hundred; 100.0 where there is nothing to cover."""
    return 100.0 if not goals else 100.0 * covered / goals


def percent_text(percent: float) -> str:
    """A percentage as people read it: 100 % is said of everything only, and 0 % of nothing only."""
    whole = round(percent)
    if whole == 100 and percent < 100:
        whole = 99
    elif whole == 0 and percent > 0:
        whole = 1
    return f"{whole}%"


def summary(covered: int, goals: int) -> dict[str, Json]:
    """The numbers of the JSON report."""
    return {
        "goals": goals,
        "covered": covered,
        "missed": goals - covered,
        "percent": round(percent_of(covered, goals), 2),
    }


__all__ = ["MachineCoverage", "covered", "percent_of", "percent_text", "summary"]

hinted(globals())
