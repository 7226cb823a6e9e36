"""The JSON border: sizes are exact near the limit, copies are equal and share nothing that can be edited."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asl_local.errors import NotJson
from asl_local.values import accept, copy, encoder, exceeds, size, text_of

TEXTS = st.text(st.characters(codec=None), max_size=12)
NUMBERS = st.one_of(st.integers(), st.integers(-(10**40), 10**40), st.floats(allow_nan=False, allow_infinity=False))
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS, st.text('\x00\x1f"\\', max_size=30))
JSON = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(TEXTS, inner, max_size=5)),
    max_leaves=20,
)


def exact(value: Any) -> int:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return len(text.encode("utf-8", "surrogatepass"))


def containers(value: Any) -> list[int]:
    """The identities of all containers in the value."""
    if isinstance(value, dict):
        return [id(value), *(i for member in value.values() for i in containers(member))]
    if isinstance(value, list):
        return [id(value), *(i for item in value for i in containers(item))]
    return []


@given(JSON)
def test_the_text_is_what_the_standard_library_writes_with_and_without_its_c_encoder(value: Any) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json.encoder, "c_make_encoder", None)
        plain = encoder(allow_nan=False)(value)
    assert text_of(value) == plain == json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@pytest.mark.parametrize("value", [math.nan, [math.inf], {"a": -math.inf}])
def test_what_is_no_json_number_has_no_text(value: Any) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        text_of(value)
    assert encoder(allow_nan=True)(value) == json.dumps(value, separators=(",", ":"))


@given(JSON, st.integers(-3, 3))
def test_the_size_is_exact_near_the_limit(value: Any, distance: int) -> None:
    true = exact(value)
    assert size(value) == true
    limit = true + distance
    assert exceeds(value, limit) is (true > limit)
    assert exceeds(value, None) is False


@given(st.one_of(st.lists(st.just("\x01"), max_size=50).map("".join), st.lists(st.just(-0.1234567890123456e-300), max_size=30),
                 st.integers(10**300, 10**301), st.lists(st.just([]), max_size=60), st.text("é", max_size=60)))  # fmt: skip
def test_the_quick_estimate_never_lets_too_much_pass(value: Any) -> None:
    assert exceeds(value, exact(value) - 1)
    assert not exceeds(value, exact(value))


@given(JSON)
def test_what_is_accepted_is_equal_and_shares_nothing(value: Any) -> None:
    for made in (accept(value), copy(value)):
        assert made == value
        assert text_of(made) == text_of(value)
        assert not set(containers(made)) & set(containers(value))


@given(JSON)
def test_accepting_twice_is_accepting_once(value: Any) -> None:
    once = accept((value, {"a": (value,)}))
    assert accept(once) == once == [value, {"a": [value]}]


@given(JSON, st.sampled_from([{1}, b"x", math.nan, math.inf, object(), 1j, {1: 2}]), st.integers(0, 3))
def test_what_is_not_json_is_found_wherever_it_is(value: Any, wrong: Any, depth: int) -> None:
    place = "$"
    for _ in range(depth):
        wrong, place = {"a": [value, wrong]}, place + ".a[1]"
    try:
        accept(wrong)
    except NotJson as error:
        assert error.path == place  # noqa: PT017 - the example shrinks better without a context manager
    else:
        raise AssertionError("it was accepted")
