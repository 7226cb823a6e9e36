"""Diagnostics as AWS tells them: ValidateStateMachineDefinition's answer, and CreateStateMachine's error.

Knows: AWS's words, those of its JSON reader included. Must never know: the rules that find a problem.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from asl_local.definition.diagnostics import NOWHERE, OWN_CODES
from asl_local.errors import Diagnostic

_OPENS = re.compile(r"it opens at (\d+):(\d+)")
_LONGEST_QUOTE = 500  # characters of the text that Jackson repeats


def to_aws(
    diagnostics: Iterable[Diagnostic], source_text: str | None = None, *, severity: str = "ERROR", most: int = 100
) -> dict[str, Any]:
    """The answer that ValidateStateMachineDefinition gives: result, diagnostics, truncated.

    `source_text` is what was validated; JSON errors name it as AWS does. Warnings are in it for `severity` WARNING
    only, and `most` diagnostics at most (maxResults).
    """
    said = _as_aws_says(diagnostics)
    shapes = [
        {"severity": level, "code": each.code} | _words(each, source_text or "")
        for each, level in said
        if level == "ERROR" or severity == "WARNING"
    ]
    failed = any(level == "ERROR" for _, level in said)
    return {
        "result": "FAIL" if failed else "OK", "diagnostics": shapes[:most], "truncated": len(shapes) > most,
    }  # fmt: skip


def creation_error(diagnostics: Iterable[Diagnostic], source_text: str | None = None) -> str | None:
    """The message of the InvalidDefinition that CreateStateMachine answers with; None if AWS takes the definition."""
    texts = []
    for each, level in _as_aws_says(diagnostics):
        if level == "ERROR":
            words = _words(each, source_text or "")
            texts.append(f"{each.code}: {words['message']} at {words.get('location', 'null')}")
    return f"Invalid State Machine Definition: '{', '.join(texts)}'" if texts else None


def _words(each: Diagnostic, text: str) -> dict[str, str]:
    """AWS's message and, where it has one, its location."""
    if each.code == "INVALID_JSON_DESCRIPTION" and each.line is not None:
        return _as_jackson_says(each, text)
    if each.code in NOWHERE or each.message == "Definition must be a valid JSON object":
        return {"message": each.message}
    return {"message": each.message, "location": each.location or each.path or "/"}


def _as_aws_says(diagnostics: Iterable[Diagnostic]) -> list[tuple[Diagnostic, str]]:
    """What AWS says too, each with its severity there; that a machine does not end comes last (measured)."""
    said = [(d, d.aws or d.severity) for d in diagnostics if d.code not in OWN_CODES and d.aws != "ACCEPTED"]
    return sorted(said, key=lambda pair: pair[0].code in NOWHERE)


def _as_jackson_says(each: Diagnostic, text: str) -> dict[str, str]:
    """Message and location of a JSON error: AWS reads with Jackson, which stands behind what it has read (recorded)."""
    column = each.column or 1
    if each.message.startswith("Unrecognized token '"):
        column += each.message.index("'", 20) - 20
    elif each.message.startswith("Unexpected character"):
        column += 1

    def place(line: object, column: object) -> str:
        return f"[Source: (String){_quoted(text)}; line: {line}, column: {column}]"

    message = each.message
    if opened := _OPENS.search(each.hint or ""):
        message += f" (start marker at {place(opened[1], opened[2])})"
    where = place(each.line, column)
    return {"message": f"{message}\n at {where}", "location": where}


def _quoted(text: str) -> str:
    surplus = len(text) - _LONGEST_QUOTE
    return f'"{text[:_LONGEST_QUOTE]}"[truncated {surplus} chars]' if surplus > 0 else f'"{text}"'
