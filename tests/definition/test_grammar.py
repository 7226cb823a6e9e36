"""The table: complete, consistent, and at one with the model and the checks."""

from __future__ import annotations

import dataclasses
from collections import Counter

import pytest

from asl_local.definition import grammar, model
from asl_local.definition.checks.values import CHECKS
from asl_local.definition.checks.walk import STRUCTURES
from asl_local.definition.grammar import GROUPS, Kind, rows
from asl_local.language.choice import OPERATORS


def test_no_field_has_two_rows() -> None:
    assert max(Counter((row.owner, row.name) for row in rows()).values()) == 1


def test_every_kind_is_checked_by_one_function() -> None:
    assert set(CHECKS) | set(STRUCTURES) == set(Kind)
    assert not set(CHECKS) & set(STRUCTURES)


def test_groups_name_fields_that_there_are() -> None:
    for group in GROUPS:
        assert set(group.fields) <= set(grammar.fields_of(group.owner))


def test_items_are_owners_and_all_owners_are_reached() -> None:
    items = {row.item for row in rows() if row.item}
    owners = {row.owner for row in rows()}
    assert items <= owners
    assert owners == items | {"Machine", *grammar.STATE_TYPES}


def test_every_row_has_a_source_and_a_sane_range() -> None:
    for row in rows():
        assert row.source.split(":")[0] in ("Spec", "Guide")
        assert row.least is None or row.most is None or row.least < row.most
        assert (row.kind is Kind.CONSTANT) == bool(row.values)


def test_every_operator_is_a_field_of_both_kinds_of_rules() -> None:
    for owner in ("ChoiceRule", "NestedRule"):
        assert set(OPERATORS) <= set(grammar.fields_of(owner))


@pytest.mark.parametrize("kind", model.STATE_TYPES)
def test_the_model_has_every_field_that_runs(kind: str) -> None:
    """A field that is supported is in the dataclass of its state; one that is not is not."""
    elsewhere = {"type", "query_language", "iterator", "parameters", "item_processor", "items", "item_selector"}
    fields = {f.name for f in dataclasses.fields(model.STATE_TYPES[kind])} - {"name", "pointer", "language"}
    rows = {model.snake(row.name): row for row in grammar.fields_of(kind).values()}
    assert set(rows) - elsewhere == fields - elsewhere - {"processor"}


def test_defaults_are_the_models() -> None:
    for owner, kind in [*model.STATE_TYPES.items(), ("Retrier", model.Retrier), ("Catcher", model.Catcher)]:
        defaults = {f.name: f.default for f in dataclasses.fields(kind)}
        for row in grammar.fields_of(owner).values():
            if row.default in ("$", "1", "3", "2.0", "NONE", "false"):
                assert str(defaults[model.snake(row.name)]).lower() == row.default.lower(), (owner, row.name)


def test_the_table_as_markdown() -> None:
    lines = grammar.markdown().splitlines()
    assert lines[0].startswith("| field | of |")
    assert {line.count(" | ") for line in lines[2:]} == {6}
    for row in rows():
        assert any(line.startswith(f"| `{row.name}` | ") and row.owner in line for line in lines)
    [timeout] = [line for line in lines if line.startswith("| `TimeoutSeconds` | Task ")]
    assert "integer 1…99999999" in timeout
    assert "not with `TimeoutSecondsPath`" in timeout
    [label] = [line for line in lines if line.startswith("| `Label` ")]
    assert "Guide: Distributed Map" in label
