"""`asl-local replay`: a recorded execution under today's definition, from the command line.

Knows: options, exit codes, and how a replay is printed. Must never know: how a recording is driven.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from pathlib import Path
from typing import Any

from asl_local.errors import AslError, InvalidDefinition
from asl_local.interfaces import cli
from asl_local.interfaces.cli_run import problems, write_json
from asl_local.interfaces.machine import load
from asl_local.interfaces.replaying.python import replay
from asl_local.testing.replaying import Divergence, Replay, read
from asl_local.testing.replaying.same import ABSENT

DIVERGES = 1


def run(options: argparse.Namespace) -> int:
    """The command. Gives 0 if all executions take the same path, 1 if one does not, 2 where that cannot be told."""
    try:
        machine = load(
            Path(options.definition),
            substitutions=dict(options.substitute) or None,
            name=options.machine,
            type=options.type,
        )
        outcomes = [replay(_history(name), machine, level=options.level) for name in options.histories]
    except InvalidDefinition as error:
        for line in problems(error, options.definition):
            cli.complain(line)
        with contextlib.suppress(AslError, OSError):
            read(_history(options.definition))
            cli.complain(f"{options.definition} is a history: histories stand before the definition")
        return cli.USAGE
    if options.format == "json":
        write_json([_members(outcome) for outcome in outcomes])
    else:
        for outcome in outcomes:
            print(outcome)
        if len(outcomes) > 1:
            print(f"{sum(outcome.agrees for outcome in outcomes)} of {len(outcomes)} agree")
    return 0 if all(outcomes) else DIVERGES


def _history(name: str) -> Any:
    return sys.stdin.read() if name == "-" else Path(name)


def _members(outcome: Replay) -> dict[str, Any]:
    return {
        "history": outcome.source,
        "agrees": outcome.agrees,
        "level": outcome.level,
        "events": outcome.events,
        "matched": outcome.matched,
        "divergence": None if outcome.divergence is None else _divergence(outcome.divergence),
        "notes": list(outcome.notes),
        "path": list(outcome.path),
    }


def _divergence(found: Divergence) -> dict[str, Any]:
    members: dict[str, Any] = {
        "eventId": found.event.id,
        "eventType": found.event.type,
        "recorded": found.recorded,
        "now": found.instead,
        "state": found.state,
        "place": found.place,
        "pointer": found.pointer,
        "line": found.line,
        "hint": found.hint,
    }
    if found.difference is not None:
        at, recorded, now = found.difference
        values = {"recorded": recorded, "now": now}
        members["difference"] = {"path": at, **{k: v for k, v in values.items() if v is not ABSENT}}
    return members
