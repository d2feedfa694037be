"""Where listening is measured: every claim, or a share of them for a process of its own."""

import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest
from pathlib import Path
from typing import Any

from appliance.bench.groove import listening
from corpus.keeping.bundle import open_bundle
from models.notes import Phrase

Claims = list[dict[str, Any]]


@dataclass(frozen=True, eq=False)
class Hall:
    """A bundle, the seed that every session starts from, and so many pairs of sessions of so many
    loops for each claim."""

    bundle: Path
    seed: Phrase
    pairs: int = 20
    loops: int = 40


def listening_figures(hall: Hall) -> dict[str, Any]:
    """Every claim, measured, and how many of them hold."""
    return together(hall, [claim_figures(hall, 0, 1)])


def claim_figures(hall: Hall, first: int, every: int) -> Claims:
    """One claim in `every`, from the `first` on."""
    stand, plain = _opened(pickle.dumps(hall))
    chosen = listening.claims(stand)[first::every]
    return [listening.measure(stand, claim, plain) for claim in chosen]


def together(hall: Hall, shares: Sequence[Claims]) -> dict[str, Any]:
    """Of the shares of `claim_figures`, in the order of their first claims."""
    results = [one for turn in zip_longest(*shares) for one in turn if one is not None]
    bundle = open_bundle(hall.bundle)
    return {
        "corpus": bundle.name,
        "embedder": bundle.embedder,
        "pairs": hall.pairs,
        "loops": hall.loops,
        "sure": listening.SURE,
        "effect": listening.EFFECT,
        "tolerance": listening.TOLERANCE,
        "claims": results,
        "held": sum(one["works"] and not one["beyond"] for one in results),
    }


@lru_cache(maxsize=1)
def _opened(pickled: bytes) -> tuple[listening.Stand, list[listening.Lines]]:
    """What the claims of a hall share."""
    hall: Hall = pickle.loads(pickled)
    stand = listening.stand_on(open_bundle(hall.bundle, verify=True), hall.seed)
    return stand, listening.unheeding(stand, hall.pairs, hall.loops)
