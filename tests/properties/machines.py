"""Random machines for the laws: valid JSONPath definitions of all eight types, nested, with plans for what tasks do.

What a task does depends only on its event and on how often it was retried, never on who was called before: whatever
order the branches run in, it does the same. Numbers in AWS's causes (event ids) do depend on that order, so `normal`
takes those causes out of a value before anything is compared or decided.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

from hypothesis import strategies as st

import asl_local
from asl_local.values import text_of

LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:"
LOCATED = "An error occurred while executing the state"


def normal(value: Any) -> Any:
    """The value with every cause that names an event id replaced by a fixed text."""
    if isinstance(value, str):
        return "<located>" if value.startswith(LOCATED) else value
    if isinstance(value, dict):
        return {key: normal(member) for key, member in value.items()}
    if isinstance(value, list):
        return [normal(item) for item in value]
    return value


class Answer(NamedTuple):
    """What a task does once: after `sleep` seconds it fails with `error`, or returns `value` ("echo": its event)."""

    sleep: float
    error: str
    value: Any


class Case(NamedTuple):
    """A machine, its input, and by function name the plans of which an event chooses one, attempt by attempt."""

    definition: dict[str, Any]
    input: Any
    plans: dict[str, list[list[Answer]]]

    def answer(self, function: str, event: Any, attempt: int) -> Answer:
        """What the function does with this event in this attempt (0 for the first)."""
        plans = self.plans[function]
        plan = plans[zlib.crc32(text_of(normal(event)).encode()) % len(plans)]
        return plan[min(attempt, len(plan) - 1)]

    def handlers(self, sleep: Callable[[Any, float], None], *, spoil: bool = False) -> dict[str, Callable[..., Any]]:
        """Handlers that do as planned; `spoil` makes them edit what they were given and what they return."""

        def handler(name: str) -> Callable[[Any, Any], Any]:
            def work(event: Any, context: Any) -> Any:
                answer = self.answer(name, event, context.attempt)
                if answer.sleep:
                    sleep(context, answer.sleep)
                if answer.error:
                    raise asl_local.StateError(answer.error, "planned")
                result = asl_local.values.copy(event if answer.value == "echo" else answer.value)
                if spoil:
                    _spoil(event)
                return result

            return work

        return {name: handler(name) for name in self.plans}

    def simulate(self, seed: int = 0, **options: Any) -> asl_local.Result:
        """Simulate the machine with its plans."""
        return asl_local.load(self.definition).simulate(self.input, self.handlers(virtually), seed=seed, **options)


def virtually(context: Any, seconds: float) -> None:
    """Let virtual time pass."""
    context.sleep(seconds)


def really(_context: Any, seconds: float) -> None:
    """Let a thousandth of the time pass."""
    time.sleep(seconds / 1_000)


def _spoil(value: Any) -> None:
    if isinstance(value, dict):
        for member in value.values():
            _spoil(member)
        value["spoiled"] = True
    elif isinstance(value, list):
        for item in value:
            _spoil(item)
        value.append("spoiled")


SCALARS = st.one_of(st.integers(-3, 3), st.booleans(), st.sampled_from(["", "a", "ü", "E", 1.5]))
# Most values have what most paths look for, so that most machines get far.
OBJECTS = st.fixed_dictionaries(
    {"n": st.integers(0, 2), "a": st.one_of(st.fixed_dictionaries({"b": SCALARS}), SCALARS), "r": st.just({"a": 1})},
    optional={"b": st.one_of(st.none(), st.lists(SCALARS, max_size=2))},
)
VALUES = st.one_of(
    *[OBJECTS] * 9, st.dictionaries(st.sampled_from("abn"), SCALARS), SCALARS, st.lists(OBJECTS, max_size=3)
)
PATHS = st.sampled_from(["$"] * 12 + ["$.a", "$.a", "$.n", "$.n", "$.b", "$.a.b", "$.r", "$.r", "$.r.a"])
CONTEXT_PATHS = st.sampled_from(["$$.State.Name", "$$.Map.Item.Index", "$$.Map.Item.Value", "$$.Execution.Input"])
CALLS = st.sampled_from(["States.Array($, 1)", "States.MathAdd($.n, 1)", "States.Array($.a, 'x', $$.State.Name)"])
RESULT_PATHS = st.sampled_from(["$", "$.r", "$.r", "$.r", "$.r", "$.a.b", None])
ERRORS = st.sampled_from(["E", "F"])
MATCHES = st.one_of(
    st.just(["States.ALL"]),
    st.lists(st.sampled_from(["E", "F", "States.Timeout", "States.HeartbeatTimeout", "States.TaskFailed",
                              "States.ResultPathMatchFailure", "States.NoChoiceMatched", "States.IntrinsicFailure"]),
             min_size=1, max_size=2, unique=True),
)  # fmt: skip
TEMPLATES = st.dictionaries(st.sampled_from("abn"), SCALARS, max_size=1).flatmap(
    lambda fixed: st.dictionaries(
        st.sampled_from(["r.$", "s.$", "t.$"]), st.one_of(PATHS, PATHS, CONTEXT_PATHS, CALLS), max_size=2
    ).map(lambda paths: {**fixed, **paths})
)


class _Builder:
    """Draws one machine. `timed` lets tasks sleep and states have timeouts; `errors` are those that tasks fail with;
    `variables` adds states that assign and read them, in both query languages."""

    def __init__(
        self, draw: Callable[[st.SearchStrategy[Any]], Any], *, timed: bool, errors: st.SearchStrategy[str], variables: bool
    ) -> None:  # fmt: skip
        self.draw, self.timed, self.errors, self.variables = draw, timed, errors, variables
        self.assigned: list[str] = []
        self.count = 0
        self.plans: dict[str, list[list[Answer]]] = {}

    def name(self, kind: str) -> str:
        self.count += 1
        return f"{kind}{self.count}"

    def maybe(self, chance: int = 2) -> bool:
        return bool(self.draw(st.integers(0, chance)) == 0)

    def block(self, depth: int) -> dict[str, Any]:
        """One to three steps one after the other, each leading to the next one."""
        steps = [self.step(depth) for _ in range(self.draw(st.integers(1, 3 if depth else 2)))]
        states: dict[str, Any] = {}
        entries = [next(iter(step)) for step in steps]
        last = self.name("End")
        for number, step in enumerate(steps):
            following = entries[number + 1] if number + 1 < len(steps) else last
            for name, state in step.items():
                states[name] = _led_to(state, following)
        states[last] = self.draw(st.sampled_from([{"Type": "Succeed"}, {"Type": "Pass", "End": True}]))
        return {"StartAt": entries[0], "States": states}

    def step(self, depth: int) -> dict[str, Any]:
        kinds = ["Pass", "Task", "Task", "Wait", "Choice", "Loop"]
        if self.variables:
            kinds += ["Remember", "Remember", "Recall", "Recall"]
        kind = self.draw(st.sampled_from(kinds + (["Parallel", "Map", "Map"] if depth else [])))
        made: dict[str, Any] = getattr(self, kind.lower())(depth)
        return made

    def filters(self) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        if self.maybe(12):
            fields["InputPath"] = self.draw(st.one_of(PATHS, PATHS, st.none()))
        if self.maybe(20):
            fields["OutputPath"] = self.draw(st.one_of(PATHS, PATHS, st.none()))
        return fields

    def remember(self, _depth: int) -> dict[str, Any]:
        """A state that assigns a variable of its own: no scope has two of a name."""
        name = self.name("Remember")
        self.assigned.append(name)
        if self.maybe(1):
            return {name: {"Type": "Pass", "Assign": {f"{name}.$": "$"}}}
        assign = {name: "{% [$states.input, $states.context.State.Name] %}"}
        return {name: {"Type": "Pass", "QueryLanguage": "JSONata", "Assign": assign, "Output": "{% $states.input %}"}}

    def recall(self, _depth: int) -> dict[str, Any]:
        """A state that reads a variable which may be of an outer scope, of one that is over, or without a value."""
        name = self.name("Recall")
        if not self.assigned:
            return {name: {"Type": "Pass"}}
        of = self.draw(st.sampled_from(self.assigned))
        output = {"r": f"{{% $exists(${of}) ? ${of} : 'nothing' %}}", "n": 1, "a": "{% $states.input.a ~> $string() %}"}
        if self.maybe(4):
            del output["a"]
        return {name: {"Type": "Pass", "QueryLanguage": "JSONata", "Output": output}}

    def results(self) -> dict[str, Any]:
        return {} if self.maybe(5) else {"ResultPath": self.draw(RESULT_PATHS)}

    def pass_(self, _depth: int) -> dict[str, Any]:
        fields = {**self.filters(), **self.results()}
        if self.maybe(1):
            fields["Parameters"] = self.draw(TEMPLATES)
        elif self.maybe(1):
            fields["Result"] = self.draw(VALUES)
        return {self.name("Pass"): {"Type": "Pass", **fields}}

    def fallible(self) -> dict[str, Any]:
        fields = {**self.filters(), **self.results()}
        if self.maybe(8):
            fields["ResultSelector"] = self.draw(TEMPLATES)
        if self.maybe(1):
            # States.ALL is for the last retrier, and so it is for the last catcher.
            found = sorted(
                (self.draw(MATCHES) for _ in range(self.draw(st.integers(1, 2)))), key=lambda m: m == ["States.ALL"]
            )
            fields["Retry"] = [
                {"ErrorEquals": match, "MaxAttempts": self.draw(st.integers(0, 2)), "IntervalSeconds": self.draw(st.integers(1, 3)),
                 "BackoffRate": self.draw(st.sampled_from([1.0, 2.0]))}
                for match in _one_wildcard(found)
            ]  # fmt: skip
        if self.maybe(1):
            found = sorted(
                (self.draw(MATCHES) for _ in range(self.draw(st.integers(1, 2)))), key=lambda m: m == ["States.ALL"]
            )
            fields["Catch"] = [
                {"ErrorEquals": match, "ResultPath": self.draw(RESULT_PATHS), "Next": None}
                for match in _one_wildcard(found)
            ]
        return fields

    def task(self, _depth: int) -> dict[str, Any]:
        name = self.name("Task")
        sleeps = st.sampled_from([0, 0, 1, 4, 7]) if self.timed else st.just(0)
        answers = st.builds(
            Answer, sleeps, st.one_of(st.just(""), st.just(""), self.errors), st.one_of(st.just("echo"), VALUES)
        )
        self.plans[name] = self.draw(st.lists(st.lists(answers, min_size=1, max_size=3), min_size=1, max_size=2))
        fields = self.fallible()
        if self.maybe(2):
            fields["Parameters"] = self.draw(TEMPLATES)
        if self.timed and self.maybe(1):
            fields["TimeoutSeconds"] = self.draw(st.integers(3, 6))
            if self.maybe(1):
                fields["HeartbeatSeconds"] = self.draw(st.integers(1, 2))
        return {name: {"Type": "Task", "Resource": LAMBDA + name, **fields}}

    def wait(self, _depth: int) -> dict[str, Any]:
        how = self.draw(
            st.sampled_from(
                [
                    {"Seconds": 0},
                    {"Seconds": 2},
                    {"Seconds": 5},
                    {"SecondsPath": "$.n"},
                    {"Timestamp": "2000-01-01T00:00:00Z"},
                ]
            )
        )
        return {self.name("Wait"): {"Type": "Wait", **how, **self.filters()}}

    def rule(self) -> dict[str, Any]:
        variable = self.draw(st.sampled_from(["$.a", "$.n", "$.r", "$$.State.Name"]))
        present = {"Variable": variable, "IsPresent": True}
        test = self.draw(
            st.sampled_from(
                [
                    present,
                    {"Not": present},
                    {"And": [present, {"Variable": variable, "NumericGreaterThan": 0}]},
                    {"Or": [{"Not": present}, {"Variable": variable, "StringEquals": "a"}]},
                    {"And": [present, {"Variable": variable, "NumericLessThan": 2}]},
                    {"And": [present, {"Variable": variable, "IsNull": False}]},
                    {"Variable": "$.n", "NumericLessThan": 2},
                ]
            )
        )
        return dict(test)

    def choice(self, _depth: int) -> dict[str, Any]:
        """A Choice that goes on either way, or ends the block, or (without Default) finds no way."""
        here, there = self.name("Choice"), self.name("Other")
        other = self.draw(
            st.sampled_from(
                [
                    {"Type": "Succeed"},
                    {"Type": "Fail", "Error": "E", "Cause": "planned"},
                    {"Type": "Pass", "Result": {"r": 1}},
                ]
            )
        )
        state: dict[str, Any] = {"Type": "Choice", "Choices": [{**self.rule(), "Next": there}], **self.filters()}
        if not self.maybe(4):
            state["Default"] = None
        else:
            state["Choices"].append({**self.rule(), "Next": None})
        return {here: state, there: dict(other)}

    def loop(self, depth: int) -> dict[str, Any]:
        """A counter in `$.i`, a body that keeps it, and a Choice that leads back twice at most."""
        begin, body, count, again = (self.name(kind) for kind in ("Begin", "Body", "Count", "Again"))
        [work] = self.task(depth).values()
        work = {key: value for key, value in work.items() if key not in ("Retry", "Catch", "OutputPath")}
        return {
            begin: {"Type": "Pass", "Parameters": {"v": 0}, "ResultPath": "$.i", "Next": body},
            body: {**work, "ResultPath": "$.r", "Next": count},
            count: {
                "Type": "Pass",
                "Parameters": {"v.$": "States.MathAdd($.i.v, 1)"},
                "ResultPath": "$.i",
                "Next": again,
            },
            again: {
                "Type": "Choice",
                "Choices": [{"Variable": "$.i.v", "NumericLessThan": 2, "Next": body}],
                "Default": None,
            },
        }

    def parallel(self, depth: int) -> dict[str, Any]:
        branches = [self.block(depth - 1) for _ in range(self.draw(st.integers(1, 3)))]
        fields = self.fallible()
        if self.maybe(3):
            fields["Parameters"] = self.draw(TEMPLATES)
        return {self.name("Parallel"): {"Type": "Parallel", "Branches": branches, **fields}}

    def map(self, depth: int) -> dict[str, Any]:
        """A Map, most often after a Pass that makes its items."""
        name = self.name("Map")
        fields = {
            **self.fallible(),
            "ItemProcessor": self.block(depth - 1),
            "MaxConcurrency": self.draw(st.integers(0, 2)),
        }
        if self.maybe(2):
            fields["ItemSelector"] = self.draw(TEMPLATES)
        if self.maybe(12):
            return {name: {"Type": "Map", "ItemsPath": self.draw(PATHS), **fields}}
        items = self.draw(st.lists(st.one_of(OBJECTS, SCALARS), max_size=4))
        make = self.name("Items")
        fields.pop("InputPath", None)
        return {
            make: {"Type": "Pass", "Parameters": {"items": items, "n": 1}, "Next": name},
            name: {"Type": "Map", "ItemsPath": "$.items", **fields},
        }


setattr(_Builder, "pass", _Builder.pass_)  # `pass` is a word of Python's


def _one_wildcard(found: list[list[str]]) -> list[list[str]]:
    return [match for at, match in enumerate(found) if match != ["States.ALL"] or at == len(found) - 1]


def _led_to(state: dict[str, Any], following: str) -> dict[str, Any]:
    """The state with `following` wherever it left its way open."""
    state = dict(state)
    if state["Type"] in ("Pass", "Task", "Wait", "Parallel", "Map"):
        state.setdefault("Next", following)
    if "Catch" in state:
        state["Catch"] = [{**catcher, "Next": following} for catcher in state["Catch"]]
    if "Choices" in state:
        state["Choices"] = [{**rule, "Next": rule["Next"] or following} for rule in state["Choices"]]
        if "Default" in state:
            state["Default"] = state["Default"] or following
    return state


@st.composite
def cases(
    draw: Callable[[st.SearchStrategy[Any]], Any], *, timed: bool = True, errors: st.SearchStrategy[str] = ERRORS,
    variables: bool = False,
) -> Case:  # fmt: skip
    """A random machine with an input and plans; blocks nest three levels deep."""
    builder = _Builder(draw, timed=timed, errors=errors, variables=variables)
    definition = builder.block(2)
    if timed and builder.maybe(4):
        definition["TimeoutSeconds"] = draw(st.integers(1, 20))
    return Case(definition, draw(st.one_of(*[OBJECTS] * 9, VALUES)), builder.plans)
