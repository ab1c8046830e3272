"""A gallery of originals over a line of 100 Mbit/s, beside the sequential way, on the double of DeviantArt.

    python bench/deviantart.py            48 originals of 2190 x 2738 (about 40 seconds)
    python bench/deviantart.py --works 24
    python bench/deviantart.py --short    8 works

Ours is the whole product, `python -m collector run` from a CSV row: start-up, list, a look at every work, checks of
every picture, final names and commits included. The sequential way asks for the same list and the same works and takes
the same first candidate of each, over one kept connection, one file after the other, and checks nothing. The line is
shaped in the double's server by one token bucket over all connections; every picture waits 275 ms before its first
byte. The double's own lists answer at once. Correct: files whose bytes are the originals'.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

BITS = 100e6
LATENCY = 0.275
MOST = 50.0
"""Seconds after which a run is cut off."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--works", type=int, default=48)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--sequential", nargs=2, metavar=("HOME", "FOLDER"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    given.works = 8 if given.short else given.works
    if given.sequential:
        sequential(given.sequential[0], Path(given.sequential[1]))
        return

    from collector.practice import Knobs, PracticeWeb
    from collector.practice.deviantart import Double
    from collector.practice.deviantart_cdn import picture
    from collector.practice.deviantart_works import Piece

    pieces = [Piece(900_000_000 - n, f"Tower {n}", size=(2190, 2738), view=(1024, 1280)) for n in range(given.works)]
    bodies = [picture(piece, 1, None)[0] for piece in pieces]  # Drawn and kept beforehand.
    expected = {hashlib.sha256(body).hexdigest() for body in bodies}
    total = sum(map(len, bodies))
    print(f"{given.works} originals, {total / 1e6:.1f} MB; line {BITS / 1e6:g} Mbit/s, {LATENCY * 1000:g} ms a picture")
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    print("| way | seconds | MB/s | of the line | correct |\n|---|---|---|---|---|")
    ways: dict[str, Callable[[str], list[str]]] = {
        "collector, 24 workers": partial(ours, at_once=24),
        "collector, 8 at a host as it comes": partial(ours, at_once=8),
        "sequential": lambda home: [sys.executable, __file__, "--sequential", home, "images"],
    }
    for name, command in ways.items():
        with PracticeWeb(Knobs.calm(), doubles={"deviantart": Double(pieces, bits=BITS, latency=LATENCY)}) as web:
            seconds, files = measured(command(f"{web.url}/deviantart"))
        correct = len(expected & files)
        share = total / seconds / (BITS / 8)
        print(f"| {name} | {seconds:.1f} | {total / seconds / 1e6:.2f} | {share:.0%} | {correct} of {len(expected)} |")


def measured(command: list[str]) -> tuple[float, set[str]]:
    """(seconds, hashes of the files) of one run in a folder of its own, start-up included."""
    folder = Path(tempfile.mkdtemp(prefix="collector-bench-"))
    try:
        (folder / "queries.csv").write_text("keyword,source\nann,deviantart\n")
        began = time.monotonic()
        ended = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=MOST,
        )
        seconds = time.monotonic() - began
        if ended.returncode != 0:
            raise SystemExit(ended.stderr[-2000:])
        found = {hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("images/**/*.jpg")}
    finally:
        shutil.rmtree(folder)
    return seconds, found


def ours(home: str, at_once: int) -> list[str]:
    """The command line; the double may be asked as quickly as one likes."""
    sets = {
        "deviantart.home": home,
        "deviantart.rate": "0",
        "fetch.threads": "24",
        "fetch.per_host": str(at_once),
    }
    flags = [part for name, value in sets.items() for part in ("--set", f"{name}={value}")]
    return [sys.executable, "-m", "collector", "run", "--allow-private", *flags]


def sequential(home: str, folder: Path) -> None:
    """One connection, one file after the other: list, then for each work its details and its file."""
    import requests

    from collector.sources.deviantart.candidates import ladder

    folder.mkdir(parents=True)
    with requests.Session() as session:
        page = session.get(f"{home}/ann", timeout=30).text
        token = page.partition("__CSRF_TOKEN__ = '")[2].partition("'")[0]
        params: dict[str, str | int] = {"username": "ann", "type": "gallery", "all_folder": "true", "limit": 24}
        offset, more = 0, True
        while more:
            turn = {**params, "offset": offset, "csrf_token": token}
            got = session.get(f"{home}/_puppy/dashared/gallection/contents", params=turn, timeout=30).json()
            for work in got["results"]:
                asked: dict[str, str | int] = {"deviationid": work["deviationId"], "csrf_token": token}
                session.get(f"{home}/_puppy/dadeviation/init", params=asked, timeout=30).json()
                url = ladder(work["media"], work["deviationId"]).urls[0]
                with (
                    session.get(url, stream=True, timeout=30) as answer,
                    (folder / f"{offset}.part").open("wb") as file,
                ):
                    for block in answer.iter_content(1 << 16):
                        file.write(block)
                (folder / f"{offset}.part").rename(folder / f"{work['deviationId']}.jpg")
            offset, more = got["nextOffset"], got["hasMore"]


if __name__ == "__main__":
    main()
