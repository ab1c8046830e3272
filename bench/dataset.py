"""From a folder to a set: hashing, near-duplicates, splits and exports, how fast, how large, and how right.

    python bench/dataset.py               10,000 files, 1,000,000 rows and hashes, 600 originals (about 20 minutes)
    python bench/dataset.py --short       1,000 files, 100,000 rows and hashes, 120 originals (about 2 minutes)
    python bench/dataset.py --peers       ImageHash, `datasets` and img2dataset, too (in an environment of their own)
    python bench/dataset.py --only edits  some parts of it: files, pairs, rows, formats, exports, edits, photographs
    python bench/dataset.py --only formats --rows 100000    what each format holds of so many pictures of one byte
    python bench/dataset.py --only pairs --hashes 1000000,3000000,10000000
    python bench/dataset.py --only pairs --hashes 1000000 --faiss    its binary indexes, too (`pip install faiss-cpu`)

Every step runs in a process of its own; MB is the most that it and its children held, shared pages counted in each,
CPU that of all of them, start-up included.
Pictures are drawn once, into a folder under the temporary one, and kept there; see bench/_pictures.py for how.
The photographs are those of scikit-image and of Debian's packages: `apt install gnome-backgrounds mate-backgrounds
ukui-wallpapers lomiri-wallpapers-16.04 lomiri-wallpapers-20.04 plasma-workspace-wallpapers tuxpaint-stamps-default`.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import _dataset_peers as peers
import _pictures as pictures
import skimage
from _processes import Watch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from collector.dataset.formats import EXPORTERS
from collector.ledger import Ledger
from collector.model import Hit
from collector.urls import url_key

CACHE = Path(tempfile.gettempdir()) / "collector-dataset-bench"
SCHEME = "train=0.8,val=0.1,test=0.1"
FORMATS = ("imagefolder", "webdataset", "hf", "jsonl")
PORT = 18083
WALLPAPERS = (Path("/usr/share/backgrounds"), Path("/usr/share/wallpapers"))
STAMPS = Path("/usr/share/tuxpaint/stamps")
SAMPLES = ("astronaut", "brick", "camera", "chelsea", "coffee", "coins", "grass", "gravel", "moon", "motorcycle_left")


@dataclass(frozen=True)
class Scale:
    """How much of everything."""

    files: int
    rows: int
    originals: int
    hashes: tuple[int, ...] = ()
    """How many to search for near pairs; () is the number of rows and less."""
    faiss: bool = False
    """Whether its indexes search them as well."""


# ------------------------------------------------------------------ ledgers


def fill_with_files(folder: Path) -> None:
    """A ledger over drawn files, as a run would have left it."""
    from PIL import Image

    rows = []
    for number, path in enumerate(sorted(folder.glob("*/*.*")), start=1):
        with Image.open(path) as image:
            facts = (image.format, image.mode, image.width, image.height)
        digest = sha256(path.read_bytes()).hexdigest()
        rows.append((number, path.relative_to(folder).as_posix(), digest, path.stat().st_size, *facts))
    with Ledger.open(folder) as ledger:
        ledger.intake.import_hits((Path(row[1]).parent.name, linked(f"http://p.test/{row[1]}")) for row in rows)
    with sqlite3.connect(folder / "collector.db") as connection:
        ids = dict(connection.execute("SELECT url, id FROM found"))
        connection.executemany(
            """INSERT INTO outcome (found_id, state, path, sha256, bytes, format, mode, width, height, orientation,
                 frames, attempts, http_status, ended_at)
               VALUES (?, 'saved', ?, ?, ?, ?, ?, ?, ?, 1, 1, 1, 200, '2026-01-01T00:00:00.000Z')""",
            ((ids[f"http://p.test/{row[1]}"], *row[1:]) for row in rows),
        )
    connection.close()


def linked(url: str) -> Hit:
    """What an import knows of a picture."""
    return Hit(url, url_key(url))


def fill_with_rows(folder: Path, count: int) -> None:
    """A ledger of so many saved pictures of a thousand classes, without files; one in twenty is a near copy."""
    import numpy as np

    with Ledger.open(folder) as ledger:
        ledger.intake.import_hits(
            (f"keyword {n % 1000}", linked(f"https://pictures{n % 5003}.example/gallery/{n}/picture-{n}.jpg"))
            for n in range(count)
        )
    words = copied(count, count // 20)
    text = [row.astype(">u8").tobytes().hex() for row in words]
    turned = [row.astype(">u8").tobytes().hex() for row in ~words]
    with sqlite3.connect(folder / "collector.db") as connection:
        connection.execute(
            """UPDATE found SET title = 'A picture of something, number ' || id,
                 site = 'site' || (id % 5003) || '.example',
                 page = 'https://site' || (id % 5003) || '.example/album/' || (id / 3)"""
        )
        connection.execute(
            """INSERT INTO outcome (found_id, state, path, sha256, bytes, format, mode, width, height, orientation,
                 frames, phash, attempts, http_status, ended_at)
               SELECT id, 'saved', 'keyword ' || query_id || '/' || printf('%032x', id) || '.jpg', printf('%064x', id),
                 90000, 'JPEG', 'RGB', 640 + id % 640, 480, 1, 1, printf('%016x', id), 1, 200,
                 '2026-01-01T00:00:00.000Z' FROM found"""
        )
        connection.executemany(
            "INSERT INTO pdq (sha256, hash, quality, mirrored) VALUES (?, ?, 100, ?)",
            ((f"{id:064x}", text[id - 1], turned[id - 1]) for (id,) in connection.execute("SELECT id FROM found")),
        )
    connection.close()
    assert not np.any(words[0] == turned[0])


def copied(count: int, copies: int) -> Any:
    """(count, 4) random words; the last ones are earlier ones with up to 31 flipped bits."""
    import numpy as np

    dice = np.random.default_rng(1)
    words = dice.integers(0, 2**64, (count, 4), dtype=np.uint64)
    words[count - copies :] = words[dice.integers(0, count - copies, copies)]
    for row in range(count - copies, count):
        for bit in dice.choice(256, dice.integers(0, 32), replace=False):
            words[row, bit // 64] ^= np.uint64(1) << np.uint64(bit % 64)
    return words


# ------------------------------------------------------------------ steps, each in a process of its own


def step_hash(folder: Path, _: str) -> dict[str, Any]:
    """PDQ of every file."""
    from collector.dataset import service

    with sqlite3.connect(folder / "collector.db") as connection:
        connection.execute("DELETE FROM pdq")
    connection.close()
    with Ledger.open(folder) as ledger:
        started = time.perf_counter()
        broken = service.hash_set(ledger, folder)
        return {
            "seconds": time.perf_counter() - started,
            "number": len(ledger.alike.read()),
            "broken": broken,
        }


def step_dedupe(folder: Path, mirrored: str) -> dict[str, Any]:
    """Groups and verdicts of hashes that are there."""
    from collector.dataset import service

    with Ledger.open(folder) as ledger:
        started = time.perf_counter()
        done = service.dedupe_set(ledger, folder, 31, "best", mirrored=bool(mirrored))
        seconds = time.perf_counter() - started
        ledger.dataset.decide(("set.near_duplicate", "set.conflict"), ())
    return {"seconds": seconds, "number": done.pictures, "groups": done.groups, "out": len(done.verdicts)}


def step_pairs(_: Path, count: str) -> dict[str, Any]:
    """Near pairs of random hashes, a hundredth of which share 64 bits; 200 of them compared with all others."""
    import numpy as np

    from collector.dataset import near

    words = copied(int(count), int(count) // 20)
    words[: len(words) // 100, 0] = words[0, 0]
    started, busy = time.perf_counter(), time.process_time()
    blocks = []
    for block in near.pairs(words, 31):
        blocks.append(block[:, 0] * len(words) + block[:, 1])
    seconds, cpu = time.perf_counter() - started, time.process_time() - busy
    first, second = np.divmod(np.unique(np.concatenate(blocks)), len(words))
    sample = np.random.default_rng(2).integers(0, len(words), 100).tolist() + list(range(len(words) - 100, len(words)))
    for number in sample:
        near_to = np.zeros(len(words), dtype=np.bool_)
        near_to[second[first == number]] = near_to[first[second == number]] = near_to[number] = True
        gaps = np.zeros(len(words), dtype=np.uint16)
        for column, word in zip(words.T, words[number], strict=True):
            gaps += np.bitwise_count(column ^ word)
        assert np.array_equal(near_to, gaps <= 31), number
    return {"seconds": seconds, "number": len(words), "pairs": len(first), "search_cpu": cpu}


def step_faiss(_: Path, argument: str) -> dict[str, Any]:
    """What an index of faiss finds of the pairs that some of the hashes are in, a half of these near copies.

    `seconds` and `all_cpu` are reckoned up from them to all hashes.
    """
    import faiss
    import numpy as np

    from collector.dataset import near

    name, count, asked = argument.split()[0], *map(int, argument.split()[1:])
    words = copied(count, count // 20)
    some = np.concatenate(
        [np.random.default_rng(7).integers(0, count, asked // 2), np.arange(count - asked // 2, count)]
    )
    ours = np.concatenate(list(near.pairs(words, 31)))[:, :2]
    ours = np.unique(ours[:, 0] * count + ours[:, 1])
    times = np.bincount(some, minlength=count)
    expected = int(times[ours // count].sum() + times[ours % count].sum())
    started, busy = time.perf_counter(), time.process_time()
    index = FAISS[name](faiss)
    index.add(words.view(np.uint8))
    built, built_cpu = time.perf_counter(), time.process_time()
    found = sum(
        len(index.range_search(words[some[at : at + 2000]].view(np.uint8), 32)[1]) for at in range(0, asked, 2000)
    )
    share = count / asked
    return {
        "seconds": built - started + (time.perf_counter() - built) * share,
        "number": count,
        "all_cpu": built_cpu - busy + (time.process_time() - built_cpu) * share,
        "found": (found - asked) / expected,
    }


def step_items(folder: Path, _: str) -> dict[str, Any]:
    with Ledger.open(folder) as ledger:
        started = time.perf_counter()
        items = list(ledger.dataset.pictures())
        return {"seconds": time.perf_counter() - started, "number": len(items)}


def step_split(folder: Path, _: str) -> dict[str, Any]:
    from collector.dataset import service
    from collector.dataset.split import parse_scheme

    with Ledger.open(folder) as ledger:
        started = time.perf_counter()
        done = service.split_set(ledger, folder, parse_scheme(SCHEME), 31)
        number = sum(count for _, row in done.counts for _, count in row)
        return {"seconds": time.perf_counter() - started, "number": number, "clusters": done.leaks.clusters}


def step_table(folder: Path, _: str) -> dict[str, Any]:
    """The whole way of an export that holds no pictures: items, plan, split, table, lock, attribution, card, check."""
    from collector.dataset import exporting
    from collector.dataset.split import parse_scheme

    dest = Path(tempfile.mkdtemp(dir=CACHE)) / "set"
    try:
        with Ledger.open(folder) as ledger:
            started = time.perf_counter()
            order = exporting.Order("img2dataset", dest, scheme=parse_scheme(SCHEME))
            _plan, done = exporting.export_set(ledger, folder, order)
            seconds = time.perf_counter() - started
        size = sum(path.stat().st_size for path in dest.iterdir())
        return {"seconds": seconds, "number": done.pictures, "size": size}
    finally:
        shutil.rmtree(dest.parent)


def step_first(folder: Path, _: str) -> dict[str, Any]:
    """The same of a set that has no splits yet: they are dealt on the way."""
    with sqlite3.connect(folder / "collector.db") as connection:
        connection.execute("DELETE FROM split")
        connection.execute("DELETE FROM scheme")
    connection.close()
    return step_table(folder, "")


def step_format(folder: Path, name: str) -> dict[str, Any]:
    """What a format writes and checks of pictures of one byte each: what it holds beside the pictures' own bytes."""
    from msgspec import structs

    from collector.dataset import exporting, formats
    from collector.dataset.samples import EncodedSample
    from collector.dataset.split import parse_scheme

    dest = Path(tempfile.mkdtemp(dir=CACHE))
    try:
        with Ledger.open(folder) as ledger:
            plan, _ = exporting.preview(ledger, exporting.Order(name, dest, scheme=parse_scheme(SCHEME)))
            exporter = formats.load(name)
            started = time.perf_counter()
            samples = (structs.replace(sample, key=f"{sample.item.id:032x}") for sample in plan.samples)
            made = (
                EncodedSample(sample, b"x", "jpg", sample.item.width, sample.item.height, sample.item.sha256)
                for sample in samples
            )
            exporter.write(dest, plan, made)
            counts = exporter.check(dest, plan)
            return {"seconds": time.perf_counter() - started, "number": counts.total()}
    finally:
        shutil.rmtree(dest)


def step_export(folder: Path, what: str) -> dict[str, Any]:
    from collector.dataset import exporting
    from collector.images.form import Form

    format, side = what.split()
    form = Form("fit", int(side), "jpeg") if int(side) else Form()
    dest = Path(tempfile.mkdtemp(dir=CACHE)) / "set"
    try:
        with Ledger.open(folder) as ledger:
            started = time.perf_counter()
            _plan, done = exporting.export_set(ledger, folder, exporting.Order(format, dest, form))
            return {"seconds": time.perf_counter() - started, "number": done.pictures, "size": done.bytes}
    finally:
        shutil.rmtree(dest.parent)


def _multi_hash(faiss: Any) -> Any:
    index = faiss.IndexBinaryMultiHash(256, 16, 16)
    index.nflip = 1
    return index


def _hash(faiss: Any) -> Any:
    index = faiss.IndexBinaryHash(256, 23)
    index.nflip = 2
    return index


FAISS: dict[str, Callable[[Any], Any]] = {
    "IndexBinaryFlat": lambda faiss: faiss.IndexBinaryFlat(256),
    "IndexBinaryMultiHash": _multi_hash,
    "IndexBinaryHash": _hash,
}
"""16 bands of 16 bits with one flip are exact; 23 bits with two flips are not."""
ASKED = {"IndexBinaryFlat": 2_000, "IndexBinaryMultiHash": 20_000, "IndexBinaryHash": 20_000}

STEPS: dict[str, Callable[[Path, str], dict[str, Any]]] = {
    name.removeprefix("step_"): step for name, step in list(globals().items()) if name.startswith("step_")
}


def measured(name: str, folder: Path, argument: str = "") -> dict[str, Any]:
    """What a step says, and MB."""
    command = [sys.executable, __file__, "--step", name, str(folder), argument]
    with Watch(0.05) as usage:
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    facts: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return facts | {"mb": usage.peak_memory / 1e6, "cpu": usage.cpu}


def row(*cells: object) -> None:
    print(f"| {' | '.join(f'{cell:,.1f}' if isinstance(cell, float) else str(cell) for cell in cells)} |", flush=True)


def rate(facts: dict[str, Any]) -> tuple[object, ...]:
    speed = facts["number"] / facts["seconds"]
    cpu = facts["cpu"] / facts["number"] * 1e3
    return f"{facts['number']:,}", float(facts["seconds"]), f"{speed:,.0f}", f"{cpu:.2f}", f"{facts['mb']:,.0f}"


# ------------------------------------------------------------------ parts


def files_part(scale: Scale, _: bool) -> None:
    folder = with_ledger(scale)
    print("\n| real files | number | seconds | per second | CPU ms each | MB | |\n|---|---|---|---|---|---|---|")
    facts = measured("hash", folder)
    row("hashing", *rate(facts), f"{facts['broken']} unreadable")
    facts = measured("dedupe", folder)
    copies = sum(number % 7 == 6 for number in range(8, scale.files))
    row("groups and verdicts", *rate(facts), f"{facts['out']:,} left out; {copies:,} copies were drawn")


def with_ledger(scale: Scale) -> Path:
    """The drawn files with their ledger."""
    folder = pictures.web_files(CACHE, scale.files)
    for path in folder.glob("*collector.db*"):
        path.unlink()
    fill_with_files(folder)
    return folder


def pairs_part(scale: Scale, _: bool) -> None:
    print("\n| near pairs | hashes | seconds | per second | CPU ms each | MB | |\n|---|---|---|---|---|---|---|")
    for count in scale.hashes or sorted({100_000, scale.rows}):
        facts = measured("pairs", CACHE, str(count))
        note = f"{facts['search_cpu']:,.0f} s of CPU in the search; {facts['pairs']:,} pairs; 200 hashes as brute force"
        row("search", *rate(facts), note)
        if scale.faiss:
            faiss_rows(count)


def faiss_rows(count: int) -> None:
    if find_spec("faiss") is None:
        print("faiss is not installed: pip install faiss-cpu")
        return
    for name, asked in ASKED.items():
        asked = min(asked, count // 10)
        facts = measured("faiss", CACHE, f"{name} {count} {asked}")
        facts["cpu"] = facts["all_cpu"]
        note = f"{facts['all_cpu']:,.0f} s of CPU, reckoned up from {asked:,} hashes; {facts['found']:.1%} of the pairs"
        row(f"faiss.{name}", *rate(facts), note)


def rows_part(scale: Scale, _: bool) -> None:
    folder = Path(tempfile.mkdtemp(dir=CACHE))
    try:
        fill_with_rows(folder, scale.rows)
        print("\n| ledger rows | number | seconds | per second | CPU ms each | MB | |\n|---|---|---|---|---|---|---|")
        row("items", *rate(measured("items", folder)), "all held at once")
        facts = measured("dedupe", folder)
        row("dedupe", *rate(facts), f"{facts['groups']:,} groups")
        facts = measured("dedupe", folder, "mirrored")
        row("dedupe --mirrored", *rate(facts), f"{facts['groups']:,} groups")
        facts = measured("split", folder)
        row("split", *rate(facts), f"{facts['clusters']:,} clusters")
        for name, step in (("export without pictures", "table"), ("its splits dealt on the way", "first")):
            facts = measured(step, folder)
            row(name, *rate(facts), f"{facts['size'] / 1e6:,.0f} MB written")
    finally:
        shutil.rmtree(folder)


def formats_part(scale: Scale, _: bool) -> None:
    """Every format but the one without pictures, which is among the rows."""
    folder = Path(tempfile.mkdtemp(dir=CACHE))
    try:
        fill_with_rows(folder, scale.rows)
        measured("split", folder)
        print("\n| format | number | seconds | per second | CPU ms each | MB | |\n|---|---|---|---|---|---|---|")
        for name in EXPORTERS:
            if name != "img2dataset":
                row(name, *rate(measured("format", folder, name)), "pictures of one byte")
    finally:
        shutil.rmtree(folder)


def exports_part(scale: Scale, with_peers: bool) -> None:
    folder = with_ledger(scale)
    print("\n| export | pictures | seconds | per second | CPU ms each | MB | |\n|---|---|---|---|---|---|---|")
    for side in (0, 256):
        name = "--resize fit --side 256 --as jpeg" if side else "keep"
        for format in FORMATS:
            facts = measured("export", folder, f"{format} {side}")
            row(f"{format}, {name}", *rate(facts), f"{facts['size'] / 1e6:,.0f} MB of pictures")
        if with_peers:
            for title, facts in peer_exports(folder, scale, side):
                row(f"{title}, {name}", *rate(facts), f"{facts['size'] / 1e6:,.0f} MB written")


def peer_exports(folder: Path, scale: Scale, side: int) -> Iterator[tuple[str, dict[str, Any]]]:
    python = peers.prepare(CACHE)
    out = Path(tempfile.mkdtemp(dir=CACHE))
    try:
        yield (
            "`datasets`, from_generator + to_parquet",
            timed(peers.writer(python, folder, out, side), out, scale.files),
        )
    finally:
        shutil.rmtree(out)
    if shutil.which("nginx") is None:
        print("img2dataset needs a server to read from: apt-get install nginx")
        return
    for format in ("webdataset", "files"):
        out = Path(tempfile.mkdtemp(dir=CACHE))
        try:
            with served(folder, out):
                urls = out / "urls.txt"
                names = (path.relative_to(folder).as_posix() for path in sorted(folder.glob("*/*.*")))
                urls.write_text("\n".join(f"http://127.0.0.1:{PORT}/{name.replace(' ', '%20')}" for name in names))
                command = peers.img2dataset(python, urls, out, format, side)
                facts = timed(command, out / "d", scale.files)
                stats = [json.loads(path.read_text())["successes"] for path in (out / "d").glob("*_stats.json")]
                yield f"img2dataset, {format}, download included", facts | {"number": sum(stats)}
        finally:
            shutil.rmtree(out)


class served:
    """nginx over a folder."""

    def __init__(self, folder: Path, run: Path) -> None:
        config = run / "nginx.conf"
        temporary = " ".join(
            f"{name}_temp_path {run};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        config.write_text(
            f"daemon off; user root; worker_processes 1; pid {run}/nginx.pid; error_log {run}/error.log;"
            f" events {{ worker_connections 4096; }} http {{ access_log off; sendfile on; {temporary}"
            f" server {{ listen 127.0.0.1:{PORT}; root {folder}; }} }}"
        )
        self._command = ["nginx", "-p", str(run), "-c", str(config)]

    def __enter__(self) -> None:
        self._process = subprocess.Popen(self._command, stderr=subprocess.DEVNULL)
        time.sleep(0.5)

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()


def timed(command: list[str], out: Path, number: int) -> dict[str, Any]:
    """A peer's whole process."""
    started = time.perf_counter()
    with Watch(0.05) as usage:
        subprocess.run(command, check=True, env=peers.ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    seconds = time.perf_counter() - started
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file() and "cache" not in path.parts)
    return {"seconds": seconds, "number": number, "size": size, "mb": usage.peak_memory / 1e6, "cpu": usage.cpu}


def edits_part(scale: Scale, with_peers: bool) -> None:
    """Recall per edit of drawn pictures."""
    shares(pictures.edited_files(CACHE / f"edited-{scale.originals}", scale.originals), scale.originals, with_peers)


def photographs_part(scale: Scale, with_peers: bool) -> None:
    """The same of real photographs: whole ones, and things cut out of photographs on white ground."""
    samples = Path(skimage.__file__).parent / "data"
    kinds = {
        "wallpapers": pictures.photographs([*WALLPAPERS, samples], "*.jp*g", 400)
        + [samples / f"{name}.png" for name in SAMPLES],
        "cut out": pictures.photographs([STAMPS], "*.png", 250),
    }
    for name, paths in kinds.items():
        paths = paths[: scale.originals]
        if not paths:
            print(f"\n{name}: none of these packages is installed; see --help")
            continue
        print(f"\n## {name}")
        original = partial(pictures.photograph, paths)
        shares(pictures.edited_files(CACHE / f"{name}-{len(paths)}", len(paths), original), len(paths), with_peers)


def shares(folder: Path, originals: int, with_peers: bool) -> None:
    """Recall per edit, and how many pairs of different pictures pass for the same."""
    import numpy as np

    from collector.images.hashing import hash_files
    from collector.images.pdq import RELIABLE, Hashed, unpacked

    names = ["original", *pictures.EDITS]
    files = [path for name in names for path in sorted((folder / name).iterdir())]
    started = time.perf_counter()
    found = dict(hash_files(((str(path), path) for path in files), len(os.sched_getaffinity(0))))
    seconds = time.perf_counter() - started
    hashed = [one for path in files if isinstance(one := found[str(path)], Hashed)]
    flat = sum(one.quality < RELIABLE for one in hashed[:originals])
    print(
        f"\n{originals:,} originals, {flat:,} of too low a quality to be compared; {len(files):,} files hashed in"
        f" {seconds:.1f} s"
    )
    trust = np.array([one.quality >= RELIABLE for one in hashed])
    ways = {
        "PDQ <= 31": (unpacked([one.hash for one in hashed]), None, 31, trust),
        "PDQ <= 31 `--mirrored`": (
            unpacked([one.hash for one in hashed]),
            unpacked([one.mirrored for one in hashed]),
            31,
            trust,
        ),
    }
    if with_peers:
        rows = peers.hashes(peers.prepare(CACHE), files)
        everything = np.ones(len(files), dtype=bool)
        for place, title in enumerate(("pHash", "dHash")):
            words = np.array([[int(one[place], 16)] for one in rows], dtype=np.uint64)
            for most in (4, 10):
                ways[f"{title} <= {most}"] = (words, None, most, everything)
    recalls = {way: recall(originals, names, *parts) for way, parts in ways.items()}
    print(f"\n| edit: share found | {' | '.join(ways)} |\n|---|{'---|' * len(ways)}")
    for name in names[1:]:
        row(name, *(f"{recalls[way][0][name]:.1%}" for way in ways))
    row("**pairs of different pictures taken for one**", *(f"{recalls[way][1]:,}" for way in ways))
    row("**precision of all pairs found**", *(f"{recalls[way][2]:.2%}" for way in ways))


def recall(
    count: int, names: list[str], words: Any, turned: Any, most: int, trust: Any
) -> tuple[dict[str, float], int, float]:
    """(share found of each edit, wrong pairs, precision) of every file compared with every original.

    A wrong pair is an original and a copy of another one, or two originals.
    """
    import numpy as np

    right: Counter[str] = Counter()
    wrong = 0
    owners = np.arange(len(words)) % count
    for number in range(count):
        near = np.bitwise_count(words ^ words[number]).sum(axis=1) <= most
        if turned is not None:
            near |= np.bitwise_count(turned ^ words[number]).sum(axis=1) <= most
        near &= trust & trust[number]
        mine = owners == number
        for place in np.flatnonzero(near & mine).tolist():
            right[names[place // count]] += 1
        others = near & ~mine
        wrong += int(others[count:].sum()) + int((others[:count] & (np.arange(count) > number)).sum())
    hits = sum(right[name] for name in names[1:])
    return {name: right[name] / count for name in names}, wrong, hits / max(1, hits + wrong)


PARTS: dict[str, Callable[[Scale, bool], None]] = {
    "files": files_part, "pairs": pairs_part, "rows": rows_part, "exports": exports_part, "edits": edits_part,
    "photographs": photographs_part, "formats": formats_part,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", "--quick", action="store_true")
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--faiss", action="store_true")
    parser.add_argument("--only", default=",".join(name for name in PARTS if name != "formats"))
    parser.add_argument("--rows", type=int)
    parser.add_argument("--hashes", type=lambda text: tuple(map(int, text.split(","))), default=())
    parser.add_argument("--step", nargs=3, metavar=("NAME", "FOLDER", "ARGUMENT"))
    chosen = parser.parse_args()
    if chosen.step:
        name, folder, argument = chosen.step
        print(json.dumps(STEPS[name](Path(folder), argument)))
        return
    CACHE.mkdir(exist_ok=True)
    scale = Scale(1_000, 100_000, 120) if chosen.short else Scale(10_000, 1_000_000, 600)
    scale = replace(scale, hashes=chosen.hashes, faiss=chosen.faiss, rows=chosen.rows or scale.rows)
    load = os.getloadavg()[0]
    print(f"{time.strftime('%Y-%m-%d %H:%M')}, `python bench/dataset.py {' '.join(sys.argv[1:])}`, load {load:.1f}")
    for name in chosen.only.split(","):
        PARTS[name](scale, chosen.peers)


if __name__ == "__main__":
    main()
