"""Manifests of other tools: their columns find their places, and files beside them are believed by checksum only."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from collector.errors import InputError
from collector.importers import manifests
from collector.importers.entry import Entry
from tests.support.misbehaving import picture


def read(path: Path, content: str, label: str | None = None) -> list[Entry]:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return list(manifests.entries(path, label))


def bbid(number: int, **values: Any) -> str:
    usual = {
        "index": number,
        "status": "ok",
        "url": f"https://a.example/{number}.jpg",
        "file": f"dataset/cats/Image_{number}.jpg",
        "md5": None,
        "error": None,
        "engine": "bing",
        "query": "black cat",
        "source_page": f"https://www.bing.com/images/async?first={number}",
        "downloaded_at": "2026-06-13T10:20:30Z",
        "caption": f"A cat,\n number {number}",
    }
    return json.dumps(usual | values) + "\n"


def test_the_manifest_of_better_bing_image_downloader(tmp_path: Path) -> None:
    bodies = [picture(seed=number) for number in (1, 2)]
    folder = tmp_path / "cats"
    folder.mkdir()
    for number, body in enumerate(bodies, start=1):
        (folder / f"Image_{number}.jpg").write_bytes(body)
    lines = [
        bbid(1, md5=hashlib.md5(bodies[0]).hexdigest()),
        bbid(2, md5="0" * 32),
        bbid(3, status="error", file=None, error="NetworkError"),
        bbid(4, file="../../etc/secret.jpg"),
    ]
    found = read(folder / "manifest.jsonl", "".join(lines))
    assert [entry.label for entry in found] == ["black cat"] * 4
    assert [entry.file for entry in found] == [folder / "Image_1.jpg", None, None, None]
    hit = found[0].hit
    assert (hit.url, hit.title) == ("https://a.example/1.jpg", "A cat, number 1")
    assert hit.page == "https://www.bing.com/images/async?first=1"
    assert dict(hit.fields)["engine"] == "bing" and "caption" not in dict(hit.fields)
    assert dict(found[2].hit.fields)["error"] == "NetworkError"


def test_its_older_manifest_of_names(tmp_path: Path) -> None:
    (tmp_path / "cats").mkdir()
    (tmp_path / "cats" / "Image_1.jpg").write_bytes(b"x")
    content = '{"Image_1.jpg": "https://a.example/1.jpg", "Image_2.jpg": "https://a.example/2.jpg"}'
    found = read(tmp_path / "cats" / "_manifest.json", content)
    assert [(entry.label, entry.hit.url) for entry in found] == [
        ("cats", "https://a.example/1.jpg"),
        ("cats", "https://a.example/2.jpg"),
    ]
    assert found[0].file == tmp_path / "cats" / "Image_1.jpg" and found[1].file is None


def test_links_beside_a_manifest_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "other.jpg").write_bytes(picture())
    (tmp_path / "cats").mkdir()
    (tmp_path / "cats" / "Image_1.jpg").symlink_to(tmp_path / "other.jpg")
    assert read(tmp_path / "cats" / "manifest.jsonl", bbid(1))[0].file is None


ROWS = [
    {
        "url": "https://a.example/1.jpg",
        "caption": "a cat",
        "key": "000010005",
        "status": "success",
        "error_message": None,
        "width": 256,
        "height": 256,
        "original_width": 640,
        "original_height": 480,
        "exif": "{}",
        "sha256": "ab" * 32,
    },
    {
        "url": "https://a.example/2.jpg",
        "caption": None,
        "key": "000010006",
        "status": "failed_to_download",
        "error_message": "HTTP Error 404: Not Found",
        "original_width": None,
    },
]


def check_img2dataset(found: list[Entry], label: str) -> None:
    assert [entry.label for entry in found] == [label, label]
    first, second = (entry.hit for entry in found)
    assert (first.title, first.width, first.height) == ("a cat", 640, 480)
    assert dict(first.fields)["key"] == "000010005" and dict(first.fields)["status"] == "success"
    assert (second.title, second.width) == ("", 0)
    assert dict(second.fields)["error_message"] == "HTTP Error 404: Not Found"
    assert all(value for hit in (first, second) for _, value in hit.fields)


def test_img2dataset_json_and_csv(tmp_path: Path) -> None:
    check_img2dataset(read(tmp_path / "00001.json", json.dumps(ROWS)), "00001")
    check_img2dataset(read(tmp_path / "00001.jsonl", "\n".join(map(json.dumps, ROWS)), "cat"), "cat")
    names = list(ROWS[0])
    lines = [",".join(names)] + [",".join(str(row.get(name) or "") for name in names) for row in ROWS]
    check_img2dataset(read(tmp_path / "00001.csv", "\n".join(lines)), "00001")
    one = read(tmp_path / "000010005.json", json.dumps(ROWS[0]), "cat")
    assert one[0].hit.title == "a cat"
    assert read(tmp_path / "00001_stats.json", '{"count": 2, "successes": 1}') == []


def test_img2dataset_parquet(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    import pandas as pd

    path = tmp_path / "00001.parquet"
    pd.DataFrame(ROWS).to_parquet(path)
    check_img2dataset(list(manifests.entries(path)), "00001")


def test_a_class_or_keyword_column_wins_over_the_given_label(tmp_path: Path) -> None:
    content = "url,label,note\nhttp://a/1,cat,x\nhttp://a/2,dog,\n"
    found = read(tmp_path / "m.csv", content, "thing")
    assert [(entry.label, entry.hit.fields) for entry in found] == [("cat", (("note", "x"),)), ("dog", ())]


def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        list(manifests.entries(tmp_path / "none.json"))
