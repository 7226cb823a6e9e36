"""Tasks that are answered within a step.

Knows: a function that answers at once, and its events. Must never know: who it is, or what a driver would do with a call.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from asl_local.engine.messages import LONG, Overtaken, Unsettled
from asl_local.engine.straight.ways import Way, after, may_be_answered
from asl_local.errors import EvaluationError
from asl_local.lazy import later
from asl_local.plan import Block, State
from asl_local.values import weigh

if TYPE_CHECKING:
    from asl_local.engine import children, states, variables
    from asl_local.engine.execution import Execution, Strand
else:
    later(globals(), "asl_local.engine.children", "asl_local.engine.states", "asl_local.engine.variables")


def make_task(state: State, block: Block) -> Way | None:  # noqa: PLR0915 - a call more costs a tenth of a task
    """A function that answers at once: in the only line of control that there is, or under the eyes of `Calls`.

    While a strand waits for something, or something was commanded, no call is made: it could hold that up. The call
    cannot be taken back. Whatever is unusual about what came of it is kept for the ordinary way, in which the call goes
    out as a command and is answered with that (drive.py).
    """
    resource = state.resource
    if resource is None or not may_be_answered(state):
        return None
    arguments, output = state.arguments, state.output
    assign = state.assign
    arn, templated, placed = resource.arn, state.templated, state.placed
    led = after(state, block)

    def short(x: Execution, strand: Strand) -> State | None:
        """The same where the input is the event, and the result the output."""
        if x.answers is None:
            return None
        answer = x.answers.get(arn)
        if answer is None:
            return None
        raw, calls = strand.raw, None
        if strand.parent is None:
            try:
                result, bound = answer(raw, x, strand)
            except BaseException as error:
                return unusual(x, strand, error)
        else:  # others may want to go on meanwhile
            calls = x.calls
            if calls is None or x.waiting or x.commands or x.errands or arn in calls.slow:
                return None
            claim: list[int | None] = [None]
            calls.current = (strand, claim, arn)
            try:
                result, bound = answer(raw, x, strand)
            except BaseException as error:
                try:
                    claim.pop()
                except IndexError:
                    raise Overtaken(error) from None
                return unusual(x, strand, error)
            try:
                claim.pop()
            except IndexError:
                raise Overtaken(Unsettled(result)) from None
        if bound > x.most_bytes and weigh(result, x.most_bytes) > x.most_bytes:
            return unusual(x, strand, Unsettled(result))
        at = now = x.now
        if x.clock is not None:
            now = x.clock()
            if now < at:  # noqa: PLR1730 - somebody has set the system's clock; a call costs more
                now = at
            x.now = now
            if calls is not None and now - at > LONG:
                calls.took_long(arn, x.tokens)
        history = x.history
        history.log.extend((state, at, strand.event, raw, result, None, raw, result, now))
        history.count = strand.event = history.count + 5
        x.tokens += 1
        strand.raw, strand.bound = result, bound
        return led

    def way(x: Execution, strand: Strand) -> State | None:  # noqa: PLR0915 - see above
        if x.answers is None:
            return None
        answer = x.answers.get(arn)
        if answer is None:
            return None
        calls = None
        if strand.parent is not None:  # others may want to go on meanwhile
            calls = x.calls
            if calls is None or x.waiting or x.commands or x.errands or arn in calls.slow:
                return None
        raw, most = strand.raw, x.most_bytes
        x.current = strand
        draws, held = x.draws, x.assigned_bytes
        try:
            value = raw if arguments is None else arguments(raw, x)
        except EvaluationError:
            x.draws = draws
            return None
        if templated and weigh(value, most) > most:
            x.draws = draws
            return None
        if calls is not None:
            claim: list[int | None] = [draws]
            calls.current = (strand, claim, arn)
        try:
            result, bound = answer(value, x, strand)
        except BaseException as error:
            if calls is not None:
                try:
                    claim.pop()
                except IndexError:
                    raise Overtaken(error) from None
            x.draws = draws
            return unusual(x, strand, error)
        if calls is not None:
            try:
                claim.pop()
            except IndexError:
                raise Overtaken(Unsettled(result)) from None
        at = now = x.now
        if x.clock is not None:
            now = x.clock()
            if now < at:  # noqa: PLR1730 - somebody has set the system's clock; a call costs more
                now = at
            x.now = now
            if calls is not None and now - at > LONG:
                calls.took_long(arn, x.tokens)
        strand.entered_at = at
        assigned = None
        try:
            if bound > most:
                bound = weigh(result, most)
                if bound > most:
                    raise EvaluationError("", "")
            if assign is not None:
                assigned = assign(raw, result, x)
            out = result if output is None else output(raw, result, x)
            if out is not result:
                if out is raw:  # noqa: SIM108 - one choice a line
                    bound = strand.bound
                else:
                    bound = inf if placed is None else strand.bound + bound + placed
                if bound > most:
                    bound = strand.weighed = weigh(out, most)
            if bound > most:
                raise EvaluationError("", "")
            if assigned is not None:
                variables.check(x, strand, assigned)
        except EvaluationError:
            x.draws, x.assigned_bytes, x.now, strand.entered_at = draws, held, at, 0.0
            return unusual(x, strand, Unsettled(result))
        strand.entered_at = 0.0
        history = x.history
        history.log.extend((state, at, strand.event, raw, out, assigned, value, result, now))
        history.count = strand.event = history.count + 5
        x.tokens += 1
        strand.raw, strand.bound = out, bound
        if assigned:
            strand.variables = {**(strand.variables or {}), **assigned}
        return led

    return way if arguments is not None or output is not None or assign is not None else short


def unusual(x: Execution, strand: Strand, said: BaseException) -> State | None:
    """Keep what came of a call for the ordinary way. Ctrl-C is the user's, who wants the program to end."""
    if isinstance(said, KeyboardInterrupt):
        children.unfold(x, strand, stands=True)
        states.enter(x, strand)
        x.say_started()
        raise said
    x.said[x.tokens + 1] = said
    return None


__all__ = ["make_task", "unusual"]
