"""Data rows of a Google Images page: found by their shape in any text, never by a path, key or number.

Pure text in, values out. Must not know where the text came from (inline script, `W_jd`, XHR body).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from collector.model import Licence
from collector.sources.opaque import NOTHING, Address, read

# The row (2020 to 2026): [0, "<id>", ["<thumbnail>", height, width], ["<full>", height, width], null, kind, "rgb()",
# .., {"2003": [null, reference, page, title, .., [12] site, .., [17] domain], "2006": [.., [11] licence]}]
_START: Final = re.compile(
    r'\[\s*(?:\d+|null)\s*,\s*"[^"\\]{4,64}"\s*,\s*\[\s*"[^"]*"\s*,\s*(?:\d+|null)\s*,\s*(?:\d+|null)\s*[\],]'
)
_QUOTED_START: Final = re.compile(
    r"\[\s*(?:\d+|null)\s*,\s*(?:\\+[\"']|\\+x22|\\+u0022)[^\"'\\]{4,64}(?:\\+[\"']|\\+x22|\\+u0022)\s*,\s*\["
)
"""The beginning of a row inside a string literal, where every quote is escaped in one way or another."""
_ESCAPE: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|(.))", re.DOTALL)
_SHORT_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}
_LEVELS: Final = 4
"""How many string literals may be nested into each other: a batch's body is twice escaped."""
_STRING_OR_HOLE: Final = re.compile(r'"(?:[^"\\]|\\.)*"|(?<=[\[,])\s*(?=,)', re.DOTALL)
_NOT_JSON: Final = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|([^\"\\/bfnrtu]))", re.DOTALL)
_LONGEST_ROW: Final = 200_000
_DECODER: Final = json.JSONDecoder(strict=False)


class RowKind(StrEnum):
    """What a row says the picture is (item KIND: 0, 2, 3, 7)."""

    PHOTO = "photo"
    PRODUCT = "product"
    VIDEO = "video"
    LICENSABLE = "licensable"


_KINDS: Final = {2: RowKind.PRODUCT, 3: RowKind.VIDEO, 7: RowKind.LICENSABLE}


@dataclass(frozen=True, slots=True)
class Row:
    """One picture as Google's own data describes it; sizes in pixels, 0 and "" are unknown."""

    id: str
    full: Address
    width: int
    height: int
    thumbnail_url: str = ""
    kind: RowKind = RowKind.PHOTO
    page: Address = NOTHING
    title: str = ""
    site: str = ""
    licence: Licence = field(default_factory=Licence)


def find(text: str, home: str) -> Iterator[Row]:
    """Every row of the text in its order, each id once; rows inside string literals come last.

    A batch's body holds its rows in a string of a string, and the inline scripts of some pages hold
    them as JSON in a JavaScript string: whatever is still escaped is unescaped and looked at again.
    """
    seen: set[str] = set()
    for _ in range(_LEVELS):
        for row in _plain_rows(text, home):
            if row.id not in seen:
                seen.add(row.id)
                yield row
        if not _QUOTED_START.search(text):
            return
        text = unescape(text)


def promises(text: str) -> bool:
    """Whether the text may hold rows, plain or inside a string literal."""
    return _START.search(text) is not None or _QUOTED_START.search(text) is not None


def unescape(text: str) -> str:
    """The text as if it were the inside of one JavaScript or JSON string literal."""
    plain = _ESCAPE.sub(_character, text)
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _character(match: re.Match[str]) -> str:
    unicode, byte, single = match.groups()
    if unicode or byte:
        return chr(int(unicode or byte, 16))
    return _SHORT_ESCAPES.get(single, single)


def _plain_rows(text: str, home: str) -> Iterator[Row]:
    for match in _START.finditer(text):
        value = _value_at(text, match.start())
        row = parse(value, home)
        if row is not None:
            yield row


def _value_at(text: str, start: int) -> Any:
    """The JSON-like value that begins there, or None when it is broken."""
    try:
        return _DECODER.raw_decode(text, start)[0]
    except (ValueError, RecursionError):
        pass
    try:
        return _DECODER.raw_decode(_as_json(text[start : start + _LONGEST_ROW]))[0]
    except (ValueError, RecursionError):
        return None


def _as_json(script: str) -> str:
    """What JavaScript allows and JSON does not, respelled: \\x27, \\', and holes in arrays."""

    def respell(match: re.Match[str]) -> str:
        part = match[0]
        if not part.startswith('"'):
            return "null"
        return _NOT_JSON.sub(lambda escape: f"\\u00{escape[1]}" if escape[1] else escape[2], part)

    return _STRING_OR_HOLE.sub(respell, script)


def parse(value: Any, home: str) -> Row | None:
    """A row from its decoded array; None for anything of another shape. `home` is where its page came from."""
    if not isinstance(value, list) or len(value) < 4 or not isinstance(value[1], str):
        return None
    full, thumbnail = _picture(value[3]), _picture(value[2])
    extras = next((item for item in value[4:] if isinstance(item, dict)), {})
    source = extras.get("2003")
    address = read(full[0], home) if full else NOTHING
    if full is None or (address == NOTHING and not isinstance(source, list)):
        return None
    domain = _text(source, 17) or _text(extras.get("2000"), 1) or _text(extras.get("183836587"), 0)
    return Row(
        id=value[1],
        full=address,
        height=full[1],
        width=full[2],
        thumbnail_url=thumbnail[0] if thumbnail else "",
        kind=_KINDS.get(value[5], RowKind.PHOTO) if len(value) > 5 and isinstance(value[5], int) else RowKind.PHOTO,
        page=read(_text(source, 2), home),
        title=_text(source, 3) or _text(extras.get("2008"), 1),
        site=_text(source, 12) or domain,
        licence=_licence(_item(extras.get("2006"), 11), home),
    )


def _picture(value: Any) -> tuple[str, int, int] | None:
    """(URL, height, width) of a `[url, height, width]` item: height comes first."""
    match value:
        case [str(url), int() | None as height, int() | None as width, *_]:
            return ("https:" + url if url.startswith("//") else url), max(height or 0, 0), max(width or 0, 0)
    return None


def _licence(value: Any, home: str) -> Licence:
    """[page to buy or read, licence URL, flag, licensor, 0, [creators], credit line, copyright notice]."""
    if not isinstance(value, list):
        return Licence()
    creators = _item(value, 5)
    return Licence(
        page=read(_text(value, 0), home).url or "",
        url=read(_text(value, 1), home).url or "",
        licensor=_text(value, 3),
        creators=tuple(name for name in creators if isinstance(name, str)) if isinstance(creators, list) else (),
        credit=_text(value, 6),
        notice=_text(value, 7),
    )


def _item(value: Any, index: int) -> Any:
    return value[index] if isinstance(value, list) and len(value) > index else None


def _text(value: Any, index: int) -> str:
    item = _item(value, index)
    return item if isinstance(item, str) else ""
