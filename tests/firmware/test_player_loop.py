"""The loop of the player's child, turned by hand on a clock of its own."""

import os
from collections.abc import Iterator

import pytest

from firmware.board import Board, Command
from firmware.dispatch import Outcome
from firmware.player_main import PlayerLoop
from firmware.ring import Ring

MS = 1_000_000
TICK_NS = 1000


class BusyClock:
    """Every look at it takes a microsecond; at `when` something happens."""

    def __init__(self) -> None:
        self.ns = 0
        self.when: int | None = None
        self.happen = lambda: None

    def now(self) -> int:
        self._go_on(self.ns + TICK_NS)
        return self.ns

    def wait_until(self, ns: int) -> None:
        self._go_on(max(self.ns, ns))

    def _go_on(self, ns: int) -> None:
        self.ns = ns
        if self.when is not None and ns >= self.when:
            self.when = None
            self.happen()


class Bench:
    def __init__(self) -> None:
        self.board = Board.create()
        self.rings = [Ring.create(64) for _ in range(3)]
        self.bell = os.eventfd(0, os.EFD_NONBLOCK)
        commands, reports, inputs = self.rings
        self.commands, self.reports = commands, reports
        settings = {
            "board": self.board.fd,
            "commands": commands.fd,
            "reports": reports.fd,
            "inputs": inputs.fd,
            "bell": self.bell,
            "echo_window_ns": 0,
            "stale_ns": 100 * MS,
            "active_sensing": False,
            "poll_ns": 2 * MS,
        }
        self.loop = PlayerLoop(settings)
        self.clock = self.loop._clock = BusyClock()

    def turn_until(self, ns: int) -> None:
        while self.clock.ns < ns:
            self.loop._turn()

    def close(self) -> None:
        for ring in self.rings:
            os.close(ring.fd)
        os.close(self.board.fd)
        os.close(self.bell)


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


@pytest.mark.parametrize("pressed_at", [8 * MS, 9 * MS, 9_990_000])
def test_a_key_that_goes_down_while_it_watches_the_clock_is_yielded(
    bench: Bench, pressed_at: int
) -> None:
    bench.commands.put(Command.SCHEDULE, 10 * MS, 1, 7, bytes((0x90, 60, 64)))
    bench.clock.when = pressed_at
    bench.clock.happen = lambda: bench.loop._touch(60, True)
    bench.turn_until(11 * MS)
    report = bench.reports.get()
    assert report is not None
    outcome, _, _, seq, _ = report
    assert (seq, outcome) == (7, Outcome.YIELDED)
