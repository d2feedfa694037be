"""The vectors of a recording's segments in every transposition, as a build makes and keeps them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from corpus.building.cache import code_key, key_of, pack, unpack
from corpus.errors import CorpusError
from corpus.neighbours import TRANSPOSITIONS, embed_moved
from models.embedder import Embedder, make_embedder
from models.notes import Phrase

BATCH = 512  # phrases embedded at once


@dataclass(frozen=True, eq=False)
class Batch:
    """The phrases of one track, and what a person calls it."""

    track: str
    phrases: Sequence[Phrase]

    def key(self, embedder_sha256: str) -> str:
        """The same for the same music, embedder, transpositions and code."""
        parts = [
            part
            for phrase in self.phrases
            for part in (
                phrase.notes.tobytes(),
                phrase.pedals.tobytes(),
                float(phrase.beats),
                float(phrase.bar),
                float(phrase.bpm),
            )
        ]
        return key_of("vectors", code_key(), embedder_sha256, TRANSPOSITIONS.tolist(), *parts)


def embed_batch(batch: Batch, embedder: str) -> bytes:
    """Vectors of shape (transpositions, phrases, dimensions), float16, packed.

    CorpusError where the embedder gives something that is no number.
    """
    known = _embedder(embedder)
    vectors = np.stack([_embed(known, batch.phrases, int(t)) for t in TRANSPOSITIONS])
    if not np.isfinite(vectors).all():
        raise CorpusError(
            f"{batch.track}: the embedder {embedder} gives no numbers for it; leave that file out"
        )
    return pack({"vectors": vectors.astype(np.float16)}, None)


def unpack_vectors(data: bytes, dimension: int) -> NDArray[np.float16]:
    """What `embed_batch` made; ValueError where it is not that, or of another dimension."""
    arrays, _ = unpack(data)
    vectors = arrays.get("vectors")
    if vectors is None or vectors.dtype != np.float16 or vectors.ndim != 3:
        raise ValueError("not the vectors of a track")
    if vectors.shape[::2] != (len(TRANSPOSITIONS), dimension) or not np.isfinite(vectors).all():
        raise ValueError("not the vectors of a track by this embedder")
    return vectors


def _embed(embedder: Embedder, phrases: Sequence[Phrase], semitones: int) -> NDArray[np.float32]:
    starts = range(0, len(phrases), BATCH)
    return np.concatenate(
        [embed_moved(embedder, phrases[i : i + BATCH], semitones) for i in starts]
    )


@lru_cache(maxsize=2)
def _embedder(name: str) -> Embedder:
    return make_embedder(name)  # a network takes a while to load, and a worker serves many tracks
