"""The page's document: what is written can be read again, all of it, and in few bytes.

`Reader` reads a document as page/data.js does, by the words of document.py alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from itertools import accumulate
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from asl_local.engine.history import EVENTS
from asl_local.reporters.aws import Event
from asl_local.reporters.report.document import document, embedded
from asl_local.reporters.visits.model import OUTCOMES, Attempt, Child, Iteration, Run, Visit
from asl_local.values import text_of

# Times are told to the microsecond, which floats can tell apart until the year 2096.
TIMES = st.integers(0, 4 * 10**15).map(lambda micros: micros / 1e6)
TEXTS = st.text(st.characters(), max_size=8)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(10**25), 10**25)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
)
JSON = st.recursive(
    LEAVES | st.sampled_from(["x" * 150, "</script><!--", "é" * 400]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


@st.composite
def events(draw: st.DrawFn, count: int) -> list[Event]:
    made = []
    for number in range(1, count + 1):
        kind, (_, names) = draw(st.sampled_from(sorted(EVENTS.items())))
        kept = [name for name in names if draw(st.booleans())]
        details = {name: draw(JSON) for name in kept}
        made.append(Event(number, kind, draw(TIMES), draw(st.integers(0, number - 1)), details))
    return made


@st.composite
def visits(draw: st.DrawFn, number: int, count: int) -> Visit:
    ids, words = st.integers(0, count), st.sampled_from(OUTCOMES)
    attempt = st.builds(
        Attempt, st.integers(1, 9), ids, TIMES, maybe(TIMES), maybe(TIMES), ids, words, maybe(TEXTS), maybe(TEXTS), TEXTS,
        JSON, JSON, maybe(TIMES),
    )  # fmt: skip
    return Visit(
        number, draw(TEXTS), "Task", draw(TEXTS), draw(ids), draw(TIMES), draw(maybe(ids)), draw(maybe(ids)), draw(ids),
        draw(maybe(TIMES)), draw(ids), draw(words), draw(maybe(TEXTS)), draw(maybe(TEXTS)), draw(JSON), draw(JSON),
        draw(st.dictionaries(TEXTS, JSON, max_size=2)), draw(TEXTS), draw(st.lists(attempt, max_size=2)),
        draw(st.lists(st.builds(Iteration, ids, TIMES, maybe(TIMES), words), max_size=3)),
    )  # fmt: skip


@st.composite
def runs(draw: st.DrawFn, depth: int = 0) -> Run:
    count = draw(st.integers(0, 5))
    made = [draw(visits(number, count)) for number in range(draw(st.integers(0, 3)))]
    run = Run(
        draw(TEXTS), "FAILED", draw(events(count)), draw(TEXTS), draw(TEXTS), draw(TEXTS), "EXPRESS",
        draw(maybe(TIMES)), draw(maybe(TIMES)), draw(JSON), draw(JSON), draw(maybe(TEXTS)), draw(maybe(TEXTS)), draw(TEXTS),
        draw(st.booleans()), draw(maybe(st.dictionaries(TEXTS, JSON, max_size=2))), made,
        draw(st.lists(st.integers(-1, 2), min_size=count, max_size=count)),
        draw(st.dictionaries(st.integers(0, 2), st.just({"succeeded": 3}), max_size=1)),
        notes=draw(st.lists(TEXTS, max_size=1)),
    )  # fmt: skip
    if depth < 2:
        for _ in range(draw(st.integers(0, 2 - depth))):
            run.children.append(Child(draw(st.integers(0, 3)), draw(runs(depth + 1)), draw(maybe(st.integers(0, 9)))))
    return run


class Reader:
    """A document, read."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.columns = {
            group: {name: self.column(column) for name, column in columns.items()}
            for group, columns in document.items()
            if isinstance(columns, dict) and group != "cut"
        }
        widths = [len(self.shape(n)[2]) for n in range(len(self.columns["events"]["shape"]))]
        self.details = [0, *accumulate(widths)]

    def column(self, column: dict[str, list[Any]]) -> list[Any]:
        ((form, numbers),) = column.items()
        if form in ("runs", "stepRuns"):
            numbers = [number for n in range(0, len(numbers), 2) for number in [numbers[n]] * numbers[n + 1]]
        if form not in ("steps", "stepRuns"):
            return numbers
        last, summed = 0, []
        for step in numbers:
            last += step or 0
            summed.append(None if step is None else last)
        return summed

    def shape(self, event: int) -> list[Any]:
        return self.document["shapes"][self.columns["events"]["shape"][event]]

    def text(self, number: int) -> str:
        entry = self.document["values"][number]
        return entry if isinstance(entry, str) else "".join(p if isinstance(p, str) else self.text(p) for p in entry)

    def value(self, number: int | None) -> Any:
        return None if number is None else json.loads(self.text(number))

    def row(self, group: str, number: int) -> dict[str, Any]:
        return {name: column[number] for name, column in self.columns[group].items()}

    def time(self, micros: int | None) -> float | None:
        return None if micros is None else self.document["zero"] + micros / 1e6

    def runs(self) -> Iterator[tuple[Run, int | None]]:
        """The runs, each with the number of its parent."""
        at = dict.fromkeys(("events", "visits", "assigned", "attempts", "iterations"), 0)

        def rows(group: str, count: int) -> Iterator[dict[str, Any]]:
            for _ in range(count):
                yield self.row(group, at[group])
                at[group] += 1

        for number in range(len(self.columns["runs"]["parent"])):
            row = self.row("runs", number)
            texts = [self.value(row[name]) for name in ("machine", "arn", "machineArn", "type")]
            kept, moments, visit_of = [], [], []
            for event in rows("events", row["events"]):
                kind, member, names = self.shape(at["events"])
                assert member == EVENTS[kind][0]
                start = self.details[at["events"]]
                details = {
                    name: self.value(self.columns["details"]["value"][start + n]) for n, name in enumerate(names)
                }
                number_of = len(kept) + 1
                kept.append(Event(number_of, kind, self.time(event["at"]) or 0, number_of - event["back"], details))
                moments.append(event["at"])
                visit_of.append(event["visit"])
            run = Run(
                self.value(row["name"]), self.value(row["status"]), kept, *texts, self.time(row["started"]),
                self.time(row["stopped"]), self.value(row["input"]), self.value(row["output"]), self.value(row["error"]),
                self.value(row["cause"]), self.value(row["place"]), row["virtual"] == 1,
                None if row["definition"] is None else json.loads(self.document["definitions"][row["definition"]]),
                visit_of=visit_of,
                map_runs={visit: counts for of, visit, counts in self.document["mapRuns"] if of == number},
                notes=[note for of, note in self.document["notes"] if of == number],
            )  # fmt: skip
            for visit in rows("visits", row["visits"]):
                run.visits.append(self.visit(len(run.visits), visit, moments, rows))
            yield run, row["parent"]

    def visit(self, number: int, row: dict[str, Any], moments: list[int], rows: Any) -> Visit:
        def since(moment: int | None, start: int) -> float | None:
            return self.time(None if moment is None else start + moment)

        def event(id: int) -> int:
            return moments[id - 1] if 0 < id <= len(moments) else 0

        state, kind, pointer, edge = self.document["places"][row["place"]]
        first, last = row["first"], row["last"]
        entered = event(first) + row["entered"]
        assigned = {self.value(each["name"]): self.value(each["value"]) for each in rows("assigned", row["assigned"])}
        attempts = []
        for each in rows("attempts", row["attempts"]):
            scheduled = event(each["first"]) + each["scheduled"]
            told = [self.value(each[name]) for name in ("outcome", "error", "cause", "resource", "input", "output")]
            attempts.append(
                Attempt(
                    each["number"],
                    each["first"],
                    self.time(scheduled) or 0,
                    since(each["started"], scheduled),
                    since(each["ended"], event(each["last"])),
                    each["last"],
                    *told,
                    since(each["retryAt"], scheduled),
                )
            )
        iterations = []
        for each in rows("iterations", row["iterations"]):
            started = entered + each["started"]
            iterations.append(
                Iteration(
                    each["index"], self.time(started) or 0, since(each["ended"], started), self.value(each["outcome"])
                )
            )
        told = [self.value(row[name]) for name in ("outcome", "error", "cause", "input", "output")]
        return Visit(
            number, state, kind, pointer, first, self.time(entered) or 0, row["parent"], row["slot"], row["round"],
            since(row["left"], event(last)), last, *told, assigned, edge, attempts, iterations,
        )  # fmt: skip


def flat(run: Run) -> Iterator[Run]:
    yield run
    for child in run.children:
        yield from flat(child.run)


MOMENTS = ("at", "entered", "left", "scheduled", "started", "stopped", "ended", "retry_at")


def told(value: Any) -> Any:
    """A value as it can be compared: texts of JSON, since True equals 1, and times in microseconds."""
    if isinstance(value, list):
        return [told(each) for each in value]
    if not is_dataclass(value):
        return json.dumps(value)
    made = {}
    for each in fields(value):
        member = getattr(value, each.name)
        if each.init and each.name != "children":
            made[each.name] = round(member * 1e6) if each.name in MOMENTS and member is not None else told(member)
    return made


@given(runs())
def test_what_is_written_can_be_read(run: Run) -> None:
    written = document(run)
    text = embedded(written)
    assert "<" not in text
    read = list(Reader(json.loads(text.encode())).runs())
    given_runs = list(flat(run))
    assert len(read) == len(given_runs)
    for (found, parent), wanted in zip(read, given_runs, strict=True):
        assert told(found) == told(wanted)
        children = [] if parent is None else [child.run for child in given_runs[parent].children]
        assert parent is None or any(wanted is child for child in children)
    assert embedded(document(run)) == text


def with_values(*values: Any, name: str = "S") -> Run:
    made = [
        Event(number, "PassStateEntered", float(number), number - 1, {"name": name, "input": value})
        for number, value in enumerate(values, 1)
    ]
    return Run("run", "SUCCEEDED", made, visit_of=[-1] * len(made))


def test_what_travels_is_held_once() -> None:
    """Every state adds one member to what it was given, as ResultPath does."""
    big: dict[str, Any] = {f"part {n}": {"text": f"{n} " * 500} for n in range(20)}
    values = [{**big, "step": n} for n in range(50)]
    written = document(with_values(*values))
    assert len(embedded(written)) < 3 * len(text_of(big))
    assert [event.details["input"] for event in next(Reader(written).runs())[0].events] == values


def test_numbers_keep_their_text() -> None:
    value = [12345678901234567890, 1.0, -0.0, 1e300, 0.1]
    assert text_of(value) in document(with_values(value))["values"]


def test_long_values_are_whole_while_there_is_room() -> None:
    value = {"picture": "0123456789" * 50_000}
    written = document(with_values(value))
    assert written["cut"] is None
    assert next(Reader(written).runs())[0].events[0].details["input"] == value


def test_beyond_that_the_longest_are_cut_and_say_so() -> None:
    long = {"parts": ["é" * 40_000 for _ in range(3)], "n": list(range(60_000))}
    written = document(with_values({"a": "short"}, long, *(f"{n}" * 5_000 for n in range(8))), values_bytes=100_000)
    # The value itself, and its "é": three times the same text, held once. The others have 5,000 bytes each.
    assert written["cut"] == {"values": 2, "bytes": 10_000}
    marks = [entry for entry in written["values"] if isinstance(entry, dict)]
    assert sorted(mark["bytes"] for mark in marks) == sorted([80_002, len(text_of(long["n"]))])
    assert all(text_of(long["n"]).startswith(mark["cut"]) or mark["cut"] == '"' + "é" * 9_999 for mark in marks)
    assert len(embedded(written).encode()) < 130_000


def test_a_definition_is_never_cut() -> None:
    run = with_values("x")
    run.definition = {"Comment": "long " * 1_000, "StartAt": "S", "States": {}}
    assert json.loads(document(run, values_bytes=10)["definitions"][0]) == run.definition


def a_map_of(items: int) -> Run:
    """What a Map with one Task leaves, all iterations side by side: six events for each."""
    steps = ("MapIterationStarted", "TaskStateEntered", "LambdaFunctionScheduled", "LambdaFunctionStarted",
             "LambdaFunctionSucceeded", "TaskStateExited")  # fmt: skip
    made: list[Event] = []
    run = Run("big", "SUCCEEDED", made, visits=[Visit(0, "Orders", "Map", "/States/Orders", 1, 0.0)])
    for step, kind in enumerate(steps):
        for item in range(items):
            value = {"order": item, "customer": f"customer {item % 977}", "amount": item * 1.25, "step": step // 3}
            details = {
                name: "Charge" if name == "name" else item if name == "index" else value
                for name in EVENTS[kind][1]
                if name in ("name", "index", "input", "output")
            }
            number = len(made) + 1
            made.append(Event(number, kind, 1.7e9 + step + item * 0.0137, max(0, number - items), details))
            run.visit_of.append(1 + item if step else 0)
            if step == 1:
                run.visits.append(
                    Visit(1 + item, "Charge", "Task", "/States/Orders/ItemProcessor/States/Charge", number, made[-1].at, 0, item,
                          input=value)
                )  # fmt: skip
    return run


def test_sixty_thousand_events_are_a_small_file() -> None:
    run = a_map_of(10_000)
    assert len(run.events) == 60_000
    written = document(run)
    assert written["cut"] is None
    assert len(embedded(written).encode()) < 6_000_000
