"""Every behaviour has a case: runs tests/cases/*.yaml, whose form cases_runner.py describes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cases_runner import cases, run

CASES = dict(cases())


@pytest.mark.parametrize("name", CASES)
def test_case(name: str, tmp_path: Path) -> None:
    run(CASES[name], tmp_path)


def test_names_are_unique_and_cases_are_many() -> None:
    found: list[tuple[str, dict[str, Any]]] = list(cases())
    assert len(found) == len(CASES)
    assert len(found) >= 130
