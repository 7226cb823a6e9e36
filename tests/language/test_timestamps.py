"""RFC 3339 as AWS reads it."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asl_local.language.timestamps import parse_rfc3339

GOOD = {
    "1970-01-01T00:00:00Z": 0,
    "2016-12-05T21:29:29Z": 1480973369,
    "2016-12-05T21:29:29.5Z": 1480973369.5,
    "2016-12-05T21:29:29.000000001Z": 1480973369.000000001,
    "2016-12-05T22:29:29+01:00": 1480973369,
    "2016-12-05T16:59:29-04:30": 1480973369,
    "2016-02-29T00:00:00+00:00": 1456704000,
    "1969-12-31T23:59:59Z": -1,
    "2094-12-11T05:08:02.000Z": 3942882482,
    "0001-01-01T00:00:00Z": -62135596800,
}


@pytest.mark.parametrize("text", GOOD)
def test_reads(text):
    assert parse_rfc3339(text) == GOOD[text]


@pytest.mark.parametrize(
    "text",
    [
        "", "2016-12-05", "2016-12-05 21:29:29Z", "2016-12-05T21:29:29", "2016-13-05T21:29:29Z", "2016-12-05T25:29:29Z",
        "2016-12-05T24:00:00Z", "2016-12-05T21:60:00Z", "2016-12-05T21:29:60Z", "05-12-2016T21:29:29Z", "2015-02-29T00:00:00Z",
        "2016-12-05t21:29:29Z", "2016-12-05T21:29:29z", "2016-12-05T21:29Z", "2016-12-05T21:29:29.Z", "2016-12-05T21:29:29+01",
        "2016-12-05T21:29:29+0100", "2016-12-05T21:29:29+19:00", "2016-12-05T21:29:29+18:01", "2016-12-05T21:29:29.0000000001Z",
        "0000-01-01T00:00:00Z", " 2016-12-05T21:29:29Z", "2016-12-05T21:29:29Z\n", "２016-12-05T21:29:29Z", "1480973369",
    ],
)  # fmt: skip
def test_refuses(text):
    assert parse_rfc3339(text) is None


@given(
    st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31)),
    st.integers(-18 * 60, 18 * 60),
)
def test_agrees_with_datetime(moment, offset):
    moment = moment.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=offset)))
    assert parse_rfc3339(moment.isoformat()) == moment.timestamp()
