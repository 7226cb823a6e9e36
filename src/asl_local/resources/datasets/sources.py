"""What an ItemReader names -> its items: one S3 object, the objects of a bucket, or what a manifest lists.

Knows: S3's client and which format reads what. Must never know: Map Runs, pages or batches.
A handler of the user's for the reader's ARN takes the client's place: what it returns is the dataset, as an iterable of
items or as the file itself (bytes, text, or anything with `read`).
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from asl_local.errors import NotJson
from asl_local.resources.datasets.json_stream import decode
from asl_local.resources.datasets.parquet import parquet_items
from asl_local.resources.datasets.text_formats import Item, addresses, failed, readable, text_items, unpacked
from asl_local.services.errors import ClientError
from asl_local.values import Json, accept

Open = Callable[[dict[str, Json]], Any]
"""GetObject's parameters -> the object's bytes, as something with `read`."""

ACTIONS = ("s3:getObject", "s3:listObjectsV2")
"""What an ItemReader's Resource may end with; an optimised integration of its own, which no Task has."""


def items_of(client: Any, action: str, parameters: Mapping[str, Json], config: Mapping[str, Json]) -> Iterator[Item]:
    """The items of a dataset on S3. `action` is getObject or listObjectsV2, `config` the ReaderConfig.

    Raises StateError (States.ItemReaderFailed) for an object that is not there or not what `config` says.
    """
    given = dict(parameters)
    try:
        if action == "listObjectsV2":
            yield from _listed(client, given, config)
        elif config.get("ManifestType") == "ATHENA_DATA":
            yield from _athena(client, given, config)
        elif config.get("InputType") == "MANIFEST":
            yield from _inventory(client, given)
        else:
            yield from file_items(_open(client, given), config, _source(given))
    except ClientError as error:
        raise failed(_refusal(error)) from error
    except UnicodeEncodeError as error:
        raise failed(f"the parameters are no text that S3 knows: {error.reason}") from None
    except RecursionError:
        raise failed("a value is nested too deeply") from None


def handler_items(answer: Any, config: Mapping[str, Json], source: str) -> Iterator[Item]:
    """The items of what a handler gave for a dataset."""
    if isinstance(answer, str):
        answer = answer.encode()
    if isinstance(answer, (bytes, bytearray)):
        answer = io.BytesIO(answer)
    if hasattr(answer, "read"):
        yield from file_items(answer, config, source)
    elif isinstance(answer, Iterable):
        pairs = answer.items() if isinstance(answer, Mapping) else ((None, item) for item in answer)
        for number, (key, item) in enumerate(pairs):
            try:
                yield Item(accept(item), key, source)
            except NotJson as error:
                raise failed(f"item {number} of the dataset is not JSON: {error}") from None
    else:
        raise failed("Attempting to map over non-iterable node.")


def file_items(stream: Any, config: Mapping[str, Json], source: str) -> Iterator[Item]:
    """The items of one file in the format that InputType names."""
    kind = config.get("InputType")
    if kind == "PARQUET":
        rows = parquet_items(stream)
    elif kind in ("CSV", "JSON", "JSONL"):
        rows = text_items(stream, config)
    else:
        raise failed(f"ReaderConfig's InputType must be CSV, JSON, JSONL or PARQUET, not {kind}")
    for item in rows:
        yield item._replace(source=source)


def _open(client: Any, given: dict[str, Json]) -> Any:
    return client.get_object(**given)["Body"]


def _source(given: Mapping[str, Json]) -> str:
    key = f"/{given['Key']}" if "Key" in given else ""
    return f"S3://{given.get('Bucket', '')}{key}"


def _listed(client: Any, given: dict[str, Json], config: Mapping[str, Json]) -> Iterator[Item]:
    """The objects of a bucket, a page of the API at a time; or, flattened, the items of each of them."""
    flatten = config.get("Transformation") == "LOAD_AND_FLATTEN"
    source = f"S3://{given.get('Bucket', '')}"
    while True:
        answer = client.list_objects_v2(**given)
        for entry in answer.get("Contents", ()):
            if not flatten:
                yield Item(_described(entry), None, source)
            elif not entry["Key"].endswith("/"):
                where = {"Bucket": given["Bucket"], "Key": entry["Key"]}
                yield from file_items(_open(client, where), config, _source(where))
        if not answer.get("IsTruncated"):
            return
        given = {**given, "ContinuationToken": answer["NextContinuationToken"]}


def _described(entry: Mapping[str, Any]) -> Json:
    """An object of a listing as AWS has it: seconds since 1970, and the name Etag (Guide, ItemReader)."""
    return {
        "Etag": entry["ETag"],
        "Key": entry["Key"],
        "LastModified": int(entry["LastModified"].timestamp()),
        "Size": entry["Size"],
        "StorageClass": entry.get("StorageClass", "STANDARD"),
    }


def _athena(client: Any, given: dict[str, Json], config: Mapping[str, Json]) -> Iterator[Item]:
    """The items of every file that an UNLOAD of Athena has written, by its manifest."""
    with readable(), io.TextIOWrapper(unpacked(_open(client, given)), encoding="utf-8-sig", newline="") as text:
        for bucket, key in addresses(text):
            where: dict[str, Json] = {"Bucket": bucket, "Key": key}
            yield from file_items(_open(client, where), config, _source(where))


def _inventory(client: Any, given: dict[str, Json]) -> Iterator[Item]:
    """The rows of an S3 Inventory's CSV files, by its manifest.json: objects of texts, named by the file schema."""
    with readable(), unpacked(_open(client, given)) as stream:
        try:
            manifest = decode(stream.read().decode("utf-8-sig"))
            bucket = re.sub(r"^arn:aws[\w-]*:s3:::", "", manifest["destinationBucket"])
            schema = [name.strip() for name in manifest["fileSchema"].split(",")]
            layout, keys = manifest["fileFormat"], [file["key"] for file in manifest["files"]]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise failed(f"The object is not the manifest of an S3 Inventory: {_worded(error)}") from None
    if layout != "CSV":
        raise failed(f"The S3 Inventory is in the format {layout}; only CSV can be read")
    for key in keys:
        where: dict[str, Json] = {"Bucket": bucket, "Key": key}
        config = {"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": schema}
        yield from file_items(_open(client, where), config, _source(where))


def _worded(error: Exception) -> str:
    return f"no {error}" if isinstance(error, KeyError) else str(error)


def _refusal(error: ClientError) -> str:
    """What S3 refused, in the words that Step Functions' SDK integration has for it."""
    metadata = error.response["ResponseMetadata"]
    request = metadata.get("RequestId", "")
    return (
        f"{error.message} (Service: S3, Status Code: {metadata['HTTPStatusCode']}, Request ID: {request}, "
        f"Extended Request ID: {metadata.get('HostId', request)})"
    )
