"""Blocks of states: which state follows which, and which of them a block has, whatever language they are written in.

Knows: the graph of a definition and the fields that both languages share. Must never know: paths or expressions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from hypothesis import strategies as st

from asl_local.lazy import dataclass
from asl_local.strategies.definitions.jsonata import Jsonata
from asl_local.strategies.definitions.jsonpath import JsonPath
from asl_local.strategies.definitions.vocabulary import CAUGHT, ITEMS, LAMBDA

State = dict[str, Any]
States = dict[str, State]


@dataclass(frozen=True, slots=True)
class Options:
    """What may be in a definition; see `definitions`."""

    timed: bool = True
    variables: bool = True
    distributed: bool = True
    operators: frozenset[str] = frozenset()
    functions: frozenset[str] = frozenset()


class Dialect(Protocol):
    """One query language: the fields of states that are written in it."""

    def passing(self) -> State:
        """The fields of a Pass."""

    def moving(self) -> State:
        """The fields of data flow of a state without a result: Wait, Choice, Succeed."""

    def working(self, *, selected: bool = False) -> State:
        """The fields of data flow of a Task or Parallel, or if `selected` of a Map."""

    def catching(self) -> State:
        """The fields of data flow of a Catcher."""

    def waiting(self) -> State:
        """How long a Wait waits, where it is not a constant."""

    def rule(self) -> State:
        """A rule without its Next."""

    def failing(self) -> State:
        """The fields of a Fail."""

    def items(self, made: list[Any]) -> tuple[State, State]:
        """The fields of a Pass that makes items and of a Map that takes them."""

    def found(self) -> State:
        """The field by which a Map finds items in its input, or does not."""

    def counting(self, limit: int) -> tuple[State, ...]:
        """Fields of a loop: of the Pass that begins, the body, the Pass that counts, and the rule that leads back."""

    def assigning(self, name: str) -> State:
        """The fields of a Pass that assigns a variable of this name."""

    def recalling(self, name: str) -> State:
        """The fields of a Pass that reads a variable that may have no value."""


@dataclass(slots=True)
class Builder:
    """Draws one definition."""

    draw: Callable[[st.SearchStrategy[Any]], Any]
    options: Options
    language: str  # "JSONPath", "JSONata" or "mixed"
    assigned: list[str]
    count: int
    _jsonpath: JsonPath
    _jsonata: Jsonata

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any], options: Options, language: str) -> None:
        self.draw, self.options, self.language = draw, options, language
        self.assigned, self.count = [], 0
        self._jsonpath = JsonPath(self)
        self._jsonata = Jsonata(self)

    # -- what is drawn, simplest first

    def seldom(self, times: int) -> bool:
        """True once in so many and one times; shrinks to False."""
        return bool(self.draw(st.integers(0, times)) == times)

    def often(self, times: int) -> bool:
        """False once in so many and one times, and shrinks to it."""
        return bool(self.draw(st.integers(0, times)) != 0)

    def pick(self, *values: Any) -> Any:
        """One of the values; shrinks to the first."""
        return self.draw(st.sampled_from(values))

    def several(self, make: Callable[[], dict[str, Any]], most: int) -> list[dict[str, Any]]:
        """One or more of what `make` draws, as a list of Hypothesis, from which any one can be taken out."""

        @st.composite
        def one(draw: Callable[[st.SearchStrategy[Any]], Any]) -> dict[str, Any]:
            outside, self.draw = self.draw, draw
            try:
                return make()
            finally:
                self.draw = outside

        found: list[dict[str, Any]] = self.draw(st.lists(one(), min_size=1, max_size=most))
        return found

    # -- definitions

    def machine(self, depth: int) -> dict[str, Any]:
        """A whole definition."""
        language = {"QueryLanguage": "JSONata"} if self.language == "JSONata" else {}
        definition: dict[str, Any] = {**language, **self.block(depth)}
        if self.options.timed and self.seldom(4):
            definition["TimeoutSeconds"] = self.draw(st.integers(1, 20))
        return definition

    def block(self, depth: int) -> dict[str, Any]:
        """One to three steps one after the other, each leading to the next one."""
        steps = self.several(lambda: self.step(depth), 3 if depth else 2)
        closing = self.pick(None, {"Type": "Succeed"}, {"Type": "Pass", "End": True})
        if closing is None and not _can_end(steps[-1]):
            closing = {"Type": "Succeed"}
        states: States = {}
        entries = [next(iter(step)) for step in steps]
        last = self.name("End") if closing is not None else None
        for number, step in enumerate(steps):
            following = entries[number + 1] if number + 1 < len(steps) else last
            for name, state in step.items():
                states[name] = _led_to(state, following)
        if last is not None:
            states[last] = dict(closing)
        return {"StartAt": entries[0], "States": states}

    def name(self, kind: str) -> str:
        """A state's name, unique in the machine."""
        self.count += 1
        return f"{kind}{self.count}"

    def step(self, depth: int) -> States:
        """One or more states that are entered at the first, and leave open where they lead in the end."""
        kinds: list[Callable[[int], States]] = [self.passing, self.task, self.task, self.wait, self.choice, self.loop]
        if self.options.variables:
            kinds += [self.remember, self.remember, self.recall, self.recall]
        if depth:
            kinds += [self.parallel, self.map, self.map]
        made: States = self.pick(*kinds)(depth)
        return made

    def dialect(self) -> tuple[Dialect, State]:
        """The language of the next state, and the field that says so where it is not the machine's."""
        if self.language == "JSONata":
            return self._jsonata, {}
        if self.language == "mixed" and self.seldom(1):
            return self._jsonata, {"QueryLanguage": "JSONata"}
        return self._jsonpath, {}

    def passing(self, _depth: int) -> States:
        """A Pass."""
        write, own = self.dialect()
        return {self.name("Pass"): {"Type": "Pass", **own, **write.passing()}}

    def task(self, _depth: int) -> States:
        """A Task that calls a function of its own."""
        write, own = self.dialect()
        name = self.name("Task")
        fields = {**own, **write.working(), **self.errors(write)}
        if self.options.timed and self.seldom(1):
            fields["TimeoutSeconds"] = self.draw(st.integers(3, 6))
            if self.seldom(1):
                fields["HeartbeatSeconds"] = self.draw(st.integers(1, 2))
        return {name: {"Type": "Task", "Resource": LAMBDA + name, **fields}}

    def errors(self, write: Dialect) -> State:
        """Retry and Catch."""
        fields: State = {}
        if self.seldom(1):
            fields["Retry"] = [
                {"ErrorEquals": match, "MaxAttempts": self.draw(st.integers(0, 2)), "IntervalSeconds": self.draw(st.integers(1, 3)),
                 "BackoffRate": self.pick(1.0, 2.0)}
                for match in self.matches()
            ]  # fmt: skip
        if self.seldom(1):
            fields["Catch"] = [{"ErrorEquals": match, **write.catching(), "Next": None} for match in self.matches()]
        return fields

    def matches(self) -> list[list[str]]:
        """One or two ErrorEquals; States.ALL is for the last retrier, and so it is for the last catcher."""
        names = st.lists(st.sampled_from([*CAUGHT, *self._own_errors()]), min_size=1, max_size=2, unique=True)
        either = st.one_of(st.builds(lambda: ["States.ALL"]), names)
        found = [self.draw(either) for _ in range(self.draw(st.integers(1, 2)))]
        found.sort(key=lambda match: match == ["States.ALL"])
        return [match for at, match in enumerate(found) if match != ["States.ALL"] or at == len(found) - 1]

    def _own_errors(self) -> Sequence[str]:
        names: list[str] = []
        if self.language != "JSONata":
            names += ["States.ResultPathMatchFailure", "States.IntrinsicFailure"]
        if self.language != "JSONPath":
            names.append("States.QueryEvaluationError")
        return names

    def wait(self, _depth: int) -> States:
        """A Wait."""
        write, own = self.dialect()
        how = self.pick(0, 2, 5, "input", "past") if self.options.timed else self.pick(0, "past")
        fields = {"past": {"Timestamp": "2000-01-01T00:00:00Z"}}.get(how) or (
            write.waiting() if how == "input" else {"Seconds": how}
        )
        return {self.name("Wait"): {"Type": "Wait", **own, **fields, **write.moving()}}

    def choice(self, _depth: int) -> States:
        """A Choice that goes on either way, or ends the block, or (without Default) finds no way."""
        write, own = self.dialect()
        here, there = self.name("Choice"), self.name("Other")
        state: State = {"Type": "Choice", **own, "Choices": [{**write.rule(), "Next": there}], **write.moving()}
        if self.often(4):
            state["Choices"].append({**write.rule(), "Next": None})
        if len(state["Choices"]) == 1 or self.seldom(2):
            state["Default"] = None
        other: State = {"Type": self.pick("Succeed", "Fail", "Pass")}
        if other["Type"] != "Succeed":
            write, own = self.dialect()
            other |= {**own, **(write.failing() if other["Type"] == "Fail" else write.passing())}
        return {here: state, there: other}

    def loop(self, depth: int) -> States:
        """A counter in `i`, a body that keeps it, and a Choice that leads back until it is at its limit."""
        write, own = self.dialect()
        begin, body, count, again = (self.name(kind) for kind in ("Begin", "Body", "Count", "Again"))
        [work] = self.task(depth).values()
        shared = ("Type", "Resource", "TimeoutSeconds", "HeartbeatSeconds")
        first, keep, more, rule = write.counting(self.pick(2, 1, 3))
        return {
            begin: {"Type": "Pass", **own, **first, "Next": body},
            body: {**{key: work[key] for key in shared if key in work}, **own, **keep, "Next": count},
            count: {"Type": "Pass", **own, **more, "Next": again},
            again: {"Type": "Choice", **own, "Choices": [{**rule, "Next": body}], "Default": None},
        }

    def parallel(self, depth: int) -> States:
        """A Parallel of one to three branches."""
        write, own = self.dialect()
        branches = self.several(lambda: self.block(depth - 1), 3)
        fields = {**own, **write.working(), **self.errors(write)}
        return {self.name("Parallel"): {"Type": "Parallel", "Branches": branches, **fields}}

    def map(self, depth: int) -> States:
        """A Map, most often after a Pass that makes its items."""
        write, own = self.dialect()
        name = self.name("Map")
        more = self.distributed() if self.options.distributed and self.seldom(3) else {}
        outside = self.assigned
        if more:
            self.assigned = []  # no variable of outside is seen in a Map Run
        processor = {**more.pop("processor", {}), **self.block(depth - 1)}
        self.assigned = outside + [each for each in self.assigned if each not in outside]
        fields = {**own, **write.working(selected=True), **self.errors(write), **more, "ItemProcessor": processor}
        if self.often(1):
            fields["MaxConcurrency"] = self.draw(st.integers(0, 2))
        if self.seldom(12):
            return {name: {"Type": "Map", **write.found(), **fields}}
        made, taken = write.items(self.draw(ITEMS))
        make = self.name("Items")
        fields.pop("InputPath", None)
        return {make: {"Type": "Pass", **own, **made, "Next": name}, name: {"Type": "Map", **fields, **taken}}

    def distributed(self) -> State:
        """The fields of a Map of mode DISTRIBUTED; `processor` has those of its ItemProcessor."""
        config = {"Mode": "DISTRIBUTED", "ExecutionType": self.pick("STANDARD", "EXPRESS")}
        fields: State = {"processor": {"ProcessorConfig": config}}
        if self.seldom(2):
            fields |= self.pick({"ToleratedFailureCount": 1}, {"ToleratedFailurePercentage": 50})
        if self.seldom(4):
            fields["ItemBatcher"] = {"MaxItemsPerBatch": self.draw(st.integers(1, 3))}
        return fields

    def remember(self, _depth: int) -> States:
        """A state that assigns a variable of its own: no scope has two of a name."""
        write, own = self._either()
        name = self.name("Remember")
        self.assigned.append(name)
        return {name: {"Type": "Pass", **own, **write.assigning(name)}}

    def recall(self, depth: int) -> States:
        """A state that reads a variable which may be of an outer scope, of one that is over, or without a value."""
        if not self.assigned:
            return self.passing(depth)
        name = self.name("Recall")
        of = self.pick(*self.assigned)
        own = {} if self.language == "JSONata" else {"QueryLanguage": "JSONata"}
        return {name: {"Type": "Pass", **own, **self._jsonata.recalling(of)}}

    def _either(self) -> tuple[Dialect, State]:
        """The language of a state with variables: in a JSONPath machine now and then the other one."""
        if self.language == "JSONPath" and self.seldom(1):
            return self._jsonata, {"QueryLanguage": "JSONata"}
        return self.dialect()


_MOVING: Final = ("Pass", "Task", "Wait", "Parallel", "Map")


def _can_end(step: States) -> bool:
    """Whether nothing in a step but one Next is open, so that its state can be the last of a block."""
    opened = [state for state in step.values() if state["Type"] in _MOVING and "Next" not in state]
    others = [state for state in step.values() if "Catch" in state or "Choices" in state]
    return len(opened) == 1 and not others


def _led_to(state: State, following: str | None) -> State:
    """The state with `following` wherever it left its way open; for None it ends the block."""
    state = dict(state)
    if state["Type"] in _MOVING and "Next" not in state:
        state |= {"End": True} if following is None else {"Next": following}
    if "Catch" in state:
        state["Catch"] = [{**catcher, "Next": following} for catcher in state["Catch"]]
    if "Choices" in state:
        state["Choices"] = [{**rule, "Next": rule["Next"] or following} for rule in state["Choices"]]
        if "Default" in state:
            state["Default"] = state["Default"] or following
    return state
