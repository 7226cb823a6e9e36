"""The ways to an execution report from Python: to_html, view, notebooks. What the page shows is tested with the page."""

from __future__ import annotations

import io
import json
import random
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import asl_local
from asl_local.errors import DefinitionNotFound, InvalidDefinition, InvalidHistory
from asl_local.interfaces.viewing.notebooks import run_card
from asl_local.reporters.visits.whole import run_of

EVIL = "</script><script>alert(1)</script>"
ORDER: dict[str, Any] = {
    "StartAt": "Charge",
    "States": {
        "Charge": {
            "Type": "Task",
            "Resource": "arn:aws:lambda:us-east-1:123456789012:function:charge",
            "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 3}],
            "Catch": [{"ErrorEquals": ["Broke"], "Next": "Refuse"}],
            "Next": "Rest",
        },
        "Rest": {"Type": "Wait", "Seconds": 5, "End": True},
        "Refuse": {"Type": "Fail", "Error": "Refused", "Cause": EVIL},
    },
}


class Tags(HTMLParser):
    """The tags of a page, each with its attributes, and whether all that were opened are closed."""

    VOID = ("meta", "link", "br", "img", "rect", "path", "circle", "hr", "input")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            while self.open.pop() != tag:
                pass

    def names(self) -> set[str]:
        return {name for name, _ in self.tags}


def simulate(charge: Any, given: Any = None, **more: Any) -> asl_local.Result:
    return asl_local.load(ORDER, name="Orders").simulate(given or {"id": 7}, {"charge": charge}, **more)


def fails(error: str) -> Any:
    def charge(event: Any) -> Any:
        raise asl_local.StateError(error, EVIL)

    return charge


# -- Result.to_html ----------------------------------------------------------------------------------------------------


def test_the_text_or_a_file(tmp_path: Path) -> None:
    result = simulate(lambda event: event)
    text = result.to_html()
    assert text.startswith("<!DOCTYPE html>")
    path = result.to_html(tmp_path / "order.html")
    assert path == tmp_path / "order.html"
    assert path.read_text("utf-8") == text
    assert [each.name for each in tmp_path.iterdir()] == ["order.html"]
    assert result.to_html(str(path)) == path


def test_of_every_end() -> None:
    def forever(event: Any) -> Any:
        raise asl_local.StateError("Busy")

    timed_out = asl_local.load({**ORDER, "TimeoutSeconds": 2}).simulate({}, {"charge": forever})
    for result in (simulate(lambda event: 1), simulate(fails("Broke")), simulate(fails("Other")), timed_out):
        assert result.status in result.to_html()


def test_what_a_run_holds_is_text_and_never_markup() -> None:
    text = simulate(fails("Broke"), {"x": EVIL, EVIL: ["<img src=x onerror=alert(1)>", "\u2028", "\ud800"]}).to_html()
    assert EVIL not in text
    assert "<img" not in text
    tags = Tags(text)
    assert [attributes for name, attributes in tags.tags if name == "script" and not attributes.get("type")] == [{}]
    assert not [name for name, attributes in tags.tags for each in attributes if each.startswith("on")]


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    result = simulate(lambda event: event)
    with pytest.raises(FileNotFoundError, match="no such folder"):
        result.to_html(tmp_path / "no" / "order.html")
    with pytest.raises(IsADirectoryError):
        result.to_html(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_halves_of_characters_do_not_keep_a_file_from_being_written(tmp_path: Path) -> None:
    path = simulate(lambda event: "\ud83d", {"\udc00": "\ud800"}).to_html(tmp_path / "order.html")
    assert path.read_bytes().decode("utf-8")


def test_without_the_execution_there_is_no_graph_but_a_page() -> None:
    result = simulate(lambda event: event)
    bare = asl_local.Result(result.status, result.output, None, None, result.history, result.identity)
    assert bare.to_html().startswith("<!DOCTYPE html>")
    assert "Charge" in bare.to_html()


# -- pictures ----------------------------------------------------------------------------------------------------------


def test_pictures_of_the_local_s3_are_in_the_page(tmp_path: Path) -> None:
    aws = asl_local.LocalAWS(tmp_path / "root")
    s3, kept = aws.client("s3"), io.BytesIO()
    Image.new("RGB", (400, 200), (200, 30, 20)).save(kept, "JPEG")
    s3.create_bucket(Bucket="photos")
    s3.put_object(Bucket="photos", Key="riders/1.jpg", Body=kept.getvalue())
    s3.put_object(Bucket="photos", Key="notes.txt", Body=b"no picture")
    given = [{"s3Bucket": "photos", "s3Key": key} for key in ("riders/1.jpg", "notes.txt", "missing.jpg", "../up", "")]
    result = simulate(lambda event: event, [*given, {"Bucket": "No Bucket", "Key": "x"}])
    shown = pictures_in(result.to_html(aws=aws))
    assert list(shown) == ["photos/riders/1.jpg"]
    assert shown["photos/riders/1.jpg"].startswith("data:image/jpeg;base64,")
    assert pictures_in(result.to_html()) == {}


def pictures_in(text: str) -> dict[str, str]:
    found = re.search(r'<script type="application/json" id="pictures">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


# -- view --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def history() -> list[dict[str, Any]]:
    return json.loads(json.dumps(simulate(lambda event: event).history.to_aws(), default=str))


def test_the_timeline_as_text(history: list[dict[str, Any]]) -> None:
    assert "Rest" in asl_local.view(history, ORDER).timeline()
    cut = asl_local.view(history[5:], ORDER).timeline(60)
    assert cut.splitlines()[1].endswith(" s")  # seconds since the first event, as nobody knows when it was started


def test_a_history_with_its_definition(history: list[dict[str, Any]], tmp_path: Path) -> None:
    viewed = asl_local.view(history, ORDER)
    assert (viewed.notes, viewed.run.status) == ([], "SUCCEEDED")
    assert [(visit.state, visit.pointer, visit.outcome) for visit in viewed.run.visits] == [
        ("Charge", "/States/Charge", "succeeded"),
        ("Rest", "/States/Rest", "succeeded"),
    ]
    path = viewed.to_html(tmp_path / "h.html")
    assert path.read_text("utf-8") == viewed.to_html()


def test_everything_that_is_a_definition(history: list[dict[str, Any]], tmp_path: Path) -> None:
    file = tmp_path / "order.asl.json"
    file.write_text(json.dumps(ORDER))
    answer = {"name": "Orders", "stateMachineArn": "arn", "definition": json.dumps(ORDER), "roleArn": "arn"}
    template = {"Resources": {"M": {"Type": "AWS::StepFunctions::StateMachine", "Properties": {"Definition": ORDER}}}}
    answered = tmp_path / "machine.json"
    answered.write_text(json.dumps(answer))
    for given in (
        ORDER,
        file,
        json.dumps(ORDER),
        asl_local.load(ORDER),
        answer,
        answered,
        json.dumps(answer),
        template,
    ):
        run = asl_local.view(history, given).run
        assert run.definition == ORDER
        assert [visit.pointer for visit in run.visits] == ["/States/Charge", "/States/Rest"]
    assert asl_local.view(history, answer).run.machine == "Orders"


def test_a_definition_with_problems_or_placeholders_will_do(history: list[dict[str, Any]]) -> None:
    text = json.dumps(ORDER).replace("arn:aws:lambda:us-east-1:123456789012:function:charge", "${Charge.Arn}")
    assert asl_local.view(history, text.replace('"Seconds": 5', '"Seconds": 5, "Nxt": 1')).notes == []


@pytest.mark.parametrize("given", [{"StartAt": "A"}, {"States": {}}, "{", {"a": 1}, {"definition": "{"}])
def test_what_is_no_definition(history: list[dict[str, Any]], given: Any) -> None:
    with pytest.raises((InvalidDefinition, DefinitionNotFound)):
        asl_local.view(history, given)


def test_a_definition_of_another_machine(history: list[dict[str, Any]], tmp_path: Path) -> None:
    file = tmp_path / "other.asl.json"
    file.write_text(json.dumps({"StartAt": "Rest", "States": {"Rest": {"Type": "Wait", "Seconds": 5, "End": True}}}))
    viewed = asl_local.view(history, file)
    (note,) = viewed.notes
    assert f"{file} does not have the state 'Charge'" in note
    assert [(visit.state, visit.pointer) for visit in viewed.run.visits] == [("Charge", ""), ("Rest", "/States/Rest")]
    text = viewed.to_html()
    assert "does not have the state" in text
    assert "Charge" in text


def test_a_definition_whose_states_have_become_others(history: list[dict[str, Any]]) -> None:
    other = {**ORDER, "States": {**ORDER["States"], "Rest": {"Type": "Pass", "End": True}}}
    assert asl_local.view(history, other).notes == [
        "The definition is not the one that this execution ran with: 'Rest' is a Pass and was a Wait."
    ]


def test_without_a_definition_there_is_all_else(history: list[dict[str, Any]]) -> None:
    viewed = asl_local.view(history)
    assert (viewed.run.definition, viewed.notes) == (None, [])
    assert [visit.state for visit in viewed.run.visits] == ["Charge", "Rest"]
    assert "Charge" in viewed.to_html()


def test_what_the_answer_of_describe_execution_adds(history: list[dict[str, Any]], tmp_path: Path) -> None:
    machine = "arn:aws:states:eu-west-1:123456789012:stateMachine:Orders"
    answer = {
        "executionArn": "arn:aws:states:eu-west-1:123456789012:execution:Orders:order-7",
        "stateMachineArn": machine,
        "stateMachineVersionArn": f"{machine}:3",
        "name": "order-7",
        "status": "TIMED_OUT",
        "startDate": "2026-03-04T05:06:07.250+01:00",
        "stopDate": 1772597172.5,
        "input": '{"told": 1}',
        "redriveCount": 1,
        "error": "States.Timeout",
    }
    file = tmp_path / "execution.json"
    file.write_text(json.dumps(answer))
    for given in (answer, json.dumps(answer), file):
        viewed = asl_local.view(history[:5], ORDER, execution=given)
        run = viewed.run
        assert (run.name, run.status, run.machine, run.machine_arn) == (
            "order-7",
            "TIMED_OUT",
            "Orders",
            f"{machine}:3",
        )
        assert (run.started, run.stopped, run.input) == (1772597167.25, 1772597172.5, {"told": 1})
        assert (run.error, run.type) == ("States.Timeout", "STANDARD")
        assert "It was redriven once." in viewed.notes
    with pytest.raises(InvalidHistory, match="describe-execution"):
        asl_local.view(history, execution={"events": []})


def test_a_result_can_be_viewed_too() -> None:
    result = simulate(fails("Broke"))
    viewed = asl_local.view(result, ORDER)
    assert [visit.outcome for visit in viewed.run.visits] == ["caught", "failed"]
    assert viewed.run.error == "Refused"


def test_what_is_missing_is_in_the_page(history: list[dict[str, Any]]) -> None:
    viewed = asl_local.view(history[2:6], ORDER)
    assert len(viewed.notes) == 2
    text = viewed.to_html()
    assert all(note in text for note in viewed.notes)


# -- notebooks ---------------------------------------------------------------------------------------------------------


def test_a_machine_in_a_notebook() -> None:
    shown = asl_local.load(ORDER, name="Orders")._repr_html_()
    tags = Tags(shown)
    assert tags.open == []
    assert "svg" in tags.names()
    assert not tags.names() & {"script", "html", "body", "link", "iframe"}
    assert all(f">{name}<" in shown for name in ORDER["States"])


@pytest.mark.parametrize("charge", [lambda event: event, fails("Broke")], ids=["succeeds", "fails"])
def test_a_result_in_a_notebook(charge: Any) -> None:
    result = simulate(charge)
    shown = result._repr_html_()
    tags = Tags(shown)
    assert tags.open == []
    assert result.status in shown
    assert "of virtual time" in shown
    assert ("Refused: &lt;/script" in shown) is (result.status == "FAILED")
    assert EVIL not in shown
    assert not tags.names() & {"script", "html", "body", "link", "iframe"}
    assert "succeeded" in shown or "failed" in shown


def test_a_notebook_says_times_and_counts_as_the_page_does() -> None:
    states = {"Rest": {"Type": "Wait", "Seconds": 258, "End": True}}
    result = asl_local.load({"StartAt": "Rest", "States": states}, name="rests").simulate({}, {})
    run = run_of(result)
    run.events = [run.events[0]] * 45_279
    assert "4 min 18 s of virtual time · 45,279 events" in run_card(run)


def test_cells_do_not_disturb_each_other() -> None:
    shown = asl_local.load(ORDER)._repr_html_() + simulate(lambda event: event)._repr_html_()
    assert not [attributes["id"] for _, attributes in Tags(shown).tags if "id" in attributes]
    for sheet in re.findall(r"<style>(.*?)</style>", shown, re.DOTALL):
        bare = re.sub(r"@media[^{]*\{(.*?\})\s*\}", r"\1", sheet)
        selectors = [each for rule in re.findall(r"([^{}]+)\{", bare) for each in rule.split(",")]
        assert selectors
        assert [each for each in selectors if not each.strip().startswith("svg.asl-local-graph")] == []


def test_a_viewed_history_in_a_notebook(history: list[dict[str, Any]]) -> None:
    assert "<svg" in asl_local.view(history, ORDER)._repr_html_()
    bare = asl_local.view(history[:4])._repr_html_()
    assert "<svg" not in bare
    assert "RUNNING" in bare
    assert "The history ends with event 4" in bare


# -- who pays ----------------------------------------------------------------------------------------------------------


def test_who_never_looks_never_imports_what_draws() -> None:
    import subprocess
    import sys

    code = (
        "import sys, asl_local\n"
        "asl_local.load({'StartAt': 'A', 'States': {'A': {'Type': 'Succeed'}}}).simulate({})\n"
        "print([n for n in sys.modules if n.startswith(('asl_local.reporters.report', 'asl_local.interfaces.viewing'))])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


# -- whatever people have ----------------------------------------------------------------------------------------------

MACHINES = sorted((Path(__file__).resolve().parent.parent.parent / "definitions").glob("*.asl.json"))
SPOILT: dict[str, Any] = {
    "a beginning": lambda events, chance: events[: chance.randint(1, len(events))],
    "an end": lambda events, chance: events[chance.randint(0, len(events) - 1) :],
    "holes": lambda events, chance: [event for event in events if chance.random() < 0.6] or events[-1:],
    "no data": lambda events, _: [
        {name: {"name": part.get("name", "")} if name.endswith("EventDetails") else part for name, part in e.items()}
        for e in events
    ],
    "the future": lambda events, chance: [{**e, "type": f"New{e['type']}"} if chance.random() < 0.3 else e for e in events],
    "no times": lambda events, _: [{name: part for name, part in e.items() if name != "timestamp"} for e in events],
}  # fmt: skip


@pytest.mark.parametrize("spoilt", SPOILT)
def test_a_report_comes_of_every_history_with_any_definition(spoilt: str) -> None:
    chance = random.Random(spoilt)
    machines = [asl_local.load(path) for path in MACHINES]
    for machine in machines:
        result = machine.simulate(asl_local.mock_input(machine), asl_local.mock_answers(machine))
        events = SPOILT[spoilt](json.loads(json.dumps(result.history.to_aws(), default=str)), chance)
        for definition in (None, machine, chance.choice(machines), ORDER):
            viewed = asl_local.view(events, definition)
            assert len(viewed.run.visit_of) == len(events)
            assert viewed.to_html()
            assert viewed._repr_html_()


def test_states_that_were_entered_before_the_beginning_are_in_the_graph_too() -> None:
    machine = asl_local.load(MACHINES[5])
    result = machine.simulate(asl_local.mock_input(machine), asl_local.mock_answers(machine))
    events = result.history.to_aws()
    whole = {visit.state: visit.pointer for visit in asl_local.view(events, machine).run.visits}
    for cut in range(1, len(events)):
        viewed = asl_local.view(events[cut:], machine)
        (note,) = viewed.notes
        assert note.startswith(("Event 1 is missing", f"Events 1 to {cut} are missing"))
        visits = viewed.run.visits
        assert all(visit.pointer == whole[visit.state] for visit in visits)
        left = [event["stateExitedEventDetails"]["name"] for event in events[cut:] if event["type"].endswith("Exited")]
        assert sorted(visit.state for visit in visits if visit.left is not None) == sorted(left)
        assert {visit.outcome for visit in visits} <= {"succeeded"}
