from pathlib import Path

import numpy as np
import pytest
from support.music import midi_file, off, on

from models.batches import A_SONG, Songs, alike, contrast_batch, diffusion_batch, read_songs
from models.errors import ModelError
from models.note_tokens import encode, pad
from models.notes import note_array
from models.synth import BINS, FRAMES


def make_songs(folder: Path, count: int = 6) -> list[Path]:
    """Songs of 16 bars, each over its own few keys of the piano."""
    paths = []
    for number in range(count):
        messages = [
            message
            for beat in range(64)
            for key in [48 + 3 * number + (beat * (number + 1)) % 7]
            for message in (on(key), off(key, time=240 + 60 * number), on(key + 12, time=0))
        ] + [off(60, time=480)]
        paths.append(midi_file(folder / f"{number}.mid", [messages]))
    return paths


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Songs:
    return read_songs(make_songs(tmp_path_factory.mktemp("songs")))


def test_segments_of_a_song_stand_in_a_row_and_know_the_next(songs: Songs) -> None:
    assert len(songs) == 6
    assert songs.bounds[-1] == len(songs.tokens) == len(songs.tonics) == len(songs.following)
    for low, high in zip(songs.bounds[:-1], songs.bounds[1:], strict=True):
        following = songs.following[low:high]
        assert ((following >= low) & (following < high)).all()
        assert following[0] == low + 2  # segments start at every bar and last two


def test_a_batch_follows_from_the_generator(songs: Songs) -> None:
    first, again = (contrast_batch(songs, 4, np.random.default_rng(7)) for _ in range(2))
    assert (first.tokens == again.tokens).all()
    assert (first.songs == again.songs).all()
    tokens, pictures = diffusion_batch(songs, 5, np.random.default_rng(7))
    assert (tokens == diffusion_batch(songs, 5, np.random.default_rng(7))[0]).all()
    assert pictures.shape == (5, FRAMES, BINS)


def test_a_contrastive_batch_has_as_many_of_each_song(songs: Songs) -> None:
    batch = contrast_batch(songs, 4, np.random.default_rng(0))
    names, counts = np.unique(batch.songs, return_counts=True)
    assert len(names) == 4
    assert (counts == A_SONG).all()
    assert batch.alike.shape == (12, 12)


def test_a_tempo_is_that_of_the_song_give_or_take(songs: Songs) -> None:
    batch = contrast_batch(songs, 6, np.random.default_rng(0))
    off = np.log(batch.bpm / 120)  # what files without a tempo are at
    assert 0 < np.abs(off).mean() < 0.03
    assert np.abs(off).max() < 0.1


def test_alike_is_a_mean_of_two_cosines() -> None:
    one = [(float(i), 1.0, 60, 80) for i in range(8)]
    other_key = [(float(i), 1.0, 61, 80) for i in range(8)]
    off_beat = [(i + 0.5, 1.0, 72, 80) for i in range(8)]
    tokens = pad([encode(note_array(rows)) for rows in (one, other_key, off_beat)], 9)
    wanted = [[1, 0.75, 0.25], [0.75, 1, 0], [0.25, 0, 1]]
    assert np.allclose(alike(tokens, onset_share=0.75), wanted, atol=1e-6)


def test_one_song_is_not_enough(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="fewer than two songs"):
        read_songs(make_songs(tmp_path, count=1))
