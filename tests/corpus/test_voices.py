"""Layers: textures where anyone hears which is which, and the demo takes, whose tables say it."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.bench.layer_finding import join, layer_figures, skyline, take_layers
from corpus.demo.takes import TRACKS
from corpus.hearing.flat import flatten
from corpus.hearing.voices import (
    BASS,
    CHORDS,
    LAYERS,
    MELODY,
    WEIGHTS,
    features,
    flat_layers,
    layers,
)
from models.notes import Phrase, note_array, pedal_array

TUNE = (79, 81, 83, 84, 83, 81, 79, 76)


def three_layers() -> list[tuple[tuple[float, float, int, int], int]]:
    """A bass on one and three, soft chords on two and four, a tune in quarters above."""
    bass = [((float(b), 1.8, 36, 80), BASS) for b in (0, 2, 4, 6)]
    comp = [((float(b), 0.4, p, 60), CHORDS) for b in (1.5, 3.5, 5.5, 7.5) for p in (55, 60, 64)]
    tune = [((float(b), 0.95, p, 92), MELODY) for b, p in enumerate(TUNE)]
    return sorted(bass + comp + tune, key=lambda one: (one[0][0], one[0][2]))


def test_bass_chords_and_melody() -> None:
    written = three_layers()
    found = layers(note_array([row for row, _ in written]))
    assert found.dtype == np.uint8
    assert [LAYERS[x] for x in found] == [LAYERS[x] for _, x in written]


def test_a_walking_bass_alone_is_bass() -> None:
    notes = note_array([(float(i), 0.9, p, 80) for i, p in enumerate((36, 40, 43, 45) * 2)])
    assert set(layers(notes)) == {BASS}


def test_a_tune_alone_is_melody() -> None:
    notes = note_array([(float(i), 0.9, p, 90) for i, p in enumerate(TUNE)])
    assert set(layers(notes)) == {MELODY}


def test_stabs_in_the_middle_are_chords() -> None:
    notes = note_array([(b + 0.5, 0.3, p, 60) for b in range(8) for p in (55, 58, 62, 65)])
    assert set(layers(notes)) == {CHORDS}


def test_no_notes_no_layers() -> None:
    assert layers(note_array([])).shape == (0,)


ROWS = st.lists(
    st.tuples(
        st.floats(-0.125, 7.8), st.floats(1e-6, 9.0), st.integers(0, 127), st.integers(1, 127)
    ),
    min_size=1,
    max_size=24,
)


@given(st.lists(ROWS, min_size=1, max_size=4))
@settings(deadline=None)
def test_many_at_once_are_the_same_as_one_by_one(
    many: list[list[tuple[float, float, int, int]]],
) -> None:
    phrases = [Phrase(note_array(rows), pedal_array([]), 8.0, 120.0) for rows in many]
    flat = flatten(phrases)
    columns = features(flat)
    assert columns.shape == (len(flat.row), len(WEIGHTS))
    assert np.isfinite(columns).all()
    alone = np.concatenate([features(flatten([phrase])) for phrase in phrases])
    np.testing.assert_allclose(columns, alone, atol=1e-6)


def test_the_layers_that_the_demo_tables_write() -> None:
    """Every second take had no part in learning the weights."""
    flat, truth = join([take_layers(track) for track in TRACKS[1::2]])
    found = flat_layers(flat)
    bass = (found == BASS) & (truth == BASS)
    assert 2 * bass.sum() / ((found == BASS).sum() + (truth == BASS).sum()) >= 0.97
    assert (found == truth).mean() >= 0.85


@pytest.mark.filterwarnings("error")
@given(
    st.tuples(st.floats(0.03, 0.0625), st.integers(2, 120)),
    st.lists(st.sampled_from([0.0, 1.0, 3.0]), min_size=1, max_size=3),
)
@settings(deadline=None)
def test_a_stroke_may_last_longer_than_what_is_around_it(
    steps: tuple[float, int], pauses: list[float]
) -> None:
    """Note after note closer together than a stroke's, for beats on end."""
    gaps = [gap for pause in pauses for gap in (pause, *[steps[0]] * steps[1])]
    onsets = np.cumsum(gaps).tolist()
    notes = note_array([(onset, 0.1, 40 + i % 50, 80) for i, onset in enumerate(onsets)])
    flat = flatten([Phrase(notes, pedal_array([]), 64.0, 120.0)])
    assert np.isfinite(features(flat)).all()


@pytest.mark.filterwarnings("error")
def test_the_last_note_of_a_long_stroke_is_heard_against_its_own() -> None:
    rows = [(i / 20, 0.1, 60 + (i == 0), 80) for i in range(60)]  # one stroke of three beats
    flat = flatten([Phrase(note_array(rows), pedal_array([]), 4.0, 120.0)])
    columns = dict(zip((what for what, *_ in WEIGHTS), features(flat).T, strict=True))
    assert len(flat.starts) == 1
    assert columns["height above the mean upper edge (octaves)"][-1] == pytest.approx(-1 / 12)
    assert columns["height above the mean lower edge (octaves)"][-1] == 0.0


def test_features_of_a_small_chord() -> None:
    """Two strokes worked out by hand: C3 E4 held, then C5 while E4 still sounds."""
    notes = note_array([(0.0, 2.0, 48, 64), (0.0, 2.0, 64, 64), (1.0, 1.0, 72, 80)])
    phrase = Phrase(notes, pedal_array([]), 4.0, 120.0)
    columns = dict(zip((what for what, *_ in WEIGHTS), features(flatten([phrase])).T, strict=True))
    assert list(columns["top of its stroke"]) == [0, 1, 1]
    assert list(columns["bottom of its stroke"]) == [1, 0, 1]
    assert list(columns["notes in its stroke (log2)"]) == [1, 1, 0]
    up = columns["distance to the next note up in the stroke (octaves, at most 1)"]
    assert list(up) == [1, 1, 1]
    below = columns["distance to a sounding note below (octaves, at most 1)"]
    assert below[2] == pytest.approx(8 / 12)
    upper = columns["height above the mean upper edge (octaves)"]
    assert upper == pytest.approx([(48 - 68) / 12, -4 / 12, 4 / 12])


def test_the_skyline_is_what_it_says() -> None:
    notes = note_array([(0.0, 4.0, 72, 80), (1.0, 1.0, 65, 80), (5.0, 1.0, 65, 80)])
    flat = flatten([Phrase(notes, pedal_array([]), 8.0, 120.0)])
    assert list(skyline(flat)) == [True, False, True]


def test_melodies_of_songs_beat_the_skyline(pop909: Path) -> None:
    songs = [number for number in range(10, 200, 10) if (pop909 / f"{number:03d}.mid").is_file()]
    figures = layer_figures(pop909, songs)["pop909_set_aside"]
    assert figures["melody_f"] > figures["skyline_f"] + 0.1
