"""--asl-report: a folder with a page for each execution of each test, and an index of them.

Knows: files, HTML, the reporters. Must never know: pytest, or how an execution came about.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from asl_local.drivers import Heard
from asl_local.interfaces.pytest_plugin import words
from asl_local.interfaces.pytest_plugin.recording import Recorded, Recording
from asl_local.interfaces.pytest_plugin.snapshots.fixture import stem_of
from asl_local.interfaces.result import Result
from asl_local.interfaces.viewing.writing import report
from asl_local.reporters.graph.mermaid import mermaid
from asl_local.reporters.timeline import Timeline, one_line
from asl_local.reporters.visits.whole import run_of

_LIST = "asl-report.json"
MOST_PAGES = 400  # of one process, some 100 kB each; of tests that failed there are more
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #1f2328; }
table { border-collapse: collapse; } th, td { padding: .3rem 1rem .3rem 0; text-align: left; vertical-align: top; }
tr + tr td { border-top: 1px solid #d0d7de; }
.bad { color: #b3261e; } .soft { color: #656d76; }
"""


class Pages:
    """The report of a session in one folder. Every process writes its own tests' pages, one of them the index."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows: list[dict[str, Any]] = []
        self._pages = 0

    def begin(self) -> None:
        """Remove what the last session wrote here, and nothing else. Raises OSError if nothing can be written here."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=self.folder):
            pass
        listed = self.folder / _LIST
        try:
            rows = json.loads(listed.read_text("utf-8"))["tests"]
            names = [name for row in rows for each in row["executions"] for name in each["files"].values()]
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return
        for name in [*names, _LIST, "index.html"]:
            path = self.folder / name
            if path.resolve().is_relative_to(self.folder.resolve()):
                path.unlink(missing_ok=True)
        for room in {(self.folder / name).parent for name in names}:
            if room.is_dir() and not any(room.iterdir()):
                room.rmdir()

    def add(self, recording: Recording, outcome: str) -> None:
        """Write the pages of a test that is over; `outcome` is pytest's word."""
        recorded = recording.executions
        if not recorded:
            return
        room = stem_of(recording.name.replace("/", "."))
        failed = outcome == "failed"
        executions = [self._execution(each, room, number, failed=failed) for number, each in enumerate(recorded, 1)]
        row = {"test": recording.name, "outcome": outcome, "count": recording.count, "executions": executions}
        self.rows.append(row)

    def finish(self) -> Path:
        """Write the index. All rows are there."""
        rows = sorted(self.rows, key=lambda row: row["test"])
        self.folder.mkdir(parents=True, exist_ok=True)
        listed = json.dumps({"tests": rows}, ensure_ascii=False, indent=1)
        (self.folder / _LIST).write_text(f"{listed}\n", "utf-8")
        index = self.folder / "index.html"
        index.write_text(_page("Executions of the tests", _index(rows)), "utf-8")
        return index

    def _execution(self, recorded: Recorded, room: str, number: int, *, failed: bool) -> dict[str, Any]:
        result, machine = recorded.result, recorded.machine
        files = {
            "history": (f"{room}/{number}.json", _history(result)),
            "timeline": (f"{room}/{number}.txt", "\n".join(_timeline(result, machine)) + "\n"),
            "graph": (f"{room}/{number}.mmd", graph(result, machine)),
        }
        if failed or self._pages < MOST_PAGES:
            self._pages += 1
            links = [
                ("all executions", "../index.html"),
                *((kind, Path(name).name) for kind, (name, _) in files.items()),
            ]
            files = {"page": (f"{room}/{number}.html", report(run_of(result), links=links)), **files}
        (self.folder / room).mkdir(parents=True, exist_ok=True)
        for name, text in files.values():
            (self.folder / name).write_text(text, "utf-8", errors="backslashreplace")
        return {
            "machine": machine.name, "kind": recorded.kind, "status": result.status, "seconds": result.seconds,
            "error": result.error, "place": result.place, "files": {kind: name for kind, (name, _) in files.items()},
        }  # fmt: skip


def graph(result: Result, machine: Heard) -> str:
    """The machine as a Mermaid flowchart, painted with the way that the execution took."""
    marked = dict.fromkeys(result.path, "taken")
    failed = words.failed(machine, result)
    if failed is not None and result.status != "SUCCEEDED":
        marked[failed.name] = "failed"
    return mermaid(machine.definition, marked=marked)


def _history(result: Result) -> str:
    """As `aws stepfunctions get-execution-history` prints it, with times as text."""
    events = [
        {**event, "timestamp": event["timestamp"].isoformat(timespec="milliseconds")}
        for event in result.history.to_aws()
    ]
    return json.dumps({"events": events}, ensure_ascii=False, indent=1) + "\n"


def _timeline(result: Result, machine: Heard) -> list[str]:
    timeline = Timeline(machine.plan)
    return [line for event in result.history if (line := timeline.line(event)) is not None]


# -------------------------------------------------------------------------------------------------------------- HTML


def _page(title: str, body: Iterable[str]) -> str:
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
    return "\n".join([head, f"<h1>{escape(title)}</h1>", *body, "</html>", ""])


def _index(rows: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    count = sum(row["count"] for row in rows)
    yield f"<p>{count} executions in {len(rows)} tests.</p>"
    yield "<table><tr><th>test<th>outcome<th>execution<th>status<th>seconds<th>where and why<th>files</tr>"
    for row in rows:
        test, outcome = escape(row["test"]), _judged(row["outcome"], row["outcome"] == "passed")
        if row["count"] > len(row["executions"]):
            test += f'<br><span class="soft">the last {len(row["executions"])} of {row["count"]}</span>'
        for each in row["executions"]:
            why = escape(one_line(": ".join(part for part in (each["place"], each["error"]) if part)))
            kind = "" if each["kind"] in ("run", "simulate") else f" ({escape(each['kind'])})"
            links = ", ".join(
                f'<a href="{escape(name)}">{kind_}</a>' for kind_, name in each["files"].items() if kind_ != "page"
            )
            page = escape(each["machine"])
            if "page" in each["files"]:
                page = f'<a href="{escape(each["files"]["page"])}">{page}</a>'
            status = _judged(each["status"], each["status"] in ("SUCCEEDED", "EXPLORED"))
            yield f"<tr><td>{test}<td>{outcome}<td>{page}{kind}<td>{status}<td>{each['seconds']:.3f}<td>{why}<td>{links}</tr>"
            test = outcome = ""
    yield "</table>"


def _judged(text: str, good: bool) -> str:
    return escape(text) if good else f'<span class="bad">{escape(text)}</span>'


__all__ = ["Pages", "graph"]
