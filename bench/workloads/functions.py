"""The functions that Task states of the workloads call, by the last part of their ARN; bench/peers/functions.mjs has
the same.

Knows: nothing. Must never know: who calls them (interpreters, ours and others', and the floors).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

ARN = "arn:aws:lambda:us-east-1:123456789012:function:"


def count_up(event: dict[str, Any]) -> dict[str, Any]:
    return {"count": event["count"] + 1}


def weigh(parcel: dict[str, Any]) -> dict[str, Any]:
    return {"parcel": parcel["parcel"], "grams": parcel["parcel"] * 3 + 100}


def stamp(parcel: dict[str, Any]) -> dict[str, Any]:
    return {"parcel": parcel["parcel"], "grams": parcel["grams"], "cents": parcel["grams"] // 10}


def label(parcel: dict[str, Any]) -> dict[str, Any]:
    return {"parcel": parcel["parcel"], "label": f"P{parcel['parcel']}"}


def insure(parcel: dict[str, Any]) -> dict[str, Any]:
    return {"insured": parcel["cents"] > 20, "cents": parcel["cents"] + 5}


def hand_over(both: list[dict[str, Any]]) -> dict[str, Any]:
    return {"label": both[0]["label"], "cents": both[1]["cents"], "insured": both[1]["insured"]}


FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "CountUp": count_up,
    "Weigh": weigh,
    "Stamp": stamp,
    "Label": label,
    "Insure": insure,
    "HandOver": hand_over,
}
