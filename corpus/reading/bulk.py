"""Bulk reading with symusic: fast, native, and given only what it reads faithfully.

symusic quietly drops what it cannot pair and does not tell channels. So a coda is appended to each
track: releases of all keys and one marker note. A note that reaches into the coda was never let
go; a channel is known by its marker; where a marker is missing, the track ended early or changed
its program on the way. All such files, and those that symusic refuses, are left to
`corpus.reading.repair`, which is slower and reads anything. The coda also means that native code
that read a few bytes too far would still be inside the track.
"""

import re
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import symusic

from corpus.reading.parts import (
    END,
    PITCH,
    START,
    VELOCITY,
    Metre,
    NotFlawlessError,
    Part,
    Parts,
    Rows,
    Table,
    Tempo,
)
from corpus.reading.repair import read_tolerant
from corpus.reading.smf import END_OF_TRACK
from models.notes import PEDAL_CONTROLS

_CODA = 1 << 27  # ticks from the track's end to its coda
_ODD_CHANGE = re.compile(rb"\xff(?:\x51(?!\x03)|\x58(?!\x04[\x00-\xff][\x00-\x06]))")
_IS_PEDAL = np.isin(np.arange(256), PEDAL_CONTROLS)


def _coda(channel: int) -> bytes:
    """Let every key of a channel go, then one strike of key 0 whose velocity tells the channel."""
    releases = b"".join(bytes((0, key, 0)) for key in range(1, 128))
    strike = bytes((0, 0x90 | channel, 0, 0)) + releases
    return strike + bytes((0, 0, channel + 1, 1, 0, 0))


_CODAS = {channel: _coda(channel) for channel in range(16)}
_STRIKES = [bytes((0x90 | channel,)) for channel in range(16)]
_CONTROLS = [bytes((0xB0 | channel,)) for channel in range(16)]
_TWO_DATA_BYTES = {
    status: re.compile(status + rb"[\x00-\x7f]{2}") for status in (*_STRIKES, *_CONTROLS)
}
_WAIT = b"\xff\x01\x00" + b"\xc0\x80\x80\x00" + b"\xff\x01\x00"  # _CODA ticks between two texts
_HEADER = b"MThd\x00\x00\x00\x06\x00\x01"


def read_bulk(bodies: Sequence[bytes]) -> Parts:
    """The parts of tracks that sound together; NotFlawlessError where they must be repaired."""
    tracks = b"".join(_with_coda(body) for body in bodies)
    data = _HEADER + len(bodies).to_bytes(2, "big") + b"\x01\xe0" + tracks
    try:
        score = symusic.Score.from_midi(data)
    except (RuntimeError, ValueError) as error:
        raise NotFlawlessError from error
    parts = [part for track in score.tracks if (part := _part(track)) is not None]
    return Parts(parts, *_changes(score, bodies))


def _with_coda(body: bytes) -> bytes:
    if not body.endswith(END_OF_TRACK):
        raise NotFlawlessError
    codas = [_CODAS[channel] for channel in _channels(body)]
    music = b"".join((body[:-3], _WAIT, *codas, b"\x00", END_OF_TRACK))
    return b"MTrk" + len(music).to_bytes(4, "big") + music


def _channels(body: bytes) -> list[int]:
    """The channels that have notes, or else controls; perhaps one that only looks like it."""
    for statuses in (_STRIKES, _CONTROLS):
        found = [
            channel
            for channel, status in enumerate(statuses)
            if status in body and _TWO_DATA_BYTES[status].search(body)
        ]
        if found:
            return found
    return []


def _part(track: symusic.core.TrackTick) -> Part | None:
    """A track of symusic's; None when a byte looked like a channel's and was not."""
    notes, controls = track.notes, track.controls
    size = len(notes) - 1
    if size == 0 and len(controls) == 0:
        return None
    if size < 0:
        raise NotFlawlessError
    marker = notes[-1]
    if marker.time < _CODA or marker.pitch != 0:
        raise NotFlawlessError
    return Part(
        track.name,
        marker.velocity - 1,
        track.program,
        size,
        partial(_notes, notes),
        partial(_pedals, controls),
    )


def _notes(notes: symusic.core.NoteTickList) -> Table:
    """All but the marker; NotFlawlessError when the coda ended one."""
    fields = notes.numpy()
    start, duration = fields["time"][:-1], fields["duration"][:-1]
    if len(start) and (duration.max() >= _CODA or duration.min() < 0 or start.min() < 0):
        raise NotFlawlessError
    table = np.empty((4, len(start)), dtype=np.int64)
    table[START], table[END] = start, duration
    table[END] += table[START]
    table[PITCH], table[VELOCITY] = fields["pitch"][:-1], fields["velocity"][:-1]
    return table


def _pedals(controls: symusic.core.ControlChangeTickList) -> Rows:
    fields = controls.numpy()
    pedals = _IS_PEDAL[fields["number"]]
    rows = np.empty((np.count_nonzero(pedals), 3), dtype=np.int64)
    for column, name in enumerate(("time", "number", "value")):
        rows[:, column] = fields[name][pedals]
    return rows


def _changes(
    score: symusic.core.ScoreTick, bodies: Sequence[bytes]
) -> tuple[list[Tempo], list[Metre]]:
    """Tempos and metres; read again where symusic believes nonsense or may swap those of a tick."""
    tempos = _rows(score.tempos, "time", "mspq")
    metres = _rows(score.time_signatures, "time", "numerator", "denominator")
    if _ambiguous(tempos) or _ambiguous(metres) or any(map(_ODD_CHANGE.search, bodies)):
        conductors = [body for body in bodies if b"\xff\x51" in body or b"\xff\x58" in body]
        again = read_tolerant(conductors)
        return again.tempos, again.metres
    return tempos, metres


def _rows(events: Any, *names: str) -> list[Any]:
    fields = events.numpy()
    return list(zip(*(fields[name].tolist() for name in names), strict=True))


def _ambiguous(changes: list[Any]) -> bool:
    return len({change[0] for change in changes}) < len(changes)
