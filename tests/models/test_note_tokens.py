import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.note_tokens import LEAD, MAX_DURATION, ONSETS, encode, pad, windows
from models.notes import note_array

rows = st.tuples(
    st.floats(-0.2, 70), st.floats(0.001, 30), st.integers(0, 127), st.integers(1, 127)
)


def test_a_beat_is_32_steps_after_the_lead() -> None:
    tokens = encode(note_array([(-0.125, 0.5, 60, 1), (1.0, 1.0, 64, 127)]))
    assert tokens.tolist() == [[LEAD - 4, 60, 16, 1], [LEAD + 32, 64, 32, 127]]
    assert tokens.dtype == np.int32


def test_what_does_not_fit_counts_as_the_edge() -> None:
    tokens = encode(note_array([(-1, 1e-4, 60, 1), (17, 99, 60, 1)]))
    assert tokens[:, 0].tolist() == [0, ONSETS - 1]
    assert tokens[:, 2].tolist() == [1, MAX_DURATION]


@given(st.lists(rows, min_size=1, max_size=60), st.integers(1, 20))
def test_windows_leave_nothing_out(notes: list[tuple[float, float, int, int]], most: int) -> None:
    array = note_array(notes)
    parts = windows(array, most)
    assert all(0 < len(part) <= most for part in parts)
    together = np.concatenate(parts)
    assert together[:, 1].tolist() == array["pitch"].tolist()
    assert together[:, 3].tolist() == array["velocity"].tolist()


def test_a_phrase_that_fits_is_one_window() -> None:
    array = note_array([(beat / 4, 0.25, 60, 80) for beat in range(63)])
    (window,) = windows(array, 63)
    assert (window == encode(array)).all()


def test_a_long_phrase_is_read_sixteen_beats_at_a_time() -> None:
    array = note_array([(0, 1, 60, 80), (15.9, 1, 61, 80), (33, 1, 62, 80)])
    found = windows(array, 9)
    assert [part[:, 1].tolist() for part in found] == [[60, 61], [62]]
    assert [part[0, 0] for part in found] == [LEAD, LEAD + 32]


def test_padding_is_zeros_after_the_notes() -> None:
    one, two = encode(note_array([(0, 1, 60, 80)])), encode(note_array([(0, 1, 60, 80)] * 3))
    batch = pad([one, two], 4)
    assert batch.shape == (2, 4, 4)
    assert (batch[0, :1] == one).all()
    assert (batch[0, 1:] == 0).all()
    assert (batch[1, :3] == two).all()
