"""Other people's definitions, where the corpus is at hand: what is said to be valid loads, what is not does not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import asl_local
from asl_local import definition

# What is called valid or real, and cannot be a machine of AWS for something it does not mean to show.
HAS_A_FAULT_OF_ITS_OWN = {
    # Assign in a Wait that does not say how long.
    "aws__amazon-states-language-service/src-tests-json-strings-validationStrings--documentWaitWithAssign",
    # A JSONPath state in a JSONata machine (recorded: refused).
    "ChristopheBougere__asl-validator/src-tests-definitions-valid-map-with-item-batcher-jsonata",
    # Pieces of a Python program that writes definitions: no language, no ARNs, expressions cut in two.
    "guyernest__step-functions-agent/nts-step-functions-generator-unified-llm--of",
    "guyernest__step-functions-agent/nts-step-functions-generator-unified-llm---generate-tool-states",
    "guyernest__step-functions-agent/nts-step-functions-generator-unified-llm---generate-tool-states--1",
}


def rows(shared: Path) -> list[dict[str, str]]:
    with (shared / "definitions-corpus" / "index.jsonl").open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def codes(shared: Path, row: dict[str, str]) -> set[str]:
    text = (shared / "definitions-corpus" / row["file"]).read_bytes()
    return {d.code for d in definition.validate(text) if d.severity == "ERROR"}


def test_valid_ones_load(shared: Path) -> None:
    for row in rows(shared):
        real = row["tier"] == "real" and row["aws_verdict"] != "reject"
        if (row["expected"] == "valid" or real) and row["id"] not in HAS_A_FAULT_OF_ITS_OWN:
            assert codes(shared, row) == set(), row["id"]


def test_invalid_ones_are_refused(shared: Path) -> None:
    for row in rows(shared):
        refused = row["expected"] == "invalid" or row["aws_verdict"] == "reject"
        if refused:
            assert codes(shared, row), row["id"]


def test_what_loads_can_be_compiled(shared: Path) -> None:
    loaded = 0
    for row in rows(shared):
        text = (shared / "definitions-corpus" / row["file"]).read_bytes()
        if not any(d.severity == "ERROR" for d in definition.validate(text)):
            asl_local.load(text)
            loaded += 1
    assert loaded > 250


def test_aws_took_every_machine_that_it_ran(shared: Path) -> None:
    seen = 0
    for path in sorted((shared / "conformance" / "cases").glob("*.json")):
        for case in json.loads(path.read_text("utf-8"))["cases"]:
            if case["kind"] == "execution" and "definition" in case:
                found = definition.validate(case["definition"], type=case.get("type") or "STANDARD")
                assert {d.code for d in found if d.severity == "ERROR"} == set(), case["id"]
                seen += 1
    assert seen > 500


@pytest.mark.parametrize("kind", ["validate_definition", "create_state_machine"])
def test_what_aws_refused_is_refused_in_its_words(shared: Path, kind: str) -> None:
    seen = 0
    for path in sorted((shared / "conformance" / "cases").glob("*.json")):
        for case in json.loads(path.read_text("utf-8"))["cases"]:
            if case["kind"] != kind:
                continue
            seen += 1
            text = case["definition_text"] if "definition_text" in case else json.dumps(case["definition"])
            found = definition.validate(text.encode(), type=case["request"].get("type") or "STANDARD")
            if kind == "validate_definition":
                assert definition.to_aws(found, text) == case["expected"]["response"], case["id"]
            else:
                assert definition.creation_error(found) == case["expected"]["exception"]["message"], case["id"]
    assert seen >= 7
