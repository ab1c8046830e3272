"""Pictures made of others: cut, framed, mirrored, turned; the one that shows more is kept, and no split tears them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import skimage
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

from collector.api import collection as api
from collector.dataset import copies, embeddings, service, split
from collector.images import points, same_scene
from collector.images.embed import Embedder, embedder
from collector.images.extent import Extent
from collector.images.processes import Workers
from collector.maintenance import forget
from tests.support import pictures_work
from tests.support.collection import Collection
from tests.support.command import Desk
from tests.support.tiny_models import tiny_model

DATA = Path(skimage.__file__).parent / "data"
PHOTOS = ("astronaut.png", "coffee.png", "chelsea.png", "rocket.jpg")


def photo(name: str) -> Image.Image:
    with Image.open(DATA / name) as opened:
        return opened.convert("RGB")


def cut(image: Image.Image, share: float = 0.5) -> Image.Image:
    """A part of so much of the area."""
    width, height = (int(side * share**0.5) for side in image.size)
    left, top = (image.width - width) // 2, (image.height - height) // 3
    return image.crop((left, top, left + width, top + height))


def bannered(image: Image.Image) -> Image.Image:
    image = image.copy()
    ImageDraw.Draw(image).rectangle((0, int(image.height * 0.85), *image.size), fill=(20, 20, 20))
    return image


NEITHER, FIRST, OTHER = 0, 1, 2


def compared(paths: tuple[Path, ...], store: str | None = None) -> list[int]:
    """-1 for another scene, else which of the two shows more."""
    shown = [each.times for each in same_scene.compared(paths, store)]
    return [-1 if each < 0 else FIRST if each > 1.1 else OTHER if each < 1 / 1.1 else NEITHER for each in shown]


EDITS: dict[str, tuple[Callable[[Image.Image], Image.Image], int]] = {
    "cut": (cut, FIRST),
    "framed": (lambda image: ImageOps.expand(image, image.width // 8, (255, 255, 255)), NEITHER),
    "mirrored": (ImageOps.mirror, NEITHER),
    "cut and mirrored": (lambda image: ImageOps.mirror(cut(image)), FIRST),
    "turned": (lambda image: image.rotate(10, Image.Resampling.BICUBIC), NEITHER),
    "bannered": (bannered, FIRST),
    "half as large": (lambda image: image.resize((image.width // 2, image.height // 2)), NEITHER),
    "by gamma": (lambda image: image.point([round(255 * (value / 255) ** 0.8) for value in range(256)] * 3), NEITHER),
    "more saturated": (lambda image: ImageEnhance.Color(image).enhance(1.5), NEITHER),
    "less saturated": (lambda image: ImageEnhance.Color(image).enhance(0.5), NEITHER),
}


@pytest.mark.parametrize("name", PHOTOS)
def test_edited_copies_are_proved(tmp_path: Path, name: str) -> None:
    whole, copies = DATA / name, [tmp_path / f"{edit}.bmp" for edit in EDITS]
    for copy, (change, _) in zip(copies, EDITS.values(), strict=True):
        change(photo(name)).save(copy)
    found = dict(zip(EDITS, compared((whole, *copies)), strict=True))
    assert found == {edit: shows_more for edit, (_, shows_more) in EDITS.items()}


def test_kept_points_prove_the_same_and_are_found_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (store := tmp_path / "points").mkdir()
    copy = tmp_path / "copy.bmp"
    ImageOps.mirror(cut(photo("chelsea.png"))).save(copy)
    files = (DATA / "chelsea.png", copy, DATA / "coffee.png")
    assert compared(files, str(store)) == compared(files) == [FIRST, -1]
    assert len(list(store.iterdir())) == len(files)
    points.found_points.cache_clear()
    monkeypatch.setattr(points, "_found", None)
    assert compared(files, str(store)) == [FIRST, -1]


def test_without_room_points_are_found_again(tmp_path: Path) -> None:
    files = (DATA / "chelsea.png", DATA / "coffee.png")
    points.found_points.cache_clear()
    assert compared(files, str(tmp_path / "none")) == [-1]


def test_parts_that_share_too_little_are_not_decoded_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [tmp_path / f"{name}.png" for name in ("left", "right", "most")]
    for file, (start, end) in zip(files, ((0, 300), (150, 450), (30, 330)), strict=True):
        photo("chelsea.png").crop((start, 0, end, 300)).save(file)
    found = [points.found_points(file, None)[0] for file in files]
    monkeypatch.setattr(points, "unframed", None)
    assert list(points.shared_moves(found[0], found[1])) == [], "half of each"
    moves = list(points.shared_moves(found[0], found[2]))
    assert moves, "nine tenths"
    for move, _ in moves:
        assert np.abs(move[:, :2] - np.eye(2)).max() < 0.02
        assert move[:, 2] == pytest.approx([-30 * 512 / 300, 0], abs=3)


@pytest.mark.parametrize("scale", [0.4, 1.0, 1.001, 2.5])
def test_how_much_of_the_one_that_shows_less_is_shared(scale: float) -> None:
    nothing = np.zeros((0, 2), np.float32), np.zeros((0, 32), np.uint8)
    one, other = (points.Points(Path(name), False, *nothing, (512, 384)) for name in ("one", "other"))
    smaller = min(scale, 1.0) * 512
    for share in (1.0, 0.75, 0.1):  # It juts out to the right.
        move = np.array([[scale, 0.0, 512 - share * smaller], [0.0, scale, 0.0]])
        assert points._share(one, other, move) == pytest.approx(share, abs=0.02)
    assert points._share(one, other, np.array([[scale, 0.0, 600.0], [0.0, scale, 0.0]])) == 0.0


def test_bits_apart() -> None:
    dice = np.random.default_rng(1)
    some, others = dice.integers(0, 256, (130, 32), np.uint8), dice.integers(0, 256, (70, 32), np.uint8)
    others[3] = ~some[5]
    bits = np.unpackbits(some, axis=1)[:, None] != np.unpackbits(others, axis=1)
    assert (points._bits_apart(some, others) == bits.sum(axis=2)).all()
    assert points._bits_apart(some[:0], others).shape == (0, 70)


@pytest.mark.parametrize("edit", EDITS)
def test_the_other_way_round_the_other_shows_more(tmp_path: Path, edit: str) -> None:
    change, shows_more = EDITS[edit]
    change(photo("chelsea.png")).save(tmp_path / "copy.bmp")
    assert compared((tmp_path / "copy.bmp", DATA / "chelsea.png")) == [{FIRST: OTHER, NEITHER: NEITHER}[shows_more]]


def test_copies_of_what_is_nearly_flat_all_over_are_proved(tmp_path: Path) -> None:
    """A dark wallpaper: a wide gradient with spots and, in full size, grain."""
    dice, width, height = np.random.default_rng(1), 1400, 900
    spots = Image.fromarray(dice.normal(0, 4, (height // 6, width // 6)).astype(np.float32))
    grain = np.asarray(spots.resize((width, height), Image.Resampling.BICUBIC)) + dice.normal(0, 10, (height, width))
    dark = Image.fromarray(np.clip(grain + np.linspace(20, 70, width), 0, 255).astype(np.uint8)).convert("RGB")
    files = tuple(tmp_path / f"{name}.bmp" for name in ("whole", "part", "mirrored"))
    for file, image in zip(files, (dark, cut(dark), ImageOps.mirror(dark)), strict=True):
        image.save(file)
    assert compared(files) == [FIRST, NEITHER]


def test_a_line_of_pixels_has_no_points(tmp_path: Path) -> None:
    sizes = ((5000, 1), (1, 5000), (5000, 6), (40, 5000))
    files = tuple(tmp_path / f"{width}x{height}.png" for width, height in sizes)
    for file, (width, height) in zip(files, sizes, strict=True):
        Image.effect_noise((width, height), 90).convert("RGB").save(file)
    assert compared((DATA / "chelsea.png", *files)) == [-1] * len(files)
    assert compared((files[0], *files)) == [-1] * len(files)


def test_other_pictures_are_not_the_same(tmp_path: Path) -> None:
    flat = tmp_path / "flat.png"
    Image.new("RGB", (300, 200), "white").save(flat)
    files = [*(DATA / name for name in (*PHOTOS, "brick.png", "page.png", "grass.png", "coins.png")), flat]
    for place, file in enumerate(files):
        others = (*files[:place], *files[place + 1 :])
        assert compared((file, *others)) == [-1] * len(others), file


@pytest.mark.parametrize(("share", "found"), [(0.6, -1), (0.9, NEITHER)])
def test_pictures_that_share_a_strip_are_no_copies(tmp_path: Path, share: float, found: int) -> None:
    """Neighbours of a panorama, or two pictures above one banner: the smaller one must lie in the other, nearly."""
    upper, lower = tmp_path / "upper.bmp", tmp_path / "lower.bmp"
    image = photo("chelsea.png")
    image.crop((0, 0, image.width, int(share * image.height))).save(upper)
    image.crop((0, int((1 - share) * image.height), image.width, image.height)).save(lower)
    assert compared((upper, lower)) == [found]


def test_another_color_is_another_thing(tmp_path: Path) -> None:
    files = [tmp_path / f"{name}.bmp" for name in ("plain", "other", "grey")]
    red, green, blue = photo("coffee.png").split()
    for file, image in zip(files, (photo("coffee.png"), Image.merge("RGB", (blue, green, red)), green), strict=True):
        image.save(file)
    assert compared(tuple(files)) == [-1, NEITHER], "a green apple is no copy of a red one; grey says nothing"


def test_a_grey_thing_is_no_copy_of_a_blue_one(tmp_path: Path) -> None:
    """Spots of paint of one form: only a grey that programs make of the blue is its copy."""
    blue, grey, copy = (tmp_path / f"{name}.bmp" for name in ("blue", "grey", "copy"))
    form = np.asarray(photo("coffee.png").convert("L"), np.float64)[..., None] / 255
    paint = np.array([0, 0, 120]) + form * np.array([255, 255, 135])
    Image.fromarray(paint.astype(np.uint8)).save(blue)
    Image.fromarray(np.repeat(215 + form * 40, 3, axis=2).astype(np.uint8)).save(grey)
    with Image.open(blue) as opened:
        opened.convert("L").save(copy)
    assert compared((blue, grey, copy)) == [-1, NEITHER]


FORM = (
    "Name of the applicant",
    "Street and number",
    "Town and county",
    "Born on",
    "Employer",
    "Bank",
    "Reason",
    "Signed",
)


def form(*filled: str) -> Image.Image:
    """A sheet of paper with the same lines, filled in."""
    page = Image.new("RGB", (900, 640), "white")
    draw = ImageDraw.Draw(page)
    draw.text((20, 10), "Application for a licence, form 27 b", "black", ImageFont.load_default(36))
    draw.text((20, 60), "Fill in every line. Use ink. Do not fold.", "black", ImageFont.load_default(20))
    for place, (name, words) in enumerate(zip(FORM, filled, strict=True)):
        top = 90 + 66 * place
        draw.rectangle((20, top, 880, top + 66), outline="black", width=2)
        draw.line((400, top, 400, top + 66), "black", 2)
        draw.text((40, top + 20), name, "black", ImageFont.load_default(22))
        draw.text((420, top + 20), words, (40, 40, 40), ImageFont.load_default(20))
    return page


def test_a_form_that_another_has_filled_in_is_no_copy(tmp_path: Path) -> None:
    mine = form("Ada Byron", "Mill Lane", "Kirkby", "10 May", "none", "No. 12", "travel", "A. B.")
    yours = form("Carl Gauss", "Dorset St", "London", "in 1791", "Crown", "Martin", "trade", "C. G.")
    files = tuple(tmp_path / f"{name}.jpg" for name in ("mine", "yours", "copy", "smaller"))
    for file, image in zip(files, (mine, yours, cut(mine, 0.75), mine.resize((450, 320))), strict=True):
        image.save(file, quality=80)
    assert compared(files) == [-1, FIRST, NEITHER]


@pytest.mark.parametrize("strength", [0.3, 0.5])
@pytest.mark.parametrize("name", PHOTOS)
def test_a_watermark_is_seen_through(tmp_path: Path, name: str, strength: float) -> None:
    image = photo(name)
    mask = Image.new("L", (2 * image.width, 2 * image.width), 0)
    font = ImageFont.load_default(image.width // 10)
    ImageDraw.Draw(mask).text((image.width, image.width), "© A. N. OTHER", round(255 * strength), font, "mm")
    left, top = image.width // 2, image.width - image.height // 2
    mask = mask.rotate(30).crop((left, top, left + image.width, top + image.height))
    image.paste("white", mask=mask)
    image.save(tmp_path / "marked.jpg", quality=85)
    assert compared((DATA / name, tmp_path / "marked.jpg")) == [NEITHER]


def test_a_white_thing_is_no_grey_copy_of_a_yellow_one(tmp_path: Path) -> None:
    """Its red is the other's to the level, but the pole of the flag has a color in both."""
    files = []
    for color in ("white", "yellow"):
        flag = Image.new("RGB", (400, 400), "white")
        draw = ImageDraw.Draw(flag)
        draw.line((10, 390, 150, 5), fill=(90, 50, 10), width=4)
        draw.line((150, 5, 170, 15, 240, 60, 380, 110), fill=(150, 150, 150), width=3)
        cloth = [(150, 15), (240, 60), (380, 110), (320, 280), (200, 240), (90, 190)]
        draw.polygon(cloth, fill=color, outline=(160, 160, 160), width=2)
        files.append(tmp_path / f"{color}.png")
        flag.resize((200, 200), Image.Resampling.LANCZOS).save(files[-1])
    assert compared(tuple(files)) == [-1]


def test_one_drawing_on_two_colors_is_two(tmp_path: Path) -> None:
    drawing = np.asarray(photo("coffee.png").convert("L"), np.float64)[..., None] / 255 * 60
    files = [tmp_path / f"{name}.png" for name in ("purple", "green")]
    for file, paper in zip(files, ([112, 57, 142], [47, 160, 112]), strict=True):
        Image.fromarray((np.array(paper) + drawing).astype(np.uint8)).save(file)
    assert compared(tuple(files)) == [-1]


def composed(thing: Image.Image, background: Image.Image, left: int, top: int) -> Image.Image:
    """A round part of a picture before what lies behind it."""
    mask = Image.new("L", thing.size)
    ImageDraw.Draw(mask).ellipse((2, 2, thing.width - 2, thing.height - 2), fill=255)
    image = background.copy()
    image.paste(thing, (left, top), mask)
    return image


def test_one_thing_before_two_backgrounds_is_two_pictures(tmp_path: Path) -> None:
    """What is smooth agrees with anything by its pixels: that it has another color tells."""
    thing = photo("astronaut.png").resize((300, 300))
    soft = [image.resize((512, 400)).filter(ImageFilter.GaussianBlur(40)) for image in map(photo, PHOTOS[1:3])]
    white, grey = (Image.new("RGB", (512, 400), color) for color in ("white", (120, 120, 120)))
    first, others = tmp_path / "first.png", [tmp_path / f"{number}.png" for number in range(4)]
    composed(thing, soft[0], 60, 40).save(first)
    made = [composed(thing, soft[1], 100, 60), composed(thing, soft[0], 160, 90), composed(thing, grey, 70, 50)]
    for image, other in zip([*made, cut(composed(thing, soft[0], 60, 40), 0.8)], others, strict=True):
        image.save(other)
    assert compared((first, *others)) == [-1, -1, -1, FIRST]
    composed(thing, white, 60, 40).save(first)
    assert compared((first, others[2])) == [-1]


def test_what_differs_in_the_middle_is_another_thing(tmp_path: Path) -> None:
    """Coins of one currency, the sides of one die: all but the number is the same."""
    whole, other = DATA / "astronaut.png", tmp_path / "other.bmp"
    image = photo("astronaut.png")
    image.paste(photo("chelsea.png").crop((100, 50, 250, 200)), (180, 180))
    image.save(other)
    assert compared((whole, other)) == [-1]


def test_each_likely_pair_comes_once() -> None:
    looks = np.eye(4, 8, dtype=np.float32)
    looks[1] = looks[0]
    looks[3] = (looks[2] + looks[3]) / np.sqrt(2)
    assert rounds(looks) == [[(1, 0), (3, 2)], [], [], [], []]
    assert rounds(looks[:1]) == rounds(looks[:0]) == [[]] * copies.NEAREST


def rounds(looks: NDArray[np.float32]) -> list[list[tuple[int, ...]]]:
    """What is compared in each when nothing is a copy."""
    nearest = copies.likely(looks)
    return [list(copies.in_round(nearest, rank, np.arange(len(looks)))) for rank in range(copies.NEAREST)]


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    with Collection(tmp_path / "images") as collection:
        yield collection


@pytest.fixture(scope="session")
def model() -> Embedder:
    return embedder()


def found(collection: Collection, model: Embedder) -> int:
    embeddings.embed_set(collection.ledger, collection.folder, model)
    return copies.find_copies(collection.ledger, collection.folder, model).pairs


def test_the_whole_is_kept_and_splits_hold_together(collection: Collection, model: Embedder) -> None:
    part = collection.add("cat", cut(photo("chelsea.png")))
    whole = collection.add("cat", photo("chelsea.png"))
    turned = collection.add("cup", ImageOps.mirror(photo("coffee.png")))
    plain = collection.add("cup", photo("coffee.png"))
    collection.add("man", photo("astronaut.png"))
    before = service.dedupe_set(collection.ledger, collection.folder, 31, "list")
    assert before.groups == 0, "no hash sees them"
    assert found(collection, model) == 2
    done = service.dedupe_set(collection.ledger, collection.folder, 31, "list")
    kept = {verdict.sha256: verdict.kept for verdict in done.verdicts}
    assert kept == {part.sha256: whole.sha256, plain.sha256: turned.sha256}, "the whole; else the better rank"
    assert {verdict.detail for verdict in done.verdicts} == {"made of the same picture (matching points)"}
    collection.ledger.dataset.decide(("set.near_duplicate",), ())
    service.split_set(collection.ledger, collection.folder, split.parse_scheme("train=0.5,test=0.5"), 31)
    given = collection.ledger.splits.given("train=0.5,test=0.5")
    assert given[part.sha256] == given[whole.sha256]
    assert given[plain.sha256] == given[turned.sha256]


def test_a_cut_under_another_label_is_a_conflict(collection: Collection, model: Embedder) -> None:
    collection.add("cat", photo("chelsea.png"))
    collection.add("tiger", cut(photo("chelsea.png")))
    found(collection, model)
    done = service.dedupe_set(collection.ledger, collection.folder, 31, "list")
    assert [group.labels for group in done.conflicts] == [("cat", "tiger")]


def test_a_small_whole_does_not_take_the_place_of_a_large_part(collection: Collection, model: Embedder) -> None:
    collection.add("cat", cut(photo("chelsea.png"), 0.6))
    collection.add("cat", photo("chelsea.png").resize((225, 150)))
    (left := collection.folder / ".collector-points.part").mkdir()
    (left / "of-a-killed-run").touch()
    found(collection, model)
    assert not left.exists(), "points are kept no longer than they are asked for"
    assert [whole for _, _, whole in collection.ledger.alike.copies()] == [0]


def test_a_forgotten_picture_is_in_no_pair(collection: Collection, model: Embedder) -> None:
    collection.add("cat", photo("chelsea.png"))
    part = collection.add("cat", cut(photo("chelsea.png")))
    found(collection, model)
    forget.forget(collection.ledger, collection.folder, forget.Wanted({part.sha256: part.file}), lambda *_: None)
    assert collection.ledger.alike.copies() == []
    assert found(collection, model) == 0


def test_a_lost_file_costs_its_own_pairs_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All are candidates of each other, so that they are compared in one call."""
    monkeypatch.setattr(copies, "LIKELY", -1.0)
    notices: list[str] = []
    with Collection(tmp_path / "images") as collection:
        lost = [collection.add("cat", photo("chelsea.png")).file]
        collection.add("cat", cut(photo("chelsea.png")))
        collection.add("cat", ImageOps.mirror(photo("chelsea.png")))
        lost.append(collection.add("cat", photo("coffee.png")).file)
    opened = api.Collection(collection.folder, notices.append)
    opened.dedupe(edited=True)
    with opened.reading() as ledger:
        assert len(ledger.alike.copies()) == 2, "enough to join three"
    assert notices == []
    files = [collection.folder.absolute() / file for file in lost]
    for file in files:
        file.unlink()
    points.found_points.cache_clear()
    points.unframed.cache_clear()
    opened.dedupe(edited=True)
    with opened.reading() as ledger:
        assert len(ledger.alike.copies()) == 1, "the part and the mirror image"
    told = "cannot be compared, so that edited copies may be missed: "
    [notice] = [each for each in notices if each.startswith(told)]
    assert all(f"{file} (No such file" in notice for file in files)


def test_those_of_one_group_are_not_compared_again() -> None:
    nearest = np.array([[1, 2], [0, 2], [1, 0], [1, -1]], np.int32)
    alone = np.arange(4)
    assert list(copies.in_round(nearest, 0, alone)) == [(1, 0, 2, 3)], "each with its nearest, those of one together"
    assert list(copies.in_round(nearest, 1, alone)) == [(2, 0)], "1 and 2 have met"
    assert list(copies.in_round(nearest, 1, np.array([0, 1, 0, 3]))) == []


def test_how_much_each_shows_follows_from_pair_to_pair() -> None:
    chain = [(0, 1, Extent(1.07)), (2, 1, Extent(1 / 1.07)), (3, 4, Extent(0.5))]
    assert list(copies._parts(chain, [9] * 5)) == [(2, 0), (3, 4)], "of 1 there is too little less to see"
    assert list(copies._parts(chain, [80, 90, 90, 90, 80])) == [], "what shows most has fewer pixels"
    twice = [(0, 1, Extent(2.0)), (1, 2, Extent(2.0))]
    assert list(copies._parts(twice, [8, 9, 9])) == [(2, 1)]
    assert list(copies._parts(twice, [9, 9, 9])) == [(1, 0), (2, 0)]


def test_what_was_put_around_a_picture_makes_it_no_whole() -> None:
    framed = [(0, 1, Extent(1.0, 0.7, 1.0))]
    assert list(copies._parts(framed, [100, 70])) == [(0, 1)], "as many pixels of the scene"
    assert list(copies._parts(framed, [100, 20])) == [], "a thumbnail of it"
    assert list(copies._parts([(0, 1, Extent(1.0, 0.7, 0.7))], [100, 100])) == []


def test_a_collage_stays_with_the_picture_that_it_shows_most_of() -> None:
    copy, left, right = (0, 1, Extent(1.0)), (2, 0, Extent(1.0, 0.4, 1.0)), (3, 2, Extent(1.0, 1.0, 0.5))
    assert copies._without_bridges([copy, left, right]) == [copy, right]


def test_two_files_that_fail_together_cost_their_pair_alone() -> None:
    files, lost = [Path("one"), Path("two"), Path("not with one"), Path("three")], dict[str, str]()
    with Workers(pictures_work.compared, "") as workers:
        assert list(copies._compared(files, [(0, 1, 2, 3)], workers, lost)) == [
            (0, 1, Extent(1.0)),
            (0, 3, Extent(1.0)),
        ]
    assert lost == {"one with not with one": "told"}


def test_the_nearest_are_the_same_in_any_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = np.random.default_rng(5).standard_normal((50, 4)).astype(np.float32)
    looks /= np.linalg.norm(looks, axis=1, keepdims=True)
    cosines = looks @ looks.T - 2 * np.eye(50)
    nearest = np.argsort(-cosines, axis=1)[:, : copies.NEAREST]
    wanted = {tuple(sorted((one, int(other)))) for one in range(50) for other in nearest[one]
              if cosines[one, other] >= copies.LIKELY}  # fmt: skip
    for chunk in (50, 7, 1):
        monkeypatch.setattr(copies, "_CHUNK", chunk)
        found = [task for tasks in rounds(looks) for task in tasks]
        pairs = [tuple(sorted((one, other))) for one, *others in found for other in others]
        assert len(pairs) == len(set(pairs))
        assert set(pairs) == wanted


def test_the_flag(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk", workers=False)
    with Collection(desk.images) as collection:
        collection.add("cat", photo("chelsea.png"))
        collection.add("cat", cut(photo("chelsea.png")))
    assert "0 groups of pictures that look the same" in desk.run("dedupe").out
    done = desk.run("dedupe", "--edited")
    assert done.code == 0, done.err
    assert "1 group of pictures that look the same: 1 left out as near-duplicates" in done.out
    assert "1 group of pictures" in desk.run("dedupe").out, "it is kept"


def test_candidates_by_the_model_that_the_docs_tell_how_to_make(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk", workers=False)
    with Collection(desk.images) as collection:
        collection.add("cat", photo("chelsea.png"))
        collection.add("cat", cut(photo("chelsea.png")))
        collection.add("coffee", photo("coffee.png"))
    desk.environment |= {"COLLECTOR_CACHE": str(tmp_path / "cache")}
    done = desk.run("dedupe", "--edited", "--model", "sscd")
    assert (done.code, done.out) == (4, "")
    assert done.err.endswith(f"how to make it in {tmp_path / 'cache' / 'models' / 'sscd'}\n")
    tiny_model(tmp_path / "cache" / "models" / "sscd", layout="sscd")
    done = desk.run("dedupe", "--edited", "--model", "sscd")
    assert done.code == 0, done.err
    assert "3 pictures, 1 group of pictures that look the same: 1 left out as near-duplicates" in done.out
    assert [path.name for path in desk.images.glob("*.vectors")] == ["collector.sscd.vectors"]
