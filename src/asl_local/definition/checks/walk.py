"""The walk of the checks: goes over the tree along the grammar and reports every problem.

Knows: how a row of the grammar is checked, and AWS's words for what breaks it. Must never know: how expressions parse
(expressions.py), where transitions lead (flow.py), or what a machine does when it runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Final

from asl_local.definition import diagnostics as codes
from asl_local.definition import grammar
from asl_local.definition.checks.expressions import Expressions
from asl_local.definition.checks.flow import Flow
from asl_local.definition.checks.values import CHECKS, Values, type_name
from asl_local.definition.checks.variables import Variables
from asl_local.definition.diagnostics import Findings, did_you_mean
from asl_local.definition.grammar import DEEPEST_NESTING, Field, Kind
from asl_local.definition.json_text import escape
from asl_local.definition.source import Source
from asl_local.errors import ALL, Diagnostic, ExpressionSyntaxError
from asl_local.language.jsonata import is_jsonata
from asl_local.lazy import NamedTuple, later, replace
from asl_local.values import Json

if TYPE_CHECKING:
    from asl_local.definition.checks import integrations, maps
    from asl_local.definition.checks.jsonata import Jsonata
    from asl_local.definition.checks.maps import Maps
    from asl_local.language import choice
else:  # each for the machines that have such
    later(
        globals(), "asl_local.definition.checks.integrations", "asl_local.definition.checks.maps",
        "asl_local.language.choice",
    )  # fmt: skip

MACHINE_TYPES: Final = ("STANDARD", "EXPRESS")
_Structure = Callable[["_Check", Field, Any, "_Where", str], None]
_Value = Callable[[Values, Field, Any, str], None]
_SELECTORS: Final = ("And", "Or", "Not", "Variable", "Condition")  # AWS's order (measured)


def check(source: Source, *, type: str = "STANDARD") -> list[Diagnostic]:
    """Every problem of a definition, in order of position; `type` is STANDARD or EXPRESS."""
    return examine(source, type).placed(source)


def examine(source: Source, type: str = "STANDARD") -> Findings:
    """The findings before they are placed."""
    if type not in MACHINE_TYPES:
        raise ValueError(f"type is {' or '.join(MACHINE_TYPES)}, not {type!r}")
    findings = Findings(source.worded)
    _Check(findings, express=type == "EXPRESS").machine(source.tree)
    return findings


class _Where(NamedTuple):
    """Where the walk stands: the object's pointer, its owner in the grammar, its language, the depth of States.

    `lenient`: fields of the other language have been told of already, in one word for the whole state.
    """

    pointer: str
    owner: str
    language: str
    depth: int = 0
    lenient: bool = False

    def inside(self, steps: str, owner: str) -> _Where:
        return self.at(f"{self.pointer}/{steps}", owner)

    def at(self, pointer: str, owner: str) -> _Where:
        return _Where(pointer, owner, self.language, self.depth, self.lenient)


class _Shape(NamedTuple):
    """What an owner may have in a language, looked up once: rows with their checks, required names, groups.

    A row has a check of `STRUCTURES`, which takes where it stands, or one of `CHECKS`.
    """

    rows: Mapping[str, tuple[Field, _Structure | None, _Value | None]]
    required: tuple[str, ...]
    groups: tuple[tuple[tuple[str, ...], bool], ...]


@cache
def _shape(owner: str, language: str) -> _Shape:
    """Bounded by the grammar: owners are its own, and there are two languages."""

    def fits(row: Field) -> bool:
        return row.language in ("both", language)

    rows = {name: row for name, row in grammar.fields_of(owner).items() if fits(row)}
    groups = ((tuple(n for n in group.fields if n in rows), group.required) for group in grammar.groups_of(owner))
    return _Shape(
        {name: (row, STRUCTURES.get(row.kind), CHECKS.get(row.kind)) for name, row in rows.items()},
        tuple(name for name, row in rows.items() if row.required),
        tuple(groups),
    )


class _Check:
    """One pass over one definition."""

    def __init__(self, findings: Findings, *, express: bool) -> None:
        self.findings = findings
        self.variables = Variables(findings)
        self.expressions = Expressions(findings, self.variables)
        self.values = Values(findings, self.expressions, express)
        self.jsonata_values = replace(self.values, jsonata=True)
        self.flow = Flow(findings)
        self.machine_language = "JSONPath"
        self.express = express

    @cached_property
    def jsonata(self) -> Jsonata:
        from asl_local.definition.checks.jsonata import Jsonata  # noqa: PLC0415 - with the reading of JSONata

        return Jsonata(self.findings, self.variables)

    @cached_property
    def maps(self) -> Maps:
        return maps.Maps(self.findings, express=self.express)

    # -- objects

    def machine(self, tree: Json) -> None:
        if not isinstance(tree, dict):
            self.findings.error("", "Definition must be a valid JSON object")
            return
        if tree.get("QueryLanguage") in grammar.QUERY_LANGUAGES:
            self.machine_language = tree["QueryLanguage"]
        self.flow.block(tree, "", 0)
        self.placeholder_for_states(tree, "")
        self.variables.open("", sealed=True)
        self.object(tree, _Where("", "Machine", self.machine_language))
        self.variables.close()
        self.flow.finish()
        self.variables.finish(self.flow.left_before)

    def object(self, tree: Json, where: _Where) -> bool:
        """An object by its owner's rows: unknown, missing and exclusive fields, then every value."""
        if not isinstance(tree, dict):
            self.findings.error(where.pointer, type_name("OBJECT"))
            return False
        shape = _shape(where.owner, where.language)
        for name, value in tree.items():
            if name in shape.rows:
                self.value(shape.rows[name], value, where, f"{where.pointer}/{name}")
            else:
                self.out_of_place(name, where)
        missing = [name for name in shape.required if name not in tree]
        if missing:
            self.findings.error(where.pointer, f"These fields are required: [{', '.join(missing)}]", key=True)
        for fields, required in shape.groups:
            self.group(tree, fields, required, where)
        return True

    def out_of_place(self, name: str, where: _Where) -> None:
        """A field that nothing has, or that the other language has."""
        at = f"{where.pointer}/{escape(name)}"
        rows = grammar.fields_of(where.owner)
        row = rows.get(name)
        if row is None:
            self.unknown(name, where, at, rows)
        elif not where.lenient:
            self.findings.error(
                where.pointer,
                f"The QueryLanguage is set to '{where.language}', but field '{name}' is only supported for the "
                f"'{row.language}' QueryLanguage",
                at=at,
                key=True,
            )

    def unknown(self, name: str, where: _Where, at: str, rows: Mapping[str, Field]) -> None:
        hint = did_you_mean(name, (row for row in rows if rows[row].language in ("both", where.language)))
        owners = [owner for owner in grammar.owners_of(name) if owner in grammar.STATE_TYPES]
        if hint is None and owners and where.owner in grammar.STATE_TYPES:
            hint = f"{_list(owners)} states have it, {where.owner} states do not"
        elif hint is None and owners and where.owner in ("Machine", "Branch", "ItemProcessor"):
            hint = "it belongs to a state"
        elif hint is None and name == "Resources" and where.owner == "Machine":
            hint = "this is a template, and there is no state machine in it"
        self.findings.error(where.pointer, f"Field '{name}' is not supported", hint=hint, at=at, key=True)

    def group(self, tree: dict[str, Json], fields: tuple[str, ...], required: bool, where: _Where) -> None:
        present = [n for n in fields if n in tree and not (n == "End" and tree[n] is False)]
        if len(present) > 1:
            second = max(present, key=list(tree).index)
            self.findings.error(
                where.pointer, f"There should only be one of the following fields: [{', '.join(fields)}]",
                at=f"{where.pointer}/{second}", key=True,
            )  # fmt: skip
        elif not present and required:
            self.findings.error(
                where.pointer, f"This object should have only one of the following fields: [{', '.join(fields)}]",
                key=True,
            )  # fmt: skip

    def value(self, known: tuple[Field, _Structure | None, _Value | None], value: Json, where: _Where, at: str) -> None:
        row, structure, check = known
        if value is None and row.nullable:
            return
        jsonata = where.language == "JSONata"
        if jsonata and row.expression:
            self.jsonata.payload(value, at, frozenset({row.sees} if row.sees else ()))
            if is_jsonata(value) and row.kind is not Kind.ASSIGN:
                return
        if structure:
            structure(self, row, value, where, at)
        elif check:
            check(self.jsonata_values if jsonata else self.values, row, value, at)

    # -- blocks and states

    def states(self, _row: Field, value: Json, where: _Where, at: str) -> None:
        if not isinstance(value, dict):
            if at not in self.findings.unresolved:
                self.findings.error(at, type_name("OBJECT"))
            return
        if not value:
            self.findings.error(at, "Value cannot be empty")
        if where.depth > DEEPEST_NESTING:
            return
        for name, state in value.items():
            self.state(state, f"{at}/{escape(name)}", where.depth)

    def placeholder_for_states(self, tree: dict[str, Json], pointer: str) -> None:
        """A template may fill in all the states of a block: meanwhile there is one."""
        start = tree.get("StartAt")
        self.values.waits(
            tree.get("States"), f"{pointer}/States", {start if isinstance(start, str) else "": {"Type": "Succeed"}}
        )

    def state(self, tree: Json, pointer: str, depth: int) -> None:
        if not isinstance(tree, dict):
            self.findings.error(pointer, type_name("OBJECT"))
            return
        language, downgraded = self.language(tree, pointer)
        kind = tree.get("Type")
        if not isinstance(kind, str) or kind not in grammar.STATE_TYPES:
            if "Type" not in tree:
                self.without_type(tree, pointer)
            else:
                self.values.constant(grammar.fields_of("Pass")["Type"], kind, f"{pointer}/Type")
            self.inner_blocks(tree, pointer, depth)
            return
        where = _Where(pointer, kind, language, depth, lenient=downgraded)
        self.object(tree, where)
        if extra := EXTRA.get(kind):
            extra(self, tree, where)

    def without_type(self, tree: dict[str, Json], pointer: str) -> None:
        """A state without Type: what it may be, and the fields that no state has."""
        rows = [row for row in grammar.rows() if row.owner in grammar.STATE_TYPES]
        times = Counter(row.name for row in rows)
        kinds = (row.owner for row in rows if times[row.name] == 1 and row.name in tree)
        hint = next((f'"Type": "{kind}"?' for kind in kinds), None)
        self.findings.error(pointer, "These fields are required: [Type]", hint=hint, key=True)
        fields = set(times)
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

    def language(self, tree: dict[str, Json], pointer: str) -> tuple[str, bool]:
        """The state's query language, and whether it goes back to JSONPath in a JSONata machine, which cannot be.

        Whatever is not the text JSONPath is JSONata to AWS (measured).
        """
        if "QueryLanguage" not in tree:
            return self.machine_language, False
        if tree["QueryLanguage"] != "JSONPath":
            return "JSONata", False
        if self.machine_language == "JSONata":
            self.findings.error(
                pointer, "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine",
                at=f"{pointer}/QueryLanguage",
            )  # fmt: skip
            return "JSONPath", True
        return "JSONPath", False

    def block(self, tree: Json, where: _Where) -> None:
        """A branch or an item processor: States in a State, which inherit the machine's language, not the state's."""
        inner = _Where(where.pointer, where.owner, self.machine_language, where.depth + 1)
        if isinstance(tree, dict):
            self.flow.block(tree, where.pointer, inner.depth)
            self.placeholder_for_states(tree, where.pointer)
        self.variables.open(where.pointer, sealed=maps.is_distributed(tree))
        self.object(tree, inner)
        self.variables.close()

    # -- what holds more than a value

    def expression(self, row: Field, value: Json, where: _Where, at: str) -> None:
        self.expressions.expression(value, row.name, where.pointer, at)

    def template(self, _row: Field, value: Json, where: _Where, at: str) -> None:
        if where.language == "JSONPath":
            self.expressions.template(value, at)

    def assign(self, _row: Field, value: Json, where: _Where, at: str) -> None:
        """Assign: in JSONPath a payload template whose `x.$` assigns x, in JSONata values that are evaluated."""
        if not isinstance(value, dict):
            self.findings.error(at, type_name("OBJECT"))
            return
        jsonpath = where.language == "JSONPath"
        for name in value:
            self.variables.assign(name.removesuffix(".$") if jsonpath else name, f"{at}/{escape(name)}")
        if jsonpath:
            self.expressions.template(value, at)

    def nested(self, row: Field, value: Json, where: _Where, at: str) -> None:
        inner = where.at(at, row.item)
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
            if not self.values.waits(value, at, []):
                self.findings.error(at, type_name("ARRAY"))
            return
        if len(value) < (row.least or 0):
            self.findings.error(at, "Value cannot be empty")
        for index, item in enumerate(value):
            inner = where.at(f"{at}/{index}", row.item)
            if row.item == "Branch":
                self.block(item, inner)
            elif row.item in ("ChoiceRule", "NestedRule"):
                self.rule(item, inner)
            else:
                self.object(item, inner)
        if row.item in ("Retrier", "Catcher"):
            self.catch_all_comes_last(value, at)

    def catch_all_comes_last(self, rules: list[Json], at: str) -> None:
        """Spec, "Retrying after error": States.ALL stands alone, and in the last retrier (catcher)."""
        for index, rule in enumerate(rules):
            names = rule.get("ErrorEquals") if isinstance(rule, dict) else None
            if isinstance(names, list) and ALL in names and (len(names) > 1 or index < len(rules) - 1):
                hint = "it matches the other names too" if len(names) > 1 else "what comes after it would never match"
                self.findings.error(
                    f"{at}/{index}/ErrorEquals/{names.index(ALL)}",
                    f"{ALL} must appear alone and at end of list", hint=hint,
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
        for name in ("And", "Or"):
            if isinstance(tree.get(name), str):
                meanwhile: Json = [{"Variable": "$", "IsPresent": True}]
                self.findings.placeholder(f"{where.pointer}/{name}", tree[name], meanwhile)
        operators = [name for name in tree if name in choice.OPERATORS]
        selectors = [name for name in _SELECTORS if name in tree]
        if len(selectors) != 1:
            self.findings.error(
                where.pointer, f"The object must have only one of the following fields, [{', '.join(_SELECTORS)}]",
                at=f"{where.pointer}/{selectors[1]}" if selectors else None, key=True,
                hint=self.rule_hint(tree, where, selectors),
            )  # fmt: skip
        elif selectors == ["Variable"] and not operators:
            self.findings.error(
                where.pointer, "A Choice rule needs a comparison operator beside Variable",
                hint=self.rule_hint(tree, where, selectors),
            )  # fmt: skip
        elif len(operators) > 1 or (operators and selectors != ["Variable"]):
            wrong = operators if selectors == ["Variable"] else [*selectors, *operators]
            self.findings.error(
                where.pointer, f"There should only be one of the following fields: [{', '.join(wrong)}]",
                at=f"{where.pointer}/{wrong[1]}", key=True, hint="combine them with And",
            )  # fmt: skip
        elif where.owner == "ChoiceRule" and not self.findings.touch(where.pointer):
            try:
                choice.compile_rule(tree)
            except ExpressionSyntaxError as error:  # a pattern's stray backslash, say
                self.findings.error(where.pointer, str(error))

    def rule_hint(self, tree: dict[str, Json], where: _Where, selectors: list[str]) -> str | None:
        """What a rule without its one selector, or without its operator, may have meant."""
        if len(selectors) > 1:
            return f"'{selectors[1]}' belongs into the rules of '{selectors[0]}'"
        if not selectors and (given := [name for name in tree if name in choice.OPERATORS]):
            return f"'{given[0]}' compares a Variable"
        others = (name for name in tree if name not in grammar.fields_of(where.owner))
        hints = (did_you_mean(name, choice.OPERATORS) for name in others)
        return next((hint for hint in hints if hint), None)


# -- what a table of fields cannot say


def _task(check: _Check, tree: dict[str, Json], where: _Where) -> None:
    timeout, heartbeat = tree.get("TimeoutSeconds"), tree.get("HeartbeatSeconds")
    if type(timeout) is int and type(heartbeat) is int and heartbeat >= timeout:
        check.findings.error(
            f"{where.pointer}/HeartbeatSeconds", "HeartbeatSeconds must be smaller than TimeoutSeconds"
        )
    integrations.check(check.findings, tree, where.pointer, where.language)


EXTRA: Final[Mapping[str, Callable[[_Check, dict[str, Json], _Where], None]]] = {
    "Task": _task,
    "Map": lambda check, tree, where: check.maps.state(tree, where.pointer),
    "ProcessorConfig": lambda check, tree, where: check.maps.processor_config(tree, where.pointer),
    "ItemReader": lambda check, tree, where: check.maps.item_reader(tree, where.pointer),
    "ItemBatcher": lambda check, tree, where: check.maps.item_batcher(tree, where.pointer),
    "ResultWriter": lambda check, tree, where: check.maps.result_writer(tree, where.pointer),
}

STRUCTURES: Final[Mapping[Kind, _Structure]] = {
    Kind.STATES: _Check.states,
    Kind.OBJECT: _Check.nested,
    Kind.OBJECTS: _Check.list_of,
    Kind.TEMPLATE: _Check.template,
    Kind.ASSIGN: _Check.assign,
    Kind.EXPRESSION: _Check.expression,
}


def _list(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
