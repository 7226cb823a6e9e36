"""The execution report as people use it, in a real browser: nothing here knows how the page is made, only what it does."""

from __future__ import annotations

import pytest
import sample_runs
from sample_runs import HOSTILE

INSIDE = "/States/Pack items/ItemProcessor"
ROWS = "tbody tr[aria-rowindex]"
BELOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def order():
    return sample_runs.order().to_html()


@pytest.fixture(scope="module")
def unsent():
    return sample_runs.order(sent=False).to_html()


@pytest.fixture(scope="module")
def hostile():
    return sample_runs.hostile().to_html()


def state(opened, pointer):
    """A state in the graph, as one that can be pressed."""
    return opened.locator(f'#graph svg.graph .state[data-pointer="{pointer}"]')


def click(opened, pointer):
    state(opened, pointer).click(position={"x": 40, "y": 12})


def tab(opened, name):
    """Opens a tab of the selected state and gives what it shows."""
    opened.locator("#state").get_by_role("tab", name=name).click()
    return opened.locator("#state [role=tabpanel]:visible").inner_text()


def heading(opened, section):
    return opened.locator(f"#{section} h2").first.inner_text()


# -- a state -----------------------------------------------------------------------------------------------------------


def test_a_state_that_is_clicked_tells_what_it_did(browser_page, order):
    opened = browser_page(order)
    click(opened, "/States/Charge card")
    assert heading(opened, "state") == "Charge card"
    assert '"item 0"' in tab(opened, "Input")
    assert "euros" not in tab(opened, "Input")
    assert '"euros": 20' in tab(opened, "Output")
    assert "charged" in tab(opened, "Variables")
    attempts = tab(opened, "Attempts")
    assert attempts.count("Busy: the bank says: later") == 2
    assert "waited 5 s" in attempts
    assert "waited 10 s" in attempts
    assert '"ResultPath": "$.paid"' in tab(opened, "Definition")
    assert state(opened, "/States/Charge card").get_attribute("aria-pressed") == "true"
    click(opened, "/States/Cool off")
    assert heading(opened, "state") == "Cool off"
    assert "1 h" in opened.locator("#state").inner_text()
    assert state(opened, "/States/Charge card").get_attribute("aria-pressed") == "false"


def test_an_error_stands_at_the_top_and_at_its_state(browser_page, unsent):
    opened = browser_page(unsent)
    facts = opened.locator("#facts").inner_text()
    assert "FAILED" in facts
    assert "NoTruck" in facts
    assert "There is no truck today." in facts
    click(opened, "/States/Send")
    shown = opened.locator("#state").inner_text()
    assert "NoTruck" in shown
    assert "There is no truck today." in shown
    assert "failed" in state(opened, "/States/Send").get_attribute("aria-label")


def test_a_state_that_was_not_reached_says_so(browser_page, order):
    opened = browser_page(order)
    click(opened, "/States/Nothing to do")
    shown = opened.locator("#state").inner_text()
    assert "not reached" in shown
    assert "Succeed" in shown


def test_outcomes_are_told_by_shape_and_word_and_not_by_colour_alone(browser_page, order):
    opened = browser_page(order)
    for pointer, words in {
        "/States/Charge card": ["succeeded", "retried 2 times"],
        f"{INSIDE}/States/Pack": ["4 succeeded", "1 caught"],
        "/States/Nothing to do": ["not reached"],
    }.items():
        label = state(opened, pointer).get_attribute("aria-label")
        assert all(word in label for word in words), label
    assert state(opened, "/States/Charge card").locator(".badge path").count() == 1
    assert state(opened, f"{INSIDE}/States/Pack").locator(".badge text").text_content() == "1/5"


# -- iterations --------------------------------------------------------------------------------------------------------


def test_an_iteration_has_its_own_graph(browser_page, axe, order):
    opened = browser_page(order)
    assert opened.locator("#iterations").is_hidden()
    click(opened, "/States/Pack items")
    iterations = opened.locator("#iterations")
    assert "Pack items" in heading(opened, "iterations")
    assert iterations.locator(ROWS).count() == 5
    iterations.get_by_label("Outcome").select_option("with an error caught")
    assert iterations.locator(ROWS).count() == 1
    assert "Broken" in iterations.locator(ROWS).inner_text()
    iterations.get_by_label("Outcome").select_option("")
    iterations.get_by_label("Find in input or error").fill("item 3")
    assert iterations.locator(ROWS).count() == 1
    iterations.get_by_label("Find in input or error").fill("")
    iterations.locator(ROWS).nth(2).get_by_role("button").click()

    assert "2" in heading(opened, "graph")
    assert state(opened, "/States/Charge card").count() == 0
    inner = opened.locator("#graph svg.graph .state")
    assert inner.count() == 3
    labels = [inner.nth(n).get_attribute("aria-label") for n in range(3)]
    assert ["caught" in labels[0], "succeeded" in labels[1]] == [True, True], labels
    assert "item 2" in opened.locator("#state").inner_text()
    axe(opened)

    opened.get_by_role("button", name="Next iteration").click()
    assert "3" in heading(opened, "graph")
    assert "not reached" in inner.nth(1).get_attribute("aria-label")
    opened.get_by_role("button", name="All iterations").click()
    assert state(opened, "/States/Charge card").count() == 1


# -- hostile data ------------------------------------------------------------------------------------------------------


def test_hostile_data_are_shown_and_not_run(browser_page, axe, hostile):
    opened = browser_page(hostile)
    title = opened.title()
    states = opened.locator("#graph svg.graph .state")
    for n in range(states.count()):
        states.nth(n).click(position={"x": 40, "y": 12})
        for each in opened.locator("#state [role=tab]").all():
            each.click()
            unfold_all(opened)
    given = opened.locator("#facts").inner_text()
    for text in HOSTILE[:6]:
        assert text.replace('"', '\\"') in given or text in given, text
    assert opened.title() == title
    assert opened.evaluate("document.querySelectorAll('script, iframe, object, img:not([src^=\"data:\"])').length") == (
        opened.evaluate("document.querySelectorAll('body > script').length")
    )
    axe(opened)


# -- everybody ---------------------------------------------------------------------------------------------------------

DESKTOP, PHONE = 1280, 360
SITUATIONS = [
    ("order", DESKTOP, False), ("order", DESKTOP, True), ("order", PHONE, False), ("order", PHONE, True),
    ("unsent", PHONE, True), ("hostile", DESKTOP, False), ("hostile", PHONE, True),
]  # fmt: skip


def unfold_all(opened):
    """Unfolds all data that are in sight."""
    unfold = opened.get_by_role("button", name="Unfold", exact=True)
    while unfold.count():
        unfold.first.click()


@pytest.mark.parametrize("situation", SITUATIONS, ids=str)
def test_everybody_can_use_it(browser_page, axe, request, situation):
    which, width, dark = situation
    opened = browser_page(request.getfixturevalue(which), width=width, height=800, dark=dark)
    assert opened.evaluate(BELOW) == 0
    if which != "hostile":
        click(opened, "/States/Charge card")
    for each in opened.locator("#state [role=tab]").all():
        each.click()
        unfold_all(opened)
        axe(opened, "#state")
    if which == "order":
        click(opened, "/States/Pack items")
    axe(opened)
    assert opened.evaluate(BELOW) == 0


def test_the_button_changes_light_and_dark_of_everything(browser_page, axe, order):
    opened = browser_page(order, dark=False)
    ground = "getComputedStyle(document.querySelector('#graph svg.graph .state .shape')).fill"
    light = opened.evaluate(ground)
    opened.get_by_role("button", name="Light or dark").click()
    axe(opened)
    dark = opened.evaluate(ground)
    assert dark != light
    other = browser_page(order, dark=True)
    assert other.evaluate(ground) == dark
    other.get_by_role("button", name="Light or dark").click()
    assert other.evaluate(ground) == light
