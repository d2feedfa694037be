"""How well `corpus.hearing.voices` finds melody and bass; `python -m` this learns its weights.

Two sources know the truth: POP909 (the MELODY track, merged with the PIANO track) and the tables
of the demo corpus, which write bass, comp and lead apart. Eight beats at a time, as in a bundle.
Songs whose number ends in 0 and every second take of the demo corpus are set aside. The measure is
F over notes, beside the skyline and the lowest note of each stroke.
"""

import sys
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.bench.key_finding import ASIDE, read_song, songs_in
from corpus.demo.compose import compose
from corpus.demo.generate import GENERATION
from corpus.demo.model import Track
from corpus.demo.takes import STYLES, TRACKS
from corpus.hearing.flat import Flat
from corpus.hearing.voices import BASS, CHORDS, MELODY, features, flat_layers
from models.notes import NOTE, Notes

BEATS, LEAD_IN = 8, 0.125
SHORTEST = 0.02  # beats
RIDGE = 1e-4
STEPS = 15
LEARN_EVERY = 8  # songs: more of them change nothing

Mask = NDArray[np.bool_]
Labelled = tuple[Notes, NDArray[np.uint8]]
Pieces = tuple[Flat, NDArray[np.uint8]]
Finder = Callable[[Flat], Mask]


def layer_figures(folder: Path, songs: Sequence[int] | None = None) -> dict[str, Any]:
    """F of melody on POP909, and of melody and bass on the demo corpus, beside plain methods."""
    numbers = songs_in(folder) if songs is None else songs
    figures: dict[str, Any] = {"demo": _demo_figures()}
    for name, chosen in (
        ("pop909", [n for n in numbers if n % ASIDE]),
        ("pop909_set_aside", [n for n in numbers if n % ASIDE == 0]),
    ):
        if chosen:
            pieces = join([song_layers(folder, number) for number in chosen])
            figures[name] = {"songs": len(chosen), **_scores(pieces, MELODY, skyline, "skyline")}
    return figures


def song_layers(folder: Path, number: int) -> Labelled:
    """MELODY and PIANO of a song merged, in beats, with the truth (melody or not)."""
    song = read_song(folder, number)
    melody, piano = song.notes["melody"], song.notes["piano"]
    both = np.concatenate([melody, piano])
    truth = np.repeat(np.array([MELODY, CHORDS], np.uint8), [len(melody), len(piano)])
    count = np.arange(len(song.beats))
    end = np.interp(both["onset"] + both["duration"], song.beats, count)
    both["onset"] = np.interp(both["onset"], song.beats, count)
    both["duration"] = np.maximum(end - both["onset"], SHORTEST)
    return _in_order(both, truth)


def take_layers(track: Track) -> Labelled:
    """A take of the demo corpus with the layers that its tables write."""
    rng = np.random.default_rng([GENERATION, zlib.crc32(track.file.encode())])
    written, _, _ = compose(track, STYLES[track.style], rng)
    notes = np.array([(n.beat, n.length, n.pitch, n.velocity) for n in written], NOTE)
    number = {"bass": BASS, "comp": CHORDS, "lead": MELODY}
    return _in_order(notes, np.array([number[n.layer] for n in written], np.uint8))


def join(recordings: Sequence[Labelled]) -> Pieces:
    """Recordings cut every eight beats and laid end to end."""
    notes = np.concatenate([one for one, _ in recordings])
    truth = np.concatenate([one for _, one in recordings])
    which = np.repeat(np.arange(len(recordings)), [len(one) for one, _ in recordings])
    place = np.floor((notes["onset"] + LEAD_IN) / BEATS)
    notes["onset"] -= place * BEATS
    new = (np.diff(which) != 0) | (np.diff(place) != 0)
    row = np.concatenate([[0], np.cumsum(new)])
    size = int(row[-1]) + 1
    return Flat(notes, row, np.full(size, float(BEATS)), np.full(size, 4.0)), truth


def skyline(flat: Flat) -> Mask:
    """The highest note of each stroke, unless one less than an octave higher still sounds."""
    columns = features(flat)
    return (columns[:, 0] > 0) & (columns[:, 5] >= 1)


def bass_line(flat: Flat) -> Mask:
    """The lowest note of each stroke, unless one less than an octave lower still sounds."""
    columns = features(flat)
    return (columns[:, 1] > 0) & (columns[:, 6] >= 1)


def learn(columns: NDArray[Any], truth: Mask, weight: NDArray[Any]) -> NDArray[np.float64]:
    """Logistic regression with a ridge by Newton's method."""
    found = np.zeros(columns.shape[1])
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-(columns @ found)))
        gradient = columns.T @ (weight * (chance - truth)) + RIDGE * found
        inner = columns * (weight * chance * (1 - chance))[:, None]
        found -= np.linalg.solve(columns.T @ inner + RIDGE * np.eye(len(found)), gradient)
    return found


def main() -> None:
    folder = Path(sys.argv[1])
    numbers = [n for n in songs_in(folder) if n % ASIDE][::LEARN_EVERY]
    demo, demo_truth = join([take_layers(track) for track in TRACKS[::2]])
    song, song_truth = join([song_layers(folder, number) for number in numbers])
    parts = features(song), features(demo)
    share = np.concatenate([np.full(len(part), 0.5 / len(part)) for part in parts])
    truth = np.concatenate([song_truth, demo_truth])
    melody = learn(np.concatenate(parts), truth == MELODY, share)
    bass = learn(parts[1], demo_truth == BASS, share[-len(parts[1]) :] * 2)
    for row in np.round(np.stack([melody, bass], axis=1), 2).tolist():
        print(*row, sep=", ")


def _in_order(notes: Notes, truth: NDArray[np.uint8]) -> Labelled:
    order = np.lexsort((notes["pitch"], notes["onset"]))
    return notes[order], truth[order]


def _demo_figures() -> dict[str, Any]:
    figures = {}
    for name, tracks in (("tuned", TRACKS[::2]), ("set_aside", TRACKS[1::2])):
        pieces = join([take_layers(track) for track in tracks])
        melody = _scores(pieces, MELODY, skyline, "skyline")
        bass = _scores(pieces, BASS, bass_line, "lowest")
        figures[name] = {"takes": len(tracks), **melody, **bass}
    return figures


def _scores(pieces: Pieces, layer: int, plain: Finder, name: str) -> dict[str, float]:
    flat, truth = pieces
    what = "melody" if layer == MELODY else "bass"
    return {
        f"{what}_f": _f_measure(flat_layers(flat) == layer, truth == layer),
        f"{name}_f": _f_measure(plain(flat), truth == layer),
    }


def _f_measure(found: Mask, truth: Mask) -> float:
    both = float((found & truth).sum())
    return round(2 * both / max(1.0, float(found.sum() + truth.sum())), 4)


if __name__ == "__main__":
    main()
