"""What children leave: records of them, the Map's result, and the files that a ResultWriter wants.

Knows: how Step Functions describes a finished child, and what WriterConfig makes of its output. Must never know: when a
child has ended, or who writes a file.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from asl_local.engine.map_runs.run import Child, MapRun
from asl_local.values import LATEST, Json, size, text_of

if TYPE_CHECKING:
    from asl_local.engine.execution import Execution

FILE_BYTES = 4_194_304
"""How large a result file gets, about, before the next one begins: AWS's are larger, but no run's results fill
the memory.
"""

_INCLUDED: Json = {"Included": True}


def record(child: Child) -> Json:
    """A finished child as a result file has it, members in AWS's order (Developer Guide, "ResultWriter")."""
    x = child.execution
    outcome = x.outcome
    if outcome is None:
        raise TypeError(f"{x.identity.execution_arn} has not ended")
    failure = {
        name: text for name, text in (("Cause", outcome.cause), ("Error", outcome.error)) if text is not None
    }  # fmt: skip
    succeeded = outcome.status == "SUCCEEDED"
    output = {"Output": text_of(outcome.output), "OutputDetails": _INCLUDED} if succeeded else {}
    reason = {"RedriveStatusReason": "Execution is SUCCEEDED and cannot be redriven"} if succeeded else {}
    return {
        **failure,
        "ExecutionArn": x.identity.execution_arn,
        "Input": text_of(x.input),
        "InputDetails": _INCLUDED,
        "Name": x.identity.execution_name,
        **output,
        "RedriveCount": x.redrives,
        "RedriveStatus": "NOT_REDRIVABLE" if succeeded else "REDRIVABLE",
        **reason,
        "StartDate": _date(x.started_at),
        "StateMachineArn": x.identity.machine_arn,
        "Status": outcome.status,
        "StopDate": _date(x.now),
    }


def pending_record(given: Json) -> Json:
    """A child that never started, as a result file has it."""
    return {"Input": text_of(given), "InputDetails": _INCLUDED, "Status": "PENDING"}


def _date(at: float) -> str:
    moment = datetime.fromtimestamp(min(at, LATEST), UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def add(x: Execution, run: MapRun, child: Child) -> None:
    """Note what the child leaves: for a file, or for the Map's own result."""
    outcome = child.execution.outcome
    spec = run.state.distributed
    if outcome is None or spec is None:
        raise TypeError(f"{run.arn}: a child that has not ended leaves nothing")
    succeeded = outcome.status == "SUCCEEDED"
    if run.destination is not None:
        status = "SUCCEEDED" if succeeded else "FAILED"
        for entry in _entries(spec.transformation or "NONE", child):
            buffer(run, status, entry)
        return
    if run.overflow:
        return
    entries = _entries(spec.transformation or "COMPACT", child)
    run.results[child.index] = entries
    limit = x.limits.payload_bytes
    if limit is not None:
        run.results_size += size_of(entries)
        if run.results_size > limit + 1:
            run.overflow = True  # too large already, whatever else comes: nothing of it is kept
            run.results.clear()


def size_of(entries: list[Json]) -> int:
    """The bytes that entries add to a list, each with its comma."""
    return sum(size(entry) + 1 for entry in entries)


def _entries(transformation: str, child: Child) -> list[Json]:
    """What one child adds to the results; one that did not succeed is described, whatever is wanted of the others."""
    outcome = child.execution.outcome
    if transformation == "NONE" or outcome is None or outcome.status != "SUCCEEDED":
        return [record(child)]
    if transformation == "FLATTEN" and type(outcome.output) is list:
        return outcome.output
    return [outcome.output]


def collected(run: MapRun) -> Json:
    """The Map's result where no file has it: entries in the order of the items."""
    spec = run.state.distributed
    entries = [entry for index in sorted(run.results) for entry in run.results[index]]
    if spec is not None and spec.output_type == "JSONL":
        return "".join(f"{text_of(entry)}\n" for entry in entries)
    return entries


# -- files -------------------------------------------------------------------------------------------------------------


def buffer(run: MapRun, status: str, entry: Json) -> None:
    """Keep an entry until its file is written."""
    run.buffers.setdefault(status, []).append(entry)
    run.buffered[status] = run.buffered.get(status, 0) + size(entry) + 1


def take_file(run: MapRun, *, last: bool) -> Json | None:
    """The next file that is full, or with `last` any that has something: the arguments of the call that writes it."""
    for status, entries in run.buffers.items():
        if entries and (last or run.buffered[status] >= FILE_BYTES):
            run.buffers[status], run.buffered[status] = [], 0
            return _file(run, status, entries)
    return None


def _file(run: MapRun, status: str, entries: list[Json]) -> Json:
    spec = run.state.distributed
    kind = "JSON" if spec is None else spec.output_type
    number = len(run.files.get(status, [])) + sum(1 for file in run.writes.values() if file.get("Status") == status)
    return {
        "Bucket": run.destination["Bucket"],
        "Key": f"{folder(run)}{status}_{number}.{kind.lower()}",
        "Records": entries,
        "OutputType": kind,
        "Status": status,
    }


def note_file(run: MapRun, file: Json, written: Json) -> None:
    """A file of a status was written: `written` is its Key and Size. Files may be done in another order than begun."""
    status = file["Status"]
    files = [*run.files.get(status, []), written]
    run.files[status] = sorted(files, key=lambda each: (len(each["Key"]), each["Key"]))
    if status != "PENDING":
        run.executions["resultsWritten"] += len(file["Records"])


def is_manifest(file: Json) -> bool:
    """Whether these are the arguments of the manifest's call."""
    return "Files" in file


def manifest_file(run: MapRun) -> Json:
    """The arguments of the call that writes the manifest."""
    return {
        "Bucket": run.destination["Bucket"],
        "Key": f"{folder(run)}manifest.json",
        "MapRunArn": run.arn,
        "Files": run.files,
    }


def folder(run: MapRun) -> str:
    """`prefix/uuid/`, where a run's files are."""
    prefix = run.destination.get("Prefix", "")
    prefix = f"{prefix}/" if prefix and not prefix.endswith("/") else prefix
    again = f"Redrive-{run.redrives}/" if run.redrives else ""
    return f"{prefix}{run.uuid}/{again}"
