"""How an execution ended, as the caller gets it.

Knows: what an execution and its history have. Must never know: how it was run.
"""

from __future__ import annotations

from _thread import allocate_lock as _lock  # threading's Lock, without what that imports

from asl_local.engine.messages import Outcome
from asl_local.engine.straight import execution_of
from asl_local.errors import ExecutionFailed
from asl_local.lazy import TYPE_CHECKING, borrowed, dataclass, field, hinted, later
from asl_local.values import Json, copy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from asl_local.engine import Execution, Identity
    from asl_local.engine.messages import Names
    from asl_local.engine.straight import Over
    from asl_local.interfaces.ways import results
    from asl_local.reporters import History, aws, map_runs
    from asl_local.reporters.map_runs import MapRun
else:
    later(
        globals(), "asl_local.interfaces.ways.results", "asl_local.reporters.aws", "asl_local.reporters.map_runs",
    )  # fmt: skip


_NAMING = _lock()
"""Held while an execution gets its names: several threads may read one result for the first time."""


@dataclass(slots=True)
class Result:
    """How an execution ended.

    `status` is SUCCEEDED, FAILED, TIMED_OUT or ABORTED; `output` a JSON value, None unless SUCCEEDED; `error` and
    `cause` as DescribeExecution has them. `place` says where in the machine it failed, or what it waited for when its
    time was up ("Map 'Orders', item 1 > Task 'Charge'"); `exception` is what the handler raised there, if one did.
    `nested` has the results of the executions of other machines that it started, in that order.
    `execution` is the execution as a value, as it ended; `virtual` says that its clock was. Results are equal if they
    ended alike, under the same names, after the same events at the same times; handlers' exceptions are not compared.
    """

    status: str
    output: Json
    error: str | None
    cause: str | None
    history: History = field(repr=False)
    identity: Identity = field(repr=False)
    place: str = ""
    exception: BaseException | None = field(default=None, repr=False, compare=False)
    nested: tuple[Result, ...] = field(default=(), repr=False)
    execution: Execution | None = field(default=None, repr=False, compare=False)
    virtual: bool = field(default=False, repr=False, compare=False)
    _runs: list[Any] = field(default_factory=list, init=False, repr=False, compare=False)  # the Run, once it was read
    _over: Any = field(
        default=None, init=False, repr=False, compare=False
    )  # what the execution is made of, see result_over

    def __getattr__(self, name: str) -> Any:
        """What `result_of` and `result_over` have left out, since most results are read for their output."""
        if name == "execution":
            with _NAMING:
                if self._over is not None:
                    over, identity, names, execution_name, seed = self._over
                    self.execution = execution_of(over, names or identity(execution_name or "execution"), seed)
                    self._over = None
            return self.execution
        if name in _PLAIN:
            setattr(self, name, _PLAIN[name])
            return _PLAIN[name]
        if name == "identity" and self.execution is not None:
            with _NAMING:
                self.identity = self.execution.identity
            return self.identity
        if name == "history" and self.execution is not None:
            self.history = aws.History(self.execution.history)
            return self.history
        if name == "_runs":
            self._runs = []
            return self._runs
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)

    def unwrap(self) -> Json:
        """The output. Raises ExecutionFailed, with the state's place in the machine, if there is none."""
        if self.status == "SUCCEEDED":
            return self.output
        where = f" in {self.place}" if self.place else ""
        what = f": {self.error}" if self.error else ""
        why = f": {self.cause}" if self.cause else ""
        raise ExecutionFailed(f"{self.status}{where}{what}{why}", self) from self.exception

    @property
    def path(self) -> list[str]:
        """The names of the states in the order in which they were entered, as the history has it.

        States inside a Parallel or an inline Map are in it, once for every time that they were entered; a state that is
        retried is entered once. Children of a Distributed Map and executions of other machines have paths of their own
        (`map_runs`, `nested`).
        """
        return list(self.history.entered())

    @property
    def seconds(self) -> float:
        """From the first event to the last: virtual seconds if `virtual`, else real ones."""
        return self.history.seconds

    @property
    def map_runs(self) -> tuple[MapRun, ...]:
        """The Map Runs of its Distributed Maps, in the order in which they started, with the children that were kept."""
        return () if self.execution is None else map_runs.map_runs_of(self.execution)

    if TYPE_CHECKING:
        to_html, timeline, find = results.to_html, results.timeline, results.find
        _repr_html_ = results.card
    else:
        to_html, timeline, find, _repr_html_ = borrowed(results, "to_html timeline find card")
        __copy__, __deepcopy__, __reduce__ = borrowed(results, "shallow deep refuse_pickle")


_PLAIN = {
    "status": "SUCCEEDED",
    "error": None,
    "cause": None,
    "place": "",
    "exception": None,
    "nested": (),
    "virtual": False,
    "_over": None,
}
"""What a result has that was made by `result_over`, unless it says something else."""


def result_over(
    over: Over, identity: Callable[[str], Identity], names: Identity | Names | None, execution_name: str | None,
    seed: Callable[[], int] | int, *, virtual: bool = False,
) -> Result:  # fmt: skip
    """The result of an execution that was over at once, by these names, or by that of `identity`."""
    result = Result.__new__(Result)
    result.output = copy(over[-1][-1])
    result.status = "SUCCEEDED"
    result.virtual = virtual
    result._over = over, identity, names, execution_name, seed  # noqa: SLF001
    return result


def result_of(
    execution: Execution,
    outcome: Outcome,
    exception: BaseException | None = None,
    nested: Sequence[Execution] = (),
    *,
    virtual: bool = False,
) -> Result:
    """The result of an execution that has ended, and of those that it started."""
    result = Result.__new__(Result)
    result.status, output, result.error, result.cause, result.place = outcome
    result.output = copy(output)
    result.execution, result.virtual, result.exception = execution, virtual, exception
    result.nested = ()
    if nested:
        result.nested = tuple(
            result_of(each, each.outcome or Outcome("RUNNING"), virtual=virtual) for each in nested
        )  # fmt: skip
    return result


hinted(globals())
