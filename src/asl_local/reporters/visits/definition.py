"""A definition as visits need it: where a state stands, which branch begins with it, and what leads from it to another.

Knows: the definition's JSON, valid or not, or that there is none. Must never know: events, or what became of anything.
States are looked up in the block that they run in; the library's own checks ask for names that are unique in the whole
machine, as AWS does, but a picture may be made of what they refuse. Where nobody knows the block (a history may be cut),
such a name is enough.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from asl_local.definition.json_text import escape, unescape
from asl_local.plan.plan import matches
from asl_local.values import Json


class Known:
    """What is known of a definition; of None, nothing: every pointer is ""."""

    def __init__(self, definition: Mapping[str, Json] | None) -> None:
        self._blocks: dict[str, dict[str, str]] = {}  # a block's pointer -> its states' pointers by name
        self._states: dict[str, Mapping[str, Any]] = {}  # a state's pointer -> the state
        self._branches: dict[
            str, dict[str, int]
        ] = {}  # a Parallel's pointer -> branches by the state that they begin with
        self._named: dict[str, str] = {}  # the pointers of states by names that only one of them has, else ""
        if definition:
            self._read(definition, "")

    def pointer(self, container: str | None, slot: int | None, name: str) -> str:
        """The pointer of the state of this name in a branch or iteration of a container; None: at the top."""
        return self._blocks.get(self._block(container, slot), {}).get(name, "") or self._named.get(name, "")

    def branch(self, parallel: str, first: str) -> int | None:
        """The index of the branch of a Parallel that begins with a state; None where that is not known."""
        return self._branches.get(parallel, {}).get(first)

    def leads(self, pointer: str, target: str | None) -> str:
        """What leads from a state that did its work to another, or to the end (None); "" where nothing does."""
        state = self._states.get(pointer)
        if state is None:
            return ""
        if target is None:
            ends = state.get("End") is True or state.get("Type") in ("Succeed", "Fail")
            return f"{pointer}/End" if ends else ""
        if state.get("Next") == target:
            return f"{pointer}/Next"
        for number, rule in enumerate(_listed(state, "Choices")):
            if rule.get("Next") == target:
                return f"{pointer}/Choices/{number}"
        return f"{pointer}/Default" if state.get("Default") == target else ""

    def goes_on(self, pointer: str) -> str:
        """What a state is left by that has one way on: its Next or its End; "" for a Choice."""
        state = self._states.get(pointer, {})
        return self.leads(pointer, state.get("Next"))

    def catches(self, pointer: str, error: str | None, target: str | None = None) -> str:
        """The catcher that takes an error to a state (None: wherever it leads); "" where none does.

        A catcher that leads there is believed even if its ErrorEquals does not say so: a history does not always have
        the error that the catchers saw.
        """
        fitting = [
            (f"{pointer}/Catch/{number}", catcher)
            for number, catcher in enumerate(_listed(self._states.get(pointer, {}), "Catch"))
            if target in (None, catcher.get("Next"))
        ]
        for at, catcher in fitting:
            if error is not None and matches(frozenset(_texts(catcher.get("ErrorEquals"))), error, task_result=True):
                return at
        return fitting[0][0] if fitting and target is not None else ""

    def may_catch(self, pointer: str) -> bool:
        """Whether a state has catchers, or nobody knows."""
        return pointer not in self._states or bool(self._states[pointer].get("Catch"))

    def fails_with(self, pointer: str) -> tuple[str | None, str | None]:
        """The Error and Cause of a Fail state, as far as they are not computed."""
        state = self._states.get(pointer, {})
        error, cause = state.get("Error"), state.get("Cause")
        return _constant(error), _constant(cause)

    def error_output(self, edge: str, output: Json) -> tuple[str | None, str | None]:
        """The error and cause that a catcher has put into a state's output; None where it has not."""
        pointer, _, number = edge.rpartition("/Catch/")
        catchers = _listed(self._states.get(pointer, {}), "Catch")
        path = catchers[int(number)].get("ResultPath", "$") if number and int(number) < len(catchers) else "$"
        for step in path.removeprefix("$").split(".")[1:] if isinstance(path, str) else ():
            output = output.get(step) if isinstance(output, dict) else None
        if isinstance(output, dict) and "Error" in output and output.keys() <= {"Error", "Cause"}:
            return _text(output["Error"]), _text(output.get("Cause"))
        return None, None

    def _block(self, container: str | None, slot: int | None) -> str:
        if container is None:
            return ""
        state = self._states.get(container, {})
        if state.get("Type") == "Parallel":
            return f"{container}/Branches/{slot}"
        return f"{container}/{processor_of(state)}" if container else "unknown"

    def _read(self, block: Mapping[str, Any], pointer: str) -> None:
        states = block.get("States")
        if not isinstance(states, Mapping):  # a placeholder stands for all of them
            return
        own = self._blocks[pointer] = {}
        for name, state in states.items():
            at = own[name] = f"{pointer}/States/{escape(name)}"
            self._named[name] = "" if name in self._named else at
            if isinstance(state, Mapping):
                self._states[at] = state
                for step, inner in _inner(state):
                    self._read(inner, f"{at}/{step}")
                branches = self._branches[at] = {}
                for number, branch in enumerate(_listed(state, "Branches")):
                    branches.setdefault(str(branch.get("StartAt")), number)


def processor_of(map_state: Mapping[str, Any]) -> str:
    """The field that holds what a Map runs."""
    return "Iterator" if "ItemProcessor" not in map_state and "Iterator" in map_state else "ItemProcessor"


def processor_at(definition: Mapping[str, Json] | None, pointer: str) -> Mapping[str, Json] | None:
    """What the Map at a pointer runs; None where that is not known."""
    state: Any = definition
    for step in pointer.split("/")[1:]:
        state = state[int(step)] if isinstance(state, list) else state[unescape(step)]
    block = state.get(processor_of(state)) if pointer and state is not None else None
    return block if isinstance(block, Mapping) else None


def _inner(state: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for number, branch in enumerate(_listed(state, "Branches")):
        yield f"Branches/{number}", branch
    processor = state.get(processor_of(state))
    if isinstance(processor, Mapping):
        yield processor_of(state), processor


def _listed(state: Mapping[str, Any], field: str) -> list[Mapping[str, Any]]:
    """The members of a field that are objects, in order; one that is none still counts."""
    members = state.get(field)
    return [each if isinstance(each, Mapping) else {} for each in members] if isinstance(members, list) else []


def _texts(given: Json) -> list[str]:
    return [each for each in given if isinstance(each, str)] if isinstance(given, list) else []


def _text(given: Json) -> str | None:
    return given if isinstance(given, str) else None


def _constant(given: Json) -> str | None:
    return given if isinstance(given, str) and not given.startswith("{%") else None


__all__ = ["Known", "processor_at", "processor_of"]
