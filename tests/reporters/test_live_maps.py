"""Maps in the tree on a terminal: bars, counts, time left, what is shown of many items."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from live_runs import Pictures, done, drawn, failing, mapped, run_of, simulated, task, visit

from asl_local.reporters.live.tree import Tree, Wait
from asl_local.reporters.visits.model import Attempt, Iteration, Run

pytest.importorskip("rich")


def test_a_map_is_a_bar_and_below_it_what_failed_and_what_runs() -> None:
    tree = Tree.of(mapped(20, 3, failed=[4]))
    tree.parts(tree.run.visits[0]).total = 20  # type: ignore[union-attr]
    assert drawn(tree, 5.0) == [
        "demo  one  RUNNING  5 s",
        "└─ ● Each  5 s  ━━━━━━━━──────── 10/20, 3 running, 1 failed, 5 s left, 2.0/s",
        "   ├─ ✗ [4] Work  1.0 s  Bad",
        "   ├─ ● [10] Work  5 s",
        "   ├─ ● [11] Work  5 s",
        "   └─ ● [12] Work  5 s",
    ]
    assert drawn(tree, 5.0, height=5) == [
        "demo  one  RUNNING  5 s",
        "└─ ● Each  5 s  ━━━━━━━━──────── 10/20, 3 running, 1 failed, 5 s left, 2.0/s",
        "   ├─ ✗ [4] Work  1.0 s  Bad",
        "   ├─ ● [10] Work  5 s",
        "   └─ … 2 more running",
    ]
    assert drawn(tree, 5.0, height=2) == drawn(tree, 5.0)[:2]
    assert drawn(tree, 5.0, height=1) == drawn(tree, 5.0)[:1]


def retrying(total: int, ended: int, failed: Sequence[int], until: dict[int, float], running: int = 0) -> Tree:
    """A Map of which the items of `until` wait until then to be tried again."""
    tree = Tree.of(mapped(2 * ended, len(until) + running, failed=failed))
    tree.parts(tree.run.visits[0]).total = total  # type: ignore[union-attr]
    for each in tree.run.visits[1:]:
        if each.slot in until:
            each.attempts = [Attempt(0, 1, 0.0, outcome="failed", error="Busy")]
            tree.waits[each.number] = Wait("retry", until[each.slot])
    return tree


def test_what_waits_is_not_running_and_no_time_left_is_told_where_all_that_remains_waits() -> None:
    tree = retrying(8, 6, [], {6: 18.0, 7: 13.0})
    assert drawn(tree, 10.0) == [
        "demo  one  RUNNING  10 s",
        "└─ ● Each  10 s  ━━━━━━━━━━━━──── 6/8, 2 waiting, 36/min",
        *(f"   ├─ ✓ [{index}] Work  1.0 s" for index in range(6)),
        "   ├─ ○ [6] Work  10 s  attempt 1 of 1 failed, again in 8 s: Busy",
        "   └─ ○ [7] Work  10 s  attempt 1 of 1 failed, again in 3 s: Busy",
    ]
    assert drawn(retrying(20, 6, [], dict.fromkeys(range(6, 10), 18.0), running=2), 10.0, height=6)[2:] == [
        "   ├─ ○ [6] Work  10 s  attempt 1 of 1 failed, again in 8 s: Busy",
        "   ├─ ○ [7] Work  10 s  attempt 1 of 1 failed, again in 8 s: Busy",
        "   ├─ ○ [8] Work  10 s  attempt 1 of 1 failed, again in 8 s: Busy",
        "   └─ … 2 more running, 1 more waiting",
    ]


def test_the_time_left_is_no_shorter_than_the_longest_pause_that_is_known() -> None:
    tree = retrying(10, 6, [], {6: 28.0, 7: 13.0}, running=1)
    assert "6/10, 1 running, 2 waiting, 18 s left, 36/min" in drawn(tree, 10.0)[1]
    assert "6/10, 1 running, 2 waiting, 17 s left, 14/min" in drawn(tree, 25.0)[1]  # by the rate


def test_in_a_narrow_terminal_counts_and_when_it_is_tried_again_stay() -> None:
    tree = retrying(200, 60, [4, 5], {60: 30.0, 61: 13.0}, running=3)
    rows = {width: drawn(tree, 10.0, width=width, height=7)[1::3] for width in (90, 80, 76, 70, 60, 50, 40)}
    assert rows == {
        90: [
            "└─ ● Each  10 s  ━━━───────── 60/200, 3 running, 2 waiting, 2 failed, 24 s left, 6.0/s",
            "   ├─ ○ [60] Work  10 s  attempt 1 of 1 failed, again in 20 s: Busy",
        ],
        80: ["└─ ● Each  10 s  ━───── 60/200, 3 running, 2 waiting, 2 failed, 24 s left, 6.0/s", rows[90][1]],
        76: ["└─ ● Each  10 s  60/200, 3 running, 2 waiting, 2 failed, 24 s left, 6.0/s", rows[90][1]],
        70: ["└─ ● Each  60/200, 3 running, 2 waiting, 2 failed, 24 s left, 6.0/s", rows[90][1]],
        60: [
            "└─ ● Each  60/200, 3 running, 2 waiting, 2 failed, 24 s left",
            "   ├─ ○ [60] Work  attempt 1 of 1 failed, again in 20 s",
        ],
        50: [
            "└─ ● Each  60/200, 2 failed, 3 running, 2 waiting",
            "   ├─ ○ [60] Work  attempt 1 failed, again in 20 s",
        ],
        40: ["└─ ● Each  60/200, 2 failed, 3 running,…", "   ├─ ○ [60] Work  again in 20 s"],
    }


def test_the_heading_of_a_narrow_terminal_says_how_it_stands() -> None:
    run = Run("a-run-1", "RUNNING", [], "a-machine-with-a-long-name-that-says-it-all", started=0.0)
    assert drawn(Tree.of(run), 10.0, width=40) == ["a-machine-with-…  a-run-1  RUNNING  10 s"]


def test_a_map_that_was_cut_short_says_what_became_of_its_items() -> None:
    tree = retrying(20, 6, [4], {6: 18.0, 7: 13.0})
    each, run = tree.run.visits[0], tree.run
    run.status, run.stopped, tree.waits = "ABORTED", 12.0, {}
    each.outcome, each.left = "aborted", 12.0
    told = "5 succeeded, 1 failed, 2 aborted, 12 not begun"
    assert drawn(tree, 99.0, width=90)[1] == f"└─ ■ Each  12 s  aborted  20 items: {told}"
    assert drawn(tree, 99.0, width=60)[1] == f"└─ ■ Each  {told}"


def test_items_that_a_siblings_failure_has_cut_short_are_counted_as_aborted() -> None:
    each = {
        "StartAt": "Work",
        "States": {"Work": task("Work", Next="Nap"), "Nap": {"Type": "Wait", "Seconds": 9, "End": True}},
    }
    states = {"Each": {"Type": "Map", "MaxConcurrency": 3, "ItemProcessor": each, "End": True}}
    pictures = simulated(states, list(range(9)), {"Work": lambda item: failing(1)(item) if item == 5 else item})
    assert pictures.taken[-1][1] == "└─ ✗ Each  9.0 s  Busy  9 items: 3 succeeded, 1 failed, 2 aborted, 3 not begun"


def test_a_map_run_that_was_stopped_says_what_became_of_its_items() -> None:
    each = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "Work",
        "States": {"Work": task("Work", Next="Nap"), "Nap": {"Type": "Wait", "Seconds": 9, "End": True}},
    }  # fmt: skip
    states = {"Each": {"Type": "Map", "MaxConcurrency": 3, "ItemProcessor": each, "End": True}}

    def work(item: int) -> int:
        if item == 5:
            raise KeyboardInterrupt
        return item

    pictures = Pictures(100, 30)
    with pytest.raises(KeyboardInterrupt):
        simulated(states, list(range(9)), {"Work": work}, pictures=pictures)
    pictures.look()
    assert pictures.taken[-1][1] == "└─ ■ Each  9.0 s  aborted  9 items: 3 succeeded, 3 aborted, 3 not begun"


def test_of_a_large_map_what_failed_stands_before_what_runs() -> None:
    each = visit(0, "Each", "Map", iterations=[Iteration(0, 0.0), Iteration(1, 0.0, 1.0, "failed")])
    bad = done(2, "Work", "Task", parent=0, slot=1, outcome="failed", error="Bad")
    tree = Tree.of(run_of(each, visit(1, "Work", "Task", parent=0, slot=0), bad))
    assert [line[6:9] for line in drawn(tree, 0.0)[2:]] == ["● [", "✗ ["]
    tree.parts(each).total = 20  # type: ignore[union-attr]
    assert [line[6:9] for line in drawn(tree, 0.0)[2:]] == ["✗ [", "● ["]


def test_one_state_alone_is_not_left_out() -> None:
    run = run_of(done(0, "A"), done(1, "B"), visit(2, "C", "Task"))
    assert drawn(Tree.of(run), 0.0, height=4)[1:] == ["├─ ✓ A  1.0 s", "├─ ✓ B  1.0 s", "└─ ● C"]
    assert drawn(Tree.of(run), 0.0, height=3)[1:] == ["├─ … 2 more before", "└─ ● C"]
    run = run_of(done(0, "A"), visit(1, "B", "Task"))
    assert drawn(Tree.of(run), 0.0, height=3)[1:] == ["├─ ✓ A  1.0 s", "└─ ● B"]


def test_an_iteration_that_has_not_come_to_a_state_yet_is_there() -> None:
    run = run_of(visit(0, "Each", "Map", iterations=[Iteration(0, 0.0)]))
    assert drawn(Tree.of(run), 0.0)[2] == "   └─ ● [0]"
