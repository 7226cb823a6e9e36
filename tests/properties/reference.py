"""A second interpreter, written from the language's rules alone: direct, recursive, one thing after the other.

It shares no code with the library. Time is a number that is handed along: a branch is run to its end as if it were
alone, and a Parallel or Map state then looks at when each of its children would have ended or failed. Where two
children fail at the same time in different ways, whoever is first is nobody's rule: `tied` says so. `racy` says
that two children would fail in different ways at all, so that only an exact clock decides.
"""

from __future__ import annotations

import heapq
import operator
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from machines import LAMBDA, Case, normal
from tiny_jsonata import UNDEFINED, Thrown, evaluate


class End(NamedTuple):
    """How a state or block ended: "ok" with `value` and where to, "failed", or "fatal" (States.Runtime)."""

    at: float
    kind: str
    value: Any = None
    next: str | None = None
    error: str | None = None
    cause: str | None = None


class Missing(Exception):
    """A path finds nothing: States.Runtime."""


class Broken(Exception):
    """A function or a ResultPath cannot take what it is given; the first argument is the error's name."""


def find(path: str, document: Any, context: dict[str, Any]) -> Any:
    found = context if path.startswith("$$") else document
    if found is None:
        raise Missing
    for step in path.lstrip("$").split(".")[1:]:
        if not isinstance(found, dict) or step not in found:
            raise Missing
        found = found[step]
    return found


def call(text: str, document: Any, context: dict[str, Any]) -> Any:
    name, inside = re.fullmatch(r"States\.(\w+)\((.*)\)", text).groups()  # type: ignore[union-attr]
    arguments = []
    for part in inside.split(", "):
        if part.startswith("$"):
            arguments.append(find(part, document, context))
        else:
            arguments.append(part[1:-1] if part.startswith("'") else int(part))
    if name == "Array":
        return arguments
    assert name == "MathAdd"
    if any(type(argument) not in (int, float) for argument in arguments):
        raise Broken("States.IntrinsicFailure")
    return sum(int(argument + 0.5 // 1) if type(argument) is float else argument for argument in arguments)


def template(payload: Any, document: Any, context: dict[str, Any]) -> Any:
    if isinstance(payload, list):
        return [template(item, document, context) for item in payload]
    if not isinstance(payload, dict):
        return payload
    result = {}
    for key, member in payload.items():
        if key.endswith(".$"):
            result[key[:-2]] = (call if member.startswith("States.") else find)(member, document, context)
        else:
            result[key] = template(member, document, context)
    return result


def select(state: dict[str, Any], field: str, value: Any, context: dict[str, Any]) -> Any:
    path = state.get(field, "$")
    if path is None:
        return {}
    return value if path == "$" else find(path, value, context)


def place(path: str | None, raw: Any, result: Any) -> Any:
    if path is None:
        return raw
    steps = path.split(".")[1:]
    if not steps:
        return result
    if not isinstance(raw, dict):
        raise Broken("States.ResultPathMatchFailure")
    first, rest = steps[0], steps[1:]
    inner = raw.get(first, {}) if rest else None
    return {**raw, first: place(".".join(["$", *rest]), inner, result) if rest else result}


def matches(names: list[str], error: str) -> bool:
    if error in names or "States.ALL" in names:
        return True
    if error == "States.HeartbeatTimeout" and "States.Timeout" in names:
        return True
    return "States.TaskFailed" in names and error != "States.Timeout"


def holds(rule: dict[str, Any], document: Any, context: dict[str, Any]) -> bool:
    if "And" in rule:
        return all(holds(inner, document, context) for inner in rule["And"])
    if "Or" in rule:
        return any(holds(inner, document, context) for inner in rule["Or"])
    if "Not" in rule:
        return not holds(rule["Not"], document, context)
    try:
        found = find(rule["Variable"], document, context)
    except Missing:
        if "IsPresent" in rule:
            return not rule["IsPresent"]
        raise
    if "IsPresent" in rule:
        return bool(rule["IsPresent"])
    [(name, operand)] = [each for each in rule.items() if each[0] not in ("Variable", "Next", "Assign")]
    if name.startswith("Is"):
        return TYPES[name](found) is operand
    if name.endswith("Path"):
        name, operand = name.removesuffix("Path"), find(operand, document, context)
    if name == "StringMatches":
        pattern = "".join(
            ".*" if part == "*" else re.escape(part.removeprefix("\\") or part)
            for part in re.findall(r"\\[*\\]|.", operand, re.DOTALL)
        )
        return isinstance(found, str) and re.fullmatch(pattern, found, re.DOTALL) is not None
    family, comparison = re.fullmatch(r"(String|Numeric|Boolean|Timestamp)(\w+)", name).groups()  # type: ignore[union-attr]
    left, right = (COMPARABLE[family](value) for value in (found, operand))
    return left is not None and right is not None and ORDER[comparison](left, right)


def moment(value: Any) -> Any:
    if not isinstance(value, str) or not re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", value
    ):
        return None
    return datetime.fromisoformat(value)


TYPES: dict[str, Callable[[Any], bool]] = {
    "IsNull": lambda value: value is None,
    "IsString": lambda value: isinstance(value, str),
    "IsNumeric": lambda value: type(value) in (int, float),
    "IsBoolean": lambda value: isinstance(value, bool),
    "IsTimestamp": lambda value: moment(value) is not None,
}
COMPARABLE: dict[str, Callable[[Any], Any]] = {
    "String": lambda value: value if isinstance(value, str) else None,
    "Numeric": lambda value: value if type(value) in (int, float) else None,
    "Boolean": lambda value: value if isinstance(value, bool) else None,
    "Timestamp": moment,
}
ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq, "LessThan": operator.lt, "GreaterThan": operator.gt, "LessThanEquals": operator.le,
    "GreaterThanEquals": operator.ge,
}  # fmt: skip


class Scope(NamedTuple):
    """The variables of one line of control, and of those around it."""

    own: dict[str, Any]
    around: Scope | None

    def find(self, name: str) -> Any:
        if name in self.own:
            return self.own[name]
        return UNDEFINED if self.around is None else self.around.find(name)


class Read:
    """What the expressions of one stay in a JSONata state may read."""

    def __init__(self, raw: Any, context: dict[str, Any], scope: Scope) -> None:
        self.states, self.scope = {"input": raw, "context": context}, scope

    def find(self, name: str) -> Any:
        return self.states if name == "states" else self.scope.find(name)

    def payload(self, value: Any) -> Any:
        """A field's value with every expression evaluated. Raises Broken."""
        if isinstance(value, dict):
            return {key: self.payload(member) for key, member in value.items()}
        if isinstance(value, list):
            return [self.payload(item) for item in value]
        if not isinstance(value, str) or not value.startswith("{%"):
            return value
        try:
            found = evaluate(value[2:-2].strip(), self.find)
        except Thrown:
            found = UNDEFINED
        if found is UNDEFINED:
            raise Broken("States.QueryEvaluationError")
        return found

    def typed(self, value: Any, right: Callable[[Any], bool]) -> Any:
        """A field that wants a type. Raises Broken."""
        found = self.payload(value)
        if not right(found):
            raise Broken("States.QueryEvaluationError")
        return found


class Reference:
    """Interprets one case; `outcome` is (status, output, error, cause), causes that AWS locates as "<located>"."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.tied = self.racy = False
        self.language = case.definition.get("QueryLanguage", "JSONPath")
        end = self.block(case.definition, case.input, None, 0.0, None)
        limit = case.definition.get("TimeoutSeconds")
        self.tied |= limit == end.at
        if limit is not None and end.at > limit:
            self.outcome: tuple[Any, ...] = ("TIMED_OUT", None, None, None)
        elif end.kind == "ok":
            self.outcome = ("SUCCEEDED", normal(end.value), None, None)
        else:
            error = "States.Timeout" if end.error == "States.HeartbeatTimeout" else end.error
            self.outcome = ("FAILED", None, error, end.cause)

    def block(self, block: dict[str, Any], raw: Any, item: Any, at: float, around: Scope | None) -> End:
        name = block["StartAt"]
        scope = Scope({}, around)
        while True:
            end = self.visit(name, block["States"][name], raw, item, at, scope)
            if end.kind != "ok" or end.next is None:
                return end
            name, raw, at = end.next, end.value, end.at

    def visit(  # noqa: PLR0917 - plain arguments are the point of it
        self, name: str, state: dict[str, Any], raw: Any, item: Any, at: float, scope: Scope
    ) -> End:
        """One stay in a state, with its retries and its Catch."""
        used: dict[int, int] = {}
        work = self.work_jsonata if state.get("QueryLanguage", self.language) == "JSONata" else self.work_jsonpath
        while True:
            context: dict[str, Any] = {"State": {"Name": name}, "Execution": {"Input": self.case.input}}
            if item is not None:
                context["Map"] = {"Item": {"Index": item[0], "Value": item[1]}}
            try:
                end = work(state, raw, item, at, context, sum(used.values()), scope)
            except Missing:
                end = End(self.came_back, "fatal", error="States.Runtime", cause="<located>")
            except Broken as broken:
                end = End(self.came_back, "failed", error=broken.args[0], cause="<located>")
            if end.kind != "failed":
                return end
            at = end.at
            error = end.error or ""
            found = [each for each in enumerate(state.get("Retry", [])) if matches(each[1]["ErrorEquals"], error)]
            if found and used.get(found[0][0], 0) < found[0][1]["MaxAttempts"]:
                number, retrier = found[0]
                tries = used[number] = used.get(number, 0) + 1
                at += retrier["IntervalSeconds"] * retrier["BackoffRate"] ** (tries - 1)
                continue
            for catcher in state.get("Catch", []):
                if matches(catcher["ErrorEquals"], error):
                    shown = {"Error": error, "Cause": end.cause or ""}  # a timeout has none, which shows as empty
                    try:
                        if work == self.work_jsonata:
                            read = Read(raw, context, scope)
                            read.states["errorOutput"] = shown
                            output = read.payload(catcher["Output"]) if "Output" in catcher else shown
                        else:
                            output = place(catcher.get("ResultPath", "$"), raw, shown)
                    except Broken as broken:
                        return End(at, "failed", error=broken.args[0], cause="<located>")
                    return End(at, "ok", output, catcher["Next"])
            return end

    def work_jsonata(  # noqa: PLR0917 - plain arguments are the point of it
        self, state: dict[str, Any], raw: Any, item: Any, at: float, context: dict[str, Any], retries: int, scope: Scope
    ) -> End:
        self.came_back = at
        read = Read(raw, context, scope)
        kind, following, by = state["Type"], state.get("Next"), state
        if kind == "Fail":
            return End(at, "failed", error=read.payload(state["Error"]), cause=state["Cause"])
        if kind == "Choice":
            for rule in state["Choices"]:
                if read.typed(rule["Condition"], lambda value: isinstance(value, bool)):
                    following, by = rule["Next"], rule
                    break
            else:
                following = state.get("Default")
                if following is None:
                    raise Broken("States.NoChoiceMatched")
        if kind == "Wait":
            seconds = read.typed(state.get("Seconds", 0), lambda value: type(value) is int and value >= 0)
            at = self.came_back = at + seconds
        result = raw
        if kind in ("Task", "Parallel", "Map"):
            given = read.payload(state["Arguments"]) if "Arguments" in state else raw
            if kind == "Map":
                items = read.typed(state.get("Items", "{% $states.input %}"), lambda value: isinstance(value, list))

                def select(value: Any, inside: dict[str, Any]) -> Any:
                    selector = state.get("ItemSelector", value)
                    return Read(raw, inside, scope).payload(selector) if "ItemSelector" in state else value

                end = self.iterations(state, items, select, at, context, scope)
            else:
                end = getattr(self, kind.lower())(state, given, item, at, context, retries, scope)
            if end.kind != "ok":
                return End(*end)
            at = self.came_back = end.at
            result = read.states["result"] = end.value
        output = read.payload(by["Output"]) if "Output" in by else result
        scope.own.update(read.payload(by.get("Assign", {})))
        return End(at, "ok", output, following)

    def work_jsonpath(  # noqa: PLR0917 - plain arguments are the point of it
        self, state: dict[str, Any], raw: Any, item: Any, at: float, context: dict[str, Any], retries: int, scope: Scope
    ) -> End:
        self.came_back = at
        kind, following = state["Type"], state.get("Next")
        if kind == "Fail":
            error = find(state["ErrorPath"], raw, context) if "ErrorPath" in state else state["Error"]
            return End(at, "failed", error=error, cause=state["Cause"])
        given = select(state, "InputPath", raw, context)
        if kind == "Choice":
            following = next(
                (rule["Next"] for rule in state["Choices"] if holds(rule, given, context)), state.get("Default")
            )
            if following is None:
                raise Broken("States.NoChoiceMatched")
        if kind == "Wait":
            seconds = state.get("Seconds", 0)
            if "SecondsPath" in state:
                seconds = find(state["SecondsPath"], given, context)
                if type(seconds) is not int or seconds < 0:
                    raise Missing
            at = self.came_back = at + seconds
        if "Parameters" in state:
            given = template(state["Parameters"], given, context)
        result = state.get("Result", given)
        if kind in ("Task", "Parallel", "Map"):
            end = getattr(self, kind.lower())(state, given, item, at, context, retries, scope)
            if end.kind != "ok":
                return End(*end)
            at, result = end.at, end.value
            self.came_back = at
            if "ResultSelector" in state:
                result = template(state["ResultSelector"], result, context)
        output = select(state, "OutputPath", place(state.get("ResultPath", "$"), raw, result), context)
        scope.own.update(template(state.get("Assign", {}), result, context))
        return End(at, "ok", output, following)

    def task(
        self, state: dict[str, Any], given: Any, _item: Any, at: float, _context: Any, retries: int, _scope: Scope
    ) -> End:
        answer = self.case.answer(state["Resource"].removeprefix(LAMBDA), given, retries)
        limits = [(state[field], error) for field, error in
                  (("TimeoutSeconds", "States.Timeout"), ("HeartbeatSeconds", "States.HeartbeatTimeout")) if field in state]  # fmt: skip
        limit, error = min(limits, key=lambda found: found[0], default=(float("inf"), ""))
        if answer.sleep > limit:
            return End(at + limit, "failed", error=error)
        if answer.error:
            return End(at + answer.sleep, "failed", error=answer.error, cause="planned")
        return End(at + answer.sleep, "ok", given if answer.value == "echo" else answer.value)

    def parallel(
        self, state: dict[str, Any], given: Any, item: Any, at: float, _context: Any, _retries: int, scope: Scope
    ) -> End:
        return self.joined(at, [self.block(branch, given, item, at, scope) for branch in state["Branches"]])

    def map(
        self, state: dict[str, Any], given: Any, _item: Any, at: float, context: Any, _retries: int, scope: Scope
    ) -> End:
        items = find(state.get("ItemsPath", "$"), given, context)
        if not isinstance(items, list):
            raise Missing

        def select(value: Any, inside: dict[str, Any]) -> Any:
            return template(state["ItemSelector"], given, inside) if "ItemSelector" in state else value

        return self.iterations(state, items, select, at, context, scope)

    def iterations(  # noqa: PLR0917 - as above
        self, state: dict[str, Any], items: list[Any], select: Callable[[Any, dict[str, Any]], Any], at: float, context: Any, scope: Scope
    ) -> End:  # fmt: skip
        free = [at] * (state.get("MaxConcurrency") or 40)
        ends: list[End] = []
        for index, value in enumerate(items):
            start = heapq.heappop(free)
            if any(end.kind != "ok" and end.at < start for end in ends):
                start = float("inf")  # it never starts, but it could have
            inside = {**context, "Map": {"Item": {"Index": index, "Value": value}}}
            try:
                raw = select(value, inside)
            except Missing:
                end = End(start, "fatal", error="States.Runtime", cause="<located>")
            except Broken as broken:
                end = End(start, "failed", error=broken.args[0], cause="<located>")
            else:
                end = self.block(state["ItemProcessor"], raw, (index, value), start, scope)
            ends.append(end)
            heapq.heappush(free, end.at)
        return self.joined(at, ends)

    def joined(self, at: float, ends: list[End]) -> End:
        bad = [end for end in ends if end.kind != "ok"]
        if not bad:
            return End(max([at, *(end.at for end in ends)]), "ok", [end.value for end in ends])
        first = min(bad, key=lambda end: end.at)
        self.racy |= len({end[1:] for end in bad}) > 1
        self.tied |= len({end[1:] for end in bad if end.at == first.at}) > 1
        return first
