"""The walk of the checks: goes over the tree along the grammar and reports every problem.

Knows: how a row of the grammar is checked, and AWS's words for what breaks it. Must never know: how expressions parse
(expressions.py), where transitions lead (flow.py), or what a machine does when it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from asl_local.definition import diagnostics as codes
from asl_local.definition import grammar
from asl_local.definition.checks.expressions import Expressions, is_jsonata
from asl_local.definition.checks.flow import Flow
from asl_local.definition.checks.values import CHECKS, Values, type_name
from asl_local.definition.diagnostics import Findings, did_you_mean
from asl_local.definition.grammar import DEEPEST_NESTING, Field, Kind
from asl_local.definition.json_text import escape
from asl_local.definition.source import Source
from asl_local.errors import ALL, Diagnostic, ExpressionSyntaxError
from asl_local.language.choice import OPERATORS, compile_rule
from asl_local.values import Json

MACHINE_TYPES: Final = ("STANDARD", "EXPRESS")
_STATE_ROWS: Final = [row for row in grammar.ROWS if row.owner in grammar.STATE_TYPES]
# Fields that only one type of state has.
_TELLING_FIELDS: Final = {
    row.name: row.owner for row in _STATE_ROWS if sum(other.name == row.name for other in _STATE_ROWS) == 1
}
_CONNECTIVES: Final = ("And", "Or", "Not")


def check(source: Source, *, type: str = "STANDARD") -> list[Diagnostic]:
    """Every problem of a definition, in order of position; `type` is STANDARD or EXPRESS."""
    return examine(source, type).placed(source)


def examine(source: Source, type: str = "STANDARD") -> Findings:
    """The findings before they are placed."""
    if type not in MACHINE_TYPES:
        raise ValueError(f"type is {' or '.join(MACHINE_TYPES)}, not {type!r}")
    findings = Findings()
    _Check(findings, express=type == "EXPRESS").machine(source.tree)
    return findings


@dataclass(frozen=True, slots=True)
class _Where:
    """Where the walk stands: the object's pointer, its owner in the grammar, its language, the depth of States."""

    pointer: str
    owner: str
    language: str
    depth: int = 0

    def inside(self, steps: str, owner: str) -> _Where:
        return replace(self, pointer=f"{self.pointer}/{steps}", owner=owner)


class _Check:
    """One pass over one definition."""

    def __init__(self, findings: Findings, *, express: bool) -> None:
        self.findings = findings
        self.expressions = Expressions(findings)
        self.values = Values(findings, self.expressions, express)
        self.flow = Flow(findings)
        self.machine_language = "JSONPath"

    # -- objects

    def machine(self, tree: Json) -> None:
        if not isinstance(tree, dict):
            self.findings.error("", "Definition must be a valid JSON object")
            return
        if tree.get("QueryLanguage") in grammar.QUERY_LANGUAGES:
            self.machine_language = tree["QueryLanguage"]
        if self.machine_language == "JSONata":
            self.findings.not_yet("/QueryLanguage", "QueryLanguage 'JSONata'", grammar.JSONATA)
        self.flow.block(tree, "", 0)
        self.object(tree, _Where("", "Machine", self.machine_language))
        self.flow.finish()

    def object(self, tree: Json, where: _Where) -> bool:
        """An object by its owner's rows: unknown, missing and exclusive fields, then every value."""
        if not isinstance(tree, dict):
            self.findings.error(where.pointer, type_name("OBJECT"))
            return False
        rows = grammar.fields_of(where.owner)
        for name, value in tree.items():
            row = rows.get(name)
            at = f"{where.pointer}/{escape(name)}"
            if row is None:
                self.unknown(name, where, at, rows)
            elif row.language not in ("both", where.language):
                self.findings.error(
                    at,
                    f"The QueryLanguage is set to '{where.language}', but field '{name}' is only supported for the "
                    f"'{row.language}' QueryLanguage",
                    key=True,
                )
            else:
                if row.feature is not None and row.feature != grammar.JSONATA:
                    self.findings.not_yet(at, f"The field '{name}'", row.feature, key=True)
                self.value(row, value, where, at)
        missing = [
            n for n, row in rows.items() if row.required and n not in tree and row.language in ("both", where.language)
        ]
        if missing:
            self.findings.error(where.pointer, f"These fields are required: [{', '.join(missing)}]", key=True)
        self.groups(tree, where)
        return True

    def unknown(self, name: str, where: _Where, at: str, rows: Mapping[str, Field]) -> None:
        hint = did_you_mean(name, (row for row in rows if rows[row].language in ("both", where.language)))
        owners = [owner for owner in grammar.owners_of(name) if owner in grammar.STATE_TYPES]
        if hint is None and owners and where.owner in grammar.STATE_TYPES:
            hint = f"{_list(owners)} states have it, {where.owner} states do not"
        elif hint is None and owners and where.owner in ("Machine", "Branch", "ItemProcessor"):
            hint = "it belongs to a state"
        self.findings.error(where.pointer, f"Field '{name}' is not supported", hint=hint, at=at, key=True)

    def groups(self, tree: dict[str, Json], where: _Where) -> None:
        rows = grammar.fields_of(where.owner)
        for group in grammar.groups_of(where.owner):
            fields = [n for n in group.fields if rows[n].language in ("both", where.language)]
            present = [n for n in fields if n in tree and not (n == "End" and tree[n] is False)]
            if len(present) > 1:
                second = max(present, key=list(tree).index)
                self.findings.error(
                    where.pointer, f"There should only be one of the following fields: [{', '.join(present)}]",
                    at=f"{where.pointer}/{second}", key=True,
                )  # fmt: skip
            elif not present and group.required:
                self.findings.error(
                    where.pointer, f"There should be one of the following fields: [{', '.join(fields)}]", key=True
                )

    def value(self, row: Field, value: Json, where: _Where, at: str) -> None:
        if value is None and row.nullable:
            return
        if row.expression and where.language == "JSONata":
            self.expressions.jsonata(value, at, at)
            if is_jsonata(value):
                return
        if structure := STRUCTURES.get(row.kind):
            structure(self, row, value, where, at)
        else:
            CHECKS[row.kind](self.values, row, value, at)

    # -- blocks and states

    def states(self, _row: Field, value: Json, where: _Where, at: str) -> None:
        if not isinstance(value, dict):
            self.findings.error(at, type_name("OBJECT"))
            return
        if not value:
            self.findings.error(at, "Value cannot be empty")
        if where.depth > DEEPEST_NESTING:
            return
        for name, state in value.items():
            self.state(state, f"{at}/{escape(name)}", where.depth)

    def state(self, tree: Json, pointer: str, depth: int) -> None:
        if not isinstance(tree, dict):
            self.findings.error(pointer, type_name("OBJECT"))
            return
        language = self.language(tree, pointer)
        kind = tree.get("Type")
        if not isinstance(kind, str) or kind not in grammar.STATE_TYPES:
            if "Type" not in tree:
                self.without_type(tree, pointer)
            else:
                self.values.constant(grammar.fields_of("Pass")["Type"], kind, f"{pointer}/Type")
            self.inner_blocks(tree, pointer, depth)
            return
        where = _Where(pointer, kind, language, depth)
        self.object(tree, where)
        if extra := EXTRA.get(kind):
            extra(self, tree, where)

    def without_type(self, tree: dict[str, Json], pointer: str) -> None:
        """A state without Type: what it may be, and the fields that no state has."""
        kinds = (kind for field, kind in _TELLING_FIELDS.items() if field in tree)
        hint = next((f'"Type": "{kind}"?' for kind in kinds), None)
        self.findings.error(pointer, "These fields are required: [Type]", hint=hint, key=True)
        fields = {row.name for row in _STATE_ROWS}
        for name in tree:
            if name not in fields:
                self.findings.error(
                    pointer, f"Field '{name}' is not supported", hint=did_you_mean(name, fields),
                    at=f"{pointer}/{escape(name)}", key=True,
                )  # fmt: skip

    def inner_blocks(self, tree: dict[str, Json], pointer: str, depth: int) -> None:
        """What can be checked in a state whose type is not known: the states inside it."""
        where = _Where(pointer, "", self.machine_language, depth)
        branches = tree.get("Branches")
        for index, branch in enumerate(branches if isinstance(branches, list) else ()):
            self.block(branch, where.inside(f"Branches/{index}", "Branch"))
        for field in ("ItemProcessor", "Iterator"):
            if field in tree:
                self.block(tree[field], where.inside(field, "ItemProcessor"))

    def language(self, tree: dict[str, Json], pointer: str) -> str:
        """The state's query language; a state cannot go back to JSONPath in a JSONata machine."""
        own = tree.get("QueryLanguage")
        if own not in grammar.QUERY_LANGUAGES:
            return self.machine_language
        if own == "JSONPath" and self.machine_language == "JSONata":
            self.findings.error(
                pointer, "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine",
                at=f"{pointer}/QueryLanguage",
            )  # fmt: skip
        elif own == "JSONata" and self.machine_language == "JSONPath":
            self.findings.not_yet(f"{pointer}/QueryLanguage", "QueryLanguage 'JSONata'", grammar.JSONATA)
        return str(own)

    def block(self, tree: Json, where: _Where) -> None:
        """A branch or an item processor: States in a State, which inherit the machine's language, not the state's."""
        inner = replace(where, language=self.machine_language, depth=where.depth + 1)
        if isinstance(tree, dict):
            self.flow.block(tree, where.pointer, inner.depth)
        self.object(tree, inner)

    # -- what holds more than a value

    def expression(self, row: Field, value: Json, where: _Where, at: str) -> None:
        self.expressions.expression(value, row.name, where.pointer, at)

    def template(self, _row: Field, value: Json, where: _Where, at: str) -> None:
        if where.language == "JSONPath":
            self.expressions.template(value, at)

    def nested(self, row: Field, value: Json, where: _Where, at: str) -> None:
        inner = replace(where, pointer=at, owner=row.item)
        if row.item == "ItemProcessor":
            self.block(value, inner)
        elif row.item == "NestedRule":
            self.rule(value, inner)
        elif row.item == "Credentials":
            self.credentials(value, inner)
        elif not row.item:
            if not isinstance(value, dict):
                self.findings.error(at, type_name("OBJECT"))
        elif self.object(value, inner) and (extra := EXTRA.get(row.item)):
            extra(self, value, inner)

    def list_of(self, row: Field, value: Json, where: _Where, at: str) -> None:
        if not isinstance(value, list):
            self.findings.error(at, type_name("ARRAY"))
            return
        if len(value) < (row.least or 0):
            self.findings.error(at, "Value cannot be empty")
        for index, item in enumerate(value):
            inner = replace(where, pointer=f"{at}/{index}", owner=row.item)
            if row.item == "Branch":
                self.block(item, inner)
            elif row.item in ("ChoiceRule", "NestedRule"):
                self.rule(item, inner)
            else:
                self.object(item, inner)
        if row.item in ("Retrier", "Catcher"):
            self.catch_all_comes_last(value, at)

    def catch_all_comes_last(self, rules: list[Json], at: str) -> None:
        """Spec, "Retrying after error": States.ALL must be in the last retrier (catcher)."""
        for index, rule in enumerate(rules[:-1]):
            names = rule.get("ErrorEquals") if isinstance(rule, dict) else None
            if isinstance(names, list) and ALL in names:
                self.findings.error(
                    f"{at}/{index}/ErrorEquals", f"{ALL} must be in the last member of {at.rpartition('/')[2]}",
                    hint="what comes after it would never match",
                )  # fmt: skip

    def credentials(self, value: Json, where: _Where) -> None:
        """Nothing but the role counts (recorded: without it AWS does not mention other fields)."""
        if not isinstance(value, dict) or "RoleArn" in value or "RoleArn.$" in value:
            self.object(value, where)
        elif role := next((name for name in value if name.casefold() in ("rolearn", "rolearn.$")), None):
            # The specification leaves the fields open, and its linter's own example has them in lower case.
            self.findings.warning(
                where.pointer, f"AWS wants the field 'RoleArn', not '{role}'", code=codes.SCHEMA,
                at=f"{where.pointer}/{role}", key=True,
            )  # fmt: skip
        else:
            self.findings.error(where.pointer, "The field 'RoleArn' is required but was missing")

    # -- Choice rules

    def rule(self, tree: Json, where: _Where) -> None:
        """A Choice rule: exactly one of And, Or, Not and the comparison operators."""
        if not self.object(tree, where):
            return
        if where.language == "JSONata":
            if where.owner == "ChoiceRule" and "Condition" not in tree:
                self.findings.error(where.pointer, "These fields are required: [Condition]")
            return
        operators = [name for name in tree if name in OPERATORS]
        tests = [name for name in tree if name in OPERATORS or name in _CONNECTIVES]
        if not tests:
            if "Condition" not in tree:
                others = (name for name in tree if name not in grammar.fields_of(where.owner))
                hints = (did_you_mean(name, OPERATORS) for name in others)
                self.findings.error(
                    where.pointer, "A Choice rule needs a comparison operator or one of And, Or, Not",
                    hint=next((hint for hint in hints if hint), None),
                )  # fmt: skip
        elif len(tests) > 1:
            self.findings.error(
                where.pointer, f"There should only be one of the following fields: [{', '.join(tests)}]",
                at=f"{where.pointer}/{tests[1]}", key=True, hint="combine them with And",
            )  # fmt: skip
        if operators and "Variable" not in tree:
            self.findings.error(where.pointer, "These fields are required: [Variable]")
        elif "Variable" in tree and tests and not operators:
            self.findings.error(
                where.pointer, f"Field 'Variable' is not supported beside '{tests[0]}'",
                at=f"{where.pointer}/Variable", key=True, hint=f"it belongs into the rules of {tests[0]}",
            )  # fmt: skip
        elif where.owner == "ChoiceRule" and not self.findings.touch(where.pointer):
            try:
                compile_rule(tree)
            except ExpressionSyntaxError as error:  # a pattern's stray backslash, say
                self.findings.error(where.pointer, str(error))


# -- what a table of fields cannot say


def _task(check: _Check, tree: dict[str, Json], where: _Where) -> None:
    timeout, heartbeat = tree.get("TimeoutSeconds"), tree.get("HeartbeatSeconds")
    if type(timeout) is int and type(heartbeat) is int and heartbeat >= timeout:
        check.findings.error(
            f"{where.pointer}/HeartbeatSeconds", "HeartbeatSeconds must be smaller than TimeoutSeconds"
        )


def _processor_config(check: _Check, tree: dict[str, Json], where: _Where) -> None:
    if tree.get("Mode") == "DISTRIBUTED":
        check.findings.not_yet(f"{where.pointer}/Mode", "Mode 'DISTRIBUTED'", grammar.DISTRIBUTED_MAP)
        if "ExecutionType" not in tree:
            check.findings.error(where.pointer, "These fields are required: [ExecutionType]")
    elif "ExecutionType" in tree:
        check.findings.error(
            where.pointer, "Field 'ExecutionType' is not supported", at=f"{where.pointer}/ExecutionType", key=True,
            hint="it belongs to Mode DISTRIBUTED",
        )  # fmt: skip


def _item_batcher(check: _Check, tree: dict[str, Json], where: _Where) -> None:
    limits = ("MaxItemsPerBatch", "MaxItemsPerBatchPath", "MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath")
    if not any(limit in tree for limit in limits):
        check.findings.error(where.pointer, f"There should be one of the following fields: [{', '.join(limits)}]")


EXTRA: Final[Mapping[str, Callable[[_Check, dict[str, Json], _Where], None]]] = {
    "Task": _task,
    "ProcessorConfig": _processor_config,
    "ItemBatcher": _item_batcher,
}

STRUCTURES: Final[Mapping[Kind, Callable[[_Check, Field, Any, _Where, str], None]]] = {
    Kind.STATES: _Check.states,
    Kind.OBJECT: _Check.nested,
    Kind.OBJECTS: _Check.list_of,
    Kind.TEMPLATE: _Check.template,
    Kind.EXPRESSION: _Check.expression,
}


def _list(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
