"""Paths: what they find, what they say when they find nothing, and what does not parse."""

import copy

import pytest

from asl_local.errors import ExpressionSyntaxError
from asl_local.language.jsonpath import NotFound, PathError, flow, parse
from asl_local.values import text_of

SHOP = {
    "orders": [
        {"id": 1, "total": 12.5, "tags": ["new", "gift"], "to": {"city": "Oslo"}},
        {"id": 2, "total": 80, "tags": []},
        {"id": 3, "total": 7, "to": "?"},
    ],
    "owner": {"name": "Ada", "since": {"year": 1990}},
    "stock": {"pen": {"n": 4}, "ink": {"n": 0}, "pad": {}},
    "none": None,
    "word": "text",
    "list": [10, 20, 30],
    "nested": [[1, 2], [3]],
    "detail-type": "d",
    "a.b": 5,
    "it's": 6,
    "ключ": 7,
    "open": True,
}

FOUND = {
    # one place
    "$": SHOP,
    "$.owner": SHOP["owner"],
    "$.owner.since.year": 1990,
    "$['owner']['name']": "Ada",
    "$.owner.['name']": "Ada",
    "$.detail-type": "d",
    "$['a.b']": 5,
    "$.ключ": 7,
    "$.list[1]": 20,
    "$.list.[1]": 20,
    "$.nested[0][1]": 2,
    "$.none": None,
    "$.owner.name ": "Ada",
    "$.list[(@.length-1)]": 30,
    "$.list[( @.length - 3 )]": 10,
    # several names give one object, with what is there
    "$['word','open']": {"word": "text", "open": True},
    "$.owner['name', 'nope']": {"name": "Ada"},
    # lists, empty ones included
    "$.orders[*].id": [1, 2, 3],
    "$.orders.*.id": [1, 2, 3],
    "$.orders[*].to.city": ["Oslo"],
    "$.orders[*].tags[0]": ["new"],
    "$.orders[*].nope": [],
    "$.orders[*]['id','total']": [{"id": 1, "total": 12.5}, {"id": 2, "total": 80}, {"id": 3, "total": 7}],
    "$.nope[*].id": [],
    "$.nope.more[1:]": [],
    "$.nope..x": [],
    "$.owner.*": ["Ada", {"year": 1990}],
    "$.nested[*][*]": [1, 2, 3],
    "$.none[*]": [],
    "$.word[*]": [],
    "$..year": [1990],
    "$...year": [1990],
    "$..n": [4, 0],
    "$.orders..city": ["Oslo"],
    "$..since.year": [1990],
    "$..nope": [],
    # slices
    "$.list[1:]": [20, 30],
    "$.list[:2]": [10, 20],
    "$.list[0:2]": [10, 20],
    "$.list[-2:]": [20, 30],
    "$.list[-9:]": [10, 20, 30],
    "$.list[:-1]": [10, 20],
    "$.list[1:-1]": [],
    "$.list[0:3:2]": [10, 20, 30],
    "$.list[5:]": [],
    "$.list[0,2]": [10, 30],
    "$.list[2, 0]": [30, 10],
}


@pytest.mark.parametrize("path", FOUND)
def test_finds(path):
    before = copy.deepcopy(SHOP)
    assert text_of(parse(path).find(SHOP)) == text_of(FOUND[path])
    assert before == SHOP


MISSING = {
    "$.nope": "No results for path: $['nope']",
    "$.owner.nope": "No results for path: $['owner']['nope']",
    "$.nope.more": "Missing property in path $['nope']",
    "$.owner.nope.more": "Missing property in path $['owner']['nope']",
    "$.word.more": "Property ['more'] not found in path $['word']",
    "$.none.more": "Property ['more'] not found in path $['none']",
    "$.list.length()": "Property ['length()'] not found in path $['list']",
    "$.orders.id": "Property ['id'] not found in path $['orders']",
    "$.list['a','b']": "Property ['a', 'b'] not found in path $['list']",
    "$.list[3]": "Index out of bounds when evaluating path $['list'][3]",
    "$.list[-1]": "Index out of bounds when evaluating path $['list'][-1]",
    "$.list[0,3]": "Index out of bounds when evaluating path $['list'][3]",
    "$.list[-2:-1]": "Index out of bounds when evaluating path $['list'][-2]",
    "$.list[(@.length-4)]": "Index out of bounds when evaluating path $['list'][-1]",
    "$.none[0]": "The path $['none'] is null",
    "$.word[0]": "Filter: [0] can only be applied to arrays. Current context is: text",
    "$.owner[0][*].x": (
        "Filter: [0][*]['x'] can only be applied to arrays. Current context is: {name=Ada, since={year=1990}}"
    ),
    "$.open[1:]": "Filter: [1:] can only be applied to arrays. Current context is: true",
    "$.word[?(@.a)]": "Filter: [?] can not be applied to primitives. Current context is: text",
    # not silent in a list: a leaf under anything but a wildcard over an array, and whatever no array is
    "$.orders[0:2].to": "No results for path: $['orders'][1]['to']",
    "$.stock.*.n": "No results for path: $['stock']['pad']['n']",
    "$.orders[*].id[0]": "Filter: [0] can only be applied to arrays. Current context is: 1",
    "$..tags[0]": "Index out of bounds when evaluating path $['orders'][1]['tags'][0]",
    "$..to.city": "Property ['city'] not found in path $['orders'][2]['to']",
    "$['word','open'].x": "Multi properties can only be used as path leafs: $['word', 'open']",
}


@pytest.mark.parametrize("path", MISSING)
def test_says_what_is_missing(path):
    with pytest.raises(PathError) as caught:
        parse(path).find(SHOP)
    assert str(caught.value) == MISSING[path]
    assert caught.value.path == path


def test_null_is_no_document():
    assert parse("$").find(None) is None
    with pytest.raises(PathError, match="root can not be null"):
        parse("$..a").find(None)


@pytest.mark.parametrize(
    "path",
    [
        "", "a", "a.b", "@.a", " $.a", "$.", "$..", "$...", "$.a.", "$.a..", "$.a b", "$.a. b", "$. a", "$a b", "$.a[", "$.a[]", "$.a]",
        "$.a[0", "$.a['x", "$.a['x]", "$.a['x'", '$["a"]', "$.a[x]", "$.a[1.5]", "$.a[+1]", "$.a[:]", "$.a[ * ]", "$.a[99999999999]",
        "$.it's", "$$23", "$$a", "$1", "$.a[?]", "$.a[?()]", "$.a[?(@.b)", "$.a[?@.b]", "$.a[(@.length)]", "$states.",
    ],
)  # fmt: skip
def test_refuses(path):
    with pytest.raises(ExpressionSyntaxError) as caught:
        parse(path)
    assert caught.value.text == path
    assert 0 <= caught.value.offset <= len(path)


def test_syntax_errors_name_place_and_remedy():
    with pytest.raises(
        ExpressionSyntaxError, match=r"' ' cannot stand here \(put names .*\['a b'\]\) at character 4 of"
    ):
        parse("$.a b")
    with pytest.raises(ExpressionSyntaxError, match=r"""'\["a"\]' is no step .* no double quotes, write \['name'\]"""):
        parse('$["a"]')


REFERENCES = {
    "$": (),
    "$.a": ("a",),
    "$.a.b[0]['c d']": ("a", "b", 0, "c d"),
    "$['store'][0]['book']": ("store", 0, "book"),
    "$.[0].x": (0, "x"),
    "$$.Map.Item.Index": ("Map", "Item", "Index"),
    "$.a-b:c": ("a-b:c",),
}


@pytest.mark.parametrize("path", REFERENCES)
def test_reference_paths(path):
    parsed = parse(path)
    assert parsed.reference
    assert parsed.definite
    assert parsed.steps == REFERENCES[path]


@pytest.mark.parametrize(
    "path",
    ["$.a[*]", "$.*", "$..a", "$.a[-1]", "$.a[0,1]", "$.a[1:]", "$['a','b']", "$.a[?(@.b)]", "$.a[(@.length-1)]"],
)
def test_other_paths_are_no_reference_paths(path):
    assert not parse(path).reference
    assert parse(path).steps == ()


def test_definite():
    assert parse("$['a','b']").definite
    assert parse("$.a[-1]").definite
    assert not parse("$.a[0,1]").definite
    assert not parse("$.a[0:1]").definite


def test_roots():
    assert parse("$.a").root == "input"
    assert parse("$$").root == "context"
    assert (parse("$$.State.Name").root, parse("$$.State.Name").steps) == ("context", ("State", "Name"))
    assert (parse("$größe.x[0]").root, parse("$größe.x[0]").variable) == ("variable", "größe")
    assert parse("$größe.x[0]").find({"x": [4]}) == 4


def test_flow_reads_input_or_context(scope):
    scope = scope(State={"Name": "S"})
    assert flow("$.a")({"a": 1}, scope) == 1
    assert flow("$$.State.Name")({"a": 1}, scope) == "S"
    assert flow("$$")({}, scope) == {"State": {"Name": "S"}}
    assert scope.asked == 2


def test_flow_reads_variables(scope):
    scope = scope(variables={"x": {"a": [1, {"b": 2}]}, "n": None})
    assert flow("$x.a[0]")({"a": 9}, scope) == 1
    assert flow("$x")({}, scope) == {"a": [1, {"b": 2}]}
    assert flow("$x.a[*].b")({}, scope) == [2]
    assert flow("$n")({}, scope) is None
    with pytest.raises(NotFound, match=r"the variable \$y has no value"):
        flow("$y.a")({}, scope)
    with pytest.raises(PathError, match="No results for path"):
        flow("$x.z")({}, scope)
    assert scope.asked == 0


def test_a_reference_path_never_takes_a_character_for_an_item():
    with pytest.raises(PathError, match="can only be applied to arrays"):
        parse("$.word[0]").find(SHOP)
    with pytest.raises(PathError, match="Property"):
        parse("$.list['0']").find(SHOP)


FILTERED = {
    "@.id == 2": [2],
    "@.id=='2'": [2],
    "@.id == 2.0": [2],
    "@.id != 2": [1, 3],
    "@.total > 12.4": [1, 2],
    "@.total > .85 && @.id<3": [1, 2],
    "@.total >= 7 && @.total <= 12.5": [1, 3],
    "@.to": [1, 3],
    "!@.to": [2],
    "@.to.city == Oslo": [1],
    "@.to.city == 'Oslo'": [1],
    "@.to.city != Rome": [1],
    '@.to.city == "Oslo"': [],
    "@['id'] == 1": [1],
    "@.tags[0] == new": [1],
    "@.id == $.pick.id": [3],
    "@.id == @.id": [1, 2, 3],
    "@.nope != 1": [],
    "@.id == 1 || @.id == 3": [1, 3],
    "@.id == 1 && @.total == 0 || @.id == 3": [3],  # && binds tighter
    "@.id == 3 || @.id == 1 && @.total == 0": [3],
    "(@.id == 1)": [1],
    "(@.id == 1) && (@.total > 1)": [1],
    "!(@.id == 1)": [],  # no negation: a word that starts with an exclamation mark
    "@.to =~ /.*osl.*/i": [1],
    "@.to.city =~ /O.*/": [1],
    "@.to.city =~ /s/": [],
    "@.id =~ /[12]/": [1, 2],
    "@": [1, 2, 3],
    "$.id": [1, 2, 3],  # without a comparison the path starts at the item
    "@.length() > 1": [],
    "@.tags == @.tags": [1, 2],
    "@.tags != 1": [],
}


@pytest.mark.parametrize("test", FILTERED)
def test_filters(test):
    found = parse(f"$.orders[?({test})]").find({**SHOP, "pick": {"id": 3}})
    assert [order["id"] for order in found] == FILTERED[test]


WORDS = {
    "@ == 1": (["1", 1, "x", 10, [1], {"n": 1}, None], ["1", 1]),
    "@ == x": (["x", "xx", True, False, None], ["x", False]),  # a word is false unless it is "true"
    "@ == a b": (["a b", "ab"], ["a b"]),
    "@ == 'a b'": (["a b", "ab"], ["a b"]),
    "@ == 'q\\'r'": (["q'r", "qr"], ["q'r"]),
    "@ == TRUE": ([True, False, "TRUE", "true", None], [True, "TRUE"]),
    "@ == ": (["", "x"], [""]),
    "@ != x": (["x", "a", True, None, [1]], ["a", True, None]),
    "@ > a": (["x", "A", True, False, None], ["x", True]),
    "@ > 1": (["1", "10", "2", 1, 10, None], ["10", "2", 10]),
    "@ == null": (["null", None, "x", 1], ["null", None]),
    "@ != null": (["null", None, "x", 1, [1], {"n": 1}], ["x", 1, [1], {"n": 1}]),
    "@ > null": (["x", 1, [1], None, "null"], ["x", 1, [1]]),
    "@ >= null": (["x", 1, [1], None, "null"], ["x", 1, [1], "null"]),
    "@ <= null": (["x", 1, [1], None, "null"], ["null"]),
    # by UTF-16 code unit, as in Java: the surrogates of an emoji come before half-width kana
    "@ < ｱ": (["ｱ", "\U0001f600"], ["\U0001f600"]),
    "@ < 'b>c'": (["a", "b>c", "b>d"], ["a"]),
    "@ >= @": (["x", 1, None, [1]], ["x", 1, None, [1]]),
    "null == @": ([None, "x"], [None]),
    "1 == 1.0": (["x"], []),  # two words
}


@pytest.mark.parametrize("test", WORDS)
def test_words_compare_as_the_value_would_have_it(test):
    items, passing = WORDS[test]
    assert text_of(parse(f"$[?({test})]").find(items)) == text_of(passing)


def test_numbers_compare_exactly():
    numbers = [0.1, 12345678901234567890, 1e23]
    assert parse("$[?(@ == 0.10)]").find(numbers) == [0.1]
    assert parse("$[?(@ > 12345678901234567889)]").find(numbers) == [12345678901234567890, 1e23]
    assert parse("$[?(@ == 100000000000000000000000)]").find(numbers) == [1e23]
    assert parse("$.l[?(@ == $.n)]").find({"l": [1, 1.0, "1"], "n": 1}) == [1, 1.0]


def test_a_word_is_no_number():
    with pytest.raises(PathError, match="Character t is neither a decimal digit number, decimal point, nor"):
        parse("$.a[?(@.b == true)]").find({"a": [{"b": True}, {"b": 1}]})


def test_a_filter_tests_an_object_itself():
    document = {"x": {"p": 1, "q": {"p": 2}}}
    assert parse("$.x[?(@.p == 1)].q.p").find(document) == [2]
    assert parse("$.x[?(@.p == 2)]").find(document) == []
    assert parse("$..[?(@.p == 2)]").find(document) == [{"p": 2}]


@pytest.mark.parametrize(
    "test",
    [
        "@.n in ['x']", "@.n contains x", "@.n = 1", "@.n ~ 1", "1", "true", "!", "! @.n", "@.n == 'x", "@.n == 'a && b'", "@.n == 1 &&", "@.n != 'a>=b'",
        "@.n[*] == 1", "@..n", "@.n == $..n", "@.n == $$.x", "@.n =~ x", "@.n =~ /(/", "@.n =~ /[/", "'x' =~ /x/", "@['n'", '@["n"] == 1',
    ],
)  # fmt: skip
def test_refused_filters(test):
    with pytest.raises(ExpressionSyntaxError):
        parse(f"$.a[?({test})]")


def test_filters_decide_from_right_to_left():
    assert parse("$[?(@[0] == 1 || @.a == 1)]").find([{"a": 1}]) == [{"a": 1}]
    with pytest.raises(PathError, match="can only be applied to arrays"):
        parse("$[?(@.a == 1 || @[0] == 1)]").find([{"a": 1}])
