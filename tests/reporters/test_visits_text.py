"""The timeline for terminals: whole texts, as people see them."""

from __future__ import annotations

import dataclasses
import unicodedata
from typing import Any

import pytest

import asl_local
from asl_local import StateError
from asl_local.reporters.recorded import read
from asl_local.reporters.visits import whole
from asl_local.reporters.visits.text import timeline_text
from asl_local.reporters.visits.whole import run_of, run_of_recording
from asl_local.reporters.visits.words import took

LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:"


def machine(**states: Any) -> dict[str, Any]:
    return {"StartAt": next(iter(states)), "States": states}


def charge(event: Any, context: Any) -> Any:
    """Orders of 2 are declined after 2 s, others take as long as they say."""
    context.sleep(event)
    if event == 2:
        raise StateError("CardDeclined", "not\nenough money")
    return event


ORDERS = machine(
    Prepare={"Type": "Pass", "Next": "Orders"},
    Orders={
        "Type": "Map", "ItemsPath": "$", "Next": "After",
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "After"}],
        "ItemProcessor": machine(Charge={
            "Type": "Task", "Resource": f"{LAMBDA}charge", "End": True,
            "Retry": [{"ErrorEquals": ["CardDeclined"], "IntervalSeconds": 2, "MaxAttempts": 1}],
        }),
    },
    After={"Type": "Wait", "Seconds": 4, "End": True},
)  # fmt: skip


def simulated(definition: Any, given: Any = None, name: str = "M", **handlers: Any) -> asl_local.Result:
    loaded = asl_local.load(definition, name=name)
    return loaded.simulate({} if given is None else given, handlers or {"charge": charge})


def lines(text: str) -> list[str]:
    return text.split("\n")


def test_a_timeline() -> None:
    assert lines(simulated(ORDERS, [1, 2, 1, 5]).timeline(64)) == [
        "M: SUCCEEDED, 10 s of virtual time",
        "                          ╷0                 ╷5 s",
        "✓ Prepare            0 s  ▏",
        "↷ Orders           6.0 s  ━━━━━━━━━━━━━━━━━━━━━━━",
        "  ✗ [1] Charge ↻1  6.0 s  ████████·······████████",
        "    CardDeclined: not enough money",
        "  ✓ [0] Charge     1.0 s  ████",
        "  ✓ [2] Charge     1.0 s  ████",
        "  ✓ [3] Charge     5.0 s  ███████████████████",
        "✓ After            4.0 s                        ░░░░░░░░░░░░░░░░",
        "✓ succeeded  ↷ caught  ✗ failed  ↻n retried n times  █ runs",
        "░ waits  · back-off  ━ goes around others",
    ]


def test_the_history_of_a_result_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read_by: list[Any] = []
    monkeypatch.setattr(whole, "run_of", lambda result: read_by.append(result) or run_of(result))
    result = simulated(ORDERS, [1])
    again = dataclasses.replace(result)
    assert result.timeline() == result.timeline() == again.timeline()
    assert result.to_html() == again.to_html()
    assert (len(read_by), result == again) == (2, True)


def test_only_ascii() -> None:
    text = simulated(ORDERS, [1, 2, 1, 5], name="Größe").timeline(64, ascii=True)
    assert text.isascii()
    assert lines(text)[:5] == [
        r"Gr\xf6\xdfe: SUCCEEDED, 10 s of virtual time",
        "                                  |0             |5 s",
        "+ Prepare                    0 s  |",
        "~ Orders                   6.0 s  ==================",
        "  x [1] Charge 2 attempts  6.0 s  ######......######",
    ]


def test_of_many_items_a_few_are_shown_and_those_that_failed_first() -> None:
    text = simulated(ORDERS, [*([1] * 1_500), 2, *([1] * 500)]).timeline(60)
    shown = [line.split()[1] for line in lines(text) if "Charge" in line]
    assert shown == ["[1500]", "[0]", "[1]", "[2]", "[3]"]
    assert "  … 1,710 more: 1,671 succeeded, 39 aborted" in lines(text)


def test_caught_iterations_are_told_and_come_after_those_that_failed() -> None:
    task = {"Type": "Task", "Resource": f"{LAMBDA}charge", "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Note"}]}
    inner = machine(Charge={**task, "End": True}, Note={"Type": "Pass", "End": True})
    definition = machine(All={"Type": "Map", "ItemProcessor": inner, "End": True})
    text = lines(simulated(definition, [*([1] * 9), *([2] * 7)]).timeline(60))
    assert [line.split()[:2] for line in text if line.startswith("  ") and "[" in line] == [
        ["↷", f"[{index}]"] for index in range(9, 14)
    ]
    assert "  … 11 more: 9 succeeded, 2 caught" in text


def test_of_a_long_loop_the_beginning_and_the_end() -> None:
    loop = machine(
        Count={"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, 1)"}, "Next": "More"},
        More={
            "Type": "Choice",
            "Choices": [{"Variable": "$.n", "NumericLessThan": 50, "Next": "Count"}],
            "Default": "Stop",
        },
        Stop={"Type": "Fail", "Error": "Enough"},
    )
    text = lines(simulated(loop, {"n": 0}).timeline())
    assert text[0] == "M: FAILED, 0 s of virtual time"
    assert text[1:3] == ["✓ Count  0 s", "✓ More   0 s"]
    assert text[21] == "… 62 more: 62 succeeded"
    assert text[-2:] == ["✗ Stop   0 s", "  Enough"]


def test_branches_with_several_states_have_a_heading() -> None:
    definition = machine(P={
        "Type": "Parallel", "End": True,
        "Branches": [
            machine(A={"Type": "Wait", "Seconds": 9, "End": True}),
            machine(B={"Type": "Wait", "Seconds": 1, "Next": "C"}, C={"Type": "Fail", "Error": "E", "Cause": "so"}),
        ],
    })  # fmt: skip
    assert lines(simulated(definition).timeline(50)) == [
        "M: FAILED, 1.0 s of virtual time",
        "                     ╷0            ╷0.5 s",
        "✗ P           1.0 s  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━",
        "  ■ A         1.0 s  ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░",
        "  ✗ branch 1  1.0 s  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━",
        "    ✓ B       1.0 s  ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░",
        "    ✗ C         0 s                              ▏",
        "      E: so",
        "✗ failed  ■ aborted  ✓ succeeded  ░ waits",
        "━ goes around others",
    ]


def test_what_a_map_run_and_a_task_have_started() -> None:
    starts = {
        "Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "End": True,
        "Parameters": {"StateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:Other", "Input": {}},
    }  # fmt: skip
    orders = {**ORDERS["States"]["Orders"], "Next": "Start"}
    orders["ItemProcessor"] = {
        **orders["ItemProcessor"], "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
    }  # fmt: skip
    orders["Catch"] = [{"ErrorEquals": ["States.ALL"], "Next": "Start"}]
    other = asl_local.load(machine(W={"Type": "Wait", "Seconds": 3, "Next": "E"}, E={"Type": "Succeed"}), name="Other")
    resources = asl_local.Resources({"charge": charge}, machines={"Other": other})
    result = asl_local.load(machine(Orders=orders, Start=starts), name="M").simulate([1] * 200, resources)
    assert lines(result.timeline(60)) == [
        "M: SUCCEEDED, 4.0 s of virtual time",
        "                               ╷0            ╷2 s",
        "✓ Orders                1.0 s  ━━━━━━━━",
        *(f"  ✓ [{index}] Charge          1.0 s  ████████" for index in range(5)),
        "  … of 200 items: 200 succeeded",
        "✓ Start                 3.0 s         ██████████████████████",
        "  ✓ execution of Other  3.0 s         ━━━━━━━━━━━━━━━━━━━━━━",
        "    ✓ W                 3.0 s         ░░░░░░░░░░░░░░░░░░░░░░",
        "    ✓ E                   0 s                              ▏",
        "✓ succeeded  █ runs  ░ waits  ━ goes around others",
    ]


def test_one_that_still_runs() -> None:
    events = simulated(ORDERS, [1]).history.to_aws()
    waiting = next(number for number, event in enumerate(events) if event["type"] == "WaitStateEntered")
    text = lines(timeline_text(run_of_recording(read(events[: waiting + 1]), ORDERS, name="mine"), 60))
    assert text[0] == "mine: RUNNING, 1.0 s"
    assert text[-2:] == [
        f"● After           0 s{' ' * 38}▏",
        "✓ succeeded  ● running  █ runs  ━ goes around others",
    ]


def test_a_recorded_execution() -> None:
    result = simulated(ORDERS, [1, 2])
    shown = asl_local.view({"events": result.history.to_aws()}, ORDERS)
    for plain in (False, True):
        there, here = lines(shown.timeline(50, ascii=plain)), lines(result.timeline(50, ascii=plain))
        assert there[1:] == here[1:]
        assert there[0].endswith("SUCCEEDED, 10 s")


def test_without_times() -> None:
    events = [
        {name: value for name, value in each.items() if name != "timestamp"}
        for each in simulated(ORDERS, [1]).history.to_aws()
    ]
    assert lines(timeline_text(run_of_recording(read(events)))) == [
        "Execution: SUCCEEDED",
        "✓ Prepare",
        "✓ Orders",
        "  ✓ [0] Charge",
        "✓ After",
    ]


def test_a_year_of_virtual_time() -> None:
    definition = machine(A={"Type": "Wait", "Seconds": 86_400 * 365, "End": True})
    assert lines(simulated(definition).timeline(70)) == [
        "M: SUCCEEDED, 365 d 0 h of virtual time",
        "                ╷0            ╷100 d         ╷200 d         ╷300 d",
        f"✓ A  365 d 0 h  {'░' * 54}",
        "✓ succeeded  ░ waits",
    ]


@pytest.mark.parametrize("seconds", [0.004, 0.7, 3, 45, 100, 5_000, 40_000, 400_000, 4_000_000, 90_000_000])
@pytest.mark.parametrize("width", [40, 64, 100, 180])
def test_ticks_are_nice_and_apart(seconds: float, width: int) -> None:
    result = simulated(
        machine(A={"Type": "Task", "Resource": f"{LAMBDA}f", "End": True, "TimeoutSeconds": 99_999_999}),
        f=lambda _, c: c.sleep(seconds),
    )
    axis = lines(result.timeline(width))[1]
    ticks = [tick.strip() for tick in axis.split("╷")[1:]]
    assert ticks[0] == "0"
    assert 2 <= len(ticks) <= width // 10
    assert all(tick[0] in "123456789" or tick.startswith("0.") for tick in ticks[1:])


@pytest.mark.parametrize("width", [1, 40, 41, 57, 80, 120])
@pytest.mark.parametrize(
    "name", ["Größenänderung " * 5, "請求書を送る" * 7, "one\ntwo\x1b[31m\u202e", "a\u0301e\u0301" * 30]
)
def test_no_line_is_wider_and_nothing_is_obeyed(width: int, name: str) -> None:
    definition = machine(
        **{name[:80]: {"Type": "Wait", "Seconds": 2, "Next": "B"}, "B": {"Type": "Fail", "Error": "E", "Cause": name}}
    )
    for line in lines(simulated(definition, name="計算" * 9).timeline(width)):
        assert line.isprintable()
        columns = sum(2 if unicodedata.east_asian_width(c) in "WF" else not unicodedata.combining(c) for c in line)
        assert columns <= max(width, 40)


@pytest.mark.parametrize(("seconds", "text"), [
    (0, "0 s"), (0.0004, "0 s"), (0.0123, "12 ms"), (0.9996, "1.0 s"), (3.21, "3.2 s"), (9.996, "10 s"), (59.4, "59 s"),
    (59.9, "1 min 0 s"), (125, "2 min 5 s"), (11_530, "3 h 12 min"), (97 * 3_600, "4 d 1 h"), (86_400 * 3_000, "3,000 d 0 h"),
])  # fmt: skip
def test_how_long_something_took(seconds: float, text: str) -> None:
    assert took(seconds) == text
