"""A counterexample: a run that does what must not be, as small as it can be made, told and written down.

Knows: what was explored, and how to explore smaller inputs and definitions for the same fault. Must never know: how an
exploration works, or in which interface it was asked for.
"""

from __future__ import annotations

import functools
import os
import traceback
from collections.abc import Callable, Mapping
from copy import copy
from pathlib import Path
from typing import Any, Final

from asl_local.errors import AslError
from asl_local.lazy import dataclass, field, hinted, replace
from asl_local.testing.counterexamples import mock_file, pytest_file, state_command, story
from asl_local.testing.counterexamples.shrinking.json_trees import shrink_json
from asl_local.testing.counterexamples.shrinking.machines import shrink_definition
from asl_local.testing.exploring import Asked, Exploration, Run, Setting, explore, follow, run_of
from asl_local.values import Json, text_of

SMALLER: Final = 400  # explorations that shrinking may cost
_EACH: Final = 20_000  # transitions of each of them
_COURSES: Final = (False, True)  # the ordinary order, and the newest call first: one iteration after the other


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A run of a machine in which an invariant does not hold; `message` says which.

    `tried` counts the explorations that shrinking has cost, `smallest` says that they found no smaller one (the budget did
    not end them).
    """

    message: str
    run: Run
    asked: Asked = field(repr=False)
    tried: int = 0
    smallest: bool = False

    @property
    def definition(self) -> dict[str, Any]:
        """The machine's definition."""
        found: dict[str, Any] = self.asked.setting.machine.definition
        return found

    @property
    def input(self) -> Json:
        """The execution's input."""
        return self.run.input

    @property
    def schedule(self) -> list[str]:
        """The steps, which `machine.simulate(..., schedule=...)` takes."""
        return self.run.schedule

    # -- smaller -------------------------------------------------------------------------------------------------------

    def shrink(
        self, *, definition: bool = False, budget: int = SMALLER, stop: Callable[[], bool] = lambda: False
    ) -> Counterexample:
        """The smallest counterexample found to the same invariant, in which the execution ends in the same way.

        The input gets smaller, and for each input the run with the fewest faults and the most ordinary order is taken.
        With `definition` the machine gets smaller first (states, branches, catchers and so on are left out). `budget` is
        the most explorations that it may cost; they also end when `stop()` is true. Deterministic as far as the
        handlers are.
        """
        search = _Search(self, stop)
        best = self
        if definition:
            machine = self.asked.setting.machine
            best = search.smaller(
                self,
                lambda holds, left: shrink_definition(self.definition, holds, type=machine.type, budget=left),
                lambda found: _with_machine(self.asked.setting, machine.like(found)), budget,
            )  # fmt: skip
        return search.smaller(
            best,
            lambda holds, left: shrink_json(self.input, holds, budget=left),
            lambda found: replace(best.asked.setting, input=found), budget,
        )  # fmt: skip

    def smallest_definition(self, *, budget: int = SMALLER) -> dict[str, Any]:
        """The definition of the smallest machine found that still shows the fault; `shrink(definition=True)`
        has all of it.
        """
        return self.shrink(definition=True, budget=budget).definition

    # -- told and written ----------------------------------------------------------------------------------------------

    def __str__(self) -> str:
        """The story: what went in, what happened step by step, how it ended."""
        run = self.run
        lines = [self.message, f"  input: {story.shown(self.input, 200)}"]
        lines += [f"  {line}" for line in story.told(self.asked.setting, run.schedule, repeats=run.repeats)]
        return "\n".join([*lines, f"  {run.outcome}"])

    def steps(self) -> list[story.Step]:
        """The steps of the run, each with when it happened, who answered what, and where that led."""
        return story.steps_of(self.asked.setting, self.schedule)

    def mock_file(self, *, test_case: str = mock_file.TEST_CASE) -> mock_file.MockFile:
        """The run as a MockConfigFile of Step Functions Local; its `notes` say what such a file cannot express."""
        return mock_file.mock_file(
            self.asked.setting.machine, self.run.result, self.input, test_case=test_case, needs=self._beyond_mocks(),
            resources=self._resources(),
        )  # fmt: skip

    def state_command(self, state: str | None = None) -> state_command.Command:
        """`aws stepfunctions test-state` for the state at fault, or another that was entered; see state_command."""
        return state_command.state_command(self.asked.setting.machine, self.run.result, state=state)

    def write_test(
        self, path: str | os.PathLike[str], *, name: str = "test_counterexample", definition: str | os.PathLike[str] | None = None,
        sources: Mapping[str, str] | None = None,
    ) -> pytest_file.Written:  # fmt: skip
        """Write a pytest file that goes through the run again and is red as long as the fault is there.

        `definition` is the path of the definition's file, to load it from there; else it stands in the test. `sources`
        say where `resources`, `world` and `invariant` come from, as `module:name`, `file.py:name`, `module:name()` for
        what a function makes, or `=expression`; what is not said is found out, where it can be imported. Raises
        ValueError for a run that such a test cannot go through again, OSError.
        """
        where = Path(path)
        written = pytest_file.pytest_file(self, where, name=name, definition=definition, sources=sources or {})
        where.write_text(written.text, "utf-8")
        return written

    def _beyond_mocks(self) -> list[str]:
        faults = [step.words for step in self.steps() if step.fault is not None and step.fault.kind in _BEYOND]
        return [*faults, *(["what the handlers keep in their world"] if self.run.world is not None else [])]

    def _resources(self) -> Any:
        setting = self.asked.setting
        return setting.resources(self.run.world) if setting.worldly else setting.resources


_BEYOND: Final = ("timeouts", "heartbeats", "oversized", "crashes")


def counterexamples(exploration: Exploration) -> list[Counterexample]:
    """The counterexample of each violation, in the order in which they were found."""
    asked = exploration.asked
    if asked is None:
        raise ValueError("what was explored is not known: explore with Machine.explore")
    return [Counterexample(violation.message, violation.run, asked) for violation in exploration.violations]


def _with_machine(setting: Setting, machine: Any) -> Setting:
    """The setting with another machine, in which some of the mocked states may be missing."""
    mocks = setting.mocks
    if mocks is not None:
        names = {state.name for state in machine.plan.tasks()}
        mocks = copy(mocks)
        mocks.answers = {name: answer for name, answer in mocks.answers.items() if name in names}
    return replace(setting, machine=machine, mocks=mocks)


class _Search:
    """Explorations of smaller inputs and machines for the same fault as a counterexample's."""

    def __init__(self, first: Counterexample, stop: Callable[[], bool]) -> None:
        self.stop = stop
        self.options = dict(first.asked.options)
        self.judges = {name: self.options[name] for name in ("invariant", "always") if self.options.get(name)}
        self.wanted = next((found for judge in self.judges.values() if (found := _problem(judge, first.run))), None)
        self.faults = len(first.run.faults)
        self.tried = 0
        # What went well when nothing was out of the ordinary must go well in smaller ones, too: else they would be
        # smaller because they lack what makes it go well.
        courses = _COURSES if "invariant" in self.judges else ()
        self.well = [course for course in courses if self._goes_well(first.asked.setting, course)]

    def smaller(
        self,
        best: Counterexample,
        shrink: Callable[[Callable[[Any], bool], int], Any],
        setting: Callable[[Any], Setting],
        budget: int,
    ) -> Counterexample:
        """The counterexample with what `shrink` makes smaller, which asks a predicate as often as it may."""
        found: dict[str, Counterexample] = {}

        def holds(value: Any) -> bool:
            other = self.explored(setting(value))
            if other is not None:
                found[text_of(value)] = other
            return other is not None

        left = budget - self.tried
        if left < 2:
            return best
        try:
            shrunk = shrink(holds, left)
        except ValueError:  # the fault is not found again within the budget of one exploration
            return best
        complete = shrunk.complete and not self.stop()
        return replace(found[text_of(shrunk.value)], tried=self.tried, smallest=complete)

    def explored(self, setting: Setting) -> Counterexample | None:
        """The smallest run in a setting that does the same, if there is one."""
        if self.stop():
            return None
        self.tried += 1
        judges = {name: self._same(judge) for name, judge in self.judges.items()}
        budget = min(_EACH, self.options["budget"])
        options = {**self.options, **judges, "faults": self.faults, "budget": budget}
        try:
            if not all(self._goes_well(setting, course) for course in self.well):
                return None
            exploration = explore(setting, **options, stop=lambda found: bool(found.violations) or self.stop())
        except (AslError, ValueError, TypeError):  # not to be explored, which is another fault
            return None
        if not exploration.violations:
            return None
        first = exploration.violations[0]
        return Counterexample(first.message, first.run, Asked(setting, self.options))

    def _goes_well(self, setting: Setting, newest: bool) -> bool:
        """Whether the invariant holds when nothing goes wrong and the oldest call, or the newest, always goes first."""
        run = run_of(setting, follow(setting, [], newest=newest))
        return _problem(self.judges["invariant"], run) is None

    def _same(self, judge: Callable[[Run], Any]) -> Callable[[Run], Any]:
        """An invariant that only this fault violates."""

        @functools.wraps(judge)
        def same(run: Run) -> Any:
            problem = _problem(judge, run)
            if problem is None or problem != self.wanted:
                return True
            return judge(run)  # says it in its own words

        return same


def _problem(judge: Callable[[Run], Any], run: Run) -> tuple[Any, ...] | None:
    """What is wrong with a run, so that it can be compared: how it ended, and which assertion does not hold; or None."""
    try:
        said = judge(run)
    except AssertionError as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        return run.status, run.error, frame.filename, frame.lineno
    except Exception:  # an input that the invariant was not made for
        return None
    return (run.status, run.error) if said is False else None


hinted(globals())
