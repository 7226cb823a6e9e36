"""Diagnostics for a person at a terminal: place, code and message, the line with a caret under the fault, the hint.

Knows: how a terminal looks. Must never know: the rules that find a problem.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from asl_local.definition.source import Source
from asl_local.errors import Diagnostic

_BOLD, _RED, _YELLOW, _BLUE, _PLAIN = "\033[1m", "\033[31;1m", "\033[33;1m", "\033[34m", "\033[0m"
_WIDEST = 160  # characters of a source line


def render(diagnostics: Iterable[Diagnostic], source: Source, color: bool = False) -> str:
    """The diagnostics for a person: place, code and message, the line with a caret under the fault, the hint."""

    def paint(style: str, text: str) -> str:
        return f"{style}{text}{_PLAIN}" if color else text

    lines = source.text.splitlines() if source.text is not None else []
    blocks = []
    for each in diagnostics:
        place = f"{source.name}:{each.line}:{each.column}" if each.line is not None else source.name
        level = paint(_RED, "error") if each.severity == "ERROR" else paint(_YELLOW, "warning")
        head = f"{paint(_BOLD, place)}: {level} {each.code}: {each.message}"
        block = [head]
        if each.line is not None and each.column is not None and each.line <= len(lines):
            block.extend(_excerpt(lines[each.line - 1], each.line, each.column, paint))
        about = f"at {each.path}" if each.path else "at the top"
        block.append(f"  {paint(_BLUE, '=')} {about}{f'; {each.hint}' if each.hint else ''}")
        blocks.append("\n".join(block))
    return "\n\n".join(blocks)


def _excerpt(text: str, line: int, column: int, paint: Any) -> list[str]:
    first = max(0, column - 1 - _WIDEST // 2) if len(text) > _WIDEST else 0
    shown = text[first : first + _WIDEST].replace("\t", " ")
    number = str(line)
    bar = paint(_BLUE, "|")
    return [
        f"  {paint(_BLUE, number)} {bar} {shown}",
        f"  {' ' * len(number)} {bar} {' ' * (column - 1 - first)}{paint(_RED, '^')}",
    ]
