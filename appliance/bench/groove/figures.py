"""The figures of one policy on one corpus; each is a piece of work for a process of its own."""

import hashlib
import pickle
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.bench.groove import measures
from appliance.bench.groove.boundary import Edges, edges_of, recorded
from appliance.bench.groove.corpora import Material
from appliance.bench.groove.sessions import provenance
from appliance.bench.groove.walk import Start, passes, start_from, walk
from appliance.policies import SEED, Choice, make_policy
from appliance.policies.facts import Facts
from corpus.keeping.bundle import Bundle, open_bundle

JOURNEY = 20  # loops between the waypoints of a trip
LISTED = 48  # segments of a playlist

Figures = dict[str, Any]
Floats = NDArray[np.float64]
Walks = list[list[Choice]]


@dataclass(frozen=True)
class Plan:
    """How much is measured: loops of each walk, of each whole session and of the long walk, at how
    many settings each knob is tried, and for each listening habit how many pairs of concerts of
    how many loops (0: none)."""

    loops: int = 200
    session_loops: int = 24
    groove_session_loops: int = 60
    long_walk: int = 20_000
    settings: int = 10
    listening_pairs: int = 40
    listening_loops: int = 40


@dataclass(frozen=True, eq=False)
class Measured:
    """The figures of a policy on a corpus; `steps` are all its moves, 1 - similarity; `away` is
    the mean distance from the seed at each loop."""

    figures: Figures
    steps: Floats
    away: Floats


@dataclass(frozen=True, eq=False)
class Ground:
    """A corpus, opened, and what walks on it begin with and are measured by."""

    bundle: Bundle
    facts: Facts
    starts: tuple[Start, ...]
    edges: Edges


@lru_cache(maxsize=3)
def _opened(path: Path) -> tuple[Bundle, Facts, Edges]:
    bundle = open_bundle(path, verify=True)
    return bundle, Facts(bundle).ready(), edges_of(bundle)


def ground(material: Material) -> Ground:
    """The same as long as the process lives: a seed takes twelve embeddings to be compared."""
    return _ground(pickle.dumps(material))


@lru_cache(maxsize=3)
def _ground(pickled: bytes) -> Ground:
    material: Material = pickle.loads(pickled)
    bundle, facts, edges = _opened(material.bundle)
    starts = tuple(start_from(bundle, seed, facts) for seed in material.seeds)
    return Ground(bundle, facts, starts, edges)


def policy_figures(material: Material, name: str, plan: Plan) -> Measured:
    """Over every seed: means where nothing else is said. What can only be said of segments is left
    out where nothing but the seed was heard."""
    here = ground(material)
    walks = [walk(start, _made(here, name, n), plan.loops, n) for n, start in _starts(here)]
    pairs = zip(here.starts, walks, strict=True)
    away = np.mean([measures.distances(*pair) for pair in pairs], axis=0)
    figures = _walk_figures(walks) | _session_figures(material, here, name, walks, plan)
    sounding = [[choice for choice in one if choice.row != SEED] for one in walks]
    if all(len(one) > 1 for one in sounding):
        figures |= _sounding_figures(material, here, sounding)
    return Measured(figures, np.concatenate([measures.moves(one) for one in walks]), away)


def _walk_figures(walks: Walks) -> Figures:
    repeats = [measures.repeats(one) for one in walks]
    return {
        "repeats": float(np.mean(repeats)),
        "repeats_least": min(repeats),
        "repeats_most": max(repeats),
        "ping_pong": max(measures.longest_ping_pong(measures.rows_of(one)) for one in walks),
        "distinct": _mean(measures.distinct, walks),
        "transposition_changes": _mean(measures.transposition_changes, walks),
        "entropy_bits": _mean(measures.entropy, walks),
        "sha256": _digest(walks),
    }


def _mean(measure: Callable[[list[Choice]], float], walks: Walks) -> float:
    return float(np.mean([measure(one) for one in walks]))


def _sounding_figures(material: Material, here: Ground, walks: Walks) -> Figures:
    labels = material.labels(here.bundle)
    kept = [measures.labels_kept(labels, one) for one in walks]
    boundaries = np.array([_boundary(here.edges, one) for one in walks]).mean(axis=0)
    keys = [measures.key_changes(here.facts, one) for one in walks]
    spans = [measures.register_span(here.facts, one) for one in walks]
    return {
        "key_changes": float(np.mean(keys)),
        "loops_in_a_key": 100.0 / max(float(np.mean(keys)), 100.0 / len(walks[0])),
        "register_span": float(np.mean(spans)),
        "labels_kept": None if np.isnan(kept).any() else float(np.mean(kept)),
        "boundary_pitch": float(boundaries[0]),
        "boundary_rhythm": float(boundaries[1]),
    }


def _boundary(edges: Edges, choices: list[Choice]) -> tuple[float, float]:
    rows, shifts = measures.rows_of(choices), measures.shifts_of(choices)
    return edges.distances(rows[:-1], rows[1:], (shifts[:-1], shifts[1:]))


def _session_figures(
    material: Material, here: Ground, name: str, walks: Walks, plan: Plan
) -> Figures:
    """Whole sessions with the same seeds: when each loop was decided, and whether they went where
    the policy on its own did."""
    ids = here.bundle.segments["id"]
    ahead, agree = [], True
    begin = passes(_made(here, name, 0))
    for (number, start), seed, alone in zip(_starts(here), material.seeds, walks, strict=True):
        loops = plan.groove_session_loops if name == "groove" else plan.session_loops
        lines = provenance(start, seed, _made(here, name, number), loops, number)
        ahead.append(min(line["decided_ahead_beats"] for line in lines[1:]))
        went = [(line["source"], line["transpose"]) for line in lines[begin:]]
        agree &= went == [
            ("seed" if one.row == SEED else str(ids[one.row]), one.semitones)
            for one in alone[: len(went)]
        ]
    return {"decided_ahead_beats": min(ahead), "sessions_agree": agree}


def knob_figures(material: Material, text: str, plan: Plan) -> Figures:
    """How far from the seed a policy goes, in steps at random, and how many segments it plays."""
    here = ground(material)
    walks = [walk(start, make_policy(text), plan.loops, n) for n, start in _starts(here)]
    far = [measures.distance(*pair) for pair in zip(here.starts, walks, strict=True)]
    return {
        "distance": float(np.mean(far)) / here.facts.random_step,
        "distinct": float(np.mean([measures.distinct(one) for one in walks])),
    }


def reach_figures(material: Material, plan: Plan) -> Figures:
    """Which share of the corpus one long groove comes to, from the first seed in the metre that
    most of the corpus is in: the groove keeps to the seed's."""
    here = ground(material)
    triple = here.facts.triple.mean() > 0.5
    start = next((one for one in here.starts if (one.bar % 3 == 0) == triple), here.starts[0])
    rows = measures.rows_of(walk(start, make_policy("groove"), plan.long_walk))
    return {
        "reached": len(set(rows.tolist()) - {SEED}) / len(here.bundle),
        "long_ping_pong": measures.longest_ping_pong(rows),
    }


def ground_figures(material: Material, plan: Plan) -> Figures:
    """About the corpus, and how long the groove takes to begin: passes of the seed, and segments
    before the first of the groove."""
    here = ground(material)
    walks = [walk(start, make_policy("groove"), plan.loops, n) for n, start in _starts(here)]
    begin = passes(make_policy("groove"))
    into = [begin + [choice.why for choice in one].index("into the groove") for one in walks]
    pitch, rhythm = recorded(here.facts, here.edges)
    return {
        "segments": len(here.bundle),
        "random_step": here.facts.random_step,
        "recorded_pitch": pitch,
        "recorded_rhythm": rhythm,
        "warmup_loops": max(into),
        "groove_sha256": _digest(walks),
    }


def _starts(here: Ground) -> list[tuple[int, Start]]:
    return list(enumerate(here.starts))


def _made(here: Ground, name: str, number: int) -> Any:
    """A policy, with places to go for those that cannot do without; other ones for each seed."""
    rows = np.random.default_rng(number).permutation(len(here.bundle))
    ids = [str(here.bundle.segments["id"][row]) for row in rows[:LISTED]]
    if name == "trip":
        return make_policy("trip:" + "; ".join(f"{JOURNEY} loops {one}" for one in ids))
    if name != "playlist":
        return make_policy(name)
    with tempfile.TemporaryDirectory(prefix="smartlooper-groove-") as folder:
        listed = Path(folder) / "list.txt"
        listed.write_text("\n".join(ids), encoding="utf-8")
        return make_policy("playlist", {"file": str(listed)})


def _digest(walks: Walks) -> str:
    return hashlib.sha256(repr(walks).encode()).hexdigest()
