"""The tree of a run as lines of text: what stands where, what is left out, and what it costs."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from live_runs import PASS, Pictures, done, drawn, failing, mapped, run_of, simulated, task, visit

import asl_local
from asl_local.drivers.listening import listening
from asl_local.reporters.live.families import forest
from asl_local.reporters.live.picture import picture
from asl_local.reporters.live.tree import Tree, Wait
from asl_local.reporters.live.watching import Watch
from asl_local.reporters.live.words import left, so_far, took
from asl_local.reporters.visits.model import Attempt, Visit

pytest.importorskip("rich")


# -- words -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, ""), (0.0123, "12 ms"), (0.9996, "1.0 s"), (3.21, "3.2 s"), (9.996, "10 s"), (59.6, "1 min 0 s"),
        (125, "2 min 5 s"), (3600, "1 h 0 min"), (11_520, "3 h 12 min"), (360_000, "4 d 4 h"),
    ],
)  # fmt: skip
def test_how_long_something_took(seconds: float, words: str) -> None:
    assert took(seconds) == words


def test_running_times_are_whole_seconds_and_countdowns_never_end_too_early() -> None:
    assert [so_far(0.9), so_far(1.9), so_far(61)] == ["", "1 s", "1 min 1 s"]
    assert [left(2.1), left(2.0), left(-1)] == ["3 s", "2 s", "0 s"]


def test_what_is_done_what_runs_and_for_how_long() -> None:
    run = run_of(done(0, "First", left=3.0), visit(1, "Second", "Task", entered=3.0))
    assert drawn(Tree.of(run), 10.4) == [
        "demo  one  RUNNING  10 s",
        "├─ ✓ First  3.0 s",
        "└─ ● Second  7 s",
    ]


def test_every_outcome_has_a_sign_of_its_own() -> None:
    run = run_of(
        done(0, "A", "Task", outcome="caught", error="Declined", cause="no money"),
        done(1, "B", "Task", outcome="failed", error="Broken"),
        done(2, "C", "Task", outcome="timed out", error="States.Timeout"),
        done(3, "D", "Wait", outcome="aborted"),
        done(4, "E", "Task", attempts=[Attempt(0, 1, 0.0, outcome="failed"), Attempt(1, 3, 1.0, outcome="succeeded")]),
        status="ABORTED",
        stopped=5.0,
    )
    assert drawn(Tree.of(run), 99.0) == [
        "demo  one  ABORTED  5.0 s",
        "├─ ↷ A  1.0 s  caught Declined: no money",
        "├─ ✗ B  1.0 s  Broken",
        "├─ ✗ C  1.0 s  States.Timeout",
        "├─ ■ D  1.0 s  aborted",
        "└─ ✓ E  1.0 s  2 attempts",
    ]
    assert drawn(Tree.of(run), 99.0, plain=True)[1] == "|- ~ A  1.0 s  caught Declined: no money"
    assert all(line.isascii() for line in drawn(Tree.of(run), 99.0, width=20, height=4, plain=True))


def test_what_a_state_waits_for_counts_down() -> None:
    definition = {
        "States": {"Charge": {"Retry": [{"ErrorEquals": ["Slow"]}, {"ErrorEquals": ["States.ALL"], "MaxAttempts": 5}]}}
    }
    tried = [
        Attempt(0, 1, 0.0, outcome="failed", error="Slow"),
        Attempt(1, 3, 2.0, outcome="failed", error="Busy"),
    ]
    tree = Tree.of(run_of(visit(0, "Charge", "Task", attempts=tried), definition=definition))
    for wait, now, said in [
        (Wait("retry", 9.0), 6.2, "○ Charge  6 s  attempt 2 of 7 failed, again in 3 s: Busy"),
        (Wait("task"), 10.0, "● Charge  10 s  attempt 2 of 7"),
        (Wait("task", 12.0), 10.0, "● Charge  10 s  attempt 2 of 7  times out in 2 s"),
        (Wait("token", None, "AQAB"), 10.0, "○ Charge  10 s  attempt 2 of 7  waits for its task token AQAB"),
        (Wait("job", 70.0), 10.0, "○ Charge  10 s  attempt 2 of 7  waits for its job, times out in 1 min 0 s"),
        (Wait("activity"), 10.0, "○ Charge  10 s  attempt 2 of 7  waits for a worker"),
        (Wait("activity", begun=True), 10.0, "● Charge  10 s  attempt 2 of 7  a worker has it"),
    ]:
        tree.waits = {0: wait}
        assert drawn(tree, now)[1] == f"└─ {said}"
    tree = Tree.of(run_of(visit(0, "Pause", "Wait")))
    tree.waits = {0: Wait("wait", 100.0)}
    assert drawn(tree, 38.5)[1] == "└─ ○ Pause  1 min 2 s left"


def test_a_loop_has_each_of_its_states_once() -> None:
    run = run_of(*(done(n, "AB"[n % 2], entered=n, left=n + 1) for n in range(7)), visit(7, "C", entered=7.0))
    assert drawn(Tree.of(run), 7.0)[1:] == ["├─ ✓ B ×3  1.0 s", "├─ ✓ A ×4  1.0 s", "└─ ● C"]


def test_a_retried_parallel_shows_the_branches_of_its_last_attempt() -> None:
    run = run_of(
        visit(0, "Both", "Parallel"),
        done(1, "A", parent=0, slot=0, outcome="aborted"),
        done(2, "B", parent=0, slot=1, outcome="failed"),
        visit(3, "A", parent=0, slot=0, round=1),
    )
    assert drawn(Tree.of(run), 0.0)[1:] == ["└─ ● Both", "   └─ ● branch 0: A"]


def test_what_runs_is_shown_before_what_is_done() -> None:
    run = run_of(
        *(done(n, f"Done{n}") for n in range(20)), visit(20, "Both", "Parallel"),
        done(21, "Early", parent=20, slot=0), visit(22, "Late", "Task", parent=20, slot=0),
        done(23, "Other", parent=20, slot=1),
    )  # fmt: skip
    assert drawn(Tree.of(run), 0.0, height=6) == [
        "demo  one  RUNNING",
        "├─ … 19 more before",
        "├─ ✓ Done19  1.0 s",
        "└─ ● Both",
        "   ├─ ● branch 0: Late",
        "   └─ … 1 more branches",
    ]
    for height in range(1, 40):
        assert len(drawn(Tree.of(run), 0.0, height=height)) <= height
    assert drawn(Tree.of(run), 0.0, height=40)[21:] == [
        "└─ ● Both",
        "   ├─ ● branch 0",
        "   │  ├─ ✓ Early  1.0 s",
        "   │  └─ ● Late",
        "   └─ ✓ branch 1: Other  1.0 s",
    ]


# -- texts that a terminal would obey, or that are wide ----------------------------------------------------------------


def test_no_line_is_wider_than_the_terminal() -> None:
    from rich.cells import cell_len

    run = run_of(
        done(0, "顔認識サービスの長い名前" * 4, outcome="failed", error="Bad", cause="かお" * 80),
        visit(1, "e\N{COMBINING ACUTE ACCENT}" * 70, "Task"),
        visit(2, "👩‍🚀 " * 30),
    )
    for width in (*range(1, 30), 80, 300):
        for line in picture([Tree.of(run)], 0.0, width, 10):
            assert cell_len(line.plain) <= width
    assert drawn(Tree.of(run), 0.0, width=40)[1] == "├─ ✗ 顔認識サービ…  1.0 s  Bad: かおか …"


def test_control_characters_are_blanks() -> None:
    run = run_of(done(0, "a\x1b[2Jb\nc\u202e", outcome="failed", error="E\x07", cause="x\ny"), name="n\x1b")
    lines = drawn(Tree.of(run), 0.0, tail=[("last\x1b[1m\n", "dim")])
    assert lines[1] == "└─ ✗ a [2Jb c   1.0 s  E : x y"
    assert all(character.isprintable() for line in lines for character in line)


# -- what it costs -----------------------------------------------------------------------------------------------------


class Counted(list[Visit]):
    """A list that counts how often something is taken from it."""

    looked_at = 0

    def __getitem__(self, index: Any) -> Any:
        self.looked_at += 1
        return super().__getitem__(index)

    def __iter__(self) -> Iterator[Visit]:
        for each in super().__iter__():
            self.looked_at += 1
            yield each


def test_a_picture_of_10_000_iterations_looks_at_what_it_shows() -> None:
    tree = Tree.of(mapped(20_000, 40, failed=range(3_000)))
    visits = tree.run.visits = Counted(tree.run.visits)
    lines = drawn(tree, 5.0, height=30)
    assert len(lines) == 30
    assert lines[-1] == "   └─ … 27 more running, 2,986 more failed"
    assert visits.looked_at < 1_000


# -- runs that were simulated ------------------------------------------------------------------------------------------


def test_retries_in_virtual_time() -> None:
    retry = [{"ErrorEquals": ["Busy"], "IntervalSeconds": 5, "MaxAttempts": 3, "BackoffRate": 2}]
    pictures = simulated({"Get": task("Get", Retry=retry)}, handlers={"Get": failing(2)}, tail=True, height=40)
    assert pictures.showing("attempt 2 of 4 failed") == [
        "demo  one  RUNNING  5 s of virtual time",
        "└─ ○ Get  5 s  attempt 2 of 4 failed, again in 10 s: Busy",
        "",
        "   0.000 s  Get entered",
        "   0.000 s  Get attempt 1 of 4 failed: Busy: try later, again in 5 s",
        "   5.000 s  Get attempt 2 of 4 failed: Busy: try later, again in 10 s",
    ]
    assert pictures.taken[-1][:2] == ["demo  one  SUCCEEDED  15 s of virtual time", "└─ ✓ Get  15 s  3 attempts"]


def test_branches_and_items_of_a_small_map_are_nodes_with_their_states() -> None:
    states = {
        "Both": {"Type": "Parallel", "Next": "Each", "ResultPath": None, "Branches": [
            {"StartAt": "Nap", "States": {"Nap": {"Type": "Wait", "Seconds": 90, "Next": "Up"}, "Up": PASS}},
            {"StartAt": "Other", "States": {"Other": PASS}},
        ]},
        "Each": {"Type": "Map", "MaxConcurrency": 1, "End": True, "ItemProcessor": {"StartAt": "One", "States": {
            "One": task("One", Next="Rest", Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Rest"}]),
            "Rest": {"Type": "Wait", "Seconds": 3, "End": True}}}},
    }  # fmt: skip
    pictures = simulated(states, [1, 2], {"One": failing(1)})
    assert (
        pictures.showing("90 s left", "Other")
        if False
        else pictures.showing("1 min 30 s left", "Other")
        == [
            "demo  one  RUNNING",
            "└─ ● Both",
            "   ├─ ○ branch 0: Nap  1 min 30 s left",
            "   └─ ✓ branch 1: Other",
        ]
    )
    assert pictures.taken[-1] == [
        "demo  one  SUCCEEDED  1 min 36 s of virtual time",
        "├─ ✓ Both  1 min 30 s",
        "│  ├─ ✓ branch 0",
        "│  │  ├─ ✓ Nap  1 min 30 s",
        "│  │  └─ ✓ Up",
        "│  └─ ✓ branch 1: Other",
        "└─ ✓ Each  6.0 s  2 items",
        "   ├─ ✓ [0]",
        "   │  ├─ ↷ One  caught Busy: try later",
        "   │  └─ ✓ Rest  3.0 s",
        "   └─ ✓ [1]",
        "      ├─ ✓ One",
        "      └─ ✓ Rest  3.0 s",
    ]
    assert "└─ ● Each  3 s  ━━━━━━━━──────── 1/2, 1 running, 3 s left, 20/min" in pictures.showing(
        "1/2", "[1]", "3 s left"
    )


def test_a_failed_execution_shows_where_it_failed_first() -> None:
    each = {"StartAt": "Work", "States": {"Work": task("Work")}}
    states = {"Each": {"Type": "Map", "MaxConcurrency": 1, "ItemProcessor": each, "End": True}}
    pictures = simulated(
        states, list(range(30)), {"Work": lambda item: failing(1, "Bad", "seven")(item) if item == 7 else item}
    )
    assert pictures.taken[-1] == [
        "demo  one  FAILED",
        "└─ ✗ Each  Bad  30 items: 7 succeeded, 1 failed, 22 not begun",
        "   └─ ✗ [7] Work  Bad: seven",
    ]


def test_a_map_run_shows_its_children() -> None:
    each = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "Work",
        "States": {"Work": task("Work", Next="Nap", Retry=[{"ErrorEquals": ["Slow"]}]),
                   "Nap": {"Type": "Wait", "Seconds": 4, "End": True}},
    }  # fmt: skip
    states = {
        "Each": {"Type": "Map", "MaxConcurrency": 2, "ItemProcessor": each, "End": True, "ToleratedFailureCount": 5}
    }

    def work(item: int) -> int:
        if item in (1, 3):
            raise asl_local.StateError("Bad" if item == 1 else "Slow", None)
        return item

    pictures = simulated(states, [0, 1, 2, 3, 4, 5], {"Work": work})
    assert pictures.showing("1 failed", "[4]") == [
        "demo  one  RUNNING  4 s of virtual time",
        "└─ ● Each  4 s  ━━━─── 3/6, 1 running, 1 waiting, 1 failed, 4 s left, 45/min",
        "   ├─ ✗ [1] Work  Bad",
        "   ├─ ○ [3] Work  attempt 1 failed, again in 1 s",
        "   └─ ● [4] Work",
    ]
    assert pictures.taken[-1][1:] == [
        "└─ ✓ Each  12 s  6 items, 2 failed",
        "   ├─ ✗ [1] Work  Bad",
        "   └─ ✗ [3] Work  7.0 s  Slow",
    ]


def test_an_execution_stands_below_the_state_that_started_it() -> None:
    nap = {"StartAt": "Nap", "States": {"Nap": {"Type": "Wait", "Seconds": 20, "End": True}}}
    work = {"StartAt": "Work", "States": {"Work": task("Work")}}
    both = {"Type": "Parallel", "Branches": [nap, work], "End": True}
    child = asl_local.load({"StartAt": "Both", "States": {"Both": both}}, name="child")
    start = {
        "Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "End": True,
        "Parameters": {"StateMachineArn": child.identity("x").machine_arn, "Name": "two", "Input": {}},
    }  # fmt: skip
    pictures = Pictures(80, 30)
    resources = asl_local.Resources({"Work": lambda _: pictures.look()}, machines={"child": child})
    simulated({"Start": start}, handlers=resources, pictures=pictures)
    assert pictures.showing("Work") == [
        "demo  one  RUNNING",
        "└─ ○ Start  waits for its job",
        "   └─ child  two  RUNNING",
        "      └─ ● Both",
        "         ├─ ○ branch 0: Nap  20 s left",
        "         └─ ● branch 1: Work",
    ]
    assert pictures.taken[-1] == [
        "demo  one  SUCCEEDED  20 s of virtual time",
        "└─ ✓ Start  20 s",
        "   └─ child  two  SUCCEEDED  20 s of virtual time",
        "      └─ ✓ Both  20 s",
        "         ├─ ✓ branch 0: Nap  20 s",
        "         └─ ✓ branch 1: Work",
    ]


def test_a_task_token_is_told() -> None:
    resource = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
    state = {
        "Type": "Task", "Resource": resource, "TimeoutSeconds": 60, "End": True,
        "Parameters": {"QueueUrl": "q", "MessageBody": {"token.$": "$$.Task.Token"}},
    }  # fmt: skip
    tokens: list[str] = []

    def send(event: Any) -> Any:
        tokens.append(event["MessageBody"]["token"])
        return {"MessageId": "m"}

    pictures = simulated({"Ask": state}, handlers={resource: send}, width=200)
    assert (
        pictures.showing("task token")[1] == f"└─ ○ Ask  times out in 1 min 0 s, waits for its task token {tokens[0]}"
    )
    assert pictures.taken[-1][1] == "└─ ✗ Ask  1 min 0 s  States.Timeout"


def test_a_machine_whose_definition_says_nothing_of_the_tree_cannot_break_it() -> None:
    pictures = simulated({"Stop": {"Type": "Fail", "Error": "E", "Cause": "C"}})
    assert pictures.taken[-1] == ["demo  one  FAILED", "└─ ✗ Stop  E: C"]


@pytest.mark.parametrize("number", range(1, 8))
def test_pictures_of_the_workshops_machines_fit_wherever_they_are_drawn(project: Path, number: int) -> None:
    from rich.cells import cell_len

    (definition,) = (project / "definitions").glob(f"{number}-*.asl.json")
    machine = asl_local.load(definition)
    sizes = random.Random(number)
    drawn_at: list[tuple[int, int]] = []

    class Anywhere(Pictures):
        def draw(self, shown: Any) -> None:
            width, height = sizes.randint(1, 120), sizes.randint(1, 30)
            tail, plain = list(shown[0].lines), sizes.random() < 0.5
            lines = picture(forest(shown), shown[0].now(), width, height, tail=tail, plain=plain)
            assert len(lines) <= height
            assert all(cell_len(line.plain) <= width and line.plain.isprintable() for line in lines)
            drawn_at.append((width, height))

    watch = Watch(Anywhere(0, 0), pace=lambda: 0.0)
    with listening(watch):
        machine.simulate(
            asl_local.mock_input(machine), asl_local.mock_answers(machine), on_event=lambda _: watch.look()
        )
        watch.look()
    assert len(drawn_at) >= 3
