"""inputs: whatever a machine decides by its input is decided both ways within a few dozen examples."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from ways import taken, ways_in

import asl_local
from asl_local.language.choice import OPERATORS
from asl_local.resources.inferred.demands import origins_of
from asl_local.strategies import Scenario, answers, inputs, scenarios
from asl_local.strategies.aims import questions_of
from asl_local.strategies.conditions import of_regex


def choosing(*rules: Any, **more: Any) -> dict[str, Any]:
    """A machine of one Choice state; texts are JSONata conditions."""
    jsonata = isinstance(rules[0], str)
    choices = [
        {"Condition": f"{{% {rule} %}}", "Next": f"Rule{at}"} if jsonata else {**rule, "Next": f"Rule{at}"}
        for at, rule in enumerate(rules)
    ]
    states: dict[str, Any] = {"Choose": {"Type": "Choice", "Choices": choices, "Default": "Default"}}
    states |= {name: {"Type": "Succeed"} for name in ["Default", *(f"Rule{at}" for at in range(len(rules)))]}
    return {"StartAt": "Choose", "States": states, **({"QueryLanguage": "JSONata"} if jsonata else {}), **more}


class _All(Exception):
    """Every way was taken."""


def missed(definition: dict[str, Any], examples: int = 40, **options: Any) -> set[Any]:
    """The ways that no example took."""
    machine = asl_local.load(definition)
    left = {(name, target) for name, _, target in ways_in(definition) if target}

    @settings(
        max_examples=examples, derandomize=True, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(inputs(machine, **options))
    def run(value: Any) -> None:
        result = machine.simulate(value, asl_local.mock_answers(machine), limits=asl_local.Limits(events=600))
        left.difference_update(taken(result))
        if not left:
            raise _All

    with contextlib.suppress(_All):
        run()
    return left


OPERANDS: dict[str, list[Any]] = {
    "string": ["m", "", "Ä"], "number": [5, 0, -1.5, 2**53 - 1], "boolean": [True, False],
    "timestamp": ["2024-05-05T10:00:00Z", "2024-02-29T23:59:59.25+05:30"],
    "pattern": ["log-*.txt", "*", "a\\*b*", "exact", "*-*-*"], "is": [True, False],
}  # fmt: skip
COMPARISONS = [
    (name, operand)
    for name, operator in OPERATORS.items()
    for operand in (["$.other"] if operator.path_form else OPERANDS[operator.kind])
    # nothing is not matched by "*" but what is no text, and no text comes before ""
    if (name, operand) not in [("StringLessThan", ""), ("StringGreaterThanEquals", "")]
]


@pytest.mark.parametrize(("operator", "operand"), COMPARISONS)
def test_every_operator_comes_out_both_ways(operator: str, operand: Any) -> None:
    assert not missed(choosing({"Variable": "$.v", operator: operand}))


CONDITIONS = [
    "$states.input.n > 5", "5 >= $states.input.n", "$states.input.n = 5", "'x' = $states.input.k", "$states.input.k != 'x'",
    "$states.input.flag", "$not($states.input.flag)", "$exists($states.input.o)",
    "$not($exists($states.input.o)) and $states.input.n >= 3", "$states.input.k in ['a', 'b']",
    "$contains($states.input.k, 'zz')", "$contains($states.input.k, /^order-[0-9]+$/)", "$count($states.input.l) > 3",
    "$length($states.input.k) = 7", "$type($states.input.k) = 'string'", "$states.input.l[0].q = 4",
    "$count($states.input.items[price > 10]) > 1", "$lowercase($states.input.k) = 'bob'",
    "$states.input.a < $states.input.b", "$number($states.input.k) > 10", "$states.input.n % 7 = 0",
    "($states.input.n > 3 and $states.input.n < 10) or $states.input.k = 'yes'", "$states.input.`a b`.c = 1",
    "$toMillis($states.input.t) < $toMillis('2024-01-01T00:00:00Z')", "$boolean($states.input.x)",
    "$states.context.Execution.Input.n = 1", "($limit := 3; $states.input.n > $limit)",
]  # fmt: skip


@pytest.mark.parametrize("condition", CONDITIONS)
def test_every_condition_comes_out_both_ways(condition: str) -> None:
    assert not missed(choosing(condition))


def step(**fields: Any) -> dict[str, Any]:
    return {"StartAt": "Step", "States": {"Step": {"Type": "Pass", **fields, "Next": "Choose"}}}


def after(first: dict[str, Any], *rules: Any) -> dict[str, Any]:
    machine = choosing(*rules)
    return {**machine, "StartAt": "Step", "States": {**first["States"], **machine["States"]}}


N = "NumericGreaterThan"
IN_DEPTH = {
    "the third of many": choosing(*({"Variable": "$.k", "StringEquals": text} for text in ("a", "b", "c", "d", "e", "f"))),
    "And, Or and Not": choosing(
        {"And": [{"Variable": "$.a", "IsPresent": True}, {"Variable": "$.a", N: 3}, {"Variable": "$.a", "NumericLessThan": 5}]},
        {"Not": {"Or": [{"Variable": "$.b", "BooleanEquals": True}, {"Variable": "$.c", "IsString": True}]}},
        {"Or": [{"Variable": "$.c", "StringMatches": "x*y"}, {"And": [{"Variable": "$.d", "IsNull": True}]}]},
    ),
    "a range": choosing(*({"Variable": "$.n", "NumericLessThan": limit} for limit in (0, 1, 2, 100))),
    "through a template": after(step(Parameters={"x": {"y.$": "$.order.total"}}), {"Variable": "$.x.y", N: 10}),
    "through InputPath and ResultPath": after(
        step(InputPath="$.in", ResultPath="$.out"), {"Variable": "$.out.n", "NumericEquals": 7}, {"Variable": "$.in.m", "IsPresent": True}
    ),
    "through a variable": after(step(Assign={"v.$": "$.order.kind"}), {"Variable": "$v", "StringEquals": "big"}),
    "against a constant of another state": after(
        step(Result=17, ResultPath="$.limit"), {"Variable": "$.n", "NumericGreaterThanPath": "$.limit"}
    ),
    "in JSON text": after(step(Parameters={"o.$": "States.StringToJson($.body)"}), {"Variable": "$.o.n", N: 3}),
    "one choice behind another": {"StartAt": "A", "States": {
        "A": {"Type": "Choice", "Choices": [{"Variable": "$.a", "StringEquals": "yes", "Next": "B"}], "Default": "No"},
        "B": {"Type": "Choice", "Choices": [{"Variable": "$.b", "NumericEquals": 42, "Next": "C"}], "Default": "No"},
        "C": {"Type": "Choice", "Choices": [{"Variable": "$.a", "StringEquals": "no", "Next": "No"},
                                            {"Variable": "$.c", "IsTimestamp": True, "Next": "D"}], "Default": "No"},
        "D": {"Type": "Succeed"}, "No": {"Type": "Succeed"}}},
    "items of a Map": {"StartAt": "M", "States": {"M": {
        "Type": "Map", "ItemsPath": "$.orders", "ItemSelector": {"n.$": "$$.Map.Item.Value.n", "limit.$": "$.limit"},
        "ItemProcessor": choosing({"Variable": "$.n", "NumericGreaterThanPath": "$.limit"}, {"Variable": "$.n", "NumericEquals": -1}),
        "End": True}}},
    "branches": {"StartAt": "P", "States": {"P": {"Type": "Parallel", "Branches": [
        choosing({"Variable": "$.x", "BooleanEquals": True}),
        {"StartAt": "Q", "States": {
            "Q": {"Type": "Choice", "Choices": [{"Variable": "$.y", "StringLessThan": "k", "Next": "R"}], "Default": "S"},
            "R": {"Type": "Succeed"}, "S": {"Type": "Succeed"}}}], "End": True}}},
    "a JSONata state's Output": {"StartAt": "Step", "QueryLanguage": "JSONata", "States": {
        "Step": {"Type": "Pass", "Assign": {"kind": "{% $states.input.kind %}"}, "Output": {"t": "{% $states.input.total %}"}, "Next": "Choose"},
        **choosing("$states.input.t > 100 and $kind = 'gold'", "$kind = 'gold'", "$states.input.t = 0")["States"]}},
}  # fmt: skip
# a = "yes" leads to C, so that its first rule never holds
NEVER = {"one choice behind another": {("C", "No")}}


@pytest.mark.parametrize("name", IN_DEPTH)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_what_is_read_in_depth_comes_out_both_ways(name: str) -> None:
    assert missed(IN_DEPTH[name], 80) <= NEVER.get(name, set())


def test_an_aim_that_cannot_be_met_is_left_alone() -> None:
    machine = choosing({"Variable": "$.n", N: 3}, {"Variable": "$.n", N: 4})
    assert missed(machine) == {("Choose", "Rule1")}


def test_well_formed_inputs_have_all_that_is_read() -> None:
    reader = asl_local.load({"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Parameters": {"sum.$": "States.MathAdd($.order.net, $.order.tax)", "who.$": "$.name"}, "Next": "B"},
        "B": {"Type": "Wait", "SecondsPath": "$.sum", "End": True}}})  # fmt: skip
    seen = []

    @given(inputs(reader))
    def run(value: Any) -> None:
        seen.append(value)
        assert type(value["order"]["net"]) in (int, float)
        assert type(value["order"]["tax"]) in (int, float)
        assert "name" in value

    run()
    assert any(value["order"]["net"] != value["order"]["tax"] for value in seen)


def test_near_misses_are_missing_null_or_of_another_type() -> None:
    machine = asl_local.load(choosing({"Variable": "$.order.n", N: 3}))
    seen: list[Any] = []

    @settings(max_examples=300, derandomize=True, database=None, phases=[Phase.generate])
    @given(inputs(machine, near_misses=True))
    def run(value: Any) -> None:
        seen.append(value)

    run()
    objects = [value for value in seen if isinstance(value, dict)]
    orders = [value["order"] for value in objects if isinstance(value.get("order"), dict)]
    assert any("order" not in value for value in objects)
    assert any(value.get("order", {}) is None for value in objects)
    assert any("n" not in order for order in orders)
    assert any(isinstance(order.get("n"), str) for order in orders)
    assert sum(type(order.get("n")) in (int, float) for order in orders) > len(seen) / 2


def test_the_smallest_input_that_takes_the_second_rule() -> None:
    machine = asl_local.load(
        choosing({"Variable": "$.n", N: 100}, {"And": [{"Variable": "$.n", N: 40}, {"Variable": "$.k", "StringMatches": "order-*"}]})
    )  # fmt: skip
    wanted = lambda value: ("Choose", "Rule1") in taken(machine.simulate(value))  # noqa: E731
    assert find(inputs(machine), wanted) == {"n": 41, "k": "order-"}


@pytest.mark.parametrize("strategy", [inputs, answers, scenarios])
def test_a_machine_with_open_placeholders_is_refused_as_by_an_execution(strategy: Any) -> None:
    machine = asl_local.load(choosing({"Variable": "$.n", "IsPresent": "${wanted}"}))
    with pytest.raises(asl_local.InvalidDefinition):
        strategy(machine)


def test_inputs_of_a_machine_that_reads_nothing() -> None:
    machine = asl_local.load({"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": 1, "End": True}}})
    assert find(inputs(machine), lambda value: True) == {}


@pytest.mark.parametrize(
    ("regex", "text"),
    [
        ("/^ab+c$/", "abc"),
        ("/[0-9]{3}-[^x]/i", "000-~"),
        (r"/\d+\.\w/", "0.a"),
        ("/(cat|dog)s?/", "cats"),
        ("/a|b/", "a"),
        ("/./", "x"),
    ],
)
def test_a_text_for_a_regular_expression(regex: str, text: str) -> None:
    assert of_regex(regex) == text


def published(folder: Path) -> Iterator[asl_local.Machine]:
    """Machines of the corpus with Choice states that read the input, and those states."""
    for line in (folder / "index.jsonl").read_text("utf-8").splitlines():
        try:
            machine = asl_local.load(folder / json.loads(line)["file"])
        except (asl_local.InvalidDefinition, asl_local.DefinitionNotFound):
            continue
        if not machine.unresolved:
            yield machine


def test_how_much_of_published_machines_is_reached(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    total, left, machines = 0, set(), 0
    for machine in published(shared / "definitions-corpus"):
        ask = origins_of(machine.definition)
        reading = {
            state
            for state, question in questions_of(machine.definition)
            for read in question.reads
            if any(origin.kind == "input" for origin in ask(state, read._replace(whole=True)))
        }
        ways = {(name, target) for name, _, target in ways_in(machine.definition) if target and name in reading}
        if ways:
            machines += 1
            total += len(ways)
            left |= {(machine.name, *way) for way in missed(machine.definition, 20) if way in ways}
    with capsys.disabled():
        print(f"\n{machines} published machines: {total - len(left)} of {total} ways reached, 20 examples each")
    assert len(left) <= 0.08 * total


def missed_together(machine: asl_local.Machine) -> tuple[int, int]:
    """How many ways no scenario took, and how many there are."""
    ways = {(name, target) for name, _, target in ways_in(machine.definition) if target}
    left = set(ways)

    @settings(
        max_examples=20, derandomize=True, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(scenarios(machine))
    def run(scenario: Scenario) -> None:
        resources = scenario.answers.resources()
        with contextlib.suppress(asl_local.ExecutionHangs, asl_local.UnansweredToken):
            left.difference_update(
                taken(machine.simulate(scenario.input, resources, limits=asl_local.Limits(events=600)))
            )
        if not left:
            raise _All

    with contextlib.suppress(_All):
        run()
    return len(left), len(ways)


def test_how_much_input_and_answers_reach_together(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every Choice state counts, of every ninth machine."""
    choosers = [machine for machine in published(shared / "definitions-corpus") if any(ways_in(machine.definition))]
    counts = [missed_together(machine) for machine in choosers[::9]]
    left, total = (sum(each) for each in zip(*counts, strict=True))
    with capsys.disabled():
        print(f"\n{len(counts)} of {len(choosers)} published machines: {total - left} of {total} ways reached together")
    assert left <= 0.25 * total


@pytest.mark.parametrize("strategy", [inputs, answers, scenarios])
def test_what_is_no_machine_is_told(strategy: Any) -> None:
    with pytest.raises(TypeError, match=r"machine: what asl_local\.load gives is wanted, not \{'StartAt'"):
        strategy({"StartAt": "A"})
