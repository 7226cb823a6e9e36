"""Prints the library's tables into its pages: `python scripts/print_docs.py` (--check says what is behind and fails).

Knows: the markers in the pages and which table each one wants. Must never know: what a table says.
A page has `<!-- printed: name -->` and `<!-- end -->`; what stands between them is made here.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

from asl_local.definition import grammar
from asl_local.definition.diagnostics import AWS_CODES, OWN_CODES
from asl_local.engine.history import EVENTS
from asl_local.interfaces.pytest_plugin.cases.table import BESIDE, CASE, EXPECT, MOCK, WHEN
from asl_local.interfaces.pytest_plugin.cases.table import KINDS as VALUES
from asl_local.interfaces.pytest_plugin.coverage import REPORTS
from asl_local.interfaces.pytest_plugin.snapshots.masks import MASKS
from asl_local.interfaces.stepfunctions.operations import MISSING, OPERATIONS
from asl_local.language.choice import OPERATORS
from asl_local.language.intrinsic_functions import FUNCTIONS
from asl_local.resources.executions import SENDS
from asl_local.resources.integrations import INTEGRATIONS
from asl_local.resources.integrations.envelope import words_of
from asl_local.services.dynamodb import DynamoDB
from asl_local.services.events import EventBridge
from asl_local.services.rekognition import Rekognition
from asl_local.services.s3 import S3
from asl_local.services.sns import SNS
from asl_local.services.sqs import SQS
from asl_local.testing.bounds import WARNINGS
from asl_local.testing.coverage.goals import KINDS

PROJECT = Path(__file__).resolve().parent.parent
PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def operators() -> str:
    """The Choice operators by the kind of their operand."""
    kinds: dict[str, list[str]] = {}
    for name, operator in OPERATORS.items():
        if not operator.path_form:
            form = f"`{name}`" + (" (and `…Path`)" if f"{name}Path" in OPERATORS else "")
            kinds.setdefault(operator.kind, []).append(form)
    return table(["operand", "operators"], [[kind, ", ".join(names)] for kind, names in kinds.items()])


def intrinsics() -> str:
    """The intrinsic functions."""
    return table(["function", "what it does"], [[f"`{name}`", f.doc] for name, f in FUNCTIONS.items()])


def events() -> str:
    """The history's events."""
    return table(
        ["event", "details"], [[f"`{name}`", ", ".join(details) or "none"] for name, (_, details) in EVENTS.items()]
    )


def integrations() -> str:
    """The service integrations that a stand-in answers."""
    rows = []
    for service, integration in INTEGRATIONS.items():
        actions = sorted(integration.actions) if integration.actions else ["every operation of the client"]
        rows.append([f"`arn:aws:states:::{service}:…`", ", ".join(actions), f"`{words_of(service).prefix}.<code>`"])
    rows.append(["`arn:aws:states:::lambda:invoke`", "calls your handlers", "the function's own errorType"])
    rows.append(["`arn:aws:states:::states:startExecution`", "starts machines you name", "`StepFunctions.<code>`"])
    rows.append(
        [
            "`arn:aws:states:::aws-sdk:sfn:…`",
            ", ".join(sorted(["startExecution", "startSyncExecution", *SENDS])),
            "`Sfn.<code>`",
        ]
    )
    return table(["resource", "actions", "errors"], rows)


def services() -> str:
    """The operations of every stand-in."""
    rows = []
    for name, kind in {
        "s3": S3,
        "dynamodb": DynamoDB,
        "rekognition": Rekognition,
        "sns": SNS,
        "sqs": SQS,
        "events": EventBridge,
    }.items():
        methods = [
            f"`{method}`"
            for method, function in inspect.getmembers(kind, callable)
            if not method.startswith("_") and method != "exceptions" and inspect.isfunction(function)
        ]
        rows.append([f"`{name}`", ", ".join(methods)])
    return table(["client", "methods"], rows)


def stepfunctions() -> str:
    """The operations of the Step Functions client with their parameters."""
    rows = []
    for name, operation in OPERATIONS.items():
        parameters = [f"`{member}`{'*' if member in operation.required else ''}" for member in operation.members]
        refused = f"; refused: {', '.join(f'`{member}`' for member in operation.refused)}" if operation.refused else ""
        rows.append([f"`{method_of(name)}`", (", ".join(parameters) or "none") + refused])
    return table(["method", "parameters"], rows)


def stepfunctions_missing() -> str:
    """The operations that the Step Functions client has not."""
    return table(["missing", "instead"], [[f"`{method_of(name)}`", instead] for name, instead in MISSING.items()])


def method_of(operation: str) -> str:
    """`StartExecution` -> `start_execution`."""
    return re.sub(r"(?<!^)([A-Z])", r"_\1", operation).lower()


def misses() -> str:
    """The recorded cases that are not met."""
    sys.path.insert(0, str(PROJECT / "tests" / "conformance"))
    from misses import MISSES  # noqa: PLC0415

    return table(["case", "why"], [[f"`{case}`", why] for case, why in MISSES.items()]) if MISSES else "Nothing."


def codes() -> str:
    """The codes of diagnostics."""
    rows = [[f"`{code}`", "AWS", meaning] for code, meaning in AWS_CODES.items()]
    rows += [[f"`{code}`", "ours", meaning] for code, meaning in OWN_CODES.items()]
    return table(["code", "whose", "what for"], rows)


def fields() -> str:
    """The grammar."""
    return grammar.markdown()


def goals() -> str:
    """What of a machine there is to cover."""
    return table(["goals", "which states have them"], [[kind.title, kind.has] for kind in KINDS])


def bounds() -> str:
    """What bounds warn of."""
    return table(["code", "what it says"], [[f"`{code}`", text] for code, text in WARNINGS.items()])


FLOORS = [
    "lazy", "errors.py", "values.py", "language", "definition", "plan", "engine", "drivers", "services", "resources",
    "reporters", "testing", "strategies", "interfaces", "__init__.py",
]  # fmt: skip


def tree() -> str:
    """The package's files, floor by floor, each with the first sentence of its docstring."""
    source = PROJECT / "src" / "asl_local"
    lines = ["```text", "src/asl_local/"]

    def sentence(path: Path) -> str:
        text = " ".join((ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").split())
        first = re.split(r"(?<=[.])\s", text, maxsplit=1)[0].rstrip(".")
        return textwrap.shorten(first, 100, placeholder=" ...")

    def show(path: Path, depth: int) -> None:
        indent = "  " * depth
        if path.is_file():
            lines.append(f"{indent}{path.name:<{30 - len(indent)}} {sentence(path)}")
            return
        lines.append(f"{indent}{path.name + '/':<{30 - len(indent)}} {sentence(path / '__init__.py')}")
        for inner in sorted(path.iterdir(), key=lambda p: (p.is_dir(), p.name)):
            if (inner.is_dir() and (inner / "__init__.py").exists()) or (
                inner.suffix == ".py" and inner.name != "__init__.py"
            ):
                show(inner, depth + 1)

    for name in FLOORS:
        show(source / name, 1)
    others = sorted(p for p in source.glob("*.py") if p.name not in FLOORS)
    for path in others:
        show(path, 1)
    return "\n".join([*lines, "```"])


def case_fields() -> str:
    """The fields of a case in a case file."""
    return table(
        ["field", "value", "what it says"],
        [[f"`{name}`{'*' if each.required else ''}", VALUES[each.kind], each.doc] for name, each in CASE.items()],
    )


def case_expectations() -> str:
    """What a case may expect."""
    return table(
        ["field", "value", "what it says"],
        [[f"`{name}`", VALUES[each.kind], each.doc] for name, each in EXPECT.items()],
    )


def case_mocks() -> str:
    """The mocks of case files."""
    rows = [[f"`{name}`", VALUES[each.kind], each.doc] for name, each in MOCK.items()]
    rows += [
        [f"`{name}`, beside {'any of them' if len(owners) == len(MOCK) else ' or '.join(f'`{o}`' for o in owners)}",
         VALUES[each.kind], each.doc]
        for name, (each, owners) in BESIDE.items()
    ]  # fmt: skip
    rows.append(["`when`, in each mock of `by_input`", VALUES[WHEN.kind], WHEN.doc])
    return table(["field", "value", "what it does"], rows)


def snapshot_masks() -> str:
    """The masks of asl_snapshot."""
    rows = [[f'`"{name}"`', mask.doc] for name, mask in MASKS.items()]
    path = "a JSONPath into the snapshot: what it finds becomes `<masked>`. The snapshot has `status`, `output`, `error`, `cause`, `seconds` and `events`"
    return table(["mask", "what it does"], [*rows, ['`"$.output.id"`, `"$.events[*].input"`', path]])


def coverage_reports() -> str:
    """The kinds of --asl-cov-report."""
    return table(["report", "what it is"], [[f"`{kind}`", doc] for kind, doc in REPORTS.items()])


PRINTED: dict[str, Callable[[], str]] = {
    "tree": tree,
    "fields": fields,
    "misses": misses,
    "codes": codes,
    "operators": operators,
    "intrinsics": intrinsics,
    "events": events,
    "goals": goals,
    "bounds": bounds,
    "integrations": integrations,
    "services": services,
    "stepfunctions": stepfunctions,
    "stepfunctions-missing": stepfunctions_missing,
    "case-fields": case_fields,
    "case-expectations": case_expectations,
    "case-mocks": case_mocks,
    "snapshot-masks": snapshot_masks,
    "coverage-reports": coverage_reports,
}

_SLOT = re.compile(r"(<!-- printed: (?P<name>[\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def printed(page: str) -> str:
    """The page with every slot filled."""
    return _SLOT.sub(lambda found: f"{found[1]}{PRINTED[found['name']]()}\n{found[3]}", page)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a page is behind")
    check = parser.parse_args().check
    behind = []
    for path in PAGES:
        old = path.read_text("utf-8")
        new = printed(old)
        if new != old:
            behind.append(path.name)
            if not check:
                path.write_text(new, "utf-8")
    print(f"{'behind' if check else 'printed'}: {', '.join(behind) or 'nothing'}")
    return 1 if check and behind else 0


if __name__ == "__main__":
    sys.exit(main())
