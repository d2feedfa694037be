"""The last bars, found in what was played: against the beat that the demo corpus is written in."""

from functools import cache
from itertools import product
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.errors import SeedError
from appliance.recalling import LONGEST_SECONDS, Recalled, recall
from appliance.steady import Strikes, find_steady
from corpus import demo
from corpus.reading.midifile import read_recording
from corpus.reading.recording import Recording

SECOND = 1_000_000_000
Heard = list[tuple[int, bytes]]


class Played(NamedTuple):
    """Some bars of a recording from time 0, in true beats of `beat` seconds."""

    heard: Heard
    beat: float
    bar: float


@cache
def recordings() -> tuple[Recording, ...]:
    return tuple(read_recording(path) for path in sorted(demo.FOLDER.glob("*.mid")))


def played(recording: Recording, first: int, bars: int, on: float = 0.0) -> Played:
    """Bars of it, and `on` seconds more."""
    bar, beat = float(recording.bars["value"][0]), 60 / float(recording.tempos["value"][0])
    start, end = first * bar, (first + bars) * bar + (on / beat or -0.05)
    heard: Heard = []
    for onset, duration, pitch, velocity in recording.notes.tolist():
        if start - 0.05 <= onset < end:
            strike, release = ((at - start) * beat for at in (onset, onset + duration))
            heard.append((round(strike * SECOND), bytes((0x90, pitch, velocity))))
            heard.append((round(release * SECOND), bytes((0x80, pitch, 0))))
    return Played(sorted(heard, key=lambda pair: pair[0]), beat, bar)


def recalled(piece: Played, tap: float, later: float = 0.35) -> Recalled:
    at, now = round(tap * SECOND), round((tap + later) * SECOND)
    return recall([pair for pair in piece.heard if pair[0] <= now], at, now)


def shares(bars: int, on: float, after: float) -> tuple[float, float]:
    """Of how many pieces the loop is whole bars, and of how many it comes in on the beat."""
    rng = np.random.default_rng(0)
    whole, in_time = [], []
    for recording, first in product(recordings(), (8, 24)):
        piece = played(recording, first, bars, on)
        if len(piece.heard) < 10:
            continue
        tap = bars * piece.bar * piece.beat + after + rng.normal(0, 0.03)
        found = recalled(piece, tap)
        beats = found.seed.seconds / piece.beat
        whole.append(abs(beats - piece.bar * round(beats / piece.bar)) < 0.15)
        place = found.enters / SECOND / piece.beat
        in_time.append(abs(place - round(place)) < 0.12)
    assert len(whole) > 30
    return float(np.mean(whole)), float(np.mean(in_time))


@pytest.mark.parametrize(
    ("bars", "on", "after", "least"),
    [
        (2, 0.7, 0.0, (0.9, 0.9)),  # a tap on the one, and playing on
        (4, 0.7, 0.0, (0.95, 0.9)),
        (8, 0.7, 0.0, (0.95, 0.9)),
        (4, 0.0, 0.4, (0.85, 0.9)),  # stopped, and tapped a little later
        (8, 0.0, 0.4, (0.85, 0.85)),
    ],
)
def test_the_grooves_of_the_demo(
    bars: int, on: float, after: float, least: tuple[float, float]
) -> None:
    whole, in_time = shares(bars, on, after)
    assert whole >= least[0]
    assert in_time >= least[1]


@pytest.mark.parametrize(
    ("bpm", "heard"),
    [(60.0, 120.0), (72.0, 144.0), (90.0, 90.0), (105.0, 105.0), (120.0, 120.0), (140.0, 140.0)],
)
def test_plain_eighths_at_any_usual_tempo(bpm: float, heard: float) -> None:
    """Slow ones are heard as quarters, which by themselves they might be: the bars are whole."""
    step = 30 / bpm
    onset = np.arange(32) * step
    pitch = np.where(np.arange(32) % 8 == 0, 36.0, 50.0)
    velocity = np.where(np.arange(32) % 2 == 0, 80.0, 60.0)
    found = find_steady(Strikes(onset, velocity, pitch), 32 * step)
    assert 60 / found.period == pytest.approx(heard, rel=1e-3)
    assert abs(found.place(0.0) - round(found.place(0.0))) < 0.01
    assert found.bar == 4


def test_a_waltz_has_bars_of_three() -> None:
    """The first minor chord, and its bass on every one, at 120."""
    rows = [
        (beat * 0.5, 36 if beat % 3 == 0 else 60 + voice)
        for beat in range(24)
        for voice in ((0,) if beat % 3 == 0 else (0, 3, 7))
    ]
    onset, pitch = (np.array(column, float) for column in zip(*rows, strict=True))
    found = find_steady(Strikes(onset, np.full(len(rows), 70.0), pitch), 12.0)
    assert (found.bar, round(60 / found.period)) == (3, 120)


def test_loops_are_no_longer_than_a_seed_should_be() -> None:
    for recording in recordings()[:8]:
        found = recalled(played(recording, 0, 24, 0.7), 24 * 4 * 60 / 120)
        assert found.seed.seconds <= LONGEST_SECONDS + 1e-6


def test_one_note_is_a_phrase_too() -> None:
    heard = [(0, bytes((0x90, 40, 80))), (SECOND, bytes((0x80, 40, 0)))]
    found = recall(heard, 2 * SECOND, 2 * SECOND)
    assert found.seed.phrase.notes["pitch"][0] == 40
    assert found.seed.phrase.beats >= 8


@pytest.mark.parametrize(
    "heard", [[], [(0, bytes((0xB0, 64, 127)))], [(5 * SECOND, bytes((0x90, 40, 80)))]]
)
def test_where_nothing_was_played_nothing_is_found(heard: Heard) -> None:
    with pytest.raises(SeedError, match="NOTHING HEARD"):
        recall(heard, SECOND, SECOND)


MESSAGE = st.tuples(
    st.floats(-60, 1),
    st.sampled_from([0x80, 0x90, 0xB0]),
    st.sampled_from([36, 40, 64, 66, 100]),
    st.integers(0, 127),
)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(MESSAGE, max_size=60),
    st.floats(0, 10),
    st.sampled_from([None, 30.0, 97.3, 240.0]),
)
def test_anything_played_gives_a_loop_in_time_or_a_reason(
    rows: list[tuple[float, int, int, int]], later: float, bpm: float | None
) -> None:
    heard = [(round(at * SECOND), bytes(data)) for at, *data in sorted(rows)]
    now = round(later * SECOND)
    try:
        found = recall(heard, 0, now, bpm)
    except SeedError:
        return
    phrase = found.seed.phrase
    assert phrase.beats >= 8
    assert phrase.notes["onset"].max() < phrase.beats
    assert bpm is None or phrase.bpm == bpm
    left = phrase.beats - (now - found.enters) / 1e9 * phrase.bpm / 60
    assert left >= 4 or found.enters >= now
