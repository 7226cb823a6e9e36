"""Expressions as Python source: the same values, and the same errors, as the closures that they were written from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asl_local.errors import EvaluationError
from asl_local.language.choice import OPERATORS, compile_rule, first_true
from asl_local.language.generated import has_written, written
from asl_local.language.jsonpath import PathError
from asl_local.language.templates import compile_path_field, compile_result_path, compile_template

NAMES = st.sampled_from(["a", "b", "it's", "{}", "with blank"])
ATOMS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**33), 2**33),
    st.floats(-1e6, 1e6),
    st.sampled_from(["", "x", "{}", "2", "é"]),
)
VALUES = st.recursive(
    ATOMS, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)), max_leaves=8
)
STEPS = st.lists(NAMES, max_size=3).map(lambda names: "".join(f"['{name}']" for name in names if "'" not in name))
PATHS = st.builds(
    lambda root, steps: root + steps, st.sampled_from(["$", "$$", "$$.Map.Item", "$$.Map.Item.Value", "$v"]), STEPS
)
ARGUMENTS = st.one_of(PATHS, st.sampled_from(["1", "-7", "2147483647", "536870911", "'t'", "null"]))


def calls(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("States.MathAdd({}, {})".format, PATHS, st.one_of(PATHS, st.sampled_from(["1", "-7", "536870911"]))),
        st.builds("States.Format('{{}}-{{}}', {}, {})".format, inner, inner),
        st.builds("States.Array({})".format, inner),
        st.builds("States.MathRandom(0, States.MathAdd({}, 5))".format, PATHS),
    )


CALLS = calls(st.one_of(ARGUMENTS, calls(ARGUMENTS)))
TEMPLATES = st.recursive(
    st.one_of(VALUES, st.dictionaries(st.sampled_from(["p.$", "q.$", "r.$"]), st.one_of(PATHS, CALLS), max_size=3)),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(NAMES, inner, max_size=2)),
    max_leaves=5,
)


class Scope:
    """A scope that counts what was drawn."""

    def __init__(self, item: Any, variables: dict[str, Any]) -> None:
        self.item, self.variables, self.draws = item, variables, 0

    def context(self) -> Any:
        return {} if self.item is None else {"Map": {"Item": self.item}}

    def map_item(self) -> Any:
        return self.context()["Map"]["Item"]

    def draw(self) -> float:
        self.draws += 1
        return 0.25 * (self.draws % 4)

    def variable(self, name: str) -> Any:
        return self.variables[name]

    def moment(self) -> float:
        return 0.0


SCOPES = st.tuples(st.none() | st.fixed_dictionaries({"Index": st.integers(0, 3), "Value": VALUES}), VALUES)


def outcome(flow: Callable[..., Any], *arguments: Any) -> Any:
    try:
        found = flow(*arguments)
    except (EvaluationError, PathError) as error:
        return type(error), str(error), getattr(error, "error", None)
    return repr(found)


@given(TEMPLATES, VALUES, SCOPES)
def test_templates(template: Any, value: Any, surroundings: tuple[Any, Any]) -> None:
    flow = compile_template(template)
    item, variable = surroundings
    one, other = (Scope(item, {"v": variable}) for _ in range(2))
    assert outcome(flow, value, one) == outcome(written(flow), value, other)
    assert one.draws == other.draws


@given(PATHS, VALUES, SCOPES)
def test_path_fields(path: str, value: Any, surroundings: tuple[Any, Any]) -> None:
    flow = compile_path_field(path)
    scope = Scope(surroundings[0], {"v": surroundings[1]})
    assert outcome(flow, value, scope) == outcome(written(flow), value, scope)


@given(STEPS.map(lambda steps: "$" + steps), VALUES, VALUES)
def test_placements(path: str, raw: Any, result: Any) -> None:
    place = compile_result_path(path)
    assert outcome(place, raw, result) == outcome(written(place, "raw, result"), raw, result)


OPERANDS = {
    "string": st.sampled_from(["", "x", "2"]), "number": st.sampled_from([0, 1, -2.5, 2**40]), "boolean": st.booleans(),
    "timestamp": st.just("2024-01-31T00:00:00Z"), "pattern": st.sampled_from(["*", "x*"]), "is": st.booleans(),
}  # fmt: skip


@st.composite
def comparisons(draw: Callable[[st.SearchStrategy[Any]], Any]) -> dict[str, Any]:
    name = draw(st.sampled_from(sorted(OPERATORS)))
    row = OPERATORS[name]
    return {"Variable": draw(PATHS), name: draw(PATHS if row.path_form else OPERANDS[row.kind])}


RULES = st.recursive(
    comparisons(),
    lambda inner: st.one_of(
        st.builds(lambda rules: {"And": rules}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda rules: {"Or": rules}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda rule: {"Not": rule}, inner),
    ),
    max_leaves=4,
)


@given(st.lists(RULES, min_size=1, max_size=4), VALUES, SCOPES)
def test_choice_rules(rules: list[Any], value: Any, surroundings: tuple[Any, Any]) -> None:
    choose = first_true([compile_rule(rule) for rule in rules])
    scope = Scope(surroundings[0], {"v": surroundings[1]})
    assert outcome(choose, value, scope) == outcome(written(choose), value, scope)


@pytest.mark.parametrize(
    ("template", "value", "expected"),
    [
        ({"n.$": "States.MathAdd($.n, 1)"}, {"n": 3}, {"n": 4}),
        ({"n.$": "States.MathAdd($.n, 1)"}, {"n": 1.5}, {"n": 3}),
        ({"t.$": "States.Format('{} of {}', $.n, $.b)"}, {"n": 1, "b": True}, {"t": "1 of true"}),
        ({"all.$": "$", "k": [1, {"x.$": "$.n"}]}, {"n": 1}, {"all": {"n": 1}, "k": [1, {"x": 1}]}),
    ],
)
def test_by_example(template: Any, value: Any, expected: Any) -> None:
    flow = compile_template(template)
    assert has_written(flow)
    assert written(flow)(value, Scope(None, {})) == expected


def test_what_draws_random_numbers_is_not_evaluated_twice() -> None:
    flow = compile_template({"r.$": "States.MathRandom(0, 9)", "missing.$": "$.no"})
    scope = Scope(None, {})
    assert not has_written(flow)
    assert outcome(written(flow), {}, scope)[0] is EvaluationError
    assert scope.draws == 1


def test_names_of_a_definition_are_not_part_of_the_source() -> None:
    flow = compile_template({"a'] or quit() or ['.$": "$['__import__']['os']"})
    assert written(flow)({"__import__": {"os": 1}}, Scope(None, {})) == {"a'] or quit() or ['": 1}
