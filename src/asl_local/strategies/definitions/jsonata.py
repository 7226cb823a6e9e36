"""The fields of JSONata states.

Knows: expressions, and what they may read where. Must never know: which state follows which.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from asl_local.strategies.definitions.vocabulary import VALUES

if TYPE_CHECKING:
    from asl_local.strategies.definitions.blocks import Builder

# Of what stands after `$states.input` or `$states.result`; most values have most of it.
_WALKS: Final = ("",) * 6 + (".a", ".n", ".n", ".r", ".r.a", ".a.b", ".b")
_CONTEXT: Final = ("State.Name", "Map.Item.Index", "Map.Item.Value", "Execution.Input")

FUNCTIONS: Final[dict[str, tuple[str, ...]]] = {
    "$exists": ("$exists({}.b) ? {}.b : 'none'",),
    "$string": ("$string({}.n) & '!'", "$string({}.a)"),
    "$count": ("$count({}.b)",),
    "$merge": ("$merge([{}, {{'r': 1}}])",),
    "$sum": ("$sum([{}.n, 1])",),
    "$type": ("$type({}.a)",),
    "$keys": ("$keys({})",),
    "$map": ("$map([1, 2], function($v) {{ $v + {}.n }})",),
    "$uppercase": ("$uppercase({}.a)",),
    "$length": ("$length({}.a)",),
    "$uuid": ("$uuid()",),
    "$random": ("$random()",),
    "$range": ("$range(0, {}.n, 1)",),
    "$partition": ("$partition([1, 2, 3], 2)",),
    "$hash": ("$hash($string({}.n), 'SHA-256')",),
    "$parse": ("$parse('{{\"a\": 1}}')",),
    "$now": ("$now()",),
}
"""Expressions with every function; `{}` stands for what they are about."""

_CONDITIONS: Final = (
    "$states.input.n > 0", "$states.input.n < 2", "$states.input.a = 'a'", "$states.input.n in [0, 1]",
    "$states.input.a != $states.input.n", "$states.context.State.Name = 'x'",
    "$states.input.n >= 1 and $states.input.a = 'a'", "$states.input.n = 0 or $states.input.n = 2",
)  # fmt: skip
_ASKED: Final[dict[str, tuple[str, ...]]] = {
    "$exists": ("$exists($states.input.b)", "$exists($states.input.a) and $states.input.n <= 1"),
    "$not": ("$not($states.input.n = 1)",),
    "$type": ("$type($states.input.a) = 'object'",),
    "$boolean": ("$boolean($states.input.a)",),
}


class Jsonata:
    """Draws the fields of JSONata states; see blocks.Dialect."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        allowed = builder.options.functions
        self._made = [text for name, texts in FUNCTIONS.items() if name in allowed for text in texts]
        self._merges = "$merge" in allowed
        asked = [text for name, texts in _ASKED.items() if name in allowed for text in texts]
        self._conditions = [*_CONDITIONS, *asked]

    def _value(self, *roots: str) -> str:
        """An expression about `$states` of one of the roots."""
        pick = self._builder.pick
        root = f"$states.{pick(*roots)}"
        kind = pick("walk", "walk", "walk", "context", "made")
        if kind == "context":
            text = f"$states.context.{pick(*_CONTEXT)}"
        elif kind == "made":
            made = ["{}.n + 1", "[{}.a, 1]", "{{'a': {}.a, 'n': 1}}", "{}.n > 0 ? 'more' : {}", *self._made]
            text = pick(*made).replace("{{", "\0").replace("}}", "\1")
            text = text.replace("{}", root).replace("\0", "{").replace("\1", "}")
        else:
            text = root + pick(*_WALKS)
        return f"{{% {text} %}}"

    def _payload(self, *roots: str) -> Any:
        """What a state hands on: one expression, an object that has what most states read, or one of constants."""
        kind = self._builder.pick("whole", "object", "object", "constant")
        if kind == "constant":
            return self._builder.draw(VALUES)
        if kind == "whole":
            return self._value(*roots)
        payload: dict[str, Any] = {"n": self._builder.pick(1, 0, 2), "r": self._value(*roots)}
        if self._builder.often(3):
            payload["a"] = self._value(*roots)
        return payload

    def passing(self) -> dict[str, Any]:
        """See Dialect."""
        return {"Output": self._payload("input")} if self._builder.often(3) else {}

    def moving(self) -> dict[str, Any]:
        """See Dialect."""
        return {"Output": self._payload("input")} if self._builder.seldom(6) else {}

    def working(self, *, selected: bool = False) -> dict[str, Any]:
        """See Dialect."""
        fields: dict[str, Any] = {}
        if self._builder.seldom(2):
            fields["ItemSelector" if selected else "Arguments"] = (
                self._selected() if selected else self._payload("input")
            )
        kept = "{% $merge([$states.input, {'r': $states.result}]) %}"
        if self._merges and self._builder.often(2):
            fields["Output"] = kept
        elif self._builder.often(1):
            fields["Output"] = self._payload("result", "input")
        return fields

    def _selected(self) -> Any:
        item, index = "{% $states.context.Map.Item.Value %}", "{% $states.context.Map.Item.Index %}"
        return self._builder.pick(item, {"n": index, "a": item, "r": {"a": 1}}, {"n": 1, "a": self._value("input")})

    def catching(self) -> dict[str, Any]:
        """See Dialect."""
        kept = "{% $merge([$states.input, {'r': $states.errorOutput}]) %}"
        outputs = [{"n": 0, "a": "{% $states.errorOutput.Error %}"}, *([kept] if self._merges else [])]
        return {"Output": self._builder.pick(*outputs)} if self._builder.often(2) else {}

    def waiting(self) -> dict[str, Any]:
        """See Dialect."""
        return {"Seconds": "{% $states.input.n %}"}

    def rule(self) -> dict[str, Any]:
        """See Dialect."""
        rule: dict[str, Any] = {"Condition": f"{{% {self._builder.pick(*self._conditions)} %}}"}
        if self._builder.seldom(5):
            rule["Output"] = self._payload("input")
        return rule

    def failing(self) -> dict[str, Any]:
        """See Dialect."""
        return {"Error": self._builder.pick("E", "{% 'E' & $states.context.State.Name %}"), "Cause": "planned"}

    def items(self, made: list[Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """See Dialect."""
        return {"Output": {"items": made, "n": 1}}, {"Items": "{% $states.input.items %}"}

    def found(self) -> dict[str, Any]:
        """See Dialect."""
        return self._builder.pick({}, {"Items": "{% $states.input.b %}"}, {"Items": [1, "{% $states.input.n %}"]})  # type: ignore[no-any-return]

    def counting(self, limit: int) -> tuple[dict[str, Any], ...]:
        """See Dialect."""
        return (
            {"Output": {"i": 0, "n": 1}},
            {"Output": {"i": "{% $states.input.i %}", "n": 1, "r": "{% $states.result %}"}},
            {"Output": {"i": "{% $states.input.i + 1 %}", "n": 1, "r": "{% $states.input.r %}"}},
            {"Condition": f"{{% $states.input.i < {limit} %}}"},
        )

    def assigning(self, name: str) -> dict[str, Any]:
        """See Dialect."""
        return {"Assign": {name: "{% [$states.input, $states.context.State.Name] %}"}, "Output": "{% $states.input %}"}

    def recalling(self, name: str) -> dict[str, Any]:
        """See Dialect."""
        output: dict[str, Any] = {"r": f"{{% $exists(${name}) ? ${name} : 'nothing' %}}", "n": 1}
        if self._builder.often(4):
            output["a"] = "{% $states.input.a ~> $string() %}"
        return {"Output": output}
