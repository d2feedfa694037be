"""What can be measured about the way a policy went. Rows are those of a bundle; loops of the seed
in a walk are left out where nothing is known about them."""

from collections.abc import Iterable, Sequence
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray

from appliance.bench.groove.walk import Start
from appliance.policies import SEED, Choice
from appliance.policies.facts import Facts

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


def steps(choices: Sequence[Choice]) -> Floats:
    """How far (1 - similarity) each loop is from the one before."""
    return 1.0 - np.array([choice.similarity for choice in choices])


def rows_of(choices: Sequence[Choice]) -> Rows:
    return np.array([choice.row for choice in choices], np.int64)


def shifts_of(choices: Sequence[Choice]) -> Rows:
    return np.array([choice.semitones for choice in choices], np.int64)


def moves(choices: Sequence[Choice]) -> Floats:
    """The steps from one segment to another, without exact repeats and the step from the seed."""
    rows = rows_of(choices)
    moved = (rows[1:] != rows[:-1]) & (rows[:-1] != SEED)
    found: Floats = steps(choices)[1:][moved]
    return found


def repeats(choices: Sequence[Choice]) -> float:
    """The share of loops that are the one before once more."""
    rows = rows_of(choices)
    return float((rows[1:] == rows[:-1]).mean())


def longest_ping_pong(rows: Iterable[int]) -> int:
    """The longest run to and fro between two segments, exact repeats not counted."""
    order = [row for row, _ in groupby(rows)]
    longest = run = min(2, len(order))
    for index in range(2, len(order)):
        run = run + 1 if order[index] == order[index - 2] else 2
        longest = max(longest, run)
    return longest


def distances(start: Start, choices: Sequence[Choice]) -> Floats:
    """How far from the seed (1 - similarity) each loop is, as it is played; 0 for the seed."""
    rows = rows_of(choices)
    apart = 1.0 - start.seed.similarity(start.facts, rows, shifts_of(choices))
    return np.where(rows == SEED, 0.0, apart.astype(np.float64))


def distance(start: Start, choices: Sequence[Choice]) -> float:
    """The mean of all loops but the seed's."""
    return float(distances(start, choices)[rows_of(choices) != SEED].mean())


def distinct(choices: Sequence[Choice]) -> int:
    """How many segments were heard."""
    return len({choice.row for choice in choices} - {SEED})


def transposition_changes(choices: Sequence[Choice]) -> float:
    """In 100 loops."""
    return 100.0 * float((np.diff(shifts_of(choices)) != 0).mean())


def key_changes(facts: Facts, choices: Sequence[Choice]) -> float:
    """How often in 100 loops the key signature changes that sounds, transposition and all."""
    keys = facts.signature(rows_of(choices), shifts_of(choices))
    return 100.0 * float((np.diff(keys) != 0).mean())


def register_span(facts: Facts, choices: Sequence[Choice]) -> float:
    """Semitones between a low loop and a high one: the mean pitches that nine of ten lie within."""
    pitch = facts.segments["mean_pitch"][rows_of(choices)] + shifts_of(choices)
    low, high = np.quantile(pitch, (0.05, 0.95))
    return float(high - low)


def labels_kept(labels: Sequence[frozenset[str]], choices: Sequence[Choice]) -> float:
    """Of the moves between segments that have labels, the share after which one of them stays."""
    kept = [
        bool(labels[a.row] & labels[b.row])
        for a, b in pairwise(choices)
        if a.row != b.row and SEED not in (a.row, b.row) and labels[a.row] and labels[b.row]
    ]
    return float(np.mean(kept)) if kept else float("nan")


def entropy(choices: Sequence[Choice]) -> float:
    """Of how often each segment was heard, in bits; log2 of their number where all are alike."""
    share = np.unique(rows_of(choices), return_counts=True)[1] / len(choices)
    return float(-(share * np.log2(share)).sum())


def effect_size(some: Floats, others: Floats) -> float:
    """How much larger `some` are, in standard deviations of both (Cohen's d, 1988)."""
    spread = np.sqrt((some.var(ddof=1) + others.var(ddof=1)) / 2)
    return float((some.mean() - others.mean()) / spread) if spread > 0 else float("inf")


def rank_correlation(values: Sequence[float]) -> float:
    """Spearman's (1904), with the order in which they stand; equals share their mean rank."""
    found = np.asarray(values)
    below = (found < found[:, np.newaxis]).sum(axis=1)
    ranks = below + ((found == found[:, np.newaxis]).sum(axis=1) - 1) / 2
    if ranks.std() == 0:
        return 0.0
    return float(np.corrcoef(np.arange(len(ranks)), ranks)[0, 1])
