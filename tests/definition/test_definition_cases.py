"""Every case of the case files, and that there are enough of them."""

from __future__ import annotations

from collections import Counter

import pytest
from definition_cases import Case, read_cases

from asl_local import definition
from asl_local.errors import InvalidDefinition

ALL_CASES = read_cases()


@pytest.mark.parametrize("case", ALL_CASES, ids=lambda case: case.name)
def test_case(case: Case) -> None:
    found = definition.validate(case.text.encode(), substitutions=case.substitutions, type=case.type)
    left = [
        (d.line if d.line is not None else 1, f"{d.code}: {d.message} at {d.path or '/'} ({d.hint})") for d in found
    ]
    for line, mark in case.expected:
        code, _, words = mark.partition(": ")
        hit = next((f for f in left if f[0] == line and f[1].startswith(f"{code}: ") and words in f[1]), None)
        assert hit, f"line {line} should have {mark!r}; there is {left}"
        left.remove(hit)
    assert not left
    places = [(d.line, d.column) for d in found if d.line is not None]
    assert places == sorted(places)
    if any(d.severity == "ERROR" for d in found):
        with pytest.raises(InvalidDefinition) as refused:
            definition.load_model(case.text.encode(), case.substitutions, case.type)
        assert refused.value.diagnostics == found
    else:
        assert definition.load_model(case.text.encode(), case.substitutions, case.type)[2] == found


def test_there_are_enough_and_no_two_have_one_name() -> None:
    assert len(ALL_CASES) >= 80
    assert max(Counter(case.name for case in ALL_CASES).values()) == 1
