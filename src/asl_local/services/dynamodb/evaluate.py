"""What an expression does to an item: conditions hold or not, projections select, updates make a new item.

Knows: parsed expressions and stored items. Must never know: expression text, requests or tables.
No function here edits the item it is given.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from decimal import Context, Decimal, Inexact
from typing import Any, TypeAlias

from asl_local.services.dynamodb.syntax import (
    Action,
    And,
    Arithmetic,
    Between,
    Call,
    Comparison,
    Condition,
    In,
    Literal,
    Not,
    Operand,
    Or,
    Path,
)
from asl_local.services.dynamodb.values import Item, Refusal, Value, order_of, plain, type_of
from asl_local.values import copy

_ORDERED = {"S", "N", "B"}
_SETS = {"SS": "S", "NS": "N", "BS": "B"}  # a set's type and that of its members

WRONG_TYPE = "An operand in the update expression has an incorrect data type"
ABSENT = "The provided expression refers to an attribute that does not exist in the item"
BAD_PATH = "The document path provided in the update expression is invalid for update"


def look_up(path: Path, item: Item) -> Value | None:
    """The value at a document path, or None."""
    value: Value | None = {"M": item}
    for part in path.parts:
        value = _member(value, part)
        if value is None:
            return None
    return value


def _member(value: Value | None, part: str | int) -> Value | None:
    if value is None:
        return None
    found: Value | None
    if isinstance(part, str):
        found = value["M"].get(part) if "M" in value else None
    else:
        found = value["L"][part] if "L" in value and part < len(value["L"]) else None
    return found


# Conditions.


def holds(condition: Condition, item: Item) -> bool:
    """Whether the item meets the condition.

    An attribute that is absent, or of another type, is not equal to anything, not less and not greater, but `<>`.
    """
    match condition:
        case And(parts):
            return all(holds(part, item) for part in parts)
        case Or(parts):
            return any(holds(part, item) for part in parts)
        case Not(part):
            return not holds(part, item)
        case Comparison(operator, left, right):
            return _compare(operator, _operand(left, item), _operand(right, item))
        case Between(operand, low, high):
            value = _operand(operand, item)
            return _compare(">=", value, _operand(low, item)) and _compare("<=", value, _operand(high, item))
        case In(operand, options):
            value = _operand(operand, item)
            return any(_compare("=", value, _operand(option, item)) for option in options)
        case Call(name, arguments):
            return _FUNCTIONS[name](*(_operand(argument, item) for argument in arguments))


def _operand(operand: Operand, item: Item) -> Value | None:
    match operand:
        case Path():
            return look_up(operand, item)
        case Literal(value):
            return value
        case Call(_, (argument,)):  # only size() is an operand
            return _size(_operand(argument, item))
    raise AssertionError(operand)


def _compare(operator: str, left: Value | None, right: Value | None) -> bool:
    if operator == "<>":
        return left is None or right is None or left != right
    if left is None or right is None:
        return False
    if operator == "=":
        return left == right
    if type_of(left) != type_of(right) or type_of(left) not in _ORDERED:
        return False
    return _ORDERS[operator](order_of(left), order_of(right))


_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def _size(value: Value | None) -> Value | None:
    if value is None:
        return None
    ((kind, content),) = value.items()
    if kind in {"N", "NULL", "BOOL"}:
        return None
    if kind == "B":
        content = base64.b64decode(content)
    return {"N": str(len(content))}


def _begins_with(value: Value | None, prefix: Value | None) -> bool:
    if value is None or prefix is None or type_of(value) != type_of(prefix) or type_of(value) not in {"S", "B"}:
        return False
    return bool(order_of(value).startswith(order_of(prefix)))


def _contains(container: Value | None, wanted: Value | None) -> bool:
    if container is None or wanted is None:
        return False
    ((kind, content),) = container.items()
    if kind == "L":
        return wanted in content
    if kind in _SETS:
        return type_of(wanted) == _SETS[kind] and wanted[_SETS[kind]] in content
    return kind in {"S", "B"} and type_of(wanted) == kind and order_of(wanted) in order_of(container)


_FUNCTIONS: dict[str, Callable[..., bool]] = {
    "attribute_exists": lambda value: value is not None,
    "attribute_not_exists": lambda value: value is None,
    "attribute_type": lambda value, name: value is not None and type_of(value) == name["S"],
    "begins_with": _begins_with,
    "contains": _contains,
}


# Projections.

_Tree: TypeAlias = dict[str | int, Any]  # part of a path: what is wanted below it, {} for all


def project(paths: Iterable[Path], item: Item) -> Item:
    """The item with nothing but what is at the paths; list elements close up, what is absent is left out."""
    tree: _Tree = {}
    for path in paths:
        node = tree
        for part in path.parts:
            node = node.setdefault(part, {})
    selected = _select({"M": item}, tree)
    return {} if selected is None else selected["M"]


def _select(value: Value, tree: _Tree) -> Value | None:
    if not tree:
        return value
    found = {}
    for part, below in tree.items():
        member = _member(value, part)
        selected = None if member is None else _select(member, below)
        if selected is not None:
            found[part] = selected
    if not found:
        return None
    return {"M": found} if "M" in value else {"L": [found[index] for index in sorted(found)]}


# Updates.

_REMOVED: Value = {}  # stands in a list for an element that goes when all actions are done; known by identity


def update(actions: Iterable[Action], item: Item) -> Item:
    """The item after the update: all values are read before anything is written, list indexes are those before it.

    Raises Refusal for a path whose parent is absent, for a value of a wrong type, and for arithmetic beyond 38 digits.
    """
    actions = list(actions)
    values = [_new_value(action, item) for action in actions]
    root: Value = {"M": copy(item)}
    appended: list[tuple[list[Value], int, Value]] = []
    touched: list[list[Value]] = []
    for action, value in zip(actions, values, strict=True):
        parent: Value | None = root
        for part in action.path.parts[:-1]:
            parent = _member(parent, part)
        last = action.path.parts[-1]
        members = None if parent is None else parent.get("M" if isinstance(last, str) else "L")
        if members is None:
            raise Refusal(BAD_PATH)
        if isinstance(last, str):
            if value is None:
                members.pop(last, None)
            else:
                members[last] = value
        elif last < len(members):
            members[last] = _REMOVED if value is None else value
            touched.append(members)
        elif value is not None:
            appended.append((members, last, value))
    # Elements beyond the end of a list are appended, in the order of their indexes.
    for members, _, value in sorted(appended, key=lambda row: row[1]):
        members.append(value)
    for members in touched:
        members[:] = [member for member in members if member is not _REMOVED]
    updated: Item = root["M"]
    return updated


def _new_value(action: Action, item: Item) -> Value | None:
    """What the action leaves at its path; None for nothing."""
    if action.section == "REMOVE":
        return None
    assert action.operand is not None
    if action.section == "SET":
        value: Value = copy(_set_value(action.operand, item))
        return value
    assert isinstance(action.operand, Literal)
    operand, existing = action.operand.value, look_up(action.path, item)
    if existing is not None and type_of(existing) != type_of(operand):
        raise Refusal(WRONG_TYPE)
    ((kind, content),) = operand.items()
    if kind == "N":
        return _sum("+", existing or {"N": "0"}, operand)
    members = [] if existing is None else existing[kind]
    if action.section == "DELETE":
        left = [member for member in members if member not in set(content)]
        return {kind: left} if left else None
    return {kind: sorted({*members, *content}, key=lambda member: order_of({_SETS[kind]: member}))}


def _set_value(operand: Operand | Arithmetic, item: Item) -> Value:
    match operand:
        case Arithmetic(operator, left, right):
            return _sum(operator, _set_value(left, item), _set_value(right, item))
        case Call("if_not_exists", (path, default)):
            assert isinstance(path, Path)
            return look_up(path, item) or _set_value(default, item)
        case Call("list_append", (first, second)):
            lists = [_set_value(first, item), _set_value(second, item)]
            if any(type_of(value) != "L" for value in lists):
                raise Refusal(WRONG_TYPE)
            return {"L": lists[0]["L"] + lists[1]["L"]}
        case Path():
            value = look_up(operand, item)
            if value is None:
                raise Refusal(ABSENT)
            return value
        case Literal(value):
            return value
    raise AssertionError(operand)


# Two numbers of DynamoDB reach over 256 digits when lined up; a sum is exact or refused, never rounded.
_EXACT = Context(prec=300, traps=[Inexact])


def _sum(operator: str, left: Value, right: Value) -> Value:
    if type_of(left) != "N" or type_of(right) != "N":
        raise Refusal(WRONG_TYPE)
    one, two = Decimal(left["N"]), Decimal(right["N"])
    return {"N": plain(_EXACT.add(one, two) if operator == "+" else _EXACT.subtract(one, two))}
