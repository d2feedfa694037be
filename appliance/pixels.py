"""Shapes and letters for a screen of one bit a pixel."""

from functools import lru_cache

from luma.core.legacy.font import LCD_FONT
from PIL import Image, ImageChops, ImageDraw, ImageFont

CHARACTER = 6
"""Pixels that a letter takes in width, once."""

_ROWS, _CAPITALS = 9, 7  # of a letter, with its tail and without
_TEXT_FONT = ImageFont.load_default_imagefont()
_TEXT_TOP = 2  # rows of it above the capitals

SMALL, TALL, BIG, HUGE = (1, 1), (1, 2), (2, 2), (3, 3)
"""How often each pixel of a letter is drawn, across and down."""

Scale = tuple[int, int]


def width(text: str, scale: Scale = SMALL) -> int:
    """Pixels from the left of the first letter to the right of the last."""
    return max(0, len(text) * CHARACTER * scale[0] - _gap(scale))


def height(scale: Scale = SMALL) -> int:
    """Pixels of capitals and figures."""
    return _CAPITALS * scale[1]


def fitting(text: str, pixels: int, scale: Scale = SMALL) -> str:
    """Shortened in the middle to that width: names differ at both ends."""
    most = max(1, (pixels + _gap(scale)) // (CHARACTER * scale[0]))
    if len(text) <= most:
        return text
    half = (most - 1) // 2
    return text[:half] + "~" + text[len(text) - (most - 1 - half) :]


def largest(text: str, pixels: int) -> Scale:
    """The largest of BIG, TALL and SMALL in which the text has room; a long one is SMALL."""
    return next((s for s in (BIG, TALL) if width(text, s) <= pixels), SMALL)


def write(
    image: Image.Image, at: tuple[int, int], text: str, scale: Scale = SMALL, ink: int = 1
) -> None:
    """With the top left of a capital at `at`; ? stands for what the font has not."""
    if text:
        image.paste(ink, at, _letters(text, scale))


def centred(image: Image.Image, top: int, text: str, scale: Scale = SMALL, ink: int = 1) -> None:
    """In the middle of the image's width."""
    write(image, ((image.width - width(text, scale)) // 2, top), text, scale, ink)


def to_the_right(
    image: Image.Image, right: int, top: int, text: str, scale: Scale = SMALL, ink: int = 1
) -> None:
    """Ending before the column `right`."""
    write(image, (right - width(text, scale), top), text, scale, ink)


def label(image: Image.Image, at: tuple[int, int], text: str, scale: Scale) -> None:
    """Black letters on a lit ground, its top left at `at`."""
    x, y = at
    box = (x, y, x + width(text, scale) + 3, y + height(scale) + 1)
    ImageDraw.Draw(image).rectangle(box, fill=1)
    write(image, (x + 2, y + 1), text, scale, ink=0)


def meter(image: Image.Image, box: tuple[int, int, int, int], share: float) -> None:
    """A frame, filled from the left to a share of 0 to 1."""
    left, top, right, bottom = box
    pen = ImageDraw.Draw(image)
    pen.rectangle(box, outline=1)
    inside = round((right - left - 3) * min(1.0, max(0.0, share)))
    if inside:
        pen.rectangle((left + 2, top + 2, left + 1 + inside, bottom - 2), fill=1)


def _gap(scale: Scale) -> int:
    """Dark columns to the right of a letter."""
    return scale[0] - (scale[0] > 1)


@lru_cache(maxsize=256)
def _letters(text: str, scale: Scale) -> Image.Image:
    across, down = scale
    size = (len(text) * CHARACTER * across, _ROWS * down)
    if scale == SMALL:
        return _text(text)
    large = _signs(text).resize(size, Image.Resampling.NEAREST)
    if across == 1:
        return large
    # Enlarged, its strokes are thin for their size; the room between the letters allows more.
    return ImageChops.logical_or(large, ImageChops.offset(large, 1, 0))


def _text(text: str) -> Image.Image:
    """In a font with serifs and tails, which words in small letters need."""
    mask = Image.new("1", (len(text) * CHARACTER, _ROWS))
    known = text.encode("latin-1", "replace").decode("latin-1")
    ImageDraw.Draw(mask).text((0, -_TEXT_TOP), known, font=_TEXT_FONT, fill=1)
    return mask


def _signs(text: str) -> Image.Image:
    """In a plain font for capitals and figures: a byte for each column, the lowest bit on top."""
    known = text.upper().encode("ascii", "replace")
    columns = b"".join(bytes(LCD_FONT[code][:CHARACTER]) for code in known)
    mask = Image.new("1", (len(columns), _ROWS))
    mask.putdata([byte >> row & 1 for row in range(_ROWS) for byte in columns])
    return mask
