"""The pictures and URL lists that the fetch benchmark serves; made once, the same every time.

`web`: JPEGs whose sizes are log-normal as on the web (median 60 KB, mean 120 KB, up to 2.5 MB). `small`: about 8 KB.
Smooth colour fields with noise: they compress, and cost a decoder, about what photographs do.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import random
import socket
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

HOSTS = 50
"""Loopback addresses 127.0.0.2 to 127.0.0.51, each a host of its own."""


def _free_ports(number: int) -> list[int]:
    """Ports that nobody listens on."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for one in sockets:
            one.bind(("", 0))
        return [one.getsockname()[1] for one in sockets]


PLAIN, SLOW, LINE, FAULTY = _free_ports(4)
"""Ports: files as they are; 100-300 ms before the first byte; 100 KB/s a connection; trouble by path."""
MIX = {"404": 100, "referer": 60, "stall": 40, "truncated": 40, "html": 20, "reset": 20, "429": 40, "loop": 20}
"""How many of 2,000 URLs of the faulty list are what; the rest is good. Obtainable: good, referer, stall, 429."""
OBTAINABLE = frozenset(("good", "referer", "stall", "429"))
BYTES_PER_PIXEL = 0.19
"""What the encoder makes of NOISE at quality 80."""
NOISE = 7.0


@lru_cache(maxsize=1)
def _noise() -> Any:
    import numpy

    return numpy.random.default_rng(1).normal(0, NOISE, (2400, 2400)).astype(numpy.float32)


def draw(seed: int, width: int, height: int) -> bytes:
    """One JPEG."""
    import numpy
    from PIL import Image

    chance = numpy.random.default_rng(seed)
    coarse = chance.integers(0, 256, (*chance.integers(3, 12, 2), 3), dtype=numpy.uint8)
    field = numpy.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC), numpy.float32)
    top, left = chance.integers(0, 2400 - (height + 1) // 2), chance.integers(0, 2400 - (width + 1) // 2)
    grain = _noise()[top : top + (height + 1) // 2, left : left + (width + 1) // 2]
    grain = grain.repeat(2, 0).repeat(2, 1)[:height, :width, None]
    out = io.BytesIO()
    Image.fromarray(numpy.clip(field + grain, 0, 255).astype(numpy.uint8)).save(out, "JPEG", quality=80)
    return out.getvalue()


def _make(folder: Path, kind: str, number: int) -> tuple[str, str, int]:
    chance = random.Random(f"{kind} {number}")
    if kind == "web":
        wanted = 60e3 * math.exp(chance.gauss(0, math.sqrt(2 * math.log(2))))
        pixels = min(max(wanted, 4e3), 2.5e6) / BYTES_PER_PIXEL
        width = int(min(max(math.sqrt(pixels * chance.uniform(0.75, 1.6)), 64), 4700))
        height = int(min(max(pixels / width, 64), 4700))
    else:
        width, height = 200, chance.randint(160, 220)
    body = draw(number * 2 + (kind == "web"), width, height)
    name = f"{kind}/{number:05d}.jpg"
    (folder / name).write_bytes(body)
    return name, hashlib.sha256(body).hexdigest(), len(body)


class Fixture:
    """Folder of pictures, and what is known of them."""

    def __init__(self, folder: Path, count: int) -> None:
        """Made if it is not there yet, or too small."""
        self.folder, self.count = folder, count
        facts = folder / "facts.json"
        known: dict[str, list[Any]] = json.loads(facts.read_text()) if facts.is_file() else {}
        if sum(name.startswith("web/") for name in known) < count:
            print(f"making {2 * count:,} pictures in {folder} ...", flush=True)
            for kind in ("web", "small"):
                (folder / kind).mkdir(parents=True, exist_ok=True)
            with ProcessPoolExecutor() as processes:
                for kind in ("web", "small"):
                    rows = processes.map(partial(_make, folder, kind), range(count), chunksize=20)
                    known |= {name: [digest, size] for name, digest, size in rows}
            facts.write_text(json.dumps(known))
        self.facts = known

    def urls(self, work: str) -> list[str]:
        """The list of a kind of work: web, small, lat, line or faulty."""
        if work == "faulty":
            return self._faulty()
        kind, port = ("small" if work == "small" else "web"), {"lat": SLOW, "line": LINE}.get(work, PLAIN)
        count = min(self.count, 2000) if work in ("lat", "line") else self.count
        return [f"http://{_host(n)}:{port}/{kind}/{n:05d}.jpg" for n in range(count)]

    def _faulty(self) -> list[str]:
        total = min(self.count, 2000)
        kinds = [kind for kind, share in MIX.items() for _ in range(share * total // 2000)]
        kinds += ["good"] * (total - len(kinds))
        random.Random(1).shuffle(kinds)
        return [
            f"http://{_host(n)}:{PLAIN}/web/{n:05d}.jpg"
            if kind == "good"
            else f"http://{_host(n)}:{FAULTY}/{kind}/{n:05d}.jpg"
            for n, kind in enumerate(kinds)
        ]

    def obtainable(self, urls: list[str]) -> dict[str, str]:
        """sha256 -> URL of what a client that does everything right gets."""
        found = {}
        for url in urls:
            kind, name = url.split("/")[3:5]
            if kind in ("web", "small"):
                found[self.facts[f"{kind}/{name}"][0]] = url
            elif kind in OBTAINABLE:
                found[self.facts[f"web/{name}"][0]] = url
        return found


def _host(number: int) -> str:
    return f"127.0.0.{2 + number % HOSTS}"
