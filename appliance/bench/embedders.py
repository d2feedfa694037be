"""How well embedders hear: the same five questions to each, on songs set aside.

These figures need no clock; equal arguments give equal figures. What an embedder costs is measured
beside them, and is this machine's. Songs are those whose number leaves remainder 0 when divided by
10, cut into segments of 8 beats.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.bench.embed_costs import Make, embed_costs
from corpus.neighbours import TRANSPOSITIONS
from models.dataset import HELD_OUT, Piece, all_pieces, split
from models.embedder import Embedder, Vectors, make_embedder
from models.errors import ModelError
from models.notes import Notes, Phrase, sort_notes
from models.notes_encoder import FILE, NotesEncoder
from models.pitch_histogram import PitchHistogram

NEAREST = 10
TOO_CLOSE = 2  # positions in time within which a segment of the same song does not count
OTHERS = 99  # candidates from other songs beside the true next segment
ONSET_SLOTS, SLOTS_A_BEAT = 32, 4
LEVELS = 10
MIN_NOTES = 10  # of a segment that is edited in ten levels
TIMED = 300  # segments that costs are measured with

Floats = NDArray[Any]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """How many segments are asked: `queries` for the next segment, `edited` for graded change."""

    queries: int = 400
    edited: int = 100
    seed: int = 0


class PitchClasses:
    """The baseline of the literature: how long each pitch class sounds."""

    name = "pitch-classes"
    dimension = 12
    sha256 = hashlib.sha256(b"pitch-classes 1").hexdigest()

    def embed(self, phrases: Sequence[Phrase]) -> Vectors:
        for number, phrase in enumerate(phrases):
            if len(phrase.notes) == 0:
                raise ModelError(f"phrase {number} of the batch has no notes to embed")
        rows = np.array([pitch_profile(phrase.notes) for phrase in phrases]).reshape(-1, 12)
        return _unit(rows).astype(np.float32)


class RandomWeights(NotesEncoder):
    """The architecture of `notes-encoder` with weights that learned nothing."""

    name = "random-weights"

    def __init__(self) -> None:
        super().__init__(FILE.with_name("notes_encoder_random.tflite"))


EMBEDDERS: dict[str, Make] = {
    kind.name: kind for kind in (NotesEncoder, RandomWeights, PitchHistogram, PitchClasses)
}


def embed_report(
    folder: Path, more: Sequence[str] = (), plan: Plan | None = None, say: Say = lambda line: None
) -> dict[str, Any]:
    """Quality and costs of EMBEDDERS and of those named in `more`, by name.

    ModelError or CorpusError where an embedder or a song cannot be had; takes minutes.
    """
    makers = EMBEDDERS | {name: partial(make_embedder, name) for name in more}
    pieces = all_pieces(split(folder, lambda rest: rest == HELD_OUT))
    report = embed_figures(folder, [make() for make in makers.values()], plan, say, pieces)
    some = [piece.phrase for piece in pieces[:: max(1, len(pieces) // TIMED)]][:TIMED]
    for name, make in makers.items():
        costs = embed_costs(make, some)
        report["embedders"][name] |= costs
        say(f"{name}: " + ", ".join(f"{key} {value:g}" for key, value in costs.items()))
    return report


def embed_figures(
    folder: Path,
    embedders: Sequence[Embedder],
    plan: Plan | None = None,
    say: Say = lambda line: None,
    pieces: Sequence[Piece] | None = None,
) -> dict[str, Any]:
    """Figures of each embedder by name, beside what the best possible and random answers give.

    `pieces` replaces the segments of the songs set aside in `folder`. ModelError where the folder
    holds too little to measure with.
    """
    plan = plan or Plan()
    found = list(pieces or all_pieces(split(folder, lambda rest: rest == HELD_OUT)))
    songs = np.array([piece.song for piece in found])
    if len(set(songs.tolist())) < 2 or len(found) <= OTHERS + NEAREST:
        raise ModelError(f"{folder}: {len(found)} segments set aside; give a few dozen songs")
    result: dict[str, Any] = {"segments": len(found), "songs": len(set(songs.tolist()))}
    result["embedders"] = {}
    for embedder in embedders:
        figures = _figures(embedder, found, songs, plan)
        result["embedders"][embedder.name] = {"sha256": embedder.sha256, **figures}
        say(f"{embedder.name}: " + ", ".join(f"{k} {v:.3f}" for k, v in figures.items()))
    return result


def _figures(
    embedder: Embedder, pieces: list[Piece], songs: NDArray[Any], plan: Plan
) -> dict[str, float]:
    phrases = [piece.phrase for piece in pieces]
    vectors = embedder.embed(phrases)
    same_key = embedder.embed([moved(p.phrase, _shift(-p.tonic)) for p in pieces])
    figures = {
        "next_mrr": next_segment(vectors, songs, plan),
        "next_mrr_transposed": next_transposed(embedder, phrases, vectors, songs, plan),
        "same_song_p10": same_song(vectors, songs),
        "feel_p10": same_song(same_key, songs),
    }
    figures |= across_songs(vectors, phrases, songs) | graded_change(embedder, phrases, plan)
    return {name: round(float(value), 4) for name, value in figures.items()}


# -- next segment ---------------------------------------------------------------------------------


def next_segment(vectors: Vectors, songs: NDArray[Any], plan: Plan) -> float:
    """Mean reciprocal rank of the true next segment among it and OTHERS from other songs."""
    queries, candidates = _next_candidates(songs, plan)
    scores = np.einsum("qd,qcd->qc", vectors[queries], vectors[candidates])
    return _mean_reciprocal_rank(scores)


def next_transposed(
    embedder: Embedder,
    phrases: Sequence[Phrase],
    vectors: Vectors,
    songs: NDArray[Any],
    plan: Plan,
) -> float:
    """The same with every candidate transposed at random, each pair scored in the best of the
    twelve transpositions (of the query, which is the same thing and cheaper)."""
    queries, candidates = _next_candidates(songs, plan)
    rng = np.random.default_rng([plan.seed, 1])
    used, where = np.unique(candidates, return_inverse=True)
    shifts = rng.integers(TRANSPOSITIONS[0], TRANSPOSITIONS[-1] + 1, len(used))
    heard = embedder.embed([moved(phrases[i], int(s)) for i, s in zip(used, shifts, strict=True)])
    heard = heard[where.reshape(candidates.shape)]
    best = np.full(candidates.shape, -np.inf)
    for semitones in TRANSPOSITIONS.tolist():
        asked = vectors[queries]
        if semitones:
            asked = embedder.embed([moved(phrases[i], semitones) for i in queries])
        best = np.maximum(best, np.einsum("qd,qcd->qc", asked, heard))
    return _mean_reciprocal_rank(best)


def _next_candidates(songs: NDArray[Any], plan: Plan) -> tuple[NDArray[Any], NDArray[Any]]:
    """Queries, and for each the true next segment and then OTHERS from other songs."""
    rng = np.random.default_rng([plan.seed, 0])
    has_next = np.flatnonzero(songs[:-1] == songs[1:])
    queries = np.sort(rng.permutation(has_next)[: plan.queries])
    rows = [
        np.append(q + 1, rng.choice(np.flatnonzero(songs != songs[q]), OTHERS, replace=False))
        for q in queries
    ]
    return queries, np.array(rows)


def _mean_reciprocal_rank(scores: Floats) -> float:
    """Of column 0; a tie counts as half a place."""
    above = (scores[:, 1:] > scores[:, :1]).sum(axis=1)
    level = (scores[:, 1:] == scores[:, :1]).sum(axis=1)
    return float((1.0 / (1.0 + above + level / 2)).mean())


# -- same song ------------------------------------------------------------------------------------


def same_song(vectors: Vectors, songs: NDArray[Any]) -> float:
    """precision@10: the share of the nearest that come from the same song."""
    scores = vectors @ vectors.T
    position = np.arange(len(songs))
    near = np.abs(position[:, None] - position) <= TOO_CLOSE
    scores[near & (songs[:, None] == songs)] = -np.inf
    nearest = np.argsort(-scores, axis=1, kind="stable")[:, :NEAREST]
    return float((songs[nearest] == songs[:, None]).mean())


# -- across songs ---------------------------------------------------------------------------------


def across_songs(
    vectors: Vectors, phrases: Sequence[Phrase], songs: NDArray[Any]
) -> dict[str, float]:
    """How alike the ten nearest from other songs are in rhythm and in pitch classes: 0 is what ten
    random ones are, 1 what the ten most alike are."""
    elsewhere = songs[:, None] != songs
    nearest = _best_ten(vectors @ vectors.T, elsewhere)
    onsets = _unit(np.array([onset_pattern(phrase.notes) for phrase in phrases]))
    pitches = _unit(np.array([pitch_profile(phrase.notes) for phrase in phrases]))
    return {
        "across_onsets": _share(onsets @ onsets.T, nearest, elsewhere),
        "across_pitches": _share(pitches @ pitches.T, nearest, elsewhere),
    }


def _best_ten(scores: Floats, allowed: NDArray[np.bool_]) -> NDArray[Any]:
    order = np.argsort(np.where(allowed, -scores, np.inf), axis=1, kind="stable")
    return order[:, :NEAREST]


def _share(alike: Floats, nearest: NDArray[Any], allowed: NDArray[np.bool_]) -> float:
    random = (alike * allowed).sum() / allowed.sum()
    best = np.take_along_axis(alike, _best_ten(alike, allowed), axis=1).mean()
    found = np.take_along_axis(alike, nearest, axis=1).mean()
    return float((found - random) / (best - random))


def onset_pattern(notes: Notes) -> Floats:
    """Notes struck in each quarter of a beat, over eight beats."""
    slot = np.rint(notes["onset"] * SLOTS_A_BEAT).astype(np.int64) % ONSET_SLOTS
    return np.bincount(slot, minlength=ONSET_SLOTS).astype(float)


def pitch_profile(notes: Notes) -> Floats:
    """Beats that each pitch class sounds for."""
    return np.bincount(notes["pitch"] % 12, weights=notes["duration"], minlength=12)


# -- graded change --------------------------------------------------------------------------------


def graded_change(embedder: Embedder, phrases: Sequence[Phrase], plan: Plan) -> dict[str, float]:
    """Rank correlation between the level of an edit and the distance it makes, the mean over
    segments; of each kind of edit and of all. Every level contains the one below."""
    rng = np.random.default_rng([plan.seed, 2])
    long_enough = [i for i, phrase in enumerate(phrases) if len(phrase.notes) >= MIN_NOTES]
    chosen = np.sort(rng.permutation(long_enough)[: plan.edited])
    originals = embedder.embed([phrases[i] for i in chosen])
    figures = {}
    for name, edit in EDITS.items():
        ladders = [_ladder(phrases[i], edit, plan.seed, int(i)) for i in chosen]
        vectors = embedder.embed([phrase for ladder in ladders for phrase in ladder])
        steps = vectors.reshape(len(chosen), LEVELS, -1)
        distance = 1.0 - np.einsum("sd,sld->sl", originals, steps)
        figures[f"graded_{name}"] = float(np.mean([rank_correlation(row) for row in distance]))
    return {"graded_change": float(np.mean(list(figures.values()))), **figures}


def _ladder(phrase: Phrase, edit: "Edit", seed: int, number: int) -> list[Phrase]:
    return [
        replace(phrase, notes=edit(phrase.notes, level / LEVELS, seed, number))
        for level in range(1, LEVELS + 1)
    ]


Edit = Callable[[Notes, float, int, int], Notes]


def _dropped(notes: Notes, amount: float, seed: int, number: int) -> Notes:
    """Up to four fifths of the notes left out."""
    order = np.random.default_rng([seed, 3, number]).permutation(len(notes))
    kept: Notes = notes[np.sort(order[round(amount * 0.8 * len(notes)) :])]
    return kept


def _mistimed(notes: Notes, amount: float, seed: int, number: int) -> Notes:
    """Every note moved by up to a quarter of a beat."""
    way = np.random.default_rng([seed, 4, number]).uniform(-1, 1, len(notes))
    edited = notes.copy()
    edited["onset"] += amount * 0.25 * way
    return sort_notes(edited)


def _off_key(notes: Notes, amount: float, seed: int, number: int) -> Notes:
    """Up to all notes moved by a semitone."""
    return _repitched(notes, amount, np.random.default_rng([seed, 5, number]), 1)


def _octaves(notes: Notes, amount: float, seed: int, number: int) -> Notes:
    """Up to all notes moved by an octave."""
    return _repitched(notes, amount, np.random.default_rng([seed, 6, number]), 12)


EDITS: dict[str, Edit] = {
    "dropped": _dropped,
    "timing": _mistimed,
    "off_key": _off_key,
    "register": _octaves,
}


def _repitched(notes: Notes, amount: float, rng: np.random.Generator, step: int) -> Notes:
    order = rng.permutation(len(notes))[: round(amount * len(notes))]
    way = rng.choice([-step, step], len(notes))
    pitch = notes["pitch"].astype(np.int64)
    way = np.where((pitch + way < 21) | (pitch + way > 108), -way, way)
    edited = notes.copy()
    edited["pitch"][order] = (pitch + way)[order]
    return sort_notes(edited)


def rank_correlation(values: Floats) -> float:
    """Spearman's coefficient between values and their places; 0 where all are equal."""
    ranks, places = _ranks(values), np.arange(len(values)) - (len(values) - 1) / 2
    ranks = ranks - ranks.mean()
    size = float(np.linalg.norm(ranks) * np.linalg.norm(places))
    return float(ranks @ places) / size if size > 0 else 0.0


def _ranks(values: Floats) -> Floats:
    """Ranks from 0; equal values share the mean of theirs."""
    below = (values[:, None] > values).sum(axis=1)
    level = (values[:, None] == values).sum(axis=1)
    ranks: Floats = below + (level - 1) / 2
    return ranks


# -- helpers --------------------------------------------------------------------------------------


def moved(phrase: Phrase, semitones: int) -> Phrase:
    """Transposed; a note that would leave the piano stays in it by octaves."""
    pitch = phrase.notes["pitch"].astype(np.int64) + semitones
    pitch += 12 * (pitch < 21) - 12 * (pitch > 108)
    notes = phrase.notes.copy()
    notes["pitch"] = pitch
    return replace(phrase, notes=sort_notes(notes))


def _shift(semitones: int) -> int:
    """The nearest transposition that is that many semitones up, octaves apart."""
    return (semitones + 5) % 12 - 5


def _unit(rows: Floats) -> Floats:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    zeros = np.zeros_like(rows, dtype=float)
    unit: Floats = np.divide(rows, length, out=zeros, where=length > 1e-12)
    return unit
