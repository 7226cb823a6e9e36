"""`asl-local explore` and `bounds`: their options and what their help says.

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
    number,
)
from asl_local.lazy import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping

_EXPLORE = """\
Explore a machine: every order in which its tasks can come back, times everything that can go wrong with them.

Prints each way to end that there is and, of each violation of --invariant, the smallest counterexample. Exit code 1 if
there is a violation.

--invariant names a function (run) of a Python file or module: it returns False, or fails an assertion, where something is
as it must not be. run has status, output, error, cause, input, schedule, faults, world and result.
--resources are those of `asl-local run`; handlers must be functions of their event alone. Those that keep something keep
it in a world: --world names a function that makes one (any value that can be copied), and `resources(world)` gets it.
Without --resources, answers and input are made up from what the machine reads.
"""
_BOUNDS = """\
What a machine can cost at most: seconds, history events, retries; and what is close to a limit. Exit code 1 if something is.

Without --input and --resources it is read off the definition and nothing runs. With them, every order and every fault is
explored as `Machine.explore` does, and the worst runs are told, too.
"""


def _add_explore(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("definition", metavar="DEFINITION", help=DEFINITION)
    parser.add_argument("--input", metavar="JSON|@FILE|FILE|-", help="the execution's input; default: one made up")
    parser.add_argument("--resources", action="append", default=[], metavar="MODULE|FILE", help="who answers the tasks")
    parser.add_argument(
        "--invent", action="store_true", help="make the answers up, which is done anyway unless somebody gives them"
    )
    parser.add_argument("--world", metavar="MODULE:FUNCTION", help="makes what the handlers of --resources work in")
    add_mock(parser)
    parser.add_argument("--invariant", metavar="MODULE:FUNCTION", help="what must hold at every end")
    parser.add_argument("--faults", type=int, default=1, metavar="N", help="how much may go wrong in a run; default: 1")
    parser.add_argument("--budget", type=number, metavar="N", help="the most steps to take; default: 200000")
    parser.add_argument("--type", choices=("STANDARD", "EXPRESS"), help="default: what a template says, else STANDARD")
    parser.add_argument(
        "--no-shrink", dest="shrink", action="store_false", help="show counterexamples with the input that was given"
    )
    parser.add_argument("--write-test", metavar="FILE", help="write the first counterexample as a pytest file")
    parser.add_argument("--write-mocks", metavar="FILE", help="write the first counterexample as a MockConfigFile")
    parser.add_argument("--json", action="store_true", help="the report as JSON")
    add_substitute(parser)
    add_machine(parser)
    parser.set_defaults(run=lazily("exploring.cli", "run"))


def _add_bounds(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("definition", metavar="DEFINITION", help=DEFINITION)
    parser.add_argument("--input", metavar="JSON|@FILE|FILE|-", help="an input to explore runs with; default: {}")
    parser.add_argument("--resources", action="append", default=[], metavar="MODULE|FILE", help="who answers the tasks")
    parser.add_argument("--faults", type=int, default=1, metavar="N", help="most faults of an explored run; default: 1")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")
    parser.add_argument("--type", choices=("STANDARD", "EXPRESS"), help="default: what a template says, else STANDARD")
    add_root(parser)
    add_substitute(parser)
    add_machine(parser)
    parser.set_defaults(run=lazily("bounding.cli", "run"))


COMMANDS: Mapping[str, tuple[str, Callable[[argparse.ArgumentParser], None]]] = {
    "explore": (_EXPLORE, _add_explore),
    "bounds": (_BOUNDS, _add_bounds),
}
"""What each command says of itself, and who adds its options."""
