"""Plain definitions: those in which nothing can be wrong, told by a look at them.

Knows: states without expressions, one after the other. Must never know: what is wrong with any other definition.

"Yes" means that the walk of the checks would find nothing, "no" that it has to look. The first program of everybody and
most machines of tests are such, and the walk, with the table of all fields and AWS's words for what breaks them, takes
longer to import than they take to run. That the two agree is held by tests/definition/test_plain.py.
"""

from __future__ import annotations

from asl_local.lazy import TYPE_CHECKING

if TYPE_CHECKING:
    from asl_local.values import Json

# As in the grammar, which says where they are from.
LONGEST_NAME = 80
LONGEST_SECONDS = 99_999_999

_WHOLE = ("InputPath", "OutputPath", "ResultPath")  # they may be `$`, and null
_MACHINE = frozenset({"Comment", "StartAt", "States", "QueryLanguage", "Version", "TimeoutSeconds"})
_ALL = frozenset({"Type", "Comment", "QueryLanguage"})
_STATES = {
    "Pass": _ALL | {"Result", "Next", "End", *_WHOLE},
    "Wait": _ALL | {"Seconds", "Next", "End", "InputPath", "OutputPath"},
    "Succeed": _ALL | {"InputPath", "OutputPath"},
    "Fail": _ALL | {"Error", "Cause"},
}


def is_plain(tree: Json) -> bool:
    """Whether nothing can be wrong in the definition, for certain."""
    if type(tree) is not dict or not _MACHINE.issuperset(tree):
        return False
    states, name = tree.get("States"), tree.get("StartAt")
    if type(states) is not dict or type(name) is not str:
        return False
    if tree.get("Version", "1.0") != "1.0" or not _are_plain(tree):
        return False
    left = set(states)
    while name is not None:  # each leads to one other: when all were seen once, all are reached, and there is an end
        if name not in left:
            return False
        left.remove(name)
        state = states[name]
        if not 1 <= len(name) <= LONGEST_NAME or type(state) is not dict:
            return False
        kind = state.get("Type")
        fields = _STATES.get(kind) if type(kind) is str else None
        if fields is None or not fields.issuperset(state) or not _are_plain(state):
            return False
        if kind == "Wait" and "Seconds" not in state:
            return False
        name = state.get("Next")
        if "Next" in fields and (type(name) is not str if "Next" in state else state.get("End") is not True):
            return False
        if "Next" in state and "End" in state:
            return False
    return not left


def _are_plain(fields: dict[str, Json]) -> bool:
    for name, value in fields.items():
        if name in _WHOLE:
            fits = value is None or value == "$"
        elif name in ("Comment", "Error", "Cause"):
            fits = type(value) is str and _is_static(value)
        elif name in ("Seconds", "TimeoutSeconds"):
            fits = type(value) is int and 0 <= value <= LONGEST_SECONDS
        elif name == "QueryLanguage":
            fits = value == "JSONPath"
        else:
            fits = name != "Result" or _is_static(value)
        if not fits:
            return False
    return True


def _is_static(value: Json) -> bool:
    """Whether nothing in the value could be taken for a path, a call or a placeholder."""
    kind = type(value)
    if kind is str:
        return "$" not in value and "States." not in value
    if kind is dict:
        return all(_is_static(name) and _is_static(member) for name, member in value.items())
    return all(map(_is_static, value)) if kind is list else True
