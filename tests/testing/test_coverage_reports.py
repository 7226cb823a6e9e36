"""What is shown of coverage: the table, the JSON report, the web page, and where the nodes of a graph are put."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import asl_local
from asl_local import Coverage
from asl_local.testing.coverage import MachineCoverage, covered, table, to_json
from asl_local.testing.coverage.page import page
from asl_local.testing.coverage.picture import svg

F = "arn:aws:lambda:us-east-1:123456789012:function:f"
SVG = "{http://www.w3.org/2000/svg}"
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
    def painted(self, one: MachineCoverage) -> dict[str, str]:
        """Of each state and edge, by its JSON pointers: the kind it is painted with, and a state's badge."""
        found = {}
        for group in ET.fromstring(svg(one)).iter(f"{SVG}g"):
            kinds = str(group.get("class")).split()
            if kinds[0] in ("state", "edge"):
                (kind,) = {"all", "some", "none", "out"} & set(kinds)
                badge = group.findtext("{*}g[@class='badge']/{*}text")
                found[str(group.get("data-pointer"))] = f"{kind}: {badge}" if badge else kind
        return found

    def test_states_and_edges_have_the_kind_of_their_coverage(
        self, coverage: Coverage, orders: asl_local.Machine
    ) -> None:
        assert self.painted(coverage.of(orders)) == {
            "/StartAt": "out",
            "/States/Kind?": "some: 2 of 6",
            "/States/Kind?/Choices/0": "all",
            "/States/Kind?/Choices/1": "none",
            "/States/Kind?/Default": "none",
            "/States/Charge": "some: 2 of 3",
            "/States/Charge/End": "all",
            "/States/Charge/Catch/0": "none",
            "/States/Every": "none: 0 of 5",
            "/States/Every/End": "none",
            "/States/Every/ItemProcessor/StartAt": "out",
            "/States/Every/ItemProcessor/States/One": "none: 0 of 2",
            "/States/Every/ItemProcessor/States/One/End": "none",
            "/States/No": "none: 0 of 1",
            "/States/No/End": "out",
        }

    def test_what_is_missing_is_told_where_it_is_missing(self, coverage: Coverage, orders: asl_local.Machine) -> None:
        told = {
            str(group.get("data-pointer")): str(group.findtext("{*}title")).splitlines()
            for group in ET.fromstring(svg(coverage.of(orders))).iter(f"{SVG}g")
            if group.find("{*}title") is not None
        }
        assert told["/States/Charge"][-1] == "Catch[0] of Task 'Charge' never caught an error"
        assert told["/States/Charge/Catch/0"][-1] == "Catch[0] of Task 'Charge' never caught an error"
        assert told["/States/Kind?/Choices/0"][-1] == "Choices[0] of Choice 'Kind?' was never false"
        assert told["/States/Kind?/Choices/1"][-2:] == [
            "Choices[1] of Choice 'Kind?' was never true", "Choices[1] of Choice 'Kind?' was never false",
        ]  # fmt: skip

    def test_what_is_left_out_is_painted_as_no_goal(self) -> None:
        state = {"Type": "Pass", "End": True, "Comment": "asl: no cover"}
        one = covered(asl_local.load({"StartAt": "A", "States": {"A": state}}))
        assert self.painted(one) == {"/StartAt": "out", "/States/A": "out", "/States/A/End": "out"}
        assert "no goals" in svg(one)

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
        painted = self.painted(coverage.of(machine))
        assert painted["/States/A/Choices/0 /States/A/Choices/1 /States/A/Default"] == "some"

    def test_names_that_a_pointer_escapes(self) -> None:
        machine = asl_local.load({"StartAt": "a/b~c", "States": {"a/b~c": {"Type": "Pass", "End": True}}})
        with Coverage() as coverage:
            machine.simulate()
        painted = self.painted(coverage.of(machine))
        assert painted["/States/a~1b~0c"] == "all: 2 of 2"
        assert painted["/States/a~1b~0c/End"] == "all"

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
