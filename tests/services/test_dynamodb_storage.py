"""What is on disk, and that it survives kills, full disks, threads and other processes."""

import errno
import json
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import tinydb
from dynamodb_helpers import NAME, N, S, make_table, refused

from asl_local.services.dynamodb import DynamoDB
from asl_local.services.dynamodb.storage import ItemTable

posix = pytest.mark.skipif(os.name != "posix", reason="kills and limits as POSIX has them")


def run(script, *arguments, **options):
    """Start Python on a script that has `client`, a client over the folder of the first argument."""
    head = (
        "import os, pathlib, signal, sys\n"
        "from asl_local.services.dynamodb import DynamoDB\n"
        "client = DynamoDB(pathlib.Path(sys.argv[1]))\n"
    )
    command = [sys.executable, "-c", head + script, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def finish(process):
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out


def leftovers(folder):
    return sorted(path.name for path in folder.glob(".tmp-*"))


def put(client, key, **more):
    client.put_item(TableName=NAME, Item={"pk": S(key), **more})


def count(client, key="count"):
    item = client.get_item(TableName=NAME, Key={"pk": S(key)}).get("Item", {})
    return int(item.get("n", {"N": "0"})["N"])


ADD = {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": N(1)}}


def add(client, key="count"):
    client.update_item(TableName=NAME, Key={"pk": S(key)}, **ADD)


def test_the_file_is_json_for_people_with_an_item_a_line(tmp_path):
    client = make_table(tmp_path)
    put(client, "Zoë", n=N("1.50"), b={"B": b"\x00\x01"})
    put(client, 'quote"')
    lines = (tmp_path / "Riders.json").read_text(encoding="utf-8").splitlines()
    assert lines[3:] == [
        '"Zoë": {"pk": {"S": "Zoë"}, "n": {"N": "1.5"}, "b": {"B": "AAE="}},',
        '"quote\\"": {"pk": {"S": "quote\\""}}}}',
    ]
    assert set(json.loads("".join(lines))) == {"version", "table", "items"}


def test_plain_tinydb_reads_it(tmp_path):
    client = make_table(tmp_path)
    put(client, "a", x=S("yes"))
    put(client, "b", x=S("no"))
    with tinydb.TinyDB(tmp_path / "Riders.json") as database:
        assert database.tables() == {"version", "table", "items"}
        database.table_class = ItemTable
        found = database.table("items").search(tinydb.where("x") == {"S": "yes"})
    assert [(document.doc_id, document) for document in found] == [("a", {"pk": S("a"), "x": S("yes")})]


def test_tinydb_is_not_imported_before_it_is_needed(tmp_path):
    script = "assert 'tinydb' not in sys.modules\nclient.list_tables()\nassert 'tinydb' in sys.modules"
    finish(run(script, tmp_path))


def test_items_survive_a_restart(tmp_path):
    client = make_table(tmp_path)
    put(client, "a", n=N("1e-20"), ss={"SS": ["x"]})
    item = client.get_item(TableName=NAME, Key={"pk": S("a")})["Item"]
    assert DynamoDB(tmp_path).get_item(TableName=NAME, Key={"pk": S("a")})["Item"] == item


def test_reads_do_not_parse_the_file_again_until_another_has_written(tmp_path, monkeypatch):
    client, other = make_table(tmp_path), DynamoDB(tmp_path)
    parsed = []
    loads = json.loads
    monkeypatch.setattr(json, "loads", lambda data: parsed.append(1) or loads(data))
    put(client, "a")
    for _ in range(5):
        client.get_item(TableName=NAME, Key={"pk": S("a")})
        client.scan(TableName=NAME)
    assert parsed == []
    put(other, "b")
    parsed.clear()
    assert client.scan(TableName=NAME)["Count"] == 2
    assert client.scan(TableName=NAME)["Count"] == 2
    assert parsed == [1]


def test_two_clients_that_take_turns_lose_nothing(tmp_path):
    # The counts have one length and the writes fall into few ticks of the file system's clock.
    clients = make_table(tmp_path), DynamoDB(tmp_path)
    put(clients[0], "count", n=N(100))
    for i in range(100):
        add(clients[i % 2])
        assert count(clients[(i + 1) % 2]) == 101 + i


def test_a_write_is_seen_though_the_file_system_shows_no_difference(tmp_path):
    # Two writes in one tick of the clock may even share the inode number; the first line still tells them apart.
    client, path = make_table(tmp_path), tmp_path / "Riders.json"
    put(client, "a", x=S("old"))
    moment, text = path.stat().st_mtime_ns, path.read_text()
    token = json.loads(text)["version"]["1"]["write"]
    path.write_text(text.replace(token, token[::-1]).replace("old", "new"))
    os.utime(path, ns=(moment, moment))
    assert client.get_item(TableName=NAME, Key={"pk": S("a")})["Item"]["x"] == S("new")


def test_a_person_may_edit_the_file(tmp_path):
    client = make_table(tmp_path)
    put(client, "a", x=S("before"))
    path = tmp_path / "Riders.json"
    path.write_text(path.read_text().replace("before", "afterwards"))
    assert client.get_item(TableName=NAME, Key={"pk": S("a")})["Item"]["x"] == S("afterwards")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"items": 5}', "not json"])
def test_a_file_that_is_no_table_is_named_and_left_alone(tmp_path, text):
    client = make_table(tmp_path)
    path = tmp_path / "Riders.json"
    path.write_text(text)
    for call, request in ((client.scan, {}), (client.put_item, {"Item": {"pk": S("a")}})):
        error = refused(call, TableName=NAME, **request)
        assert error.code == "InternalServerError"
        assert error.message.startswith(f"{path} is not a table of this stand-in: ")
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert path.read_text() == text


def test_a_table_is_not_made_over_another_file(tmp_path):
    make_table(tmp_path, "riders")
    (tmp_path / "riders.json").rename(tmp_path / "Riders.json")  # as on a disk that does not tell capitals apart
    client = DynamoDB(tmp_path)
    schema = client.describe_table  # the name inside the file counts
    assert refused(schema, TableName="Riders").code == "ResourceNotFoundException"
    with pytest.raises(client.exceptions.ResourceInUseException, match="exists already and is not the table Riders"):
        make_table(tmp_path, "Riders")


# Full disks.


def test_a_full_disk_leaves_the_old_items_and_no_temporary_file(tmp_path, monkeypatch):
    client = make_table(tmp_path)
    put(client, "a", x=S("old"))
    before = (tmp_path / "Riders.json").read_bytes()

    def full(_descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        for call, request in (
            (client.put_item, {"TableName": NAME, "Item": {"pk": S("a"), "x": S("new")}}),
            (client.update_item, {"TableName": NAME, "Key": {"pk": S("a")}, **ADD}),
            (client.delete_item, {"TableName": NAME, "Key": {"pk": S("a")}}),
            (client.batch_write_item, {"RequestItems": {NAME: [{"PutRequest": {"Item": {"pk": S("b")}}}]}}),
        ):
            error = refused(call, **request)
            assert error.code == "InternalServerError"
            assert "nothing was changed: [Errno 28] No space left on device" in error.message
            assert client.scan(TableName=NAME)["Items"] == [{"pk": S("a"), "x": S("old")}]
        with pytest.raises(client.exceptions.InternalServerError):
            make_table(tmp_path, "Others")
        assert refused(client.describe_table, TableName="Others").code == "ResourceNotFoundException"
    assert (tmp_path / "Riders.json").read_bytes() == before
    assert leftovers(tmp_path) == []
    put(client, "a", x=S("new"))
    assert client.scan(TableName=NAME)["Items"] == [{"pk": S("a"), "x": S("new")}]


@posix
def test_a_file_that_may_not_grow(tmp_path):
    client = make_table(tmp_path)
    put(client, "a", x=S("old"))
    script = """
import resource
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    client.put_item(TableName="Riders", Item={"pk": {"S": "a"}, "x": {"S": "x" * 30_000}})
except client.exceptions.InternalServerError as error:
    print(error.message)
print(client.get_item(TableName="Riders", Key={"pk": {"S": "a"}})["Item"]["x"]["S"])
client.put_item(TableName="Riders", Item={"pk": {"S": "b"}})
"""
    said = finish(run(script, tmp_path)).splitlines()
    assert "nothing was changed: [Errno 27] File too large" in said[0]
    assert said[1] == "old"
    assert [item["pk"]["S"] for item in client.scan(TableName=NAME)["Items"]] == ["a", "b"]
    assert leftovers(tmp_path) == []


# Kills.

ACKNOWLEDGE = """
for i in range(int(sys.argv[2]), 10_000):
    client.put_item(TableName="Riders", Item={"pk": {"S": f"item{i}"}, "i": {"N": str(i)}})
    print(i, flush=True)
"""


@posix
def test_a_kill_loses_no_acknowledged_item(tmp_path):
    client = make_table(tmp_path)
    for start in range(0, 500, 25):  # so that a write takes long enough to be hit
        batch = [{"PutRequest": {"Item": {"pk": S(f"ballast{start + i}"), "x": S("x" * 500)}}} for i in range(25)]
        client.batch_write_item(RequestItems={NAME: batch})
    acknowledged: list[int] = []
    for wanted in (1, 8, 21, 34):
        with run(ACKNOWLEDGE, tmp_path, len(acknowledged)) as process:
            for line in process.stdout:
                acknowledged.append(int(line))
                if len(acknowledged) >= wanted:
                    process.send_signal(signal.SIGKILL)
                    break
            # What it had acknowledged when the signal arrived counts too.
            acknowledged += map(int, process.stdout.read().splitlines())
        assert process.returncode == -signal.SIGKILL
        json.loads((tmp_path / "Riders.json").read_bytes())
        items = [item for item in DynamoDB(tmp_path).scan(TableName=NAME)["Items"] if "i" in item]
        found = {int(item["i"]["N"]) for item in items}
        assert set(acknowledged) <= found
        assert len(found) <= len(acknowledged) + 1  # the one that was on its way
        acknowledged = sorted(found)


@posix
@pytest.mark.parametrize("moment", ["os.fsync", "os.replace"])
def test_a_kill_in_the_middle_of_a_write_leaves_the_file_as_it_was(tmp_path, moment):
    client = make_table(tmp_path)
    put(client, "a")
    before = (tmp_path / "Riders.json").read_bytes()
    script = f"{moment} = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
    with run(script + 'client.put_item(TableName="Riders", Item={"pk": {"S": "b"}})', tmp_path) as process:
        process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert (tmp_path / "Riders.json").read_bytes() == before
    assert len(leftovers(tmp_path)) == 1
    put(DynamoDB(tmp_path), "c")
    assert leftovers(tmp_path) == []  # the next writer sweeps up
    assert [item["pk"]["S"] for item in client.scan(TableName=NAME)["Items"]] == ["a", "c"]


TRANSACT = """
replace, calls = os.replace, []
def replace_until(self, target):
    calls.append(target)
    if len(calls) == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    return replace(self, target)
os.replace = replace_until
client.transact_write_items(TransactItems=[
    {"Put": {"TableName": "Riders", "Item": {"pk": {"S": "a"}}}},
    {"Delete": {"TableName": "Others", "Key": {"pk": {"S": "old"}}}},
])
"""


@posix
@pytest.mark.parametrize(("at", "done"), [(1, False), (2, True), (3, True)])
def test_a_kill_in_a_transaction_leaves_all_of_it_or_nothing(tmp_path, at, done):
    make_table(tmp_path, "Others").put_item(TableName="Others", Item={"pk": S("old")})
    client = make_table(tmp_path)
    process = run(TRANSACT, tmp_path, at)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    for _ in range(2):
        assert client.scan(TableName=NAME)["Count"] == int(done)
        assert client.scan(TableName="Others")["Count"] == 1 - int(done)
    assert not (tmp_path / ".transaction").exists()


def test_a_transaction_that_met_a_full_disk_is_completed_later(tmp_path, monkeypatch):
    make_table(tmp_path, "Others")
    client = make_table(tmp_path)
    fsync, calls = os.fsync, []

    def full_at_the_third(descriptor):
        calls.append(descriptor)
        if len(calls) == 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", full_at_the_third)
    puts = [{"Put": {"TableName": name, "Item": {"pk": S("a")}}} for name in (NAME, "Others")]
    error = refused(client.transact_write_items, TransactItems=puts)
    assert (error.code, "the next request completes it: [Errno 28]" in error.message) == ("InternalServerError", True)
    assert client.scan(TableName="Others")["Count"] == 1
    assert client.scan(TableName=NAME)["Count"] == 1
    assert not (tmp_path / ".transaction").exists()


# Many at once.


def test_threads_lose_no_counts(tmp_path):
    client = make_table(tmp_path)
    start = threading.Barrier(40)

    def task(i):
        start.wait()
        add(client)
        put(client, f"task{i}")
        add(client)
        return count(client)

    with ThreadPoolExecutor(40) as pool:
        seen = list(pool.map(task, range(40)))
    assert count(client) == 80
    assert max(seen) == 80
    assert client.scan(TableName=NAME)["Count"] == 41
    assert DynamoDB(tmp_path).scan(TableName=NAME)["Count"] == 41


def test_only_one_of_many_threads_passes_a_condition(tmp_path):
    client = make_table(tmp_path)

    def claim(i):
        try:
            client.put_item(
                TableName=NAME, Item={"pk": S("lock"), "owner": N(i)}, ConditionExpression="attribute_not_exists(pk)"
            )
        except client.exceptions.ConditionalCheckFailedException:
            return None
        return i

    with ThreadPoolExecutor(16) as pool:
        winners = [i for i in pool.map(claim, range(16)) if i is not None]
    assert len(winners) == 1
    assert client.get_item(TableName=NAME, Key={"pk": S("lock")})["Item"]["owner"] == N(winners[0])


COUNT = """
for i in range(60):
    client.update_item(TableName="Riders", Key={"pk": {"S": "count"}}, UpdateExpression="ADD n :one",
                       ExpressionAttributeValues={":one": {"N": "1"}})
    client.put_item(TableName="Riders", Item={"pk": {"S": f"{sys.argv[2]}-{i}"}})
"""


def test_processes_lose_no_counts(tmp_path):
    client = make_table(tmp_path)
    processes = [run(COUNT, tmp_path, name) for name in ("one", "two")]
    seen = []
    for _ in range(60):
        add(client)
        seen.append(count(client))
    for process in processes:
        finish(process)
    assert seen == sorted(set(seen))
    assert count(client) == 180
    assert client.scan(TableName=NAME)["Count"] == 121
    assert leftovers(tmp_path) == []
