"""One of several definitions, picked by name.

Knows: names. Must never know: the kinds of templates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from asl_local.errors import DefinitionNotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asl_local.definition.templates.found import FoundDefinition

_LONGEST_NAME: Final = 500
_MOST_NAMES: Final = 20  # that a message lists


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
