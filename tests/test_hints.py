"""Annotations of public names can be evaluated, though a start imports none of the names in them."""

from __future__ import annotations

import functools
import importlib
import inspect
import json
import subprocess
import sys
import typing
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

import asl_local

# Where users find names: the package, and the rooms that the docs import from.
HOMES = (
    "asl_local", "asl_local.drivers", "asl_local.engine", "asl_local.mock", "asl_local.reporters", "asl_local.reporters.live",
    "asl_local.resources", "asl_local.strategies", "asl_local.testing.counterexamples", "asl_local.testing.coverage",
    "asl_local.testing.exploring",
)  # fmt: skip


def public() -> Iterator[tuple[str, Any]]:
    for home in HOMES:
        module = importlib.import_module(home)
        names = getattr(module, "__all__", None) or [name for name in vars(module) if not name.startswith("_")]
        for name in names:
            found = getattr(module, name)
            if inspect.isclass(found) or inspect.isroutine(found):
                yield f"{home}.{name}", found


PUBLIC = {name: found for name, found in public() if found.__module__.startswith("asl_local")}


def functions(cls: type) -> Iterator[tuple[str, Any]]:
    """Every function of a class: methods, its own and inherited ones, and those that properties are made of."""
    for name in dir(cls):
        if name.startswith("_") and name not in (
            "__call__",
            "__enter__",
            "__getitem__",
            "__init__",
            "__iter__",
            "__new__",
        ):
            continue
        found = inspect.getattr_static(cls, name)
        if isinstance(found, property):
            for way in (found.fget, found.fset):
                if way is not None:
                    yield name, way
        elif isinstance(found, functools.cached_property):
            yield name, found.func
        elif inspect.isfunction(of := inspect.unwrap(getattr(cls, name))) and of.__module__.startswith("asl_local"):
            yield name, of


@pytest.mark.parametrize("found", PUBLIC.values(), ids=PUBLIC.keys())
def test_annotations_can_be_evaluated(found: Any) -> None:
    looked_at = [("", found), *functions(found)] if inspect.isclass(found) else [("", found)]
    for name, each in looked_at:
        hints = typing.get_type_hints(each)
        assert not [what for what in hints.values() if isinstance(what, (str, typing.ForwardRef))], name
        if name:
            inspect.signature(each, eval_str=True)


def test_they_are_the_types_themselves() -> None:
    simulate = typing.get_type_hints(asl_local.Machine.simulate)
    assert simulate["input"] is Any
    assert simulate["return"] is asl_local.Result
    assert simulate["start"] == datetime | float
    assert typing.get_type_hints(asl_local.Result)["exception"] == BaseException | None
    assert inspect.signature(asl_local.Result, eval_str=True).parameters["history"].annotation is asl_local.History


@pytest.mark.parametrize(
    "looked_at",
    [
        "typing.get_type_hints(type(result))",
        "typing.get_type_hints(type(result).__init__)",
        "typing.get_type_hints(type(machine).run)",
        "typing.get_type_hints(type(machine).explore)",
        "typing.get_type_hints(type(execution).result)",
        "typing.get_type_hints(type(result.execution.outcome).__new__)",
        "inspect.signature(type(machine).explore, eval_str=True)",
        # As pydantic does: a field's own type, and what a method says of itself and its class's module.
        "[eval(field.type, module(type(result))) for field in dataclasses.fields(type(result))]",
        "[eval(text, module(type(machine))) for text in type(machine).start.__annotations__.values()]",
    ],
)
def test_also_of_what_was_given_and_not_imported(looked_at: str) -> None:
    definition = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
    script = f"""if True:
        import asl_local
        machine = asl_local.load({json.dumps(definition)!r})
        result = machine.run()
        execution = machine.start()
        import dataclasses, inspect, sys, typing
        module = lambda cls: vars(sys.modules[cls.__module__])
        assert {looked_at}
    """
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_start_finds_no_names() -> None:
    script = "import sys, asl_local; asl_local.Machine; print('asl_local.lazy.hints' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
