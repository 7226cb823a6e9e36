"""States and Choice rules in words: short, and nothing that is not so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from asl_local import definition
from asl_local.language.choice import OPERATORS
from asl_local.reporters.graph.outline import outline
from asl_local.reporters.graph.words import (
    MOST,
    condition,
    duration,
    errors,
    expression,
    notes,
    short_notes,
    shortened,
    title_of_branch,
    title_of_items,
)

A_IS_NULL = {"Variable": "$.a", "IsNull": True}
B_IS_1 = {"Variable": "$.b", "NumericEquals": 1}
C_UNDER_2 = {"Variable": "$.c", "NumericLessThan": 2}


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"Variable": "$.a", "StringEquals": "x"}, '$.a = "x"'),
        ({"Variable": "$.a", "StringEquals": "5"}, '$.a = "5"'),
        ({"Variable": "$.a", "NumericEquals": 5}, "$.a = 5"),
        ({"Variable": "$.a", "NumericGreaterThan": 2.5}, "$.a > 2.5"),
        ({"Variable": "$.a", "StringMatches": "*.log"}, '$.a matches "*.log"'),
        ({"Variable": "$.a", "NumericLessThanEqualsPath": "$.b"}, "$.a ≤ $.b"),
        ({"Variable": "$.a", "BooleanEquals": False}, "$.a = false"),
        ({"Variable": "$.a", "TimestampGreaterThan": "2024-01-01T00:00:00Z"}, "$.a > 2024-01-01T00:00:00Z"),
        ({"Variable": "$.a", "StringGreaterThan": "2024-01-01T00:00:00Z"}, '$.a > "2024-01-01T00:00:00Z"'),
        ({"Variable": "$.a", "IsPresent": True, "Next": "B"}, "$.a is present"),
        ({"Variable": "$.a", "IsPresent": False}, "$.a is not present"),
        ({"Variable": "$.a", "IsNumeric": True}, "$.a is a number"),
        ({"Variable": "$['a b']", "IsTimestamp": False}, "$['a b'] is not a timestamp"),
        ({"Not": A_IS_NULL}, "$.a is not null"),
        ({"Not": {"Variable": "$.a", "IsNull": False}}, "$.a is null"),
        ({"Not": B_IS_1}, "$.b ≠ 1"),
        ({"Not": C_UNDER_2}, "not ($.c < 2)"),
        ({"Not": {"Not": C_UNDER_2}}, "$.c < 2"),
        ({"Not": {"Variable": "$.a", "StringMatches": "a*"}}, '$.a does not match "a*"'),
        ({"And": [A_IS_NULL]}, "$.a is null"),
        ({"And": [A_IS_NULL, {"Or": [B_IS_1, C_UNDER_2]}]}, "$.a is null and ($.b = 1 or $.c < 2)"),
        ({"And": [A_IS_NULL, {"Or": [B_IS_1]}]}, "$.a is null and $.b = 1"),
        ({"Or": [{"Not": {"Not": {"And": [A_IS_NULL, B_IS_1]}}}, C_UNDER_2]}, "($.a is null and $.b = 1) or $.c < 2"),
        ({"Or": [{"Not": {"And": [A_IS_NULL, B_IS_1]}}, C_UNDER_2]}, "not ($.a is null and $.b = 1) or $.c < 2"),
        ({"Condition": "{% $x > 1 %}"}, "$x > 1"),
        ({"Condition": "{%\n  $x > 1\n  and $y = 'a  b' /* why */\n%}"}, "$x > 1 and $y = 'a  b'"),
        ({"Condition": '{% $x = "/* no comment */" %}'}, '$x = "/* no comment */"'),
        ({"Condition": True}, "true"),
        ({"And": ["${Rule}", A_IS_NULL]}, "${Rule} and $.a is null"),
        ({"Not": "${Rule}"}, "not (${Rule})"),
    ],
)
def test_conditions(rule: dict[str, Any], words: str) -> None:
    assert condition(rule) == words


@pytest.mark.parametrize("operator", OPERATORS)
def test_every_operator_has_words_and_so_has_its_contrary(operator: str) -> None:
    operand = {"is": True, "number": 1, "boolean": True}.get(OPERATORS[operator].kind, "x")
    rule = {"Variable": "$.v", operator: "$.x" if OPERATORS[operator].path_form else operand}
    words, contrary = condition(rule), condition({"Not": rule})
    assert words.startswith("$.v ")
    assert operator not in words
    assert contrary != words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (5, "5 s"), (0.5, "0.5 s"), (0, "0 s"), (60, "1 min"), (90, "1 min 30 s"), (3600, "1 h"), (86_400, "1 d"),
        (90_000, "1 d 1 h"), (3_661, "3661 s"), (99_999_999, "99999999 s"),
    ],
)  # fmt: skip
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def task(resource: str, **fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": resource, **fields}


LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:"


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (task(f"{LAMBDA}charge"), ["Lambda charge"]),
        (task(f"{LAMBDA}charge:live"), ["Lambda charge:live"]),
        (task(f"{LAMBDA}charge:$LATEST"), ["Lambda charge"]),
        (task(f"{LAMBDA}my-stack-ChargeFunction-3NKW8T0QVZ5B"), ["Lambda ChargeFunction"]),
        (task(f"{LAMBDA}charge-the-CREDITCARDS"), ["Lambda charge-the-CREDITCARDS"]),
        (task("arn:aws:states:::lambda:invoke", Parameters={"FunctionName": f"{LAMBDA}charge"}), ["Lambda charge"]),
        (task("arn:aws:states:::lambda:invoke", Parameters={"FunctionName.$": "$.f"}), ["Lambda $.f"]),
        (task("arn:aws:states:::lambda:invoke", Arguments={"FunctionName": "{% $f %}"}), ["Lambda $f"]),
        (task("arn:aws:states:::lambda:invoke", Arguments="{% $all %}"), ["Lambda invoke"]),
        (
            task("arn:aws:states:::lambda:invoke.waitForTaskToken", Parameters={"FunctionName": "ask"}),
            ["Lambda ask", "waits for its task token"],
        ),
        (task("arn:aws:states:::dynamodb:putItem", Parameters={"TableName": "Orders"}), ["DynamoDB putItem Orders"]),
        (task("arn:aws:states:::dynamodb:putItem", Parameters={"TableName": "T" * 50}), ["DynamoDB putItem"]),
        (task("arn:aws:states:::aws-sdk:s3:getObject"), ["S3 getObject"]),
        (task("arn:aws:states:::aws-sdk:unheardof:doIt"), ["unheardof doIt"]),
        (task("arn:aws:states:::aws-sdk:lambda:invoke", Parameters={"FunctionName": "f"}), ["Lambda invoke f"]),
        (
            task("arn:aws:states:::sqs:sendMessage", Parameters={"QueueUrl": "https://sqs.eu-west-1.amazonaws.com/1/q"}),
            ["SQS sendMessage q"],
        ),
        (
            task(
                "arn:aws:states:::states:startExecution.sync:2",
                Parameters={"StateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:ship"},
            ),
            ["execution of ship", "waits until it is done"],
        ),
        (task("arn:aws:states:us-east-1:123456789012:activity:approve"), ["activity approve"]),
        (task("${ChargeFunctionArn}"), ["${ChargeFunctionArn}"]),
        ({"Type": "Wait", "Seconds": 5}, ["5 s"]),
        ({"Type": "Wait", "SecondsPath": "$.s"}, ["$.s s"]),
        ({"Type": "Wait", "Seconds": "{% $a + 1 %}"}, ["($a + 1) s"]),
        ({"Type": "Wait", "Seconds": "${Seconds}"}, ["${Seconds} s"]),
        ({"Type": "Wait", "TimestampPath": "$.when"}, ["until $.when"]),
        ({"Type": "Wait", "Timestamp": "2026-01-01T00:00:00Z"}, ["until 2026-01-01T00:00:00Z"]),
        ({"Type": "Fail", "Error": "NoMoney", "Cause": "The card has none"}, ["NoMoney"]),
        ({"Type": "Fail", "Cause": "The card\nhas none"}, ["The card has none"]),
        ({"Type": "Fail", "ErrorPath": "$.e"}, ["$.e"]),
        ({"Type": "Fail"}, []),
        ({"Type": "Succeed"}, []),
        ({"Type": "Pass", "Result": 1}, []),
        ({"Type": "Parallel", "Branches": [{}, {}]}, ["2 branches"]),
        ({"Type": "Parallel", "Branches": "${Branches}"}, []),
        ({"Type": "Map", "MaxConcurrency": 1}, ["one at a time"]),
        ({"Type": "Map", "MaxConcurrencyPath": "$.n"}, ["$.n at a time"]),
        ({"Type": "Map", "MaxConcurrency": 0}, []),
        (
            {
                "Type": "Map", "MaxConcurrency": 5, "ToleratedFailurePercentage": 10,
                "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED"}},
            },
            ["distributed, 5 at a time", "10 % may fail"],
        ),
        ({"Type": "Map", "ToleratedFailureCountPath": "$.n"}, ["$.n may fail"]),
    ],
)  # fmt: skip
def test_notes(state: dict[str, Any], words: list[str]) -> None:
    assert list(notes(state)) == words


def test_short_notes_say_that_a_wait_waits_and_are_cut() -> None:
    assert short_notes("Wait", ("5 s",)) == ("wait 5 s",)
    assert short_notes("Wait", ()) == ()
    assert short_notes("Task", ("Lambda " + "x" * 99, "at most 5 s")) == (f"Lambda {'x' * 28}…", "at most 5 s")
    assert shortened("a\nb  c") == "a b c"
    assert shortened("abc def", 5) == "abc…"


@pytest.mark.parametrize(
    ("retriers", "words"),
    [
        ([{}], ["↻ up to 3, 1 s × 2"]),
        ([{"IntervalSeconds": 2, "MaxAttempts": 6, "BackoffRate": 2.0}], ["↻ up to 6, 2 s × 2"]),
        ([{"IntervalSeconds": 60, "BackoffRate": 1}], ["↻ up to 3, every 1 min"]),
        ([{"BackoffRate": 1.5, "MaxDelaySeconds": 60}], ["↻ up to 3, 1 s × 1.5 ≤ 1 min"]),
        ([{"MaxAttempts": 0}], []),
        ([{"MaxAttempts": 0}, {"MaxAttempts": 1}], ["↻ up to 1, 1 s × 2"]),
        ([{}, {"Comment": "the same"}], ["↻ up to 3, 1 s × 2"]),
        ([{"MaxAttempts": 2}, {"MaxAttempts": 9}], ["↻ up to 9 times, 2 rules"]),
        ([{"MaxAttempts": "${Most}"}, {}], ["↻ 2 rules"]),
        ("${Retry}", ["↻ ${Retry}"]),
    ],
)
def test_retries(retriers: Any, words: list[str]) -> None:
    assert list(notes({"Type": "Pass", "Retry": retriers})) == words


def test_limits_come_last() -> None:
    state = task(f"{LAMBDA}f", Retry=[{}], TimeoutSeconds=300, HeartbeatSecondsPath="$.beat")
    assert notes(state) == ("Lambda f", "↻ up to 3, 1 s × 2", "at most 5 min, heartbeat $.beat s")


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({}, "for each item"),
        ({"ItemsPath": "$"}, "for each item"),
        ({"ItemsPath": "$.images"}, "for each of $.images"),
        ({"Items": "{% $states.input.l %}"}, "for each of $states.input.l"),
        ({"Items": [1, 2, 3]}, "for each of 3 items"),
        ({"ItemReader": {"Resource": "arn:aws:states:::s3:listObjectsV2"}}, "for each object in S3"),
        ({"ItemReader": {"ReaderConfig": {"InputType": "CSV"}}}, "for each row of a CSV file"),
        (
            {"ItemsPath": "$.rows", "ItemBatcher": {"MaxItemsPerBatch": 100}},
            "for each of $.rows, in batches of 100",
        ),
        ({"ItemBatcher": {"MaxInputBytesPerBatch": 1000}}, "for each item, in batches"),
    ],
)
def test_titles_of_what_a_map_runs(state: dict[str, Any], words: str) -> None:
    assert title_of_items(state) == words


def test_titles_of_branches_count_as_events_do_and_a_comment_says_it_better() -> None:
    assert title_of_branch({}, 0) == "branch 0"
    assert title_of_branch({"Comment": " the thumbnail\n"}, 1) == "the thumbnail"
    assert title_of_branch({"Comment": "so much to say " * 10}, 1) == "branch 1"
    assert title_of_branch({"Comment": "asl: no cover"}, 2) == "branch 2"


def test_errors_may_be_a_placeholder() -> None:
    assert errors({"ErrorEquals": ["A", "States.ALL"]}) == "A, States.ALL"
    assert errors({"ErrorEquals": "${Errors}"}) == "${Errors}"


def test_expressions_in_one_line() -> None:
    assert expression("{% `a  b` + 'it\\'s  so' %}") == "`a  b` + 'it\\'s  so'"
    assert expression("{% /* open") == "{% /* open"
    assert expression({"a": 1}) == '{"a":1}'


def test_notes_of_other_people_s_machines_are_few_and_short(shared: Path) -> None:
    count = 0
    for file in sorted((shared / "definitions-corpus" / "defs").rglob("*.json")):
        text = file.read_bytes()
        if any(problem.severity == "ERROR" for problem in definition.validate(text)):
            continue
        for node in outline(json.loads(text)).walk():
            count += 1
            assert len(node.notes) <= 4
            assert all(note and note.isprintable() for note in node.notes), node.notes
            assert all(len(note) <= MOST + len("wait ") for note in short_notes(node.type, node.notes))
            assert all(edge.label or edge.kind in ("start", "next", "end") for b in node.blocks for edge in b.edges)
    assert count > 2000
