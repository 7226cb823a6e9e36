"""`asl-local bounds`: what a machine can cost at most, from the command line.

Knows: options, exit codes, and how bounds are printed. Must never know: how a bound is found.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from asl_local.errors import Diagnostic, InvalidDefinition
from asl_local.interfaces import cli
from asl_local.interfaces.cli_run import problems, read_input, stand_ins, write_json
from asl_local.interfaces.commands.functions import gather
from asl_local.interfaces.machine import load
from asl_local.testing.bounds import Amount, Bounds, Reached

WARNED = 1


def run(options: argparse.Namespace) -> int:
    """The command. Gives 0 without warnings, 1 with some, 2 for a definition that cannot be run."""
    try:
        machine = load(
            Path(options.definition),
            substitutions=dict(options.substitute) or None,
            name=options.machine,
            type=options.type,
        )
    except InvalidDefinition as error:
        for line in problems(error, options.definition):
            cli.complain(line)
        return cli.USAGE
    if options.input is None and not options.resources:
        found = machine.bounds()
    else:
        resources = gather(options.resources, stand_ins(options))
        found = machine.bounds(read_input(options.input), resources, faults=options.faults)
    if options.format == "json":
        write_json(_members(found))
    else:
        print(found)
    return WARNED if found.warnings else 0


def _members(found: Bounds) -> dict[str, Any]:
    members: dict[str, Any] = {
        "name": found.name,
        "type": found.type,
        "limitSeconds": found.limit,
        "seconds": _amount(found.seconds),
        "events": _amount(found.events),
        "maps": [
            {
                "state": each.state,
                "pointer": each.pointer,
                "eventsPerItem": each.per_item,
                "eventsPerItemRetried": each.per_item_retried,
                "items": each.items,
                "itemsRetried": each.items_retried,
            }
            for each in found.maps
        ],
        "loops": [
            {
                "states": list(each.states),
                "pointer": each.pointer,
                "kind": each.kind,
                "why": each.why,
                "grows": list(each.grows),
            }
            for each in found.loops
        ],
        "warnings": [_warning(each) for each in found.warnings],
    }
    if found.explored is not None:
        runs = found.explored
        members["explored"] = {
            "complete": runs.complete,
            **{name: _reached(getattr(runs, name)) for name in ("seconds", "events", "retries", "payload")},
            "growth": runs.growth,
        }
    return members


def _amount(amount: Amount) -> dict[str, Any]:
    return {
        "known": amount.known,
        "unknown": list(amount.unknown),
        "endless": list(amount.endless),
        "path": list(amount.path),
    }


def _reached(reached: Reached) -> dict[str, Any]:
    return {
        "most": reached.most,
        "endless": reached.endless,
        "schedule": list(reached.schedule),
        "loop": list(reached.loop),
    }


def _warning(each: Diagnostic) -> dict[str, Any]:
    return {name: getattr(each, name) for name in ("code", "path", "line", "column", "message", "hint")}
