"""Croissant 1.1: croissant.json (JSON-LD) over the pictures and their table, with licences and provenance.

Rules: docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html; the table is that of the jsonl format.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from collector.dataset.attribution import UNKNOWN
from collector.dataset.formats import jsonl_table
from collector.dataset.formats.jsonl_table import TABLE
from collector.dataset.formats.rows import PICTURES
from collector.dataset.samples import EncodedSample, ExportPlan

READABLE: Final = jsonl_table.READABLE
DOCUMENT: Final = "croissant.json"
_TEXTS: Final = {
    "id": "sc:Text", "file_name": "sc:Text", "split": "sc:Text", "title": "sc:Text", "keyword": "sc:Text",
    "source": "sc:Text", "url": "sc:URL", "page": "sc:URL", "licence": "sc:Text", "licence_url": "sc:Text",
    "creator": "sc:Text", "credit": "sc:Text", "sha256": "sc:Text",
}  # fmt: skip
_TERMS: Final = (
    "citeAs", "column", "equivalentProperty", "extract", "field", "fileProperty", "fileObject", "fileSet", "format",
    "includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet", "references", "regex",
    "repeated", "replace", "samplingRate", "separator", "source", "subField", "transform",
)  # fmt: skip
_MIME: Final = {"jpg": "image/jpeg", "jpeg": "image/jpeg", "tif": "image/tiff"}
_CONTEXT: Final = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    **{name: f"cr:{name}" for name in _TERMS},
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "prov": "http://www.w3.org/ns/prov#",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "sc": "https://schema.org/",
}  # fmt: skip


def write(folder: Path, plan: ExportPlan, pictures: Iterable[EncodedSample]) -> None:
    """See Exporter."""
    kinds: set[str] = set()
    facts: dict[str, set[str]] = {"licences": set(), "creators": set(), "sites": set(), "dates": set()}

    def noted() -> Iterable[EncodedSample]:
        for written in pictures:
            item = written.sample.item
            kinds.add(written.extension)
            facts["licences"].add(item.licence_url or UNKNOWN)
            facts["creators"].update(item.creators)
            facts["sites"].add(item.source)
            facts["dates"].add(item.ended_at[:10])
            yield written

    jsonl_table.write_table(folder, plan, noted())
    document = _document(folder, plan, sorted(kinds), {name: sorted(values) for name, values in facts.items()})
    (folder / DOCUMENT).write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _document(folder: Path, plan: ExportPlan, kinds: list[str], facts: dict[str, list[str]]) -> dict[str, Any]:
    with (folder / TABLE).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    licences = [url for url in facts["licences"] if url != UNKNOWN] or [UNKNOWN]
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.1",
        "name": plan.name,
        "description": f"{len(plan.samples):,} pictures in {len(plan.classes):,} classes, collected from the web.",
        "license": licences if len(licences) > 1 else licences[0],
        "url": "https://example.org/" + plan.name,
        "creator": {"@type": "Organization", "name": "the collectors of this set"},
        "datePublished": max(facts["dates"], default="1970-01-01"),
        "version": "1.0.0",
        "citeAs": plan.name,
        "prov:wasDerivedFrom": facts["sites"],
        "prov:wasAttributedTo": facts["creators"][:1000],
        "rai:dataCollection": "Found by keyword at the sources named, fetched and verified by collector.",
        **({"rai:dataAnnotationAnalysis": f"{plan.purity} (Wilson, 95 %)."} if plan.purity else {}),
        "distribution": [
            {"@type": "cr:FileObject", "@id": TABLE, "name": TABLE, "contentUrl": TABLE,
             "encodingFormat": "application/jsonlines", "sha256": digest},
            {"@type": "cr:FileSet", "@id": "picture-files", "name": "picture-files",
             "encodingFormat": sorted({_MIME.get(kind, f"image/{kind}") for kind in kinds}),
             "includes": [f"{PICTURES}/*/*.{kind}" for kind in kinds]},
        ],
        "recordSet": [*_splits(plan), _records(plan), _pictures()],
    }  # fmt: skip


def _splits(plan: ExportPlan) -> list[dict[str, Any]]:
    """The splits as an enumeration, each with what it is for."""
    if plan.splits == ("",):
        return []
    meant = {"train": "cr:TrainingSplit", "val": "cr:ValidationSplit", "valid": "cr:ValidationSplit",
             "validation": "cr:ValidationSplit", "dev": "cr:ValidationSplit", "test": "cr:TestSplit"}  # fmt: skip
    rows = [{"splits/name": name, "splits/url": meant.get(name, "cr:Split")} for name in plan.splits]
    return [
        {
            "@type": "cr:RecordSet",
            "@id": "splits",
            "name": "splits",
            "dataType": "cr:Split",
            "key": {"@id": "splits/name"},
            "field": [
                {"@type": "cr:Field", "@id": "splits/name", "name": "name", "dataType": "sc:Text"},
                {"@type": "cr:Field", "@id": "splits/url", "name": "url", "dataType": "sc:Text"},
            ],
            "data": rows,
        }
    ]


def _records(plan: ExportPlan) -> dict[str, Any]:
    fields = [_field(name, kind) for name, kind in _TEXTS.items()]
    if plan.exif:
        fields += [_field("taken", "sc:DateTime"), _field("latitude", "sc:Float"), _field("longitude", "sc:Float")]
    fields.insert(2, {**_field("label", "sc:Text"), "dataType": ["sc:Text", "cr:Label"]})
    fields += [_field("width", "sc:Integer"), _field("height", "sc:Integer")]
    key = {"@id": "records/file_name"}
    return {"@type": "cr:RecordSet", "@id": "records", "name": "records", "key": key, "field": fields}


def _field(name: str, kind: str) -> dict[str, Any]:
    return {
        "@type": "cr:Field",
        "@id": f"records/{name}",
        "name": name,
        "dataType": kind,
        "source": {"fileObject": {"@id": TABLE}, "extract": {"column": name}},
    }


def _pictures() -> dict[str, Any]:
    fields = []
    for name, kind, what in (("filename", "sc:Text", "filename"), ("image", "sc:ImageObject", "content")):
        source = {"fileSet": {"@id": "picture-files"}, "extract": {"fileProperty": what}}
        fields.append(
            {"@type": "cr:Field", "@id": f"pictures/{name}", "name": name, "dataType": kind, "source": source}
        )
    return {"@type": "cr:RecordSet", "@id": "pictures", "name": "pictures", "field": fields}


def check(folder: Path, plan: ExportPlan) -> Counter[tuple[str, str]]:
    """See Exporter. The table is the one the document names, by its hash; every picture matches one of its globs."""
    document = json.loads((folder / DOCUMENT).read_text(encoding="utf-8"))
    table, files = document["distribution"]
    with (folder / table["contentUrl"]).open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != table["sha256"]:
            raise ValueError(f"{table['contentUrl']} is not the one that {DOCUMENT} names")
    matched = sum(1 for pattern in set(files["includes"]) for _ in folder.glob(pattern))
    if matched != sum(1 for path in (folder / PICTURES).rglob("*") if path.is_file()):
        raise ValueError(f"{DOCUMENT} does not name all pictures")
    return jsonl_table.check_table(folder)


def loading(folder: Path, plan: ExportPlan) -> str:
    """See Exporter."""
    lines = ["import mlcroissant as mlc", f"dataset = mlc.Dataset({str(folder / DOCUMENT)!r})"]
    return "\n".join([*lines, "records = dataset.records('records')"])
