"""What a command has come past, added to a data file: `asl-local run --coverage FILE`.

Knows: data files. Must never know: which command it is.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from asl_local.testing.coverage import Coverage


@contextmanager
def added_to(file: str | os.PathLike[str]) -> Iterator[None]:
    """Count what runs meanwhile, however that ends, in with what the file has. Raises AslError for one of another kind."""
    known = Coverage.load(file) if Path(file).exists() else Coverage()
    with known:
        try:
            yield
        finally:
            known.save(file)


__all__ = ["added_to"]
