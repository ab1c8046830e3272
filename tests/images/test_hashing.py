"""The luma that is hashed: the same whatever the file's format, mode and rotation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from collector.images.hashing import hash_files
from collector.images.pdq import NEAR, Hashed, pdq, unpacked
from collector.images.pixels import grey
from collector.images.sniff import Unusable
from tests.support.collection import drawn, encoded

PICTURE = drawn(11, (1300, 900))


def saved(folder: Path, body: bytes, name: str = "x") -> Path:
    path = folder / name
    path.write_bytes(body)
    return path


def gap(one: str, other: str) -> int:
    words = unpacked([one, other])
    return int(np.bitwise_count(words[0] ^ words[1]).sum())


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_formats_agree_on_the_hash(tmp_path: Path, format: str) -> None:
    small = PICTURE.convert("L").resize((512, 354), Image.Resampling.BOX)
    body = encoded(PICTURE, format, quality=95) if format != "TIFF" else encoded(PICTURE, format)
    pixels = grey(saved(tmp_path, body), 512)
    assert max(pixels.shape) == 512
    assert gap(pdq(pixels).hash, pdq(np.asarray(small)).hash) <= 6


def test_a_rotated_jpeg_is_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = encoded(PICTURE.transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif, quality=95)
    pixels = grey(saved(tmp_path, turned), 512)
    assert pixels.shape[1] == 512
    assert gap(pdq(pixels).hash, pdq(np.asarray(PICTURE)).hash) <= NEAR


@pytest.mark.parametrize("mode", ["LA", "P", "I;16"])
def test_odd_modes_are_grey_on_white(tmp_path: Path, mode: str) -> None:
    image = Image.new(mode, (40, 30), {"LA": (0, 0), "P": 0, "I;16": 65535}[mode])
    if mode == "P":
        image.putpalette([255, 255, 255] + [0] * 765)
    assert grey(saved(tmp_path, encoded(image, "PNG")), 512).min() >= 254


def test_cmyk_and_grey_jpegs_and_single_pixels(tmp_path: Path) -> None:
    for mode in ("CMYK", "L"):
        pixels = grey(saved(tmp_path, encoded(PICTURE.convert(mode))), 512)
        assert gap(pdq(pixels).hash, pdq(np.asarray(PICTURE)).hash) <= NEAR
    assert grey(saved(tmp_path, encoded(Image.new("RGB", (1, 1)), "PNG")), 512).shape == (1, 1)


def test_files_are_hashed_the_same_by_any_number_of_processes(tmp_path: Path) -> None:
    files = [(str(n), saved(tmp_path, encoded(drawn(n)), f"{n}.jpg")) for n in range(40)]
    files += [("broken", saved(tmp_path, b"no picture", "broken")), ("gone", tmp_path / "gone")]
    alone, together = (dict(hash_files(iter(files), processes)) for processes in (1, 2))
    assert alone == together
    assert {name for name, found in alone.items() if not isinstance(found, Hashed)} == {"broken", "gone"}
    with pytest.raises(Unusable):
        grey(tmp_path / "gone", 512)
