"""A definition as a flowchart: every state, every arrow, every name."""

from __future__ import annotations

import json
import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

import asl_local
from asl_local.reporters.graph.mermaid import escape, mermaid

# The whole of what the reporter writes: anything else would be a name that got out of its quotes.
LABEL = r'"[^"]+"'
LINES = [
    r"flowchart TD",
    r"direction TB",
    r"end",
    rf"subgraph \w+\[{LABEL}\]",
    rf"\w+(\[\[|\(\[|\(\(|\[/|\[|\(|\{{){LABEL}(\]\]|\]\)|\)\)|/\]|\]|\)|\}})",
    rf"\w+ (-->|-\.->)(\|{LABEL}\|)? \w+",
    r"classDef \w+ [\w:,;# -]+",
    r"class [\w,]+ \w+",
]


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines()]


def well_formed(text: str) -> None:
    depth = 0
    for line in lines(text):
        assert any(re.fullmatch(pattern, line) for pattern in LINES), line
        depth += line.startswith("subgraph") - (line == "end")
        assert depth >= 0
    assert depth == 0


def test_a_small_machine_in_full() -> None:
    definition = {
        "StartAt": "Is it large?",
        "States": {
            "Is it large?": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.n", "NumericGreaterThan": 9, "Next": "Do"}],
                "Default": "No",
            },
            "Do": {
                "Type": "Task",
                "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f",
                "Catch": [{"ErrorEquals": ["Busy", "States.Timeout"], "Next": "No"}],
                "End": True,
            },
            "No": {"Type": "Fail"},
        },
    }
    assert asl_local.load(definition).to_mermaid() == (
        "flowchart TD\n"
        '  start(["Start"])\n'
        '  s1{"Is it large?"}\n'
        '  s2["Do<br/>Lambda f"]\n'
        '  s3[["No"]]\n'
        '  finish(["End"])\n'
        "  start --> s1\n"
        '  s1 -->|"$.n #62; 9"| s2\n'
        '  s1 -->|"otherwise"| s3\n'
        '  s2 -.->|"Busy, States.Timeout"| s3\n'
        "  s2 --> finish\n"
        "  s3 --> finish\n"
        "  classDef failure stroke:#c0392b,stroke-width:2px\n"
        "  classDef terminal fill:#eeeeee,stroke:#888888\n"
        "  class s3 failure\n"
        "  class start,finish terminal\n"
    )


def test_branches_and_maps_are_boxes_in_boxes(project: Path) -> None:
    text = asl_local.load(project / "definitions" / "6-dynamic-parallelism.asl.json").to_mermaid()
    well_formed(text)
    boxes = [line for line in lines(text) if line.startswith("subgraph")]
    assert [box.split('"')[1] for box in boxes] == [
        "DynamicParallelProcessing (Map)",
        "for each of $.images",
        "ParallelProcessing (Parallel, 2 branches)",
        "branch 0",
        "branch 1",
    ]
    # Arrows that lead out of a branch would tear it apart in the picture.
    assert text.count("--> finish") == 1


NAMES = st.text(min_size=1, max_size=80) | st.sampled_from(
    [
        '"',
        "`md`",
        "1. list",
        "- list",
        "end",
        "%%{init}%%",
        "#quot;",
        "]",
        "a\nb",
        "\\",
        " ",
        "<b>",
        "graph",
        "$$a$$",
        "fab:fa-x",
    ]
)


@given(first=NAMES, second=NAMES, error=NAMES)
def test_any_name_stays_within_its_quotes(first: str, second: str, error: str) -> None:
    second = second if second != first else second + "2"
    states = {
        first: {
            "Type": "Map",
            "ItemsPath": f"$['{error}']",
            "Iterator": {"StartAt": "in", "States": {"in": {"Type": "Succeed"}}},
            "Catch": [{"ErrorEquals": [error], "Next": second}],
            "Next": second,
        },
        second: {
            "Type": "Choice",
            "Choices": [{"Variable": error, "StringEquals": error, "Next": first}],
        },
    }
    well_formed(mermaid({"StartAt": first, "States": states}))


@given(NAMES)
def test_what_a_label_shows_is_the_name(name: str) -> None:
    shown = re.sub(r"#(\d+);", lambda found: chr(int(found[1])), escape(name)).replace("\u200b", "")
    assert shown == ("".join(c if c.isprintable() else " " for c in name) or " ")
    assert escape(name).count("$$") < 2
    # A list in Markdown's sense would be drawn as "Unsupported markdown".
    assert not re.match(r"\s*(\d+[.)]|[-+*])", escape(name))


def test_marked_states_are_painted() -> None:
    definition = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Fail"}}}
    plain, painted = mermaid(definition), mermaid(definition, marked={"A": "taken", "B": "failed", "C": "taken"})
    well_formed(painted)
    assert "class s1 taken" in lines(painted)
    assert "class s2 failed" in lines(painted)
    assert "class s2 failure" in lines(plain)
    assert "taken" not in plain


def test_the_page_shows_what_its_machine_gives(project: Path) -> None:
    page = (project / "docs" / "graphs.md").read_text("utf-8")
    definition = re.search(r"^```json orders.asl.json\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    shown = re.search(r"^```mermaid\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert definition
    assert shown
    machine = asl_local.load(json.loads(definition[1]), name="orders")
    assert shown[1] == machine.to_mermaid()
    # Where things stand in the picture may change, what stands in it may not; `asl-local graph` makes it anew.
    picture = (project / "docs" / "images" / "orders.svg").read_text("utf-8")
    pointers = r'data-pointer="[^"]*"'
    assert sorted(re.findall(pointers, picture)) == sorted(re.findall(pointers, machine.to_svg()))
