"""From an order to an export: what of the set it holds, its splits, its classes, and the writing of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from collector.dataset import formats, purity, split
from collector.dataset.card import CollectedQuery
from collector.dataset.choosing import plan
from collector.dataset.documents import documented
from collector.dataset.export import Published, missing, publish
from collector.dataset.samples import Choice, ExportPlan
from collector.dataset.service import split_set, unhashable
from collector.errors import InputError, some
from collector.images.form import Form
from collector.images.pdq import NEAR
from collector.ledger import Ledger
from collector.ledger.names import Names


@dataclass(frozen=True, slots=True)
class Order:
    """An export as the user asks for it."""

    format: str
    dest: Path
    form: Form = field(default_factory=Form)
    choice: Choice = field(default_factory=Choice)
    scheme: split.Scheme | None = None
    """None: as the set was last split."""
    whole: bool = False
    """Without splits, whatever the set has."""
    distance: int = NEAR
    mirrored: bool = False
    """Whether a picture and its mirror image must not be in two splits."""
    missing_ok: int = 0
    """Pictures that may be gone or unreadable."""
    names: Names | None = None
    """How files are called; None: by their bytes."""


def export_set(ledger: Ledger, folder: Path, order: Order) -> tuple[ExportPlan, Published]:
    """Write the set in a format; pictures of a split set that have no split get one first. See `publish`.

    InputError when a class has no picture in one of the splits: loaders would number the classes otherwise there.
    """
    exporter = formats.load(order.format)
    scheme = None if order.whole else order.scheme or latest_scheme(ledger)
    missing_ok = order.missing_ok
    if scheme is not None and ledger.splits.lacking(scheme.name):
        missing_ok -= _unreadable(ledger, folder, missing_ok)
        split_set(ledger, folder, scheme, order.distance, order.mirrored)
    elif scheme is not None:
        ledger.splits.remember(scheme.name, ())
    pure = purity.measure(ledger)
    made = replace(
        _plan(ledger, order, scheme), practice=ledger.practice, purity=None if pure.share is None else str(pure)
    )
    with ledger.transaction():
        ledger.splits.number_classes(made.classes)  # For good: other exports number them so, too.
    if not made.samples:
        left = ", ".join(f"{count:,} for {reason}" for reason, count in made.left.items())
        raise InputError(f"{folder}: no picture to export{left and f'; left out: {left}'}")
    _refuse_gaps(made)
    labels = {label for _, label in made.counts()}
    asked = [CollectedQuery(*row) for row in ledger.dataset.queries() if row[1] in labels]
    documents = partial(documented, asked=asked, format=order.format, patterns=getattr(exporter, "patterns", None))
    return made, publish(made, folder, order.dest, exporter, documents, missing_ok)


def _unreadable(ledger: Ledger, folder: Path, at_most: int) -> int:
    """How many pictures of the set cannot be read, so that splitting leaves them out. MissingPictures when they are
    more than `at_most`: then nothing is left out, nor split."""
    broken = ((ledger.dataset.picture(sha256), str(why)) for sha256, why in unhashable(ledger, folder))
    lost = [(row.file, why) for row, why in broken if row is not None and row.left_out is None]
    if len(lost) > at_most:
        raise missing(lost, len(ledger.alike.ids()))
    return len(lost)


def preview(ledger: Ledger, order: Order) -> tuple[ExportPlan, int]:
    """What an export would hold, and how many of its pictures have no split yet, which it would deal; changes nothing.

    With pictures that have none, the plan counts all of them as unsplit.
    """
    scheme = None if order.whole else order.scheme or latest_scheme(ledger)
    made = _plan(ledger, order, scheme)
    if scheme is None or not made.unsplit:
        return made, 0
    return _plan(ledger, order, None), made.unsplit


def latest_scheme(ledger: Ledger) -> split.Scheme | None:
    """How the set was last split."""
    name, _, salt = (ledger.splits.latest() or "").partition(" ")
    return split.parse_scheme(name, salt) if name else None


def _plan(ledger: Ledger, order: Order, scheme: split.Scheme | None) -> ExportPlan:
    """What is exported."""
    return plan(
        order.dest.name,
        ledger.dataset.candidates(scheme.name if scheme else ""),
        ledger.dataset.items,
        further=ledger.dataset.extra_labels(),
        order=[name for name, _ in scheme.sizes] if scheme else ("",),
        scheme=scheme.name if scheme else "",
        form=order.form,
        choice=order.choice,
        numbers=ledger.splits.class_numbers(),
        names=order.names,
    )


def _refuse_gaps(made: ExportPlan) -> None:
    counts = made.counts()
    own = {label for _, label in counts}
    gaps = [(one, part) for one in made.classes if one in own for part in made.splits if not counts[part, one]]
    if gaps:
        names = some([f"{label!r} in {part}" for label, part in gaps], 5)
        raise InputError(
            f"no picture of {names}: loaders would number the classes otherwise there; collect more of them,"
            " split by other shares, leave such classes out with --skip-small, or export with --split none"
        )
