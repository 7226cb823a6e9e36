"""The checks of a definition: walks the tree along the grammar and reports every problem.

Knows: how a row of the grammar is checked, and AWS's words for what breaks it. Must never know: how expressions parse
(check_expressions), where transitions lead (check_flow), or what a machine does when it runs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from asl_local.definition import diagnostics as codes
from asl_local.definition import grammar, resource_arns
from asl_local.definition.check_expressions import Expressions, is_jsonata, looks_dynamic
from asl_local.definition.check_flow import Flow
from asl_local.definition.diagnostics import DROP, Findings, did_you_mean
from asl_local.definition.grammar import DEEPEST_NESTING, Field, Kind
from asl_local.definition.json_text import escape
from asl_local.definition.source import PLACEHOLDER, Source
from asl_local.errors import ALL, Diagnostic
from asl_local.language.choice import OPERATORS
from asl_local.language.timestamps import parse_rfc3339
from asl_local.values import Json

MACHINE_TYPES: Final = ("STANDARD", "EXPRESS")
_NOT_RECOGNISED = (
    "The resource provided {} is not recognized. The value is not a valid resource ARN, or the resource is not "
    "available in this region."
)
_CONNECTIVES: Final = ("And", "Or", "Not")
_SPOKEN: Final = {
    "ChoiceRule": "a Choice rule",
    "NestedRule": "a nested rule",
    "Machine": "the machine",
    "Branch": "a branch",
}


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


def _type_name(kind: str) -> str:
    return f"Expected value of type [{kind}]"


class _Check:
    """One pass over one definition."""

    def __init__(self, findings: Findings, *, express: bool) -> None:
        self.findings = findings
        self.express = express
        self.expressions = Expressions(findings)
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
        self.object(tree, _Where("", "Machine", self.machine_language))
        self.flow.block(tree, "", 0)

    def object(self, tree: Json, where: _Where) -> bool:
        """An object by its owner's rows: unknown, missing and exclusive fields, then every value."""
        if not isinstance(tree, dict):
            self.findings.error(where.pointer, _type_name("OBJECT"))
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
            self.findings.error(where.pointer, f"These fields are required: [{', '.join(missing)}]")
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
                    where.pointer, f"There should be one of the following fields: [{', '.join(fields)}]"
                )

    def value(self, row: Field, value: Json, where: _Where, at: str) -> None:
        if value is None and row.nullable:
            return
        if row.expression and where.language == "JSONata":
            self.expressions.jsonata(value, at, at)
            if is_jsonata(value):
                return
        VALUES[row.kind](self, row, value, where, at)

    # -- blocks and states

    def states(self, _row: Field, value: Json, where: _Where, at: str) -> None:
        if not isinstance(value, dict):
            self.findings.error(at, _type_name("OBJECT"))
            return
        if not value:
            self.findings.error(at, "Value cannot be empty")
        if where.depth > DEEPEST_NESTING:
            return
        for name, state in value.items():
            self.state(state, f"{at}/{escape(name)}", where.depth)

    def state(self, tree: Json, pointer: str, depth: int) -> None:
        if not isinstance(tree, dict):
            self.findings.error(pointer, _type_name("OBJECT"))
            return
        language = self.language(tree, pointer)
        kind = tree.get("Type")
        if not isinstance(kind, str) or kind not in grammar.STATE_TYPES:
            if "Type" not in tree:
                hint = did_you_mean_type(tree)
                self.findings.error(pointer, "These fields are required: [Type]", hint=hint)
            else:
                self.constant(grammar.fields_of("Pass")["Type"], kind, _Where(pointer, "", language), f"{pointer}/Type")
            self.inner_blocks(tree, pointer, depth)
            return
        where = _Where(pointer, kind, language, depth)
        self.object(tree, where)
        if extra := EXTRA.get(kind):
            extra(self, tree, where)

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
        if self.object(tree, inner):
            self.flow.block(tree, where.pointer, inner.depth)

    # -- values, one function per kind

    def text(self, row: Field, value: Json, _where: _Where, at: str) -> None:
        if not isinstance(value, str):
            self.findings.error(at, _type_name("STRING"))
            return
        if row.most is not None and len(value) > row.most:
            self.findings.error(at, f"Maximum length is {row.most}")
        if row.name != "Comment" and looks_dynamic(value):
            path_form = f"{row.name}Path"
            if path_form in grammar.fields_of(row.owner):
                self.findings.warning(
                    at, f"The value of '{row.name}' looks like a path", code=codes.NO_PATH,
                    hint=f"'{path_form}' would be evaluated; this is taken as text",
                )  # fmt: skip

    def boolean(self, _row: Field, value: Json, _where: _Where, at: str) -> None:
        if not isinstance(value, bool) and not self.waits(value, at, DROP):
            self.findings.error(at, _type_name("BOOLEAN"))

    def number(self, row: Field, value: Json, _where: _Where, at: str) -> None:
        whole = row.kind is Kind.INTEGER
        meanwhile: Any = 0 if row.owner.endswith("Rule") else DROP
        if isinstance(value, bool) or not isinstance(value, (int, float)) or (whole and not _is_whole(value)):
            if not self.waits(value, at, meanwhile):
                path_form = f"{row.name}Path"
                known = path_form in grammar.fields_of(row.owner)
                hint = f"use {path_form}" if known and isinstance(value, str) and value.startswith("$") else None
                if hint is None and isinstance(value, str) and _is_number_text(value):
                    hint = "remove the quotes"
                self.findings.error(at, _type_name("INTEGER" if whole else "NUMBER"), hint=hint)
        elif row.least is not None and value < row.least:
            self.findings.error(at, f"Minimum value is {row.least if not whole else int(row.least)}")
        elif row.most is not None and value > row.most:
            self.findings.error(at, f"Maximum value is {row.most if not whole else int(row.most)}")

    def constant(self, row: Field, value: Json, _where: _Where, at: str) -> None:
        if value not in row.values or not isinstance(value, str):
            hint = did_you_mean(value, row.values) if isinstance(value, str) else None
            self.findings.error(
                at, f"The field '{row.name}' should have one of these values: [{', '.join(row.values)}]", hint=hint
            )

    def timestamp(self, _row: Field, value: Json, _where: _Where, at: str) -> None:
        if not isinstance(value, str):
            self.findings.error(at, _type_name("STRING"))
        elif parse_rfc3339(value) is None and not self.waits(value, at, "1970-01-01T00:00:00Z", anywhere=True):
            path_form = at.rpartition("/")[2] + "Path"
            hint = f"use {path_form}" if value.startswith("$") else "such as 2016-03-14T01:59:00Z"
            self.findings.error(at, "String does not match RFC3339 timestamp", hint=hint)

    def target(self, _row: Field, value: Json, _where: _Where, at: str) -> None:
        if not isinstance(value, str):
            self.findings.error(at, _type_name("STRING"))

    def path(self, _row: Field, value: Json, _where: _Where, at: str) -> None:
        if self.is_text(value, at):
            self.expressions.path(value, at)

    def variable(self, _row: Field, value: Json, _where: _Where, at: str) -> None:
        if self.is_text(value, at):
            self.expressions.path(value, at)

    def reference_path(self, row: Field, value: Json, _where: _Where, at: str) -> None:
        if self.is_text(value, at):
            self.expressions.reference_path(value, at, context=row.kind is Kind.REFERENCE_PATH)

    def result_path(self, _row: Field, value: Json, _where: _Where, at: str) -> None:
        if self.is_text(value, at):
            self.expressions.reference_path(value, at, context=False, variables=False)

    def text_path(self, _row: Field, value: Json, _where: _Where, at: str) -> None:
        if self.is_text(value, at):
            self.expressions.text_path(value, at)

    def is_text(self, value: Json, at: str) -> bool:
        if not isinstance(value, str):
            self.findings.error(at, _type_name("STRING"))
        return isinstance(value, str)

    def expression(self, row: Field, value: Json, where: _Where, at: str) -> None:
        self.expressions.expression(value, row.name, where.pointer, at)

    def template(self, _row: Field, value: Json, where: _Where, at: str) -> None:
        if where.language == "JSONPath":
            self.expressions.template(value, at)

    def static(self, _row: Field, value: Json, _where: _Where, at: str) -> None:
        self.expressions.template(value, at, evaluated=False)

    def anything(self, _row: Field, _value: Json, _where: _Where, _at: str) -> None:
        """Any JSON will do."""

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
                self.findings.error(at, _type_name("OBJECT"))
        elif self.object(value, inner) and (extra := EXTRA.get(row.item)):
            extra(self, value, inner)

    def list_of(self, row: Field, value: Json, where: _Where, at: str) -> None:
        if not isinstance(value, list):
            self.findings.error(at, _type_name("ARRAY"))
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

    def errors(self, row: Field, value: Json, _where: _Where, at: str) -> None:
        if not isinstance(value, list):
            hint = f"write [{value!r}]".replace("'", '"') if isinstance(value, str) else None
            self.findings.error(at, _type_name("ARRAY"), hint=hint)
            return
        if not value and row.least:
            self.findings.error(at, "Value cannot be empty")
        for index, name in enumerate(value):
            if not isinstance(name, str):
                self.findings.error(f"{at}/{index}", _type_name("STRING"))
        if ALL in value and len(value) > 1:
            self.findings.error(
                at, f"{ALL} must stand alone in ErrorEquals", at=f"{at}/{value.index(ALL)}",
                hint="it matches the other names too",
            )  # fmt: skip

    def catch_all_comes_last(self, rules: list[Json], at: str) -> None:
        """Spec, "Retrying after error": States.ALL must be in the last retrier (catcher)."""
        for index, rule in enumerate(rules[:-1]):
            names = rule.get("ErrorEquals") if isinstance(rule, dict) else None
            if isinstance(names, list) and ALL in names:
                self.findings.error(
                    f"{at}/{index}/ErrorEquals", f"{ALL} must be in the last member of {at.rpartition('/')[2]}",
                    hint="what comes after it would never match",
                )  # fmt: skip

    def resource(self, _row: Field, value: Json, _where: _Where, at: str) -> None:
        if not self.is_text(value, at):
            return
        arn = resource_arns.parse(value)
        if arn is None:
            self.findings.error(at, _NOT_RECOGNISED.format(value), hint=_resource_hint(value))
        elif arn.kind == "other":
            if not PLACEHOLDER.search(value):
                self.findings.warning(
                    at, f"The resource {value} is no resource of AWS; a handler of that name can answer it here",
                    code=codes.INVALID_RESOURCE,
                )  # fmt: skip
        elif arn.kind == "activity":
            if self.express:
                self.findings.error(at, "Express state machine does not support Activity ARN")
            else:
                self.findings.not_yet(at, "An activity", grammar.ACTIVITIES)
        elif arn.pattern:
            base = arn.pattern.removesuffix(":2")
            if self.express:
                blank = " " if base == ".waitForTaskToken" else ""  # sic
                self.findings.error(at, f"Express state machine does not support '{base}' service integration{blank}")
            else:
                feature = grammar.CALLBACKS if base == ".waitForTaskToken" else grammar.SYNC
                self.findings.not_yet(at, f"'{arn.pattern}' in Resource", feature)

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

    def strings(self, _row: Field, value: Json, _where: _Where, at: str) -> None:
        if not isinstance(value, list):
            self.findings.error(at, _type_name("ARRAY"))
            return
        for index, item in enumerate(value):
            self.is_text(item, f"{at}/{index}")

    def condition(self, _row: Field, value: Json, _where: _Where, at: str) -> None:
        if not isinstance(value, bool):
            self.findings.error(at, "Expected a boolean or a JSONata expression")

    def waits(self, value: Json, at: str, meanwhile: Any, *, anywhere: bool = False) -> bool:
        """Whether the value is a placeholder that nobody filled, which reading has warned of."""
        if not isinstance(value, str):
            return False
        if not (PLACEHOLDER.search(value) if anywhere else PLACEHOLDER.fullmatch(value)):
            return False
        self.findings.placeholder(at, value, meanwhile)
        return True

    # -- Choice rules

    def rule(self, tree: Json, where: _Where) -> None:
        """A Choice rule: exactly one of And, Or, Not and the comparison operators."""
        if not self.object(tree, where) or where.language != "JSONPath":
            if isinstance(tree, dict) and where.owner == "ChoiceRule" and "Condition" not in tree:
                self.findings.error(where.pointer, "These fields are required: [Condition]")
            return
        operators = [name for name in tree if name in OPERATORS]
        tests = [name for name in tree if name in OPERATORS or name in _CONNECTIVES]
        if not tests and "Condition" not in tree:
            others = (name for name in tree if name not in grammar.fields_of(where.owner))
            hints = (did_you_mean(name, OPERATORS) for name in others)
            self.findings.error(
                where.pointer, "A Choice rule needs a comparison operator or one of And, Or, Not",
                hint=next((hint for hint in hints if hint), None),
            )  # fmt: skip
        if len(tests) > 1:
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

VALUES: Final[Mapping[Kind, Callable[[_Check, Field, Any, _Where, str], None]]] = {
    Kind.TEXT: _Check.text,
    Kind.BOOLEAN: _Check.boolean,
    Kind.INTEGER: _Check.number,
    Kind.NUMBER: _Check.number,
    Kind.CONSTANT: _Check.constant,
    Kind.TIMESTAMP: _Check.timestamp,
    Kind.RESOURCE: _Check.resource,
    Kind.TARGET: _Check.target,
    Kind.PATH: _Check.path,
    Kind.REFERENCE_PATH: _Check.reference_path,
    Kind.NUMBER_PATH: _Check.reference_path,
    Kind.RESULT_PATH: _Check.result_path,
    Kind.TEXT_PATH: _Check.text_path,
    Kind.VARIABLE: _Check.variable,
    Kind.EXPRESSION: _Check.expression,
    Kind.TEMPLATE: _Check.template,
    Kind.JSON: _Check.anything,
    Kind.STATIC: _Check.static,
    Kind.OBJECT: _Check.nested,
    Kind.OBJECTS: _Check.list_of,
    Kind.STATES: _Check.states,
    Kind.ERRORS: _Check.errors,
    Kind.STRINGS: _Check.strings,
    Kind.CONDITION: _Check.condition,
}


def did_you_mean_type(tree: dict[str, Json]) -> str | None:
    """What a state without Type may be, by the fields that only one type has."""
    for kind, mark in (("Task", "Resource"), ("Choice", "Choices"), ("Parallel", "Branches"), ("Map", "ItemProcessor")):
        if mark in tree:
            return f'"Type": "{kind}"? Only {kind} states have {mark}'
    return did_you_mean("Type", [name for name in tree if name.casefold() == "type"])


def _resource_hint(text: str) -> str | None:
    if text.startswith("arn:") and ":states:" in text and (found := text.rpartition(":states:::")[2].split(":")):
        service = found[0]
        actions = resource_arns.OPTIMISED.get(service)
        if actions is None:
            return (
                did_you_mean(service, resource_arns.OPTIMISED)
                or "AWS SDK calls are arn:aws:states:::aws-sdk:service:action"
            )
        action = found[1].split(".")[0] if len(found) > 1 else ""
        if action in actions:
            patterns = ", ".join(pattern or "no suffix" for pattern in actions[action])
            return f"{service}:{action} takes {patterns}"
        return f"{service} has {', '.join(actions)}; try arn:aws:states:::aws-sdk:{service}:{action}"
    return None if text.startswith("arn:") else "a Resource is an ARN"


def _is_whole(value: float) -> bool:
    return isinstance(value, int) or (math.isfinite(value) and value == int(value))


def _is_number_text(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _list(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
