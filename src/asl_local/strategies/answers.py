"""Answers for the Tasks of a machine: what each may come back with, in the form that its Resource answers in.

Knows: what a machine reads of results, envelopes of integrations, and services' API models where botocore is installed.
Must never know: how a machine runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from hypothesis import strategies as st

from asl_local.definition.resource_arns import ResourceArn, parse
from asl_local.errors import AslError
from asl_local.lazy import dataclass, hinted
from asl_local.plan import State
from asl_local.resources import Resources, shapes
from asl_local.resources.inferred.answers import Described, always_there
from asl_local.resources.inferred.demands import Demands
from asl_local.resources.inferred.wants import Want, sample
from asl_local.resources.mocking.answers import Answer, Returns
from asl_local.resources.mocking.choices import Sequence
from asl_local.resources.shapes import Shape
from asl_local.strategies.aims import Aim, aims_of
from asl_local.strategies.conditions import Nothing
from asl_local.strategies.inputs import drawn, only, wanted, whole
from asl_local.strategies.shapes import Draw, Pins, Shaper
from asl_local.values import Json, copy

_MOST: Final = 3  # drawn answers of one Task, and items of one ItemReader
_TURNS: Final = 12  # answers after those that were drawn; a machine that polls has come to its end by then
_DEEPEST: Final = 3  # levels of an API model's shape that are filled with more than they require


@dataclass(frozen=True)
class Answers:
    """What each Task of a machine answers: call by call, then over and over what lets a machine that polls come to an end.

    To be given as `mocks=` of `run`, `simulate` and `explore`: it has `keys()` and `[state]`. `resources()` makes
    handlers that say the same, and what ItemReaders read. `results` has the answers that were drawn by the
    state's name, `items` those of ItemReaders by their Resource.
    """

    results: dict[str, list[Json]]
    items: dict[str, list[Json]]
    _later: dict[str, list[Json]]
    _writers: frozenset[str]

    def keys(self) -> Iterator[str]:
        """The names of the Task states."""
        return iter(self.results)

    def __getitem__(self, state: str) -> Answer:
        """The mock of a Task state. Raises KeyError for a state that is none."""
        later = [*self._later[state], self.results[state][-1]]
        return Sequence(tuple(Returns(value) for value in (*self.results[state], *later)), Returns(later[-1]))

    def resources(self) -> Resources:
        """Handlers that answer the same, for one execution: calls are counted from here on."""
        calls: Counter[str] = Counter()

        def answer(_event: Json, context: Any) -> Json:
            values = [*self.results[context.state], *self._later[context.state], self.results[context.state][-1]]
            calls[context.state] += 1
            return copy(values[min(calls[context.state], len(values)) - 1])

        readers: dict[str, Any] = {name: lambda _asked, name=name: copy(self.items[name]) for name in self.items}
        writers = dict.fromkeys(self._writers, _written)
        return Resources({**readers, **writers, "*": answer}, workers={"*": answer})

    def __repr__(self) -> str:
        items = f", items={self.items!r}" if self.items else ""
        return f"Answers({self.results!r}{items})"


def _written(_asked: Json) -> None:
    """The handler of a ResultWriter, which keeps nothing."""


class Scenario(NamedTuple):
    """An input, and what the Tasks answer: `machine.simulate(scenario.input, mocks=scenario.answers)`."""

    input: Json
    answers: Answers


def answers(machine: Described, *, near_misses: bool = False) -> st.SearchStrategy[Answers]:
    """What the machine's Tasks answer, each in the form of its Resource, so that rules that read results go every way.

    An answer has what the machine reads of it, with the values that its rules decide by, and what answers of that
    integration have anyway: for `lambda:invoke` a Payload and its StatusCode, for services what their API model requires
    and now and then more, where `asl_local.resources.shapes` or botocore knows the model. Half of the draws aim at one
    way of one Choice state. No task fails: see `failure_plans`. `near_misses` and errors as for `inputs`.
    Shrinks to one smallest answer for each Task.
    """
    maker = _Maker(machine, near_misses)
    aims = only(aims_of(machine.definition, odd=near_misses), "result", "items")

    @st.composite
    def strategy(draw: Draw) -> Answers:
        return maker.answers(draw, draw(st.sampled_from(aims)) if aims and draw(st.booleans()) else None)

    return strategy()


def scenarios(machine: Described, *, near_misses: bool = False) -> st.SearchStrategy[Scenario]:
    """An input and answers that go together: both aim at the same way of the same Choice state.

    For rules that lie behind others of which some read the input and some what a task answered. See `inputs` and `answers`.
    """
    maker = _Maker(machine, near_misses)
    aims = aims_of(machine.definition, odd=near_misses)

    @st.composite
    def strategy(draw: Draw) -> Scenario:
        aim = draw(st.sampled_from(aims)) if aims and draw(st.booleans()) else None
        pins = Pins()
        decided = [] if aim is None else drawn(draw, aim)
        for place, value in decided:
            if place.kind == "input":
                pins.pin(place.steps, value)
        value = Shaper(draw, near_misses).shaped(maker.demands.input, pins, default=st.builds(dict))
        return Scenario({} if isinstance(value, Nothing) else value, maker.decided(draw, decided))

    return strategy()


class _Maker:
    """Draws the answers of one machine."""

    def __init__(self, machine: Described, near_misses: bool) -> None:
        whole(machine)
        self.demands: Demands = wanted(machine.definition)
        self._near_misses = near_misses
        self._tasks: dict[str, State] = {state.name: state for state in machine.plan.tasks()}
        self._shapes = {name: _shape(state) for name, state in self._tasks.items()}
        # Functions, workers and whoever has a task token answer with any JSON, services with an object.
        self._object = {
            name: state.resource is not None and state.resource.kind == "service" and state.resource.waits != "token"
            for name, state in self._tasks.items()
        }

    def answers(self, draw: Draw, aim: Aim | None) -> Answers:
        return self.decided(draw, [] if aim is None else drawn(draw, aim))

    def decided(self, draw: Draw, decided: list[tuple[Any, Any]]) -> Answers:
        """Answers with what was decided for the first of each Task, and for the first item of each ItemReader."""
        pins: dict[tuple[str, str], Pins] = {}
        for place, value in decided:
            pins.setdefault((place.kind, place.name), Pins()).pin(place.steps, value)
        shaper = Shaper(draw, self._near_misses)
        results, items = {}, {}
        for name in self._tasks:
            results[name] = [self._answer(draw, shaper, name, pins.get(("result", name)))]
            while len(results[name]) < _MOST and draw(st.integers(0, 3)) == 3:
                results[name].append(self._answer(draw, shaper, name, None))
        for name, want in self.demands.items.items():
            count = draw(st.integers(1 if ("items", name) in pins else 0, _MOST))
            found = [shaper.shaped(want, pins.get(("items", name)) if at == 0 else None) for at in range(count)]
            items[name] = [value for value in found if not isinstance(value, Nothing)]
        later = {name: self._turns(name) for name in self._tasks}
        return Answers(results, items, later, frozenset(self.demands.writers))

    def _answer(self, draw: Draw, shaper: Shaper, name: str, pins: Pins | None) -> Json:
        want = self.demands.results.get(name, Want())
        made = shaper.shaped(want, pins, default=st.one_of(st.builds(dict), st.sampled_from(["text", 1, True, None])))
        given: Json = {} if isinstance(made, Nothing) else made
        always, shape = self._always(name), self._shapes[name]
        if not self._object[name]:
            return given
        if want.empty and pins is None:
            given = {}
        if not isinstance(given, dict):
            return given
        envelope = _filled(draw, shape, 0) if shape is not None else {}
        there = {**(envelope if isinstance(envelope, dict) else {}), **copy(dict(always or {}))}
        # What the machine reads is there or not, as it was drawn.
        return {**{member: value for member, value in there.items() if member not in want.members}, **given}

    def _always(self, name: str) -> Mapping[str, Json] | None:
        resource = self._tasks[name].resource
        return None if resource is None else always_there(resource.service, resource.action)

    def _turns(self, name: str) -> list[Json]:
        """What comes after the drawn answers: each of the values that rules ask for in turn."""
        want, always = self.demands.results.get(name, Want()), self._always(name)
        found = []
        for turn in range(_TURNS):
            given = sample(want, turn, default={}, steady=False)
            found.append({**copy(dict(always)), **given} if always is not None and isinstance(given, dict) else given)
        return found


def _shape(state: State) -> Shape | None:
    """What the API model says of a Task's answers, if there is one and it is at hand."""
    arn = None if state.resource is None else parse(state.resource.arn)
    if arn is None:
        return None
    try:
        described = _JOBS.get(f"{arn.service}:{arn.action}{arn.pattern}")
        if described is None:
            return shapes.answer_shape(arn)
        found = shapes.answer_shape(ResourceArn("sdk", *described[0].split(":")))
        for member in described[1:]:
            found = None if found is None else found.members[member].item or found.members[member]
        return found
    except AslError:
        return None


# What a job's answer is a description of: the operation that gives it, and where in that one's answer it stands.
_JOBS: Final[Mapping[str, tuple[str, ...]]] = {
    "batch:submitJob.sync": ("batch:describeJobs", "Jobs"),
    "ecs:runTask.sync": ("ecs:describeTasks", "Tasks"),
    "glue:startJobRun.sync": ("glue:getJobRun", "JobRun"),
    **{
        f"sagemaker:create{job}.sync": (f"sagemaker:describe{job}",)
        for job in ("HyperParameterTuningJob", "LabelingJob", "ProcessingJob", "TrainingJob", "TransformJob")
    },
}


def _filled(draw: Draw, shape: Shape, level: int) -> Json:
    """A value of a shape: what it requires, and now and then more."""
    if shape.kind == "object":
        wanted = [
            name
            for name in shape.members
            if name in shape.required or (level < _DEEPEST and draw(st.integers(0, 7)) == 7)
        ]
        return {name: _filled(draw, shape.members[name], level + 1) for name in wanted}
    if shape.kind == "array":
        return [_filled(draw, shape.item, level + 1)] if shape.item is not None and draw(st.integers(0, 3)) == 3 else []
    return draw(_scalar(shape))


def _scalar(shape: Shape) -> st.SearchStrategy[Json]:
    if shape.kind == "string":
        least = int(shape.least or 0)
        most = int(shape.most) if shape.most is not None else least + 8
        return st.text("abcdef0123456789-", min_size=least, max_size=max(least, min(most, least + 8)))
    if shape.kind == "number":
        least = int(shape.least or 0)
        return st.integers(least, max(least, int(shape.most) if shape.most is not None else least + 100))
    return st.booleans() if shape.kind == "boolean" else st.sampled_from([None, "text", 1])


__all__ = ["Answers", "Scenario", "answers", "scenarios"]

hinted(globals())
