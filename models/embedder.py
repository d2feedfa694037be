"""The embedder protocol: phrases in, unit vectors out."""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models.errors import ModelError
from models.notes import Phrase

Vectors = NDArray[np.float32]


class Embedder(Protocol):
    """Measures phrases: the cosine of two vectors says how alike two grooves are.

    `sha256` identifies the weights (or the code version) behind the vectors, so that vectors of
    different embedders are never compared.
    """

    @property
    def name(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    @property
    def sha256(self) -> str: ...

    def embed(self, phrases: Sequence[Phrase]) -> Vectors:
        """One unit row a phrase, shape (len(phrases), dimension); ModelError on an empty phrase."""
        ...


def make_embedder(name: str) -> Embedder:
    """The embedder of that name; ModelError lists the known ones."""
    # Here, so that a protocol needs no part.
    from models.notes_encoder import NotesEncoder
    from models.pitch_histogram import PitchHistogram
    from models.specdiff import SpecDiff

    known: dict[str, Callable[[], Embedder]] = {
        NotesEncoder.name: NotesEncoder,
        PitchHistogram.name: PitchHistogram,
        SpecDiff.name: SpecDiff,
    }
    if name not in known:
        raise ModelError(f"no embedder {name!r}; there is {', '.join(sorted(known))}")
    return known[name]()
