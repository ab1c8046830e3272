"""The hand behind the pictures: shapes, textures and light on a canvas. No encoding, no numbers of formats."""

from __future__ import annotations

import colorsys
import math
import random
from collections.abc import Callable
from functools import cache

import numpy as np
from PIL import Image, ImageChops, ImageDraw

Colour = tuple[int, int, int]
_WORK_SIDE = 900
"""Larger canvases are drawn at this size and enlarged: four times cheaper, and noise covers it."""

_HUES = {"red": 0.0, "orange": 0.08, "yellow": 0.15, "green": 0.33, "teal": 0.48, "blue": 0.6, "purple": 0.77,
         "pink": 0.9, "brown": 0.07}  # fmt: skip
_GREYS = {"black": 0.08, "gray": 0.5, "white": 0.95}

# Outline of each shape: angle in radians -> radius, about 0 to 1.
_OUTLINES: dict[str, Callable[[float], float]] = {
    "disc": lambda _: 0.85,
    "ellipse": lambda a: 0.45 / math.hypot(0.45 * math.cos(a), math.sin(a)),
    "square": lambda a: 0.75 / max(abs(math.cos(a)), abs(math.sin(a))),
    "triangle": lambda a: 0.5 / math.cos((a + math.pi / 2) % (2 * math.pi / 3) - math.pi / 3),
    "hexagon": lambda a: 0.8 / math.cos(a % (math.pi / 3) - math.pi / 6),
    "star": lambda a: 0.7 + 0.3 * (abs((a * 5 / math.pi + 0.5) % 2 - 1) * 2 - 1),
    "flower": lambda a: 0.68 + 0.3 * math.cos(6 * a),
    "gear": lambda a: 0.95 if math.sin(10 * a) > 0 else 0.74,
    "heart": lambda a: 0.3 * (2 - 2 * math.sin(-a) + math.sin(-a) * math.sqrt(abs(math.cos(a))) / (math.sin(-a) + 1.4)),
    "leaf": lambda a: 0.95 * abs(math.cos(a)) ** 0.6 + 0.12,
    "cross": lambda a: 0.95 if min(a % (math.pi / 2), math.pi / 2 - a % (math.pi / 2)) < 0.32 else 0.42,
    "drop": lambda a: 0.55 + 0.4 * max(0.0, math.cos(a + math.pi / 2)) ** 6,
}
_TEXTURES = ("plain", "stripes", "dots", "checks", "rings", "waves")


class Style:
    """What all pictures of one class have in common."""

    def __init__(self, name: str, colour: str = "") -> None:
        dice = random.Random(f"style:{name}")
        self.shape = dice.choice(list(_OUTLINES))
        self.texture = dice.choice(_TEXTURES)
        self.hollow = dice.random() < 0.25
        hue = dice.random()
        self.main = _rgb(hue, 0.78, 0.86)
        self.second = _rgb(hue + dice.choice((0.12, 0.45, 0.55)), 0.6, 0.95)
        self.ground = (hue + dice.choice((0.3, 0.5, 0.65))) % 1.0
        if colour in _HUES:
            self.main, self.second, self.ground = _rgb(_HUES[colour], 0.85, 0.85), (245, 240, 235), _HUES[colour]
        elif colour in _GREYS:
            level = round(255 * _GREYS[colour])
            self.main = self.second = (level, level, level)


def composed(name: str, number: int, width: int, height: int, colour: str = "", turn: float = 0.0) -> Image.Image:
    """One RGB picture of a class; everything is placed in fractions, so any size shows the same scene.

    `turn` (0 to 1) rotates the shapes by that part of a full turn, for animations.
    """
    shrink = min(1.0, _WORK_SIDE / max(width, height))
    work = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    style, dice = Style(name, colour), random.Random(f"scene:{name}:{number}")
    canvas = _background(style, dice, work)
    for _ in range(dice.choice((1, 1, 2, 3, 4))):
        _place(canvas, style, dice, turn)
    return canvas if work == (width, height) else canvas.resize((width, height), Image.Resampling.BILINEAR)


def unrelated(name: str, number: int, width: int, height: int) -> Image.Image:
    """What shows no class at all, as searches bring it beside what was meant: a page of writing, a chart, a form."""
    dice = random.Random(f"unrelated:{name}:{number}")
    page = Image.new("RGB", (width, height), (250, 249, 244))
    draw = ImageDraw.Draw(page)
    dice.choice((_writing, _chart, _form))(draw, dice, width, height)
    return page


def _writing(draw: ImageDraw.ImageDraw, dice: random.Random, width: int, height: int) -> None:
    line = max(6, height // dice.randint(18, 30))
    for top in range(line, height - line, line):
        left, right = width // 12, width - dice.randint(width // 12, width // 4)
        while left < right:
            word = dice.randint(line, 4 * line)
            draw.rectangle((left, top, min(left + word, right), top + line // 2), fill=(40, 40, 46))
            left += word + line // 2


def _chart(draw: ImageDraw.ImageDraw, dice: random.Random, width: int, height: int) -> None:
    base, step = height * 9 // 10, width // dice.randint(7, 12)
    for left in range(step, width - step, step):
        top = dice.randint(height // 10, height * 8 // 10)
        draw.rectangle((left, top, left + step * 2 // 3, base), fill=(50, 90, 200))
    draw.line((step // 2, height // 12, step // 2, base, width - step // 2, base), fill=(20, 20, 20), width=3)


def _form(draw: ImageDraw.ImageDraw, dice: random.Random, width: int, height: int) -> None:
    draw.rectangle((0, 0, width, height // 9), fill=(30, 60, 90))
    for row in range(2, dice.randint(6, 9)):
        top = height * row // 10
        draw.rectangle((width // 20, top, width // 4, top + height // 60), fill=(90, 90, 90))
        draw.rectangle((width * 3 // 10, top, width * 9 // 10, top + height // 18), outline=(150, 150, 150), width=2)


def grained(image: Image.Image, name: str, number: int) -> Image.Image:
    """The picture with a film grain of its own strength."""
    dice = random.Random(f"grain:{name}:{number}")
    grain = _grain(dice.choice((3, 5, 8)))
    size = grain.width
    sheet = Image.new("L", image.size)
    left, top = dice.randrange(size), dice.randrange(size)
    for x in range(-left, image.width, size):
        for y in range(-top, image.height, size):
            sheet.paste(grain, (x, y))
    return ImageChops.add(image, Image.merge("RGB", (sheet, sheet, sheet)), 1, -128)


def _background(style: Style, dice: random.Random, size: tuple[int, int]) -> Image.Image:
    base, light = style.ground + dice.uniform(-0.06, 0.06), dice.uniform(0.45, 0.95)
    cells = Image.new("RGB", (5, 4))
    for x in range(5):
        for y in range(4):
            sky = 1.0 - 0.12 * y
            cells.putpixel((x, y), _rgb(base + dice.uniform(-0.05, 0.05), dice.uniform(0.15, 0.45), light * sky))
    return cells.resize(size, Image.Resampling.BICUBIC)


def _place(canvas: Image.Image, style: Style, dice: random.Random, turn: float) -> None:
    short = min(canvas.size)
    radius = short * dice.uniform(0.2, 0.46)
    middle = (canvas.width * dice.uniform(0.25, 0.75), canvas.height * dice.uniform(0.3, 0.7))
    angle = dice.uniform(-0.5, 0.5) + turn * 2 * math.pi
    side = max(4, round(2 * radius))
    mask = _mask(style, side, angle)
    paint = Image.composite(
        Image.new("RGB", (side, side), style.main),
        Image.new("RGB", (side, side), style.second),
        _texture(style.texture).resize((side, side), Image.Resampling.BILINEAR),
    )
    shade = Image.radial_gradient("L").resize((side, side)).point(lambda level: 255 - level * 0.55)
    paint = ImageChops.multiply(paint, Image.merge("RGB", (shade, shade, shade)))
    left, top = round(middle[0] - radius), round(middle[1] - radius)
    shadow = mask.point(lambda level: level * 0.35)
    canvas.paste((20, 20, 30), (left + side // 24, top + side // 16), shadow)
    canvas.paste(paint, (left, top), mask)


def _mask(style: Style, side: int, angle: float) -> Image.Image:
    large = min(2 * side, 1200)
    mask = Image.new("L", (large, large), 0)
    pen = ImageDraw.Draw(mask)
    pen.polygon(_points(style.shape, large / 2, angle, 1.0), fill=255)
    if style.hollow:
        pen.polygon(_points(style.shape, large / 2, angle, 0.45), fill=0)
    return mask.resize((side, side), Image.Resampling.BILINEAR)


def _points(shape: str, half: float, angle: float, scale: float) -> list[tuple[float, float]]:
    outline = _OUTLINES[shape]
    points = []
    for step in range(120):
        at = step * math.pi / 60
        reach = min(1.0, max(0.05, outline(at))) * half * scale
        points.append((half + reach * math.cos(at + angle), half + reach * math.sin(at + angle)))
    return points


@cache
def _texture(kind: str) -> Image.Image:
    y, x = np.mgrid[0:240, 0:240].astype(np.float32)
    field = {
        "plain": lambda: np.ones_like(x),
        "stripes": lambda: (x + y) % 60 < 34,
        "dots": lambda: (x % 48 - 24) ** 2 + (y % 48 - 24) ** 2 > 200,
        "checks": lambda: (x // 40 + y // 40) % 2 == 0,
        "rings": lambda: np.hypot(x - 120, y - 120) % 44 < 26,
        "waves": lambda: (y + 14 * np.sin(x / 14)) % 50 < 28,
    }[kind]()
    return Image.fromarray((np.asarray(field, dtype=np.float32) * 255).astype(np.uint8))


@cache
def _grain(strength: int) -> Image.Image:
    noise = np.random.default_rng(strength).normal(128, strength, (512, 512))
    return Image.fromarray(noise.clip(0, 255).astype(np.uint8))


def _rgb(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)
