"""Items -> the inputs of children: ItemSelector per item, ItemBatcher around several.

Knows: which item is next and when a batch is full. Must never know: who gets it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING

from asl_local.engine import failures
from asl_local.engine.map_runs.run import MapRun, Pending
from asl_local.errors import EvaluationError
from asl_local.values import PAYLOAD_LIMIT, Json, exceeds, size

if TYPE_CHECKING:
    from asl_local.engine.execution import Execution


def next_input(x: Execution, run: MapRun) -> tuple[Json, int, int] | None:
    """The input of the next child, the number of its first item and how many there are.

    None while more items must come first, and when there are no more. Raises EvaluationError for an ItemSelector that
    cannot be evaluated and for an item that is too large.
    """
    if not run.batched:
        item = _take(run)
        if item is None:
            return None
        first = run.taken
        given = _selected(x, run, first, item)
        if exceeds(given, x.limits.payload_bytes):
            raise failures.too_large(run.state.name)
        run.taken += 1
        return given, first, 1
    return _next_batch(x, run)


def _next_batch(x: Execution, run: MapRun) -> tuple[Json, int, int] | None:
    most = min(run.batch_bytes or PAYLOAD_LIMIT, x.limits.payload_bytes or PAYLOAD_LIMIT)
    while run.batch_items is None or len(run.batch) < run.batch_items:
        item = _take(run)
        if item is None:
            if not _exhausted(run) or not run.batch:
                return None
            break
        selected = _selected(x, run, run.taken + len(run.batch), item)
        added = size(selected) + 1
        if run.batch and run.batch_size + added > most:
            full = _packed(run)
            run.batch, run.batch_size = [selected], _around(run) + added
            _require(x, run, most)
            return full
        if not run.batch:
            run.batch_size = _around(run)
        run.batch.append(selected)
        run.batch_size += added
        _require(x, run, most)
    full = _packed(run)
    run.batch, run.batch_size = [], 0
    return full


def _around(run: MapRun) -> int:
    """Bytes of a batch's input besides its items, less the last comma."""
    return size(_input(run, [])) - 1


def _require(x: Execution, run: MapRun, most: int) -> None:
    """One item must fit: AWS makes batches smaller until they have one."""
    if len(run.batch) == 1 and run.batch_size > most and x.limits.payload_bytes is not None:
        raise failures.too_large(run.state.name)


def _packed(run: MapRun) -> tuple[Json, int, int]:
    first, count = run.taken, len(run.batch)
    run.taken += count
    return _input(run, run.batch), first, count


def _input(run: MapRun, items: list[Json]) -> Json:
    spec = run.state.distributed
    has_input = spec is not None and spec.batch_input is not None
    return {"BatchInput": run.batch_input, "Items": items} if has_input else {"Items": items}


def _take(run: MapRun) -> Pending | None:
    """The next item that is here."""
    if run.source is None:
        return run.pending.popleft() if run.pending else None
    if run.position == len(run.source):
        return None
    number = run.position
    run.position += 1
    return Pending(run.source[number], None if run.keys is None else run.keys[number], "STATE_DATA")


def _exhausted(run: MapRun) -> bool:
    """Whether no item will come that is not here."""
    return run.done if run.source is None else run.position == len(run.source)


def _selected(x: Execution, run: MapRun, index: int, item: Pending) -> Json:
    """What ItemSelector makes of an item; without one, the item, or for a member of an object its name and value."""
    key = {} if item.key is None else {"Key": item.key}
    if run.state.selector is None:
        return {**key, "Value": item.value} if key else item.value
    x.current, x.item = run.strand, {"Index": index, **key, "Value": item.value, "Source": item.source}
    try:
        return run.state.selector(run.arguments, x)
    finally:
        x.item = None


def unstarted(x: Execution, run: MapRun) -> Iterator[Json]:
    """The inputs of the children that a run that fails has not started, as far as their items were read.

    The items stay where they are: a redrive starts these children.
    """
    before = (deque(run.pending), list(run.batch), run.batch_size, run.position, run.taken, run.done)
    run.done = True
    try:
        while (given := next_input(x, run)) is not None:
            yield given[0]
    except EvaluationError:
        return  # nor would it have started
    finally:
        run.pending, run.batch, run.batch_size, run.position, run.taken, run.done = before
