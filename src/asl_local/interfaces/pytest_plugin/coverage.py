"""--asl-cov: coverage of the machines that the tests run, over all processes, and what is said and written of it.

Knows: the options, and the coverage of machines (asl_local.testing.coverage). Must never know: pytest's hooks, or what
there is to cover.
"""

from __future__ import annotations

import fnmatch
import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from asl_local.errors import AslError
from asl_local.interfaces.machine import definitions_in, load
from asl_local.testing.coverage import DATA_FILE, Coverage, MachineCoverage

REPORTS: Mapping[str, str] = {
    "term": "a table in the terminal; `term:skip-covered` leaves out machines of which nothing is missing, so does `term-missing:skip-covered`",
    "term-missing": "the table with what is missing of each machine; this one if none is named",
    "html": "a web page: `html:FILE.html`, or `html:FOLDER` for an index.html there; aslcoverage.html unless given",
    "json": "the report as JSON: `json:FILE`; aslcoverage.json unless given",
}
"""What may stand before the colon in --asl-cov-report. term and term-missing take `:skip-covered`."""

_SKIP = "skip-covered"


class Report(NamedTuple):
    """One --asl-cov-report: its kind, a key of `REPORTS`, and what stands after the colon."""

    kind: str
    where: str


def report(text: str) -> Report:
    """An option's value. Raises ValueError with what there is instead."""
    kind, _, where = text.partition(":")
    if kind not in REPORTS:
        raise ValueError(f"{text!r} is no report; there are {', '.join(REPORTS)}, with a place after a colon")
    if kind.startswith("term") and where not in ("", _SKIP):
        raise ValueError(f"{text!r}: only {_SKIP} may follow {kind}:")
    return Report(kind, where)


class Covering:
    """The coverage of a session: collected here and in other processes, judged and shown at the end.

    `wanted` are names of machines (with * and ?) and paths of definitions, templates or folders; none for every machine
    that runs. Paths are relative to `folder`, and so is what is written.
    """

    def __init__(
        self, folder: Path, wanted: Sequence[str], reports: Sequence[str] = (), fail_under: float | None = None
    ) -> None:
        self._folder, self._fail_under = folder, fail_under
        self._wanted = [each for each in wanted if each]
        self._reports = [report(each) for each in reports] or [Report("term-missing", "")]
        self._problems: list[str] = []
        self._ran: list[str] = []
        self.collected = Coverage()
        self.lost = 0
        self.unwritten = False  # a report that was asked for could not be written

    def finish(self) -> None:
        """All tests have run: take what is wanted, leave the data file and write the files that were asked for."""
        everything, self.collected = self.collected, Coverage()
        self.collected.add(*everything.machines)
        self._ran = [one.name for one in everything.machines]
        for each in self._wanted:
            self._include(each)
        if self._wanted:
            chosen = Coverage()
            for each in self._wanted:
                found = [one for one in self.collected.machines if self._is_wanted(one, each)]
                chosen.add(*found)
                if not found:
                    self._problems.append(f"--asl-cov={each}: {self._why_none(each)}")
            self.collected = chosen
        try:
            self.collected.save(self._folder / DATA_FILE)
        except OSError as error:
            self._problems.append(f"no data file is left: {_why(error, self._folder / DATA_FILE)}")
        for kind, where in self._reports:
            if kind == "html":
                path = self._folder / (where or "aslcoverage.html")
                self._write(path if path.suffix == ".html" else path / "index.html", self.collected.to_html())
            elif kind == "json":
                text = json.dumps(self.collected.to_json(), indent=2, ensure_ascii=False)
                self._write(self._folder / (where or "aslcoverage.json"), f"{text}\n")

    @property
    def shortfall(self) -> str | None:
        """Why the run fails although its tests do not; None where enough is covered, or nothing was asked for."""
        least = self._fail_under
        if least is None:
            return None
        if not self.collected.machines:
            return f"Required coverage of machines of {least:g}% not reached: no machine ran"
        percent = self.collected.percent
        if percent >= least:
            return None
        return f"Required coverage of machines of {least:g}% not reached. Total coverage: {_two_places(percent)}%"

    def lines(self) -> Iterator[str]:
        """What the terminal shows."""
        for kind, where in self._reports:
            if kind.startswith("term"):
                yield from self.collected.table(
                    missing=kind == "term-missing", skip_covered=where == _SKIP
                ).splitlines()
        yield from self._problems
        if self.lost:
            yield f"{self.lost} worker{'' if self.lost == 1 else 's'} crashed: what was covered there is not counted"
        if self._fail_under is not None and self.shortfall is None:
            yield (
                f"Required coverage of machines of {self._fail_under:g}% reached. "
                f"Total coverage: {_two_places(self.collected.percent)}%"
            )

    def _write(self, path: Path, text: str) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        except OSError as error:
            self.unwritten = True
            self._problems.append(f"FAIL Coverage of machines not written: {_why(error, path)}")
            return
        shown = path.relative_to(self._folder) if path.is_relative_to(self._folder) else path
        self._problems.append(f"Coverage of machines written to {shown}")

    def _include(self, wanted: str) -> None:
        """Machines that never ran have to be known, too, if where they lie was named."""
        path = self._folder / wanted
        if not path.exists() or path.suffix == ".py":
            return
        try:
            found = definitions_in(path)
        except AslError as error:
            self._problems.append(f"--asl-cov={wanted}: {error}")
            return
        for each in found:
            try:
                self.collected.include(load(each))
            except AslError as error:
                self._problems.append(f"{each.name} is not in the report: {str(error).splitlines()[0]}")

    def _is_wanted(self, one: MachineCoverage, wanted: str) -> bool:
        return fnmatch.fnmatchcase(one.name, wanted) or self._lies_in(one.file, wanted)

    def _why_none(self, wanted: str) -> str:
        if (self._folder / wanted).exists():
            return "no machine of it ran or lies there (where tests are to be found is said before the option)"
        names = ", ".join(self._ran) or "none"
        return f"no machine of that name ran ({names} did), and there is no such file"

    def _lies_in(self, file: str, wanted: str) -> bool:
        if not file:
            return False
        path, wanted_path = Path(os.path.realpath(self._folder / file)), Path(os.path.realpath(self._folder / wanted))
        return path == wanted_path or wanted_path in path.parents

    # -- other processes -----------------------------------------------------------------------------------------------

    def to_data(self) -> dict[str, Any]:
        """What was collected here, for the process that started this one."""
        return self.collected.to_data()

    def add(self, data: Mapping[str, Any]) -> None:
        """What another process has collected."""
        self.collected.update(Coverage.of_data(data))


def _why(error: OSError, path: Path) -> str:
    return f"{path}: {error.strerror or error}"


def _two_places(percent: float) -> str:
    """Never rounded up: 89.999 is not 90."""
    return f"{math.floor(percent * 100) / 100:.2f}"


__all__ = ["REPORTS", "Covering", "Report", "report"]
