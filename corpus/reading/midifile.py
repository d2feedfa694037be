"""MIDI files to note arrays in beats.

Reads types 0, 1 and 2 at any resolution or in SMPTE time, with tempo map, metre and all three
pedals; a beat is a quarter note, whatever the tempo. Flawless files are read in bulk by symusic,
the others event by event; both give the same notes.
"""

import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpus.errors import MidiFileError
from corpus.reading.bulk import read_bulk
from corpus.reading.limits import DEFAULT, Limits
from corpus.reading.parts import (
    DRUMS,
    END,
    PITCH,
    START,
    VELOCITY,
    Metre,
    NotFlawlessError,
    Part,
    Parts,
    Table,
    Tempo,
)
from corpus.reading.recording import CHANGE, LeftOut, Recording
from corpus.reading.repair import read_tolerant
from corpus.reading.smf import FIXED_BPM, Frame, read_frame
from models.notes import NOTE, PEDAL, Notes, Pedals, Phrase

LOWEST, HIGHEST = 21, 108  # the keys of a piano
PLAUSIBLE_BPM = (10.0, 1000.0)  # what lies outside is a mistake in the file, and is not heeded
PLAUSIBLE_BAR = (1.0, 16.0)  # beats
SHORTEST = 1 / 480  # beats; a note of no length still is a note
PIANOS = range(8)  # General MIDI programs of the piano family
_DEFAULT_BAR = 4.0
_KEY = 48  # bits that hold a tick, below those of its key
_NOTHING: Table = np.empty((4, 0), np.int64)

Reader = Callable[[Sequence[bytes]], Parts]
"""From the bytes of tracks that sound together to their parts."""


@dataclass(frozen=True)
class _Asked:
    """What is to be read, under which name and limits."""

    name: str
    where: str
    limits: Limits
    every_part: bool


def read_recording(
    source: Path | bytes,
    name: str | None = None,
    limits: Limits = DEFAULT,
    where: str | None = None,
    every_part: bool = False,
) -> Recording:
    """Read the piano of a MIDI file, a path or its bytes.

    `name` is the recording's (by default the file's stem), `where` what errors call the file. With
    `every_part` all pitched instruments are taken. MidiFileError names the file, what is wrong and
    what to do.
    """
    path = source if isinstance(source, Path) else None
    name = name if name is not None else (path.stem if path else "")
    where = where or (str(path) if path else name or "MIDI data")
    data = source if isinstance(source, bytes) else load(source, where, limits.midi_bytes)
    _check_size(len(data), where, limits.midi_bytes)
    frame = read_frame(data, where, limits)
    asked = _Asked(name, where, limits, every_part)
    try:
        return _recording(frame, read_bulk, asked)
    except NotFlawlessError:
        return _recording(frame, read_tolerant, asked)


def read_phrase(path: Path) -> Phrase:
    """A file as one phrase, for seeds, solos and queries."""
    return read_recording(path).phrase()


def load(path: Path, where: str, most: int) -> bytes:
    """The bytes of a plain file, `most` of them; MidiFileError, naming `where`, otherwise."""
    try:
        with open(path, "rb", buffering=0, opener=_without_waiting) as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise MidiFileError(f"{where}: not a plain file; give a MIDI file")
            _check_size(found.st_size, where, most)
            return file.read()
    except IsADirectoryError as error:
        raise MidiFileError(f"{where}: a folder; give a MIDI file") from error
    except FileNotFoundError as error:
        raise MidiFileError(f"{where}: no such file; check the path") from error
    except OSError as error:
        raise MidiFileError(f"{where}: cannot be read ({error.strerror}); check it") from error


def _without_waiting(path: str, flags: int) -> int:
    """An opener that does not wait for somebody to write to a pipe."""
    return os.open(path, flags | os.O_NONBLOCK)


def _check_size(size: int, where: str, most: int) -> None:
    if size > most:
        raise MidiFileError(f"{where}: larger than {most} bytes; split it")


def _in_sequence(frame: Frame, read: Reader) -> Parts:
    """The independent sequences of a type 2 file, one after another, each from a bar line.

    A file of which only one track has notes is a type 1 file that says it is a type 2.
    """
    sequences = [read([body]) for body in frame.bodies]
    if sum(any(part.size for part in sequence.parts) for sequence in sequences) < 2:
        return read(frame.bodies)
    start, moved = 0, []
    for sequence in sequences:
        moved.append(_moved(sequence, start))
        start += _whole_bars(sequence, frame.ticks_per_beat)
    return Parts(
        [part for sequence in moved for part in sequence.parts],
        [tempo for sequence in moved for tempo in sequence.tempos],
        [metre for sequence in moved for metre in sequence.metres],
        sum(sequence.damaged for sequence in moved),
    )


def _moved(sequence: Parts, ticks: int) -> Parts:
    """A sequence that begins at `ticks`, in the tempo and metre that hold where it names none."""
    tempos = [(tick + ticks, pace) for tick, pace in sequence.tempos]
    metres = [(tick + ticks, n, d) for tick, n, d in sequence.metres]
    return Parts(
        [_moved_part(part, ticks) for part in sequence.parts],
        [(ticks, round(6e7 / FIXED_BPM)), *tempos],
        [(ticks, 4, 4), *metres],
        sequence.damaged,
    )


def _moved_part(part: Part, ticks: int) -> Part:
    down, across = np.array([[ticks], [ticks], [0], [0]]), np.array([ticks, 0, 0])
    return part._replace(notes=lambda: part.notes() + down, pedals=lambda: part.pedals() + across)


def _whole_bars(sequence: Parts, ticks_per_beat: float) -> int:
    """How many ticks a sequence takes up to the bar line after its last note."""
    tables = [part.notes() for part in sequence.parts if part.size]
    end = max((int(table[END].max()) for table in tables), default=0)
    bars, _ = _bars(sequence.metres, ticks_per_beat)
    begin, bar = bars[bars["beat"] * ticks_per_beat <= end][-1].tolist()
    count = np.ceil((end / ticks_per_beat - begin) / bar)
    return int(np.ceil((begin + count * bar) * ticks_per_beat))


def _recording(frame: Frame, read: Reader, asked: _Asked) -> Recording:
    parts = _in_sequence(frame, read) if frame.type == 2 else read(frame.bodies)
    piano = _choose(parts.parts, asked.every_part)
    table, beyond, twice = _one_keyboard([part.notes() for part in piano])
    notes = _notes(table, frame.ticks_per_beat)
    beats = _check_notes(notes, asked)
    tempos, odd_tempos = _tempos(parts.tempos, frame)
    bars, odd_bars = _bars(parts.metres, frame.ticks_per_beat)
    left_out = _left_out(parts.parts, piano) | {
        "note outside the piano's keys": beyond,
        "key struck twice at once": twice,
        "tempo that nobody plays": odd_tempos,
        "metre that nobody counts": odd_bars,
        "rest of a damaged track": parts.damaged,
    }
    return Recording(
        name=asked.name,
        notes=notes,
        pedals=_pedals(parts.parts, piano, frame.ticks_per_beat),
        tempos=tempos,
        bars=bars,
        beats=beats,
        left_out=tuple(LeftOut(reason, count) for reason, count in left_out.items() if count),
        repairs=frame.repairs,
    )


def _check_notes(notes: Notes, asked: _Asked) -> float:
    """The beat at which the last note ends; MidiFileError beyond the limits."""
    where, limits = asked.where, asked.limits
    if len(notes) == 0:
        raise MidiFileError(f"{where}: no notes for a piano in it; give a file with piano notes")
    if len(notes) > limits.notes:
        raise MidiFileError(f"{where}: {len(notes)} notes, at most {limits.notes}; split it")
    beats = float((notes["onset"] + notes["duration"]).max())
    if beats > limits.beats:
        raise MidiFileError(f"{where}: {beats:.0f} beats long, at most {limits.beats:g}; split it")
    return beats


def _choose(parts: Sequence[Part], every_part: bool) -> list[Part]:
    """The piano's parts: those that say so by name, else by program, else whatever is not drums.

    A name stands over all channels of its track: among several the program decides.
    """
    pitched = [part for part in parts if part.channel != DRUMS and part.size]
    if every_part:
        return pitched
    named = [part for part in pitched if "piano" in part.track_name.casefold()]
    sounding = [part for part in named or pitched if part.program in PIANOS]
    return sounding or named or pitched


def _left_out(parts: Sequence[Part], piano: Sequence[Part]) -> dict[str, int]:
    """How many notes of other parts there are, for each reason."""
    taken = {id(part) for part in piano}
    counts: dict[str, int] = {}
    for part in parts:
        if id(part) not in taken:
            reason = _reason(part)
            counts[reason] = counts.get(reason, 0) + part.size
    return counts


def _reason(part: Part) -> str:
    if part.channel == DRUMS:
        return "drums"
    if part.program not in PIANOS:
        return f"another instrument (program {part.program})"
    name = " ".join("".join(c if c.isprintable() else " " for c in part.track_name).split())
    return f"another track ({name[:40] or 'without a name'})"


def _one_keyboard(tables: Sequence[Table]) -> tuple[Table, int, int]:
    """The notes as one pair of hands plays them, by start, then pitch.

    Also how many a piano has no key for, and how many struck a key that was just struck.
    """
    parts = [_untangled(table) for table in tables]
    table = parts[0] if len(parts) == 1 else np.concatenate([_NOTHING, *parts], axis=1)
    size = table.shape[1]
    if size and (table[PITCH].min() < LOWEST or table[PITCH].max() > HIGHEST):
        table = table[:, (table[PITCH] >= LOWEST) & (table[PITCH] <= HIGHEST)]
    possible = table.shape[1]
    table = _in_order(table if len(parts) == 1 else _united(table))
    return table, size - possible, possible - table.shape[1]


def _in_order(table: Table) -> Table:
    """The notes by start, then pitch; of a key struck twice at once the last note, but loudest."""
    moment = (table[START] << 8) + table[PITCH]
    order = np.argsort(moment, kind="stable")  # symusic's own order is nearly this
    table, moment = table.take(order, axis=1), moment[order]
    new = moment[1:] != moment[:-1]
    if new.all():
        return table
    first = np.flatnonzero(np.concatenate(([True], new)))
    loudest = np.maximum.reduceat(table[VELOCITY], first)
    table = table.take(np.append(first[1:], len(moment)) - 1, axis=1)
    table[VELOCITY] = loudest
    return table


def _united(table: Table) -> Table:
    """The notes of several parts on one keyboard: each ends when its key is struck again.

    Notes that strike a key at once all end with the longest of them.
    """
    table = table.take(np.argsort((table[PITCH] << _KEY) + table[START]), axis=1)
    key = (table[PITCH] << _KEY) + table[START]
    first = np.flatnonzero(np.concatenate(([True], key[1:] > key[:-1]))[: len(key)])
    if len(first) == 0:
        return table
    start, pitch = table[START][first], table[PITCH][first]
    end = np.maximum.reduceat(table[END], first)
    same_key = pitch[1:] == pitch[:-1]
    end[:-1] = np.where(same_key, np.minimum(end[:-1], start[1:]), end[:-1])
    table[END] = np.repeat(end, np.diff(first, append=len(key)))
    return table


def _by_key(table: Table) -> NDArray[np.intp]:
    """The order by pitch, then start, of notes in order of start."""
    keys = table[PITCH].astype(np.uint8)  # bytes get a radix sort
    order: NDArray[np.intp] = np.argsort(keys, kind="stable")
    return order


def _untangled(table: Table) -> Table:
    """Notes of one part end at the first release after their strike, or when struck again.

    They come paired first in, first out, so the ends of each key are in order too, and are all the
    releases there were: a note that overlaps the one before may be let go by that one's.
    """
    by_key = _by_key(table)
    key = table[PITCH] << _KEY
    strikes, releases = (key + table[START])[by_key], (key + table[END])[by_key]
    late = np.flatnonzero(releases[:-1] > strikes[1:]) + 1
    if len(late):
        ends = releases.copy()
        lasting = late[releases[late] > strikes[late]]
        ends[lasting] = releases[np.searchsorted(releases, strikes[lasting], side="right")]
        struck = late[strikes[late] > strikes[late - 1]]
        ends[struck - 1] = np.minimum(ends[struck - 1], strikes[struck])
        table[END][by_key] = ends - key[by_key]
    return table


def _notes(table: Table, ticks_per_beat: float) -> Notes:
    notes: Notes = np.empty(table.shape[1], dtype=NOTE)
    duration = (table[END] - table[START]) / ticks_per_beat
    notes["onset"] = table[START] / ticks_per_beat
    notes["duration"] = np.where(duration > 0, duration, SHORTEST)
    notes["pitch"], notes["velocity"] = table[PITCH], table[VELOCITY]
    return notes


def _pedals(parts: Sequence[Part], piano: Sequence[Part], ticks_per_beat: float) -> Pedals:
    """The pedals of the piano's channels, wherever they are written; each movement once."""
    channels = {part.channel for part in piano}
    apart = [part for part in parts if part.size == 0 and part.channel in channels]
    sources = [part.pedals() for part in (*piano, *apart)]
    events = sources[0]
    if len(sources) > 1:
        events = np.concatenate(sources)
        events = events[np.argsort(events[:, 0], kind="stable")]
        news = (events[1:] != events[:-1]).any(axis=1)
        events = events[np.concatenate(([True], news))[: len(events)]]
    pedals: Pedals = np.empty(len(events), dtype=PEDAL)
    pedals["beat"] = events[:, 0] / ticks_per_beat
    pedals["control"], pedals["value"] = events[:, 1], events[:, 2]
    return pedals


def _tempos(tempos: Sequence[Tempo], frame: Frame) -> tuple[NDArray[Any], int]:
    """The tempo map, and how many changes were not heeded."""
    if frame.smpte:
        return _from_zero([], FIXED_BPM), 0
    slowest, fastest = (round(6e7 / bpm) for bpm in PLAUSIBLE_BPM)
    plausible = [
        (tick / frame.ticks_per_beat, 6e7 / pace)
        for tick, pace in tempos
        if fastest <= pace <= slowest
    ]
    return _from_zero(plausible, FIXED_BPM), len(tempos) - len(plausible)


def _bars(metres: Sequence[Metre], ticks_per_beat: float) -> tuple[NDArray[Any], int]:
    """Bar lengths, and how many changes were not heeded."""
    shortest, longest = PLAUSIBLE_BAR
    plausible = [
        (tick / ticks_per_beat, n * 4.0 / d)
        for tick, n, d in metres
        if shortest <= n * 4.0 / d <= longest
    ]
    return _from_zero(plausible, _DEFAULT_BAR), len(metres) - len(plausible)


def _from_zero(rows: list[tuple[float, float]], default: float) -> NDArray[Any]:
    """Changes in time order, the last of those at one beat, and one that holds from beat 0."""
    changes = {0.0: default} | dict(rows)
    return np.array(list(changes.items()), dtype=CHANGE)
