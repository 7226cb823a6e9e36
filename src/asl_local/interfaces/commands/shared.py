"""What several commands have in common: options, and how their values are read.

Knows: names, texts of help, defaults. Must never know: how a command does its work.
"""

from __future__ import annotations

import argparse

from asl_local.lazy import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT_VARIABLE = "ASL_LOCAL_ROOT"
DEFAULT_ROOT = "asl-local-data"
DEFINITION = "a .asl.json, .asl.yaml or .asl.yml file, a template, or a folder"


def add_root(parser: argparse.ArgumentParser) -> None:
    """--root."""
    parser.add_argument(
        "--root",
        metavar="DIR",
        help=f"the folder that holds all local state; default: ${ROOT_VARIABLE}, else ./{DEFAULT_ROOT}",
    )


def add_substitute(parser: argparse.ArgumentParser) -> None:
    """--substitute."""
    parser.add_argument(
        "--substitute",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        type=_pair,
        help="fill the placeholder ${NAME}, or give the template's parameter NAME; may be given several times",
    )


def add_machine(parser: argparse.ArgumentParser) -> None:
    """--machine."""
    parser.add_argument(
        "--machine", metavar="NAME", help="which state machine of a template or folder: its logical ID or name"
    )


def add_mock(parser: argparse.ArgumentParser) -> None:
    """--mock and --test-case."""
    parser.add_argument(
        "--mock", metavar="FILE", help="Step Functions Local's MockConfigFile: its replies answer, with --test-case"
    )
    parser.add_argument("--test-case", metavar="NAME", help="the test case of the --mock file")


def lazily(module: str, function: str) -> Callable[[argparse.Namespace], int]:
    """A command that is imported when it is to run."""

    def run(options: argparse.Namespace) -> int:
        import importlib  # noqa: PLC0415 - with what it imports, only for the command that was asked for

        code: int = getattr(importlib.import_module(f"asl_local.interfaces.{module}"), function)(options)
        return code

    return run


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def number(text: str) -> int:
    """A number from 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1")
    return int(text)


def limit(text: str) -> int | None:
    """A number from 1, or none."""
    if text == "none":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number from 1 nor 'none'")
    return int(text)
