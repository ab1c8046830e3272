"""The official API (OAuth 2), for those who have registered an application. Its secret is in no message and no URL."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from collector.errors import SourceError
from collector.http.contract import Answer, Request
from collector.model import SearchState
from collector.sources import json_helpers
from collector.sources.contract import Web
from collector.sources.deviantart.keyword import Asked, What
from collector.sources.deviantart.listing import WINDOW, Pages, throttled
from collector.sources.deviantart.works import Details, Work, of_api, tags_of

PAGE: Final = 24
"""The most entries of one answer."""
_FOLDERS: Final = 50
_TOGETHER: Final = 50
"""Works whose metadata one request may ask for."""
_VERSION: Final = "20210526"
_EARLY: Final = 60.0
"""Seconds before its end at which a token is renewed; it lasts an hour."""
_LONGEST: Final = 86_400
"""Seconds for which a token is believed to hold at most."""


class Api:
    """Lists over the API. One search's; not thread-safe."""

    def __init__(self, web: Web, settings: Mapping[str, Any], client: tuple[str, str]) -> None:
        """`client`: id and secret of a registered application."""
        self._web, self._client = web, client
        self._home, self._rate = str(settings["home"]).rstrip("/"), float(settings["api_rate"])
        self._mature = "true" if settings["mature"] else "false"
        self._token, self._until = "", 0.0
        self._downloads = bool(settings["downloads"])

    @staticmethod
    def knows(asked: Asked, order: str) -> bool:
        """Whether the API has such a list; it numbers folders otherwise, and has no scraps and no rankings."""
        if asked.what in (What.TAG, What.SEARCH):
            return order == "most-recent"
        return asked.what in (What.GALLERY, What.FAVOURITES, What.DAILY)

    def lists(self, asked: Asked) -> Iterator[Pages]:
        """See `Site.lists`."""
        if asked.what is What.TAG:
            yield self._pages("browse/tags", {"tag": asked.name})
            return
        if asked.what is What.SEARCH:
            yield self._pages("browse/newest", {"q": asked.name})
            return
        if asked.what is What.DAILY:  # one answer, without pages
            got = self._ask("browse/dailydeviations", {"date": asked.name} if asked.name else {})
            yield iter([_works(got, "browse/dailydeviations")])
            return
        room = "gallery" if asked.what is What.GALLERY else "collections"
        whose: dict[str, str | int] = {"username": asked.name}
        count = [0]
        yield self._pages(f"{room}/all", whose, count)
        if count[0] >= WINDOW:
            self._web.notice(f"{asked.name} has more than {WINDOW:,} works: the rest is looked for folder by folder")
            for folder in list(self._entries(f"{room}/folders", whose, _FOLDERS)):
                yield self._pages(f"{room}/{folder['folderid']}", whose)

    def details(self, works: Sequence[Work]) -> list[Details]:
        """Tags, licence and download of works, in their order."""
        known: dict[str, Mapping[str, Any]] = {}
        for start in range(0, len(works), _TOGETHER):
            ids = {f"deviationids[{n}]": work.uuid for n, work in enumerate(works[start : start + _TOGETHER])}
            for one in json_helpers.tables(self._ask("deviation/metadata", ids).get("metadata")):
                known[str(one.get("deviationid"))] = one
        return [self._detail(work, known.get(work.uuid, {})) for work in works]

    def _detail(self, work: Work, metadata: Mapping[str, Any]) -> Details:
        url, kind = self._download(work) if self._downloads and not work.original else ("", "")
        return Details(
            uuid=work.uuid,
            tags=tags_of(metadata.get("tags"), "tag_name"),
            licence=str(metadata.get("license") or ""),
            download=url,
            file_type=kind,
        )

    def _download(self, work: Work) -> tuple[str, str]:
        """(address, extension) of the file behind the button, which lives ten minutes; ("", "") without one.

        There are few a week. Once they are used up nothing is asked for any more: the views remain.
        """
        if not work.downloadable or work.skip_reason:
            return "", ""
        try:
            answer = self._get(f"deviation/download/{work.uuid}", {})
        except SourceError as error:
            if error.reason != "page.unreachable":  # the limit was seen as 500 at first
                raise
            answer = Answer("", 500)
        if answer.status in (400, 403, 500) and (answer.status == 500 or "limit reached" in answer.text):
            self._downloads = False
            self._web.notice("DeviantArt's weekly number of downloads is used up: views are taken in their place")
            return "", ""
        if answer.status != 200:
            return "", ""  # this one cannot be downloaded, for reasons of its own
        got = _mapping(answer, "deviation/download")
        name = str(got.get("filename") or "")
        return str(got.get("src") or ""), name.rpartition(".")[2].lower() if "." in name else ""

    # ------------------------------------------------------------------ lists

    def _pages(self, path: str, params: Mapping[str, str | int], count: list[int] | None = None) -> Pages:
        """Pages of works; `count` is told how far the list was walked."""
        offset, cursor = 0, ""
        while offset < WINDOW:
            turn: dict[str, str | int] = {"cursor": cursor} if cursor else {"offset": offset}
            got = self._ask(path, {**params, **turn, "limit": PAGE})
            yield _works(got, path)
            if not got.get("has_more"):
                return
            cursor = str(got.get("next_cursor") or "")
            further = got.get("next_offset")
            offset = further if isinstance(further, int) and further > offset else offset + PAGE
            if count is not None:
                count[0] = offset

    def _entries(self, path: str, params: Mapping[str, str | int], limit: int) -> Iterator[Mapping[str, Any]]:
        offset = 0
        while offset < WINDOW:
            got = self._ask(path, {**params, "offset": offset, "limit": limit})
            yield from (one for one in json_helpers.tables(got.get("results")) if one.get("folderid"))
            further = got.get("next_offset")
            if not got.get("has_more") or not isinstance(further, int) or further <= offset:
                return
            offset = further

    # ------------------------------------------------------------------ asking

    def _ask(self, path: str, params: Mapping[str, str | int]) -> Mapping[str, Any]:
        answer = self._get(path, params)
        if answer.status == 404 or (answer.status == 400 and "user not found" in answer.text.lower()):
            raise SourceError(SearchState.FAILED, "page.gone", "DeviantArt knows no such artist")
        json_helpers.check(answer, "DeviantArt's API")
        return _mapping(answer, path)

    def _get(self, path: str, params: Mapping[str, str | int]) -> Answer:
        """An answer; a token that is refused before its time is renewed once."""
        for last in (False, True):
            if time.monotonic() >= self._until:
                self._renew()
            answer = self._web.get(
                Request(
                    f"{self._home}/api/v1/oauth2/{path}",
                    params={**params, "mature_content": self._mature},
                    headers={"Authorization": f"Bearer {self._token}", "dA-minor-version": _VERSION},
                    rate=self._rate,
                    throttled=throttled,
                )
            )
            if answer.status != 401 or last:
                break
            self._until = 0.0
        return answer

    def _renew(self) -> None:
        id, secret = self._client
        form = {"grant_type": "client_credentials", "client_id": id, "client_secret": secret}
        answer = self._web.get(Request(f"{self._home}/oauth2/token", form=form, rate=self._rate, throttled=throttled))
        if answer.status in (400, 401, 403):
            line = "DeviantArt does not accept client_id and client_secret"
            raise SourceError(SearchState.BLOCKED, "page.denied", line)
        got = _mapping(answer, "oauth2/token") if answer.status == 200 else {}
        self._token = str(got.get("access_token") or "")
        if not self._token:
            raise _unknown(f"oauth2/token answered {answer.status}")
        lasts = got.get("expires_in")
        seconds = min(lasts, _LONGEST) if isinstance(lasts, (int, float)) else 3600
        self._until = time.monotonic() + max(1.0, seconds - _EARLY)


def _works(got: Mapping[str, Any], path: str) -> list[Work]:
    entries = got.get("results")
    if not isinstance(entries, list):
        raise _unknown(f"{path} without results")
    return [work for one in json_helpers.tables(entries) if (work := of_api(one)) is not None]


def _mapping(answer: Answer, path: str) -> Mapping[str, Any]:
    try:
        got = answer.json()
    except ValueError:
        raise _unknown(f"{path} answered with something that is not JSON") from None
    if not isinstance(got, Mapping):
        raise _unknown(f"{path} answered with no object")
    return got


def _unknown(what: str) -> SourceError:
    return SourceError(SearchState.LAYOUT, "page.layout", f"DeviantArt's API: {what}")
