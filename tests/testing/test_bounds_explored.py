"""Bounds of explored runs: the worst of them, and the schedule that leads there."""

from __future__ import annotations

import asl_local
from asl_local.testing.bounds.explored import explored
from asl_local.testing.exploring import Edge, Exploration, Graph

LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:"
RETRIED = {
    "StartAt": "Call",
    "States": {
        "Call": {
            "Type": "Task", "Resource": f"{LAMBDA}call", "TimeoutSeconds": 20,
            "Retry": [{"ErrorEquals": ["Busy", "States.Timeout"], "IntervalSeconds": 2, "MaxAttempts": 2}],
            "End": True,
        },
    },
}  # fmt: skip


def test_the_worst_run_is_found_and_can_be_gone_through() -> None:
    machine = asl_local.load(RETRIED)
    found = machine.bounds({}, {"call": lambda _: 1}).explored
    assert found is not None
    assert found.complete
    assert found.seconds.most == 20 + 2 + 20 + 4 + 20
    assert found.retries.most == 2
    for reached, measure in ((found.seconds, "seconds"), (found.events, "history")):
        result = machine.simulate({}, {"call": lambda _: 1}, schedule=list(reached.schedule))
        seen = result.seconds if measure == "seconds" else len(result.history)
        assert seen == reached.most
    static = machine.bounds()
    assert found.seconds.most <= static.seconds.known
    assert found.events.most <= static.events.known


def test_without_faults_the_ordinary_run_is_the_worst() -> None:
    found = asl_local.load(RETRIED).bounds({}, {"call": lambda _: 1}, faults=0).explored
    assert found is not None
    assert (found.seconds.most, found.retries.most, found.events.most) == (0, 0, 7)


def test_close_to_the_limit_of_a_payload() -> None:
    machine = asl_local.load(RETRIED)
    found = machine.bounds({}, {"call": lambda _: "x" * 220_000}, faults=0)
    assert [each.code for each in found.warnings] == ["PAYLOAD"]
    assert "220,002 of 262,144 bytes" in found.warnings[0].message
    assert found.explored is not None
    assert found.explored.growth == 220_000
    assert machine.bounds({}, {"call": lambda _: "x" * 200_000}, faults=0).warnings == []


def test_a_loop_that_runs_come_back_to() -> None:
    definition = {
        "StartAt": "Ask",
        "States": {
            "Ask": {"Type": "Task", "Resource": f"{LAMBDA}ask", "ResultPath": "$.status", "Next": "Done?"},
            "Done?": {"Type": "Choice", "Default": "Wait",
                      "Choices": [{"Variable": "$.status", "StringEquals": "READY", "Next": "Ready"}]},
            "Wait": {"Type": "Wait", "Seconds": 60, "Next": "Ask"},
            "Ready": {"Type": "Succeed"},
        },
    }  # fmt: skip
    found = asl_local.load(definition).bounds({}, {"ask": lambda _: "NO"}, faults=0)
    assert found.explored is not None
    assert found.explored.seconds.endless
    assert set(found.explored.seconds.loop) == {"Ask", "Wait"}
    assert "LOOP_EXPLORED" in [each.code for each in found.warnings]
    assert "without end" in str(found)


def test_a_budget_that_ends_the_search_is_told() -> None:
    found = asl_local.load(RETRIED).bounds({}, {"call": lambda _: 1}, budget=2)
    assert found.explored is not None
    assert not found.explored.complete
    assert "explored runs, NOT complete" in str(found)
    assert "at least" in str(found)


def graph(*edges: tuple[int, int, str, int, float]) -> Exploration:
    """A graph of (source, target, step, faults, seconds)."""
    made = Graph()
    for _ in range(1 + max(max(source, target) for source, target, *_ in edges)):
        made.add_node()
    for source, target, step, faults, seconds in edges:
        made.add(Edge(source, target, step, faults, 1, seconds, 0, round(seconds)))
    return Exploration(graph=made, faults=1)


def test_faults_are_spent_once() -> None:
    found = explored(graph((0, 1, "a", 0, 1), (0, 1, "a: E", 1, 10), (1, 2, "b", 0, 1), (1, 2, "b: E", 1, 20)))
    assert (found.seconds.most, found.seconds.schedule) == (21, ("a", "b: E"))


def test_a_way_back_that_costs_a_fault_is_no_loop() -> None:
    found = explored(graph((0, 1, "a", 0, 1), (1, 0, "b: E", 1, 5), (1, 2, "b", 0, 1)))
    assert not found.seconds.endless
    assert (found.seconds.most, found.seconds.schedule) == (1 + 5 + 1 + 1, ("a", "b: E", "a", "b"))


def test_a_loop_that_adds_nothing_is_gone_through_once() -> None:
    found = explored(graph((0, 1, "a", 0, 0), (1, 0, "b", 0, 0), (1, 2, "c", 0, 3), (0, 3, "d", 0, 2)))
    assert found.events.endless
    assert (found.seconds.most, found.seconds.schedule, found.seconds.endless) == (3, ("a", "c"), False)


def test_a_loop_that_adds_something_has_no_most() -> None:
    found = explored(graph((0, 1, "in", 0, 2), (1, 2, "a", 0, 1), (2, 1, "b", 0, 1), (2, 3, "c", 0, 1)))
    assert found.seconds.endless
    assert found.seconds.schedule[0] == "in"
    assert sorted(found.seconds.loop) == ["a", "b"]


def test_the_largest_payload_is_reached_by_the_shortest_way() -> None:
    found = explored(graph((0, 1, "a", 0, 1), (1, 2, "b", 0, 9), (0, 2, "c", 0, 3), (2, 3, "d", 0, 1)))
    assert (found.payload.most, found.payload.schedule) == (9, ("a", "b"))
