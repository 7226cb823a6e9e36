"""An outline as DOT, Graphviz's language, for whoever has other tools for graphs.

Knows: outlines and DOT's syntax. Must never know: the fields of a definition, plans, executions or files.
A Parallel or Map is a cluster with its blocks as clusters inside. Edges of Graphviz end at nodes only: a cluster has an
invisible node at either end, where its own edges end and are clipped at its border (`lhead`, `ltail`).
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any, Final

from asl_local.reporters.graph.outline import END, START, Block, Edge, Node, outline
from asl_local.reporters.graph.words import MOST, short_notes, shortened
from asl_local.values import Json

_WIDTH: Final = 40
"""Characters of a line in a label; Graphviz breaks none itself."""

_HEAD: Final = (
    "compound=true",
    'graph [fontname="Helvetica", fontsize=12]',
    'node [shape=box, style=rounded, fontname="Helvetica", fontsize=12]',
    'edge [fontname="Helvetica", fontsize=10]',
)
_SHAPES: Final[Mapping[str, str]] = {
    "Choice": "shape=diamond, style=solid",
    "Fail": 'shape=box, style=solid, peripheries=2, color="#c0392b"',
    "Pass": "shape=box, style=solid",
    "Succeed": "shape=box, style=rounded, peripheries=2",
    "Wait": "shape=cds, style=solid",
}
_BEGIN: Final = 'shape=circle, style=filled, fillcolor=black, label="", width=0.15'
_FINISH: Final = 'shape=doublecircle, style=filled, fillcolor=black, label="", width=0.1'
_HIDDEN: Final = 'shape=point, style=invis, label="", width=0.01'
_CLUSTERS: Final[Mapping[str, str]] = {"Map": 'style="rounded,bold"', "Parallel": 'style="rounded"'}


def dot(definition: Mapping[str, Json], *, name: str = "machine") -> str:
    """The digraph's text, which ends with a line break. `definition` is the JSON of a valid state machine."""
    return "\n".join(_Digraph().draw(outline(definition), name)) + "\n"


class _Digraph:
    def __init__(self) -> None:
        self._count = 0
        self._edges: list[str] = []

    def draw(self, machine: Block, name: str) -> list[str]:
        lines = [f"digraph {quoted(name)} {{", *(f"  {line}" for line in _HEAD)]
        lines += self._block(machine, "  ")[0]
        return [*lines, *(f"  {edge}" for edge in self._edges), "}"]

    def _block(self, block: Block, indent: str) -> tuple[list[str], str, str]:
        """Lines of the nodes, and the ids of the dots where the block begins and ends."""
        ids = {node.name: self._new("s") for node in block.nodes}
        inside = {node.name for node in block.nodes if node.blocks}
        lines = [line for node in block.nodes for line in self._state(ids[node.name], node, indent)]
        for dot_name, shape in ((START, _BEGIN), (END, _FINISH)):
            if any(dot_name in (edge.source, edge.target) for edge in block.edges):
                ids[dot_name] = self._new("d")
                lines.append(f"{indent}{ids[dot_name]} [{shape}]")
        self._edges += [_edge(edge, ids, inside) for edge in block.edges]
        return lines, ids[START], ids.get(END, ids[START])

    def _state(self, name: str, node: Node, indent: str) -> list[str]:
        if not node.blocks:
            shape = _SHAPES.get(node.type)
            given = [f"label={_label(node.name, *short_notes(node.type, node.notes))}", *([shape] if shape else [])]
            return [f"{indent}{name} [{', '.join(given)}]"]
        inner = f"{indent}  "
        lines = [
            f"{indent}subgraph cluster_{name} {{",
            f"{inner}label={_label(node.name, ', '.join((node.type, *short_notes(node.type, node.notes))))}",
            f"{inner}{_CLUSTERS.get(node.type, _CLUSTERS['Parallel'])}",
            f"{inner}color=black",
            *(f"{inner}{name}_{end} [{_HIDDEN}]" for end in ("in", "out")),
        ]
        for block in node.blocks:
            frame = self._new("b")
            lines += [
                f"{inner}subgraph cluster_{frame} {{",
                f"{inner}  label={_label(shortened(block.title, 2 * MOST))}",
                f"{inner}  style=dashed",
                f'{inner}  color="#888888"',
            ]
            body, begin, finish = self._block(block, f"{inner}  ")
            lines += [*body, f"{inner}}}"]
            self._edges += [f"{name}_in -> {begin} [style=invis]", f"{finish} -> {name}_out [style=invis]"]
        return [*lines, f"{indent}}}"]

    def _new(self, letter: str) -> str:
        self._count += 1
        return f"{letter}{self._count}"


def _edge(edge: Edge, ids: Mapping[str, str], inside: set[str]) -> str:
    """Where it leads from a state with blocks to itself it is drawn within: it has no border to be clipped at."""
    clipped = edge.source != edge.target
    source, target = ids[edge.source], ids[edge.target]
    given = [f"label={_label(edge.label)}"] if edge.label else []
    given += ["style=dashed"] if edge.kind == "catch" else []
    if edge.source in inside:
        given += [f"ltail=cluster_{source}"] if clipped else []
        source += "_out"
    if edge.target in inside:
        given += [f"lhead=cluster_{target}"] if clipped else []
        target += "_in"
    return f"{source} -> {target}" + (f" [{', '.join(given)}]" if given else "")


def _label(*texts: str) -> str:
    """Long lines are broken at blanks, or within a word that is longer than a line."""
    lines = [
        line
        for text in texts
        for line in ([text] if len(text) <= _WIDTH else textwrap.wrap(text, _WIDTH, break_on_hyphens=False) or [" "])
    ]
    return '"' + r"\n".join(_escaped(line) for line in lines) + '"'


def quoted(text: Any) -> str:
    """A text as a string of DOT that shows it as it is: no escapes, no HTML entities, nothing that cannot be printed."""
    return f'"{_escaped(str(text))}"'


def _escaped(text: str) -> str:
    shown = "".join(c if c.isprintable() else " " for c in text)
    return shown.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")


__all__ = ["dot", "quoted"]
