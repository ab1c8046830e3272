"""One output folder from Python: look at it, clean the set, split and export it, mend it.

Every method opens the ledger for as long as it needs it: looking works while a run goes on, changing waits for nobody
and says FolderLocked instead.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from collector.api import options, queries
from collector.api.collect import LOG, Crawl
from collector.api.pictures import PictureDataset, Pictures
from collector.errors import DiskError, InputError, UsageError, counted, some
from collector.ledger import Ledger, Row
from collector.ledger.candidates import Item
from collector.ledger.db import plain_words
from collector.ledger.layout import LEDGER
from collector.ledger.names import Names
from collector.ledger.rows import KEPT
from collector.model import Digest, InWords, Tally, Verdict
from collector.settings import Settings, Value

if TYPE_CHECKING:
    from collector.api.adding import Added
    from collector.api.mending import Mending
    from collector.dataset.embeddings import Embedded, Similar
    from collector.dataset.export import Published
    from collector.dataset.flags import Flags
    from collector.dataset.purity import Answer, Purity
    from collector.dataset.samples import Choice, ExportPlan
    from collector.dataset.service import Deduped, Scored, Split
    from collector.dataset.split import Scheme
    from collector.dataset.topic import Topic
    from collector.images.embed import Embedder
    from collector.images.form import Form
    from collector.importers.frames import Taken
    from collector.importers.pictures import How
    from collector.practice import PracticeWeb
    from collector.report.facts import Facts
    from collector.studio import Studio

FLAGS = ("nsfw", "text")
"""What `Collection.flags` looks for."""
Tell = Callable[[int, int], None]
"""Told (done, of how many) during long work."""
Conflicts = Literal["list", "drop", "best", "multi"]
Decision = Literal["keep", "drop", "undo"]


@dataclass(frozen=True, slots=True)
class Exported(InWords):
    """An export that was written and read back."""

    plan: ExportPlan
    published: Published
    loading: str
    """How to load it, in a few lines."""

    def __str__(self) -> str:
        parts = Counter[str]()
        for (part, _), count in self.published.counts.items():
            parts[part] += count
        splits = ", ".join(f"{part} {parts[part]:,}" for part in self.plan.splits if part)
        told = f"{counted(self.published.pictures, 'picture')} of {counted(len(self.plan.classes), 'class', 'es')}"
        return f"{told} in {self.plan.name}{splits and f': {splits}'}\n{self.loading}"


@dataclass(frozen=True, slots=True)
class Story:
    """One URL of one keyword, from search to outcome."""

    row: Row
    same_bytes: tuple[tuple[str, str], ...]
    """(keyword, URL) of others that brought the very same bytes."""
    trouble: str
    """What is wrong with its file on disk: missing or altered; "" when nothing is, or there is none."""
    made: str | None
    """How a machine made it, as its bytes say; None when they do not, or there is no file."""


def _untold(_done: int, _of: int) -> None:
    pass


class Collection:
    """What was collected below one folder. Cheap to make; holds nothing open."""

    def __init__(self, folder: str | PathLike[str], notice: Callable[[str], None] = LOG.warning) -> None:
        """`notice` is told what the user should read once."""
        self.folder = Path(folder)
        self.notice = notice

    def __repr__(self) -> str:
        return f"Collection({str(self.folder)!r})"

    @property
    def mend(self) -> Mending:
        """What puts folder and ledger right: retry, verify, repair, forget."""
        from collector.api.mending import Mending

        return Mending(self)

    @contextmanager
    def reading(self) -> Iterator[Ledger]:
        """The ledger for looking only. LedgerError when there is none."""
        with plain_words(self.folder / LEDGER), Ledger.read(self.folder) as ledger:
            yield ledger

    @contextmanager
    def writing(self, create: bool = False) -> Iterator[Ledger]:
        """The ledger with nobody else at work. LedgerError when there is none, unless it may be made; DiskError where
        the folder cannot be written."""
        from collector.crawl import assemble

        if self.folder.is_dir() and not self._writable:
            raise DiskError(f"{self.folder} cannot be written, and this needs to; status, why, urls, report, similar"
                            " and relevance (without --drop) only look")  # fmt: skip
        opened = assemble.open_collection if create else assemble.open_existing
        with plain_words(self.folder / LEDGER), opened(self.folder, self.notice) as ledger:
            yield ledger

    @property
    def _writable(self) -> bool:
        return os.access(self.folder, os.W_OK)

    @contextmanager
    def judging(self) -> Iterator[Ledger]:
        """The same, after files that were replaced have been left out: nothing is decided by what others held."""
        from collector.maintenance import altered

        with self.writing() as ledger:
            altered.leave_out(ledger, self.folder, self.notice)
            yield ledger

    # ------------------------------------------------------------------ looking

    def status(self) -> Digest:
        """How all keywords stand together: counts, states of searches, reasons."""
        with self.reading() as ledger:
            return ledger.stats.digest()

    def keywords(self) -> Iterator[Tally]:
        """How each keyword stands, in the order asked."""
        with self.reading() as ledger:
            yield from ledger.stats.tallies()

    def left_out(self) -> int:
        """How many saved pictures are left out of the set."""
        with self.reading() as ledger:
            return ledger.stats.count_left_out()

    def pictures(self, label: str | None = None, *, kept: bool = False) -> Pictures:
        """The saved pictures, of one class or all; `kept`: without those that are left out of the set."""
        with self.reading():
            return Pictures(self.folder, label, kept)

    def urls(self) -> Iterator[tuple[str, str]]:
        """The map: (keyword, URL), by keyword in the order asked and by rank."""
        with self.reading() as ledger:
            yield from ledger.dataset.cells(("keyword", "url"), order="asked")

    def why(self, what: str) -> list[Story]:
        """All that is known of a URL, of a picture's path, or of its name. InputError when nothing is."""
        from collector.images.synthetic import marked
        from collector.ledger.paths import inside
        from collector.maintenance.files import trouble

        with self.reading() as ledger:
            stories = [
                Story(
                    row,
                    tuple(ledger.dataset.same_bytes(row)),
                    trouble(self.folder, row) if row.state == "saved" else "",
                    marked(inside(self.folder, row.file)) if row.state == "saved" else None,
                )
                for row in ledger.stats.why(what)
            ]
        if not stories:
            raise InputError(f"{what[:200]}: no such URL and no such picture in {self.folder}")
        return stories

    def facts(self) -> Facts:
        """All numbers of the report."""
        from collector.report import facts

        with self.reading() as ledger:
            return facts.gather(ledger)

    def report(
        self, page: str | PathLike[str] | None = None, *, pages: int = 1, facts: Facts | None = None
    ) -> list[Path]:
        """Write the report as HTML, with up to so many pages of contact sheets; the files. None: beside the folder."""
        from collector.report.alike import alike
        from collector.report.report import Place, usual_place, write

        place = Place(self.folder, Path(page) if page is not None else usual_place(self.folder))
        known = facts or self.facts()
        with self.reading() as ledger:
            return write(ledger, known, alike(ledger), place, pages)

    def studio(
        self,
        port: int = 0,
        *,
        host: str = "127.0.0.1",
        token: str = "",
        settings: Settings | None = None,
        flags: Sequence[str] = (),
    ) -> Studio:
        """The studio, started: a local web app to look at the pictures, judge them and collect more. Use it in a
        `with`, or stop it.

        `port` 0 takes any free one; a `host` other than this machine needs a `token`, the key of those who may use it.
        `flags` are given to the runs it starts. UsageError when it cannot listen, LedgerError without a ledger.
        """
        from collector.studio.server import Studio, checked_token

        try:
            return Studio(settings or options.made(self.folder), port, host, checked_token(token, host), flags).start()
        except OSError as error:
            raise UsageError(f"{host}, port {port}: {error.strerror or error}") from None

    # ------------------------------------------------------------------ cleaning

    def dedupe(
        self,
        distance: int = 31,
        *,
        mirrored: bool = False,
        edited: bool = False,
        conflicts: Conflicts = "list",
        model: str | None = None,
        models: str | PathLike[str] | None = None,
        tell: Tell = _untold,
    ) -> Deduped:
        """Leave out all but the best of pictures that look the same: hashes differ in at most `distance` of 256 bits.

        `conflicts`, a picture under two labels: list it, drop it from both, keep the best rank's, or keep both.
        `edited` looks for pictures made of others, too (the extra `look`); splits and exports use what it finds;
        `model` and `models` as with `embed`.
        """
        from collector.dataset import service

        with self.judging() as ledger:
            if edited:
                self._find_copies(ledger, model, models, tell)
            return service.dedupe_set(ledger, self.folder, distance, conflicts, tell=tell, mirrored=mirrored)

    def _find_copies(self, ledger: Ledger, model: str | None, models: str | PathLike[str] | None, tell: Tell) -> None:
        from collector.dataset import copies, embeddings
        from collector.images.known_models import embedder_of
        from collector.images.same_scene import require

        require()
        chosen = embedder_of(model, models)
        embeddings.embed_set(ledger, self.folder, chosen, tell=tell)
        lost = copies.find_copies(ledger, self.folder, chosen).lost
        if lost:
            files = some([f"{file} ({why})" for file, why in lost.items()])
            self.notice(f"cannot be compared, so that edited copies may be missed: {files}")

    def filter(
        self,
        *,
        hosts: int | None = None,
        keywords: int | None = None,
        min_detail: int | None = None,
        max_aspect: float | None = None,
        min_side: int | None = None,
        synthetic: bool = True,
    ) -> tuple[Verdict, ...]:
        """Leave out placeholders, empty surfaces, odd shapes and small pictures; what is left out, and why.

        None is the usual limit, 0 switches a rule off; `collector.dataset.filter.Limits` says what each means.
        Without `synthetic` those are left out, too, that say in their metadata that a machine made them.
        """
        from collector.dataset import service
        from collector.dataset.filter import Limits

        limits = replace(Limits(), **_given(hosts=hosts, keywords=keywords, min_detail=min_detail,
                                            max_aspect=max_aspect, min_side=min_side), synthetic=synthetic)  # fmt: skip
        with self.judging() as ledger:
            return service.filter_set(ledger, self.folder, limits)

    def synthetic(self) -> list[tuple[Row, str]]:
        """The pictures that say in their metadata that a machine made them, and how: trainedAlgorithmicMedia, or
        compositeWithTrainedAlgorithmicMedia for a part. Left-out ones, too."""
        from collector.dataset import service

        with self.judging() as ledger:
            found = service.synthetic_set(ledger, self.folder)
            return [(row, found[row.sha256]) for row in ledger.dataset.pictures() if row.sha256 in found]

    def quality(
        self,
        *,
        blurry: float | None = None,
        dark: float | None = None,
        light: float | None = None,
        low_information: float | None = None,
        odd_aspect_ratio: float | None = None,
        odd_size: float | None = None,
        tell: Tell = _untold,
    ) -> Scored:
        """Leave out pictures of poor quality: those with a score below a threshold, from 0 (bad) to 1 (good).

        None is the usual threshold, 0 switches one off. Scores are cleanvision's (the extra `quality`) and are kept.
        """
        from collector.dataset import service
        from collector.dataset.quality import Thresholds, require

        require()
        given = _given(blurry=blurry, dark=dark, light=light, low_information=low_information,
                       odd_aspect_ratio=odd_aspect_ratio, odd_size=odd_size)  # fmt: skip
        chosen = replace(Thresholds(), **given)
        with self.judging() as ledger:
            return service.score_set(ledger, self.folder, chosen, tell=tell)

    def embed(
        self, *, model: str | None = None, models: str | PathLike[str] | None = None, tell: Tell = _untold
    ) -> Embedded:
        """Give every picture its embedding (the extra `look`); only new ones are looked at.

        `model`: one that `collector.get_model` downloaded, or a folder below `models`; None is the usual one.
        InputError when it is not there.
        """
        from collector.dataset import embeddings
        from collector.images.known_models import embedder_of

        chosen = embedder_of(model, models)
        with self.judging() as ledger:
            return embeddings.embed_set(ledger, self.folder, chosen, tell=tell)

    def similar(
        self,
        file: str | PathLike[str],
        top: int = 20,
        *,
        model: str | None = None,
        models: str | PathLike[str] | None = None,
        tell: Tell = _untold,
    ) -> list[Similar]:
        """The pictures of the set that show most nearly what a file shows, the nearest first. InputError.

        `model` and `models` as with `embed`. Pictures that have no embedding get one first; where the folder cannot be
        written they are left out, and the notice says so.
        """
        from collector.dataset import embeddings
        from collector.images.known_models import embedder_of

        chosen = embedder_of(model, models)
        if self._writable:
            self.embed(model=model, models=models, tell=tell)
        with self.reading() as ledger:
            others = () if self._writable else self._passed_over(ledger, chosen)
            return embeddings.similar(ledger, self.folder, chosen, Path(file), top, others)

    def _passed_over(self, ledger: Ledger, *models: Embedder) -> AbstractSet[str]:
        """sha256 of pictures whose file was replaced, where that cannot be entered. Tells how many have no embedding by
        each of these models, and can get none."""
        from collector.dataset import embeddings
        from collector.maintenance import altered

        if left := max(embeddings.missing(ledger, self.folder, model) for model in models):
            self.notice(f"{self.folder} cannot be written, so pictures without embedding are left out: {left:,}")
        return altered.altered(ledger, self.folder).keys()

    def relevance(
        self,
        *,
        drop: bool = False,
        confidence: float = 0.9,
        split: str | None = None,
        model: str | None = None,
        models: str | PathLike[str] | None = None,
        tell: Tell = _untold,
    ) -> Topic:
        """Find pictures that do not show their class (the extra `look`), the least likely first.

        `drop` leaves those out that are off topic with this `confidence`, in one split or in all. `model`: one that
        knows words, which is asked whether a picture shows the keyword; `models` as with `embed`. Where the folder
        cannot be written, pictures without embedding are passed over, and nothing can be dropped. UsageError when there
        is no such split, or `confidence` is not from 0.5 to 1.
        """
        from collector.dataset import topic
        from collector.dataset.wording import tower_of
        from collector.images.embed import embedder
        from collector.images.known_models import asked

        if not 0.5 <= confidence <= 1:
            raise UsageError(f"confidence {confidence:g}: give 0.5 to 1")
        usual, words = embedder(), asked(model, models)
        if words is not None:
            tower_of(words)  # Before hours of looking at pictures.
        wanted, writes = topic.Asked(confidence, drop, split), drop or self._writable
        with self.judging() if writes else self.reading() as ledger:
            if split is not None:
                _splits(ledger, split, ledger.splits.latest())
            if writes:
                return topic.judge_set(ledger, self.folder, usual, wanted, words, tell)
            without = self._passed_over(ledger, usual, *([] if words is None else [words.embedder()]))
            return topic.look_at_set(ledger, self.folder, usual, wanted, words, without)

    def purity(self, sample: int = 0, ask: Callable[[Row, int, int], Answer | None] | None = None) -> Purity:
        """How many pictures show their class, with a 95 % interval, by a person's word about a random sample.

        `ask(picture, number, of)` is called for each of about `sample` pictures that nobody has judged and says "right"
        or "wrong" (kept as `review` keeps it), "unsure", or None to stop. Without it, what is known.
        """
        from collector.dataset import purity

        if ask is None:
            with self.reading() as ledger:
                return purity.measure(ledger)
        with self.judging() as ledger:
            return purity.ask(ledger, sample, ask)

    def flags(self, drop: Iterable[str] = (), *, tell: Tell = _untold) -> Flags:
        """Find nudity ("nsfw", the extra `flags`) and pages of writing ("text"); those of `drop` are left out.

        Without the extra the notice says so, and UsageError when "nsfw" is to be dropped.
        """
        from collector.dataset import flags
        from collector.images.flags import nsfw_model

        wanted = frozenset(drop)
        try:
            model = nsfw_model()
        except UsageError as error:
            if "nsfw" in wanted:
                raise
            self.notice(str(error))
            model = None
        with self.judging() as ledger:
            return flags.flag_set(ledger, self.folder, model, wanted, tell)

    def scores(self) -> list[tuple[str, int, int]]:
        """(issue, pictures scored, pictures flagged) of the last quality check."""
        with self.reading() as ledger:
            return ledger.stats.audited()

    def apply(self) -> int:
        """Move the files of left-out pictures beside the folder, and those back that no longer are; how many."""
        from collector.dataset import moving

        with self.writing() as ledger:
            return moving.apply(ledger, self.folder)

    def undo(self) -> int:
        """Move every file back that `apply` moved; how many."""
        from collector.dataset import moving

        with self.writing() as ledger:
            return moving.undo(ledger, self.folder)

    def review(self, decision: Decision, files: Iterable[str | PathLike[str]]) -> int:
        """Keep pictures whatever the rules say, drop them, or take such a decision back; how many.

        A file is given by its path or its name, which means all pictures that are called so; what is said of one that
        has several classes holds in all of them, and the notice says so. InputError for one that is not known; nothing
        is changed then.
        """
        with self.writing() as ledger:
            places = defaultdict[str, list[Row]](list)
            for item in ledger.dataset.pictures():
                for key in {str(item.file), item.file.name}:
                    places[key].append(item)
            meant = {
                str(name): places.get(str(name)) or places.get(os.path.relpath(name, self.folder)) for name in files
            }
            if unknown := [name for name, items in meant.items() if not items]:
                raise InputError(f"{unknown[0]}: {self.folder} knows no such picture; nothing was changed")
            chosen = {item.sha256: item for items in meant.values() for item in items or ()}
            with ledger.transaction():
                for item in chosen.values():
                    ledger.dataset.review(item.sha256, item.label, "" if decision == "undo" else decision)
                    if item.other_labels:
                        classes = ", ".join((item.label, *item.other_labels))
                        self.notice(f"{item.file.as_posix()} was found for {classes}: this holds for all of them")
        return len(chosen)

    # ------------------------------------------------------------------ keywords and classes

    def drop_keyword(self, keyword: str, *, label: str | None = None) -> int:
        """Take a keyword out of the set; how many pictures leave it. No file is deleted, and a run of a file that
        lists the keyword brings it back. InputError when there is none."""
        from collector.dataset import labels

        with self.writing() as ledger:
            with ledger.transaction():
                ledger.keywords.drop(one.id for one in labels.chosen(ledger, keyword, label))
            return labels.leave_out_removed(ledger)

    def rename_keyword(self, keyword: str, new: str) -> int:
        """Give a keyword another name, its class too where that was called like it; how many pictures it has.

        InputError when there is no such keyword, or the new one is not possible.
        """
        from collector.dataset import labels

        name = queries.clean_text(new, "keyword")
        with self.writing() as ledger:
            found = labels.chosen(ledger, keyword)
            count = sum(len(ledger.keywords.files(one.id)) for one in found)
            labels.relabel(ledger, self.folder, [(one, name) for one in found if one.label == keyword])
            with ledger.transaction():
                for one in ledger.keywords.of(keyword):
                    ledger.keywords.rename(one.id, name)
        return count

    def move_keyword(self, keyword: str, label: str, *, of: str | None = None) -> int:
        """Put a keyword (`of`: only that of this class) into another class; how many pictures went there.

        InputError when there is no such keyword, or the class is not possible.
        """
        from collector.dataset import labels

        name = queries.clean_text(label, "class")
        with self.writing() as ledger:
            found = [(one, name) for one in labels.chosen(ledger, keyword, of) if one.label != name]
            return sum(one.files for one in labels.relabel(ledger, self.folder, found))

    # ------------------------------------------------------------------ splitting and exporting

    def split(self, scheme: str, *, salt: str = "", distance: int = 31, mirrored: bool = False) -> Split:
        """Give every picture of the set a split, such as train=0.8,val=0.1,test=0.1; those that have one keep it.

        What looks the same or was on one page stays together. Another `salt` shuffles anew.
        """
        from collector.dataset import service

        parsed = scheme_of(scheme, salt)
        with self.judging() as ledger:  # A split is for good, so that no other bytes may be dealt in a picture's name.
            return service.split_set(ledger, self.folder, parsed, distance, mirrored=mirrored)

    def export(
        self,
        format: str,
        dest: str | PathLike[str],
        *,
        split: str | None = None,
        salt: str = "",
        distance: int = 31,
        mirrored: bool = False,
        form: Form | None = None,
        choice: Choice | None = None,
        missing_ok: int = 0,
        names: str | None = None,
        push_to_hub: str | None = None,
        private: bool = False,
    ) -> Exported:
        """Write the set to `dest`, a folder or an object store (s3://bucket/set), in a format (imagefolder, coco,
        webdataset, ...) and read it back. `push_to_hub`: a dataset of the Hugging Face Hub that it becomes, too.

        `split`: a scheme; None: as the set was last split; "none": without splits. InputError when there is nothing to
        export, or `dest` holds something that is no export of ours; MissingPictures when more than `missing_ok`
        pictures are gone, unreadable or replaced by others: an older export stays then, and no split is dealt where
        that is seen beforehand. `names` is a template of file names.
        """
        from collector.api import sharing
        from collector.dataset import exporting, formats
        from collector.dataset.samples import Choice
        from collector.images.form import Form
        from collector.maintenance import altered, hands

        exporter = formats.load(format)
        if push_to_hub is not None:
            sharing.check_hub(format, push_to_hub)
        place = sharing.folder_for(str(dest), self.folder)
        whole = split == "none"
        scheme = scheme_of(split, salt) if split and not whole else None
        order = exporting.Order(
            format, place, form or Form(), choice or Choice(), scheme, whole, distance, mirrored, missing_ok,
            Names.parse(names) if names else None,
        )  # fmt: skip
        with self.writing() as ledger:
            for line in hands.told(hands.accept(ledger, self.folder, list(hands.by_hand(ledger, self.folder)))):
                self.notice(line)
            replaced = altered.leave_out(ledger, self.folder, self.notice, at_most=missing_ok)
            order = replace(order, missing_ok=missing_ok - replaced)
            plan, published = exporting.export_set(ledger, self.folder, order)
        plan = replace(plan, samples=replace(plan.samples, read=self._items))
        loading = exporter.loading(place, plan)
        if push_to_hub is not None:
            loading = f"{loading}\n{sharing.pushed(place, push_to_hub, private)}"
        if sharing.is_store(str(dest)):
            loading = sharing.sent(place, str(dest), format, loading)
        return Exported(plan, published, loading)

    def _items(self, ids: Sequence[int]) -> list[Item]:
        with self.reading() as ledger:
            return ledger.dataset.items(ids)

    def torch(
        self, split: str | None = None, *, scheme: str | None = None, transform: Callable[[Any], Any] | None = None
    ) -> PictureDataset:
        """The pictures of a split (None: of the whole set) as torch's DataLoader wants them; needs no torch.

        `scheme` says which split is meant where the folder was split in more than one way. UsageError when there is
        no such split.
        """
        from collector.dataset.classes import ordered

        with self.reading() as ledger:
            splits = _splits(ledger, split, scheme) if split is not None else None
            items = list(ledger.dataset.rows(KEPT))
            classes = ordered({item.label for item in items}, ledger.splits.class_numbers())
        indices = {label: index for index, label in enumerate(classes)}
        samples = [
            (item.file, indices[item.label]) for item in items if splits is None or splits.get(item.sha256) == split
        ]
        return PictureDataset(self.folder, samples, tuple(indices), transform)

    # ------------------------------------------------------------------ adding

    def fetch(
        self,
        *,
        on: str | None = None,
        workers: int | None = None,
        settings: Mapping[str, Value] | None = None,
        practice: bool | PracticeWeb = False,
    ) -> Crawl:
        """A run that downloads whatever is still to do, without searching; used as what `collect` returns.

        `on` ray or ray://HEAD:PORT: the machines of a Ray cluster download, with so many `workers` (None: one for each
        of their cores), and the pictures come here. local: the same without Ray.
        """
        built = options.made(self.folder, settings=settings)
        return Crawl(built, None, search=False, on=on, workers=workers, practice=practice)

    def add(self, path: str | PathLike[str], *, label: str | None = None, how: How = "copy") -> Added:
        """Take in a folder of pictures, or a manifest or map of URLs and the pictures beside it.

        `label` is the class of what names none; `how`: copy, link or move the files. What is known is passed over.
        """
        from collector.api.adding import add

        with self.writing(create=True) as ledger:
            return add(ledger, self.folder, Path(path), label, how)

    def add_urls(self, file: str | PathLike[str]) -> tuple[int, int]:
        """Enter the URLs of a saved map (urls.json, CSV, Parquet, a list); (new, all). InputError."""
        from collector.api.adding import add_urls

        return add_urls(self, Path(file))

    def frames(self, *, every: float | None = None, count: int | None = None) -> Iterator[Taken]:
        """Take stills of the saved videos as pictures: one every so many seconds, or so many of each video.

        Yields what became of each video. UsageError unless one of the two is given, and PyAV is installed.
        """
        from collector.images import video_frames
        from collector.importers.frames import take

        if (every is None) == (count is None):
            raise UsageError("frames: give either --every SECONDS or --count N")
        video_frames.require()
        with self.writing() as ledger:
            yield from take(ledger, self.folder, every or 0.0, count or 0)


def open_collection(folder: str | PathLike[str] = "images") -> Collection:
    """The collection below a folder; exported as `collector.open`. LedgerError when there is none."""
    collection = Collection(folder)
    with collection.reading():
        return collection


def _given(**values: float | None) -> dict[str, Any]:
    """Those that are not None."""
    return {name: value for name, value in values.items() if value is not None}


def _splits(ledger: Ledger, split: str, scheme: str | None) -> Mapping[str, str]:
    """sha256 -> split, of the scheme that is meant. UsageError when there is none, or more than one."""
    schemes = ledger.splits.schemes()
    if not schemes:
        raise UsageError("no picture has a split yet: `collector split train=0.8,val=0.2` gives every picture one")
    if scheme is None and len(schemes) > 1:
        raise UsageError(f"the pictures were split in several ways; say which scheme: {' | '.join(schemes)}")
    chosen = scheme if scheme is not None else schemes[0]
    if chosen not in schemes:
        raise UsageError(f"no scheme {chosen!r}; there are: {' | '.join(schemes)}")
    splits = ledger.splits.given(chosen)
    if split not in (names := set(splits.values())):
        raise UsageError(f"no split {split!r} in {chosen}; there are: {', '.join(sorted(names))}")
    return splits


def scheme_of(text: str, salt: str = "") -> Scheme:
    """A split as text. UsageError says what is wrong with it."""
    from collector.dataset.split import parse_scheme

    try:
        return parse_scheme(text, salt)
    except ValueError as error:
        raise UsageError(f"split: {error}") from None
