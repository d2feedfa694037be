"""`bench groove`: what it measures policies with, and the page it writes."""

import json
from pathlib import Path

import numpy as np
import pytest
from support.music import make_bundle, phrase, segments

from appliance.bench.groove import figures
from appliance.bench.groove.corpora import Material, left_hands, shipped_seeds
from appliance.bench.groove.run import Asked, groove_figures, table, write_figures
from appliance.bench.groove.table import COLUMNS, _listening, rows
from appliance.bench.groove.targets import targets
from appliance.policies import POLICIES, make_policy
from corpus.keeping.bundle import Bundle

SMALL = figures.Plan(
    loops=24,
    session_loops=16,
    groove_session_loops=24,
    long_walk=300,
    settings=3,
    listening_loops=0,
)


@pytest.fixture(scope="module")
def forty(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return make_bundle(tmp_path_factory.mktemp("corpus") / "forty", segments(40))


@pytest.fixture(scope="module")
def material(forty: Bundle) -> Material:
    return Material("forty", forty.path, (phrase(40), phrase(45, bpm=100.0)))


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_alone_goes_where_a_whole_session_goes(material: Material, name: str) -> None:
    found = figures.policy_figures(material, name, SMALL).figures
    assert found["sessions_agree"]
    assert found["decided_ahead_beats"] >= 4


def test_another_policy_would_be_noticed(
    material: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = figures.walk, []

    def other(*arguments: object) -> object:
        calls.append(arguments)
        return real(arguments[0], make_policy("random"), *arguments[2:])  # type: ignore[arg-type]

    monkeypatch.setattr(figures, "walk", other)
    assert not figures.policy_figures(material, "best", SMALL).figures["sessions_agree"]
    assert len(calls) == 2


def test_the_same_figures_again(material: Material) -> None:
    once, again = (figures.policy_figures(material, "groove", SMALL) for _ in range(2))
    assert once.figures == again.figures
    assert once.figures["sha256"] == figures.ground_figures(material, SMALL)["groove_sha256"]


def test_twenty_seeds_are_twenty() -> None:
    seeds = shipped_seeds(20)
    assert len({(one.notes.tobytes(), one.bpm) for one in seeds}) == 20
    for one in seeds:
        assert one.notes["pitch"].min() >= 21
        assert 3.0 <= one.beats * 60 / one.bpm <= 30.0


def test_left_hands_stay_below_middle_c(forty: Bundle) -> None:
    found = left_hands(forty)
    assert found
    assert max(int(one.notes["pitch"].max()) for one in found) < 60


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """Without songs: a line says so, and the demo corpus is measured all the same."""
    lines: list[str] = []
    asked = Asked(tmp_path_factory.mktemp("none"), "pitch-histogram", 2, 1, SMALL)
    cache = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(cache))
        found = groove_figures(asked, lines.append)
    assert any("left out" in line for line in lines)
    return found


@pytest.mark.slow
def test_table_and_pictures_are_written(result: dict[str, object], tmp_path: Path) -> None:
    written = write_figures(result, tmp_path / "made")
    assert {path.name for path in written} == {
        "groove.txt",
        "groove.json",
        "distance.png",
        "knobs.png",
        "steps.png",
    }
    assert json.loads((tmp_path / "made" / "groove.json").read_text()) == result
    before = [path.read_bytes() for path in written]
    assert [path.read_bytes() for path in write_figures(result, tmp_path / "made")] == before


@pytest.mark.slow
def test_the_table_has_a_row_for_every_policy(result: dict[str, object]) -> None:
    text = table(result)
    for name in POLICIES:
        assert f"\n{name} " in text
    demo = result["corpora"]["demo"]  # type: ignore[index]
    assert list(rows(demo)) == list(POLICIES)
    assert all(len(row) == len(COLUMNS) for row in rows(demo).values())
    assert rows(demo)["random"][0] == "1.00"


@pytest.mark.slow
def test_a_promise_that_is_broken_is_named(result: dict[str, object]) -> None:
    corpora = json.loads(json.dumps(result["corpora"]))
    corpora["demo"]["policies"]["groove"]["step"] = 0.6
    missed = {one["what"] for one in targets(corpora) if not one["met"]}
    assert "mean step / random's mean" in missed
    assert "MISSED  demo       mean step" in table(result | {"targets": targets(corpora)})


def test_long_walks_are_counted_in_segments(material: Material) -> None:
    found = figures.reach_figures(material, SMALL)
    assert 0 < found["reached"] <= 1
    assert found["reached"] * 40 == pytest.approx(np.rint(found["reached"] * 40))


def test_what_is_heard_of_a_listening_groove_is_a_line_a_habit() -> None:
    measures = {"density": {"effect": 0.5, "p": 0.0001}, "step": {"effect": -0.9, "p": 0.2}}
    claim = {"habit": "match", "player": "dense", "own": ["density"], "measures": measures}
    found = {
        "corpus": "demo",
        "pairs": 20,
        "loops": 40,
        "claims": [
            claim | {"works": True, "beyond": []},
            claim | {"works": False, "beyond": ["step"], "own": ["density", "step"]},
        ],
    }
    assert _listening(found).splitlines()[1:] == [
        "ok        match       dense    density +0.50 (p 0.0001)",
        "NOT SURE  match       dense    density +0.50 (p 0.0001), step -0.90 (p 0.2000) and step",
    ]
