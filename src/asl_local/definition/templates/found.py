"""A definition that was found somewhere: what it is called, where it stands, and how to read it.

Knows: names and places. Must never know: the kinds of templates.
"""

from __future__ import annotations

from asl_local.definition import source
from asl_local.lazy import TYPE_CHECKING, dataclass, field, hinted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from asl_local.definition.source import Source
    from asl_local.values import Json


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


hinted(globals())
