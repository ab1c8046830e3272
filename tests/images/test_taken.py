"""When and where a picture was taken: told only when asked for, and only as far as its EXIF is sound."""

from __future__ import annotations

import csv
import json
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from collector.images.decode import inspect
from collector.model import Picture
from collector.settings import FetchSettings
from tests.support.collection import Collection, drawn, encoded
from tests.support.exporting import exported, planned

ASKED = FetchSettings(exif=True, tiff=True)
PICTURE = drawn(1, (64, 48))
HERE = {1: "S", 2: (33.0, 51.0, 24.5), 3: "E", 4: (151.0, 12.0, 55.0)}
THERE = (-33.856806, 151.215278)


def exif(times: dict[int, Any], gps: dict[int, Any]) -> Image.Exif:
    made = Image.Exif()
    made._ifds[0x8769], made._ifds[0x8825] = times, gps
    made[0x8769], made[0x8825] = times, gps
    return made


def told(times: dict[int, Any], gps: dict[int, Any], format: str = "JPEG", **settings: Any) -> Picture:
    body = encoded(PICTURE, format, exif=exif(times, gps).tobytes())
    return inspect(body, replace(ASKED, **settings))


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF"])
def test_what_a_camera_writes(format: str) -> None:
    if format == "HEIF":
        pytest.importorskip("pillow_heif")
    found = told({0x9003: "2024:02:29 12:34:56", 0x9011: "+10:00"}, HERE, format)
    assert (found.taken, found.place) == ("2024-02-29T12:34:56+10:00", THERE)


def test_nothing_is_told_unless_asked_for() -> None:
    found = told({0x9003: "2024:02:29 12:34:56"}, HERE, exif=False)
    assert (found.taken, found.place) == (None, ())


@pytest.mark.parametrize(
    ("times", "taken"),
    [
        ({0x9003: "2024:01:02 03:04:05"}, "2024-01-02T03:04:05"),
        ({0x9003: "2024:01:02 03:04:05", 0x9011: "nonsense"}, "2024-01-02T03:04:05"),
        ({0x9004: "1999:12:31 23:59:59"}, "1999-12-31T23:59:59"),
        ({0x9003: "0000:00:00 00:00:00", 0x9004: "1999:12:31 23:59:59"}, "1999-12-31T23:59:59"),
        ({0x9003: "2023:02:29 12:00:00"}, None),
        ({0x9003: "    :  :     :  :  "}, None),
        ({0x9003: b"\xff\xfe"}, None),
        ({}, None),
    ],
)
def test_times(times: dict[int, Any], taken: str | None) -> None:
    assert told(times, {}).taken == taken


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({}, THERE),
        ({1: "n", 3: "w"}, (33.856806, -151.215278)),
        ({2: (0.0, 0.0, 0.0)}, (0.0, 151.215278)),
        ({2: (0.0, 0.0, 0.0), 4: (0.0, 0.0, 0.0)}, ()),
        ({2: (91.0, 0.0, 0.0)}, ()),
        ({4: (180.0, 0.0, 1.0)}, ()),
        ({1: "X"}, ()),
        ({1: ""}, ()),
        ({2: (33.0, 51.0)}, ()),
        ({3: None}, ()),
    ],
)
def test_places(changes: dict[int, Any], place: tuple[float, ...]) -> None:
    gps = {tag: value for tag, value in {**HERE, **changes}.items() if value is not None}
    assert told({}, gps).place == pytest.approx(place)


def test_a_place_without_a_number_is_none() -> None:
    """A rational with nothing below the line."""
    seconds = struct.pack(">II", 49, 2)
    body = encoded(PICTURE, exif=exif({}, HERE).tobytes())
    assert seconds in body
    assert inspect(body.replace(seconds, struct.pack(">II", 49, 0)), ASKED).place == ()


def test_they_go_from_the_ledger_into_every_table(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow.parquet")
    body = encoded(PICTURE, exif=exif({0x9003: "2024:02:29 12:34:56"}, HERE).tobytes())
    with Collection(tmp_path / "images") as collection:
        row = collection.add("cat", body, settings=ASKED)
        assert (row.taken, row.place) == ("2024-02-29T12:34:56", THERE)
        collection.add("cat", drawn(2))
        for format in ("jsonl", "csv", "parquet", "hf", "webdataset", "croissant", "coco"):
            exported(collection, format, tmp_path / format, planned(collection, ("",)))
        wanted = {"2024-02-29T12:34:56": THERE, "": (None, None)}
        rows = [json.loads(line) for line in (tmp_path / "jsonl" / "metadata.jsonl").read_text().splitlines()]
        assert {one["taken"] or "": (one["latitude"], one["longitude"]) for one in rows} == wanted
        with (tmp_path / "csv" / "data.csv").open(newline="") as file:
            assert {one["taken"]: (one["latitude"], one["longitude"]) for one in csv.DictReader(file)} == {
                "2024-02-29T12:34:56": ("-33.856806", "151.215278"), "": ("", ""),
            }  # fmt: skip
        for path in (tmp_path / "parquet" / "data.parquet", next((tmp_path / "hf" / "data").iterdir())):
            table = pa.read_table(path).to_pylist()
            assert {one["taken"] or "": (one["latitude"], one["longitude"]) for one in table} == wanted
        collection.ledger.maintenance.forget_picture(row.sha256)
        [left] = [one for one in collection.ledger.dataset.rows() if one.id == row.id]
        assert (left.taken, left.place) == (None, ())


def test_a_set_that_knows_none_has_no_such_columns(tmp_path: Path) -> None:
    with Collection(tmp_path / "images") as collection:
        collection.add("cat", encoded(PICTURE, exif=exif({0x9003: "2024:02:29 12:34:56"}, HERE).tobytes()))
        exported(collection, "jsonl", tmp_path / "out", planned(collection, ("",)))
    assert '"taken"' not in (tmp_path / "out" / "metadata.jsonl").read_text()
