"""States and Choice rules in words: what stands in a box below its name, at an arrow, and on the frame around states.

Knows: the fields of a definition, in both query languages, valid or with placeholders. Must never know: what is drawn of
it, or where.
Paths and expressions stay as they were written, without the `{% %}` of JSONata. Conditions are exact and as long as they
have to be; of notes and titles everything is given, and `shortened` cuts them for whoever has little room.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from asl_local.definition import resource_arns
from asl_local.values import Json, text_of

MOST: Final = 36
"""Characters of a short note, or of a frame's title; what is longer is cut."""

# -- Choice rules ------------------------------------------------------------------------------------------------------

_COMPARISON = re.compile(
    r"(?P<kind>String|Numeric|Boolean|Timestamp)"
    r"(?P<relation>Equals|LessThanEquals|LessThan|GreaterThanEquals|GreaterThan|Matches)(?P<path>Path)?"
)


class _Relation(NamedTuple):
    """`not_` is None where "not" would say something else: a string is neither `< 5` nor `≥ 5`."""

    is_: str
    not_: str | None = None


_RELATIONS: Final[Mapping[str, _Relation]] = {
    "Equals": _Relation("=", "≠"),
    "LessThan": _Relation("<"),
    "LessThanEquals": _Relation("≤"),
    "GreaterThan": _Relation(">"),
    "GreaterThanEquals": _Relation("≥"),
    "Matches": _Relation("matches", "does not match"),
}
_IS: Final[Mapping[str, str]] = {
    "IsPresent": "present",
    "IsNull": "null",
    "IsString": "a string",
    "IsNumeric": "a number",
    "IsBoolean": "a boolean",
    "IsTimestamp": "a timestamp",
}


def condition(rule: Any) -> str:
    """A Choice rule in words: `$.n > 5 and not ($.a < 2)`, exact.

    Strings are quoted, timestamps are not; whether two paths are compared as numbers or as strings is not said.
    """
    return _rule(rule, wanted=True).text


class _Words(NamedTuple):
    """`joined` says that the text holds an "and" or an "or" outside of parentheses."""

    text: str
    joined: bool = False


def _rule(rule: Any, *, wanted: bool) -> _Words:
    """The rule or, unless `wanted`, its contrary."""
    if not isinstance(rule, Mapping):  # a placeholder that nobody has filled
        return _Words(str(rule) if wanted else f"not ({rule})")
    if "Not" in rule:
        return _rule(rule["Not"], wanted=not wanted)
    for name, word in (("And", " and "), ("Or", " or ")):
        if name in rule:
            rules = rule[name] if isinstance(rule[name], list) else [rule[name]]
            if len(rules) == 1:
                return _rule(rules[0], wanted=wanted)
            parts = [_rule(each, wanted=True) for each in rules]
            text = word.join(f"({part.text})" if part.joined else part.text for part in parts)
            return _Words(text, joined=True) if wanted else _Words(f"not ({text})")
    if "Condition" in rule:
        text = expression(rule["Condition"])
        return _Words(text if wanted else f"not ({text})")
    return _Words(_comparison(rule, wanted=wanted))


def _comparison(rule: Mapping[str, Any], *, wanted: bool) -> str:
    variable = str(rule.get("Variable", ""))
    for operator, operand in rule.items():
        if operator in _IS:
            return f"{variable} is {'' if operand is wanted else 'not '}{_IS[operator]}"
        found = _COMPARISON.fullmatch(operator)
        if found is None:
            continue
        plain = found["path"] or (found["kind"] == "Timestamp" and isinstance(operand, str))
        shown = operand if plain else text_of(operand)
        relation = _RELATIONS[found["relation"]]
        if wanted or relation.not_:
            return f"{variable} {relation.is_ if wanted else relation.not_} {shown}"
        return f"not ({variable} {relation.is_} {shown})"
    return variable if wanted else f"not ({variable})"


# Text in quotes or backticks, or what may go: a comment, blanks.
_QUOTED_OR_NOT = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)|(?:/\*.*?\*/|\s)+""", re.DOTALL)


def expression(value: Any) -> str:
    """What a field holds, in one line: a JSONata expression without its delimiters and comments, text as it is, JSON."""
    if not isinstance(value, str):
        return text_of(value)
    inner = value.strip()
    if inner.startswith("{%") and inner.endswith("%}"):
        return _QUOTED_OR_NOT.sub(lambda found: found[1] or " ", inner[2:-2]).strip()
    return value


def errors(catcher: Mapping[str, Any]) -> str:
    """The errors of a catcher (or retrier): `Busy, States.Timeout`."""
    names = catcher.get("ErrorEquals", "")
    return ", ".join(str(name) for name in names) if isinstance(names, list) else str(names)


# -- notes -------------------------------------------------------------------------------------------------------------


def notes(state: Mapping[str, Json]) -> tuple[str, ...]:
    """What a state's box says below its name and type, the most important first; seldom more than three, in a line each.

    What a Task calls and what it waits for there, how long a Wait waits, how a Map goes over its items, how often it is
    retried, its time limits.
    """
    own = _OWN.get(str(state.get("Type")))
    found = [*(own(state) if own else ()), *_retries(state), *_limits(state)]
    return tuple(" ".join(note.split()) for note in found if note)


def short_notes(type: str, notes: Sequence[str]) -> tuple[str, ...]:
    """The notes of a state for a form that has little room, and where nothing else says that a Wait waits."""
    shown = [shortened(note) for note in notes]
    if type == "Wait" and shown:
        shown[0] = f"wait {shown[0]}"
    return tuple(shown)


def shortened(text: str, most: int = MOST) -> str:
    """The text in one line; what is too long ends in an ellipsis."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def duration(seconds: float) -> str:
    """`90` -> `1 min 30 s`; in seconds where two units are not enough."""
    if not isinstance(seconds, int) or seconds <= 0:
        return f"{seconds:g} s"
    parts, rest = [], seconds
    for length, unit in _UNITS:
        count, rest = divmod(rest, length)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts) if len(parts) <= 2 else f"{seconds} s"


def _given(state: Mapping[str, Any], field: str) -> Any:
    """What a field holds in either query language, where JSONPath's has another name; None if there is none."""
    return state[field] if field in state else state.get(f"{field}Path")


def _seconds(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return duration(value)
    text = expression(value)
    return f"({text}) s" if " " in text else f"{text} s"


def _waits(state: Mapping[str, Any]) -> Iterator[str]:
    seconds, moment = _given(state, "Seconds"), _given(state, "Timestamp")
    if seconds is not None:
        yield _seconds(seconds)
    elif moment is not None:
        yield f"until {expression(moment)}"


def _fails(state: Mapping[str, Any]) -> Iterator[str]:
    for field in ("Error", "Cause"):
        value = _given(state, field)
        if value not in (None, ""):
            yield expression(value)
            return


def _parallel(state: Mapping[str, Any]) -> Iterator[str]:
    branches = state.get("Branches")
    if isinstance(branches, list):
        yield "1 branch" if len(branches) == 1 else f"{len(branches)} branches"


def _retries(state: Mapping[str, Any]) -> Iterator[str]:
    """Retriers that never retry are not told; several of one schedule are told once, and else how often at most."""
    retriers = state.get("Retry")
    if not isinstance(retriers, list):
        if retriers is not None:
            yield f"↻ {expression(retriers)}"
        return
    used = [each for each in retriers if isinstance(each, Mapping) and each.get("MaxAttempts") != 0]
    schedules = list(dict.fromkeys(_schedule(each) for each in used))
    if len(schedules) == 1:
        yield f"↻ {schedules[0]}"
    elif schedules:
        counts = [each.get("MaxAttempts", 3) for each in used]
        most = f"up to {max(counts)} times, " if all(isinstance(count, int) for count in counts) else ""
        yield f"↻ {most}{len(used)} rules"


def _schedule(retrier: Mapping[str, Any]) -> str:
    interval, rate = retrier.get("IntervalSeconds", 1), retrier.get("BackoffRate", 2)
    most = f"up to {retrier.get('MaxAttempts', 3)}"
    if rate == 1:
        return f"{most}, every {_seconds(interval)}"
    shown = f"{rate:g}" if isinstance(rate, int | float) else expression(rate)
    longest = f" ≤ {_seconds(retrier['MaxDelaySeconds'])}" if "MaxDelaySeconds" in retrier else ""
    return f"{most}, {_seconds(interval)} × {shown}{longest}"


def _limits(state: Mapping[str, Any]) -> Iterator[str]:
    found = (("at most", _given(state, "TimeoutSeconds")), ("heartbeat", _given(state, "HeartbeatSeconds")))
    yield ", ".join(f"{words} {_seconds(value)}" for words, value in found if value is not None)


# -- what a Task calls -------------------------------------------------------------------------------------------------


class _Service(NamedTuple):
    """What people call a service, and the arguments that say whom of it a call is for, if that fits in."""

    name: str
    targets: tuple[str, ...] = ()


_SERVICES: Final[Mapping[str, _Service]] = {
    "apigateway": _Service("API Gateway", ("Method",)),
    "appsync": _Service("AppSync"),
    "athena": _Service("Athena"),
    "batch": _Service("Batch", ("JobDefinition",)),
    "bedrock": _Service("Bedrock", ("ModelId",)),
    "bedrockruntime": _Service("Bedrock", ("ModelId",)),
    "cloudformation": _Service("CloudFormation", ("StackName",)),
    "cloudwatch": _Service("CloudWatch"),
    "cloudwatchlogs": _Service("CloudWatch Logs"),
    "codebuild": _Service("CodeBuild", ("ProjectName",)),
    "comprehend": _Service("Comprehend"),
    "config": _Service("Config"),
    "databrew": _Service("DataBrew"),
    "dynamodb": _Service("DynamoDB", ("TableName",)),
    "ec2": _Service("EC2"),
    "ecs": _Service("ECS", ("TaskDefinition",)),
    "eks": _Service("EKS"),
    "elasticmapreduce": _Service("EMR"),
    "emr-containers": _Service("EMR on EKS"),
    "emr-serverless": _Service("EMR Serverless"),
    "events": _Service("EventBridge"),
    "eventbridge": _Service("EventBridge"),
    "fis": _Service("FIS"),
    "glue": _Service("Glue", ("JobName", "Name")),
    "http": _Service("HTTP", ("Method",)),
    "iam": _Service("IAM"),
    "kms": _Service("KMS"),
    "lambda": _Service("Lambda", ("FunctionName",)),
    "mediaconvert": _Service("MediaConvert"),
    "organizations": _Service("Organizations"),
    "polly": _Service("Polly"),
    "rds": _Service("RDS"),
    "redshiftdata": _Service("Redshift Data"),
    "rekognition": _Service("Rekognition"),
    "s3": _Service("S3"),
    "sagemaker": _Service("SageMaker"),
    "scheduler": _Service("Scheduler", ("Name",)),
    "secretsmanager": _Service("Secrets Manager"),
    "ses": _Service("SES"),
    "sesv2": _Service("SES"),
    "sfn": _Service("Step Functions"),
    "sns": _Service("SNS", ("TopicArn",)),
    "sqs": _Service("SQS", ("QueueUrl",)),
    "ssm": _Service("SSM", ("Name",)),
    "states": _Service("Step Functions", ("StateMachineArn",)),
    "sts": _Service("STS"),
    "textract": _Service("Textract"),
    "transcribe": _Service("Transcribe"),
    "translate": _Service("Translate"),
}
# Where the target says what is done better than the action does.
_SHORTER: Final[Mapping[tuple[str, str], str]] = {
    ("lambda", "invoke"): "Lambda",
    ("states", "startExecution"): "execution of",
    ("http", "invoke"): "HTTP",
    ("apigateway", "invoke"): "API Gateway",
}
_PATTERNS: Final[Mapping[str, str]] = {
    ".sync": "waits until it is done",
    ".sync:2": "waits until it is done",
    ".waitForTaskToken": "waits for its task token",
}
_LAST = re.compile(r"([^:/]+)$")
_FUNCTION = re.compile(r"(?:^|:)function:(.+?)(?::\$LATEST)?$")
# STACK-LOGICALID-RANDOM, as CloudFormation names what has no name of its own: people know the middle.
_GENERATED = re.compile(r"[\w-]+-(\w+)-(?=[A-Z]*[0-9])[0-9A-Z]{12,13}")


def _task(state: Mapping[str, Any]) -> Iterator[str]:
    resource = str(state.get("Resource", ""))
    arn = resource_arns.parse(resource)
    if arn is not None and arn.kind == "lambda":
        yield f"Lambda {_named(resource)}"
    elif arn is not None and arn.kind == "activity":
        yield f"activity {_named(resource)}"
    elif arn is not None and arn.kind in ("optimised", "sdk") and arn.action:
        yield _call(arn, _arguments(state))
        yield _PATTERNS.get(arn.pattern, "")
    else:
        yield resource


def _call(arn: resource_arns.ResourceArn, arguments: Mapping[str, Any]) -> str:
    service = _SERVICES.get(arn.service, _Service(arn.service))
    action = f"{service.name} {arn.action}"
    given = (arguments.get(name, arguments.get(f"{name}.$")) for name in service.targets)
    target = next((_named(expression(value)) for value in given if isinstance(value, str) and value), "")
    shorter = _SHORTER.get((arn.service, arn.action)) if arn.kind == "optimised" else None
    named = f"{shorter or action} {target}"
    return named if target and (shorter or len(named) <= MOST) else action


def _arguments(state: Mapping[str, Any]) -> Mapping[str, Any]:
    given = state.get("Arguments", state.get("Parameters"))
    return given if isinstance(given, Mapping) else {}


def _named(text: str) -> str:
    """The last part of an ARN or URL: a function's name (with its version), a table's; other texts as they are."""
    if not text.startswith(("arn:", "https://sqs.")):
        return text
    found = _FUNCTION.search(text) or _LAST.search(text)
    name = found[1] if found else text
    generated = _GENERATED.fullmatch(name)
    return generated[1] if generated else name


# -- Maps and branches -------------------------------------------------------------------------------------------------

# An ItemReader's InputType, or action -> what the items are.
_READ: Final[Mapping[str, str]] = {
    "CSV": "row of a CSV file",
    "JSON": "item of a JSON file",
    "JSONL": "line of a JSON Lines file",
    "MANIFEST": "object of an S3 inventory",
    "PARQUET": "row of a Parquet file",
    "listObjectsV2": "object in S3",
}


def _map(state: Mapping[str, Any]) -> Iterator[str]:
    most = _given(state, "MaxConcurrency")
    at_a_time = f"{'one' if most == 1 else expression(most)} at a time" if most not in (None, 0) else ""
    yield ", ".join(word for word in ("distributed" if is_distributed(state) else "", at_a_time) if word)
    tolerated = _given(state, "ToleratedFailurePercentage")
    count = _given(state, "ToleratedFailureCount")
    if tolerated not in (None, 0):
        yield f"{expression(tolerated)} % may fail"
    elif count not in (None, 0):
        yield f"{expression(count)} may fail"


def is_distributed(state: Mapping[str, Any]) -> bool:
    """Whether a Map's items are executions of their own."""
    processor = state.get("ItemProcessor")
    config = processor.get("ProcessorConfig") if isinstance(processor, Mapping) else None
    return isinstance(config, Mapping) and config.get("Mode") == "DISTRIBUTED"


def title_of_items(state: Mapping[str, Any]) -> str:
    """Over what a Map does: `for each of $.images`, `for each row of a CSV file, in batches of 100`."""
    batches = _batches(state.get("ItemBatcher"))
    return ", ".join(" ".join(part.split()) for part in (f"for each {_items(state)}", batches) if part)


def _items(state: Mapping[str, Any]) -> str:
    reader = state.get("ItemReader")
    if isinstance(reader, Mapping):
        config = reader.get("ReaderConfig")
        kind = config.get("InputType") if isinstance(config, Mapping) else None
        action = str(reader.get("Resource", "")).rpartition(":")[2]
        return _READ.get(str(kind)) or _READ.get(action) or f"item of {expression(kind or action)}"
    items = state.get("Items", state.get("ItemsPath"))
    if isinstance(items, list):
        return f"of {len(items)} items"
    return "item" if items in (None, "$") else f"of {expression(items)}"


def _batches(batcher: Any) -> str:
    if not isinstance(batcher, Mapping):
        return ""
    most = _given(batcher, "MaxItemsPerBatch")
    return "in batches" if most is None else f"in batches of {expression(most)}"


def title_of_branch(branch: Mapping[str, Any], number: int) -> str:
    """`branch 0`, or what its Comment says if that fits on a frame. `number` counts from 0, as everywhere."""
    comment = branch.get("Comment")
    if (
        isinstance(comment, str)
        and comment.strip()
        and len(comment) <= MOST
        and not comment.lstrip().startswith("asl:")
    ):
        return " ".join(comment.split())
    return f"branch {number}"


_OWN: Final[Mapping[str, Callable[[Mapping[str, Any]], Iterator[str]]]] = {
    "Task": _task,
    "Wait": _waits,
    "Fail": _fails,
    "Parallel": _parallel,
    "Map": _map,
}

__all__ = [
    "MOST", "condition", "duration", "errors", "expression", "is_distributed", "notes", "short_notes", "shortened", "title_of_branch",
    "title_of_items",
]  # fmt: skip
