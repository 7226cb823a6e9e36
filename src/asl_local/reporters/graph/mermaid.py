"""An outline as a Mermaid flowchart, for README files, pull requests and notebooks.

Knows: outlines and Mermaid's syntax. Must never know: the fields of a definition, plans, executions or files.
Parallel branches and what a Map runs are nested subgraphs; a Choice's edges carry its conditions in words; Catch edges
are dotted and carry the error names. Nodes are called s1, s2, ... and names stand in quoted labels only, so that any
state name that the language allows can be drawn.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from asl_local.reporters.graph.outline import END, START, Block, Edge, Node, outline
from asl_local.reporters.graph.words import MOST, short_notes, shortened
from asl_local.values import Json

# The shape says the type: what does work is a box, what decides a rhombus, what ends a stadium.
_SHAPES: Final = {
    "Choice": ("{", "}"),
    "Wait": ("[/", "/]"),
    "Succeed": ("([", "])"),
    "Fail": ("[[", "]]"),
    "Pass": ("(", ")"),
}
_BOX: Final = ("[", "]")
_BREAK: Final = "<br/>"
_STYLES: Final = (
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
    return "\n".join(_Flowchart(marked or {}).draw(outline(definition))) + "\n"


class _Flowchart:
    def __init__(self, marked: Mapping[str, str]) -> None:
        self._marked = marked
        self._count = 0
        self._edges: list[str] = []
        self._classes: dict[str, list[str]] = {}

    def draw(self, machine: Block) -> list[str]:
        begin, finish = "start", "finish"
        lines = ["flowchart TD", f'  {begin}(["Start"])']
        lines += self._block(machine, begin, finish, "  ")
        self._class(begin, "terminal")
        if any(edge.target == END for edge in machine.edges):
            lines.append(f'  {finish}(["End"])')
            self._class(finish, "terminal")
        lines += [f"  {edge}" for edge in self._edges]
        lines += [f"  {style}" for style in _STYLES if style.split()[1] in self._classes]
        lines += [f"  class {','.join(nodes)} {name}" for name, nodes in self._classes.items()]
        return lines

    def _block(self, block: Block, begin: str | None, finish: str | None, indent: str) -> list[str]:
        """Lines of the nodes; `begin` and `finish` are the dots of the block, None if they are not drawn."""
        ids: dict[str, str | None] = {node.name: self._new("s") for node in block.nodes}
        lines = [line for node in block.nodes for line in self._state(str(ids[node.name]), node, indent)]
        ids |= {START: begin, END: finish}
        for edge in block.edges:
            source, target = ids[edge.source], ids[edge.target]
            if source and target:
                self._edges.append(f"{source} {_arrow(edge)} {target}")
        return lines

    def _state(self, name: str, node: Node, indent: str) -> list[str]:
        if node.name in self._marked:
            self._class(name, self._marked[node.name])
        elif node.type == "Fail":
            self._class(name, "failure")
        if not node.blocks:
            left, right = _SHAPES.get(node.type, _BOX)
            return [f'{indent}{name}{left}"{escape(node.name, *short_notes(node.type, node.notes))}"{right}']
        title = ", ".join((node.type, *short_notes(node.type, node.notes)))
        lines = [f'{indent}subgraph {name}["{escape(f"{node.name} ({title})")}"]', f"{indent}  direction TB"]
        for block in node.blocks:
            inner = self._new("b")
            self._class(inner, "branch")
            lines += [
                f'{indent}  subgraph {inner}["{escape(shortened(block.title, 2 * MOST))}"]',
                f"{indent}    direction TB",
            ]
            begin = None
            if len(block.nodes) > 1:
                # Where a branch begins is not always the state without an arrow: it may be part of a loop.
                begin = self._new("i")
                lines.append(f'{indent}    {begin}((" "))')
            lines += [*self._block(block, begin, None, f"{indent}    "), f"{indent}  end"]
        return [*lines, f"{indent}end"]

    def _new(self, letter: str) -> str:
        self._count += 1
        return f"{letter}{self._count}"

    def _class(self, node: str, name: str) -> None:
        self._classes.setdefault(name, []).append(node)


def _arrow(edge: Edge) -> str:
    arrow = "-.->" if edge.kind == "catch" else "-->"
    return f'{arrow}|"{escape(edge.label)}"|' if edge.label else arrow


def escape(*lines: Any) -> str:
    """Texts as the lines of a quoted label: what Mermaid or HTML would take for theirs becomes an entity.

    So does what begins a list in Markdown, which Mermaid 11 reads in every label and then refuses to draw, and what it
    takes for an icon (`fa:fa-name`). What stands between two `$$` it takes for a formula, entities or not: a blank of no
    width keeps them apart.
    """
    text = _BREAK.join(_escaped(str(line)) for line in lines)
    return re.sub(r"\$(?=\$)", "$#8203;", text) if text.count("$$") > 1 else text


def _escaped(text: str) -> str:
    shown = "".join(c if c.isprintable() else " " for c in text)
    shown = re.sub(r'[#"&<>%`\\]', _entity, shown)
    shown = re.sub(r"(?<=fa):(?=fa-)|(?<=fa[bklrs]):(?=fa-)", _entity, shown)
    shown = re.sub(r"^(\s*)(\d*)([-+*.)])", lambda found: f"{found[1]}{found[2]}#{ord(found[3])};", shown)
    return shown or " "


def _entity(found: re.Match[str]) -> str:
    return f"#{ord(found[0])};"


__all__ = ["escape", "mermaid"]
