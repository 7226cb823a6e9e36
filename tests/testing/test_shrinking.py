"""What shrinking keeps, and how small things get: JSON values and definitions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from asl_local.testing.counterexamples import shrink_definition, shrink_json
from asl_local.testing.counterexamples.shrinking.reducing import chunks


def contains(value: Any, wanted: Any) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return value == wanted or any(contains(each, wanted) for each in inner)


def task(name: str, **fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": f"arn:aws:lambda:us-east-1:123456789012:function:{name}", **fields}


# ---------------------------------------------------------------------------------------------------------- JSON values

ORDER = {"id": 7, "lines": [{"sku": "a", "n": 3}, {"sku": "b", "n": 12}, {"sku": "c", "n": 5}], "note": "fragile"}


@pytest.mark.parametrize(
    ("holds", "smallest"),
    [
        (lambda v: True, {}),
        (lambda v: contains(v, 12), 12),
        (lambda v: isinstance(v, dict) and contains(v, 12), {"n": 12}),
        (lambda v: isinstance(v, dict) and len(v.get("lines", [])) > 1, {"lines": [{}, {}]}),
        (lambda v: isinstance(v, dict) and len(v.get("note", "")) > 2, {"note": "fra"}),
        (lambda v: isinstance(v, dict) and v.get("id", 0) > 4, {"id": 5}),
        (lambda v: "lines" in v and any(line["n"] > 4 for line in v["lines"]), {"lines": [{"n": 5}]}),
    ],
)
def test_what_does_not_matter_goes(holds: Any, smallest: Any) -> None:
    def careful(value: Any) -> bool:
        try:
            return bool(holds(value))
        except (KeyError, TypeError):
            return False

    shrunk = shrink_json(ORDER, careful)
    assert shrunk.value == smallest
    assert shrunk.complete


def test_what_must_be_equal_gets_simpler_together() -> None:
    batch = [
        {"user": "collins", "key": "1.jpg"},
        {"user": "peter", "key": "2.jpg"},
        {"user": "collins", "key": "3.jpg"},
    ]

    def twice(value: Any) -> bool:
        users = [each["user"] for each in value if isinstance(each, dict) and "user" in each]
        return isinstance(value, list) and len(users) > len(set(users)) and all(len(user) > 2 for user in users)

    assert shrink_json(batch, twice).value == [{"user": "col"}, {"user": "col"}]


@pytest.mark.parametrize(
    ("value", "least", "smallest"),
    [(1_000_000, 4_321, 4_321), (-9, 3, 3), (3.75, 1.2, 2), (2.5, 2, 2), (True, 1, True), (-0.25, 0.1, 1)],
)
def test_numbers_get_nearer_to_zero(value: Any, least: float, smallest: Any) -> None:
    shrunk = shrink_json(value, lambda number: abs(number) >= least).value
    assert json.dumps(shrunk) == json.dumps(smallest)


def test_a_value_of_which_it_is_not_true_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to shrink"):
        shrink_json([1], lambda value: value == [2])


def test_a_budget_ends_the_search_with_what_there_is() -> None:
    asked = []

    def holds(value: Any) -> bool:
        asked.append(value)
        return isinstance(value, list) and sum(value) >= 100

    shrunk = shrink_json([1] * 100 + [7] * 100, holds, budget=5)
    assert len(asked) == shrunk.tried == 5
    assert not shrunk.complete
    assert sum(shrunk.value) >= 100


def test_nothing_is_tried_twice() -> None:
    asked: list[str] = []

    def holds(value: Any) -> bool:
        asked.append(json.dumps(value))
        return contains(value, 12) and contains(value, "a")

    shrink_json(ORDER, holds)
    assert len(asked) == len(set(asked))


def test_chunks_leave_at_least_so_many() -> None:
    assert list(chunks(4)) == [(0, 4), (2, 4), (0, 2), (3, 4), (2, 3), (1, 2), (0, 1)]
    assert list(chunks(3, 1)) == [(2, 3), (1, 2), (0, 1)]
    assert list(chunks(0)) == []


# ---------------------------------------------------------------------------------------------------------- definitions

MACHINE = {
    "Comment": "An order",
    "StartAt": "Prepare",
    "States": {
        "Prepare": {"Type": "Pass", "Comment": "first", "Result": {"a": [1, 2, 3]}, "Next": "Both"},
        "Both": {
            "Type": "Parallel",
            "Branches": [
                {"StartAt": "A", "States": {"A": task("A", Next="A2"), "A2": {"Type": "Succeed"}}},
                {"StartAt": "B", "States": {"B": task("B", End=True)}},
            ],
            "Catch": [{"ErrorEquals": ["Busy", "Gone"], "Next": "Sorry"}],
            "Next": "Large?",
        },
        "Large?": {
            "Type": "Choice",
            "Choices": [
                {"And": [{"Variable": "$.n", "IsPresent": True}, {"Variable": "$.n", "NumericGreaterThan": 9}], "Next": "Each"},
                {"Variable": "$.m", "IsPresent": True, "Next": "Done"},
            ],
            "Default": "Done",
        },
        "Each": {
            "Type": "Map",
            "ItemsPath": "$.items",
            "ItemProcessor": {"StartAt": "C", "States": {"C": task("C", End=True)}},
            "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 7, "MaxAttempts": 2}, {"ErrorEquals": ["States.ALL"]}],
            "Next": "Done",
        },
        "Sorry": {"Type": "Fail", "Error": "Sorry", "Cause": "it was busy"},
        "Done": {"Type": "Succeed"},
    },
}  # fmt: skip

SHRUNK = [
    ("A", {"StartAt": "A", "States": {"A": task("A", End=True)}}),
    ("C", {"StartAt": "C", "States": {"C": task("C", End=True)}}),
    ('"Parallel"', {"StartAt": "Both", "States": {"Both": {"Type": "Parallel", "End": True, "Branches": [
        {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}]}}}),
    ('"Fail"', {"StartAt": "Sorry", "States": {"Sorry": {"Type": "Fail"}}}),
    ("Gone", {"StartAt": "Both", "States": {
        "Both": {"Type": "Parallel", "End": True, "Branches": [{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}],
                 "Catch": [{"ErrorEquals": ["Gone"], "Next": "Sorry"}]},
        "Sorry": {"Type": "Succeed"}}}),
    ("NumericGreaterThan", {"StartAt": "Large?", "States": {
        "Large?": {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericGreaterThan": 0, "Next": "C"}]},
        "C": {"Type": "Succeed"}}}),
    ("IntervalSeconds", {"StartAt": "Each", "States": {"Each": {
        "Type": "Map", "End": True, "ItemProcessor": {"StartAt": "C", "States": {"C": {"Type": "Succeed"}}},
        "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 0}]}}}),
    ('"Result"', {"StartAt": "Prepare", "States": {"Prepare": {"Type": "Pass", "Result": {}, "End": True}}}),
]  # fmt: skip


@pytest.mark.parametrize(("wanted", "smallest"), SHRUNK, ids=[wanted for wanted, _ in SHRUNK])
def test_the_smallest_machine_that_still_has_it(wanted: str, smallest: Any) -> None:
    text = f"function:{wanted}" if len(wanted) == 1 else wanted
    shrunk = shrink_definition(MACHINE, lambda definition: text in json.dumps(definition))
    assert shrunk.value == smallest
    assert shrunk.complete


def test_two_states_that_both_matter_stay_in_their_order() -> None:
    def both(definition: Any) -> bool:
        return all(f"function:{name}" in json.dumps(definition) for name in "BC")

    assert shrink_definition(MACHINE, both).value == {
        "StartAt": "B", "States": {"B": task("B", Next="C"), "C": task("C", End=True)}
    }  # fmt: skip


def test_a_definition_that_does_not_load_is_refused() -> None:
    with pytest.raises(ValueError, match="does not load"):
        shrink_definition({"StartAt": "A", "States": {}}, lambda _: True)


def test_what_an_express_machine_must_not_have_never_comes_up() -> None:
    definition = {"StartAt": "A", "States": {"A": task("A", TimeoutSeconds=3, Next="B"), "B": {"Type": "Succeed"}}}
    shrunk = shrink_definition(definition, lambda d: "TimeoutSeconds" in json.dumps(d), type="EXPRESS")
    assert shrunk.value == {"StartAt": "A", "States": {"A": task("A", TimeoutSeconds=1, End=True)}}
