"""The way in from Python: load a definition, run it.

Knows: which floor does what. Must never know: how any of them does it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, cast, overload

from asl_local import definition as definitions
from asl_local.drivers import START, hear, unwatched
from asl_local.drivers.listening import listened
from asl_local.engine import Execution, Identity, Limits
from asl_local.engine.messages import Names, Redriven, Stimulus
from asl_local.engine.straight import at_once
from asl_local.errors import Diagnostic, InvalidDefinition
from asl_local.interfaces.given import moment, resumed, taken, work_of
from asl_local.interfaces.result import Result, result_of, result_over
from asl_local.lazy import later, pattern
from asl_local.plan import Plan, compile_machine
from asl_local.resources.answering import Bound, settled
from asl_local.values import Json

if TYPE_CHECKING:
    import uuid
    from datetime import datetime
    from pathlib import Path

    from asl_local.definition import FoundDefinition, Source
    from asl_local.drivers import Callbacks, Driver, Nested, drive, simulate, threads
    from asl_local.engine import snapshot
    from asl_local.interfaces.given import Given
    from asl_local.interfaces.started import Started
    from asl_local.reporters import watching
    from asl_local.reporters.watching import OnChild, OnEvent, OnProgress, Told
    from asl_local.resources.mocking import MockConfig, Mocks, MocksGiven
    from asl_local.testing.bounds import Bounds
    from asl_local.testing.exploring import Exploration, Run
else:
    later(
        globals(), "uuid", "asl_local.reporters.watching", "asl_local.resources.registry",
        "asl_local.drivers.drive", "asl_local.drivers.simulate", "asl_local.drivers.threads",
        "asl_local.engine.snapshot",
    )  # fmt: skip


Definition: TypeAlias = "str | os.PathLike[str] | bytes | Mapping[str, Any]"

_NOTHING: Json = {}
_LIMITS = Limits()
_ROLE = "arn:aws:iam::123456789012:role/asl-local"
EXPRESS_SECONDS = 300  # the longest that an Express execution runs; Developer Guide, quotas
_PLAIN_NAME = pattern(r"[^0-9A-Za-z_.-]+")


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
            over = at_once(self.plan, input, limits, time.time())
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
        if not watched and not mocked:
            bound = self._bound(execution, resources)
            hearing = hear(execution, self, "run")
            if not execution.history.followed:
                ended = unwatched.run(
                    execution, (bound.answers, bound.plain), settled, bound.work, slow=bound.slow, hearing=hearing
                )  # fmt: skip
            else:
                ended = drive.drive(execution, threads.RealTime(bound.work(execution)), hearing=hearing)
            return result_of(execution, *ended)
        work = work_of(execution, resources, self._mocks(mocks, mock_config, test_case))
        return self._finish(
            "run", execution, threads.RealTime(work), watching.Told(on_event, on_map_progress, on_child)
        )

    def start(
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
        callbacks: Callbacks | None = None,
        mocks: MocksGiven | None = None,
        mock_config: MockConfig | None = None,
        test_case: str | None = None,
        type: str | None = None,
    ) -> Started:
        """Run as `run` does, but in the background: answer its task tokens, stop it, ask for its result.

        `callbacks` lets several executions share their task tokens and the queues of their activities, as those of one
        account do.
        """
        execution = self.of_type(type).execution(
            input,
            execution_name=execution_name or unwatched.new_name(),
            limits=limits,
            identity=identity,
            seed=unwatched.new_seed() if seed is None else seed,
        )
        told = watching.Told(on_event, on_map_progress, on_child)
        mocked = self._mocks(mocks, mock_config, test_case)
        return self._started("start", execution, resources, told, callbacks, mocked=mocked)

    def resume(
        self,
        dump: str,
        resources: Given = None,
        *,
        on_event: OnEvent | None = None,
        on_map_progress: OnProgress | None = None,
        on_child: OnChild | None = None,
        callbacks: Callbacks | None = None,
        mocks: MocksGiven | None = None,
    ) -> Started:
        """Go on in real time with an execution that was dumped (`Execution.dump`, `Started.dump`).

        Calls that were out are made again, task tokens are still good, and what became due meanwhile is due at once.
        `mocks` say what happens from here on: what they count begins anew.
        Executions of other machines that it had started go on too. Raises ValueError for the dump of another machine's,
        UnknownResource if `resources` lacks one of those machines.
        """
        first, *others = snapshot.unbundle(dump)
        told = watching.Told(on_event, on_map_progress, on_child)
        execution, mocked = Execution.load(first, self.plan), self._mocks(mocks)
        return self._started("resume", execution, resources, told, callbacks, mocked=mocked, others=others)

    def resume_simulation(
        self,
        dump: str,
        resources: Given = None,
        *,
        seed: int = 0,
        on_event: OnEvent | None = None,
        on_map_progress: OnProgress | None = None,
        on_child: OnChild | None = None,
        mocks: MocksGiven | None = None,
    ) -> Result:
        """Go on with a dumped execution on a virtual clock, from the moment at which it was dumped; see `resume`."""
        first, *others = snapshot.unbundle(dump)
        execution = Execution.load(first, self.plan)
        work, going_on = resumed(execution, resources, others, self._mocks(mocks))
        start = max([execution.now, *(each.execution.now for each in going_on)])
        return self._finish(
            "resume_simulation",
            execution,
            simulate.Simulation(work, seed=seed, start=start),
            watching.Told(on_event, on_map_progress, on_child),
            going_on=going_on,
            virtual=True,
        )

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
        if schedule is not None or world is not None:
            from asl_local.testing import exploring  # noqa: PLC0415 - most runs never need it

            if schedule is not None:
                setting = exploring.Setting(
                    self.of_type(type), input, resources, world, result_of, start=moment(start), seed=seed, limits=limits,
                    identity=identity, execution_name=execution_name, mocks=self._mocks(mocks, mock_config, test_case),
                )  # fmt: skip
                if on_child is not None or on_map_progress is not None:
                    raise ValueError("a schedule that is followed tells of events only: on_event")
                followed = exploring.follow(setting, schedule, in_place=True, heard=True)
                if on_event is not None and (tell := watching.Told(on_event).observer(setting.execution())) is not None:
                    tell(followed.execution)
                return cast("Result", followed.result)
            resources = exploring.over(world, resources)
        watched = on_event is not None or on_map_progress is not None or on_child is not None
        mocked = mocks is not None or mock_config is not None or test_case is not None
        if self.plan.whole is not None and seed == 0 and not watched and not mocked and type is None and not listened():
            limits = limits or _LIMITS
            over = at_once(self.plan, input, limits, moment(start))
            if over is not None:
                return result_over(over, self.identity, identity, execution_name, 0, virtual=True)
        execution = self.of_type(type).execution(
            input, execution_name=execution_name, limits=limits, identity=identity, seed=seed, shuffle=seed != 0
        )
        if not watched and not mocked:
            bound, at = self._bound(execution, resources), moment(start)
            hearing = hear(execution, self, "simulate")
            if not execution.history.followed:
                ended = unwatched.simulate_from(
                    at, execution, (bound.instant, bound.plain), settled, bound.work, seed=seed, hearing=hearing
                )  # fmt: skip
            else:
                driver = simulate.Simulation(bound.work(execution), seed=seed, start=at)
                ended = drive.drive(execution, driver, hearing=hearing)
            return result_of(execution, *ended, virtual=True)
        work = work_of(execution, resources, self._mocks(mocks, mock_config, test_case))
        told = watching.Told(on_event, on_map_progress, on_child)
        return self._finish(
            "simulate", execution, simulate.Simulation(work, seed=seed, start=moment(start)), told, virtual=True
        )

    def redrive(
        self,
        result: Result,
        resources: Given = None,
        *,
        seed: int = 0,
        at: datetime | float | None = None,
        on_event: OnEvent | None = None,
        on_map_progress: OnProgress | None = None,
        on_child: OnChild | None = None,
        mocks: MocksGiven | None = None,
    ) -> Result:
        """Go on with a Standard execution of this machine that did not succeed, from where it stopped (RedriveExecution).

        What has succeeded stays as it was; states that were entered and not left are done again. The clock is the one
        that the execution had: real, or virtual from the moment of its end, or from `at` (epoch seconds or a
        datetime). `mocks` say what happens from here on: what they count begins anew. `result` itself stays as it is. Raises ExecutionNotRedrivable, and ValueError for the execution
        of another machine.
        """
        if result.execution is None or result.execution.plan.fingerprint != self.plan.fingerprint:
            raise ValueError(f"the result is not of an execution of {self.name!r}")
        execution = result.execution.fork()
        execution.watch(None)
        driver: Driver
        work = work_of(execution, resources, self._mocks(mocks))
        if result.virtual:
            start = execution.now if at is None else moment(at)
            driver = simulate.Simulation(work, seed=seed, start=max(start, execution.now))
        elif at is not None:
            raise ValueError("`at` is for executions on a virtual clock: this one ran in real time")
        else:
            driver = threads.RealTime(work)
        return self._finish(
            "redrive",
            execution,
            driver,
            watching.Told(on_event, on_map_progress, on_child),
            stimulus=Redriven(),
            virtual=result.virtual,
        )

    def explore(
        self, input: Json = _NOTHING, resources: Given | Callable[[Any], Given] = None, *, world: Any = None,
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
                self.of_type(type), input, resources, world, result_of, start=moment(start), seed=seed, limits=limits,
                mocks=self._mocks(mocks, mock_config, test_case),
            ), invariant=invariant, always=always, faults=faults, kinds=kinds, stop=stop,
            budget=exploring.BUDGET if budget is None else budget,
        )  # fmt: skip

    def bounds(
        self, input: Json = None, resources: Given | Callable[[Any], Given] = None, *, world: Any = None,
        faults: int = 1, kinds: Collection[str] | None = None, budget: int | None = None, limits: Limits | None = None,
        mocks: MocksGiven | None = None, type: str | None = None,
    ) -> Bounds:  # fmt: skip
        """What the machine can cost at most: seconds, history events, retries, bytes; see docs/bounds.md.

        Without input, resources and mocks it is read off the definition alone, and nothing runs. With them, runs are
        explored as by `explore`, and the worst of them are told, too. `warnings` says what is close to a limit.
        Raises InvalidDefinition as `execution` does.
        """
        from asl_local.testing import bounds  # noqa: PLC0415 - most runs never need it

        machine = self.of_type(type)
        if machine.unresolved:
            raise InvalidDefinition(machine.unresolved, machine.name)
        runs = None
        if input is not None or resources is not None or mocks is not None:
            runs = bounds.explored(machine.explore(
                _NOTHING if input is None else input, resources, world=world, faults=faults, kinds=kinds, budget=budget,
                limits=limits, mocks=mocks,
            ))  # fmt: skip
        return bounds.bounds_of(machine, type=machine.type, runs=runs)

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

    def _finish(
        self, kind: str, execution: Execution, driver: Driver, told: Told,
        *, stimulus: Stimulus | None = None, going_on: Sequence[Nested] = (), virtual: bool = False,
    ) -> Result:  # fmt: skip
        observe, hearing = told.observer(execution), hear(execution, self, kind)
        ended = drive.drive(execution, driver, observe, stimulus=stimulus, going_on=going_on, hearing=hearing)
        return result_of(execution, *ended, virtual=virtual)

    def _started(
        self, kind: str, execution: Execution, resources: Given, told: Told, callbacks: Callbacks | None,
        *, mocked: Mocks | None, others: Sequence[str] = (),
    ) -> Started:  # fmt: skip
        from asl_local.drivers import Callbacks  # noqa: PLC0415
        from asl_local.interfaces.started import Started  # noqa: PLC0415 - it makes Results as we do

        work, going_on = resumed(execution, resources, others, mocked)
        observe, hearing = told.observer(execution), hear(execution, self, kind)
        return Started(execution, work, callbacks or Callbacks(), observe, going_on=going_on, hearing=hearing)

    def _mocks(
        self, given: MocksGiven | None, config: MockConfig | None = None, test_case: str | None = None
    ) -> Mocks | None:
        if given is None and config is None and test_case is None:
            return None
        from asl_local.resources.mocking import gathered  # noqa: PLC0415 - only for those who mock

        return gathered(given, machine=self.name, plan=self.plan, config=config, test_case=test_case)

    @overload
    def to_svg(self, path: None = None) -> str: ...
    @overload
    def to_svg(self, path: str | os.PathLike[str]) -> Path: ...
    def to_svg(self, path: str | os.PathLike[str] | None = None) -> str | Path:
        """The machine as a picture, an SVG that stands alone, light or dark as its viewer is.

        Gives the picture's text; with a path it is written there, whole or not at all, and the path given. Raises OSError;
        folders are not made.
        """
        from asl_local.interfaces.viewing import writing  # noqa: PLC0415 - with all that draws
        from asl_local.reporters.graph.outline import outline  # noqa: PLC0415
        from asl_local.reporters.graph.svg import svg  # noqa: PLC0415

        text = svg(outline(self.definition), title=self.name)
        return text if path is None else writing.write(text, path)

    def to_mermaid(self) -> str:
        """The machine as a Mermaid flowchart, for README files and pull requests."""
        from asl_local.reporters.graph.mermaid import mermaid  # noqa: PLC0415 - see to_svg

        return mermaid(self.definition)

    def to_dot(self) -> str:
        """The machine in DOT, the language of Graphviz."""
        from asl_local.reporters.graph.dot import dot  # noqa: PLC0415 - see to_svg

        return dot(self.definition, name=self.name)

    def _repr_html_(self) -> str:
        from asl_local.interfaces.viewing.notebooks import machine_card  # noqa: PLC0415 - only in notebooks

        return machine_card(self.definition, self.name)

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
        name=(name if alone else None) or _PLAIN_NAME.sub("-", one.name).strip("-")[:80] or "StateMachine",
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
