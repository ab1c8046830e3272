"""Writes the lists in docs/ that come from the code: reasons and settings. `--check` only compares."""

from __future__ import annotations

import sys
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
    lines += [f"| `{reason.slug}` | {reason.text} | {FATES[reason.fate]} |" for reason in reasons.REASONS]
    return "\n".join(lines) + "\n"


def settings_page() -> str:
    """docs/settings.md: every key of collector.toml with its default."""
    lines = [
        "# Settings",
        "",
        "`collector.toml` in the working folder (or `--config FILE`), then `--set table.key=value`, then the flags;",
        "the later wins. A key that nobody knows is an error that lists the choices. Times are in seconds, sizes in",
        "bytes. At the top of the file: `out`, `limit`, `source`, `blocklist`. This page is made by",
        "`python scripts/docs.py`.",
        "",
        "```toml",
        "limit = 200",
        "",
        "[google]",
        'home = "https://www.google.com"',
        "",
        "[fetch]",
        "threads = 32",
        "```",
    ]
    tables: dict[str, list[tuple[str, object, str]]] = {}
    for table, key, default, expected in settings.describe():
        tables.setdefault(table, []).append((key, default, expected))
    for name in sources.SOURCES:
        source = sources.load(name)
        tables[name] = [
            (key, default, settings.expected(source.kinds.get(key) or settings.USUAL_KINDS[type(default)]))
            for key, default in source.settings.items()
        ]
    for table, rows in tables.items():
        lines += ["", f"## [{table}]", "", "| key | default | may be |", "|---|---|---|"]
        lines += [
            f"| `{key}` | `{str(default).lower() if isinstance(default, bool) else repr(default)}` | {expected} |"
            for key, default, expected in rows
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
