"""Which phrases are near which, in their best transposition: cosines between embeddings."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.embedder import Embedder, Vectors
from models.notes import Phrase, transpose

NEIGHBOUR = np.dtype([("segment", "<i4"), ("transpose", "i1"), ("similarity", "<f4")])
"""`transpose` semitones bring the neighbour to what it is compared with."""

K = 64
TRANSPOSITIONS = np.arange(-5, 7)
_BLOCK = 256  # rows of the similarity matrix in memory at once

Neighbours = NDArray[Any]  # of dtype NEIGHBOUR


def neighbour_table(
    embedder: Embedder, phrases: Sequence[Phrase], vectors: Vectors, k: int = K
) -> Neighbours:
    """For each phrase its `k` nearest others, nearest first; shape (n, min(k, n - 1))."""
    moved = np.stack([embed_transposed(embedder, phrases, int(t)) for t in TRANSPOSITIONS])
    size = len(phrases)
    table = np.zeros((size, min(k, max(size - 1, 0))), NEIGHBOUR)
    for start in range(0, size, _BLOCK):
        rows = np.arange(start, min(start + _BLOCK, size))
        similarity, which = _best_transposition(vectors[rows] @ other.T for other in moved)
        similarity[np.arange(len(rows)), rows] = -np.inf  # not its own neighbour
        table[rows] = _nearest(similarity, which, table.shape[1])
    return table


def nearest_to(embedder: Embedder, phrase: Phrase, vectors: Vectors, k: int = K) -> Neighbours:
    """The `k` rows of `vectors` nearest to a phrase from outside; shape (min(k, n),).

    Only the query is transposed (the other way), so one phrase costs twelve embeddings.
    """
    queries = np.concatenate(
        [embed_transposed(embedder, [phrase], -int(t)) for t in TRANSPOSITIONS]
    )
    scores = queries @ np.asarray(vectors, np.float32).T
    similarity, which = _best_transposition(row[np.newaxis] for row in scores)
    nearest: Neighbours = _nearest(similarity, which, min(k, len(vectors)))[0]
    return nearest


def embed_transposed(embedder: Embedder, phrases: Sequence[Phrase], semitones: int) -> Vectors:
    if semitones == 0:
        return embedder.embed(phrases)
    return embedder.embed([replace(p, notes=transpose(p.notes, semitones)) for p in phrases])


def _best_transposition(
    by_transposition: Any,
) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """The highest score of each pair and the transposition that gives it, the smallest first."""
    scores = dict(zip(TRANSPOSITIONS.tolist(), by_transposition, strict=True))
    order = sorted(scores, key=abs)
    best = scores[order[0]].astype(np.float32)
    which = np.zeros(best.shape, np.int8)
    for semitones in order[1:]:
        better = scores[semitones] > best
        best[better] = scores[semitones][better]
        which[better] = semitones
    return best, which


def _nearest(similarity: NDArray[np.float32], which: NDArray[np.int8], k: int) -> Neighbours:
    # A stable sort: equal similarities come in the order of the corpus, the same on any machine.
    order = np.argsort(-similarity, axis=1, kind="stable")[:, :k]
    found = np.zeros(order.shape, NEIGHBOUR)
    found["segment"] = order
    found["transpose"] = np.take_along_axis(which, order, axis=1)
    found["similarity"] = np.take_along_axis(similarity, order, axis=1)
    return found
