"""`asl_local.replay`: a recorded execution under today's definition.

Knows: definitions, machines and Results. Must never know: how a recording is driven or compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from asl_local.definition import FoundDefinition
from asl_local.engine import Limits
from asl_local.errors import InvalidDefinition
from asl_local.interfaces.machine import Definition, Machine, load
from asl_local.interfaces.result import Result, result_of
from asl_local.lazy import hinted, replace
from asl_local.reporters.recorded import Given
from asl_local.testing.replaying import Recording, Replay, read, replayed

_EXECUTION = "recorded"  # the execution's own name is not in its history


def replay(
    history: Given | Result,
    definition: Definition | FoundDefinition | Machine,
    *,
    level: str = "path",
    substitutions: Mapping[str, Any] | None = None,
    name: str | None = None,
    type: str | None = None,
    limits: Limits | None = None,
) -> Replay:
    """Does an execution that was recorded take the same path with this definition? Nothing is called, nothing waits.

    `history` is the output of `aws stepfunctions get-execution-history`: a path, JSON text, its `events` from boto3 or
    from the CLI, one page or a list of them; or a Result or its history. `definition` is whatever `load` takes, or a
    Machine; `substitutions`, `name` and `type` as in `load`. What the history says of the
    outside (what tasks answered, what timed out and when, who stopped it) drives the machine; what the machine does is
    compared. `level` says how closely: "path" (states entered and left, their data, and the end), "events" (every event
    of each line of control, with its details), "exact" (their order and ids, too).
    Raises InvalidHistory for what is no history, or one without its data; InvalidDefinition and DefinitionNotFound.
    """
    machine = (
        definition.of_type(type)
        if isinstance(definition, Machine)
        else load(definition, substitutions=substitutions, name=name, type=type)
    )
    if machine.unresolved:
        raise InvalidDefinition(machine.unresolved, machine.name)
    recording = read(history.history if isinstance(history, Result) else history)
    who = replace(machine.identity(_EXECUTION), **_who(recording))
    outcome = replayed(recording, machine, identity=who, level=level, limits=limits)
    execution = outcome.execution
    if not outcome.agrees or execution is None or execution.outcome is None:
        return outcome
    return replace(outcome, result=result_of(execution, execution.outcome, virtual=True))


def _who(recording: Recording) -> dict[str, Any]:
    """What a history tells of names: the role, and the region where a task was scheduled."""
    role = recording.events[0].details.get("roleArn")
    regions = [event.details["region"] for event in recording.events if event.details.get("region")]
    return {**({"role_arn": role} if role else {}), **({"region": regions[0]} if regions else {})}


__all__ = ["replay"]

hinted(globals())
