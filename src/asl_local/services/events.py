"""EventBridge on a folder: event buses, and the events that were put on them as a person can read them.

Knows: EventBridge's PutEvents. Must never know: state machines, or what would match an event.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from asl_local.services import files
from asl_local.services.errors import ExceptionNames, client_error
from asl_local.services.parameters import (
    LIST,
    TEXT,
    Answer,
    Given,
    Rule,
    invalid_parameters,
    needed,
    no_operation,
    operation,
    refused,
)

MOST_ENTRIES = 10
LARGEST_REQUEST = 262_144  # bytes; EventBridge User Guide, "Calculating PutEvents event entry size"
DEFAULT = "default"
_RECORD = "bus.json"
_REQUIRED = ("Source", "DetailType", "Detail")
_ENTRY = (*_REQUIRED, "Time", "Resources", "EventBusName")
_NO_DELIVERY = "nothing is delivered here"

OPERATIONS: dict[str, dict[str, Rule]] = {
    "PutEvents": {"Entries": needed(LIST), **refused("there is one region on this machine", "EndpointId")},
    "CreateEventBus": {
        "Name": needed(TEXT),
        "Description": TEXT,
        **refused("buses have no tags here", "Tags"),
        **refused("nothing is encrypted here", "KmsKeyIdentifier"),
        **refused(_NO_DELIVERY, "DeadLetterConfig", "LogConfig", "EventSourceName"),
    },
    "DeleteEventBus": {"Name": needed(TEXT)},
    "ListEventBuses": {"NamePrefix": TEXT, **refused("all buses come at once", "NextToken", "Limit")},
    "ListEvents": {"EventBusName": TEXT},
}


class EventBridge:
    """The client("events") of a LocalAWS. An event is the file `folder/<bus>/<time>-<number>-<id>.json`.

    It holds what a target would be given: version, id, detail-type, source, account, time, region, resources, detail. The
    names sort by the time of the request. A bus need not have been made: EventBridge takes events for one that is not
    there without a word, and here they lie in its folder. Nothing is delivered: there are no rules and targets.

    Entries that EventBridge rejects are answered one by one, `{"ErrorCode", "ErrorMessage"}`. Refusals of the whole
    request are ClientError with EventBridge's codes; a disk that takes no event is InternalException (500). Thread-safe,
    and safe for several processes on one folder.
    """

    def __init__(self, folder: Path, *, region: str, account: str, now: Callable[[], float]) -> None:
        self._folder = folder
        self._region, self._account, self._now = region, account, now
        self._numbers = itertools.count(1)
        self.exceptions = ExceptionNames(
            "InternalException", "ResourceAlreadyExistsException", "ResourceNotFoundException", "ValidationException"
        )

    def __getattr__(self, name: str) -> Any:
        no_operation(self, "events", name)

    @operation("PutEvents", OPERATIONS["PutEvents"])
    def put_events(self, given: Given) -> Answer:
        """Puts up to ten events on their buses: `{"Entries": [{"EventId"} or {"ErrorCode", "ErrorMessage"}],
        "FailedEntryCount"}`.
        """
        here, entries = "PutEvents", given["Entries"]
        if not 1 <= len(entries) <= MOST_ENTRIES:
            rule = "greater than or equal to 1" if not entries else f"less than or equal to {MOST_ENTRIES}"
            text = f"1 validation error detected: Value '{entries}' at 'entries' failed to satisfy constraint: Member must have length {rule}"
            raise client_error("ValidationException", text, here)
        for number, entry in enumerate(entries):
            _check_shape(number, entry, here)
        if sum(map(_size, entries)) > LARGEST_REQUEST:
            text = "Total size of the entries in the request is over the limit."
            raise client_error("ValidationException", text, here)
        answers = [self._put(entry, here) for entry in entries]
        return {"FailedEntryCount": sum("ErrorCode" in answer for answer in answers), "Entries": answers}

    @operation("CreateEventBus", OPERATIONS["CreateEventBus"])
    def create_event_bus(self, given: Given) -> Answer:
        """Makes a bus: `{"EventBusArn"}`."""
        here, name = "CreateEventBus", given["Name"]
        if not re.fullmatch(r"[A-Za-z0-9_.-]{1,256}", name) or name.startswith("."):
            text = f"1 validation error detected: Value '{name}' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [/\\.\\-_A-Za-z0-9]+"
            raise client_error("ValidationException", text, here)
        path = self._folder / name / _RECORD
        if name == DEFAULT or path.exists():
            raise client_error("ResourceAlreadyExistsException", f"Event bus {name} already exists.", here)
        description = {"Description": given["Description"]} if "Description" in given else {}
        self._write(path, {"Name": name, "Arn": self._arn(name), **description}, here)
        return {"EventBusArn": self._arn(name), **description}

    @operation("DeleteEventBus", OPERATIONS["DeleteEventBus"])
    def delete_event_bus(self, given: Given) -> Answer:
        """Removes a bus; one that is not there is no error. Its events stay, since they had been put."""
        here, name = "DeleteEventBus", self._bus_name(given["Name"])
        if name == DEFAULT:
            raise client_error("ValidationException", "Cannot delete event bus default.", here)
        if name is not None:
            (self._folder / name / _RECORD).unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # there are events, which stay, or there was no bus
                (self._folder / name).rmdir()
        return {}

    @operation("ListEventBuses", OPERATIONS["ListEventBuses"])
    def list_event_buses(self, given: Given) -> Answer:
        """The default bus and those that were made, by name."""
        made = [record.parent.name for record in self._folder.glob(f"*/{_RECORD}")]
        names = [name for name in sorted([DEFAULT, *made]) if name.startswith(given.get("NamePrefix", ""))]
        return {"EventBuses": [{"Name": name, "Arn": self._arn(name)} for name in names]}

    @operation("ListEvents", OPERATIONS["ListEvents"])
    def list_events(self, given: Given) -> Answer:
        """Not an AWS operation: `{"Events"}` of a bus (`default`), oldest first, as they lie in its folder."""
        name = self._bus_name(given.get("EventBusName", DEFAULT)) or ""
        paths = sorted(path for path in (self._folder / name).glob("*.json") if path.name != _RECORD) if name else []
        return {"Events": [json.loads(path.read_bytes()) for path in paths]}

    def put_rule(self, **_given: Any) -> NoReturn:
        """Refused: a rule would have to call a target, and nothing here calls anybody."""
        text = f"{_NO_DELIVERY}, events lie as JSON files below {self._folder}; use list_events"
        raise client_error("NotImplemented", text, "PutRule", 501)

    def _put(self, entry: Mapping[str, Any], here: str) -> dict[str, str]:
        bus = self._bus_name(entry.get("EventBusName", DEFAULT))
        problem = _problem(entry)
        if problem is None and bus is None:
            problem = (
                "InvalidArgument",
                "Parameter EventBusName is not valid. Reason: Provided Arn is not in correct format.",
            )
        if problem is not None or bus is None:
            return dict(zip(("ErrorCode", "ErrorMessage"), problem or (), strict=True))
        moment = datetime.fromtimestamp(self._now(), UTC)
        number = str(uuid.uuid4())
        event = {
            "version": "0",
            "id": number,
            "detail-type": entry["DetailType"],
            "source": entry["Source"],
            "account": self._account,
            "time": f"{_time(entry.get('Time', moment)):%Y-%m-%dT%H:%M:%SZ}",
            "region": self._region,
            "resources": list(entry.get("Resources", [])),
            "detail": json.loads(entry["Detail"]),
        }
        # The number keeps the order where the clock stands still.
        name = f"{moment:%Y%m%dT%H%M%S.%fZ}-{next(self._numbers):06}-{number}.json"
        self._write(self._folder / bus / name, event, here)
        return {"EventId": number}

    def _arn(self, name: str) -> str:
        return f"arn:aws:events:{self._region}:{self._account}:event-bus/{name}"

    def _bus_name(self, name_or_arn: str) -> str | None:
        """A bus's name, which is the name of its folder; None for what can be none."""
        name = name_or_arn.removeprefix(self._arn(""))
        return name if re.fullmatch(r"(?!\.)[A-Za-z0-9_.-]{1,256}", name) else None

    @staticmethod
    def _write(path: Path, content: Mapping[str, Any], here: str) -> None:
        text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
        try:
            files.write_atomically(path, text.encode("utf-8", "backslashreplace"))
        except OSError as error:
            reason = f"{error.strerror or error} at {error.filename or path}; nothing was written"
            raise client_error("InternalException", reason, here, 500) from error


def _check_shape(number: int, entry: Any, here: str) -> None:
    """What boto3 would not send."""
    place = f"Entries[{number}]"
    if not isinstance(entry, dict):
        raise invalid_parameters(here, f"{place} is a {type(entry).__name__}, not a dict")
    for name, value in entry.items():
        if name == "TraceHeader":
            raise invalid_parameters(
                here, f"{place}.TraceHeader is not supported by the local stand-in: nothing is traced here"
            )
        if name not in _ENTRY:
            raise invalid_parameters(here, f"{place} has {', '.join(_ENTRY)}, not {name!r}")
        if name == "Resources" and (
            not isinstance(value, (list, tuple)) or not all(isinstance(resource, str) for resource in value)
        ):
            raise invalid_parameters(here, f"{place}.Resources is {value!r}, not a list of texts")
        if name == "Time":
            _time(value, place, here)
        elif name != "Resources" and not isinstance(value, str):
            raise invalid_parameters(here, f"{place}.{name} is a {type(value).__name__}, not a text")


def _problem(entry: Mapping[str, Any]) -> tuple[str, str] | None:
    """Why EventBridge rejects an entry: code and text, as recorded where the case was."""
    for name in _REQUIRED:
        if not entry.get(name):
            return "InvalidArgument", f"Parameter {name} is not valid. Reason: {name} is a required argument."
    if entry["Source"].startswith("aws."):
        return "NotAuthorizedForSourceException", "Not authorized for the source."
    try:
        detail = json.loads(entry["Detail"])
    except (ValueError, RecursionError):
        detail = None
    return None if isinstance(detail, dict) else ("MalformedDetail", "Detail is malformed.")


def _time(value: Any, place: str = "", here: str = "PutEvents") -> datetime:
    """A time as boto3 takes it: a datetime, a text of ISO 8601 or epoch seconds."""
    try:
        moment = datetime.fromtimestamp(value, UTC) if isinstance(value, (int, float)) else value
        moment = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (AttributeError, OverflowError, ValueError):
        raise invalid_parameters(here, f"{place}.Time is {value!r}, not a time") from None


def _size(entry: Mapping[str, Any]) -> int:
    """EventBridge User Guide: 14 bytes for a Time, and the UTF-8 of the other members."""
    texts = [entry.get(name, "") for name in _REQUIRED] + list(entry.get("Resources", []))
    return sum(len(text.encode("utf-8", "surrogatepass")) for text in texts) + (14 if "Time" in entry else 0)
