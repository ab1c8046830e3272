"""Search on a real Selenium Grid (hub, two nodes of two slots) that is disturbed: all keywords, and how much later.

    python bench/grid.py            all five runs (about six minutes)
    python bench/grid.py --short    12 keywords each (about three minutes)

Each run has the practice web, on this machine too. A run passes when it ends with 0, no keyword is left,
and it took no more than 1.5 times the undisturbed run of as many keywords and browsers, plus 30 s.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from collector.browser.driver import locate
from tests.support.selenium_grid import SeleniumGrid, missing

ROOT = Path(__file__).resolve().parents[1]
BEGUN = 12.0
"""Seconds into a run at which it is disturbed."""
AWAY = 3.0
"""Seconds that the hub is away."""


@dataclass(frozen=True)
class Scenario:
    """What is done to a grid during a run."""

    name: str
    keywords: int
    browsers: int
    trouble: Callable[[SeleniumGrid], None] = lambda _: None


def hub_away(grid: SeleniumGrid) -> None:
    """Killed, and started again."""
    grid.kill("hub")
    time.sleep(AWAY)
    grid.start("hub")


SCENARIOS = (
    Scenario("undisturbed, 24 keywords, 4 browsers", 24, 4),
    Scenario("node killed, 24 keywords, 4 browsers", 24, 4, lambda grid: grid.kill("node 2")),
    Scenario("undisturbed, 72 keywords, 4 browsers", 72, 4),
    Scenario("node frozen, 72 keywords, 4 browsers", 72, 4, lambda grid: grid.freeze("node 2")),
    Scenario("6 browsers on 4 slots, 72 keywords", 72, 6),
    Scenario("undisturbed, 72 keywords, 2 browsers", 72, 2),
    Scenario("hub away 3 s, 72 keywords, 2 browsers", 72, 2, hub_away),
)


def run(scenario: Scenario, keywords: int) -> tuple[int, float, int, str]:
    """(exit code, seconds, keywords with all their URLs, last line) of a search that is disturbed."""
    with tempfile.TemporaryDirectory(prefix="grid") as name:
        folder = Path(name)
        (folder / "queries.csv").write_text("".join(f"keyword {number}\n" for number in range(keywords)))
        with SeleniumGrid(folder, locate("", "")) as grid:
            command = [sys.executable, "-m", "collector", "search", "queries.csv", "--practice", "--grid", grid.address]
            command += ["--browsers", str(scenario.browsers), "--limit", "40"]
            before = time.monotonic()
            timer = threading.Timer(BEGUN, scenario.trouble, (grid,))
            with subprocess.Popen(
                command,
                cwd=folder,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            ) as process:
                timer.start()
                _, said = process.communicate()
            seconds = time.monotonic() - before
            timer.cancel()
            timer.join()
        with sqlite3.connect(folder / "images" / "collector.db") as ledger:
            states = "('enough', 'exhausted', 'empty')"
            [(done,)] = ledger.execute(f"SELECT count(*) FROM search WHERE state IN {states}")
        return process.returncode, seconds, done, (said.strip().splitlines() or [""])[-1]


def main() -> None:
    """Print a line for each run; end with 1 when one fails its mark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--only", default="", help="scenarios whose name holds this, and those they are held against")
    options = parser.parse_args()
    if lack := missing():
        print(f"skipped: {lack}")
        return
    undisturbed: dict[tuple[int, int], float] = {}
    failed = False
    for scenario in SCENARIOS:
        calm = scenario.name.startswith("undisturbed")
        if not calm and options.only not in scenario.name:
            continue
        keywords = 12 if options.short else scenario.keywords
        code, seconds, done, line = run(scenario, keywords)
        browsers = min(scenario.browsers, 4)
        if calm:
            undisturbed[keywords, browsers] = seconds
        mark = 1.5 * undisturbed[keywords, browsers] + 30
        good = code == 0 and done == keywords and seconds <= mark
        failed |= not good
        bound = "" if calm else f", mark {mark:.0f} s"
        print(
            f"{scenario.name}: exit {code}, {done} of {keywords}, {seconds:.1f} s{bound}{'' if good else f': {line}'}"
        )
    sys.exit(failed)


if __name__ == "__main__":
    main()
