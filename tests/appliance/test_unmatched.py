from pathlib import Path

import numpy as np
import pytest
from support.music import BOOGIE, WALTZ, make_bundle, phrase, segments

from appliance.policies.facts import Facts
from appliance.unmatched import nearest_by_columns
from corpus.cutting.segment import Segment
from corpus.keeping.bundle import Bundle
from models.notes import Phrase


def order(path: Path, pieces: list[Phrase], seed: Phrase) -> list[int]:
    bundle = make_bundle(path, [Segment(f"t{i}", 0.0, one) for i, one in enumerate(pieces)])
    return nearest_by_columns(Facts(bundle), seed)["segment"].tolist()


def test_by_tempo(tmp_path: Path) -> None:
    pieces = [phrase(36, bpm=bpm) for bpm in (60.0, 119.0, 150.0, 130.0)]
    assert order(tmp_path / "b", pieces, phrase(36, bpm=120.0)) == [1, 3, 2, 0]


def test_by_register(tmp_path: Path) -> None:
    pieces = [phrase(36 + up) for up in (24, 36)]
    assert order(tmp_path / "b", pieces, phrase(36)) == [0, 1]


def test_by_metre(tmp_path: Path) -> None:
    pieces = [phrase(36, WALTZ, 6.0, 3.0), phrase(36, WALTZ, bpm=110.0)]
    assert order(tmp_path / "b", pieces, phrase(36, WALTZ, bpm=120.0)) == [1, 0]


@pytest.mark.parametrize("up", range(-5, 7))
def test_each_is_brought_to_the_key_of_the_seed(tmp_path: Path, up: int) -> None:
    bundle = make_bundle(tmp_path / "b", [Segment("t", 0.0, phrase(36, BOOGIE))])
    (found,) = nearest_by_columns(Facts(bundle), phrase(36 + up, BOOGIE))
    assert found["transpose"] == up


def test_it_is_a_table_like_any(bundle: Bundle) -> None:
    facts = Facts(bundle)
    found = nearest_by_columns(facts, bundle.phrase(4))
    assert found["segment"][0] == 4
    assert found["transpose"][0] == 0
    assert found["similarity"][0] == pytest.approx(1.0)
    assert (np.diff(found["similarity"]) <= 0).all()
    assert sorted(found["segment"]) == list(range(len(bundle)))
    typical = 1 - float(np.median(found["similarity"]))
    assert typical == pytest.approx(facts.random_step, rel=1e-3)
    assert ((found["transpose"] >= -5) & (found["transpose"] <= 6)).all()


def test_only_so_many(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "many", segments(70))
    assert len(nearest_by_columns(Facts(bundle), phrase(40))) == 64
