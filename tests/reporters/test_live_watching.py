"""Watching executions: who is shown and when, on what stream, and what is given back in the end."""

from __future__ import annotations

import io
import logging
import sys
import threading
from typing import Any

import pytest

import asl_local
from asl_local.drivers.listening import listening
from asl_local.reporters.live import screen, watching
from asl_local.reporters.live.watching import Watch

pytest.importorskip("rich")

TASK = {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:Work", "End": True}
MACHINE = asl_local.load({"StartAt": "Work", "States": {"Work": TASK}}, name="demo")
HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"


class Terminal(io.StringIO):
    """A stream that says it is one."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


class Face:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.drawn = threading.Event()

    def open(self) -> None:
        self.said.append("open")

    def draw(self, shown: Any) -> None:
        self.said.append(f"draw {[each.tree.run.status for each in shown]}")
        self.drawn.set()

    def leave(self, ended: Any) -> None:
        self.said.append(f"leave {[each.tree.run.status for each in ended]}")

    def close(self) -> None:
        self.said.append("close")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    for name in ("CI", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")
    return Terminal()


# -- when there is a picture -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "expected"), [("run", [1, 1, 1, 2, 2, 3]), ("simulate", [1, 1, 1, 1, 1, 1])])
def test_a_picture_for_every_change_and_in_real_time_for_every_second(kind: str, expected: list[int]) -> None:
    face, pace = Face(), [0.0]
    watch = Watch(face, pace=lambda: pace[0])
    seen: list[int] = []

    def work(_: Any) -> None:
        for moment in (0.0, 0.1, 0.9, 1.0, 1.5, 2.0):
            pace[0] = moment
            watch.look()
            seen.append(len(face.said))

    with listening(watch):
        getattr(MACHINE, kind)({}, {"Work": work})
        watch.look()
    assert seen == expected
    assert face.said[0] == "draw ['RUNNING']"
    assert face.said[-1] == "leave ['SUCCEEDED']"


@pytest.mark.parametrize(("at", "virtual"), [(None, True), (1_700_000_000.0, False)])
def test_a_redrive_goes_on_in_the_time_that_it_had(at: float | None, virtual: bool) -> None:
    clocks: list[bool] = []

    class Clocks(Face):
        def leave(self, ended: Any) -> None:
            clocks.extend(each.virtual for each in ended)

    def declined(_: Any) -> Any:
        raise asl_local.StateError("Declined", None)

    failed = MACHINE.simulate({}, {"Work": declined}, start=1_699_999_000.0)
    watch = Watch(Clocks(), clock=lambda: 1_700_000_001.0)
    with listening(watch):
        MACHINE.redrive(failed, {"Work": lambda _: 1}, at=at)
        watch.look()
    assert clocks == [virtual]


def test_a_thread_draws_while_something_runs_and_is_gone_afterwards() -> None:
    face = Face()
    watch = Watch(face)
    with listening(watch):
        watch.start()
        MACHINE.run({}, {"Work": lambda _: face.drawn.wait(10)})
        watch.stop()
    assert face.said[0] == "open"
    assert "draw ['RUNNING']" in face.said
    assert face.said[-2:] == ["leave ['SUCCEEDED']", "close"]
    assert not [thread for thread in threading.enumerate() if thread.name == "asl-local-live"]


def test_an_execution_that_goes_on_after_the_block_is_left_as_it_is() -> None:
    face, over = Face(), threading.Event()
    watch = Watch(face)
    with listening(watch):
        watch.start()
        started = MACHINE.start({}, {"Work": lambda _: over.wait(10)})
        assert face.drawn.wait(10)
        watch.stop()
    assert face.said[-2:] == ["leave ['RUNNING']", "close"]
    over.set()
    assert started.result(timeout=10).status == "SUCCEEDED"


def test_explorations_and_tests_of_states_are_not_shown() -> None:
    face = Face()
    watch = Watch(face)
    with listening(watch):
        MACHINE.explore({}, {"Work": lambda _: 1})
        asl_local.test_state(definition=TASK, input={}, mock={"result": "1"})
        watch.look()
    assert face.said == []


def test_redrives_are_shown_with_what_was_before() -> None:
    face = Face()
    watch = Watch(face)

    def declined(_: Any) -> Any:
        raise asl_local.StateError("Declined", None)

    with listening(watch):
        failed = MACHINE.simulate({}, {"Work": declined})
        watch.look()
        MACHINE.redrive(failed, {"Work": lambda _: 1})
        watch.look()
    assert face.said == ["leave ['FAILED']", "leave ['SUCCEEDED']"]


def test_an_execution_is_left_when_those_that_it_started_are_over_too() -> None:
    nap = {"StartAt": "Nap", "States": {"Nap": {"Type": "Wait", "Seconds": 20, "Next": "Work"}, "Work": TASK}}
    child = asl_local.load(nap, name="child")
    start = {
        "Type": "Task", "Resource": "arn:aws:states:::states:startExecution", "End": True,
        "Parameters": {"StateMachineArn": child.identity("x").machine_arn, "Input": {}},
    }  # fmt: skip
    parent = asl_local.load({"StartAt": "Start", "States": {"Start": start}}, name="parent")
    face = Face()
    watch = Watch(face)
    resources = asl_local.Resources({"Work": lambda _: watch.look()}, machines={"child": child})
    with listening(watch):
        parent.simulate({}, resources)
        watch.look()
    assert face.said == ["draw ['SUCCEEDED', 'RUNNING']", "leave ['SUCCEEDED', 'SUCCEEDED']"]


def test_each_of_several_executions_is_left_when_it_is_over() -> None:
    face, over = Face(), threading.Event()
    watch = Watch(face)
    with listening(watch):
        background = MACHINE.start({}, {"Work": lambda _: over.wait(10)})
        MACHINE.simulate({}, {"Work": lambda _: 1})
        watch.look()
        over.set()
        background.result(timeout=10)
        watch.look()
    assert face.said == ["leave ['SUCCEEDED']", "draw ['RUNNING']", "leave ['SUCCEEDED']"]


def test_a_picture_that_cannot_be_drawn_fails_no_execution(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(screen, "picture", broken)
    shown = pytest.warns(RuntimeWarning, match="could not be shown: ZeroDivisionError: oh")
    with shown, asl_local.live(io.StringIO(), progress="tree"):
        result = MACHINE.simulate({}, {"Work": lambda _: 1})
    assert result.status == "SUCCEEDED"


def test_a_stream_that_nobody_reads_fails_no_execution(terminal: Terminal) -> None:
    class Gone(Terminal):
        def write(self, _: str) -> int:
            raise BrokenPipeError

    for stream in (Gone(), terminal):
        with asl_local.live(stream, progress="plain"):
            assert MACHINE.simulate({}, {"Work": lambda _: 1}).status == "SUCCEEDED"


# -- where it is shown -------------------------------------------------------------------------------------------------


def test_the_tree_is_for_terminals(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    assert watching.wants_tree(terminal)
    assert not watching.wants_tree(io.StringIO())
    monkeypatch.setenv("CI", "true")
    assert not watching.wants_tree(terminal)
    monkeypatch.delenv("CI")
    monkeypatch.setenv("TERM", "dumb")
    assert not watching.wants_tree(terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setitem(sys.modules, "rich.live", None)
    assert not watching.wants_tree(terminal)


def test_without_rich_a_tree_that_was_asked_for_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rich.console", None)
    with pytest.raises(asl_local.MissingExtra, match=r"pip install 'asl-local\[terminal\]'"):
        asl_local.live(io.StringIO(), progress="tree")


def test_another_word_is_refused() -> None:
    with pytest.raises(ValueError, match="auto, tree, plain or none"):
        asl_local.live(progress="yes")


def test_on_a_terminal_the_tree_stays_and_the_cursor_comes_back(terminal: Terminal) -> None:
    with asl_local.live(terminal):
        MACHINE.simulate({}, {"Work": lambda _: 1}, execution_name="one")
    text = terminal.getvalue()
    assert "demo" in text
    assert "✓" in text
    assert text.count(HIDE) == 1
    assert text.rindex(SHOW) > text.rindex("Work")


def test_the_cursor_comes_back_whatever_happens(terminal: Terminal) -> None:
    def interrupted(_: Any) -> Any:
        raise KeyboardInterrupt

    before = sys.stdout, sys.stderr
    with pytest.raises(KeyboardInterrupt), asl_local.live(terminal):
        MACHINE.run({}, {"Work": interrupted}, execution_name="one")
    assert terminal.getvalue().rindex(SHOW) > terminal.getvalue().rindex("ABORTED")
    assert (sys.stdout, sys.stderr) == before


def test_no_color_is_respected(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    with asl_local.live(terminal):
        MACHINE.simulate({}, {"Work": lambda _: 1})
    assert "✓" in terminal.getvalue()
    assert "\x1b[3" not in terminal.getvalue()


def test_a_stream_with_ascii_only_gets_ascii(terminal: Terminal) -> None:
    terminal.encoding = "ascii"
    with asl_local.live(terminal):
        MACHINE.simulate({}, {"Work": lambda _: 1})
    assert terminal.getvalue().isascii()
    assert "`- " in terminal.getvalue()


def test_elsewhere_there_is_a_line_for_each_event() -> None:
    stream = io.StringIO()
    with asl_local.live(stream):
        MACHINE.simulate({}, {"Work": lambda _: 1})
    assert stream.getvalue().splitlines() == [
        "   0.000 s  Work entered",
        "   0.000 s  Work left",
        "   0.000 s  execution succeeded",
    ]


def test_map_runs_are_told_elsewhere_too() -> None:
    each = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "P",
        "States": {"P": {"Type": "Pass", "End": True}},
    }  # fmt: skip
    machine = asl_local.load({"StartAt": "M", "States": {"M": {"Type": "Map", "ItemProcessor": each, "End": True}}})
    stream = io.StringIO()
    with asl_local.live(stream, progress="plain"):
        machine.simulate([1, 2])
    assert "M [########################] 2/2 items, SUCCEEDED" in stream.getvalue().splitlines()


@pytest.mark.parametrize("variable", ["FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"])
def test_a_tree_that_was_asked_for_stands_in_a_file_as_it_was_in_the_end(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "1")
    stream = io.StringIO()
    with asl_local.live(stream, progress="tree"):
        MACHINE.simulate({}, {"Work": lambda _: 1}, execution_name="one")
    assert stream.getvalue() == "demo  one  SUCCEEDED\n└─ ✓ Work\n"


def test_nothing_is_shown_if_nothing_is_wanted() -> None:
    stream = io.StringIO()
    with asl_local.live(stream, progress="none"):
        MACHINE.simulate({}, {"Work": lambda _: 1})
    assert stream.getvalue() == ""


# -- what others print -------------------------------------------------------------------------------------------------


def test_what_handlers_print_and_log_stands_above_the_tree(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(sys, "stderr", terminal)
    logger = logging.getLogger("test_live_watching")
    handler = logging.StreamHandler(terminal)
    logger.addHandler(handler)

    def work(_: Any) -> None:
        print("printed [bold]")
        print("complained", file=sys.stderr)
        logger.warning("logged")
        print("half a line", end="")

    try:
        with asl_local.live(terminal):
            MACHINE.simulate({}, {"Work": work})
    finally:
        logger.removeHandler(handler)
    assert handler.stream is terminal
    assert sys.stdout is terminal
    lines = terminal.getvalue().split("\n")
    assert [line for line in lines if line.endswith("printed [bold]")]
    assert [line for line in lines if line.endswith("complained")]
    assert [line for line in lines if line.endswith("logged")]
    assert "half a line" in terminal.getvalue()


def test_standard_output_that_is_no_terminal_is_left_alone(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = io.StringIO()
    monkeypatch.setattr(sys, "stdout", elsewhere)
    with asl_local.live(terminal):
        MACHINE.simulate({}, {"Work": lambda _: print("mine")})
    assert elsewhere.getvalue() == "mine\n"


def test_what_a_narrower_terminal_has_folded_goes_away(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows that stand on the screen are those that the terminal has made of the lines, not the lines."""
    shown = screen.Screen(terminal)
    name = "a-name-of-sixty-characters-which-stands-in-the-heading-of-it"
    up: list[int] = []

    def work(_: Any) -> None:
        shown.open()
        for width in (80, 80, 30, 80):
            monkeypatch.setattr(shown._console, "_width", width)
            terminal.seek(0)
            terminal.truncate()
            watch.look()
            shown.draw(watch._shown)
            up.append(terminal.getvalue().count("\x1b[1A"))
        shown.close()

    watch = Watch(Face())
    with listening(watch):
        MACHINE.run({}, {"Work": work}, execution_name=name)
    # Four lines, heading, state, a blank one, the last event: three up; two more where the heading has become three rows.
    assert up == [0, 3, 5, 3]
