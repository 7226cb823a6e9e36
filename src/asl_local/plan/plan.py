"""The compiled plan: what the engine runs, with every expression a closure and every name spelt once.

Knows: what a state needs at run time. Must never know: JSONPath text, definitions, or how anything is scheduled.
Nothing in a plan changes after compile.py has made it; executions share it.
"""

from __future__ import annotations

from math import inf

from asl_local.errors import ALL, DATA_LIMIT_EXCEEDED, HEARTBEAT_TIMEOUT, RUNTIME, TASK_FAILED, TIMEOUT
from asl_local.language import Flow, Scope
from asl_local.lazy import TYPE_CHECKING, dataclass, field, later
from asl_local.values import Json, text_of

if TYPE_CHECKING:
    import hashlib
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any, TypeAlias

    from asl_local.plan.requests import Fields
else:
    later(globals(), "hashlib")

OutputFlow: TypeAlias = "Callable[[Json, Json, Scope], Json]"
"""(raw input, result, scope) -> output (ResultSelector, ResultPath, OutputPath; Output), or -> new variables (Assign)."""

Place: TypeAlias = "Callable[[Json, Json], Json]"
"""(raw input, result) -> raw input with the result in its place."""

Test: TypeAlias = "Callable[[Json, Scope], bool]"

LONGEST_DELAY = 31_622_400.0
"""Seconds, 366 days: the most that MaxDelaySeconds can say, and more than a Standard execution lives. Back-off without
a cap ends there, before it passes what a timestamp can name."""


def matches(errors: frozenset[str], error: str, *, task_result: bool = False) -> bool:
    """Whether an ErrorEquals names `error`: equality, or one of the two wildcards.

    States.Runtime is matched by nothing, not even by its own name (recorded). States.DataLimitExceeded is matched by
    a wildcard only where a Task's result was too large (recorded, against the documentation). States.Timeout
    stands for a missed heartbeat too, as it did before that had a name of its own.
    """
    if error == RUNTIME:
        return False
    if error in errors:
        return True
    if error == DATA_LIMIT_EXCEEDED and not task_result:
        return False
    if ALL in errors:
        return True
    if error == HEARTBEAT_TIMEOUT and TIMEOUT in errors:
        return True
    return TASK_FAILED in errors and error != TIMEOUT


@dataclass(slots=True)
class Retrier:
    """One retrier; times in seconds."""

    errors: frozenset[str]
    interval: float
    attempts: int
    backoff: float
    cap: float | None
    jitter: bool

    def delay(self, used: int) -> float:
        """Seconds before the next attempt when this retrier has been used `used` times, before jitter."""
        try:
            seconds = self.interval * self.backoff**used
        except OverflowError:
            seconds = float("inf")
        return min(seconds, LONGEST_DELAY if self.cap is None else self.cap)


@dataclass(slots=True)
class Catcher:
    """One catcher; `output` makes the state's output, and `assign` the new variables, of the Error Output."""

    errors: frozenset[str]
    next: str
    output: OutputFlow | None = None
    assign: OutputFlow | None = None


@dataclass(slots=True)
class Rule:
    """One Choice rule, and how the state is left when it is the first that is true."""

    test: Test
    next: str
    output: OutputFlow | None = None
    assign: OutputFlow | None = None


@dataclass(slots=True)
class Resource:
    """What a Task calls, taken apart as the history shows it.

    `kind` is "lambda" for a function's own ARN, "activity" for an activity's, and "service" for
    `arn:aws:states:::service:action`; then `service` is `dynamodb` or `aws-sdk:s3` and `action` is `putItem`, or
    `runTask.sync` with its `pattern` `.sync`. `function` is lambda:invoke's FunctionName where the definition has it
    as a constant. `waits` says what ends the task beyond the call's answer: "token", "job", "activity" or "".
    `fields` are the parameters that the action may be called with, None where only the service can tell.
    """

    arn: str
    kind: str
    service: str = ""
    action: str = ""
    function: str = ""
    pattern: str = ""
    waits: str = ""
    fields: Fields | None = None

    @property
    def operation(self) -> str:
        """The action without its pattern: `runTask`."""
        return self.action.removesuffix(self.pattern)


@dataclass(slots=True)
class Number:
    """TimeoutSeconds, HeartbeatSeconds, MaxConcurrency: a constant, or where the input has it."""

    constant: Json
    flow: Flow | None = None

    def of(self, value: Json, scope: Scope) -> Json:
        """The number for this input."""
        return self.constant if self.flow is None else self.flow(value, scope)


@dataclass(slots=True)
class State:
    """One state, ready to run. What a type does not have is None or empty.

    A Choice's `next`, `output` and `assign` are those of its Default; its rules have their own. `choose` gives the
    number of the first rule that is true, of one past the last if none is. `extent` bounds the bytes
    of its output: so many, and so many times those of its input; `placed`, where ResultPath puts the result into the
    input, how many bytes that takes besides the two. `straight` and `stretch` are the engine's (straight/): a way through
    the state, and one that may lead through others besides; and, for the first `left` visits, the `way` that both of
    them take.
    """

    name: str
    type: str
    pointer: str
    next: str | None
    entered: str
    exited: str
    arguments: Flow | None = None
    templated: bool = False
    output: OutputFlow | None = None
    assign: OutputFlow | None = None
    fixed: tuple[Json] | None = None
    resource: Resource | None = None
    timeout: Number | None = None
    heartbeat: Number | None = None
    credentials: Flow | None = None
    seconds: Callable[[Json, Scope], float] | None = None
    until: Callable[[Json, Scope], float] | None = None
    rules: tuple[Rule, ...] = ()
    choose: Callable[[Json, Scope], int] | None = None
    blocks: tuple[Block, ...] = ()
    items: Callable[[Json, Scope], list[Json]] | None = None
    selector: Flow | None = None
    concurrency: Number | None = None
    tolerances: tuple[Number, ...] = ()
    distributed: Distributed | None = None
    error: Flow | None = None
    cause: Flow | None = None
    retry: tuple[Retrier, ...] = ()
    catch: tuple[Catcher, ...] = ()
    extent: tuple[float, int] = (inf, 0)
    placed: int | None = None
    straight: Any = None
    stretch: Any = None
    way: Any = None
    left: int = 0


@dataclass(slots=True)
class Block:
    """A `States` object: the machine, a Parallel branch, or what a Map runs per item."""

    pointer: str
    start: State
    states: dict[str, State] = field(default_factory=dict)


@dataclass(slots=True)
class Plan:
    """A compiled machine."""

    top: Block
    known_fingerprint: str | None = None
    """Made of the definition when somebody asks, unless it is given."""
    timeout: int | None = None
    states: Mapping[str, State] = field(default_factory=dict)
    """Every state at every level by its pointer."""
    definition: Mapping[str, Json] = field(default_factory=dict, repr=False)
    """The definition's JSON, for those who show what was run; nothing that runs looks at it."""

    prepared: bool = False
    """Whether its states have their straight ways."""
    whole: Any = None
    """The engine's way through all of it at once (straight/), once there is one."""
    missed: int = 0
    """How often that has not led to the end."""

    @property
    def fingerprint(self) -> str:
        """Names the definition: a dump can only be loaded into the same one."""
        if self.known_fingerprint is None:
            text = text_of(self.definition).encode("utf-8", "surrogatepass")
            self.known_fingerprint = hashlib.sha256(text).hexdigest()[:16]
        return self.known_fingerprint

    def tasks(self) -> Iterator[State]:
        """Every Task state, in the order of the definition."""
        return (state for state in self.states.values() if state.resource is not None)


@dataclass(slots=True)
class Distributed:
    """What a Map of mode DISTRIBUTED has besides: its fields as flows over its effective input.

    `reader` and `writer` evaluate the parameters of `reader_resource` and `writer_resource`, `reader_config` is constant.
    `items` gives an array, or an object whose members are the items.
    """

    child: Block
    express: bool
    label: str | None = None
    items: Callable[[Json, Scope], Json] | None = None
    reader: Flow | None = None
    reader_resource: str = ""
    reader_config: Mapping[str, Json] = field(default_factory=dict)
    max_items: Number | None = None
    batch_items: Number | None = None
    batch_bytes: Number | None = None
    batch_input: Flow | None = None
    tolerated_count: Number | None = None
    tolerated_percentage: Number | None = None
    writer: Flow | None = None
    writer_resource: str = ""
    transformation: str | None = None
    output_type: str = "JSON"
