"""Exports of odd pictures, read one by one by the decoders that training uses: the same pixels as we see.

Each decoder in a program of its own: what it does not survive is a failure here and nothing else.
"""

from __future__ import annotations

import importlib.util
import json
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from collector.images.pixels import upright
from collector.settings import FetchSettings
from tests.support.collection import Collection, drawn, encoded
from tests.support.exporting import exported, form, planned

SIZE = (96, 64)
READERS = {
    "cv2": """
import cv2
def read(path):
    return cv2.imread(str(path), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)[:, :, ::-1]
""",
    "tensorflow": """
import os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import tensorflow as tf
def read(path):
    return tf.io.decode_image(path.read_bytes(), channels=3, expand_animations=False).numpy()
""",
    "torchvision": """
import torch
from PIL import Image
from torchvision.io import ImageReadMode, decode_image
def read(path):
    if path.suffix == ".bmp":  # Which ImageFolder has Pillow read.
        return np.asarray(Image.open(path).convert("RGB"))
    body = torch.frombuffer(bytearray(path.read_bytes()), dtype=torch.uint8)
    return decode_image(body, mode=ImageReadMode.RGB).permute(1, 2, 0).numpy()
""",
}
PROGRAM = """
import json, sys
from pathlib import Path
import numpy as np
{reader}
apart = {{}}
for path in map(Path, json.load(sys.stdin)):
    pixels, wanted = read(path).astype(int), np.load(path.with_suffix(".npy")).astype(int)
    apart[path.name] = float(abs(pixels - wanted).mean()) if pixels.shape == wanted.shape else str(pixels.shape)
print(json.dumps(apart))
"""


def pictures() -> Iterator[bytes]:
    """Of every format and mode, and of the kinds of damage that are passed over."""
    first, *others = (drawn(number, SIZE) for number in range(3))
    moving = {"save_all": True, "append_images": others, "duration": 50}
    exif = Image.Exif()
    exif[0x0112] = 6
    for number, mode in enumerate(("RGB", "L", "P", "RGBA", "LA", "1", "I;16")):
        image = drawn(10 + number, SIZE, "RGB" if mode == "I;16" else mode)
        yield encoded(
            Image.fromarray(np.asarray(image.convert("L"), np.uint16) * 257) if mode == "I;16" else image, "PNG"
        )
    for number, mode in enumerate(("RGB", "L", "CMYK")):
        yield encoded(drawn(20 + number, SIZE, mode), quality=90, progressive=number == 1)
    for number, mode in enumerate(("RGB", "L", "P", "1", "RGBA")):
        yield encoded(drawn(30 + number, SIZE, mode), "BMP")
    for number, packing in enumerate(("raw", "tiff_lzw", "jpeg", "packbits", "tiff_adobe_deflate", "lzma", "zstd")):
        yield encoded(drawn(40 + number, SIZE), "TIFF", compression=packing)
    for number, format in enumerate(("PNG", "WEBP", "AVIF", "JPEG")):
        yield encoded(drawn(50 + number, SIZE), format, exif=exif)
    for format in ("GIF", "PNG", "WEBP"):
        yield encoded(first, format, **moving)
        yield encoded(
            Image.new("RGB", SIZE, "white"), format, save_all=True, append_images=[first, *others], duration=50
        )
    yield encoded(drawn(60, SIZE), "BMP") + b"something behind it"
    yield encoded(drawn(61, SIZE)) + b"something behind it"
    body = encoded(drawn(62, SIZE), "PNG")
    for name, data, wrong in (
        (b"tEXt", b"a\0b", 1),
        (b"tRNS", bytes(6), 1),
        (b"acTL", bytes(8), 0),
        (b"iCCP", b"x\0\0y", 0),
    ):
        chunk = struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data) ^ wrong)
        yield body[:33] + chunk + body[33:]


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collection]:
    with Collection(tmp_path_factory.mktemp("odd") / "images") as collection:
        for body in pictures():
            collection.add("cat", body, settings=FetchSettings(tiff=True))
        yield collection


@pytest.mark.parametrize(
    ("library", "format", "animations"),
    [("cv2", "jsonl", "first"), ("cv2", "keras", "first"), ("tensorflow", "keras", "first"),
     ("torchvision", "keras", "first"), ("tensorflow", "keras", "whole")],
)  # fmt: skip
def test_every_picture_of_an_export(
    collection: Collection, tmp_path: Path, library: str, format: str, animations: str
) -> None:
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    made, _ = exported(
        collection, format, tmp_path / "out", planned(collection, ("",), form=form(animations=animations))
    )
    files = [
        path for path in (tmp_path / "out").rglob("*.*") if path.suffix in (".jpg", ".png", ".bmp", ".tif", ".webp")
    ]
    assert len(files) == len(made.samples)
    for path in files:
        with Image.open(path) as image:  # Of whole animations the first frame, which may be blank.
            seen = image.convert("RGB") if animations == "whole" else upright(path)
        np.save(path.with_suffix(".npy"), np.asarray(seen))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM.format(reader=READERS[library])],
        input=json.dumps([str(path) for path in files]), capture_output=True, text=True, timeout=110, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    apart = json.loads(done.stdout.splitlines()[-1])
    assert {name: far for name, far in apart.items() if isinstance(far, str) or far > 6} == {}
