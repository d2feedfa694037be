from pathlib import Path

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.music import phrase

from corpus.midiwrite import TICKS_PER_BEAT, to_tick, write_phrase
from corpus.reading.midifile import read_phrase, read_recording
from models.notes import Phrase, note_array, pedal_array

ROWS = st.lists(
    st.tuples(
        st.integers(0, 7 * TICKS_PER_BEAT),
        st.integers(1, TICKS_PER_BEAT),
        st.integers(21, 108),
        st.integers(1, 127),
    ),
    min_size=1,
    max_size=20,
    unique_by=lambda row: row[2],  # one strike a key: overlaps are another test
)


@settings(deadline=None)
@given(ROWS, st.sampled_from([0.0, 3.0, 4.0]))
def test_there_and_back(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[int, int, int, int]],
    offset: float,
) -> None:
    notes = note_array([(a / TICKS_PER_BEAT, b / TICKS_PER_BEAT, p, v) for a, b, p, v in rows])
    pedals = pedal_array([(0.0, 64, 0), (2.5, 64, 127), (4.0, 64, 0)])
    path = tmp_path_factory.mktemp("round") / "x.mid"
    write_phrase(path, Phrase(notes, pedals, 8.0, 93.0, 4.0), "x", offset)
    back = read_recording(path)
    notes["onset"] += offset
    for field in ("onset", "duration"):
        assert back.notes[field] == pytest.approx(notes[field], abs=1e-9)
    assert back.notes[["pitch", "velocity"]].tolist() == notes[["pitch", "velocity"]].tolist()
    assert back.bpm(0, 8) == pytest.approx(93.0, rel=1e-5)


def test_a_tick_is_a_960th_of_a_beat() -> None:
    assert [to_tick(beat) for beat in (0.0, 1.0, 1 / 960, -0.125)] == [0, 960, 1, -120]


@pytest.mark.parametrize("bar", [3.0, 4.0, 3.5, 2.25, 4.125, 6.0])
def test_any_bar_comes_back(tmp_path: Path, bar: float) -> None:
    path = tmp_path / "x.mid"
    write_phrase(path, phrase(bar=bar), "x")
    assert read_phrase(path).bar == bar


def test_names_in_any_script(tmp_path: Path) -> None:
    path = tmp_path / "x.mid"
    write_phrase(path, phrase(), "\u00dcbung \u2013 \u590f")
    names = [track.name for track in mido.MidiFile(path, charset="utf-8").tracks]
    assert names == ["tempo", "\u00dcbung \u2013 \u590f"]


def test_a_note_shorter_than_a_tick_is_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "x.mid"
    notes = note_array([(1.0, 1e-5, 60, 80), (2.0, 1.0, 60, 80)])
    write_phrase(path, Phrase(notes, pedal_array([]), 4.0, 120.0), "x")
    assert read_recording(path).notes["duration"].tolist() == [1 / TICKS_PER_BEAT, 1.0]


STRIKES = st.lists(
    st.tuples(st.floats(0.01, 2.0), st.floats(0.01, 1.0), st.integers(1, 127)), max_size=6
)


@settings(deadline=None)
@given(st.dictionaries(st.integers(21, 108), STRIKES, max_size=6))
def test_what_a_keyboard_can_play_comes_back_within_a_tick(
    tmp_path_factory: pytest.TempPathFactory,
    keys: dict[int, list[tuple[float, float, int]]],
) -> None:
    """Every key's strikes: how long after the one before, for which part of that time, how loud."""
    rows = [(0.0, 0.5, 20 + 1, 64)] if 21 not in keys else [(0.0, 0.5, 22, 64)]
    for pitch, strikes in keys.items():
        now = 1.0
        for wait, share, velocity in strikes:
            rows.append((now, wait * share, pitch, velocity))
            now += wait
    notes = note_array(rows)
    path = tmp_path_factory.mktemp("round") / "x.mid"
    write_phrase(path, Phrase(notes, pedal_array([]), 16.0, 101.0), "x")
    back = read_recording(path).notes
    order = np.lexsort((notes["pitch"], np.rint(notes["onset"] * TICKS_PER_BEAT)))
    notes = notes[order]
    assert back["pitch"].tolist() == notes["pitch"].tolist()
    assert back["velocity"].tolist() == notes["velocity"].tolist()
    for field in ("onset", "duration"):
        assert np.abs(back[field] - notes[field]).max() <= 1 / TICKS_PER_BEAT + 1e-9
