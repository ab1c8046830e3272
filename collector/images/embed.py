"""What a picture shows as numbers: an embedding of every file, by a small network on every core. Keeps nothing.

onnxruntime and the model are an extra (`pip install '.[look]'`), imported only in processes of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from collector.errors import InputError
from collector.images import lite0
from collector.images.form import Shape
from collector.images.processes import FileTrouble, map_batches
from collector.images.sniff import Unusable

Vector = NDArray[np.float16]
Directions = NDArray[np.float32]
_BATCH: Final = 8
"""Pictures to a call: a larger one is not quicker on one core."""


@dataclass(frozen=True, slots=True)
class Embedder:
    """A network that makes vectors of pictures; small, because it crosses to other processes."""

    name: str
    hash: str
    """Of the weights and of how pictures are prepared: other vectors have another one."""
    graph: Path
    """An ONNX file: (n, 3, side, side) prepared pixels in, (n, numbers) out."""
    shape: Shape
    numbers: int
    """Of a vector."""
    classes: Path | None = None
    """.npz with `weight` (1000, numbers) and `bias` (1000,) of the classes of ImageNet; None for other networks."""


def embedder() -> Embedder:
    """The one that comes with the extra `look`. UsageError when that is not installed."""
    graph, classes = lite0.prepared()
    digest = f"{lite0.SHA256[:16]}-{lite0.LAYOUT}"
    return Embedder(lite0.NAME, digest, graph, lite0.SHAPE, lite0.NUMBERS, classes)


def embed_files(
    files: Iterable[tuple[str, Path]], model: Embedder, processes: int = 0, gently: bool = False
) -> Iterator[tuple[str, Vector | FileTrouble]]:
    """The embedding of each (sha256, path), in their order, or what is wrong with the file."""
    asked = (str(model.graph), model.shape)
    for sha256, found in map_batches(embedded, files, _BATCH, *asked, processes=processes, gently=gently):
        yield sha256, found if isinstance(found, FileTrouble) else np.frombuffer(found, np.float16)


def embedded(paths: tuple[Path, ...], graph: str, shape: Shape) -> list[bytes]:
    """The vectors of a few files as float16. Unusable when one of them cannot be decoded, or has
    none."""
    from collector.images.pixels import square

    pixels = np.stack([square(path, shape) for path in paths]).astype(np.float32)
    scaled = (pixels - np.array(shape.mean, np.float32)) / np.array(shape.deviation, np.float32)
    found = answered(graph, OF_PICTURES, {"pixels": np.ascontiguousarray(scaled.transpose(0, 3, 1, 2)), **NO_WORDS})
    with np.errstate(over="ignore"):
        kept = found.astype(np.float16)
    if not np.isfinite(kept).all():
        raise Unusable("image.unsupported", "the model has no numbers for it")
    return [one.tobytes() for one in kept]


def directions(vectors: NDArray[Any], model: Embedder | None = None) -> Directions:
    """What cosines are taken of: (n, numbers) of length 1; of the usual model from the middle of the pictures of
    anything.

    Square roots, because a few strong features would outweigh all others. The middle is that of the 26 pictures that
    scikit-image ships: photographs, pages, drawings, views through a microscope.
    """
    if model is not None and model.classes is None:
        return unit(np.asarray(vectors, np.float32))
    rooted = unit(np.sqrt(np.maximum(np.asarray(vectors, np.float32), 0)))
    return unit(rooted - _stored("lite0-background.npy"))


def described(vectors: NDArray[Any], model: Embedder) -> Directions:
    """(n, numbers + 1000) of length 1: `directions`, and beside them the judgement on the classes of ImageNet, from the
    middle of the same pictures. Together they tell better what belongs than either alone
    (docs/decisions/0020-embeddings-out-of-a-wheel.md)."""
    judged = _judgement(vectors, model)
    judged = judged - judged.mean(axis=1, keepdims=True) - np.asarray(_stored("lite0-judgement.npy"), np.float32)
    return unit(np.hstack([directions(vectors), unit(judged)]))


def named(keyword: str) -> tuple[int, ...]:
    """The classes of ImageNet that a keyword names: by one of their names or its last word ("cat" names tabby cats), or
    by a kind that they are of ("vehicle", "bird")."""
    wanted = keyword.casefold().strip()
    forms = {wanted, wanted.removesuffix("s")}
    own = {
        number
        for number, names in enumerate(class_names())
        if any(name in forms or name.endswith(tuple(f" {form}" for form in forms)) for name in names)
    }
    return tuple(sorted(own.union(*(_kinds().get(form, ()) for form in forms))))


def class_share(vectors: NDArray[Any], model: Embedder, classes: Sequence[int]) -> NDArray[np.float32]:
    """(n,): how much of the network's own judgement falls on these of its 1,000 classes, 0 to 1."""
    logits = _judgement(vectors, model)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers[:, list(classes)].sum(axis=1) / powers.sum(axis=1), np.float32)


@lru_cache(maxsize=1)
def class_names() -> tuple[tuple[str, ...], ...]:
    """The names of each of the 1,000 classes, in small letters; WordNet's."""
    text = (Path(__file__).parent / "imagenet-classes.txt").read_text(encoding="utf-8")
    return tuple(tuple(name.strip().casefold() for name in line.split(",")) for line in text.splitlines())


@lru_cache(maxsize=1)
def _kinds() -> dict[str, frozenset[int]]:
    """Kind -> the classes of that kind, by WordNet 3.0; kinds of almost everything are left out. A line of the file has
    numbers of classes, a colon, and what they are called."""
    found: dict[str, frozenset[int]] = {}
    text = (Path(__file__).parent / "imagenet-kinds.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        numbers, _, names = line.partition(": ")
        parts = [part.split("-") for part in numbers.split(",")]
        classes = frozenset(number for part in parts for number in range(int(part[0]), int(part[-1]) + 1))
        found |= dict.fromkeys(names.split(", "), classes)
    return found


def _judgement(vectors: NDArray[Any], model: Embedder) -> NDArray[np.float32]:
    """(n, 1000): the logits of the network's own classes."""
    assert model.classes is not None
    with np.load(model.classes) as weights:
        return np.asarray(np.asarray(vectors, np.float32) @ weights["weight"].T + weights["bias"], np.float32)


@lru_cache(maxsize=2)
def _stored(name: str) -> NDArray[np.float32]:
    """What the pictures of anything have in the middle: `lite0-background.npy`, `lite0-judgement.npy`."""
    return np.asarray(np.load(Path(__file__).parent / name), np.float32)


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same, each of length 1."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6), np.float32)


# --------------------------------------------------------------------------- networks

OF_PICTURES: Final = ("image_embeds", "pooler_output", "embedding")
OF_WORDS: Final = ("text_embeds", "pooler_output")
"""What the outputs are called that hold the vectors, the best name first."""
NO_WORDS: Final[Mapping[str, NDArray[Any]]] = {"tokens": np.zeros((1, 8), int), "mask": np.ones((1, 8), int)}
"""For graphs that hold both towers and want both inputs."""
_CODES: Final = re.compile(r"^\[ONNXRuntimeError\] : \d+ : \w+ : (Load model from .* failed: *)?")
_KINDS: Final = {"tensor(float16)": np.float16, "tensor(int64)": np.int64, "tensor(int32)": np.int32}


def answered(graph: str, wanted: Sequence[str], given: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
    """(n, numbers): what a network says of "pixels" (n, 3, side, side), or of "tokens" and their "mask" (n, length).

    Its inputs are told apart by their types and names. `wanted`: the output's name, the best first; else it is the
    first with two axes. InputError when there is none.
    """
    network = session(graph)
    feeds = {one.name: _fed(one, given) for one in network.get_inputs()}
    flat = [one.name for one in network.get_outputs() if len(one.shape) == 2]
    name = next((name for name in (*wanted, *flat) if name in flat), None)
    if name is None:
        raise InputError(f"{graph}: its outputs are no vectors")
    fixed = [one.name for one in network.get_inputs() if one.shape[:1] == [1]]
    count = max(map(len, feeds.values())) if fixed else 1
    try:
        if count == 1:
            return np.asarray(network.run([name], feeds)[0], np.float32)
        each = ({key: values[place : place + 1] if len(values) > 1 else values for key, values in feeds.items()}
                for place in range(count))  # fmt: skip
        return np.concatenate([np.asarray(network.run([name], one)[0], np.float32) for one in each])
    except Exception as error:  # noqa: BLE001 - onnxruntime's own have no base of theirs.
        raise InputError(f"{graph}: does not take these pictures or words: {one_line(error)}") from None


def _fed(one: Any, given: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    """What an input of a network gets: told by its type and its name, as many tokens as it wants."""
    values = given["pixels" if "float" in one.type else "mask" if "mask" in one.name else "tokens"]
    if values.ndim == 2 and isinstance(one.shape[-1], int):
        values = np.resize(values, (len(values), one.shape[-1]))
    return np.asarray(values, _KINDS.get(one.type, np.float32))


@lru_cache(maxsize=1)
def session(graph: str) -> Any:
    """A network in this process, on one core. InputError for a file that is none."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # noqa: BLE001 - onnxruntime's own have no base of theirs.
        raise InputError(f"{graph}: onnxruntime cannot open it ({one_line(error)}); get the model again") from None


def one_line(error: Exception) -> str:
    """The first line of a message of onnxruntime's or tokenizers', which may be long, without codes and path."""
    return _CODES.sub("", str(error).strip().partition("\n")[0])[:200].rstrip(".")
