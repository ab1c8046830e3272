"""What a recipe finds on one page, for those who write recipes. Pure: follows nothing."""

from __future__ import annotations

from dataclasses import dataclass

from collector.sources.recipe import hits, select
from collector.sources.recipe.select import NotThis
from collector.sources.recipe.values import Pick, Recipe, State


@dataclass(frozen=True, slots=True)
class Tried:
    """How a page fared as one kind of page."""

    state: str
    items: int
    """Items on it; 1 where the page is the item."""
    fields: tuple[tuple[str, int, str], ...]
    """(field, items that have it, an example), the picture first."""
    links: tuple[tuple[str, int, str], ...]
    """(where they lead, how many, an example)."""

    @property
    def matched(self) -> int:
        """Fields and links that brought something."""
        return sum(count > 0 for _, count, _ in (*self.fields, *self.links))

    @property
    def looked_for(self) -> int:
        """All of them."""
        return len(self.fields) + len(self.links)


def tried(recipe: Recipe, text: str, url: str, state: str = "") -> Tried:
    """As the kind of page that is named, else as the one that most of it fits."""
    states = [recipe.state(state)] if state else list(recipe.states)
    return max((_as(each, text, url) for each in states), key=lambda one: one.matched / max(1, one.looked_for))


def _as(state: State, text: str, url: str) -> Tried:
    names = [field.name for field in state.all_fields]
    counts, examples = dict.fromkeys(names, 0), dict.fromkeys(names, "")
    try:
        page = select.page(text, url, state.json)
    except NotThis:
        return Tried(state.name, 0, tuple((name, 0, "") for name in names), _no_links(state))
    scopes = select.scopes(state.items, page.root) if state.items is not None else [page.root]
    links: dict[str, list[str]] = {name: [] for name, _, _ in _no_links(state)}
    for scope in scopes:
        item = hits.read(state, scope, page, {})
        found = {name: ", ".join(texts) for name, texts in item.values.items()}
        found |= {"picture": item.pictures[0][0]} if item.pictures else {}
        for name in names:
            counts[name] += bool(found.get(name))
            examples[name] = examples[name] or found.get(name, "")
        for follow in state.follow:
            if state.items is None or not follow.whole_page:
                links[follow.to] += select.texts(follow.pick, scope, page, {})
    for follow in state.follow:
        if state.items is not None and follow.whole_page:
            links[follow.to] += select.texts(follow.pick, page.root, page, {})
    for pick in _next_picks(state):
        links["next"] += select.texts(pick, page.root, page, {})
    return Tried(
        state.name,
        len(scopes),
        tuple((name, counts[name], examples[name]) for name in names),
        tuple((to, len(texts), texts[0] if texts else "") for to, texts in links.items()),
    )


def _next_picks(state: State) -> list[Pick]:
    paging = state.next
    if paging is None:
        return []
    link = paging.link.pick if paging.link is not None else None
    return [pick for pick in (link, paging.cursor, paging.last) if pick is not None]


def _no_links(state: State) -> tuple[tuple[str, int, str], ...]:
    names = [follow.to for follow in state.follow] + ["next"] * bool(_next_picks(state))
    return tuple((name, 0, "") for name in dict.fromkeys(names))
