"""Our times beside those of hand-written floors: ratios, growth, memory.

    python bench/run.py [names ...] [--quick] [--json FILE] [--update]        (make bench)

Each workload runs in a process of its own, its floor and our ways in turns; the table says CPU times and their ratio, and
how that compares with the committed one (bench/ratios.json). `--update` writes the new figures there and their tables into
docs/performance.md. With names only those workloads run, and what they grow to. A wrong answer ends all of it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import tables
from workloads import WORKLOADS

HERE = Path(__file__).resolve()


def child(kind: str, speed: str, name: str, size: int) -> Any:
    """What this script says of one workload in a process of its own. Raises SystemExit if that fails."""
    print(f"{kind} {name} {size if kind == 'growth' else ''}", file=sys.stderr, end=" ", flush=True)
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, str(HERE), "--child", kind, speed, name, str(size)],
        check=False,
        stdout=subprocess.PIPE,
        text=True,
    )
    print(f"{time.monotonic() - began:.1f} s", file=sys.stderr, flush=True)
    if done.returncode:
        sys.exit(f"{kind} of {name} with {size}: failed")
    return json.loads(done.stdout.splitlines()[-1])


def in_child(kind: str, quick: bool, name: str, size: int) -> Any:
    import measure  # noqa: PLC0415 - the parent measures nothing

    if kind == "figures":
        return measure.figures(quick=quick)
    if kind == "growth":
        import growth  # noqa: PLC0415

        return growth.growth_of(name, _sizes(name, quick), growth.QUICK if quick else growth.FULL)
    return measure.times_of(name, size, measure.QUICK if quick else measure.FULL)


def _sizes(name: str, quick: bool) -> list[int]:
    return [size for size in WORKLOADS[name].sizes if not quick or size <= 1_000]


def machine() -> str:
    """What the figures were measured on, in a line."""
    return (
        f"{platform.python_implementation()} {platform.python_version()}, {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} processors"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="name", help=f"workloads, all unless given: {', '.join(WORKLOADS)}")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions, and only what is quick to set up")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument("--update", action="store_true", help="write bench/ratios.json and the page's tables")
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        kind, speed, name, size = given.child
        print(json.dumps(in_child(kind, speed == "quick", name, int(size))))
        return
    if unknown := set(given.names) - set(WORKLOADS):
        parser.error(f"no workload {', '.join(sorted(unknown))}; there are {', '.join(WORKLOADS)}")
    speed = "quick" if given.quick else "full"
    chosen = [
        workload
        for workload in WORKLOADS.values()
        if workload.name in given.names or (not given.names and (workload.quick or not given.quick))
    ]
    print(machine(), file=sys.stderr)
    times: dict[str, Any] = {}
    for workload in chosen:
        times[workload.name] = child("times", speed, workload.name, workload.size)
    print(tables.compared(times, tables.committed()["times"]), flush=True)
    found: dict[str, Any] = {"machine": machine(), "times": times}
    keep(found, given)
    growth = {}
    for workload in chosen:
        if workload.grows:
            growth[workload.name] = child("growth", speed, workload.name, max(_sizes(workload.name, given.quick)))
    if growth:
        print(f"\nTime per item\n\n{tables.growth_page(growth)}\n", flush=True)
    found["growth"] = growth
    keep(found, given)
    if not given.names:
        found["figures"] = child("figures", speed, "", 0)
        print(tables.figures_page(found["figures"], times))
        keep(found, given)


def keep(found: dict[str, Any], given: argparse.Namespace) -> None:
    """Writes what there is so far to where it was asked for."""
    if given.json:
        given.json.write_text(json.dumps(found, indent=1), encoding="utf-8")
    if given.update:
        tables.keep(**found)


if __name__ == "__main__":
    main()
