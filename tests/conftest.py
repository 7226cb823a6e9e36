"""What all tests share: where the corpora are, and Hypothesis without deadlines (the machines are noisy)."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "asl_local", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
settings.register_profile("thorough", settings.get_profile("asl_local"), max_examples=2_000, derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "asl_local"))

PROJECT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def project() -> Path:
    """The root of the repository."""
    return PROJECT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the shared corpora; skips the test where there is none."""
    folder = os.environ.get("ASL_LOCAL_SHARED")
    if not folder:
        pytest.skip("ASL_LOCAL_SHARED does not name the folder with the shared corpora")
    return Path(folder)


@pytest.fixture(autouse=True)
def own_modules_are_forgotten(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What a test imports from a folder of its own is not there for the next one, which may have another of that name."""
    count = len(sys.modules)
    yield
    if len(sys.modules) > count:
        folder = str(tmp_path_factory.getbasetemp())
        for name, module in list(sys.modules.items()):
            if (getattr(module, "__file__", None) or "").startswith(folder):
                del sys.modules[name]
