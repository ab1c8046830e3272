"""JSON that is written and read by elements is that of the library, wherever a part of the file ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from collector.dataset.formats import json_stream
from collector.dataset.formats.json_stream import elements
from collector.dataset.formats.rows import Seen

DOCUMENT = {
    "info": {"a": 1, "b": [1, 2, {"c": "}],"}], "d": -12.5},
    "empty": [],
    "none": {},
    "images": [{"id": 12345, "name": 'a "quoted" \\ größe 🐱'}, 67890, "text, with: signs [", None, True, [1]],
}


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 1 << 20])
@pytest.mark.parametrize("indent", [None, 1])
def test_an_object_is_read_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int, indent: int | None
) -> None:
    monkeypatch.setattr(json_stream, "_CHUNK", chunk)
    (tmp_path / "x.json").write_text(json.dumps(DOCUMENT, ensure_ascii=False, indent=indent), encoding="utf-8")
    wanted = [("info", pair) for pair in DOCUMENT["info"].items()]  # type: ignore[attr-defined]
    assert list(elements(tmp_path / "x.json")) == [*wanted, *(("images", one) for one in DOCUMENT["images"])]
    (tmp_path / "y.json").write_text(json.dumps(DOCUMENT["images"]), encoding="utf-8")
    assert list(elements(tmp_path / "y.json")) == [("", one) for one in DOCUMENT["images"]]


@pytest.mark.parametrize(
    "text",
    [
        "", "1", "[1, 2", "[1 2]", "[1,, 2]", "[1, 2,]", "[,]", "[1]]", "[1] 2", "[1}", "[1: 2]",
        '{"a": [1', '{"a": 1}', '{"a": [1, nonsense]}', '{"a" [1]}', '{"a", [1]}', '{"a": [1] "b": [2]}',
        '{"a": {"b", 1}}', '{"a": {"b": 1]}',
    ],
)  # fmt: skip
def test_what_is_no_such_document_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.json").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"must$|Expecting|behind its end"):
        list(elements(tmp_path / "x.json"))


def test_a_name_that_comes_twice_is_told() -> None:
    one, other = Seen(), Seen()
    for name in ("a", "b", "a", "c", "a"):
        one.add(name)
    for name in ("b", "c", "a", "a", "a"):
        other.add(name)
    assert one.repeated(lambda: ("b", "a", "a", "c", "a")) == "a"
    assert Seen().repeated(list) is None
    assert one.same(other) and not one.same(Seen())
