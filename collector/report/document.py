"""A page that needs nothing beside itself: escaped text, one stylesheet allowed by its hash, no script. Writes no file.

Everything that comes from outside goes through `text`, every link through `link`.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from html import escape
from importlib.resources import files

LONGEST = 120
"""Characters of a text from outside that are shown: what bounds a page."""
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
"""Controls, what shows nothing or turns the writing direction, lone surrogates."""


@lru_cache(maxsize=1)
def style() -> str:
    """The stylesheet of all pages of this room."""
    return files("collector.report").joinpath("style.css").read_text(encoding="utf-8")


def style_source() -> str:
    """The stylesheet as a Content-Security-Policy names it: CSP Level 3, 2.3.1, hash-source."""
    digest = hashlib.sha256(style().encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def policy() -> str:
    """What a page may do: show its own pictures and its own style. It cannot ask the web for anything."""
    return f"default-src 'none'; img-src data:; style-src {style_source()}; base-uri 'none'; form-action 'none'"


def text(value: object, most: int = LONGEST) -> str:
    """Text from anywhere, safe between tags and in quoted attributes; what hides or turns writing is spelled out."""
    line = " ".join(str(value).split())
    plain = _HIDDEN.sub(lambda match: match[0].encode("unicode_escape").decode(), line)
    return escape(plain if len(plain) <= most else plain[: most - 1] + "…")


def link(address: str, shown: str) -> str:
    """A link when the address is one of the web, else its text alone: `javascript:` leads nowhere."""
    if not address.lower().startswith(("http://", "https://")) or len(address) > 2000:
        return text(shown)
    return f'<a href="{escape(address)}" rel="noopener noreferrer nofollow">{text(shown)}</a>'


_RIGHT = ' class="n"'


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """The first column names the row; numbers stand to the right."""
    body = []
    numeric: set[int] = set()
    for row in rows:
        cells = []
        for place, cell in enumerate(row):
            shown = f"{cell:,}" if isinstance(cell, int) else text(cell)
            right = isinstance(cell, int | Number)
            numeric |= {place} if right else set()
            kind = _RIGHT if right else ""
            cells.append(f'<th scope="row"{kind}>{shown}</th>' if place == 0 else f"<td{kind}>{shown}</td>")
        body.append(f"<tr>{''.join(cells)}</tr>\n")
    if not body:
        return '<p class="soft">Nothing.</p>\n'
    names = "".join(
        f'<th scope="col"{_RIGHT if place in numeric else ""}>{text(name)}</th>' for place, name in enumerate(head)
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{text(caption)}"><table>'
        f"<thead><tr>{names}</tr></thead>\n<tbody>{''.join(body)}</tbody></table></div>\n"
    )


class Number(str):
    """A number that has its form already, such as `1.5`."""

    __slots__ = ()


def document(title: str, parts: Iterable[str]) -> str:
    """The whole page."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy())}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n<meta name="robots" content="noindex">\n'
        f"<title>{text(title)}</title>\n<style>{style()}</style>\n</head>\n<body>\n{''.join(parts)}</body>\n</html>\n"
    )
