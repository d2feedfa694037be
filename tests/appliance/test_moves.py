from pathlib import Path

import numpy as np
import pytest
from support.music import make_bundle, phrase

from appliance.moves import HOME_STEPS, same_groove, way_home, within_keys
from appliance.policies import SEED, Choice, Moment
from appliance.policies.facts import Facts
from corpus.cutting.segment import Segment
from corpus.keeping.bundle import Bundle
from corpus.neighbours import NEIGHBOUR, Neighbours


@pytest.mark.parametrize(
    ("semitones", "low", "high", "found"),
    [
        (5, 40, 60, 5),
        (-12, 40, 60, -12),
        (-5, 24, 40, 7),  # an octave up: the keyboard begins at 21
        (9, 90, 104, -3),
        (8, 22, 106, 0),  # room for nothing: without
    ],
)
def test_a_transposition_stays_on_the_keyboard(
    semitones: int, low: int, high: int, found: int
) -> None:
    notes = np.zeros(2, [("pitch", "u1")])
    notes["pitch"] = low, high
    assert within_keys(semitones, notes, 0) == found


def test_grooves_are_the_same_when_they_sound_the_same() -> None:
    one = Choice(3, 2, 0.9, "near", 4)
    assert same_groove(one, Choice(3, 2, 0.1, "again", 4))
    for other in (Choice(4, 2, 0.9, "", 4), Choice(3, 0, 0.9, "", 4), Choice(3, 2, 0.9, "", 0)):
        assert not same_groove(one, other)
    assert same_groove(Choice(SEED, 0, 1, ""), Choice(SEED, 0, 1, "varied"))
    assert not same_groove(Choice(SEED, 0, 1, ""), one)


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    pieces = [Segment(f"t{i}", 0.0, phrase(36 + i)) for i in range(8)]
    return make_bundle(tmp_path_factory.mktemp("chain") / "b", pieces)


def link(rows: list[list[tuple[int, float]]]) -> Neighbours:
    table = np.zeros((len(rows), max(map(len, rows))), NEIGHBOUR)
    for row, ends in enumerate(rows):
        for place in range(table.shape[1]):
            table[row, place]["segment"], table[row, place]["similarity"] = ends[
                min(place, len(ends) - 1)
            ]
    return table


def moment(bundle: Bundle, table: Neighbours, row: int) -> Moment:
    facts = Facts(bundle).ready()
    facts.__dict__["neighbours"] = table  # the graph of this test
    return Moment(bundle, row, 0, table[row], [row], 4.0, 120.0, facts=facts)


def test_the_way_home_is_the_shortest_of_few_steps(chain: Bundle) -> None:
    """0 - 1 - 2 - ... - 7 in a row, the seed beside 0."""
    ends = [[(max(0, i - 1), 0.9), (min(7, i + 1), 0.9)] for i in range(8)]
    seed = link([[(0, 0.9)]])[0]
    table = link(ends)
    assert way_home(moment(chain, table, 0), seed) == []
    assert way_home(moment(chain, table, 1), seed) == [0]
    assert way_home(moment(chain, table, 3), seed) == [2, 1, 0]
    assert way_home(moment(chain, table, HOME_STEPS), seed) is None
    assert way_home(moment(chain, table, 3), None) is None
    assert way_home(moment(chain, table, 3), seed[:0]) is None


def test_every_step_of_the_way_home_is_the_next_of_the_same_way(bundle: Bundle) -> None:
    facts = Facts(bundle).ready()
    seed = link([[(0, 0.99), (1, 0.98)]])[0]
    for row in range(len(bundle)):
        here = Moment(bundle, row, 0, facts.neighbours[row], [row], 4.0, 120.0, facts=facts)
        way = way_home(here, seed)
        assert way is not None
        assert len(way) < HOME_STEPS
        if way:
            there = Moment(bundle, way[0], 0, facts.neighbours[0], [], 4.0, 120.0, facts=facts)
            assert len(way_home(there, seed) or []) < len(way)


def test_a_way_home_keeps_to_the_metre(tmp_path: Path) -> None:
    pieces = [
        Segment(f"t{i}", 0.0, phrase(36, beats=beats, bar=bar))
        for i, (beats, bar) in enumerate([(8.0, 4.0), (6.0, 3.0), (8.0, 4.0)])
    ]
    bundle = make_bundle(tmp_path / "b", pieces)
    table = link([[(1, 0.9)], [(2, 0.9)], [(1, 0.9)]])
    assert way_home(moment(bundle, table, 2), link([[(0, 0.9)]])[0]) is None
