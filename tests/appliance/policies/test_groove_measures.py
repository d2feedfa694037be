"""The measures of `bench groove` against music small enough to count by hand."""

from pathlib import Path

import numpy as np
import pytest
from support.music import make_bundle, phrase, segments

from appliance.bench.groove import measures
from appliance.bench.groove.boundary import edges_of, recorded
from appliance.bench.groove.walk import start_from
from appliance.policies import SEED, Choice
from appliance.policies.facts import Facts
from corpus.cutting.segment import Segment
from corpus.keeping.bundle import Bundle
from models.notes import Phrase, note_array, pedal_array


def choices(*rows: int, semitones: int = 0, similarity: float = 0.5) -> list[Choice]:
    return [Choice(row, semitones, similarity, "") for row in rows]


def piece(start: float, notes: list[tuple[float, float, int, int]]) -> Segment:
    silence = pedal_array([(0.0, 64, 0)])
    return Segment("take", start, Phrase(note_array(notes), silence, 8.0, 120.0, 4.0))


@pytest.fixture(scope="module")
def edged(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Two phrases that follow each other: the first ends on C and E, the second begins on C."""
    first = piece(0.0, [(0.0, 1.0, 62, 80), (7.0, 1.0, 60, 80), (7.5, 0.5, 64, 80)])
    second = piece(8.0, [(0.0, 2.0, 72, 80), (7.0, 0.5, 61, 80)])
    return make_bundle(tmp_path_factory.mktemp("edges") / "two", [first, second])


def test_moves_leave_out_repeats_and_the_step_from_the_seed() -> None:
    walk = [Choice(SEED, 0, 1.0, ""), *choices(3, 3, 5, similarity=0.25)]
    assert measures.moves(walk).tolist() == [0.75]
    assert measures.repeats(walk) == pytest.approx(1 / 3)
    assert measures.distinct(walk) == 2


@pytest.mark.parametrize(
    ("rows", "longest"),
    [([1], 1), ([1, 1, 1], 1), ([1, 2, 3], 2), ([1, 2, 1, 2], 4), ([1, 2, 2, 1, 1, 2, 3], 4)],
)
def test_to_and_fro(rows: list[int], longest: int) -> None:
    assert measures.longest_ping_pong(rows) == longest


def test_entropy_is_that_of_a_fair_die() -> None:
    assert measures.entropy(choices(*range(8))) == pytest.approx(3.0)
    assert measures.entropy(choices(1, 1, 1)) == 0.0


def test_effect_size_counts_deviations() -> None:
    some = np.array([3.0, 4.0, 5.0])
    assert measures.effect_size(some + 2, some) == pytest.approx(2.0)
    assert measures.effect_size(some, some + 2) == pytest.approx(-2.0)


def test_rank_correlation_is_spearmans() -> None:
    assert measures.rank_correlation([1, 5, 6, 100]) == pytest.approx(1.0)
    assert measures.rank_correlation([4, 3, 2, 1]) == pytest.approx(-1.0)
    assert measures.rank_correlation([1, 3, 2]) == pytest.approx(0.5)
    assert measures.rank_correlation([2, 2, 2]) == 0.0
    assert measures.rank_correlation([1, 1, 2]) == pytest.approx(np.sqrt(3) / 2)


def test_labels_kept_asks_only_where_there_are_any() -> None:
    labels = [frozenset({"calm"}), frozenset({"calm", "blue"}), frozenset({"wild"}), frozenset()]
    assert measures.labels_kept(labels, choices(0, 0, 1, 2, 3, 0)) == 0.5
    assert np.isnan(measures.labels_kept(labels, choices(3, 3)))


def test_a_key_stays_when_its_transposition_makes_up_for_it(tmp_path: Path) -> None:
    scale = [0, 2, 4, 5, 7, 9, 11, 12]
    tracks = [Segment(f"take{n}", 0.0, phrase(root, scale)) for n, root in enumerate((36, 38))]
    facts = Facts(make_bundle(tmp_path / "two", tracks))
    assert int(facts.segments["key_tonic"][0]) == 0
    stays = [Choice(0, 2, 1.0, ""), Choice(1, 0, 1.0, "")]
    assert measures.key_changes(facts, stays) == 0.0
    assert measures.transposition_changes(stays) == 100.0
    assert measures.key_changes(facts, choices(0, 1)) == 100.0


def test_a_key_is_read_on_the_circle_of_fifths(tmp_path: Path) -> None:
    facts = Facts(make_bundle(tmp_path / "eight", segments(8)))
    for row, segment in enumerate(facts.segments):
        relative_major = (int(segment["key_tonic"]) + 3 * int(segment["key_minor"])) % 12
        for semitones in (-7, 0, 5):
            place = int(facts.signature(np.array([row]), semitones)[0])
            assert place * 7 % 12 == (relative_major + semitones) % 12


def test_distance_is_that_of_what_sounds(edged: Bundle) -> None:
    start = start_from(edged, edged.phrase(0))
    near = measures.distances(start, [Choice(SEED, 0, 1.0, ""), *choices(0), *choices(1)])
    assert near[0] == 0.0
    assert near[1] == pytest.approx(0.0, abs=2e-3)  # half precision
    alike = edged.embeddings[0].astype(float) @ edged.embeddings[1].astype(float)
    assert near[2] == pytest.approx(1 - alike, abs=2e-3)


def test_edges_are_what_stands_there(edged: Bundle) -> None:
    edges = edges_of(edged)
    assert edges.last_pitch[0, [0, 4]].tolist() == [1.0, 0.5]
    assert edges.last_rhythm[0].tolist() == [1, 0, 1, 0]
    assert edges.first_pitch[1].nonzero()[0].tolist() == [0]
    assert edges.first_rhythm[1].tolist() == [1, 0, 0, 0]


def test_a_boundary_is_as_far_as_its_beats_are(edged: Bundle) -> None:
    edges, facts = edges_of(edged), Facts(edged)
    pitch, rhythm = recorded(facts, edges)
    assert pitch == pytest.approx(1 - 1 / np.hypot(1, 0.5))
    assert rhythm == pytest.approx(1 - 1 / np.sqrt(2))
    one = np.array([0]), np.array([1])
    up = edges.distances(*one, (np.array([3]), np.array([3])))
    assert up == pytest.approx((pitch, rhythm))
    apart = edges.distances(*one, (np.array([0]), np.array([1])))
    assert apart[0] == pytest.approx(1.0)


def test_an_empty_beat_is_far_from_one_that_is_not(tmp_path: Path) -> None:
    silent_end = piece(0.0, [(0.0, 1.0, 60, 80)])
    bundle = make_bundle(tmp_path / "b", [silent_end, piece(8.0, [(0.0, 1.0, 61, 80)])])
    edges = edges_of(bundle)
    assert edges.distances(np.array([0]), np.array([0])) == (1.0, 1.0)
