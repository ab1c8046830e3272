"""Pictures that have much in common and are no copies of each other: what a proof of copies must not fall for."""

from __future__ import annotations

import html
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import matplotlib as mpl
import numpy as np
import skimage
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

from collector.images.pixels import upright

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

MOST = 40
"""Pictures of a kind: 780 pairs."""
SIDE = 900
DOCS = Path(__file__).resolve().parents[1] / "docs"
SANS = Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans-Bold.ttf"

Kind = Callable[[list[Path]], Iterator[Image.Image]]


def pictures(paths: list[Path]) -> Iterator[Image.Image]:
    """Of moderate size, as they are."""
    for path in paths[:MOST]:
        image = upright(path)
        image.thumbnail((SIDE, SIDE))
        yield image


def bannered(paths: list[Path], share: float) -> Iterator[Image.Image]:
    """The same advertisement over the lower part."""
    for image in pictures(paths):
        width, height = image.size
        top = round(height * (1 - share))
        banner = Image.new("RGB", (width, height - top), (20, 40, 110))
        _text(banner, "www.example.com", 0.05, 0.1, 0.4)
        _text(banner, "SALE  -50 %  only today  call 0800 123 456", 0.05, 0.6, 0.25)
        image.paste(banner, (0, top))
        yield image


def framed(paths: list[Path]) -> Iterator[Image.Image]:
    """The same ornate frame around pictures of one size."""
    dice = np.random.default_rng(1)
    tiles = dice.integers(60, 255, (8, 8, 3), np.uint8)
    gold = Image.fromarray(np.kron(np.tile(tiles, (15, 15, 1)), np.ones((8, 8, 1), np.uint8))).resize((SIDE, SIDE))
    for image in pictures(paths):
        frame = gold.copy()
        inner = ImageOps.fit(image, (round(SIDE * 0.8), round(SIDE * 0.8)))
        frame.paste(inner, (round(SIDE * 0.1), round(SIDE * 0.1)))
        yield frame


def covers(paths: list[Path]) -> Iterator[Image.Image]:
    """A magazine: the same red frame, title and small print, another picture and headline."""
    for number, image in enumerate(pictures(paths)):
        cover = Image.new("RGB", (680, SIDE), (200, 20, 30))
        cover.paste(ImageOps.fit(image, (640, SIDE - 40)), (20, 20))
        _text(cover, "GAZETTE", 0.1, 0.04, 0.14)
        _text(cover, "THE WEEKLY NEWSMAGAZINE   PRICE 4.99", 0.1, 0.2, 0.022)
        _text(cover, f"Story of the week: number {number}", 0.1, 0.85, 0.035)
        yield cover


def watermarked(paths: list[Path], strength: float) -> Iterator[Image.Image]:
    """An agency's name all over."""
    for image in pictures(paths):
        layer = Image.new("RGB", image.size, (255, 255, 255))
        mask = Image.new("L", image.size, 0)
        for row in range(6):
            for column in range(3):
                _text(mask, "picture agency", column / 3 + 0.02 * row, row / 6 + 0.04, 0.05, round(255 * strength))
        image.paste(layer, mask=mask)
        yield image


def marked(paths: list[Path], share: float, place: tuple[float, float]) -> Iterator[Image.Image]:
    """The same logo at the same place."""
    with Image.open(Path(skimage.__file__).parent / "data" / "logo.png") as opened:
        logo = opened.convert("RGBA")
    for image in pictures(paths):
        side = round(share * min(image.size))
        small = logo.resize((side, side))
        left, top = (round(part * (full - side)) for part, full in zip(place, image.size, strict=True))
        image.paste(small, (left, top), small)
        yield image


def tiles(paths: list[Path]) -> Iterator[Image.Image]:
    """Neighbouring parts of one picture that have no pixel in common, as frames of a moving camera: four of each."""
    for path in paths[: MOST // 4]:
        image = upright(path)
        image.thumbnail((1600, 1600))
        width, height = (side // 2 for side in image.size)
        for left, top in ((0, 0), (width, 0), (0, height), (width, height)):
            yield image.crop((left, top, left + width, top + height))


def textures(_: list[Path]) -> Iterator[Image.Image]:
    """Nine parts each of brick, grass and gravel that have no pixel in common."""
    for name in ("brick.png", "grass.png", "gravel.png"):
        image = upright(Path(skimage.__file__).parent / "data" / name)
        side = image.width // 3
        for place in range(9):
            left, top = place % 3 * side, place // 3 * side
            yield image.crop((left, top, left + side, top + side)).resize((2 * side, 2 * side))


def patterns(_: list[Path]) -> Iterator[Image.Image]:
    """Wallpapers: a motif that repeats, another one in the same grid and colors."""
    for number in range(MOST // 2):
        dice = np.random.default_rng(number)
        motif = dice.integers(0, 2, (6, 6), np.uint8)
        motif = np.hstack([motif, motif[:, ::-1]])
        whole = np.kron(np.tile(np.vstack([motif, motif[::-1]]), (5, 5)), np.ones((14, 14), np.uint8))
        yield Image.fromarray(np.where(whole[..., None] > 0, [[[40, 70, 120]]], [[[225, 215, 190]]]).astype(np.uint8))


def charts(_: list[Path], kind: str) -> Iterator[Image.Image]:
    """Other figures in the same axes."""
    for number in range(MOST // 2):
        dice = np.random.default_rng(number)
        figure, axes = plt.subplots(figsize=(8, 6), dpi=100)
        if kind == "lines":
            for name in ("north", "south"):
                axes.plot(range(2000, 2025), 50 + dice.normal(0, 6, 25).cumsum().clip(-45, 45), label=name)
            axes.set(xlim=(2000, 2024), ylim=(0, 100))
            axes.legend(loc="upper left")
        elif kind == "bars":
            axes.bar(["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul"], dice.uniform(10, 95, 7))
            axes.set(ylim=(0, 100))
        else:
            axes.imshow(dice.uniform(0, 1, (8, 8)), cmap="viridis", vmin=0, vmax=1)
        axes.set(title="Revenue by region, in millions", xlabel="year", ylabel="share")
        axes.grid(kind == "lines")
        yield _figure(figure)


def maps(_: list[Path]) -> Iterator[Image.Image]:
    """The same districts, colored by other figures."""
    from matplotlib.collections import PolyCollection
    from scipy.spatial import Voronoi

    seeds = Voronoi(np.random.default_rng(0).uniform(0, 1, (120, 2)))
    districts = [seeds.vertices[region] for region in seeds.regions if region and -1 not in region]
    for number in range(MOST // 2):
        figure, axes = plt.subplots(figsize=(8, 7), dpi=100)
        shown = PolyCollection(districts, edgecolors="white", cmap="YlOrRd")
        shown.set_array(np.random.default_rng(number).uniform(0, 1, len(districts)))
        axes.add_collection(shown)
        axes.set(xlim=(0, 1), ylim=(0, 1), title="Share of the vote by district")
        axes.axis("off")
        figure.colorbar(shown)
        yield _figure(figure)


STYLE = """body{margin:0;font:16px DejaVu Sans;width:1000px}nav{background:#e8eef3;padding:10px 30px}
header{background:#1b3a57;color:#fff;padding:14px 30px;font-size:26px}nav b{margin-right:26px}
aside{float:right;width:230px;background:#f6f6f6;padding:16px;font-size:13px;height:420px}
main{margin:18px 290px 0 30px;height:410px;overflow:hidden;line-height:1.4}img{margin-right:12px}
footer{clear:both;background:#333;color:#ccc;padding:18px 30px;font-size:13px}"""
HEAD = "<header>The Daily Example</header><nav><b>Home</b><b>World</b><b>Business</b><b>Sport</b><b>Culture</b></nav>"
FOOT = "<footer>About us · Terms of use · Privacy · Imprint · © The Daily Example</footer>"
ASIDE = "".join(
    f"<p>{line}</p>" for line in ("Most read", "Weather: 14 degrees", "Subscribe to our letter", "Jobs", "Contact")
)


def screenshots(paths: list[Path], folder: Path) -> Iterator[Image.Image]:
    """Pages of one site: the same head, bars and foot, another article and picture."""
    words = _words()
    for number, path in enumerate(paths[: MOST // 2]):
        image = upright(path)
        image.thumbnail((300, 220))
        image.save(folder / "shown.png")
        text = html.escape(" ".join(words[number * 150 : number * 150 + 150]))
        body = f"<h2>{text[:60]}</h2><img src=shown.png align=left><p>{text}</p>"
        yield _rendered(f"{HEAD}<aside>{ASIDE}</aside><main>{body}</main>{FOOT}", folder)


def documents(_: list[Path], folder: Path) -> Iterator[Image.Image]:
    """Pages of one book: text in the same type, with the same head."""
    words = _words()
    for number in range(MOST // 2):
        text = html.escape(" ".join(words[number * 260 : number * 260 + 260]))
        yield _rendered(
            f"<div style='padding:40px 90px;font:19px DejaVu Serif;text-align:justify;height:560px'>"
            f"<center><i>A Book of Examples</i></center><p>{text}</p></div>", folder
        )  # fmt: skip


def forms(_: list[Path], folder: Path) -> Iterator[Image.Image]:
    """The same form, filled in by other people."""
    words = [word for word in _words() if word.isalpha()]
    for number in range(MOST // 2):
        filled = words[number * 24 : number * 24 + 24]
        rows = "".join(
            f"<tr><td><b>{name}</b></td><td><i>{' '.join(filled[place * 3 : place * 3 + 3])}</i></td></tr>"
            for place, name in enumerate(("Name", "Street", "Town", "Born", "Employer", "Bank", "Reason", "Signed"))
        )
        yield _rendered(
            f"<div style='padding:30px 60px'><h2>Application for a licence, form 27 b</h2><p>Fill in every line.</p>"
            f"<table border=1 cellpadding=12 width=860 style='border-collapse:collapse'>{rows}</table></div>", folder
        )  # fmt: skip


def signs(_: list[Path]) -> Iterator[Image.Image]:
    """Road signs with another number."""
    for number in range(5, 5 + 5 * (MOST // 2), 5):
        sign = Image.new("RGB", (600, 600), (120, 160, 200))
        draw = ImageDraw.Draw(sign)
        draw.rectangle((285, 500, 315, 600), fill=(110, 110, 110))
        draw.ellipse((60, 30, 540, 510), fill=(200, 20, 30))
        draw.ellipse((125, 95, 475, 445), fill="white")
        draw.text((300, 270), str(number), "black", ImageFont.truetype(SANS, 170), anchor="mm")
        yield sign


def recolored(paths: list[Path]) -> Iterator[Image.Image]:
    """The same product in another color, from pictures on white: shirts of a shop."""
    for path in paths[: MOST // 4]:
        image = upright(path)
        image.thumbnail((SIDE, SIDE))
        hue, *rest = image.convert("HSV").split()
        for turn in (0, 60, 120, 180):
            turned = hue.point(lambda value, turn=turn: (value + turn) % 256)
            yield Image.merge("HSV", (turned, *rest)).convert("RGB")


def composed(paths: list[Path]) -> Iterator[Image.Image]:
    """Five things, each before eight soft backgrounds, at other places and in other sizes."""
    dice = np.random.default_rng(8)
    for thing in paths[:5]:
        for behind in paths[5:13]:
            side = int(dice.integers(220, 360))
            image = upright(behind).resize((640, 480)).filter(ImageFilter.GaussianBlur(40))
            cut_out = upright(thing).resize((side, side))
            mask = Image.new("L", (side, side))
            ImageDraw.Draw(mask).ellipse((2, 2, side - 2, side - 2), fill=255)
            image.paste(cut_out, (int(dice.integers(0, 640 - side)), int(dice.integers(0, 480 - side))), mask)
            yield image


def _words() -> list[str]:
    return " ".join(page.read_text("utf-8") for page in sorted(DOCS.glob("*.md"))).split()


def _rendered(body: str, folder: Path) -> Image.Image:
    (folder / "page.html").write_text(f"<meta charset=utf-8><style>{STYLE}</style>{body}", "utf-8")
    subprocess.run(
        ["chromium", "--headless=new", "--no-sandbox", "--hide-scrollbars", f"--user-data-dir={folder / 'profile'}",
         "--window-size=1000,640", f"--screenshot={folder / 'page.png'}", (folder / "page.html").as_uri()],
        check=True, capture_output=True,
    )  # fmt: skip
    return upright(folder / "page.png")


def _figure(figure: Figure) -> Image.Image:
    figure.canvas.draw()
    image = Image.fromarray(np.asarray(figure.canvas.buffer_rgba())[..., :3].copy())
    plt.close(figure)
    return image


def _text(image: Image.Image, text: str, left: float, top: float, high: float, fill: int | str = "white") -> None:
    """Places and height as shares of the picture's."""
    ImageDraw.Draw(image).text(
        (left * image.width, top * image.height),
        text,
        fill,
        ImageFont.truetype(SANS, max(8, round(high * image.height))),
    )


def kinds(folder: Path) -> dict[str, Kind]:
    """Name -> what makes them; `folder` is for what is made on the way."""
    return {
        "as they are": pictures,
        "banner of 15 %": partial(bannered, share=0.15),
        "banner of 30 %": partial(bannered, share=0.3),
        "ornate frame of 10 %": framed,
        "magazine covers": covers,
        "watermark, strength 0.3": partial(watermarked, strength=0.3),
        "watermark, strength 0.7": partial(watermarked, strength=0.7),
        "logo of 25 % in a corner": partial(marked, share=0.25, place=(0.97, 0.97)),
        "logo of 40 % in the middle": partial(marked, share=0.4, place=(0.5, 0.5)),
        "neighbouring tiles": tiles,
        "textures": textures,
        "patterns": patterns,
        "line charts": partial(charts, kind="lines"),
        "bar charts": partial(charts, kind="bars"),
        "heat maps": partial(charts, kind="cells"),
        "maps of the same districts": maps,
        "screenshots of one site": partial(screenshots, folder=folder),
        "pages of one book": partial(documents, folder=folder),
        "one form, filled in": partial(forms, folder=folder),
        "road signs": signs,
        "one product, four colors": recolored,
        "one thing before soft backgrounds": composed,
    }
