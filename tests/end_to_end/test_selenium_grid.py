"""A real Selenium Grid under a run: a node dies, the hub goes away and comes back. `bench/grid.py` has longer ones."""

from __future__ import annotations

import sqlite3
import threading
import time
from pathlib import Path

import pytest

from collector.browser.driver import Installation
from tests.support.command import Desk
from tests.support.selenium_grid import SeleniumGrid, missing

KEYWORDS = 6


@pytest.mark.browser
@pytest.mark.skipif(bool(missing()), reason=missing())
def test_a_node_that_dies_and_a_hub_that_restarts_cost_no_keyword(tmp_path: Path, installation: Installation) -> None:
    desk = Desk(tmp_path / "desk")
    desk.write("queries.csv", "".join(f"keyword {number}\n" for number in range(KEYWORDS)))
    with SeleniumGrid(tmp_path, installation, slots=1) as grid:

        def disturb() -> None:
            grid.wait(lambda status: status.free == 0)
            grid.kill("node 2")
            time.sleep(1)  # Searches meet the dead node first.
            grid.kill("hub")
            grid.start("hub")  # It answers only when Java has begun, seconds later.

        trouble = threading.Thread(target=disturb)
        trouble.start()
        flags = ("--browsers", "4", "--limit", "20", "--practice", "--grid", grid.address)
        ended = desk.run("search", "queries.csv", *flags)
        trouble.join()
        assert ended.code == 0, ended.err
        assert "the grid has 2 browsers at once: so many are used, not 4" in ended.err
    with sqlite3.connect(desk.images / "collector.db") as ledger:
        assert ledger.execute("SELECT state, count(*) FROM search GROUP BY state").fetchall() == [("enough", KEYWORDS)]
