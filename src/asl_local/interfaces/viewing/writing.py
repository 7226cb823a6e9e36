"""Reports as text and as files.

Knows: files, and how the local S3 is asked for a picture. Must never know: what stands in a report, or how a run came
about.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from asl_local.errors import AslError
from asl_local.reporters.report.page import page
from asl_local.reporters.report.thumbnails import Fetch, pictures_of
from asl_local.reporters.visits.model import Run
from asl_local.services import files

_LARGEST_PICTURE = 30_000_000  # bytes of an object that is looked at
_HALVES = re.compile("[\ud800-\udfff]")


def report(run: Run, aws: Any = None, *, links: Sequence[tuple[str, str]] = ()) -> str:
    """The report of a run as the text of an HTML page, which UTF-8 can write; `aws` is a LocalAWS that has its pictures.

    `links` are words and relative addresses of what lies beside the page.
    """
    pictures: Mapping[str, str] = {} if aws is None else pictures_of(run, objects_of(aws))
    return _HALVES.sub("\ufffd", page(run, pictures=pictures, links=links))


def write(text: str, path: str | os.PathLike[str]) -> Path:
    """Write a report's text, the whole file or nothing. Raises OSError; folders are not made."""
    target = Path(path)
    check_writable(target)
    files.write_output(target, _HALVES.sub("\ufffd", text).encode("utf-8"))
    return target


def check_writable(path: Path) -> None:
    """Raises OSError where no file of that name can be written."""
    if path.is_dir():
        raise IsADirectoryError(21, "that is a folder; name a file", str(path))
    folder = path.resolve().parent
    if not folder.is_dir():
        raise FileNotFoundError(2, "there is no such folder", str(path.parent))
    if path.exists() and not path.is_file():
        return  # a device or a pipe
    Path(files.stage(folder, (), durable=False)).unlink()


def objects_of(aws: Any) -> Fetch:
    """How the S3 of a LocalAWS, or any client("s3") with boto3's methods, is asked for an object."""
    s3 = aws.client("s3")

    def fetch(bucket: str, key: str) -> bytes | None:
        try:
            if s3.head_object(Bucket=bucket, Key=key)["ContentLength"] > _LARGEST_PICTURE:
                return None
            data: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        except (AslError, OSError):  # there is no such object, or the text was none that could name one
            return None
        return data

    return fetch


__all__ = ["check_writable", "objects_of", "report", "write"]
