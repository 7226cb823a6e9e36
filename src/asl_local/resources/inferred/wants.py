"""What a value must look like for a machine to read it, and values that do.

Knows: JSON, and demands on it: members, items, kinds, values it is compared with. Must never know: where a demand comes
from.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import Enum
from typing import Final, TypeAlias

from asl_local.lazy import dataclass, field
from asl_local.values import Json


class Through(Enum):
    """Steps that are neither a name nor an index: into every item or member, and into the value of a JSON text."""

    EACH = "each"
    TEXT = "text"


Step: TypeAlias = str | int | Through
EACH: Final = Through.EACH
TEXT: Final = Through.TEXT

KINDS: Final = ("string", "number", "boolean", "timestamp", "base64", "array", "object", "present", "null")
SAMPLES: Final[dict[str, Json]] = {
    "number": 1, "timestamp": "2024-01-31T12:00:00Z", "boolean": True, "base64": "dGV4dA==", "string": "text",
}  # fmt: skip
ITEMS: Final = 2  # of an array whose length nothing tells
LONGEST: Final = 100  # items that an index may ask for


@dataclass(frozen=True, slots=True)
class Note:
    """One demand: that a value is there, is of a kind (see KINDS), or may be one that it is compared with.

    "present" and "null" say that the machine asks whether there is a value: then there is one now, and none another time.
    """

    kind: str = ""
    values: tuple[Json, ...] = ()

    def __hash__(self) -> int:
        return hash((self.kind, json.dumps(self.values, sort_keys=True)))


@dataclass(slots=True)
class Want:
    """All that is demanded of one value."""

    members: dict[str, Want] = field(default_factory=dict)
    items: Want | None = None
    length: int = 0
    text: Want | None = None
    kinds: dict[str, None] = field(default_factory=dict)
    values: list[Json] = field(default_factory=list)

    def note(self, steps: Sequence[Step], note: Note) -> None:
        """Add a demand on what lies at the steps."""
        want = self
        for step in steps:
            want = want.into(step)
        if note.kind:
            want.kinds[note.kind] = None
        for value in note.values:
            if not any(value is known or (type(value) is type(known) and value == known) for known in want.values):
                want.values.append(value)

    def into(self, step: Step) -> Want:
        """What is demanded of the value at one step."""
        if isinstance(step, str):
            return self.members.setdefault(step, Want())
        if step is TEXT:
            self.text = self.text or Want()
            return self.text
        if isinstance(step, int):
            self.length = max(self.length, min(step + 1, LONGEST))
        self.kinds["array"] = None
        self.items = self.items or Want()
        return self.items

    @property
    def empty(self) -> bool:
        """Whether nothing at all is demanded."""
        return not (self.members or self.items or self.text or self.kinds or self.values)


def sample(want: Want, turn: int = 0, *, default: Json = "text", steady: bool = True) -> Json:
    """A value that satisfies the demands as far as they go together.

    `turn` counts the times that the value was asked for: each gives the next of the values that the machine compares
    with, and then one that is none of them, so that a machine which asks until something is done comes to its end.
    `default` is what a value is of which nothing is known. If not `steady`, what the machine asks the presence of is
    there only every other time: a machine that asks for page after page comes to its last.
    """
    if "null" in want.kinds and turn % 2 and not steady:
        return None
    if "array" in want.kinds or want.items is not None:
        return _array(want, turn, steady)
    if want.members or "object" in want.kinds:
        return _object(want, turn, steady)
    if want.text is not None:
        return json.dumps(sample(want.text, turn, default=1 if default == _TYPED["N"] else {}, steady=steady))
    if want.values:
        others = [*want.values, _other(want.values)]
        return others[turn % len(others)]
    for kind, value in SAMPLES.items():
        if kind in want.kinds:
            return (turn % 2 == 0) if kind == "boolean" else value
    return default


# DynamoDB's names of types tell what a member holds.
_TYPED: Final[dict[str, Json]] = {"N": "1", "BOOL": True, "NULL": True, "L": [], "M": {}, "SS": ["text"], "NS": ["1"]}


def _array(want: Want, turn: int, steady: bool) -> Json:
    items = want.items or Want()
    if want.members:  # JSONata reads members through arrays
        items = Want(
            {**want.members, **items.members}, items.items, items.length, items.text, items.kinds, items.values
        )
    count = max(want.length, ITEMS, _values_below(items, 3))  # a filter finds one for each value it looks for
    return [sample(items, turn + at, steady=steady) for at in range(count)]


def _values_below(want: Want, depth: int) -> int:
    """How many values a member is compared with, at most; a few levels deep."""
    below = (_values_below(inner, depth - 1) for inner in want.members.values()) if depth else ()
    return max(len(want.values), *below, 0)


def _object(want: Want, turn: int, steady: bool) -> Json:
    return {
        name: sample(inner, turn, default=_TYPED.get(name, "text"), steady=steady)
        for name, inner in want.members.items()
        if steady or turn % 2 == 0 or "present" not in inner.kinds
    }


def _other(values: Sequence[Json]) -> Json:
    """A value of the same type that is none of these."""
    first = values[0]
    if isinstance(first, bool):
        return not first
    if isinstance(first, (int, float)):
        return max(value for value in values if isinstance(value, (int, float))) + 1
    return "text"
