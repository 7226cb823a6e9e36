"""The States.* functions: results, data they refuse when run, calls that are refused at once."""

import base64
import hashlib
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asl_local.errors import EvaluationError, ExpressionSyntaxError
from asl_local.language.intrinsics import FUNCTIONS, compile_call, is_call
from asl_local.language.jsonpath import PathError
from asl_local.values import text_of

DATA = {
    "name": "Ada",
    "n": 7,
    "half": 2.5,
    "none": None,
    "yes": True,
    "big": 12345678.9,
    "list": [1, 2, 3, 4, 5],
    "mixed": [1, "1", True, 1.0, None, None, [1], [1], {"a": 1, "b": 2}, {"b": 2, "a": 1}, "1"],
    "object": {"a": 1, "b": [], "c": {"d": None}},
    "json": '{"a": [1, 2.50, -0], "b": "x"}',
    "template": "{} and {}",
    "items": [{"k": "Foo", "v": "it's"}, {"k": "Bar (x)", "v": "b"}],
    "odd": {"a)b": 1, "c,d": 2, "e'f": 3},
}

RESULTS = {
    "States.Format('Hello, {}!', $.name)": "Hello, Ada!",
    "States.Format('{}{}', 'a', 'b')": "ab",
    "States.Format('{} {} {} {} {}', 100, true, null, 1.50, 'x')": "100 true null 1.5 x",
    "States.Format('{}', $.object)": "{a=1, b=[], c={d=null}}",
    "States.Format('{}', $.mixed)": "[1, 1, true, 1.0, null, null, [1], [1], {a=1, b=2}, {b=2, a=1}, 1]",
    "States.Format('{}', $.big)": "1.23456789E7",
    "States.Format('no placeholder')": "no placeholder",
    "States.Format('')": "",
    r"States.Format('it\'s \{\} {}\\', $.n)": "it's {} 7\\",
    "States.Format('{\"k\":\"{}\"}', $.name)": '{"k":"Ada"}',
    "States.Format('{{}}', 1)": "{1}",
    "States.Format('two\nlines, ünïcode {}', 1)": "two\nlines, ünïcode 1",
    r"States.Format('one\ntwo')": "one\ntwo",
    "States.Format($.template, 1, $.name)": "1 and Ada",
    "States.Format('{}', $$.Execution.Name)": "run-1",
    "States.StringToJson($.json)": {"a": [1, 2.5, 0], "b": "x"},
    "States.StringToJson('')": None,
    "States.StringToJson(' ')": None,
    "States.StringToJson('-0')": 0,
    "States.StringToJson('null')": None,
    "States.StringToJson('\"x\"')": "x",
    "States.JsonToString($.object)": '{"a":1,"b":[],"c":{"d":null}}',
    "States.JsonToString($.none)": "null",
    "States.JsonToString($.name)": '"Ada"',
    "States.JsonToString(States.Array(1, 'é'))": '[1,"é"]',
    "States.Array()": [],
    "States.Array( )": [],
    "States.Array('Foo', 2020, $.object, null)": ["Foo", 2020, DATA["object"], None],
    "States.Array(-1,.5,1e2,2.,true)": [-1, 0.5, 100.0, 2.0, True],
    "States.ArrayPartition($.list, 2)": [[1, 2], [3, 4], [5]],
    "States.ArrayPartition($.list, 2.5)": [[1, 2, 3], [4, 5]],
    "States.ArrayPartition(States.Array(), 3)": [],
    "States.ArrayContains($.list, 5)": True,
    "States.ArrayContains($.list, '5')": False,
    "States.ArrayContains($.list, true)": False,
    "States.ArrayContains($.mixed, $.object)": False,
    "States.ArrayContains(States.Array(States.Array(1, 2), 3), States.Array(1, 2))": True,
    "States.ArrayContains($.mixed, null)": True,
    "States.ArrayRange(0, 10, 3)": [0, 3, 6, 9],
    "States.ArrayRange(1, 9, 2)": [1, 3, 5, 7, 9],
    "States.ArrayRange(1, 9, 9)": [1],
    "States.ArrayRange(3, 0, -1)": [3, 2, 1, 0],
    "States.ArrayRange(0, 3, -1)": [],
    "States.ArrayRange(0.5, 2.4, 1)": [1, 2],
    "States.ArrayGetItem($.list, 0)": 1,
    "States.ArrayGetItem($.items[?(@.k == Foo)].v, 0)": "it's",
    "States.ArrayGetItem($.items[?(@.k == 'Bar (x)')].v, 0)": "b",
    "States.ArrayLength($.list)": 5,
    "States.ArrayLength($.items[?(@.k==Foo)])": 1,
    "States.ArrayLength($.items[?(@.k =~ /foo|x/i)])": 1,
    "States.ArrayUnique($.mixed)": [1, "1", True, None, [1], {"a": 1, "b": 2}],
    "States.Base64Encode('Data to encode')": "RGF0YSB0byBlbmNvZGU=",
    "States.Base64Decode('RGVjb2RlZCBkYXRh')": "Decoded data",
    "States.Base64Decode('aGVsbG8')": "hello",
    "States.Base64Encode('')": "",
    "States.Hash('input data', 'SHA-1')": "aaff4a450a104cd177d28d18d74485e8cae074b7",
    "States.Hash($.object, 'MD5')": hashlib.md5(b'{"a":1,"b":[],"c":{"d":null}}').hexdigest(),
    "States.Hash('é', 'SHA-256')": hashlib.sha256("é".encode()).hexdigest(),
    "States.JsonMerge($.object, States.StringToJson('{\"c\": 2, \"z\": 3}'), false)": {"a": 1, "b": [], "c": 2, "z": 3},
    "States.MathAdd($.n, -1)": 6,
    "States.MathAdd(1.49, 1.5)": 3,
    "States.MathAdd(1.5, 1.51)": 4,
    "States.MathAdd(-1.5, 0)": -1,
    "States.MathAdd(-2.5, 0)": -2,
    "States.MathAdd(-0.5, 0.5)": 1,
    "States.MathAdd($.half, 0)": 3,
    "States.StringSplit('This.is+a,test=string', '.+,=')": ["This", "is", "a", "test", "string"],
    "States.StringSplit(',,,,', ',')": [],
    "States.StringSplit(' , ', ',')": [" ", " "],
    "States.StringSplit('a||b', '||')": ["a", "b"],
    "States.StringSplit('a.b', '')": ["a.b"],
    "States.StringSplit('', ',')": [],
    # arguments that hold the marks that end arguments
    "States.Array($.odd['a)b'], $.odd['c,d'])": [1, 2],
    "States.Array( $.n ,\n$.name )": [7, "Ada"],
    "States.Array($)": [DATA],
    "States.ArrayGetItem(States.StringSplit('a-b-c', '-'), States.MathAdd(States.ArrayLength(States.StringSplit('a-b-c', '-')), -1))": "c",
    "States.Array(1)   ": [1],
}  # fmt: skip


@pytest.mark.parametrize("call", RESULTS)
def test_results(call, scope):
    result = compile_call(call)(DATA, scope(Execution={"Name": "run-1"}))
    assert text_of(result) == text_of(RESULTS[call])


def test_every_function_has_a_result_above_or_below():
    called = set(re.findall(r"States\.\w+", " ".join(RESULTS))) | {"States.MathRandom", "States.UUID"}
    assert called == set(FUNCTIONS)
    assert len(FUNCTIONS) == 18
    assert all(row.doc for row in FUNCTIONS.values())


BAD_DATA = {
    "States.Format($.template, 1)": "the template has 2 placeholders {}, but 1 values follow it",
    "States.Format($.n, 1)": "argument 1 must be a string, but was 7",
    "States.StringToJson($.name)": 'argument 1 must be JSON, but "Ada" is not: Expecting value',
    "States.StringToJson($.n)": "argument 1 must be a string, but was 7",
    "States.StringToJson('NaN')": "argument 1 must be JSON, which has no NaN",
    "States.StringToJson('[1e999]')": "argument 1 must be JSON, which has no 1e999",
    "States.StringToJson('{\"a\":1')": "argument 1 must be JSON",
    "States.ArrayPartition($.list, 0)": "argument 2 must be at least 1, but was 0",
    "States.ArrayPartition($.list, 0.4)": "argument 2 must be at least 1, but was 0.4",
    "States.ArrayPartition($.name, 1)": 'argument 1 must be an array, but was "Ada"',
    "States.ArrayContains($.object, 1)": "argument 1 must be an array, but was {",
    "States.ArrayRange(0, 10, $.none)": "argument 3 must be a number, but was null",
    "States.ArrayRange(0, 10, 0)": "argument 3 must not be 0, but was 0",
    "States.ArrayRange(0, 1000, 1)": "the range from 0 to 1000 by 1 has 1001 items, more than 1000",
    "States.ArrayRange(0, 10, $.yes)": "argument 3 must be a number, but was true",
    "States.ArrayGetItem($.list, 5)": "argument 2 must be an index of the array of 5 items, but was 5",
    "States.ArrayGetItem($.list, -1)": "argument 2 must be an index of the array of 5 items, but was -1",
    "States.ArrayGetItem($.list, 0.5)": "argument 2 must be an index of the array of 5 items, but was 0.5",
    "States.ArrayGetItem($.items[?(@.k == Nope)], 0)": "argument 2 must be an index of the array of 0 items, but was 0",
    "States.ArrayLength($.object)": "argument 1 must be an array",
    "States.ArrayUnique($.none)": "argument 1 must be an array, but was null",
    "States.Base64Encode($.n)": "argument 1 must be a string, but was 7",
    "States.Base64Encode($.long)": "argument 1 may have 10000 characters, but has 10001",
    "States.Base64Decode($.long)": "argument 1 may have 10000 characters, but has 10001",
    "States.Base64Decode('!!!!')": 'argument 1 must be Base64, but "!!!!" is not',
    "States.Base64Decode('abcde')": "argument 1 must be Base64",
    "States.Hash($.name, $.name)": "argument 2 must be one of MD5, SHA-1, SHA-256, SHA-384, SHA-512, but was",
    "States.Hash($.long, 'MD5')": "argument 1 may have 10000 characters, but has 10001",
    "States.JsonMerge($.object, $.list, false)": "argument 2 must be an object, but was [1,2,3,4,5]",
    "States.JsonMerge($.object, $.object, $.yes)": "argument 3 must be false (AWS merges shallowly only), but was true",
    "States.MathAdd($.name, 1)": 'argument 1 must be a number, but was "Ada"',
    "States.MathAdd(2147483648, 1)": "argument 1 must lie between -2147483648 and 2147483647, but was 2147483648",
    "States.MathAdd(2147483647, 1)": "the sum 2147483648 does not lie between -2147483648 and 2147483647",
    "States.MathRandom(5, 5)": "argument 1 must be less than argument 2, but they were 5 and 5",
    "States.StringSplit($.list, ',')": "argument 1 must be a string, but was [1,2,3,4,5]",
}


@pytest.mark.parametrize("call", BAD_DATA)
def test_bad_data(call, scope):
    flow = compile_call(call)
    with pytest.raises(EvaluationError) as caught:
        flow({**DATA, "long": "a" * 10_001}, scope())
    assert caught.value.error == "States.IntrinsicFailure"
    assert caught.value.cause.startswith(f"The function '{call}' had the following error: {BAD_DATA[call]}")


def test_an_inner_call_is_named_alone(scope):
    with pytest.raises(EvaluationError) as caught:
        compile_call("States.Array(States.ArrayGetItem($.list, 9))")(DATA, scope())
    assert caught.value.cause.startswith("The function 'States.ArrayGetItem($.list, 9)' had the following error: ")


def test_a_value_too_long_to_show_is_cut(scope):
    with pytest.raises(EvaluationError) as caught:
        compile_call("States.ArrayLength($.o)")({"o": {"x": "y" * 500}}, scope())
    assert len(caught.value.cause) < 200


def test_json_nested_too_deep(scope):
    call = compile_call("States.StringToJson($.t)")
    assert call({"t": "[" * 400 + "]" * 400}, scope())
    for depth in (600, 100_000):
        with pytest.raises(EvaluationError):
            call({"t": "[" * depth + "]" * depth}, scope())


def test_a_missing_path_is_left_to_the_caller(scope):
    with pytest.raises(PathError, match=r"No results for path: \$\['nope'\]") as caught:
        compile_call("States.Format('{}', States.MathAdd($.nope, 1))")(DATA, scope())
    assert caught.value.path == "$.nope"


REFUSED = {
    "States.Xyz($.a)": "there is no function States.Xyz",
    "States.Fromat('x')": r"there is no function States.Fromat \(did you mean States.Format\?\) at character 1",
    "States.format('x')": "did you mean States.Format",
    "States.Default($.a, 1)": r"there are States.Format, States.StringToJson",
    "States.UUID(1)": "States.UUID takes 0 arguments, not 1",
    "States.MathAdd(1)": "States.MathAdd takes 2 arguments, not 1",
    "States.MathAdd(1,2,3)": "States.MathAdd takes 2 arguments, not 3",
    "States.MathRandom(1)": "States.MathRandom takes 2 to 3 arguments, not 1",
    "States.JsonToString()": "States.JsonToString takes 1 argument, not 0",
    "States.Format()": "States.Format takes at least 1 argument, not 0",
    "States.Format(true)": "argument 1 of States.Format must be a string, not true",
    "States.Format('{}')": "has 1 placeholders {}, but 0 values follow it",
    "States.Format('{} {}', 1, 2, 3)": "has 2 placeholders {}, but 3 values follow it",
    "States.JsonToString('x')": 'must be a path or a function call, not "x"',
    "States.MathAdd(1, '1')": r'argument 2 of States.MathAdd must be a number, not "1" at character 18',
    "States.MathAdd(1, true)": "argument 2 of States.MathAdd must be a number, not true",
    "States.ArrayLength('x')": "must be an array",
    "States.ArrayGetItem($.a, '0')": "must be a number",
    "States.Hash('x', 'SHA-3')": "must be one of MD5, SHA-1, SHA-256, SHA-384, SHA-512",
    "States.JsonMerge($.a, $.b, true)": r"must be false \(AWS merges shallowly only\), not true",
    "States.StringSplit('a', null)": "argument 2 of States.StringSplit must be a string, not null",
    "States.Format('a": "a string is not closed at character 15",
    "States.Format('a'": r"',' or '\)' is missing",
    "States.Format('a' 'b')": r"',' or '\)' is missing at character 19",
    "States.Format('a',)": "an argument is a path",
    "States.Array(,1)": "an argument is a path",
    "States.Array(word)": "an argument is a path",
    "States.Array(nullable)": "an argument is a path",
    'States.Array("a")': "an argument is a path",
    "States.Array([1])": "an argument is a path",
    "States.Array(1e999)": "the number 1e999 is too large",
    "States.Array(1)[0]": "use States.ArrayGetItem",
    "States.Array(1) x": "nothing may follow the call",
    "States.Array($.a.)": r"a name or a bracket is missing .* in 'States.Array\(\$\.a\.\)'",
    "States.Array($.a b)": "cannot stand here",
    "States.Array($.a[?(@.b == 'x])": "is missing|not closed",
    r"States.Format('a \"quoted\" word')": "a backslash stands before ' { } or .* only at character 18",
    r"States.Format('\t')": "a backslash stands before",
    "States.Format('a\\": "a backslash stands before",
    "States.Format('status 'OUT' now')": r"',' or '\)' is missing",
}


@pytest.mark.parametrize("call", REFUSED)
def test_refused_at_once(call):
    assert is_call(call)
    with pytest.raises(ExpressionSyntaxError, match=REFUSED[call]) as caught:
        compile_call(call)
    assert 0 <= caught.value.offset <= len(call)


def test_calls_nest_ten_deep(scope):
    def nested(depth):
        return "States.Array(" * depth + ")" * depth

    assert text_of(compile_call(nested(10))({}, scope())) == "[" * 10 + "]" * 10
    with pytest.raises(ExpressionSyntaxError, match="calls may nest 10 deep"):
        compile_call(nested(11))


@pytest.mark.parametrize("text", ["States.X(1)", "States.Format('", "States.Format ('x')"])
def test_looks_like_a_call(text):
    assert is_call(text)


@pytest.mark.parametrize(
    "text", ["$.a", " States.UUID()", "States.UUID", "States. ", "states.UUID()", "States.StringToJson $.a)", ""]
)
def test_looks_like_no_call(text):
    assert not is_call(text)


def test_random_numbers_come_from_the_scope(scope):
    call = compile_call("States.MathRandom(10, 14)")
    assert [call({}, scope([number])) for number in (0.0, 0.25, 0.5, 0.999999)] == [10, 11, 12, 13]
    assert compile_call("States.MathRandom(-5.5, $.end)")({"end": 5.4}, scope([0.0])) == -5


def test_a_seed_decides_alone(scope):
    call = compile_call("States.MathRandom(0, 999, $.seed)")
    results = {call({"seed": 3}, scope([number])) for number in (0.0, 0.5, 0.9)}
    assert results == {239}  # what new java.util.Random(3).ints(0, 999) starts with
    assert len({call({"seed": seed}, scope()) for seed in range(20)}) > 15


def test_uuids_are_version_4_and_drawn_from_the_scope(scope):
    call = compile_call("States.UUID()")
    first = call({}, scope([0.1, 0.2, 0.3, 0.4]))
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", first)
    assert first == call({}, scope([0.1, 0.2, 0.3, 0.4]))
    assert first != call({}, scope([0.1, 0.2, 0.3, 0.5]))
    assert call({}, scope([0.0])) == "00000000-0000-4000-8000-000000000000"
    assert call({}, scope([1 - 2**-53])) == "ffffffff-ffff-4fff-bfff-ffffffffffff"


# ------------------------------------------------------------------------------------------------------- properties


class Nothing:
    """The scope of calls that ask nothing."""

    def context(self):
        raise AssertionError

    def draw(self):
        raise AssertionError


NOTHING = Nothing()
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


def quoted(text):
    return "'" + re.sub(r"(['{}\\])", r"\\\1", text) + "'"


@given(VALUES)
def test_json_goes_to_text_and_back(value):
    result = compile_call("States.StringToJson(States.JsonToString($.v))")({"v": value}, NOTHING)
    assert text_of(result) == text_of(value)
    assert json.loads(compile_call("States.JsonToString($.v)")({"v": value}, NOTHING)) == value


@given(TEXTS)
def test_base64_goes_there_and_back(text):
    assert compile_call("States.Base64Decode(States.Base64Encode($.t))")({"t": text}, NOTHING) == text
    assert compile_call(f"States.Base64Encode({quoted(text)})")({}, NOTHING) == base64.b64encode(text.encode()).decode()


@given(TEXTS)
def test_a_quoted_text_is_itself(text):
    assert compile_call(f"States.Format({quoted(text)})")({}, NOTHING) == text
    assert compile_call(f"States.ArrayGetItem(States.Array({quoted(text)}), 0)")({}, NOTHING) == text


@given(st.lists(TEXTS, min_size=1, max_size=5), st.data())
def test_format_puts_values_between_the_pieces(pieces, data):
    values = [data.draw(TEXTS) for _ in pieces[1:]]
    template = "{}".join(quoted(piece)[1:-1] for piece in pieces)
    arguments = "".join(f", {quoted(value)}" for value in values)
    wanted = pieces[0] + "".join(value + piece for value, piece in zip(values, pieces[1:], strict=True))
    assert compile_call(f"States.Format('{template}'{arguments})")({}, NOTHING) == wanted


@given(st.lists(st.text(alphabet="abc", min_size=1, max_size=3), max_size=6), st.sampled_from([",", ";", ".", "|"]))
def test_split_undoes_join(parts, mark):
    call = compile_call("States.StringSplit($.t, $.m)")
    assert call({"t": mark.join(parts), "m": mark}, NOTHING) == parts
    assert call({"t": (mark * 3).join(parts) + mark, "m": mark + "x"}, NOTHING) == parts


@given(st.lists(st.integers(0, 9), max_size=20), st.integers(1, 7))
def test_partitions_hold_everything_in_order(items, size):
    parts = compile_call("States.ArrayPartition($.a, $.n)")({"a": items, "n": size}, NOTHING)
    assert [item for part in parts for item in part] == items
    assert all(len(part) == size for part in parts[:-1])
    assert all(1 <= len(part) <= size for part in parts)


@given(
    st.lists(st.none() | st.booleans() | st.integers(0, 2) | st.just("1") | st.just([True]) | st.just([1]), max_size=8)
)
def test_unique_keeps_one_of_each_and_contains_finds_it(items):
    unique = compile_call("States.ArrayUnique($)")(items, NOTHING)
    texts = [text_of(item) for item in items]
    assert [text_of(item) for item in unique] == list(dict.fromkeys(texts))
    for item in items:
        assert compile_call("States.ArrayContains($.a, $.i)")({"a": unique, "i": item}, NOTHING)
