"""Takes texts out of HTML and JSON by CSS, XPath and JMESPath. Pure: a page's text in, texts out; follows nothing.

The only file of the room that knows parsel.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from parsel import Selector

from collector.http.decoding import json_of
from collector.sources.recipe import json_work, xpath_work
from collector.sources.recipe.expressions import found as finds
from collector.sources.recipe.transforms import applied
from collector.sources.recipe.values import Field, Pick
from collector.urls import resolved


class NotThis(ValueError):
    """The page is not of the kind that was expected: no JSON, where JSON should be."""


@dataclass(frozen=True, slots=True)
class Document:
    """An answer, taken apart."""

    url: str
    base: str
    """What relative addresses are relative to: `<base href>`, else the page itself."""
    root: Any
    """A Selector, or a JSON value."""


def document(text: str, url: str, as_json: bool) -> Document:
    """Take a page apart. NotThis when JSON was expected and is not there."""
    if as_json:
        try:
            return Document(url, url, json_of(text))
        except ValueError:
            raise NotThis("no JSON") from None
    root = Selector(text=text or "<html></html>", type="html")
    return Document(url, resolved(root.xpath("//base/@href").get(""), url) or url, root)


def fault(way: str, path: str) -> str | None:
    """What is wrong with a selector, in one line; None when nothing is."""
    try:
        if way == "css":
            Selector(text="<html></html>").css(path)
        elif way == "xpath":
            Selector(text="<html></html>").xpath(path)
        else:
            jmespath.compile(path)
    except (SyntaxError, RuntimeError, ValueError, JMESPathError) as error:
        return " ".join(str(error).split())[:200]
    return None


def scopes(pick: Pick, scope: Any) -> list[Any]:
    """The elements, or JSON values, that a pick selects below a scope. SourceError for one that would run away."""
    if pick.way == "json":
        found = _searched(pick.path, scope)
        nodes = found if isinstance(found, list) else [] if found is None else [found]
    elif pick.way in ("css", "xpath") and isinstance(scope, Selector):
        if pick.way == "xpath":
            xpath_work.check(pick.path, scope)
        nodes = list(scope.xpath(pick.path if pick.way == "xpath" else xpath_work.css(pick.path, scope)))
    else:
        return []
    return [node for node in nodes if _fits(pick, _words(node))] if pick.contains or pick.matches else nodes


def is_empty_list(pick: Pick, scope: Any) -> bool:
    """Whether a list of JSON is there, and nothing in it."""
    return pick.way == "json" and _searched(pick.path, scope) == []


def texts(pick: Pick, scope: Any, at: Document, known: Mapping[str, str]) -> list[str]:
    """What a pick brings, after its transforms; empty texts are left out. `known` fills templates."""
    if pick.way == "url":
        raw = [at.url]
    elif pick.way == "literal":
        raw = [pick.path]
    elif pick.way == "template":
        raw = _template(pick.path, known)
    else:
        found = [text for node in scopes(pick, scope) for text in _taken(pick, node) if text.strip()]
        raw = found if pick.all else found[pick.at :][:1] if pick.at >= 0 else found[: pick.at + 1 or None][-1:]
    return applied(raw, pick.then, at.base)


def value(field: Field, scope: Any, at: Document, known: Mapping[str, str]) -> list[str]:
    """A field's texts by the first of its picks that brings any, else its default."""
    for pick in field.picks:
        if found := texts(pick, scope, at, known):
            return found
    return [field.default] if field.default else []


def _searched(path: str, scope: Any) -> Any:
    try:
        return json_work.search(path, scope)
    except JMESPathError:  # a function met another type than it takes: this page has no such value
        return None


def _words(node: Any) -> str:
    if not isinstance(node, Selector):
        return _scalar(node)
    whole = node.xpath("string()").get() if _is_element(node) else node.get()
    return " ".join((whole or "").split())


def _is_element(node: Selector) -> bool:
    return not isinstance(node.root, str)


def _fits(pick: Pick, words: str) -> bool:
    return pick.contains in words and (pick.matches is None or finds(pick.matches, words))


def _taken(pick: Pick, node: Any) -> Iterator[str]:
    """The texts of one node, in its order."""
    if not isinstance(node, Selector):
        yield from map(_scalar, node) if isinstance(node, list) else (_scalar(node),)
    elif pick.inner:
        try:
            found = _searched(pick.inner, json_of(node.xpath("string()").get() or ""))
        except ValueError:
            return
        yield from map(_scalar, found) if isinstance(found, list) else (_scalar(found),)
    elif not _is_element(node):
        yield str(node.root)
    elif pick.attr:
        yield next((got for name in pick.attr if (got := (node.root.get(name) or "").strip())), "")
    else:
        yield _TAKES[pick.take](node)


def _own_text(node: Selector) -> str:
    return next((text for raw in node.xpath("text()").getall() if (text := " ".join(raw.split()))), "")


_TAKES: Mapping[str, Callable[[Selector], str]] = {
    "text": _words,
    "own-text": _own_text,
    "html": lambda node: node.get() or "",
}


def _scalar(found: Any) -> str:
    if isinstance(found, bool):
        return "true" if found else "false"
    return "" if found is None or isinstance(found, dict | list) else str(found)


def _template(form: str, known: Mapping[str, str]) -> list[str]:
    """Filled in with fields of the item; nothing when one of them is empty."""
    names = re.findall(r"\{(\w+)\}", form)
    if not all(known.get(name) for name in names):
        return []
    return [re.sub(r"\{(\w+)\}", lambda found: known[found[1]], form)]
