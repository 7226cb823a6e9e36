"""Expressions that need no engine: paths over objects, arithmetic, comparing, joining text, conditions. Tree -> closure.

Knows: what the simple forms of JSONata mean for plain values. Must never know: fields, engines, or the words of errors.

A closure may answer ASK: the engine has to say. It does so for whatever is not plain (a path that meets an array, a
number beyond 2^53, half of a surrogate pair, an operand of the wrong type), so that every error and every rare rule
is the engine's. What it does answer is what the engine would: `test_jsonata_direct.py` compares them.
"""

from asl_local.language.jsonata.direct.forms import direct
from asl_local.language.jsonata.direct.values import ASK, Direct, States

__all__ = ["ASK", "Direct", "States", "direct"]
