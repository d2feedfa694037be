"""A corpus with three voices, made in a moment."""

from pathlib import Path

import numpy as np
import pytest
from support.music import make_bundle

from appliance.copilot.loop import Base
from appliance.copilot.rounds import Copilot
from appliance.copilot.shelf import Shelf
from corpus.cutting.segment import Segment
from corpus.hearing.describe import describe_all
from corpus.keeping.bundle import Bundle
from models.notes import Phrase, note_array, pedal_array

MINOR, MAJOR = (0, 2, 3, 5, 7, 8, 10), (0, 2, 4, 5, 7, 9, 11)
SEGMENTS = 72


def band(rng: np.random.Generator, tonic: int, scale: tuple[int, ...], loud: int) -> Phrase:
    """Eight beats of bass, chords and melody, as busy and as short as chance has it."""
    rows: list[tuple[float, float, int, int]] = []
    length = float(rng.uniform(0.4, 0.95))
    for bar in range(2):
        root = int(rng.choice([0, 3, 4]))
        chord = [scale[(root + step) % 7] + 12 * ((root + step) // 7) for step in (0, 2, 4)]
        for beat in sorted(rng.choice(8, int(rng.integers(2, 7)), replace=False) / 2):
            rows.append((bar * 4 + beat, length * 0.5, 36 + tonic + chord[0], _near(rng, loud)))
        for beat in sorted(rng.choice(4, int(rng.integers(1, 4)), replace=False)):
            rows += [
                (bar * 4 + float(beat), length, 55 + tonic + tone, _near(rng, loud - 6))
                for tone in chord
            ]
        for beat in sorted(rng.choice(8, int(rng.integers(2, 8)), replace=False) / 2):
            tone = scale[int(rng.integers(7))]
            rows.append((bar * 4 + beat, length * 0.5, 74 + tonic + tone, _near(rng, loud + 8)))
    known = {(row[0], row[2]): row for row in rows}
    pedals = pedal_array([(0.0, 64, 0)])
    return Phrase(note_array(known.values()), pedals, 8.0, float(rng.uniform(90, 125)), 4.0)


def _near(rng: np.random.Generator, loud: int) -> int:
    return int(np.clip(loud + rng.integers(-8, 9), 8, 122))


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Tests must not write to it."""
    rng = np.random.default_rng(11)
    found = []
    for number in range(SEGMENTS):
        scale = MINOR if number % 3 else MAJOR
        phrase = band(rng, number % 5, scale, int(rng.integers(40, 95)))
        track = f"{'jazz' if number % 4 == 0 else 'plain'}{number // 6}"
        found.append(Segment(track, 8.0 * (number % 6), phrase))
    phrases = [segment.phrase for segment in found]
    assert all(one.layers.size for one in describe_all(phrases[:2]))
    path: Path = tmp_path_factory.mktemp("copilot") / "band"
    return make_bundle(path, found)


@pytest.fixture(scope="session")
def shelf(corpus: Bundle) -> Shelf:
    return Shelf(corpus).ready()


@pytest.fixture
def copilot(shelf: Shelf) -> Copilot:
    """A loop with three voices, nothing asked for yet."""
    row = next(
        row
        for row in range(len(shelf.segments))
        if len(shelf.of_row(row).names) == 3 and shelf.minor[row]
    )
    return Copilot.start(shelf, Base(row), 100.0, seed=5)
