"""A player fitted to an instrument: it is told when things are to sound, and sends them in time.

What `schedule` and `cancel` take are times of sounding. What `reports` gives back are times of
sending, so that lateness stays the sender's own.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable

from firmware.dispatch import (
    DEFAULT_STALE_NS,
    Message,
    Outcome,
    Report,
    is_note_off,
    is_note_on,
)
from firmware.instrument import LATE, POLYPHONY, RANGE, Instrument
from firmware.player import Player
from firmware.profile import MS, Profile

_FIRST_OWN_SEQ = 0xF000_0000  # of messages that were added here
_MOST_OWN = 4096
_XP = (16, 81)
_OUTCOMES = {RANGE: Outcome.RANGE, POLYPHONY: Outcome.POLYPHONY, LATE: Outcome.STALE}


class FittedPlayer:
    """Wraps a Player; itself one. Same thread rules.

    `stale_ns` should be that of the wrapped player: a strike is too late for both, or for neither.
    """

    def __init__(
        self,
        player: Player,
        profile: Profile,
        now: Callable[[], int],
        stale_ns: int = DEFAULT_STALE_NS,
    ) -> None:
        self.realtime = player.realtime
        self.profile = profile
        self.inner = player
        self._now = now
        self._instrument = Instrument(profile, stale_ns)
        self._held: set[int] = set()
        self._made: deque[Report] = deque()
        self._sent_again: Counter[int] = Counter()
        self._taken_back = False
        self._own = 0
        self._returns = 0  # how often the output was found again
        self._strikes: dict[int, int] = {}  # wire id -> seq of its note-on
        self._ends: dict[int, int] = {}  # own seq -> seq of the note-on that it ends

    # The Player protocol

    def schedule(self, messages: Iterable[Message]) -> None:
        self._taken_back = False
        now = self._now()
        self._notice_return(now)
        batch = sorted(messages)
        translation = self._instrument.translate(batch, now, self._held)
        due = {message.seq: message.due for message in batch}
        for seq, reason in translation.omitted:
            outcome = _OUTCOMES.get(reason, Outcome.SUPPRESSED)
            self._made.append(Report(seq, outcome, due.get(seq, now), now))
        self.inner.schedule([self._numbered(message) for message in translation.messages])

    def cancel(self, after: int) -> None:
        rewind = self._instrument.rewind(after, self._now())
        self.inner.cancel(rewind.cut)
        again = [self._numbered(message) for message in rewind.again]
        self._sent_again.update(message.seq for message in again)
        self.inner.schedule(again)
        self._taken_back = True

    def hold(self, key: int, down: bool) -> None:
        (self._held.add if down else self._held.discard)(key)
        self.inner.hold(key, down)

    def panic(self) -> None:
        self._instrument.reset()
        self.inner.panic()

    def reports(self) -> list[Report]:
        """As the wrapped player's, without what was added here or is on its way once more."""
        if self._taken_back:  # nothing came in place of what was cancelled
            self.schedule(())
        found = list(self._made)
        self._made.clear()
        for report in self.inner.reports():
            if self._sent_again[report.seq] and report.outcome is Outcome.CANCELLED:
                self._sent_again[report.seq] -= 1
            elif report.seq >= _FIRST_OWN_SEQ:
                found += self._ended(report)
            else:
                found.append(report)
        self._sent_again = +self._sent_again
        return found

    def incoming(self) -> list[tuple[int, bytes]]:
        """What the pianist played, when it sounded."""
        early = round(self.profile.input_latency_ms * MS)
        found = []
        for ns, data in self.inner.incoming():
            if is_note_on(data) or is_note_off(data):
                (self._held.add if is_note_on(data) else self._held.discard)(data[1])
            elif self.profile.strip_xp and data[0] & 0xF0 == 0xB0 and data[1] in _XP:
                continue
            found.append((ns - early, data))
        return found

    def counters(self) -> dict[str, int]:
        return self.inner.counters()

    def close(self) -> None:
        self.inner.close()

    def restarted(self) -> None:
        """The wrapped player began anew: nothing is on its way and nothing sounds."""
        self._instrument.reset()
        self._sent_again.clear()

    def _notice_return(self, now: int) -> None:
        returns = self.inner.counters().get("returned", 0)
        if returns != self._returns:
            self._returns = returns
            self._instrument.returned(now)

    # Messages that the instrument adds

    def _numbered(self, message: Message) -> Message:
        """Give an added message a number of its own, to hear what became of it."""
        if is_note_on(message.data):
            self._remember(self._strikes, message.note, message.seq)
        if message.seq != 0:
            return message
        self._own = (self._own + 1) % _MOST_OWN
        seq = _FIRST_OWN_SEQ + self._own
        if is_note_off(message.data) and message.note in self._strikes:
            self._remember(self._ends, seq, self._strikes[message.note])
        return message._replace(seq=seq)

    def _ended(self, report: Report) -> list[Report]:
        strike = self._ends.pop(report.seq, None)
        if strike is None or report.outcome is not Outcome.SENT:
            return []
        return [Report(strike, Outcome.ENDED, report.due, report.at)]

    @staticmethod
    def _remember(table: dict[int, int], key: int, value: int) -> None:
        table[key] = value
        while len(table) > _MOST_OWN:
            del table[next(iter(table))]
