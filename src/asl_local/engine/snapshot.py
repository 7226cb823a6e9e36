"""Dump, load and fork: an execution as text, and back, and twice.

Knows: every slot of an execution and its strands. Must never know: what the slots mean.
Containers that several slots share (a Map's input, its items, their history rows) are written once, in a pool, and
are shared again after loading: a dump of a wide Map does not repeat its input for every iteration.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from asl_local.engine.history import History
from asl_local.engine.map_runs import asking, saved
from asl_local.engine.messages import Identity, Limits, Outcome
from asl_local.values import Json, text_of

if TYPE_CHECKING:
    from asl_local.engine.execution import Execution, Strand
    from asl_local.plan import Plan

VERSION = 2

# Slots by how they are written: as they are, through the pool, as a list of values that each go through the pool.
_PLAIN = (
    "index", "alive", "entered", "entered_at", "event", "token", "why", "until", "heartbeat", "beat_by", "retries",
    "started", "limit", "timeout", "offered", "begun", "role",
)  # fmt: skip
_POOLED = ("raw", "effective", "items", "variables", "early")


class _Pool:
    """Values by identity: each container is written the first time it is met."""

    def __init__(self) -> None:
        self.values: list[Json] = []
        self._places: dict[int, int] = {}

    def put(self, value: Json) -> Json:
        """What stands for the value in the dump: itself, or `{"$": place}`."""
        if type(value) is not dict and type(value) is not list:
            return value
        found = self._places.get(id(value))
        if found is None:
            found = self._places[id(value)] = len(self.values)
            self.values.append(value)
        return {"$": found}


def _got(values: list[Json], written: Json) -> Json:
    return values[written["$"]] if type(written) is dict else written


class _Texts:
    """Values by what they say, whoever shares them: two that are written alike are the same."""

    def __init__(self) -> None:
        self._texts: dict[int, str] = {}
        self._kept: list[Json] = []  # an identity is only one as long as its value lives

    def put(self, value: Json) -> Json:
        """The value's JSON text."""
        if type(value) is not dict and type(value) is not list:
            return text_of(value)
        text = self._texts.get(id(value))
        if text is None:
            text = self._texts[id(value)] = text_of(value)
            self._kept.append(value)
        return text


def dump(x: Execution) -> str:
    """See Execution.dump."""
    pool = _Pool()
    return text_of({**_document(x, pool), "values": pool.values})


def bundle(executions: Sequence[Execution]) -> str:
    """The dumps of an execution and of those that it has started, in that order, as one text."""
    texts = [dump(execution) for execution in executions]
    return texts[0] if len(texts) == 1 else text_of(texts)


def unbundle(text: str) -> list[str]:
    """The dumps in a text that `dump` or `bundle` wrote. Raises ValueError for other texts."""
    if not text.startswith(("{", "[")):
        raise ValueError("the text is not what Execution.dump or Started.dump gave")
    return [str(each) for each in json.loads(text)] if text.startswith("[") else [text]


def machine_of(text: str) -> str:
    """The ARN of the machine whose execution was dumped."""
    return str(json.loads(text)["identity"]["machine_arn"])


def equal(x: Execution, y: Execution) -> bool:
    """See Execution: whether two say the same, whatever they share and with whom."""
    return _document(x, _Texts()) == _document(y, _Texts())


def _document(x: Execution, pool: _Pool | _Texts) -> dict[str, Json]:
    strands: list[Json] = []
    numbers: dict[int, int] = {}
    runs = {id(run): number for number, run in enumerate(x.map_runs)}

    def write(strand: Strand) -> int:
        number = numbers[id(strand)] = len(strands)
        record: dict[str, Json] = {slot: getattr(strand, slot) for slot in _PLAIN}
        record |= {slot: pool.put(getattr(strand, slot)) for slot in _POOLED}
        record["state"] = strand.state.name
        record["run"] = None if strand.run is None else runs[id(strand.run)]
        record["attempts"] = sorted((strand.attempts or {}).items())
        # A list of results still grows, so it is no shared value yet.
        record["results"] = None if strand.results is None else [pool.put(result) for result in strand.results]
        strands.append(record)
        record["live"] = None if strand.live is None else [write(child) for child in strand.live.values()]
        return number

    write(x.root)
    return {
        "version": VERSION,
        "plan": x.plan.fingerprint,
        "identity": _fields(x.identity),
        "limits": _fields(x.limits),
        "activities": None if x.activities is None else sorted(x.activities),
        "seed": x.seed,
        "shuffle": x.shuffle,
        "draws": x.draws,
        "now": x.now,
        "started_at": x.started_at,
        "tokens": x.tokens,
        "assigned_bytes": x.assigned_bytes,
        "redrives": x.redrives,
        "redriven_at": x.redriven_at,
        "input": pool.put(x.input),
        "strands": strands,
        "map_runs": [saved.write(run, pool.put, lambda child: _document(child, pool)) for run in x.map_runs],
        "ready": [numbers[id(strand)] for strand in x.ready if strand.alive],
        "history": [[pool.put(part) for part in row] for row in x.history.rows],
        "outcome": None if x.outcome is None else [pool.put(part) for part in x.outcome],
    }


def _fields(value: Identity | Limits) -> dict[str, Json]:
    """Their fields by name; not dataclasses.asdict, whose import costs as much as ours."""
    return {name: getattr(value, name) for name in value.__match_args__}


def load(text: str, plan: Plan) -> Execution:
    """See Execution.load."""
    try:
        document: dict[str, Any] = json.loads(text)
    except RecursionError:
        raise ValueError("the dump has a value that nests deeper than Python's json can read") from None
    if document.get("version") != VERSION:
        raise ValueError(f"a dump of version {document.get('version')!r}; this library reads version {VERSION}")
    return _execution(document, plan, document["values"])


def _execution(document: Any, plan: Plan, values: list[Json]) -> Execution:
    from asl_local.engine.execution import Execution, Strand  # noqa: PLC0415 - they build on us

    if document["plan"] != plan.fingerprint:
        raise ValueError(f"the dump belongs to the plan {document['plan']}, not to {plan.fingerprint}")
    x = Execution(
        plan, _got(values, document["input"]), identity=Identity(**document["identity"]), seed=document["seed"],
        shuffle=document["shuffle"], limits=Limits(**document["limits"]),
        activities=None if document["activities"] is None else frozenset(document["activities"]),
    )  # fmt: skip
    for slot in ("draws", "now", "started_at", "tokens", "assigned_bytes", "redrives", "redriven_at"):
        setattr(x, slot, document[slot])
    records = document["strands"]
    loaded: dict[int, Strand] = {}

    def read(number: int, parent: Strand | None) -> Strand:
        record = records[number]
        if parent is None:
            block = plan.top
        else:
            blocks = parent.state.blocks
            block = blocks[0] if parent.state.type == "Map" else blocks[record["index"]]
        strand = loaded[number] = Strand(parent, record["index"], block, None, 0)
        strand.state = block.states[record["state"]]
        for slot in _PLAIN:
            setattr(strand, slot, record[slot])
        for slot in _POOLED:
            setattr(strand, slot, _got(values, record[slot]))
        strand.attempts = dict(record["attempts"]) or None
        if record["results"] is not None:
            strand.results = [_got(values, result) for result in record["results"]]
        if record["live"] is not None:
            children = [read(child, strand) for child in record["live"]]
            strand.live = {child.index: child for child in children}
        if strand.token:
            x.waiting[strand.token] = strand
        return strand

    x.root = x.current = read(0, None)
    x.ready = deque(loaded[number] for number in document["ready"])
    for record in document["map_runs"]:
        run = saved.read(
            record, x.root, plan, lambda value: _got(values, value), lambda child, plan: _execution(child, plan, values)
        )
        x.map_runs.append(run)
    for number, strand in loaded.items():
        if records[number]["run"] is not None:
            strand.run = x.map_runs[records[number]["run"]]
            strand.run.strand = strand
            x.errands.update(asking.errands(strand.run))
    rows = [tuple(_got(values, part) for part in row) for row in document["history"]]
    x.history = History(x.limits.events, rows)
    if document["outcome"] is not None:
        x.outcome = Outcome(*(_got(values, part) for part in document["outcome"]))
    return x


def fork(x: Execution) -> Execution:
    """See Execution.fork."""
    copies: dict[int, Strand] = {}

    def copy(strand: Strand, parent: Strand | None) -> Strand:
        twin = copies[id(strand)] = _twin(strand, parent)
        if strand.live is not None:
            twin.live = {index: copy(child, twin) for index, child in strand.live.items()}
        if twin.token:
            other.waiting[twin.token] = twin
        return twin

    other = type(x)(x.plan, x.input, identity=x.identity, seed=x.seed, shuffle=x.shuffle, limits=x.limits,
                    activities=x.activities)  # fmt: skip
    for slot in ("draws", "now", "started_at", "tokens", "assigned_bytes", "redrives", "redriven_at", "outcome"):
        setattr(other, slot, getattr(x, slot))
    other.marks = x.marks
    other.root = other.current = copy(x.root, None)
    other.ready = deque(copies[id(strand)] for strand in x.ready if strand.alive)
    other.history = History(x.limits.events, list(x.history.rows))
    for run in x.map_runs:
        other.map_runs.append(saved.twin(run, copies.get(id(run.strand), other.root)))
    places = {id(run): number for number, run in enumerate(x.map_runs)}
    for strand in copies.values():
        if strand.run is not None:
            strand.run = other.map_runs[places[id(strand.run)]]
            strand.run.strand = strand
            other.errands.update(asking.errands(strand.run))
    return other


def _twin(strand: Strand, parent: Strand | None) -> Strand:
    """A second strand below another parent, without children; what may be edited is its own.

    Slot by slot in plain sight: an exploration forks thousands of strands a second.
    """
    other = object.__new__(type(strand))
    other.parent, other.index, other.block, other.raw, other.event = (
        parent,
        strand.index,
        strand.block,
        strand.raw,
        strand.event,
    )
    other.alive = strand.alive
    other.beat_by = strand.beat_by
    other.begun = strand.begun
    other.bound = strand.bound
    other.weighed = strand.weighed
    other.early = strand.early
    other.effective = strand.effective
    other.entered = strand.entered
    other.entered_at = strand.entered_at
    other.heartbeat = strand.heartbeat
    other.items = strand.items
    other.limit = strand.limit
    other.offered = strand.offered
    other.retries = strand.retries
    other.role = strand.role
    other.run = strand.run
    other.started = strand.started
    other.state = strand.state
    other.timeout = strand.timeout
    other.token = strand.token
    other.until = strand.until
    other.variables = strand.variables
    other.why = strand.why
    other.attempts = None if strand.attempts is None else dict(strand.attempts)
    other.results = None if strand.results is None else list(strand.results)
    other.live = None
    return other
