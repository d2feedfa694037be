"""Piano rolls, and the look that all pictures share."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from PIL import ImageColor, ImageDraw, ImageFont

from models.notes import Notes, Phrase

BACKGROUND, INK, FAINT, MUTED = "#fcfbf8", "#2b2b2b", "#dcd8d0", "#77736c"
LOWEST, HIGHEST = 21, 108  # the keys of a piano
QUIETEST_SHADE = 0.4  # of the colour, at velocity 0; the rest is background


@dataclass(frozen=True)
class Roll:
    """A rectangle of a picture: beats `begin` to `end` from left to right, pitches upwards."""

    left: float
    right: float
    top: float
    begin: float
    end: float
    low: int = LOWEST
    high: int = HIGHEST
    key_height: int = 2  # pixels

    @property
    def bottom(self) -> float:
        return self.top + roll_height(self.low, self.high, self.key_height)

    def x(self, beat: float) -> float:
        share = (beat - self.begin) / (self.end - self.begin)
        return self.left + share * (self.right - self.left)

    def y(self, pitch: int) -> float:
        """The upper edge of a key."""
        return self.top + (self.high - pitch) * self.key_height


def roll_height(low: int = LOWEST, high: int = HIGHEST, key_height: int = 2) -> int:
    return (high - low + 1) * key_height


def draw_note(
    canvas: ImageDraw.ImageDraw, roll: Roll, start: float, end: float, pitch: int, colour: str
) -> None:
    """A note from beat `start` to `end`, as far as it lies within the roll."""
    if end <= roll.begin or start >= roll.end or not roll.low <= pitch <= roll.high:
        return
    left, right = roll.x(max(start, roll.begin)), roll.x(min(end, roll.end))
    y = roll.y(pitch)
    canvas.rectangle((left, y, max(left + 1, right - 1), y + roll.key_height), fill=colour)


def draw_octaves(canvas: ImageDraw.ImageDraw, roll: Roll, names_at: float | None = None) -> None:
    """A line below every C; with `names_at` (pixels from the left) its name beside it."""
    for pitch in range(-(-roll.low // 12) * 12, roll.high, 12):
        y = roll.y(pitch) + roll.key_height
        canvas.line((roll.left, y, roll.right, y), fill=FAINT)
        if names_at is not None:
            name, font = f"C{pitch // 12 - 1}", ImageFont.load_default(12)
            canvas.text((names_at, y - 8), name, font=font, fill=INK)


def draw_phrase(canvas: ImageDraw.ImageDraw, roll: Roll, phrase: Phrase, colour: str) -> None:
    """A phrase in its frame: octaves, bar lines, and notes the paler the softer.

    A phrase shorter than the roll leaves the rest of it empty.
    """
    end = min(phrase.beats, roll.end)
    roll = replace(roll, right=roll.x(end), end=end)
    draw_octaves(canvas, roll)
    for number in range(math.ceil(end / phrase.bar - 1e-6)):
        x = roll.x(number * phrase.bar)
        canvas.line((x, roll.top, x, roll.bottom), fill=FAINT)
    for onset, duration, pitch, velocity in phrase.notes.tolist():
        draw_note(canvas, roll, onset, onset + duration, pitch, shade(colour, velocity))
    canvas.rectangle((roll.left, roll.top, roll.right, roll.bottom), outline=FAINT)


def pitch_range(several: Iterable[Notes]) -> tuple[int, int]:
    """The lowest and highest pitch to draw, whole octaves from C to B and two of them at least."""
    pitches = np.concatenate([notes["pitch"] for notes in several]).astype(int)
    low = int(pitches.min(initial=127)) // 12 * 12
    high = int(pitches.max(initial=0)) // 12 * 12 + 11
    return low, max(high, low + 23)


def shade(colour: str, velocity: int) -> str:
    """A colour mixed with the background: all of it at velocity 127."""
    share = QUIETEST_SHADE + (1 - QUIETEST_SHADE) * velocity / 127
    mixed = (
        round(share * full + (1 - share) * bare)
        for full, bare in zip(ImageColor.getrgb(colour), ImageColor.getrgb(BACKGROUND), strict=True)
    )
    return "#" + "".join(f"{part:02x}" for part in mixed)
