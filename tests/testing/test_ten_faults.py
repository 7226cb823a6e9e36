"""Ten classic faults of state machines: each is found in a machine that has it, and not in the mended one."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings

import asl_local
from asl_local.strategies import inputs

LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:"


def task(name: str, *, next: str | None = None, **fields: Any) -> dict[str, Any]:
    """A Task that calls a Lambda function."""
    return {"Type": "Task", "Resource": LAMBDA + name, **fields, **({"Next": next} if next else {"End": True})}


def flow(**states: dict[str, Any]) -> dict[str, Any]:
    """A definition that starts at the first of its states."""
    return {"StartAt": next(iter(states)), "States": states}


def with_fields(definition: dict[str, Any], state: str, **fields: Any) -> dict[str, Any]:
    """The definition with some fields of a state replaced; None takes one away."""
    changed = copy.deepcopy(definition)
    changed["States"][state] |= fields
    for name in [name for name, value in fields.items() if value is None]:
        del changed["States"][state][name]
    return changed


def nothing(_event: Any) -> Any:
    return {}


# -- 1: an error that nobody catches -----------------------------------------------------------------------------------

CHARGE = flow(
    Charge=task("Charge", next="Done", Catch=[{"ErrorEquals": ["Declined"], "Next": "Done"}]), Done={"Type": "Succeed"}
)
CAUGHT = with_fields(CHARGE, "Charge", Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Done"}])

# -- 2: a Retry around a Retry -----------------------------------------------------------------------------------------

BUSY = [{"ErrorEquals": ["Busy"], "IntervalSeconds": 1, "MaxAttempts": 6, "BackoffRate": 1}]
STORM = flow(Both={"Type": "Parallel", "Branches": [flow(Call=task("Call", Retry=BUSY))], "Retry": BUSY, "End": True})
CALM = with_fields(STORM, "Both", Retry=None)

# -- 3: a Catch that loses the input -----------------------------------------------------------------------------------

REFUND = flow(
    Ship=task("Ship", next="Shipped", ResultPath="$.parcel", Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Refund"}]),
    Refund=task("Refund", Parameters={"order.$": "$.order"}),
    Shipped={"Type": "Succeed"},
)
REFUND_KEEPS = with_fields(
    REFUND, "Ship", Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Refund", "ResultPath": "$.error"}]
)

# -- 4: a ResultPath that overwrites -----------------------------------------------------------------------------------

PRICE = flow(
    Price=task("Price", next="Ship", ResultPath="$.order"),
    Ship=task("Ship", Parameters={"id.$": "$.order.id"}, ResultPath="$.parcel"),
)
PRICE_KEEPS = with_fields(PRICE, "Price", ResultPath="$.price")

# -- 5: a rule that no input reaches -----------------------------------------------------------------------------------

LARGE = {"Variable": "$.total", "NumericGreaterThan": 1000, "Next": "Approve"}
SOME = {"Variable": "$.total", "NumericGreaterThan": 100, "Next": "Insure"}
APPROVAL = flow(
    How={"Type": "Choice", "Choices": [SOME, LARGE], "Default": "Send"},
    Approve={"Type": "Pass", "Next": "Send"},
    Insure={"Type": "Pass", "Next": "Send"},
    Send={"Type": "Succeed"},
)
APPROVAL_SORTED = with_fields(APPROVAL, "How", Choices=[LARGE, SOME])

# -- 6: a loop without end ---------------------------------------------------------------------------------------------

POLL = flow(
    Ask=task("Ask", next="Done?", ResultPath="$.status"),
    **{"Done?": {
        "Type": "Choice", "Default": "Wait",
        "Choices": [{"Variable": "$.status", "StringEquals": "READY", "Next": "Ready"}],
    }},
    Wait={"Type": "Wait", "Seconds": 60, "Next": "Ask"},
    Ready={"Type": "Succeed"},
)  # fmt: skip
POLL_THREE_TIMES = flow(
    Count={"Type": "Pass", "Result": 0, "ResultPath": "$.polls", "Next": "Ask"},
    Ask=task("Ask", next="More", ResultPath="$.status"),
    More={
        "Type": "Pass", "Next": "Done?",
        "Parameters": {"polls.$": "States.MathAdd($.polls, 1)", "status.$": "$.status"},
    },
    **{"Done?": {
        "Type": "Choice", "Default": "Wait",
        "Choices": [
            {"Variable": "$.status", "StringEquals": "READY", "Next": "Ready"},
            {"Variable": "$.polls", "NumericGreaterThanEquals": 3, "Next": "Never"},
        ],
    }},
    Wait={"Type": "Wait", "Seconds": 60, "Next": "Ask"},
    Ready={"Type": "Succeed"},
    Never={"Type": "Fail", "Error": "NotReady"},
)  # fmt: skip

# -- 7: a Choice without a Default -------------------------------------------------------------------------------------

KIND = flow(
    Kind={"Type": "Choice", "Choices": [
        {"Variable": "$.kind", "StringEquals": "book", "Next": "Send"},
        {"Variable": "$.kind", "StringEquals": "song", "Next": "Send"},
    ]},
    Send={"Type": "Succeed"},
)  # fmt: skip
KIND_WITH_DEFAULT = with_fields(KIND, "Kind", Default="Send")

# -- 8: an update that is lost -----------------------------------------------------------------------------------------


def adding(name: str) -> dict[str, Any]:
    return flow(**{
        f"Read {name}": task("Read", next=f"Write {name}"),
        f"Write {name}": task("Write", Parameters={"stock.$": "States.MathAdd($, 1)"}),
    })  # fmt: skip


STOCK = flow(Both={"Type": "Parallel", "Branches": [adding("A"), adding("B")], "End": True})
STOCK_IN_ONE_STEP = flow(Both={
    "Type": "Parallel", "Branches": [flow(A=task("Add")), flow(B=task("Add"))], "End": True,
})  # fmt: skip

# -- 9: less time than the retries need --------------------------------------------------------------------------------

HASTY = {
    "TimeoutSeconds": 60,
    **flow(Call=task("Call", Retry=[{"ErrorEquals": ["Busy"], "IntervalSeconds": 10, "MaxAttempts": 3}])),
}
PATIENT = HASTY | {"TimeoutSeconds": 600}

# -- 10: failures that are all tolerated -------------------------------------------------------------------------------

TOLERANT = flow(Each={
    "Type": "Map", "ToleratedFailurePercentage": 100, "End": True,
    "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                      **flow(Work=task("Work"))},
})  # fmt: skip
LESS_TOLERANT = with_fields(TOLERANT, "Each", ToleratedFailurePercentage=50)


# -- who finds them ----------------------------------------------------------------------------------------------------


def ends(machine: asl_local.Machine, *starts: str, input: Any = None, functions: Any, **options: Any) -> list[str]:
    """Explored ends that begin with one of these words."""
    explored = machine.explore({} if input is None else input, functions, **options)
    assert explored.complete
    return [str(end) for end in explored.outcomes if str(end).startswith(starts)]


def uncaught_errors(machine: asl_local.Machine) -> list[str]:
    return ends(machine, "FAILED", functions={"Charge": nothing})


def warnings(machine: asl_local.Machine) -> list[str]:
    """What the bounds warn of."""
    return [f"{warning.code} {warning.message}" for warning in machine.bounds().warnings]


def broken_refunds(machine: asl_local.Machine) -> list[str]:
    return ends(machine, "FAILED", input={"order": 7}, functions={"Ship": nothing, "Refund": nothing})


def broken_prices(machine: asl_local.Machine) -> list[str]:
    functions = {"Price": lambda _: {"euros": 20}, "Ship": nothing}
    return ends(machine, "FAILED", input={"order": {"id": 7}}, functions=functions, faults=0)


def untaken_ways(machine: asl_local.Machine) -> list[str]:
    """What no input that the definition lets one think of has come past."""
    with asl_local.Coverage() as coverage:

        @settings(max_examples=30, derandomize=True, database=None)
        @given(inputs(machine))
        def run(event: Any) -> None:
            machine.simulate(event)

        run()
    return [goal.missing for goal in coverage.of(machine).missing]


def runs_without_end(machine: asl_local.Machine) -> list[str]:
    return [str(run) for run in machine.explore({}, {"Ask": lambda _: "BUSY"}, faults=0).cycles]


def unmatched_inputs(machine: asl_local.Machine) -> list[str]:
    found: list[str] = []

    @settings(max_examples=30, derandomize=True, database=None)
    @given(inputs(machine))
    def run(event: Any) -> None:
        found.extend(ends(machine, "FAILED", input=event, functions={}))

    run()
    return found


def lost_updates(machine: asl_local.Machine) -> list[str]:
    def functions(world: dict[str, int]) -> dict[str, Callable[[Any], Any]]:
        return {
            "Read": lambda _: world["stock"],
            "Write": world.update,
            "Add": lambda _: world.update(stock=world["stock"] + 1),
        }

    def both_count(run: Any) -> None:
        assert run.world["stock"] == 2, "an update is lost"

    explored = machine.explore({}, functions, world={"stock": 0}, invariant=both_count, faults=0)
    assert explored.complete
    return [str(violation) for violation in explored.violations]


def retries_cut_off(machine: asl_local.Machine) -> list[str]:
    return ends(machine, "TIMED_OUT", functions={"Call": nothing}, kinds=("errors",))


def hidden_failures(machine: asl_local.Machine) -> list[str]:
    def something_is_done(run: Any) -> None:
        done = run.status == "SUCCEEDED" and any("Error" not in item for item in run.output)
        assert done or run.status == "FAILED", "it succeeds, and nothing is done"

    explored = machine.explore([1, 2, 3], {"Work": nothing}, invariant=something_is_done, kinds=("unlisted",))
    return [str(violation) for violation in explored.violations]


class Fault(NamedTuple):
    """A machine with a fault, the same without it, and who finds it: what he reads off a machine, a part of
    what he says.
    """

    seeded: dict[str, Any]
    mended: dict[str, Any]
    finders: dict[Callable[[asl_local.Machine], list[str]], str]


FAULTS = {
    "an error that nobody catches": Fault(CHARGE, CAUGHT, {uncaught_errors: "FAILED UnlistedError"}),
    "a retry storm": Fault(STORM, CALM, {warnings: "RETRY_STORM 'Call' is tried up to 49 times"}),
    "a Catch that loses the input": Fault(REFUND, REFUND_KEEPS, {broken_refunds: "The JSONPath '$.order'"}),
    "a ResultPath that overwrites": Fault(PRICE, PRICE_KEEPS, {broken_prices: "The JSONPath '$.order.id'"}),
    "a rule that is never reached": Fault(APPROVAL, APPROVAL_SORTED, {untaken_ways: "Choices[1] of Choice 'How'"}),
    "a loop without end": Fault(POLL, POLL_THREE_TIMES, {runs_without_end: "for ever", warnings: "UNBOUNDED_LOOP"}),
    "a Choice without a Default": Fault(KIND, KIND_WITH_DEFAULT, {unmatched_inputs: "States.NoChoiceMatched"}),
    "an update that is lost": Fault(STOCK, STOCK_IN_ONE_STEP, {lost_updates: "an update is lost"}),
    "less time than the retries need": Fault(
        HASTY, PATIENT, {retries_cut_off: "TIMED_OUT", warnings: "TIMEOUT_BELOW_RETRIES"}
    ),
    "failures that are all tolerated": Fault(TOLERANT, LESS_TOLERANT, {hidden_failures: "nothing is done"}),
}
FINDERS = [(name, finder) for name, fault in FAULTS.items() for finder in fault.finders]


@pytest.mark.parametrize(("fault", "finder"), FINDERS)
def test_a_fault_is_found(fault: str, finder: Callable[[asl_local.Machine], list[str]]) -> None:
    found = finder(asl_local.load(FAULTS[fault].seeded))
    assert any(FAULTS[fault].finders[finder] in each for each in found), found


@pytest.mark.parametrize(("fault", "finder"), FINDERS)
def test_nothing_is_found_where_it_is_mended(fault: str, finder: Callable[[asl_local.Machine], list[str]]) -> None:
    assert finder(asl_local.load(FAULTS[fault].mended)) == []


def test_there_are_ten_and_the_page_lists_them(project: Path) -> None:
    assert len(FAULTS) == 10
    page = (project / "docs" / "testing.md").read_text("utf-8")
    listed = page.split("## Ten classic faults")[1].split("\n## ")[0]
    assert re.findall(r"^\| (?!fault |---)(.+?) \|", listed, re.MULTILINE) == list(FAULTS)
