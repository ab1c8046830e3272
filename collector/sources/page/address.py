"""URLs of pictures as pages write them: known by their names, and led back from a resizer to the file. Pure."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urljoin, urlsplit, urlunsplit

from collector.urls import resolved


def named(text: str) -> frozenset[str]:
    """Names written as one text with blanks between."""
    return frozenset(text.split())


PICTURE: Final = re.compile(
    r"\.(?:jpe?g|jpe|jfif|png|gif|webp|avif|bmp|tiff?|hei[cf]|jxl)(?=$|[?#&;/!:@,]|\\)", re.IGNORECASE
)
"""A name that says it is a picture of a kind that is kept."""
_WIKI_PAGE: Final = re.compile(r"(?:^|/)[A-Za-z]+(?:%3A|:)[^/]*$", re.IGNORECASE)
DRAWING: Final = re.compile(r"\.svgz?(?=$|[?#])", re.IGNORECASE)
VIDEO: Final = re.compile(r"\.(?:mp4|m4v|webm|mov)(?=$|[?#])", re.IGNORECASE)


def is_picture(url: str) -> bool:
    """Whether a name in its path or query says that a URL is a picture; `File:Cat.jpg` is a wiki's page about one."""
    head, _, query = url.partition("?")
    head = head.partition("://")[2].partition("/")[2] if "://" in head else head
    if _WIKI_PAGE.search(head):
        return False
    return bool(PICTURE.search(head)) or any(PICTURE.search(value) for _, value in parse_qsl(query))


def is_drawing(url: str) -> bool:
    """SVG: not a picture of pixels, so nothing that a data set of pictures can hold."""
    return url[:18].lower().startswith("data:image/svg") or bool(DRAWING.search(url.partition("#")[0]))


# --------------------------------------------------------------------------- resizers and proxies

_SIZES: Final = named(
    "w h q width height quality fit crop auto dpr resize size maxwidth maxheight mw mh fm imwidth imheight"
)
_INSIDE: Final = frozenset({"url", "src", "image", "img", "u"})
_WORDPRESS: Final = re.compile(r"-(?:\d{2,4}x\d{2,4}|scaled)(?=\.(?:jpe?g|png|gif|webp|avif)$)", re.IGNORECASE)
_CDN_CGI: Final = re.compile(r"^/cdn-cgi/image/[^/]+/(.+)$")
_WIKI_THUMB: Final = re.compile(r"^(.*)/thumb(/[0-9a-f]/[0-9a-f]{2}/[^/]+)/[^/]+$")
_GOOGLE: Final = re.compile(r"=(?:[swh]\d+)(?:-[a-z0-9]+)*$")
_CLOUDINARY: Final = re.compile(r"(/image/(?:upload|fetch))((?:/[a-z]{1,3}_[^/]+)+)(?=/)")
_SHOPIFY: Final = re.compile(
    r"_(?:\d+x\d*|x\d+|pico|icon|thumb|small|compact|medium|large|grande)(?:_crop_[a-z]{1,20})?(@\dx)?(?=\.\w+$)"
)


def original(url: str) -> str:
    """The file that a resizer's or proxy's URL was made from, by the shapes they are known by; "" when none fits.

    A guess by its nature: the URL that was shown has to stay behind it.
    """
    if url[:5].lower() == "data:":
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    for undo in (_named_inside, _edge, _photon, _google, _path_sizes, _query_sizes):
        found = undo(parts)
        if found and found != url:
            return resolved(found, url)
    return ""


def _named_inside(parts: SplitResult) -> str:
    """`/_next/image?url=`, weserv.nl and their like: a parameter that is a picture's URL itself."""
    proxy = parts.path.rstrip("/").endswith(
        ("/_next/image", "/_vercel/image", "/_ipx", "/image-proxy", "/proxy", "/imgproxy")
    )
    weserv = (parts.hostname or "").endswith(("weserv.nl", "wsrv.nl"))
    proxy |= weserv
    for name, value in parse_qsl(parts.query):
        whole = value.startswith(("http://", "https://", "//")) or (proxy and bool(value))
        if name.lower() in _INSIDE and whole and (proxy or is_picture(value)):
            return urljoin(parts.geturl(), f"https://{value}" if weserv and "//" not in value else value)
    return ""


def _edge(parts: SplitResult) -> str:
    """Cloudflare's `/cdn-cgi/image/<options>/<path or URL>`."""
    match = _CDN_CGI.match(parts.path)
    if not match:
        return ""
    inner = unquote(match[1])
    inner = re.sub(r"^(https?):/(?!/)", r"\1://", inner)
    return inner if inner.startswith(("http://", "https://")) else urljoin(parts.geturl(), "/" + match[1])


def _photon(parts: SplitResult) -> str:
    """WordPress.com's `i0.wp.com/<host>/<path>`."""
    if not re.fullmatch(r"i[0-3]\.wp\.com", parts.hostname or "") or parts.path.count("/") < 2:
        return ""
    return f"https:/{parts.path}"


def _google(parts: SplitResult) -> str:
    """`=s220` and `=w400-h300-no` behind Google's own pictures; `=s0` is the whole one."""
    host = parts.hostname or ""
    if not host.endswith((".googleusercontent.com", ".ggpht.com")) or not _GOOGLE.search(parts.path):
        return ""
    return urlunsplit(("https", host, _GOOGLE.sub("=s0", parts.path), "", ""))


def _path_sizes(parts: SplitResult) -> str:
    """Sizes in the path: WordPress, MediaWiki, Cloudinary, Shopify."""
    plain = path = parts.path
    if "/wp-content/" in path or re.search(r"-\d{2,4}x\d{2,4}\.", path):
        plain = _WORDPRESS.sub("", path)
    elif match := _WIKI_THUMB.match(path):
        plain = match[1] + match[2]
    elif "/image/upload/" in path or "/image/fetch/" in path:
        plain = _CLOUDINARY.sub(r"\1", path)
    elif parts.hostname == "cdn.shopify.com" or "/cdn/shop/" in path:
        plain = _SHOPIFY.sub("", path)
    if plain == path:
        return ""
    if "/image/fetch/http" in plain:
        return unquote(plain.partition("/image/fetch/")[2])
    return urljoin(parts.geturl(), plain)


def _query_sizes(parts: SplitResult) -> str:
    """`photo.jpg?w=300&h=200&q=75`: sizes alone in the query of a file."""
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    if not pairs or not PICTURE.search(parts.path.rpartition("/")[2]):
        return ""
    kept = [(name, value) for name, value in pairs if name.lower() not in _SIZES]
    if len(kept) == len(pairs):
        return ""
    return urljoin(parts.geturl(), parts.path) + (f"?{urlencode(kept)}" if kept else "")
