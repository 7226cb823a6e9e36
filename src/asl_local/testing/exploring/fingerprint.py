"""Fingerprints: two executions that have the same one behave alike from here on.

Knows: every slot of an execution that decides what happens next, and what plain contents any Python object has.
Must never know: which choices there are.

Left out: the history and its event ids, token numbers, absolute time (unless the definition reads it), and how a value is
shared. Causes that AWS begins with an event id are compared without it. Times are compared relative to now, to the
microsecond. Member order of JSON objects counts: it shows in texts.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from hashlib import blake2b
from typing import Any

from asl_local.engine import Execution
from asl_local.engine.map_runs.run import RUNNING, MapRun
from asl_local.errors import AslError
from asl_local.values import Json, size, text_of

EVENT_ID = re.compile(r"\(entered at the event id #\d+\)")
_ATOMS = (str, int, float, bool, bytes, type(None), complex)
_RUN_SLOTS = (
    "uuid", "status", "closing", "position", "taken", "done", "started", "asked", "limit", "batch_first", "batch_size",
    "overflow", "exported", "manifest", "error", "results_size",
)  # fmt: skip

Told = Callable[[int], Any]
"""What the outside knows about a token, as something that can be compared."""


def without_ids(text: str) -> str:
    """A text without the event ids that AWS writes into causes."""
    return EVENT_ID.sub("(entered at the event id #)", text) if "event id #" in text else text


class Fingerprints:
    """Makes them for the executions of one plan.

    `clock` puts the time into them, `deadline` the time since the start, `spent` what points have spent (points.Point).
    """

    def __init__(self, *, clock: bool, deadline: bool, spent: bool = False) -> None:
        self.clock, self.deadline, self.spent = clock, deadline, spent
        self._numbers: dict[str, int] = {}
        self._known: dict[int, tuple[Json, int, int]] = {}

    def value(self, value: Json) -> Any:
        """A small number or a text that is the same for values that say the same. The value must never be edited."""
        kind = type(value)
        if kind is dict or kind is list:
            return (self._known.get(id(value)) or self._met(value))[1]
        if kind is str:
            return f'"{without_ids(value)}'
        return None if value is None else repr(value)  # 1, 1.0 and True are equal to Python

    def size(self, value: Json) -> int:
        """Bytes of the value's JSON text; the value must never be edited."""
        if value.__class__ is not dict and value.__class__ is not list:
            return size(value)
        return (self._known.get(id(value)) or self._met(value))[2]

    def _met(self, value: Json) -> tuple[Json, int, int]:
        """An object or array that is met for the first time: itself, its number, its size."""
        text = text_of(value)
        length = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
        number = self._numbers.setdefault(without_ids(text), len(self._numbers))
        known = self._known[id(value)] = (value, number, length)  # an id is only one as long as its value lives
        return known

    def of(self, x: Execution, told: Told) -> Any:
        """The fingerprint of an execution between two steps; `told` says what is known of its tokens elsewhere."""
        outcome = x.outcome
        if outcome is not None:
            return (outcome.status, self.value(outcome.output), outcome.error, self.value(outcome.cause))
        since = round(x.now - x.started_at, 6) if self.deadline else None
        return (self._strand(x, x.root, told), x.draws, x.assigned_bytes, since, x.now if self.clock else None, told(0))

    def _strand(self, x: Execution, strand: Any, told: Told) -> Any:
        """A strand and its children."""
        value, state, token = self.value, strand.state, strand.token
        parts: list[Any] = [strand.index, state.pointer, value(strand.raw)]
        if strand.variables:
            parts.append(("v", value(strand.variables)))
        if strand.attempts:
            parts.append(("a", *sorted(strand.attempts.items()), strand.retries))
        if self.clock:
            parts.append(("c", strand.entered_at))
        if token:
            until, beat_by = strand.until, strand.beat_by
            parts += (
                strand.why, value(strand.effective), told(token),
                None if until is None else round(until - x.now, 6), None if beat_by is None else round(beat_by - x.now, 6),
            )  # fmt: skip
            resource = state.resource
            if resource is not None and resource.waits:  # the text of its task token is a matter of its number
                early = None if strand.early is None else tuple(map(value, strand.early))
                parts += (token, strand.begun, early, strand.timeout, strand.heartbeat)
        if strand.live is not None:
            items, results = strand.items, strand.results or []
            parts += (
                None if items is None else value(items), strand.started, strand.limit, value(strand.effective),
                *[value(result) for result in results],
                *[self._strand(x, child, told) for child in strand.live.values() if child.alive],
            )  # fmt: skip
        if strand.run is not None:
            parts.append(self._run(strand.run, told))
        return tuple(parts)

    def _run(self, run: MapRun, told: Told) -> Any:
        if run.status != RUNNING:
            return run.status

        def inside(tokens: dict[int, int]) -> Told:
            return lambda token: told(tokens[token]) if token in tokens else None

        value = self.value
        return (
            *(getattr(run, slot) for slot in _RUN_SLOTS), value(run.arguments), value(run.source), bool(run.reading),
            tuple((value(item.value), item.key, item.source) for item in run.pending),
            tuple(map(value, run.batch)), tuple(run.executions.values()), tuple(run.items.values()),
            tuple((index, tuple(map(value, entries))) for index, entries in sorted(run.results.items())),
            tuple((status, tuple(map(value, entries))) for status, entries in sorted(run.buffers.items())),
            text_of(run.files), tuple(value(file) for file in run.writes.values()),
            tuple((child.index, self.of(child.execution, inside(child.tokens))) for child in run.live.values()),
        )  # fmt: skip


# -- any Python object -------------------------------------------------------------------------------------------------


def contents(world: Any) -> bytes:
    """A digest of what an object holds, the same for objects that hold the same; no ids, no order of sets or dicts.

    An object may say itself what it holds: `fingerprint()` gives any value that has contents. Raises AslError, with the
    place, for what has none: a lock, a file, a generator.
    """
    return blake2b(_Writer({}).text(world, None).encode("utf-8", "surrogatepass"), digest_size=16).digest()


class _Writer:
    """Objects as text. One that can be edited and is met again is named by its number, for it is one thing in two places.

    `met` are those that were met, by id; each is kept, since an id is only one as long as its object lives.
    """

    def __init__(self, met: dict[int, tuple[int, Any]]) -> None:
        self._met = met

    def text(self, value: Any, place: _Place) -> str:
        kind = type(value)
        if kind in _ATOMS:
            return f"{kind.__name__[0]}{value!r}"
        if isinstance(value, type) or kind.__name__ in ("function", "builtin_function_or_method", "module"):
            return self._named(value, place)
        if kind is tuple or kind is frozenset:
            return self._held(value, kind, place)
        met = self._met.get(id(value))
        if met is not None:
            return f"^{met[0]}"
        self._met[id(value)] = (len(self._met), value)
        return self._held(value, kind, place)

    def _held(self, value: Any, kind: type, place: _Place) -> str:
        if kind is dict:
            return self._mapping(value, place)
        if kind is list or kind is tuple:
            inside = ",".join(self.text(item, (place, at)) for at, item in enumerate(value))
            return f"[{inside}]" if kind is list else f"({inside})"
        if kind is set or kind is frozenset:
            # In whatever order they come, so none of them counts when the others are numbered.
            return f"{{{','.join(sorted(_Writer({**self._met}).text(item, (place, item)) for item in value))}}}"
        own = getattr(value, "fingerprint", None)
        if callable(own):
            return f"{kind.__qualname__}!{self.text(own(), (place, 'fingerprint()'))}"
        try:
            reduced = value.__reduce_ex__(4)
        except Exception as error:
            raise AslError(
                f"{_words(place)}: a {kind.__module__}.{kind.__qualname__} cannot be compared by what it holds ({error}); give "
                "the world a method fingerprint() that says what counts, and fork() where it cannot be copied"
            ) from error
        if isinstance(reduced, str):
            return f"{kind.__qualname__}={reduced}"
        _maker, arguments, state, items, pairs = (*reduced, None, None, None)[:5]
        parts = [kind.__module__, kind.__qualname__, self.text(list(arguments), place)]
        if state is not None:
            parts.append(self.text(state, place))
        if items is not None:
            parts.append(self.text(list(items), place))
        if pairs is not None:
            parts.append(self._mapping(dict(pairs), place))
        return f"<{'|'.join(parts)}>"

    def _mapping(self, value: dict[Any, Any], place: _Place) -> str:
        keys = {self.text(key, (place, key)): key for key in value}
        parts = [f"{text}:{self.text(value[keys[text]], (place, keys[text]))}" for text in sorted(keys)]
        return f"{{{','.join(parts)}}}"

    @staticmethod
    def _named(value: Any, place: _Place) -> str:
        name = getattr(value, "__qualname__", getattr(value, "__name__", ""))
        if "<" in name and not isinstance(value, type):  # a lambda, or inside of a function: it may close over anything
            raise AslError(
                f"{_words(place)}: the function {name} cannot be compared by what it holds; keep functions out of the world"
            )
        return f"@{getattr(value, '__module__', '')}.{name}"


_Place = tuple[Any, Any] | None
"""Where in a world something stands: in what, and under which key; None for the world itself."""


def _words(place: _Place) -> str:
    return "world" if place is None else f"{_words(place[0])}[{place[1]!r:.60}]"


__all__ = ["Fingerprints", "contents", "without_ids"]
