"""What diagnostics look like: in order, for a person, and as AWS would answer."""

from __future__ import annotations

import json
import re

import pytest
from definition_cases import read_cases

from asl_local import definition
from asl_local.definition import diagnostics
from asl_local.definition.diagnostics import did_you_mean

TEN_FAULTS = """{
  "StartAt": "Frist",
  "Comment": 7,
  "States": {
    "First": {"Type": "Pass", "InputPath": "x", "Next": "Second"},
    "Second": {
      "Type": "Task", "Resource": "resize", "TimeoutSeconds": 0,
      "Retry": [{"ErrorEquals": []}],
      "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Nowhere"}],
      "Parameters": {"a.$": "States.Nothing()"}, "Next": "Third"
    },
    "Third": {"Type": "Wait", "Secconds": 1, "Seconds": 1, "End": true},
    "Third": {"Type": "Wait", "Seconds": -1, "End": true}
  }
}
"""


def test_ten_faults_are_told_in_order_of_position() -> None:
    found = definition.validate(TEN_FAULTS)
    assert [(d.line, d.path) for d in found] == [
        (2, "/StartAt"),
        (3, "/Comment"),
        (5, "/States/First"),  # unreachable, because StartAt is wrong: AWS tells of both
        (5, "/States/First/InputPath"),
        (7, "/States/Second/Resource"),
        (7, "/States/Second/TimeoutSeconds"),
        (8, "/States/Second/Retry/0/ErrorEquals"),
        (9, "/States/Second/Catch/0/Next"),
        (10, "/States/Second/Parameters"),
        (13, "/States/Third"),
        (13, "/States/Third/Seconds"),
    ]
    assert all(d.severity == "ERROR" and d.column for d in found)


def test_a_mapping_gets_the_same_in_the_same_order() -> None:
    tree = json.loads(TEN_FAULTS)
    found = definition.validate(tree)
    assert [d.path for d in found] == [d.path for d in definition.validate(json.dumps(tree, indent=1))]
    assert all(d.line is None and d.column is None for d in found)


def test_for_a_person() -> None:
    text = '{"StartAt": "S",\n\t"States": {"S": {"Type": "Pass", "Ned": true}}}'
    source = definition.read(text)
    shown = definition.render(definition.check(source), source)
    assert shown.split("\n\n")[1] == (
        "definition:2:35: error SCHEMA_VALIDATION_FAILED: Field 'Ned' is not supported\n"
        '  2 |  "States": {"S": {"Type": "Pass", "Ned": true}}}\n'
        "    |                                   ^\n"
        "  = at /States/S; did you mean 'End'?"
    )
    assert shown.split("\n\n")[0].endswith("  = at /States/S")


def test_in_colour_the_words_are_the_same() -> None:
    source = definition.read(TEN_FAULTS)
    found = definition.check(source)
    coloured = definition.render(found, source, color=True)
    assert "\033[" in coloured
    assert re.sub(r"\033\[[0-9;]*m", "", coloured) == definition.render(found, source)


def test_without_a_text_there_is_no_excerpt() -> None:
    source = definition.read({"StartAt": 1, "States": {"S": {"Type": "Succeed"}}})
    assert definition.render(definition.check(source), source) == (
        "definition: error SCHEMA_VALIDATION_FAILED: Expected value of type [STRING]\n  = at /StartAt"
    )


def test_long_lines_are_cut_around_the_fault() -> None:
    text = json.dumps({"Comment": "x" * 500, "StartAt": 1, "Other": "y" * 500, "States": {"S": {"Type": "Succeed"}}})
    source = definition.read(text)
    lines = definition.render(definition.check(source)[:1], source).split("\n")
    assert len(lines[1]) < 200
    assert lines[1][lines[2].index("^")] == "1"


def test_did_you_mean() -> None:
    names = ["InputPath", "OutputPath", "ResultPath"]
    assert did_you_mean("inputpath", names) == "did you mean 'InputPath'?"
    assert did_you_mean("Input Path", names) == "did you mean 'InputPath'?"
    assert did_you_mean("OutputPth", names) == "did you mean 'OutputPath'?"
    assert did_you_mean("Credentials", names) is None


def nested(levels: int) -> dict[str, object]:
    states: dict[str, object] = {"Last": {"Type": "Succeed"}}
    start = "Last"
    for level in range(levels):
        branch = {"StartAt": start, "States": states}
        start = f"P{level}"
        states = {start: {"Type": "Parallel", "Branches": [branch], "End": True}}
    return {"StartAt": start, "States": states}


def test_states_nested_too_deep_are_told_once() -> None:
    assert definition.validate(nested(32)) == []
    [found] = definition.validate(nested(40))
    assert found.code == "TOO_DEEPLY_NESTED"
    assert found.path.count("/Branches/0") == 33


# -- what ValidateStateMachineDefinition and CreateStateMachine answer (shapes as recorded on AWS)


def test_aws_answers_ok() -> None:
    text = '{"StartAt": "S", "States": {"S": {"Type": "Succeed"}}}'
    assert definition.to_aws(definition.validate(text), text) == {"result": "OK", "diagnostics": [], "truncated": False}


def test_aws_names_the_token_and_the_place_behind_it() -> None:
    text = "\n  wrong"
    [shape] = definition.to_aws(definition.validate(text.encode()), text)["diagnostics"]
    where = '[Source: (String)"\n  wrong"; line: 2, column: 8]'
    assert shape["location"] == where
    assert shape["message"].endswith(f" 'true' or 'false')\n at {where}")
    assert shape["message"].startswith("Unrecognized token 'wrong': was expecting")


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ("{a: 1}", "Unexpected character ('a' (code 97)): was expecting double-quote to start field name", 3),
        ('{"a": 1,}', "Unexpected character ('}' (code 125)): was expecting double-quote to start field name", 10),
        (
            '{"a"',
            "Unexpected end-of-input: was expecting a colon to separate field name and value",
            5,
        ),
        (
            "{",
            (
                "Unexpected end-of-input: expected close marker for Object (start marker at "
                '[Source: (String)"{"; line: 1, column: 1])'
            ),
            2,
        ),
    ],
)
def test_aws_stands_behind_the_character_that_cannot_be(text: str, message: str, column: int) -> None:
    [shape] = definition.to_aws(definition.validate(text.encode()), text)["diagnostics"]
    where = f'[Source: (String)"{text}"; line: 1, column: {column}]'
    assert (shape["message"], shape["location"]) == (f"{message}\n at {where}", where)


def test_aws_cuts_long_texts() -> None:
    text = "wrong " * 100
    [shape] = definition.to_aws(definition.validate(text.encode()), text)["diagnostics"]
    assert f'{text[:500]}"[truncated 100 chars]' in shape["location"]


@pytest.mark.parametrize("text", [" ", "[]", "1"])
def test_what_is_no_object_has_no_location(text: str) -> None:
    assert definition.to_aws(definition.validate(text.encode()), text) == {
        "result": "FAIL",
        "diagnostics": [
            {
                "severity": "ERROR",
                "code": "SCHEMA_VALIDATION_FAILED",
                "message": "Definition must be a valid JSON object",
            }
        ],
        "truncated": False,
    }


def test_aws_knows_nothing_of_our_own_codes() -> None:
    definition_ = {
        "StartAt": "S",
        "States": {
            "S": {
                "Type": "Task",
                "Resource": "${x}",
                "Retry": [{"ErrorEquals": ["States.Tiemout"]}],
                "End": True,
            }
        },
    }
    found = definition.validate(definition_)
    assert {d.code for d in found} == {"LIKELY_MISTAKE", "UNRESOLVED_SUBSTITUTION"}
    assert definition.to_aws(found, severity="WARNING") == {"result": "OK", "diagnostics": [], "truncated": False}
    assert definition.creation_error(found) is None


def test_creation_names_code_message_and_place_and_the_missing_end_last() -> None:
    found = definition.validate({"StartAt": "S", "States": {"S": {"Type": "Wait", "Timestamp": "now", "Next": "S"}}})
    assert definition.creation_error(found) == (
        "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: String does not match RFC3339 timestamp at "
        "/States/S/Timestamp, MISSING_END_STATE: Workflow has no terminal state at null'"
    )


def test_aws_writes_places_in_its_own_way() -> None:
    branch = {"StartAt": "a/b", "States": {"a/b": {"Type": "Choice", "Choices": [{"Next": "x"}]}}}
    found = definition.validate(
        {"StartAt": "0", "States": {"0": {"Type": "Parallel", "Branches": [branch], "End": True}}}
    )
    assert {d.path for d in found} >= {"/States/0/Branches/0/States/a~1b/Choices/0/Next"}
    shapes = definition.to_aws(found)["diagnostics"]
    assert "/States/0/Branches[0]/States/a/b/Choices[0]/Next" in {shape.get("location") for shape in shapes}


def test_what_aws_refuses_and_can_run_here_is_a_warning_here_and_an_error_there() -> None:
    state = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True}
    [found] = definition.validate({"StartAt": "S", "States": {"S": state}})
    assert (found.severity, found.aws) == ("WARNING", "ERROR")
    assert definition.creation_error([found]) == (
        "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: Parameters field is required for resource ARN: "
        "arn:aws:states:::lambda:invoke at /States/S/Resource'"
    )
    assert definition.to_aws([found])["diagnostics"][0]["severity"] == "ERROR"


def test_an_answer_has_errors_only_unless_warnings_are_asked_for_and_ends_somewhere() -> None:
    found = definition.validate({"StartAt": "S", "States": {"S": {"Type": "Fail", "Cause": "$.cause", "End": True}}})
    codes = [[s["code"] for s in definition.to_aws(found, severity=s)["diagnostics"]] for s in ("ERROR", "WARNING")]
    assert codes == [["SCHEMA_VALIDATION_FAILED"], ["NO_PATH", "SCHEMA_VALIDATION_FAILED"]]
    cut = definition.to_aws(found, severity="WARNING", most=1)
    assert (cut["result"], len(cut["diagnostics"]), cut["truncated"]) == ("FAIL", 1, True)


def test_warnings_are_told_and_do_not_fail() -> None:
    found = definition.validate({"StartAt": "S", "States": {"S": {"Type": "Fail", "Cause": "$.cause"}}})
    assert [(d.code, d.severity) for d in found] == [("NO_PATH", "WARNING")]
    assert definition.to_aws(found)["result"] == "OK"


def test_a_block_without_end_inside_is_refused_here_and_not_by_aws() -> None:
    endless = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "A"}}}
    states = {"P": {"Type": "Parallel", "Branches": [endless], "End": True}}
    found = definition.validate({"StartAt": "P", "States": states})
    assert [(d.code, d.severity, d.aws) for d in found] == [("MISSING_END_STATE", "ERROR", "ACCEPTED")]
    assert definition.creation_error(found) is None
    assert definition.to_aws(found)["result"] == "OK"


def test_every_code_has_a_case_and_every_code_of_a_case_is_in_the_table() -> None:
    marked = {mark.partition(":")[0] for case in read_cases() for _, mark in case.expected}
    known = set(diagnostics.AWS_CODES) | set(diagnostics.OWN_CODES)
    assert marked <= known
    elsewhere = {
        "MISSING_DESCRIPTION",  # test_source.py
        "INVALID_TEMPLATE",  # test_templates_cloudformation.py
        "TOO_DEEPLY_NESTED",  # above
    }
    assert known - marked <= elsewhere


def test_guesses_at_what_is_meant_end_where_they_would_take_long() -> None:
    states = {f"Step{n}": {"Type": "Pass", "Next": f"Step{n}x"} for n in range(300)}
    found = definition.validate({"StartAt": "Step0", "States": {**states, "Z": {"Type": "Succeed"}}})
    missing = [each for each in found if "Missing 'Next' target" in each.message]
    assert len(missing) == 300, "every fault is told"
    assert missing[0].hint is not None
    assert missing[-1].hint is None
