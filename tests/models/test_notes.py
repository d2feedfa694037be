import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.music import phrase

from models.errors import ModelError
from models.notes import check_notes, note_array, transpose, transposed

ROWS = st.lists(
    st.tuples(st.floats(-1, 64), st.floats(0.01, 8), st.integers(21, 108), st.integers(1, 127)),
    min_size=1,
    max_size=30,
)


@given(ROWS)
def test_note_array_is_sound_and_sorted(rows: list[tuple[float, float, int, int]]) -> None:
    notes = note_array(rows)
    check_notes(notes, "drawn")
    assert sorted(notes.tolist()) == sorted(rows)


@given(ROWS, st.integers(-12, 12))
def test_transposing_there_and_back_changes_nothing(
    rows: list[tuple[float, float, int, int]], semitones: int
) -> None:
    notes = note_array(rows)
    assert (transpose(transpose(notes, semitones), -semitones) == notes).all()


def test_transposing_out_of_range_is_refused() -> None:
    with pytest.raises(ModelError, match="range"):
        transpose(note_array([(0, 1, 120, 64)]), 8)


@pytest.mark.parametrize(
    ("field", "value", "fault"),
    [
        ("onset", np.nan, "onset"),
        ("duration", 0.0, "duration"),
        ("velocity", 0, "velocity"),
        ("pitch", 200, "pitch"),
    ],
)
def test_a_bad_value_is_named(field: str, value: float, fault: str) -> None:
    notes = note_array([(0, 1, 60, 64), (1, 1, 62, 64)])
    notes[field][0] = value
    with pytest.raises(ModelError, match=fault):
        check_notes(notes, "these")


def test_unsorted_notes_are_named() -> None:
    notes = note_array([(0, 1, 60, 64), (1, 1, 62, 64)])[::-1]
    with pytest.raises(ModelError, match="time order"):
        check_notes(notes, "these")


def test_a_phrase_transposes_as_its_notes_do() -> None:
    assert (transposed(phrase(36), 5).notes["pitch"] == phrase(41).notes["pitch"]).all()
