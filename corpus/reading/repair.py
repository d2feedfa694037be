"""Reading tracks that are not flawless: event by event, keeping whatever can be understood.

Running status goes on after meta and system events; values above 127 are clipped; a note that is
never let go ends with its track; where a track cannot be understood any more, what came before
counts.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain

import numpy as np

from corpus.reading.parts import Metre, Part, Parts, Rows, Table, Tempo
from models.notes import PEDAL_CONTROLS

_DATA_BYTES = {0x8: 2, 0x9: 2, 0xA: 2, 0xB: 2, 0xC: 1, 0xD: 1, 0xE: 2}
_SYSTEM_BYTES = {0xF1: 1, 0xF2: 2, 0xF3: 1}
_META, _SYSEX, _ESCAPE = 0xFF, 0xF0, 0xF7
_NAME, _END, _TEMPO, _METRE = 0x03, 0x2F, 0x51, 0x58
_CHANNEL, _META_EVENT, _SKIPPED = range(3)
_CUT_OFF = 0xF4  # no event; stands where a track ends in the middle of one

_Strike = tuple[int, int, int]  # tick, velocity, program


class _DamageError(Exception):
    """The bytes make no sense from here on."""


@dataclass
class _Track:
    """A track as it is read."""

    name: str = ""
    tick: int = 0
    damaged: bool = False
    tempos: list[Tempo] = field(default_factory=list)
    metres: list[Metre] = field(default_factory=list)
    programs: dict[int, int] = field(default_factory=dict)
    held: dict[tuple[int, int], deque[_Strike]] = field(default_factory=dict)
    notes: dict[tuple[int, int], list[tuple[int, ...]]] = field(default_factory=dict)
    pedals: dict[tuple[int, int], list[tuple[int, ...]]] = field(default_factory=dict)

    def channel_event(self, status: int, first: int, second: int) -> None:
        kind, channel = status >> 4, status & 15
        if kind in (0x8, 0x9) and first > 127:
            return
        if kind == 0x9 and second:
            strike = (self.tick, second, self.programs.get(channel, 0))
            self.held.setdefault((channel, first), deque()).append(strike)
        elif kind in (0x8, 0x9):
            self._release(channel, first)
        elif kind == 0xB and first in PEDAL_CONTROLS:
            key = channel, self.programs.get(channel, 0)
            self.pedals.setdefault(key, []).append((self.tick, first, second))
        elif kind == 0xC:
            self.programs[channel] = first

    def meta_event(self, kind: int, data: bytes) -> None:
        if kind == _NAME:
            self.name = data.decode("utf-8", "replace")
        elif kind == _TEMPO and len(data) >= 3:
            self.tempos.append((self.tick, int.from_bytes(data[:3], "big")))
        elif kind == _METRE and len(data) >= 2 and data[1] <= 6:
            self.metres.append((self.tick, data[0], 1 << data[1]))

    def close(self) -> None:
        """Let go of what is still held."""
        for (channel, pitch), strikes in self.held.items():
            while strikes:
                self._release(channel, pitch)

    def _release(self, channel: int, pitch: int) -> None:
        strikes = self.held.get((channel, pitch))
        if strikes:
            start, velocity, program = strikes.popleft()
            notes = self.notes.setdefault((channel, program), [])
            notes.append((start, self.tick, pitch, velocity))


def read_tolerant(bodies: Sequence[bytes]) -> Parts:
    """The parts of tracks that sound together, as far as they can be understood."""
    tracks = [_read(body) for body in bodies]
    return Parts(
        list(chain.from_iterable(_parts(track) for track in tracks)),
        sorted((row for track in tracks for row in track.tempos), key=lambda row: row[0]),
        sorted((row for track in tracks for row in track.metres), key=lambda row: row[0]),
        sum(track.damaged for track in tracks),
    )


def _read(body: bytes) -> _Track:
    track = _Track()
    try:
        for delta, kind, status, data in _events(body):
            track.tick += delta
            if kind == _CHANNEL:
                track.channel_event(status, data[0], min(data[-1], 127))
            elif kind == _META_EVENT:
                track.meta_event(status, data)
    except (_DamageError, IndexError):
        track.damaged = True
    track.close()
    return track


def _events(body: bytes) -> Iterator[tuple[int, int, int, bytes]]:
    """(ticks since the last event, kind, status or meta type, data); ends where the track ends."""
    position, running, size = 0, 0, len(body)
    while position < size:
        delta, position = _number(body, position)
        status = body[position] if position < size else _CUT_OFF
        if status < 0x80:
            status = running
        else:
            position += 1
        kind, label, position, count = _shape(body, position, status)
        if kind == _CHANNEL:
            running = status
        if position + count > size:
            yield delta, _SKIPPED, 0, b""  # the time passed, whatever was to happen is lost
            raise _DamageError
        yield delta, kind, label, body[position : position + count]
        position += count
        if kind == _META_EVENT and label == _END:
            return


def _shape(body: bytes, position: int, status: int) -> tuple[int, int, int, int]:
    """An event's kind, its status or meta type, where its data begin, and how many there are."""
    if status < 0x80:
        raise _DamageError
    if status < 0xF0:
        return _CHANNEL, status, position, _DATA_BYTES[status >> 4]
    if status == _META:
        count, start = _number(body, position + 1)
        return _META_EVENT, body[position], start, count
    if status in (_SYSEX, _ESCAPE):
        count, start = _number(body, position)
        return _SKIPPED, status, start, count
    return _SKIPPED, status, position, _SYSTEM_BYTES.get(status, 0)


def _number(body: bytes, position: int) -> tuple[int, int]:
    """A variable-length quantity of at most four bytes, and where it ends."""
    value = 0
    for _ in range(4):
        byte = body[position]
        position += 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, position
    raise _DamageError


def _parts(track: _Track) -> Iterator[Part]:
    for channel, program in sorted(track.notes.keys() | track.pedals.keys()):
        notes = sorted(track.notes.get((channel, program), []))
        pedals = track.pedals.get((channel, program), [])
        table, events = partial(_table, notes), partial(_rows, pedals, 3)
        yield Part(track.name, channel, program, len(notes), table, events)


def _table(notes: list[tuple[int, ...]]) -> Table:
    return np.ascontiguousarray(_rows(notes, 4).T)


def _rows(values: list[tuple[int, ...]], width: int) -> Rows:
    return np.array(values, dtype=np.int64).reshape(-1, width)
