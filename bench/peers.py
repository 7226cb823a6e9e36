"""Other interpreters of the States Language on the same machines: the same work, the same checks, the same time.

    python bench/peers.py [names ...] [--folder FOLDER] [--peers NAMES] [--limit SECONDS] [--update]      (make bench-peers)

Installs each peer with pip or npm into an environment of its own below the folder (bench/.peers unless given), runs the
workloads that are machines through a driver in bench/peers/, and prints CPU times as ratios to the hand-written floors and
to `run` of ours, which are measured in the same run; in the page ours are the committed ones. A peer whose answer is
not the floor's is `wrong`; one that refuses, fails or has not ended after so many CPU seconds is a `no`. `--update`
writes the columns into bench/ratios.json and docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any, NamedTuple

import run as ours
import tables
from workloads import shapes
from workloads.shapes import Shape

HERE = Path(__file__).resolve().parent
DRIVERS = HERE / "peers"
ALS = "aws-local-stepfunctions"
BUDGET = 0.5  # CPU seconds per workload
WARM = 6.0
PATIENCE = 6  # a process that waits instead of working is given this many times its CPU seconds by the clock
SMALL_MAP = 1_000  # for those that cannot do 10,000 items


class Peer(NamedTuple):
    """Another interpreter: the packages to install, the first of which tells the version, and its driver.

    `seconds` is for how long it is measured; `place` is the folder of another one's installation, which it shares.
    """

    packages: tuple[str, ...]
    driver: str
    seconds: float = BUDGET
    place: str = ""

    @property
    def on_node(self) -> bool:
        return self.driver.endswith(".mjs")

    @property
    def package(self) -> str:
        return self.packages[0].split("[")[0]


PEERS = {
    "moto": Peer(("moto[stepfunctions]", "boto3"), "with_moto.py"),
    ALS: Peer((ALS,), "with_aws_local_stepfunctions.mjs"),
    # Node compiles what has run for some seconds: the same work again and again is then done several times faster.
    f"{ALS}, warmed up": Peer((ALS,), "with_aws_local_stepfunctions.mjs", WARM, ALS),
    "pyaslengine": Peer(("pyaslengine",), "with_pyaslengine.py"),
    "behave-asl": Peer(("behave-asl",), "with_behave_asl.py"),
}


class Row(NamedTuple):
    """A workload of the table: its name and size among ours, and its shape."""

    workload: str
    size: int
    shape: Shape


ROWS = {
    "start": Row("start", 1, shapes.one_pass(1)),
    "chain": Row("chain", 1_000, shapes.chain(1_000)),
    "counter": Row("counter", 5_000, shapes.counter(5_000)),
    "map": Row("map", 10_000, shapes.mapped(0)(10_000)),
    "map-10": Row("map-10", 10_000, shapes.mapped(10)(10_000)),
    "map, 1,000 items": Row("map", SMALL_MAP, shapes.mapped(0)(SMALL_MAP)),
    "parallel": Row("parallel", 1_000, shapes.parallel(1_000)),
    "jsonata": Row("jsonata", 1_000, shapes.jsonata(1_000)),
    "executions": Row("executions", 1_000, shapes.five_states(1_000)),
    "tasks": Row("tasks", 1_000, shapes.tasks(1_000)),
    "batch": Row("batch", 200, shapes.batch(200)),
}


def installed(peer: Peer, place: Path) -> str:
    """Installs the peer where it is not yet there; its version. Raises CalledProcessError."""
    if peer.on_node:
        packages = place / "node_modules"
        if not (packages / peer.package).is_dir():
            place.mkdir(parents=True, exist_ok=True)
            command = ["npm", "install", "--silent", "--ignore-scripts", "--prefix", str(place), *peer.packages]
            subprocess.run(command, check=True)
        described = json.loads((packages / peer.package / "package.json").read_text(encoding="utf-8"))
        return str(described["version"])
    python = place / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-qq", *peer.packages], check=True)
    script = f"import importlib.metadata as m; print(m.version({peer.package!r}))"
    return subprocess.run(
        [str(python), "-c", script], check=True, stdout=subprocess.PIPE, text=True
    ).stdout.strip()  # fmt: skip


def command_of(peer: Peer, place: Path) -> tuple[list[str], dict[str, str]]:
    """How the driver is called, and what its environment has besides ours."""
    driver = str(DRIVERS / peer.driver)
    if peer.on_node:
        return ["node", driver], {"NODE_PACKAGES": str(place / "node_modules")}
    return [str(place / "bin" / "python"), driver], {"PYTHONPATH": ""}


def cell(peer: Peer, place: Path, row: str, limit: float) -> float | str:
    """CPU seconds of one piece of the work, or the word that stands in the table instead."""
    shape = ROWS[row].shape
    work = {
        "definition": shape.definition,
        "input": shape.input,
        "expected": shape.floor(shape.input),
        "times": shape.times,
    }
    command, environment = command_of(peer, place)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "workload.json")
        file.write_text(json.dumps(work), encoding="utf-8")
        budget = 0.0 if row == "start" else peer.seconds
        printed, seconds, late = _process([*command, str(file), str(budget)], environment, folder, limit)
    said: dict[str, Any] = json.loads(printed.splitlines()[-1]) if printed.strip() else {}
    if "seconds" in said:
        return seconds if row == "start" else float(said["seconds"])
    reason = f"not done in {limit:g} s" if late else said.get("wrong") or said.get("fails") or "no answer"
    print(f"    {row}: {reason}", file=sys.stderr, flush=True)
    if "wrong" in said:
        return "wrong"
    return f"no: {limit:g} s" if late else "no"


def _process(command: list[str], more: dict[str, str], folder: str, limit: float) -> tuple[str, float, bool]:
    """What a process prints, its CPU seconds, and whether it was ended for having taken too many."""

    def bounded() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (int(limit), int(limit) + 5))

    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=folder,
        env={**os.environ, "HOME": folder, **more}, preexec_fn=bounded,  # noqa: PLW1509 - we have no threads yet
    )  # fmt: skip
    patience = threading.Timer(limit * PATIENCE, process.kill)
    patience.start()
    assert process.stdout is not None
    with process.stdout as stdout:
        printed = stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    patience.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    return printed, usage.ru_utime + usage.ru_stime, process.returncode < 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="name", help=f"workloads, all unless given: {', '.join(ROWS)}")
    parser.add_argument("--folder", type=Path, default=HERE / ".peers", help="where the peers are installed")
    parser.add_argument("--peers", default=";".join(PEERS), help="which, with semicolons between them")
    parser.add_argument("--limit", type=float, default=120, help="CPU seconds for one workload of one peer")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument("--update", action="store_true", help="write bench/ratios.json and the page's table")
    given = parser.parse_args()
    rows = given.names or list(ROWS)
    if unknown := (set(rows) - set(ROWS)) | (set(given.peers.split(";")) - set(PEERS)):
        parser.error(f"no workload or peer {', '.join(sorted(unknown))}; there are {', '.join([*ROWS, *PEERS])}")
    measured = {row: dict(ours.child("times", "full", ROWS[row].workload, ROWS[row].size)) for row in rows}
    found: dict[str, Any] = {"rows": {row: ROWS[row].workload for row in rows}, "versions": {}, "columns": {}}
    for name in given.peers.split(";"):
        peer = PEERS[name]
        place = (given.folder / (peer.place or name)).absolute()
        if peer.on_node and not (shutil.which("node") and shutil.which("npm")):
            print(f"{name}: no node and npm here, so it is left out", file=sys.stderr)
            continue
        found["versions"][name] = installed(peer, place)
        print(f"{name} {found['versions'][name]} ...", file=sys.stderr, flush=True)
        found["columns"][name] = {}
        for row in rows:
            taken = cell(peer, place, row, given.limit)
            found["columns"][name][row] = taken if isinstance(taken, str) else taken / measured[row]["floor"]
            if given.json:
                given.json.write_text(json.dumps(found, indent=1), encoding="utf-8")
    print(tables.peers_page(found, {ROWS[row].workload: times for row, times in measured.items()}))
    if given.update:
        tables.keep(peers=found)


if __name__ == "__main__":
    main()
