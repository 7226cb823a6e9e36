"""What every driver in Python does: read a workload, run it on one interpreter, check the answer, say what it took.

    python with_NAME.py WORKLOAD.json SECONDS        prints one line of JSON: seconds, or wrong, or fails

Knows: the workload's file, the functions of its tasks, CPU time. Must never know: which interpreter it is.
It runs in the interpreter's own environment, where asl_local is not installed.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1] / "workloads"))

from functions import FUNCTIONS

MOST = 2000  # samples


def function_of(resource: str) -> Callable[[Any], Any]:
    """The function that an ARN names."""
    return FUNCTIONS[resource.rsplit(":", maxsplit=1)[-1]]


def workload() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    return found


def resources_of(machine: dict[str, Any]) -> Iterator[str]:
    """The Resources of all tasks of a machine, those in branches and iterations included."""
    for state in machine["States"].values():
        if "Resource" in state:
            yield state["Resource"]
        inner = [*state.get("Branches", ()), *(state[name] for name in ("ItemProcessor",) if name in state)]
        for each in inner:
            yield from resources_of(each)


def serve(load: Callable[[str], Callable[[Any], Any]]) -> None:
    """`load` makes of a definition's text what makes of an input the output of one execution."""
    work, budget = workload(), float(sys.argv[2])
    try:
        run = load(json.dumps(work["definition"]))
        samples: list[float] = []
        while not samples or (sum(samples) < budget and len(samples) < MOST):
            began = time.process_time()
            for _ in range(work["times"]):
                output = run(work["input"])
            samples.append(time.process_time() - began)
            if output != work["expected"]:
                said = {"wrong": json.dumps(output, default=str)[:200]}
                break
        else:
            said = {"seconds": statistics.median(samples)}
    except Exception as error:
        said = {"fails": f"{type(error).__name__}: {error}"[:200]}
    print(json.dumps(said), flush=True)
