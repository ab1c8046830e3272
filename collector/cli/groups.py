"""The verbs: in which group `--help` lists each, its summary, and where it is. A verb is loaded when it is used."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Final

import click

GROUPS: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "Collect": {
        "run": ("collect:run", "search for every keyword and download the pictures"),
        "search": ("collect:search", "only search: fill the map of keywords and URLs"),
        "fetch": ("collect:fetch", "only download what the map still has to do"),
        "page": ("collect:page", "download every picture of web pages, and show them in one HTML file"),
        "recipe": ("recipes:recipe", "sites described by a TOML file: list, show, check, output"),
        "import": ("collect:import_", "take in folders of pictures, and manifests of other downloaders"),
        "frames": ("collect:frames", "take stills of the saved videos as pictures"),
        "sources": ("collect:sources", "list the sources, and what one of them knows"),
    },
    "Look": {
        "status": ("look:status", "how every keyword stands, also while a run goes on"),
        "why": ("look:why", "all that is known of a URL or a picture"),
        "urls": ("look:urls", "print the map of keywords and URLs, or enter a saved one"),
        "report": ("look:report", "what came of everything found: a table, JSON, a page with pictures"),
        "studio": ("look:studio", "look at the pictures and judge them in your browser"),
        "embed": ("relevance:embed", "work out what every picture shows, for the verbs that need it"),
        "similar": ("relevance:similar", "the pictures of the set that look most like a file"),
    },
    "Clean": {
        "dedupe": ("clean:dedupe", "leave out near-duplicates and label conflicts"),
        "filter": ("clean:filter_", "leave out placeholders, empty surfaces, odd shapes, small pictures"),
        "quality": ("clean:quality", "leave out what is blurry, dark, light or without detail"),
        "flags": ("relevance:flags", "find nudity and pages of writing"),
        "relevance": ("relevance:relevance", "find pictures that do not show their class"),
        "purity": ("purity:purity", "look at a random sample, and say how many pictures show their class"),
        "review": ("clean:review", "keep or drop pictures yourself, whatever the rules say"),
        "keyword": ("keyword:keyword", "drop or rename a keyword, or move it to another class"),
        "forget": ("clean:forget", "delete pictures and never fetch them again"),
    },
    "Export": {
        "split": ("export:split", "divide the set into train, val and test without leaks"),
        "export": ("export:export", "write the set for a loader, and read it back"),
        "diff": ("export:diff", "what differs between two exports"),
    },
    "Mend": {
        "doctor": ("mend:doctor", "check browser, driver, display, disk and ledger before a run"),
        "retry": ("mend:retry", "put URLs that failed or were rejected back to do"),
        "verify": ("mend:verify", "check every picture against the ledger, or against the web"),
        "repair": ("mend:repair", "rebuild a damaged ledger"),
        "practice": ("mend:practice", "serve the practice web, to look at or to test scrapers on"),
    },
}
"""Heading -> verb -> (module of `collector.cli` and function, summary), in the order in which `--help` lists them."""
VERBS: Final = {verb: entry for verbs in GROUPS.values() for verb, entry in verbs.items()}
ALIASES: Final = {"junk": "filter", "audit": "quality"}
"""Old name -> verb; not shown."""


class Verbs(click.Group):
    """A group whose help lists its commands under headings, without loading them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        verb = ALIASES.get(cmd_name, cmd_name)
        if verb not in VERBS:
            return None
        module, _, name = VERBS[verb][0].partition(":")
        command: click.Command = getattr(import_module(f"collector.cli.{module}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        for heading, verbs in GROUPS.items():
            with formatter.section(heading):
                formatter.write_dl([(f"{verb:<8}", summary) for verb, (_, summary) in verbs.items()])
