"""How loud the pianist and the loop are, for whoever watches from afar."""

from collections import deque
from collections.abc import Iterable

from appliance.events import Timed

NOTE_ON = 0x90
SHOWN_NS = 300_000_000  # that a strike is seen
_MOST = 1024


class Levels:
    """Remembers strikes: those of the pianist when they came, those of the loop until they sound.

    One thread; bounded in memory.
    """

    def __init__(self) -> None:
        self._player: deque[tuple[int, int]] = deque(maxlen=_MOST)
        self._loop: deque[tuple[int, int]] = deque(maxlen=_MOST)

    def heard(self, at: int, data: bytes) -> None:
        """The pianist did this."""
        if _strikes(data):
            self._player.append((at, data[2]))

    def sent(self, messages: Iterable[Timed]) -> None:
        """This is on its way to the piano."""
        self._loop.extend((one.due, one.data[2]) for one in messages if _strikes(one.data))

    def cancelled(self, after: int) -> None:
        """What is due later than that never sounds."""
        kept = [strike for strike in self._loop if strike[0] <= after]
        self._loop = deque(kept, maxlen=_MOST)

    def at(self, now: int) -> dict[str, float]:
        """0 to 1: the loudest strike of the last moments."""
        return {"player": _loudest(self._player, now), "loop": _loudest(self._loop, now)}


def _loudest(strikes: Iterable[tuple[int, int]], now: int) -> float:
    lately = (velocity for at, velocity in strikes if now - SHOWN_NS < at <= now)
    return round(max(lately, default=0) / 127, 2)


def _strikes(data: bytes) -> bool:
    return len(data) == 3 and data[0] & 0xF0 == NOTE_ON and data[2] > 0
