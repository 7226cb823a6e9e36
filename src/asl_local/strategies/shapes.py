"""A value that a machine can read -> a strategy for such values: what it wants, and what an aim puts where.

Knows: demands on a value, and Hypothesis. Must never know: machines.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable
from typing import Any, Final

from hypothesis import strategies as st

from asl_local.lazy import dataclass, field
from asl_local.resources.inferred.wants import LONGEST, Step, Through, Want
from asl_local.strategies.conditions import MISSING, Nothing, Value, simplicity
from asl_local.strategies.values import json_values, numbers
from asl_local.values import Json, copy

Draw = Callable[[st.SearchStrategy[Any]], Any]

_ODDS: Final = 8  # one value in so many is a near miss, where those are wanted
_MOMENTS: Final = ("2024-01-31T12:00:00Z", "1970-01-01T00:00:00Z", "2024-02-29T23:59:59.5+02:00")
_MISSES: Final = st.one_of(st.just(MISSING), st.none(), st.sampled_from(["", 0, False, -1, "text"]),
                           st.builds(list), st.builds(dict), json_values(max_leaves=3))  # fmt: skip
_TEXTS: Final = st.text(max_size=8)
_KINDS: Final[dict[str, st.SearchStrategy[Json]]] = {
    "number": numbers(),
    "string": _TEXTS,
    "boolean": st.booleans(),
    "timestamp": st.sampled_from(_MOMENTS),
    "base64": _TEXTS.map(lambda text: base64.b64encode(text.encode()).decode()),
    "null": st.none(),
}
_ANYTHING: Final = st.one_of(st.just(""), st.sampled_from(["text", 1, True]), json_values(max_leaves=3))


@dataclass(slots=True)
class Pins:
    """What is decided of one value: the value itself (None for nothing), or something further in."""

    value: tuple[Value, ...] = ()
    below: dict[Step, Pins] = field(default_factory=dict)

    def pin(self, steps: Iterable[Step], value: Value) -> None:
        """Decide what stands at the steps."""
        pins = self
        for step in steps:
            pins = pins.below.setdefault(step, Pins())
        pins.value = (value,)


@dataclass(frozen=True, slots=True)
class Shaper:
    """Draws values for wants; with `near_misses` some of them are missing or of another type."""

    draw: Draw
    near_misses: bool = False

    def shaped(self, want: Want, pins: Pins | None = None, *, default: st.SearchStrategy[Json] = _ANYTHING) -> Value:
        """A value that a machine with this want can read; MISSING where there may be none."""
        pins = pins or Pins()
        if pins.value and (not pins.below or isinstance(pins.value[0], Nothing)):
            return copy(pins.value[0]) if not isinstance(pins.value[0], Nothing) else MISSING
        if not pins.below:
            if self.near_misses and self._once_in(_ODDS):
                return self.draw(_MISSES)
            if "present" in want.kinds and not self._once_in(2):
                return MISSING
            if "null" in want.kinds and self._once_in(3):
                return None
        return self._value(want, pins, default)

    def _once_in(self, times: int) -> bool:
        """True once in so many times; shrinks to False."""
        return bool(self.draw(st.integers(0, times - 1)) == times - 1)

    def _value(self, want: Want, pins: Pins, default: st.SearchStrategy[Json]) -> Json:
        steps = pins.below
        whole = [value for value in want.values if isinstance(value, (list, dict))]
        if whole and not steps and self._once_in(3):
            return copy(self.draw(st.sampled_from(whole)))
        if want.text is not None or Through.TEXT in steps:
            inner = self.shaped(want.text or Want(), steps.get(Through.TEXT))
            return json.dumps(None if isinstance(inner, Nothing) else inner)
        listed = want.items is not None or "array" in want.kinds or bool(steps)
        if listed and not any(isinstance(step, str) for step in steps):
            return self._array(want, steps)
        if want.members or "object" in want.kinds or steps:
            return self._object(want, steps)
        kinds = [_KINDS[kind] for kind in want.kinds if kind in _KINDS and kind != "null"]
        if want.values:
            kinds += [st.sampled_from(sorted(want.values, key=simplicity)).map(copy)] * 3
        return self.draw(st.one_of(kinds) if kinds else default)

    def _object(self, want: Want, steps: dict[Step, Pins]) -> Json:
        found = {}
        for name in dict.fromkeys([*want.members, *(step for step in steps if isinstance(step, str))]):
            value = self.shaped(want.members.get(name, Want()), steps.get(name))
            if not isinstance(value, Nothing):
                found[name] = value
        return found

    def _array(self, want: Want, steps: dict[Step, Pins]) -> Json:
        items = want.items or Want()
        if want.members:  # JSONata reads members through arrays
            items = Want({**want.members, **items.members}, items.items, 0, items.text, items.kinds, items.values)
        least = max(want.length, 1 if Through.EACH in steps else 0, *(s + 1 for s in steps if isinstance(s, int)), 0)
        count = self.draw(st.integers(min(least, LONGEST), min(least, LONGEST) + 3))
        found = []
        for at in range(count):
            pins = steps.get(at) or (steps.get(Through.EACH) if at == 0 else None)
            value = self.shaped(items, pins)
            if not isinstance(value, Nothing):
                found.append(value)
        return found
