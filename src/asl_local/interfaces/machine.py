"""The way in from Python: load a definition, run it.

Knows: which floor does what. Must never know: how any of them does it.
"""

from __future__ import annotations

import os
import time

from asl_local import definition as definitions
from asl_local.drivers import START, hear, unwatched
from asl_local.drivers.listening import listened
from asl_local.engine import Execution, Identity, Limits
from asl_local.engine.straight import at_once
from asl_local.errors import InvalidDefinition
from asl_local.interfaces.given import moment, taken, work_of
from asl_local.interfaces.result import result_of, result_over
from asl_local.lazy import TYPE_CHECKING, borrowed, hinted, later, pattern
from asl_local.plan import Plan, compile_machine
from asl_local.resources.answering import Bound, is_right, settled
from asl_local.values import Json

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from typing import Any, TypeAlias

    from asl_local.definition import FoundDefinition, Source
    from asl_local.drivers import drive, simulate, threads
    from asl_local.engine.messages import Names
    from asl_local.errors import Diagnostic
    from asl_local.interfaces.given import Given
    from asl_local.interfaces.result import Result
    from asl_local.interfaces.ways import going_on, looking
    from asl_local.reporters import watching
    from asl_local.reporters.watching import OnChild, OnEvent, OnProgress
    from asl_local.resources.mocking import MockConfig, MocksGiven
    from asl_local.testing import exploring
else:
    later(
        globals(), "uuid", "asl_local.drivers.drive", "asl_local.drivers.simulate", "asl_local.drivers.threads",
        "asl_local.interfaces.ways.going_on", "asl_local.interfaces.ways.looking", "asl_local.reporters.watching",
        "asl_local.testing.exploring",
    )  # fmt: skip


Definition: TypeAlias = "str | os.PathLike[str] | bytes | Mapping[str, Any]"

_NOTHING: Json = {}
_LIMITS = Limits()
_ROLE = "arn:aws:iam::123456789012:role/asl-local"
EXPRESS_SECONDS = 300  # the longest that an Express execution runs; Developer Guide, quotas
_LONGEST_NAME = 80
_NEVER_WAIT = ("Pass", "Choice", "Succeed", "Fail", "Parallel")
_OTHERS = pattern(r"[^0-9A-Za-z_.-]+")


class Machine:
    """A state machine, checked and compiled. Made by `load`; runs as often as you like, executions share nothing."""

    def __init__(
        self, plan: Plan, *, name: str, definition: Json, warnings: list[Diagnostic],
        unresolved: Sequence[Diagnostic] = (), type: str = "STANDARD", source: Source | None = None,
    ) -> None:  # fmt: skip
        self.plan = plan
        self.name = name
        self.definition = definition
        self.warnings = warnings
        self.unresolved = unresolved
        self.type = type
        self.source = source
        self.unnamed = unwatched.LaterNamed(self.identity, _ROLE)
        self._last_bound: Bound | None = None
        self._last_right: Mapping[str, Any] | None = None
        if type == "EXPRESS":
            plan.timeout = EXPRESS_SECONDS if plan.timeout is None else min(plan.timeout, EXPRESS_SECONDS)

    def run(
        self,
        input: Json = _NOTHING,
        resources: Given = None,
        *,
        execution_name: str | None = None,
        limits: Limits | None = None,
        on_event: OnEvent | None = None,
        on_map_progress: OnProgress | None = None,
        on_child: OnChild | None = None,
        identity: Identity | None = None,
        seed: int | None = None,
        mocks: MocksGiven | None = None,
        mock_config: MockConfig | None = None,
        test_case: str | None = None,
        type: str | None = None,
    ) -> Result:
        """Run in real time: waits wait, handlers run on threads (async ones in an event loop), several at once.

        `resources` maps ARNs, function names or patterns to handlers, or is a Resources registry or a LocalAWS.
        `mocks` answers Tasks by their states' names instead (asl_local.mock). `mock_config` is Step Functions Local's
        MockConfigFile, a path or its content, and `test_case` names the test case in it whose replies answer; of a state
        that both name, `mocks` does. Faults in either are InvalidMockConfig. With either, a Task that nobody answers is
        UnknownResource when it is called, since a test mocks what is on its path.
        `on_event` is told each history event as it happens, `on_map_progress` a Map Run's counts whenever they change,
        `on_child` each child execution of a Map Run that has ended. `seed` fixes what States.UUID, States.MathRandom and
        retry jitter draw. `type` (STANDARD or EXPRESS) runs the machine as another type than it was loaded as.
        Raises UnknownResource, NotJson and, for what the type refuses, InvalidDefinition before anything runs.
        """
        watched = on_event is not None or on_map_progress is not None or on_child is not None
        mocked = mocks is not None or mock_config is not None or test_case is not None
        if self.plan.whole is not None and not watched and not mocked and type is None and not listened():
            limits = limits or _LIMITS
            over = at_once(self.plan, input, limits, time.time()) if self._is_right(resources) else None
            if over is not None:
                unnamed = self.unnamed if execution_name is None else None
                return result_over(
                    over,
                    self.identity,
                    identity or unnamed,
                    execution_name,
                    unwatched.new_seed if seed is None else seed,
                )
        machine = self.of_type(type)
        names = machine.unnamed if identity is None and execution_name is None else identity
        execution = machine.execution(
            input, execution_name=execution_name, limits=limits, identity=names,
            seed=unwatched.new_seed if seed is None else seed,
        )  # fmt: skip
        told = watching.Told(on_event, on_map_progress, on_child) if watched else None
        if not mocked and (told is None or _ends_at_once(execution.plan)):
            bound = self._bound(execution, resources)
            observe = None if told is None else told.observer(execution)
            hearing = hear(execution, self, "run")
            if not execution.history.followed:
                answers = (bound.answers, bound.plain) if told is None else (None, None)
                ended = unwatched.run(
                    execution, answers, settled, bound.work, slow=bound.those_that_block(), hearing=hearing, observe=observe
                )  # fmt: skip
            else:
                ended = drive.drive(execution, threads.RealTime(bound.work(execution)), observe, hearing=hearing)
            return result_of(execution, *ended)
        work = work_of(execution, resources, going_on.mocked_by(self, mocks, mock_config, test_case))
        return going_on.finish(self, "run", execution, threads.RealTime(work), told)

    def simulate(
        self,
        input: Json = _NOTHING,
        resources: Given = None,
        *,
        seed: int = 0,
        start: datetime | float = START,
        execution_name: str | None = None,
        limits: Limits | None = None,
        on_event: OnEvent | None = None,
        on_map_progress: OnProgress | None = None,
        on_child: OnChild | None = None,
        identity: Identity | None = None,
        mocks: MocksGiven | None = None,
        mock_config: MockConfig | None = None,
        test_case: str | None = None,
        type: str | None = None,
        schedule: Sequence[str] | None = None,
        world: Any = None,
    ) -> Result:
        """Run on a virtual clock: nothing sleeps, and the same seed gives the same history.

        Time starts at `start` (epoch seconds or a datetime, UTC if it says no zone; 2024-01-01T00:00:00Z unless given)
        and jumps to whatever is due next. Seed 0 runs what is ready in the order of the definition; other seeds
        shuffle that order. `mocks`, `mock_config`, `test_case` and `type` as in `run`. With a `world`, `resources` is a
        function that makes handlers over it, which edit it. `schedule` are the steps of an exploration's run, which are
        taken one by one, and then the ordinary ones; a step that cannot be taken is an AslError that lists what could.
        """
        if schedule is not None:
            if on_child is not None or on_map_progress is not None:
                raise ValueError("a schedule that is followed tells of events only: on_event")
            return looking.scheduled(
                self.of_type(type), schedule, input, resources, world, start=start, seed=seed, limits=limits,
                identity=identity, execution_name=execution_name, on_event=on_event,
                mocks=going_on.mocked_by(self, mocks, mock_config, test_case),
            )  # fmt: skip
        if world is not None:
            resources = exploring.over(world, resources)
        watched = on_event is not None or on_map_progress is not None or on_child is not None
        mocked = mocks is not None or mock_config is not None or test_case is not None
        if self.plan.whole is not None and seed == 0 and not watched and not mocked and type is None and not listened():
            limits = limits or _LIMITS
            over = at_once(self.plan, input, limits, moment(start)) if self._is_right(resources) else None
            if over is not None:
                return result_over(over, self.identity, identity, execution_name, 0, virtual=True)
        execution = self.of_type(type).execution(
            input, execution_name=execution_name, limits=limits, identity=identity, seed=seed, shuffle=seed != 0
        )
        told = watching.Told(on_event, on_map_progress, on_child) if watched else None
        if not mocked and (told is None or _ends_at_once(execution.plan)):
            bound, at = self._bound(execution, resources), moment(start)
            observe = None if told is None else told.observer(execution)
            hearing = hear(execution, self, "simulate")
            if not execution.history.followed:
                answers = (bound.instant, bound.plain) if told is None else (None, None)
                ended = unwatched.simulate_from(
                    at, execution, answers, settled, bound.work, seed=seed, hearing=hearing, observe=observe
                )  # fmt: skip
            else:
                driver = simulate.Simulation(bound.work(execution), seed=seed, start=at)
                ended = drive.drive(execution, driver, observe, hearing=hearing)
            return result_of(execution, *ended, virtual=True)
        work = work_of(execution, resources, going_on.mocked_by(self, mocks, mock_config, test_case))
        world = simulate.Simulation(work, seed=seed, start=moment(start))
        return going_on.finish(self, "simulate", execution, world, told, virtual=True)

    def execution(
        self,
        input: Json = _NOTHING,
        *,
        execution_name: str | None = None,
        limits: Limits | None = None,
        identity: Identity | Names | None = None,
        seed: int | Callable[[], int] = 0,
        shuffle: bool = False,
    ) -> Execution:
        """The execution as a value that you step yourself; see asl_local.engine.

        Raises InvalidDefinition where a placeholder that nobody filled stands for a number or an expression.
        """
        if self.unresolved:
            raise InvalidDefinition(self.unresolved, self.name)
        limits = limits or _LIMITS
        accepted, weight = taken(input, limits)
        execution = Execution(
            self.plan, accepted, identity=identity or self.identity(execution_name or "execution"), seed=seed,
            shuffle=shuffle, limits=limits,
        )  # fmt: skip
        execution.root.bound = weight
        return execution

    def like(self, definition: Json) -> Machine:
        """A machine of another definition, by this one's name and of its type. Raises InvalidDefinition."""
        return load(definition, name=self.name, type=self.type)

    def of_type(self, type: str | None) -> Machine:
        """This machine as a STANDARD or an EXPRESS one. Raises InvalidDefinition for what that type refuses."""
        return self if type is None or type == self.type else load(self.definition, name=self.name, type=type)

    def identity(self, execution_name: str) -> Identity:
        """The names that an execution of this machine goes by unless it is given others: region us-east-1.

        Those of an Express machine are those of StartSyncExecution.
        """
        stem = "arn:aws:states:us-east-1:123456789012"
        express = self.type == "EXPRESS"
        arn = f"{stem}:{'express' if express else 'execution'}:{self.name}:{execution_name}"
        return Identity(
            execution_arn=f"{arn}:{uuid.uuid5(uuid.NAMESPACE_URL, arn)}" if express else arn,
            execution_name=execution_name,
            machine_arn=f"{stem}:stateMachine:{self.name}",
            machine_name=self.name,
            role_arn=_ROLE,
            redrivable=not express,
        )

    def _is_right(self, resources: Given) -> bool:
        """Whether these can be resources, in which nobody is looked up; the last ones are known again."""
        if resources is None or (type(resources) is dict and resources == self._last_right):
            return True
        right = is_right(resources)
        if right and type(resources) is dict:
            self._last_right = resources.copy()
        return right

    def _bound(self, execution: Execution, resources: Given) -> Bound:
        """The resources, looked up once as long as they are the same. Raises UnknownResource."""
        bound = self._last_bound
        if bound is None or not bound.fits(resources) or execution.plan is not self.plan:
            bound = Bound(resources, execution.plan)
            bound.look_up(execution)
            if execution.plan is self.plan:
                self._last_bound = bound
        execution.activities = None if bound.resources is None else bound.resources.activities
        return bound

    if TYPE_CHECKING:
        start, resume, resume_simulation = going_on.start, going_on.resume, going_on.resume_simulation
        redrive = going_on.redrive
        explore, bounds, _repr_html_ = looking.explore, looking.bounds, looking.card
        to_svg, to_mermaid, to_dot = looking.to_svg, looking.to_mermaid, looking.to_dot
    else:
        start, resume, resume_simulation, redrive = borrowed(going_on, "start resume resume_simulation redrive")
        explore, bounds, _repr_html_ = borrowed(looking, "explore bounds card")
        to_svg, to_mermaid, to_dot = borrowed(looking, "to_svg to_mermaid to_dot")

    def __repr__(self) -> str:
        count = len(self.plan.states)
        return f"<Machine {self.name!r}, {count} state{'' if count == 1 else 's'}>"


def load(
    definition: Definition | FoundDefinition, *, substitutions: Mapping[str, Any] | None = None, name: str | None = None,
    type: str | None = None,
) -> Machine:  # fmt: skip
    """Check and compile a definition: a path, JSON or YAML text, a dict, or one of `definitions_in`.

    The path may be a CloudFormation or SAM template, a serverless.yml, CDK's output or a folder; `name` then picks one
    of its state machines by logical ID (or StateMachineName, or construct in CDK), and need not be given where there is
    one only. For a plain definition `name` is what the machine is called. `substitutions` fills `${name}` placeholders
    (DefinitionSubstitutions) and gives values to a template's parameters (`Stage`) and attributes (`Function.Arn`).
    `type` is STANDARD or EXPRESS; without it what the template says, else STANDARD. Raises InvalidDefinition with every
    problem found, each with code, JSON pointer, line and column, and DefinitionNotFound, which lists the names.
    """
    found = definitions.find(definition, substitutions or {})
    alone = len(found) == 1 and found[0].template is None and not _is_folder(definition)
    one = found[0] if alone else definitions.pick(found, name, str(definition))
    model, source, warnings = definitions.load_model(one, substitutions=substitutions, type=type)
    return Machine(
        compile_machine(model, source.tree),
        name=(name if alone else None) or _plain_name(one.name),
        definition=source.tree,
        warnings=warnings,
        unresolved=model.unresolved,
        type=type or one.type,
        source=source,
    )


def definitions_in(
    path: Definition | FoundDefinition, *, substitutions: Mapping[str, Any] | None = None
) -> list[FoundDefinition]:
    """Every state machine of a file or folder, each with name, type, substitutions and the place of its definition.

    A folder is searched for definitions, templates and serverless.yml files at any depth; CDK's output (cdk.out) is
    read by its manifest. Each of the list can be given to `load` and `validate`.
    """
    return definitions.find(path, substitutions or {})


def validate(
    definition: Definition | FoundDefinition, *, substitutions: Mapping[str, Any] | None = None,
    type: str | None = None, name: str | None = None,
) -> list[Diagnostic]:  # fmt: skip
    """Every problem of a definition, errors and warnings, in order of position; empty when there is none.

    Of a template or a folder all state machines are checked, one after the other, or the one that `name` picks.
    """
    return definitions.validate(definition, substitutions=substitutions, type=type, name=name)


def _is_folder(definition: Definition | FoundDefinition) -> bool:
    return isinstance(definition, (str, os.PathLike)) and os.path.isdir(definition)  # noqa: PTH112 - may be no path


def _ends_at_once(plan: Plan) -> bool:
    """Whether an execution never waits, for a clock, a task or an item: its first step is its last."""
    return all(state.type in _NEVER_WAIT for state in plan.states.values())


def _plain_name(name: str) -> str:
    """What a machine is called that somebody calls so."""
    if name.isascii() and name.isalnum() and len(name) <= _LONGEST_NAME:
        return name
    return _OTHERS.sub("-", name).strip("-")[:_LONGEST_NAME] or "StateMachine"


hinted(globals())
