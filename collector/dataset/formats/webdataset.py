"""WebDataset: shuffled tar shards `<split>-000000.tar`, with `<key>.jpg`, `.cls` and `.json` side by side.

Rules: github.com/webdataset/webdataset (a key ends at the first dot of a name; one extension for all pictures, unless
the originals are asked for, which have their own).
"""

from __future__ import annotations

import io
import json
import tarfile
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from collector.dataset.formats.folders import by_split
from collector.dataset.formats.rows import READABLE as READABLE_FILES
from collector.dataset.formats.rows import Seen, row, shards
from collector.dataset.samples import EncodedSample, ExportPlan

READABLE: Final = frozenset({"jpg", "jpeg"})
"""One encoding for all: a png among jpgs becomes None in some loaders, without an error."""
ORIGINALS: Final = READABLE_FILES
"""What its "pil" decoder opens."""
SHARD_BYTES: Final = 1_000_000_000
SHARD_PICTURES: Final = 10_000
CLASSES: Final = "classes.json"


def write(folder: Path, plan: ExportPlan, pictures: Iterable[EncodedSample]) -> None:
    """See Exporter. The plan's order is a shuffled one already."""
    (folder / CLASSES).write_text(json.dumps(list(plan.classes), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    for split, group in groupby(pictures, key=lambda written: written.sample.split):
        for number, shard in enumerate(shards(group, SHARD_BYTES, SHARD_PICTURES)):
            with tarfile.open(folder / f"{_name(split)}-{number:06}.tar", "w", format=tarfile.USTAR_FORMAT) as tar:
                for written in shard:
                    facts = row(written, plan, f"{written.sample.key}.{written.extension}")
                    add(tar, f"{written.sample.key}.{written.extension.replace('jpeg', 'jpg')}", written.body)
                    add(tar, f"{written.sample.key}.cls", str(facts["label_id"]).encode())
                    add(tar, f"{written.sample.key}.json", json.dumps(facts, ensure_ascii=False).encode())


def add(tar: tarfile.TarFile, name: str, body: bytes) -> None:
    """One more member, with nothing in it that depends on when and by whom it is written."""
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(body), 0o644
    tar.addfile(entry, io.BytesIO(body))


def check(folder: Path, plan: ExportPlan) -> Counter[tuple[str, str]]:
    """See Exporter. As webdataset groups it: neighbours with one key are a sample; keys are unique over all shards."""
    names = json.loads((folder / CLASSES).read_text(encoding="utf-8"))
    counts: Counter[tuple[str, str]] = Counter()
    seen = Seen()
    kinds: set[str] = set()
    pictures = frozenset({"jpg"}) | (ORIGINALS if plan.form.encoding == "original" else set())
    for split, key, parts in _samples(folder, plan):
        seen.add(key)
        kinds.add(",".join(sorted("picture" if part in pictures else part for part in parts)))
        counts[split, names[int(parts["cls"])]] += 1
    if twice := seen.repeated(lambda: (key for _, key, _ in _samples(folder, plan))):
        raise ValueError(f"{twice} is in two places")
    if len(kinds) > 1:
        raise ValueError(f"samples of different parts: {'; '.join(sorted(kinds))}")
    return counts


def _samples(folder: Path, plan: ExportPlan) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(split, key, its parts)."""
    for split in plan.splits:
        for path in sorted(folder.glob(f"{_name(split)}-*.tar")):
            for key, parts in _shard(path):
                yield split, key, parts


def _shard(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    with tarfile.open(path) as tar:
        for key, members in groupby(tar, key=lambda member: member.name.partition(".")[0]):
            parts: dict[str, Any] = {}
            for member in members:
                kind = member.name.partition(".")[2].lower()
                if kind in parts:
                    raise ValueError(f"{member.name} is there twice")
                body = tar.extractfile(member)
                parts[kind] = body.read() if body is not None and kind == "cls" else member.size
            yield key, parts


def patterns(plan: ExportPlan) -> list[tuple[str, str]]:
    """(split, glob) for Hugging Face, which reads the shards' samples; none of originals: it wants one kind."""
    if plan.form.encoding == "original":
        return []
    return [(split, f"{_name(split)}-*.tar") for split in plan.splits]


def _name(split: str) -> str:
    return split or "data"


def loading(folder: Path, plan: ExportPlan) -> str:
    """See Exporter."""
    part = ";".join(sorted(ORIGINALS)) if plan.form.encoding == "original" else "jpg"

    def dataset(split: str) -> str:
        last = len(list(folder.glob(f"{_name(split)}-*.tar"))) - 1
        named = f"{_name(split)}-{{000000..{last:06}}}.tar" if last > 0 else f"{_name(split)}-000000.tar"
        source = str(folder / named)
        return f"wds.WebDataset({source!r}, shardshuffle=False).decode('pil').to_tuple({part!r}, 'cls')"

    return by_split("import webdataset as wds", plan, dataset)
