"""The sections of a report's first page: tiles, bars, tables, and rows of pictures. Writes no file."""

from __future__ import annotations

from typing import Final

from collector.dataset.filter import REASONS as JUNK
from collector.ledger import Ledger
from collector.ledger.yields import Yield
from collector.reasons import REASONS
from collector.report import charts
from collector.report.alike import MOST, Alike
from collector.report.document import Number, table, text
from collector.report.facts import DOMAINS, TRIED, USABLE, Facts, side_names
from collector.report.sheets import Figures

GROUP_BYTES: Final = 1_000_000
"""Of the pictures that look the same, that stand under two labels, or that are left out."""
ROWS: Final = 200
"""Rows of a table."""
BARS: Final = 40
"""Rows of a chart."""
EXAMPLES: Final = 12
"""Pictures shown of those that are left out for one reason."""
_MEANINGS: Final = {reason.slug: reason.text for reason in REASONS}
_STATES: Final = dict(charts.OUTCOMES)
_LEFT_OUT: Final = (*JUNK, "set.quality", "set.unreadable")


def front(ledger: Ledger, facts: Facts, same: Alike, figures: Figures) -> list[str]:
    """Everything above the contact sheets, the page's `<main>` left open."""
    sections = (
        ("keywords", "Keywords", _keywords(facts)),
        ("classes", "Class balance", _classes(facts)),
        ("domains", "Domains", _domains(facts)),
        ("losses", "What was lost, and why", _losses(facts)),
        ("sizes", "Sizes and formats", _sizes(facts)),
        ("licences", "Licences", _licences(facts)),
        ("alike", "Pictures that look the same", _alike(same, figures)),
        ("conflicts", "Pictures under several labels", _conflicts(same, figures)),
        ("out", "Left out of the set", _out(ledger, facts, figures)),
    )
    links = "".join(f'<li><a href="#{name}">{text(title)}</a></li>' for name, title, _ in sections)
    parts = [
        f"<header><h1>{text(figures.title)}</h1>\n{_lead(facts)}",
        f'<nav aria-label="Sections"><ul>{links}<li><a href="#sheets">Contact sheets</a></li></ul></nav></header>\n',
        f"<main>\n{_tiles(facts.total)}",
    ]
    parts += [f'<section aria-labelledby="{name}"><h2 id="{name}">{text(title)}</h2>\n{body}</section>\n'
              for name, title, body in sections]  # fmt: skip
    return [*parts, '<h2 id="sheets">Contact sheets</h2>\n<p>A sample of every class, dealt by the hashes of the bytes:'
            " the same in every report.</p>\n"]  # fmt: skip


def _lead(facts: Facts) -> str:
    kept, classes = facts.total.kept, facts.balance.classes
    when = f", as of {text(facts.as_of[:16].replace('T', ' '))} UTC" if facts.as_of else ""
    return (
        f'<p class="soft">{kept:,} kept of {facts.total.found:,} found, for {len(facts.keywords):,} keywords in'
        f" {classes:,} classes{when}.</p>\n"
    )


def _tiles(total: Yield) -> str:
    steps = (
        ("found", total.found),
        ("fetched", total.fetched),
        ("decoded", total.decoded),
        ("unique", total.unique),
        ("kept", total.kept),
    )
    tiles = [
        f"<li><b>{value:,}</b><span>{name}{_share(value, total.found) if place else ''}</span></li>"
        for place, (name, value) in enumerate(steps)
    ]
    tiles.append(f"<li><b>{_size(total.kept_bytes)}</b><span>kept of {_size(total.bytes)} fetched</span></li>")
    whole = charts.bar(charts.parts_of(total), total.found, "all that was found")
    return f'<ul class="tiles">{"".join(tiles)}</ul>\n{whole}{charts.legend()}'


_STEPS: Final = ("found", "fetched", "decoded", "unique", "kept", "bytes", "seconds")


def _steps(one: Yield) -> tuple[object, ...]:
    return (one.found, one.fetched, one.decoded, one.unique, one.kept,
            Number(_size(one.bytes)), Number(f"{one.seconds:,.1f}"))  # fmt: skip


def _keywords(facts: Facts) -> str:
    chosen = sorted(facts.keywords, key=lambda row: -row.found)
    rows = [(row.name, charts.parts_of(row), f"{row.kept:,} of {row.found:,}") for row in chosen[:BARS]]
    classed = any(row.label != row.name for row in chosen)
    head = ("keyword", "class", *_STEPS) if classed else ("keyword", *_STEPS)
    listed = ((row.name, *((row.label,) if classed else ()), *_steps(row)) for row in chosen[:ROWS])
    return f"{charts.bars(rows)}{table('Keywords', head, listed)}{_rest(len(chosen), ROWS)}"


def _classes(facts: Facts) -> str:
    even, chosen = facts.balance, sorted(facts.classes, key=lambda size: -size.kept)
    ratio = f"the largest has {even.ratio:,.1f} times the smallest" if even.ratio else f"{even.empty:,} are empty"
    told = (
        f"<p>{even.classes:,} classes: {even.smallest:,} to {even.largest:,} pictures, median {even.median:,.1f};"
        f" {ratio}; Gini {even.gini:.2f} (0: all alike).</p>\n"
        if even.classes
        else ""
    )
    few = chosen[:BARS] if len(chosen) <= BARS else chosen[: BARS // 2] + chosen[-BARS // 2 :]
    rows = [(size.label, [("kept", size.kept)], f"{size.kept:,}") for size in few]
    left = len(chosen) - len(few)
    note = f'<p class="soft">The largest and the smallest; {left:,} between them are left out here.</p>' if left else ""
    further = [(size.label, size.kept, size.further) for size in chosen if size.further][:ROWS]
    more = table("Further labels", ("class", "pictures", "of other classes, too"), further) if further else ""
    return told + charts.bars(rows) + note + more


def _domains(facts: Facts) -> str:
    found = facts.domains
    rows = [(row.name, charts.parts_of(row), f"{row.kept:,} of {row.found:,}") for row in found.largest[:25]]
    worst = ((row.name, row.asked, row.failed, row.rejected, row.kept, Number(f"{row.seconds:,.1f}"))
             for row in found.worst[:50])  # fmt: skip
    head = ("host", "asked", "no bytes", "no picture", "kept", "seconds")
    block = "\n".join(text(name, 253) for name in facts.block)
    proposed = (
        f"<p>Proposed to be left out: {len(facts.block):,} hosts that were asked for {TRIED} pictures or more and "
        f'brought {USABLE:.0%} of them or fewer.</p>\n<pre tabindex="0">{block}</pre>\n'
        if block
        else '<p class="soft">No host is bad enough to be left out.</p>\n'
    )
    return (
        f"<p>{found.count:,} hosts of picture files; the largest:</p>\n{charts.bars(rows)}"
        f"<h3>Asked in vain most often</h3>\n{table('Worst hosts', head, worst)}{_rest(len(found.worst), 50, DOMAINS)}"
        f"<h3>Block list</h3>\n{proposed}"
    )


def _losses(facts: Facts) -> str:
    rows = (
        (loss.reason or loss.state, _STATES.get(loss.state, loss.state), _meaning(loss.reason), loss.count,
         Number(_size(loss.bytes)), Number(f"{loss.seconds:,.1f}"))
        for loss in facts.losses[:ROWS]
    )  # fmt: skip
    return table("Losses", ("reason", "step", "meaning", "URLs", "bytes", "seconds"), rows)


def _sizes(facts: Facts) -> str:
    named = zip(side_names(), facts.sides, strict=True)
    rows = [(f"{name} px", [("kept", number)], f"{number:,}") for name, number in named]
    formats = [(name, number, Number(_size(size))) for name, number, size in facts.formats]
    return (
        f"<p>Shorter side of the pictures in the set:</p>\n{charts.bars(rows)}"
        f"{table('Formats', ('format', 'pictures', 'bytes'), formats)}"
    )


def _licences(facts: Facts) -> str:
    note = "<p>As sources and files say; nobody checked it. Unknown is not free.</p>\n"
    return note + table("Licences", ("licence", "pictures"), facts.licences)


def _alike(same: Alike, figures: Figures) -> str:
    if not same.hashed:
        return '<p class="soft">No perceptual hashes yet: <code>collector dedupe</code> makes them.</p>\n'
    if not same.looked:
        return (
            f'<p class="soft">Over {MOST:,} hashed pictures: not looked for here; <code>collector dedupe</code> does.'
            "</p>\n"
        )
    parts = [f"<p>Groups of pictures within 31 of 256 bits of each other, among {same.hashed:,} that"
             f" have a hash worth comparing: {same.groups:,}. The largest under one label:</p>\n"]  # fmt: skip
    for row in same.rows:
        if figures.spent > GROUP_BYTES // 3:
            break
        parts.append(f"<h3>{text(row[0].label)}</h3>\n{figures.sheet(row)}")
    return "".join(parts)


def _conflicts(same: Alike, figures: Figures) -> str:
    if not same.conflicts:
        return '<p class="soft">None known.</p>\n'
    parts = [f"<p>Pictures, or groups of them, that were found under more than one label: {same.conflicts:,}.</p>\n"]
    for labels, row in same.conflict_rows:
        if figures.spent > 2 * GROUP_BYTES // 3:
            break
        parts.append(f"<h3>{text(' · '.join(labels))}</h3>\n{figures.sheet(row)}")
    return "".join(parts)


def _out(ledger: Ledger, facts: Facts, figures: Figures) -> str:
    head = ("issue", "looked at", "flagged")
    parts = [f"<h3>Quality audit</h3>\n{table('Audit', head, facts.audited)}" if facts.audited else ""]
    for loss in facts.losses:
        if loss.state == "left_out" and loss.reason in _LEFT_OUT and figures.spent < GROUP_BYTES:
            parts.append(f"<h3>{text(loss.reason)}: {loss.count:,}</h3>\n<p>{text(_meaning(loss.reason))}</p>\n")
            parts.append(figures.sheet(ledger.left_out(loss.reason, EXAMPLES)))
    return "".join(parts) or '<p class="soft">Nothing was left out by quality or as junk.</p>\n'


# --------------------------------------------------------------------------- small things


def _meaning(reason: str) -> str:
    return _MEANINGS.get(reason, f"the server answered {reason[5:]}" if reason.startswith("http.") else "")


def _share(part: int, whole: int) -> str:
    return f", {part / whole:.0%}" if whole else ""


def _size(number: int) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if number >= size:
            return f"{number / size:,.1f} {unit}"
    return f"{number:,} B"


def _rest(number: int, most: int, of: int = 0) -> str:
    if number <= most:
        return ""
    more = " at least" if number == of else ""
    return f'<p class="soft">{number - most:,}{more} more rows stand in <code>collector report --json</code>.</p>\n'
