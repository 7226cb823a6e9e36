"""What small signs say on the report's page: legends, how runs ended, values that could turn the text, what paper gets."""

from __future__ import annotations

from typing import Any

import pytest
from runs_to_show import orders

import asl_local
from asl_local.reporters.report.page import page
from asl_local.reporters.visits.whole import run_of

ARN = "arn:aws:lambda:us-east-1:123456789012:function:"
TURNED = "\u202egnp.exe"


@pytest.fixture(scope="module")
def busy() -> str:
    return page(orders())


@pytest.fixture(scope="module")
def caught() -> str:
    """Work is caught, in a branch; the other fails on purpose; values hold what turns text round."""
    work = {
        "Type": "Task", "Resource": f"{ARN}Work", "Next": "Stop",
        "Catch": [{"ErrorEquals": ["Busy", "States.Timeout"], "ResultPath": None, "Next": "Stop"}],
    }  # fmt: skip
    branch = {
        "StartAt": "Work",
        "States": {"Work": work, "Stop": {"Type": "Fail", "Error": "Gone", "Cause": f"by {TURNED}"}},
    }
    machine = {"StartAt": "Both", "States": {"Both": {"Type": "Parallel", "Branches": [branch], "End": True}}}

    def busy(event: Any) -> Any:
        raise asl_local.StateError("Busy", f"busy {TURNED}")

    given = {"file": TURNED, f"key {TURNED}": 1, "family": "a\u200db"}
    return asl_local.load(machine, name="stops").simulate(given, {"Work": busy}).to_html()


@pytest.fixture(scope="module")
def long_chain() -> str:
    states: dict[str, Any] = {f"S{n}": {"Type": "Pass", "Next": f"S{n + 1}"} for n in range(69)}
    states["S69"] = {"Type": "Succeed"}
    many = {"list": [{"number": n} for n in range(90)]}
    return asl_local.load({"StartAt": "S0", "States": states}, name="chain").simulate(many, {}).to_html()


def opened_at(opened: Any, pointer: str) -> Any:
    opened.locator(f'#graph svg .state[data-pointer="{pointer}"] .name').click()
    return opened.locator("#state")


def test_legends_have_the_signs_that_are_there_and_no_others(browser_page: Any, busy: str, long_chain: str) -> None:
    opened = browser_page(busy)
    legend = opened.locator("#graph .legend").inner_text()
    assert "1/4 one of four visits" in legend
    assert "↻2 retried twice" in legend
    assert "how many items run at once" in opened.locator("#timeline .keys").inner_text()
    plain = browser_page(long_chain)
    assert "visit" not in plain.locator("#graph .legend").inner_text()
    assert "at once" not in plain.locator("#timeline .keys").inner_text()


def test_retries_have_one_sign_in_graph_and_timeline(browser_page: Any, busy: str) -> None:
    opened = browser_page(busy)
    opened.get_by_role("button", name="Unfold Orders, iteration 5").click()
    charge = opened.locator("#timeline .time-row").filter(has_text=", 3 attempts, succeeded")
    assert charge.locator(".note-of").inner_text() == "↻2"


def test_what_a_fail_state_ended_and_what_a_catch_caught(browser_page: Any, caught: str) -> None:
    opened = browser_page(caught)
    panel = opened_at(opened, "/States/Both/Branches/0/States/Work")
    assert "Stop (Catch of Busy, States.Timeout)" in panel.inner_text()
    panel = opened_at(opened, "/States/Both/Branches/0/States/Stop")
    assert "the branch, with its error Gone" in panel.inner_text()
    assert "Went on to" not in panel.inner_text()


def test_nothing_in_a_value_turns_the_text_around_it(browser_page: Any, axe: Any, caught: str) -> None:
    opened = browser_page(caught)
    opened_at(opened, "/States/Both/Branches/0/States/Work")
    shown = opened.locator("#facts, #state").all_inner_texts()
    assert all("\u202e" not in text for text in shown)
    assert r'"file": "\u202egnp.exe"' in shown[0]
    assert r'"key \u202egnp.exe": 1' in shown[0]
    assert '"family": "a\u200db"' in shown[0]
    assert any(r"busy \u202egnp.exe" in text for text in shown)
    axe(opened)


@pytest.mark.parametrize(
    ("limit", "status", "words"),
    [(30, "TIMED_OUT", "The execution ran out of time"), (None, "ABORTED", "nobody gave an error or a cause")],
)
def test_a_run_that_was_cut_short_opens_where_it_was(
    browser_page: Any, axe: Any, limit: int | None, status: str, words: str
) -> None:
    inner = {"StartAt": "Sleep", "States": {"Sleep": {"Type": "Wait", "Seconds": 60, "End": True}}}
    machine = {
        "StartAt": "First",
        "TimeoutSeconds": 30,
        "States": {
            "First": {"Type": "Pass", "Next": "Both"},
            "Both": {"Type": "Parallel", "Branches": [inner], "End": True},
        },
    }
    run = run_of(asl_local.load(machine, name="sleeper").simulate({}, {}))
    assert run.status == "TIMED_OUT"
    if status == "ABORTED":
        run.status = status
        for visit in run.visits[1:]:
            visit.outcome = "aborted"
    run.error = run.cause = None
    text = page(run)
    assert f"{words}" in text.partition("<main>")[2].partition("<script")[0]
    opened = browser_page(text)
    head = opened.locator("#facts .error")
    assert words in head.inner_text()
    assert "Error" not in head.inner_text()
    assert head.get_by_role("link").inner_text() == "Sleep"
    assert opened.locator("#state h2").inner_text() == "Sleep"
    axe(opened)


def test_fit_shows_all_of_a_long_graph(browser_page: Any, long_chain: str) -> None:
    opened = browser_page(long_chain)
    graph = opened.locator("#graph")
    seen = "(() => { const box = document.querySelector('.graph-box'); return box.scrollHeight <= box.clientHeight && box.scrollWidth <= box.clientWidth; })()"
    assert not opened.evaluate(seen)
    graph.get_by_role("button", name="Fit").click()
    assert opened.evaluate(seen)
    graph.get_by_role("button", name="100 %").click()
    assert opened.evaluate("document.querySelector('#graph svg').dataset.zoom") == "1"


def test_the_head_has_the_machines_name_and_the_executions(browser_page: Any, long_chain: str) -> None:
    opened = browser_page(long_chain)
    assert opened.title() == "chain, execution: SUCCEEDED"
    assert opened.locator("h1").inner_text() == "chain"
    assert opened.locator("#facts > header .execution").inner_text() == "execution"


def test_paper_gets_the_beginning_of_long_values_and_an_axis_that_can_be_read(
    browser_page: Any, busy: str, long_chain: str
) -> None:
    opened = browser_page(long_chain)
    box = opened.locator("#facts .json-box").first
    box.get_by_role("button", name="Unfold").click()
    opened.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    opened.emulate_media(media="print")
    assert box.get_by_text("The rest is not printed").is_visible()
    assert box.locator(".json").evaluate("each => each.clientHeight") <= 1100
    other = browser_page(busy)
    other.set_viewport_size({"width": 700, "height": 900})
    other.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    other.emulate_media(media="print")
    ticks = "[...document.querySelectorAll('.axis .tick')].filter((each) => each.textContent).map((each) => each.getBoundingClientRect())"
    assert other.evaluate(f"{ticks}.every((each, at, all) => at === 0 || all[at - 1].right <= each.left)")
    assert other.evaluate(f"{ticks}.length") > 1
