"""Reading a session folder, and making its performance.mid."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import mido

from appliance.errors import SessionFolderError
from corpus.midifile import (
    TICKS_PER_BEAT,
    message_track,
    read_recording,
    save_midi,
    tempo_track,
    to_tick,
)
from models.notes import Phrase

SESSION, EVENTS, PROVENANCE = "session.json", "events.jsonl", "provenance.jsonl"
SEED_MIDI, PERFORMANCE, STAGE = "seed.mid", "performance.mid", "stage.png"
TRACKS = ("system", "player")
_ORDER = {0x80: 0, 0xB0: 1, 0x90: 2}  # at one tick: releases, pedals, strikes


class Played(NamedTuple):
    """One note of the performance, in ticks."""

    start: int
    end: int
    pitch: int
    velocity: int


@dataclass(frozen=True)
class Grid:
    """Where the first tap stands, the metre, and the tempo changes as (beat, BPM)."""

    first_tap: float
    bar: float
    tempos: list[tuple[float, float]]


def read_lines(folder: Path, name: str) -> Iterator[dict[str, Any]]:
    """The objects of a .jsonl file; a last line that a power cut left unfinished is skipped."""
    path = folder / name
    if not path.is_file():
        raise SessionFolderError(
            f"{folder}: not a session folder (no {name}); give a folder that the instrument wrote"
        )
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, text in enumerate(file, 1):
            try:
                line = json.loads(text)
            except ValueError as error:
                if text.endswith("\n"):
                    raise SessionFolderError(f"{path}: line {number} is not JSON") from error
                return
            if not isinstance(line, dict):
                raise SessionFolderError(f"{path}: line {number} is not an object")
            yield line


def read_session(folder: Path) -> dict[str, Any]:
    path = folder / SESSION
    try:
        session = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SessionFolderError(
            f"{folder}: no readable {SESSION}; give a folder that the instrument wrote"
        ) from error
    if not isinstance(session, dict):
        raise SessionFolderError(f"{path}: not an object")
    return session


def read_grid(folder: Path) -> Grid:
    """From the journal; SessionFolderError when no loop ever began."""
    grid: Grid | None = None
    for line in read_lines(folder, EVENTS):
        if line.get("event") == "loop":
            grid = Grid(line["first_tap"], line["bar"], [(0.0, line["bpm"])])
        elif line.get("event") == "tempo" and grid is not None:
            grid.tempos.append((line["beat"], line["bpm"]))
    if grid is None:
        raise SessionFolderError(f"{folder}: no loop was played in it")
    return grid


def read_seed(folder: Path, grid: Grid, beats: float) -> Phrase:
    """The seed as it was looped, its first tap at beat 0."""
    recording = read_recording(folder / SEED_MIDI)
    notes, pedals = recording.notes.copy(), recording.pedals.copy()
    notes["onset"] -= grid.first_tap
    pedals["beat"] -= grid.first_tap
    return Phrase(notes, pedals, beats, grid.tempos[0][1], grid.bar)


def write_performance(folder: Path) -> None:
    """performance.mid from the journal: tracks `system` and `player`, in musical time."""
    grid = read_grid(folder)
    events: dict[str, list[tuple[int, int, Any]]] = {track: [] for track in TRACKS}
    end = 0.0
    for line in read_lines(folder, EVENTS):
        if "midi" not in line or "omitted" in line:
            continue
        data = bytes.fromhex(line["midi"])
        # While the seed is recorded its tempo is not known yet: those lines have only a time.
        beat = line.get("beat", grid.first_tap + line["t"] * grid.tempos[0][1] / 60)
        end = max(end, beat)
        order = _ORDER[data[0] & 0xF0] if len(data) < 3 or data[2] else 0
        event = (to_tick(max(0.0, beat)), order, mido.Message.from_bytes(data))
        events[line["who"]].append(event)
    tracks = [tempo_track(grid.tempos, grid.bar)]
    tracks += [message_track(name, events[name]) for name in TRACKS]
    save_midi(folder / PERFORMANCE, tracks, end)


def read_performance(folder: Path) -> dict[str, list[Played]]:
    """The notes of each track of performance.mid; a note that never ends is an error."""
    path = folder / PERFORMANCE
    try:
        midi = mido.MidiFile(path)
    except (OSError, EOFError, ValueError) as error:
        raise SessionFolderError(f"{path}: cannot be read ({error})") from error
    if midi.ticks_per_beat != TICKS_PER_BEAT:
        raise SessionFolderError(f"{path}: not written by the instrument")
    tracks = {track.name: track for track in midi.tracks}
    missing = [name for name in TRACKS if name not in tracks]
    if missing:
        raise SessionFolderError(f"{path}: no track {missing[0]!r}")
    return {name: _pair(path, tracks[name]) for name in TRACKS}


def _pair(path: Path, track: mido.MidiTrack) -> list[Played]:
    notes: list[Played] = []
    held: dict[int, list[tuple[int, int]]] = {}
    tick = 0
    for message in track:
        tick += message.time
        if message.type == "note_on" and message.velocity:
            held.setdefault(message.note, []).append((tick, message.velocity))
        elif message.type in ("note_on", "note_off") and held.get(message.note):
            start, velocity = held[message.note].pop(0)
            notes.append(Played(start, tick, message.note, velocity))
    stuck = [pitch for pitch, strikes in held.items() if strikes]
    if stuck and track.name == "system":
        raise SessionFolderError(f"{path}: key {stuck[0]} is never let go")
    return sorted(notes)
