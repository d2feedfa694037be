"""The map of a corpus: a point for each segment, numbers for the typical ones."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from corpus.drawing.colouring import OTHERS, Colouring
from corpus.drawing.layout2d import Points
from corpus.drawing.pianoroll import FAINT, INK

PAPER = "#ffffff"
SHARP = 2  # drawn this many times larger, then reduced: smooth edges
SMALLEST, LARGEST = 1.0, 5.5  # radius of a point, pixels: in a large corpus, in a small one
FILLED = 0.15  # share of the map that points a grid apart would cover
MOST_STRETCH = 1.5  # of one axis against the other; distances mean little anyway
INSET, BADGE = 30, 11  # pixels: to the edge; the radius of a number's disc

Place = tuple[float, float]


@dataclass(frozen=True)
class Badge:
    """A number's place on the map, and the point that it belongs to."""

    number: int
    place: Place
    point: Place


def draw_map(
    size: tuple[int, int],
    points: Points,
    colours: Colouring,
    weights: NDArray[Any],
    numbered: Sequence[int],
) -> Image.Image:
    """A picture of `size` pixels; a point of greater weight (0..1) is larger.

    The rows in `numbered` bear numbers from 1 on.
    """
    places = fitted(points, size)
    picture = _draw_points(size, places, colours, weights).reduce(SHARP)
    canvas = ImageDraw.Draw(picture)
    found = badges(places[np.asarray(numbered)], size)
    for badge in found:
        canvas.line((badge.point, badge.place), fill=INK)
    for badge, row in zip(found, numbered, strict=True):
        draw_badge(canvas, badge.place, badge.number, colours.ink(row))
    canvas.rectangle((0, 0, size[0] - 1, size[1] - 1), outline=FAINT)
    return picture


def fitted(points: Points, size: tuple[int, int]) -> Points:
    """The points in pixels, in the middle of the map; one axis may be stretched to fill it."""
    low, high = points.min(axis=0).astype(float), points.max(axis=0).astype(float)
    room = np.array(size) - 2 * INSET
    scale = room / np.maximum(high - low, 1e-9)
    scale = np.minimum(scale, MOST_STRETCH * scale.min())
    places: Points = np.array(size) / 2 + (points - (low + high) / 2) * scale * (1, -1)
    return places


def badges(points: Points, size: tuple[int, int]) -> list[Badge]:
    """A number for each point, on it, or beside it where another number is in the way."""
    found: list[Badge] = []
    for number, (x, y) in enumerate(points.tolist(), 1):
        place = next(
            (spot for spot in _around(x, y, size) if all(_apart(spot, b.place) for b in found)),
            (x, y),
        )
        found.append(Badge(number, place, (x, y)))
    return found


def draw_marker(
    canvas: ImageDraw.ImageDraw, place: Place, radius: float, shape: str, colour: str
) -> None:
    x, y = place
    if shape == "square":
        half = radius * 0.88  # about as large to the eye as the disc
        canvas.rectangle((x - half, y - half, x + half, y + half), fill=colour)
    elif shape == "triangle":
        wide, up, down = radius * 1.17, radius * 1.35, radius * 0.67
        canvas.polygon(((x - wide, y + down), (x + wide, y + down), (x, y - up)), fill=colour)
    else:
        canvas.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)


def _draw_points(
    size: tuple[int, int], places: Points, colours: Colouring, weights: NDArray[Any]
) -> Image.Image:
    picture = Image.new("RGB", (size[0] * SHARP, size[1] * SHARP), PAPER)
    canvas = ImageDraw.Draw(picture)
    spacing = math.sqrt(size[0] * size[1] / len(places))
    base = min(LARGEST, max(SMALLEST, spacing * math.sqrt(FILLED / math.pi)))
    radii = (SHARP * base * (0.7 + 0.6 * weights)).tolist()
    spots = (places * SHARP).tolist()
    for row in _drawing_order(colours).tolist():
        group = colours.groups[colours.group_of[row]]
        x, y = spots[row]
        draw_marker(canvas, (x, y), radii[row], group.shape, group.colour)
    return picture


def _drawing_order(colours: Colouring) -> NDArray[Any]:
    """What has no colour of its own first; the rest mixed, so that no group hides the others."""
    grey = np.array([group.colour == OTHERS for group in colours.groups])[colours.group_of]
    mixed = np.random.default_rng(0).permutation(len(grey))
    order: NDArray[Any] = np.lexsort((mixed, ~grey))
    return order


def _around(x: float, y: float, size: tuple[int, int]) -> Iterator[Place]:
    """The place itself, then rings about it, as far as they lie on the map."""
    yield x, y
    for ring in range(1, 12):
        for turn in range(8):
            angle = math.pi / 4 * (turn + 0.5)
            spot = x + ring * BADGE * math.cos(angle), y + ring * BADGE * math.sin(angle)
            if all(BADGE < part < edge - BADGE for part, edge in zip(spot, size, strict=True)):
                yield spot


def _apart(one: Place, other: Place) -> bool:
    return math.dist(one, other) >= 2 * BADGE + 2


def draw_badge(canvas: ImageDraw.ImageDraw, place: Place, number: int, colour: str) -> None:
    """A number in a disc with a rim of the colour."""
    x, y = place
    disc = (x - BADGE, y - BADGE, x + BADGE, y + BADGE)
    canvas.ellipse(disc, fill=PAPER, outline=colour, width=2)
    font = ImageFont.load_default(12)
    canvas.text((x, y), str(number), font=font, fill=INK, anchor="mm")
