"""What the groove keeps to on the demo corpus, in a short form of `bench groove`."""

from itertools import groupby

import numpy as np
import pytest
from support.walking import Start, distance, start_from, walk

from appliance.bench.groove.corpora import shipped_seeds
from appliance.bench.groove.measures import (
    distinct,
    key_changes,
    moves,
    repeats,
    rows_of,
    shifts_of,
)
from appliance.bench.groove.walk import passes
from appliance.demo import demo_bundle
from appliance.policies import make_policy, steps, weights
from appliance.policies.groove import repeat_chance

LOOPS = 200


@pytest.fixture(scope="module")
def starts() -> list[Start]:
    bundle = demo_bundle()
    return [start_from(bundle, seed) for seed in shipped_seeds(6)]


def test_the_groove_keeps_its_key_for_long_stretches(starts: list[Start]) -> None:
    stretches = []
    for number, start in enumerate(starts):
        one = walk(start, make_policy("groove"), LOOPS, number)
        keys = start.facts.signature(rows_of(one), shifts_of(one)).tolist()
        stretches += [len(list(same)) for _, same in groupby(keys)]
    assert np.mean(stretches) >= 8


def test_what_a_change_of_key_costs_is_what_keeps_it(
    starts: list[Start], monkeypatch: pytest.MonkeyPatch
) -> None:
    def changes() -> float:
        found = [walk(start, make_policy("groove"), LOOPS) for start in starts[:3]]
        return float(np.mean([key_changes(starts[0].facts, one) for one in found]))

    kept = changes()
    monkeypatch.setattr(weights, "KEY_CHANGE", 0.0)
    assert kept <= changes() / 2


def test_warm_up_is_within_its_limit(starts: list[Start]) -> None:
    for approach in (1, 2, 4):
        policy = make_policy("groove", {"approach": approach})
        for start in starts:
            why = [choice.why for choice in walk(start, policy, 6)]
            assert passes(policy) + why.index("into the groove") <= 4


def test_no_step_is_as_large_as_the_median_at_random(starts: list[Start]) -> None:
    chance = np.concatenate([moves(walk(one, make_policy("random"), LOOPS)) for one in starts])
    for number, start in enumerate(starts):
        own = moves(walk(start, make_policy("groove"), LOOPS, number))
        assert own.mean() <= chance.mean() / 2
        assert own.max() <= np.median(chance)


@pytest.mark.parametrize("option", ["adventure", "leash"])
def test_the_ends_of_a_knob_are_far_apart(starts: list[Start], option: str) -> None:
    found = []
    for value in (0.0, 0.5, 1.0):
        walks = [walk(start, make_policy(f"groove:{option}={value}"), 100) for start in starts[:3]]
        far = np.mean([distance(*pair) for pair in zip(starts, walks, strict=False)])
        found.append((float(far), float(np.mean([distinct(one) for one in walks]))))
    assert found == sorted(found)
    assert sorted(many for _, many in found) == [many for _, many in found]


@pytest.mark.parametrize("share", [0.0, 0.13, 0.2, 0.27, 0.571, 0.65, 0.9, 1.0])
def test_repeats_come_to_their_share(share: float) -> None:
    """The stationary share of a chain of two states, moved and repeated."""
    first, again = repeat_chance(share, 1), repeat_chance(share, 2)
    assert 0.0 <= again <= first <= 1.0
    assert first / (1.0 - again + first) == pytest.approx(share) or share == 1.0
    assert repeat_chance(1.0, 1) == repeat_chance(1.0, 2) == 1.0


def test_a_third_time_in_a_row_is_rare(starts: list[Start]) -> None:
    rows = rows_of(walk(starts[0], make_policy("groove"), 2000)).tolist()
    runs = [len(list(same)) for _, same in groupby(rows)]
    assert 0.17 <= sum(run - 1 for run in runs) / len(rows) <= 0.23
    assert np.mean([run > 2 for run in runs]) <= 0.04


def test_the_share_of_repeats_holds_on_seeds_that_chose_nothing(starts: list[Start]) -> None:
    """ONCE_MORE was chosen on random seeds 1000 to 1399; these are others, and none reported."""
    shares = [
        repeats(walk(starts[number % len(starts)], make_policy("groove"), LOOPS, 5000 + number))
        for number in range(40)
    ]
    assert min(shares) >= 0.1
    assert max(shares) <= 0.3
    assert np.mean(shares) == pytest.approx(0.2, abs=0.02)


def test_the_register_does_not_jump_about(
    starts: list[Start], monkeypatch: pytest.MonkeyPatch
) -> None:
    def leaps() -> list[float]:
        found: list[float] = []
        for number, start in enumerate(starts):
            one = walk(start, make_policy("groove"), LOOPS, number)
            pitch = start.facts.ambit[2, rows_of(one)] + shifts_of(one)
            found += np.abs(np.diff(pitch)).tolist()
        return found

    kept = np.array(leaps())
    assert np.mean(kept > 7) <= 0.01
    assert np.mean(kept > 9) <= 0.002
    for module, name in ((weights, "LEAP_WEIGHT"), (weights, "OUTSIDE_WEIGHT"), (steps, "LEAPING")):
        monkeypatch.setattr(module, name, 0.0)
    assert np.mean(np.array(leaps()) > 7) >= 2 * np.mean(kept > 7)
