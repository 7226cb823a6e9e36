"""The registry: ARN, function name or pattern -> handler.

Knows: which of a user's handlers answers which Resource. Must never know: what a stand-in stores.
A handler is a function `(event)` or `(event, context)`, sync or async. It gets a copy of its input and its result is
checked and copied once, here, at the border. An exception becomes what Lambda makes of it: errorType, errorMessage and
stackTrace in the Cause; a StateError keeps its own name and cause.
"""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

from asl_local import lazy
from asl_local.drivers.driver import PLAIN, Answer, Later, Nested, TaskContext, Work, is_awaitable
from asl_local.engine import Execution, Identity
from asl_local.engine.messages import Call
from asl_local.errors import TASK_FAILED, NotJson, StateError, UnknownResource
from asl_local.lazy import NamedTuple, hinted, replace
from asl_local.plan import Plan, Resource
from asl_local.values import Json, accept, copy

if TYPE_CHECKING:
    import difflib
    import fnmatch

    from asl_local.engine import snapshot
    from asl_local.resources import executions, later, map_io
    from asl_local.resources.executions import Startable
    from asl_local.resources.integrations import clients, envelope, lambda_invoke, sdk_names, stand_ins, web
    from asl_local.services import lambda_
    from asl_local.services.local import LocalAWS
else:  # a machine that calls functions needs lambda_ alone, one without tasks nothing of this
    lazy.later(
        globals(), "difflib", "fnmatch", "asl_local.engine.snapshot", "asl_local.resources.executions",
        "asl_local.resources.later", "asl_local.resources.map_io", "asl_local.resources.integrations.clients",
        "asl_local.resources.integrations.envelope", "asl_local.resources.integrations.lambda_invoke",
        "asl_local.resources.integrations.sdk_names", "asl_local.resources.integrations.stand_ins",
        "asl_local.resources.integrations.web", "asl_local.services.lambda_",
    )  # fmt: skip

Handler: TypeAlias = Callable[..., Any]
_PATTERN = re.compile(r"[*?\[]")
# A function of a template that was not deployed, perhaps with a version.
_PLACEHOLDER = re.compile(r"\$\{([^${}]+)\}(?::(?:\$LATEST|[\w-]+))?")


def own_errors() -> tuple[type[BaseException], ...]:
    """What a handler's own exceptions are.

    KeyboardInterrupt alone is not the handler's: it is the user's, who wants the program to end. CancelledError is known
    where somebody has imported asyncio, which takes long.
    """
    asyncio = sys.modules.get("asyncio")
    return (Exception, SystemExit, GeneratorExit, *(() if asyncio is None else (asyncio.CancelledError,)))


class Family(NamedTuple):
    """What the executions of one run share: who has started, by ARN, and who of them was loaded from a dump."""

    known: dict[str, Execution]
    loaded: set[str]
    checked: set[int]
    lock: threading.Lock

    @classmethod
    def of(cls, first: Execution | None) -> Family:
        """The family of whoever starts first."""
        known = {} if first is None else {first.identity.execution_arn: first}
        return cls(known, set(), set(), threading.Lock())

    def take_up(self, execution: Execution) -> None:
        """An execution was loaded: whoever had started it and starts it again gets it."""
        self.known[execution.identity.execution_arn] = execution
        self.loaded.add(execution.identity.execution_arn)


class Resources:
    """What the tasks of a machine may call.

    `handlers` maps a full ARN, a Lambda function's name or a shell-style pattern ("*FaceDetection*") to a handler. The
    ARN itself wins over the name, the name over patterns, and patterns are tried in the order given. `aws` answers
    the service integrations (`arn:aws:states:::dynamodb:putItem`, `...:aws-sdk:s3:getObject`); a handler for such an
    ARN replaces it, envelope and all.

    `workers` are handlers that get the request of a `.waitForTaskToken` task once it is submitted, and answer its
    token: with what they return or raise. They are given by the state's name, or by the Resource as handlers are.
    `machines` are those that `states:startExecution` may start, by ARN, name or pattern. `activities` are the ARNs of
    those that exist, any unless given; one that a handler is given for has that as its worker.

    `roles` are the roles that a task's Credentials may name, by ARN or pattern, any unless given: a task with another one
    fails with States.TaskFailed in AWS's words.

    `services` maps a service to a client that answers its integrations, optimised ones and `aws-sdk:` ones: a boto3
    client (moto's is one), or an object of your own with boto3's method names; envelopes and error names are made here.
    The key is the service as an ARN has it ("secretsmanager", "ecs", "cloudwatchlogs") or as boto3 has it ("logs").
    `"http"` and `"apigateway"` are functions of the request that answer `{"StatusCode", "ResponseBody", "Headers"}`.
    """

    def __init__(
        self,
        handlers: Mapping[str, Handler] | None = None,
        *,
        aws: LocalAWS | None = None,
        workers: Mapping[str, Handler] | None = None,
        machines: Mapping[str, Startable] | None = None,
        activities: Iterable[str] | None = None,
        services: Mapping[str, Any] | None = None,
        roles: Iterable[str] | None = None,
    ) -> None:
        self.handlers: dict[str, Handler] = {}
        self.aws = aws
        self.workers = Resources(workers) if workers else None
        self.machines = dict(machines or {})
        self.activities = None if activities is None else frozenset(activities)
        self.roles = None if roles is None else tuple(roles)
        self.services: dict[str, Any] = {}
        for name, client in (services or {}).items():
            service = sdk_names.in_arns(name)
            if client is None or service in self.services:
                fault = "None is no client" if client is None else f"{service!r} has a client already"
                raise TypeError(f"service {name!r}: {fault}")
            self.services[service] = client
        for name, machine in self.machines.items():
            if not hasattr(machine, "plan"):
                raise TypeError(f"machine {name!r}: what asl_local.load gives is wanted, not {machine!r:.80}")
        for name, handler in (handlers or {}).items():
            if not isinstance(name, str):
                raise TypeError(f"resources: ARNs, names and patterns are texts, not {name!r}")
            if not callable(handler):
                raise TypeError(f"resource {name!r}: a function is wanted, not {handler!r:.80}{_hint(handler)}")
            self.handlers[name] = handler
        self._patterns = [(name, handler) for name, handler in self.handlers.items() if _PATTERN.search(name)]

    @classmethod
    def of(cls, given: Mapping[str, Handler] | Resources | LocalAWS | None) -> Resources:
        """The registry for whatever `run` and `simulate` were given."""
        if isinstance(given, Resources):
            return given
        if given is None or isinstance(given, Mapping):
            return cls(given)
        if hasattr(given, "client"):
            return cls(aws=given)
        raise TypeError(f"resources: a mapping, Resources or LocalAWS is wanted, not {given!r:.80}{_hint(given)}")

    @classmethod
    def joined(cls, parts: Iterable[Resources], aws: LocalAWS | None) -> Resources:
        """All of them as one, over these stand-ins; of the same name, the later one's entry wins."""
        handlers: dict[str, Handler] = {}
        workers: dict[str, Handler] = {}
        machines: dict[str, Startable] = {}
        services: dict[str, Any] = {}
        activities: frozenset[str] | None = None
        for part in parts:
            handlers |= part.handlers
            services |= part.services
            workers |= part.workers.handlers if part.workers else {}
            machines |= part.machines
            if part.activities is not None:
                activities = (activities or frozenset()) | part.activities
        return cls(
            handlers, aws=aws, services=services, workers=workers, machines=machines, activities=activities
        )  # fmt: skip

    def find(self, name: str) -> Handler | None:
        """The handler for an ARN or a function's name, None if there is none."""
        found = self.handlers.get(name)
        if found is not None:
            return found
        for alias in _aliases(name):
            if alias in self.handlers:
                return self.handlers[alias]
        inside = _inside(name)
        for pattern, handler in self._patterns:
            if fnmatch.fnmatchcase(name, pattern) or any(fnmatch.fnmatchcase(each, pattern) for each in inside):
                return handler
        return None

    def bind(
        self, plan: Plan, identity: Identity, *, like: Execution | None = None, family: Family | None = None,
        late: bool = False,
    ) -> Work:  # fmt: skip
        """The work of every Task of a plan, looked up once. Raises UnknownResource naming all that nobody answers.

        If `late`, it is raised when such a Task is called, and not before: a test case mocks the tasks on its path only.
        Functions that lambda:invoke names without an ARN live in the execution's own region and account. Executions
        that a Task starts have the limits and seed of `like`; `family` is what they share.
        """
        family = family or Family.of(like)
        account = re.match(r"(?:[^:]*:){4}(\d{12}):", identity.execution_arn)
        functions = f"arn:aws:lambda:{identity.region}:{account[1] if account else '123456789012'}:function"
        table: dict[str, Work] = {}
        missing: list[tuple[str, str]] = []  # by the state's name, or a field's place
        for state in plan.tasks():
            resource = state.resource
            if resource is None:
                continue
            if (
                resource.function
                and self.find(resource.arn) is None
                and self._function_named(resource.function, functions) is None
            ):
                why = f"{state.pointer}/Parameters/FunctionName: {self._unknown_function(resource.function)}"
                missing.append((state.name, why))
            if resource.arn in table:
                continue
            work = self._work(resource, functions, plan)
            starts = (
                resource.kind == "service"
                and (resource.service, resource.operation) in executions.STARTS
                and self.find(resource.arn) is None
            )
            if starts and (self.machines or self._client(resource) is None):
                work = self._starting(resource, identity, like, family, missing) if self.machines else None
            if work is None:
                missing.append((state.name, f"{state.pointer}/Resource: {self._why_missing(resource)}"))
            else:
                table[resource.arn] = work
        for state in plan.states.values():
            if state.distributed is not None:
                missing += map_io.bind(state, state.distributed, table, find=self.find, aws=self.aws)
        if missing and not late:
            raise _unanswered(why for _, why in missing)
        refused, arn = dict(missing), identity.execution_arn

        def perform(call: Call, context: TaskContext) -> Answer | Awaitable[Answer]:
            context.arn = call.execution_arn or arn
            if refused and (call.state in refused or call.resource in refused):
                raise _unanswered([refused.get(call.state) or refused[call.resource]])
            if call.role is not None and not self._assumable(call.role):
                raise StateError(
                    TASK_FAILED,
                    f"The role {identity.role_arn} is not authorized to assume the task state's role, {call.role}.",
                )
            return table[call.resource](call, context)

        return perform

    def _assumable(self, role: str) -> bool:
        return self.roles is None or any(role == each or fnmatch.fnmatchcase(role, each) for each in self.roles)

    def take_up(self, dump: str, family: Family) -> Nested:
        """An execution that another had started, out of its dump. Raises UnknownResource if its machine is not here."""
        arn = snapshot.machine_of(dump)
        machine = executions.find_machine(self.machines, arn)
        if machine is None:
            raise UnknownResource(f"an execution of {arn} was dumped, and that machine is not among `machines`")
        execution = Execution.load(dump, machine.plan)
        family.take_up(execution)
        work = self.bind(machine.plan, execution.identity, like=execution, family=family)
        return Nested(execution, work, None, None, machine=machine)

    def _starting(
        self, resource: Resource, identity: Identity, like: Execution | None, family: Family,
        missing: list[tuple[str, str]],
    ) -> Work:  # fmt: skip
        """A task that starts executions, whose own tasks have to be answered too."""
        for name, machine in self.machines.items():
            if id(machine) not in family.checked:
                family.checked.add(id(machine))
                try:
                    self.bind(machine.plan, identity, family=family)
                except UnknownResource as error:
                    missing.append(("", f"the machine {name!r}: {error}"))

        def bind(machine: Startable, child: Execution) -> Work:
            return self.bind(machine.plan, child.identity, like=child, family=family)

        return executions.start(resource, machines=self.machines, parent=identity, like=like, bind=bind, family=family)

    def _work(self, resource: Resource, functions: str, plan: Plan) -> Work | None:
        """Who answers, and what then, where the task waits for more than an answer."""
        if resource.waits == "activity":
            handler = self.find(resource.arn)
            work = None if handler is None else function_work(handler, resource.arn)
            return later.activity(work, getattr(handler, "__name__", None))
        request = self._request(resource, functions)
        if resource.waits == "job" and request is not None:
            return later.submitting(request, later.job_done)
        if resource.waits == "token":
            states = [state.name for state in plan.tasks() if state.resource and state.resource.arn == resource.arn]
            if request is None and any(self._worker(resource, state) is not None for state in states):
                request = later.nothing
            if request is not None:
                return later.submitting(request, later.worked(lambda state: self._worker(resource, state)))
        return request

    def _worker(self, resource: Resource, state: str) -> Work | None:
        handler = None
        if self.workers is not None:
            handler = self.workers.handlers.get(state) or self.workers.find(resource.arn)
        return None if handler is None else function_work(handler, resource.arn)

    def _request(self, resource: Resource, functions: str) -> Work | None:
        handler = self.find(resource.arn)
        if handler is None and resource.waits == "token":  # the request is the same as without the token
            handler = self.find(resource.arn.removesuffix(resource.pattern))
        if handler is not None:
            return function_work(handler, resource.arn, jobs=bool(resource.waits))
        if resource.kind == "lambda":
            return None
        if resource.service == "lambda" and resource.operation == "invoke":
            return lambda_invoke.invoke_lambda(lambda name: self._function_named(name, functions), functions)
        client = self._client(resource)
        if client is not None and resource.waits != "job":
            work_of = web.web_work if resource.service in web.ERRORS else clients.client_work
            return work_of(client, resource)
        if resource.service == "aws-sdk:sfn" and resource.operation in executions.SENDS:
            return executions.send(resource)
        integration = stand_ins.INTEGRATIONS.get(resource.service)
        if integration is None or self.aws is None:
            return None
        return self._integration(integration, replace(resource, action=resource.operation, pattern=""))

    def _client(self, resource: Resource) -> Any:
        """The client that was given for a service; one answers for `events:` and `aws-sdk:eventbridge:` alike."""
        return self.services.get(sdk_names.in_arns(resource.service.removeprefix(envelope.SDK)))

    def _integration(self, integration: stand_ins.Integration, resource: Resource) -> Work | None:
        return integration.work(self.aws, resource) if self.aws is not None else None

    def _function_named(self, name: str, functions: str) -> Work | None:
        """The function that lambda:invoke names, by its name or its (partial) ARN."""
        bare = lambda_.function_name(name)
        handler = self.find(name) or self.find(bare)
        return (
            None
            if handler is None
            else function_work(handler, name if name.startswith("arn:") else f"{functions}:{bare}")
        )

    def _why_missing(self, resource: Resource) -> str:
        if resource.kind == "service":
            return f"{resource.arn} {self._why_no_service(resource)}"
        return self._unknown_function(resource.arn)

    def _why_no_service(self, resource: Resource) -> str:
        service, client = resource.service.removeprefix(envelope.SDK), self._client(resource)
        integration = stand_ins.INTEGRATIONS.get(resource.service)
        if (resource.service, resource.operation) in executions.STARTS and client is None:
            return "starts other machines: name them (resources=Resources(machines={...})) or a handler"
        if resource.waits == "job":
            return f"waits for a job's end ({resource.pattern}), which no client tells: give a handler, which may return a Job"
        if client is not None:
            close = difflib.get_close_matches(resource.operation, clients.offered(client), 1, 0.7)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            return f"is no operation of the {type(client).__name__} given for {service!r}{hint}"
        if self.aws is None and integration is not None:
            return "needs the stand-ins (resources=Resources({...}, aws=LocalAWS(folder))) or a handler"
        known = stand_ins.actions(self.aws, integration) if integration is not None and self.aws is not None else []
        close = difflib.get_close_matches(resource.operation, known, 1, 0.7)
        hint = (
            f"; did you mean {close[0]!r}?" if close else sdk_names.close_to(service, sdk=resource.service != service)
        )
        return (
            "has no stand-in here; give a handler under this ARN, or a client for the service "
            f"(resources=Resources({{...}}, services={{{service!r}: client}})){hint}"
        )

    def _unknown_function(self, name: str) -> str:
        close = difflib.get_close_matches(lambda_.function_name(name), list(self.handlers), 1, 0.5)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        if not close and (inside := _inside(name)):
            hint = f"; one of the name {inside[-1]!r} would answer it"
        count = len(self.handlers)
        return f"{name} ({count} handler{'' if count == 1 else 's'} given{hint})"


def _unanswered(why: Iterable[str]) -> UnknownResource:
    return UnknownResource("nothing answers these resources:\n  " + "\n  ".join(why))


@lru_cache(maxsize=1024)
def _aliases(name: str) -> Sequence[str]:
    """Other names that a Lambda function goes by: its name, its ARN without version, the inside of `${Function.Arn}`."""
    aliases = []
    if ":function:" in name:
        aliases = [
            name.split(":function:", maxsplit=1)[0] + ":function:" + lambda_.function_name(name),
            lambda_.function_name(name),
        ]
    return aliases or _inside(name)


def _inside(name: str) -> list[str]:
    """What `${Function.Arn}` is called in a template; nothing for a name that is no placeholder."""
    match = _PLACEHOLDER.fullmatch(name)
    return [match[1], match[1].removesuffix(".Arn")] if match else []


def function_work(handler: Handler, arn: str, *, jobs: bool = False) -> Work:
    """A handler as work: input copied, result checked, failures named; `jobs`: it may return a Job."""
    with_context = lambda_.takes_context(handler)

    def perform(call: Call, context: TaskContext) -> Answer | Awaitable[Answer]:
        context.invoked_function_arn = arn
        event = copy(call.arguments)
        try:
            result = handler(event, context) if with_context else handler(event)
        except own_errors() as error:
            raise envelope.failed(error, context) from error
        if type(result) in PLAIN:
            try:
                return accept(result)
            except NotJson:
                return checked_result(result, context)
        if is_awaitable(result):
            return _finish(result, context, jobs)
        return _answered(result, context, jobs)

    return perform


async def _finish(awaitable: Awaitable[Any], context: TaskContext, jobs: bool) -> Answer:
    try:
        result = await awaitable
    except own_errors() as error:
        raise envelope.failed(error, context) from error
    return _answered(result, context, jobs)


def _answered(result: Any, context: TaskContext, jobs: bool) -> Answer:
    if jobs and isinstance(result, later.Job):
        return Later(checked_result(result.submitted, context), later.outcome_of(result, checked_result))
    return checked_result(result, context)


def checked_result(result: Any, context: TaskContext) -> Json:
    """A handler's result as JSON. Raises StateError, as Lambda does, for what is none."""
    try:
        return lambda_.marshal(result)
    except NotJson as error:
        raise envelope.failed(error, context) from error


__all__ = ["Family", "Handler", "Resources", "checked_result", "function_work", "own_errors"]


def _hint(given: Any) -> str:
    if hasattr(given, "plan"):
        return "; machines that are started go into Resources(machines={...})"
    return " (a function that makes handlers over a world goes with world=...)" if callable(given) else ""


hinted(globals())
