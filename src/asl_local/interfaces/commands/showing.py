"""`asl-local validate`, `graph`, `history` and `view`: their options and what their help says.

Knows: names, texts of help, defaults. Must never know: how a command does its work.
"""

from __future__ import annotations

from asl_local.interfaces.commands.shared import DEFINITION, add_machine, add_root, add_substitute, lazily
from asl_local.lazy import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping

_VALIDATE = """\
Check definitions without running them. Exit code 1 if there is an error; warnings alone are fine.

Every state machine of a template (CloudFormation, SAM), of serverless.yml, of CDK's output and of a folder is checked.
"""
_GRAPH = """\
Draw a definition: as the text of a Mermaid flowchart, which GitHub, GitLab and many editors show as a picture, as a
picture (SVG), or in Graphviz's language (DOT).
"""
_HISTORY = "List the executions recorded under a root, the latest first, or show the events of one."
_VIEW = """\
Write the report of a recorded execution: one HTML page with its graph, states, timeline and events, to read offline.

HISTORY is what `aws stepfunctions get-execution-history --execution-arn ARN > HISTORY` has written (several files are the
pages of one history, - is standard input), a record of `asl-local run`, or the name of an execution under ROOT. It may be
cut, in reverse order, without data, or of an execution that still runs; what is missing is told.
--definition is a definition as `run` takes it, or what describe-state-machine-for-execution has written.
The report goes to FILE, else beside the history, as HISTORY.html; its path goes to standard output.
"""


def _add_validate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("definitions", metavar="DEFINITION", nargs="+", help=f"{DEFINITION}, or - for standard input")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")
    parser.add_argument("--type", choices=("STANDARD", "EXPRESS"), help="default: what the template says, or STANDARD")
    add_substitute(parser)
    add_machine(parser)
    parser.set_defaults(run=lazily("cli_show", "validate"))


def _add_graph(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("definition", metavar="DEFINITION", help=DEFINITION)
    parser.add_argument(
        "--format", choices=("svg", "mermaid", "dot"), help="default: by FILE's ending (.svg, .mmd, .dot), else mermaid"
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="write there instead of to standard output")
    add_substitute(parser)
    add_machine(parser)
    parser.set_defaults(run=lazily("cli_show", "graph"))


def _add_history(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", nargs="?", help="an execution; without it, all are listed")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")
    add_root(parser)
    parser.set_defaults(run=lazily("cli_show", "history"))


def _add_view(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("history", metavar="HISTORY", nargs="+", help="a JSON file, several, - or an execution's name")
    parser.add_argument("--definition", metavar="FILE", help="the machine; without it there is no graph")
    parser.add_argument(
        "--execution", metavar="FILE", help="what describe-execution has written: names, status, the end"
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="write there; - is standard output")
    parser.add_argument(
        "--format", choices=("html", "text"), default="html",
        help="a page, or the timeline as text, on standard output unless -o says otherwise; default: html",
    )  # fmt: skip
    parser.add_argument("--open", action="store_true", help="open the report in the browser")
    add_root(parser)
    add_substitute(parser)
    add_machine(parser)
    parser.set_defaults(run=lazily("viewing.cli", "run"))


COMMANDS: Mapping[str, tuple[str, Callable[[argparse.ArgumentParser], None]]] = {
    "validate": (_VALIDATE, _add_validate),
    "graph": (_GRAPH, _add_graph),
    "history": (_HISTORY, _add_history),
    "view": (_VIEW, _add_view),
}
"""What each command says of itself, and who adds its options."""
