"""Large tables: a write is a line in the log beside the table's file, and nobody can tell by what is read."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from dynamodb_helpers import NAME, N, S, make_table, refused
from hypothesis import given, settings
from hypothesis import strategies as st

from asl_local.services.dynamodb import DynamoDB, storage

posix = pytest.mark.skipif(os.name != "posix", reason="kills as POSIX has them")


@pytest.fixture(autouse=True)
def tables_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every table that has been written whole once counts as large."""
    monkeypatch.setattr(storage, "_SMALL", 0)


def put(client: DynamoDB, key: str, **more: Any) -> None:
    client.put_item(TableName=NAME, Item={"pk": S(key), **more})


def keys(client: DynamoDB) -> list[str]:
    return [item["pk"]["S"] for item in client.scan(TableName=NAME)["Items"]]


def log_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "Riders.log").read_text("utf-8").splitlines()]


def test_a_write_is_a_line_that_a_person_can_read(tmp_path: Path) -> None:
    client = make_table(tmp_path)
    whole = (tmp_path / "Riders.json").read_bytes()
    put(client, "Zoë", n=N(1))
    client.delete_item(TableName=NAME, Key={"pk": S("Zoë")})
    first, *changes = log_of(tmp_path)
    assert first == {"after": json.loads(whole)["version"]["1"]["write"]}
    assert [each["items"] for each in changes] == [{"Zoë": {"pk": S("Zoë"), "n": N(1)}}, {"Zoë": None}]
    assert (tmp_path / "Riders.json").read_bytes() == whole


def test_a_long_log_becomes_part_of_the_table(tmp_path: Path) -> None:
    client = make_table(tmp_path)
    seen = []
    for number in range(40):
        put(client, f"item{number:02}")
        seen.append((tmp_path / "Riders.log").exists())
    assert seen.count(False) >= 2
    assert keys(client) == keys(DynamoDB(tmp_path)) == [f"item{number:02}" for number in range(40)]


def test_what_another_has_written_is_read_line_by_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client, other = make_table(tmp_path), DynamoDB(tmp_path)
    put(client, "a", x=S("x" * 2000))
    put(client, "b")  # the log was longer than the table
    assert keys(other) == ["a", "b"]
    parsed: list[int] = []
    loads = json.loads
    monkeypatch.setattr(json, "loads", lambda data: parsed.append(len(data)) or loads(data))
    put(client, "c")
    assert keys(other) == ["a", "b", "c"]
    assert [length < 200 for length in parsed] == [True]


def test_a_table_that_is_made_anew_has_nothing_of_the_old_log(tmp_path: Path) -> None:
    client, other = make_table(tmp_path), DynamoDB(tmp_path)
    put(client, "a")
    assert keys(other) == ["a"]
    log = (tmp_path / "Riders.log").read_bytes()
    client.delete_table(TableName=NAME)
    assert not (tmp_path / "Riders.log").exists()
    client = make_table(tmp_path)
    (tmp_path / "Riders.log").write_bytes(log)  # as if a kill had left it
    assert keys(client) == keys(other) == []
    put(other, "b")
    assert keys(client) == keys(other) == keys(DynamoDB(tmp_path)) == ["b"]


@pytest.mark.parametrize("torn", [b"{", b'{"write": "w", "items": {"c": {"pk": {"S": "c"}}}}'])
def test_a_last_line_without_an_end_never_happened(tmp_path: Path, torn: bytes) -> None:
    client = make_table(tmp_path)
    put(client, "a")
    with (tmp_path / "Riders.log").open("ab") as file:
        file.write(torn)
    for each in (client, DynamoDB(tmp_path)):
        assert keys(each) == ["a"]
    put(client, "b")
    for each in (client, DynamoDB(tmp_path)):
        assert keys(each) == ["a", "b"]


def test_a_log_that_was_cut_and_went_another_way_is_read_anew(tmp_path: Path) -> None:
    client, other = make_table(tmp_path), DynamoDB(tmp_path)
    put(client, "a")
    length = (tmp_path / "Riders.log").stat().st_size
    put(client, "b")
    assert keys(other) == ["a", "b"]
    with (tmp_path / "Riders.log").open("r+b") as file:  # a disk that took the line and then refused it
        file.truncate(length)
    put(DynamoDB(tmp_path), "c")
    assert keys(other) == keys(client) == ["a", "c"]
    (tmp_path / "Riders.log").unlink()
    assert keys(other) == keys(client) == []


def test_a_log_that_is_none_is_named_and_left_alone(tmp_path: Path) -> None:
    client = make_table(tmp_path)
    put(client, "a")
    with (tmp_path / "Riders.log").open("ab") as file:
        file.write(b"[]\n")
    for each in (client, DynamoDB(tmp_path)):
        error = refused(each.scan, TableName=NAME)
        assert error.code == "InternalServerError"
        assert error.message.startswith(f"{tmp_path / 'Riders.log'} is not the log of a table of this stand-in: ")


@pytest.mark.parametrize("begun", [False, True])
def test_a_full_disk_leaves_the_log_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begun: bool) -> None:
    client, other = make_table(tmp_path), DynamoDB(tmp_path)
    if begun:
        put(client, "a")
    before = keys(client)

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        error = refused(client.put_item, TableName=NAME, Item={"pk": S("b")})
        assert "nothing was changed: [Errno 28] No space left on device" in error.message
    assert keys(client) == keys(other) == keys(DynamoDB(tmp_path)) == before
    put(client, "b")
    assert keys(client) == keys(other) == keys(DynamoDB(tmp_path)) == [*before, "b"]


def test_a_reader_that_is_overtaken_looks_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client, other = make_table(tmp_path), DynamoDB(tmp_path)
    put(client, "a")
    reading, overtaken = os.open, []

    def slowly(path: Any, flags: int, *rest: Any) -> int:
        if str(path).endswith("Riders.log") and not flags & os.O_WRONLY and not overtaken:
            overtaken.append(path)
            for number in range(20):  # until the table is written whole, and further
                put(client, f"b{number:02}")
        return reading(path, flags, *rest)

    monkeypatch.setattr(os, "open", slowly)
    assert len(keys(other)) == 21
    assert overtaken


KEYS = st.sampled_from("abcdefgh")
CHANGES = st.lists(
    st.tuples(
        st.integers(0, 1), st.one_of(st.tuples(KEYS, st.none() | st.integers(0, 99)), st.lists(KEYS, max_size=3))
    ),
    max_size=30,
)


@given(CHANGES)
@settings(max_examples=40, deadline=None)
def test_two_clients_that_take_turns_read_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, Any]]
) -> None:
    folder = tmp_path_factory.mktemp("tables")
    clients = make_table(folder, partition="pk:S", sort="sk:N"), DynamoDB(folder)
    wanted: dict[tuple[str, int], int] = {}
    for turn, (who, change) in enumerate(changes):
        client = clients[who]
        if isinstance(change, list):
            puts = [{"PutRequest": {"Item": {"pk": S(k), "sk": N(1), "v": N(turn)}}} for k in set(change)]
            if puts:
                client.batch_write_item(RequestItems={NAME: puts})
            wanted |= {(key, 1): turn for key in change}
        elif change[1] is None:
            client.delete_item(TableName=NAME, Key={"pk": S(change[0]), "sk": N(1)})
            wanted.pop((change[0], 1), None)
        else:
            client.put_item(TableName=NAME, Item={"pk": S(change[0]), "sk": N(change[1]), "v": N(turn)})
            wanted[change] = turn
        if turn % 3 == 0:  # so that one of the two has sometimes much to read
            assert clients[1 - who].scan(TableName=NAME)["Count"] == len(wanted)
    for client in (*clients, DynamoDB(folder)):
        found = client.scan(TableName=NAME)["Items"]
        assert {(item["pk"]["S"], int(item["sk"]["N"])): int(item["v"]["N"]) for item in found} == wanted
        for key in "abc":
            query = {"KeyConditionExpression": "pk = :k", "ExpressionAttributeValues": {":k": S(key)}}
            numbers = [int(item["sk"]["N"]) for item in client.query(TableName=NAME, **query)["Items"]]
            assert numbers == sorted(number for name, number in wanted if name == key)


ACKNOWLEDGE = """
import pathlib, sys
from asl_local.services.dynamodb import DynamoDB, storage
storage._SMALL = 0
client = DynamoDB(pathlib.Path(sys.argv[1]))
for i in range(int(sys.argv[2]), 10_000):
    client.put_item(TableName="Riders", Item={"pk": {"S": f"item{i:05}"}})
    print(i, flush=True)
"""


@posix
def test_a_kill_loses_no_acknowledged_line(tmp_path: Path) -> None:
    make_table(tmp_path)
    acknowledged: list[int] = []
    for wanted in (1, 13, 40):
        command = [sys.executable, "-c", ACKNOWLEDGE, str(tmp_path), str(len(acknowledged))]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for line in process.stdout:
                acknowledged.append(int(line))
                if len(acknowledged) >= wanted:
                    process.send_signal(signal.SIGKILL)
                    break
            acknowledged += map(int, process.stdout.read().splitlines())
        found = [int(key.removeprefix("item")) for key in keys(DynamoDB(tmp_path))]
        assert set(acknowledged) <= set(found)
        assert len(found) <= len(acknowledged) + 1  # the one that was on its way
        acknowledged = found
