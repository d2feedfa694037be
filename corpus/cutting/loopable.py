"""Loopability: how well a phrase goes round and round, with reasons.

Each measurable fault (a hole, an empty half, halves that do not belong together, ...) costs
something; the score is a logistic function of the sum. Most weights were fitted by pairwise
logistic regression (RankNet: Burges et al., "Learning to rank using gradient descent", ICML 2005)
on piano performances cut at their true bar lines against the same segments spoiled: one half
dropped, three beats silenced, one half taken from another song, cut a beat and a half late. Those
of a long silence, an empty half and the join were set by hand.
"""

from dataclasses import dataclass
from math import exp, sqrt

import numpy as np
from numpy.typing import NDArray

from models.notes import SUSTAIN, Notes, Phrase

STEPS = 4  # a beat; the grid of accents
EARLY = 0.125  # beats; a note so little before a beat belongs to it
MIN_NOTES_PER_BEAT = 0.5
OWN_SHARE = 0.5  # of the recording's own accents in what its bars are compared with
NEUTRAL_COST = 7.3  # scores 0.5
DOWN = 64  # a sustain pedal at this value or more holds

FloatArray = NDArray[np.float64]

# What each measure costs, by part; log odds for each unit of the measure.
WEIGHTS: dict[str, dict[str, float]] = {
    "silence": {"a silence": 0.3, "a long silence": 2.0, "a long rest": 0.125},
    "balance": {
        "few notes in its first half": 1.6,
        "few notes in its second half": 1.6,
        "its first half is empty": 12.0,
        "its second half is empty": 12.0,
    },
    "halves": {
        "its halves are in different keys": 7.4,
        "the harmony of its halves differs": 1.2,
        "the register of its halves differs": 0.85,
        "the loudness of its halves differs": 5.2,
        "the rhythm of its halves differs": 2.2,
        "the articulation of its halves differs": 0.32,
        "the feel of its halves differs": 5.5,
    },
    "join": {
        "the harmony jumps from its end to its start": 0.2,
        "the register jumps from its end to its start": 0.2,
        "the density jumps from its end to its start": 0.2,
    },
    "metre": {
        "it has few accents on its downbeats": 2.8,
        "its accents fall beside its bar lines": 2.6,
        "another beat is a likelier start": 4.6,
    },
    "tails": {"a phrase is cut at its end": 0.085},
}
# The median cost of each part in the performances that the weights were fitted on.
USUAL = {"silence": 0.15, "balance": 0.2, "halves": 1.4, "join": 0.05, "metre": 1.2, "tails": 0.0}


@dataclass(frozen=True)
class Loopability:
    """`score` 0..1; each part 0..1, where 1 is nothing unusual; `reason` says what is worst.

    silence: no hole in the sound. balance: both halves are played. halves: they belong together
    by key, register, loudness and rhythm. join: the end leads to the start as beats inside lead
    on. metre: accents fall where the bars say. tails: little is struck and held over the end.
    """

    score: float
    silence: float
    balance: float
    halves: float
    join: float
    metre: float
    tails: float
    reason: str


def loopability(phrase: Phrase, accents: FloatArray | None = None) -> Loopability:
    """How well the phrase loops; one with hardly any notes scores 0.

    `accents` is the `accent_template` of the recording it was cut from; without it the phrase's
    accents are compared with what is usual in any music.
    """
    if len(phrase.notes) < max(1.0, MIN_NOTES_PER_BEAT * phrase.beats):
        reason = f"fewer than {MIN_NOTES_PER_BEAT:g} notes a beat"
        return Loopability(0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, reason)
    template = usual_accents(phrase.bar) if accents is None else accents
    measured = _measure(phrase, template)
    faults = {
        part: {fault: weight * measured[fault] for fault, weight in weights.items()}
        for part, weights in WEIGHTS.items()
    }
    costs = {part: sum(of_part.values()) for part, of_part in faults.items()}
    score = 1.0 / (1.0 + exp(min(700.0, sum(costs.values()) - NEUTRAL_COST)))
    excess = {part: max(0.0, cost - USUAL[part]) for part, cost in costs.items()}
    worst = max(excess, key=lambda part: excess[part])
    reason = max(faults[worst], key=lambda fault: faults[worst][fault])
    return Loopability(score, **{p: exp(-e) for p, e in excess.items()}, reason=reason)


def accent_template(notes: Notes, bar: float, start: float = 0.0) -> FloatArray:
    """Where in bars of `bar` beats (from beat `start`) a recording puts its accents.

    One value for each quarter of a beat, adding up to 1: half the recording's own habit, so that
    a style that never plays on the first beat is no fault of a segment, half what is usual.
    """
    own = _accents_by_position(notes, bar, start)
    usual = usual_accents(bar)
    total = own.sum()
    return usual if total == 0 else OWN_SHARE * own / total + (1 - OWN_SHARE) * usual


def usual_accents(bar: float) -> FloatArray:
    """The weight of each quarter of a beat in a bar, adding up to 1: downbeat, half bar, beats."""
    weights = np.full(_positions(bar), 0.05)
    weights[::2] = 0.2
    weights[::STEPS] = 0.5
    if len(weights) % 8 == 0:
        weights[len(weights) // 2] = 0.7
    weights[0] = 1.0
    return np.asarray(weights / weights.sum(), np.float64)


def _measure(phrase: Phrase, template: FloatArray) -> dict[str, float]:
    """Every fault of `WEIGHTS`, none below 0 except the differences of `join`."""
    notes, middle = phrase.notes, _middle(phrase)
    beats = round(phrase.beats)
    beat = np.clip(np.floor(notes["onset"] + EARLY).astype(np.intp), 0, beats - 1)
    velocity = notes["velocity"] / 64.0
    weight = velocity * np.sqrt(np.minimum(notes["duration"], 2.0))
    second = beat >= middle
    chroma = _chroma(notes["pitch"], beat, weight, beats)
    return (
        _silences(phrase)
        | _balance(second, middle, beats)
        | _halves(phrase, chroma, weight, second, middle)
        | _join(notes, chroma, beat, weight)
        | _metre(_accents_by_position(notes, phrase.bar, 0.0), template)
        | _tails(phrase, velocity)
    )


def _middle(phrase: Phrase) -> int:
    """The beat where the second half begins: at a bar line where there is one."""
    bars = round(phrase.beats / phrase.bar)
    return max(1, round(phrase.bar * (bars // 2) if bars > 1 else phrase.beats / 2))


def _silences(phrase: Phrase) -> dict[str, float]:
    """The longest stretch without sound, and without a new note, going round; beats."""
    onset = phrase.notes["onset"]
    following = np.concatenate((onset[1:], phrase.beats + onset[:1]))
    heard = np.maximum.accumulate(sounding_ends(phrase))
    hole = float((following - heard).max())
    rest = float((following - onset).max())
    return {
        "a silence": max(0.0, hole),
        "a long silence": max(0.0, hole - 1.5),
        "a long rest": rest,
    }


def sounding_ends(phrase: Phrase) -> FloatArray:
    """The beat at which each note falls silent: when its key is up and the sustain pedal too."""
    ends = np.asarray(phrase.notes["onset"] + phrase.notes["duration"], np.float64)
    pedal = phrase.pedals[phrase.pedals["control"] == SUSTAIN]
    if len(pedal) == 0 or not (pedal["value"] >= DOWN).any():
        return ends
    last = np.searchsorted(pedal["beat"], ends, side="right") - 1
    held = (last >= 0) & (pedal["value"][np.maximum(last, 0)] >= DOWN)
    ups = np.append(pedal["beat"][pedal["value"] < DOWN], phrase.beats)
    released = ups[np.minimum(np.searchsorted(ups, ends), len(ups) - 1)]
    return np.where(held, np.maximum(ends, released), ends)


def _balance(second: NDArray[np.bool_], middle: int, beats: int) -> dict[str, float]:
    """1 - the quieter half's notes a beat as a share of the busier one's."""
    late = float(np.count_nonzero(second))
    early = (len(second) - late) / middle
    late /= max(1, beats - middle)
    return {
        "few notes in its first half": max(0.0, 1.0 - early / late) if late else 0.0,
        "few notes in its second half": max(0.0, 1.0 - late / early) if early else 0.0,
        "its first half is empty": float(early == 0),
        "its second half is empty": float(late == 0),
    }


def _halves(
    phrase: Phrase, chroma: FloatArray, weight: FloatArray, second: NDArray[np.bool_], middle: int
) -> dict[str, float]:
    """How the halves differ; 0 where one is empty, which `_balance` tells.

    Register in octaves, loudness in 64 steps of velocity, articulation in doublings of the
    notes' length, feel in eighths that the notes are late on theirs.
    """
    if second.all() or not second.any():
        return dict.fromkeys(WEIGHTS["halves"], 0.0)
    notes = phrase.notes
    early, late = chroma[:middle].sum(axis=0), chroma[middle:].sum(axis=0)
    fits = _SCALES @ (early + late)
    eighths = notes["onset"] * 2.0
    alike = np.ones(len(notes))
    lengths = np.log2(np.minimum(notes["duration"], 4.0))
    return {
        "its halves are in different keys": 1.0 - float(fits.max() / (early + late).sum()),
        "the harmony of its halves differs": _unlike(early, late),
        "the register of its halves differs": _apart(notes["pitch"], weight, second) / 12.0,
        "the loudness of its halves differs": _apart(notes["velocity"], alike, second) / 64.0,
        "the rhythm of its halves differs": _rhythms(phrase, second),
        "the articulation of its halves differs": _apart(lengths, alike, second),
        "the feel of its halves differs": _apart(eighths - np.round(eighths), alike, second),
    }


def _unlike(early: FloatArray, late: FloatArray) -> float:
    """1 - the correlation of how well two halves fit each of the twelve diatonic scales."""
    one, other = _SCALES @ early, _SCALES @ late
    one, other = one - one.sum() / 12, other - other.sum() / 12
    norm = sqrt(float(one @ one) * float(other @ other))
    return 1.0 - float(one @ other) / norm if norm > 1e-9 else 0.0


def _apart(values: FloatArray, weight: FloatArray, second: NDArray[np.bool_]) -> float:
    """How far apart the weighted means of the two halves are."""
    of_late = weight * second
    late, total = float(of_late.sum()), float(weight.sum())
    late_sum, sum_ = float(of_late @ values), float(weight @ values)
    return abs(late_sum / late - (sum_ - late_sum) / (total - late))


def _rhythms(phrase: Phrase, second: NDArray[np.bool_]) -> float:
    """1 - the cosine of where in the bar (the beat, within one bar) two halves strike."""
    period = _positions(phrase.bar if phrase.beats > 1.5 * phrase.bar else 1.0)
    step = np.floor((phrase.notes["onset"] + EARLY) * STEPS).astype(np.intp) % period
    counts = np.bincount(step + period * second, minlength=2 * period)
    return _cosine_distance(counts[:period].astype(float), counts[period:].astype(float))


def _join(
    notes: Notes, chroma: FloatArray, beat: NDArray[np.intp], weight: FloatArray
) -> dict[str, float]:
    """How much more changes from the last two beats to the first than is usual inside."""
    beats = len(chroma)
    density = np.bincount(beat, minlength=beats).astype(float)
    height = np.bincount(beat, weights=notes["pitch"] * weight, minlength=beats)
    loudness = np.bincount(beat, weights=weight, minlength=beats)
    columns = np.column_stack([chroma, density, height, loudness])
    after = columns + columns[np.arange(1, beats + 1) % beats]  # the two beats from each beat on
    before = after[np.arange(-2, beats - 2) % beats]
    one, other = before[:, :12], after[:, :12]
    norms = np.sqrt((one * one).sum(axis=1) * (other * other).sum(axis=1))
    harmony = 1.0 - (one * other).sum(axis=1) / np.maximum(norms, 1e-9)
    crowd = np.abs(np.log((before[:, 12] + 1.0) / (after[:, 12] + 1.0)))
    sounds = np.minimum(before[:, 14], after[:, 14]) > 0
    means = [part[:, 13] / np.maximum(part[:, 14], 1e-9) for part in (before, after)]
    register = np.where(sounds, np.abs(means[0] - means[1]) / 12.0, 1.0)
    changes = np.stack([harmony, register, crowd])
    usual = np.sort(changes[:, 2:-1] if beats > 3 else changes, axis=1)
    middle = (usual.shape[1] - 1) / 2  # of an even number the median is between two
    more = changes[:, 0] - (usual[:, int(middle)] + usual[:, -1 - int(middle)]) / 2
    return dict(zip(WEIGHTS["join"], more.tolist(), strict=True))


def _metre(accents: FloatArray, template: FloatArray) -> dict[str, float]:
    """How the accents fit the template as they are, and turned to where they would fit best."""
    turns = np.arange(len(template))
    fits = template[(turns[None, :] - turns[:, None]) % len(template)] @ accents
    fits /= max(1e-9, float(accents.sum() * template.max()))
    here, best = float(fits[0]), float(fits.max())
    return {
        "it has few accents on its downbeats": 1.0 - here,
        "its accents fall beside its bar lines": best - here,
        "another beat is a likelier start": 1.0 - here / max(best, 1e-9),
    }


def _tails(phrase: Phrase, velocity: FloatArray) -> dict[str, float]:
    """What is held over the end, as a number of notes of average loudness held a beat, up to 4."""
    ends = phrase.notes["onset"] + phrase.notes["duration"]
    over = np.clip(ends - phrase.beats - EARLY, 0.0, 1.0)
    return {"a phrase is cut at its end": min(4.0, float(over @ velocity / velocity.mean()))}


def _accents_by_position(notes: Notes, bar: float, start: float) -> FloatArray:
    """Louder, lower and longer notes weigh more: their sum at each quarter beat of the bar."""
    low = 0.5 + np.exp(-np.maximum(notes["pitch"].astype(np.float64) - 36.0, 0.0) / 12.0)
    accent = notes["velocity"] / 64.0 * low * np.sqrt(np.minimum(notes["duration"], 2.0))
    positions = _positions(bar)
    step = np.round((notes["onset"] - start) * STEPS).astype(np.intp) % positions
    return np.bincount(step, weights=accent, minlength=positions).astype(np.float64)


def _positions(bar: float) -> int:
    return max(1, round(bar * STEPS))


def _chroma(
    pitch: NDArray[np.uint8], beat: NDArray[np.intp], weight: FloatArray, beats: int
) -> FloatArray:
    """(beats, 12): how much of each pitch class is struck in each beat."""
    cell = beat * 12 + pitch % 12
    struck = np.bincount(cell, weights=weight, minlength=beats * 12)
    return struck.astype(np.float64).reshape(beats, 12)


def _cosine_distance(one: FloatArray, other: FloatArray) -> float:
    norm = float(np.sqrt((one @ one) * (other @ other)))
    return 1.0 - float(one @ other) / norm if norm > 0 else 1.0


_MAJOR = np.array([0, 2, 4, 5, 7, 9, 11])
_SCALES = np.zeros((12, 12))
_SCALES[np.arange(12)[:, None], (np.arange(12)[:, None] + _MAJOR) % 12] = 1.0
