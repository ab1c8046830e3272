"""Models as the hub lays them out: towers are found, pictures and words go in as they should, and meet."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image

from collector.errors import InputError, UsageError
from collector.images import embed, hub_layout, known_models
from collector.images.embed import embed_files, unit
from collector.images.form import Shape
from collector.images.hub_layout import TextTower, read, shape_of
from collector.images.pixels import square
from collector.images.processes import FileTrouble
from tests.support.tiny_models import SIDE, tiny_model

pytestmark = pytest.mark.usefixtures("pictures_in_process")
HALF = (127.5, 127.5, 127.5)


def painted(path: Path, colour: tuple[int, int, int]) -> Path:
    Image.new("RGB", (90, 60), colour).save(path)
    return path


@pytest.mark.parametrize("layout", ["towers", "both"])
@pytest.mark.parametrize("precision", ["", "_quantized", "_q4f16"])
@pytest.mark.parametrize("family", ["siglip", "clip"])
def test_pictures_and_words_meet(tmp_path: Path, family: str, precision: str, layout: str) -> None:
    found = read(tiny_model(tmp_path / "model", family, precision, layout), "tiny")  # type: ignore[arg-type]
    model = found.embedder()
    assert (model.name, model.numbers, model.classes) == ("tiny", 3, None)
    files = [("red", painted(tmp_path / "r.png", (250, 5, 5))), ("blue", painted(tmp_path / "b.png", (5, 5, 250)))]
    pictures = unit(np.stack([vector for _, vector in embed_files(files, model, 1)]).astype(np.float32))  # type: ignore[misc]
    assert found.words is not None
    words = TextTower(found.words).vectors(["Red", "a BLUE thing"])
    assert np.allclose(pictures @ words.T, [[1, -1 / 3], [-1 / 3, 1]], atol=0.05)


def test_a_network_that_takes_one_picture_at_a_time(tmp_path: Path) -> None:
    folder = tiny_model(tmp_path / "model", layout="pictures")
    path = str(folder / "onnx" / "vision_model.onnx")
    graph = onnx.load(path)
    for one in (*graph.graph.input, *graph.graph.output):
        one.type.tensor_type.shape.dim[0].dim_value = 1
    onnx.save(graph, path)
    colours = {"red": (250, 5, 5), "green": (5, 250, 5), "blue": (5, 5, 250)}
    files = [(name, painted(tmp_path / f"{name}.png", colour)) for name, colour in colours.items()]
    found = np.stack([vector for _, vector in embed_files(files, read(folder, "m").embedder(), 1)])  # type: ignore[misc]
    assert np.sign(found).tolist() == [[1, -1, -1], [-1, 1, -1], [-1, -1, 1]]


def test_the_truest_weights_are_taken(tmp_path: Path) -> None:
    folder = tiny_model(tmp_path / "model", precision="_q4")
    assert read(folder, "m").pictures.name == "vision_model_q4.onnx"
    (folder / "onnx" / "vision_model_fp16.onnx").write_bytes(b"")
    assert read(folder, "m").pictures.name == "vision_model_fp16.onnx"


def test_the_hash_is_of_weights_and_preparation(tmp_path: Path) -> None:
    folder = tiny_model(tmp_path / "model")
    before = read(folder, "m").embedder().hash
    (folder / "onnx" / "vision_model.onnx_data").write_bytes(b"more")
    beside = read(folder, "m").embedder().hash
    (folder / "preprocessor_config.json").write_text(json.dumps({"size": SIDE}))
    assert len({before, beside, read(folder, "m").embedder().hash}) == 3


def test_what_siglip_reads(tmp_path: Path) -> None:
    """Small letters, the end marked, filled up to 64: its training, whatever the tokenizer's file says."""
    words = read(tiny_model(tmp_path / "model"), "m").words
    assert words is not None
    tower = TextTower(words)
    ids = tower._tokens("RED thing")
    assert (len(ids), ids[2:4], ids[0] == tower._tokenizer.token_to_id("red")) == (64, [1, 0], True)
    long = tower._tokens("red " * 100)
    assert (len(long), long[-1]) == (64, 1)
    assert (words.sigmoid, words.scale, words.bias) == (True, 112.668907, -16.771725)


def test_what_clip_reads(tmp_path: Path) -> None:
    words = read(tiny_model(tmp_path / "model", "clip"), "m").words
    assert words is not None
    ids = TextTower(words)._tokens("RED thing")
    assert (len(ids), ids[0], ids[-1]) == (4, 2, 1)
    long = TextTower(words)._tokens("red " * 100)
    assert (len(long), long[-1]) == (77, 1)
    assert (words.sigmoid, words.scale, words.bias) == (False, 100.0, 0.0)


def test_the_scale_of_the_configuration_goes_first(tmp_path: Path) -> None:
    folder = tiny_model(tmp_path / "model")
    (folder / "config.json").write_text('{"model_type": "siglip", "logit_scale": 4.5, "logit_bias": -12}')
    words = read(folder, "m").words
    assert words is not None
    assert (round(words.scale, 3), words.bias) == (90.017, -12.0)


@pytest.mark.parametrize("given", ["1e308", "NaN", "-Infinity", '"big"', "[1]", "10001"])
@pytest.mark.parametrize("name", ["logit_scale", "logit_bias"])
def test_a_scale_that_cannot_be_is_told(tmp_path: Path, name: str, given: str) -> None:
    folder = tiny_model(tmp_path / "model")
    (folder / "config.json").write_text(f'{{"model_type": "siglip", "{name}": {given}}}')
    with pytest.raises(InputError, match=rf"config\.json: {name}: not a number from -10,000 to 10,000"):
        read(folder, "m")


def test_vectors_that_are_no_numbers_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = read(tiny_model(tmp_path / "model"), "m")
    model = found.embedder()
    assert found.words is not None
    for number in (float("nan"), float("inf"), 1e30):  # The last is beyond what is kept of pictures.
        answer = np.full((1, 3), number, np.float32)
        for module in (hub_layout, embed):
            monkeypatch.setattr(module, "answered", lambda *_, answer=answer: answer)
        [(_, alone)] = embed_files([("a", painted(tmp_path / "a.png", (1, 2, 3)))], model, 1)
        assert alone == FileTrouble("image.unsupported", "the model has no numbers for it")
        if number != 1e30:
            with pytest.raises(InputError, match="its vectors are no numbers"):
                found.embedder()
            with pytest.raises(InputError, match="its vectors are no numbers"):
                TextTower(found.words).vectors(["red"])


@pytest.mark.parametrize(
    ("config", "shape"),
    [
        ({"size": {"height": 256, "width": 256}, "resample": 2, "image_mean": [0.5] * 3, "image_std": [0.5] * 3},
         Shape(256, HALF, HALF, 2)),
        ({"size": {"shortest_edge": 256}, "crop_size": {"height": 224, "width": 224}, "do_center_crop": True,
          "image_mean": [0.5] * 3, "image_std": [0.5] * 3}, Shape(224, HALF, HALF, 3, 256)),
        ({"size": 224, "crop_size": 224, "image_mean": [0.5] * 3, "image_std": [0.5] * 3},
         Shape(224, HALF, HALF, 3, 224)),
        ({"size": {"shortest_edge": 256}, "do_normalize": False, "do_center_crop": False},
         Shape(256, (0.0,) * 3, (255.0,) * 3, 3, 256)),
    ],
)  # fmt: skip
def test_how_pictures_are_prepared(config: dict[str, object], shape: Shape) -> None:
    assert shape_of(config, "here") == shape


@pytest.mark.parametrize(
    "config",
    [
        {"max_num_patches": 256},
        {"size": {"height": 20, "width": 30}},
        {"size": "x"},
        {"image_mean": [1]},
        {"image_std": [0, 0, 0]},
        {"size": 0},
        {"size": 10**9},
    ],
)
def test_preparations_that_cannot_be_are_told(config: dict[str, object]) -> None:
    with pytest.raises(InputError, match="here: "):
        shape_of(config, "here")


def test_a_squeezed_picture_shows_its_edges_and_a_cut_one_does_not(tmp_path: Path) -> None:
    image = Image.new("RGB", (300, 100), (0, 0, 0))
    image.paste((255, 255, 255), (100, 0, 200, 100))
    image.save(tmp_path / "wide.png")
    squeezed, cut = (square(tmp_path / "wide.png", Shape(30, HALF, HALF, 2, short)) for short in (0, 30))
    assert squeezed[15, 2].tolist() == [0, 0, 0] and squeezed[15, 15].tolist() == [255, 255, 255]
    assert cut.min() > 200


@pytest.mark.parametrize("name", ["config.json", "preprocessor_config.json", "tokenizer_config.json"])
def test_files_that_are_no_json_are_told(tmp_path: Path, name: str) -> None:
    folder = tiny_model(tmp_path / "model")
    (folder / name).write_text("[" * 100_000)
    with pytest.raises(InputError, match=name):
        read(folder, "m")
    (folder / name).write_text("[]")
    with pytest.raises(InputError, match="no object of JSON"):
        read(folder, "m")


def test_broken_networks_and_tokenizers_are_told(tmp_path: Path) -> None:
    folder = tiny_model(tmp_path / "model")
    (folder / "tokenizer.json").write_text("{}")
    words = read(folder, "m").words
    assert words is not None
    with pytest.raises(InputError, match=r"tokenizer\.json: no tokenizer"):
        TextTower(words)
    (folder / "onnx" / "vision_model.onnx").write_bytes(b"no network")
    with pytest.raises(InputError, match=r"onnx: onnxruntime cannot open it \(.*\); get the model again"):
        read(folder, "m").embedder()
    (folder / "preprocessor_config.json").write_text(json.dumps({"size": 50}))
    tiny_model(tmp_path / "other")
    (tmp_path / "other" / "preprocessor_config.json").write_text(json.dumps({"size": 50}))
    with pytest.raises(InputError, match="does not take these pictures"):
        read(tmp_path / "other", "m").embedder()
    with pytest.raises(InputError, match="no model"):
        read(tmp_path, "m")
    (tmp_path / "other" / "preprocessor_config.json").unlink()
    with pytest.raises(InputError, match="how are pictures prepared"):
        read(tmp_path / "other", "m")


def test_a_model_of_pictures_alone_knows_no_words(tmp_path: Path) -> None:
    found = read(tiny_model(tmp_path / "model", layout="pictures"), "m")
    assert found.words is None
    assert found.embedder().numbers == 3


def test_where_a_model_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLLECTOR_CACHE", str(tmp_path / "cache"))
    known = known_models.KNOWN[known_models.DEFAULT]
    places = ("here/own", f"by-repo/{known.repo}", f"hub/models--{known.repo.replace('/', '--')}/snapshots/0123")
    for place in places:
        tiny_model(tmp_path / place)
    chosen = known_models.chosen
    assert chosen(None, tmp_path / "here").name == "own", "the only one"
    assert chosen("own", tmp_path / "here").name == "own"
    assert chosen(None, tmp_path / "here" / "own").name == "own", "the folder itself"
    assert chosen("any", tmp_path / "here" / "own").name == "any"
    for root in ("by-repo", "hub"):
        assert chosen(None, tmp_path / root).name == known_models.DEFAULT
        assert chosen(known.repo, tmp_path / root).folder.is_relative_to(tmp_path / root)
    with pytest.raises(InputError, match="no model else there"):
        chosen("else", tmp_path / "here")
    with pytest.raises(InputError, match="nowhere: no such folder"):
        chosen(None, tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="empty: no model there"):
        chosen(None, tmp_path / "empty")
    tiny_model(tmp_path / "here" / "second")
    with pytest.raises(InputError, match="which model\\? name one with --model: own, second"):
        chosen(None, tmp_path / "here")
    with pytest.raises(InputError, match="`collector models get siglip2-b32` downloads it"):
        chosen(None, None)
    with pytest.raises(InputError, match="sscd: nobody is known to publish it"):
        chosen("sscd", None)
    with pytest.raises(InputError, match="did you mean siglip2-b32"):
        chosen("siglip2-b23", None)
    tiny_model(tmp_path / "cache" / "models" / "siglip2-b32")
    assert chosen(None, None).folder == tmp_path / "cache" / "models" / "siglip2-b32"
    assert known_models.asked(None, None) is None
    with pytest.raises(InputError, match="stranger/siglip2-b32 is not on this machine"):
        chosen("stranger/siglip2-b32", None)


@pytest.mark.parametrize("package", ["onnxruntime", "tokenizers"])
def test_without_the_extra_one_line_says_what_to_install(
    tmp_path: Path, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tiny_model(tmp_path / "model")
    real = hub_layout.find_spec
    monkeypatch.setattr(hub_layout, "find_spec", lambda name: None if name == package else real(name))
    with pytest.raises(UsageError, match=rf"{package}.*pip install .*\[look\]"):
        TextTower(read(folder, "m").words)  # type: ignore[arg-type]
