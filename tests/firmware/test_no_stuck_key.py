"""Concerts of cancels, panics, changes of tempo and hands: no key stays down."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.clock import SimulatedClock
from firmware.disklavier import Mechanics, SimulatedDisklavier
from firmware.dispatch import Message
from firmware.fitted import FittedPlayer
from firmware.profile import MS, load_profile
from firmware.simulated import SimulatedPlayer

TURN_NS = 50 * MS
AHEAD_NS = 700 * MS
LONGEST_MS = 1500
SUSTAIN = 64
PIANOS = {
    "disklavier-realtime": Mechanics(),
    "disklavier-delay": Mechanics(delay_ms=500),
    "keyboard": Mechanics(latency_ms=0, velocity_latency=(), repeat_gap_ms=0, polyphony=128),
}

Note = tuple[int, int, int, int]  # note id, key, nanoseconds of its begin and end

KEYS = st.integers(58, 63)
TIMES = st.integers(-100, 900)  # milliseconds from now
STEPS = st.one_of(
    st.tuples(
        st.just("play"), KEYS, st.integers(0, 900), st.integers(1, LONGEST_MS), st.integers(1, 127)
    ),
    st.tuples(st.just("pedal"), st.integers(0, 900), st.sampled_from((0, 40, 127))),
    st.tuples(st.just("go_on"), st.integers(1, 12)),
    st.tuples(st.just("cancel"), TIMES),
    st.tuples(st.just("tempo"), TIMES, st.floats(0.5, 2)),
    st.tuples(st.just("panic")),
    st.tuples(st.just("press"), KEYS),
    st.tuples(st.just("lift"), KEYS),
)


class Concert:
    """Who hands things over as the box does, and the piano that hears them."""

    def __init__(self, instrument: str) -> None:
        self.clock = SimulatedClock()
        self.piano = SimulatedDisklavier(PIANOS[instrument])
        self.engine = SimulatedPlayer(self.clock, self.piano.receive)
        self.player = FittedPlayer(self.engine, load_profile(instrument), self.clock.now)
        self.notes: list[Note] = []
        self.strengths: dict[int, int] = {}
        self.last_seq = 0
        self.hands: set[int] = set()

    def do(self, step: tuple) -> None:
        name, *rest = step
        getattr(self, name)(*rest)

    def play(self, key: int, wait_ms: int, length_ms: int, velocity: int) -> None:
        note = len(self.strengths) + 1
        self.strengths[note] = velocity
        begin = self.clock.now() + AHEAD_NS + wait_ms * MS
        self.notes.append((note, key, begin, begin + length_ms * MS))
        self._hand_over(self.notes[-1:], 0)

    def pedal(self, wait_ms: int, value: int) -> None:
        due = self.clock.now() + AHEAD_NS + wait_ms * MS
        self.player.schedule([self._message(due, 0, 0xB0, SUSTAIN, value)])

    def go_on(self, turns: int, turn_ns: int = TURN_NS) -> None:
        for _ in range(turns):
            self.clock.wait_until(self.clock.now() + turn_ns)
            self.engine.advance(self.clock.now())
            self.piano.advance(self.clock.now())
            for ns, data in self.piano.outgoing():
                self.engine.push(ns, data)
            self.player.incoming()
            self.player.reports()

    def cancel(self, wait_ms: int) -> None:
        after = self.clock.now() + wait_ms * MS
        self.player.cancel(after)
        self.notes = [note for note in self.notes if note[2] <= after]

    def tempo(self, wait_ms: int, stretch: float) -> None:
        """What is later than a moment comes again, nearer or farther."""
        after = self.clock.now() + wait_ms * MS

        def moved(ns: int) -> int:
            return ns if ns <= after else after + round((ns - after) * stretch)

        self.player.cancel(after)
        self.notes = [(note, key, moved(on), moved(off)) for note, key, on, off in self.notes]
        self._hand_over(self.notes, after)

    def panic(self) -> None:
        self.player.panic()
        self.notes.clear()
        assert not self.engine.sounding
        # A key that loop and hands had both is let go with the hand, which is told of later.
        assert self.piano.down <= self.hands

    def press(self, key: int) -> None:
        if key not in self.hands:
            self.hands.add(key)
            self.piano.press(self.clock.now(), key, 64)

    def lift(self, key: int) -> None:
        if key in self.hands:
            self.hands.discard(key)
            self.piano.lift(self.clock.now(), key)

    def end(self) -> None:
        for key in list(self.hands):
            self.lift(key)
        self.go_on(2)
        last = max((off for _, _, _, off in self.notes), default=self.clock.now())
        self.go_on(4, max(0, last - self.clock.now()) // 4 + 200 * MS)

    def _hand_over(self, notes: list[Note], after: int) -> None:
        messages = []
        for note, key, on, off in notes:
            if on > after:
                messages.append(self._message(on, note, 0x90, key, self.strengths[note]))
            if off > after:
                messages.append(self._message(off, note, 0x80, key, 0))
        self.player.schedule(messages)

    def _message(self, due: int, note: int, *data: int) -> Message:
        self.last_seq += 1
        return Message(due, self.last_seq, note, bytes(data))


def perform(instrument: str, steps: list[tuple]) -> None:
    concert = Concert(instrument)
    for step in steps:
        concert.do(step)
    concert.end()
    assert not concert.engine.sounding
    assert not concert.piano.down


@given(st.sampled_from(sorted(PIANOS)), st.lists(STEPS, max_size=12))
@settings(deadline=None, max_examples=200)
def test_whatever_happens_in_a_concert_every_key_is_up_in_the_end(
    instrument: str, steps: list[tuple]
) -> None:
    perform(instrument, steps)


@pytest.mark.slow
@given(st.sampled_from(sorted(PIANOS)), st.lists(STEPS, max_size=12))
@settings(deadline=None, max_examples=1000)
def test_nor_does_a_key_stay_down_in_a_thousand_concerts(
    instrument: str, steps: list[tuple]
) -> None:
    perform(instrument, steps)
