"""No regular expression of the house takes longer than its text is long: each is fed what would make it go back.

The texts come from the expression itself: for every repetition in it, what leads there, the repeated part many times,
and then something that fits nothing.
"""

from __future__ import annotations

import ast
import importlib
import re
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SIZE = 2000
LEAST = 0.02
"""Seconds that say nothing."""
METHODS = {"match", "fullmatch", "search", "finditer", "findall", "sub", "subn", "split"}
BOUNDED = {
    r"([A-Za-z][A-Za-z0-9_-]{0,30})(?:\s*=\s*([0-9]*\.?[0-9]+)(%?))?": "the scheme of splits, which the user types",
    r"(0x[0-9a-f]*|[0-9]+)\Z": "parts of a host's name, which has at most 253 letters",
    r"[ _]*_[ _]*": "labels, which have at most 512 letters",
    r"\s*([\w-][\w.\s-]*|[\"'][^\"']*[\"'])\s*=": "the first 500 letters of a line",
}
"""Expressions that do go back, over texts that are short by what they are."""
REPEATS = (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT)


@cache
def modules() -> tuple[tuple[str, ast.Module], ...]:
    paths = sorted((ROOT / "collector").rglob("*.py"))
    named = [(".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"), path) for path in paths]
    return tuple(
        (name, ast.parse(path.read_text(encoding="utf-8")))
        for name, path in named
        if not name.startswith("collector.practice") and not name.endswith("__main__")
    )


def uses() -> dict[tuple[str, str], set[str]]:
    """(module, name) of an expression -> the methods that are called of it; ("", name) for what all modules may use."""
    found: dict[tuple[str, str], set[str]] = {}
    for module, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in METHODS:
                owner = node.value
                name = (
                    owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else ""
                )
                found.setdefault((module if name.startswith("_") else "", name), set()).add(node.attr)
    return found


def expressions() -> Iterator[tuple[str, str, int, frozenset[str]]]:
    """(module, pattern, flags, methods) of every expression: those that modules hold, and those written where used."""
    used = uses()
    for name, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
                owner, first = node.func.value, node.args[0]
                is_re = isinstance(owner, ast.Name) and owner.id == "re" and node.func.attr in METHODS
                if is_re and isinstance(first, ast.Constant):
                    yield name, text_of(first.value), 0, frozenset({node.func.attr})
        for held, found in vars(importlib.import_module(name)).items():
            methods = frozenset(used.get((name if held.startswith("_") else "", held), ()))
            if isinstance(found, re.Pattern) and methods:
                yield name, text_of(found.pattern), found.flags & ~re.UNICODE, methods


def text_of(pattern: str | bytes) -> str:
    return pattern.decode("latin-1") if isinstance(pattern, bytes) else pattern


def letters(items: Any) -> tuple[str, str]:
    """Two letters of a class."""
    found: list[str] = []
    banned = [item for item in items if item[0] is not sre.NEGATE]
    if len(banned) < len(items):
        fits = [chr(code) for code in (120, 48, 32, 45, 64, 92, 34, 97) if not any(has(item, code) for item in banned)]
        return (fits[0], fits[-1]) if fits else ("x", "x")
    for kind, value in items:
        if kind is sre.LITERAL:
            found.append(chr(value))
        elif kind is sre.RANGE:
            found += [chr(value[0]), chr(value[1])]
        elif kind is sre.CATEGORY:
            found.append({sre.CATEGORY_DIGIT: "1", sre.CATEGORY_SPACE: " ", sre.CATEGORY_WORD: "a"}.get(value, "-"))
    return found[0], found[-1]


def has(item: Any, code: int) -> bool:
    kind, value = item
    if kind is sre.LITERAL:
        return bool(value == code)
    if kind is sre.RANGE:
        return bool(value[0] <= code <= value[1])
    letter = chr(code)
    is_in = {
        sre.CATEGORY_DIGIT: letter.isdigit(),
        sre.CATEGORY_SPACE: letter.isspace(),
        sre.CATEGORY_WORD: letter.isalnum() or letter == "_",
    }
    return is_in.get(value, False)


def sample(tokens: Any, last: bool = False) -> str:
    """A text that tokens fit; the last choice of each class and branch instead of the first."""
    text = ""
    for kind, value in tokens:
        if kind is sre.LITERAL:
            text += chr(value)
        elif kind is sre.NOT_LITERAL:
            text += letters([(sre.NEGATE, None), (sre.LITERAL, value)])[last]
        elif kind is sre.ANY:
            text += "x"
        elif kind is sre.IN:
            text += letters(value)[last]
        elif kind is sre.BRANCH:
            text += sample(value[1][-1 if last else 0], last)
        elif kind is sre.SUBPATTERN:
            text += sample(value[3], last)
        elif kind is sre.ATOMIC_GROUP:
            text += sample(value, last)
        elif kind in REPEATS:
            text += sample(value[2], last) * min(max(1, value[0]), 50)
    return text


def attacks(tokens: Any, before: str = "") -> Iterator[tuple[str, str]]:
    """(beginning, part to be repeated) for every repetition in an expression."""
    for number, (kind, value) in enumerate(tokens):
        here = before + sample(tokens[:number])
        inner = value[2] if kind in REPEATS else value[3] if kind is sre.SUBPATTERN else None
        if kind in REPEATS and value[1] > 20:
            for part in {sample(inner), sample(inner, True)} - {""}:
                yield here, part
                yield "", here + part
        if inner is not None:
            yield from attacks(inner, here)
        if kind is sre.BRANCH:
            for branch in value[1]:
                yield from attacks(branch, here)
    if not before and sample(tokens):
        yield "", sample(tokens)


def seconds(compiled: re.Pattern[str], methods: frozenset[str], text: str) -> float:
    """The best of two, as the house uses it: of this thread's own work, whatever else the machine does."""
    best = float("inf")
    for _ in range(2):
        began = time.thread_time()
        if methods - {"match", "fullmatch"}:
            for _found in compiled.finditer(text):
                pass
        else:
            compiled.match(text)
            compiled.fullmatch(text)
        best = min(best, time.thread_time() - began)
    return best


def test_no_expression_goes_back() -> None:
    every = sorted(set(expressions()), key=lambda one: (*one[:3], sorted(one[3])))
    assert {pattern for _, pattern, _, _ in every} >= set(BOUNDED), "what is excused is still there"
    slow = [told for one in every if one[1] not in BOUNDED for told in goes_back(*one)]
    assert not slow, "\n".join(slow)


def goes_back(name: str, pattern: str, flags: int, methods: frozenset[str]) -> Iterator[str]:
    """What takes far more than eight times as long where the text is eight times as long."""
    compiled = re.compile(pattern, flags)
    for beginning, part in attacks(_parser.parse(pattern, flags)):
        for end in ("\x00\n", ""):
            short, long = (
                seconds(compiled, methods, beginning + part * (size // len(part) + 1) + end)
                for size in (SIZE, 8 * SIZE)
            )
            if long >= LEAST and long >= 3 * 8 * short:
                yield f"{name}: {pattern!r} over {beginning[:40]!r} + {part[:40]!r} * n: {long:.3f} s"
