"""Laws of shrinking: what is left still is what was looked for, is never larger, and shrinks no further."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from machines import Case, cases, virtually

import asl_local
from asl_local.engine.messages import Call
from asl_local.testing.counterexamples import shrink_definition, shrink_json
from asl_local.testing.counterexamples.shrinking.json_trees import nodes, weight
from asl_local.values import text_of

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=8)
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=5), st.dictionaries(st.text("abc", max_size=2), inner, max_size=5)
    ),
    max_leaves=15,
)


class Counts:
    """Something that may be true of a JSON value: how many values of a kind are in it, and how large they are."""

    def __init__(self, value: Any, kind: type, most: int) -> None:
        self.kind = kind
        self.least = min(most, self.count(value))
        self.longest = self.length(value)

    def count(self, value: Any) -> int:
        return sum(type(each) is self.kind for _, each in nodes(value))

    def length(self, value: Any) -> int:
        return max((len(text_of(each)) for _, each in nodes(value) if type(each) is self.kind), default=0) // 2

    def __call__(self, value: Any) -> bool:
        return self.count(value) >= self.least and self.length(value) >= self.longest // 2


@given(JSON, st.sampled_from([dict, list, str, int, float, bool]), st.integers(0, 4))
def test_what_is_left_of_a_value(value: Any, kind: type, most: int) -> None:
    holds = Counts(value, kind, most)
    before = text_of(value)
    shrunk = shrink_json(value, holds)
    assert text_of(value) == before
    assert holds(shrunk.value)
    assert weight(shrunk.value) <= weight(value)
    assert text_of(shrink_json(value, holds).value) == text_of(shrunk.value)
    if shrunk.complete:
        assert text_of(shrink_json(shrunk.value, holds).value) == text_of(shrunk.value)


@given(JSON, st.integers(1, 6))
def test_a_budget_is_kept(value: Any, budget: int) -> None:
    asked = 0

    def holds(_: Any) -> bool:
        nonlocal asked
        asked += 1
        return True

    assert shrink_json(value, holds, budget=budget).tried == asked <= budget


CASES = cases(variables=True)


@settings(max_examples=settings().max_examples // 2)
@given(CASES, st.integers(0, 20))
def test_what_is_left_of_a_definition(case: Case, which: int) -> None:
    """A machine that calls a function, or fails with an error of a name, still does."""
    called: list[str] = []

    def does(definition: dict[str, Any]) -> set[str]:
        execution = asl_local.load(definition).execution(case.input)
        done = {command.resource for command in execution.step(None, 0.0) if isinstance(command, Call)}
        return done | ({execution.outcome.error or ""} if execution.outcome else set())

    wanted = sorted(does(case.definition))
    if not wanted:
        return
    one = wanted[which % len(wanted)]

    def holds(definition: dict[str, Any]) -> bool:
        called.append(text_of(definition))
        return one in does(definition)  # loads it, too

    before = text_of(case.definition)
    shrunk = shrink_definition(case.definition, holds)
    assert text_of(case.definition) == before
    assert one in does(shrunk.value)
    assert weight(shrunk.value) <= weight(case.definition)
    assert len(called) == len(set(called))
    assert shrunk.complete
    assert text_of(shrink_definition(shrunk.value, holds).value) == text_of(shrunk.value)


ENDS = ("SUCCEEDED", "FAILED")


@settings(max_examples=settings().max_examples // 4)
@given(cases(timed=False), st.integers(0, 20))
def test_what_is_left_of_a_counterexample(case: Case, which: int) -> None:
    """Of whatever a machine can come to: the smaller one comes to it, too, and can be told and written down."""
    machine = asl_local.load(case.definition)
    handlers = case.handlers(virtually)
    ends = [each for each in machine.explore(case.input, handlers, budget=300).outcomes if each.status in ENDS]
    if not ends:
        return
    wanted = ends[which % len(ends)]

    def something_else(run: Any) -> bool:
        return (run.status, run.error) != (wanted.status, wanted.error)

    first = machine.explore(case.input, handlers, budget=300, invariant=something_else, stop=True).counterexamples[0]
    for small in (first, first.shrink(budget=12), first.shrink(definition=True, budget=12)):
        again = small.asked.setting.machine.simulate(small.input, handlers, schedule=small.schedule)
        assert (again.status, again.error) == (wanted.status, wanted.error)
        assert weight(small.input) <= weight(case.input)
        assert weight(small.definition) <= weight(case.definition)
        assert len(small.run.faults) <= len(first.run.faults)
        assert [step.text for step in small.steps()] == small.schedule
        mocks = small.mock_file()
        alone = small.asked.setting.machine.simulate(small.input, mock_config=mocks.config, test_case=mocks.test_case)
        assert (alone.status, alone.error) == (wanted.status, wanted.error) or mocks.notes
        assert str(small.state_command()).startswith("aws stepfunctions test-state")
