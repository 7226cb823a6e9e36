"""The report's page as text: one file, a policy that holds, data that cannot break out, and what stands there without a
script.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from importlib.resources import files
from typing import Any

import pytest

from asl_local.reporters.report.page import SCRIPTS, STYLES, page
from asl_local.reporters.report.painting import failed_visit, painting
from asl_local.reporters.visits.model import CAUGHT, FAILED, SUCCEEDED, Attempt, Run, Visit

HOSTILE = "</script><script>alert(1)</script><!--<script>"
ODD = "\ud800 \x00 \x0b \x85 \u2028 \uffff"

DEFINITION = {
    "StartAt": "Work",
    "States": {
        "Work": {
            "Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:Work", "Next": "Each",
            "Catch": [{"ErrorEquals": ["Sad"], "Next": "Over"}],
        },
        "Each": {"Type": "Map", "ItemProcessor": {"StartAt": "In", "States": {"In": {"Type": "Pass", "End": True}}}, "Next": "Over"},
        "Over": {"Type": "Fail", "Error": "Bad", "Cause": "as it goes"},
    },
}  # fmt: skip


class Reader(HTMLParser):
    """Collects elements, and the text of those that the tests ask for."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._open.append(tag)
        if tag in ("script", "style", "title"):
            self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        tag = self._open[-1] if self._open else ""
        if tag in ("script", "style", "title") and self.texts.get(tag):
            self.texts[tag][-1] += data

    def attribute(self, tag: str, name: str) -> str:
        return next(
            value or ""
            for each, attributes in self.elements
            for key, value in attributes.items()
            if (each, key) == (tag, name)
        )


def made(**changes: Any) -> Run:
    visits = [
        Visit(
            0, "Work", "Task", "/States/Work", 2, 1.0, left=3.0, last=4, outcome=SUCCEEDED, edge="/States/Work/Next",
            input={"a": 1}, output={"b": 2}, attempts=[Attempt(1, 3, 1.0), Attempt(2, 4, 2.0)],
        ),
        Visit(1, "Each", "Map", "/States/Each", 5, 3.0, left=4.0, last=6, outcome=SUCCEEDED, edge="/States/Each/Next"),
        Visit(2, "Over", "Fail", "/States/Over", 7, 4.0, outcome=FAILED, error="Bad", cause="as it goes"),
    ]  # fmt: skip
    run = Run(
        name="night", status="FAILED", events=[], machine="Orders", started=1.0, stopped=4.0, virtual=True,
        input={"photo": "p.jpg"}, error="Bad", cause="as it goes", definition=DEFINITION, visits=visits,
    )  # fmt: skip
    for name, value in changes.items():
        setattr(run, name, value)
    return run


def test_the_policy_allows_this_pages_own_script_and_style_and_no_address() -> None:
    reader = Reader(page(made()))
    policy = next(a["content"] for tag, a in reader.elements if tag == "meta" and "http-equiv" in a)
    rules = dict(rule.strip().split(" ", 1) for rule in str(policy).split(";"))
    hashes = [f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in (
        reader.texts["script"][-1], reader.texts["style"][0])]  # fmt: skip
    assert rules == {
        "default-src": "'none'", "script-src": hashes[0], "style-src": hashes[1], "img-src": "data:", "base-uri": "'none'",
        "form-action": "'none'",
    }  # fmt: skip
    assert len(reader.texts["style"]) == 1
    assert [a.get("type") for tag, a in reader.elements if tag == "script"] == ["application/json"] * 2 + [None]


def test_nothing_is_loaded_and_nothing_has_style_or_handlers_of_its_own() -> None:
    text = page(made())
    for tag, attributes in Reader(text).elements:
        assert tag not in ("link", "iframe", "object", "embed", "base", "form"), tag
        for name, value in attributes.items():
            assert not re.match("style$|on", name), (tag, name)
            if name in ("src", "href", "action", "poster", "srcset"):
                assert str(value).startswith(("#", "data:")), (tag, name, value)
    style = Reader(text).texts["style"][0]
    assert "url(" not in style
    assert "@import" not in style


def test_a_script_or_markup_in_the_data_stays_data() -> None:
    run = made(
        name=HOSTILE, input={HOSTILE: HOSTILE}, error=HOSTILE, cause=HOSTILE, machine=HOSTILE, arn=HOSTILE, notes=[HOSTILE],
        definition={"StartAt": HOSTILE, "States": {HOSTILE: {"Type": "Pass", "Comment": HOSTILE, "End": True}}},
        visits=[Visit(0, HOSTILE, "Pass", f"/States/{HOSTILE.replace('/', '~1')}", 1, 1.0, outcome=FAILED, error=HOSTILE)],
    )  # fmt: skip
    plain = Reader(page(made()))
    hostile = Reader(page(run, pictures={HOSTILE: HOSTILE}))
    assert len(hostile.texts["script"]) == len(plain.texts["script"])
    assert hostile.texts["script"][-1] == plain.texts["script"][-1]
    assert json.loads(hostile.texts["script"][1]) == {HOSTILE: HOSTILE}
    assert hostile.texts["title"][0] == f"{HOSTILE}, {HOSTILE}: FAILED"


def test_what_utf_8_and_html_cannot_hold_is_shown_as_something_else() -> None:
    run = made(name=ODD, input={ODD: [ODD]}, error=ODD, notes=[ODD])
    text = page(run)
    text.encode("utf-8")
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]", text)
    assert "\ufffd" in Reader(text).texts["title"][0]
    assert json.loads(Reader(text).texts["script"][0])


def test_without_a_script_status_facts_error_graph_input_and_output_are_there() -> None:
    shown = re.sub(r"(?s)<script.*?</script>|<template.*?</template>", "", page(made()))
    for words in (
        "FAILED",
        "Bad",
        "as it goes",
        "In state <bdi>Over</bdi>",
        "Orders",
        "3 s of virtual time",
        "p.jpg",
        "noscript",
    ):
        assert words in shown
    assert 'class="state Task succeeded" data-pointer="/States/Work"' in shown
    assert "None: FAILED" in shown
    assert "&quot;done&quot;: true" in page(made(status="SUCCEEDED", error=None, cause=None, output={"done": True}))


def test_a_long_input_is_cut_in_what_stands_there_without_a_script() -> None:
    run = made(input={"text": "ä" * 50_000})
    shown = re.sub(r"(?s)<script.*?</script>", "", page(run))
    assert shown.count("ä") < 20_001
    assert "30,0" in shown


def test_each_map_has_a_graph_of_what_it_runs_and_each_other_machine_one_of_its_own() -> None:
    templates = [
        (a["data-definition"], a["data-block"]) for tag, a in Reader(page(made())).elements if tag == "template"
    ]  # fmt: skip
    assert templates == [("0", "/States/Each/ItemProcessor")]


def test_a_run_without_a_definition_has_no_graph() -> None:
    text = page(made(definition=None))
    assert 'class="graph"' not in text
    assert "The definition is not known" in text


def test_all_files_of_the_page_are_listed_and_there() -> None:
    there = {file.name for file in (files("asl_local.reporters.report") / "page").iterdir()}
    assert there <= {*SCRIPTS, *STYLES}


def sources() -> dict[str, str]:
    folder = files("asl_local.reporters.report") / "page"
    return {name: (folder / name).read_text("utf-8") for name in (*STYLES, *SCRIPTS)}


def test_no_two_scripts_define_the_same_name() -> None:
    # They are one function in the end, in which the last definition of a function would win without a word.
    names = re.findall(
        r"(?m)^(?:async )?(?:function|class|const|let) (\w+)", "".join(sources()[name] for name in SCRIPTS)
    )
    assert len(names) > 100
    assert [name for name in names if names.count(name) > 1] == []


@pytest.mark.parametrize("name", [*STYLES, *SCRIPTS])
def test_each_file_of_the_page_is_small_and_says_what_it_knows(name: str) -> None:
    source = sources()[name]
    assert "Knows:" in source
    assert "Must never know:" in source
    assert len(source.splitlines()) <= 470
    assert "innerHTML" not in source
    assert "</" not in source or name.endswith(".css")


@pytest.mark.parametrize(
    ("outcomes", "attempts", "kind", "note", "words"),
    [
        ([SUCCEEDED], 1, "succeeded", "", "Work: succeeded"),
        ([SUCCEEDED], 3, "succeeded", "↻2", "Work: succeeded; retried 2 times"),
        ([SUCCEEDED, SUCCEEDED], 1, "succeeded", "×2", "Work: 2 visits: 2 succeeded"),
        (
            [SUCCEEDED, FAILED, CAUGHT],
            2,
            "failed",
            "1/3 ↻3",
            "Work: 3 visits: 1 succeeded, 1 caught, 1 failed; retried 3 times",
        ),
        ([], 0, "unreached", "", "Work: not reached"),
    ],
)
def test_a_state_is_painted_by_the_worst_of_its_visits(
    outcomes: list[str], attempts: int, kind: str, note: str, words: str
) -> None:
    visits = [
        Visit(n, "Work", "Task", "/States/Work", 1, 1.0, outcome=outcome, attempts=[Attempt(i, 1, 1.0) for i in range(attempts)])
        for n, outcome in enumerate(outcomes)
    ]  # fmt: skip
    paint = painting(made(visits=visits))["/States/Work"]
    assert (paint.kind, paint.note, paint.title) == (kind, note, words)


def test_edges_that_were_taken_are_told_from_those_that_were_not() -> None:
    paint = painting(made())
    assert {pointer for pointer, each in paint.items() if each.kind == "taken"} == {
        "/StartAt",
        "/States/Work/Next",
        "/States/Each/Next",
    }
    assert paint["/States/Work/Catch/0"].kind == "unreached"


def test_the_failed_state_is_the_innermost_one_that_was_not_caught() -> None:
    visits = [
        Visit(0, "A", "Task", "", 1, 1.0, outcome=FAILED),
        Visit(1, "B", "Map", "", 2, 1.0, outcome=FAILED),
        Visit(2, "C", "Task", "", 3, 1.0, parent=1, slot=0, outcome=CAUGHT),
        Visit(3, "D", "Task", "", 4, 1.0, parent=1, slot=1, outcome=FAILED),
        Visit(4, "E", "Task", "", 5, 1.0, parent=1, slot=2, outcome=SUCCEEDED),
    ]
    found = failed_visit(made(visits=visits))
    assert found is not None
    assert found.state == "D"
    assert failed_visit(made(visits=[])) is None
