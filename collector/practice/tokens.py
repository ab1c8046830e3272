"""Google's way of hiding addresses since autumn 2026: tokens that say nothing and that only this server resolves.

A token is the address encrypted and sealed under a secret of the server: the same address gives the same token as long
as the server lives, and no other token leads anywhere.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import replace
from typing import Final

from collector.practice.results import Result

_SEAL: Final = 12
_START: Final = b"\x08\x01\x12"
"""The first bytes of the real ones, which is why they begin with CAES."""


def sealed(secret: bytes, address: str) -> str:
    """The path and query that hide an address: `/goto?url=CAES...`."""
    plain = address.encode()
    seal = hmac.digest(secret, plain, "sha256")[:_SEAL]
    text = base64.urlsafe_b64encode(_START + seal + _crossed(secret, seal, plain)).decode().rstrip("=")
    return f"/goto?url={text}"


def opened(secret: bytes, token: str) -> str | None:
    """The address behind the text of a token; None for what this server never wrote."""
    try:
        packed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        return None
    seal, body = packed[len(_START) : len(_START) + _SEAL], packed[len(_START) + _SEAL :]
    plain = _crossed(secret, seal, body)
    return plain.decode() if hmac.compare_digest(hmac.digest(secret, plain, "sha256")[:_SEAL], seal) else None


def veiled(secret: bytes, hidden: str, found: Result) -> Result:
    """A result as its page tells it when `hidden` is "nothing", "pages" or "pictures" (those and their pages)."""
    if hidden == "nothing":
        return found
    licence = found.licence and [found.licence[0] and sealed(secret, found.licence[0]), *found.licence[1:]]
    original = sealed(secret, found.original) if hidden == "pictures" else found.original
    return replace(found, page=sealed(secret, found.page), licence=licence, original=original)


def _crossed(secret: bytes, seal: bytes, text: bytes) -> bytes:
    """The text under a stream of bytes that only the secret gives; done twice, it is the text again."""
    stream = hashlib.shake_256(secret + seal).digest(len(text))
    return bytes(one ^ other for one, other in zip(text, stream, strict=True))
