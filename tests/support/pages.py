"""One page through what carries pages, with a resolver and authorities of the test's own."""

from __future__ import annotations

import ssl
from collections.abc import Callable

from collector.cookies import Cookies
from collector.http.contract import Request
from collector.http.deadlines import Watchdog
from collector.http.page_session import PageSession
from collector.http.safe_adapter import SafeAdapter, tls_context
from collector.http.transport import FetchError
from collector.settings import FetchSettings


class OnePage:
    """Asks for pages one by one over connections that are kept; close it."""

    def __init__(
        self,
        resolve: Callable[[str, int], list[str]],
        allow_private: bool = True,
        patience: float = 1.0,
        context: ssl.SSLContext | None = None,
        proxy: str = "",
        cookies: str = "",
        contact: str = "",
    ) -> None:
        settings = FetchSettings(
            allow_private=allow_private,
            connect_timeout=patience,
            read_timeout=patience,
            proxy=proxy,
            cookies=cookies,
            contact=contact,
        )
        self._adapter = SafeAdapter(settings, resolve, context or tls_context())
        self._session = PageSession(self._adapter, settings, Cookies.read(settings.cookies))
        self._watchdog = Watchdog(0, 20.0)

    def body(self, url: str, seconds: float = 5.0) -> bytes:
        """What the answer brought. FetchError."""
        with self._watchdog.attempt(seconds) as attempt:
            return self._session.carry(Request(url), attempt, lambda _: None).body

    def trouble(self, url: str, seconds: float = 5.0) -> FetchError:
        """Why there is no answer."""
        try:
            self.body(url, seconds)
        except FetchError as error:
            return error
        raise AssertionError("there is an answer")

    def close(self) -> None:
        self._adapter.close()
        self._watchdog.close()
