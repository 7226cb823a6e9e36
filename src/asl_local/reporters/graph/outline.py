"""A definition -> what a picture of it shows: blocks of states, what stands in each box, and the edges between them.

Knows: the definition's JSON, valid or with placeholders that nobody has filled. Must never know: sizes, places, colours,
or what an execution did.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from asl_local.definition.json_text import escape as escape_step
from asl_local.lazy import dataclass
from asl_local.reporters.graph.words import condition, errors, notes, title_of_branch, title_of_items
from asl_local.values import Json

START: Final = "\0start"
END: Final = "\0end"
"""The dots where a block begins and ends; no state is called so."""


@dataclass(frozen=True, slots=True)
class Edge:
    """From one state of a block to another (or from START, or to END).

    `kind` is start, next, choice, default, catch or end; `label` says in words when the edge is taken (a Choice rule's
    condition, a catcher's errors), and `pointer` is the JSON pointer of what leads there: `/States/A/Next`,
    `/States/A/Choices/0`, `/States/A/Catch/1`, `/States/A/Default`, `/States/A/End`; `/StartAt` of the start edge.
    """

    source: str
    target: str
    kind: str
    label: str = ""
    pointer: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """A state: its name, JSON pointer and type ("" for a placeholder that stands for states), and what its box says.

    `notes` are short words below the name, the most important first: what a Task calls, how long a Wait waits, how it
    is retried. `blocks` are the branches of a Parallel or what a Map runs; a Map's is drawn as a stack of boxes.
    """

    name: str
    pointer: str
    type: str
    notes: tuple[str, ...] = ()
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """A `States` object: the machine (pointer ""), a branch, or what a Map runs; `title` is what its frame says."""

    pointer: str
    title: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    def walk(self) -> Iterator[Node]:
        """Every node, at every level, outermost first."""
        for node in self.nodes:
            yield node
            for block in node.blocks:
                yield from block.walk()


def outline(definition: Mapping[str, Json]) -> Block:
    """The outline of a machine's definition."""
    return _block(definition, "", "")


def _block(block: Mapping[str, Any], pointer: str, title: str) -> Block:
    states = block["States"]
    if not isinstance(states, Mapping):  # a placeholder stands for all of them
        name = str(states)
        around = (Edge(START, name, "start", "", f"{pointer}/StartAt"), Edge(name, END, "end"))
        return Block(pointer, title, (Node(name, f"{pointer}/States", ""),), around)
    nodes = [_node(name, state, f"{pointer}/States/{escape_step(name)}") for name, state in states.items()]
    edges = [Edge(START, block["StartAt"], "start", "", f"{pointer}/StartAt")]
    edges += [edge for node in nodes for edge in _edges(node, states[node.name])]
    known = {START, END, *states}
    for edge in edges:
        if edge.target not in known:  # a placeholder
            known.add(edge.target)
            nodes.append(Node(edge.target, edge.pointer, ""))
    return Block(pointer, title, tuple(nodes), tuple(edges))


def _node(name: str, state: Mapping[str, Any], pointer: str) -> Node:
    return Node(name, pointer, state["Type"], notes(state), tuple(_blocks(state, pointer)))


def _blocks(state: Mapping[str, Any], pointer: str) -> Iterator[Block]:
    if state["Type"] == "Parallel":
        for number, branch in enumerate(listed(state, "Branches")):
            yield _block(branch, f"{pointer}/Branches/{number}", title_of_branch(branch, number))
    elif state["Type"] == "Map":
        field = "ItemProcessor" if "ItemProcessor" in state else "Iterator"
        yield _block(state[field], f"{pointer}/{field}", title_of_items(state))


def _edges(node: Node, state: Mapping[str, Any]) -> Iterator[Edge]:
    name, at = node.name, node.pointer
    if "Next" in state:
        yield Edge(name, state["Next"], "next", "", f"{at}/Next")
    for number, rule in enumerate(listed(state, "Choices")):
        yield Edge(name, rule["Next"], "choice", condition(rule), f"{at}/Choices/{number}")
    if "Default" in state:
        yield Edge(name, state["Default"], "default", "otherwise", f"{at}/Default")
    for number, catcher in enumerate(listed(state, "Catch")):
        yield Edge(name, catcher["Next"], "catch", errors(catcher), f"{at}/Catch/{number}")
    if state["Type"] in ("Succeed", "Fail") or state.get("End") is True:
        yield Edge(name, END, "end", "", f"{at}/End")


def listed(state: Mapping[str, Any], field: str) -> list[Any]:
    """The members of a field; none if a placeholder stands for them."""
    members = state.get(field)
    return members if isinstance(members, list) else []


__all__ = ["END", "START", "Block", "Edge", "Node", "listed", "outline"]
