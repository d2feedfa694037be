"""The published notes encoder of Spectrogram Diffusion (Hawthorne et al. 2022) as an embedder.

Its weights are not shipped: models.convert makes the file from the published checkpoint. The vector
is the mean of the encoder's outputs over the tokens (padding left out), scaled to unit length.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from models.embedder import Vectors
from models.errors import ModelError
from models.notes import Phrase
from models.one_by_one import embed_each
from models.tflite import Signature, TfliteModel
from models.tokens import PAD, TimedNotes, encode, phrase_notes

SETTING = "SMARTLOOPER_SPECDIFF"  # environment variable that names the file
SHORTEST, LONGEST = 4.5, 5.119  # seconds that a phrase may last as it was played
VERSION = 1  # of how a phrase becomes tokens
_SIGNATURE = "encode_"  # followed by the window's size in tokens


def signature_name(window: int) -> str:
    return f"{_SIGNATURE}{window}"


def model_file(environment: Mapping[str, str]) -> Path:
    """Where the converted model is: what SETTING names, or `smartlooper/specdiff.tflite` in the
    user's data folder."""
    if named := environment.get(SETTING):
        return Path(named)
    data = environment.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "smartlooper" / "specdiff.tflite"


class SpecDiff:
    """The embedder `specdiff`; ModelError where there is no converted file, or one that is unfit.

    A phrase of more tokens than the file's largest window is embedded in parts, which are averaged
    by their number of tokens.
    """

    name = "specdiff"

    def __init__(self, path: Path | None = None, threads: int = 1) -> None:
        path = path or model_file(os.environ)
        if not path.is_file():
            raise ModelError(
                f"{path}: no converted model; make one with python -m models.convert specdiff"
                f" --checkpoint DIR --out {path}, name another file in {SETTING},"
                " or use another embedder"
            )
        self._model = TfliteModel(path, threads)
        self.windows, self.dimension = _checked(self._model)

    @property
    def sha256(self) -> str:
        """Of the weights and of how a phrase becomes tokens."""
        return hashlib.sha256(f"{self.name} {VERSION} {self._model.sha256}".encode()).hexdigest()

    def embed(self, phrases: Sequence[Phrase]) -> Vectors:
        return embed_each(phrases, self.dimension, self._embed, self._model.path)

    def outputs(self, tokens: Sequence[int]) -> Vectors:
        """One vector a token, for at most `windows[-1]` tokens."""
        window = next(size for size in self.windows if size >= len(tokens))
        padded = np.full((1, window), PAD, np.int32)
        padded[0, : len(tokens)] = tokens
        found: Vectors = self._model.run(signature_name(window), padded)[0, : len(tokens)]
        return found

    def _embed(self, phrase: Phrase) -> Vectors:
        parts = phrase_tokens(phrase, self.windows[-1])
        total: Vectors = np.sum([self.outputs(tokens).sum(axis=0) for tokens in parts], axis=0)
        return total


def phrase_tokens(phrase: Phrase, most: int) -> list[list[int]]:
    """The tokens of a phrase that fits one window; in several lists where there are more than
    `most`, each with part of the notes in time order."""
    return list(_within(fitted(phrase), most))


def fitted(phrase: Phrase) -> TimedNotes:
    """The phrase as played; one that does not last SHORTEST to LONGEST seconds is stretched to
    LONGEST. A phrase lasts from its first note or beat to its last beat, or to the end of the last
    note if that is later."""
    notes = phrase_notes(phrase)
    lead = min(0.0, float(phrase.notes["onset"].min()))
    lasts = max((phrase.beats - lead) * 60.0 / phrase.bpm, float(notes["end"].max()))
    if not SHORTEST <= lasts <= LONGEST:
        for end in ("start", "end"):
            notes[end] *= LONGEST / lasts
    return notes


def _within(notes: TimedNotes, most: int) -> Iterator[list[int]]:
    (tokens,) = encode(notes)
    if len(tokens) <= most or len(notes) == 1:
        yield tokens[:most]
    else:
        for half in np.array_split(notes[np.argsort(notes["start"], kind="stable")], 2):
            yield from _within(half, most)


def _checked(model: TfliteModel) -> tuple[tuple[int, ...], int]:
    """The sizes of the file's windows, smallest first, and the width of its vectors."""
    sizes = [name.removeprefix(_SIGNATURE) for name in model.signatures]
    windows = tuple(sorted(int(size) for size in sizes if size.isdecimal()))
    found = [model.signatures.get(signature_name(window)) for window in windows]
    width = next((one.output[-1] for one in found if one and one.output), 0)
    wanted = [Signature((1, size), "int32", (1, size, width), "float32") for size in windows]
    if not windows or found != wanted:
        there = ", ".join(sorted(model.signatures)) or "none"
        raise ModelError(
            f"{model.path}: not a converted Spectrogram Diffusion encoder (signatures there:"
            f" {there}); make one with python -m models.convert specdiff"
        )
    return windows, width
