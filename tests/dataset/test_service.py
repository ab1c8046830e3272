"""Near-duplicates and conflicts of a real folder: decided by the stated rules, moved away and back, never lost."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageFilter, ImageOps

from collector.dataset import filter, moving, near, service, split
from collector.dataset.dedupe import Policy
from collector.ledger import Row
from tests.support.collection import Collection, drawn, encoded


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    with Collection(tmp_path / "images") as collection:
        yield collection


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file() and path.suffix != ".db"
            and "collector" not in path.name}  # fmt: skip


def left_out(collection: Collection) -> dict[str, tuple[str, str]]:
    return {v.sha256: (v.reason, v.kept) for v in collection.ledger.dataset.verdicts()}


def test_of_pictures_that_look_the_same_the_best_rank_is_kept_unless_it_is_tiny(collection: Collection) -> None:
    picture = drawn(3, (640, 480))
    small = collection.add("cat", picture.resize((320, 240)))
    large = collection.add("cat", picture)
    poor = collection.add("cat", encoded(picture, quality=35))
    other = collection.add("cat", drawn(4))
    done = service.dedupe_set(collection.ledger, collection.folder, 31, "list")
    assert (done.pictures, done.groups, done.unreadable) == (4, 1, 0)
    assert left_out(collection) == {
        small.sha256: ("set.near_duplicate", large.sha256),
        poor.sha256: ("set.near_duplicate", large.sha256),
    }
    assert other.sha256 not in left_out(collection)


def test_edited_copies_are_found(collection: Collection) -> None:
    picture = drawn(9, (640, 480))
    kept = collection.add("cat", picture)
    edited: list[Image.Image | bytes] = [
        picture.filter(ImageFilter.GaussianBlur(1)),
        picture.convert("L"),
        encoded(picture, "WEBP", quality=50),
        picture.crop((4, 3, 636, 477)),
    ]
    copies = [collection.add("cat", copy) for copy in edited]
    service.dedupe_set(collection.ledger, collection.folder, 31, "list")
    assert {copy.sha256 for copy in copies} == set(left_out(collection))
    assert {why[1] for why in left_out(collection).values()} == {kept.sha256}


@pytest.mark.parametrize(
    ("policy", "out", "further"),
    [
        ("list", [], {}),
        ("drop", ["cat", "dog"], {}),
        ("best", ["dog"], {}),
        ("multi", ["cat"], {"dog": ("cat",)}),
    ],
)
def test_a_picture_under_two_labels(
    collection: Collection, policy: Policy, out: list[str], further: dict[str, tuple[str, ...]]
) -> None:
    picture = drawn(5, (640, 480))
    items = {"cat": collection.add("cat", picture.resize((320, 240))), "dog": collection.add("dog", picture)}
    done = service.dedupe_set(collection.ledger, collection.folder, 31, policy)
    assert [(one.labels, one.files) for one in done.conflicts] == [
        (("cat", "dog"), (items["dog"].path, items["cat"].path))
    ]
    assert sorted(v.label for v in collection.ledger.dataset.verdicts()) == out
    assert dict(collection.ledger.dataset.extra_labels()) == {
        items[name].sha256: labels for name, labels in further.items()
    }


def test_the_same_bytes_under_two_labels_are_a_conflict_too(collection: Collection) -> None:
    collection.add("cat", drawn(6))
    collection.add("dog", drawn(6))
    done = service.dedupe_set(collection.ledger, collection.folder, 31, "drop")
    assert [group.labels for group in done.conflicts] == [("cat", "dog")]
    assert [(v.label, v.reason) for v in done.verdicts] == [("cat", "set.conflict")]


def test_files_move_away_and_back(collection: Collection) -> None:
    same = [collection.add("cat", encoded(drawn(7, (640, 480)), quality=q)) for q in (95, 60, 40)]
    lonely = collection.add("dog", drawn(8))
    before = files(collection.folder)
    service.dedupe_set(collection.ledger, collection.folder, 31, "list")
    assert files(collection.folder) == before, "nothing moves unless asked"
    assert moving.apply(collection.ledger, collection.folder) == 2
    away = moving.rejects(collection.folder)
    assert files(collection.folder) == {same[0].path.as_posix(), lonely.path.as_posix()}
    assert files(away) == {item.path.as_posix() for item in same[1:]}
    assert all((collection.folder / item.path).is_file() for item in collection.ledger.dataset.pictures())
    assert moving.apply(collection.ledger, collection.folder) == 0
    assert moving.undo(collection.ledger, collection.folder) == 2
    assert files(collection.folder) == before
    assert not away.exists()


def test_what_is_decided_anew_comes_back(collection: Collection) -> None:
    picture = drawn(7, (640, 480))
    for image in (picture, picture.resize((320, 240))):
        collection.add("cat", image)
    service.dedupe_set(collection.ledger, collection.folder, 31, "list")
    before = moving.apply(collection.ledger, collection.folder)
    service.dedupe_set(collection.ledger, collection.folder, 0, "list")
    assert (before, moving.apply(collection.ledger, collection.folder)) == (1, 1)
    assert len(files(collection.folder)) == 2


def test_a_kill_between_file_and_ledger_is_made_good(collection: Collection) -> None:
    items = [collection.add("cat", encoded(drawn(7, (640, 480)), quality=q)) for q in (95, 60)]
    service.dedupe_set(collection.ledger, collection.folder, 31, "list")
    target = moving.rejects(collection.folder) / items[1].path
    target.parent.mkdir(parents=True)
    (collection.folder / items[1].path).replace(target)
    assert moving.apply(collection.ledger, collection.folder) == 1
    assert {(collection.folder / item.path).is_file() for item in collection.ledger.dataset.pictures()} == {True}


def test_a_persons_word_is_not_overruled(collection: Collection) -> None:
    small, large = (collection.add("cat", drawn(3, (640, 480)).resize(size)) for size in ((320, 240), (640, 480)))
    other: Row = collection.add("cat", drawn(4))
    collection.ledger.dataset.review(small.sha256, "cat", "keep")
    collection.ledger.dataset.review(other.sha256, "cat", "drop")
    service.dedupe_set(collection.ledger, collection.folder, 31, "list")
    assert left_out(collection) == {other.sha256: ("set.dropped", "")}
    collection.ledger.dataset.review(small.sha256, "cat", "")
    service.dedupe_set(collection.ledger, collection.folder, 31, "list")
    assert left_out(collection)[small.sha256] == ("set.near_duplicate", large.sha256)


@pytest.mark.parametrize("word", ["drop", "keep"])
@pytest.mark.parametrize("moved", [False, True])
@pytest.mark.parametrize("again", [False, True], ids=["", "decided-again"])
def test_a_word_that_is_taken_back_leaves_what_a_rule_decided(
    collection: Collection, word: str, moved: bool, again: bool
) -> None:
    large, small = (collection.add("cat", drawn(3, (640, 480)).resize(size)) for size in ((640, 480), (320, 240)))
    service.dedupe_set(collection.ledger, collection.folder, 31, "list")
    before = collection.ledger.dataset.verdicts()
    assert [(verdict.sha256, verdict.kept) for verdict in before] == [(small.sha256, large.sha256)]
    if moved:
        moving.apply(collection.ledger, collection.folder)
    for said in (word, "drop", word):
        collection.ledger.dataset.review(small.sha256, "cat", said)
    assert {sha: reason for sha, (reason, _) in left_out(collection).items()} == (
        {small.sha256: "set.dropped"} if word == "drop" else {}
    )
    if again:
        service.dedupe_set(collection.ledger, collection.folder, 31, "list")
    if moved:
        moving.apply(collection.ledger, collection.folder)
    collection.ledger.dataset.review(small.sha256, "cat", "")
    assert collection.ledger.dataset.verdicts() == before
    moving.apply(collection.ledger, collection.folder)
    assert len(files(collection.folder)) == 1
    collection.ledger.dataset.review(small.sha256, "cat", "")
    assert collection.ledger.dataset.verdicts() == before, "there is no word to take back"
    moving.undo(collection.ledger, collection.folder)
    assert len(files(collection.folder)) == 2


def test_a_file_that_is_no_picture_any_more_is_told_and_left_out(collection: Collection) -> None:
    item = collection.add("cat", drawn(3))
    (collection.folder / item.path).write_bytes(b"not a picture")
    done = service.dedupe_set(collection.ledger, collection.folder, 31, "list")
    assert (done.unreadable, done.pictures) == (1, 0)
    assert left_out(collection) == {item.sha256: ("set.unreadable", "")}


@pytest.mark.usefixtures("pictures_in_processes")
def test_many_files_are_hashed_in_processes(collection: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(40):
        collection.add("cat", drawn(number, (160, 120)))
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(service, "_BATCH", 10)
    service.hash_set(collection.ledger, collection.folder, lambda done, of: told.append((done, of)))
    assert len(collection.ledger.alike.read()) == 40
    assert told == [(10, 40), (20, 40), (30, 40), (40, 40)]


def test_junk_is_named_with_its_reason(collection: Collection) -> None:
    fine = collection.add("cat", drawn(3))
    empty = collection.add("cat", Image.new("RGB", (300, 200), "white"))
    banner = collection.add("cat", drawn(4, (900, 60)))
    tiny = collection.add("cat", drawn(5, (40, 20)))
    stand_in = collection.add("cat", drawn(6), url="http://a.test/1.jpg")
    for number, label in enumerate(("cat", "dog", "tree", "boat")):
        collection.add(label, drawn(6), url=f"http://host{number}.test/x.jpg")
        collection.add(label, drawn(3), url=f"http://one.test/{label}.jpg")
    service.filter_set(collection.ledger, collection.folder, filter.Limits())
    assert left_out(collection) == {
        empty.sha256: ("set.empty", ""),
        banner.sha256: ("set.aspect", ""),
        tiny.sha256: ("set.small", ""),
        stand_in.sha256: ("set.placeholder", ""),
    }
    assert fine.sha256 not in left_out(collection), "one host may well show a picture for many keywords"
    service.filter_set(
        collection.ledger, collection.folder, filter.Limits(hosts=0, min_detail=0, max_aspect=0, min_side=0)
    )
    assert left_out(collection) == {}


def test_a_set_is_split_once_and_for_all(collection: Collection) -> None:
    scheme = split.parse_scheme("train=0.5,test=0.5")
    for number in range(10):
        collection.add("cat", drawn(number, (640, 480)))
    first = service.split_set(collection.ledger, collection.folder, scheme, 31)
    assert first.counts == (("cat", (("train", 5), ("test", 5))),)
    given = dict(collection.ledger.splits.given(scheme.name))
    twin = collection.add("cat", drawn(3, (640, 480)).resize((320, 240)))
    again = service.split_set(collection.ledger, collection.folder, scheme, 31)
    kept = dict(collection.ledger.splits.given(scheme.name))
    assert again.kept == 10
    assert {sha256: kept[sha256] for sha256 in given} == given
    assert kept[twin.sha256] == given[next(i.sha256 for i in collection.ledger.dataset.pictures() if i.rank == 4)]
    assert again.leaks.clusters == 1


def test_what_was_found_near_is_kept_until_pictures_or_hashes_change(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    alike = collection.ledger.alike
    picture = drawn(3, (640, 480))
    first = collection.add("cat", picture)
    second = collection.add("cat", picture.resize((320, 240)))
    service.dedupe_set(collection.ledger, collection.folder, 31, "list")
    known = alike.near_pairs(31, mirrored=False)
    assert known is not None
    assert known.tolist() == [sorted((first.id, second.id))]
    assert alike.near_pairs(30, mirrored=False) is None and alike.near_pairs(31, mirrored=True) is None
    with monkeypatch.context() as patch:
        patch.setattr(near, "pairs", None)
        service.dedupe_set(collection.ledger, collection.folder, 31, "list")
        service.split_set(collection.ledger, collection.folder, split.parse_scheme("train=0.5,test=0.5"), 31)
    collection.add("cat", drawn(4))
    assert alike.near_pairs(31, mirrored=False) is None, "a picture more"
    service.dedupe_set(collection.ledger, collection.folder, 31, "list")
    assert alike.near_pairs(31, mirrored=False) is not None
    alike.remember_hashes([(first.sha256, "00" * 32, 100, "00" * 32)])
    assert alike.near_pairs(31, mirrored=False) is None, "another hash"


def test_what_was_found_near_is_not_told_of_other_pictures(collection: Collection) -> None:
    first, _ = (collection.add("cat", drawn(number)) for number in (3, 4))
    ledger = collection.ledger
    told = functools.partial(ledger.alike.near_pairs, 31, mirrored=False)

    def search_again() -> None:
        service.dedupe_set(ledger, collection.folder, 31, "list")
        assert told() is not None

    search_again()
    ledger.maintenance.lost([first])
    collection.add("cat", drawn(5))
    assert told() is None, "as many as before, and others"
    search_again()
    ledger.alike.remember_sketches([(first.sha256, bytes(3 * 24 * 24))])
    assert told() is None, "a flat picture's sketch more"
    search_again()
    ledger.dataset.forget_looks([first.sha256])
    assert told() is None, "what was found out about one of them is gone"


def test_mirror_images_are_found_where_they_are_asked_for(collection: Collection) -> None:
    picture = drawn(13, (640, 480))
    kept = collection.add("cat", picture)
    mirrored = collection.add("cat", encoded(ImageOps.mirror(picture).resize((320, 240)), quality=80))
    collection.add("cat", drawn(14))
    scheme = split.parse_scheme("train=0.5,test=0.5")
    service.split_set(collection.ledger, collection.folder, scheme, 31, mirrored=True)
    given = collection.ledger.splits.given(scheme.name)
    assert given[kept.sha256] == given[mirrored.sha256]
    assert service.dedupe_set(collection.ledger, collection.folder, 31, "list").groups == 0
    done = service.dedupe_set(collection.ledger, collection.folder, 31, "list", mirrored=True)
    assert [(v.sha256, v.kept) for v in done.verdicts] == [(mirrored.sha256, kept.sha256)]
    gap = int(done.verdicts[0].detail.partition(" ")[0])
    assert gap <= 31
