"""What may be asked of an execution: what it waits for, whose a token is, the Context Object of the strand at work.

Knows: strands, and where an answer is kept. Must never know: what happens next. These are methods of Execution.
"""

from __future__ import annotations

from asl_local.engine import patterns
from asl_local.engine.map_runs import asking
from asl_local.engine.messages import Waiting
from asl_local.lazy import TYPE_CHECKING, later
from asl_local.values import timestamp

if TYPE_CHECKING:
    from asl_local.engine import children
    from asl_local.engine import execution as executions
    from asl_local.engine.execution import Execution
    from asl_local.engine.history import Mark
    from asl_local.engine.messages import Command
    from asl_local.values import Json
else:
    later(globals(), "asl_local.engine.children", executions="asl_local.engine.execution")


def waiting_for(x: Execution) -> list[Waiting]:
    """What the execution waits for now: tasks that are out, retries and waits that are due, in order of token."""
    own = [
        Waiting(
            token, strand.state.pointer, strand.why, strand.until,
            patterns.task_token(x, token) if strand.why in ("token", "job", "activity") else "",
        )
        for token, strand in x.waiting.items()
    ]  # fmt: skip
    return sorted(own + asking.waiting_for(x))


def pending(x: Execution) -> list[Command]:
    """What to perform in order to go on with an execution that was loaded: its calls and clocks, anew."""
    return patterns.pending(x) + asking.pending(x)


def token_named(x: Execution, task_token: str) -> int | None:
    """The token that a task token's text stands for, whether it is still waited for or not; None if it is none."""
    own = patterns.number_of(x, task_token)
    return asking.token_named(x, task_token) if own is None else own


def place_of(x: Execution, token: int) -> str:
    """Where in the machine a token belongs: `Map 'Orders', item 1 > Task 'Charge'`; "" for a stale one."""
    strand = x.waiting.get(token)
    return asking.place_of(x, token) if strand is None else patterns.place(strand)


def become(x: Execution, other: Execution) -> None:
    """Be in everything what the other is, for whoever holds this one; from then on only one of them may go on."""
    for slot in executions.Execution.__slots__:
        setattr(x, slot, getattr(other, slot))


def watch(x: Execution, marks: set[Mark] | None) -> None:
    """Put what the execution comes past from now on into this set (history.MARKS), and what its children do.

    The set is shared with whatever is forked off it. It is no part of the value: a dump has none, and two executions
    are equal whoever watches them.
    """
    x.marks = marks
    for run in x.map_runs:
        for child in (*run.live.values(), *run.kept.values()):
            child.execution.watch(marks)


def context(x: Execution) -> Json:
    """The Context Object of the strand that is being evaluated, made anew: strands do not carry it around."""
    strand = x.current
    entered_at = strand.entered_at if strand.entered or strand.entered_at else x.now
    state: dict[str, Json] = {"EnteredTime": timestamp(entered_at), "Name": strand.state.name}
    if strand.state.type in ("Task", "Parallel", "Map"):
        state["RetryCount"] = strand.retries
    identity = x.identity
    execution: dict[str, Json] = {
        "Id": identity.execution_arn, "Input": x.input, "StartTime": timestamp(x.started_at),
        "Name": identity.execution_name, "RoleArn": identity.role_arn,
    }  # fmt: skip
    if identity.redrivable:
        execution["RedriveCount"] = x.redrives
    if x.redriven_at is not None:
        execution["RedriveTime"] = timestamp(x.redriven_at)
    context: dict[str, Json] = {
        "Execution": execution,
        "StateMachine": {"Id": identity.machine_arn, "Name": identity.machine_name},
        "State": state,
    }  # fmt: skip
    if strand.offered:
        context["Task"] = {"Token": patterns.task_token(x, strand.offered)}
    item = x.item or children.item_of(strand)
    if item is not None:
        context["Map"] = {"Item": item}
    return context
