"""What a recipe finds on one page, for those who write recipes. Pure: follows nothing."""

from __future__ import annotations

from dataclasses import dataclass

from collector.sources.recipe import hits, select
from collector.sources.recipe.select import NotThis
from collector.sources.recipe.values import PageKind, Recipe


@dataclass(frozen=True, slots=True)
class Fit:
    """How a page fared as one kind of page."""

    kind: str
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


def best_fit(recipe: Recipe, text: str, url: str, kind: str = "") -> Fit:
    """As the kind of page that is named, else as the one that most of it fits."""
    kinds = [kind] if kind else list(recipe.kinds)
    return max(
        (_as(each, recipe.kinds[each], text, url) for each in kinds),
        key=lambda one: one.matched / max(1, one.looked_for),
    )


def _as(name_of_kind: str, kind: PageKind, text: str, url: str) -> Fit:
    names = list(kind.all_fields)
    counts, examples = dict.fromkeys(names, 0), dict.fromkeys(names, "")
    try:
        page = select.document(text, url, kind.json)
    except NotThis:
        return Fit(name_of_kind, 0, tuple((name, 0, "") for name in names), _no_links(kind))
    scopes = select.scopes(kind.items, page.root) if kind.items is not None else [page.root]
    links: dict[str, list[str]] = {name: [] for name, _, _ in _no_links(kind)}
    for scope in scopes:
        item = hits.read(kind, scope, page, {})
        found = {name: ", ".join(texts) for name, texts in item.values.items()}
        found |= {"picture": item.pictures[0][0]} if item.pictures else {}
        for name in names:
            counts[name] += bool(found.get(name))
            examples[name] = examples[name] or found.get(name, "")
        for follow in kind.follow:
            if kind.items is None or not follow.whole_page:
                links[follow.to] += select.texts(follow, scope, page, {})
    for follow in kind.follow:
        if kind.items is not None and follow.whole_page:
            links[follow.to] += select.texts(follow, page.root, page, {})
    for pick in kind.next.picks if kind.next is not None else ():
        links["next"] += select.texts(pick, page.root, page, {})
    return Fit(
        name_of_kind,
        len(scopes),
        tuple((name, counts[name], examples[name]) for name in names),
        tuple((to, len(texts), texts[0] if texts else "") for to, texts in links.items()),
    )


def _no_links(kind: PageKind) -> tuple[tuple[str, int, str], ...]:
    names = [follow.to for follow in kind.follow] + ["next"] * bool(kind.next is not None and kind.next.picks)
    return tuple((name, 0, "") for name in dict.fromkeys(names))
