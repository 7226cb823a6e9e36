"""RFC 3339 timestamps as AWS reads them: text -> epoch seconds.

Knows: the calendar. Must never know: the time of day it is now, or what waits for a timestamp.
"""

from __future__ import annotations

import re
from datetime import date

from asl_local.lazy import pattern

# Full date, capital T, full time, zone. States Language specification, "Timestamps": RFC 3339 with the further
# restriction that T separates date and time and that Z stands where there is no numeric offset. AWS reads them as
# Java's ISO-8601 extended offset date-time, which knows at most nine digits of a second and no leap second.
_TIMESTAMP = pattern(
    r"(\d{4})-(\d{2})-(\d{2})T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(\.\d{1,9})?(?:Z|([+-])(0\d|1[0-8]):([0-5]\d))",
    re.ASCII,
)
_EPOCH = date(1970, 1, 1).toordinal()
_LARGEST_OFFSET = 18 * 60  # minutes; java.time.ZoneOffset


def parse_rfc3339(text: str) -> float | None:
    """Seconds since 1970-01-01T00:00:00Z, or None if the text is no timestamp by AWS's rules.

    `2016-12-05T21:29:29Z`, with fractions of a second and with an offset (`+01:00`) as well; no blank for the T,
    no lower-case letters, no missing zone, no day that the calendar does not have.
    """
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = map(int, match.group(1, 2, 3, 4, 5, 6))
    try:
        days = date(year, month, day).toordinal() - _EPOCH
    except ValueError:
        return None
    seconds = float(((days * 24 + hour) * 60 + minute) * 60 + second)
    if match[7]:
        seconds += float(match[7])
    if match[8]:
        offset = int(match[9]) * 60 + int(match[10])
        if offset > _LARGEST_OFFSET:
            return None
        seconds -= offset * 60 if match[8] == "+" else -offset * 60
    return seconds
