"""What goes on across an outline is shown; what was put around a picture is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import skimage
from numpy.typing import NDArray
from PIL import Image, ImageFilter

pytest.importorskip("cv2")

from collector.images.extent import extent

LEFT, TOP = 100, 80


def scene() -> Image.Image:
    with Image.open(Path(skimage.__file__).parent / "data" / "chelsea.png") as opened:
        return opened.convert("L")


def grey(image: Image.Image) -> NDArray[np.uint8]:
    return np.asarray(image, np.uint8)


MOVED = np.array([[1.0, 0, LEFT], [0, 1, TOP]])


def test_a_whole_shows_more_than_what_is_cut_out_of_it() -> None:
    whole = scene()
    part = whole.crop((LEFT, TOP, LEFT + 240, TOP + 180))
    found = extent(grey(part), grey(whole), MOVED)
    assert found.times == pytest.approx(240 * 180 / (whole.width * whole.height), rel=0.05)
    assert (found.first, found.other) == pytest.approx((1, 1), abs=0.02)


@pytest.mark.parametrize("around", ["white", "blurred"])
def test_what_was_put_around_it_is_not_shown(around: str) -> None:
    picture = scene()
    page = Image.new("L", (picture.width + 2 * LEFT, picture.height + 2 * TOP), 255)
    if around == "blurred":
        page = picture.resize(page.size).filter(ImageFilter.GaussianBlur(20))
    page.paste(picture, (LEFT, TOP))
    found = extent(grey(picture), grey(page), MOVED)
    assert found.times == pytest.approx(1, rel=0.05)
    assert found.other == pytest.approx(picture.width * picture.height / (page.width * page.height), rel=0.05)
