"""Prints the score against executions recorded from AWS: `python tests/conformance/score.py [--show N] [--write]`.

Knows: the corpus's own scorer, and which page carries the result. Must never know: a case; misses.py names those that
are not met, and why. The corpus is not part of this repository; ASL_LOCAL_SHARED names the folder that has it (else
../shared is tried). `--write` prints the tables into README.md and docs/conformance.md.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
sys.path.insert(0, str(HERE))

LEVELS = ("L1", "L2", "L3")

KINDS = {
    "execution": "executions",
    "create_state_machine": "definitions that CreateStateMachine refuses",
    "validate_definition": "ValidateStateMachineDefinition",
    "test_state": "TestState",
    "api": "API calls in sequence",
}
"""The corpus's kinds of cases, as the tables call them."""


class Tally(NamedTuple):
    """How many cases count at a level, and how many of them are met."""

    met: int
    count: int

    @property
    def part(self) -> float:
        """0 to 1; 1 where nothing counts."""
        return self.met / self.count if self.count else 1.0

    def __str__(self) -> str:
        if not self.count:
            return "–"
        # Rounded down: 100 % means all of them.
        return f"{self.met}/{self.count} ({int(1000 * self.part) / 10:g} %)"


class Score(NamedTuple):
    """The scorer's word on every case: `cases` by id with their kind and area, `failed` levels by id."""

    cases: dict[str, dict[str, str]]
    levels: dict[str, dict[str, bool]]

    def tally(self, level: str, ids: Iterable[str]) -> Tally:
        """How the cases of these ids do at a level."""
        counted = [one for one in ids if level in self.levels[one]]
        return Tally(sum(self.levels[one][level] for one in counted), len(counted))

    def where(self, key: str, value: str) -> list[str]:
        """The ids of the cases of a kind or an area."""
        return [one for one, case in self.cases.items() if case[key] == value]

    def misses(self) -> dict[str, list[str]]:
        """The levels that are not met, by id."""
        return {
            one: missed
            for one, levels in self.levels.items()
            if (missed := [level for level in LEVELS if levels.get(level) is False])
        }

    def by_kind(self) -> str:
        """The table of the README."""
        rows = [
            (label, *(str(self.tally(level, ids)) for level in LEVELS))
            for kind, label in KINDS.items()
            if (ids := self.where("kind", kind))
        ]
        rows.append(("all", *(str(self.tally(level, self.cases)) for level in LEVELS)))
        return _table(("recorded on AWS", "status, output, error, cause", "+ order of events", "+ every detail"), rows)

    def by_area(self) -> str:
        """The table of docs/conformance.md."""
        areas = dict.fromkeys(case["area"] for case in self.cases.values())
        rows = [
            (area, *(str(self.tally(level, self.where("area", area))) for level in LEVELS)) for area in sorted(areas)
        ]
        return _table(("area", "level 1", "level 2", "level 3"), rows)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def shared() -> Path | None:
    """The folder with the shared corpora, if there is one."""
    named = os.environ.get("ASL_LOCAL_SHARED")
    folder = Path(named) if named else PROJECT.parent / "shared"
    return folder if (folder / "conformance" / "score.py").is_file() else None


def score(folder: Path, areas: Iterable[str] = (), *, show: int = 0, quiet: bool = False) -> Score:
    """Run the corpus's own scorer over all of it, or over some areas."""
    source = folder / "conformance" / "cases"
    files = [source / f"{area}.json" for area in areas] or sorted(source.glob("*.json"))
    with tempfile.TemporaryDirectory() as scratch:
        cases, report = Path(scratch) / "cases", Path(scratch) / "report.json"
        cases.mkdir()
        found: list[dict[str, Any]] = []
        for file in files:
            text = file.read_text("utf-8")
            (cases / file.name).write_text(text, "utf-8")
            found += json.loads(text)["cases"]
        command = [
            sys.executable, str(folder / "conformance" / "score.py"), "--adapter", "adapter:run", "--cases", str(cases),
            "--json", str(report), "--show", str(show), "--stderr", str(Path(scratch) / "stderr.txt"), "--jobs", "2",
        ]  # fmt: skip
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])}
        subprocess.run(command, cwd=HERE, check=True, env=environment, stdout=subprocess.DEVNULL if quiet else None)
        failures = json.loads(report.read_text("utf-8"))["failures"]
    failed = {failure["id"]: failure["levels"] for failure in failures}
    judge = _scorer(folder).judge  # of an empty answer it says at which levels a case counts
    levels = {
        case["id"]: {
            level: bool(failed.get(case["id"], {}).get(level, True)) for level in judge(case, {})[0] if level in LEVELS
        }
        for case in found
    }
    return Score({case["id"]: {"kind": case["kind"], "area": case["area"]} for case in found}, levels)


def _scorer(folder: Path) -> Any:
    spec = importlib.util.spec_from_file_location("corpus_scorer", folder / "conformance" / "score.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write(result: Score) -> None:
    """Print the tables into the pages, between `<!-- conformance: name -->` and `<!-- end -->`."""
    for page, name, text in (
        (PROJECT / "README.md", "kinds", result.by_kind()),
        (PROJECT / "docs" / "conformance.md", "kinds", result.by_kind()),
        (PROJECT / "docs" / "conformance.md", "areas", result.by_area()),
    ):
        page.write_text(placed(page.read_text("utf-8"), name, text), "utf-8")


def placed(page: str, name: str, text: str) -> str:
    """The page with the text at its place."""
    mark = re.compile(rf"(<!-- conformance: {name} -->\n).*?(?=<!-- end -->)", re.DOTALL)
    if not mark.search(page):
        raise SystemExit(f"no place for the table {name!r}")
    return mark.sub(lambda found: f"{found[1]}{text}\n", page)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--show", type=int, default=0, help="print this many failures")
    parser.add_argument("--areas", default="", help="comma-separated areas")
    parser.add_argument("--write", action="store_true", help="print the tables into README.md and docs/conformance.md")
    arguments = parser.parse_args()
    folder = shared()
    if folder is None:
        print("no corpus: set ASL_LOCAL_SHARED to the folder that holds conformance/", file=sys.stderr)
        return 2
    areas = [area for area in arguments.areas.split(",") if area]
    result = score(folder, areas, show=arguments.show)
    print(result.by_kind())
    if arguments.write and not areas:
        write(result)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
