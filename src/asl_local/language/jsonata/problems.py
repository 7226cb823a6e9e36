"""AWS's checks of one expression when a state machine is created.

Knows: the rules about what an expression may name. Must never know: where the expression stands.

An expression has no input document there: a name, `$` or a function's default at the top has nothing to stand for. Only
the first step of a path is at the top; its later steps, its predicates, and the terms that sort or group it look at
other things. The body of a function is where the function is. Each rule was measured on AWS by others.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from asl_local.errors import ExpressionSyntaxError
from asl_local.language.jsonata.expressions import check_syntax
from asl_local.language.jsonata.functions import BUILT_IN
from asl_local.language.jsonata.seam import Thrown
from asl_local.language.jsonata.syntax import Node, TooDeep, parse, parts

INVALID = "INVALID_JSONATA_EXPRESSION"
UNSUPPORTED = "UNSUPPORTED_JSONATA_EXPRESSION"

# What AWS says about a member that `$states` never has (`$states.results`) is not known; definitions with one are in use.
_NOT_ALWAYS_VISIBLE = frozenset(("result", "errorOutput"))
_MEMBERS = frozenset(("input", "context", "result", "errorOutput", None))
# Parts of these but the first are evaluated against something else than the expression itself.
_FIRST_PART_ONLY = frozenset(("path", "filter", "group", "sort", "focus", "index"))


class Problem(NamedTuple):
    """One problem: AWS's code (`INVALID_JSONATA_EXPRESSION`, `UNSUPPORTED_JSONATA_EXPRESSION`) and its sentence."""

    code: str
    message: str


def problems(text: str, visible: frozenset[str]) -> list[Problem]:
    """What AWS refuses about an expression (no delimiters), each thing once, in the order of the text.

    `visible` says which of "result" and "errorOutput" `$states` has in the field. Works without an engine, which would
    only find some rarer errors of syntax besides. An expression that nests too deeply for AWS to evaluate is no problem
    here: it fails when it is evaluated, as on AWS.
    """
    try:
        check_syntax(text)
        found = _unsupported(text)
    except ExpressionSyntaxError as error:
        return [Problem(INVALID, str(error))]
    except TooDeep:
        return []
    return [problem for member, problem in found if member not in visible]


def variables_read(text: str) -> frozenset[str]:
    """The names of the variables of the state machine that an expression reads, without `$`.

    Not among them: `states`, functions of JSONata, and what the expression itself binds anywhere. None if the text does
    not parse.
    """
    return _reads(text)[0]


def never_there(text: str) -> tuple[str, ...]:
    """What an expression reads and no state ever has: members of `$states`, and the function `$eval`, each once.

    AWS takes them when a state machine is created; they give nothing, or fail, when they are evaluated.
    """
    return _reads(text)[1]


@lru_cache(maxsize=4096)
def _reads(text: str) -> tuple[frozenset[str], tuple[str, ...]]:
    try:
        nodes = parts(text)
    except (Thrown, TooDeep):
        return frozenset(), ()
    read: set[str] = set()
    own: set[str] = set()
    members: dict[str, None] = {}
    for node in nodes:
        kind = node.kind
        if kind == "variable":
            read.add(node.value)
        elif kind == "path":
            member = _member(node)
            if member not in _MEMBERS:
                members[f"$states.{member}"] = None
        elif kind in ("bind", "focus", "index"):
            own.add(node.value)
        elif kind == "lambda":
            own.update(node.value)
    if "eval" in read and not any(node.kind == "bind" and node.value == "eval" for node in nodes):
        members["$eval"] = None
    return frozenset(read - own - BUILT_IN - {"", "$", "states"}), tuple(members)


@lru_cache(maxsize=4096)
def _unsupported(text: str) -> tuple[tuple[str | None, Problem], ...]:
    """The problems of an expression that parses, each with the member of `$states` that it hangs on."""
    found: dict[str, str | None] = {}
    for name in _top_level(parse(text)):
        found[f"Reference to '{name}' at the top level is not supported."] = None
    found |= {message: member for member, message in _forbidden(parts(text))}
    return tuple((member, Problem(UNSUPPORTED, message)) for message, member in found.items())


def _top_level(tree: Node) -> Iterator[str]:
    stack = [tree]
    while stack:
        node = stack.pop()
        if node.kind == "name" or (node.kind == "variable" and not node.value):
            yield node.value or "$"
        elif node.kind == "path" and node.parts[0].kind == "literal":
            yield node.parts[0].value
        elif node.kind in _FIRST_PART_ONLY:
            stack.append(node.parts[0])
        elif node.kind == "bind":
            stack.append(node.parts[1])
        elif node.kind != "transform":  # its parts look at what it is applied to
            stack.extend(reversed(node.parts))


def _forbidden(nodes: tuple[Node, ...]) -> Iterator[tuple[str | None, str]]:
    for node in nodes:
        kind = node.kind
        if kind == "variable":
            if node.value == "$":
                yield None, "Reference to '$$' is not supported."
        elif kind == "bind":
            if node.value == "states":
                yield None, "Variable '$states' is reserved and cannot be assigned."
        elif kind == "path":
            member = _member(node)
            if member in _NOT_ALWAYS_VISIBLE:
                yield member, f"Field '$states.{member}' does not exist."


def _member(node: Node) -> str | None:
    """The member of `$states` that a path reads, None for paths that begin elsewhere."""
    if not _is_states(node.parts[0]):
        return None
    member = node.parts[1]
    while member.kind in _FIRST_PART_ONLY:
        member = member.parts[0]
    return str(member.value) if member.kind in ("name", "literal") else None


def _is_states(node: Node) -> bool:
    while node.kind in ("filter", "block") and len(node.parts) == 1:
        node = node.parts[0]
    return node.kind == "variable" and node.value == "states"
