"""Map Runs as people and AWS's API read them: counts, and the child executions that were kept.

Knows: DescribeMapRun's shape (botocore service model, "states"). Must never know: how a Map Run goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from asl_local.engine import Execution
from asl_local.engine.map_runs.run import Child as EngineChild
from asl_local.engine.map_runs.run import MapRun as EngineRun
from asl_local.lazy import dataclass, field, hinted, later
from asl_local.reporters.aws import History
from asl_local.values import LATEST, Json, copy

if TYPE_CHECKING:
    import datetime as dt
else:
    later(globals(), dt="datetime")


@dataclass(frozen=True, slots=True)
class ChildExecution:
    """One child execution of a Map Run: of one item, or of a batch.

    `index` is its place among its siblings, `first_item` and `item_count` say which items of the dataset it has. `output`
    is None unless it SUCCEEDED; `place` says where in the child's own machine it failed. Times are epoch seconds.
    """

    index: int
    first_item: int
    item_count: int
    name: str
    arn: str
    map_run_arn: str
    status: str
    input: Json = field(repr=False)
    output: Json = field(repr=False)
    error: str | None
    cause: str | None
    place: str
    started_at: float
    stopped_at: float | None
    history: History = field(repr=False)
    map_runs: tuple[MapRun, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class MapRun:
    """One Map Run. `executions` and `items` have DescribeMapRun's counts.

    Those are pending, running, succeeded, failed, timedOut, aborted, total, resultsWritten, failuresNotRedrivable and
    pendingRedrive. `complete` says that the total of items is final, which it is not while an ItemReader still reads.
    `children` are the child executions that were kept (`Limits.kept_children` and, up to 1,000, those that did not
    succeed), by index; empty in what a progress callback is told. Times are epoch seconds.
    """

    arn: str
    state: str
    label: str
    status: str
    started_at: float
    stopped_at: float | None
    max_concurrency: int
    tolerated_failure_count: int
    tolerated_failure_percentage: float
    executions: dict[str, int]
    items: dict[str, int]
    complete: bool
    redrive_count: int = 0
    error: str | None = None
    cause: str | None = None
    children: tuple[ChildExecution, ...] = field(default=(), repr=False)

    def to_aws(self, execution_arn: str) -> dict[str, Any]:
        """The answer of DescribeMapRun, as boto3 gives it, for the execution that the run belongs to."""
        stopped = {} if self.stopped_at is None else {"stopDate": _moment(self.stopped_at)}
        return {
            "mapRunArn": self.arn,
            "executionArn": execution_arn,
            "status": self.status,
            "startDate": _moment(self.started_at),
            **stopped,
            "maxConcurrency": self.max_concurrency,
            "toleratedFailurePercentage": self.tolerated_failure_percentage,
            "toleratedFailureCount": self.tolerated_failure_count,
            "itemCounts": dict(self.items),
            "executionCounts": dict(self.executions),
            "redriveCount": self.redrive_count,
        }


def _moment(at: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(min(at, LATEST), dt.UTC)


def map_runs_of(execution: Execution) -> tuple[MapRun, ...]:
    """The Map Runs of an execution in the order in which they started, with the children that were kept."""
    return tuple(map_run(run, run.kept.values()) for run in execution.map_runs)


def map_run(run: EngineRun, children: Sequence[EngineChild] | Any = ()) -> MapRun:
    """A Map Run, with these of its children."""
    executions, items = run.counts()
    return MapRun(
        arn=run.arn,
        state=run.state.name,
        label=run.label,
        status=run.status,
        started_at=run.started_at,
        stopped_at=run.stopped_at,
        max_concurrency=run.limit,
        tolerated_failure_count=run.tolerated_count or 0,
        tolerated_failure_percentage=float(run.tolerated_percentage or 0),
        executions=executions,
        items=items,
        complete=run.done or run.source is not None,
        redrive_count=run.redrives,
        error=run.error,
        cause=run.cause,
        children=tuple(sorted((child_execution(run, child) for child in children), key=lambda child: child.index)),
    )


def child_execution(run: EngineRun, child: EngineChild) -> ChildExecution:
    """A child execution; its values are copies, its history a view."""
    x, outcome = child.execution, child.execution.outcome
    return ChildExecution(
        index=child.index,
        first_item=child.first,
        item_count=child.count,
        name=x.identity.execution_name,
        arn=x.identity.execution_arn,
        map_run_arn=run.arn,
        status="RUNNING" if outcome is None else outcome.status,
        input=copy(x.input),
        output=None if outcome is None else copy(outcome.output),
        error=None if outcome is None else outcome.error,
        cause=None if outcome is None else outcome.cause,
        place="" if outcome is None else outcome.place,
        started_at=x.started_at,
        stopped_at=None if outcome is None else x.now,
        history=History(x.history),
        map_runs=map_runs_of(x),
    )


__all__ = ["ChildExecution", "MapRun", "child_execution", "map_run", "map_runs_of"]

hinted(globals())
