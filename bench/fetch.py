"""The fetch stage beside other downloaders, on a real nginx on loopback.

    python bench/fetch.py                 all four kinds of work, ours only (about 5 minutes)
    python bench/fetch.py --short         fewer pictures, one run each (about 2 minutes)
    python bench/fetch.py --peers         the peers too, alternating with ours (about half an hour)
    python bench/fetch.py --only web,lat  some kinds of work
    python bench/fetch.py --against DIR   this checkout and another one, alternating: CPU of both, and their ratio
    python bench/fetch.py --parts         where the CPU of a picture goes
    python bench/fetch.py --memory 100000 resident memory over so many downloads
    python bench/fetch.py --embed         what `fetch --embed` costs, on a line that leaves the cores time and on none

Ours is the whole product: `python -m collector fetch` from a ledger that already knows the URLs; start-up, checks,
perceptual hash, final names and every commit included. Peers read a list. Wall time is the whole process's; CPU is its
own and its children's, not the server's, which shares the machine. Correct: files whose bytes are those served.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import _peers
from _fixture import Fixture
from _nginx import Nginx, missing
from _parts import LOOP, worker

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
MOST = 180.0
"""Seconds after which a run is cut off."""
QUIETLY: dict[str, Any] = {"cwd": ROOT, "check": True, "stdout": subprocess.DEVNULL, "env": _peers.ENVIRONMENT}
Prepared = Callable[[Path, Path, int], list[str]]


@dataclass(frozen=True)
class Figures:
    """One run."""

    pictures: int
    correct: int
    junk: Counter[str]
    wall: float
    cpu: float
    memory: int
    cut: bool
    fetched: float
    """Seconds until the last picture was there."""


def ours(*flags: str, root: Path = ROOT) -> Prepared:
    """The product of a checkout, from a ledger that has the URLs; entering them is not timed."""

    def prepare(urls: Path, out: Path, _: int) -> list[str]:
        command = ["env", "-C", str(root), sys.executable, "-m", "collector"]
        subprocess.run([*command, "urls", "--import", str(urls), "--out", str(out)], **QUIETLY)
        return [*command, "fetch", "--out", str(out), "--allow-private", *flags]

    return prepare


OURS: dict[str, dict[str, Prepared]] = {
    "web": {
        "ours": ours(),
        "ours, --verify full": ours("--verify", "full"),
        "ours, --verify structure": ours("--verify", "structure"),
    },
    "small": {"ours": ours(), "ours, --verify structure": ours("--verify", "structure")},
    "lat": {"ours, 512 in flight": ours("--threads", "512", "--set", "fetch.per_host=16")},
    "faulty": {"ours": ours()},
}
PEERS = {
    "web": [
        "old script",
        "img2dataset, decoding",
        "img2dataset, raw",
        "icrawler",
        "gallery-dl",
        "Scrapy ImagesPipeline",
        "aria2c 16",
        "curl --parallel 16",
    ],
    "small": ["img2dataset, raw", "aria2c 16", "curl --parallel 16"],
    "lat": ["old script", "aria2c 256"],
    "faulty": ["old script", "img2dataset, raw", "aria2c 16"],
}
BASES = {"web": "old script", "small": "img2dataset, raw", "lat": "old script", "faulty": "old script"}


def run(prepared: Prepared, work: str, fixture: Fixture, nginx: Nginx, scratch: Path) -> Figures:
    """One whole process, from start to end."""
    urls = fixture.urls(work)
    out = Path(tempfile.mkdtemp(dir=scratch))
    listed = scratch / f"{work}.txt"
    listed.write_text("\n".join(urls) + "\n")
    nginx.forget()
    try:
        command = prepared(listed, out, len(urls))
        started = time.time()
        wall, cpu, memory, cut = timed(command)
        correct, junk = counted(out, fixture.obtainable(urls))
        fetched = max((path.stat().st_mtime - started for path in out.rglob("*.jpg")), default=wall)
        return Figures(len(urls), correct, junk, wall, cpu, memory, cut, fetched)
    finally:
        shutil.rmtree(out)


def timed(command: list[str]) -> tuple[float, float, int, bool]:
    """(wall seconds, CPU seconds, peak resident bytes of the tree, whether it was cut off)."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        env=_peers.ENVIRONMENT,
        start_new_session=True,
    )
    usage: list[Any] = []
    ended = threading.Event()

    def wait() -> None:
        usage.append((os.wait4(process.pid, 0)[2], time.perf_counter() - started))
        ended.set()

    threading.Thread(target=wait, daemon=True).start()
    peak, cut = 0, False
    try:
        while not ended.wait(0.1):
            peak = max(peak, sum(resident(pid) for pid in tree(process.pid)))
            if time.perf_counter() - started > MOST and not cut:
                cut = True
                kill_tree(process.pid)
    finally:
        if not ended.is_set():
            kill_tree(process.pid)
    process.returncode = 0  # It was waited for already.
    used, wall = usage[0]
    return wall, used.ru_utime + used.ru_stime, peak, cut


def tree(pid: int) -> Iterator[int]:
    """A process and everything below it (Linux)."""
    yield pid
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = path.read_text().split()
        except OSError:
            continue
        for child in children:
            yield from tree(int(child))


def kill_tree(pid: int) -> None:
    for one in list(tree(pid)):
        with suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)


def resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


def counted(out: Path, wanted: dict[str, str]) -> tuple[int, Counter[str]]:
    """(files whose bytes are those served, what else lies there)."""
    right: set[str] = set()
    junk: Counter[str] = Counter()
    for path in out.rglob("*"):
        if (
            not path.is_file()
            or path.suffix in (".json", ".parquet", ".txt", ".db", ".curl", ".vectors")
            or path.name[0] == "."
        ):
            junk["part"] += path.suffix in (".part", ".aria2")
            continue
        body = path.read_bytes()
        digest = hashlib.sha256(body).hexdigest()
        if digest in wanted:
            right.add(digest)
        elif path.suffix in (".part", ".aria2") or path.name.startswith("urls."):
            junk["part"] += path.suffix in (".part", ".aria2")
        else:
            junk["page" if body[:1] == b"<" else "cut off" if body[-2:] != b"\xff\xd9" else "re-encoded"] += 1
    return len(right), +junk


# --------------------------------------------------------------------------- the limit


def limit(fixture: Fixture, verify: str) -> float:
    """Pictures a second when the same checks run on the same bytes in memory, on all cores, and nothing else does."""
    context = get_context("fork")
    cores = os.cpu_count() or 1
    ready, go = context.Semaphore(0), context.Event()
    processes = [context.Process(target=_check, args=(fixture, verify, n, cores, ready, go)) for n in range(cores)]
    for process in processes:
        process.start()
    for _ in processes:
        ready.acquire()
    started = time.perf_counter()
    go.set()
    for process in processes:
        process.join()
    return fixture.count / (time.perf_counter() - started)


def _check(fixture: Fixture, verify: str, part: int, parts: int, ready: Any, go: Any) -> None:
    bodies = _bodies(fixture)[part::parts]
    _inspect(bodies[:1], verify)
    ready.release()
    go.wait()
    _inspect(bodies, verify)


def _bodies(fixture: Fixture) -> list[bytes]:
    return [(fixture.folder / f"web/{number:05d}.jpg").read_bytes() for number in range(fixture.count)]


def _inspect(bodies: list[bytes], verify: str) -> None:
    from collector.images.decode import inspect
    from collector.settings import FetchSettings

    settings = FetchSettings(verify=verify)
    for body in bodies:
        inspect(body, settings)


# --------------------------------------------------------------------------- parts


def parts(fixture: Fixture, nginx: Nginx, scratch: Path, rounds: int) -> None:
    """What the CPU of a verified picture of `web` consists of: the least of each part, as load only adds."""
    few, taken = Fixture(fixture.folder, 1), defaultdict[str, list[float]](list)
    for _ in range(rounds):
        served = nginx.cpu()
        taken["all"].append(run(ours(), "web", fixture, nginx, scratch).cpu)
        taken["server"].append(nginx.cpu() - served)
        taken["start and end"].append(run(ours(), "web", few, nginx, scratch).cpu)
        with ProcessPoolExecutor(1, get_context("fork")) as apart, tempfile.TemporaryDirectory(dir=scratch) as folder:
            taken["checks in memory"].append(apart.submit(_checked, fixture).result())
            for part, seconds in apart.submit(worker, fixture.urls("web"), Path(folder)).result().items():
                taken[part].append(seconds)
    least = {part: 1e6 * min(seconds) / fixture.count for part, seconds in taken.items()}
    least["calling process"] = least["all"] - least["start and end"] - sum(least[part] for part in LOOP)
    print(f"\nCPU microseconds a picture, least of {rounds} runs\n\n| part | |\n|---|---|")
    for part in ("checks in memory", *LOOP, "calling process", "start and end", "all", "server"):
        print(f"| {part} | {least[part]:,.0f} |")


def _checked(fixture: Fixture) -> float:
    bodies = _bodies(fixture)
    started = time.process_time()
    _inspect(bodies, "fast")
    return time.process_time() - started


# --------------------------------------------------------------------------- two checkouts


AGAINST: dict[str, tuple[str, ...]] = {
    "web": (),
    "web, structure": ("--verify", "structure"),
    "web, full": ("--verify", "full"),
    "small": (),
    "small, structure": ("--verify", "structure"),
    "lat": ("--threads", "512", "--set", "fetch.per_host=16"),
    "faulty": (),
}
"""Kind of work -> flags. One dict of what both checkouts must know."""


def against(other: Path, wanted: list[str], rounds: int, fixture: Fixture, nginx: Nginx, scratch: Path) -> None:
    """CPU of this checkout and of another one, in turns; the ratio is of the least each took, as load only adds."""
    print(f"\nCPU ms a picture, least (median) of {rounds} runs each\n")
    print(f"| work | {other.name} | now | ratio |\n|---|---|---|---|")
    for name in (name for name in AGAINST if name.split(",")[0] in wanted):
        flags, work = AGAINST[name], name.split(",")[0]
        taken: dict[Path, list[float]] = {other: [], ROOT: []}
        for turn in range(rounds):
            for root in (other, ROOT) if turn % 2 else (ROOT, other):
                figures = run(ours(*flags, root=root), work, fixture, nginx, scratch)
                taken[root].append(1000 * figures.cpu / figures.pictures)
        cells = [f"{min(cpu):.3f} ({statistics.median(cpu):.3f})" for cpu in taken.values()]
        print(f"| {name} | {' | '.join(cells)} | {min(taken[ROOT]) / min(taken[other]):.2f} |", flush=True)


# --------------------------------------------------------------------------- embeddings


def embedding(fixture: Fixture, nginx: Nginx, scratch: Path, rounds: int) -> None:
    """What `--embed` costs a fetch: `line` leaves the cores time (64 connections of 100 KB/s), `web` leaves none."""
    print("\n| work | | seconds to the last picture | lost | to the end | CPU ms/picture | peak MiB | correct |")
    print("|---|---|---|---|---|---|---|---|")
    for work in ("line", "web"):
        ways, rows = {"fetch": ours(), "fetch --embed": ours("--embed")}, defaultdict[str, list[Figures]](list)
        for turn in range(rounds):
            for name in reversed(ways) if turn % 2 else ways:
                rows[name].append(run(ways[name], work, fixture, nginx, scratch))
        base = statistics.median(one.fetched for one in rows["fetch"])
        for name in ways:
            fetched, wall, cpu, memory = (
                statistics.median(getattr(one, field) for one in rows[name])
                for field in ("fetched", "wall", "cpu", "memory")
            )
            pictures, correct = rows[name][0].pictures, min(one.correct for one in rows[name])
            print(f"| {work} | {name} | {fetched:.2f} | {fetched / base - 1:.0%} | {wall:.2f} |"
                  f" {1000 * cpu / pictures:.2f} | {memory / 2**20:.0f} | {correct:,} |", flush=True)  # fmt: skip


# --------------------------------------------------------------------------- tables


def table(work: str, rows: dict[str, list[Figures]], base: str) -> None:
    print(f"\n### {work}: {next(iter(rows.values()))[0].pictures:,} URLs\n")
    print("| downloader | runs | seconds | pictures/s | CPU ms/picture | peak MiB | correct | left behind | times |")
    print("|---|---|---|---|---|---|---|---|---|")
    rates = {name: _rate(runs) for name, runs in rows.items()}
    for name, runs in rows.items():
        walls = [one.wall for one in runs]
        spread = f"{statistics.median(walls):.2f} ({min(walls):.2f}-{max(walls):.2f})"
        count = runs[0].correct or sum(runs[0].junk.values()) or 1
        cpu = 1000 * statistics.median(one.cpu for one in runs) / count
        memory = statistics.median(one.memory for one in runs) / 2**20
        junk = ", ".join(f"{number} {kind}" for kind, number in runs[-1].junk.items()) or "nothing"
        times = f"{rates[name] / rates[base]:.2f}" if rates.get(base) else "-"
        cut = ", cut off" if any(one.cut for one in runs) else ""
        correct = min(one.correct for one in runs)
        print(
            f"| {name} | {len(runs)} | {spread}{cut} | {rates[name]:,.0f} | {cpu:.2f} | {memory:.0f} | {correct:,} |"
            f" {junk} | {times} |",
            flush=True,
        )


def _rate(runs: list[Figures]) -> float:
    return statistics.median((one.correct or sum(one.junk.values())) / one.wall for one in runs)


def memory_over(downloads: int, fixture: Fixture, scratch: Path) -> None:
    """Resident memory of the calling process and of all, by tenths of a run over many small pictures."""
    small = fixture.urls("small")
    listed, out = scratch / "many.txt", scratch / "many"
    listed.write_text("".join(f"{small[n % len(small)]}?{n}\n" for n in range(downloads)))
    command = ours()(listed, out, downloads)
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    samples: list[tuple[int, int]] = []
    while process.poll() is None:
        time.sleep(0.1)
        samples.append((resident(process.pid), sum(resident(pid) for pid in tree(process.pid))))
    tenth = max(1, len(samples) // 11)
    print("\n| share of the run | calling process, MiB | with its workers, MiB |\n|---|---|---|")
    for part in range(1, 11):
        one, all_of_them = samples[min(part * tenth, len(samples) - 2)]
        print(f"| {part * 10} % | {one / 2**20:.0f} | {all_of_them / 2**20:.0f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--against", type=Path, metavar="DIR", help="another checkout of this project")
    parser.add_argument("--parts", action="store_true", help="where the CPU of a picture goes")
    parser.add_argument("--memory", type=int, metavar="DOWNLOADS")
    parser.add_argument("--embed", action="store_true", help="needs the extra `look`")
    parser.add_argument("--only", default="web,small,lat,faulty")
    parser.add_argument("--names", default="", help="only the contestants whose names contain one of these")
    parser.add_argument("--runs", type=int)
    parser.add_argument("--pictures", type=int)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "collector-bench")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # So that the server ends with us.
    if lack := missing() or (_peers.missing() if chosen.peers else ""):
        print(lack)
        sys.exit(0 if chosen.short else 2)
    runs = chosen.runs or (1 if chosen.short else 3)
    fixture = Fixture(chosen.folder / "pictures", chosen.pictures or (1000 if chosen.short else 5000))
    if chosen.peers:
        _peers.prepare(chosen.folder / "peers")
    place = in_memory() or chosen.folder
    head(place, fixture)
    with Nginx(fixture.folder) as nginx, tempfile.TemporaryDirectory(prefix="collector-bench-", dir=place) as scratch:
        if chosen.memory:
            memory_over(chosen.memory, fixture, Path(scratch))
            return
        if chosen.parts:
            parts(fixture, nginx, Path(scratch), runs)
            return
        if chosen.embed:
            embedding(fixture, nginx, Path(scratch), runs)
            return
        if chosen.against:
            against(chosen.against.resolve(), chosen.only.split(","), runs, fixture, nginx, Path(scratch))
            return
        for work in chosen.only.split(","):
            contestants = dict(OURS[work])
            if chosen.peers:
                contestants |= {name: _peers.commands(chosen.folder / "peers")[name] for name in PEERS[work]}
            wanted = [part for part in chosen.names.split(",") if part]
            contestants = {
                name: one for name, one in contestants.items() if not wanted or any(part in name for part in wanted)
            }
            rows: dict[str, list[Figures]] = defaultdict(list)
            limits = defaultdict(list)
            for _ in range(runs):
                for name, prepared in contestants.items():
                    rows[name].append(run(prepared, work, fixture, nginx, Path(scratch)))
                if work == "web":
                    for verify in ("fast", "full", "structure"):
                        limits[verify].append(limit(fixture, verify))
            table(work, rows, BASES[work])
            for verify, rates in limits.items():
                most = statistics.median(rates)
                name = "ours" if verify == "fast" else f"ours, --verify {verify}"
                reached = f": reached {100 * _rate(rows[name]) / most:.0f} %" if name in rows else ""
                print(
                    f"\nlimit of {os.cpu_count()} cores, checks `{verify}` on bytes in memory: {most:,.0f}/s{reached}"
                )


def in_memory() -> Path | None:
    """A folder in memory with room for what is fetched: a disk's own time, and what else uses it, stay out of it."""
    memory = Path("/dev/shm")
    return memory if memory.is_dir() and shutil.disk_usage(memory).free > 4 << 30 else None


def head(place: Path, fixture: Fixture) -> None:
    sizes = sorted(fixture.facts[f"web/{number:05d}.jpg"][1] for number in range(fixture.count))
    print(f"{time.strftime('%Y-%m-%d %H:%M')}, `python bench/fetch.py {' '.join(sys.argv[1:])}`")
    print(
        f"{os.cpu_count()} cores, {platform.system()} {platform.release()}, Python {platform.python_version()},",
        end=" ",
    )
    print(f"load before {os.getloadavg()[0]:.1f}; output on {'tmpfs' if place == Path('/dev/shm') else place}")
    print(f"web: median {sizes[len(sizes) // 2]:,} bytes, mean {sum(sizes) // len(sizes):,}, most {sizes[-1]:,}")


if __name__ == "__main__":
    main()
