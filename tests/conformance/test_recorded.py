"""The recorded behaviour of AWS, where the corpus is at hand: the promise is 97 % at level 1 and 95 % at level 2."""

from __future__ import annotations

import pytest
from score import score, shared


@pytest.mark.skipif(shared() is None, reason="the recorded cases are not here (ASL_LOCAL_SHARED)")
def test_recorded_cases() -> None:
    folder = shared()
    assert folder is not None
    total = score(folder)["total"]
    assert total["L1"] / total["L1/n"] >= 0.97
    assert total["L2"] / total["L2/n"] >= 0.95
    assert total["L1/n"] > 400
