import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from support.music import BOOGIE, WALTZ, phrase

from models import tflite
from models.errors import ModelError
from models.note_tokens import encode, pad
from models.notes import Phrase, note_array, transposed
from models.notes_encoder import FILE, NotesEncoder, signature_name
from models.tempo import SHARE, SIZE
from models.tflite import TfliteModel, seal

pytestmark = [
    pytest.mark.skipif(
        not any(importlib.util.find_spec(name.partition(".")[0]) for name in tflite.RUNTIMES),
        reason="neither tflite-runtime nor ai-edge-litert is installed",
    ),
    pytest.mark.skipif(
        not FILE.exists(),
        reason="models/notes_encoder.tflite is not there: it is still to be trained",
    ),
]


@pytest.fixture(scope="module")
def encoder() -> NotesEncoder:
    return NotesEncoder()


def scale(count: int, step: float = 0.25) -> Phrase:
    rows = [(i * step, step, 40 + i % 24, 80) for i in range(count)]
    return replace(phrase(), notes=note_array(rows), beats=max(4.0, count * step))


def test_rows_are_unit_vectors_of_the_promised_size(encoder: NotesEncoder) -> None:
    vectors = encoder.embed([phrase(root) for root in range(30, 40)])
    assert vectors.shape == (10, encoder.dimension)
    assert vectors.dtype == np.float32
    assert np.abs(np.linalg.norm(vectors, axis=1) - 1).max() < 1e-5


def test_an_empty_batch_gives_no_rows(encoder: NotesEncoder) -> None:
    assert encoder.embed([]).shape == (0, encoder.dimension)


def test_a_batch_gives_what_single_phrases_give(encoder: NotesEncoder) -> None:
    phrases = [phrase(30), scale(33), scale(100)]
    single = np.concatenate([encoder.embed([one]) for one in phrases])
    assert (encoder.embed(phrases) == single).all()


@pytest.mark.parametrize(("window", "wider"), [(32, 64), (64, 128)])
def test_padding_makes_no_difference(encoder: NotesEncoder, window: int, wider: int) -> None:
    full = scale(window)
    model = TfliteModel(FILE)
    wide = model.run(signature_name(wider), pad([encode(full.notes)], wider))[0]
    assert np.abs(of_notes(encoder, full)[0] - wide).max() < 1e-4


def of_notes(encoder: NotesEncoder, *phrases: Phrase) -> NDArray[np.float32]:
    """The part of their vectors that is not the tempo's, of unit length."""
    vectors: NDArray[np.float32] = encoder.embed(phrases)[:, :-SIZE]
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.sqrt(1 - SHARE), abs=1e-5)
    return vectors / np.float32(np.sqrt(1 - SHARE))


def struck(groove: Phrase, velocity: int) -> Phrase:
    notes = groove.notes.copy()
    notes["velocity"] = velocity
    return replace(groove, notes=notes)


def test_the_same_groove_played_again_is_nearer_than_another(encoder: NotesEncoder) -> None:
    groove, other = phrase(36, BOOGIE, velocity=80), phrase(37, WALTZ, beats=6, bar=3)
    again, up = struck(groove, 84), transposed(groove, 6)
    one, same, far, moved = encoder.embed([groove, again, other, up])
    assert one @ same > max(one @ far, one @ moved) + 0.2


def test_loudness_is_heard_but_counts_less_than_what_is_played(encoder: NotesEncoder) -> None:
    groove, other = phrase(36, BOOGIE, velocity=80), phrase(37, WALTZ, beats=6, bar=3)
    one, near, louder, far = encoder.embed([groove, struck(groove, 84), struck(groove, 100), other])
    assert one @ near > one @ louder > one @ far + 0.5


def test_pedals_are_not_heard(encoder: NotesEncoder) -> None:
    one, other = encoder.embed([phrase(pedal=0), phrase(pedal=127)])
    assert (one == other).all()


def test_another_tempo_is_heard_and_half_of_it_is_not(encoder: NotesEncoder) -> None:
    one, near, far, half = encoder.embed([phrase(bpm=bpm) for bpm in (100, 102, 130, 50)])
    assert np.abs(one - half).max() < 1e-6
    assert 1 > one @ near > one @ far > 1 - 2 * SHARE - 1e-6


def test_more_notes_than_a_window_are_embedded_in_parts(encoder: NotesEncoder) -> None:
    dense = scale(129, step=0.05)
    assert np.linalg.norm(encoder.embed([dense])) == pytest.approx(1, abs=1e-5)
    halves = [replace(dense, notes=part) for part in np.array_split(dense.notes, 2)]
    sizes = [[len(half.notes)] for half in halves]
    mean = (of_notes(encoder, *halves) * sizes).sum(axis=0)
    assert np.abs(of_notes(encoder, dense)[0] - mean / np.linalg.norm(mean)).max() < 1e-5


def test_a_phrase_of_fifty_beats_has_a_vector(encoder: NotesEncoder) -> None:
    assert np.isfinite(encoder.embed([scale(200)])).all()


def test_an_empty_phrase_is_named(encoder: NotesEncoder) -> None:
    with pytest.raises(ModelError, match="phrase 1"):
        encoder.embed([phrase(), replace(phrase(), notes=note_array([]))])


def test_weights_are_named_by_their_digest(encoder: NotesEncoder, tmp_path: Path) -> None:
    assert encoder.sha256 == NotesEncoder().sha256
    path = tmp_path / "other.tflite"
    path.write_bytes(seal(FILE.read_bytes()[:-48] + b"another"))
    assert NotesEncoder(path).sha256 != encoder.sha256


def test_a_model_with_another_signature_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.tflite"
    path.write_bytes(seal(FILE.read_bytes()[:-48].replace(b"embed_64", b"other_64")))
    with pytest.raises(ModelError, match=r"other\.tflite: not a notes encoder.*other_64"):
        NotesEncoder(path)
