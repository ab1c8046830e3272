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
import io
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import skimage
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageOps

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _beside import beside
from _edited_run import whole_run
from _hard_pictures import kinds
from _plantings import PLANTINGS, Planting, planted

from collector.dataset.copies import likely
from collector.dataset.relevance import Company, Judged, Likened, Words, companies, judge, likened
from collector.dataset.wording import Wording
from collector.images.embed import Embedder, class_share, described, directions, embed_files, embedder, named
from collector.images.hub_layout import Layout
from collector.images.known_models import asked
from collector.images.pixels import upright
from collector.images.processes import FileTrouble
from collector.images.same_scene import compared
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


def looked_at(paths: list[Path], model: Embedder) -> NDArray[np.float16]:
    """Their embeddings; prints what that costs."""
    wall, spent = time.perf_counter(), cpu()
    vectors = [found for _, found in embed_files(((str(path), path) for path in paths), model, 1)]
    broken = sum(isinstance(found, FileTrouble) for found in vectors)
    if broken:
        sys.exit(f"{broken} photographs cannot be read")
    wall, spent = time.perf_counter() - wall, cpu() - spent
    print(f"{model.name}: {len(paths)} photographs, with decoding: {1000 * spent / len(paths):.1f} CPU ms a picture,"
          f" {len(paths) / spent:.0f} a second and core ({len(paths) / wall:.0f} by the clock)\n")  # fmt: skip
    return np.stack([found for found in vectors if not isinstance(found, FileTrouble)])


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

    def judged(self, classes: list[tuple[str, NDArray[np.int64]]], company: list[Company | None]) -> list[Judged]:
        if self.alone:
            return [judge([self.likened(label, members, None)])[0] for label, members in classes]
        return judge(
            [self.likened(label, members, others) for (label, members), others in zip(classes, company, strict=True)]
        )

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


def cpu() -> float:
    return sum(getattr(resource.getrusage(resource.RUSAGE_CHILDREN), name) for name in ("ru_utime", "ru_stime"))


def auroc(scores: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """The chance that a right picture has a higher score than a wrong one."""
    places = scores.argsort().argsort()
    rights, wrongs = right.sum(), (~right).sum()
    return float((places[right].sum() - rights * (rights - 1) / 2) / (rights * wrongs))


def grouped(places: NDArray[np.int64], looks: NDArray[np.float32]) -> NDArray[np.int64]:
    """The same pictures, each with the three that are most like it and are not in a group yet."""
    left = np.ones(len(places), bool)
    order: list[int] = []
    for first in np.random.default_rng(0).permutation(len(places)).tolist():
        if left[first]:
            likeness = looks[places] @ looks[places[first]]
            group = [first, *(place for place in np.argsort(-likeness).tolist() if left[place] and place != first)][:4]
            left[group] = False
            order += group
    return places[order]


def sets(
    places: dict[str, NDArray[np.int64]], share: float, seed: int, in_groups: bool = False
) -> Iterator[tuple[str, NDArray[np.int64], int]]:
    """(class, places of its pictures and then of the foreign ones, how many are right)."""
    dice = np.random.default_rng(seed)
    foreign = np.roll(places[""], int(dice.integers(len(places[""])))) if in_groups else dice.permutation(places[""])
    for label in filter(None, places):
        count = round(len(places[label]) * share / (1 - share))
        if count > len(foreign):
            sys.exit("not enough foreign photographs")
        yield label, np.concatenate([places[label], foreign[:count]]), len(places[label])
        foreign = np.roll(foreign, -count)


def measured(shown: Photographs, places: dict[str, NDArray[np.int64]], share: float, repeats: int) -> str:
    """One line of the table."""
    curves, taught = [], []
    caught = wrong = lost = right = dropped = 0
    promised: list[float] = []
    for seed in range(repeats):
        dice = np.random.default_rng(1000 + seed)
        made = list(sets(places, share, seed, shown.in_groups))
        company = [None] * len(made) if shown.alone else companies([shown.looks[members] for _, members, _ in made])
        judged = shown.judged([(label, members) for label, members, _ in made], company)
        for (label, members, rights), others, one in zip(made, company, judged, strict=True):
            truth = np.arange(len(members)) < rights
            found = one.probability
            sure = found <= 1 - CONFIDENCE
            curves.append(np.nan if truth.all() else auroc(found, truth))
            caught, wrong = caught + int((sure & ~truth).sum()), wrong + int((~truth).sum())
            lost, right, dropped = lost + int((sure & truth).sum()), right + rights, dropped + int(sure.sum())
            promised += (1 - found[sure]).tolist()
            if min(rights, len(members) - rights) < 7:
                continue
            kept, out = dice.permutation(rights)[:5], rights + dice.permutation(len(members) - rights)[:5]
            rest = np.setdiff1d(np.arange(len(members)), np.concatenate([kept, out]))
            again = judge([shown.likened(label, members, others, kept, out)])[0].probability
            taught.append((auroc(found[rest], truth[rest]), auroc(again[rest], truth[rest])))
    known = np.ma.masked_invalid(np.reshape(curves, (repeats, -1)))  # Where few are foreign, some classes have none.
    cells = [
        f"{share:.0%}",
        *((f"{known.mean():.3f}", f"{known.mean(axis=0).min():.3f}") if wrong else ("–", "–")),
        str(dropped),
        *((f"{caught / dropped:.1%}", f"{np.mean(promised):.1%}") if dropped else ("–", "–")),
        f"{caught / wrong:.0%}" if wrong else "–",
        f"{lost / right:.1%}",
        " → ".join(f"{value:.3f}" for value in np.mean(taught, axis=0)) if taught else "–",
    ]
    return f"| {' | '.join(cells)} |"


def otherwise(shown: Photographs, places: dict[str, NDArray[np.int64]], name: str, how: Planting, repeats: int) -> str:
    """One line of the table of plantings."""
    shown.alone, shown.named = how.alone, how.named
    curves = dict[str, list[float]]()
    caught = wrong = lost = right = 0
    for seed in range(repeats):
        made = list(planted(places, shown.looks, how, seed, grouped))
        company = [None] * len(made) if how.alone else companies([shown.looks[members] for _, members, _ in made])
        judged = shown.judged([(label, members) for label, members, _ in made], company)
        for (label, members, rights), one in zip(made, judged, strict=True):
            truth, sure = np.arange(len(members)) < rights, one.probability <= 1 - CONFIDENCE
            curves.setdefault(label, []).append(auroc(one.probability, truth))
            caught, wrong = caught + int((sure & ~truth).sum()), wrong + int((~truth).sum())
            lost, right = lost + int((sure & truth).sum()), right + rights
    mean, worst = np.mean([one for own in curves.values() for one in own]), min(map(np.mean, curves.values()))
    precise = f"{caught / (caught + lost):.0%}" if caught + lost else "–"
    return f"| {name} | {mean:.3f} | {worst:.3f} | {precise} | {caught / wrong:.0%} | {lost / right:.1%} |"


def classified(shown: Photographs, places: dict[str, NDArray[np.int64]], share: float, repeats: int) -> str:
    """One line: accuracy on a clean third of a linear classifier trained on the rest with foreign pictures, and on what
    is left of that without the surely foreign ones. The classifier sees what the cleaning sees."""
    labels, found = [label for label in places if label], []
    for seed in range(repeats):
        dice = np.random.default_rng(seed)
        foreign, test, train = dice.permutation(places[""]), list[tuple[int, int]](), list[tuple[int, int, bool]]()
        classes = list[NDArray[np.int64]]()
        for number, label in enumerate(labels):
            own = dice.permutation(places[label])
            third = max(1, len(own) // 3)
            count = round((len(own) - third) * share / (1 - share))
            members = np.concatenate([own[third:], foreign[:count]])
            foreign = np.roll(foreign, -count)
            classes.append(members)
            test += [(int(place), number) for place in own[:third]]
        company = companies([shown.looks[members] for members in classes])
        judged = shown.judged(list(zip(labels, classes, strict=True)), company)
        for number, (members, one) in enumerate(zip(classes, judged, strict=True)):
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


EDITS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "half the size, JPEG 40": lambda image: _jpeg(image.resize((image.width // 2, image.height // 2)), 40),
    "cut to 75 % of the area": lambda image: _cut(image, 0.75),
    "cut to 50 %": lambda image: _cut(image, 0.5),
    "cut to 30 %": lambda image: _cut(image, 0.3),
    "white border of 24 %": lambda image: ImageOps.expand(image, int(0.12 * max(image.size)), (255, 255, 255)),
    "mirrored": ImageOps.mirror,
    "turned by 10 degrees": lambda image: image.rotate(10, Image.Resampling.BICUBIC, fillcolor=(255, 255, 255)),
    "banner below": lambda image: _bannered(image),
}


SIX = (
    "half the size, JPEG 40",
    "cut to 50 %",
    "white border of 24 %",
    "mirrored",
    "turned by 10 degrees",
    "banner below",
)
PEERS = Path(tempfile.gettempdir()) / "collector-bench" / "copy-peers"


def _cut(image: Image.Image, share: float) -> Image.Image:
    width, height = (int(side * share**0.5) for side in image.size)
    left, top = int(0.5 * (image.width - width)), int(0.4 * (image.height - height))
    return image.crop((left, top, left + width, top + height))


def _jpeg(image: Image.Image, quality: int) -> Image.Image:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return Image.open(out).convert("RGB")


def _bannered(image: Image.Image) -> Image.Image:
    image = image.copy()
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, int(image.height * 0.85), *image.size), fill=(20, 20, 20))
    draw.text((image.width // 4, int(image.height * 0.9)), "www.example.com SALE", fill=(255, 255, 255))
    return image


def large(paths: list[Path]) -> list[Path]:
    """Those of 250 pixels and more, and six of scikit-image."""
    samples = Path(skimage.__file__).parent / "data"
    names = ("astronaut.png", "coffee.png", "chelsea.png", "rocket.jpg", "motorcycle_left.png", "camera.png")
    some = [path for path in paths if min(upright(path).size) >= 250 and "_mirror" not in path.stem]
    return [*some, *(samples / name for name in names)]


BLANK = 8
"""Levels that a picture on white spans at most when it shows nothing, as white drawings on nothing do."""


def proved(pictures: list[Path], folder: Path) -> None:
    """Share of edited copies that are proved, whether or not they are candidates; of pictures that show anything."""
    every = len(pictures)
    pictures = [path for path in pictures if max(high - low for low, high in upright(path).getextrema()) > BLANK]
    print(f"{len(pictures)} pictures, {every - len(pictures)} blank ones left out\n\n| edit | proved |\n|---|---|")
    for edit, change in EDITS.items():
        found = 0
        for number, original in enumerate(pictures):
            copy = folder / f"{list(EDITS).index(edit)}-{number}.png"  # Another name each: points are kept by it.
            change(upright(original)).save(copy, compress_level=1)
            found += compared((original, copy)) != [-1]
            copy.unlink()
        print(f"| {edit} | {found / len(pictures):.0%} |", flush=True)


def hard(pictures: list[Path], folder: Path) -> None:
    """Of pictures that have something in common, each with each other: how many are proved to be copies, wrongly."""
    np.random.default_rng(0).shuffle(pictures)
    print("| kind | pictures | pairs | proved | CPU ms a pair |\n|---|---|---|---|---|")
    for name, make in kinds(folder).items():
        (own := folder / name.replace(" ", "-")).mkdir()
        made = []
        for number, image in enumerate(make(pictures)):
            made.append(own / f"{number:02}.jpg")
            image.save(made[-1], quality=88)
        began, found = time.process_time(), list[tuple[str, str]]()
        (store := own / "points").mkdir()
        for place, path in enumerate(made[:-1], 1):
            answers = compared((path, *made[place:]), str(store))
            found += [
                (path.stem, other.stem) for other, answer in zip(made[place:], answers, strict=True) if answer >= 0
            ]
        pairs = len(made) * (len(made) - 1) // 2
        spent = 1000 * (time.process_time() - began) / pairs
        print(f"| {name} | {len(made)} | {pairs} | {len(found)} | {spent:.0f} |", *found[:4], flush=True)


SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
ALL = 100_000
"""Pictures for which the costs are reckoned."""


def costs(pictures: list[Path], count: int, folder: Path) -> None:
    """CPU time of points and pairs among `count` random parts of these, and of candidates among ALL embeddings like
    theirs, and what all that would take of ALL pictures."""
    dice, parts, spent = np.random.default_rng(3), list[Path](), list[float]()
    for number in range(count):
        image = upright(pictures[number % len(pictures)])
        width, height = (max(1, int(side * dice.uniform(0.3, 0.6))) for side in image.size)
        left, top = (int(dice.integers(0, full - side + 1)) for full, side in
                     zip(image.size, (width, height), strict=True))  # fmt: skip
        parts.append(folder / f"{number}.jpg")
        image.crop((left, top, left + width, top + height)).save(parts[-1], quality=90)
    looks = directions(looked_at(parts, embedder()))
    (store := folder / "points").mkdir()
    clock = time.process_time()
    for part in parts:
        compared((part,), str(store))
    spent.append(time.process_time() - clock)
    groups = list(likely(looks))
    clock = time.process_time()
    found = [compared(tuple(parts[place] for place in some), str(store)) for some in groups]
    spent.append(time.process_time() - clock)
    pairs, proved_ = sum(map(len, found)), sum(answer >= 0 for answers in found for answer in answers)
    print(
        f"{count} parts of {len(pictures)} pictures: points {1000 * spent[0] / count:.1f} CPU ms a picture;"
        f" {pairs} pairs, {proved_} of them proved, {1000 * spent[1] / max(pairs, 1):.1f} CPU ms each",
        flush=True,
    )
    crowd = _crowd(looks)
    clock = time.process_time()
    every = sum(len(some) - 1 for some in likely(crowd))
    spent.append(time.process_time() - clock)
    minutes = [seconds * scale / 60 for seconds, scale in
               zip(spent, (ALL / count, every / max(pairs, 1), 1), strict=True)]  # fmt: skip
    print(f"{ALL} pictures: points {minutes[0]:.0f}, {every} pairs {minutes[1]:.0f}, candidates {minutes[2]:.0f}"
          f" CPU minutes; peak here {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MiB")  # fmt: skip


def _crowd(looks: NDArray[np.float32]) -> NDArray[np.float16]:
    """(ALL, numbers) directions with as many likely neighbours as are compared: these, each many times, with noise that
    leaves a cosine of 0.5 between two of one."""
    dice, crowd = np.random.default_rng(4), np.empty((ALL, looks.shape[1]), np.float16)
    for start in range(0, ALL, 1000):
        some = looks[dice.integers(len(looks), size=len(crowd[start : start + 1000]))]
        noisy = some + dice.standard_normal(some.shape, np.float32) / some.shape[1] ** 0.5
        crowd[start : start + 1000] = noisy / np.linalg.norm(noisy, axis=1, keepdims=True)
    return crowd


def main() -> None:
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
    words = asked(given.model, given.models)
    repeats = 4 if given.short else 16
    if given.pictures:
        with tempfile.TemporaryDirectory(dir=given.work) as folder:
            own = [path for place in given.pictures for path in sorted(place.rglob("*.*"))
                   if path.suffix.lower() in SUFFIXES and path.is_file() and not path.is_symlink()]  # fmt: skip
            if given.whole:
                whole_run(own, given.copies, list(EDITS.values()), Path(folder))
            elif given.copies:
                costs(own, given.copies, Path(folder))
            elif given.hard:
                hard(own, Path(folder))
            else:
                proved(own, Path(folder))
        return
    if given.edited or given.peers:
        paths = [path for own in (own_files(given.classes) if given.classes else files()).values() for path in own]
        with tempfile.TemporaryDirectory() as folder:
            beside(large(paths), paths, {edit: EDITS[edit] for edit in SIX}, given.peers, Path(folder))
        return
    for found in (own_files(given.classes),) if given.classes else (files(CLASSES), files(THEMES)):
        paths = [path for own in found.values() for path in own]
        ends = np.cumsum([0, *map(len, found.values())])
        places = {label: np.arange(ends[place], ends[place + 1]) for place, label in enumerate(found)}
        print(", ".join(f"{len(own)} {label or 'foreign'}" for label, own in found.items()))
        vectors = looked_at(paths, embedder())
        shown = Photographs(paths, vectors, [label for label in found if label], words)
        shown.alone, shown.in_groups = given.alone, given.in_groups
        if given.plantings:
            print("| foreign | AUROC | worst class | of the dropped, foreign | foreign ones dropped |"
                  " right ones dropped |\n" + 6 * "|---" + "|")  # fmt: skip
            for name, how in PLANTINGS.items():
                print(otherwise(shown, places, name, how, repeats), flush=True)
            continue
        if given.in_groups:
            places[""] = grouped(places[""], shown.looks)
        if given.stand_in:
            shown.stand_in(given.stand_in, places)
        print("| foreign | AUROC | worst class | dropped | of these, foreign | as stated | foreign ones dropped |"
              " right ones dropped | AUROC after 5 + 5 decisions |\n" + 9 * "|---" + "|")  # fmt: skip
        for share in (0.0, 0.02, 0.05, 0.1, 0.3, 0.5):
            print(measured(shown, places, share, repeats))
        if not given.no_copies:
            print(
                "\nA classifier:\n\n| foreign | trained on all | on what is left | difference | left out |\n"
                + 5 * "|---"
                + "|"
            )
            for share in (0.0, 0.1, 0.3, 0.5):
                print(classified(shown, places, share, max(2, repeats // 2)))
        if (given.classes or set(CLASSES) <= set(found)) and not given.no_copies:
            with tempfile.TemporaryDirectory() as folder:
                beside(large(paths), paths, EDITS, None, Path(folder))
            print()


if __name__ == "__main__":
    main()
