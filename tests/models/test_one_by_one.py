from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.music import phrase

from models.embedder import Vectors
from models.errors import ModelError
from models.notes import Phrase, note_array
from models.one_by_one import embed_each

FILE = Path("some.tflite")


def lowest_and_count(one: Phrase) -> Vectors:
    return np.array([one.notes["pitch"].min(), len(one.notes)], np.float32)


def test_each_phrase_gets_its_row_of_unit_length() -> None:
    phrases = [phrase(30), phrase(40, beats=4)]
    rows = embed_each(phrases, 2, lowest_and_count, FILE)
    assert rows.dtype == np.float32
    assert np.allclose(rows, [[30 / 34, 16 / 34], [40, 8] / np.hypot(40, 8)])


def test_no_phrases_give_no_rows() -> None:
    assert embed_each([], 5, lowest_and_count, FILE).shape == (0, 5)


def test_an_empty_phrase_is_named_by_its_place() -> None:
    empty = replace(phrase(), notes=note_array([]))
    with pytest.raises(ModelError, match="phrase 2 of the batch has no notes"):
        embed_each([phrase(), phrase(), empty], 2, lowest_and_count, FILE)


@pytest.mark.parametrize("vector", [[0, 0], [np.nan, 1], [np.inf, 1]])
def test_a_model_that_gives_no_direction_is_named(vector: list[float]) -> None:
    with pytest.raises(ModelError, match=r"some\.tflite: gives vectors that are not numbers"):
        embed_each([phrase()], 2, lambda one: np.array(vector, np.float32), FILE)
