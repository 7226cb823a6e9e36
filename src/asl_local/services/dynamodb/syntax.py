"""The parts of an expression: nodes, tokens, placeholders, functions, and the words that no bare name may be.

Knows: what an expression is made of. Must never know: the grammar, which is `expressions`'s.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from asl_local.lazy import dataclass
from asl_local.services.dynamodb.values import Refusal, Value, accept_value, check_name, malformed, type_of, wrong_type


@dataclass(frozen=True, slots=True)
class Path:
    """A document path: names of attributes and of map members, and list indexes."""

    parts: tuple[str | int, ...]

    def __str__(self) -> str:
        return f"[{', '.join(f'[{part}]' if isinstance(part, int) else part for part in self.parts)}]"


@dataclass(frozen=True, slots=True)
class Literal:
    """A `:value`, already looked up (empty where it was not defined, which is refused at the end)."""

    value: Value


@dataclass(frozen=True, slots=True)
class Call:
    """A function call; some functions are operands, some are conditions."""

    name: str
    arguments: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`left + right` or `left - right` in a SET action."""

    operator: str
    left: Operand
    right: Operand


@dataclass(frozen=True, slots=True)
class Comparison:
    """`left operator right`."""

    operator: str
    left: Operand
    right: Operand


@dataclass(frozen=True, slots=True)
class Between:
    """`operand BETWEEN low AND high`, both included."""

    operand: Operand
    low: Operand
    high: Operand


@dataclass(frozen=True, slots=True)
class In:
    """`operand IN (option, ...)`."""

    operand: Operand
    options: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class And:
    """All of them hold."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """One of them holds at least."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """It does not hold."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class Action:
    """One action of an update: SET, REMOVE, ADD or DELETE; `operand` is None for REMOVE."""

    section: str
    path: Path
    operand: Operand | Arithmetic | None = None


Operand: TypeAlias = Path | Literal | Call
Condition: TypeAlias = Comparison | Between | In | And | Or | Not | Call
Node: TypeAlias = Operand | Condition


class Placeholders:
    """ExpressionAttributeNames and ExpressionAttributeValues of one request, and which of them were used."""

    def __init__(self, names: Mapping[str, str] | None, values: Mapping[str, Any] | None) -> None:
        self._names = {} if names is None else self._checked_names(names)
        self._values = {} if values is None else self._checked_values(values)
        self._used: set[str] = set()

    def name(self, placeholder: str) -> str | None:
        """The attribute name that `#placeholder` stands for."""
        self._used.add(placeholder)
        return self._names.get(placeholder)

    def value(self, placeholder: str) -> Value | None:
        """The stored value that `:placeholder` stands for."""
        self._used.add(placeholder)
        return self._values.get(placeholder)

    def check_used(self) -> None:
        """Refuse placeholders that no expression of the request used."""
        for parameter, given in (
            ("ExpressionAttributeNames", self._names),
            ("ExpressionAttributeValues", self._values),
        ):
            unused = [placeholder for placeholder in given if placeholder not in self._used]
            if unused:
                raise Refusal(f"Value provided in {parameter} unused in expressions: keys: {{{', '.join(unused)}}}")

    @staticmethod
    def _checked_names(names: Mapping[str, str]) -> dict[str, str]:
        _check_placeholders("ExpressionAttributeNames", names, "#")
        for placeholder, name in names.items():
            if not isinstance(name, str):
                raise wrong_type(f"ExpressionAttributeNames.{placeholder}", name, "<class 'str'>")
            check_name(name, f"ExpressionAttributeNames.{placeholder}")
        return dict(names)

    @staticmethod
    def _checked_values(values: Mapping[str, Any]) -> dict[str, Value]:
        _check_placeholders("ExpressionAttributeValues", values, ":")
        checked = {}
        for placeholder, value in values.items():
            try:
                checked[placeholder] = accept_value(value, f"ExpressionAttributeValues.{placeholder}")
            except Refusal as refusal:
                if refusal.code != "ValidationException":
                    raise
                message = f"ExpressionAttributeValues contains invalid value: {refusal.message} for key {placeholder}"
                raise Refusal(message) from None
        return checked


def _check_placeholders(parameter: str, given: Mapping[str, Any], sigil: str) -> None:
    if not given:
        raise Refusal(f"{parameter} must not be empty")
    for placeholder in given:
        if not isinstance(placeholder, str):
            raise malformed(
                f"Invalid type for parameter {parameter} (key: {placeholder!r}), valid types: <class 'str'>"
            )
        if not re.fullmatch(sigil + "[0-9a-zA-Z_]+", placeholder):
            raise Refusal(f'{parameter} contains invalid key: Syntax error; key: "{placeholder}"')


@dataclass(frozen=True, slots=True)
class Token:
    """A token and where it stands, in characters."""

    kind: str  # word, name (#), value (:), number, symbol, other, end
    text: str
    start: int
    end: int


_TOKEN = re.compile(
    r"(?P<word>[A-Za-z][A-Za-z0-9_]*)|(?P<name>\#[A-Za-z0-9_]+)|(?P<value>:[A-Za-z0-9_]+)|(?P<number>[0-9]+)"
    r"|(?P<symbol><=|>=|<>|[-+=<>()\[\],.])|(?P<blank>[ \t\r\n]+)|(?P<other>.)",
    re.DOTALL,
)


def tokens(text: str) -> list[Token]:
    """The expression's tokens without blanks, and one of kind `end` after them."""
    found = [
        Token(match.lastgroup or "other", match[0], match.start(), match.end())
        for match in _TOKEN.finditer(text)
        if match.lastgroup != "blank"
    ]
    return [*found, Token("end", "<EOF>", len(text), len(text))]


# Developer Guide, "Reserved words in DynamoDB".
RESERVED = frozenset(
    """
    ABORT ABSOLUTE ACTION ADD AFTER AGENT AGGREGATE ALL ALLOCATE ALTER ANALYZE AND ANY ARCHIVE ARE ARRAY AS ASC
    ASCII ASENSITIVE ASSERTION ASYMMETRIC AT ATOMIC ATTACH ATTRIBUTE AUTH AUTHORIZATION AUTHORIZE AUTO AVG BACK
    BACKUP BASE BATCH BEFORE BEGIN BETWEEN BIGINT BINARY BIT BLOB BLOCK BOOLEAN BOTH BREADTH BUCKET BULK BY BYTE
    CALL CALLED CALLING CAPACITY CASCADE CASCADED CASE CAST CATALOG CHAR CHARACTER CHECK CLASS CLOB CLOSE CLUSTER
    CLUSTERED CLUSTERING CLUSTERS COALESCE COLLATE COLLATION COLLECTION COLUMN COLUMNS COMBINE COMMENT COMMIT
    COMPACT COMPILE COMPRESS CONDITION CONFLICT CONNECT CONNECTION CONSISTENCY CONSISTENT CONSTRAINT CONSTRAINTS
    CONSTRUCTOR CONSUMED CONTINUE CONVERT COPY CORRESPONDING COUNT COUNTER CREATE CROSS CUBE CURRENT CURSOR CYCLE
    DATA DATABASE DATE DATETIME DAY DEALLOCATE DEC DECIMAL DECLARE DEFAULT DEFERRABLE DEFERRED DEFINE DEFINED
    DEFINITION DELETE DELIMITED DEPTH DEREF DESC DESCRIBE DESCRIPTOR DETACH DETERMINISTIC DIAGNOSTICS DIRECTORIES
    DISABLE DISCONNECT DISTINCT DISTRIBUTE DO DOMAIN DOUBLE DROP DUMP DURATION DYNAMIC EACH ELEMENT ELSE ELSEIF
    EMPTY ENABLE END EQUAL EQUALS ERROR ESCAPE ESCAPED EVAL EVALUATE EXCEEDED EXCEPT EXCEPTION EXCEPTIONS EXCLUSIVE
    EXEC EXECUTE EXISTS EXIT EXPLAIN EXPLODE EXPORT EXPRESSION EXTENDED EXTERNAL EXTRACT FAIL FALSE FAMILY FETCH
    FIELDS FILE FILTER FILTERING FINAL FINISH FIRST FIXED FLATTERN FLOAT FOR FORCE FOREIGN FORMAT FORWARD FOUND
    FREE FROM FULL FUNCTION FUNCTIONS GENERAL GENERATE GET GLOB GLOBAL GO GOTO GRANT GREATER GROUP GROUPING HANDLER
    HASH HAVE HAVING HEAP HIDDEN HOLD HOUR IDENTIFIED IDENTITY IF IGNORE IMMEDIATE IMPORT IN INCLUDING INCLUSIVE
    INCREMENT INCREMENTAL INDEX INDEXED INDEXES INDICATOR INFINITE INITIALLY INLINE INNER INNTER INOUT INPUT
    INSENSITIVE INSERT INSTEAD INT INTEGER INTERSECT INTERVAL INTO INVALIDATE IS ISOLATION ITEM ITEMS ITERATE JOIN
    KEY KEYS LAG LANGUAGE LARGE LAST LATERAL LEAD LEADING LEAVE LEFT LENGTH LESS LEVEL LIKE LIMIT LIMITED LINES
    LIST LOAD LOCAL LOCALTIME LOCALTIMESTAMP LOCATION LOCATOR LOCK LOCKS LOG LOGED LONG LOOP LOWER MAP MATCH
    MATERIALIZED MAX MAXLEN MEMBER MERGE METHOD METRICS MIN MINUS MINUTE MISSING MOD MODE MODIFIES MODIFY MODULE
    MONTH MULTI MULTISET NAME NAMES NATIONAL NATURAL NCHAR NCLOB NEW NEXT NO NONE NOT NULL NULLIF NUMBER NUMERIC
    OBJECT OF OFFLINE OFFSET OLD ON ONLINE ONLY OPAQUE OPEN OPERATOR OPTION OR ORDER ORDINALITY OTHER OTHERS OUT
    OUTER OUTPUT OVER OVERLAPS OVERRIDE OWNER PAD PARALLEL PARAMETER PARAMETERS PARTIAL PARTITION PARTITIONED
    PARTITIONS PATH PERCENT PERCENTILE PERMISSION PERMISSIONS PIPE PIPELINED PLAN POOL POSITION PRECISION PREPARE
    PRESERVE PRIMARY PRIOR PRIVATE PRIVILEGES PROCEDURE PROCESSED PROJECT PROJECTION PROPERTY PROVISIONING PUBLIC
    PUT QUERY QUIT QUORUM RAISE RANDOM RANGE RANK RAW READ READS REAL REBUILD RECORD RECURSIVE REDUCE REF REFERENCE
    REFERENCES REFERENCING REGEXP REGION REINDEX RELATIVE RELEASE REMAINDER RENAME REPEAT REPLACE REQUEST RESET
    RESIGNAL RESOURCE RESPONSE RESTORE RESTRICT RESULT RETURN RETURNING RETURNS REVERSE REVOKE RIGHT ROLE ROLES
    ROLLBACK ROLLUP ROUTINE ROW ROWS RULE RULES SAMPLE SATISFIES SAVE SAVEPOINT SCAN SCHEMA SCOPE SCROLL SEARCH
    SECOND SECTION SEGMENT SEGMENTS SELECT SELF SEMI SENSITIVE SEPARATE SEQUENCE SERIALIZABLE SESSION SET SETS
    SHARD SHARE SHARED SHORT SHOW SIGNAL SIMILAR SIZE SKEWED SMALLINT SNAPSHOT SOME SOURCE SPACE SPACES SPARSE
    SPECIFIC SPECIFICTYPE SPLIT SQL SQLCODE SQLERROR SQLEXCEPTION SQLSTATE SQLWARNING START STATE STATIC STATUS
    STORAGE STORE STORED STREAM STRING STRUCT STYLE SUB SUBMULTISET SUBPARTITION SUBSTRING SUBTYPE SUM SUPER
    SYMMETRIC SYNONYM SYSTEM TABLE TABLESAMPLE TEMP TEMPORARY TERMINATED TEXT THAN THEN THROUGHPUT TIME TIMESTAMP
    TIMEZONE TINYINT TO TOKEN TOTAL TOUCH TRAILING TRANSACTION TRANSFORM TRANSLATE TRANSLATION TREAT TRIGGER TRIM
    TRUE TRUNCATE TTL TUPLE TYPE UNDER UNDO UNION UNIQUE UNIT UNKNOWN UNLOGGED UNNEST UNPROCESSED UNSIGNED UNTIL
    UPDATE UPPER URL USAGE USE USER USERS USING UUID VACUUM VALUE VALUED VALUES VARCHAR VARIABLE VARIANCE VARINT
    VARYING VIEW VIEWS VIRTUAL VOID WAIT WHEN WHENEVER WHERE WHILE WINDOW WITH WITHIN WITHOUT WORK WRAPPED WRITE
    YEAR ZONE
    """.split()  # noqa: SIM905 - 573 words, a line each as a list
)


def paths_of(node: Node | None) -> Iterator[Path]:
    """Every document path in a condition."""
    match node:
        case Path():
            yield node
        case And(parts) | Or(parts) | Call(_, parts):
            for part in parts:
                yield from paths_of(part)
        case Not(part):
            yield from paths_of(part)
        case Comparison(_, left, right):
            yield from paths_of(left)
            yield from paths_of(right)
        case Between(operand, low, high):
            for part in (operand, low, high):
                yield from paths_of(part)
        case In(operand, options):
            for part in (operand, *options):
                yield from paths_of(part)


# Functions, and what of their operands can be judged before there is an item.


_ALL_TYPES = "{B,NULL,SS,BOOL,L,BS,N,NS,S,M}"


def literal_type(operand: Operand) -> str | None:
    """The type of a literal; None for what only an item can tell."""
    return type_of(operand.value) if isinstance(operand, Literal) and operand.value else None


def wrong_operand(operator: str, kind: str | None) -> str:
    """AWS's sentence for an operand of a type that the operator does not take."""
    return f"Incorrect operand type for operator or function; operator or function: {operator}, operand type: {kind}"


def not_distinct(operator: str, path: Path) -> str:
    """AWS's sentence for an operator between a path and itself."""
    return (
        "The first operand must be distinct from the remaining operands for this operator or function; "
        f"operator: {operator}, first operand: {path}"
    )


def _needs_path(call: Call) -> str | None:
    if isinstance(call.arguments[0], Path):
        return None
    return f"Operator or function requires a document path; operator or function: {call.name}"


def _needs_distinct(call: Call) -> str | None:
    first, second = call.arguments
    return not_distinct(call.name, first) if isinstance(first, Path) and first == second else None


def _needs_type_name(call: Call) -> str | None:
    name = call.arguments[1]
    kind = literal_type(name)
    if not isinstance(name, Literal) or kind != "S":
        return wrong_operand(call.name, kind or "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}")
    if name.value["S"] not in _ALL_TYPES.strip("{}").split(","):
        return f"Invalid attribute type name found; type: {name.value['S']}, valid types: {_ALL_TYPES}"
    return None


def _needs_types(allowed: set[str], call: Call) -> str | None:
    for argument in call.arguments:
        kind = "L" if isinstance(argument, Call) and argument.name == "list_append" else literal_type(argument)
        if kind is not None and kind not in allowed:
            return wrong_operand(call.name, kind)
    return None


_Check: TypeAlias = Callable[[Call], str | None]
CONDITION_FUNCTIONS: dict[str, tuple[int, _Check]] = {
    "attribute_exists": (1, _needs_path),
    "attribute_not_exists": (1, _needs_path),
    "attribute_type": (2, _needs_type_name),
    "begins_with": (2, lambda call: _needs_distinct(call) or _needs_types({"S", "B"}, call)),
    "contains": (2, _needs_distinct),
    "size": (1, lambda call: _needs_types({"S", "B", "SS", "NS", "BS", "L", "M"}, call)),
}
UPDATE_FUNCTIONS: dict[str, tuple[int, _Check]] = {
    "if_not_exists": (2, _needs_path),
    "list_append": (2, lambda call: _needs_types({"L"}, call)),
}
