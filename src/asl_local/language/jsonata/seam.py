"""The seam between a JSONata expression and the engine that evaluates it: what an engine offers, and which one is taken.

Knows: the names of the engines and what an evaluation may come to. Must never know: fields, states, or AWS's sentences.

An engine is a library behind one small adapter (`engine_jlens`, `engine_jsonata2py`). No engine is imported before the
first JSONata expression is compiled.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Mapping
from enum import Enum
from functools import lru_cache
from typing import Protocol, TypeAlias

from asl_local.errors import MissingExtra
from asl_local.language import Scope
from asl_local.values import Json


class NoValue(Enum):
    """What an evaluation can come to besides a JSON value."""

    UNDEFINED = "undefined"
    FUNCTION = "function"


Outcome: TypeAlias = "Json | NoValue"
Program: TypeAlias = Callable[[Mapping[str, Json], Mapping[str, Json], Scope], Outcome]
"""`program(states, variables, scope)`: the value of `$states`, the variables that are in scope by name, and the scope
for chance and time. Raises Thrown or Exceeded."""


class Thrown(Exception):
    """A JSONata error: its code (`T1006`) and message, as jsonata-js 2.0.6 words it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message = code, message


class Bound(Enum):
    """What an expression may run out of."""

    MEMORY = "memory"
    DEPTH = "depth"
    TIME = "time"


class Exceeded(Exception):
    """The evaluation ran into one of its bounds."""

    def __init__(self, bound: Bound) -> None:
        super().__init__(bound.value)
        self.bound = bound


class Engine(Protocol):
    """What an adapter module offers."""

    def compile(self, text: str, names: frozenset[str]) -> Program:
        """The expression as a Program; `names` are the variables that it reads, without `$`.

        Raises Thrown for text that the engine does not parse.
        """


# AWS's bounds, each measured there by others: 100 levels of evaluation; `[1..873782]` is the longest array, which at 8
# bytes an item is also the size of the largest text.
DEEPEST = 100
LONGEST_ARRAY = 873_782
LONGEST_TEXT = 8 * LONGEST_ARRAY
# AWS stops after a second of its own clock. Steps are what is counted here, so that a result does not hang on how busy
# the machine is: more than anything takes that AWS lets through. Regular expressions take no steps: for these a clock.
MOST_STEPS = 10_000_000
SECONDS = 5.0

ENGINES = {"jlens": "engine_jlens", "jsonata2py": "engine_jsonata2py"}


class NoEngine(MissingExtra):
    """The definition has JSONata, and no engine for it is installed."""


def load_engine(name: str | None = None) -> Engine:
    """The engine of that name, or the first of ENGINES that is installed. Raises NoEngine."""
    found: Engine = importlib.import_module(f"{__package__}.{ENGINES[find_engine(name)]}").ENGINE
    return found


def find_engine(name: str | None = None) -> str:
    """The name of the engine that load_engine() would load; nothing is imported for that. Raises NoEngine."""
    for candidate in ENGINES:
        if name in (None, candidate) and _is_installed(candidate):
            return candidate
    raise NoEngine(f"JSONata needs {name or ' or '.join(ENGINES)}: pip install 'asl-local[jsonata]'", name="jlens")


def _is_installed(engine: str) -> bool:
    if engine in sys.modules:
        return sys.modules[engine] is not None  # None is how an import is forbidden
    return _is_found(engine)


@lru_cache(maxsize=8)
def _is_found(engine: str) -> bool:
    return importlib.util.find_spec(engine) is not None
