"""The retreat out of a stretch: how far it has come, and what was unusual.

Knows: the variables of a stretch's function, and the tree of its states. Must never know: how they were written.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from operator import is_
from typing import TYPE_CHECKING, Any, TypeAlias

from asl_local.engine.history import Part, Trail
from asl_local.engine.messages import Overtaken, Unsettled
from asl_local.engine.straight.fan_out import aside
from asl_local.engine.straight.tasks import unusual
from asl_local.engine.straight.ways import Way, measured
from asl_local.language.generated import GENERATED
from asl_local.plan import State
from asl_local.values import weigh

if TYPE_CHECKING:
    from asl_local.engine.execution import Execution, Strand

Retreat: TypeAlias = "Callable[[Execution, Strand, dict[str, Any], BaseException], State | None]"
"""From a stretch's variables and what was raised in it to what a way gives."""


class Knot:
    """A state of a stretch, with the number in its variables' names, what it puts into an entry, and where it leads.

    A Choice has several leads, other states one: the state that follows, and its knot, None where the stretch ends.
    """

    __slots__ = ("events", "leads", "number", "part", "state", "values")

    def __init__(self, state: State, number: int, part: Part, values: tuple[str, ...], events: int) -> None:
        self.state, self.number, self.part, self.values, self.events = state, number, part, values, events
        self.leads: list[tuple[State, Knot | None]] = []


def retreat_of(root: Knot, single: Way) -> Retreat:
    """The retreat out of the stretch of this tree; `single` is the way of its first state."""

    def retreat(x: Execution, strand: Strand, found: dict[str, Any], error: BaseException) -> State | None:
        if _has_written(x, strand, root, found):
            raise error
        strand.state = led = root.state
        knot: Knot | None = root
        while knot is not None and _is_done(knot, found) and _write_down(x, strand, knot, found):
            led, knot = knot.leads[found[f"i{knot.number}"] if len(knot.leads) > 1 else 0]
            if led.type:
                strand.state = led
        if knot is not None and f"e{knot.number}" in found and not _is_done(knot, found):
            result = found.get(f"r{knot.number}", error)
            if result is error or not isinstance(error, Exception):
                return unusual(x, strand, error)
            if not _is_from_outside(error):
                return unusual(x, strand, Unsettled(result))
        if not isinstance(error, Exception) or _is_from_outside(error):
            raise error
        return single(x, strand) if knot is root else led

    return retreat


def stopped(x: Execution, strand: Strand, found: dict[str, Any], error: BaseException) -> State | None:
    """The retreat out of a stretch that is watched: all that it has done is written down, up to its state `first` or to
    the call in which it is (`k`; that one is over where `k` is below 0). `child` is the strand that it is in branches with.
    """
    number, child = found["k"], found["child"]
    if number is None or (number == 0 and not isinstance(error, Exception)):
        raise error
    if number == 0 and child is not None:
        return aside(x, child)
    if number == 0:
        strand.state = found["first"]
        led: State | None = strand.state.way(x, strand)
        return led
    name = f"r{abs(number)}"
    said = Unsettled(found[name]) if name in found else error
    if number > 0:
        try:
            found["claim"].pop()
        except IndexError:
            raise Overtaken(said) from None
    led = unusual(x, strand if child is None else child, said)
    return led if child is None else aside(x, child)


def _is_from_outside(error: BaseException) -> bool:
    """Whether it was raised between two lines of the stretch, by the handler of a signal.

    Nobody's function is called in the stretch at that time, so that any other code than ours was called by Python itself.
    """
    inner = None if error.__traceback__ is None else error.__traceback__.tb_next
    if inner is None or inner.tb_frame.f_code.co_filename == GENERATED:
        return False
    home: str = inner.tb_frame.f_globals.get("__name__", "")
    return home.partition(".")[0] != __name__.partition(".")[0]


def _has_written(x: Execution, strand: Strand, root: Knot, found: dict[str, Any]) -> bool:
    """Whether the stretch was over, and its entry written; then what it would have set is set."""
    entry = found.get("entry")
    if entry is None or not _ends_with(x.history.log, entry):
        return False
    x.history.count = strand.event = found["count"]
    strand.raw, strand.bound = entry[-1], inf
    if "tokens" in found:
        x.now, x.tokens = found["now"], found["tokens"]
    knot: Knot | None = root
    while knot is not None:
        strand.state = knot.state
        led, knot = knot.leads[found[f"i{knot.number}"] if len(knot.leads) > 1 else 0]
    if led.type:
        strand.state = led
    return True


def _ends_with(log: list[Any], entry: tuple[Any, ...]) -> bool:
    """Whether these very objects come last: no other entry begins with both this trail and what it follows."""
    return len(log) >= len(entry) and all(map(is_, log[-len(entry) :], entry))


def _is_done(knot: Knot, found: dict[str, Any]) -> bool:
    return f"o{knot.number}" in found and (len(knot.leads) == 1 or f"i{knot.number}" in found)


def _write_down(x: Execution, strand: Strand, knot: Knot, found: dict[str, Any]) -> bool:
    """Write down a state that is done; False where its values are too large."""
    state, most, raw, out = knot.state, x.most_bytes, strand.raw, found[f"o{knot.number}"]
    bound = strand.bound
    if state.type == "Parallel":
        if any(weigh(found[name], most) > most for name in knot.values):
            return False
        bound = weigh(out, most)
    elif state.type == "Task":
        bound = weigh(out, most)
        x.tokens += 1
    elif state.type != "Choice":
        add, times = state.extent
        if state.templated or out is not raw:
            bound = add + times * bound if times else add
        if bound > most:
            bound = measured(x, strand, state, found.get(f"g{knot.number}", raw), out)
    if bound > most:
        return False
    history = x.history
    history.log.extend(
        (Trail((knot.part,), knot.events), x.now, strand.event, raw, *[found[name] for name in knot.values])
    )
    history.count = strand.event = history.count + knot.events
    strand.raw, strand.bound = out, bound
    if state.type == "Task":
        x.now = found[f"t{knot.number}"]
    return True


__all__ = ["Knot", "retreat_of", "stopped"]
