"""Which attempts of a task are followed by another one, and when: no event says it, but the state's retriers do.

Knows: retriers and how often each was used. Must never know: who reads it.
"""

from __future__ import annotations

from asl_local.lazy import TYPE_CHECKING, NamedTuple
from asl_local.plan.plan import Retrier, matches
from asl_local.reporters.visits.words import took, whole

if TYPE_CHECKING:
    from asl_local.plan import Block, Plan
    from asl_local.reporters.aws import Event
    from asl_local.reporters.timeline import Place

_ATTEMPTED = ("LambdaFunction", "Task", "Activity")


class Retry(NamedTuple):
    """That an attempt is followed by another one."""

    attempt: str  # "attempt 1 of 4"
    when: str  # "again in 2 s"


class Retries:
    """The retriers of one plan, and what is left of them.

    Of a Parallel or Map there is no event for an attempt that failed.
    """

    def __init__(self, plan: Plan) -> None:
        self._retriers: dict[str, tuple[Retrier, ...]] = {}
        self._used: dict[Place, dict[int, int]] = {}  # how often each retrier was used, by its number
        self._learn(plan.top)

    def after(self, event: Event, place: Place) -> Retry | None:
        """What follows this event: None where it is no attempt that failed, or where none follows."""
        if event.type.endswith("StateEntered"):
            self._used.pop(place, None)
        elif event.type == "ExecutionRedriven":
            self._used.clear()
        elif event.type.startswith(_ATTEMPTED) and event.type.endswith(("Failed", "TimedOut")):
            return self._next(place, str(event.details.get("error") or ""))
        return None

    def _next(self, place: Place, error: str) -> Retry | None:
        for number, retrier in enumerate(self._retriers.get(place.state, ())):
            if not matches(retrier.errors, error, task_result=True):
                continue
            used = self._used.setdefault(place, {})
            before = used.get(number, 0)
            if before >= retrier.attempts:
                return None
            tried = sum(used.values()) + 1
            used[number] = before + 1
            most = tried + retrier.attempts - before
            delay = retrier.delay(before)
            told = whole(int(delay)) if delay == int(delay) else took(delay)
            return Retry(f"attempt {tried} of {most}", f"again {'within' if retrier.jitter else 'in'} {told}")
        return None

    def _learn(self, block: Block) -> None:
        for name, state in block.states.items():
            if state.type == "Task":
                self._retriers[name] = tuple(state.retry)
            for inner in state.blocks:
                self._learn(inner)
