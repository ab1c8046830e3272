"""What a keyword's results are: pictures' addresses, pages, titles, licences, and Google's data rows for them.

Pure: the same keyword gives the same results. The row's shape is the one found on real pages of 2020 to 2026.
"""

from __future__ import annotations

import base64
import hashlib
import random
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from collector.practice.pictures import Plan, plan, slug, thumbnail_size

RELATED = 12
"""Related pictures that an open panel shows beside every result."""
RELATED_FROM = 100_000
"""Numbers of related pictures start here: such a picture must never be taken for a result."""

_SITES = (
    ("Orchard Journal", "orchard-journal.example"),
    ("Stillwater Stock", "stillwater-stock.example"),
    ("The Field Almanac", "fieldalmanac.example"),
    ("Pixel Pantry", "pixelpantry.example"),
    ("Museum of Shapes", "shapes-museum.example"),
    ("Grüne Woche", "gruene-woche.example"),
    ("写真の森", "shashin.example"),
    ("Wide & Open", "wide-open.example"),
)
_TITLES = (
    "{} in the morning light",
    "{} | {site}",
    "What nobody tells you about {}",
    "45,146 {} pictures – free to look at",
    '{}: the "complete" guide & more',
    "Über {} und andere Dinge",
    "<{}> drawn by hand",
)
_LICENCES = (
    ("https://creativecommons.org/licenses/by-sa/4.0", "by-sa"),
    ("https://creativecommons.org/publicdomain/zero/1.0/", "cc0"),
    ("https://stillwater-stock.example/licence", "stock"),
)
PHOTO, PRODUCT, VIDEO, LICENSABLE = 0, 2, 3, 7


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was searched for: the keyword and the filters that change its pictures."""

    origin: str
    """http://127.0.0.1:PORT"""
    keyword: str
    size: str = ""
    """"", l, m or i, as in `tbs=isz:l`."""
    colour: str = ""
    """"" or a colour's name, as in `tbs=ic:specific,isc:red`."""
    free: bool = False
    """True for `tbs=sur:cl`: every picture has a Creative Commons licence."""

    @property
    def filters(self) -> dict[str, str]:
        """The filters as query parameters of a picture's address."""
        return {name: value for name, value in (("size", self.size), ("colour", self.colour)) if value}


@dataclass(frozen=True, slots=True)
class Result:
    """One picture among the results."""

    number: int
    id: str
    """Google's docid: 13 characters and an M."""
    ref: str
    """The id of the page that shows it (data-ref-docid)."""
    original: str
    thumbnail: str
    page: str
    title: str
    site: str
    domain: str
    width: int
    height: int
    thumbnail_width: int
    thumbnail_height: int
    kind: int
    rgb: str
    weight: str
    """The original's size as Google writes it, e.g. "128KB"."""
    licence: list[Any] | None
    """Row item 2006[11]: [where to buy, licence, flag, licensor, 0, [creators], credit, notice]."""


def result(wanted: Wanted, number: int) -> Result:
    """The picture with that number, counted from 0 in the engine's own order."""
    name = slug(wanted.keyword)
    dice = random.Random(f"result:{name}:{number}")
    drawn = plan(name, number, wanted.size)
    site, domain = dice.choice(_SITES)
    kind = LICENSABLE if wanted.free else dice.choices((PHOTO, PRODUCT, VIDEO, LICENSABLE), (79, 2, 3, 16))[0]
    title = dice.choice(_TITLES).format(wanted.keyword, site=site)
    size = thumbnail_size(drawn)
    stamp = f"{name}:{number}:{wanted.size}:{wanted.colour}"
    return Result(
        number=number,
        id=_token("id:" + stamp)[:13] + "M",
        ref=_token("ref:" + stamp)[:13] + "M",
        original=_original(wanted, name, number, drawn),
        thumbnail=_thumbnail(wanted, name, number, stamp),
        page=f"{wanted.origin}/pages/{name}/{number}",
        title=title,
        site=site,
        domain=domain,
        width=drawn.width,
        height=drawn.height,
        thumbnail_width=size[0],
        thumbnail_height=size[1],
        kind=kind,
        rgb=f"rgb({dice.randrange(256)},{dice.randrange(256)},{dice.randrange(256)})",
        weight=f"{dice.randint(20, 400)}KB",
        licence=_licence(wanted, dice, site) if kind == LICENSABLE else None,
    )


def related(wanted: Wanted, number: int) -> list[Result]:
    """The pictures that the panel shows beside a result; none of them is a result."""
    start = RELATED_FROM + number * RELATED
    return [result(wanted, start + step) for step in range(RELATED)]


def row(found: Result, year: str) -> list[Any]:
    """Google's data row of a picture. Sizes are HEIGHT, then WIDTH. Creators came into licences in 2026."""
    about = f"https://www.google.com/search/about-this-image?img={found.ref}%3D%3D&q={found.page}&ctx=iv"
    page: list[Any] = [None, found.ref, found.page, found.title]
    page += [None, 0, None, found.thumbnail if year == "2026" else None, None, 0, None, None, found.site]
    page += [None, None, None, None, found.domain] + [None] * 6 + [0, [None, 3]] + [None] * 7 + [about, None, 1]
    more: dict[str, Any] = {"2001": [None, None, None, None, 3, 3, 21], "2003": page}
    if year == "2020":
        more["183836587"] = [found.domain]
    else:
        more["2000"] = [None, found.domain, found.weight]
    if year != "2026":
        more["2008"] = [None, found.title[:40]]
    extra = _extra(found, year)
    if extra:
        more["2006"] = extra
    return [
        0,
        found.id,
        [found.thumbnail, found.thumbnail_height, found.thumbnail_width],
        [found.original, found.height, found.width],
        None,
        found.kind,
        found.rgb,
        None,
        0,
        more,
    ]


def link(keyword: str, found: Result) -> str:
    """The `/imgres` address that a hovered card gets. In it tbnid is the card's docid, docid its ref-docid."""
    return "/imgres?" + urlencode(
        {
            "q": keyword,
            "imgurl": found.original,
            "imgrefurl": found.page,
            "docid": found.ref,
            "tbnid": found.id,
            "vet": "12ahUKE" + found.id,
            "w": found.width,
            "h": found.height,
            "hcb": 2,
            "ved": "2ahUKE" + found.ref,
        },
        quote_via=quote,
    )


def _extra(found: Result, year: str) -> list[Any]:
    if found.kind == PRODUCT:
        return [None, ["$12.99", "Practice Brand", "In stock"]]
    if found.kind == VIDEO:
        return [None] * 8 + [[found.title, "A film about it", "3:14"]]
    if found.licence is None:
        return []
    licence = found.licence if year == "2026" else [*found.licence[:5], None, None, None]
    return [None] * 11 + [licence]


def _licence(wanted: Wanted, dice: random.Random, site: str) -> list[Any]:
    address, kind = dice.choice(_LICENCES[:2] if wanted.free else _LICENCES)
    who = dice.choice(("Ada Pixel", "Jo Müller", "山田 花子"))
    shop = f"{wanted.origin}/pages/licences" if kind == "stock" else ""
    return [shop or None, address, 1, site, 0, [who], f"{who} / {site}", f"© {who}"]


def _original(wanted: Wanted, name: str, number: int, drawn: Plan) -> str:
    """Most addresses end in the format's extension; some have words, a query, or no extension at all."""
    file = f"{number}.{drawn.extension}"
    if number % 16 == 9:
        file = str(number)
    elif number % 7 == 3:
        file = f"{number}-{quote('schön & groß')}.{drawn.extension.upper()}"
    query = {"w": str(drawn.width), "fit": "crop", "sig": "a=b+c"} if number % 5 == 4 else {}
    tail = urlencode({**wanted.filters, **query})
    return f"{wanted.origin}/pictures/{name}/{file}" + (f"?{tail}" if tail else "")


def _thumbnail(wanted: Wanted, name: str, number: int, stamp: str) -> str:
    query = {"q": "tbn:ANd9Gc" + _token("tbn:" + stamp)[:24], "s": "10", **wanted.filters}
    return f"{wanted.origin}/thumb/{name}/{number}?{urlencode(query, safe=':')}"


def _token(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode()
