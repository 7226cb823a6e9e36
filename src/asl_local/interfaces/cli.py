"""The command line: how it begins and ends, and what it does about a terminal's limits.

Knows: exit codes, streams. Must never know: which commands there are (cli_options), or how one does its work (cli_run,
cli_show, aws.cli do).
Exit codes: 0 all is well; 1 the execution did not succeed, or the definition has errors; 2 the command cannot be
carried out as given; 130 interrupted, 143 by SIGTERM. Results go to standard output, everything else to standard error.
"""

from __future__ import annotations

import os
import sys

from asl_local.errors import AslError, InternalError
from asl_local.interfaces.cli_options import DEFAULT_ROOT, ROOT_VARIABLE, USAGE, build
from asl_local.lazy import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence
    from typing import NoReturn, TextIO


class UsageError(AslError):
    """The command cannot be carried out as given; the text is one line."""


INTERRUPTED, TERMINATED, BROKEN_PIPE, INTERNAL = 130, 143, 141, 70


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; gives the exit code. Without arguments it is the program itself and ends the process."""
    if argv is None:
        leave(main(sys.argv[1:]))
    arguments = list(argv)
    _open_what_is_closed()
    _tame(sys.stdout)
    _tame(sys.stderr)
    try:
        code = _main(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        _silence(sys.stdout)
        return BROKEN_PIPE
    except KeyboardInterrupt:
        return INTERRUPTED
    except SystemExit as stop:  # argparse's way out, --help included
        return stop.code if isinstance(stop.code, int) else USAGE
    return code


def leave(code: int) -> NoReturn:
    """End the process, also where task functions are still at work.

    Threads cannot be stopped, and OpenCV's own abort the process (exit code 134) if they are at work while Python
    takes itself apart. So then Python does not.
    """
    threading = sys.modules.get("threading")  # whoever has started a thread has imported it
    at_work = [each for each in threading.enumerate() if each.name.startswith("asl-local")] if threading else []
    for thread in at_work:
        thread.join(0.05)  # idle ones have been told to end
    if any(thread.is_alive() for thread in at_work):
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError):
                continue
        os._exit(code)
    sys.exit(code)


def _main(arguments: list[str]) -> int:
    parser = build(arguments)
    options = parser.parse_args(arguments)
    run: Callable[[argparse.Namespace], int] | None = getattr(options, "run", None)
    if run is None:
        parser.print_help(sys.stderr)
        return USAGE
    try:
        return run(options)
    except (AslError, OSError) as error:
        if isinstance(error, BrokenPipeError):
            raise
        complain(error_text(error))
        return USAGE
    except (Exception, InternalError) as error:
        if os.environ.get("ASL_LOCAL_DEBUG"):
            raise
        complain(f"internal error: {type(error).__name__}: {error}; please report it (ASL_LOCAL_DEBUG=1 shows where)")
        return INTERNAL


def root_of(options: argparse.Namespace) -> str:
    """The root directory that the options, else the environment, else the default name."""
    return options.root or os.environ.get(ROOT_VARIABLE) or DEFAULT_ROOT


def complain(text: str) -> None:
    """A line on standard error, with the program's name before it."""
    print(f"asl-local: {text}", file=sys.stderr)


def error_text(error: BaseException) -> str:
    """What an error says to a person."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename is not None else error.strerror
    return str(error)


def _open_what_is_closed() -> None:
    """A program may be started without standard streams (`>&-`); Python has None for them then."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - open to the end


def _tame(stream: TextIO | None) -> None:
    """A character that the console has no code for is shown by its number, and never ends the program."""
    if stream is not None and hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")


def _silence(stream: TextIO) -> None:
    """Nobody reads any more; Python's own flush at exit must not complain about that."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    except (OSError, ValueError):
        return


__all__ = [
    "BROKEN_PIPE", "DEFAULT_ROOT", "INTERNAL", "INTERRUPTED", "ROOT_VARIABLE", "TERMINATED", "USAGE", "UsageError", "build", "complain",
    "error_text", "leave", "main", "root_of",
]  # fmt: skip


if __name__ == "__main__":
    main()
