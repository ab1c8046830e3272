"""What servers and pictures say about being collected: opt-out headers, and marks inside a picture. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from collector.http.robots import TOKEN
from collector.http.transport import one_line

OPT_OUTS = frozenset(("noai", "noimageai", "noml", "noindex", "noimageindex", "none"))
"""Directives of X-Robots-Tag that keep a picture out: img2dataset's four, `none` (noindex and nofollow, by Google's
definition) and `noml`, which several art sites send beside `noai`."""
_WITH_VALUE = frozenset(("unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"))
"""Directives that have a colon of their own (Google's robots meta tag specification)."""


def opt_out(headers: Mapping[str, str]) -> str:
    """The header by which a server keeps its answer out, as `Name: value`; "" when it does not."""
    if "x-robots-tag" in headers:
        for line in headers["x-robots-tag"].split("\n"):
            if _keeps_out(line):
                return one_line(f"X-Robots-Tag: {line}")
    # W3C TDM Reservation Protocol, 5.1: "1" reserves the rights of text and data mining.
    if "tdm-reservation" in headers:
        value = headers["tdm-reservation"]
        if "1" in (part.strip() for part in value.split(",")):
            return one_line(f"TDM-Reservation: {value}")
    return ""


def _keeps_out(line: str) -> bool:
    """One X-Robots-Tag: directives, each for the user agent named last before it, for all when none was."""
    for_us = True
    for part in line.lower().split(","):
        name, colon, rest = (text.strip() for text in part.partition(":"))
        if colon and name not in _WITH_VALUE and " " not in name:  # With blanks it is the rest of a date.
            for_us = name in (TOKEN, "*")
            name = rest
        if for_us and name in OPT_OUTS:
            return True
    return False


def prohibited(rights: Iterable[tuple[str, str]]) -> str:
    """The mark inside a picture that prohibits mining it (see `rights`); "" when there is none.

    PLUS' data mining vocabulary begins every prohibition with DMI-PROHIBITED; some leave exceptions or conditions
    that no program can judge, so each of them counts.
    """
    for name, text in rights:
        if name == "data_mining" and ("DMI-PROHIBITED" in text or text.strip() == "1"):
            return one_line(f"data mining mark: {text}")
    return ""
