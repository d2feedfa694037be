"""Whether the piano is there: one that sends active sensing and stops is off or unplugged."""

ACTIVE_SENSING = 0xFE
SILENCE_NS = 600_000_000  # twice what the standard allows between two of them


class Presence:
    """Judges by what came in. A piano that never sent active sensing is never missed."""

    def __init__(self) -> None:
        self._last: int | None = None
        self._senses = False

    def heard(self, ns: int, data: bytes) -> None:
        """Anything that comes in is a sign of life."""
        self._senses |= data[0] == ACTIVE_SENSING
        self._last = ns

    def is_off(self, now: int) -> bool:
        return self._senses and self._last is not None and now - self._last > SILENCE_NS
