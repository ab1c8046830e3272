"""What kind of disk is under a folder, and what follows from it for the ledger."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from collector.ledger import Ledger, disk, schema
from tests.support.values import query

MOUNTS = [
    ("/", "ext4"),
    ("/srv", "nfs4"),
    ("/srv/fast", "xfs"),
    ("/mnt/share", "ext4"),
    ("/mnt/share", "CIFS"),
    ("/home", "fuse.sshfs"),
]


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/srv/images", "nfs4"),
        ("/srv/fast/images", ""),
        ("/srvimages", ""),
        ("/mnt/share", "cifs"),
        ("/home/ann/images", "fuse.sshfs"),
        ("/images", ""),
    ],
)
def test_a_network_file_system_is_told_from_its_mount_point(folder: str, kind: str) -> None:
    assert disk.network(Path(folder), MOUNTS) == kind


def test_the_system_is_asked_for_its_mounts(tmp_path: Path) -> None:
    assert disk.network(tmp_path) in ("", *disk.NETWORK)


def test_a_ledger_without_write_ahead_log_is_written_and_read_at_once(tmp_path: Path) -> None:
    path = tmp_path / "collector.db"
    connection = sqlite3.connect(path, isolation_level=None)
    schema.prepare(connection, "TRUNCATE")
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("truncate",)
    with Ledger(connection) as ledger:
        ledger.work.plan([query("cat")])
        with Ledger.inspect(tmp_path) as other:
            assert [tally.keyword for tally in other.stats.tallies()] == ["cat"]
        ledger.work.plan([query("dog")])
    assert not path.with_name("collector.db-wal").exists()
