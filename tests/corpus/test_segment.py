from pathlib import Path

import mido
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.music import midi_file, off, on

from corpus.midifile import read_recording
from corpus.recording import Recording
from corpus.segment import LEAD_IN, bars_within, cut
from models.notes import note_array, pedal_array

CHANGE = np.dtype([("beat", "<f8"), ("value", "<f8")])


def recording(
    rows: list[tuple[float, float, int, int]],
    pedals: list[tuple[float, int, int]] | None = None,
    bar: float = 4.0,
) -> Recording:
    notes = note_array(rows)
    end = float((notes["onset"] + notes["duration"]).max())
    tempos, bars = np.array([(0, 120)], CHANGE), np.array([(0, bar)], CHANGE)
    return Recording("take", notes, pedal_array(pedals or []), tempos, bars, end)


def quarters(count: int, early: float = 0.0) -> list[tuple[float, float, int, int]]:
    return [(max(0.0, i - early), 0.9, 40 + i % 12, 80) for i in range(count)]


def test_a_take_is_cut_at_every_second_bar() -> None:
    segments = cut(recording(quarters(32)))
    assert [segment.start_beat for segment in segments] == [0, 8, 16, 24]
    assert [segment.id for segment in segments][:2] == ["take@0", "take@8"]
    assert all(segment.phrase.beats == 8 for segment in segments)


def test_a_note_just_before_the_bar_is_the_lead_in_of_what_follows() -> None:
    segments = cut(recording(quarters(16, early=0.1)))
    assert segments[1].phrase.notes["onset"][0] == pytest.approx(-0.1)
    assert segments[0].phrase.notes["onset"].max() < 8 - LEAD_IN


@given(
    st.lists(
        st.tuples(st.floats(0, 63), st.floats(0.05, 6), st.integers(30, 80), st.integers(1, 127)),
        min_size=12,
        max_size=120,
    )
)
def test_no_note_belongs_to_two_segments(rows: list[tuple[float, float, int, int]]) -> None:
    take = recording(rows)
    found = []
    for segment in cut(take):
        onsets = segment.phrase.notes["onset"]
        assert (onsets >= -LEAD_IN - 1e-9).all()
        assert (onsets < segment.phrase.beats - LEAD_IN + 1e-9).all()
        found += (onsets + segment.start_beat).round(6).tolist()
    everything = take.notes["onset"].round(6).tolist()
    for onset in set(found):
        assert found.count(onset) <= everything.count(onset)


def test_tails_keep_their_length() -> None:
    rows = [*quarters(15), (15.5, 6.0, 90, 80)]
    last = cut(recording(rows))[-1]
    assert last.phrase.notes["duration"].max() == 6.0


def test_the_pedal_state_at_the_start_is_part_of_a_segment() -> None:
    pedals = [(6.0, 64, 127), (9.0, 64, 0), (20.0, 67, 127)]
    segments = cut(recording(quarters(32), pedals))
    assert segments[0].phrase.pedals.tolist() == [(0.0, 64, 0), (6.0, 64, 127)]
    assert segments[1].phrase.pedals.tolist() == [(0.0, 64, 127), (1.0, 64, 0)]
    assert segments[3].phrase.pedals.tolist() == [(0.0, 64, 0), (0.0, 67, 127)]


def test_silence_at_the_start_and_in_the_middle_is_left_out() -> None:
    rows = [row for row in quarters(40) if row[0] >= 8 and not 16 <= row[0] < 24]
    assert [segment.start_beat for segment in cut(recording(rows))] == [8, 24, 32]


@pytest.mark.parametrize(
    ("bar", "beats", "length"),
    [(4, 8, 8), (3, 8, 6), (2, 8, 8), (5, 8, 5), (3.5, 8, 7), (3, 4, 6), (4, 4, 4), (4, 16, 16)],
)
def test_segments_are_whole_bars(bar: float, beats: int, length: float) -> None:
    assert bars_within(bar, beats) == length


def test_a_change_of_metre_starts_afresh(tmp_path: Path) -> None:
    conductor = [
        mido.MetaMessage("time_signature", numerator=4, denominator=4),
        mido.MetaMessage("time_signature", numerator=3, denominator=4, time=480 * 12),
    ]
    track = [message for i in range(24) for message in (on(40 + i), off(40 + i, 480))]
    segments = cut(read_recording(midi_file(tmp_path / "x.mid", [conductor, track])))
    spans = [(segment.start_beat, segment.phrase.beats) for segment in segments]
    assert spans == [(0, 8), (12, 6), (18, 6)]
