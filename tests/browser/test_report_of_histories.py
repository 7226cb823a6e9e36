"""Reports of real histories, as they are read in a browser: what is missing is told, and what there is is shown."""

from __future__ import annotations

import json
from typing import Any

import pytest

import asl_local

MACHINE = {
    "StartAt": "Each",
    "States": {
        "Each": {
            "Type": "Map",
            "ItemProcessor": {
                "StartAt": "Look",
                "States": {
                    "Look": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:look", "Next": "Rest"},
                    "Rest": {"Type": "Wait", "Seconds": 5, "End": True},
                },
            },
            "End": True,
        }
    },
}  # fmt: skip


@pytest.fixture
def events() -> list[dict[str, Any]]:
    shown = asl_local.load(MACHINE).simulate([1, 2], {"look": lambda event: event}).history.to_aws()
    return json.loads(json.dumps(shown, default=str))


def test_the_end_of_a_long_history(browser_page: Any, axe: Any, events: list[dict[str, Any]]) -> None:
    """What `get-execution-history --reverse-order --max-items 12` gives."""
    page = browser_page(asl_local.view({"events": events[:-13:-1]}, MACHINE).to_html())
    page.get_by_text(f"Events 1 to {len(events) - 12} are missing").first.wait_for()
    assert page.locator("#facts .card").first.inner_text().split("\n")[-1] == "The history does not tell it."
    rest = page.locator('#graph [data-pointer$="/States/Rest"]').first
    assert "succeeded" in (rest.get_attribute("class") or "")
    rest.click()
    page.locator("#state").get_by_text("Wait", exact=True).first.wait_for()
    ids = page.locator("#events .id button")
    assert [int(ids.nth(n).inner_text()) for n in range(ids.count())] == [each["id"] for each in events[-12:]]
    previous = page.locator("#events .previous")
    assert str(events[-1]["previousEventId"]) == previous.nth(previous.count() - 1).inner_text()
    axe(page)


def test_an_input_that_is_null_is_one(browser_page: Any) -> None:
    machine = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
    page = browser_page(asl_local.load(machine).simulate(None).to_html())
    shown = page.locator("#facts .card .json")
    assert [shown.nth(n).inner_text() for n in range(shown.count())] == ["null", "null"]


def test_without_data_and_with_another_definition(browser_page: Any, axe: Any, events: list[dict[str, Any]]) -> None:
    for event in events:
        for member in [name for name in event if name.endswith("EventDetails")]:
            event[member] = {
                name: value for name, value in event[member].items() if name in ("name", "index", "length")
            }
    other = json.loads(json.dumps(MACHINE).replace('"Rest"', '"Sleep"'))
    page = browser_page(asl_local.view(events, other).to_html())
    page.get_by_text("The history was asked for without data").first.wait_for()
    page.get_by_text("The definition does not have the state 'Rest'").first.wait_for()
    assert "unreached" in (page.locator('#graph [data-pointer$="/States/Sleep"]').first.get_attribute("class") or "")
    axe(page)


def test_moments_are_cut_as_they_are_in_the_history(browser_page: Any, events: list[dict[str, Any]]) -> None:
    for event in events:
        event["timestamp"] = "2026-05-04T10:20:30.123987+00:00"
    page = browser_page(asl_local.view(events, MACHINE).to_html())
    page.locator("#events .time").nth(1).wait_for()
    assert page.locator("#events .time").nth(1).inner_text() == "2026-05-04 10:20:30.123"
    assert "10:20:30.123" in page.locator("#facts").inner_text()
