"""Which expressions need no engine: the tree of an expression -> a closure, or None.

Knows: the simple forms of the syntax. Must never know: values.

A form is simple if its parts are, if an engine evaluates it on any machine (it nests nowhere near AWS's 100 levels), and
if it has no effect (no variable is bound, nothing is drawn), so that an engine may evaluate it again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from asl_local.language.jsonata.direct import operators, paths
from asl_local.language.jsonata.direct.values import EXACT, UNDEFINED, Direct, computed, passed_on, settled, well_formed
from asl_local.language.jsonata.syntax import Node
from asl_local.lazy import later

if TYPE_CHECKING:
    from asl_local.language.jsonata.direct import functions
else:
    later(globals(), "asl_local.language.jsonata.direct.functions")

_DEEPEST = 40
_LOGIC = {"and": operators.both, "or": operators.either}
# Words that are names only in some places.
_WORDS = frozenset(("and", "or", "in", "true", "false", "null", "function", "λ"))


def direct(tree: Node) -> Direct | None:
    """The closure of a whole expression; None if it needs an engine."""
    found = _form(tree, 0)
    if found is None or not _is_path(tree):
        return found
    read = found
    return lambda states, scope: passed_on(read(states, scope))


def _bare(node: Node) -> Node:
    while node.kind == "block" and len(node.parts) == 1:
        node = node.parts[0]
    return node


def _form(node: Node, depth: int) -> Direct | None:
    """The closure of a part; the value of a path comes as it was found."""
    if depth > _DEEPEST:
        return None
    build = _FORMS.get(node.kind)
    return None if build is None else build(node, depth + 1)


def _value(node: Node, depth: int) -> Direct | None:
    """The closure of a part whose value the expression hands out."""
    found = _form(node, depth)
    if found is None or not _is_path(node):
        return found
    read = found
    return lambda states, scope: settled(read(states, scope))


def _is_path(node: Node) -> bool:
    return _bare(node).kind in ("path", "variable", "filter")


def _block(node: Node, depth: int) -> Direct | None:
    return _form(node.parts[0], depth) if len(node.parts) == 1 else None


def _literal(node: Node, _depth: int) -> Direct | None:
    value = node.value
    if type(value) is str and not well_formed(value):
        return None
    if type(value) is int or type(value) is float:
        value = computed(value)
        if not -EXACT < node.value < EXACT:
            return None
    return lambda _states, _scope: value


def _path(node: Node, _depth: int) -> Direct | None:
    root, *steps = steps_of(node) or [""]
    if type(root) is not str or not root.isidentifier() or not all(map(_is_plain_step, steps)):
        return None
    if root != "states":
        return paths.variable(root, tuple(steps))
    if not steps or type(steps[0]) is not str:
        return None
    return paths.member_of_states(steps[0], tuple(steps[1:]))


def _is_plain_step(step: paths.Step) -> bool:
    return type(step) is int or (type(step) is str and step not in _WORDS and well_formed(step))


def steps_of(node: Node) -> list[paths.Step] | None:
    """The name of a variable, and the names and indexes that lead on from it; None for any other node."""
    found: list[paths.Step] = []
    while True:
        if node.kind == "filter" and len(node.parts) == 2:
            at = _index(node.parts[1])
            if at is None:
                return None
            found.append(at)
            node = node.parts[0]
        elif node.kind == "path":
            step = node.parts[1]
            while step.kind == "filter":
                at = _index(step.parts[1]) if len(step.parts) == 2 else None
                if at is None:
                    return None
                found.append(at)
                step = step.parts[0]
            if step.kind not in ("name", "literal") or type(step.value) is not str:
                return None
            found.append(step.value)
            node = node.parts[0]
        elif node.kind == "variable":
            return [node.value, *reversed(found)]
        else:
            return None


def _index(node: Node) -> int | None:
    sign = 1
    if node.kind == "negation":
        sign, node = -1, node.parts[0]
    is_index = node.kind == "literal" and type(node.value) is int and abs(node.value) < EXACT
    return sign * node.value if is_index else None


def _binary(node: Node, depth: int) -> Direct | None:
    if node.value == "&":
        return _joined(node, depth)
    if node.value not in operators.VALUES and node.value not in _LOGIC:
        return None
    left, right = (_form(part, depth) for part in node.parts)
    if left is None or right is None:
        return None
    constant = node.parts[1]
    if node.value in ("+", "-") and constant.kind == "literal" and type(constant.value) is int:
        return operators.add_constant(left, constant.value if node.value == "+" else -constant.value)
    logic = _LOGIC.get(node.value)
    return logic(left, right) if logic else operators.binary(node.value, left, right)


def _joined(node: Node, depth: int) -> Direct | None:
    parts: list[Node] = []
    while node.kind == "binary" and node.value == "&":
        parts.append(node.parts[1])
        node = node.parts[0]
        depth += 1
    closures = [_form(part, depth) for part in [node, *reversed(parts)]]
    found = [part for part in closures if part is not None]
    return operators.joined(found) if len(found) == len(closures) else None


def _negation(node: Node, depth: int) -> Direct | None:
    operand = _form(node.parts[0], depth)
    return None if operand is None else operators.negative(operand)


def _condition(node: Node, depth: int) -> Direct | None:
    asked = _form(node.parts[0], depth)
    yes = _value(node.parts[1], depth)
    no: Direct | None = _value(node.parts[2], depth) if len(node.parts) == 3 else lambda _states, _scope: UNDEFINED
    return None if asked is None or yes is None or no is None else operators.chosen(asked, yes, no)


def _array(node: Node, depth: int) -> Direct | None:
    items: list[tuple[Direct, bool]] = []
    for part in node.parts:
        item = None if part.kind in ("block", "condition") else _value(part, depth)
        if item is None:
            return None
        items.append((item, part.kind == "array"))
    return operators.array(items)


def _object(node: Node, depth: int) -> Direct | None:
    names, members = node.parts[::2], [_value(member, depth) for member in node.parts[1::2]]
    if any(name.kind != "literal" or type(name.value) is not str or not well_formed(name.value) for name in names):
        return None
    pairs = [(name.value, member) for name, member in zip(names, members, strict=True) if member is not None]
    return operators.object_(pairs) if len(dict(pairs)) == len(names) else None


def _call(node: Node, depth: int) -> Direct | None:
    called, *given = node.parts
    if called.kind != "variable" or not given:
        return None
    form = _value if called.value in functions.SETTLED else _form
    arguments = [argument for part in given if (argument := form(part, depth)) is not None]
    if len(arguments) < len(given):
        return None
    if called.value == "exists":
        # Mostly asked about what is missing, which the quick ways down find out late.
        root, *steps = steps_of(given[0]) or [""]
        if root == "states" and steps[0] != "context":
            arguments[0] = paths.perhaps(str(steps[0]), tuple(steps[1:]))
    return functions.function(called.value, arguments)


_FORMS: dict[str, Callable[[Node, int], Direct | None]] = {
    "array": _array,
    "binary": _binary,
    "block": _block,
    "call": _call,
    "condition": _condition,
    "filter": _path,
    "literal": _literal,
    "negation": _negation,
    "object": _object,
    "path": _path,
    "variable": _path,
}
