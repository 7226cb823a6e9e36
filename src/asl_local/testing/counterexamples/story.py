"""A run as a story: numbered steps, each with when it happened, who did what, and what the machine made of it.

Knows: the choices of an exploration, and how to say each in words. Must never know: why the run is of interest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from asl_local.engine.messages import Call, Failed, Stimulus, Succeeded, TaskFailed, TaskSucceeded
from asl_local.lazy import dataclass, field, hinted
from asl_local.testing.exploring import Fault, Setting, follow
from asl_local.testing.exploring.points import Choice, Point
from asl_local.values import Json, text_of

_MOST: Final = 100  # characters of a value in a line

_INJECTED: Final = {
    "errors": "fails with {0} (injected)",
    "unlisted": "fails with {0}, which nobody expects (injected)",
    "throttling": "is refused with {0} (injected)",
    "timeouts": "never answers (injected)",
    "heartbeats": "falls silent (injected)",
    "oversized": "answers more than an output can hold (injected)",
    "crashes": "is done, and the engine dies before it has the answer; it goes on from its dump (injected)",
}
_TIMER: Final = {"retry": "is tried again", "wait": "has waited", "task": "has had all its time"}


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a run. `seconds` is the virtual time since the start, `entered` are the states that it led into.

    `call` is the call that it was about, if it was one; `answer` what a handler gave in it, or None,
    after `took` seconds.
    """

    text: str
    words: str
    seconds: float
    entered: tuple[str, ...] = ()
    call: Call | None = None
    fault: Fault | None = None
    answer: Stimulus | None = None
    performed: bool = False
    took: float = 0.0

    def __str__(self) -> str:
        into = f" -> {', '.join(self.entered)}" if self.entered else ""
        return f"{self.seconds:g} s  {self.words}{into}"


@dataclass(slots=True)
class _Listener:
    """Takes the steps down."""

    steps: list[Step] = field(default_factory=list)
    begin: float | None = None

    def __call__(self, before: Point, choice: Choice, after: Point) -> None:
        x = after.execution
        if self.begin is None:
            self.begin = x.started_at
        rows = x.history.rows
        entered = [row[3] for row in rows[len(before.execution.history.rows) :] if row[0].endswith("StateEntered")]
        flight = before.flights.get(choice.token) if choice.kind != "unheard" else None
        call = before.orphans[choice.token] if choice.kind == "unheard" else flight and flight.call
        performed = before.performed.get(choice.token)
        work = performed is not None and choice.kind == "answer" and (choice.fault is None or choice.fault.after)
        answer = None if performed is None or not work else performed.answer or performed.told
        self.steps.append(
            Step(
                choice.text, _words(before, choice, performed), x.now - self.begin, tuple(entered), call, choice.fault,
                answer, performed=work, took=performed.seconds if performed is not None and work else 0.0,
            )
        )  # fmt: skip


def steps_of(setting: Setting, schedule: Sequence[str]) -> list[Step]:
    """The steps of a schedule, made by going through it again."""
    listener = _Listener()
    follow(setting, schedule, to_the_end=False, told=listener)
    return listener.steps


def _words(before: Point, choice: Choice, performed: Any) -> str:
    place = choice.text.split(": ")[0]
    if choice.kind == "unheard":
        return f"{place} is done, though nobody waits for it any more"
    if choice.kind == "timer":
        strand = before.execution.waiting.get(choice.token)
        return f"{place} {_TIMER.get('' if strand is None else strand.why, 'is up')}"
    if choice.kind == "mail":
        return f"{place} {_said(choice.stimulus)}"
    if choice.fault is not None:
        words = _INJECTED[choice.fault.kind].format(choice.fault.name)
        effect = ", after its effect" if choice.fault.after and choice.fault.silent else ""
        return f"{place} {words}{effect}{', from now on always' if choice.always else ''}"
    if choice.text.endswith(": taken"):
        return f"{place} is taken by a worker"
    if performed is None:  # a job that had been done
        return f"{place} is reported done"
    late = f", {performed.seconds:g} s later" if performed.seconds not in (0, float("inf")) else ""
    waits = before.flights[choice.token].call.waits
    if waits and performed.answer is not None and not choice.text.endswith(": reported"):
        answered = ", and its task token is answered" if performed.sent else ""
        return f"{place} is submitted{late}{answered}"
    return f"{place} {_said(performed.answer)}{late}"


def _said(stimulus: Stimulus | None) -> str:
    if isinstance(stimulus, Succeeded):
        return f"answers {shown(stimulus.result)}"
    if isinstance(stimulus, TaskSucceeded):
        return f"is reported done: {shown(stimulus.output)}"
    if isinstance(stimulus, (Failed, TaskFailed)):
        cause = f": {_short(stimulus.cause)}" if stimulus.cause else ""
        return f"fails with {stimulus.error or 'an error without a name'}{cause}"
    return "has done its work" if stimulus is not None else "does not answer"


def shown(value: Json, most: int = _MOST) -> str:
    """A value in a line."""
    return _short(text_of(value), most)


def _short(text: str, most: int = _MOST) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."


def told(setting: Setting, schedule: Sequence[str], *, repeats: int | None = None) -> list[str]:
    """The lines of the story."""
    steps = steps_of(setting, schedule)
    wide = len(str(len(steps)))
    lines = [f"{number:>{wide}}. {step}" for number, step in enumerate(steps, 1)]
    if repeats is not None:
        lines.append(f"and from step {repeats + 1} on the same again, for ever")
    return lines or ["nothing is to be chosen: it always happens"]


hinted(globals())
