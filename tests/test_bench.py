"""The benches' workloads do the same on both sides, and the page's tables are the committed ones. Nothing is asserted
about time.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parent.parent / "bench"
sys.path.insert(0, str(BENCH))
try:
    import tables
    from workloads import WORKLOADS
    from workloads.base import Side, Sides, WrongAnswer
finally:
    sys.path.remove(str(BENCH))


@pytest.mark.parametrize("name", WORKLOADS)
def test_both_sides_of_every_workload_give_the_same(name: str, bench_path: None) -> None:
    sides = WORKLOADS[name].make(WORKLOADS[name].tiny)
    try:
        taken = sides.check()
    finally:
        sides.close()
    assert list(taken) == ["floor", *sides.ways]


def test_a_wrong_answer_is_no_figure() -> None:
    sides = Sides(Side(lambda: [1, 2]), {"run": Side(lambda: [1, 3])})
    with pytest.raises(WrongAnswer, match=re.escape("run gives [1, 3], the floor [1, 2]")):
        sides.check()


def test_every_workload_has_its_committed_figures() -> None:
    figures = tables.committed()
    assert list(figures["times"]) == list(WORKLOADS)
    assert list(figures["growth"]) == [name for name, workload in WORKLOADS.items() if workload.grows]
    assert list(figures["figures"]) == list(tables.FIGURES)


def test_the_page_has_the_committed_tables() -> None:
    text = tables.PAGE.read_text("utf-8")
    assert text == tables.page_with(text, tables.printed(tables.committed())), "run bench/run.py --update"


def test_a_table_without_a_place_in_the_page_is_refused() -> None:
    with pytest.raises(LookupError, match="no place for ratios"):
        tables.page_with("# A page", {"ratios": ""})


def test_ratios_are_compared_with_the_committed_ones() -> None:
    now = {"chain": {"floor": 0.001, "run": 0.012, "simulate": 0.010}}
    before = {"chain": {"floor": 0.002, "run": 0.020}}
    lines = tables.compared(now, before).splitlines()
    assert [line.split() for line in lines[1:]] == [
        ["chain", "run", "1.00", "ms", "12.0", "ms", "12.0", "10.0", "+20", "%"],
        ["chain", "simulate", "1.00", "ms", "10.0", "ms", "10.0", "new"],
    ]


def test_a_peer_that_is_wrong_has_no_figure() -> None:
    peers = {
        "rows": {"chain": "chain", "start": "start"},
        "versions": {"other": "1.2", "other, warmed up": "1.2", "third": "3"},
        "columns": {
            "other": {"chain": 400.0, "start": 8.0},
            "other, warmed up": {"chain": 100.0},
            "third": {"chain": "wrong"},
        },
    }
    times = {
        "chain": {"floor": 0.001, "run": 0.008, "simulate": 0.005},
        "start": {"floor": 0.01, "import": 0.02, "simulate": 0.04, "command": 0.05},
    }
    assert tables.peers_page(peers, times).splitlines() == [
        "|  | asl_local | other 1.2 | other 1.2, warmed up | third 3 |",
        "| --- | --- | --- | --- | --- |",
        "| `chain` | 8.00 | 400 (50.0) | 100 (12.5) | wrong |",
        "| `start` | 4.00 | 8.00 (2.00) | not run | not run |",
    ]


def test_new_figures_of_peers_stand_beside_those_from_before() -> None:
    before = {"rows": {"chain": "chain"}, "versions": {"other": "1"}, "columns": {"other": {"chain": 400.0}}}
    new = {
        "rows": {"map": "map"},
        "versions": {"other": "2", "third": "3"},
        "columns": {"other": {"map": "no"}, "third": {"map": 9.0}},
    }
    assert tables.merged(new, before) == {
        "rows": {"chain": "chain", "map": "map"},
        "versions": {"other": "2", "third": "3"},
        "columns": {"other": {"chain": 400.0, "map": "no"}, "third": {"map": 9.0}},
    }
    assert tables.merged(new, {}) == new


def test_the_peers_do_what_the_workloads_do(bench_path: None) -> None:
    import peers

    assert {row.workload for row in peers.ROWS.values()} <= set(WORKLOADS)
    for name, row in peers.ROWS.items():
        assert name.split(",")[0] == row.workload
        assert row.size == WORKLOADS[row.workload].size or "," in name
    for peer in peers.PEERS.values():
        assert (BENCH / "peers" / peer.driver).exists()


@pytest.fixture
def bench_path(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(BENCH))
    yield
    for name in ("peers", "photos", "run"):  # others have scripts of these names, too
        sys.modules.pop(name, None)
