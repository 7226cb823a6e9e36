"""The shapes that machines have, each as a definition, an input, and the same by hand: plain Python on dicts.

Knows: the States Language, JSON. Must never know: asl_local, or any other interpreter: the peers run these definitions,
too.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from workloads.functions import ARN, FUNCTIONS


@dataclass(frozen=True)
class Shape:
    """A definition, its input, and `floor`, which makes the output of the input by hand; `times` executions are one
    piece of work.

    `keeping` does what `floor` does, and keeps every value on the way until it is over, as a history has to.
    """

    definition: dict[str, Any]
    input: Any
    floor: Callable[[Any], Any]
    times: int = 1
    keeping: Callable[[Any], Any] | None = None


def in_a_row(states: Iterable[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    """StartAt and States of states that follow each other."""
    named = [(name, dict(state)) for name, state in states]
    for (_, state), (following, _) in itertools.pairwise(named):
        state["Next"] = following
    named[-1][1]["End"] = True
    return {"StartAt": named[0][0], "States": dict(named)}


def task(function: str) -> dict[str, Any]:
    return {"Type": "Task", "Resource": ARN + function}


def one_pass(_: int) -> Shape:
    return Shape(
        in_a_row([("Greet", {"Type": "Pass", "Result": {"hello": "world"}})]), {}, lambda _: {"hello": "world"}
    )


def chain(size: int) -> Shape:
    """Pass states that each replace a value inside of the input by one made of it."""

    def by_hand(given: Any) -> Any:
        state = {**given, "order": {**given["order"]}}  # the caller's input stays as it is
        for stage in range(size):
            state["order"]["note"] = {"stage": stage, "owner": state["order"]["note"]["owner"]}
        return state

    def keeping(given: Any) -> Any:
        state, kept = given, []
        for stage in range(size):
            order = state["order"]
            state = {**state, "order": {**order, "note": {"stage": stage, "owner": order["note"]["owner"]}}}
            kept.append(state)
        return kept[-1]

    stages = (
        (
            f"Stage {stage}",
            {
                "Type": "Pass",
                "Parameters": {"stage": stage, "owner.$": "$.order.note.owner"},
                "ResultPath": "$.order.note",
            },
        )
        for stage in range(size)
    )
    given = {"shop": "north", "order": {"lines": [3, 1, 2], "note": {"stage": -1, "owner": "Ada"}}}
    return Shape(in_a_row(stages), given, by_hand, keeping=keeping)


def counter(size: int) -> Shape:
    """A loop of a Pass that adds one and a Choice that leads back."""

    def by_hand(given: Any) -> Any:
        state = given
        while True:
            state = {"turn": state["turn"] + 1}
            if not state["turn"] < size:
                return state

    def keeping(given: Any) -> Any:
        state, kept = given, []
        while True:
            state = {"turn": state["turn"] + 1}
            kept.append(state)
            if not state["turn"] < size:
                return state

    add = {"Type": "Pass", "Parameters": {"turn.$": "States.MathAdd($.turn, 1)"}, "Next": "Again?"}
    again = {"Variable": "$.turn", "NumericLessThan": size, "Next": "Add"}
    states = {
        "Add": add,
        "Again?": {"Type": "Choice", "Choices": [again], "Default": "Enough"},
        "Enough": {"Type": "Succeed"},
    }
    return Shape({"StartAt": "Add", "States": states}, {"turn": 0}, by_hand, keeping=keeping)


def mapped(concurrency: int) -> Callable[[int], Shape]:
    """A Map that selects of each item its number and its place, and makes a text of both."""

    def by_hand(given: Any) -> Any:
        texts = []
        for place, number in enumerate(given["numbers"]):
            selected = {"number": number, "place": place}
            made = {"text": "{}: {}".format(selected["place"], selected["number"])}
            texts.append(made["text"])
        return texts

    def keeping(given: Any) -> Any:
        kept = []
        for place, number in enumerate(given["numbers"]):
            selected = {"number": number, "place": place}
            kept.append((selected, {"text": "{}: {}".format(selected["place"], selected["number"])}))
        return [made["text"] for _, made in kept]

    def shape(size: int) -> Shape:
        write = {
            "Type": "Pass",
            "Parameters": {"text.$": "States.Format('{}: {}', $.place, $.number)"},
            "OutputPath": "$.text",
        }
        each = {
            "Type": "Map",
            "ItemsPath": "$.numbers",
            "MaxConcurrency": concurrency,
            "ItemSelector": {"number.$": "$$.Map.Item.Value", "place.$": "$$.Map.Item.Index"},
            "ItemProcessor": {"ProcessorConfig": {"Mode": "INLINE"}, **in_a_row([("Write", write)])},
        }
        given = {"numbers": [n * 37 % 1009 for n in range(size)]}
        return Shape(in_a_row([("Each", each)]), given, by_hand, keeping=keeping)

    return shape


def parallel(size: int) -> Shape:
    """A Parallel of branches of ten Pass states each; `size` counts the Pass states."""
    branches, steps = max(1, size // 10), 10

    def by_hand(given: Any) -> Any:
        ends = []
        for branch in range(branches):
            state = given
            for step in range(steps):
                state = {"branch": branch, "step": step, "who": state["who"]}
            ends.append(state)
        return ends

    def keeping(given: Any) -> Any:
        ends, kept = [], []
        for branch in range(branches):
            state = given
            for step in range(steps):
                state = {"branch": branch, "step": step, "who": state["who"]}
                kept.append(state)
            ends.append(state)
        return ends

    def steps_of(branch: int) -> dict[str, Any]:
        return in_a_row(
            (
                f"Step {branch}.{step}",
                {"Type": "Pass", "Parameters": {"branch": branch, "step": step, "who.$": "$.who"}},
            )
            for step in range(steps)
        )

    fork = {"Type": "Parallel", "Branches": [steps_of(branch) for branch in range(branches)]}
    return Shape(in_a_row([("Fork", fork)]), {"who": "Grace"}, by_hand, keeping=keeping)


def jsonata(size: int) -> Shape:
    """Pass states in JSONata, each with a variable and an output made of the input and the variable."""

    def by_hand(given: Any) -> Any:
        sum_, state = 0, given
        for _ in range(size):
            sum_, state = sum_ + state["n"], {"n": state["n"] + 1, "so far": "sum " + str(sum_)}
        return state

    def keeping(given: Any) -> Any:
        sum_, state, kept = 0, given, []
        for _ in range(size):
            sum_, state = sum_ + state["n"], {"n": state["n"] + 1, "so far": "sum " + str(sum_)}
            kept.append(state)
        return state

    def state(sum_: str) -> dict[str, Any]:
        output = {"n": "{% $states.input.n + 1 %}", "so far": "{% 'sum ' & $string(" + sum_ + ") %}"}
        return {"Type": "Pass", "Assign": {"sum": "{% " + sum_ + " + $states.input.n %}"}, "Output": output}

    states = ((f"State {number}", state("$sum" if number else "0")) for number in range(size))
    return Shape({"QueryLanguage": "JSONata", **in_a_row(states)}, {"n": 1}, by_hand, keeping=keeping)


def five_states(size: int) -> Shape:
    """Executions of a machine of Pass, Choice, Pass, Parallel and Succeed."""

    def by_hand(given: Any) -> Any:
        state = {"number": given["number"], "total": given["total"]}
        state["way"] = "courier" if state["total"] > 50 else "post"
        state["papers"] = [{"invoice": state["number"]}, {"way": state["way"]}]
        return state

    take = {"Type": "Pass", "Parameters": {"number.$": "$.number", "total.$": "$.total"}, "Next": "Large?"}
    large = {"Variable": "$.total", "NumericGreaterThan": 50, "Next": "Courier"}
    invoice = {"Type": "Pass", "Parameters": {"invoice.$": "$.number"}}
    way = {"Type": "Pass", "Parameters": {"way.$": "$.way"}}
    papers = {
        "Type": "Parallel",
        "Branches": [in_a_row([("Invoice", invoice)]), in_a_row([("Way", way)])],
        "ResultPath": "$.papers",
        "Next": "Sent",
    }
    states = {
        "Take": take,
        "Large?": {"Type": "Choice", "Choices": [large], "Default": "Post"},
        "Courier": {"Type": "Pass", "Result": "courier", "ResultPath": "$.way", "Next": "Papers"},
        "Post": {"Type": "Pass", "Result": "post", "ResultPath": "$.way", "Next": "Papers"},
        "Papers": papers,
        "Sent": {"Type": "Succeed"},
    }
    given = {"number": 12, "total": 80, "customer": "Alan"}
    return Shape({"StartAt": "Take", "States": states}, given, by_hand, times=size)


def tasks(size: int) -> Shape:
    """Task states in a row, each a function of microseconds."""

    def by_hand(given: Any) -> Any:
        state, function = given, FUNCTIONS["CountUp"]
        for _ in range(size):
            state = function(state)
        return state

    def keeping(given: Any) -> Any:
        state, function, kept = given, FUNCTIONS["CountUp"], []
        for _ in range(size):
            state = function(state)
            kept.append(state)
        return state

    states = ((f"Task {number}", task("CountUp")) for number in range(size))
    return Shape(in_a_row(states), {"count": 0}, by_hand, keeping=keeping)


def batch(size: int) -> Shape:
    """A Map whose items are five tasks each, two of them in a Parallel."""

    def by_hand(given: Any) -> Any:
        call, done = FUNCTIONS, []
        for parcel in given["parcels"]:
            state = call["Stamp"](call["Weigh"](parcel))
            done.append(call["HandOver"]([call["Label"](state), call["Insure"](state)]))
        return done

    def keeping(given: Any) -> Any:
        call, kept = FUNCTIONS, []
        for parcel in given["parcels"]:
            weighed = call["Weigh"](parcel)
            stamped = call["Stamp"](weighed)
            both = [call["Label"](stamped), call["Insure"](stamped)]
            kept.append((weighed, stamped, both, call["HandOver"](both)))
        return [each[-1] for each in kept]

    both = {"Type": "Parallel", "Branches": [in_a_row([(name, task(name))]) for name in ("Label", "Insure")]}
    item = in_a_row(
        [("Weigh", task("Weigh")), ("Stamp", task("Stamp")), ("Both", both), ("Hand over", task("HandOver"))]
    )
    each = {
        "Type": "Map",
        "ItemsPath": "$.parcels",
        "MaxConcurrency": 0,
        "ItemProcessor": {"ProcessorConfig": {"Mode": "INLINE"}, **item},
    }
    given = {"parcels": [{"parcel": number} for number in range(size)]}
    return Shape(in_a_row([("Each", each)]), given, by_hand, keeping=keeping)
