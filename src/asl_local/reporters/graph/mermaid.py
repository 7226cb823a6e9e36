"""A definition as a Mermaid flowchart, for README files, pull requests and notebooks.

Knows: the definition's JSON and Mermaid's syntax. Must never know: plans, executions or files.
Parallel branches and what a Map runs are nested subgraphs; a Choice's edges carry its conditions in words; Catch edges
are dotted and carry the error names. Nodes are called s1, s2, ... and names stand in quoted labels only, so that any
state name that the language allows can be drawn.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from asl_local.values import Json, text_of

_COMPARISON = re.compile(
    r"(?P<kind>String|Numeric|Boolean|Timestamp)"
    r"(?P<relation>Equals|LessThanEquals|LessThan|GreaterThanEquals|GreaterThan|Matches)(?P<path>Path)?"
)
_RELATIONS = {
    "Equals": "=",
    "LessThan": "<",
    "LessThanEquals": "≤",
    "GreaterThan": ">",
    "GreaterThanEquals": "≥",
    "Matches": "matches",
}
_IS = {
    "IsPresent": "present",
    "IsNull": "null",
    "IsString": "a string",
    "IsNumeric": "a number",
    "IsBoolean": "a boolean",
    "IsTimestamp": "a timestamp",
}
# The shape says the type: what does work is a box, what decides a rhombus, what ends a stadium.
_SHAPES = {
    "Choice": ("{", "}"),
    "Wait": ("[/", "/]"),
    "Succeed": ("([", "])"),
    "Fail": ("[[", "]]"),
    "Pass": ("(", ")"),
}
_BOX = ("[", "]")
_STYLES = (
    "classDef branch stroke-dasharray: 5 5",
    "classDef failure stroke:#c0392b,stroke-width:2px",
    "classDef terminal fill:#eeeeee,stroke:#888888",
    "classDef taken fill:#d5f0dd,stroke:#1a7f37,stroke-width:2px,color:#111111",
    "classDef failed fill:#ffd9d6,stroke:#c0392b,stroke-width:3px,color:#111111",
)


def mermaid(definition: Mapping[str, Json], *, marked: Mapping[str, str] | None = None) -> str:
    """The flowchart's text, which ends with a line break. `definition` is the JSON of a valid state machine.

    `marked` paints states, by their names: "taken" for those that an execution went through, "failed" for where it
    failed.
    """
    return "\n".join(_Flowchart(marked or {}).draw(definition)) + "\n"


class _Flowchart:
    def __init__(self, marked: Mapping[str, str]) -> None:
        self._marked = marked
        self._count = 0
        self._edges: list[str] = []
        self._classes: dict[str, list[str]] = {}

    def draw(self, definition: Mapping[str, Json]) -> list[str]:
        lines = ["flowchart TD", '  start(["Start"])']
        body, first, ends = self._block(definition, "  ")
        lines += body
        self._edges.insert(0, f"start --> {first}")
        self._class("start", "terminal")
        if ends:
            lines.append('  finish(["End"])')
            self._class("finish", "terminal")
            self._edges += [f"{node} --> finish" for node in ends]
        lines += [f"  {edge}" for edge in self._edges]
        lines += [f"  {style}" for style in _STYLES if style.split()[1] in self._classes]
        lines += [f"  class {','.join(nodes)} {name}" for name, nodes in self._classes.items()]
        return lines

    def _block(self, block: Mapping[str, Json], indent: str) -> tuple[list[str], str, list[str]]:
        """Lines of the nodes, the first state's node, and the nodes that end the block."""
        states = block["States"]
        if not isinstance(states, Mapping):  # a placeholder that nobody filled stands for all of them
            node = self._new("s")
            return [f'{indent}{node}["{escape(states)}"]'], node, [node]
        nodes = {name: self._new("s") for name in states}
        lines: list[str] = []
        ends = []
        for name, state in states.items():
            lines += self._state(nodes[name], name, state, indent)
            if state["Type"] in ("Succeed", "Fail") or state.get("End") is True:
                ends.append(nodes[name])
            for arrow, target in _edges(state):
                if target not in nodes:  # a placeholder
                    nodes[target] = self._new("s")
                    lines.append(f'{indent}{nodes[target]}["{escape(target)}"]')
                self._edges.append(f"{nodes[name]} {arrow} {nodes[target]}")
        return lines, nodes.get(block["StartAt"], next(iter(nodes.values()))), ends

    def _state(self, node: str, name: str, state: Mapping[str, Json], indent: str) -> list[str]:
        kind = state["Type"]
        if name in self._marked:
            self._class(node, self._marked[name])
        elif kind == "Fail":
            self._class(node, "failure")
        if kind not in ("Parallel", "Map"):
            left, right = _SHAPES.get(kind, _BOX)
            return [f'{indent}{node}{left}"{escape(name)}"{right}']
        lines = [f'{indent}subgraph {node}["{escape(name)} ({_title(state)})"]', f"{indent}  direction TB"]
        for block, title in _blocks(state):
            inner = self._new("b")
            self._class(inner, "branch")
            lines += [f'{indent}  subgraph {inner}["{escape(title)}"]', f"{indent}    direction TB"]
            body, first, _ = self._block(block, f"{indent}    ")
            if len(block["States"]) > 1:
                # Where a branch begins is not always the state without an arrow: it may be part of a loop.
                begin = self._new("i")
                lines.append(f'{indent}    {begin}((" "))')
                self._edges.append(f"{begin} --> {first}")
            lines += [*body, f"{indent}  end"]
        return [*lines, f"{indent}end"]

    def _new(self, letter: str) -> str:
        self._count += 1
        return f"{letter}{self._count}"

    def _class(self, node: str, name: str) -> None:
        self._classes.setdefault(name, []).append(node)


def _title(state: Mapping[str, Json]) -> str:
    if state["Type"] == "Parallel":
        branches = state["Branches"]
        return f"Parallel, {len(branches) if isinstance(branches, list) else branches} branches"
    most = state.get("MaxConcurrency", 0)
    return f"Map, {most} at a time" if isinstance(most, int) and most else "Map"


def _blocks(state: Mapping[str, Json]) -> Iterator[tuple[Mapping[str, Json], str]]:
    if state["Type"] == "Parallel":
        for number, branch in enumerate(_listed(state, "Branches")):
            yield branch, f"branch {number}"
    else:
        items = state.get("ItemsPath", "$")
        yield (
            state.get("ItemProcessor") or state["Iterator"],
            f"for each of {items}" if items != "$" else "for each item",
        )


def _listed(state: Mapping[str, Json], field: str) -> list[Any]:
    """The members of a field; none if a placeholder stands for them."""
    members = state.get(field)
    return members if isinstance(members, list) else []


def _edges(state: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """(arrow with its label, target's name)."""
    if "Next" in state:
        yield "-->", state["Next"]
    for rule in _listed(state, "Choices"):
        yield f'-->|"{escape(condition(rule))}"|', rule["Next"]
    if "Default" in state:
        yield '-->|"otherwise"|', state["Default"]
    for catcher in _listed(state, "Catch"):
        yield f'-.->|"{escape(", ".join(catcher["ErrorEquals"]))}"|', catcher["Next"]


def condition(rule: Mapping[str, Json]) -> str:
    """A Choice rule in words: `$.n > 5 and not ($.a is present)`."""
    for name, word in (("And", " and "), ("Or", " or ")):
        if name in rule:
            return word.join(f"({condition(r)})" if {"And", "Or"} & set(r) else condition(r) for r in rule[name])
    if "Not" in rule:
        return f"not ({condition(rule['Not'])})"
    if "Condition" in rule:
        return str(rule["Condition"])
    variable = rule.get("Variable", "")
    for operator, operand in rule.items():
        if operator in _IS:
            return f"{variable} is {'' if operand is True else 'not '}{_IS[operator]}"
        found = _COMPARISON.fullmatch(operator)
        if found:
            shown = operand if found["path"] else text_of(operand)
            return f"{variable} {_RELATIONS[found['relation']]} {shown}"
    return str(variable)


def escape(text: Any) -> str:
    """A text for a quoted label: what Mermaid or HTML would take for theirs becomes an entity.

    So does what begins a list in Markdown, which Mermaid 11 reads in every label and then refuses to draw.
    """
    shown = "".join(c if c.isprintable() else " " for c in str(text))
    shown = re.sub(r'[#"&<>%`\\]', lambda found: f"#{ord(found[0])};", shown)
    shown = re.sub(r"^(\s*)(\d*)([-+*.)])", lambda found: f"{found[1]}{found[2]}#{ord(found[3])};", shown)
    return shown or " "


__all__ = ["condition", "escape", "mermaid"]
