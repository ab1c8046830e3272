"""Of pictures that look the same the better one is kept, whatever their pixels; flat ones are compared, too."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from collector.dataset import service
from collector.dataset.split import parse_scheme
from tests.support.collection import Collection, encoded


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    with Collection(tmp_path / "images") as collection:
        yield collection


@cache
def photo(seed: int, size: tuple[int, int] = (640, 480), beta: float = 1.6) -> Image.Image:
    """Noise with the spectrum of photographs, in colours that go together as theirs do. Not to be drawn on."""
    noise = np.random.default_rng(seed)
    width, height = size
    steps = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :])
    steps[0, 0] = 1
    planes = [
        np.fft.irfft2(np.fft.rfft2(noise.normal(size=(height, width))) / steps**beta, s=(height, width))
        for _ in range(3)
    ]
    colours = np.stack([planes[0] * 0.8 + plane * 0.5 for plane in planes], axis=-1)
    scaled = (colours - colours.mean()) / colours.std() * 50 + 120
    return Image.fromarray(np.clip(scaled, 0, 255).astype(np.uint8))


def kept(collection: Collection) -> set[str]:
    service.dedupe_set(collection.ledger, collection.folder, 31, "list")
    out = {verdict.sha256 for verdict in collection.ledger.dataset.verdicts()}
    return {row.sha256 for row in collection.ledger.dataset.pictures()} - out


def texted(image: Image.Image, seed: int) -> Image.Image:
    """With letters over it: an address, a quote in the middle, or a caption on a bar."""
    chance = random.Random(seed)
    image, (width, height) = image.copy(), image.size
    draw = ImageDraw.Draw(image)
    match seed % 3:
        case 0:
            draw.text((20, chance.randrange(height - 60)), "www.pictures.example", "white", ImageFont.load_default(40))
        case 1:
            font = ImageFont.load_default(64)
            draw.text((60, height // 3), "ALL IS\nWELL", "white", font, stroke_width=4, stroke_fill="black")
        case _:
            top = chance.randrange(height - 80)
            draw.rectangle([0, top, width, top + 30], "white")
            draw.text((20, top + 2), "What they never told you", "red", ImageFont.load_default(24))
    return image


@pytest.mark.parametrize("first", ["original", "copy"])
def test_text_over_a_picture_is_worse(collection: Collection, first: str) -> None:
    wanted = set()
    for seed in range(6):
        original = photo(seed)
        copy = texted(original.resize((960, 720)), seed)
        pictures = {"original": encoded(original, quality=80), "copy": encoded(copy, quality=95)}
        found = {name: collection.add("cat", pictures[name]) for name in (first, *(pictures.keys() - {first}))}
        wanted.add(found["original"].sha256)
    assert kept(collection) == wanted


def test_darkened_corners_make_no_text_of_the_original(collection: Collection) -> None:
    """A filter of phones: what it darkens is whiter in the original, and nothing lies over that."""
    wanted = set()
    for seed in range(6):
        original = photo(seed).point(lambda level: min(255, 60 + level))
        dark = Image.radial_gradient("L").resize(original.size).point(lambda away: int(max(0, away - 130) * 0.6))
        copy = Image.composite(Image.new("RGB", original.size), original, dark)
        wanted.add(collection.add("cat", encoded(original, quality=95)).sha256)
        collection.add("cat", encoded(copy, quality=80))
    assert kept(collection) == wanted


@pytest.mark.parametrize("factor", [0.77, 1.3])
def test_a_stretched_copy_is_worse(collection: Collection, factor: float) -> None:
    wanted = set()
    for width, height in ((640, 480), (480, 640), (600, 400), (640, 360), (500, 500)):
        original = photo(11, (width, height))
        copy = collection.add("cat", encoded(original.resize((round(width * factor * 2), height * 2)), quality=95))
        found = collection.add("cat", encoded(original, quality=80))
        assert copy.rank < found.rank
        wanted.add(found.sha256)
    assert kept(collection) == wanted


def test_the_shape_of_most_is_the_natural_one(collection: Collection) -> None:
    odd = photo(12, (777, 480))
    collection.add("cat", encoded(odd.resize((640, 480)), quality=95))
    first = collection.add("cat", encoded(odd, quality=80))
    collection.add("cat", encoded(odd.resize((700, 432)), quality=85))
    assert kept(collection) == {first.sha256}


@pytest.mark.parametrize("kind", ["1", "L", "sepia"])
def test_colour_is_better(collection: Collection, kind: str) -> None:
    wanted = set()
    for seed in range(4):
        original = photo(20 + seed)
        large = original.resize((1280, 960)).convert("L")
        match kind:
            case "1":
                copy: bytes = encoded(large.convert("1"), "PNG")
            case "L":
                copy = encoded(large, quality=95)
            case _:
                sepia = Image.merge("RGB", [large.point(lambda v, by=by: int(v * by)) for by in (1.0, 0.85, 0.65)])
                copy = encoded(sepia, quality=95)
        collection.add("cat", copy)
        wanted.add(collection.add("cat", encoded(original, quality=80)).sha256)
    assert kept(collection) == wanted


def test_rank_counts_before_pixels_and_bytes(collection: Collection) -> None:
    original = photo(30, (640, 480))
    first = collection.add("cat", encoded(original, quality=70))
    collection.add("cat", encoded(original.resize((800, 600)), quality=98))
    assert kept(collection) == {first.sha256}


def flat(number: int, size: tuple[int, int] = (640, 480)) -> Image.Image:
    """A sky, say: from one colour to another, with next to nothing on it."""
    chance = np.random.default_rng(number)
    top, bottom = chance.integers(60, 230, 3), chance.integers(60, 230, 3)
    ways = np.linspace(0, 1, size[1])[:, None, None]
    rows = np.broadcast_to(top + (bottom - top) * ways * 0.25, (size[1], size[0], 3))
    return Image.fromarray(np.clip(rows + chance.normal(0, 1, rows.shape), 0, 255).astype(np.uint8))


def test_flat_pictures_are_compared_and_stay_together(collection: Collection) -> None:
    twins = []
    for number in range(12):
        one = collection.add(("cat", "dog")[number % 2], encoded(flat(number), quality=90))
        other = collection.add(("cat", "dog")[number % 2], encoded(flat(number).resize((400, 300)), "WEBP", quality=60))
        twins.append((one.sha256, other.sha256))
    looks = collection.ledger.alike.read
    service.hash_set(collection.ledger, collection.folder)
    assert (looks().quality < 50).sum() == 24, "they are flat"
    scheme = parse_scheme("train=0.5,val=0.5")
    service.split_set(collection.ledger, collection.folder, scheme, 31)
    splits = collection.ledger.splits.given(scheme.name)
    assert all(splits[one] == splits[other] for one, other in twins)
    assert kept(collection) == {one for one, _ in twins}
