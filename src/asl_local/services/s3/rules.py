"""What S3 takes and what it says: the table of every operation's parameters, names, conditions, ranges, errors.

Knows: S3's API reference. Must never know: how an object is kept.
"""

from __future__ import annotations

import base64
import binascii
import inspect
import ipaddress
import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from asl_local.services.errors import ClientError, client_error
from asl_local.services.parameters import (
    ANY,
    FLAG,
    MAP,
    NUMBER,
    TEXT,
    Given,
    Rule,
    check,
    invalid_parameters,
    needed,
    one_of,
    refused,
)

LONGEST_KEY = 1024  # bytes of UTF-8
LARGEST_PUT = 5 * 1024**3  # bytes; S3 user guide, "Uploading objects"
MOST_METADATA = 2048  # bytes of user-defined metadata, names and values
PAGE = 1000

Rules = dict[str, Rule]
_TIME = Rule((datetime,))
_NO_ACCOUNTS = "there are no accounts and permissions on this machine"
_NO_ENCRYPTION = "files are not encrypted here"
_ONE_CHECKSUM = "the ETag (MD5) is the only checksum kept"
_NO_VERSIONS = "buckets are not versioned here"
_NO_TAGS = "objects have no tags here; use Metadata"
_NO_LOCK = "objects cannot be locked here"

_BUCKET: Rules = {"Bucket": needed(TEXT), "ExpectedBucketOwner": TEXT}
_OBJECT: Rules = {"Bucket": needed(TEXT), "Key": needed(TEXT, shortest=1), "ExpectedBucketOwner": TEXT}
_PAYER = refused(_NO_ACCOUNTS, "RequestPayer")
_CHECKSUMS = refused(
    _ONE_CHECKSUM,
    *("ChecksumAlgorithm", "ChecksumCRC32", "ChecksumCRC32C", "ChecksumCRC64NVME", "ChecksumSHA1", "ChecksumSHA256"),
)
_CUSTOMER_KEYS = refused(_NO_ENCRYPTION, "SSECustomerAlgorithm", "SSECustomerKey", "SSECustomerKeyMD5")
# Kept with the object and given back by get_object and head_object.
HEADERS = ("CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage")
_DESCRIPTION: Rules = {
    "ContentType": TEXT,
    "Metadata": MAP,
    **dict.fromkeys(HEADERS, TEXT),
    "StorageClass": one_of("STANDARD"),
    **refused(_NO_ACCOUNTS, "ACL", "GrantFullControl", "GrantRead", "GrantReadACP", "GrantWriteACP", "RequestPayer"),
    **refused(_NO_ENCRYPTION, "ServerSideEncryption", "SSEKMSKeyId", "SSEKMSEncryptionContext", "BucketKeyEnabled"),
    **_CUSTOMER_KEYS,
    **refused(_NO_TAGS, "Tagging"),
    **refused(_NO_LOCK, "ObjectLockMode", "ObjectLockRetainUntilDate", "ObjectLockLegalHoldStatus"),
    **refused("use CacheControl", "Expires"),
    **refused("buckets are no web sites here", "WebsiteRedirectLocation"),
}
_READ: Rules = {
    **_OBJECT,
    "Range": TEXT,
    "IfMatch": TEXT,
    "IfNoneMatch": TEXT,
    "IfModifiedSince": _TIME,
    "IfUnmodifiedSince": _TIME,
    "VersionId": TEXT,
    **_PAYER,
    **_CUSTOMER_KEYS,
    **refused(_ONE_CHECKSUM, "ChecksumMode"),
    **refused("objects have one part here", "PartNumber"),
    **refused(
        "it serves browsers; change the answer instead",
        *("ResponseCacheControl", "ResponseContentDisposition", "ResponseContentEncoding"),
        *("ResponseContentLanguage", "ResponseContentType", "ResponseExpires"),
    ),
}

OPERATIONS: dict[str, Rules] = {
    "CreateBucket": {
        "Bucket": needed(TEXT),
        "CreateBucketConfiguration": MAP,
        **refused(_NO_ACCOUNTS, "ACL", "GrantFullControl", "GrantRead", "GrantReadACP", "GrantWrite", "GrantWriteACP"),
        **refused(_NO_ACCOUNTS, "ObjectOwnership"),
        **refused(_NO_LOCK, "ObjectLockEnabledForBucket"),
    },
    "HeadBucket": _BUCKET,
    "GetBucketLocation": _BUCKET,
    "DeleteBucket": _BUCKET,
    "ListBuckets": {
        "Prefix": TEXT,
        **refused("all buckets come in one answer", "MaxBuckets", "ContinuationToken", "BucketRegion"),
    },
    "PutObject": {
        **_OBJECT,
        **_DESCRIPTION,
        "Body": ANY,
        "ContentMD5": TEXT,
        "IfMatch": TEXT,
        "IfNoneMatch": one_of("*"),
        **_CHECKSUMS,
        **refused("the length is that of the Body", "ContentLength"),
        **refused("only directory buckets append", "WriteOffsetBytes"),
    },
    "GetObject": _READ,
    "HeadObject": _READ,
    "DeleteObject": {
        **_OBJECT,
        **_PAYER,
        "VersionId": TEXT,
        "IfMatch": TEXT,
        **refused("only directory buckets have it", "IfMatchLastModifiedTime", "IfMatchSize"),
        **refused(_NO_LOCK, "MFA", "BypassGovernanceRetention"),
    },
    "DeleteObjects": {
        **_BUCKET,
        "Delete": needed(MAP),
        **_PAYER,
        **refused(_ONE_CHECKSUM, "ChecksumAlgorithm"),
        **refused(_NO_LOCK, "MFA", "BypassGovernanceRetention"),
    },
    "CopyObject": {
        **_OBJECT,
        **_DESCRIPTION,
        "CopySource": needed(Rule((str, dict))),
        "MetadataDirective": one_of("COPY", "REPLACE"),
        "CopySourceIfMatch": TEXT,
        "CopySourceIfNoneMatch": TEXT,
        "CopySourceIfModifiedSince": _TIME,
        "CopySourceIfUnmodifiedSince": _TIME,
        "ExpectedSourceBucketOwner": TEXT,
        **refused(_NO_TAGS, "TaggingDirective"),
        **refused(_ONE_CHECKSUM, "ChecksumAlgorithm"),
        **refused(
            _NO_ENCRYPTION, "CopySourceSSECustomerAlgorithm", "CopySourceSSECustomerKey", "CopySourceSSECustomerKeyMD5"
        ),
    },
    "ListObjectsV2": {
        **_BUCKET,
        "Prefix": TEXT,
        "Delimiter": TEXT,
        "MaxKeys": NUMBER,
        "ContinuationToken": TEXT,
        "StartAfter": TEXT,
        "FetchOwner": FLAG,
        "EncodingType": one_of("url"),
        **_PAYER,
        **refused(_ONE_CHECKSUM, "OptionalObjectAttributes"),
    },
}

# What a transfer (upload_file and the like) may say besides: the ExtraArgs of boto3's S3Transfer.
UPLOAD_EXTRAS: Rules = {**_DESCRIPTION, **_CHECKSUMS, "ExpectedBucketOwner": TEXT, "IfNoneMatch": one_of("*")}
DOWNLOAD_EXTRAS: Rules = {name: _READ[name] for name in _READ if name not in {"Bucket", "Key", "Range"}}

# The positional parameters of the transfers; ExtraArgs, Callback and Config follow.
TRANSFERS: dict[str, tuple[str, str, str]] = {
    "upload_file": ("Filename", "Bucket", "Key"),
    "upload_fileobj": ("Fileobj", "Bucket", "Key"),
    "download_file": ("Bucket", "Key", "Filename"),
    "download_fileobj": ("Bucket", "Key", "Fileobj"),
}

_OPTIONAL = ("ExtraArgs", "Callback", "Config")

# code: (HTTP status, text). The texts are S3's own.
ERRORS: dict[str, tuple[int, str]] = {
    "AccessDenied": (403, "Access Denied"),
    "BadDigest": (400, "The Content-MD5 you specified did not match what we received."),
    "BucketAlreadyOwnedByYou": (
        409,
        "Your previous request to create the named bucket succeeded and you already own it.",
    ),
    "BucketNotEmpty": (409, "The bucket you tried to delete is not empty"),
    "EntityTooLarge": (400, "Your proposed upload exceeds the maximum allowed size"),
    "IllegalLocationConstraintException": (
        400,
        "The unspecified location constraint is incompatible for the region specific endpoint this request was sent to.",
    ),
    "InternalError": (500, "We encountered an internal error. Please try again."),
    "InvalidArgument": (400, "Invalid Argument"),
    "InvalidBucketName": (400, "The specified bucket is not valid."),
    "InvalidDigest": (400, "The Content-MD5 you specified is not valid."),
    "InvalidLocationConstraint": (400, "The specified location-constraint is not valid"),
    "InvalidRange": (416, "The requested range is not satisfiable"),
    "InvalidRequest": (
        400,
        (
            "This copy request is illegal because it is trying to copy an object to itself without changing the object's "
            "metadata, storage class, website redirect location or encryption attributes."
        ),
    ),
    "KeyTooLongError": (400, "Your key is too long"),
    "MalformedXML": (
        400,
        "The XML you provided was not well-formed or did not validate against our published schema",
    ),
    "MetadataTooLarge": (400, "Your metadata headers exceed the maximum allowed metadata size"),
    "NoSuchBucket": (404, "The specified bucket does not exist"),
    "NoSuchKey": (404, "The specified key does not exist."),
    "NotImplemented": (501, "A header you provided implies functionality that is not implemented"),
    "PreconditionFailed": (412, "At least one of the pre-conditions you specified did not hold"),
    "304": (304, "Not Modified"),
    "404": (404, "Not Found"),
    "412": (412, "Precondition Failed"),
    "416": (416, "Requested Range Not Satisfiable"),
}
# A HEAD has no body that could hold S3's code, so boto3 gives the status.
_OF_HEAD = {"NoSuchKey": "404", "NoSuchBucket": "404", "PreconditionFailed": "412", "InvalidRange": "416"}


def s3_error(code: str, operation: str, text: str | None = None, **details: str) -> ClientError:
    """The error of one code with S3's text and status; `details` (Key, BucketName) go into its `Error`."""
    if operation.startswith("Head"):
        code = _OF_HEAD.get(code, code)
    status, usual = ERRORS[code]
    error = client_error(code, text or usual, operation, status)
    error.response["Error"].update(details)
    return error


def transfer(name: str, arguments: tuple[Any, ...], given: Given) -> dict[str, Any]:
    """The arguments of a transfer by name; `Request` is the checked request that it amounts to.

    Raises TypeError for wrong arguments, as a call does, and ParamValidationError for wrong ExtraArgs.
    """
    required = TRANSFERS[name]
    signature = inspect.Signature(
        [inspect.Parameter(each, inspect.Parameter.POSITIONAL_OR_KEYWORD) for each in required]
        + [inspect.Parameter(each, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None) for each in _OPTIONAL]
    )
    bound = signature.bind(*arguments, **given)
    bound.apply_defaults()
    told: dict[str, Any] = bound.arguments
    here, extras = ("PutObject", UPLOAD_EXTRAS) if name.startswith("upload") else ("GetObject", DOWNLOAD_EXTRAS)
    if told["Config"] is not None:
        raise invalid_parameters(here, "Config is not supported: files are copied in one piece here; leave it out")
    check(here, extras, told["ExtraArgs"] or {})
    told["Request"] = {"Bucket": told["Bucket"], "Key": told["Key"], **(told["ExtraArgs"] or {})}
    check(here, OPERATIONS[here], told["Request"])
    return told


@lru_cache
def is_bucket_name(name: str) -> bool:
    """S3 user guide, "General purpose bucket naming rules"."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", name) or ".." in name:
        return False
    if name.startswith(("xn--", "sthree-", "amzn-s3-demo-")):
        return False
    if name.endswith(("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")):
        return False
    try:
        ipaddress.IPv4Address(name)
    except ValueError:
        return True
    return False


def check_key(key: str, operation: str) -> None:
    """Refuses keys that S3 cannot hold."""
    try:
        length = len(key.encode())
    except UnicodeEncodeError:
        raise invalid_parameters(operation, f"Invalid value for parameter Key, value: {key!r}, not UTF-8") from None
    if length > LONGEST_KEY:
        raise s3_error("KeyTooLongError", operation, Size=str(length), MaxSizeAllowed=str(LONGEST_KEY))


def user_metadata(given: Given, operation: str) -> dict[str, str]:
    """The Metadata of a request as S3 keeps it: names in lower case, ASCII only (RFC 9110 fields), 2 KB together."""
    result: dict[str, str] = {}
    for name, value in given.get("Metadata", {}).items():
        for part in (name, value):
            if not isinstance(part, str):
                raise invalid_parameters(
                    operation,
                    f"Invalid type for parameter Metadata.{name}, value: {part!r}, type: {type(part)}, valid types: {str}",
                )
        if not (name + value).isascii():
            raise invalid_parameters(
                operation,
                f'Non ascii characters found in S3 metadata for key "{name}", value: "{value}". '
                "S3 metadata can only contain ASCII characters.",
            )
        result[name.lower()] = value.strip()
    if sum(len(name) + len(value) for name, value in result.items()) > MOST_METADATA:
        raise s3_error("MetadataTooLarge", operation)
    return result


def headers_of(given: Given) -> dict[str, str]:
    """The headers of a request that are kept with the object."""
    return {name: given[name] for name in HEADERS if name in given}


def check_digest(given: Given, md5: str, operation: str) -> None:
    """Compares ContentMD5 (base64 of 16 bytes), if given."""
    if "ContentMD5" not in given:
        return
    try:
        digest = base64.b64decode(given["ContentMD5"], validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if len(digest) != 16:
        raise s3_error("InvalidDigest", operation)
    if digest.hex() != md5:
        raise s3_error("BadDigest", operation)


def check_conditions(given: Given, etag: str, modified: int, operation: str, prefix: str = "") -> None:
    """The four conditions of RFC 9110 section 13, with S3's order: a true IfMatch outweighs IfUnmodifiedSince, a
    failed IfNoneMatch outweighs IfModifiedSince.
    """
    if prefix + "IfMatch" in given:
        if not _names(given[prefix + "IfMatch"], etag):
            raise s3_error("PreconditionFailed", operation)
    elif prefix + "IfUnmodifiedSince" in given and modified > _seconds(given[prefix + "IfUnmodifiedSince"]):
        raise s3_error("PreconditionFailed", operation)
    unmodified = "PreconditionFailed" if prefix else "304"  # a copy has nothing to answer with but 412
    if prefix + "IfNoneMatch" in given:
        if _names(given[prefix + "IfNoneMatch"], etag):
            raise s3_error(unmodified, operation)
    elif prefix + "IfModifiedSince" in given and modified <= _seconds(given[prefix + "IfModifiedSince"]):
        raise s3_error(unmodified, operation)


def _names(condition: str, etag: str) -> bool:
    return condition.strip() == "*" or etag in {part.strip().strip('"') for part in condition.split(",")}


def _seconds(moment: datetime) -> float:
    # As botocore: a time without a zone is UTC.
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def byte_range(given: Given, size: int, operation: str) -> tuple[int, int] | None:
    """(first, last) of the one range asked for, both included; None without Range."""
    if "Range" not in given:
        return None
    text: str = given["Range"]
    if "," in text:
        raise s3_error("NotImplemented", operation, f"A Range has one range here, not {text!r}")
    match = re.fullmatch(r"\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*", text)
    if match is None or match.groups() == ("", ""):
        raise s3_error("InvalidArgument", operation, f'Range must look like "bytes=0-99", not {text!r}')
    first, last = match.groups()
    if not first:
        begin, end = max(0, size - int(last)), size - 1
    else:
        begin, end = int(first), min(int(last), size - 1) if last else size - 1
        if last and int(last) < begin:
            raise s3_error("InvalidArgument", operation, f"Range ends before it begins: {text!r}")
    if begin >= size:
        raise s3_error("InvalidRange", operation, ActualObjectSize=str(size), RangeRequested=text)
    return begin, end


def copy_source(value: Any, operation: str) -> tuple[str, str, str | None]:
    """(bucket, key, version) of a CopySource: `{"Bucket", "Key", "VersionId"?}` or
    `bucket/url-encoded-key[?versionId=]`.
    """
    if isinstance(value, dict):
        unknown = set(value) - {"Bucket", "Key", "VersionId"}
        if unknown or not {"Bucket", "Key"} <= set(value):
            raise invalid_parameters(
                operation, f"CopySource has the keys Bucket, Key and VersionId, not {sorted(value)}"
            )
        return value["Bucket"], value["Key"], value.get("VersionId")
    path, _, query = str(value).partition("?versionId=")
    bucket, slash, key = unquote(path).removeprefix("/").partition("/")
    if not slash or not key:
        raise s3_error(
            "InvalidArgument", operation, "Copy Source must mention the source bucket and key: sourcebucket/sourcekey"
        )
    return bucket, key, query or None


def page_token(last: bytes) -> str:
    """The NextContinuationToken of a listing that ended with these bytes."""
    return base64.urlsafe_b64encode(last).decode()


def page_start(token: str, operation: str) -> bytes:
    """Back from `page_token`."""
    try:
        return base64.b64decode(token.encode(), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise s3_error("InvalidArgument", operation, "The continuation token provided is incorrect") from None


def moment(seconds: int) -> datetime:
    """LastModified as boto3 gives it."""
    return datetime.fromtimestamp(seconds, UTC)
