"""A Map state up to its iterations: what it maps over, and how much failure it takes.

Knows: the order in which AWS evaluates a Map's own fields. Must never know: iterations; their outcome is the mock's.
Items are selected and packed into batches by the engine's own functions.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from itertools import islice

from asl_local.definition import model
from asl_local.engine import Execution
from asl_local.engine.map_runs.batches import next_input
from asl_local.engine.map_runs.run import MapRun, Pending
from asl_local.errors import EvaluationError, StateError
from asl_local.interfaces.test_state.inspection import Trace, jsonpath_output, selection
from asl_local.language import Scope
from asl_local.lazy import replace
from asl_local.plan import State, dataflow
from asl_local.plan.distributed import tolerances
from asl_local.plan.plan import Distributed, Number
from asl_local.resources.datasets.sources import handler_items
from asl_local.values import Json


class MapTest:
    """One Map under test. `reader_data` is what its ItemReader is said to have read, as it stands in the dataset.

    After `arguments` has run: `total` items (None where they are unknown), and the failures that are tolerated.
    """

    def __init__(
        self, state: model.Map, plan: State, trace: Trace, execution: Execution, reader_data: str | None
    ) -> None:
        self.state, self.plan, self.trace, self.execution, self.reader_data = state, plan, trace, execution, reader_data
        self.total: int | None = None
        self.tolerated: tuple[int | None, float | None] = (None, None)

    def watched(self) -> State:
        """The Map as a state that evaluates its own fields, writes them down and then waits for one answer, the mock's."""
        jsonata = self.state.language == dataflow.JSONATA
        output = self.plan.output if jsonata else jsonpath_output(self.state, self.trace)
        return replace(self.plan, arguments=self.arguments, output=output)

    def arguments(self, raw: Json, scope: Scope) -> Json:
        """The effective input; and everything that is evaluated of it before an iteration starts."""
        note, plan = self.trace.note, self.plan
        select = dataflow.identity if self.state.language == dataflow.JSONATA else selection(self.state)
        effective = note("afterInputPath", select(note("input", raw), scope))
        note("maxConcurrency", _number(plan.concurrency, effective, scope) or 0)
        items = self._items(effective, scope)
        self.total = None if items is None else len(items)
        self._tolerances(effective, scope)
        if items is not None:
            self._inputs(items, effective, scope)
        return effective

    def exceeded(self, failed: int, results: Json) -> bool:
        """Whether so many failed iterations are too many; where no threshold is set, AWS takes any number (recorded)."""
        count, percentage = self.tolerated
        if count is not None and failed > count:
            return True
        total = len(results) if self.total is None and isinstance(results, list) else self.total
        return percentage is not None and bool(total) and failed * 100 > percentage * (total or 0)

    def _tolerances(self, effective: Json, scope: Scope) -> None:
        count, percentage = (_number(number, effective, scope) for number in tolerances(self.state))
        self.tolerated = (count, percentage)
        if count is not None:
            self.trace.note("toleratedFailureCount", count)
        if percentage is not None:
            self.trace.note("toleratedFailurePercentage", float(percentage))

    # -- items -----------------------------------------------------------------------------------------------------

    def _items(self, effective: Json, scope: Scope) -> list[Pending] | None:
        """The items with their names and where they come from; None where only AWS could read them."""
        spec = self.plan.distributed
        if spec is not None and spec.reader_resource:
            return self._read(spec, effective, scope)
        # An object is no array to TestState (recorded), whatever a Distributed Map makes of it when it runs.
        jsonpath = self.state.language != dataflow.JSONATA
        find = self.plan.items if spec is None or jsonpath else spec.items
        found: Json = [] if find is None else find(effective, scope)
        self.trace.note("afterItemsPath", found)
        pairs = found.items() if isinstance(found, dict) else ((None, item) for item in found)
        return [Pending(value, key, "STATE_DATA") for key, value in pairs]

    def _read(self, spec: Distributed, effective: Json, scope: Scope) -> list[Pending] | None:
        given = {} if spec.reader is None else spec.reader(effective, scope)
        most = _number(spec.max_items, effective, scope)
        if self.reader_data is None:
            return None
        config = {"InputType": "JSON", **spec.reader_config}
        try:
            rows = islice(handler_items(self.reader_data, config, _source(given)), most or None)
            items = [Pending(*row) for row in rows]
        except StateError as error:
            raise EvaluationError(error.error, error.cause) from None
        if "ItemsPointer" in config:
            named = {item.key: item.value for item in items if item.key is not None}
            self.trace.note("afterItemsPointer", named or [item.value for item in items])
        return items

    def _inputs(self, items: list[Pending], effective: Json, scope: Scope) -> None:
        """What the iterations get: each item's, and what becomes of those in batches."""
        spec, selector, execution = self.plan.distributed, self.plan.selector, self.execution
        if spec is None:
            if selector is not None:
                selected = []
                for index, item in enumerate(items):
                    execution.item = {"Index": index, "Value": item.value}
                    selected.append(selector(effective, scope))
                execution.item = None
                self.trace.note("afterItemSelector", selected)
            return
        run = self._run(items, effective)
        if selector is not None:
            self.trace.note("afterItemSelector", _all_inputs(execution, run))
        if spec.batch_items is not None or spec.batch_bytes is not None:
            run = self._run(items, effective)
            run.batch_items = _number(spec.batch_items, effective, scope)
            run.batch_bytes = _number(spec.batch_bytes, effective, scope)
            run.batch_input = None if spec.batch_input is None else spec.batch_input(effective, scope)
            self.trace.note("afterItemBatcher", _all_inputs(execution, run))

    def _run(self, items: list[Pending], effective: Json) -> MapRun:
        run = MapRun(self.execution.root, self.plan, "", "", "")
        run.arguments, run.pending, run.position, run.done = effective, deque(items), len(items), True
        return run


def _all_inputs(execution: Execution, run: MapRun) -> list[Json]:
    inputs = []
    while (given := next_input(execution, run)) is not None:
        inputs.append(given[0])
    return inputs


def _source(given: Mapping[str, Json]) -> str:
    """A dataset's name, as the Context Object has it."""
    return "S3://" + "/".join(str(given[name]) for name in ("Bucket", "Key") if name in given)


def _number(number: Number | None, value: Json, scope: Scope) -> Json:
    return None if number is None else number.of(value, scope)
