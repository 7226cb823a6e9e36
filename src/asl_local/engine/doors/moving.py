"""How a strand leaves a state, stands still, and is woken.

Knows: the slots of a strand. Must never know: what a state does. These are methods of Execution.
"""

from __future__ import annotations

from asl_local.engine.messages import Timer
from asl_local.engine.straight import UNKNOWN
from asl_local.errors import EvaluationError
from asl_local.lazy import TYPE_CHECKING, later
from asl_local.values import weigh

if TYPE_CHECKING:
    from asl_local.engine import children, failures, variables
    from asl_local.engine.execution import Execution, Strand
    from asl_local.plan import Rule
    from asl_local.values import Json
else:
    later(globals(), "asl_local.engine.children", "asl_local.engine.failures", "asl_local.engine.variables")


def leave(x: Execution, strand: Strand, result: Json, rule: Rule | None = None) -> None:
    """The strand's work is done: data flow out, the Exited event, and on to the next state or to the parent.

    A Choice rule leads elsewhere than the state, with an Output and an Assign of its own.
    """
    way = strand.state if rule is None else rule
    output, assigned = result, None
    if way.output is not None or way.assign is not None:
        x.current = strand
        try:
            if way.assign is not None:
                assigned = way.assign(strand.raw, result, x)
                variables.check(x, strand, assigned)
            if way.output is not None:
                output = way.output(strand.raw, result, x)
        except EvaluationError as error:
            failures.broken(x, strand, error)
            return
    bound = strand.bound
    if output is not strand.raw:
        bound = weigh(output, x.most_bytes)
        if bound > x.most_bytes:
            failures.broken(x, strand, failures.too_large(strand.state.name))
            return
    if x.marks is not None and rule is None:
        x.marks.add((strand.state.pointer, "left", 0))
    x.go(strand, output, way.next, assigned, bound)


def go(  # noqa: PLR0917 - a method, called by place
    x: Execution, strand: Strand, output: Json, next: str | None, assigned: dict[str, Json] | None = None,
    bound: float = UNKNOWN,
) -> None:  # fmt: skip
    """Leave the state with this output, which has at most so many bytes, and these new variables."""
    state = strand.state
    if assigned:
        strand.event = x.history.add(state.exited, x.now, strand.event, state.name, output, assigned)
        strand.variables = {**(strand.variables or {}), **assigned}
    else:
        strand.event = x.history.add(state.exited, x.now, strand.event, state.name, output)
    strand.raw, strand.bound = output, bound
    strand.entered = strand.retries = 0
    strand.entered_at = 0.0
    strand.attempts = strand.effective = None
    if next is not None:
        strand.state = strand.block.states[next]
        x.ready.appendleft(strand)
    elif strand.parent is not None:
        children.join(x, strand.parent, strand, output)
    else:
        x.end("SUCCEEDED", strand.event, output=output)


def suspend(x: Execution, strand: Strand, why: str) -> int:
    """Let the strand stand still; the token that wakes it."""
    token, strand.offered = strand.offered, 0
    if not token:
        x.tokens += 1
        token = x.tokens
    strand.token, strand.why = token, why
    x.waiting[token] = strand
    return token


def sleep(x: Execution, strand: Strand, why: str, until: float) -> None:
    """Let the strand stand still until then."""
    token = x.suspend(strand, why)
    strand.until = until
    x.commands.append(Timer(token, until))


def wake(x: Execution, strand: Strand) -> None:
    """Take the strand's token back: what still carries it is stale from now on."""
    x.waiting.pop(strand.token, None)
    strand.token, strand.why, strand.until, strand.beat_by, strand.heartbeat = 0, "", None, None, None
    strand.timeout, strand.early, strand.begun, strand.role = None, None, False, None
