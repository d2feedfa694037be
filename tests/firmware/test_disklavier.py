"""The simulated piano keeps to its mechanics, and a profile makes its chords sound together."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.clock import SimulatedClock
from firmware.disklavier import Mechanics, Missed, SimulatedDisklavier, Sound, chord_spread_ns
from firmware.dispatch import Message
from firmware.instrument import Instrument
from firmware.profile import MS, load_profile
from firmware.simulated import SimulatedPlayer

ON, OFF, CC = 0x90, 0x80, 0xB0


class Hall:
    """A piano, and milliseconds instead of nanoseconds."""

    def __init__(self, **mechanics: object) -> None:
        self.piano = SimulatedDisklavier(Mechanics(**mechanics))  # type: ignore[arg-type]

    def send(self, ms: int, *data: int) -> None:
        self.piano.receive(ms * MS, bytes(data))

    def on(self, ms: int, key: int = 60, velocity: int = 100) -> None:
        self.send(ms, ON, key, velocity)

    def off(self, ms: int, key: int = 60) -> None:
        self.send(ms, OFF, key, 0)

    def heard(self, until: int = 10_000) -> list[tuple[int, int, int]]:
        self.piano.advance(until * MS)
        return [(ns // MS, key, velocity) for ns, key, velocity in self.piano.sounds]

    def missed(self) -> list[tuple[int, int, str]]:
        return [(ns // MS, key, reason) for ns, key, reason in self.piano.missed]

    def out(self) -> list[tuple[int, bytes]]:
        return [(ns // MS, data) for ns, data in self.piano.outgoing()]


@pytest.mark.parametrize(
    ("velocity", "ms"), [(127, 50), (100, 50), (90, 54), (65, 95), (50, 135), (30, 180), (25, 185)]
)
def test_a_soft_note_speaks_later(velocity: int, ms: int) -> None:
    hall = Hall()
    hall.on(1000, velocity=velocity)
    assert hall.heard(1000 + ms - 1) == []
    assert hall.heard(1000 + ms) == [(1000 + ms, 60, velocity)]


def test_a_release_takes_the_latency_too_but_never_precedes_its_strike() -> None:
    hall = Hall()
    hall.on(1000, velocity=30)
    hall.off(1010)
    hall.on(2000)
    hall.off(2300)
    assert hall.heard() == [(1180, 60, 30), (1180, 60, 0), (2050, 60, 100), (2350, 60, 0)]


def test_with_delay_all_sounds_after_half_a_second() -> None:
    hall = Hall(delay_ms=500)
    hall.on(1000, 60, 30)
    hall.on(1000, 64, 100)
    hall.off(1200, 60)
    assert hall.heard() == [(1500, 60, 30), (1500, 64, 100), (1700, 60, 0)]


@pytest.mark.parametrize(("gap", "sounds"), [(99, 1), (100, 2)])
def test_a_key_must_rise_first(gap: int, sounds: int) -> None:
    hall = Hall()
    hall.on(1000)
    hall.off(1200)
    hall.on(1200 + gap)
    assert len([velocity for _, _, velocity in hall.heard() if velocity]) == sounds
    assert hall.missed() == [(1200 + gap, 60, "repeat")] * (2 - sounds)


def test_a_key_that_is_down_cannot_be_struck() -> None:
    hall = Hall()
    hall.on(1000)
    hall.on(2000)
    assert hall.heard() == [(1050, 60, 100)]
    assert hall.missed() == [(2000, 60, "repeat")]


def test_strikes_beyond_the_limit_do_not_sound_until_a_key_is_free() -> None:
    hall = Hall(polyphony=2)
    for key in (60, 62, 64):
        hall.on(1000, key)
    hall.off(1500, 60)
    hall.on(1500, 65)
    struck = [key for _, key, velocity in hall.heard() if velocity]
    assert struck == [60, 62, 65]
    assert hall.missed() == [(1000, 64, "polyphony")]


def test_too_soft_a_key_moves_without_a_sound() -> None:
    hall = Hall(lowest_velocity=25)
    hall.on(1000, velocity=24)
    assert hall.heard(1500) == []
    assert hall.piano.down == {60}
    assert hall.missed() == [(1000, 60, "soft")]


def test_keys_it_does_not_have_and_channels_it_does_not_hear() -> None:
    hall = Hall()
    hall.on(1000, 20)
    hall.on(1000, 109)
    hall.send(1000, ON | 1, 60, 100)
    assert hall.heard() == []
    assert hall.missed() == [(1000, 20, "range"), (1000, 109, "range")]


def test_silence_for_300_ms_after_active_sensing_lets_everything_go() -> None:
    hall = Hall()
    hall.send(1000, 0xFE)
    hall.on(1100)
    hall.send(1100, CC, 64, 127)
    hall.send(1390, 0xFE)
    assert hall.heard(1739) == [(1150, 60, 100)]
    assert hall.heard(1740) == [(1150, 60, 100), (1740, 60, 0)]
    assert hall.piano.down == frozenset()
    assert hall.piano.pedals == {64: 0, 66: 0, 67: 0}
    hall.on(3000)  # without another 0xFE it does not wait for one
    hall.heard()
    assert hall.piano.down == {60}


def test_without_active_sensing_it_holds_for_ever() -> None:
    hall = Hall()
    hall.on(1000)
    assert hall.heard(100_000) == [(1050, 60, 100)]


@pytest.mark.parametrize("control", [120, 123])
def test_all_notes_off(control: int) -> None:
    hall = Hall()
    hall.on(1000)
    hall.send(2000, CC, control, 0)
    assert hall.heard() == [(1050, 60, 100), (2050, 60, 0)]


def test_it_says_nothing_of_what_it_is_told_to_play() -> None:
    hall = Hall()
    hall.on(1000)
    hall.off(1200)
    hall.heard()
    assert hall.out() == []


def test_an_old_model_sends_it_back() -> None:
    hall = Hall(echo=True)
    hall.on(1000)
    hall.off(1200)
    hall.send(1300, CC, 64, 127)
    hall.heard()
    assert hall.out() == [(1005, bytes((ON, 60, 100))), (1205, bytes((OFF, 60, 0)))]


def test_hands_are_heard_at_once_and_told_of_later() -> None:
    hall = Hall()
    hall.piano.press(1000 * MS, 60, 70)
    hall.on(1100)
    hall.piano.lift(1500 * MS, 60)
    assert hall.heard() == [(1000, 60, 70), (1500, 60, 0)]
    assert hall.missed() == [(1100, 60, "held")]
    assert hall.out() == [(1050, bytes((ON, 60, 70))), (1550, bytes((OFF, 60, 64)))]


def test_its_own_active_sensing() -> None:
    hall = Hall(sensing=True)
    hall.heard(1000)
    assert hall.out() == [(ms, b"\xfe") for ms in range(0, 1001, 200)]


def test_a_listener_hears_what_is_kept() -> None:
    heard: list[Sound] = []
    piano = SimulatedDisklavier(listener=heard.append)
    piano.receive(0, bytes((ON, 60, 100)))
    piano.advance(1000 * MS)
    assert heard == list(piano.sounds) == [Sound(50 * MS, 60, 100)]


def test_what_it_keeps_is_bounded() -> None:
    piano = SimulatedDisklavier()
    for number in range(20_000):
        piano.receive(0, bytes((ON, 21 + number % 16, 100)))
        piano.receive(0, bytes((OFF, 21 + number % 16, 0)))
    assert len(piano.missed) <= 65536
    assert piano.missed[0] == Missed(0, 21, "repeat")
    assert piano.lost == 0


# The piano and its profile

CHORDS = st.lists(
    st.tuples(st.integers(21, 108), st.integers(20, 110)),
    min_size=2,
    max_size=12,
    unique_by=lambda note: note[0],
)


def chord_at_the_strings(profile: str, chord: list[tuple[int, int]]) -> SimulatedDisklavier:
    clock = SimulatedClock()
    piano = SimulatedDisklavier()
    player = SimulatedPlayer(clock, piano.receive)
    music = [
        Message(1000 * MS, index, index, bytes((ON, key, velocity)))
        for index, (key, velocity) in enumerate(chord, 1)
    ]
    for now in range(0, 2000, 50):
        clock.wait_until(now * MS)
        batch = music if now == 400 else []
        player.schedule(Instrument(load_profile(profile)).translate(batch, now * MS).messages)
    player.advance(2000 * MS)
    piano.advance(3000 * MS)
    return piano


@given(chord=CHORDS)
@settings(deadline=None)
def test_with_its_profile_a_chord_sounds_as_one_and_on_time(chord: list[tuple[int, int]]) -> None:
    piano = chord_at_the_strings("disklavier-realtime", chord)
    assert {sound.key for sound in piano.sounds} == {key for key, _ in chord}
    assert chord_spread_ns(piano.sounds) < 3 * MS
    assert all(abs(sound.ns - 1000 * MS) < 3 * MS for sound in piano.sounds)


@given(chord=CHORDS, soft=st.integers(25, 35), loud=st.integers(90, 110))
@settings(deadline=None)
def test_without_it_soft_and_loud_notes_fall_apart(
    chord: list[tuple[int, int]], soft: int, loud: int
) -> None:
    chord = [(chord[0][0], soft), (chord[1][0], loud), *chord[2:]]
    assert chord_spread_ns(chord_at_the_strings("keyboard", chord).sounds) > 100 * MS
