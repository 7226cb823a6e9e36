"""Case files as pytest sees them: a file that is collected, a test for each case, and what a failure says.

Knows: pytest's collectors. Must never know: the form of a case, or how one is run.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from asl_local.errors import AslError, InvalidDefinition
from asl_local.interfaces.pytest_plugin.cases.reading import Case, InvalidCaseFile, read
from asl_local.interfaces.pytest_plugin.cases.running import CannotRun, run, unmet
from asl_local.interfaces.pytest_plugin.loading import Load


class CaseFailed(Exception):
    """What was expected otherwise: (JSON pointer within `expect`, words)."""

    def __init__(self, unmet: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(words for _, words in unmet))
        self.unmet = unmet


class CaseFile(pytest.File):
    """A case file."""

    def collect(self) -> Iterator[CaseItem]:
        """The cases, each a test. A file that cannot be used is one error with all of its problems."""
        try:
            cases = read(self.path)
        except InvalidCaseFile as error:
            raise self.CollectError(str(error)) from None
        load = Load(self.path.parent, self.config.rootpath)
        for case in cases:
            yield CaseItem.from_parent(self, name=case.name, case=case, load=load)


class CaseItem(pytest.Item):
    """A case."""

    def __init__(self, *, case: Case, load: Load, **rest: Any) -> None:
        super().__init__(**rest)
        self.case, self.load = case, load

    def runtest(self) -> None:
        """Run the machine and compare."""
        result = run(self.case, self.load)
        found = list(unmet(self.case.fields["expect"], result))
        if found:
            raise CaseFailed(found)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The differences with the file's lines; a traceback only for what is nobody's expectation."""
        error, case = excinfo.value, self.case
        if isinstance(error, CaseFailed):
            return "\n".join(self._line(f"{case.pointer}/expect{at}", words) for at, words in error.unmet)
        if isinstance(error, InvalidDefinition):
            return "\n".join(self._problem(error))
        if isinstance(error, CannotRun):
            return self._line(case.pointers[error.field], str(error))
        if isinstance(error, (AslError, OSError)):
            return self._line(case.pointer, f"{type(error).__name__}: {error}")
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the case stands."""
        return self.path, self.case.line - 1, self.name

    def _problem(self, error: InvalidDefinition) -> Iterator[str]:
        """The problems of a definition, those of one that stands in the case file with its lines."""
        pointer = self.case.pointers["definition"]
        if isinstance(self.case.fields["definition"], str):
            yield self._line(pointer, f"{type(error).__name__}: {error}")
            return
        for each in error.diagnostics:
            hint = f" ({each.hint})" if each.hint else ""
            yield self._line(pointer + each.path, f"{each.code}: {each.message}{hint}")

    def _line(self, pointer: str, words: str) -> str:
        text = self.case.text
        number = text.line(pointer)
        shown = text.lines[number - 1].rstrip() if number <= len(text.lines) else ""
        return f"{self.path.name}:{number}: {words}\n    {number} | {shown}"


__all__ = ["CaseFile", "CaseItem"]
