"""While the seed repeats: how often it does, and in which forms.

The first pass is the seed as it was played. Later ones may leave out soft inner notes or take its
beats in another order, never with a note that is not the seed's.
"""

from typing import NamedTuple

import numpy as np

from appliance.edits import Edit, beat_of, edited, order, thin
from corpus.midiwrite import TICKS_PER_BEAT
from models.notes import Notes, Phrase

APPROACH = 2  # segments to the groove, for a policy that does not say
SHARES = (0.25, 0.5)  # of the inner notes


class Variation(NamedTuple):
    """A form of the seed, and why it is one in words for the screen."""

    edits: tuple[Edit, ...]
    why: str


AS_PLAYED = Variation((), "as played")


def seed_passes(limit: int, policy: object) -> int:
    """How often the seed is heard before the policy is asked, if it is at most `limit` loops from
    the seed to the groove: what the policy's own approach leaves of them, but once at least."""
    return max(1, limit - int(getattr(policy, "approach", APPROACH)))


def vary(seed: Phrase, chance: float, rng: np.random.Generator) -> Variation:
    """With this chance (0..1) one of the seed's variations, else the seed as it was played."""
    if rng.random() >= chance:
        return AS_PLAYED
    found = variations(seed)
    return found[int(rng.integers(len(found)))] if found else AS_PLAYED


def variations(seed: Phrase) -> list[Variation]:
    """Every form that differs from the seed, in a fixed order."""
    plans = [Variation((thin(share),), f"without {share:.0%}") for share in SHARES]
    plans += [Variation((order(beats),), "beats in another order") for beats in _orders(seed)]
    heard = _sound(seed)
    return [plan for plan in plans if _sound(edited(seed, plan.edits)) != heard]


def _orders(seed: Phrase) -> list[list[int]]:
    """The last two blocks of a beat, two beats or a bar change places, the first beat keeping its
    own; and the loop begins at another bar, if the same bass stands there."""
    beats, bar = int(seed.beats), round(seed.bar)
    found = []
    for size in sorted({1, 2, bar}):
        if beats >= 3 * size:
            last = range(beats - size, beats)
            found.append([*range(beats - 2 * size), *last, *range(beats - 2 * size, beats - size)])
    for begin in range(bar, beats, bar):
        if beats % bar == 0 and _bass(seed.notes, begin) == _bass(seed.notes, 0) is not None:
            found.append([*range(begin, beats), *range(begin)])
    return found


def _bass(notes: Notes, beat: int) -> int | None:
    there = notes["pitch"][beat_of(notes) == beat]
    return int(there.min()) if len(there) else None


def _sound(phrase: Phrase) -> list[tuple[int, int]]:
    ticks = np.rint(phrase.notes["onset"] * TICKS_PER_BEAT).astype(int)
    return sorted(zip(ticks.tolist(), phrase.notes["pitch"].tolist(), strict=True))
