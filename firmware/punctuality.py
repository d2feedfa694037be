"""Whether the player lately failed to send something as it was told to."""

from collections.abc import Mapping

SHOWN_NS = 10_000_000_000  # long enough for a pianist to look up
AMISS = ("stale", "failed_sends", "queue_overflows", "ring_overflows", "lost_reports")
"""The counters of a player that only grow when something went wrong."""


class Punctuality:
    """Judges by the player's counters, which it is shown now and then."""

    def __init__(self) -> None:
        self._total = 0
        self._amiss_at: int | None = None

    def look(self, now: int, counters: Mapping[str, int]) -> bool:
        """True while the latest fault is less than SHOWN_NS ago."""
        total = sum(counters.get(name, 0) for name in AMISS)
        if total > self._total:
            self._amiss_at = now
        self._total = total
        return self._amiss_at is not None and now - self._amiss_at < SHOWN_NS
