"""Names on disk and keys of URLs: pure functions of their arguments.

Must not touch the file system, the clock or the network; every name is safe on Linux, macOS and Windows.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from typing import Final
from urllib.parse import unquote_to_bytes, urlsplit

from collector.model import Picture

LEDGER: Final = "collector.db"
"""The ledger's file in the output folder."""
BACKUP: Final = "collector.backup.db"
"""Its copy of the end of the last run that changed it, and the one before."""
OLDER_BACKUP: Final = "collector.backup-2.db"
URLS: Final = "urls.json"
"""The readable master map beside it."""
PART_PREFIX: Final = ".collector-"
PART_SUFFIX: Final = ".part"
"""A file that is still being written is called PART_PREFIX + anything + PART_SUFFIX."""

FOLDER_BYTES: Final = 80
"""Longest folder name in UTF-8 bytes; with a file name and a root it stays below Windows' 260 characters."""
KEY_LENGTH: Final = 8192
"""Keys of longer URLs are hashes."""


# --------------------------------------------------------------------------- URL keys

ID_KEY: Final = "id:"
"""Keys that begin so name a picture by its source's own number, where its URL changes with every look."""

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_ESCAPE: Final = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_TO_ESCAPE: Final = re.compile(r"[^!-~]|[\"<>`{}|^\\]")
_DATA_KEY: Final = re.compile(r"data:sha256:[0-9a-f]{64}")
_BASE64_ALTPHABET: Final = bytes.maketrans(b"-_", b"+/")
_WHITESPACE: Final = b" \t\r\n\f"


def url_key(url: str) -> str:
    """What two spellings of one URL have in common; the ledger keeps one row per key.

    Syntax-based normalisation of RFC 3986 section 6.2.2 for http and https: case of scheme and host,
    percent-encoding, dot segments, default port, empty path; plus punycode, and without the fragment.
    The order of the query stays. A data: URL's key is the hash of its bytes. Never raises: what cannot
    be parsed is its own key.
    """
    text = url.strip()
    if text[:5].lower() == "data:":
        return _data_key(text)
    try:
        return _bounded(_web_key(text) or text)
    except ValueError:
        return _bounded(text)


def id_key(source: str, id: str) -> str:
    """The key of a picture whose URL is signed anew with every look: `id:deviantart:900000001`."""
    return _bounded(f"{ID_KEY}{source}:{id}")


def _web_key(text: str) -> str:
    """The normal form of an http(s) URL, "" for any other scheme; ValueError when it cannot be parsed."""
    if "\\" in text:  # browsers read it as "/", RFC 3986 as an error: leave it alone
        return ""
    parts = urlsplit(text)
    default_port = _DEFAULT_PORTS.get(parts.scheme)
    if default_port is None or not parts.hostname:
        return ""
    userinfo, at, _ = parts.netloc.rpartition("@")
    port = "" if parts.port in (None, default_port) else f":{parts.port}"
    query = f"?{_normal_escapes(parts.query)}" if parts.query else ""
    path = _without_dot_segments(_normal_escapes(parts.path) or "/")
    return f"{parts.scheme}://{_normal_escapes(userinfo)}{at}{_host(parts.hostname)}{port}{path}{query}"


def _host(name: str) -> str:
    """Lower case and punycode; brackets around an IPv6 address. ValueError when no such name can exist."""
    if ":" in name:
        return f"[{name}]"
    if name.isascii():
        return name
    import idna

    return idna.encode(name, uts46=True).decode("ascii")


def _normal_escapes(text: str) -> str:
    """Unreserved characters bare, everything else that needs it as upper-case %XX."""

    def respell(match: re.Match[str]) -> str:
        character = chr(int(match[1], 16))
        return character if character in _UNRESERVED else f"%{match[1].upper()}"

    def escape(match: re.Match[str]) -> str:
        return "".join(f"%{byte:02X}" for byte in match[0].encode())

    return _TO_ESCAPE.sub(escape, _ESCAPE.sub(respell, text))


def _without_dot_segments(path: str) -> str:
    """RFC 3986 section 5.2.4: what browsers and curl do before they ask."""
    if "/." not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def _data_key(text: str) -> str:
    if _DATA_KEY.fullmatch(text):
        return text
    head, comma, payload = text.partition(",")
    raw = (payload if comma else text).encode("utf-8", "surrogatepass")
    content = unquote_to_bytes(raw)
    if head.rstrip().lower().endswith("base64"):
        packed = content.translate(_BASE64_ALTPHABET, _WHITESPACE).rstrip(b"=")
        try:
            content = base64.b64decode(packed + b"=" * (-len(packed) % 4), validate=True)
        except binascii.Error:
            content = raw
    return f"data:sha256:{hashlib.sha256(content).hexdigest()}"


def _bounded(key: str) -> str:
    """The key itself unless it is too long for an index or cannot be stored as UTF-8."""
    raw = key.encode("utf-8", "surrogatepass")
    if len(key) <= KEY_LENGTH and not any("\ud800" <= character <= "\udfff" for character in key):
        return key
    return f"text:sha256:{hashlib.sha256(raw).hexdigest()}"


# --------------------------------------------------------------------------- folders and files

# learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file; CONIN$ and CONOUT$ are devices as well.
_DEVICES: Final = frozenset(
    {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$"}
    | {f"{port}{digit}" for port in ("COM", "LPT") for digit in "0123456789¹²³"}
)
_FORBIDDEN: Final = frozenset('<>:"/\\|?*')
_BLANK: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
"""Letters and marks that show nothing: Unicode's default-ignorable ones, and the empty braille cell."""
_OWN_FILES: Final = re.compile(r"collector\.|urls\.json")
_HASH_DIGITS: Final = (8, 16, 32, 64)


class Folders(Collection[str]):
    """Folder names that are in use; `in` answers as the pickiest file system would.

    Two names are one when they differ only in case or in Unicode normalisation, as on APFS and NTFS.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._names: dict[str, str] = {}
        for name in names:
            self.add(name)

    def add(self, name: str) -> None:
        """Take a name."""
        self._names.setdefault(_folded(name), name)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and _folded(name) in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names.values())

    def __len__(self) -> int:
        return len(self._names)


def folder_name(label: str, taken: Collection[str]) -> str:
    """The label's own text where that is a safe and free name, else a readable slug and its hash.

    `taken` are the folder names of other labels; pass a `Folders` when there are many of them. The same
    label with the same `taken` always gets the same name. At most 80 bytes, 135 if hashes clash.
    """
    used = taken if isinstance(taken, Folders) else Folders(taken)
    text = unicodedata.normalize("NFC", label)
    if _is_safe(text) and text not in used:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    for digits in _HASH_DIGITS:
        name = f"{_slug(text, FOLDER_BYTES - 1 - digits)}-{digest[:digits]}"
        if name not in used:
            return name
    raise ValueError(f"every name for the label {label!r} is taken")


FILE_NAME: Final = re.compile(r"[0-9a-f]{32}\.[a-z0-9]{1,10}")
"""Names that `file_name` gives; group 0 is all of it."""
_EXTENSION: Final = re.compile(r"[a-z0-9]{1,10}")


def file_name(picture: Picture) -> str:
    """Half of the content's hash, and the extension the bytes deserve: 34 to 43 characters.

    Of a file that is not opened the extension comes from its URL or server; what is no plain extension becomes bin.
    """
    extension = picture.extension.lower()
    return f"{picture.sha256[:32]}.{extension if _EXTENSION.fullmatch(extension) else 'bin'}"


def _folded(name: str) -> str:
    """Canonical caseless form (Unicode 3.13, D145); `upper` first, because NTFS compares upper case."""
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", name).upper().casefold())


def _is_safe(name: str) -> bool:
    return (
        name != ""
        and len(name.encode("utf-8", "surrogatepass")) <= FOLDER_BYTES
        and name[0] not in ".-~ "
        and name[-1] not in ". "
        and not unicodedata.category(name[0]).startswith("M")
        and all(_is_plain(character) for character in name)
        and not _is_device(name)
        and not _OWN_FILES.match(name.casefold())
    )


def _is_plain(character: str) -> bool:
    """True for what shows, shows the same everywhere, and means nothing to a shell's path."""
    if character in _FORBIDDEN or character in _BLANK:
        return False
    category = unicodedata.category(character)
    return character == " " or category[0] not in "CZ"  # controls, bidi, zero-width, private, other spaces


def _is_device(name: str) -> bool:
    """Windows looks at the part before the first dot, without the spaces behind it."""
    return name.partition(".")[0].rstrip().upper() in _DEVICES


def _slug(text: str, room: int) -> str:
    """What is readable of a label, 1 to `room` bytes; safe as a name once a hyphen and a hash follow."""
    slug = re.sub(r"[ _]*_[ _]*", "_", "".join(map(_readable, text)))
    while slug and (slug[0] in " ._-~" or unicodedata.category(slug[0]).startswith("M")):
        slug = slug[1:]
    slug = slug.encode()[:room].decode("utf-8", "ignore").rstrip(" ._-~")
    if _is_device(slug) or _OWN_FILES.match(slug.casefold()):
        slug = slug.replace(".", "_")
    return slug or "class"


def _readable(character: str) -> str:
    """The character, "_" for what is forbidden or some other space, nothing for what does not show."""
    if _is_plain(character):
        return character
    return "_" if character in _FORBIDDEN or character.isspace() else ""
