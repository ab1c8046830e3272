"""Rows of ATTRIBUTION.csv are those of the csv module, whatever a page wrote."""

from __future__ import annotations

import csv
import io
from typing import Any

import msgspec
import pytest

from collector.dataset.attribution import attribution, no_formula, row
from collector.dataset.samples import Sample
from collector.ledger.candidates import Item

_PLAIN: dict[str, Any] = {
    field.name: 0 if field.type is int else f"{field.name} of it" for field in msgspec.structs.fields(Item)
} | {"creators_json": '["A", "B"]', "rights_json": "", "place_json": ""}  # fmt: skip


@pytest.mark.parametrize(
    "title",
    [
        "plain",
        "a, b",
        ",",
        'said "x"',
        "two\nlines",
        "a\rb",
        "a\r\nb",
        "=1+1",
        "-1",
        "@x, y",
        "\tx",
        "a\0b",
        "",
        " é, ü ",
    ],
)
def test_a_row_is_what_csv_writes(title: str) -> None:
    sample = Sample(Item(**{**_PLAIN, "title": title, "notice": f"{title}{title}"}), ("cat",), "", "0" * 32)
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerow(map(no_formula, attribution(sample)))
    assert row(sample) == file.getvalue()
