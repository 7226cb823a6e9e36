"""The values that generated definitions are about: few names, so that what one state writes another one reads.

Knows: JSON, and which members generated machines read. Must never know: states.
"""

from __future__ import annotations

from typing import Any, Final

from hypothesis import strategies as st

LAMBDA: Final = "arn:aws:lambda:us-east-1:123456789012:function:"

SCALARS: Final = st.one_of(st.integers(-3, 3), st.booleans(), st.sampled_from(["", "a", "ü", "E", 1.5]))
# Most values have what most paths look for, so that most machines get far.
OBJECTS: Final = st.fixed_dictionaries(
    {"n": st.integers(0, 2), "a": st.one_of(st.fixed_dictionaries({"b": SCALARS}), SCALARS), "r": st.builds(lambda: {"a": 1})},
    optional={"b": st.one_of(st.none(), st.lists(SCALARS, max_size=2))},
)  # fmt: skip
VALUES: Final[st.SearchStrategy[Any]] = st.one_of(
    *[OBJECTS] * 9, st.dictionaries(st.sampled_from("abn"), SCALARS), SCALARS, st.lists(OBJECTS, max_size=3)
)
INPUTS: Final[st.SearchStrategy[Any]] = st.one_of(*[OBJECTS] * 9, VALUES)
ITEMS: Final = st.lists(st.one_of(OBJECTS, SCALARS), max_size=4)

ERRORS: Final = ("E", "F")  # that tasks fail with, and Retry and Catch name
CAUGHT: Final = ("E", "F", "States.Timeout", "States.HeartbeatTimeout", "States.TaskFailed", "States.NoChoiceMatched")
