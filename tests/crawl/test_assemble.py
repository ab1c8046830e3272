"""A folder in use: what its end leaves, whichever it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.crawl.assemble import open_collection
from collector.errors import DiskError, LedgerBusy
from collector.fetch.parts import write_part


@pytest.mark.parametrize("trouble", [DiskError("the disk is full"), LedgerBusy("held by another program")])
def test_an_end_by_an_error_leaves_no_part_files(tmp_path: Path, trouble: Exception) -> None:
    with pytest.raises(type(trouble)), open_collection(tmp_path):
        write_part(tmp_path, "00ff", b"half a picture")
        raise trouble
    assert not list(tmp_path.glob(".collector-*.part"))
