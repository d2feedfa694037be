import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from appliance.events import Outcome, Reported
from appliance.ledger import FORGET_NS, Lateness, Ledger
from appliance.timeline import Message

MS = 1_000_000
ON, OFF = Message(4.0, 5, b"\x90\x28\x50"), Message(5.0, 5, b"\x80\x28\x00")


@given(st.lists(st.integers(0, 90_000_000), min_size=1, max_size=300))
def test_percentiles_are_those_of_the_list(late: list[int]) -> None:
    lateness = Lateness()
    for ns in late:
        lateness.add(ns)
    micro = np.array(late) // 1000
    summary = lateness.summary()
    assert summary["count"] == len(late)
    assert summary["max"] == micro.max()
    assert summary["p50"] == np.quantile(micro, 0.5, method="inverted_cdf")
    assert summary["p99"] == np.quantile(micro, 0.99, method="inverted_cdf")
    assert lateness.over(1000) == (micro > 1000).sum()


def test_a_note_that_left_and_was_let_go_is_two_lines() -> None:
    ledger = Ledger(1, start=0)
    on, off = (ledger.send(m, round(m.beat * 500 * MS), 0, 0) for m in (ON, OFF))
    lines = ledger.reported(Reported(0, on.seq, Outcome.SENT, 70_000))
    assert ledger.stuck == 1
    lines += ledger.reported(Reported(0, off.seq, Outcome.SENT, 10_000))
    assert [line.line["midi"] for line in lines] == ["902850", "802800"]
    assert lines[0].line["t"] == 2.0
    assert (ledger.stuck, ledger.waiting, ledger.lateness.summary()["max"]) == (0, False, 70)


def test_a_note_given_to_the_pianist_ends_in_the_journal_too() -> None:
    ledger = Ledger(1, start=0)
    on, off = (ledger.send(m, 0, -100 * MS, 0) for m in (ON, OFF))
    ledger.reported(Reported(0, on.seq, Outcome.SENT))
    assert len(ledger.reported(Reported(0, off.seq, Outcome.SUPPRESSED))) == 1
    assert ledger.stuck == 0


def test_a_note_off_that_was_sent_twice_ends_its_note_once() -> None:
    ledger = Ledger(1, start=0)
    on, off, again = (ledger.send(m, 0, 0, 0) for m in (ON, OFF, OFF))
    lines = []
    for message in (on, off, again):
        lines += ledger.reported(Reported(0, message.seq, Outcome.SENT))
    assert len(lines) == 2


def test_what_was_left_out_says_why() -> None:
    ledger = Ledger(1, start=0)
    on = ledger.send(ON, 0, 0, 0)
    (line,) = ledger.reported(Reported(0, on.seq, Outcome.STALE))
    assert line.line["omitted"] == "stale"
    assert ledger.stuck == 0


def test_what_was_handed_over_late_does_not_count_against_the_player() -> None:
    ledger = Ledger(1, start=0)
    late = ledger.send(ON, due=100 * MS, now=110 * MS, loop=0)
    ledger.reported(Reported(0, late.seq, Outcome.SENT, 12 * MS))
    assert ledger.lateness.summary()["count"] == 0
    assert ledger.gap_ns == 12 * MS


def test_messages_that_nobody_reports_are_given_up_and_told() -> None:
    ledger = Ledger(1, start=0)
    ledger.send(ON, due=0, now=0, loop=0)
    assert ledger.forget(FORGET_NS // 2) == []
    assert ledger.waiting
    (line,) = ledger.forget(FORGET_NS + 1)
    assert line.line["omitted"] == "lost"
    assert (ledger.waiting, ledger.lost) == (False, 1)


def test_a_dead_player_takes_notes_along_but_the_next_one_lets_go() -> None:
    ledger = Ledger(1, start=0)
    on, _ = (ledger.send(m, 0, 0, 0) for m in (ON, OFF))
    ledger.reported(Reported(0, on.seq, Outcome.SENT))
    ledger.send(Message(6.0, 9, b"\x90\x2a\x50"), 0, 0, 0)
    lines = [line.line for line in ledger.lose_all()]
    assert [(line["midi"], line.get("omitted")) for line in lines] == [
        ("802800", None),
        ("902a50", "lost"),
    ]
    assert (ledger.stuck, ledger.waiting) == (0, False)


def test_a_key_that_the_instrument_let_go_ends_there() -> None:
    ledger = Ledger(1, start=0)
    on = ledger.send(ON, 0, 0, 0)
    ledger.reported(Reported(0, on.seq, Outcome.SENT))
    (line,) = ledger.ended(on.seq, at=5 * MS, beat=4.5)
    assert (line.line["beat"], line.line["midi"]) == (4.5, "802800")
    assert ledger.ended(on.seq, at=5 * MS, beat=4.5) == []


def test_sequence_numbers_wrap_at_32_bits() -> None:
    ledger = Ledger(2**32 - 1, start=0)
    assert [ledger.send(ON, 0, 0, 0).seq for _ in range(2)] == [2**32 - 1, 0]


def note(key: int) -> Message:
    return Message(4.0, key, bytes((0x90, key, 80)))


def test_a_loop_whose_first_notes_came_too_late_has_a_gap_until_one_sounds() -> None:
    ledger = Ledger(1, start=0)
    first, second, third, fourth = (ledger.send(note(n), 1000 * MS, 0, 0) for n in (40, 41, 42, 43))
    ledger.reported(Reported(0, first.seq, Outcome.STALE, 300 * MS))
    assert ledger.gap_ns == 300 * MS
    ledger.reported(Reported(0, second.seq, Outcome.STALE, 310 * MS))
    ledger.reported(Reported(0, third.seq, Outcome.SENT, 320 * MS))
    assert ledger.gap_ns == 320 * MS
    ledger.reported(Reported(0, fourth.seq, Outcome.SENT, 400 * MS))
    assert ledger.gap_ns == 320 * MS, "the loop sounds by then"


def test_a_first_note_that_the_pianist_holds_is_no_gap() -> None:
    ledger = Ledger(1, start=0)
    sent = ledger.send(ON, 1000 * MS, 0, 0)
    ledger.reported(Reported(0, sent.seq, Outcome.YIELDED, 300 * MS))
    assert ledger.gap_ns == 0
