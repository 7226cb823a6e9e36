"""Redrive of a Map Run: its unsuccessful children go on, those that never started start.

Knows: what a run that failed or was aborted has kept. Must never know: why the execution is redriven.
The rules are the Developer Guide's ("Redriving Map Runs"): children that succeeded keep their results; a STANDARD child is
redriven, an EXPRESS child starts from the beginning; the run keeps its ARN. Its files go into a folder of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asl_local.engine.map_runs import results
from asl_local.engine.map_runs.run import KEPT_UNSUCCESSFUL, RUNNING, SUCCEEDED

if TYPE_CHECKING:
    from asl_local.engine.execution import Execution, Strand


def why_not(x: Execution) -> str | None:
    """Why the runs cannot be redriven, in words; None if they can."""
    for run in x.map_runs:
        if run.status not in (RUNNING, SUCCEEDED) and run.unsuccessful_kept() > KEPT_UNSUCCESSFUL:
            return (
                f"Execution cannot be redriven because its Map Run has more than {KEPT_UNSUCCESSFUL} unsuccessful child "
                "executions, which are not kept here"
            )
    return None


def redrive(x: Execution, strand: Strand, event: int) -> None:
    """Take up the run of a strand that stands in a Distributed Map; one that cannot go on is no longer the strand's.

    Nothing starts yet: a run may end at once, and then what becomes of its siblings is decided when all are taken up.
    """
    run = strand.run
    if run is None or run.status in (RUNNING, SUCCEEDED) or (run.max_items or 0) < 0:
        strand.run = None
        return
    run.status, run.stopped_at = RUNNING, None
    run.error = run.cause = None
    run.closing = run.exported = run.manifest = False
    run.culprit = ""
    run.redrives += 1
    run.event = strand.event = x.history.add("MapRunRedriven", x.now, event, run.arn, run.redrives)
    run.again = sorted(index for index, child in run.kept.items() if not _succeeded(child.execution))
    for index in run.again:
        run.count(run.kept[index], -1)
        run.results_size -= results.size_of(run.results.pop(index, []))


def _succeeded(execution: Execution) -> bool:
    return execution.outcome is not None and execution.outcome.status == "SUCCEEDED"
