"""The tables: on the screen, in the committed file, and in the page.

Knows: what figures are called and how they are written. Must never know: how they were measured.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from workloads import WORKLOADS

HERE = Path(__file__).resolve().parent
COMMITTED = HERE / "ratios.json"
PAGE = HERE.parent / "docs" / "performance.md"

EXPLORED = 755  # states of the workload `explore`
FIGURES = {
    "map-memory-run": ("The Map of 10,000 items by `run` adds to the peak of resident memory", "MiB", 1),
    "map-memory-simulate": ("The same by `simulate`", "MiB", 1),
    "waiting-strand": ("An iteration that waits holds, with its events so far", "KiB", 2),
    "photos-two-processors": (
        "Photos a second at MaxConcurrency 2 against 1, two processors, by the clock",
        "times",
        2,
    ),
}


def committed() -> dict[str, Any]:
    """The committed figures, as `run.py --update` and `peers.py --update` write them."""
    if not COMMITTED.exists():
        return {"machine": "", "times": {}, "growth": {}, "figures": {}, "peers": {}}
    found: dict[str, Any] = json.loads(COMMITTED.read_text(encoding="utf-8"))
    return found


def ratio(times: Mapping[str, float], way: str) -> float:
    return times[way] / times["floor"]


def compared(times: Mapping[str, Mapping[str, float]], before: Mapping[str, Mapping[str, float]]) -> str:
    """Each way beside its floor and beside the committed ratio."""
    rows = []
    for name, measured in times.items():
        for way in ways_of(measured):
            now, then = ratio(measured, way), None
            if way in before.get(name, {}):
                then = ratio(before[name], way)
            change = "new" if then is None else f"{(now / then - 1) * 100:+.0f} %"
            known = "" if then is None else three(then)
            rows.append([name, way, seconds(measured["floor"]), seconds(measured[way]), three(now), known, change])
    return aligned(["workload", "way", "floor", "ours", "ratio", "committed", "change"], rows)


def ratios_page(times: Mapping[str, Mapping[str, float]]) -> str:
    """The page's table of ratios."""
    rows = [
        [f"`{name}`" if first else "", WORKLOADS[name].what if first else "", WORKLOADS[name].floor if first else "", way,
         seconds(times[name]["floor"]), seconds(times[name][way]), three(ratio(times[name], way))]
        for name in WORKLOADS if name in times
        for first, way in zip([True] + [False] * 9, ways_of(times[name]), strict=False)
    ]  # fmt: skip
    return markdown(["", "work", "its floor", "way", "floor", "ours", "ratio"], rows)


def growth_page(growth: Mapping[str, Mapping[str, Any]]) -> str:
    """Time per item by size, how it grows, and how that of a loop by hand does."""
    sizes = sorted({int(size) for row in growth.values() for size in row["items"]})
    rows = []
    for name in WORKLOADS:
        if name in growth:
            row, each = growth[name], growth[name]["items"]
            cells = [seconds(each[str(size)]) if str(size) in each else "" for size in sizes]
            grown = [row["ours"], row["by hand"], row["ours"] / row["by hand"]]
            rows.append([f"`{name}`", WORKLOADS[name].items, *cells, *map(two, grown)])
    return markdown(["", "items", *(f"{size:,}" for size in sizes), "grows", "by hand", "quotient"], rows)


def figures_page(figures: Mapping[str, float], times: Mapping[str, Mapping[str, float]]) -> str:
    """What is no ratio to a floor."""
    rows = [
        [what, f"{figures[name]:.{digits}f} {unit}"]
        for name, (what, unit, digits) in FIGURES.items()
        if name in figures
    ]
    if start := times.get("start"):
        rows += [
            [f"{what} takes longer than a bare Python by", f"{seconds(start[way] - start['floor'])} of CPU"]
            for way, what in (("import", "`import asl_local`"), ("command", "`asl-local run` of one Pass state"))
        ]
    if explore := times.get("explore"):
        rows.append(["States that `explore` finds in a second of CPU", f"{EXPLORED / explore['explore']:,.0f}"])
    return markdown(["", ""], rows)


def peers_page(peers: Mapping[str, Any], times: Mapping[str, Mapping[str, float]]) -> str:
    """Ratios of the peers to the floors, as they were measured together, and to ours as `times` has it."""
    columns: dict[str, Mapping[str, Any]] = peers["columns"]
    rows = []
    for name, workload in peers["rows"].items():
        # A start is that of a process which loads and runs one definition: for ours that is `simulate`.
        ours = ratio(times[workload], "run" if "run" in times[workload] else "simulate")
        row = [f"`{name}`", three(ours)]
        for cells in columns.values():
            cell = cells.get(name, "not run")
            row.append(cell if isinstance(cell, str) else f"{three(cell)} ({three(cell / ours)})")
        rows.append(row)
    heads = []
    for peer in columns:
        name, comma, more = peer.partition(",")
        heads.append(f"{name} {peers['versions'][peer]}{comma}{more}")
    return markdown(["", "asl_local", *heads], rows)


def printed(figures: Mapping[str, Any]) -> dict[str, str]:
    """What stands in the page, by the name of its marker."""
    tables = {
        "machine": figures["machine"],
        "ratios": ratios_page(figures["times"]),
        "growth": growth_page(figures["growth"]),
        "figures": figures_page(figures["figures"], figures["times"]),
    }
    return {**tables, "peers": peers_page(figures["peers"], figures["times"])} if figures["peers"] else tables


def page_with(text: str, tables: Mapping[str, str]) -> str:
    """The page with its tables put between their markers. Raises LookupError for one that has no place."""
    for name, table in tables.items():
        pattern = re.compile(rf"(<!-- bench: {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        if not pattern.search(text):
            raise LookupError(f"{PAGE.name} has no place for {name}")
        text = pattern.sub(lambda found, table=table: f"{found[1]}{table}\n{found[2]}", text)  # type: ignore[misc]
    return text


def keep(**parts: Any) -> None:
    """Writes new figures over the committed ones, and the tables into the page."""
    figures = committed()
    for name, part in parts.items():
        if name == "peers":
            figures[name] = merged(part, figures[name])
        else:
            figures[name] = part if name == "machine" else {**figures[name], **part}
    for name in ("times", "growth"):
        figures[name] = {workload: figures[name][workload] for workload in WORKLOADS if workload in figures[name]}
    COMMITTED.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page_with(PAGE.read_text(encoding="utf-8"), printed(figures)), encoding="utf-8")


def merged(peers: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """New cells of peers beside those that were there before."""
    if not before:
        return dict(peers)
    known, new = before["columns"], peers["columns"]
    return {
        "rows": {**before["rows"], **peers["rows"]},
        "versions": {**before["versions"], **peers["versions"]},
        "columns": {name: {**known.get(name, {}), **new.get(name, {})} for name in {**known, **new}},
    }


def ways_of(times: Mapping[str, float]) -> list[str]:
    return [way for way in times if way != "floor"]


def seconds(value: float) -> str:
    """Three digits and a unit."""
    for unit, factor in (("s", 1.0), ("ms", 1e-3)):
        if value >= factor:
            return f"{three(value / factor)} {unit}"
    return f"{three(value / 1e-6)} µs"


def three(value: float) -> str:
    """Three digits, as far as they mean something."""
    if value >= 99.5:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 9.95 else f"{value:.2f}"


def two(value: float) -> str:
    return f"{value:.2f}"


def aligned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table for the screen."""
    wide = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) if n < 2 else cell.rjust(width) for n, (cell, width) in enumerate(zip(row, wide, strict=True)))
        for row in (head, *rows)
    )  # fmt: skip


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table for the page."""
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows))
