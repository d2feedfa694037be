"""A policy on its own, loop after loop, and what can be measured about the way it went."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from appliance.policies import SEED, Choice, Moment, Policy, SeedLikeness
from appliance.policies.facts import Facts
from corpus.keeping.bundle import Bundle
from corpus.neighbours import in_twelve_keys, nearest_of
from models.embedder import make_embedder
from models.notes import Phrase

HEARD = 64


@dataclass(frozen=True, eq=False)
class Start:
    """A corpus, and a seed as it was compared with it."""

    bundle: Bundle
    facts: Facts
    seed: SeedLikeness
    nearest: Any
    bar: float
    bpm: float


def start_from(bundle: Bundle, phrase: Phrase) -> Start:
    vectors = in_twelve_keys(make_embedder(bundle.embedder), phrase)
    likeness = SeedLikeness(vectors, float(phrase.notes["pitch"].mean()))
    nearest = nearest_of(vectors, bundle.embeddings)
    return Start(bundle, Facts(bundle).ready(), likeness, nearest, phrase.bar, phrase.bpm)


def moment_after(start: Start, choices: Sequence[Choice], move: bool = False) -> Moment:
    last = choices[-1]
    nearest = start.nearest if last.row == SEED else start.facts.neighbours[last.row]
    heard = [choice.row for choice in choices[-HEARD:]]
    return Moment(
        start.bundle,
        last.row,
        last.semitones,
        nearest,
        heard,
        start.bar,
        start.bpm,
        move,
        last.rotate,
        loop=len(choices),
        seconds=4.0 * len(choices),
        seed=start.seed,
        facts=start.facts,
    )


def walk(start: Start, policy: Policy, loops: int, rng: int = 0) -> list[Choice]:
    """From two loops of the seed onwards."""
    generator = np.random.default_rng(rng)
    choices = [Choice(SEED, 0, 1.0, "the seed")] * 2
    for _ in range(loops):
        choices.append(policy.choose(moment_after(start, choices), generator))
    return choices[2:]


def steps(choices: Sequence[Choice]) -> np.ndarray:
    return 1.0 - np.array([choice.similarity for choice in choices])


def repeats(choices: Sequence[Choice]) -> float:
    rows = np.array([choice.row for choice in choices])
    return float((rows[1:] == rows[:-1]).mean())


def longest_ping_pong(rows: Iterable[int]) -> int:
    """The longest run to and fro between two segments, exact repeats not counted."""
    order = [row for row, _ in groupby(rows)]
    longest = run = min(2, len(order))
    for index in range(2, len(order)):
        run = run + 1 if order[index] == order[index - 2] else 2
        longest = max(longest, run)
    return longest


def distance(start: Start, choices: Sequence[Choice]) -> float:
    """Mean distance from the seed, of all segments as they are played."""
    rows = np.array([choice.row for choice in choices if choice.row != SEED])
    shifts = np.array([choice.semitones for choice in choices if choice.row != SEED])
    return float(1.0 - start.seed.similarity(start.facts, rows, shifts).mean())


def rank_correlation(values: Sequence[float]) -> float:
    """Spearman's, with the order in which they stand."""
    ranks = np.argsort(np.argsort(values, kind="stable"))
    return float(np.corrcoef(np.arange(len(values)), ranks)[0, 1])
