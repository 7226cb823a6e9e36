"""Functions that answer a call within a step: handlers as the engine's Answers, and what becomes of unusual answers.

Knows: how a handler is called where nobody has to wait for it (engine/straight/tasks.py). Must never know: a driver.
"""

from __future__ import annotations

from collections.abc import Mapping
from operator import is_
from types import CodeType, TracebackType
from typing import TYPE_CHECKING, Any

from asl_local import lazy
from asl_local.engine.messages import Answer, Unsettled
from asl_local.errors import NotJson
from asl_local.values import Json, accept, copy

if TYPE_CHECKING:
    from asl_local.drivers.driver import Work
    from asl_local.engine import Execution
    from asl_local.plan import Plan
    from asl_local.resources import registry
    from asl_local.resources.registry import Handler, Resources
    from asl_local.services import lambda_
    from asl_local.services.local import LocalAWS
else:
    lazy.later(globals(), "asl_local.resources.registry", "asl_local.services.lambda_")


def answers(resources: Resources, plan: Plan) -> dict[str, Answer]:
    """The plan's functions that take an event only, by ARN.

    Handlers that want a context may sleep in it or send heartbeats, and whatever else answers a Task waits for something
    more often than not: those are called by a driver.
    """
    found: dict[str, Answer] = {}
    for state in plan.tasks():
        resource = state.resource
        if resource is None or resource.kind != "lambda" or resource.arn in found:
            continue
        handler = resources.find(resource.arn)
        if handler is not None and not lambda_.takes_context(handler):
            found[resource.arn] = _answering(handler)
    return found


class Bound:
    """Resources, and who of them may answer a plan's calls at once.

    A dictionary is known again when it is the same one and has the same handlers in the same order: it may be edited
    between two runs.
    """

    __slots__ = ("answers", "given", "handlers", "names", "resources")

    def __init__(self, given: Mapping[str, Handler] | Resources | LocalAWS | None, plan: Plan) -> None:
        calls = any(state.resource is not None or state.distributed is not None for state in plan.states.values())
        self.resources = None if given is None and not calls else registry.Resources.of(given)
        self.answers: Mapping[str, Answer] | None = None
        if self.resources is not None:
            self.answers = answers(self.resources, plan) or None
        self.given = given
        self.names = tuple(given) if type(given) is dict else ()
        self.handlers = tuple(given.values()) if type(given) is dict else ()

    def fits(self, given: Any) -> bool:
        """Whether these resources are the same."""
        if given is not self.given:
            return False
        if type(given) is not dict:
            return given is None
        return tuple(given) == self.names and all(map(is_, given.values(), self.handlers))

    def look_up(self, execution: Execution) -> None:
        """Raises UnknownResource naming all that nobody answers; a plan that calls nobody needs nobody."""
        if self.resources is not None:
            self.work(execution)

    def work(self, execution: Execution) -> Work:
        """Who answers the execution's calls. Raises UnknownResource."""
        family = registry.Family.of(execution)
        return (self.resources or registry.Resources()).bind(
            execution.plan, execution.identity, like=execution, family=family
        )


def _answering(handler: Handler) -> Answer:
    def answer(event: Json) -> Json:
        result = handler(copy(event))
        try:
            return accept(result)
        except NotJson:
            raise Unsettled(result) from None

    return answer


def settled(said: BaseException, arn: str) -> Work:
    """A Work that gives what an Answer's handler has given, or raises what it has raised."""

    def handler(_event: Json) -> Any:
        if isinstance(said, Unsettled):
            return said.result
        raise said

    if not isinstance(said, Unsettled):
        said.__traceback__ = _own_frames(said.__traceback__)
    return registry.function_work(handler, arn)


def _own_frames(traceback: TracebackType | None) -> TracebackType | None:
    """A traceback from the handler's first frame on."""
    while traceback is not None and traceback.tb_frame.f_code is not _ANSWERING:
        traceback = traceback.tb_next
    return None if traceback is None else traceback.tb_next


_ANSWERING = next(each for each in _answering.__code__.co_consts if isinstance(each, CodeType))

__all__ = ["Bound", "answers", "settled"]
