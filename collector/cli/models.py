"""The verb `models`: models that know words are listed, and downloaded once you have agreed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from collector.api import models as api
from collector.cli import options, terminal
from collector.cli.options import Configured, settings_of
from collector.errors import UsageError

if TYPE_CHECKING:
    from collector.maintenance.models import Offer

_STEP = 50_000_000
"""Bytes between two lines of progress."""


@click.group()
def models() -> None:
    """Models that tell what pictures show, for relevance, embed and similar (docs/relevance.md)."""


@models.command("list", short_help="list the models that are known, and which are here")
def list_() -> None:
    """List the models that are known by name, and which of them are on this machine. Asks nobody."""
    rows = [(one.name, "here" if one.here else "", one.licence, one.about) for one in api.listed()]
    terminal.grid(("model", "", "licence", "what it is"), rows)


@models.command(short_help="download a model once you have agreed")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Agree to licence and size without being asked.")
@options.takes("given", Configured)
@click.option("--proxy", metavar="URL", help="Proxy: http://HOST:PORT, socks5://HOST:PORT, or none.  "
              "[default: from HTTP_PROXY, HTTPS_PROXY and ALL_PROXY]")  # fmt: skip
@click.option("--allow-private", is_flag=True, help="Also reach loopback and private addresses.")
def get(name: str, yes: bool, given: Configured, proxy: str | None, allow_private: bool) -> None:
    """Download a model of the Hugging Face Hub into the cache: NAME of `models list`, or owner/name of the hub.

    Licence, size and hashes are shown before you are asked. What breaks off is taken up by the next call; every file is
    checked. Afterwards nothing is asked of the hub. HF_ENDPOINT names another hub, HF_TOKEN logs in.
    """
    settings = settings_of(given, also={"proxy": proxy, "fetch.allow_private": allow_private or None})
    told = [0]

    def tell(have: int, of: int) -> None:
        if have - told[0] >= _STEP or have == of:
            told[0] = have
            terminal.error(f"{have / 1e6:,.0f} of {of / 1e6:,.0f} MB")

    folder = api.get_model(name, lambda offer: _agreed(offer, yes), settings=settings.fetch, tell=tell)
    terminal.line(f"{name} is in {folder}" if folder else "nothing was downloaded")


def _agreed(offer: Offer, yes: bool) -> bool:
    """Shows what would come, and asks."""
    terminal.line(f"{offer.name}: {offer.source}")
    terminal.line(f"licence: {offer.licence}")
    rows = [
        (
            file.path,
            f"{file.size / 1e6:,.1f}",
            file.sha256 or f"{file.git} (git)",
            "known" if file.known else "the hub's",
        )
        for file in offer.files
    ]
    terminal.grid(("file", "MB", "sha256", "by whose word"), rows)
    terminal.line(f"{offer.size / 1e6:,.1f} MB into {offer.folder}")
    if not yes and not sys.stdin.isatty():
        raise UsageError("say --yes to agree to this licence and download")
    return yes or click.confirm("Download it?", err=True)
