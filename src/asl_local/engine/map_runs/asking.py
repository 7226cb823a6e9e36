"""What others may ask an execution about its Map Runs: whose a token is, what they wait for, and to let go of them.

Knows: runs and the children nested in them. Must never know: how a run goes on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asl_local.engine.map_runs import flow
from asl_local.engine.map_runs.run import READER, RUNNING, WRITER, Errand, MapRun
from asl_local.engine.messages import Command, Waiting

if TYPE_CHECKING:
    from asl_local.engine.execution import Execution


def waiting_for(x: Execution) -> list[Waiting]:
    """What the runs and their children wait for, under the execution's own tokens."""
    found = []
    for token, errand in x.errands.items():
        run = errand.run
        if errand.whose == READER:
            found.append(Waiting(token, f"{run.state.pointer}/ItemReader", "reader", None))
        elif errand.whose == WRITER:
            found.append(Waiting(token, f"{run.state.pointer}/ResultWriter", "writer", None))
    for run in _running(x):
        for child in run.live.values():
            found += [
                waiting._replace(token=child.tokens[waiting.token])
                for waiting in child.execution.waiting_for()
                if waiting.token in child.tokens
            ]
    return found


def place_of(x: Execution, token: int) -> str:
    """Where in the machine a token of a run's or of a child's belongs; "" for a stale one."""
    errand = x.errands.get(token)
    if errand is None:
        return ""
    map_place = x.place_of_strand(errand.run.strand)
    if errand.whose in (READER, WRITER):
        return f"{map_place}, {'ItemReader' if errand.whose == READER else 'ResultWriter'}"
    inner = errand.run.live[errand.whose].execution.place_of(errand.inner)
    return f"{map_place}, item {errand.whose} > {inner}" if inner else ""


def token_named(x: Execution, task_token: str) -> int | None:
    """The execution's own token for the text of a child's."""
    for run in _running(x):
        for child in run.live.values():
            inner = child.execution.token_named(task_token)
            if inner is not None:
                return child.tokens.get(inner)
    return None


def pending(x: Execution) -> list[Command]:
    """What to perform in order to go on with the runs of an execution that was loaded."""
    commands: list[Command] = []
    for run in _running(x):
        if run.reading:
            commands.append(flow.call_of(run, run.reading, "ItemReader", flow.page_wanted(run)))
        commands += [flow.call_of(run, token, "ResultWriter", file) for token, file in run.writes.items()]
        for child in run.live.values():
            for command in child.execution.pending():
                outer = child.tokens.get(command.token)
                if outer is not None:
                    commands.append(flow.outward(run, child, command, outer))
    return commands


def abort_all(x: Execution) -> None:
    """The execution is over: so are its runs."""
    for run in _running(x):
        flow.abort(x, run)


def errands(run: MapRun) -> dict[int, Errand]:
    """Whose the execution's tokens are, by the run's own account."""
    found = {
        outer: Errand(run, child.index, inner) for child in run.live.values() for inner, outer in child.tokens.items()
    }
    found.update({token: Errand(run, WRITER, 0) for token in run.writes})
    if run.reading:
        found[run.reading] = Errand(run, READER, 0)
    return found


def _running(x: Execution) -> list[MapRun]:
    return [run for run in x.map_runs if run.status == RUNNING]


__all__ = ["abort_all", "errands", "pending", "place_of", "token_named", "waiting_for"]
