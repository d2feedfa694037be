"""Ways through the neighbour graph against plain searches over all of it."""

import heapq
import itertools
from pathlib import Path

import numpy as np
import pytest
from support.music import make_bundle, segments

from appliance.policies.facts import Facts
from appliance.policies.moment import Memory
from appliance.policies.paths import Measure, Search, shortest, smallest_step
from corpus.keeping.bundle import Bundle

DEGREE = 4


@pytest.fixture(scope="module")
def sixty(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return make_bundle(tmp_path_factory.mktemp("corpus") / "sixty", segments(60))


def dijkstra(bundle: Bundle, start: int, measure: Measure) -> dict[int, float]:
    best: dict[int, float] = {}
    queue = [(0.0, start)]
    while queue:
        cost, row = heapq.heappop(queue)
        if row in best:
            continue
        best[row] = cost
        for edge in bundle.neighbours[row][:DEGREE]:
            length = max(0.0, 1.0 - float(edge["similarity"]))
            way = float(measure(np.array(cost), np.array(length)))
            heapq.heappush(queue, (way, int(edge["segment"])))
    return best


@pytest.mark.parametrize("measure", [shortest, smallest_step])
def test_what_is_searched_to_the_end_is_best(sixty: Bundle, measure: Measure) -> None:
    for start in (0, 17, 59):
        search = Search(Facts(sixty), np.array([start]), np.zeros(1), measure, degree=DEGREE)
        while not search.is_over:
            search.best_first(lambda rows: np.cos(rows.astype(float)), 3)  # a bad guide
        best = dijkstra(sixty, start, measure)
        assert set(search.reached.tolist()) == set(best)
        for row, cost in best.items():
            assert search.cost[row] == pytest.approx(cost, abs=1e-6)
            check_way(sixty, search.way_to(row), start, row)


def check_way(bundle: Bundle, way: list[int], start: int, end: int) -> None:
    assert (way[0], way[-1]) == (start, end)
    for one, other in itertools.pairwise(way):
        assert other in bundle.neighbours["segment"][one, :DEGREE]


def test_hops_are_counted_layer_by_layer(sixty: Bundle) -> None:
    search = Search(Facts(sixty), np.array([0]), np.zeros(1), degree=DEGREE)
    layer = {0}
    within = {0}
    for _ in range(5):
        search.widen(beam=60)
        layer = {int(row) for one in layer for row in sixty.neighbours["segment"][one, :DEGREE]}
        within |= layer
        assert set(search.reached.tolist()) <= within
    assert all(search.hops[row] <= 5 for row in search.reached)


def test_what_is_not_allowed_is_never_entered(sixty: Bundle) -> None:
    search = Search(
        Facts(sixty), np.array([1]), np.zeros(1), allowed=lambda rows: np.asarray(rows % 2 == 0)
    )
    for _ in range(9):
        search.widen()
    assert set(search.reached % 2) == {0, 1}
    assert [row for row in search.reached.tolist() if row % 2] == [1]


def test_tracks_are_known_in_time(tmp_path: Path) -> None:
    facts = Facts(make_bundle(tmp_path / "b", segments(8)))
    assert facts.in_time[1].tolist() == [1, 2, 3, -1, 5, 6, 7, -1]
    assert facts.in_time[-2].tolist() == [-1, -1, 0, 1, -1, -1, 4, 5]
    assert [facts.row(str(one)) for one in facts.segments["id"]] == list(range(8))
    assert facts.row("zzz") is None
    assert facts.row("") is None


def test_memory_forgets_what_is_decided_again() -> None:
    memory: Memory[str] = Memory()
    for loop in range(1, 30):
        memory.keep(loop, f"state {loop}")
    assert memory.before(25) == "state 24"
    assert memory.before(29) == "state 24"  # 25 to 28 were forgotten
    assert memory.before(1) is None
