"""The transforms a recipe may name: small functions from texts to texts. Nothing is ever evaluated."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Final
from urllib.parse import unquote

from msgspec import Meta, Struct

from collector.sources.page import srcset
from collector.sources.recipe import dates
from collector.sources.recipe.expressions import compiled
from collector.urls import resolved

_NUMBER: Final = re.compile(r"[-−]?\d[\d,.\s'’]{0,40}")
_DECIMALS: Final = re.compile(r"[.,]\d{1,2}\s*$")


class Step(Struct, frozen=True, forbid_unknown_fields=True):
    """One transform: the name of one that takes no argument, or the one key that is set."""

    plain: str | None = None
    regex: str | None = None
    group: int | str | None = None
    """With `regex`: what is kept of what it finds; the first group, if it has any."""
    replace: tuple[str, str] | None = None
    rewrite: tuple[str, str] | None = None
    slice: int | Annotated[tuple[int, ...], Meta(min_length=1, max_length=2)] | None = None
    """From and to, as Python counts them."""
    split: str | None = None
    join: str | None = None
    template: str | None = None
    date: tuple[str, ...] | None = None
    to: str | None = None
    """With `date`: the format it is written in, else ISO 8601."""

    def __post_init__(self) -> None:
        if len(self.named) != 1:
            raise ValueError(f"write one transform; with an argument there are: {', '.join(WORK)}")
        if (self.group is not None and self.regex is None) or (self.to is not None and self.date is None):
            raise ValueError("group belongs to regex, and to belongs to date")
        if self.regex is not None:
            expression = compiled(self.regex)
            known = (*range(expression.groups + 1), *expression.groupindex, None)
            if self.group not in known:
                raise ValueError(f"group {self.group!r}: the expression has {expression.groups} groups")
        if self.rewrite is not None:
            _check_rewrite(*self.rewrite)
        for form in self.date or ():
            if wrong := dates.problem(form):
                raise ValueError(f"{form!r}: {wrong}")

    @property
    def named(self) -> list[str]:
        """The keys that are set, but for those that stand beside another."""
        return [name for name in ("plain", *WORK) if getattr(self, name) is not None]


def _check_rewrite(pattern: str, form: str) -> None:
    groups = compiled(pattern).groups
    for number in re.findall(r"\\(\d)", form):
        if int(number) > groups:
            raise ValueError(f"\\{number}: invalid group reference; the expression has {groups} groups")


def _regex(texts: list[str], step: Step) -> list[str]:
    expression = compiled(step.regex or "")
    group = step.group if step.group is not None else min(1, expression.groups)
    found = (expression.search(text) for text in texts)
    return [str(match[group] or "") for match in found if match is not None]


def _rewritten(texts: list[str], step: Step) -> list[str]:
    pattern, form = step.rewrite or ("", "")
    return [str(compiled(pattern).sub(form, text)) for text in texts]


def _sliced(texts: list[str], step: Step) -> list[str]:
    bounds = (step.slice,) if isinstance(step.slice, int) else step.slice or ()
    first, last = bounds[0], bounds[1] if len(bounds) > 1 else None
    return [text[first:last] for text in texts]


def _dated(texts: list[str], step: Step) -> list[str]:
    values = [dates.parsed(text, step.date or ()) for text in texts]
    return [dates.written(value, step.to) if step.to and value else value for value in values]


def _number(text: str) -> str:
    """A whole number: decimals are left out, thousands joined."""
    found = _NUMBER.search(text)
    if not found:
        return ""
    digits = re.sub(r"\D", "", _DECIMALS.sub("", found[0]))
    return f"{'-' if found[0][0] in '-−' else ''}{int(digits)}"


def _largest(text: str) -> str:
    """The address of a srcset with the largest descriptor."""
    best = max(srcset.choices(text), key=lambda one: (one.width, one.density or 1.0), default=None)
    return best.url if best is not None else ""


WORK: Final[Mapping[str, Callable[[list[str], Step], list[str]]]] = {
    "regex": _regex,
    "replace": lambda texts, step: [text.replace(*(step.replace or ("", ""))) for text in texts],
    "rewrite": _rewritten,
    "slice": _sliced,
    "split": lambda texts, step: [part for text in texts for part in text.split(step.split or None)],
    "join": lambda texts, step: [(step.join or "").join(texts)] if texts else [],
    "template": lambda texts, step: [(step.template or "").replace("{value}", text) for text in texts],
    "date": _dated,
}
"""Transforms with an argument."""
PLAIN: Final[Mapping[str, Callable[[str], str]]] = {
    "strip": str.strip,
    "squeeze": lambda text: " ".join(text.split()),
    "lower": str.lower,
    "upper": str.upper,
    "int": _number,
    "unescape": html.unescape,
    "unquote": unquote,
    "srcset": _largest,
}
"""Those without one; `urljoin` is one more."""


def applied(texts: list[str], steps: tuple[Step, ...], base: str) -> list[str]:
    """The texts after every step, empty ones left out; relative addresses are relative to `base`."""
    for step in steps:
        if step.plain == "urljoin":
            texts = [resolved(text, base) for text in texts]
        elif step.plain is not None:
            texts = [PLAIN[step.plain](text) for text in texts]
        else:
            texts = WORK[step.named[0]](texts, step)
        texts = [text for text in texts if text]
    return [text for text in texts if text]
