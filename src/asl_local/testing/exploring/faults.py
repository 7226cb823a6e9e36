"""What can go wrong with a Task: read off its state, before anything runs.

Knows: Retry, Catch, clocks and services of states, and AWS's error names. Must never know: when a fault is injected, or
what becomes of it.

    errors      every error that Retry or Catch of the state, or of a Parallel or Map around it, names
    unlisted    one error that nobody names
    throttling  the service has too many requests
    timeouts    TimeoutSeconds passes, before the handler has its effect or after it
    heartbeats  HeartbeatSeconds passes without a heartbeat
    oversized   an answer of more than 256 KiB
    crashes     the engine dies and goes on from its dump; a call whose answer was lost is made again

Wildcards (States.ALL, States.TaskFailed) are not errors, nor are names that only the interpreter itself fails with.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from asl_local.errors import DATA_LIMIT_EXCEEDED, HEARTBEAT_TIMEOUT, PERMISSIONS, TIMEOUT
from asl_local.lazy import hinted
from asl_local.plan import Block, Plan, State
from asl_local.resources.integrations.envelope import SDK, words_of
from asl_local.values import text_of

KINDS = ("errors", "unlisted", "throttling", "timeouts", "heartbeats", "oversized", "crashes")
UNLISTED = "UnlistedError"

_THROTTLED: Mapping[str, str] = {
    "lambda": "TooManyRequestsException",
    "dynamodb": "ProvisionedThroughputExceededException",
    "http": "StatusCode.429",
    "sqs": "RequestThrottledException",
    "sns": "ThrottledException",
}
"""The error's name after its prefix, where it is not ThrottlingException; by service as an ARN has it."""


class Fault(NamedTuple):
    """One thing that can go wrong with a call.

    `kind` is one of KINDS, `name` how it is called in a schedule: the error, or words. `after` says that the handler had
    its effect before. `silent` faults give no answer at all.
    """

    name: str
    kind: str
    after: bool = False
    silent: bool = False

    @property
    def text(self) -> str:
        """As it stands in a schedule, behind the place."""
        return f"{self.name} after its effect" if self.after and self.silent else self.name


CRASH = Fault("crash", "crashes", after=True)
OVERSIZED = Fault(DATA_LIMIT_EXCEEDED, "oversized", after=True)
NO_ANSWER = Fault("no answer", "timeouts", silent=True)


class Faults:
    """The faults of every Task of a plan, and which of its states are done more than once.

    `kinds` leaves some out. Raises ValueError for a kind that there is not.
    """

    def __init__(self, plan: Plan, kinds: Collection[str] | None = None, *, payload_bytes: int | None) -> None:
        self.kinds = frozenset(KINDS if kinds is None else kinds)
        if unknown := self.kinds - set(KINDS):
            raise ValueError(f"kinds: there is no {min(unknown)!r}; there are {', '.join(KINDS)}")
        self._oversized = payload_bytes is not None and "oversized" in self.kinds
        self._ends = plan.timeout is not None  # the machine's own TimeoutSeconds
        self.of: dict[str, tuple[Fault, ...]] = {}
        self.again: set[str] = set()
        self._walk(plan.top, (), again=False)

    def _walk(self, block: Block, around: tuple[State, ...], *, again: bool) -> None:
        looped = set(_in_loops(block))
        for state in block.states.values():
            often = again or state.name in looped
            if state.resource is not None:
                self.of[state.name] = tuple(self._faults(state, around))
                if often or state.retry:
                    self.again.add(state.name)
            inner = [*state.blocks, *([state.distributed.child] if state.distributed is not None else [])]
            for child in inner:
                self._walk(child, (*around, state), again=often or state.type == "Map" or bool(state.retry))

    def _faults(self, state: State, around: tuple[State, ...]) -> Iterator[Fault]:
        kinds = self.kinds
        named = dict.fromkeys(
            name
            for each in (state, *reversed(around))
            for errors in [*(retrier.errors for retrier in each.retry), *(catcher.errors for catcher in each.catch)]
            for name in sorted(errors)
            if _can_be_raised(name)
        )
        if "errors" in kinds:
            yield from (Fault(name, "errors") for name in named)
        throttled = _throttled(state)
        if "throttling" in kinds and throttled and throttled not in named:
            yield Fault(throttled, "throttling")
        if "unlisted" in kinds and UNLISTED not in named:
            yield Fault(UNLISTED, "unlisted")
        if state.heartbeat is not None and "heartbeats" in kinds:
            yield Fault(HEARTBEAT_TIMEOUT, "heartbeats", silent=True)
        if "timeouts" in kinds:
            if state.timeout is not None:
                yield Fault(TIMEOUT, "timeouts", silent=True)
                yield Fault(TIMEOUT, "timeouts", silent=True, after=True)
            elif self._ends and state.heartbeat is None:
                yield NO_ANSWER
        if self._oversized:
            yield OVERSIZED
        if "crashes" in kinds:
            yield CRASH


def cause_of(fault: Fault, state: State) -> str:
    """The Cause of an injected error: what Lambda makes of an exception, or plain words."""
    resource = state.resource
    if resource is not None and (resource.kind == "lambda" or resource.service == "lambda"):
        return text_of({"errorMessage": f"injected: {fault.name}", "errorType": fault.name, "trace": []})
    return f"injected: {fault.name}"


def _can_be_raised(name: str) -> bool:
    """Whether a task can come back with the error; of AWS's own names only these can."""
    return not name.startswith("States.") or name == PERMISSIONS or name.startswith("States.Http.")


def _throttled(state: State) -> str:
    resource = state.resource
    if resource is None or resource.kind == "activity":
        return ""
    service = "lambda" if resource.kind == "lambda" else resource.service
    try:
        prefix = words_of(service).prefix
    except KeyError:  # a service that nothing is known of
        return ""
    return f"{prefix}.{_THROTTLED.get(service.removeprefix(SDK), 'ThrottlingException')}"


def _in_loops(block: Block) -> Iterator[str]:
    """The states of a block that can come after themselves."""
    ways = {state.name: _ways(state) for state in block.states.values()}
    for name, first in ways.items():
        reached: set[str] = set()
        todo = [*first]
        while todo:
            after = todo.pop()
            if after not in reached:
                reached.add(after)
                todo += ways[after]
        if name in reached:
            yield name


def _ways(state: State) -> list[str]:
    ways = [rule.next for rule in state.rules] + [catcher.next for catcher in state.catch]
    return ways if state.next is None else [*ways, state.next]


__all__ = ["CRASH", "KINDS", "NO_ANSWER", "OVERSIZED", "UNLISTED", "Fault", "Faults", "cause_of"]

hinted(globals())
