"""S3's operations with boto3's names, keywords and answers.

Knows: S3's API. Must never know: state machines, or how a file is replaced (`store` does) and named (`paths` does).
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from asl_local.services import files
from asl_local.services.errors import ClientError, ExceptionNames
from asl_local.services.parameters import (
    Answer,
    Given,
    invalid_parameters,
    no_operation,
    operation,
    response_metadata,
)
from asl_local.services.s3 import rules
from asl_local.services.s3.bodies import chunks_of_body, reported
from asl_local.services.s3.paths import Cursor
from asl_local.services.s3.records import Properties
from asl_local.services.s3.rules import OPERATIONS, moment, s3_error
from asl_local.services.s3.store import CHUNK, DEFAULT_TYPE, Bucket, Stored, chunks_of
from asl_local.services.streaming import FilePart, StreamingBody

SYSTEM = ".system"  # no bucket's name begins with a dot


class S3:
    """The client("s3") of a LocalAWS: `folder/<bucket>/<key>` are files that a person may open, add, change and delete.

    Each operation takes boto3's keywords (`OPERATIONS` lists them; others raise ParamValidationError with the reason) and
    gives boto3's answer; refusals are ClientError with S3's code, text and status. A write that the disk refuses is
    InternalError (500, the code that S3 has for trouble of its own); the old object is then untouched. Files that a
    person drops into a bucket's folder are objects; names beginning with a dot are not. `now` gives seconds since 1970
    for LastModified.

    Thread-safe, and safe for several processes on one folder: the last of two concurrent writes wins, whole.
    """

    def __init__(self, folder: Path, *, region: str, account: str, now: Callable[[], float]) -> None:
        self._base = os.path.realpath(folder)
        self._root = Path(self._base)
        self.region, self._account, self._now = region, account, now
        self._buckets: dict[str, Bucket] = {}
        self._guard = threading.Lock()
        self.exceptions = ExceptionNames("BucketAlreadyOwnedByYou", "NoSuchBucket", "NoSuchKey")

    def __getattr__(self, name: str) -> Any:
        no_operation(self, "s3", name)

    # Buckets

    @operation("CreateBucket", OPERATIONS["CreateBucket"])
    def create_bucket(self, given: Given) -> Answer:
        """Makes a bucket. As on AWS, making one's own bucket again is an error everywhere but in us-east-1."""
        name, here = given["Bucket"], "CreateBucket"
        if not rules.is_bucket_name(name):
            raise s3_error("InvalidBucketName", here, BucketName=name)
        asked = given.get("CreateBucketConfiguration", {})
        if set(asked) - {"LocationConstraint"}:
            raise invalid_parameters(
                here, f"CreateBucketConfiguration has LocationConstraint only here, not {sorted(asked)}"
            )
        place = asked.get("LocationConstraint", "us-east-1")
        if place != self.region:
            raise s3_error("IllegalLocationConstraintException", here)
        if asked and place == "us-east-1":
            raise s3_error("InvalidLocationConstraint", here, LocationConstraint=place)
        folder = self._root / name
        with _disk(here):
            (self._root / SYSTEM).mkdir(parents=True, exist_ok=True)
            try:
                folder.mkdir()
            except FileExistsError:
                if not folder.is_dir():
                    raise
                if self.region != "us-east-1":
                    raise s3_error("BucketAlreadyOwnedByYou", here, BucketName=name) from None
            else:
                created = self._root / SYSTEM / "buckets" / name
                files.write_atomically(created, str(int(self._now())).encode())
        return {"Location": f"/{name}"}

    @operation("HeadBucket", OPERATIONS["HeadBucket"])
    def head_bucket(self, given: Given) -> Answer:
        """Whether there is such a bucket: an answer, or the error 404."""
        self._bucket(given, "HeadBucket")
        return {"BucketRegion": self.region, "AccessPointAlias": False}

    @operation("GetBucketLocation", OPERATIONS["GetBucketLocation"])
    def get_bucket_location(self, given: Given) -> Answer:
        """The region, which for us-east-1 is None."""
        self._bucket(given, "GetBucketLocation")
        return {"LocationConstraint": None if self.region == "us-east-1" else self.region}

    @operation("ListBuckets", OPERATIONS["ListBuckets"])
    def list_buckets(self, given: Given) -> Answer:
        """All buckets by name: the folders whose names are bucket names."""
        names = sorted(path.name for path in self._root.iterdir() if path.is_dir()) if self._root.is_dir() else []
        found = [name for name in names if name.startswith(given.get("Prefix", "")) and rules.is_bucket_name(name)]
        buckets = [{"Name": name, "CreationDate": moment(self._created(name))} for name in found]
        return {"Buckets": buckets, "Owner": self._owner()}

    @operation("DeleteBucket", OPERATIONS["DeleteBucket"])
    def delete_bucket(self, given: Given) -> Answer:
        """Removes a bucket without objects. Files that are no objects (hidden ones) keep it, too."""
        here = "DeleteBucket"
        bucket = self._bucket(given, here)
        with _disk(here), bucket.lock:
            if next(bucket.walk("", Cursor()), None) is not None:
                raise s3_error("BucketNotEmpty", here, BucketName=given["Bucket"])
            other = bucket.remove()
            if other is not None:
                text = f"{rules.ERRORS['BucketNotEmpty'][1]}: {other} is no object, but somebody put it there"
                raise s3_error("BucketNotEmpty", here, text, BucketName=given["Bucket"])
            (self._root / SYSTEM / "buckets" / given["Bucket"]).unlink(missing_ok=True)
        return {"ResponseMetadata": response_metadata(204)}

    # Objects

    @operation("PutObject", OPERATIONS["PutObject"])
    def put_object(self, given: Given) -> Answer:
        """Stores an object: Body is bytes, a text (as UTF-8) or a file opened for bytes, up to 5 GiB."""
        here = "PutObject"
        bucket = self._bucket(given, here)
        return {"ETag": _quoted(self._put(bucket, given, chunks_of_body(given.get("Body", b""), here), here))}

    @operation("GetObject", OPERATIONS["GetObject"])
    def get_object(self, given: Given) -> Answer:
        """An object and its bytes: `Body` is a StreamingBody over the object as it was at this moment."""
        here = "GetObject"
        descriptor, stored = self._open(given, here)
        try:
            rules.check_conditions(given, stored.properties.etag, stored.modified, here)
            part = rules.byte_range(given, stored.size, here)
        except BaseException:
            os.close(descriptor)
            raise
        first, last = part or (0, stored.size - 1)
        body = StreamingBody(FilePart(descriptor, first, last - first + 1), last - first + 1)
        return {**_described(stored, part), "Body": body}

    @operation("HeadObject", OPERATIONS["HeadObject"])
    def head_object(self, given: Given) -> Answer:
        """What get_object says, without the bytes. A missing object is the error "404", as a HEAD has no text."""
        here = "HeadObject"
        descriptor, stored = self._open(given, here)
        os.close(descriptor)
        rules.check_conditions(given, stored.properties.etag, stored.modified, here)
        return _described(stored, rules.byte_range(given, stored.size, here))

    @operation("DeleteObject", OPERATIONS["DeleteObject"])
    def delete_object(self, given: Given) -> Answer:
        """Removes an object; one that is not there is no error."""
        here = "DeleteObject"
        bucket = self._bucket(given, here)
        rules.check_key(given["Key"], here)
        _check_version(given.get("VersionId"), here)
        with _disk(here), bucket.lock:
            if "IfMatch" in given:
                stored = bucket.find(given["Key"])
                if stored is None:
                    raise s3_error("NoSuchKey", here, Key=given["Key"])
                rules.check_conditions(given, stored.properties.etag, stored.modified, here)
            bucket.delete(given["Key"])
        return {"ResponseMetadata": response_metadata(204)}

    @operation("DeleteObjects", OPERATIONS["DeleteObjects"])
    def delete_objects(self, given: Given) -> Answer:
        """Removes up to 1,000 objects: Delete is `{"Objects": [{"Key"}, ...], "Quiet"?}`; answers Deleted and Errors."""
        here = "DeleteObjects"
        bucket = self._bucket(given, here)
        wanted = given["Delete"]
        objects = wanted.get("Objects")
        if set(wanted) - {"Objects", "Quiet"} or not isinstance(objects, (list, tuple)):
            raise invalid_parameters(here, f"Delete has the keys Objects (a list) and Quiet, not {sorted(wanted)}")
        if not 0 < len(objects) <= rules.PAGE:
            raise s3_error("MalformedXML", here)
        deleted, errors = [], []
        for entry in objects:
            if not isinstance(entry, dict) or "Key" not in entry or set(entry) - {"Key", "VersionId"}:
                raise invalid_parameters(here, f"each of Delete.Objects has the keys Key and VersionId, not {entry!r}")
        for entry in objects:
            try:
                rules.check_key(entry["Key"], here)
                _check_version(entry.get("VersionId"), here)
                with _disk(here):
                    bucket.delete(entry["Key"])
                deleted.append({"Key": entry["Key"]})
            except ClientError as error:
                errors.append({"Key": entry["Key"], "Code": error.code, "Message": error.message})
        answer: Answer = {} if wanted.get("Quiet") or not deleted else {"Deleted": deleted}
        return {**answer, "Errors": errors} if errors else answer

    @operation("CopyObject", OPERATIONS["CopyObject"])
    def copy_object(self, given: Given) -> Answer:
        """Copies an object with its properties (COPY) or with those of this request (REPLACE).

        As on AWS, properties given with COPY have no effect.
        """
        here = "CopyObject"
        name, key, version = rules.copy_source(given["CopySource"], here)
        source = {"Bucket": name, "Key": key}
        if "ExpectedSourceBucketOwner" in given:
            source["ExpectedBucketOwner"] = given["ExpectedSourceBucketOwner"]
        replacing = given.get("MetadataDirective") == "REPLACE"
        if not replacing and (name, key) == (given["Bucket"], given["Key"]):
            raise s3_error("InvalidRequest", here)
        bucket = self._bucket(given, here)
        descriptor, stored = self._open({**source, **({"VersionId": version} if version else {})}, here)
        try:
            rules.check_conditions(given, stored.properties.etag, stored.modified, here, "CopySource")
            told = None if replacing else stored.properties
            copy = self._put(bucket, given, chunks_of(descriptor), here, told)
        finally:
            os.close(descriptor)
        return {"CopyObjectResult": {"ETag": _quoted(copy), "LastModified": moment(copy.modified)}}

    @operation("ListObjectsV2", OPERATIONS["ListObjectsV2"])
    def list_objects_v2(self, given: Given) -> Answer:
        """Up to 1,000 objects and common prefixes in the order of the keys' UTF-8 bytes."""
        here = "ListObjectsV2"
        bucket = self._bucket(given, here)
        prefix, delimiter = given.get("Prefix", ""), given.get("Delimiter", "").encode()
        most = given.get("MaxKeys", rules.PAGE)
        if most < 0:
            raise s3_error("InvalidArgument", here, "Argument maxKeys must be an integer between 0 and 2147483647")
        most = min(most, rules.PAGE)
        token = given.get("ContinuationToken")
        cursor = Cursor(given.get("StartAfter", "").encode() if token is None else rules.page_start(token, here))
        contents: list[Answer] = []
        groups: list[Answer] = []
        more = False
        for key, path in bucket.walk(prefix, cursor) if most else ():
            cut = key.find(delimiter, len(prefix.encode())) if delimiter else -1
            if len(contents) + len(groups) == most:
                more = True
                break
            if cut >= 0:
                group = key[: cut + len(delimiter)]
                groups.append({"Prefix": group.decode()})
                cursor.after = group + b"\xff"  # no UTF-8 text has this byte: beyond everything in the group
                continue
            stored = bucket.at(key.decode(), path)
            if stored is not None:
                contents.append(self._listed(key.decode(), stored, given))
                cursor.after = key
        answer: Answer = {
            "IsTruncated": more,
            "Name": given["Bucket"],
            "Prefix": prefix,
            "MaxKeys": most,
            "KeyCount": len(contents) + len(groups),
            **{
                name: given[name]
                for name in ("Delimiter", "EncodingType", "ContinuationToken", "StartAfter")
                if given.get(name)
            },
        }
        if contents:
            answer["Contents"] = contents
        if groups:
            answer["CommonPrefixes"] = groups
        if more:
            answer["NextContinuationToken"] = rules.page_token(cursor.after)
        return _url_encoded(answer) if "EncodingType" in given else answer

    def get_paginator(self, operation_name: str) -> Pages:
        """`get_paginator("list_objects_v2").paginate(Bucket=...)` gives the answers page by page."""
        if operation_name != "list_objects_v2":
            raise ValueError(f"only list_objects_v2 has pages here, not {operation_name}")
        return Pages(self)

    # Transfers: boto3's own sugar, which takes positional arguments, ExtraArgs and Callback.

    def upload_file(self, *arguments: Any, **given: Any) -> None:
        """`upload_file(Filename, Bucket, Key, ExtraArgs=None, Callback=None)` stores a file.

        Callback gets the number of bytes that went since its last call.
        """
        told = rules.transfer("upload_file", arguments, given)
        with Path(told["Filename"]).open("rb") as file:
            self._upload(file, told)

    def upload_fileobj(self, *arguments: Any, **given: Any) -> None:
        """`upload_fileobj(Fileobj, Bucket, Key, ExtraArgs=None, Callback=None)` stores the rest of a binary file."""
        told = rules.transfer("upload_fileobj", arguments, given)
        self._upload(told["Fileobj"], told)

    def download_file(self, *arguments: Any, **given: Any) -> None:
        """`download_file(Bucket, Key, Filename, ExtraArgs=None, Callback=None)` writes a file, whole or not at all.

        A missing object is HeadObject's error "404", as with boto3. Raises OSError if the file cannot be written.
        """
        told = rules.transfer("download_file", arguments, given)
        target = Path(told["Filename"])
        if target.exists() and not target.is_file() and not target.is_dir():  # a device or a pipe is written into
            with target.open("wb") as file:
                file.writelines(self._download(told))
            return
        staged = files.stage(target.parent, self._download(told), durable=False)
        with files.putting(staged):
            os.replace(staged, target)  # noqa: PTH105 - staged is no Path

    def download_fileobj(self, *arguments: Any, **given: Any) -> None:
        """`download_fileobj(Bucket, Key, Fileobj, ExtraArgs=None, Callback=None)` writes into a binary file."""
        told = rules.transfer("download_fileobj", arguments, given)
        told["Fileobj"].writelines(self._download(told))

    def generate_presigned_url(self, *_arguments: Any, **_given: Any) -> str:
        """Refused: nothing here answers HTTP."""
        raise invalid_parameters(
            "GeneratePresignedUrl", "there is no server here that a signed URL could name; use get_object"
        )

    # For the other stand-ins

    def open_file(self, bucket: str, key: str, version: str | None = None) -> tuple[int, str]:
        """An open descriptor of an object's file, for a service that takes an S3Object and closes it; the MD5 of its bytes.

        Raises as GetObject does.
        """
        given = {"Bucket": bucket, "Key": key, **({} if version is None else {"VersionId": version})}
        descriptor, stored = self._open(given, "GetObject")
        return descriptor, stored.properties.etag

    # Below

    def _bucket(self, given: Given, here: str) -> Bucket:
        name = given["Bucket"]
        if not rules.is_bucket_name(name):
            raise s3_error("InvalidBucketName", here, BucketName=name)
        if not os.path.isdir(f"{self._base}/{name}"):  # noqa: PTH112 - every operation asks
            raise s3_error("NoSuchBucket", here, BucketName=name)
        if given.get("ExpectedBucketOwner", self._account) != self._account:
            raise s3_error("AccessDenied", here)
        with self._guard:
            if name not in self._buckets:
                self._buckets[name] = Bucket(self._root / name, self._root / SYSTEM)
            return self._buckets[name]

    def _open(self, given: Given, here: str) -> tuple[int, Stored]:
        key = given["Key"]
        known = (
            self._buckets.get(given["Bucket"])
            if "ExpectedBucketOwner" not in given and "VersionId" not in given
            else None
        )
        if known is not None and (opened := known.open_known(key)) is not None:
            return opened  # all that could be refused was looked at when it was found
        bucket = self._bucket(given, here)
        rules.check_key(key, here)
        _check_version(given.get("VersionId"), here)
        with _disk(here):
            found = bucket.open(key)
        if found is None:
            raise s3_error("NoSuchKey", here, Key=key)
        return found

    def _put(
        self, bucket: Bucket, given: Given, chunks: Iterator[bytes], here: str, told: Properties | None = None
    ) -> Stored:
        key = given["Key"]
        rules.check_key(key, here)
        metadata = rules.user_metadata(given, here)

        def describe(md5: str) -> Properties:
            rules.check_digest(given, md5, here)
            if told is not None:
                return told._replace(etag=md5)
            return Properties(md5, given.get("ContentType", DEFAULT_TYPE), rules.headers_of(given), metadata)

        def may(old: Stored | None) -> None:
            if given.get("IfNoneMatch") and old is not None:
                raise s3_error("PreconditionFailed", here, Condition="If-None-Match")
            if "IfMatch" in given:
                if old is None:
                    raise s3_error("NoSuchKey", here, Key=key)
                rules.check_conditions({"IfMatch": given["IfMatch"]}, old.properties.etag, old.modified, here)

        with _disk(here):
            return bucket.put(key, chunks, describe, self._now(), may)

    def _upload(self, file: Any, told: Given) -> None:
        given = told["Request"]
        bucket = self._bucket(given, "PutObject")
        # Not PutObject's limit: boto3 sends large files in parts.
        self._put(bucket, given, reported(chunks_of_body(file, "PutObject", limit=None), told["Callback"]), "PutObject")

    def _download(self, told: Given) -> Iterator[bytes]:
        self.head_object(**told["Request"])
        with self.get_object(**told["Request"])["Body"] as body:
            yield from reported(body.iter_chunks(CHUNK), told["Callback"])

    def _listed(self, key: str, stored: Stored, given: Given) -> Answer:
        entry: Answer = {
            "Key": key,
            "LastModified": moment(stored.modified),
            "ETag": _quoted(stored),
            "Size": stored.size,
            "StorageClass": "STANDARD",
        }
        return {**entry, "Owner": self._owner()} if given.get("FetchOwner") else entry

    def _owner(self) -> Answer:
        return {"DisplayName": "local", "ID": self._account}

    def _created(self, name: str) -> int:
        try:
            return int((self._root / SYSTEM / "buckets" / name).read_text())
        except (OSError, ValueError):  # a folder that a person made
            return int((self._root / name).stat().st_mtime)


class Pages:
    """The paginator of list_objects_v2."""

    def __init__(self, s3: S3) -> None:
        self._s3 = s3

    def paginate(self, **given: Any) -> Iterator[Answer]:
        """One answer after the other; PaginationConfig may hold PageSize."""
        size = given.pop("PaginationConfig", {})
        if set(size) - {"PageSize"}:
            raise invalid_parameters("ListObjectsV2", f"PaginationConfig has PageSize only here, not {sorted(size)}")
        if "PageSize" in size:
            given["MaxKeys"] = size["PageSize"]
        while True:
            answer = self._s3.list_objects_v2(**given)
            yield answer
            if not answer["IsTruncated"]:
                return
            given["ContinuationToken"] = answer["NextContinuationToken"]


@contextlib.contextmanager
def _disk(here: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        place = f" at {error.filename}" if error.filename else ""
        text = f"{rules.ERRORS['InternalError'][1]} ({error.strerror or error}{place}; nothing was changed)"
        raise s3_error("InternalError", here, text) from error


def _check_version(version: str | None, here: str) -> None:
    if version not in {None, "null"}:
        raise s3_error("InvalidArgument", here, "Invalid version id specified", ArgumentName="versionId")


def _quoted(stored: Stored) -> str:
    return f'"{stored.properties.etag}"'


def _described(stored: Stored, part: tuple[int, int] | None) -> Answer:
    length = stored.size if part is None else part[1] - part[0] + 1
    answer: Answer = {
        "ResponseMetadata": response_metadata(200 if part is None else 206),
        "AcceptRanges": "bytes",
        "LastModified": moment(stored.modified),
        "ContentLength": length,
        "ETag": _quoted(stored),
        "ContentType": stored.properties.content_type,
        **stored.properties.headers,
        "Metadata": dict(stored.properties.metadata),
    }
    if part is not None:
        answer["ContentRange"] = f"bytes {part[0]}-{part[1]}/{stored.size}"
    return answer


def _url_encoded(answer: Answer) -> Answer:
    for name in ("Prefix", "Delimiter", "StartAfter"):
        if name in answer:
            answer[name] = quote(answer[name])
    for entry in answer.get("Contents", []):
        entry["Key"] = quote(entry["Key"])
    for entry in answer.get("CommonPrefixes", []):
        entry["Prefix"] = quote(entry["Prefix"])
    return answer
