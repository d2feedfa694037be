from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.music import BOOGIE, phrase

from appliance.edits import beat_of, edited
from appliance.policies import Groove
from appliance.policies.nearest import Best
from appliance.warmup import AS_PLAYED, seed_passes, variations, vary
from models.notes import Phrase, note_array, pedal_array


@pytest.mark.parametrize(
    ("limit", "approach", "passes"), [(4, 2, 2), (4, 1, 3), (4, 4, 1), (1, 1, 1), (9, 2, 7)]
)
def test_the_policys_approach_takes_its_part(limit: int, approach: int, passes: int) -> None:
    assert seed_passes(limit, Groove(approach=approach)) == passes


def test_a_policy_without_an_approach_is_given_the_usual_part() -> None:
    assert seed_passes(4, Best()) == 2


def test_every_variation_differs_and_keeps_the_bass_of_the_first_beat() -> None:
    seed = phrase(36, BOOGIE)
    found = variations(seed)
    assert {edit["edit"] for one in found for edit in one.edits} == {"thin", "order"}
    forms = [edited(seed, one.edits).notes.tolist() for one in found]
    assert seed.notes.tolist() not in forms
    for one in found:
        notes = edited(seed, one.edits).notes
        assert notes["pitch"][beat_of(notes) == 0].min() == 36
        assert not Counter(notes["pitch"].tolist()) - Counter(seed.notes["pitch"].tolist())


def test_the_loop_may_begin_at_another_bar_with_the_same_bass() -> None:
    half = [0, 4, 7, 9, 10, 9, 7, 4]
    same = phrase(36, [*half, *[0, 5, 7, 9, 12, 9, 7, 5]])
    other = phrase(36, [*half, *[2, 5, 7, 9, 12, 9, 7, 5]])
    turned = {"edit": "order", "beats": [4, 5, 6, 7, 0, 1, 2, 3]}
    assert any(turned in one.edits for one in variations(same))
    assert not any(turned in one.edits for one in variations(other))


def test_a_seed_of_one_note_has_no_variation() -> None:
    one = Phrase(note_array([(0.0, 1.0, 40, 80)]), pedal_array([(0.0, 64, 0)]), 4.0, 100.0)
    assert variations(one) == []
    assert vary(one, 1.0, np.random.default_rng(0)) == AS_PLAYED


def test_chance_is_the_generators() -> None:
    seed = phrase(36, BOOGIE)
    assert all(vary(seed, 0.0, np.random.default_rng(n)) == AS_PLAYED for n in range(20))
    drawn = [vary(seed, 1.0, np.random.default_rng(n)) for n in range(40)]
    assert AS_PLAYED not in drawn
    assert len({str(one.edits) for one in drawn}) == len(variations(seed))
    assert drawn == [vary(seed, 1.0, np.random.default_rng(n)) for n in range(40)]
    half = [vary(seed, 0.5, np.random.default_rng(n)) == AS_PLAYED for n in range(400)]
    assert 0.4 < np.mean(half) < 0.6


@given(
    st.lists(
        st.tuples(
            st.floats(-0.1, 11.9), st.floats(0.05, 4), st.integers(30, 60), st.integers(1, 127)
        ),
        min_size=1,
        max_size=20,
    ),
    st.sampled_from([3.0, 4.0, 5.0, 6.0]),
)
def test_every_variation_of_any_seed_can_be_made(
    rows: list[tuple[float, float, int, int]], bar: float
) -> None:
    seed = Phrase(note_array(rows), pedal_array([(0.0, 64, 0), (5.0, 64, 99)]), 12.0, 100.0, bar)
    for one in variations(seed):
        made = edited(seed, one.edits)
        assert 0 < len(made.notes) <= len(seed.notes)
        assert made.beats == seed.beats
        assert made.notes["onset"].min() > -0.13
        assert made.notes["onset"].max() < 12.0
