"""Primary keys: schemas, the text an item is stored under, the order of items, and the conditions of a query.

Knows: attribute values and parsed conditions. Must never know: files, or how a condition is written.
Limits: Developer Guide, "Quotas" (2048 bytes of partition key, 1024 of sort key).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from asl_local.services.dynamodb.syntax import (
    And,
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
from asl_local.services.dynamodb.values import INVALID, Item, Refusal, Value, order_of, size_of_value, type_of

EMPTY_KEY = (
    "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty "
)
MISMATCH = "The provided key element does not match the schema"
_SIDES = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "="}  # the operator as seen from the other operand


class KeyAttribute(NamedTuple):
    """One attribute of a primary key; `type` is S, N or B."""

    name: str
    type: str


class Schema(NamedTuple):
    """The primary key of a table."""

    partition: KeyAttribute
    sort: KeyAttribute | None

    @classmethod
    def of(cls, description: Mapping[str, Any]) -> Schema:
        """The schema that a table's description states."""
        types = {row["AttributeName"]: row["AttributeType"] for row in description["AttributeDefinitions"]}
        attributes = [
            KeyAttribute(row["AttributeName"], types[row["AttributeName"]]) for row in description["KeySchema"]
        ]
        return cls(attributes[0], attributes[1] if len(attributes) > 1 else None)

    @property
    def attributes(self) -> tuple[KeyAttribute, ...]:
        """The one or two key attributes, partition key first."""
        return (self.partition,) if self.sort is None else (self.partition, self.sort)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the key attributes."""
        return tuple(attribute.name for attribute in self.attributes)

    def check_item(self, item: Item) -> None:
        """Refuse an item that lacks a key attribute or has one of another type, empty or too long."""
        for attribute in self.attributes:
            value = item.get(attribute.name)
            if value is None:
                raise Refusal(INVALID + f"Missing the key {attribute.name} in the item")
            if type_of(value) != attribute.type:
                raise Refusal(
                    INVALID
                    + f"Type mismatch for key {attribute.name} expected: {attribute.type} actual: {type_of(value)}"
                )
            self.check_size(attribute, value)

    def check_key(self, key: Item) -> None:
        """Refuse a Key that is not exactly the key attributes with their types."""
        if set(key) != set(self.names):
            raise Refusal(MISMATCH)
        self.check_key_in(key)

    def check_key_in(self, item: Item) -> None:
        """Refuse an item of a batch that has no fitting key: `check_item`, in the words that AWS has for batches."""
        for attribute in self.attributes:
            value = item.get(attribute.name)
            if value is None or type_of(value) != attribute.type:
                raise Refusal(MISMATCH)
            self.check_size(attribute, value)

    def check_size(self, attribute: KeyAttribute, value: Value) -> None:
        """Refuse an empty or too long value of a key attribute."""
        if attribute.type == "N":
            return
        size = size_of_value(value)
        if size == 0:
            kind = "string" if attribute.type == "S" else "binary"
            raise Refusal(f"{EMPTY_KEY}{kind} value. Key: {attribute.name}")
        if attribute is self.partition and size > 2048:
            raise Refusal(INVALID + "Size of hashkey has exceeded the maximum size limit of2048 bytes")  # AWS's blank
        if attribute is not self.partition and size > 1024:
            raise Refusal(INVALID + "Aggregated size of all range keys has exceeded the size limit of 1024 bytes")

    def key_of(self, item: Item) -> Item:
        """The item's key attributes alone, as LastEvaluatedKey gives them."""
        return {name: item[name] for name in self.names}

    def text(self, item: Item) -> str:
        r"""The text that an item or a Key is stored under: the key's content, or both joined by `|`.

        A `|` or `\` in the partition key gets a `\` before it, so that no two keys share a text.
        """
        partition = str(item[self.partition.name][self.partition.type])
        if self.sort is None:
            return partition
        escaped = partition.replace("\\", "\\\\").replace("|", "\\|")
        return f"{escaped}|{item[self.sort.name][self.sort.type]}"

    def order(self, item: Item) -> tuple[Any, ...]:
        """What items are sorted by: partition key, then sort key."""
        return tuple(order_of(item[name]) for name in self.names)


class KeyCondition(NamedTuple):
    """What a query asks for: one partition, and a test of the sort key (None for every item of the partition)."""

    partition: Value
    sort: tuple[str, list[Value]] | None  # operator (=, <, <=, >, >=, BETWEEN, begins_with) and its values

    def allows(self, value: Value) -> bool:
        """Whether the sort key meets the condition."""
        if self.sort is None:
            return True
        operator, values = self.sort
        return _TESTS[operator](order_of(value), *map(order_of, values))


_TESTS: dict[str, Callable[..., bool]] = {
    "=": lambda value, bound: value == bound,
    "<": lambda value, bound: value < bound,
    "<=": lambda value, bound: value <= bound,
    ">": lambda value, bound: value > bound,
    ">=": lambda value, bound: value >= bound,
    "BETWEEN": lambda value, low, high: low <= value <= high,
    "begins_with": lambda value, prefix: value.startswith(prefix),
}


def key_condition(parsed: Condition, schema: Schema) -> KeyCondition:
    """What a KeyConditionExpression asks for, checked against the table's key."""
    found: dict[str, tuple[str, list[Value]]] = {}
    for part in _conjuncts(parsed):
        name, operator, values = _one_condition(part)
        if name in found:
            raise _invalid("KeyConditionExpressions must only contain one condition per key")
        found[name] = operator, values
    if len(found) > len(schema.attributes):
        raise Refusal("Query key condition not supported")
    # The partition key must be there, and so must the sort key where there is a second condition.
    for attribute in schema.attributes[: len(found)]:
        if attribute.name not in found:
            raise Refusal(f"Query condition missed key schema element: {attribute.name}")
        operator, values = found[attribute.name]
        if any(type_of(value) != attribute.type for value in values):
            raise Refusal(INVALID + "Condition parameter type does not match schema type")
        if attribute is schema.partition and operator != "=":
            raise Refusal("Query key condition not supported")
        if operator == "=":
            schema.check_size(attribute, values[0])
    sort = found.get(schema.sort.name) if schema.sort is not None else None
    return KeyCondition(found[schema.partition.name][1][0], sort)


def _conjuncts(condition: Condition) -> Iterator[Condition]:
    if isinstance(condition, And):
        for part in condition.conditions:
            yield from _conjuncts(part)
    else:
        yield condition


def _one_condition(condition: Condition) -> tuple[str, str, list[Value]]:
    """Attribute name, operator and values; every form that cannot be a key condition is refused with AWS's sentence."""
    match condition:
        case Or() | Not() | In() | Comparison("<>"):
            word = condition.operator if isinstance(condition, Comparison) else type(condition).__name__.upper()
            raise _invalid(f"Invalid operator used in KeyConditionExpression: {word}")
        case Comparison(operator, left, right):
            operands: tuple[Operand, ...] = (left, right)
        case Between(operand, low, high):
            operator, operands = "BETWEEN", (operand, low, high)
        case Call(operator, operands):
            if operator != "begins_with":
                raise _invalid(f"Invalid operator used in KeyConditionExpression: {operator}")
        case _:
            raise AssertionError(condition)
    if any(isinstance(operand, Call) for operand in operands):
        raise _invalid("KeyConditionExpressions cannot contain nested operations")
    if operator in {"BETWEEN", "begins_with"} and not isinstance(operands[0], Path):
        raise _invalid(
            f"Invalid condition in KeyConditionExpression: {operator} operator must have the key attribute as its first operand"
        )
    paths = [operand for operand in operands if isinstance(operand, Path)]
    if len(paths) != 1:
        problem = "Multiple attribute names used in one condition" if paths else "No key attribute specified"
        raise _invalid(f"Invalid condition in KeyConditionExpression: {problem}")
    name, *nested = paths[0].parts
    if nested:
        raise _invalid("KeyConditionExpressions cannot have conditions on nested attributes")
    if not isinstance(operands[0], Path):
        operator = _SIDES[operator]
    return str(name), operator, [operand.value for operand in operands if isinstance(operand, Literal)]


def _invalid(problem: str) -> Refusal:
    return Refusal(f"Invalid KeyConditionExpression: {problem}")
