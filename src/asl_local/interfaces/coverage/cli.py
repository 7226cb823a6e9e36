"""`asl-local coverage report|html|json|combine`: data files in, reports out, with coverage.py's habits.

Knows: options, files and exit codes. Must never know: what there is to cover, or how a report is made.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from asl_local.errors import AslError
from asl_local.interfaces import cli
from asl_local.interfaces.cli_run import write_json
from asl_local.interfaces.machine import definitions_in, load
from asl_local.testing.coverage import DATA_FILE, Coverage, combine, data_files

_EPILOG = f"FILE is a data file; default: {DATA_FILE}, else all {DATA_FILE}.* that are there."


def add_commands(parser: argparse.ArgumentParser) -> None:
    """Give the command its commands. Where less is covered than --fail-under wants, they give 1."""
    parser.set_defaults(run=lambda _: parser.error("say what to do: report, html, json or combine"))
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    report = _command(commands, "report", "Print the table, with what is missing of each machine.", _report)
    report.add_argument("--skip-covered", action="store_true", help="leave out machines of which nothing is missing")
    html = _command(commands, "html", "Write a web page: graphs painted, what is missing, the definitions.", _html)
    html.add_argument("-o", "--output", metavar="FILE", default="aslcoverage.html", help="default: aslcoverage.html")
    html.add_argument("--title", metavar="TEXT", default="Coverage of state machines", help="the page's heading")
    written = _command(commands, "json", "Print the report as JSON.", _json)
    written.add_argument("-o", "--output", metavar="FILE", help="write there instead of to standard output")
    together = commands.add_parser(
        "combine", help="merge the data files of several processes", allow_abbrev=False,
        description=f"Merge data files, and those in folders, into {DATA_FILE}; they are deleted then.",
    )  # fmt: skip
    together.add_argument("files", metavar="FILE|FOLDER", nargs="*", help=f"default: {DATA_FILE}.* in this folder")
    together.add_argument("-o", "--output", metavar="FILE", default=DATA_FILE, help=f"default: {DATA_FILE}")
    together.add_argument("--append", "-a", action="store_true", help="keep what the output has already")
    together.add_argument("--keep", action="store_true", help="do not delete what was merged")
    together.set_defaults(run=_combine)


def _command(
    commands: Any, name: str, text: str, show: Callable[[argparse.Namespace], int]
) -> argparse.ArgumentParser:  # fmt: skip
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=text.rstrip("."), description=text, epilog=_EPILOG, allow_abbrev=False
    )
    parser.add_argument("files", metavar="FILE", nargs="*", help="what to report on")
    parser.add_argument(
        "--include", action="append", default=[], metavar="DEFINITION",
        help="a definition, template or folder whose machines are in the report also if they never ran",
    )  # fmt: skip
    parser.add_argument(
        "--fail-under", type=_percent, metavar="PERCENT", help="exit with 1 if less than that is covered in total"
    )
    parser.set_defaults(run=show)
    return parser


def _percent(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 100:
        raise argparse.ArgumentTypeError(f"{text!r} is no percentage from 0 to 100")
    return value


def _report(options: argparse.Namespace) -> int:
    coverage = _read(options)
    print(coverage.table(skip_covered=options.skip_covered))
    return _judged(coverage, options)


def _html(options: argparse.Namespace) -> int:
    coverage = _read(options)
    Path(options.output).write_text(coverage.to_html(title=options.title), "utf-8")
    cli.complain(f"wrote {options.output}")
    return _judged(coverage, options)


def _json(options: argparse.Namespace) -> int:
    coverage = _read(options)
    if options.output is None:
        write_json(coverage.to_json())
    else:
        Path(options.output).write_text(json.dumps(coverage.to_json(), indent=2) + "\n", "utf-8")
        cli.complain(f"wrote {options.output}")
    return _judged(coverage, options)


def _judged(coverage: Coverage, options: argparse.Namespace) -> int:
    shortfall = coverage.shortfall(options.fail_under or 0.0)
    if shortfall is not None:
        cli.complain(shortfall)
    return int(shortfall is not None)


def _read(options: argparse.Namespace) -> Coverage:
    files = [Path(file) for file in options.files]
    if not files:
        files = [Path(DATA_FILE)] if Path(DATA_FILE).exists() else data_files()
    if not files:
        raise AslError(
            f"there is no data file {DATA_FILE} here (a test run leaves one: Coverage.save, pytest --asl-cov)"
        )
    coverage = Coverage.load(*files)
    coverage.include(*(load(found) for name in options.include for found in definitions_in(name)))
    return coverage


def _combine(options: argparse.Namespace) -> int:
    given = [Path(name) for name in options.files] or [Path()]
    files = [file for path in given for file in (data_files(path) if path.is_dir() else [path])]
    output = Path(options.output)
    files = [file for file in files if file.resolve() != output.resolve()]
    if not files:
        raise AslError(f"there is nothing to combine: no {DATA_FILE}.* in {', '.join(str(path) for path in given)}")
    coverage = combine(files, keep=True)
    if options.append and output.exists():
        coverage.update(Coverage.load(output))
    coverage.save(output)
    if not options.keep:
        for file in files:
            file.unlink()
    cli.complain(f"combined {len(files)} data file{'' if len(files) == 1 else 's'} into {output}")
    return 0


__all__ = ["add_commands"]
