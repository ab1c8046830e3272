"""Verbs that decide what belongs to the set: near-duplicates, rules, quality, a person's decisions, forgetting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from collector.api.collection import Collection, Conflicts, Decision
from collector.cli import options, terminal
from collector.cli.options import Place
from collector.errors import UsageError, counted

if TYPE_CHECKING:
    from collector.dataset.service import Deduped

apply_flag = click.option(
    "--apply",
    is_flag=True,
    help="Move what is left out to a folder beside the output folder; `dedupe --undo` moves it back.",
)
_SHOWN = 20
"""Conflicts that are worth a line each."""


@click.command()
@options.takes("where", Place)
@options.distance
@options.mirrored
@click.option("--edited", is_flag=True, help="Also find pictures that were cropped, framed, mirrored, turned or"
              " written over; splits and exports use what is found. Needs the extra `look`.")  # fmt: skip
@click.option(
    "--model",
    metavar="NAME",
    help="With --edited: look for candidates with this model, such as sscd; otherwise look.model of the settings.",
)
@options.models
@click.option(
    "--conflicts",
    type=click.Choice(["list", "drop", "best", "multi"]),
    default="list",
    show_default=True,
    help="A picture under two labels: list it, drop it from both, keep the best-ranked label, or keep both labels.",
)
@apply_flag
@click.option("--undo", is_flag=True, help="Move back every file that was moved away.")
@options.json_flag
def dedupe(
    where: Place, distance: int, mirrored: bool, edited: bool, model: str | None, models: str | None,
    conflicts: Conflicts, apply: bool, undo: bool, as_json: bool,
) -> None:  # fmt: skip
    """Find pictures that look the same, within and across labels, and leave all but the best out of the set.

    The best one is in color, not stretched, without text over it, then of the best rank. No file is deleted.
    """
    collection, look = options.opened(where, model, models)
    if undo:
        terminal.line(f"{counted(collection.undo(), 'file')} moved back")
        return
    if not edited and (model or models):
        raise UsageError("--model and --models look for edited copies: say --edited, too")
    done = collection.dedupe(distance, mirrored=mirrored, edited=edited, conflicts=conflicts,
                             model=look.model, models=look.models, tell=terminal.looked_at)  # fmt: skip
    moved = collection.apply() if apply else 0
    if as_json:
        terminal.facts(_facts(done, moved))
        return
    for conflict in done.conflicts[:_SHOWN]:
        files = ", ".join(file.as_posix() for file in conflict.files[:4])
        terminal.line(f"under {' and '.join(conflict.labels)}: {files}")
    if len(done.conflicts) > _SHOWN:
        terminal.line(f"... and {len(done.conflicts) - _SHOWN:,} more under several labels (--json lists all)")
    reasons = Counter(verdict.reason for verdict in done.verdicts)
    terminal.line(
        f"{counted(done.pictures, 'picture')}, {counted(done.groups, 'group')} of pictures that look the same:"
        f" {reasons['set.near_duplicate']:,} left"
        f" out as near-duplicates, {reasons['set.conflict']:,} as label conflicts"
    )
    terminal.unreadable(done.unreadable)
    _say_moved(apply, moved, collection.folder)


@click.command("filter")
@options.out
@click.option("--hosts", type=click.IntRange(0), default=4, show_default=True,
              help="A placeholder is a picture that came from at least this many hosts ...")  # fmt: skip
@click.option(
    "--keywords",
    type=click.IntRange(0),
    default=3,
    show_default=True,
    help="... and was found for at least this many keywords.",
)
@click.option("--min-detail", type=click.IntRange(0, 100), default=2, show_default=True,
              help="Minimum detail (PDQ quality): white paper has 0, a product on white 20 or more.")  # fmt: skip
@click.option("--max-aspect", type=options.Number(0), default=8.0, show_default=True,
              help="Maximum ratio of the longer to the shorter side.")  # fmt: skip
@click.option("--min-side", type=click.IntRange(0), default=32, show_default=True,
              help="Minimum length of the shorter side, in pixels.")  # fmt: skip
@click.option("--synthetic", is_flag=True, help="Leave out pictures that say in their metadata (IPTC, C2PA) that a"
              " machine made them; without it they are only listed.")  # fmt: skip
@apply_flag
def filter_(
    out: Path, hosts: int, keywords: int, min_detail: int, max_aspect: float, min_side: int, synthetic: bool,
    apply: bool,
) -> None:  # fmt: skip
    """Leave out what is of no use: placeholders, empty surfaces, odd shapes, small pictures. 0 turns a rule off."""
    collection = Collection(out, terminal.error)
    verdicts = collection.filter(
        hosts=hosts, keywords=keywords, min_detail=min_detail, max_aspect=max_aspect, min_side=min_side,
        synthetic=not synthetic,
    )  # fmt: skip
    moved = collection.apply() if apply else 0
    counts = Counter(verdict.reason for verdict in verdicts)
    terminal.grid(("reason", "pictures"), sorted(counts.items())) if counts else terminal.line("nothing to leave out")
    if made := [] if synthetic else collection.synthetic():
        examples = ", ".join(row.file.as_posix() for row, _ in made[:3])
        terminal.line(f"{counted(len(made), 'picture')} made by a machine, by their own metadata (--synthetic leaves"
                      f" such pictures out): {examples}")  # fmt: skip
    _say_moved(apply, moved, out)


_ISSUES = {
    "blurry": "Threshold for blur.",
    "dark": "Threshold for darkness: hardly anything is bright.",
    "light": "Threshold for brightness: hardly anything is dark.",
    "low_information": "Threshold for lack of detail.",
    "odd_aspect_ratio": "Threshold for long and narrow pictures (the ratio of the sides).",
    "odd_size": "Threshold for sizes far from the rest of the set.",
}


def _thresholds(verb: Callable[..., Any]) -> Callable[..., Any]:
    from collector.dataset.quality import Thresholds

    for issue, least in reversed(Thresholds().pairs()):
        flag, kind = f"--{issue.replace('_', '-')}", options.Number(0, 1)
        verb = click.option(flag, type=kind, default=least, show_default=True, help=_ISSUES[issue])(verb)
    return verb


@click.command()
@options.out
@_thresholds
@apply_flag
def quality(out: Path, apply: bool, **thresholds: float) -> None:
    """Leave out pictures of poor quality, by cleanvision's scores. Needs the extra `quality`.

    Each threshold is the score from 0 (bad) to 1 (good) below which a picture is left out; 0 turns it off. Scores
    are kept, so that trying other thresholds takes a moment.
    """
    collection = Collection(out, terminal.error)
    done = collection.quality(**thresholds, tell=terminal.looked_at)
    moved = collection.apply() if apply else 0
    terminal.grid(("issue", "looked at", "flagged"), collection.scores())
    terminal.line(str(done))
    terminal.unreadable(done.unreadable)
    _say_moved(apply, moved, out)


@click.command()
@click.argument("decision", type=click.Choice(["keep", "drop", "undo"]))
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@options.out
def review(decision: Decision, files: tuple[str, ...], out: Path) -> None:
    """Keep pictures whatever the rules say, drop them, or undo such a decision. FILE is a path or a file name."""
    terminal.line(f"{counted(Collection(out, terminal.error).review(decision, files), 'picture')}: {decision}")


@click.command()
@click.argument("what", nargs=-1, metavar="[URL|FILE]...")
@click.option("--url", "urls", multiple=True, metavar="URL", help="A URL, whether saved or still to be fetched.")
@click.option("--domain", "domains", multiple=True, metavar="HOST",
              help="Everything from a host, its subdomains and its pages, for good.")  # fmt: skip
@click.option(
    "--sha", "shas", multiple=True, metavar="HEX", help="A file by its SHA-256, or the first 16 digits of it."
)
@click.option("--near", "files", multiple=True, type=click.Path(path_type=Path, exists=True, dir_okay=False),
              help="Everything that looks like this picture, which need not be in the set.")  # fmt: skip
@click.option("--distance", type=click.IntRange(0, 31), default=31, show_default=True,
              help="With --near: how many of 256 bits may differ between hashes.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Only list what would be forgotten.")
@options.out
def forget(what: tuple[str, ...], urls: tuple[str, ...], domains: tuple[str, ...], shas: tuple[str, ...],
           files: tuple[Path, ...], distance: int, dry_run: bool, out: Path) -> None:  # fmt: skip
    """Delete pictures and never fetch them again, from these URLs or any other. The ways to name them may be mixed.

    If one of them is unknown, nothing is deleted.
    """
    if not (what or urls or domains or shas or files):
        raise UsageError("forget: name a URL or a file, or give --domain, --sha or --near")
    wanted = Collection(out, terminal.error).mend.forget(
        *what, *urls, hosts=domains, sha256=shas, near=files, distance=distance, dry_run=dry_run, tell=_forgotten
    )
    if dry_run:
        for path in sorted(wanted.files.values()):
            terminal.line(str(path))
        terminal.line(
            f"{counted(len(wanted.files), 'picture')} and {counted(len(wanted.urls), 'open URL')} would be forgotten"
        )
        return
    if not wanted.files and not wanted.urls:
        terminal.line("no picture and no URL matches")
    if wanted.urls:
        terminal.line(f"not saved, and never fetched: {counted(len(wanted.urls), 'URL')}")
    for name in wanted.hosts:
        terminal.line(f"nothing is fetched from {name} again")


def _forgotten(path: Path, urls: int) -> None:
    terminal.line(f"{path} is deleted, and never fetched again from the {counted(urls, 'URL')} that lead to it")


# --------------------------------------------------------------------------- inside


def _facts(done: Deduped, moved: int) -> dict[str, object]:
    conflicts = [{"labels": one.labels, "files": [file.as_posix() for file in one.files]} for one in done.conflicts]
    return {
        "pictures": done.pictures,
        "groups": done.groups,
        "left_out": dict(Counter(verdict.reason for verdict in done.verdicts)),
        "conflicts": conflicts,
        "labelled_further": done.labelled_further,
        "unreadable": done.unreadable,
        "moved": moved,
    }


def _say_moved(apply: bool, moved: int, out: Path) -> None:
    from collector.dataset.moving import rejects

    if apply:
        terminal.line(f"{counted(moved, 'file')} moved; what is left out is in {rejects(out)}")
    else:
        terminal.line("no file was moved (--apply does that); exports leave these pictures out all the same")
