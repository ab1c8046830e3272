"""Small copies and their originals: whatever was done to either, and nothing that only resembles them."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache

import pytest
from PIL import Image, ImageOps

from collector.images.likeness import Sight, likeness, sight
from collector.images.sniff import Unusable
from collector.practice.pictures import picture, plan, slug, thumbnail

NAME = slug("blue fern")
NUMBERS = [number for number in range(8) if plan(NAME, number).copy_of is None]


@cache
def seen(number: int) -> Sight:
    return sight(picture(NAME, number))


@cache
def edited(number: int, edit: Callable[[Image.Image], Image.Image], quality: int = 80) -> Sight:
    with Image.open(io.BytesIO(picture(NAME, number))) as image:
        out = io.BytesIO()
        edit(ImageOps.exif_transpose(image).convert("RGB")).save(out, "JPEG", quality=quality)
    return sight(out.getvalue())


def as_it_is(image: Image.Image) -> Image.Image:
    return image


def boxed(image: Image.Image) -> Image.Image:
    return ImageOps.expand(image, (0, image.height // 4), "black")


def cut(image: Image.Image) -> Image.Image:
    """A square from its middle, as some engines' thumbnails are."""
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.crop((left, top, left + side, top + side))


@pytest.mark.parametrize("number", NUMBERS)
def test_a_thumbnail_is_like_its_original_and_like_no_other(number: int) -> None:
    small = sight(thumbnail(NAME, number))
    assert likeness(small, seen(number)) > 0.9
    for other in NUMBERS:
        assert other == number or likeness(small, seen(other)) == 0.0


@pytest.mark.parametrize("edit", [boxed, cut, ImageOps.grayscale, lambda image: image.reduce(5)])
@pytest.mark.parametrize("number", NUMBERS[:4])
def test_bars_cuts_greys_and_sizes_do_not_matter(number: int, edit: Callable[[Image.Image], Image.Image]) -> None:
    original, copy = edited(number, as_it_is), edited(number, edit, quality=60)
    assert likeness(original, copy) > 0.8
    assert likeness(copy, original) > 0.8


def test_a_surface_of_one_colour_is_like_nothing() -> None:
    plain = edited(0, lambda image: Image.new("RGB", image.size, "teal"))
    assert likeness(plain, edited(1, as_it_is)) == 0.0


def test_the_size_is_that_of_the_upright_picture() -> None:
    turned = next(number for number in range(400) if plan(NAME, number).orientation >= 5)
    wanted = plan(NAME, turned)
    found = sight(picture(NAME, turned))
    assert (found.width, found.height) == (wanted.width, wanted.height)


def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(Unusable):
        sight(b"<html>")
