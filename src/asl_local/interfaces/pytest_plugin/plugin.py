"""The plugin in use: what pytest calls once an option, a fixture, a case file or a test of machines is there.

Knows: pytest's hooks, and who answers each. Must never know: how anything is compared, written or said.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from _asl_local_pytest import LEFT_OUT, WORKER
from asl_local.drivers import Ended, Heard, listening
from asl_local.engine import Execution
from asl_local.interfaces.pytest_plugin import words
from asl_local.interfaces.pytest_plugin.recording import Recording
from asl_local.interfaces.pytest_plugin.snapshots.fixture import Snapshot, Snapshots
from asl_local.interfaces.pytest_plugin.snapshots.unused import Census, remove
from asl_local.interfaces.result import Result
from asl_local.reporters import History

if TYPE_CHECKING:
    from asl_local.interfaces.pytest_plugin.coverage import Covering
    from asl_local.interfaces.pytest_plugin.report import Pages


class Plugin:
    """One for each pytest session that has something to do with state machines."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.snapshots = Snapshots(config.rootpath, update=config.getoption("asl_snapshot_update"))
        self.census = Census()
        self.written = 0
        self.removed: list[Path] = []
        self.unused: list[Path] = []
        self.index: Path | None = None
        self._outcome = "passed"
        self._recording: Recording | None = None
        self._open = ExitStack()
        self._open.enter_context(listening(self))
        self.covering = self._covering()
        self.pages = self._pages()

    def _covering(self) -> Covering | None:
        cov = self.config.getoption("asl_cov")
        if not cov or self.config.option.collectonly:
            return None
        from asl_local.interfaces.pytest_plugin.coverage import Covering  # noqa: PLC0415 - only for those who measure

        reports, least = self.config.getoption("asl_cov_report"), self.config.getoption("asl_cov_fail_under")
        try:
            covering = Covering(self.config.invocation_params.dir, cov, reports, least)
        except ValueError as error:
            raise pytest.UsageError(f"--asl-cov-report: {error}") from None
        self._open.enter_context(covering.collected)
        return covering

    def _pages(self) -> Pages | None:
        folder = self.config.getoption("asl_report")
        if not folder or self.config.option.collectonly:
            return None
        from asl_local.interfaces.pytest_plugin.report import Pages  # noqa: PLC0415 - only for those who want one

        pages = Pages(self.config.invocation_params.dir / folder)
        if pages.folder.exists() and not pages.folder.is_dir():
            raise pytest.UsageError(f"--asl-report: {folder} is no folder")
        if not hasattr(self.config, "workerinput"):
            try:
                pages.begin()
            except OSError as error:
                raise pytest.UsageError(f"--asl-report: {pages.folder}: {error.strerror or error}") from None
        return pages

    # -- the executions of a test --------------------------------------------------------------------------------------

    def enter(self, item: pytest.Item, *, anew: bool = False) -> Recording:
        """What is run from now on belongs to this test; `anew` forgets what it has run (it may be run again)."""
        if anew or self._recording is None or self._recording.name != item.nodeid:
            self._recording = Recording(item.nodeid)
        return self._recording

    def begins(self, execution: Execution, machine: Heard, kind: str) -> None:
        """An execution begins somewhere in this process."""
        if self._recording is not None:
            self._recording.begins(execution, machine, kind)

    def ends(self, execution: Execution, ended: Ended | BaseException) -> None:
        """An execution has ended; one that began in an earlier test is nobody's."""
        if self._recording is not None:
            self._recording.ends(execution, ended)

    # -- snapshots -----------------------------------------------------------------------------------------------------

    def snapshot(self, item: pytest.Item) -> Snapshot:
        """The fixture asl_snapshot of a test."""
        return Snapshot(self.snapshots, item.path, _name(item))

    # -- pytest's hooks ------------------------------------------------------------------------------------------------

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """A failed test's report has a section with its executions."""
        report = yield
        recording = self._recording
        if report.failed and recording is not None and recording.name == item.nodeid:
            told = _told(recording)
            if told:
                report.sections.append(("asl_local", told))
        if call.when == "call" or not report.passed:
            self.census.ended(item.path, _name(item), passed=report.passed)
        if self.pages is not None and recording is not None and recording.name == item.nodeid:
            self._outcome = _worse(self._outcome, report.outcome)
            if call.when == "teardown":
                self.pages.add(recording, self._outcome)
                self._outcome = "passed"
        return report

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Everything was run here: tell the process that started this one, or draw the conclusions."""
        items: list[pytest.Item] = getattr(session, "items", [])
        narrowed = {
            Path(str(argument).partition("::")[0]).absolute() for argument in self.config.args if "::" in argument
        }
        narrowed.update(each.path for each in self.config.stash.get(LEFT_OUT, ()))
        self.census.collected(((item.path, _name(item)) for item in items), narrowed)
        self.census.used.update(map(str, self.snapshots.used))
        self.written += len(self.snapshots.changed)
        output: dict[str, Any] | None = getattr(self.config, "workeroutput", None)
        if output is not None:
            output[WORKER] = {"census": self.census.to_json(), "written": self.written}
            if self.pages is not None:
                output[WORKER]["pages"] = self.pages.rows
            if self.covering is not None:
                output[WORKER]["coverage"] = self.covering.to_data()
            return
        if self.pages is not None:
            self.index = self.pages.finish()
        if self.covering is not None:
            self.covering.finish()
            short = self.covering.shortfall is not None or self.covering.unwritten
            if short and session.exitstatus == pytest.ExitCode.OK:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED
        self.unused = self.census.unused() if session.testscollected else []
        if self.snapshots.update:
            remove(self.unused)
            self.removed, self.unused = self.unused, []

    def heard_from(self, told: Any) -> None:
        """What a worker of pytest-xdist has seen; None from one that has crashed."""
        if told is None:
            if self.covering is not None:
                self.covering.lost += 1
            return
        if self.covering is not None and "coverage" in told:
            self.covering.add(told["coverage"])
        if self.pages is not None:
            self.pages.rows += told.get("pages", [])
        self.census.add(told["census"])
        self.written += told["written"]

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """What became of snapshots, where there is something to say."""
        lines = []
        if self.written:
            lines.append(f"{_counted(self.written)} written")
        if self.removed:
            lines.append(f"{_counted(len(self.removed))} removed: {self._named(self.removed)}")
        if self.unused:
            lines.append(
                f"{_counted(len(self.unused))} unused (--asl-snapshot-update removes): {self._named(self.unused)}"
            )
        if lines:
            terminalreporter.section("asl_local snapshots")
            for line in lines:
                terminalreporter.line(line)
        if self.index is not None:
            terminalreporter.section("asl_local report")
            terminalreporter.line(f"executions of the tests: {self.snapshots.shown(self.index)}")
        if self.covering is not None and not hasattr(self.config, "workeroutput"):
            terminalreporter.section("asl_local coverage")
            for line in self.covering.lines():
                terminalreporter.line(line)
            if self.covering.shortfall is not None:
                terminalreporter.line(f"FAIL {self.covering.shortfall}", red=True, bold=True)

    def _named(self, paths: list[Path]) -> str:
        return ", ".join(self.snapshots.shown(path) for path in paths)

    def pytest_assertrepr_compare(self, op: str, left: object, right: object) -> list[str] | None:
        """Results and histories that are not equal say where they differ."""
        if op != "==":
            return None
        if isinstance(left, Result) and isinstance(right, Result):
            return [f"Result == Result ({left.status}, {right.status})", *words.unequal(left, right)]
        if isinstance(left, History) and isinstance(right, History):
            return [f"History == History ({len(left)} events, {len(right)} events)", *words.histories(left, right)]
        return None

    def pytest_unconfigure(self) -> None:
        """Nobody listens any more."""
        self._open.close()


def _name(item: pytest.Item) -> str:
    """The test's name within its file: `TestOrders::test_retries[3]`."""
    return item.nodeid.partition("::")[2]


def _worse(one: str, other: str) -> str:
    """Of two outcomes of a test's parts the one that counts."""
    ranks = {"passed": 0, "skipped": 1}
    return max(one, other, key=lambda outcome: ranks.get(outcome, 2))


def _told(recording: Recording) -> str:
    try:
        return words.section(recording)
    except Exception as error:  # the test's own failure is what people want to see, whatever is wrong with us
        return f"the executions cannot be shown: {error!r}"


def _counted(snapshots: int) -> str:
    return f"{snapshots} snapshot{'' if snapshots == 1 else 's'}"


__all__ = ["Plugin"]
