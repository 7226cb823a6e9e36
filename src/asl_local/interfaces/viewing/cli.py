"""`asl-local view`: a recorded execution -> its report, as a file.

Knows: files, options, the records of a root. Must never know: what a history means, or what a report shows.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import Any

from asl_local.errors import AslError, InvalidDefinition, InvalidHistory
from asl_local.interfaces import cli
from asl_local.interfaces.cli import UsageError
from asl_local.interfaces.cli_run import problems
from asl_local.interfaces.records import Records
from asl_local.interfaces.viewing import writing
from asl_local.interfaces.viewing.python import view

_STANDARD = "-"


def run(options: argparse.Namespace) -> int:
    """The command. Gives 0 once the report is written, 2 for what cannot be read."""
    given, beside, recorded = _history(options.history, Records(cli.root_of(options)))
    target = _target(options, beside)
    if target is not None:
        writing.check_writable(target)
    try:
        shown = view(
            given,
            None if options.definition is None else Path(options.definition),
            execution=None if options.execution is None else Path(options.execution),
            substitutions=dict(options.substitute) or None,
            name=options.machine,
        )
    except InvalidDefinition as error:
        for line in problems(error, options.definition):
            cli.complain(line)
        return cli.USAGE
    for note in shown.notes:
        cli.complain(f"note: {note}")
    if options.format == "text":
        text = f"{shown.timeline(shutil.get_terminal_size((100, 1)).columns)}\n"
    else:
        text = shown.to_html(aws=_stand_ins(options) if recorded or options.root else None)
    if target is None:
        sys.stdout.write(text)
        return 0
    writing.write(text, target)
    print(target)
    if options.open:
        import webbrowser  # noqa: PLC0415 - only few want it

        if not webbrowser.open(target.resolve().as_uri()):
            cli.complain(f"no browser can be opened here; open {target} yourself")
    return 0


def _history(names: list[str], records: Records) -> tuple[Any, Path | None, bool]:
    """What `view` takes, the path that the report's name is made of, and whether it is a record of the root's."""
    if names == [_STANDARD]:
        return _piped(), None, False
    if _STANDARD in names:
        raise UsageError("HISTORY: standard input is the whole history; it cannot be one of several pages")
    first = Path(names[0])
    if len(names) > 1 or first.is_file() or first.suffix:
        return ([Path(name) for name in names] if len(names) > 1 else first), first, False
    if names[0] not in records.names():
        raise UsageError(f"{names[0]}: there is neither such a file nor an execution of that name in {records.folder}")
    path = records.folder / f"{names[0]}.json"
    return path, path, True


def _piped() -> str:
    text = sys.stdin.buffer.read().decode("utf-8-sig", "replace")
    if not text.lstrip().startswith(("{", "[")):
        raise InvalidHistory("standard input: a history is JSON, an object with `events`")
    return text


def _target(options: argparse.Namespace, beside: Path | None) -> Path | None:
    """Where the report goes, None for standard output."""
    if options.output == _STANDARD or (options.output is None and options.format == "text"):
        if options.open:
            raise UsageError("--open needs a file: name it with -o FILE")
        return None
    if options.output is not None:
        return Path(options.output)
    if beside is None:
        raise UsageError(
            "a history from standard input has no name: -o FILE says where the report goes, -o - prints it"
        )
    return beside.with_suffix(".html")


def _stand_ins(options: argparse.Namespace) -> Any:
    """The stand-ins of the root, which may have the pictures; None where their libraries are not installed."""
    from asl_local.services.local import LocalAWS  # noqa: PLC0415 - only where there is a root

    try:
        return LocalAWS(cli.root_of(options))
    except AslError as error:
        cli.complain(f"{error}; without pictures")
        return None
