"""Prints the score against executions recorded from AWS: `python tests/conformance/score.py [--show N]`.

The corpus is not part of this repository; ASL_LOCAL_SHARED names the folder that has it (else ../shared is tried). The
score counts the areas that the library claims, and of the scenarios those that use nothing it still refuses.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
sys.path.insert(0, str(HERE))

AREAS = (
    "activities", "base", "callback", "choice_operators", "comments", "context_object", "credentials", "error_handling",
    "intrinsic_functions", "lambda",
    "timeouts", "wait", "scenarios", "validation",
)  # fmt: skip


def shared() -> Path | None:
    """The folder with the shared corpora, if there is one."""
    named = os.environ.get("ASL_LOCAL_SHARED")
    folder = Path(named) if named else PROJECT.parent / "shared"
    return folder if (folder / "conformance" / "score.py").is_file() else None


def selected(folder: Path, areas: tuple[str, ...] = AREAS) -> dict[str, list[dict[str, Any]]]:
    """The cases that count, by area."""
    from adapter import uses_later_features

    chosen = {}
    for area in areas:
        cases = json.loads((folder / "conformance" / "cases" / f"{area}.json").read_text("utf-8"))["cases"]
        if area == "scenarios":
            cases = [case for case in cases if not uses_later_features(case)]
        chosen[area] = cases
    return chosen


def score(folder: Path, areas: tuple[str, ...] = AREAS, *, show: int = 0, everything: bool = False) -> dict[str, Any]:
    """Run the corpus's own scorer over the selected cases; its report, parsed. Prints its table."""
    with tempfile.TemporaryDirectory() as scratch:
        cases = folder / "conformance" / "cases"
        if not everything:
            cases = Path(scratch) / "cases"
            cases.mkdir()
            for area, chosen in selected(folder, areas).items():
                (cases / f"{area}.json").write_text(json.dumps({"area": area, "cases": chosen}), "utf-8")
        report = Path(scratch) / "report.json"
        command = [
            sys.executable, str(folder / "conformance" / "score.py"), "--adapter", "adapter:run", "--cases", str(cases),
            "--json", str(report), "--show", str(show), "--stderr", str(Path(scratch) / "stderr.txt"),
        ]  # fmt: skip
        subprocess.run(command, cwd=HERE, check=True)
        return dict(json.loads(report.read_text("utf-8")))


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--show", type=int, default=0, help="print this many failures")
    parser.add_argument("--areas", default=",".join(AREAS), help="comma-separated areas")
    parser.add_argument("--all", action="store_true", help="every case of the corpus, also what is refused so far")
    arguments = parser.parse_args()
    folder = shared()
    if folder is None:
        print("no corpus: set ASL_LOCAL_SHARED to the folder that holds conformance/", file=sys.stderr)
        return 2
    score(folder, tuple(arguments.areas.split(",")), show=arguments.show, everything=arguments.all)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
