"""Each published policy does what its name says, where test_policies does not say so already."""

import itertools
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from support.music import make_bundle, phrase, segments
from support.walking import longest_ping_pong, moment_after, start_from, walk

from appliance.policies import POLICIES, SEED, Choice, make_policy, prepare
from appliance.policies.facts import Facts
from appliance.policies.moment import Moment
from appliance.policies.paths import DEGREE
from corpus.cutting.segment import Segment
from corpus.keeping.bundle import Bundle

WEIGHTS = (
    "current",
    "following",
    "after_following",
    "preceding",
    "before_preceding",
    "other_track",
)


@pytest.fixture(scope="module")
def forty(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Ten tracks of four."""
    return make_bundle(tmp_path_factory.mktemp("corpus") / "forty", segments(40))


def at(bundle: Bundle, row: int, loop: int = 5) -> Moment:
    return Moment(bundle, row, 0, bundle.neighbours[row], [row], 4.0, 120.0, loop=loop)


def waltz(start: float) -> Segment:
    return Segment("waltz", start, phrase(36, [0, 7, 12], beats=6.0, bar=3.0))


def only(weight: str) -> dict[str, float]:
    return dict.fromkeys(WEIGHTS, 0.0) | {weight: 1.0}


def test_repeat_is_what_plays_for_ever(forty: Bundle) -> None:
    repeat, rng = make_policy("repeat"), np.random.default_rng(0)
    here = Moment(forty, 7, -5, forty.neighbours[7], [7], 4.0, 120.0, rotate=3)
    assert repeat.choose(here, rng) == Choice(7, -5, 1.0, "again", 3)
    rows = {choice.row for choice in walk(start_from(forty, phrase(40)), repeat, 50)}
    assert rows == {SEED}


def test_random_has_no_preference(forty: Bundle) -> None:
    rows = Counter(
        choice.row for choice in walk(start_from(forty, phrase(40)), one("random"), 4000)
    )
    counts = np.array([rows[row] for row in range(40)])
    assert ((counts - 100) ** 2 / 100).sum() < 73.4  # chi-square, 39 degrees, 1 in 1000


def one(name: str) -> object:
    return make_policy(name)


@pytest.mark.parametrize("row", [6, 7, 14])
def test_probabilities_go_back_two(forty: Bundle, row: int) -> None:
    chosen = make_policy("probabilities", only("before_preceding")).choose(
        at(forty, row), np.random.default_rng(0)
    )
    near = [int(other) for other in forty.neighbours["segment"][row - 2] if other != row]
    assert chosen.row == near[0]


@pytest.mark.parametrize("row", [5, 17, 39])
def test_probabilities_change_track(forty: Bundle, row: int) -> None:
    chosen = make_policy("probabilities", only("other_track")).choose(
        at(forty, row), np.random.default_rng(0)
    )
    tracks = forty.segments["track"]
    near = [int(other) for other in forty.neighbours["segment"][row]]
    assert chosen.row == next(other for other in near if tracks[other] != tracks[row])


@pytest.mark.parametrize("steps", [1, 2, 3])
@pytest.mark.parametrize("row", [0, 13, 38])
def test_graph_takes_the_shortest_way(forty: Bundle, row: int, steps: int) -> None:
    """Against Bellman and Ford's table of the best ways of so many steps."""
    graph, way = make_policy(f"graph:steps={steps}"), [row]
    rng = np.random.default_rng(0)
    for loop in range(5, 5 + steps):
        choice = graph.choose(at(forty, way[-1], loop), rng)
        way.append(choice.row)
        if choice.why.startswith("arrived"):
            break
    assert choice.why.startswith("arrived")
    cost = {row: 0.0}
    for _ in range(steps):
        for here, other in itertools.product(list(cost), range(DEGREE)):
            edge = forty.neighbours[here, other]
            length = cost[here] + max(0.0, 1.0 - float(edge["similarity"]))
            there = int(edge["segment"])
            cost[there] = min(length, cost.get(there, np.inf))
    walked = sum(_length(forty, *pair) for pair in itertools.pairwise(way))
    assert walked == pytest.approx(cost[way[-1]], abs=1e-6)


def _length(bundle: Bundle, here: int, there: int) -> float:
    edge = bundle.neighbours[here][bundle.neighbours["segment"][here] == there][0]
    return max(0.0, 1.0 - float(edge["similarity"]))


def test_a_trip_leaps_on_time_where_no_way_leads(tmp_path: Path) -> None:
    """A waltz among common time: nothing leads there, and it is not there before its time."""
    bundle = make_bundle(tmp_path / "mixed", [*segments(12), waltz(0.0), waltz(6.0)])
    target = str(bundle.segments["id"][12])
    start = start_from(bundle, phrase(40))
    rows = [choice.row for choice in walk(start, make_policy(f"trip:9 loops {target}"), 9)]
    assert rows[8] == 12
    assert 12 not in rows[:8]


def test_a_trip_is_not_caught_between_twins(tmp_path: Path) -> None:
    twins = [
        Segment(f"twin{copy}-{piece.track}", piece.start_beat, piece.phrase)
        for piece in segments(8)
        for copy in range(2)
    ]
    bundle = make_bundle(tmp_path / "twins", [*twins, waltz(0.0)])
    target = str(bundle.segments["id"][len(bundle) - 1])
    for root in range(36, 48):
        start = start_from(bundle, phrase(root))
        rows = [choice.row for choice in walk(start, make_policy(f"trip:40 loops {target}"), 40)]
        assert longest_ping_pong(rows) <= 4
        assert rows[39] == len(bundle) - 1


@pytest.mark.parametrize("name", sorted(set(POLICIES) - {"playlist", "trip"}))
def test_nothing_about_a_corpus_is_worked_out_in_a_decision(forty: Bundle, name: str) -> None:
    """So that none is slower than the others, however large the corpus."""
    start, policy = start_from(forty, phrase(40)), make_policy(name)
    prepare(policy, start.facts)
    choices, known = [Choice(SEED, 0, 1.0, "")] * 2, set(vars(start.facts))
    for loop in range(30):
        choices.append(policy.choose(moment_after(start, choices), np.random.default_rng(loop)))
    late = set(vars(start.facts)) - known
    assert late <= {"segments", "tracks", "triple", "percentiles"} - set(vars(Facts(forty).ready()))
