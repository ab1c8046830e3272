"""Verbs that turn the set into data: splits, exports, and what differs between two of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from collector.api.collection import Collection, Exported, scheme_of
from collector.cli import options, terminal
from collector.errors import UsageError, counted

if TYPE_CHECKING:
    from collector.images.form import Animations, Encoding, Form, Resize

salt = click.option("--salt", default="", help="Any text; a different one shuffles the pictures again.")


@click.command()
@click.argument("scheme", metavar="SCHEME")
@salt
@options.distance
@options.mirrored
@options.out
@options.json_flag
def split(scheme: str, salt: str, distance: int, mirrored: bool, out: Path, as_json: bool) -> None:
    """Assign every picture to a split, such as train=0.8,val=0.1,test=0.1 or train,val=50,test=50 (pictures per class).

    Pictures that look the same or come from one page stay together, each class is split in the same proportions, and
    a picture keeps its split as the set grows.
    """
    names = [name for name, _ in scheme_of(scheme, salt).sizes]
    done = Collection(out, terminal.error).split(scheme, salt=salt, distance=distance, mirrored=mirrored)
    if as_json:
        counts = {label: dict(row) for label, row in done.counts}
        leaks = {"clusters": done.leaks.clusters, "torn": done.leaks.torn, "pictures": done.leaks.pictures}
        terminal.facts({"counts": counts, "kept": done.kept, "random_split_leaks": leaks})
        return
    terminal.grid(("class", *names), [(label, *(count for _, count in row)) for label, row in done.counts])
    terminal.line(
        f"groups of pictures that stay together: {done.leaks.clusters:,}; a random split would have torn"
        f" {done.leaks.torn:,} of them apart: {counted(done.leaks.pictures, 'picture')} outside {names[0]} with a twin"
        " in it"
    )


def _options(*decorators: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def apply(verb: Any) -> Any:
        for decorator in reversed(decorators):
            verb = decorator(verb)
        return verb

    return apply


form_flags = _options(
    click.option("--resize", type=click.Choice(["none", "fit", "crop", "pad", "stretch"]), default="none",
                 show_default=True, help="How pictures become squares of --side pixels, if at all."),
    click.option("--side", type=click.IntRange(1, 20_000), help="Pixels of the square for --resize."),
    click.option("--as", "encoding", type=click.Choice(["keep", "original", "jpeg", "png", "webp"]), default="keep",
                 show_default=True, help="File format of the pictures."),
    click.option("--animations", type=click.Choice(["first", "whole"]), default="first", show_default=True,
                 help="Animations as their first frame that shows something, or as whole files."),
    click.option("--quality", type=click.IntRange(1, 100), default=92, show_default=True,
                 help="Quality of JPEG and WebP."),
    click.option("--matte", default="ffffff", show_default=True, help="Color under transparency, as RRGGBB."),
)  # fmt: skip
choice_flags = _options(
    click.option("--license", "licenses", multiple=True,
                 help="Take only pictures under this license, such as by-sa or publicdomain."),
    click.option("--licence", "licences", multiple=True, hidden=True),
    click.option("--min-side", type=click.IntRange(0), default=0,
                 help="Minimum length of the shorter side, in pixels."),
    click.option("--max-per-class", type=click.IntRange(0), default=0,
                 help="Take at most this many per class, the best-ranked first."),
    click.option("--skip-small", is_flag=True, help="Leave out classes that have no picture in one of the splits."),
    click.option("--reviewed", is_flag=True, help="Take only pictures that were kept with `collector review keep`."),
)  # fmt: skip


@click.command()
@click.argument("format", metavar="FORMAT")
@click.argument("dest", metavar="DEST")
@options.out
@click.option("--push-to-hub", metavar="NAME", help="Also publish it as a dataset on the Hugging Face Hub (format hf).")
@click.option("--private", is_flag=True, help="With --push-to-hub: make a new dataset private.")
@click.option(
    "--split",
    "scheme",
    metavar="SCHEME",
    help="Such as train=0.8,val=0.2, or none.  [default: as the set was last split]",
)
@salt
@click.option("--missing-ok", type=click.IntRange(0), default=0, help="How many pictures may be missing or unreadable.")
@click.option("--names", metavar="TEMPLATE", help='How files are named, e.g. "{label}-{rank:04}-{id}".')
@options.distance
@options.mirrored
@form_flags
@choice_flags
def export(
    format: str,
    dest: str,
    out: Path,
    push_to_hub: str | None,
    private: bool,
    scheme: str | None,
    salt: str,
    missing_ok: int,
    names: str | None,
    distance: int,
    mirrored: bool,
    resize: Resize,
    side: int | None,
    encoding: Encoding,
    quality: int,
    animations: Animations,
    matte: str,
    licenses: tuple[str, ...],
    licences: tuple[str, ...],
    min_side: int,
    max_per_class: int,
    reviewed: bool,
    skip_small: bool,
) -> None:
    """Write the set to DEST in a FORMAT, read it back, and say how to load it.

    DEST is a folder, or a place in an object store, such as s3://bucket/set (the extra `s3`, `gcs` or `cluster`).
    What `dedupe`, `filter`, `quality` and `review` leave out is not in it. The originals stay as they are, and an older
    export at DEST is replaced whole or not at all.
    """
    from collector.dataset.samples import Choice

    form = _form(resize, side, encoding, quality, matte, animations)
    words = tuple(name.lower() for name in (*licenses, *licences))
    choice = Choice(words, min_side, max_per_class, reviewed, skip_small)
    done = Collection(out, terminal.error).export(
        format, dest, split=scheme, salt=salt, distance=distance, mirrored=mirrored, form=form, choice=choice,
        missing_ok=missing_ok, names=names, push_to_hub=push_to_hub, private=private,
    )  # fmt: skip
    _show(done, dest)


def _show(done: Exported, dest: str) -> None:
    from collector.dataset.card import PRACTICE

    plan, published = done.plan, done.published
    rows = [(label, *(published.counts[part, label] for part in plan.splits)) for label in plan.classes]
    terminal.grid(("class", *(part or "pictures" for part in plan.splits)), rows)
    for path, trouble in published.unreadable[:10]:
        terminal.error(f"{path}: not exported: {trouble}")
    if plan.practice:
        terminal.error(PRACTICE)
    left = ", ".join(f"{count:,} {why}" for why, count in sorted(plan.left.items()))
    left = f"; not in it: {left}" if left else ""
    lost = f"; cannot be read: {len(published.unreadable):,}" if published.unreadable else ""
    terminal.line(f"{counted(published.pictures, 'picture')} in {dest}, read back and counted{left}{lost}")
    for text in done.loading.splitlines():
        terminal.line(text)


def _form(
    resize: Resize, side: int | None, encoding: Encoding, quality: int, matte: str, animations: Animations
) -> Form:
    from collector.images.form import Form

    if animations == "whole" and (resize != "none" or encoding not in ("keep", "original")):
        raise UsageError("--animations whole takes files as they are: leave out --resize, and --as but for keep")
    if encoding == "original" and resize != "none":
        raise UsageError("--as original takes files as they are: leave out --resize")
    if (resize == "none") != (side is None):
        raise UsageError("--resize and --side belong together, such as --resize fit --side 256")
    try:
        red, green, blue = bytes.fromhex(matte)
    except ValueError:
        raise UsageError(f"--matte {matte}: six hexadecimal digits, such as ffffff") from None
    return Form(resize, side or 0, encoding, quality, (red, green, blue), animations)


@click.command()
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
@options.json_flag
def diff(before: Path, after: Path, as_json: bool) -> None:
    """Show what differs between two exports, and which part of the version number should go up."""
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
        terminal.facts({**counts, "settings": settings, "step": found.step})
        return
    for what, old, new in found.settings:
        terminal.line(f"{what}: {json.dumps(old, ensure_ascii=False)} -> {json.dumps(new, ensure_ascii=False)}")
    terminal.grid(
        ("pictures", "number"), [(what, count) for what, count in counts.items() if count] or [("changed", 0)]
    )
    terminal.line(f"a {found.step} step" if found.step else "the same set")
