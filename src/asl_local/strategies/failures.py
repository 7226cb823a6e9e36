"""Failure plans: which Task fails, in which attempt, with what.

Knows: what a Task can meet, and how mocks say it. Must never know: what a machine makes of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Final

from hypothesis import strategies as st

from asl_local.errors import DATA_LIMIT_EXCEEDED
from asl_local.lazy import dataclass, hinted
from asl_local.resources.inferred.answers import Described
from asl_local.resources.mocking import Mocks
from asl_local.resources.mocking.answers import Answer, Hangs, Real, Returns, Throws, answer_of
from asl_local.resources.mocking.choices import ByAttempt
from asl_local.resources.mocking.mocks import ByState
from asl_local.strategies.shapes import Draw
from asl_local.testing.exploring.faults import KINDS, Faults

_KINDS: Final = tuple(kind for kind in KINDS if kind != "crashes")
_TOO_LARGE: Final = 262_145
_LIMIT: Final = 262_144


@dataclass(frozen=True, slots=True)
class Failure:
    """One Task that fails: with the error `name`, in one attempt (0 is the first) or, for None, in every one.

    `silent` ones come by giving no answer: a TimeoutSeconds or HeartbeatSeconds passes.
    """

    state: str
    name: str
    attempt: int | None = 0
    silent: bool = False

    def __str__(self) -> str:
        when = {0: "", None: ", always"}.get(self.attempt, f", attempt {(self.attempt or 0) + 1}")
        return f"{self.state}: {self.name}{when}"

    def answer(self) -> Answer:
        """What the Task comes back with."""
        if self.silent:
            return Hangs()
        if self.name == DATA_LIMIT_EXCEEDED:
            return Returns("x" * _TOO_LARGE)
        return Throws(self.name, "planned")


class FailurePlan:
    """Tasks that fail, each in its attempt; all that is not in the plan is answered as without it.

    To be given as `mocks=` of `run` and `simulate`, beside the `resources` that answer the rest; `over(answers)` puts
    it over other mocks. `failures` has what is planned; a plan is written as its failures are, "Charge: Busy, attempt 2".
    """

    def __init__(self, *failures: Failure) -> None:
        self.failures = failures

    def keys(self) -> Iterator[str]:
        """The names of the states that fail."""
        return iter(dict.fromkeys(failure.state for failure in self.failures))

    def __getitem__(self, state: str) -> Answer:
        """The mock of a state that fails. Raises KeyError for another one."""
        return self._over(state, Real())

    def over(self, mocks: ByState | dict[str, Any]) -> Mocks:
        """The plan over mocks: what they answer, but where the plan has a failure."""
        others = {name: answer_of(mocks[name]) for name in mocks.keys()}  # noqa: SIM118 - all that it has
        return Mocks({**others, **{name: self._over(name, others.get(name, Real())) for name in self.keys()}})

    def _over(self, state: str, otherwise: Answer) -> Answer:
        own = [failure for failure in self.failures if failure.state == state]
        if not own:
            raise KeyError(state)
        always = [failure for failure in own if failure.attempt is None]
        last = always[0].answer() if always else otherwise
        planned = {failure.attempt: failure.answer() for failure in own if failure.attempt is not None}
        return ByAttempt(tuple(planned.get(at, last) for at in range(max(planned, default=-1) + 1)), last)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FailurePlan) and self.failures == other.failures

    def __hash__(self) -> int:
        return hash(self.failures)

    def __repr__(self) -> str:
        return f"FailurePlan({', '.join(repr(str(failure)) for failure in self.failures)})"


def failure_plans(
    machine: Described, *, most: int = 2, kinds: Collection[str] | None = None
) -> st.SearchStrategy[FailurePlan]:
    """Plans of up to `most` failures, each of something that its Task can meet.

    That is every error that its Retry or Catch, or those of a Parallel or Map around it, name; one that nobody names;
    the throttling error of its service; its TimeoutSeconds and HeartbeatSeconds; an answer of more than 256 KiB: the same
    that `machine.explore` tries. `kinds` picks some of errors, unlisted, throttling, timeouts, heartbeats and oversized. A
    failure comes once, in one of the attempts that its Retry allows, or in every attempt. Shrinks to no failures.
    """
    picked = _KINDS if kinds is None else tuple(kinds)
    if "crashes" in picked:
        raise ValueError("kinds: a crash is the engine's, not a task's: machine.explore has those")
    known = Faults(machine.plan, picked, payload_bytes=_LIMIT)
    attempts = {state.name: sum(retrier.attempts for retrier in state.retry) for state in machine.plan.tasks()}
    choices = [
        (state, fault) for state, faults in known.of.items() for fault in faults if not (fault.silent and fault.after)
    ]

    @st.composite
    def one(draw: Draw) -> Failure:
        state, fault = draw(st.sampled_from(choices))
        attempt: int | None = draw(st.integers(0, min(attempts[state], 5)))
        if draw(st.integers(0, 2)) == 2:
            attempt = None
        return Failure(state, fault.name, attempt, fault.silent)

    if not choices:
        return st.builds(FailurePlan)
    return st.lists(one(), max_size=most, unique_by=lambda failure: (failure.state, failure.attempt)).map(
        lambda failures: FailurePlan(*failures)
    )


__all__ = ["Failure", "FailurePlan", "failure_plans"]

hinted(globals())
