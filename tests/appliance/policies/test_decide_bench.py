"""`bench decide` on corpora small enough for a test; nothing here asks how long anything took."""

from pathlib import Path

import numpy as np
import pytest

from appliance.bench import decide
from appliance.policies import POLICIES
from corpus.keeping.bundle import Bundle, open_bundle


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    out = tmp_path_factory.mktemp("decide") / "bundle"
    decide.write_corpus(out, 400, np.random.default_rng(0))
    return open_bundle(out)


def test_the_corpus_is_one(made: Bundle) -> None:
    near = made.neighbours
    assert near.shape == (400, 64)
    assert (np.diff(near["similarity"], axis=1) <= 0).all()
    assert (near["segment"] != np.arange(400)[:, np.newaxis]).all()
    assert len(np.unique(made.segments["bar"])) == 2
    assert len(np.unique(made.segments["labels"])) == 4


def test_neighbours_are_alike_in_the_transposition_that_is_said(made: Bundle) -> None:
    vectors = made.embeddings.astype(np.float32)
    for row in (0, 57, 399):
        for one in made.neighbours[row][:5]:
            moved = decide.turned(vectors[one["segment"]][np.newaxis], int(one["transpose"]))[0]
            assert moved @ vectors[row] == pytest.approx(float(one["similarity"]), abs=5e-3)


def test_every_policy_is_timed() -> None:
    found = decide.measure(300, takes=2, loops=12)
    assert list(found) == [*POLICIES, decide.LISTENS]
    for one in found.values():
        assert 0 < one["p50_ms"] <= one["p99_ms"] <= one["max_ms"]
        assert one["first_ms"] <= one["max_ms"]
    table = decide.decide_table({"segments": {"300": found}})
    assert table.count("\n") == len(POLICIES) + 1


def test_a_corpus_can_be_made_in_any_size(tmp_path: Path) -> None:
    for size in (60, 150):
        decide.write_corpus(tmp_path / str(size), size, np.random.default_rng(0))
        assert len(open_bundle(tmp_path / str(size))) == size
