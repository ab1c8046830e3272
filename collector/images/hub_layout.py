"""A model's folder as Hugging Face lays it out: where its towers are, and how pictures and words go into them.

What exports for onnxruntime look like (optimum, transformers.js): `onnx/vision_model.onnx` and `onnx/text_model.onnx`,
or `onnx/model.onnx` with both; each also as `_fp16`, `_quantized`, ...; `preprocessor_config.json`, `tokenizer.json`.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np

from collector.errors import InputError, missing
from collector.images.embed import (
    NO_WORDS,
    OF_PICTURES,
    OF_WORDS,
    Directions,
    Embedder,
    answered,
    one_line,
    session,
    unit,
)
from collector.images.form import Shape

PRECISIONS: Final = ("", "_fp16", "_quantized", "_int8", "_uint8", "_q4", "_q4f16", "_bnb4")
"""What stands behind a tower's name, the truest weights first."""
PICTURES, WORDS, BOTH = ("vision_model", "visual"), ("text_model", "textual"), ("model",)
_SIGLIP: Final = (117.330765, -12.932437)
_SIGLIP2: Final = (112.668907, -16.771725)
"""(scale, bias) of the sigmoid where config.json does not say: those of google/siglip-base-patch16-224 and of
google/siglip2-base-patch16-224; its siblings differ by a few per cent."""
_CLIP: Final = 100.0
"""What CLIP's scale is kept below while it is trained, and reaches."""
_IMAGENET: Final = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
_LARGEST: Final = 10_000
"""What a scale or bias can be: hundreds at most are trained."""
_MOST: Final = 1 << 22
"""Bytes of a JSON file that are read."""


@dataclass(frozen=True, slots=True)
class Words:
    """How words go into a model, and how what comes out is compared with pictures."""

    graph: Path
    tokenizer: Path
    length: int
    """Tokens of a text at most; with `sigmoid` exactly."""
    side: int
    """Of the pictures, for graphs that hold both towers."""
    tokens: dict[str, Any]
    """tokenizer_config.json."""
    sigmoid: bool
    """Trained as SigLIP is, where each pair of picture and words is judged alone; CLIP compares alternatives."""
    scale: float
    bias: float
    """What a cosine is multiplied by, and what is added then (0 for CLIP)."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A model's folder that was understood."""

    name: str
    folder: Path
    pictures: Path
    shape: Shape
    words: Words | None
    """None for a model of pictures alone."""

    def embedder(self) -> Embedder:
        """Its tower for pictures. InputError when it gives no vectors."""
        pixels = np.zeros((1, 3, self.shape.side, self.shape.side), np.float32)
        found = answered(str(self.pictures), OF_PICTURES, {"pixels": pixels, **NO_WORDS})
        if not np.isfinite(found).all():
            raise InputError(f"{self.pictures}: its vectors are no numbers; take the export of another precision")
        digest = _digest(self.pictures, repr(self.shape))
        return Embedder(self.name, digest, self.pictures, self.shape, found.shape[1])


def is_model(folder: Path) -> bool:
    """Whether a folder looks like a model's."""
    return _tower(folder, (*PICTURES, *BOTH)) is not None


def read(folder: Path, name: str) -> Layout:
    """What a folder holds. InputError says what it lacks; UsageError without the extra `look`."""
    if not find_spec("onnxruntime"):
        raise missing("onnxruntime", "a model", "look")
    both = _tower(folder, BOTH)
    pictures = _tower(folder, PICTURES) or both
    if pictures is None:
        raise InputError(f"{folder}: no model: onnx/vision_model.onnx or onnx/model.onnx is not there")
    config, tokens = _json(folder / "config.json"), _json(folder / "tokenizer_config.json")
    if not (preparation := _json(folder / "preprocessor_config.json")):
        raise InputError(f"{folder}: preprocessor_config.json is not there: how are pictures prepared?")
    shape = shape_of(preparation, f"{folder}: preprocessor_config.json")
    graph, tokenizer = _tower(folder, WORDS) or both, folder / "tokenizer.json"
    if graph is None or not tokenizer.is_file():
        return Layout(name, folder, pictures, shape, None)
    said = f"{json.dumps(config)} {json.dumps(tokens)} {folder.name}".casefold()
    sigmoid = "siglip" in said
    text = config.get("text_config")
    length = text.get("max_position_embeddings") if isinstance(text, dict) else None
    length = length if isinstance(length, int) and 2 < length < 4096 else 64 if sigmoid else 77
    newer = "siglip2" in said or "gemma" in said or '"vocab_size": 256000' in said
    scale, bias = (_SIGLIP2 if newer else _SIGLIP) if sigmoid else (_CLIP, 0.0)
    if (given := config.get("logit_scale")) is not None:
        scale = _number(given, f"{folder}: config.json: logit_scale")
        scale = math.exp(scale) if scale < 8 else scale  # As it is trained, it is a logarithm.
    if (given := config.get("logit_bias")) is not None:
        bias = _number(given, f"{folder}: config.json: logit_bias")
    words = Words(graph, tokenizer, length, shape.side, tokens, sigmoid, scale, bias)
    return Layout(name, folder, pictures, shape, words)


def shape_of(config: dict[str, Any], where: str) -> Shape:
    """What a preprocessor_config.json says. InputError for what is none, or another kind."""
    if "max_num_patches" in config:
        raise InputError(f"{where}: models of any resolution (NaFlex) are not supported; take one of fixed size")
    try:
        size, crop = config.get("size", 224), config.get("crop_size")
        short = _side(size, "shortest_edge")
        whole = isinstance(size, dict) and "height" in size and not config.get("do_center_crop", False)
        cut = config.get("do_center_crop", crop is not None) and crop is not None
        side = _side(crop, "height") if cut else short
        mean, deviation = config.get("image_mean", _IMAGENET[0]), config.get("image_std", _IMAGENET[1])
        if not config.get("do_normalize", True):
            mean, deviation = [0.0] * 3, [1.0] * 3
        levels = 255.0 if config.get("do_rescale", True) else 1.0
        red, green, blue = (float(one) * levels for one in mean)
        reds, greens, blues = (float(one) * levels for one in deviation)
        filter = int(config.get("resample", 3))
        if not (0 < side <= max(short, side) <= 2048 and 0 <= filter <= 5 and min(reds, greens, blues) > 0):
            raise ValueError("values that cannot be")
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{where}: cannot be used: {error}") from None
    return Shape(side, (red, green, blue), (reds, greens, blues), filter, 0 if whole else max(short, side))


class TextTower:
    """Makes vectors of words, in this process. UsageError without tokenizers, InputError for files that are others.

    The tokenizer is opened at once, the network with the first words.
    """

    def __init__(self, words: Words) -> None:
        if not find_spec("tokenizers"):
            raise missing("tokenizers", "a model that knows words", "look")
        self.words = words
        self._tokenizer = _tokenizer(words.tokenizer)

    def vectors(self, texts: list[str]) -> Directions:
        """(n, numbers) of length 1."""
        given = self.words
        pixels = np.zeros((1, 3, given.side, given.side), np.float32)
        found = []
        for text in texts:  # One by one: some exports take no more, and padding is none where none is needed.
            tokens = np.array([self._tokens(text)])
            inputs = {"tokens": tokens, "mask": np.ones_like(tokens), "pixels": pixels}
            found.append(answered(str(given.graph), OF_WORDS, inputs))
        if not np.isfinite(found).all():
            raise InputError(f"{given.graph}: its vectors are no numbers; take the export of another precision")
        return unit(np.concatenate(found))

    def _tokens(self, text: str) -> list[int]:
        """As the model was trained to see them: SigLIP in small letters, and filled up, since it looks at the last."""
        given, length = self.words, self._length or self.words.length
        ids: list[int] = self._tokenizer.encode(text.lower() if given.sigmoid else text).ids
        first, last = (self._special(kind) for kind in ("bos", "eos"))
        if not given.tokens.get("add_bos_token", not given.sigmoid) and ids[:1] == [first]:
            ids = ids[1:]
        if given.tokens.get("add_eos_token", given.sigmoid) and last is not None and ids[-1:] != [last]:
            ids = [*ids[: length - 1], last]
        if len(ids) > length:
            ids = [*ids[: length - 1], ids[-1]]
        if given.sigmoid or self._length:
            ids += [self._special("pad") or 0] * (length - len(ids))
        return ids

    @cached_property
    def _length(self) -> int:
        """Tokens that the graph takes exactly; 0 when any number is fine."""
        [shape, *_] = [one.shape for one in session(str(self.words.graph)).get_inputs() if "int" in one.type]
        return shape[1] if len(shape) == 2 and isinstance(shape[1], int) else 0

    def _special(self, kind: str) -> int | None:
        """The number of the first, the last or the padding token, as tokenizer_config.json calls it."""
        named = self.words.tokens.get(f"{kind}_token")
        text = named.get("content") if isinstance(named, dict) else named
        usual = {"bos": "<bos>", "eos": "<eos>", "pad": "<pad>"}[kind]
        found: int | None = self._tokenizer.token_to_id(text if isinstance(text, str) else usual)
        return found


# --------------------------------------------------------------------------- inside


def _tokenizer(path: Path) -> Any:
    from tokenizers import Tokenizer

    try:
        made = Tokenizer.from_file(str(path))
    except Exception as error:  # noqa: BLE001 - it raises nothing more special.
        raise InputError(f"{path}: no tokenizer: {one_line(error)}") from None
    made.no_padding()
    made.no_truncation()
    return made


def _tower(folder: Path, names: tuple[str, ...]) -> Path | None:
    paths = (place / f"{name}{precision}.onnx" for place in (folder / "onnx", folder)
             for precision in PRECISIONS for name in names)  # fmt: skip
    return next((path for path in paths if path.is_file()), None)


def _json(path: Path) -> dict[str, Any]:
    """What a file says; nothing when it is not there. InputError when it is no object of JSON."""
    if not path.is_file():
        return {}
    try:
        with path.open("rb") as file:
            found = json.loads(file.read(_MOST))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from None
    if not isinstance(found, dict):
        raise InputError(f"{path}: no object of JSON")
    return found


def _number(given: Any, where: str) -> float:
    if not isinstance(given, int | float) or not abs(given) <= _LARGEST:
        raise InputError(f"{where}: not a number from -{_LARGEST:,} to {_LARGEST:,}")
    return float(given)


def _side(size: Any, name: str) -> int:
    """Of `224`, `{"shortest_edge": 224}` or `{"height": 224, "width": 224}`."""
    if isinstance(size, dict):
        if size.get("height", 0) != size.get("width", size.get("height", 0)):
            raise ValueError("no square")
        size = size.get(name, size.get("height", size.get("shortest_edge")))
    if not isinstance(size, int):
        raise ValueError("no size")
    return size


def _digest(graph: Path, shape: str) -> str:
    """Of the weights, of those in files beside them too, and of how pictures are prepared."""
    total = hashlib.sha256(shape.encode())
    for path in (graph, *sorted(graph.parent.glob(f"{graph.name}[._]data*"))):
        with path.open("rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()[:32]
