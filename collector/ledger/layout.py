"""Names on disk and keys of URLs: pure functions of their arguments.

Must not touch the file system, the clock or the network; every name is safe on Linux, macOS and Windows.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from typing import Final

from collector.model import Picture

LEDGER: Final = "collector.db"
"""The ledger's file in the output folder."""
BACKUP: Final = "collector.backup.db"
"""Its copy of the end of the last run that changed it, and the one before."""
OLDER_BACKUP: Final = "collector.backup-2.db"
VECTORS: Final = "collector.vectors"
"""Embeddings of the pictures by the usual model, which can be computed again; others have `collector.NAME.vectors`."""
URLS: Final = "urls.json"
"""The readable master map beside it."""
PART_PREFIX: Final = ".collector-"
PART_SUFFIX: Final = ".part"
"""A file that is still being written is called PART_PREFIX + anything + PART_SUFFIX."""

FOLDER_BYTES: Final = 80
"""Longest folder name in UTF-8 bytes; with a file name and a root it stays below Windows' 260 characters."""


# --------------------------------------------------------------------------- URL keys


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
    return f"{picture.sha256[:32]}.{extension(picture)}"


def extension(picture: Picture) -> str:
    """Without the dot, 1 to 10 characters."""
    given = picture.extension.lower()
    return given if _EXTENSION.fullmatch(given) else "bin"


def is_ours(name: str) -> bool:
    """Whether a name in the output folder is that of the ledger, of what belongs to it, or hidden: never a class."""
    return name.startswith(".") or _OWN_FILES.match(name.casefold()) is not None


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
    slug = re.sub(r"[ _]*_[ _]*", "_", "".join(map(readable, text)))
    while slug and (slug[0] in " ._-~" or unicodedata.category(slug[0]).startswith("M")):
        slug = slug[1:]
    slug = slug.encode()[:room].decode("utf-8", "ignore").rstrip(" ._-~")
    if _is_device(slug) or _OWN_FILES.match(slug.casefold()):
        slug = slug.replace(".", "_")
    return slug or "class"


def readable(character: str) -> str:
    """The character, "_" for what is forbidden or some other space, nothing for what does not show."""
    if _is_plain(character):
        return character
    return "_" if character in _FORBIDDEN or character.isspace() else ""
