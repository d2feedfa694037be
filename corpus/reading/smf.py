"""The frame of a Standard MIDI File: its header and where its tracks are.

Tolerant by purpose: real files carry wrong lengths, wrong counts, foreign wrappers and unfinished
ends, and their notes can be had all the same. What was mended is said in words.
"""

from dataclasses import dataclass, field

from corpus.errors import MidiFileError
from corpus.reading.limits import Limits

HEADER, TRACK = b"MThd", b"MTrk"
END_OF_TRACK = b"\xff\x2f\x00"
USUAL_RESOLUTION = 480  # ticks a beat, where a file names none
FIXED_BPM = 120.0  # of a file in SMPTE time: it has seconds but no beats
_FOREWORD = 4096  # bytes in which to look for the header: RIFF and MacBinary wrap files
_DROP_FRAME = 30_000 / 1_001  # frames a second that the header calls 29


@dataclass(frozen=True)
class Frame:
    """A MIDI file in pieces: `bodies` are the tracks' events as bytes.

    With `smpte` ticks are fractions of a second, `ticks_per_beat` counts them at FIXED_BPM, and
    tempo events mean nothing.
    """

    type: int
    ticks_per_beat: float
    smpte: bool
    bodies: tuple[bytes, ...]
    repairs: tuple[str, ...] = ()


@dataclass
class _Framing:
    """Bytes on their way to a Frame, and what was found wrong."""

    data: bytes
    where: str
    repairs: list[str] = field(default_factory=list)

    def mend(self, fault: str) -> None:
        if fault not in self.repairs:
            self.repairs.append(fault)


def read_frame(data: bytes, where: str, limits: Limits) -> Frame:
    """Take a file apart; MidiFileError, naming `where`, when there is no header or no track."""
    framing = _Framing(data, where)
    start = _find_header(framing)
    type_, division, first = _header(framing, start)
    ticks_per_beat, smpte = _resolution(framing, division)
    bodies = _bodies(framing, first, limits)
    if not bodies:
        raise MidiFileError(f"{where}: a MIDI header and no tracks; export it again")
    if type_ == 0 and len(bodies) > 1:
        framing.mend("type 0 with several tracks")
    return Frame(type_, ticks_per_beat, smpte, tuple(bodies), tuple(framing.repairs))


def _find_header(framing: _Framing) -> int:
    start = framing.data.find(HEADER, 0, _FOREWORD)
    if start < 0 or len(framing.data) < start + 14:
        fault = "empty" if not framing.data else "no MIDI header"
        raise MidiFileError(
            f"{framing.where}: not a readable MIDI file ({fault});"
            " export it again as a Standard MIDI File"
        )
    if start:
        framing.mend("bytes before the header")
    return start


def _header(framing: _Framing, start: int) -> tuple[int, bytes, int]:
    """(type, the two bytes of the division, where the first chunk begins)."""
    data = framing.data
    length = int.from_bytes(data[start + 4 : start + 8], "big")
    type_ = int.from_bytes(data[start + 8 : start + 10], "big")
    first = start + 8 + length
    if length != 6:
        framing.mend(f"header of {length} bytes")
        if data[first : first + 4] != TRACK:
            first = start + 14
    if type_ > 2:
        framing.mend(f"type {type_}, read as type 1")
        type_ = 1
    return type_, data[start + 12 : start + 14], first


def _resolution(framing: _Framing, division: bytes) -> tuple[float, bool]:
    """Ticks a beat, and whether time is SMPTE."""
    high, low = division
    if high < 0x80:
        ticks = high << 8 | low
        if ticks == 0:
            framing.mend(f"no resolution in the header, {USUAL_RESOLUTION} ticks a beat assumed")
        return float(ticks or USUAL_RESOLUTION), False
    frames = _DROP_FRAME if high == 256 - 29 else float(256 - high)
    if low == 0:
        framing.mend("SMPTE time without ticks, one a frame assumed")
    return frames * max(low, 1) * 60.0 / FIXED_BPM, True


def _bodies(framing: _Framing, position: int, limits: Limits) -> list[bytes]:
    """The tracks' events; chunks of other kinds are skipped."""
    data = framing.data
    bodies: list[bytes] = []
    while (position := _next_chunk(framing, position)) >= 0:
        if len(bodies) >= limits.midi_tracks:
            raise MidiFileError(f"{framing.where}: more than {limits.midi_tracks} tracks; split it")
        end = _chunk_end(framing, position)
        if data[position : position + 4] == TRACK:
            bodies.append(data[position + 8 : end])
        position = end
    return bodies


def _next_chunk(framing: _Framing, position: int) -> int:
    """Where the next chunk begins, or -1; garbage between chunks is jumped over."""
    data = framing.data
    if position >= len(data):
        return -1
    if _looks_like_chunk(data, position):
        return position
    framing.mend("bytes that belong to no track")
    return data.find(TRACK, position)


def _looks_like_chunk(data: bytes, position: int) -> bool:
    name = data[position : position + 4]
    if len(data) < position + 8 or not name.isalnum():
        return False
    if name == TRACK:
        return True
    return position + 8 + _length(data, position) <= len(data)


def _length(data: bytes, position: int) -> int:
    return int.from_bytes(data[position + 4 : position + 8], "big")


def _chunk_end(framing: _Framing, position: int) -> int:
    """The end of a chunk: what it says, unless what follows there contradicts it."""
    data, body = framing.data, position + 8
    end = body + _length(data, position)
    if end == len(data) or (end < len(data) and _looks_like_chunk(data, end)):
        return end
    if data[position : position + 4] != TRACK:
        return min(end, len(data))
    if end < len(data) and data[end - 3 : end] == END_OF_TRACK:
        return end
    framing.mend("a track of another length than it says")
    following = data.find(TRACK, body)
    return following if following >= 0 else len(data)
