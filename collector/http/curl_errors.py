"""libcurl's error codes as FetchErrors with a reason. No other behaviour.

Messages are made here, and cut short: libcurl's may carry whole URLs, and with them tokens.
"""

from __future__ import annotations

import re
from typing import Protocol

import pycurl

from collector.http.proxy import proxy_trouble
from collector.http.transport import FetchError
from collector.urls import Proxy


class Standing(Protocol):
    """How far a transfer had come."""

    asked: bool
    size: int
    """Bytes of the body so far."""
    proxy: Proxy | None


_PLAIN: dict[int, tuple[str, str]] = {
    pycurl.E_COULDNT_RESOLVE_HOST: ("net.dns", "the host name could not be resolved"),
    pycurl.E_COULDNT_CONNECT: ("net.connect", "no connection"),
    pycurl.E_GOT_NOTHING: ("net.reset", "the server closed the connection"),
    pycurl.E_SEND_ERROR: ("net.reset", "the connection broke while asking"),
    pycurl.E_PARTIAL_FILE: ("net.truncated", "the body breaks off"),
    pycurl.E_FILESIZE_EXCEEDED: ("body.too_big", "more bytes than allowed"),
    100: ("http.bad_framing", "a header that is too long"),  # CURLE_TOO_LARGE, which pycurl does not name.
    pycurl.E_UNSUPPORTED_PROTOCOL: ("http.bad_framing", "not a valid HTTP answer"),
    pycurl.E_FTP_WEIRD_SERVER_REPLY: ("http.bad_framing", "not a valid HTTP answer"),
    pycurl.E_BAD_CONTENT_ENCODING: ("http.bad_framing", "a broken coding"),
    pycurl.E_URL_MALFORMAT: ("url.malformed", "the URL cannot be parsed"),
    pycurl.E_PEER_FAILED_VERIFICATION: ("net.tls", "the certificate is not valid"),
    pycurl.E_SSL_CONNECT_ERROR: ("net.tls", "the TLS handshake failed"),
    pycurl.E_SSL_CERTPROBLEM: ("net.tls", "the certificate is not valid"),
    pycurl.E_SSL_CIPHER: ("net.tls", "no cipher in common"),
    pycurl.E_HTTP2: ("http.bad_framing", "not valid HTTP/2"),
    92: ("net.reset", "the HTTP/2 stream was broken off"),  # CURLE_HTTP2_STREAM, likewise.
}
_OF_THE_HOST = frozenset(
    (pycurl.E_PEER_FAILED_VERIFICATION, pycurl.E_SSL_CONNECT_ERROR, pycurl.E_SSL_CERTPROBLEM, pycurl.E_SSL_CIPHER,
     pycurl.E_URL_MALFORMAT, pycurl.E_UNSUPPORTED_PROTOCOL)
)  # fmt: skip
"""Trouble behind a proxy that has done its part."""
_ANSWERED = re.compile(r"response (\d{3})")
"""What libcurl says of a proxy that opened no tunnel."""
_FRAMING = ("hexadecimal", "chunk", "header", "Header", "Content-Length", "Transfer-Encoding", "encoding")
"""Words of libcurl's messages for answers that break HTTP's rules, under its code for any trouble in receiving."""


def as_fetch_error(code: int, text: str, transfer: Standing) -> FetchError:
    """The reason of a transfer that libcurl gave up."""
    if transfer.proxy is not None and not transfer.asked and code not in _OF_THE_HOST:
        if answered := _ANSWERED.search(text):
            return proxy_trouble(transfer.proxy, int(answered[1]))
        if "cannot complete SOCKS5" in text:
            return FetchError("net.connect", f"no connection by the proxy {transfer.proxy}")
        words = "no answer in time" if code == pycurl.E_OPERATION_TIMEDOUT else "no connection, or it was broken off"
        return FetchError("net.proxy", f"the proxy {transfer.proxy} fails ({words})")
    if code == pycurl.E_OPERATION_TIMEDOUT:
        if transfer.asked:
            return FetchError("net.deadline", "the whole attempt took too long")
        if "Resolving" in text:
            return FetchError("net.dns", "no answer from the resolver")
        return FetchError("net.connect", "no connection in time")
    if code == pycurl.E_SSL_CONNECT_ERROR and ("reset" in text or "SYSCALL" in text or "EOF" in text):
        return FetchError("net.reset", "the TLS connection was broken off")
    if code == pycurl.E_RECV_ERROR and "unexpected eof" in text:  # TLS ended without its goodbye.
        if transfer.size:
            return FetchError("net.truncated", "the body breaks off")
        return FetchError("net.reset", "the TLS connection was broken off")
    if code == pycurl.E_RECV_ERROR and any(word in text for word in _FRAMING):
        return FetchError("http.bad_framing", "not a valid HTTP answer")
    reason, words = _PLAIN.get(code, ("net.reset", f"the connection broke (libcurl error {code})"))
    return FetchError(reason, words)
