"""A Map Run as a value: where it stands, which children live, what they left, and how it is named.

Knows: what there is to know of a Map Run between two steps. Must never know: what happens next (flow.py does).
Names are functions of the execution's ARN and seed, so that equal seeds give equal names and no random number is drawn.
"""

from __future__ import annotations

import hashlib
from collections import deque
from typing import TYPE_CHECKING

from asl_local.lazy import NamedTuple
from asl_local.values import Json

if TYPE_CHECKING:
    from asl_local.engine.execution import Execution, Strand
    from asl_local.plan import State

MOST_CHILDREN = 10_000
"""Child executions that run at once where MaxConcurrency is 0 (Developer Guide, "Distributed Map")."""

EXPRESS_SECONDS = 300
"""How long a child execution of type EXPRESS may take."""

KEPT_UNSUCCESSFUL = 1_000
"""Children of a Map Run that did not succeed, with their histories; besides `Limits.kept_children` that did."""

COUNTS = (
    "pending", "running", "succeeded", "failed", "timedOut", "aborted", "total", "resultsWritten",
    "failuresNotRedrivable", "pendingRedrive",
)  # fmt: skip
"""What DescribeMapRun counts, of executions and of items."""

COUNTED_AS = {"SUCCEEDED": "succeeded", "FAILED": "failed", "TIMED_OUT": "timedOut", "ABORTED": "aborted"}

RUNNING, SUCCEEDED, FAILED, ABORTED = "RUNNING", "SUCCEEDED", "FAILED", "ABORTED"

READER, WRITER = -1, -2
"""What stands for a child's index where a token belongs to the run itself."""


class Errand(NamedTuple):
    """Whose a token of the parent is: the child's of that index, which knows it as `inner`; or READER's, or WRITER's."""

    run: MapRun
    whose: int
    inner: int


class Pending(NamedTuple):
    """An item that was read and not yet given to a child."""

    value: Json
    key: str | None
    source: str


class Child:
    """A child execution: its place among its siblings, its `count` items from `first` on, its tokens by the parent's."""

    __slots__ = ("count", "execution", "first", "index", "tokens")

    def __init__(self, index: int, first: int, count: int, execution: Execution) -> None:
        self.index, self.first, self.count, self.execution = index, first, count, execution
        self.tokens: dict[int, int] = {}


class MapRun:
    """One Map Run, of the state `state`, in which `strand` stands until the run ends. `closing` says that no more
    children start; `error` and `cause` are those it will fail with.

    `source` are the items where the state's input has them, else they come by pages into `pending`; `position` counts
    those that were taken from either, `taken` those that children have, `batch` holds what the next child will get.
    Results wait in `results` by the child's index, or in `buffers` by status until they are written to `files`.
    """

    __slots__ = (
        "again",
        "arguments",
        "arn",
        "asked",
        "batch",
        "batch_bytes",
        "batch_first",
        "batch_input",
        "batch_items",
        "batch_size",
        "buffered",
        "buffers",
        "cause",
        "closing",
        "culprit",
        "destination",
        "done",
        "error",
        "event",
        "executions",
        "exported",
        "files",
        "items",
        "kept",
        "keys",
        "label",
        "limit",
        "live",
        "manifest",
        "max_items",
        "overflow",
        "parameters",
        "pending",
        "position",
        "reading",
        "redrives",
        "results",
        "results_size",
        "source",
        "started",
        "started_at",
        "state",
        "status",
        "stopped_at",
        "strand",
        "taken",
        "told",
        "tolerated_count",
        "tolerated_percentage",
        "uuid",
        "writes",
    )  # fmt: skip

    def __init__(self, strand: Strand, state: State, label: str, uuid: str, arn: str) -> None:
        self.strand, self.state = strand, state
        self.label, self.uuid, self.arn = label, uuid, arn
        self.status, self.started_at, self.event = RUNNING, 0.0, 0
        self.stopped_at: float | None = None
        self.redrives = 0
        # What the state's fields say, evaluated.
        self.arguments: Json = None
        self.limit = MOST_CHILDREN
        self.max_items: int | None = None
        self.batch_items: int | None = None
        self.batch_bytes: int | None = None
        self.batch_input: Json = None
        self.tolerated_count: int | None = None
        self.tolerated_percentage: float | None = None
        self.parameters: Json = None
        self.destination: Json = None
        # Where the items are.
        self.source: list[Json] | None = None
        self.keys: list[str] | None = None
        self.pending: deque[Pending] = deque()
        self.position = self.taken = 0
        self.reading = self.asked = 0
        self.done = False
        self.batch: list[Json] = []
        self.batch_first = self.batch_size = 0
        # Where the children are.
        self.started = 0
        self.live: dict[int, Child] = {}
        self.kept: dict[int, Child] = {}
        self.again: list[int] = []  # those that a redrive takes up, by index
        self.executions = dict.fromkeys(COUNTS, 0)
        self.items = dict.fromkeys(COUNTS, 0)
        # What they left.
        self.results: dict[int, Json] = {}
        self.results_size = 0
        self.overflow = False
        self.buffers: dict[str, list[Json]] = {}
        self.buffered: dict[str, int] = {}
        self.files: dict[str, list[Json]] = {}
        self.writes: dict[int, Json] = {}
        self.exported = self.manifest = (
            False  # whether what never started was buffered, whether the manifest is written
        )
        # How it ends.
        self.closing = False
        self.error: str | None = None
        self.cause: str | None = None
        self.culprit = ""
        self.told = False  # whether that is what a step was told of; it ends in that step, so no dump has it

    def count(self, child: Child, by: int = 1) -> None:
        """Count a child that has ended, or take it out of the count again: it will go on."""
        outcome = child.execution.outcome
        counted = COUNTED_AS[outcome.status] if outcome else "aborted"
        self.executions[counted] += by
        self.items[counted] += by * child.count

    def close(self) -> None:
        """Let no more children start; those that a redrive would have taken up stay as they had ended."""
        self.closing = True
        for index in self.again:
            self.count(self.kept[index])
        self.again.clear()

    @property
    def batched(self) -> bool:
        """Whether a child gets several items."""
        return self.batch_items is not None or self.batch_bytes is not None

    @property
    def unsuccessful(self) -> int:
        """Items whose child execution failed or timed out."""
        return self.items["failed"] + self.items["timedOut"]

    def unsuccessful_kept(self) -> int:
        """Child executions that did not succeed, so far."""
        return self.executions["failed"] + self.executions["timedOut"] + self.executions["aborted"]

    def counts(self) -> tuple[dict[str, int], dict[str, int]]:
        """Of executions and of items, as DescribeMapRun has them."""
        executions, items = dict(self.executions), dict(self.items)
        executions["running"] = len(self.live)
        executions["total"] = self.started
        items["running"] = sum(child.count for child in self.live.values())
        if self.source is not None:
            items["total"] = len(self.source)
        else:
            items["total"] = self.position
        items["pending"] = items["total"] - self.taken
        return executions, items


def uuid_of(*parts: object) -> str:
    """A UUID (version 4 in form) that is a function of what it names."""
    digest = bytearray(hashlib.blake2b("\n".join(map(str, parts)).encode(), digest_size=16).digest())
    digest[6] = digest[6] & 0x0F | 0x40
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def seed_of(*parts: object) -> int:
    """A seed that is a function of whose it is."""
    return int.from_bytes(hashlib.blake2b("\n".join(map(str, parts)).encode(), digest_size=7).digest(), "big")
