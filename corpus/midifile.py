"""MIDI files to note arrays in beats, and back.

Reads types 0 and 1 at any resolution with their tempo map, metre and pedals; a beat is a quarter
note, whatever the tempo. Parsing is mido's.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import mido
import numpy as np
from numpy.typing import NDArray

from corpus.errors import MidiFileError
from corpus.recording import CHANGE, Recording
from models.notes import PEDAL_CONTROLS, Phrase, note_array, pedal_array

TICKS_PER_BEAT = 960  # of the files written here
MAX_BYTES = 20_000_000
LOWEST, HIGHEST = 21, 108  # the keys of a piano
MAX_BEATS = 200_000  # ten hours at 333 BPM
PLAUSIBLE_BPM = (10.0, 1000.0)  # what lies outside is a mistake in the file, and is not heeded
PLAUSIBLE_BAR = (1.0, 16.0)  # beats
SHORTEST = 1 / 480  # beats; a note of no length still is a note
DRUMS = 9
PIANOS = range(8)  # General MIDI programs of the piano family


class _Source(NamedTuple):
    """What one channel of one track plays, before it is known which are the piano's."""

    track_name: str
    channel: int
    program: int
    notes: list[tuple[float, float, int, int]]
    pedals: list[tuple[float, int, int]]


def read_recording(path: Path) -> Recording:
    """Read a MIDI file; MidiFileError names the file, what is wrong and what to do."""
    midi = _parse(path)
    tempos: list[tuple[float, float]] = []
    bars: list[tuple[float, float]] = []
    sources: list[_Source] = []
    for track in midi.tracks:
        events = list(_timed(track, midi.ticks_per_beat))
        tempos += _tempos(events)
        bars += _bars(events)
        sources += _sources(track.name, events)
    piano = _piano(sources)
    notes = note_array(
        row for source in piano for row in source.notes if LOWEST <= row[2] <= HIGHEST
    )
    if len(notes) == 0:
        raise MidiFileError(f"{path}: no notes for a piano in it; give a file with piano notes")
    beats = float((notes["onset"] + notes["duration"]).max())
    if beats > MAX_BEATS:
        raise MidiFileError(f"{path}: {beats:.0f} beats long, at most {MAX_BEATS}; split it")
    return Recording(
        name=path.stem,
        notes=notes,
        pedals=pedal_array(row for source in piano for row in source.pedals),
        tempos=_from_zero(tempos, 120.0),
        bars=_from_zero(bars, 4.0),
        beats=beats,
    )


def write_phrase(path: Path, phrase: Phrase, name: str, offset: float = 0.0) -> None:
    """Write a phrase as a type 1 file, its first beat at `offset` to leave room for a lead-in."""
    events: list[tuple[int, int, mido.Message]] = []
    for note in phrase.notes:
        start = to_tick(offset + float(note["onset"]))
        end = max(start + 1, to_tick(offset + float(note["onset"] + note["duration"])))
        pitch, velocity = int(note["pitch"]), int(note["velocity"])
        events.append((start, 1, mido.Message("note_on", note=pitch, velocity=velocity)))
        events.append((end, 0, mido.Message("note_off", note=pitch)))
    for pedal in phrase.pedals:
        control, value = int(pedal["control"]), int(pedal["value"])
        message = mido.Message("control_change", control=control, value=value)
        events.append((to_tick(offset + float(pedal["beat"])), 2, message))
    tracks = [tempo_track([(0.0, phrase.bpm)], phrase.bar), message_track(name, events)]
    save_midi(path, tracks, end=offset + phrase.beats)


def to_tick(beat: float) -> int:
    return round(beat * TICKS_PER_BEAT)


def tempo_track(tempos: list[tuple[float, float]], bar: float) -> mido.MidiTrack:
    """The conductor track: metre, and (beat, BPM) tempo changes."""
    events = [
        (to_tick(b), 1, mido.MetaMessage("set_tempo", tempo=round(6e7 / bpm))) for b, bpm in tempos
    ]
    numerator, denominator = (round(bar), 4) if float(bar).is_integer() else (round(bar * 2), 8)
    metre = mido.MetaMessage("time_signature", numerator=numerator, denominator=denominator)
    return message_track("tempo", [(0, 0, metre), *events])


def message_track(name: str, events: list[tuple[int, int, Any]]) -> mido.MidiTrack:
    """(tick, order at that tick, message) events as one track in time order."""
    track = mido.MidiTrack([mido.MetaMessage("track_name", name=name)])
    now = 0
    for tick, _, message in sorted(events, key=lambda event: event[:2]):
        track.append(message.copy(time=tick - now))
        now = tick
    return track


def save_midi(path: Path, tracks: list[mido.MidiTrack], end: float) -> None:
    """Write the tracks, each closed at beat `end` or at its own last event."""
    midi = mido.MidiFile(type=1, ticks_per_beat=TICKS_PER_BEAT)
    for track in tracks:
        length = sum(message.time for message in track)
        rest = max(0, to_tick(end) - length)
        midi.tracks.append([*track, mido.MetaMessage("end_of_track", time=rest)])
    midi.save(path)


def _parse(path: Path) -> mido.MidiFile:
    if path.is_dir():
        raise MidiFileError(f"{path}: a folder; give a MIDI file")
    if not path.is_file():
        raise MidiFileError(f"{path}: no such file; check the path")
    try:
        if path.stat().st_size > MAX_BYTES:
            raise MidiFileError(f"{path}: larger than {MAX_BYTES} bytes; split it")
        midi = mido.MidiFile(path, clip=True)
    except (OSError, EOFError, ValueError, LookupError, TypeError, mido.KeySignatureError) as error:
        if isinstance(error, MidiFileError):
            raise
        fault = str(error) or type(error).__name__
        raise MidiFileError(
            f"{path}: not a readable MIDI file ({fault}); export it again as a Standard MIDI File"
        ) from error
    if midi.type == 2:
        raise MidiFileError(f"{path}: MIDI file type 2; export it as type 0 or 1")
    if midi.ticks_per_beat <= 0:
        raise MidiFileError(f"{path}: SMPTE time without beats; export it in ticks per beat")
    return midi


def _timed(track: mido.MidiTrack, ticks_per_beat: int) -> Iterator[tuple[float, Any]]:
    tick = 0
    for message in track:
        tick += message.time  # of every message: those that are not notes carry time too
        yield tick / ticks_per_beat, message


def _tempos(events: list[tuple[float, Any]]) -> list[tuple[float, float]]:
    tempos = [(beat, message.tempo) for beat, message in events if message.type == "set_tempo"]
    slowest, fastest = (mido.bpm2tempo(bpm) for bpm in PLAUSIBLE_BPM)
    return [(b, mido.tempo2bpm(tempo)) for b, tempo in tempos if fastest <= tempo <= slowest]


def _bars(events: list[tuple[float, Any]]) -> list[tuple[float, float]]:
    metres = [(beat, message) for beat, message in events if message.type == "time_signature"]
    bars = [(beat, m.numerator * 4.0 / m.denominator) for beat, m in metres]
    shortest, longest = PLAUSIBLE_BAR
    return [(beat, bar) for beat, bar in bars if shortest <= bar <= longest]


def _sources(track_name: str, events: list[tuple[float, Any]]) -> list[_Source]:
    """What each channel of a track plays."""
    channels: dict[int, list[tuple[float, Any]]] = {}
    for beat, message in events:
        if not message.is_meta and hasattr(message, "channel"):
            channels.setdefault(message.channel, []).append((beat, message))
    end = events[-1][0] if events else 0.0
    sources = []
    for channel, played in channels.items():
        programs = [m.program for _, m in played if m.type == "program_change"]
        pedals = [
            (beat, m.control, m.value)
            for beat, m in played
            if m.type == "control_change" and m.control in PEDAL_CONTROLS
        ]
        notes = _paired(played, end)
        sources.append(_Source(track_name, channel, (programs or [0])[0], notes, pedals))
    return sources


def _paired(played: list[tuple[float, Any]], end: float) -> list[tuple[float, float, int, int]]:
    """Note-ons with their note-offs; a key struck again, or never let go, ends there."""
    notes: list[tuple[float, float, int, int]] = []
    held: dict[int, tuple[float, int]] = {}

    def close(pitch: int, beat: float) -> None:
        start, velocity = held.pop(pitch)
        notes.append((start, beat - start or SHORTEST, pitch, velocity))

    for beat, message in played:
        if message.type not in ("note_on", "note_off"):
            continue
        if message.note in held:
            close(message.note, beat)
        if message.type == "note_on" and message.velocity > 0:
            held[message.note] = (beat, message.velocity)
    for pitch in list(held):
        close(pitch, end)
    return notes


def _piano(sources: list[_Source]) -> list[_Source]:
    """Those that say they are a piano by name, else by program, else whatever is not drums."""
    pitched = [source for source in sources if source.channel != DRUMS and source.notes]
    named = [source for source in pitched if "piano" in source.track_name.casefold()]
    return named or [source for source in pitched if source.program in PIANOS] or pitched


def _from_zero(rows: list[tuple[float, float]], default: float) -> NDArray[Any]:
    """Changes in time order, the last of those at one beat, and one that holds from beat 0."""
    changes = {0.0: default}
    for beat, value in sorted(rows, key=lambda row: row[0]):
        changes[beat] = value
    return np.array(list(changes.items()), dtype=CHANGE)


def read_phrase(path: Path) -> Phrase:
    """A file as one phrase, for seeds, solos and queries."""
    return read_recording(path).phrase()
