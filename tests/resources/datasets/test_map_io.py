"""Pages of items and files of results: what the core's calls are answered with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from asl_local import LocalAWS, StateError
from asl_local.drivers.driver import TaskContext
from asl_local.engine.messages import Call
from asl_local.resources import map_io
from asl_local.resources.map_io import Reader, Writer

ARN = "arn:aws:states:::s3:getObject"


def ask(work: Any, arguments: dict[str, Any]) -> Any:
    call = Call(1, "/States/M/ItemReader", arguments, "M", 0, None)
    return work(call, TaskContext(call, now=lambda: 0.0, sleep=lambda _: None, heartbeat=lambda: None))


def page(reader: Reader, position: int, count: int, run: str = "r", **parameters: Any) -> Any:
    return ask(reader, {"Parameters": parameters, "ReaderConfig": {}, "Run": run, "Position": position, "Count": count})


def pages_of(reader: Reader, count: int) -> list[list[Any]]:
    pages, position = [], 0
    while True:
        answer = page(reader, position, count)
        pages.append(answer["Items"])
        position += len(answer["Items"])
        if answer["Done"]:
            return pages


def test_pages_follow_each_other_until_done() -> None:
    opened: list[Any] = []
    reader = Reader(ARN, handler=lambda parameters: opened.append(parameters) or iter(range(7)))
    assert pages_of(reader, 3) == [[0, 1, 2], [3, 4, 5], [6]]
    assert len(opened) == 1


def test_a_full_last_page_is_followed_by_an_empty_one() -> None:
    assert pages_of(Reader(ARN, handler=lambda _: range(4)), 2) == [[0, 1], [2, 3], []]


def test_large_items_make_short_pages() -> None:
    big = "x" * 600_000
    assert [len(items) for items in pages_of(Reader(ARN, handler=lambda _: [big] * 5), 100)] == [2, 2, 1]


def test_a_run_that_goes_on_elsewhere_opens_the_dataset_again() -> None:
    first, second = (Reader(ARN, handler=lambda _: range(10)) for _ in range(2))
    page(first, 0, 4)
    assert page(second, 4, 3)["Items"] == [4, 5, 6]
    assert page(second, 2, 2)["Items"] == [2, 3]


def test_a_dataset_that_has_shrunk_is_noticed() -> None:
    with pytest.raises(StateError, match=r"States\.ItemReaderFailed: The dataset has fewer items than the 4"):
        page(Reader(ARN, handler=lambda _: range(3)), 4, 1)


def test_sources_and_keys_come_along(tmp_path: Path) -> None:
    s3 = LocalAWS(tmp_path).client("s3")
    s3.create_bucket(Bucket="bucket")
    s3.put_object(Bucket="bucket", Key="k", Body=b'{"o": {"a": 1, "b": 2}}')
    answer = ask(
        Reader(ARN, s3),
        {"Parameters": {"Bucket": "bucket", "Key": "k"}, "Run": "r", "Position": 0, "Count": 9,
         "ReaderConfig": {"InputType": "JSON", "ItemsPointer": "/o"}},
    )  # fmt: skip
    assert answer == {"Items": [1, 2], "Keys": ["a", "b"], "Sources": [[2, "S3://bucket/k"]], "Done": True}


def test_only_so_many_datasets_stay_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(map_io, "_OPEN", 2)
    closed: list[str] = []

    def items(parameters: dict[str, Any]) -> Any:
        try:
            yield from range(9)
        finally:
            closed.append(parameters["Key"])

    reader = Reader(ARN, handler=items)
    for name in "abc":
        page(reader, 0, 1, run=name, Key=name)
    assert closed == ["a"]
    assert page(reader, 1, 1, run="a", Key="a")["Items"] == [1]


@pytest.mark.parametrize("late", [True, False])
def test_what_a_readers_handler_raises_is_the_readers_failure(late: bool) -> None:
    def items(_: Any) -> Any:
        if not late:
            raise ValueError("no disk")
        return (1 // 0 for _ in range(2))

    with pytest.raises(StateError) as caught:
        page(Reader(ARN, handler=items), 0, 1)
    assert caught.value.error == "States.ItemReaderFailed"
    assert caught.value.cause in ("ValueError: no disk", "ZeroDivisionError: integer division or modulo by zero")


def test_a_readers_handler_cannot_be_async() -> None:
    async def items(_: Any) -> Any:
        return [1]

    with pytest.raises(StateError, match="cannot be async"):
        page(Reader(ARN, handler=items), 0, 1)


class TestWriter:
    @pytest.mark.parametrize(
        ("kind", "body"), [("JSON", '[{"a":1},"é"]'), ("JSONL", '{"a":1}\n"é"\n')], ids=["array", "lines"]
    )
    def test_result_files(self, tmp_path: Path, kind: str, body: str) -> None:
        s3 = LocalAWS(tmp_path).client("s3")
        s3.create_bucket(Bucket="bucket")
        answer = ask(Writer(s3), {"Bucket": "bucket", "Key": "p/F", "Records": [{"a": 1}, "é"], "OutputType": kind})
        assert answer == {"Key": "p/F", "Size": len(body.encode())}
        assert (tmp_path / "s3" / "bucket" / "p" / "F").read_text("utf-8") == body

    def test_the_manifest(self) -> None:
        written: dict[str, Any] = {}
        files = {"SUCCEEDED": [{"Key": "k", "Size": 3}]}
        ask(Writer(handler=written.update), {"Bucket": "b", "Key": "m", "MapRunArn": "arn", "Files": files})
        assert json.loads(written["Body"]) == {
            "DestinationBucket": "b", "MapRunArn": "arn", "ResultFiles": {"FAILED": [], "PENDING": [], **files},
        }  # fmt: skip

    def test_a_bucket_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(StateError, match=r"States\.ResultWriterFailed: The specified bucket does not exist"):
            ask(Writer(LocalAWS(tmp_path).client("s3")),
                {"Bucket": "nowhere", "Key": "k", "Records": [], "OutputType": "JSON"})  # fmt: skip
