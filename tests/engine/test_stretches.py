"""Stretches: states that were visited often, done as one function, and what becomes of one in which something
is unusual.
"""

from __future__ import annotations

import dataclasses
import sys
import traceback
from decimal import Decimal
from enum import Enum
from typing import Any
from unittest.mock import MagicMock

import pytest

import asl_local
from asl_local.drivers import Simulation
from asl_local.drivers.drive import drive
from asl_local.engine import Execution
from asl_local.language.generated import GENERATED
from asl_local.reporters import History

OFTEN = 14  # visits after which states are done as one function
LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:"


@pytest.fixture(autouse=True)
def unheard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens, as the pytest plugin does: executions that are heard are done step by step."""
    monkeypatch.setattr(sys.modules["asl_local.drivers.listening"], "_LISTENERS", [])


def chain(*states: dict[str, Any], **last: Any) -> dict[str, Any]:
    named = {f"S{number}": {**state, "Next": f"S{number + 1}"} for number, state in enumerate(states)}
    return {"StartAt": "S0", "States": {**named, f"S{len(states)}": last or {"Type": "Succeed"}}}


def passing(**fields: Any) -> dict[str, Any]:
    return {"Type": "Pass", **fields}


def task(**fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": LAMBDA + "f", **fields}


def ordinarily(
    machine: asl_local.Machine, given: Any, functions: Any = None, limits: asl_local.Limits | None = None
) -> Execution:  # fmt: skip
    execution = machine.execution(given, limits=limits)
    execution.straight = False
    work = asl_local.Resources(functions or {}).bind(machine.plan, execution.identity)
    drive(execution, Simulation(work, start=1_704_067_200.0))
    return execution


def agree(definition: dict[str, Any], often: Any, then: Any, functions: Any = None, **limits: Any) -> asl_local.Result:
    """Run a machine often with one input, and then with another one, which comes to what it ordinarily comes to."""
    machine, limited = asl_local.load(definition), asl_local.Limits(**limits)
    for _ in range(OFTEN):
        assert machine.simulate(often, functions).status == "SUCCEEDED"
    result = machine.simulate(then, functions, limits=limited)
    slow = ordinarily(machine, then, functions, limited)
    assert result.history == History(slow.history)
    assert result.execution is not None
    assert result.execution.dump() == slow.dump()
    return result


GROWING = passing(Parameters={"a.$": "$.a", "b.$": "$.a"})
PLACING = passing(Parameters={"v.$": "$.v"}, ResultPath="$.deep.place")
CHOOSING = {
    "Type": "Choice", "Default": "S2", "Choices": [{"Variable": "$.v", "NumericGreaterThan": 5, "Next": "S3"}],
}  # fmt: skip
BRANCHES = [
    {"StartAt": name, "States": {name: passing(Parameters={"v.$": "$.v"}, End=True)}} for name in ("B0", "B1")
]  # fmt: skip
PARALLEL = {"Type": "Parallel", "Branches": BRANCHES, "ResultPath": "$.both"}
FINE = {"v": 3, "a": "x", "deep": {"place": 1}}


@pytest.mark.parametrize(
    "then",
    [FINE, {"v": 9, "deep": {}}, {"v": 1, "deep": 1}, {"deep": {}}, {"v": "text", "deep": {}}, {"v": [1], "deep": {}}],
)
def test_every_turn_leads_where_it_ordinarily_leads(then: Any) -> None:
    states = chain(PLACING, passing(), PARALLEL, PLACING, passing(Result="done", ResultPath="$.v"))
    states["States"]["S1"] = CHOOSING
    agree(states, FINE, then)


@pytest.mark.parametrize("count", [1, 3, 7, 20])
@pytest.mark.parametrize("most", [300, 600, 5_000, 262_144])
def test_what_grows_in_the_middle_is_found_too_large_there(count: int, most: int) -> None:
    growing = [GROWING if number % 2 else passing(Parameters={"a.$": "$"}) for number in range(count)]
    agree(chain(*growing), FINE, {"a": "x" * 60, "v": 1}, payload_bytes=most)


@pytest.mark.parametrize("most", [700, 1_000, 262_144])
def test_what_many_states_have_placed_adds_up(most: int) -> None:
    placing = [passing(Parameters={"v.$": "$.v"}, ResultPath=f"$.place{number}") for number in range(20)]
    agree(chain(*placing), {"v": 1}, {"v": "x" * 40}, payload_bytes=most)


@pytest.mark.parametrize("branch_value", ["x" * 150, "x" * 400])
def test_what_branches_come_to_is_found_too_large(branch_value: str) -> None:
    agree(chain(passing(), PARALLEL, PLACING), FINE, {"v": branch_value, "deep": {}}, payload_bytes=500)


@pytest.mark.parametrize("events", [3, 8, 15, 16, 17, 18, 30])
def test_the_limit_of_events_is_met_in_the_middle(events: int) -> None:
    agree(chain(PLACING, passing(), PLACING, PARALLEL, PLACING), FINE, FINE, events=events)


def test_the_context_object_is_that_of_the_state_at_hand() -> None:
    named = [passing(Parameters={"name.$": "$$.State.Name", "last.$": "$"}) for _ in range(6)]
    result = agree(chain(*named), FINE, FINE)
    assert result.output["name"] == "S5"
    assert result.output["last"]["name"] == "S4"


class Odd:
    """No JSON."""


def counting(at: int, odd: Any) -> Any:
    """A handler whose result is odd where the event has come so far."""

    def handler(event: Any) -> Any:
        if event["n"] != at:
            return {"n": event["n"] + 1}
        if isinstance(odd, BaseException):
            raise type(odd)(*odd.args)
        return odd

    return handler


@pytest.mark.parametrize("at", [0, 1, 4, 17, 18])
@pytest.mark.parametrize(
    "odd",
    [ValueError("no"), {"n": 2.5}, {"n": [1]}, [1], Decimal(3), Odd(), {"n": Odd()}, "x" * 700, {"n": 2**80}, None],
)
def test_a_task_may_be_unusual_wherever_it_stands(at: int, odd: Any) -> None:
    tasks = [task() for _ in range(19)]
    agree(chain(*tasks), {"n": -100}, {"n": 0}, {LAMBDA + "f": counting(at, odd)}, payload_bytes=600)


@pytest.mark.parametrize("at", [0, 3])
def test_errors_of_tasks_are_caught_and_tried_again_wherever_they_stand(at: int) -> None:
    held = task(
        Retry=[{"ErrorEquals": ["ValueError"], "MaxAttempts": 2}],
        Catch=[{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "S5"}],
    )
    tasks = chain(passing(), held, held, held, held, passing())
    result = agree(tasks, {"n": -100}, {"n": 0}, {LAMBDA + "f": counting(at, ValueError("no"))})
    assert result.output["error"]["Error"] == "ValueError"


def test_arguments_and_results_of_tasks_have_their_places() -> None:
    placed = task(Parameters={"n.$": "$.n", "all.$": "$"}, ResultPath="$.result")
    agree(chain(placed, placed, passing(), placed), {"n": -9}, {"n": 0}, {LAMBDA + "f": counting(5, "odd")})
    agree(
        chain(placed, placed, placed),
        {"n": -9},
        {"n": 0, "x": "x" * 150},
        {LAMBDA + "f": counting(5, "odd")},
        payload_bytes=600,
    )


@pytest.mark.parametrize("spec", [dict, str, int, bool, list, float])
@pytest.mark.parametrize("inside", [False, True])
def test_mocks_that_look_like_values_are_what_they_ordinarily_are(spec: type, inside: bool) -> None:
    mock = MagicMock(spec=spec)

    def handler(event: Any) -> Any:
        return {"n": mock} if inside else mock

    machine = asl_local.load(chain(*[task() for _ in range(4)]))
    for _ in range(OFTEN):
        machine.simulate({"n": 1}, {LAMBDA + "f": lambda event: event})
    fast = machine.simulate({"n": 1}, {LAMBDA + "f": handler})
    slow = ordinarily(machine, {"n": 1}, {LAMBDA + "f": handler})
    assert slow.outcome is not None
    assert (fast.status, fast.output, fast.error) == (slow.outcome.status, slow.outcome.output, slow.outcome.error)


def test_an_event_that_a_handler_has_edited_stays_what_it_was() -> None:
    def handler(event: Any) -> Any:
        event["edited"] = True
        kept.append(event)
        return event

    kept: list[Any] = []
    result = agree(chain(task(), passing(), task()), {"n": 1}, {"n": 2}, {LAMBDA + "f": handler})
    kept[-1]["n"] = "edited later"
    inputs = [event.details["input"] for event in result.history if event.type == "TaskStateEntered"]
    assert inputs == [{"n": 2}, {"n": 2, "edited": True}]
    assert result.output == {"n": 2, "edited": True}


def test_ctrl_c_between_any_two_lines_leaves_each_state_once() -> None:
    machine = asl_local.load(chain(PLACING, task(), PLACING, task(), passing()))
    functions: dict[str, Any] = {LAMBDA + "f": lambda event: {**event, "deep": {}}}
    for _ in range(OFTEN):
        machine.simulate(FINE, functions)
    whole = machine.simulate(FINE, functions)
    ends = set()
    for stop in range(1, 200):
        heard = Heard()
        with asl_local.drivers.listening(heard):
            lines = Lines(stop)
            try:
                with lines:
                    machine.simulate(FINE, functions)
            except KeyboardInterrupt:
                pass
        rows, history = heard.executions[0].history.rows, heard.executions[0].history
        assert history.count == len(rows)
        assert rows[:-1] == [*whole.execution.history.rows][: len(rows) - 1]  # type: ignore[union-attr]
        ends.add(len(rows))
        if lines.seen < stop:
            break
    assert len(ends) > 5
    assert lines.seen > 20


def test_what_a_signal_raises_between_any_two_lines_is_not_lost() -> None:
    machine = asl_local.load(chain(PLACING, task(), PLACING, task(), passing()))
    functions: dict[str, Any] = {LAMBDA + "f": lambda event: {**event, "deep": {}}}
    for _ in range(OFTEN):
        machine.simulate(FINE, functions)
    raised = 0
    for stop in range(1, 200):
        lines = Lines(stop, Alarm)
        try:
            with lines:
                result = machine.simulate(FINE, functions)
        except Alarm:
            raised += 1
        else:  # where a function is called it is what the function has raised
            assert lines.seen < stop or result.error == "Alarm"
        if lines.seen < stop:
            break
    assert raised > 20


class Alarm(Exception):
    """What a handler of SIGALRM may raise."""


class Lines:
    """Raises KeyboardInterrupt, or another exception, at so manieth line of generated functions."""

    def __init__(self, stop: int, kind: type[BaseException] = KeyboardInterrupt) -> None:
        self.stop, self.seen, self.kind = stop, 0, kind

    def __enter__(self) -> None:
        self.before = sys.gettrace()
        sys.settrace(self._called)

    def __exit__(self, *_: object) -> None:
        sys.settrace(self.before)

    def _called(self, frame: Any, event: str, _: Any) -> Any:
        return self._line if frame.f_code.co_filename == GENERATED else None

    def _line(self, frame: Any, event: str, _: Any) -> Any:
        if event == "line":
            self.seen += 1
            if self.seen == self.stop:
                sys.settrace(None)
                raise self.kind
        return self._line


@pytest.mark.parametrize("way", ["run", "simulate"])
def test_ctrl_c_in_the_middle_of_many_tasks_leaves_what_was_done(way: str) -> None:
    machine = asl_local.load(chain(*[task() for _ in range(6)]))
    functions = {LAMBDA + "f": counting(3, KeyboardInterrupt())}
    for _ in range(OFTEN):
        machine.run({"n": -100}, functions)
    heard = Heard()
    with asl_local.drivers.listening(heard), pytest.raises(KeyboardInterrupt):
        getattr(machine, way)({"n": 0}, functions)
    (execution,) = heard.executions
    types = [row[0] for row in execution.history.rows]
    assert types.count("TaskStateExited") == 3
    assert types[-4:] == ["TaskStateEntered", "LambdaFunctionScheduled", "LambdaFunctionStarted", "ExecutionAborted"]
    assert execution.outcome is not None
    assert (execution.outcome.status, execution.outcome.place) == ("ABORTED", "Task 'S3'")


class Heard:
    """Keeps the executions that begin."""

    def __init__(self) -> None:
        self.executions: list[Execution] = []

    def begins(self, execution: Execution, machine: Any, kind: str) -> None:
        self.executions.append(execution)

    def ends(self, execution: Execution, ended: Any) -> None:
        """Nothing is made of it."""


def test_times_go_on_within_a_stretch(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1_704_067_200.0]
    monkeypatch.setattr("time.time", lambda: clock[0])

    def handler(event: Any) -> Any:
        clock[0] += 2
        return event

    machine = asl_local.load(chain(task(), passing(), task(), passing()))
    for _ in range(OFTEN):
        result = machine.run({"n": 1}, {LAMBDA + "f": handler})
    start = result.history[0].at
    assert [event.at - start for event in result.history if event.type.endswith("StateEntered")] == [0, 2, 2, 4, 4]
    assert result.seconds == 4


def test_a_traceback_shows_the_handler_and_no_generated_function() -> None:
    machine = asl_local.load(chain(task(), task(), task()))
    functions = {LAMBDA + "f": counting(1, ValueError("no"))}
    for _ in range(OFTEN):
        machine.run({"n": -100}, functions)
    exception = machine.run({"n": 0}, functions).exception
    assert exception is not None
    frames = traceback.extract_tb(exception.__traceback__)
    assert frames[-1].name == "handler"
    assert not [frame for frame in frames if frame.filename == GENERATED]


@pytest.mark.parametrize("count", [3_000, 9_000])
def test_more_rules_than_python_can_compile_are_done_without_source(count: int) -> None:
    rules = [{"Variable": "$.n", "NumericEquals": number, "Next": "S1"} for number in range(count)]
    states = chain(passing())
    states["States"]["S0"] = {"Type": "Choice", "Default": "S1", "Choices": rules}
    agree(states, {"n": 1}, {"n": count})


class TestWhole:
    """Executions that are over before anybody asks for them."""

    def result(self, way: str = "run", **options: Any) -> asl_local.Result:
        machine = asl_local.load(chain(PLACING, PARALLEL))
        for _ in range(OFTEN):
            result: asl_local.Result = getattr(machine, way)(FINE, **options)
        assert machine.plan.whole is not None
        return result

    @pytest.mark.parametrize("way", ["run", "simulate"])
    def test_has_all_that_a_result_has(self, way: str) -> None:
        result = self.result(way)
        assert (result.status, result.error, result.cause, result.place) == ("SUCCEEDED", None, None, "")
        assert (result.exception, result.nested, result.virtual) == (None, (), way == "simulate")
        assert result.path == ["S0", "S1", "B0", "B1", "S2"]
        assert result.execution is not None
        assert result.execution.identity == result.identity
        assert result.unwrap() == {**FINE, "deep": {"place": {"v": 3}}, "both": [{"v": 3}, {"v": 3}]}
        assert repr(result).startswith("Result(status='SUCCEEDED'")

    def test_has_the_names_that_it_was_given(self) -> None:
        assert self.result(execution_name="mine").identity.execution_name == "mine"
        identity = self.result().identity
        assert self.result(identity=identity).identity == identity
        assert self.result("simulate").identity.execution_name == "execution"
        assert self.result().identity.execution_name != self.result().identity.execution_name

    def test_an_output_that_is_edited_leaves_the_history_as_it_was(self) -> None:
        result = self.result()
        result.output["both"][0]["v"] = result.output["deep"]["place"] = "edited"
        last = result.history[len(result.history) - 1]
        assert last.details["output"] == {**FINE, "deep": {"place": {"v": 3}}, "both": [{"v": 3}, {"v": 3}]}

    def test_those_who_listen_hear_of_it(self) -> None:
        machine = asl_local.load(chain(PLACING, PARALLEL))
        heard = Heard()
        with asl_local.drivers.listening(heard):
            for _ in range(OFTEN + 2):
                machine.run(FINE)
        assert len(heard.executions) == OFTEN + 2

    def test_inputs_are_refused_as_ever(self) -> None:
        machine = asl_local.load(chain(PLACING, PARALLEL))
        for _ in range(OFTEN):
            machine.run(FINE)
        for wrong in ({"v": Odd()}, "x" * 300_000):
            with pytest.raises(asl_local.errors.InvalidExecutionInput):
                machine.run(wrong)

    @pytest.mark.parametrize("way", ["run", "simulate"])
    @pytest.mark.parametrize("wrong", [7, {"f": 5}])
    def test_resources_are_refused_as_ever(self, way: str, wrong: Any) -> None:
        machine = asl_local.load(chain(PLACING))
        for _ in range(OFTEN):
            machine.run(FINE, asl_local.Resources({}))
        assert machine.plan.whole is not None
        with pytest.raises(TypeError, match="resource"):
            getattr(machine, way)(FINE, wrong)

    def test_another_thread_may_give_it_up_meanwhile(self) -> None:
        machine = asl_local.load(chain(PLACING))

        class Input(dict[str, Any]):
            """Is read between the question whether the machine can be done at once and the call that does it."""

            def items(self) -> Any:
                machine.plan.whole = None
                return super().items()

        for _ in range(OFTEN):
            machine.run(FINE)
        assert machine.plan.whole is not None
        assert machine.run(Input(FINE)).status == "SUCCEEDED"

    def test_a_result_is_a_dataclass_however_it_was_made(self) -> None:
        machine = asl_local.load(chain(PLACING))
        names = {field.name for field in dataclasses.fields(asl_local.Result)}
        for _ in range(OFTEN + 2):
            result = machine.run(FINE)
            assert {name for name in names if hasattr(result, name)} == names

    def test_a_machine_that_often_goes_another_way_is_done_step_by_step(self) -> None:
        machine = asl_local.load(chain(PLACING))
        for _ in range(OFTEN):
            machine.run(FINE)
        for _ in range(20):
            assert machine.run({}).status == "FAILED"
        assert machine.plan.whole is None
        assert machine.run(FINE).status == "SUCCEEDED"


def mapping(*states: dict[str, Any], **fields: Any) -> dict[str, Any]:
    inner = {f"I{number}": {**state, "Next": f"I{number + 1}"} for number, state in enumerate(states)}
    inner[f"I{len(states) - 1}"].pop("Next")
    inner[f"I{len(states) - 1}"]["End"] = True
    return {"Type": "Map", "ItemProcessor": {"StartAt": "I0", "States": inner}, "ItemsPath": "$.items", **fields}


ITEM = {"v.$": "$$.Map.Item.Value", "i.$": "$$.Map.Item.Index"}
OUTER = {"items": list(range(60)), "v": 1}


@pytest.mark.parametrize("concurrency", [0, 1, 7])
@pytest.mark.parametrize("most", [600, 2_000, 262_144])
@pytest.mark.parametrize("events", [30, 60, 200, 400, 405, 410, 25_000])
def test_iterations_come_to_what_they_ordinarily_come_to(concurrency: int, most: int, events: int) -> None:
    each = mapping(
        passing(Parameters={"v.$": "$.v", "text.$": "States.Format('{}', $.i)"}), passing(), MaxConcurrency=concurrency,
        ItemSelector=ITEM, ResultPath="$.results",
    )  # fmt: skip
    agree(chain(each, passing()), OUTER, OUTER, payload_bytes=most, events=events)


@pytest.mark.parametrize("at", [0, 5, 39, 40, 59])
@pytest.mark.parametrize("field", ["ItemSelector", "Parameters"])
def test_an_iteration_may_be_unusual_wherever_it_stands(at: int, field: str) -> None:
    selector = ITEM if field == "Parameters" else {**ITEM, "v.$": "$$.Map.Item.Value.v"}
    steps = passing(Parameters={"w.$": "$.v.v" if field == "Parameters" else "$.v"})
    caught = mapping(
        passing(), steps, ItemSelector=selector, MaxConcurrency=0,
        Catch=[{"ErrorEquals": ["States.ALL"], "Next": "S1"}],
    )  # fmt: skip
    items = [{"v": number} for number in range(60)]
    odd = [*items[:at], {"w": 1}, *items[at + 1 :]]
    agree(chain(caught, passing()), {"items": items}, {"items": odd})


def test_an_iteration_that_waits_lets_the_others_go_on() -> None:
    choice = {
        "Type": "Choice", "Default": "I1", "Choices": [{"Variable": "$.v", "NumericEquals": 7, "Next": "I2"}],
    }  # fmt: skip
    each = mapping(passing(), passing(), {"Type": "Wait", "Seconds": 3}, ItemSelector=ITEM)
    each["ItemProcessor"]["States"]["I0"] = choice
    each["ItemProcessor"]["States"]["I1"] = passing(End=True)
    result = agree(chain(each), OUTER, OUTER)
    assert [event.type for event in result.history].count("MapIterationSucceeded") == 60


def test_too_large_an_item_ends_the_map_where_it_begins() -> None:
    each = mapping(passing(), ItemSelector=ITEM)
    result = agree(chain(each), OUTER, {"items": [*range(50), "x" * 500]}, payload_bytes=700)
    assert (result.status, result.error) == ("FAILED", "States.DataLimitExceeded")


class Color(str, Enum):  # noqa: UP042 - as many write them, and other than StrEnum
    """Its `str` is its name."""

    RED = "red"


def test_enumerations_of_texts_are_their_texts() -> None:
    def handler(event: Any) -> Any:
        return {Color.RED: Color.RED, "n": event["n"]}

    result = agree(chain(task(), passing()), {"n": Color.RED}, {"n": Color.RED}, {LAMBDA + "f": handler})
    assert result.output == {"red": "red", "n": "red"}
    assert [type(text) for text in result.output] == [str, str]
    assert type(result.output["red"]) is type(result.output["n"]) is str
