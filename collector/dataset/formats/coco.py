"""COCO: `<split>/data/` and `<split>/labels.json`, each picture with one annotation of its class over the whole of it.

Rules: cocodataset.org/#format-data (licences and dates have their place there); read by pycocotools and FiftyOne.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from collector.dataset.formats.json_stream import elements, encode
from collector.dataset.formats.rows import READABLE as READABLE
from collector.dataset.formats.rows import row
from collector.dataset.samples import EncodedSample, ExportPlan
from collector.dataset.spool import Elements

LABELS: Final = "labels.json"


def write(folder: Path, plan: ExportPlan, pictures: Iterable[EncodedSample]) -> None:
    """See Exporter."""
    categories = [{"id": number, "name": label} for number, label in enumerate(plan.classes, start=1)]
    for split, group in groupby(pictures, key=lambda written: written.sample.split):
        place = folder / split
        (place / "data").mkdir(parents=True)
        licences: dict[str, int] = {}
        with Elements(place) as images, Elements(place) as annotations:
            for number, written in enumerate(group, start=1):
                facts = row(written, plan, f"{written.sample.key}.{written.extension}")
                (place / "data" / facts["file_name"]).write_bytes(written.body)
                licence = licences.setdefault(facts["licence_url"], len(licences) + 1)
                images.add(encode(_image(number, facts, licence)))
                for label in written.sample.labels:
                    annotation = _annotation(annotations.count + 1, number, plan.number(label) + 1, facts)
                    annotations.add(encode(annotation))
            head = {
                "info": {"description": plan.name, "version": "1.0"},
                "licenses": [{"id": id, "name": url, "url": url} for url, id in licences.items()],
                "categories": categories,
            }
            with (place / LABELS).open("wb") as file:
                file.write(f'{encode(head)[:-1]}, "images": ['.encode())
                images.copy_to(file)
                file.write(b'], "annotations": [')
                annotations.copy_to(file)
                file.write(b"]}")


def _image(number: int, facts: dict[str, Any], licence: int) -> dict[str, Any]:
    return {
        "id": number,
        "file_name": facts["file_name"],
        "width": facts["width"],
        "height": facts["height"],
        "license": licence,
        "date_captured": facts["published"],
        "coco_url": facts["url"],
    }


def _annotation(number: int, image: int, category: int, facts: dict[str, Any]) -> dict[str, Any]:
    width, height = facts["width"], facts["height"]
    return {
        "id": number,
        "image_id": image,
        "category_id": category,
        "bbox": [0, 0, width, height],
        "area": width * height,
        "iscrowd": 0,
        "segmentation": [[0, 0, width, 0, width, height, 0, height]],
    }


def check(folder: Path, plan: ExportPlan) -> Counter[tuple[str, str]]:
    """See Exporter. As pycocotools indexes it; a picture counts under the first of its classes."""
    counts: Counter[tuple[str, str]] = Counter()
    for split in plan.splits:
        path = folder / split / LABELS
        if not path.is_file():
            continue
        names: dict[int, str] = {}
        known = bytearray(1)
        """For each image, by its number, whether an annotation was seen."""
        for kind, element in elements(path):
            if kind == "categories":
                names[element["id"]] = element["name"]
            elif kind == "images":
                if not (path.parent / "data" / element["file_name"]).is_file():
                    raise ValueError(f"{element['file_name']} is listed and not on disk")
                if element["id"] != len(known):
                    raise ValueError(f"{element['file_name']} is out of order")
                known.append(0)
            elif kind == "annotations" and not known[element["image_id"]]:
                known[element["image_id"]] = 1
                counts[split, names[element["category_id"]]] += 1
        if known.count(0) > 1:
            raise ValueError(f"{known.count(0) - 1:,} images have no annotation")
    return counts


def loading(folder: Path, plan: ExportPlan) -> str:
    """See Exporter."""
    place = folder / plan.splits[0] / LABELS
    return f"from pycocotools.coco import COCO\ncoco = COCO({str(place)!r})"
