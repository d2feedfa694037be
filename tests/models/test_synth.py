import numpy as np
import pytest

from models.note_tokens import encode, pad
from models.notes import Notes, note_array
from models.synth import BINS, FRAMES, FRAMES_PER_BEAT, LOWEST, spectrograms


def heard(*rows: tuple[float, float, int, int]) -> np.ndarray:
    return picture(note_array(rows))


def picture(notes: Notes) -> np.ndarray:
    """Frames by bins."""
    return spectrograms(pad([encode(notes)], len(notes) + 2))[0]


def test_silence_is_all_floor() -> None:
    assert (spectrograms(np.zeros((2, 3, 4), np.int32)) == -1).all()


def test_size_and_range() -> None:
    found = heard((0, 8, 40, 127), (0, 8, 52, 127), (0, 8, 64, 127))
    assert found.shape == (FRAMES, BINS)
    assert found.dtype == np.float32
    assert -1 <= found.min() < found.max() <= 1


@pytest.mark.parametrize("pitch", [28, 45, 60, 84])
def test_the_lowest_line_is_the_pitch(pitch: int) -> None:
    """And the next the octave, which is the second partial, a little sharp."""
    found = heard((0, 4, pitch, 90))[2]
    peaks = np.flatnonzero((found[1:-1] > found[:-2]) & (found[1:-1] > found[2:])) + 1
    assert peaks[0] == pitch - LOWEST
    assert peaks[1] == pitch - LOWEST + 12


def test_a_note_sounds_from_its_onset_until_a_little_after_its_end() -> None:
    found = heard((2, 2, 60, 90))[:, 60 - LOWEST]
    first, last = 2 * FRAMES_PER_BEAT, 4 * FRAMES_PER_BEAT
    assert (found[:first] == -1).all()
    assert (found[first:last] > 0).all()
    assert found[last + FRAMES_PER_BEAT] < found[last - 1] - 0.5


def test_a_note_dies_away_the_high_one_sooner() -> None:
    found = heard((0, 8, 40, 90), (0, 8, 83, 90))
    falls = [found[1, pitch - LOWEST] - found[-2, pitch - LOWEST] for pitch in (40, 83)]
    assert 0 < falls[0] < falls[1]


def test_louder_is_brighter_on_the_picture() -> None:
    levels = [heard((0, 4, 60, velocity))[2, 60 - LOWEST] for velocity in (20, 60, 100, 127)]
    assert (np.diff(levels) > 0.05).all()


def test_transposing_moves_the_picture() -> None:
    low, high = (heard((0, 4, pitch, 90))[1] for pitch in (50, 51))
    assert np.abs(low[:-1] - high[1:]).mean() < 0.02


def test_powers_add_up() -> None:
    """The picture of two notes on the same key at once, by the definition of the decibel."""
    one, two = heard((0, 4, 60, 90))[2, 39], heard((0, 4, 60, 90), (0, 4, 60, 90))[2, 39]
    assert (two - one) * 30 == pytest.approx(10 * np.log10(2), abs=0.01)


def test_a_phrase_does_not_depend_on_its_batch() -> None:
    tokens = [encode(note_array([(i / 2, 1, 40 + 5 * i, 80)])) for i in range(5)]
    together = spectrograms(pad(tokens, 4))
    for row, one in enumerate(tokens):
        assert np.allclose(together[row], spectrograms(pad([one], 1))[0], atol=1e-5)
