"""Names in pictures: any name a recording may have, in a font that can write it.

Pillow's own font writes ASCII, the same on every machine. A name that needs more is written in
an installed font that has all its letters; where there is none, accents are dropped and what
still cannot be written becomes a question mark.
"""

import unicodedata
from collections.abc import Sequence
from functools import cache

from PIL import ImageDraw, ImageFont

INSTALLED = (
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "NotoSansCJK-Regular.ttc",
    "DroidSansFallbackFull.ttf",
    "wqy-zenhei.ttc",
    "unifont.ttf",
)
"""Fonts of Debian packages, looked for in this order."""

NOT_A_CHARACTER = "\uffff"  # every font draws its "missing" glyph for it
ELLIPSIS = "..."
LONGEST = 400  # letters; more fit into no picture

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def write(
    canvas: ImageDraw.ImageDraw,
    place: tuple[float, float],
    text: str,
    size: int,
    fill: str,
    width: float = float("inf"),
    anchor: str = "la",
    fonts: Sequence[str] = INSTALLED,
) -> None:
    """Write one line at `place`, cut short with an ellipsis where it is wider than `width`."""
    text, font = legible(text, size, fonts)
    canvas.text(place, shortened(text, font, width), font=font, fill=fill, anchor=anchor)


def legible(text: str, size: int, fonts: Sequence[str] = INSTALLED) -> tuple[str, Font]:
    """The text as far as it can be written, and the font that can."""
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    own: Font = ImageFont.load_default(size)
    if text.isascii():
        return text, own
    for name in fonts:
        font = _installed(name, size)
        if font is not None and all(_has(font, letter) for letter in sorted(set(text))):
            return text, font
    return _plain(text), own


def shortened(text: str, font: Font, width: float) -> str:
    """The longest beginning and the end of a text that fit; ends often tell names apart."""
    text = text if len(text) <= LONGEST else _without_middle(text, LONGEST)
    if font.getlength(text) <= width:
        return text
    for letters in range(len(text) - 1, 0, -1):
        short = _without_middle(text, letters)
        if font.getlength(short) <= width:
            return short
    return ELLIPSIS


def _without_middle(text: str, letters: int) -> str:
    tail = letters // 3
    return text[: letters - tail] + ELLIPSIS + text[len(text) - tail :]


def _plain(text: str) -> str:
    """In ASCII: letters without their accents, a question mark for any other."""
    letters = unicodedata.normalize("NFKD", text)
    kept = (letter for letter in letters if not unicodedata.combining(letter))
    return "".join(letter if letter.isascii() else "?" for letter in kept)


@cache
def _installed(name: str, size: int) -> ImageFont.FreeTypeFont | None:
    try:
        return ImageFont.truetype(name, size)
    except OSError:
        return None


def _has(font: ImageFont.FreeTypeFont, letter: str) -> bool:
    missing = font.getmask(NOT_A_CHARACTER)
    drawn = font.getmask(letter)
    return letter == " " or drawn.size != missing.size or bytes(drawn) != bytes(missing)
