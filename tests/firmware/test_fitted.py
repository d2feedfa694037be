"""The fitted player on a simulated piano: what is asked for in sound is what sounds."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.clock import SimulatedClock
from firmware.disklavier import Mechanics, SimulatedDisklavier, chord_spread_ns
from firmware.dispatch import Message, Outcome
from firmware.fitted import FittedPlayer
from firmware.profile import load_profile
from firmware.simulated import SimulatedPlayer

MS = 1_000_000
REALTIME = load_profile("disklavier-realtime")


class Room:
    """A player, fitted or not quite, and the piano that it plays."""

    def __init__(self, profile: str = "disklavier-realtime") -> None:
        self.clock = SimulatedClock()
        self.piano = SimulatedDisklavier(Mechanics())
        self.engine = SimulatedPlayer(self.clock, self.piano.receive)
        self.player = FittedPlayer(self.engine, load_profile(profile), self.clock.now)
        self.seq = 0

    def ask(self, note: int, key: int, start_ms: float, end_ms: float, velocity: int) -> list[int]:
        """Hand over a note that is to sound at `start_ms`; returns the numbers of its messages."""
        self.seq += 2
        on = Message(round(start_ms * MS), self.seq, note, bytes((0x90, key, velocity)))
        off = Message(round(end_ms * MS), self.seq + 1, note, bytes((0x80, key, 0)))
        self.player.schedule([on, off])
        return [on.seq, off.seq]

    def run(self, until_ms: float) -> dict[int, list[Outcome]]:
        found: dict[int, list[Outcome]] = {}
        while self.clock.now() < until_ms * MS:
            self.clock.wait_until(self.clock.now() + 10 * MS)
            self.engine.advance(self.clock.now())
            self.piano.advance(self.clock.now())
            for report in self.player.reports():
                found.setdefault(report.seq, []).append(report.outcome)
        return found

    def strikes(self) -> list[tuple[float, int]]:
        return [(sound.ns / MS, sound.key) for sound in self.piano.sounds if sound.velocity]


def test_soft_and_loud_notes_of_a_chord_sound_together() -> None:
    spreads = {}
    for profile in ("disklavier-realtime", "keyboard"):
        room = Room(profile)
        for note, velocity in enumerate((30, 55, 80, 110), 1):
            room.ask(note, 40 + 5 * note, 700, 1200, velocity)
        room.run(2000)
        spreads[profile] = chord_spread_ns(room.piano.sounds) / MS
    assert spreads["disklavier-realtime"] < 3
    assert spreads["keyboard"] > 100


def test_a_note_sounds_when_it_is_asked_to() -> None:
    room = Room()
    room.ask(1, 60, 700, 1200, 64)
    reports = room.run(2000)
    assert room.strikes() == [(pytest.approx(700, abs=0.01), 60)]
    assert set(map(tuple, reports.values())) == {(Outcome.SENT,)}


def test_what_is_too_late_is_a_setting_for_both() -> None:
    clock = SimulatedClock(1000 * MS)
    engine = SimulatedPlayer(clock, stale_ns=500 * MS)
    player = FittedPlayer(engine, load_profile("keyboard"), clock.now, stale_ns=500 * MS)
    player.schedule(
        Message(due * MS, due, due, bytes((0x90, 60 + due // 100, 64))) for due in (490, 600)
    )
    engine.advance(clock.now())
    outcomes = {report.seq: report.outcome for report in player.reports()}
    assert outcomes == {490: Outcome.STALE, 600: Outcome.SENT}


def test_what_the_piano_does_not_have_is_reported() -> None:
    room = Room()
    on, off = room.ask(1, 12, 700, 900, 64)
    reports = room.run(1500)
    assert reports == {on: [Outcome.RANGE], off: [Outcome.RANGE]}


def test_too_many_keys_are_reported_and_never_sent() -> None:
    room = Room()
    numbers = [room.ask(note, 40 + note, 700, 2000, 40 + note)[0] for note in range(1, 21)]
    reports = room.run(3000)
    left_out = [seq for seq in numbers if reports[seq] == [Outcome.POLYPHONY]]
    assert len(left_out) == 4
    assert not room.piano.missed
    assert len(room.strikes()) == 16


def test_what_is_cancelled_before_it_left_is_told_and_silent() -> None:
    room = Room()
    on, _ = room.ask(1, 60, 700, 900, 64)
    room.run(200)
    room.player.cancel(300 * MS)
    reports = room.run(1500)
    assert reports[on] == [Outcome.CANCELLED]
    assert room.strikes() == []


def test_a_strike_that_left_before_it_was_cancelled_is_let_go_and_told() -> None:
    room = Room()
    on, _ = room.ask(1, 60, 700, 2500, 30)  # soft: it leaves 180 ms before
    before = room.run(600)
    room.player.cancel(620 * MS)
    after = room.run(1500)
    assert before[on] == [Outcome.SENT]
    assert after[on] == [Outcome.ENDED]
    assert not room.piano.down


def test_a_note_that_is_to_stay_keeps_its_release_though_both_were_to_leave_later() -> None:
    room = Room()
    on, off = room.ask(1, 60, 700, 1000, 100)
    room.player.cancel(750 * MS)
    reports = room.run(2000)
    assert [(s.ns // MS, s.velocity > 0) for s in room.piano.sounds] == [(700, True), (1000, False)]
    assert reports == {off: [Outcome.CANCELLED], on: [Outcome.SENT, Outcome.ENDED]}


@pytest.mark.parametrize("end", [900, 1700])
def test_a_note_that_sounds_may_be_given_another_end(end: int) -> None:
    room = Room()
    room.ask(1, 60, 700, 1400, 100)
    room.run(750)
    room.player.cancel(760 * MS)
    room.player.schedule([Message(end * MS, 99, 1, bytes((0x80, 60, 0)))])
    reports = room.run(2500)
    assert [(s.ns // MS, s.velocity > 0) for s in room.piano.sounds] == [(700, True), (end, False)]
    assert reports[99] == [Outcome.SENT]


def test_a_later_end_still_makes_way_for_the_next_strike_of_the_key() -> None:
    room = Room()
    room.ask(1, 60, 700, 1400, 100)
    room.run(750)
    room.player.cancel(760 * MS)
    again = (Message(1700 * MS, 90, 2, bytes((0x90, 60, 100))),)
    ends = (
        Message(1800 * MS, 91, 1, bytes((0x80, 60, 0))),
        Message(1900 * MS, 92, 2, bytes((0x80, 60, 0))),
    )
    room.player.schedule((*again, *ends))
    room.run(2500)
    assert room.strikes() == [(pytest.approx(700), 60), (pytest.approx(1700), 60)]
    assert not room.piano.missed
    assert not room.piano.down


def test_hands_come_when_they_sounded_and_without_xp() -> None:
    room = Room()
    room.engine.push(150 * MS, bytes((0xB0, 16, 77)))
    room.engine.push(150 * MS, bytes((0x90, 60, 64)))
    room.engine.push(150 * MS, bytes((0xB0, 81, 3)))
    assert room.player.incoming() == [(100 * MS, bytes((0x90, 60, 64)))]


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(40, 52), st.floats(0, 2500), st.floats(20, 900), st.integers(1, 127)),
        min_size=1,
        max_size=25,
    ),
    st.lists(st.floats(50, 3000), max_size=3),
)
def test_whatever_is_asked_and_cancelled_no_key_stays_down(
    notes: list[tuple[int, float, float, int]], cancels: list[float]
) -> None:
    room = Room()
    wishes = sorted((start + 700, key, start + 700 + length, velocity)
                    for key, start, length, velocity in notes)  # fmt: skip
    pending = sorted(cancels)
    for number, (start, key, end, velocity) in enumerate(wishes, 1):
        while pending and pending[0] < start - 700:
            room.run(pending[0])
            room.player.cancel(room.clock.now() + 20 * MS)
            pending.pop(0)
        room.run(start - 700)
        room.ask(number, key, start, end, velocity)
    room.run(6000)
    assert not room.piano.down
    assert not room.engine.sounding


def test_a_pedal_is_told_again_after_the_instrument_was_away(monkeypatch) -> None:
    room = Room("keyboard")
    heard: list[bytes] = []
    room.engine.listener = lambda _ns, data: heard.append(data)
    down = bytes((0xB0, 64, 127))
    counters = room.engine.counters()
    room.player.schedule([Message(1 * MS, 1, 0, down)])
    room.run(100)
    monkeypatch.setattr(room.engine, "counters", lambda: counters | {"returned": 1})
    room.player.schedule([Message(150 * MS, 2, 0, down)])
    room.player.schedule([Message(160 * MS, 3, 0, down)])
    outcomes = room.run(300)
    assert heard == [down, down]
    assert outcomes[2] == [Outcome.SENT]
    assert outcomes[3] == [Outcome.SUPPRESSED], "told once"
