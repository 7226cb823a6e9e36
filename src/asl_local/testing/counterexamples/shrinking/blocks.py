"""Blocks of states (a machine, a branch, what a Map runs) with fewer states in them, whose transitions lead somewhere.

Knows: transitions. Must never know: what a state does, or why one is left out.

All functions give new blocks and share what they do not change. A block is an object with StartAt and States.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, TypeAlias

from asl_local.testing.counterexamples.shrinking.json_trees import Path, found, replaced

Block: TypeAlias = dict[str, Any]
State: TypeAlias = dict[str, Any]

LEADING: Final = ("Choices", "Catch")  # fields whose members have a Next of their own
ENDING: Final = ("Succeed", "Fail")


def blocks(definition: Block) -> Iterator[Path]:
    """The paths of all blocks, the machine first, outer ones before inner ones."""
    waiting: list[Path] = [()]
    for path in waiting:
        yield path
        waiting.extend(
            inner for name in found(definition, path)["States"] for inner in inside(definition, (*path, "States", name))
        )


def inside(definition: Block, path: Path) -> Iterator[Path]:
    """The paths of the blocks of the state at a path: the branches of a Parallel, what a Map runs."""
    state = found(definition, path)
    for number in range(len(state.get("Branches", ()))):
        yield (*path, "Branches", number)
    for field in ("ItemProcessor", "Iterator"):
        if field in state:
            yield (*path, field)


def targets(state: State) -> list[str]:
    """The names of the states that a state leads to, each once, in the order of the text."""
    names = [state[field] for field in ("Next", "Default") if field in state]
    names += [member["Next"] for field in LEADING for member in state.get(field, ())]
    return list(dict.fromkeys(names))


def ends(state: State) -> bool:
    """Whether a state leads to no other."""
    return state["Type"] in ENDING or state.get("End") is True


def tidied(definition: Block) -> Block:
    """The definition without the states that nothing leads to, at any depth."""
    for path in list(blocks(definition)):
        try:
            block = found(definition, path)
        except KeyError:
            continue  # it was in a state that is gone
        reached, waiting = {block["StartAt"]}, [block["StartAt"]]
        while waiting:
            for name in targets(block["States"][waiting.pop()]):
                if name not in reached:
                    reached.add(name)
                    waiting.append(name)
        if len(reached) < len(block["States"]):
            states = {name: state for name, state in block["States"].items() if name in reached}
            definition = replaced(definition, path, {**block, "States": states})
    return definition


def ways_out(block: Block, name: str) -> list[str | None]:
    """Where those who led to a state could be led instead; None: nowhere, they end."""
    state = block["States"][name]
    others: list[str | None] = [each for each in targets(state) if each != name]
    if not ends(state):
        return others
    # Those that can lead on in no way: what is led to them instead goes round in no new circle.
    more = [each for each, other in block["States"].items() if each != name and ends(other) and not targets(other)]
    return [None, *more] if state["Type"] != "Fail" else list(more)


def bypassed(block: Block, name: str, target: str | None) -> Block | None:
    """The block without a state, whose callers lead to `target` instead; None where that cannot be."""
    if block["StartAt"] == name and target is None:
        return None
    states: dict[str, State] = {}
    for each, state in block["States"].items():
        if each != name:
            led = _led(state, name, target)
            if led is None:
                return None
            states[each] = led
    start = target if block["StartAt"] == name else block["StartAt"]
    return {**block, "StartAt": start, "States": states}


def _led(state: State, name: str, target: str | None) -> State | None:
    if name not in targets(state):
        return state
    if target is None:
        if state.get("Next") != name or any(name in targets({field: state.get(field, ())}) for field in LEADING):
            return None
        return ended(state)
    led: State = {
        field: target if field in ("Next", "Default") and value == name else value for field, value in state.items()
    }
    for field in LEADING:
        if field in led:
            led[field] = [{**member, "Next": target} if member.get("Next") == name else member for member in led[field]]
    return led


def ended(state: State) -> State:
    """A state that had a Next, and now is an end."""
    return {
        ("End" if field == "Next" else field): (True if field == "Next" else value) for field, value in state.items()
    }


def unwrapped(block: Block, name: str, inner: Block) -> Block:
    """The block in which the states of `inner` stand instead of the Parallel or Map that ran it."""
    following = block["States"][name].get("Next")
    states: dict[str, State] = {}
    for each, state in block["States"].items():
        if each == name:
            states |= {own: _going_on(other, following) for own, other in inner["States"].items()}
        else:
            states[each] = _led(state, name, inner["StartAt"]) or state
    start = inner["StartAt"] if block["StartAt"] == name else block["StartAt"]
    return {**block, "StartAt": start, "States": states}


def _going_on(state: State, following: str | None) -> State:
    """A state of a block that ended there, and now leads on."""
    if following is None or not ends(state) or state["Type"] == "Fail":
        return state
    if state["Type"] == "Succeed":
        return {**state, "Type": "Pass", "Next": following}
    return {
        ("Next" if field == "End" else field): (following if field == "End" else value)
        for field, value in state.items()
    }
