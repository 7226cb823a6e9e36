"""Functions that answer a call within a step: handlers as the engine's Answers, and what becomes of unusual answers.

Knows: how a handler is called where nobody has to wait for it (engine/straight/tasks.py). Must never know: a driver.
"""

from __future__ import annotations

import time
from math import inf
from operator import is_
from types import CodeType, TracebackType

from asl_local import lazy
from asl_local.engine.messages import Answer, Call, Unsettled
from asl_local.errors import NotJson
from asl_local.lazy import TYPE_CHECKING
from asl_local.values import Json, accept, copy, weigh

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from asl_local.drivers import driver
    from asl_local.drivers.driver import TaskContext, Work
    from asl_local.engine import Execution, patterns
    from asl_local.engine.execution import Strand
    from asl_local.language import generated
    from asl_local.plan import Plan
    from asl_local.resources import registry
    from asl_local.resources.registry import Handler, Resources
    from asl_local.services import lambda_
    from asl_local.services.local import LocalAWS
else:
    lazy.later(
        globals(), "asl_local.drivers.driver", "asl_local.engine.patterns", "asl_local.language.generated",
        "asl_local.resources.registry", "asl_local.services.lambda_",
    )  # fmt: skip


def answers(resources: Resources, plan: Plan, *, instant: bool) -> dict[str, Answer]:
    """The plan's functions, by ARN; async ones and whatever else answers a Task wait for something more often than not.

    On a virtual clock (`instant`) without those that want a context, in which they may let time pass.
    """
    found: dict[str, Answer] = {}
    for arn, handler in _functions(resources, plan).items():
        if not lambda_.takes_context(handler):
            found[arn] = _answering(handler)
        elif not instant:
            found[arn] = _answering_with_context(handler, arn)
    return found


def plain(resources: Resources, plan: Plan) -> dict[str, Handler]:
    """Those of the plan's functions that are functions of the event alone, by ARN."""
    return {
        arn: handler for arn, handler in _functions(resources, plan).items() if not lambda_.takes_context(handler)
    }  # fmt: skip


def _functions(resources: Resources, plan: Plan) -> dict[str, Handler]:
    arns = {state.resource.arn for state in plan.tasks() if state.resource and state.resource.kind == "lambda"}
    found = ((arn, resources.find(arn)) for arn in sorted(arns))
    return {arn: handler for arn, handler in found if handler is not None and not _is_async(handler)}


class Bound:
    """Resources, and who of them may answer a plan's calls at once, in real time or in an instant; `slow` are those
    that were found to block, None where no two tasks are ever called side by side.

    A dictionary is known again when it is the same one and has the same handlers in the same order: it may be edited
    between two runs.
    """

    __slots__ = ("answers", "given", "handlers", "instant", "known", "names", "plain", "resources", "slow")

    def __init__(self, given: Mapping[str, Handler] | Resources | LocalAWS | None, plan: Plan) -> None:
        calls = any(state.resource is not None or state.distributed is not None for state in plan.states.values())
        self.resources = None if not calls and _is_plain(given) else registry.Resources.of(given)
        self.answers: Mapping[str, Answer] | None = None
        self.instant: Mapping[str, Answer] | None = None
        self.plain: dict[str, Handler] | None = None
        if self.resources is not None:
            self.plain = plain(self.resources, plan) or None
            self.answers = answers(self.resources, plan, instant=False) or None
            self.instant = answers(self.resources, plan, instant=True) or None
        self.given = given
        side_by_side = any(state.pointer.count("/States/") > 1 for state in plan.tasks())
        self.slow: set[str] | None = set() if side_by_side else None
        self.known = 0  # runs for which there has been somebody slow
        self.names = tuple(given) if type(given) is dict else ()
        self.handlers = tuple(given.values()) if type(given) is dict else ()

    def fits(self, given: Any) -> bool:
        """Whether these resources are the same."""
        if given is not self.given:
            return False
        if type(given) is not dict:
            return given is None
        return tuple(given) == self.names and all(map(is_, given.values(), self.handlers))

    def those_that_block(self) -> set[str] | None:
        """`slow`, for a run. Now and then all get another chance: on a busy machine any function may look slow."""
        if self.slow:
            self.known += 1
            if self.known % _FORGIVEN == 0:
                self.slow.clear()
        return self.slow

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


_FORGIVEN = 16
"""Runs after which a function that was found to block is called within the step once more, and overtaken if it blocks."""


def is_right(given: Any) -> bool:
    """Whether these can be resources, in which nobody is looked up."""
    return _is_plain(given) or isinstance(given, registry.Resources)


def _is_plain(given: Any) -> bool:
    """Whether resources that nobody calls need no second look."""
    if given is None or hasattr(given, "client"):
        return True
    return type(given) is dict and all(type(name) is str and callable(handler) for name, handler in given.items())


def _answering(handler: Handler) -> Answer:
    def answer(event: Json, x: Execution, _strand: Strand) -> tuple[Json, float]:
        given = event.copy() if event is x.flat and event is not None else copy(event)
        result = handler(given)
        if type(result) is dict:
            bound = 1
            for name in result:
                member = result[name]
                if name.__class__ is not str:
                    break
                if member.__class__ is int and -_SMALL < member < _SMALL:
                    bound += len(name) + 5
                elif type(member) is str:
                    bound += len(name) + len(member) + 1
                elif type(member) is bool or member is None:
                    bound += len(name) + 2
                elif member.__class__ is int and -_MODERATE < member < _MODERATE:
                    bound += len(name) + 5
                else:
                    break
            else:  # what is flat needs no second look, and is known if it is the next event
                x.flat = accepted = result.copy()
                return accepted, 6 * bound
        return _accepted(result)

    return answer


_SMALL = 2**29  # Python compares those in half the time
_MODERATE = 2**62
"""Integers nearer to 0 have at most 20 characters; a character takes at most six bytes."""


def _accepted(result: Any) -> tuple[Json, float]:
    try:
        accepted = accept(result)
    except NotJson:
        raise Unsettled(result) from None
    return accepted, weigh(accepted, inf)


def _answering_with_context(handler: Handler, arn: str) -> Answer:
    def answer(event: Json, x: Execution, strand: Strand) -> tuple[Json, float]:
        around = () if strand.parent is None else patterns.within(strand)
        call = Call(x.tokens + 1, arn, event, strand.state.name, 0, None, within=around)
        context = driver.TaskContext(call, now=x.clock or time.time, sleep=time.sleep, heartbeat=_nothing)
        context.names = x
        if x.calls is not None:
            x.calls.context = context
        return _accepted(handler(copy(event), context))

    return answer


def _nothing() -> None:
    """A heartbeat where nobody counts them."""


def _is_async(handler: Handler) -> bool:
    code = getattr(getattr(handler, "func", handler), "__code__", None)
    return code is not None and bool(code.co_flags & _COROUTINE)


_COROUTINE = 0x80  # inspect.CO_COROUTINE, whose module takes long to import


def settled(said: BaseException, arn: str, execution: Execution) -> Work:
    """A Work that gives what an Answer's handler has given, or raises what it has raised."""

    def handler(_event: Json) -> Any:
        if isinstance(said, Unsettled):
            return said.result
        raise said

    if not isinstance(said, Unsettled):
        said.__traceback__ = _own_frames(said.__traceback__)
    work = registry.function_work(handler, arn)

    def perform(call: Call, context: TaskContext) -> Any:
        context.execution_arn = execution.identity.execution_arn
        return work(call, context)

    return perform


def _own_frames(traceback: TracebackType | None) -> TracebackType | None:
    """A traceback from the handler's first frame on."""
    while traceback is not None and not _is_answering(traceback.tb_frame.f_code):
        traceback = traceback.tb_next
    return None if traceback is None else traceback.tb_next


def _is_answering(code: CodeType) -> bool:
    """Whether a frame with this code calls handlers."""
    return code in _ANSWERING or code.co_filename == generated.GENERATED


_ANSWERING = tuple(
    next(each for each in make.__code__.co_consts if isinstance(each, CodeType))
    for make in (_answering, _answering_with_context)
)

__all__ = ["Bound", "answers", "is_right", "settled"]
