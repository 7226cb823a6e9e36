"""The picture of a machine as SVG: what stands in it, how it is painted, and that it is well-formed whatever is written."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asl_local.reporters.graph.outline import outline
from asl_local.reporters.graph.svg import Paint, graph_css, svg

SVG = "{http://www.w3.org/2000/svg}"
F = "arn:aws:lambda:us-east-1:123456789012:function:f"
ORDERS: dict[str, Any] = {
    "StartAt": "Kind?",
    "States": {
        "Kind?": {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$.n", "NumericEquals": 1, "Next": "Charge"},
                {"Variable": "$.n", "NumericEquals": 2, "Next": "Charge"},
                {"Variable": "$.n", "NumericGreaterThan": 2, "Next": "Every"},
            ],
            "Default": "No",
        },
        "Charge": {
            "Type": "Task",
            "Resource": F,
            "Retry": [{"ErrorEquals": ["States.ALL"]}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "No"}],
            "End": True,
        },
        "Every": {
            "Type": "Map",
            "ItemsPath": "$.l",
            "ItemProcessor": {"StartAt": "One", "States": {"One": {"Type": "Pass", "End": True}}},
            "End": True,
        },
        "No": {"Type": "Fail"},
    },
}


def picture(definition: Any = ORDERS, **options: Any) -> ET.Element:
    return ET.fromstring(svg(outline(definition), title="Orders", **options))


def elements(root: ET.Element, kind: str) -> list[ET.Element]:
    return [each for each in root.iter() if kind in each.get("class", "").split()]


def texts(element: ET.Element) -> list[str]:
    return ["".join(each.itertext()) for each in element.iter(f"{SVG}text")]


class TestElements:
    def test_every_state_and_every_block_is_there_by_its_pointer(self) -> None:
        root = picture()
        assert [each.get("data-pointer") for each in elements(root, "state")] == [
            "/States/Kind?", "/States/Charge", "/States/Every", "/States/Every/ItemProcessor/States/One", "/States/No",
        ]  # fmt: skip
        assert [each.get("data-pointer") for each in elements(root, "block")] == ["", "/States/Every/ItemProcessor"]

    def test_a_state_says_its_name_and_its_type(self) -> None:
        state = elements(picture(), "Choice")[0]
        assert texts(state)[0] == "Kind?"
        assert texts(state)[1].startswith("Choice")

    def test_rules_that_lead_to_the_same_state_are_one_edge_with_a_line_each(self) -> None:
        edge = elements(picture(), "choice")[0]
        assert edge.get("data-pointer") == "/States/Kind?/Choices/0 /States/Kind?/Choices/1"
        assert texts(edge) == ["$.n = 1$.n = 2"]

    def test_a_catcher_has_an_edge_of_its_own_with_its_errors(self) -> None:
        (edge,) = elements(picture(), "catch")
        assert edge.get("data-pointer") == "/States/Charge/Catch/0"
        assert len(texts(edge)) == 1

    def test_a_retry_has_a_mark(self) -> None:
        marked = [each for each in elements(picture(), "state") if elements(each, "retry")]
        assert [each.get("data-pointer") for each in marked] == ["/States/Charge"]

    def test_a_map_is_a_stack_of_three(self) -> None:
        assert len(elements(elements(picture(), "Map")[0], "shape")) == 3

    def test_a_placeholder_looks_different(self) -> None:
        root = picture({"StartAt": "A", "States": "${states}"})
        assert len(elements(root, "placeholder")) == 1

    def test_what_is_too_long_is_cut_and_told_whole(self) -> None:
        name = "A very long name of a state, " * 5
        state = elements(picture({"StartAt": name, "States": {name: {"Type": "Succeed"}}}), "state")[0]
        assert any("…" in text for text in texts(state))
        title = state.find(f"{SVG}title")
        assert title is not None
        assert name in (title.text or "")
        path = "$." + "x" * 80
        inner = {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}
        states = {"M": {"Type": "Map", "ItemsPath": path, "Iterator": inner, "End": True}}
        state = elements(picture({"StartAt": "M", "States": states}), "Map")[0]
        assert f"for each of {path}" in (state.findtext(f"{SVG}title") or "")
        assert not elements(state, "heading")
        states = {"P": {"Type": "Parallel", "Branches": [{"Comment": "漢" * 36, **inner}], "End": True}}
        (frame,) = elements(picture({"StartAt": "P", "States": states}), "frame")
        assert frame.findtext(f"{SVG}title") == "漢" * 36


class TestPaint:
    def test_kinds_are_classes_and_notes_are_badges(self) -> None:
        root = picture(paint={"/States/Charge": Paint("caught", "×3", "twice too often")})
        (state,) = elements(root, "caught")
        assert state.get("data-pointer") == "/States/Charge"
        assert "×3" in texts(state)
        assert "twice too often" in (state.find(f"{SVG}title").text or "")  # type: ignore[union-attr]

    def test_an_edge_of_two_rules_is_taken_when_one_is(self) -> None:
        root = picture(paint={"/States/Kind?/Choices/0": Paint("unreached"), "/States/Kind?/Choices/1": Paint("taken")})
        (edge,) = elements(root, "taken")
        assert edge.get("data-pointer") == "/States/Kind?/Choices/0 /States/Kind?/Choices/1"

    def test_an_edge_of_two_rules_is_covered_in_part_when_one_is(self) -> None:
        root = picture(paint={"/States/Kind?/Choices/0": Paint("all"), "/States/Kind?/Choices/1": Paint("none")})
        assert len(elements(root, "some")) == 1


class TestAccess:
    def test_a_picture_is_an_image_with_a_title_and_a_description(self) -> None:
        root = picture()
        assert root.get("role") == "img"
        assert [each.tag for each in root][:2] == [f"{SVG}title", f"{SVG}desc"]
        assert root[0].text == "Orders"
        assert not [each for each in root.iter() if each.get("tabindex")]

    def test_where_it_is_interactive_states_are_buttons_and_none_is_in_another(self) -> None:
        assert ".state.timed-out > .shape { fill: var(--graph-late-fill)" in graph_css()  # not the colour of `failed`
        root = picture(interactive=True, paint={"/States/Charge": Paint("timed-out", "×3")})
        assert root.get("role") == "group"
        buttons = [each for each in root.iter() if each.get("role") == "button"]
        assert [each.get("tabindex") for each in buttons] == ["0"] * 5
        assert all(sum(inner.get("role") == "button" for inner in each.iter()) == 1 for each in buttons)
        assert buttons[1].get("aria-label", "").startswith("Charge, Task")
        assert buttons[1].get("aria-label", "").endswith("timed out, ×3")

    def test_the_style_sheet_is_inside_or_not_and_never_in_attributes(self) -> None:
        assert graph_css() in "".join(picture().itertext())
        bare = picture(style=False)
        assert not list(bare.iter(f"{SVG}style"))
        assert not [each for each in picture().iter() if each.get("style") or each.get("id")]


@given(st.lists(st.text(min_size=1, max_size=90), min_size=1, max_size=4, unique=True), st.text(max_size=50))
def test_it_is_well_formed_whatever_states_are_called(names: list[str], title: str) -> None:
    states = {name: {"Type": "Pass", "Next": after} for name, after in pairwise(names)}
    definition = {"StartAt": names[0], "States": {**states, names[-1]: {"Type": "Succeed"}}}
    written = svg(outline(definition), title=title, paint={f"/States/{names[0]}": Paint("failed", title, title)})
    root = ET.fromstring(written.encode("utf-8", "surrogatepass").decode("utf-8", "replace"))
    assert len(elements(root, "state")) == len(names)


def contrast(one: str, other: str) -> float:
    """As WCAG 2 defines it, of two colours `#rrggbb`."""

    def luminance(colour: str) -> float:
        parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_enough_contrast_and_every_line_is_seen(scheme: str) -> None:
    light, dark = re.findall(r"svg\.graph \{ ([^}]*--graph-paper[^}]*)\}", graph_css())[:2]
    colour = dict(re.findall(r"--graph-([\w-]+): (#\w+);", light if scheme == "light" else dark))
    fills = [name for name in colour if name.endswith("-fill")]
    grounds = ["paper", "inner", "box", *fills]
    assert all(contrast(colour[text], colour[ground]) >= 4.5 for text in ("ink", "soft") for ground in grounds)
    assert all(contrast(colour["catch"], colour[ground]) >= 4.5 for ground in ("paper", "inner", *fills))
    badges = ["soft", *(name.removesuffix("-fill") for name in fills)]
    assert all(contrast(colour["mark"], colour[badge]) >= 4.5 for badge in badges)
    lines = ["line", "edge", "frame", "focus", *badges]
    assert all(contrast(colour[line], colour[ground]) >= 3 for line in lines for ground in ("paper", "inner"))
    signs = re.findall(r"\.sign > rect \{ fill: (#\w+); \}", graph_css())
    assert len(signs) == 9
    assert all(contrast("#ffffff", sign) >= 4.5 for sign in signs)
