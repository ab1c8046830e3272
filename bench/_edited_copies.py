"""Edited copies of the pictures of any folder: the share that is proved, what is wrongly taken for a copy, and what it
costs to look for them."""

from __future__ import annotations

import io
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import skimage
from _copy_finders import cpu
from _hard_pictures import kinds
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageOps

from collector.dataset.copies import NEAREST, in_round, likely
from collector.images.embed import Embedder, directions, embed_files, embedder
from collector.images.pixels import upright
from collector.images.processes import FileTrouble
from collector.images.same_scene import compared

Edit = Callable[[Image.Image], Image.Image]
EDITS: dict[str, Edit] = {
    "half the size, JPEG 40": lambda image: _jpeg(image.resize((image.width // 2, image.height // 2)), 40),
    "cut to 75 % of the area": lambda image: _cut(image, 0.75),
    "cut to 50 %": lambda image: _cut(image, 0.5),
    "cut to 30 %": lambda image: _cut(image, 0.3),
    "white border of 24 %": lambda image: ImageOps.expand(image, int(0.12 * max(image.size)), (255, 255, 255)),
    "mirrored": ImageOps.mirror,
    "turned by 10 degrees": lambda image: image.rotate(10, Image.Resampling.BICUBIC, fillcolor=(255, 255, 255)),
    "banner below": lambda image: _bannered(image),
}


SIX = (
    "half the size, JPEG 40",
    "cut to 50 %",
    "white border of 24 %",
    "mirrored",
    "turned by 10 degrees",
    "banner below",
)


def _cut(image: Image.Image, share: float) -> Image.Image:
    width, height = (int(side * share**0.5) for side in image.size)
    left, top = int(0.5 * (image.width - width)), int(0.4 * (image.height - height))
    return image.crop((left, top, left + width, top + height))


def _jpeg(image: Image.Image, quality: int) -> Image.Image:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return Image.open(out).convert("RGB")


def _bannered(image: Image.Image) -> Image.Image:
    image = image.copy()
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, int(image.height * 0.85), *image.size), fill=(20, 20, 20))
    draw.text((image.width // 4, int(image.height * 0.9)), "www.example.com SALE", fill=(255, 255, 255))
    return image


def part_of(image: Image.Image, dice: np.random.Generator) -> Image.Image:
    """A random part, of 0.3 to 0.6 of either side."""
    width, height = (max(1, int(side * dice.uniform(0.3, 0.6))) for side in image.size)
    left, top = (int(dice.integers(0, full - side + 1)) for full, side in
                 zip(image.size, (width, height), strict=True))  # fmt: skip
    return image.crop((left, top, left + width, top + height))


def large(paths: list[Path]) -> list[Path]:
    """Those of 250 pixels and more, and six of scikit-image."""
    samples = Path(skimage.__file__).parent / "data"
    names = ("astronaut.png", "coffee.png", "chelsea.png", "rocket.jpg", "motorcycle_left.png", "camera.png")
    some = [path for path in paths if min(upright(path).size) >= 250 and "_mirror" not in path.stem]
    return [*some, *(samples / name for name in names)]


BLANK = 8
"""Levels that a picture on white spans at most when it shows nothing, as white drawings on nothing do."""


def proved(pictures: list[Path], folder: Path) -> None:
    """Share of edited copies that are proved, whether or not they are candidates; of pictures that show anything."""
    every = len(pictures)
    pictures = [path for path in pictures if max(high - low for low, high in upright(path).getextrema()) > BLANK]
    print(f"{len(pictures)} pictures, {every - len(pictures)} blank ones left out\n\n| edit | proved |\n|---|---|")
    for edit, change in EDITS.items():
        found = 0
        for number, original in enumerate(pictures):
            copy = folder / f"{list(EDITS).index(edit)}-{number}.png"  # Another name each: points are kept by it.
            change(upright(original)).save(copy, compress_level=1)
            found += compared((original, copy))[0].times >= 0
            copy.unlink()
        print(f"| {edit} | {found / len(pictures):.0%} |", flush=True)


def hard(pictures: list[Path], folder: Path) -> None:
    """Of pictures that have something in common, each with each other: how many are proved to be copies, wrongly."""
    np.random.default_rng(0).shuffle(pictures)
    print("| kind | pictures | pairs | proved | CPU ms a pair |\n|---|---|---|---|---|")
    for name, make in kinds(folder).items():
        (own := folder / name.replace(" ", "-")).mkdir()
        made = []
        for number, image in enumerate(make(pictures)):
            made.append(own / f"{number:02}.jpg")
            image.save(made[-1], quality=88)
        began, found = time.process_time(), list[tuple[str, str]]()
        (store := own / "points").mkdir()
        for place, path in enumerate(made[:-1], 1):
            answers = compared((path, *made[place:]), str(store))
            found += [
                (path.stem, other.stem)
                for other, answer in zip(made[place:], answers, strict=True)
                if answer.times >= 0
            ]
        pairs = len(made) * (len(made) - 1) // 2
        spent = 1000 * (time.process_time() - began) / pairs
        print(f"| {name} | {len(made)} | {pairs} | {len(found)} | {spent:.0f} |", *found[:4], flush=True)


SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
ALL = 100_000
"""Pictures for which the costs are reckoned."""


def looked_at(paths: list[Path], model: Embedder) -> NDArray[np.float16]:
    """Their embeddings; prints what that costs."""
    wall, spent = time.perf_counter(), cpu()
    vectors = [found for _, found in embed_files(((str(path), path) for path in paths), model, 1)]
    broken = sum(isinstance(found, FileTrouble) for found in vectors)
    if broken:
        sys.exit(f"{broken} photographs cannot be read")
    wall, spent = time.perf_counter() - wall, cpu() - spent
    print(f"{model.name}: {len(paths)} photographs, with decoding: {1000 * spent / len(paths):.1f} CPU ms a picture,"
          f" {len(paths) / spent:.0f} a second and core ({len(paths) / wall:.0f} by the clock)\n")  # fmt: skip
    return np.stack([found for found in vectors if not isinstance(found, FileTrouble)])


def costs(pictures: list[Path], count: int, folder: Path) -> None:
    """CPU time of points and pairs among `count` random parts of these, and of candidates among ALL embeddings like
    theirs, and what all that would take of ALL pictures."""
    dice, parts, spent = np.random.default_rng(3), list[Path](), list[float]()
    for number in range(count):
        parts.append(folder / f"{number}.jpg")
        part_of(upright(pictures[number % len(pictures)]), dice).save(parts[-1], quality=90)
    looks = directions(looked_at(parts, embedder()))
    (store := folder / "points").mkdir()
    clock = time.process_time()
    for part in parts:
        compared((part,), str(store))
    spent.append(time.process_time() - clock)
    groups = _candidates(looks)
    clock = time.process_time()
    found = [compared(tuple(parts[place] for place in some), str(store)) for some in groups]
    spent.append(time.process_time() - clock)
    pairs, proved_ = sum(map(len, found)), sum(answer.times >= 0 for answers in found for answer in answers)
    print(
        f"{count} parts of {len(pictures)} pictures: points {1000 * spent[0] / count:.1f} CPU ms a picture;"
        f" {pairs} pairs, {proved_} of them proved, {1000 * spent[1] / max(pairs, 1):.1f} CPU ms each",
        flush=True,
    )
    crowd = _crowd(looks)
    clock = time.process_time()
    every = sum(len(some) - 1 for some in _candidates(crowd))
    spent.append(time.process_time() - clock)
    minutes = [seconds * scale / 60 for seconds, scale in
               zip(spent, (ALL / count, every / max(pairs, 1), 1), strict=True)]  # fmt: skip
    print(f"{ALL} pictures: points {minutes[0]:.0f}, {every} pairs {minutes[1]:.0f}, candidates {minutes[2]:.0f}"
          f" CPU minutes; peak here {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MiB")  # fmt: skip


def _candidates(looks: NDArray[np.floating[Any]]) -> list[tuple[int, ...]]:
    """(place, places of those that are compared with it) if none is a copy."""
    nearest = likely(looks)
    return [task for rank in range(NEAREST) for task in in_round(nearest, rank, np.arange(len(looks)))]


def _crowd(looks: NDArray[np.float32]) -> NDArray[np.float16]:
    """(ALL, numbers) directions with as many likely neighbours as are compared: these, each many times, with noise that
    leaves a cosine of 0.5 between two of one."""
    dice, crowd = np.random.default_rng(4), np.empty((ALL, looks.shape[1]), np.float16)
    for start in range(0, ALL, 1000):
        some = looks[dice.integers(len(looks), size=len(crowd[start : start + 1000]))]
        noisy = some + dice.standard_normal(some.shape, np.float32) / some.shape[1] ** 0.5
        crowd[start : start + 1000] = noisy / np.linalg.norm(noisy, axis=1, keepdims=True)
    return crowd
