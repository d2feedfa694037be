"""Pictures of what `bench groove` found. The same figures give the same bytes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from corpus.drawing.colouring import COLOURS, OTHERS_INK
from corpus.drawing.lettering import write
from corpus.drawing.pianoroll import BACKGROUND, FAINT, INK, MUTED
from corpus.drawing.scatter import SHARP, draw_marker

WIDTH, MARGIN, HEADER = 1600, 56, 100
PANEL, GAP, NAMES = 420, 96, 130  # pixels: height of a panel; between two; for names at its right
SMOOTH = 10  # loops that a curve is the mean of
DISTANCE, KNOBS, STEPS = "distance.png", "knobs.png", "steps.png"
NAMED = ("groove", "random", "best", "timed_hops", "sequential", "probabilities", "graph", "trip")

Figures = Mapping[str, Any]
Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Panel:
    """A rectangle of a picture, and the numbers along its edges; `high` is the highest y."""

    left: float
    top: float
    width: float
    height: float
    end: float
    high: float

    def place(self, x: float, y: float) -> tuple[float, float]:
        down = self.height * (1 - y / self.high)
        return self.left + self.width * x / self.end, self.top + down


def draw_pictures(figures: Figures, folder: Path) -> list[Path]:
    """Distance over time, what the knobs do, and how large steps are; into a folder."""
    drawn = {DISTANCE: _distance(figures), KNOBS: _knobs(figures), STEPS: _steps(figures)}
    for name, image in drawn.items():
        image.save(folder / name, format="PNG")
    return [folder / name for name in drawn]


# -- distance from the seed -----------------------------------------------------------------------


def _distance(figures: Figures) -> Image.Image:
    corpora = figures["corpora"]
    about = (
        f"mean of {figures['seeds']} seeds and of {SMOOTH} loops; 1 is the median step between two"
        " segments at random; sideways: loops"
    )
    image = _page("How far from the seed each policy is, loop after loop", about, len(corpora))
    for number, (name, found) in enumerate(corpora.items()):
        curves = {
            policy: _smoothed(one["distance"], found["random_step"])
            for policy, one in found["policies"].items()
            if policy in NAMED
        }
        high = 0.25 * np.ceil(4 * max(max(y for _, y in curve) for curve in curves.values()))
        panel = _panel(number, 0, 1, figures["loops"], max(1.0, float(high)), NAMES)
        _frame(image, panel, f"{name}, {found['segments']:,} segments", 0.25, figures["loops"] / 4)
        _curves(image, panel, curves)
    return image


def _smoothed(values: Sequence[float], unit: float) -> Points:
    means = np.convolve(values, np.ones(SMOOTH) / SMOOTH, "valid") / unit
    return [(n + SMOOTH / 2, float(y)) for n, y in enumerate(means)]


def _curves(image: Image.Image, panel: Panel, curves: Mapping[str, Points]) -> None:
    for name in reversed(list(curves)):
        _line(image, panel, curves[name], _colour(name), 3.5 if name == "groove" else 1.6)
    _names(image, panel, {name: (curve[-1], _colour(name)) for name, curve in curves.items()})


def _names(
    image: Image.Image, panel: Panel, ends: Mapping[str, tuple[tuple[float, float], str]]
) -> None:
    """At the right, each beside the end of its curve, one below another."""
    canvas, lowest = ImageDraw.Draw(image), -np.inf
    places = {name: panel.place(*point) for name, (point, _) in ends.items()}
    for name in sorted(places, key=lambda name: (places[name][1], name)):
        lowest = max(places[name][1], lowest + 17)
        x, colour = panel.left + panel.width + 16, ends[name][1]
        canvas.line((*places[name], x - 2, lowest), fill=colour)
        write(canvas, (x, lowest), name, 14, colour, NAMES, "lm")


# -- adventure and leash --------------------------------------------------------------------------


def _knobs(figures: Figures) -> Image.Image:
    corpora, knobs = figures["corpora"], ("adventure", "leash")
    about = "distance from the seed in steps at random, and segments heard in a walk"
    image = _page("What the knobs do", about, 2)
    for row, (what, title) in enumerate(
        (("distance", "distance from the seed"), ("distinct", "distinct segments"))
    ):
        high = max(max(found[knob][what]) for found in corpora.values() for knob in knobs)
        step = 0.25 if what == "distance" else 50.0
        for column, knob in enumerate(knobs):
            panel = _panel(row, column, 2, 1.0, step * float(np.ceil(high / step)), 116)
            _frame(image, panel, f"{title} by {knob}", step, 0.25)
            ends = {}
            for number, (name, found) in enumerate(corpora.items()):
                points = list(zip(found[knob]["settings"], found[knob][what], strict=True))
                _line(image, panel, points, COLOURS[number], 2.5, dots=True)
                ends[name] = (points[-1], COLOURS[number])
            _names(image, panel, ends)
    return image


# -- steps ----------------------------------------------------------------------------------------


def _steps(figures: Figures) -> Image.Image:
    corpora = figures["corpora"]
    about = (
        "a disc: the mean step from a loop to another one; the end of the line: the largest of all;"
        " 1 is the median step at random"
    )
    image = _page("How large the steps are", about, len(corpora))
    for number, (name, found) in enumerate(corpora.items()):
        policies = {p: one for p, one in found["policies"].items() if "step" in one}
        high = max(one["largest_step"] for one in policies.values())
        end = float(len(policies))
        panel = _panel(number, 0, 1, end, 0.5 * float(np.ceil(high / 0.5)), 0)
        _frame(image, panel, f"{name}, {found['segments']:,} segments", 0.5, None)
        unit = found["random_mean"] / found["random_median"]
        for place, (policy, one) in enumerate(policies.items()):
            where = (place + 0.5, one["step"] * unit)
            _pin(image, panel, where, one["largest_step"], policy)
    return image


def _pin(
    image: Image.Image, panel: Panel, mean: tuple[float, float], largest: float, name: str
) -> None:
    canvas, colour = ImageDraw.Draw(image), _colour(name)
    x, y = panel.place(*mean)
    top = panel.place(mean[0], largest)[1]
    canvas.line((x, panel.top + panel.height, x, top), fill=colour, width=2)
    canvas.line((x - 8, top, x + 8, top), fill=colour, width=2)
    draw_marker(canvas, (x, y), 7, "disc", colour)
    write(canvas, (x, panel.top + panel.height + 10), name, 14, colour, 130, "ma")


# -- the parts of a picture -----------------------------------------------------------------------


def _page(title: str, about: str, panels: int) -> Image.Image:
    height = HEADER + panels * (PANEL + GAP)
    image = Image.new("RGB", (WIDTH, height), BACKGROUND)
    canvas = ImageDraw.Draw(image)
    write(canvas, (MARGIN, 18), title, 22, INK, WIDTH - 2 * MARGIN)
    write(canvas, (MARGIN, 52), about, 14, MUTED, WIDTH - 2 * MARGIN)
    return image


def _panel(row: int, column: int, columns: int, end: float, high: float, names: float) -> Panel:
    room = (WIDTH - 2 * MARGIN) / columns
    left, top = MARGIN + column * room, HEADER + 24 + row * (PANEL + GAP)
    return Panel(left, top, room - names - (24 if columns > 1 else 0), PANEL, end, high)


def _frame(
    image: Image.Image, panel: Panel, title: str, across: float, along: float | None
) -> None:
    """Lines at every `across` of y and numbers at every `along` of x."""
    canvas = ImageDraw.Draw(image)
    bottom = panel.top + panel.height
    canvas.rectangle((panel.left, panel.top, panel.left + panel.width, bottom), fill="#ffffff")
    for number in range(round(panel.high / across) + 1):
        y = panel.place(0, number * across)[1]
        canvas.line((panel.left, y, panel.left + panel.width, y), fill=FAINT)
        write(canvas, (panel.left - 8, y), f"{number * across:g}", 13, MUTED, 48, "rm")
    ticks = [] if along is None else [n * along for n in range(round(panel.end / along) + 1)]
    for tick in ticks:
        write(canvas, (panel.place(tick, 0)[0], bottom + 6), f"{tick:g}", 13, MUTED, 60, "ma")
    write(canvas, (panel.left, panel.top - 24), title, 16, INK, panel.width)


def _line(
    image: Image.Image,
    panel: Panel,
    points: Points,
    colour: str,
    width: float,
    dots: bool = False,
) -> None:
    """Drawn larger and reduced, for smooth edges."""
    room = 8  # pixels round the panel, for dots on its edge
    size = round(panel.width) + 2 * room, round(panel.height) + 2 * room
    ink = Image.new("L", (size[0] * SHARP, size[1] * SHARP), 0)
    canvas = ImageDraw.Draw(ink)
    left, wide, high = SHARP * room, SHARP * panel.width, SHARP * panel.height
    there = Panel(left, left, wide, high, panel.end, panel.high)
    dotted = [there.place(x, y) for x, y in points]
    canvas.line(dotted, fill=255, width=round(width * SHARP), joint="curve")
    radius = 2 * width * SHARP
    for x, y in dotted if dots else ():
        canvas.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    corner = round(panel.left) - room, round(panel.top) - room
    image.paste(colour, corner, ink.reduce(SHARP))


def _colour(policy: str) -> str:
    return COLOURS[NAMED.index(policy)] if policy in NAMED else OTHERS_INK
