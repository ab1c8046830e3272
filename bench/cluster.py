"""A fetch into a store beside the product's own fetch and export, on the same pictures, in turns.

    python bench/cluster.py                   5,000 pictures, three rounds
    python bench/cluster.py --pictures 1000 --rounds 1

`folder`: collector fetch, then collector export webdataset. `local`: collector fetch --store. `ray`: the same with --on
ray, on a cluster of two machines of one core each that is started before (its start and its daemons are not counted).
`fetch`: collector fetch alone. `central`: the same with --central --on ray.
Wall and CPU are the whole process's and its children's; for `ray`, CPU is what the pieces say their workers spent, and
for `central` what the process with the ledger spent.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections import defaultdict
from pathlib import Path
from typing import Any

import _peers
import fetch
from _fixture import Fixture
from _nginx import Nginx, missing

COMMAND = [sys.executable, "-m", "collector"]
PRICE = 0.04
"""Dollars for a core and hour, as cc2dataset's README reckons."""


def prepared(fixture: Fixture, scratch: Path) -> Path:
    """A folder whose ledger has all URLs to do."""
    out = Path(tempfile.mkdtemp(dir=scratch))
    listed = scratch / "urls.txt"
    listed.write_text("\n".join(fixture.urls("web")) + "\n")
    subprocess.run([*COMMAND, "urls", "--import", str(listed), "--out", str(out)], **fetch.QUIETLY)
    return out


def once(way: str, fixture: Fixture, scratch: Path) -> tuple[float, float]:
    """(wall, CPU) seconds of one way."""
    out = prepared(fixture, scratch)
    store = f"file://{out}-set"
    try:
        command = [*COMMAND, "fetch", "--out", str(out), "--allow-private", "--quiet"]
        if way in ("fetch", "central"):
            wall, cpu, _, _ = fetch.timed([*command, *(["--central", "--on", "ray"] if way == "central" else [])])
            saved = sum(1 for file in out.rglob("*.jpg"))
            assert saved == fixture.count, saved
            return wall, cpu
        if way == "folder":
            wall, cpu, _, _ = fetch.timed(command)
            more, spent, _, _ = fetch.timed([*COMMAND, "export", "webdataset", f"{out}-set", "--out", str(out)])
            return wall + more, cpu + spent
        size = str(len(fixture.urls("web")) // 4 + 1)
        wall, cpu, _, _ = fetch.timed([*command, "--store", store, "--on", way, "--partition-size", size])
        from collector import accounts

        kept = accounts(store)
        assert kept.closes, kept.missing
        assert kept.states == {"saved": fixture.count}, kept.states
        return wall, kept.cpu_seconds if way == "ray" else cpu
    finally:
        shutil.rmtree(out)
        shutil.rmtree(f"{out}-set", ignore_errors=True)


def two_machines() -> Any:
    """A cluster on this machine that the runs find by RAY_ADDRESS; None without Ray."""
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
    try:
        from ray.cluster_utils import Cluster
    except ImportError:
        print("ray is not installed: without it")
        return None
    few = {"object_store_memory": 150 << 20, "include_dashboard": False}
    started = time.perf_counter()
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **few})
    for _ in range(2):
        cluster.add_node(num_cpus=1, object_store_memory=150 << 20)
    print(f"cluster of two machines up after {time.perf_counter() - started:.1f} s")
    _peers.ENVIRONMENT["RAY_ADDRESS"] = cluster.address
    return cluster


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "collector-bench")
    chosen = parser.parse_args()
    if lack := missing():
        print(lack)
        sys.exit(2)
    fixture = Fixture(chosen.folder / "pictures", chosen.pictures)
    place = fetch.in_memory() or chosen.folder
    with warnings.catch_warnings(), Nginx(fixture.folder), tempfile.TemporaryDirectory(dir=place) as scratch:
        warnings.simplefilter("ignore")  # Ray's own
        os.environ["TMPDIR"] = _peers.ENVIRONMENT["TMPDIR"] = (
            scratch  # Pieces are made on the disk that folders are on.
        )
        cluster = two_machines()
        figures: dict[str, list[tuple[float, float]]] = defaultdict(list)
        for _ in range(chosen.rounds):
            for way in ("folder", "local", *(["ray"] if cluster else []), "fetch", *(["central"] if cluster else [])):
                figures[way].append(once(way, fixture, Path(scratch)))
        if cluster:
            cluster.shutdown()
    print(f"\n{chosen.pictures:,} pictures, {os.cpu_count()} cores, median of {chosen.rounds}\n")
    print("| way | wall s | CPU s | CPU ms a picture | wall beside |\n|---|---|---|---|---|")
    medians = {way: tuple(map(statistics.median, zip(*found, strict=True))) for way, found in figures.items()}
    for way, (wall, cpu) in medians.items():
        beside = "fetch" if way in ("fetch", "central") else "folder"
        slower = "" if way == beside else f"{100 * (wall / medians[beside][0] - 1):+.0f} % {beside}"
        print(f"| {way} | {wall:.1f} | {cpu:.1f} | {1000 * cpu / chosen.pictures:.2f} | {slower} |")
    each = 1000 * medians["ray" if cluster else "local"][1] / chosen.pictures
    mean = statistics.mean(size for name, (_, size) in fixture.facts.items() if name.startswith("web/"))
    print(f"\nComputed from `{'ray' if 'ray' in figures else 'local'}`, {mean / 1024:.0f} KB a picture:\n")
    print("| pictures | core-hours | $ | TB |\n|---|---|---|---|")
    for number in (10**6, 10**8, 10**9):
        hours = number * each / 3.6e6
        print(f"| {number:,} | {hours:,.1f} | {hours * PRICE:,.2f} | {number * mean / 1e12:,.1f} |")


if __name__ == "__main__":
    main()
