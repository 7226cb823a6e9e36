"""State machines in serverless.yml, as the plugin serverless-step-functions reads them.

Knows: `stepFunctions.stateMachines`, the Serverless Framework's variables (`${self:...}`, `${file(...)}`, `${opt:...}`)
and CloudFormation under `resources`. Must never know: how a CloudFormation function is evaluated (functions.py).
Source: serverless.com, "Variables"; the plugin's README.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from asl_local.definition.source import Source, substitute
from asl_local.definition.templates import cloudformation
from asl_local.definition.templates.found import FoundDefinition
from asl_local.definition.templates.functions import PSEUDO_PARAMETERS, Template, text_value
from asl_local.definition.templates.parsed import Document, at, pointer_to
from asl_local.lazy import replace
from asl_local.values import Json

_INNERMOST: Final = re.compile(r"[$#]\{([^${}]*)\}")
_OPEN: Final = "\0"  # stands before the braces of a variable that has no value, while others are filled
_FILE: Final = re.compile(r"file\(([^()]*)\)(?::([\w./-]+))?")
_DEFAULTS: Final = {"provider.stage": "dev", "provider.region": "us-east-1"}
_DEEPEST: Final = 20  # variables that lead to variables


class _Unknown:
    """The type of `UNKNOWN`."""


UNKNOWN: Final = _Unknown()  # a variable that has no value before deployment


def is_serverless(tree: Json) -> bool:
    """Whether a tree is a serverless.yml that may hold state machines."""
    if not isinstance(tree, dict) or "States" in tree:
        return False
    return "stepFunctions" in tree or ("service" in tree and "provider" in tree and "resources" in tree)


class Variables:
    """The variables of one service. `open_document` reads the files that they name."""

    def __init__(
        self, document: Document, given: Mapping[str, Json], open_document: Callable[[Path], Document | None]
    ) -> None:
        self.document = document
        self.given = given
        self.open_document = open_document
        self.used: set[str] = set()

    def fill(self, value: Json, deep: int = 0) -> Json:
        """A value with every variable in it that has one filled."""
        if isinstance(value, str):
            return self._text(value, deep) if "{" in value else value
        if isinstance(value, list):
            return [self.fill(item, deep) for item in value]
        if isinstance(value, dict):
            return {self.name(name, deep): self.fill(member, deep) for name, member in value.items()}
        return value

    def name(self, name: str, deep: int = 0) -> str:
        """A member's name, filled."""
        return text_value(self._text(name, deep)) if "${" in name else name

    def _text(self, text: str, deep: int) -> Json:
        while match := _INNERMOST.search(text):
            value = self.variable(match[1], deep)
            if value is UNKNOWN:
                text = f"{text[: match.start()]}{_OPEN}({match[1]}{_OPEN}){text[match.end() :]}"
            elif match.span() == (0, len(text)):
                return value
            else:
                text = text[: match.start()] + text_value(value) + text[match.end() :]
        return text.replace(f"{_OPEN}(", "${").replace(f"{_OPEN})", "}")

    def variable(self, text: str, deep: int) -> Json:
        """What the inside of `${...}` stands for: the first of its sources that has a value."""
        if text in self.given:
            self.used.add(text)
            return self.given[text]
        if deep > _DEEPEST:
            return UNKNOWN
        for source in _sources(text):
            value = self._source(source, deep)
            if value is not UNKNOWN:
                return value
        return UNKNOWN

    def _source(self, source: str, deep: int) -> Json:
        if source in self.given:
            self.used.add(source)
            return self.given[source]
        if source[:1] in ("'", '"') and source[-1:] == source[:1] and len(source) > 1:
            return source[1:-1]
        if source in PSEUDO_PARAMETERS:
            return PSEUDO_PARAMETERS[source]
        kind, colon, path = source.partition(":")
        if kind == "self" and colon:
            found = _member(self.document.tree, path)
            if found is UNKNOWN:
                return _DEFAULTS.get(path, UNKNOWN)
            return self.fill(found, deep + 1)
        if source == "sls:stage":
            return self.variable("opt:stage, self:provider.stage", deep + 1)
        if file := _FILE.fullmatch(source):
            document = self.open_document(Path(self.document.folder, file[1].strip()))
            found = UNKNOWN if document is None else _member(document.tree, file[2]) if file[2] else document.tree
            return found if found is UNKNOWN else self.fill(found, deep + 1)
        return {"true": True, "false": False, "null": None}.get(source, int(source) if source.isdigit() else UNKNOWN)

    def follow(self, document: Document, pointer: str) -> tuple[Document, str]:
        """Where a value stands really: it may be a `${file(...)}` or `${self:...}` and nothing else."""
        for _ in range(_DEEPEST):
            value = at(document.tree, pointer)
            match = _INNERMOST.fullmatch(value) if isinstance(value, str) else None
            if match is None:
                break
            source = _sources(match[1])[0]
            if file := _FILE.fullmatch(source):
                opened = self.open_document(Path(self.document.folder, file[1].strip()))
                if opened is None:
                    break
                document, pointer = opened, pointer_to(*(file[2] or "").split(".")) if file[2] else ""
            elif source.startswith("self:"):
                document, pointer = self.document, pointer_to(*source.removeprefix("self:").split("."))
            else:
                break
        return document, pointer


def _sources(text: str) -> list[str]:
    """`opt:stage, 'dev'` as its parts; a comma in quotes or parentheses is no separator."""
    return [part.strip() for part in re.findall(r"(?:'[^']*'|\"[^\"]*\"|\([^()]*\)|[^,])+", text)] or [""]


def _member(tree: Json, path: str) -> Json:
    for step in path.split("."):
        if isinstance(tree, dict) and step in tree:
            tree = tree[step]
        elif isinstance(tree, list) and step.isdigit() and int(step) < len(tree):
            tree = tree[int(step)]
        else:
            return UNKNOWN
    return tree


# --------------------------------------------------------------------------------------------------------- machines


def machines(
    document: Document, given: Mapping[str, Json], open_document: Callable[[Path], Document | None]
) -> list[FoundDefinition]:
    """Every state machine of a serverless.yml: the plugin's, then those under `resources`."""
    variables = Variables(document, given, open_document)
    holder, pointer = variables.follow(document, "/stepFunctions")
    holder, pointer = variables.follow(holder, f"{pointer}/stateMachines")
    listed = at(holder.tree, pointer)
    found = [
        _Machine(document, open_document, *variables.follow(holder, f"{pointer}{pointer_to(name)}"), name).found(given)
        for name in (listed if isinstance(listed, dict) else ())
    ]
    return [*found, *_resources(document, variables, given)]


class _Machine:
    """One state machine of the plugin."""

    def __init__(
        self, document: Document, open_document: Callable[[Path], Document | None], holder: Document, pointer: str,
        name: str,
    ) -> None:  # fmt: skip
        self.document = document
        self.open_document = open_document
        self.holder = holder
        self.pointer = pointer
        self.name = name

    def found(self, given: Mapping[str, Json]) -> FoundDefinition:
        """What is known of it before it is read."""
        variables = Variables(self.document, given, self.open_document)
        body = at(self.holder.tree, self.pointer)
        body = body if isinstance(body, dict) else {}
        said = {field: variables.fill(body[field]) for field in ("type", "name") if field in body}
        owner, where = self.where(variables)
        line, column = owner.scalars.start(where) or (None, None)
        kind, alias = str(said.get("type", "")).upper(), said.get("name")
        return FoundDefinition(
            name=self.name,
            type=kind if kind in ("STANDARD", "EXPRESS") else "STANDARD",
            template=self.document.name,
            file=owner.name,
            line=line,
            column=column,
            aliases=(alias,) if isinstance(alias, str) and alias != self.name else (),
            read=self.read,
        )

    def where(self, variables: Variables) -> tuple[Document, str]:
        """Where the definition stands."""
        return variables.follow(self.holder, f"{self.pointer}/definition")

    def read(self, given: Mapping[str, Json]) -> Source:
        """The definition. Raises InvalidDefinition where there is none."""
        variables = Variables(self.document, given, self.open_document)
        owner, where = self.where(variables)
        written = at(owner.tree, where)
        template = Template(self.names(), owner.scalars, owner.name, given)
        if written is None:
            template.refuse(where, f"The state machine '{self.name}' has no definition")
        filled = variables.fill(written)
        if isinstance(filled, str):
            template.refuse(where, f"The definition is {filled!r}, which names no file that can be read here")
        rendering = template.render(filled, where)
        source = Source(
            rendering.tree, owner.text, owner.name, owner.problems_at(where),
            lambda: owner.scalars.layout(rendering.moved), worded=rendering.worded,
        )  # fmt: skip
        known = {name for name in given if any(name.startswith(each) for each in template.names())}
        done = substitute(source, given, expected=template.rendered, elsewhere=variables.used | known)
        done.problems = (*done.problems, *template.warnings())
        return done

    def names(self) -> dict[str, Json]:
        """What functions of the definition may name: the service's functions, its machines, and its resources."""
        tree = self.document.tree
        functions = tree.get("functions")
        names: dict[str, Json] = {name: {} for name in functions} if isinstance(functions, dict) else {}
        declared = _member(tree, "resources.Resources")
        return {"Resources": {**names, **declared} if isinstance(declared, dict) else names}


def _resources(document: Document, variables: Variables, given: Mapping[str, Json]) -> list[FoundDefinition]:
    """Plain CloudFormation under `resources`: one template, or a list of some."""
    blocks = document.tree.get("resources")
    pointers = [f"/resources/{n}" for n in range(len(blocks))] if isinstance(blocks, list) else ["/resources"]
    found: list[FoundDefinition] = []
    for pointer in pointers:
        holder, where = variables.follow(document, pointer)
        block = at(holder.tree, where)
        if not cloudformation.is_template(block):
            continue
        part = replace(
            holder,
            tree=variables.fill(block),
            scalars=holder.scalars.below(where),
            problems=tuple(holder.problems_at(where)),
        )
        found += cloudformation.machines(part, given)
    return found
