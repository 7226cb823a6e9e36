"""What else there is to do with a Machine: explore it, ask what it can cost, draw it.

Knows: who answers. Must never know: how. These are methods of Machine (its class borrows them).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast, overload

from asl_local.drivers import START
from asl_local.errors import InvalidDefinition
from asl_local.interfaces.given import moment
from asl_local.interfaces.result import result_of
from asl_local.interfaces.ways.going_on import mocked_by
from asl_local.reporters import watching

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime
    from pathlib import Path

    from asl_local.engine import Identity, Limits
    from asl_local.interfaces.given import Given
    from asl_local.interfaces.machine import Machine
    from asl_local.interfaces.result import Result
    from asl_local.reporters.watching import OnEvent
    from asl_local.resources.mocking import MockConfig, Mocks, MocksGiven
    from asl_local.testing.bounds import Bounds
    from asl_local.testing.exploring import Exploration, Run
    from asl_local.values import Json

_NOTHING: Json = {}


def scheduled(
    machine: Machine, schedule: Sequence[str], input: Json, resources: Any, world: Any, *, start: datetime | float,
    seed: int, limits: Limits | None, identity: Identity | None, execution_name: str | None, on_event: OnEvent | None,
    mocks: Mocks | None,
) -> Result:  # fmt: skip
    """Follow the steps of an exploration's run; see Machine.simulate."""
    from asl_local.testing import exploring  # noqa: PLC0415 - most machines are never explored

    setting = exploring.Setting(
        machine, input, resources, world, result_of, start=moment(start), seed=seed, limits=limits, identity=identity,
        execution_name=execution_name, mocks=mocks,
    )  # fmt: skip
    followed = exploring.follow(setting, schedule, in_place=True, heard=True)
    if on_event is not None and (tell := watching.Told(on_event).observer(setting.execution())) is not None:
        tell(followed.execution)
    return cast("Result", followed.result)


def explore(
    machine: Machine, input: Json = _NOTHING, resources: Given | Callable[[Any], Given] = None, *, world: Any = None,
    invariant: Callable[[Run], Any] | None = None, always: Callable[[Run], Any] | None = None, faults: int = 1,
    kinds: Collection[str] | None = None, budget: int | None = None,
    stop: bool | Callable[[Exploration], bool] = False, limits: Limits | None = None,
    mocks: MocksGiven | None = None, mock_config: MockConfig | None = None, test_case: str | None = None,
    seed: int = 0, start: datetime | float = START, type: str | None = None,
) -> Exploration:  # fmt: skip
    """Every order in which tasks can come back, times every plan of up to `faults` faults; see docs/exploring.md.

    Without a `world`, handlers are functions of their event. With one, `resources` is a function that makes handlers
    over a world; worlds are copied (`fork()`, else copy.deepcopy) and compared by what they hold. `invariant` is
    asked about every end and `always` after every step; what returns False or fails an assertion is a violation.
    `kinds` are the faults to try (asl_local.testing.exploring.KINDS), all unless given; after `budget` transitions
    the search ends incomplete, with `stop` at the first violation, or when `stop` is true of what has been found.
    Raises UnknownResource and the like before anything runs, AslError where the same run comes to different ends.
    """
    from asl_local.testing import exploring  # noqa: PLC0415 - most runs never need it

    return exploring.explore(
        exploring.Setting(
            machine.of_type(type), input, resources, world, result_of, start=moment(start), seed=seed, limits=limits,
            mocks=mocked_by(machine, mocks, mock_config, test_case),
        ), invariant=invariant, always=always, faults=faults, kinds=kinds, stop=stop,
        budget=exploring.BUDGET if budget is None else budget,
    )  # fmt: skip


def bounds(
    machine: Machine, input: Json = None, resources: Given | Callable[[Any], Given] = None, *, world: Any = None,
    faults: int = 1, kinds: Collection[str] | None = None, budget: int | None = None, limits: Limits | None = None,
    mocks: MocksGiven | None = None, type: str | None = None,
) -> Bounds:  # fmt: skip
    """What the machine can cost at most: seconds, history events, retries, bytes; see docs/bounds.md.

    Without input, resources and mocks it is read off the definition alone, and nothing runs. With them, runs are
    explored as by `explore`, and the worst of them are told, too. `warnings` says what is close to a limit.
    Raises InvalidDefinition as `execution` does.
    """
    from asl_local.testing import bounds  # noqa: PLC0415 - most runs never need it

    machine = machine.of_type(type)
    if machine.unresolved:
        raise InvalidDefinition(machine.unresolved, machine.name)
    runs = None
    if input is not None or resources is not None or mocks is not None:
        runs = bounds.explored(machine.explore(
            _NOTHING if input is None else input, resources, world=world, faults=faults, kinds=kinds, budget=budget,
            limits=limits, mocks=mocks,
        ))  # fmt: skip
    return bounds.bounds_of(machine, type=machine.type, runs=runs)


@overload
def to_svg(machine: Machine, path: None = None) -> str: ...
@overload
def to_svg(machine: Machine, path: str | os.PathLike[str]) -> Path: ...
def to_svg(machine: Machine, path: str | os.PathLike[str] | None = None) -> str | Path:
    """The machine as a picture, an SVG that stands alone, light or dark as its viewer is.

    Gives the picture's text; with a path it is written there, whole or not at all, and the path given. Raises OSError;
    folders are not made.
    """
    from asl_local.interfaces.viewing import writing  # noqa: PLC0415 - with all that draws
    from asl_local.reporters.graph.outline import outline  # noqa: PLC0415
    from asl_local.reporters.graph.svg import svg  # noqa: PLC0415

    text = svg(outline(machine.definition), title=machine.name)
    return text if path is None else writing.write(text, path)


def to_mermaid(machine: Machine) -> str:
    """The machine as a Mermaid flowchart, for README files and pull requests."""
    from asl_local.reporters.graph.mermaid import mermaid  # noqa: PLC0415 - see to_svg

    return mermaid(machine.definition)


def to_dot(machine: Machine) -> str:
    """The machine in DOT, the language of Graphviz."""
    from asl_local.reporters.graph.dot import dot  # noqa: PLC0415 - see to_svg

    return dot(machine.definition, name=machine.name)


def card(machine: Machine) -> str:
    """The machine in a notebook."""
    from asl_local.interfaces.viewing.notebooks import machine_card  # noqa: PLC0415 - only in notebooks

    return machine_card(machine.definition, machine.name)
