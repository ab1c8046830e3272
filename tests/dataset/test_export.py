"""An export is whole or not there, the same every time, and checked before it is put in place."""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image

from collector.dataset import export, formats
from collector.dataset.card import Tallies, card
from collector.dataset.export import LOCK
from collector.dataset.formats import webdataset
from collector.dataset.samples import Choice, ExportPlan, Sample
from collector.errors import InputError, MissingPictures, UsageError
from collector.images import processes
from collector.model import Licence
from tests.support.collection import Collection, drawn, encoded
from tests.support.exporting import collected, exported, form, lock_only, planned


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    with collected(tmp_path / "images") as collection:
        yield collection


def tree(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.usefixtures("pictures_in_processes")
def test_the_same_set_makes_the_same_bytes(
    collection: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "cores", lambda: 1)
    exported(collection, "imagefolder", tmp_path / "one")
    monkeypatch.setattr(processes, "cores", lambda: 2)
    exported(collection, "imagefolder", tmp_path / "two")
    assert tree(tmp_path / "one") == tree(tmp_path / "two") != {}


def test_originals_stay_as_they_are(collection: Collection, tmp_path: Path) -> None:
    before = {name: sha for name, sha in tree(collection.folder).items() if "collector" not in name}
    exported(collection, "imagefolder", tmp_path / "out", planned(collection, form=form(resize="crop", side=32)))
    assert {name: sha for name, sha in tree(collection.folder).items() if "collector" not in name} == before


def test_a_new_export_takes_the_place_of_the_old_one_whole(collection: Collection, tmp_path: Path) -> None:
    exported(collection, "imagefolder", tmp_path / "out")
    first = tree(tmp_path / "out")
    exported(collection, "imagefolder", tmp_path / "out", planned(collection, choice=Choice(max_per_class=2)))
    assert len(tree(tmp_path / "out")) < len(first)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["images", "out"]


def test_a_failure_leaves_the_old_export(collection: Collection, tmp_path: Path) -> None:
    exported(collection, "imagefolder", tmp_path / "out")
    before = tree(tmp_path / "out")

    @contextmanager
    def trouble(folder: Path, plan: ExportPlan) -> Iterator[Callable[[Sample, str], None]]:
        yield lambda sample, sha256: None
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        export.publish(planned(collection), collection.folder, tmp_path / "out", formats.load("imagefolder"), trouble)
    assert tree(tmp_path / "out") == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["images", "out"]


def test_what_is_read_back_must_be_what_was_written(collection: Collection, tmp_path: Path) -> None:
    @contextmanager
    def spoil(folder: Path, plan: ExportPlan) -> Iterator[Callable[[Sample, str], None]]:
        yield lambda sample, sha256: None
        next(path for path in sorted(folder.rglob("*.jpg"))).unlink()

    with pytest.raises(InputError, match=r"not put in place: .* are read back"):
        export.publish(planned(collection), collection.folder, tmp_path / "out", formats.load("imagefolder"), spoil)
    assert not (tmp_path / "out").exists()


def test_somebody_elses_folder_is_left_alone(collection: Collection, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="no export of collector"):
        exported(collection, "imagefolder", tmp_path / "mine")
    assert tree(tmp_path / "mine").keys() == {"thesis.txt"}


def put(collection: Collection, dest: Path, missing_ok: int) -> tuple[ExportPlan, export.Published]:
    made = planned(collection)
    exporter = formats.load("imagefolder")
    return made, export.publish(made, collection.folder, dest, exporter, lock_only, missing_ok)


@pytest.mark.parametrize("gone", ["a file", "a class", "everything", "altered"])
def test_a_good_export_is_never_replaced_by_less(collection: Collection, tmp_path: Path, gone: str) -> None:
    put(collection, tmp_path / "out", 0)
    before = tree(tmp_path / "out")
    first = next(collection.ledger.dataset.pictures())
    match gone:
        case "a file":
            (collection.folder / first.path).unlink()
        case "a class":
            (collection.folder / first.path.parent).rename(tmp_path / "away")
        case "everything":
            for place in collection.folder.iterdir():
                if place.is_dir():
                    place.rename(tmp_path / f"away {place.name}")
        case "altered":
            (collection.folder / first.path).write_bytes(encoded(drawn(9999)))
    lost = {"a file": 1, "a class": 4, "everything": 40, "altered": 1}[gone]
    with pytest.raises(MissingPictures, match=f"{lost} of 40 pictures cannot be read.*--missing-ok {lost}") as caught:
        put(collection, tmp_path / "out", lost - 1)
    assert caught.value.exit_code == 11
    assert tree(tmp_path / "out") == before
    if gone == "everything":
        with pytest.raises(MissingPictures):
            put(collection, tmp_path / "out", lost)
        assert tree(tmp_path / "out") == before
    else:
        assert put(collection, tmp_path / "out", lost)[1].pictures == 40 - lost


def test_a_file_that_is_gone_is_told_and_in_no_list(collection: Collection, tmp_path: Path) -> None:
    lost = next(collection.ledger.dataset.pictures())
    (collection.folder / lost.path).unlink()
    made, published = put(collection, tmp_path / "out", 1)
    assert [path for path, _ in published.unreadable] == [lost.path]
    assert published.pictures == len(made.samples) - 1
    assert lost.sha256[:32] not in (tmp_path / "out" / "dataset.lock").read_text()


def test_unknown_formats_are_refused_with_the_choices() -> None:
    with pytest.raises(UsageError, match="no export format 'zip'; there are: imagefolder"):
        formats.load("zip")


@pytest.mark.parametrize(
    ("resize", "size"), [("fit", (48, 32)), ("crop", (48, 48)), ("pad", (48, 48)), ("stretch", (48, 48))]
)
def test_resize_modes(collection: Collection, tmp_path: Path, resize: str, size: tuple[int, int]) -> None:
    exported(collection, "imagefolder", tmp_path / "out", planned(collection, form=form(resize=resize, side=48)))
    sizes = set()
    for path in (tmp_path / "out").rglob("*.jpg"):
        with Image.open(path) as image:
            sizes.add(image.size)
    assert sizes == {size}


def test_odd_pictures_become_upright_rgb_on_the_matte(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    hole = Image.new("LA", (60, 40), (0, 0))
    with Collection(tmp_path / "images") as collection:
        collection.add("a", encoded(drawn(1, (60, 40)), "JPEG", exif=exif, quality=90))
        collection.add("b", encoded(drawn(2, (60, 40), "CMYK"), "JPEG", quality=90))
        collection.add("c", encoded(hole, "PNG"))
        collection.add("d", encoded(drawn(4, (60, 40), "P"), "GIF"))
        collection.add("e", encoded(Image.new("I;16", (60, 40), 65535), "PNG"))
        matte = form(matte=(255, 0, 0))
        exported(collection, "imagefolder", tmp_path / "out", planned(collection, ("",), form=matte))
    seen = {}
    for path in (tmp_path / "out").rglob("*.*"):
        if path.name != "dataset.lock":
            with Image.open(path) as image:
                seen[path.parent.name] = (image.format, image.mode, image.size, image.getpixel((5, 5)))
    assert seen["a"][:3] == ("JPEG", "RGB", (40, 60))
    assert seen["b"][:3] == ("JPEG", "RGB", (60, 40))
    assert seen["c"][3][0] > 240 > 15 > seen["c"][3][1]
    assert seen["d"][:3] == ("JPEG", "RGB", (60, 40))
    assert min(seen["e"][3]) > 250


def test_the_choice_of_pictures(tmp_path: Path) -> None:
    with Collection(tmp_path / "images") as collection:
        free = collection.add("cat", drawn(1), licence=Licence("https://creativecommons.org/licenses/by-sa/4.0/"))
        collection.add("cat", drawn(2), licence=Licence("https://example.org/all-rights-reserved"))
        collection.add("cat", drawn(3, (50, 50)))
        licensed = planned(collection, ("",), choice=Choice(licences=("by-sa", "publicdomain")))
        large = planned(collection, ("",), choice=Choice(min_side=100))
        best = planned(collection, ("",), choice=Choice(max_per_class=1))
    assert [sample.item.sha256 for sample in licensed.samples] == [free.sha256]
    assert dict(licensed.left) == {"another licence, or an unknown one": 2}
    assert (len(large.samples), dict(large.left)) == (2, {"smaller than asked": 1})
    assert [sample.item.rank for sample in best.samples] == [1]


def test_texts_in_the_card_are_text_and_nothing_else(tmp_path: Path) -> None:
    with Collection(tmp_path / "images") as collection:
        collection.add("a|b", drawn(1), site="Wide & Open <script>alert(1)</script> `x` [y](z) #1")
        made = planned(collection, ("",))
    tallies = Tallies()
    for sample in made.samples:
        tallies.add(sample)
    text = card(made, tallies, [], lambda plan: [])
    assert "Wide &#38; Open &#60;script&#62;alert(1)&#60;/script&#62; &#96;x&#96; &#91;y&#93;(z) &#35;1" in text
    assert "| a&#124;b | 1 |" in text


def test_a_png_that_is_rotated_behind_its_pixels_is_upright_and_others_go_through(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    before = encoded(drawn(1, (60, 40)), "PNG", exif=exif)
    start = before.index(b"eXIf") - 4
    size = int.from_bytes(before[start : start + 4], "big") + 12
    end = before.index(b"IEND") - 4
    behind = before[:start] + before[start + size : end] + before[start : start + size] + before[end:]
    with Collection(tmp_path / "images") as collection:
        for label, body in (("before", before), ("behind", behind), ("plain", encoded(drawn(2, (60, 40)), "PNG"))):
            collection.add(label, body)
        made, _ = exported(collection, "imagefolder", tmp_path / "out", planned(collection, ("",)))
    found = {sample.labels[0]: next((tmp_path / "out" / sample.labels[0]).iterdir()) for sample in made.samples}
    for label, size_now in (("before", (40, 60)), ("behind", (40, 60)), ("plain", (60, 40))):
        with Image.open(found[label]) as image:
            assert image.size == size_now
    assert hashlib.sha256(found["plain"].read_bytes()).hexdigest()[:32] == found["plain"].stem


def moving(number: int) -> tuple[Image.Image, dict[str, object]]:
    """A first frame and the options that save it with two more."""
    first, *others = (drawn(number + place, (60, 40)) for place in range(3))
    return first, {"save_all": True, "append_images": others, "duration": 50}


@pytest.mark.parametrize("format", ["jsonl", "imagefolder", "keras", "webdataset"])
def test_animations_are_exported_whole_where_the_loader_opens_them(tmp_path: Path, format: str) -> None:
    with Collection(tmp_path / "images") as collection:
        items = {}
        for place, kind in enumerate(("GIF", "PNG", "WEBP")):
            first, options = moving(place * 10)
            items[kind] = collection.add("cat", encoded(first, kind, **options))
        collection.add("cat", drawn(99))
        whole = planned(collection, ("",), form=form(animations="whole"))
        exported(collection, format, tmp_path / "whole", whole)
        exported(collection, format, tmp_path / "first", planned(collection, ("",)))
    kept = {"jsonl": {"GIF", "PNG", "WEBP"}, "imagefolder": {"PNG", "WEBP"}, "keras": {"PNG"}, "webdataset": set()}
    for dest, untouched in (("whole", kept[format]), ("first", set())):
        sums = {line.split()[-1] for line in (tmp_path / dest / LOCK).read_text().splitlines()}
        assert {kind for kind, item in items.items() if item.sha256 in sums} == untouched


def test_originals_go_into_webdataset_as_they_came(tmp_path: Path) -> None:
    """Turned, transparent, moving, in CMYK: all but what its decoder does not open."""
    exif = Image.Exif()
    exif[0x0112] = 6
    first, options = moving(1)
    bodies = {
        "turned": encoded(drawn(1, (60, 40)), exif=exif), "clear": encoded(drawn(2, mode="RGBA"), "PNG"),
        "moves": encoded(first, "GIF", **options), "webp": encoded(drawn(3), "WEBP"), "plain": encoded(drawn(4)),
        "ink": encoded(drawn(5, mode="CMYK")), "avif": encoded(drawn(6), "AVIF"),
    }  # fmt: skip
    with Collection(tmp_path / "images") as collection:
        for label, body in bodies.items():
            collection.add(label, body)
        made = planned(collection, ("",), form=form(encoding="original"))
        exported(collection, "webdataset", tmp_path / "out", made)
    found = {}
    with tarfile.open(tmp_path / "out" / "data-000000.tar") as tar:
        labels = {sample.key: sample.labels[0] for sample in made.samples}
        for member in tar:
            key, _, kind = member.name.partition(".")
            if kind not in ("cls", "json") and (file := tar.extractfile(member)) is not None:
                found[labels[key]] = (kind, file.read() == bodies[labels[key]])
    assert found == {
        "turned": ("jpg", True), "clear": ("png", True), "moves": ("gif", True), "webp": ("webp", True),
        "plain": ("jpg", True), "ink": ("jpg", True), "avif": ("jpg", False),
    }  # fmt: skip
    loading = webdataset.loading(tmp_path / "out", made)
    assert "to_tuple('bmp;gif;jpeg;jpg;png;tif;webp', 'cls')" in loading


def test_webdataset_writes_only_those_anew_that_are_no_jpegs(collection: Collection, tmp_path: Path) -> None:
    exported(collection, "webdataset", tmp_path / "out", planned(collection, ("",)))
    formats = {row.sha256[:32]: row.format for row in collection.ledger.dataset.pictures()}
    same: dict[str, set[bool]] = {}
    with tarfile.open(tmp_path / "out" / "data-000000.tar") as tar:
        for member in tar:
            key, _, kind = member.name.partition(".")
            if kind == "jpg" and (body := tar.extractfile(member)) is not None:
                same.setdefault(formats[key], set()).add(hashlib.sha256(body.read()).hexdigest()[:32] == key)
    assert same == {"JPEG": {True}, "PNG": {False}, "WEBP": {False}}
