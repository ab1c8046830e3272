"""What requests, urllib3, http.client, ssl and sockets raise, as FetchErrors with a reason. No other behaviour.

Messages are made here: those of the libraries carry whole URLs, and with them tokens.
"""

from __future__ import annotations

import contextlib
import http.client
import ssl
from collections.abc import Iterator

import requests
import urllib3

from collector.http.deadlines import Attempt
from collector.http.transport import FetchError


@contextlib.contextmanager
def as_fetch_errors(attempt: Attempt) -> Iterator[None]:
    """What requests, urllib3, http.client, ssl and sockets raise, as one FetchError."""
    try:
        yield
    except FetchError:
        raise
    except (requests.RequestException, urllib3.exceptions.HTTPError, http.client.HTTPException, OSError) as error:
        attempt.check()
        causes = list(_causes(error))
        raise _classified(causes) from None
    except ValueError:  # From http.client: a chunk size or header that is no number.
        attempt.check()
        raise FetchError("http.bad_framing", "not a valid HTTP answer") from None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and everything it was wrapped around, outermost first."""
    pending, seen = [error], set[int]()
    while pending:
        here = pending.pop(0)
        if id(here) in seen:
            continue
        seen.add(id(here))
        yield here
        inner = [here.__cause__, here.__context__, getattr(here, "reason", None), *here.args]
        pending += [item for item in inner if isinstance(item, BaseException)]


_CLASSES: tuple[tuple[tuple[type[BaseException], ...], str, str], ...] = (
    ((ssl.SSLCertVerificationError,), "net.tls", "the certificate is not valid"),
    ((ssl.SSLEOFError, ssl.SSLZeroReturnError), "net.reset", "the TLS connection was broken off"),
    ((ssl.SSLError,), "net.tls", "the TLS handshake failed"),
    ((http.client.RemoteDisconnected, ConnectionError), "net.reset", "the server closed the connection"),
    ((http.client.IncompleteRead,), "net.truncated", "the body breaks off"),
    ((TimeoutError, urllib3.exceptions.TimeoutError), "net.read_timeout", "the server fell silent"),
    ((http.client.HTTPException, urllib3.exceptions.InvalidHeader), "http.bad_framing", "not a valid HTTP answer"),
)


def _classified(causes: list[BaseException]) -> FetchError:
    for kinds, reason, text in _CLASSES:
        found = next((cause for cause in causes if isinstance(cause, kinds)), None)
        if found is not None:
            why = getattr(found, "verify_message", "") or getattr(found, "strerror", "")
            return FetchError(reason, f"{text} ({why})" if why else text)
    last = causes[-1]
    if isinstance(last, OSError):
        return FetchError("net.reset", getattr(last, "strerror", "") or "the connection broke")
    return FetchError("http.bad_framing", "not a valid HTTP answer")
