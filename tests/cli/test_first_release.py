"""What was typed and written for the first released version still does what it did."""

from __future__ import annotations

from pathlib import Path

import click

from collector.api.options import loaded
from collector.cli import cli

FLAGS = [line.split() for line in Path(__file__).with_name("release-1-flags.txt").read_text("utf-8").splitlines()]
"""Verb (of two words, sometimes) and all its flags."""
SETTINGS = Path(__file__).with_name("release-1.toml")
"""Every setting, as it was by default."""


def test_its_settings_file_is_read_and_says_the_same() -> None:
    settings, usual = loaded(SETTINGS, ()), loaded(None, ())
    assert settings == usual
    assert loaded(SETTINGS, ("fetch.stand_ins=true",)).fetch.thumbnails == "fallback"


def test_its_flags_are_known() -> None:
    context = click.Context(cli)
    for words in FLAGS:
        verb: click.Command | None = cli
        while isinstance(verb, click.Group):
            verb = verb.get_command(context, words.pop(0))
        assert verb is not None
        assert set(words) <= {flag for param in verb.params for flag in (*param.opts, *param.secondary_opts)}, verb.name
