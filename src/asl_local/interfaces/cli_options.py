"""The commands of the command line, and its parser.

Knows: which commands there are. Must never know: their options (commands/), or how a command does its work.
Only the options of the command that is asked for are made.
"""

from __future__ import annotations

import argparse
import sys

from asl_local.interfaces.commands.shared import DEFAULT_ROOT, ROOT_VARIABLE
from asl_local.lazy import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Final, NoReturn

USAGE = 2  # the exit code of a command that cannot be carried out as given

_AWS = "The AWS CLI's commands for the local stand-ins: s3, dynamodb, rekognition, sns, sqs, events."


class _Unmeasured(argparse.HelpFormatter):
    """A formatter of some width: finding out the terminal's imports a lot, and argparse asks it about each option."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=100)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, with a hint, instead of the whole usage."""

    def __init__(self, *, formatter_class: Any = argparse.HelpFormatter, **kwargs: Any) -> None:
        self._shown_by = formatter_class
        super().__init__(formatter_class=_Unmeasured, **kwargs)

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: {message} (see {self.prog} --help)", file=sys.stderr)
        sys.exit(USAGE)

    def format_usage(self) -> str:
        """The usage, as wide as the terminal."""
        self.formatter_class = self._shown_by
        return super().format_usage()

    def format_help(self) -> str:
        """The help, as wide as the terminal."""
        self.formatter_class = self._shown_by
        return super().format_help()


class _Version(argparse.Action):
    """--version, of the package that runs: it need not be installed, or not in this version."""

    def __init__(self, option_strings: Sequence[str], dest: str, **_: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, help="print the version and exit")

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        # The package is above this floor, and there whenever a module of it is.
        package: Any = sys.modules[__name__.partition(".")[0]]
        print(f"{parser.prog} {package.__version__}")
        parser.exit()


def _command(commands: Any, name: str, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=text.partition(". ")[0].partition(": ")[0],
        description=text,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    return parser


_HOMES: Final[Mapping[str, str]] = {
    "run": "running",
    "validate": "showing",
    "graph": "showing",
    "history": "showing",
    "test-state": "testing",
    "explore": "exploring",
    "replay": "testing",
    "view": "showing",
    "bounds": "exploring",
    "mock-from-history": "testing",
    "coverage": "testing",
}
"""The module in commands/ that has each command's options; `aws` is apart."""


def _options_of(name: str) -> tuple[str, Callable[[argparse.ArgumentParser], None]]:
    """What a command says of itself, and who adds its options."""
    home: Any = __import__(f"asl_local.interfaces.commands.{_HOMES[name]}", fromlist=("*",))
    found: tuple[str, Callable[[argparse.ArgumentParser], None]] = home.COMMANDS[name]
    return found


def build(arguments: Sequence[str] = ()) -> argparse.ArgumentParser:
    """The parser: of the one command that `arguments` name, else of all."""
    parser = _Parser(
        prog="asl-local",
        description="Run Amazon States Language definitions offline, against local stand-ins for AWS services.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_Version)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", prog="asl-local")
    wanted = next((each for each in arguments if not each.startswith("-")), "")
    for name in _HOMES:
        if name == wanted or wanted not in (*_HOMES, "aws"):
            text, add_options = _options_of(name)
            command = _command(commands, name, text)
            if name == wanted or name != "coverage":
                add_options(command)
    if wanted == "aws":
        from asl_local.interfaces.aws import cli as aws  # noqa: PLC0415 - a table of some size

        aws.add_parser(commands)
        commands.choices["aws"].set_defaults(run=aws.run)
    elif wanted not in _HOMES:
        commands.add_parser("aws", help=_AWS, add_help=False)
    return parser


__all__ = ["DEFAULT_ROOT", "ROOT_VARIABLE", "USAGE", "build"]
