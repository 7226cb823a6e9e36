"""The events table of the report, in a browser: what is in it, filters, unfolding, keys, and only a few rows at a time."""

from __future__ import annotations

import re

import pytest
from runs_to_show import DIGITS, MARKUP, map_of, orders

import asl_local
from asl_local.reporters.aws import Event
from asl_local.reporters.recorded import read
from asl_local.reporters.report.page import page
from asl_local.reporters.visits.whole import run_of_recording

ROWS = "#events .event-rows > .event"


@pytest.fixture(scope="module")
def small() -> str:
    return page(orders())


@pytest.fixture(scope="module")
def big() -> str:
    return page(map_of(10_000))


def ids(opened):
    return [int(text) for text in opened.locator(f"{ROWS} .fold").all_inner_texts()]


def count(opened):
    return opened.locator("#events .filters .count")


def focused(opened):
    return opened.evaluate("document.activeElement.textContent")


def waits_for(locator, text):
    locator.filter(has_text=re.compile(text)).wait_for()


def test_sixty_thousand_events_and_a_few_rows(browser_page, big):
    opened = browser_page(big)
    waits_for(count(opened), "^60,004 events$")
    table = opened.get_by_role("table", name="Events")
    assert table.get_attribute("aria-rowcount") == "60005"
    assert ids(opened)[0] == 1
    assert len(ids(opened)) < 80
    opened.locator(f"{ROWS} .fold").first.focus()
    opened.keyboard.press("End")
    assert focused(opened) == "60004"
    assert len(ids(opened)) < 80
    assert opened.locator(ROWS).last.get_attribute("aria-rowindex") == "60005"


def test_filters(browser_page, big):
    opened = browser_page(big)
    events = opened.locator("#events")
    events.locator(".menu summary").click()
    events.get_by_label("TaskStateExited 10,000").check()
    waits_for(count(opened), "^10,000 of 60,004 events$")
    events.get_by_label("MapStateExited 1").check()
    waits_for(count(opened), "^10,001 of 60,004 events$")
    opened.keyboard.press("Escape")
    assert events.locator(".menu").get_attribute("open") is None
    events.get_by_label("State", exact=True).select_option(label="Orders (10,002)")
    waits_for(count(opened), "^1 of 60,004 events$")
    assert ids(opened) == [60_003]
    events.get_by_role("button", name="Failures only").click()
    waits_for(count(opened), "^0 of 60,004 events$")
    assert events.get_by_text("No event is like that.").is_visible()
    events.get_by_role("button", name="Show all").click()
    waits_for(count(opened), "^60,004 events$")


def test_a_text_is_found_in_details_wherever_it_is(browser_page, big, small):
    opened = browser_page(big)
    box = opened.get_by_label("Find in details")
    box.fill('"order":9876,')
    waits_for(count(opened), "^4 of 60,004 events$")
    box.fill("CUSTOMER 976")
    waits_for(count(opened), "^40 of 60,004 events$")
    box.fill("")
    waits_for(count(opened), "^60,004 events$")
    opened = browser_page(small)
    opened.get_by_label("Find in details").fill("no printer")
    waits_for(count(opened), "^2 of ")
    opened.get_by_label("Find in details").fill(MARKUP)
    waits_for(count(opened), r"^\d+ of ")


def test_failures_and_states(browser_page, small):
    opened = browser_page(small)
    events = opened.locator("#events")
    events.get_by_role("button", name="Failures only").click()
    types = opened.locator(f"{ROWS} .type").all_inner_texts()
    assert types == ["LambdaFunctionFailed"] * 7 + ["ExecutionFailed"]
    events.get_by_label("State", exact=True).select_option(value=[
        each.get_attribute("value") for each in events.get_by_label("State", exact=True).locator("option").all()
        if each.inner_text().startswith("Charge")
    ])  # fmt: skip
    assert (
        sorted(opened.locator(f"{ROWS} .place").all_inner_texts())
        == ["Charge in Orders[1]"] * 4 + ["Charge in Orders[5]"] * 2
    )


def test_an_event_unfolds_to_what_the_history_has(browser_page, small):
    opened = browser_page(small)
    box = opened.get_by_label("Find in details")
    box.fill(str(DIGITS))
    waits_for(count(opened), " of ")
    first = opened.locator(ROWS).first
    assert first.locator(".type").inner_text() == "LambdaFunctionSucceeded"
    first.locator(".fold").click()
    details = first.locator(".details")
    assert details.locator(".member").inner_text() == "lambdaFunctionSucceededEventDetails"
    assert f'"charged": {DIGITS}' in " ".join(details.inner_text().split())
    assert first.locator(".fold").get_attribute("aria-expanded") == "true"
    previous = first.locator(".previous").inner_text()
    details.get_by_role("button", name=f"{previous}, the previous event").click()
    waits_for(count(opened), r"^\d+ events$")  # it does not hold the text: all are shown again
    assert focused(opened) == previous
    opened.keyboard.press("ArrowLeft")
    assert opened.locator(":focus").get_attribute("aria-expanded") == "false"


def test_an_event_before_that_a_cut_history_lacks_is_no_link(browser_page):
    """The last events of a history, as `--reverse-order --max-items` gives them."""
    cut = [event.to_aws() for event in orders(2).events][-8:]
    opened = browser_page(asl_local.view({"events": cut}).to_html())
    opened.locator(f"{ROWS} .fold").last.click()
    last = opened.locator(ROWS).last
    previous = last.locator(".previous").inner_text()
    last.get_by_role("button", name=f"{previous}, the previous event").click()
    assert focused(opened) == previous == str(cut[-1]["previousEventId"])
    opened.keyboard.press("Home")
    opened.keyboard.press("Enter")
    first = opened.locator(ROWS).first
    assert int(first.locator(".previous").inner_text()) < cut[0]["id"]
    assert f"previous event {cut[0]['previousEventId']}" in first.locator(".details").inner_text()
    assert first.locator(".details .link").count() == 0


def test_markup_is_text(browser_page, small):
    opened = browser_page(small)
    opened.get_by_label("Find in details").fill("script")
    waits_for(count(opened), " of ")
    opened.locator(f"{ROWS} .fold").first.click()
    assert MARKUP in opened.locator(f"{ROWS} .details").first.inner_text()


def test_keys_lead_through_the_rows(browser_page, small):
    opened = browser_page(small)
    opened.locator(f"{ROWS} .fold").first.focus()
    opened.keyboard.press("Home")
    for key, at in (("j", "2"), ("ArrowDown", "3"), ("k", "2"), ("ArrowUp", "1"), ("ArrowUp", "1")):
        opened.keyboard.press(key)
        assert focused(opened) == at
    opened.keyboard.press("PageDown")
    assert int(focused(opened)) > 5
    opened.keyboard.press("Enter")
    row = opened.locator(f"{ROWS}[aria-current]")
    assert row.locator(".details").is_visible()
    # One stop for the key Tab in all rows, besides what has been unfolded.
    assert opened.locator(f"{ROWS} .fold[tabindex='0']").count() == 1


def test_a_state_that_is_chosen_is_marked_and_can_be_all_that_is_shown(browser_page, small):
    opened = browser_page(small)
    opened.locator('#graph [data-pointer="/States/Night"]').first.click()
    marked = opened.locator(f"{ROWS}.of-selected .type").all_inner_texts()
    assert marked == ["WaitStateEntered", "WaitStateExited"]
    opened.locator("#events").get_by_role("button", name="Selected state only").click()
    waits_for(count(opened), "^2 of ")
    opened.locator('#graph [data-pointer="/States/Prepare"]').first.click()
    assert opened.locator(f"{ROWS} .type").all_inner_texts() == ["PassStateEntered", "PassStateExited"]


def test_an_event_that_is_chosen_chooses_its_state(browser_page, small):
    opened = browser_page(small)
    opened.get_by_label("Find in details").fill("no printer")
    waits_for(count(opened), " of ")
    opened.locator('#graph [data-pointer="/States/Prepare"]').first.click()
    opened.locator(f"{ROWS} .fold").first.click()
    assert opened.locator("#state h2").inner_text() == "Report"


def test_the_events_of_a_visit_are_asked_for_beside_its_state(browser_page, small):
    opened = browser_page(small)
    opened.locator('#graph [data-pointer="/States/Night"]').first.click()
    opened.get_by_role("button", name="Events of this visit").click()
    assert opened.locator(f"{ROWS} .type").all_inner_texts() == ["WaitStateEntered", "WaitStateExited"]


def test_an_iteration_that_is_opened_has_its_events(browser_page, small):
    opened = browser_page(small)
    opened.locator("#timeline .name").filter(has_text="Orders[5]").click()
    waits_for(count(opened), r"^\d+ of \d+ events, in Orders\[5\]$")
    types = opened.locator(f"{ROWS} .type").all_inner_texts()
    assert (types[0], types[-1]) == ("MapIterationStarted", "MapIterationSucceeded")
    assert all("Orders[5]" in place for place in opened.locator(f"{ROWS} .place").all_inner_texts())
    opened.locator("#events").get_by_role("button", name="Show all").click()
    waits_for(count(opened), r"^\d+ events$")


def test_what_was_cut_says_so(browser_page):
    run = orders()
    run.input = {"long": "é" * 7_000_000}
    run.events = [Event(1, "ExecutionStarted", run.events[0].at, 0, {"input": run.input}), *run.events[1:]]
    opened = browser_page(page(run))
    note = "To keep this file small, 1 long values are cut after 1,000,000 bytes. Each says so where it is cut."
    assert opened.locator("#facts").get_by_text(note).is_visible()
    opened.locator("#facts").get_by_role("button", name="show all").click()
    assert "… cut here, 14,000,002 bytes in all" in opened.locator("#facts").inner_text()


def test_a_history_without_times_has_none(browser_page):
    recorded = [{**event.to_aws(), "timestamp": None} for event in orders(2).events]
    opened = browser_page(page(run_of_recording(read(recorded))))
    assert opened.locator(f"{ROWS} .time").all_inner_texts() == [""] * opened.locator(ROWS).count()
    assert opened.locator("#timeline").get_by_text("This history has no times.").is_visible()


def test_paper_has_the_first_rows_and_says_so(browser_page, big, small):
    opened = browser_page(big, media="print")
    assert opened.locator(ROWS).count() == 500
    assert opened.locator("#events .paper-note").inner_text().startswith("59,504 more events are not printed")
    assert not browser_page(small, media="print").locator("#events .paper-note").is_visible()


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_everybody_can_read_it(browser_page, axe, small, width, dark):
    opened = browser_page(small, width=width, dark=dark)
    opened.locator("#events .menu summary").click()
    opened.locator("#events .menu input").first.focus()
    axe(opened, "#events")
    opened.keyboard.press("Escape")
    opened.locator(f"{ROWS} .fold").last.click()
    axe(opened, "#events")
    assert opened.evaluate("document.documentElement.scrollWidth <= innerWidth")
