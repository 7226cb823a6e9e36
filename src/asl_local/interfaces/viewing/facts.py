"""What somebody says of an execution besides its history: DescribeExecution's answer, or a record of `asl-local run`.

Knows: those members. Must never know: how a run is read off a history, or shown.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeAlias

from asl_local.errors import InvalidHistory
from asl_local.reporters.visits.model import Run
from asl_local.values import Json

Described: TypeAlias = "str | os.PathLike[str] | Mapping[str, Any]"
"""DescribeExecution's answer: a path, its JSON text, or the answer itself."""

_STATUSES: Final = ("RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE")


def described(given: Described) -> Mapping[str, Any]:
    """DescribeExecution's answer. Raises InvalidHistory for what is none, OSError for a file that is not there."""
    source = "the execution"
    if isinstance(given, (str, os.PathLike)):
        text = given if isinstance(given, str) and given.lstrip().startswith("{") else None
        source = source if text is not None else str(given)
        try:
            given = json.loads(Path(source).read_bytes() if text is None else text)
        except (ValueError, RecursionError) as error:
            raise InvalidHistory(f"{source}: not JSON: {error}") from None
    if not isinstance(given, Mapping) or "status" not in given:
        raise InvalidHistory(f"{source}: there is no `status`: is it the output of describe-execution?")
    return given


def tell(run: Run, facts: Mapping[str, Any], *, text: bool) -> None:
    """Put the facts into a run that was read off a history; where the two differ, the facts count.

    `text` says that input and output are JSON text, as AWS has them; in a record they are values.
    """
    if facts.get("status") in _STATUSES:
        run.status = facts["status"]
    arn = str(facts.get("executionArn") or "")
    names = arn.split(":")[6:]  # of the machine and of the execution
    run.arn = arn or run.arn
    run.name = str(facts.get("name") or (names[1] if len(names) > 1 else "") or run.name)
    run.machine = (names[0] if names else "") or run.machine
    machine = str(facts.get("stateMachineVersionArn") or facts.get("stateMachineArn") or "")
    if machine:
        run.machine_arn = machine
        run.machine = machine.partition(":stateMachine:")[2].partition(":")[0] or run.machine
    run.type = "EXPRESS" if ":express:" in arn else run.type
    run.virtual = bool(facts.get("simulated", run.virtual))
    run.started = _moment(facts.get("startDate"), run.started)
    run.stopped = _moment(facts.get("stopDate"), run.stopped)
    for member in ("error", "cause"):
        if isinstance(facts.get(member), str):
            setattr(run, member, facts[member])
    for member in ("input", "output"):
        if facts.get(member) is not None:
            setattr(run, member, _value(facts[member], text=text))
    run.notes += _sentences(facts)


def _sentences(facts: Mapping[str, Any]) -> Iterator[str]:
    count = facts.get("redriveCount")
    if isinstance(count, int) and count > 0:
        yield f"It was redriven {'once' if count == 1 else f'{count} times'}."
    if facts.get("stateMachineAliasArn"):
        yield f"It was started through the alias {facts['stateMachineAliasArn']}."
    if facts.get("mapRunArn"):
        yield f"It is a child of the Map Run {facts['mapRunArn']}."


def _value(given: Any, *, text: bool) -> Json:
    if not text or not isinstance(given, str):
        return given
    try:
        return json.loads(given)
    except (ValueError, RecursionError):
        return given


def _moment(given: Any, otherwise: float | None) -> float | None:
    """Epoch seconds of ISO text, of a number or of a datetime."""
    if isinstance(given, (int, float)) and not isinstance(given, bool):
        return float(given)
    try:
        moment = given if isinstance(given, datetime) else datetime.fromisoformat(given)
    except (TypeError, ValueError):
        return otherwise
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


__all__ = ["Described", "described", "tell"]
