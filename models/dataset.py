"""A folder of MIDI recordings as segments to train and to measure with.

A recording NNN.mid may have NNN.beats.txt beside it (seconds of each beat; second or third column
above 0 marks the first beat of a bar) and NNN.key.txt (from, to in seconds, key as `Eb:min`), the
layout of the POP909 dataset (Wang et al. 2020). Without them the beat is the file's own and the
tonic is estimated from the notes.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import symusic
from numpy.typing import NDArray

from models.errors import ModelError
from models.notes import PEDAL, Notes, Phrase, note_array

BEATS = 8  # of a segment, or the most whole bars within
MIN_NOTES_PER_BEAT = 0.5
HELD_OUT, VALIDATION = 0, 1  # remainders of a song's number divided by 10
_TONICS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}

# Tonal hierarchy of the major and the minor key (Krumhansl and Kessler 1982).
_MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
_MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)

Floats = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Piece:
    """A segment of a song: its phrase, where it begins, and the pitch class of the key's tonic."""

    song: str
    start_beat: float
    phrase: Phrase
    tonic: int


@dataclass(frozen=True, eq=False)
class Song:
    """Notes in beats; `downbeats` are the beats that begin a bar, `keys` rows of (beat, tonic)."""

    name: str
    notes: Notes
    downbeats: Floats
    bar: float
    bpm: float
    keys: Floats


def song_files(folder: Path) -> list[Path]:
    """The MIDI files of a folder in order; ModelError where there are none."""
    files = sorted(p for p in folder.glob("*") if p.suffix.lower() in (".mid", ".midi"))
    if not files:
        raise ModelError(f"{folder}: no MIDI files; give a folder of .mid files")
    return files


def remainder(path: Path) -> int:
    """Of the song's number divided by 10, which says what the song is for; without a number, of the
    sum of the bytes of its name."""
    digits = path.stem if path.stem.isdecimal() else str(sum(path.stem.encode()))
    return int(digits) % 10


def split(folder: Path, wanted: Callable[[int], bool]) -> list[Path]:
    """The songs whose remainder is wanted; ModelError where none is."""
    files = [path for path in song_files(folder) if wanted(remainder(path))]
    if not files:
        raise ModelError(f"{folder}: too few songs to set some aside by number; give more")
    return files


def is_training(rest: int) -> bool:
    return rest not in (HELD_OUT, VALIDATION)


def read_song(path: Path) -> Song:
    """The track called PIANO, or all notes that are not drums; ModelError names a bad file."""
    try:
        score = symusic.Score(str(path))
    except Exception as error:  # symusic raises plain RuntimeErrors of many kinds
        raise ModelError(f"{path}: not a readable MIDI file ({error}); leave it out") from error
    notes = _notes(score)
    if len(notes) == 0:
        raise ModelError(f"{path}: no notes for a piano in it; leave it out")
    beat_times, downbeats, bar = _beats(path, score, notes)
    clock = _Clock(score)
    seconds = [clock.seconds(notes["onset"]), clock.seconds(notes["onset"] + notes["duration"])]
    onset, end = (_beat_at(beat_times, times) for times in seconds)
    notes["onset"], notes["duration"] = onset, np.maximum(end - onset, 1 / 480)
    bpm = 60.0 / float(np.median(np.diff(beat_times)))
    return Song(path.stem, notes, downbeats, bar, bpm, _keys(path, beat_times, notes))


def pieces(song: Song, hop: float | None = None) -> list[Piece]:
    """Segments of two bars or so that follow each other, or start every `hop` beats.

    A start that is no downbeat moves to the next one, so that segments are in step with the bars.
    """
    length = max(1, int(BEATS // song.bar)) * song.bar
    found, end = [], float(song.notes["onset"].max())
    for start in _starts(song.downbeats, hop or length, end - length / 2):
        phrase = _phrase(song, start, length)
        if _is_playable(phrase):
            found.append(Piece(song.name, start, phrase, _tonic_at(song.keys, start)))
    return found


def all_pieces(files: Sequence[Path], hop: float | None = None) -> list[Piece]:
    return [piece for path in files for piece in pieces(read_song(path), hop)]


def tonic_of(notes: Notes) -> int:
    """The tonic whose key profile the pitch classes follow best (Krumhansl and Schmuckler)."""
    profile = np.bincount(notes["pitch"] % 12, weights=notes["duration"], minlength=12)
    rolled = [np.roll(key, tonic) for key in (_MAJOR, _MINOR) for tonic in range(12)]
    centred = np.array(rolled) - np.mean(rolled, axis=1, keepdims=True)
    fit = centred @ profile / np.linalg.norm(centred, axis=1)
    return int(np.argmax(fit)) % 12


# -- reading --------------------------------------------------------------------------------------


class _Clock:
    """Seconds at a beat of the file, along its tempo map."""

    def __init__(self, score: Any) -> None:
        rows = sorted((t.time / score.ticks_per_quarter, t.qpm) for t in score.tempos)
        if not rows or rows[0][0] > 0:
            rows.insert(0, (0.0, 120.0))
        self._beats, bpm = np.array(rows).T
        self._slope = 60.0 / bpm
        passed = np.diff(self._beats) * self._slope[:-1]
        self._seconds = np.concatenate([[0.0], np.cumsum(passed)])

    def seconds(self, beats: Floats) -> Floats:
        index = np.maximum(np.searchsorted(self._beats, beats, side="right") - 1, 0)
        found: Floats = self._seconds[index] + (beats - self._beats[index]) * self._slope[index]
        return found


def _notes(score: Any) -> Notes:
    tracks = [track for track in score.tracks if not track.is_drum]
    piano = [track for track in tracks if track.name.strip().upper() == "PIANO"] or tracks
    unit = float(score.ticks_per_quarter)
    return note_array(
        (note.time / unit, max(note.duration / unit, 1 / 480), note.pitch, max(1, note.velocity))
        for track in piano
        for note in track.notes
        if 21 <= note.pitch <= 108
    )


def _beats(path: Path, score: Any, notes: Notes) -> tuple[Floats, Floats, float]:
    """Seconds of each beat, the beats that begin a bar, and the usual length of a bar."""
    marks = path.with_suffix(".beats.txt")
    if not marks.exists():
        count = int(np.ceil((notes["onset"] + notes["duration"]).max())) + 1
        metre = score.time_signatures[0] if score.time_signatures else None
        bar = metre.numerator * 4.0 / metre.denominator if metre else 4.0
        beats = np.arange(max(count, 2), dtype=float)
        return _Clock(score).seconds(beats), np.arange(0.0, count, bar), bar
    table = np.loadtxt(marks, ndmin=2)
    downbeats = np.flatnonzero(table[:, -1] > 0).astype(float)
    if len(table) < 2 or len(downbeats) < 2:
        raise ModelError(f"{marks}: fewer than two bars marked; leave the song out")
    spans, counts = np.unique(np.diff(downbeats), return_counts=True)
    return table[:, 0], downbeats, float(spans[np.argmax(counts)])


def _beat_at(beat_times: Floats, seconds: Floats) -> Floats:
    """Beats, with the first and the last beat's tempo going on outside."""
    found = np.interp(seconds, beat_times, np.arange(len(beat_times), dtype=float))
    first, last = beat_times[1] - beat_times[0], beat_times[-1] - beat_times[-2]
    found = np.where(seconds < beat_times[0], (seconds - beat_times[0]) / first, found)
    over = (seconds - beat_times[-1]) / last + len(beat_times) - 1
    return np.where(seconds > beat_times[-1], over, found)


def _keys(path: Path, beat_times: Floats, notes: Notes) -> Floats:
    labels = path.with_suffix(".key.txt")
    if not labels.exists():
        return np.array([(0.0, tonic_of(notes))])
    rows = [line.split() for line in labels.read_text().splitlines() if line.strip()]
    beats = _beat_at(beat_times, np.array([float(row[0]) for row in rows]))
    return np.column_stack([beats, [_tonic(row[2]) for row in rows]])


def _tonic(label: str) -> int:
    name = label.partition(":")[0]
    return (_TONICS[name[0]] + name.count("#") - name.count("b")) % 12


def _tonic_at(keys: Floats, beat: float) -> int:
    index = max(0, int(np.searchsorted(keys[:, 0], beat + 1e-6, side="right")) - 1)
    return int(keys[index, 1])


def _starts(downbeats: Floats, hop: float, last: float) -> Iterator[float]:
    beat = float(downbeats[0])
    while beat <= last:
        after = downbeats[downbeats >= beat]
        if len(after) == 0:
            return
        yield float(after[0])
        beat = float(after[0]) + hop


def _phrase(song: Song, start: float, length: float) -> Phrase:
    onset = song.notes["onset"]
    lead = 0.125
    notes = song.notes[(onset >= start - lead) & (onset < start + length - lead)].copy()
    notes["onset"] -= start
    return Phrase(notes, np.zeros(0, PEDAL), length, song.bpm, song.bar)


def _is_playable(phrase: Phrase) -> bool:
    onset = phrase.notes["onset"]
    first_half = int((onset < phrase.beats / 2).sum())
    enough = len(onset) >= MIN_NOTES_PER_BEAT * phrase.beats
    return enough and 0 < first_half < len(onset)
