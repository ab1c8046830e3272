"""Models of the Hugging Face Hub: what one would bring, and its download into the cache, checked byte for byte.

The hub states sizes and hashes in its API (`?blobs=true`): sha256 of large files, git's own hash of small ones. What
came is compared with that, and with what is known here; then it is written down in `lock.json` beside the files.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

from collector.errors import DiskError, Incomplete, InputError, SourceError, UsageError, alternatives
from collector.http.contract import Request
from collector.http.large_file import LargeFiles
from collector.http.page_client import PageClient
from collector.http.safety import may_be_asked
from collector.http.transport import FetchError
from collector.images.hub_layout import BOTH, PICTURES, PRECISIONS, WORDS
from collector.images.known_models import KNOWN, Known, Remote, downloads, folder_name, unpublished
from collector.ledger.lock import FolderLock
from collector.settings import FetchSettings

LOCK: Final = "lock.json"
_HUB: Final = "https://huggingface.co"
_SECONDS: Final = 120.0
_SPARE: Final = 64 << 20
"""Bytes of the disk that are left alone."""
_BESIDE: Final = ("tokenizer.json", "tokenizer_config.json", "preprocessor_config.json", "config.json")
_SHOWN: Final = 16
_NAME: Final = re.compile(r"(?![.-])[\w.-]{1,96}(?<![.-])/(?![.-])[\w.-]{1,96}(?<![.-])(@[\w][\w./-]*)?", re.ASCII)
"""https://huggingface.co/docs/huggingface_hub/package_reference/utilities, validate_repo_id."""


@dataclass(frozen=True, slots=True)
class OfferedFile:
    """A file of a model, as the hub states it."""

    path: str
    url: str
    size: int
    sha256: str | None
    """None for small files, of which the hub states `git`."""
    git: str
    """Git's hash of the file (a blob's SHA-1)."""
    known: bool
    """Whether this program knew the sha256 before it asked."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What a download would bring."""

    name: str
    source: str
    """Repository and commit."""
    licence: str
    files: tuple[OfferedFile, ...]
    folder: Path
    written: Mapping[str, str]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


def locked(folder: Path) -> dict[str, str]:
    """Path -> sha256 of the files of a model that was downloaded to a folder; nothing when none was."""
    found = _lock(folder).get("files")
    return found if isinstance(found, dict) else {}


def licence_of(folder: Path) -> str | None:
    """The licence that was agreed to when a model was downloaded to a folder."""
    found = _lock(folder).get("licence")
    return found if isinstance(found, str) else None


def _lock(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / LOCK).read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def is_whole(folder: Path) -> bool:
    """Whether all files of a downloaded model are there as they came. Asks nobody."""
    files = locked(folder)
    return bool(files) and all(_sha256(folder / path) == sha256 for path, sha256 in files.items())


class Hub:
    """The hub at $HF_ENDPOINT, or the usual one; $HF_TOKEN is told to it alone.

    Pages and files go by the settings' proxy. An endpoint that the user names may have a private address. UsageError
    when it is no address.
    """

    def __init__(self, settings: FetchSettings, environment: Mapping[str, str] = os.environ, **for_tests: Any) -> None:
        endpoint, token = environment.get("HF_ENDPOINT", "").rstrip("/"), environment.get("HF_TOKEN", "").strip()
        if endpoint and not _is_address(endpoint):
            raise UsageError(f"HF_ENDPOINT={endpoint}: give the address of a hub, such as {_HUB}, with no port that"
                             " browsers refuse")  # fmt: skip
        self.endpoint = endpoint or _HUB
        self._settings = replace(settings, allow_private=True) if endpoint else settings
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._for_tests = for_tests

    def offer(self, name: str) -> Offer:
        """What the hub has under a name of ours, or `owner/name` or `owner/name@revision` of its own.

        InputError when it is not there, or not what is known here; SourceError when the hub does not answer.
        """
        known = KNOWN.get(name)
        if known is None and "/" not in name:
            raise InputError(f"no model {name!r}; {alternatives(name, KNOWN)}; or give owner/name of the hub")
        if known is None and not _NAME.fullmatch(name):
            raise InputError(f"{name!r} is no repository of the hub: owner/name, or owner/name@revision")
        if known is not None and not known.files:
            raise InputError(unpublished(name))
        repo, _, revision = (known.repo, "", known.revision) if known else name.partition("@")
        stated = self._stated(repo, revision or "main")
        wanted = known or _chosen_of(repo, stated)
        repos = {(repo, wanted.revision): stated}
        files = []
        for file in [*wanted.files, *_beside(wanted, stated)]:
            place = (file.repo or repo, file.revision or wanted.revision)
            if place not in repos:
                repos[place] = self._stated(*place)
            files.append(self._offered(file, *place, repos[place]))
        card = stated.get("cardData")
        says = card.get("license") if isinstance(card, dict) else None
        licence = (
            f"{wanted.licence}; its card says: {says or 'nothing'}" if wanted.licence else str(says or "none stated")
        )
        folder = downloads() / folder_name(repo if known is None else name)
        return Offer(
            name, f"{self.endpoint}/{repo} at {wanted.revision}", licence, tuple(files), folder, wanted.written
        )

    def download(self, offer: Offer, tell: Callable[[int, int], None] = lambda *_: None) -> Path:
        """All files of an offer, which are checked; the folder. What an earlier call brought is not asked for again.

        `tell` hears (bytes, of how many). Incomplete when the hub breaks off, DiskError when there is no room,
        InputError for files that are others than was stated: nothing is kept of them. FolderLocked while another
        downloads it.
        """
        with FolderLock(offer.folder, "COLLECTOR_CACHE"):
            self._fill(offer, tell)
        return offer.folder

    def _fill(self, offer: Offer, tell: Callable[[int, int], None]) -> None:
        pinned = locked(offer.folder)
        _check_same(offer, pinned, {file.path: file.sha256 for file in offer.files if file.sha256})
        missing = [file for file in offer.files if not _is_right(offer.folder / file.path, file)]
        _check_room(offer, missing)
        done = offer.size - sum(file.size for file in missing)
        with LargeFiles(self._settings, **self._for_tests) as files:
            for file in missing:
                self._fetch(files, offer, file, partial(_tell_all, tell, done, offer.size))
                done += file.size
        sums = {file.path: _sha256(offer.folder / file.path) for file in offer.files}
        for path, text in offer.written.items():
            (offer.folder / path).write_text(text, encoding="utf-8")
            sums[path] = hashlib.sha256(text.encode()).hexdigest()
        _check_same(offer, pinned, sums)
        lock = {"name": offer.name, "source": offer.source, "licence": offer.licence, "files": sums}
        (offer.folder / LOCK).write_text(json.dumps(lock, indent=1) + "\n", encoding="utf-8")

    def _stated(self, repo: str, revision: str) -> dict[str, Any]:
        """What the hub's API says of a repository."""
        page = f"{self.endpoint}/api/models/{quote(repo)}/revision/{quote(revision, safe='')}"
        visit = PageClient(self._settings).visit(lambda: _SECONDS)
        try:
            answer = visit.get(Request(page, params={"blobs": "true"}, headers=self._headers))
        except SourceError as error:
            raise SourceError(error.state, error.reason, f"{error}; HF_ENDPOINT names another hub, and --models DIR a"
                              " model that another machine downloaded") from None  # fmt: skip
        finally:
            visit.close()
        self._check_status(answer.status, repo)
        try:
            found = answer.json()
        except ValueError:
            found = None
        if not isinstance(found, dict) or not isinstance(found.get("siblings"), list):
            raise InputError(f"{self.endpoint}: not the answer of a hub about {repo}")
        return found

    def _check_status(self, status: int, repo: str) -> None:
        if status in (401, 403):
            raise InputError(
                f"{repo}: the hub wants a login (HTTP {status}): accept the terms at {self.endpoint}/{repo} and set"
                " HF_TOKEN, unless there is no such repository"
            )
        if status >= 400:
            raise InputError(f"{repo}: {'not on the hub' if status == 404 else 'the hub fails'} (HTTP {status})")

    def _offered(self, file: Remote, repo: str, revision: str, stated: dict[str, Any]) -> OfferedFile:
        remote = file.remote or file.path
        found = _sibling(stated, remote)
        lfs: dict[str, Any] = found["lfs"] if isinstance(found.get("lfs"), dict) else {}
        sha256, size = lfs.get("sha256") or lfs.get("oid"), found.get("size", lfs.get("size"))
        if not found or not isinstance(size, int) or not (sha256 or found.get("blobId")):
            raise InputError(f"{repo} has no file {remote}, or the hub states neither its size nor its hash")
        if file.sha256 and sha256 not in (None, file.sha256):
            raise InputError(f"{repo}: {remote} is another file on the hub than the one that is known "
                             f"(sha256 {str(sha256)[:_SHOWN]}..., not {file.sha256[:_SHOWN]}...)")  # fmt: skip
        url = f"{self.endpoint}/{quote(repo)}/resolve/{quote(revision, safe='')}/{quote(remote)}"
        git = "" if sha256 else str(found["blobId"])
        return OfferedFile(file.path, url, size, file.sha256 or sha256, git, file.sha256 is not None)

    def _fetch(self, files: LargeFiles, offer: Offer, file: OfferedFile, tell: Callable[[int], None]) -> None:
        target = offer.folder / file.path
        part = target.with_name(f"{target.name}.part")
        try:
            part.parent.mkdir(parents=True, exist_ok=True)
            files.fetch(file.url, part, file.size, self._headers, tell)
        except FetchError as error:
            if error.status in (401, 403, 404):
                self._check_status(error.status, offer.source.partition(" at ")[0].removeprefix(f"{self.endpoint}/"))
            have = part.stat().st_size if part.exists() else 0
            raise Incomplete(f"{file.path}: {error.detail}; {have:,} of {file.size:,} bytes are here") from None
        except OSError as error:
            raise DiskError(f"{part}: {error.strerror or error}; what came is kept") from None
        if not _is_right(part, file):
            found = _sha256(part)
            part.unlink()
            raise InputError(f"{file.path}: not the file that was stated (sha256 {found}); nothing of it is kept")
        part.replace(target)


# --------------------------------------------------------------------------- inside


def _is_address(endpoint: str) -> bool:
    try:
        parts = urlsplit(endpoint)
        open_port = parts.port is None or may_be_asked(parts.port)
        return parts.scheme in ("https", "http") and bool(parts.hostname) and open_port
    except ValueError:
        return False


def _chosen_of(repo: str, stated: dict[str, Any]) -> Known:
    """Of any repository, what the layout has: the truest towers, and what stands beside them."""
    names = [str(one.get("rfilename")) for one in stated["siblings"] if isinstance(one, dict)]

    def tower(wanted: tuple[str, ...]) -> str | None:
        paths = (f"onnx/{name}{precision}.onnx" for precision in PRECISIONS for name in wanted)
        return next((path for path in paths if path in names), None)

    found = [path for path in (tower(PICTURES), tower(WORDS)) if path] if tower(PICTURES) else [tower(BOTH)]
    if None in found:
        raise InputError(f"{repo} has no onnx/vision_model.onnx and no onnx/model.onnx")
    files = tuple(Remote(path) for path in [*filter(None, found), *(name for name in _BESIDE if name in names)])
    return Known(repo, "", repo, str(stated.get("sha") or "main"), "", files)


def _beside(known: Known, stated: dict[str, Any]) -> list[Remote]:
    """Weights that lie in files beside the towers."""
    names = [str(one.get("rfilename")) for one in stated["siblings"] if isinstance(one, dict)]
    towers = [file.path for file in known.files if file.path.endswith(".onnx") and not file.remote]
    return [Remote(name) for name in names for tower in towers
            if name.startswith(f"{tower}_data") and "/" not in name.removeprefix(tower)]  # fmt: skip


def _check_same(offer: Offer, pinned: Mapping[str, str], sums: Mapping[str, str]) -> None:
    """InputError when files are others than those of an earlier download."""
    if changed := [path for path, sha256 in sums.items() if pinned.get(path, sha256) != sha256]:
        raise InputError(f"{changed[0]} is another file than was downloaded before ({offer.folder / LOCK}); to accept"
                         " it, remove the folder")  # fmt: skip


def _sibling(stated: dict[str, Any], path: str) -> dict[str, Any]:
    own = (one for one in stated["siblings"] if isinstance(one, dict) and one.get("rfilename") == path)
    return next(own, {})


def _tell_all(tell: Callable[[int, int], None], before: int, of: int, have: int) -> None:
    tell(before + have, of)


def _check_room(offer: Offer, missing: list[OfferedFile]) -> None:
    parts = [offer.folder / f"{file.path}.part" for file in missing]
    needed = sum(file.size for file in missing) - sum(part.stat().st_size for part in parts if part.exists())
    free = shutil.disk_usage(offer.folder).free
    if missing and free < needed + _SPARE:
        raise DiskError(f"{offer.folder}: {needed / 1e6:,.0f} MB are needed, {free / 1e6:,.0f} MB are free")


def _is_right(path: Path, file: OfferedFile) -> bool:
    if not path.is_file() or path.stat().st_size != file.size:
        return False
    if file.sha256 is not None and _sha256(path) != file.sha256:
        return False
    blob = b"blob %d\0" % file.size
    return not file.git or hashlib.sha1(blob + path.read_bytes(), usedforsecurity=False).hexdigest() == file.git


def _sha256(path: Path) -> str:
    """ "" when there is no such file."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
