from __future__ import annotations

import hashlib
import io
import subprocess
import sys

import pytest
from PIL import Image

from collector.practice.pictures import picture, plan, slug

KEYWORDS = ("red apple", "old clock", "Grüße", "猫", "zebra")


def opened(name: str, number: int, size: str = "") -> Image.Image:
    image = Image.open(io.BytesIO(picture(name, number, size)))
    image.load()
    return image


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
