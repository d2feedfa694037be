"""Which message leaves, when, and which must not: the heart of every player.

A `Dispatcher` has no clock, thread or port. Its owner hands it messages, tells it which keys the
pianist holds, and calls `run(now)`. Only one thread may touch it.

A note is known by its id: a note-off acts only on the note-on that carries the same id, so that an
old note-off never cuts a newer note on the same key.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable
from enum import IntEnum
from typing import NamedTuple

from firmware.midiclock import PULSE

DEFAULT_STALE_NS = 100_000_000
DEFAULT_LIMIT = 4096

RETRY_NS = 100_000_000
"""How long to leave a port alone that refused a release, before trying again."""

_HALF_DOWN = 64
KEYS = 128
_CHANNELS = 16
_SLOTS = _CHANNELS * KEYS
_USED_AT = _SLOTS
HELD_AT = _USED_AT + _CHANNELS

MARKS_SIZE = HELD_AT + KEYS
"""Bytes of a ledger: a state for every key of every channel, the channels used, the keys held."""

_SILENT, _SOUNDING, _OWED = 0, 1, 2

# Among messages of the same time, note-offs leave first.
_OFF_RANK, _OTHER_RANK, _PAST_RANKS = 0, 1, 2

SUSTAIN, SOSTENUTO, SOFT = 64, 66, 67
_ALL_SOUND_OFF, _ALL_NOTES_OFF = 120, 123
_PEDALS = (SUSTAIN, SOSTENUTO, SOFT)
_SILENCE = (*_PEDALS, _ALL_SOUND_OFF, _ALL_NOTES_OFF)

# Controllers where every message counts, not only the last: bank select, data entry, parameter
# numbers and channel modes.
_EVERY_ONE_COUNTS = frozenset((0, 6, 32, 38, *range(96, 102), *range(120, 128)))


class Message(NamedTuple):
    """One MIDI message and the time it is to leave.

    `due` is in nanoseconds of CLOCK_MONOTONIC. `seq` (u32) names the message in reports. `note`
    (u32) is shared by a note-on and its note-off, and 0 for anything else. `data` is 1 to 3 bytes
    with a status byte first.
    """

    due: int
    seq: int
    note: int
    data: bytes


class Outcome(IntEnum):
    """What became of a message."""

    SENT = 0
    STALE = 1
    """Dropped: too late to be of use."""
    YIELDED = 2
    """Not sent: the pianist holds that key."""
    CANCELLED = 3
    FAILED = 4
    """The port refused it, or a queue was full."""
    SUPPRESSED = 5
    """Nothing to do, such as a note-off whose note does not sound."""
    RANGE = 6
    """Left out: the instrument has no such key."""
    POLYPHONY = 7
    """Left out: too many keys would have been down at once."""
    ENDED = 8
    """Said of a note-on that was SENT: its key was let go by another message than its own."""


class Report(NamedTuple):
    """What became of message `seq`: due and at are nanoseconds, `at` the time it left."""

    seq: int
    outcome: Outcome
    due: int
    at: int


Send = Callable[[bytes], None]
Tell = Callable[[int, int, int, int], None]
_Entry = tuple[int, int, int, Message]


def is_note_on(data: bytes) -> bool:
    """True for a note-on that strikes (velocity 0 is a note-off by another name)."""
    return len(data) == 3 and data[0] & 0xF0 == 0x90 and data[2] > 0


def is_note_off(data: bytes) -> bool:
    """True for a note-off, also one written as a note-on of velocity 0."""
    if len(data) != 3:
        return False
    return data[0] & 0xF0 == 0x80 or (data[0] & 0xF0 == 0x90 and data[2] == 0)


def check_message(message: Message) -> None:
    """Raise ValueError unless the message can be sent and reported."""
    data = message.data
    if not 1 <= len(data) <= 3 or data[0] < 0x80:
        raise ValueError(f"message {message.seq}: {data.hex(' ')!r} is not one short MIDI message")
    if not (0 <= message.seq < 1 << 32 and 0 <= message.note < 1 << 32):
        raise ValueError(f"message {message.seq}: seq and note must fit 32 bits, unsigned")
    if not 0 <= message.due < 1 << 63:
        raise ValueError(f"message {message.seq}: due must be nanoseconds, not {message.due}")


def _slot(data: bytes) -> int:
    return (data[0] & 0x0F) * KEYS + (data[1] & 0x7F)


def _stream(data: bytes) -> int | None:
    """A number for the controller whose latest value is all that matters; None for the rest."""
    kind = data[0] & 0xF0
    if kind == 0xB0 and len(data) == 3:
        return None if data[1] in _EVERY_ONE_COUNTS else data[0] << 8 | data[1]
    return data[0] << 8 if kind in (0xD0, 0xE0) else None


class _RecentIds:
    """The last few note ids of a kind. Bounded: the oldest falls out."""

    def __init__(self, size: int) -> None:
        self._order = [0] * size
        self._next = 0
        self._ids: set[int] = set()

    def add(self, note: int) -> None:
        if note == 0 or note in self._ids:
            return
        self._ids.discard(self._order[self._next])
        self._order[self._next] = note
        self._next = (self._next + 1) % len(self._order)
        self._ids.add(note)

    def take(self, note: int) -> bool:
        """Forget the id; True if it was there."""
        if note not in self._ids:
            return False
        self._ids.discard(note)
        return True


def _tell_no_one(seq: int, outcome: int, due: int, at: int) -> None:
    pass


class Dispatcher:
    """A queue of messages and an account of what sounds.

    `send` gets the bytes of each message and may raise; `report` gets the fields of a `Report` for
    every message, once. `marks` is a buffer of `MARKS_SIZE` bytes in which the account is kept
    readable for others; one that outlived another dispatcher makes this one release, at its first
    `run` or `panic`, what that other left sounding.
    """

    def __init__(
        self,
        send: Send,
        report: Tell = _tell_no_one,
        stale_ns: int = DEFAULT_STALE_NS,
        *,
        limit: int = DEFAULT_LIMIT,
        marks: bytearray | memoryview | None = None,
    ) -> None:
        self._port = send
        self._report = report
        self._stale_ns = stale_ns
        self._limit = limit
        self._marks = bytearray(MARKS_SIZE) if marks is None else marks
        self._queue: list[_Entry] = []
        self._arrivals = 0
        self._now = 0
        self._voices: dict[int, tuple[int, int]] = {}  # slot: (note id, due of its note-on)
        self._kept: dict[int, _Entry] = {}  # note id: its release, which outlived a cancel
        self._owed: set[int] = set()  # slots that still need a note-off
        self._pedals_down: set[int] = set()  # streams of pedals that are down, by what was sent
        self._pedals_owed: dict[int, bytes] = {}  # stream: the release that the port refused
        self._released_at = [-1] * _SLOTS
        self._retry_at: int | None = None
        self._ended = _RecentIds(1024)  # notes that ended, or never began, before their note-off
        self._unborn = _RecentIds(1024)  # notes whose note-off came before their note-on
        self._counts = [0] * len(Outcome)
        self._refusals = 0
        self._overflows = 0
        self._inherit()

    def _inherit(self) -> None:
        for slot in range(_SLOTS):
            if self._marks[slot] != _SILENT:
                self._owe(slot, 0)

    # What the owner calls

    @property
    def sounding(self) -> frozenset[tuple[int, int]]:
        """The (channel 0..15, key) pairs that the loop sounds now."""
        return frozenset(divmod(slot, KEYS) for slot in self._voices)

    @property
    def pending(self) -> int:
        """How many messages wait."""
        return len(self._queue)

    @property
    def next_due(self) -> int | None:
        """The time of the next thing to do, nanoseconds; None when nothing waits."""
        due = self._queue[0][0] if self._queue else None
        if due is None or self._retry_at is None:
            return self._retry_at if due is None else due
        return min(due, self._retry_at)

    def counters(self) -> dict[str, int]:
        """Totals since the start."""
        totals = {outcome.name.lower(): self._counts[outcome] for outcome in Outcome}
        return totals | {"failed_sends": self._refusals, "queue_overflows": self._overflows}

    def add(self, message: Message) -> None:
        """Queue a message. When the queue is full, a note-on gives way to anything else."""
        if len(self._queue) >= self._limit and not self._make_room(message):
            self._overflows += 1
            self._tell(message, Outcome.FAILED, self._now)
            return
        self._arrivals += 1
        rank = _OFF_RANK if is_note_off(message.data) else _OTHER_RANK
        if rank == _OFF_RANK and message.note in self._kept:
            self._withdraw(self._kept.pop(message.note))
        insort(self._queue, (message.due, rank, self._arrivals, message))

    def cancel(self, after: int) -> None:
        """Forget what is due later than `after`, and release what began later than that.

        Note-offs stay for the notes that stay, unless the same note-off is added again, at another
        time: then that one counts. A note that sounds without a queued note-off sounds on: its
        note-off is still to be added, with the same id.
        """
        queue = self._queue
        cut = bisect_right(queue, (after, _PAST_RANKS))
        staying = {entry[3].note for entry in queue[:cut] if is_note_on(entry[3].data)}
        later = queue[cut:]
        del queue[cut:]
        for entry in later:
            if self._ends_what_stays(entry[3], after, staying):
                queue.append(entry)
                self._kept[entry[3].note] = entry
            else:
                self._kept.pop(entry[3].note, None)
                self._tell(entry[3], Outcome.CANCELLED, self._now)
        for slot, (note, due) in list(self._voices.items()):
            if due > after:
                self._ended.add(note)
                self._release(slot)

    def hold(self, key: int, down: bool) -> None:
        """The pianist pressed or let go a key (0..127).

        A pressed key that the loop sounds becomes the pianist's. When they let it go, the next
        `run` sends the note-off that the loop still owes, or the instrument would hold it.
        """
        if not 0 <= key < KEYS:
            return
        self._marks[HELD_AT + key] = down
        if not down:
            if self._owed:
                self._retry_at = self._now
            return
        for slot in range(key, _SLOTS, KEYS):
            voice = self._voices.pop(slot, None)
            if voice is not None:
                self._ended.add(voice[0])
                self._owe(slot, self._now)

    def run(self, now: int) -> int | None:
        """Send everything due by `now` (nanoseconds); return the time of the next thing to do."""
        self._now = now
        if self._retry_at is not None and now >= self._retry_at:
            self._pay()
        queue = self._queue
        if queue and now - queue[0][0] > self._stale_ns:
            self._drop_superseded(now)
        while queue and queue[0][0] <= now:
            message = queue.pop(0)[3]
            self._tell(message, self._leave(message, now), now)
        return self.next_due

    def doubt(self, since: int) -> None:
        """The instrument may not have heard what was released at `since` (ns) or later: owe it."""
        for slot, at in enumerate(self._released_at):
            if at >= since and slot not in self._voices:
                self._owe(slot, self._now)

    def silence(self, now: int) -> None:
        """Release every note and let the pedals up; what waits still leaves. Never raises.

        A key under the pianist's hand is left to them.
        """
        self._now = now
        for slot in sorted(self._owed.union(self._voices)):
            voice = self._voices.get(slot)
            if voice is not None:
                self._ended.add(voice[0])
            if voice is not None or not self._is_held(slot):
                self._release(slot)
        for channel in range(_CHANNELS):
            if channel == 0 or self._marks[_USED_AT + channel]:
                for control in _SILENCE:
                    self._send(bytes((0xB0 | channel, control, 0)))

    def panic(self, now: int) -> None:
        """Silence, and forget the queue. Never raises."""
        self.silence(now)
        forgotten = self._queue[:]
        self._queue.clear()
        self._kept.clear()
        for entry in forgotten:
            self._tell(entry[3], Outcome.CANCELLED, now)

    # One message

    def _leave(self, message: Message, now: int) -> Outcome:
        data = message.data
        if is_note_on(data):
            return self._strike(message, now)
        if is_note_off(data):
            return self._lift(message)
        if data[0] == PULSE and now - message.due > self._stale_ns:
            return Outcome.STALE  # many at once would race a follower through the bar
        return Outcome.SENT if self._send(data) else Outcome.FAILED

    def _strike(self, message: Message, now: int) -> Outcome:
        slot = _slot(message.data)
        voice = self._voices.get(slot)
        if (voice and voice[0] == message.note) or self._unborn.take(message.note):
            return Outcome.SUPPRESSED
        outcome = self._try_strike(message, slot, now)
        if outcome is not Outcome.SENT:
            self._ended.add(message.note)
        return outcome

    def _try_strike(self, message: Message, slot: int, now: int) -> Outcome:
        if now - message.due > self._stale_ns:
            return Outcome.STALE
        if self._is_held(slot):
            return Outcome.YIELDED
        if slot in self._voices:
            self._ended.add(self._voices[slot][0])
        if self._marks[slot] != _SILENT:
            self._release(slot)
        # The mark comes before the note: should this process die between the two, whoever reads
        # the ledger releases a key that was never struck, which harms nobody.
        self._marks[slot] = _SOUNDING
        if not self._send(message.data):
            self._marks[slot] = _OWED if slot in self._owed else _SILENT
            return Outcome.FAILED
        self._owed.discard(slot)
        self._voices[slot] = (message.note, message.due)
        return Outcome.SENT

    def _lift(self, message: Message) -> Outcome:
        slot = _slot(message.data)
        voice = self._voices.get(slot)
        self._kept.pop(message.note, None)
        if voice is None or voice[0] != message.note:
            if not self._ended.take(message.note):
                self._unborn.add(message.note)
            return Outcome.SUPPRESSED
        return Outcome.SENT if self._release(slot, message.data) else Outcome.FAILED

    def _release(self, slot: int, data: bytes | None = None) -> bool:
        """Send the note-off of whatever sounds in a slot; owe it when the port refuses."""
        channel, key = divmod(slot, KEYS)
        self._voices.pop(slot, None)
        if not self._send(data or bytes((0x80 | channel, key, 0))):
            self._owe(slot, self._now + RETRY_NS)
            return False
        self._owed.discard(slot)
        self._marks[slot] = _SILENT
        self._released_at[slot] = self._now
        return True

    def _send(self, data: bytes) -> bool:
        if data[0] < 0xF0:
            self._marks[_USED_AT + (data[0] & 0x0F)] = 1
        try:
            self._port(data)
        except Exception:
            # Whatever the port's trouble is, the music goes on; the count shows it.
            self._refusals += 1
            self._follow_pedal(data, False)
            return False
        self._follow_pedal(data, True)
        return True

    def _follow_pedal(self, data: bytes, sent: bool) -> None:
        """A pedal that is down and whose release is refused would sound on: try it again."""
        if data[0] & 0xF0 != 0xB0 or data[1] not in _PEDALS:
            return
        stream = data[0] << 8 | data[1]
        self._pedals_owed.pop(stream, None)
        if sent:
            (self._pedals_down.add if data[2] else self._pedals_down.discard)(stream)
        elif stream in self._pedals_down and data[2] < _HALF_DOWN:
            self._pedals_owed[stream] = data
            self._retry_by(self._now + RETRY_NS)

    # Book-keeping

    def _tell(self, message: Message, outcome: Outcome, at: int) -> None:
        self._counts[outcome] += 1
        self._report(message.seq, outcome, message.due, at)

    def _is_held(self, slot: int) -> bool:
        return self._marks[HELD_AT + slot % KEYS] != 0

    def _owe(self, slot: int, retry_at: int) -> None:
        self._marks[slot] = _OWED
        self._owed.add(slot)
        self._retry_by(retry_at)

    def _retry_by(self, at: int) -> None:
        self._retry_at = at if self._retry_at is None else min(self._retry_at, at)

    def _pay(self) -> None:
        self._retry_at = None
        for slot in sorted(self._owed):
            if not self._is_held(slot):
                self._release(slot)
        for data in list(self._pedals_owed.values()):
            self._send(data)

    def _ends_what_stays(self, message: Message, after: int, staying: set[int]) -> bool:
        if not is_note_off(message.data):
            return False
        note, due = self._voices.get(_slot(message.data), (None, 0))
        return (note == message.note and due <= after) or message.note in staying

    def _withdraw(self, entry: _Entry) -> None:
        """Take one entry out of the queue."""
        del self._queue[bisect_left(self._queue, entry)]
        self._tell(entry[3], Outcome.CANCELLED, self._now)

    def _drop_superseded(self, now: int) -> None:
        """After a stall, keep only the last value of each controller among what is overdue."""
        end = bisect_right(self._queue, (now, _PAST_RANKS))
        seen: set[int] = set()
        kept: list[_Entry] = []
        for entry in reversed(self._queue[:end]):
            stream = _stream(entry[3].data)
            if stream in seen and now - entry[0] > self._stale_ns:
                self._tell(entry[3], Outcome.STALE, now)
                continue
            kept.append(entry)
            if stream is not None:
                seen.add(stream)
        self._queue[:end] = reversed(kept)

    def _make_room(self, message: Message) -> bool:
        """Give up the latest note-on for something that must not be lost."""
        if is_note_on(message.data):
            return False
        for index in range(len(self._queue) - 1, -1, -1):
            evicted = self._queue[index][3]
            if is_note_on(evicted.data):
                del self._queue[index]
                self._overflows += 1
                self._ended.add(evicted.note)
                self._tell(evicted, Outcome.FAILED, self._now)
                return True
        self._end_early(message)
        return False

    def _end_early(self, message: Message) -> None:
        """No room even for a note-off: better a short note than a stuck one."""
        if not is_note_off(message.data):
            return
        slot = _slot(message.data)
        if self._voices.get(slot, (None, 0))[0] == message.note:
            self._release(slot)
