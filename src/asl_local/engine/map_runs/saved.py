"""Map Runs in a dump and in a fork: every slot, with the children as documents of their own.

Knows: every slot of a run. Must never know: what the slots mean. Values are shared with the parent's dump through its
pool, as they are in the parent.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from asl_local.engine.map_runs.flow import plan_of
from asl_local.engine.map_runs.run import Child, MapRun, Pending

if TYPE_CHECKING:
    from asl_local.engine.execution import Execution, Strand
    from asl_local.plan import Plan
    from asl_local.values import Json

    Put = Callable[[Json], Json]
    Write = Callable[[Execution], Json]
    Read = Callable[[Json, Plan], Execution]

# Slots by how they are written: as they are, through the pool, as lists and mappings whose values go through the pool.
_PLAIN = (
    "label", "uuid", "arn", "status", "started_at", "stopped_at", "event", "redrives", "limit", "max_items", "batch_items",
    "batch_bytes", "batch_first", "batch_size", "tolerated_count", "tolerated_percentage", "position", "taken", "reading",
    "asked", "done", "started", "results_size", "overflow", "exported", "manifest", "closing", "error", "cause", "culprit",
)  # fmt: skip
_COPIED = ("executions", "items", "buffered", "files")
_POOLED = ("arguments", "batch_input", "parameters", "destination", "source")


def write(run: MapRun, put: Put, child: Write) -> dict[str, Json]:
    """A run as JSON; `put` gives what stands for a value, `child` writes an execution."""
    record: dict[str, Json] = {slot: getattr(run, slot) for slot in _PLAIN}
    record |= {slot: put(getattr(run, slot)) for slot in _POOLED}
    record |= {slot: {**getattr(run, slot)} for slot in _COPIED}
    record["pointer"] = run.state.pointer
    record["keys"] = run.keys
    record["again"] = run.again
    record["pending"] = [[put(item.value), item.key, item.source] for item in run.pending]
    record["batch"] = [put(item) for item in run.batch]
    record["results"] = [[index, [put(entry) for entry in entries]] for index, entries in sorted(run.results.items())]
    record["buffers"] = [[status, [put(entry) for entry in entries]] for status, entries in run.buffers.items()]
    record["writes"] = [[token, put(file)] for token, file in run.writes.items()]
    for slot in ("live", "kept"):
        record[slot] = [
            [member.index, member.first, member.count, sorted(member.tokens.items()), child(member.execution)]
            for member in getattr(run, slot).values()
        ]
    return record


def read(record: dict[str, Any], strand: Strand, plan: Plan, got: Put, child: Read) -> MapRun:
    """The run that `write` wrote; `got` gives back a value, `child` an execution of a plan."""
    run = MapRun(strand, plan.states[record["pointer"]], "", "", "")
    for slot in _PLAIN + _COPIED:
        setattr(run, slot, record[slot])
    for slot in _POOLED:
        setattr(run, slot, got(record[slot]))
    run.keys, run.again = record["keys"], record["again"]
    run.pending = deque(Pending(got(value), key, source) for value, key, source in record["pending"])
    run.batch = [got(item) for item in record["batch"]]
    run.results = {index: [got(entry) for entry in entries] for index, entries in record["results"]}
    run.buffers = {status: [got(entry) for entry in entries] for status, entries in record["buffers"]}
    run.writes = {token: got(file) for token, file in record["writes"]}
    for slot in ("live", "kept"):
        members = getattr(run, slot)
        for index, first, count, tokens, document in record[slot]:
            members[index] = Child(index, first, count, child(document, plan_of(plan, run.state)))
            members[index].tokens = dict(tokens)
    return run


def twin(run: MapRun, strand: Strand) -> MapRun:
    """A second run that goes its own way from here."""
    other = MapRun(strand, run.state, run.label, run.uuid, run.arn)
    for slot in _PLAIN + _POOLED:
        setattr(other, slot, getattr(run, slot))
    for slot in _COPIED:
        setattr(other, slot, {**getattr(run, slot)})
    other.keys, other.pending, other.batch = run.keys, deque(run.pending), list(run.batch)
    other.again = list(run.again)
    other.results, other.writes = dict(run.results), dict(run.writes)
    other.buffers = {status: list(entries) for status, entries in run.buffers.items()}
    for slot in ("live", "kept"):
        members = getattr(other, slot)
        for index, member in getattr(run, slot).items():
            copied = members[index] = Child(index, member.first, member.count, member.execution.fork())
            copied.tokens = dict(member.tokens)
    return other
