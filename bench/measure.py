"""Times of a workload's sides, in turns in one process, and other figures that are no ratios.

Knows: clocks and memory. Must never know: what any work is.
Time is CPU time of all threads of the process (process_time), since wall time on a machine that others use says little.
"""

from __future__ import annotations

import gc
import statistics
import time
import tracemalloc
from pathlib import Path
from typing import NamedTuple

from workloads import WORKLOADS, shapes
from workloads.base import Side

import asl_local

SAMPLE = 0.08
"""CPU seconds that one sample should take at least: a short work is called several times. A full garbage collection takes
20 ms, and would be in some samples only if they were shorter."""


LONG = 1.0  # CPU seconds from which on a call is long
TOO_LONG = 20.0  # ... and for how long two sides may take to be what they are after some calls


VISITED = 14  # calls after which states that they come past once have become source (docs/performance.md)


class Budget(NamedTuple):
    """How long each side of a workload may be measured, CPU seconds, and how often it is at least (long calls, too) and
    at most.
    """

    seconds: float
    least: int
    least_of_long: int
    most: int = 60


FULL = Budget(0.8, 5, 5)
QUICK = Budget(0.15, 3, 3, 15)


def times_of(name: str, size: int, budget: Budget) -> dict[str, float]:
    """CPU seconds of one call of each side, of samples that were taken in turns. Raises WrongAnswer.

    The first side's are a median, those of the others are to it as the median of their ratios in the same turn: where a
    processor's clock changes its pace meanwhile, medians of either may come from different times.
    """
    sides = WORKLOADS[name].make(size)
    try:
        taken = sides.check()
        measured = {"floor": sides.floor, **sides.ways}
        least = budget.least if max(taken.values()) < LONG else budget.least_of_long
        if budget is FULL:
            least = max(least, WORKLOADS[name].turns)
        for side in measured.values():
            visit(side)
        counts = {way: _calls(side, taken[way]) for way, side in measured.items()}
        samples: dict[str, list[float]] = {way: [] for way in measured}
        spent = dict.fromkeys(measured, 0.0)

        def wants_more(way: str) -> bool:
            count = len(samples[way])
            return count < least or (spent[way] < budget.seconds and count < budget.most)

        order = list(measured.items())
        while any(map(wants_more, measured)):
            order.reverse()
            for way, side in order:
                if wants_more(way):
                    seconds = sample(side, counts[way])
                    spent[way] += seconds * counts[way]
                    samples[way].append(seconds)
        first = next(iter(samples.values()))
        usual = statistics.median(first)
        return {
            way: usual * statistics.median(ours / theirs for ours, theirs in zip(each, first, strict=False))
            for way, each in samples.items()
        }
    finally:
        sides.close()


def visit(side: Side, generation: int = 2) -> None:
    """Let a side become what it is once it has been called some times, if that takes some seconds only."""
    spent, calls = 0.0, 0
    while not side.process and calls < VISITED and spent < TOO_LONG / 2:
        spent += sample(side, 1, generation)
        calls += 1


def sample(side: Side, calls: int, generation: int = 2) -> float:
    """CPU seconds of one of so many calls. Results die inside of the time: to clear up is part of the work.

    The garbage of all younger generations, and of this one, is collected before it, and nothing else is running any more.
    """
    if side.process:
        return sum(float(side.work()[1]) for _ in range(calls)) / calls
    given = [side.before() if side.before else () for _ in range(calls)]
    work = side.work
    gc.collect(generation)
    _wait_for_others()
    began = time.process_time()
    for arguments in given:
        work(*arguments)
    return (time.process_time() - began) / calls


def _wait_for_others() -> None:
    """Until no other thread of the process turns: OpenBLAS's do for 100 ms after a product, which would count as ours."""
    for _ in range(50):
        began = time.process_time()
        time.sleep(0.01)  # what threads on other processors do is counted at every tick only, and a tick takes 4 ms
        if time.process_time() - began < 0.001:
            return


def _calls(side: Side, once: float) -> int:
    """How many calls make a sample long enough, where the first one took `once`."""
    if side.process or once > 10 * SAMPLE:
        return 1
    calls = 1
    while calls < 4096 and (taken := sample(side, calls) * calls) < SAMPLE:
        calls = max(calls * 2, int(calls * SAMPLE / max(taken, 1e-6)))
    return min(calls, 4096)


def figures(*, quick: bool) -> dict[str, float]:
    """What is no ratio of CPU times: memory, and what two processors are worth."""
    return {
        "map-memory-run": _added_by_map("run"),
        "map-memory-simulate": _added_by_map("simulate"),
        "waiting-strand": _waiting_strand(),
        "photos-two-processors": _two_processors(*(4, 3) if quick else (16, 12)),
    }


def _added_by_map(way: str, items: int = 10_000) -> float:
    """MiB by which a Map of 10,000 items raises the peak of the process's resident memory, its whole history kept."""
    shape = shapes.mapped(0)(items)
    machine, limits = asl_local.load(shape.definition), asl_local.Limits(events=None)
    go = getattr(machine, way)
    go({"numbers": [1, 2, 3]}).unwrap()
    gc.collect()
    before = _forget_peak()
    result = go(shape.input, limits=limits)
    after = _memory("VmHWM")
    assert result.output == shape.floor(shape.input)
    return (after - before) / 1024


def _forget_peak() -> int:
    """The resident memory now, in KiB, from which on the peak is told."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return _memory("VmRSS")


def _memory(name: str) -> int:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise LookupError(name)


def _waiting_strand(branches: int = 1_000) -> float:
    """KiB that each branch of a Parallel holds while it waits, its events included."""
    waits = [shapes.in_a_row([(f"Wait {number}", {"Type": "Wait", "Seconds": 60})]) for number in range(branches)]
    machine = asl_local.load(shapes.in_a_row([("Fork", {"Type": "Parallel", "Branches": waits})]))
    execution = machine.execution({"order": 7})
    tracemalloc.start()
    commands = execution.step(None, 0.0)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(commands) == branches
    return held / branches / 1024


def _two_processors(count: int, turns: int) -> float:
    """How many times as many photos a second a Map does at MaxConcurrency 2 as at 1, by the clock on the wall: the median
    of the turns.
    """
    import tempfile  # noqa: PLC0415

    import photos  # noqa: PLC0415

    walls: dict[int, list[float]] = {1: [], 2: []}
    with tempfile.TemporaryDirectory() as folder:
        workflow = photos.Workflow(Path(folder))
        keys = workflow.upload(photos.photos(count, 1_600))
        machines = {concurrency: workflow.machine(concurrency) for concurrency in walls}
        for turn in range(turns + 1):
            for concurrency, taken in walls.items():
                workflow.anew()
                began = time.perf_counter()
                machines[concurrency].run([{"key": key} for key in keys], workflow.handlers()).unwrap()
                if turn:  # in the first the networks are read from their files
                    taken.append(time.perf_counter() - began)
    return statistics.median(one / two for one, two in zip(walls[1], walls[2], strict=True))
