"""What was sent, what became of it, and what the concert amounts to. Bounded in memory."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from appliance.arranger import NOTE_OFF, NOTE_ON
from appliance.events import Outcome, Reported, Timed, Write
from appliance.timeline import Message

TIMELY_NS = 20_000_000  # handed over later than this before its time, lateness is not the player's
SHORTEST_BEATS = 1 / 480
FORGET_NS = 2_000_000_000  # a message that the player never reported is given up after this


@dataclass
class Lateness:
    """Microseconds in a histogram: percentiles of any number of messages in fixed memory."""

    counts: Any = field(default_factory=lambda: np.zeros(100_001, np.int64))
    largest: int = 0

    def add(self, late_ns: int) -> None:
        late = max(0, late_ns // 1000)
        self.counts[min(late, len(self.counts) - 1)] += 1
        self.largest = max(self.largest, late)

    def over(self, microseconds: int) -> int:
        return int(self.counts[microseconds + 1 :].sum())

    def summary(self) -> dict[str, int]:
        total = int(self.counts.sum())
        below = np.cumsum(self.counts)

        def percentile(share: float) -> int:
            if total == 0:
                return 0
            return min(int(np.searchsorted(below, share * total)), self.largest)

        return {
            "p50": percentile(0.5),
            "p99": percentile(0.99),
            "p999": percentile(0.999),
            "max": self.largest,
            "count": total,
        }


@dataclass(frozen=True)
class _Sent:
    seq: int
    message: Message
    due: int
    timely: bool
    loop: int | None
    opens_loop: bool


class Ledger:
    """Numbers the messages of one take and follows each to its end."""

    def __init__(self, first_seq: int, start: int) -> None:
        self.next_seq = first_seq
        self.lateness = Lateness()
        self.gap_ns = 0
        self.lost = 0
        self._start = start
        self._waiting: dict[int, _Sent] = {}
        self._sounding: dict[int, _Sent] = {}
        self._opened = -1  # the last loop whose first message was numbered
        self._silent: int | None = None  # a loop whose first notes were dropped as too late

    def send(self, message: Message, due: int, now: int, loop: int | None) -> Timed:
        """Number a message; `loop` is that of its note, to know the first of each."""
        seq, self.next_seq = self.next_seq, (self.next_seq + 1) & 0xFFFFFFFF
        opens = loop is not None and loop > self._opened
        if opens and loop is not None:
            self._opened = loop
        # Behind the second tap nothing can be early: that is no fault of the player.
        self._waiting[seq] = _Sent(seq, message, due, due - now >= TIMELY_NS, loop, opens)
        return Timed(due, seq, message.note, message.data)

    def reported(self, report: Reported) -> list[Write]:
        """The journal lines that follow from a report."""
        sent = self._waiting.pop(report.seq, None)
        if sent is None:
            return []
        if report.outcome is Outcome.SENT and sent.timely:
            self.lateness.add(report.late)
        self._measure_gap(sent, report)
        return self._heard(sent, report.outcome)

    def _measure_gap(self, sent: _Sent, report: Reported) -> None:
        """How long after its first note was due a loop was silent still, as far as is known.

        A note that is dropped as too late leaves the loop as silent as it was; then the next ones
        tell, until one of them sounds.
        """
        if report.outcome not in (Outcome.SENT, Outcome.STALE):
            return
        if sent.opens_loop or (sent.loop is not None and sent.loop == self._silent):
            self.gap_ns = max(self.gap_ns, report.late)
            self._silent = sent.loop if report.outcome is Outcome.STALE else None

    def passed(self, message: Message, due: int) -> Write:
        """The line about a strike that was due before the music came in."""
        return self._line(_Sent(0, message, due, False, None, False), omitted="passed")

    def ended(self, seq: int, at: int, beat: float) -> list[Write]:
        """The note struck by message `seq` was let go at `at`, by the instrument's own rules."""
        for note, sent in self._sounding.items():
            if sent.seq == seq:
                del self._sounding[note]
                # It may have been let go before it was to sound.
                after = max(beat, sent.message.beat + SHORTEST_BEATS)
                release = bytes((NOTE_OFF, sent.message.data[1], 0))
                ending = replace(sent, message=Message(after, note, release), due=at)
                return [self._line(ending, early="instrument")]
        return []

    def forget(self, now: int) -> list[Write]:
        """Give up on messages of long ago that nobody reported; the lines that say so."""
        old = []
        for seq, sent in self._waiting.items():
            if sent.due >= now - FORGET_NS:
                break  # they are in order of sending, nearly that of time
            old.append(seq)
        return [line for seq in old for line in self._lose(self._waiting.pop(seq))]

    def lose_all(self) -> list[Write]:
        """The player died with all that was on its way; the next one lets go of what sounded."""
        waiting, self._waiting = self._waiting, {}
        return [line for sent in waiting.values() for line in self._lose(sent)]

    def _lose(self, sent: _Sent) -> list[Write]:
        self.lost += 1
        if sent.message.data[0] & 0xF0 == NOTE_ON:
            return [self._line(sent, omitted="lost")]
        return self._heard(sent, Outcome.SUPPRESSED)

    def seconds(self, ns: int) -> float:
        """Since the take began."""
        return round((ns - self._start) / 1e9, 6)

    def close(self) -> list[Write]:
        """Lines for the releases that the player has but did not report yet; then nothing waits."""
        releases = [s for s in self._waiting.values() if s.message.data[0] & 0xF0 == NOTE_OFF]
        self._waiting.clear()
        return [line for sent in releases for line in self._heard(sent, Outcome.SENT)]

    @property
    def waiting(self) -> bool:
        return bool(self._waiting)

    @property
    def stuck(self) -> int:
        """Notes that left and were never let go."""
        return len(self._sounding)

    def _heard(self, sent: _Sent, outcome: Outcome) -> list[Write]:
        message = sent.message
        kind = message.data[0] & 0xF0
        if kind == NOTE_ON:
            if outcome is Outcome.SENT:
                self._sounding[message.note] = sent
            elif outcome not in (Outcome.CANCELLED, Outcome.SUPPRESSED):
                return [self._line(sent, omitted=outcome.value)]
        if kind == NOTE_OFF:
            # Suppressed: the key was let go otherwise, or given to the pianist, about now.
            # Failed: the port is away; the player lets go as soon as it is back.
            ended = outcome in (Outcome.SENT, Outcome.SUPPRESSED, Outcome.FAILED)
            if not ended or self._sounding.pop(message.note, None) is None:
                return []
            return [self._line(sent)]
        return [self._line(sent)] if outcome is Outcome.SENT else []

    def _line(self, sent: _Sent, **more: str) -> Write:
        line: dict[str, Any] = {
            "t": self.seconds(sent.due),
            "beat": round(sent.message.beat, 9),
            "who": "system",
        }
        line |= {"midi": sent.message.data.hex(), "note": sent.message.note} | more
        return Write("events", line)
