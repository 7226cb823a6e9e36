"""Following a schedule: one run of a machine, step by step. And what has to be known of a machine to explore it.

Knows: how a step is named, and how a run begins and ends. Must never know: why this schedule.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from asl_local.drivers import START as BEGIN
from asl_local.drivers import Ended, Heard, hear
from asl_local.engine import Execution, Identity, Limits
from asl_local.engine.messages import Outcome as Ending
from asl_local.errors import ImpossibleSchedule
from asl_local.lazy import Protocol, dataclass, hinted
from asl_local.plan import Plan
from asl_local.resources.mocking import Mocks
from asl_local.testing.exploring.faults import Faults
from asl_local.testing.exploring.fingerprint import Fingerprints
from asl_local.testing.exploring.points import START, Choice, Point, Rules
from asl_local.testing.exploring.report import HANGS, Run
from asl_local.testing.exploring.search import turned
from asl_local.testing.exploring.worlds import Performer
from asl_local.values import Json, copy


class Startable(Heard, Protocol):
    """A machine that can be explored; `asl_local.Machine` is one."""

    def execution(
        self, input: Json, *, execution_name: str | None, limits: Limits | None, identity: Identity | None, seed: int
    ) -> Execution:
        """An execution that has not begun."""


@dataclass(slots=True)
class Setting:
    """What is explored: the machine, its input, and who answers.

    `resources` is a mapping, Resources or LocalAWS; with a `world`, a function that makes one of a world. `result_of`
    makes a Result of an execution, its outcome and an exception. Time starts at `start`, in epoch seconds; the others are
    the execution's. Raises TypeError for a world without such a function.
    """

    machine: Startable
    input: Json
    resources: Any
    world: Any
    result_of: Callable[..., Any]
    start: float = BEGIN
    seed: int = 0
    limits: Limits | None = None
    identity: Identity | None = None
    execution_name: str | None = None
    mocks: Mocks | None = None

    def __post_init__(self) -> None:
        if self.world is not None:
            _require_maker(self.resources)

    @property
    def worldly(self) -> bool:
        """Whether handlers keep something, in a world."""
        return self.world is not None

    @property
    def plan(self) -> Plan:
        """The machine's plan."""
        return self.machine.plan

    def execution(self) -> Execution:
        """An execution that has not begun."""
        return self.machine.execution(
            self.input, execution_name=self.execution_name, limits=self.limits, identity=self.identity, seed=self.seed
        )

    def result(self, execution: Execution, exception: BaseException | None) -> Any:
        """The Result of an execution, ended or not."""
        return self.result_of(execution, execution.outcome or Ending("RUNNING"), exception, virtual=True)


def over(world: Any, resources: Any) -> Any:
    """The resources over a world. Raises TypeError for what makes none."""
    _require_maker(resources)
    return resources(world)


def _require_maker(resources: Any) -> None:
    if not callable(resources):
        raise TypeError(
            "world: with one, resources is a function that makes handlers over it (lambda world: {...}), "
            f"not {resources!r:.80}"
        )


@dataclass(slots=True)
class Followed:
    """A schedule that was gone through: the execution, the world, and the Result of both."""

    execution: Execution
    world: Any
    result: Any


def follow(
    setting: Setting, schedule: Sequence[str], *, to_the_end: bool = True, newest: bool = False, in_place: bool = False,
    heard: bool = False, told: Callable[[Point, Choice, Point], None] | None = None,
) -> Followed:  # fmt: skip
    """Take exactly these steps; then, `to_the_end`, the ordinary ones.

    `newest` lets the call that went out last go first there, where otherwise the one does that went out first. `in_place`
    edits the world that is given, and `heard` tells those who listen to executions (drivers.listening). `told` is told
    of each step, with the points before and after it. Raises ImpossibleSchedule for a step that cannot be taken, which
    lists what could.
    """
    if isinstance(schedule, str):
        raise TypeError(f"schedule: a list of steps is wanted, such as [{schedule!r}], not a text")
    execution = setting.execution()
    hearing = hear(execution, setting.machine, "simulate") if heard else None
    try:
        followed, exception = _followed(
            setting, execution, schedule, to_the_end=to_the_end, newest=newest, in_place=in_place, told=told
        )
    except BaseException as error:
        if hearing is not None:
            hearing.ends(execution, error)
        raise
    if hearing is not None:
        # Who was told of the execution's beginning looks at that same one when it has ended.
        execution.become(followed.execution)
        hearing.ends(execution, Ended(execution.outcome or Ending("RUNNING"), exception))
    return followed


def _followed(
    setting: Setting, execution: Execution, schedule: Sequence[str],
    *, to_the_end: bool, newest: bool, in_place: bool, told: Callable[[Point, Choice, Point], None] | None,
) -> tuple[Followed, BaseException | None]:  # fmt: skip
    performer = Performer(
        setting.plan, setting.resources, kept=setting.worldly, mocks=setting.mocks, counted=setting.mocks is not None,
        in_place=in_place,
    )  # fmt: skip
    values = Fingerprints(clock=True, deadline=True)
    rules = Rules(
        setting.plan, performer, Faults(setting.plan, payload_bytes=execution.limits.payload_bytes), values, dumps=True
    )
    world = performer.check(execution, setting.world)
    exception: BaseException | None = None
    try:
        point = rules.begin(execution, world, setting.start)
        for number, step in enumerate(schedule, 1):
            choice = _named(rules, point, step)
            if choice is None:
                raise ImpossibleSchedule(_cannot(rules, point, step, number))
            before = point
            point, exception = _taken(rules, point, choice)
            if told is not None:
                told(before, choice, point)
        while to_the_end and not point.over:
            choices = rules.choices(point, 0)
            if not choices:
                break
            calls = [choice for choice in choices if choice.kind == "answer"]
            choice = calls[-1] if newest and calls else choices[0]
            point, exception = _taken(rules, point, choice)
        return Followed(point.execution, point.world.kept, setting.result(point.execution, exception)), exception
    finally:
        performer.close()


def run_of(setting: Setting, followed: Followed, schedule: Sequence[str] = ()) -> Run:
    """The run that following has led to, for an invariant to look at."""
    outcome = followed.execution.outcome
    run = Run(
        copy(setting.input), list(schedule), [], HANGS if outcome is None else outcome.status, world=followed.world
    )
    if outcome is not None:
        run.output, run.error, run.cause = outcome.output, outcome.error, outcome.cause
    run.replay = lambda _: followed.result
    return run


def _taken(rules: Rules, point: Point, choice: Choice) -> tuple[Point, BaseException | None]:
    after = rules.take(point, choice)
    performed = point.performed.get(choice.token)
    return after, performed.exception if performed is not None and after.execution.told else None


def _named(rules: Rules, point: Point, step: str) -> Choice | None:
    """The choice of that name. Time is looked at last: it may have to try calls."""
    begun = bool(point.execution.history.count)
    for found in (rules.calls(point, 1) if begun else [START], rules.time(point) if begun and not point.over else []):
        choices = list(found)
        for choice in choices:
            if choice.text == step:
                return choice
        for choice in choices:
            if step.startswith(f"{choice.text}, ") and (one := _turned_to(rules, point, choice, step)) is not None:
                return one
    return None


def _turned_to(rules: Rules, point: Point, choice: Choice, step: str) -> Choice | None:
    """The choice with those turns of strands that the step names."""
    todo = [choice]
    with rules.performer.trying():
        while todo:
            one = todo.pop(0)
            if one.text == step:
                return one
            others = [turned(one, picks, words) for picks, words in rules.take(point, one).others]
            todo += [other for other in others if step.startswith(other.text)]
    return None


def _cannot(rules: Rules, point: Point, step: str, number: int) -> str:
    could = [choice.text for choice in rules.choices(point, 1)]
    if not could:
        return f"schedule: step {number} is {step!r}, but the execution is over after {number - 1} step{'' if number == 2 else 's'}"
    shown = "\n  ".join(map(repr, could[:40]))
    return f"schedule: step {number} is {step!r}, which cannot be taken there; these can:\n  {shown}"


__all__ = ["Followed", "Setting", "follow", "over", "run_of"]

hinted(globals())
