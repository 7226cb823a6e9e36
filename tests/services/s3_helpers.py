"""An S3 on a folder and short calls of it, for the tests of the S3 stand-in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from asl_local.services.errors import ClientError
from asl_local.services.s3 import S3

NOW = 1_700_000_000.25
BUCKET = "rider-photos"


def on(folder: Path) -> S3:
    """An S3 of a folder, with one bucket."""
    made = S3(folder, region="us-east-1", account="123456789012", now=lambda: NOW)
    made.create_bucket(Bucket=BUCKET)
    return made


def put(s3: S3, key: str, body: Any = b"x", **given: Any) -> dict[str, Any]:
    return s3.put_object(Bucket=BUCKET, Key=key, Body=body, **given)


def get(s3: S3, key: str, **given: Any) -> bytes:
    body: bytes = s3.get_object(Bucket=BUCKET, Key=key, **given)["Body"].read()
    return body


def keys(s3: S3, **given: Any) -> list[str]:
    return [entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET, **given).get("Contents", [])]


def refusal(call: Callable[[], Any]) -> tuple[str, str, int]:
    with pytest.raises(ClientError) as caught:
        call()
    return caught.value.code, caught.value.message, caught.value.response["ResponseMetadata"]["HTTPStatusCode"]
