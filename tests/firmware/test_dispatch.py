"""One test for each rule of the dispatcher, on plain lists."""

import pytest

from firmware.dispatch import (
    MARKS_SIZE,
    RETRY_NS,
    Dispatcher,
    Message,
    Outcome,
    Report,
    check_message,
)

MS = 1_000_000
STALE = 100 * MS
ON, OFF, CC = 0x90, 0x80, 0xB0
SILENCE = [bytes((CC, control, 0)) for control in (64, 66, 67, 120, 123)]


class Bench:
    """A dispatcher with a port that remembers and, when told to, refuses."""

    def __init__(self, limit: int = 4096, marks: bytearray | None = None) -> None:
        self.wire: list[bytes] = []
        self.reports: list[Report] = []
        self.broken = False
        self.refuse_next = 0
        self.dispatcher = Dispatcher(self._send, self._report, STALE, limit=limit, marks=marks)
        self._seq = 0

    def _send(self, data: bytes) -> None:
        self.refuse_next -= 1
        if self.broken or self.refuse_next >= 0:
            raise OSError("unplugged")
        self.wire.append(data)

    def _report(self, seq: int, outcome: int, due: int, at: int) -> None:
        self.reports.append(Report(seq, Outcome(outcome), due, at))

    def add(self, due: int, note: int, *data: int) -> int:
        self._seq += 1
        self.dispatcher.add(Message(due * MS, self._seq, note, bytes(data)))
        return self._seq

    def on(self, due: int, note: int, key: int = 60, channel: int = 0) -> int:
        return self.add(due, note, ON | channel, key, 64)

    def off(self, due: int, note: int, key: int = 60, channel: int = 0) -> int:
        return self.add(due, note, OFF | channel, key, 0)

    def control(self, due: int, control: int, value: int) -> int:
        return self.add(due, 0, CC, control, value)

    def run(self, now: int) -> int | None:
        due = self.dispatcher.run(now * MS)
        return None if due is None else due // MS

    def outcomes(self) -> list[str]:
        """In the order of the messages' adding."""
        return [report.outcome.name for report in sorted(self.reports)]

    def heard(self) -> list[str]:
        """What is on the wire, in words, since the last call."""
        words = {ON: "on", OFF: "off", CC: "cc"}
        said = [f"{words[data[0] & 0xF0]} {data[1]}" for data in self.wire]
        self.wire.clear()
        return said


@pytest.fixture
def bench() -> Bench:
    return Bench()


# Order


def test_messages_leave_by_due_and_then_by_arrival(bench: Bench) -> None:
    bench.on(30, 1, 61)
    bench.on(10, 2, 62)
    bench.on(10, 3, 63)
    bench.on(20, 4, 64)
    assert bench.run(9) == 10
    assert bench.heard() == []
    assert bench.run(10) == 20
    assert bench.heard() == ["on 62", "on 63"]
    assert bench.run(40) is None
    assert bench.heard() == ["on 64", "on 61"]


def test_a_message_that_comes_late_is_not_held_up_by_a_later_one(bench: Bench) -> None:
    bench.on(1000, 1, 61)
    assert bench.run(5) == 1000
    bench.on(20, 2, 62)
    assert bench.run(5) == 20


def test_at_the_same_time_note_offs_leave_first(bench: Bench) -> None:
    bench.on(0, 1, 60)
    bench.run(0)
    bench.on(10, 2, 60)
    bench.on(10, 3, 64)
    bench.off(10, 1, 60)
    bench.run(10)
    assert bench.heard() == ["on 60", "off 60", "on 60", "on 64"]


def test_every_message_is_reported_once_with_its_times(bench: Bench) -> None:
    seq = bench.on(10, 7)
    bench.run(12)
    assert bench.reports == [Report(seq, Outcome.SENT, 10 * MS, 12 * MS)]


# Late


def test_a_stale_note_is_dropped_with_its_note_off(bench: Bench) -> None:
    bench.on(0, 1)
    bench.off(50, 1)
    bench.run(101)
    assert bench.outcomes() == ["STALE", "SUPPRESSED"]
    assert bench.wire == []


def test_a_note_exactly_at_the_limit_still_plays(bench: Bench) -> None:
    bench.on(0, 1)
    bench.run(100)
    assert bench.outcomes() == ["SENT"]


def test_note_offs_and_pedals_are_never_too_late(bench: Bench) -> None:
    bench.on(0, 1)
    bench.control(1, 64, 127)
    bench.run(1)
    bench.off(10, 1)
    bench.control(10, 64, 0)
    bench.run(100_000)
    assert bench.heard() == ["on 60", "cc 64", "off 60", "cc 64"]


def test_after_a_stall_only_the_last_value_of_each_controller_is_sent(bench: Bench) -> None:
    for step in range(100):
        bench.control(step, 64, step)
        bench.control(step, 1, step)
    bench.run(500)
    assert bench.wire == [bytes((CC, 64, 99)), bytes((CC, 1, 99))]
    assert bench.outcomes() == ["STALE"] * 198 + ["SENT"] * 2


def test_without_a_stall_every_value_is_sent(bench: Bench) -> None:
    for step in range(10):
        bench.control(step, 64, step)
    bench.run(50)
    assert [data[2] for data in bench.wire] == list(range(10))


def test_controllers_that_belong_together_are_never_thinned_out(bench: Bench) -> None:
    for value in range(3):
        for control in (101, 100, 6, 38, 0, 32, 123):
            bench.control(value, control, value)
    bench.run(1000)
    assert len(bench.wire) == 21


def test_bend_and_pressure_are_controllers_too_and_programs_are_not(bench: Bench) -> None:
    for value in (1, 2):
        bench.add(value, 0, 0xE0, 0, value)
        bench.add(value, 0, 0xD0, value)
        bench.add(value, 0, 0xC0, value)
        bench.add(value, 0, 0xFA)
    bench.run(1000)
    kinds = [data[0] for data in bench.wire]
    assert sorted(kinds) == [0xC0, 0xC0, 0xD0, 0xE0, 0xFA, 0xFA]


def test_a_stale_pulse_of_the_clock_is_dropped_but_never_a_start_or_stop(bench: Bench) -> None:
    for due in (100, 1000):
        bench.add(due, 0, 0xFA)
        bench.add(due, 0, 0xF8)
        bench.add(due, 0, 0xFC)
    bench.run(1001)
    assert [data[0] for data in bench.wire] == [0xFA, 0xFC, 0xFA, 0xF8, 0xFC]


# Identity


def test_an_old_note_off_does_not_cut_a_newer_note(bench: Bench) -> None:
    bench.on(0, 1)
    bench.on(10, 2)
    bench.off(15, 1)
    bench.off(30, 2)
    bench.run(20)
    assert bench.heard() == ["on 60", "off 60", "on 60"]
    bench.run(30)
    assert bench.heard() == ["off 60"]
    assert bench.outcomes() == ["SENT", "SENT", "SUPPRESSED", "SENT"]


def test_the_same_note_on_twice_sounds_once(bench: Bench) -> None:
    bench.on(0, 1)
    bench.on(0, 1)
    bench.run(0)
    assert bench.outcomes() == ["SENT", "SUPPRESSED"]


def test_a_note_off_ends_only_its_own_channel(bench: Bench) -> None:
    bench.on(0, 1, channel=0)
    bench.on(0, 2, channel=5)
    bench.run(0)
    assert bench.dispatcher.sounding == {(0, 60), (5, 60)}
    bench.off(1, 2, channel=5)
    bench.run(1)
    assert bench.dispatcher.sounding == {(0, 60)}
    assert bench.wire[-1] == bytes((OFF | 5, 60, 0))


def test_velocity_zero_is_a_note_off(bench: Bench) -> None:
    bench.on(0, 1)
    bench.add(10, 1, ON, 60, 0)
    bench.run(10)
    assert bench.dispatcher.sounding == frozenset()
    assert bench.wire[-1] == bytes((ON, 60, 0))


@pytest.mark.parametrize("off_due", [10, 5])
def test_a_note_that_ends_no_later_than_it_begins_never_sounds(bench: Bench, off_due: int) -> None:
    bench.on(10, 1)
    bench.off(off_due, 1)
    bench.run(10)
    assert bench.outcomes() == ["SUPPRESSED", "SUPPRESSED"]
    assert bench.wire == []


def test_an_id_may_be_used_again(bench: Bench) -> None:
    for start in (0, 100, 200):
        bench.on(start, 1)
        bench.off(start + 50, 1)
        bench.run(start + 60)
    assert bench.outcomes() == ["SENT"] * 6


def test_an_id_may_be_used_again_after_a_note_that_was_yielded(bench: Bench) -> None:
    bench.dispatcher.hold(60, True)
    bench.on(0, 1)
    bench.off(10, 1)
    bench.run(10)
    bench.dispatcher.hold(60, False)
    bench.on(20, 1)
    bench.run(20)
    assert bench.heard() == ["on 60"]


def test_an_id_may_be_used_again_after_a_note_that_was_given_up(bench: Bench) -> None:
    bench.on(0, 1)
    bench.off(10, 1)
    bench.run(5)
    bench.dispatcher.hold(60, True)
    bench.run(10)
    bench.dispatcher.hold(60, False)
    bench.on(20, 1)
    bench.run(20)
    assert bench.heard() == ["on 60", "off 60", "on 60"]


# Keys under hands


def test_the_loop_yields_a_key_that_is_held(bench: Bench) -> None:
    bench.dispatcher.hold(60, True)
    bench.on(10, 1)
    bench.off(20, 1)
    bench.run(20)
    assert bench.outcomes() == ["YIELDED", "SUPPRESSED"]
    bench.dispatcher.hold(60, False)
    bench.on(30, 2)
    bench.run(30)
    assert bench.heard() == ["on 60"]


def test_a_key_pressed_while_the_loop_sounds_it_is_given_up(bench: Bench) -> None:
    bench.on(0, 1)
    bench.off(50, 1)
    bench.run(10)
    bench.dispatcher.hold(60, True)
    bench.run(50)
    assert bench.outcomes() == ["SENT", "SUPPRESSED"]
    assert bench.heard() == ["on 60"]
    assert bench.dispatcher.sounding == frozenset()


def test_a_key_given_up_is_let_go_with_the_finger(bench: Bench) -> None:
    bench.on(0, 1)
    bench.off(500, 1)
    bench.run(10)
    bench.dispatcher.hold(60, True)
    bench.run(20)
    bench.dispatcher.hold(60, False)
    bench.run(30)
    assert bench.heard() == ["on 60", "off 60"]
    bench.run(600)
    assert bench.heard() == []


def test_pressing_again_and_unknown_keys_change_nothing(bench: Bench) -> None:
    for key in (60, 60, 200, -1):
        bench.dispatcher.hold(key, True)
    bench.dispatcher.hold(60, False)
    bench.on(0, 1)
    assert bench.run(0) is None
    assert bench.heard() == ["on 60"]


# Cancel


def test_cancel_forgets_what_is_due_later(bench: Bench) -> None:
    bench.on(10, 1)
    bench.on(20, 2, 62)
    bench.off(30, 2, 62)
    bench.control(30, 64, 0)
    bench.dispatcher.cancel(10 * MS)
    bench.run(100)
    assert bench.outcomes() == ["SENT", "CANCELLED", "CANCELLED", "CANCELLED"]


def test_cancel_keeps_the_note_off_of_a_note_that_stays(bench: Bench) -> None:
    bench.on(10, 1)
    bench.off(200, 1)
    bench.run(20)
    bench.dispatcher.cancel(15 * MS)
    assert bench.dispatcher.sounding == {(0, 60)}
    bench.run(200)
    assert bench.heard() == ["on 60", "off 60"]


def test_cancel_keeps_the_note_off_of_a_note_still_to_come(bench: Bench) -> None:
    bench.on(10, 1)
    bench.off(200, 1)
    bench.dispatcher.cancel(15 * MS)
    bench.run(10)
    bench.run(200)
    assert bench.heard() == ["on 60", "off 60"]


@pytest.mark.parametrize("again", [150, 250])
def test_a_note_off_that_cancel_kept_moves_when_it_is_added_again(bench: Bench, again: int) -> None:
    bench.on(100, note=1)
    bench.off(200, note=1)
    bench.run(100)
    bench.dispatcher.cancel(120 * MS)
    bench.off(again, note=1)
    for now in range(101, 300):
        bench.run(now)
    assert bench.outcomes() == ["SENT", "CANCELLED", "SENT"]
    assert [report.at // MS for report in bench.reports if report.seq == 3] == [again]


def test_a_note_off_that_a_second_cancel_forgot_is_not_looked_for(bench: Bench) -> None:
    bench.on(110, note=1)
    bench.off(200, note=1)
    bench.dispatcher.cancel(120 * MS)
    bench.dispatcher.cancel(105 * MS)
    bench.on(115, note=1)
    bench.off(190, note=1)
    bench.run(115)
    bench.run(190)
    assert bench.outcomes() == ["CANCELLED", "CANCELLED", "SENT", "SENT"]


def test_cancel_that_comes_late_releases_what_should_not_have_begun(bench: Bench) -> None:
    bench.on(10, 1)
    bench.on(20, 2, 62)
    bench.off(200, 1)
    bench.off(200, 2, 62)
    bench.run(30)
    bench.dispatcher.cancel(15 * MS)
    assert bench.heard() == ["on 60", "on 62", "off 62"]
    bench.run(200)
    assert bench.heard() == ["off 60"]
    assert bench.outcomes() == ["SENT", "SENT", "SENT", "CANCELLED"]


def test_a_note_without_a_note_off_sounds_on_through_cancel(bench: Bench) -> None:
    bench.on(10, 1)
    bench.run(10)
    bench.dispatcher.cancel(10 * MS)
    assert bench.dispatcher.sounding == {(0, 60)}
    bench.off(300, 1)
    bench.run(300)
    assert bench.heard() == ["on 60", "off 60"]


def test_what_was_cancelled_may_be_added_again(bench: Bench) -> None:
    bench.on(10, 1)
    bench.off(20, 1)
    bench.dispatcher.cancel(0)
    bench.on(30, 1)
    bench.off(40, 1)
    bench.run(40)
    assert bench.heard() == ["on 60", "off 60"]


# Panic


def test_panic_releases_everything_and_forgets_the_queue(bench: Bench) -> None:
    bench.on(0, 1, 60)
    bench.on(0, 2, 64, channel=3)
    bench.on(500, 3, 67)
    bench.run(0)
    bench.wire.clear()
    bench.dispatcher.panic(5 * MS)
    assert bench.wire[:2] == [bytes((OFF, 60, 0)), bytes((OFF | 3, 64, 0))]
    assert bench.wire[2:] == SILENCE + [bytes((m[0] | 3, m[1], m[2])) for m in SILENCE]
    assert bench.outcomes() == ["SENT", "SENT", "CANCELLED"]
    assert bench.run(1000) is None
    assert bench.dispatcher.sounding == frozenset()


def test_silence_releases_everything_and_keeps_the_queue(bench: Bench) -> None:
    bench.on(0, 1, 60)
    bench.on(500, 2, 67)
    bench.off(600, 1, 60)
    bench.off(600, 2, 67)
    bench.run(0)
    bench.wire.clear()
    bench.dispatcher.silence(5 * MS)
    assert bench.wire == [bytes((OFF, 60, 0)), *SILENCE]
    bench.wire.clear()
    bench.run(500)
    bench.run(600)
    assert bench.wire == [bytes((ON, 67, 64)), bytes((OFF, 67, 0))]
    assert bench.outcomes() == ["SENT", "SENT", "SUPPRESSED", "SENT"]


def test_a_release_in_doubt_is_owed_again(bench: Bench) -> None:
    for note, key in enumerate((60, 62, 64, 65), 1):
        bench.on(0, note, key)
    for due, note, key in ((10, 1, 60), (20, 2, 62), (30, 3, 64)):
        bench.off(due, note, key)
        bench.run(due)
    bench.on(40, 5, 64)
    bench.run(40)
    bench.wire.clear()
    bench.dispatcher.doubt(20 * MS)
    bench.run(50)
    # Not the one released before, nor the keys that sound, which are accounted for.
    assert bench.wire == [bytes((OFF, 62, 0))]
    assert bench.dispatcher.sounding == {(0, 64), (0, 65)}


def test_nothing_is_in_doubt_where_nothing_was_played(bench: Bench) -> None:
    bench.dispatcher.doubt(0)
    assert bench.run(0) is None
    assert bench.wire == []


def test_panic_speaks_on_the_first_channel_even_when_nothing_was_played(bench: Bench) -> None:
    bench.dispatcher.panic(0)
    assert bench.wire == SILENCE


def test_panic_leaves_the_pianist_s_key_until_they_let_it_go(bench: Bench) -> None:
    bench.on(0, 1)
    bench.run(0)
    bench.dispatcher.hold(60, True)
    bench.dispatcher.panic(5 * MS)
    assert bytes((OFF, 60, 0)) not in bench.wire
    bench.dispatcher.hold(60, False)
    bench.run(10)
    assert bench.wire[-1] == bytes((OFF, 60, 0))


def test_panic_works_on_a_broken_port_and_pays_when_it_is_back(bench: Bench) -> None:
    bench.on(0, 1, 60)
    bench.on(0, 2, 64)
    bench.run(0)
    bench.broken = True
    bench.dispatcher.panic(0)
    assert bench.dispatcher.sounding == frozenset()
    assert bench.dispatcher.counters()["failed_sends"] == 7
    assert bench.run(1) == RETRY_NS // MS
    bench.broken = False
    bench.wire.clear()
    bench.run(RETRY_NS // MS)
    assert bench.heard() == ["off 60", "off 64"]


# A port that refuses


def test_a_refused_note_does_not_sound(bench: Bench) -> None:
    bench.broken = True
    bench.on(0, 1)
    bench.off(10, 1)
    bench.run(0)
    bench.broken = False
    bench.run(10)
    assert bench.outcomes() == ["FAILED", "SUPPRESSED"]
    assert bench.wire == []


def test_a_refused_note_off_is_tried_again(bench: Bench) -> None:
    bench.on(0, 1)
    bench.off(10, 1)
    bench.run(0)
    bench.broken = True
    assert bench.run(10) == 110
    assert bench.run(110) == 210
    bench.broken = False
    assert bench.run(210) is None
    assert bench.heard() == ["on 60", "off 60"]
    assert bench.outcomes() == ["SENT", "FAILED"]


@pytest.mark.parametrize("by_panic", [False, True])
def test_a_pedal_whose_release_is_refused_is_let_up_later(bench: Bench, by_panic: bool) -> None:
    bench.control(0, 64, 127)
    bench.control(0, 66, 127)
    bench.control(1, 66, 0)
    bench.run(0)
    bench.run(1)
    bench.broken = True
    if by_panic:
        bench.dispatcher.panic(10 * MS)
    else:
        bench.control(10, 64, 0)
    assert bench.run(10) == 110
    assert bench.run(110) == 210
    bench.broken = False
    bench.wire.clear()
    assert bench.run(210) is None
    # Only the one that was down: what is not owed is not sent again.
    assert bench.wire == [bytes((CC, 64, 0))]


def test_a_pedal_that_is_to_be_down_again_is_not_let_up_any_more(bench: Bench) -> None:
    for due, value, broken in ((0, 127, False), (10, 0, True), (20, 100, True), (30, 90, False)):
        bench.broken = broken
        bench.control(due, 64, value)
        bench.run(due)
    bench.run(1000)
    assert bench.wire == [bytes((CC, 64, 127)), bytes((CC, 64, 90))]


def test_a_new_note_pays_what_the_key_owes(bench: Bench) -> None:
    bench.on(0, 1)
    bench.off(10, 1)
    bench.run(0)
    bench.broken = True
    bench.run(10)
    bench.broken = False
    bench.on(20, 2)
    assert bench.run(20) is not None
    assert bench.heard() == ["on 60", "off 60", "on 60"]
    bench.run(500)
    assert bench.heard() == [], "the debt must not cut the new note"


def test_a_refused_release_does_not_come_back_to_cut_the_new_note(bench: Bench) -> None:
    bench.on(0, 1)
    bench.run(0)
    bench.refuse_next = 1
    bench.on(10, 2)
    bench.run(10)
    assert bench.dispatcher.sounding == {(0, 60)}
    bench.run(500)
    assert bench.heard() == ["on 60", "on 60"]


def test_the_ledger_remembers_what_a_broken_port_still_owes() -> None:
    marks = bytearray(MARKS_SIZE)
    first = Bench(marks=marks)
    first.on(0, 1)
    first.off(10, 1)
    first.on(20, 2)
    first.run(0)
    first.broken = True
    first.run(10)
    first.run(20)
    second = Bench(marks=marks)
    second.run(30)
    assert second.heard() == ["off 60"]


# A full queue


def test_a_full_queue_refuses_note_ons() -> None:
    bench = Bench(limit=2)
    for note in (1, 2, 3):
        bench.on(10, note, 60 + note)
    assert bench.outcomes() == ["FAILED"]
    assert bench.dispatcher.pending == 2
    assert bench.dispatcher.counters()["queue_overflows"] == 1


def test_a_full_queue_gives_up_its_latest_note_for_a_note_off() -> None:
    bench = Bench(limit=3)
    bench.on(0, 1, 61)
    bench.run(0)
    bench.on(10, 2, 62)
    late = bench.on(30, 3, 63)
    bench.off(40, 3, 63)
    bench.off(20, 1, 61)
    assert bench.reports[-1][:2] == (late, Outcome.FAILED)
    bench.run(50)
    assert bench.heard() == ["on 61", "on 62", "off 61"]
    bench.on(60, 3, 63)
    bench.run(60)
    assert bench.heard() == ["on 63"], "the id of the note that gave way is free again"


def test_no_room_for_a_note_off_shortens_the_note() -> None:
    bench = Bench(limit=1)
    bench.on(0, 1, 61)
    bench.run(0)
    bench.control(50, 64, 0)
    bench.off(60, 1, 61)
    assert bench.heard() == ["on 61", "off 61"]
    assert bench.dispatcher.sounding == frozenset()


# The ledger


def test_the_next_dispatcher_releases_what_the_last_one_left_sounding() -> None:
    marks = bytearray(MARKS_SIZE)
    first = Bench(marks=marks)
    first.on(0, 1, 60)
    first.on(0, 2, 64, channel=1)
    first.on(0, 3, 67)
    first.off(1, 3, 67)
    first.run(1)
    second = Bench(marks=marks)
    second.run(2)
    assert second.wire == [bytes((OFF, 60, 0)), bytes((OFF | 1, 64, 0))]
    assert Bench(marks=marks).run(3) is None


def test_the_next_dispatcher_knows_the_channels_and_the_keys_held() -> None:
    marks = bytearray(MARKS_SIZE)
    first = Bench(marks=marks)
    first.on(0, 1, 60, channel=9)
    first.run(0)
    first.dispatcher.hold(60, True)
    second = Bench(marks=marks)
    second.dispatcher.panic(0)
    assert bytes((OFF | 9, 60, 0)) not in second.wire
    assert bytes((CC | 9, 64, 0)) in second.wire
    second.on(1, 2, 60)
    second.run(1)
    assert second.outcomes() == ["YIELDED"]


# What may be scheduled


@pytest.mark.parametrize(
    "message",
    [
        Message(0, 1, 0, b""),
        Message(0, 1, 0, b"\x90\x40\x40\x40"),
        Message(0, 1, 0, b"\x40\x40"),
        Message(0, -1, 0, b"\xfe"),
        Message(0, 1, 1 << 32, b"\xfe"),
        Message(-1, 1, 0, b"\xfe"),
    ],
)
def test_what_is_no_message_is_refused_by_name(message: Message) -> None:
    with pytest.raises(ValueError, match=f"message {message.seq}"):
        check_message(message)


def test_a_message_at_the_edges_is_fine() -> None:
    check_message(Message((1 << 63) - 1, (1 << 32) - 1, (1 << 32) - 1, b"\xff"))
