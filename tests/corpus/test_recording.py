"""A recording's clock, against the sum over all tempos that it stands for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.reading.recording import CHANGE, Recording
from models.notes import note_array, pedal_array

TEMPOS = st.lists(
    st.tuples(st.floats(0.001, 40), st.floats(5, 500)), min_size=0, max_size=12
)  # beats until it, BPM


def recording(tempos: list[tuple[float, float]]) -> Recording:
    notes = note_array([(0.0, 1.0, 60, 80), (2.0, 1.0, 62, 80)])
    pedals = pedal_array([(0.5, 64, 127), (1.0, 67, 1), (2.0, 64, 0)])
    bars = np.array([(0, 4)], CHANGE)
    return Recording("take", notes, pedals, np.array(tempos, CHANGE), bars, 4.0)


def changing(changes: list[tuple[float, float]]) -> Recording:
    beats = np.cumsum([span for span, _ in changes])
    later = zip(beats.tolist(), (bpm for _, bpm in changes), strict=True)
    return recording([(0.0, 100.0), *later])


def elapsed(take: Recording, beat: float) -> float:
    """Seconds until `beat`, tempo by tempo."""
    rows = take.tempos.tolist()
    ends = [*(start for start, _ in rows[1:]), np.inf]
    return sum(
        max(0.0, min(beat, end) - start) * 60 / bpm
        for (start, bpm), end in zip(rows, ends, strict=True)
    )


@given(TEMPOS, st.floats(0, 500))
def test_seconds_are_the_sum_over_the_tempos(
    changes: list[tuple[float, float]], beat: float
) -> None:
    take = changing(changes)
    assert take.seconds(beat) == pytest.approx(elapsed(take, beat), rel=1e-12, abs=1e-12)
    assert take.times(np.array([[beat, 0.0]])).tolist() == [[take.seconds(beat), 0.0]]


@given(TEMPOS, st.floats(0, 500), st.floats(0.01, 100))
def test_the_mean_tempo_is_beats_by_minutes(
    changes: list[tuple[float, float]], start: float, length: float
) -> None:
    take = changing(changes)
    minutes = (elapsed(take, start + length) - elapsed(take, start)) / 60
    assert take.bpm(start, start + length) == pytest.approx(length / minutes, rel=1e-6)


def test_where_one_tempo_holds_it_is_given_as_it_is_written() -> None:
    take = recording([(0, 97.3), (8, 61.7), (16, 97.3)])
    assert [take.bpm(0, 8), take.bpm(8, 16), take.bpm(3.3, 4.1), take.bpm(99, 100)] == [
        97.3,
        61.7,
        97.3,
        97.3,
    ]
    assert 61.7 < take.bpm(7, 9) < 97.3


def test_the_first_tempo_holds_before_the_first_beat() -> None:
    take = recording([(0, 120), (4, 60)])
    assert take.seconds(-1.0) == -0.5
    assert take.bpm(-2.0, 1.0) == 120


def test_what_is_searched_lies_side_by_side() -> None:
    take = recording([(0, 120)])
    assert take.onsets.tolist() == [0, 2]
    assert take.pedal_beats.tolist() == [0.5, 1, 2]
    assert {control: rows.tolist() for control, rows in take.pedal_rows.items()} == {
        64: [0, 2],
        66: [],
        67: [1],
    }
    assert take.onsets.flags.c_contiguous
    assert take.onsets is take.onsets  # made once
