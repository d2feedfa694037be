"""Chords: plain ones in every inversion that matters, and the written harmony of the demo takes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.bench.chord_finding import chord_figures, written_roots
from corpus.demo.takes import TRACKS
from corpus.hearing.chords import (
    CHORD,
    NO_ROOT,
    NONE,
    QUALITIES,
    Chords,
    changes,
    chord_name,
    chords,
)
from corpus.hearing.key import TONICS, Key
from models.notes import Notes, note_array

KINDS = range(1, len(QUALITIES))
NAMES = TONICS["major"]


def struck(*beats: tuple[int, ...], length: float = 1.0) -> Notes:
    """Each tuple of pitches on its own beat."""
    rows = [(float(beat), length, p, 80) for beat, pitches in enumerate(beats) for p in pitches]
    return note_array(rows)


def names(row: Chords) -> list[str]:
    return [chord_name(chord, NAMES) for chord in row]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: QUALITIES[kind].name)
@pytest.mark.parametrize("root", range(12))
def test_every_chord_over_its_root(kind: int, root: int) -> None:
    pitches = (36 + root, *(60 + root + tone for tone in QUALITIES[kind].tones))
    found = chords(struck(*[pitches] * 4), 4, 4.0)
    assert names(found) == [NAMES[root] + QUALITIES[kind].name] * 4
    assert (found["confidence"] > 0.4).all()


@pytest.mark.parametrize("bass", [40, 43])
def test_inversions_keep_their_root(bass: int) -> None:
    assert names(chords(struck(*[(bass, 60, 64, 67)] * 4), 4, 4.0)) == ["Cmaj"] * 4


def test_a_chord_changes_at_the_bar_line_and_passing_notes_change_nothing() -> None:
    c, d, f = (36, 60, 64, 67), (36, 62), (41, 60, 65, 69)
    found = chords(struck(c, c, d, c, f, f, f, f), 8, 4.0)
    assert names(found) == ["Cmaj"] * 4 + ["Fmaj"] * 4
    assert changes(found) == 1


def test_a_broken_chord_is_one() -> None:
    rows = [(i / 2, 0.5, 48 + p, 80) for i, p in enumerate((0, 7, 12, 16, 19, 16, 12, 7))]
    assert names(chords(note_array(rows), 4, 4.0)) == ["Cmaj"] * 4


def test_silence_has_no_chord() -> None:
    found = chords(struck((36, 60, 64, 67)), 4, 4.0)
    assert names(found) == ["Cmaj", "-", "-", "-"]
    assert list(found["quality"][1:]) == [NONE] * 3
    assert list(found["confidence"][1:]) == [0.0] * 3
    assert changes(found) == 0


def test_the_key_tips_the_scale_and_no_more() -> None:
    """E and G alone: C major in C, E minor where C is out of the key."""
    third = struck(*[(52, 64, 67)] * 4)
    assert chords(third, 4, 4.0, Key(11, "minor"))[0]["root"] == 4
    clear = struck(*[(36, 60, 64, 67)] * 4)
    assert names(chords(clear, 4, 4.0, Key(6, "major"))) == ["Cmaj"] * 4


@given(
    st.lists(
        st.tuples(
            st.floats(-1.0, 15.9), st.floats(1e-6, 20.0), st.integers(0, 127), st.integers(1, 127)
        ),
        max_size=30,
    ),
    st.sampled_from([4.0, 5.0, 6.0, 7.0, 10.5, 16.0]),
    st.sampled_from([1.5, 2.0, 3.0, 3.5, 4.0]),
)
@settings(deadline=None)
def test_one_sound_row_a_beat(
    rows: list[tuple[float, float, int, int]], beats: float, bar: float
) -> None:
    found = chords(note_array(rows), beats, bar, Key(3, "minor"))
    assert found.dtype == CHORD
    assert len(found) == np.ceil(beats)
    assert ((found["confidence"] >= 0) & (found["confidence"] <= 1)).all()
    assert ((found["root"] == NO_ROOT) == (found["quality"] == NONE)).all()
    assert ((found["root"] >= -1) & (found["root"] < 12)).all()


def test_the_written_harmony_of_the_demo_takes() -> None:
    """Roots on every second take, which had no part in choosing the constants."""
    assert chord_figures()["set_aside"]["root"] >= 0.85


def test_the_truth_about_a_take_is_its_table() -> None:
    """The boogie in C begins with four bars of C7, then four of F7 F7 C7 C7, and so on."""
    roots = written_roots(TRACKS[0])
    assert roots[:48:4] == [0, 0, 0, 0, 5, 5, 0, 0, 7, 5, 0, 0]
    assert roots[46:48] == [7, 7]
