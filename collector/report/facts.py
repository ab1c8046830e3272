"""All numbers of a report, as the ledger has them; what they add up to, and how they are written as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median

from collector.dataset.attribution import short_name
from collector.dataset.purity import Purity, measure
from collector.ledger import Ledger
from collector.ledger.stats import SIDES, Domains, Loss, Size, Yield

DOMAINS = 100
"""Hosts told of: the largest and the worst."""
LICENCES = 50
TRIED = 10
"""Pictures asked of a host from which it can be proposed to be left out."""
USABLE = 0.1
"""Share of them that were pictures, up to which it is proposed."""
_COUNTS = ("found", "waiting", "skipped", "failed", "rejected", "duplicate", "left_out", "kept", "bytes", "kept_bytes")


@dataclass(frozen=True, slots=True)
class Balance:
    """How evenly the pictures of the set are spread over its classes."""

    classes: int
    empty: int
    smallest: int
    median: float
    largest: int
    ratio: float | None
    """Largest by smallest class; None when one is empty or there is none."""
    gini: float
    """0: all of one size; near 1: nearly all pictures are in one class."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything but pictures."""

    as_of: str
    total: Yield
    keywords: tuple[Yield, ...]
    classes: tuple[Size, ...]
    balance: Balance
    domains: Domains
    block: tuple[str, ...]
    """Hosts proposed to be left out, the worst first."""
    losses: tuple[Loss, ...]
    sides: tuple[int, ...]
    """By `SIDES`."""
    formats: tuple[tuple[str, int, int], ...]
    licences: tuple[tuple[str, int], ...]
    audited: tuple[tuple[str, int, int], ...]
    purity: Purity


def gather(ledger: Ledger) -> Facts:
    """Ask the ledger for all of it: seconds at a million rows."""
    keywords = tuple(ledger.stats.keyword_yields())
    classes = tuple(ledger.stats.class_sizes())
    domains = ledger.stats.domain_yields(DOMAINS)
    return Facts(
        as_of=ledger.stats.as_of(),
        total=total(keywords),
        keywords=keywords,
        classes=classes,
        balance=balance([size.kept for size in classes]),
        domains=domains,
        block=tuple(one.name for one in domains.worst if blockable(one)),
        losses=tuple(ledger.stats.losses()),
        sides=tuple(ledger.stats.sides()),
        formats=tuple(ledger.stats.formats()),
        licences=_licences(ledger),
        audited=tuple(ledger.stats.audited()),
        purity=measure(ledger),
    )


def total(rows: Sequence[Yield]) -> Yield:
    """All keywords as one."""
    sums = {name: sum(getattr(row, name) for row in rows) for name in _COUNTS}
    return Yield("", **sums, seconds=sum(row.seconds for row in rows))


def balance(counts: Sequence[int]) -> Balance:
    """Gini: half the mean difference of two classes, by the mean."""
    if not counts:
        return Balance(0, 0, 0, 0.0, 0, None, 0.0)
    ordered, number, pictures = sorted(counts), len(counts), sum(counts)
    weighted = sum((2 * place - number - 1) * count for place, count in enumerate(ordered, start=1))
    return Balance(
        classes=number,
        empty=ordered.count(0),
        smallest=ordered[0],
        median=float(median(ordered)),
        largest=ordered[-1],
        ratio=round(ordered[-1] / ordered[0], 3) if ordered[0] else None,
        gini=round(weighted / (number * pictures), 4) if pictures else 0.0,
    )


def blockable(one: Yield) -> bool:
    """Whether a host brought next to nothing of what was asked of it; duplicates are not its fault."""
    return one.asked >= TRIED and one.decoded <= USABLE * one.asked and not one.name.endswith(":")


def side_names() -> list[str]:
    """What the steps of sizes are called."""
    ends = [f"to {least - 1}" for least in SIDES[1:]]
    return [f"{least} {end}" for least, end in zip(SIDES, ends, strict=False)] + [f"{SIDES[-1]} and more"]


def as_json(facts: Facts) -> dict[str, object]:
    """The keys are told in docs/report.md; new ones may come, none changes its meaning without `report` going up."""
    return {
        "report": 1,
        "as_of": facts.as_of,
        "total": _without(facts.total.plain(), "name", "label"),
        "keywords": [{"keyword": row.name, **_without(row.plain(), "name")} for row in facts.keywords],
        "classes": [asdict(size) for size in facts.classes],
        "balance": asdict(facts.balance),
        "domains": {
            "count": facts.domains.count,
            "largest": [{"host": row.name, **_without(row.plain(), "name", "label")} for row in facts.domains.largest],
            "worst": [{"host": row.name, **_without(row.plain(), "name", "label")} for row in facts.domains.worst],
            "block": list(facts.block),
        },
        "losses": [asdict(loss) for loss in facts.losses],
        "sides": [{"from": least, "pictures": count} for least, count in zip(SIDES, facts.sides, strict=True)],
        "formats": [{"format": name, "pictures": count, "bytes": size} for name, count, size in facts.formats],
        "licences": [{"licence": name, "pictures": count} for name, count in facts.licences],
        "audit": [{"issue": issue, "pictures": count, "flagged": flagged} for issue, count, flagged in facts.audited],
        "purity": {"decided": facts.purity.decided, "unsure": facts.purity.unsure, **asdict(facts.purity)},
    }


def _licences(ledger: Ledger) -> tuple[tuple[str, int], ...]:
    """By name; beyond fifty names, the rest together."""
    names: Counter[str] = Counter()
    for address, count in ledger.stats.licences():
        name = short_name(address)
        names[name if name in names or len(names) < LICENCES else "other licences"] += count
    return tuple(names.most_common())


def _without(values: dict[str, object], *names: str) -> dict[str, object]:
    return {name: value for name, value in values.items() if name not in names}
