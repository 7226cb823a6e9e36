"""The report's panel in a browser: one state, visit by visit, with its values, attempts and variables."""

from __future__ import annotations

from typing import Any

import pytest

import asl_local

ARN = "arn:aws:lambda:us-east-1:123456789012:function:"
MACHINE = {
    "StartAt": "Ask",
    "States": {
        "Ask": {
            "Type": "Task", "Resource": f"{ARN}Ask", "Assign": {"answer.$": "$.n"}, "Next": "Enough?",
            "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 7, "MaxAttempts": 2}],
            "Catch": [{"ErrorEquals": ["Gone"], "Next": "Enough?"}],
        },
        "Enough?": {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericLessThan": 3, "Next": "Ask"}], "Default": "End"},
        "End": {"Type": "Succeed"},
    },
}  # fmt: skip
HUGE = 123456789012345678901234567890


@pytest.fixture(scope="module")
def report() -> str:
    """Asks until the answer is 3; before the second answer, the one who is asked is busy."""
    answers = iter([1, asl_local.StateError("Busy", "later"), 2, 3])

    def ask(event: Any) -> dict[str, Any]:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return {"n": answer, "long": "ab" * 1000, "huge": HUGE, "text": '{"inside": [1, 2]}', "many": list(range(250))}

    return asl_local.load(MACHINE, name="loop").simulate({"n": 0}, {"Ask": ask}, execution_name="asking").to_html()


def select(opened: Any, name: str) -> Any:
    opened.locator(f'#graph svg .state[data-pointer="/States/{name}"] .name').click()
    return opened.locator("#state")


def tab(opened: Any, name: str) -> Any:
    opened.locator("#state").get_by_role("tab", name=name).click()
    return opened.locator("#state [role=tabpanel]:visible")


def test_nothing_is_selected_at_first(browser_page: Any, axe: Any, report: str) -> None:
    opened = browser_page(report)
    assert "Select a state" in opened.locator("#state").inner_text()
    assert opened.locator("#iterations").is_hidden()
    axe(opened)


def test_the_visits_of_a_state_are_gone_through_one_by_one(browser_page: Any, axe: Any, report: str) -> None:
    opened = browser_page(report)
    panel = select(opened, "Ask")
    field = panel.get_by_label("Visit", exact=True)
    assert "of 3" in panel.inner_text()
    assert field.input_value() == "1"
    assert panel.get_by_role("button", name="Previous visit").is_disabled()
    panel.get_by_role("button", name="Next visit").click()
    assert field.input_value() == "2"
    assert "7 s" in panel.inner_text()
    assert '"n": 1' in tab(opened, "Input").inner_text()
    field.fill("3")
    field.press("Enter")
    assert '"n": 2' in tab(opened, "Input").inner_text()
    assert panel.get_by_role("button", name="Next visit").is_disabled()
    assert "visit 3 of 3" in (opened.locator("#live").text_content() or "")
    axe(opened)


def test_attempts_tell_what_came_of_each_and_the_wait_between_them(browser_page: Any, report: str) -> None:
    opened = browser_page(report)
    select(opened, "Ask").get_by_role("button", name="Next visit").click()
    attempts = tab(opened, "Attempts (2)").locator("li").all_inner_texts()
    assert len(attempts) == 2, attempts
    assert [
        words for words in ("Attempt 1", "failed", "Busy: later", "waited 7 s") if words not in attempts[0]
    ] == [], attempts
    assert [
        words for words in ("Attempt 2", "succeeded", "Called with", "Answered") if words not in attempts[1]
    ] == [], attempts


def test_variables_are_those_that_were_assigned_before_and_those_that_the_state_assigns(
    browser_page: Any, report: str
) -> None:
    opened = browser_page(report)
    panel = select(opened, "Ask")
    assert "When it began" not in tab(opened, "Variables").inner_text()
    panel.get_by_role("button", name="Next visit").click()
    assert panel.get_by_role("tab", selected=True).inner_text() == "Variables"
    assigned, before = panel.locator(".variables").all()
    assert "2" in assigned.locator(".json").inner_text()
    assert "1" in before.locator(".json").inner_text()


def test_values_fold_and_long_ones_are_cut_until_somebody_asks(browser_page: Any, axe: Any, report: str) -> None:
    opened = browser_page(report)
    select(opened, "Ask")
    output = tab(opened, "Output")
    assert str(HUGE) in output.inner_text()
    assert "ab" * 1000 not in output.inner_text()
    output.get_by_role("button", name="show all 2,000 characters").click()
    assert "ab" * 1000 in output.inner_text()
    output.get_by_role("button", name="show as JSON").click()
    assert '"inside"' in output.inner_text()
    assert output.locator(".index", has_text="249").count() == 0
    output.get_by_role("button", name="Show 100 more of 250").click()
    output.get_by_role("button", name="Show 50 more of 250").click()
    assert output.locator(".index", has_text="249").count() == 1
    axe(opened)
    output.get_by_role("button", name="Unfold", exact=True).click()
    output.get_by_role("button", name="Fold", exact=True).click()
    assert output.locator("details details[open]").count() == 0


def test_tabs_are_walked_by_arrow_keys_and_the_chosen_one_stays(browser_page: Any, report: str) -> None:
    opened = browser_page(report)
    panel = select(opened, "Ask")
    panel.get_by_role("tab", name="Input").focus()
    opened.keyboard.press("ArrowRight")
    chosen = panel.get_by_role("tab", selected=True)
    assert chosen.inner_text() == "Output"
    assert opened.evaluate("document.activeElement.textContent") == "Output"
    opened.keyboard.press("ArrowLeft")
    opened.keyboard.press("ArrowLeft")
    assert chosen.inner_text() == "Definition"
    select(opened, "End")
    assert chosen.inner_text() == "Definition"


def test_the_events_of_a_visit_are_one_click_away(browser_page: Any, report: str) -> None:
    opened = browser_page(report)
    panel = select(opened, "Ask")
    panel.get_by_role("button", name="Next visit").click()
    panel.get_by_role("button", name="Events of this visit").click()
    rows = opened.locator("#events").get_by_role("row").all_inner_texts()
    assert sum("LambdaFunctionScheduled" in row for row in rows) == 2
    assert sum("TaskStateEntered" in row for row in rows) == 1


def test_where_a_state_led_and_why(browser_page: Any, report: str) -> None:
    opened = browser_page(report)
    panel = select(opened, "Enough?")
    assert "Ask (rule 0)" in panel.inner_text()
    panel.get_by_role("button", name="Next visit").click()
    panel.get_by_role("button", name="Next visit").click()
    assert "End (default)" in panel.inner_text()


def test_a_value_goes_to_the_clipboard_as_json(browser_page: Any, report: str) -> None:
    opened = browser_page(report)
    opened.context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened.locator("#facts .pair .card").first.get_by_role("button", name="Copy").click()
    opened.locator("#facts").get_by_text("Copied").wait_for()
    assert opened.evaluate("navigator.clipboard.readText()") == '{\n  "n": 0\n}'


def test_what_stands_behind_tabs_is_printed(browser_page: Any, report: str) -> None:
    opened = browser_page(report)
    select(opened, "Ask")
    opened.emulate_media(media="print")
    opened.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    parts = opened.locator("#state .part")
    assert [part.is_visible() for part in parts.all()] == [True] * parts.count()
    assert "Retry" in parts.last.inner_text()
    assert not opened.get_by_role("button", name="Zoom in").is_visible()
