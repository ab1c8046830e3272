"""The one list of reasons: why a URL or a search ended as it did. Data only; imports nothing of ours.

Slugs are `family.cause`. HTTP answers are `http.<status>`. The fate of each family follows the
taxonomy of the trusted downloaders (curl's and Scrapy's retry lists; see docs/reasons.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus

UNCONFIRMED = "search.unconfirmed"
"""An empty answer that nobody else has given yet."""


class Fate(StrEnum):
    """What happens to a URL or a search that ends with the reason."""

    RETRY = "retry"
    """Tried again in this run with back-off, then by later runs, up to the limit of attempts."""
    FAILED = "failed"
    """Final: another try would end the same way."""
    REJECTED = "rejected"
    """Final: bytes came, but they are not a picture that we accept."""
    SKIPPED = "skipped"
    """Not requested, by decision."""
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
    Reason("url.scheme", Fate.FAILED, "not an http, https or data URL"),
    Reason("url.port", Fate.FAILED, "a port that no web server uses"),
    Reason("url.private_addr", Fate.FAILED, "the host is a private, loopback or otherwise special address"),
    Reason("url.too_long", Fate.FAILED, "longer than 8,192 characters"),
    Reason("file.unreadable", Fate.FAILED, "the file to be imported cannot be read"),
    Reason("net.dns", Fate.RETRY, "the host name could not be resolved"),
    Reason("net.connect", Fate.RETRY, "no connection: refused, unreachable or timed out"),
    Reason("net.reset", Fate.RETRY, "the server closed the connection"),
    Reason("net.read_timeout", Fate.RETRY, "the server stopped sending"),
    Reason("net.deadline", Fate.RETRY, "the attempt took longer than allowed"),
    Reason("net.too_slow", Fate.RETRY, "slower than the minimum speed for too long"),
    Reason("net.truncated", Fate.RETRY, "fewer bytes came than were announced"),
    Reason("net.proxy", Fate.RETRY, "the proxy failed"),
    Reason("net.tls", Fate.FAILED, "the certificate or the TLS handshake is not valid"),
    Reason("net.redirect_loop", Fate.FAILED, "more than five redirects"),
    Reason("net.redirect_blocked", Fate.FAILED, "redirected to an address that must not be requested"),
    Reason("http.bad_framing", Fate.FAILED, "not a valid HTTP response"),
    Reason("body.empty", Fate.REJECTED, "the response is empty"),
    Reason("body.html", Fate.REJECTED, "a web page instead of a picture"),
    Reason("body.too_big", Fate.REJECTED, "more bytes than allowed, compressed or uncompressed"),
    Reason("data.syntax", Fate.REJECTED, "not a valid data: URL"),
    Reason("url.opaque", Fate.FAILED, "a token of a search engine instead of an address"),
    Reason("data.base64", Fate.REJECTED, "the base64 of the data: URL is broken"),
    Reason("data.type", Fate.REJECTED, "a data: URL of something that is not a picture"),
    Reason("data.too_big", Fate.REJECTED, "a data: URL larger than allowed"),
    Reason("image.unidentified", Fate.REJECTED, "not a picture format that we know"),
    Reason("image.format_denied", Fate.REJECTED, "a format that is not on the allow-list (SVG, PDF, EPS, PSD, ...)"),
    Reason("image.needs_heic", Fate.REJECTED, "HEIC: asked for again once the extra `heic` is installed"),
    Reason("image.needs_jxl", Fate.REJECTED, "JPEG XL: asked for again once the extra `jxl` is installed"),
    Reason("video.unidentified", Fate.REJECTED, "a video was expected, and this is not a format that we know"),
    Reason("video.truncated", Fate.RETRY, "the video is cut off"),
    Reason("image.truncated", Fate.RETRY, "the picture is cut off or corrupt"),
    Reason("image.broken", Fate.REJECTED, "the picture is cut off or corrupt, and the same bytes came twice"),
    Reason("image.too_many_pixels", Fate.REJECTED, "more pixels than allowed; it was not decoded"),
    Reason("image.too_small", Fate.REJECTED, "smaller than the minimum side"),
    Reason("image.aspect", Fate.REJECTED, "longer, or wider, than was asked for (`--aspect`)"),
    Reason("image.other_type", Fate.REJECTED, "another format than was asked for (`--types`)"),
    Reason("image.unsupported", Fate.REJECTED, "a variant of its format that no decoder here reads"),
    Reason("image.decoder_crash", Fate.REJECTED, "the decoder crashed on it"),
    Reason("image.decoder_timeout", Fate.REJECTED, "decoding took too long"),
    Reason("image.placeholder", Fate.REJECTED, "a known placeholder instead of the picture"),
    Reason("duplicate.same_label", Fate.DUPLICATE, "the same file is already saved under this label"),
    Reason("duplicate.other_label", Fate.DUPLICATE, "the same file is already saved under another label"),
    Reason("policy.limit", Fate.SKIPPED, "the keyword reached its limit before this URL was needed"),
    Reason("policy.thumbnail", Fate.SKIPPED, "only a thumbnail is known, and thumbnails are turned off"),
    Reason("policy.forgotten", Fate.SKIPPED, "you asked to forget it"),
    Reason("policy.robots", Fate.SKIPPED, "robots.txt forbids it"),
    Reason("policy.opt_out", Fate.SKIPPED, "its owner says that it must not be used for training or data mining"),
    Reason("policy.locked", Fate.SKIPPED, "it is only for members, buyers or adults"),
    Reason("policy.blocklist", Fate.SKIPPED, "the keyword contains a term of the block list, so it is not searched"),
    Reason("policy.blocked_host", Fate.SKIPPED, "its host, or one it redirects to, is on the list of blocked hosts"),
    Reason("policy.withdrawn", Fate.SKIPPED, "its owner or the site has taken it down"),
    Reason("page.left_out", Fate.SKIPPED, "an icon, a filler or too small, by what its page says of it"),
    Reason("page.no_picture", Fate.SKIPPED, "the page that should show it is gone, or shows no picture"),
    Reason("page.consent", Fate.SEARCH, "a cookie consent page stands before the results"),
    Reason("page.captcha", Fate.SEARCH, "the site asks for a captcha"),
    Reason("page.blocked", Fate.SEARCH, "the site refuses our requests"),
    Reason("page.script_wall", Fate.SEARCH, "an empty page that asks for JavaScript"),
    Reason("page.legacy", Fate.SEARCH, "the old page without scripts, which has only thumbnails"),
    Reason("page.hidden", Fate.SEARCH, "the page hides where its pictures are, and nothing leads to them"),
    Reason("page.open", Fate.SEARCH, "the page shows its addresses, so there is no token to resolve"),
    Reason(UNCONFIRMED, Fate.SEARCH, "no results; it is asked again before that is believed"),
    Reason("page.layout", Fate.SEARCH, "a page we do not recognise: the site may have changed"),
    Reason("page.unreachable", Fate.SEARCH, "the site could not be reached"),
    Reason("page.rate_limited", Fate.SEARCH, "the site asks us to slow down or come back later"),
    Reason("page.denied", Fate.SEARCH, "the site wants an API key or an account, or rejects the one it got"),
    Reason("page.gone", Fate.SEARCH, "there is no such page, user, album or gallery"),
    Reason("browser.start", Fate.SEARCH, "the browser or its driver would not start"),
    Reason("browser.busy", Fate.SEARCH, "the Selenium Grid is short of browsers, slow or away; it is asked again"),
    Reason("browser.crash", Fate.SEARCH, "the browser, its tab or its driver crashed"),
    Reason("browser.hung", Fate.SEARCH, "the browser stopped responding"),
    Reason("search.timeout", Fate.SEARCH, "the search took longer than `search.keyword_timeout`"),
    Reason(
        "internal.error",
        Fate.SEARCH,
        "an error in this program that this page or picture brought out; please report it",
    ),
    Reason("search.skipped", Fate.SEARCH, "not searched: the source failed too often in this run"),
    Reason("set.near_duplicate", Fate.LEFT_OUT, "a near-duplicate of it is kept instead"),
    Reason("set.conflict", Fate.LEFT_OUT, "the same picture, or a near-duplicate, is under another label"),
    Reason("set.placeholder", Fate.LEFT_OUT, "a placeholder: one picture from many unrelated addresses"),
    Reason("set.empty", Fate.LEFT_OUT, "an empty surface: next to nothing on it"),
    Reason("set.aspect", Fate.LEFT_OUT, "much longer than wide, or the other way round"),
    Reason("set.small", Fate.LEFT_OUT, "smaller than the minimum size of the set"),
    Reason("set.quality", Fate.LEFT_OUT, "blurry, dark, overexposed or otherwise of poor quality"),
    Reason(
        "set.synthetic", Fate.LEFT_OUT, "says in its metadata that a machine made it (`collector filter --synthetic`)"
    ),
    Reason("set.off_topic", Fate.LEFT_OUT, "shows something else than its class (`collector relevance --drop`)"),
    Reason("set.nsfw", Fate.LEFT_OUT, "shows nudity, as a network says (`collector flags --drop nsfw`)"),
    Reason("set.text", Fate.LEFT_OUT, "a page of writing (`collector flags --drop text`)"),
    Reason("set.dropped", Fate.LEFT_OUT, "dropped by hand (`collector review drop`)"),
    Reason("set.removed", Fate.LEFT_OUT, "no file of keywords lists its keyword any more"),
    Reason("set.altered", Fate.LEFT_OUT, "its file was replaced since it was fetched (`collector verify --again`)"),
    Reason("set.unreadable", Fate.LEFT_OUT, "the file is missing, or can no longer be decoded"),
    Reason("store.disk_full", Fate.STOP, "the disk is full"),
    Reason("store.readonly", Fate.STOP, "the folder is not writable"),
)

UNCHANGING = frozenset(("page.denied", "page.gone", "policy.robots", "url.private_addr"))
"""Ends of searches that asking once more will not change, as long as the user changes nothing."""

NEVER_FINAL = frozenset(("net.proxy",))
"""Trouble that no URL is to blame for: such a try does not count."""

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
            return f"the server answered: {HTTPStatus(int(slug[5:])).phrase}"
        except ValueError:
            return "the server answered with an unknown error"
    return _BY_SLUG[slug].text if slug in _BY_SLUG else ""


def known(text: str) -> bool:
    """Whether a text is a slug of the list, an HTTP status, or a family (`net`, `http`)."""
    families = {slug.partition(".")[0] for slug in _BY_SLUG} | {"http"}
    return text in _BY_SLUG or text in families or (text.startswith("http.") and text[5:].isdigit())
