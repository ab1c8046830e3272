"""Whatever a file holds, an importer reads it, or says in one error of ours what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.errors import CollectorError
from collector.importers import manifests, url_list
from collector.importers.blocklist import Terms
from collector.importers.queries import Planner, read_queries
from collector.settings import Settings
from collector.sources.storable import storable
from tests.sources.test_any_answer import trees

TABLE = ("keyword", "url", "label", "limit", "source", ",", ";", "\t", '"', "\n", "\r", "\r\n", "cat", "all",
         "9" * 5000, "https://a.test/1.jpg", "\ufeff", "\x00", "=cmd", "#", "{", "}", "[", "]", ":", "'",
         "\ud83d", "é", " ",
         '{"keyword": "cat", "url": "https://a.test/1.jpg"}')  # fmt: skip
BODIES = st.one_of(
    st.binary(),
    st.lists(st.sampled_from(TABLE) | st.text(max_size=4)).map(
        lambda parts: "".join(parts).encode("utf-8", "surrogatepass")
    ),
    st.lists(st.sampled_from(TABLE)).map(lambda parts: "".join(parts).encode("utf-16", "surrogatepass")),
    trees("page/data.py").map(lambda tree: repr(tree).encode("utf-8", "surrogatepass")),
    st.binary().map(b"PK\x03\x04".__add__),
    st.binary().map(b"PAR1".__add__),
)


def queries(path: Path) -> Iterable[object]:
    return read_queries(path, Planner(Settings(limit=10))).queries


def words(path: Path) -> Iterable[object]:
    return [Terms.read(path).within("cat")]


def hits(path: Path) -> Iterable[object]:
    return (storable(entry.hit) for entry in manifests.entries(path))


@pytest.mark.parametrize(
    "read", [queries, words, hits, url_list.read_records], ids=["csv", "terms", "manifest", "urls"]
)
@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.jsonl", "a.txt", "a.xlsx", "a.parquet"])
@given(BODIES)
def test_any_bytes(
    tmp_path_factory: pytest.TempPathFactory, name: str, read: Callable[[Path], Iterable[object]], body: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(body)
    try:
        list(islice(read(path), 1000))
    except CollectorError as error:
        assert str(error)
