"""Reads the case files of this folder: definitions with the diagnostics they should get, marked where they should be.

A file holds chunks. A chunk begins with `== title`, to which tags may be added: `[state]` (the text is the body of the
only state, S; a state T to go to is there if the text names it), `[express]`, and `[name=value]` for substitutions.
`### CODE: words` at the end of a line says that this line gets that diagnostic; the words may be from the message, the
path or the hint. A chunk without marks gets none.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CASES = Path(__file__).parent / "cases"
_MARK = re.compile(r"\s*### ([^#]+)")


@dataclass(frozen=True)
class Case:
    name: str
    text: str
    expected: tuple[tuple[int, str], ...]
    type: str
    substitutions: dict[str, Any] | None


def read_cases() -> list[Case]:
    return [case for path in sorted(CASES.glob("*.txt")) for case in _cases(path)]


def _cases(path: Path) -> list[Case]:
    found = []
    for chunk in re.split(r"^== ", path.read_text("utf-8"), flags=re.MULTILINE)[1:]:
        head, _, text = chunk.partition("\n")
        tags = re.findall(r"\[([^\]]+)\]", head)
        title = head.partition(" [")[0].strip()
        if "state" in tags:
            text = _wrapped(text)
        lines = text.rstrip("\n").split("\n")
        expected = [(number, mark.strip()) for number, line in enumerate(lines, 1) for mark in _MARK.findall(line)]
        clean = "\n".join(_MARK.sub("", line) for line in lines) + "\n"
        given = {name: _value(value) for name, _, value in (tag.partition("=") for tag in tags) if value}
        found.append(
            Case(
                f"{path.stem}: {title}", clean, tuple(expected), "EXPRESS" if "express" in tags else "STANDARD",
                given or None,
            )
        )  # fmt: skip
    return found


def _wrapped(body: str) -> str:
    lines = ["StartAt: S", "States:", "  S:", *(f"    {line}" if line else line for line in body.rstrip().split("\n"))]
    if re.search(r"(?:Next|Default): T\b", body):
        lines.append("  T: {Type: Succeed}")
    return "\n".join(lines) + "\n"


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
