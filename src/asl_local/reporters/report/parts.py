"""Pieces of the report's HTML: text that is safe to put in, icons, badges, times, JSON as people read it.

Knows: how one value reads. Must never know: runs, or where on the page a piece stands.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape
from typing import Final

from asl_local.values import LATEST, Json, indented

_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""What HTML must not hold (control characters) or UTF-8 cannot (lone surrogates)."""

_UNSEEN = re.compile(
    "[\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
"""What nobody sees, or what turns the letters around it; not the joiners that scripts and pictures need (json.js has
the same).
"""

_UNSAFE_IN_SCRIPT = re.compile("[<>&\x7f-\x9f\ud800-\udfff\u2028\u2029\ufffe\uffff]")

_SHOWN: Final = 20_000
"""Characters of a JSON text that a page without its script shows."""

_PATHS: Final = {
    "succeeded": '<circle cx="8" cy="8" r="6.5"/><path d="M5 8.2l2.1 2.1L11 6.2"/>',
    "failed": '<path d="M5.3 1.5h5.4l3.8 3.8v5.4l-3.8 3.8H5.3l-3.8-3.8V5.3z"/><path d="M5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4"/>',
    "caught": '<circle cx="8" cy="8" r="6.5"/><path d="M8 4.4v4.2M8 11.4v.1"/>',
    "timed-out": '<circle cx="8" cy="8" r="6.5"/><path d="M8 4.3V8l2.6 1.7"/>',
    "aborted": '<circle cx="8" cy="8" r="6.5"/><path d="M5 8h6"/>',
    "running": '<circle cx="8" cy="8" r="6.5"/><path d="M6.5 5.2L11 8l-4.5 2.8z"/>',
    "unreached": '<circle cx="8" cy="8" r="6.5" stroke-dasharray="2 2.4"/>',
    "retried": '<path d="M13.2 6.2A5.6 5.6 0 1 0 13.6 9"/><path d="M13.6 2.6v3.6H10"/>',
}


def text(value: str) -> str:
    """The text for HTML, also in quoted attributes; what a file cannot hold is shown as U+FFFD."""
    return escape(_UNFIT.sub("\ufffd", value))


def script_json(value: Json) -> str:
    """The value for a script element that is never run: nothing in it ends the element, and UTF-8 can hold it."""
    plain = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return _UNSAFE_IN_SCRIPT.sub(lambda found: f"\\u{ord(found[0]):04x}", plain)


def icons(marks: Mapping[str, str]) -> str:
    """The shapes that `icon` and the page's script show: one per outcome, so that none is told by its colour alone.

    `marks` are the paths of those in the graph, by kind.
    """
    shapes = {f"icon-{kind}": path for kind, path in _PATHS.items()}
    shapes |= {f"mark-{kind}": f'<path d="{path}"/>' for kind, path in marks.items()}
    symbols = "".join(f'<symbol id="{name}" viewBox="0 0 16 16">{shape}</symbol>' for name, shape in shapes.items())
    return f'<svg class="unseen" aria-hidden="true">{symbols}</svg>'


def icon(kind: str) -> str:
    """An outcome's shape."""
    return f'<svg class="icon" aria-hidden="true"><use href="#icon-{kind}"/></svg>'


def kind_of(word: str) -> str:
    """The CSS class of an outcome (`timed out`) or of AWS's status (`TIMED_OUT`)."""
    return word.lower().replace("_", "-").replace(" ", "-")


def badge(word: str, *, big: bool = False) -> str:
    """A word in its colour with its shape."""
    kind = kind_of(word)
    return f'<span class="badge {kind}{" big" if big else ""}">{icon(kind)}{text(word)}</span>'


def moment(at: float | None) -> str:
    """Epoch seconds as date and time in UTC, with milliseconds; "" for None."""
    if at is None:
        return ""
    when = datetime.fromtimestamp(max(0.0, min(at, LATEST)), UTC)
    return f"{when:%Y-%m-%d %H:%M:%S}.{when.microsecond // 1000:03d}"


def duration(seconds: float) -> str:
    """Seconds as people say them: "340 ms", "2.5 s", "4 min 10 s", "3 h 5 min"."""
    if seconds < 0.0005:
        return "0 ms"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{round(seconds, 2 if seconds < 9.995 else 1):g} s"
    whole = round(seconds)
    counts = [(whole // 86_400, "d"), (whole // 3600 % 24, "h"), (whole // 60 % 60, "min"), (whole % 60, "s")]
    first = next(place for place, (count, _) in enumerate(counts) if count)
    return " ".join(f"{count} {unit}" for count, unit in counts[first : first + 2] if count)


def counted(number: int) -> str:
    """A whole number with commas between its thousands, as the page's script writes them."""
    return f"{number:,}"


def json_block(value: Json) -> str:
    """A value as indented JSON, cut where it is very long."""
    shown = _UNSEEN.sub(
        lambda found: json.dumps(found[0])[1:-1] if found[0] > "\x7f" else "\\u007f",
        indented(value),
    )
    if len(shown) <= _SHOWN:
        return f"<pre>{text(shown)}</pre>"
    return f'<pre>{text(shown[:_SHOWN])}</pre><p class="muted">… and {counted(len(shown) - _SHOWN)} characters more</p>'


__all__ = ["badge", "counted", "duration", "icon", "icons", "json_block", "kind_of", "moment", "script_json", "text"]
