"""--asl-report: a folder with what every execution of every test was."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest
from inner_pytest import DOOR, Project

TESTS = """\
from orders import simulate

def test_paid():
    simulate(1)

def test_refused():
    simulate(2)
    assert simulate(3, -1).status == "SUCCEEDED"

def test_nothing():
    pass
"""


class Links(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if name == "href"]


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["here", "workers"])
def test_a_page_for_each_execution_and_an_index(inner: Project, workers: tuple[str, ...]) -> None:
    inner.write("test_orders.py", TESTS)
    run = inner.pytest_apart("--asl-report", "out", *workers, plugins=(DOOR, "xdist.plugin"))
    assert run.code == 1
    assert run.section("asl_local report")[0] == "executions of the tests: out/index.html"
    index = (inner.folder / "out" / "index.html").read_text("utf-8")
    assert "3 executions in 2 tests" in index
    assert index.index("test_orders.py::test_paid<td>passed") < index.index("test_orders.py::test_refused<td><span")
    assert "Map &#x27;Orders&#x27;, item 1 &gt; Task &#x27;Charge&#x27;: TooSmall" in index
    links = Links(index).links
    assert len(links) == 12
    assert all((inner.folder / "out" / link).is_file() for link in links)
    listed = json.loads((inner.folder / "out" / "asl-report.json").read_text("utf-8"))["tests"]
    assert [(row["test"], row["outcome"], row["count"]) for row in listed] == [
        ("test_orders.py::test_paid", "passed", 1),
        ("test_orders.py::test_refused", "failed", 2),
    ]
    files = listed[1]["executions"][1]["files"]
    texts = {kind: (inner.folder / "out" / name).read_text("utf-8") for kind, name in files.items()}
    events = json.loads(texts["history"])["events"]
    assert [events[0]["type"], events[-1]["type"]] == ["ExecutionStarted", "ExecutionFailed"]
    assert events[0]["timestamp"] == "2024-01-01T00:00:00.000+00:00"
    assert texts["timeline"].splitlines()[-1] == "   0.000 s  execution failed: TooSmall: -1 is no amount"
    assert "\n  class s1 taken\n" in texts["graph"]
    assert "\n  class s4 failed\n" in texts["graph"]
    page = Links(texts["page"]).links
    assert [link for link in page if not link.startswith("#")] == ["../index.html", "2.json", "2.txt", "2.mmd"]
    assert all(part in texts["page"] for part in ("Orders", "FAILED", "TooSmall", "Content-Security-Policy"))


def test_the_next_run_removes_what_the_last_one_wrote_and_nothing_else(inner: Project) -> None:
    inner.write("test_orders.py", TESTS)
    inner.write("out/mine.txt", "mine")
    inner.pytest("--asl-report=out")
    inner.write("out/test_orders.py.test_refused/notes.txt", "mine too")
    inner.pytest("--asl-report=out", "-k", "nothing")
    out = inner.folder / "out"
    left = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
    assert left == ["asl-report.json", "index.html", "mine.txt", "test_orders.py.test_refused/notes.txt"]
    assert not (out / "test_orders.py.test_paid").exists()


def test_a_list_that_leads_out_of_the_folder_removes_nothing(inner: Project) -> None:
    inner.write("test_orders.py", TESTS)
    kept = inner.write("kept.html", "mine")
    row = {"test": "t", "executions": [{"files": {"page": "../kept.html"}}]}
    inner.write("out/asl-report.json", json.dumps({"tests": [row]}))
    assert inner.pytest("--asl-report=out", "-k", "nothing").code == 0
    assert kept.read_text("utf-8") == "mine"


def test_of_thousands_of_executions_the_last_ones_have_pages(inner: Project) -> None:
    inner.write(
        "test_orders.py",
        "from orders import simulate\n\ndef test_it():\n    for n in range(60):\n        simulate(n)\n",
    )
    assert inner.pytest("--asl-report=out").code == 0
    row = json.loads((inner.folder / "out" / "asl-report.json").read_text("utf-8"))["tests"][0]
    assert (row["count"], len(row["executions"])) == (60, 25)
    assert "the last 25 of 60" in (inner.folder / "out" / "index.html").read_text("utf-8")


def test_past_a_number_of_pages_only_executions_of_failed_tests_have_one(
    inner: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("asl_local.interfaces.pytest_plugin.report.MOST_PAGES", 2)
    inner.write(
        "test_orders.py",
        "from orders import simulate\n\n"
        "def test_a():\n    for n in range(3):\n        simulate(n)\n\n"
        "def test_b():\n    assert simulate(3, -1).status == 'SUCCEEDED'\n",
    )
    assert inner.pytest("--asl-report=out").code == 1
    out = inner.folder / "out"
    names = sorted(path.relative_to(out).as_posix() for path in out.rglob("*.html"))
    assert names == [
        "index.html", "test_orders.py.test_a/1.html", "test_orders.py.test_a/2.html", "test_orders.py.test_b/1.html",
    ]  # fmt: skip
    assert len(list(out.rglob("*.txt"))) == 4
    assert all((out / link).is_file() for link in Links((out / "index.html").read_text("utf-8")).links)


def test_names_and_values_are_text_in_the_pages(inner: Project) -> None:
    inner.write(
        "test_names.py",
        """\
import asl_local

def test_it():
    state = {"Type": "Fail", "Error": "<b>", "Cause": "<script>"}
    asl_local.load({"StartAt": "<i>", "States": {"<i>": state}}, name="n").simulate("<u>")
""",
    )
    inner.pytest("--asl-report=out")
    for page in (inner.folder / "out").rglob("*.html"):
        text = page.read_text("utf-8")
        data = re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL)  # but for the page's own script
        assert not [tag for tag in ("<b>", "<script>", "<i>", "<u>") if tag in data]


def test_collecting_only_writes_nothing(inner: Project) -> None:
    inner.write("test_orders.py", TESTS)
    assert inner.pytest("--asl-report=out", "--collect-only").code == 0
    assert not (inner.folder / "out").exists()


def test_a_file_is_no_folder(inner: Project) -> None:
    inner.write("out", "a file")
    run = inner.pytest("--asl-report=out")
    assert (run.code, "--asl-report: out is no folder" in run.errors) == (4, True)


def test_where_nothing_can_be_written_is_said_before_anything_runs(inner: Project) -> None:
    inner.write("test_orders.py", TESTS)
    inner.write("out", "a file")
    run = inner.pytest("--asl-report=out/pages")
    assert (run.code, f"--asl-report: {inner.folder / 'out' / 'pages'}: Not a directory" in run.errors) == (4, True)
