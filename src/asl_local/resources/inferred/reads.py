"""Expressions -> what they read: paths, intrinsic function calls, Choice rules, JSONata.

Knows: both query languages. Must never know: where what they read comes from.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from asl_local.language.choice import OPERATORS
from asl_local.language.intrinsic_functions import FUNCTIONS
from asl_local.language.intrinsics import is_call, paths_in
from asl_local.language.jsonpath import parse
from asl_local.resources.inferred.wants import EACH, TEXT, Note, Step
from asl_local.values import Json


class Read(NamedTuple):
    """One place that is read: `root` is "input", "result", "context" or a variable's `$name`.

    `whole` says that the expression is this place and nothing else, so that what is demanded of the expression's value
    is demanded of the place; `listed` that it is a list of such places.
    """

    root: str
    steps: tuple[Step, ...]
    note: Note = Note()
    whole: bool = False
    listed: bool = False


# --------------------------------------------------------------------------------------------------------- JSONPath

_FILTER: Final = re.compile(r"\[\?\((.*?)\)\]")
_CRITERION: Final = re.compile(r"@((?:\.\w+|\['[^']*'\])+)\s*(==|!=|>=|<=|>|<)?\s*('[^']*'|[-\w.]+)?")
_NAMES: Final = re.compile(r"\.(\w+)|\['([^']*)'\]")


def of_path(text: str, note: Note = Note()) -> Iterator[Read]:  # noqa: B008 - a frozen value
    """What a path reads: the place itself, and what its filters ask of items on the way."""
    path = parse(text)
    root = {"input": "input", "context": "context"}.get(path.root, f"${path.variable}")
    filters = _FILTER.findall(text)
    branches: list[tuple[Step, ...]] = [()]
    for step in path.walk:
        if step.kind == "names":
            branches = [(*steps, name) for steps in branches for name in step.value]
        elif step.kind == "indexes":
            branches = [(*steps, max(step.value)) for steps in branches]
        elif step.kind == "name" or (step.kind == "index" and step.value >= 0):
            branches = [(*steps, step.value) for steps in branches]
        elif step.kind == "slice":
            last = max(abs(step.value[0] or 0), abs(step.value[1] or 1) - 1)
            branches = [(*steps, last) for steps in branches]
        elif step.kind != "scan":  # what a scan finds may stand right here
            branches = [(*steps, EACH) for steps in branches]
        if step.kind == "filter" and filters:
            criteria = filters.pop(0)
            for steps in branches:
                yield from _of_filter(root, steps, criteria)
    whole = len(branches) == 1
    yield from (Read(root, steps, note, whole, not path.definite) for steps in branches)


def _of_filter(root: str, steps: tuple[Step, ...], text: str) -> Iterator[Read]:
    for names, operator, operand in _CRITERION.findall(text):
        inner = tuple(first or second for first, second in _NAMES.findall(names))
        note = Note()
        if operator:
            note = _compared(operator, _literal(operand))
        yield Read(root, (*steps, *inner), note)


def _literal(text: str) -> Json:
    if text[:1] in ("'", '"') and text[-1:] == text[:1]:
        return text[1:-1]
    try:
        return json.loads(text)
    except ValueError:
        return text


def _compared(operator: str, value: Json) -> Note:
    """Values on either side of a comparison."""
    if isinstance(value, bool):
        return Note("boolean", (value, not value))
    if isinstance(value, (int, float)):
        nearer = (value,) if operator in ("=", "==", "!=") else ()
        return Note("number", (*nearer, value + 1, value - 1) if ">" in operator else (*nearer, value - 1, value + 1))
    return Note("string", (value,)) if isinstance(value, str) and operator in ("=", "==", "!=") else Note()


# A text of which the machine takes one part.
_PART_OF_TEXT: Final = re.compile(
    r"States\.ArrayGetItem\(\s*States\.StringSplit\(\s*(\$[^,]*?)\s*,\s*'([^']+)'\s*\)\s*,\s*(\d{1,2})\s*\)"
)
# What an argument of a call must be, beyond its kind in the table of functions.
_ARGUMENTS: Final[Mapping[tuple[str, int], str]] = {
    ("States.Base64Decode", 0): "base64", ("States.ArrayGetItem", 1): "number",
}  # fmt: skip


def of_call(text: str) -> Iterator[Read]:
    """What an intrinsic function call reads."""
    split = _PART_OF_TEXT.search(text)
    found = paths_in(text)
    for function, place, path in found:
        row = FUNCTIONS[function]
        kind = row.kinds[place] if place < len(row.kinds) else row.rest
        wanted = _ARGUMENTS.get((function, place)) or (kind if kind in ("string", "number", "array", "object") else "")
        for read in of_path(path, Note(wanted)):
            if function == "States.StringToJson" and read.whole:
                yield read._replace(steps=(*read.steps, TEXT), note=Note())
            elif function == "States.ArrayGetItem" and place == 1:
                yield read._replace(note=Note("number", (0,)))
            elif function == "States.MathRandom" and place == 1:
                yield read._replace(note=Note("number", (10,)))
            elif function == "States.Hash" and place == 1:
                yield read._replace(note=Note("string", ("SHA-256",)))
            elif function == "States.Format" and place == 0:
                holes = max(other.place for other in found if other.function == function)
                yield read._replace(note=Note("string", (" ".join(["{}"] * holes),)))
            elif function == "States.StringSplit" and split is not None and path == split[1]:
                parts = split[2][:1].join(["text"] * (int(split[3]) + 1))
                yield read._replace(note=Note("string", (parts,)))
            else:
                yield read._replace(whole=function == "States.JsonMerge")


def of_expression(text: str, note: Note = Note()) -> Iterator[Read]:  # noqa: B008 - a frozen value
    """What the value of a `.$` key or a path field reads; `note` is demanded of it."""
    return of_call(text) if is_call(text) else of_path(text, note)


def of_template(template: Json) -> Iterator[Read]:
    """What a payload template reads."""
    if isinstance(template, dict):
        for name, value in template.items():
            if name.endswith(".$") and isinstance(value, str):
                yield from of_expression(value)
            else:
                yield from of_template(value)
    elif isinstance(template, list):
        for item in template:
            yield from of_template(item)


def of_rule(rule: Mapping[str, Json]) -> Iterator[Read]:
    """What a Choice rule reads."""
    for connective in ("And", "Or", "Not"):
        inner = rule.get(connective, ())
        for each in [inner] if isinstance(inner, dict) else inner:
            yield from of_rule(each)
    for name, operand in rule.items():
        if name in OPERATORS and "Variable" in rule:
            yield from of_path(str(rule["Variable"]), _asked(name, operand))
            if name.endswith("Path"):
                yield from of_path(operand, Note(_FAMILY.get(OPERATORS[name].kind, "")))


_FAMILY: Final = {"string": "string", "number": "number", "boolean": "boolean", "timestamp": "timestamp"}
_TESTS: Final = {
    "IsPresent": "present", "IsNull": "null", "IsString": "string", "IsNumeric": "number", "IsBoolean": "boolean",
    "IsTimestamp": "timestamp",
}  # fmt: skip
_SIGNS: Final = (("GreaterThanEquals", ">="), ("LessThanEquals", "<="), ("GreaterThan", ">"), ("LessThan", "<"))


def _asked(name: str, operand: Json) -> Note:
    """What a comparison makes of its variable."""
    operator = OPERATORS[name]
    if operator.kind == "is":
        return Note(_TESTS[name] if operand or name in ("IsPresent", "IsNull") else "")
    if operator.path_form:
        return Note(_FAMILY[operator.kind])
    if operator.kind == "pattern":
        return Note("string", (re.sub(r"\\(.)|\*", r"\1", str(operand)),))
    if operator.kind == "number":
        return _compared(next((sign for word, sign in _SIGNS if name.endswith(word)), "=="), operand)
    if operator.kind == "boolean":
        return Note("boolean", (operand, not operand))
    return Note(operator.kind, (operand,))


# ---------------------------------------------------------------------------------------------------------- JSONata

_CHAIN: Final = re.compile(
    r"\$(?P<root>states\.input|states\.result|states\.errorOutput|states\.context\.Execution\.Input|"
    r"states\.context\.Map\.Item\.Value|[A-Za-z_]\w*)(?![\w(])"
    r"(?P<steps>(?:\.(?:`[^`]+`|[A-Za-z_]\w*(?!\w*\()|'[^']+'|\"[^\"]+\")|\[[^\]\[]*\])*)"
)
_STEP: Final = re.compile(r"\.(?:`([^`]+)`|([A-Za-z_]\w*)|'([^']+)'|\"([^\"]+)\")|\[([^\]]*)\]")
_AFTER: Final = re.compile(r"\s*(=|!=|>=|<=|>|<)\s*('[^']*'|\"[^\"]*\"|-?[\d.]+|true|false)")
_BEFORE: Final = re.compile(r"('[^']*'|\"[^\"]*\"|-?[\d.]+|true|false)\s*(=|!=|>=|<=|>|<)\s*$")
_ARITHMETIC_AFTER: Final = re.compile(r"\s*[-+*/%](?!\*)")
_ARITHMETIC_BEFORE: Final = re.compile(r"[-+*/%]\s*$")
_FUNCTION_BEFORE: Final = re.compile(r"\$(\w+)\(\s*$")
_MERGE_BEFORE: Final = re.compile(r"\$merge\(\s*\[[^\[\]]*$")
_PARSED_AFTER: Final = re.compile(r"\)((?:\.(?:`[^`]+`|[A-Za-z_]\w*))+)")
_IN_BEFORE: Final = re.compile(r"\bin\s*$")
_PREDICATE: Final = re.compile(r"([A-Za-z_]\w*)\s*(=|!=|>=|<=|>|<)\s*('[^']*'|\"[^\"]*\"|-?[\d.]+|true|false)")
# The first argument of JSONata's functions, where it is not any value.
_FIRST: Final[Mapping[str, str]] = {
    **dict.fromkeys(("count", "map", "filter", "reduce", "sort", "distinct", "shuffle", "append", "zip", "single",
                     "reverse", "partition", "join"), "array"),
    **dict.fromkeys(("sum", "max", "min", "average"), "numbers"),
    **dict.fromkeys(("abs", "floor", "ceil", "round", "power", "sqrt", "fromMillis", "range", "formatNumber",
                     "formatInteger"), "number"),
    **dict.fromkeys(("length", "substring", "substringBefore", "substringAfter", "uppercase", "lowercase", "trim", "pad",
                     "contains", "split", "match", "replace", "base64encode", "encodeUrl", "encodeUrlComponent",
                     "hash"), "string"),
    **dict.fromkeys(("keys", "each", "sift", "spread"), "object"),
    "base64decode": "base64", "toMillis": "timestamp", "parse": "text", "not": "boolean", "number": "number",
    "exists": "present",
}  # fmt: skip
_ROOTS: Final = {
    "states.input": ("input", ()),
    "states.result": ("result", ()),
    "states.context.Execution.Input": ("context", ("Execution", "Input")),
    "states.context.Map.Item.Value": ("context", ("Map", "Item", "Value")),
}


def of_jsonata(text: str, note: Note = Note()) -> Iterator[Read]:  # noqa: B008 - a frozen value
    """What an expression without its `{% %}` reads; `note` is demanded of its value."""
    for match in _CHAIN.finditer(text):
        name = match["root"]
        if name in ("states", "states.errorOutput"):
            continue
        root, first = _ROOTS.get(name, (f"${name}", ()))
        whole = match.start() == 0 and match.end() == len(text)
        before, after = text[: match.start()], text[match.end() :]
        steps: list[Step] = list(first)
        for quoted, plain, single, double, bracket in _STEP.findall(match["steps"]):
            if bracket.strip().isdigit():
                steps.append(int(bracket))
            elif name := quoted or plain or single or double:
                steps.append(name)
            else:
                steps.append(EACH)
                for member, operator, operand in _PREDICATE.findall(bracket):
                    yield Read(root, (*steps, member), _compared(operator, _literal(operand)))
        yield from _placed(Read(root, tuple(steps), note, whole), before, after)


def _placed(read: Read, before: str, after: str) -> Iterator[Read]:
    """A chain with what its surroundings ask of it."""
    if read.whole:
        yield read
    elif compared := _AFTER.match(after):
        yield read._replace(note=_compared(compared[1], _literal(compared[2])))
    elif compared := _BEFORE.search(before):
        yield read._replace(note=_compared(compared[2], _literal(compared[1])))
    elif _ARITHMETIC_AFTER.match(after) or _ARITHMETIC_BEFORE.search(before):
        yield read._replace(note=Note("number"))
    elif _MERGE_BEFORE.search(before):
        yield read._replace(note=Note("object"))
    elif (parsed := _PARSED_AFTER.match(after)) and before.endswith("$parse("):
        names = [step for found in _STEP.findall(parsed[1]) for step in found[:4] if step]
        yield read._replace(steps=(*read.steps, TEXT, *names), note=Note())
    elif _IN_BEFORE.search(before):
        yield read._replace(note=Note("array"))
    elif function := _FUNCTION_BEFORE.search(before):
        kind = _FIRST.get(function[1], "")
        if kind == "numbers":
            yield read._replace(steps=(*read.steps, EACH), note=Note("number"))
        elif kind == "text":
            yield read._replace(steps=(*read.steps, TEXT), note=Note())
        else:
            yield read._replace(note=Note(kind))
    else:
        yield read._replace(note=Note())


_MERGE: Final = re.compile(r"\$merge\(\s*\[(.*)\]\s*\)", re.DOTALL)
_CONSTRUCTOR: Final = re.compile(r"\{(.*)\}", re.DOTALL)
_KEY: Final = re.compile(r"\s*(?:'([^']*)'|\"([^\"]*)\")\s*:(.*)", re.DOTALL)
_PIECE: Final = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|.", re.DOTALL)


def parts_of(text: str) -> Iterator[Read | dict[str, str]]:
    """What an expression's value is made of, where its form tells: one chain, the objects that $merge takes, or the
    members of an object constructor, as expressions.
    """
    text = text.strip()
    if merged := _MERGE.fullmatch(text):
        for part in _split(merged[1]):
            yield from parts_of(part)
    elif constructed := _CONSTRUCTOR.fullmatch(text):
        pairs = (match for part in _split(constructed[1]) if (match := _KEY.fullmatch(part)))
        yield {match[1] or match[2] or "": f"{{% {match[3].strip()} %}}" for match in pairs}
    else:
        yield from of_jsonata(text)


def _split(text: str) -> list[str]:
    """The parts between the commas that stand in no bracket and no quotes."""
    parts, depth = [""], 0
    for piece in _PIECE.findall(text):
        if piece == "," and depth == 0:
            parts.append("")
            continue
        depth += (piece in ("(", "[", "{")) - (piece in (")", "]", "}"))
        parts[-1] += piece
    return parts


def expression_of(value: Any) -> str | None:
    """The inside of `{% %}`, None for anything else."""
    if isinstance(value, str) and value.startswith("{%") and value.endswith("%}"):
        return value[2:-2].strip()
    return None


def of_payload(payload: Json, keep: Callable[[str], bool] = lambda _name: True) -> Iterator[Read]:
    """What every expression at any depth of a JSONata payload reads; members that `keep` refuses are passed over."""
    text = expression_of(payload)
    if text is not None:
        yield from of_jsonata(text)
    elif isinstance(payload, dict):
        for name, value in payload.items():
            if keep(name):
                yield from of_payload(value, keep)
    elif isinstance(payload, list):
        for item in payload:
            yield from of_payload(item, keep)
