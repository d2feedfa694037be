"""How well `corpus.hearing.key` finds the key of a song, on the POP909 data.

The longest key in a song's NNN.key.txt counts as the truth; the score is MIREX's (1 for the key,
0.5 a fifth off, 0.3 the relative key, 0.2 the parallel one). The baseline correlates the profiles
of Krumhansl and Kessler (1982) with the durations of all notes. Profiles and constants were chosen
on songs whose number does not end in 0; the others are `set_aside`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import symusic
from numpy.typing import NDArray

from corpus.hearing.key import KEYS, MODES, Key, find_key, parse_key, pitch_classes, standardised
from models.notes import NOTE, Notes, sort_notes

PIANO, ALL, MELODY = "piano", "all", "melody"
KINDS = {PIANO: ("PIANO",), ALL: ("MELODY", "BRIDGE", "PIANO")}
ASIDE = 10  # songs whose number this divides are set aside

KRUMHANSL_KESSLER = np.array(
    [
        [6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88],
        [6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17],
    ]
)


@dataclass(frozen=True)
class Span:
    """Where a key holds, in seconds."""

    start: float
    end: float
    key: Key


@dataclass(frozen=True, eq=False)
class Song:
    """Notes in seconds by selection ("piano", "all", "melody"), beats in seconds, and the truth."""

    number: int
    notes: dict[str, Notes]
    beats: NDArray[np.float64]
    keys: tuple[Span, ...]

    def key_at(self, time: float) -> Key | None:
        return next((s.key for s in self.keys if s.start <= time < s.end), None)


def key_figures(folder: Path, songs: Sequence[int] | None = None) -> dict[str, Any]:
    """Scores of `find_key` on the piano track alone and on all tracks, beside the baseline."""
    read = [read_song(folder, number) for number in (songs_in(folder) if songs is None else songs)]
    figures: dict[str, Any] = {kind: _figures(read, kind, find_key) for kind in KINDS}
    figures["baseline"] = {kind: _figures(read, kind, krumhansl_key) for kind in KINDS}
    return figures


def songs_in(folder: Path) -> list[int]:
    return sorted(int(file.stem) for file in folder.glob("[0-9]*.mid"))


def read_song(folder: Path, number: int) -> Song:
    stem = folder / f"{number:03d}"
    score = symusic.Score(f"{stem}.mid").to("second")
    tracks = {track.name: _notes(track) for track in score.tracks}
    notes = {
        kind: sort_notes(np.concatenate([tracks[name] for name in names if name in tracks]))
        for kind, names in {**KINDS, MELODY: ("MELODY",)}.items()
    }
    beats = np.loadtxt(f"{stem}.beats.txt", ndmin=2)[:, 0]
    lines = Path(f"{stem}.key.txt").read_text(encoding="utf-8").splitlines()
    return Song(number, notes, beats, tuple(_span(line) for line in lines if line.strip()))


def longest_key(spans: Sequence[Span]) -> Key:
    """The key that holds for the most seconds in all."""
    total: dict[Key, float] = {}
    for span in spans:
        total[span.key] = total.get(span.key, 0.0) + span.end - span.start
    return max(total, key=total.__getitem__)


def krumhansl_key(notes: Notes) -> Key:
    """The key by the plain method: the profile that correlates best with the durations."""
    histograms, _ = pitch_classes(np.zeros(len(notes), np.int64), notes, 1)
    turned = [np.roll(profile, tonic) for profile in KRUMHANSL_KESSLER for tonic in range(12)]
    best = int((standardised(np.array(turned)) @ standardised(histograms)[0]).argmax())
    return Key(best % 12, MODES[best // 12])


def _notes(track: Any) -> Notes:
    rows = track.notes.numpy()
    notes = np.zeros(len(rows["pitch"]), NOTE)
    notes["onset"], notes["duration"] = rows["time"], rows["duration"]
    notes["pitch"], notes["velocity"] = rows["pitch"], rows["velocity"]
    return notes


def _span(line: str) -> Span:
    start, end, name = line.split()
    return Span(float(start), float(end), parse_key(name))


def _figures(songs: Sequence[Song], kind: str, find: Callable[[Notes], Key]) -> dict[str, Any]:
    table = _mirex_table()
    true = [longest_key(song.keys).index for song in songs]
    found = [find(song.notes[kind]).index for song in songs]
    score = np.array([table[t][f] for t, f in zip(true, found, strict=True)])
    aside = np.array([song.number % ASIDE == 0 for song in songs], bool)
    return {**_summary(score), "set_aside": _summary(score[aside])}


def _summary(score: NDArray[np.float64]) -> dict[str, Any]:
    if len(score) == 0:
        return {"songs": 0, "mirex": None, "exact": None}
    exact = round(float((score == 1.0).mean()), 4)
    return {"songs": len(score), "mirex": round(float(score.mean()), 4), "exact": exact}


def _mirex_table() -> list[list[float]]:
    from mir_eval.key import weighted_score

    names = [Key(index % 12, MODES[index // 12]).name for index in range(KEYS)]
    return [[float(weighted_score(t, f)) for f in names] for t in names]
