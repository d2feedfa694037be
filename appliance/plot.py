"""A session at a glance: what was played by whom, where each loop begins, and what it is."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from appliance.folder import (
    PROVENANCE,
    Played,
    read_grid,
    read_lines,
    read_performance,
    read_session,
)
from corpus.drawing.pianoroll import (
    BACKGROUND,
    FAINT,
    INK,
    Roll,
    draw_note,
    draw_octaves,
    roll_height,
)
from corpus.keeping.atomic import write_bytes
from corpus.midiwrite import TICKS_PER_BEAT

WIDTH, MARGIN, HEADER, ROW_GAP = 1600, 56, 64, 34
MAX_ROWS, LOOPS_A_ROW = 12, 6  # a long concert gets denser rows, not an endless picture
ROW_HEIGHT = roll_height()
SEED_SHADE = "#efe9d8"
COLOURS = {"system": "#2166ac", "player": "#d6604d"}


@dataclass(frozen=True)
class _LoopLine:
    number: int
    start: float
    beats: float
    name: str
    is_seed: bool


def plot_session(folder: Path, out: Path) -> None:
    """Draw a session folder to a PNG; the same folder gives the same bytes."""
    grid, session = read_grid(folder), read_session(folder)
    tracks = read_performance(folder)
    loops = [_loop_line(line) for line in read_lines(folder, PROVENANCE)]
    rows = _rows(loops)
    height = HEADER + len(rows) * (ROW_HEIGHT + ROW_GAP) + MARGIN // 2
    image = Image.new("RGB", (WIDTH, height), BACKGROUND)
    canvas = ImageDraw.Draw(image)
    seconds = session["seed"]["seconds"]
    title = (
        f"{len(loops)} loops, seed {session['seed']['beats']:g} beats in {seconds:.1f} s,"
        f" {grid.tempos[0][1]:.0f} BPM, corpus {session['bundle']['name']}"
    )
    canvas.text((MARGIN, 14), title, font=ImageFont.load_default(20), fill=INK)
    _legend(canvas)
    for row in rows:
        _draw_row(canvas, row, loops, tracks)
    data = io.BytesIO()
    image.save(data, format="PNG")
    write_bytes(out, data.getvalue())


def _loop_line(line: dict[str, Any]) -> _LoopLine:
    transposed = f" {line['transpose']:+d}" if line["transpose"] else ""
    name = line["source"] + transposed
    return _LoopLine(
        line["loop"], line["start_beat"], line["beats"], name, line["source"] == "seed"
    )


def _rows(loops: list[_LoopLine]) -> list[Roll]:
    """The seed's recording comes before loop 0, so the first row begins at beat 0."""
    end = max((loop.start + loop.beats for loop in loops), default=1.0)
    count = min(MAX_ROWS, max(1, -(-len(loops) // LOOPS_A_ROW)))
    span = end / count
    step = ROW_HEIGHT + ROW_GAP
    return [
        Roll(MARGIN, WIDTH - MARGIN, HEADER + number * step, number * span, (number + 1) * span)
        for number in range(count)
    ]


def _legend(canvas: ImageDraw.ImageDraw) -> None:
    font = ImageFont.load_default(16)
    left = WIDTH - MARGIN - 330
    for label, colour in (("the loop", COLOURS["system"]), ("the pianist", COLOURS["player"])):
        canvas.rectangle((left, 20, left + 22, 30), fill=colour)
        canvas.text((left + 30, 16), label, font=font, fill=INK)
        left += 130
    canvas.rectangle((left, 18, left + 22, 32), fill=SEED_SHADE, outline=FAINT)
    canvas.text((left + 30, 16), "seed", font=font, fill=INK)


def _draw_row(
    canvas: ImageDraw.ImageDraw,
    row: Roll,
    loops: list[_LoopLine],
    tracks: dict[str, list[Played]],
) -> None:
    for loop in loops:
        left, right = max(loop.start, row.begin), min(loop.start + loop.beats, row.end)
        if loop.is_seed and left < right:
            canvas.rectangle((row.x(left), row.top, row.x(right), row.bottom), fill=SEED_SHADE)
    draw_octaves(canvas, row, names_at=18)
    for name, notes in tracks.items():
        for note in notes:
            start, end = note.start / TICKS_PER_BEAT, note.end / TICKS_PER_BEAT
            draw_note(canvas, row, start, end, note.pitch, COLOURS[name])
    for loop in loops:
        if row.begin <= loop.start < row.end:
            _draw_boundary(canvas, row, loop)
    canvas.rectangle((MARGIN, row.top, WIDTH - MARGIN, row.bottom), outline=FAINT)


def _draw_boundary(canvas: ImageDraw.ImageDraw, row: Roll, loop: _LoopLine) -> None:
    x = row.x(loop.start)
    canvas.line((x, row.top - 4, x, row.top + ROW_HEIGHT), fill=INK)
    font = ImageFont.load_default(12)
    room = row.x(min(loop.start + loop.beats, row.end)) - x - 6
    for text in (loop.name, str(loop.number)):
        if canvas.textlength(text, font=font) <= room:
            canvas.text((x + 3, row.top - 18), text, font=font, fill=INK)
            return
