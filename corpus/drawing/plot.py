"""A corpus at a glance: a map of its segments, and the piano rolls of typical ones.

The same bundle gives the same bytes (on one machine, where a name needs an installed font).
"""

import textwrap
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from corpus.drawing.colouring import Colouring, colouring
from corpus.drawing.layout2d import Points, layout, typical
from corpus.drawing.lettering import write
from corpus.drawing.medley import as_found
from corpus.drawing.pianoroll import (
    BACKGROUND,
    FAINT,
    INK,
    MUTED,
    Roll,
    draw_phrase,
    pitch_range,
    roll_height,
)
from corpus.drawing.scatter import BADGE, draw_badge, draw_map, draw_marker
from corpus.hearing.key import MODES, Key
from corpus.keeping.bundle import Bundle
from corpus.keeping.soundness import damaged
from corpus.neighbours import Neighbours
from models.notes import Phrase

WIDTH, MARGIN, HEADER = 1600, 56, 88
INNER = WIDTH - 2 * MARGIN
MAP = (1090, 860)
LEGEND_LEFT = MARGIN + MAP[0] + 36
LEGEND_WIDTH, LEGEND_LINE = WIDTH - MARGIN - LEGEND_LEFT, 24
COLUMNS, TYPICAL = 4, 24  # of the contact sheet
GAP, CAPTION, SECTION = 24, 34, 62  # pixels: between rolls; above a roll; above the sheet
TILE = (INNER - (COLUMNS - 1) * GAP) // COLUMNS
BEFORE = 0.25  # beats shown before a phrase's first, for its lead-in
MOST_BEATS = 16.0  # of a phrase that are drawn
QUERY_COLOUR, FOUND_COLOUR = "#d6604d", "#2166ac"
SEED = 1

NOTE = (
    "Close together: alike in their best transposition. How far apart two regions lie means"
    " little. The larger a point, the more notes a beat. The numbers are those of the piano"
    " rolls below."
)


def plot_corpus(bundle: Bundle, out: Path, colour_by: str = "track") -> None:
    """Draw a map and a contact sheet to a PNG.

    `colour_by` is "track", "label", "key", "bpm" or another column of the segments; CorpusError
    where there is no such thing.
    """
    colours = colouring(bundle, colour_by)
    rng = np.random.default_rng(SEED)
    points = _layout(bundle, rng)
    rows = _by_place(typical(points, TYPICAL, rng).tolist(), points)
    low, high = pitch_range(bundle.phrase(row).notes for row in rows)
    sheet = HEADER + MAP[1] + SECTION
    step = CAPTION + roll_height(low, high) + GAP
    image, canvas = _page(sheet + -(-len(rows) // COLUMNS) * step)
    _heading(canvas, f"Corpus {bundle.name}: {_counts(bundle)}", _about(bundle))
    density = bundle.segments["density"].argsort(kind="stable").argsort() / max(1, len(bundle) - 1)
    image.paste(draw_map(MAP, points, colours, density, rows), (MARGIN, HEADER))
    _draw_legend(canvas, colours)
    usual = _usual_beats(bundle)
    shown = "All segments" if len(rows) == len(bundle) else f"{len(rows)} typical segments"
    title = f"{shown}, of {usual:g} beats where nothing else is said"
    write(canvas, (MARGIN, sheet - 40), title, 18, INK)
    for place, row in enumerate(rows):
        left = MARGIN + place % COLUMNS * (TILE + GAP)
        top = sheet + place // COLUMNS * step + CAPTION
        roll = Roll(left, left + TILE, top, -BEFORE, _drawn(bundle.phrase(row)), low, high)
        draw_badge(canvas, (left + BADGE, top - BADGE - 5), place + 1, colours.ink(row))
        caption = _segment_caption(bundle, row, usual)
        _draw_caption(canvas, roll, *caption, indent=2 * BADGE + 8)
        draw_phrase(canvas, roll, bundle.phrase(row), colours.ink(row))
    image.save(out, format="PNG")


def plot_nearest(
    bundle: Bundle, query: Phrase, found: Neighbours, out: Path, name: str = "query"
) -> None:
    """Draw a phrase to a PNG and, below it, the segments found for it in their transpositions.

    `found` is a row of the neighbour table, or what `nearest_to` answers.
    """
    phrases = [query, *(as_found(bundle, one) for one in found)]
    captions = [_query_caption(query, name), *(_found_caption(bundle, one) for one in found)]
    low, high = pitch_range(phrase.notes for phrase in phrases)
    step = CAPTION + roll_height(low, high) + GAP // 2
    image, canvas = _page(HEADER + len(phrases) * step)
    about = f"in {bundle.name}, compared by {bundle.embedder}"
    _heading(canvas, f"The {len(found)} nearest to {name}", about)
    end = max(_drawn(phrase) for phrase in phrases)
    for place, (phrase, caption) in enumerate(zip(phrases, captions, strict=True)):
        top = HEADER + place * step + CAPTION
        roll = Roll(MARGIN, WIDTH - MARGIN, top, -BEFORE, end, low, high)
        _draw_caption(canvas, roll, *caption)
        draw_phrase(canvas, roll, phrase, FOUND_COLOUR if place else QUERY_COLOUR)
    image.save(out, format="PNG")


def _layout(bundle: Bundle, rng: np.random.Generator) -> Points:
    """BundleError where what the map is made from is out of range: nobody may have looked yet."""
    near = bundle.neighbours["segment"]
    if not np.isfinite(bundle.embeddings).all():
        raise damaged(bundle.path, "embeddings.npy holds a value that is not a number")
    if near.size and not (near.min() >= 0 and near.max() < len(bundle)):
        raise damaged(bundle.path, "neighbours.npy is out of range")
    return layout(bundle.embeddings, near, rng)


def _page(height: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGB", (WIDTH, height + MARGIN // 2), BACKGROUND)
    return image, ImageDraw.Draw(image)


def _heading(canvas: ImageDraw.ImageDraw, title: str, about: str) -> None:
    write(canvas, (MARGIN, 18), title, 22, INK, INNER)
    write(canvas, (MARGIN, 52), about, 14, MUTED, INNER)


def _counts(bundle: Bundle) -> str:
    tracks = len(np.unique(bundle.segments["track"]))
    return f"{_plural(len(bundle), 'segment')} from {_plural(tracks, 'track')}"


def _about(bundle: Bundle) -> str:
    slow, fast = (round(float(edge)) for edge in np.percentile(bundle.segments["bpm"], (0, 100)))
    tempo = f"{slow} BPM" if slow == fast else f"{slow} to {fast} BPM"
    notes = int(bundle.segments["notes"].sum())
    return f"{_plural(notes, 'note')}, {tempo}, compared by {bundle.embedder}"


def _plural(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)}"


def _by_place(rows: list[int], points: Points) -> list[int]:
    """In reading order: each line of the contact sheet is a band of the map, left to right."""
    downwards = sorted(rows, key=lambda row: (-float(points[row, 1]), row))
    lines = [downwards[start : start + COLUMNS] for start in range(0, len(rows), COLUMNS)]
    return [row for line in lines for row in sorted(line, key=lambda r: (float(points[r, 0]), r))]


def _draw_legend(canvas: ImageDraw.ImageDraw, colours: Colouring) -> None:
    top = HEADER
    write(canvas, (LEGEND_LEFT, top), f"Coloured by {colours.title}", 16, INK, LEGEND_WIDTH)
    for group in colours.groups:
        top += LEGEND_LINE
        middle = top + LEGEND_LINE // 2
        draw_marker(canvas, (LEGEND_LEFT + 8, middle), 6, group.shape, group.colour)
        right = WIDTH - MARGIN
        write(canvas, (LEGEND_LEFT + 26, middle), group.name, 14, INK, LEGEND_WIDTH - 90, "lm")
        write(canvas, (right, middle), f"{group.count:,}", 14, MUTED, anchor="rm")
    bottom = HEADER + MAP[1]
    lines = textwrap.wrap(NOTE, 52)
    for number, line in enumerate(lines):
        place = (LEGEND_LEFT, bottom - 18 * (len(lines) - number))
        write(canvas, place, line, 13, MUTED, LEGEND_WIDTH)
    y = bottom - 18 * len(lines) - 12
    canvas.line((LEGEND_LEFT, y, WIDTH - MARGIN, y), fill=FAINT)


def _drawn(phrase: Phrase) -> float:
    """How many beats of a phrase are drawn."""
    return min(MOST_BEATS, phrase.beats)


def _usual_beats(bundle: Bundle) -> float:
    lengths, counts = np.unique(bundle.segments["beats"], return_counts=True)
    return float(lengths[counts.argmax()])


def _segment_caption(bundle: Bundle, row: int, usual: float) -> tuple[str, str]:
    segment = bundle.segments[row]
    key = Key(int(segment["key_tonic"]) % 12, MODES[bool(segment["key_minor"])]).name
    length = f", {segment['beats']:g} beats" if segment["beats"] != usual else ""
    return str(segment["id"]), f"{key}, {segment['bpm']:.0f} BPM{length}"


def _draw_caption(
    canvas: ImageDraw.ImageDraw, roll: Roll, name: str, facts: str, indent: int = 0
) -> None:
    y = roll.top - BADGE - 5
    room = roll.right - roll.left - indent - canvas.textlength(facts, font_size=13) - 16
    write(canvas, (roll.left + indent, y), name, 14, INK, room, "lm")
    write(canvas, (roll.right, y), facts, 13, MUTED, anchor="rm")


def _query_caption(query: Phrase, name: str) -> tuple[str, str]:
    length = f"{query.beats:g} beats"
    if query.beats > MOST_BEATS:
        length = f"the first {MOST_BEATS:g} of {length}"
    return name, f"{length}, {query.bpm:.0f} BPM"


def _found_caption(bundle: Bundle, one: Neighbours) -> tuple[str, str]:
    moved = [f"transposed {one['transpose']:+d}"] * bool(one["transpose"])
    rotated = [f"from beat {one['rotate']}"] * bool(one["rotate"])
    segment = bundle.segments[one["segment"]]
    facts = [*moved, *rotated, f"{segment['bpm']:.0f} BPM", f"similarity {one['similarity']:.3f}"]
    return str(segment["id"]), ", ".join(facts)
