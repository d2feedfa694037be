"""A policy on its own, loop after loop: what a session asks of it, without playing a note."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from appliance.course import HEARD
from appliance.policies import SEED, Choice, Moment, Policy, SeedLikeness, prepare
from appliance.policies.facts import Facts
from appliance.settings import Settings
from appliance.warmup import seed_passes
from corpus.keeping.bundle import Bundle
from corpus.neighbours import Neighbours, in_twelve_keys, nearest_of
from models.embedder import make_embedder
from models.notes import Phrase

TAKE = 1  # a session's first, whose chances a walk has too


@dataclass(frozen=True, eq=False)
class Start:
    """A corpus, and a seed as it was compared with it; `seconds` is how long the seed lasts."""

    bundle: Bundle
    facts: Facts
    seed: SeedLikeness
    nearest: Neighbours
    bar: float
    bpm: float
    seconds: float


def start_from(bundle: Bundle, phrase: Phrase, facts: Facts | None = None) -> Start:
    """Compare a seed with a corpus by the embedder that made it."""
    vectors = in_twelve_keys(make_embedder(bundle.embedder), phrase)
    return Start(
        bundle,
        facts or Facts(bundle).ready(),
        SeedLikeness(vectors, float(phrase.notes["pitch"].mean())),
        nearest_of(vectors, bundle.embeddings),
        phrase.bar,
        phrase.bpm,
        phrase.beats * 60.0 / phrase.bpm,
    )


def moment_after(start: Start, choices: Sequence[Choice], move: bool = False) -> Moment:
    """What a session would tell a policy after these choices, the seed's loops among them."""
    last = choices[-1]
    return Moment(
        bundle=start.bundle,
        row=last.row,
        semitones=last.semitones,
        nearest=start.nearest if last.row == SEED else start.facts.neighbours[last.row],
        heard=[choice.row for choice in choices[-HEARD:]],
        bar=start.bar,
        bpm=start.bpm,
        move=move,
        rotate=last.rotate,
        loop=len(choices),
        seconds=start.seconds * len(choices),
        seed=start.seed,
        facts=start.facts,
    )


def passes(policy: Policy) -> int:
    """How often the seed is heard before the policy is asked, as a session has it by default."""
    return seed_passes(Settings().warmup_loops, policy)


def walk(
    start: Start, policy: Policy, loops: int, rng: int = 0, seed_loops: int | None = None
) -> list[Choice]:
    """What a session's first take under this random seed comes to: so many loops after the seed's,
    which are `passes` where nothing else is said."""
    prepare(policy, start.facts)
    begin = passes(policy) if seed_loops is None else seed_loops
    choices = [Choice(SEED, 0, 1.0, "the seed")] * begin
    for number in range(begin, begin + loops):
        chance = np.random.default_rng([rng, TAKE, number, 0])
        choices.append(policy.choose(moment_after(start, choices), chance))
    return choices[begin:]
