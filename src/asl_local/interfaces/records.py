"""Executions on disk: one JSON file each, in the folder `executions` of a root directory.

Knows: the record's members and AWS's rules for an execution's name. Must never know: how an execution is run.
A record is written when the execution starts (status RUNNING, no history) and replaced when it has ended, so that one
whose process was killed is still to be seen.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from datetime import datetime
from pathlib import Path

from asl_local.engine import Identity
from asl_local.errors import AslError
from asl_local.interfaces.machine import Machine
from asl_local.interfaces.result import Result
from asl_local.lazy import TYPE_CHECKING
from asl_local.reporters import Event
from asl_local.services import files
from asl_local.values import Json, indented

if TYPE_CHECKING:
    from typing import Any

FOLDER = "executions"

# StartExecution's rules for a name; they also keep it a file name on every system.
_FORBIDDEN = re.compile(r"[\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]")
_LONGEST = 80


class RecordError(AslError):
    """A record that cannot be had, made or read; the text is one line for people."""


class Records:
    """The executions of one root directory.

    A record is `{"name", "stateMachineArn", "executionArn", "status", "startDate", "stopDate", "simulated", "input",
    "output", "error", "cause", "definition", "history"}`: input, output and definition as JSON values, dates in ISO 8601,
    `history` the events of GetExecutionHistory with dates as text.
    """

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.folder = Path(root) / FOLDER

    def begin(self, record: dict[str, Json]) -> Path:
        """Write the record of an execution that starts.

        Raises RecordError if there is one of that name already; but a simulated execution repeats itself, so its record
        takes the place of its own earlier one.
        """
        name = check_name(record["name"])
        path = self._path(name)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            # Exclusive creation, so that of two processes that want one name only one gets it.
            with contextlib.suppress(FileExistsError) if self._may_repeat(record) else contextlib.nullcontext():
                path.open("x").close()
            self.write(record)
        except FileExistsError:
            raise RecordError(f"there is an execution {name!r} in {self.folder} already; choose another name") from None
        except OSError as error:
            raise RecordError(f"cannot write {path}: {error.strerror or error}") from error
        return path

    def write(self, record: dict[str, Json]) -> Path:
        """Replace the record, wholly or not at all. Raises OSError."""
        path = self._path(record["name"])
        text = indented(record, 1, allow_nan=False)
        files.write_atomically(path, text.encode("utf-8", "surrogatepass"))
        return path

    def read(self, name: str) -> dict[str, Any]:
        """One execution's record. Raises RecordError if there is none or it cannot be read."""
        path = self._path(name)
        try:
            if _FORBIDDEN.search(name):
                raise FileNotFoundError
            record = json.loads(path.read_bytes().decode("utf-8", "surrogatepass"))
        except FileNotFoundError:
            raise RecordError(f"there is no execution {name!r} in {self.folder}") from None
        except (OSError, ValueError) as error:
            raise RecordError(f"cannot read {path}: {error}") from error
        except RecursionError:
            raise RecordError(f"cannot read {path}: a value nests deeper than Python's json can read") from None
        if not isinstance(record, dict) or not {"name", "status", "history"} <= set(record):
            raise RecordError(f"{path} is not the record of an execution")
        return record

    def names(self) -> list[str]:
        """The names of all executions, the latest first."""
        found = []
        for path in self.folder.glob("*.json") if self.folder.is_dir() else ():
            try:
                found.append((path.stat().st_mtime_ns, path.name.removesuffix(".json")))
            except OSError:  # somebody has just taken it away
                continue
        return [name for _, name in sorted(found, reverse=True)]

    def _may_repeat(self, record: dict[str, Json]) -> bool:
        try:
            return bool(record["simulated"]) and bool(self.read(record["name"])["simulated"])
        except (RecordError, KeyError):
            return False

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.json"


def check_name(name: str) -> str:
    """The name, if StartExecution would take it. Raises RecordError."""
    bad = _FORBIDDEN.search(name)
    if bad or not 1 <= len(name) <= _LONGEST or name.startswith("."):
        why = f"{bad[0]!r} is not allowed" if bad else f"1 to {_LONGEST} characters, the first no dot"
        raise RecordError(f"{name!r} cannot name an execution: {why}")
    return name


class Recording:
    """One execution on its way into a record: give it every event (`Machine.run(..., on_event=recording.take)`).

    The first event writes the record, before any task is called and after all that could keep the execution from
    starting has been looked at; `close` replaces it by the whole. Without `records` it only keeps the events.
    """

    def __init__(
        self,
        records: Records | None,
        machine: Machine,
        input: Json,
        *,
        identity: Identity,
        simulated: bool = False,
    ) -> None:
        self.events: list[Event] = []
        self._records = records
        self._record: dict[str, Json] = {
            "name": identity.execution_name,
            "executionArn": identity.execution_arn,
            "stateMachineArn": identity.machine_arn,
            "status": "RUNNING",
            "startDate": None,
            "stopDate": None,
            "simulated": simulated,
            "input": input,
            "output": None,
            "error": None,
            "cause": None,
            "definition": machine.definition,
            "history": [],
        }

    def take(self, event: Event) -> None:
        """Take the next event. Raises RecordError if the record cannot be begun."""
        self.events.append(event)
        if len(self.events) == 1 and self._records is not None:
            try:
                self._records.begin({**self._record, "startDate": _text(event.timestamp)})
            except RecordError:
                self.events.clear()  # there is nothing to close; after Ctrl-C there is
                raise

    def close(self, result: Result | None) -> None:
        """Write the whole record; `result` is None for an execution that was interrupted. Raises OSError."""
        if self._records is not None and self.events:
            self._records.write(self.record(result))

    def record(self, result: Result | None) -> dict[str, Json]:
        """The whole record, of an execution that has events."""
        ended: dict[str, Json] = {"status": "ABORTED", "output": None, "error": None, "cause": "interrupted"}
        if result is not None:
            ended = {name: getattr(result, name) for name in ended}
        return {
            **self._record,
            **ended,
            "startDate": _text(self.events[0].timestamp),
            "stopDate": _text(self.events[-1].timestamp),
            "history": [
                {**shape, "timestamp": _text(shape["timestamp"])} for shape in (event.to_aws() for event in self.events)
            ],
        }


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


__all__ = ["FOLDER", "RecordError", "Recording", "Records", "check_name"]
