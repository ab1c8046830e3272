"""How much work an XPath or a CSS selector may be on a page.

libxml2 cannot be stopped, so what would run away is not begun.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Any, Final

from parsel import Selector, css2xpath

from collector.errors import SourceError
from collector.model import SearchState

MOST: Final = 50_000_000
"""Steps from node to node: a few seconds."""
MOST_BESIDE: Final = 1_000_000_000
"""The same for steps along siblings: each of these is looked for among all that were found before."""
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
                detail = f"the XPath {path[:60]!r} is too much work for a page of {sizes['whole']:,} elements"
                raise SourceError(SearchState.LAYOUT, "page.layout", detail)


def check_css(path: str, node: Selector) -> None:
    """The same for a CSS selector, where `~` and `+` are dear, and `:nth-child` and its like a little."""
    asked = css2xpath(path)
    dear = asked.count("/following-sibling::")
    cheap = asked.count("-sibling::") - dear
    if not (dear or cheap) or not hasattr(node.root, "getroottree"):
        return
    sizes = _sizes(node.root)
    if dear * sizes["beside"] ** 3 > MOST_BESIDE or cheap * sizes["beside"] ** 2 > 4 * MOST:
        detail = (
            f"the selector {path[:60]!r} is too much work for a page with {sizes['beside']:,} elements side by side"
        )
        raise SourceError(SearchState.LAYOUT, "page.layout", detail)


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
