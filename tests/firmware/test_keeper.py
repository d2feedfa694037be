"""How soon a dead player is back, in looks and on the simulated clock."""

import pytest

from firmware.clock import SimulatedClock
from firmware.errors import FirmwareError
from firmware.keeper import Keeper

MS = 1_000_000
SECOND = 1000 * MS
TURN_NS = 50 * MS  # the box turns at least this often


class Mortal:
    def __init__(self, failures: int = 0) -> None:
        self.alive = True
        self.tries = 0
        self._failures = failures

    def restart(self) -> None:
        self.tries += 1
        if self.tries <= self._failures:
            raise FirmwareError("no memory")
        self.alive = True


def look(keeper: Keeper, now: int) -> bool:
    try:
        return keeper.look(now)
    except FirmwareError:
        return False


@pytest.mark.parametrize(("failures", "within"), [(0, TURN_NS), (1, SECOND)])
def test_the_dead_are_replaced_within_a_second_even_if_the_first_try_fails(
    failures: int, within: int
) -> None:
    clock, player = SimulatedClock(7 * SECOND), Mortal(failures)
    keeper = Keeper(player)
    assert not keeper.look(clock.now())
    died, player.alive = clock.now(), False
    while not look(keeper, clock.now()):
        clock.wait_until(clock.now() + TURN_NS)
        assert clock.now() - died <= within
    assert player.alive
    assert player.tries == failures + 1


def test_it_does_not_try_at_every_turn() -> None:
    clock, player = SimulatedClock(), Mortal(failures=100)
    player.alive = False
    keeper = Keeper(player)
    for _ in range(200):
        look(keeper, clock.now())
        clock.wait_until(clock.now() + TURN_NS)
    assert player.tries == 20, "twice a second"
