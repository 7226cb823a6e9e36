"""EventBridge on a folder: buses, rejected entries, and events that a person can read."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from asl_local.services.errors import ClientError
from asl_local.services.events import OPERATIONS, EventBridge

NOW = 1_700_000_000.5
GOOD = {"Source": "shop", "DetailType": "order", "Detail": '{"id": 1}'}


@pytest.fixture
def events(tmp_path: Path) -> EventBridge:
    return EventBridge(tmp_path / "events", region="us-east-1", account="123456789012", now=lambda: NOW)


def refusal(call: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call()
    return caught.value.code, caught.value.message


def test_an_event_lies_in_the_folder_of_its_bus(events: EventBridge, tmp_path: Path) -> None:
    answer = events.put_events(Entries=[{**GOOD, "Resources": ["a"], "EventBusName": "orders"}])
    (entry,) = answer["Entries"]
    assert answer["FailedEntryCount"] == 0
    (path,) = (tmp_path / "events" / "orders").iterdir()
    assert path.name == f"20231114T221320.500000Z-000001-{entry['EventId']}.json"
    assert json.loads(path.read_text("utf-8")) == {
        "version": "0",
        "id": entry["EventId"],
        "detail-type": "order",
        "source": "shop",
        "account": "123456789012",
        "time": "2023-11-14T22:13:20Z",
        "region": "us-east-1",
        "resources": ["a"],
        "detail": {"id": 1},
    }
    assert events.list_events(EventBusName="orders")["Events"] == [json.loads(path.read_bytes())]
    assert events.list_events()["Events"] == []


@pytest.mark.parametrize(
    ("entry", "code", "text"),
    [
        ({"DetailType": "a", "Detail": "{}"}, "InvalidArgument", "Parameter Source is not valid. Reason: Source is a required argument."),
        ({"Source": "a", "Detail": "{}"}, "InvalidArgument", "Parameter DetailType is not valid. Reason: DetailType is a required argument."),
        ({"Source": "a", "DetailType": "b"}, "InvalidArgument", "Parameter Detail is not valid. Reason: Detail is a required argument."),
        ({**GOOD, "Detail": '"text"'}, "MalformedDetail", "Detail is malformed."),
        ({**GOOD, "Detail": "{"}, "MalformedDetail", "Detail is malformed."),
        ({**GOOD, "Source": "aws.s3"}, "NotAuthorizedForSourceException", "Not authorized for the source."),
        ({**GOOD, "EventBusName": "../x"}, "InvalidArgument", "Parameter EventBusName is not valid. Reason: Provided Arn is not in correct format."),
    ],
)  # fmt: skip
def test_a_rejected_entry_is_answered_alone(events: EventBridge, entry: dict[str, Any], code: str, text: str) -> None:
    answer = events.put_events(Entries=[GOOD, entry])
    assert answer["FailedEntryCount"] == 1
    assert "EventId" in answer["Entries"][0]
    assert answer["Entries"][1] == {"ErrorCode": code, "ErrorMessage": text}
    assert len(events.list_events()["Events"]) == 1


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([], "ValidationException"),
        ([GOOD] * 11, "ValidationException"),
        ([{**GOOD, "Detail": '{"a": "' + "x" * 262_144 + '"}'}], "ValidationException"),
        ([1], "ParamValidationError"),
        ([{**GOOD, "Colour": "red"}], "ParamValidationError"),
        ([{**GOOD, "Detail": {}}], "ParamValidationError"),
        ([{**GOOD, "Resources": "a"}], "ParamValidationError"),
        ([{**GOOD, "Time": "noon"}], "ParamValidationError"),
        ([{**GOOD, "TraceHeader": "x"}], "ParamValidationError"),
    ],
)
def test_the_request_as_a_whole(events: EventBridge, entries: list[Any], code: str) -> None:
    assert refusal(lambda: events.put_events(Entries=entries))[0] == code
    assert events.list_events()["Events"] == []


@pytest.mark.parametrize(
    "time",
    [
        datetime(2024, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))),
        datetime(2024, 1, 1, tzinfo=UTC).replace(tzinfo=None),
        "2024-01-01T00:00:00Z",
        1_704_067_200,
    ],
)
def test_an_event_may_say_its_time(events: EventBridge, time: Any) -> None:
    events.put_events(Entries=[{**GOOD, "Time": time}])
    assert events.list_events()["Events"][0]["time"] == "2024-01-01T00:00:00Z"


def test_buses_are_made_listed_and_deleted(events: EventBridge) -> None:
    arn = events.create_event_bus(Name="orders", Description="d")["EventBusArn"]
    assert arn == "arn:aws:events:us-east-1:123456789012:event-bus/orders"
    assert [bus["Name"] for bus in events.list_event_buses()["EventBuses"]] == ["default", "orders"]
    assert events.list_event_buses(NamePrefix="o")["EventBuses"] == [{"Name": "orders", "Arn": arn}]
    assert refusal(lambda: events.create_event_bus(Name="orders"))[0] == "ResourceAlreadyExistsException"
    assert refusal(lambda: events.create_event_bus(Name="../x"))[0] == "ValidationException"
    events.put_events(Entries=[{**GOOD, "EventBusName": arn}])
    events.delete_event_bus(Name="orders")
    events.delete_event_bus(Name="orders")
    assert [bus["Name"] for bus in events.list_event_buses()["EventBuses"]] == ["default"]
    assert len(events.list_events(EventBusName=arn)["Events"]) == 1
    assert refusal(lambda: events.delete_event_bus(Name="default"))[0] == "ValidationException"


def test_rules_are_refused_with_the_reason(events: EventBridge) -> None:
    code, text = refusal(lambda: events.put_rule(Name="r"))
    assert (code, "list_events" in text) == ("NotImplemented", True)
    with pytest.raises(AttributeError, match='did you mean "put_events"'):
        _ = events.putEvents


def test_botocore_knows_every_parameter() -> None:
    session = pytest.importorskip("botocore.session").get_session()
    service = session.get_service_model("events")
    for name, rules in OPERATIONS.items():
        if name != "ListEvents":
            assert set(rules) == set(service.operation_model(name).input_shape.members), name
