"""Files as documents, and what kind each is: a plain definition, a template, a serverless.yml, a folder of such.

Knows: how kinds are told apart, and CDK's output folder. Must never know: what stands where in a template.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from asl_local.definition import json_text, source
from asl_local.definition.json_text import Layout, UnreadableText
from asl_local.definition.source import Definition
from asl_local.definition.templates.found import FoundDefinition, has_signs, plain, plain_text
from asl_local.definition.templates.parsed import Document
from asl_local.errors import InvalidDefinition
from asl_local.lazy import later, pattern, replace
from asl_local.values import Json

if TYPE_CHECKING:
    import pathlib
    from pathlib import Path

    from asl_local.definition import pieces, yaml_text
    from asl_local.definition.templates import cloudformation, serverless
else:  # a plain definition in JSON needs none of these
    later(
        globals(), "pathlib", "asl_local.definition.pieces", "asl_local.definition.yaml_text",
        "asl_local.definition.templates.cloudformation", "asl_local.definition.templates.serverless",
    )  # fmt: skip

# Every template that has a machine or nested stacks names their types; every serverless.yml its plugin's section.
_MAY_BE_TEMPLATE: Final = pattern(
    r"AWS::(?:StepFunctions|Serverless)::StateMachine|\bstepFunctions\b|AWS::CloudFormation::Stack|"
    r"AWS::Serverless::Application"
)
_MAY_BE_MACHINE: Final = pattern(r"\bStartAt\b")
_IS_ASSEMBLY: Final = pattern(r'"artifacts"\s*:')
_ENDINGS: Final = (".json", ".yaml", ".yml", ".template")
_NOT_SEARCHED: Final = {"node_modules", "__pycache__", "venv"}  # and hidden folders
_LARGEST: Final = 5_000_000  # bytes of a file in a folder that is read to see what it is


def find(definition: Definition | FoundDefinition | None, given: Mapping[str, Json]) -> list[FoundDefinition]:
    """Every state machine of a path, text or mapping, in order; of a folder by file."""
    if isinstance(definition, FoundDefinition):
        return [definition]
    if isinstance(definition, Mapping):
        return _of_mapping(definition, given)
    path = source.plain_path(definition) if isinstance(definition, os.PathLike) else None
    if isinstance(definition, str) and (source.is_path(definition) or os.path.isdir(definition)):  # noqa: PTH112 - may be no path
        path = source.plain_path(definition)
    if path is not None and os.path.isdir(path):  # noqa: PTH112 - pathlib takes long to import
        return _of_folder(pathlib.Path(path), given)
    text, name, yaml = source.text_and_name(definition)
    return _of_text(path, text, name, yaml, given)


def _of_mapping(tree: Mapping[str, Any], given: Mapping[str, Json]) -> list[FoundDefinition]:
    if "States" not in tree and (cloudformation.is_template(tree) or serverless.is_serverless(tree)):
        try:
            accepted = source.read(tree).tree
        except InvalidDefinition:
            pass  # reading it says why
        else:
            document = Document(accepted, None, "definition", "", pieces.Scalars("", Layout))
            if found := _of_document(document, given):
                return found
    return [plain("StateMachine", "definition", lambda values: source.read(tree, values))]


def _of_text(
    path: str | None, text: str, name: str, yaml: bool | None, given: Mapping[str, Json]
) -> list[FoundDefinition]:
    file = "" if path is None else os.path.basename(path)  # noqa: PTH119 - pathlib takes long to import
    if path is not None and file == "manifest.json" and _IS_ASSEMBLY.search(text):
        return _of_assembly(pathlib.Path(path), given)
    if _may_be_template(text):
        document = document_of(text, name, "" if path is None else str(pathlib.Path(path).parent), yaml)
        if document is not None and (found := _of_document(document, given)):
            return found
    stem = file.split(".")[0]

    return [plain_text(text, name, yaml, stem or "StateMachine")]


def _may_be_template(text: str) -> bool:
    return has_signs(text) and _MAY_BE_TEMPLATE.search(text) is not None


def _of_document(document: Document, given: Mapping[str, Json]) -> list[FoundDefinition]:
    """The machines of a template, and those of the templates that it nests."""
    if serverless.is_serverless(document.tree):
        return serverless.machines(document, given, _open)
    if not cloudformation.is_template(document.tree):
        return []
    return _with_nested(document, given, {document.name})


def _with_nested(document: Document, given: Mapping[str, Json], seen: set[str]) -> list[FoundDefinition]:
    found = cloudformation.machines(document, given)
    for stack, path in cloudformation.nested(document, given):
        inner = _open(path) if str(path) not in seen else None
        if inner is not None and cloudformation.is_template(inner.tree):
            seen.add(str(path))
            found += [_inside(stack, each) for each in _with_nested(inner, given, seen)]
    return found


def _inside(stack: str, found: FoundDefinition) -> FoundDefinition:
    """A machine of a nested stack: `Stack/Machine`; its own name picks it where it is the only one."""
    return replace(found, name=f"{stack}/{found.name}", aliases=(found.name, *found.aliases))


def document_of(text: str, name: str, folder: str, yaml: bool | None) -> Document | None:
    """The document of a text, None if it cannot be read."""
    if yaml is None:
        yaml = source.looks_like_yaml(text)
    layout: Layout | None
    try:
        tree, layout = yaml_text.load(text, template=True) if yaml else json_text.load(text)
        source.limit_depth(tree, name)
    except (UnreadableText, InvalidDefinition):
        return None
    known = layout
    places = cache(lambda: json_text.layout(text)) if known is None else (lambda: known)
    code = "INVALID_YAML_DESCRIPTION" if yaml else "INVALID_JSON_DESCRIPTION"
    problems = tuple(source.diagnostic(code, fault) for fault in (layout.faults if layout else ()))
    return Document(tree, text, name, folder, pieces.Scalars(text, places), problems)


def _open(path: Path) -> Document | None:
    """The document of a file; None if there is none, or it is no text in JSON or YAML."""
    try:
        text, name, yaml = source.text_and_name(path)
    except (OSError, InvalidDefinition):
        return None
    return document_of(text, name, str(path.parent), yaml)


# --------------------------------------------------------------------------------------------------------- folders


def _of_folder(folder: Path, given: Mapping[str, Json]) -> list[FoundDefinition]:
    """CDK's output folder by its manifest; any other by every file in it and below that is a definition or a template."""
    if (folder / "manifest.json").is_file() and list(folder.glob("*.template.json")):
        return _of_assembly(folder / "manifest.json", given)
    found: list[FoundDefinition] = []
    for path in _candidates(folder):
        text, name, yaml = source.text_and_name(path)
        found += _of_text(str(path), text, name, yaml, given)
    return _once(found)


def _candidates(folder: Path) -> Iterator[Path]:
    for where, folders, files in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f not in _NOT_SEARCHED)
        for name in sorted(files):
            path = pathlib.Path(where, name)
            if path.suffix.lower() in _ENDINGS and _is_one(path):
                yield path


def _is_one(path: Path) -> bool:
    """Whether a file is a definition or a template, by its name or its content."""
    if ".asl." in path.name.lower():
        return True
    try:
        if path.stat().st_size > _LARGEST:
            return False
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return False
    if not _may_be_template(text) and not _MAY_BE_MACHINE.search(text):
        return False
    yaml = path.suffix.lower() in (".yaml", ".yml") or (
        path.suffix.lower() == ".template" and source.looks_like_yaml(text)
    )
    document = document_of(text, str(path), str(path.parent), yaml)
    if document is None:
        return False
    tree = document.tree
    if cloudformation.is_template(tree):
        return bool(cloudformation.machines(document, {}))
    return serverless.is_serverless(tree) or (isinstance(tree, dict) and {"StartAt", "States"} <= tree.keys())


def _of_assembly(manifest: Path, given: Mapping[str, Json]) -> list[FoundDefinition]:
    """The machines of CDK's output: of the stacks that its manifest names, and of the assemblies inside it."""
    try:
        artifacts = json.loads(manifest.read_text("utf-8")).get("artifacts", {})
    except (ValueError, AttributeError):
        artifacts = {}
    found: list[FoundDefinition] = []
    for artifact in artifacts.values() if isinstance(artifacts, dict) else ():
        properties = artifact.get("properties", {}) if isinstance(artifact, dict) else {}
        if artifact.get("type") == "aws:cloudformation:stack" and "templateFile" in properties:
            document = _open(manifest.parent / properties["templateFile"])
            found += _of_document(document, given) if document is not None else []
        elif artifact.get("type") == "cdk:cloud-assembly" and "directoryName" in properties:
            inner = manifest.parent / properties["directoryName"] / "manifest.json"
            found += _of_assembly(inner, given) if inner.is_file() else []
    return _once(found)


def _once(found: list[FoundDefinition]) -> list[FoundDefinition]:
    """Each definition once: not by itself where a template refers to its file; equal names with the file's before."""
    referred = {os.path.realpath(each.file) for each in found if each.template is not None}
    kept = [each for each in found if each.template is not None or os.path.realpath(each.file) not in referred]
    names = [each.name for each in kept]
    return [
        each
        if names.count(each.name) == 1
        else replace(
            each,
            name=f"{pathlib.Path(each.template or each.file).name.split('.')[0]}/{each.name}",
            aliases=(each.name, *each.aliases),
        )
        for each in kept
    ]
