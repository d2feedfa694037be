"""A seed that no embedder has measured: which segments are near it by tempo, key and register.

What a bundle's columns say of its segments, the seed's notes say of it. This is coarse; it is what
the groove begins with where the comparison does not come or fails.
"""

import numpy as np

from appliance.policies.facts import Facts
from corpus.hearing.key import MINOR, find_key
from corpus.neighbours import NEIGHBOUR, TRANSPOSITIONS, K, Neighbours
from models.notes import Phrase

WORDS = "by tempo, key and register"
TEMPO = 2.0  # an octave of tempo
REGISTER = 1.0  # an octave between mean pitches, of the best octave
MOVED = 0.05  # a semitone of transposition
MODE = 0.5  # major against minor, where both are sure
METRE = 2.0  # triple against duple


def nearest_by_columns(facts: Facts, seed: Phrase) -> Neighbours:
    """The nearest first, each brought to the seed's key signature; shape (min(K, n),).

    A distance is put as a similarity: 1 is the same in all columns, and the typical segment is as
    far away as two segments at random are by the embedder.
    """
    segments, key = facts.segments, find_key(seed.notes)
    minor = key.mode == MINOR
    signature = segments["key_tonic"].astype(int) + 3 * segments["key_minor"].astype(int)
    semitones = (key.tonic + 3 * minor - signature - TRANSPOSITIONS[0]) % 12 + TRANSPOSITIONS[0]
    away = segments["mean_pitch"] + semitones - float(seed.notes["pitch"].mean())
    octaves = np.abs(np.log2(segments["bpm"] / seed.bpm))
    other_mode = (segments["key_minor"].astype(bool) != minor) * segments["key_confidence"]
    cost = (
        TEMPO * octaves
        + REGISTER * np.abs(away - 12 * np.clip(np.rint(away / 12), -1, 1)) / 12
        + MOVED * np.abs(semitones)
        + MODE * other_mode * key.confidence
        + METRE * (facts.triple != (seed.bar % 3 == 0))
    )
    found = np.zeros(len(segments), NEIGHBOUR)
    found["segment"], found["transpose"] = np.arange(len(segments)), semitones
    typical = max(float(np.median(cost)), 1e-6)
    found["similarity"] = np.clip(1.0 - facts.random_step * cost / typical, -1.0, 1.0)
    nearest: Neighbours = found[np.argsort(cost, kind="stable")[:K]]
    return nearest
