"""The parts of an exploration: which faults there are, what a world holds, graphs."""

from __future__ import annotations

import collections
import datetime as dt
import decimal
import random
from typing import Any

import pytest

import asl_local
from asl_local.testing.exploring import Edge, Graph
from asl_local.testing.exploring.faults import Faults
from asl_local.testing.exploring.fingerprint import contents
from asl_local.testing.exploring.worlds import forked

LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:Work"


def task(resource: str = LAMBDA, **fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": resource, "End": True, **fields}


def faults(state: dict[str, Any], *, around: dict[str, Any] | None = None, **machine: Any) -> tuple[list[str], bool]:
    """What the Task `Work` can meet, and whether it may be done again."""
    states: dict[str, Any] = {"Work": state}
    if around is not None:
        states = {"Around": {"End": True, **around, "ItemProcessor": {"StartAt": "Work", "States": states}}}
    if around is not None and around["Type"] == "Parallel":
        states["Around"]["Branches"] = [states["Around"].pop("ItemProcessor")]
    if "Next" in state:
        rule = {"Variable": "$.again", "IsPresent": True, "Next": "Work"}
        states |= {"Again": {"Type": "Choice", "Choices": [rule], "Default": "End"}, "End": {"Type": "Succeed"}}
    loaded = asl_local.load({"StartAt": next(iter(states)), "States": states, **machine})
    found = Faults(loaded.plan, payload_bytes=None)
    return [fault.text for fault in found.of["Work"]], "Work" in found.again


def looping() -> dict[str, Any]:
    state = task(Next="Again")
    del state["End"]
    return state


ALWAYS = ["UnlistedError", "crash"]
THROTTLED = "Lambda.TooManyRequestsException"


@pytest.mark.parametrize(
    ("state", "more", "found", "again"),
    [
        (task(), {}, [THROTTLED, *ALWAYS], False),
        (
            task(Retry=[{"ErrorEquals": ["A", "B"]}], Catch=[{"ErrorEquals": ["A", "C"], "Next": "Work"}]),
            {}, ["A", "B", "C", THROTTLED, *ALWAYS], True,
        ),
        (task(Retry=[{"ErrorEquals": ["States.ALL"]}]), {}, [THROTTLED, *ALWAYS], True),
        (
            task(Retry=[{"ErrorEquals": ["States.Timeout", "States.Permissions", "States.TaskFailed", THROTTLED]}]),
            {}, [THROTTLED, "States.Permissions", *ALWAYS], True,
        ),
        (
            task(), {"around": {"Type": "Map", "Catch": [{"ErrorEquals": ["A"], "Next": "Around"}]}},
            ["A", THROTTLED, *ALWAYS], True,
        ),
        (task(), {"around": {"Type": "Parallel"}}, [THROTTLED, *ALWAYS], False),
        (task(), {"around": {"Type": "Parallel", "Retry": [{"ErrorEquals": ["A"]}]}}, ["A", THROTTLED, *ALWAYS], True),
        (looping(), {}, [THROTTLED, *ALWAYS], True),
        (
            task(TimeoutSeconds=9, HeartbeatSeconds=3), {},
            [THROTTLED, "UnlistedError", "States.HeartbeatTimeout", "States.Timeout", "States.Timeout after its effect", "crash"],
            False,
        ),
        (task(), {"TimeoutSeconds": 9}, [THROTTLED, "UnlistedError", "no answer", "crash"], False),
        (
            task("arn:aws:states:::dynamodb:putItem", Parameters={"TableName": "t", "Item": {}}), {},
            ["DynamoDB.ProvisionedThroughputExceededException", *ALWAYS], False,
        ),
        (
            task("arn:aws:states:::aws-sdk:s3:getObject", Parameters={"Bucket": "b", "Key": "k"}), {},
            ["S3.ThrottlingException", *ALWAYS], False,
        ),
    ],
)  # fmt: skip
def test_what_a_task_can_meet(state: dict[str, Any], more: dict[str, Any], found: list[str], again: bool) -> None:
    assert faults(state, **more) == (found, again)


class Ledger:
    """An object of somebody's own."""

    def __init__(self, *lines: int) -> None:
        self.lines = set(lines)
        self.me = self


class Sealed:
    """An object that says itself what counts."""

    def __init__(self, seal: int) -> None:
        self.seal, self.lock = seal, (each for each in ())

    def fork(self) -> Sealed:
        return Sealed(self.seal)

    def fingerprint(self) -> int:
        return self.seal


def worlds(two: int) -> list[Any]:
    return [
        {"a": 1, "b": [two]}, {1, two, "x"}, collections.deque([two]), Ledger(1, two), Sealed(two),
        collections.defaultdict(list, {"a": [two]}), decimal.Decimal(two), dt.datetime(2024, 1, two),
        random.Random(two), (1, frozenset({two})), {("a", 1): {two: None}},
    ]  # fmt: skip


@pytest.mark.parametrize("at", range(len(worlds(2))))
def test_worlds_are_compared_by_what_they_hold(at: int) -> None:
    first, same, other = worlds(2)[at], worlds(2)[at], worlds(3)[at]
    assert contents(first) == contents(same) == contents(forked(first))
    assert contents(first) != contents(other)


def test_neither_order_nor_identity_counts_but_kinds_do() -> None:
    assert contents({"a": 1, "b": 2}) == contents({"b": 2, "a": 1})
    assert contents([[1], [1]]) == contents([[1], [1]])
    assert (
        len({contents(each) for each in (1, 1.0, True, "1", b"1", [1], (1,), {1}, {1: None}, {"1": None}, None)}) == 11
    )


def test_one_thing_in_two_places_is_not_two_things() -> None:
    shared = [1]
    assert contents([shared, shared]) == contents(forked([shared, shared]))
    assert contents([shared, shared]) != contents([[1], [1]])


def test_a_world_may_contain_itself() -> None:
    class Node:
        def __init__(self) -> None:
            self.others = {self}

    assert contents(Node()) == contents(Node())


def test_a_copy_shares_nothing_and_keeps_what_is_shared_inside() -> None:
    inner: list[int] = []
    copied = forked({"a": inner, "b": inner, "c": Ledger(1)})
    copied["a"].append(1)
    assert (copied["b"], inner) == ([1], [])
    assert copied["c"].me is copied["c"]


@pytest.mark.parametrize(
    ("world", "said"),
    [
        ({"f": lambda: 1}, r"world\['f'\]: the function .*<lambda> cannot be compared by what it holds"),
        ([{"g": (each for each in ())}], "cannot be copied"),
    ],
)
def test_a_world_that_cannot_be_one_is_told_of(world: Any, said: str) -> None:
    machine = asl_local.load({"StartAt": "Work", "States": {"Work": task()}})
    with pytest.raises(asl_local.AslError, match=said):
        machine.explore({}, lambda _: {"Work": lambda _: 1}, world=world)


def graph(edges: list[tuple[int, int, int]], ends: list[int]) -> Graph:
    made = Graph()
    for _ in range(1 + max(max(source, target) for source, target, _ in edges)):
        made.add_node()
    for source, target, cost in edges:
        made.add(Edge(source, target, f"{source}-{target}", cost, 1, 0.0, 0, 0))
    made.ends = dict.fromkeys(ends, 0)
    return made


def test_ways_are_counted_within_the_faults() -> None:
    diamonds = graph([(0, 1, 0), (0, 2, 1), (1, 3, 0), (2, 3, 0), (3, 4, 0), (3, 5, 1)], [4, 5])
    assert diamonds.ways(0) == {4: 1}
    assert diamonds.ways(1) == {4: 2, 5: 1}
    assert diamonds.ways(2) == {4: 2, 5: 2}


def test_loops_are_found_and_ways_through_them_are_without_end() -> None:
    looped = graph([(0, 1, 0), (1, 2, 0), (2, 1, 0), (2, 3, 0), (3, 3, 0), (3, 4, 0)], [4])
    assert looped.loops() == [[1, 2], [3]]
    assert looped.loops({1, 3}) == [[3]]
    assert looped.ways(0) is None
    assert graph([(0, 1, 0), (1, 0, 1)], [1]).loops() == []
