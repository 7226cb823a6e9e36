"""json_values: any JSON that Step Functions keeps as it is."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import find, given

import asl_local
from asl_local.strategies import json_values
from asl_local.values import accept, exceeds


@given(json_values())
def test_every_value_is_json_and_far_from_too_large(value: Any) -> None:
    assert accept(value) == value == json.loads(json.dumps(value))
    assert not exceeds(value, 262_144)


@given(json_values())
def test_a_machine_hands_every_value_on_as_it_is(value: Any) -> None:
    assert PASS.simulate(value).output == value


PASS = asl_local.load({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}})


@pytest.mark.parametrize(
    ("wanted", "smallest"),
    [
        (lambda value: True, None),
        (lambda value: isinstance(value, list) and len(value) == 2, [None, None]),
        (lambda value: isinstance(value, dict) and value, {"a": None}),
        (lambda value: isinstance(value, float), 0.0),
    ],
)
def test_values_shrink(wanted: Any, smallest: Any) -> None:
    assert find(json_values(), wanted) == smallest


def leaves(value: Any) -> Any:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    yield value
    for each in inner:
        yield from leaves(each)


@given(json_values(max_items=2, max_text=3, floats=False, awkward_keys=False))
def test_sizes_numbers_and_keys_are_as_asked_for(value: Any) -> None:
    for each in leaves(value):
        assert not isinstance(each, float)
        assert not isinstance(each, (list, dict)) or len(each) <= 2
        assert not isinstance(each, str) or len(each) <= 3
        assert not isinstance(each, dict) or all(key.isidentifier() for key in each)


def test_the_room_is_there_when_it_is_asked_for() -> None:
    assert asl_local.strategies.json_values is json_values


def test_without_hypothesis_the_error_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['hypothesis'] = None\n"
        "import asl_local\n"
        "try: asl_local.strategies\n"
        "except asl_local.MissingExtra as error: print(error, error.name)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "asl_local.strategies needs Hypothesis: pip install 'asl-local[testing]' hypothesis\n"
