"""The shared corpora: recorded answers of the library and of AWS, and the texts of real state machines.

Run with ASL_LOCAL_SHARED; the other tests of this folder stand alone.
"""

import json

import pytest

from asl_local.errors import EvaluationError, ExpressionSyntaxError
from asl_local.language.choice import compile_rule
from asl_local.language.intrinsics import compile_call, is_call
from asl_local.language.jsonpath import PathError, parse
from asl_local.language.templates import compile_path_field, compile_result_path, compile_template


def lines(path):
    return path.read_text(encoding="utf-8").splitlines()


def table(path):
    """The first column, JSON strings, of a table with a heading."""
    return [json.loads(line.split("\t")[0]) for line in lines(path)[1:] if line]


def cases(shared, area):
    found = json.loads((shared / "conformance/cases" / f"{area}.json").read_text(encoding="utf-8"))["cases"]
    assert found
    return found


def test_all_answers_of_the_library(shared):
    answers = {row["id"]: row for row in map(json.loads, lines(shared / "language/jsonpath/oracle-2.0.0.jsonl"))}
    wrong = []
    asked = [json.loads(line) for line in lines(shared / "language/jsonpath/cases.jsonl")]
    for case in asked:
        answer = answers[case["id"]]
        if not case["path"].startswith("$"):
            want = ("refused",)  # the library reads it, a state machine may not hold it
        elif "definite" not in answer:
            want = ("refused",)
        else:
            want = (answer["definite"], answer.get("value"), answer.get("msg"))
        try:
            path = parse(case["path"])
            if path.root == "variable":  # `$a`: no path to the library, a variable since 2024
                continue
            got = (path.definite, path.find(case["doc"]), None)
        except PathError as error:
            got = (path.definite, None, str(error))
        except ExpressionSyntaxError:
            got = ("refused",)
        if json.dumps(got) != json.dumps(want):
            wrong.append((case["path"], got, want))
    assert wrong == []
    assert len(asked) == 133


# Paths that real texts hold and the library does not take: a linter's bad examples, an editor's unfinished lines, one
# emulator's extension and one slip in a published machine.
REFUSED_PATHS = {"$...", "$states.", "$$23", "$[:].item", "$.flag.Payload."}


def test_real_paths_parse(shared):
    refused = set()
    for text in table(shared / "language/jsonpaths.tsv"):
        try:
            parse(text)
        except ExpressionSyntaxError:
            refused.add(text)
    assert refused == REFUSED_PATHS


# Calls that are refused: linters' and emulators' bad examples ...
REFUSED_CALLS = {
    "States.JsonToString($", "States.StringToJson $.escaped)", "States. ", "States.MathAdd(1,'-1')", "States.Xyz($.result)",
    "States.Format(true)", "States.Format()", "States.Format('{}', 'string', 100, true, null)", "States.Format('{} {} {}', 'string', 100)",
    "States.JsonToString()", "States.JsonToString('not-a-path')", "States.JsonToString($.path, $.anotherPath)", "States.StringToJson()",
    "States.StringToJson($.someString, $.anotherPath)", "  States.Format($.template, $.firstName, $.lastName)",
    " States.Array('Foo', $.xyz, 'Bar', 2.3)",
    # ... what AWS was recorded to refuse ...
    'States.StringToJson(\'{"text":"An \\"escaped double quote\\" here"}\')',
    "States.Format('He said, \\\"Hello, {}!\\\"', 'Test \\\"Name\\\" Here')",
    # ... and one published machine with quotes inside of quotes.
    "States.Format('Stock for product id {} is 0. The product status has been updated to 'OUT OF STOCK'.', $.productId)",
}  # fmt: skip


def test_real_calls_compile(shared):
    refused = set()
    for text in table(shared / "language/intrinsics.tsv"):
        try:
            if is_call(text):
                compile_call(text)
            else:
                refused.add(text)
        except ExpressionSyntaxError as error:
            if "States.Default" not in str(error):
                refused.add(text)
    assert refused == REFUSED_CALLS


def test_recorded_functions(shared, scope):
    wrong = []
    for case in cases(shared, "intrinsic_functions"):
        value, names = case.get("input", {}), case["environment"]
        surroundings = scope(
            Execution={"Name": names["execution_name"], "Input": value},
            StateMachine={"Id": names["state_machine_arn"], "Name": names["state_machine_name"]},
        )
        for state in case["definition"]["States"].values():
            output = compile_template(state["Parameters"])(value, surroundings)
            output = compile_result_path(state.get("ResultPath", "$"))(value, output)
            output = compile_path_field(state.get("OutputPath", "$"))(output, surroundings)
            if output != case["expected"]["output"] and "math_random" not in case["id"]:
                wrong.append((case["id"], output))
    assert wrong == []


def test_recorded_comparisons(shared, scope):
    wrong = []
    for case in cases(shared, "choice_operators"):
        for state in case["definition"]["States"].values():
            if state["Type"] != "Choice":
                continue
            taken = [rule["Next"] for rule in state["Choices"] if compile_rule(rule)(case["input"], scope())]
            if [*taken, state["Default"]][0] not in json.dumps(case["expected"]["output"]):
                wrong.append(case["id"])
    assert wrong == []


@pytest.mark.parametrize(
    ("case_id", "compile_field"),
    [
        ("catch_states_runtime", lambda state: compile_path_field(state["OutputPath"])),
        ("invalid_jsonpath[INVALID_JSONPATH_IN_STRING_EXPR_JSONPATH]", lambda state: compile_template(state["Parameters"])),
        ("invalid_jsonpath[ST.INVALID_JSONPATH_IN_TIMEOUTSECONDSPATH]", lambda state: compile_path_field(state["TimeoutSecondsPath"])),
    ],
)  # fmt: skip
def test_recorded_causes(shared, scope, case_id, compile_field):
    case = next(case for case in cases(shared, "scenarios") if case["id"].endswith(case_id))
    cause = case["expected"]["cause"]
    if isinstance(cause, dict):
        cause = cause["example"]
    state_name = cause.split("'")[1]

    def find(states):
        for name, state in states.items():
            if name == state_name:
                return state
        raise AssertionError(state_name)

    with pytest.raises(EvaluationError) as caught:
        compile_field(find(case["definition"]["States"]))({}, scope())
    assert cause.endswith(f"). {caught.value.cause}")
    assert case["expected"]["error"] == caught.value.error
