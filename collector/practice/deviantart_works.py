"""What the double of DeviantArt has to show: works, and their JSON as the site and as the API spell it."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from collector.practice.deviantart_cdn import FILE, VIEW, Signer

_START = datetime(2014, 1, 1, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Piece:
    """One work, with what is odd about it. Numbers grow with time; those up to 790677560 are old."""

    id: int
    title: str = "Tower"
    author: str = "ann"
    kind: str = "image"
    """image, literature, journal, or video."""
    extension: str = "jpg"
    size: tuple[int, int] = (540, 675)
    """Pixels of the untouched file."""
    view: tuple[int, int] = (256, 320)
    """Pixels of the fullview, and the most that its token allows."""
    second_token: bool = True
    """Whether guests are given a token for the untouched file."""
    whole: bool = False
    """The fullview is the untouched file: its type has no path."""
    intermediary: bool = True
    """Whether there still is the recompressed copy of an old work."""
    button: str = ""
    """What is behind the download button: jpg, zip, ...; "" is no button."""
    mature: bool = False
    """Guests see it blurred."""
    barred: str = ""
    """tier, premium, deleted, blocked or hidden (left out of lists, which makes a page short)."""
    further: int = 0
    """More pictures in the same work."""
    folder: int = 0
    scraps: bool = False
    favourite_of: str = ""
    """Whose favourites it is among; `folder` then numbers the collection."""
    tags: tuple[str, ...] = ("fantasy", "tower")
    licence: str = ""
    ai: bool = False
    stash: str = ""
    """Its name in the stash: its page is there then, and in no gallery."""
    stash_folder: str = ""

    @property
    def slug(self) -> str:
        return f"{self.title.replace(' ', '-')}-{self.id}"

    @property
    def published(self) -> datetime:
        return _START + timedelta(hours=self.id - 400_000_000) / 6000

    @property
    def stars(self) -> int:
        """How popular it is."""
        return self.id * 7919 % 1009

    def uuid(self, number: int = 1) -> str:
        """Of its file; its own for number 0."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"deviantart/{self.id}/{number}"))

    def file(self, number: int = 1) -> str:
        """The name of its file, which holds the work's number to base 36."""
        return f"d{_base36(self.id)}-{self.uuid(number)[:8]}.{self.extension}"


def usual() -> list[Piece]:
    """Two dozen works of ann's, newest first, with every kind of oddity; two of bob's that she likes."""
    pieces = [
        Piece(900_000_030 - number, f"Tower {number}", folder=11 if number % 3 else 12) for number in range(1, 13)
    ]
    pieces += [
        Piece(900_000_010, "Series", further=2),
        Piece(900_000_009, "Night", mature=True),
        Piece(900_000_008, "Members only", barred="tier"),
        Piece(900_000_007, "Poem", kind="literature"),
        Piece(900_000_006, "Brushes", button="zip"),
        Piece(900_000_005, "Small", whole=True, second_token=False),
        Piece(900_000_004, "Modern", second_token=False),
        Piece(900_000_003, "Sketch", scraps=True),
        Piece(900_000_002, "Gone", barred="deleted"),
        Piece(700_000_001, "Old", second_token=False),
        Piece(700_000_000, "Lost copy", second_token=False, intermediary=False),
    ]
    liked = [Piece(850_000_000 + number, f"Sea {number}", "bob", favourite_of="ann", folder=21) for number in (2, 1)]
    return [*pieces, *liked]


@dataclass(frozen=True, slots=True)
class Speller:
    """Writes works as JSON. `home` is the double's address; oddities of the site's spelling are switches."""

    home: str
    signer: Signer
    wrapped: bool = False
    leading_slash: bool = True
    r_out_of_range: bool = False
    blur: int = 30

    # ------------------------------------------------------------------ the site

    def entry(self, piece: Piece) -> dict[str, Any]:
        """An entry of a list."""
        one = self.deviation(piece)
        return {"deviation": one} if self.wrapped else one

    def deviation(self, piece: Piece) -> dict[str, Any]:
        """A work as the lists have it."""
        return {
            "deviationId": piece.id,
            "type": "literature" if piece.kind == "journal" else piece.kind,
            "typeId": 1,
            "url": self.address(piece),
            "title": piece.title,
            "isJournal": piece.kind == "journal",
            "isVideo": piece.kind == "video",
            "isMature": piece.mature,
            "isDownloadable": bool(piece.button),
            "isDeleted": piece.barred == "deleted",
            "isBlocked": piece.mature or piece.barred == "blocked",
            "blockReasons": ["mature_loggedout"] if piece.mature else ["other"] if piece.barred == "blocked" else [],
            "isAiGenerated": piece.ai,
            "publishedTime": piece.published.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "author": {"userId": len(piece.author), "username": piece.author},
            **({"tierAccess": "locked"} if piece.barred == "tier" else {}),
            **({"premiumFolderData": {"hasAccess": False}} if piece.barred == "premium" else {}),
            "media": {} if piece.barred or piece.kind in ("literature", "journal") else self.media(piece),
        }

    def address(self, piece: Piece) -> str:
        """A work's page."""
        return f"{self.home}/stash/{piece.stash}" if piece.stash else f"{self.home}/{piece.author}/art/{piece.slug}"

    def links(self, pieces: list[Piece]) -> str:
        """Links to works, as a page without data has them."""
        return "".join(f'<a href="{self.address(piece)}">{piece.title}</a>' for piece in pieces)

    def state(self, pieces: list[Piece]) -> str:
        """The script of a page that holds the data of works: JSON in a string, artists beside by their number."""
        entities: dict[str, dict[str, Any]] = {"deviation": {}, "deviationExtended": {}, "user": {}}
        for piece in pieces:
            whole = self.extended(piece)
            entities["deviationExtended"][str(piece.id)] = whole.pop("extended")
            author = whole["author"]
            entities["user"][str(author["userId"])] = author
            entities["deviation"][str(piece.id)] = {**whole, "author": author["userId"]}
        said = json.dumps({"@@entities": entities}).replace("\\", "\\\\").replace('"', '\\"').replace("'", "\\'")
        return f'<script>window.__INITIAL_STATE__ = JSON.parse("{said}");</script>'

    def extended(self, piece: Piece) -> dict[str, Any]:
        """A work as the page of its own has it."""
        one = self.deviation(piece)
        width, height = piece.size
        more: dict[str, Any] = {
            "deviationUuid": piece.uuid(0).upper(),
            "originalFile": {"type": piece.extension, "width": width, "height": height, "filesize": 1},
            "tags": [{"name": tag} for tag in piece.tags],
            "license": piece.licence,
            "additionalMedia": [
                {"fileId": number, "filename": piece.file(number), "media": self.media(piece, number)}
                for number in range(2, piece.further + 2)
            ],
        }
        if piece.button:
            name = f"{piece.file().partition('.')[0]}.{piece.button}"
            more["download"] = {
                "url": f"{self.home}/download/{piece.id}/{name}?token=abc&ts=1700000000",
                "type": piece.button,
                "width": width,
                "height": height,
                "filesize": 1,
            }
        return {**one, "extended": more}

    def media(self, piece: Piece, number: int = 1) -> dict[str, Any]:
        """Where a picture lies, with the tokens that a guest is given."""
        path, (width, height) = f"/f/{piece.uuid(number)}/{piece.file(number)}", piece.view
        name = f"{piece.title.lower().replace(' ', '_')}_by_{piece.author}_{piece.file(number).partition('-')[0]}"
        if piece.kind == "video":
            kind = {"t": "video", "b": f"{self.home}/cdn{path}", "w": width, "h": height, "f": 1, "q": "720p"}
            return {"baseUri": f"{self.home}/cdn{path}", "prettyName": name, "token": [], "types": [kind]}
        most = {} if piece.whole else {"width": f"<={width}", "height": f"<={height}"}
        blur = f",blur_{self.blur}" if piece.mature else ""
        least = {"blur": f">={min(self.blur, 100)}"} if blur else {}
        tokens = [self.signer.token(VIEW, path, {**most, **least})]
        if piece.second_token and not piece.mature:
            tokens.append(self.signer.token(FILE, path))
        slash, suffix = "/" if self.leading_slash else "", piece.extension if piece.extension == "png" else "jpg"
        view: dict[str, Any] = {"t": "fullview", "r": 7 if self.r_out_of_range else 0, "w": width, "h": height}
        if piece.whole:
            view.update(w=piece.size[0], h=piece.size[1])
        else:
            view["c"] = f"{slash}v1/fill/w_{width},h_{height},q_75,strp{blur}/<prettyName>-fullview.{suffix}"
        small = f"{slash}v1/fit/w_150,h_150,q_70,strp{blur}/<prettyName>-150.{suffix}"
        types = [{"t": "150", "r": 0, "c": small, "w": 120, "h": 150}, view]
        return {"baseUri": f"{self.home}/cdn{path}", "prettyName": name, "token": tokens, "types": types}

    # ------------------------------------------------------------------ the API

    def api(self, piece: Piece) -> dict[str, Any]:
        """A work as the API's lists have it."""
        one: dict[str, Any] = {
            "deviationid": piece.uuid(0).upper(),
            "url": f"{self.home}/{piece.author}/art/{piece.slug}",
            "title": piece.title,
            "is_mature": piece.mature,
            "is_deleted": piece.barred == "deleted",
            "is_downloadable": bool(piece.button),
            "published_time": str(int(piece.published.timestamp())),
            "author": {"userid": piece.author.upper(), "username": piece.author},
            "thumbs": [],
        }
        if piece.button:
            one["download_filesize"] = 1_000
        if piece.barred == "tier":
            one["tier_access"] = "locked"
        elif piece.barred == "premium":
            one["premium_folder_data"] = {"has_access": False}
        elif piece.kind in ("literature", "journal"):
            one["excerpt"] = "Once upon a time"
        elif not piece.barred:
            one["content"] = self._content(piece)
        return one

    def _content(self, piece: Piece) -> dict[str, Any]:
        media = self.media(piece)
        view = media["types"][1]
        path = view.get("c", "").replace("<prettyName>", media["prettyName"])
        slash = "/" if path and not path.startswith("/") else ""
        return {
            "src": f"{media['baseUri']}{slash}{path}?token={media['token'][0]}",
            "width": view["w"],
            "height": view["h"],
            "transparency": False,
            "filesize": 1_000 if piece.whole else 100,
        }


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[rest] + digits
    return digits
