"""After a run that died: orphans go, and what a dead machine did not keep is fetched again."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from collector.ledger import Ledger
from collector.maintenance import startup
from collector.maintenance.checkpoint import Checkpoints
from collector.maintenance.startup import Mended, after_unclean_stop
from tests.maintenance.conftest import Shelf
from tests.support.invariants import judge


def rebooted() -> str:
    return "another boot"


def test_a_good_end_leaves_nothing_to_look_at(shelf: Shelf) -> None:
    with Ledger.open(shelf.folder) as ledger:
        startup.begin(ledger)
        startup.end(ledger)
        shelf.files()[0].unlink()
        assert after_unclean_stop(ledger, shelf.folder) == Mended(), "not a file is touched"


def test_a_dead_machine_costs_what_was_not_flushed_and_no_more(shelf: Shelf) -> None:
    shelf.die()
    torn, empty, gone, whole = shelf.files()
    torn.write_bytes(torn.read_bytes()[:100] + bytes(len(torn.read_bytes()) - 100))
    empty.write_bytes(b"")
    gone.unlink()
    with Ledger.open(shelf.folder) as ledger:
        assert after_unclean_stop(ledger, shelf.folder, rebooted) == Mended(0, 3, 4)
        (_, opened) = ledger.work.open_queries(1, -1, 10)[0]
        assert opened.saved == 1
        assert ledger.maintenance.unsynced() == (0, [])
    assert shelf.files() == [whole]
    assert not judge(shelf.folder, decode=False)


def test_a_link_that_leads_out_in_the_place_of_a_lost_picture_is_set_aside(shelf: Shelf) -> None:
    shelf.die()
    linked, *whole = shelf.files()
    theirs = shelf.folder.parent / "theirs.jpg"
    theirs.write_bytes(b"theirs")
    linked.unlink()
    linked.symlink_to(theirs)
    with Ledger.open(shelf.folder) as ledger:
        assert after_unclean_stop(ledger, shelf.folder, rebooted) == Mended(0, 1, 4)
    assert linked.with_name(f"{linked.name}.altered").readlink() == theirs
    assert theirs.read_bytes() == b"theirs"
    assert not linked.is_symlink() and all(file.is_file() for file in whole)


def test_a_dead_process_costs_no_hashing(shelf: Shelf) -> None:
    shelf.die()
    with Ledger.open(shelf.folder) as ledger:
        assert after_unclean_stop(ledger, shelf.folder) == Mended()
        assert len(ledger.maintenance.unsynced()[1]) == 4, "still to be flushed by the next checkpoint"


def test_what_was_flushed_is_believed_after_a_power_cut(shelf: Shelf) -> None:
    with Ledger.open(shelf.folder) as ledger:
        startup.begin(ledger)
        Checkpoints(ledger, shelf.folder).close()
        assert after_unclean_stop(ledger, shelf.folder, rebooted) == Mended()


def test_a_machine_that_dies_after_a_hurried_end_is_noticed_too(shelf: Shelf) -> None:
    with Ledger.open(shelf.folder) as ledger:
        startup.begin(ledger)
        startup.end(ledger)
        shelf.files()[0].write_bytes(b"")
        assert after_unclean_stop(ledger, shelf.folder, rebooted) == Mended(0, 1, 4)


def test_where_the_boot_is_not_known_the_worst_is_assumed(shelf: Shelf) -> None:
    shelf.die()
    shelf.files()[0].unlink()
    with Ledger.open(shelf.folder) as ledger:
        assert after_unclean_stop(ledger, shelf.folder, lambda: "").lost == 1


def test_orphans_go_and_what_is_the_users_stays(shelf: Shelf) -> None:
    shelf.die()
    body = b"a picture that was named and not recorded"
    orphan = shelf.folder / "cat" / f"{sha256(body).hexdigest()[:32]}.jpg"
    orphan.write_bytes(body)
    alone = shelf.folder / "dog" / orphan.name
    alone.parent.mkdir()
    alone.write_bytes(body)
    torn = shelf.folder / "cat" / f"{'0' * 32}.jpg"
    torn.write_bytes(b"")
    mine = shelf.folder / "cat" / "my own.jpg"
    mine.write_bytes(b"mine")
    named_like_ours = shelf.folder / "cat" / f"{'a' * 32}.jpg"
    named_like_ours.write_bytes(b"named by its MD5")
    old = shelf.folder / "old" / orphan.name
    old.parent.mkdir()
    old.write_bytes(body)
    for path in (old, old.parent):
        os.utime(path, (time.time() - 10_000,) * 2)
    copy = shelf.folder / "old" / shelf.files()[0].name
    copy.write_bytes(b"a copy of a picture that has its row elsewhere")
    with Ledger.open(shelf.folder) as ledger:
        assert after_unclean_stop(ledger, shelf.folder).orphans == 3
    assert [path.exists() for path in (orphan, alone.parent, torn)] == [False] * 3
    assert all(path.exists() for path in (mine, named_like_ours, old, copy))


def test_a_clock_that_goes_back_during_a_run_hides_no_orphan(shelf: Shelf) -> None:
    with Ledger.open(shelf.folder) as ledger:
        startup.begin(ledger, datetime.now(UTC) + timedelta(days=1))
        Checkpoints(ledger, shelf.folder, lambda: 0.0).tick(10**6)
        body = b"written after the jump"
        orphan = shelf.folder / "cat" / f"{sha256(body).hexdigest()[:32]}.jpg"
        orphan.write_bytes(body)
        assert after_unclean_stop(ledger, shelf.folder).orphans == 1


def test_checkpoints_come_by_count_and_by_time_and_wait_for_nobody(shelf: Shelf) -> None:
    now = 0.0
    with Ledger.open(shelf.folder) as ledger:
        checkpoints = Checkpoints(ledger, shelf.folder, lambda: now)
        checkpoints.tick(4)
        assert len(ledger.maintenance.unsynced()[1]) == 4, "too few, too soon"
        now = 61.0
        checkpoints.tick(0)
        ends = time.monotonic() + 20
        while ledger.maintenance.unsynced()[1] and time.monotonic() < ends:
            checkpoints.tick(0)
        assert ledger.maintenance.unsynced()[1] == []
        shelf.save(ledger, shelf.tasks[-1])
        checkpoints.close()
        assert ledger.maintenance.unsynced()[1] == []


def test_a_disk_that_refuses_is_told_and_nothing_counts_as_flushed(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(folder: Path, paths: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("collector.ledger.disk.flush", refuse)
    with Ledger.open(shelf.folder) as ledger:
        with pytest.raises(OSError, match="Input/output"):
            Checkpoints(ledger, shelf.folder).close()
        assert len(ledger.maintenance.unsynced()[1]) == 4
