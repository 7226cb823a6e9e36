"""All that crosses the border of the core: commands go out, stimuli come in, both carry a token; names and limits.

Knows: shapes. Must never know: who performs a command, or when.
A task, its timeout and its heartbeat carry the same token: whoever comes first takes it, anything later is stale.
"""

from __future__ import annotations

from asl_local.lazy import TYPE_CHECKING, NamedTuple, Protocol, dataclass, hinted
from asl_local.values import PAYLOAD_LIMIT, Json

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from asl_local.engine.execution import Execution, Strand

EXECUTION_TOKEN = 0
"""The token of the machine's own TimeoutSeconds; strands count from 1."""


TASKS = ("task", "token", "job", "activity")
"""What a strand waits for while its task is out: a call's answer; a task token's, after the call's; a job's end, after
the call's; an activity's worker."""


class Inside(NamedTuple):
    """One state that a task stands in: `kind` is "Map" or "Parallel", `index` the item's or the branch's, from 0.

    Of a Distributed Map it is the child's: the item's, or the batch's where an ItemBatcher makes batches.
    """

    kind: str
    state: str
    index: int  # type: ignore[assignment]  # a tuple's method, which nobody wants of this one


class Call(NamedTuple):
    """Command: call this resource and answer with this token. `deadline` (epoch seconds) is for the handler to read.

    `waits` says what the task waits for beyond the call's own answer: "token", "job", "activity", or "" for nothing;
    `task_token` is the text that whoever reports the task's end names it by. `made` tells a call that was answered before
    the execution was dumped and loaded: only what came after it is wanted. `role` is the role that its Credentials name.
    `execution_arn` names the child execution whose call it is, "" for the execution's own. `within` are the Map
    iterations and Parallel branches that the task stands in, outermost first.
    """

    token: int
    resource: str
    arguments: Json
    state: str
    attempt: int
    deadline: float | None
    waits: str = ""
    task_token: str = ""
    made: bool = False
    role: str | None = None
    execution_arn: str = ""
    within: tuple[Inside, ...] = ()

    @property
    def place(self) -> str:
        """Where in the machine the call was made, in short: `Orders[1]/Charge`."""
        return "/".join([*(f"{each.state}[{each.index}]" for each in self.within), self.state])


class Timer(NamedTuple):
    """Command: come back with this token at this time (epoch seconds)."""

    token: int
    at: float


class Cancel(NamedTuple):
    """Command: nobody waits for this token any more. A handler cannot be killed, but it can be told."""

    token: int


class Succeeded(NamedTuple):
    """Stimulus: the call came back with a result that is JSON; where the task waits for more, it is now submitted."""

    token: int
    result: Json


class Failed(NamedTuple):
    """Stimulus: the call came back with an error."""

    token: int
    error: str | None
    cause: str | None


class Refused(NamedTuple):
    """Stimulus: the call was never made, its arguments cannot be used; the execution ends with States.Runtime."""

    token: int
    cause: str


class Taken(NamedTuple):
    """Stimulus: a worker has taken an activity's task (GetActivityTask)."""

    token: int
    worker: str | None = None


class TaskSucceeded(NamedTuple):
    """Stimulus: somebody reports that a task that waits for it has succeeded (SendTaskSuccess, or its job is done).

    It may come before the call's own answer and is then kept until that is there.
    """

    token: int
    output: Json


class TaskFailed(NamedTuple):
    """Stimulus: somebody reports that a task that waits for it has failed (SendTaskFailure, or its job has)."""

    token: int
    error: str | None = None
    cause: str | None = None


class Fired(NamedTuple):
    """Stimulus: a timer's time has come."""

    token: int


class Heartbeat(NamedTuple):
    """Stimulus: the task is alive (SendTaskHeartbeat)."""

    token: int


class Stopped(NamedTuple):
    """Stimulus: somebody stops the execution (StopExecution)."""

    error: str | None = None
    cause: str | None = None


class TakenOver(NamedTuple):
    """Stimulus: the call of this strand, which was made within a step, takes long and is out from here on."""

    strand: Strand


class Redriven(NamedTuple):
    """Stimulus: an execution that ended badly goes on from where it stopped (RedriveExecution)."""


Command: TypeAlias = Call | Timer | Cancel
Stimulus: TypeAlias = (
    Succeeded | Failed | Refused | Taken | TaskSucceeded | TaskFailed | Fired | Heartbeat | Stopped | Redriven
    | TakenOver
)  # fmt: skip


Answer: TypeAlias = "Callable[[Json, Execution, Strand], tuple[Json, float]]"
"""A function that answers a call at once: takes its arguments and whose call it is, gives its result and how many bytes
that has at most.

Raises what its handler raised, or Unsettled. It may be called only where nobody else could want to go on meanwhile.
"""


Out: TypeAlias = "tuple[Strand, list[int | None], str]"
"""A call that is being made within a step: the strand, the claim to it, the resource. The claim is a list that holds one
thing: how many random numbers had been drawn before the call's arguments were made, None where none were.
"""


class Calls(Protocol):
    """Who watches over calls within steps while other lines of control are alive (drivers/overtaking.py).

    `current` is the call that is being made, `context` what its handler was told (or one before it), `slow` are
    resources that are not to be called in this way. Whoever is the first to empty a call's claim goes on: the thread
    that made it, or another one, with TakenOver as its stimulus; then the first raises Overtaken out of the step.
    """

    current: Out | None
    context: object
    slow: set[str]

    def took_long(self, resource: str, calls: int) -> None:
        """A call has taken longer than handing it to another thread would; so many calls were made before it."""


LONG = 0.0003
"""Seconds: some ten times what it takes to hand a call to another thread and its answer back."""


class Overtaken(BaseException):
    """The step is somebody else's by now; `said` is what came of the call (Execution.said)."""

    def __init__(self, said: BaseException | None) -> None:
        super().__init__()
        self.said = said


class Unsettled(Exception):
    """A handler has given something that is no JSON value as it stands: an awaitable, a Decimal, something wrong."""

    def __init__(self, result: object) -> None:
        super().__init__()
        self.result = result


@dataclass(frozen=True, slots=True)
class Limits:
    """What bounds an execution; None lifts a bound. Defaults are AWS's quotas for Standard workflows, but for one.

    `events` counts history events, `payload_bytes` the UTF-8 bytes of an input or output. `seconds` is how long an
    execution may take: on AWS a year (31,536,000), here as long as it likes unless somebody says so, since people
    simulate to see further. `kept_children` is no quota: of so many child executions of a Map Run that succeed, the
    first ones, the histories are kept for people to look at.
    """

    events: int | None = 25_000
    payload_bytes: int | None = PAYLOAD_LIMIT
    kept_children: int = 100
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """The names an execution goes by in its Context Object and history.

    `redrivable` is False for a synchronous Express execution, whose Context Object has no RedriveCount (recorded).
    """

    execution_arn: str
    execution_name: str
    machine_arn: str
    machine_name: str
    role_arn: str
    region: str = "us-east-1"
    redrivable: bool = True


class Names(Protocol):
    """Names that are drawn when somebody asks for them, since most executions are over before anybody does."""

    @property
    def role_arn(self) -> str:
        """The role, which is the same for all."""

    def identity(self) -> Identity:
        """The names of one more execution."""


class Waiting(NamedTuple):
    """One thing that an execution waits for.

    `state` is the state's JSON pointer, `until` epoch seconds or None. `why` is "task" (a call is out), "token"
    (submitted; `task_token` is to be answered), "job" (submitted; its end is to come), "activity" (a worker has to take
    it, or has), "retry" or "wait".
    """

    token: int
    state: str
    why: str
    until: float | None
    task_token: str = ""


class Outcome(NamedTuple):
    """How an execution ended: SUCCEEDED, FAILED, TIMED_OUT or ABORTED.

    `place` says in words where it failed, or what it waited for when its time was up.
    """

    status: str
    output: Json = None
    error: str | None = None
    cause: str | None = None
    place: str = ""


hinted(globals(), "Identity Limits Outcome")
