"""Runs the rider-photo workflow on real photos and looks whether it did what it should.

    python examples/rider_photos/run.py [--root DIR] [--photos FOLDER] [--fresh]

Without --photos these are the sample photos, in two batches: the last photo shows a rider of the first batch again.
Within one batch it could not be told who comes first, because a Map with MaxConcurrency 0 works on all of its items
at once: two photos of one person may both be searched for before either is indexed. The workshop's definition has
that race on AWS too. So the riders come first, then the late-comer.
With --photos every picture in FOLDER is one rider, and who is on them is not known beforehand; so they are worked on
one at a time (MaxConcurrency 1), in the order of their names.

Exit code 0 if all checks say yes, 1 if one says no, 2 if there is nothing to run, 130 if it was interrupted,
141 if nobody reads its output.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import re
import shlex
import shutil
import sys
import unicodedata
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus, unquote_plus

import checks
import functions
import setup
from checks import Batch, Outcome
from progress import Progress

import asl_local
from asl_local.interfaces.cli import leave
from asl_local.interfaces.records import Recording, Records

DEFINITION = setup.HERE.parent.parent / "definitions" / "6-dynamic-parallelism.asl.json"
INPUTS = setup.HERE / "inputs"
MOST = 50
"""Photos of a folder in one execution: what the states add to each would pass 256 KiB with some 150 of them."""


def main() -> int:
    arguments = parse()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        return run(arguments)
    except KeyboardInterrupt:
        print("\ninterrupted; what was accepted so far is kept", file=sys.stderr)
        return 130
    except BrokenPipeError:  # nobody reads any more; nor may Python's own flush at exit complain about that
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):
            os.dup2(nowhere, stream.fileno())
        return 141
    except (asl_local.AslError, OSError) as error:
        named = isinstance(error, OSError) and error.strerror and error.filename is not None
        print(f"run: {f'{error.filename}: {error.strerror}' if named else error}", file=sys.stderr)
        return 2


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Run the rider-photo workflow on real photos, and check what it did.",
    )
    parser.add_argument("--root", default="rider-photos-data", metavar="DIR", help="all state; default: %(default)s")
    parser.add_argument("--photos", type=Path, metavar="FOLDER", help="your own photos; each is one rider")
    parser.add_argument("--fresh", action="store_true", help="forget all riders of earlier runs first")
    return parser.parse_args()


def run(arguments: argparse.Namespace) -> int:
    photos = setup.pictures(arguments.photos or setup.SAMPLES)
    if not photos:
        print(f"run: there is no picture in {arguments.photos}", file=sys.stderr)
        return 2
    if arguments.photos:
        for left in sorted(set(arguments.photos.iterdir()) - set(photos)):
            print(f"run: left out {left.name}: not a picture's file by its name", file=sys.stderr)
    aws = asl_local.LocalAWS(arguments.root)
    records = Records(aws.root)
    if arguments.fresh:
        setup.remove(aws)
        forget(records)
    setup.make(aws)
    setup.upload(aws, photos)

    before = checks.snapshot(aws)
    outcomes: list[Outcome] = []
    batches: list[Batch] = []
    waiting = list(own_batches(photos) if arguments.photos else sample_batches())
    total = sum(len(given["images"]) for *_, given in waiting)
    while waiting:
        name, definition, given = waiting.pop(0)
        report = aws.root / f"{name}.html"
        batch, done, rest = execute(definition, given, aws, records, report, counted=len(outcomes), total=total)
        batches.append(batch)
        outcomes += done
        if rest:  # the batch failed; those it never came to get another
            waiting.insert(0, (f"{name}-rest", definition, {**given, "images": rest}))

    print(table(outcomes))
    print()
    found = checks.all_checks(aws, batches, outcomes, before, samples=arguments.photos is None)
    width = max(len(each.question) for each in found)
    for each in found:
        print(f"{each.question:<{width}}  {'yes' if each.ok else 'NO ':<3}  {each.evidence}")
    print()
    print(where(aws, batches))
    return 0 if all(each.ok for each in found) else 1


# -- what is run -------------------------------------------------------------------------------------------------------


def sample_batches() -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """The definition as it is, with the riders first and the late-comer after them; each with a name."""
    for name in ("batch", "late-comers"):
        yield name, read(DEFINITION), read(INPUTS / f"{name}.json")


def own_batches(photos: list[Path]) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """The definition with MaxConcurrency 1, and a folder's photos in portions; each with a name."""
    definition = copy.deepcopy(read(DEFINITION))
    definition["States"]["DynamicParallelProcessing"]["MaxConcurrency"] = 1
    users: dict[str, None] = {}
    images = []
    for photo in photos:
        user = user_id(photo.stem, users)
        users[user] = None
        images.append({"userId": user, "s3Key": quote_plus(photo.name)})
    for start in range(0, len(images), MOST):
        yield (
            f"photos-{start // MOST + 1}",
            definition,
            {"s3Bucket": setup.PHOTOS, "images": images[start : start + MOST]},
        )


def user_id(stem: str, taken: dict[str, None]) -> str:
    """A file's name as an ExternalImageId may be written: letters, digits and _ . - : only."""
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9_.:-]+", "_", plain).strip("_")[:200] or "rider"
    name, number = plain, 1
    while name in taken:
        number += 1
        name = f"{plain}-{number}"
    return name


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def execute(
    definition: dict[str, Any],
    given: dict[str, Any],
    aws: Any,
    records: Records,
    report: Path,
    *,
    counted: int,
    total: int,
) -> tuple[Batch, list[Outcome], list[dict[str, Any]]]:
    """One execution: what went in and came out, what became of each photo, and the photos it never came to.

    `report` is where the page goes that shows all of it, with the photos.
    """
    machine = asl_local.load(definition, name=DEFINITION.name.removesuffix(".asl.json"))
    identity = machine.identity(f"rider-photos-{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:6]}")
    recording = Recording(records, machine, given, identity=identity)
    names = [unquote_plus(image["s3Key"]) for image in given["images"]]
    result = None
    with Progress(machine.plan, names, sys.stderr, counted=counted, total=total) as progress:

        def on_event(event: asl_local.Event) -> None:
            recording.take(event)
            progress.take(event)

        resources = asl_local.Resources(functions.resources(aws), aws=aws)
        try:
            result = machine.run(given, resources, identity=identity, on_event=on_event)
        finally:
            recording.close(result)
    result.to_html(report, aws=aws)
    if result.status == "SUCCEEDED":
        entries = list(result.output["results"])
    else:
        entries = [progress.outputs.get(index) for index in range(len(names))]
    done, rest = [], []
    for index, (image, name) in enumerate(zip(given["images"], names, strict=True)):
        if entries[index] is None and index not in progress.failures and progress.failures:
            rest.append(image)
            continue
        failure = progress.failures.get(index) or (result.error or "", result.cause or "")
        done.append(checks.outcome(image, name, entries[index], failure, progress.milliseconds.get(index)))
    return Batch(identity.execution_name, given, result.status, result.output, report), done, rest


def forget(records: Records) -> None:
    """Remove the records that this program has written."""
    for name in records.names():
        if name.startswith("rider-photos-"):
            (records.folder / f"{name}.json").unlink(missing_ok=True)


# -- what is printed ---------------------------------------------------------------------------------------------------


def table(outcomes: list[Outcome]) -> str:
    """Photo, verdict, reason, milliseconds."""
    rows = [("PHOTO", "VERDICT", "REASON", "MS")]
    for each in outcomes:
        took = "" if each.milliseconds is None else f"{each.milliseconds:.0f}"
        rows.append((each.photo, each.verdict, each.reason.strip(), took))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join(
        f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c:<{widths[2]}}  {d:>{widths[3]}}".rstrip() for a, b, c, d in rows
    )


def where(aws: Any, batches: list[Batch]) -> str:
    """Where the results lie, and how to look at them."""
    command = "asl-local" if shutil.which("asl-local") else f"{shlex.quote(sys.executable)} -m asl_local"
    root = f"--root {shlex.quote(str(aws.root))}"
    lines = [
        f"Results in {aws.root}",
        f"  thumbnails  {aws.root / 's3' / setup.THUMBNAILS}",
        f"  table       {command} aws dynamodb scan --table-name {setup.TABLE} {root}",
        f"  faces       {command} aws rekognition list-faces --collection-id {setup.COLLECTION} {root}",
    ]
    lines += [f"  report      {batch.report}" for batch in batches]
    lines += [f"  execution   {command} history {batch.execution} {root}" for batch in batches]
    return "\n".join(lines)


if __name__ == "__main__":
    leave(main())
