"""Beats from notes alone, and whether a written tempo map is to be believed."""

from dataclasses import replace
from pathlib import Path

import mir_eval
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.bench.beat_tracking import f_measure, read_song, score_song, song_numbers, written
from corpus import demo
from corpus.errors import CorpusError
from corpus.hearing.beats import (
    MIN_BELIEF,
    BeatGrid,
    extended,
    follows_tempo_map,
    in_bars,
    on_grid,
    track_beats,
    with_beat,
)
from corpus.reading.midifile import read_recording
from corpus.reading.recording import CHANGE, NOTES, Recording
from models.notes import NOTE, pedal_array, sort_notes

POP909 = Path(__file__).resolve().parents[2].parent / "shared/data/pop909"
needs_songs = pytest.mark.skipif(not POP909.is_dir(), reason="the POP909 songs are not here")
TAKES = sorted(Path(demo.__file__).parent.glob("*.mid"))


def take(name: str) -> Recording:
    return read_recording(next(path for path in TAKES if path.name.startswith(name)))


def flattened(recording: Recording, drift: float = 0.0) -> Recording:
    """Under 120 BPM whatever it was played at, its time bent by up to `drift` either way."""
    notes, bars = recording.notes.copy(), recording.bars

    def bent(beats: np.ndarray) -> np.ndarray:
        seconds = recording.times(beats)
        swing: np.ndarray = np.sin(2 * np.pi * seconds / 40) * 40 / (2 * np.pi)
        return 2 * (seconds + drift * swing)

    notes["onset"], ends = bent(notes["onset"]), bent(notes["onset"] + notes["duration"])
    notes["duration"] = ends - notes["onset"]
    pedals = recording.pedals.copy()
    pedals["beat"] = bent(pedals["beat"])
    tempos = np.array([(0.0, 120.0)], dtype=CHANGE)
    beats = float((notes["onset"] + notes["duration"]).max())
    return Recording(recording.name, sort_notes(notes), pedals, tempos, bars, beats)


def random_notes(count: int = 400, seed: int = 5) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    onset = np.cumsum(rng.exponential(0.2, count))
    pitch, velocity = rng.integers(36, 84, count), rng.integers(40, 90, count)
    return onset, rng.exponential(0.4, count) + 0.05, pitch, velocity


def off_beat(recording: Recording, truth: Recording) -> np.ndarray:
    """How far each note is from where it was played, in beats, whatever whole beat is called 0."""
    moved = recording.notes["onset"] - truth.notes["onset"]
    shifted: np.ndarray = moved - np.round(np.median(moved))
    return np.abs(shifted)


@pytest.mark.parametrize("path", TAKES, ids=lambda path: path.stem)
def test_what_was_played_to_its_grid_is_believed_and_left_alone(path: Path) -> None:
    recording = read_recording(path)
    heard = with_beat(recording)
    assert heard.bpm_source == "file"
    assert heard.bpm_confidence >= 2 * MIN_BELIEF
    assert heard.notes is recording.notes


@pytest.mark.parametrize("path", TAKES, ids=lambda path: path.stem)
def test_a_drifting_performance_is_not_believed(path: Path) -> None:
    assert follows_tempo_map(flattened(read_recording(path), drift=0.1)) < MIN_BELIEF


@pytest.mark.parametrize("name", ["05-gospel", "10-ballad", "16-stride", "20-rock"])
def test_a_tempo_written_wrongly_is_not_believed(name: str) -> None:
    assert follows_tempo_map(flattened(take(name))) < MIN_BELIEF


@pytest.mark.parametrize("name", ["01-boogie", "06-gospel", "09-ballad", "14-second", "20-rock"])
def test_a_drifting_performance_comes_back_to_its_beats(name: str) -> None:
    truth = take(name)
    heard = with_beat(flattened(truth, drift=0.1), tempo=float(truth.tempos["value"][0]))
    assert heard.bpm_source == NOTES
    assert np.percentile(off_beat(heard, truth), 95) < 0.04
    spread = heard.tempos["value"].max() / heard.tempos["value"].min()
    assert 1.15 < spread < 1.5


def test_the_swing_survives() -> None:
    truth = take("01-boogie")
    heard = with_beat(flattened(truth, drift=0.1), tempo=138.0)
    swung = np.round(truth.notes["onset"] % 1, 1) == 0.6
    played, kept = (recording.notes["onset"][swung] % 1 for recording in (truth, heard))
    assert np.median(played) == pytest.approx(0.63, abs=0.02)
    assert np.median(kept) == pytest.approx(np.median(played), abs=0.015)


def test_a_waltz_is_in_three_and_begins_on_one() -> None:
    truth = take("09-ballad")
    heard = with_beat(flattened(truth))
    assert heard.bars["value"].tolist() == [3.0]
    moved = np.median(heard.notes["onset"] - truth.notes["onset"])
    assert abs(moved / 3 - round(moved / 3)) < 0.02


def test_a_told_tempo_sets_the_level() -> None:
    notes = flattened(take("07-montuno"))
    for tempo in (88.0, 176.0, 90.0):
        grid = _grid(notes, tempo)
        assert grid.bpm == pytest.approx(tempo, rel=0.05)


@pytest.mark.parametrize("tempo", [50.0, 80.0, 100.0, 170.0])
def test_a_told_tempo_counts_even_against_what_is_heard(tempo: float) -> None:
    onset = np.arange(64) * 0.5
    ones = np.ones(64)
    grid = track_beats(onset, 0.4 * ones, 40 + np.arange(64) % 5, 80 * ones, tempo)
    assert abs(np.log(grid.bpm / tempo)) <= 0.2
    assert grid.times[0] <= 0
    assert grid.times[-1] >= onset[-1]


@pytest.mark.parametrize("bar", [2.0, 3.0, 3.5, 4.0, 5.0, 16.0])
@pytest.mark.parametrize("first", [0, 1, 5])
def test_told_bars_begin_where_the_accents_are(bar: float, first: int) -> None:
    """A low note begins each bar; half a bar of 7/8 is between two beats."""
    beat = np.arange(0, 160, 0.5)
    low = (beat - first) % bar == 0
    onset, ones = 1.0 + beat * 0.6, np.ones(len(beat))
    pitch = np.where(low, 33.0, 62.0 + beat % 3)
    grid = track_beats(onset, 0.3 * ones, pitch, np.where(low, 110, 70), 100.0, bar)
    assert grid.bar == bar
    second = grid.times[grid.downbeat] - 1.0
    assert abs((second / 0.6 - first + bar / 2) % bar - bar / 2) < 0.1


@pytest.mark.parametrize("count", [3, 200])
@pytest.mark.parametrize("second", [0.0, 1.3, 40.0, 500.0])
def test_a_bar_begins_on_the_downbeat_that_is_told(count: int, second: float) -> None:
    onset, ones = 5.0 + np.arange(count) * 0.5, np.ones(count)
    pitch = 40 + np.arange(count) % 5
    grid = track_beats(onset, 0.4 * ones, pitch, 80 * ones, 120.0, 3.0, second)
    step = np.diff(grid.times).mean()
    off = (grid.times[grid.downbeat] - second + 0.75) % 1.5 - 0.75
    assert abs(off) <= step / 2 + 1e-6
    assert grid.times[0] <= onset[0]
    assert grid.times[-1] >= onset[-1]


def test_bars_of_seven_eighths_begin_between_beats() -> None:
    times = np.arange(20) * 0.5
    notes = np.array([(6.0, 0.5, 60, 80), (8.0, 0.5, 62, 80)], dtype=NOTE)
    moved = on_grid(_recording("x", notes), BeatGrid(times, 1, 3.5, 1.0))
    # Downbeats on the beats -2.5, 1, 4.5, 8 ...; the notes are on 6 and 8.
    assert moved.notes["onset"] == pytest.approx([8.5, 10.5])
    assert moved.bars.tolist() == [(0.0, 3.5)]
    assert moved.tempos["value"] == pytest.approx([120.0])


@pytest.mark.parametrize(
    ("bar", "downbeat", "expected"),
    [
        (None, None, [(0, 4), (8, 3), (20, 4)]),
        (None, 4.0, [(0, 4), (8, 3), (20, 4)]),
        (None, 5.0, [(0, 1), (1, 4), (8, 3), (20, 4)]),
        (None, 9.5, [(0, 4), (8, 1.5), (9.5, 3), (20, 4)]),
        (None, 63.0, [(0, 4), (8, 3), (20, 3), (23, 4)]),
        (5.0, None, [(0, 5)]),
        (5.0, 7.0, [(0, 2), (2, 5)]),
    ],
)
def test_told_bars_leave_other_metres_where_they_are(
    bar: float | None, downbeat: float | None, expected: list[tuple[float, float]]
) -> None:
    notes = np.array([(0.0, 1.0, 60, 80)], dtype=NOTE)
    bars = np.array([(0, 4), (8, 3), (20, 4)], dtype=CHANGE)
    told = in_bars(replace(_recording("x", notes), bars=bars), bar, downbeat)
    assert told.bars.tolist() == expected


@pytest.mark.parametrize("tempo", [None, 88.0, 50.0])
def test_whether_its_own_beats_were_kept_is_told(tempo: float | None) -> None:
    truth = take("07-montuno")
    written = float(truth.tempos["value"][0])
    heard = with_beat(truth, written if tempo == 88.0 else tempo)
    assert heard.bpm_source == ("notes" if tempo == 50.0 else "file")
    assert (heard.notes is truth.notes) == (heard.bpm_source == "file")


def test_random_notes_have_no_tempo() -> None:
    grid = track_beats(*random_notes())
    assert grid.confidence < 0.2
    onset, duration, pitch, velocity = random_notes()
    notes = np.zeros(len(onset), dtype=NOTE)
    notes["onset"], notes["duration"] = 2 * onset, 2 * duration
    notes["pitch"], notes["velocity"] = pitch, velocity
    with pytest.raises(
        CorpusError, match=r"^noise: cannot hear its tempo \(confidence 0\.\d\d\): "
    ):
        with_beat(_recording("noise", notes))


@pytest.mark.parametrize("count", [0, 1, 2, 11])
def test_too_few_notes_get_an_even_grid_without_confidence(count: int) -> None:
    onset = 3.0 + 0.4 * np.arange(count)
    grid = track_beats(onset, np.full(count, 0.2), np.full(count, 60), np.full(count, 80))
    assert grid.confidence == 0.0
    assert np.ptp(np.diff(grid.times)) < 1e-9
    assert len(grid.times) >= 2
    if count:
        assert grid.times[0] <= onset[0]
        assert grid.times[-1] >= onset[-1]


def test_few_notes_are_taken_as_they_are_written() -> None:
    notes = np.array([(i * 0.5, 0.4, 60, 80) for i in range(8)], dtype=NOTE)
    assert with_beat(_recording("seed", notes)).bpm_source == "file"


@given(
    onset=st.lists(st.floats(0, 200), min_size=0, max_size=60),
    step=st.sampled_from([1e-4, 0.05, 1.0, 30.0]),
    tempo=st.sampled_from([None, 10.0, 97.0, 1000.0]),
)
@settings(max_examples=60, deadline=None)
def test_any_notes_get_ascending_beats_that_cover_them(
    onset: list[float], step: float, tempo: float | None
) -> None:
    struck = np.array(onset) * step
    columns = (np.full(len(onset), value) for value in (0.2, 60, 80))
    grid = track_beats(struck, *columns, tempo=tempo)
    assert np.isfinite(grid.times).all()
    assert np.all(np.diff(grid.times) > 0)
    assert 0.0 <= grid.confidence <= 1.0
    assert 0 <= grid.downbeat < grid.bar
    if len(onset):
        assert grid.times[0] <= struck.min() + 0.2
        assert grid.times[-1] >= struck.max() - 0.2


def test_hours_of_silence_are_quick_and_go_on_beating() -> None:
    first = np.arange(0, 40, 0.5)
    onset = np.concatenate([first, 36_000 + first])
    pitch = np.tile([36, 60, 43, 60], len(onset) // 4)
    grid = track_beats(onset, np.full(len(onset), 0.4), pitch, np.full(len(onset), 80))
    assert np.diff(grid.times).max() < 3.0
    assert np.all(np.diff(grid.times) > 0)


def test_on_grid_is_straight_between_beats_and_starts_at_a_downbeat() -> None:
    times = np.array([1.0, 1.5, 2.0, 2.4, 2.8, 3.2, 3.7, 4.2])
    notes = np.array([(2.0, 1.0, 60, 80), (4.4, 0.8, 62, 80), (7.4, 1.0, 64, 80)], dtype=NOTE)
    recording = replace(_recording("x", notes), pedals=pedal_array([(0.0, 64, 127), (4.0, 64, 0)]))
    moved = on_grid(recording, BeatGrid(times, 2, 3.0, 0.7))
    # Seconds 1.0, 2.2 and 3.7; beat 0 is the downbeat a bar before second 2.0, at 0.5.
    assert moved.notes["onset"] == pytest.approx([1.0, 3.5, 7.0])
    assert moved.notes["duration"] == pytest.approx([1.0, 1.0, 1.0])
    assert moved.pedals["beat"] == pytest.approx([0.0, 3.0])
    assert moved.bars.tolist() == [(0.0, 3.0)]
    assert moved.tempos["beat"][0] == 0.0
    assert moved.bpm(3.0, 4.0) == pytest.approx(150.0)
    assert moved.times(np.array([7.0]))[0] == pytest.approx(3.7 - 0.5)
    assert (moved.bpm_source, moved.bpm_confidence) == (NOTES, 0.7)


def test_the_same_notes_in_any_order_give_the_same_beats() -> None:
    notes = flattened(take("20-rock"))
    shuffled = np.random.default_rng(2).permutation(len(notes.notes))
    one = _grid(notes)
    other = _grid(replace(notes, notes=notes.notes[shuffled]))
    assert one.times.tobytes() == other.times.tobytes()


def test_extended_goes_on_at_the_tempo_of_either_end() -> None:
    times = np.array([1.0, 1.5, 2.0])
    assert extended(times, 0.2, 2.6) == pytest.approx([0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0])


def test_f_measure_is_that_of_mir_eval() -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        truth = np.cumsum(rng.uniform(0.3, 0.8, 50))
        found = np.sort(truth + rng.normal(0, 0.06, 50))[rng.random(50) < 0.9]
        found = found[np.diff(found, prepend=-1.0) > 0.2]
        expected = mir_eval.beat.f_measure(truth, found, 0.07)
        assert f_measure(truth, found) == pytest.approx(expected, abs=0.03)


@needs_songs
def test_songs_set_aside_have_the_right_tempo() -> None:
    numbers = [number for number in song_numbers(POP909) if number % 10 == 0][:6]
    scores = [score_song(POP909, number)["piano"][0] for number in numbers]
    assert all(score.octave for score in scores)
    assert np.mean([score.beat_f for score in scores]) > 0.8


@needs_songs
def test_a_song_is_believed_on_its_beats_and_not_under_120() -> None:
    song = read_song(POP909, 3)
    assert follows_tempo_map(written(song, song.beats)) >= MIN_BELIEF
    assert follows_tempo_map(written(song, np.arange(0.0, song.end + 1, 0.5))) < MIN_BELIEF


def _recording(name: str, notes: np.ndarray) -> Recording:
    tempos, bars = (np.array([(0.0, value)], dtype=CHANGE) for value in (120.0, 4.0))
    end = float((notes["onset"] + notes["duration"]).max())
    return Recording(name, notes, pedal_array([]), tempos, bars, end)


def _grid(recording: Recording, tempo: float | None = None) -> BeatGrid:
    notes = recording.notes
    seconds = 60.0 / float(recording.tempos["value"][0])
    onset, duration = notes["onset"] * seconds, notes["duration"] * seconds
    return track_beats(onset, duration, notes["pitch"], notes["velocity"], tempo)
