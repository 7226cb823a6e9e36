"""What all tests share: where the corpora are, and Hypothesis without deadlines (the machines are noisy)."""

from __future__ import annotations

import os
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
