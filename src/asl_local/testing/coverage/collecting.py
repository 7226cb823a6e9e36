"""Coverage: what all executions of a process come past while somebody collects it, and what several processes have.

Knows: listeners, marks, data files. Must never know: what a goal is, or how a report looks.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from asl_local.drivers import Ended, Heard, listening
from asl_local.engine import Execution
from asl_local.engine.history import MARKS, Mark
from asl_local.errors import AslError
from asl_local.lazy import hinted, replace
from asl_local.testing.coverage.measured import MachineCoverage, covered, percent_of
from asl_local.testing.coverage.table import table, to_json
from asl_local.values import Json

DATA_FILE = ".aslcoverage"
"""Where coverage is kept unless somebody says otherwise; a process of several appends a suffix of its own."""

VERSION = 1


class Coverage:
    """Collects what executions come past: `with asl_local.Coverage() as coverage: ...`.

    All executions count that begin inside the `with` block, in this process, in whatever thread, however they are run.
    A machine is known by its definition: two that were loaded from the same one are the same. One that is collected
    inside another one's block counts for both.
    """

    def __init__(self) -> None:
        self._known: dict[str, MachineCoverage] = {}
        self._seen: set[tuple[str, str, str]] = set()
        self._live: dict[int, tuple[Execution, str, set[Mark]]] = {}
        self._lock = threading.Lock()
        self._blocks: list[AbstractContextManager[None]] = []

    def __enter__(self) -> Coverage:
        self._blocks.append(listening(self))
        self._blocks[-1].__enter__()
        return self

    def __exit__(self, *failure: Any) -> None:
        self._blocks.pop().__exit__(*failure)

    # -- what it says --------------------------------------------------------------------------------------------------

    def of(self, machine: Heard) -> MachineCoverage:
        """The coverage of one machine; nothing is covered of one that never ran. Raises TypeError for what is none."""
        if not hasattr(machine, "plan"):
            raise TypeError(f"machine: what asl_local.load gives is wanted, not {machine!r:.80}")
        self._gather()
        return self._known.get(machine.plan.fingerprint) or covered(machine)

    @property
    def machines(self) -> list[MachineCoverage]:
        """The coverage of every machine that ran or was included, in order of their names."""
        self._gather()
        return sorted(self._known.values(), key=lambda each: (each.name, each.fingerprint))

    @property
    def percent(self) -> float:
        """Covered goals of a hundred, of all machines together; 100.0 where there is nothing to cover."""
        machines = self.machines
        return percent_of(sum(len(each.covered) for each in machines), sum(len(each.goals) for each in machines))

    def shortfall(self, least: float) -> str | None:
        """What to say where less than `least` of a hundred is covered in total; None where it is enough."""
        percent = self.percent
        return None if percent >= least else f"coverage of {percent:.2f} % is less than the {least:g} % that are wanted"

    # -- what is put into it -------------------------------------------------------------------------------------------

    def include(self, *machines: Heard) -> None:
        """Let these machines be in the report also if they never run.

        One that ran with other substitutions is known by its name and file, and needs no second row.
        """
        for machine in machines:
            one = covered(machine)
            if not any(one.file and _stands_for(known, one) for known in self.machines):
                self.add(one)

    def add(self, *measured: MachineCoverage) -> None:
        """Count in the coverage of machines that was measured elsewhere: by an exploration, in another process."""
        with self._lock:
            for one in measured:
                known = self._known.get(one.fingerprint)
                self._known[one.fingerprint] = one if known is None else _both(known, one)

    def update(self, other: Coverage) -> None:
        """Count in all that another one has."""
        self.add(*other.machines)

    # -- data, for other processes -------------------------------------------------------------------------------------

    def to_data(self) -> dict[str, Json]:
        """All of it as JSON, for `of_data` in another process."""
        return {"version": VERSION, "machines": [_data(each) for each in self.machines]}

    @staticmethod
    def of_data(*data: Mapping[str, Any]) -> Coverage:
        """The coverage that `to_data` gave, of one process or several. Raises ValueError for anything else."""
        coverage = Coverage()
        for each in data:
            if each.get("version") != VERSION:
                raise ValueError(
                    f"coverage data of version {each.get('version')!r}; this library reads version {VERSION}"
                )
            coverage.add(*map(_measured, each["machines"]))
        return coverage

    def save(self, file: str | os.PathLike[str] = DATA_FILE) -> None:
        """Write a data file, which `load` and `asl-local coverage` read. It is there whole or not at all."""
        path = Path(file)
        unfinished = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        try:
            unfinished.write_text(json.dumps(self.to_data()), "utf-8")
            unfinished.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                unfinished.unlink(missing_ok=True)
            raise

    @staticmethod
    def load(*files: str | os.PathLike[str]) -> Coverage:
        """The coverage in data files, together. Raises OSError, and AslError for a file that is none of ours."""
        coverage = Coverage()
        for file in files:
            try:
                coverage.update(Coverage.of_data(json.loads(Path(file).read_text("utf-8"))))
            except (RecursionError, ValueError, TypeError, KeyError, AttributeError) as error:
                raise AslError(f"{os.fspath(file)} is no coverage data file: {error}") from None
        return coverage

    # -- executions ----------------------------------------------------------------------------------------------------

    def begins(self, execution: Execution, machine: Heard, _kind: str) -> None:
        """See drivers.Listener."""
        fingerprint = machine.plan.fingerprint
        seen = (fingerprint, machine.name, "" if machine.source is None else machine.source.name)
        if seen not in self._seen:
            self._seen.add(seen)
            self.add(covered(machine))
        if execution.marks is None:
            execution.watch(set())
        if execution.marks is not None:
            self._live[id(execution)] = (execution, fingerprint, execution.marks)

    def ends(self, execution: Execution, _ended: Ended | BaseException) -> None:
        """See drivers.Listener."""
        self._take(id(execution), over=True)

    def _gather(self) -> None:
        """Those that still run count as far as they have come."""
        for key in list(self._live):
            self._take(key, over=False)

    def _take(self, key: int, *, over: bool) -> None:
        found = self._live.pop(key, None) if over else self._live.get(key)
        if found is None:
            return
        _, fingerprint, marks = found
        marks = marks.copy()  # its execution may be at work in another thread
        with self._lock:
            known = self._known[fingerprint]
            if not marks <= known.marks:
                self._known[fingerprint] = replace(known, marks=known.marks | marks)

    def table(self, *, missing: bool = True, skip_covered: bool = False) -> str:
        """The report for a terminal; see asl_local.testing.coverage.table."""
        return table(self.machines, missing=missing, skip_covered=skip_covered)

    def to_json(self) -> dict[str, Json]:
        """The report as JSON; docs/coverage.md has its shape."""
        return to_json(self.machines)

    def to_html(self, *, title: str = "Coverage of state machines") -> str:
        """The report as a web page that needs nothing else: graphs painted, what is missing, the definitions' texts."""
        from asl_local.testing.coverage.page import page  # noqa: PLC0415 - only few want it

        return page(self.machines, title=title)

    def __str__(self) -> str:
        return self.table()

    def __repr__(self) -> str:
        return f"<Coverage of {len(self._known)} machine{'' if len(self._known) == 1 else 's'}>"


def _stands_for(known: MachineCoverage, one: MachineCoverage) -> bool:
    same_file = bool(known.file) and os.path.realpath(known.file) == os.path.realpath(one.file)
    return known.name == one.name and same_file and known.fingerprint != one.fingerprint


def _both(one: MachineCoverage, other: MachineCoverage) -> MachineCoverage:
    """Two of the same machine; which of them lends its name and file does not depend on the order."""
    first = min(one, other, key=_rank)
    return replace(first, marks=one.marks | other.marks)


def _rank(one: MachineCoverage) -> tuple[Any, ...]:
    """Those that know their file before others, and those with a name of their own before those without."""
    return (not one.file, one.name in _NAMELESS, one.name, one.file, one.text or "", sorted(one.lines.items()))


_NAMELESS = ("definition", "StateMachine")  # what a machine is called that nobody has given a name


def _data(one: MachineCoverage) -> dict[str, Json]:
    return {
        "name": one.name,
        "fingerprint": one.fingerprint,
        "definition": dict(one.definition),
        "file": one.file,
        "text": one.text,
        "lines": dict(one.lines),
        "marks": [list(mark) for mark in sorted(one.marks)],
    }


def _measured(data: Mapping[str, Any]) -> MachineCoverage:
    marks = frozenset((str(pointer), str(what), int(number)) for pointer, what, number in data["marks"])
    unknown = sorted({what for _, what, _ in marks} - MARKS.keys())
    if unknown:
        raise ValueError(f"unknown marks: {', '.join(unknown)}")
    return MachineCoverage(
        data["name"], data["fingerprint"], data["definition"], marks, data["file"], data["text"], data["lines"]
    )


def data_files(folder: str | os.PathLike[str] = ".", name: str = DATA_FILE) -> list[Path]:
    """The data files that the processes of a test run have left in a folder: `.aslcoverage.<suffix>`, in order."""
    return sorted(path for path in Path(folder).glob(f"{name}.*") if path.suffix != ".tmp" and path.is_file())


def combine(files: Iterable[str | os.PathLike[str]], *, keep: bool = False) -> Coverage:
    """The coverage of several data files, which are deleted unless `keep`."""
    paths = list(files)
    coverage = Coverage.load(*paths)
    if not keep:
        for path in paths:
            Path(path).unlink()
    return coverage


__all__ = ["DATA_FILE", "Coverage", "combine", "data_files"]

hinted(globals())
