"""The wizard against pianos whose mechanics are known, with an ear that never tires."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.calibrate import (
    AGAIN,
    EARLIER,
    HEARD,
    HIGH_NOTE,
    LATER,
    LOW_NOTE,
    NO,
    ORDER,
    TOGETHER,
    TWICE,
    YES,
    Ask,
    Calibration,
    Done,
    Play,
)
from firmware.disklavier import Mechanics, SimulatedDisklavier, Sound, chord_spread_ns
from firmware.profile import MS, Profile, delay_ns, load_profile, write_profile

REALTIME = load_profile("disklavier-realtime")
KEYBOARD = load_profile("keyboard")

SLOW = ((20, 190), (40, 150), (60, 75), (80, 33), (100, 0))
QUICK = ((15, 60), (50, 31), (90, 2), (100, 0))
PIANOS = [
    Mechanics(),
    Mechanics(velocity_latency=SLOW, repeat_gap_ms=137, lowest_velocity=31, echo=True),
    Mechanics(velocity_latency=QUICK, repeat_gap_ms=42, lowest_velocity=1, channel=3),
    Mechanics(delay_ms=500, repeat_gap_ms=250, lowest_velocity=63),
]


class Ear:
    """Sits at a simulated piano, and takes two notes within `fine_ms` for one."""

    def __init__(self, mechanics: Mechanics, fine_ms: float = 5) -> None:
        self.piano = SimulatedDisklavier(mechanics)
        self.questions = 0
        self._fine_ns = fine_ms * MS
        self._now = 0
        self._heard: list[Sound] = []

    def attend(self, calibration: Calibration) -> Profile:
        while not isinstance(step := calibration.step, Done):
            calibration.reply(self.listen(step) if isinstance(step, Play) else self.answer(step))
        return step.profile

    def listen(self, play: Play) -> list[tuple[int, bytes]]:
        begin = self._now
        self.piano.sounds.clear()
        for ns, data in play.events:
            self.piano.receive(begin + ns, data)
        self._now = begin + play.length_ns
        self.piano.advance(self._now)
        self._heard = [sound for sound in self.piano.sounds if sound.velocity]
        return [(ns - begin, data) for ns, data in self.piano.outgoing()]

    def answer(self, ask: Ask) -> str:
        self.questions += 1
        if ask.topic == HEARD:
            return YES if self._heard else NO
        if ask.topic == TWICE:
            return YES if len(self._heard) == 2 else NO
        assert ask.topic == ORDER
        at = {sound.key: sound.ns for sound in self._heard}
        if chord_spread_ns(self._heard) <= self._fine_ns:
            return TOGETHER
        return EARLIER if at[HIGH_NOTE] < at[LOW_NOTE] else LATER


def check(found: Profile, mechanics: Mechanics) -> None:
    low, high = found.velocity_range
    truth = mechanics.latencies_ns()
    assert low == mechanics.lowest_velocity
    for velocity, _ in found.velocity_latency:
        extra = delay_ns(found, velocity) - delay_ns(found, 127)
        assert abs(extra - (truth[velocity] - truth[127])) <= 10 * MS
    assert 0 <= found.repeat_gap_ms - mechanics.repeat_gap_ms <= 20
    assert found.echo == mechanics.echo
    assert low <= high


@pytest.mark.parametrize("mechanics", PIANOS)
@pytest.mark.parametrize("start", [REALTIME, KEYBOARD])
@pytest.mark.parametrize("fine_ms", [0, 5])
def test_it_finds_the_mechanics(mechanics: Mechanics, start: Profile, fine_ms: float) -> None:
    ear = Ear(mechanics, fine_ms)
    check(ear.attend(Calibration(replace(start, channel=mechanics.channel))), mechanics)
    assert ear.questions < 100


@given(
    steps=st.lists(st.integers(0, 25), min_size=9, max_size=9),
    gap=st.integers(5, 390),
    softest=st.integers(1, 64),
    echo=st.booleans(),
)
@settings(deadline=None)
def test_it_finds_any_mechanics(steps: list[int], gap: int, softest: int, echo: bool) -> None:
    table = [(100 - 10 * i, float(sum(steps[:i]))) for i in range(10)]
    mechanics = Mechanics(
        velocity_latency=tuple(sorted(table)),
        repeat_gap_ms=gap,
        lowest_velocity=softest,
        echo=echo,
    )
    check(Ear(mechanics).attend(Calibration(REALTIME)), mechanics)


def test_between_the_points_a_piano_of_known_kind_is_met_too() -> None:
    found = Ear(Mechanics()).attend(Calibration(KEYBOARD))
    truth = Mechanics().latencies_ns()
    for velocity in range(25, 128):
        extra = delay_ns(found, velocity) - delay_ns(found, 127)
        assert abs(extra - (truth[velocity] - truth[127])) <= 10 * MS


def test_a_good_guess_needs_few_questions() -> None:
    ear = Ear(Mechanics())
    ear.attend(Calibration(REALTIME))
    assert ear.questions <= 25


def test_what_is_not_measured_stays_and_the_result_can_be_kept(tmp_path: Path) -> None:
    found = Ear(Mechanics()).attend(Calibration(REALTIME, "the old upright"))
    assert (found.name, found.output_latency_ms) == ("the old upright", 50)
    write_profile(found, tmp_path / "upright.toml")
    assert load_profile(tmp_path / "upright.toml") == found


def test_a_slow_echo_widens_the_window() -> None:
    found = Ear(Mechanics(echo=True, echo_ms=180)).attend(Calibration(REALTIME))
    assert found.echo
    assert found.echo_window_ms == 360


def test_a_pianist_who_plays_along_is_no_echo() -> None:
    calibration = Calibration(REALTIME)
    play = calibration.step
    assert isinstance(play, Play)
    calibration.reply([(play.events[0][0] + 9 * MS, bytes((0x90, LOW_NOTE, 50)))])
    ear = Ear(Mechanics())
    assert not ear.attend(calibration).echo


def test_a_wrong_key_asks_again_and_r_plays_again() -> None:
    calibration = Calibration(REALTIME)
    calibration.reply([])
    play = calibration.step
    ask = calibration.reply([])
    assert isinstance(play, Play)
    assert isinstance(ask, Ask)
    assert calibration.reply("x") is ask
    assert calibration.reply(AGAIN) == play
    assert calibration.reply([]) == ask


def test_an_end_is_an_end() -> None:
    calibration = Calibration(REALTIME)
    Ear(Mechanics()).attend(calibration)
    assert calibration.reply(YES) is calibration.step
    assert isinstance(calibration.step, Done)


def test_nothing_that_is_played_is_left_sounding() -> None:
    ear = Ear(Mechanics())
    ear.attend(Calibration(REALTIME))
    assert ear.piano.down == frozenset()
