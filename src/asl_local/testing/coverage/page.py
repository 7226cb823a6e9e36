"""The report as a web page: one file, nothing to fetch, readable without a mouse and by people who see no colours.

Knows: what is shown of machines that were measured. Must never know: how it was measured, or where the file goes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape

from asl_local.definition import json_text
from asl_local.reporters.graph.svg import graph_css
from asl_local.testing.coverage.goals import Goal
from asl_local.testing.coverage.measured import MachineCoverage, percent_of, percent_text
from asl_local.testing.coverage.picture import status, svg
from asl_local.testing.coverage.table import names_of

_AROUND = 8
"""Lines of a file that are shown before the first place of the machine and after the last one, where it has many more."""

_MANY = 60

_STYLE = (
    """
:root { color-scheme: light dark; --text: #1f2328; --paper: #ffffff; --soft: #656d76; --line: #d0d7de;
  --all: #1a7f37; --some: #9a6700; --none: #cf222e; --out: #656d76;
  --all-fill: #dafbe1; --some-fill: #fff8c5; --none-fill: #ffebe9; --out-fill: #f6f8fa; }
@media (prefers-color-scheme: dark) { :root { --text: #e6edf3; --paper: #0d1117; --soft: #8d96a0; --line: #30363d;
  --all: #3fb950; --some: #d29922; --none: #ff7b72; --out: #8d96a0;
  --all-fill: #0f2e18; --some-fill: #332606; --none-fill: #3c1618; --out-fill: #161b22; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--text); background: var(--paper); margin: 2rem auto;
  max-width: 70rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h1, h2 { overflow-wrap: anywhere; } h2 { font-size: 1.25rem; margin-top: 3rem; border-top: 1px solid var(--line); padding-top: 1.5rem; }
h3 { font-size: 1rem; } a { color: inherit; }
table { border-collapse: collapse; } th, td { padding: .25rem .9rem .25rem 0; text-align: left; vertical-align: top; }
th { color: var(--soft); font-weight: 600; } tr + tr td { border-top: 1px solid var(--line); }
td.p { white-space: nowrap; } td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
.bar { display: inline-block; width: 8rem; height: .6rem; border-radius: .3rem; background: var(--none); overflow: hidden; }
.bar i { display: block; height: 100%; background: var(--all); }
.scroll { overflow-x: auto; } .soft { color: var(--soft); }
.key span { padding: .1rem .5rem; border: 1.5px solid; border-radius: .3rem; margin-right: .5rem; }
.key .all { color: var(--all); background: var(--all-fill); } .key .some { color: var(--some); background: var(--some-fill); }
.key .none { color: var(--none); background: var(--none-fill); border-style: dashed; }
.key .out { color: var(--out); background: var(--out-fill); border-style: dotted; }
"""
    + "\n".join(
        f"pre .{each} {{ border-left-color: var(--{each}); background: var(--{each}-fill); }}"
        for each in ("all", "some", "none", "out")
    )
    + """
pre { font: 13px/1.45 ui-monospace, monospace; overflow-x: auto; }
pre span { display: block; border-left: 4px solid transparent; padding-left: .5rem; min-width: max-content; }
pre b { display: inline-block; width: 3.2rem; color: var(--soft); font-weight: 400; user-select: none; }
pre em { color: var(--none); font-style: normal; font-family: system-ui, sans-serif; margin-left: 1.5rem; }
"""
)

_GROUND = "@media screen { svg.graph { --graph-paper: var(--paper); } }"
"""A picture stands on the page, not on a ground of its own."""


def page(machines: Sequence[MachineCoverage], *, title: str = "Coverage of state machines") -> str:
    """The page's text, complete; write it as UTF-8."""
    names = names_of(machines)
    goals = sum(len(one.goals) for one in machines)
    met = sum(len(one.covered) for one in machines)
    total = percent_text(percent_of(met, goals))
    rows = "".join(
        _row(f'<a href="#{one.fingerprint}">{escape(names[one.fingerprint])}</a>', len(one.covered), len(one.goals))
        for one in machines
    )
    body = (
        f"<h1>{escape(title)}: {total}</h1>"
        + _wide(
            "Machines",
            '<table><tr><th>Machine<th class="n">Goals<th class="n">Missed<th class="n">Cover<th></tr>'
            f"{rows}{_row('<b>Total</b>', met, goals)}</table>",
        )
        + '<p class="key"><span class="all">covered</span><span class="some">in part</span>'
        '<span class="none">missed</span><span class="out">no goal</span></p>'
    )
    parts = "".join(_machine(one, names[one.fingerprint]) for one in machines)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}{graph_css()}{_GROUND}</style></head>\n<body>{body}{parts}</body></html>\n"
    )


def _wide(label: str, html: str) -> str:
    """What may be wider than the page, and is scrolled in itself: by the arrow keys too, so it takes the focus."""
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(label)}">{html}</div>'


def _row(name: str, met: int, goals: int) -> str:
    percent = percent_of(met, goals)
    return (
        f'<tr><td>{name}<td class="n">{goals}<td class="n">{goals - met}<td class="n">{percent_text(percent)}'
        f'<td><span class="bar"><i style="width:{percent:.1f}%"></i></span></tr>'
    )


def _machine(one: MachineCoverage, name: str) -> str:
    where = f' <span class="soft">{escape(one.file)}</span>' if one.file else ""
    return (
        f'<section id="{one.fingerprint}"><h2>{escape(name)}: {percent_text(one.percent)}{where}</h2>'
        f"{_wide(f'Graph of {name}', svg(one))}{_missing(one)}{_kinds(one)}{_definition(one)}</section>"
    )


def _missing(one: MachineCoverage) -> str:
    if not one.missing:
        return "<p>Nothing is missing.</p>"
    rows = "".join(
        f'<tr><td class="p">{one.line(goal) or ""}<td>{escape(goal.missing)}<td><code>{escape(goal.pointer)}</code></tr>'
        for goal in one.missing
    )
    table = f"<table><tr><th>Line<th>What<th>JSON pointer</tr>{rows}</table>"
    return f"<h3>Missing</h3>{_wide(f'Missing of {one.name}', table)}"


def _kinds(one: MachineCoverage) -> str:
    kinds: dict[str, list[bool]] = {}
    for goal in one.goals:
        kinds.setdefault(goal.kind, []).append(goal.mark in one.marks)
    rows = "".join(_row(escape(kind), sum(met), len(met)) for kind, met in kinds.items())
    head = '<tr><th>Goals<th class="n">All<th class="n">Missed<th class="n">Cover<th></tr>'
    table = _wide(f"Kinds of goals of {one.name}", f"<table>{head}{rows}</table>")
    return f"<details><summary>By kind of goal</summary>{table}</details>"


def _definition(one: MachineCoverage) -> str:
    """The definition's text, each line marked by the goals whose place it is."""
    text, lines = one.text, one.lines
    if text is None or not lines:
        text = json.dumps(one.definition, indent=2, ensure_ascii=False)
        layout = json_text.layout(text)
        lines = {pointer: place[0] for pointer, place in {**layout.values, **layout.keys}.items()}
    at: dict[int, list[Goal]] = {}
    for goal in one.goals:
        if goal.pointer in lines:
            at.setdefault(lines[goal.pointer], []).append(goal)
    every = text.splitlines()
    first, last = _part(at, len(every))
    shown = [_line(n, every[n - 1], at.get(n, []), one) for n in range(first, last + 1)]
    if first > 1:
        shown.insert(0, f"<span><b></b>… {first - 1} lines before</span>")
    if last < len(every):
        shown.append(f"<span><b></b>… {len(every) - last} lines after</span>")
    label = escape(f"Definition of {one.name}")
    return f"<h3>Definition</h3><pre tabindex='0' role='region' aria-label='{label}'>{''.join(shown)}</pre>"


def _part(at: dict[int, list[Goal]], count: int) -> tuple[int, int]:
    """The lines to show, both included: all, or those around the machine's where the file has many others."""
    if not at:
        return 1, count
    first, last = max(1, min(at) - _AROUND), min(count, max(at) + _AROUND)
    return first if first > _MANY else 1, last if count - last > _MANY else count


def _line(number: int, text: str, goals: list[Goal], one: MachineCoverage) -> str:
    kind = f' class="{status([goal.mark in one.marks for goal in goals])}"' if goals else ""
    missing = "; ".join(goal.missing for goal in goals if goal.mark not in one.marks)
    note = f"<em>{escape(missing)}</em>" if missing else ""
    return f"<span{kind}><b>{number}</b>{escape(text) or ' '}{note}</span>"


__all__ = ["page"]
