"""`asl-local test-state`, `replay`, `mock-from-history` and `coverage`: their options and what their help says.

Knows: names, texts of help, defaults. Must never know: how a command does its work.
"""

from __future__ import annotations

import argparse

from asl_local.interfaces.commands.shared import DEFINITION, add_machine, add_root, add_substitute, lazily
from asl_local.lazy import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_TEST_STATE = """\
Run one state as AWS's TestState does, and print its answer: status, output, error, cause, next state and, with
--inspection-level DEBUG, every value on the way from input to output.

The options are those of `aws stepfunctions test-state`; --definition may name the file as it is, too. A Task, Map or
Parallel can be mocked; a Task without a mock is answered by --resources and the stand-ins, as in `asl-local run`.
"""
_REPLAY = """\
Replay recorded executions with a definition: do they still take the same path? Exit code 1 if one does not.

HISTORY is what `aws stepfunctions get-execution-history --execution-arn ARN > HISTORY` has written, or a record of
`asl-local run`. Nothing is called and nothing waits: what tasks answered, and when, is the history's.
"""
_MOCK_FROM_HISTORY = """\
Make a MockConfigFile.json of a real execution: its replies lead a simulation the same way. It goes to standard output.

HISTORY is what `aws stepfunctions get-execution-history --execution-arn ARN > HISTORY` has written, or a record of
`asl-local run`; several files are the pages of one history. What a mock file cannot express is told on standard error;
with --definition also whether a simulation with the file takes the same path.
"""
_COVERAGE = """\
Reports of what tests have covered of their state machines: states, transitions, Choice rules both ways, Default,
catchers, retriers used and exhausted, Maps of no, one and several items, timeouts.

`pytest --asl-cov` and `asl_local.Coverage` leave the data files that are read here.
"""


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
    add_root(parser)
    add_substitute(parser)
    parser.set_defaults(run=lazily("test_state.cli", "run"))


def _add_replay(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "histories", metavar="HISTORY", nargs="+", help="the history of an execution, a JSON file; - for standard input"
    )
    parser.add_argument("definition", metavar="DEFINITION", help=DEFINITION)
    parser.add_argument(
        "--level", choices=("path", "events", "exact"), default="path",
        help="what is compared: states and their data, every event, or their order and ids, too; default: path",
    )  # fmt: skip
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")
    parser.add_argument("--type", choices=("STANDARD", "EXPRESS"), help="default: what a template says, else STANDARD")
    add_substitute(parser)
    add_machine(parser)
    parser.set_defaults(run=lazily("replaying.cli", "run"))


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
    add_substitute(parser)
    add_machine(parser)
    parser.set_defaults(run=lazily("cli_mocks", "mock_from_history"))


def _add_coverage(parser: argparse.ArgumentParser) -> None:
    from asl_local.interfaces.coverage.cli import add_commands  # noqa: PLC0415 - with what it needs

    add_commands(parser)


COMMANDS: Mapping[str, tuple[str, Callable[[argparse.ArgumentParser], None]]] = {
    "test-state": (_TEST_STATE, _add_test_state),
    "replay": (_REPLAY, _add_replay),
    "mock-from-history": (_MOCK_FROM_HISTORY, _add_mock_from_history),
    "coverage": (_COVERAGE, _add_coverage),
}
"""What each command says of itself, and who adds its options."""
