"""Learn the profiles of `corpus.hearing.key`: python -m appliance.bench.key_profiles POP909

Songs whose number ends in 0 are set aside. Learnt from are eight-beat segments, each with the key
that holds in its middle; whole songs, counted by the notes under their longest key, both from the
piano track alone and from all tracks; and every second take of the demo corpus, so that blues and
sevenths are not unheard of. The loss is the cross entropy of the softmax over 24 keys, with a
ridge, minimised by Newton's method.
"""

import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.bench.key_finding import KINDS, Song, longest_key, read_song, songs_in
from appliance.bench.layer_finding import take_layers
from corpus.demo.model import Track
from corpus.demo.takes import TRACKS
from corpus.hearing.key import KEYS, Key, evidence, parse_key, pitch_classes, standardised
from models.notes import Notes

BEATS = 8
FEWEST_NOTES = 4
EARLY = 0.03  # seconds: notes that sound this much before a boundary belong to what follows
LEAD_IN = 0.125  # beats
SHARES = (0.45, 0.45, 0.1)  # of segments, whole songs, and takes of the demo corpus
TAKE_COUNTS = 10  # segments that a whole take counts as
RIDGE = 1e-4
STEPS = 12
FEATURES = 25  # twelve degrees in major, twelve in minor, the bias of minor

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Example:
    """Notes that are in one key."""

    notes: Notes
    key: Key


def main() -> None:
    folder = Path(sys.argv[1])
    songs = [read_song(folder, number) for number in songs_in(folder) if number % 10]
    groups = (
        [example for s in songs for k in KINDS for example in segments(s, k)],
        [whole(song, kind) for song in songs for kind in KINDS],
        [example for track in TRACKS[::2] for example in demo_examples(track)],
    )
    examples = [example for group in groups for example in group]
    shares = [np.full(len(g), share / len(g)) for g, share in zip(groups, SHARES, strict=True)]
    weights = learn(examples, np.concatenate(shares))
    print(np.round(weights[:24].reshape(2, 12), 2).tolist(), round(float(weights[24]), 2))


def segments(song: Song, kind: str) -> list[Example]:
    """The song eight beats at a time, with the key that holds in the middle of each."""
    notes, found = song.notes[kind], []
    marks = song.beats[::BEATS]
    for start, end in pairwise(marks):
        inside = (notes["onset"] >= start - EARLY) & (notes["onset"] < end - EARLY)
        key = song.key_at((start + end) / 2)
        if key is not None and inside.sum() >= FEWEST_NOTES:
            found.append(Example(notes[inside], key))
    return found


def whole(song: Song, kind: str) -> Example:
    """The notes under the song's longest key."""
    key, notes = longest_key(song.keys), song.notes[kind]
    inside = np.zeros(len(notes), bool)
    for span in song.keys:
        if span.key == key:
            inside |= (notes["onset"] >= span.start - EARLY) & (notes["onset"] < span.end - EARLY)
    return Example(notes[inside] if inside.any() else notes, key)


def demo_examples(track: Track) -> list[Example]:
    """A take in segments, and whole, the latter as often as TAKE_COUNTS says."""
    notes, _ = take_layers(track)
    key = parse_key(track.key)
    place = np.floor((notes["onset"] + LEAD_IN) / BEATS)
    parts = [Example(notes[place == one], key) for one in np.unique(place)]
    return parts + [Example(notes, key)] * TAKE_COUNTS


def learn(examples: list[Example], weight: Floats) -> Floats:
    """The 25 weights that make the examples' keys most probable."""
    features = np.stack([_features(example.notes) for example in examples])
    truth = np.array([example.key.index for example in examples])
    weights = np.zeros(FEATURES)
    for _ in range(STEPS):
        gradient, curvature = _slope(features, truth, weight, weights)
        weights -= np.linalg.solve(curvature, gradient)
    return weights


def _features(notes: Notes) -> Floats:
    """(24 keys, 25): what multiplies each weight in the score of each key."""
    row = np.zeros(len(notes), np.int64)
    histograms, counts = pitch_classes(row, notes, 1)
    shape = standardised(histograms)[0] * evidence(counts)[0]
    turned = np.array([np.roll(shape, -tonic) for tonic in range(12)])
    table = np.zeros((KEYS, FEATURES))
    table[:12, :12] = table[12:, 12:24] = turned
    table[12:, 24] = 1.0
    return table


def _slope(
    features: Floats, truth: NDArray[Any], weight: Floats, weights: Floats
) -> tuple[Floats, Floats]:
    scores = features @ weights
    chance = np.exp(scores - scores.max(axis=1, keepdims=True))
    chance /= chance.sum(axis=1, keepdims=True)
    mean = np.einsum("nk,nkf->nf", chance, features)
    missed = mean - features[np.arange(len(truth)), truth]
    ridge = np.full(FEATURES, RIDGE)
    ridge[-1] = 0.0
    second = (features * (chance * weight[:, None])[..., None]).reshape(-1, FEATURES)
    curvature = second.T @ features.reshape(-1, FEATURES) - (mean * weight[:, None]).T @ mean
    return weight @ missed + ridge * weights, curvature + np.diag(ridge)


if __name__ == "__main__":
    main()
