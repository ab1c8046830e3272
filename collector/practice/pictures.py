"""Draws the practice web's pictures: the same bytes for the same (slug, number), every time, on every machine.

Knows nothing of HTTP. A class is told apart by shape, colours and texture, all taken from its slug; the number
varies place, size, light and noise. Some pictures are copies or near-copies of an earlier one, as on the web.
"""

from __future__ import annotations

import hashlib
import io
import random
import re
import unicodedata
from dataclasses import dataclass, replace

from PIL import Image

from collector.practice.drawing import composed, grained, unrelated

_FORMATS = (("JPEG", 80), ("PNG", 8), ("WEBP", 7), ("AVIF", 2), ("GIF", 3))
_EXTENSIONS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "AVIF": "avif", "GIF": "gif"}
_SIDES = {"l": (1600, 2000), "m": (500, 900), "i": (64, 128), "": (520, 1280)}
_ASPECTS = ((3, 2), (4, 3), (16, 9), (1, 1), (2, 3), (3, 4))


@dataclass(frozen=True, slots=True)
class Plan:
    """What a picture will be, known before it is drawn."""

    format: str
    width: int
    height: int
    """Pixels as shown, that is after any EXIF rotation."""
    mode: str = "RGB"
    orientation: int = 1
    frames: int = 1
    quality: int = 85
    copy_of: int | None = None
    """The number of the earlier picture that this one is a copy of."""
    change: str = ""
    """How the copy differs: "" not a byte, reencoded, resized or cropped."""

    @property
    def extension(self) -> str:
        """jpg, png, webp, avif or gif."""
        return _EXTENSIONS[self.format]

    @property
    def content_type(self) -> str:
        """The MIME type a server should give."""
        return f"image/{self.format.lower()}"


def slug(keyword: str) -> str:
    """The keyword as it stands in addresses: ASCII words and six hex digits that tell equals apart."""
    folded = unicodedata.normalize("NFC", keyword).strip().casefold()
    ascii_words = re.findall(r"[a-z0-9]+", unicodedata.normalize("NFKD", folded).encode("ascii", "ignore").decode())
    digest = hashlib.sha256(folded.encode()).hexdigest()[:6]
    return "-".join([*ascii_words[:6], digest])


def plan(name: str, number: int, size: str = "") -> Plan:
    """What picture `number` of the class with slug `name` is; `size` is "", "l", "m" or "i"."""
    dice = random.Random(f"plan:{name}:{number}:{size}")
    fate = dice.random()
    if number >= 6 and fate < 0.06:
        return _copy(name, dice.randrange(0, number - 3), size, dice)
    return _original(dice, size)


def picture(name: str, number: int, size: str = "", colour: str = "") -> bytes:
    """The encoded bytes of one picture."""
    wanted = plan(name, number, size)
    if wanted.copy_of is None:
        return _encoded(_drawn(name, number, wanted, colour), wanted, name, number)
    if not wanted.change:
        return picture(name, wanted.copy_of, size, colour)
    source = plan(name, wanted.copy_of, size)
    return _encoded(_changed(_drawn(name, wanted.copy_of, source, colour), wanted), wanted, name, number)


def foreign(name: str, number: int, size: str = "", colour: str = "") -> bytes:  # noqa: ARG001
    """As large and of the same format as `picture`, but of something else: a page of writing, a chart, a form."""
    wanted = replace(plan(name, number, size), frames=1)
    return _encoded(unrelated(name, number, wanted.width, wanted.height), wanted, name, number)


def is_foreign(name: str, number: int, share: float) -> bool:
    """Whether a picture shows something else than its class, so many of all."""
    return random.Random(f"foreign:{name}:{number}").random() < share


def thumbnail(name: str, number: int, size: str = "", colour: str = "", side: int = 260) -> bytes:
    """A small JPEG of the same composition, `side` pixels on its long side at most."""
    wanted = plan(name, number, size)
    width, height = thumbnail_size(wanted, side)
    source = number if wanted.copy_of is None else wanted.copy_of
    out = io.BytesIO()
    composed(name, source, width, height, colour).save(out, "JPEG", quality=72)
    return out.getvalue()


def thumbnail_size(wanted: Plan, side: int = 260) -> tuple[int, int]:
    """Width and height of the thumbnail of a plan."""
    scale = min(1.0, side / max(wanted.width, wanted.height))
    return max(1, round(wanted.width * scale)), max(1, round(wanted.height * scale))


def stand_in() -> bytes:
    """The one placeholder PNG that protected hosts send instead of any picture."""
    image = Image.new("RGB", (240, 160), (236, 236, 236))
    image.paste((200, 60, 60), (110, 30, 130, 100))
    image.paste((200, 60, 60), (110, 112, 130, 132))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def _original(dice: random.Random, size: str) -> Plan:
    chosen = dice.choices([name for name, _ in _FORMATS], [weight for _, weight in _FORMATS])[0]
    frames = dice.randint(5, 10) if chosen == "GIF" and dice.random() < 0.5 else 1
    low, high = _SIDES[size]
    if chosen != "JPEG" and not size:
        low, high = {"PNG": (360, 640), "WEBP": (480, 800), "AVIF": (320, 480), "GIF": (240, 360)}[chosen]
    side = dice.randint(low, high)
    across, down = dice.choice(_ASPECTS)
    scale = side / max(across, down)
    mode, orientation = "RGB", 1
    if chosen == "JPEG":
        odd = dice.random()
        mode = "CMYK" if odd < 0.015 else "L" if odd < 0.03 else "RGB"
        orientation = dice.choice((3, 6, 8)) if 0.03 <= odd < 0.07 else 1
    quality = dice.choice((75, 80, 85, 88, 92))
    return Plan(chosen, round(across * scale), round(down * scale), mode, orientation, frames, quality)


def _copy(name: str, earlier: int, size: str, dice: random.Random) -> Plan:
    source = plan(name, earlier, size)
    while source.copy_of is not None:
        earlier = source.copy_of
        source = plan(name, earlier, size)
    change = dice.choice(("", "", "reencoded", "resized", "cropped"))
    if not change:
        return Plan(
            source.format, source.width, source.height, source.mode, source.orientation, source.frames,
            source.quality, earlier,
        )  # fmt: skip
    scale = {"reencoded": 1.0, "resized": 0.7, "cropped": 0.92}[change]
    return Plan(
        "JPEG", round(source.width * scale), round(source.height * scale), quality=70, copy_of=earlier, change=change
    )


def _drawn(name: str, number: int, wanted: Plan, colour: str) -> Image.Image:
    image = composed(name, number, wanted.width, wanted.height, colour)
    # Noise is what makes a JPEG weigh as much as a photograph; the other formats would weigh megabytes.
    return grained(image, name, number) if wanted.format in ("JPEG", "WEBP") else image


def _changed(image: Image.Image, wanted: Plan) -> Image.Image:
    if wanted.change == "resized":
        return image.resize((wanted.width, wanted.height), Image.Resampling.BICUBIC)
    if wanted.change == "cropped":
        left, top = (image.width - wanted.width) // 2, (image.height - wanted.height) // 2
        return image.crop((left, top, left + wanted.width, top + wanted.height))
    return image


def _encoded(image: Image.Image, wanted: Plan, name: str, number: int) -> bytes:
    out = io.BytesIO()
    if wanted.format == "JPEG":
        _save_jpeg(image, wanted, out)
    elif wanted.format == "GIF":
        _save_gif(image, wanted, name, number, out)
    elif wanted.format == "WEBP":
        image.save(out, "WEBP", quality=wanted.quality, method=0)
    elif wanted.format == "AVIF":
        image.save(out, "AVIF", quality=60, speed=10)
    else:
        image.save(out, "PNG", compress_level=3)
    return out.getvalue()


def _save_jpeg(image: Image.Image, wanted: Plan, out: io.BytesIO) -> None:
    tags = b""
    if wanted.orientation != 1:
        exif = Image.Exif()
        exif[0x0112] = wanted.orientation
        tags = exif.tobytes()
        # The pixels lie turned the other way, so that a viewer who obeys the tag sees them upright.
        turned = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
        image = image.transpose(turned[wanted.orientation])
    progressive = wanted.quality == 88
    image.convert(wanted.mode).save(out, "JPEG", quality=wanted.quality, progressive=progressive, exif=tags)


def _save_gif(image: Image.Image, wanted: Plan, name: str, number: int, out: io.BytesIO) -> None:
    first = image.quantize(64)
    if wanted.frames == 1:
        first.save(out, "GIF")
        return
    rest = [
        composed(name, number, wanted.width, wanted.height, turn=step / wanted.frames).quantize(64)
        for step in range(1, wanted.frames)
    ]
    first.save(out, "GIF", save_all=True, append_images=rest, duration=90, loop=0)
