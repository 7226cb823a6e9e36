"""The door of the pytest plugin: its options, its fixtures, and the moment at which somebody first uses it.

Knows: pytest, and what asks for us. Must never know: what is done then (asl_local.interfaces.pytest_plugin).
pytest imports this file in every run of everybody who has asl-local installed, so it stands beside the package and imports
nothing of it: the package is imported when an option, a fixture or a case file of ours is used, or is there already
because the tests themselves import it. (PYTEST_DONT_REWRITE: it asserts nothing, and may be
imported before pytest begins.)
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from asl_local import LocalAWS, Result
    from asl_local.interfaces.pytest_plugin.loading import Load
    from asl_local.interfaces.pytest_plugin.plugin import Plugin
    from asl_local.interfaces.pytest_plugin.snapshots.fixture import Snapshot

_NAME = "asl_local in use"
WORKER = "asl_local"  # our member of what a worker of pytest-xdist tells its controller
LEFT_OUT = pytest.StashKey[list[pytest.Item]]()  # the tests that -k and others have left out
_CASES = (".asltest.yaml", ".asltest.yml", ".asltest.json")


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """The options, all of which begin with --asl-."""
    _import_as_ever(pluginmanager)
    group = parser.getgroup("asl_local", "state machines in Amazon States Language (asl_local)")
    group.addoption(
        "--asl-snapshot-update",
        action="store_true",
        help="write the snapshots of asl_snapshot anew, and remove those that no test uses any more",
    )
    group.addoption(
        "--asl-report",
        metavar="DIR",
        help="write a page for each execution of each test there: timeline, history as JSON, graph with the way taken",
    )
    group.addoption(
        "--asl-cov",
        action="append",
        nargs="?",
        const="",
        default=[],
        metavar="NAME|PATH",
        help="measure the coverage of state machines: of all that run, or of those of that name (may hold * and ?) or in "
        "that file or folder, whether they run or not; may be given several times",
    )
    group.addoption(
        "--asl-cov-report",
        action="append",
        default=[],
        metavar="TYPE",
        help="what to make of it: term, term-missing (both with :skip-covered if you like), html[:PLACE], json[:FILE]; "
        "may be given several times; default: term-missing",
    )
    group.addoption(
        "--asl-cov-fail-under",
        type=_percentage,
        metavar="PERCENT",
        help="fail if less than that is covered in total",
    )


def _percentage(text: str) -> float:
    try:
        percent = float(text)
    except ValueError:
        percent = -1.0
    if not 0 <= percent <= 100:
        raise argparse.ArgumentTypeError(f"{text!r} is no percentage from 0 to 100")
    return percent


def pytest_configure(config: pytest.Config) -> None:
    """Options of ours are there for the whole run."""
    cov, reports, least = (config.getoption(f"asl_cov{name}") for name in ("", "_report", "_fail_under"))
    if not cov and (reports or least is not None):
        raise pytest.UsageError(f"{'--asl-cov-report' if reports else '--asl-cov-fail-under'} needs --asl-cov")
    if cov or config.getoption("asl_snapshot_update") or config.getoption("asl_report"):
        _used(config)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Files with cases are test files."""
    if not file_path.name.endswith(_CASES):
        return None
    _used(parent.config)
    from asl_local.interfaces.pytest_plugin.cases.items import CaseFile  # noqa: PLC0415

    return CaseFile.from_parent(parent, path=file_path)


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    """A snapshot of a test that is left out is not unused."""
    for item in items:
        item.config.stash.setdefault(LEFT_OUT, []).append(item)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """A worker of pytest-xdist has done its part."""
    told = getattr(node, "workeroutput", {}).get(WORKER)
    if told is not None or node.config.getoption("asl_cov"):
        _used(node.config).heard_from(told)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Tests that have imported the library run machines: from now on we listen."""
    if "asl_local" in sys.modules:
        _used(item.config).enter(item, anew=True)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """A fixture may have imported it meanwhile."""
    if "asl_local" in sys.modules:
        _used(item.config).enter(item)


@pytest.fixture(scope="module")
def asl_load(request: pytest.FixtureRequest) -> Load:
    """Load a state machine: `asl_load("order.asl.json")`, with a path that is relative to the test file.

    Takes what asl_local.load takes and gives the Machine; the same one for the same definition, all through a module.
    """
    from asl_local.interfaces.pytest_plugin.loading import Load  # noqa: PLC0415

    return Load(request.path.parent, request.config.rootpath)


@pytest.fixture
def asl_aws(tmp_path: Path) -> LocalAWS:
    """Local AWS services (asl_local.LocalAWS) for one test, all of their state below its tmp_path."""
    from asl_local import LocalAWS  # noqa: PLC0415

    return LocalAWS(tmp_path / "aws")


@pytest.fixture
def asl_executions(request: pytest.FixtureRequest) -> Sequence[Result]:
    """The results of the executions that this test has begun so far, whoever ran them, in that order; it grows."""
    return _used(request.config).enter(request.node).results


@pytest.fixture
def asl_snapshot(request: pytest.FixtureRequest) -> Snapshot:
    """Compare a result with the snapshot in a file: `asl_snapshot(result, masks=["uuids", "$.output.id"])`.

    The file lies in `__asl_snapshots__` beside the test; `pytest --asl-snapshot-update` writes it.
    """
    return _used(request.config).snapshot(request.node)


def _import_as_ever(pluginmanager: Any) -> None:
    """Have the package imported as it is: pytest would rewrite the asserts of everything that comes with a plugin.

    Where no byte code may be written (containers), that is work in every run whose tests import asl_local, for asserts
    that no test makes. What is undone here is private to pytest; where it is no more, the import is slower.
    """
    hook = pluginmanager.rewrite_hook
    marked, known = getattr(hook, "_must_rewrite", None), getattr(hook, "_marked_for_rewrite_cache", None)
    if isinstance(marked, set) and isinstance(known, dict):
        marked.discard("asl_local")
        known.clear()


def _used(config: pytest.Config) -> Plugin:
    """What does the work, made when it is first asked for."""
    found: Any = config.pluginmanager.get_plugin(_NAME)
    if found is None:
        from asl_local.interfaces.pytest_plugin.plugin import Plugin  # noqa: PLC0415

        found = Plugin(config)
        config.pluginmanager.register(found, _NAME)
    plugin: Plugin = found
    return plugin
