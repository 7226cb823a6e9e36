"""LocalAWS: one folder, one clock, the same clients each time."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from asl_local.errors import AslError
from asl_local.services.local import LocalAWS


def test_clients_are_made_when_asked_for_and_kept(tmp_path: Path) -> None:
    aws = LocalAWS(tmp_path / "root")
    for name in ("s3", "sns", "lambda"):
        assert aws.client(name) is aws.client(name)
    assert not (tmp_path / "root").exists()


def test_the_layout(tmp_path: Path) -> None:
    aws = LocalAWS(str(tmp_path / "a" / "root"))
    aws.client("s3").create_bucket(Bucket="rider-photos")
    aws.client("sns").create_topic(Name="rider-photos")
    assert sorted(path.name for path in aws.root.iterdir()) == ["s3", "sns"]
    assert (aws.root / "s3" / "rider-photos").is_dir()
    assert aws.root == tmp_path / "a" / "root"


def test_a_relative_root_stays_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    aws = LocalAWS("data")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    aws.client("s3").create_bucket(Bucket="rider-photos")
    assert (tmp_path / "data" / "s3" / "rider-photos").is_dir()


def test_region_account_and_clock_are_everywhere(tmp_path: Path) -> None:
    aws = LocalAWS(tmp_path, region="eu-west-1", account="111111111111", now=lambda: 1_700_000_000.0)
    assert aws.client("sns").create_topic(Name="t")["TopicArn"] == "arn:aws:sns:eu-west-1:111111111111:t"
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="bbb", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="bbb", Key="k")
    assert s3.head_object(Bucket="bbb", Key="k")["LastModified"] == datetime.fromtimestamp(1_700_000_000, UTC)
    with pytest.raises(AslError, match=r"arn:aws:lambda:eu-west-1:111111111111:function:f"):
        aws.client("lambda").invoke(FunctionName="f")


def test_functions(tmp_path: Path) -> None:
    aws = LocalAWS(tmp_path)
    assert isinstance(aws.functions, dict)
    aws.functions["f"] = lambda event: event
    assert aws.client("lambda").invoke(FunctionName="f", Payload="1")["Payload"].read() == b"1"
    named = LocalAWS(tmp_path, functions=lambda name: lambda event: name)
    assert named.client("lambda").invoke(FunctionName="f")["Payload"].read() == b'"f"'


@pytest.mark.parametrize("name", ["S3", "s33", "dynamo", "ec2", ""])
def test_a_service_that_is_not_there(tmp_path: Path, name: str) -> None:
    with pytest.raises(AslError) as caught:
        LocalAWS(tmp_path).client(name)
    text = str(caught.value)
    assert text.startswith(
        f"there is no local stand-in for the service {name!r}; there are dynamodb, events, lambda, rekognition, s3, sns, sqs"
    )
    assert ('did you mean "s3"?' in text) == name.lower().startswith("s3")


def test_a_root_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for root in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(
            AslError, match=r"^the root directory .* cannot be used: .*file is a file, not a directory$"
        ):
            LocalAWS(root)


def test_a_root_that_may_not_be_written(tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    if os.access(tmp_path / "locked", os.W_OK):
        pytest.skip("this user may write everywhere")
    with pytest.raises(AslError, match=r"cannot be used: it is not writable$"):
        LocalAWS(tmp_path / "locked")
    with pytest.raises(AslError, match=r"cannot be made: .*locked is not writable$"):
        LocalAWS(tmp_path / "locked" / "root")


def run(*lines: str) -> str:
    """What a fresh interpreter prints."""
    return subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True, timeout=60
    ).stdout.strip()


@pytest.mark.parametrize(
    ("service", "module"), [("dynamodb", "tinydb"), ("rekognition", "cv2"), ("rekognition", "PIL")]
)
def test_a_missing_extra_is_named_when_the_client_is_made(tmp_path: Path, service: str, module: str) -> None:
    out = run(
        "import sys",
        f"sys.modules[{module!r}] = None",  # what Python itself does for a module that must not be found
        "from asl_local.services.local import LocalAWS",
        f"try: LocalAWS({str(tmp_path)!r}).client({service!r})",
        "except Exception as error: print(error)",
    )
    extra = {"dynamodb": "dynamodb", "rekognition": "photos"}[service]
    assert out == f"the {service} stand-in needs {module}, not installed here: pip install 'asl-local[{extra}]'"


def test_s3_and_sns_need_no_extra_and_load_none(tmp_path: Path) -> None:
    out = run(
        "import sys",
        "from asl_local.services.local import LocalAWS",
        f"aws = LocalAWS({str(tmp_path)!r})",
        "aws.client('s3'), aws.client('sns'), aws.client('lambda')",
        "print([name for name in ('cv2', 'numpy', 'PIL', 'tinydb', 'yaml') if name in sys.modules])",
    )
    assert out == "[]"


def test_a_table_and_a_collection_live_below_the_root(tmp_path: Path) -> None:
    pytest.importorskip("tinydb")
    aws = LocalAWS(tmp_path)
    aws.client("dynamodb").create_table(
        TableName="RiderPhotos",
        KeySchema=[{"AttributeName": "Username", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "Username", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    pytest.importorskip("cv2")
    aws.client("rekognition").create_collection(CollectionId="rider-photos")
    assert {path.name for path in tmp_path.iterdir()} == {"dynamodb", "rekognition"}
    again = LocalAWS(tmp_path)
    assert again.client("dynamodb").list_tables()["TableNames"] == ["RiderPhotos"]
    assert again.client("rekognition").list_collections()["CollectionIds"] == ["rider-photos"]


def test_rekognition_reads_photos_from_s3(tmp_path: Path) -> None:
    pytest.importorskip("cv2")
    aws = LocalAWS(tmp_path)
    aws.client("s3").create_bucket(Bucket="rider-photos")
    aws.client("s3").put_object(Bucket="rider-photos", Key="not-a-photo.jpg", Body=b"text")
    with pytest.raises(AslError, match="InvalidImageFormatException"):
        aws.client("rekognition").detect_faces(
            Image={"S3Object": {"Bucket": "rider-photos", "Name": "not-a-photo.jpg"}}
        )


def test_many_threads_get_one_client(tmp_path: Path) -> None:
    aws = LocalAWS(tmp_path)
    seen: list[object] = []
    threads = [threading.Thread(target=lambda: seen.append(aws.client("s3"))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, seen))) == 1


def test_a_client_of_ones_own_is_added_under_a_free_name(tmp_path: Path) -> None:
    aws = LocalAWS(tmp_path)
    with pytest.raises(AslError, match=r"no local stand-in for the service 'stepfunctions'; aws\.add\("):
        aws.client("stepfunctions")
    mine = object()
    aws.add("stepfunctions", mine)
    assert aws.client("stepfunctions") is mine
    for name in ("stepfunctions", "s3"):
        with pytest.raises(AslError, match=f"a client '{name}' already"):
            aws.add(name, object())
