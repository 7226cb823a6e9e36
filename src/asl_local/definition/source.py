"""Whatever a definition is given as -> its plain JSON tree, with the place of everything in it.

Knows: files, encodings, JSON and YAML texts, definition substitutions. Must never know: what a state machine is.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from asl_local.definition import json_text
from asl_local.definition.json_text import DEEPEST, Fault, Layout, UnreadableText
from asl_local.errors import Diagnostic, InvalidDefinition, NotJson
from asl_local.lazy import TYPE_CHECKING, later, pattern
from asl_local.values import Json, accept, text_of

if TYPE_CHECKING:
    import difflib
    import pathlib
    from collections.abc import Callable, Iterable
    from typing import Any, TypeAlias

    from asl_local.definition import pieces, yaml_text
    from asl_local.definition.templates import filled
else:  # JSON without placeholders needs none of these
    later(
        globals(), "difflib", "pathlib", "asl_local.definition.pieces", "asl_local.definition.yaml_text",
        "asl_local.definition.templates.filled",
    )  # fmt: skip

Definition: TypeAlias = "str | os.PathLike[str] | bytes | Mapping[str, Any]"
Position: TypeAlias = tuple[int, int] | tuple[None, None]

LONGEST_TEXT = 1_048_576  # characters: CreateStateMachine, "definition"
_ENDINGS = (".json", ".yaml", ".yml")
_YAML_ENDINGS = (".yaml", ".yml")
_LOOKS_LIKE_YAML = pattern(r"\s*(?:#[^\n]*\n\s*)*(?:---|%YAML|[A-Za-z_\"'][\w \"']*:(?:\s|$))")
_LOOKS_LIKE_A_PATH = pattern(r"[^\s:\"\[]*(?:/|\.[A-Za-z])[^\s:\"\[]*")
# The name is not empty: `${}` is how States.Format writes a price.
PLACEHOLDER = pattern(r"\$\{([^${}]+)\}")


class Source:
    """A definition as it was given: its tree, its text (None for a dict), its name, and where things stand.

    `problems` are faults that left the tree readable: members given twice, YAML's traps, unused substitutions.
    `worded` holds the pointers of strings that are a substitution's text and nothing else: such a text may stand for a
    number or a boolean. `used` are substitutions that were filled into the text before it was read.
    """

    def __init__(
        self, tree: Json, text: str | None, name: str, problems: Iterable[Diagnostic] = (),
        layout: Callable[[], Layout] | None = None, *, worded: Iterable[str] = (), used: Iterable[str] = (),
    ) -> None:  # fmt: skip
        self.tree = tree
        self.text = text
        self.name = name
        self.problems = tuple(problems)
        self.worded = frozenset(worded)
        self.used = frozenset(used)
        self._make_layout = layout
        self._layout: Layout | None = None

    def position(self, pointer: str, key: bool = False) -> Position:
        """Line and column, from 1, of the value at a JSON pointer, or of the key before it; Nones if unknown."""
        places = self.layout()
        return (places.keys.get(pointer) if key else None) or places.values.get(pointer) or (None, None)

    def layout(self) -> Layout:
        """Where everything stands; made when it is first asked for. Empty for a dict."""
        if self._layout is None:
            self._layout = self._make_layout() if self._make_layout else Layout()
        return self._layout


def read(definition: Definition | None, substitutions: Mapping[str, Any] | None = None) -> Source:
    """The source of a definition: a path, JSON or YAML text, bytes of such text, or a mapping.

    A string is a path if it ends in .json, .yaml or .yml or names an existing file, text otherwise. Raises
    InvalidDefinition where there is no tree to speak of, and OSError where a file cannot be read.
    """
    if isinstance(definition, Mapping):
        return substitute(_from_mapping(definition), substitutions)
    text, name, yaml = text_and_name(definition)
    return substitute(from_text(text, name, yaml=yaml, given=substitutions or {}), substitutions)


def text_and_name(definition: Definition | None) -> tuple[str, str, bool | None]:
    """The text of a path, text or bytes, its name in messages, and whether it is YAML (None: its look decides)."""
    if definition is None:
        raise refusal("MISSING_DESCRIPTION", "There is no definition", "definition")
    if isinstance(definition, bytes):
        return _decode(definition, "definition"), "definition", None
    if isinstance(definition, os.PathLike) or (isinstance(definition, str) and is_path(definition)):
        return _contents(plain_path(definition))
    if isinstance(definition, str):
        return definition.removeprefix("\ufeff"), "definition", None
    raise TypeError(f"a definition is a path, a text or a mapping, not a {type(definition).__name__}")


def plain_path(path: str | os.PathLike[str]) -> str:
    """A path as pathlib writes it, which most paths are already."""
    text = os.fspath(path)
    if os.sep != "/" or "//" in text or "./" in text or text.endswith(("/", "/.")):
        return str(pathlib.Path(text))
    return text


def is_path(text: str) -> bool:
    """Whether a string is meant as a file's name."""
    if "\n" in text or "{" in text.replace("${", "") or len(text) > 4096 or "\0" in text or not text.strip():
        return False
    if text.lower().endswith(_ENDINGS):
        return True
    return _LOOKS_LIKE_A_PATH.fullmatch(text) is not None or os.path.exists(text)  # noqa: PTH110 - may be no path at all


def refusal(code: str, message: str, name: str, hint: str | None = None) -> InvalidDefinition:
    """What is raised where there is no tree to speak of."""
    return InvalidDefinition([Diagnostic(code, "ERROR", "", None, None, message, hint)], name)


def _from_mapping(definition: Mapping[str, Any]) -> Source:
    try:
        tree = accept(definition)
    except NotJson as error:
        raise refusal("INVALID_JSON_DESCRIPTION", f"{error.path}: {error.reason}", "definition") from None
    return Source(tree, None, "definition")


def _contents(path: str) -> tuple[str, str, bool | None]:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - pathlib's import takes longer than all of this file's
            data = file.read()
    except FileNotFoundError:
        raise FileNotFoundError(2, f"there is no such file{_near_misses(pathlib.Path(path))}", path) from None
    ending = os.path.splitext(path)[1].lower()  # noqa: PTH122 - see above
    return _decode(data, path), path, ending in _YAML_ENDINGS if ending in _ENDINGS else None


def _near_misses(path: pathlib.Path) -> str:
    """What the file may be called really: names in its folder that look alike, or the definitions there."""
    folder = path.parent
    if not folder.is_dir():
        return f" (nor a folder {folder})"
    names = sorted(entry.name for entry in folder.iterdir() if entry.is_file())
    close = difflib.get_close_matches(path.name, names, 3, 0.6) or [n for n in names if n.endswith(_ENDINGS)][:5]
    return f" (did you mean {', '.join(close)}?)" if close else ""


def _decode(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = len(data[data.rfind(b"\n", 0, error.start) + 1 : error.start].decode("utf-8", "replace")) + 1
        hint = "it is UTF-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "save the file as UTF-8"
        raise InvalidDefinition(
            [Diagnostic("INVALID_JSON_DESCRIPTION", "ERROR", "", line, column, "The text is not UTF-8", hint)], name
        ) from None


def looks_like_yaml(text: str) -> bool:
    """Whether a text whose file's name does not say so is YAML."""
    return not text.lstrip().startswith("{") and _LOOKS_LIKE_YAML.match(text) is not None


def from_text(text: str, name: str, *, yaml: bool | None = None, given: Mapping[str, Any]) -> Source:
    """The source of a text. `given` fills placeholders outside of JSON's strings, and no others."""
    if not text:
        raise refusal("MISSING_DESCRIPTION", "The definition is empty", name)
    if not text.strip():
        raise refusal("SCHEMA_VALIDATION_FAILED", "Definition must be a valid JSON object", name, "it is blank")
    if len(text) > LONGEST_TEXT:
        raise refusal(
            "INVALID_JSON_DESCRIPTION", f"The text has {len(text):,} characters; AWS takes {LONGEST_TEXT:,}", name
        )
    if yaml is None:
        yaml = looks_like_yaml(text)
    code = "INVALID_YAML_DESCRIPTION" if yaml else "INVALID_JSON_DESCRIPTION"
    layout: Layout | None
    try:
        tree, layout = yaml_text.load(text) if yaml else json_text.load(text)
    except UnreadableText as error:
        if not yaml and "${" in text:
            place = pieces.lines_of(text)
            return from_pieces(pieces.Composed([pieces.Piece(text, place)]), text, name, given)
        raise InvalidDefinition([diagnostic(code, fault) for fault in error.faults], name) from None
    known = layout
    return Source(
        tree, text, name, [diagnostic(code, fault) for fault in (layout.faults if layout else ())],
        (lambda: json_text.layout(text)) if known is None else (lambda: known),
    )  # fmt: skip


def from_pieces(composed: pieces.Composed, text: str, name: str, given: Mapping[str, Any]) -> Source:
    """The source of a JSON text that was put together from pieces of the file whose whole text is `text`."""
    used: set[str] = set()
    try:
        try:
            tree, faults = composed.load()
        except UnreadableText:
            found = pieces.bare_placeholders(composed, given) if "${" in composed.text else None
            if found is None:
                raise
            composed, used = found
            tree, faults = composed.load()
    except UnreadableText as error:
        problems = [diagnostic("INVALID_JSON_DESCRIPTION", fault) for fault in error.faults]
        raise InvalidDefinition(problems, name) from None
    problems = [diagnostic("INVALID_JSON_DESCRIPTION", fault) for fault in faults]
    return Source(tree, text, name, problems, composed.layout, used=used)


def diagnostic(code: str, fault: Fault) -> Diagnostic:
    """A fault of a text as a diagnostic."""
    return Diagnostic(code, "ERROR", fault.pointer, fault.line, fault.column, fault.message, fault.hint)


# --------------------------------------------------------------------------------------------------- substitutions


def substitute(
    source: Source,
    substitutions: Mapping[str, Any] | None,
    *,
    expected: Iterable[str] = (),
    elsewhere: Iterable[str] = (),
) -> Source:
    """Fills `${name}` in every string, keys included; what is given and not used, or used and not given, is told.

    Placeholders that are `expected` need no value, and what is given for `elsewhere` need not be used here.
    """
    if source.text is not None and not substitutions and "${" not in source.text:
        limit_depth(source.tree, source.name)
        return source
    if source.text is None and not substitutions and _is_plain(source.tree):
        return source
    return filled.fill(source, substitutions or {}, expected, elsewhere)


def _is_plain(tree: Json) -> bool:
    """Whether a tree has no placeholder for certain, and no level that would be refused."""
    try:
        return not _is_deep(tree) and "${" not in text_of(tree)
    except ValueError:  # a number that has too many digits to be written
        return False


def limit_depth(tree: Json, name: str) -> None:
    """Raise InvalidDefinition for a tree that is nested too deeply for the walks over it."""
    if _is_deep(tree):
        raise refusal("INVALID_JSON_DESCRIPTION", f"nested more than {DEEPEST} levels deep", name)


def _is_deep(tree: Json) -> bool:
    level: list[Json] = [[tree]]
    depth = -1
    while level := [
        inner
        for value in level
        for inner in (value.values() if value.__class__ is dict else value)
        if inner.__class__ is dict or inner.__class__ is list
    ]:
        depth += 1
        if depth == DEEPEST and any(level):  # what is in them is a level deeper
            return True
    return False
