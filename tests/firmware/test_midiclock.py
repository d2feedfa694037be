import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.midiclock import CONTINUE, PULSE, START, STOP, ClockFollower

MS = 1_000_000


def pulses(
    bpm: float, count: int, start: int = 0, jitter_ms: float = 0.0, seed: int = 1
) -> list[int]:
    rng = random.Random(seed)
    step = 60e9 / bpm / 24
    return [start + round(i * step + rng.uniform(-1, 1) * jitter_ms * MS) for i in range(count)]


def follow(follower: ClockFollower, times: list[int]) -> list[float]:
    told = (follower.heard(ns, bytes((PULSE,))) for ns in times)
    return [bpm for bpm in told if bpm is not None]


@pytest.mark.parametrize("bpm", [40, 97.3, 120, 200])
def test_a_steady_clock_is_told_once(bpm: float) -> None:
    assert follow(ClockFollower(), pulses(bpm, 500)) == [pytest.approx(bpm, abs=0.01)]


@given(st.floats(50, 200), st.integers(0, 1000))
def test_jitter_is_smoothed(bpm: float, seed: int) -> None:
    follower = ClockFollower()
    follow(follower, pulses(bpm, 400, jitter_ms=1.0, seed=seed))
    assert follower.bpm == pytest.approx(bpm, rel=0.01)


def test_a_new_tempo_is_followed_within_three_beats() -> None:
    follower = ClockFollower()
    before = pulses(100, 100)
    follow(follower, before)
    follow(follower, pulses(140, 73, before[-1] + 17 * MS))
    assert follower.bpm == pytest.approx(140, rel=0.01)


def test_a_lost_clock_keeps_the_last_tempo() -> None:
    follower = ClockFollower()
    times = pulses(90, 100)
    follow(follower, times)
    assert follow(follower, [times[-1] + 5_000 * MS]) == []
    assert follower.bpm == pytest.approx(90)
    assert follow(follower, pulses(130, 60, times[-1] + 9_000 * MS))[-1] == pytest.approx(130, 0.01)


@pytest.mark.parametrize("status", [START, CONTINUE, STOP])
def test_a_pause_is_not_a_slow_tempo(status: int) -> None:
    follower = ClockFollower()
    times = pulses(120, 60)
    follow(follower, times)
    follower.heard(times[-1] + MS, bytes((status,)))
    assert follow(follower, pulses(120, 60, times[-1] + 400 * MS)) == []


@pytest.mark.parametrize("bpm", [10, 400])
def test_what_is_no_tempo_is_ignored(bpm: float) -> None:
    assert follow(ClockFollower(), pulses(bpm, 200)) == []


def test_other_messages_are_not_pulses() -> None:
    follower = ClockFollower()
    assert [follower.heard(i * MS, b"\xfe") for i in range(100)] == [None] * 100
