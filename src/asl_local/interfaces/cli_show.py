"""`asl-local validate`, `graph` and `history`: what can be seen without running anything.

Knows: which reporter shows what. Must never know: how a problem is found or an event written.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from asl_local.definition.diagnostics import render
from asl_local.definition.source import Source
from asl_local.errors import Diagnostic, InvalidDefinition
from asl_local.interfaces import cli
from asl_local.interfaces.cli_run import colours, problems, write_json
from asl_local.interfaces.machine import load
from asl_local.interfaces.machine import validate as find_problems
from asl_local.interfaces.records import RecordError, Records
from asl_local.reporters.timeline import one_line, reason, table
from asl_local.services import files

_STANDARD_INPUT = "-"


def validate(options: argparse.Namespace) -> int:
    """The command. Gives 1 if any definition has an error."""
    substitutions = dict(options.substitute) or None
    piped = sys.stdin.buffer.read() if _STANDARD_INPUT in options.definitions else b""
    found = {
        name: find_problems(
            piped if name == _STANDARD_INPUT else Path(name), substitutions=substitutions, type=options.type
        )
        for name in options.definitions
    }
    if options.format == "json":
        write_json([{"file": name, **_members(each)} for name, diagnostics in found.items() for each in diagnostics])
    else:
        for name, diagnostics in found.items():
            print(_shown(name, piped if name == _STANDARD_INPUT else None, diagnostics))
    failed = any(each.severity == "ERROR" for diagnostics in found.values() for each in diagnostics)
    return 1 if failed else 0


def _members(diagnostic: Diagnostic) -> dict[str, Any]:
    names = ("severity", "code", "message", "path", "line", "column", "hint")
    return {name: getattr(diagnostic, name) for name in names}


def _shown(name: str, piped: bytes | None, diagnostics: list[Diagnostic]) -> str:
    if not diagnostics:
        return f"{name}: no problems"
    data = Path(name).read_bytes() if piped is None else piped
    text = data.decode("utf-8-sig", "replace")
    errors = sum(each.severity == "ERROR" for each in diagnostics)
    counts = [
        f"{count} {word}{'' if count == 1 else 's'}"
        for count, word in ((errors, "error"), (len(diagnostics) - errors, "warning"))
        if count
    ]
    return f"{render(diagnostics, Source(None, text, name), colours(sys.stdout))}\n\n{name}: {', '.join(counts)}"


def graph(options: argparse.Namespace) -> int:
    """The command. Gives 2 for a definition that cannot be drawn."""
    try:
        machine = load(Path(options.definition), substitutions=dict(options.substitute) or None)
    except InvalidDefinition as error:
        for line in problems(error, options.definition):
            cli.complain(line)
        return cli.USAGE
    text = machine.to_mermaid()
    if options.output:
        if not Path(options.output).parent.is_dir():
            raise FileNotFoundError(2, "there is no such folder", str(Path(options.output).parent))
        files.write_output(Path(options.output), text.encode("utf-8", "surrogatepass"))
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
