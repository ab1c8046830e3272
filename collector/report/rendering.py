"""Pages from templates: everything from outside is escaped and cut, one stylesheet is allowed by its hash, no script.

What a template writes with `{{ }}` is one short, plain line unless a filter says otherwise.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from collector.errors import printable
from collector.ledger import disk
from collector.urls import hostname

LONGEST: Final = 120
"""Characters of a text from outside that are shown: what bounds a page."""
OWN_PICTURES: Final = "img-src data:"
"""For pages that hold all they show."""
PICTURES_ANYWHERE: Final = "img-src http: https: file: data:; media-src file:"
"""For pages that show pictures from their hosts and from copies beside the page."""


def render(template: str, title: str, allowed: str, **facts: object) -> str:
    """A page by the name of its template. `allowed`: OWN_PICTURES or PICTURES_ANYWHERE."""
    page = _environment().get_template(template)
    return page.render(title=title, policy=policy(allowed), style=Markup(style()), **facts)


def replace(page: Path, text: str) -> None:
    """Write a page whole, or leave the old one. OSError."""
    page.parent.mkdir(parents=True, exist_ok=True)
    with disk.replacing(page) as part:
        part.write_text(text, encoding="utf-8", errors="replace")


def policy(allowed: str) -> str:
    """What a page may do, as a Content-Security-Policy: show pictures and its own style (CSP Level 3, 2.3.1)."""
    digest = base64.b64encode(hashlib.sha256(style().encode()).digest()).decode()
    return f"default-src 'none'; {allowed}; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


@cache
def style() -> str:
    """The stylesheet of all pages."""
    return files("collector.report").joinpath("templates/style.css").read_text(encoding="utf-8").strip()


def plain(value: object, most: int = LONGEST) -> str:
    """One line of at most so many characters; what hides or turns writing is spelled out."""
    shown = printable(" ".join(str(value).split()))
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def link(address: str, shown: str) -> Markup:
    """A link when the address is one of the web, else its text alone: `javascript:` leads nowhere."""
    if not is_web(address) or len(address) > 2000:
        return escape(plain(shown))
    return Markup('<a href="{}" rel="noopener noreferrer nofollow">{}</a>').format(address, plain(shown))


def is_web(address: str) -> bool:
    """Whether an address may stand in a link or as the source of an image."""
    return address.lower().startswith(("http://", "https://"))


def size(number: int) -> str:
    """Bytes for people: `2.0 kB`."""
    for unit, one in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if number >= one:
            return f"{number / one:,.1f} {unit}"
    return f"{number:,} B"


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("collector.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: value if isinstance(value, Markup) else plain(value),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "count": lambda number: f"{number:,}",
        "decimal": lambda number: f"{number:,.1f}",
        "share": lambda part, whole: f"{part / whole:.0%}" if whole else "",
        "size": size,
        "host": hostname,
        "text": lambda value, most: escape(plain(value, most)),
        "whole": lambda value: escape(str(value)),
        "link": link,
    }
    return made
