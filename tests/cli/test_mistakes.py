"""Typical mistakes of people who have just arrived: each is one line that says what is wrong and what to do, and ends
with its exit code. Tables as people have them are no mistakes, and are read."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from collector.cli import main
from collector.cli.groups import VERBS
from collector.ledger.lock import FolderLock
from tests.support.command import Desk

FILES = {
    "empty.csv": "",
    "blank.csv": "\n \n,,\n",
    "heading.csv": "keyword,limit\n",
    "spaces.csv": "keyword\n   \n",
    "columns.csv": "cat,dog\nred,blue\n",
    "twice.csv": "keyword,limit,limit\ncat,2,3\n",
    "words.csv": "keyword,limit\ncat,lots\n",
    "negative.csv": "keyword,limit\ncat,-5\n",
    "half.csv": "keyword,limit\ncat,2.5\n",
    "bad.csv": "keyword,limit\ncat,x\ndog,-1\nfox,3\n",
    "source.csv": "keyword,source\ncat,gogle\n",
    "filter.csv": "keyword,size\ncat,huge\n",
    "quote.csv": 'keyword,limit\n"cat,5\ndog,3\n',
    "long.csv": "x" * 5000 + "\n",
    "nul.csv": "cat\0dog\n",
    "address.csv": "https://example.org/page\n",
    "windows.csv": "keyword,limit\ncafé,5\n".encode("cp1252"),
    "picture.csv": b"\x89PNG\r\n\x1a\n" + bytes(50),
    "damaged.xlsx": b"PK\x03\x04damaged",
    "broken.toml": "limit = = 3\n",
    "unknown.toml": "limt = 3\n",
    "number.toml": 'limit = "many"\n',
    "cookies.txt": "session=1\n",
    "map.csv": "cat,dog\nred,blue\n",
    # no mistakes
    "semicolons.csv": "keyword;limit\ncat;5\n",
    "tabs.csv": "keyword\tlimit\ncat\t5\n",
    "mark.csv": "\ufeffkeyword,limit\ncat,5\n",
    "returns.csv": "keyword,limit\rcat,5\r",
    "notepad.csv": "keyword,limit\r\ncat,5\r\n".encode("utf-16"),
    "pandas.csv": ",keyword,limit\n0,cat,5.0\n",
    "gaps.csv": "\nkeyword,limit\n\ncat,5\n\n",
    "comments.csv": "# mine\nkeyword,limit\n# more\ncat,5\n",
    "query.csv": "Query,limit\ncat,5\n",
    "notes.csv": "id,keyword,limit,notes\n1,cat,5,fat\n",
    "again.csv": "keyword,limit\ncat,5\ncat,5\ncat,7\n",
    "slash.csv": "keyword,limit,label\ncat,5,pets/cats\n",
    "device.csv": "keyword,limit,label\ncat,5,CON\n",
}

MISTAKES = [
    # what is asked for
    ("run", 4, "queries.csv: no such file; give keywords, as in `"),
    ("run missing.csv", 4, "missing.csv: cannot be read: No such file or directory"),
    ("run empty.csv", 4, "empty.csv: no keywords, it is empty; write one keyword per row"),
    ("run blank.csv", 4, "blank.csv: no keywords"),
    ("run heading.csv", 4, "heading.csv: no keywords below the header; write one keyword per row"),
    ("run spaces.csv", 4, "spaces.csv: no keywords below the header"),
    ("run -", 4, "no keywords, it is empty"),
    ("run folder.csv", 4, "folder.csv: this is a folder; give a file"),
    ("run columns.csv", 4, 'line 1: 2 columns without a header ("cat", "dog"); name them in a first row such as'),
    ("run twice.csv", 4, 'twice.csv, line 1: the column "limit" is there twice; keep one'),
    ("run words.csv", 4, 'line 2: the limit "lots" is neither a whole number of at least 1 nor all'),
    ("run negative.csv", 4, 'line 2: the limit "-5" is neither a whole number of at least 1 nor all'),
    ("run half.csv", 4, 'line 2: the limit "2.5" is neither'),
    ("run bad.csv", 4, 'all; line 3: the limit "-1" is neither a whole number of at least 1 nor all'),
    ("run source.csv", 4, "line 2: no source 'gogle'; did you mean google?"),
    ("run filter.csv", 4, "line 2: size='huge' is not a choice of google; choices: large, medium, icon"),
    ("run quote.csv", 4, "line 2: a quote that opens here is not closed; close it, or write"),
    ("run long.csv", 4, "has 5,000 characters; at most 512 are possible"),
    ("run nul.csv", 4, "contains the character U+0000; remove it"),
    ("run address.csv", 4, "an address, not words; --source page takes every picture of a page"),
    ("run windows.csv", 4, "line 2: byte 17 is not UTF-8; save the file as UTF-8, or name its encoding"),
    ("run windows.csv --encoding klingon", 2, "klingon"),
    ("run picture.csv", 4, "not text"),
    ("run damaged.xlsx", 4, "damaged.xlsx: not a readable spreadsheet (BadZipFile); save it as CSV (UTF-8)"),
    # flags and settings
    ("runn cat", 2, "no command 'runn'; did you mean run?"),
    ("dance", 2, "no command 'dance'; `collector --help` says more"),
    ("run --limit", 2, "option '--limit' requires an argument"),
    ("run cat --limt 5", 2, "no option --limt; did you mean --limit?"),
    ("run cat --limit 0", 2, "'--limit': '0' is neither a whole number of at least 1 nor all"),
    ("run cat --limit many", 2, "neither a whole number of at least 1 nor all"),
    ("run cat --source gogle", 2, "no source 'gogle'; did you mean google?"),
    ("run cat --source altavista", 2, "no source 'altavista'; there are: google, page"),
    ("run cat --source ,", 2, "source: name at least one; there are: google"),
    ("run cat --filter size", 2, "write it as name=value, for example size=large,color=red"),
    ("run cat --filter size=huge", 4, "size='huge' is not a choice of google; choices:"),
    ("run cat --filter sise=large", 2, "no setting filters.sise; did you mean size?"),
    ("run cat --set google", 2, "write it as table.key=value"),
    ("run cat --set google.hom=x", 2, "no setting google.hom; did you mean home?"),
    ("run cat --set gogle.home=x", 2, "no table 'gogle'; did you mean google?"),
    ("run cat --set limt=5", 2, "no setting 'limt'; did you mean limit?"),
    ("run cat --set fetch.threads=many", 2, "expected a whole number from 1 to 1,024"),
    ("run cat --set fetch.deadline=inf", 2, "expected a number above 0"),
    ("run cat --threads 0", 2, "'--threads': 0 is not in the range 1<=x<=1024; `collector run --help` says more"),
    ("run cat --verify some", 2, "'some' is not one of 'full', 'fast', 'structure'"),
    ("run cat --types jpgg", 2, "no type 'jpgg'; did you mean jpg?"),
    ("run cat --names {label}", 2, "end it with -{id}"),
    ("run cat --names {nr}-{id}", 2, "no field {nr}; there are: label"),
    ("run cat --quiet --verbose", 2, "--quiet or --verbose, not both"),
    ("run cat --cookies none.txt", 2, "--cookies none.txt: cannot be read: No such file or directory"),
    ("run cat --cookies cookies.txt", 2, "cookies.txt, line 1: expected domain"),
    ("run cat --proxy ftp://proxy:21", 2, "write http://HOST:PORT or socks5://HOST:PORT"),
    ("run cat --proxy http://proxy:99999", 2, "write http://HOST:PORT or socks5://HOST:PORT"),
    ("run cat --config none.toml", 2, "none.toml: no such file"),
    ("run cat --config broken.toml", 2, "broken.toml: not valid TOML"),
    ("run cat --config unknown.toml", 2, "unknown.toml, line 1: no setting 'limt'; did you mean limit?"),
    ("run cat --config number.toml", 2, "number.toml, line 1: limit"),
    ("run cat --blocklist none.txt", 2, "none.txt"),
    ("run cat --browser-binary /nowhere/chrome", 2, "/nowhere/chrome: no such file; give the path"),
    # folders
    ("run cat --out /", 2, "give a folder of its own, not the root of the disk or your home"),
    ("run cat --out empty.csv", 3, "empty.csv: a file is in the place of a folder"),
    ("run cat --out empty.csv/below", 3, "a file is in the place of a folder"),
    ("fetch --out nowhere", 6, "nowhere/collector.db: no ledger here; run `collector run` first or give --out"),
    ("run cat --out /proc/nowhere", 3, "/proc/nowhere: No such file or directory"),
    ("fetch --out busy", 5, "busy"),
    ("run cat --log none/log.txt", 3, "none/log.txt: No such file or directory"),
    ("status --out nowhere", 6, "nowhere/collector.db: no ledger here; run `collector run` first or give --out"),
    ("why x --out nowhere", 6, "nowhere"),
    ("dedupe --out nowhere", 6, "nowhere"),
    ("export imagefolder set --out nowhere", 6, "nowhere"),
    # what other verbs are given
    ("export", 2, "missing argument 'FORMAT'; `collector export --help` says more"),
    ("export imagefoldr set", 2, "no export format 'imagefoldr'; did you mean imagefolder?"),
    ("split half --out nowhere", 2, "such as train=0.8,val=0.1,test=0.1"),
    ("import --link --move folder.csv", 2, "--link or --move, not both"),
    ("import nowhere", 4, "nowhere"),
    ("urls --import nowhere.json", 4, "nowhere.json"),
    ("urls --import map.csv", 4, "no column is called url; found cat, dog; name the columns keyword and url"),
    ("sources gogle", 2, "no source 'gogle'; did you mean google?"),
    ("review perhaps x.jpg", 2, "'perhaps' is not one of 'keep', 'drop', 'undo'"),
    ("forget", 2, "forget: name a URL or a file, or give --domain, --sha or --near"),
    ("frames", 2, "either --every SECONDS or --count N"),
    ("similar none.jpg", 2, "'none.jpg' does not exist"),
    ("similar empty.csv --top 1e9", 2, "'1e9' is not a valid whole number"),
    ("relevance --confidence nan", 2, "'--confidence': 'nan' is not a valid number"),
    ("filter --max-aspect nan", 2, "'--max-aspect': 'nan' is not a valid number"),
    ("dedupe --model sscd", 2, "--model and --models look for edited copies: say --edited, too"),
    ("retry --only nothing", 2, "no such reason or family of reasons"),
    ("recipe show nothing", 4, "no recipe 'nothing', and no path of a .toml file; there are:"),
    ("page not-an-address --practice", 4, "not-an-address"),
]  # fmt: skip

READ = [
    *("semicolons", "tabs", "mark", "returns", "notepad", "pandas", "gaps", "comments", "query", "slash", "device"),
]
"""Files that ask for five pictures of a cat, whatever wrote them."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    desk = Desk(tmp_path_factory.mktemp("mistakes") / "desk")
    for name, content in FILES.items():
        (desk.folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    (desk.folder / "folder.csv").mkdir()
    (desk.folder / "busy").mkdir()
    return desk.folder


@pytest.fixture
def there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["collector"])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    return folder


def ended(command: str, capsys: pytest.CaptureFixture[str]) -> tuple[object, str, str]:
    """(exit code, standard output, standard error) of a command, in this process."""
    with pytest.raises(SystemExit) as ending:
        main(command.split())
    return ending.value.code, *capsys.readouterr()


@pytest.mark.parametrize(("command", "code", "words"), MISTAKES, ids=[case[0] for case in MISTAKES])
def test_a_mistake_is_told_in_one_line_with_its_exit_code(
    there: Path, capsys: pytest.CaptureFixture[str], command: str, code: int, words: str
) -> None:
    with FolderLock(there / "busy"):
        ending, out, err = ended(command, capsys)
    assert (ending, out) == (code, ""), err
    *before, last = err.splitlines()
    assert last.startswith("collector: ") and words in last and "Traceback" not in err
    assert not before or command.startswith("run cat --browser-binary"), "that is looked for when it is needed"


@pytest.mark.parametrize("name", READ)
def test_tables_as_people_have_them_are_read(there: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    code, out, err = ended(f"run --dry-run {name}.csv", capsys)
    assert (code, out.splitlines()[0], err) == (0, "cat: 5 pictures from google, 0 here already", "")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("notes", 'columns that mean nothing here and are not used: "id", "notes"'),
        ("again", "rows that repeat an earlier one with another limit, which does not count: 1, first in line 4"),
    ],
)
def test_what_is_not_used_of_a_table_is_told(
    there: Path, capsys: pytest.CaptureFixture[str], name: str, told: str
) -> None:
    code, out, err = ended(f"run --dry-run {name}.csv", capsys)
    assert (code, out.splitlines()[0]) == (0, "cat: 5 pictures from google, 0 here already")
    assert err == f"collector: {told}\n"


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(there: Path, capsys: pytest.CaptureFixture[str], verb: str) -> None:
    code, out, err = ended(f"{verb} -h", capsys)
    assert (code, err) == (0, "") and out.startswith(f"Usage: collector {verb} ")


def test_there_are_forty_at_least() -> None:
    assert len({command for command, _, _ in MISTAKES}) == len(MISTAKES) >= 40
