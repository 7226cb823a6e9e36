"""The shapes, run by us: in real time and under the virtual clock, with everything switched on.

Knows: how a definition is run from Python and from the command line. Must never know: how anything is timed.
The limit on a history's events is lifted, since a Map of 10,000 items passes it; the one on sizes is raised where so
many items would not fit.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asl_local
from workloads import shapes
from workloads.base import Side, Sides, Workload
from workloads.functions import FUNCTIONS
from workloads.shapes import Shape

_ROOMY = 1 << 30


def limits_of(size: int, fits: int = 10_000) -> asl_local.Limits:
    """The limits for so many items: the one on sizes is raised where more are there than what `fits`."""
    return asl_local.Limits(events=None, payload_bytes=_ROOMY) if size > fits else asl_local.Limits(events=None)


def _sides(make: Callable[[int], Shape], fits: int = 10_000) -> Callable[[int], Sides]:
    def sides(size: int) -> Sides:
        shape = make(size)
        machine = asl_local.load(shape.definition, name="bench")
        limits, times = limits_of(size, fits), range(shape.times)

        def by_hand(floor: Callable[[Any], Any]) -> Side:
            def work() -> Any:
                for _ in times:
                    output = floor(shape.input)
                return output

            return Side(work)

        def way(go: Callable[..., asl_local.Result]) -> Side:
            def work() -> asl_local.Result:
                for _ in times:
                    result = go(shape.input, FUNCTIONS, limits=limits)
                return result

            return Side(work, answer=lambda result: result.unwrap())

        return Sides(
            by_hand(shape.floor),
            {"run": way(machine.run), "simulate": way(machine.simulate)},
            keeping=by_hand(shape.keeping) if shape.keeping else None,
        )

    return sides


def _first(size: int) -> Sides:
    """A definition that nobody has seen is loaded and run once: what is done once for all later runs is in the time."""
    shape = shapes.chain(size)
    limits, numbers = limits_of(size), itertools.count()

    def fresh() -> tuple[str]:
        return (json.dumps({"Comment": f"copy {next(numbers)}", **shape.definition}),)

    def by_hand(floor: Callable[[Any], Any]) -> Side:
        def work(text: str) -> Any:
            definition = json.loads(text)
            output = floor(shape.input)
            del definition
            return output

        return Side(work, fresh)

    def load_and_run(text: str) -> asl_local.Result:
        return asl_local.load(text).simulate(shape.input, limits=limits)

    assert shape.keeping is not None
    return Sides(
        by_hand(shape.floor),
        {"simulate": Side(load_and_run, fresh, lambda result: result.unwrap())},
        keeping=by_hand(shape.keeping),
    )


def cpu_of_process(command: list[str], folder: str) -> tuple[str, float]:
    """What a command prints, and the CPU seconds of its whole process, the kernel's included.

    Byte code is cached as usual, in the folder: the first call is the one that compiles.
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment["PYTHONPYCACHEPREFIX"] = str(Path(folder, "byte-code"))
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=folder, env=environment, text=True
    )
    assert process.stdout is not None
    with process.stdout as stdout:
        printed = stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return printed, usage.ru_utime + usage.ru_stime


def _start(size: int) -> Sides:
    shape = shapes.one_pass(size)
    folder = tempfile.TemporaryDirectory()
    Path(folder.name, "greet.asl.json").write_text(json.dumps(shape.definition), encoding="utf-8")
    answer = json.dumps(shape.floor({}))
    python = {
        "floor": f"print('''{answer}''')",
        "import": f"import asl_local; print('''{answer}''')",
        "simulate": "import asl_local, json; print(json.dumps(asl_local.load('greet.asl.json').simulate({}).output))",
        "command": "import sys; from asl_local.interfaces.cli import main; sys.exit(main())",
    }

    def side(name: str) -> Side:
        arguments = ["run", "greet.asl.json"] if name == "command" else []
        return Side(
            lambda: cpu_of_process([sys.executable, "-c", python[name], *arguments], folder.name),
            answer=json.loads,
            process=True,
        )

    return Sides(side("floor"), {name: side(name) for name in list(python)[1:]}, folder.cleanup)


def _kept(size: int) -> Sides:
    """What any program pays for values that it keeps."""

    def dropped() -> dict[str, int]:
        last = {}
        for number in range(size):
            last = {"number": number, "of": size}
        return last

    def kept() -> list[dict[str, int]]:
        values = []
        for number in range(size):
            values.append({"number": number, "of": size})  # noqa: PERF401 - the same loop
        return values

    return Sides(Side(dropped), {"kept": Side(kept, answer=lambda values: values[-1])})


WORKLOADS = [
    Workload(
        "kept", "No machine: a loop that makes 10,000 objects and keeps them all, as a history does", "the same loop, which keeps the last",
        10_000, 20, _kept, items="objects",
    ),
    Workload(
        "start", "A process from start to end: `import asl_local`; one Pass state by `simulate`; by `asl-local run`",
        "a bare Python that prints the answer", 1, 1, _start, items="processes",
    ),
    Workload(
        "chain", "1,000 Pass states in a row, with Parameters and ResultPath", "a loop that replaces one dict in another",
        1_000, 20, _sides(shapes.chain), items="states", grows=True,
    ),
    Workload(
        "first", "The same machine loaded from its text and run once", "json.loads of the text, and the same loop",
        1_000, 20, _first, items="states", grows=True, sizes=(100, 1_000, 4_000),
    ),
    Workload(
        "counter", "5,000 rounds of a Pass with States.MathAdd and a Choice that leads back", "a loop over a dict and a comparison",
        5_000, 20, _sides(shapes.counter), items="rounds", grows=True,
    ),
    Workload(
        "map", "A Map of 10,000 items, with ItemSelector and States.Format, MaxConcurrency 0",
        "a loop that makes both dicts and the text of each item", 10_000, 20, _sides(shapes.mapped(0)), grows=True,
    ),
    Workload(
        "map-10", "The same with MaxConcurrency 10", "the same loop", 10_000, 20, _sides(shapes.mapped(10)), grows=True,
    ),
    Workload(
        "parallel", "A Parallel of 100 branches of 10 Pass states", "two loops, a dict for each state", 1_000, 20,
        _sides(shapes.parallel), items="states", grows=True,
    ),
    Workload(
        "jsonata", "1,000 Pass states in JSONata, with Assign and Output", "a loop that makes one dict and one sum of each state",
        1_000, 20, _sides(shapes.jsonata), items="states", grows=True,
    ),
    Workload(
        "executions", "1,000 executions of five states: Pass, Choice, Pass, Parallel, Succeed", "1,000 calls that make the same dicts",
        1_000, 3, _sides(shapes.five_states), items="executions", grows=True,
    ),
    Workload(
        "tasks", "1,000 Task states in a row, each a function of a microsecond", "1,000 calls of the function",
        1_000, 20, _sides(shapes.tasks), items="tasks", grows=True,
    ),
    Workload(
        "batch", "A Map of 200 items of five tasks each, two of them in a Parallel", "a loop over the items, five calls each",
        200, 5, _sides(shapes.batch, fits=2_000), grows=True,
    ),
]  # fmt: skip
