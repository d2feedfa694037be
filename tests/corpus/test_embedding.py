from dataclasses import replace

import numpy as np
import pytest
from support.music import phrase

import corpus.building.embedding
from corpus.building.cache import pack
from corpus.building.embedding import Batch, embed_batch, unpack_vectors
from corpus.errors import CorpusError
from corpus.neighbours import TRANSPOSITIONS, embed_moved
from models.notes import Phrase
from models.pitch_histogram import PitchHistogram

EMBEDDER = PitchHistogram()
BATCH = Batch("take", [phrase(36 + i) for i in range(3)])


def vectors(rows: int = 12, columns: int = EMBEDDER.dimension) -> np.ndarray:
    return np.zeros((rows, 3, columns), np.float16)


def test_every_phrase_in_every_transposition() -> None:
    found = unpack_vectors(embed_batch(BATCH, EMBEDDER.name), EMBEDDER.dimension)
    assert found.shape == (12, 3, EMBEDDER.dimension)
    for place, semitones in enumerate(TRANSPOSITIONS.tolist()):
        wanted = embed_moved(EMBEDDER, BATCH.phrases, semitones)
        assert np.array_equal(found[place], wanted.astype(np.float16))


@pytest.mark.parametrize("size", [1, 2])
def test_few_at_once_or_many_make_no_difference(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    together = embed_batch(BATCH, EMBEDDER.name)
    monkeypatch.setattr(corpus.building.embedding, "BATCH", size)
    assert embed_batch(BATCH, EMBEDDER.name) == together


@pytest.mark.parametrize(
    "other",
    [
        {"notes": phrase(40).notes},
        {"pedals": phrase(36, pedal=127).pedals},
        {"beats": 4.0},
        {"bar": 3.0},
        {"bpm": 90.0},
    ],
)
def test_other_music_has_another_key(other: dict[str, object]) -> None:
    changed: Phrase = replace(phrase(36), **other)  # type: ignore[arg-type]
    keys = {Batch("take", [one]).key("sha") for one in (phrase(36), changed)}
    assert len(keys) == 2
    assert Batch("take", [phrase(36)]).key("sha") == Batch("another", [phrase(36)]).key("sha")


def test_the_embedder_the_transpositions_and_the_code_are_in_the_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keys = {BATCH.key("one"), BATCH.key("another")}
    with monkeypatch.context() as patch:
        patch.setattr(corpus.building.embedding, "TRANSPOSITIONS", np.arange(-6, 6))
        keys.add(BATCH.key("one"))
    with monkeypatch.context() as patch:
        patch.setattr(corpus.building.embedding, "code_key", lambda: "later")
        keys.add(BATCH.key("one"))
    assert len(keys) == 4
    assert BATCH.key("one") in keys


@pytest.mark.parametrize(
    "wrong",
    [
        vectors(rows=11),
        vectors(columns=EMBEDDER.dimension + 1),
        vectors().astype(np.float32),
        vectors()[0],
        np.full_like(vectors(), np.nan),
        np.full_like(vectors(), np.inf),
    ],
)
def test_what_is_not_the_vectors_of_a_track_is_refused(wrong: np.ndarray) -> None:
    unpack_vectors(pack({"vectors": vectors()}, None), EMBEDDER.dimension)
    with pytest.raises(ValueError, match="not the vectors of a track"):
        unpack_vectors(pack({"vectors": wrong}, None), EMBEDDER.dimension)
    with pytest.raises(ValueError, match="not the vectors"):
        unpack_vectors(pack({"notes": vectors()}, None), EMBEDDER.dimension)


def test_an_embedder_that_gives_no_numbers_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(*_: object) -> np.ndarray:
        return np.full((3, 8), np.nan, np.float32)

    monkeypatch.setattr(corpus.building.embedding, "embed_moved", nothing)
    with pytest.raises(CorpusError, match=r"^take: the embedder pitch-histogram gives no numbers"):
        embed_batch(BATCH, EMBEDDER.name)
