"""What the JSON interfaces of sites answer, taken apart without trust: a value of the wrong kind is as good as none.

Pure. An answer that is not what was asked for becomes a SourceError here, so that no source mistakes it for empty.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NoReturn

from collector.errors import SourceError
from collector.http.contract import Answer
from collector.model import SearchState
from collector.sources import javascript

_TAG: Final = re.compile(r"<[^<>]*>")
_BREAK: Final = re.compile(r"<\s{0,20}(?:br|/p|/div|/li|/tr|/td)\b[^<>]*>", re.IGNORECASE)


def data(answer: Answer, site: str, what: str = "") -> Any:
    """The JSON of a good answer. SourceError as `check` has it, and page.layout for a body that is no JSON."""
    check(answer, site, what)
    try:
        return answer.json()
    except ValueError:
        unknown(site, f"no JSON but {kind(answer)}" if answer.body.strip() else "nothing")


_SAID: Final = {
    **dict.fromkeys((401, 407), (SearchState.BLOCKED, "page.denied", "refuses ({status}): {complaint}")),
    403: (SearchState.BLOCKED, "page.denied", "refuses (403): {complaint}"),
    **dict.fromkeys((404, 410), (SearchState.FAILED, "page.gone", "has no {what}")),
    **dict.fromkeys((405, 406, 418), (SearchState.BLOCKED, "page.blocked", "refuses ({status}): {complaint}")),
    429: (SearchState.BLOCKED, "page.rate_limited", "asks us to come back later (429): {complaint}"),
    451: (SearchState.BLOCKED, "page.blocked", "may not show this here, for legal reasons (451): {complaint}"),
}
"""Status -> what it means at every site; which some sites say in HTML, so that no body is needed."""
_NOT_HERE: Final = re.compile(r"\b(?:your|this) (?:region|country|location)\b|\bgeo-?block", re.IGNORECASE)


def check(answer: Answer, site: str, what: str = "") -> None:
    """SourceError for every status but 200: page.denied, page.gone, page.blocked, page.rate_limited by the table,
    page.unreachable from 500 on, else page.layout with what the answer says. `what`: the one thing that was asked for;
    "" where words were, for which nothing can be gone."""
    status, said = answer.status, complaint(answer)
    if status == 200:
        return
    if status in _SAID and (what or _SAID[status][1] != "page.gone"):
        state, reason, words = _SAID[status]
        raise SourceError(state, reason, f"{site} {words.format(status=status, complaint=said, what=what)}"[:200])
    if status >= 500:
        raise SourceError(SearchState.UNREACHABLE, "page.unreachable", f"{site} does not work now ({status}): {said}")
    if _NOT_HERE.search(said):
        raise SourceError(SearchState.BLOCKED, "page.blocked", f"{site} does not show this here ({status}): {said}")
    unknown(site, f"status {status}: {said}")


def unknown(site: str, what: str) -> NoReturn:
    """Raise the SourceError of an answer that is not recognised."""
    raise SourceError(SearchState.LAYOUT, "page.layout", f"{site} answered something unknown: {what}"[:200])


def complaint(answer: Answer) -> str:
    """What an answer says is wrong, in one line; its kind when it does not say."""
    try:
        said = answer.json()
    except ValueError:
        return f"no reason given ({kind(answer)})"
    return next(_texts(said), "")[:120] or "no reason given"


_COMPLAINTS: Final = (
    "detail", "message", "error_description", "errorDescription", "error", "errors", "info", "title", "data",
)  # fmt: skip
"""Names that error messages have."""


def kind(answer: Answer) -> str:
    """The answer's media type, or that it has none."""
    return answer.headers.get("content-type", "").partition(";")[0].strip() or "no content type"


def _texts(said: Any, depth: int = 4) -> Iterator[str]:
    """The texts under the names that error messages have."""
    if isinstance(said, list) and depth:
        for part in said:
            yield from _texts(part, depth - 1)
    elif isinstance(said, dict) and depth:
        for name in _COMPLAINTS:
            value = said.get(name)
            if isinstance(value, str) and value.strip():
                yield " ".join(value.split())
            elif isinstance(value, list | dict):
                yield from _texts(value, depth - 1)


# --------------------------------------------------------------------------- values of other people's JSON


def text(source: Mapping[str, Any], *names: str) -> str:
    """The first of these that is a text with something in it, or a number; "" for none."""
    for name in names:
        value = source.get(name)
        if isinstance(value, str) and value.strip():
            return value.strip()
        if isinstance(value, int | float) and not isinstance(value, bool) and -1e300 < value < 1e300:
            return str(value)
    return ""


def number(source: Mapping[str, Any], *names: str) -> int:
    """The first of these that is a whole number above zero, as a number or in digits; 0 for none."""
    for name in names:
        value = source.get(name)
        if isinstance(value, str) and len(value) < 20 and value.strip().isdecimal():
            value = int(value)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e15:
            return int(value)
    return 0


def table(value: Any) -> Mapping[str, Any]:
    """The value when it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def tables(value: Any) -> list[Mapping[str, Any]]:
    """The objects in a list; none when it is no list."""
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []


def plain(markup: str) -> str:
    """The text of a bit of HTML, in one line: for names and credits that sites deliver with links in them."""
    return " ".join(html.unescape(_TAG.sub("", _BREAK.sub(" ", markup))).split())


def assigned(page: str, name: str) -> Mapping[str, Any] | None:
    """The object that a page's script gives to a variable, names without quotes allowed; None when there is none."""
    found = re.search(rf"\b{re.escape(name)}\s*=\s*(?=\{{)", page)
    if found is None:
        return None
    try:
        return table(javascript.literal(page, found.end()))
    except ValueError:
        return None


def web_address(value: str) -> str:
    """The value when it is an http(s) address, `//host/...` completed; else ""."""
    address = f"https:{value}" if value.startswith("//") else value
    return address if re.match(r"https?://[^/\s]", address, re.IGNORECASE) else ""
