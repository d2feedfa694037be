"""Reading a session folder, and making its performance.mid."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import mido

from appliance.errors import SessionFolderError
from appliance.seed import Seed
from corpus.errors import CorpusError
from corpus.midiwrite import TICKS_PER_BEAT, message_track, save_midi, tempo_track, to_tick
from corpus.reading.midifile import read_recording
from models.errors import ModelError
from models.notes import Phrase, check_notes

SESSION, EVENTS, PROVENANCE = "session.json", "events.jsonl", "provenance.jsonl"
TABLE, ROUNDS = "table.json", "rounds.jsonl"  # only where somebody talked to the loop
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
    """Where the first tap stands, the metre, the tempo changes as (beat, BPM); and where the seed
    comes from: recording, recent or replay."""

    first_tap: float
    bar: float
    tempos: list[tuple[float, float]]
    source: str = "recording"


_NUMBER = (int, float)
_OPTIONAL: dict[str, tuple[type, ...]] = {
    "t": _NUMBER, "beat": _NUMBER, "bpm": _NUMBER, "bar": _NUMBER, "first_tap": _NUMBER,
    "event": (str,), "who": (str,), "midi": (str,), "omitted": (str,), "note": (int,),
    "from": (str,), "text": (str,), "confidence": _NUMBER,
}  # fmt: skip
_ALWAYS: dict[str, dict[str, tuple[type, ...]]] = {
    EVENTS: {"t": _NUMBER},
    PROVENANCE: {
        "loop": (int,), "start_beat": _NUMBER, "beats": _NUMBER, "source": (str,),
        "track": (str,), "source_beats": (list,), "transpose": (int,), "rotate_beats": _NUMBER,
        "tempo_scale": _NUMBER, "velocity_scale": _NUMBER, "similarity": _NUMBER,
        "decided_ahead_beats": _NUMBER, "policy": (str,), "edits": (list,),
    },
    SESSION: {
        "seed": (dict,), "loops": (int,), "bundle": (dict,), "stuck_notes": (int,),
        "distinct_segments": (int,),
    },
    ROUNDS: {},
    f"{SESSION}: seed": {"notes": (int,), "beats": _NUMBER, "seconds": _NUMBER, "bpm": _NUMBER},
    f"{SESSION}: bundle": {"name": (str,), "sha256": (str,)},
}  # fmt: skip
_BY_EVENT = {
    "loop": ("beat", "bpm", "bar", "first_tap"),
    "tempo": ("beat", "bpm"),
    "cut": ("beat",),
}
_MOST_BEATS, _MOST_BPM = 1e7, 2000.0


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
            except (ValueError, RecursionError) as error:
                if text.endswith("\n"):
                    raise SessionFolderError(f"{path}: line {number} is not JSON") from error
                return
            where = f"{path}: line {number}"
            _check_fields(where, line, _ALWAYS[name])
            if name == EVENTS:
                _check_event(where, line)
            yield line


def read_session(folder: Path) -> dict[str, Any]:
    path = folder / SESSION
    try:
        session = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise SessionFolderError(
            f"{folder}: no readable {SESSION}; give a folder that the instrument wrote"
        ) from error
    _check_fields(str(path), session, _ALWAYS[SESSION])
    for part in ("seed", "bundle"):
        _check_fields(f"{path}: {part}", session[part], _ALWAYS[f"{SESSION}: {part}"])
    return dict(session)


def _check_fields(where: str, line: Any, wanted: dict[str, tuple[type, ...]]) -> None:
    """Every wanted field is there and of its type; SessionFolderError names the one that is not."""
    if not isinstance(line, dict):
        raise SessionFolderError(f"{where} is not an object")
    for field, types in wanted.items():
        if field not in line:
            raise SessionFolderError(f"{where} has no {field!r}")
        _check_value(where, field, line[field], types)
    if "source_beats" in wanted and [type(x) for x in line["source_beats"]] != [float, float]:
        raise SessionFolderError(f"{where}: source_beats must be two numbers")


def _check_value(where: str, field: str, value: Any, types: tuple[type, ...]) -> None:
    if not isinstance(value, types) or isinstance(value, bool):
        raise SessionFolderError(f"{where}: {field} = {str(value)[:40]!r} is of the wrong kind")
    if isinstance(value, int | float) and not abs(value) < _MOST_BEATS:
        raise SessionFolderError(f"{where}: {field} = {value} is out of range")


def _check_event(where: str, line: dict[str, Any]) -> None:
    for field in line.keys() & _OPTIONAL.keys():
        _check_value(where, field, line[field], _OPTIONAL[field])
    for field in _BY_EVENT.get(line.get("event", ""), ()):
        if field not in line:
            raise SessionFolderError(f"{where} has no {field!r}")
    if not 0 < line.get("bpm", 1) < _MOST_BPM or not 0.25 <= line.get("bar", 1) <= 64:
        raise SessionFolderError(f"{where}: bpm or bar is out of range")
    if "midi" in line or "who" in line:
        _check_midi(where, line)


def _check_midi(where: str, line: dict[str, Any]) -> None:
    try:
        data = bytes.fromhex(line.get("midi", ""))
    except ValueError:
        data = b""
    if len(data) != 3 or data[0] & 0xF0 not in _ORDER or max(data[1:]) > 127:
        raise SessionFolderError(
            f"{where}: midi = {line.get('midi', '')[:20]!r} is not a note or control"
        )
    if line.get("who") not in TRACKS:
        raise SessionFolderError(f"{where}: who must be one of {', '.join(TRACKS)}")
    if line["who"] == "system" and "beat" not in line:
        raise SessionFolderError(f"{where} has no 'beat'")


def read_grid(folder: Path) -> Grid:
    """From the journal; SessionFolderError when no loop ever began."""
    grid: Grid | None = None
    for line in read_lines(folder, EVENTS):
        if line.get("event") == "loop":
            source = line.get("from", "recording")
            grid = Grid(line["first_tap"], line["bar"], [(0.0, line["bpm"])], source)
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


def read_last_seed(folder: Path) -> Seed:
    """The seed of a session, to be played again; SessionFolderError where there is none."""
    said = read_session(folder)["seed"]
    grid = read_grid(folder)
    try:
        phrase = read_seed(folder, grid, float(said["beats"]))
        check_notes(phrase.notes, str(folder / SEED_MIDI))
    except (CorpusError, ModelError) as error:
        raise SessionFolderError(f"{folder}: its seed cannot be read ({error})") from error
    if len(phrase.notes) == 0 or phrase.notes["onset"].max() >= phrase.beats:
        raise SessionFolderError(f"{folder / SEED_MIDI}: not a seed of {said['beats']:g} beats")
    return Seed(phrase, float(said["seconds"]), 1.0)


def write_performance(folder: Path) -> None:
    """performance.mid from the journal: tracks `system` and `player`, in musical time.

    Where the journal breaks off, as after a power cut, what still sounds ends there.
    """
    grid = read_grid(folder)
    tracks = {track: _Track() for track in TRACKS}
    end = 0.0
    for line in read_lines(folder, EVENTS):
        if "midi" not in line or "omitted" in line:
            continue
        # While the seed is recorded its tempo is not known yet: those lines have only a time.
        beat = line.get("beat", grid.first_tap + line["t"] * grid.tempos[0][1] / 60)
        end = max(end, beat)
        tracks[line["who"]].add(to_tick(max(0.0, beat)), bytes.fromhex(line["midi"]))
    for track in tracks.values():
        track.let_go(to_tick(end))
    written = [message_track(name, track.events) for name, track in tracks.items()]
    save_midi(folder / PERFORMANCE, [tempo_track(grid.tempos, grid.bar), *written], end)


class _Track:
    """The events of a track; a note lasts at least one tick, or its end would come first."""

    def __init__(self) -> None:
        self.events: list[tuple[int, int, Any]] = []
        self._down: dict[int, int] = {}

    def add(self, tick: int, data: bytes) -> None:
        kind, key = data[0] & 0xF0, data[1]
        strikes = kind == 0x90 and data[2] > 0
        if strikes:
            self._down[key] = tick
        elif kind != 0xB0 and key in self._down:
            tick = max(tick, self._down.pop(key) + 1)
        order = _ORDER[kind] if strikes or kind == 0xB0 else 0
        self.events.append((tick, order, mido.Message.from_bytes(data)))

    def let_go(self, tick: int) -> None:
        for key in sorted(self._down):
            self.add(tick, bytes((0x80, key, 0)))


def read_performance(folder: Path) -> dict[str, list[Played]]:
    """The notes of each track of performance.mid; a note that never ends is an error."""
    path = folder / PERFORMANCE
    try:
        midi = mido.MidiFile(path)
    except (OSError, EOFError, ValueError, LookupError) as error:
        raise SessionFolderError(f"{path}: cannot be read ({error})") from error
    if midi.ticks_per_beat != TICKS_PER_BEAT:
        raise SessionFolderError(f"{path}: not written by the instrument")
    if sorted(track.name for track in midi.tracks) != sorted(("tempo", *TRACKS)):
        raise SessionFolderError(f"{path}: its tracks must be tempo, {' and '.join(TRACKS)}")
    tracks = {track.name: track for track in midi.tracks}
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
