"""Hugging Face: Parquet shards with the pictures inside, features in the schema, splits in the card's `configs`.

Rules: huggingface.co/docs/datasets (image_load, repository_structure); the schema's `huggingface` key makes `image` a
picture and `label` a ClassLabel. Folder names play no part, so a class called "test tube" is no test split.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from collector.dataset.card import split_name
from collector.dataset.formats import arrow
from collector.dataset.formats.folders import variable
from collector.dataset.formats.rows import READABLE as READABLE
from collector.dataset.formats.rows import Row, row, shards
from collector.dataset.samples import EncodedSample, ExportPlan

SHARD_BYTES: Final = 500_000_000
"""Picture bytes of one shard: Hugging Face's own default."""
_TEXTS: Final = (
    "id", "title", "keyword", "source", "url", "page", "published", "licence", "licence_url", "creator", "credit",
    "sha256",
)  # fmt: skip
_MULTI: Final = "labels"


def write(folder: Path, plan: ExportPlan, pictures: Iterable[EncodedSample]) -> None:
    """See Exporter. Shards are numbered once their number is known."""
    data = folder / "data"
    data.mkdir()
    schema = _schema(plan)
    for split, group in groupby(pictures, key=lambda written: written.sample.split):
        count = 0
        for shard in shards(group, SHARD_BYTES):
            rows = (_entry(one, plan).values() for one in shard)
            arrow.write(data / f"{split_name(split)}-{count:05}.part", schema, rows)
            count += 1
        for number in range(count):
            target = data / f"{split_name(split)}-{number:05}-of-{count:05}.parquet"
            (data / f"{split_name(split)}-{number:05}.part").replace(target)


def _entry(written: EncodedSample, plan: ExportPlan) -> Row:
    facts = row(written, plan, "")
    picture = {"bytes": written.body, "path": f"{written.sample.key}.{written.extension}"}
    labels = [plan.number(label) for label in written.sample.labels]
    told = {name: facts[name] for name in (*_TEXTS, *_exif(plan))}
    return {"image": picture, "label": facts["label_id"], _MULTI: labels, **told}


def _exif(plan: ExportPlan) -> dict[str, str]:
    """Column -> its type, of a set that knows when and where its pictures were taken."""
    return {"taken": "string", "latitude": "float64", "longitude": "float64"} if plan.exif else {}


def _schema(plan: ExportPlan) -> Any:
    pa = arrow.pyarrow()
    label = {"names": list(plan.classes), "_type": "ClassLabel"}
    features: dict[str, Any] = {
        "image": {"_type": "Image"},
        "label": label,
        _MULTI: {"feature": label, "_type": "List"},
    }
    features |= {name: {"dtype": "string", "_type": "Value"} for name in _TEXTS}
    features |= {name: {"dtype": kind, "_type": "Value"} for name, kind in _exif(plan).items()}
    kinds = [
        ("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
        ("label", pa.int64()),
        (_MULTI, pa.list_(pa.int64())),
        *((name, pa.string()) for name in _TEXTS),
        *((name, pa.string() if kind == "string" else pa.float64()) for name, kind in _exif(plan).items()),
    ]
    return pa.schema(kinds, metadata={"huggingface": json.dumps({"info": {"features": features}}, ensure_ascii=False)})


def check(folder: Path, plan: ExportPlan) -> Counter[tuple[str, str]]:
    """See Exporter. As `datasets` reads it: files by the card's globs, labels by the schema's names."""
    pa = arrow.pyarrow()
    counts: Counter[tuple[str, str]] = Counter()
    for split, pattern in patterns(plan):
        for path in sorted(folder.glob(pattern)):
            info = json.loads(pa.parquet.read_schema(path).metadata[b"huggingface"])
            names = info["info"]["features"]["label"]["names"]
            for label, image in arrow.read(path, ["label", "image"]):
                if not image["bytes"]:
                    raise ValueError(f"{path.name} has a row without a picture")
                counts[split, names[label]] += 1
    return counts


def patterns(plan: ExportPlan) -> list[tuple[str, str]]:
    """(split, glob) of the card's `configs`."""
    return [(split, f"data/{split_name(split)}-*.parquet") for split in plan.splits]


def loading(folder: Path, plan: ExportPlan) -> str:
    """See Exporter."""
    lines = ["from datasets import load_dataset", f"dataset = load_dataset({str(folder)!r})"]
    return "\n".join(
        [*lines, *(f"{variable(split)} = dataset[{split_name(split)!r}]" for split in plan.splits if split)]
    )
