"""A Result that is copied or pickled."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

import asl_local

PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
TASK = {
    "StartAt": "A",
    "States": {"A": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "End": True}},
}


def fails(_event: Any) -> None:
    raise LookupError("nothing there")


RESULTS = {
    "over at once": lambda: asl_local.load(PASS).run({"a": [1]}),
    "simulated": lambda: asl_local.load(TASK).simulate({"a": [1]}, {"f": lambda event: event}),
    "failed": lambda: asl_local.load(TASK).run({"a": [1]}, {"f": fails}),
}


@pytest.mark.parametrize("make", RESULTS.values(), ids=RESULTS.keys())
@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy])
def test_a_copy_is_equal_and_its_own(make: Any, way: Any) -> None:
    result = make()
    twin = way(result)
    assert twin == result
    assert twin.history.to_aws() == result.history.to_aws()
    assert type(twin.exception) is type(result.exception)
    if way is copy.deepcopy and result.output is not None:
        twin.output["a"].append(2)
    twin.status = "ABORTED"
    assert (result.status, result.output) != ("ABORTED", {"a": [1, 2]})


@pytest.mark.parametrize("make", RESULTS.values(), ids=RESULTS.keys())
def test_a_pickle_is_refused_and_says_what_to_pickle(make: Any) -> None:
    result = make()
    with pytest.raises(TypeError, match=r"cannot be pickled.*result\.history\.to_aws\(\).*execution\.dump\(\)"):
        pickle.dumps(result)
    assert pickle.loads(pickle.dumps(result.history.to_aws())) == result.history.to_aws()
    assert result.execution is not None
    text = pickle.loads(pickle.dumps(result.execution.dump()))
    assert asl_local.Execution.load(text, result.execution.plan) == result.execution
