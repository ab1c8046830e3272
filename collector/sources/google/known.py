"""What one search knows so far of its pictures, by id: it outlives every reload of the page. Asks for nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from collector.model import Hit
from collector.sources.google import result_url, rows
from collector.sources.google.page import Card
from collector.sources.google.result_url import Target
from collector.sources.google.rows import Row, RowKind
from collector.sources.opaque import NOTHING, Address
from collector.urls import url_key


@dataclass(frozen=True, slots=True)
class Find:
    """A URL and how it was found; sizes in pixels, 0 is unknown."""

    url: str
    way: str
    page: str = ""
    width: int = 0
    height: int = 0
    is_thumbnail: bool = False


@dataclass(slots=True)
class Known:
    """Cards, data rows and result addresses."""

    home: str
    """Where the page came from."""
    rows: dict[str, Row] = field(default_factory=dict)
    batches: set[str] = field(default_factory=set)
    """Ids whose row came with a scrolled batch."""
    targets: dict[str, Target] = field(default_factory=dict)
    """What result addresses said."""
    seen: set[str] = field(default_factory=set)
    fresh: dict[str, Card] = field(default_factory=dict)
    """Cards that were never seen and are not resolved yet, in the page's order."""

    def learn(self, text: str, batch: bool = False) -> None:
        """Remember the data rows of a text; what is known already stays as it was."""
        for row in rows.find(text, self.home):
            if row.id not in self.rows:
                self.rows[row.id] = row
                if batch:
                    self.batches.add(row.id)

    def learn_targets(self, addresses: Mapping[str, str]) -> None:
        """Remember result addresses by id; one of another picture is not believed."""
        for id, address in addresses.items():
            target = result_url.parse(address, self.home) if address else None
            if target is not None and target.id in ("", id):
                self.targets[id] = target

    def note(self, cards: Sequence[Card]) -> None:
        """Remember cards that were never seen."""
        self.fresh.update({card.id: card for card in cards if card.id not in self.seen and card.id not in self.fresh})

    def take(self) -> list[Card]:
        """The cards that wait to be resolved; they count as seen from now on."""
        cards = list(self.fresh.values())
        self.seen.update(self.fresh)
        self.fresh.clear()
        self.learn_targets({card.id: card.target for card in cards})
        return cards

    def loose(self) -> list[Card]:
        """Cards for rows that no card of the page has asked for, in the order of the page's data."""
        ids = [row.id for row in self.rows.values() if row.id not in self.seen and row.id not in self.batches]
        self.seen.update(ids)
        return [Card(id) for id in ids]

    def kind(self, id: str) -> RowKind:
        """What the row says that the picture is; a photo where there is none."""
        return self.rows[id].kind if id in self.rows else RowKind.PHOTO

    def from_row(self, id: str) -> Find | None:
        """What the data row tells openly."""
        return _openly(self.rows.get(id), "batch" if id in self.batches else "rows")

    def from_target(self, id: str) -> Find | None:
        """What the result address tells openly."""
        return _openly(self.targets.get(id), "hover")

    def token(self, id: str) -> str | None:
        """The token that stands for the picture's address."""
        return next((told.full.token for told in self._told(id) if told.full.token), None)

    def page(self, card: Card) -> Address:
        """Where the page that shows the picture is: openly by preference, else its token."""
        pages = [card.page, *(told.page for told in self._told(card.id))]
        return min(pages, key=lambda address: (address.url is None, address.token is None))

    def size(self, card: Card) -> tuple[int, int]:
        """Width and height of the original as the page claims them; 0 is unknown."""
        claims = [(told.width, told.height) for told in self._told(card.id)]
        return next((claim for claim in claims if all(claim)), (card.width, card.height))

    def _told(self, id: str) -> list[Row | Target]:
        """What the data row says, and then what the result address does."""
        return [told for told in (self.rows.get(id), self.targets.get(id)) if told is not None]

    def hidden(self) -> tuple[int, int]:
        """Of how many pictures seen the page hides the address, and of how many the address of their page."""
        pictures = {id for id in self.rows.keys() | self.targets.keys() if self.token(id) is not None}
        pages = {row.id for row in self.rows.values() if row.page.token is not None}
        return len(pictures), len(pages)

    def hit(self, card: Card, find: Find) -> Hit:
        """Everything that is known about the picture, the row's word before the card's."""
        row = self.rows.get(card.id) or Row(card.id, NOTHING, card.width, card.height)
        hit = Hit(
            url=find.url,
            key=url_key(find.url),
            id=card.id,
            page=self.page(card).url or find.page,
            title=row.title or card.title,
            site=row.site,
            thumbnail_url=row.thumbnail_url or card.thumbnail,
            kind=row.kind.value,
            way=find.way,
            licence=row.licence,
        )
        if find.is_thumbnail:
            return replace(hit, is_thumbnail=True)
        return replace(hit, width=row.width or find.width, height=row.height or find.height)


def _openly(told: Row | Target | None, way: str) -> Find | None:
    if told is None or told.full.url is None:
        return None
    return Find(told.full.url, way, told.page.url or "", told.width, told.height)
