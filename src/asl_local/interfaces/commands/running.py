"""`asl-local run`: its options and what its help says.

Knows: names, texts of help, defaults. Must never know: how a command does its work.
"""

from __future__ import annotations

from asl_local.interfaces.commands.shared import (
    DEFINITION,
    add_machine,
    add_mock,
    add_root,
    add_substitute,
    lazily,
    limit,
)
from asl_local.lazy import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping

_RUN = """\
Run an execution. Its output goes to standard output as JSON, nothing else does; progress goes to standard error.
Every execution leaves a record under ROOT/executions, which `asl-local history` shows.

--input is JSON text, @FILE, FILE, or - for standard input; without it the input is {}.

--resources names a Python file (tasks.py) or module (package.tasks) that says which function answers which Resource:
  def resources(aws): return {"*ResizeFunction*": resize}      # aws: the local stand-ins, aws.client("s3") and so on
or, where no function needs a stand-in,
  RESOURCES = {"*ResizeFunction*": resize}
The keys are Lambda functions' ARNs, names or shell-style patterns of them; a function takes (event) or (event, context).
An asl_local.Resources may stand for the mapping: its workers answer task tokens, its machines can be started.
FILE:NAME uses another function or mapping than these. Given twice, the later one's entries win.
"""


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("definition", metavar="DEFINITION", help=DEFINITION)
    parser.add_argument("--input", metavar="JSON|@FILE|FILE|-", help="the execution's input; default: {}")
    parser.add_argument("--resources", action="append", default=[], metavar="MODULE|FILE", help="who answers the tasks")
    parser.add_argument(
        "--invent",
        action="store_true",
        help="answer every task with what the machine reads of its result; without --input, make one up, too",
    )
    add_root(parser)
    parser.add_argument("--simulate", action="store_true", help="a virtual clock: waits and retries take no time")
    add_mock(parser)
    parser.add_argument(
        "--field-validation-mode", choices=("STRICT", "PRESENT", "NONE"), default="NONE",
        help="compare the --mock file's results with the services' API models, as TestState does; default: NONE",
    )  # fmt: skip
    parser.add_argument("--type", choices=("STANDARD", "EXPRESS"), help="default: what a template says, else STANDARD")
    parser.add_argument(
        "--seed", type=int, metavar="N", help="what random numbers start from; default with --simulate: 0"
    )
    parser.add_argument("--name", metavar="NAME", help="the execution's name; default: one that tells machine and time")
    add_substitute(parser)
    add_machine(parser)
    parser.add_argument(
        "--max-events",
        type=limit,
        default=25_000,
        metavar="N|none",
        help="most history events; default: 25000, as AWS",
    )
    parser.add_argument(
        "--max-payload-bytes",
        type=limit,
        default=262_144,
        metavar="N|none",
        help="most bytes of an input or output; default: 262144, as AWS",
    )
    parser.add_argument(
        "--progress",
        choices=("auto", "tree", "plain", "none"),
        default="auto",
        help="on standard error: a tree of what runs, a line for each event, nothing; default: auto, which is the tree "
        "on a terminal and lines elsewhere",
    )
    parser.add_argument("--quiet", "-q", action="store_true", help="no progress on standard error, and no warnings")
    parser.add_argument("--report", metavar="FILE", help="write the execution report, an HTML page, however it ends")
    parser.add_argument(
        "--coverage",
        metavar="FILE",
        help="add what the execution comes past to this data file (see asl-local coverage)",
    )
    parser.set_defaults(run=lazily("cli_run", "run"))


COMMANDS: Mapping[str, tuple[str, Callable[[argparse.ArgumentParser], None]]] = {
    "run": (_RUN, _add_run),
}
"""What each command says of itself, and who adds its options."""
