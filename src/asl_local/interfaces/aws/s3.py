"""`asl-local aws s3 ls|cp|mb|rb|rm`: buckets and files, in the aws command's words.

Knows: the high-level s3 commands. Must never know: how S3 keeps an object.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from asl_local.services.errors import ClientError
from asl_local.services.s3 import S3, guess_type

NOTHING = 1  # nothing was listed, or something could not be copied
UNREADABLE = 252


class Place(NamedTuple):
    """`s3://bucket/key`; the key may be empty or a prefix."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


class WrongArgumentsError(Exception):
    """Arguments that make no command; the text is for the person."""


def add_parser(services: Any, add_place: Callable[[argparse.ArgumentParser], None]) -> None:
    """Adds `s3` and its commands; `add_place` adds --root and --region."""
    parser = services.add_parser("s3", help="list, copy, make and remove buckets and objects", allow_abbrev=False)
    commands = parser.add_subparsers(dest="operation", required=True, metavar="COMMAND", parser_class=type(parser))
    for name, (_, arguments, options, text) in _COMMANDS.items():
        command = commands.add_parser(name, help=text, allow_abbrev=False)
        add_place(command)
        for argument in arguments:
            command.add_argument(
                argument.strip("?"), metavar=argument.strip("?").upper(), nargs="?" if "?" in argument else None
            )
        for option in options:
            if option in _TEXT_OPTIONS:
                command.add_argument(f"--{option}", metavar=_TEXT_OPTIONS[option])
            else:
                command.add_argument(f"--{option}", action="store_true")


def run(s3: S3, told: argparse.Namespace) -> int:
    """Performs one command and returns its exit code. Raises ClientError for a refusal that ends it."""
    try:
        return _COMMANDS[told.operation][0](s3, told)
    except WrongArgumentsError as wrong:
        print(wrong, file=sys.stderr)
        return UNREADABLE


def place(text: str) -> Place:
    """What `s3://bucket/key` names."""
    if not text.startswith("s3://"):
        raise WrongArgumentsError(f"Error: Invalid argument type: {text} does not begin with s3://")
    bucket, _, key = text.removeprefix("s3://").partition("/")
    if not bucket:
        raise WrongArgumentsError(f"Error: {text} names no bucket")
    return Place(bucket, key)


def _list(s3: S3, told: argparse.Namespace) -> int:
    if told.place is None or told.place == "s3://":
        for bucket in s3.list_buckets()["Buckets"]:
            print(f"{_time(bucket['CreationDate'])} {bucket['Name']}")
        return 0
    # As the aws command, which takes a bucket's bare name here and only here.
    where = place(told.place if told.place.startswith("s3://") else f"s3://{told.place}")
    count = total = 0
    asked = {} if told.recursive else {"Delimiter": "/"}
    lines: list[tuple[bytes, str]] = []
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=where.bucket, Prefix=where.key, **asked):
        for group in page.get("CommonPrefixes", []):
            name = group["Prefix"].rstrip("/").rpartition("/")[2] + "/"
            lines.append((group["Prefix"].encode(), f"{'PRE':>30} {name}"))
        for entry in page.get("Contents", []):
            count, total = count + 1, total + entry["Size"]
            name = entry["Key"] if told.recursive else entry["Key"].rpartition("/")[2]
            lines.append(
                (entry["Key"].encode(), f"{_time(entry['LastModified'])} {_size(entry['Size'], told):>10} {name}")
            )
    for _, line in sorted(lines):
        print(_printable(line))
    if told.summarize:
        print(f"\nTotal Objects: {count}\n   Total Size: {_size(total, told)}")
    return 0 if lines or not where.key else NOTHING


def _copy(s3: S3, told: argparse.Namespace) -> int:
    from_s3, to_s3 = told.source.startswith("s3://"), told.target.startswith("s3://")
    if not from_s3 and not to_s3:
        raise WrongArgumentsError("Error: Invalid argument type: one of the two places must begin with s3://")
    if "-" in {told.source, told.target}:
        return _stream(s3, told)
    failed = False
    copies = _copies(s3, told)
    if not told.recursive and not from_s3 and Path(told.source).is_dir():
        raise WrongArgumentsError(f"Error: {told.source} is a folder; copy it with --recursive")
    for source, target in copies:
        if target is None:
            failed = True
            print(_printable(f"download failed: {source} would be written outside of {told.target}"), file=sys.stderr)
            continue
        verb = "copy" if from_s3 and to_s3 else "upload" if to_s3 else "download"
        line = _printable(f"{verb}: {_shown(source)} to {_shown(target)}")
        if told.dryrun:
            print(f"(dryrun) {line}")
            continue
        try:
            _copy_one(s3, source, target, told)
        except (ClientError, OSError) as error:
            failed = True
            print(line.replace(":", " failed:", 1), error, file=sys.stderr)
            continue
        if not told.quiet:
            print(line)
    return NOTHING if failed else 0


def _copy_one(s3: S3, source: Place | Path, target: Place | Path, told: argparse.Namespace) -> None:
    extra: dict[str, Any] = {}
    if told.content_type:
        extra["ContentType"] = told.content_type
    if told.metadata:
        extra["Metadata"] = dict(pair.split("=", 1) for pair in told.metadata.split(",") if "=" in pair)
    if isinstance(source, Path):
        assert isinstance(target, Place)
        extra.setdefault("ContentType", guess_type(source.name))
        s3.upload_file(source, target.bucket, target.key, ExtraArgs=extra)
    elif isinstance(target, Place):
        replace = {"MetadataDirective": "REPLACE", **extra} if extra else {}
        s3.copy_object(
            Bucket=target.bucket, Key=target.key, CopySource={"Bucket": source.bucket, "Key": source.key}, **replace
        )
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        s3.download_file(source.bucket, source.key, target)


def _copies(s3: S3, told: argparse.Namespace) -> Iterator[tuple[Place | Path, Place | Path | None]]:
    if not told.source.startswith("s3://"):
        yield from _uploads(Path(told.source), place(told.target), recursive=told.recursive)
        return
    source = place(told.source)
    target = place(told.target) if told.target.startswith("s3://") else Path(told.target)
    if not told.recursive:
        name = source.key.rpartition("/")[2]
        if not name:
            raise WrongArgumentsError(f"Error: {told.source} names no object; copy what is below it with --recursive")
        if isinstance(target, Place):
            yield (
                source,
                Place(target.bucket, target.key + name if target.key.endswith("/") or not target.key else target.key),
            )
        else:
            yield source, _below(target, name) if target.is_dir() or told.target.endswith("/") else target
        return
    below = source.key if not source.key or source.key.endswith("/") else source.key + "/"
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=source.bucket, Prefix=below):
        for entry in page.get("Contents", []):
            rest = entry["Key"][len(below) :]
            if isinstance(target, Place):
                yield Place(source.bucket, entry["Key"]), Place(target.bucket, _joined(target.key, rest))
            elif rest and not rest.endswith("/"):  # the marker of an empty folder is no file
                yield Place(source.bucket, entry["Key"]), _below(target, rest)


def _uploads(source: Path, target: Place, *, recursive: bool) -> Iterator[tuple[Path, Place]]:
    if not source.exists():
        raise WrongArgumentsError(f"The user-provided path {source} does not exist.")
    if not recursive:
        yield (
            source,
            Place(
                target.bucket, target.key + source.name if target.key.endswith("/") or not target.key else target.key
            ),
        )
        return
    for path in sorted(path for path in source.rglob("*") if path.is_file()):
        yield path, Place(target.bucket, _joined(target.key, path.relative_to(source).as_posix()))


def _named(target: Place, name: str) -> Place:
    """The place itself, or the name below it where it is a bucket or ends with a slash."""
    return Place(target.bucket, target.key + name) if not target.key or target.key.endswith("/") else target


def _joined(prefix: str, rest: str) -> str:
    return prefix + rest if not prefix or prefix.endswith("/") else f"{prefix}/{rest}"


def _below(folder: Path, key: str) -> Path | None:
    """The file for a key below a folder; None for a key that would leave it."""
    path = folder.joinpath(*key.split("/"))
    inside = Path(os.path.normpath(path)).is_relative_to(os.path.normpath(folder))
    return path if inside and "\0" not in key and ".." not in key.split("/") else None


def _stream(s3: S3, told: argparse.Namespace) -> int:
    if told.recursive:
        raise WrongArgumentsError("Error: a stream cannot be copied with --recursive")
    if told.source == "-":
        target = place(told.target)
        extra = {"ContentType": told.content_type} if told.content_type else {}
        s3.upload_fileobj(sys.stdin.buffer, target.bucket, target.key, ExtraArgs=extra)
    else:
        source = place(told.source)
        s3.download_fileobj(source.bucket, source.key, sys.stdout.buffer)
    return 0


def _make(s3: S3, told: argparse.Namespace) -> int:
    bucket = place(told.place).bucket
    region = s3.region
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=bucket, **where)
    print(f"make_bucket: {bucket}")
    return 0


def _remove_bucket(s3: S3, told: argparse.Namespace) -> int:
    where = place(told.place)
    if where.key:
        raise WrongArgumentsError(f"Error: {told.place} names more than a bucket")
    if told.force:
        _remove_all(s3, Place(where.bucket, ""), told)
    s3.delete_bucket(Bucket=where.bucket)
    print(f"remove_bucket: {where.bucket}")
    return 0


def _remove(s3: S3, told: argparse.Namespace) -> int:
    where = place(told.place)
    if told.recursive:
        _remove_all(s3, where, told)
        return 0
    if not where.key:
        raise WrongArgumentsError(f"Error: {told.place} names no object; remove what is in it with --recursive")
    _remove_one(s3, where, told)
    return 0


def _remove_all(s3: S3, where: Place, told: argparse.Namespace) -> None:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=where.bucket, Prefix=where.key):
        for entry in page.get("Contents", []):
            _remove_one(s3, Place(where.bucket, entry["Key"]), told)


def _remove_one(s3: S3, where: Place, told: argparse.Namespace) -> None:
    if getattr(told, "dryrun", False):
        print(_printable(f"(dryrun) delete: {where}"))
        return
    s3.delete_object(Bucket=where.bucket, Key=where.key)
    if not getattr(told, "quiet", False):
        print(_printable(f"delete: {where}"))


def _shown(where: Place | Path) -> str:
    return str(where) if isinstance(where, Place) or where.is_absolute() else f"./{where}"


def _time(moment: Any) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"  # local time, as the aws command


def _size(size: int, told: argparse.Namespace) -> str:
    if not told.human_readable:
        return str(size)
    if size < 1024:
        return f"{size} Byte{'' if size == 1 else 's'}"
    amount = float(size)
    for unit in ("KiB", "MiB", "GiB"):
        amount /= 1024
        if round(amount) < 1024:
            return f"{amount:.1f} {unit}"
    return f"{amount / 1024:.1f} TiB"


def _printable(line: str) -> str:
    """A key must not move the cursor of a terminal."""
    return "".join(c if c.isprintable() or c == " " else f"\\x{ord(c):02x}" for c in line)


_TEXT_OPTIONS = {"content-type": "TYPE", "metadata": "NAME=VALUE,..."}
_Command = Callable[[S3, argparse.Namespace], int]
# name: (function, positional arguments, options, help)
_COMMANDS: dict[str, tuple[_Command, tuple[str, ...], tuple[str, ...], str]] = {
    "ls": (_list, ("place?",), ("recursive", "human-readable", "summarize"), "list buckets, or what is in one"),
    "cp": (_copy, ("source", "target"), ("recursive", "dryrun", "quiet", "content-type", "metadata"), "copy files and objects; - is the standard stream"),
    "mb": (_make, ("place",), (), "make a bucket"),
    "rb": (_remove_bucket, ("place",), ("force",), "remove an empty bucket, or with --force any"),
    "rm": (_remove, ("place",), ("recursive", "dryrun", "quiet"), "remove objects"),
}  # fmt: skip
