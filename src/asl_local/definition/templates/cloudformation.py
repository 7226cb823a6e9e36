"""State machines in CloudFormation and SAM templates, as people write them and as CDK does.

Knows: the resource types that are state machines, their properties, and files that a template refers to.
Must never know: how a function of a template is evaluated (functions.py).
Source: CloudFormation Template Reference, "AWS::StepFunctions::StateMachine"; SAM, "AWS::Serverless::StateMachine".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from asl_local.definition.pieces import Composed
from asl_local.definition.source import Source, from_pieces, from_text, substitute, text_and_name
from asl_local.definition.templates.found import FoundDefinition
from asl_local.definition.templates.functions import Template, function_of, text_value
from asl_local.definition.templates.parsed import Document, pointer_to
from asl_local.errors import InvalidDefinition
from asl_local.lazy import replace
from asl_local.values import Json

# The resource types, and the property that says STANDARD or EXPRESS.
MACHINES: Final = {"AWS::StepFunctions::StateMachine": "StateMachineType", "AWS::Serverless::StateMachine": "Type"}
_NESTED: Final = {"AWS::CloudFormation::Stack": "TemplateURL", "AWS::Serverless::Application": "Location"}
_ELSEWHERE: Final = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)


def is_template(tree: Json) -> bool:
    """Whether a tree is a template that may hold state machines."""
    resources = tree.get("Resources") if isinstance(tree, dict) else None
    return isinstance(resources, dict) and "States" not in tree


def resources_of(tree: Mapping[str, Json], types: Mapping[str, str]) -> Iterator[tuple[str, Mapping[str, Json], str]]:
    """Logical ID, properties and type of every resource of some types."""
    for name, resource in tree["Resources"].items():
        kind = resource.get("Type") if isinstance(resource, dict) else None
        if isinstance(kind, str) and kind in types:
            properties = resource.get("Properties")
            yield name, properties if isinstance(properties, dict) else {}, kind


def machines(document: Document, given: Mapping[str, Json]) -> list[FoundDefinition]:
    """Every state machine of a template, in its order; those that a loop would make are there to be refused."""
    found = [
        _machine(document, name, properties, MACHINES[kind], given)
        for name, properties, kind in resources_of(document.tree, MACHINES)
    ]
    for name, resource in document.tree["Resources"].items():
        if name.startswith("Fn::ForEach::") and any(kind in json.dumps(resource) for kind in MACHINES):
            found.append(_loop(document, name))
    return found


def _loop(document: Document, name: str) -> FoundDefinition:
    at = pointer_to("Resources", name)
    template = Template(document.tree, document.scalars, document.name, {})
    line, column = template.place(at)

    def read(_given: Mapping[str, Json]) -> Source:
        template.refuse(at, "Fn::ForEach is not expanded here", "write the state machines out")

    return FoundDefinition(
        name.removeprefix("Fn::ForEach::"), "STANDARD", document.name, document.name, line, column, read=read
    )


def nested(document: Document, given: Mapping[str, Json]) -> list[tuple[str, Path]]:
    """The templates of nested stacks that are local files, each with the stack's logical ID."""
    template = Template(document.tree, document.scalars, document.name, given)
    found = []
    for name, properties, kind in resources_of(document.tree, _NESTED):
        metadata = document.tree["Resources"][name].get("Metadata")
        asset = metadata.get("aws:asset:path") if isinstance(metadata, dict) else None
        location = asset or template.value(properties.get(_NESTED[kind]), pointer_to("Resources", name, "Properties"))
        if isinstance(location, str) and not _ELSEWHERE.match(location) and "${" not in location:
            path = Path(document.folder, location)
            if path.is_file():
                found.append((name, path))
    return found


def _machine(
    document: Document, name: str, properties: Mapping[str, Json], type_field: str, given: Mapping[str, Json]
) -> FoundDefinition:
    machine = _Machine(document, name, properties)
    template = machine.template(given)
    at = machine.at
    field = next((each for each in READERS if each in properties), "")
    line, column = template.place(f"{at}/{field}" if field else at)
    found = FoundDefinition(name, "STANDARD", document.name, document.name, line, column, read=machine.read)
    try:
        said = {
            each: template.text(properties[each], f"{at}/{each}")
            for each in (type_field, "StateMachineName", "Name")
            if each in properties
        }
        path = machine.local(template, properties[field], f"{at}/{field}", silent=True) if field in _FILES else None
        substitutions = machine.substitutions(template)
    except InvalidDefinition:
        return found  # reading it says why
    aliases = [said.get("StateMachineName", ""), said.get("Name", ""), *_constructs(document.tree["Resources"][name])]
    kind = said.get(type_field)
    return replace(
        found,
        type=kind if kind in ("STANDARD", "EXPRESS") else "STANDARD",
        substitutions=substitutions,
        aliases=tuple(dict.fromkeys(alias for alias in aliases if alias and alias != name)),
        file=found.file if path is None else str(path),
        line=found.line if path is None else 1,
        column=found.column if path is None else 1,
    )


def _constructs(resource: Mapping[str, Json]) -> list[str]:
    """What CDK's source calls a resource: its path in the tree of constructs, and the last name of that."""
    metadata = resource.get("Metadata")
    path = metadata.get("aws:cdk:path") if isinstance(metadata, dict) else None
    if not isinstance(path, str):
        return []
    path = path.removesuffix("/Resource")
    return [path, path.rpartition("/")[2]]


class _Machine:
    """One state machine of a template."""

    def __init__(self, document: Document, name: str, properties: Mapping[str, Json]) -> None:
        self.document = document
        self.name = name
        self.properties = properties
        self.at = pointer_to("Resources", name, "Properties")

    def template(self, given: Mapping[str, Json]) -> Template:
        return Template(self.document.tree, self.document.scalars, self.document.name, given)

    def substitutions(self, template: Template) -> dict[str, Json]:
        at = f"{self.at}/DefinitionSubstitutions"
        values = template.value(self.properties.get("DefinitionSubstitutions", {}), at)
        if not isinstance(values, dict):
            template.refuse(at, "DefinitionSubstitutions is an object of names and values")
        return values

    def read(self, given: Mapping[str, Json]) -> Source:
        """The definition. Raises InvalidDefinition where the template or the text has none."""
        template = self.template(given)
        present = [field for field in READERS if field in self.properties]
        if len(present) != 1:
            what = f"one of {', '.join(present)}" if present else f"one of {', '.join(READERS)}"
            template.refuse(self.at, f"The state machine '{self.name}' needs exactly {what}")
        field = present[0]
        substitutions = self.substitutions(template)
        values = {**substitutions, **given}
        source = READERS[field](self, template, self.properties[field], f"{self.at}/{field}", values)
        expected = template.rendered
        filled = substitute(source, values, expected=expected, elsewhere=self.known(template))
        filled.problems = (*filled.problems, *template.warnings())
        return filled

    def known(self, template: Template) -> set[str]:
        """Names that a value may be given for although this definition does not use them."""
        return {name for name in template.given if any(name.startswith(each) for each in template.names())}

    # -- the four places of a definition

    def from_object(self, template: Template, value: Json, at: str, _values: Mapping[str, Json]) -> Source:
        rendering = template.render(value, at)
        if isinstance(rendering.tree, str):
            return self.from_string(template, value, at, _values)
        return Source(
            rendering.tree, self.document.text, self.document.name, self.document.problems_at(at),
            lambda: template.scalars.layout(rendering.moved), worded=rendering.worded,
        )  # fmt: skip

    def from_string(self, template: Template, value: Json, at: str, values: Mapping[str, Json]) -> Source:
        if isinstance(value, dict) and function_of(value) is None:
            template.refuse(at, "DefinitionString is a text", "an object belongs into Definition")
        composed = Composed(template.pieces(value, at))
        if not composed.text.strip():
            template.refuse(at, "The definition is empty")
        return from_pieces(composed, self.document.text or composed.text, self.document.name, values)

    def from_file(self, template: Template, value: Json, at: str, values: Mapping[str, Json]) -> Source:
        path = self.local(template, value, at, silent=False)
        assert path is not None
        text, name, yaml = text_and_name(path)
        return from_text(text, name, yaml=yaml, given=values)

    def local(self, template: Template, value: Json, at: str, *, silent: bool) -> Path | None:
        """The file that DefinitionUri or DefinitionS3Location names. None for none if `silent`, otherwise refused."""
        location = template.value(value, at)
        path: Path | None = None
        if isinstance(location, dict):
            path = _asset(Path(self.document.folder), text_value(location.get("Key")))
        elif isinstance(location, str) and not _ELSEWHERE.match(location):
            path = Path(self.document.folder, location)
        if silent:
            return path if path is not None and path.is_file() else None
        if path is None:
            shown = location if isinstance(location, str) else json.dumps(location)
            template.refuse(at, f"The definition lies elsewhere: {shown}", "give the path of a local file")
        if not path.is_file():
            template.refuse(at, f"There is no file {path}")
        return path


def _asset(folder: Path, key: str) -> Path | None:
    """The file that CDK uploads under an S3 key, as the `*.assets.json` of its output folder say."""
    for manifest in sorted(folder.glob("*.assets.json")):
        try:
            files = json.loads(manifest.read_text("utf-8")).get("files", {})
        except (OSError, ValueError, AttributeError):
            continue
        for asset in files.values() if isinstance(files, dict) else ():
            destinations = asset.get("destinations", {})
            if any(destination.get("objectKey") == key for destination in destinations.values()):
                return folder / str(asset.get("source", {}).get("path", ""))
    plain = folder / f"asset.{key}"
    return plain if key and plain.is_file() else None


_FILES: Final = ("DefinitionUri", "DefinitionS3Location")
READERS: Final[Mapping[str, Callable[[_Machine, Template, Any, str, Mapping[str, Json]], Source]]] = {
    "Definition": _Machine.from_object,
    "DefinitionString": _Machine.from_string,
    "DefinitionUri": _Machine.from_file,
    "DefinitionS3Location": _Machine.from_file,
}

__all__ = ["MACHINES", "is_template", "machines", "nested", "resources_of"]
