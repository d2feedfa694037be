import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.tempo import SIZE, joined, on_circles

BPM = st.floats(20, 400)


@given(BPM)
def test_a_tempo_is_a_unit_vector_and_so_is_its_double(bpm: float) -> None:
    points = on_circles([bpm, 2 * bpm, bpm / 2])
    assert points.shape == (3, SIZE)
    assert points @ points.T == pytest.approx(np.ones((3, 3)), abs=1e-5)


@given(BPM)
def test_the_farther_off_the_less_alike_up_to_a_tenth(bpm: float) -> None:
    points = on_circles(bpm * np.array([1, 1.02, 1.04, 1.06, 1.08, 1.1]))
    assert (np.diff(points @ points[0]) < 0).all()
    assert points[0] @ points[-1] < 0.4


@given(BPM, BPM, st.floats(0, 1))
def test_the_tempo_has_its_share_of_the_cosine(one: float, other: float, share: float) -> None:
    vectors = np.array([[0.6, 0.8], [0.0, 1.0]])
    both = joined(vectors, [one, other], share)
    tempi = on_circles([one, other])
    wanted = (1 - share) * 0.8 + share * float(tempi[0] @ tempi[1])
    assert both[0] @ both[1] == pytest.approx(wanted, abs=1e-5)
    assert np.linalg.norm(both, axis=1) == pytest.approx(1, abs=1e-5)


def test_no_tempo_no_rows() -> None:
    assert joined(np.zeros((0, 3)), []).shape == (0, 3 + SIZE)
