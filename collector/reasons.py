"""The one list of reasons: why a URL or a search ended as it did. Data only; imports nothing of ours.

Slugs are `family.cause`. HTTP answers are `http.<status>`. The fate of each family follows the
taxonomy of the trusted downloaders (curl's and Scrapy's retry lists; see docs/reasons.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus


class Fate(StrEnum):
    """What happens to a URL or a search that ends with the reason."""

    RETRY = "retry"
    """Tried again in this run with back-off, then by later runs, up to the limit of attempts."""
    FAILED = "failed"
    """Final: asking again would bring the same."""
    REJECTED = "rejected"
    """Final: bytes came, but not a picture we accept."""
    SKIPPED = "skipped"
    """Not asked for, by decision."""
    DUPLICATE = "duplicate"
    SEARCH = "search"
    """Belongs to a search, not to a URL; the next run takes the search up again."""
    LEFT_OUT = "left_out"
    """The picture is saved, and stays out of the set that is made of it; reversible."""
    STOP = "stop"
    """Ends the run; nothing is marked failed because of it."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One line of the table."""

    slug: str
    fate: Fate
    text: str
    """What it means, for people; one line."""


REASONS: tuple[Reason, ...] = (
    Reason("url.malformed", Fate.FAILED, "the URL cannot be parsed, or two parsers could read it differently"),
    Reason("url.scheme", Fate.FAILED, "neither http, https nor data"),
    Reason("url.port", Fate.FAILED, "a port that no web server should have"),
    Reason("url.private_addr", Fate.FAILED, "the name leads to a private, loopback or otherwise special address"),
    Reason("url.too_long", Fate.FAILED, "longer than 8,192 characters"),
    Reason("file.unreadable", Fate.FAILED, "a file that was to be taken in cannot be read"),
    Reason("net.dns", Fate.RETRY, "the host name could not be resolved"),
    Reason("net.connect", Fate.RETRY, "no connection: refused, unreachable or timed out"),
    Reason("net.reset", Fate.RETRY, "the server broke the connection"),
    Reason("net.read_timeout", Fate.RETRY, "the server fell silent"),
    Reason("net.deadline", Fate.RETRY, "the whole attempt took longer than its deadline"),
    Reason("net.too_slow", Fate.RETRY, "below the minimum speed for too long"),
    Reason("net.truncated", Fate.RETRY, "fewer bytes than announced"),
    Reason("net.proxy", Fate.RETRY, "the proxy failed"),
    Reason("net.tls", Fate.FAILED, "the certificate or the TLS handshake is not valid"),
    Reason("net.redirect_loop", Fate.FAILED, "more than five redirects"),
    Reason("net.redirect_blocked", Fate.FAILED, "redirected to something that must not be asked"),
    Reason("http.bad_framing", Fate.FAILED, "not a valid HTTP answer"),
    Reason("body.empty", Fate.REJECTED, "the answer has no body"),
    Reason("body.html", Fate.REJECTED, "a web page instead of a picture"),
    Reason("body.too_big", Fate.REJECTED, "more bytes than allowed, on the wire or unpacked"),
    Reason("data.syntax", Fate.REJECTED, "not a valid data: URL"),
    Reason("data.base64", Fate.REJECTED, "the base64 of the data: URL is broken"),
    Reason("data.type", Fate.REJECTED, "a data: URL of something that is not a picture"),
    Reason("data.too_big", Fate.REJECTED, "a data: URL larger than allowed"),
    Reason("image.unidentified", Fate.REJECTED, "the bytes are no known picture format"),
    Reason("image.format_denied", Fate.REJECTED, "a format that is not on the allow-list (SVG, PDF, EPS, PSD, ...)"),
    Reason("video.unidentified", Fate.REJECTED, "a video was expected, and the bytes are none that we know"),
    Reason("video.truncated", Fate.RETRY, "the video breaks off"),
    Reason("image.truncated", Fate.RETRY, "the picture breaks off or is corrupt inside"),
    Reason("image.too_many_pixels", Fate.REJECTED, "more pixels than allowed; not decoded"),
    Reason("image.too_small", Fate.REJECTED, "smaller than the smallest side asked for"),
    Reason("image.decoder_crash", Fate.REJECTED, "the decoder failed on it"),
    Reason("image.decoder_timeout", Fate.REJECTED, "decoding took too long"),
    Reason("image.placeholder", Fate.REJECTED, "a known stand-in picture, not the one asked for"),
    Reason("duplicate.same_label", Fate.DUPLICATE, "the same bytes are saved under this label"),
    Reason("duplicate.other_label", Fate.DUPLICATE, "the same bytes are saved under another label"),
    Reason("policy.limit", Fate.SKIPPED, "the keyword had all its pictures before this spare was needed"),
    Reason("policy.thumbnail", Fate.SKIPPED, "only the small stand-in is known, and thumbnails were not asked for"),
    Reason("policy.forgotten", Fate.SKIPPED, "the picture was forgotten on the user's word"),
    Reason("policy.robots", Fate.SKIPPED, "robots.txt forbids it"),
    Reason("policy.opt_out", Fate.SKIPPED, "its server says that it is not to be used for training or mining"),
    Reason("policy.locked", Fate.SKIPPED, "its maker keeps it for members, buyers or adults"),
    Reason("policy.blocklist", Fate.SKIPPED, "the keyword contains a term of the block list: it is not searched"),
    Reason("policy.blocked_host", Fate.SKIPPED, "its host, or one that it leads to, is on the list of blocked hosts"),
    Reason("policy.withdrawn", Fate.SKIPPED, "its maker or the site has taken it down"),
    Reason("page.no_picture", Fate.SKIPPED, "the page that should show it is gone, or shows none"),
    Reason("page.consent", Fate.SEARCH, "a consent wall stands before the results"),
    Reason("page.captcha", Fate.SEARCH, "the site asks for a captcha"),
    Reason("page.blocked", Fate.SEARCH, "the site refuses us"),
    Reason("page.script_wall", Fate.SEARCH, "an empty shell that asks for JavaScript"),
    Reason("page.legacy", Fate.SEARCH, "the old page without scripts, which holds thumbnails only"),
    Reason("page.layout", Fate.SEARCH, "a page we do not recognise: the site may have changed"),
    Reason("page.unreachable", Fate.SEARCH, "the site could not be reached"),
    Reason("page.rate_limited", Fate.SEARCH, "the site asks to come back later"),
    Reason("page.denied", Fate.SEARCH, "the site wants a key or an account, or does not accept the one it got"),
    Reason("page.gone", Fate.SEARCH, "there is no such page, user, album or gallery"),
    Reason("browser.start", Fate.SEARCH, "browser or driver would not start"),
    Reason("browser.crash", Fate.SEARCH, "browser, tab or driver died"),
    Reason("browser.hung", Fate.SEARCH, "the browser stopped answering, or the keyword took too long"),
    Reason("search.skipped", Fate.SEARCH, "not searched: the source was stopped earlier in this run"),
    Reason("set.near_duplicate", Fate.LEFT_OUT, "nearly the same picture is kept in its place"),
    Reason("set.conflict", Fate.LEFT_OUT, "the same or nearly the same picture is filed under another label"),
    Reason("set.placeholder", Fate.LEFT_OUT, "one picture from many unrelated addresses, or a known stand-in"),
    Reason("set.empty", Fate.LEFT_OUT, "a surface with next to nothing on it"),
    Reason("set.aspect", Fate.LEFT_OUT, "far longer than wide, or wider than long"),
    Reason("set.small", Fate.LEFT_OUT, "smaller than the set asks for"),
    Reason("set.quality", Fate.LEFT_OUT, "blurry, dark, light or otherwise poor by the audit"),
    Reason("set.dropped", Fate.LEFT_OUT, "a person said so"),
    Reason("set.unreadable", Fate.LEFT_OUT, "the file is gone, or can no longer be decoded"),
    Reason("store.disk_full", Fate.STOP, "no space left"),
    Reason("store.readonly", Fate.STOP, "the folder cannot be written"),
)

_BY_SLUG = {reason.slug: reason for reason in REASONS}
_RETRY_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504, *range(520, 525)})


def http_reason(status: int) -> str:
    """The slug of an HTTP status that is not a success."""
    return f"http.{status}"


def fate(slug: str) -> Fate:
    """The fate of a slug. Raises KeyError for a slug that is not in the list: a bug, not a condition."""
    if slug.startswith("http.") and slug[5:].isdigit():
        return Fate.RETRY if int(slug[5:]) in _RETRY_STATUS else Fate.FAILED
    return _BY_SLUG[slug].fate


def meaning(slug: str) -> str:
    """What a reason means, in words; "" for one that is not in the list."""
    if slug.startswith("http.") and slug[5:].isdigit():
        try:
            return f"the server says: {HTTPStatus(int(slug[5:])).phrase}"
        except ValueError:
            return "the server refuses"
    return _BY_SLUG[slug].text if slug in _BY_SLUG else ""


def known(text: str) -> bool:
    """Whether a text is a slug of the list, an HTTP status, or a family (`net`, `http`)."""
    families = {slug.partition(".")[0] for slug in _BY_SLUG} | {"http"}
    return text in _BY_SLUG or text in families or (text.startswith("http.") and text[5:].isdigit())
