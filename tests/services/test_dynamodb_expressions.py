"""Expressions that are refused before there is an item, and the sentences that say why."""

import pytest

from asl_local.services.dynamodb.expressions import Parser
from asl_local.services.dynamodb.syntax import Placeholders
from asl_local.services.dynamodb.values import Refusal

VALUES = {
    ":s": {"S": "a"},
    ":n": {"N": "1"},
    ":b": {"B": b"a"},
    ":l": {"L": []},
    ":m": {"M": {}},
    ":ss": {"SS": ["a"]},
    ":ns": {"NS": ["1"]},
    ":bool": {"BOOL": True},
    ":null": {"NULL": True},
    ":dog": {"S": "DOG"},
    ":two": {"N": "2"},
}
NAMES = {"#a": "a", "#c": "c"}


def problem(kind: str, text: str) -> str:
    """What is said against an expression, without its `Invalid XExpression: `."""
    entry = {"UpdateExpression": Parser.update, "ProjectionExpression": Parser.projection}.get(kind, Parser.condition)
    with pytest.raises(Refusal) as caught:
        entry(Parser(kind, text, Placeholders(NAMES, VALUES)))
    assert caught.value.code == "ValidationException"
    head, _, rest = caught.value.message.partition(": ")
    assert head == f"Invalid {kind}"
    return rest


@pytest.mark.parametrize(
    ("text", "token", "near"),
    [
        ("a", "<EOF>", "a"),
        ("a =", "<EOF>", "="),
        ("a = :n AND", "<EOF>", "AND"),
        ("a = :n b", "b", ":n b"),
        ("a IN ()", ")", "()"),
        ("a IN :n", ":n", "IN :n"),
        ("_a = :n", "_", "_a"),
        ("a != :n", "!", "a !="),
        ("a = 5", "5", "= 5"),
        ("a = 'x'", "'", "= 'x"),
        ("a BETWEEN :n OR :n", "OR", ":n OR :n"),
        ("a = :n OR OR b = :n", "OR", "OR OR b"),
        ("(a = :n", "<EOF>", ":n"),
        ("a = :n)", ")", ":n)"),
        ("a[b] = :n", "b", "[b]"),
        ("a[:n] = :n", ":n", "[:n]"),
        ("a. = :n", "=", ". = :n"),
        ("a = (b = :n)", "<EOF>", ")"),
        ("NOT", "<EOF>", "NOT"),
        ("and = :n", "and", "and ="),
        (":n", "<EOF>", ":n"),
        ("size(a", "<EOF>", "a"),
        ("size() = :n", ")", "() ="),
    ],
)
def test_syntax_errors_of_conditions_show_the_token_and_its_neighbours(text, token, near):
    assert problem("ConditionExpression", text) == f'Syntax error; token: "{token}", near: "{near}"'


@pytest.mark.parametrize(
    "text",
    [
        *("whatever", "set a", "add a", "delete a", "set a=set", "remove a = b", "add a = b", "delete a = b"),
        *("delete a b", "delete a if_not_exists(b)", "add abort b", "add a if_not_exists(b)", "remove a b", "set a b"),
        *("set :a = b", "add :a b", "delete :a b", "remove :a", "set a = b / c", "set a = b * c", 'set a[1] = "eight"'),
        *("set a[1] = 1", "SET a = if_not_exists(a, 100)", "SET if_not_exists(a, b) = a", "set (a = (b + c))"),
        *(
            "set a = b + c + d",
            "set a = (b + c) + d",
            "set a = b + (c + d)",
            "SET _a = :n",
            "SET 1a = :n",
            "SET a-b = :n",
        ),
        *("SET a$b = :n", 'SET "a" = :n', "SET # = :n", "SET a = :", "SET a = :n,", "SET ,a = :n", "HELLO a = :n"),
        *("SET a = f(b + c)", "SET a = :n REMOVE", "SET a[#a] = :n", "SET a = :n, REMOVE b"),
    ],
)
def test_syntax_errors_of_updates(text):
    assert problem("UpdateExpression", text).startswith("Syntax error; token: ")


@pytest.mark.parametrize("text", ["a,", ",a", "a,,b", "a b", "a.", "a[", "a[x]", ":n", "(a)", "a = b"])
def test_syntax_errors_of_projections(text):
    assert problem("ProjectionExpression", text).startswith("Syntax error; token: ")


WRONG = "Incorrect operand type for operator or function; operator or function: "
COUNT = "Incorrect number of operands for operator or function; operator or function: "
MISUSED = "The function is not allowed to be used this way in an expression; function: "
DISTINCT = "The first operand must be distinct from the remaining operands for this operator or function; operator: "


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The expression can not be empty;"),
        (" \n", "The expression can not be empty;"),
        ("a = " + "b" * 4093, "Expression size has exceeded the maximum allowed size;"),
        ("((a = :n))", "The expression has redundant parentheses;"),
        ("(a = :n) AND ((b = :n))", "The expression has redundant parentheses;"),
        ("((a)) = :n", "The expression has redundant parentheses;"),
        ("dog(a)", "Invalid function name; function: dog"),
        ("SIZE(a) = :n", "Invalid function name; function: SIZE"),
        ("if_not_exists(a, b) = :n", MISUSED + "if_not_exists"),
        ("size(a)", MISUSED + "size"),
        ("NOT size(a)", MISUSED + "size"),
        ("attribute_exists(a) = :bool", MISUSED + "attribute_exists"),
        ("size(contains(a, b)) = :n", MISUSED + "contains"),
        ("Abort = :n", "Attribute name is a reserved keyword; reserved keyword: Abort"),
        ("a.size = :n", "Attribute name is a reserved keyword; reserved keyword: size"),
        (
            "#missing = :n",
            "An expression attribute name used in the document path is not defined; attribute name: #missing",
        ),
        ("a = :missing", "An expression attribute value used in expression is not defined; attribute value: :missing"),
        ("attribute_exists(:n)", "Operator or function requires a document path; operator or function: attribute_exists"),
        ("attribute_exists(a, b)", COUNT + "attribute_exists, number of operands: 2"),
        ("begins_with(a)", COUNT + "begins_with, number of operands: 1"),
        ("begins_with(a, :n)", WRONG + "begins_with, operand type: N"),
        ("attribute_type(a, b)", WRONG + "attribute_type, operand type: {NS,SS,L,BS,N,M,B,BOOL,NULL,S}"),
        ("attribute_type(a, :n)", WRONG + "attribute_type, operand type: N"),
        ("attribute_type(a, :dog)", "Invalid attribute type name found; type: DOG, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}"),
        ("size(:n) = :n", WRONG + "size, operand type: N"),
        ("a < :l", WRONG + "<, operand type: L"),
        (":bool >= a", WRONG + ">=, operand type: BOOL"),
        ("a BETWEEN :l AND :l", WRONG + "BETWEEN, operand type: L"),
        ("a = a", DISTINCT + "=, first operand: [a]"),
        ("contains(a.b[1], #a.b[1])", DISTINCT + "contains, first operand: [a, b, [1]]"),
        (
            "a BETWEEN :two AND :n",
            ("The BETWEEN operator requires upper bound to be greater than or equal to lower bound; "
            "lower bound operand: AttributeValue: {N:2}, upper bound operand: AttributeValue: {N:1}"),
        ),
        (
            "a BETWEEN :n AND :s",
            ("The BETWEEN operator requires same data type for lower and upper bounds; "
            "lower bound operand: AttributeValue: {N:1}, upper bound operand: AttributeValue: {S:a}"),
        ),
        ("a IN (" + ",".join([":n"] * 101) + ")", "The IN operator takes 100 operands at most; number of operands: 101"),
        (
            " OR ".join(["a=:n"] * 301),
            "The expression contains too many operators; maximum operator count: 300",
        ),
        ("(" * 200 + "a = :n" + ")" * 200, "The expression is nested more than 100 levels deep"),
        ("NOT " * 200 + "a = :n", "The expression is nested more than 100 levels deep"),
        # Of several problems AWS names the one whose kind comes first.
        ("abort = :missing AND dog(a)", "Invalid function name; function: dog"),
        ("a = :missing AND abort = :n", "Attribute name is a reserved keyword; reserved keyword: abort"),
        ("a < :l AND b = :missing", WRONG + "<, operand type: L"),
    ],
)  # fmt: skip
def test_conditions_that_parse_and_are_still_wrong(text, message):
    assert problem("ConditionExpression", text) == message
    assert problem("FilterExpression", text) == message


def overlap(one: str, two: str, word: str = "overlap") -> str:
    return (
        f"Two document paths {word} with each other; must remove or rewrite one of these paths; "
        f"path one: {one}, path two: {two}"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The expression can not be empty;"),
        ("set a = :n set c = :n", 'The "SET" section can only be used once in an update expression;'),
        ("remove d set a = b remove e", 'The "REMOVE" section can only be used once in an update expression;'),
        ("remove Absolute", "Attribute name is a reserved keyword; reserved keyword: Absolute"),
        ("set #missing = if_not_exist(:missing) set c = d", "Invalid function name; function: if_not_exist"),
        ("set a = LIST_APPEND(:l, :l)", "Invalid function name; function: LIST_APPEND"),
        ("set a = size(b)", MISUSED + "size"),
        ("set a = list_append(list_append(:l, :l), :l)", MISUSED + "list_append"),
        (
            "set #missing = if_not_exists(:missing)",
            "An expression attribute name used in the document path is not defined; attribute name: #missing",
        ),
        (
            "set a = if_not_exists(:missing)",
            "An expression attribute value used in expression is not defined; attribute value: :missing",
        ),
        ("set d[1] = a, d.b = a, c[1].a = a, #c = if_not_exists(a)", overlap("[c, [1], a]", "[c]")),
        ("set a = b remove a", overlap("[a]", "[a]")),
        ("remove c, #c.a", overlap("[c]", "[c, a]")),
        ("set a.b = :n, a[1] = :n", overlap("[a, b]", "[a, [1]]", "conflict")),
        ("set a = if_not_exists(c)", COUNT + "if_not_exists, number of operands: 1"),
        ("set a = list_append(:l, :l, :l)", COUNT + "list_append, number of operands: 3"),
        ("set a = if_not_exists(:n, c)", "Operator or function requires a document path; operator or function: if_not_exists"),
        ("set a = list_append(:s, a)", WRONG + "list_append, operand type: S"),
        ("set a = a + :s", WRONG + "+, operand type: S"),
        ("set a = :ss - a", WRONG + "-, operand type: SS"),
        ("set a = list_append(a, b) + :n", WRONG + "+, operand type: L"),
        (
            "add a :s",
            ("Incorrect operand type for operator or function; operator: ADD, operand type: STRING, "
            "typeSet: ALLOWED_FOR_ADD_OPERAND"),
        ),
        (
            "delete a :n",
            ("Incorrect operand type for operator or function; operator: DELETE, operand type: NUMBER, "
            "typeSet: ALLOWED_FOR_DELETE_OPERAND"),
        ),
        ("set a = " + "(" * 200 + "b" + ")" * 200, "The expression is nested more than 100 levels deep"),
    ],
)  # fmt: skip
def test_updates_that_parse_and_are_still_wrong(text, message):
    assert problem("UpdateExpression", text) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The expression can not be empty;"),
        ("a, a", overlap("[a]", "[a]")),
        ("a.b[2].c, a.b", overlap("[a, b, [2], c]", "[a, b]")),
        ("a.b, a[1]", overlap("[a, b]", "[a, [1]]", "conflict")),
        ("a, Name", "Attribute name is a reserved keyword; reserved keyword: Name"),
    ],
)
def test_projections_that_parse_and_are_still_wrong(text, message):
    assert problem("ProjectionExpression", text) == message


@pytest.mark.parametrize(
    ("names", "values", "message"),
    [
        ({}, None, "ExpressionAttributeNames must not be empty"),
        (None, {}, "ExpressionAttributeValues must not be empty"),
        ({"a": "a"}, None, 'ExpressionAttributeNames contains invalid key: Syntax error; key: "a"'),
        ({"#": "a"}, None, 'ExpressionAttributeNames contains invalid key: Syntax error; key: "#"'),
        ({"#a-b": "a"}, None, 'ExpressionAttributeNames contains invalid key: Syntax error; key: "#a-b"'),
        (None, {"b": {"S": "a"}}, 'ExpressionAttributeValues contains invalid key: Syntax error; key: "b"'),
        (None, {":b": {"NS": ["1", "x"]}}, "ExpressionAttributeValues contains invalid value: The parameter cannot be converted to a numeric value: x for key :b"),
        (None, {":b": {}}, "ExpressionAttributeValues contains invalid value: Supplied AttributeValue is empty, must contain exactly one of the supported datatypes for key :b"),
        ({"#a": ""}, None, "One or more parameter values were invalid: An attribute name must not be empty, in ExpressionAttributeNames.#a"),
    ],
)  # fmt: skip
def test_bad_placeholders_are_refused(names, values, message):
    with pytest.raises(Refusal) as caught:
        Placeholders(names, values)
    assert caught.value.message == message


def test_placeholders_that_no_expression_uses_are_refused():
    placeholders = Placeholders({"#a": "a", "#b": "b"}, {":a": {"S": "a"}, ":b": {"S": "b"}})
    Parser("ConditionExpression", "#a = :a", placeholders).condition()
    with pytest.raises(Refusal) as caught:
        placeholders.check_used()
    assert caught.value.message == "Value provided in ExpressionAttributeNames unused in expressions: keys: {#b}"
    Parser("FilterExpression", "#b = :a", placeholders).condition()
    with pytest.raises(Refusal) as caught:
        placeholders.check_used()
    assert caught.value.message == "Value provided in ExpressionAttributeValues unused in expressions: keys: {:b}"
