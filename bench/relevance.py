"""Does it show the keyword? On real photographs, with foreign ones planted among them: how well, and how fast.

    python bench/relevance.py               16 repeats
    python bench/relevance.py --short       4 repeats
    python bench/relevance.py --models DIR  asks a model that knows words, too (docs/relevance.md)
    python bench/relevance.py --stand-in good   asks a stand-in for one
    python bench/relevance.py --classes DIR     the same with your photographs: a folder for each class, and `foreign`
    python bench/relevance.py --alone       each class as a set of its own
    python bench/relevance.py --in-groups   foreign pictures come in groups of four that are like each other
    python bench/relevance.py --plantings   30 % foreign in other ways: of one kind, from one class, in few classes, ...
    python bench/relevance.py --pictures DIR    edited copies of any folder's pictures alone: the share that is proved
    python bench/relevance.py --pictures DIR --copies 1000   what candidates and proof cost among so many parts of them
    python bench/relevance.py --pictures DIR ... --copies 1000 --whole   ... by collector's own commands, on files
    python bench/relevance.py --pictures DIR --hard  pictures made of them that have much in common and are no copies
    python bench/relevance.py --edited      edited copies by collector's own commands, candidates and all
    python bench/relevance.py --peers       ... and by imagededup, fastdup and cleanvision, in environments of their own

The photographs are the stamps of Tux Paint (Debian: `apt install tuxpaint-stamps-default`, 161 MB, GPL-2), cut out
on white as shops show things. Eight of their folders are classes; what is in none of them, drawings and signs left
out, is foreign. Nothing here was collected by a search: real noise is of another kind, and finer.

The larger ones and six pictures of scikit-image are then cut, framed, mirrored, ... and looked for among all.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _beside import beside
from _edited_copies import EDITS, SIX, costs, hard, large, looked_at, proved
from _edited_run import whole_run
from _plantings import PLANTINGS, Made, Planting, grouped, planted

from collector.dataset.relevance import Company, Judged, Likened, Words, companies, judge, likened
from collector.dataset.wording import Wording
from collector.images.embed import class_share, described, embedder, named
from collector.images.hub_layout import Layout
from collector.images.known_models import asked
from collector.ledger.vectors import Vectors

STAMPS = Path("/usr/share/tuxpaint/stamps")
CLASSES = {
    "bird": "animals/birds",
    "mammal": "animals/mammals",
    "fish": "animals/fish",
    "insect": "animals/insects",
    "flower": "plants/flowers",
    "fruit": "food/fruit",
    "vegetable": "food/vegetables",
    "coin": "symbols/money",
}
THEMES = {
    "roadsign": "town/roadsigns",
    "hand": "symbols/alphabets/asl",
    "Christmas": "seasonal/christmas",
    "Halloween": "seasonal/halloween",
    "Hanukkah": "seasonal/hanukkah",
    "tool": "household/tools",
    "clothes": "clothes",
    "cattle": "animals/mammals/bovines",
    "instrument": "hobbies/music",
    "planet": "space/planets",
    "sport": "sports",
    "vehicle": "vehicles",
}
"""Other folders, half of them themes that show many things: what the numbers were hardly fitted to."""
CONFIDENCE = 0.9


def files(classes: dict[str, str] = CLASSES) -> dict[str, list[Path]]:
    """Class -> its photographs; "" are the foreign ones."""
    if not STAMPS.is_dir():
        sys.exit(f"{STAMPS}: not there; `apt install tuxpaint-stamps-default` brings the photographs")
    found: dict[str, list[Path]] = {label: [] for label in (*classes, "")}
    for path in sorted(STAMPS.rglob("*.png")):
        place = path.relative_to(STAMPS).as_posix()
        if "cartoon" in place or "00_symbols" in place:
            continue
        label = next((label for label, start in classes.items() if place.startswith(f"{start}/")), "")
        if label or not place.startswith("symbols/"):
            found[label].append(path)
    return found


def own_files(folder: Path) -> dict[str, list[Path]]:
    """Class -> its photographs, of a folder of folders; "" are those of the one called `foreign`."""
    found = {own.name: sorted(path for path in own.rglob("*.*") if path.is_file())
             for own in sorted(folder.iterdir()) if own.is_dir()}  # fmt: skip
    foreign = found.pop("foreign", [])
    if not found or not foreign:
        sys.exit(f"{folder}: a folder for each class is wanted, and one called foreign")
    return {**found, "": foreign}


NOTHING = np.zeros(0, np.int64)


class Photographs:
    """What is judged: descriptions of the pictures, and how far each shows what a class is called."""

    def __init__(
        self, paths: list[Path], vectors: NDArray[np.float16], labels: list[str], asked: Layout | None
    ) -> None:
        model = embedder()
        self.looks = spanned(described(vectors, model))
        self.alone = self.in_groups = False
        """Whether each class is judged as a set of its own; whether foreign pictures come in groups."""
        self.named = True
        """Whether ImageNet's classes are asked about what classes are called."""
        self._shown = {label: class_share(vectors, model, named(label)).astype(np.float64)
                       if named(label) else np.zeros(len(vectors)) for label in labels}  # fmt: skip
        self._read: dict[str, NDArray[np.float64]] = {}
        if asked is not None:
            sees, names = asked.embedder(), [str(path) for path in paths]
            places = {name: place for place, name in enumerate(names)}
            wording = Wording(
                asked,
                Vectors(sees.name, sees.hash, places, looked_at(paths, sees)),
                {label: {label} for label in labels},
            )
            self._read = {label: wording.shown(label, names) for label in labels}

    def stand_in(self, kind: str, places: dict[str, NDArray[np.int64]]) -> None:
        """In the place of a model that knows words: one whose log-odds are 4 ± 2.2 for right pictures and -4 ± 2.2 for
        others, or the usual network's own judgement a second time, which knows few keywords and errs where it errs."""
        dice = np.random.default_rng(5)
        for label, shown in self._shown.items():
            odds = dice.normal(np.where(np.isin(np.arange(len(shown)), places[label]), 4, -4), 2.2)
            self._read[label] = 1 / (1 + np.exp(-odds)) if kind == "good" else shown

    def company(self, made: list[Made]) -> list[Company | None]:
        """What the other classes say of each; nothing where each is a set of its own."""
        if self.alone:
            return [None] * len(made)
        return companies([self.looks[members] for _, members, _ in made])

    def judged(self, made: list[Made], company: list[Company | None]) -> list[Judged]:
        likened = [self.likened(label, members, others)
                   for (label, members, _), others in zip(made, company, strict=True)]  # fmt: skip
        return [judge([one])[0] for one in likened] if self.alone else judge(likened)

    def likened(self, label: str, members: NDArray[np.int64], others: Company | None,
                kept: NDArray[np.int64] = NOTHING, dropped: NDArray[np.int64] = NOTHING) -> Likened:  # fmt: skip
        numbers = np.arange(len(members))
        read = self._read[label][members] if self._read else None
        shown = self._shown[label][members] * self.named
        words = Words(np.isin(numbers, kept), np.isin(numbers, dropped), shown, read)
        return likened(self.looks[members], words, others)


def spanned(looks: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same cosines in as few numbers as there are pictures."""
    lengths, turned = np.linalg.eigh((looks @ looks.T).astype(np.float64))
    return np.asarray(turned * np.sqrt(np.maximum(lengths, 0)), np.float32)


def auroc(scores: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """The chance that a right picture has a higher score than a wrong one."""
    places = scores.argsort().argsort()
    rights, wrongs = right.sum(), (~right).sum()
    return float((places[right].sum() - rights * (rights - 1) / 2) / (rights * wrongs))


def sets(places: dict[str, NDArray[np.int64]], share: float, seed: int, in_groups: bool = False) -> Iterator[Made]:
    """The classes with a share of foreign ones."""
    dice = np.random.default_rng(seed)
    foreign = np.roll(places[""], int(dice.integers(len(places[""])))) if in_groups else dice.permutation(places[""])
    for label in filter(None, places):
        count = round(len(places[label]) * share / (1 - share))
        if count > len(foreign):
            sys.exit("not enough foreign photographs")
        yield label, np.concatenate([places[label], foreign[:count]]), len(places[label])
        foreign = np.roll(foreign, -count)


@dataclass(slots=True)
class Counts:
    """Pictures of all repeats and classes: how many are right and foreign, and how many of either would be dropped."""

    right: int = 0
    foreign: int = 0
    lost: int = 0
    """Right ones that would be dropped."""
    caught: int = 0
    """Foreign ones that would be."""
    promised: list[float] = field(default_factory=list)
    """How surely each of those is off topic, as was stated."""

    def add(self, probability: NDArray[np.float64], truth: NDArray[np.bool_]) -> None:
        sure = probability <= 1 - CONFIDENCE
        self.right, self.foreign = self.right + int(truth.sum()), self.foreign + int((~truth).sum())
        self.lost, self.caught = self.lost + int((sure & truth).sum()), self.caught + int((sure & ~truth).sum())
        self.promised += (1 - probability[sure]).tolist()

    @property
    def dropped(self) -> int:
        return self.lost + self.caught


def measured(shown: Photographs, places: dict[str, NDArray[np.int64]], share: float, repeats: int) -> str:
    """One line of the table."""
    counts, curves, taught = Counts(), list[float](), list[tuple[float, float]]()
    for seed in range(repeats):
        dice = np.random.default_rng(1000 + seed)
        made = list(sets(places, share, seed, shown.in_groups))
        company = shown.company(made)
        for (label, members, rights), others, one in zip(made, company, shown.judged(made, company), strict=True):
            truth, found = np.arange(len(members)) < rights, one.probability
            curves.append(np.nan if truth.all() else auroc(found, truth))
            counts.add(found, truth)
            if min(rights, len(members) - rights) < 7:
                continue
            kept, out = dice.permutation(rights)[:5], rights + dice.permutation(len(members) - rights)[:5]
            rest = np.setdiff1d(np.arange(len(members)), np.concatenate([kept, out]))
            again = judge([shown.likened(label, members, others, kept, out)])[0].probability
            taught.append((auroc(found[rest], truth[rest]), auroc(again[rest], truth[rest])))
    known = np.ma.masked_invalid(np.reshape(curves, (repeats, -1)))  # Where few are foreign, some classes have none.
    cells = [
        f"{share:.0%}",
        *((f"{known.mean():.3f}", f"{known.mean(axis=0).min():.3f}") if counts.foreign else ("–", "–")),
        str(counts.dropped),
        f"{counts.caught / counts.dropped:.1%}" if counts.dropped else "–",
        f"{np.mean(counts.promised):.1%}" if counts.dropped else "–",
        f"{counts.caught / counts.foreign:.0%}" if counts.foreign else "–",
        f"{counts.lost / counts.right:.1%}",
        " → ".join(f"{value:.3f}" for value in np.mean(taught, axis=0)) if taught else "–",
    ]
    return f"| {' | '.join(cells)} |"


def otherwise(shown: Photographs, places: dict[str, NDArray[np.int64]], name: str, how: Planting, repeats: int) -> str:
    """One line of the table of plantings."""
    shown.alone, shown.named = how.alone, how.named
    counts, curves = Counts(), dict[str, list[float]]()
    for seed in range(repeats):
        made = list(planted(places, shown.looks, how, seed))
        for (label, members, rights), one in zip(made, shown.judged(made, shown.company(made)), strict=True):
            truth = np.arange(len(members)) < rights
            curves.setdefault(label, []).append(auroc(one.probability, truth))
            counts.add(one.probability, truth)
    mean, worst = np.mean([one for own in curves.values() for one in own]), min(map(np.mean, curves.values()))
    precise = f"{counts.caught / counts.dropped:.0%}" if counts.dropped else "–"
    caught, lost = counts.caught / counts.foreign, counts.lost / counts.right
    return f"| {name} | {mean:.3f} | {worst:.3f} | {precise} | {caught:.0%} | {lost:.1%} |"


def classified(shown: Photographs, places: dict[str, NDArray[np.int64]], share: float, repeats: int) -> str:
    """One line: accuracy on a clean third of a linear classifier trained on the rest with foreign pictures, and on what
    is left of that without the surely foreign ones. The classifier sees what the cleaning sees."""
    labels, found = [label for label in places if label], []
    for seed in range(repeats):
        dice = np.random.default_rng(seed)
        foreign, test, train = dice.permutation(places[""]), list[tuple[int, int]](), list[tuple[int, int, bool]]()
        made = list[Made]()
        for number, label in enumerate(labels):
            own = dice.permutation(places[label])
            third = max(1, len(own) // 3)
            count = round((len(own) - third) * share / (1 - share))
            members = np.concatenate([own[third:], foreign[:count]])
            foreign = np.roll(foreign, -count)
            made.append((label, members, len(own) - third))
            test += [(int(place), number) for place in own[:third]]
        judged = shown.judged(made, shown.company(made))
        for number, ((_, members, _), one) in enumerate(zip(made, judged, strict=True)):
            kept = one.probability > 1 - CONFIDENCE
            train += [(int(place), number, bool(keep)) for place, keep in zip(members, kept, strict=True)]
        rows = (train, [row for row in train if row[2]])
        found.append([*(_accuracy(shown.looks, [row[:2] for row in some], test, len(labels)) for some in rows),
                      1 - len(rows[1]) / len(train)])  # fmt: skip
    before, after, out = np.mean(found, axis=0)
    error = np.std([one[1] - one[0] for one in found]) / repeats**0.5
    return (
        f"| {share:.0%} | {before:.1%} | {after:.1%} | {100 * (after - before):+.1f} ± {100 * error:.1f} | {out:.0%} |"
    )


def _accuracy(
    looks: NDArray[np.float32], train: list[tuple[int, int]], test: list[tuple[int, int]], count: int
) -> float:
    """Softmax regression by gradient descent."""
    (places, labels), (asked, right) = (np.array(rows).T for rows in (train, test))
    weights, speed = np.zeros((looks.shape[1], count), np.float32), np.zeros((looks.shape[1], count), np.float32)
    for _ in range(300):
        scores = looks[places] @ weights
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        slope = looks[places].T @ (powers / powers.sum(axis=1, keepdims=True) - np.eye(count)[labels]) / len(places)
        speed = 0.9 * speed + (slope + 1e-4 * weights).astype(np.float32)
        weights -= 2 * speed
    return float(((looks[asked] @ weights).argmax(axis=1) == right).mean())


SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
PEERS = Path(tempfile.gettempdir()) / "collector-bench" / "copy-peers"


def copies_of_any(given: argparse.Namespace) -> None:
    """What is asked about edited copies of any folder's pictures."""
    own = [path for place in given.pictures for path in sorted(place.rglob("*.*"))
           if path.suffix.lower() in SUFFIXES and path.is_file() and not path.is_symlink()]  # fmt: skip
    with tempfile.TemporaryDirectory(dir=given.work) as folder:
        if given.whole:
            whole_run(own, given.copies, list(EDITS.values()), Path(folder))
        elif given.copies:
            costs(own, given.copies, Path(folder))
        elif given.hard:
            hard(own, Path(folder))
        else:
            proved(own, Path(folder))


def tables(found: dict[str, list[Path]], given: argparse.Namespace, repeats: int) -> None:
    """What is asked about a set of classes; "" are its foreign pictures."""
    paths = [path for own in found.values() for path in own]
    ends = np.cumsum([0, *map(len, found.values())])
    places = {label: np.arange(ends[place], ends[place + 1]) for place, label in enumerate(found)}
    print(", ".join(f"{len(own)} {label or 'foreign'}" for label, own in found.items()))
    labels, words = [label for label in found if label], asked(given.model, given.models)
    shown = Photographs(paths, looked_at(paths, embedder()), labels, words)
    shown.alone, shown.in_groups = given.alone, given.in_groups
    if given.plantings:
        head("foreign", "AUROC", "worst class", "of the dropped, foreign", "foreign ones dropped", "right ones dropped")
        for name, how in PLANTINGS.items():
            print(otherwise(shown, places, name, how, repeats), flush=True)
        return
    if given.in_groups:
        places[""] = grouped(places[""], shown.looks)
    if given.stand_in:
        shown.stand_in(given.stand_in, places)
    head("foreign", "AUROC", "worst class", "dropped", "of these, foreign", "as stated", "foreign ones dropped",
         "right ones dropped", "AUROC after 5 + 5 decisions")  # fmt: skip
    for share in (0.0, 0.02, 0.05, 0.1, 0.3, 0.5):
        print(measured(shown, places, share, repeats))
    if given.no_copies:
        return
    print("\nA classifier:\n")
    head("foreign", "trained on all", "on what is left", "difference", "left out")
    for share in (0.0, 0.1, 0.3, 0.5):
        print(classified(shown, places, share, max(2, repeats // 2)))


def head(*names: str) -> None:
    print(f"| {' | '.join(names)} |\n{'|---' * len(names)}|")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--no-copies", action="store_true", help="relevance alone")
    parser.add_argument("--models", help="folder of a model that knows words, or of several")
    parser.add_argument("--model", help="which of them, or one that was downloaded")
    parser.add_argument(
        "--stand-in", choices=("good", "poor"), help="for a model that knows words, where there is none"
    )
    parser.add_argument("--classes", type=Path, metavar="DIR")
    parser.add_argument("--alone", action="store_true", help="each class is a set of its own")
    parser.add_argument("--in-groups", action="store_true", help="foreign pictures come in groups of four alike")
    parser.add_argument("--plantings", action="store_true", help="30 % foreign, planted in other ways")
    parser.add_argument("--pictures", type=Path, nargs="+", metavar="DIR")
    parser.add_argument("--hard", action="store_true", help="with --pictures: what proof must not fall for")
    parser.add_argument("--edited", action="store_true", help="edited copies by collector's own commands alone")
    parser.add_argument(
        "--peers", type=Path, nargs="?", const=PEERS, metavar="DIR", help="other tools, too; installed here"
    )
    parser.add_argument("--copies", type=int, metavar="N", help="with --pictures: what copies cost among N parts")
    parser.add_argument("--whole", action="store_true", help="with --copies: a whole collection, by the commands")
    parser.add_argument("--work", type=Path, help="folder for the files of --whole; else a temporary one")
    given = parser.parse_args()
    if (given.hard or given.copies) and not given.pictures:
        parser.error("--hard and --copies want --pictures")
    if given.whole and not given.copies:
        parser.error("--whole wants --copies")
    return given


def main() -> None:
    given = arguments()
    if given.pictures:
        copies_of_any(given)
        return
    groups = [own_files(given.classes)] if given.classes else [files(CLASSES), files(THEMES)]
    originals = [path for own in groups[0].values() for path in own]
    if not (given.edited or given.peers):
        for found in groups:
            tables(found, given, 4 if given.short else 16)
    if not (given.no_copies or given.plantings):
        edits = {edit: EDITS[edit] for edit in SIX} if given.edited or given.peers else EDITS
        with tempfile.TemporaryDirectory() as folder:
            beside(large(originals), originals, edits, given.peers, Path(folder))


if __name__ == "__main__":
    main()
