"""Map Runs as values: whatever happens, in whatever order, a dump, a load or a fork in between changes nothing."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import asl_local
from asl_local import Resources
from asl_local.drivers.driver import TaskContext
from asl_local.engine import Execution
from asl_local.engine.messages import Call, Cancel, Failed, Fired, Redriven, Stopped, Succeeded, Timer
from asl_local.errors import StateError

READS = "arn:aws:states:::s3:getObject"
WRITES = "arn:aws:states:::s3:putObject"
TASK = {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "End": True}


def machine(states: dict[str, Any] | None = None, **fields: Any) -> asl_local.Machine:
    states = states or {"T": TASK}
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": next(iter(states)),
        "States": states,
    }  # fmt: skip
    return asl_local.load(
        {"StartAt": "M", "States": {"M": {"Type": "Map", "ItemProcessor": processor, "End": True, **fields}}}
    )


class World:
    """Performs commands one at a time in an order that a seed decides."""

    def __init__(self, execution: Execution, resources: Resources, seed: int) -> None:
        self.x = execution
        self.work = resources.bind(execution.plan, execution.identity)
        self.random = random.Random(seed)
        self.now = 1_000.0
        self.out: list[Any] = []
        self.cancelled: set[int] = set()

    def step(self, stimulus: Any) -> None:
        for command in self.x.step(stimulus, self.now):
            if isinstance(command, Cancel):
                self.out = [other for other in self.out if other.token != command.token]
            else:
                self.out.append(command)

    def go(self) -> bool:
        """Perform one of the commands that are out; whether there was one."""
        if not self.out:
            return False
        near = [c for c in self.out if isinstance(c, Call) or c.at < self.now + 60] or self.out
        command = near[self.random.randrange(len(near))]
        self.out.remove(command)
        if isinstance(command, Timer):
            self.now = max(self.now, command.at)
            self.step(Fired(command.token))
            return True
        assert isinstance(command, Call)
        context = TaskContext(command, now=lambda: self.now, sleep=lambda _: None, heartbeat=lambda: None)
        try:
            answer: Any = Succeeded(command.token, self.work(command, context))
        except StateError as error:
            answer = Failed(command.token, error.error, error.cause)
        self.step(answer)
        return True

    def run(self, disturb: Any = lambda world: None) -> Execution:
        self.step(None)
        while self.x.outcome is None:
            disturb(self)
            assert self.go(), f"stands still: {self.x.waiting_for()}"
        return self.x


def flaky(event: Any) -> Any:
    text = str(event)
    if "7" in text:
        raise ValueError(text)
    return text


def files(store: dict[str, Any]) -> Any:
    return lambda given: store.__setitem__(given["Key"], given["Body"].decode())


MACHINES: dict[str, dict[str, Any]] = {
    "items": {},
    "two at a time": {"MaxConcurrency": 2},
    "batches": {"ItemBatcher": {"MaxItemsPerBatch": 3, "BatchInput": {"n": 1}}, "MaxConcurrency": 2},
    "failures": {"ToleratedFailureCount": 2, "MaxConcurrency": 3},
    "reader": {"ItemReader": {"Resource": READS}, "MaxConcurrency": 3, "ToleratedFailurePercentage": 50},
    "writer": {
        "ItemReader": {"Resource": READS}, "ToleratedFailurePercentage": 20, "MaxConcurrency": 2,
        "ResultWriter": {"Resource": WRITES, "Parameters": {"Bucket": "b", "Prefix": "p"}},
    },
    "retries": {"Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}]},
    "nested": {
        "states": {
            "N": {
                "Type": "Map", "MaxConcurrency": 2, "ItemsPath": "$", "End": True, "ToleratedFailureCount": 1,
                "ItemProcessor": {
                    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}, "StartAt": "T",
                    "States": {"T": TASK},
                },
            }
        },
        "ItemsPath": "$", "ItemSelector": [1, {"v.$": "$$.Map.Item.Value"}], "ToleratedFailureCount": 1,
    },
    "waits": {"states": {"W": {"Type": "Wait", "Seconds": 5, "Next": "T"}, "T": TASK}, "MaxConcurrency": 2},
}  # fmt: skip


def world(name: str, count: int, seed: int) -> tuple[World, dict[str, Any]]:
    fields = dict(MACHINES[name])
    made = machine(fields.pop("states", None), **fields)
    store: dict[str, Any] = {}
    resources = Resources({"f": flaky, READS: lambda _: range(count), WRITES: files(store)})
    return World(made.execution(list(range(count))), resources, seed), store


def outcome(x: Execution) -> Any:
    assert x.outcome is not None
    return x.outcome, x.history.rows, [(run.arn, run.status, run.counts(), list(run.kept)) for run in x.map_runs]


@pytest.mark.parametrize("name", MACHINES)
@settings(max_examples=15)
@given(count=st.integers(0, 12), seed=st.integers(0, 1_000), when=st.sets(st.integers(0, 30), max_size=6))
def test_a_dump_or_a_fork_changes_nothing(name: str, count: int, seed: int, when: set[int]) -> None:
    plain, stored = world(name, count, seed)
    undisturbed = outcome(plain.run())

    for disturb in (
        lambda x: Execution.load(x.dump(), x.plan),
        lambda x: x.fork(),
    ):
        other, store = world(name, count, seed)
        steps = 0

        def disturbed(world: World, disturb: Any = disturb) -> None:
            nonlocal steps
            if steps in when:
                copy = disturb(world.x)
                assert copy == world.x
                assert copy.waiting_for() == world.x.waiting_for()
                world.x = copy
            steps += 1

        assert outcome(other.run(disturbed)) == undisturbed
        assert other.x == plain.x
        assert store == stored


@pytest.mark.parametrize("name", MACHINES)
@given(count=st.integers(1, 12), seed=st.integers(0, 1_000), after=st.integers(0, 12))
@settings(max_examples=15)
def test_what_was_out_can_be_performed_again_after_a_load(name: str, count: int, seed: int, after: int) -> None:
    first, _ = world(name, count, seed)
    first.step(None)
    for _ in range(after):
        if first.x.outcome is None:
            first.go()
    if first.x.outcome is not None:
        return
    again = Execution.load(first.x.dump(), first.x.plan)
    commands = [command for command in again.pending() if isinstance(command, Call)]
    assert commands == sorted((c for c in first.out if isinstance(c, Call)), key=commands.index)
    second = World(again, Resources({"f": flaky, READS: lambda _: range(count), WRITES: files({})}), seed)
    second.now = first.now
    second.out = again.pending()
    while again.outcome is None:
        assert second.go()


@given(count=st.integers(1, 40), seed=st.integers(0, 100), after=st.integers(0, 60))
@settings(max_examples=30)
def test_stopping_aborts_every_child(count: int, seed: int, after: int) -> None:
    stopped, _ = world("nested", count, seed)
    stopped.step(None)
    for _ in range(after):
        if stopped.x.outcome is None:
            stopped.go()
    if stopped.x.outcome is not None:
        return
    stopped.step(Stopped("Enough", "it is"))
    assert stopped.x.outcome is not None
    assert stopped.x.outcome.status == "ABORTED"
    assert not [command for command in stopped.out if isinstance(command, Call)]
    assert not stopped.x.waiting_for()
    [run] = stopped.x.map_runs
    executions, _ = run.counts()
    assert run.status == "ABORTED"
    assert executions["running"] == 0
    assert sum(executions[how] for how in ("succeeded", "failed", "aborted")) == executions["total"]


@given(
    sizes=st.lists(st.integers(0, 60), max_size=60),
    items=st.none() | st.integers(1, 9),
    most=st.none() | st.integers(130, 400),
    concurrency=st.integers(0, 5),
    seed=st.integers(0, 100),
    reads=st.booleans(),
)
def test_batches_have_every_item_once_and_in_order(
    *, sizes: list[int], items: int | None, most: int | None, concurrency: int, seed: int, reads: bool
) -> None:
    if items is None and most is None:
        items = 4
    limits: dict[str, Any] = {"BatchInput": {"fixed": "x" * 5}}
    limits |= {"MaxItemsPerBatch": items} if items else {}
    limits |= {"MaxInputBytesPerBatch": most} if most else {}
    reader = {"ItemReader": {"Resource": READS}} if reads else {}
    made = machine(ItemBatcher=limits, MaxConcurrency=concurrency, **reader)
    dataset = [[number, "x" * size] for number, size in enumerate(sizes)]
    resources = Resources({"f": lambda event: event, READS: lambda _: dataset})
    ended = World(made.execution([] if reads else dataset), resources, seed).run()
    assert ended.outcome is not None
    assert ended.outcome.status == "SUCCEEDED"
    batches = ended.outcome.output
    assert [item for batch in batches for item in batch["Items"]] == dataset
    for batch in batches:
        assert batch["BatchInput"] == {"fixed": "xxxxx"}
        assert batch["Items"]
        assert items is None or len(batch["Items"]) <= items
        assert most is None or asl_local.values.size(batch) <= most
    if most is None and items is not None:
        assert [len(batch["Items"]) for batch in batches[:-1]] == [items] * (len(batches) - 1)


def redriven(x: Execution, resources: Resources, seed: int) -> Execution:
    again = World(x, resources, seed)
    again.now = x.now
    again.step(Redriven())
    while x.outcome is None:
        assert again.go()
    return x


class TestRedrive:
    @pytest.mark.parametrize("kind", ["STANDARD", "EXPRESS"])
    @pytest.mark.parametrize("reads", [True, False])
    def test_only_what_did_not_succeed_is_done_again(self, kind: str, reads: bool) -> None:
        calls: list[int] = []
        broken = {3}

        def work(event: int) -> int:
            calls.append(event)
            if event in broken:
                raise ValueError(event)
            return event * 10

        made = machine(MaxConcurrency=2, **({"ItemReader": {"Resource": READS}} if reads else {}))
        made.plan.states["/States/M"].distributed.express = kind == "EXPRESS"
        resources = Resources({"f": work, READS: lambda _: range(8)})
        x = World(made.execution(list(range(8))), resources, 1).run()
        assert x.outcome.error == "States.ExceedToleratedFailureThreshold"
        succeeded = {child.execution.input for child in x.map_runs[0].kept.values()
                     if child.execution.outcome.status == "SUCCEEDED"}  # fmt: skip
        calls.clear()
        broken.clear()
        redriven(x, resources, 2)
        assert x.outcome.output == [n * 10 for n in range(8)]
        assert set(calls) == set(range(8)) - succeeded
        [run] = x.map_runs
        executions, items = run.counts()
        assert (run.status, run.redrives, executions["succeeded"], items["succeeded"]) == ("SUCCEEDED", 1, 8, 8)
        types = [row[0] for row in x.history.rows]
        assert types[types.index("ExecutionRedriven") :] == [
            "ExecutionRedriven", "MapRunRedriven", "MapRunSucceeded", "MapStateSucceeded", "MapStateExited",
            "ExecutionSucceeded",
        ]  # fmt: skip

    def test_a_reader_that_failed_reads_on(self) -> None:
        broken = True

        def dataset(_: Any) -> Any:
            yield from range(2_000)
            if broken:
                raise OSError("the line is dead")
            yield from range(2_000, 2_010)

        resources = Resources({"f": lambda event: len(event["Items"]), READS: dataset})
        made = machine(ItemReader={"Resource": READS}, ItemBatcher={"MaxItemsPerBatch": 100}, MaxConcurrency=1)
        x = World(made.execution(), resources, 0).run()
        assert (x.outcome.error, x.outcome.cause) == ("States.ItemReaderFailed", "OSError: the line is dead")
        broken = False
        assert sum(redriven(x, resources, 0).outcome.output) == 2_010

    def test_results_go_into_a_folder_of_their_own(self) -> None:
        store: dict[str, Any] = {}
        resources = Resources({"f": flaky, WRITES: files(store)})
        made = machine(
            MaxConcurrency=1, ResultWriter={"Resource": WRITES, "Parameters": {"Bucket": "b", "Prefix": "p"}}
        )
        x = World(made.execution([1, 7, 2]), resources, 0).run()
        names = [key.split("/", 2)[2] for key in store]
        assert sorted(names) == ["FAILED_0.json", "PENDING_0.json", "SUCCEEDED_0.json", "manifest.json"]
        [waiting] = json.loads(store[next(key for key in store if "PENDING" in key)])
        assert waiting == {"Input": "2", "InputDetails": {"Included": True}, "Status": "PENDING"}
        store.clear()
        redriven(x, Resources({"f": str, WRITES: files(store)}), 0)
        assert x.outcome.output["ResultWriterDetails"]["Key"].endswith("/Redrive-1/manifest.json")
        manifest = json.loads(store[x.outcome.output["ResultWriterDetails"]["Key"]])
        assert [len(manifest["ResultFiles"][status]) for status in ("FAILED", "PENDING", "SUCCEEDED")] == [1, 1, 2]

    def test_a_redrive_that_is_stopped_counts_every_child_once(self) -> None:
        made = machine(MaxConcurrency=1, ToleratedFailureCount=1)
        x = World(made.execution([7, 7]), Resources({"f": flaky}), 0).run()
        [run] = x.map_runs

        def ended() -> list[int]:
            assert run.items == run.executions
            return [run.executions[how] for how in ("succeeded", "failed", "aborted")]

        assert ended() == [0, 2, 0]
        x.step(Redriven(), x.now)
        x.step(Stopped(), x.now)
        assert ended() == [0, 1, 1]
        redriven(x, Resources({"f": str}), 0)
        assert x.outcome.output == ["7", "7"]
        assert ended() == [2, 0, 0]

    def test_results_that_a_redrive_replaces_take_no_room(self) -> None:
        made = machine(MaxConcurrency=1, ToleratedFailureCount=1)
        execution = made.execution([7, 8, 77], limits=asl_local.Limits(payload_bytes=2_000))
        x = World(execution, Resources({"f": flaky}), 0).run()
        assert x.outcome.error == "States.ExceedToleratedFailureThreshold"
        redriven(x, Resources({"f": lambda event: f"{event}" * 300}), 0)
        assert x.outcome.output == ["7" * 300, "8", "77" * 300]

    def test_a_run_that_fails_at_once_takes_its_siblings_with_it(self) -> None:
        fails = {"F": {"Type": "Fail", "Error": "E"}}
        map_ = machine(fails).definition["States"]["M"]
        slow = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 50, "End": True}}}
        parallel = {
            "Type": "Parallel", "End": True, "Branches": [{"StartAt": "M", "States": {"M": map_}}, slow],
            "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 1}],
        }  # fmt: skip
        made = asl_local.load({"StartAt": "P", "States": {"P": parallel}})
        x = World(made.execution([1]), Resources(), 0).run()
        x.step(Redriven(), x.now)
        assert [waiting.why for waiting in x.waiting_for()] == ["retry"]
        assert Execution.load(x.dump(), made.plan).pending() == x.pending()


@pytest.mark.parametrize("batched", [True, False])
def test_no_more_items_are_held_than_the_children_that_may_run_need(batched: bool) -> None:
    taken = 0

    def dataset(_: Any) -> Any:
        nonlocal taken
        for number in range(20_000):
            taken += 1
            yield number

    batches = {"ItemBatcher": {"MaxItemsPerBatch": 50}} if batched else {}
    made = machine(
        ItemReader={"Resource": READS}, MaxConcurrency=4, **batches,
        ResultWriter={"Resource": WRITES, "Parameters": {"Bucket": "b"}},
    )  # fmt: skip
    resources = Resources({"f": lambda _: None, READS: dataset, WRITES: files({})})
    most = 0

    def look(world: World) -> None:
        nonlocal most
        [run] = world.x.map_runs or [None]
        if run is not None:
            held = sum(child.count for child in run.live.values()) + len(run.batch) + len(run.pending)
            most = max(most, held, taken - run.taken)
            assert len(run.kept) <= 100

    x = World(made.execution(), resources, 0).run(look)
    assert x.map_runs[0].items["succeeded"] == 20_000
    assert most <= 2_000 + 4 * 50


@pytest.mark.parametrize("where", [{"Bucket": 5}, {"Bucket": "b", "Prefix": 1}, {"Bucket": "b", "Prefix": None}, {}])
def test_a_place_for_results_that_is_none_is_told_before_a_child_starts(where: dict[str, Any]) -> None:
    writer = {"Resource": WRITES, "Parameters": {f"{name}.$": f"$.{name}" for name in where}}
    x = World(machine(ItemsPath="$.items", ResultWriter=writer).execution({"items": [1], **where}),
              Resources({"f": str, WRITES: str}), 0).run()  # fmt: skip
    assert x.outcome.error == "States.Runtime"
    assert "Bucket" in x.outcome.cause
    assert x.map_runs == []


def test_a_childs_call_knows_where_the_map_stands_and_which_child_it_is() -> None:
    places, indices = [], []

    def f(event: Any, context: TaskContext) -> Any:
        places.append(context.call.place)
        indices.append(context.map_index)
        return event

    result = machine().simulate(["a", "b"], {"f": f})
    assert result.output == ["a", "b"]
    assert (places, indices) == (["M[0]/T", "M[1]/T"], [0, 1])
    nested = asl_local.load(
        {"StartAt": "P", "States": {"P": {"Type": "Parallel", "End": True, "Branches": [machine().definition]}}}
    )
    execution = nested.execution(["a"])
    calls = [command for command in execution.step(None, 0.0) if isinstance(command, Call)]
    again = Execution.load(execution.dump(), execution.plan)
    assert [call.place for call in calls] == ["P[0]/M[0]/T"]
    assert [command.place for command in again.pending() if isinstance(command, Call)] == ["P[0]/M[0]/T"]
