"""Files become saved pictures, once and whole; the originals stay unless they are to be moved."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from collector.importers import folders
from collector.importers.entry import Entry
from collector.importers.pictures import GROUP, How, Intake, Known
from collector.ledger import Ledger
from collector.model import Duplicate, Failed, Outcome, Rejected, Saved, Skipped
from collector.settings import FetchSettings
from tests.support.misbehaving import parts, picture

pytestmark = pytest.mark.usefixtures("pictures_in_process")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "images"


@pytest.fixture
def ledger(out: Path) -> Iterator[Ledger]:
    with Ledger.open(out) as opened:
        yield opened


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """Three pictures, one of them twice under two classes, and junk."""
    root = tmp_path / "pets"
    for name, body in {
        "cat/1.jpg": picture(seed=1),
        "cat/2.png": picture("PNG", seed=2),
        "cat/copy of 1.jpeg": picture(seed=1),
        "cat/half.jpg": picture(seed=3, size=(200, 200))[:5000],
        "cat/page.jpg": b"<!doctype html><html>not found",
        "cat/empty.gif": b"",
        "dog/1.jpg": picture(seed=1),
        "dog/3.webp": picture("WEBP", seed=4),
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(body)
    return root


def take(ledger: Ledger, out: Path, root: Path, how: How = "copy", **settings: object) -> list[Outcome | Known]:
    chosen = FetchSettings(**settings)  # type: ignore[arg-type]
    entries = (entry for entry in folders.entries(root) if isinstance(entry, Entry))
    return list(Intake(ledger, out, chosen, how).take(entries))


def files(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def test_everything_has_one_outcome_and_the_originals_stay(ledger: Ledger, out: Path, pets: Path) -> None:
    before = files(pets)
    outcomes = take(ledger, out, pets)
    kinds = Counter(type(outcome) for outcome in outcomes)
    assert kinds == {Saved: 3, Duplicate: 2, Rejected: 3}
    reasons = {outcome.reason for outcome in outcomes if isinstance(outcome, Rejected)}
    assert reasons == {"image.truncated", "body.html", "body.empty"}
    duplicates = [outcome.reason for outcome in outcomes if isinstance(outcome, Duplicate)]
    assert duplicates == ["duplicate.same_label", "duplicate.other_label"]
    for outcome in outcomes:
        if isinstance(outcome, Saved):
            assert (out / outcome.path).read_bytes() == Path(outcome.task.url.removeprefix("file://")).read_bytes()
            assert outcome.attempt.via == "import"
    assert files(pets) == before and not parts(out)
    cat, dog = ledger.stats.tallies()
    assert (cat.keyword, cat.saved, cat.duplicate, cat.rejected, cat.limit) == ("cat", 2, 1, 3, 2)
    assert (dog.saved, dog.duplicate, dog.waiting) == (1, 1, 0)
    assert ledger.work.take_up_all() and not ledger.work.open_queries(int(ledger.note("run")), -1, 10), (
        "nothing is to fetch"
    )


def test_again_is_resuming(ledger: Ledger, out: Path, pets: Path) -> None:
    take(ledger, out, pets)
    (pets / "cat/4.jpg").write_bytes(picture(seed=9))
    again = take(ledger, out, pets)
    assert Counter(type(outcome) for outcome in again) == {Known: 5, Rejected: 3, Saved: 1}
    assert next(ledger.stats.tallies()).limit == 3


def test_links_share_the_bytes_and_moves_leave_only_what_was_not_saved(ledger: Ledger, out: Path, pets: Path) -> None:
    [first, *_] = [one for one in take(ledger, out, pets / "dog", "link") if isinstance(one, Saved)]
    assert (out / first.path).samefile(pets / "dog/1.jpg")
    moved = take(ledger, out, pets, "move")
    assert sum(isinstance(outcome, Saved) for outcome in moved) == 1
    assert files(pets) >= {"dog/1.jpg", "cat/1.jpg", "cat/half.jpg", "cat/page.jpg"}
    assert "cat/2.png" not in files(pets)
    assert not parts(out)


def test_an_orphan_of_a_killed_import_is_in_nobodys_way(ledger: Ledger, out: Path, pets: Path) -> None:
    [saved, *_] = [one for one in take(ledger, out, pets / "dog", "link") if isinstance(one, Saved)]
    with Ledger.open(out.parent / "other") as fresh:
        target = out.parent / "other" / saved.path
        target.parent.mkdir()
        os.link(pets / "dog/1.jpg", target)
        again = take(fresh, out.parent / "other", pets / "dog", "link")
        assert [type(outcome) for outcome in again] == [Saved, Saved]
        assert target.exists() and not parts(out.parent / "other")


def test_the_forgotten_the_small_and_the_unreadable(ledger: Ledger, out: Path, pets: Path) -> None:
    [saved, *_] = [one for one in take(ledger, out, pets / "dog") if isinstance(one, Saved)]
    ledger.maintenance.forget_picture(saved.picture.sha256)
    outcomes = take(ledger, out, pets)
    assert Counter(one.reason for one in outcomes if isinstance(one, Skipped)) == {"policy.forgotten": 2}
    (pets / "cat/5.jpg").write_bytes(picture(seed=5))
    small = take(ledger, out, pets, min_side=60)
    assert "image.too_small" in {one.reason for one in small if isinstance(one, Rejected)}
    gone = Entry("cat", next(folders.entries(pets)).hit, pets / "gone.jpg")  # type: ignore[union-attr]
    entries = iter([Entry("bird", gone.hit, gone.file)])
    [failed] = list(Intake(ledger, out, FetchSettings()).take(entries))
    assert isinstance(failed, Failed) and failed.reason == "file.unreadable"


def test_too_big_is_not_read_further(ledger: Ledger, out: Path, pets: Path) -> None:
    outcomes = take(ledger, out, pets, max_bytes=100)
    assert {one.reason for one in outcomes if isinstance(one, Rejected)} >= {"body.too_big"}


def test_what_was_committed_stays_when_it_is_stopped(ledger: Ledger, out: Path, tmp_path: Path) -> None:
    root = tmp_path / "many"
    (root / "cat").mkdir(parents=True)
    for number in range(GROUP + 10):
        (root / "cat" / f"{number:04}.png").write_bytes(picture("PNG", (8, 8), seed=number))
    entries = (entry for entry in folders.entries(root) if isinstance(entry, Entry))
    taking = Intake(ledger, out, FetchSettings()).take(entries)
    assert isinstance(next(taking), Saved)
    taking.close()
    assert next(ledger.stats.tallies()).saved == GROUP
    assert Counter(type(one) for one in take(ledger, out, root)) == {Known: GROUP, Saved: 10}
    assert not parts(out)


@pytest.mark.usefixtures("pictures_in_processes")
def test_a_file_that_takes_too_long_costs_itself_alone(ledger: Ledger, out: Path, tmp_path: Path) -> None:
    slow = tmp_path / "slow" / "cat"
    slow.mkdir(parents=True)
    (slow / "a.jpg").write_bytes(picture(seed=1))
    noise = Image.effect_noise((600, 600), 50).convert("RGB").resize((7000, 7000))
    noise.save(slow / "b.png", compress_level=1)
    (slow / "c.jpg").write_bytes(picture(seed=2))
    outcomes = take(ledger, out, slow.parent, decode_timeout=0.4, max_bytes=1 << 30)
    reasons = [outcome.reason if isinstance(outcome, Rejected) else "saved" for outcome in outcomes]
    assert reasons == ["saved", "image.decoder_timeout", "saved"]
