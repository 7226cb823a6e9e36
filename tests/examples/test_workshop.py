"""The workshop: every stage on real photos, the six functions, and the program that runs it all."""

from __future__ import annotations

import importlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

import asl_local

PROJECT = Path(__file__).resolve().parent.parent.parent
EXAMPLE = PROJECT / "examples" / "rider_photos"
STAGES = sorted((PROJECT / "definitions").glob("*.asl.json"))
PHOTOS = "rider-photos"
NO_SUNGLASSES = {"title": "PhotoDoesNotMeetRequirementError", "message": "Face is wearing sunglasses"}
KNOWN = {"title": "FaceAlreadyExistsError", "message": "Face in the picture is already in the system. "}


@pytest.fixture(scope="module")
def example() -> Iterator[SimpleNamespace]:
    """The example's modules, imported as its programs import them."""
    names = ("functions", "setup", "checks", "progress")
    sys.path.insert(0, str(EXAMPLE))
    try:
        yield SimpleNamespace(**{name: importlib.import_module(name) for name in names})
    finally:
        sys.path.remove(str(EXAMPLE))
        for name in names:
            sys.modules.pop(name, None)


@pytest.fixture
def aws(tmp_path: Path, example: SimpleNamespace) -> asl_local.LocalAWS:
    aws = asl_local.LocalAWS(tmp_path / "root")
    example.setup.make(aws)
    example.setup.upload(aws, example.setup.pictures(example.setup.SAMPLES))
    return aws


def stage(number: int) -> asl_local.Machine:
    return asl_local.load(STAGES[number - 1])


def given(name: str) -> Any:
    return json.loads((EXAMPLE / "inputs" / f"{name}.json").read_text("utf-8"))


@pytest.fixture
def run(aws: asl_local.LocalAWS, example: SimpleNamespace) -> Any:
    """Runs a stage on an input (by its file's name, or itself); gives the output."""

    def go(number: int, what: Any) -> Any:
        resources = asl_local.Resources(example.functions.resources(aws), aws=aws)
        return stage(number).simulate(given(what) if isinstance(what, str) else what, resources).unwrap()

    return go


def thumbnails(aws: asl_local.LocalAWS) -> dict[str, tuple[int, int]]:
    s3, sizes = aws.client("s3"), {}
    for each in s3.list_objects_v2(Bucket="rider-thumbnails").get("Contents", ()):
        body = s3.get_object(Bucket="rider-thumbnails", Key=each["Key"])["Body"].read()
        sizes[each["Key"]] = Image.open(io.BytesIO(body)).size
    return sizes


def items(aws: asl_local.LocalAWS) -> dict[str, Any]:
    found = aws.client("dynamodb").scan(TableName="RiderPhotos")["Items"]
    return {item["Username"]["S"]: item for item in found}


# -- the definitions ---------------------------------------------------------------------------------------------------


def test_there_are_seven_stages() -> None:
    assert [path.name[0] for path in STAGES] == list("1234567")


@pytest.mark.parametrize("path", STAGES, ids=lambda path: path.name)
def test_a_stage_has_no_problem_and_can_be_drawn(path: Path) -> None:
    assert asl_local.validate(path) == []
    assert "FaceDetection" in asl_local.load(path).to_mermaid()


def test_the_functions_answer_to_generated_names_and_to_the_workshops_placeholders(example: SimpleNamespace) -> None:
    nothing = SimpleNamespace(client=lambda name: None)
    resources = asl_local.Resources(example.functions.resources(nothing))
    for path in STAGES:
        for arn in re.findall(r"arn:aws:lambda:[^\"]+", path.read_text("utf-8")):
            assert resources.find(arn) is not None, arn
    assert resources.find("REPLACE_WITH_NotificationPlaceholderFunctionArn") is not None


def test_stage_1_adds_the_faces_details_or_answers_with_the_message(run: Any) -> None:
    output = run(1, "accepted")
    details = output.pop("detectedFaceDetails")
    assert output == given("accepted")
    assert details["Confidence"] > 90
    assert details["Sunglasses"]["Value"] is False
    assert "Landmarks" not in details
    assert run(1, "sunglasses") == {"messageToSend": NO_SUNGLASSES}
    for name, message in [
        ("several-faces", "Detected 2 faces in the photo."),
        ("no-face", "Detected 0 faces in the photo."),
        ("unreadable", "Unsupported image file format. Only JPEG or PNG is supported"),
    ]:
        assert run(1, name)["messageToSend"]["message"] == message


def test_stages_2_to_5_one_rider_after_the_other(run: Any, aws: asl_local.LocalAWS) -> None:
    output = run(2, "accepted")
    assert set(output) == {*given("accepted"), "detectedFaceDetails"}  # ResultPath null keeps the input as it was

    output = run(3, "accepted")
    face, small = output["parallelResult"]
    assert {"FaceId", "BoundingBox", "ImageId", "ExternalImageId", "Confidence"} <= set(face)
    assert face["ExternalImageId"] == "collins"
    assert small == {"thumbnail": {"s3key": "resized-1_collins.jpg", "s3bucket": "rider-thumbnails"}}
    assert thumbnails(aws) == {"resized-1_collins.jpg": (300, 300)}
    assert run(2, "duplicate") == {"messageToSend": KNOWN}
    assert items(aws) == {}

    output = run(4, "second-rider")
    assert set(output) == {*given("second-rider"), "detectedFaceDetails", "parallelResult"}
    assert items(aws) == {
        "hopper": {
            "Username": {"S": "hopper"},
            "s3key": {"S": "6_hopper.jpg"},
            "s3bucket": {"S": PHOTOS},
            "faceId": {"S": output["parallelResult"][0]["FaceId"]},
            "thumbnail": {"M": {"s3key": {"S": "resized-6_hopper.jpg"}, "s3bucket": {"S": "rider-thumbnails"}}},
        }
    }
    # The same photo under another name is the same face.
    assert run(4, {**given("second-rider"), "userId": "somebody"}) == {"messageToSend": KNOWN}

    output = run(5, "duplicate")
    (message,) = aws.client("sns").list_messages(
        TopicArn="arn:aws:sns:us-east-1:123456789012:rider-photos-notifications"
    )["Messages"]
    assert message["MessageId"] == output["MessageId"]
    assert message["Subject"] == "Non-compliant photo encountered"
    sent = json.loads(message["Message"])
    assert sent["userId"] == "collins_again"
    assert sent["errorInfo"]["Error"] == "FaceAlreadyExistsError"
    assert len(items(aws)) == 1


def test_stage_6_gives_one_result_per_image_in_order(run: Any, aws: asl_local.LocalAWS) -> None:
    output = run(6, "batch")
    results = output.pop("results")
    assert output == given("batch")
    assert [entry["userId"] for entry in results] == [image["userId"] for image in given("batch")["images"]]
    assert [("errorInfo" in entry, "parallelResult" in entry) for entry in results] == [
        (False, True),
        (True, False),
        (True, False),
        (True, False),
        (False, True),
        (True, False),
    ]
    assert results[1]["errorInfo"] == {"messageToSend": NO_SUNGLASSES}
    assert set(items(aws)) == {"collins", "hopper"}


def test_stage_7_takes_an_event_of_eventbridge_and_the_workshops_input(run: Any, aws: asl_local.LocalAWS) -> None:
    output = run(7, "eventbridge")
    assert (output["userId"], output["s3Bucket"], output["s3Key"]) == ("123456789012", PHOTOS, "6_hopper.jpg")
    assert output["parallelResult"][0]["StatusCode"] == 200
    face = output["parallelResult"][0]["Payload"]["FaceId"]
    assert items(aws)["123456789012"]["faceId"] == {"S": face}
    assert items(aws)["123456789012"]["thumbnail"]["M"]["s3key"] == {"S": "resized-6_hopper.jpg"}
    assert "MessageId" in run(7, "second-rider")
    assert set(items(aws)) == {"123456789012"}


def test_stage_7_retries_when_lambda_itself_has_trouble(aws: asl_local.LocalAWS, example: SimpleNamespace) -> None:
    functions = example.functions.resources(aws)
    calls = []

    def troubled(event: Any) -> Any:
        calls.append(event)
        if len(calls) <= 3:
            raise asl_local.StateError("Lambda.ServiceException", "busy")
        return functions["*FaceDetectionFunction*"](event)

    resources = asl_local.Resources({**functions, "*FaceDetectionFunction*": troubled}, aws=aws)
    result = stage(7).simulate(given("no-face"), resources)
    assert result.status == "SUCCEEDED"
    entered, exited = (
        next(e.at for e in result.history if e.type == f"TaskState{what}" and e.state == "FaceDetection")
        for what in ("Entered", "Exited")
    )
    assert (len(calls), exited - entered) == (4, 2 + 4 + 8)


def test_the_commands_of_the_definitions_page_work(tmp_path: Path) -> None:
    page = (PROJECT / "definitions" / "README.md").read_text("utf-8")
    commands = re.findall(r"^python .+$|(?<=`)asl-local run [^`]+", page, re.MULTILINE)
    assert len(commands) == 8
    for name in ("definitions", "examples"):
        (tmp_path / name).symlink_to(PROJECT / name)
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    outputs = []
    for command in commands:
        done = subprocess.run(
            ["bash", "-c", command], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        outputs.append(done.stdout)
    parsed = [json.loads(output) for output in outputs[1:]]
    assert parsed[0] == {"messageToSend": NO_SUNGLASSES}
    assert parsed[2]["parallelResult"][0]["ExternalImageId"] == "collins"
    assert "MessageId" in parsed[4]
    assert [each["errorInfo"]["messageToSend"]["title"] for each in parsed[5]["results"]].count(KNOWN["title"]) == 2


# -- the functions -----------------------------------------------------------------------------------------------------


def put(aws: asl_local.LocalAWS, key: str, size: tuple[int, int], kind: str, **how: Any) -> None:
    data = io.BytesIO()
    Image.new("RGB", size, (200, 120, 40)).save(data, kind, **how)
    aws.client("s3").put_object(Bucket=PHOTOS, Key=key, Body=data.getvalue())


@pytest.mark.parametrize(
    ("size", "kind", "expected"),
    [
        ((1200, 800), "JPEG", (300, 200)),
        ((400, 1000), "PNG", (120, 300)),
        ((80, 60), "PNG", (80, 60)),
    ],
)
def test_a_thumbnail_keeps_format_and_ratio(
    size: tuple[int, int], kind: str, expected: tuple[int, int], aws: asl_local.LocalAWS, example: SimpleNamespace
) -> None:
    put(aws, "a b/ü+.x", size, kind)
    event = {"s3Bucket": PHOTOS, "s3Key": "a+b/%C3%BC%2B.x", "userId": "u"}
    made = example.functions.resources(aws)["*ThumbnailFunction*"](event)
    assert made == {"thumbnail": {"s3key": "resized-a b/ü+.x", "s3bucket": "rider-thumbnails"}}
    stored = aws.client("s3").get_object(Bucket="rider-thumbnails", Key="resized-a b/ü+.x")
    assert stored["ContentType"] == f"image/{kind.lower()}"
    with Image.open(io.BytesIO(stored["Body"].read())) as small:
        assert (small.format, small.size) == (kind, expected)


def test_a_thumbnail_stands_upright_and_is_250_wide_unless_told(
    aws: asl_local.LocalAWS, example: SimpleNamespace
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright: turn by 90 degrees
    put(aws, "tall.jpg", (1000, 500), "JPEG", exif=exif)
    event = {"s3Bucket": PHOTOS, "s3Key": "tall.jpg"}
    example.functions.thumbnail(aws.client("s3"), {"THUMBNAIL_BUCKET": "rider-thumbnails"}, event)
    assert thumbnails(aws)["resized-tall.jpg"] == (125, 250)


def test_too_large_a_photo_is_the_riders_fault_and_says_so(aws: asl_local.LocalAWS, run: Any) -> None:
    put(aws, "50megapixels.png", (8000, 6250), "PNG", compress_level=1)
    message = run(1, {"userId": "u", "s3Bucket": PHOTOS, "s3Key": "50megapixels.png"})["messageToSend"]
    assert message["title"] == "PhotoDoesNotMeetRequirementError"
    assert "8000" in message["message"]


def test_a_truncated_photo_is_refused(aws: asl_local.LocalAWS, run: Any) -> None:
    whole = (EXAMPLE / "photos" / "1_collins.jpg").read_bytes()
    aws.client("s3").put_object(Bucket=PHOTOS, Key="half.jpg", Body=whole[: len(whole) // 2])
    message = run(4, {"userId": "u", "s3Bucket": PHOTOS, "s3Key": "half.jpg"})["messageToSend"]
    assert message["title"] == "PhotoDoesNotMeetRequirementError"
    assert (thumbnails(aws), items(aws)) == ({}, {})


def test_a_full_disk_while_the_thumbnail_is_written_leaves_no_part_of_it(
    aws: asl_local.LocalAWS, example: SimpleNamespace
) -> None:
    resource = pytest.importorskip("resource")
    functions = example.functions.resources(aws)

    def on_a_full_disk(event: Any) -> Any:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4_000, before[1]))
        try:
            return functions["*ThumbnailFunction*"](event)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    resources = asl_local.Resources({**functions, "*ThumbnailFunction*": on_a_full_disk}, aws=aws)
    result = stage(4).simulate(given("accepted"), resources)
    assert result.status == "FAILED"
    assert "File too large" in (result.cause or "")
    assert (thumbnails(aws), items(aws)) == ({}, {})
    assert not [path for path in (aws.root / "s3").rglob("*") if path.name.startswith(".tmp")]
    # There is room again.
    assert functions["*ThumbnailFunction*"](given("accepted"))["thumbnail"]["s3key"] in thumbnails(aws)


@pytest.mark.parametrize(
    "where", [{"s3Bucket": "no-such-bucket", "s3Key": "1_collins.jpg"}, {"s3Bucket": PHOTOS, "s3Key": "../../secret"}]
)
def test_a_photo_that_is_not_there_fails_the_execution(
    where: dict[str, str], aws: asl_local.LocalAWS, example: SimpleNamespace
) -> None:
    (aws.root / "secret").write_text("not a photo of anybody", "utf-8")
    resources = asl_local.Resources(example.functions.resources(aws), aws=aws)
    result = stage(4).simulate({"userId": "u", **where}, resources)
    assert (result.status, result.error) == ("FAILED", "InvalidS3ObjectException")
    assert "Unable to get object metadata from S3" in (result.cause or "")


def test_setting_up_twice_keeps_what_is_there_and_removing_takes_it_away(
    run: Any, aws: asl_local.LocalAWS, example: SimpleNamespace
) -> None:
    run(4, "second-rider")
    (aws.root / "mine.txt").write_text("mine", "utf-8")
    before = example.checks.snapshot(aws)
    example.setup.make(aws)
    assert example.checks.snapshot(aws) == before
    example.setup.remove(aws)
    assert aws.client("s3").list_buckets()["Buckets"] == []
    assert aws.client("dynamodb").list_tables()["TableNames"] == []
    assert aws.client("rekognition").list_collections()["CollectionIds"] == []
    example.setup.remove(aws)
    assert (aws.root / "mine.txt").read_text("utf-8") == "mine"


# -- the checks see what is wrong --------------------------------------------------------------------------------------


def test_the_checks_notice(run: Any, aws: asl_local.LocalAWS, example: SimpleNamespace) -> None:
    checks = example.checks
    before = checks.snapshot(aws)
    image = {"userId": "hopper", "s3Key": "6_hopper.jpg"}
    batch = {"s3Bucket": PHOTOS, "images": [image]}
    output = run(6, batch)

    def answers(output: Any) -> list[bool]:
        outcomes = [checks.outcome(image, "6_hopper.jpg", output["results"][0], ("", ""), 1.0)]
        batches = [checks.Batch("e", batch, "SUCCEEDED", output)]
        return [check.ok for check in checks.all_checks(aws, batches, outcomes, before, samples=False)]

    assert answers(output) == [True, True, True, True]

    other = json.loads(json.dumps(output))
    other["results"][0]["parallelResult"][0]["ExternalImageId"] = "somebody"
    assert answers(other) == [True, True, True, False]
    other = json.loads(json.dumps(output))
    other["results"][0]["s3Key"] = "other.jpg"
    assert answers(other)[3] is False

    twin = aws.client("rekognition").index_faces(
        CollectionId="rider-photos",
        Image={"S3Object": {"Bucket": PHOTOS, "Name": "6_hopper.jpg"}},
        ExternalImageId="twin",
    )["FaceRecords"][0]["Face"]["FaceId"]
    assert answers(output)[:3] == [True, False, False]  # a face without an item, and a likeness
    aws.client("rekognition").delete_faces(CollectionId="rider-photos", FaceIds=[twin])
    assert answers(output) == [True, True, True, True]
    aws.client("s3").put_object(Bucket=PHOTOS, Key="same.jpg", Body=b"")
    aws.client("dynamodb").put_item(TableName="RiderPhotos", Item={"Username": {"S": "stranger"}})
    aws.client("s3").put_object(Bucket="rider-thumbnails", Key="resized-stranger.jpg", Body=b"")
    assert answers(output)[:2] == [False, False]
    aws.client("dynamodb").delete_item(TableName="RiderPhotos", Key={"Username": {"S": "stranger"}})
    aws.client("s3").delete_object(Bucket="rider-thumbnails", Key="resized-stranger.jpg")
    assert answers(output)[:2] == [True, True]
    aws.client("dynamodb").delete_item(TableName="RiderPhotos", Key={"Username": {"S": "hopper"}})
    aws.client("s3").delete_object(Bucket="rider-thumbnails", Key="resized-6_hopper.jpg")
    assert answers(output)[:2] == [False, False]


# -- the program -------------------------------------------------------------------------------------------------------


def program(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(EXAMPLE / "run.py"), *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )


def verdicts(out: str) -> dict[str, str]:
    """Photo -> verdict of the printed table."""
    rows = out.split("\n\n", maxsplit=1)[0].splitlines()
    column = rows[0].index("VERDICT")
    return {row[:column].rstrip(): row[column:].split()[0] for row in rows[1:]}


def answered(out: str) -> list[str]:
    return re.findall(r"\?\s+(yes|NO)\s", out)


def test_the_main_job_twice(tmp_path: Path, example: SimpleNamespace) -> None:
    first = program(cwd=tmp_path)
    assert first.returncode == 0, first.stdout + first.stderr
    assert answered(first.stdout) == ["yes"] * 4
    assert verdicts(first.stdout) == {
        "1_collins.jpg": "accepted",
        "2_collins_sunglasses.jpg": "refused",
        "3_two_people.jpg": "refused",
        "4_no_face.jpg": "refused",
        "6_hopper.jpg": "accepted",
        "7_not_a_picture.jpg": "refused",
        "5_collins_mirrored_darker.jpg": "refused",
    }
    assert sorted(re.findall(r"^ +\[(\d)/7\]", first.stderr, re.MULTILINE)) == list("1234567")
    assert re.search(r"1_collins.jpg: accepted, \d+ ms", first.stderr)
    root = tmp_path / "rider-photos-data"
    assert f"Results in {root}\n" in first.stdout
    riders = items(asl_local.LocalAWS(root))
    assert set(riders) == {"collins", "hopper"}
    for name, status in (("batch", "6_hopper.jpg"), ("late-comers", "5_collins_mirrored_darker.jpg")):
        assert f"  report      {root / name}.html\n" in first.stdout
        text = (root / f"{name}.html").read_text("utf-8")
        assert f'"rider-photos/{status}":"data:image/jpeg;base64,' in text.replace('": "', '":"')

    second = program(cwd=tmp_path)
    assert second.returncode == 0, second.stdout + second.stderr
    assert answered(second.stdout) == ["yes"] * 4
    assert set(verdicts(second.stdout).values()) == {"refused"}
    assert "every accepted face was known already (FaceAlreadyExistsError)" in second.stdout
    assert items(asl_local.LocalAWS(root)) == riders

    listed = subprocess.run(
        [sys.executable, "-m", "asl_local", "history", "--root", str(root)], capture_output=True, text=True, check=True
    )
    assert listed.stdout.count("SUCCEEDED") == 4


def test_photos_of_ones_own(tmp_path: Path) -> None:
    """Odd names, the same person twice, a format that Rekognition does not take, a picture too small for it."""
    mine = tmp_path / "mine"
    mine.mkdir()
    shutil.copy(EXAMPLE / "photos" / "6_hopper.jpg", mine / "Jörg + Müller #1 100%.JPG")
    shutil.copy(EXAMPLE / "photos" / "6_hopper.jpg", mine / "again.jpeg")
    Image.open(EXAMPLE / "photos" / "6_hopper.jpg").save(mine / "modern.webp")
    (mine / "notes.txt").write_text("no picture", "utf-8")
    done = program("--photos", "mine", "--root", "here", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert verdicts(done.stdout) == {
        "Jörg + Müller #1 100%.JPG": "accepted",
        "again.jpeg": "refused",
        "modern.webp": "refused",
    }
    assert set(items(asl_local.LocalAWS(tmp_path / "here"))) == {"Jorg_Muller_1_100"}
    assert (tmp_path / "here" / "photos-1.html").is_file()

    Image.new("RGB", (10, 10)).save(mine / "b_tiny.png")  # Rekognition wants 80 pixels; the workflow does not expect it
    done = program("--photos", "mine", "--root", "here", "--fresh", cwd=tmp_path)
    assert done.returncode == 1
    assert verdicts(done.stdout) == {
        "Jörg + Müller #1 100%.JPG": "accepted",
        "again.jpeg": "refused",
        "b_tiny.png": "failed",
        "modern.webp": "refused",
    }
    assert answered(done.stdout) == ["yes", "yes", "yes", "NO"]
    assert "FAILED (b_tiny.png)" in done.stdout


class Terminal(io.StringIO):
    """What stands on a terminal's screen after all that was written to it."""

    def isatty(self) -> bool:
        return True

    def screen(self) -> list[str]:
        lines: list[str] = []
        for text in re.split(r"(\x1b\[\d+A\x1b\[J)", self.getvalue()):
            if text.startswith("\x1b"):
                del lines[-int(text[2 : text.index("A")]) :]
            else:
                lines += text.splitlines()
        return lines


def test_on_a_terminal_photos_at_work_give_way_to_those_that_are_done(example: SimpleNamespace) -> None:
    def detect(event: Any) -> Any:
        if event["s3Key"] == "b":
            raise ValueError("no luck")
        return {}

    handlers = {"*FaceDetection*": detect, "*": lambda event: {}}
    machine, images = stage(6), [{"userId": key, "s3Key": key} for key in "abc"]
    terminal, widest = Terminal(), []
    names = ["名前" * 100, "b", "c"]
    with example.progress.Progress(machine.plan, names, terminal, counted=2, total=5) as progress:

        def on_event(event: asl_local.Event) -> None:
            progress.take(event)
            widest.append(len(terminal.screen()))

        machine.simulate({"s3Bucket": "x", "images": images}, handlers, on_event=on_event)
    lines = terminal.screen()
    assert max(widest) == 3
    assert all(len(line) < 60 for line in lines if "名" in line)  # 80 columns, of which each of these takes two
    assert lines[0].startswith("    [3/5] b: failed: ValueError: no luck, ")
    assert {line.strip()[:2] for line in lines[1:]} <= {"名前", "c:"}
    assert progress.failures[1][0] == "ValueError"


def test_ctrl_c_ends_it_well_while_opencv_is_at_work(tmp_path: Path) -> None:
    """OpenCV's threads would abort the process (exit code 134) if Python took itself apart around them."""
    script = (
        "import signal, sys, runpy; signal.signal(signal.SIGINT, signal.default_int_handler);"
        f"sys.path.insert(0, {str(EXAMPLE)!r}); sys.argv = ['run.py'];"
        f"runpy.run_path({str(EXAMPLE / 'run.py')!r}, run_name='__main__')"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    said = process.stderr.readline()
    assert "[1/7]" in said
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert error.endswith("\ninterrupted; what was accepted so far is kept\n")
    records = list((tmp_path / "rider-photos-data" / "executions").iterdir())
    assert [json.loads(path.read_text("utf-8"))["status"] for path in records] == ["ABORTED"]
    again = program(cwd=tmp_path)
    assert again.returncode == 0, again.stdout + again.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--photos", "nowhere"], "run: nowhere: No such file or directory\n"),
        (["--photos", "."], "run: there is no picture in .\n"),
        (["--root", "file"], "is a file, not a directory\n"),
    ],
)
def test_nothing_to_run(arguments: list[str], says: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = program(*arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith(says)
    assert done.stderr.count("\n") == 1


def test_a_missing_extra_is_named(tmp_path: Path) -> None:
    """Python says of a module that is None in sys.modules that there is none."""
    script = "import runpy, sys; sys.modules['cv2'] = None; runpy.run_path(sys.argv[0], run_name='__main__')"
    script = script.replace("sys.argv[0]", repr(str(EXAMPLE / "run.py")))
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(EXAMPLE)!r}); sys.argv = ['run.py']; {script}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "pip install 'asl-local[photos]'" in done.stderr
    assert done.stderr.count("\n") == 1


# -- the workshop's own photos, which are not part of this repository --------------------------------------------------


def test_the_workshops_photos(shared: Path, run: Any, aws: asl_local.LocalAWS) -> None:
    for photo in sorted((shared / "workshop" / "images").glob("*.jpg")):
        aws.client("s3").put_object(Bucket=PHOTOS, Key=photo.name, Body=photo.read_bytes())

    def message(user: str, key: str, number: int = 4) -> str:
        output = run(number, {"userId": user, "s3Bucket": PHOTOS, "s3Key": key})
        return output.get("messageToSend", {}).get("message", "accepted")

    assert message("user_b", "2_sunglass_face.jpg") == "Face is wearing sunglasses"
    assert message("user_c", "3_multiple_faces.jpg") == "Detected 3 faces in the photo."
    assert message("user_d", "4_no_face.jpg") == "Detected 0 faces in the photo."
    assert items(aws) == {}
    assert message("user_a", "1_happy_face.jpg") == "accepted"
    assert thumbnails(aws) == {"resized-1_happy_face.jpg": (300, 200)}
    assert set(items(aws)) == {"user_a"}
    assert message("user_a", "1_happy_face.jpg") == KNOWN["message"]
    assert message("user_e", "1_happy_face.jpg") == KNOWN["message"]
    assert set(items(aws)) == {"user_a"}
