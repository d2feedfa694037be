import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.music import phrase, segments

from corpus import neighbours
from corpus.cutting.rotation import rotate
from corpus.neighbours import (
    NEIGHBOUR,
    RECALL,
    TRANSPOSITIONS,
    Neighbours,
    Rows,
    compare,
    compare_phrases,
    nearest_to,
)
from models.embedder import Vectors
from models.errors import ModelError
from models.notes import Phrase, note_array, transposed
from models.pitch_histogram import PitchHistogram


def cosine(one: Phrase, other: Phrase) -> float:
    first, second = PitchHistogram().embed([one, other]).astype(float)
    return float(first @ second)


def similarity(one: Phrase, other: Phrase, semitones: int) -> float:
    """The definition, in so many words."""
    back = 6 if semitones == 6 else -semitones
    return (cosine(one, transposed(other, semitones)) + cosine(transposed(one, back), other)) / 2


def brute_force(one: Phrase, other: Phrase) -> tuple[float, int]:
    scores = {int(t): similarity(one, other, int(t)) for t in TRANSPOSITIONS}
    best = max(scores, key=lambda t: (round(scores[t], 5), -abs(t)))
    return scores[best], best


def music(count: int, seed: int = 0) -> list[Phrase]:
    """Phrases of random notes in several registers, no two beats alike."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        one = phrase(int(rng.integers(30, 70)), rng.integers(0, 12, 16).tolist())
        one.notes["velocity"] = rng.integers(20, 127, 16)
        found.append(replace(one, notes=one.notes[np.sort(rng.permutation(16)[:12])]))
    return found


def table_of(phrases: list[Phrase], k: int = 64, rotations: bool = False) -> Neighbours:
    embedder = PitchHistogram()
    return compare_phrases(embedder, phrases, embedder.embed(phrases), k, rotations).table


def pairs_of(table: Neighbours) -> dict[tuple[int, int], tuple[float, int, int]]:
    return {
        (row, int(n["segment"])): (float(n["similarity"]), int(n["transpose"]), int(n["rotate"]))
        for row, line in enumerate(table)
        for n in line
    }


class Synthetic:
    """Clusters of unit vectors; a transposition turns part of them, as it does pitch classes."""

    def __init__(self, count: int, dimension: int = 32, spread: float = 0.6) -> None:
        rng = np.random.default_rng(5)
        centres = rng.standard_normal((count // 20 + 1, dimension))
        found = centres[rng.integers(0, len(centres), count)]
        found = found + spread * rng.standard_normal(found.shape)
        for semitones in range(12):
            rows = np.arange(semitones, count, 12)
            found[rows] = self.turn(found[rows], semitones)
        self.vectors: Vectors = (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(
            np.float32
        )

    @staticmethod
    def turn(vectors: NDArray[np.floating], semitones: int) -> NDArray[np.floating]:
        turned = vectors.copy()
        turned[:, :12] = np.roll(vectors[:, :12], semitones, axis=1)
        turned[:, 12:24] = np.roll(vectors[:, 12:24], semitones, axis=1)
        return turned

    def move(self, rows: Rows, semitones: int, by: int) -> Vectors:
        assert by == 0
        return self.turn(self.vectors[rows], semitones).astype(np.float32)


def test_the_table_is_what_comparing_every_pair_gives() -> None:
    phrases = music(8)
    table = table_of(phrases, k=4)
    assert table.shape == (8, 4)
    assert table.dtype == NEIGHBOUR
    for row in range(8):
        scores = {o: brute_force(phrases[row], phrases[o]) for o in range(8) if o != row}
        best = sorted((score for score, _ in scores.values()), reverse=True)[:4]
        assert np.allclose(table[row]["similarity"], best, atol=1e-5)
        for found in table[row]:
            score, semitones = scores[int(found["segment"])]
            assert np.isclose(found["similarity"], score, atol=1e-5)
            assert found["transpose"] == semitones
            assert found["rotate"] == 0


@pytest.mark.parametrize("rotations", [False, True])
def test_a_pair_has_one_similarity(rotations: bool) -> None:
    phrases = [*music(12), phrase(40, beats=6, bar=3)]
    found = pairs_of(table_of(phrases, rotations=rotations))
    assert len(found) == 13 * 12
    for (row, other), (score, semitones, by) in found.items():
        back_score, back_semitones, back_by = found[other, row]
        assert back_score == score  # to the last bit
        if phrases[row].beats == phrases[other].beats:
            assert (back_by + by) % 4 == 0  # the embedder looks no further than a bar
        assert (back_semitones + semitones) % 12 == 0


def test_similarity_of_a_pair_does_not_depend_on_the_rest_of_the_corpus() -> None:
    phrases = music(20)
    few, many = pairs_of(table_of(phrases[:5])), pairs_of(table_of(phrases))
    assert all(many[pair] == found for pair, found in few.items())


def test_rows_are_nearest_first_and_never_hold_themselves_or_one_twice() -> None:
    table = table_of(music(40), k=10, rotations=True)
    assert (np.diff(table["similarity"], axis=1) <= 0).all()
    for row, line in enumerate(table):
        assert row not in line["segment"]
        assert len(set(line["segment"].tolist())) == 10


def test_equals_come_in_the_order_of_the_corpus() -> None:
    phrases = [phrase(40)] * 9 + music(3)
    table = table_of(phrases, k=4)
    assert table["segment"][0].tolist() == [1, 2, 3, 4]
    assert table["segment"][5].tolist() == [0, 1, 2, 3]
    assert (table["transpose"][:9] == 0).all()
    assert np.allclose(table["similarity"][:9], 1.0)


def test_the_same_groove_in_another_key_is_found_with_its_transposition() -> None:
    phrases = [phrase(36), phrase(38), phrase(47, [0, 0, 0, 7, 0, 0, 0, 5])]
    table = table_of(phrases)
    assert (table[0]["segment"][0], table[0]["transpose"][0]) == (1, -2)
    assert (table[1]["segment"][0], table[1]["transpose"][0]) == (0, 2)


def test_a_phrase_at_the_edge_of_the_keyboard_is_compared_too() -> None:
    found = pairs_of(table_of([phrase(0), phrase(112), phrase(48)]))
    assert len(found) == 6
    assert found[0, 2][1] == found[2, 0][1] == 0


def test_the_same_loop_from_another_beat_is_found_with_its_rotation() -> None:
    original = phrase(36, [0, 0, 0, 7, 0, 12, 10, 3])
    original = replace(original, notes=original.notes[[0, 1, 3, 4, 7]])
    turned = replace(original, notes=rotate(original.notes, 8.0, 3))
    phrases = [original, transposed(turned, 2), phrase(60)]
    plain, found = pairs_of(table_of(phrases)), pairs_of(table_of(phrases, rotations=True))
    # Its onset patterns look no further than a bar of 4, so 5 beats on is 1 beat on.
    assert found[0, 1] == (pytest.approx(1.0, abs=0.02), -2, 1)
    assert found[1, 0] == (found[0, 1][0], 2, 3)
    assert plain[0, 1][0] < found[0, 1][0] - 0.05


def test_rotations_are_what_comparing_every_rotation_gives() -> None:
    phrases = music(3, seed=4)
    found = pairs_of(table_of(phrases, rotations=True))

    def turned(which: int, by: int) -> Phrase:
        return replace(phrases[which], notes=rotate(phrases[which].notes, 8.0, by))

    for (row, other), (score, _, _) in found.items():
        every = (
            cosine(phrases[row], transposed(turned(other, by), int(t)))
            + cosine(transposed(turned(row, -by % 8), 6 if t == 6 else -int(t)), phrases[other])
            for by, t in itertools.product(range(8), TRANSPOSITIONS)
        )
        assert score == pytest.approx(max(every) / 2, abs=1e-5)


def test_phrases_of_another_length_are_not_rotated() -> None:
    phrases = [phrase(36), phrase(36, beats=4), phrase(36, beats=4.5), phrase(38, beats=4.5)]
    table = table_of(phrases, rotations=True)
    assert (table["rotate"] == 0).all()
    assert pairs_of(table) == pairs_of(table_of(phrases))


def test_a_phrase_from_outside_finds_itself_first() -> None:
    embedder = PitchHistogram()
    phrases = [segment.phrase for segment in segments(12)]
    vectors = embedder.embed(phrases)
    found = nearest_to(embedder, transposed(phrases[5], 3), vectors, k=3)
    assert (found["segment"][0], found["transpose"][0]) == (5, 3)
    assert found["similarity"][0] > 0.95


def test_nearest_to_reads_half_precision_a_piece_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    embedder = PitchHistogram()
    phrases = music(50)
    vectors = embedder.embed(phrases).astype(np.float16)
    whole = nearest_to(embedder, phrases[7], vectors, k=50)
    monkeypatch.setattr(neighbours, "_BATCH", 16)
    assert np.allclose(
        nearest_to(embedder, phrases[7], vectors, k=50)["similarity"], whole["similarity"]
    )
    assert whole.shape == (50,)
    assert (whole["segment"][0], whole["transpose"][0]) == (7, 0)
    exact = [
        max(cosine(transposed(phrases[7], -int(t)), other) for t in TRANSPOSITIONS)
        for other in phrases
    ]
    assert np.allclose(whole["similarity"], np.array(exact)[whole["segment"]], atol=1e-3)


def test_few_segments_have_few_neighbours() -> None:
    embedder = PitchHistogram()
    assert table_of([phrase()]).shape == (1, 0)
    assert table_of([phrase(), phrase(40)], rotations=True).shape == (2, 1)
    assert compare_phrases(embedder, [], embedder.embed([])).table.shape == (0, 0)


def test_an_index_finds_nearly_what_comparing_every_pair_finds() -> None:
    corpus = Synthetic(1000)
    exact = compare(corpus.move, 1000)
    indexed = compare(corpus.move, 1000, exact_limit=0)
    assert (exact.method, exact.recall) == ("exact", 1.0)
    assert indexed.method == "usearch"
    assert RECALL <= indexed.recall <= 1.0
    shared = [
        len(np.intersect1d(a, b)) / 64
        for a, b in zip(exact.table["segment"], indexed.table["segment"], strict=True)
    ]
    assert np.mean(shared) >= RECALL
    assert abs(np.mean(shared) - indexed.recall) < 0.02  # what it says of itself is true
    truth, claims = pairs_of(exact.table), pairs_of(indexed.table)
    assert all(truth[pair] == claims[pair] for pair in truth.keys() & claims.keys())


def test_a_pair_found_from_one_side_counts_from_both() -> None:
    corpus = Synthetic(200)
    truth = compare(corpus.move, 200, k=16).table
    lacking = truth[:, :8].copy()
    lacking[:100] = truth[:100, 8:]  # as if the index had not seen the nearest of these
    nothing = np.zeros((200, 0), np.float32)
    table = neighbours._mirrored(lacking, neighbours._Space(nothing, nothing, nothing))
    found = pairs_of(table)
    assert sum(table["similarity"][:100, 0] > lacking["similarity"][:100, 0]) > 20
    for (row, other), (score, semitones, _) in pairs_of(lacking).items():
        if score > table["similarity"][other, -1]:
            assert found[other, row] == (score, 6 if semitones == 6 else -semitones, 0)


def test_an_index_gives_the_same_bytes_every_time() -> None:
    corpus = Synthetic(800)
    one, two = (compare(corpus.move, 800, exact_limit=0).table.tobytes() for _ in range(2))
    assert one == two


def test_an_index_that_finds_too_little_looks_further(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []
    original = neighbours._look_up

    def nearly_blind(space: object, index: object, rows: Rows, k: int) -> Neighbours:
        looks.append(index.expansion_search)  # type: ignore[attr-defined]
        found = original(space, index, rows, k)  # type: ignore[arg-type]
        if index.expansion_search < 256:  # type: ignore[attr-defined]
            found["similarity"][:, k // 2 :] -= 1
        return found

    monkeypatch.setattr(neighbours, "_look_up", nearly_blind)
    corpus = Synthetic(300)
    assert compare(corpus.move, 300, k=8, exact_limit=0).method == "usearch"
    assert looks[:5] == [64, 96, 128, 192, 256]
    monkeypatch.setattr(neighbours, "EXPANSIONS", (64, 128))
    assert compare(corpus.move, 300, k=8, exact_limit=0).method == "exact"


def test_one_phrase_many_times_over_is_too_much_for_no_method() -> None:
    same = np.repeat(np.eye(1, 32, dtype=np.float32), 600, axis=0)
    found = compare(lambda rows, semitones, by: same[rows], 600, k=8, exact_limit=0)
    assert found.recall >= RECALL
    assert np.allclose(found.table["similarity"], 1.0)
    assert (found.table["transpose"] == 0).all()


def test_an_index_and_rotations_go_together() -> None:
    embedder, phrases = PitchHistogram(), [replace(one, beats=4.0) for one in music(120)]

    def move(rows: Rows, semitones: int, by: int) -> Vectors:
        moved = [transposed(phrases[row], semitones) for row in rows]
        return embedder.embed([replace(m, notes=rotate(m.notes, 4.0, by)) for m in moved])

    beats = np.full(120, 4.0)
    exact, indexed = (compare(move, 120, 8, beats, exact_limit=limit) for limit in (120, 0))
    assert indexed.recall >= RECALL
    truth, claims = pairs_of(exact.table), pairs_of(indexed.table)
    shared = truth.keys() & claims.keys()
    assert len(shared) >= RECALL * len(truth)
    assert len({by for _, _, by in truth.values()}) == 4
    assert sum(truth[pair] == claims[pair] for pair in shared) >= RECALL * len(shared)


def test_a_vector_that_is_no_number_is_named() -> None:
    broken = np.full((3, 8), np.nan, np.float32)
    with pytest.raises(ModelError, match="not a number"):
        compare(lambda rows, semitones, by: broken[rows], 3)


def test_progress_goes_up_to_the_end() -> None:
    seen: list[tuple[int, int]] = []
    phrases = music(30)
    compare_phrases(
        PitchHistogram(),
        phrases,
        PitchHistogram().embed(phrases),
        rotations=True,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1]


notes_in_a_loop = st.lists(
    st.tuples(
        st.integers(-8, 8 * 64 - 9).map(lambda sixtyfourths: sixtyfourths / 64),
        st.sampled_from([0.25, 1.0, 9.0]),
        st.integers(21, 108),
        st.integers(1, 127),
    ),
    min_size=1,
    max_size=20,
)


@settings(max_examples=60)
@given(notes_in_a_loop, st.integers(-20, 20), st.integers(-20, 20))
def test_rotations_add_up(rows: list[tuple[float, float, int, int]], one: int, two: int) -> None:
    notes = note_array(rows)
    twice = rotate(rotate(notes, 8.0, one), 8.0, two)
    assert sorted(twice.tolist()) == sorted(rotate(notes, 8.0, one + two).tolist())
    assert sorted(rotate(notes, 8.0, 8).tolist()) == sorted(notes.tolist())


def test_a_rotated_lead_in_stands_before_its_beat() -> None:
    notes = note_array([(-0.1, 0.1, 60, 70), (0.0, 9.0, 62, 80), (2.95, 0.1, 64, 90)])
    turned = rotate(notes, 8.0, 3)
    assert turned["pitch"].tolist() == [64, 60, 62]
    assert np.allclose(turned["onset"], [-0.05, 4.9, 5.0])
    assert turned["duration"].tolist() == [0.1, 0.1, 9.0]
    assert (np.diff(turned["onset"]) >= 0).all()
