"""Bad cases: the music goes on, and the screen and the journal say what happened."""

from itertools import pairwise
from pathlib import Path

import pytest
from support.music import BOOGIE, WALTZ, make_bundle, phrase, segments
from support.stage import Stage
from support.stage import prove as stage_prove

from appliance.events import SeedCompared
from appliance.jobs import compare_seed
from appliance.policies import Groove, Playlist, Policy, make_policy
from appliance.session import Settings
from appliance.verify import verify_session
from corpus.cutting.segment import Segment
from corpus.keeping.bundle import Bundle


def prove(stage: Stage, folder: Path) -> None:
    stage_prove(stage, folder)
    assert len(stage.provenance) > 8


def told(stage: Stage) -> str:
    return " / ".join(w.line["why"] for w in stage.writes if w.line.get("event") == "degraded")


def shown(stage: Stage) -> set[str]:
    return {view.notice for view in stage.views}


@pytest.mark.parametrize("policy", ["groove", "best", "graph", "sequential", "random"])
@pytest.mark.parametrize("count", [1, 2])
def test_a_corpus_of_one_or_two_segments(tmp_path: Path, count: int, policy: str) -> None:
    bundle = make_bundle(tmp_path / "tiny", segments(count))
    stage = Stage(bundle, policy=make_policy(policy))
    stage.record()
    stage.run(40)
    for verb in ("next", "back"):
        stage.command(verb)
        stage.run(12)
    sources = {line["source"] for line in stage.provenance}
    assert sources - {"seed"} <= set(bundle.segments["id"].tolist())
    assert len(sources) > 1
    assert ("ONLY ONE SEGMENT" in shown(stage)) == (count == 1)
    assert ("one segment" in told(stage)) == (count == 1)
    prove(stage, tmp_path / "take")


def test_segments_of_many_lengths_and_metres(tmp_path: Path) -> None:
    lengths = [(6.0, 3.0), (8.0, 4.0), (16.0, 4.0), (12.0, 3.0), (4.0, 4.0), (7.0, 3.5)]
    pieces = [
        Segment(f"take{i}", 0.0, phrase(36 + i, [0, 4, 7], beats=beats, bar=bar))
        for i, (beats, bar) in enumerate(lengths * 2)
    ]
    stage = Stage(make_bundle(tmp_path / "mixed", pieces), policy=make_policy("random"))
    stage.record()
    stage.run(90)
    assert len({line["beats"] for line in stage.provenance}) >= 5
    prove(stage, tmp_path / "take")


def test_a_groove_keeps_to_the_metre_of_the_seed_where_it_can(tmp_path: Path) -> None:
    pieces = [
        Segment(f"take{i}", 0.0, phrase(36 + i, beats=beats, bar=bar))
        for i, (beats, bar) in enumerate([(6.0, 3.0), (8.0, 4.0)] * 6)
    ]
    bundle = make_bundle(tmp_path / "mixed", pieces)
    stage = Stage(bundle)
    stage.record()
    stage.run(60)
    lengths = {line["beats"] for line in stage.provenance if line["source"] != "seed"}
    assert lengths == {8.0}
    assert told(stage) == ""


def test_a_seed_in_a_metre_that_the_corpus_lacks(tmp_path: Path) -> None:
    waltzes = [Segment(f"w{i}", 0.0, phrase(36 + i, WALTZ, 6.0, 3.0)) for i in range(6)]
    stage = Stage(make_bundle(tmp_path / "waltzes", waltzes))
    stage.record()
    stage.run(50)
    assert "NO DUPLE METRE" in shown(stage)
    assert "no segment of the corpus is in duple metre" in told(stage)
    assert stage.session.state == "groove"
    prove(stage, tmp_path / "take")


def test_a_seed_far_from_everything(tmp_path: Path) -> None:
    """The corpus keeps to few pitch classes, and its segments are all alike."""
    few = [Segment(f"t{i}", 0.0, phrase(36, [0, 7, 0, 7, 0, 7, i % 2, 7])) for i in range(8)]
    stage = Stage(make_bundle(tmp_path / "narrow", few))
    stage.tap()
    stage.play([(i * 0.25, i * 0.25 + 0.2, 40 + i) for i in range(16)])
    stage.tap()
    stage.run(50)
    assert "FAR FROM ALL YOU HAVE" in shown(stage)
    assert "far from the whole corpus" in told(stage)
    assert stage.session.state == "groove"
    prove(stage, tmp_path / "take")


@pytest.mark.parametrize("policy", ["groove", "best", "graph", "easy", "random"])
def test_an_embedder_that_never_answers(bundle: Bundle, tmp_path: Path, policy: str) -> None:
    settings = Settings(patience=4, vary=1.0)
    stage = Stage(bundle, settings, make_policy(policy), answers=False)
    stage.record()
    stage.run(60)
    loops = stage.provenance
    assert [line["source"] for line in loops[:4]] == ["seed"] * 4
    assert loops[0]["edits"] == []
    assert all(line["edits"] for line in loops[1:4])
    assert "not compared yet" in loops[3]["why"]
    assert loops[4]["source"] != "seed"
    assert loops[4]["why"].endswith("by tempo, key and register: the seed was not compared")
    assert "NO MATCH YET" in shown(stage)
    assert "the seed was not compared in 4 loops" in told(stage)
    stage.command("home")
    stage.run(12)
    assert stage.session.state == "idle"
    assert stage.provenance[-1]["source"] == "seed"
    stage.run(3)
    assert verify_session(stage.write_folder(tmp_path / "take"), bundle)


def test_who_cannot_wait_for_the_comparison_gets_the_columns(bundle: Bundle) -> None:
    stage = Stage(bundle, answers=False)
    stage.record()
    stage.run(1)
    stage.command("next")
    stage.run(4)
    assert stage.provenance[1]["source"] != "seed"
    assert "by tempo, key and register" in stage.provenance[1]["why"]


def test_a_comparison_that_comes_late_leads_on_without_a_gap(
    bundle: Bundle, tmp_path: Path
) -> None:
    stage = Stage(bundle, Settings(vary=1.0), answers=False)
    stage.record()
    stage.run(14)
    found = compare_seed(bundle.path, stage.seeds[0].seed.phrase)
    stage.do(SeedCompared(stage.now, 1, found))
    stage.run(60)
    sources = [line["source"] for line in stage.provenance]
    assert sources[:4] == ["seed"] * 4
    assert "seed" not in sources[5:]
    assert "not compared" not in stage.provenance[5]["why"]
    prove(stage, tmp_path / "take")


def test_a_playlist_with_a_missing_segment(bundle: Bundle, tmp_path: Path) -> None:
    ids = bundle.segments["id"].tolist()
    (tmp_path / "list.txt").write_text(f"{ids[3]}\nGONE@16\n{ids[5]}\n")
    policy: Policy = Playlist(str(tmp_path / "list.txt"))
    stage = Stage(bundle, policy=policy)
    stage.record()
    stage.run(40)
    played = [line["source"] for line in stage.provenance if line["source"] != "seed"]
    assert played[:4] == [ids[3], ids[5], ids[3], ids[5]]
    assert "NOT IN THE CORPUS" in shown(stage)
    assert "not here: GONE@16" in told(stage)
    assert told(stage).count("GONE") == 1
    prove(stage, tmp_path / "take")


def test_a_playlist_of_nothing_that_is_there(bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("GONE@16\nLOST@8\n")
    stage = Stage(bundle, policy=Playlist(str(tmp_path / "list.txt")))
    stage.record()
    stage.run(60)
    assert stage.session.state == "groove"
    assert "nothing of the list is here" in stage.provenance[-1]["why"]
    prove(stage, tmp_path / "take")


# -- the warm-up ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("limit", "approach"), [(4, 2), (4, 1), (4, 3), (3, 1), (8, 4)])
def test_the_groove_is_there_in_time(tmp_path: Path, limit: int, approach: int) -> None:
    bundle = make_bundle(tmp_path / "corpus", segments(24))
    for rng in range(3):
        stage = Stage(bundle, Settings(rng=rng, warmup_loops=limit), Groove(approach=approach))
        stage.record(pitch=36 + rng)
        stage.run(50)
        why = [line["why"] for line in stage.provenance]
        arrived = why.index("into the groove")
        assert arrived + 1 <= limit
        seeds = [line["source"] == "seed" for line in stage.provenance]
        assert seeds[: limit - approach] == [True] * (limit - approach)
        assert not any(seeds[limit - approach :])


def test_key_and_register_follow_the_seed_and_do_not_jump_about(tmp_path: Path) -> None:
    """The same bass in twelve keys and three registers: a pianist hears one key and one place."""
    pieces = [Segment(f"take{i}", 0.0, phrase(28 + i, BOOGIE)) for i in range(24)]
    bundle = make_bundle(tmp_path / "keys", pieces)
    for pitch in (34, 41):
        stage = Stage(bundle, policy=Groove(repeat_chance=0.0))
        stage.tap()
        rows = [(i * 0.25, i * 0.25 + 0.2, pitch + BOOGIE[i % 8]) for i in range(16)]
        stage.play(rows)
        stage.pass_until(4_000_000_000)
        stage.tap()
        stage.run(80)
        low = dict(zip(bundle.segments["id"].tolist(), bundle.segments["low"], strict=True))
        roots = [
            int(low[line["source"]]) + line["transpose"]
            for line in stage.provenance
            if line["source"] != "seed"
        ]
        assert len(roots) > 12
        assert {root % 12 for root in roots} == {pitch % 12}
        assert {abs(root - pitch) for root in roots} <= {0, 12}
        assert roots[0] == pitch
        assert sum(one != other for one, other in pairwise(roots)) <= len(roots) // 4
