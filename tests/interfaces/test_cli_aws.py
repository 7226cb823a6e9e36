"""`asl-local aws`: the workshop's commands, their output and exit codes."""

from __future__ import annotations

import argparse
import base64
import importlib
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from asl_local.interfaces.aws import cli as cli_aws
from asl_local.services.local import LocalAWS


class Outcome(NamedTuple):
    code: int
    out: str
    error: str

    @property
    def json(self) -> Any:
        assert self.code == 0, self.error
        return json.loads(self.out)


Aws = Callable[..., Outcome]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "root"


@pytest.fixture
def aws(root: Path, capfd: pytest.CaptureFixture[str]) -> Aws:
    def run(*words: str) -> Outcome:
        parser = argparse.ArgumentParser()
        cli_aws.add_parser(parser.add_subparsers())
        code = cli_aws.run(parser.parse_args(["aws", "--root", str(root), *words]))
        return Outcome(code, *capfd.readouterr())

    return run


@pytest.fixture
def local(root: Path) -> LocalAWS:
    made = LocalAWS(root)
    made.client("s3").create_bucket(Bucket="rider-photos")
    return made


def keys(local: LocalAWS) -> list[str]:
    return [entry["Key"] for entry in local.client("s3").list_objects_v2(Bucket="rider-photos").get("Contents", [])]


# The table


def test_options_are_named_after_parameters() -> None:
    assert cli_aws.option("CollectionId") == "--collection-id"
    assert cli_aws.option("ExternalImageId") == "--external-image-id"
    assert cli_aws.option("ReturnValuesOnConditionCheckFailure") == "--return-values-on-condition-check-failure"


def supported(service: str, operation: str) -> dict[str, tuple[type, ...]]:
    """What the stand-in itself says that it takes."""
    if service == "dynamodb":
        from asl_local.services.dynamodb.requests import MEMBERS

        return {name: member.types for name, member in MEMBERS[operation].items() if member.refused is None}
    if service == "rekognition":
        from asl_local.services.rekognition import requests

        rules = getattr(requests, re.sub(r"(?<=[a-z])(?=[A-Z])", "_", operation).upper())
    else:
        module = importlib.import_module(f"asl_local.services.{service}{'.rules' if service == 'sqs' else ''}")
        rules = module.OPERATIONS[operation]
    return {name: rule.types for name, rule in rules.items() if rule.refused is None}


KINDS = {
    (str,): cli_aws.TEXT,
    (int,): cli_aws.NUMBER,
    (int, float): cli_aws.REAL,
    (bool,): cli_aws.FLAG,
    (dict,): cli_aws.STRUCTURE,
    (list, tuple): cli_aws.LIST,
}


@pytest.mark.parametrize(
    ("service", "command"), [(service, command) for service, table in cli_aws.COMMANDS.items() for command in table]
)
def test_a_command_offers_what_the_stand_in_takes(service: str, command: str) -> None:
    operation = "".join(part.title() for part in command.split("-"))
    assert {name: KINDS[types] for name, types in supported(service, operation).items()} == cli_aws.COMMANDS[service][
        command
    ]


# Rekognition


def test_collections(aws: Aws) -> None:
    made = aws("rekognition", "create-collection", "--collection-id", "rider-photos")
    assert made.json["StatusCode"] == 200
    assert "ResponseMetadata" not in made.json
    assert made.out.startswith('{\n    "')
    assert aws("rekognition", "list-collections").json["CollectionIds"] == ["rider-photos"]
    assert aws("rekognition", "describe-collection", "--collection-id", "rider-photos").json["FaceCount"] == 0
    assert aws("rekognition", "list-faces", "--collection-id", "rider-photos").json["Faces"] == []
    face = "11111111-2222-3333-4444-555555555555"
    gone = aws(
        "rekognition", "delete-faces", "--collection-id", "rider-photos", "--face-ids", face, face.replace("1", "a")
    )
    assert gone.json["DeletedFaces"] == []
    assert aws("rekognition", "delete-collection", "--collection-id", "rider-photos").json["StatusCode"] == 200


def test_a_refusal_is_one_line_and_254(aws: Aws) -> None:
    outcome = aws("rekognition", "list-faces", "--collection-id", "nope")
    assert (outcome.code, outcome.out) == (254, "")
    assert outcome.error.startswith(
        "An error occurred (ResourceNotFoundException) when calling the ListFaces operation: "
    )
    assert outcome.error.count("\n") == 1


@pytest.mark.parametrize(
    "image",
    ['{"S3Object": {"Bucket": "rider-photos", "Name": "a b.jpg"}}', "S3Object={Bucket=rider-photos,Name=a b.jpg}"],
)
def test_an_image_in_s3_as_json_or_shorthand(aws: Aws, local: LocalAWS, image: str) -> None:
    local.client("s3").put_object(Bucket="rider-photos", Key="a b.jpg", Body=b"no photo")
    outcome = aws("rekognition", "detect-faces", "--image", image, "--attributes", "ALL")
    assert outcome.code == 254
    assert "(InvalidImageFormatException)" in outcome.error


def test_an_image_in_a_file(aws: Aws, tmp_path: Path) -> None:
    numpy, cv2 = pytest.importorskip("numpy"), pytest.importorskip("cv2")
    cv2.imwrite(str(tmp_path / "grey.png"), numpy.full((120, 120, 3), 128, numpy.uint8))
    outcome = aws("rekognition", "detect-faces", "--image-bytes", f"fileb://{tmp_path}/grey.png")
    assert outcome.json["FaceDetails"] == []
    data = base64.b64encode((tmp_path / "grey.png").read_bytes()).decode()
    assert aws("rekognition", "detect-faces", "--image", f'{{"Bytes": "{data}"}}').json["FaceDetails"] == []
    both = aws("rekognition", "detect-faces", "--image", f"Bytes={data}", "--image-bytes", data)
    assert both.code == 252


# DynamoDB


def test_a_table_from_making_to_deleting(aws: Aws) -> None:
    made = aws(
        *("dynamodb", "create-table", "--table-name", "RiderPhotos", "--billing-mode", "PAY_PER_REQUEST"),
        *("--attribute-definitions", "AttributeName=Username,AttributeType=S", "AttributeName=Taken,AttributeType=N"),
        *("--key-schema", "AttributeName=Username,KeyType=HASH", "AttributeName=Taken,KeyType=RANGE"),
    )
    assert made.json["TableDescription"]["TableName"] == "RiderPhotos"
    assert aws("dynamodb", "list-tables").json == {"TableNames": ["RiderPhotos"]}
    item = {"Username": {"S": "user_a"}, "Taken": {"N": "1"}, "raw": {"B": "AP8="}, "text": {"S": "Grüße"}}
    stored = aws("dynamodb", "put-item", "--table-name", "RiderPhotos", "--item", json.dumps(item))
    assert (stored.code, stored.out) == (0, "")
    key = "Username={S=user_a},Taken={N=1}"
    assert (
        aws("dynamodb", "get-item", "--table-name", "RiderPhotos", "--key", key, "--consistent-read").json["Item"]
        == item
    )
    scan = aws("dynamodb", "scan", "--table-name", "RiderPhotos")
    assert scan.json["Items"] == [item]
    assert "Grüße" in scan.out
    found = aws(
        *("dynamodb", "query", "--table-name", "RiderPhotos", "--no-scan-index-forward", "--limit", "5"),
        *("--key-condition-expression", "Username = :u", "--expression-attribute-values", ":u={S=user_a}"),
    )
    assert found.json["Count"] == 1
    changed = aws(
        *("dynamodb", "update-item", "--table-name", "RiderPhotos", "--key", key, "--return-values", "UPDATED_NEW"),
        *("--update-expression", "SET #t = :t, seen = :s"),
        *("--expression-attribute-names", "#t=text", "--expression-attribute-values", ":t={S=new},:s={BOOL=true}"),
    )
    assert changed.json["Attributes"] == {"text": {"S": "new"}, "seen": {"BOOL": True}}
    again = aws("dynamodb", "put-item", "--table-name", "RiderPhotos", "--item", json.dumps(item),
                "--condition-expression", "attribute_not_exists(Username)")  # fmt: skip
    assert again.code == 254
    assert "(ConditionalCheckFailedException)" in again.error
    assert aws("dynamodb", "delete-item", "--table-name", "RiderPhotos", "--key", key).code == 0
    assert "TableStatus" in aws("dynamodb", "describe-table", "--table-name", "RiderPhotos").json["Table"]
    assert aws("dynamodb", "delete-table", "--table-name", "RiderPhotos").code == 0


def test_provisioned_throughput_in_shorthand(aws: Aws) -> None:
    made = aws(
        *("dynamodb", "create-table", "--table-name", "T22", "--key-schema", "AttributeName=k,KeyType=HASH"),
        *("--attribute-definitions", "AttributeName=k,AttributeType=S"),
        *("--provisioned-throughput", "ReadCapacityUnits=5,WriteCapacityUnits=5"),
    )
    assert made.code == 0, made.error


# SNS


def test_publish(aws: Aws, tmp_path: Path) -> None:
    arn = aws("sns", "create-topic", "--name", "rider-photos").json["TopicArn"]
    assert arn == "arn:aws:sns:us-east-1:123456789012:rider-photos"
    (tmp_path / "message.txt").write_text("from a file")
    assert "MessageId" in aws("sns", "publish", "--topic-arn", arn, "--message", f"file://{tmp_path}/message.txt").json
    told = aws(
        *("sns", "publish", "--topic-arn", arn, "--message", "a=b,c", "--subject", "S"),
        *("--message-attributes", "kind={DataType=String,StringValue='a, b'}"),
    )
    assert told.code == 0, told.error
    messages = aws("sns", "list-messages", "--topic-arn", arn).json["Messages"]
    assert [message["Message"] for message in messages] == ["from a file", "a=b,c"]
    assert messages[1]["MessageAttributes"] == {"kind": {"Type": "String", "Value": "a, b"}}
    assert aws("sns", "list-topics").json == {"Topics": [{"TopicArn": arn}]}


def test_the_region_is_in_arns(aws: Aws) -> None:
    assert ":eu-west-1:" in aws("sns", "create-topic", "--name", "t", "--region", "eu-west-1").json["TopicArn"]


# s3


def test_buckets(aws: Aws) -> None:
    assert aws("s3", "mb", "s3://rider-photos") == Outcome(0, "make_bucket: rider-photos\n", "")
    listed = aws("s3", "ls")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d rider-photos\n", listed.out)
    assert aws("s3", "ls", "s3://rider-photos") == Outcome(0, "", "")
    assert aws("s3", "rb", "s3://rider-photos") == Outcome(0, "remove_bucket: rider-photos\n", "")
    assert aws("s3", "ls", "s3://rider-photos").code == 254
    assert aws("s3", "mb", "s3://Bad_Name").code == 254
    west = aws("s3", "mb", "s3://west", "--region", "eu-west-1")
    assert west.code == 0


def test_a_bucket_with_objects_is_removed_by_force_only(aws: Aws, local: LocalAWS) -> None:
    local.client("s3").put_object(Bucket="rider-photos", Key="k")
    assert "(BucketNotEmpty)" in aws("s3", "rb", "s3://rider-photos").error
    assert (
        aws("s3", "rb", "s3://rider-photos", "--force").out
        == "delete: s3://rider-photos/k\nremove_bucket: rider-photos\n"
    )
    assert aws("s3", "rb", "s3://rider-photos/k").code == 252


def test_a_listing(aws: Aws, local: LocalAWS) -> None:
    for key in ("b.jpg", "a/1.jpg", "a/2.jpg", "evil\x1b[2J"):
        local.client("s3").put_object(Bucket="rider-photos", Key=key, Body=b"x" * 1500)
    time = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
    flat = aws("s3", "ls", "s3://rider-photos").out
    assert re.fullmatch(rf" {{27}}PRE a/\n{time}       1500 b.jpg\n{time}       1500 evil\\x1b\[2J\n", flat)
    assert re.fullmatch(
        rf"{time}       1500 1.jpg\n{time}       1500 2.jpg\n", aws("s3", "ls", "s3://rider-photos/a/").out
    )
    assert aws("s3", "ls", "rider-photos/a").out == f"{'PRE':>30} a/\n"
    full = aws("s3", "ls", "s3://rider-photos/a", "--recursive", "--human-readable", "--summarize").out
    assert re.fullmatch(
        rf"{time}    1.5 KiB a/1.jpg\n{time}    1.5 KiB a/2.jpg\n\nTotal Objects: 2\n   Total Size: 2.9 KiB\n", full
    )
    assert aws("s3", "ls", "s3://rider-photos/nope") == Outcome(1, "", "")


def test_a_file_goes_up_and_comes_down(
    aws: Aws, local: LocalAWS, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("photo.jpg").write_bytes(b"photo")
    assert (
        aws("s3", "cp", "photo.jpg", "s3://rider-photos").out == "upload: ./photo.jpg to s3://rider-photos/photo.jpg\n"
    )
    head = local.client("s3").head_object(Bucket="rider-photos", Key="photo.jpg")
    assert head["ContentType"] == "image/jpeg"
    aws("s3", "cp", "photo.jpg", "s3://rider-photos/a/", "--quiet", "--content-type", "x/y", "--metadata", "a=1,b=2")
    head = local.client("s3").head_object(Bucket="rider-photos", Key="a/photo.jpg")
    assert (head["ContentType"], head["Metadata"]) == ("x/y", {"a": "1", "b": "2"})
    Path("down").mkdir()
    assert aws("s3", "cp", "s3://rider-photos/a/photo.jpg", "down").out == (
        "download: s3://rider-photos/a/photo.jpg to ./down/photo.jpg\n"
    )
    assert aws("s3", "cp", "s3://rider-photos/a/photo.jpg", "new/name.jpg").code == 0
    assert Path("down/photo.jpg").read_bytes() == Path("new/name.jpg").read_bytes() == b"photo"
    assert aws("s3", "cp", "s3://rider-photos/a/photo.jpg", "s3://rider-photos/copy.jpg").out == (
        "copy: s3://rider-photos/a/photo.jpg to s3://rider-photos/copy.jpg\n"
    )
    assert local.client("s3").head_object(Bucket="rider-photos", Key="copy.jpg")["ContentType"] == "x/y"
    assert aws("s3", "cp", "photo.jpg", "s3://rider-photos/dry", "--dryrun").out == (
        "(dryrun) upload: ./photo.jpg to s3://rider-photos/dry\n"
    )
    assert keys(local) == ["a/photo.jpg", "copy.jpg", "photo.jpg"]


def test_folders(aws: Aws, local: LocalAWS, tmp_path: Path) -> None:
    (tmp_path / "up" / "sub").mkdir(parents=True)
    (tmp_path / "up" / "1").write_text("1")
    (tmp_path / "up" / "sub" / "2").write_text("2")
    assert aws("s3", "cp", f"{tmp_path}/up", "s3://rider-photos").code == 252
    assert aws("s3", "cp", f"{tmp_path}/up", "s3://rider-photos/p", "--recursive").code == 0
    assert keys(local) == ["p/1", "p/sub/2"]
    assert aws("s3", "cp", "s3://rider-photos/p", "s3://rider-photos/q/", "--recursive").code == 0
    assert aws("s3", "cp", "s3://rider-photos/q", f"{tmp_path}/down", "--recursive").code == 0
    assert sorted(str(path.relative_to(tmp_path / "down")) for path in (tmp_path / "down").rglob("*")) == [
        "1",
        "sub",
        "sub/2",
    ]
    assert aws("s3", "rm", "s3://rider-photos/p/", "--recursive", "--dryrun").out.startswith(
        "(dryrun) delete: s3://rider-photos/p/1\n"
    )
    assert aws("s3", "rm", "s3://rider-photos/p/", "--recursive").out.count("delete: ") == 2
    assert aws("s3", "rm", "s3://rider-photos/q/1").out == "delete: s3://rider-photos/q/1\n"
    assert keys(local) == ["q/sub/2"]
    assert aws("s3", "rm", "s3://rider-photos").code == 252


@pytest.mark.parametrize("key", ["../out", "a/../../out", "a/../b"])
def test_no_key_is_written_outside_of_the_folder(aws: Aws, local: LocalAWS, tmp_path: Path, key: str) -> None:
    local.client("s3").put_object(Bucket="rider-photos", Key=key, Body=b"x")
    local.client("s3").put_object(Bucket="rider-photos", Key="good", Body=b"x")
    outcome = aws("s3", "cp", "s3://rider-photos", f"{tmp_path}/down", "--recursive")
    assert outcome.code == 1
    assert f"download failed: s3://rider-photos/{key} would be written outside of" in outcome.error
    written = [path.relative_to(tmp_path) for path in tmp_path.rglob("*")]
    assert sorted(str(path) for path in written if path.parts[0] != "root") == ["down", "down/good"]


@pytest.mark.parametrize("key", ["a/..", "a/\0"])
def test_a_key_that_is_no_file_name_is_not_downloaded(aws: Aws, local: LocalAWS, tmp_path: Path, key: str) -> None:
    local.client("s3").put_object(Bucket="rider-photos", Key=key, Body=b"x")
    (tmp_path / "down").mkdir()
    assert aws("s3", "cp", f"s3://rider-photos/{key}", f"{tmp_path}/down").code == 1
    assert list((tmp_path / "down").iterdir()) == []


def test_streams(aws: Aws, local: LocalAWS, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"from a pipe")))
    assert aws("s3", "cp", "-", "s3://rider-photos/k").code == 0
    out = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(sys, "stdout", out)
    assert aws("s3", "cp", "s3://rider-photos/k", "-").code == 0
    assert out.buffer.getvalue() == b"from a pipe"  # type: ignore[attr-defined]


def test_what_cannot_be_copied(aws: Aws, local: LocalAWS, tmp_path: Path) -> None:
    missing = aws("s3", "cp", f"{tmp_path}/nope", "s3://rider-photos")
    assert missing == Outcome(252, "", f"The user-provided path {tmp_path}/nope does not exist.\n")
    absent = aws("s3", "cp", "s3://rider-photos/nope", str(tmp_path))
    assert absent.code == 1
    assert absent.error == (
        f"download failed: s3://rider-photos/nope to {tmp_path}/nope "
        "An error occurred (404) when calling the HeadObject operation: Not Found\n"
    )
    (tmp_path / "file").touch()
    assert "(NoSuchBucket)" in aws("s3", "cp", f"{tmp_path}/file", "s3://nope").error
    for words in (
        ("a", "b"),
        ("s3://rider-photos/", str(tmp_path)),
        ("s3://", str(tmp_path)),
        ("-", "s3://rider-photos/k", "--recursive"),
    ):
        assert aws("s3", "cp", *words).code == 252


# Trouble


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ((), "required: SERVICE"),
        (("ec2",), "invalid choice: 'ec2'"),
        (("rekognition",), "required: COMMAND"),
        (("rekognition", "list-face"), "invalid choice: 'list-face'"),
        (("rekognition", "list-faces"), 'Missing required parameter in input: "CollectionId"'),
        (("rekognition", "list-faces", "--collection", "x"), "Unknown options: --collection x"),
        (
            ("rekognition", "list-faces", "--collection-id", "c", "--max-results", "x"),
            "'--max-results': 'x' is not a whole number",
        ),
        (("rekognition", "detect-faces", "--image", "{"), "'--image': invalid JSON"),
        (
            ("rekognition", "detect-faces", "--image", "S3Object={Bucket=b"),
            "'--image': shorthand: expected '}', found the end",
        ),
        (("rekognition", "detect-faces", "--image", "photo.jpg"), "'--image': shorthand: expected a name and '='"),
        (
            ("rekognition", "detect-faces", "--image-bytes", "fileb://nope"),
            "'--image-bytes': unable to load fileb://nope",
        ),
        (("rekognition", "detect-faces", "--image", "Bytes=?"), "invalid base64 in Bytes"),
        (("sns", "publish", "--message", "file://nope"), "unable to load file://nope: No such file"),
        (("s3", "mb", "rider-photos"), "does not begin with s3://"),
        (("s3", "ls", "--recursiv"), "Unknown options: --recursiv"),
    ],
)
def test_a_command_that_cannot_be_read(aws: Aws, root: Path, words: tuple[str, ...], text: str) -> None:
    outcome = aws(*words)
    assert (outcome.code, outcome.out) == (252, "")
    assert text in outcome.error
    assert outcome.error.count("\n") == 1
    assert not root.exists()


def test_a_root_that_is_a_file(aws: Aws, root: Path) -> None:
    root.touch()
    outcome = aws("s3", "ls")
    assert outcome.code == 255
    assert re.fullmatch(r"the root directory .* is a file, not a directory\n", outcome.error)


def test_help(aws: Aws) -> None:
    outcome = aws("rekognition", "list-faces", "--help")
    assert outcome.code == 0
    assert "--collection-id TEXT" in outcome.out


def run(*words: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    lines = "import argparse, sys; from asl_local.interfaces.aws import cli as cli_aws; parser = argparse.ArgumentParser(prog='asl-local');"
    lines += "cli_aws.add_parser(parser.add_subparsers()); sys.exit(cli_aws.run(parser.parse_args()))"
    return subprocess.run(
        [sys.executable, "-c", lines, "aws", *words],
        cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def test_where_the_root_is(tmp_path: Path) -> None:
    assert run("s3", "mb", "s3://by-default", cwd=tmp_path).returncode == 0
    assert run("s3", "mb", "s3://by-variable", cwd=tmp_path, ASL_LOCAL_ROOT="elsewhere").returncode == 0
    assert (
        run("s3", "mb", "s3://by-option", "--root", "there", cwd=tmp_path, ASL_LOCAL_ROOT="elsewhere").returncode == 0
    )
    assert run("--root", "there", "s3", "mb", "s3://by-option-before", cwd=tmp_path).returncode == 0
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.glob("*/s3/by-*")) == [
        "asl-local-data/s3/by-default",
        "elsewhere/s3/by-variable",
        "there/s3/by-option",
        "there/s3/by-option-before",
    ]


def test_as_a_process(tmp_path: Path) -> None:
    outcome = run("s3", "ls", "s3://nope", cwd=tmp_path)
    assert (outcome.returncode, outcome.stdout) == (254, "")
    assert outcome.stderr == (
        "An error occurred (NoSuchBucket) when calling the ListObjectsV2 operation: The specified bucket does not exist\n"
    )


def test_sqs_and_eventbridge_from_the_command_line(aws: Any) -> None:
    url = aws("sqs", "create-queue", "--queue-name", "jobs").json["QueueUrl"]
    assert url == "https://sqs.us-east-1.amazonaws.com/123456789012/jobs"
    assert "MD5OfMessageBody" in aws("sqs", "send-message", "--queue-url", url, "--message-body", "hello").json
    received = aws("sqs", "receive-message", "--queue-url", url, "--attribute-names", "All").json["Messages"][0]
    assert received["Body"] == "hello"
    aws("sqs", "delete-message", "--queue-url", url, "--receipt-handle", received["ReceiptHandle"])
    assert aws("sqs", "list-messages", "--queue-url", url).json["Messages"] == []
    entries = '[{"Source": "shop", "DetailType": "order", "Detail": "{}"}]'
    assert aws("events", "put-events", "--entries", entries).json["FailedEntryCount"] == 0
    assert [event["source"] for event in aws("events", "list-events").json["Events"]] == ["shop"]
