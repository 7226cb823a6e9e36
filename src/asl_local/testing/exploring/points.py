"""A point of an exploration: an execution between two steps, with all that is under way around it.

Knows: calls that are out, timers, and what each choice makes of a point. Must never know: which choice is made, or how
many points there are.

At a point one of these happens next:

- A call that is out is performed and answered. Its effect and its answer are one moment, and no time passes. A handler
  that lets time pass (`context.sleep`) has its effect at the moment its task starts and is answered so much later.
- A worker takes an activity's task, does the task whose token it was given, or a job comes to its end.
- Time passes: the clock jumps to what is due first. It cannot pass the deadline of a call that may still be answered:
  that such a call is too late is a fault of its own. Where nobody is left who could answer, it is none.
- In a world: a call that nobody waits for any more is performed nevertheless ("unheard"), for nobody can call it back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from asl_local.engine import Execution, patterns
from asl_local.engine.messages import (
    EXECUTION_TOKEN,
    Call,
    Cancel,
    Command,
    Failed,
    Fired,
    Heartbeat,
    Stimulus,
    Succeeded,
    Taken,
    TaskFailed,
    TaskSucceeded,
    Timer,
)
from asl_local.errors import ExecutionHangs
from asl_local.plan import Plan, State
from asl_local.testing.exploring.faults import Fault, Faults, cause_of
from asl_local.testing.exploring.fingerprint import Fingerprints
from asl_local.testing.exploring.turns import Turns
from asl_local.testing.exploring.worlds import Performed, Performer, World

# What is known of a call. The first four may be answered at any time.
OUT = "out"  # nobody has performed it
OFFERED = "offered"  # an activity's, which a worker will take
BEGUN = "begun"  # submitted or taken: its worker has still to do it
DONE = "done"  # a job whose end can be told at any time
SLOW = "slow"  # performed: what comes of it is due at known times
LOST = "lost"  # by a fault, it is never answered
STALLED = "stalled"  # its handler never answers
BEATING = "beating"  # nor this one, but its heartbeats come
NOBODY = "nobody"  # submitted, and its token is answered by whoever has it

_OPEN = frozenset({OUT, OFFERED, BEGUN, DONE})
_ALIVE = _OPEN | {BEATING}


class Flight(NamedTuple):
    """A call that is under way, and its place in a schedule's words; `after` is the stage that follows SLOW, `told` what
    a job's end is.
    """

    call: Call
    place: str
    stage: str
    after: str = ""
    told: Stimulus | None = None


class Choice(NamedTuple):
    """One thing that can happen next. `text` is how a schedule names it; `kind` says what is done, `cost` how many faults
    it is. `picks` are the turns of strands that are ready at once, where they can make a difference.
    """

    text: str
    kind: str
    token: int
    fault: Fault | None = None
    always: bool = False
    cost: int = 0
    stimulus: Stimulus | None = None
    at: float = 0.0
    picks: tuple[int, ...] = ()


class Point:
    """See above. `timers` and `mail` (answers on their way) are (epoch seconds, ...) and may be stale.

    `always` are the faults in force, by the state's name. `hung` says why the execution stands still for good.
    `spent` are the seconds that would have passed if nothing had ever waited beside anything else, `ended` counts the
    steps in which a failure took others along. `others` are other turns of strands that could have led here: their
    picks, and what a schedule calls them.
    """

    __slots__ = (
        "always", "ended", "execution", "flights", "hung", "mail", "orphans", "others", "performed", "picks", "spent", "timers",
        "world",
    )  # fmt: skip

    def __init__(self, execution: Execution, world: World) -> None:
        self.execution, self.world = execution, world
        self.flights: dict[int, Flight] = {}
        self.orphans: tuple[Call, ...] = ()
        self.timers: tuple[tuple[float, int], ...] = ()
        self.mail: tuple[tuple[float, Stimulus], ...] = ()
        self.always: frozenset[tuple[str, Fault]] = frozenset()
        self.hung = ""
        self.spent = 0.0
        self.ended = 0
        self.picks: tuple[int, ...] = ()
        self.others: list[tuple[tuple[int, ...], str]] = []
        self.performed: dict[int, Performed] = {}

    def fork(self) -> Point:
        """A second point that goes its own way from here; the world is shared until somebody works in it."""
        twin = Point(self.execution.fork(), self.world)
        twin.flights = dict(self.flights)
        twin.orphans, twin.timers, twin.mail, twin.always = self.orphans, self.timers, self.mail, self.always
        twin.spent, twin.ended = self.spent, self.ended
        return twin

    @property
    def over(self) -> bool:
        """Whether the execution has ended or never will."""
        return self.execution.outcome is not None or bool(self.hung)

    def open(self) -> Iterator[tuple[int, Flight]]:
        """The calls that may be answered at any time, in the order in which they went out."""
        return ((token, flight) for token, flight in self.flights.items() if flight.stage in _OPEN)


START = Choice("start", "start", EXECUTION_TOKEN)


class Rules:
    """What can happen in the executions of one machine, and what comes of it."""

    def __init__(
        self, plan: Plan, performer: Performer, faults: Faults, values: Fingerprints, *, dumps: bool = False
    ) -> None:
        self.plan, self.performer, self.faults, self.values = plan, performer, faults, values
        self.dumps = dumps  # whether a crash really goes by way of a dump
        self._states: Mapping[str, State] = {state.name: state for state in plan.tasks()}

    def begin(self, execution: Execution, world: World, at: float) -> Point:
        """The point after the execution's start; before it, where the turns of strands make a difference to it."""
        point = Point(execution.fork(), world)
        point.execution.now = at
        begun = self.take(point, START)
        return point if begun.others else begun

    # -- what can happen -----------------------------------------------------------------------------------------------

    def choices(self, point: Point, faults: int) -> list[Choice]:
        """What can happen next, the ordinary course first; `faults` is how many may still go wrong."""
        if not point.execution.history.count:
            return [START]
        found = list(self.calls(point, faults))
        if not point.over:
            found += self.time(point)
        return found

    def calls(self, point: Point, faults: int) -> Iterator[Choice]:
        """What calls that are out can come to."""
        if not point.over:
            opened = list(point.open())
            forces = dict(point.always)
            for token, flight in opened:
                fault = forces.get(flight.call.state)
                yield Choice(_text(flight), "answer", token, fault if fault and self._meets(flight, fault) else None)
            if faults > 0:
                for token, flight in opened:
                    yield from self._faults(token, flight, forces)
        for number, call in enumerate(point.orphans):
            yield Choice(f"{call.place}: unheard", "unheard", number)

    def _faults(self, token: int, flight: Flight, forces: Mapping[str, Fault]) -> Iterator[Choice]:
        call = flight.call
        if call.state in forces:
            return
        for fault in self.faults.of.get(call.state, ()):
            if not self._meets(flight, fault):
                continue
            text = f"{_text(flight)}: {fault.text}"
            yield Choice(text, "answer", token, fault, cost=1)
            if call.state in self.faults.again and fault.kind != "crashes":
                yield Choice(f"{text}, always", "answer", token, fault, always=True, cost=1)

    def _meets(self, flight: Flight, fault: Fault) -> bool:
        """Whether the fault can happen to a call at its stage."""
        if flight.stage == OUT and flight.call.waits:
            return not fault.silent and not fault.after  # those are the task's, not its request's
        if flight.stage == OUT:
            # Without a world there is no effect that could be had or not.
            return self.performer.worldly or not fault.after or fault.kind == "oversized"
        return flight.stage == BEGUN and fault.kind not in ("throttling", "crashes")

    def time(self, point: Point) -> list[Choice]:
        """What is due first, if time can pass until then."""
        x = point.execution
        timers = [(at, token) for at, token in point.timers if self._runs(point, at, token)]
        mail = [(at, told) for at, told in point.mail if x.waits_for(_token_of(told))]
        if not timers and not mail:
            return []
        due = min([at for at, _ in timers] + [at for at, _ in mail])
        found: dict[int, Choice] = {}
        for at, told in mail:
            token = _token_of(told)
            if at == due and token not in found:
                text = _text(point.flights[token]) if token in point.flights else place_of(x, token)
                found[token] = Choice(text, "mail", token, stimulus=told, at=at)
        opened = dict(point.open())
        for at, token in timers:
            if at == due and token not in found:
                if token in opened or (opened and ends_all(x, token)):
                    return []  # who may still answer does so before
                text = _text(point.flights[token]) if token in point.flights else place_of(x, token)
                found[token] = Choice(text, "timer", token, at=at)
        return (
            [] if any(self._takes_time(point, token, flight) for token, flight in opened.items()) else [*found.values()]
        )

    def _runs(self, point: Point, at: float, token: int) -> bool:
        if token == EXECUTION_TOKEN:
            return True
        flight = point.flights.get(token)
        if flight is not None and flight.stage in _ALIVE:  # its heartbeats come in time
            strand = point.execution.waiting.get(token)
            until = flight.call.deadline if strand is None else strand.until
            return until is not None and at >= until
        return point.execution.waits_for(token)

    def _takes_time(self, point: Point, token: int, flight: Flight) -> bool:
        """Whether it is known how long the call takes: then it is performed before time passes."""
        if flight.stage not in (OUT, BEGUN) or flight.call.state in dict(point.always):
            return False
        performed = self._perform(point, token, flight, probe=True)
        return performed.seconds > 0 or bool(performed.beats)

    # -- what comes of it ----------------------------------------------------------------------------------------------

    def take(self, point: Point, choice: Choice) -> Point:
        """The point that a choice leads to."""
        twin = point.fork()
        twin.picks = choice.picks
        if choice.kind == "start":
            self._step(twin, None, point.execution.now)
            return twin
        if choice.always and choice.fault is not None:
            state = point.flights[choice.token].call.state
            twin.always |= {(state, choice.fault)}
        if choice.kind == "unheard":
            twin.orphans = point.orphans[: choice.token] + point.orphans[choice.token + 1 :]
            call = point.orphans[choice.token]
            twin.world = self.performer.perform(call, point.execution, point.world, self.values).world
        elif choice.kind == "mail":
            self._beat(twin, choice.at)
            mail = list(point.mail)
            mail.remove((choice.at, choice.stimulus))  # type: ignore[arg-type]
            twin.mail = tuple(mail)
            self._arrived(twin, choice.token, choice.stimulus, choice.at)
        elif choice.kind == "timer":
            self._beat(twin, choice.at)
            self._fire(twin, choice.token, choice.at)
        elif choice.fault is not None:
            self._go_wrong(point, twin, choice.token, choice.fault)
        else:
            self._answered(point, twin, choice.token)
        return twin

    def _perform(self, point: Point, token: int, flight: Flight, *, probe: bool = False) -> Performed:
        performed = point.performed.get(token)
        if performed is None:
            waiting = [each.call for each in point.flights.values() if each.call.task_token]
            performed = self.performer.perform(
                flight.call, point.execution, point.world, self.values, waiting, probe=probe
            )
            if not probe or not self.performer.in_place:
                point.performed[token] = performed
        return performed

    def _answered(self, point: Point, twin: Point, token: int) -> None:
        flight = point.flights[token]
        call, now = flight.call, point.execution.now
        if flight.stage == OFFERED:
            _, worker = self.performer.takes(call, point.execution, point.world)
            self._step(twin, Taken(token, worker), now)
            self._stage(twin, token, BEGUN, call=call._replace(made=True))
            return
        if flight.stage == DONE:
            self._step(twin, flight.told, now)
            return
        performed = self._perform(point, token, flight)
        twin.world = performed.world
        for sent, after in performed.sent:
            if after > 0:
                twin.spent += after
                twin.mail = _posted(twin.mail, now + after, sent)
            else:
                self._step(twin, sent, now)
        if performed.answer is None:
            self._stage(twin, token, NOBODY if performed.seconds == 0 else STALLED)
            twin.spent += _longest(twin, token, now)
            return
        twin.spent += performed.seconds + performed.told_seconds
        for after in performed.beats:
            twin.mail = _posted(twin.mail, now + after, Heartbeat(token))
        then = _stage_after(flight, performed)
        told = performed.told
        again = call._replace(made=True) if performed.worker else call
        if performed.seconds == 0 and not performed.beats:
            self._step(twin, performed.answer, now)
            self._stage(twin, token, then, call=again, told=told)
        else:
            twin.mail = _posted(twin.mail, now + performed.seconds, performed.answer)
            self._stage(twin, token, SLOW, call=again, told=told, after=then)
        if told is not None and performed.told_seconds > 0:
            twin.mail = _posted(twin.mail, now + performed.seconds + performed.told_seconds, told)

    def _arrived(self, twin: Point, token: int, stimulus: Stimulus | None, at: float) -> None:
        """What was on its way is there."""
        self._step(twin, stimulus, at)
        flight = twin.flights.get(token)
        if flight is not None and flight.stage == SLOW and type(stimulus) is Succeeded:
            self._stage(twin, token, flight.after or SLOW, after="")

    def _beat(self, twin: Point, at: float) -> None:
        """Time passes: whoever is at work has said meanwhile that he is."""
        for token, flight in list(twin.flights.items()):
            if flight.stage in _ALIVE:
                strand = twin.execution.waiting.get(token)
                if strand is None or strand.beat_by is not None:
                    self._step(twin, Heartbeat(token), at)

    def _fire(self, twin: Point, token: int, at: float) -> None:
        twin.timers = tuple(timer for timer in twin.timers if timer != (at, token))
        self._step(twin, Fired(token), at)

    def _go_wrong(self, point: Point, twin: Point, token: int, fault: Fault) -> None:
        flight = point.flights[token]
        call, now = flight.call, point.execution.now
        if fault.after:
            twin.world = self._perform(point, token, flight).world
        if fault.kind == "crashes":
            self._crash(twin)
        elif fault.silent:
            if fault.kind == "heartbeats":
                self._step(twin, Heartbeat(token), now)  # the last one
            beats = fault.kind == "timeouts" and (state := self._states.get(call.state)) and state.heartbeat is not None
            self._stage(twin, token, BEATING if beats else LOST)
            twin.spent += _longest(twin, token, now)
            if self.performer.worldly and not fault.after:
                twin.orphans += (call,)
        elif fault.kind == "oversized":
            huge = "x" * ((point.execution.limits.payload_bytes or 0) + 1)
            self._step(twin, Succeeded(token, huge) if flight.stage == OUT else TaskSucceeded(token, huge), now)
        else:
            cause = cause_of(fault, self._states[call.state])
            kind = Failed if flight.stage == OUT else TaskFailed
            self._step(twin, kind(token, fault.name, cause), now)

    def _crash(self, twin: Point) -> None:
        """The engine dies; another goes on from the dump, as drivers do. What was loaded is what a fork is, too."""
        outside = {token for token, flight in twin.flights.items() if flight.stage == NOBODY}
        if self.dumps:
            twin.execution = Execution.load(twin.execution.dump(), self.plan)
        twin.flights, twin.timers = {}, ()
        twin.mail = tuple(letter for letter in twin.mail if _token_of(letter[1]) in outside)
        self._take_commands(twin, twin.execution.pending())

    # -- the execution -------------------------------------------------------------------------------------------------

    def _step(self, point: Point, stimulus: Stimulus | None, now: float) -> None:
        x = point.execution
        turns = x.order = Turns(point.picks)
        try:
            commands = x.step(stimulus, now)
        except ExecutionHangs as error:
            point.hung = str(error)
            return
        finally:
            x.order = None
        if turns.count > 1:
            point.others += turns.others(x)
        if stimulus is not None and not x.waits_for(own := _token_of(stimulus)):
            point.flights.pop(own, None)  # it was heard: nothing is left of it
        self._take_commands(point, commands)
        if x.outcome is not None:
            point.timers, point.mail, point.performed = (), (), {}
            self._orphaned(point, list(point.flights))
            return
        gone = [token for token in point.flights if not x.waits_for(token)]
        if gone:
            self._orphaned(point, gone)
        if point.timers:
            point.timers = tuple(
                timer for timer in point.timers if timer[1] == EXECUTION_TOKEN or x.waits_for(timer[1])
            )
        if point.mail:
            point.mail = tuple(letter for letter in point.mail if x.waits_for(_token_of(letter[1])))

    def _take_commands(self, point: Point, commands: list[Command]) -> None:
        for command in commands:
            if type(command) is Call:
                point.flights[command.token] = Flight(command, _place(command), self._first_stage(point, command))
            elif type(command) is Timer:
                timer = (command.at, command.token)
                if timer not in point.timers:
                    point.timers += (timer,)
                    if command.token not in point.flights and not ends_all(point.execution, command.token):
                        point.spent += command.at - point.execution.now
            elif type(command) is Cancel:
                self._orphaned(point, [command.token])

    def _first_stage(self, point: Point, call: Call) -> str:
        if call.waits == "activity":
            takes, _ = self.performer.takes(call, point.execution, point.world)
            return (BEGUN if call.made else OFFERED) if takes else NOBODY
        if call.made:
            takes, _ = self.performer.takes(call, point.execution, point.world)
            return BEGUN if takes else NOBODY
        return OUT

    def _orphaned(self, point: Point, tokens: list[int]) -> None:
        """Nobody waits for these calls any more; in a world, they may be performed nevertheless."""
        for token in tokens:
            flight = point.flights.pop(token, None)
            if flight is not None and flight.stage == OUT and self.performer.worldly and not flight.call.waits:
                point.orphans += (flight.call,)

    @staticmethod
    def _stage(point: Point, token: int, stage: str, **changes: Any) -> None:
        """The call stands elsewhere from now on, if anybody still waits for it."""
        flight = point.flights.get(token)
        if flight is not None and stage:
            point.flights[token] = flight._replace(stage=stage, **changes)

    # -- recognising ---------------------------------------------------------------------------------------------------

    def fingerprint(self, point: Point) -> Any:
        """What two points have in common that lead to the same from here on."""
        now, value, flights = point.execution.now, self.values.value, point.flights
        letters: dict[int, tuple[Any, ...]] = {}
        for at, each in point.mail:
            token = _token_of(each)
            letter = (round(at - now, 6), type(each).__name__, value(list(each[1:])))
            letters[token] = (*letters.get(token, ()), letter)

        def told(token: int) -> Any:
            flight, own = flights.get(token), letters.get(token, ())
            if flight is None:
                return own
            return (flight.stage, flight.after, own, None if flight.told is None else value(list(flight.told[1:])))

        return (
            point.hung,
            self.values.of(point.execution, told),
            tuple(sorted((name, *fault) for name, fault in point.always)) if not point.over else (),
            self.performer.contents(point.world),
            (round(point.spent, 6), point.ended) if self.values.spent else None,
            tuple(sorted((call.place, call.attempt, str(value(call.arguments))) for call in point.orphans)),
        )


def place_of(x: Execution, token: int) -> str:
    """Where a token's strand stands, in a schedule's words: `Orders[1]/Pause`."""
    if token == EXECUTION_TOKEN:
        return "TimeoutSeconds"
    strand = x.waiting.get(token)
    if strand is not None:
        return "/".join([*(f"{each.state}[{each.index}]" for each in patterns.within(strand)), strand.state.name])
    errand = x.errands.get(token)
    if errand is None:
        return "?"
    around = errand.run.strand
    outer = [*(f"{each.state}[{each.index}]" for each in patterns.within(around))]
    child = errand.run.live.get(errand.whose)
    inner = "" if child is None else place_of(child.execution, errand.inner)
    return "/".join([*outer, f"{around.state.name}[{errand.whose}]", inner])


def _place(call: Call) -> str:
    """Where the call was made; a Map Run's own have the field's name for a state's."""
    return f"{call.place}/{call.resource.rsplit('/', 1)[1]}" if call.resource.startswith("/") else call.place


def _text(flight: Flight) -> str:
    if flight.stage in (OUT, SLOW, LOST):
        return flight.place
    if flight.stage == OFFERED:
        return f"{flight.place}: taken"
    return f"{flight.place}: reported" if flight.stage in (BEGUN, DONE) else flight.place


def _longest(point: Point, token: int, now: float) -> float:
    """Seconds until the last timer of a token."""
    return max((at - now for at, each in point.timers if each == token), default=0.0)


def ends_all(x: Execution, token: int) -> bool:
    """Whether the timer is an execution's own TimeoutSeconds (a child's, too)."""
    errand = x.errands.get(token)
    return token == EXECUTION_TOKEN or (errand is not None and errand.inner == EXECUTION_TOKEN)


def _stage_after(flight: Flight, performed: Performed) -> str:
    if performed.worker:
        return BEGUN
    if performed.never:
        return STALLED
    if performed.told is not None:
        return DONE if performed.told_seconds == 0 else SLOW
    return NOBODY if flight.call.waits and flight.stage == OUT else ""


def _token_of(stimulus: Stimulus) -> int:
    return getattr(stimulus, "token", EXECUTION_TOKEN)


def _posted(
    mail: tuple[tuple[float, Stimulus], ...], at: float, stimulus: Stimulus
) -> tuple[tuple[float, Stimulus], ...]:  # fmt: skip
    return (*mail, (at, stimulus))


__all__ = ["BEATING", "LOST", "NOBODY", "Choice", "Flight", "Point", "Rules", "ends_all", "place_of"]
