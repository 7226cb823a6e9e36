"""A definition as DOT: every state, every edge, clusters in clusters; and what Graphviz makes of it, where there is one."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import asl_local
from asl_local.definition import validate
from asl_local.reporters.graph.dot import dot
from asl_local.reporters.graph.mermaid import mermaid
from asl_local.reporters.graph.outline import outline

TEXT = r'"(?:[^"\\]|\\.)*"'
VALUE = rf"(?:{TEXT}|\w+|[\d.]+)"
GIVEN = rf"\[\w+={VALUE}(?:, \w+={VALUE})*\]"
# The whole of what the reporter writes: anything else would be a name that got out of its quotes.
LINES = [
    rf"digraph {TEXT} \{{",
    r"subgraph cluster_[sb]\d+ \{",
    r"\}",
    rf"\w+={VALUE}",
    rf"(?:graph|node|edge|[sd]\d+(?:_in|_out)?) {GIVEN}",
    rf"[sd]\d+(?:_in|_out)? -> [sd]\d+(?:_in|_out)?(?: {GIVEN})?",
]
UGLY = [
    '"', "\\", "a\\", "\\N\\G\\n", "&lt;", "&amp;amp;", "<b>bold</b>", "}", "a\nb", "a  b", "digraph", "node", "//", "/* x */",
    "状態 その一", "الحالة", "😀", "x" * 80, "#", "{a|b}", "%s", " ", "-> b", "long words " * 7,
]  # fmt: skip


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines()]


def well_formed(text: str) -> None:
    depth = 0
    for line in lines(text):
        assert any(re.fullmatch(pattern, line) for pattern in LINES), line
        depth += line.endswith("{") - (line == "}")
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
            "No": {"Type": "Fail", "Error": "TooSmall"},
        },
    }
    head, *body = asl_local.load(definition, name='the "small" one').to_dot().splitlines()
    assert head == 'digraph "the \\"small\\" one" {'
    assert [line.strip() for line in body[4:]] == [
        's1 [label="Is it large?", shape=diamond, style=solid]',
        's2 [label="Do\\nLambda f"]',
        's3 [label="No\\nTooSmall", shape=box, style=solid, peripheries=2, color="#c0392b"]',
        'd4 [shape=circle, style=filled, fillcolor=black, label="", width=0.15]',
        'd5 [shape=doublecircle, style=filled, fillcolor=black, label="", width=0.1]',
        "d4 -> s1",
        's1 -> s2 [label="$.n > 9"]',
        's1 -> s3 [label="otherwise"]',
        's2 -> s3 [label="Busy, States.Timeout", style=dashed]',
        "s2 -> d5",
        "s3 -> d5",
        "}",
    ]


def test_branches_and_maps_are_clusters_in_clusters(project: Path) -> None:
    text = asl_local.load(project / "definitions" / "6-dynamic-parallelism.asl.json").to_dot()
    well_formed(text)
    clusters, found = 0, []
    for line in lines(text):
        clusters += line.startswith("subgraph")
        if line.startswith("label="):
            found.append(line)
    assert clusters == 5
    assert found == [
        r'label="DynamicParallelProcessing\nMap"',
        'label="for each of $.images"',
        r'label="ParallelProcessing\nParallel, 2 branches"',
        'label="branch 0"',
        'label="branch 1"',
    ]


def test_edges_of_clusters_end_at_their_borders() -> None:
    inner = {"StartAt": "in", "States": {"in": {"Type": "Succeed"}}}
    catch = [{"ErrorEquals": ["Again"], "Next": "Map"}]
    states = {
        "Map": {"Type": "Map", "ItemProcessor": inner, "Catch": catch, "Next": "Both"},
        "Both": {"Type": "Parallel", "Branches": [inner, inner], "End": True},
    }
    found = lines(dot({"StartAt": "Map", "States": states}))
    assert "s1_out -> s2_in [ltail=cluster_s1, lhead=cluster_s2]" in found
    # Graphviz refuses to clip an edge within a cluster at the cluster's border.
    assert 's1_out -> s1_in [label="Again", style=dashed]' in found


NAMES = st.text(min_size=1, max_size=80) | st.sampled_from(UGLY)


def ugly(first: str, second: str, error: str) -> dict[str, Any]:
    inner = {"StartAt": error, "States": {error: {"Type": "Fail", "Error": error}}}
    return {
        "StartAt": first,
        "States": {
            first: {
                "Type": "Map",
                "ItemsPath": f"$['{error}']",
                "Iterator": inner,
                "Catch": [{"ErrorEquals": [error], "Next": second}],
                "Next": second,
            },
            second: {"Type": "Choice", "Choices": [{"Variable": error, "StringEquals": error, "Next": first}]},
        },
    }


@given(NAMES, NAMES, NAMES)
def test_any_name_stays_within_its_quotes(first: str, second: str, error: str) -> None:
    well_formed(dot(ugly(first, second if second != first else second + "2", error), name=error))


@pytest.mark.parametrize(
    "definition",
    [
        {"StartAt": "A", "States": "${All}"},
        {"StartAt": "${First}", "States": {"A": {"Type": "Parallel", "Branches": "${Branches}", "Next": "${Next}"}}},
        {"StartAt": "A", "States": {"A": {"Type": "Map", "Iterator": {"StartAt": "B", "States": "${X}"}, "End": True}}},
    ],
)
def test_placeholders_are_drawn_as_states(definition: dict[str, Any]) -> None:
    text = dot(definition)
    well_formed(text)
    assert 'label="${' in text


def test_every_definition_of_other_people_has_all_its_states(shared: Path) -> None:
    count = 0
    for file in sorted((shared / "definitions-corpus" / "defs").rglob("*.json")):
        text = file.read_bytes()
        if any(problem.severity == "ERROR" for problem in validate(text)):
            continue
        definition = json.loads(text)
        drawn = dot(definition)
        well_formed(drawn)
        states = list(outline(definition).walk())
        assert sum(re.match(r"s\d+ \[|subgraph cluster_s", line) is not None for line in lines(drawn)) == len(states)
        flowchart = mermaid(definition)
        named = sum(re.match(r"\s+(?:subgraph )?s\d+[^\w ]", line) is not None for line in flowchart.splitlines())
        assert named == len(states)
        count += 1
    assert count > 250


def graphviz(text: str) -> ET.Element:
    if shutil.which("dot") is None:
        pytest.skip("Graphviz (the command dot) is not installed")
    done = subprocess.run(["dot", "-Tsvg"], input=text.encode(), capture_output=True, check=True, timeout=60)
    assert done.stderr == b""
    return ET.fromstring(done.stdout)


def test_graphviz_shows_every_name_as_it_is() -> None:
    targets = [*UGLY[1:], UGLY[0]]
    states = {name: {"Type": "Pass", "Next": target} for name, target in zip(UGLY, targets, strict=True)}
    root = graphviz(dot({"StartAt": UGLY[0], "States": states}, name='a "b" & c'))
    titled = [group.findtext("{*}title") for group in root.iter("{http://www.w3.org/2000/svg}g")]
    assert titled[0] == 'a "b" & c'
    shown = [
        "".join(str(line.text) for line in group.findall("{*}text"))
        for group in root.iter("{http://www.w3.org/2000/svg}g")
        if str(group.get("class")) == "node"
    ]
    for name in UGLY:
        assert re.sub(r"\s", "", name) in [re.sub(r"\s|\xa0", "", text) for text in shown], name


def test_graphviz_draws_the_example_without_a_warning(project: Path) -> None:
    root = graphviz(asl_local.load(project / "definitions" / "6-dynamic-parallelism.asl.json").to_dot())
    kinds = [group.get("class") for group in root.iter("{http://www.w3.org/2000/svg}g")]
    assert kinds.count("cluster") == 5
