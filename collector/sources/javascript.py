"""What scripts hold as data: object literals and strings. A lexer of one pass: no script costs more than its length.

Evaluates nothing; knows the literals of ECMAScript, not its expressions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

DEEPEST: Final = 200
"""Objects and arrays in one another."""
_TOKEN: Final = re.compile(
    r"""(?P<space>\s++|//[^\n]*+|/\*(?s:.)*?\*/)"""
    r"""|"(?P<double>(?:[^"\\]|\\(?s:.))*+)"|'(?P<single>(?:[^'\\]|\\(?s:.))*+)'|`(?P<template>(?:[^`\\$]|\\(?s:.))*+)`"""
    r"""|(?P<number>[-+]?(?:\d{1,400}(?:\.\d{0,400})?|\.\d{1,400})(?:[eE][-+]?\d{1,4})?)(?![\w$])"""
    r"""|(?P<word>[A-Za-z_$][\w$]*+)|(?P<mark>[{}\[\],:])"""
)
_ESCAPE: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|u\{([0-9A-Fa-f]{1,6})\}|x([0-9A-Fa-f]{2})|(\r\n|(?s:.)))")
_LETTERS: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "0": "\0", "\n": "", "\r\n": ""}
_WORDS: Final = {"true": True, "false": False, "null": None, "undefined": None, "NaN": None}
_QUOTE: Final = re.compile("[\"'`]")
_BODIES: Final = {
    '"': re.compile(r'(?:[^"\\\n]|\\(?s:.))*+'),
    "'": re.compile(r"(?:[^'\\\n]|\\(?s:.))*+"),
    "`": re.compile(r"(?:[^`\\]|\\(?s:.))*+"),
}


def literal(text: str, at: int = 0) -> Any:
    """The value of the object or array literal that begins at a place, as json.loads gives values. ValueError."""
    opened: list[tuple[dict[str, Any] | list[Any], str | None]] = []
    """Those that are not closed yet, each with its own name in the one before."""
    name: str | None = None
    pending = ""
    while True:
        token = _TOKEN.match(text, at)
        if token is None:
            raise ValueError(f"no literal at {at}")
        at = token.end()
        if token["space"]:
            continue
        mark = token["mark"]
        if mark in ("{", "["):
            if len(opened) >= DEEPEST:
                raise ValueError("nested too deeply")
            opened.append(({} if mark == "{" else [], name))
            name = None
        elif not opened:
            raise ValueError("neither an object nor an array")
        elif mark in ("}", "]"):
            done, name = opened.pop()
            if (mark == "}") is not isinstance(done, dict):
                raise ValueError(f"{mark} closes nothing")
            if not opened:
                return done
            _put(opened[-1][0], name, done)
            name = None
        elif mark == ":":
            name = pending
        elif mark is None and isinstance(opened[-1][0], dict) and name is None:
            pending = str(token["word"] or _scalar(token))
        elif mark is None:
            _put(opened[-1][0], name, _scalar(token))
            name = None


def strings(text: str) -> Iterator[str]:
    """What stands in the string literals of a script, escapes and all, in its order.

    A quote that nothing closes in its line (an apostrophe in a comment, half of an expression) begins none, and hides
    none of another kind of quotes. Each kind is looked through once.
    """
    open_until = dict.fromkeys(_BODIES, 0)
    at = 0
    while quote := _QUOTE.search(text, at):
        at = quote.end()
        if quote.start() < open_until[quote[0]]:
            continue
        body = _BODIES[quote[0]].match(text, at)
        assert body is not None  # it fits nothing, too
        if text[body.end() : body.end() + 1] == quote[0]:
            yield body[0]
            at = body.end() + 1
        else:
            open_until[quote[0]] = body.end()


def unescaped(text: str) -> str:
    """What a string literal stands for; halves of a character that stand side by side are one."""
    if "\\" not in text:
        return text
    return _ESCAPE.sub(_letter, text).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _letter(found: re.Match[str]) -> str:
    if code := found[1] or found[2] or found[3]:
        number = int(code, 16)
        return chr(number) if number < 0x110000 else "\ufffd"
    return _LETTERS.get(found[4], found[4])


def _scalar(token: re.Match[str]) -> Any:
    for kind in ("double", "single", "template"):
        if token[kind] is not None:
            return unescaped(token[kind])
    if number := token["number"]:
        return float(number) if set(number) & set(".eE") else int(number)
    if token["word"] in _WORDS:
        return _WORDS[token["word"]]
    raise ValueError(f"{token[0][:40]!r} is not a literal")


def _put(into: dict[str, Any] | list[Any], name: str | None, value: Any) -> None:
    if isinstance(into, list):
        into.append(value)
    elif name is not None:
        into[name] = value
    else:
        raise ValueError("a value without a name")
