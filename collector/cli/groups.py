"""The list of verbs in `--help`: in groups, each with its whole summary; old names of verbs still work."""

from __future__ import annotations

from typing import ClassVar

import click

GROUPS = {
    "Collect": ("run", "search", "fetch", "page", "recipe", "import", "frames", "sources"),
    "Look": ("status", "why", "urls", "report"),
    "Clean": ("dedupe", "filter", "quality", "review", "keyword", "forget"),
    "Export": ("split", "export", "diff"),
    "Mend": ("doctor", "retry", "verify", "repair", "practice"),
}
"""Heading -> verbs, in the order in which `--help` lists them."""


class Verbs(click.Group):
    """A group whose help lists its commands under headings."""

    aliases: ClassVar[dict[str, str]] = {"junk": "filter", "audit": "quality"}
    """Old name -> verb; not shown."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, self.aliases.get(cmd_name, cmd_name))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        for heading, names in GROUPS.items():
            with formatter.section(heading):
                formatter.write_dl([(f"{name:<8}", self.commands[name].short_help or "") for name in names])
