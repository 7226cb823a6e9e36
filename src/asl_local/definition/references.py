"""Which variables each state of a definition reads: the `variableReferences` of DescribeStateMachine.

Knows: where expressions stand and how a variable looks in both query languages. Must never know: scopes, or values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from asl_local.language.jsonata import is_jsonata
from asl_local.language.jsonata.problems import variables_read
from asl_local.values import Json

_NESTED = ("ItemProcessor", "Iterator", "Branches")  # their states answer for themselves (recorded)
_TEMPLATES = frozenset(
    {"Arguments", "Assign", "BatchInput", "Credentials", "ItemSelector", "Parameters", "Result", "ResultSelector"}
)
_STATIC = frozenset({"Comment", "Result"})

_JSONPATH_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
_JSONPATH_VARIABLE = re.compile(r"(?<![\w$.])\$([^\W\d]\w*)")


def variable_references(definition: Json) -> dict[str, list[str]]:
    """`{state: [variable, ...]}`, names sorted, for every state at any depth that reads a variable."""
    found: dict[str, list[str]] = {}
    if isinstance(definition, dict):
        _block(definition, definition.get("QueryLanguage", "JSONPath"), found)
    return found


def _block(block: Mapping[str, Json], language: Json, found: dict[str, list[str]]) -> None:
    states = block.get("States")
    for name, state in states.items() if isinstance(states, dict) else ():
        if not isinstance(state, dict):
            continue
        spoken = state.get("QueryLanguage", language)
        own = {field: value for field, value in state.items() if field not in _NESTED}
        names = set(_in_jsonata(own) if spoken == "JSONata" else _in_jsonpath(own, template=False))
        if names:
            found[name] = sorted(names)
        for field in _NESTED:
            inner = state.get(field, ())
            for each in inner if isinstance(inner, list) else [inner]:
                if isinstance(each, dict):
                    _block(each, spoken, found)


def _in_jsonpath(value: Json, *, template: bool) -> Iterator[str]:
    """Variables in paths: in the fields that are paths, and below templates where the key ends with `.$`."""
    if isinstance(value, list):
        for item in value:
            yield from _in_jsonpath(item, template=template)
    elif isinstance(value, dict):
        for key, content in value.items():
            if not template and key in _STATIC:
                continue
            if isinstance(content, str):
                if key.endswith(".$") if template else key == "Variable" or key.endswith(("Path", ".$")):
                    yield from _JSONPATH_VARIABLE.findall(_JSONPATH_QUOTED.sub("''", content))
            else:
                yield from _in_jsonpath(content, template=template or key in _TEMPLATES)


def _in_jsonata(value: Json) -> Iterator[str]:
    """Variables in every `{% %}`, without those that the expression binds itself."""
    if isinstance(value, list):
        for item in value:
            yield from _in_jsonata(item)
    elif isinstance(value, dict):
        for key, content in value.items():
            if key != "Comment":
                yield from _in_jsonata(content)
    elif isinstance(value, str) and is_jsonata(value):
        yield from variables_read(value[2:-2])
