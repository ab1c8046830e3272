"""A ledger of a million URLs: how long it takes to open, plan and resume, and how much memory.

    python bench/ledger.py            1,000,000 URLs under 10,000 keywords, half of them fetched (about 2 minutes)
    python bench/ledger.py --short    100,000 URLs

Resuming is everything `collector fetch` does before its first request: lock, open, clean up, take up what is to do,
read the first window of queries and their first URLs. Each step runs in a process of its own, on a file just written.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from collector.crawl import assemble
from collector.ledger import Ledger
from collector.model import Hit, Query
from collector.settings import FetchSettings, Settings
from collector.urls import url_key

PER_KEYWORD = 100


def fill(folder: Path, urls: int, keywords: int) -> None:
    """Import the URLs; mark every other one as fetched, as runs would have left it."""
    import sqlite3

    def pairs() -> Iterator[tuple[str, Hit]]:
        for n in range(urls):
            url = f"https://pictures{n % 5003}.example/gallery/{n}/picture-{n}.jpg"
            yield f"keyword {n % keywords}", Hit(url, url_key(url))

    with Ledger.open(folder) as ledger:
        ledger.intake.import_hits(pairs())
    with sqlite3.connect(folder / "collector.db") as connection:
        connection.execute(
            """INSERT INTO outcome (found_id, state, path, sha256, attempts, http_status, ended_at)
               SELECT id, 'saved', 'keyword ' || query_id || '/' || printf('%032x', id) || '.jpg',
                 printf('%064x', id), 1, 200, '2026-01-01T00:00:00.000Z'
               FROM found WHERE id % 2 = 0"""
        )
    connection.close()


def step(name: str, folder: Path, keywords: int, limit: int) -> None:
    """One step in this process; prints seconds and peak memory as JSON."""
    started = time.perf_counter()
    if name == "open":
        Ledger.open(folder).close()
    elif name == "plan":
        with Ledger.open(folder) as ledger:
            ledger.work.plan([Query(f"keyword {n}", f"keyword {n}", limit) for n in range(keywords)])
    elif name == "resume":
        settings = Settings(out=folder, fetch=FetchSettings(threads=64))
        with assemble.open_collection(folder) as ledger:
            number = ledger.work.take_up_all()
            ledger.stats.progress(number)
            run = assemble.build_run(ledger, number, settings, search=False, fetch=True)
            run._take_up()
            assert len(run._frontier.next_tasks(64)) == 64
            ready = time.perf_counter() - started
        print(json.dumps([ready, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]))
        return
    elif name == "status":
        with Ledger.read(folder) as ledger:
            assert ledger.stats.digest().keywords == keywords
    elif name == "status --json":
        with Ledger.read(folder) as ledger:
            assert sum(1 for _ in ledger.stats.tallies()) == keywords
    print(json.dumps([time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--step")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--keywords", type=int)
    parser.add_argument("--limit", type=int)
    chosen = parser.parse_args()
    if chosen.step:
        step(chosen.step, chosen.folder, chosen.keywords, chosen.limit)
        return
    urls = 100_000 if chosen.short else 1_000_000
    print(f"{time.strftime('%Y-%m-%d %H:%M')}, `python bench/ledger.py {' '.join(sys.argv[1:])}`: {urls:,} URLs\n")
    print("| keywords | step | seconds | peak MB | |\n|---|---|---|---|---|")
    for keywords in (urls // PER_KEYWORD, 1):
        folder = Path(tempfile.mkdtemp(prefix="collector-ledger-"))
        try:
            started = time.perf_counter()
            fill(folder, urls, keywords)
            size = (folder / "collector.db").stat().st_size / 1e6
            print(f"| {keywords:,} | import | {time.perf_counter() - started:.1f} | | {size:.0f} MB file |", flush=True)
            for name in ("open", "plan", "resume", "status", "status --json"):
                command = [sys.executable, __file__, "--step", name]
                done = subprocess.run(
                    [
                        *(*command, "--folder", str(folder), "--keywords", str(keywords)),
                        *("--limit", str(urls // keywords)),
                    ],
                    check=True,
                    capture_output=True,
                    text=True,
                )
                seconds, memory = json.loads(done.stdout)
                print(f"| {keywords:,} | {name} | {seconds:.2f} | {memory / 1000:.0f} | |", flush=True)
        finally:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
