"""TestState: one state runs in the engine, as a machine of its own, and what became of it is told as AWS tells it.

Knows: the response's shape, and how to make a machine of one state. Must never know: data flow, Retry or Catch; the
engine does them. An execution is a value, so it runs twice where the state fails: first without Retry and Catch, which
says what the failure is, and then, told the same, with them, which says who handles it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from asl_local.definition import Definition, model
from asl_local.drivers import START, Ended, Simulation, hear
from asl_local.drivers.driver import Begun
from asl_local.engine import Execution, Identity
from asl_local.engine.history import Mark
from asl_local.engine.messages import Call, Failed, Stimulus, Succeeded
from asl_local.engine.patterns import task_token
from asl_local.errors import EXCEED_TOLERATED_FAILURE_THRESHOLD, TIMEOUT
from asl_local.interfaces.given import Given
from asl_local.interfaces.test_state import request as requests
from asl_local.interfaces.test_state import subject as subjects
from asl_local.interfaces.test_state.http import exchange
from asl_local.interfaces.test_state.inspection import Trace, trace_of, watched
from asl_local.interfaces.test_state.maps import MapTest
from asl_local.interfaces.test_state.request import Request
from asl_local.interfaces.test_state.subject import Subject
from asl_local.lazy import hinted, replace
from asl_local.plan import Block, Plan, Resource, State
from asl_local.plan.plan import Retrier, matches
from asl_local.resources import Resources
from asl_local.values import Json, text_of, timestamp

LONGEST: Final = 300
"""Seconds that a test may take (API reference, "TestState")."""


def test_state(
    definition: Definition,
    *,
    resources: Given = None,
    substitutions: Mapping[str, Any] | None = None,
    seed: int = 0,
    start: float = START,
    **request: Any,
) -> dict[str, Any]:
    """AWS's TestState, offline: run one state and say what became of it.

    The keywords are those of boto3's `client("stepfunctions").test_state`: `input`, `stateName`, `inspectionLevel`,
    `mock`, `stateConfiguration`, `context`, `variables`, `roleArn`, `revealSecrets`, and so is the response: `status`
    (SUCCEEDED, FAILED, RETRIABLE or CAUGHT_ERROR), `output` (JSON text), `error`, `cause`, `nextState`,
    `inspectionData`. Where AWS wants JSON text, a JSON value will do; `definition` is whatever `load` takes.

    Beyond AWS's: `resources` answers a Task that has no mock, as in `Machine.simulate`; `substitutions` fills
    placeholders; `seed` and `start` (epoch seconds) make chance and time. Time is virtual.

    Raises what boto3 raises: ClientError with AWS's code and words (ValidationException, InvalidDefinition,
    InvalidExecutionInput, InvalidArn). Source: API reference, "TestState", and recordings.
    """
    given = requests.read({"definition": definition, **request})
    subject = subjects.find(definition, given.state_name, substitutions)
    subjects.check(subject, given)
    test = _Test(subject, given, Resources.of(resources), seed, start)
    return test.response()


test_state.__test__ = False  # type: ignore[attr-defined]  # pytest: no test, though it is called like one


class _OneState(Execution):
    """An execution with the Context Object of a test: the given one, else one like AWS's."""

    given: Json | None = None
    token: str | None = None
    map: MapTest | None = None
    retries = 0  # that are to have been before

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.straight = False  # one state, and its Context Object is made here

    def map_item(self) -> Json:
        return self.context()["Map"]["Item"]

    def context(self) -> Json:
        context: dict[str, Json]
        if self.given is not None:
            context = dict(self.given)
        else:
            identity, strand = self.identity, self.root
            state = {
                "EnteredTime": timestamp(strand.entered_at),
                "Name": strand.state.name,
                "RetryCount": self.retries + strand.retries,
            }
            context = {
                "Execution": {
                    "Id": identity.execution_arn, "Input": self.input, "Name": identity.execution_name,
                    "RoleArn": identity.role_arn, "StartTime": timestamp(self.started_at),
                },
                "StateMachine": {"Id": identity.machine_arn, "Name": identity.machine_name},
                "State": state,
            }  # fmt: skip
            if self.token is not None:
                context["Task"] = {"Token": self.token}
        if self.item is not None:
            context["Map"] = {"Item": self.item}
        return context


class _Test:
    """One call of TestState."""

    def __init__(self, subject: Subject, request: Request, resources: Resources, seed: int, start: float) -> None:
        self.subject, self.request, self.resources = subject, request, resources
        self.seed, self.start = seed, start
        self.trace: Trace = trace_of(subject.model)
        self.told: list[tuple[Stimulus | None, float]] = []

    def response(self) -> dict[str, Any]:
        """Run, and say what became of the state."""
        execution, state = self._execution(handled=False)
        whole = self.subject.whole
        hearing = None if whole is None else hear(execution, whole, "test_state")
        try:
            found = self._told(execution, state)
        except BaseException as error:
            if hearing is not None:
                hearing.ends(execution, error)
            raise
        if hearing is not None and execution.outcome is not None:
            hearing.ends(execution, Ended(execution.outcome, None))
        return found

    def _told(self, execution: _OneState, state: State) -> dict[str, Any]:
        self._run(execution)
        outcome = execution.outcome
        if outcome is None:
            raise TypeError(f"the state {self.subject.name!r} stands still")
        found: dict[str, Any] = {"status": outcome.status}
        if outcome.status == "SUCCEEDED":
            self._leave(found, execution, state, outcome.output)
            details: dict[str, Json] = {}
        else:
            error = TIMEOUT if outcome.status == "TIMED_OUT" else outcome.error
            found["status"] = "FAILED"
            self._fail(found, error, self._bare(outcome.cause))
            seen, self.trace.seen = self.trace.seen, {}
            execution, details = self._handle(found, error or "", execution.marks)
            self.trace.seen = seen
        if self.request.level != requests.INFO:
            found["inspectionData"] = self.trace.data()
            if self.request.level == requests.TRACE and self._sends_http():
                seen = self.trace.seen
                given = seen.get("afterArguments", seen.get("afterParameters"))
                found["inspectionData"].update(exchange(given, seen.get("result")))
            if execution.root.variables:
                found["inspectionData"]["variables"] = text_of(execution.root.variables)
            if details:
                found["inspectionData"]["errorDetails"] = details
        return found

    def _sends_http(self) -> bool:
        """Whether it is an HTTP Task, and somebody was asked."""
        resource = self.subject.resource
        return self.request.mock is None and resource is not None and resource.service == "http"

    # -- the machine of one state ----------------------------------------------------------------------------------

    def _execution(self, *, handled: bool) -> tuple[_OneState, State]:
        state, request = self.subject.plan, self.request
        execution = _OneState(
            Plan(Block("", state), "test-state"), request.input, identity=_identity(request.role_arn), seed=self.seed
        )
        execution.given, execution.retries = request.context, request.retries
        if request.variables:
            execution.root.variables = dict(request.variables)
        if self.subject.resource is not None and self.subject.resource.pattern:
            execution.token = task_token(execution, 1)
        if isinstance(self.subject.model, model.Map):
            execution.map = MapTest(self.subject.model, state, self.trace, execution, request.reader_data)
            state = execution.map.watched()
        else:
            state = watched(self.subject.model, state, self.trace)
        if request.mock is not None:
            # Whatever it is, its work is one call, and the mock answers it.
            task = state.resource
            name, fields = (state.name, None) if task is None else (task.service or task.arn, task.fields)
            resource = Resource(name, "lambda", fields=fields)
            state = replace(state, type="Task", resource=resource, blocks=(), distributed=None)
        ends = {name: _end(name) for name in _targets(state)}
        if handled:
            ends |= {f"{_CATCH}{number}": _end(catcher.next, number) for number, catcher in enumerate(state.catch)}
            catch = tuple(replace(catcher, next=f"{_CATCH}{number}") for number, catcher in enumerate(state.catch))
            state = replace(state, retry=tuple(_used(r, request.retries) for r in state.retry), catch=catch)
        else:
            state = replace(state, retry=(), catch=())
        execution.plan = Plan(Block("", state, ends), "test-state", LONGEST, {state.pointer: state})
        execution.root.block, execution.root.state = execution.plan.top, state
        return execution, state

    def _run(self, execution: _OneState) -> None:
        """Step until the end, and remember what the execution was told."""
        mock = self.request.mock
        work = self.resources.bind(execution.plan, execution.identity) if mock is None else _unreachable
        driver = Simulation(work, seed=self.seed, start=self.start)
        stimulus: Stimulus | None = None
        now = driver.now()
        try:
            while True:
                self.told.append((stimulus, now))
                commands = execution.step(stimulus, now)
                if execution.outcome is not None:
                    return
                answers = [self._mocked(execution, command) for command in commands if type(command) is Call and mock]
                if answers:
                    stimulus = answers[0]
                    continue
                for command in commands:
                    driver.perform(command)
                told, now = driver.next()
                if isinstance(told, Begun):
                    raise TypeError(f"{self.subject.name!r} began an execution, which TestState has no room for")
                stimulus = told
        finally:
            driver.close()

    def _mocked(self, execution: _OneState, call: Call) -> Stimulus:
        mock, failed = self.request.mock, self.request.failed_iterations
        if mock is None:
            raise TypeError(f"nothing is mocked of {self.subject.name!r}")
        if mock.failed:
            return Failed(call.token, mock.error, mock.cause)
        if execution.map is not None and failed is not None and execution.map.exceeded(failed, mock.result):
            why = "The specified tolerated failure threshold was exceeded"  # recorded
            return Failed(call.token, EXCEED_TOLERATED_FAILURE_THRESHOLD, why)
        return Succeeded(call.token, mock.result)

    # -- what became of it -----------------------------------------------------------------------------------------

    def _handle(self, found: dict[str, Any], error: str, marks: set[Mark] | None) -> tuple[_OneState, dict[str, Json]]:
        """Who handles the failure: the same story again, told to a state that has its Retry and Catch."""
        details: dict[str, Json]
        execution, state = self._execution(handled=True)
        execution.watch(marks)
        root, details = execution.root, {}
        for stimulus, now in self.told:
            execution.step(stimulus, now)
            if execution.outcome is not None or root.why == "retry":
                break
        if root.why == "retry":
            found["status"] = "RETRIABLE"
            details["retryIndex"] = next(iter(root.attempts or {}))
            details["retryBackoffIntervalSeconds"] = int((root.until or execution.now) - execution.now)
            return execution, details
        spent = next((number for number, retrier in enumerate(state.retry) if matches(retrier.errors, error)), None)
        if spent is not None:
            details["retryIndex"] = spent
        if root.state is not state:
            found["status"] = "CAUGHT_ERROR"
            details["catchIndex"] = int(root.state.pointer.removeprefix(_CATCH))
            self._leave(found, execution, state, None if execution.outcome is None else execution.outcome.output)
        elif execution.outcome is not None and execution.outcome.status == "FAILED":
            self._fail(found, execution.outcome.error, self._bare(execution.outcome.cause))
        return execution, details

    def _leave(self, found: dict[str, Any], execution: _OneState, state: State, output: Json) -> None:
        found["output"] = text_of(output)
        if execution.root.state is not state:
            found["nextState"] = execution.root.state.name

    def _fail(self, found: dict[str, Any], error: str | None, cause: str | None) -> None:
        found.update({name: value for name, value in (("error", error), ("cause", cause)) if value is not None})

    def _bare(self, cause: str | None) -> str | None:
        """A cause without the place, which AWS leaves out where there is but one state (recorded)."""
        where = f"An error occurred while executing the state '{self.subject.name}' (entered at the event id #2). "
        return None if cause is None else cause.removeprefix(where)


_CATCH: Final = "/Catch/"


def _targets(state: State) -> list[str]:
    return [name for name in (state.next, *(rule.next for rule in state.rules)) if name is not None]


def _end(name: str, catcher: int | None = None) -> State:
    """A state to end in, which is none of the machine's; its pointer says which catcher leads there."""
    pointer = f"/Next/{name}" if catcher is None else f"{_CATCH}{catcher}"
    return State(name, "Succeed", pointer, None, "SucceedStateEntered", "SucceedStateExited")


def _used(retrier: Retrier, times: int) -> Retrier:
    """The retrier after so many retries."""
    return replace(retrier, interval=retrier.delay(times), attempts=max(0, retrier.attempts - times))


def _unreachable(call: Call, _context: object) -> Json:
    raise TypeError(f"{call.resource} is mocked")


def _identity(role: str | None) -> Identity:
    """Names like AWS's: a test is an Express execution without an id of its own."""
    parts = (role or "").split(":")
    account = parts[4] if len(parts) > 5 and parts[4] else "123456789012"
    stem = f"arn:aws:states:us-east-1:{account}"
    machine, execution = "TestStateMachine", "TestStateExecution"
    return Identity(
        execution_arn=f"{stem}:express:{machine}:{execution}",
        execution_name=execution,
        machine_arn=f"{stem}:stateMachine:{machine}",
        machine_name=machine,
        role_arn=role or f"arn:aws:iam::{account}:role/asl-local",
    )


hinted(globals())
