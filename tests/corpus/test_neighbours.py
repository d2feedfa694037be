import numpy as np
from support.music import phrase, segments

from corpus.neighbours import TRANSPOSITIONS, nearest_to, neighbour_table
from models.notes import Phrase, transposed
from models.pitch_histogram import PitchHistogram


def brute_force(phrases: list[Phrase], one: int, other: int) -> tuple[float, int]:
    embedder = PitchHistogram()
    base = embedder.embed([phrases[one]])[0]
    scores = [
        (
            float(base @ embedder.embed([transposed(phrases[other], int(t))])[0]),
            -abs(int(t)),
            int(t),
        )
        for t in TRANSPOSITIONS
    ]
    best = max(scores)
    return best[0], best[2]


def test_the_table_is_what_comparing_every_pair_gives() -> None:
    phrases = [segment.phrase for segment in segments(10)]
    embedder = PitchHistogram()
    table = neighbour_table(embedder, phrases, embedder.embed(phrases), k=4)
    assert table.shape == (10, 4)
    for row in range(10):
        scores = {other: brute_force(phrases, row, other) for other in range(10) if other != row}
        best = sorted((similarity for similarity, _ in scores.values()), reverse=True)[:4]
        assert np.allclose(table[row]["similarity"], best, atol=1e-5)
        for found in table[row]:
            similarity, _ = scores[int(found["segment"])]
            assert np.isclose(found["similarity"], similarity, atol=1e-5)
            moved = transposed(phrases[int(found["segment"])], int(found["transpose"]))
            direct = embedder.embed([phrases[row], moved])
            assert np.isclose(float(direct[0] @ direct[1]), similarity, atol=1e-5)


def test_the_same_groove_in_another_key_is_found_with_its_transposition() -> None:
    embedder = PitchHistogram()
    phrases = [phrase(36), phrase(38), phrase(47, [0, 0, 0, 7, 0, 0, 0, 5])]
    table = neighbour_table(embedder, phrases, embedder.embed(phrases))
    assert (table[0]["segment"][0], table[0]["transpose"][0]) == (1, -2)
    assert (table[1]["segment"][0], table[1]["transpose"][0]) == (0, 2)


def test_a_phrase_from_outside_finds_itself_first() -> None:
    embedder = PitchHistogram()
    phrases = [segment.phrase for segment in segments(12)]
    vectors = embedder.embed(phrases)
    found = nearest_to(embedder, transposed(phrases[5], 3), vectors, k=3)
    assert (found["segment"][0], found["transpose"][0]) == (5, 3)
    assert found["similarity"][0] > 0.95


def test_one_segment_has_no_neighbours() -> None:
    embedder = PitchHistogram()
    assert neighbour_table(embedder, [phrase()], embedder.embed([phrase()])).shape == (1, 0)
