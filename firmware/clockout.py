"""MIDI clock going out, and a follower that stays in step whatever happens on the way.

A follower counts pulses, so every pulse that it does not hear sets it back for good. Those that
are a little late leave together, as late notes do: the follower catches up. Those that are stale
are dropped, for a burst of them would race it through the bar. Once one was dropped, was refused
or died with its player, the follower is put right at the next beat, as the MIDI 1.0 specification
provides (Song Position Pointer): stop; the position in sixteenths, which a follower need heed only
while it is stopped; continue; and the next pulse is the one of that position. The pulses go on all
the while, so that it keeps the tempo.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from firmware.dispatch import Message, Outcome, Report
from firmware.midiclock import CONTINUE, PULSE, PULSES_PER_BEAT, START, STOP
from firmware.player import Player
from firmware.profile import MS

_POSITION = 0xF2
_PULSES_PER_SIXTEENTH = PULSES_PER_BEAT // 4
_POSITIONS = 1 << 14  # 4096 beats; beyond, it starts again, which is in step by whole bars of 4
_LOST = (Outcome.STALE, Outcome.FAILED)

# Before the pulse of the beat, but behind the pulse before that one at any tempo up to 300 BPM.
# A follower wants a millisecond between continue and the pulse.
_STOP_NS, _POSITION_NS, _CONTINUE_NS = 4 * MS, 3 * MS, 1 * MS
_SOONEST_NS = 10 * MS


class _Entry(NamedTuple):
    """A message that the player has, and the number of its pulse from the start of the music."""

    message: Message
    pulse: int

    @property
    def status(self) -> int:
        return self.message.data[0]


class ClockOut:
    """Numbers the clock messages it is given and follows each to its end. One thread."""

    def __init__(self, player: Player, now: Callable[[], int]) -> None:
        self.player = player
        self.lost = False
        """The follower missed a pulse and was not put right yet."""
        self._now = now
        self._playing = False
        self._next_index = 0
        self._lost_index = -1  # the latest pulse that went missing
        self._last_seq = 0
        self._waiting: dict[int, _Entry] = {}  # by seq, in order of handing over
        self._refused: list[_Entry] = []  # before they were due: they can still be taken back
        self._rejoin: Message | None = None  # the continue that is to put the follower right
        self._rejoin_index = 0

    def schedule(self, messages: Iterable[Message]) -> None:
        """Hand over start, pulses and stop, in order of time; their seq is of no consequence."""
        entries = [self._count(message) for message in messages]
        self._hand_over(entries)
        self._put_right()

    def cancel(self, after: int) -> None:
        """Forget what is due later than `after` (ns); the pulses among it will come again."""
        self.player.cancel(after)
        seqs = [seq for seq, entry in self._waiting.items() if entry.message.due > after]
        gone = [self._waiting.pop(seq) for seq in seqs]
        gone += [entry for entry in self._refused if entry.message.due > after]
        self._refused = [entry for entry in self._refused if entry.message.due <= after]
        indices = [entry.pulse for entry in gone if entry.status in (START, PULSE)]
        self._next_index = min([self._next_index, *indices])
        self._lost_index = min(self._lost_index, self._next_index - 1)
        if self._rejoin is not None and self._rejoin.due > after:
            self._rejoin = None

    def turn(self) -> None:
        """Hear what became of it all, and put the follower right. To be called now and then."""
        for report in self.player.reports():
            self._reported(report)
        self._put_right()

    def restarted(self) -> None:
        """The player began anew: hand over again what is yet to come, and a stop in any case."""
        for report in self.player.reports():
            self._reported(report)
        now = self._now()
        before = [entry for entry in self._waiting.values() if entry.status != CONTINUE]
        again = [e for e in before if e.message.due > now or e.status == STOP]
        self._waiting.clear()
        self._rejoin = None
        begins = any(entry.status == START for entry in again)
        self.lost = self._playing and (self.lost or not begins)
        self._hand_over(again)
        self._put_right()

    def close(self) -> None:
        self.player.close()

    def _count(self, message: Message) -> _Entry:
        status = message.data[0]
        if status == START:
            self._playing, self.lost, self._rejoin = True, False, None
            self._next_index, self._lost_index = 0, -1
        elif status == STOP:
            self._playing, self.lost = False, False
        entry = _Entry(message, self._next_index)
        self._next_index += status == PULSE
        return entry

    def _hand_over(self, entries: Iterable[_Entry]) -> None:
        numbered = []
        for message, index in entries:
            self._last_seq = self._last_seq % 0xFFFFFFFF + 1
            numbered.append(message._replace(seq=self._last_seq))
            self._waiting[self._last_seq] = _Entry(numbered[-1], index)
        self.player.schedule(numbered)

    def _reported(self, report: Report) -> None:
        entry = self._waiting.pop(report.seq, None)
        if entry is None:
            return
        if self._rejoin is not None and report.seq == self._rejoin.seq:
            self._rejoin = None
            self.lost = self.lost and report.outcome is not Outcome.SENT
        elif entry.status in (START, PULSE) and report.outcome in _LOST:
            self._lose(entry)

    def _lose(self, entry: _Entry) -> None:
        now = self._now()
        self._refused = [e for e in (*self._refused, entry) if e.message.due > now]
        self.lost = self._playing
        self._lost_index = max(self._lost_index, entry.pulse)
        if self._rejoin is not None and entry.pulse >= self._rejoin_index:
            self._rejoin = None  # what was to put it right comes too early

    def _put_right(self) -> None:
        if not self.lost or not self._playing or self._rejoin is not None:
            return
        beat = self._next_beat()
        if beat is None:
            return
        due, self._rejoin_index = beat.message.due, beat.pulse
        stop, position = bytes((STOP,)), song_position(beat.pulse)
        ways = ((_STOP_NS, stop), (_POSITION_NS, position), (_CONTINUE_NS, bytes((CONTINUE,))))
        self.player.schedule(Message(due - early, 0, 0, data) for early, data in ways[:2])
        self._hand_over([_Entry(Message(due - ways[2][0], 0, 0, ways[2][1]), beat.pulse)])
        self._rejoin = self._waiting[self._last_seq].message

    def _next_beat(self) -> _Entry | None:
        """The first beat from which on nothing is missing, and that is not too near."""
        soonest = self._now() + _SOONEST_NS
        for entry in self._waiting.values():
            if _is_beat(entry) and entry.pulse > self._lost_index and entry.message.due >= soonest:
                return entry
        return None


def song_position(index: int) -> bytes:
    """The Song Position Pointer of the pulse `index`, a multiple of six."""
    position = index // _PULSES_PER_SIXTEENTH % _POSITIONS
    return bytes((_POSITION, position & 0x7F, position >> 7))


def _is_beat(entry: _Entry) -> bool:
    return entry.status == PULSE and entry.pulse % PULSES_PER_BEAT == 0
