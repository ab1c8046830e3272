"""Chooses the pictures of an export, and deals their order. Pure; opens no file."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from struct import unpack
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from collector.dataset.classes import ordered
from collector.dataset.samples import EVERY, Choice, ExportPlan, Read, Samples
from collector.images.form import AS_IS, Form
from collector.ledger.candidates import Candidate
from collector.ledger.names import Names

_COLUMNS: Final = np.dtype(
    [("id", "i8"), ("own", "i4"), ("kind", "i4"), ("part", "i1"), ("unsplit", "?"), ("rank", "i8"), ("dealt", "u8"),
     ("dealt_then", "u8"), ("exif", "?")]
)  # fmt: skip
Chosen = NDArray[Any]
"""(n,) of `_COLUMNS`."""


def plan(
    name: str,
    candidates: Iterable[Candidate],
    read: Read,
    *,
    further: Mapping[str, tuple[str, ...]],
    order: Sequence[str] = ("",),
    scheme: str = "",
    form: Form = AS_IS,
    choice: Choice = EVERY,
    numbers: Mapping[str, int] | None = None,
    names: Names | None = None,
) -> ExportPlan:
    """What is exported of the candidates, which are looked at once; `read` gives the items of those that are taken.

    `further`: sha256 -> more classes of a picture; `order`: the splits; `numbers`: class -> the number it was given
    once; `names`: how files are called, None by their bytes. The order of the samples depends on nothing but the
    pictures themselves.
    """
    left: Counter[str] = Counter()
    chosen, kinds = _columns(candidates, choice, further, order, left)
    if choice.skip_small:
        kept = _in_every_split(chosen, len(kinds), len(order))
        left["of a class too small for every split"] += len(chosen) - int(kept.sum())
        chosen = chosen[kept]
    if choice.max_per_class:
        kept = _best(chosen, len(order), choice.max_per_class)
        left["over the most per class"] += len(chosen) - int(kept.sum())
        chosen = chosen[kept]
    chosen = chosen[np.lexsort((chosen["dealt_then"], chosen["dealt"], chosen["part"]))]
    ids, own, parts = (np.array(chosen[name]) for name in ("id", "kind", "part"))  # Copies: the rest is not held.
    samples = Samples(ids, own, parts, kinds, tuple(order), read, names)
    classes = ordered({label for kind in np.unique(samples.kinds) for label in samples.labels[kind]}, numbers or {})
    places = {label: place for place, label in enumerate(classes)}
    reasons = {reason: count for reason, count in left.items() if count}
    exif, unsplit = bool(chosen["exif"].any()), int(chosen["unsplit"].sum())
    return ExportPlan(
        name, samples, classes, tuple(order), form, choice, scheme, reasons, places, exif=exif, unsplit=unsplit
    )


def _columns(
    candidates: Iterable[Candidate],
    choice: Choice,
    further: Mapping[str, tuple[str, ...]],
    order: Sequence[str],
    left: Counter[str],
) -> tuple[Chosen, tuple[tuple[str, ...], ...]]:
    """Those that the choice takes, and the classes that pictures have together; the others are counted in `left`."""
    kinds: dict[tuple[str, ...], int] = {}
    parts = {split: place for place, split in enumerate(order)}

    def rows() -> Iterator[tuple[object, ...]]:
        for one in candidates:
            if why := one.left_out or _unfit(one, choice):
                left[why] += 1
                continue
            own = kind = kinds.setdefault((one.label,), len(kinds))
            if one.sha256 in further:
                labels = (one.label, *(label for label in further[one.sha256] if label != one.label))
                kind = kinds.setdefault(labels, len(kinds))
            part = parts.get(one.split or "", -1)
            yield (one.id, own, kind, max(part, 0), part < 0, one.rank, *_dealt(one.sha256), one.exif)

    return np.fromiter(rows(), _COLUMNS), tuple(kinds)


def _dealt(sha256: str) -> tuple[int, int]:
    """Looks random and never changes: neighbours in an export have nothing in common."""
    first, then, _, _ = unpack(">4Q", hashlib.sha256(f"order {sha256}".encode()).digest())
    return first, then


def _unfit(one: Candidate, choice: Choice) -> str:
    """Why the choice does not take it, "" when it does."""
    if choice.reviewed and not one.kept:
        return "not reviewed"
    if choice.min_side and one.side < choice.min_side:
        return "smaller than asked"
    if choice.licences and not any(name in _licence_text(one) for name in choice.licences):
        return "another licence, or an unknown one"
    return ""


def _licence_text(one: Candidate) -> str:
    """All that is known of its licence, in lower case, for comparing."""
    rights = " ".join(text for name, text in json.loads(one.rights or "[]") if name in ("licence", "terms"))
    return f"{one.licence} {one.notice} {dict(json.loads(one.fields or '[]')).get('license', '')} {rights}".lower()


def _in_every_split(chosen: Chosen, kinds: int, splits: int) -> NDArray[np.bool_]:
    """(n,): whether its class has a picture in each."""
    there = np.zeros((kinds, splits), np.bool_)
    there[chosen["own"], chosen["part"]] = True
    kept: NDArray[np.bool_] = np.all(there, axis=1)[chosen["own"]]
    return kept


def _best(chosen: Chosen, splits: int, most: int) -> NDArray[np.bool_]:
    """(n,): the best ranks of each class, the best of each split before all others: no class goes missing in one."""
    ranked = np.lexsort((chosen["id"], chosen["rank"]))
    own, part = chosen["own"][ranked], chosen["part"][ranked]
    behind = np.ones(len(chosen), np.bool_)
    behind[np.unique(own * np.int64(splits) + part, return_index=True)[1]] = False
    order = np.lexsort((behind, own))
    place = np.arange(len(chosen)) - np.searchsorted(own[order], own[order])
    kept = np.zeros(len(chosen), np.bool_)
    kept[ranked[order[place < most]]] = True
    return kept
