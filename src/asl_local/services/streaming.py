"""The Body of a response: bytes that are read once, as botocore's StreamingBody gives them.

Knows: streams. Must never know: which service answers.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from typing import Any


class FilePart(io.RawIOBase):
    """`length` bytes of an open file from `start` on; owns the descriptor and closes it at the end of the bytes.

    The descriptor stays on the file it was opened on, so a body read late is still the body that was asked for.
    """

    def __init__(self, descriptor: int, start: int, length: int) -> None:
        super().__init__()
        self._descriptor, self._at, self._left = descriptor, start, length

    def readable(self) -> bool:
        """Always true."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Up to so many bytes, or all that are left; they are copied once, from the file."""
        return self.readall() if size is None or size < 0 else self._take(size)

    def readall(self) -> bytes:
        """All bytes that are left, in large pieces: a photo is read whole."""
        pieces = []
        while piece := self._take(max(1, self._left)):
            pieces.append(piece)
        return b"".join(pieces)

    def readinto(self, buffer: Any) -> int:
        """Fills the buffer as far as there are bytes; 0 at the end."""
        data = self._take(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _take(self, most: int) -> bytes:
        if self._descriptor < 0 or self._left <= 0:
            self._release()
            return b""
        data = os.pread(self._descriptor, min(most, self._left), self._at)
        self._at += len(data)
        self._left -= len(data)
        if most and (not data or not self._left):
            self._release()
        return data

    def close(self) -> None:
        """Gives the descriptor back; a body that nobody read is closed by the garbage collector."""
        self._release()
        super().close()

    def _release(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class StreamingBody(io.IOBase):
    """What `get_object(...)["Body"]` and `invoke(...)["Payload"]` are: botocore's class of this name.

    `read(amt=None)`, `iter_chunks(chunk_size=1024)`, `iter_lines(chunk_size=1024, keepends=False)`, `tell()`, `close()`,
    iteration by chunks and `with`. Read once: after the last byte `read()` returns `b""`.
    """

    def __init__(self, raw: io.IOBase | bytes, content_length: int | None = None) -> None:
        super().__init__()
        self._raw: Any = io.BytesIO(raw) if isinstance(raw, bytes) else raw
        self._length = len(raw) if isinstance(raw, bytes) else content_length
        self._read = 0

    def readable(self) -> bool:
        """Whether the stream is still open."""
        return not self._raw.closed

    def read(self, amt: int | None = None) -> bytes:
        """The next `amt` bytes, or all that are left."""
        data: bytes = self._raw.read(-1 if amt is None else amt) or b""
        self._read += len(data)
        return data

    def readinto(self, buffer: Any) -> int:
        """Fills the buffer as far as there are bytes."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def tell(self) -> int:
        """How many bytes have been read."""
        return self._read

    def iter_chunks(self, chunk_size: int = 1024) -> Iterator[bytes]:
        """Chunks of `chunk_size` bytes, the last one shorter."""
        while chunk := self.read(chunk_size):
            yield chunk

    def iter_lines(self, chunk_size: int = 1024, keepends: bool = False) -> Iterator[bytes]:
        """Lines as bytes, without their ends unless `keepends`."""
        pending = b""
        for chunk in self.iter_chunks(chunk_size):
            lines = (pending + chunk).splitlines(keepends=True)
            # The last piece may go on in the next chunk: "\\r" there may turn out to be the first half of "\\r\\n".
            pending = lines.pop()
            for line in lines:
                yield line if keepends else line.splitlines()[0]
        if pending:
            yield pending if keepends else pending.splitlines()[0]

    def __iter__(self) -> Iterator[bytes]:
        return self.iter_chunks()

    def __next__(self) -> bytes:
        chunk = self.read(1024)
        if not chunk:
            raise StopIteration
        return chunk

    def close(self) -> None:
        """Closes the stream below."""
        self._raw.close()
        super().close()
