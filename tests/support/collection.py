"""A collected set of real pictures, made without the web: `collection.add("cat", drawn(1))`."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from collector import urls
from collector.images.decode import inspect
from collector.ledger import Ledger, Row, layout
from collector.model import Attempt, Found, Hit, Query, Saved, Search
from collector.settings import FetchSettings

USUAL = FetchSettings()


def drawn(number: int, size: tuple[int, int] = (320, 240), mode: str = "RGB") -> Image.Image:
    """A picture of its own for each number: bars, discs and a gradient, never flat."""
    image = Image.new("RGB", size)
    draw = ImageDraw.Draw(image)
    width, height = size
    for x in range(width):
        draw.line([(x, 0), (x, height)], fill=(x * 255 // width, (x * number) % 256, (number * 37) % 256))
    for k in range(6):
        spot = (number * 2654435761 + k * 40503 * (number + 7)) % (1 << 32)
        x, y, r = spot % width, spot // 7 % height, 12 + spot // 11 % (height // 3)
        draw.ellipse([x - r, y - r, x + r, y + r], fill=(spot % 256, spot // 256 % 256, spot // 65536 % 256))
    return image.convert(mode)


def encoded(image: Image.Image, format: str = "JPEG", **options: Any) -> bytes:
    """The bytes of a picture file; HEIF and JXL by the packages of their extras."""
    out = io.BytesIO()
    if format == "HEIF":
        from pillow_heif import from_pillow

        from_pillow(image).save(out, quality=90, **options)
        return out.getvalue()
    if format == "JXL":
        from pyjpegxl import encode

        bands = len(image.getbands())
        return encode(image.tobytes(), image.width, image.height, num_channels=bands, quality=0.5, **options)
    image.save(out, format, **({"quality": 90} if format == "JPEG" and not options else options))
    return out.getvalue()


class Collection:
    """An output folder with its ledger, as a run leaves it. Use it in a `with`; then open the folder again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ledger = Ledger.open(folder)
        self._searches: dict[str, tuple[Search, int]] = {}
        self._rank = 0

    def __enter__(self) -> Collection:
        return self

    def __exit__(self, *_: object) -> None:
        self.ledger.close()

    def add(
        self,
        label: str,
        picture: Image.Image | bytes,
        format: str = "JPEG",
        settings: FetchSettings = USUAL,
        **hit: Any,
    ) -> Row:
        """Save a picture under a label (its keyword, too), as the fetch stage would; the same bytes are a duplicate."""
        body = picture if isinstance(picture, bytes) else encoded(picture, format)
        facts = inspect(body, settings)
        search, query_id = self._search(label)
        self._rank += 1
        url = hit.pop("url", f"http://pictures.test/{label}/{self._rank}.jpg")
        seen = replace(Hit(url, urls.url_key(url), page=f"http://site{self._rank}.test/page"), **hit)
        ledger = self.ledger
        with ledger.transaction():
            task = ledger.work.found(Found(search, self._rank, seen), query_id)
            assert task is not None, "this URL was added before"
            known = ledger.work.already(task, facts, label)
            if known is not None:
                ledger.work.outcome(known)
            else:
                path = Path(ledger.work.folder(label), layout.file_name(facts))
                (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
                (self.folder / path).write_bytes(body)
                ledger.work.outcome(Saved(task, facts, path, Attempt(final_url=url)))
        return next(item for item in ledger.dataset.pictures() if item.sha256 == facts.sha256)

    def _search(self, label: str) -> tuple[Search, int]:
        if label not in self._searches:
            query = Query(label, label, 1000, ("google",))
            run = self.ledger.work.plan([query])
            ((_, opened),) = self.ledger.work.open_queries(run, -1, 10)
            self._searches[label] = (Search(opened.searches[0].id, query, "google", 1000), opened.id)
        return self._searches[label]
