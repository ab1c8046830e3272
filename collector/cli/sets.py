"""Verbs that make a set of the collected pictures: leave out, split, export, compare.

Flags in, rooms below do the work, `ui` prints.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from collector.cli import terminal
from collector.cli.flags import out as out_flag
from collector.errors import InputError, UsageError
from collector.settings import Settings

if TYPE_CHECKING:
    from collector.dataset.samples import Choice
    from collector.dataset.split import Scheme
    from collector.images.form import Form

apply_flag = click.option(
    "--apply", "apply", is_flag=True, help="Move what is left out beside the output folder; --undo moves it back."
)
json_flag = click.option("--json", "as_json", is_flag=True, help="As one line of JSON.")
distance_flag = click.option(
    "--distance",
    type=click.IntRange(0, 31),
    default=31,
    show_default=True,
    help="Bits of 256 in which hashes of one picture may differ.",
)
mirrored_flag = click.option("--mirrored", is_flag=True, help="A picture and its mirror image look the same, too.")


def _progress(done: int, of: int) -> None:
    terminal.error(f"{done:,} of {of:,} pictures looked at")


@click.command()
@out_flag
@distance_flag
@mirrored_flag
@click.option(
    "--conflicts",
    type=click.Choice(["list", "drop", "best", "multi"]),
    default="list",
    show_default=True,
    help="A picture under two labels: list it, drop it from both, keep the best rank's label, or keep both labels.",
)
@apply_flag
@click.option("--undo", is_flag=True, help="Move every file back that was moved away.")
@json_flag
def dedupe(
    out: Path | None, distance: int, mirrored: bool, conflicts: Any, apply: bool, undo: bool, as_json: bool
) -> None:
    """Find pictures that look the same, within and across labels, and leave all but the best out of the set.

    The best is the one with most pixels, then most bytes, then the best rank. No file is deleted.
    """
    from collector.crawl import assemble
    from collector.dataset import service

    folder = out or Settings().out
    with assemble.existing(folder, terminal.error) as ledger:
        if undo:
            terminal.line(f"{service.undo(ledger, folder)} files are back")
            return
        done = service.dedupe_set(ledger, folder, distance, conflicts, tell=_progress, mirrored=mirrored)
        moved = service.apply(ledger, folder) if apply else 0
    reasons = Counter(verdict.reason for verdict in done.verdicts)
    if as_json:
        facts = {
            "pictures": done.pictures,
            "groups": done.groups,
            "left_out": dict(reasons),
            "conflicts": [
                {"labels": group.labels, "files": [item.file.as_posix() for item in group.members]}
                for group in done.conflicts
            ],
            "labelled_further": done.labelled_further,
            "unreadable": done.unreadable,
            "moved": moved,
        }
        terminal.line(json.dumps(facts, ensure_ascii=False))
        return
    for group in done.conflicts[:20]:
        terminal.line(
            f"under {' and '.join(group.labels)}: {', '.join(item.file.as_posix() for item in group.members[:4])}"
        )
    if len(done.conflicts) > 20:
        terminal.line(f"... and {len(done.conflicts) - 20:,} more under several labels (--json lists all)")
    terminal.line(
        f"{done.pictures:,} pictures, {done.groups:,} groups that look the same: {reasons['set.near_duplicate']:,} left"
        f" out as near-duplicates, {reasons['set.conflict']:,} as conflicts of labels"
    )
    if done.unreadable:
        terminal.line(
            f"{done.unreadable:,} files cannot be read any more; `collector verify --again` puts them back to do"
        )
    _say_moved(apply, moved, folder)


@click.command()
@out_flag
@click.option("--hosts", type=click.IntRange(0), default=4, show_default=True, help="Stand-in: seen at so many hosts,")
@click.option("--keywords", type=click.IntRange(0), default=3, show_default=True, help="... for so many keywords.")
@click.option("--min-detail", type=click.IntRange(0, 100), default=2, show_default=True, help="Emptier is left out.")
@click.option("--max-aspect", type=click.FloatRange(0), default=8.0, show_default=True, help="Long by short side.")
@click.option("--min-side", type=click.IntRange(0), default=32, show_default=True, help="Pixels of the short side.")
@apply_flag
def junk(
    out: Path | None, hosts: int, keywords: int, min_detail: int, max_aspect: float, min_side: int, apply: bool
) -> None:
    """Leave out what is no use: stand-ins, empty surfaces, odd shapes, small pictures. 0 switches a rule off."""
    from collector.crawl import assemble
    from collector.dataset import service
    from collector.dataset.filter import Limits

    folder = out or Settings().out
    with assemble.existing(folder, terminal.error) as ledger:
        verdicts = service.junk_set(ledger, folder, Limits(hosts, keywords, min_detail, max_aspect, min_side))
        moved = service.apply(ledger, folder) if apply else 0
    counts = Counter(verdict.reason for verdict in verdicts)
    terminal.grid(("reason", "pictures"), sorted(counts.items())) if counts else terminal.line("nothing to leave out")
    _say_moved(apply, moved, folder)


def _say_moved(apply: bool, moved: int, folder: Path) -> None:
    from collector.dataset import service

    if apply:
        terminal.line(f"{moved:,} files moved; what is left out lies in {service.rejects(folder)}")
    else:
        terminal.line("no file was moved (--apply does); exports leave these pictures out all the same")


@click.command()
@click.argument("scheme", metavar="SCHEME")
@click.option("--salt", default="", help="Deals the pictures otherwise.")
@distance_flag
@mirrored_flag
@out_flag
@json_flag
def split(scheme: str, salt: str, distance: int, mirrored: bool, out: Path | None, as_json: bool) -> None:
    """Give every picture a split, such as train=0.8,val=0.1,test=0.1 or train,val=50,test=50 (pictures a class).

    What looks the same or stood on one page stays together, each class is split in the same shares, and a picture
    keeps its split as the set grows.
    """
    from collector.crawl import assemble
    from collector.dataset import service

    parsed = _scheme(scheme, salt)
    folder = out or Settings().out
    with assemble.existing(folder, terminal.error) as ledger:
        done = service.split_set(ledger, folder, parsed, distance, mirrored=mirrored)
    if as_json:
        counts = {label: dict(row) for label, row in done.counts}
        leaks = {"clusters": done.leaks.clusters, "torn": done.leaks.torn, "pictures": done.leaks.pictures}
        terminal.line(
            json.dumps({"counts": counts, "kept": done.kept, "random_split_leaks": leaks}, ensure_ascii=False)
        )
        return
    names = [name for name, _ in parsed.sizes]
    terminal.grid(("class", *names), [(label, *(count for _, count in row)) for label, row in done.counts])
    terminal.line(
        f"{done.leaks.clusters:,} groups of pictures stay together; a random split would have torn {done.leaks.torn:,}"
        f" of them apart, with {done.leaks.pictures:,} pictures outside {names[0]} that have a twin in it"
    )


def _scheme(text: str, salt: str) -> Scheme:
    from collector.dataset.split import parse_scheme

    try:
        return parse_scheme(text, salt)
    except ValueError as error:
        raise UsageError(f"split: {error}") from None


def _options(*decorators: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def apply(function: Any) -> Any:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return apply


form_flags = _options(
    click.option("--resize", type=click.Choice(["none", "fit", "crop", "pad", "stretch"]), default="none"),
    click.option("--side", type=click.IntRange(1, 20_000), help="Pixels of the square for --resize."),
    click.option("--as", "encoding", type=click.Choice(["keep", "jpeg", "png", "webp"]), default="keep"),
    click.option("--quality", type=click.IntRange(1, 100), default=92, show_default=True),
    click.option("--matte", default="ffffff", show_default=True, help="Colour under transparency, as RRGGBB."),
)
choice_flags = _options(
    click.option("--licence", "licences", multiple=True, help="Only these, such as by-sa or publicdomain."),
    click.option("--min-side", type=click.IntRange(0), default=0, help="Pixels of the short side."),
    click.option("--max-per-class", type=click.IntRange(0), default=0, help="The best ranks of each class."),
    click.option("--reviewed", is_flag=True, help="Only pictures that `collector review keep` named."),
)


@click.command()
@click.argument("format", metavar="FORMAT")
@click.argument("dest", type=click.Path(path_type=Path))
@out_flag
@click.option("--split", "scheme", default="", metavar="SCHEME", help="Such as train=0.8,val=0.1,test=0.1.")
@click.option("--salt", default="", help="Deals the pictures otherwise.")
@distance_flag
@mirrored_flag
@form_flags
@choice_flags
def export(
    format: str, dest: Path, out: Path | None, scheme: str, salt: str, distance: int, mirrored: bool, **given: Any
) -> None:
    """Write the set to DEST in a FORMAT, read it back, and say how to load it.

    What `dedupe`, `junk`, `audit` and `review` leave out is not in it. The originals stay as they are, and an older
    export at DEST is replaced whole or not at all.
    """
    from collector.crawl import assemble
    from collector.dataset import formats, service

    exporter = formats.load(format)
    folder = out or Settings().out
    parsed = _scheme(scheme, salt) if scheme else None
    order = service.Order(format, dest, _form(given), _choice(given), parsed, distance, mirrored)
    with assemble.existing(folder, terminal.error) as ledger:
        plan, done = service.export_set(ledger, folder, order)
    rows = [(label, *(done.counts[part, label] for part in plan.splits)) for label in plan.classes]
    terminal.grid(("class", *(part or "pictures" for part in plan.splits)), rows)
    missing = [(label, part) for label in plan.classes for part in plan.splits if not done.counts[part, label]]
    for label, part in missing[:5]:
        terminal.error(
            f"no picture of {label!r} in {part}: loaders that number classes by folders number them otherwise there"
        )
    for path, trouble in done.unreadable[:10]:
        terminal.error(f"{path}: not exported: {trouble}")
    left = ", ".join(f"{count:,} {why}" for why, count in sorted(plan.left.items()))
    terminal.line(
        f"{done.pictures:,} pictures in {dest}, read back and counted{f'; not in it: {left}' if left else ''}"
    )
    for text in exporter.loading(dest, plan).splitlines():
        terminal.line(text)


def _form(given: dict[str, Any]) -> Form:
    from collector.images.form import Form

    if (given["resize"] == "none") != (given["side"] is None):
        raise UsageError("--resize and --side belong together, such as --resize fit --side 256")
    try:
        red, green, blue = bytes.fromhex(given["matte"])
    except ValueError:
        raise UsageError(f"--matte {given['matte']}: six hexadecimal digits, such as ffffff") from None
    return Form(given["resize"], given["side"] or 0, given["encoding"], given["quality"], (red, green, blue))


def _choice(given: dict[str, Any]) -> Choice:
    from collector.dataset.samples import Choice

    licences = tuple(name.lower() for name in given["licences"])
    return Choice(licences, given["min_side"], given["max_per_class"], given["reviewed"])


@click.command()
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
@json_flag
def diff(before: Path, after: Path, as_json: bool) -> None:
    """Tell what differs between two exports, and by what its version number should step."""
    from collector.dataset.lock import compare

    found = compare(before, after)
    counts = {
        "added": len(found.added),
        "removed": len(found.removed),
        "relabelled": len(found.relabelled),
        "moved": len(found.moved),
        "rewritten": found.rewritten,
    }
    if as_json:
        settings = {what: [old, new] for what, old, new in found.settings}
        terminal.line(json.dumps({**counts, "settings": settings, "step": found.step}, ensure_ascii=False))
        return
    for what, old, new in found.settings:
        terminal.line(f"{what}: {json.dumps(old, ensure_ascii=False)} -> {json.dumps(new, ensure_ascii=False)}")
    terminal.grid(
        ("pictures", "number"), [(what, count) for what, count in counts.items() if count] or [("changed", 0)]
    )
    terminal.line(f"a {found.step} step" if found.step else "the same set")


@click.command()
@click.argument("decision", type=click.Choice(["keep", "drop", "undo"]))
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@out_flag
def review(decision: str, files: tuple[str, ...], out: Path | None) -> None:
    """Keep pictures whatever the rules say, drop them, or take such a word back. FILE is a path or a file's name."""
    from collector.crawl import assemble

    folder = out or Settings().out
    with assemble.existing(folder, terminal.error) as ledger:
        places = {
            str(key): item
            for item in ledger.dataset.pictures()
            for key in (item.file, item.file.name, folder / item.file)
        }
        unknown = [file for file in files if file not in places]
        if unknown:
            raise InputError(f"{unknown[0]}: no picture that {folder} knows; nothing was changed")
        with ledger.transaction():
            for file in files:
                item = places[file]
                ledger.dataset.review(item.sha256, item.label, "" if decision == "undo" else decision)
    terminal.line(f"{len(files):,} pictures: {decision}")
