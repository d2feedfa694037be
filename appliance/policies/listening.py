"""How the groove answers the pianist: weights of 0 to 1, each for one habit of a good partner.

An opinion values candidates on a scale of its own; `leaning` makes of it what speaks for each, in
logarithms of a chance as in `weights`, by the measure of what the groove would choose from by
itself. So a weight does as much in a corpus of many kinds as in one of few, by whatever embedder,
and never outweighs all else. It fades with the player's presence: nothing is heard into a silence.
`Mood` is what listening does to the groove as a whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from appliance.listener import Listening
from appliance.policies.moment import Moment, Policy, SeedLikeness
from appliance.policies.options import option
from appliance.policies.weights import Candidates, Floats, away, key
from corpus.neighbours import TRANSPOSITIONS

STRIDES = 6  # in which a choice is moved, what is kept being looked at anew
STRIDE = 2.0  # in logarithms of a chance between two candidates, at most
HARDLY = 0.1  # of a step at random, as a distance: a move that is less has no direction of its own
AS_IT_STANDS = int(np.flatnonzero(TRANSPOSITIONS == 0)[0])  # of the twelve keys
BUSYNESS = 2.0  # notes a beat that are 63 % of busy
NARROWEST = 3.0  # semitones that a register spreads at least
SILENT = (2.0, 6.0)  # bars of silence in which the leash is let out
DENSE = (2.0, 5.0)  # notes a beat over which the groove comes to hold still
HOTTER, COLDER = 3.0, 0.4  # temperature, times
LONGER, SHORTER = 0.5, 0.4  # of the way to what is allowed, or to nothing, that the bound moves
LEASH = 0.8  # of what is left of the leash, that is let out
HELD_STILL = 0.65  # chance of an exact repeat
NOTES = 128  # of a segment that are looked at


class Habit(NamedTuple):
    """How an opinion counts: `by` how many deviations a weight of 1 moves a choice, and the
    deviation that candidates have at `least`, or they are as good as equal."""

    by: float
    least: float


DENSITY = Habit(1.0, 0.05)  # ranks in the corpus
ROOM = Habit(0.7, 0.03)  # share of notes, each as crowded as it is
HARMONY = Habit(1.0, 0.03)  # cosine of pitch classes
WAY = Habit(2.5, 0.02)  # on the unit sphere, where a way is one of many


@runtime_checkable
class Tracking(Protocol):
    """A policy that goes where the player's music goes, with this weight."""

    tracking: float


def tracks(policy: Policy) -> bool:
    """Whether a policy has a use for what the player plays as vectors."""
    return isinstance(policy, Tracking) and policy.tracking > 0


class Notes(NamedTuple):
    """The notes of some segments in one piece; `owner` is the place of a note's segment."""

    owner: NDArray[np.int64]
    pitch: NDArray[np.int64]
    duration: Floats


@dataclass(frozen=True, eq=False)
class Audition:
    """Candidates, heard with the player's ears: what they are like as they would be played."""

    candidates: Candidates

    def __len__(self) -> int:
        return len(self.candidates)

    @cached_property
    def notes(self) -> Notes:
        """The first NOTES notes of each; a segment that points nowhere gets any."""
        chosen, there = self.candidates.segments, self.candidates.moment.bundle.notes
        counts = np.clip(chosen["notes"].astype(np.int64), 0, NOTES)
        ends = counts.cumsum()
        owner = np.repeat(np.arange(len(chosen)), counts)
        first = chosen["first_note"] - ends + counts
        rows = np.arange(ends[-1] if len(ends) else 0) + first[owner]
        found = there[np.clip(rows, 0, len(there) - 1)]
        pitch = found["pitch"] + np.asarray(self.candidates.semitones, np.int64)[owner]
        return Notes(owner, pitch, found["duration"])

    @cached_property
    def classes(self) -> Floats:
        """Beats that each pitch class sounds, shape (n, 12)."""
        owner, pitch, duration = self.notes
        time = np.bincount(owner * 12 + pitch % 12, duration, len(self) * 12)
        return np.asarray(time.reshape(len(self), 12), np.float64)

    @cached_property
    def density(self) -> Floats:
        """As a rank in the corpus, 0..1."""
        percent = self.candidates.moment.facts.percentiles["density"][self.candidates.rows]
        return np.asarray(percent, np.float64) / 100.0


@dataclass(frozen=True)
class Mood:
    """How far the leash is let out, and how far the groove holds still, 0..1 each."""

    let_out: float = 0.0
    still: float = 0.0

    def repeats(self, chance: float) -> float:
        return chance + self.still * max(0.0, HELD_STILL - chance)

    def temperature(self, temperature: float) -> float:
        return float(temperature * HOTTER**self.let_out * COLDER**self.still)

    def bound(self, bound: float, most: float) -> float:
        """The size of one step, which never comes over `most`, or over itself if that is more."""
        longer = bound + LONGER * self.let_out * max(0.0, most - bound)
        return longer * (1.0 - SHORTER * self.still)

    def length(self, length: float) -> float:
        return length + LEASH * self.let_out * (1.0 - length)


@dataclass(kw_only=True)
class Ears:
    """The weights, as options of a policy; with all at 0, or nobody playing, nothing is heard.

    `match` and `complement` the player's density, leave `room` in the register where they play,
    lean to their pitch classes (`harmony`), wander further when they fell silent (`freedom`), hold
    still while they play densely (`stillness`), go the way that their playing went (`tracking`).
    """

    match: float = option(0.0, 0.0, 1.0, whole=False)
    complement: float = option(0.3, 0.0, 1.0, whole=False)
    room: float = option(0.4, 0.0, 1.0, whole=False)
    harmony: float = option(0.4, 0.0, 1.0, whole=False)
    freedom: float = option(0.4, 0.0, 1.0, whole=False)
    stillness: float = option(0.4, 0.0, 1.0, whole=False)
    tracking: float = option(0.2, 0.0, 1.0, whole=False)

    def mood(self, moment: Moment) -> Mood:
        heard = moment.listening
        if heard is None or not heard.played:
            return Mood()
        silent = _ramp(heard.silence / moment.bar, SILENT)
        dense = heard.presence * _ramp(heard.density, DENSE)
        return Mood(self.freedom * silent, self.stillness * dense)

    def opinions(self, candidates: Candidates, scores: Floats) -> dict[str, Floats]:
        """What each weight that is not 0 adds to the scores that the candidates have without it,
        by its words in a `why`.

        Each does its own and leaves the rest: none moves the distance from the seed, but for the
        player's notes, which are no reason to change the key more often instead.
        """
        heard = candidates.moment.listening
        if heard is None or heard.presence <= 0:
            return {}
        audition, far = Audition(candidates), away(candidates)
        said = (
            ("as busy as you", self.match, DENSITY, _match, far),
            ("as busy as you are not", self.complement, DENSITY, _complement, far),
            ("leaves you room", self.room, ROOM, _room, far),
            ("in your notes", self.harmony, HARMONY, _harmony, key(candidates)),
            ("goes your way", self.tracking, WAY, _tracking, far),
        )
        told = [one for one in said if one[1] > 0]
        if not told:
            return {}
        words, weights, habits, opinions, kept = zip(*told, strict=True)
        values = np.array([opinion(audition, heard) for opinion in opinions])
        by = np.array([one.by for one in habits]) * np.array(weights) * heard.presence
        least = np.array([one.least for one in habits])
        leant = leaning(softmax(scores), values, np.array(kept), by, least)
        return dict(zip(words, leant, strict=True))


def softmax(scores: Floats) -> Floats:
    grown = np.exp(scores - scores.max())
    return np.asarray(grown / grown.sum())


def leaning(chances: Floats, values: Floats, others: Floats, by: Floats, least: Floats) -> Floats:
    """What to add to logarithms of these chances for a draw to lean to large values; for each row
    of `values` (h, n), each for itself, another row.

    In a few strides, each along the values (exponential tilting: of all changes it moves their mean
    by the least Kullback-Leibler divergence, Csiszar, 1975), without what would move the mean of
    `others` (h, n). Each is so long that all are `by` deviations (h), as the chances have them by
    then (`least`, h, where they have less): a length in Fisher's metric (Rao, 1945). So it goes
    equally far whatever the values are measured in, and one unlikely candidate is not forced.
    """
    said = np.zeros_like(values)
    now = np.broadcast_to(chances, values.shape)
    for _ in range(STRIDES):
        free = apart_from(now, values, others)
        spread = np.sqrt(_along(now, free**2))
        most = STRIDE / np.maximum(free.max(axis=1) - free.min(axis=1), 1e-9)
        step = np.minimum(by / STRIDES / np.maximum(spread, least), most)
        said += step[:, np.newaxis] * free
        grown = chances * np.exp(said - said.max(axis=1, keepdims=True))
        now = grown / grown.sum(axis=1, keepdims=True)
    return said


def apart_from(chances: Floats, values: Floats, others: Floats) -> Floats:
    """Values without what goes with the others, row by row, by linear regression: leaning to them
    leaves the mean of the others where it is, at first order."""
    apart: Floats = values - _along(chances, values)[:, np.newaxis]
    other: Floats = others - _along(chances, others)[:, np.newaxis]
    variance = _along(chances, other**2)
    slope = _along(chances, apart * other) / np.where(variance > 1e-9, variance, np.inf)
    return np.asarray(apart - slope[:, np.newaxis] * other)


def _along(chances: Floats, values: Floats) -> Floats:
    """The mean of each row."""
    return np.asarray(np.einsum("hn,hn->h", chances, values))


def pick(
    plain: Floats, scores: Floats, opinions: Mapping[str, Floats], rng: np.random.Generator
) -> tuple[int, str]:
    """The place of a candidate, drawn from the softmax of scores and opinions, and what swayed it.

    `plain` is what the scores would be with nobody there. One draw decides for both (the largest
    sum with Gumbel noise is a draw from the softmax: Maddison, Tarlow and Minka, 2014), so that
    they differ only where listening makes a difference; then the words name the opinion that tells
    the two candidates apart most.
    """
    noise = rng.gumbel(size=len(plain))
    place = int(np.argmax(scores + sum(opinions.values()) + noise))
    other = int(np.argmax(plain + noise))
    leads = {words: float(said[place] - said[other]) for words, said in opinions.items()}
    words = max(leads, key=lambda one: leads[one], default="")
    return place, words if words and leads[words] > 0 else ""


def _ramp(value: float, ends: tuple[float, float]) -> float:
    return min(1.0, max(0.0, (value - ends[0]) / (ends[1] - ends[0])))


def _busyness(heard: Listening) -> float:
    """Of a player, 0..1, as a percentile is of a segment."""
    return float(1.0 - np.exp(-heard.density / BUSYNESS))


def _match(audition: Audition, heard: Listening) -> Floats:
    return np.asarray(-np.abs(audition.density - _busyness(heard)))


def _complement(audition: Audition, heard: Listening) -> Floats:
    return np.asarray(-np.abs(audition.density - (1.0 - _busyness(heard))))


def _room(audition: Audition, heard: Listening) -> Floats:
    """Against notes where the player plays: each counts as the player's register does there, a
    normal distribution that is 1 at its mean."""
    owner, pitch, _ = audition.notes
    away = (pitch - heard.pitch) / max(NARROWEST, heard.spread)
    crowded = np.bincount(owner, np.exp(-0.5 * away**2), len(audition))
    count = np.bincount(owner, minlength=len(audition))
    return np.asarray(-crowded / np.maximum(1, count))


def _harmony(audition: Audition, heard: Listening) -> Floats:
    """For the cosine between both profiles of pitch classes."""
    profiles = audition.classes
    norms = np.linalg.norm(profiles, axis=1) * np.linalg.norm(heard.classes)
    return np.asarray((profiles @ heard.classes) / np.maximum(norms, 1e-9))


def _tracking(audition: Audition, heard: Listening) -> Floats:
    """For what the player's direction, added to the query, adds to a candidate's similarity.

    A direction is a vector of unit length; it is less where the player hardly moved.
    """
    if heard.moved is None:
        return np.zeros(len(audition))
    some = audition.candidates
    facts = some.moment.facts
    way = heard.moved.now - heard.moved.before
    least = HARDLY * np.sqrt(2.0 * facts.random_step)  # a step is 1 - cosine, half a square
    length = max(float(np.linalg.norm(way[AS_IT_STANDS])), float(least))
    along = SeedLikeness(way, heard.pitch).similarity(facts, some.rows, some.semitones)
    return np.asarray(along / length, np.float64)
