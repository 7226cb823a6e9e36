"""What a Result shows of itself: its report, its timeline, and what a question finds in its output.

Knows: who draws. Must never know: how an execution was run. These are methods of Result (its class borrows them).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, overload

from asl_local.reporters.aws import query

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from asl_local.interfaces.result import Result
    from asl_local.values import Json


@overload
def to_html(result: Result, path: None = None, *, aws: Any = None) -> str: ...
@overload
def to_html(result: Result, path: str | os.PathLike[str], *, aws: Any = None) -> Path: ...
def to_html(result: Result, path: str | os.PathLike[str] | None = None, *, aws: Any = None) -> str | Path:
    """The execution report: one HTML page that needs nothing besides itself, with graph, states, timeline and events.

    Gives the page's text; with a path it is written there, whole or not at all, and the path given. With a LocalAWS as
    `aws`, references to pictures in its S3 are shown as small pictures. Raises OSError.
    """
    from asl_local.interfaces.viewing import writing  # noqa: PLC0415 - with all that draws

    text = writing.report(_run(result), aws)
    return text if path is None else writing.write(text, path)


def timeline(result: Result, width: int = 100, *, ascii: bool = False) -> str:
    """What happened when, as lines of text of at most `width` columns: `print(result.timeline())`.

    A tree of the states with a bar each, over an axis of the execution's time; `ascii` is for
    streams that have nothing else.
    """
    from asl_local.reporters.visits.text import timeline_text  # noqa: PLC0415 - see _run

    return timeline_text(_run(result), width, ascii=ascii)


def find(result: Result, path: str) -> list[Json]:
    """What a JSONPath (jsonpath-ng's dialect) finds in the output."""
    return query(path, result.output)


def card(result: Result) -> str:
    """The result in a notebook."""
    from asl_local.interfaces.viewing.notebooks import run_card  # noqa: PLC0415 - only in notebooks

    return run_card(_run(result))


def shallow(result: Result) -> Result:
    """The result once more, for copy.copy: with the same output, history and execution."""
    return _with(result, object.__getstate__(result)[1])  # type: ignore[index]


def deep(result: Result, memo: dict[int, Any]) -> Result:
    """The result once more, for copy.deepcopy."""
    import copy  # noqa: PLC0415 - few ask

    return _with(result, copy.deepcopy(object.__getstate__(result)[1], memo))  # type: ignore[index]


def _with(result: Result, slots: dict[str, Any]) -> Result:
    twin = object.__new__(type(result))
    for name, value in slots.items():
        setattr(twin, name, value)
    return twin


def refuse_pickle(_result: Result) -> NoReturn:
    """Say why, for pickle. An execution's states are functions that were made when its definition was loaded."""
    raise TypeError(
        "a Result cannot be pickled: it holds its execution, and functions that its definition was compiled to. Pickle what "
        "you need of it: result.output, result.status, result.history.to_aws(); or result.execution.dump(), which "
        "asl_local.Execution.load(text, machine.plan) gives back"
    )


def _run(result: Result) -> Any:
    """What the history says, read once: an execution that has ended says nothing more."""
    from asl_local.reporters.visits.whole import run_of  # noqa: PLC0415 - few ask, many have results

    if not result._runs:  # noqa: SLF001 - a method of Result
        result._runs.append(run_of(result))  # noqa: SLF001
    return result._runs[0]  # noqa: SLF001
