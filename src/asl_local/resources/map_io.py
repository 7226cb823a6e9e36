"""A Map Run's way to the outside: pages of items come in, files of results go out.

Knows: the calls that the core makes for an ItemReader and a ResultWriter, and who answers them. Must never know: what a
Map Run does with its items.

A page is asked for with `{"Parameters", "ReaderConfig", "Run", "Position", "Count"}` and is
`{"Items", "Keys", "Sources", "Done"}`: Keys are members' names where the dataset is an object (else null), Sources are
`[count, source]` pairs. The open dataset is kept between two pages of a run; a run that goes on elsewhere (a loaded dump,
a fork) opens it again and skips `Position` items.

A file is written with `{"Bucket", "Key", "Records", "OutputType"}` and is `{"Key", "Size"}`; the manifest, with
`{"Bucket", "Key", "MapRunArn", "Files"}`.
"""

from __future__ import annotations

import inspect
import marshal
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any

from asl_local.drivers.driver import TaskContext, Work
from asl_local.engine.messages import Call
from asl_local.errors import ITEM_READER_FAILED, RESULT_WRITER_FAILED, StateError
from asl_local.plan import State
from asl_local.resources.datasets import Item, items_of, manifest, result_file
from asl_local.resources.datasets.sources import handler_items
from asl_local.services.errors import ClientError
from asl_local.values import Json, copy

if TYPE_CHECKING:
    from asl_local.plan.plan import Distributed
    from asl_local.services.local import LocalAWS

Ask = Callable[[dict[str, Json]], Any]
"""A handler of the user's: parameters -> what it returns."""

PAGE_BYTES = 1_048_576
"""A page ends with the item that passes this, however many were asked for."""

_OPEN = 64  # datasets that are kept open at a time; one more closes the one that has waited longest


class Reader:
    """Gives a Map state's items page by page, out of `client`'s S3 or out of what `handler` returns."""

    def __init__(self, resource: str, client: Any = None, handler: Ask | None = None) -> None:
        self._action = resource.rsplit(":", 1)[-1]
        self._client, self._handler = client, handler
        self._open: OrderedDict[str, tuple[int, Iterator[Item]]] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, call: Call, _context: TaskContext) -> Json:
        """One page. Raises StateError (States.ItemReaderFailed)."""
        asked = call.arguments
        run, position = asked["Run"], asked["Position"]
        with self._lock:
            at, items = self._open.pop(run, (-1, iter(())))
        if at != position:
            _close(items)
            items = self._begin(asked)
            if sum(1 for _ in islice(items, position)) < position:
                raise StateError(ITEM_READER_FAILED, f"The dataset has fewer items than the {position} that were read")
        page, done = _page(items, asked["Count"])
        if done:
            _close(items)
        else:
            self._keep(run, position + len(page), items)
        return {
            "Items": [item.value for item in page],
            "Keys": [item.key for item in page] if any(item.key is not None for item in page) else None,
            "Sources": [[len(list(group)), source] for source, group in groupby(item.source for item in page)],
            "Done": done,
        }

    def _keep(self, run: str, position: int, items: Iterator[Item]) -> None:
        with self._lock:
            self._open[run] = (position, items)
            waited = self._open.popitem(last=False)[1][1] if len(self._open) > _OPEN else None
        if waited is not None:
            _close(waited)

    def _begin(self, asked: Mapping[str, Json]) -> Iterator[Item]:
        parameters, config = copy(asked["Parameters"]), asked["ReaderConfig"]
        if not isinstance(parameters, dict):
            raise StateError(ITEM_READER_FAILED, "The ItemReader's parameters must be an object")
        if self._handler is None:
            return items_of(self._client, self._action, parameters, config)
        try:
            answer = self._handler(parameters)
        except StateError as error:
            raise StateError(ITEM_READER_FAILED, error.cause or error.error) from error
        except Exception as error:
            raise StateError(ITEM_READER_FAILED, f"{type(error).__name__}: {error}") from error
        if inspect.iscoroutine(answer):
            answer.close()
            raise StateError(ITEM_READER_FAILED, "The handler of an ItemReader cannot be async")
        key = f"/{parameters['Key']}" if "Key" in parameters else ""
        return _guarded(handler_items(answer, config, f"S3://{parameters.get('Bucket', '')}{key}"))


def _guarded(items: Iterator[Item]) -> Iterator[Item]:
    """A handler's own iterator may raise anything."""
    try:
        yield from items
    except StateError:
        raise
    except Exception as error:
        raise StateError(ITEM_READER_FAILED, f"{type(error).__name__}: {error}") from error


def _page(items: Iterator[Item], count: int) -> tuple[list[Item], bool]:
    """Up to `count` items, fewer where they are large; and whether there are no more."""
    page: list[Item] = []
    held = 0
    for item in islice(items, count):
        page.append(item)
        held += len(marshal.dumps(item.value, 2))
        if held > PAGE_BYTES:
            return page, False
    return page, len(page) < count


def _close(items: Iterator[Item]) -> None:
    close = getattr(items, "close", None)
    if close is not None:
        close()


class Writer:
    """Puts a Map state's result files and their manifest into `client`'s S3, or hands them to `handler`."""

    def __init__(self, client: Any = None, handler: Ask | None = None) -> None:
        self._client, self._handler = client, handler

    def __call__(self, call: Call, _context: TaskContext) -> Json:
        """One object. Raises StateError (States.ResultWriterFailed)."""
        asked = call.arguments
        if "Files" in asked:
            body = manifest(asked["Bucket"], asked["MapRunArn"], asked["Files"])
        else:
            body = result_file(asked["Records"], asked["OutputType"])
        given = {"Bucket": asked["Bucket"], "Key": asked["Key"], "Body": body}
        try:
            if self._handler is None:
                self._client.put_object(**given, ContentType="application/json")
            else:
                self._handler(given)
        except ClientError as error:
            raise StateError(RESULT_WRITER_FAILED, error.message) from error
        except StateError as error:
            raise StateError(RESULT_WRITER_FAILED, error.cause or error.error) from error
        except Exception as error:
            raise StateError(RESULT_WRITER_FAILED, f"{type(error).__name__}: {error}") from error
        return {"Key": asked["Key"], "Size": len(body)}


def bind(
    state: State, spec: Distributed, table: dict[str, Work], *, find: Callable[[str], Ask | None], aws: LocalAWS | None
) -> list[tuple[str, str]]:
    """Put the reader and the writer of a Map state into `table`, by their fields' places; what is missing, by place and in
    words.
    """
    missing = []
    for field, resource in (("ItemReader", spec.reader_resource), ("ResultWriter", spec.writer_resource)):
        if not resource:
            continue
        handler = find(resource)
        if handler is None and aws is None:
            why = (
                f"{state.pointer}/{field}/Resource: {resource} needs the stand-ins "
                "(resources=Resources({...}, aws=LocalAWS(folder))) or a handler"
            )
            missing.append((f"{state.pointer}/{field}", why))
            continue
        client = aws.client("s3") if handler is None and aws is not None else None
        table[f"{state.pointer}/{field}"] = (
            Reader(resource, client, handler) if field == "ItemReader" else Writer(client, handler)
        )
    return missing
