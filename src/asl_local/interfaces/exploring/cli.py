"""`asl-local explore`: from a definition and what answers its tasks to a report, an exit code, and files on request.

Knows: where machine, input, answers, world and invariant come from. Must never know: how a machine is explored or a
counterexample shrunk.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from asl_local.errors import AslError, InvalidDefinition, UnknownResource
from asl_local.interfaces import cli
from asl_local.interfaces.cli import UsageError
from asl_local.interfaces.cli_run import NO_RESOURCES, problems, read_input, write_json
from asl_local.interfaces.commands.functions import load_attribute, load_resources
from asl_local.interfaces.exploring import report
from asl_local.interfaces.machine import Machine, load
from asl_local.resources import Resources, mock_answers, mock_input


def run(options: argparse.Namespace) -> int:
    """The command. Gives 0 if no invariant was violated, 1 if one was, 130 if it was interrupted."""
    try:
        machine = load(
            Path(options.definition), substitutions=dict(options.substitute) or None, name=options.machine,
            type=options.type,
        )  # fmt: skip
    except InvalidDefinition as error:
        for line in problems(error, options.definition):
            cli.complain(line)
        return cli.USAGE
    _check(options)
    invariant = _told(options.invariant) if options.invariant else None
    given = mock_input(machine) if options.input is None else read_input(options.input)
    misled: list[UsageError] = []
    resources, world = _answers(options, machine, misled)
    with _interruptible() as interrupted:
        try:
            with contextlib.redirect_stdout(sys.stderr):
                exploration = machine.explore(
                    given, resources, world=world, invariant=invariant, faults=options.faults, budget=options.budget,
                    mock_config=options.mock, test_case=options.test_case, stop=lambda _: interrupted(),
                )  # fmt: skip
        except UnknownResource as error:
            cli.complain(f"{error}{'' if options.resources else NO_RESOURCES}")
            return cli.USAGE
        if misled:  # what a handler raises is an answer, so it was one of the outcomes
            raise misled[0]
        with contextlib.redirect_stdout(sys.stderr):
            shown = report.Report(machine, exploration, shrink=options.shrink, stop=interrupted)
        _write(options, shown)
    if options.json:
        write_json(shown.data())
    else:
        print(shown)
    if interrupted():
        cli.complain("interrupted; this is what was known by then")
        return cli.INTERRUPTED
    return 1 if exploration.violations else 0


def _check(options: argparse.Namespace) -> None:
    if (options.mock is None) is not (options.test_case is None):
        raise UsageError("--mock and --test-case go together: a file, and the name of a test case in it")
    if options.invent and (options.resources or options.mock or options.world):
        raise UsageError("--invent answers every task, there is nothing left for --resources, --world and --mock")
    if options.world and not options.resources:
        raise UsageError("--world is what --resources makes handlers over: a function `resources(world)`")
    if options.faults < 0:
        raise UsageError(f"--faults: {options.faults} of them cannot happen")
    if (options.write_test or options.write_mocks) and not options.invariant:
        raise UsageError("--write-test and --write-mocks write a violation down: say with --invariant what must hold")


def _answers(options: argparse.Namespace, machine: Machine, misled: list[UsageError]) -> tuple[Any, Any]:
    """Who answers, and the world that they work in, if there is one; `misled` gets what handlers want and there is not."""
    if not options.resources:
        # A machine that asks until something is done must get on: its answers are counted, in a world.
        return (lambda calls: mock_answers(machine, calls=calls)), {}
    if not options.world:
        return Resources.joined(
            [load_resources(name, _NoStandIns(name, misled)) for name in options.resources], None
        ), None
    world = load_attribute(options.world, "--world")()
    if world is None:
        raise UsageError(f"--world {options.world}: the function gave None; a world is wanted")

    def resources(world: Any) -> Resources:
        return Resources.joined([load_resources(name, world) for name in options.resources], None)

    return resources, world


def _told(name: str) -> Callable[[Any], Any]:
    """The invariant; what it raises beside AssertionError is its own fault, and told in a line."""
    function = load_attribute(name, "--invariant")

    @functools.wraps(function)
    def invariant(run: Any) -> Any:
        try:
            said = function(run)
        except (AssertionError, AslError):
            raise
        except Exception as error:
            frame = traceback.extract_tb(error.__traceback__)[-1]
            raise UsageError(
                f"--invariant {name}: {type(error).__name__}: {error} ({frame.filename}, line {frame.lineno}), for a run "
                f"that is {run.outcome}"
            ) from error
        if said is not None and not isinstance(said, bool):
            raise UsageError(
                f"--invariant {name}: gave {said!r:.80}: True or False is wanted, or an assert and nothing"
            )
        return said

    return invariant


class _NoStandIns:
    """What a function `resources(aws)` gets when there is no world: nothing that it could use."""

    def __init__(self, name: str, misled: list[UsageError]) -> None:
        self._name, self._misled = name, misled

    def __getitem__(self, key: Any) -> Any:
        return self.__getattr__(str(key))

    def __getattr__(self, attribute: str) -> Any:
        error = UsageError(
            f"--resources {self._name}: wants `{attribute}` of the stand-ins, which keep what they do in files; "
            "explored are handlers over a world that can be copied: --world MODULE:FUNCTION makes one, and "
            "`resources` gets it"
        )
        self._misled.append(error)
        raise error


@contextlib.contextmanager
def _interruptible() -> Iterator[Callable[[], bool]]:
    """The first Ctrl-C is only noted, and what is given says that it came; the second one is as ever."""
    came = False

    def note(*_: Any) -> None:
        nonlocal came
        came = True
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: came
    finally:
        signal.signal(signal.SIGINT, before)


def _write(options: argparse.Namespace, shown: report.Report) -> None:
    """The files that were asked for."""
    if not shown.counterexamples:
        for path in filter(None, (options.write_test, options.write_mocks)):
            cli.complain(f"{path} is not written: no invariant was violated")
        return
    first = shown.counterexamples[0]
    if options.write_test:
        sources = {"invariant": options.invariant}
        if len(options.resources) == 1 and options.world:
            sources |= {"resources": _provider(options.resources[0]), "world": f"{options.world}()"}
        if not options.resources:
            sources |= {"resources": "=lambda calls: asl_local.mock_answers(machine, calls=calls)"}
        if options.mock:
            sources |= {"mock_config": options.mock, "test_case": options.test_case}
        try:
            written = first.write_test(options.write_test, sources=sources)
        except ValueError as error:
            raise UsageError(f"--write-test: {error}") from None
        for note in written.notes:
            cli.complain(f"{options.write_test}: {note}")
    if options.write_mocks:
        mocks = first.mock_file()
        mocks.write(options.write_mocks)
        for note in mocks.notes:
            cli.complain(f"{options.write_mocks}: {note}")


def _provider(name: str) -> str:
    """What --resources names, with the function in it."""
    target, colon, attribute = name.rpartition(":")
    return name if colon and target and attribute.isidentifier() else f"{name}:resources"
