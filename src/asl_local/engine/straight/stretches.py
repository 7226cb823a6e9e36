"""Stretches: a run of states as one function, which keeps its values in its own variables and writes one entry at its end.

Knows: states that a generated function can do one after the other, calls of plain functions among them. Must never know:
what becomes of a state in which anything is unusual.

A stretch begins at a state that was visited often, follows every way that leads on from there (a Choice forks it, so each
end of the tree is a run of its own), and ends where a state waits, fans out, assigns, or where it is long enough. Its
source is the states' own expressions, one after the other (language/generated.py), so states of one shape share it. Where
anything is unusual, `retreat` finds out how far it has come, writes that down state by state, and leaves the rest to the
state's own way.

Where other lines of control are alive, somebody may overtake a call (drivers/overtaking.py): there a stretch writes
down what it has done before each call and after it, so that the strand always is where it says.

Sizes are bounded once for several states. Where a bound grows no faster than eightfold it is a sum; else everything that
templates have made since the last bound is measured at once, by one call of marshal.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from math import inf
from typing import Any, NamedTuple, TypeAlias

from asl_local.engine.history import Part, Trail
from asl_local.engine.messages import LONG
from asl_local.engine.straight import fan_out
from asl_local.engine.straight.retreat import Knot, retreat_of, stopped
from asl_local.engine.straight.ways import OVER, Way
from asl_local.engine.straight.ways import after as after_it
from asl_local.language.generated import Unwritten, Write, Writer, generate, statements, written_tests
from asl_local.plan import Block, State
from asl_local.values import accept, copy, marshalled, may_hold_others, weigh

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


class Run(NamedTuple):
    """What has been woven up to a place: value and bound at hand, what the entry will have, and all events, some of which
    are written already.
    """

    raw: str
    bound: _Bound
    parts: tuple[Part, ...] = ()
    values: tuple[str, ...] = ()
    events: int = 0
    tasks: int = 0
    written: int = 0


_Made: TypeAlias = "tuple[int, Run, list[State], list[str]]"
"""A state's number, what there is after it, where it leads, and the tests that decide between several leads."""


class Loom:
    """Weaves one stretch."""

    def __init__(self, block: Block, *, whole: bool, watched: bool = False) -> None:
        self.block, self.whole, self.watched, self.writer = block, whole, watched, Writer()
        self.lines: list[str] = []
        self.count = self.longest = 0
        self.arns: dict[str, str] = {}
        self.scoped = self.fans = False
        self.who = "strand"  # the variable with the strand at hand: in a branch whose calls are watched it is its child
        self.ends: list[State] = []

    # -- states --------------------------------------------------------------------------------------------------------

    def weave(self, state: State, run: Run, pad: str, room: int, budget: int) -> Knot | None:
        """Write what the state does and what follows it; None, with the run's end written, where it cannot be woven."""
        made = None
        if room and budget > 0 and state is not OVER:
            make = _MAKERS.get(state.type)
            before, constants = len(self.lines), len(self.writer.constants)
            arns, block = dict(self.arns), self.block
            if make is not None:
                try:
                    made = make(self, state, run, pad)
                except Unwritten:
                    del self.lines[before:]
                    self.writer.back_to(constants)
                    self.arns, self.block, self.who = arns, block, "strand"
        if made is None:
            self.end(state, run, pad)
            return None
        number, after, leads, tests = made
        part = after.parts[-1] if after.parts else state
        knot = Knot(state, number, part, after.values[len(run.values) :], after.events - run.events)
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
            if self.whole or self.who != "strand":
                raise Unwritten
            self.scoped = True
            self.lines.append(f"{pad}strand.state = {self.writer.constant(state)}")

    def pass_(self, state: State, run: Run, pad: str) -> _Made:
        """A Pass or a Succeed."""
        number, after = self.passed(state, run, pad)
        return number, after, [after_it(state, self.block)], []

    def passed(self, state: State, run: Run, pad: str) -> tuple[int, Run]:
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
        after = run._replace(
            raw=out, bound=bound, parts=(*run.parts, state), values=(*run.values, out), events=run.events + 2
        )  # fmt: skip
        return number, after

    def choice(self, state: State, run: Run, pad: str) -> _Made:
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

    def parallel(self, state: State, run: Run, pad: str) -> _Made:
        """A Parallel whose branches are short rows of Pass and Succeed; and of Tasks where they are watched."""
        if self.watched and any(inner.type == "Task" for block in state.blocks for inner in block.states.values()):
            return fan_out.weave(self, state, run, pad)
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
                if inner.type not in ("Pass", "Succeed") or self.is_long(branch):
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
        after = run._replace(raw=out, bound=bound, parts=(*run.parts, part), values=(*values, out), events=events + 2)
        return number, after, [after_it(state, self.block)], []

    def task(self, state: State, run: Run, pad: str) -> _Made:
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
        arn, handler = self.writer.constant(resource.arn), self.arns.setdefault(resource.arn, f"h{len(self.arns)}")
        say = self.lines.append
        if self.watched:
            run = self.write_down(run, state, base, pad)
            if number > 1:
                there = self.writer.constant(state) if self.who == "strand" else "aside(x, child)"
                say(f"{pad}if {arn} in slow: return {there}")
        given, result, over, out = (f"{letter}{number}" for letter in "gsto")
        say(f"{pad}{given} = {run.raw if arguments is None else arguments}")
        if arguments is None:
            flat = f"{given}.__class__ is dict and not tracked({given})" if self.watched else f"flat is {given}"
            say(f"{pad}e{number} = {given}.copy() if {flat} else copy({given})")
        else:
            if state.templated:
                say(f"{pad}if weigh({given}, most) > most: raise ValueError")
            say(f"{pad}e{number} = copy({given})")
        self.lines += [
            pad + line.format(n=number, h=handler, arn=arn, who=self.who)
            for line in (_WATCHED if self.watched else _ALONE)
        ]
        self.lines += [pad + line.format(n=number) for line in _CHECK]
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
        after = run._replace(
            raw=out, bound=_Bound(bound), parts=(*run.parts, state), values=(*run.values, *made), events=run.events + 5,
            tasks=run.tasks + 1,
        )  # fmt: skip
        led = after_it(state, self.block)
        if self.watched:
            say(f"{pad}if now - at > {LONG}: calls.took_long({arn}, x.tokens)")
            after = self.write_down(after, state if led is OVER else led, bound, pad)
            say(f"{pad}k = 0")
        return number, after, [led], []

    def is_long(self, run: Run) -> bool:
        """Whether there is no room for more states in a row."""
        return len(run.parts) >= _LONGEST or self.count > _MOST

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

    def end(self, led: State, run: Run, pad: str) -> None:
        """Write the entry and leave."""
        self.longest = max(self.longest, run.events)
        self.ends.append(led)
        bound = self.settle(run.bound, run.raw, 0, pad)
        if self.whole:
            self.lines.append(f"{pad}return ({self.entry(run, '0')})")
            return
        if run.parts:
            last = run.parts[-1]
            self.write_entry(run, bound, pad)
            if led is OVER:
                self.stand(last[0] if isinstance(last, tuple) else last, pad)
        self.lines.append(f"{pad}return {self.writer.constant(led)}")

    def entry(self, run: Run, event: str) -> str:
        """What the log will have of the run."""
        trail = self.writer.constant(Trail(run.parts, run.events - run.written))
        return f"{trail}, at, {event}, start" + "".join(f", {value}" for value in run.values)

    def write_entry(self, run: Run, bound: str, pad: str) -> None:
        """Write it, and where the strand is then."""
        say, who = self.lines.append, self.who
        if self.watched and (self.arns or who == "child"):  # by a thread of its own, which nothing interrupts
            say(f"{pad}history.log.extend(({self.entry(run, f'{who}.event')}))")
            say(f"{pad}history.count = {who}.event = history.count + {run.events - run.written}")
            if run.tasks:
                say(f"{pad}x.now = now")
                say(f"{pad}x.tokens += {run.tasks}")
            say(f"{pad}{who}.raw = {run.raw}")
            say(f"{pad}{who}.bound = {bound}")
            return
        # Ctrl-C may be heard between any two of these lines: `retreat` looks whether the entry is there.
        say(f"{pad}entry = ({self.entry(run, 'strand.event')})")
        say(f"{pad}count = history.count + {run.events - run.written}")
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

    def stand(self, state: State, pad: str) -> None:
        """Say which state the strand is in."""
        self.lines.append(f"{pad}{self.who}.state = {self.writer.constant(state)}")

    def write_down(self, run: Run, state: State, bound: str, pad: str) -> Run:
        """Write down what was done, before the strand comes to this state; what follows is an entry of its own."""
        if not run.parts:
            return run
        self.write_entry(run, bound, pad)
        self.stand(state, pad)
        self.lines.append(f"{pad}first = {self.writer.constant(state)}")
        self.lines.append(f"{pad}start = {run.raw}")
        if run.tasks:
            self.lines.append(f"{pad}at = now")
        return run._replace(parts=(), values=(), tasks=0, written=run.events)


_FORKS = {"fork": fan_out.fork, "aside": fan_out.aside, "late": fan_out.late, "left": fan_out.left}
_WORD = re.compile(r"[a-z]+")  # whole: constants and variables have numbers
_LARGE = 20_000  # bytes that are worth being measured anew, see ways.measured

_ALONE = ("r{n} = {h}(e{n})", "s{n} = x")
_WATCHED = (
    "claim = [None]",
    "calls.current = ({who}, claim, {arn})",
    "k = {n}",
    "r{n} = {h}(e{n})",
    "claim.pop()",
    "k = -{n}",
    "s{n} = x",
)
"""A call; `k` says whose it is that is out, and, below 0, whose answer is there and not yet written down."""

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


_MAKERS: dict[str, Callable[[Loom, State, Run, str], _Made]] = {
    "Pass": Loom.pass_, "Succeed": Loom.pass_, "Choice": Loom.choice, "Parallel": Loom.parallel, "Task": Loom.task,
}  # fmt: skip


def stretch(state: State, block: Block, single: Way, *, watched: bool) -> Way | None:
    """The stretch that begins at this state, whose own way is `single`; None where it would be no longer than that.

    One whose calls are `watched` may be overtaken in them: for strands beside which there are others.
    """
    loom = Loom(block, whole=False, watched=watched)
    root = loom.weave(state, Run("start", _Bound("bound")), "    ", _LONGEST, _MOST)
    watched = watched and bool(loom.arns)
    if root is None or (loom.count < 2 and not watched):
        return None
    constant = loom.writer.constant
    head = ["history = x.history", f"if history.count > history.room - {loom.longest}: return single(x, strand)"]
    if loom.fans:
        head.append("if x.ready: return single(x, strand)")
    if loom.arns:
        head.append("plain = x.plain")
        if watched:
            head += [
                "calls = x.calls",
                "if plain is None or calls is None: return single(x, strand)",
                "slow = calls.slow",
            ]
            first = "" if state.resource is None else f" or {constant(state.resource.arn)} in slow"
            head.append(f"if x.waiting or x.commands or x.errands{first}: return single(x, strand)")
            head += ["k = 0", "child = None", f"first = {constant(state)}"]
        else:
            head.append("if plain is None or strand.parent is not None: return single(x, strand)")
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
            "x, strand", [*head, *loom.lines, *tail], loom.writer, single=single,
            retreat=stopped if watched else retreat_of(root, single), tracked=may_hold_others,
            **_FORKS,
            weigh=weigh, marshalled=marshalled, copy=copy, accept=accept,
        )  # fmt: skip
    except Unwritten:
        return None
    return made


def whole(block: Block) -> Whole | None:
    """A whole execution as one function, where nothing in it waits, calls, or asks for more than its input."""
    loom = Loom(block, whole=True)
    if loom.weave(block.start, Run("start", _Bound("bound")), "    ", _LONGEST, _MOST) is None:
        return None
    if any(led is not OVER for led in loom.ends):
        return None
    lines = ["try:", *loom.lines, "except Exception:", "    return None"]
    try:
        made: Whole = generate("start, bound, most, at", lines, loom.writer, marshalled=marshalled)
    except Unwritten:
        return None
    return made


__all__ = ["Loom", "Run", "Whole", "stretch", "whole"]
