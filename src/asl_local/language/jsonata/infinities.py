"""Numbers that JSON has no form for: a division by zero that is itself a result comes out as the text "Infinity".

Knows: which parts of an expression are results. Must never know: fields, or why a number is too large.

In JavaScript 1/0 is a number like others, until something is computed with it, and AWS writes it as a text. An engine
that stops at it instead says where; what stood there is then a text from the start.
"""

from __future__ import annotations

from collections.abc import Iterator

from asl_local.language.jsonata.syntax import Node, parse

# What the operands L and R say about the sign of a result that is too large.
_SIGNS = {
    "/": '($asl_local_l := (L); $asl_local_l = 0 ? "NaN" : ($asl_local_l > 0) = ((R) >= 0) ? "Infinity" : "-Infinity")',
    "*": '(((L) > 0) = ((R) > 0) ? "Infinity" : "-Infinity")',
    "+": '((L) > 0 ? "Infinity" : "-Infinity")',
    "-": '((L) > 0 ? "Infinity" : "-Infinity")',
}


def with_text_for_infinity(text: str, operator: str | None, position: int) -> str | None:
    """The expression with the operation whose operator ends at `position` replaced by the text of its result.

    None if that operation is no result but goes into something else, which fails in JavaScript too.
    """
    if operator not in _SIGNS:
        return None
    for node in _results(parse(text)):
        if node.kind == "binary" and node.value == operator:
            left, right = node.parts
            if left.end < position <= right.start:
                sign = _SIGNS[operator]
                for name, part in (("(L)", left), ("(R)", right)):
                    sign = sign.replace(name, f"({text[part.start : part.end]}\n)")
                return text[: node.start] + sign + text[node.end :]
    return None


def _results(tree: Node) -> Iterator[Node]:
    """The parts of an expression whose values are the expression's value or members of it."""
    stack = [tree]
    while stack:
        node = stack.pop()
        yield node
        match node.kind:
            case "block" | "path" | "bind":
                stack.extend(node.parts[-1:])
            case "condition":
                stack.extend(node.parts[1:])
            case "array":
                stack.extend(node.parts)
            case "object":
                stack.extend(node.parts[1::2])
