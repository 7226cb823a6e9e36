"""Stretches: a run of states as one function, which keeps its values in its own variables and writes one entry at its end.

Knows: states that a generated function can do one after the other, calls of plain functions among them. Must never know:
what becomes of a state in which anything is unusual.

A stretch begins at a state that was visited often, follows every way that leads on from there (a Choice forks it, so each
end of the tree is a run of its own), and ends where a state waits, fans out, assigns, or where it is long enough. Its
source is the states' own expressions, one after the other (language/generated.py), so states of one shape share it. Where
anything is unusual, `retreat` finds out how far it has come, writes that down state by state, and leaves the rest to the
state's own way.

Sizes are bounded once for several states. Where a bound grows no faster than eightfold it is a sum; else everything that
templates have made since the last bound is measured at once, by one call of marshal.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from math import inf
from typing import Any, NamedTuple, TypeAlias

from asl_local.engine.history import Part, Trail
from asl_local.engine.straight.retreat import Knot, retreat_of
from asl_local.engine.straight.ways import OVER, Way
from asl_local.engine.straight.ways import after as after_it
from asl_local.language.generated import Unwritten, Write, Writer, generate, statements, written_tests
from asl_local.plan import Block, State
from asl_local.values import accept, copy, marshalled, weigh

Whole: TypeAlias = "Callable[[Any, float, float, float], tuple[Any, ...] | None]"
"""From input, its bound, the most bytes and the time to the entry of a whole execution; None where that is unusual."""

_LONGEST = 32  # states in a row; more make a call less, and what has gone by in vain is lost
_MOST = 48  # states in all, each fork with its own
_GROWTH = 8  # times that a bound may be too high before it is measured


class _Bound(NamedTuple):
    """How large the value at hand is: `times` the variable `base` and `add`, or, measured, `base` and all that was `made`.

    The largest value since `base` is bounded by the other two.
    """

    base: str
    add: float = 0
    times: int = 1
    most_add: float = 0
    most_times: int = 1
    made: tuple[str, ...] = ()
    kept: float = 0

    def then(self, extent: tuple[float, int], made: tuple[str, ...]) -> _Bound:
        """That of a state's output."""
        more, times = extent
        add = more + times * self.add
        return _Bound(
            self.base, add, times * self.times, max(self.most_add, add), max(self.most_times, times * self.times),
            self.made + made, self.kept + more,
        )  # fmt: skip


class _Run(NamedTuple):
    """What has been woven up to a place: value and bound at hand, what the entry will have, and its events."""

    raw: str
    bound: _Bound
    parts: tuple[Part, ...] = ()
    values: tuple[str, ...] = ()
    events: int = 0
    tasks: int = 0


_Made: TypeAlias = "tuple[int, _Run, list[State], list[str]]"
"""A state's number, what there is after it, where it leads, and the tests that decide between several leads."""


class _Loom:
    """Weaves one stretch."""

    def __init__(self, block: Block, *, whole: bool) -> None:
        self.block, self.whole, self.writer = block, whole, Writer()
        self.lines: list[str] = []
        self.count = self.longest = 0
        self.arns: dict[str, str] = {}
        self.scoped = self.fans = False
        self.ends: list[State] = []

    # -- states --------------------------------------------------------------------------------------------------------

    def weave(self, state: State, run: _Run, pad: str, room: int, budget: int) -> Knot | None:
        """Write what the state does and what follows it; None, with the run's end written, where it cannot be woven."""
        made = None
        if room and budget > 0 and state is not OVER:
            make = _MAKERS.get(state.type)
            before, constants = len(self.lines), len(self.writer.constants)
            if make is not None:
                try:
                    made = make(self, state, run, pad)
                except Unwritten:
                    del self.lines[before:]
                    self.writer.back_to(constants)
        if made is None:
            self.end(state, run, pad)
            return None
        number, after, leads, tests = made
        knot = Knot(state, number, after.parts[-1], after.values[len(run.values) :], after.events - run.events)
        budget = (budget - 1) // len(leads)
        for at, led in enumerate(leads):
            inner = pad
            if tests:
                turn = f"if {tests[at]}:" if at == 0 else f"elif {tests[at]}:" if at < len(tests) else "else:"
                inner += "    "
                self.lines += [pad + turn, f"{inner}i{number} = {at}"]
            knot.leads.append((led, self.weave(led, after, inner, room - 1, budget)))
        return knot

    def number(self) -> int:
        """One more state."""
        self.count += 1
        return self.count

    def write(self, expression: Any) -> str | None:
        """The source of an expression, None where there is none to evaluate. Raises Unwritten."""
        if expression is None:
            return None
        write: Write | None = getattr(expression, "write", None)
        if write is None:
            raise Unwritten
        return write(self.writer)

    def placing(self, expression: Any) -> tuple[list[str], str | None]:
        """The same of an output, which may take several lines."""
        if expression is None:
            return [], None
        write: Write | None = getattr(expression, "write", None)
        if write is None:
            raise Unwritten
        return statements(write, self.writer)

    def see(self, state: State, raw: str, pad: str, *texts: str | None) -> None:
        """Set the names that expressions know."""
        words = {word for text in texts if text is not None for word in _WORD.findall(text)}
        names = [name for name in ("value", "raw") if name in words]
        if names:
            self.lines.append(f"{pad}{' = '.join(names)} = {raw}")
        if "scope" in words:
            if self.whole:
                raise Unwritten
            self.scoped = True
            self.lines.append(f"{pad}strand.state = {self.writer.constant(state)}")

    def pass_(self, state: State, run: _Run, pad: str) -> _Made:
        """A Pass or a Succeed."""
        number, after = self.passed(state, run, pad)
        return number, after, [after_it(state, self.block)], []

    def passed(self, state: State, run: _Run, pad: str) -> tuple[int, _Run]:
        """The same, wherever it leads."""
        if state.assign is not None or state.extent[0] == inf:
            raise Unwritten
        arguments, (steps, output), number = self.write(state.arguments), self.placing(state.output), self.number()
        self.see(state, run.raw, pad, arguments, output, *steps)
        given, out = run.raw, f"o{number}"
        made: tuple[str, ...] = ()
        if arguments is not None:
            given = f"g{number}"
            self.lines.append(f"{pad}{given} = {arguments}")
            made = (given,) if state.templated else ()
        result = given if state.fixed is None else self.writer.constant(state.fixed[0])
        if output is not None:
            self.lines += [f"{pad}result = {result}", *(pad + step for step in steps)]
        self.lines.append(f"{pad}{out} = {result if output is None else output}")
        untouched = (arguments, output, state.fixed) == (None, None, None)
        bound = run.bound if untouched else run.bound.then(state.extent, made)
        return number, _Run(out, bound, (*run.parts, state), (*run.values, out), run.events + 2, run.tasks)

    def choice(self, state: State, run: _Run, pad: str) -> _Made:
        """A Choice, which forks the stretch."""
        if state.straight is None or state.choose is None or state.next is None:
            raise Unwritten
        arguments, number = self.write(state.arguments), self.number()
        tests = written_tests(state.choose, self.writer)
        self.see(state, run.raw, pad, arguments, *tests)
        out = f"o{number}"
        self.lines.append(f"{pad}{out} = {run.raw}" if arguments is None else f"{pad}value = {out} = {arguments}")
        leads = [self.block.states[rule.next] for rule in state.rules] + [self.block.states[state.next]]
        after = run._replace(raw=out, parts=(*run.parts, state), values=(*run.values, out), events=run.events + 2)
        return number, after, leads, tests

    def parallel(self, state: State, run: _Run, pad: str) -> _Made:
        """A Parallel whose branches are short rows of Pass and Succeed."""
        if (
            state.arguments is not None
            or state.assign is not None
            or (state.output is not None and state.placed is None)
        ):
            raise Unwritten
        number = self.number()
        values, parts, ends = run.values, [], []
        events, bound, total, times = run.events + 2, run.bound, 2.0, 0
        for block in state.blocks:
            branch, inner = run._replace(parts=(), values=(), bound=bound, events=0), block.start
            while inner is not OVER:
                if inner.type not in ("Pass", "Succeed") or len(branch.parts) >= _LONGEST or self.count > _MOST:
                    raise Unwritten
                branch = self.passed(inner, branch, pad)[1]
                inner = after_it(inner, block)
            values += branch.values
            parts.append(branch.parts)
            ends.append(branch.raw)
            events += branch.events
            total += branch.bound.add + 1
            times += branch.bound.times
            # What all branches have made counts, and the next one begins with what the first one had.
            bound = branch.bound._replace(add=run.bound.add, times=run.bound.times)
        (steps, output), out = self.placing(state.output), f"o{number}"
        self.see(state, run.raw, pad, output, *steps)
        results = f"[{', '.join(ends)}]"
        if output is not None:
            self.lines += [f"{pad}result = {results}", *(pad + step for step in steps)]
            total, times = total + (state.placed or 0) + run.bound.add, times + run.bound.times
        self.lines.append(f"{pad}{out} = {results if output is None else output}")
        bound = bound._replace(
            add=total, times=times, most_add=max(bound.most_add, total), most_times=max(bound.most_times, times),
            kept=bound.kept + inf,
        )  # fmt: skip
        if times > _GROWTH * _GROWTH:
            raise Unwritten
        self.fans = True
        part = (state, tuple(parts))
        after = _Run(out, bound, (*run.parts, part), (*values, out), events + 2, run.tasks)
        return number, after, [after_it(state, self.block)], []

    def task(self, state: State, run: _Run, pad: str) -> _Made:
        """A Task that a function of its event alone answers."""
        resource = state.resource
        if self.whole or state.straight is None or resource is None or state.assign is not None:
            raise Unwritten
        if state.output is not None and state.placed is None:
            raise Unwritten
        arguments, (steps, output), number = self.write(state.arguments), self.placing(state.output), self.number()
        base = self.settle(run.bound, run.raw, number, pad)
        if "scope" in f"{arguments} {output}":  # its Context Object has times and a count of its own
            raise Unwritten
        self.see(state, run.raw, pad, arguments, output, *steps)
        handler = self.arns.setdefault(resource.arn, f"h{len(self.arns)}")
        say = self.lines.append
        given, result, over, out = (f"{letter}{number}" for letter in "gsto")
        if arguments is None:
            say(f"{pad}{given} = {run.raw}")
            say(f"{pad}e{number} = {given}.copy() if flat is {given} else copy({given})")
        else:
            say(f"{pad}{given} = {arguments}")
            if state.templated:
                say(f"{pad}if weigh({given}, most) > most: raise ValueError")
            say(f"{pad}e{number} = copy({given})")
        say(f"{pad}r{number} = {handler}(e{number})")
        say(f"{pad}{result} = x")
        for line in _CHECK:
            say(pad + line.format(n=number))
        say(f"{pad}{over} = now")
        bound = f"6 * w{number}"
        if output is None:
            say(f"{pad}{out} = {result}")
        else:
            bound = f"b{number}"
            say(f"{pad}result = {result}")
            self.lines += [pad + step for step in steps]
            say(f"{pad}placed = {output}")
            say(f"{pad}{bound} = {base} + 6 * w{number} + {self.writer.constant(state.placed)}")
            say(f"{pad}if {bound} > most:")
            say(f"{pad}    {bound} = strand.weighed = weigh(placed, most)")
            say(f"{pad}    if {bound} > most: raise ValueError")
            say(f"{pad}{out} = placed")
        made = [*([] if arguments is None else [given]), over, result, *([] if output is None else [out])]
        after = _Run(out, _Bound(bound), (*run.parts, state), (*run.values, *made), run.events + 5, run.tasks + 1)
        return number, after, [after_it(state, self.block)], []

    # -- sizes and ends ------------------------------------------------------------------------------------------------

    def settle(self, bound: _Bound, raw: str, number: int, pad: str) -> str:
        """Check every value since the last bound, and give the variable that bounds the one at hand."""
        if bound == _Bound(bound.base):
            return bound.base
        name, constant, say = f"m{number}", self.writer.constant, self.lines.append
        if bound.most_times <= _GROWTH or bound.kept == inf:
            bounds = [("high", bound.most_add, bound.most_times), (name, bound.add, bound.times)]
            for variable, add, times in bounds[: 1 if self.whole else 2]:
                say(f"{pad}{variable} = {constant(add)}" + (f" + {times} * {bound.base}" if times else ""))
            say(f"{pad}if high > most: raise ValueError")
            return name
        say(f"{pad}{name} = {bound.base} + {constant(bound.kept)} + 6 * len(marshalled(({', '.join(bound.made)},), 2))")
        say(f"{pad}if {name} > most: raise ValueError")
        if not self.whole:
            say(f"{pad}if {name} > {_LARGE} and {name} > 2 * strand.weighed:")
            say(f"{pad}    {name} = strand.weighed = weigh({raw}, most)")
        return name

    def end(self, led: State, run: _Run, pad: str) -> None:
        """Write the entry and leave."""
        self.longest = max(self.longest, run.events)
        self.ends.append(led)
        bound = self.settle(run.bound, run.raw, 0, pad)
        trail = self.writer.constant(Trail(run.parts, run.events))
        values = "".join(f", {value}" for value in run.values)
        say = self.lines.append
        if self.whole:
            say(f"{pad}return ({trail}, at, 0, start{values})")
            return
        # Ctrl-C may be heard between any two of these lines: `retreat` looks whether the entry is there.
        say(f"{pad}entry = ({trail}, at, strand.event, start{values})")
        say(f"{pad}count = history.count + {run.events}")
        if run.tasks:
            say(f"{pad}tokens = x.tokens + {run.tasks}")
        say(f"{pad}history.log.extend(entry)")
        say(f"{pad}history.count = strand.event = count")
        if run.tasks:
            say(f"{pad}x.now = now")
            say(f"{pad}x.tokens = tokens")
            say(f"{pad}x.flat = flat")
        say(f"{pad}strand.raw = {run.raw}")
        say(f"{pad}strand.bound = {bound}")
        if led is OVER:
            last = run.parts[-1]
            say(f"{pad}strand.state = {self.writer.constant(last[0] if isinstance(last, tuple) else last)}")
        say(f"{pad}return {self.writer.constant(led)}")


_WORD = re.compile(r"[a-z]+")  # whole: constants and variables have numbers
_LARGE = 20_000  # bytes that are worth being measured anew, see ways.measured

_CHECK = (
    # What handlers give is mostly flat, and is looked at, bounded and copied here. A mock may say that it is of another
    # class, but none can be compared with numbers, or is a key. `w` is a sixth of the bound: no
    # character takes more than six bytes, and a number of a moderate size no more than 20. Small integers come
    # first, since Python compares those in half the time.
    "w{n} = 1",
    "if type(r{n}) is dict:",
    "    for name in r{n}:",
    "        if name.__class__ is not str: break",
    "        member = r{n}[name]",
    "        if member.__class__ is int and -2**29 < member < 2**29: w{n} += len(name) + 5",
    "        elif type(member) is str: w{n} += len(name) + len(member) + 1",
    "        elif type(member) is bool or member is None: w{n} += len(name) + 2",
    "        elif member.__class__ is int and -2**62 < member < 2**62: w{n} += len(name) + 5",
    "        else: break",
    "    else: flat = s{n} = r{n}.copy()",
    "if flat is not s{n} or w{n} > sixth:",
    "    s{n} = accept(r{n})",
    "    w{n} = weigh(s{n}, most) / 6",
    "    if w{n} > sixth: raise ValueError",
    "    flat = None",
    "if clock is not None:",
    "    later = clock()",
    "    if later > now: now = later",
)


_MAKERS: dict[str, Callable[[_Loom, State, _Run, str], _Made]] = {
    "Pass": _Loom.pass_, "Succeed": _Loom.pass_, "Choice": _Loom.choice, "Parallel": _Loom.parallel, "Task": _Loom.task,
}  # fmt: skip


def stretch(state: State, block: Block, single: Way) -> Way | None:
    """The stretch that begins at this state, whose own way is `single`; None where it would be no longer than that."""
    loom = _Loom(block, whole=False)
    root = loom.weave(state, _Run("start", _Bound("bound")), "    ", _LONGEST, _MOST)
    if root is None or loom.count < 2:
        return None
    constant = loom.writer.constant
    head = ["history = x.history", f"if history.count > history.room - {loom.longest}: return single(x, strand)"]
    if loom.fans:
        head.append("if x.ready: return single(x, strand)")
    if loom.arns:
        head += ["plain = x.plain", "if plain is None or strand.parent is not None: return single(x, strand)"]
        for arn, handler in loom.arns.items():
            head += [f"{handler} = plain.get({constant(arn)})", f"if {handler} is None: return single(x, strand)"]
        head += ["clock = x.clock", "flat = x.flat"]
    if loom.scoped:
        head += ["scope = x", "x.current = strand"]
    head += ["at = now = x.now", "start = strand.raw", "bound = strand.bound", "most = x.most_bytes"]
    if loom.arns:
        head.append("sixth = most // 6 if most.__class__ is int else most")
    head.append("try:")
    tail = ["except BaseException as error:", "    return retreat(x, strand, locals(), error)"]
    try:
        made: Way = generate(
            "x, strand", [*head, *loom.lines, *tail], loom.writer, single=single, retreat=retreat_of(root, single),
            weigh=weigh, marshalled=marshalled, copy=copy, accept=accept,
        )  # fmt: skip
    except Unwritten:
        return None
    return made


def whole(block: Block) -> Whole | None:
    """A whole execution as one function, where nothing in it waits, calls, or asks for more than its input."""
    loom = _Loom(block, whole=True)
    if loom.weave(block.start, _Run("start", _Bound("bound")), "    ", _LONGEST, _MOST) is None:
        return None
    if any(led is not OVER for led in loom.ends):
        return None
    lines = ["try:", *loom.lines, "except Exception:", "    return None"]
    try:
        made: Whole = generate("start, bound, most, at", lines, loom.writer, marshalled=marshalled)
    except Unwritten:
        return None
    return made


__all__ = ["Whole", "stretch", "whole"]
