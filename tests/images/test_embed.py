"""What a picture shows, by the real network: known things are recognised, and nothing but tensors is unpickled."""

from __future__ import annotations

import errno
import io
import os
import pickle
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import skimage
from PIL import Image

from collector.errors import DiskError, InputError, UsageError
from collector.images import embed, lite0
from collector.images.processes import FileTrouble
from tests.support.collection import drawn

pytestmark = pytest.mark.usefixtures("pictures_in_process")


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def model(place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[embed.Embedder]:
    monkeypatch.setenv("COLLECTOR_CACHE", str(place))
    yield embed.embedder()


def saved(path: Path, image: Image.Image) -> Path:
    image.save(path)
    return path


@pytest.mark.usefixtures("pictures_in_processes")
def test_one_vector_for_each_file_in_their_order_and_trouble_for_a_broken_one(
    model: embed.Embedder, tmp_path: Path
) -> None:
    files = [(str(number), saved(tmp_path / f"{number}.png", drawn(number))) for number in range(10)]
    (tmp_path / "4.png").write_bytes(b"no picture")
    found = dict(embed.embed_files(files, model, 1))
    assert list(found) == [name for name, _ in files]
    assert isinstance(found["4"], FileTrouble)
    assert found["4"].reason == "image.unidentified"
    alone = dict(embed.embed_files(files[7:8], model, 1))["7"]
    assert not isinstance(alone, FileTrouble)
    together = found["7"]
    assert not isinstance(together, FileTrouble)
    assert together.shape == (1280,)
    assert np.abs(together - alone).max() < 0.02, "the same, whatever it is computed with"


@pytest.mark.parametrize(("name", "keyword"), [("coffee.png", "espresso"), ("chelsea.png", "cat")])
def test_it_sees_what_a_photograph_shows(model: embed.Embedder, name: str, keyword: str) -> None:
    """The whole network: an error in one of its layers would leave no class ahead of the others."""
    [(_, vector)] = embed.embed_files([("", Path(skimage.__file__).parent / "data" / name)], model, 1)
    assert not isinstance(vector, FileTrouble)
    assert float(embed.class_share(vector[None], model, embed.named(keyword))[0]) > 0.8
    assert float(embed.class_share(vector[None], model, range(1000))[0]) == pytest.approx(1, abs=1e-4)


def test_a_copy_is_nearer_than_another_picture(model: embed.Embedder, tmp_path: Path) -> None:
    files = [
        ("one", saved(tmp_path / "1.png", drawn(1, (640, 480)))),
        ("copy", saved(tmp_path / "2.jpg", drawn(1, (640, 480)).resize((320, 240)))),
        ("other", saved(tmp_path / "3.png", Image.effect_noise((300, 300), 80).convert("RGB"))),
    ]
    vectors = [vector for _, vector in embed.embed_files(files, model, 1) if not isinstance(vector, FileTrouble)]
    one, copy, other = embed.directions(np.stack(vectors))
    assert np.linalg.norm(one) == pytest.approx(1, abs=1e-5)
    assert one @ copy > 0.8
    assert one @ other < 0.2


@pytest.mark.parametrize(
    ("keyword", "classes"),
    [
        ("pallas cat", 0), ("daisies", 0), ("red panda", 1), ("Tabby", 1), ("espresso", 1), ("daisy", 1), ("daisys", 1),
        ("fox", 4), ("cats", 15), (" Cat ", 15), ("vehicle", 66), ("bird", 59),
    ],
)  # fmt: skip
def test_keywords_that_name_a_class(keyword: str, classes: int) -> None:
    assert len(embed.named(keyword)) == classes
    assert "polecat" not in {name for number in embed.named(keyword) for name in embed.class_names()[number]}


def test_a_description_holds_the_judgement_on_classes_too(model: embed.Embedder) -> None:
    vectors = np.abs(np.random.default_rng(1).normal(0, 1, (3, 1280))).astype(np.float16)
    found = embed.described(vectors, model)
    assert found.shape == (3, 2280)
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(3), abs=1e-4)
    assert found[:, :1280] * 2**0.5 == pytest.approx(embed.directions(vectors), abs=1e-4)
    with np.load(model.classes) as weights:
        judged = vectors.astype(np.float32) @ weights["weight"].T + weights["bias"]
    beside = embed._stored("lite0-judgement.npy")
    expected = embed.unit(judged - judged.mean(axis=1, keepdims=True) - beside)
    assert found[:, 1280:] * 2**0.5 == pytest.approx(expected, abs=1e-4)


def test_directions_are_square_roots_from_the_middle_of_anything(model: embed.Embedder) -> None:
    vectors = np.random.default_rng(1).normal(0, 1, (3, 1280)).astype(np.float32)
    rooted = np.sqrt(np.where(vectors > 0, vectors, 0))
    middle = embed._stored("lite0-background.npy")
    assert embed.directions(vectors, model) == pytest.approx(embed.unit(embed.unit(rooted) - middle), abs=1e-5)


def test_large_logits_are_shares_all_the_same(model: embed.Embedder) -> None:
    vectors = np.abs(np.random.default_rng(1).normal(0, 300, (2, 1280))).astype(np.float16)
    assert embed.class_share(vectors, model, range(1000)) == pytest.approx(np.ones(2), abs=1e-4)


def test_other_networks_directions_are_their_vectors(model: embed.Embedder) -> None:
    vectors = np.random.default_rng(1).normal(0, 1, (3, 8)).astype(np.float16)
    found = embed.directions(vectors, replace(model, classes=None, numbers=8))
    assert found == pytest.approx(embed.unit(vectors.astype(np.float32)), abs=1e-6)


def test_the_model_is_built_once(model: embed.Embedder) -> None:
    before = model.graph.stat().st_mtime_ns
    assert embed.embedder() == model
    assert model.graph.stat().st_mtime_ns == before


@pytest.mark.parametrize("suffix", [".onnx", ".npz", ".sha256"])
@pytest.mark.parametrize("damage", [lambda body: b"", lambda body: body[:-1000], lambda body: b"\0" * len(body), None])
def test_a_damaged_model_is_built_anew(
    model: embed.Embedder, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str,
    damage: Callable[[bytes], bytes] | None,
) -> None:  # fmt: skip
    folder = Path(shutil.copytree(place, tmp_path / "cache"))
    monkeypatch.setenv("COLLECTOR_CACHE", str(folder))
    monkeypatch.setattr(lite0, "model", lambda _: model.graph.read_bytes())
    [path] = folder.glob(f"*{suffix}")
    whole = path.read_bytes()
    path.unlink() if damage is None else path.write_bytes(damage(whole))
    embed.embedder()
    assert path.read_bytes() == whole


@pytest.mark.parametrize("kind", ["a file", "no room"])
def test_a_cache_that_takes_nothing_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    def full(path: Path, body: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    place = tmp_path / "cache"
    if kind == "a file":
        place.touch()
    else:
        monkeypatch.setattr(lite0, "_write", full)
    monkeypatch.setenv("COLLECTOR_CACHE", str(place))
    with pytest.raises(DiskError, match=r"cache: the model cannot be kept there: .*COLLECTOR_CACHE"):
        embed.embedder()


def test_weights_that_are_not_the_known_ones_are_not_read(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLLECTOR_CACHE", str(tmp_path))
    monkeypatch.setattr(lite0, "SHA256", "0" * 64)
    with pytest.raises(InputError, match="not those that are known"):
        embed.embedder()
    assert list(tmp_path.iterdir()) == []


def test_without_the_extra_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lite0, "_NEEDED", ("collector", "a_package_that_nobody_has"))
    with pytest.raises(UsageError, match=r"-m pip install .*\[look\]"):
        embed.embedder()


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str, ...]]:
        return os.mkdir, ("/tmp/collector-was-here",)


def checkpoint(content: object) -> bytes:
    parts = (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}, content)
    return b"".join(pickle.dumps(part, protocol=2) for part in parts) + pickle.dumps([])


@pytest.mark.parametrize("body", [b"", b"\x80", checkpoint(Evil()), pickle.dumps(1), checkpoint({"a": 1})])
def test_what_is_no_checkpoint_is_refused_and_runs_nothing(body: bytes) -> None:
    with pytest.raises(InputError, match="no checkpoint"):
        lite0.read(body)
    assert not Path("/tmp/collector-was-here").exists()


def test_nothing_is_written_but_the_two_files_and_their_sums(model: embed.Embedder) -> None:
    with np.load(io.BytesIO(model.classes.read_bytes())) as weights:
        assert (weights["weight"].shape, weights["bias"].shape) == ((1000, 1280), (1000,))
    assert {path.suffix for path in model.graph.parent.iterdir()} == {".onnx", ".npz", ".sha256"}
