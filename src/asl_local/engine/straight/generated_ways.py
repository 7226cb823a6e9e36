"""Ways as Python source: the state's expressions and what it adds to the history in one function.

Knows: the ways of ways.py, line by line. Must never know: what goes wrong in one: at any exception it asks that one.
Two calls less for a state are a third of its time. A state whose expressions have no form as source keeps its way.
"""

from __future__ import annotations

from typing import Any

from asl_local.engine.straight.ways import Way, after, measured
from asl_local.language.generated import Unwritten, Write, Writer, generate
from asl_local.plan import Block, State

_LEAVE = (
    "history = x.history",
    "history.log.extend((state, x.now, strand.event, raw, out, None))",
    "history.count = strand.event = history.count + 2",
)


def generate_way(state: State, block: Block, way: Way) -> Way:
    """The generated form of a way of a Pass, a Succeed or a Choice; that way itself where there is none."""
    try:
        if state.type == "Choice":
            return _choice(state, block, way)
        return _pass(state, block, way) if state.type in ("Pass", "Succeed") else way
    except Unwritten:
        return way


def _write(expression: Any) -> Write | None:
    return getattr(expression, "write", None)


def _pass(state: State, block: Block, way: Way) -> Way:
    arguments, output = _write(state.arguments), _write(state.output)
    if state.assign is not None or (arguments, output) == (None, None):
        return way
    if (arguments is None) is not (state.arguments is None) or (output is None) is not (state.output is None):
        return way
    writer = Writer()
    given = "raw" if arguments is None else arguments(writer)
    result = "given" if state.fixed is None else writer.constant(state.fixed[0])
    out = "result" if output is None else output(writer)
    add, times = state.extent
    lines = (
        "value = raw = strand.raw",
        "scope = x",
        "x.current = strand",
        "try:",
        f"    given = {given}",
        f"    result = {result}",
        f"    out = {out}",
        "except Exception:",
        "    return way(x, strand)",
        f"bound = {writer.constant(add)}" + ("" if times == 0 else f" + {times} * strand.bound"),
        "if bound > x.most_bytes:",
        "    bound = measured(x, strand, state, given, out)",
        "    if bound > x.most_bytes:",
        "        return None",
        *_LEAVE,
        "strand.raw = out",
        "strand.bound = bound",
        "return led",
    )
    made: Way = generate(
        "x, strand", lines, writer, way=way, state=state, led=after(state, block), measured=measured
    )  # fmt: skip
    return made


def _choice(state: State, block: Block, way: Way) -> Way:
    choose, arguments = _write(state.choose), _write(state.arguments)
    if choose is None or (arguments is None) is not (state.arguments is None) or state.next is None:
        return way
    writer = Writer()
    names = [rule.next for rule in state.rules] + [state.next]
    led = writer.constant(tuple(block.states[name] for name in names))
    lines = (
        "value = raw = strand.raw",
        "scope = x",
        "x.current = strand",
        "try:",
        f"    value = out = {'raw' if arguments is None else arguments(writer)}",
        f"    chosen = {led}[{choose(writer)}]",
        "except Exception:",
        "    return way(x, strand)",
        *_LEAVE,
        "strand.raw = out",
        "return chosen",
    )
    made: Way = generate("x, strand", lines, writer, way=way, state=state)
    return made


__all__ = ["generate_way"]
