"""The saved pictures of a folder as rows, as a table for pandas, and as a data set for torch. Changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collector.ledger import Ledger, Row
from collector.ledger.paths import inside
from collector.ledger.rows import PICTURES

if TYPE_CHECKING:
    import pandas as pd

    from collector.images.pixels import PillowImage


class Pictures:
    """Every saved picture, oldest first. Iterating reads the ledger piece by piece: a million rows are no burden."""

    def __init__(self, folder: Path, label: str | None, kept: bool) -> None:
        self._folder = folder
        self._which = replace(PICTURES, label=label, left_out=False if kept else None)

    def __iter__(self) -> Iterator[Row]:
        with Ledger.read(self._folder) as ledger:
            yield from ledger.dataset.rows(self._which)

    def __len__(self) -> int:
        """Reads all of them."""
        return sum(1 for _ in self)

    def to_pandas(self) -> pd.DataFrame:
        """A row per picture with all that is known of it; `left_out` is why the set leaves it out, if it does."""
        import pandas as pd

        names = [field.name for field in fields(Row) if field.name not in ("attempt", "cookies")]
        cells = ({name: _cell(getattr(row, name)) for name in names} for row in self)
        return pd.DataFrame(cells, columns=names)


def _cell(value: object) -> object:
    """As pandas keeps it well: paths as text, pairs as a dict, a licence as its address."""
    if isinstance(value, Path):
        return value.as_posix()
    if isinstance(value, tuple) and value and isinstance(value[0], tuple):
        return dict(value)
    return getattr(value, "url", value)


class PictureDataset:
    """The pictures of a split as torch's DataLoader wants them: a length, and `[i] -> (picture, class index)`.

    Needs no torch, and may be sent to other processes. A picture is a Pillow image: upright, sRGB, 8-bit RGB; it is
    decoded in a process beside, so that a file that crashes its decoder, or never ends, is an OSError.
    """

    def __init__(
        self,
        folder: Path,
        samples: Sequence[tuple[Path, int]],
        classes: tuple[str, ...],
        transform: Callable[[PillowImage], Any] | None = None,
    ) -> None:
        """`samples`: (path below the folder, class index); `transform` is given each picture, as in torchvision."""
        from collector.images.decoder import Decoder

        self.folder, self.samples, self.classes, self.transform = folder, samples, classes, transform
        self._decoder = Decoder()

    @property
    def class_to_idx(self) -> dict[str, int]:
        """Class -> its index, as torchvision's folders call it."""
        return {name: index for index, name in enumerate(self.classes)}

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        """IndexError beyond the end; OSError when the file is gone or no picture any more."""
        from collector.images.sniff import Unusable

        path, label = self.samples[index]
        try:
            picture = self._decoder.upright(inside(self.folder, path))
        except Unusable as error:
            raise OSError(f"{self.folder / path}: {error}") from None
        return (self.transform(picture) if self.transform is not None else picture), label
