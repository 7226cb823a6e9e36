"""What a failing test says of its executions, and how results and histories that differ are shown."""

from __future__ import annotations

import re

from inner_pytest import Project


def test_a_failed_test_shows_its_executions(inner: Project) -> None:
    inner.write(
        "test_orders.py", "from orders import simulate\n\ndef test_it():\n    assert simulate(-2).output == 1\n"
    )
    run = inner.pytest()
    assert run.code == 1
    assert run.section("asl_local") == [
        "Orders: FAILED after 0.000 s",
        "  in Map 'Orders', item 0 > Task 'Charge'",
        "  TooSmall: -2 is no amount",
        "  path: Orders > [0] Charge",
        "     0.000 s  Orders entered",
        "     0.000 s  Orders has 1 item",
        "     0.000 s  [0] Charge entered",
        "     0.000 s  [0] Charge failed: TooSmall: -2 is no amount",
        "     0.000 s  [0] Charge aborted",
        "     0.000 s  execution failed: TooSmall: -2 is no amount",
    ]


def test_the_place_has_the_line_of_the_file(inner: Project) -> None:
    inner.write("stop.asl.json", '{\n "StartAt": "A",\n "States": {\n  "A": {"Type": "Fail", "Error": "Stop"}\n }\n}\n')
    inner.write("test_stop.py", 'def test_it(asl_load):\n    asl_load("stop.asl.json").simulate().unwrap()\n')
    told = inner.pytest().section("asl_local")
    assert told[1] == "  in Fail 'A', stop.asl.json:4"


def test_a_passing_test_says_nothing(inner: Project) -> None:
    inner.write("test_orders.py", "from orders import simulate\n\ndef test_it():\n    assert simulate(1).output\n")
    run = inner.pytest("-rA")
    assert run.code == 0
    assert "asl_local" not in run.output


def test_each_test_has_its_own_executions_and_a_repeated_one_too(inner: Project) -> None:
    inner.write(
        "test_orders.py",
        "from orders import simulate\n\n"
        "def test_one():\n    simulate(1)\n\n"
        "def test_two():\n    simulate(-5)\n    simulate(2)\n    assert False\n",
    )
    told = inner.pytest().section("asl_local")
    assert [line for line in told if line.startswith("Orders")] == [
        "Orders: FAILED after 0.000 s",
        "Orders: SUCCEEDED after 3.000 s",
    ]
    assert '  output: [{"paid": 2}]' in told


def test_of_many_executions_the_last_ones_are_shown(inner: Project) -> None:
    inner.write(
        "test_orders.py",
        "from orders import simulate\n\ndef test_it():\n    for n in range(99):\n        simulate(n)\n    assert False\n",
    )
    told = inner.pytest().section("asl_local")
    assert told[0] == "the last 4 of 99 executions:"
    assert [line for line in told if "output" in line] == [f'  output: [{{"paid": {n}}}]' for n in (95, 96, 97, 98)]


def test_an_execution_in_the_background_and_one_that_cannot_go_on(inner: Project) -> None:
    inner.write(
        "test_orders.py",
        """\
import asl_local

TOKEN = {"StartAt": "Ask", "States": {"Ask": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
         "Parameters": {"FunctionName": "ask", "Payload": {"t.$": "$$.Task.Token"}}, "End": True}}}

def test_it():
    machine = asl_local.load(TOKEN, name="Asking")
    started = machine.start({}, {"ask": lambda event: None})
    started.stop("Enough")
    assert started.result().status == "ABORTED"
    machine.simulate({}, {"ask": lambda event: None})
""",
    )
    told = inner.pytest().section("asl_local")
    assert told[0].startswith("Asking (start): ABORTED after ")
    at = told.index("Asking: RUNNING after 0.000 s")
    assert told[at + 1].startswith("  it could not go on: UnansweredToken: ")


def test_unequal_results_say_where_they_differ(inner: Project) -> None:
    inner.write(
        "test_orders.py", "from orders import simulate\n\ndef test_it():\n    assert simulate(1, 2) == simulate(1, 3)\n"
    )
    run = inner.pytest()
    assert run.lines("E ") == [
        "E       assert Result == Result (SUCCEEDED, SUCCEEDED)",
        "E         output at $[1].paid: expected 3, got 2",
        "E         the first event that differs is event 1: ExecutionStarted: input[1]: expected 2, got 3",
    ]


def test_unequal_histories_name_the_first_event_that_differs(inner: Project) -> None:
    inner.write(
        "test_orders.py",
        "from orders import simulate\n\n"
        "def test_it():\n    assert simulate(1).history == simulate(1, -1).history\n\n"
        "def test_times():\n    assert simulate(1).history == simulate(1, start=0).history\n",
    )
    run = inner.pytest()
    assert "E         the first event that differs is event 1: ExecutionStarted: input[1]: unexpected, -1" in run.output
    assert (
        "E         the first event that differs is event 1: ExecutionStarted: after event 0 at 2024-01-01T00:00:00+00:00 "
        "!= after event 0 at 1970-01-01T00:00:00+00:00"
    ) in run.output


def test_results_that_end_elsewhere(inner: Project) -> None:
    inner.write(
        "test_orders.py", "from orders import simulate\n\ndef test_it():\n    assert simulate(-1) == simulate(2)\n"
    )
    told = [line.removeprefix("E").strip() for line in inner.pytest().lines("E ")]
    assert told[1:5] == [
        "status: FAILED != SUCCEEDED",
        "error: TooSmall != None",
        "place: Map 'Orders', item 0 > Task 'Charge' !=",
        "cause: -1 is no amount != None",
    ]
    assert "path: after 'Charge' (step 2) expected 'Rest', it went no further" in told
    assert "seconds: 0.000 != 3.000" in told


def test_whoever_runs_a_machine_is_listened_to(inner: Project) -> None:
    inner.write(
        "test_kinds.py",
        """\
import json
import asl_local

PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
CALLS = {"StartAt": "Start", "States": {"Start": {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2",
         "Parameters": {"StateMachineArn": "Inner"}, "End": True}}}
FAIL = {"StartAt": "F", "States": {"F": {"Type": "Fail"}}}

def test_client():
    client = asl_local.StepFunctions()
    arn = client.create_state_machine(name="Made", definition=json.dumps(PASS), roleArn="arn:aws:iam::123456789012:role/r")
    started = client.start_execution(stateMachineArn=arn["stateMachineArn"], input="7")
    while client.describe_execution(executionArn=started["executionArn"])["status"] == "RUNNING":
        pass
    assert False

def test_others():
    outer = asl_local.load(CALLS, name="Outer")
    outer.simulate({}, asl_local.Resources(machines={"Inner": asl_local.load(PASS, name="Inner")}))
    failed = asl_local.load(FAIL, name="Failing").simulate()
    asl_local.load(FAIL, name="Failing").redrive(failed)
    asl_local.test_state(definition=PASS, stateName="A", input="1")
    assert False
""",
    )
    run = inner.pytest("--asl-report=out")
    heads = [line for line in run.output.splitlines() if re.fullmatch(r"\w+( \(\w+\))?: [A-Z]+ after .*", line)]
    assert [line.split(" after ")[0] for line in heads] == [
        "Made (start_execution): SUCCEEDED",
        "Inner (nested): SUCCEEDED",
        "Failing: FAILED",
        "Failing (redrive): FAILED",
        f"{heads[-1].split(':')[0]}: SUCCEEDED",
    ]
    assert heads[-1].split(":")[0].endswith("(test_state)")
    assert run.code == 1
    assert (inner.folder / "out" / "index.html").is_file()


def test_an_exploration_is_one_line(inner: Project) -> None:
    inner.write(
        "test_explore.py",
        "import asl_local\nfrom orders import ORDERS, charge\n\ndef test_it():\n"
        "    assert asl_local.load(ORDERS, name='Orders').explore([1, 2], {'charge': charge}).runs == 0\n",
    )
    run = inner.pytest("--asl-report=out", "--asl-cov")
    assert run.section("asl_local") == ["Orders: explored"]
    assert (inner.folder / "out" / "index.html").is_file()
    assert "Retry" not in run.output
    assert any(line.startswith("Orders ") for line in run.section("asl_local coverage"))


def test_started_executions_that_differ_are_told_apart(inner: Project) -> None:
    inner.write(
        "test_nested.py",
        """\
import asl_local

CALLS = {"StartAt": "Start", "States": {"Start": {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution",
         "Parameters": {"StateMachineArn": "Inner", "Name": "one"}, "ResultPath": None, "End": True}}}

def outer(result):
    inner = asl_local.load({"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": result, "End": True}}}, name="Inner")
    return asl_local.load(CALLS).simulate({}, asl_local.Resources(machines={"Inner": inner}))

def test_it():
    assert outer(1) == outer(2)
""",
    )
    told = inner.pytest().output
    assert "E         execution 0 that it started: output at $: expected 2, got 1" in told
