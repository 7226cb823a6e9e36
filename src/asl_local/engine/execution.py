"""An execution is a plain value: `step(stimulus, now) -> commands`.

Rule 1: everything that decides what happens next lives in this room (execution, states, children, failures).
Rule 2: this room knows no clock, no I/O, no randomness of its own, no thread and no async. What it learns arrives as a
stimulus, what it wants done leaves as a command; random numbers are a function of the seed and how many were drawn.

Amazon States Language makes that easy: the name of a state already is the continuation, and a line of control (a
`Strand`: the top level, a Parallel branch, a Map iteration) can stand still in three places only: its task is out, its
timer is running, or its children are. So the whole stack is a few slots per strand. One token per suspension settles
every race: a task and its timeout carry the same token, whoever comes first takes it, whoever comes late is stale.

states.py has the work of each state type, straight/ a short cut through most of them, failures.py Retry and Catch, children.py Parallel and Map, snapshot.py dump.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from math import inf
from typing import TYPE_CHECKING

from asl_local.engine import straight
from asl_local.engine.history import History, HistoryFull, Mark
from asl_local.engine.messages import (
    EXECUTION_TOKEN,
    TASKS,
    Call,
    Calls,
    Cancel,
    Failed,
    Fired,
    Heartbeat,
    Identity,
    Limits,
    Outcome,
    Redriven,
    Refused,
    Stopped,
    Succeeded,
    Taken,
    TakenOver,
    TaskFailed,
    TaskSucceeded,
    Timer,
    Waiting,
)
from asl_local.errors import RUNTIME, TIMEOUT, EvaluationError, ExecutionHangs
from asl_local.lazy import later
from asl_local.plan import Block, Plan, Rule, State
from asl_local.values import Json, timestamp, weigh

if TYPE_CHECKING:
    import hashlib

    from asl_local.engine import children, failures, patterns, redrive, snapshot, states, variables
    from asl_local.engine.map_runs import asking, flow
    from asl_local.engine.map_runs.run import Child, Errand, MapRun
    from asl_local.engine.messages import Answer, Command, Names, Stimulus
else:
    later(
        globals(), "hashlib", "asl_local.engine.children", "asl_local.engine.failures",
        "asl_local.engine.patterns", "asl_local.engine.redrive", "asl_local.engine.snapshot",
        "asl_local.engine.states", "asl_local.engine.variables", "asl_local.engine.map_runs.asking",
        "asl_local.engine.map_runs.flow",
    )  # fmt: skip


class Strand:
    """One line of control. `event` is the id that its next event follows, `entered` that of its state's Entered event.

    `token` and `why` say what it waits for; `until` and `beat_by` when that times out. `offered` is the token that its
    task will have, `early` an answer that came before its turn, `begun` whether a worker has the task (patterns.py),
    `role` the role that the task is to assume.
    `bound` is how many bytes its value `raw` has at most, `weighed` what it was when last it was measured.
    `live`, `items`, `started` and `results` are its children's while its state is Parallel or Map. `variables` are those
    assigned in its own `States` object, never edited but replaced; those of its parents can be read besides.
    """

    __slots__ = (
        "alive", "attempts", "beat_by", "begun", "block", "bound", "early", "effective", "entered", "entered_at", "event",
        "heartbeat", "index", "items", "limit", "live", "offered", "parent", "raw", "results", "retries", "role",
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
        self.variables: dict[str, Json] | None = None
        self.run: MapRun | None = None
        self.effective: Json = None


class Execution:
    """Perform the commands, `step` with each stimulus, until there is an `outcome`.

    `input` must be JSON (see values.accept) and is never edited. A `seed` may be a function that draws it. `now` is in epoch seconds. `activities` are the ARNs
    of the activities that exist, None for any. Two executions are equal when they would behave alike from here on and
    have the same history.
    """

    __slots__ = (
        "_identity", "_seed", "activities", "answers", "assigned_bytes", "calls", "clock", "commands", "current", "draws", "errands",
        "finished", "flat", "history", "input", "item", "limits", "map_runs", "marks", "most_bytes", "now", "order", "outcome",
        "plain", "plan", "ready", "redriven_at", "redrives", "root", "said", "scheduled", "shuffle", "started_at", "straight",
        "tokens", "waiting", "withdrawn",
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
        self.flat: Json = None  # the result that was accepted last, where it is an object without objects in it
        self.clock: Callable[[], float] | None = None  # what time it is after such a call; None where none passes
        self.said: dict[int, BaseException] = {}  # what came of such calls, where that was unusual, by the call's token
        self.straight = True  # whether short cuts are taken; what happens is the same
        self.most_bytes: float = inf if self.limits.payload_bytes is None else self.limits.payload_bytes
        self.order: Callable[[deque[Strand]], int] | None = None  # whose turn it is, for whoever tries every order
        self.outcome: Outcome | None = None

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
                self._begin()
            else:
                self._receive(stimulus)
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

    def waiting_for(self) -> list[Waiting]:
        """What the execution waits for now: tasks that are out, retries and waits that are due, in order of token."""
        own = [
            Waiting(
                token, strand.state.pointer, strand.why, strand.until,
                patterns.task_token(self, token) if strand.why in ("token", "job", "activity") else "",
            )
            for token, strand in self.waiting.items()
        ]  # fmt: skip
        return sorted(own + asking.waiting_for(self))

    def waits_for(self, token: int) -> bool:
        """Whether a stimulus with this token would be heard."""
        return token in self.waiting or token in self.errands

    def pending(self) -> list[Command]:
        """What to perform in order to go on with an execution that was loaded: its calls and clocks, anew."""
        return patterns.pending(self) + asking.pending(self)

    def token_named(self, task_token: str) -> int | None:
        """The token that a task token's text stands for, whether it is still waited for or not; None if it is none."""
        own = patterns.number_of(self, task_token)
        return asking.token_named(self, task_token) if own is None else own

    def place_of(self, token: int) -> str:
        """Where in the machine a token belongs: `Map 'Orders', item 1 > Task 'Charge'`; "" for a stale one."""
        strand = self.waiting.get(token)
        return asking.place_of(self, token) if strand is None else patterns.place(strand)

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

    def become(self, other: Execution) -> None:
        """Be in everything what the other is, for whoever holds this one; from then on only one of them may go on."""
        for slot in Execution.__slots__:
            setattr(self, slot, getattr(other, slot))

    def watch(self, marks: set[Mark] | None) -> None:
        """Put what the execution comes past from now on into this set (history.MARKS), and what its children do.

        The set is shared with whatever is forked off it. It is no part of the value: a dump has none, and two executions
        are equal whoever watches them.
        """
        self.marks = marks
        for run in self.map_runs:
            for child in (*run.live.values(), *run.kept.values()):
                child.execution.watch(marks)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Execution) and snapshot.equal(self, other)

    __hash__ = None  # type: ignore[assignment]  # a value that changes has no hash

    # -- what expressions may ask (language.Scope) ---------------------------------------------------------------------

    def context(self) -> Json:
        """The Context Object of the strand that is being evaluated, made anew: strands do not carry it around."""
        strand = self.current
        entered_at = strand.entered_at if strand.entered or strand.entered_at else self.now
        state: dict[str, Json] = {"EnteredTime": timestamp(entered_at), "Name": strand.state.name}
        if strand.state.type in ("Task", "Parallel", "Map"):
            state["RetryCount"] = strand.retries
        identity = self.identity
        execution: dict[str, Json] = {
            "Id": identity.execution_arn, "Input": self.input, "StartTime": timestamp(self.started_at),
            "Name": identity.execution_name, "RoleArn": identity.role_arn,
        }  # fmt: skip
        if identity.redrivable:
            execution["RedriveCount"] = self.redrives
        if self.redriven_at is not None:
            execution["RedriveTime"] = timestamp(self.redriven_at)
        context: dict[str, Json] = {
            "Execution": execution,
            "StateMachine": {"Id": identity.machine_arn, "Name": identity.machine_name},
            "State": state,
        }  # fmt: skip
        if strand.offered:
            context["Task"] = {"Token": patterns.task_token(self, strand.offered)}
        item = self.item or children.item_of(strand)
        if item is not None:
            context["Map"] = {"Item": item}
        return context

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

    def _begin(self) -> None:
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

    def leave(self, strand: Strand, result: Json, rule: Rule | None = None) -> None:
        """The strand's work is done: data flow out, the Exited event, and on to the next state or to the parent.

        A Choice rule leads elsewhere than the state, with an Output and an Assign of its own.
        """
        way = strand.state if rule is None else rule
        output, assigned = result, None
        if way.output is not None or way.assign is not None:
            self.current = strand
            try:
                if way.assign is not None:
                    assigned = way.assign(strand.raw, result, self)
                    variables.check(self, strand, assigned)
                if way.output is not None:
                    output = way.output(strand.raw, result, self)
            except EvaluationError as error:
                failures.broken(self, strand, error)
                return
        bound = strand.bound
        if output is not strand.raw:
            bound = weigh(output, self.most_bytes)
            if bound > self.most_bytes:
                failures.broken(self, strand, failures.too_large(strand.state.name))
                return
        if self.marks is not None and rule is None:
            self.marks.add((strand.state.pointer, "left", 0))
        self.go(strand, output, way.next, assigned, bound)

    def go(
        self, strand: Strand, output: Json, next: str | None, assigned: dict[str, Json] | None = None,
        bound: float = straight.UNKNOWN,
    ) -> None:  # fmt: skip
        """Leave the state with this output, which has at most so many bytes, and these new variables."""
        state = strand.state
        if assigned:
            strand.event = self.history.add(state.exited, self.now, strand.event, state.name, output, assigned)
            strand.variables = {**(strand.variables or {}), **assigned}
        else:
            strand.event = self.history.add(state.exited, self.now, strand.event, state.name, output)
        strand.raw, strand.bound = output, bound
        strand.entered = strand.retries = 0
        strand.entered_at = 0.0
        strand.attempts = strand.effective = None
        if next is not None:
            strand.state = strand.block.states[next]
            self.ready.appendleft(strand)
        elif strand.parent is not None:
            children.join(self, strand.parent, strand, output)
        else:
            self.end("SUCCEEDED", strand.event, output=output)

    def suspend(self, strand: Strand, why: str) -> int:
        """Let the strand stand still; the token that wakes it."""
        token, strand.offered = strand.offered, 0
        if not token:
            self.tokens += 1
            token = self.tokens
        strand.token, strand.why = token, why
        self.waiting[token] = strand
        return token

    def sleep(self, strand: Strand, why: str, until: float) -> None:
        """Let the strand stand still until then."""
        token = self.suspend(strand, why)
        strand.until = until
        self.commands.append(Timer(token, until))

    def wake(self, strand: Strand) -> None:
        """Take the strand's token back: what still carries it is stale from now on."""
        self.waiting.pop(strand.token, None)
        strand.token, strand.why, strand.until, strand.beat_by, strand.heartbeat = 0, "", None, None, None
        strand.timeout, strand.early, strand.begun, strand.role = None, None, False, None

    def cancel(self, *strands: Strand) -> None:
        """Nobody waits for these tasks any more: tell those at work; a call that has not left yet never does."""
        self.withdraw({strand.token for strand in strands if strand.why in TASKS})

    def withdraw(self, tokens: set[int]) -> None:
        """Take back the calls with these tokens: out of the commands, or from whoever performs them."""
        self.commands.extend(Cancel(token) for token in sorted(tokens))
        self.withdrawn |= tokens

    def end(
        self, status: str, previous: int, *, output: Json = None, error: str | None = None, cause: str | None = None,
        at: Strand | None = None,
    ) -> None:  # fmt: skip
        """Write the last event and the outcome, and tell whoever is still at work. `at` is the strand that failed."""
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

    # -- stimuli -------------------------------------------------------------------------------------------------------

    def _receive(self, stimulus: Stimulus) -> None:
        if self.errands and (errand := self.errands.get(getattr(stimulus, "token", EXECUTION_TOKEN))) is not None:
            flow.receive(self, errand, stimulus)
            return
        if isinstance(stimulus, Succeeded):
            self._succeeded(stimulus)
        elif isinstance(stimulus, Failed):
            self._failed(stimulus)
        elif isinstance(stimulus, Refused):
            self._refused(stimulus)
        elif isinstance(stimulus, Fired):
            self._fired(stimulus)
        elif isinstance(stimulus, (TaskSucceeded, TaskFailed)):
            if (strand := self.waiting.get(stimulus.token)) is not None:
                patterns.reported(self, strand, stimulus)
        elif isinstance(stimulus, Taken):
            if (strand := self.waiting.get(stimulus.token)) is not None:
                patterns.taken(self, strand, stimulus.worker)
        elif isinstance(stimulus, Heartbeat):
            self._heartbeat(stimulus)
        elif isinstance(stimulus, Stopped):
            self._stopped(stimulus)
        elif isinstance(stimulus, TakenOver):
            states.enter(self, stimulus.strand)
        else:
            self._redriven(stimulus)

    def _task_waiting(self, token: int) -> Strand | None:
        strand = self.waiting.get(token)
        return strand if strand is not None and strand.why == "task" else None

    def _succeeded(self, stimulus: Succeeded) -> None:
        token, result = stimulus
        strand = self.waiting.get(token)
        if strand is None or strand.why != "task":
            return
        resource = strand.state.resource
        if resource is not None and resource.waits and weigh(result, self.most_bytes) <= self.most_bytes:
            patterns.submitted(self, strand, result)
            return
        self.wake(strand)
        patterns.succeeded(self, strand, result)

    def _failed(self, stimulus: Failed) -> None:
        strand = self._task_waiting(stimulus.token)
        if strand is not None:
            self.wake(strand)
            states.record_failed(self, strand, stimulus.error, stimulus.cause, unsubmitted=True)
            failures.fail(self, strand, failures.Failure(stimulus.error, stimulus.cause))

    def _refused(self, stimulus: Refused) -> None:
        strand = self._task_waiting(stimulus.token)
        if strand is not None:
            self.wake(strand)
            failures.broken(self, strand, EvaluationError(RUNTIME, stimulus.cause))

    def _fired(self, stimulus: Fired) -> None:
        if stimulus.token == EXECUTION_TOKEN:
            seconds = self.plan.timeout
            if seconds is not None and self.history.count and self.now >= self.times_out_at(seconds):
                if self.marks is not None:
                    self.marks.add((self.plan.top.pointer, "timed out", 0))
                self.end("TIMED_OUT", 0, error=TIMEOUT)
            return
        strand = self.waiting.get(stimulus.token)
        if strand is None:
            return
        if strand.why not in TASKS and strand.until is not None and self.now < strand.until:
            self.commands.append(Timer(stimulus.token, strand.until))  # too early: come back
            return
        states.FIRED[strand.why](self, strand)

    def _heartbeat(self, stimulus: Heartbeat) -> None:
        strand = self.waiting.get(stimulus.token)
        if strand is not None and strand.heartbeat is not None and strand.beat_by is not None:
            strand.beat_by = self.now + strand.heartbeat  # the timer that runs already will see it

    def _stopped(self, stimulus: Stopped) -> None:
        if not self.history.count:
            self._begin()
        self.end("ABORTED", 0, error=stimulus.error, cause=stimulus.cause)

    def _redriven(self, _stimulus: Redriven) -> None:
        redrive.redrive(self)


_LAST_EVENT = {
    "SUCCEEDED": "ExecutionSucceeded", "FAILED": "ExecutionFailed", "TIMED_OUT": "ExecutionTimedOut",
    "ABORTED": "ExecutionAborted",
}  # fmt: skip
