"""The verbs: in which group `--help` lists each, its summary, and where it is. A verb is loaded when it is used."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import Final

import click

GROUPS: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "Collect": {
        "run": ("collect:run", "search for every keyword and download the pictures"),
        "search": ("collect:search", "search only: fill the map of keywords and URLs"),
        "fetch": ("collect:fetch", "download only: what the map still has to fetch"),
        "page": ("collect:page", "download every picture of web pages, shown in one HTML file"),
        "recipe": ("recipes:recipe", "sites described by a TOML file: list, show, check, output"),
        "import": ("taking:import_", "take in folders of pictures, and manifests of other tools"),
        "frames": ("taking:frames", "take stills of saved videos as pictures"),
        "sources": ("collect:sources", "list the sources, and what one of them offers"),
    },
    "Look": {
        "status": ("look:status", "show the state of every keyword, even during a run"),
        "why": ("look:why", "show everything known about a URL or a picture"),
        "urls": ("look:urls", "print the map of keywords and URLs, or add a saved one"),
        "report": ("look:report", "what became of everything found: table, JSON, web page"),
        "studio": ("look:studio", "look at pictures, judge them and collect more in your browser"),
        "models": ("models:models", "list and download models that know words, for relevance"),
        "embed": ("relevance:embed", "compute what every picture shows, for similar and relevance"),
        "similar": ("relevance:similar", "list the pictures most similar to a file"),
    },
    "Clean": {
        "dedupe": ("clean:dedupe", "leave out near-duplicates and label conflicts"),
        "filter": ("clean:filter_", "leave out placeholders, blanks, odd shapes, small pictures"),
        "quality": ("clean:quality", "leave out what is blurry, dark, light or without detail"),
        "flags": ("relevance:flags", "find nudity and pages of writing"),
        "relevance": ("relevance:relevance", "find pictures that do not show their class"),
        "purity": ("purity:purity", "measure on a sample how many pictures show their class"),
        "review": ("clean:review", "keep or drop pictures yourself, whatever the rules say"),
        "keyword": ("keyword:keyword", "drop or rename a keyword, or move it to another class"),
        "forget": ("clean:forget", "delete pictures and never fetch them again"),
    },
    "Export": {
        "split": ("export:split", "divide the set into train, val and test without leaks"),
        "export": ("export:export", "write the set for a loader, and read it back"),
        "diff": ("export:diff", "show what differs between two exports"),
    },
    "Check and repair": {
        "doctor": ("mend:doctor", "check browser, driver, display, disk and ledger before a run"),
        "retry": ("mend:retry", "queue URLs that failed or were rejected again"),
        "verify": ("mend:verify", "check every picture against the ledger, or against the web"),
        "repair": ("mend:repair", "rebuild a damaged ledger"),
        "practice": ("mend:practice", "serve the practice web, to look at or to test a scraper on"),
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
        for parameter in command.params:
            if parameter.metavar is None and isinstance(parameter.type, click.IntRange | click.FloatRange):
                parameter.metavar = "NUMBER"
            if isinstance(parameter.type, click.IntRange):
                parameter.type.name = "whole number"
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if (name := args[0]) not in (*VERBS, *ALIASES) and not name.startswith("-"):
            meant = get_close_matches(name, VERBS, 1)
            ctx.fail(f"no command {name!r}" + (f"; did you mean {meant[0]}?" if meant else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        for heading, verbs in GROUPS.items():
            with formatter.section(heading):
                formatter.write_dl([(f"{verb:<8}", summary) for verb, (_, summary) in verbs.items()])
