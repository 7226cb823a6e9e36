"""CloudFormation's intrinsic functions, as far as a template alone can answer them.

Knows: Ref, Fn::Sub and the others, parameters, mappings, conditions and pseudo parameters; what only a deployment knows
is rendered as a placeholder, `${LogicalId.Arn}`. Must never know: where a template keeps its state machines.
Source: CloudFormation User Guide, "Intrinsic function reference" and "Pseudo parameters reference".
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn

from asl_local.definition.diagnostics import INVALID_TEMPLATE, UNRESOLVED, did_you_mean
from asl_local.definition.json_text import escape
from asl_local.definition.pieces import Piece, Scalars
from asl_local.errors import Diagnostic, InvalidDefinition
from asl_local.lazy import dataclass, field
from asl_local.values import Json, text_of

# The names that executions go by here (Machine.identity) are of this region and account.
PSEUDO_PARAMETERS: Final[Mapping[str, Json]] = {
    "AWS::AccountId": "123456789012",
    "AWS::NotificationARNs": [],
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/stack/00000000-0000-0000-0000-000000000000",
    "AWS::StackName": "stack",
    "AWS::URLSuffix": "amazonaws.com",
}
_VARIABLE: Final = re.compile(r"\$\{(!?)([^${}]*)\}")
_BRACES: Final = re.compile(r"[${}]+")


class _Absent:
    """The type of `ABSENT`."""


ABSENT: Final = _Absent()  # what Ref of AWS::NoValue gives: the property is left out


@dataclass(slots=True)
class Rendering:
    """A value of a template with its functions evaluated.

    `moved` maps the pointers of the rendered value to where they stand in the template; `worded` are strings that are a
    parameter's text and nothing else.
    """

    tree: Json = None
    moved: dict[str, str] = field(default_factory=dict)
    worded: set[str] = field(default_factory=set)


class Template:
    """One template, and what is known of it before it is deployed.

    `given` names values of parameters (`Stage`), references (`Bucket`) and attributes (`Function.Arn`).
    """

    def __init__(self, tree: Mapping[str, Json], scalars: Scalars, name: str, given: Mapping[str, Json]) -> None:
        self.tree = tree
        self.scalars = scalars
        self.name = name
        self.given = given
        self.rendered: set[str] = set()
        self.undecided: dict[str, str] = {}
        self._deciding: set[str] = set()

    def section(self, name: str) -> Mapping[str, Json]:
        """A section of the template, empty if it is not there or no object."""
        section = self.tree.get(name)
        return section if isinstance(section, dict) else {}

    def names(self) -> set[str]:
        """The parameters and resources."""
        return {*self.section("Parameters"), *self.section("Resources")}

    def refuse(self, at: str, message: str, hint: str | None = None) -> NoReturn:
        """Raise InvalidDefinition for something at a pointer of the template."""
        line, column = self.place(at)
        raise InvalidDefinition([Diagnostic(INVALID_TEMPLATE, "ERROR", at, line, column, message, hint)], self.name)

    def place(self, at: str) -> tuple[int, int] | tuple[None, None]:
        """Line and column of a pointer of the template, or of the nearest pointer above it that has a place."""
        while True:
            found = self.scalars.start(at)
            if found is not None or not at:
                return found or (None, None)
            at = at.rpartition("/")[0]

    def warnings(self) -> list[Diagnostic]:
        """What could not be decided, and how it was."""
        found = []
        for at, message in self.undecided.items():
            line, column = self.place(at)
            found.append(Diagnostic(UNRESOLVED, "WARNING", at, line, column, message, "pass the parameter's value"))
        return found

    # -- values

    def render(self, value: Json, at: str) -> Rendering:
        """A value with every function in it evaluated."""
        rendering = Rendering()
        tree = self._render(value, at, "", rendering)
        rendering.tree = None if tree is ABSENT else tree
        return rendering

    def value(self, value: Json, at: str) -> Json:
        """The same without the places; None for what is absent."""
        return self.render(value, at).tree

    def _render(self, value: Json, at: str, pointer: str, rendering: Rendering) -> Json:
        rendering.moved[pointer] = at
        if isinstance(value, list):
            items: list[Json] = []
            for number, item in enumerate(value):
                inner = self._render(item, f"{at}/{number}", f"{pointer}/{len(items)}", rendering)
                if inner is not ABSENT:
                    items.append(inner)
            return items
        if not isinstance(value, dict):
            return value
        name = function_of(value)
        if name is None:
            members: dict[str, Json] = {}
            for key, member in value.items():
                step = f"/{escape(key)}"
                inner = self._render(member, at + step, pointer + step, rendering)
                if inner is not ABSENT:
                    members[key] = inner
            return members
        if name == "Fn::If":
            return self._render(*self.chosen(value[name], f"{at}/Fn::If"), pointer, rendering)
        result = self.call(name, value[name], f"{at}/{name}")
        if isinstance(result, str) and name in _WORDED:
            rendering.worded.add(pointer)
        return result

    def call(self, name: str, argument: Json, at: str) -> Json:
        """What a function gives."""
        function = FUNCTIONS.get(name)
        if function is None:
            self.refuse(at, f"There is no function {name}", did_you_mean(name, FUNCTIONS))
        return function(self, argument, at)

    # -- texts

    def pieces(self, value: Json, at: str) -> list[Piece]:
        """A text with every function in it evaluated, in pieces that know where they stand."""
        if isinstance(value, str):
            return [self.scalars.piece(at, value)]
        name = function_of(value)
        if name == "Fn::Sub":
            return self.sub_pieces(value[name], f"{at}/{name}")
        if name == "Fn::Join":
            return self.join_pieces(value[name], f"{at}/{name}")
        if name == "Fn::If":
            return self.pieces(*self.chosen(value[name], f"{at}/{name}"))
        result = self.value(value, at)
        return [self.scalars.piece(at, "").instead(text_value(result))] if result is not None else []

    def text(self, value: Json, at: str) -> str:
        """The same as a string."""
        return "".join(piece.text for piece in self.pieces(value, at))

    def sub_pieces(self, argument: Json, at: str) -> list[Piece]:
        """What Fn::Sub gives."""
        variables: Mapping[str, Json] = {}
        where = at
        if isinstance(argument, list):
            if len(argument) != 2 or not isinstance(argument[1], dict):
                self.refuse(at, "Fn::Sub takes a text, or a list of a text and an object of variables")
            argument, variables = argument
            where = f"{at}/0"
        if not isinstance(argument, str):
            self.refuse(where, "Fn::Sub takes a text")
        whole = self.scalars.piece(where, argument)
        pieces, done = [], 0
        for match in _VARIABLE.finditer(argument):
            pieces.append(whole.part(done, match.start()))
            done = match.end()
            part, name = whole.part(match.start(), match.end()), match[2].strip()
            if match[1]:  # ${!Literal}
                pieces.append(part.instead(f"${{{match[2]}}}"))
            elif name in variables:
                pieces += self.pieces(variables[name], f"{at}/1/{escape(name)}")
            elif name:
                filled = text_value(self.attribute(name) if "." in name else self.reference(name))
                pieces.append(part if filled == match[0] else part.instead(filled))
            else:
                pieces.append(part)
        return [*pieces, whole.part(done, len(argument))]

    def join_pieces(self, argument: Json, at: str) -> list[Piece]:
        """What Fn::Join gives."""
        if not isinstance(argument, list) or len(argument) != 2 or not isinstance(argument[0], str):
            self.refuse(at, "Fn::Join takes a list of a delimiter and a list of texts")
        delimiter, values = argument
        if function_of(values) is not None:
            known = self.value(values, f"{at}/1")
            if not isinstance(known, list):
                return [self.scalars.piece(at, "").instead(text_value(known))]
            return [self.scalars.piece(at, "").instead(delimiter.join(map(text_value, known)))]
        if not isinstance(values, list):
            self.refuse(f"{at}/1", "Fn::Join takes a list of texts")
        pieces: list[Piece] = []
        for number, each in enumerate(values):
            if number and delimiter:
                pieces.append(self.scalars.piece(f"{at}/1/{number}", "").instead(delimiter))
            pieces += self.pieces(each, f"{at}/1/{number}")
        return pieces

    # -- names

    def reference(self, name: str) -> Json:
        """What Ref of a name gives: a given value, a pseudo parameter, a parameter's default, or a placeholder."""
        if name in self.given:
            return self.given[name]
        if name == "AWS::NoValue":
            return ABSENT
        if name in PSEUDO_PARAMETERS:
            return PSEUDO_PARAMETERS[name]
        parameter = self.section("Parameters").get(name)
        if isinstance(parameter, dict) and "Default" in parameter:
            kind = str(parameter.get("Type", "String"))
            if not kind.startswith("AWS::SSM::"):  # whose default is a name in the Parameter Store
                text = text_value(parameter["Default"])
                listed = kind == "CommaDelimitedList" or kind.startswith("List<")
                return [each.strip() for each in text.split(",")] if listed else text
        self._expect(name)
        return f"${{{name}}}"

    def attribute(self, name: str) -> Json:
        """What Fn::GetAtt of `LogicalId.Attribute` gives: a given value or a placeholder."""
        if name in self.given:
            return self.given[name]
        self._expect(name)
        return f"${{{name}}}"

    def _expect(self, name: str) -> None:
        """Note a placeholder that a deployment fills: one of the template's own names.

        SAM makes resources whose names begin with another's (FunctionRole of Function).
        """
        if any(name.startswith(known) for known in self.names()):
            self.rendered.add(name)

    def unknown(self, name: str) -> str:
        """The placeholder for something that only a deployment knows."""
        plain = _BRACES.sub("", name)
        if plain in self.given:
            return text_value(self.given[plain])
        self.rendered.add(plain)
        return f"${{{plain}}}"

    # -- conditions

    def chosen(self, argument: Json, at: str) -> tuple[Json, str]:
        """The value that Fn::If takes, and its pointer."""
        if not isinstance(argument, list) or len(argument) != 3 or not isinstance(argument[0], str):
            self.refuse(at, "Fn::If takes a list of a condition's name and two values")
        decided = self.condition(argument[0], at)
        if decided is None:
            self.undecided[at] = f"The condition '{argument[0]}' cannot be decided; the value for true is taken"
        number = 2 if decided is False else 1
        return argument[number], f"{at}/{number}"

    def condition(self, name: str, at: str) -> bool | None:
        """Whether a condition holds; None if only a deployment knows."""
        conditions = self.section("Conditions")
        if name not in conditions:
            self.refuse(at, f"There is no condition '{name}'", did_you_mean(name, conditions))
        if name in self._deciding:
            self.refuse(f"/Conditions/{escape(name)}", f"The condition '{name}' depends on itself")
        self._deciding.add(name)
        try:
            return self._holds(conditions[name], f"/Conditions/{escape(name)}")
        finally:
            self._deciding.discard(name)

    def _holds(self, value: Json, at: str) -> bool | None:
        name = next(iter(value)) if isinstance(value, dict) and len(value) == 1 else ""
        argument = value[name] if name else None
        if name == "Condition" and isinstance(argument, str):
            return self.condition(argument, at)
        if name == "Fn::Equals" and isinstance(argument, list) and len(argument) == 2:
            left, right = (self.value(each, f"{at}/{name}/{n}") for n, each in enumerate(argument))
            if _is_open(left) or _is_open(right):
                return None
            return text_value(left) == text_value(right)
        if name in ("Fn::And", "Fn::Or", "Fn::Not") and isinstance(argument, list):
            found = [self._holds(each, f"{at}/{name}/{n}") for n, each in enumerate(argument)]
            if name == "Fn::Not":
                return None if found[:1] == [None] else not found[0]
            decisive = name == "Fn::Or"
            return decisive if decisive in found else None if None in found else not decisive
        return self.refuse(at, "A condition is Fn::Equals, Fn::And, Fn::Or, Fn::Not or Condition")


def function_of(value: Json) -> str | None:
    """The function that a value is a call of: an object with one member whose name says so."""
    if not isinstance(value, dict) or len(value) != 1:
        return None
    name = str(next(iter(value)))
    return name if name == "Ref" or name.startswith("Fn::") else None


def text_value(value: Json) -> str:
    """A value as CloudFormation writes it into a text."""
    return value if isinstance(value, str) else "" if value is ABSENT or value is None else text_of(value)


def _is_open(value: Json) -> bool:
    return "${" in text_value(value)


# -------------------------------------------------------------------------------------------------------- functions

_Function = Callable[[Template, Any, str], Json]


def _ref(template: Template, argument: Json, at: str) -> Json:
    if not isinstance(argument, str):
        template.refuse(at, "Ref takes a name")
    return template.reference(argument)


def _get_att(template: Template, argument: Json, at: str) -> Json:
    if isinstance(argument, list):
        argument = ".".join(text_value(template.value(each, f"{at}/{n}")) for n, each in enumerate(argument))
    if not isinstance(argument, str) or "." not in argument:
        template.refuse(at, "Fn::GetAtt takes a resource's name and an attribute", "such as Function.Arn")
    return template.attribute(argument)


def _sub(template: Template, argument: Json, at: str) -> Json:
    return "".join(piece.text for piece in template.sub_pieces(argument, at))


def _join(template: Template, argument: Json, at: str) -> Json:
    return "".join(piece.text for piece in template.join_pieces(argument, at))


def _listed(template: Template, argument: Json, at: str, least: int, wanted: str) -> list[Json]:
    """The arguments, evaluated."""
    values = template.value(argument, at)
    if not isinstance(values, list) or len(values) < least:
        template.refuse(at, f"{at.rpartition('/')[2]} takes {wanted}")
    return values


def _select(template: Template, argument: Json, at: str) -> Json:
    index, values = _listed(template, argument, at, 2, "a list of an index and a list")[:2]
    if not isinstance(values, list) or not text_value(index).isdigit():
        return template.unknown(f"Select.{text_value(index)}.{text_value(values)}")
    if int(text_value(index)) >= len(values):
        template.refuse(at, f"Fn::Select: there is no item {text_value(index)} in a list of {len(values)}")
    return values[int(text_value(index))]


def _split(template: Template, argument: Json, at: str) -> Json:
    delimiter, text = _listed(template, argument, at, 2, "a list of a delimiter and a text")[:2]
    if _is_open(text):
        return template.unknown(f"Split.{text_value(text)}")
    return text_value(text).split(text_value(delimiter)) if delimiter else [text_value(text)]


def _find_in_map(template: Template, argument: Json, at: str) -> Json:
    values = _listed(template, argument, at, 3, "a map's name and two keys")
    found: Json = template.section("Mappings")
    for key in map(text_value, values[:3]):
        if not isinstance(found, dict) or key not in found:
            if len(values) > 3 and isinstance(values[3], dict) and "DefaultValue" in values[3]:
                return values[3]["DefaultValue"]
            if any(map(_is_open, values[:3])):
                return template.unknown("FindInMap." + ".".join(map(text_value, values[:3])))
            known = found if isinstance(found, dict) else {}
            template.refuse(at, f"Fn::FindInMap: there is no '{key}'", did_you_mean(key, known))
        found = found[key]
    return found


def _base64(template: Template, argument: Json, at: str) -> Json:
    text = template.text(argument, at)
    return template.unknown(f"Base64.{text}") if _is_open(text) else base64.b64encode(text.encode()).decode()


def _length(template: Template, argument: Json, at: str) -> Json:
    values = template.value(argument, at)
    return len(values) if isinstance(values, list) else template.unknown(f"Length.{text_value(values)}")


def _to_json(template: Template, argument: Json, at: str) -> Json:
    return json.dumps(template.value(argument, at), separators=(",", ":"), ensure_ascii=False)


def _import(template: Template, argument: Json, at: str) -> Json:
    return template.unknown(f"ImportValue.{template.text(argument, at)}")


def _zones(template: Template, argument: Json, at: str) -> Json:
    region = template.text(argument, at) or text_value(PSEUDO_PARAMETERS["AWS::Region"])
    return template.unknown(f"GetAZs.{region}") if _is_open(region) else [f"{region}{letter}" for letter in "abc"]


def _cidr(template: Template, argument: Json, at: str) -> Json:
    return template.unknown(f"Cidr.{text_value(template.value(argument, at))}")


def _if(template: Template, argument: Json, at: str) -> Json:
    return template.value(*template.chosen(argument, at))


def _transform(template: Template, _argument: Json, at: str) -> NoReturn:
    template.refuse(at, "Fn::Transform runs a macro, which only a deployment can do", "write the result out")


FUNCTIONS: Final[Mapping[str, _Function]] = {
    "Ref": _ref,
    "Fn::Base64": _base64,
    "Fn::Cidr": _cidr,
    "Fn::FindInMap": _find_in_map,
    "Fn::GetAtt": _get_att,
    "Fn::GetAZs": _zones,
    "Fn::If": _if,
    "Fn::ImportValue": _import,
    "Fn::Join": _join,
    "Fn::Length": _length,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::Sub": _sub,
    "Fn::ToJsonString": _to_json,
    "Fn::Transform": _transform,
}
# What gives a parameter's text, which may be meant as a number.
_WORDED: Final = frozenset({"Ref", "Fn::FindInMap", "Fn::ImportValue", "Fn::Select", "Fn::Sub"})
