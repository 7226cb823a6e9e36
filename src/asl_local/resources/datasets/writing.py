"""Results of a Map Run -> the bodies of the objects that a ResultWriter leaves in S3.

Knows: how Step Functions writes manifest.json and the result files (Guide, ResultWriter). Must never know: which
executions there were, or when a file is full.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from asl_local.values import Json, text_of

STATUSES = ("FAILED", "PENDING", "SUCCEEDED")
"""The members of ResultFiles, and how the files' names begin, in AWS's order."""


def result_file(records: Iterable[Json], output_type: str) -> bytes:
    """The body of one result file: a JSON array, or JSON Lines."""
    texts = [text_of(record) for record in records]
    body = "\n".join(texts) + "\n" if output_type == "JSONL" else f"[{','.join(texts)}]"
    return body.encode("utf-8", "surrogatepass")


def file_name(status: str, number: int, output_type: str) -> str:
    """`SUCCEEDED_0.json`, and `.jsonl` for JSON Lines."""
    return f"{status}_{number}.{output_type.lower()}"


def manifest(bucket: str, map_run_arn: str, files: Mapping[str, list[Json]]) -> bytes:
    """The body of manifest.json; `files` has `{"Key", "Size"}` of every result file by status."""
    listed = {status: files.get(status, []) for status in STATUSES}
    return text_of({"DestinationBucket": bucket, "MapRunArn": map_run_arn, "ResultFiles": listed}).encode()
