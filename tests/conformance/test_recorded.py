"""The recorded behaviour of AWS, where the corpus is at hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from misses import MISSES, reason
from score import Score, placed, score, shared

PROMISED = {
    ("execution", "create_state_machine", "validate_definition"): {"L1": 0.99, "L2": 0.98, "L3": 0.95},
    ("test_state",): {"L1": 0.95, "L2": 0.95, "L3": 0.95},
    ("api",): {"L1": 0.95, "L3": 0.90},
}
"""What part of the recorded cases of some kinds is met, at least, by level."""


@pytest.fixture(scope="module")
def result() -> Score:
    folder = shared()
    if folder is None:
        pytest.skip("the recorded cases are not here (ASL_LOCAL_SHARED)")
    return score(folder, quiet=True)


@pytest.mark.parametrize(("kinds", "level"), [(kinds, level) for kinds, levels in PROMISED.items() for level in levels])
def test_what_is_promised_is_met(result: Score, kinds: tuple[str, ...], level: str) -> None:
    tally = result.tally(level, [case for kind in kinds for case in result.where("kind", kind)])
    assert tally.count
    assert tally.part >= PROMISED[kinds][level], f"{tally} at {level}; not met: {sorted(result.misses())}"


def test_every_case_that_is_not_met_is_explained(result: Score) -> None:
    missed = result.misses()
    assert [case for case in missed if reason(case) is None] == []
    assert [beginning for beginning in MISSES if not any(case.startswith(beginning) for case in missed)] == []


def test_the_pages_tell_the_score(result: Score, project: Path) -> None:
    for name, table in (("README.md", ["kinds"]), ("docs/conformance.md", ["kinds", "areas"])):
        page = (project / name).read_text("utf-8")
        for each in table:
            text = result.by_kind() if each == "kinds" else result.by_area()
            assert placed(page, each, text) == page, f"{name} is behind: python tests/conformance/score.py --write"
