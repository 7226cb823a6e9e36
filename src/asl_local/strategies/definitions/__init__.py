"""Whole valid definitions: every state type, both query languages, nested, from a single Pass on.

Knows: the States Language. Must never know: who runs them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Final, Literal, TypeAlias

from hypothesis import strategies as st

from asl_local.language.choice import OPERATORS
from asl_local.lazy import hinted
from asl_local.strategies.definitions.blocks import Builder, Options
from asl_local.strategies.definitions.jsonata import FUNCTIONS as JSONATA_FUNCTIONS
from asl_local.strategies.definitions.jsonpath import FUNCTIONS as JSONPATH_FUNCTIONS
from asl_local.strategies.definitions.vocabulary import INPUTS

Language: TypeAlias = Literal["JSONPath", "JSONata"]

FUNCTIONS: Final = frozenset(JSONPATH_FUNCTIONS) | frozenset(JSONATA_FUNCTIONS)


def definitions(
    query_language: Language | None = None,
    *,
    depth: int = 2,
    timed: bool = True,
    variables: bool = True,
    distributed: bool = True,
    operators: Collection[str] | None = None,
    functions: Collection[str] | None = None,
) -> st.SearchStrategy[dict[str, Any]]:
    """Definitions that `validate` has no error for: all eight state types, Retry and Catch, loops, templates, rules.

    `query_language` is that of the machine; None gives machines of either, and JSONPath machines with JSONata states. A
    JSONPath machine has a JSONata state, too, where there are `variables`, which both assign and read. `depth` is how
    deep Parallel and Map states nest. `timed` adds timeouts, heartbeats and waits, `distributed` Maps of mode
    DISTRIBUTED. `operators` are the Choice operators and `functions` the functions (`States.MathAdd`, `$uuid`) that may be
    used, all unless given.

    Each Task has a function of its own, named as the state, so that handlers by name can tell them apart. The states
    read members that `definition_inputs` has, so that most executions come far; some fail, as machines do.
    Shrinks to one Pass state.
    """
    options = Options(
        timed=timed,
        variables=variables,
        distributed=distributed,
        operators=frozenset(OPERATORS if operators is None else operators),
        functions=frozenset(FUNCTIONS if functions is None else functions),
    )

    @st.composite
    def strategy(draw: Callable[[st.SearchStrategy[Any]], Any]) -> dict[str, Any]:
        kinds = ["JSONPath", "JSONata", "mixed"] if query_language is None else [query_language]
        return Builder(draw, options, draw(st.sampled_from(kinds))).machine(depth)

    return strategy()


def definition_inputs() -> st.SearchStrategy[Any]:
    """Inputs that most of `definitions` come far with; some are of another form."""
    return INPUTS


__all__ = ["FUNCTIONS", "definition_inputs", "definitions"]

hinted(globals())
