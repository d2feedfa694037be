"""MIDI clock: the pulses to send, and the tempo of those that come in."""

from collections import deque

PULSES_PER_BEAT = 24
PULSE, START, CONTINUE, STOP = 0xF8, 0xFA, 0xFB, 0xFC

_WINDOW = 2 * PULSES_PER_BEAT  # intervals that are averaged
_FEWEST = PULSES_PER_BEAT  # before anything is said
_LOST_NS = 500_000_000  # below 5 BPM there is no clock
_SLOWEST_BPM, _FASTEST_BPM = 30.0, 240.0
_NOTEWORTHY = 0.002  # a share of the tempo; less is jitter


class ClockFollower:
    """The tempo of an external clock. One thread.

    A straight line is fitted through the last two beats of pulses: jitter of single pulses
    averages out. A clock that is lost or stops keeps the last tempo.
    """

    def __init__(self) -> None:
        self._times: deque[int] = deque(maxlen=_WINDOW + 1)
        self.bpm: float | None = None
        """The last tempo that was told, BPM."""

    def heard(self, ns: int, data: bytes) -> float | None:
        """Take a message that came in; a tempo when there is a new one, else None."""
        if data[0] in (START, CONTINUE, STOP):
            self._times.clear()
        if data[0] != PULSE:
            return None
        if self._times and not 0 < ns - self._times[-1] < _LOST_NS:
            self._times.clear()
        self._times.append(ns)
        if len(self._times) <= _FEWEST:
            return None
        return self._news(60e9 / (self._slope() * PULSES_PER_BEAT))

    def _slope(self) -> float:
        """Nanoseconds a pulse, by least squares."""
        count = len(self._times)
        middle = (count - 1) / 2
        first = self._times[0]
        above = sum((i - middle) * (ns - first) for i, ns in enumerate(self._times))
        return above / (count * (count * count - 1) / 12)

    def _news(self, bpm: float) -> float | None:
        if not _SLOWEST_BPM <= bpm <= _FASTEST_BPM:
            return None
        if self.bpm is not None and abs(bpm / self.bpm - 1) < _NOTEWORTHY:
            return None
        self.bpm = round(bpm, 2)
        return self.bpm
