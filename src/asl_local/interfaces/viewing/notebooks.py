"""What a notebook shows of a machine or a run: a picture and a line of facts, in one cell's output.

Knows: HTML that stands in somebody else's page: no script, no id, no style that reaches beyond it. Must never know: how a
picture is laid out, or what came about how.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Final

from asl_local.reporters.graph.outline import outline
from asl_local.reporters.graph.svg import Paint, graph_css, svg
from asl_local.reporters.report.painting import painting
from asl_local.reporters.report.parts import counted, duration
from asl_local.reporters.timeline import one_line, reason
from asl_local.reporters.visits.model import Run
from asl_local.values import Json

_CLASS: Final = "asl-local-graph"  # a notebook may have other pictures whose class is `graph`
_LONGEST: Final = 2_000  # characters of a cause
_NEUTRAL: Final = "border:1px solid #8884;border-radius:6px;padding:8px 12px;margin:4px 0;max-width:100%;overflow:auto"
_GOOD, _BAD = "#177a3c", "#b3261e"
_HALVES = re.compile("[\ud800-\udfff]")


def machine_card(definition: Mapping[str, Json], name: str) -> str:
    """A machine's graph."""
    return _card([_graph(definition, f"The state machine {name}", {})])


def run_card(run: Run) -> str:
    """A run: its status and facts in a line, its error, its graph painted by what became of the states."""
    return _card(_parts(run))


def _parts(run: Run) -> Iterator[str]:
    colour = f"background:{_GOOD if run.status == 'SUCCEEDED' else _BAD if run.status != 'RUNNING' else '#57606a'}"
    status = f'<strong style="{colour};color:#fff;border-radius:4px;padding:1px 8px">{escape(run.status)}</strong>'
    yield f"<div>{status} {escape(' · '.join(_facts(run)))}</div>"
    if run.error or run.cause:
        why = ": ".join(part for part in (run.error, reason(run.cause)) if part)
        place = f"<br>in {escape(one_line(run.place))}" if run.place else ""
        yield f"<div><strong>{escape(one_line(why)[:_LONGEST])}</strong>{place}</div>"
    for note in run.notes:
        yield f"<div>{escape(note)}</div>"
    if run.definition is not None:
        yield _graph(run.definition, f"The execution {run.name}: {run.status}", painting(run))


def _facts(run: Run) -> Iterator[str]:
    if run.machine:
        yield run.machine
    if run.name:
        yield run.name
    if run.started is not None and run.stopped is not None:
        yield f"{duration(run.stopped - run.started)}{' of virtual time' if run.virtual else ''}"
    yield f"{counted(len(run.events))} event{'' if len(run.events) == 1 else 's'}"


def _graph(definition: Mapping[str, Json], title: str, paint: Mapping[str, Paint]) -> str:
    drawn = svg(outline(definition), title=title, paint=paint, style=False)
    sheet = graph_css().replace("svg.graph", f"svg.{_CLASS}") + f"svg.{_CLASS} {{ max-width: 100%; height: auto; }}"
    return "<style>" + sheet + "</style>" + drawn.replace('class="graph"', f'class="{_CLASS}"', 1)


def _card(parts: Iterable[str]) -> str:
    text = "".join(f'<div style="margin:2px 0">{part}</div>' for part in parts)
    return _HALVES.sub("\ufffd", f'<div style="{_NEUTRAL}">{text}</div>')


__all__ = ["machine_card", "run_card"]
