"""How much work an XPath or a CSS selector may be on a page.

libxml2 cannot be stopped, so what would run away is not begun.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from parsel import Selector
from parsel.csstranslator import HTMLTranslator

from collector.errors import SourceError
from collector.model import SearchState

MOST: Final = 50_000_000
"""Steps from node to node: a few seconds."""
MOST_BESIDE: Final = 5_000_000_000
"""The same for steps along siblings: each of these is looked for among all that were found before."""
MANY: Final = 70_000
"""Elements of a page from which on no step may go below or above more than one: what each brings is looked for among
all that the others brought."""
_TOKEN: Final = re.compile(r"\"[^\"]*\"|'[^']*'|[\[(]|[\])]|\||/(?:/|(?:descendant|ancestor)(?:-or-self)?\s*::)")
_TEXT: Final = re.compile(r"\"[^\"]*\"|'[^']*'")
_STEP: Final = re.compile(
    r"(?P<far>(?:preceding|following)\s*::)|(?P<beside>(?:preceding|following)-sibling\s*::)"
    r"|(?P<deep>(?:descendant|ancestor)(?:-or-self)?\s*::|[\w.*\])]\s*//)|(?P<whole>//)"
)


def check(path: str, node: Selector) -> None:
    """SourceError for a path that may take more than MOST steps from this node, or from all that stand beside it."""
    if not hasattr(node.root, "getroottree"):
        return
    root = node.root.getroottree().getroot()
    for part in _TEXT.sub("", path).split("|"):
        steps = [str(step.lastgroup) for step in _STEP.finditer(part)]
        if node.root is not root and {"whole", "far"} & set(steps):
            steps.append("beside")
        if len(steps) > 1:
            sizes = _sizes(root)
            if math.prod(sizes[step] for step in steps) > MOST:
                raise _too_much(path, sizes["whole"])
    count = _sizes(root)["whole"]
    if count > MANY and any(len(node.xpath(before)) > 1 for before in _before_deep_steps(path)):
        raise _too_much(path, count)


def _before_deep_steps(path: str) -> Iterator[str]:
    """What stands before each step to all that is below or above, but the first of a path and those in brackets."""
    start, depth = 0, 0
    for token in _TOKEN.finditer(path):
        match token[0][0]:
            case "[" | "(":
                depth += 1
            case "]" | ")":
                depth -= 1
            case "|" if not depth:
                start = token.end()
            case "/" if not depth and path[start : token.start()].strip(" .\n\t"):
                yield path[start : token.start()]


def _too_much(path: str, count: int) -> SourceError:
    detail = f"the XPath {path[:60]!r} is too much work for a page of {count:,} elements"
    return SourceError(SearchState.LAYOUT, "page.layout", detail)


class _Css(HTMLTranslator):
    """CSS as XPath. `before`: what stands before each `~`, the innermost first; `above`: before each blank."""

    def __init__(self) -> None:
        super().__init__()
        self.before: list[str] = []
        self.above: list[str] = []

    def xpath_descendant_combinator(self, left: Any, right: Any) -> Any:
        """`left right`, in one step instead of two over all that is below."""
        self.above.append(f"descendant-or-self::{left}")
        return left.join("/descendant::", right)

    def xpath_direct_adjacent_combinator(self, left: Any, right: Any) -> Any:
        """`left + right`, as a step that libxml2 takes at once; the usual one looks through all that follow."""
        return left.join("/following-sibling::*[1]/self::", right)

    def xpath_indirect_adjacent_combinator(self, left: Any, right: Any) -> Any:
        """`left ~ right`."""
        self.before.append(f"descendant-or-self::{left}")
        return super().xpath_indirect_adjacent_combinator(left, right)


@lru_cache(maxsize=1024)
def _translated(path: str) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    translator = _Css()
    return translator.css_to_xpath(path), tuple(translator.before), tuple(translator.above)


def css(path: str, node: Selector) -> str:
    """A CSS selector as XPath. SourceError when it is too much work from this node: `~` is dear where much stands
    before it, `:nth-child` and its like a little."""
    asked, before, above = _translated(path)
    cheap = asked.count("preceding-sibling::")
    if not (before or cheap or above) or not hasattr(node.root, "getroottree"):
        return asked
    sizes = _sizes(node.root)
    beside, count = sizes["beside"], sizes["whole"]
    if count > MANY and any(len(node.xpath(left)) > 1 for left in above):
        raise _too_much(path, count)
    dear = any(len(node.xpath(left)) * beside**2 > MOST_BESIDE for left in before)
    if dear or cheap * beside**2 > 4 * MOST:
        detail = f"the selector {path[:60]!r} is too much work for a page with {beside:,} elements side by side"
        raise SourceError(SearchState.LAYOUT, "page.layout", detail)
    return asked


@lru_cache(maxsize=4)
def _sizes(root: Any) -> dict[str, int]:
    """What each kind of step multiplies the work by: elements of the page, its depth, the most children of one."""
    count, depth, widest, level = 0, 0, 1, [root]
    while level:
        depth += 1
        count += len(level)
        widest = max(widest, *map(len, level))
        level = [child for element in level for child in element]
    return {"far": count, "whole": count, "deep": depth, "beside": widest}
