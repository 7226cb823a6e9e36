"""Attribute values: every type there and back, exact numbers, refusals, sizes."""

import base64
import re
from decimal import Context, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asl_local.services import dynamodb
from asl_local.services.dynamodb.values import (
    Refusal,
    accept_item,
    accept_value,
    binary_from_json,
    binary_to_json,
    give_item,
    give_value,
    number,
    order_of,
    size_of_item,
    size_of_value,
)
from asl_local.services.errors import ClientError


def accepted(value: Any) -> Any:
    return accept_value(value, "Item.a")


def refusal(value: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        accept_value(value, "Item.a")
    return caught.value


@pytest.mark.parametrize(
    "value",
    [
        {"S": "Überschrift 𝄞"},
        {"S": ""},
        {"N": "12.5"},
        {"B": b"\x00\xff"},
        {"B": b""},
        {"SS": ["a", "b"]},
        {"SS": [""]},
        {"NS": ["-1", "2", "10"]},
        {"BS": [b"\x00", b"a"]},
        {"M": {}},
        {"M": {"a": {"L": [{"NULL": True}, {"BOOL": False}, {"B": b"x"}]}}},
        {"L": []},
        {"NULL": True},
        {"BOOL": True},
    ],
)
def test_every_type_comes_back_as_it_went_in(value):
    assert give_value(accepted(value)) == value


def test_sets_come_back_in_order_and_numbers_in_order_of_magnitude():
    assert give_value(accepted({"SS": ["b", "a", "é", "Z"]})) == {"SS": ["Z", "a", "b", "é"]}
    assert give_value(accepted({"NS": ["10", "9", "-1.0"]})) == {"NS": ["-1", "9", "10"]}
    assert give_value(accepted({"BS": [b"b", b"a"]})) == {"BS": [b"a", b"b"]}


def test_what_is_given_out_is_a_copy():
    stored = accept_item({"m": {"M": {"l": {"L": [{"SS": ["a"]}]}}}}, "Item")
    given_out = give_item(stored)
    given_out["m"]["M"]["l"]["L"][0]["SS"].append("b")
    given_out["m"]["M"]["new"] = {"S": "x"}
    assert give_item(stored) == {"m": {"M": {"l": {"L": [{"SS": ["a"]}]}}}}


def test_binary_takes_bytes_likes_and_text_as_botocore_does():
    for given_in in (b"hi", bytearray(b"hi"), memoryview(b"hi"), "hi"):
        assert give_value(accepted({"B": given_in})) == {"B": b"hi"}


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("0", "0"),
        ("-0", "0"),
        ("0.000", "0"),
        ("+3", "3"),
        ("007", "7"),
        (".123", "0.123"),
        ("0001.23", "1.23"),
        ("5.", "5"),
        ("1.500", "1.5"),
        ("-7.1234", "-7.1234"),
        ("1e+5", "100000"),
        ("-17.4E37", "-174" + "0" * 36),
        ("1E-5", "0.00001"),
        ("100", "100"),
        ("0e1000", "0"),
        ("0e99999999999999999999", "0"),
        ("0000012345678901234567890123456789012345678", "12345678901234567890123456789012345678"),
        ("-00001.23456789012345678901234567890123456780000", "-1.2345678901234567890123456789012345678"),
        ("0009.99999999999999999999999999999999999990000e125", "9" * 38 + "0" * 88),
        ("0001.000e-130", "0." + "0" * 129 + "1"),
    ],
)
def test_numbers_come_back_as_aws_writes_them(text, normal):
    assert number(text) == normal


@given(st.integers(-(10**38 - 1), 10**38 - 1), st.integers(-130, 88))
def test_any_number_of_38_digits_round_trips(digits, exponent):
    exact = Decimal(digits).scaleb(exponent, Context(prec=60))
    if exact and exact.adjusted() < -130:
        return
    for text in (str(exact), f"{exact:E}", f"{exact:f}", f"+{exact}" if digits >= 0 else str(exact)):
        normal = number(text)
        assert Decimal(normal) == exact
        assert re.fullmatch(r"0|-?([1-9][0-9]*|0)(\.[0-9]*[1-9])?", normal), normal
        assert number(normal) == normal


@pytest.mark.parametrize(
    "text", ["NaN", "Infinity", "-Infinity", "dog", " 1", "1 ", "1\n", "1_000", "0x1", "--1", "1e", ".", "٣"]
)
def test_what_is_no_number_is_refused(text):
    assert refusal({"N": text}).message == f"The parameter cannot be converted to a numeric value: {text}"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"N": ""}, "The parameter cannot be converted to a numeric value"),
        ({"N": "1" * 39}, "Attempting to store more than 38 significant digits in a Number"),
        ({"N": "1." + "1" * 38}, "Attempting to store more than 38 significant digits in a Number"),
        ({"N": "1e126"}, "Number overflow. Attempting to store a number with magnitude larger than supported range"),
        ({"N": "-11e125"}, "Number overflow. Attempting to store a number with magnitude larger than supported range"),
        ({"N": "1e99999999999999999999"}, "Number overflow. Attempting to store a number with magnitude larger than supported range"),
        ({"N": "1e-131"}, "Number underflow. Attempting to store a number with magnitude smaller than supported range"),
        ({"N": "1e-99999999999999999999"}, "Number underflow. Attempting to store a number with magnitude smaller than supported range"),
        ({"SS": []}, "One or more parameter values were invalid: An string set  may not be empty"),
        ({"NS": []}, "One or more parameter values were invalid: An number set  may not be empty"),
        ({"BS": []}, "One or more parameter values were invalid: Binary sets should not be empty"),
        ({"SS": ["b", "a", "b"]}, "One or more parameter values were invalid: Input collection [b, a, b] contains duplicates."),
        ({"NS": ["1", "1.0"]}, "Input collection contains duplicates"),
        ({"BS": [b"a", b"a"]}, "One or more parameter values were invalid: Input collection [YQ==, YQ==]of type BS contains duplicates."),
        ({}, "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"),
        ({"S": None}, "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"),
        ({"S": "a", "N": "1"}, "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"),
        ({"L": [{"M": {"x": {"N": "dog"}}}]}, "The parameter cannot be converted to a numeric value: dog"),
        ({"M": {"": {"S": "a"}}}, "One or more parameter values were invalid: An attribute name must not be empty, in Item.a.M"),
    ],
)  # fmt: skip
def test_bad_values_are_refused_in_the_words_of_aws(value, message):
    found = refusal(value)
    assert (found.code, found.message) == ("ValidationException", message)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("text", "Invalid type for parameter Item.a, value: 'text', type: <class 'str'>, valid types: <class 'dict'>"),
        ({"N": 5}, "Invalid type for parameter Item.a.N, value: 5, type: <class 'int'>, valid types: <class 'str'>"),
        ({"S": 5}, "Invalid type for parameter Item.a.S, value: 5, type: <class 'int'>, valid types: <class 'str'>"),
        ({"BOOL": 1}, "Invalid type for parameter Item.a.BOOL, value: 1, type: <class 'int'>, valid types: <class 'bool'>"),
        ({"NULL": 1}, "Invalid type for parameter Item.a.NULL, value: 1, type: <class 'int'>, valid types: <class 'bool'>"),
        ({"B": 1}, "Invalid type for parameter Item.a.B, value: 1, type: <class 'int'>, valid types: <class 'bytes'>, <class 'bytearray'>"),
        ({"SS": {"a"}}, "Invalid type for parameter Item.a.SS, value: {'a'}, type: <class 'set'>, valid types: <class 'list'>, <class 'tuple'>"),
        ({"L": "ab"}, "Invalid type for parameter Item.a.L, value: 'ab', type: <class 'str'>, valid types: <class 'list'>, <class 'tuple'>"),
        ({"M": []}, "Invalid type for parameter Item.a.M, value: [], type: <class 'list'>, valid types: <class 'dict'>"),
        ({"M": {"x": {"L": [{"S": 1}]}}}, "Invalid type for parameter Item.a.M.x.L[0].S, value: 1, type: <class 'int'>, valid types: <class 'str'>"),
        ({"X": "a"}, 'Unknown parameter in Item.a: "X", must be one of: S, N, B, SS, NS, BS, M, L, NULL, BOOL'),
    ],
)  # fmt: skip
def test_wrong_shapes_are_refused_in_the_words_of_botocore(value, problem):
    found = refusal(value)
    assert (found.code, found.message) == ("ParamValidationError", f"Parameter validation failed: {problem}")


def test_text_that_is_not_unicode_is_refused():
    assert "a lone surrogate is not Unicode" in refusal({"S": "\ud800"}).message
    assert "a lone surrogate is not Unicode" in refusal({"M": {"\ud800": {"S": ""}}}).message


def test_a_null_of_false_is_taken_and_means_null():
    assert give_value(accepted({"NULL": False})) == {"NULL": True}


def test_nesting_stops_at_32_levels():
    value: Any = {"S": "the 32nd level"}
    for _ in range(31):
        value = {"L": [value]}
    assert give_value(accepted(value)) == value
    expected = "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit"
    assert refusal({"M": {"m": value}}).message == expected
    endless: Any = {"L": []}
    endless["L"].append(endless)
    assert refusal(endless).message == expected


def test_attribute_names_end_at_64_kilobytes():
    assert accept_item({"x" * 65_535: {"S": "a"}}, "Item")
    for name in ("x" * 65_536, "é" * 32_768):
        with pytest.raises(Refusal, match="must be less than 65536 bytes"):
            accept_item({name: {"S": "a"}}, "Item")


NUMBER_BYTES = {
    "0": 1, "-0": 1, "1": 2, "12": 2, "123": 3, "1234": 3, "123456": 4, "12345678901234567890123456789012345678": 20,
    "0042": 2, "100": 2, "1010": 3, "0.0000001": 2, "1E125": 2, "1E-100": 2, "1.5": 3, "15": 2, "1.200": 3, "1.234": 4,
    "3.14159": 5, "100.5": 4, "0.15": 2, "0.015": 2, "-42": 3, "-0.5": 3,
}  # fmt: skip


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": "é"}, 2),
        # Two digits a byte on either side of the decimal point, with zeros that matter: as measured on AWS.
        *[({"N": text}, bytes_) for text, bytes_ in NUMBER_BYTES.items()],
        ({"B": b"abcd"}, 4),
        ({"B": b""}, 0),
        ({"NULL": True}, 1),
        ({"BOOL": False}, 1),
        ({"SS": ["ab", "c"]}, 3),
        ({"NS": ["1", "100"]}, 4),
        ({"BS": [b"a", b"bc"]}, 3),
        ({"L": [{"S": "ab"}]}, 6),
        ({"M": {"key": {"S": "ab"}}}, 9),
    ],
)
def test_sizes_are_those_that_aws_counts(value, size):
    assert size_of_value(accepted(value)) == size
    assert size_of_item({"näme": accepted(value)}) == size + 5


@given(st.binary(max_size=50))
def test_the_size_of_binary_is_its_length(data):
    assert size_of_value(accepted({"B": data})) == len(data)


@given(st.lists(st.text(), min_size=2, max_size=2), st.lists(st.binary(), min_size=2, max_size=2))
def test_strings_are_ordered_as_their_utf8_bytes_and_binary_as_unsigned_bytes(texts, blobs):
    one, two = texts
    try:
        ordered = one.encode() < two.encode()
    except UnicodeEncodeError:
        return
    assert (order_of({"S": one}) < order_of({"S": two})) == ordered
    first, second = (accepted({"B": blob}) for blob in blobs)
    assert (order_of(first) < order_of(second)) == (blobs[0] < blobs[1])


def test_a_state_machine_writes_binary_as_base64():
    text = base64.b64encode(b"\x00\x01").decode()
    request = {"Item": {"B": {"B": text}, "BS": {"BS": [text]}, "l": {"L": [{"B": text}]}, "s": {"S": text}}}
    as_bytes = {
        "Item": {
            "B": {"B": b"\x00\x01"},
            "BS": {"BS": [b"\x00\x01"]},
            "l": {"L": [{"B": b"\x00\x01"}]},
            "s": {"S": text},
        }
    }
    assert binary_from_json(request) == as_bytes
    assert binary_to_json(as_bytes) == request
    with pytest.raises(Refusal, match="can not be converted to a Blob") as caught:
        binary_from_json({"B": "not base64!"})
    assert caught.value.code == "SerializationException"


def test_the_package_gives_the_same_with_a_clients_error():
    assert dynamodb.binary_to_json(dynamodb.binary_from_json({"B": "AAE="}, "PutItem")) == {"B": "AAE="}
    with pytest.raises(ClientError) as caught:
        dynamodb.binary_from_json({"Item": {"b": {"B": "?"}}}, "PutItem")
    assert (caught.value.code, caught.value.operation_name) == ("SerializationException", "PutItem")
