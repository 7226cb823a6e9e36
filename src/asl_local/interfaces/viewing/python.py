"""`asl_local.view`: a recorded execution, to be looked at.

Knows: what a history is looked at with. Must never know: how a run is read off it, or how a report shows it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, overload

from asl_local.interfaces.result import Result
from asl_local.interfaces.viewing.definitions import Shown, tree_of
from asl_local.interfaces.viewing.facts import Described, described, tell
from asl_local.lazy import dataclass, hinted
from asl_local.reporters.graph.outline import outline
from asl_local.reporters.recorded import Given, read
from asl_local.reporters.visits.model import Run, Visit
from asl_local.values import Json

_MOST_NAMED = 8  # states that a sentence lists


@dataclass(frozen=True, slots=True)
class View:
    """A recorded execution, read: `run` has what it did, as values; the methods show it."""

    run: Run

    @property
    def notes(self) -> list[str]:
        """What the history does not have and where it does not fit the definition, a sentence each."""
        return list(self.run.notes)

    @overload
    def to_html(self, path: None = None, *, aws: Any = None) -> str: ...
    @overload
    def to_html(self, path: str | os.PathLike[str], *, aws: Any = None) -> Path: ...
    def to_html(self, path: str | os.PathLike[str] | None = None, *, aws: Any = None) -> str | Path:
        """The execution report: one HTML page that needs nothing besides itself. See `Result.to_html`."""
        from asl_local.interfaces.viewing import writing  # noqa: PLC0415 - with all that draws

        text = writing.report(self.run, aws)
        return text if path is None else writing.write(text, path)

    def timeline(self, width: int = 100, *, ascii: bool = False) -> str:
        """What it did as text: states, attempts and waits over time. See `Result.timeline`."""
        from asl_local.reporters.visits.text import timeline_text  # noqa: PLC0415 - only for those who look

        return timeline_text(self.run, width, ascii=ascii)

    def _repr_html_(self) -> str:
        from asl_local.interfaces.viewing.notebooks import run_card  # noqa: PLC0415 - only in notebooks

        return run_card(self.run)


def view(
    history: Given | Result,
    definition: Shown | None = None,
    *,
    execution: Described | None = None,
    substitutions: Mapping[str, Any] | None = None,
    name: str | None = None,
) -> View:
    """A recorded execution as something to look at: `view("history.json", "order.asl.json").to_html("order.html")`.

    `history` is the output of `aws stepfunctions get-execution-history`: a path, JSON text, its `events` from boto3 or
    from the CLI, one page, a list of pages or of paths; a record of `asl-local run`; the log of an Express execution
    (its lines, or what `aws logs filter-log-events` has written); a Result or its history. It may be cut, in reverse
    order, without data, or of an execution that still runs: what is missing stands in the notes. `definition` is
    whatever `load` takes, a Machine, or the answer of describe-state-machine-for-execution; without it there is no
    graph. `execution` is the answer of describe-execution, which knows names, status and the end. `substitutions` and
    `name` as in `load`. Raises InvalidHistory for what is no history, InvalidDefinition and DefinitionNotFound, OSError
    for files that cannot be read.
    """
    from asl_local.reporters.visits.whole import run_of_recording  # noqa: PLC0415 - with all that reads runs

    recording = read(history.history if isinstance(history, Result) else history, whole=False)
    beside = recording.beside
    tree, machine = beside.get("definition"), ""
    if definition is not None:
        tree, machine = tree_of(definition, name=name, substitutions=substitutions)
    run = run_of_recording(recording, tree if isinstance(tree, Mapping) else None)
    run.machine = machine or run.machine
    if beside.get("status") or beside.get("executionArn"):
        tell(run, beside, text=False)
    if execution is not None:
        tell(run, described(execution), text=True)
    run.name = run.name or Path(recording.source).name.split(".")[0]
    if definition is not None and run.definition is not None:
        source = str(definition) if isinstance(definition, os.PathLike) else ""
        run.notes += _strangers(run.visits, run.definition, source)
    return View(run)


def _strangers(visits: list[Visit], definition: Mapping[str, Json], source: str) -> Iterator[str]:
    """Where the visits do not fit the definition."""
    named = f"The definition{f' {source}' if source else ''}"
    types = {node.pointer: node.type for node in outline(definition).walk()}
    unknown = _some(repr(visit.state) for visit in visits if not visit.pointer)
    if unknown:
        yield (
            f"{named} does not have the state{'s' if ', ' in unknown else ''} {unknown}: it is not the one that this "
            "execution ran with. What the graph does not show stands in the timeline and the events."
        )
    changed = _some(
        f"{visit.state!r} is a {types[visit.pointer]} and was a {visit.type}"
        for visit in visits
        if types.get(visit.pointer, "") not in ("", visit.type)
    )
    if changed:
        yield f"{named} is not the one that this execution ran with: {changed}."


def _some(words: Iterable[str]) -> str:
    """The words, each once, as many as somebody reads."""
    each = list(dict.fromkeys(words))
    return ", ".join(each[:_MOST_NAMED]) + (", …" if len(each) > _MOST_NAMED else "")


__all__ = ["View", "view"]

hinted(globals())
