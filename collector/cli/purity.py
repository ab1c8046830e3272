"""The verb `purity`: a person looks at a random sample in the terminal, and the set says how pure it is."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from collector.api.collection import Collection
from collector.cli import options, terminal

if TYPE_CHECKING:
    from collector.dataset.purity import Answer, Purity
    from collector.ledger import Row

_KEYS: Final[dict[str, Answer]] = {"y": "right", "n": "wrong", "u": "unsure"}
_STOP: Final = ("q", "", "\x03", "\x04")


@click.command()
@options.out
@click.option("--sample", type=click.IntRange(0), default=200, show_default=True,
              help="Pictures to draw in all, by class, 5 of each at least; 0 only shows what is known.")  # fmt: skip
@click.option("--open/--no-open", "shown", default=True, show_default=True, help="Open each picture in a viewer.")
@options.json_flag
def purity(out: Path, sample: int, shown: bool, as_json: bool) -> None:
    """Measure how many pictures show their class: look at a random sample, and say y (right), n (wrong), u (unsure).

    q stops; the next call goes on. What you say is kept as `review keep` and `review drop` are. The figure, with its
    95 % interval, is in the report, in the data card and in Croissant. Without a terminal the keys are read from
    standard input.
    """
    collection = Collection(out, terminal.error)
    done = collection.purity(sample, _asked(collection.folder, shown)) if sample else collection.purity()
    if as_json:
        terminal.facts(asdict(done) | {"decided": done.decided, "unsure": done.unsure})
        return
    _show(done)


def _show(done: Purity) -> None:
    rows = [(one.label, one.pictures, one.right, one.wrong, one.unsure, str(one.share or "")) for one in done.classes]
    terminal.grid(("class", "pictures", "right", "wrong", "unsure", "purity"), rows)
    terminal.line(str(done))


def _asked(folder: Path, shown: bool) -> Callable[[Row, int, int], Answer | None]:
    """Shows a picture and waits for a key."""
    interactive = sys.stdin.isatty()

    def answer(row: Row, number: int, of: int) -> Answer | None:
        if shown and interactive:
            click.launch(str(folder / row.file))
        terminal.error(f"{number} of {of}: does {row.file.as_posix()} show {row.label}? (y/n/u, q stops)")
        while True:
            key = click.getchar() if interactive else sys.stdin.read(1)
            if key in _STOP:
                return None
            if key.lower() in _KEYS:
                return _KEYS[key.lower()]

    return answer
