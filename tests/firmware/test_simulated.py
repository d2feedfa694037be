"""What only simulated time can promise: exact moments."""

from firmware.clock import SimulatedClock
from firmware.dispatch import Message, Outcome, Report
from firmware.simulated import SimulatedPlayer

ON, OFF = bytes((0x90, 60, 64)), bytes((0x80, 60, 0))


def made() -> tuple[SimulatedClock, SimulatedPlayer, list[tuple[int, bytes]]]:
    clock = SimulatedClock(1000)
    heard: list[tuple[int, bytes]] = []
    return clock, SimulatedPlayer(clock, lambda ns, data: heard.append((ns, data))), heard


def test_every_message_leaves_exactly_when_due() -> None:
    _, player, heard = made()
    player.schedule([Message(1300, 1, 1, ON), Message(1700, 2, 1, OFF), Message(9000, 3, 2, ON)])
    player.advance(1299)
    assert heard == []
    player.advance(8999)
    assert heard == [(1300, ON), (1700, OFF)]
    assert player.reports() == [
        Report(1, Outcome.SENT, 1300, 1300),
        Report(2, Outcome.SENT, 1700, 1700),
    ]


def test_a_message_handed_over_late_leaves_at_that_time() -> None:
    clock, player, heard = made()
    clock.wait_until(5000)
    player.schedule([Message(2000, 1, 1, ON)])
    player.advance(9000)
    assert heard == [(5000, ON)]


def test_what_was_due_before_a_command_happens_before_it() -> None:
    clock, player, heard = made()
    player.schedule([Message(2000, 1, 1, ON), Message(4000, 2, 2, bytes((0x90, 62, 64)))])
    clock.wait_until(3000)
    player.cancel(3000)
    clock.wait_until(9000)
    player.panic()
    assert heard[0] == (2000, ON)
    assert heard[1] == (9000, OFF)


def test_what_a_test_pushes_comes_in_and_holds_its_key() -> None:
    _, player, heard = made()
    player.push(1500, ON)
    player.push(1600, b"\xfe")
    player.schedule([Message(1700, 1, 1, ON)])
    player.advance(2000)
    player.push(2500, OFF)
    assert player.incoming() == [(1500, ON), (1600, b"\xfe"), (2500, OFF)]
    assert player.incoming() == []
    assert heard == []
    assert player.reports()[0].outcome is Outcome.YIELDED


def test_a_key_taken_over_is_let_go_with_the_finger() -> None:
    _, player, heard = made()
    player.schedule([Message(1100, 1, 1, ON), Message(1500, 2, 1, OFF)])
    player.push(1200, ON)
    player.advance(2000)
    assert heard == [(1100, ON)]
    player.push(2500, OFF)
    assert heard == [(1100, ON), (2500, OFF)]


def test_an_echo_is_neither_playing_nor_a_hand_on_the_key() -> None:
    clock = SimulatedClock(1000)
    heard: list[tuple[int, bytes]] = []
    player = SimulatedPlayer(clock, lambda ns, data: heard.append((ns, data)), echo_window_ns=100)
    player.schedule([Message(1100, 1, 1, ON), Message(1500, 2, 1, OFF)])
    player.push(1150, ON)
    player.push(1160, bytes((0x90, 62, 64)))
    player.push(1550, OFF)
    assert player.incoming() == [(1160, bytes((0x90, 62, 64)))]
    assert heard == [(1100, ON), (1500, OFF)]
    assert player.counters()["echoed"] == 2
    # Past the window it is a hand.
    player.schedule([Message(2000, 3, 2, ON)])
    player.push(2101, ON)
    assert player.incoming() == [(2101, ON)]
    player.schedule([Message(2200, 4, 2, OFF)])
    player.advance(2300)
    assert heard[2:] == [(2000, ON)]


def test_without_a_window_nothing_is_an_echo() -> None:
    _, player, _ = made()
    player.schedule([Message(1100, 1, 1, ON)])
    player.push(1150, ON)
    assert player.incoming() == [(1150, ON)]
    assert player.counters()["echoed"] == 0


def test_time_never_goes_back() -> None:
    _, player, heard = made()
    player.advance(5000)
    player.advance(2000)
    player.schedule([Message(3000, 1, 1, ON)])
    assert heard == [(5000, ON)]


def test_memory_is_bounded_when_no_one_listens() -> None:
    clock = SimulatedClock()
    player = SimulatedPlayer(clock)
    for start in range(0, 70_000, 1000):
        player.schedule(Message(n, n, 0, bytes((0xB0, 1, 0))) for n in range(start, start + 1000))
        clock.wait_until(start + 1000)
        player.advance(start + 1000)
    assert player.counters()["lost_reports"] == 70_000 - 65_536
    assert player.reports()[-1].seq == 69_999
    player.close()
