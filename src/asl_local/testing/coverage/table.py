"""The report in a terminal: a line per machine, with what is missing; and the report as JSON.

Knows: what is shown of a machine's coverage. Must never know: where it comes from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from asl_local.lazy import hinted
from asl_local.testing.coverage.measured import MachineCoverage, percent_text, summary
from asl_local.values import Json

_HEAD = ("Name", "Goals", "Miss", "Cover")


def table(machines: Sequence[MachineCoverage], *, missing: bool = True, skip_covered: bool = False) -> str:
    """The table, as text; `missing` says under which of a machine's places something is missing, and what.

    `skip_covered` leaves out machines of which nothing is missing, and counts them in a line of their own.
    """
    if not machines:
        return "No machine ran."
    names = names_of(machines)
    shown = [(names[one.fingerprint], one) for one in machines if one.missing or not skip_covered]
    wide = max(len(name) for name in ("TOTAL", *(name for name, _ in shown)))
    lines = [_line(wide, *_HEAD) + ("   Missing" if missing else "")]
    rule = "-" * len(lines[0])
    lines.append(rule)
    for name, one in shown:
        row = _line(wide, name, len(one.goals), len(one.missing), percent_text(one.percent))
        places = one.told() if missing else []
        lines.append(f"{row}   {places[0]}" if places else row)
        lines += [" " * (len(row) + 3) + place for place in places[1:]]
    goals = sum(len(one.goals) for one in machines)
    missed = sum(len(one.missing) for one in machines)
    total = percent_text(100.0 if not goals else 100.0 * (goals - missed) / goals)
    lines += [rule, _line(wide, "TOTAL", goals, missed, total)]
    hidden = len(machines) - len(shown)
    if hidden:
        lines += ["", f"{hidden} machine{'' if hidden == 1 else 's'} skipped: nothing is missing."]
    return "\n".join(lines)


def _line(wide: int, name: str, goals: object, missed: object, cover: str) -> str:
    return f"{name:<{wide}}  {goals:>5}  {missed:>5}  {cover:>5}"


def names_of(machines: Sequence[MachineCoverage]) -> dict[str, str]:
    """What each is called in a report, by fingerprint: equal names of different machines get something of it."""
    count = Counter(one.name for one in machines)
    return {
        one.fingerprint: one.name if count[one.name] == 1 else f"{one.name} ({one.fingerprint[:6]})" for one in machines
    }


def to_json(machines: Sequence[MachineCoverage]) -> dict[str, Json]:
    """The JSON report; docs/coverage.md has its shape."""
    goals = sum(len(one.goals) for one in machines)
    return {
        "machines": [one.to_json() for one in machines],
        "totals": summary(sum(len(one.covered) for one in machines), goals),
    }


__all__ = ["names_of", "table", "to_json"]

hinted(globals())
