"""The key of a recording or of a segment, with how sure that is.

A note array becomes a histogram of sounding time by pitch class, standardised (so that a dot
product with a profile is a correlation, as in Krumhansl, Cognitive Foundations of Musical Pitch,
1990, ch. 4), and is weighed against one profile for major and one for minor in all twelve
rotations. The profiles are those of a multinomial logistic regression over the 24 keys, which makes
the softmax of the weights a probability (`appliance/bench/key_profiles.py` learns them).

A long recording may modulate. It is cut into stretches; Viterbi over the twelve key signatures,
which relative keys share, finds where each rules (Temperley, The Cognition of Basic Musical
Structures, 2001, ch. 7, pays for changes of key in the same way), and the key is that of the
notes under the signature that rules longest. Segments of one recording in order of time are
smoothed by the forward-backward algorithm over the 24 keys.

Only relations between onsets and durations matter: beats, seconds and ticks do equally well.
"""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpus.errors import CorpusError
from corpus.hearing.flat import Floats, Index, totals
from models.notes import Notes

MAJOR, MINOR = "major", "minor"
MODES = (MAJOR, MINOR)
TONICS = {
    MAJOR: ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B"),
    MINOR: ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B"),
}
KEYS = 24  # 0..11 major by tonic, 12..23 minor

PROFILES = np.array(
    [
        [2.87, -2.92, 1.71, -2.22, 2.24, 1.47, -3.69, 3.02, -0.77, 1.74, -4.06, 0.6],
        [3.48, -5.58, 1.37, 1.94, -3.33, 1.49, -1.94, 2.73, 1.05, -4.54, 1.9, 1.42],
    ]
)
"""Weight of each degree (semitones above the tonic) in major and in minor."""
MINOR_BIAS = -0.39  # added to every minor key
EVIDENCE_NOTES = 40.0  # so many notes are half of all the evidence that notes can give
STRETCHES = 24  # a whole recording is looked at in so many pieces,
STRETCH_NOTES = 24  # each of so many notes on average at least
SIGNATURE_CHANGE = 6.0  # what a change of key signature costs, in nats
KEY_CHANGE = 1.0  # what it costs to draw a key anew between neighbouring segments, in nats
SHARED_EVIDENCE = 0.5  # neighbours repeat each other: what a segment says is worth this much less
HOME = 0.9  # chance that a segment is in the key of its recording, where that is certain

_DEGREES = np.arange(12)
_RELATIVE = 12 + (_DEGREES + 9) % 12  # the minor key of each major signature
_WRITTEN = re.compile(r"([A-Ga-g])([#b]?)[ :]?(major|minor|maj|min|m|M|)", re.ASCII)
_NATURALS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


@dataclass(frozen=True)
class Key:
    """A key: `tonic` 0..11 from C, `mode` "major" or "minor", `confidence` its probability."""

    tonic: int
    mode: str
    confidence: float = 1.0

    @property
    def name(self) -> str:
        """Such as "Gb major" or "C minor", in the spelling with fewer accidentals."""
        return f"{TONICS[self.mode][self.tonic]} {self.mode}"

    @property
    def index(self) -> int:
        """0..11 for major, 12..23 for minor."""
        return self.tonic + 12 * MODES.index(self.mode)

    @classmethod
    def likeliest(cls, chances: Floats) -> "Key":
        """The most probable of the 24 keys, in order of `index`."""
        mode, tonic = divmod(int(chances.argmax()), 12)
        return cls(tonic, MODES[mode], float(min(1.0, chances.max())))


def parse_key(text: str) -> Key:
    """Read "Gb:maj", "F# minor", "Bb", "Am"; CorpusError where that names no key."""
    match = _WRITTEN.fullmatch(text.strip())
    if match is None:
        raise CorpusError(f"{text!r} is not a key; write it like 'Gb major', 'F#:min' or 'Am'")
    shift = {"": 0, "#": 1, "b": -1}[match[2]]
    mode = MINOR if match[3] in ("minor", "min", "m") else MAJOR
    return Key((_NATURALS[match[1].upper()] + shift) % 12, mode)


def find_key(notes: Notes, prior: Key | None = None) -> Key:
    """The key of a recording or a segment; of a recording that modulates, the longest one.

    `prior` is the key of the recording that a segment comes from, if known: it counts by its
    confidence. Without notes every key is as likely, and the first is returned.
    """
    histograms, counts = stretches(notes)
    if len(notes) > 0:
        ruled = _longest_signature(key_scores(histograms, counts))
        histograms, counts = histograms[ruled], counts[ruled]
    scores = key_scores(histograms.sum(axis=0), counts.sum())
    return Key.likeliest(_softmax(scores + _log_prior(prior)))


def pitch_classes(row: Index, notes: Notes, size: int) -> tuple[Floats, Index]:
    """Sounding time by pitch class (size, 12), and notes (size,), of notes grouped by `row`."""
    time = totals(row * 12 + notes["pitch"] % 12, notes["duration"], size * 12)
    return time.reshape(size, 12), np.bincount(row, minlength=size)


def stretches(notes: Notes) -> tuple[Floats, Index]:
    """`pitch_classes` of equal spans of time, up to STRETCHES of them."""
    size = int(np.clip(len(notes) // STRETCH_NOTES, 1, STRETCHES))
    if len(notes) == 0:
        return np.zeros((1, 12)), np.zeros(1, np.int64)
    onset = notes["onset"] - notes["onset"].min()
    span = float((onset + notes["duration"]).max())
    row = np.minimum((onset / span * size).astype(np.int64), size - 1)
    return pitch_classes(row, notes, size)


def standardised(histograms: Floats) -> Floats:
    """Histograms (..., 12) with mean 0 and deviation 1; all 0 where they are even."""
    centred = histograms - histograms.mean(axis=-1, keepdims=True)
    deviation = histograms.std(axis=-1, keepdims=True)
    even = deviation <= 1e-9 * histograms.sum(axis=-1, keepdims=True)
    result: Floats = np.divide(centred, deviation, out=np.zeros_like(centred), where=~even)
    return result


def evidence(counts: NDArray[Any] | np.integer[Any]) -> Any:
    """How much of a key so many notes can show, 0..1."""
    return counts / (counts + EVIDENCE_NOTES)


def key_scores(histograms: Floats, counts: NDArray[Any] | np.integer[Any]) -> Floats:
    """Log odds (..., 24) of every key for histograms (..., 12) of so many notes."""
    columns = np.concatenate([[np.roll(p, tonic) for tonic in _DEGREES] for p in PROFILES])
    weights = standardised(histograms) @ columns.T
    scores: Floats = weights * np.expand_dims(evidence(counts), -1)
    scores[..., 12:] += MINOR_BIAS
    return scores


def smooth_keys(scores: Floats, prior: Key | None = None) -> Floats:
    """Probabilities (segments, 24) from the scores of segments in order of time.

    Forward-backward (Rabiner, A tutorial on hidden Markov models, 1989): each segment hears its
    neighbours too. The music begins in a key drawn from the prior; now and then, which costs
    KEY_CHANGE, a key is drawn from it anew. A single segment keeps all its evidence.
    """
    share = SHARED_EVIDENCE if len(scores) > 1 else 1.0
    heard = _log_softmax(scores) * share
    start = _log_softmax(_log_prior(prior))
    forward, backward = heard.copy(), np.zeros_like(heard)
    forward[0] += start
    for here in range(1, len(heard)):
        before = _log_softmax(forward[here - 1])
        forward[here] += np.logaddexp(before, start - KEY_CHANGE)
    for here in range(len(heard) - 2, -1, -1):
        ahead = _log_softmax(backward[here + 1] + heard[here + 1])
        anew = np.log(np.exp(ahead + start).sum()) - KEY_CHANGE
        backward[here] = np.logaddexp(ahead, anew)
    return _softmax(forward + backward)


def _longest_signature(scores: Floats) -> NDArray[np.bool_]:
    """The stretches under the key signature that rules longest, of scores (stretches, 24)."""
    likely = _log_softmax(scores)
    heard = np.logaddexp(likely[:, :12], likely[:, _RELATIVE])
    best, came_from = heard[0], []
    for row in heard[1:]:
        leader = int(best.argmax())
        stay = best >= best[leader] - SIGNATURE_CHANGE
        came_from.append(np.where(stay, _DEGREES, leader))
        best = np.where(stay, best, best[leader] - SIGNATURE_CHANGE) + row
    path = [int(best.argmax())]
    for step in reversed(came_from):
        path.append(int(step[path[-1]]))
    ruled = np.array(path[::-1])
    result: NDArray[np.bool_] = ruled == np.bincount(ruled, minlength=12).argmax()
    return result


def _log_prior(prior: Key | None) -> Floats:
    if prior is None:
        return np.zeros(KEYS)
    home = HOME * prior.confidence
    chance = np.full(KEYS, (1 - home) / KEYS)
    chance[prior.index] += home
    log: Floats = np.log(chance)
    return log


def _log_softmax(scores: Floats) -> Floats:
    shifted = scores - scores.max(axis=-1, keepdims=True)
    normal: Floats = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return normal


def _softmax(scores: Floats) -> Floats:
    chances: Floats = np.exp(_log_softmax(scores))
    return chances
