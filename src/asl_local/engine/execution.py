"""An execution is a plain value: `step(stimulus, now) -> commands`.

Rule 1: everything that decides what happens next lives in this room (execution, doors, states, children, failures).
Rule 2: this room knows no clock, no I/O, no randomness of its own, no thread and no async. What it learns arrives as a
stimulus, what it wants done leaves as a command; random numbers are a function of the seed and how many were drawn.

Amazon States Language makes that easy: the name of a state already is the continuation, and a line of control (a
`Strand`: the top level, a Parallel branch, a Map iteration) can stand still in three places only: its task is out, its
timer is running, or its children are. So the whole stack is a few slots per strand. One token per suspension settles
every race: a task and its timeout carry the same token, whoever comes first takes it, whoever comes late is stale.

states.py has the work of each state type, straight/ a short cut through most of them, failures.py Retry and Catch,
children.py Parallel and Map, snapshot.py dump.
"""

from __future__ import annotations

from collections import deque
from math import inf

from asl_local.engine import straight
from asl_local.engine.history import History, HistoryFull
from asl_local.engine.messages import EXECUTION_TOKEN, TASKS, Call, Cancel, Identity, Limits, Outcome, Redriven, Timer
from asl_local.errors import RUNTIME, TIMEOUT, ExecutionHangs
from asl_local.lazy import TYPE_CHECKING, borrowed, hinted, later

if TYPE_CHECKING:
    import hashlib
    from collections.abc import Callable, Mapping

    from asl_local.engine import children, patterns, snapshot, states
    from asl_local.engine.doors import asked, moving, receiving
    from asl_local.engine.history import Mark
    from asl_local.engine.map_runs import asking
    from asl_local.engine.map_runs.run import Child, Errand, MapRun
    from asl_local.engine.messages import Answer, Calls, Command, Names, Stimulus
    from asl_local.plan import Block, Plan, State
    from asl_local.values import Json
else:
    later(
        globals(), "hashlib", "asl_local.engine.children", "asl_local.engine.patterns", "asl_local.engine.snapshot",
        "asl_local.engine.states", "asl_local.engine.doors.asked", "asl_local.engine.doors.moving",
        "asl_local.engine.doors.receiving", "asl_local.engine.map_runs.asking",
    )  # fmt: skip


class Strand:
    """One line of control. `event` is the id that its next event follows, `entered` that of its state's Entered event.

    `token` and `why` say what it waits for; `until` and `beat_by` when that times out. `offered` is the token that its
    task will have, `early` an answer that came before its turn, `begun` whether a worker has the task (patterns.py),
    `role` the role that the task is to assume.
    `bound` is how many bytes its value `raw` has at most, `weighed` what it was when last it was measured.
    `live`, `items`, `started` and `results` are its children's while its state is Parallel or Map. `variables` are those
    assigned in its own `States` object, never edited but replaced; those of its parents can be read besides.
    `queue` is there while one strand serves all its children, within a step: of a Map those that have begun and whose
    turn has not come, `(index, raw, bound, event)`; of a Parallel what it is to be when it stands, `(entered, input of
    the branches, results so far)`.
    """

    __slots__ = (
        "alive", "attempts", "beat_by", "begun", "block", "bound", "early", "effective", "entered", "entered_at", "event",
        "heartbeat", "index", "items", "limit", "live", "offered", "parent", "queue", "raw", "results", "retries", "role",
        "run", "started", "state", "timeout", "token", "until", "variables", "weighed", "why",
    )  # fmt: skip

    def __init__(self, parent: Strand | None, index: int, block: Block, raw: Json, event: int) -> None:
        self.parent, self.index, self.block, self.raw, self.event = parent, index, block, raw, event
        self.state: State = block.start
        self.bound: float = straight.UNKNOWN
        self.weighed: float = 0
        self.why = ""
        self.alive = True
        self.begun = False
        self.entered = self.token = self.offered = self.retries = self.started = self.limit = 0
        self.entered_at = 0.0
        self.until: float | None = None
        self.beat_by: float | None = None
        self.timeout: int | None = None
        self.heartbeat: int | None = None
        self.role: str | None = None
        self.attempts: dict[int, int] | None = None
        self.live: dict[int, Strand] | None = None
        self.items: list[Json] | None = None
        self.results: list[Json] | None = None
        self.early: list[Json] | None = None
        self.queue: deque[tuple[int, Json, float, int]] | tuple[int, Json, list[Json]] | None = None
        self.variables: dict[str, Json] | None = None
        self.run: MapRun | None = None
        self.effective: Json = None


class Execution:
    """Perform the commands, `step` with each stimulus, until there is an `outcome`.

    `input` must be JSON (see values.accept) and is never edited. A `seed` may be a function that draws it. `now` is in
    epoch seconds. `activities` are the ARNs of the activities that exist, None for any. Two executions are equal when
    they would behave alike from here on and have the same history.
    """

    __slots__ = (
        "_identity", "_seed", "activities", "answers", "assigned_bytes", "calls", "clock", "commands", "current", "draws", "errands",
        "finished", "flat", "history", "input", "item", "limits", "map_runs", "marks", "most_bytes", "now", "order", "outcome",
        "plain", "plan", "ready", "redriven_at", "redrives", "root", "said", "scheduled", "shuffle", "spare", "started_at", "straight",
        "tokens", "told", "waiting", "withdrawn",
    )  # fmt: skip

    def __init__(
        self, plan: Plan, input: Json, *, identity: Identity | Names, seed: int | Callable[[], int] = 0, shuffle: bool = False,
        limits: Limits | None = None, activities: frozenset[str] | None = None,
    ) -> None:  # fmt: skip
        straight.prepare(plan)
        self.plan, self.input = plan, input
        self._identity, self._seed = identity, seed
        self.shuffle, self.draws = shuffle, 0
        self.limits = limits or Limits()
        self.activities = activities
        self.history = History(self.limits.events)
        self.now = 0.0
        self.started_at = 0.0
        self.redrives = 0
        self.redriven_at: float | None = None
        self.tokens = EXECUTION_TOKEN
        self.assigned_bytes = 0
        self.root = Strand(None, 0, plan.top, input, 0)
        self.waiting: dict[int, Strand] = {}
        self.ready: deque[Strand] = deque()
        self.scheduled: list[Strand] = []
        self.commands: list[Command] = []
        self.withdrawn: set[int] = set()
        self.current = self.root
        self.item: dict[str, Json] | None = None
        self.map_runs: list[MapRun] = []
        self.errands: dict[int, Errand] = {}
        self.finished: list[tuple[MapRun, Child]] | None = None
        self.marks: set[Mark] | None = None
        self.answers: Mapping[str, Answer] | None = None  # who answers calls within a step (straight/)
        self.plain: Mapping[str, Callable[[Json], object]] | None = None  # those that take the event alone
        self.calls: Calls | None = (
            None  # who watches such calls while other strands are alive; None: none are made then
        )
        self.spare: Strand | None = None  # one that has served a Parallel's branches, and can serve another's
        self.flat: Json = None  # the result that was accepted last, where it is an object without objects in it
        self.clock: Callable[[], float] | None = None  # what time it is after such a call; None where none passes
        self.said: dict[int, BaseException] = {}  # what came of such calls, where that was unusual, by the call's token
        self.straight = True  # whether short cuts are taken; what happens is the same
        self.most_bytes: float = inf if self.limits.payload_bytes is None else self.limits.payload_bytes
        self.order: Callable[[deque[Strand]], int] | None = None  # whose turn it is, for whoever tries every order
        self.outcome: Outcome | None = None
        self.told = False  # whether it has failed with what its last step was told of

    @property
    def identity(self) -> Identity:
        """The names that it goes by. Those that were left open are given when somebody asks."""
        named = self._identity
        if not isinstance(named, Identity):
            named = self._identity = named.identity()
        return named

    @property
    def seed(self) -> int:
        """What its random numbers are a function of."""
        seed = self._seed
        if not isinstance(seed, int):
            seed = self._seed = seed()
        return seed

    # -- the one door --------------------------------------------------------------------------------------------------

    def step(self, stimulus: Stimulus | None, now: float) -> list[Command]:
        """Take one stimulus (None starts the execution), run until everything stands still, say what is wanted.

        A stimulus whose token nobody waits for is ignored: its race was lost. Time never runs backwards here.
        Raises ValueError for a second start, ExecutionNotRedrivable for `Redriven` when that cannot be, ExecutionHangs
        where AWS's execution would never go on.
        """
        if self.outcome is not None and type(stimulus) is not Redriven:
            return []
        longest = self.limits.seconds
        if longest is not None and self.history.count and type(stimulus) is not Redriven:
            last = self.times_out_at(longest)
            if now > last:  # no timer: an execution that nothing will ever wake is told of, not waited for
                self.now = max(self.now, last)
                self.end("TIMED_OUT", 0, error=TIMEOUT)
                return self._commanded()
        self.now = max(self.now, now)
        before = self.history.count
        try:
            if stimulus is None:
                self.begin()
            else:
                receiving.receive(self, stimulus)
            self._run()
        except HistoryFull:
            # Recorded by floci#2734: event 25,000 itself is the failure.
            cause = f"The execution reached the maximum number of history events ({self.limits.events})."
            self.end("FAILED", self.history.count, error=RUNTIME, cause=cause)
        except ExecutionHangs as error:
            # Recorded: of what was decided in that moment AWS's history has nothing.
            self.history.cut(max(before, 1))
            error.add_note(f"in {patterns.place(self.current)}")
            raise
        return self._commanded()

    def _commanded(self) -> list[Command]:
        """The commands of this step, without calls that were withdrawn before anybody saw them."""
        commands, self.commands = self.commands, []
        if self.history.followed:
            _ = self.history.rows
        if self.withdrawn:
            unsent = self.withdrawn.intersection(command.token for command in commands if type(command) is Call)
            if unsent:
                commands = [command for command in commands if command.token not in unsent]
            self.withdrawn.clear()
        return commands

    def waits_for(self, token: int) -> bool:
        """Whether a stimulus with this token would be heard."""
        return token in self.waiting or token in self.errands

    @staticmethod
    def place_of_strand(strand: Strand) -> str:
        """Where in the machine a strand stands."""
        return patterns.place(strand)

    def dump(self) -> str:
        """The execution as JSON text, values that are shared written once; `load` gives it back."""
        return snapshot.dump(self)

    @staticmethod
    def load(text: str, plan: Plan) -> Execution:
        """The execution that `dump` wrote. Raises ValueError if it belongs to another plan."""
        return snapshot.load(text, plan)

    def fork(self) -> Execution:
        """A second execution that goes its own way from here; JSON values are shared, nothing else is."""
        return snapshot.fork(self)

    if TYPE_CHECKING:
        waiting_for, pending, token_named, place_of = (
            asked.waiting_for,
            asked.pending,
            asked.token_named,
            asked.place_of,
        )
        become, watch, context = asked.become, asked.watch, asked.context
        leave, go, suspend, sleep, wake = moving.leave, moving.go, moving.suspend, moving.sleep, moving.wake
    else:
        waiting_for, pending, token_named, place_of, become, watch, context = borrowed(
            asked, "waiting_for pending token_named place_of become watch context"
        )
        leave, go, suspend, sleep, wake = borrowed(moving, "leave go suspend sleep wake")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Execution) and snapshot.equal(self, other)

    __hash__ = None  # type: ignore[assignment]  # a value that changes has no hash

    # -- what expressions may ask (language.Scope) ---------------------------------------------------------------------

    def map_item(self) -> Json:
        """The Map item of the strand that is being evaluated. Raises KeyError where there is none."""
        item = self.item or children.item_of(self.current)
        if item is None:
            raise KeyError("Map")
        return item

    def variable(self, name: str) -> Json:
        """The value of a variable that the strand being evaluated can read. Raises KeyError."""
        strand: Strand | None = self.current
        while strand is not None:
            if strand.variables is not None and name in strand.variables:
                return strand.variables[name]
            strand = strand.parent
        raise KeyError(name)

    def has_variable(self, name: str) -> bool:
        """Whether the strand being evaluated can read a variable of that name."""
        strand: Strand | None = self.current
        while strand is not None:
            if strand.variables is not None and name in strand.variables:
                return True
            strand = strand.parent
        return False

    def moment(self) -> float:
        """The execution's own time, in epoch seconds: it stands still while states are entered and left."""
        return self.now

    def draw(self) -> float:
        """The next random number, 0 <= n < 1: a function of the seed and the count, so that a dump needs no more."""
        self.draws += 1
        digest = hashlib.blake2b(f"{self.seed}:{self.draws}".encode(), digest_size=8).digest()
        return float((int.from_bytes(digest, "big") >> 11) * 2.0**-53)

    # -- running ---------------------------------------------------------------------------------------------------

    def times_out_at(self, seconds: float) -> float:
        """When it times out that has so many seconds: a redrive gives it all of them anew."""
        return (self.started_at if self.redriven_at is None else self.redriven_at) + seconds

    def begin(self) -> None:
        """Write down that it has begun. Raises ValueError for a second time."""
        if self.history.count:
            raise ValueError("the execution has begun: step it with a stimulus for what it waits for")
        self.started_at = self.now
        self.history.add("ExecutionStarted", self.now, 0, self.input, self._identity.role_arn)
        if self.plan.timeout is not None:
            self.commands.append(Timer(EXECUTION_TOKEN, self.now + self.plan.timeout))
        self.ready.append(self.root)

    def _run(self) -> None:
        """Let every strand that can run on do so; then say which tasks have started.

        AWS writes the Started events after the Scheduled events of all tasks that were scheduled together (recorded).
        """
        ready = self.ready
        while ready and self.outcome is None:
            if self.order is not None:
                ready.rotate(-self.order(ready))
            elif self.shuffle and len(ready) > 1:
                ready.rotate(-int(self.draw() * len(ready)))
            strand = ready.popleft()
            if strand.alive:
                straight.follow(self, strand)
        if self.scheduled:
            self.say_started()

    def say_started(self) -> None:
        """Write down that the tasks that were scheduled have started."""
        for strand in self.scheduled:
            if strand.alive and strand.why == "task" and self.outcome is None:
                states.record_started(self, strand)
        self.scheduled.clear()

    def cancel(self, *strands: Strand) -> None:
        """Nobody waits for these tasks any more: tell those at work; a call that has not left yet never does."""
        self.withdraw({strand.token for strand in strands if strand.why in TASKS})

    def withdraw(self, tokens: set[int]) -> None:
        """Take back the calls with these tokens: out of the commands, or from whoever performs them."""
        self.commands.extend(Cancel(token) for token in sorted(tokens))
        self.withdrawn |= tokens

    def end(
        self, status: str, previous: int, *, output: Json = None, error: str | None = None, cause: str | None = None,
        at: Strand | None = None, told: bool = False,
    ) -> None:  # fmt: skip
        """Write the last event and the outcome, and tell whoever is still at work. `at` is the strand that failed."""
        self.told = told
        details = (output,) if status == "SUCCEEDED" else (error, cause)
        self.history.add_last(_LAST_EVENT[status], self.now, previous, *details)
        if status == "TIMED_OUT":  # DescribeExecution has neither then (measured, floci#2733)
            error = cause = None
        if status in ("TIMED_OUT", "ABORTED") and (self.waiting or self.errands):
            first = min([*self.waiting, *self.errands])
            at = self.waiting[first] if first in self.waiting else self.errands[first].run.strand
        self.outcome = Outcome(status, output, error, cause, "" if at is None else patterns.place(at))
        if self.waiting or self.errands:
            self.cancel(*self.waiting.values())
            asking.abort_all(self)
            for strand in list(self.waiting.values()):
                self.wake(strand)
        self.ready.clear()


_LAST_EVENT = {
    "SUCCEEDED": "ExecutionSucceeded", "FAILED": "ExecutionFailed", "TIMED_OUT": "ExecutionTimedOut",
    "ABORTED": "ExecutionAborted",
}  # fmt: skip

hinted(globals(), "Execution")
