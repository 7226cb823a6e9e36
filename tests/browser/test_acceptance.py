"""The execution report as people use it, in a real browser: nothing here knows how the page is made, only what it does."""

from __future__ import annotations

import re

import pytest
import sample_runs
from sample_runs import HOSTILE

INSIDE = "/States/Pack items/ItemProcessor"
ROWS = "tbody tr[aria-rowindex]"
DRAWN = "new Promise(requestAnimationFrame).then(() => new Promise(requestAnimationFrame))"
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


# -- events and time ---------------------------------------------------------------------------------------------------


def test_events_are_filtered_by_type_and_state_and_unfold(browser_page, axe, order):
    opened = browser_page(order)
    events = opened.locator("#events")
    status, rows = events.get_by_role("status"), events.locator(".event-rows [role=row]")
    assert status.inner_text() == "87 events"
    events.get_by_label("State", exact=True).select_option("Pack (25)")
    assert status.inner_text() == "25 of 87 events"
    events.locator("summary").click()
    events.get_by_role("checkbox", name="LambdaFunctionFailed").check()
    assert status.inner_text() == "1 of 87 events"
    opened.keyboard.press("Escape")
    assert rows.count() == 1
    assert "LambdaFunctionFailed" in rows.inner_text()
    rows.get_by_role("button").first.click()
    assert "item 2 is in pieces" in rows.inner_text()
    assert "item 2" in opened.locator("#state").inner_text()  # its visit is selected
    axe(opened)
    events.get_by_role("button", name="Show all").click()
    assert status.inner_text() == "87 events"


def test_a_state_leads_to_its_events(browser_page, order):
    opened = browser_page(order)
    click(opened, "/States/Charge card")
    opened.get_by_role("button", name="Events of this visit").click()
    rows = opened.locator("#events .event-rows [role=row]")
    assert opened.locator("#events").get_by_role("status").inner_text() == "11 of 87 events"
    assert all("Charge card" in each for each in rows.all_inner_texts())


def bar(opened, name):
    """Where a state's bar is in the timeline: left edge and width."""
    row = opened.locator("#timeline [role=row]").filter(has=opened.get_by_text(name, exact=True))
    box = row.locator(".bar-of").first.bounding_box()
    return box["x"], box["width"]


def test_the_timeline_is_zoomed(browser_page, order):
    opened = browser_page(order)
    timeline = opened.locator("#timeline")
    timeline.get_by_role("button", name="Compress quiet time").click()
    before = bar(opened, "Reserve van")
    for _ in range(3):
        timeline.get_by_role("button", name="Zoom in").click()
    opened.evaluate(DRAWN)
    assert bar(opened, "Cool off")[1] > 4 * before[1]
    timeline.get_by_role("button", name="Fit").click()
    card = bar(opened, "Charge card")
    timeline.locator("[role=row]").filter(has=opened.get_by_text("Charge card", exact=True)).dblclick()
    opened.evaluate(DRAWN)
    assert bar(opened, "Charge card")[1] > 8 * card[1]
    timeline.get_by_role("button", name="Fit").click()
    row = timeline.locator("[role=row]").filter(has=opened.get_by_text("Reserve van", exact=True))
    row.dblclick()
    opened.evaluate(DRAWN)
    assert bar(opened, "Reserve van")[1] > 8 * before[1]
    timeline.get_by_role("button", name="Fit").click()
    opened.evaluate(DRAWN)
    assert bar(opened, "Reserve van")[1] == pytest.approx(before[1], abs=1)
    assert opened.locator("#state h2").inner_text() == "Reserve van"


# -- keys only ---------------------------------------------------------------------------------------------------------

FOCUS = """
() => {
  const it = document.activeElement;
  if (it === document.body) return null;
  const { left, right, top, bottom } = it.getBoundingClientRect();
  const style = getComputedStyle(it), shape = it.matches("svg .state") ? getComputedStyle([...it.querySelectorAll(":scope > .shape")].at(-1)) : null;
  const inside = it.closest("[role=row]");
  return {
    section: it.closest("section")?.id ?? "", name: it.getAttribute("aria-label") ?? it.textContent.trim().slice(0, 60), tag: it.tagName,
    seen: right > 0 && left < innerWidth && bottom > 0 && top < innerHeight,
    marked: (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1) || (shape !== null && parseFloat(shape.strokeWidth) >= 2)
      || (inside !== null && getComputedStyle(inside).outlineStyle !== "none"),
  };
}
"""


def stops(opened, key="Tab", most=300):
    """Everything that the focus comes to, from the page's beginning to its end."""
    found = []
    for _ in range(most):
        opened.keyboard.press(key)
        at = opened.evaluate(FOCUS)
        if at is None:
            return found
        found.append(at)
    raise AssertionError(f"the focus does not come out again: {found[-3:]}")


def test_all_of_it_is_reached_by_keys_alone(browser_page, order):
    opened = browser_page(order)
    for at in stops(opened):
        assert at["seen"], f"the focus is on what nobody sees: {at}"
        assert at["marked"], f"nothing shows where the focus is: {at}"
    opened.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    sections = {at["section"] for at in stops(opened)}
    assert {"facts", "graph", "timeline", "events"} <= sections


REACHED = """
(root) => {
  const reached = new Set(), waiting = [root];
  while (waiting.length) {
    const at = waiting.pop();
    if (reached.has(at)) continue;
    reached.add(at);
    for (const key of ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"]) {
      at.focus();
      at.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
      waiting.push(document.activeElement);
    }
  }
  return reached.size;
}
"""


@pytest.mark.parametrize("which", ["order", "hostile"])
def test_arrow_keys_lead_to_every_state(browser_page, request, which):
    opened = browser_page(request.getfixturevalue(which))
    states = opened.locator("#graph svg.graph .state")
    assert states.first.evaluate(REACHED) == states.count() > 10


def to(opened, section, name):
    """Presses Tab until the focus is on something of that name."""
    for _ in range(300):
        opened.keyboard.press("Tab")
        at = opened.evaluate(FOCUS)
        if at and at["section"] == section and at["name"].startswith(name):
            return
    raise AssertionError(f"no way to {name} in {section}")


def test_an_iteration_is_opened_by_keys_alone(browser_page, order):
    opened = browser_page(order)
    to(opened, "graph", "Check order")
    for key in ("ArrowDown", "ArrowUp"):
        for _ in range(20):
            if opened.evaluate(FOCUS)["name"].startswith("Pack items"):
                break
            opened.keyboard.press(key)
    opened.keyboard.press("Enter")
    assert heading(opened, "state") == "Pack items"
    to(opened, "iterations", "2")
    opened.keyboard.press("Enter")
    assert "2" in heading(opened, "graph")
    to(opened, "graph", "Previous iteration")
    opened.keyboard.press("Escape")
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


# -- paper, pictures, many ---------------------------------------------------------------------------------------------


def test_on_paper_everything_stands_in_the_light(browser_page, order):
    opened = browser_page(order, dark=True, width=720, media="print")
    assert opened.evaluate("getComputedStyle(document.body).color") == "rgb(31, 35, 40)"
    assert (
        opened.evaluate("getComputedStyle(document.querySelector('#graph svg.graph .name')).fill")
        != "rgb(255, 255, 255)"
    )
    assert not opened.get_by_role("button", name="Zoom in").first.is_visible()
    assert opened.locator("#events .event-rows [role=row]").count() == 87
    assert opened.evaluate(BELOW) == 0
    cut = """() => [...document.querySelectorAll("main section:not(#timeline) *")].filter((it) =>
      ["auto", "scroll", "hidden"].includes(getComputedStyle(it).overflowX) && it.scrollWidth > it.clientWidth + 2
      && it.clientWidth > 20).map((it) => it.className || it.tagName)"""
    assert opened.evaluate(cut) == []


@pytest.fixture(scope="module")
def photos(project, tmp_path_factory):
    pytest.importorskip("cv2")
    result, aws = sample_runs.photos(project, tmp_path_factory.mktemp("photos"))
    return result.to_html(aws=aws)


def test_the_batch_of_photos(browser_page, axe, photos):
    opened = browser_page(photos)
    base = "/States/DynamicParallelProcessing"
    click(opened, base)
    rows = opened.locator("#iterations").locator(ROWS)
    assert rows.count() == 6
    rows.nth(0).get_by_role("button").click()
    picture = opened.locator("#state img").first
    picture.wait_for()
    assert picture.evaluate("it => it.decode().then(() => it.naturalWidth)") > 40
    assert "1_collins.jpg" in picture.get_attribute("alt")
    assert state(opened, f"{base}/Iterator/States/PersistMetadata").locator(".badge").count() == 1
    axe(opened)


@pytest.fixture(scope="module")
def big():
    return sample_runs.big().to_html()


def test_ten_thousand_iterations(browser_page, axe, big):
    assert len(big.encode()) < 15_000_000
    opened = browser_page(big)
    nodes = "document.querySelectorAll('*').length"
    assert opened.evaluate(nodes) < 5000
    events = opened.locator("#events")
    status = events.get_by_role("status")
    assert status.inner_text() == "70,206 events"
    events.get_by_role("button", name="Failures only").click()
    assert status.inner_text() == "100 of 70,206 events"
    events.get_by_role("button", name="Show all").click()
    events.get_by_label("Find in details").fill("number 4999 is odd")
    events.get_by_text(re.compile(r"^\d of 70,206 events$")).wait_for()
    events.get_by_role("button", name="Show all").click()
    click(opened, "/States/All")
    iterations = opened.locator("#iterations")
    iterations.get_by_label("Outcome").select_option("with an error caught")
    assert "100 of 10,000 items" in iterations.inner_text()
    iterations.locator(ROWS).nth(1).get_by_role("button").click()
    assert "199" in heading(opened, "graph")
    assert "number 199 is odd" in opened.locator("#state").inner_text()
    opened.locator("#events [role=table]").evaluate("it => { it.scrollTop = it.scrollHeight; }")
    assert opened.evaluate(nodes) < 5000
    axe(opened, "#events")
