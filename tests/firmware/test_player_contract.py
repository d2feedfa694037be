"""What every player does, asked of the simulated one and of the real process alike."""

import time
from collections.abc import Callable, Iterator

import pytest

from firmware.clock import SimulatedClock
from firmware.dispatch import Message, Outcome, Report
from firmware.player import Player, PlayerProcess
from firmware.simulated import SimulatedPlayer

MS = 1_000_000
HOUR = 3600 * 1000 * MS
# Generous: on the real process, a slow machine must not turn a note into a stale one by chance.
STALE = 60_000 * MS


class SimulatedRig:
    def __init__(self) -> None:
        self.clock = SimulatedClock(HOUR)
        self.player = SimulatedPlayer(self.clock, stale_ns=STALE)

    def now(self) -> int:
        return self.clock.now()

    def settle(self, count: int) -> list[Report]:
        """Let time pass until that many reports are there."""
        self.clock.wait_until(self.clock.now() + 1000 * MS)
        self.player.advance(self.clock.now())
        found = self.player.reports()
        assert len(found) == count
        return found


class ProcessRig:
    def __init__(self, wait: Callable[[Callable[[], object], str], None]) -> None:
        self._wait = wait
        self.player = PlayerProcess(None, None, stale_ns=STALE)

    def now(self) -> int:
        return time.monotonic_ns()

    def settle(self, count: int) -> list[Report]:
        found: list[Report] = []

        def enough() -> bool:
            found.extend(self.player.reports())
            return len(found) >= count

        self._wait(enough, f"{count} reports")
        assert len(found) == count
        return found


@pytest.fixture(params=["simulated", "process"])
def rig(request, wait) -> Iterator[SimulatedRig | ProcessRig]:
    made = SimulatedRig() if request.param == "simulated" else ProcessRig(wait)
    yield made
    made.player.close()


def note_on(due: int, seq: int, note: int, key: int = 60) -> Message:
    return Message(due, seq, note, bytes((0x90, key, 64)))


def note_off(due: int, seq: int, note: int, key: int = 60) -> Message:
    return Message(due, seq, note, bytes((0x80, key, 0)))


def outcomes(reports: list[Report]) -> list[str]:
    return [report.outcome.name for report in sorted(reports)]


def test_it_is_a_player(rig) -> None:
    player: Player = rig.player
    assert isinstance(player.realtime, bool)
    assert player.reports() == []
    assert player.incoming() == []
    assert set(player.counters()) >= {"stale", "yielded", "failed_sends", "ring_overflows"}
    assert not any(player.counters().values())


def test_messages_leave_in_order_of_due_never_early_and_are_reported_once(rig) -> None:
    start = rig.now() + 20 * MS
    shuffled = [(7 * n) % 50 for n in range(50)]
    rig.player.schedule(note_on(start + n * MS, n, n + 1, 30 + n) for n in shuffled)
    reports = rig.settle(50)
    assert [report.seq for report in reports] == list(range(50))
    assert all(report.outcome is Outcome.SENT for report in reports)
    assert [report.due for report in reports] == [start + n * MS for n in range(50)]
    assert all(report.at >= report.due for report in reports)
    assert rig.player.reports() == []


def test_a_message_handed_over_late_leaves_at_once(rig) -> None:
    handed_over = rig.now()
    rig.player.schedule([note_on(handed_over - 5 * MS, 1, 1)])
    (report,) = rig.settle(1)
    assert report.outcome is Outcome.SENT
    assert report.due == handed_over - 5 * MS
    assert report.at >= handed_over


def test_cancel_forgets_the_future_only(rig) -> None:
    now = rig.now()
    rig.player.schedule(
        [
            note_on(now, 1, 1),
            note_on(now + HOUR, 2, 2, 62),
            note_off(now + HOUR, 3, 2, 62),
            note_off(now + 100 * MS, 4, 1),
        ]
    )
    rig.player.cancel(now + HOUR // 2)
    assert outcomes(rig.settle(4)) == ["SENT", "CANCELLED", "CANCELLED", "SENT"]


def test_a_stale_note_is_dropped_and_a_late_pedal_is_not(rig) -> None:
    long_ago = max(0, rig.now() - 2 * STALE)
    if rig.now() - long_ago <= STALE:
        pytest.skip("the machine has only just started: nothing can be that late")
    pedal = Message(long_ago, 3, 0, bytes((0xB0, 64, 0)))
    rig.player.schedule([note_on(long_ago, 1, 1), note_off(long_ago + MS, 2, 1), pedal])
    assert outcomes(rig.settle(3)) == ["STALE", "SUPPRESSED", "SENT"]
    assert rig.player.counters()["stale"] == 1


def test_a_held_key_is_yielded_and_then_not(rig) -> None:
    rig.player.hold(60, True)
    rig.player.schedule([note_on(rig.now(), 1, 1), note_off(rig.now() + 10 * MS, 2, 1)])
    assert outcomes(rig.settle(2)) == ["YIELDED", "SUPPRESSED"]
    assert rig.player.counters()["yielded"] == 1
    rig.player.hold(60, False)
    rig.player.schedule([note_on(rig.now(), 3, 2), note_off(rig.now() + 10 * MS, 4, 2)])
    assert outcomes(rig.settle(2)) == ["SENT", "SENT"]


def test_a_key_taken_over_is_not_released(rig) -> None:
    rig.player.schedule([note_on(rig.now(), 1, 1)])
    assert outcomes(rig.settle(1)) == ["SENT"]
    rig.player.hold(60, True)
    rig.player.schedule([note_off(rig.now(), 2, 1)])
    assert outcomes(rig.settle(1)) == ["SUPPRESSED"]


def test_panic_cancels_and_playing_goes_on_after_it(rig) -> None:
    rig.player.schedule(note_on(rig.now() + HOUR, n, n, 60 + n) for n in (1, 2, 3))
    rig.player.panic()
    assert outcomes(rig.settle(3)) == ["CANCELLED"] * 3
    rig.player.schedule([note_on(rig.now(), 9, 9)])
    assert outcomes(rig.settle(1)) == ["SENT"]


def test_the_same_note_twice_sounds_once(rig) -> None:
    now = rig.now()
    rig.player.schedule([note_on(now, 1, 1), note_on(now + MS, 2, 1), note_off(now + 2 * MS, 3, 1)])
    assert outcomes(rig.settle(3)) == ["SENT", "SUPPRESSED", "SENT"]


def test_what_is_no_message_is_refused_and_nothing_of_its_batch_taken(rig) -> None:
    with pytest.raises(ValueError, match="message 2"):
        rig.player.schedule([note_on(rig.now(), 1, 1), Message(rig.now(), 2, 0, b"")])
    rig.player.schedule([note_on(rig.now(), 3, 3)])
    assert [report.seq for report in rig.settle(1)] == [3]


def test_closing_cancels_and_a_closed_player_fails_politely(rig) -> None:
    rig.player.schedule([note_on(rig.now() + HOUR, 1, 1)])
    rig.player.cancel(rig.now() + 2 * HOUR)
    rig.player.schedule([note_on(rig.now(), 2, 2)])
    rig.settle(1)
    rig.player.close()
    rig.player.close()
    assert outcomes(rig.player.reports()) == ["CANCELLED"]
    rig.player.schedule([note_on(rig.now(), 3, 3)])
    rig.player.cancel(0)
    rig.player.hold(60, True)
    rig.player.panic()
    assert outcomes(rig.player.reports()) == ["FAILED"]
    assert rig.player.incoming() == []
    assert "stale" in rig.player.counters()
