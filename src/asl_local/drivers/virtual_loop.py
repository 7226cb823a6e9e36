"""An event loop in virtual time, for async handlers: instead of waiting for its next timer it lets that much time pass.

Knows: asyncio. Must never know: what is due besides, or what a handler does.
"""

from __future__ import annotations

import asyncio
import selectors
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any, TypeVar, TypeVarTuple

from asl_local.drivers.simulate import Stalled
from asl_local.values import Json

_T = TypeVar("_T")
_Arguments = TypeVarTuple("_Arguments")

_GRACE = 5.0
"""Real seconds that another thread has to call back into an event loop in which nothing else is due."""


class _JumpingSelector(selectors.DefaultSelector):
    """Instead of waiting until the loop's next timer, let that much virtual time pass."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None and not self.loop.threads and len(self.get_map()) <= 1:
            # Nothing is scheduled and no socket is watched: only another thread could still call back.
            ready = super().select(_GRACE if threading.active_count() > 1 else 0)
            if not ready:
                raise Stalled
            return ready
        if timeout is None or (timeout > 0 and self.loop.threads):
            return super().select(None)  # another thread has promised to call back; its work takes no virtual time
        ready = super().select(0)
        if not ready and timeout > 0:
            self.loop.elapsed += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop of the standard kind whose clock is `elapsed`, in virtual seconds."""

    def __init__(self) -> None:
        self.elapsed = 0.0
        self.threads = 0  # jobs that are out in the executor (asyncio.to_thread)
        self._unfinished: set[asyncio.Task[Json]] = set()  # asyncio itself would let go of one that waits for nothing
        selector = _JumpingSelector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        """Now."""
        return self.elapsed

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*_Arguments], _T], *args: *_Arguments
    ) -> asyncio.Future[_T]:
        """As ever; but while the job is out, no virtual time passes."""
        future = super().run_in_executor(executor, func, *args)
        self.threads += 1
        future.add_done_callback(self._returned)
        return future

    def _returned(self, _future: asyncio.Future[Any]) -> None:
        self.threads -= 1

    def result_of(self, awaitable: Awaitable[Json]) -> Json:
        """What an async handler comes to."""
        return self.finish(_awaited(awaitable))

    def leave(self) -> None:
        """Close the loop, and end what handlers left in it."""
        self.finish(_dismissed(self))
        self.close()

    def finish(self, coroutine: Coroutine[Any, Any, Json]) -> Json:
        """Its result; where the caller stands in an event loop already (a notebook), by way of another thread."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return self._finish(coroutine)
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(self._finish, coroutine).result()

    def _finish(self, coroutine: Coroutine[Any, Any, Json]) -> Json:
        task = self.create_task(coroutine)
        self._unfinished.add(task)
        task.add_done_callback(self._unfinished.discard)
        return self.run_until_complete(task)


async def _awaited(awaitable: Awaitable[Json]) -> Json:
    return await awaitable


async def _dismissed(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel what handlers left behind; a task that will not go has a virtual second."""
    left = asyncio.all_tasks(loop) - {asyncio.current_task()}
    for task in left:
        task.cancel()
    if left:
        over, _ = await asyncio.wait(left, timeout=1)
        for task in over:
            if not task.cancelled():
                task.exception()  # looked at, so that asyncio does not complain: nobody waits for it any more
    await loop.shutdown_asyncgens()
    await loop.shutdown_default_executor()


__all__ = ["VirtualLoop"]
