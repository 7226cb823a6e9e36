"""Coverage of a machine: which of its states, transitions, rules, catchers, retriers and sizes executions have come past.

Knows: definitions, marks and listeners. Must never know: pytest, or the command line.
"""

from __future__ import annotations

from asl_local.testing.coverage.collecting import DATA_FILE, Coverage, combine, data_files
from asl_local.testing.coverage.goals import Goal, goals_of
from asl_local.testing.coverage.measured import MachineCoverage, covered
from asl_local.testing.coverage.table import table, to_json

__all__ = [
    "DATA_FILE", "Coverage", "Goal", "MachineCoverage", "combine", "covered", "data_files", "goals_of", "table", "to_json",
]  # fmt: skip
