"""Worlds and who works in them: copies of what handlers keep, and one call performed in such a copy.

Knows: how a world is copied, who answers a call in it, and what came of it. Must never know: which call is performed
when, or what an execution makes of the answer.

Without a world, handlers are taken as functions of their event and attempt: the same call has the same answer, and it is
asked for once. In a world of plain values they are functions of that besides, and mostly asked once for each.
"""

from __future__ import annotations

import copy
import marshal
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from asl_local.drivers.callbacks import Callbacks
from asl_local.drivers.driver import NEVER, Later, Nested, TaskContext, Work, answer, report
from asl_local.drivers.simulate import Hours, Stalled
from asl_local.engine import Execution
from asl_local.engine.messages import Call, Stimulus
from asl_local.errors import AslError
from asl_local.lazy import dataclass, replace
from asl_local.plan import Plan
from asl_local.resources import Resources
from asl_local.resources.mocking import Mocks, Session
from asl_local.resources.mocking.session import Player
from asl_local.testing.exploring.fingerprint import Fingerprints, contents
from asl_local.values import text_of

INFINITY = float("inf")
_REMEMBERED = 4096  # worlds, and answers in worlds
_LONGEST_TASK = 99_999_999.0  # seconds: the TimeoutSeconds of a task that has none


class Performed(NamedTuple):
    """What came of a call.

    `world` is the world afterwards. `sent` are the answers to task tokens that the handler gave, each with the seconds
    until it is due. `answer` is the call's own, `seconds` later; None where it never comes. `beats` are the seconds of
    its heartbeats. `worker` says that somebody has to do the task now that it is submitted, `told` is what becomes of a
    job `told_seconds` after that; `never` that this is nothing, ever.
    """

    world: Any
    answer: Stimulus | None
    seconds: float = 0.0
    beats: tuple[float, ...] = ()
    sent: tuple[tuple[Stimulus, float], ...] = ()
    worker: bool = False
    told: Stimulus | None = None
    told_seconds: float = 0.0
    exception: BaseException | None = None
    never: bool = False


@dataclass(slots=True)
class Seen:
    """What has shown itself that an exploration must know.

    `clock`: a handler has asked for the time. `counted`: a mock counts its calls, so that their order matters.
    """

    clock: bool = False
    counted: bool = False


class _Context(TaskContext):
    """A handler's context that notes whether the time was asked for; `free` times it may be (mocks write it down)."""

    __slots__ = ("free", "seen")
    seen: Seen
    free: int

    def now(self) -> float:
        self._note()
        return super().now()

    def get_remaining_time_in_millis(self) -> int:
        self._note()
        return super().get_remaining_time_in_millis()

    def _note(self) -> None:
        if self.free:
            self.free -= 1
        else:
            self.seen.clock = True


class World(NamedTuple):
    """What handlers keep, and what mocks have counted; None where there is neither."""

    kept: Any = None
    session: Session | None = None


class Performer:
    """Performs the calls of one machine's executions.

    `given` is a mapping, Resources or LocalAWS, or a function that makes one of a world; `kept` says which. `counted` says
    that mocks count. `in_place` edits the given world instead of copies of it (a single run that is followed).
    """

    def __init__(
        self, plan: Plan, given: Any, *, kept: bool, mocks: Mocks | None = None, counted: bool = False,
        in_place: bool = False,
    ) -> None:  # fmt: skip
        self.plan, self.given, self.kept, self.mocks, self.in_place = plan, given, kept, mocks, in_place
        self.worldly = kept or counted
        self.hours = Hours()
        self.seen = Seen(counted=counted)
        self._work: Work | Player | None = None
        self.remembers = True  # whether what was performed in an equal world is not performed again
        self._answers: dict[Any, Performed] = {}
        self._held: dict[int, tuple[World, Any]] = {}
        self._states = {state.name: state for state in plan.tasks()}
        self._alone = {name: replace(plan, states={state.pointer: state}) for name, state in self._states.items()}

    def check(self, execution: Execution, kept: Any) -> World:
        """The world at the start, which is `kept` itself or a copy of it.

        Raises UnknownResource for what nobody answers, AslError for executions of other machines, and for a world that
        cannot be compared.
        """
        kept = kept if self.in_place or not self.kept else forked(kept)
        resources = self._resources(kept)
        execution.activities = resources.activities
        if resources.machines:
            raise AslError(
                "explore: Resources(machines={...}) starts executions of other machines, which are not explored along with "
                "this one; give a handler for the task that starts them, and explore the other machine by itself"
            )
        self._work = self._over(resources, self.plan, execution)
        world = World(kept, None if self.mocks is None else self.mocks.begin())
        if not self.in_place:
            self.contents(world)
        return world

    def copied(self, world: World) -> World:
        """A world that goes its own way from here."""
        session = world.session
        if session is not None:
            session = session.fork() if self.worldly else Session()
            session.calls.clear()
        return World(forked(world.kept) if self.kept else world.kept, session)

    def contents(self, world: World) -> Any:
        """What the world holds, as something that can be compared; looked at once for all points that share it."""
        known = self._held.get(id(world))
        if known is None or self.in_place:
            counts = world.session.fingerprint() if world.session is not None and self.worldly else ()
            known = self._held[id(world)] = world, (contents(world.kept) if self.kept else b"", counts)
            if len(self._held) > _REMEMBERED:
                del self._held[next(iter(self._held))]  # the oldest
        return known[1]

    def perform(
        self, call: Call, execution: Execution, world: World, values: Fingerprints, waiting: Iterable[Call] = (),
        *, probe: bool = False,
    ) -> Performed:  # fmt: skip
        """The call in a copy of the world. `waiting` are the calls whose task tokens can be answered; a
        `probe` only looks.
        """
        waiting = list(waiting)
        key = None
        if not self.in_place and not call.waits and (plain := self._plain(call, world, waiting)) is not None:
            key = (call.resource, call.state, call.attempt, values.value(call.arguments), call.role, call.within, plain)
            known = self._answers.get(key)
            if known is not None:
                return known._replace(answer=_told_to(known.answer, call.token))
        copied = world if self.in_place and not probe else self.copied(world)
        performed = self._performed(call, execution, copied, waiting)
        if copied.session is not None and copied.session.counts:
            self.seen.counted = True
        if key is not None and not self.seen.clock and not self.seen.counted and not performed.sent:
            self._answers[key] = performed
            if self.worldly and len(self._answers) > _REMEMBERED:
                del self._answers[next(iter(self._answers))]  # the oldest
        return performed

    def _plain(self, call: Call, world: World, waiting: list[Call]) -> Any:
        """What a handler can see of the world, where that is known for certain: plain types with nothing hidden in them.

        It sees the order of members and numbers of events in its input, too, which do not count where points are compared.
        None where it is not known.
        """
        if not self.worldly:
            return b""
        if not self.remembers or self.mocks is not None or waiting:
            return None
        try:
            return self.contents(world), marshal.dumps(world.kept, 2), text_of(call.arguments)
        except ValueError:
            return None

    @contextmanager
    def trying(self) -> Iterator[None]:
        """Whatever is performed meanwhile leaves no trace."""
        in_place, self.in_place = self.in_place, False
        try:
            yield
        finally:
            self.in_place = in_place

    def close(self) -> None:
        """Nothing is performed any more."""
        self.hours.close()

    def _performed(self, call: Call, execution: Execution, world: World, waiting: Iterable[Call]) -> Performed:
        now, slept, began = execution.now, 0.0, self.hours.elapsed
        sent: list[tuple[Stimulus, float]] = []
        beats: list[float] = []
        raised: dict[int, BaseException] = {}
        callbacks = Callbacks()
        for each in waiting:
            callbacks.open(each, lambda stimulus, after: sent.append((stimulus, after)))

        def elapsed() -> float:
            return slept + self.hours.elapsed - began

        def moment() -> float:
            return now + elapsed()

        def sleep(seconds: float) -> None:
            nonlocal slept
            slept += max(0.0, seconds)
            if now + elapsed() > (now + _LONGEST_TASK if call.deadline is None else call.deadline):
                context.cancelled = True

        # The number of the call in this execution is a matter of the order; what a handler sees of it must not be.
        stable = call._replace(token=_number(call))
        context = _Context(
            stable, now=moment, sleep=sleep, heartbeat=lambda: beats.append(elapsed()), callbacks=callbacks,
            time=lambda: now,
        )  # fmt: skip
        context.seen = self.seen if self._tells_time(call) else Seen()
        context.free = 1 if self._mocked(call) else 0
        work = self._bound(call, execution, world)
        try:
            result, error = self.hours.finished(lambda: work(call, context))
            took = elapsed()
            if isinstance(result, Nested):
                raise AslError(f"explore: the state {call.state!r} starts an execution of another machine")
            if result is NEVER:
                raise Stalled
            if not isinstance(result, Later):
                return Performed(
                    world, answer(call, result, raised, error), took, tuple(beats), tuple(sent),
                    exception=raised.get(call.token),
                )  # fmt: skip
            submitted = None if call.made or call.waits == "activity" else answer(call, result.answer, raised, None)
            if result.then is None or (submitted is not None and self._has_worker(call, context, work)):
                return Performed(
                    world, submitted, took, tuple(beats), tuple(sent), worker=result.then is not None
                )  # fmt: skip
            then = result.then
            result, error = self.hours.finished(lambda: then(context))
            if result is NEVER:
                return Performed(
                    world, submitted, took if submitted else INFINITY, tuple(beats), tuple(sent), never=True
                )
            told = report(call, result, raised, error)
            if submitted is None:  # a worker's work, of a task that was submitted before
                return Performed(world, told, elapsed(), tuple(beats), tuple(sent), exception=raised.get(call.token))
            return Performed(
                world, submitted, took, tuple(beats), tuple(sent), told=told, told_seconds=elapsed() - took,
                exception=raised.get(call.token),
            )  # fmt: skip
        except Stalled:
            return Performed(world, None, INFINITY, tuple(beats), tuple(sent))

    def _mocked(self, call: Call) -> bool:
        return self.mocks is not None and call.state in self.mocks.answers

    def _has_worker(self, call: Call, context: TaskContext, work: Work) -> bool:
        """Whether somebody else does the task once it is submitted; a Job that the handler returned is data."""
        if call.waits != "token" or self._mocked(call):
            return False
        again = work(call._replace(made=True), context)
        return isinstance(again, Later) and again.then is not None

    def _tells_time(self, call: Call) -> bool:
        """Whether an answer depends on the time if it was asked for: in lambda:invoke's it is a header's only."""
        state = self._states.get(call.state)
        return state is None or state.resource is None or state.resource.service != "lambda"

    def takes(self, call: Call, execution: Execution, world: World) -> tuple[bool, str | None]:
        """Whether a worker is there for the task of an activity, and his name."""
        if self._mocked(call):
            return True, None
        context = TaskContext(call, now=lambda: 0.0, sleep=lambda _: None, heartbeat=lambda: None)
        offered = self._bound(call, execution, world)(call, context)
        return isinstance(offered, Later) and offered.then is not None, getattr(offered, "worker", None)

    def _resources(self, kept: Any) -> Resources:
        return Resources.of(self.given(kept) if self.kept else self.given)

    def _bound(self, call: Call, execution: Execution, world: World) -> Work:
        """Who answers the call in this world: of a world's resources, only the one that is asked for is bound."""
        work = self._work
        if self.kept:
            state = self._states.get(call.state)
            plan = self.plan
            if state is not None and self.mocks is None:  # which are checked against all states that they name
                plan = self._alone[state.name]
            work = self._over(self._resources(world.kept), plan, execution)
        if work is None:
            raise TypeError("check first")
        return work.work(world.session or Session()) if isinstance(work, Player) else work

    def _over(self, resources: Resources, plan: Plan, execution: Execution) -> Work | Player:
        def bind(plan: Plan) -> Work:
            return resources.bind(plan, execution.identity, like=execution)

        return bind(plan) if self.mocks is None else self.mocks.over(plan, bind, execution.identity.execution_arn)


def forked(world: Any) -> Any:
    """A copy of a world that shares nothing with it: by its own `fork()`, else by copy.deepcopy."""
    own = getattr(world, "fork", None)
    if callable(own):
        return own()
    try:
        return _copied(world, {})
    except Exception as error:
        kind = f"{type(world).__module__}.{type(world).__qualname__}"
        raise AslError(
            f"the world, a {kind}, cannot be copied ({error}); keep what cannot be copied out of it, or give it a method fork()"
        ) from error


def _copied(value: Any, known: dict[int, Any]) -> Any:
    """What copy.deepcopy gives, sooner for the plain containers that most worlds are made of."""
    kind = type(value)
    if kind is str or kind is int or kind is float or kind is bool or value is None or kind is bytes:
        return value
    if kind is not dict and kind is not list:
        return copy.deepcopy(value, known)
    found = known.get(id(value))
    if found is not None:
        return found
    if kind is dict:
        members: dict[Any, Any] = {}
        known[id(value)] = members
        for key, member in value.items():
            members[key if type(key) is str else _copied(key, known)] = _copied(member, known)
        return members
    items: list[Any] = []
    known[id(value)] = items
    items += [_copied(item, known) for item in value]
    return items


def _told_to(stimulus: Stimulus | None, token: int) -> Stimulus | None:
    """An answer that is known already, under the token of this call."""
    return None if stimulus is None else stimulus._replace(token=token)  # type: ignore[call-arg]


def _number(call: Call) -> int:
    """A number of the call that does not depend on what was called before it."""
    return zlib.crc32(f"{call.place}#{call.attempt}".encode("utf-8", "surrogatepass"))


__all__ = ["Performed", "Performer", "Seen", "forked"]
