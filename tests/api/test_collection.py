"""`collector.open`: looking, cleaning, splitting, exporting and mending from Python."""

from __future__ import annotations

import pickle
import struct
import zlib
from pathlib import Path
from types import SimpleNamespace

import pytest

import collector
from collector.api.collect import Summary
from collector.dataset.topic import ClassTopic, Topic
from collector.errors import InputError, LedgerError, UsageError
from tests.support.collection import Collection, drawn

pytestmark = pytest.mark.usefixtures("pictures_in_process")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes of six pictures each; one picture is small, one stands under both labels."""
    folder = tmp_path / "images"
    with Collection(folder) as made:
        for number in range(6):
            made.add("cat", drawn(number))
            made.add("dog", drawn(100 + number))
        made.add("dog", drawn(200, (30, 20)))
        made.add("dog", drawn(0))
    return folder


def test_there_is_nothing_to_open(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="no ledger here"):
        collector.open(tmp_path / "images")
    assert not (tmp_path / "images").exists()


def test_how_it_stands(folder: Path) -> None:
    c = collector.open(folder)
    assert repr(c) == f"Collection({str(folder)!r})"
    assert (c.status().total.saved, c.status().keywords) == (13, 2)
    assert [(tally.keyword, tally.saved, tally.duplicate) for tally in c.keywords()] == [("cat", 6, 0), ("dog", 7, 1)]
    assert len(list(c.urls())) == 14
    assert next(c.urls()) == ("cat", "http://pictures.test/cat/1.jpg")


def test_values_say_in_words_what_they_hold(folder: Path, tmp_path: Path) -> None:
    c = collector.open(folder)
    assert str(c.status()) == (
        "cat: 6 of 1,000 saved, 6 found\ndog: 7 of 1,000 saved, 8 found, 1 duplicate\n"
        "2 keywords: 13 of 2,000 saved, 14 found, 1 duplicate"
    )
    assert str(c.split("train=0.5,val=0.5")) == "cat: train 3, val 3\ndog: train 4, val 3"
    done = c.export("imagefolder", tmp_path / "set")
    assert str(done).startswith("13 pictures of 2 classes in set: train 7, val 6\nfrom torchvision.datasets import")
    assert str(c.dedupe()) == "13 pictures; groups that look the same: 0; label conflicts: 1; left out: 0"
    assert str(Summary(c.status(), 12.34, True, left_out=2)).endswith("\nin 12.3 s\nleft out of the set: 2")
    judged = tuple(ClassTopic(label, 40, 3, wrong, (), ()) for label, wrong in (("cat", 2.6), ("dog", None)))
    assert str(Topic(judged, (), (), True)) == (
        "cat: 40 pictures; off topic (estimate): 3\ndog: 40 pictures; off topic (estimate): too few to judge\n"
        "surely off topic: 0, left out"
    )
    shown: list[str] = []
    done._repr_pretty_(SimpleNamespace(text=shown.append), False)  # As IPython calls it.
    assert shown == [str(done)]


def test_pictures_are_rows_and_a_table(folder: Path) -> None:
    c = collector.open(folder)
    assert len(c.pictures()) == 13
    assert {row.label for row in c.pictures("cat")} == {"cat"}
    c.filter(min_side=100)
    table = c.pictures().to_pandas()
    assert len(table) == 13
    left = table[table.left_out.notna()]
    assert [(row.label, row.left_out, row.width) for row in left.itertuples()] == [("dog", "set.small", 30)]
    assert set(table.path.map(lambda path: path.split("/")[0])) == {"cat", "dog"}
    assert len(c.pictures(kept=True)) == 12 == len(c.pictures(kept=True).to_pandas())
    assert list(c.pictures("none").to_pandas().columns) == list(table.columns), "an empty table has its columns"


def test_why_tells_of_a_url_and_of_a_file(folder: Path) -> None:
    c = collector.open(folder)
    (story,) = c.why("http://pictures.test/cat/1.jpg")
    assert (story.row.state, story.trouble) == ("saved", "")
    assert [keyword for keyword, _ in story.same_bytes] == ["dog"]
    (folder / story.row.file).unlink()
    assert c.why(story.row.file.name)[0].trouble == "missing"
    with pytest.raises(InputError, match="no such URL"):
        c.why("http://pictures.test/none.jpg")


def test_what_is_left_out_moves_and_comes_back(folder: Path) -> None:
    c = collector.open(folder)
    assert [verdict.reason for verdict in c.filter(min_side=100)] == ["set.small"]
    assert c.left_out() == 1
    assert c.apply() == 1
    assert c.undo() == 1
    name = next(row.file.name for row in c.pictures() if row.left_out)
    assert c.review("keep", [name]) == 1
    assert c.left_out() == 0
    assert c.filter() == (), "a decision of one's own is not overruled"
    with pytest.raises(InputError, match="nothing was changed"):
        c.review("drop", [name, "none.jpg"])


def test_near_duplicates_and_conflicts(folder: Path) -> None:
    done = collector.open(folder).dedupe(conflicts="drop")
    assert done.pictures == 13
    assert [group.labels for group in done.conflicts] == [("cat", "dog")]


def test_a_split_as_a_data_set_for_torch(folder: Path) -> None:
    c = collector.open(folder)
    with pytest.raises(UsageError, match="no picture has a split yet"):
        c.torch("train")
    c.split("train=0.7,val=0.3")
    train, val, whole = c.torch("train"), c.torch("val"), c.torch()
    assert len(train) + len(val) == len(whole) == 13
    assert train.classes == val.classes == ("cat", "dog")
    assert train.class_to_idx == {"cat": 0, "dog": 1}
    picture, index = train[0]
    assert (picture.mode, picture.size, index) == ("RGB", (320, 240), train.samples[0][1])
    assert {whole[number][1] for number in range(len(whole))} == {0, 1}
    with pytest.raises(IndexError):
        whole[13]
    copy = pickle.loads(pickle.dumps(train))
    assert copy[0][0].tobytes() == picture.tobytes(), "DataLoader's workers get it by pickle"
    small = c.torch("val", transform=lambda picture: picture.resize((8, 8)))
    assert small[0][0].size == (8, 8)
    with pytest.raises(UsageError, match=r"no split 'test' in train=0\.7,val=0\.3; there are: train, val"):
        c.torch("test")


def test_more_than_one_way_to_split_has_to_be_named(folder: Path) -> None:
    c = collector.open(folder)
    c.split("train=0.7,val=0.3")
    c.split("train=0.5,val=0.5", salt="other")
    with pytest.raises(UsageError, match=r"say which scheme: train=0\.5,val=0\.5 other \| train=0\.7,val=0\.3"):
        c.torch("train")
    assert len(c.torch("train", scheme="train=0.7,val=0.3")) > len(c.torch("val", scheme="train=0.7,val=0.3"))
    with pytest.raises(UsageError, match="no scheme 'x'"):
        c.torch("train", scheme="x")


def test_a_file_that_is_gone_is_an_os_error_of_the_data_set(folder: Path) -> None:
    data = collector.open(folder).torch()
    (folder / data.samples[0][0]).unlink()
    with pytest.raises(OSError, match=data.samples[0][0].name):
        data[0]


def test_a_file_that_became_a_trap_is_an_os_error_and_harms_nobody(folder: Path) -> None:
    data = collector.open(folder).torch()
    size = struct.pack(
        ">IIBBBBB", 14_000, 14_000, 8, 6, 0, 0, 0
    )  # 784 MB of pixels in a few bytes, which are not there.
    head = b"IHDR" + size
    bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))
    (folder / data.samples[0][0]).write_bytes(bomb)
    with pytest.raises(OSError, match=r"image\."):
        data[0]
    data.samples = [(Path("../x"), 0), *data.samples]
    with pytest.raises(LedgerError):
        data[0]
    assert data[2][0].mode == "RGB", "and the process lives on, or another one"


def test_an_export_is_written_read_back_and_compared(folder: Path, tmp_path: Path) -> None:
    c = collector.open(folder)
    done = c.export("imagefolder", tmp_path / "one", split="train=0.8,val=0.2")
    assert done.published.pictures == 13
    assert "ImageFolder" in done.loading
    c.export("imagefolder", tmp_path / "two", split="train=0.8,val=0.2", choice=collector.Choice(max_per_class=2))
    diff = collector.compare(tmp_path / "one", tmp_path / "two")
    assert len(diff.removed) == 9
    with pytest.raises(UsageError, match=r"split: 'train=2\.5'"):
        c.export("imagefolder", tmp_path / "three", split="train=2.5")


def test_the_report_is_written_beside_the_folder(folder: Path, tmp_path: Path) -> None:
    (page,) = collector.open(folder).report()
    assert page == tmp_path / "images-report.html"
    assert "Report on images" in page.read_text(encoding="utf-8")
    assert collector.open(folder).facts().total.kept == 13


def test_lost_pictures_are_put_back_and_fetched_again(folder: Path) -> None:
    c = collector.open(folder)
    assert c.undo() == 0, "a run that ended well, so that nothing is looked at when the next begins"
    row = next(iter(c.pictures("cat")))
    (folder / row.file).unlink()
    heard: list[str] = []
    found = c.mend.verify(tell=lambda finding: heard.append(finding.kind))
    assert (found.broken, found.put_back, heard) == (1, 0, ["missing"])
    assert c.mend.verify(again=True).put_back == 2, "the duplicate under the other label is to do, too"
    assert c.mend.repair() is None
    with pytest.raises(UsageError, match="no such reason"):
        c.mend.retry(["net.typo"])


def test_forgetting(folder: Path) -> None:
    c = collector.open(folder)
    name = next(iter(c.pictures("cat"))).file.name
    assert len(c.mend.forget(name, dry_run=True).files) == 1
    assert len(c.pictures()) == 13
    told: list[Path] = []
    c.mend.forget(name, tell=lambda path, _urls: told.append(path))
    assert [path.name for path in told] == [name]
    assert len(c.pictures()) == 12


def test_a_folder_and_a_map_are_taken_in(tmp_path: Path) -> None:
    (tmp_path / "pets" / "cat").mkdir(parents=True)
    drawn(1).save(tmp_path / "pets" / "cat" / "1.jpg")
    (tmp_path / "map.csv").write_text("keyword,url\ndog,http://pictures.test/1.jpg\n", encoding="utf-8")
    c = collector.Collection(tmp_path / "images")
    added = c.add(tmp_path / "pets")
    assert (added.counts["saved"], added.urls, added.to_fetch) == (1, None, False)
    assert c.add_urls(tmp_path / "map.csv") == (1, 1)
    assert c.add(tmp_path / "map.csv").to_fetch
    assert [row.label for row in c.pictures()] == ["cat"]


def test_stills_need_one_of_two_numbers(folder: Path) -> None:
    with pytest.raises(UsageError, match="either --every SECONDS or --count N"):
        next(collector.open(folder).frames())
