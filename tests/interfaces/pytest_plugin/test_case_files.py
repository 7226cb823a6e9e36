"""Case files: what is collected, what is refused, and what a failure says."""

from __future__ import annotations

import json

import pytest
from inner_pytest import Project

import asl_local
from asl_local.interfaces.pytest_plugin.cases.running import _CHECKS
from asl_local.interfaces.pytest_plugin.cases.table import BESIDE, CASE, EXPECT, KINDS, MOCK, WHEN

ORDERS = """\
{"StartAt": "Charge", "States": {
  "Charge": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:charge", "TimeoutSeconds": 30,
             "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 60, "MaxAttempts": 1}], "Next": "Big"},
  "Big": {"Type": "Choice", "Choices": [{"Variable": "$.paid", "NumericGreaterThan": 100, "Next": "Rest"}], "Default": "Done"},
  "Rest": {"Type": "Wait", "Seconds": 5, "Next": "Done"},
  "Done": {"Type": "Succeed"}}}
"""

HANDLERS = """\
import asl_local

def charge(event):
    if event.get("amount", 1) < 0:
        raise asl_local.StateError("TooSmall", "no such amount")
    return {"paid": event.get("amount", 1), "ok": True}

resources = {"charge": charge}

def made():
    return asl_local.Resources(resources)

def in_a_folder(folder):
    (folder / "there").write_text("yes")
    return {"charge": lambda event: {"paid": len(list(folder.iterdir()))}}
"""


@pytest.fixture
def orders(inner: Project) -> Project:
    inner.write("cases/orders.asl.json", ORDERS)
    inner.write("cases/order_handlers.py", HANDLERS)
    return inner


def cases(*lines: str, top: str = "definition: orders.asl.json\nresources: order_handlers:resources\n") -> str:
    return f"{top}cases:\n" + "".join(f"  {line}\n" for line in lines)


def test_each_case_is_a_test(orders: Project) -> None:
    orders.write(
        "cases/orders.asltest.yaml",
        cases(
            "a small order:",
            "  expect: {output: {paid: 1, ok: true}, path: [Charge, Big, Done], seconds: 0}",
            "a big one:",
            "  input: {amount: 101}",
            "  expect:",
            "    output_has: {paid: 101}",
            "    seconds: 5",
            "    events:",
            "      - {type: LambdaFunctionSucceeded}",
            "      - {type: WaitStateEntered, name: Rest, input: {paid: 101}}",
            "      - {type: ExecutionSucceeded}",
            "a strange one:",
            "  input: {amount: -1}",
            "  expect: {error: TooSmall, cause: no such amount, cause_matches: 'such', status: FAILED}",
            "nothing said is success:",
            "  expect: {}",
            "from a function:",
            "  resources: order_handlers:made",
            "  expect: {}",
            "with a folder:",
            "  resources: order_handlers:in_a_folder",
            "  expect: {output: {paid: 1}}",
            "in another century:",
            "  start: 1970-01-01T00:00:00Z",
            "  expect: {}",
        ).replace("start: 1970-01-01T00:00:00Z", 'start: "1970-01-01T00:00:00Z"'),
    )
    run = orders.pytest("-v")
    assert run.code == 0, run
    assert "cases/orders.asltest.yaml::a small order PASSED" in run.output
    assert "7 passed" in run.output
    assert "1 passed, 6 deselected" in orders.pytest("-k", "strange").output


def test_a_failure_says_what_differs_with_the_files_line_and_the_execution(orders: Project) -> None:
    orders.write(
        "cases/orders.asltest.yaml",
        cases(
            "a big one:",
            "  input: {amount: 101}",
            "  expect:",
            "    output:",
            "      paid: 102",
            "      ok: true",
            "    path: [Charge, Big, Done]",
            "    seconds: 0",
            "    events:",
            "      - {type: TaskStateEntered, name: Charge}",
            "      - {type: WaitStateEntered, name: Pause}",
        ),
    )
    run = orders.pytest()
    assert run.section("a big one") == [
        "orders.asltest.yaml:8: output at $.paid: expected 102, got 101",
        "    8 |         paid: 102",
        "orders.asltest.yaml:10: path: after 'Big' (step 2) expected 'Done', got 'Rest'",
        "    10 |       path: [Charge, Big, Done]",
        "orders.asltest.yaml:11: seconds: expected 0, got 5",
        "    11 |       seconds: 0",
        (
            'orders.asltest.yaml:14: events[1]: no WaitStateEntered with {"name": "Pause"} after event 2; '
            'WaitStateEntered Rest has name: expected "Pause", got "Rest"'
        ),
        "    14 |         - {type: WaitStateEntered, name: Pause}",
    ]
    assert run.section("asl_local")[0] == "orders: SUCCEEDED after 5.000 s"
    assert run.lines("FAILED") == [
        "FAILED cases/orders.asltest.yaml::a big one - orders.asltest.yaml:8: output at $.paid: expected 102, got 101"
    ]


@pytest.mark.parametrize(
    ("expect", "told"),
    [
        ("{}", "status: expected \"SUCCEEDED\", got \"FAILED\""),
        ("{output: 1}", "output: there is none, the execution is FAILED"),
        ("{error: TooBig}", 'error: expected "TooBig", got "TooSmall"'),
        ("{cause: none}", 'cause: expected "none", got "no such amount"'),
        ("{cause_matches: 'a+b'}", 'cause_matches: "a+b" is not in "no such amount"'),
        ("{error: TooSmall, path: [Charge, Big]}", "path: after 'Charge' (step 1) expected 'Big', it went no further"),
        ("{error: TooSmall, path: []}", "path: at the start expected no more states, got 'Charge'"),
        ("{error: TooSmall, events: [{type: ExecutionFailed}, {type: ExecutionStarted}]}",
         "events[1]: no ExecutionStarted after event 6; there is one before, and events are listed in their order"),
        ("{error: TooSmall, events: [{type: MapRunStarted}]}", "events[0]: no MapRunStarted; there is no MapRunStarted at all"),
    ],
)  # fmt: skip
def test_each_expectation_can_fail(orders: Project, expect: str, told: str) -> None:
    orders.write("cases/orders.asltest.yaml", cases("a strange one:", "  input: {amount: -1}", f"  expect: {expect}"))
    run = orders.pytest()
    assert run.code == 1
    assert f"orders.asltest.yaml:6: {told}" in run.section("a strange one")


def test_what_a_case_names_and_is_not_there(orders: Project) -> None:
    orders.write(
        "cases/orders.asltest.yaml",
        cases(
            "one: {definition: ordres.asl.json, expect: {}}",
            "two: {resources: 'no_handlers:resources', expect: {}}",
            "three: {resources: 'order_handlers:resurces', expect: {}}",
            "four: {resources: order_handlers, expect: {}}",
            "five: {definition: {StartAt: A, States: {A: {Type: Pass}}}, expect: {}}",
            "six: {definition: {StartAt: A, States: {A: {Type: Task, Resource: 'arn:aws:lambda:us-east-1:123456789012:function:pack', End: true}}}, expect: {}}",
        ),
    )
    output = orders.pytest().output
    assert "orders.asltest.yaml:4: FileNotFoundError" in output
    assert "did you mean orders.asl.json" in output
    assert "orders.asltest.yaml:5: there is no module 'no_handlers', neither in " in output
    assert "orders.asltest.yaml:6: the module order_handlers has no 'resurces'" in output
    assert "orders.asltest.yaml:7: resources is written module:name, not 'order_handlers'" in output
    assert "orders.asltest.yaml:8: MISSING_" in output or "orders.asltest.yaml:8: SCHEMA_" in output
    assert "orders.asltest.yaml:9: UnknownResource: " in output


def test_two_modules_of_one_name_are_told(orders: Project) -> None:
    orders.write("other/order_handlers.py", HANDLERS)
    orders.write("other/orders.asl.json", ORDERS)
    for folder in ("cases", "other"):
        orders.write(f"{folder}/orders.asltest.yaml", cases("a: {expect: {}}"))
    run = orders.pytest()
    assert "1 failed, 1 passed" in run.output
    assert "orders.asltest.yaml:2: the module 'order_handlers' is " in run.output
    assert "rename one of the two" in run.output


REFUSED = {
    "cases: {a: {expect: {}}}": ["1: the case 'a' has no definition (definition is the state machine; a path is relative to the case file)"],
    "definition: x.json": ["1: the file has no cases (cases is the cases by their names)"],
    "definition: x.json\ncases: {}": ["2: there is no case (write one: `a name: {expect: {...}}`)"],
    "definition: x.json\nexpect: {}\ncases:\n  a: {expects: {}}": [
        "2: the file has no field 'expect' (it belongs into each of the cases)",
        "4: the case 'a' has no field 'expects' (did you mean 'expect'?)",
        "4: the case 'a' has no expect (expect is what must come of it)",
    ],
    "definition: 7\ncases:\n  a: 1\n  b: {expect: {stauts: FAILED, seconds: -1, path: [1], status: DONE}}": [
        "1: definition is a path, or the definition itself as an object, not 7",
        "3: the case 'a' is 1, and not an object (it has at least `expect`)",
        "4: expect has no field 'stauts' (did you mean 'status'?)",
        "4: seconds is a number that is not negative, not -1",
        "4: path is a list of texts, not [1]",
        "4: status is SUCCEEDED, FAILED, TIMED_OUT or ABORTED, not \"DONE\"",
    ],
    "definition: x.json\ncases:\n  a:\n    expect: {cause_matches: '('}\n    start: soon\n    seed: 1.5\n    limits: {evens: 1}\n    name: ''": [
        "4: cause_matches is no regular expression: missing ), unterminated subpattern at position 0",
        '5: start is seconds since 1970, or a text such as 2024-02-29T12:00:00Z, not "soon"',
        "6: seed is an integer, not 1.5",
        '7: limits is an object with events, payload_bytes or seconds, not {"evens": 1}',
        "8: name is empty",
    ],
    "definition: x.json\ncases:\n  a:\n    expect: {events: [{name: A}]}\n    test_case: B\n  b:\n    mocks: {}\n    mock_config: f\n    test_case: c\n    expect: {}": [
        "3: the case 'a': mock_config and test_case go together",
        "4: an event has a type (such as {type: TaskStateEntered, name: Charge})",
        "6: the case 'b': mocks and mock_config exclude each other",
    ],
    "definition: x.json\nmocks:\n  A: 7\n  B: {answer: 1, hangs: true}\n  C: {}\n  D: {throws: Busy}\n  E: {sequence: [{anwser: 1}]}\n"
    "  F: {by_item: {one: {answer: 1}}}\n  G: {answer: 1, then: {answer: 2}}\n  H: {by_input: [{answer: 1}]}\n  I: {sequence: []}\n"
    "  J: {after: 1}\ncases: {a: {expect: {}}}": [
        "3: the mock of 'A' is 7, and not an object (write {answer: 7})",
        "4: the mock of 'B' has answer and hangs (it is one of them)",
        "5: the mock of 'C' does nothing (it is one of answer, payload, throws, sequence, by_attempt, by_item, by_input, recorded, hangs, real)",
        '6: throws is an object with error and, if you like, cause, not "Busy"',
        "7: mock 0 of sequence has no field 'anwser' (did you mean 'answer'?)",
        "8: by_item has 'one' (its members are \"0\", \"1\", ...; for the others write otherwise)",
        "9: the mock of 'G' has then (it belongs to sequence and by_attempt)",
        "10: mock 0 of by_input has no when (when is JSONPaths with what stands there (`{$.amount: 0}`), or the whole arguments)",
        "11: sequence is a list of mocks, not []",
        "12: the mock of 'J' does nothing (it is one of answer, payload, throws, sequence, by_attempt, by_item, by_input, recorded, hangs, real)",
    ],
    "- 1": ["1: a case file is an object with definition and cases"],
    "a: [": ["1: did not find expected node content"],
    "definition: x.json\ncases:\n  a: &one {expect: {}}\n  b: *one": [
        "3: the anchor &one is not allowed (JSON has no anchors and aliases)",
        "4: the alias *one is not allowed (write the value out; JSON has no aliases)",
        "4: the case 'b' is null, and not an object (it has at least `expect`)",
    ],
    "definition: x.json\ncases:\n  a: {expect: {}}\n  a: {expect: {}}": [
        "4: Duplicate field 'a' (it already stands at line 3, column 3; keep one of the two)"
    ],
}  # fmt: skip


@pytest.mark.parametrize("text", REFUSED, ids=range(len(REFUSED)))
def test_nothing_is_passed_over(inner: Project, text: str) -> None:
    inner.write("bad.asltest.yaml", text)
    inner.write("x.json", "{}")
    run = inner.pytest()
    assert run.code == 2, run
    assert run.lines("bad.asltest.yaml:") == [f"bad.asltest.yaml:{line}" for line in REFUSED[text]], run


def test_json_and_inline_definitions(inner: Project) -> None:
    inner.write(
        "a.asltest.json",
        '{"definition": {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}},\n'
        ' "cases": {"one": {"input": 7, "expect": {"output": 7}},\n'
        '           "two": {"input": true, "expect": {"output": 1}}}}',
    )
    run = inner.pytest()
    assert "1 failed, 1 passed" in run.output
    assert run.lines("a.asltest.json:3") == ["a.asltest.json:3: output: expected 1, got true"]
    inner.write("a.asltest.json", '{"cases": {},}')
    assert inner.pytest().lines("a.asltest.json:1") == [
        (
            "a.asltest.json:1: Unexpected character ('}' (code 125)): was expecting double-quote to start field name "
            "(remove the comma before it)"
        )
    ]


def test_the_files_fields_are_the_cases_unless_they_say_otherwise(inner: Project) -> None:
    inner.write(
        "template.asl.json",
        '{"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": ["${One}", "${Two}"], "End": true}}}',
    )
    inner.write(
        "a.asltest.yaml",
        "definition: template.asl.json\nsubstitutions: {One: a, Two: b}\ncases:\n"
        "  file: {expect: {output: [a, b]}}\n"
        "  merged: {substitutions: {Two: c}, expect: {output: [a, c]}}\n"
        "  limited: {limits: {events: 3}, expect: {status: FAILED}}\n",
    )
    run = inner.pytest()
    assert run.code == 0, run


def test_without_pyyaml_a_yaml_file_is_an_error_and_not_passed_over(inner: Project) -> None:
    inner.write("a.asltest.yaml", "cases: {}")
    inner.write("yaml.py", "raise ModuleNotFoundError(\"No module named 'yaml'\", name='yaml')")
    inner.write(
        "a.asltest.json",
        '{"definition": {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}, "cases": {"a": {"expect": {}}}}',
    )
    run = inner.pytest_apart("--continue-on-collection-errors")
    assert run.lines("a.asltest.yaml:1") == [
        "a.asltest.yaml:1: case files in YAML need PyYAML (pip install 'asl-local[yaml]', or write it as .asltest.json)"
    ]
    assert "1 passed, 1 error" in run.output


class TestMocks:
    @pytest.mark.parametrize(
        ("mock", "expect"),
        [
            ("{answer: {paid: 3}}", "{output: {paid: 3}}"),
            ("{throws: {error: Gone}}", "{error: Gone, cause: ''}"),
            ("{throws: {error: Gone, cause: away}}", "{error: Gone, cause: away}"),
            ("{sequence: [{throws: {error: Busy}}, {answer: {paid: 3}}]}", "{output: {paid: 3}, seconds: 60}"),
            ("{sequence: [{throws: {error: Busy}}], then: {answer: {paid: 4}}}", "{output: {paid: 4}, seconds: 60}"),
            ("{sequence: [{throws: {error: Busy}}]}", "{error: States.Runtime, cause_matches: has answers for 1 call}"),
            ("{by_attempt: [{throws: {error: Busy}}, {answer: {paid: 3}}]}", "{output: {paid: 3}, seconds: 60}"),
            (
                "{by_input: [{when: {$.amount: 8}, hangs: true}, {when: {amount: 7}, answer: {paid: 7}}]}",
                "{output: {paid: 7}}",
            ),
            ("{by_input: [{when: {$.amount: 8}, hangs: true}], otherwise: {answer: {paid: 9}}}", "{output: {paid: 9}}"),
            ("{answer: {paid: 3}, after: 20}", "{output: {paid: 3}, seconds: 20}"),
            ("{hangs: true}", "{error: States.Timeout, seconds: 30}"),
            ("{answer: {paid: 3}, after: 2, heartbeats: {every: 5, times: 3}}", "{output: {paid: 3}, seconds: 17}"),
            (
                "{payload: {paid: 3}}",
                "{error: States.Runtime, events: [{type: LambdaFunctionSucceeded, output: {Payload: {paid: 3}, StatusCode: 200}}]}",
            ),
            ("{real: true, after: 4}", "{output: {paid: 7, ok: true}, seconds: 4}"),
        ],
    )
    def test_each_kind(self, orders: Project, mock: str, expect: str) -> None:
        orders.write(
            "cases/orders.asltest.yaml",
            cases("a:", "  input: {amount: 7}", f"  mocks: {{Charge: {mock}}}", f"  expect: {expect}"),
        )
        run = orders.pytest()
        assert run.code == 0, run

    def test_by_item_and_the_files_mocks_with_the_cases(self, inner: Project) -> None:
        task = '{Type: Task, Resource: "arn:aws:lambda:us-east-1:123456789012:function:f", End: true}'
        inner.write(
            "a.asltest.yaml",
            f"""\
definition:
  StartAt: Each
  States:
    Each:
      Type: Map
      ItemProcessor: {{StartAt: One, States: {{One: {task}}}}}
      Next: Last
    Last: {task}
input: [a, b, c]
mocks:
  One: {{by_item: {{"1": {{answer: second}}}}, otherwise: {{answer: other}}}}
  Last: {{answer: file}}
cases:
  the file's mocks: {{expect: {{output: file}}}}
  the case's mock: {{mocks: {{Last: {{by_input: [{{when: [other, second, other], answer: case}}]}}}}, expect: {{output: case}}}}
""",
        )
        run = inner.pytest()
        assert run.code == 0, run

    def test_a_recorded_answer(self, orders: Project) -> None:
        recorded = asl_local.load(json.loads(ORDERS)).simulate({}, {"charge": lambda event: {"paid": 12}})
        events = [{**event, "timestamp": event["timestamp"].isoformat()} for event in recorded.history.to_aws()]
        orders.write("cases/history.json", json.dumps({"events": events}))
        line = "{mocks: {Charge: {recorded: %s}}, expect: {output: {paid: 12}}}"
        orders.write("cases/orders.asltest.yaml", cases(f"a: {line % 'history.json'}", f"b: {line % 'histroy.json'}"))
        run = orders.pytest()
        assert "1 failed, 1 passed" in run.output
        assert "histroy.json" in run.lines("orders.asltest.yaml:5")[0]

    def test_calls_are_counted(self, orders: Project) -> None:
        mocks = "mocks: {Charge: {sequence: [{throws: {error: Busy}}, {answer: {paid: 3}}]}}"
        orders.write(
            "cases/orders.asltest.yaml",
            cases(
                f"a: {{{mocks}, expect: {{calls: {{Charge: 2}}}}}}",
                f"b: {{{mocks}, expect: {{calls: {{Charge: 3, Big: 1}}}}}}",
            ),
        )
        run = orders.pytest()
        assert "1 failed, 1 passed" in run.output
        assert run.lines("orders.asltest.yaml:5") == [
            "orders.asltest.yaml:5: calls of Charge: expected 3, got 2",
            "orders.asltest.yaml:5: calls: there is no Task 'Big' (there are Charge)",
        ]

    def test_a_state_that_there_is_not(self, orders: Project) -> None:
        orders.write("cases/orders.asltest.yaml", cases("a: {mocks: {Chagre: {answer: 1}}, expect: {}}"))
        run = orders.pytest()
        assert "did you mean 'Charge'" in run.lines("orders.asltest.yaml:4")[0]

    def test_a_mock_config_file(self, orders: Project) -> None:
        orders.write(
            "cases/MockConfigFile.json",
            '{"StateMachines": {"orders": {"TestCases": {"Paid": {"Charge": "Paid"}}}},'
            ' "MockedResponses": {"Paid": {"0": {"Return": {"paid": 5}}}}}',
        )
        line = "a: {mock_config: MockConfigFile.json, test_case: %s, expect: {output: {paid: 5}}}"
        orders.write("cases/orders.asltest.yaml", cases(line % "Paid"))
        assert orders.pytest().code == 0
        orders.write("cases/orders.asltest.yaml", cases(line % "Piad"))
        assert "did you mean 'Paid'" in orders.pytest().lines("orders.asltest.yaml:4")[0]


def test_the_table_of_fields_is_consistent() -> None:
    for table in (CASE, EXPECT, MOCK, {"when": WHEN}, {name: field for name, (field, _) in BESIDE.items()}):
        for name, field in table.items():
            assert field.kind in KINDS, name
    assert set(_CHECKS) == set(EXPECT)
