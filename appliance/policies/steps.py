"""Steps from what plays now to another segment: where it may go, and in which transposition."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.policies.moment import SEED, Choice, Moment
from corpus.neighbours import NEIGHBOUR, Neighbours

LOWEST_KEY, HIGHEST_KEY = 21, 108
REGISTER = 9.0  # semitones that a mean pitch may be from the seed's
OCTAVES = np.array([0, -12, 12])
OUT_OF_REGISTER = 4.0  # what a semitone beyond it counts, against one of moving about
OUT_OF_PLACE = 0.5  # what a semitone of transposition counts as such
LEAP = 5.0  # semitones that a mean pitch may move from one loop to the next
LEAPING = 4.0  # what a semitone beyond it counts

Rows = NDArray[np.integer[Any]]


def stay(moment: Moment, why: str) -> Choice:
    return Choice(moment.row, moment.semitones, 1.0, why, moment.rotate)


def fold(semitones: int, low: int, high: int) -> int | None:
    """The same transposition within half an octave of none, an octave away where keys run out;
    None where the keyboard has no room for it at all."""
    near = (semitones + 5) % 12 - 5
    for octave in OCTAVES.tolist():
        if low + near + octave >= LOWEST_KEY and high + near + octave <= HIGHEST_KEY:
            return int(near + octave)
    return None


def placed(moment: Moment, rows: Rows, semitones: Rows) -> tuple[Rows, NDArray[np.bool_]]:
    """These rows' transpositions by so many semitones, each in its best octave, and which of them
    the keyboard has room for.

    The best octave is within the register window round the seed, no leap from where what plays now
    sounds, and as near as may be to the transposition as it stands, so that it does not jump about;
    without a seed, the nearest to none.
    """
    low, high, pitch = moment.facts.ambit[:, rows]
    shifts = (np.asarray(semitones) + 5) % 12 - 5 + OCTAVES[:, np.newaxis]
    fits = (low + shifts >= LOWEST_KEY) & (high + shifts <= HIGHEST_KEY)
    cost = np.where(fits, 0.0, np.inf) + OUT_OF_PLACE * np.abs(shifts)
    if moment.seed is not None:
        away = np.abs(pitch + shifts - moment.seed.pitch)
        cost += OUT_OF_REGISTER * np.maximum(0.0, away - REGISTER)
        cost += np.abs(shifts - semitones)
    if (sounding := register_now(moment)) is not None:
        cost += LEAPING * np.maximum(0.0, np.abs(pitch + shifts - sounding) - LEAP)
    best = cost.argmin(axis=0)
    return np.take_along_axis(shifts, best[np.newaxis], axis=0)[0], fits.any(axis=0)


def register_now(moment: Moment) -> float | None:
    """The mean pitch of what plays, as it sounds; None where that is not known."""
    if moment.row == SEED:
        return None if moment.seed is None else moment.seed.pitch
    return float(moment.facts.ambit[2, moment.row]) + moment.semitones


def others(moment: Moment) -> Neighbours:
    """The neighbours that fit keyboard and metre, nearest first; without what plays now."""
    return placed_others(moment)[0]


def placed_others(moment: Moment) -> tuple[Neighbours, Rows]:
    """The same with the transposition in which each would be played."""
    near = moment.nearest[moment.nearest["segment"] != moment.row]
    semitones, fits = placed(moment, near["segment"], moment.semitones + near["transpose"])
    fits[fits] = moment.facts.of_metre(moment.bar, near["segment"][fits])
    if moment.allowed is not None:
        fits &= moment.allowed[near["segment"]]
    return near[fits], semitones[fits]


def in_metre(moment: Moment, rows: Rows) -> NDArray[np.bool_]:
    """Which of these rows are in the seed's metre, all where the corpus lacks it, and may be chosen
    at all."""
    triple = moment.bar % 3 == 0
    free = np.ones(len(rows), bool) if moment.allowed is None else moment.allowed[rows]
    if triple not in moment.facts.metres:
        return free
    return np.asarray((moment.facts.triple[rows] == triple) & free)


def lately(moment: Moment, loops: int) -> list[int]:
    """The rows of the last so many loops, fewer where the corpus is small."""
    count = min(loops, len(moment.bundle) // 2)
    return list(moment.heard)[-count:] if count > 0 else []


def rested(moment: Moment, near: Neighbours, loops: int) -> Neighbours:
    """Those that were not heard in the last loops."""
    fresh: Neighbours = near[~among(near["segment"], lately(moment, loops))]
    return fresh


def among(rows: Rows, some: Iterable[int]) -> NDArray[np.bool_]:
    """Which of a few rows are some of these: what np.isin says, in a tenth of its time."""
    found = set(some)
    return np.array([row in found for row in rows.tolist()], bool)


def ping_pong(moment: Moment, row: int) -> bool:
    """Whether this row would make it five loops to and fro between two segments."""
    tail = [*list(moment.heard)[-4:], row]
    to_and_fro = len(tail) == 5 and tail[0] == tail[2] == tail[4] and tail[1] == tail[3]
    return to_and_fro and tail[0] != tail[1]


def nearest_choice(moment: Moment, rest: int, why: str) -> Choice:
    """The nearest that was not heard lately, else the nearest of all, else what plays now."""
    near = others(moment)
    fresh = rested(moment, near, rest)
    for some in (fresh, near):
        free = [one for one in some[:8] if not ping_pong(moment, int(one["segment"]))]
        if free:
            return step_to(moment, free[0], why)
    return stay(moment, "nothing else is near")


def step_to(moment: Moment, neighbour: Any, why: str) -> Choice:
    """A neighbour of what plays now, as the table has it."""
    row = int(neighbour["segment"])
    wanted = np.array([moment.semitones + int(neighbour["transpose"])])
    shifts, fits = placed(moment, np.array([row]), wanted)
    semitones = int(shifts[0]) if fits[0] else 0
    return Choice(row, semitones, float(neighbour["similarity"]), why, _turn(moment, neighbour))


def towards(moment: Moment, row: int, why: str) -> Choice:
    """Any segment of the corpus, in its best transposition as far as that is known."""
    if row == moment.row:
        return stay(moment, why)
    return step_to(moment, _link(moment, row), why)


def in_key(moment: Moment, row: int, why: str) -> Choice:
    """A segment that belongs to what plays now (its track, say): transposed just as that is."""
    if moment.row == SEED:
        return towards(moment, row, why)
    link = _link(moment, row)
    if link["transpose"] or link["rotate"]:
        link = _unknown(moment, row)
    return step_to(moment, link, why)


def first_fitting(moment: Moment, rows: Iterable[int]) -> int | None:
    """The first of these rows that fits keyboard and metre."""
    for row in rows:
        fits = placed(moment, np.array([row]), np.array([moment.semitones]))[1][0]
        if fits and in_metre(moment, np.array([row]))[0]:
            return row
    return None


def _link(moment: Moment, row: int) -> Any:
    """How a row and what plays now stand to each other: from the table, from either side."""
    here = moment.nearest[moment.nearest["segment"] == row]
    if len(here):
        return here[0]
    if moment.row == SEED:
        return _from_seed(moment, row)
    there = moment.facts.neighbours[row]
    there = there[there["segment"] == moment.row]
    return _reversed(moment, there[0], row) if len(there) else _unknown(moment, row)


def _from_seed(moment: Moment, row: int) -> Any:
    link = np.zeros(1, NEIGHBOUR)
    link["segment"] = row
    if moment.seed is not None:
        transpose, similarity = moment.seed.best(moment.facts, np.array([row]))
        link["transpose"], link["similarity"] = transpose, np.clip(similarity, -1.0, 1.0)
    return link[0]


def _reversed(moment: Moment, link: Any, row: int) -> Any:
    back = np.zeros(1, NEIGHBOUR)
    beats = round(float(moment.facts.segments["beats"][row]))
    back["segment"], back["similarity"] = row, link["similarity"]
    back["transpose"] = -int(link["transpose"])
    back["rotate"] = -int(link["rotate"]) % beats
    return back[0]


def _unknown(moment: Moment, row: int) -> Any:
    """Too far apart for the table: both as they stand."""
    link = np.zeros(1, NEIGHBOUR)
    pair = moment.facts.embeddings[[moment.row, row]].astype(np.float32)
    link["segment"], link["similarity"] = row, np.clip(pair[0] @ pair[1], -1.0, 1.0)
    return link[0]


def _turn(moment: Moment, neighbour: Any) -> int:
    """The beat at which a neighbour begins; only phrases of one length can go round together."""
    beats = float(moment.facts.segments["beats"][neighbour["segment"]])
    if moment.row == SEED or moment.facts.segments["beats"][moment.row] != beats:
        return 0
    return (moment.rotate + int(neighbour["rotate"])) % round(beats)
