"""The pages that show a result's picture: alone, among look-alikes, in a gallery of small ones, or loaded late.

Pure: text from numbers. Which kind a page is depends on the picture's number unless the knob says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from itertools import count, islice
from typing import Final

from collector.practice.pictures import plan, slug
from collector.practice.results import Result, Wanted, result

LOOKALIKES_FROM: Final = 20_000
"""Numbers of the other pictures on such pages start here: whoever takes one was fooled."""
_OTHERS: Final = 4
_BLANK: Final = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"


def page(wanted: Wanted, number: int, kind: str) -> str:
    """The HTML of the page about picture `number`."""
    shown = result(wanted, number)
    kinds = tuple(KINDS)
    write = KINDS.get(kind) or KINDS[kinds[number % len(kinds)]]
    logo = '<header><img src="/favicon.ico" width="120" height="40" alt="logo"></header>'
    return f"<!doctype html><meta charset=utf-8><title>{escape(shown.title)}</title>{logo}{write(wanted, shown)}"


def others(wanted: Wanted, number: int) -> list[Result]:
    """Pictures of the same keyword that a page shows beside its own; none is a copy of another."""
    name = slug(wanted.keyword)
    numbers = (n for n in count(LOOKALIKES_FROM + 100 * number) if plan(name, n).copy_of is None)
    return [result(wanted, n) for n in islice(numbers, _OTHERS)]


def _plain(_: Wanted, shown: Result) -> str:
    return f"<h1>{escape(shown.title)}</h1>{_image(shown)}"


def _decoys(wanted: Wanted, shown: Result) -> str:
    """The page's head names another picture, and the first in sight is one as well."""
    beside = others(wanted, shown.number)
    head = f'<meta property="og:image" content="{escape(beside[0].original)}">'
    figures = [_image(one) for one in beside]
    return head + "".join([*figures[:2], f"<article>{_image(shown)}</article>", *figures[2:]])


def _gallery(wanted: Wanted, shown: Result) -> str:
    """Small pictures that link to the files."""
    every = [*others(wanted, shown.number), shown]
    every.insert(shown.number % len(every), every.pop())
    return "".join(
        f'<a href="{escape(one.original)}"><img src="{escape(one.thumbnail)}" width="{one.thumbnail_width}"'
        f' height="{one.thumbnail_height}" alt="{escape(one.title)}"></a>'
        for one in every
    )


def _lazy(wanted: Wanted, shown: Result) -> str:
    """Placeholders, the address in an attribute or a srcset, and a smaller edition beside it."""
    parts = [f'<img src="{_BLANK}" data-src="{escape(one.original)}" alt="">' for one in others(wanted, shown.number)]
    small = escape(shown.thumbnail)
    sizes = f"{small} {shown.thumbnail_width}w, {escape(shown.original)} {shown.width}w"
    parts.insert(2, f'<img class="lazy" src="{_BLANK}" data-srcset="{sizes}" alt="{escape(shown.title)}">')
    return "".join(parts)


def _image(one: Result) -> str:
    return f'<img src="{escape(one.original)}" alt="{escape(one.title)}" style="max-width:100%">'


KINDS: Final[Mapping[str, Callable[[Wanted, Result], str]]] = {
    "plain": _plain,
    "decoys": _decoys,
    "gallery": _gallery,
    "lazy": _lazy,
}
"""The kinds of pages; the knob's "mixed" is one after the other."""
