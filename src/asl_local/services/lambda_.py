"""Lambda's side of a Python function: how it is named, called, and how its failure looks.

Knows: Lambda's Invoke API and Python runtime. Must never know: state machines, or where the functions come from.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import cache, lru_cache, partial
from types import FunctionType, TracebackType
from typing import TYPE_CHECKING, Any, TypeAlias

from asl_local.errors import NotJson, StateError
from asl_local.lazy import later
from asl_local.values import Json, accept, encoder

if TYPE_CHECKING:
    import decimal
    import inspect
    import linecache
    import pathlib
    import sysconfig
    import traceback
    import uuid
else:  # ordinary functions that succeed need none of these
    later(globals(), "decimal", "inspect", "linecache", "pathlib", "sysconfig", "traceback", "uuid")

Handler: TypeAlias = Callable[..., Any]

MARSHAL_ERROR = "Runtime.MarshalError"
EXIT_ERROR = "Runtime.ExitError"

NAME = re.compile(
    r"(arn:(?P<partition>aws[a-zA-Z-]*)?:lambda:)?((?P<region>[a-z]{2}(-gov)?(-iso[a-z]?)?-[a-z]+-\d):)?"
    r"((?P<account>\d{12}):)?(function:)?(?P<name>[a-zA-Z0-9-_]+)(:(?P<qualifier>\$LATEST|[a-zA-Z0-9-_]+))?"
)
_CO_VARARGS = 0x04  # inspect.CO_VARARGS


def function_name(arn_or_name: str) -> str:
    """The bare name of a function: `f` out of `f`, `f:alias`, `123456789012:function:f`, and full ARNs with or without a
    version or alias. A text that is none of these (a placeholder, say) is its own name.
    """
    return (parts(arn_or_name) or (arn_or_name, None))[0]


def qualifier(arn_or_name: str) -> str | None:
    """The version or alias that a name or ARN ends with, None if it names the function alone."""
    return (parts(arn_or_name) or (arn_or_name, None))[1]


@lru_cache(maxsize=1024)
def parts(arn_or_name: str) -> tuple[str, str | None] | None:
    """A function's name, and its version or alias; None for what is neither a name nor an ARN."""
    match = NAME.fullmatch(arn_or_name)
    return None if match is None else (match["name"], match["qualifier"])


def takes_context(handler: Handler) -> bool:
    """Whether a handler wants `(event, context)` or only `(event)`."""
    plain = _plain(handler)
    return _by_signature(handler) if plain is None else plain


def _plain(handler: Handler) -> bool | None:
    """The same of a function, or of one with first arguments given, without inspect's price; None for anything else."""
    function: Any = handler
    given = 0
    if type(function) is partial and not function.keywords:
        function, given = function.func, len(function.args)
    if type(function) is not FunctionType or function.__dict__:  # a decorator may say that its signature is another
        return None
    code = function.__code__
    places = code.co_argcount - given
    if code.co_flags & _CO_VARARGS or places < 0:
        return None
    required = max(0, places - len(function.__defaults__ or ()))
    return required >= 2 or (places >= 2 and code.co_varnames[given + 1] == "context")


def _by_signature(handler: Handler) -> bool:
    try:
        parameters = inspect.signature(handler).parameters.values()
    except (TypeError, ValueError):  # a built-in without a signature
        return False
    places = [each for each in parameters if each.kind in {each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD}]
    required = [each for each in places if each.default is each.empty]
    if any(each.kind is each.VAR_POSITIONAL for each in parameters):
        return len(required) <= 2
    # A second parameter with a default is the handler's own business, unless it is called what Lambda calls it.
    return len(required) >= 2 or (len(places) >= 2 and places[1].name == "context")


def marshal(value: Any) -> Json:
    """A handler's return value as JSON, by the rules of Lambda's Python runtime: tuples are arrays, Decimals numbers, keys
    that are numbers, booleans or None become texts.

    Raises NotJson, which says the place, for what has no JSON form: sets, bytes, NaN, a value that contains itself.
    """
    try:
        return accept(value)
    except NotJson as error:
        refusal = error
    try:
        return accept(_simplified(value))
    except RecursionError:  # it contains itself
        raise refusal from None


def _simplified(value: Any) -> Any:
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, dict):
        return {_key(key): _simplified(member) for key, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [_simplified(item) for item in value]
    return value


def _key(key: Any) -> Any:
    if key is None or isinstance(key, (bool, int, float)):
        return json.dumps(key)
    return key


def failure(exception: BaseException, request_id: str | None = None) -> tuple[str, dict[str, Json]]:
    """(error name, cause) of what a handler raised, as Lambda's Python runtime reports it.

    The cause is `{"errorMessage", "errorType", "requestId", "stackTrace": [texts]}`. The stack trace has the handler's own
    frames: those of this library, and of the standard library before them, are left out. NotJson (of `marshal`) becomes
    Runtime.MarshalError; a StateError has the name and text that it was made with; SystemExit becomes Runtime.ExitError,
    whose cause, as on Lambda, has neither requestId nor stackTrace.
    """
    request_id = request_id or str(uuid.uuid4())
    if isinstance(exception, SystemExit):
        reason = (
            "without providing a reason"
            if exception.code in {0, None}
            else f"with error: exit status {_status(exception)}"
        )
        text = f"RequestId: {request_id} Error: Runtime exited {reason}"
        return EXIT_ERROR, {"errorType": EXIT_ERROR, "errorMessage": text}
    name, message = type(exception).__name__, _text(exception)
    trace = _stack_trace(exception.__traceback__)
    if isinstance(exception, NotJson):
        name, message, trace = MARSHAL_ERROR, _marshal_text(exception), []
    elif isinstance(exception, StateError):
        name, message = exception.error, exception.cause
    cause: dict[str, Json] = {
        "errorMessage": message,
        "errorType": name,
        "requestId": request_id,
        "stackTrace": trace,
    }
    return name, cause


_encode = encoder(allow_nan=True, blanks=True)


def failure_text(cause: Mapping[str, Json]) -> str:
    """The payload of a failed invocation: Python's spacing, and non-ASCII characters as they are."""
    return _encode(cause)


def _status(exception: SystemExit) -> int:
    # sys.exit("text") prints the text and ends with 1.
    return exception.code if isinstance(exception.code, int) else 1


def _text(exception: BaseException) -> str:
    try:
        return str(exception)
    except Exception:  # whatever a foreign __str__ raises must not hide the failure itself
        return f"<unprintable {type(exception).__name__} object>"


def _marshal_text(error: NotJson) -> str:
    return f"Unable to marshal response: {error.reason} at {error.path}"


@cache
def _folders() -> tuple[str, str]:
    """This library's, and the standard library's."""
    return f"{pathlib.Path(__file__).resolve().parents[1]}/", f"{sysconfig.get_path('stdlib')}/"


def _stack_trace(trace: TracebackType | None) -> list[str]:
    """As traceback.format_list has them, of the handler's frames alone: to look up our own would take three
    times as long.
    """
    ours, standard = _folders()
    frames: list[tuple[str, int, str, str]] = []
    current: set[str] = set()
    while trace is not None:
        code = trace.tb_frame.f_code
        filename, line = code.co_filename, trace.tb_lineno or 0
        if not filename.startswith((ours, "<frozen")) and (
            frames or not filename.startswith(standard) or "site-packages" in filename
        ):
            if filename not in current:
                current.add(filename)
                linecache.lazycache(filename, trace.tb_frame.f_globals)
                linecache.checkcache(filename)
            frames.append((filename, line, code.co_name, linecache.getline(filename, line).strip()))
        trace = trace.tb_next
    if len(frames) > _SHOWN_IN_A_ROW and len(set(frames)) <= len(frames) - _SHOWN_IN_A_ROW:
        return traceback.format_list(frames)
    # Without columns, so that there are no lines of ~~~^^^ marks, as in Lambda.
    return [
        f'  File "{filename}", line {line}, in {name}\n    {text}\n'
        if text
        else f'  File "{filename}", line {line}, in {name}\n'
        for filename, line, name, text in frames
    ]


_SHOWN_IN_A_ROW = 3  # of equal frames; how many there are beyond is said in a line
