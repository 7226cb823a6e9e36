"""`asl-local mock-from-history`: the history of a real execution -> a MockConfigFile.json.

Knows: files and options. Must never know: what a history means, or what a mock file can say.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from asl_local.errors import InvalidHistory
from asl_local.interfaces import cli
from asl_local.interfaces.machine import load
from asl_local.testing.mocks_of_history import MACHINE, compared, recorded_mocks


def mock_from_history(options: argparse.Namespace) -> int:
    """The command. Gives 0 where the file could be made; what it cannot express is told on standard error."""
    given = [_document(name) for name in options.history]
    mocks = recorded_mocks(given[0] if len(given) == 1 else given)
    machine = None
    if options.definition is not None:
        machine = load(Path(options.definition), substitutions=dict(options.substitute) or None, name=options.machine)
    name = options.machine or (MACHINE if machine is None else machine.name)
    file = mocks.mock_file(machine=name, test_case=options.test_case)
    notes = list(file.notes)
    if machine is not None:
        difference = compared(machine, mocks, file)
        notes += [f"simulated with the file: {difference}"] if difference else []
    for note in notes:
        cli.complain(f"note: {note}")
    if options.input_out is not None:
        Path(options.input_out).write_text(json.dumps(mocks.input, indent=2, ensure_ascii=False) + "\n", "utf-8")
    if options.out is None:
        sys.stdout.write(str(file))
    else:
        file.write(options.out)
    return 0


def _document(name: str) -> Any:
    """The JSON of a file, or of standard input."""
    data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InvalidHistory(f"{'standard input' if name == '-' else name}: not JSON: {error}") from None
