"""The report's table of iterations in a browser: filters, order, many rows, and a Map that was tried again."""

from __future__ import annotations

from typing import Any

import pytest

import asl_local

ARN = "arn:aws:lambda:us-east-1:123456789012:function:"


def machine(**more: Any) -> Any:
    inner = {"Type": "Task", "Resource": f"{ARN}Work", "End": True}
    processor = {"StartAt": "Work", "States": {"Work": inner}}
    each = {"Type": "Map", "ItemProcessor": processor, "End": True, **more}
    return asl_local.load({"StartAt": "Each", "States": {"Each": each}})


@pytest.fixture(scope="module")
def many() -> str:
    def work(event: Any) -> Any:
        return event

    limits = asl_local.Limits(events=None, payload_bytes=None)
    given = [{"n": n, "who": f"rider {n % 7}"} for n in range(1500)]
    return machine().simulate(given, {"Work": work}, limits=limits).to_html()


@pytest.fixture(scope="module")
def again() -> str:
    """A Map whose third item fails at first, so that all of it is done again."""
    broken = iter([True])

    def work(event: Any) -> Any:
        if event == 2 and next(broken, False):
            raise asl_local.StateError("Bad", "at first")
        return event

    retry = [{"ErrorEquals": ["Bad"], "IntervalSeconds": 5, "MaxAttempts": 1}]
    return machine(Retry=retry, MaxConcurrency=1).simulate([0, 1, 2, 3], {"Work": work}).to_html()


def opened_at_the_map(browser_page: Any, report: str, **more: Any) -> Any:
    opened = browser_page(report, **more)
    opened.locator('#graph svg .state[data-pointer="/States/Each"] .name').click()
    return opened, opened.locator("#iterations")


def rows(table: Any) -> Any:
    return table.locator("tbody tr[aria-rowindex]")


def test_of_many_rows_those_in_sight_are_on_the_page(browser_page: Any, axe: Any, many: str) -> None:
    opened, table = opened_at_the_map(browser_page, many)
    assert table.locator("table").get_attribute("aria-rowcount") == "1501"
    assert rows(table).count() < 60
    box = table.locator(".rows-box")
    box.evaluate("box => { box.scrollTop = box.scrollHeight; }")
    table.get_by_role("button", name="1499", exact=True).wait_for()
    assert rows(table).count() < 60
    assert rows(table).last.get_attribute("aria-rowindex") == "1501"
    axe(opened)
    table.get_by_role("button", name="1499", exact=True).click()
    assert "iteration 1499" in opened.locator("#graph h2").inner_text()
    assert '"n": 1499' in opened.locator("#state").inner_text()


def test_rows_are_found_by_text_and_put_in_order(browser_page: Any, many: str) -> None:
    _, table = opened_at_the_map(browser_page, many)
    table.get_by_label("Find in input or error").fill('"n": 1234,')
    assert rows(table).count() == 1
    assert "1 of 1,500 items" in table.inner_text()
    table.get_by_label("Find in input or error").fill("RIDER 3")
    assert "214 of 1,500 items" in table.inner_text()
    table.get_by_label("Order").select_option("Latest first")
    assert rows(table).first.locator("button").inner_text() == "1494"
    table.get_by_label("Find in input or error").fill("nobody")
    assert rows(table).count() == 0


def test_a_map_that_was_tried_again_has_the_items_of_each_attempt(browser_page: Any, axe: Any, again: str) -> None:
    opened, table = opened_at_the_map(browser_page, again)
    assert "Attempt" in table.locator("thead").inner_text()
    assert rows(table).first.inner_text().split()[:3] == ["2", "1", "failed"]
    table.get_by_label("Order").select_option("By item")
    found = [row.inner_text().split("\t")[:3] for row in rows(table).all()]
    assert [int(item) for item, _, _ in found] == [0, 1, 2, 0, 1, 2, 3]
    assert [attempt for _, attempt, _ in found] == ["1"] * 3 + ["2"] * 4
    table.get_by_label("Outcome").select_option("failed")
    assert rows(table).count() == 1
    rows(table).first.locator("button").click()
    assert "Bad" in opened.locator("#state .error").inner_text()
    opened.get_by_role("button", name="Next iteration").click()
    assert opened.locator("#graph h2").inner_text() == "Graph in iteration 0"
    assert opened.locator("#state .error").count() == 0
    axe(opened)


def test_the_table_and_the_page_fit_on_a_phone(browser_page: Any, axe: Any, again: str) -> None:
    opened, table = opened_at_the_map(browser_page, again, width=360, height=700, touch=True)
    assert opened.evaluate("document.documentElement.scrollWidth") <= 360
    axe(opened)
    rows(table).first.locator("button").click()
    assert opened.evaluate("document.documentElement.scrollWidth") <= 360
