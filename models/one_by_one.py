"""A batch of phrases through a network that takes them one at a time."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from models.embedder import Vectors
from models.errors import ModelError
from models.notes import Phrase


def embed_each(
    phrases: Sequence[Phrase], dimension: int, embed: Callable[[Phrase], Vectors], path: Path
) -> Vectors:
    """`embed` of each phrase as a row of unit length; ModelError names an empty phrase, or the
    model file at `path` where a row is not of numbers."""
    rows = np.zeros((len(phrases), dimension), np.float32)
    for number, phrase in enumerate(phrases):
        if len(phrase.notes) == 0:
            raise ModelError(f"phrase {number} of the batch has no notes to embed")
        vector = embed(phrase)
        with np.errstate(invalid="ignore", divide="ignore"):  # told of below
            rows[number] = vector / np.linalg.norm(vector)
    if not np.isfinite(rows).all():
        raise ModelError(f"{path}: gives vectors that are not numbers; use another embedder")
    return rows
