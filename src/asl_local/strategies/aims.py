"""What a Choice state can be made to do: for each of its ways, values of the input and of answers that lead there.

Knows: the graph of a machine, conditions, and where what they read comes from. Must never know: Hypothesis.

A way is aimed at by the whole walk to it: each Choice state on the shortest walk must go the way that leads on, then
this one must take this rule. Every question on the walk narrows what may stand at a place; what is left at the end are
the places with their values. What a machine computes is not followed: there an aim says nothing.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from itertools import islice, product
from typing import Any, Final, NamedTuple

from asl_local.lazy import dataclass, field
from asl_local.resources.inferred import reads
from asl_local.resources.inferred.demands import Origin, origins_of
from asl_local.resources.inferred.reads import Read
from asl_local.resources.inferred.wants import Note
from asl_local.strategies.conditions import (
    Asked,
    Condition,
    Junction,
    Question,
    Value,
    around,
    of_expression,
    of_rule,
    questions,
    simplicity,
    ways,
)
from asl_local.values import Json

_WAYS: Final = 12  # of one condition that are looked at
_TRIES: Final = 300  # steps of the search for one aim
_SOLUTIONS: Final = 4  # of one aim that are kept
_OPTIONS: Final = 60  # of one group that are kept, the simplest
_PAIRS: Final = 2_000  # combinations of values that questions about several places are asked with


class Place(NamedTuple):
    """Where a value comes from outside: `kind` is "input", "result" (of the Task `name`) or "items"."""

    kind: str
    name: str
    steps: tuple[Any, ...]


class Way(NamedTuple):
    """How a Choice state is left: by the rule of this number (from 0), or for None by its Default."""

    state: str
    rule: int | None


@dataclass(frozen=True, slots=True)
class Group:
    """Places whose values depend on each other, and each combination of values that will do."""

    places: tuple[Place, ...]
    options: tuple[tuple[Value, ...], ...]


@dataclass(frozen=True, slots=True)
class Aim:
    """One way, and what leads there: one option of every group."""

    way: Way
    groups: tuple[Group, ...]


def aims_of(definition: Mapping[str, Any], *, odd: bool = False) -> list[Aim]:
    """Aims at every way of every Choice state, in the order of the definition; several where conditions can be met in
    several ways. Values of other types than those that are asked for are only used if `odd`, or where nothing else will do.
    """
    machine = _Graph()
    machine.block(definition, definition.get("QueryLanguage", "JSONPath"), [])
    search = _Search(definition, machine, odd)
    return [aim for way in machine.ways for aim in search.aims(way)]


def questions_of(definition: Mapping[str, Any]) -> Iterator[tuple[str, Question]]:
    """Every question that a Choice state asks, with the state's name."""
    machine = _Graph()
    machine.block(definition, definition.get("QueryLanguage", "JSONPath"), [])
    for name, rules in machine.rules.items():
        for rule in rules:
            yield from ((name, question) for question in questions(rule))


# ----------------------------------------------------------------------------------------------------------- the graph


class _Graph:
    """The Choice states of a machine, and the cheapest walk to each."""

    def __init__(self) -> None:
        self.rules: dict[str, list[Condition]] = {}
        self.walks: dict[str, list[Way]] = {}
        self.ways: list[Way] = []

    def block(self, tree: Mapping[str, Any], language: str, before: list[Way]) -> None:
        states = tree["States"]
        walks = _walks(states, tree["StartAt"])
        for name, state in states.items():
            own = state.get("QueryLanguage", language)
            walk = [*before, *walks.get(name, [])]
            if state["Type"] == "Choice":
                self.walks[name] = walk
                self.rules[name] = [
                    of_expression(reads.expression_of(rule["Condition"]) or "false") if own == "JSONata" else of_rule(rule)
                    if not isinstance(rule.get("Condition"), bool)
                    else _CONSTANT[rule["Condition"]]
                    for rule in state["Choices"]
                ]  # fmt: skip
                self.ways += [Way(name, at) for at in range(len(state["Choices"]))]
                self.ways.append(Way(name, None))
            for inner in [*state.get("Branches", ()), state.get("ItemProcessor", state.get("Iterator"))]:
                if inner is not None:
                    self.block(inner, language, walk)


_CONSTANT: Final[Mapping[bool, Condition]] = {True: Junction("all", ()), False: Junction("any", ())}
_CAUGHT: Final = 50  # what a way over a Catcher costs: no input alone leads there


def _walks(states: Mapping[str, Any], start: str) -> dict[str, list[Way]]:
    """For every state the Choice ways on the cheapest walk to it."""
    found: dict[str, list[Way]] = {}
    queue: list[tuple[int, int, str, list[Way]]] = [(0, 0, start, [])]
    count = 0
    while queue:
        cost, _, name, walk = heapq.heappop(queue)
        if name in found or name not in states:
            continue
        found[name] = walk
        state = states[name]
        edges: list[tuple[int, str | None, list[Way]]] = []
        if state["Type"] == "Choice":
            edges += [(1, rule["Next"], [*walk, Way(name, at)]) for at, rule in enumerate(state["Choices"])]
            edges.append((1, state.get("Default"), [*walk, Way(name, None)]))
        else:
            edges.append((1, state.get("Next"), walk))
            edges += [(_CAUGHT, catcher["Next"], walk) for catcher in state.get("Catch", ())]
        for more, target, longer in edges:
            if target is not None:
                count += 1
                heapq.heappush(queue, (cost + more, count, target, longer))
    return found


# ---------------------------------------------------------------------------------------------------------- the search


@dataclass(slots=True)
class _Variable:
    """What may stand at a set of places that get one value: the questions about it alone, what is left of the values
    worth trying, and what of those of other types.
    """

    places: tuple[Place, ...]
    constants: tuple[Json, ...]
    asked: Asked = field(default_factory=list)
    left: list[Value] = field(default_factory=list)
    odd: list[Value] = field(default_factory=list)


class _Search:
    """Finds what leads somewhere, going back where questions contradict each other."""

    def __init__(self, definition: Mapping[str, Any], machine: _Graph, odd: bool) -> None:
        self._graph, self._odd = machine, odd
        self._ask = origins_of(definition)
        self._origins: dict[tuple[str, str, Any], list[Origin]] = {}
        self._tries = 0

    def aims(self, way: Way) -> list[Aim]:
        """Aims at a way, over the whole walk to it, or where that cannot be, at its own state alone."""
        for walk in ([*self._graph.walks[way.state], way], [way]):
            steps = [(each.state, *step) for each in walk for step in self._steps(each)]
            self._tries = 0
            found = list(islice(self._solutions(steps, 0, {}, []), _SOLUTIONS))
            if found:
                return [Aim(way, groups) for groups in found]
        return []

    def _steps(self, way: Way) -> Iterator[tuple[Condition, bool]]:
        """The conditions that decide a way: no rule before it, then its own."""
        rules = self._graph.rules[way.state]
        yield from ((rule, False) for rule in rules[: len(rules) if way.rule is None else way.rule])
        if way.rule is not None:
            yield rules[way.rule], True

    def _solutions(
        self,
        steps: list[tuple[str, Condition, bool]],
        at: int,
        known: dict[Any, _Variable],
        linked: list[tuple[Question, bool, tuple[Any, ...]]],
    ) -> Iterator[tuple[Group, ...]]:
        if at == len(steps):
            groups = _grouped(known, linked, self._odd)
            if groups is not None:
                yield groups
            return
        state, condition, wanted = steps[at]
        for asked in islice(ways(condition, wanted), _WAYS):
            self._tries += 1
            if self._tries > _TRIES:
                return
            narrowed = self._narrowed(state, asked, known, linked)
            if narrowed is not None:
                yield from self._solutions(steps, at + 1, *narrowed)

    def _narrowed(
        self,
        state: str,
        asked: Asked,
        known: dict[Any, _Variable],
        linked: list[tuple[Question, bool, tuple[Any, ...]]],
    ) -> tuple[dict[Any, _Variable], list[tuple[Question, bool, tuple[Any, ...]]]] | None:
        """What is known once these are asked, too; None if nothing is left somewhere."""
        known, linked = dict(known), list(linked)
        for question, wanted in asked:
            keys = []
            for read, pool in zip(question.reads, question.pools, strict=True):
                key, variable = self._variable(state, read)
                before = known.get(key, variable)
                alone = len(question.reads) == 1
                told = [*before.asked, (question, wanted)] if alone else before.asked
                more = [*pool, *(near for constant in before.constants for near in around(constant))]
                left = _left([*before.left, *more], told)
                odd = _left([*before.odd, *question.odd], told)
                known[key] = _Variable(before.places, before.constants, told, left, odd)
                keys.append(key)
                if not left and not odd:
                    return None
            if len(question.reads) > 1:
                linked.append((question, wanted, tuple(keys)))
            elif not question.reads and question.judge(()) is (not wanted):
                return None
        return known, linked

    def _variable(self, state: str, read: Read) -> tuple[Any, _Variable]:
        """What a read depends on: the places that it comes from, or, if it is computed, itself."""
        asked = (state, read.root, read.steps)
        if asked not in self._origins:
            self._origins[asked] = self._ask(state, read._replace(whole=True, note=Note()))
        origins = self._origins[asked]
        places = tuple(Place(each.kind, each.name, each.steps) for each in origins if each.kind != "constant")
        constants = tuple(each.value for each in origins if each.kind == "constant")
        return (places[0] if places else asked), _Variable(places, constants)


def _left(values: list[Value], asked: Asked) -> list[Value]:
    """The values, each once, for which every question is answered as wanted."""
    unique = {(type(value), repr(value)): value for value in values}.values()
    return [value for value in unique if all(question.judge((value,)) is wanted for question, wanted in asked)]


def _grouped(
    known: dict[Any, _Variable], linked: list[tuple[Question, bool, tuple[Any, ...]]], odd: bool
) -> tuple[Group, ...] | None:
    """What is known as groups; None if questions about several places leave nothing."""
    owner = {key: key for key in known}
    for _, _, keys in linked:
        first = owner[keys[0]]
        joined = {owner[key] for key in keys}
        owner = {key: first if root in joined else root for key, root in owner.items()}
    groups = []
    for root in dict.fromkeys(owner.values()):
        members = [key for key in known if owner[key] == root]
        places = tuple(place for key in members for place in known[key].places)
        asked = [(question, wanted, of) for question, wanted, of in linked if owner[of[0]] == root]
        options = [
            tuple(value for value, key in zip(values, members, strict=True) for _ in known[key].places)
            for values in islice(product(*(_preferred(known[key], odd) for key in members)), _PAIRS)
            if all(
                question.judge(tuple(values[members.index(k)] for k in of)) is wanted for question, wanted, of in asked
            )
        ]
        if not options:
            return None
        if places:
            options.sort(key=lambda values: [simplicity(value) for value in values])
            groups.append(Group(places, tuple(options[:_OPTIONS])))
    return tuple(groups)


def _preferred(variable: _Variable, odd: bool) -> list[Value]:
    """The values of a variable; those that the definition itself gives it, where it does and one of them will do."""
    values = [*variable.left, *variable.odd] if odd else variable.left or variable.odd
    if variable.places or not variable.constants:
        return values
    return [value for value in values if value in variable.constants] or values
