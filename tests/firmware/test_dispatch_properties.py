"""What no sequence of calls may do to the wire."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from firmware.dispatch import RETRY_NS, Dispatcher, Message, Outcome, is_note_off, is_note_on

STALE = 100
KEYS = st.sampled_from((60, 61))
CHANNELS = st.sampled_from((0, 0, 9))
WAITS = st.integers(-20, 120) | st.just(0) | st.integers(-150, 0)
LENGTHS = st.integers(20, 200) | st.integers(-5, 5)
NOTES = st.tuples(KEYS, CHANNELS, WAITS, LENGTHS)


class Wire(RuleBasedStateMachine):
    """Plays random music through a dispatcher and keeps its own account of the wire."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000
        self.messages: dict[int, Message] = {}
        self.told: dict[int, Outcome] = {}
        self.sounds: dict[tuple[int, int], int | None] = {}  # (channel, key): note id on the wire
        self.unreported: tuple[int, int] | None = None
        self.hands: set[int] = set()
        self.broken = False
        self.last_due = 0
        self.notes = 0
        self.faults: list[str] = []

    @initialize(limit=st.sampled_from((4, 16, 4096)))
    def begin(self, limit: int) -> None:
        self.dispatcher = Dispatcher(self._send, self._report, STALE, limit=limit)

    # The wire

    def _send(self, data: bytes) -> None:
        if self.broken:
            raise OSError("unplugged")
        where = (data[0] & 0x0F, data[1])
        if is_note_on(data):
            self._expect(where[1] not in self.hands, "struck a key under a hand")
            self._expect(where not in self.sounds, "struck a key that sounds already")
            self.sounds[where] = None
            self.unreported = where
        elif is_note_off(data):
            self._expect(where[1] not in self.hands, "released a key under a hand")
            self._expect(where in self.sounds, "released a key that does not sound")
            self.ended = self.sounds.pop(where, None)

    def _expect(self, holds: bool, fault: str) -> None:
        """A dispatcher survives whatever its port raises, so faults are kept for later."""
        if not holds:
            self.faults.append(fault)

    def _report(self, seq: int, outcome: int, due: int, at: int) -> None:
        message = self.messages[seq]
        assert seq not in self.told, "reported twice"
        assert due == message.due
        self.told[seq] = Outcome(outcome)
        if outcome != Outcome.SENT:
            return
        assert due <= at == self.now
        if is_note_on(message.data):
            assert at - due <= STALE
            assert self.unreported is not None
            self.sounds[self.unreported] = message.note
        elif is_note_off(message.data):
            assert self.ended == message.note, "a note-off ended another note"
        assert due >= self.last_due, "out of order"
        self.last_due = due

    # What may happen

    def _add(self, due: int, note: int, *data: int) -> None:
        seq = len(self.messages)
        self.messages[seq] = Message(due, seq, note, bytes(data))
        self.dispatcher.add(self.messages[seq])

    @rule(notes=st.lists(NOTES, min_size=1, max_size=6))
    def play(self, notes: list[tuple[int, int, int, int]]) -> None:
        for key, channel, wait, length in notes:
            self.notes += 1
            due = self.now + wait
            self._add(due, self.notes, 0x90 | channel, key, 64)
            self._add(due + length, self.notes, 0x80 | channel, key, 0)

    @rule(control=st.sampled_from((1, 64)), value=st.integers(0, 127), wait=WAITS)
    def pedal(self, control: int, value: int, wait: int) -> None:
        self._add(self.now + wait, 0, 0xB0, control, value)

    @rule(step=st.integers(0, 60))
    def run(self, step: int) -> None:
        self.now += step
        self.last_due = 0
        due = self.dispatcher.run(self.now)
        assert due is None or due > self.now

    @rule(steps=st.lists(st.integers(1, 40), max_size=8))
    def go_on(self, steps: list[int]) -> None:
        for step in steps:
            self.run(step)

    @rule(step=st.integers(101, 1000))
    def stall(self, step: int) -> None:
        self.run(step)

    @rule(step=st.integers(0, 60), panic=st.booleans())
    def unplug(self, step: int, panic: bool) -> None:
        self.broken = True
        self.run(step)
        if panic:
            self.panic()
        self.broken = False

    @rule(wait=st.integers(-100, 100))
    def cancel(self, wait: int) -> None:
        self.dispatcher.cancel(self.now + wait)

    @rule(key=KEYS, down=st.booleans())
    def hand(self, key: int, down: bool) -> None:
        self.hands.discard(key)
        self.dispatcher.hold(key, down)
        if down:
            self.hands.add(key)

    @rule()
    def panic(self) -> None:
        self.dispatcher.panic(self.now)
        assert self.dispatcher.pending == 0
        assert not self.dispatcher.sounding
        assert len(self.told) == len(self.messages)
        if not self.broken:
            assert all(key in self.hands for _, key in self.sounds)

    @invariant()
    def nothing_is_wrong(self) -> None:
        assert self.faults == []

    @invariant()
    def the_account_is_right(self) -> None:
        if hasattr(self, "dispatcher"):
            assert self.dispatcher.sounding <= set(self.sounds)

    def teardown(self) -> None:
        """With hands off and a port that works, everything comes to rest by itself."""
        if not hasattr(self, "dispatcher"):
            return
        self.broken = False
        for key in list(self.hands):
            self.hand(key, False)
        for _ in range(20):
            self.run(RETRY_NS)
        assert self.faults == []
        assert not self.sounds, "a note is stuck"
        assert self.dispatcher.pending == 0
        assert len(self.told) == len(self.messages), "a message was never reported"


TestWire = Wire.TestCase
TestWire.settings = settings(max_examples=200, stateful_step_count=30, deadline=None)
