"""Dates as people write them, by formats, into ISO 8601. Knows English month names, whatever the machine's locale."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final

MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_PARTS: Final = {
    "Y": r"(?P<Y>\d{4})",
    "y": r"(?P<y>\d{2})",
    "m": r"(?P<m>\d{1,2})",
    "d": r"(?P<d>\d{1,2})(?:st|nd|rd|th)?",
    "b": r"(?P<b>[a-z]{3,9})",
    "B": r"(?P<B>[a-z]{3,9})",
    "a": r"[a-z]{2,9}",
    "A": r"[a-z]{2,9}",
    "H": r"(?P<H>\d{1,2})",
    "I": r"(?P<I>\d{1,2})",
    "M": r"(?P<M>\d{2})",
    "S": r"(?P<S>\d{2})",
    "f": r"(?P<f>\d{1,6})",
    "p": r"(?P<p>[ap]m?)",
    "z": r"(?P<z>z|[+-]\d{2}:?\d{2})",
    "s": r"(?P<s>\d{1,11})",
    "%": "%",
}
_LOOSE: Final = re.compile(r"[\s.,]+")


def problem(wanted: str) -> str:
    """What is wrong with a format, "" when nothing is."""
    letters = re.findall(r"%(.?)", wanted)
    for letter in letters:
        if letter not in _PARTS:
            return f"%{letter} is not possible; there are: {' '.join('%' + name for name in _PARTS)}"
    named = set(letters)
    if "s" not in named and not (named & {"Y", "y"}):
        return "it has no year (%Y or %y)"
    repeated = [letter for letter in named - set("aA%") if letters.count(letter) > 1]
    return f"%{repeated[0]} is there twice" if repeated else ""


def parsed(text: str, formats: tuple[str, ...]) -> str:
    """The date, or date and time, in ISO 8601 by the first format that fits; "" when none does.

    As precise as the format: `%Y` gives a year, `%b %Y` a month. Dots, commas and spaces are the same, upper and lower
    case too; `%b` and `%B` take every unambiguous beginning of an English month's name of three letters or more, as
    editors write them: `June 4 1923`, `Sept. 4, 1923`. Directives of strptime, and `%s`, seconds since 1970 (UTC).
    """
    loose = _LOOSE.sub(" ", text).strip().casefold()
    for wanted in formats:
        found = _pattern(wanted).fullmatch(loose)
        value = _iso(found.groupdict()) if found else ""
        if value:
            return value
    return ""


def written(iso: str, to: str) -> str:
    """What `parsed` gave, in another format; what is not known of it is its beginning."""
    return datetime.fromisoformat(iso + "-01-01"[len(iso) - 4 :] if len(iso) <= 10 else iso).strftime(to)


def _pattern(wanted: str) -> re.Pattern[str]:
    loose = _LOOSE.sub(" ", wanted).strip()
    pieces = re.split(r"%(.)", loose)
    text = "".join(
        _PARTS[piece] if number % 2 else re.escape(piece.casefold()).replace(r"\ ", " +")
        for number, piece in enumerate(pieces)
    )
    return re.compile(text)


def _iso(parts: dict[str, str]) -> str:
    try:
        if "s" in parts:
            return datetime.fromtimestamp(int(parts["s"]), UTC).isoformat()
        year = int(parts["Y"]) if "Y" in parts else _century(int(parts["y"]))
        month = _month(parts)
        if month is None:
            return f"{date(year, 1, 1).year:04}"
        if "d" not in parts:
            return f"{date(year, month, 1).isoformat()[:7]}"
        day = date(year, month, int(parts["d"]))
        return _with_time(day, parts) if parts.keys() & {"H", "I"} else day.isoformat()
    except (ValueError, OverflowError):
        return ""


def _century(year: int) -> int:
    """POSIX: 69 to 99 are of the 20th century."""
    return year + (1900 if year >= 69 else 2000)


def _month(parts: dict[str, str]) -> int | None:
    """None when the format has none. ValueError for a name that is no month's."""
    if "m" in parts:
        return int(parts["m"])
    name = parts.get("b") or parts.get("B")
    if name is None:
        return None
    name = "sep" if name == "sept" else name
    fitting = [number for number, month in enumerate(MONTHS, start=1) if month.startswith(name)]
    if len(fitting) != 1:
        raise ValueError(name)
    return fitting[0]


def _with_time(day: date, parts: dict[str, str]) -> str:
    hour = int(parts["H"]) if "H" in parts else int(parts["I"]) % 12 + 12 * parts.get("p", "a").startswith("p")
    fraction = int(parts.get("f", "0").ljust(6, "0"))
    when = datetime(day.year, day.month, day.day, hour, int(parts.get("M", 0)), int(parts.get("S", 0)), fraction)
    return when.replace(tzinfo=_zone(parts["z"])).isoformat() if "z" in parts else when.isoformat()


def _zone(text: str) -> timezone:
    if text == "z":
        return UTC
    digits = text[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)
