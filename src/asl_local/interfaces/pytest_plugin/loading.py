"""The fixture asl_load: state machines by a path that is relative to the test file.

Knows: folders. Must never know: pytest, or how a definition is read.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from asl_local.definition import FoundDefinition
from asl_local.definition.source import is_path
from asl_local.interfaces.machine import Definition, Machine, load


class Load:
    """Loads state machines for the tests of one file, each definition once.

    Paths are relative to `folder`; one that is not there is looked for in `root`, the folder of pytest's configuration.
    """

    def __init__(self, folder: Path, root: Path) -> None:
        self._folder, self._root = folder, root
        self._loaded: dict[str, Machine] = {}

    def __call__(
        self, definition: Definition | FoundDefinition, *, name: str | None = None,
        substitutions: Mapping[str, Any] | None = None, type: str | None = None,
    ) -> Machine:  # fmt: skip
        """The machine; what is given, and what is raised, is as in asl_local.load."""
        if not isinstance(definition, (str, os.PathLike)) or (isinstance(definition, str) and not is_path(definition)):
            return load(definition, name=name, substitutions=substitutions, type=type)
        placed = self.place(definition)
        key = json.dumps([str(placed), name, substitutions, type], default=repr)
        if key not in self._loaded:
            self._loaded[key] = load(placed, name=name, substitutions=substitutions, type=type)
        return self._loaded[key]

    def place(self, path: str | os.PathLike[str]) -> Path:
        """Where the file is: beside the test file, else below the root; the first of the two if it is nowhere."""
        beside, below = self._folder / path, self._root / path
        return below if below.exists() and not beside.exists() else beside


__all__ = ["Load"]
