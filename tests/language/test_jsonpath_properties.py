"""Random documents and paths: our engine against the document itself, and against jsonpath-ng where the dialects agree."""

import contextlib
import copy

import jsonpath_ng
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asl_local.errors import EvaluationError, ExpressionSyntaxError
from asl_local.language.jsonpath import PathError, parse
from asl_local.language.templates import compile_result_path
from asl_local.values import text_of

PLAIN_NAMES = st.sampled_from(["a", "b", "c", "id", "Name", "x_1"])
ANY_NAMES = st.text(st.characters(exclude_characters="'", exclude_categories=["Cs"]), max_size=5)
SCALARS = st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-9, 9) | st.text(max_size=3)


def documents(names=PLAIN_NAMES):
    return st.recursive(
        SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3), max_leaves=12
    )


def bracketed(steps):
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f"['{step}']" for step in steps)


def places(value, steps=()):
    """Every place of a document with what is there."""
    yield steps, value
    if isinstance(value, dict):
        for name, member in value.items():
            yield from places(member, (*steps, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from places(item, (*steps, index))


@given(documents(ANY_NAMES))
def test_the_path_of_every_place_finds_what_is_there(document):
    for steps, value in places(document):
        path = parse(bracketed(steps))
        assert path.reference
        assert path.steps == steps
        assert path.find(document) is value


@given(documents(), st.lists(PLAIN_NAMES | st.integers(0, 2), max_size=5))
def test_a_reference_path_finds_or_raises_and_both_ways_agree(document, steps):
    there = dict(places(document))
    path = parse(bracketed(steps))
    if tuple(steps) in there:
        assert path.find(document) is there[tuple(steps)]
    else:
        with pytest.raises(PathError):
            path.find(document)


@given(documents(), st.lists(PLAIN_NAMES | st.integers(0, 2) | st.just("*"), min_size=1, max_size=4))
def test_agrees_with_jsonpath_ng_on_names_indexes_and_wildcards_over_arrays(document, steps):
    text = "$" + "".join("[*]" if s == "*" else f"[{s}]" if isinstance(s, int) else f".{s}" for s in steps)
    path = parse(text)
    theirs = [match.value for match in jsonpath_ng.parse(text).find(document)]
    try:
        ours = path.find(document)
    except PathError:
        # We fail where a definite path finds nothing, and where a step cannot enter a value at all.
        assert not path.definite or theirs == []
        return
    if path.definite:
        assert text_of([ours]) == text_of(theirs)
    elif all_arrays_under_wildcards(document, steps):
        assert text_of(ours) == text_of(theirs)


def all_arrays_under_wildcards(document, steps):
    """jsonpath-ng's wildcard ignores objects' members and takes a scalar for a list of one."""
    level = [document]
    for step in steps:
        following = []
        for value in level:
            if step == "*":
                if not isinstance(value, list):
                    return False
                following += value
            elif isinstance(step, int):
                if not isinstance(value, list):
                    return False
                following += value[step : step + 1]
            elif isinstance(value, dict):
                following += [value[step]] if step in value else []
        level = following
    return True


@given(documents(), st.sampled_from(["a", "b", "id"]))
def test_a_scan_finds_every_member_of_a_name_in_order(document, name):
    def members(value):
        if isinstance(value, dict):
            if name in value:
                yield value[name]
            value = list(value.values())
        if isinstance(value, list):
            for item in value:
                yield from members(item)

    if document is not None:
        assert text_of(parse(f"$..{name}").find(document)) == text_of(list(members(document)))


@given(st.lists(SCALARS, max_size=5), st.integers(-6, 6))
def test_open_slices_are_pythons(items, at):
    assert parse(f"$[{at}:]").find(items) == items[at:]
    assert parse(f"$[:{at}]").find(items) == items[:at]


@given(st.lists(st.integers(-20, 20) | st.floats(-20, 20), max_size=8), st.integers(-20, 20))
def test_numbers_are_filtered_as_python_compares_them(items, bound):
    assert parse(f"$[?(@ > {bound})]").find(items) == [item for item in items if item > bound]
    assert parse(f"$[?(@ <= {bound})]").find(items) == [item for item in items if item <= bound]
    assert parse(f"$[?(@ == {bound} || @ < 0)]").find(items) == [item for item in items if item == bound or item < 0]


@given(st.text(alphabet="$.[]'*?()@:,ab01 &|=!<>~/\\\"", max_size=12))
def test_any_text_parses_or_is_refused_at_a_place(text):
    refusal, path = None, None
    try:
        path = parse("$" + text)
    except ExpressionSyntaxError as error:
        refusal = error
    if refusal is not None:
        assert refusal.offset is not None
        assert 0 <= refusal.offset <= len(text) + 1
        return
    with contextlib.suppress(PathError):  # the one exception that evaluation knows
        path.find({"a": [{"b": 1}], "b": {"a": "x"}})


@given(documents(), st.lists(PLAIN_NAMES | st.integers(0, 2), max_size=4), documents())
def test_placing_a_result_lets_it_be_found_and_leaves_the_input_alone(raw, steps, result):
    before = copy.deepcopy(raw)
    text = bracketed(steps)
    try:
        output = compile_result_path(text)(raw, result)
    except EvaluationError:
        assert raw == before
        return
    assert raw == before
    if steps or result is not None:
        assert parse(text).find(output) is result
    for place, value in places(raw):
        beside = any(mine != theirs for mine, theirs in zip(place, steps, strict=False))
        if beside:
            assert parse(bracketed(place)).find(output) is value
