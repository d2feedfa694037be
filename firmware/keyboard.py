"""A simulated pianist's hands: messages that come in when their time has come."""

import heapq
from collections.abc import Iterable


class ScriptedKeyboard:
    """Plays what it was given, in time order; one thread."""

    def __init__(self) -> None:
        self._coming: list[tuple[int, int, bytes]] = []
        self._count = 0

    def play(self, messages: Iterable[tuple[int, bytes]]) -> None:
        """Add (ns, MIDI message) pairs, in any order."""
        for ns, data in messages:
            self._count += 1  # keeps the order of those at the same time
            heapq.heappush(self._coming, (ns, self._count, data))

    @property
    def next_time(self) -> int | None:
        """When the next message is due."""
        return self._coming[0][0] if self._coming else None

    def incoming(self, now: int) -> list[tuple[int, bytes]]:
        """What has sounded by `now` and was not asked for yet."""
        found = []
        while self._coming and self._coming[0][0] <= now:
            ns, _, data = heapq.heappop(self._coming)
            found.append((ns, data))
        return found
