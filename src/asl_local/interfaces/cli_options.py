"""The commands of the command line and their options.

Knows: names, texts of help, defaults. Must never know: how a command does its work.
Only the options of the command that is asked for are made.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NoReturn

ROOT_VARIABLE = "ASL_LOCAL_ROOT"
DEFAULT_ROOT = "asl-local-data"
USAGE = 2  # the exit code of a command that cannot be carried out as given

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
_VALIDATE = """\
Check definitions without running them. Exit code 1 if there is an error; warnings alone are fine.

Every state machine of a template (CloudFormation, SAM), of serverless.yml, of CDK's output and of a folder is checked.
"""
_DEFINITION = "a .asl.json, .asl.yaml or .asl.yml file, a template, or a folder"
_GRAPH = """\
Draw a definition: as the text of a Mermaid flowchart, which GitHub, GitLab and many editors show as a picture, as a
picture (SVG), or in Graphviz's language (DOT).
"""
_HISTORY = "List the executions recorded under a root, the latest first, or show the events of one."
_TEST_STATE = """\
Run one state as AWS's TestState does, and print its answer: status, output, error, cause, next state and, with
--inspection-level DEBUG, every value on the way from input to output.

The options are those of `aws stepfunctions test-state`; --definition may name the file as it is, too. A Task, Map or
Parallel can be mocked; a Task without a mock is answered by --resources and the stand-ins, as in `asl-local run`.
"""
_COVERAGE = """\
Reports of what tests have covered of their state machines: states, transitions, Choice rules both ways, Default,
catchers, retriers used and exhausted, Maps of no, one and several items, timeouts.

`pytest --asl-cov` and `asl_local.Coverage` leave the data files that are read here.
"""
_REPLAY = """\
Replay recorded executions with a definition: do they still take the same path? Exit code 1 if one does not.

HISTORY is what `aws stepfunctions get-execution-history --execution-arn ARN > HISTORY` has written, or a record of
`asl-local run`. Nothing is called and nothing waits: what tasks answered, and when, is the history's.
"""
_VIEW = """\
Write the report of a recorded execution: one HTML page with its graph, states, timeline and events, to read offline.

HISTORY is what `aws stepfunctions get-execution-history --execution-arn ARN > HISTORY` has written (several files are the
pages of one history, - is standard input), a record of `asl-local run`, or the name of an execution under ROOT. It may be
cut, in reverse order, without data, or of an execution that still runs; what is missing is told.
--definition is a definition as `run` takes it, or what describe-state-machine-for-execution has written.
The report goes to FILE, else beside the history, as HISTORY.html; its path goes to standard output.
"""
_MOCK_FROM_HISTORY = """\
Make a MockConfigFile.json of a real execution: its replies lead a simulation the same way. It goes to standard output.

HISTORY is what `aws stepfunctions get-execution-history --execution-arn ARN > HISTORY` has written, or a record of
`asl-local run`; several files are the pages of one history. What a mock file cannot express is told on standard error;
with --definition also whether a simulation with the file takes the same path.
"""
_BOUNDS = """\
What a machine can cost at most: seconds, history events, retries; and what is close to a limit. Exit code 1 if something is.

Without --input and --resources it is read off the definition and nothing runs. With them, every order and every fault is
explored as `Machine.explore` does, and the worst runs are told, too.
"""
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
    """--version; reading the package's metadata takes longer than all else at the start, so only then."""

    def __init__(self, option_strings: Sequence[str], dest: str, **_: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, help="print the version and exit")

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        import importlib.metadata  # noqa: PLC0415 - see above

        print(f"{parser.prog} {importlib.metadata.version('asl-local')}")
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


def _add_root(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--root",
        metavar="DIR",
        help=f"the folder that holds all local state; default: ${ROOT_VARIABLE}, else ./{DEFAULT_ROOT}",
    )


def _add_substitute(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--substitute",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        type=_pair,
        help="fill the placeholder ${NAME}, or give the template's parameter NAME; may be given several times",
    )


def _add_machine(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--machine", metavar="NAME", help="which state machine of a template or folder: its logical ID or name"
    )


def _add_mock(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--mock", metavar="FILE", help="Step Functions Local's MockConfigFile: its replies answer, with --test-case"
    )
    parser.add_argument("--test-case", metavar="NAME", help="the test case of the --mock file")


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("definition", metavar="DEFINITION", help=_DEFINITION)
    parser.add_argument("--input", metavar="JSON|@FILE|FILE|-", help="the execution's input; default: {}")
    parser.add_argument("--resources", action="append", default=[], metavar="MODULE|FILE", help="who answers the tasks")
    parser.add_argument(
        "--invent",
        action="store_true",
        help="answer every task with what the machine reads of its result; without --input, make one up, too",
    )
    _add_root(parser)
    parser.add_argument("--simulate", action="store_true", help="a virtual clock: waits and retries take no time")
    _add_mock(parser)
    parser.add_argument(
        "--field-validation-mode", choices=("STRICT", "PRESENT", "NONE"), default="NONE",
        help="compare the --mock file's results with the services' API models, as TestState does; default: NONE",
    )  # fmt: skip
    parser.add_argument("--type", choices=("STANDARD", "EXPRESS"), help="default: what a template says, else STANDARD")
    parser.add_argument(
        "--seed", type=int, metavar="N", help="what random numbers start from; default with --simulate: 0"
    )
    parser.add_argument("--name", metavar="NAME", help="the execution's name; default: one that tells machine and time")
    _add_substitute(parser)
    _add_machine(parser)
    parser.add_argument(
        "--max-events",
        type=_limit,
        default=25_000,
        metavar="N|none",
        help="most history events; default: 25000, as AWS",
    )
    parser.add_argument(
        "--max-payload-bytes",
        type=_limit,
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
    parser.set_defaults(run=_lazily("cli_run", "run"))


def _add_validate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("definitions", metavar="DEFINITION", nargs="+", help=f"{_DEFINITION}, or - for standard input")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")
    parser.add_argument("--type", choices=("STANDARD", "EXPRESS"), help="default: what the template says, or STANDARD")
    _add_substitute(parser)
    _add_machine(parser)
    parser.set_defaults(run=_lazily("cli_show", "validate"))


def _add_graph(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("definition", metavar="DEFINITION", help=_DEFINITION)
    parser.add_argument(
        "--format", choices=("svg", "mermaid", "dot"), help="default: by FILE's ending (.svg, .mmd, .dot), else mermaid"
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="write there instead of to standard output")
    _add_substitute(parser)
    _add_machine(parser)
    parser.set_defaults(run=_lazily("cli_show", "graph"))


def _add_history(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", nargs="?", help="an execution; without it, all are listed")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")
    _add_root(parser)
    parser.set_defaults(run=_lazily("cli_show", "history"))


def _add_test_state(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--definition", required=True, metavar="FILE|JSON", help="a state, or with --state-name a machine"
    )
    parser.add_argument("--state-name", metavar="NAME", help="the state of the machine to test, at whatever depth")
    parser.add_argument("--input", metavar="JSON", help="the state's input; default: {}")
    parser.add_argument(
        "--inspection-level", choices=("INFO", "DEBUG", "TRACE"), help="how much to show; default: INFO"
    )
    parser.add_argument("--mock", metavar="JSON|SHORTHAND", help="result or errorOutput, and fieldValidationMode")
    parser.add_argument(
        "--state-configuration", metavar="JSON|SHORTHAND",
        help="retrierRetryCount, errorCausedByState, mapIterationFailureCount, mapItemReaderData",
    )  # fmt: skip
    parser.add_argument("--context", metavar="JSON", help="the Context Object, with a mock only")
    parser.add_argument("--variables", metavar="JSON", help="the variables that are set")
    parser.add_argument("--role-arn", metavar="ARN", help="needed for a Task without a mock, as on AWS")
    parser.add_argument("--reveal-secrets", action=argparse.BooleanOptionalAction, help="nothing here is secret")
    parser.add_argument("--resources", action="append", default=[], metavar="MODULE|FILE", help="who answers a Task")
    _add_root(parser)
    _add_substitute(parser)
    parser.set_defaults(run=_lazily("test_state.cli", "run"))


def _add_replay(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "histories", metavar="HISTORY", nargs="+", help="the history of an execution, a JSON file; - for standard input"
    )
    parser.add_argument("definition", metavar="DEFINITION", help=_DEFINITION)
    parser.add_argument(
        "--level", choices=("path", "events", "exact"), default="path",
        help="what is compared: states and their data, every event, or their order and ids, too; default: path",
    )  # fmt: skip
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")
    parser.add_argument("--type", choices=("STANDARD", "EXPRESS"), help="default: what a template says, else STANDARD")
    _add_substitute(parser)
    _add_machine(parser)
    parser.set_defaults(run=_lazily("replaying.cli", "run"))


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
    _add_root(parser)
    _add_substitute(parser)
    _add_machine(parser)
    parser.set_defaults(run=_lazily("viewing.cli", "run"))


def _add_mock_from_history(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "history", metavar="HISTORY", nargs="+", help="the history of an execution, a JSON file; - for standard input"
    )
    parser.add_argument("--definition", metavar="FILE", help="the machine, to try the file with")
    parser.add_argument(
        "--test-case", metavar="NAME", default="Recorded", help="the test case's name; default: Recorded"
    )
    parser.add_argument("--out", metavar="FILE", help="write there instead of to standard output")
    parser.add_argument("--input-out", metavar="FILE", help="write the execution's input there")
    _add_substitute(parser)
    _add_machine(parser)
    parser.set_defaults(run=_lazily("cli_mocks", "mock_from_history"))


def _add_bounds(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("definition", metavar="DEFINITION", help=_DEFINITION)
    parser.add_argument("--input", metavar="JSON|@FILE|FILE|-", help="an input to explore runs with; default: {}")
    parser.add_argument("--resources", action="append", default=[], metavar="MODULE|FILE", help="who answers the tasks")
    parser.add_argument("--faults", type=int, default=1, metavar="N", help="most faults of an explored run; default: 1")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")
    parser.add_argument("--type", choices=("STANDARD", "EXPRESS"), help="default: what a template says, else STANDARD")
    _add_root(parser)
    _add_substitute(parser)
    _add_machine(parser)
    parser.set_defaults(run=_lazily("bounding.cli", "run"))


def _add_explore(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("definition", metavar="DEFINITION", help=_DEFINITION)
    parser.add_argument("--input", metavar="JSON|@FILE|FILE|-", help="the execution's input; default: one made up")
    parser.add_argument("--resources", action="append", default=[], metavar="MODULE|FILE", help="who answers the tasks")
    parser.add_argument(
        "--invent", action="store_true", help="make the answers up, which is done anyway unless somebody gives them"
    )
    parser.add_argument("--world", metavar="MODULE:FUNCTION", help="makes what the handlers of --resources work in")
    _add_mock(parser)
    parser.add_argument("--invariant", metavar="MODULE:FUNCTION", help="what must hold at every end")
    parser.add_argument("--faults", type=int, default=1, metavar="N", help="how much may go wrong in a run; default: 1")
    parser.add_argument("--budget", type=_number, metavar="N", help="the most steps to take; default: 200000")
    parser.add_argument("--type", choices=("STANDARD", "EXPRESS"), help="default: what a template says, else STANDARD")
    parser.add_argument(
        "--no-shrink", dest="shrink", action="store_false", help="show counterexamples with the input that was given"
    )
    parser.add_argument("--write-test", metavar="FILE", help="write the first counterexample as a pytest file")
    parser.add_argument("--write-mocks", metavar="FILE", help="write the first counterexample as a MockConfigFile")
    parser.add_argument("--json", action="store_true", help="the report as JSON")
    _add_substitute(parser)
    _add_machine(parser)
    parser.set_defaults(run=_lazily("exploring.cli", "run"))


def _lazily(module: str, function: str) -> Callable[[argparse.Namespace], int]:
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


def _number(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1")
    return int(text)


def _limit(text: str) -> int | None:
    if text == "none":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number from 1 nor 'none'")
    return int(text)


def _add_coverage(parser: argparse.ArgumentParser) -> None:
    from asl_local.interfaces.coverage.cli import add_commands  # noqa: PLC0415 - with what it needs

    add_commands(parser)


_COMMANDS: Final[Mapping[str, tuple[str, Callable[[argparse.ArgumentParser], None]]]] = {
    "run": (_RUN, _add_run),
    "validate": (_VALIDATE, _add_validate),
    "graph": (_GRAPH, _add_graph),
    "history": (_HISTORY, _add_history),
    "test-state": (_TEST_STATE, _add_test_state),
    "explore": (_EXPLORE, _add_explore),
    "replay": (_REPLAY, _add_replay),
    "view": (_VIEW, _add_view),
    "bounds": (_BOUNDS, _add_bounds),
    "mock-from-history": (_MOCK_FROM_HISTORY, _add_mock_from_history),
    "coverage": (_COVERAGE, _add_coverage),
}
"""What each command says of itself, and who adds its options; `aws` is apart."""


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
    for name, (text, add_options) in _COMMANDS.items():
        if name == wanted or wanted not in (*_COMMANDS, "aws"):
            command = _command(commands, name, text)
            if name == wanted or name != "coverage":
                add_options(command)
    if wanted == "aws":
        from asl_local.interfaces.aws import cli as aws  # noqa: PLC0415 - a table of some size

        aws.add_parser(commands)
        commands.choices["aws"].set_defaults(run=aws.run)
    elif wanted not in _COMMANDS:
        commands.add_parser("aws", help=_AWS, add_help=False)
    return parser


__all__ = ["DEFAULT_ROOT", "ROOT_VARIABLE", "USAGE", "build"]
