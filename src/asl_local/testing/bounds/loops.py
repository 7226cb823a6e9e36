"""Loops of a definition, and what ends each: a counter, what a task or the clock gives, or nothing at all.

Knows: states' fields in both query languages, what they read and what they write. Must never know: runs.
It is read off the fields, and what cannot be followed (a function of JSONata, a merge) is taken to be able to end the loop.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from asl_local.plan import Block
from asl_local.resources.inferred import reads
from asl_local.testing.bounds.budgets import Loop, led_to, parts
from asl_local.values import Json

Steps: TypeAlias = tuple[Any, ...]

COUNTED, ANSWERED, ENDLESS = "counted", "answered", "endless"

_ADDED = re.compile(r"States\.MathAdd\(\s*(\$[^,\s]*)\s*,|States\.MathAdd\([^,]*,\s*(\$[^,\s)]*)\s*\)")
_ARITHMETIC = re.compile(
    r"\$(?:states\.input\.)?([A-Za-z_][\w.]*)\s*[-+](?!\w*\()|[-+]\s*\$(?:states\.input\.)?([A-Za-z_][\w.]*)"
)
_NUMERIC = re.compile(r"Numeric|[<>]")
_LONGER = re.compile(r"States\.(?:Array|Format)\(|\$append\(|\[|&")
_CLOCK = re.compile(r"EnteredTime|\$now\(|\$millis\(|StartTime")


class Written(NamedTuple):
    """A place that a state writes in its output (`input` and steps) or a variable, and with what.

    `how` is "counter" (itself plus or minus something), "constant", "answer" (of a task, a Map or a Parallel), or
    "computed"; `longer` says that it is computed from itself and something more.
    """

    root: str
    steps: Steps
    how: str
    longer: bool = False


class Loops:
    """Finds and judges the loops of blocks. `definition_of` gives a state's JSON by its pointer."""

    def __init__(self, definition_of: Callable[[str], Mapping[str, Any]], language: str) -> None:
        self._definition_of, self._language = definition_of, language

    def of(self, block: Block) -> list[Loop]:
        """The loops of a block, without those of blocks inside it; in the order of the definition."""
        order = list(block.states)
        found = [part for part in parts(block) if len(part) > 1 or part[0] in led_to(block.states[part[0]])]
        return sorted((self._judged(block, part) for part in found), key=lambda loop: order.index(loop.states[0]))

    def _judged(self, block: Block, part: list[str]) -> Loop:
        states = _in_turn(block, part)
        inside = set(part)
        definitions = {name: self._definition_of(block.states[name].pointer) for name in states}
        entered = block.states[states[0]].pointer
        ring = all(
            after in led_to(block.states[name]) for name, after in zip(states, [*states[1:], states[0]], strict=True)
        )
        exits = [
            (name, rule, text)
            for name in states
            if definitions[name]["Type"] == "Choice"
            for rule, text in _leading_out(definitions[name], inside)
        ]
        written = [each for name in states for each in self._written(definitions[name])]
        grows = tuple(dict.fromkeys(_shown(each.root, each.steps) for each in written if each.longer))
        if not exits:
            kind, why = ENDLESS, "no Choice leads out of it; only an error does"
            if any(
                led not in inside for name in states for led in led_to(block.states[name]) if name not in definitions
            ):
                why = "nothing leads out of it"
            return Loop(tuple(states), entered, kind, why, grows, ring)
        verdicts = [self._verdict(name, rule, text, written) for name, rule, text in exits]
        for kind in (COUNTED, ANSWERED):
            for verdict in verdicts:
                if verdict[0] == kind:
                    return Loop(tuple(states), entered, *verdict, grows, ring)
        return Loop(tuple(states), entered, ENDLESS, verdicts[0][1], grows, ring)

    def _verdict(self, name: str, rule: Json, text: str, written: list[Written]) -> tuple[str, str]:
        """How one way out of the loop comes to be taken."""
        if _CLOCK.search(text):
            return COUNTED, f"'{name}' looks at the clock"
        found = list(_read_by(rule, text))
        touched = [(read, each) for read in found for each in written if _overlap(read, each)]
        shown = ", ".join(dict.fromkeys(_shown(*read) for read in found)) or "nothing"
        if _NUMERIC.search(text) and any(each.how == "counter" for _, each in touched):
            return COUNTED, f"'{name}' looks at {shown}, which is counted"
        if any(each.how == "computed" for _, each in touched):
            return COUNTED, f"'{name}' looks at {shown}, which is computed in it"
        if any(each.how in ("answer", "counter") for _, each in touched):
            return ANSWERED, f"'{name}' looks at {shown}, which is what a task answers, and nothing counts the turns"
        if touched:
            return ENDLESS, f"'{name}' looks at {shown}, which the loop only ever sets to the same value"
        return ENDLESS, f"'{name}' looks at {shown}, which nothing in the loop changes"

    # -- what states write -------------------------------------------------------------------------------------------

    def _written(self, state: Mapping[str, Any]) -> Iterator[Written]:
        jsonata = state.get("QueryLanguage", self._language) == "JSONata"
        yield from _assigned(state.get("Assign"), jsonata=jsonata)
        for holder in (*state.get("Catch", ()), *state.get("Choices", ())):
            yield from _assigned(holder.get("Assign"), jsonata=jsonata)
        result = {"Task": "answer", "Map": "answer", "Parallel": "answer"}.get(state["Type"], "computed")
        if jsonata:
            if "Output" in state:
                yield from _members("input", (), state["Output"], result)
            elif result == "answer":
                yield Written("input", (), "answer")
            return
        if state["Type"] in ("Pass", "Task", "Map", "Parallel") and state.get("ResultPath", "$") is not None:
            steps = _steps(state.get("ResultPath", "$"))
            if state["Type"] != "Pass":
                yield Written("input", steps, "answer")
            elif "Parameters" in state:
                yield from _members("input", steps, state["Parameters"], "computed")
            elif "Result" in state:
                yield Written("input", steps, "constant")
        if state["Type"] in ("Task", "Map", "Parallel") and state.get("OutputPath", "$") != "$":
            yield Written("input", (), "answer")


def _assigned(assign: Any, *, jsonata: bool) -> Iterator[Written]:
    for name, value in (assign or {}).items():
        plain = name.removesuffix(".$") if not jsonata else name
        yield from (each._replace(root=f"${plain}", steps=()) for each in _members(f"${plain}", (), value, "computed"))


def _members(root: str, steps: Steps, value: Json, result: str) -> Iterator[Written]:
    """What a template or a payload writes, member by member."""
    if isinstance(value, dict) and value:
        for name, member in value.items():
            yield from _members(root, (*steps, name.removesuffix(".$")), member, result)
    elif isinstance(value, str) and (
        value.startswith("$") or "States." in value or reads.expression_of(value) is not None
    ):
        how = _how(root, steps, value)
        if how is not None:
            answered = how == "computed" and "$states.result" in value
            yield Written(root, steps, result if answered else how, _is_longer(root, steps, value))
    else:
        yield Written(root, steps, "constant")


def _how(root: str, steps: Steps, text: str) -> str | None:
    """With what an expression writes a place: None where it writes what is there already."""
    inside = reads.expression_of(text)
    place = root.removeprefix("$") if root.startswith("$") else ".".join(map(str, steps))
    if inside is None:
        if text in (f"$.{place}", f"${place}"):
            return None
        added = _ADDED.search(text)
        counted = added is not None and place == (added[1] or added[2]).removeprefix("$").removeprefix(".")
    else:
        if inside in (f"$states.input.{place}", f"${place}"):
            return None
        counted = any(place == (one or two) for one, two in _ARITHMETIC.findall(inside))
    return "counter" if counted else "computed"


def _is_longer(root: str, steps: Steps, text: str) -> bool:
    """Whether an expression makes a list or a text of what is there already and of something more."""
    inside = reads.expression_of(text)
    found = reads.of_expression(text) if inside is None else reads.of_jsonata(inside)
    own = any(read.root == root and tuple(map(str, read.steps)) == tuple(map(str, steps)) for read in found)
    return own and _LONGER.search(text if inside is None else inside) is not None


# -- what ways out read ------------------------------------------------------------------------------------------------


def _leading_out(choice: Mapping[str, Any], inside: set[str]) -> Iterator[tuple[Json, str]]:
    """The rules whose truth, or falsehood, leads out of the loop, each with its text."""
    rules = choice.get("Choices", ())
    out = [rule for rule in rules if rule["Next"] not in inside]
    default = choice.get("Default")
    if default is not None and default not in inside:
        out = list(rules)  # whatever rule stays in the loop decides when the Default leads out
    for rule in out:
        yield (
            rule,
            str({name: value for name, value in rule.items() if name not in ("Next", "Assign", "Output", "Comment")}),
        )


def _read_by(rule: Json, text: str) -> Iterator[tuple[str, Steps]]:
    """The places that a rule reads."""
    condition = reads.expression_of(rule.get("Condition"))
    found = reads.of_rule(rule) if condition is None else reads.of_jsonata(condition)
    for read in found:
        yield read.root, read.steps
    for variable in re.findall(r"\$([A-Za-z_]\w*)(?![\w(])", text):
        if variable != "states":
            yield f"${variable}", ()


def _overlap(read: tuple[str, Steps], written: Written) -> bool:
    root, steps = read
    if root != written.root:
        return False
    least = min(len(steps), len(written.steps))
    return tuple(map(str, steps[:least])) == tuple(map(str, written.steps[:least]))


def _steps(path: str) -> Steps:
    return tuple(step for step in re.split(r"[.\[\]']+", path.removeprefix("$")) if step)


def _shown(root: str, steps: Steps) -> str:
    head = {"input": "$", "context": "$$", "result": "$states.result"}.get(root, root)
    return "".join([head, *(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)])


def _in_turn(block: Block, part: list[str]) -> list[str]:
    """The states of a loop in the order in which they are entered, from the first one that is."""
    inside = set(part)
    first = _entrance(block, inside)
    seen, work = [], [first]
    while work:
        name = work.pop()
        if name not in seen:
            seen.append(name)
            work += [after for after in reversed(led_to(block.states[name])) if after in inside]
    return seen


def _entrance(block: Block, inside: set[str]) -> str:
    seen: set[str] = set()
    work = [block.start.name]
    while work:
        name = work.pop(0)
        if name in inside:
            return name
        if name not in seen:
            seen.add(name)
            work += led_to(block.states[name])
    return min(inside)


__all__ = ["ANSWERED", "COUNTED", "ENDLESS", "Loops"]
