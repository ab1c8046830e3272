"""queries.csv as people really have it: every encoding, delimiter and accident gets its rows or one clear line."""

from __future__ import annotations

import io
import os
import time
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from collector import sources
from collector.errors import InputError, UsageError
from collector.importers.queries import NAMED, Planner, QueryFile, clean, read_queries
from collector.model import Query
from collector.settings import Settings
from collector.sources.contract import Source


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "queries.csv"


ALBUM = Source(
    search=lambda search, web: iter(()),
    settings={},
    unlimited=True,
    validate_keyword=lambda keyword: None if keyword.startswith("a/") else f"{keyword!r} is no album",
    default_label=lambda keyword: keyword.partition("/")[2],
)


@pytest.fixture
def album(monkeypatch: pytest.MonkeyPatch) -> None:
    """A source that takes albums, is read whole, and makes labels of its own."""
    monkeypatch.setitem(sources.SOURCES, "album", f"{__name__}:ALBUM")  # type: ignore[arg-type]


def planner(limit: int | None = 10, source: str = "google", blocklist: Path | None = None) -> Planner:
    filters = dict.fromkeys(sources.all_filters(), "")
    return Planner(Settings(limit=limit, source=source, filters=filters, blocklist=str(blocklist or "")))


def read(
    file: Path, content: str | bytes, plan: Planner | None = None, encoding: str | None = None,
    delimiter: str | None = None,
) -> QueryFile:  # fmt: skip
    raw = content if isinstance(content, bytes) else content.encode()
    file.write_bytes(raw)
    before = file.stat()
    result = read_queries(file, plan or planner(), encoding, delimiter)
    assert file.read_bytes() == raw
    assert file.stat().st_mtime_ns == before.st_mtime_ns
    return result


def keywords(
    file: Path, content: str | bytes, plan: Planner | None = None, encoding: str | None = None,
    delimiter: str | None = None,
) -> list[str]:  # fmt: skip
    return [query.keyword for query in read(file, content, plan, encoding, delimiter).queries]


def refusal(file: Path, content: str | bytes) -> str:
    with pytest.raises(InputError) as caught:
        read(file, content)
    (line,) = str(caught.value).splitlines()
    assert line.startswith(str(file))
    return line.removeprefix(str(file))


# --------------------------------------------------------------------------- what is read


def test_one_keyword_a_row_without_a_header(file: Path) -> None:
    result = read(file, "cat\nhusky dog\n猫\n\U0001f431\n", planner(7, "bing+google"))
    assert list(result.queries) == [
        Query(keyword, keyword, 7, ("bing", "google")) for keyword in ("cat", "husky dog", "猫", "\U0001f431")
    ]
    assert result.notes == ()


def test_columns_with_a_header_in_any_order_and_case(file: Path) -> None:
    text = "Limit,KEYWORD, source ,label,Colour,size\n5,cat,Bing|google,animal,red,large\n,dog,,,,\n"
    assert list(read(file, text).queries) == [
        Query("cat", "animal", 5, ("bing", "google"), (("color", "red"), ("size", "large"))),
        Query("dog", "dog", 10, ("google",), ()),
    ]


def test_rows_that_say_whether_they_are_judged(file: Path) -> None:
    made = read(file, "keyword,Relevant,label\nred fox,yes,fox\ncat,,\ndog,No,\nred fox,no,fox\n")
    assert made.relevant == {("red fox", "fox", ()): True, ("dog", "dog", ()): False}
    with pytest.raises(InputError, match='line 2: relevant is "perhaps", which is neither yes nor no'):
        read(file, "keyword,relevant\ncat,perhaps\n")


@pytest.mark.parametrize("cell", ["bing|naver", "bing+naver", "bing naver", " Bing | naver ", "bing|naver|bing"])
def test_several_sources_in_one_cell(file: Path, cell: str) -> None:
    assert read(file, f"keyword,source\ncat,{cell}\n").queries[0].sources == ("bing", "naver")


@pytest.mark.parametrize("header", ["keyword", "Keywords", "QUERY", '"keyword"'])
def test_a_header_alone_in_its_row(file: Path, header: str) -> None:
    assert keywords(file, f"{header}\ncat\n") == ["cat"]


@pytest.mark.parametrize("header", ["class", "Name", "search", "queries", "Search term", "label"])
def test_other_words_for_the_keyword_are_headings_too(file: Path, header: str) -> None:
    result = read(file, f"{header},limit\ncat,3\n")
    assert (result.queries, result.notes) == ((Query("cat", "cat", 3),), ())
    alone = read(file, f"{header}\ncat\n")
    assert [query.keyword for query in alone.queries] == ["cat"]
    assert alone.notes == (f'the first row, "{header}", is taken as a heading',)


def test_a_class_beside_a_keyword_is_its_label(file: Path) -> None:
    assert read(file, "class,query\nanimal,cat\n").queries == (Query("cat", "animal", 10),)
    assert read(file, "name,class\ncat,animal\n").queries == (Query("cat", "animal", 10),)


def test_columns_that_mean_nothing_here_are_told_and_not_used(file: Path) -> None:
    result = read(file, 'id,keyword,limit,my notes\n1,red fox,3,"ask, Ann"\n2,owl,,\n')
    assert result.queries == (Query("red fox", "red fox", 3), Query("owl", "owl", 10))
    assert result.notes == ('columns that mean nothing here and are not used: "id", "my notes"',)


def test_what_pandas_writes(file: Path) -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"keyword": ["cat", "dog"], "limit": [200, None]})
    expected = (Query("cat", "cat", 200), Query("dog", "dog", 10))
    assert read(file, frame.to_csv(index=False)).queries == expected
    assert read(file, frame.to_csv()).queries == expected, "its index stands in a column without a name"


def test_comments_are_passed_over_and_hashtags_are_not(file: Path) -> None:
    text = '# my "list, of animals\n#\nkeyword,limit\ncat,1\n#-- birds\n"# nine",2\n#owl,3\nx y,0\n'
    assert refusal(file, text).startswith(', line 8: the limit "0"')
    assert keywords(file, text.replace("x y,0", '"a\n# b",4')) == ["cat", "# nine", "#owl", "a # b"]


def test_excels_own_first_line_names_the_delimiter(file: Path) -> None:
    assert read(file, "sep=|\r\nkeyword|limit\r\ncat|3\r\n").queries == (Query("cat", "cat", 3),)
    assert refusal(file, "sep=;\nkeyword;limit\ncat;x\n").startswith(", line 3:")


def test_all_bad_rows_are_in_one_message(file: Path) -> None:
    line = refusal(file, "keyword,limit\ncat,0\ndog,2\n,7\nowl,1,x\n")
    assert line.startswith(": 3 rows cannot be used: line 2: the limit")
    assert "; line 4: no keyword in this row" in line
    assert line.endswith(
        "; line 5: 3 columns where the first row has 2; put text that contains the delimiter in quotes"
    )
    many = refusal(file, "keyword,limit\n" + "cat,0\n" * 1000)
    assert many.count("line ") == 10 and many.endswith("; and 990 more")


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("keyword\n猫\n".encode())))
    result = read_queries(Path("-"), planner())
    assert result.queries == (Query("猫", "猫", 10),)


def test_a_spreadsheet(tmp_path: Path, file: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in ([None], ["Keyword", "limit", "class"], ["猫", 3, None], ["1984", 2.0, "book"], [7, None, None]):
        book.active.append(row)
    path = tmp_path / "queries.xlsx"
    book.save(path)
    expected = (Query("猫", "猫", 3), Query("1984", "book", 2), Query("7", "7", 10))
    assert read_queries(path, planner()).queries == expected
    assert read(file, path.read_bytes()).queries == expected, "whatever its name is"
    book.active.append(["cat", -1])
    book.save(path)
    with pytest.raises(InputError, match="line 6: the limit"):
        read_queries(path, planner())


def test_a_spreadsheet_that_unpacks_to_too_much(file: Path) -> None:
    pytest.importorskip("openpyxl")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("xl/workbook.xml", b"\0" * 300_000_000)
    assert "300,000,000 bytes when unpacked" in refusal(file, packed.getvalue())


def test_a_likely_encoding_is_named_and_not_used(file: Path) -> None:
    text = "keyword\nсобака\nкошка\nлошадь\nрыжая лиса\nбелый медведь\n"
    assert "byte 8 is not UTF-8" in refusal(file, text.encode("cp1251"))
    assert "--encoding (it may be cp1251)" in refusal(file, text.encode("cp1251"))


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le-bom", "utf-16-be-bom", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_unicode_in_every_form_it_is_saved_in(file: Path, encoding: str) -> None:
    text = ("\ufeff" if encoding.endswith("-bom") else "") + "cat\ncafé\n猫\n\U0001f431\n"
    assert keywords(file, text.encode(encoding.removesuffix("-bom"))) == ["cat", "café", "猫", "\U0001f431"]


def test_a_named_encoding(file: Path) -> None:
    assert keywords(file, "café\n".encode("cp1252"), encoding="cp1252") == ["café"]
    assert keywords(file, "猫\n".encode("gb18030"), encoding="gb18030") == ["猫"]
    with pytest.raises(UsageError, match="klingon"):
        read(file, "cat", encoding="klingon")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(file: Path, end: str) -> None:
    assert keywords(file, end.join(["keyword,limit", "cat,1", "dog,2", ""])) == ["cat", "dog"]


def test_mixed_line_ends_and_no_last_one(file: Path) -> None:
    assert keywords(file, "cat\r\ndog\rbird\nfish") == ["cat", "dog", "bird", "fish"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_sniffed(file: Path, delimiter: str) -> None:
    text = "limit|keyword|source\n3|salt and pepper|google\n".replace("|", delimiter)
    assert read(file, text).queries[0] == Query("salt and pepper", "salt and pepper", 3)


def test_the_delimiter_can_be_given(file: Path) -> None:
    assert keywords(file, "keyword|limit\ncat|1\n", delimiter="|") == ["cat"]
    assert keywords(file, "keyword\tlimit\ncat\t1\n", delimiter="tab") == ["cat"]
    assert keywords(file, "AC;DC\n", delimiter=",") == ["AC;DC"]
    with pytest.raises(UsageError, match="one character"):
        read(file, "cat", delimiter="::")


def test_quotes(file: Path) -> None:
    text = 'keyword,limit\n"salt, pepper",1\n"say ""hi""",2\n6" nail,3\n "husky dog" ,4\n'
    assert keywords(file, text) == ["salt, pepper", 'say "hi"', '6" nail', "husky dog"]


@pytest.mark.parametrize(
    "word", ["NA", "null", "None", "nan", "N/A", "1e5", "007", "True", "#1", "-rf", "--help", "{0}"]
)
def test_a_keyword_is_text_whatever_it_looks_like(file: Path, word: str) -> None:
    assert keywords(file, f"{word}\n") == [word]


@pytest.mark.parametrize(
    "word", ["=HYPERLINK(x)", "<script>", "../../etc", "cat&tbs=x#y", "site:evil.com", "👨\u200d👩"]
)
def test_hostile_keywords_are_kept_as_they_are(file: Path, word: str) -> None:
    assert keywords(file, f"{word}\n") == [word]


def test_blank_rows_are_dropped(file: Path) -> None:
    assert keywords(file, "\ncat\n\n   \n\u00a0\ndog\n\n") == ["cat", "dog"]


def test_empty_columns_of_spreadsheets_are_ignored(file: Path) -> None:
    result = read(file, "keyword,limit,,\ncat,1,,\n,,,\n")
    assert list(result.queries) == [Query("cat", "cat", 1)]
    assert keywords(file, "cat,,\ndog,,\n") == ["cat", "dog"]


def test_duplicates_are_dropped(file: Path) -> None:
    result = read(file, "husky dog\nhusky  dog\n husky dog \ncaf\u00e9\ncafe\u0301\nHusky dog\nﬁsh\nfish\n")
    assert [query.keyword for query in result.queries] == ["husky dog", "caf\u00e9", "Husky dog", "ﬁsh", "fish"]


def test_the_same_keyword_with_another_label_or_filter_is_another_query(file: Path) -> None:
    text = "keyword,label,color\ncat,a,\ncat,b,\ncat,a,red\ncat,a,red\ncat,cat,\ncat,,\n"
    result = read(file, text)
    assert len(result.queries) == 4


def test_a_duplicate_brings_its_sources_and_not_its_limit(file: Path) -> None:
    result = read(file, "keyword,source,limit\ncat,google,5\ndog,,\ncat,bing|google,9\n")
    assert result.queries[0] == Query("cat", "cat", 5, ("google", "bing"))
    assert result.notes == (
        "rows that repeat an earlier one with another limit, which does not count: 1, first in line 4",
    )


def test_line_breaks_and_tabs_inside_a_keyword_become_a_space(file: Path) -> None:
    result = read(file, 'keyword,limit\n"husky\r\ndog",1\n"a\tb",2\n')
    assert [query.keyword for query in result.queries] == ["husky dog", "a b"]
    assert result.notes == ("keywords with a line break or tab inside, which became a space: 2, first in line 2",)


# --------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        ("", ["no keywords", "empty"]),
        ("\n \n,,\n", ["no keywords"]),
        ("keyword,limit\n", ["no keywords", "header"]),
        ("keyword\n\n\n", ["no keywords"]),
        (
            "keyword,limt\ncat,3\n",
            [", line 1:", 'unknown column "limt"', 'found "keyword", "limt"', "possible are keyword, limit"],
        ),
        ("\n\nanimal,limit\ncat,3\n", [", line 3:", "2 columns without a header", '"animal", "limit"']),
        ("cat;10\ndog;5\n", [", line 1:", "2 columns without a header"]),
        ("keyword,query\ncat,dog\n", [", line 1:", '"keyword"', "twice"]),
        ("cat\n\nsalt, pepper\n", [", line 3:", "2 columns where the first row has 1", "quotes"]),
        ("keyword,limit\ncat,1\ndog,2,x\n", [", line 3:", "3 columns where the first row has 2"]),
        ('keyword,limit\n"a\nb",1\ndog,2,x\n', [", line 4:", "3 columns where the first row has 2"]),
        ("keyword,limit,\ncat,1,oops\n", [", line 2:", '"oops"', "column without a name"]),
        ("keyword,limit\n,5\n", [", line 2:", "no keyword"]),
        ("keyword,limit\ncat,ten\n", [", line 2:", 'limit "ten"', "whole number"]),
        ("keyword,limit\n\ncat,0\n", [", line 3:", 'limit "0"']),
        ("keyword,limit\ncat,-1\n", [", line 2:", 'limit "-1"']),
        ("keyword,limit\ncat,1.5\n", [", line 2:", 'limit "1.5"']),
        ("keyword,limit\ncat,\uff11\n", [", line 2:", "limit"]),
        ('cat\n"dog\nbird\nfish\n', [", line 2:", "quote", "not closed"]),
        ('cat\n"dog\nbird\n"fish"\n', [", line 2:", "quote", "not closed"]),
        ('keyword,label\ncat,"x\ndog,y\n', [", line 2:", "quote", "not closed"]),
        ('"a\nb"\n"6" nail"\n', [", line 3:", "quote"]),
        ("cat\na\0b\n", [", line 2:", "U+0000"]),
        ("cat\na\x1b[2Jb\n", [", line 2:", "U+001B"]),
        ("cat\n\u200b\n", [", line 2:", "shows nothing"]),
        ("cat\n" + "x" * 513 + "\n", [", line 2:", "513 characters", "512"]),
        ("x" * 200_000, [", line 1:", "200,000 characters"]),
        ("keyword,label\ncat," + "x" * 600, [", line 2:", "label", "600"]),
        ("cat\r\ncafé\r\n".encode("cp1252"), [", line 2:", "byte 8", "UTF-8", "encoding"]),
        (b"cat\n\xed\xa0\x80\n", [", line 2:", "byte 4", "UTF-8"]),
        (b"\xff\xfec\0a", ["UTF-16"]),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 20, ["a PNG picture", "CSV"]),
        (b"PK\x03\x04 workbook", ["spreadsheet", "CSV"]),
    ],
)
def test_what_cannot_be_read_is_one_line_that_says_where(file: Path, content: str | bytes, parts: list[str]) -> None:
    line = refusal(file, content)
    for part in parts:
        assert part in line
    assert len(line) < 400


def test_the_longest_keyword_is_fine(file: Path) -> None:
    assert keywords(file, "x" * 512) == ["x" * 512]


@pytest.mark.parametrize("place", [49_999, 50_000, 50_001, 99_999, 100_000])
def test_a_ragged_row_is_found_wherever_it_stands(file: Path, place: int) -> None:
    rows = [f"a rather long keyword so that buffers fill {number}" for number in range(max(60_000, place + 1))]
    rows[place] += ", and more"
    assert f", line {place + 1}: 2 columns" in refusal(file, "\n".join(rows))


def test_what_is_no_file(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    cases = {
        tmp_path / "missing.csv": "No such file",
        tmp_path: "a folder",
        fifo: "not a regular file",
        Path("/dev/zero"): "not a regular file",
        loop: "cannot be read",
        Path("a\0b"): "cannot be read",
    }
    for path, words in cases.items():
        with pytest.raises(InputError, match=words):
            read_queries(path, planner())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file(file: Path) -> None:
    file.write_text("cat")
    file.chmod(0)
    with pytest.raises(InputError, match="Permission denied"):
        read_queries(file, planner())


def test_a_file_that_would_not_fit_in_memory_is_refused_unread(file: Path) -> None:
    with file.open("wb") as sparse:
        sparse.truncate((1 << 30) + 1)
    with pytest.raises(InputError, match="more than 1 GiB"):
        read_queries(file, planner())


# --------------------------------------------------------------------------- sources and filters


def test_the_sources_speak_with_file_and_line(file: Path) -> None:
    text = "keyword,source,size\ncat,bing,large\ndog,bing,large\nbird,,huge\n"
    assert ", line 4: size='huge' is not a choice of google" in refusal(file, text)
    assert ", line 2: no source 'altavista'" in refusal(file, "keyword,source\ncat,altavista")


def test_the_filters_of_the_sources_are_the_columns(file: Path) -> None:
    assert read(file, "keyword,window\nt/cats,week", planner(source="imgur")).queries[0].filter("window") == "week"
    assert read(file, "keyword,mood\ncat,sad").queries == (Query("cat", "cat", 10),)


# --------------------------------------------------------------------------- size


def test_many_rows_in_bounded_memory(file: Path) -> None:
    text = "keyword,limit\n" + "".join(f"cat number {number},{number % 50 + 1}\n" for number in range(40_000))
    file.write_text(text)
    del text
    tracemalloc.start()
    try:
        result = read_queries(file, planner())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(result.queries) == 40_000
    assert result.queries[-1] == Query("cat number 39999", "cat number 39999", 50)
    assert peak < 32 * 1024 * 1024


def test_a_limit_may_be_all(file: Path) -> None:
    result = read(file, "keyword,limit\ncat,all\ndog,ALL\ncow,3\nowl,\n")
    assert [query.limit for query in result.queries] == [None, None, 3, 10]
    assert "neither a whole number of at least 1 nor all" in refusal(file, "keyword,limit\ncat,every\n")


@pytest.mark.usefixtures("album")
def test_rows_ask_their_sources_for_limit_and_class(file: Path) -> None:
    rows = "a/1,album,,\na/2,album,mine,\na/3,album+google,,\ncat,google,,7\na/4,album,,5\n"
    result = read(file, f"keyword,source,label,limit\n{rows}", planner(None))
    assert [(query.label, query.limit) for query in result.queries] == [
        ("1", None),
        ("mine", None),
        ("3", 100),
        ("cat", 7),
        ("4", 5),
    ]


@pytest.mark.usefixtures("album")
def test_a_keyword_that_a_source_cannot_use_is_an_error_with_its_line(file: Path) -> None:
    assert refusal(file, "keyword,source\na/1,album\ncat,google+album\n").endswith(", line 3: 'cat' is no album")


@pytest.mark.usefixtures("album")
def test_a_label_that_a_source_makes_must_be_one(file: Path) -> None:
    assert read(file, "keyword,source\na/,album\n").queries[0].label == "a/"
    line = refusal(file, "keyword,source\na/\u200b,album\n")
    assert "the label that album makes of it" in line and "shows nothing" in line


def test_blocked_rows_are_left_out_named_and_counted(file: Path) -> None:
    text = "keyword,limit\ncat,\nwater gun,3\ndog,\n" + "".join(f"gun {n},\n" for n in range(20))
    (terms := file.with_name("terms.txt")).write_text("gun\n")
    result = read(file, text, planner(blocklist=terms))
    assert [query.keyword for query in result.queries] == ["cat", "dog"]
    assert len(result.notes) == NAMED + 1
    assert result.notes[0] == 'line 3, "water gun": not searched: "gun" is on the block list (policy.blocklist)'
    assert result.notes[-1].endswith("(policy.blocklist): 21 in all")
    assert read(file, "gun\n", planner(blocklist=terms)).queries == ()


def test_combining_marks_without_end_are_refused_at_once() -> None:
    began = time.process_time()
    with pytest.raises(ValueError, match="has 120,001 characters; at most 512"):
        clean("e" + "\u0301\u0323" * 60_000)
    assert time.process_time() - began < 0.5


def test_a_keyword_may_be_longer_before_its_marks_are_joined() -> None:
    assert clean("e\u0323\u0302" * 512) == ("\u1ec7" * 512, False)
