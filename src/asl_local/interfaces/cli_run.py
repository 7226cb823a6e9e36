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
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn

from asl_local.engine import Identity, Limits
from asl_local.errors import AslError, InvalidDefinition, UnansweredToken, UnknownResource
from asl_local.interfaces import cli
from asl_local.interfaces.machine import Machine, load
from asl_local.interfaces.records import RecordError, Recording, Records, check_name
from asl_local.interfaces.result import Result
from asl_local.lazy import later
from asl_local.resources import Resources
from asl_local.values import Json

if TYPE_CHECKING:
    import traceback

    from asl_local.reporters import Event, timeline
    from asl_local.reporters.live import plain, watching
    from asl_local.resources import inferred
    from asl_local.services.local import LocalAWS
else:
    later(
        globals(), "traceback", "asl_local.reporters.timeline", "asl_local.reporters.live.plain",
        "asl_local.reporters.live.watching", "asl_local.resources.inferred",
    )  # fmt: skip

NO_RESOURCES = "\n  --resources FILE names the functions that answer (see asl-local run --help)"


class _Terminated(KeyboardInterrupt):
    """SIGTERM: whoever sends it wants the execution to end as after Ctrl-C."""


class UsageError(AslError):
    """The command cannot be carried out as given; the text is one line."""


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
    resources = inferred.mock_answers(machine) if options.invent else gather(options.resources, aws)
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
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{name}: not JSON: {error}") from None


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


def gather(names: Iterable[str], aws: LocalAWS | None) -> Resources:
    """What several --resources give together, of which the later win; the stand-ins are `aws`'s."""
    return Resources.joined([load_resources(name, aws) for name in names], aws)


def load_attribute(name: str, option: str) -> Any:
    """What `module:name` or `file.py:name` leads to, a function; `option` is who wants it, for the texts of UsageError."""
    module, attribute = _module(name, option)
    if not attribute:
        raise UsageError(f"{option} {name}: MODULE:FUNCTION or FILE:FUNCTION is wanted")
    found = getattr(module, attribute, None)
    if not callable(found):
        raise UsageError(f"{option} {name}: the module has no function {attribute!r}")
    return found


def load_resources(name: str, aws: Any) -> Resources:
    """What a module or file says of who answers; see `asl-local run --help` for the convention. `aws` is for its function.

    Raises UsageError, in one line, for whatever keeps them from being had.
    """
    module, attribute = _module(name)
    if attribute:
        provider = getattr(module, attribute, None)
        if provider is None:
            raise UsageError(f"--resources {name}: the module has no {attribute!r}")
    else:
        provider = getattr(module, "resources", None) or getattr(module, "RESOURCES", None)
        if provider is None:
            raise UsageError(
                f"--resources {name}: the module has neither a function `resources(aws)` nor a mapping `RESOURCES` "
                "(see asl-local run --help)"
            )
    if callable(provider):
        with _failing(name), contextlib.redirect_stdout(sys.stderr):
            provider = provider(aws)
    if isinstance(provider, Resources):
        return provider
    if not isinstance(provider, Mapping):
        raise UsageError(f"--resources {name}: a mapping of names to functions is wanted, not {provider!r:.80}")
    for key, handler in provider.items():
        if not isinstance(key, str) or not callable(handler):
            raise UsageError(f"--resources {name}: {key!r}: a function is wanted, not {handler!r:.80}")
    return Resources(provider)


def _module(name: str, option: str = "--resources") -> tuple[ModuleType, str]:
    """The module that a path or a dotted name leads to, and what stands behind a colon."""
    target, colon, attribute = name.rpartition(":")
    if not colon or not attribute.isidentifier() or len(target) == 1:  # C:\tasks.py
        target, attribute = name, ""
    path = Path(target)
    if path.suffix == ".py" or path.is_file():
        if not path.is_file():
            raise UsageError(f"{option} {name}: there is no such file")
        return _from_file(path.resolve(), name, option), attribute
    if path.is_dir() and not (path / "__init__.py").is_file():
        raise UsageError(f"{option} {name}: that is a folder; name the Python file in it")
    if not all(part.isidentifier() for part in target.split(".")):
        raise UsageError(f"{option} {name}: neither a Python file nor a module's name")
    _importable(Path.cwd())
    import importlib.util  # noqa: PLC0415 - only where functions are to be found

    with _failing(name, option), contextlib.redirect_stdout(sys.stderr):
        if importlib.util.find_spec(target.partition(".")[0]) is None:
            raise UsageError(f"{option} {name}: there is neither a file nor a module of that name")
        return importlib.import_module(target), attribute


def _from_file(path: Path, name: str, option: str) -> ModuleType:
    import importlib.machinery  # noqa: PLC0415 - only where functions are to be found
    import importlib.util  # noqa: PLC0415

    module_name = path.stem if path.stem not in sys.modules else f"resources_{path.stem}"
    loader = importlib.machinery.SourceFileLoader(module_name, str(path))
    spec = importlib.util.spec_from_file_location(module_name, path, loader=loader)
    if spec is None:
        raise UsageError(f"{option} {name}: cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    _importable(path.parent)  # as `python tasks.py` would have it, so that the file can import its neighbours
    sys.modules[module_name] = module  # dataclasses look their module up there
    with _failing(name, option), contextlib.redirect_stdout(sys.stderr):
        loader.exec_module(module)
    return module


def _importable(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


@contextlib.contextmanager
def _failing(name: str, option: str = "--resources") -> Iterator[None]:
    """Whatever the user's module raises becomes one line that says where."""
    try:
        yield
    except (AslError, KeyboardInterrupt):
        raise
    except BaseException as error:  # SystemExit too: a module that ends the program is no set of functions
        frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith("<frozen")]
        ours = str(Path(__file__).resolve().parent)
        foreign = [f for f in frames if not f.filename.startswith(ours)]
        where = f" ({foreign[-1].filename}, line {foreign[-1].lineno})" if foreign else ""
        if isinstance(error, SyntaxError):
            where = f" ({error.filename}, line {error.lineno})" if error.filename else ""
            error.args = (error.msg,)
        raise UsageError(timeline.one_line(f"{option} {name}: {type(error).__name__}: {error}{where}")) from error


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
    text = json.dumps(value, indent=2, ensure_ascii=False)
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(value, indent=2)
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
