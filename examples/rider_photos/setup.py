"""Makes what the workflow needs under one folder, as the workshop's CloudFormation stack does on AWS.

    python examples/rider_photos/setup.py --root DIR [--photos FOLDER]

makes the buckets rider-photos and rider-thumbnails, the table RiderPhotos, the collection rider-photos and the topic
rider-photos-notifications, and uploads the sample photos (or those of FOLDER). What is there already stays as it is.
"""

from __future__ import annotations

import argparse
import contextlib
import mimetypes
import os
import sys
from pathlib import Path
from typing import Any

import asl_local

HERE = Path(__file__).resolve().parent
SAMPLES = HERE / "photos"

PHOTOS = "rider-photos"
THUMBNAILS = "rider-thumbnails"
TABLE = "RiderPhotos"
COLLECTION = "rider-photos"
TOPIC = "rider-photos-notifications"


def make(aws: Any) -> list[str]:
    """Makes what is missing; gives what is there now, a line each."""
    s3, dynamodb, rekognition = (aws.client(name) for name in ("s3", "dynamodb", "rekognition"))
    for bucket in (PHOTOS, THUMBNAILS):
        s3.create_bucket(Bucket=bucket)
    with contextlib.suppress(dynamodb.exceptions.ResourceInUseException):
        dynamodb.create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "Username", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "Username", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
    with contextlib.suppress(rekognition.exceptions.ResourceAlreadyExistsException):
        rekognition.create_collection(CollectionId=COLLECTION)
    topic = aws.client("sns").create_topic(Name=TOPIC)["TopicArn"]
    return [f"buckets {PHOTOS}, {THUMBNAILS}", f"table {TABLE}", f"collection {COLLECTION}", f"topic {topic}"]


def upload(aws: Any, photos: list[Path]) -> None:
    """Puts each photo into the bucket under its file's name."""
    s3 = aws.client("s3")
    for photo in photos:
        kind = mimetypes.guess_type(photo.name)[0] or "application/octet-stream"
        with photo.open("rb") as body:
            s3.put_object(Bucket=PHOTOS, Key=photo.name, Body=body, ContentType=kind)


def remove(aws: Any) -> None:
    """Takes away what `make` and the workflow made, and nothing else: the folder may be anybody's."""
    s3, dynamodb, rekognition = (aws.client(name) for name in ("s3", "dynamodb", "rekognition"))
    for bucket in (PHOTOS, THUMBNAILS):
        with contextlib.suppress(s3.exceptions.NoSuchBucket):
            while found := s3.list_objects_v2(Bucket=bucket).get("Contents"):
                for each in found:
                    s3.delete_object(Bucket=bucket, Key=each["Key"])
            s3.delete_bucket(Bucket=bucket)
    with contextlib.suppress(dynamodb.exceptions.ResourceNotFoundException):
        dynamodb.delete_table(TableName=TABLE)
    with contextlib.suppress(rekognition.exceptions.ResourceNotFoundException):
        rekognition.delete_collection(CollectionId=COLLECTION)
    aws.client("sns").delete_topic(TopicArn=f"arn:aws:sns:{aws.region}:{aws.account}:{TOPIC}")


def pictures(folder: Path) -> list[Path]:
    """The files of a folder whose names are those of pictures (or claim to be), by name.

    A name that is not UTF-8 cannot be an object's key; such a file is left out.
    """
    return sorted(
        path
        for path in folder.iterdir()
        if path.is_file()
        and not path.name.startswith(".")
        and "\ufffd" not in os.fsencode(path.name).decode("utf-8", "replace")
        and (mimetypes.guess_type(path.name)[0] or "").startswith("image/")
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", required=True, metavar="DIR", help="the folder that holds all local state")
    parser.add_argument("--photos", type=Path, default=SAMPLES, metavar="FOLDER", help="photos to upload instead")
    arguments = parser.parse_args()
    try:
        aws = asl_local.LocalAWS(arguments.root)
        for line in make(aws):
            print(line)
        photos = pictures(arguments.photos)
        upload(aws, photos)
    except (asl_local.AslError, OSError) as error:
        print(f"setup: {error}", file=sys.stderr)
        return 2
    print(f"{len(photos)} photos in s3://{PHOTOS}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
