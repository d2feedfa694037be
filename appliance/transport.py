"""Beats to nanoseconds and back: the only place where the two meet."""

from dataclasses import dataclass, replace

MIN_BPM, MAX_BPM = 30.0, 240.0
NS_PER_MINUTE = 60e9


@dataclass(frozen=True)
class Transport:
    """A straight line through (beat, ns) at `bpm`; a tempo change begins a new line there."""

    beat: float
    ns: int
    bpm: float

    def ns_at(self, beat: float) -> int:
        return self.ns + round((beat - self.beat) * NS_PER_MINUTE / self.bpm)

    def beat_at(self, ns: int) -> float:
        return self.beat + (ns - self.ns) * self.bpm / NS_PER_MINUTE

    def with_tempo(self, bpm: float, ns: int) -> "Transport":
        """The same phase at `ns`, another tempo from there on."""
        return replace(self, beat=self.beat_at(ns), ns=ns, bpm=bpm)
