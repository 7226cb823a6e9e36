"""A folder with tests of its own for each test here."""

from __future__ import annotations

from pathlib import Path

import pytest
from inner_pytest import Project


@pytest.fixture
def inner(tmp_path: Path) -> Project:
    """A project with a module `orders`, whose tests pytest runs in a process of its own."""
    return Project(tmp_path)
