"""A definition that was found somewhere: what it is called, where it stands, and how to read it.

Knows: names, places and how one of several is picked. Must never know: the kinds of templates.
"""

from __future__ import annotations

from asl_local.definition import source
from asl_local.definition.json_text import escape, unescape
from asl_local.errors import DefinitionNotFound, Diagnostic
from asl_local.lazy import TYPE_CHECKING, dataclass, field
from asl_local.values import Json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Final

    from asl_local.definition.pieces import Scalars
    from asl_local.definition.source import Source

_LONGEST_NAME: Final = 500
_MOST_NAMES: Final = 20  # that a message lists


@dataclass(frozen=True, slots=True)
class FoundDefinition:
    """One state machine of a file or folder; `load`, `validate` and the others take it as a definition.

    `name` is its logical ID, its key in serverless.yml, or what its file is called; `aliases` are other names that pick
    it (its StateMachineName, its construct in CDK). `type` is STANDARD or EXPRESS as the template says. `template` is
    the file that declares it, None for a definition that stands alone. `file` holds the text, which begins at `line`
    and `column` (from 1; None where that is not known). `substitutions` are its DefinitionSubstitutions, with what only
    a deployment knows as placeholders (`${Function.Arn}`).
    """

    name: str
    type: str = "STANDARD"
    template: str | None = None
    file: str = ""
    line: int | None = None
    column: int | None = None
    substitutions: Mapping[str, Json] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    read: Callable[[Mapping[str, Json]], Source] = field(repr=False, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file: its tree, its text and the places of its values. `folder` is what its paths are relative to."""

    tree: Json
    text: str | None
    name: str
    folder: str
    scalars: Scalars
    problems: tuple[Diagnostic, ...] = ()

    def problems_at(self, pointer: str) -> list[Diagnostic]:
        """What reading found at a pointer or below it, named as from there."""
        return [
            Diagnostic(d.code, d.severity, d.path[len(pointer) :], d.line, d.column, d.message, d.hint)
            for d in self.problems
            if d.path == pointer or d.path.startswith(f"{pointer}/")
        ]


def plain(name: str, file: str, read: Callable[[Mapping[str, Json]], Source]) -> FoundDefinition:
    """A definition that stands alone."""
    return FoundDefinition(name=name, file=file, line=1, column=1, read=read)


def plain_text(text: str, name: str, yaml: bool | None, called: str) -> FoundDefinition:
    """A text that is a definition."""
    return plain(
        called, name, lambda values: source.substitute(source.from_text(text, name, yaml=yaml, given=values), values)
    )


def has_signs(text: str) -> bool:
    """Whether a text may be a template: one of these is in whatever is one."""
    return "AWS::" in text or "stepFunctions" in text


def at(tree: Json, pointer: str) -> Json:
    """The value at a pointer, None if there is none."""
    for step in map(unescape, pointer.split("/")[1:]):
        if isinstance(tree, dict):
            tree = tree.get(step)
        elif isinstance(tree, list) and step.isdigit() and int(step) < len(tree):
            tree = tree[int(step)]
        else:
            return None
    return tree


def pointer_to(*steps: str) -> str:
    """The JSON pointer of these steps."""
    return "".join(f"/{escape(step)}" for step in steps)


def _some(names: list[str]) -> str:
    """The names, as many as somebody reads."""
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def pick(found: Sequence[FoundDefinition], name: str | None, where: str) -> FoundDefinition:
    """The one that a name means, or the only one. Raises DefinitionNotFound, which lists what there is."""
    if not found:
        raise DefinitionNotFound(f"{where} holds no state machine")
    if "\n" in where or len(where) > _LONGEST_NAME:  # the template's text itself
        where = "the template"
    names = [each.name for each in found]
    listed = _some(names)
    if name is None:
        if len(found) == 1:
            return found[0]
        raise DefinitionNotFound(f"{where} holds {len(found)} state machines, name one of them: {listed}")
    exact = [each for each in found if each.name == name] or [each for each in found if name in each.aliases]
    if len(exact) == 1:
        return exact[0]
    if exact:
        raise DefinitionNotFound(f"{where}: {name!r} means several state machines: {_some([e.name for e in exact])}")
    others = [*names, *(alias for each in found for alias in each.aliases)]
    from difflib import get_close_matches  # noqa: PLC0415 - only where a name is wrong

    close = get_close_matches(name, others, 1, 0.5)
    hint = f" (did you mean {close[0]!r}?)" if close else ""
    raise DefinitionNotFound(f"{where} holds no state machine {name!r}{hint}; there are: {listed}")
