"""The verb `audit`: pictures of poor quality, left out by scores and thresholds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from collector.cli import terminal
from collector.cli.flags import out as out_flag
from collector.settings import Settings

_WORDS = {
    "blurry": "Blurred.",
    "dark": "Nearly nothing is bright in it.",
    "light": "Nearly nothing is dark in it.",
    "low_information": "Little detail: its grey values tell next to nothing.",
    "odd_aspect_ratio": "Short by long side.",
    "odd_size": "Far from the sizes of the set.",
}


def _thresholds(function: Callable[..., Any]) -> Callable[..., Any]:
    from collector.dataset.quality import Thresholds

    for issue, least in reversed(Thresholds().pairs()):
        function = click.option(
            f"--{issue.replace('_', '-')}",
            type=click.FloatRange(0, 1),
            default=least,
            show_default=True,
            help=_WORDS[issue],
        )(function)
    return function


@click.command()
@out_flag
@_thresholds
@click.option("--apply", is_flag=True, help="Move what is left out beside the output folder.")
def audit(out: Path | None, apply: bool, **given: float) -> None:
    """Leave out pictures of poor quality, by cleanvision's scores (collector[audit]).

    Each threshold is the score from 0 (bad) to 1 (good) below which a picture is left out; 0 switches it off. Scores
    are kept, so that other thresholds are tried in a moment.
    """
    from collector.crawl import assemble
    from collector.dataset import service
    from collector.dataset.quality import Thresholds, require

    require()
    folder = out or Settings().out
    with assemble.existing(folder, terminal.error) as ledger:
        done = service.audit_set(ledger, folder, Thresholds(**given), tell=_progress)
        moved = service.apply(ledger, folder) if apply else 0
        rows = ledger.stats.audited()
    terminal.grid(("issue", "looked at", "flagged"), rows)
    terminal.line(f"{done.measured:,} pictures newly looked at; left out by quality: {len(done.verdicts):,}")
    if done.unreadable:
        terminal.line(
            f"{done.unreadable:,} files cannot be read any more; `collector verify --again` puts them back to do"
        )
    if apply:
        terminal.line(f"{moved:,} files moved; what is left out lies in {service.rejects(folder)}")


def _progress(done: int, of: int) -> None:
    terminal.error(f"{done:,} of {of:,} pictures looked at")
