"""The fields of JSONPath states.

Knows: paths, templates, intrinsic function calls and Choice rules. Must never know: which state follows which.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from asl_local.language.choice import OPERATORS
from asl_local.strategies.definitions.vocabulary import SCALARS, VALUES

if TYPE_CHECKING:
    from asl_local.strategies.definitions.blocks import Builder

_PATHS: Final = ("$",) * 12 + ("$.a", "$.a", "$.n", "$.n", "$.b", "$.a.b", "$.r", "$.r", "$.r.a")
_CONTEXT: Final = ("$$.State.Name", "$$.Map.Item.Index", "$$.Map.Item.Value", "$$.Execution.Input")
_VARIABLES: Final = ("$.n", "$.a", "$.r", "$$.State.Name")
_RESULT_PATHS: Final = ("$", "$.r", "$.r", "$.r", "$.r", "$.a.b", None)

FUNCTIONS: Final[dict[str, tuple[str, ...]]] = {
    "States.Array": ("States.Array($, 1)", "States.Array($.a, 'x', $$.State.Name)"),
    "States.MathAdd": ("States.MathAdd($.n, 1)", "States.MathAdd($.n, 1)"),
    "States.Format": ("States.Format('{} of {}', $.n, $.a)",),
    "States.StringToJson": ("States.StringToJson('{\"a\": 1}')", "States.StringToJson($.a)"),
    "States.JsonToString": ("States.JsonToString($.r)",),
    "States.ArrayPartition": ("States.ArrayPartition(States.ArrayRange(0, 4, 1), 2)",),
    "States.ArrayContains": ("States.ArrayContains($.b, 1)",),
    "States.ArrayRange": ("States.ArrayRange(0, $.n, 1)",),
    "States.ArrayGetItem": ("States.ArrayGetItem($.b, 0)", "States.ArrayGetItem(States.ArrayRange(1, 3, 1), $.n)"),
    "States.ArrayLength": ("States.ArrayLength($.b)",),
    "States.ArrayUnique": ("States.ArrayUnique($.b)",),
    "States.Base64Encode": ("States.Base64Encode($.a)",),
    "States.Base64Decode": ("States.Base64Decode('dGV4dA==')",),
    "States.Hash": ("States.Hash($.a, 'SHA-256')",),
    "States.JsonMerge": ("States.JsonMerge($, $.r, false)",),
    "States.MathRandom": ("States.MathRandom(0, 10)",),
    "States.StringSplit": ("States.StringSplit('a,b', ',')",),
    "States.UUID": ("States.UUID()",),
}
"""Calls of every intrinsic function, on members that most values have."""

_OPERANDS: Final[dict[str, tuple[Any, ...]]] = {
    "string": ("a", "", "E"), "number": (0, 1, 2, 1.5), "boolean": (True, False), "is": (True, False),
    "timestamp": ("2024-01-01T00:00:00Z", "2000-02-29T12:00:00.5+01:00"), "pattern": ("a", "*", "Choice*", "*\\**"),
}  # fmt: skip


class JsonPath:
    """Draws the fields of JSONPath states; see blocks.Dialect."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        calls = [text for name in builder.options.functions for text in FUNCTIONS.get(name, ())]
        # In the table's order, so that the same draws give the same definition in every process.
        self._calls = [text for texts in FUNCTIONS.values() for text in texts if text in calls]
        self._operators = [name for name in OPERATORS if name in builder.options.operators]

    def _template(self) -> dict[str, Any]:
        fixed = self._builder.draw(st.dictionaries(st.sampled_from("abn"), SCALARS, max_size=1))
        kinds = [st.sampled_from(_PATHS), st.sampled_from(_PATHS), st.sampled_from(_CONTEXT)]
        if self._calls:
            kinds.append(st.sampled_from(self._calls))
        keys = st.sampled_from(["r.$", "s.$", "t.$"])
        return {**fixed, **self._builder.draw(st.dictionaries(keys, st.one_of(kinds), max_size=2))}

    def _path(self) -> str | None:
        found: str | None = self._builder.pick(*_PATHS * 2, None)
        return found

    def moving(self) -> dict[str, Any]:
        """See Dialect."""
        if not self._builder.seldom(8):
            return {}
        names = self._builder.pick(("InputPath",), ("OutputPath",), ("InputPath", "OutputPath"))
        return {name: self._path() for name in names}

    def _results(self) -> dict[str, Any]:
        return {"ResultPath": self._builder.pick(*_RESULT_PATHS)} if self._builder.often(5) else {}

    def passing(self) -> dict[str, Any]:
        """See Dialect."""
        if not self._builder.often(7):
            return {}
        fields = {**self.moving(), **self._results()}
        if self._builder.seldom(1):
            fields["Parameters"] = self._template()
        elif self._builder.seldom(1):
            fields["Result"] = self._builder.draw(VALUES)
        return fields

    def working(self, *, selected: bool = False) -> dict[str, Any]:
        """See Dialect."""
        if not self._builder.often(9):
            return {}
        fields = {**self.moving(), **self._results()}
        if self._builder.seldom(8):
            fields["ResultSelector"] = self._template()
        if self._builder.seldom(2):
            fields["ItemSelector" if selected else "Parameters"] = self._template()
        return fields

    def catching(self) -> dict[str, Any]:
        """See Dialect."""
        return {"ResultPath": self._builder.pick(*_RESULT_PATHS)}

    def waiting(self) -> dict[str, Any]:
        """See Dialect."""
        return {"SecondsPath": "$.n"}

    def rule(self) -> dict[str, Any]:
        """See Dialect."""
        pick = self._builder.pick
        if not self._operators or not self._builder.often(2):
            present = pick(*({"Variable": variable, "IsPresent": True} for variable in _VARIABLES))
            return {"Not": present} if self._builder.seldom(1) else dict(present)
        variable = pick(*_VARIABLES)
        present = {"Variable": variable, "IsPresent": True}
        name = pick(*self._operators)
        row = OPERATORS[name]
        operand = pick("$.n", "$.a") if row.path_form else pick(*_OPERANDS[row.kind])
        test = {"Variable": variable, name: operand}
        guarded = {"And": [present, test]}
        return dict(pick(test, guarded, guarded, {"Or": [{"Not": present}, test]}, {"Not": guarded}))

    def failing(self) -> dict[str, Any]:
        """See Dialect."""
        how = {"ErrorPath": "$$.State.Name"} if self._builder.seldom(4) else {"Error": "E"}
        return {**how, "Cause": "planned"}

    def items(self, made: list[Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """See Dialect."""
        return {"Parameters": {"items": made, "n": 1}}, {"ItemsPath": "$.items"}

    def found(self) -> dict[str, Any]:
        """See Dialect."""
        return {"ItemsPath": self._builder.pick(*_PATHS)}

    def counting(self, limit: int) -> tuple[dict[str, Any], ...]:
        """See Dialect."""
        add = {"v.$": "States.MathAdd($.i.v, 1)"}
        return (
            {"Parameters": {"v": 0}, "ResultPath": "$.i"}, {"ResultPath": "$.r"},
            {"Parameters": add, "ResultPath": "$.i"}, {"Variable": "$.i.v", "NumericLessThan": limit},
        )  # fmt: skip

    def assigning(self, name: str) -> dict[str, Any]:
        """See Dialect."""
        return {"Assign": {f"{name}.$": "$"}}

    def recalling(self, name: str) -> dict[str, Any]:
        """See Dialect; fails where the variable has no value."""
        return {"Parameters": {"r.$": f"${name}"}}
