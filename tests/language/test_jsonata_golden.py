"""Expressions of our own with the answers of jsonata-js 2.0.6, the version that AWS runs (golden/answers.mjs asks it)."""

import json
from pathlib import Path

import pytest

from asl_local.errors import EvaluationError, ExpressionSyntaxError
from asl_local.language.jsonata import compile_payload

GOLDEN = Path(__file__).parent / "golden"
CORPUS = json.loads((GOLDEN / "jsonata_expressions.json").read_text("utf-8"))
ANSWERS = json.loads((GOLDEN / "jsonata_answers.json").read_text("utf-8"))
CASES = list(zip(CORPUS["expressions"], ANSWERS, strict=True))

REFUSED = {"code": "syntax", "message": "@ and # in a path need jlens: pip install jlens"}
# Where an engine is known to say something else; docs/jsonata.md says why.
KNOWN = {
    # The documentation says that functions are false; version 2.0.6 takes them for true.
    "jlens": {"$sum ? 1 : 2": {"value": 2}},
    "jsonata2py": {
        "$sum ? 1 : 2": {"value": 2},
        "$values($map1)": {"value": [{"b": [1, [2]]}]},
        "[3, 1] ~> $sort ~> $join('-')": {"code": "T0410", "message": ""},
        "$states.input.words ~> /be/": {"value": True},
        "$states.input.lines#$i.{'at': $i, 'sku': sku}": REFUSED,
        "$states.input.lines@$l.$states.input.only@$o.{'l': $l.sku, 'o': $o.sku}": REFUSED,
    },
}


def answer(text, engine, scope):
    try:
        flow = compile_payload("{% " + text + " %}", "F", engine)
        return {"value": flow(CORPUS["states"], scope(variables=CORPUS["variables"]))}
    except ExpressionSyntaxError as error:
        return {"code": "syntax", "message": str(error)}
    except EvaluationError as error:
        what = error.cause.split("specified for the field 'F' ", 1)[1]
        if what == "returned nothing (undefined).":
            return "undefined"
        if what == "returned an unsupported result type.":
            return "function"
        code, message = what.removeprefix("threw an error during evaluation. ").split(": ", 1)
        return {"code": code, "message": message}


@pytest.mark.parametrize(("text", "wanted"), CASES, ids=[text[:70] for text, _ in CASES])
def test_the_answers_of_jsonata_2_0_6(text, wanted, engine, scope):
    found = answer(text, engine, scope)
    wanted = KNOWN[engine].get(text, wanted)
    if engine == "jsonata2py" and isinstance(wanted, dict) and "code" in wanted:
        found, wanted = found["code"], wanted["code"]  # its messages are its own
    assert json.dumps(found, sort_keys=True) == json.dumps(wanted, sort_keys=True)
