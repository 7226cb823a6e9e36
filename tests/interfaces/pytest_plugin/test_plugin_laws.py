"""Laws of what the plugin compares, masks and counts together."""

from __future__ import annotations

import json
from copy import deepcopy
from itertools import permutations
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from asl_local.interfaces.pytest_plugin.differences import MOST, differences, ways
from asl_local.interfaces.pytest_plugin.snapshots.masks import MASKS, apply
from asl_local.interfaces.pytest_plugin.snapshots.unused import Census

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from([0.5, "", "a", "b c", "0f8fad5b-d9cb-469f-a165-70867728950e"])
)
NAMES = st.sampled_from(["a", "b", "a b", "é", "~/", ""])
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=8
)


def text(value: Any) -> str:
    """Equal for the same JSON only: true is not 1, members have no order."""
    return json.dumps(value, sort_keys=True)


@given(VALUES, VALUES)
def test_there_are_differences_if_and_only_if_the_json_differs(one: Any, other: Any) -> None:
    assert differences(one, deepcopy(one)) == []
    assert (differences(one, other) == []) == (text(one) == text(other))
    assert len(differences(one, other)) <= MOST


@given(VALUES, VALUES)
def test_what_equals_also_has_and_a_pointer_leads_into_what_was_expected(one: Any, other: Any) -> None:
    assert differences(one, one, partial=True) == []
    if differences(one, other) == []:
        assert differences(one, other, partial=True) == []
    for found in differences(one, other):
        at = one
        for step in found.pointer.split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            at = at[int(name)] if isinstance(at, list) else at[name]


@given(st.dictionaries(NAMES, VALUES, max_size=3), NAMES, VALUES)
def test_more_members_than_expected_are_no_difference_of_a_part(one: dict[str, Any], name: str, value: Any) -> None:
    assert differences(one, {name: value, **one}, partial=True) == []


@given(VALUES, st.sampled_from(sorted(MASKS)), st.sampled_from(sorted(MASKS)))
def test_a_mask_hides_once_and_the_order_of_masks_does_not_matter(value: Any, one: str, other: str) -> None:
    event = {"id": 1, "previous": 0, "seconds": 3, "type": "T", "input": value}
    document = {"seconds": 7, "output": value, "events": [event]}
    masked = apply(deepcopy(document), [one])
    assert apply(deepcopy(masked), [one]) == masked
    assert apply(deepcopy(document), [one, other]) == apply(deepcopy(document), [other, one])


@given(st.lists(st.sampled_from("abc"), max_size=5), st.lists(st.sampled_from("abc"), max_size=5))
def test_paths_part_if_and_only_if_they_differ(one: list[str], other: list[str]) -> None:
    assert (ways(one, other) is None) == (one == other)


REPORTS = st.lists(st.tuples(st.sampled_from(["t", "u"]), st.sampled_from([None, True, False])), max_size=3)


@given(st.tuples(REPORTS, REPORTS, REPORTS))
def test_it_does_not_matter_which_worker_is_heard_first(workers: tuple[list[tuple[str, bool | None]], ...]) -> None:
    def census(reports: list[tuple[str, bool | None]]) -> dict[str, Any]:
        told = Census()
        told.collected([(Path("test_a.py"), name) for name, _ in reports], [])
        for name, passed in reports:
            if passed is not None:
                told.ended(Path("test_a.py"), name, passed=passed)
        return json.loads(json.dumps(told.to_json()))

    totals = []
    for order in permutations(map(census, workers)):
        total = Census()
        for each in order:
            total.add(each)
        totals.append(total.to_json())
    assert all(total == totals[0] for total in totals)
