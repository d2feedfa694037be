"""From when a note is to sound to what is sent and when, by what the instrument needs.

Pure: no clock, thread or port. The caller says what is to sound, in increments and in order of
sounding; what comes back goes to a player. What the caller takes back, it takes back by the time
of sounding, and `Instrument.rewind` says what that means for the player.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from firmware.dispatch import (
    DEFAULT_STALE_NS,
    SOFT,
    SOSTENUTO,
    SUSTAIN,
    Message,
    is_note_off,
    is_note_on,
)
from firmware.profile import BINARY, MS, NO_PEDALS, Profile, delay_ns

RANGE = "range"
"""Reason: the instrument has no such key."""
POLYPHONY = "polyphony"
"""Reason: too many keys would be down at once."""
LATE = "late"
"""Reason: the time of a strike to sound has passed, as after a stall."""
CONTROL = "control"
"""Reason: not a controller that is passed on."""
PEDAL = "pedal"
"""Reason: the instrument has no pedals."""
UNCHANGED = "unchanged"
"""Reason: the pedal stands there already."""
STRUCK = "struck"
"""Reason: a note handed over again that had left, or is about to; its release is still needed."""
SILENT = "silent"
"""Reason: the release of a note that was never struck, or was let go long ago."""

SETTLE_NS = 5 * MS
"""What is due within this time counts as sent: a player may not hear in time that it must not."""

_SHORTEST_NS = 1 * MS  # of a note and of a pause: less and their order on the wire could turn
_CHORD_NS = 30 * MS
_FADING_PER_S = 20  # how much softer, in velocity, a ringing note counts for each second
_REMEMBER_NS = 2_000 * MS
_HALF_DOWN = 64
_PEDALS = frozenset((SUSTAIN, SOSTENUTO, SOFT))
_XP = frozenset((16, 81))
_MOST_IDS = 1 << 32


class Translation(NamedTuple):
    """What is to be sent, `due` being the time to send it, and the seqs that nothing is sent for.

    Every seq handed over is in one of the two, once. A message of seq 0 is an addition (an early
    release, a pedal set back): its report means nothing to the caller.
    """

    messages: list[Message]
    omitted: list[tuple[int, str]]


class Rewind(NamedTuple):
    """What a player must do: `cancel(cut)`, then `schedule(again)`.

    `again` sounds early enough to stay but was to leave after the cut. The player reports each of
    these twice, the first time as cancelled.
    """

    cut: int
    again: list[Message]


@dataclass(eq=False, slots=True)
class _Note:
    """A note that was sent or is about to be. Its release may not be known yet."""

    given: int  # the caller's id, which it may use for another note after a rewind
    wire: int  # the player's id, never used twice
    key: int
    velocity: int  # as sent
    sound: int
    on: int
    end: int | None = None  # its release will leave at this time or sooner
    off: int | None = None  # its first release leaves at this time
    orphan: bool = False  # has left, but the caller took it back
    bereft: int | None = None  # it stays, but its release of this time was taken back
    loose: bool = False  # another release may take the place of the one that the player kept
    free: bool = False  # the pianist pressed its key, which is theirs now

    def is_down(self, at: int) -> bool:
        if self.free or at < self.on:
            return False
        until = self.end if self.off is None else self.off
        return until is None or at < until


@dataclass(eq=False, slots=True)
class _Entry:
    """A message that was handed to the player."""

    due: int
    sound: int
    seq: int
    data: bytes
    note: _Note | None

    @property
    def message(self) -> Message:
        return Message(self.due, self.seq, self.note.wire if self.note else 0, self.data)


class _Move(NamedTuple):
    """A change of a controller; `up` is when a pedal was last released."""

    due: int
    sound: int
    value: int
    up: int | None


@dataclass
class State:
    """What is remembered from call to call: the last two seconds or so."""

    notes: list[_Note] = field(default_factory=list)  # of one key in the order of striking
    by_id: dict[int, _Note] = field(default_factory=dict)
    queued: list[_Entry] = field(default_factory=list)  # not sent yet
    moves: dict[int, list[_Move]] = field(default_factory=dict)
    doubtful: dict[int, int] = field(default_factory=dict)  # control: value to set it back to
    last_wire: int = 0


class Instrument:
    """Translates for one instrument. One thread; `now` is the player's clock, in nanoseconds.

    A strike that was to sound more than `stale_ns` ago is left out: no burst follows a stall.
    """

    def __init__(self, profile: Profile, stale_ns: int = DEFAULT_STALE_NS) -> None:
        self.profile = profile
        self._stale_ns = stale_ns
        self._state = State()

    def translate(
        self, messages: Iterable[Message], now: int, held: Collection[int] = frozenset()
    ) -> Translation:
        """Say what to send for messages whose `due` is the time to sound, in that order.

        `held` are the keys under the pianist's hands. To be called at every turn, with nothing
        if there is nothing: after a rewind this is what lets go of notes that do not come again.
        So what comes again must come in one call.
        """
        oldest = now - self._stale_ns
        return _Pass(self.profile, self._state, now, oldest).run(list(messages), held)

    def rewind(self, after: int, now: int) -> Rewind:
        """Take back all that was to sound later than `after`.

        Loud notes leave later than soft ones of the same moment, so that no time of sending parts
        what sounds before from what sounds later. Therefore all is cut that can still be, and
        what was to stay is sent again. What has left already and is handed over again (same id
        and key, much the same time) is not struck again; what is not, is let go at the next
        `translate`. What stays ends as it was to end, unless that `translate` says otherwise.
        """
        cut = max(now + SETTLE_NS, after - self.profile.lead_ns)
        state = self._state
        ends = {note: _first_off(state.queued, note) for note in state.notes if note.on > cut}
        again = [entry for entry in state.queued if _goes_again(entry, after, cut)]
        state.queued = [e for e in state.queued if e in again or _stays(e, cut)]
        for note in state.notes:
            if note.on > cut:
                note.end = None
                note.off = _first_off(state.queued, note)
                note.bereft = ends[note] or note.bereft if note.off is None else None
            elif note.sound > after:
                note.orphan = True
            else:
                note.loose = _is_kept(state.queued, note, after, cut)
        _forget(state, [n for n in state.notes if n.on > cut and not _is_wanted(n, after)])
        for control, moves in state.moves.items():
            _rewind_control(state, control, moves, after, cut)
        return Rewind(cut, [entry.message for entry in again])

    def returned(self, now: int) -> None:
        """The instrument was away and is back: its pedals are up, and the rest is not known."""
        state = self._state
        for control, moves in state.moves.items():
            up = [_Move(now, now, 0, now)] if control in _PEDALS else []
            state.moves[control] = up + [move for move in moves if move.due > now]
        state.doubtful = {c: value for c, value in state.doubtful.items() if state.moves[c]}

    def reset(self) -> None:
        """Everything was silenced, and the player's queue emptied: begin anew."""
        self._state = State(last_wire=self._state.last_wire)


def compress(profile: Profile, velocity: int) -> int:
    """The velocity to send for one of 1..127."""
    low, high = profile.velocity_range
    return low + round((velocity - 1) * (high - low) / 126)


def _goes_again(entry: _Entry, after: int, cut: int) -> bool:
    if entry.due <= cut or entry.sound > after:
        return False
    # A player keeps the releases of what it has struck.
    return entry.note is None or (entry.note.on > cut and _is_wanted(entry.note, after))


def _is_wanted(note: _Note, after: int) -> bool:
    return note.sound <= after and not note.orphan


def _stays(entry: _Entry, cut: int) -> bool:
    return entry.due <= cut or (entry.note is not None and entry.note.on <= cut)


def _is_kept(queued: list[_Entry], note: _Note, after: int, cut: int) -> bool:
    """Whether a note that was struck would end by a release that was just taken back.

    Not by one that was brought forward: the reason for that may stay.
    """
    offs = [entry for entry in queued if entry.note is note and is_note_off(entry.data)]
    if len(offs) != 1 or offs[0].seq == 0:
        return False
    return offs[0].due == note.off and offs[0].due > cut and offs[0].sound > after


def _first_off(queued: list[_Entry], note: _Note) -> int | None:
    offs = (entry.due for entry in queued if entry.note is note and is_note_off(entry.data))
    return min(offs, default=None)


def _forget(state: State, notes: Iterable[_Note]) -> None:
    gone = set(notes)
    state.notes = [note for note in state.notes if note not in gone]
    for note in gone:
        if state.by_id.get(note.given) is note:
            del state.by_id[note.given]


def _rewind_control(state: State, control: int, moves: list[_Move], after: int, cut: int) -> None:
    kept = [move for move in moves if move.due <= cut or move.sound <= after]
    if kept and kept[-1].sound > after:
        before = [move.value for move in kept if move.sound <= after]
        state.doubtful.setdefault(control, before[-1] if before else 0)
    if not kept:
        state.doubtful.pop(control, None)
    state.moves[control] = kept


class _Pass:
    """One call of `translate`."""

    def __init__(self, profile: Profile, state: State, now: int, oldest: int) -> None:
        self._profile = profile
        self._state = state
        self._now = now
        self._oldest = oldest  # a strike that was to sound before this comes too late
        self._base = round(profile.output_latency_ms * MS)
        self._min_length = max(round(profile.min_length_ms * MS), _SHORTEST_NS)
        self._least_length = self._min_length // 4  # where a repetition needs the room
        self._repeat_gap = round(profile.repeat_gap_ms * MS)
        self._channel = profile.channel - 1
        self._entries: list[_Entry] = []
        self._omitted: list[tuple[int, str]] = []
        self._fresh: set[_Note] = set()
        self._ends: dict[int, int] = {}

    def run(self, messages: list[Message], held: Collection[int]) -> Translation:
        self._forget_the_past()
        for note in self._state.notes:
            note.free |= note.key in held and note.on <= self._now and note.is_down(self._now)
        self._ends = {m.note: m.due for m in messages if is_note_off(m.data)}
        self._settle_ends({(m.note, m.data[1]) for m in messages if is_note_off(m.data)})
        self._set_pedals_back(messages)
        for message in messages:
            reason = self._take(message)
            if reason is not None:
                self._omitted.append((message.seq, reason))
        self._let_orphans_go()
        self._end_the_bereft()
        self._state.queued += [entry for entry in self._entries if entry.due > self._now]
        self._entries.sort(key=lambda entry: (entry.due, not is_note_off(entry.data)))
        return Translation([entry.message for entry in self._entries], self._omitted)

    def _take(self, message: Message) -> str | None:
        """Queue what is to be sent for a message, or give the reason to send nothing."""
        if is_note_on(message.data):
            return self._strike(message)
        if is_note_off(message.data):
            return self._lift(message)
        return self._control(message)

    def _forget_the_past(self) -> None:
        state = self._state
        horizon = self._now - self._profile.lead_ns - _REMEMBER_NS
        _forget(state, [n for n in state.notes if n.off is not None and n.off < horizon])
        state.queued = [entry for entry in state.queued if entry.due > self._now]
        for control, moves in state.moves.items():
            recent = [move for move in moves[:-1] if move.due >= horizon]
            state.moves[control] = recent + moves[-1:]

    # Notes

    def _strike(self, message: Message) -> str | None:
        key = message.data[1]
        if not self._is_in_range(key):
            return RANGE
        if self._is_struck(message):
            return STRUCK
        if message.due < self._oldest:
            return LATE
        note = self._note(message)
        before = self._latest(key)
        if before is not None:
            note.on = max(note.on, before.on + self._shortest_repeat(before, note))
        note.end = self._expected_end(note)
        if not self._make_room(note):
            return POLYPHONY
        if before is not None:
            self._make_repeatable(before, note)
        self._state.notes.append(note)
        self._state.by_id[note.given] = note
        self._fresh.add(note)
        data = bytes((0x90 | self._channel, key, note.velocity))
        self._send(note.on, note.sound, message.seq, data, note)
        return None

    def _note(self, message: Message) -> _Note:
        state = self._state
        state.last_wire = state.last_wire % (_MOST_IDS - 1) + 1
        velocity = compress(self._profile, message.data[2])
        on = max(self._now, message.due - delay_ns(self._profile, velocity))
        return _Note(message.note, state.last_wire, message.data[1], velocity, message.due, on)

    def _is_in_range(self, key: int) -> bool:
        return self._profile.lowest_key <= key <= self._profile.highest_key

    def _is_struck(self, message: Message) -> bool:
        """Whether this note came before and could not be taken back; then it is wanted again."""
        note = self._state.by_id.get(message.note)
        if note is None or note.key != message.data[1]:
            return False
        if abs(message.due - note.sound) > self._profile.lead_ns + _SHORTEST_NS:
            return False
        note.orphan = False
        note.sound = message.due
        return True

    def _latest(self, key: int) -> _Note | None:
        return next((note for note in reversed(self._state.notes) if note.key == key), None)

    def _shortest_repeat(self, before: _Note, note: _Note) -> int:
        """The least time between two strikes of a key.

        A soft note leaves so early that it could overtake a loud one before it. A repetition needs
        room more than it needs precision, but never more room than was asked for.
        """
        asked = note.sound - before.sound
        return max(min(asked, self._least_length + self._repeat_gap), 2 * _SHORTEST_NS)

    def _make_repeatable(self, before: _Note, note: _Note) -> None:
        """Let a key up in time for its next strike.

        The key must have risen or the strike is lost, while a note that is too short still sounds:
        so its length gives way first, and when there is little left, they split what room there is.
        """
        least = min(self._least_length, 2 * (note.on - before.on) // 5)
        latest = max(note.on - self._repeat_gap, before.on + least)
        self._release(before, max(latest, self._now))

    def _expected_end(self, note: _Note) -> int | None:
        end = self._ends.get(note.given)
        return None if end is None else self._release_time(note, end)

    def _release_time(self, note: _Note, sound: int) -> int:
        return max(sound - self._base, note.on + self._min_length, self._now)

    def _lift(self, message: Message) -> str | None:
        key = message.data[1]
        if not self._is_in_range(key):
            return RANGE
        note = self._state.by_id.get(message.note)
        if note is None or note.key != key:
            return SILENT
        due = self._release_time(note, message.due)
        if note.off is not None:
            due = max(min(due, note.off), self._now)
        note.off = due if note.off is None else min(due, note.off)
        note.bereft = None
        data = bytes((0x80 | self._channel, key, message.data[2]))
        self._send(due, message.due, message.seq, data, note)
        return None

    def _release(self, note: _Note, due: int) -> None:
        """See to it that a note ends at `due` or sooner.

        A release that the player has stays there: it acts on the first and ignores the second.
        """
        if note.off is not None and note.off <= due:
            return
        note.off = due
        own = [e for e in self._entries if e.note is note and is_note_off(e.data)]
        for entry in own:
            entry.due = due
        if not own:
            data = bytes((0x80 | self._channel, note.key, 0))
            self._send(due, note.sound, 0, data, note)

    def _let_orphans_go(self) -> None:
        for note in self._state.notes:
            if not note.orphan:
                continue
            note.orphan = False
            if self._state.by_id.get(note.given) is note:
                del self._state.by_id[note.given]
            self._release(note, max(self._now, note.on + self._min_length))

    def _settle_ends(self, coming: set[tuple[int, int]]) -> None:
        """After a rewind: which notes end otherwise now. `coming` are (note id, key)."""
        for note in self._state.notes:
            comes = (note.given, note.key) in coming
            if note.bereft is not None and not comes:
                note.end = note.bereft
            if note.loose and comes:
                note.off, note.end = None, self._expected_end(note)
            note.loose = False

    def _end_the_bereft(self) -> None:
        for note in self._state.notes:
            if note.bereft is not None:
                self._release(note, max(note.bereft, self._now))
                note.bereft = None

    def _send(self, due: int, sound: int, seq: int, data: bytes, note: _Note | None) -> None:
        self._entries.append(_Entry(due, sound, seq, data, note))

    # Polyphony

    def _make_room(self, note: _Note) -> bool:
        """Give up what matters least wherever too many keys would be down; False: it is `note`."""
        limit = self._profile.polyphony
        if limit == 0:
            return True
        leaving: dict[_Note, int] = {}
        for point in self._strikes_during(note):
            crowd = [note, *self._others_down(note, point, leaving)]
            while len(crowd) > limit:
                least = self._least_important(crowd, note, point)
                if least is note:
                    return False
                crowd.remove(least)
                leaving[least] = point
        for other, point in leaving.items():
            self._give_up(other, point)
        return True

    def _strikes_during(self, note: _Note) -> list[int]:
        """The times at which the number of keys down can be largest."""
        later = (other.on for other in self._state.notes if note.is_down(other.on))
        return sorted({note.on, *later})

    def _others_down(self, note: _Note, at: int, leaving: dict[_Note, int]) -> list[_Note]:
        # A note of the same key is let go before this one is struck.
        return [
            other
            for other in self._state.notes
            if other.key != note.key and other not in leaving and other.is_down(at)
        ]

    def _least_important(self, crowd: list[_Note], note: _Note, at: int) -> _Note:
        chord = [n.key for n in self._state.notes if abs(n.sound - note.sound) <= _CHORD_NS]
        keys = [*chord, *(n.key for n in crowd)]
        outer = (min(keys), max(keys))

        def importance(n: _Note) -> tuple[bool, float, float, int]:
            loudness = n.velocity - _FADING_PER_S * max(0, at - n.on) / 1e9
            until = n.end if n.off is None else n.off
            return n.key in outer, loudness, float("inf") if until is None else until, n.on

        free_to_go = [n for n in crowd if n is note or n in self._fresh or self._can_end(n, at)]
        return min(free_to_go, key=importance)

    def _can_end(self, note: _Note, at: int) -> bool:
        return max(at, self._now) >= note.on + self._min_length

    def _give_up(self, note: _Note, at: int) -> None:
        """Never strike it, or let it go early if the player has it."""
        if note not in self._fresh:
            self._release(note, at)
            return
        own = [entry for entry in self._entries if entry.note is note]
        self._omitted += [(entry.seq, POLYPHONY) for entry in own if entry.seq]
        self._entries = [entry for entry in self._entries if entry.note is not note]
        self._fresh.discard(note)
        _forget(self._state, [note])

    # Pedals

    def _control(self, message: Message) -> str | None:
        data = message.data
        if not self._passes(data):
            return CONTROL
        if data[1] in _PEDALS and self._profile.pedal_mode == NO_PEDALS:
            return PEDAL
        moves = self._state.moves.get(data[1])
        value = self._position(data)
        if moves and moves[-1].value == value:
            return UNCHANGED
        self._move(data[1], value, message.due, message.seq)
        return None

    def _passes(self, data: bytes) -> bool:
        if data[0] & 0xF0 != 0xB0 or data[1] not in self._profile.controls:
            return False
        return not (self._profile.strip_xp and data[1] in _XP)

    def _position(self, data: bytes) -> int:
        if data[1] in _PEDALS and self._profile.pedal_mode == BINARY:
            return 127 if data[2] >= _HALF_DOWN else 0
        return data[2]

    def _move(self, control: int, value: int, sound: int, seq: int) -> None:
        moves = self._state.moves.setdefault(control, [])
        due, up = max(sound - self._base, self._now), None
        if moves:
            last = moves[-1]
            up = last.up
            due = max(due, last.due)
            if control in _PEDALS and last.value < _HALF_DOWN <= value and up is not None:
                due = max(due, up + round(self._profile.pedal_gap_ms * MS))
            if value < _HALF_DOWN <= last.value:
                up = due
        moves.append(_Move(due, sound, value, up))
        self._send(due, sound, seq, bytes((0xB0 | self._channel, control, value)), None)

    def _set_pedals_back(self, messages: list[Message]) -> None:
        """Undo what left before it was taken back, unless it comes again."""
        for control, value in self._state.doubtful.items():
            coming = (self._position(m.data) for m in messages if _is_control(m.data, control))
            now_at = self._state.moves[control][-1].value
            if next(coming, None) != now_at != value:
                self._move(control, value, self._now + self._base, 0)
        self._state.doubtful.clear()


def _is_control(data: bytes, control: int) -> bool:
    return data[0] & 0xF0 == 0xB0 and data[1] == control
