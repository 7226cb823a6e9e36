"""`asl-local validate`, `graph` and `history`: what can be seen without running anything.

Knows: which reporter shows what. Must never know: how a problem is found or an event written.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from asl_local import definition as definitions
from asl_local.definition import FoundDefinition, Source
from asl_local.errors import AslError, Diagnostic, InvalidDefinition
from asl_local.interfaces import cli
from asl_local.interfaces.cli import UsageError
from asl_local.interfaces.cli_run import problems, write_json
from asl_local.interfaces.machine import Machine, load
from asl_local.interfaces.records import RecordError, Records
from asl_local.interfaces.viewing import writing
from asl_local.lazy import dataclass, replace
from asl_local.reporters.event_table import table
from asl_local.reporters.live.plain import colours
from asl_local.reporters.timeline import one_line, reason

_STANDARD_INPUT = "-"


def validate(options: argparse.Namespace) -> int:
    """The command. Gives 1 if any definition has an error, 2 if one cannot be looked at; the others are, all the same."""
    piped = sys.stdin.buffer.read() if _STANDARD_INPUT in options.definitions else b""
    checked: list[_Checked] = []
    unread = False
    for name in options.definitions:
        try:
            checked += _checked(name, piped if name == _STANDARD_INPUT else Path(name), options)
        except (AslError, OSError) as error:
            cli.complain(cli.error_text(error))
            unread = True
    if options.format == "json":
        write_json([{**each.members(), **_members(problem)} for each in checked for problem in each.diagnostics])
    else:
        for each in checked:
            print(_shown(each))
    failed = any(problem.severity == "ERROR" for each in checked for problem in each.diagnostics)
    return cli.USAGE if unread else int(failed)


@dataclass(frozen=True, slots=True)
class _Checked:
    """The problems of one definition: what was asked for, the machine in it if it is a template, its text."""

    name: str
    machine: str | None
    file: str
    text: str
    diagnostics: list[Diagnostic]

    def members(self) -> dict[str, str]:
        return {"file": self.file} if self.machine is None else {"file": self.file, "machine": self.machine}


def _checked(name: str, given: Path | bytes, options: argparse.Namespace) -> list[_Checked]:
    substitutions = dict(options.substitute)
    text = given.decode("utf-8-sig", "replace") if isinstance(given, bytes) else None
    try:
        found = definitions.find(given, substitutions)
    except InvalidDefinition as error:
        return [_Checked(name, None, name, _text(name) if text is None else text, error.diagnostics)]
    if options.machine is not None or not found:
        found = [definitions.pick(found, options.machine, name)]
    checked = [_examined(each, substitutions, options.type, text) for each in found]
    return checked if text is None else [replace(each, name=name, file=name) for each in checked]


def _examined(found: FoundDefinition, substitutions: Mapping[str, Any], type: str | None, text: str | None) -> _Checked:
    machine = None if found.template is None else found.name
    try:
        source = found.read(substitutions)
    except InvalidDefinition as error:
        file = error.source or found.file
        shown = _text(file) if text is None else text
        return _Checked(found.template or found.file, machine, file, shown, error.diagnostics)
    diagnostics = definitions.check(source, type=type or found.type)
    return _Checked(found.template or found.file, machine, source.name, source.text or "", diagnostics)


def _text(name: str) -> str:
    return Path(name).read_bytes().decode("utf-8-sig", "replace")


def _members(diagnostic: Diagnostic) -> dict[str, Any]:
    names = ("severity", "code", "message", "path", "line", "column", "hint")
    return {name: getattr(diagnostic, name) for name in names}


def _shown(checked: _Checked) -> str:
    name = checked.name if checked.machine is None else f"{checked.name}: {checked.machine}"
    diagnostics = checked.diagnostics
    if not diagnostics:
        return f"{name}: no problems"
    errors = sum(each.severity == "ERROR" for each in diagnostics)
    counts = [
        f"{count} {word}{'' if count == 1 else 's'}"
        for count, word in ((errors, "error"), (len(diagnostics) - errors, "warning"))
        if count
    ]
    shown = definitions.render(diagnostics, Source(None, checked.text, checked.file), colours(sys.stdout))
    return f"{shown}\n\n{name}: {', '.join(counts)}"


_DRAWN: Mapping[str, Callable[[Machine], str]] = {
    "mermaid": Machine.to_mermaid,
    "svg": lambda machine: machine.to_svg() + "\n",
    "dot": Machine.to_dot,
}
_ENDINGS = {".mmd": "mermaid", ".mermaid": "mermaid", ".svg": "svg", ".dot": "dot", ".gv": "dot"}


def _format_of(output: str | None) -> str:
    if output is None:
        return next(iter(_DRAWN))
    ending = Path(output).suffix.lower()
    if ending not in _ENDINGS:
        raise UsageError(f"{output}: no format ends like that; --format says which: {', '.join(_DRAWN)}")
    return _ENDINGS[ending]


def graph(options: argparse.Namespace) -> int:
    """The command. Gives 2 for a definition that cannot be drawn."""
    try:
        machine = load(Path(options.definition), substitutions=dict(options.substitute) or None, name=options.machine)
    except InvalidDefinition as error:
        for line in problems(error, options.definition):
            cli.complain(line)
        return cli.USAGE
    text = _DRAWN[options.format or _format_of(options.output)](machine)
    if options.output:
        writing.write(text, options.output)
    else:
        sys.stdout.write(text)
    return 0


def history(options: argparse.Namespace) -> int:
    """The command. Gives 2 for an execution that is not there."""
    records = Records(cli.root_of(options))
    if options.name is not None:
        record = records.read(options.name)
        if options.format == "json":
            write_json({"events": record["history"]})
        else:
            _print_events(record)
        return 0
    rows = [_summary(records, name) for name in records.names()]
    if options.format == "json":
        write_json({"executions": rows})
    elif not rows:
        print(f"no executions in {records.folder}")
    else:
        _print_list(rows)
    return 0


def _summary(records: Records, name: str) -> dict[str, Any]:
    try:
        record = records.read(name)
    except RecordError as error:
        return {"name": name, "status": "UNREADABLE", "cause": str(error)}
    wanted = ("name", "stateMachineArn", "executionArn", "status", "startDate", "stopDate", "simulated", "error")
    return {member: record.get(member) for member in wanted}


def _print_list(rows: list[dict[str, Any]]) -> None:
    cells = [("STATUS", "STARTED", "SECONDS", "NAME", "MACHINE")]
    for row in rows:
        start, machine = row.get("startDate"), (row.get("stateMachineArn") or "").rpartition(":")[2]
        status = row["status"] + (" (simulated)" if row.get("simulated") else "")
        cells.append((status, (start or "")[:19].replace("T", " "), _seconds(row), row["name"], machine))
    widths = [max(len(row[column]) for row in cells) for column in range(4)]
    for a, b, c, d, e in cells:
        print(one_line(f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c:>{widths[2]}}  {d:<{widths[3]}}  {e}").rstrip())


def _seconds(row: dict[str, Any]) -> str:
    start, stop = row.get("startDate"), row.get("stopDate")
    if not start or not stop:
        return ""
    return f"{(datetime.fromisoformat(stop) - datetime.fromisoformat(start)).total_seconds():.3f}"


def _print_events(record: dict[str, Any]) -> None:
    print(f"{record['name']}: {record['status']}")
    for member in ("error", "cause"):
        if record.get(member):
            print(f"{member}: {one_line(reason(record[member]) if member == 'cause' else record[member])}")
    for member in ("input", "output"):
        shown = json.dumps(record.get(member), ensure_ascii=False)
        if member == "input" or record["status"] == "SUCCEEDED":
            print(f"{member}: {shown if len(shown) <= 400 else shown[:399] + '…'}")
    if record["history"]:
        print()
    for line in table(record["history"]):
        print(line)
