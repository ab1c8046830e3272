"""The master map: what is written is read again, old maps are read without being executed."""

from __future__ import annotations

import importlib.util
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.errors import InputError
from collector.importers.url_list import read_records, write_urls

PAIRS = [
    ("cat", "https://a.example/1.jpg"),
    ("cat", "data:image/png;base64,iVBORw0KGgo="),
    ('say "hi"', "https://a.example/a,b;c.jpg?x='1'&y=2"),
    ("猫", "https://a.example/猫.png"),
]


def listed(path: Path, keyword: str | None = None) -> list[tuple[str, str]]:
    return [(record.keyword, record.url) for record in read_records(path, keyword)]


def read(path: Path, content: str | bytes, keyword: str | None = None) -> list[tuple[str, str]]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return listed(path, keyword)


def refusal(path: Path, content: str | bytes) -> str:
    with pytest.raises(InputError) as caught:
        read(path, content)
    (line,) = str(caught.value).splitlines()
    assert line.startswith(str(path))
    return line.removeprefix(str(path))


# --------------------------------------------------------------------------- writing


def test_what_is_written_is_readable_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "urls.json"
    write_urls(path, iter(PAIRS))
    text = path.read_text(encoding="utf-8")
    assert json.loads(text) == {
        "cat": ["https://a.example/1.jpg", "data:image/png;base64,iVBORw0KGgo="],
        'say "hi"': ["https://a.example/a,b;c.jpg?x='1'&y=2"],
        "猫": ["https://a.example/猫.png"],
    }
    assert '\n  "猫": [\n    "https://a.example/猫.png"\n  ]\n}\n' in text
    assert listed(path) == PAIRS
    assert list(tmp_path.iterdir()) == [path]


def test_an_empty_map_is_valid_json(tmp_path: Path) -> None:
    path = tmp_path / "urls.json"
    write_urls(path, [])
    assert json.loads(path.read_text()) == {}


def test_a_long_data_url_is_kept_whole_and_a_lone_surrogate_survives(tmp_path: Path) -> None:
    path = tmp_path / "urls.json"
    pairs = [("cat", "data:image/jpeg;base64," + "A" * 1_000_000), ("cat", "http://a.example/\ud800")]
    write_urls(path, pairs)
    assert listed(path) == pairs


def test_a_failure_leaves_the_old_map_and_no_part(tmp_path: Path) -> None:
    path = tmp_path / "urls.json"
    write_urls(path, PAIRS)
    before = path.read_bytes()

    def broken() -> Iterator[tuple[str, str]]:
        yield PAIRS[0]
        raise RuntimeError("the source of the pairs died")

    with pytest.raises(RuntimeError):
        write_urls(path, broken())
    with pytest.raises(ValueError, match="not in one piece"):
        write_urls(path, [PAIRS[0], PAIRS[3], PAIRS[1]])
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


# --------------------------------------------------------------------------- reading


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("map.json", '{"cat": ["http://a/1", "http://a/2"], "dog": ["http://a/3"]}'),
        ("map.json", '\ufeff{"cat": ["http://a/1"], "dog": "http://a/3", "cat ": ["http://a/2"]}'),
        ("map.json", '[{"keyword": "cat", "url": "http://a/1"}, {"query": "cat", "URL": "http://a/2"}, {"dog": "http://a/3"}]'),
        ("map.json", '{"cat": [{"url": "http://a/1", "rank": 1}, {"url": "http://a/2"}], "dog": [{"url": "http://a/3"}]}'),
        ("keyword_urls.txt", "{'cat': ['http://a/1', None, \"http://a/2\"], 'dog': ['http://a/3']}"),
        ("keyword_urls.txt", "{'cat': ['http://a/1',\n 'http://a/2'],\n\n 'dog': ('http://a/3',)}\n"),
        ("keyword_urls.txt", "{'cat': ['http://a/1', 'http://a/2']}\n\n{'dog': ['http://a/3']}\n"),
        ("keyword_urls.txt", "defaultdict(<class 'list'>, {'cat': ['http://a/1', 'http://a/2'], 'dog': ['http://a/3']})"),
        ("map.jsonl", '{"keyword": "cat", "url": "http://a/1"}\r\n{"keyword": "cat", "url": "http://a/2"}\r\n{"dog": ["http://a/3"]}\r\n'),
        ("map.csv", "keyword,url\ncat,http://a/1\ncat,http://a/2\n\ndog,http://a/3\n"),
        ("map.csv", "rank;URL;Keyword\n1;http://a/1;cat\n2;http://a/2;cat\n1;http://a/3;dog\n"),
        ("map.csv", "cat,http://a/1\ncat,http://a/2\ndog,http://a/3\n"),
        ("map.csv", "http://a/1,cat\nhttp://a/2,cat\nhttp://a/3,dog\n"),
        ("map.tsv", "url\tkeyword\nhttp://a/1\tcat\nhttp://a/2\tcat\nhttp://a/3\tdog\n"),
        ("map.txt", "http://a/1\tcat\nhttp://a/2\tcat\nhttp://a/3\tdog\n"),
    ],
)  # fmt: skip
def test_every_form_of_a_map(tmp_path: Path, name: str, content: str) -> None:
    assert sorted(read(tmp_path / name, content)) == [
        ("cat", "http://a/1"),
        ("cat", "http://a/2"),
        ("dog", "http://a/3"),
    ]


def test_a_plain_list_belongs_to_the_files_name_or_to_a_given_keyword(tmp_path: Path) -> None:
    path = tmp_path / "husky dog.txt"
    content = "# from my bookmarks\nhttps://a.example/1,2;3.jpg\n\n  data:image/png;base64,AA==\nHTTP://b\n"
    urls = ["https://a.example/1,2;3.jpg", "data:image/png;base64,AA==", "HTTP://b"]
    assert read(path, content) == [("husky dog", url) for url in urls]
    assert read(path, content, "cat") == [("cat", url) for url in urls]
    assert read(path, '["http://a/1"]') == [("husky dog", "http://a/1")]
    assert read(tmp_path / "cat.csv", "url\nhttp://a/1\n") == [("cat", "http://a/1")]


def test_keywords_are_cleaned_like_those_of_queries(tmp_path: Path) -> None:
    assert read(tmp_path / "m.json", '{" cafe\\u0301\\n": ["http://a/1"]}') == [("caf\u00e9", "http://a/1")]


def test_nothing_is_executed(tmp_path: Path) -> None:
    path = tmp_path / "keyword_urls.txt"
    target = tmp_path / "owned"
    line = refusal(path, f"{{'cat': [__import__('pathlib').Path({str(target)!r}).touch()]}}")
    assert "line 1" in line
    assert not target.exists()


@pytest.mark.parametrize(
    ("name", "content", "parts"),
    [
        ("m.json", "", ["0 URLs"]),
        ("m.json", "{}", ["0 URLs"]),
        ("m.json", '{"cat": []}', ["0 URLs"]),
        ("m.json", '{\n"cat": [\n"http://a/1",\n', ["neither JSON nor", "cut off"]),
        ("m.json", '{\n"cat": [\n"http://a/1"\n"x"],\n"d": [5, }', [", line 4:"]),
        ("m.json", '{"cat": [5]}', [", line 1:", "'5' under 'cat' is not a URL"]),
        ("m.json", "[5]", ["'5'"]),
        ("m.json", "[" * 50_000, ["neither JSON nor"]),
        ("m.json", json.dumps({"x" * 600: ["http://a"]}), ["keyword", "600 characters"]),
        ("m.json", '{" ": ["http://a"]}', ["keyword is empty"]),
        ("m.jsonl", '{"keyword": "cat", "url": "http://a/1"}\n{"keyword": "cat", }\n{"a": "b"}', [", line 2:"]),
        ("k.txt", "{'cat': ['http://a/1']}\n{'dog': [oops]}\n", [", line 2:", "Python dict"]),
        ("k.txt", "{'cat': [1 + 2j]}", ["not a URL"]),
        ("m.csv", "keyword,link to it\ncat,http://a/1\n", [", line 1:", "no column is called url", "link to it"]),
        ("m.csv", "keyword,url\ncat,http://a/1\n,http://a/2\n", [", line 3:", "keyword and a url"]),
        ("m.csv", "keyword,url\ncat,http://a/1,2.jpg\n", [", line 2:", "3 columns"]),
        ("m.csv", 'keyword,url\ncat,"http://a/1\ndog,http://a/2\n', [", line 2:", "quote"]),
        ("l.txt", "http://a/1\nwww.example.com/2.jpg\n", [", line 2:", "'www.example.com/2.jpg' is not a URL"]),
        ("l.txt", "http://a/1\nC:\\cat.jpg\n", [", line 2:", "not a URL"]),
        ("l.txt", "just words\n", [", line 1:", "no column is called url", "or write one URL per line, with https://"]),
        ("l.txt", b"http://a/\xff\n", [", line 1:", "byte 9"]),
        ("l.txt", b"\x89PNG\r\n", ["a PNG picture"]),
    ],
)
def test_what_cannot_be_read_is_one_line(tmp_path: Path, name: str, content: str | bytes, parts: list[str]) -> None:
    line = refusal(tmp_path / name, content)
    for part in parts:
        assert part in line


def test_no_option_is_named_that_there_is_none_of(tmp_path: Path) -> None:
    assert refusal(tmp_path / "l.txt", b"http://a/\xff\n").endswith("is not UTF-8; save the file as UTF-8")


def test_a_number_is_a_class_like_any_other(tmp_path: Path) -> None:
    lines = [
        '{"url": "http://a/1", "label": 3}',
        '{"url": "http://a/2", "class": 0}',
        '{"url": "http://a/3", "label": NaN}',
    ]
    assert read(tmp_path / "m.jsonl", "\n".join(lines)) == [
        ("3", "http://a/1"),
        ("0", "http://a/2"),
        ("m", "http://a/3"),
    ]


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        listed(tmp_path / "none.json")


@pytest.mark.skipif(importlib.util.find_spec("pyarrow") is not None, reason="pyarrow is installed")
def test_parquet_without_pyarrow_says_what_to_install(tmp_path: Path) -> None:
    assert "[parquet]'" in refusal(tmp_path / "m.parquet", b"PAR1")


def test_parquet(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    import pandas as pd

    path = tmp_path / "m.parquet"
    pd.DataFrame({"rank": [1, 1], "URL": ["http://a/1", "http://a/2"], "keyword": ["cat", "dog"]}).to_parquet(path)
    assert listed(path) == [("cat", "http://a/1"), ("dog", "http://a/2")]
    assert "not a readable Parquet file" in refusal(path, b"PAR1 broken")


def test_a_spreadsheet_of_urls(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.append(["url", "keyword"])
    book.active.append(["http://a/1", "cat"])
    book.save(tmp_path / "m.xlsx")
    assert listed(tmp_path / "m.xlsx") == [("cat", "http://a/1")]


def test_halves_of_characters_become_one_or_a_sign(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    path.write_text(
        '{"keyword": "cat \\ud83d", "url": "http://a/1", "alt": "\\ude00\\ud83d", "n": ["\\ud83d"]}\n'
        '{"keyword": "\\ud83d\\ude00", "url": "http://a/2"}\n'
    )
    first, second = read_records(path)
    assert (first.keyword, dict(first.fields)) == ("cat \ufffd", {"alt": "\ufffd\ufffd", "n": '["\ufffd"]'})
    assert second.keyword == "\U0001f600"


def test_bombs_of_parquet_are_refused_at_once(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    places = pa.array([0] * 50_000, pa.int32())
    bombs = {
        "one long text, repeated": pa.table({"url": pa.DictionaryArray.from_arrays(places, ["x" * 100_000])}),
        "one long text": pa.table({"url": ["http://a/b"], "x": ["\0" * 300_000_000]}),
        "many rows": pa.table({"url": pa.nulls(21_000_000, pa.string())}),
    }
    for name, table in bombs.items():
        path = tmp_path / "m.parquet"
        dictionary = name != "one long text"
        parquet.write_table(table, path, compression="zstd", use_dictionary=dictionary, write_statistics=dictionary)
        assert path.stat().st_size < 1_000_000
        before = time.process_time()
        with pytest.raises(InputError, match=r"not a list of URLs|split the file"):
            list(read_records(path))
        assert time.process_time() - before < 5, name
