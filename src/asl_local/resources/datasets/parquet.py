"""Parquet files -> items: a row group at a time, a column's name a member's.

Knows: how Parquet's values look as JSON. Must never know: where the bytes come from.
pyarrow is in the extra `datasets` and is imported when a Parquet file is read. Its reader jumps about in the file, so the
object goes to a temporary file first: on disk, not in memory.
"""

from __future__ import annotations

import base64
import math
import shutil
import tempfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from asl_local.resources.datasets.text_formats import Item, failed
from asl_local.values import Json

_ROWS = 1_000  # rows that are in memory at a time


def parquet_items(stream: Any) -> Iterator[Item]:
    """One object a row. Times are ISO 8601 text, decimals numbers, bytes base64 text, NaN is null.

    Raises StateError (States.ItemReaderFailed) for a file that is none, or without pyarrow.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 - in an extra, only when used
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError:
        raise failed("Parquet files need pyarrow: pip install 'asl-local[datasets]'") from None
    with tempfile.TemporaryFile() as file:
        try:
            shutil.copyfileobj(stream, file)
            file.seek(0)
            for batch in parquet.ParquetFile(file).iter_batches(batch_size=_ROWS):
                for row in batch.to_pylist():
                    yield Item(_plain(row))
        except (pa.ArrowException, OSError) as error:
            raise failed(f"The object is not a Parquet file that can be read: {error}") from None
        finally:
            stream.close()


def _plain(value: Any) -> Json:
    if isinstance(value, dict):
        return {str(name): _plain(member) for name, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Decimal):
        value = int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, (str, bool, int, float)) else str(value)
