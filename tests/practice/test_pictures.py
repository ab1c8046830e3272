from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import time
from statistics import median

import numpy as np
import pytest
from PIL import Image

from collector.practice.drawing import _OUTLINES, _TEXTURES, _texture
from collector.practice.pictures import picture, plan, slug, stand_in, thumbnail, thumbnail_size

KEYWORDS = ("red apple", "old clock", "Grüße", "猫", "zebra")


def opened(name: str, number: int, size: str = "") -> Image.Image:
    image = Image.open(io.BytesIO(picture(name, number, size)))
    image.load()
    return image


def test_slugs_are_plain_and_tell_keywords_apart() -> None:
    slugs = [slug(keyword) for keyword in (*KEYWORDS, "犬", "!!", "grusse")]
    assert len(set(slugs)) == len(slugs)
    assert all(name.isascii() and "/" not in name and " " not in name for name in slugs)
    assert slug("Red  Apple ") != slug("red apple")
    assert slug("Red Apple ") == slug("red apple")


def test_another_process_draws_the_same_bytes() -> None:
    script = (
        "import hashlib; from collector.practice.pictures import picture, slug; "
        "print(hashlib.sha256(b''.join(picture(slug('red apple'), n) for n in range(12))).hexdigest())"
    )
    there = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    here = hashlib.sha256(b"".join(picture(slug("red apple"), number) for number in range(12))).hexdigest()
    assert there.stdout.strip() == here


@pytest.mark.parametrize("keyword", KEYWORDS)
def test_pictures_are_what_their_plan_says(keyword: str) -> None:
    name = slug(keyword)
    for number in range(16):
        wanted, image = plan(name, number), opened(name, number)
        shown = image.size if wanted.orientation not in (6, 8) else image.size[::-1]
        assert (image.format, shown) == (wanted.format, (wanted.width, wanted.height))
        assert getattr(image, "n_frames", 1) == wanted.frames
        assert image.getexif().get(0x0112, 1) == wanted.orientation


def test_there_is_variety() -> None:
    name = slug("variety")
    plans = [plan(name, number) for number in range(1000)]
    formats = [wanted.format for wanted in plans]
    assert {"JPEG", "PNG", "WEBP", "AVIF", "GIF"} == set(formats)
    assert 0.7 < formats.count("JPEG") / 1000 < 0.92
    assert any(wanted.mode == "CMYK" for wanted in plans)
    assert any(wanted.orientation != 1 for wanted in plans)
    assert any(wanted.frames > 1 for wanted in plans)
    copies = [wanted for wanted in plans if wanted.copy_of is not None]
    assert 0.03 < len(copies) / 1000 < 0.1
    assert {wanted.change for wanted in copies} == {"", "reencoded", "resized", "cropped"}


def test_rare_modes_are_really_in_the_bytes() -> None:
    name = slug("variety")
    wanted = {number: plan(name, number) for number in range(1000)}
    cmyk = next(number for number, one in wanted.items() if one.mode == "CMYK")
    turned = next(number for number, one in wanted.items() if one.orientation == 6)
    assert opened(name, cmyk).mode == "CMYK"
    assert opened(name, turned).getexif()[0x0112] == 6


def test_copies_are_copies() -> None:
    name = slug("variety")
    plans = {number: plan(name, number) for number in range(150)}
    for number, wanted in plans.items():
        if wanted.copy_of is None:
            continue
        same = picture(name, number) == picture(name, wanted.copy_of)
        assert same == (wanted.change == "")
        if wanted.change == "resized":
            assert wanted.width < plans[wanted.copy_of].width


def test_weights_are_realistic() -> None:
    weights = [len(picture(slug(keyword), number)) for keyword in KEYWORDS[:3] for number in range(12)]
    assert 20_000 < median(weights) < 400_000
    assert max(weights) < 1_500_000


def test_classes_can_be_told_apart_by_colour() -> None:
    def colours(keyword: str, number: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        small = Image.open(io.BytesIO(thumbnail(slug(keyword), number))).convert("HSV").resize((32, 32))
        pixels = np.asarray(small, dtype=float)
        # Backgrounds are pale: strong colours are the thing itself.
        return np.histogram(pixels[..., 0], bins=24, range=(0, 256), weights=pixels[..., 1] ** 3, density=True)[0]

    means = {keyword: np.mean([colours(keyword, n) for n in range(10)], axis=0) for keyword in KEYWORDS}
    right = 0
    for keyword in KEYWORDS:
        for number in range(10, 20):
            seen = colours(keyword, number)
            right += keyword == min(means, key=lambda name: float(np.abs(means[name] - seen).sum()))
    assert right >= 40


def test_numbers_of_one_class_differ() -> None:
    bodies = {picture(slug("red apple"), number) for number in range(6)}
    assert len(bodies) == 6


def test_size_filter_gives_larger_pictures() -> None:
    name = slug("red apple")
    assert min(max(plan(name, number, "l").width, plan(name, number, "l").height) for number in range(30)) >= 1000
    assert max(max(plan(name, number, "i").width, plan(name, number, "i").height) for number in range(30)) <= 128


def test_colour_filter_gives_that_colour() -> None:
    def mean(colour: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        image = Image.open(io.BytesIO(thumbnail(slug("red apple"), 1, colour=colour))).convert("RGB")
        return np.asarray(image).mean(axis=(0, 1))

    assert mean("red").argmax() == 0
    assert mean("blue").argmax() == 2


def test_thumbnail_shows_the_same_scene() -> None:
    name = slug("zebra")
    large = Image.open(io.BytesIO(picture(name, 2))).convert("RGB").resize((48, 48))
    small = Image.open(io.BytesIO(thumbnail(name, 2))).convert("RGB").resize((48, 48))
    assert np.abs(np.asarray(large, dtype=float) - np.asarray(small, dtype=float)).mean() < 12
    assert Image.open(io.BytesIO(thumbnail(name, 2))).size == thumbnail_size(plan(name, 2))


def test_stand_in_is_one_png() -> None:
    assert stand_in() == stand_in()
    assert Image.open(io.BytesIO(stand_in())).format == "PNG"


@pytest.mark.parametrize("outline", _OUTLINES)
def test_every_shape_has_an_outline_all_around(outline: str) -> None:
    reach = [_OUTLINES[outline](step / 10) for step in range(63)]
    assert all(np.isfinite(reach))
    assert max(reach) > 0.4


@pytest.mark.parametrize("texture", _TEXTURES)
def test_every_texture_can_be_made(texture: str) -> None:
    levels = set(np.asarray(_texture(texture)).ravel().tolist())
    assert levels == ({255} if texture == "plain" else {0, 255})


def test_a_jpeg_is_cheap() -> None:
    name = slug("speed")
    numbers = [number for number in range(40) if plan(name, number).format == "JPEG"][:20]
    picture(name, numbers[0])
    started = time.process_time()
    for number in numbers:
        picture(name, number)
    # About 20 ms on the slowest machine we know; the bound only guards against a change of order.
    assert (time.process_time() - started) / len(numbers) < 0.15
