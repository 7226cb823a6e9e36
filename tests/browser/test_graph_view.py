"""The report's graph in a browser: paint, keys, zoom, iterations' and children's own graphs, and the list in its place."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

import asl_local
from asl_local.reporters.report.page import page as page_of
from asl_local.reporters.visits.whole import run_of

ARN = "arn:aws:lambda:us-east-1:123456789012:function:"
CHECK = {
    "Type": "Task", "Resource": f"{ARN}Check", "Retry": [{"ErrorEquals": ["Busy"], "MaxAttempts": 2}], "Next": "Sizes",
    "Catch": [{"ErrorEquals": ["Odd"], "Next": "Aside"}],
}  # fmt: skip
INNER = {
    "StartAt": "Check",
    "States": {
        "Check": CHECK,
        "Sizes": {
            "Type": "Map", "ItemsPath": "$.sizes", "End": True,
            "ItemProcessor": {"StartAt": "Cut", "States": {"Cut": {"Type": "Pass", "End": True}}},
        },
        "Aside": {"Type": "Pass", "End": True},
    },
}  # fmt: skip
MACHINE = {
    "StartAt": "Any?",
    "States": {
        "Any?": {"Type": "Choice", "Choices": [{"Variable": "$.n", "IsPresent": True, "Next": "Each"}], "Default": "None"},
        "None": {"Type": "Succeed"},
        "Each": {"Type": "Map", "ItemsPath": "$.n", "ItemProcessor": INNER, "ResultPath": None, "Next": "Ship"},
        "Ship": {"Type": "Task", "Resource": f"{ARN}Ship", "End": True},
    },
}  # fmt: skip
ITEMS = "/States/Each/ItemProcessor/States"


def result() -> asl_local.Result:
    busy = iter([True])

    def check(event: dict[str, Any]) -> dict[str, Any]:
        if event["i"] == 2 and next(busy, False):
            raise asl_local.StateError("Busy", "later")
        if event["i"] == 1:
            raise asl_local.StateError("Odd", "it is odd")
        return event

    def ship(event: Any) -> None:
        raise asl_local.StateError("NoTruck", '{"errorMessage": "none is left"}')

    given = {"n": [{"i": i, "sizes": ["s", "m"]} for i in range(4)]}
    return asl_local.load(MACHINE, name="orders").simulate(
        given, {"Check": check, "Ship": ship}, execution_name="night"
    )


@pytest.fixture(scope="module")
def report() -> str:
    return result().to_html()


@pytest.fixture(scope="module")
def without_definition() -> str:
    run = run_of(result())
    visits = [replace(visit, pointer="", edge="") for visit in run.visits]
    return page_of(replace(run, definition=None, visits=visits, notes=["The history was cut after 7 events."]))


@pytest.fixture(scope="module")
def families() -> str:
    """A Map Run with three children, the second of which fails, and an execution of another machine."""
    child = asl_local.load({"StartAt": "Inside", "States": {"Inside": {"Type": "Pass", "End": True}}}, name="Other")
    processor = {**INNER, "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    processor["States"] = {"Check": {"Type": "Task", "Resource": f"{ARN}Check", "End": True}}
    parent = {
        "StartAt": "Many",
        "States": {
            "Many": {
                "Type": "Map", "ItemsPath": "$.n", "ItemProcessor": processor, "ToleratedFailureCount": 1, "ResultPath": None,
                "Next": "Start other",
            },
            "Start other": {
                "Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "End": True,
                "Parameters": {
                    "StateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:Other", "Input": {"from": "above"},
                },
            },
        },
    }  # fmt: skip

    def check(event: int) -> int:
        if event == 1:
            raise asl_local.StateError("Odd", "one is odd")
        return event

    resources = asl_local.Resources({"Check": check}, machines={"Other": child})
    return asl_local.load(parent, name="parent").simulate({"n": [0, 1, 2]}, resources, execution_name="day").to_html()


def state(opened: Any, pointer: str) -> Any:
    return opened.locator(f'#graph svg .state[data-pointer="{pointer}"]')


def kinds(opened: Any) -> dict[str, str]:
    """What the states and edges in sight are painted as."""
    found: dict[str, str] = (
        opened.evaluate("""() => Object.fromEntries([...document.querySelectorAll("#graph svg [data-pointer]")]
        .filter((each) => !each.classList.contains("block"))
        .map((each) => [each.dataset.pointer, [...each.classList].filter((kind) => kind !== "selected").at(-1)]))""")
    )
    return found


def test_the_script_paints_as_the_page_was_painted(browser_page: Any, report: str) -> None:
    graph = report[report.index('<svg xmlns="http://www.w3.org/2000/svg" class="graph"') : report.index('id="state"')]
    found = re.findall(r'<g class="(?:state|edge)[^"]* ([a-z-]+)" data-pointer="([^"]+)"', graph)
    assert len(found) > 15
    opened = browser_page(report)
    assert kinds(opened) == {pointer: kind for kind, pointer in found}
    notes = [
        note
        for badge in re.findall(r'<g class="badge".*?</g>', graph)
        for note in re.findall(r"<text[^>]*>([^<]+)", badge)
    ]
    assert notes == opened.locator("#graph svg .badge text").all_text_contents()


def test_a_report_of_a_failure_opens_where_it_failed(browser_page: Any, report: str) -> None:
    opened = browser_page(report)
    assert opened.locator("#state h2").inner_text() == "Ship"
    assert "NoTruck" in opened.locator("#state .error").inner_text()
    state(opened, "/States/Each").locator(".name").click()
    opened.locator("#facts .error a").click()
    assert opened.locator("#state h2").inner_text() == "Ship"


def test_the_graph_is_walked_by_keys(browser_page: Any, axe: Any, report: str) -> None:
    opened = browser_page(report)
    states = opened.locator('#graph svg .state[tabindex="0"]')
    assert states.count() == 1
    states.focus()
    focused = "document.activeElement.dataset.pointer"
    opened.keyboard.press("Home")
    assert opened.evaluate(focused) == "/States/Any?"
    opened.keyboard.press("ArrowDown")
    opened.keyboard.press("ArrowDown")
    pointer = opened.evaluate(focused)
    assert pointer != "/States/Any?"
    opened.keyboard.press("Enter")
    assert state(opened, pointer).get_attribute("aria-pressed") == "true"
    assert opened.locator("#live").text_content()
    axe(opened)
    opened.keyboard.press("Escape")
    assert opened.locator('#graph svg [aria-pressed="true"]').count() == 0
    assert opened.evaluate(focused) == pointer


def test_the_first_stop_of_the_tab_key_leads_to_the_graph(browser_page: Any, report: str) -> None:
    opened = browser_page(report)
    opened.keyboard.press("Tab")
    assert opened.evaluate("document.activeElement.getAttribute('href')") == "#graph"


def test_zoom(browser_page: Any, report: str) -> None:
    opened = browser_page(report)
    graph = opened.locator("#graph")
    wide = "document.querySelector('#graph svg').getBoundingClientRect().width"
    natural = opened.evaluate("document.querySelector('#graph svg').viewBox.baseVal.width")
    graph.get_by_role("button", name="100 %").click()
    assert opened.evaluate(wide) == pytest.approx(natural, abs=1)
    graph.get_by_role("button", name="Zoom in").click()
    assert opened.evaluate(wide) == pytest.approx(1.25 * natural, abs=1)
    graph.get_by_role("button", name="Zoom out").click()
    graph.get_by_role("button", name="Zoom out").click()
    assert opened.evaluate(wide) == pytest.approx(natural / 1.25, abs=1)
    graph.get_by_role("button", name="Fit").click()
    assert opened.evaluate(wide) <= opened.evaluate("document.querySelector('.graph-box').clientWidth")


def test_an_iteration_of_a_map_in_a_map_has_a_way_back(browser_page: Any, axe: Any, report: str) -> None:
    opened = browser_page(report)
    state(opened, "/States/Each").locator(".name").click()
    opened.locator("#iterations").get_by_role("button", name="3", exact=True).click()
    assert opened.evaluate("document.activeElement.dataset.pointer") == f"{ITEMS}/Check"
    assert kinds(opened)[f"{ITEMS}/Check/Next"] == "taken"
    state(opened, f"{ITEMS}/Sizes").locator(".name").click()
    opened.locator("#iterations").get_by_role("button", name="1", exact=True).click()
    trail = opened.locator(".trail li")
    assert trail.all_inner_texts() == ["night", "Each, iteration 3", "Sizes, iteration 1"]
    assert list(kinds(opened).values()).count("succeeded") == 1
    axe(opened)
    opened.keyboard.press("Escape")
    assert trail.all_inner_texts() == ["night", "Each, iteration 3"]
    assert opened.locator("#state h2").inner_text() == "Sizes"
    opened.keyboard.press("Escape")
    assert trail.all_inner_texts() == ["night"]
    assert state(opened, "/States/Ship").count() == 1


def test_children_of_a_map_run_open_as_reports_of_their_own(browser_page: Any, axe: Any, families: str) -> None:
    opened = browser_page(families)
    state(opened, "/States/Many").locator(".name").click()
    assert "1 failed" in opened.locator("#state").inner_text()
    opened.locator("#iterations").get_by_label("Outcome").select_option("failed")
    opened.locator("#iterations tbody button").click()
    facts = opened.locator("#facts")
    assert "FAILED" in facts.locator(".badge").inner_text()
    assert "one is odd" in facts.inner_text()
    assert kinds(opened)["/States/Check"] == "failed"
    state(opened, "/States/Check").locator(".name").click()
    assert "Odd" in opened.locator("#state").inner_text()
    axe(opened)
    opened.locator(".trail button").click()
    assert "SUCCEEDED" in facts.locator(".badge").inner_text()
    assert opened.locator("#state h2").inner_text() == "Many"


def test_an_execution_of_another_machine_opens_too(browser_page: Any, families: str) -> None:
    opened = browser_page(families)
    state(opened, "/States/Start other").locator(".name").click()
    opened.locator("#state dd .link").click()
    assert kinds(opened)["/States/Inside"] == "succeeded"
    assert "above" in opened.locator("#facts").inner_text()
    opened.keyboard.press("Escape")
    assert opened.locator("#state h2").inner_text() == "Start other"


def test_without_a_definition_there_is_a_list_of_what_happened(
    browser_page: Any, axe: Any, without_definition: str
) -> None:
    opened = browser_page(without_definition)
    assert "cut after 7 events" in opened.locator("#facts").inner_text()
    tree = opened.locator(".tree")
    tree.get_by_text("4 iterations").click()
    tree.get_by_role("button", name="Check").nth(1).click()
    assert opened.locator("#state h2").inner_text() == "Check"
    assert "Odd" in opened.locator("#state .error").inner_text()
    axe(opened)
    opened.locator("#iterations tbody button").nth(2).click()
    assert opened.locator("#graph h2").inner_text() == "What happened in iteration 2"
    opened.keyboard.press("Escape")
    assert opened.locator("#graph h2").inner_text() == "What happened"


@pytest.mark.parametrize("name", ["50 % done", "a\x00b\x07c", "two\r\nlines", "%0041", "half \ud83d"])
def test_a_state_whose_name_no_attribute_can_hold_is_painted_and_selected(browser_page: Any, name: str) -> None:
    machine = asl_local.load(
        {"StartAt": name, "States": {name: {"Type": "Pass", "Result": 7, "Next": "Z"}, "Z": {"Type": "Succeed"}}}
    )
    opened = browser_page(machine.simulate({}, {}).to_html())
    assert set(kinds(opened).values()) == {"succeeded", "taken"}
    opened.locator("#graph svg .state .name").first.click()
    assert "Type" in opened.locator("#state").inner_text()
    assert "Pass" in opened.locator("#state").inner_text()
