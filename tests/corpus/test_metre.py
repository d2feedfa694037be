"""The pulse, the ways to count it, and the fit of what weighs them."""

import numpy as np
import pytest

from appliance.bench.beat_fit import Choice, fit
from corpus.hearing.metre import (
    BAR_FEATURES,
    FEATURES,
    RATIOS,
    SLOTS,
    STREAMS,
    Count,
    Stream,
    bar_counts,
    counts,
    describe_bars,
    describe_counts,
    folded,
    streams,
    wait_classes,
)
from corpus.hearing.metre_weights import BAR, BEAT
from corpus.hearing.onsets import Struck, struck
from corpus.hearing.pulse import track_pulse


def click(period: float, count: int, start: float = 1.0) -> Struck:
    onset = start + period * np.arange(count)
    return struck(onset, np.full(count, 0.1), np.full(count, 60), np.full(count, 90))


def groove(bars: int = 24, beat: float = 0.6) -> Struck:
    """A bass note on one, chords on all four, a note between each two beats."""
    rows = []
    for bar in range(bars):
        rows.append((4 * bar, 3.0, 36 + 5 * (bar % 3), 90))
        for step in range(4):
            rows += [(4 * bar + step, 0.9, pitch, 80) for pitch in (60, 64)]
            rows.append((4 * bar + step + 0.5, 0.3, 72, 50))
    onset, duration, pitch, velocity = np.array(rows).T
    return struck(onset * beat, duration * beat, pitch, velocity)


@pytest.mark.parametrize("period", [0.31, 0.5, 0.73, 0.98])
def test_the_pulse_of_a_click_is_the_click_or_a_simple_ratio_of_it(period: float) -> None:
    notes = click(period, 60)
    ticks = track_pulse(notes)
    ratio = np.median(np.diff(ticks)) / period
    assert np.abs(np.array(RATIOS) / ratio - 1).min() < 0.02
    nearest = np.abs(ticks[:, None] - notes.onset).min(axis=1)
    on_click = nearest < 0.05 * period
    assert on_click.mean() >= min(1.0, ratio) - 0.05


def test_the_pulse_follows_what_it_is_told() -> None:
    assert np.median(np.diff(track_pulse(click(0.4, 100), near=0.8))) == pytest.approx(
        0.8, rel=0.02
    )


def test_a_long_rest_is_filled_with_ticks() -> None:
    onset = np.concatenate([np.arange(0, 20, 0.5), 100.2 + np.arange(0, 20, 0.5)])
    columns = (np.full(len(onset), value) for value in (0.1, 60, 90))
    ticks = track_pulse(struck(onset, *columns))
    assert np.diff(ticks).max() < 1.5 * np.median(np.diff(ticks))


def test_folding_keeps_every_weight_once() -> None:
    stream = Stream(np.array([0.0, 0.5, 1.0, 2.25, 3.99]), np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
    shares = folded(stream, 2.0)
    assert len(shares) == 2 * SLOTS
    assert shares.sum() == pytest.approx(1.0)
    places = {0: 1 + 5, 12: 2, 24: 3, 6: 4}  # 3.99 is the beat after
    assert {int(i): round(15 * shares[i]) for i in np.flatnonzero(shares)} == places


def test_a_stream_without_events_is_even() -> None:
    empty = Stream(np.zeros(0), np.zeros(0))
    assert folded(empty, 1.0) == pytest.approx(np.full(SLOTS, 1 / SLOTS))
    assert wait_classes(empty.place).tolist() == [0.0] * 9


def test_waits_are_classed_by_their_length() -> None:
    place = np.cumsum([0, 0.25, 0.25, 0.5, 1.0, 2.0, 4.0])
    expected = [0, 2, 0, 1, 0, 1, 0, 1, 0]
    assert (6 * wait_classes(place)).tolist() == pytest.approx(expected)


def test_every_way_to_count_is_plausible_and_counted_once() -> None:
    found = counts(0.5)
    assert len(set(found)) == len(found)
    assert all(0.25 < 0.5 * count.ratio < 1.8 for count in found)
    assert all(0 <= count.first < count.ratio for count in found)
    assert {count.ratio for count in counts(0.5, told=8.0)} == {8.0}


def test_features_have_names_and_weights() -> None:
    notes = groove()
    ticks = np.arange(0.0, notes.onset[-1] + 1, 0.6)
    heard = streams(notes, ticks)
    found = counts(0.6)
    assert describe_counts(found, 0.6, heard).shape == (len(found), len(FEATURES))
    assert describe_bars(bar_counts(), heard).shape == (7, len(BAR_FEATURES))
    assert tuple(BEAT) == FEATURES
    assert tuple(BAR) == BAR_FEATURES


def test_shares_on_the_beat_are_where_the_notes_are() -> None:
    notes = groove()
    heard = streams(notes, np.arange(0.0, notes.onset[-1] + 1, 0.6))
    on, off = describe_counts([Count(1.0, 0.0), Count(1.0, 0.5)], 0.6, heard)
    strikes, half = (FEATURES.index(f"strikes {where}") for where in ("on", "half"))
    assert on[strikes] > on[half]
    assert (on[strikes], on[half]) == pytest.approx((off[half], off[strikes]))
    assert heard["bass"].place == pytest.approx(4.0 * np.arange(24))
    assert set(heard) == set(STREAMS)


def test_the_fit_finds_the_coefficients_that_made_the_choices() -> None:
    rng = np.random.default_rng(0)
    true = np.array([2.0, -1.0, 0.0])
    choices = []
    for _ in range(1500):
        rows = rng.normal(size=(5, 3))
        odds = np.exp(rows @ true)
        right = np.arange(5) == rng.choice(5, p=odds / odds.sum())
        choices.append(Choice(rows, right))
    assert fit(choices, penalty=1.0) == pytest.approx(true, abs=0.2)
