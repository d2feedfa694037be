"""Keeps a player process going: one that died is replaced."""

from typing import Protocol

RETRY_NS = 500_000_000


class Mortal(Protocol):
    """What can die and be replaced, such as a `PlayerProcess`."""

    @property
    def alive(self) -> bool: ...

    def restart(self) -> None: ...


class Keeper:
    """Looks after one player, at every turn of its owner.

    A death is answered at the first look after it. Should the replacement not start, it is tried
    again every RETRY_NS, so that one failure still leaves the player back within a second.
    """

    def __init__(self, player: Mortal) -> None:
        self._player = player
        self._next_try = 0

    def look(self, now: int) -> bool:
        """True when the player has just been replaced; raises FirmwareError where that failed.

        Takes as long as a process takes to start, and next to nothing while all is well.
        """
        if self._player.alive or now < self._next_try:
            return False
        self._next_try = now + RETRY_NS
        self._player.restart()
        return True
