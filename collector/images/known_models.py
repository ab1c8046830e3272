"""Models that `collector models get` knows by name, and where the one that was asked for lies on this machine."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Final

from collector.errors import InputError, alternatives
from collector.images import hub_layout
from collector.images.embed import Embedder, embedder
from collector.images.lite0 import cache


@dataclass(frozen=True, slots=True)
class Remote:
    """A file of a repository on the hub."""

    path: str
    """In the model's folder here."""
    remote: str = ""
    """In the repository, where that is another."""
    sha256: str | None = None
    """Where it could be known beforehand; None: the hub's word is taken, shown, and kept."""
    repo: str = ""
    revision: str = ""
    """Where the file is of another repository than the rest."""


@dataclass(frozen=True, slots=True)
class Known:
    """A model that has a name here."""

    name: str
    about: str
    repo: str
    revision: str
    """A commit."""
    licence: str
    files: tuple[Remote, ...]
    """None where nobody is known to publish it for onnxruntime: docs/relevance.md tells how it is made."""
    written: dict[str, str] = field(default_factory=dict)
    """Small files that its repository lacks: path -> text."""


DEFAULT: Final = "siglip2-b32"
_LAION: Final = ("laion/CLIP-ViT-B-32-256x256-DataComp-s34B-b86K", "4afec35ffe57a943d569ff7ee888061830164da8")
KNOWN: Final = {
    one.name: one
    for one in (
        Known(
            DEFAULT,
            "SigLIP 2 B/32 at 256 pixels: pictures, and words of many languages; 789 MB",
            "onnx-community/siglip2-base-patch32-256-ONNX",
            "7efccb86b5b6601bfe9e14326e1c11b40b68d44c",
            "Apache-2.0",
            (
                Remote("onnx/vision_model_fp16.onnx"),
                Remote("onnx/text_model_fp16.onnx"),
                Remote("tokenizer.json"),
                Remote("tokenizer_config.json"),
                Remote("preprocessor_config.json"),
                Remote("config.json"),
            ),
        ),
        Known(
            "clip-b32-datacomp",
            "OpenCLIP B/32 at 256 pixels, trained on DataComp: pictures, and English words; 608 MB",
            "yurijmikhalevich/rclip-models",
            "17b9d07433aad73f70d338d8a1c7a4cef83887e0",
            "MIT (LAION's weights; their card calls any deployed use out of scope)",
            (
                Remote(
                    "onnx/vision_model.onnx",
                    "ViT-B-32-256-datacomp_s34b_b86k/visual.onnx",
                    "3f7e6f94e5a34bc7ee8aba84aec0f963f56974ab405fbcd334c8e1c3f832bd2c",
                ),
                Remote(
                    "onnx/text_model.onnx",
                    "ViT-B-32-256-datacomp_s34b_b86k/textual.onnx",
                    "ee267cd64f0f77362670ae0140476ed51ee8c5a761d41636e09997f2fdddcacc",
                ),
                Remote(
                    "tokenizer.json",
                    sha256="72ed5c96db5729294468543e4bc75fce14ca63f58e37300290189ba1c1e52b85",
                    repo=_LAION[0],
                    revision=_LAION[1],
                ),
            ),
            {
                "preprocessor_config.json": '{"size": {"shortest_edge": 256}, "crop_size": 256,'
                ' "do_center_crop": true, "resample": 3, "image_mean": [0.48145466, 0.4578275, 0.40821073],'
                ' "image_std": [0.26862954, 0.26130258, 0.27577711]}',
                "config.json": '{"model_type": "clip"}',
            },
        ),
        Known(
            "sscd",
            "SSCD: pictures alone, for dedupe --edited; you make it yourself (docs/relevance.md#sscd)",
            "",
            "",
            "MIT",
            (),
        ),
    )
}


def downloads() -> Path:
    """Where downloaded models lie, a folder for each."""
    return cache() / "models"


def folder_name(name: str) -> str:
    """What a model's folder is called: `owner/name` of the hub as `owner--name`."""
    return re.sub(r"[^A-Za-z0-9._-]+", "--", name).strip(".-")


def asked(name: str | None, models: str | PathLike[str] | None) -> hub_layout.Layout | None:
    """See `chosen`; None when neither a model nor a folder of models is named."""
    return chosen(name or None, Path(models) if models else None) if name or models else None


def embedder_of(name: str | None, models: str | PathLike[str] | None) -> Embedder:
    """What makes embeddings where this model is asked for, as with `asked`: the usual network where none is."""
    layout = asked(name, models)
    return embedder() if layout is None else layout.embedder()


def chosen(name: str | None, models: Path | None) -> hub_layout.Layout:
    """The model that was asked for: downloaded, or below `models`, a folder of one model or of several.

    A name may be one of ours, that of a repository, or of a folder. InputError when it is not there.
    """
    return _downloaded(name or DEFAULT) if models is None else _below(models, name)


def _downloaded(name: str) -> hub_layout.Layout:
    folder = downloads() / folder_name(name)
    if hub_layout.is_model(folder):
        return hub_layout.read(folder, folder_name(name))
    if name in KNOWN and not KNOWN[name].files:
        raise InputError(unpublished(name))
    if name in KNOWN or "/" in name:
        raise InputError(f"{name} is not on this machine: `collector models get {name}` downloads it")
    raise InputError(f"no model {name!r}; {alternatives(name, KNOWN)}")


def _below(root: Path, name: str | None) -> hub_layout.Layout:
    """In a folder: itself, the one that is named, or the only one."""
    wanted = name or DEFAULT
    if not root.is_dir():
        raise InputError(f"{root}: no such folder" + (f", so no model {name}" if name else ""))
    if hub_layout.is_model(root):
        return hub_layout.read(root, folder_name(name or root.absolute().name))
    for folder in _places(root, wanted):
        if hub_layout.is_model(folder):
            return hub_layout.read(folder, folder_name(wanted))
    if name is not None:
        raise InputError(f"{root}: no model {name} there: neither {name}/onnx/vision_model.onnx nor onnx/")
    found = [one for one in sorted(root.iterdir()) if hub_layout.is_model(one)]
    if len(found) == 1:
        return hub_layout.read(found[0], folder_name(found[0].name))
    if not found:
        raise InputError(f"{root}: no model there: no onnx/vision_model.onnx and no onnx/model.onnx")
    names = ", ".join(one.name for one in found[:5])
    raise InputError(f"{root}: which model? name one with --model: {names}")


def unpublished(name: str) -> str:
    """What is said of a model that cannot be downloaded."""
    how = f"docs/relevance.md#{name} tells how to make it in {downloads() / name}"
    return f"{name}: nobody is known to publish it for onnxruntime; {how}"


def _places(root: Path, name: str) -> list[Path]:
    """Where a model may lie: by our name, by its repository's, or in the hub's own cache."""
    repo = (KNOWN[name].repo if name in KNOWN else "") or name
    cached = root / f"models--{repo.replace('/', '--')}" / "snapshots"
    snapshots = sorted(cached.iterdir()) if cached.is_dir() else []
    return [root / folder_name(name), root / repo, root / repo.rpartition("/")[2], *snapshots]
