from dataclasses import replace

import numpy as np
import pytest
from support.music import WALTZ, phrase

from models.embedder import make_embedder
from models.errors import ModelError
from models.notes import Phrase, note_array, transposed
from models.pitch_histogram import PitchHistogram


def cosine(one: Phrase, other: Phrase) -> float:
    first, second = PitchHistogram().embed([one, other])
    return float(first @ second)


def humanised(original: Phrase, seed: int = 0) -> Phrase:
    rng = np.random.default_rng(seed)
    notes = original.notes.copy()
    notes["onset"] += rng.normal(0, 0.015, len(notes))
    notes["velocity"] = np.clip(notes["velocity"] + rng.integers(-12, 13, len(notes)), 1, 127)
    return replace(original, notes=note_array(notes.tolist()))


def test_rows_are_unit_vectors_of_the_promised_size() -> None:
    embedder = PitchHistogram()
    vectors = embedder.embed([phrase(root) for root in range(30, 60)])
    assert vectors.shape == (30, embedder.dimension)
    assert vectors.dtype == np.float32
    assert np.abs(np.linalg.norm(vectors, axis=1) - 1).max() < 1e-6


def test_the_same_groove_played_again_is_near() -> None:
    assert cosine(phrase(36), humanised(phrase(36))) > 0.97


def test_a_semitone_apart_is_far() -> None:
    near = cosine(phrase(36), humanised(phrase(36)))
    assert cosine(phrase(36), transposed(phrase(36), 1)) < near - 0.4


def test_an_octave_apart_is_nearer_than_a_semitone_apart() -> None:
    groove = phrase(36)
    assert cosine(groove, transposed(groove, 12)) > cosine(groove, transposed(groove, 1))


def test_another_rhythm_is_further_than_another_note() -> None:
    groove = phrase(36)
    one_note = replace(groove, notes=groove.notes.copy())
    one_note.notes["pitch"][3] += 1
    shifted = groove.notes.copy()
    shifted["onset"] += 0.25
    assert cosine(groove, one_note) > cosine(groove, replace(groove, notes=shifted))


def test_a_waltz_is_not_a_boogie() -> None:
    waltz = phrase(36, WALTZ, beats=6, bar=3)
    assert cosine(phrase(36), waltz) < cosine(phrase(36), phrase(36, [0, 0, 7, 7, 10, 10, 7, 7]))


def test_a_batch_gives_what_single_phrases_give() -> None:
    phrases = [phrase(root) for root in (30, 41, 52)]
    single = np.concatenate([PitchHistogram().embed([one]) for one in phrases])
    assert np.allclose(PitchHistogram().embed(phrases), single)


def test_an_empty_batch_gives_no_rows() -> None:
    assert PitchHistogram().embed([]).shape == (0, PitchHistogram.dimension)


def test_an_empty_phrase_is_named() -> None:
    with pytest.raises(ModelError, match="phrase 1"):
        PitchHistogram().embed([phrase(), replace(phrase(), notes=note_array([]))])


def test_an_unknown_embedder_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ModelError, match="pitch-histogram"):
        make_embedder("nonsense")
