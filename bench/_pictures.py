"""Pictures that are like photographs in what perceptual hashes see, and the edits that copies on the web have.

Drawn by the dead leaves model: discs, boxes and polygons of power-law sizes that cover each other, which has the edges
and the spectrum of natural scenes (Lee, Mumford, Huang: "Occlusion Models for Natural Images", 2001), under uneven
light, with grain. One in six is a thing on white ground as shops show it, one in twelve a page of text: distinct
pictures that hashes find hard to tell apart.
"""

from __future__ import annotations

import io
import math
import random
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

WORDS = ("light", "paper", "river", "stone", "winter", "market", "garden", "letter", "number", "colour", "morning")


def size(chance: random.Random) -> tuple[int, int]:
    """Width and height as on the web: log-normal, median 0.3 megapixels, mean 0.6, at most 13."""
    pixels = min(max(60e3 * math.exp(chance.gauss(0, math.sqrt(2 * math.log(2)))), 4e3), 2.5e6) / 0.19
    width = int(min(max(math.sqrt(pixels * chance.uniform(0.75, 1.9)), 64), 4700))
    return width, int(min(max(pixels / width, 64), 4700))


def draw(seed: int, size: tuple[int, int]) -> Image.Image:
    """The picture of a number."""
    chance = random.Random(f"picture {seed}")
    kind = seed % 12
    if kind == 5:
        return _page(chance, size)
    image = Image.new("RGB", size, "white" if kind in (3, 9) else _colour(chance, chance.randrange(256)))
    _leaves(image, chance, inside=kind in (3, 9))
    return image if kind in (3, 9) else _lit(image, chance)


def encoded(image: Image.Image, format: str = "JPEG", quality: int = 85) -> bytes:
    """The bytes of a file."""
    out = io.BytesIO()
    image.save(out, format, quality=quality)
    return out.getvalue()


def _leaves(image: Image.Image, chance: random.Random, inside: bool) -> None:
    """Shapes over each other; `inside`: one heap in the middle, with white around it."""
    draw = ImageDraw.Draw(image)
    width, height = image.size
    side = min(width, height)
    hue = chance.randrange(256)
    small, large = 0.02, 0.3 if inside else 0.6
    leaves = 40 if inside else 260
    for leaf in range(leaves):
        # Radii with density r^-3 between the smallest and the largest, by inverting the distribution; large ones first,
        # so that they cover the ground.
        u = chance.random() * min(1.0, 0.0008 + (leaf / leaves) ** 3)
        r = side / math.sqrt(u / small**2 + (1 - u) / large**2)
        spread = 0.14 if inside else 0.55
        x, y = width * chance.uniform(0.5 - spread, 0.5 + spread), height * chance.uniform(0.5 - spread, 0.5 + spread)
        colour = _colour(chance, hue)
        shape, stretch = chance.randrange(3), chance.uniform(0.4, 1)
        if shape == 0:
            draw.ellipse([x - r, y - r * stretch, x + r, y + r * stretch], fill=colour)
        else:
            corners, turn = (4, 3, 5, 6)[chance.randrange(4)], chance.uniform(0, 7)
            angles = [turn + 6.2832 * corner / corners for corner in range(corners)]
            draw.polygon([(x + r * math.cos(a), y + r * stretch * math.sin(a)) for a in angles], fill=colour)


def _colour(chance: random.Random, hue: int) -> tuple[int, int, int]:
    """Near one of the picture's two hues; light or dark as chance has it."""
    near = int(hue + chance.gauss(0, 18) + (96 if chance.random() < 0.25 else 0)) % 256
    value = (near, int(min(255, abs(chance.gauss(90, 60)))), chance.randrange(15, 250))
    red, green, blue = Image.new("HSV", (1, 1), value).convert("RGB").getpixel((0, 0))  # type: ignore[misc]
    return int(red), int(green), int(blue)


def _lit(image: Image.Image, chance: random.Random) -> Image.Image:
    """Light from one side, and grain."""
    light = Image.new("L", (2, 2))
    light.putdata([chance.randrange(70, 256) for _ in range(4)])
    shade = light.resize(image.size, Image.Resampling.BICUBIC)
    lit = Image.composite(image, ImageEnhance.Brightness(image).enhance(0.35), shade)
    grain = Image.effect_noise(((image.width + 1) // 2, (image.height + 1) // 2), 40).resize(image.size)
    return Image.blend(lit, Image.merge("RGB", (grain, grain, grain)), 0.10)


def _page(chance: random.Random, size: tuple[int, int]) -> Image.Image:
    image = Image.new("RGB", size, "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(max(9, size[1] // 22))
    step = max(11, size[1] // 15)
    for line in range(1, 14):
        text = " ".join(chance.choice(WORDS) for _ in range(chance.randrange(2, 9)))
        if chance.random() > 0.2:
            draw.text((size[0] // 12, line * step), text, fill=(20, 20, 30), font=font)
    return image


# ------------------------------------------------------------------ edits


def _cropped(image: Image.Image, share: float) -> Image.Image:
    """So much less of width and height, off the left and the top more than off the others."""
    x, y = image.width * share, image.height * share
    return image.crop((round(x * 0.7), round(y * 0.7), round(image.width - x * 0.3), round(image.height - y * 0.3)))


def _scaled(image: Image.Image, scale: float) -> Image.Image:
    return image.resize((max(1, round(image.width * scale)), max(1, round(image.height * scale))))


def _marked(image: Image.Image) -> Image.Image:
    """A large half-transparent word across the middle."""
    layer = Image.new("RGBA", image.size, (0, 0, 0, 0))
    font = ImageFont.load_default(image.width // 7)
    draw = ImageDraw.Draw(layer)
    draw.text((image.width // 2, image.height // 2), "SAMPLE", fill=(255, 255, 255, 110), font=font, anchor="mm")
    return Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB")


def _signed(image: Image.Image) -> Image.Image:
    """A small word in the corner."""
    copy = image.copy()
    font = ImageFont.load_default(max(9, image.width // 24))
    ImageDraw.Draw(copy).text((image.width - 8, image.height - 8), "example.com", fill="white", font=font, anchor="rs")
    return copy


def _bordered(image: Image.Image) -> Image.Image:
    return ImageOps.expand(image, round(min(image.size) * 0.05), "white")


Edit = Callable[[Image.Image], bytes]


def _edit(change: Callable[[Image.Image], Image.Image], format: str = "JPEG", quality: int = 85) -> Edit:
    return lambda image: encoded(change(image), format, quality)


def _same(image: Image.Image) -> Image.Image:
    return image


EDITS: dict[str, Edit] = {
    **{f"resize {scale}x": _edit(partial(_scaled, scale=scale)) for scale in (0.25, 0.5, 0.75, 1.5, 2)},
    **{f"JPEG q{quality}": _edit(_same, quality=quality) for quality in (30, 50, 90)},
    "WebP q75": _edit(_same, "WEBP", 75),
    "watermark, large": _edit(_marked),
    "signature, small": _edit(_signed),
    "border 5 %": _edit(_bordered),
    "blur": _edit(lambda image: image.filter(ImageFilter.GaussianBlur(2))),
    "brighter by 30 %": _edit(lambda image: ImageEnhance.Brightness(image).enhance(1.3)),
    "darker by 30 %": _edit(lambda image: ImageEnhance.Brightness(image).enhance(0.7)),
    "grey": _edit(lambda image: image.convert("L")),
    "crop 5 %": _edit(partial(_cropped, share=0.05)),
    "crop 10 %": _edit(partial(_cropped, share=0.10)),
    "crop 15 %": _edit(partial(_cropped, share=0.15)),
    "mirrored": _edit(ImageOps.mirror),
}
"""Name -> what it makes of a picture, as the bytes of a file."""


# ------------------------------------------------------------------ folders of files, made once


def _web(folder: Path, number: int) -> None:
    """Nine in ten are JPEGs; one in seven is a smaller copy of the one seven before it."""
    chance = random.Random(f"file {number}")
    copy = number % 7 == 6 and number > 7
    seed = number - 5 if copy else number
    image = draw(seed, size(random.Random(f"size {seed}")))
    if copy:
        image = _scaled(image, chance.uniform(0.4, 0.95))
    format = chance.choices(("JPEG", "PNG", "WEBP"), (90, 5, 5))[0]
    suffix = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp"}[format]
    place = folder / f"class {number % 100:02}"
    (place / f"{number:06}.{suffix}").write_bytes(encoded(image, format, chance.randrange(65, 93)))


def web_files(folder: Path, count: int) -> Path:
    """A folder with so many files as the web has them, in a hundred classes."""
    place = folder / f"web-{count}"
    if not (place / "ready").exists():
        print(f"drawing {count:,} pictures in {place} ...", flush=True)
        for number in range(100):
            (place / f"class {number:02}").mkdir(parents=True, exist_ok=True)
        _everywhere(partial(_web, place), count)
        (place / "ready").touch()
    return place


Original = Callable[[int], Image.Image]
"""The picture of a number."""


def drawn(number: int) -> Image.Image:
    """A picture of the model above."""
    chance = random.Random(f"edited {number}")
    width = chance.randrange(420, 760)
    return draw(1_000_000 + number, (width, int(width * chance.uniform(0.6, 1.3))))


def photograph(paths: list[Path], number: int) -> Image.Image:
    """One of these files, on white where it is transparent, at most so large as pictures of the web are."""
    with Image.open(paths[number]) as image:
        image.draft("RGB", (2 * PHOTOGRAPH, 2 * PHOTOGRAPH))
        clear = image.convert("RGBA")
    clear.thumbnail((PHOTOGRAPH, PHOTOGRAPH))
    return Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear).convert("RGB")


PHOTOGRAPH = 1024
"""Pixels of the long side that photographs are reduced to."""


def photographs(roots: list[Path], pattern: str, side: int) -> list[Path]:
    """Files of at least so many pixels on their short side, each picture once: others of the same look are left out."""
    found: list[Path] = []
    seen: list[bytes] = []
    for path in (path for root in roots for path in sorted(root.rglob(pattern)) if not path.is_symlink()):
        with Image.open(path) as image:
            if min(image.size) < side or path.stem.endswith(("screenshot", "_mirror", "_flip")):
                continue
        cells = photograph([path], 0).convert("L").resize((12, 12), Image.Resampling.BOX).tobytes()
        if all(sum(abs(a - b) for a, b in zip(cells, other, strict=True)) > 144 * 6 for other in seen):
            seen.append(cells)
            found.append(path)
    return found


def _edited(folder: Path, original: Original, number: int) -> None:
    image = original(number)
    (folder / "original" / f"{number:05}.png").write_bytes(encoded(image, "PNG"))
    for name, edit in EDITS.items():
        (folder / name / f"{number:05}.bin").write_bytes(edit(image))


def edited_files(place: Path, count: int, original: Original = drawn) -> Path:
    """Originals, and a folder of copies for each edit."""
    if not (place / "ready").exists():
        print(f"making {count:,} originals and {count * len(EDITS):,} copies in {place} ...", flush=True)
        for name in ("original", *EDITS):
            (place / name).mkdir(parents=True, exist_ok=True)
        _everywhere(partial(_edited, place, original), count)
        (place / "ready").touch()
    return place


def _everywhere(work: Callable[[int], Any], count: int) -> None:
    with ProcessPoolExecutor() as pool:
        for _ in pool.map(work, range(count), chunksize=20):
            pass
