"""Whole crawls of sites, on loopback doubles that answer 250-300 ms late: pages and pictures, start to end.

    python bench/sites.py                 TIME's covers: ours at 8 and at 64 connections per host (about 4 minutes)
    python bench/sites.py --peers         Scrapy's own spider with its files pipeline beside it (about 8 minutes)
    python bench/sites.py --covers 400    fewer covers
    python bench/sites.py --short         300 covers at 64 connections, and the imgur double (under half a minute)
    python bench/sites.py --only imgur    the imgur double: 100 entries, 152 files

Ours is the whole product, `python -m collector run` from a CSV row; both stages, checks, final names and every commit
included. Two hosts: pages from 127.0.0.1, pictures from localhost. Right: files with the bytes served, each once.
The mark is 143 s for 3,969 covers, which a much-copied Scrapy tutorial of 2015 reports for the real site.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
LATENCY = (0.25, 0.30)
PAGE_SIZE = 100
MARK = 143.0
MOST = 900.0
"""Seconds after which a run is cut off."""
Command = Callable[[str, Path], list[str]]
"""(address of the double, scratch folder) -> argv; pictures go below the scratch folder."""


@dataclass(frozen=True)
class Figures:
    """One run."""

    wall: float
    cpu: float
    right: int
    items: int
    requests: int
    most: int
    """Requests under way at once at the busier host."""


def serve(covers: int, channel: Any) -> None:
    """The double, in a process of its own; says its address, then counts whenever asked, until it is told to end."""
    from collector.practice import PracticeWeb
    from collector.practice.recipe import Double

    none: frozenset[int] = frozenset()
    double = Double(
        covers=covers,
        page_size=PAGE_SIZE,
        latency=LATENCY,
        without_picture=none,
        gone=none,
        same=none,
        undated=none,
    )
    with PracticeWeb(doubles={"recipe": double}) as web:
        channel.send(web.url)
        while channel.recv():
            log = web.log
            channel.send((len(log), _most(log)))


def _most(log: list[Any]) -> int:
    """Requests under way at once, of pages or of pictures, whichever are more."""
    most = 0
    for pictures in (False, True):
        edges = []
        for request in log:
            if ("/recipe/covers/" in request.path) is pictures and request.ended and request.path != "/robots.txt":
                edges += [(request.started, 1), (request.ended, -1)]
        running = 0
        for _, edge in sorted(edges):
            running += edge
            most = max(most, running)
    return most


def ours(connections: int) -> Command:
    """The product, from a row of a CSV."""

    def command(home: str, scratch: Path) -> list[str]:
        (scratch / "queries.csv").write_text("keyword,source\ntime-covers,recipe\n")
        return [
            *(sys.executable, "-m", "collector", "run", str(scratch / "queries.csv"), "--out", str(scratch / "images")),
            *("--allow-private", "--set", f"recipe.home={home}", "--set", f"recipe.connections={connections}"),
            *("--set", f"fetch.per_host={connections}"),
        ]

    return command


def scrapy(venv: Path, connections: int) -> Command:
    """Scrapy's own spider."""
    spider = str(ROOT / "bench" / "_scrapy_time.py")
    return lambda home, scratch: [str(venv / "bin" / "python"), spider, home, str(scratch), str(connections)]


def set_up(folder: Path) -> Path:
    """A virtual environment with Scrapy, made once."""
    venv = folder / "scrapy"
    if not (venv / "ready").exists():
        print("setting up scrapy ...", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(venv)], check=True)
        subprocess.run([str(venv / "bin" / "pip"), "install", "-q", "scrapy"], check=True)
        (venv / "ready").touch()
    return venv


def run(command: Command, covers: int) -> Figures:
    """One whole process, from start to end, against a double of its own."""
    context = get_context("spawn")
    here, there = context.Pipe()
    server = context.Process(target=serve, args=(covers, there))
    server.start()
    scratch = Path(tempfile.mkdtemp(prefix="bench-sites-"))
    try:
        address = here.recv()
        wall, cpu = timed(command(f"{address}/recipe", scratch), scratch)
        here.send(True)
        requests, most = here.recv()
        return Figures(wall, cpu, right(scratch, covers), items(scratch), requests, most)
    finally:
        with suppress(OSError):
            here.send(False)
        server.join(10)
        shutil.rmtree(scratch, ignore_errors=True)


def timed(command: list[str], scratch: Path) -> tuple[float, float]:
    """(wall seconds, CPU seconds of it and its children)."""
    before, started = os.times(), time.perf_counter()
    with (scratch / "log").open("wb") as log:
        done = subprocess.run(command, cwd=ROOT, stdout=log, stderr=log, timeout=MOST, check=False)
    wall, after = time.perf_counter() - started, os.times()
    if done.returncode:
        print((scratch / "log").read_text(errors="replace")[-2000:])
    cpu = after.children_user - before.children_user + after.children_system - before.children_system
    return wall, cpu


def right(scratch: Path, covers: int) -> int:
    """Files with the bytes of a cover, each cover once."""
    from collector.practice.recipe import Double, jpeg

    double = Double(covers=covers, same=frozenset())
    wanted = {jpeg(double.file(number)) for number in range(covers)}
    return len(wanted & {file.read_bytes() for file in scratch.rglob("*.jpg")})


def items(scratch: Path) -> int:
    """Entries with a title and a date in the ledger, or in output.json."""
    listed = scratch / "output.json"
    if listed.exists():
        return sum(bool(item["title"] and item["pubDate"]) for item in json.loads(listed.read_text() or "[]"))
    from collector.ledger import Ledger, Which

    with Ledger.read(scratch / "images") as ledger:
        return sum(bool(entry.title and entry.published) for entry in ledger.dataset.rows(Which(source="recipe")))


def time_covers(arguments: argparse.Namespace) -> None:
    """The table."""
    ways: dict[str, Command] = {f"ours, {count} per host": ours(count) for count in arguments.connections}
    if arguments.peers:
        venv = set_up(arguments.folder)
        ways |= {f"Scrapy, {count} per host": scrapy(venv, count) for count in arguments.connections}
    print(
        f"{arguments.covers:,} covers, {PAGE_SIZE} a listing page, {LATENCY[0] * 1000:g}-{LATENCY[1] * 1000:g} ms late"
    )
    pages = arguments.covers + -(-arguments.covers // PAGE_SIZE) + 1
    mean = sum(LATENCY) / 2
    floors = ", ".join(f"{pages * mean / count:.1f} s at {count}" for count in arguments.connections)
    print(f"{pages:,} pages from one host; nobody can be quicker than {floors} per host")
    print(f"{'':24} {'seconds':>9} {'CPU s':>7} {'right':>7} {'items':>7} {'requests':>9} {'at once':>8}")
    for name, command in ways.items():
        runs = [run(command, arguments.covers) for _ in range(arguments.runs)]
        wall = statistics.median(figures.wall for figures in runs)
        one = min(runs, key=lambda figures: abs(figures.wall - wall))
        print(
            f"{name:24} {wall:9.1f} {one.cpu:7.1f} {one.right:7,} {one.items:7,} {one.requests:9,} {one.most:8}",
            flush=True,
        )
    print(f"mark: {MARK:g} s for 3,969 covers with 8 per host")


def imgur() -> None:
    """A page of 100 entries, albums opened."""
    from collector.practice import PracticeWeb

    with tempfile.TemporaryDirectory() as folder, PracticeWeb() as web:
        queries = Path(folder) / "queries.csv"
        queries.write_text("keyword,source,limit\nr/funny,imgur,152\n")
        command = [sys.executable, "-m", "collector", "run", str(queries), "--out", f"{folder}/images"]
        command += ["--allow-private", "--set", f"imgur.home={web.url}/imgur", "--set", "imgur.client_id=practice"]
        wall, _ = timed(command, Path(folder))
        kinds = Counter(file.suffix for file in Path(folder, "images").glob("*/*"))
        print(f"imgur: {sum(kinds.values())} of 152 files in {wall:.1f} s ({dict(kinds)})")


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--covers", type=int, default=3969)
    parser.add_argument("--connections", type=lambda text: [int(part) for part in text.split(",")], default=[8, 64])
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--only", choices=["time", "imgur"], default="")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "bench-sites", help="for Scrapy")
    parser.add_argument("--short", action="store_true")
    arguments = parser.parse_args()
    if arguments.short:
        arguments.covers, arguments.connections = 300, [64]
    if arguments.only != "imgur":
        time_covers(arguments)
    if arguments.only != "time":
        imgur()


if __name__ == "__main__":
    main()
