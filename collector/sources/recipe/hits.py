"""The fields of an item -> Hits. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from collector.model import Hit, Licence
from collector.sources.recipe import select
from collector.sources.recipe.select import Document
from collector.sources.recipe.values import KNOWN, PageKind, Recipe
from collector.urls import hostname, resolved, url_key

Values = dict[str, list[str]]
"""Field -> its texts; several where the recipe takes all."""


@dataclass(frozen=True, slots=True)
class Item:
    """What one item of a page says."""

    values: Values
    pictures: tuple[tuple[str, ...], ...]
    """URLs per picture, best first."""
    empty: tuple[str, ...]
    """Fields that brought nothing."""
    required: tuple[str, ...]
    """Those of them without which it counts for nothing."""


def read(kind: PageKind, scope: object, page: Document, carried: Mapping[str, str]) -> Item:
    """All fields of one item; what the pages before said fills those that stay empty."""
    values: Values = {}
    known = dict(carried)
    for name, field in kind.fields.items():
        found = select.value(field, scope, page, known)
        if not found and carried.get(name):
            found = [carried[name]]
        values[name] = found
        known[name] = ", ".join(found)
    for name, text in carried.items():
        values.setdefault(name, [text])
    empty = tuple(name for name in kind.fields if not values[name])
    required = tuple(name for name in empty if kind.fields[name].required)
    return Item(values, _pictures(kind, scope, page, known), empty, required)


def _pictures(kind: PageKind, scope: object, page: Document, known: Mapping[str, str]) -> tuple[tuple[str, ...], ...]:
    """Lists of the same length are of the same pictures, best first; of different lengths only the first counts."""
    if kind.picture is None:
        return ()
    lists = [
        urls
        for pick in kind.picture.picks
        if (urls := [resolved(text, page.base) for text in select.texts(pick, scope, page, known)])
    ]
    if not lists and kind.picture.default:
        lists = [[resolved(kind.picture.default, page.base)]]
    if not lists:
        return ()
    same = [urls for urls in lists if len(urls) == len(lists[0])]
    grouped = (tuple(dict.fromkeys(filter(None, urls))) for urls in zip(*same, strict=True))
    return tuple(dict.fromkeys(urls for urls in grouped if urls))


def hits(recipe: Recipe, item: Item, page: Document, parent: str) -> Iterator[Hit]:
    """One per picture."""
    for number, urls in enumerate(item.pictures):
        value = _Values(item.values, number, len(item.pictures))
        width, height = value.size("width"), value.size("height")
        if recipe.head.min_side and 0 < min(width or height, height or width) < recipe.head.min_side:
            continue
        shown = resolved(value["page"], page.base) or page.url
        referer = {"page": shown, "parent": parent or shown, "none": ""}[recipe.head.referer]
        fields = tuple((name, text) for name in item.values if name not in KNOWN and (text := value[name]))
        yield Hit(
            url=urls[0],
            key=url_key(urls[0]),
            id=value["id"],
            page=referer,
            title=value["title"],
            site=value["site"] or hostname(page.url),
            width=width,
            height=height,
            thumbnail_url=resolved(value["thumbnail"], page.base) if value["thumbnail"] else "",
            way="recipe",
            licence=_licence(value),
            fallbacks=urls[1:],
            media=recipe.head.media,
            published=value["published"],
            fields=fields if referer == shown else (*fields, ("page", shown)),
        )


def lost(url: str, carried: Mapping[str, str], why: str, parent: str) -> Hit:
    """In the place of a picture whose page brought none: the page's address, so that the ledger knows of it."""
    title, published = carried.get("title", ""), carried.get("published", "")
    fields = tuple((name, text) for name, text in carried.items() if name not in KNOWN)
    return Hit(
        url=url,
        key=f"page:{url_key(url)}",
        page=parent,
        title=title,
        published=published,
        way="recipe",
        skip_reason="page.no_picture",
        fields=(*fields, ("skipped", why)),
    )


class _Values:
    """The texts of one picture of an item: its own where there is one per picture, else all of them."""

    def __init__(self, values: Values, number: int, pictures: int) -> None:
        self._values, self._number, self._pictures = values, number, pictures

    def __getitem__(self, name: str) -> str:
        found: Sequence[str] = self._values.get(name, ())
        if self._pictures > 1 and len(found) == self._pictures:
            return found[self._number]
        return ", ".join(found)

    def size(self, name: str) -> int:
        """Pixels; 0 when there is no number."""
        found = re.match(r"\s*(\d{1,6})", self[name])
        return int(found[1]) if found else 0


def _licence(value: _Values) -> Licence:
    stated = value["licence"]
    is_address = stated.startswith(("http://", "https://"))
    return Licence(
        url=stated if is_address else "",
        page=value["licence_page"],
        licensor=value["licensor"],
        creators=(value["creator"],) if value["creator"] else (),
        credit=value["credit"],
        notice="" if is_address else stated,
    )
