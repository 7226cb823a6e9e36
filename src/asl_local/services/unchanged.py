"""What was made of files' bytes, for as long as nobody touches the files: a hash, a parsed head.

Knows: when a file is surely what it was. Must never know: what is made of it.
A file is told by device, number, size and times. A file system's clock ticks, often every 4 ms: what is written within the
tick in which a file was looked at leaves all of these as they were. So of a file that was touched a moment before
nothing is remembered.
"""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeAlias, TypeVar

Identity: TypeAlias = tuple[int, int, int, int, int]

_T = TypeVar("_T")

SETTLED = 100_000_000  # nanoseconds after which a file's next change shows in its times: more than a tick

_COARSE, _SETTLED_COARSE = (
    10_000_000,
    2_100_000_000,
)  # where all times are whole hundredths, or seconds, a tick may be two of these


def identity(state: os.stat_result) -> Identity:
    """What changes with the file."""
    return state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns


class Unchanged(Generic[_T]):
    """The latest things made of files, at most so many; safe in several threads."""

    def __init__(self, most: int = 4096) -> None:
        self._most = most
        self._made: OrderedDict[Identity, _T] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, state: os.stat_result) -> _T | None:
        """What was made of the file that is in this state, or None."""
        key = identity(state)
        made = self._made.get(key)
        if made is not None and self._most > 1:
            with self._lock:
                if key in self._made:
                    self._made.move_to_end(key)
        return made

    def of(self, state: os.stat_result, make: Callable[[], _T]) -> _T:
        """What was made of the file in this state, or what `make` gives, which reads the file now."""
        made = self.get(state)
        if made is None:
            touched = _touched(state)
            settled = time.time_ns() - touched > (
                SETTLED if touched % _COARSE else _SETTLED_COARSE
            )  # before it is read
            made = make()
            if settled:
                with self._lock:
                    self._made[identity(state)] = made
                    while len(self._made) > self._most:
                        self._made.popitem(last=False)
        return made


def _touched(state: os.stat_result) -> int:
    # Windows has the time of creation for ctime. Elsewhere mtime says nothing: anybody may set it, and S3's stand-in does.
    return state.st_mtime_ns if os.name == "nt" else state.st_ctime_ns
