"""Checks of where states lead: targets, terminal states, reachability, unique names.

Knows: transitions. Must never know: what a field other than a transition holds. Works on the raw tree, and on the parts
of it that have the right shape, so that one fault does not hide another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from asl_local.definition import diagnostics as codes
from asl_local.definition.diagnostics import Findings, did_you_mean
from asl_local.definition.grammar import DEEPEST_NESTING, LONGEST_NAME
from asl_local.definition.json_text import escape
from asl_local.definition.source import PLACEHOLDER
from asl_local.values import Json

_TERMINAL_TYPES = ("Succeed", "Fail")
_MOVING_TYPES = ("Task", "Pass", "Wait", "Parallel", "Map")

_MOST_GUESSES = 100  # missing targets of which we say what may be meant: each is compared with every name


class Flow:
    """The checks of one machine: `block` for every States object in it, outermost first, then `finish`."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.names: dict[str, str] = {}
        self.blocks: list[tuple[dict[str, Json], str]] = []
        self.edges: dict[str, dict[str, set[str]]] = {}
        self.missing = 0

    def block(self, tree: dict[str, Json], pointer: str, depth: int) -> None:
        """One object with StartAt and States: its states' names."""
        if depth == DEEPEST_NESTING + 1:
            self.findings.error(
                pointer, f"States are nested more than {DEEPEST_NESTING} levels deep", code=codes.TOO_DEEP
            )
        states = tree.get("States")
        if isinstance(states, dict):
            self.blocks.append((tree, pointer))
            for name in states:
                self._name(name, f"{pointer}/States/{escape(name)}")

    def finish(self) -> None:
        """What leads where, now that all names are known."""
        for tree, pointer in self.blocks:
            self._block(tree, pointer)

    def _block(self, tree: dict[str, Any], pointer: str) -> None:
        states = tree["States"]
        shaped = {name: state for name, state in states.items() if isinstance(state, dict)}
        edges: dict[str, set[str]] = {}
        told = len(self.findings.waiting)
        for name, state in shaped.items():
            edges[name] = {
                target
                for target, place in _transitions(state)
                if target in states or self._target(target, f"{pointer}/States/{escape(name)}{place}", states)
            }
        self.edges[pointer] = edges
        start = tree.get("StartAt")
        begins = isinstance(start, str) and self._target(start, f"{pointer}/StartAt", states)
        open_targets = len(self.findings.waiting) > told  # placeholders that may lead anywhere
        if not states or len(shaped) < len(states) or open_targets:
            return
        if not any(_may_end(state) for state in states.values()):
            self.findings.error(
                pointer, "Workflow has no terminal state", code=codes.MISSING_END,
                aws="ACCEPTED" if pointer else None,  # AWS looks at the top level only (measured)
                hint='give one state "End": true, or add a Succeed or Fail state',
                at=f"{pointer}/States", key=True,
            )  # fmt: skip
        elif begins and isinstance(start, str):
            self._unreachable(edges.keys() - _reached(start, edges), edges, pointer)
        elif isinstance(start, str):  # which names no state: AWS tells of that and of what nothing leads to
            self._unreachable(
                edges.keys() - {target for targets in edges.values() for target in targets}, edges, pointer
            )

    def _name(self, name: str, pointer: str) -> None:
        if not 1 <= len(name) <= LONGEST_NAME:
            what = f"exceeds the {LONGEST_NAME}-character limit allowed by the service" if name else "is empty"
            self.findings.error(
                pointer, f"Invalid State name: {name or 'the name'} {what}", code=codes.INVALID_NAME,
                hint=f"1 to {LONGEST_NAME} characters, not {len(name)}", key=True,
            )  # fmt: skip
        first = self.names.setdefault(name, pointer)
        if first != pointer:
            self.findings.error(
                pointer, f"Duplicate State name: {name}", code=codes.DUPLICATE_NAME,
                hint=f"names are unique in the whole machine; the other one is at {first}", key=True,
            )  # fmt: skip

    def _target(self, target: str, pointer: str, states: dict[str, Json]) -> bool:
        if target in states:
            return True
        if states and PLACEHOLDER.search(target):
            self.findings.placeholder(pointer, target, next(iter(states)))
            return False
        self.missing += 1
        hint = did_you_mean(target, states) if self.missing <= _MOST_GUESSES else None
        if hint is None and target in self.names:
            hint = f"{target!r} is in another States object; a transition cannot leave its own"
        self.findings.error(pointer, f"Missing 'Next' target: {target}", code=codes.MISSING_TARGET, hint=hint)
        return False

    def left_before(self, pointer: str, marks: Mapping[str, int]) -> Mapping[str, int]:
        """By state of the block at a pointer: which marks belong to states that are left for good before it is entered.

        Those lead to it, and there is no way back. `marks` has the bits of the states that have any.
        """
        edges = self.edges.get(pointer, {})
        loops = _loops(edges)
        loop_of = {name: at for at, names in enumerate(loops) for name in names}
        before = [0] * len(loops)
        for at in reversed(range(len(loops))):  # whatever leads to a loop of states comes after it in the list
            gone = before[at]
            for name in loops[at]:
                gone |= marks.get(name, 0)
            for target in (loop_of[target] for name in loops[at] for target in edges.get(name, ())):
                if target != at:
                    before[target] |= gone
        return {name: before[at] for name, at in loop_of.items()}

    def _unreachable(self, names: set[str], edges: dict[str, set[str]], pointer: str) -> None:
        for name in edges:
            if name in names:
                self.findings.error(
                    f"{pointer}/States/{escape(name)}", f'State "{name}" is not reachable.',
                    code=codes.MISSING_TARGET, hint="no transition leads there from StartAt", key=True,
                )  # fmt: skip


def _reached(start: str, edges: dict[str, set[str]]) -> set[str]:
    """Where one gets from a state, itself included."""
    reached = {start}
    waiting = [start]
    while waiting:
        for target in edges.get(waiting.pop(), ()):
            if target not in reached:
                reached.add(target)
                waiting.append(target)
    return reached


def _loops(edges: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """The states by loops, each state in one: what gets to each other; a loop stands after all that it leads to.

    Tarjan's strongly connected components, without recursion.
    """
    found: list[list[str]] = []
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    path: list[str] = []
    done: set[str] = set()
    for root in edges:
        if root in number:
            continue
        number[root] = lowest[root] = len(number)
        path.append(root)
        walk = [(root, iter(edges[root]))]
        while walk:
            name, targets = walk[-1]
            for target in targets:
                if target not in number:
                    number[target] = lowest[target] = len(number)
                    path.append(target)
                    walk.append((target, iter(edges.get(target, ()))))
                    break
                if target not in done:
                    lowest[name] = min(lowest[name], number[target])
            else:
                walk.pop()
                if walk:
                    lowest[walk[-1][0]] = min(lowest[walk[-1][0]], lowest[name])
                if lowest[name] == number[name]:
                    loop = [path.pop()]
                    while loop[-1] != name:
                        loop.append(path.pop())
                    found.append(loop)
                    done.update(loop)
    return found


def _transitions(state: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Every target that a state names, with its place from there; members of the wrong shape are skipped."""
    for field in ("Next", "Default"):
        if isinstance(state.get(field), str):
            yield state[field], f"/{field}"
    for field in ("Choices", "Catch"):
        if isinstance(rules := state.get(field), list):
            for index, rule in enumerate(rules):
                if isinstance(rule, dict) and isinstance(rule.get("Next"), str):
                    yield rule["Next"], f"/{field}/{index}/Next"


def _may_end(state: Json) -> bool:
    """Whether a state ends its block, or is broken in a way that hides whether it does."""
    kind = state.get("Type")
    if kind in _TERMINAL_TYPES or state.get("End") is True:
        return True
    return (kind in _MOVING_TYPES and "Next" not in state and state.get("End") is not False) or kind not in (
        *_MOVING_TYPES, "Choice",
    )  # fmt: skip
