"""What explains an export, written into its folder: lock, attribution, data card.

The same set makes the same bytes: no date of today, no machine's name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from collector.dataset import attribution, lock
from collector.dataset.attribution import ATTRIBUTION
from collector.dataset.card import CARD, CollectedQuery, Patterns, Tallies, card, split_name
from collector.dataset.export import LOCK
from collector.dataset.samples import ExportPlan, Sample
from collector.dataset.spool import Spool

_TEXT: Final = json.encoder.encode_basestring
INDEX: Final = "index"
"""The folder of the lists, one for each split."""


@contextmanager
def documented(
    folder: Path, plan: ExportPlan, asked: Sequence[CollectedQuery], format: str, patterns: Patterns | None = None
) -> Iterator[Callable[[Sample, str], None]]:
    """Yields what is to be told of each sample and the sha256 of its exported bytes, in order; writes all at its end.

    `patterns`: where Hugging Face can load the format itself. Where it cannot, it would guess, and take any folder for
    a class: it is shown a list of the pictures instead.
    """
    tallies = Tallies()
    kinds: dict[tuple[str, tuple[str, ...]], str] = {}
    with ExitStack() as files:
        spool = files.enter_context(Spool(folder.parent))
        index = {}
        if patterns is None or not patterns(plan):
            patterns = _index
            (folder / INDEX).mkdir()
            for split, name in _index(plan):
                index[split] = files.enter_context((folder / name).open("w", encoding="utf-8"))

        def told(sample: Sample, sha256: str) -> None:
            tallies.add(sample)
            key = bytes.fromhex(sample.key) if plan.samples.names is None else sample.key.encode()
            spool.add(key, lock.line(sample, sha256) + attribution.row(sample))
            if index:
                kind = (sample.split, sample.labels)
                if kind not in kinds:
                    kinds[kind] = _index_kind(plan, *kind)
                index[sample.split].write(
                    f'{{"id": {_TEXT(sample.key)}, {kinds[kind]}, "url": {_TEXT(sample.item.url)},'
                    f' "exported_sha256": "{sha256}"}}\n'
                )

        yield told
        (folder / CARD).write_text(card(plan, tallies, asked, patterns), encoding="utf-8")
        with (folder / LOCK).open("wb") as locked, (folder / ATTRIBUTION).open("wb") as attributed:
            locked.write(lock.head(plan, format).encode())
            attributed.write(attribution.head().encode())
            for record in spool:
                line, end, row = record.partition(b"\n")  # The line is JSON: it has no other one.
                locked.write(line + end)
                attributed.write(row)


def _index_kind(plan: ExportPlan, split: str, labels: tuple[str, ...]) -> str:
    """What the lines of pictures of the same classes and split have in common."""
    cells = {"label": labels[0], "label_id": plan.number(labels[0]), "labels": labels, "split": split}
    return json.dumps(cells, ensure_ascii=False)[1:-1]


def _index(plan: ExportPlan) -> list[tuple[str, str]]:
    return [(split, f"{INDEX}/{split_name(split)}.jsonl") for split in plan.splits]
