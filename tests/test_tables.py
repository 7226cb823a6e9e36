"""The tables name the same things, from the grammar down to the stand-ins."""

from __future__ import annotations

import dataclasses
import inspect
import re
from pathlib import Path
from typing import Any

import pytest

import asl_local
from asl_local import errors
from asl_local.definition import grammar, model
from asl_local.definition.resource_arns import OPTIMISED
from asl_local.engine import children, states
from asl_local.engine.history import EVENTS
from asl_local.engine.messages import TASKS, Command, Stimulus
from asl_local.plan import plan
from asl_local.plan import states as compiling
from asl_local.plan.requests import FIELDS
from asl_local.resources.integrations import INTEGRATIONS, actions, operation
from asl_local.resources.integrations.envelope import OPTIMISED_WORDS, words_of

TYPES = set(grammar.STATE_TYPES)
ENGINE = Path(inspect.getfile(states)).parent


def test_every_table_has_every_state_type() -> None:
    assert len(TYPES) == len(grammar.STATE_TYPES) == 8
    assert set(model.STATE_TYPES) == TYPES
    assert set(compiling.COMPILERS) == TYPES
    assert set(states.WORK) == TYPES
    assert all(kind.type == name for name, kind in model.STATE_TYPES.items())


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_every_supported_field_of_the_grammar_is_a_field_of_the_model(kind: str) -> None:
    names = {field.name for field in dataclasses.fields(model.STATE_TYPES[kind])}
    synonyms = (
        {"Parameters": "item_selector", "Iterator": "processor", "ItemProcessor": "processor"} if kind == "Map" else {}
    )
    for row in grammar.rows():
        if row.owner == kind and row.language != "JSONata" and row.name not in ("Type", "QueryLanguage"):
            assert synonyms.get(row.name, model.snake(row.name)) in names, row.name


@pytest.mark.parametrize("owner", ["Retrier", "Catcher"])
def test_retriers_and_catchers_have_the_grammars_fields(owner: str) -> None:
    known = {field.name for field in dataclasses.fields(getattr(model, owner))} | {"comment"}
    rows = [row for row in grammar.rows() if row.owner == owner]
    assert rows
    for row in rows:
        if row.language != "JSONata":
            assert model.snake(row.name) in known


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_every_state_type_has_its_events(kind: str) -> None:
    assert f"{kind}StateEntered" in EVENTS
    assert (f"{kind}StateExited" in EVENTS) is (kind != "Fail")
    assert (f"{kind}StateAborted" in EVENTS) is (kind in children._ABORTABLE)
    for how in ("Started", "Succeeded", "Failed"):
        assert (f"{kind}State{how}" in EVENTS) is (kind in ("Parallel", "Map"))


def test_details_have_the_members_that_aws_gives_them() -> None:
    for name, (member, details) in EVENTS.items():
        assert bool(member) is bool(details), name
        if name.endswith(("StateEntered", "StateExited")):
            assert member in ("stateEnteredEventDetails", "stateExitedEventDetails")
        elif member:
            assert member == f"{name[0].lower()}{name[1:]}EventDetails"
        assert len(set(details)) == len(details)


def test_botocore_knows_every_event_and_detail() -> None:
    session = pytest.importorskip("botocore.session").get_session()
    service = session.get_service_model("stepfunctions")
    shape = service.shape_for("HistoryEvent")
    kinds = service.shape_for("HistoryEventType").enum
    for name, (member, details) in EVENTS.items():
        assert name in kinds
        if member:
            assert set(details) <= set(shape.members[member].members)


def test_the_engine_writes_only_events_of_the_table() -> None:
    text = "".join(path.read_text("utf-8") for path in ENGINE.glob("*.py") if path.name != "history.py")
    written = set(re.findall(r'history\.add\w*\(\s*"(\w+)"', text))
    assert written
    assert written <= set(EVENTS)


def test_a_timer_means_something_for_whatever_is_waited_for() -> None:
    text = "".join(path.read_text("utf-8") for path in ENGINE.glob("*.py"))
    waits = set(re.findall(r'(?:suspend|sleep)\((?:x, )?strand, "(\w+)"', text))
    assert waits | set(TASKS) == set(states.FIRED)


def test_every_stimulus_has_a_place_in_the_execution() -> None:
    text = (ENGINE / "doors" / "receiving.py").read_text("utf-8")
    names = [kind.__name__ for kind in Stimulus.__args__]
    for name in names:
        assert f"def _{name.lower()}(" in text or re.search(rf"isinstance\(stimulus, [^:]*\b{name}\b", text), name
    assert {kind.__name__ for kind in Command.__args__} == {"Call", "Timer", "Cancel"}


def test_names_of_errors_are_spelt_once() -> None:
    names = {value for name, value in vars(errors).items() if name.isupper() and isinstance(value, str)}
    assert all(value.startswith("States.") for value in names)
    source = ENGINE.parent
    for path in [*source.glob("engine/*.py"), *source.glob("plan/*.py"), *source.glob("drivers/*.py")]:
        body = re.sub(r'"""(.|\n)*?"""|#.*', "", path.read_text("utf-8"))
        assert not re.search(r'"States\.\w+"', body), f"{path.name} spells an error's name out"


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return asl_local.LocalAWS(tmp_path_factory.mktemp("aws"))


@pytest.mark.parametrize("service", sorted(INTEGRATIONS))
def test_an_integration_has_a_client_with_real_methods(service: str, aws: Any) -> None:
    integration = INTEGRATIONS[service]
    assert words_of(service).sdk is service.startswith("aws-sdk:")
    client = aws.client(integration.client)
    for helper in ("meta", "_root", "read", "downloadFile", "getPaginator", "__init__", "exceptions", ""):
        assert operation(aws, integration.client, helper) is None
    offered = actions(aws, integration)
    assert offered == sorted(integration.actions or offered)
    for action in offered:
        method = operation(aws, integration.client, action)
        assert method is not None
        assert method.__self__ is client  # type: ignore[attr-defined]


def test_optimised_integrations_have_the_actions_that_the_definition_may_name() -> None:
    for service, integration in INTEGRATIONS.items():
        if not words_of(service).sdk:
            assert integration.actions == frozenset(OPTIMISED[service])
    assert {name for name in INTEGRATIONS if not name.startswith("aws-sdk:")} <= set(OPTIMISED)
    assert set(OPTIMISED_WORDS) == set(OPTIMISED)
    assert {(service, action) for service, action in FIELDS} <= {(s, a) for s in OPTIMISED for a in OPTIMISED[s]}


def test_the_longest_delay_is_the_grammars() -> None:
    assert plan.LONGEST_DELAY == grammar.LONGEST_DELAY
