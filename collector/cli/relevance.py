"""Verbs that look at what pictures show: embeddings, what is off topic, what is similar."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from collector.api.collection import FLAGS, Collection
from collector.cli import options, terminal
from collector.cli.options import Place
from collector.errors import counted

if TYPE_CHECKING:
    from collector.dataset.topic import Topic

_LOOK = (
    "none is surely off topic; the first of the list are the ones to look at (--top lists more, and `collector studio`"
    ' shows them, sorted by "least relevant"): `collector review drop FILE` leaves one out'
)


@click.command()
@options.takes("where", Place)
@options.model
@options.models
def embed(where: Place, model: str | None, models: str | None) -> None:
    """Compute the embedding of every picture: numbers that describe what it shows. Needs the extra `look`.

    They are kept beside the ledger, so that only new pictures are looked at next time. `relevance` and `similar` do
    this by themselves.
    """
    collection, look = options.opened(where, model, models)
    done = collection.embed(model=look.model, models=look.models, tell=terminal.looked_at)
    terminal.line(f"{counted(done.made, 'picture')} newly looked at, {done.known:,} known before")
    terminal.unreadable(done.unreadable)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@options.takes("where", Place)
@options.model
@options.models
@click.option("--top", type=click.IntRange(1), default=20, show_default=True, help="How many to list.")
def similar(file: Path, where: Place, model: str | None, models: str | None, top: int) -> None:
    """List the pictures of the set that are most similar to FILE, the most similar first. Needs the extra `look`.

    FILE need not be in the set. The number is the cosine of two embeddings: 1 is the same, 0 nothing in common.
    """
    collection, look = options.opened(where, model, models)
    found = collection.similar(file, top, model=look.model, models=look.models, tell=terminal.looked_at)
    rows = [(f"{one.likeness:.2f}", one.row.label, one.row.file) for one in found]
    terminal.grid(("similarity", "class", "file"), rows)


@click.command()
@options.takes("where", Place)
@options.model
@options.models
@click.option(
    "--drop", is_flag=True, help="Leave out what is off topic with this confidence; without it they are only listed."
)
@click.option("--confidence", type=options.Number(0.5, 1), default=0.9, show_default=True,
              help="How sure it must be of each picture; at 1 none is left out, and all come back.")  # fmt: skip
@click.option("--split", metavar="NAME", help="List and leave out only in this split; begin with test.")
@click.option("--top", type=click.IntRange(0), default=5, show_default=True, help="Pictures to list per class.")
@click.option("--apply", is_flag=True, help="Move what is left out to a folder beside the output folder.")
@options.json_flag
def relevance(
    where: Place, model: str | None, models: str | None, drop: bool, confidence: float, split: str | None, top: int,
    apply: bool, as_json: bool,
) -> None:  # fmt: skip
    """Find pictures that do not show their class, and list them, the least likely first. Needs the extra `look`.

    Judged by what the other pictures of the class show, by the classes of ImageNet that the keyword names, and by what
    you kept and dropped (`review`). With --model, a model that knows words is asked about the keyword, against the
    other classes and against logos, screenshots and their like. Look through the list first: hard, clean pictures are
    in it, too.
    """
    collection, look = options.opened(where, model, models)
    done = collection.relevance(drop=drop, confidence=confidence, split=split, model=look.model, models=look.models,
                                tell=terminal.looked_at)  # fmt: skip
    moved = collection.apply() if apply else 0
    if as_json:
        terminal.facts(_facts(done))
        return
    terminal.grid(
        ("class", "pictures", "off topic (estimate)", "sure"),
        [(one.label, one.pictures, one.estimate, sum(sure.row.label == one.label for sure in done.sure))
         for one in done.classes],
    )  # fmt: skip
    for one in done.classes:
        for sense in one.senses:
            examples = ", ".join(path.as_posix() for path in sense.examples)
            terminal.line(f"{one.label} may mean several things: {sense.pictures:,} pictures like {examples}")
    if listed := [(f"{one.probability:.2f}", one.row.file.as_posix()) for one in done.ranked
                  if one.rank <= top and one.probability is not None]:  # fmt: skip
        terminal.grid(("fits", "file"), listed)
    state = "left out now" if drop else "would be left out (--drop does that)"
    share = "" if done.precision is None else f"; about {done.precision:.0%} of them are truly off topic"
    terminal.line(f"{counted(len(done.sure), 'picture')} {state}{share}")
    if listed and not done.sure:
        terminal.line(_LOOK)
    if apply:
        terminal.line(f"{counted(moved, 'file')} moved")


@click.command()
@options.out
@click.option(
    "--drop", multiple=True, type=click.Choice(FLAGS), help="Leave out pictures with this flag; may be given twice."
)
@click.option("--top", type=click.IntRange(0), default=3, show_default=True, help="Examples to list per flag.")
def flags(out: Path, drop: tuple[str, ...], top: int) -> None:
    """Find nudity (nsfw; needs the extra `flags`) and pages of writing (text), and list them with examples.

    Nothing is left out unless it is asked for, and then nothing that you kept with `review`. Without
    --drop, what this command had left out is back in the set.
    """
    done = Collection(out, terminal.error).flags(drop, tell=terminal.looked_at)
    for flag in FLAGS:
        if flag not in done.asked:
            terminal.line(f"{flag}: not looked for")
            continue
        own = [one for one in done.found if one.flag == flag]
        state = "left out" if flag in drop else "flagged"
        examples = f", such as {', '.join(one.row.file.as_posix() for one in own[:top])}" if own and top else ""
        terminal.line(f"{flag}: {counted(len(own), 'picture')} {state}{examples}")
    terminal.unreadable(done.unreadable)


def _facts(done: Topic) -> dict[str, object]:
    return {
        "classes": [
            {
                "label": one.label,
                "pictures": one.pictures,
                "dropped_by_hand": one.dropped,
                "off_topic": None if one.wrong is None else round(one.wrong, 2),
                "imagenet": one.named,
                "senses": [
                    {"pictures": sense.pictures, "examples": [path.as_posix() for path in sense.examples]}
                    for sense in one.senses
                ],
            }
            for one in done.classes
        ],
        "pictures": [
            {"file": one.row.file.as_posix(), "label": one.row.label, "rank": one.rank,
             "probability": None if one.probability is None else round(one.probability, 4)}
            for one in done.ranked
        ],
        "sure": [one.row.file.as_posix() for one in done.sure],
        "precision": None if done.precision is None else round(done.precision, 4),
        "dropped": done.dropped,
    }  # fmt: skip
