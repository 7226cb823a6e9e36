"""What an exploration may be asked, and what it has found: outcomes, violations, runs, and all of it as text.

Knows: what an invariant's answer means, and what to say of a search that is over. Must never know: how it was searched.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from asl_local.errors import AslError
from asl_local.lazy import dataclass, field, hinted
from asl_local.testing.exploring.faults import Fault
from asl_local.testing.exploring.graph import Graph
from asl_local.values import Json, text_of

if TYPE_CHECKING:
    from asl_local.testing.counterexamples import Counterexample

HANGS = "HANGS"
ENDLESS = "ENDLESS"
_LONGEST_NOTE = 2000  # characters of a run


class Violated(AslError, AssertionError):
    """Raised by `Exploration.check`; the text is the smallest counterexample. `run` is that run."""

    def __init__(self, message: str, run: Run) -> None:
        super().__init__(message)
        self.run = run


class InjectedFault(NamedTuple):
    """A fault of a run: the `place` of the call that met it (`Orders[1]/Charge`), what it was, and whether every later
    attempt of the state met it too.
    """

    place: str
    fault: Fault
    always: bool

    def __str__(self) -> str:
        return f"{self.place}: {self.fault.text}{', always' if self.always else ''}"


@dataclass(slots=True)
class Run:
    """One execution of an exploration, given by its schedule.

    `schedule` are the steps as texts, which `machine.simulate(..., schedule=...)` takes; `faults` those of them that went
    wrong. `status` is SUCCEEDED, FAILED, TIMED_OUT or ABORTED, HANGS (nothing will ever happen again; `error` says why)
    or ENDLESS (from step `repeats` on it can go on in the same way for ever). `world` is the world at the end; `replay`
    makes the `result`.
    """

    input: Json
    schedule: list[str]
    faults: list[InjectedFault]
    status: str
    output: Json = None
    error: str | None = None
    cause: str | None = None
    world: Any = None
    repeats: int | None = None
    replay: Callable[[Run], Any] | None = field(default=None, repr=False, compare=False)
    _result: Any = field(default=None, repr=False, compare=False)

    @property
    def result(self) -> Any:
        """The `Result` with its whole history, made by going through the schedule again."""
        if self._result is None and self.replay is not None:
            self._result = self.replay(self)
        return self._result

    def __str__(self) -> str:
        lines = [f"input: {_shown(self.input, 200)}"]
        numbered = [f"  {number}. {step}" for number, step in enumerate(self.schedule, 1)]
        if self.repeats is not None:
            numbered.append(f"  and from step {self.repeats + 1} on the same again, for ever")
        lines += ["schedule:", *(numbered or ["  (nothing to choose)"])]
        if self.faults:
            lines.append("faults: " + "; ".join(map(str, self.faults)))
        return "\n".join([*lines, f"outcome: {self.outcome}"])

    @property
    def outcome(self) -> str:
        """How it ended, in a line."""
        return outcome_text(self.status, self.output, self.error, self.cause)


@dataclass(slots=True)
class Outcome:
    """One way to end that was found: `count` explored ends came to it, `example` is a smallest run that does.

    `cause` is without event ids, which differ from run to run.
    """

    status: str
    output: Json
    error: str | None
    cause: str | None
    example: Run
    count: int = 1

    def __str__(self) -> str:
        injected = any(f"injected: {fault.fault.text}" in (self.cause or "") for fault in self.example.faults)
        text = outcome_text(self.status, self.output, self.error, None if injected else self.cause)
        faults = "; ".join(map(str, self.example.faults))
        return f"{text}   with {faults}" if faults else text


@dataclass(slots=True)
class Violation:
    """An invariant that does not hold: `message` says which, `run` is the smallest counterexample, `count` its ends."""

    message: str
    run: Run
    count: int = 1

    def __str__(self) -> str:
        return f"{self.message}\n{self.run}"


@dataclass(frozen=True, slots=True)
class Asked:
    """What was explored: a Setting, and with which keywords of `explore`."""

    setting: Any
    options: Mapping[str, Any]


@dataclass(slots=True)
class Exploration:
    """All that an exploration has found.

    `outcomes` and `violations` stand in the order in which they were found, those with the fewest faults and the most
    ordinary order first. `complete` says that there is nothing more to find within `faults`; else `left` points were
    known and not gone on from, and all runs with less than `among` faults have been tried. Where orders alone took the
    budget, as many steps again went into faults in the ordinary order: `ordinary` is "all" or "some" of them, else "".
    `states` are the points that were told apart, `transitions` the steps that were taken, `runs` the paths that were
    walked until they ended or met a point that was known, `schedules` the different runs that the graph stands for
    (None: without end). `reduced` says that of orders which cannot make a difference one was taken. `cycles` are the
    runs that need never end.
    """

    outcomes: list[Outcome] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    cycles: list[Run] = field(default_factory=list)
    faults: int = 0
    complete: bool = True
    left: int = 0
    among: int = 0
    ordinary: str = ""
    states: int = 0
    transitions: int = 0
    runs: int = 0
    schedules: int | None = 0
    reduced: bool = False
    graph: Graph = field(default_factory=Graph)
    coverage: Any = None
    asked: Asked | None = field(default=None, repr=False, compare=False)

    def check(self) -> Exploration:
        """Raises Violated with the smallest counterexample, if an invariant does not hold; else gives itself."""
        if self.violations:
            first = self.violations[0]
            raise Violated(f"{first}\n({self.how_much})", first.run)
        return self

    @property
    def counterexamples(self) -> list[Counterexample]:
        """A Counterexample for each violation: it shrinks, tells itself as a story, and can be written down as a test."""
        from asl_local.testing.counterexamples import counterexamples  # noqa: PLC0415 - it explores, too

        return counterexamples(self)

    def __str__(self) -> str:
        lines = [self.how_much, "outcomes:"]
        wide = max((len(str(outcome.count)) for outcome in self.outcomes), default=1)
        lines += [f"  {outcome.count:{wide}} x {outcome}" for outcome in self.outcomes]
        for number, violation in enumerate(self.violations, 1):
            lines += [f"violation {number} ({violation.count} x): {violation.message}", *_indented(str(violation.run))]
        if not self.violations:
            lines.append("no violation")
        return "\n".join(lines)

    @property
    def how_much(self) -> str:
        """How much was explored, and whether that is all, in a line."""
        schedules = "schedules without end" if self.schedules is None else _counted(self.schedules, "schedule")
        how = (
            "complete"
            if self.complete
            else f"NOT complete: the search ended among runs with {_counted(self.among, 'fault') if self.among else 'no fault'}, "
            f"{_counted(self.left, 'state')} left open"
        )
        if self.ordinary:
            how += f"; in the ordinary order {'every fault has' if self.ordinary == 'all' else 'some faults have'} been tried"
        plan = "no faults" if not self.faults else f"at most {_counted(self.faults, 'fault')}"
        return (
            f"{_counted(self.states, 'state')}, {_counted(self.transitions, 'transition')}, {schedules}; {plan}; {how}"
        )


def outcome_text(status: str, output: Json, error: str | None, cause: str | None) -> str:
    """One line."""
    if status == "SUCCEEDED":
        return f"SUCCEEDED {_shown(output, 120)}"
    if status == ENDLESS:
        return "ENDLESS: it can go on for ever"
    return status + (f" {error}" if error else "") + (f": {_short(cause, 120)}" if cause else "")


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _indented(text: str) -> Sequence[str]:
    return [f"  {line}" for line in text.splitlines()]


def _shown(value: Json, most: int) -> str:
    return _short(text_of(value), most)


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."


__all__ = [
    "ENDLESS",
    "HANGS",
    "Asked",
    "Exploration",
    "InjectedFault",
    "Outcome",
    "Run",
    "Violated",
    "Violation",
    "outcome_text",
]


def check(faults: Any, budget: Any, kinds: Any, judges: dict[str, Any]) -> None:
    """Raises TypeError or ValueError for what cannot be asked of an exploration."""
    for name, number, least in (("faults", faults, 0), ("budget", budget, 1)):
        if not isinstance(number, int):
            raise TypeError(f"{name}: a whole number is wanted, not {number!r:.80}")
        if number < least:
            raise ValueError(f"{name}: {number} of them cannot happen" if least == 0 else f"{name}: at least {least}")
    if isinstance(kinds, str):
        raise TypeError(f"kinds: a list is wanted, such as [{kinds!r}], not {kinds!r}")
    for name, judge in judges.items():
        if judge is not None and not callable(judge):
            raise TypeError(f"{name}: a function of a run is wanted, not {judge!r:.80}")


def verdict(judge: Callable[[Run], Any], run: Run) -> str | None:
    """What does not hold of a run, in words; None if all does.

    Raises TypeError for an answer that is neither True, False nor None (0, "" or a coroutine that nobody awaits would
    look like a run in which all is well). What the function itself raises gets the run as a note.
    """
    name = getattr(judge, "__name__", "<lambda>")
    named = "the invariant" if name == "<lambda>" else name
    try:
        said = judge(run)
    except AssertionError as error:
        return str(error) or "an assertion of the invariant does not hold"
    except Exception as error:
        error.add_note(f"{named} was asked about this run:\n{str(run)[:_LONGEST_NOTE]}")
        raise
    if said is None or said is True:
        return None
    if said is False:
        return f"{named} does not hold"
    if hasattr(said, "close"):
        said.close()  # a coroutine
    raise TypeError(
        f"{named} gave {said!r:.80}: True or False is wanted, or an assert and nothing (bool(...) makes one of a value)"
    )


hinted(globals())
