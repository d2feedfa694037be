"""The notes encoder of a diffusion model as an embedder: what a phrase is like, in one vector.

The vector is made of the mean of the encoder's outputs over the tokens, and of the tempo beside it.
Trained by models.train, converted by models.export; this module needs neither.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models.embedder import Vectors
from models.errors import ModelError
from models.note_tokens import FIELDS, Tokens, pad, windows
from models.notes import Phrase
from models.one_by_one import embed_each
from models.tempo import SIZE, joined
from models.tflite import Signature, TfliteModel

FILE = Path(__file__).with_name("notes_encoder.tflite")
WINDOWS = (32, 64, 128)  # notes; a phrase is run in the smallest window that holds it
VERSION = 2  # of how notes become tokens, and tempo part of the vector


def signature_name(window: int) -> str:
    return f"embed_{window}"


class NotesEncoder:
    """The embedder `notes-encoder`; ModelError where its file cannot be used.

    A phrase of more than 128 notes, or longer than sixteen beats, is embedded in parts, and the
    parts are averaged by their number of notes.
    """

    name = "notes-encoder"

    def __init__(self, path: Path = FILE, threads: int = 1) -> None:
        self._model = TfliteModel(path, threads)
        self._width = _checked_dimension(self._model)
        self.dimension = self._width + SIZE

    @property
    def sha256(self) -> str:
        """Of the weights, how notes become tokens, and how tempo joins them."""
        return hashlib.sha256(f"{self.name} {VERSION} {self._model.sha256}".encode()).hexdigest()

    def embed(self, phrases: Sequence[Phrase]) -> Vectors:
        vectors = embed_each(phrases, self._width, self._embed, self._model.path)
        return joined(vectors, [phrase.bpm for phrase in phrases])

    def _embed(self, phrase: Phrase) -> Vectors:
        parts = windows(phrase.notes, WINDOWS[-1])
        total: Vectors = np.sum([len(tokens) * self._run(tokens) for tokens in parts], axis=0)
        return total

    def _run(self, tokens: Tokens) -> Vectors:
        window = next(size for size in WINDOWS if size >= len(tokens))
        vector: Vectors = self._model.run(signature_name(window), pad([tokens], window))[0]
        return vector


def _checked_dimension(model: TfliteModel) -> int:
    """Of the vectors that the file gives; ModelError unless it has exactly our signatures."""
    found = model.signatures.get(signature_name(WINDOWS[0]))
    dimension = found.output[-1] if found and found.output else 0
    for window in WINDOWS:
        wanted = Signature((1, window, len(FIELDS)), "int32", (1, dimension), "float32")
        if model.signatures.get(signature_name(window)) != wanted:
            there = ", ".join(sorted(model.signatures)) or "none"
            raise ModelError(
                f"{model.path}: not a notes encoder: signature {signature_name(window)} is missing"
                f" or of another shape (signatures there: {there}); export it with models.export"
            )
    return dimension
