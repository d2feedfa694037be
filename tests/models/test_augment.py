from collections.abc import Callable

import numpy as np
import pytest

from models import augment
from models.note_tokens import MAX_DURATION, ONSETS, Tokens

Change = Callable[[Tokens, np.random.Generator], Tokens]
CHANGES: list[Change] = [augment.dynamics, augment.timing, augment.tempo, augment.thinned]


def batch() -> Tokens:
    """Three phrases of 12, 7 and 1 notes."""
    rng = np.random.default_rng(5)
    tokens = np.zeros((3, 12, 4), np.int32)
    for row, count in enumerate((12, 7, 1)):
        tokens[row, :count, 0] = np.sort(rng.integers(0, ONSETS, count))
        tokens[row, :count, 1] = rng.integers(21, 109, count)
        tokens[row, :count, 2] = rng.integers(1, MAX_DURATION + 1, count)
        tokens[row, :count, 3] = rng.integers(1, 128, count)
    return tokens


@pytest.mark.parametrize("change", [*CHANGES, augment.performed])
def test_the_generator_says_what_happens_and_the_batch_is_left_alone(change: Change) -> None:
    tokens = batch()
    first, again, other = (change(tokens, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert (tokens == batch()).all()
    assert (first == again).all()
    assert (first != other).any()


@pytest.mark.parametrize("change", [*CHANGES, augment.performed])
def test_values_stay_in_range_and_padding_stays_padding(change: Change) -> None:
    for seed in range(20):
        changed = change(batch(), np.random.default_rng(seed))
        silent = changed[..., 3] == 0
        assert (changed[silent] == 0).all()
        assert (np.diff(silent.astype(int), axis=1) >= 0).all()
        assert (~silent).any(axis=1).all()
        for field, low, high in ((0, 0, ONSETS - 1), (1, 21, 108), (2, 1, 512), (3, 1, 127)):
            values = changed[~silent][:, field]
            assert low <= values.min() <= values.max() <= high


def test_transposing_moves_each_phrase_by_its_own() -> None:
    tokens = batch()
    tokens[..., 1] = np.where(tokens[..., 3] > 0, 60, 0)
    moved = augment.transpose(tokens, np.array([-6, 0, 5]))
    assert moved[0, :, 1].tolist() == [54] * 12
    assert moved[1, :8, 1].tolist() == [60] * 7 + [0]
    assert moved[2, 0, 1] == 65


def test_a_note_at_the_edge_moves_by_octaves() -> None:
    tokens = batch()
    tokens[0, :2, 1] = (22, 107)
    assert augment.transpose(tokens, np.array([-3, 0, 0]))[0, 0, 1] == 31
    assert augment.transpose(tokens, np.array([3, 0, 0]))[0, 1, 1] == 98


def test_timing_moves_notes_by_little() -> None:
    tokens = np.tile(np.array([200, 60, 32, 80], np.int32), (50, 40, 1))
    onset = augment.timing(tokens, np.random.default_rng(0))[..., 0] - 200
    assert 0.2 < onset.std() < 0.6
    assert abs(onset).max() <= 3


def test_thinning_leaves_out_the_promised_share() -> None:
    tokens = np.tile(np.array([200, 60, 32, 80], np.int32), (200, 40, 1))
    left = (augment.thinned(tokens, np.random.default_rng(0), most=0.2)[..., 3] > 0).mean()
    assert 0.88 < left < 0.92
