"""Bars as inline SVG: shares of one whole, one row a thing. Pure; the numbers beside them are text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from collector.ledger.yields import Yield
from collector.report.document import text

OUTCOMES: tuple[tuple[str, str], ...] = (
    ("kept", "kept"),
    ("left_out", "left out of the set"),
    ("duplicate", "duplicate"),
    ("rejected", "no picture we accept"),
    ("failed", "no bytes came"),
    ("skipped", "skipped"),
    ("waiting", "still to do"),
)
"""(field of Yield and class of the stylesheet, what it is called), in the order in which they are stacked."""

Part = tuple[str, int]
"""(class of the stylesheet, size)."""


def bar(parts: Sequence[Part], most: int, label: str) -> str:
    """One bar, as long as `most` when its parts add up to that."""
    rects, place = ['<rect class="ground" width="1000" height="10"/>'], 0.0
    for kind, size in parts:
        width = 1000 * size / max(1, most)
        if size:
            rects.append(f'<rect class="{kind}" x="{place:.1f}" width="{max(width, 1.0):.1f}" height="10"/>')
        place += width
    return (
        f'<svg class="bar" viewBox="0 0 1000 10" preserveAspectRatio="none" role="img" aria-label="{text(label)}">'
        f"{''.join(rects)}</svg>"
    )


def bars(rows: Iterable[tuple[str, Sequence[Part], str]]) -> str:
    """Rows of (name, parts, number as text), all to one scale."""
    listed = list(rows)
    most = max((sum(size for _, size in parts) for _, parts, _ in listed), default=0)
    lines = [
        f'<li><span class="name" title="{text(name)}">{text(name, 60)}</span>'
        f'{bar(parts, most, f"{name}: {_told(parts)}")}<span class="number">{text(number)}</span></li>\n'
        for name, parts, number in listed
    ]
    return f'<ul class="bars">\n{"".join(lines)}</ul>\n' if lines else '<p class="soft">Nothing.</p>\n'


def parts_of(one: Yield) -> list[Part]:
    """What became of all that was found, stacked."""
    return [(name, int(getattr(one, name))) for name, _ in OUTCOMES]


def legend() -> str:
    """What the colours of stacked bars mean."""
    items = (
        f'<li><svg viewBox="0 0 10 10" aria-hidden="true"><rect class="{name}" width="10" height="10" rx="2"/></svg>'
        f"{text(words)}</li>"
        for name, words in OUTCOMES
    )
    return f'<ul class="legend">{"".join(items)}</ul>\n'


def _told(parts: Sequence[Part]) -> str:
    names = dict(OUTCOMES)
    return ", ".join(f"{size:,} {names.get(kind, kind)}" for kind, size in parts if size) or "nothing"
