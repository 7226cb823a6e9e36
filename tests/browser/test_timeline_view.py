"""The timeline of the report, in a browser: rows and bars, zoom by every means, quiet time, keys, selection."""

from __future__ import annotations

import pytest
from runs_to_show import children, map_of, orders

from asl_local.reporters.report.page import page

ROWS = "#timeline .time-rows > .time-row"
YEAR = 365 * 24 * 3600


@pytest.fixture(scope="module")
def small() -> str:
    return page(orders())


@pytest.fixture(scope="module")
def year() -> str:
    return page(orders(night=YEAR))


@pytest.fixture(scope="module")
def big() -> str:
    return page(map_of(10_000))


def timeline(opened):
    return opened.locator("#timeline")


def names(opened):
    return [text.split("\n")[0] for text in opened.locator(f"{ROWS} .name bdi").all_inner_texts()]


def row(opened, name):
    return opened.locator(ROWS).filter(has=opened.get_by_text(name, exact=True)).first


def ticks(opened):
    return [text for text in opened.locator("#timeline .tick").all_inner_texts() if text]


def window(opened):
    """The part of the time that is seen, in words."""
    return opened.get_by_role("slider").get_attribute("aria-valuetext")


def settled(opened):
    opened.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def width(bar):
    return bar.bounding_box()["width"]


def test_states_iterations_and_branches_are_rows(browser_page, small):
    opened = browser_page(small)
    assert names(opened) == ["Prepare", "Orders", *(f"Orders[{n}]" for n in range(8)), "Night", "Report"]
    opened.get_by_role("button", name="Unfold Orders, iteration 0").click()
    assert names(opened)[2:7] == ["Orders[0]", "Charge", "Both", "Mail", "Pause"]
    assert [row(opened, name).get_attribute("aria-level") for name in ("Charge", "Mail")] == ["3", "4"]
    opened.get_by_role("button", name="Fold Orders, iteration 0").click()
    assert "Charge" not in names(opened)


def test_attempts_and_what_they_waited_are_bars(browser_page, small):
    opened = browser_page(small)
    opened.get_by_role("button", name="Unfold Orders, iteration 5").click()
    charge = row(opened, "Charge")
    kinds = [bar.get_attribute("class") for bar in charge.locator(".bar-of").all()]
    assert kinds == [
        "bar-of state succeeded",
        "bar-of attempt failed", "bar-of backoff",
        "bar-of attempt failed", "bar-of backoff",
        "bar-of attempt succeeded",
    ]  # fmt: skip
    charge.locator(".name").focus()
    said = opened.locator("#timeline .readout").inner_text()
    assert said.startswith("Charge in Orders[5]: succeeded, from +")
    assert "attempt 1 failed (Busy) after 880 ms, waited 2 s; attempt 2 failed (Busy)" in said.replace("875", "880")
    assert "waits" in row(opened, "Night").locator(".bar-of").get_attribute("class")
    assert row(opened, "Night").get_by_role("img").get_attribute("aria-label").endswith("for 1 min")


def test_buttons_keys_wheel_and_drags_zoom(browser_page, small):
    opened = browser_page(small)
    whole, marks = window(opened), ticks(opened)
    night = row(opened, "Night").locator(".bar-of")
    before = width(night)
    timeline(opened).get_by_role("button", name="Zoom in").click()
    settled(opened)
    assert window(opened) != whole
    assert ticks(opened) != marks
    timeline(opened).get_by_role("button", name="Fit").click()
    settled(opened)
    assert (window(opened), ticks(opened), width(night)) == (whole, marks, before)

    row(opened, "Night").locator(".name").focus()
    seen = [whole]
    for key in ("+", "Shift+ArrowRight", "Shift+ArrowLeft", "+", "-"):
        opened.keyboard.press(key)
        settled(opened)
        seen.append(window(opened))
    assert seen[2] != seen[1] == seen[3] == seen[5] != seen[4]
    opened.keyboard.press("0")
    settled(opened)
    assert window(opened) == whole

    opened.get_by_role("slider").focus()
    for key, changes in (("+", True), ("ArrowRight", True), ("End", True), ("0", True), ("ArrowRight", False)):
        was = window(opened)
        opened.keyboard.press(key)
        settled(opened)
        assert (window(opened) != was) is changes, key

    track = row(opened, "Night").locator(".track")
    track.hover()
    opened.keyboard.down("Control")
    opened.mouse.wheel(0, -200)
    opened.keyboard.up("Control")
    settled(opened)
    zoomed = window(opened)
    assert zoomed != whole
    box = track.bounding_box()
    opened.mouse.move(box["x"] + 300, box["y"] + 10)
    opened.mouse.down()
    opened.mouse.move(box["x"] + 200, box["y"] + 10, steps=4)
    opened.mouse.up()
    settled(opened)
    assert window(opened) != zoomed
    assert row(opened, "Night").get_attribute("aria-current") is None  # the end of a drag is no click


def test_a_part_of_all_time_is_taken_with_the_mouse(browser_page, small):
    opened = browser_page(small)
    opened.get_by_role("slider").scroll_into_view_if_needed()
    box = opened.get_by_role("slider").bounding_box()
    opened.mouse.move(box["x"] + box["width"] / 4, box["y"] + 10)
    opened.mouse.down()
    opened.mouse.move(box["x"] + box["width"] / 2, box["y"] + 10, steps=3)
    opened.mouse.up()
    settled(opened)
    assert opened.get_by_role("slider").get_attribute("aria-valuenow") in ("37", "38")  # the middle, in per cent


def test_a_year_stands_beside_what_takes_a_moment(browser_page, year):
    opened = browser_page(year)
    assert opened.get_by_role("button", name="Compress quiet time").get_attribute("aria-pressed") == "true"
    assert opened.locator("#timeline .axis .gap").all_inner_texts() == ["365 d"]
    assert width(row(opened, "Orders").locator(".bar-of")) > 300
    assert width(row(opened, "Night").locator(".bar-of")) < 300
    opened.get_by_role("button", name="Compress quiet time").click()
    settled(opened)
    assert opened.locator("#timeline .axis .gap").count() == 0
    assert width(row(opened, "Orders").locator(".bar-of")) < 10
    assert width(row(opened, "Night").locator(".bar-of")) > 600


def test_ten_thousand_iterations_are_a_row_and_unfold_to_those_in_sight(browser_page, big):
    opened = browser_page(big)
    assert names(opened) == ["Orders"]
    assert opened.locator(f"{ROWS} .density").count() == 1
    opened.get_by_role("button", name="Unfold Orders").click()
    assert opened.get_by_role("treegrid").get_attribute("aria-rowcount") == "10002"
    assert opened.locator(ROWS).count() < 80
    opened.locator(f"{ROWS} .name").first.focus()
    opened.keyboard.press("End")
    assert "Orders[9999]" in opened.evaluate("document.activeElement.textContent")
    opened.keyboard.press("ArrowRight")
    opened.keyboard.press("ArrowRight")
    assert "Charge" in opened.evaluate("document.activeElement.textContent")
    assert opened.locator(ROWS).count() < 80
    opened.keyboard.press("ArrowLeft")
    assert "Orders[9999]" in opened.evaluate("document.activeElement.textContent")


def test_what_is_chosen_here_is_chosen_everywhere_and_back(browser_page, small):
    opened = browser_page(small)
    row(opened, "Night").locator(".name").click()
    assert opened.locator("#state h2").inner_text() == "Night"
    assert row(opened, "Night").get_attribute("aria-current") == "true"
    box = opened.get_by_label("Find in details")
    box.fill("try later")
    opened.locator("#events .filters .count").filter(has_text=" of ").wait_for()
    opened.locator("#events .fold").first.click()
    # Its Map's iteration was folded.
    chosen = opened.locator(f"{ROWS}[aria-current]")
    assert chosen.locator("bdi").inner_text() == "Charge"
    assert chosen.get_attribute("aria-level") == "3"


def test_rows_stay_where_they_are_whatever_is_said_of_them(browser_page, small):
    opened = browser_page(small, width=390)
    opened.get_by_role("button", name="Unfold Orders, iteration 1").click()
    charge = row(opened, "Charge")
    charge.scroll_into_view_if_needed()
    opened.mouse.move(0, 0)
    before = charge.bounding_box()
    charge.locator(".name").focus()
    assert "attempt 4 failed (Busy)" in opened.locator("#timeline .readout").inner_text()
    assert charge.bounding_box() == before


def test_an_iteration_that_is_opened_is_marked(browser_page, small):
    opened = browser_page(small)
    row(opened, "Orders[5]").locator(".name").click()
    assert opened.locator(f"{ROWS}[aria-current] bdi").all_inner_texts() == ["Orders[5]"]


def test_children_of_a_map_run_are_rows_that_open(browser_page):
    opened = browser_page(page(children()))
    opened.get_by_role("button", name="Unfold Rows").click()
    assert names(opened) == ["Rows", *(f"Rows, child {n}" for n in range(5))]
    assert "failed" in row(opened, "Rows, child 3").get_attribute("class")
    assert row(opened, "Rows").locator(".density .some-failed").count() == 1
    row(opened, "Rows, child 3").locator(".name").click()
    assert names(opened) == ["Add"]
    assert opened.locator("#events .event .type").last.inner_text() == "ExecutionFailed"
    opened.keyboard.press("Escape")
    opened.keyboard.press("Escape")
    assert names(opened)[0] == "Rows"


@pytest.mark.parametrize(("width", "dark"), [(1280, True), (390, False)])
def test_everybody_can_read_it(browser_page, axe, year, width, dark):
    opened = browser_page(year, width=width, dark=dark)
    opened.get_by_role("button", name="Unfold Orders, iteration 5").click()
    axe(opened, "#timeline")
    opened.get_by_role("button", name="Compress quiet time").click()
    settled(opened)
    axe(opened, "#timeline")
    assert opened.evaluate("document.documentElement.scrollWidth <= innerWidth")
