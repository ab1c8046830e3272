"""What the page asks of the network and what it is answered: the domain Network of the DevTools protocol, read from the
driver's log (chromedevtools.github.io/devtools-protocol/tot/Network).

Listens only after `listen`; forgets everything at `stop`.
"""

from __future__ import annotations

import base64
import json
import time
from dataclasses import replace
from typing import Any, Final

from selenium.common.exceptions import WebDriverException
from selenium.webdriver.remote.command import Command

from collector.browser.contract import DATA, Answered, PageRequest
from collector.browser.session import Session

BUFFER: Final = 100_000_000
"""Bytes of bodies that Chrome keeps for us."""
_NO_TEXT: Final = ("image/", "video/", "audio/", "font/")
STREAM: Final = 10.0
"""Seconds after which a request is one that is kept open on purpose, and no longer waited for."""
_MOST: Final = 5_000
"""Requests remembered; a page that is scrolled for hours makes more."""


class NetworkLog:
    """The log of one session. Raises what the driver raises."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._listening = False
        self._requests: dict[str, PageRequest] = {}
        self._answers: dict[str, Answered] = {}
        """The first answer to each request, of a redirect too, as it came over the wire where that is told."""
        self._finished: list[str] = []
        self._under_way: dict[str, float] = {}
        """XHR and fetch requests that have not ended -> when they were first seen."""

    def listen(self) -> bool:
        """Begin; False when it had begun already."""
        if self._listening:
            return False
        self._session.cdp("Network.enable", maxTotalBufferSize=BUFFER, maxResourceBufferSize=BUFFER)
        self._listening = True
        self._events()
        return True

    def stop(self) -> None:
        """End, and forget."""
        if self._listening:
            self._session.cdp("Network.disable")
            self._listening = False
        self.forget()

    def forget(self) -> None:
        """What was asked for so far; listening goes on."""
        self._events()
        self._requests.clear()
        self._answers.clear()
        self._finished.clear()
        self._under_way.clear()

    def requests(self) -> list[PageRequest]:
        """Every request since `listen`, oldest first."""
        self._update()
        return list(self._requests.values())

    def pending(self) -> int:
        """How many XHR and fetch requests are under way, but for those that stay open for long."""
        if self._listening:
            self._update()
        since = time.monotonic() - STREAM
        return sum(began > since for began in self._under_way.values())

    def answered(self, url: str) -> Answered | None:
        """What the newest request for a URL was answered; None when that has not come yet."""
        self._update()
        newest = next((id for id, request in reversed(self._requests.items()) if request.url == url), None)
        return self._answers.get(newest) if newest is not None else None

    def batches(self) -> list[tuple[PageRequest, str]]:
        """XHR and fetch requests that ended since the last call, with the texts that answered them."""
        self._update()
        ended, self._finished = self._finished, []
        known = [self._requests[id] for id in ended if id in self._requests]
        wanted = [one for one in known if one.kind in DATA and not one.mime.startswith(_NO_TEXT)]
        bodies = ((one, self.body(one)) for one in wanted)
        return [(one, body.decode("utf-8", "replace")) for one, body in bodies if body is not None]

    def body(self, request: PageRequest) -> bytes | None:
        """The body of an answer; None when the page it belonged to is gone."""
        try:
            answer = self._session.cdp("Network.getResponseBody", requestId=request.id)
        except WebDriverException as error:
            if "No resource" in (error.msg or "") or "No data" in (error.msg or ""):
                return None
            raise
        text = str(answer["body"])
        return base64.b64decode(text) if answer.get("base64Encoded") else text.encode()

    def again(self, request: PageRequest, frame: str) -> bytes | None:
        """The body once more, out of the cache where it is there: a page that made a blob of it has kept none.

        No request of the page: the log tells nothing of it. None when it cannot be had.
        """
        options = {"disableCache": False, "includeCredentials": True}
        asked = {"frameId": frame, "url": request.url, "options": options}
        resource = self._session.cdp("Network.loadNetworkResource", **asked)["resource"]
        if not resource.get("stream"):
            return None
        parts: list[bytes] = []
        while sum(len(part) for part in parts) < BUFFER:
            read = self._session.cdp("IO.read", handle=resource["stream"])
            parts.append(base64.b64decode(read["data"]) if read.get("base64Encoded") else read["data"].encode())
            if read["eof"]:
                break
        self._session.cdp("IO.close", handle=resource["stream"])
        return b"".join(parts)

    def probe(self) -> None:
        """Read the log once: raises where a remote end keeps it to itself."""
        self._events()

    def _update(self) -> None:
        for message in self._events():
            self._follow(message["method"], message["params"])
        while len(self._requests) > _MOST:
            oldest = next(iter(self._requests))
            del self._requests[oldest]
            self._under_way.pop(oldest, None)
            self._answers.pop(oldest, None)

    def _follow(self, method: str, event: dict[str, Any]) -> None:
        id = str(event.get("requestId", ""))
        if method == "Network.requestWillBeSent":  # once more for every redirect: the first address is the page's own
            sent = str(event["request"]["url"]), str(event.get("type", "")), float(event.get("wallTime", 0.0))
            self._requests.setdefault(id, PageRequest(id, *sent))
            if sent[1] in DATA:
                self._under_way.setdefault(id, time.monotonic())
        elif method in ("Network.loadingFinished", "Network.loadingFailed"):
            self._under_way.pop(id, None)
            if method == "Network.loadingFinished" and id in self._requests:
                self._requests[id] = replace(self._requests[id], loaded=True)
                self._finished.append(id)
        elif method == "Network.responseReceivedExtraInfo":
            self._answers.setdefault(id, Answered("", int(event.get("statusCode", 0)), _headers(event)))
        elif id not in self._requests:
            return
        elif method == "Network.responseReceived":
            response = event["response"]
            answer = Answered(str(response.get("url", "")), int(response.get("status", 0)), _headers(response))
            kind, mime = str(event.get("type", "")), str(response.get("mimeType", "")).lower()
            self._requests[id] = replace(self._requests[id], kind=kind, mime=mime, answer=answer)
            self._answers.setdefault(id, answer)

    def _events(self) -> list[dict[str, Any]]:
        """Network events since the last call, oldest first."""
        entries = self._session.driver.execute(Command.GET_LOG, {"type": "performance"})["value"]
        texts = (str(entry["message"]) for entry in entries)
        return [json.loads(text)["message"] for text in texts if '"Network.' in text]


def _headers(event: dict[str, Any]) -> dict[str, str]:
    return {str(name).lower(): str(value) for name, value in event.get("headers", {}).items()}
