"""Models of pictures and words in miniature, laid out as the hub has them: they know colours, and a real tokenizer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

COLOURS = {
    "red": (1, -1, -1), "rot": (1, -1, -1), "green": (-1, 1, -1), "blue": (-1, -1, 1), "logo": (1, 1, 1),
}  # fmt: skip
SIDE = 32
SHAPES = {
    "siglip": {"size": {"height": SIDE, "width": SIDE}, "resample": 2, "image_mean": [0.5] * 3, "image_std": [0.5] * 3},
    "clip": {
        "size": {"shortest_edge": SIDE}, "crop_size": {"height": SIDE, "width": SIDE}, "do_center_crop": True,
        "resample": 3, "image_mean": [0.5] * 3, "image_std": [0.5] * 3,
    },
}  # fmt: skip


def tiny_model(
    folder: Path, family: Literal["siglip", "clip"] = "siglip", precision: str = "", layout: str = "towers"
) -> Path:
    """The folder. `layout`: "towers" in files of their own, "both" in one, "pictures" alone, "sscd" as
    docs/relevance.md makes it."""
    (folder / "onnx").mkdir(parents=True)
    tokenizer = _tokenizer(family)
    names = {"towers": "vision_model", "both": "model", "pictures": "vision_model", "sscd": "model"}
    ends = ("image_embeds", "text_embeds") if family == "clip" or layout == "both" else ("pooler_output",) * 2
    seeing, reading = _vision("embedding" if layout == "sscd" else ends[0]), _text(tokenizer, family, ends[1])
    together = [*seeing, *reading] if layout == "both" else seeing
    _save(folder / "onnx" / f"{names[layout]}{precision}.onnx", together)
    (folder / "preprocessor_config.json").write_text(json.dumps(SHAPES[family]))
    (folder / "config.json").write_text(json.dumps({"model_type": family}))
    if layout not in ("pictures", "sscd"):
        tokenizer.save(str(folder / "tokenizer.json"))
        tokens = {"eos_token": "<eos>", "pad_token": {"content": "<pad>"}, "tokenizer_class": "GemmaTokenizer"}
        (folder / "tokenizer_config.json").write_text(json.dumps(tokens))
    if layout == "towers":
        _save(folder / "onnx" / f"text_model{precision}.onnx", reading)
    return folder


Part = tuple[object, ...]
"""(kind, inputs of the graph, nodes, weights, outputs)."""


def _vision(end: str) -> list[Part]:
    """The mean of each colour, and beside it what no vector is: a map of the picture."""
    nodes = [
        helper.make_node("ReduceMean", ["pixel_values"], [end], axes=[2, 3], keepdims=0),
        helper.make_node("Identity", ["pixel_values"], ["last_hidden_state"]),
    ]
    pixels = helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, ["n", 3, SIDE, SIDE])
    ends = [
        helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["n", 3, SIDE, SIDE]),
        helper.make_tensor_value_info(end, TensorProto.FLOAT, ["n", 3]),
    ]
    return [([pixels], nodes, [], ends)]


def _text(tokenizer: Tokenizer, family: str, end: str) -> list[Part]:
    """The sum of what its words mean. SigLIP's takes 64 tokens and no mask, CLIP's any number and a mask."""
    table = np.full((tokenizer.get_vocab_size(), 3), 0, np.float32)
    for word, colour in COLOURS.items():
        table[tokenizer.token_to_id(word)] = colour
    weights = [numpy_helper.from_array(table, "table"), numpy_helper.from_array(np.array([1]), "axis")]
    length: int | str = 64 if family == "siglip" else "length"
    inputs = [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["n", length])]
    nodes = [helper.make_node("Gather", ["table", "input_ids"], ["each"])]
    if family == "clip":
        inputs.append(helper.make_tensor_value_info("attention_mask", TensorProto.INT64, ["n", length]))
        weights.append(numpy_helper.from_array(np.array([2]), "last"))
        nodes += [
            helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
            helper.make_node("Unsqueeze", ["mask", "last"], ["masks"]),
            helper.make_node("Mul", ["each", "masks"], ["seen"]),
        ]
    nodes.append(helper.make_node("ReduceSum", ["seen" if family == "clip" else "each", "axis"], [end], keepdims=0))
    return [(inputs, nodes, weights, [helper.make_tensor_value_info(end, TensorProto.FLOAT, ["n", 3])])]


def _save(path: Path, parts: list[Part]) -> None:
    inputs, nodes, weights, ends = ([one for part in parts for one in part[place]] for place in range(4))  # type: ignore[attr-defined]
    graph = helper.make_graph(nodes, "tiny", inputs, ends, weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))


def _tokenizer(family: str) -> Tokenizer:
    """Trained here on a few words, with the marks of its family."""
    tokenizer = Tokenizer(models.WordLevel(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    if family == "clip":
        tokenizer.normalizer = normalizers.Lowercase()
    special = ["<pad>", "<eos>", "<bos>", "<unk>"]
    words = ["this is a photo of . screenshot page text drawing map chart thing square", *COLOURS]
    tokenizer.train_from_iterator(words, trainers.WordLevelTrainer(special_tokens=special))
    if family == "clip":
        marks = [("<bos>", 2), ("<eos>", 1)]
        tokenizer.post_processor = processors.TemplateProcessing(single="<bos> $A <eos>", special_tokens=marks)
    return tokenizer
