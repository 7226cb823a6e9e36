"""The gate: thousands of expressions with the answers of jsonata-js 2.0.6, and expressions out of real definitions.

The corpora are not part of this project; without them these tests are skipped. A new version of an engine has to pass.
"""

import json
import re
from collections import Counter

import pytest

from asl_local.errors import EvaluationError, ExpressionSyntaxError
from asl_local.language.jsonata import compile_payload
from asl_local.language.jsonata.problems import problems

EVERYTHING = frozenset(("result", "errorOutput"))


class Surroundings:
    def __init__(self, variables, context):
        self._variables, self._context = variables, context

    def context(self):
        return self._context

    def draw(self):
        return 0.5

    def map_item(self):
        return self._context["Map"]["Item"]

    def variable(self, name):
        return self._variables[name]

    def has_variable(self, name):
        return name in self._variables

    def moment(self):
        return 1_700_000_000.0


def answer(text, states, surroundings, engine):
    """In the form of the reference's answers: a value, undefined, a function, or an error's code and message."""
    try:
        return {"v": compile_payload("{% " + text + " %}", "F", engine)(states, surroundings)}
    except ExpressionSyntaxError as error:
        return {"code": "syntax", "msg": str(error)}
    except EvaluationError as error:
        what = error.cause.split("specified for the field 'F' ", 1)[1]
        if what == "returned nothing (undefined).":
            return {"undef": 1}
        if what == "returned an unsupported result type.":
            return {"fn": 1}
        found = re.fullmatch(r"threw an error during evaluation\. ([A-Z]\d{4}): (.*)", what, re.DOTALL)
        return {"code": found[1], "msg": found[2]} if found else {"code": what}


def same(found, reference):
    if "num" in reference:  # no JSON number: its name, as AWS writes it
        return found == {"v": reference["num"]}
    if "code" in reference:
        return found.get("code") == reference["code"]
    return json.dumps(found, sort_keys=True) == json.dumps(reference, sort_keys=True)


def kind(text, found, reference):
    """Why an answer differs, as docs/jsonata.md lists it."""
    if re.search(r"\d{15}", json.dumps(reference)) and re.search(r"\d{15}", json.dumps(found)):
        return "digits"
    if "code" in reference and "code" in found:
        return "which error"
    if re.search(r"[@#]\$", text):
        return "joins"
    return "value"


# Engine, how many of the 4,000 may differ, and how many of each kind do.
@pytest.mark.parametrize(
    ("engine", "allowed", "kinds"),
    [
        ("jlens", 20, {"digits": 14, "which error": 3}),
        ("jsonata2py", 40, {"digits": 14, "which error": 11, "joins": 3, "value": 4}),
    ],
)
def test_the_answers_of_jsonata_2_0_6(engine, allowed, kinds, shared, tmp_path):
    pytest.importorskip(engine)
    folder = shared / "language" / "jsonata"
    corpus = json.loads((folder / "aws_exprs.json").read_text("utf-8"))
    references = json.loads((folder / "aws_node_jsonata206.json").read_text("utf-8"))
    variables = dict(corpus["bind"])
    states = dict(variables.pop("states"))
    surroundings = Surroundings(variables, states.pop("context"))
    differences = []
    for text, reference in zip(corpus["exprs"], references, strict=True):
        found = answer(text, states, surroundings, engine)
        if not same(found, reference):
            differences.append((kind(text, found, reference), text, reference, found))
    report = "\n".join(
        f"{why}: {text}\n    reference {was}\n    {engine} {found}" for why, text, was, found in differences
    )
    (tmp_path / "differences.txt").write_text(report, "utf-8")
    print(report)
    assert len(references) == 4_000
    assert len(differences) <= allowed, report
    assert Counter(row[0] for row in differences) == kinds, report


def test_no_expression_of_the_corpus_is_refused(shared):
    corpus = json.loads((shared / "language" / "jsonata" / "aws_exprs.json").read_text("utf-8"))
    refused = {text: problems(text, EVERYTHING) for text in corpus["exprs"]}
    assert {text: found for text, found in refused.items() if found} == {}


# Templates from which definitions are rendered hold their own `${...}` where a number or a value will stand.
PLACEHOLDER = re.compile(r"\$\{[^{}]*\}")
# A template's whole statement is no placeholder for a value; a name at the top is refused by AWS as well.
NO_EXPRESSIONS = ("{f'", "$.ready")


def test_expressions_of_real_definitions_parse(shared):
    lines = (shared / "language" / "jsonata_exprs.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    texts = [PLACEHOLDER.sub("1", row["expr"].strip()) for row in rows if "real" in row["tiers"]]
    real = [text for text in texts if not any(part in text for part in NO_EXPRESSIONS)]
    assert len(real) > 1_000
    assert {text: found for text in real if (found := problems(text, EVERYTHING))} == {}
