"""The execution report: a run -> one HTML file that needs nothing besides itself, to be opened, mailed, printed.

Knows: the page's sections, its policy, and what of it stands there without a script. Must never know: where a run comes
from, or how the script shows it. Nothing that a run holds becomes markup: it is escaped here, or handed to the script as
data, which shows it as text; the policy allows this page's own script and style by their hashes, and no address at all.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Final

from asl_local.reporters.graph.look import MARKS
from asl_local.reporters.graph.outline import Block, outline
from asl_local.reporters.graph.svg import graph_css, svg
from asl_local.reporters.report.document import document, embedded
from asl_local.reporters.report.painting import LEGEND, failed_visit, painting
from asl_local.reporters.report.parts import (
    badge,
    counted,
    duration,
    icon,
    icons,
    json_block,
    kind_of,
    moment,
    script_json,
    text,
)
from asl_local.reporters.visits.model import Run

STYLES: Final = ("base.css", "facts.css", "graph.css", "panel.css", "timeline.css", "events.css")
SCRIPTS: Final = (
    "values.js", "data.js", "dom.js", "pictures.js", "faces.js", "json.js", "app.js", "facts.js", "paint.js", "graph.js", "tree.js",
    "panel.js", "table.js", "iterations.js", "rows.js", "scale.js", "timerows.js", "timeline.js", "events.js", "start.js",
)  # fmt: skip
"""Concatenated in this order, into one function; start.js runs, all others only define."""

_SECTIONS: Final = {
    "graph": "Graph", "state": "State", "iterations": "Iterations", "timeline": "Timeline", "events": "Events",
}  # fmt: skip


_NO_SCRIPT: Final = (
    '<noscript><p class="notice">No script runs here. With one, this page also shows what went in and out of each state, '
    "its attempts, the iterations of Maps, the timeline and the events.</p></noscript>"
)
_SIGNS: Final = {"×": "×2 visited twice", "/": "1/4 one of four visits", "↻": "↻2 retried twice"}
ENDS: Final = {
    "TIMED_OUT": ("Timed out", "The execution ran out of time."),
    "ABORTED": ("Aborted", "The execution was aborted; nobody gave an error or a cause."),
}
"""What the head says of an execution that has no error of its own, by its status; facts.js has the same."""


def page(
    run: Run, *, pictures: Mapping[str, str] | None = None, links: Sequence[tuple[str, str]] = ()
) -> str:  # fmt: skip
    """The page's text, complete; write it as UTF-8.

    `pictures` are thumbnails as data: addresses, by the `bucket/key` that the data refer to (thumbnails.pictures_of).
    `links` are words and addresses of what lies beside the page.
    """
    style, script = _style(), _script()
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    written = document(run)
    sections = "".join(
        f'<section id="{name}" class="card" aria-labelledby="{name}-title"{"" if name == "graph" else " hidden"}>'
        f'<header><h2 id="{name}-title">{heading}</h2></header>{_graph(run) if name == "graph" else ""}</section>\n'
        for name, heading in _SECTIONS.items()
    )
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{text(_named(run))}: {text(run.status)}</title><style>{style}</style></head>\n"
        f'<body>{icons(MARKS)}<a class="skip" href="#graph">To the graph</a>'
        '<div class="bar"><div><nav class="trail" aria-label="Where you are"><ol>'
        f'<li aria-current="page"><bdi>{text(run.name)}</bdi></li></ol></nav>'
        '<button type="button" class="button" id="scheme" hidden>Light or dark</button></div></div>\n'
        f'<main><section id="facts" aria-labelledby="facts-title">{_facts(run)}</section>\n{sections}'
        "</main>\n"
        f"<footer>{_links(links)}<p>Made by asl-local. This file holds all that it shows, and loads nothing.</p></footer>\n"
        f'<div id="live" class="unseen" aria-live="polite"></div>\n{_templates(written["definitions"])}'
        f'<script type="application/json" id="data">{embedded(written)}</script>\n'
        f'<script type="application/json" id="pictures">{script_json(dict(pictures or {}))}</script>\n'
        f"<script>{script}</script></body></html>\n"
    )


def _links(links: Sequence[tuple[str, str]]) -> str:
    shown = " · ".join(f'<a href="{text(address)}">{text(words)}</a>' for words, address in links)
    return f'<nav aria-label="Beside this page">{shown}</nav>' if shown else ""


def _named(run: Run) -> str:
    """The machine's name, and the execution's, which alone may only be `execution`."""
    return ", ".join(name for name in (run.machine, run.name) if name)


def _facts(run: Run) -> str:
    beside = f'<p class="muted execution"><bdi>{text(run.name)}</bdi></p>' if run.machine and run.name else ""
    return f"""<header><h1 id="facts-title"><bdi>{text(run.machine or run.name)}</bdi></h1>{beside}{badge(run.status, big=True)}</header>
{_error(run)}{_notes(run)}{_NO_SCRIPT}<dl class="facts">{"".join(_fact(*each) for each in _known(run))}</dl>
<div class="pair"><div class="card"><header><h2>Execution input</h2></header><div class="body">{json_block(run.input)}</div></div>
<div class="card"><header><h2>Execution output</h2></header><div class="body">{_output(run)}</div></div></div>"""


def _output(run: Run) -> str:
    return json_block(run.output) if run.status == "SUCCEEDED" else f'<p class="muted">None: {text(run.status)}</p>'


def _error(run: Run) -> str:
    if run.error is None and run.cause is None and run.status not in ENDS:
        return ""
    visit = failed_visit(run)
    where = f"<p>In state <bdi>{text(visit.state)}</bdi></p>" if visit else ""
    heading, sentence = ENDS.get(run.status, ("Error", ""))
    why = run.cause if run.cause is not None else sentence if run.error is None else ""
    return (
        f'<div class="error {kind_of(run.status)}"><h2>{text(run.error or heading)}</h2><p>{text(why)}</p>{where}</div>'
    )


def _notes(run: Run) -> str:
    return "".join(f'<p class="notice">{text(note)}</p>' for note in run.notes)


def _known(run: Run) -> Iterator[tuple[str, str]]:
    """What the page says of the execution: names and values, those that are known."""
    yield "State machine", run.machine
    yield "Execution ARN", run.arn
    yield "State machine ARN", run.machine_arn
    yield "Type", run.type
    yield "Started (UTC)", moment(run.started)
    yield "Stopped (UTC)", moment(run.stopped)
    if run.started is not None and run.stopped is not None:
        yield "Duration", duration(run.stopped - run.started) + (" of virtual time" if run.virtual else "")
    yield "Events", counted(len(run.events))


def _fact(name: str, value: str) -> str:
    wide = ' class="wide"' if name.endswith("ARN") else ""
    return f"<div{wide}><dt>{name}</dt><dd>{text(value)}</dd></div>" if value else ""


def _graph(run: Run) -> str:
    if run.definition is None:
        return '<p class="note">The definition is not known, so there is no graph.</p>'
    block = outline(run.definition)
    paint = painting(run, block)
    drawn = svg(block, title=_title(run.machine), paint=paint, style=False, interactive=True)
    reached = {paint[node.pointer].kind for node in block.walk()}
    legend = "".join(
        f'<li><span class="outcome {kind}">{icon(kind)}{LEGEND[kind]}</span></li>' for kind in LEGEND if kind in reached
    )
    notes = " ".join(paint[node.pointer].note for node in block.walk())
    signs = "".join(f'<li class="muted">{words}</li>' for sign, words in _SIGNS.items() if sign in notes)
    return f'<div class="graph-box">{drawn}</div><ul class="legend" aria-label="Legend">{legend}{signs}</ul>'


def _title(name: str) -> str:
    return f"Graph of {name}" if name else "Graph of the state machine"


def _templates(definitions: list[str]) -> str:
    """Graphs without paint, for what the script shows besides the run's own: other machines, and what each Map runs."""
    made = []
    for number, definition in enumerate(definitions):
        machine = outline(json.loads(definition))
        for block in (*((machine,) if number else ()), *_in_maps(machine)):
            drawn = svg(block, title=_title(block.title), style=False, interactive=True)
            made.append(
                f'<template class="graph" data-definition="{number}" data-block="{text(block.pointer)}">{drawn}</template>\n'
            )
    return "".join(made)


def _in_maps(block: Block) -> Iterator[Block]:
    """What each Map runs, at every depth."""
    for node in block.walk():
        if node.type == "Map":
            yield from node.blocks


@cache
def _style() -> str:
    return "\n".join((graph_css(), *(_file(name) for name in STYLES)))


@cache
def _script() -> str:
    return '(() => {\n"use strict";\n' + "\n".join(_file(name) for name in SCRIPTS) + "\n})();\n"


def _file(name: str) -> str:
    file = files("asl_local.reporters.report") / "page" / name
    return file.read_text("utf-8") if file.is_file() else ""


def _hash(source: str) -> str:
    """What the policy allows this source by."""
    return f"sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}"


__all__ = ["page"]
