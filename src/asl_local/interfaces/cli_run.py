"""`asl-local run`: one execution, from a definition and an input to an output, an exit code and a record.

Knows: where definition, input and functions come from and where the result goes. Must never know: how it is run.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

from asl_local.engine import Limits
from asl_local.errors import AslError, InvalidDefinition, UnansweredToken, UnknownResource
from asl_local.interfaces import cli
from asl_local.interfaces.cli import UsageError
from asl_local.interfaces.machine import load
from asl_local.interfaces.records import RecordError, Recording, Records, check_name
from asl_local.lazy import TYPE_CHECKING, later
from asl_local.values import DEEPEST, Json, indented

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, NoReturn

    from asl_local.engine import Identity
    from asl_local.interfaces.commands import functions
    from asl_local.interfaces.machine import Machine
    from asl_local.interfaces.result import Result
    from asl_local.reporters import Event, timeline
    from asl_local.reporters.live import plain, watching
    from asl_local.resources import inferred
    from asl_local.services.local import LocalAWS
else:
    later(
        globals(), "asl_local.interfaces.commands.functions", "asl_local.reporters.timeline", "asl_local.reporters.live.plain",
        "asl_local.reporters.live.watching", "asl_local.resources.inferred",
    )  # fmt: skip

NO_RESOURCES = "\n  --resources FILE names the functions that answer (see asl-local run --help)"


class _Terminated(KeyboardInterrupt):
    """SIGTERM: whoever sends it wants the execution to end as after Ctrl-C."""


def run(options: argparse.Namespace) -> int:
    """The command. Gives 0 if the execution SUCCEEDED, 1 if not, 130 if it was interrupted (SIGTERM: 143)."""
    try:
        machine = load(
            Path(options.definition),
            substitutions=dict(options.substitute) or None,
            name=options.machine,
            type=options.type,
        )
        for warning in () if options.quiet else machine.warnings:
            print(f"warning: {warning}", file=sys.stderr)
    except InvalidDefinition as error:
        for line in problems(error, options.definition):
            cli.complain(line)
        return cli.USAGE
    if (options.mock is None) is not (options.test_case is None):
        raise UsageError("--mock and --test-case go together: a file, and the name of a test case in it")
    if options.invent and (options.resources or options.mock):
        raise UsageError("--invent answers every task, there is nothing left for --resources and --mock")
    _check_report(options.report)
    given = inferred.mock_input(machine) if options.invent and options.input is None else read_input(options.input)
    aws = stand_ins(options)
    resources = _answering(options, machine, aws)
    identity = machine.identity(_name(options, machine))
    shown, lines = _shown(options, machine)
    recording = Recording(
        Records(aws.root) if aws is not None else None, machine, given, identity=identity, simulated=options.simulate
    )

    def on_event(event: Event) -> None:
        recording.take(event)
        if lines is not None:
            lines.on_event(event)

    def end(result: Result | None) -> None:
        _close(recording, result)
        if options.report is not None and recording.events:
            _write_report(options, recording, result, aws)

    common: dict[str, Any] = {
        "limits": Limits(events=options.max_events, payload_bytes=options.max_payload_bytes),
        "identity": identity,
        "on_event": on_event,
        "mocks": _mocks(options),
        "on_map_progress": None if lines is None else lines.on_map_progress,
    }
    try:
        with _terminable(), _standard_output_kept(), _covered(options.coverage), shown:
            if options.simulate:
                result = machine.simulate(given, resources, seed=options.seed or 0, **common)
            else:
                result = machine.run(given, resources, seed=options.seed, **common)
    except UnansweredToken:
        end(None)
        raise
    except UnknownResource as error:
        end(None)
        cli.complain(f"{error}{'' if options.resources else NO_RESOURCES}")
        return cli.USAGE
    except KeyboardInterrupt as stop:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the record is written whole, however impatient somebody is
        end(None)
        how, code = (
            ("terminated", cli.TERMINATED) if isinstance(stop, _Terminated) else ("interrupted", cli.INTERRUPTED)
        )
        cli.complain(f"{how}; execution {identity.execution_name} was aborted{_where(options, aws, identity)}")
        return code
    end(result)
    if result.status == "SUCCEEDED":
        write_json(result.output)
        return 0
    _report(result, identity.execution_name)
    return 1


def _covered(file: str | None) -> contextlib.AbstractContextManager[None]:
    """What --coverage wants."""
    if file is None:
        return contextlib.nullcontext()
    from asl_local.interfaces.coverage.adding import added_to  # noqa: PLC0415 - only few want it

    return added_to(file)


def _mocks(options: argparse.Namespace) -> Any:
    if options.mock is None:
        if options.field_validation_mode != "NONE":
            raise UsageError("--field-validation-mode is for the results of a --mock file")
        return None
    from asl_local import mock  # noqa: PLC0415 - only for those who mock

    return mock.config_file(options.mock, options.test_case, field_validation_mode=options.field_validation_mode)


def problems(error: InvalidDefinition, file: str) -> list[str]:
    """A line for each error of a definition, which stands in `file` or in one that this refers to."""
    lines = []
    file = error.source if error.source not in ("", "definition") else file
    for each in error.diagnostics:
        if each.severity == "ERROR":
            place = f"{file}:{each.line}:{each.column}" if each.line is not None else file
            hint = f" ({each.hint})" if each.hint else ""
            lines.append(timeline.one_line(f"{place}: {each.code}: {each.message} at {each.path or '/'}{hint}"))
    return lines


# -- what goes in ------------------------------------------------------------------------------------------------------


def read_input(given: str | None) -> Json:
    """The input that --input names. Raises UsageError for what is neither JSON nor a file that holds JSON."""
    if given is None:
        return {}
    if given == "-":
        return _parsed(sys.stdin.buffer.read(), "standard input")
    if given.startswith("@"):
        return _parsed(_contents(Path(given[1:])), given[1:])
    try:
        return _parsed(given.encode("utf-8", "surrogateescape"), "--input")
    except UsageError as error:
        with contextlib.suppress(OSError, ValueError):
            if Path(given).is_file():
                return _parsed(_contents(Path(given)), given)
        if given.lstrip()[:1] in ("{", "[", '"'):
            raise
        raise UsageError(
            f"--input: {given!r} is neither JSON nor a file (JSON texts need quotes: '\"...\"')"
        ) from error


def _contents(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"--input: {path}: {error.strerror or error}") from None


def _parsed(data: bytes, name: str) -> Json:
    def refuse(constant: str) -> NoReturn:
        raise ValueError(f"{constant} is not JSON")

    try:
        return json.loads(data.decode("utf-8-sig"), parse_constant=refuse)
    except UnicodeDecodeError as error:
        raise UsageError(f"{name}: not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise UsageError(f"{name}: not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except ValueError as error:
        raise UsageError(f"{name}: not JSON: {error}") from None
    except RecursionError:
        raise UsageError(f"{name}: nested more than {DEEPEST} levels deep") from None


def stand_ins(options: argparse.Namespace) -> LocalAWS | None:
    """The stand-ins under the root that the options name, or None where their libraries are not installed."""
    from asl_local.services.local import LocalAWS  # noqa: PLC0415 - only for this command

    try:
        return LocalAWS(cli.root_of(options))
    except AslError as error:
        if options.root or os.environ.get(cli.ROOT_VARIABLE):
            raise
        # Nobody asked for this folder; a definition that needs no stand-in runs without it.
        cli.complain(f"{error}; running without stand-ins and without a record")
        return None


def _answering(options: argparse.Namespace, machine: Machine, aws: LocalAWS | None) -> Any:
    """Who answers the tasks: with --invent made-up answers, with --resources functions, the stand-ins in any case."""
    if options.invent:
        return inferred.mock_answers(machine)
    return functions.gather(options.resources, aws) if options.resources else aws


def _name(options: argparse.Namespace, machine: Machine) -> str:
    if options.name is not None:
        try:
            return check_name(options.name)
        except RecordError as error:
            raise UsageError(f"--name: {error}") from None
    if options.simulate:
        return f"{machine.name[:60]}-simulated-{options.seed or 0}"[:80]
    return f"{machine.name[:50]}-{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.urandom(3).hex()}"


# -- while it runs -----------------------------------------------------------------------------------------------------


def _shown(
    options: argparse.Namespace, machine: Machine
) -> tuple[contextlib.AbstractContextManager[object], plain.Plain | None]:
    """What --progress wants: what shows the execution while it goes on, and who is to be told of its events for that."""
    stream, wanted = sys.stderr, "none" if options.quiet else options.progress
    if wanted == "tree" or (wanted == "auto" and plain.moves(stream) and watching.wants_tree(stream)):
        return watching.live(stream, progress="tree"), None
    if wanted == "none":
        return contextlib.nullcontext(), None
    lines = plain.Plain(machine.plan, stream)
    return lines, lines


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM ends the execution as Ctrl-C does, where nobody has said what it is to do, and where that can be said."""

    def terminate(*_: object) -> NoReturn:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough: the record is to be written
        raise _Terminated

    ours = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    if ours:
        signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        if ours and signal.getsignal(signal.SIGTERM) is terminate:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


@contextlib.contextmanager
def _standard_output_kept() -> Iterator[None]:
    """What task functions print goes to standard error: standard output is the execution's output, nothing else."""
    with contextlib.redirect_stdout(sys.stderr):
        yield


# -- what comes out ----------------------------------------------------------------------------------------------------


def write_json(value: Json) -> None:
    """JSON on standard output; characters that its encoding lacks as JSON's own escapes, so that it stays JSON."""
    text = indented(value)
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        text = "".join(each if each < "\x80" else json.dumps(each)[1:-1] for each in text)
    print(text)


def _report(result: Result, name: str) -> None:
    where = f" in {result.place}" if result.place else ""
    cli.complain(timeline.one_line(f"execution {name} {result.status}{where}"))
    if result.error is not None:
        print(f"error: {timeline.one_line(result.error)}", file=sys.stderr)
    if result.cause is not None:
        print(f"cause: {result.cause}", file=sys.stderr)


def _close(recording: Recording, result: Result | None) -> None:
    try:
        recording.close(result)
    except (OSError, ValueError) as error:
        cli.complain(f"the execution's record could not be written: {cli.error_text(error)}")


def _check_report(file: str | None) -> None:
    """Raises UsageError or OSError where --report names no file that can be written."""
    if file is None:
        return
    if file == "-":
        raise UsageError("--report: name a file; standard output is for the execution's output")
    from asl_local.interfaces.viewing.writing import check_writable  # noqa: PLC0415 - only few want it

    check_writable(Path(file))


def _write_report(options: argparse.Namespace, recording: Recording, result: Result | None, aws: Any) -> None:
    """Write what --report wants; the execution is over, and ends as it has ended even if that fails."""
    from asl_local.interfaces.viewing import view  # noqa: PLC0415 - only few want it

    try:
        ended = view(recording.record(None)) if result is None else result
        ended.to_html(options.report, aws=aws)
    except OSError as error:
        cli.complain(f"the report could not be written: {cli.error_text(error)}")
    else:
        if not options.quiet:
            cli.complain(f"report: {options.report}")


def _where(options: argparse.Namespace, aws: LocalAWS | None, identity: Identity) -> str:
    if aws is None:
        return ""
    root = f" --root {options.root}" if options.root else ""
    return f" (asl-local history {identity.execution_name}{root} shows how far it came)"
