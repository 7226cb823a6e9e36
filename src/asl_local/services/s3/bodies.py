"""What a caller gives as Body, as chunks of bytes.

Knows: bytes, texts and binary files. Must never know: where they go.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

from asl_local.services.parameters import invalid_parameters
from asl_local.services.s3.rules import LARGEST_PUT, s3_error
from asl_local.services.s3.store import CHUNK


def chunks_of_body(body: Any, here: str, limit: int | None = LARGEST_PUT) -> Iterator[bytes]:
    """The bytes of a Body; a file is read from where it stands.

    Raises ParamValidationError for other kinds (a file opened for text as it is read), and EntityTooLarge, before anything
    is read if the file can tell its size.
    """
    if isinstance(body, str):
        body = body.encode()
    if isinstance(body, (bytes, bytearray, memoryview)):
        return iter((bytes(body),))
    if not hasattr(body, "read"):
        problem = f"Invalid type for parameter Body, value: {body!r}, type: {type(body)}"
        raise invalid_parameters(here, f"{problem}, valid types: {bytes}, {bytearray}, file-like object")
    return _read(body, here, limit)


def _read(file: Any, here: str, limit: int | None) -> Iterator[bytes]:
    left = float("inf") if limit is None else limit
    if limit is not None and hasattr(file, "seekable") and file.seekable():
        at = file.tell()
        left -= file.seek(0, os.SEEK_END) - at
        file.seek(at)
        if left < 0:
            raise s3_error("EntityTooLarge", here, MaxSizeAllowed=str(limit))
        left = limit
    while chunk := file.read(CHUNK):
        if not isinstance(chunk, bytes):
            raise invalid_parameters(
                here, f"Body is a file opened for text (read() gave {type(chunk)}); open it with 'rb'"
            )
        left -= len(chunk)
        if left < 0:
            raise s3_error("EntityTooLarge", here, MaxSizeAllowed=str(limit))
        yield chunk


def reported(chunks: Iterator[bytes], callback: Callable[[int], None] | None) -> Iterator[bytes]:
    """The same chunks; `callback` gets the length of each when it has gone."""
    for chunk in chunks:
        yield chunk
        if callback is not None:
            callback(len(chunk))
