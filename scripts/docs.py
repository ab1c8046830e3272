"""Writes the lists in docs/ that come from the code: reasons and settings. `--check` only compares."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import sys
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from collector import reasons, settings, sources

DOCS = Path(__file__).resolve().parents[1] / "docs"
FATES = {
    reasons.Fate.RETRY: "tried again in this run, then by later runs (six attempts in all)",
    reasons.Fate.FAILED: "final",
    reasons.Fate.REJECTED: "final: bytes came, but they are not a picture that we accept",
    reasons.Fate.SKIPPED: "not requested; taken up when the limit is raised",
    reasons.Fate.DUPLICATE: "final: points to the file that has the same bytes",
    reasons.Fate.SEARCH: "ends a search; the next run takes it up again",
    reasons.Fate.LEFT_OUT: "the file stays; `dedupe`, `filter`, `quality` and `review` decide again",
    reasons.Fate.STOP: "ends the run; nothing is marked failed",
}
OTHERWISE = {"internal.error": "final for a picture; ends a search, which the next run takes up again"}
HTTP = "408, 425, 429, 500, 502, 503, 504 and 520-524 are tried again (`Retry-After` is obeyed); others are final"


def reasons_page() -> str:
    """docs/reasons.md: every slug, what it means, what happens then."""
    lines = [
        "# Reasons",
        "",
        "Every URL ends in exactly one outcome, and every outcome but `saved` has a reason from this list;",
        "so has every search that did not end well. The list is `collector/reasons.py`; this page is made from it",
        "by `python scripts/docs.py`.",
        "",
        "| reason | what happened | what follows |",
        "|---|---|---|",
    ]
    lines += [f"| `http.<status>` | the server answered with that status, for example `http.404` | {HTTP} |"]
    lines += [
        f"| `{reason.slug}` | {reason.text} | {OTHERWISE.get(reason.slug, FATES[reason.fate])} |"
        for reason in reasons.REASONS
    ]
    return "\n".join(lines) + "\n"


USUAL = {
    "home": "address of the site or interface; another one is a copy of it, such as the practice web",
    "rate": "requests a second, all searches together; 0 for no limit",
    "pages": "pages of results that are asked for at most",
    "api_key": "the key; '' takes the environment variable that `collector sources NAME` names",
    "folder_id": "the folder of the account; '' takes the environment variable that `collector sources NAME` names",
    "contact": "a mail address or page of whoever runs this; '' takes COLLECTOR_CONTACT",
    "site": "address of the website",
    "connections": "pages asked for at once",
    "min_side": "pictures whose attributes claim less are left out, in pixels",
    "icons": "keep icons too",
    "videos": "keep videos too",
    "originals": "undo resizers and proxies, and ask for the original",
    "page_size": "results of one request",
}
"""What settings mean that many sources have, where a source says nothing of its own."""
TOP = [
    ("out", "images", "folder of pictures and ledger"),
    ("limit", "100", "pictures per keyword whose row says nothing, or all; 100, and all of a gallery or user"),
    ("source", "google", "sources of rows that name none, separated by commas"),
    ("blocklist", "", "file of terms, one a line; keywords with one of them are not searched"),
    ("proxy", "", "one proxy for browsers, pages and pictures (network.md)"),
    ("cookies", "", "one file of cookies for browsers, pages and pictures (network.md)"),
    ("user_agent", "", "what pages and pictures are asked for as: `fetch.user_agent`"),
    ("contact", "", "whom Wikimedia, Openverse and Flickr may write to (network.md)"),
]


def after(owner: object, name: str) -> str:
    """The text that stands below a name of a module or class; "" for none."""
    body = ast.parse(inspect.getsource(owner)).body  # type: ignore[arg-type]
    body = body[0].body if isinstance(body[0], ast.ClassDef) else body
    for one, following in pairwise(body):
        names = {target.id for target in ast.walk(one) if isinstance(target, ast.Name) and target.id == name}
        if isinstance(one, ast.Assign | ast.AnnAssign) and names and isinstance(following, ast.Expr):
            value = following.value
            return " ".join(str(value.value).split()) if isinstance(value, ast.Constant) else ""
    return ""


def meanings(name: str) -> dict[str, str]:
    """Setting -> what it means, by the text below a source's `_SETTINGS`: `key, key: meaning; key: meaning.`"""
    told = dict(USUAL)
    module = importlib.import_module(sources.SOURCES[name].partition(":")[0])
    text = after(module, "_SETTINGS").rstrip(".")
    keys = sources.load(name).settings.keys()
    starts = [match for match in re.finditer(r"(?:^|; )(\w+(?:, \w+)*): ", text) if set(match[1].split(", ")) <= keys]
    ends = [*(one.start() for one in starts[1:]), len(text)]
    for match, end in zip(starts, ends[: len(starts)], strict=True):
        told |= dict.fromkeys(match[1].split(", "), text[match.end() : end])
    return told


def cell(text: str) -> str:
    text = text.replace("|", "\\|").rstrip(".")
    return text[:1].upper() + text[1:]


def settings_page() -> str:
    """docs/settings.md: every key of collector.toml, what it means, its default and what it may be."""
    lines = [
        "# Settings",
        "",
        "`collector.toml` in the working folder (or `--config FILE`), then `--set table.key=value`, then the flags;",
        "the later wins. A key that nobody knows is an error that names the one probably meant. Times are in seconds,",
        "sizes in bytes, where nothing else is said. This page is made by `python scripts/docs.py`.",
        "",
        "```toml",
        "limit = 200",
        'contact = "me@example.org"',
        "",
        "[google]",
        'home = "https://www.google.com"',
        "",
        "[fetch]",
        "threads = 32",
        "```",
        "",
        "## At the top",
        "",
        "| key | what it means | default |",
        "|---|---|---|",
        *(f"| `{key}` | {cell(meaning)} | `{default!r}` |" for key, default, meaning in TOP),
    ]
    tables: dict[str, list[tuple[str, str, object, str]]] = {}
    owners = {"search": settings.SearchSettings, "fetch": settings.FetchSettings, "look": settings.LookSettings}
    for table, key, default, expected in settings.describe():
        tables.setdefault(table, []).append((key, after(owners[table], key), default, expected))
    for name in sources.SOURCES:
        source, told = sources.load(name), meanings(name)
        tables[name] = [
            (key, told[key], default, settings.expected(settings.kind_of(key, default, source.kinds)))
            for key, default in source.settings.items()
        ]
    for table, rows in tables.items():
        lines += ["", f"## [{table}]", "", "| key | what it means | default | may be |", "|---|---|---|---|"]
        lines += [
            f"| `{key}` | {cell(meaning)} | `{str(default).lower() if isinstance(default, bool) else repr(default)}` "
            f"| {expected} |"
            for key, meaning, default, expected in rows
        ]
    return "\n".join(lines) + "\n"


PAGES = {"reasons.md": reasons_page, "settings.md": settings_page}


def stale() -> list[str]:
    """Names of the pages that do not say what the code says."""
    return [name for name, make in PAGES.items() if not (DOCS / name).is_file() or (DOCS / name).read_text() != make()]


def main() -> None:
    """Write the pages, or with --check exit 1 naming the stale ones."""
    if "--check" in sys.argv[1:]:
        names = stale()
        if names:
            sys.exit(f"stale: {', '.join(names)}; run python scripts/docs.py")
        return
    for name, make in PAGES.items():
        (DOCS / name).write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    main()
