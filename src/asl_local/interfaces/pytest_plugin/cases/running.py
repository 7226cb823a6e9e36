"""A case -> the result of its execution, and what of it was expected otherwise.

Knows: machines, mocks, results. Must never know: pytest, or how a case file is written.
"""

from __future__ import annotations

import importlib
import inspect
import os
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from asl_local.definition.diagnostics import did_you_mean
from asl_local.definition.json_text import escape
from asl_local.engine import Limits
from asl_local.errors import AslError
from asl_local.interfaces.pytest_plugin.cases.reading import Case
from asl_local.interfaces.pytest_plugin.differences import differences, named, shown, ways
from asl_local.interfaces.pytest_plugin.loading import Load
from asl_local.interfaces.result import Result
from asl_local.reporters import Event
from asl_local.reporters.timeline import Places
from asl_local.values import Json

_CLOSE = 1e-6  # seconds that are the same moment


class CannotRun(AslError):
    """A case that names what there is not: `field` says which of its fields, the text why."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


def run(case: Case, load: Load) -> Result:
    """Simulate the case's machine. Raises CannotRun for what the case names and there is not, else as `simulate` does."""
    fields = case.fields
    definition = fields["definition"]
    machine = load(
        load.place(definition) if isinstance(definition, str) else definition,
        name=fields.get("name"),
        type=fields.get("type"),
        substitutions=fields.get("substitutions"),
    )
    given: dict[str, Any] = {}
    for name in ("seed", "test_case"):
        if name in fields:
            given[name] = fields[name]
    if "start" in fields:
        start = fields["start"]
        given["start"] = datetime.fromisoformat(start) if isinstance(start, str) else start
    if "limits" in fields:
        given["limits"] = Limits(**fields["limits"])
    if "mock_config" in fields:
        given["mock_config"] = load.place(fields["mock_config"])
    if "mocks" in fields:
        given["mocks"] = mocks(fields["mocks"], load)
    with _resources(case) as resources:
        return machine.simulate(fields.get("input", {}), resources, **given)


# ------------------------------------------------------------------------------------------------------------- mocks


def mocks(written: Mapping[str, Json], load: Load) -> dict[str, Any]:
    """The mocks of a case file as those of `Machine.simulate`."""
    return {state: _mock(each, load) for state, each in written.items()}


def _mock(written: Mapping[str, Json], load: Load) -> Any:
    from asl_local import mock  # noqa: PLC0415 - not every case has one

    def inner(each: Mapping[str, Json]) -> Any:
        return _mock(each, load)

    beside = {name: inner(written[name]) for name in ("then", "otherwise") if name in written}
    made: Any
    if "answer" in written:
        made = written["answer"]
    elif "payload" in written:
        made = mock.payload(written["payload"])
    elif "throws" in written:
        made = mock.throws(written["throws"]["error"], written["throws"].get("cause", ""))
    elif "sequence" in written:
        made = mock.sequence(*map(inner, written["sequence"]), **beside)
    elif "by_attempt" in written:
        made = mock.by_attempt(*map(inner, written["by_attempt"]), **beside)
    elif "by_item" in written:
        items: dict[int | tuple[int, ...], Any] = {
            tuple(map(int, at.split(","))): inner(each) for at, each in written["by_item"].items()
        }
        made = mock.by_item(items, **beside)
    elif "by_input" in written:
        made = mock.by_input(*((each["when"], inner(each)) for each in written["by_input"]), **beside)
    elif "recorded" in written:
        made = mock.recorded(os.fspath(load.place(written["recorded"])))
    else:
        made = mock.hangs() if "hangs" in written else mock.real()
    if "heartbeats" in written:
        made = mock.heartbeats(written["heartbeats"]["every"], written["heartbeats"]["times"], made)
    return mock.after(written["after"], made) if "after" in written else made


# --------------------------------------------------------------------------------------------------------- resources


@contextmanager
def _resources(case: Case) -> Iterator[Any]:
    """What a case's `resources` names: a value, or what a function makes of nothing or of a folder."""
    if "resources" not in case.fields:
        yield None
        return
    found: Any = _named(case.fields["resources"], case.text.path.parent)
    makes: bool = inspect.isroutine(found) or inspect.isclass(found)
    if not makes:
        yield found
    elif inspect.signature(found).parameters:
        with tempfile.TemporaryDirectory(prefix="asltest-") as folder:
            yield found(Path(folder))
    else:
        yield found()


def _named(reference: str, folder: Path) -> Any:
    module_name, colon, name = reference.partition(":")
    if not colon or not name or not module_name:
        raise CannotRun("resources", f"resources is written module:name, not {reference!r}")
    module = _module(module_name, folder)
    try:
        found = module
        for part in name.split("."):
            found = getattr(found, part)
    except AttributeError:
        raise CannotRun("resources", f"the module {module_name} has no {name!r}") from None
    return found


def _module(name: str, folder: Path) -> Any:
    """The module of that name; one that lies beside the case file counts as well as one that is installed."""
    beside = folder.joinpath(*name.split("."))
    files = [beside.with_suffix(".py"), beside / "__init__.py"]
    there = next((file for file in files if file.is_file()), None)
    if there is not None and str(folder) not in sys.path:
        sys.path.insert(0, str(folder))  # as pytest does for test files
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise  # the module is there, and imports what is not
        raise CannotRun("resources", f"there is no module {name!r}, neither in {folder} nor on Python's path") from None
    found = getattr(module, "__file__", None)
    if there is not None and found is not None and Path(found).resolve() != there.resolve():
        raise CannotRun("resources", f"the module {name!r} is {found} by now, and not {there}; rename one of the two")
    return module


# ------------------------------------------------------------------------------------------------------- expectations


def unmet(expect: Mapping[str, Json], result: Result) -> Iterator[tuple[str, str]]:
    """What was expected otherwise: (JSON pointer within `expect`, words); nothing if all is as expected."""
    if not {"status", "error", "cause", "cause_matches"} & set(expect):
        expect = {"status": "SUCCEEDED", **expect}
    for name, wanted in expect.items():
        for pointer, words in _CHECKS[name](wanted, result):
            yield f"/{name}{pointer}", f"{name}{words}"


_Said = Iterator[tuple[str, str]]


def _text(wanted: Json, found: str | None) -> _Said:
    if wanted != found:
        yield "", f": expected {shown(wanted)}, got {shown(found)}"


def _status(wanted: Json, result: Result) -> _Said:
    return _text(wanted, result.status)


def _error(wanted: Json, result: Result) -> _Said:
    return _text(wanted, result.error)


def _cause(wanted: Json, result: Result) -> _Said:
    return _text(wanted, result.cause)


def _cause_matches(wanted: Json, result: Result) -> _Said:
    if re.search(wanted, result.cause or "", re.DOTALL) is None:
        yield "", f": {shown(wanted)} is not in {shown(result.cause)}"


def _output(wanted: Json, result: Result, *, partial: bool = False) -> _Said:
    if result.status != "SUCCEEDED":
        yield "", f": there is none, the execution is {result.status}"
        return
    for pointer, path, words in differences(wanted, result.output, partial=partial):
        yield pointer, f" at {path}: {words}" if path != "$" else f": {words}"


def _output_has(wanted: Json, result: Result) -> _Said:
    return _output(wanted, result, partial=True)


def _path(wanted: Json, result: Result) -> _Said:
    parting = ways(wanted, result.path)
    if parting:
        at = next((i for i, (a, b) in enumerate(zip(wanted, result.path, strict=False)) if a != b), len(result.path))
        yield f"/{at}" if at < len(wanted) else "", f": {parting}"


def _seconds(wanted: Json, result: Result) -> _Said:
    if abs(result.seconds - wanted) > _CLOSE:
        yield "", f": expected {wanted:g}, got {result.seconds:g}"


def _calls(wanted: Json, result: Result) -> _Said:
    assert result.execution is not None
    plan = result.execution.plan
    places = Places(plan)
    found = Counter(place.state for event in result.history if (place := places.of(event)) and _is_call(event))
    tasks = {state.name: state.pointer for state in plan.tasks()}
    children = [state.pointer for state in plan.states.values() if state.distributed is not None]
    for name, count in wanted.items():
        if name not in tasks:
            hint = did_you_mean(name, tasks) or f"there are {', '.join(tasks)}"
            yield f"/{escape(name)}", f": there is no Task {name!r} ({hint})"
        elif any(tasks[name].startswith(f"{pointer}/") for pointer in children):
            yield f"/{escape(name)}", f": {name!r} is in a Distributed Map, whose children have histories of their own"
        elif found[name] != count:
            yield f"/{escape(name)}", f" of {name}: expected {count}, got {found[name]}"


def _is_call(event: Event) -> bool:
    return event.type in ("LambdaFunctionScheduled", "TaskScheduled", "ActivityScheduled")


def _events(wanted: Json, result: Result) -> _Said:
    """Each event in its turn: the first that does not come after those before it is told, with the nearest that does."""
    events = list(result.history)
    at = 0
    for number, each in enumerate(wanted):
        found = next((i for i in range(at, len(events)) if not _unlike(each, events[i])), None)
        if found is None:
            near = [event for event in events[at:] if event.type == each["type"]]
            said = f"; {named(near[0])} has {_unlike(each, near[0])}" if near else _no_such(each["type"], events, at)
            yield f"/{number}", f"[{number}]: no {_event(each)}{f' after event {at}' if at else ''}{said}"
            return
        at = found + 1


def _no_such(kind: str, events: list[Event], at: int) -> str:
    if any(event.type == kind for event in events[:at]):
        return "; there is one before, and events are listed in their order"
    return f"; there is no {kind} at all"


def _event(wanted: Mapping[str, Json]) -> str:
    details = {name: value for name, value in wanted.items() if name != "type"}
    return f"{wanted['type']}{f' with {shown(details)}' if details else ''}"


def _unlike(wanted: Mapping[str, Json], event: Event) -> str:
    """How an event differs from what is wanted; "" if it does not."""
    if wanted["type"] != event.type:
        return f"type {event.type}"
    details = {name: value for name, value in wanted.items() if name != "type"}
    return "; ".join(f"{path[2:]}: {words}" for _, path, words in differences(details, event.details, partial=True))


_CHECKS: Mapping[str, Callable[[Json, Result], _Said]] = {
    "status": _status,
    "output": _output,
    "output_has": _output_has,
    "error": _error,
    "cause": _cause,
    "cause_matches": _cause_matches,
    "path": _path,
    "seconds": _seconds,
    "calls": _calls,
    "events": _events,
}

__all__ = ["CannotRun", "mocks", "run", "unmet"]
