"""What is shown of coverage: the table, the JSON report, the web page, and where the nodes of a graph are put."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import asl_local
from asl_local import Coverage
from asl_local.reporters.graph.layers import Placed, Size, place
from asl_local.testing.coverage import MachineCoverage, covered, table, to_json
from asl_local.testing.coverage.page import page
from asl_local.testing.coverage.picture import svg

F = "arn:aws:lambda:us-east-1:123456789012:function:f"
ORDERS = """{
  "StartAt": "Kind?",
  "States": {
    "Kind?": {
      "Type": "Choice",
      "Choices": [
        { "Variable": "$.n", "NumericEquals": 1, "Next": "Charge" },
        { "Variable": "$.n", "NumericEquals": 2, "Next": "Every" }
      ],
      "Default": "No"
    },
    "Charge": {
      "Type": "Task",
      "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f",
      "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "No" }],
      "End": true
    },
    "Every": {
      "Type": "Map",
      "ItemsPath": "$.l",
      "ItemProcessor": { "StartAt": "One", "States": { "One": { "Type": "Pass", "End": true } } },
      "End": true
    },
    "No": { "Type": "Fail" }
  }
}
"""


@pytest.fixture
def orders(tmp_path: Path) -> asl_local.Machine:
    file = tmp_path / "orders.asl.json"
    file.write_text(ORDERS)
    return asl_local.load(file)


@pytest.fixture
def coverage(orders: asl_local.Machine) -> Coverage:
    with Coverage() as coverage:
        orders.simulate({"n": 1}, {"f": lambda event: 1})
        asl_local.load({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}, name="small").simulate()
    return coverage


class TestTable:
    def test_a_line_for_each_machine_and_what_is_missing(self, coverage: Coverage) -> None:
        assert (
            str(coverage)
            == """\
Name    Goals   Miss  Cover   Missing
-------------------------------------
orders     17     13    24%   line 7: Choices[0] of Choice 'Kind?' was never false
                              line 8: Choices[1] of Choice 'Kind?' was never true
                              line 8: Choices[1] of Choice 'Kind?' was never false
                              line 10: the Default of Choice 'Kind?' was never taken
                              line 15: Catch[0] of Task 'Charge' never caught an error
                              line 18: Map 'Every' was never entered (6 more goals)
                              line 24: Fail 'No' was never entered
small       1      0   100%
-------------------------------------
TOTAL      18     13    28%"""
        )

    def test_without_places_and_without_what_is_covered(self, coverage: Coverage) -> None:
        assert (
            coverage.table(missing=False, skip_covered=True)
            == """\
Name    Goals   Miss  Cover
---------------------------
orders     17     13    24%
---------------------------
TOTAL      18     13    28%

1 machine skipped: nothing is missing."""
        )

    def test_no_machine(self) -> None:
        assert str(Coverage()) == "No machine ran."

    def test_one_machine(self, coverage: Coverage, orders: asl_local.Machine) -> None:
        shown = str(coverage.of(orders)).splitlines()
        assert shown[0] == "orders: 24%, 4 of 17 goals"
        assert shown[1] == "  line 7: Choices[0] of Choice 'Kind?' was never false"

    def test_all_and_nothing_are_said_of_all_and_nothing_only(self) -> None:
        states = {f"S{n}": {"Type": "Pass", "Next": f"S{n + 1}"} for n in range(200)}
        machine = asl_local.load({"StartAt": "S0", "States": {**states, "S200": {"Type": "Succeed"}}})
        goals = [goal.mark for goal in covered(machine).goals]
        shown = [
            table([covered(machine, goals[:n])]).splitlines()[2].split()[3] for n in (0, 1, len(goals) - 1, len(goals))
        ]
        assert shown == ["0%", "1%", "99%", "100%"]

    def test_machines_of_one_name_are_told_apart(self) -> None:
        machines = [
            covered(asl_local.load({"StartAt": name, "States": {name: {"Type": "Succeed"}}}, name="same"))
            for name in "AB"
        ]
        names = [line.split("  ")[0] for line in table(machines, missing=False).splitlines()[2:4]]
        assert names == [f"same ({one.fingerprint[:6]})" for one in machines]

    def test_inner_states_of_one_that_was_never_entered_are_not_listed(self, coverage: Coverage) -> None:
        assert "Pass 'One'" not in str(coverage)


def test_json(coverage: Coverage, orders: asl_local.Machine) -> None:
    report = json.loads(json.dumps(coverage.to_json()))
    assert report["totals"] == {"goals": 18, "covered": 5, "missed": 13, "percent": 27.78}
    first, second = report["machines"]
    assert first.keys() == {"name", "fingerprint", "file", "goals", "covered", "missed", "percent", "kinds", "missing"}
    assert (first["name"], first["fingerprint"]) == ("orders", orders.plan.fingerprint)
    assert first["file"].endswith("orders.asl.json")
    assert first["kinds"]["states"] == {"goals": 5, "covered": 2, "missed": 3, "percent": 40.0}
    assert first["missing"][0] == {
        "kind": "rules false", "state": "Kind?", "pointer": "/States/Kind?/Choices/0", "line": 7,
        "message": "Choices[0] of Choice 'Kind?' was never false",
    }  # fmt: skip
    assert len(first["missing"]) == first["missed"] == 13
    assert (second["name"], second["file"], second["missing"]) == ("small", None, [])
    assert to_json([]) == {"machines": [], "totals": {"goals": 0, "covered": 0, "missed": 0, "percent": 100.0}}


class _Page(HTMLParser):
    """Checks that elements are closed in order, and keeps what could fetch something."""

    VOID = frozenset({"meta"})
    LEFT_OPEN = frozenset({"td", "th"})  # HTML closes them itself

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in ("script", "link", "img", "iframe")
        self.fetched += [
            str(value) for name, value in attrs if name in ("src", "href") and not str(value).startswith("#")
        ]
        if tag in self.LEFT_OPEN and self.open[-1] in self.LEFT_OPEN:
            self.open.pop()
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.LEFT_OPEN and self.open[-1] in self.LEFT_OPEN:
            self.open.pop()
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def parsed(text: str) -> _Page:
    reader = _Page()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    return reader


class TestPage:
    def test_it_is_whole_and_fetches_nothing(self, coverage: Coverage) -> None:
        text = coverage.to_html(title="Orders & more")
        read = parsed(text)
        assert read.fetched == []
        assert "url(" not in text
        assert "@import" not in text
        assert "Orders & more: 28%" in "".join(read.text)

    def test_lines_are_marked(self, coverage: Coverage) -> None:
        text = coverage.to_html()
        lines = dict(re.findall(r'<span class="(\w+)"><b>(\d+)</b>', text))
        marked = {int(number): kind for kind, number in re.findall(r'<span class="(\w+)"><b>(\d+)</b>', text)}
        assert lines
        assert {n: marked.get(n) for n in (4, 5, 7, 8, 10, 12, 15, 18, 24)} == {
            4: "all", 5: None, 7: "some", 8: "none", 10: "none", 12: "all", 15: "none", 18: "none", 24: "none",
        }  # fmt: skip
        assert "Choices[0] of Choice &#x27;Kind?&#x27; was never false" in text

    def test_names_are_text_and_never_markup(self) -> None:
        name = '<b onclick="x">&'
        machine = asl_local.load({"StartAt": name, "States": {name: {"Type": "Pass", "End": True}}}, name="m")
        text = page([covered(machine)], title="<i>")
        assert "<b onclick" not in text
        assert "<i>" not in text.replace("<i style", "")
        parsed(text)

    def test_a_definition_without_a_text_is_written_out(self) -> None:
        machine = asl_local.load({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
        assert '<span class="none"><b>4</b>    &quot;A&quot;: {' in page([covered(machine)])

    def test_of_a_long_file_only_the_machine_s_part_is_shown(self, tmp_path: Path) -> None:
        file = tmp_path / "long.asl.json"
        file.write_text("\n" * 300 + ORDERS + "\n" * 300)
        text = page([covered(asl_local.load(file))])
        assert "… 295 lines before" in text
        assert re.search(r"… 29\d lines after", text)
        assert "<b>304</b>" in text

    def test_a_definition_on_one_line_is_written_out_too(self, tmp_path: Path) -> None:
        file = tmp_path / "m.asl.json"
        file.write_text(json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}))
        one = covered(asl_local.load(file))
        assert (one.file, one.text, one.lines) == (str(file), None, {})
        assert '<span class="none"><b>4</b>    &quot;A&quot;: {' in page([one])

    def test_a_yaml_definition(self, tmp_path: Path) -> None:
        file = tmp_path / "m.asl.yaml"
        file.write_text("StartAt: A\nStates:\n  A:\n    Type: Pass\n    End: true\n")
        one = covered(asl_local.load(file))
        assert [one.line(goal) for goal in one.goals] == [3, 5]
        assert '<span class="none"><b>3</b>  A:' in page([one])


class TestPicture:
    def elements(self, one: MachineCoverage) -> dict[str, list[str]]:
        """Classes of the states by name, and of the edges by label."""
        root = ET.fromstring(svg(one))
        space = "{http://www.w3.org/2000/svg}"
        states = {
            str(group.findtext(f"{space}text")): [str(group.get("class"))]
            for group in root.iter(f"{space}g")
            if str(group.get("class")).startswith("state ")
        }
        edges = [
            str(group.get("class")) for group in root.iter(f"{space}g") if str(group.get("class")).startswith("edge")
        ]
        return {**states, "edges": sorted(edges)}

    def test_states_and_edges_have_the_class_of_their_coverage(
        self, coverage: Coverage, orders: asl_local.Machine
    ) -> None:
        found = self.elements(coverage.of(orders))
        edges = found.pop("edges")
        assert found == {
            "Kind?": ["state some"], "Charge": ["state some"], "Every": ["state none"], "One": ["state none"],
            "No": ["state none"],
        }  # fmt: skip
        # two starts; [0], Charge's end | [1], Default, the Map's end, One's end | Catch[0]
        assert edges == ["edge all"] * 2 + ["edge none"] * 4 + ["edge none catch"] + ["edge out"] * 2

    def test_what_is_left_out_is_painted_as_no_goal(self) -> None:
        state = {"Type": "Pass", "End": True, "Comment": "asl: no cover"}
        found = self.elements(covered(asl_local.load({"StartAt": "A", "States": {"A": state}})))
        assert found == {"A": ["state out"], "edges": ["edge out", "edge out"]}

    def test_two_ways_between_the_same_states_are_one_edge(self) -> None:
        rules = [{"Variable": "$.n", "NumericEquals": n, "Next": "B"} for n in (1, 2)]
        machine = asl_local.load(
            {
                "StartAt": "A",
                "States": {"A": {"Type": "Choice", "Choices": rules, "Default": "B"}, "B": {"Type": "Succeed"}},
            }
        )
        with Coverage() as coverage:
            machine.simulate({"n": 2})
        assert self.elements(coverage.of(machine))["edges"] == ["edge out", "edge some"]
        assert "[0] [1] Default" in svg(coverage.of(machine))

    def test_loops_and_deep_nesting(self) -> None:
        inner: dict[str, Any] = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1, "Next": "C"}, "C": {
            "Type": "Choice", "Choices": [{"Variable": "$.n", "IsPresent": True, "Next": "W"},
                                          {"Variable": "$.m", "IsPresent": True, "Next": "C"}], "Default": "D"},
            "D": {"Type": "Succeed"}}}  # fmt: skip
        for _ in range(4):
            inner = {"StartAt": "P", "States": {"P": {"Type": "Parallel", "Branches": [inner, inner], "End": True}}}
        text = svg(MachineCoverage("m", "f", inner, frozenset()))
        ET.fromstring(text)
        assert "nan" not in text.lower().replace("<title>", "")

    def test_a_definition_that_is_a_placeholder(self) -> None:
        ET.fromstring(svg(MachineCoverage("m", "f", {"StartAt": "A", "States": "${All}"}, frozenset())))


# -- places ------------------------------------------------------------------------------------------------------------


@st.composite
def graphs(draw: Any) -> tuple[dict[str, Size], list[tuple[str, str]]]:
    """A graph in which every node is reached from `n0`."""
    count = draw(st.integers(1, 9))
    names = [f"n{number}" for number in range(count)]
    edges = [(names[draw(st.integers(0, n - 1))], names[n]) for n in range(1, count)]
    edges += draw(st.lists(st.tuples(st.sampled_from(names), st.sampled_from(names)), max_size=8))
    lengths = st.integers(14, 200)
    return {name: Size(draw(lengths), draw(lengths)) for name in names}, edges


def boxes(placed: Placed, sizes: dict[str, Size]) -> list[tuple[float, float, float, float]]:
    return [(x, y, x + sizes[name].width, y + sizes[name].height) for name, (x, y) in placed.corners.items()]


@given(graphs())
def test_nodes_lie_apart_and_inside_and_edges_go_from_node_to_node(
    graph: tuple[dict[str, Size], list[tuple[str, str]]],
) -> None:
    sizes, edges = graph
    placed = place(sizes, edges, "n0")
    assert placed.corners.keys() == sizes.keys()
    for a, b in combinations(boxes(placed, sizes), 2):
        assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
    for left, top, right, bottom in boxes(placed, sizes):
        assert left >= -0.01
        assert top >= -0.01
        assert right <= placed.width + 0.01
        assert bottom <= placed.height + 0.01
    assert placed.ways.keys() == set(edges)
    for (source, target), way in placed.ways.items():
        (x, y), size = placed.corners[target], sizes[target]
        at = way[-1]
        assert x - 0.01 <= at[0] <= x + size.width + 0.01
        assert y - 0.01 <= at[1] <= y + size.height + 0.01
        if (source, target) in placed.back:
            assert placed.corners[source][1] >= y
        else:
            assert all(below[1] >= above[1] for above, below in pairwise(way))
            assert placed.corners[source][1] < y


def test_an_edge_that_passes_a_layer_goes_round_its_nodes() -> None:
    sizes = dict.fromkeys("abc", Size(100, 40))
    placed = place(sizes, [("a", "b"), ("b", "c"), ("a", "c")], "a")
    left = placed.corners["b"][0]
    passing = [x for x, y in placed.ways["a", "c"] if placed.corners["b"][1] <= y <= placed.corners["b"][1] + 40]
    assert passing
    assert all(x < left or x > left + 100 for x in passing)
