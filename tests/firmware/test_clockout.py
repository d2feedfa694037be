"""The clock that a drum machine follows, on the simulated clock, with stalls, deaths and loss."""

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.clock import SimulatedClock
from firmware.clockout import ClockOut, song_position
from firmware.dispatch import Dispatcher, Message, Outcome, Report
from firmware.midiclock import CONTINUE, PULSE, PULSES_PER_BEAT, START, STOP

MS = 1_000_000
SECOND = 1000 * MS
TURN_NS = 20 * MS
AHEAD_NS = 600 * MS
STEP_NS = SECOND // 48  # a pulse at 120 BPM
STALE_NS = 100 * MS


class DrumMachine:
    """A follower by the book: it moves by a pulse at a time, and is set only while stopped."""

    def __init__(self) -> None:
        self.running = False
        self.position = 0  # pulses, of the next one
        self.played: list[int] = []
        self.bytes: list[tuple[int, bytes]] = []

    def receive(self, ns: int, data: bytes) -> None:
        self.bytes.append((ns, data))
        match data[0]:
            case 0xFA:
                self.running, self.position = True, 0
            case 0xFB:
                self.running = True
            case 0xFC:
                self.running = False
            case 0xF2 if not self.running:
                self.position = 6 * (data[1] | data[2] << 7)
            case 0xF8 if self.running:
                self.played.append(self.position)
                self.position += 1


class Sender:
    """A player that can stall, lose its port and die; else as any."""

    realtime = True

    def __init__(self, clock: SimulatedClock, drums: DrumMachine) -> None:
        self._clock = clock
        self._drums = drums
        self.connected = True
        self.alive = True
        self._reports: list[Report] = []
        self._dispatcher = self._new()

    def _new(self) -> Dispatcher:
        return Dispatcher(self._send, self._report, STALE_NS)

    def die(self) -> None:
        self.alive = False

    def revive(self) -> None:
        self.alive = True
        self._dispatcher = self._new()

    def _send(self, data: bytes) -> None:
        if not self.connected:
            raise OSError("unplugged")
        self._drums.receive(self._clock.now(), data)

    def _report(self, seq: int, outcome: int, due: int, at: int) -> None:
        self._reports.append(Report(seq, Outcome(outcome), due, at))

    def run_to(self, ns: int) -> None:
        """Everything leaves when due."""
        due = self._dispatcher.next_due
        while self.alive and due is not None and due <= ns:
            self._clock.wait_until(due)
            due = self._dispatcher.run(self._clock.now())
        self._clock.wait_until(ns)

    def schedule(self, messages: Iterable[Message]) -> None:
        for message in messages:
            if self.alive:
                self._dispatcher.add(message)
            else:
                self._report(message.seq, Outcome.FAILED, message.due, self._clock.now())
        self.run_to(self._clock.now())

    def cancel(self, after: int) -> None:
        if self.alive:
            self._dispatcher.cancel(after)

    def reports(self) -> list[Report]:
        found, self._reports = self._reports, []
        return found

    def hold(self, key: int, down: bool) -> None: ...
    def panic(self) -> None: ...
    def incoming(self) -> list[tuple[int, bytes]]:
        return []

    def counters(self) -> dict[str, int]:
        return {}

    def close(self) -> None: ...


class Band:
    """Hands over pulses on a grid, as a session does, and turns as the box does."""

    def __init__(self) -> None:
        self.clock = SimulatedClock(SECOND)
        self.drums = DrumMachine()
        self.sender = Sender(self.clock, self.drums)
        self.out = ClockOut(self.sender, self.clock.now)
        self.step = STEP_NS
        self._origin = (0, 2 * SECOND)  # an index, and when it is due
        self._next = 0

    def due(self, index: int) -> int:
        return self._origin[1] + (index - self._origin[0]) * self.step

    def turn(self) -> None:
        self.sender.run_to(self.clock.now() + TURN_NS)
        self.out.turn()
        messages = []
        while self.due(self._next) < self.clock.now() + AHEAD_NS:
            if self._next == 0:
                messages.append(Message(self.due(0), 0, 0, bytes((START,))))
            messages.append(Message(self.due(self._next), 0, 0, bytes((PULSE,))))
            self._next += 1
        self.out.schedule(messages)

    def go_on(self, ns: int) -> None:
        until = self.clock.now() + ns
        while self.clock.now() < until:
            self.turn()

    def stall(self, ns: int) -> None:
        """Nothing leaves and nobody turns; then all is late."""
        self.clock.wait_until(self.clock.now() + ns)

    def tempo(self, step: int) -> None:
        after = self.clock.now() + 100 * MS
        self.out.cancel(after)
        later = self._origin[0] + (after - self._origin[1]) // self.step + 1
        first = min(self._next, max(self._origin[0], later))
        self._next = first
        self._origin, self.step = (first, self.due(first)), step

    def died(self) -> None:
        self.sender.die()
        self.turn()
        self.sender.revive()
        self.out.restarted()

    def unplug(self, ns: int) -> None:
        self.sender.connected = False
        self.go_on(ns)
        self.sender.connected = True

    @property
    def heard_now(self) -> int:
        """The pulse that was last due."""
        return self._origin[0] + (self.clock.now() - self._origin[1]) // self.step

    def is_in_step(self) -> bool:
        return self.drums.running and self.drums.position - 1 == self.heard_now


def statuses(band: Band) -> list[int]:
    return [data[0] for _, data in band.drums.bytes]


def test_without_trouble_it_is_start_and_pulses() -> None:
    band = Band()
    band.go_on(5 * SECOND)
    assert statuses(band) == [START] + [PULSE] * (len(band.drums.bytes) - 1)
    assert band.is_in_step()
    assert not band.out.lost


def test_after_a_long_stall_there_is_no_burst_and_the_next_beat_is_right() -> None:
    band = Band()
    band.go_on(3 * SECOND)
    band.stall(SECOND)
    stalled = band.clock.now()
    band.turn()
    at_once = [data for ns, data in band.drums.bytes if ns == stalled]
    assert len(at_once) <= STALE_NS // STEP_NS + 1
    band.go_on(TURN_NS)
    assert band.out.lost
    band.go_on(PULSES_PER_BEAT * STEP_NS)
    assert band.is_in_step()
    assert not band.out.lost
    beat = next(n for n, (_, data) in enumerate(band.drums.bytes) if data[0] == CONTINUE)
    sent = band.drums.bytes[beat - 2 : beat + 2]
    assert [data[0] for _, data in sent] == [STOP, 0xF2, CONTINUE, PULSE]
    due = sent[3][0]
    assert (due - 2 * SECOND) % (PULSES_PER_BEAT * STEP_NS) == 0, "on a beat"
    assert due - sent[2][0] == MS, "a follower wants a millisecond to make ready"


def test_a_short_stall_is_caught_up_with() -> None:
    band = Band()
    band.go_on(3 * SECOND)
    band.stall(90 * MS)
    band.go_on(SECOND)
    assert CONTINUE not in statuses(band)
    assert band.is_in_step()


@pytest.mark.parametrize("trouble", ["died", "unplug"])
def test_a_player_that_died_or_a_lead_that_was_out(trouble: str) -> None:
    band = Band()
    band.go_on(3 * SECOND)
    band.died() if trouble == "died" else band.unplug(SECOND)
    band.go_on(2 * PULSES_PER_BEAT * STEP_NS)
    assert band.is_in_step()
    assert not band.out.lost


def test_a_drum_machine_that_comes_late_joins_in() -> None:
    band = Band()
    band.unplug(3 * SECOND)
    band.go_on(2 * PULSES_PER_BEAT * STEP_NS)
    assert START not in statuses(band)
    assert band.is_in_step()


def test_a_stop_ends_it_and_nothing_is_put_right_then() -> None:
    band = Band()
    band.go_on(3 * SECOND)
    band.stall(SECOND)
    stop = band.clock.now()
    band.out.cancel(stop)
    band.out.schedule([Message(stop, 0, 0, bytes((STOP,)))])
    for _ in range(100):
        band.sender.run_to(band.clock.now() + TURN_NS)
        band.out.turn()
    assert not band.drums.running
    assert CONTINUE not in statuses(band)
    assert not band.out.lost


def test_a_stop_that_died_with_the_player_is_sent_by_the_next() -> None:
    band = Band()
    band.go_on(3 * SECOND)
    band.out.cancel(band.clock.now())
    band.out.schedule([Message(band.clock.now() + MS, 0, 0, bytes((STOP,)))])
    band.sender.die()
    band.stall(SECOND)
    band.sender.revive()
    band.out.restarted()
    band.sender.run_to(band.clock.now() + MS)
    assert not band.drums.running


@pytest.mark.parametrize(
    ("index", "data"),
    [(0, b"\xf2\x00\x00"), (24, b"\xf2\x04\x00"), (6 * 200, b"\xf2\x48\x01"),
     (6 * 16383, b"\xf2\x7f\x7f"), (6 * 16384, b"\xf2\x00\x00")],
)  # fmt: skip
def test_positions_are_sixteenths_in_14_bits(index: int, data: bytes) -> None:
    assert song_position(index) == data


TROUBLES = st.one_of(
    st.tuples(st.just("stall"), st.integers(1, 1500)),
    st.tuples(st.just("go_on"), st.integers(1, 1500)),
    st.tuples(st.just("unplug"), st.integers(1, 1500)),
    st.tuples(st.just("tempo"), st.integers(11, 80)),
    st.tuples(st.just("died")),
)


@given(st.lists(TROUBLES, max_size=8))
@settings(deadline=None, max_examples=200)
def test_whatever_happens_the_follower_is_in_step_two_beats_later(troubles: list[tuple]) -> None:
    band = Band()
    for name, *amount in troubles:
        getattr(band, name)(*(ms * MS for ms in amount))
    band.go_on(AHEAD_NS + 2 * PULSES_PER_BEAT * max(band.step, STEP_NS) + 2 * SECOND)
    assert band.is_in_step()
    assert not band.out.lost
