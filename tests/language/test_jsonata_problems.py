"""What AWS refuses about an expression when a state machine is created, and what the tree of an expression says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asl_local.language.jsonata import seam, tokens
from asl_local.language.jsonata.problems import Problem, problems, variables_read
from asl_local.language.jsonata.syntax import TooDeep, parse

EVERYTHING = frozenset(("result", "errorOutput"))

# Messages of version 2.0.6, which AWS shows without the code. The first eight were recorded on AWS by others.
INVALID = [
    ("a[1,2)", 'Expected "]", got ","'),
    ('"unterminated', "String literal must be terminated by a matching quote"),
    ("1 +", "Unexpected end of expression"),
    ('{"a":}', 'The symbol "}" cannot be used as a unary operator'),
    ("$x :=", "Unexpected end of expression"),
    ('$match("a", /abc', "No terminating / in regular expression"),
    ("phone %.other", 'The symbol "." cannot be used as a unary operator'),
    ("", "Unexpected end of expression"),
    ("$a ?: 1", 'The symbol ":" cannot be used as a unary operator'),
    ("$a ?? 1", 'The symbol "?" cannot be used as a unary operator'),
    ("$a ?/* no */? 1", 'The symbol "?" cannot be used as a unary operator'),
    ("(1 + 2", 'Expected ")" before end of expression'),
    ("[1, 2", 'Expected "]" before end of expression'),
    ("1 2", "Syntax error: 2"),
    ("$a $b", 'Syntax error: "b"'),
    ("1; 2", 'Syntax error: ";"'),
    ("2 ** 3", 'Syntax error: "**"'),
    ("1 ! 2", 'Unknown operator: "!"'),
    ("1e999", 'Number out of range: "1e999"'),
    (r'"\q"', r'Unsupported escape sequence: \"q"'),
    (r'"\uxyz"', r"The escape sequence \u must be followed by 4 hex digits"),
    ("`a", "Quoted property name must be terminated with a backquote (`)"),
    ("1 /* never closed", "Comment has no closing tag"),
    ("$match('a', //)", "Empty regular expressions are not allowed"),
    ("function(a){1}", "Parameter 1 of function definition must be a variable name (start with $)"),
    ("5 := 1", "The left side of := must be a variable name (start with $)"),
    ("$a.5", "The literal value 5 cannot be used as a step within a path expression"),
    ("$a.true.b", "The literal value true cannot be used as a step within a path expression"),
    ("$a@b.c", 'The right side of "@" must be a variable name (start with $)'),
    ("1) ; (2", 'Syntax error: ")"'),
]


@pytest.mark.parametrize(("text", "message"), INVALID, ids=[row[0] for row in INVALID])
def test_what_does_not_parse_in_version_2_0_6(text, message):
    assert problems(text, EVERYTHING) == [Problem("INVALID_JSONATA_EXPRESSION", message)]


# What may look like a new operator and is none.
@pytest.mark.parametrize(
    "text",
    [
        '"a ?? b ?: c"', "'?:'", "$a.`?:`", "/* ?? */ 1", "$match('x', /a??/)", "$match('x', /(?:a)/)", "$f(?, 1)", "$f(?,?)",
        "$a ? 1 : 2", "$a ? 1", "$a?1:2", "true ? ($b) : (1)",
    ],
)  # fmt: skip
def test_what_only_looks_like_a_later_version(text):
    assert problems(text, EVERYTHING) == []


def named(*names):
    return [f"Reference to '{name}' at the top level is not supported." for name in names]


TOP_LEVEL = [
    ("phone", named("phone")),
    ("phone.number[type = 'home']", named("phone")),
    ("aaa + bbb + aaa", named("aaa", "bbb")),
    ("$.phone", named("$")),
    ("$", named("$")),
    ("$[0]", named("$")),
    ('"phone".number', named("phone")),
    ("`a b`", named("a b")),
    ("{aaa: 1, 'b': ccc}", named("aaa", "ccc")),
    ("[x, [y]]", named("x", "y")),
    ("$sum(prices)", named("prices")),
    ("total(1)", named("total")),
    ("$x := y", named("y")),
    ("($a; b)", named("b")),
    ("a ? b : c", named("a", "b", "c")),
    ("-a", named("a")),
    ("a ~> $f", named("a")),
    ("a[b]^(c){d: e}", named("a")),
    ("$map($states.input.a, function($x){ b })", named("b")),
    ("and + or", named("and", "or")),
    ("phone & $$", [*named("phone"), "Reference to '$$' is not supported."]),
    ("$$.a", ["Reference to '$$' is not supported."]),
    ("$states.input.a[$$.b]", ["Reference to '$$' is not supported."]),
    ("$states := 1", ["Variable '$states' is reserved and cannot be assigned."]),
]


@pytest.mark.parametrize(("text", "messages"), TOP_LEVEL, ids=[row[0] for row in TOP_LEVEL])
def test_what_has_nothing_to_stand_for(text, messages):
    assert problems(text, EVERYTHING) == [Problem("UNSUPPORTED_JSONATA_EXPRESSION", message) for message in messages]


@pytest.mark.parametrize(
    "text",
    [
        "$states.input.phone", "$states.input.items[phone > 3]", "$phone", "$states", "$states.context.Execution.Id",
        "$map($states.input.a, function($x){ $x.phone })", "$a.(b + $.c)", "$a{b: c}", "$a^(b, >c)", "$a.*.b", "$a.**",
        "$a ~> |b|{'c': d}|", "$a@$v.b", "$a#$i[$i = 1]", "$a.b.'c'.d", "$substring(1)", "$sum", "$anything.at.all",
        "function($x){$x.a}($states.input)", "$a[b = 'x'].c[$ != 1]", "$states[0].input", "$lookup($states, 'input')",
        "$a.b.%.c", "'string'", "null", "$states.`input`", "$states.results.Payload", "$a.and.or.in",
    ],
)  # fmt: skip
def test_what_is_found_from_states_or_a_variable(text):
    assert problems(text, EVERYTHING) == []


@pytest.mark.parametrize("member", ["result", "errorOutput"])
def test_what_a_field_may_see(member):
    for text in (
        f"$states.{member}",
        f"$states.{member}.Payload[0]",
        f"$a & $states . {member}",
        f"($states).{member}",
    ):
        assert problems(text, frozenset([member])) == []
        missing = Problem("UNSUPPORTED_JSONATA_EXPRESSION", f"Field '$states.{member}' does not exist.")
        assert problems(text, frozenset()) == [missing]


def test_the_checks_work_without_an_engine(monkeypatch):
    monkeypatch.setattr(seam, "ENGINES", {})
    assert problems("phone", EVERYTHING) == [
        Problem("UNSUPPORTED_JSONATA_EXPRESSION", "Reference to 'phone' at the top level is not supported.")
    ]
    assert problems("1 +", EVERYTHING) == [Problem("INVALID_JSONATA_EXPRESSION", "Unexpected end of expression")]
    assert problems("$a", EVERYTHING) == []


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("$a + $b.c", {"a", "b"}), ("$states.input.a", set()), ("$sum($xs) + $count", {"xs"}), ("$x := $y; 1", set()),
        ("($x := $y; $x)", {"y"}), ("$map($xs, function($v, $i){ $v * $i * $k })", {"xs", "k"}), ("$", set()), ("$$", set()),
        ("$a@$v.($v.b & $w)", {"a", "w"}), ("$a#$i[$i = $n]", {"a", "n"}), ("'$no' & /* $no */ $yes", {"yes"}),
        ("$uuid() & $partition($p, 2)", {"p"}), ("1 +", set()),
    ],
)  # fmt: skip
def test_the_variables_that_an_expression_reads(text, names):
    assert variables_read(text) == names


def test_parts_know_their_place():
    text = "  $a.b[ 1 ] + (2; [3 .. $f(4)])"
    tree = parse(text)
    left, right = tree.parts
    assert [text[n.start : n.end] for n in (tree, left, right)] == [text.strip(), "$a.b[ 1 ]", "(2; [3 .. $f(4)])"]
    assert [text[n.start : n.end] for n in right.parts] == ["2", "[3 .. $f(4)]"]
    assert text[right.parts[1].parts[0].start : right.parts[1].parts[0].end] == "3 .. $f(4)"


def test_half_a_surrogate_pair_in_an_expression_is_refused():
    assert [problem.code for problem in problems("'\ud800'", EVERYTHING)] == ["INVALID_JSONATA_EXPRESSION"]


def test_long_chains_and_deep_nests():
    assert problems("1" + "+ $a" * 20_000, EVERYTHING) == []
    assert variables_read("1" + "& $a" * 20_000) == {"a"}
    with pytest.raises(TooDeep):
        parse("[" * 5_000 + "]" * 5_000)
    assert problems("(" * 5_000 + "1" + ")" * 5_000, EVERYTHING) == []
    assert problems("(" * 5_000, EVERYTHING) == []


PIECES = st.sampled_from(
    ["$", "$a", "$states", "é", "a", "b1", "_", "or", "in", "and", "true", "null", "order", "0", "00", "12", "1.5", "1e3", "1e", "5.", ".",
     "..", "*", "**", ":", ":=", "!", "!=", "~", "~>", "/", "/*", "*/", "/a/i", "(", ")", "[", "]", "{", "}", "'", '"', "'x'", '"y"', "\\",
     "\\n", "`", "`a b`", " ", "\t", "\n", "\v", "\x0c", "@", "#", ";", "?", "-", "+", "%", "|", "=", "<", ">=", "^", "&", ",", "9" * 20]
)  # fmt: skip


@given(st.lists(PIECES, max_size=8).map("".join) | st.text(max_size=8), st.booleans())
def test_a_token_is_the_same_whether_it_is_read_at_one_go_or_with_care(text, infix):
    def token(read):
        try:
            return read(text, 0, infix=infix)
        except seam.Thrown as error:
            return str(error)

    assert token(tokens.next_token) == token(tokens._any_token)
