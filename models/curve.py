"""Draw the losses of a training run: `python -m models.curve build/train/loss.csv --out loss.png`.

A panel for each stage; black is the loss on training batches, red that on validation songs.
"""

import argparse
import csv
import sys
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from models.errors import ModelError

WIDTH, HEIGHT, EDGE = 380, 240, 40  # pixels of a panel, and around what is drawn in it

Points = list[tuple[float, float]]  # (step, loss)


def read_losses(path: Path) -> dict[str, dict[str, Points]]:
    """Stage -> "loss" or "validation" -> points; ModelError where the file is no record of losses.

    A step that is there twice, because training went on from an earlier one, counts as last said.
    """
    found: dict[str, dict[str, dict[float, float]]] = {}
    try:
        with path.open(newline="") as file:
            for row in csv.DictReader(file):
                stage = found.setdefault(row["stage"], {"loss": {}, "validation": {}})
                for name, points in stage.items():
                    if row[name]:
                        points[float(row["step"])] = float(row[name])
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{path}: no record of losses; give the loss.csv of a run") from error
    if not found:
        raise ModelError(f"{path}: no losses in it yet")
    return {
        stage: {name: sorted(points.items()) for name, points in curves.items()}
        for stage, curves in found.items()
    }


def draw(losses: dict[str, dict[str, Points]]) -> Image.Image:
    picture = Image.new("RGB", (WIDTH * len(losses), HEIGHT), "white")
    for number, (stage, curves) in enumerate(losses.items()):
        _panel(ImageDraw.Draw(picture), number * WIDTH, stage, curves)
    return picture


def _panel(pen: ImageDraw.ImageDraw, left: int, stage: str, curves: dict[str, Points]) -> None:
    points = [point for curve in curves.values() for point in curve]
    last, top = max(x for x, _ in points), max(y for _, y in points)
    wide, high = WIDTH - 2 * EDGE, HEIGHT - 2 * EDGE

    def place(point: tuple[float, float]) -> tuple[float, float]:
        return left + EDGE + wide * point[0] / last, EDGE + high * (1 - point[1] / top)

    pen.line([place((0, top)), place((0, 0)), place((last, 0))], fill="grey")
    for value in (0, top / 2, top):
        pen.text((left + 4, place((0, value))[1] - 6), f"{value:.2f}", fill="grey")
    pen.text((left + EDGE, 10), stage, fill="black")
    pen.text((left + EDGE + wide - 60, HEIGHT - EDGE + 8), f"step {last:.0f}", fill="grey")
    for colour, curve in (("black", curves["loss"]), ("red", curves["validation"])):
        if len(curve) > 1:
            pen.line([place(point) for point in curve], fill=colour, width=2)
        for x, y in map(place, curve if colour == "red" else ()):
            pen.ellipse([x - 3, y - 3, x + 3, y + 3], fill=colour)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m models.curve", description=__doc__)
    parser.add_argument("losses", type=Path)
    parser.add_argument("--out", type=Path, default=Path("loss.png"))
    options = parser.parse_args(argv)
    try:
        draw(read_losses(options.losses)).save(options.out)
    except ModelError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
