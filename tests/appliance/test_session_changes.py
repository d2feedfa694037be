"""What changes between takes, and what of a session can be seen."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.foot import recorded, stopped
from support.music import make_bundle, segments
from support.stage import Stage

from appliance.events import (
    CorpusOpened,
)
from appliance.policies import make_policy
from appliance.policies.facts import Facts
from appliance.session import Settings
from appliance.verify import verify_session
from corpus.keeping.bundle import Bundle


@pytest.fixture
def stage(bundle: Bundle) -> Stage:
    return Stage(bundle, Settings(vary=0.0))


@pytest.fixture
def other(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return make_bundle(tmp_path_factory.mktemp("other") / "better", segments(7))


def opened(stage: Stage, bundle: Bundle) -> None:
    stage.do(CorpusOpened(stage.now, bundle, Facts(bundle).ready()))


def test_another_corpus_is_taken_at_once_when_idle(stage: Stage, other: Bundle) -> None:
    opened(stage, other)
    assert (stage.views[-1].corpus, stage.views[-1].notice) == (other.name, other.name)
    stage.bundle = other
    stage.record()
    assert stage.asked[-1].bundle == other.path
    stage.run(40)
    sources = {line["source"] for line in stage.provenance} - {"seed"}
    assert sources
    assert sources <= set(other.segments["id"].tolist())


@pytest.mark.parametrize("state", ["recording", "playing"])
def test_another_corpus_waits_for_the_end_of_a_take(
    stage: Stage, other: Bundle, tmp_path: Path, state: str
) -> None:
    recorded(stage)
    if state == "playing":
        stage.command("loop")
        stage.run(3)
    opened(stage, other)
    assert stage.views[-1].corpus == stage.bundle.name
    if state == "recording":
        stage.command("loop")
    stage.run(30)
    assert stage.asked[-1].bundle == stage.bundle.path
    stage.command("stop")
    assert stage.views[-1].corpus == other.name
    stage.run(3)
    assert verify_session(stage.write_folder(tmp_path / "take"), stage.bundle)
    stage.record()
    assert stage.asked[-1].bundle == other.path


def test_the_latest_of_two_corpora_wins(stage: Stage, other: Bundle) -> None:
    stage.command("record")
    opened(stage, other)
    opened(stage, stage.bundle)
    stage.command("discard")
    assert stage.views[-1].corpus == stage.bundle.name
    assert stage.views[-1].notice == "DISCARDED"


def test_settings_and_policy_count_from_the_next_take(stage: Stage) -> None:
    stage.record()
    stage.run(3)
    stage.session.reconfigure(replace(Settings(), rng=9, bpm=90.0), make_policy("sequential"))
    stage.run(20)
    assert {line["policy"] for line in stage.provenance} == {"groove"}
    stopped(stage)
    assert stage.views[-1].bpm == 90.0
    assert stage.summaries[-1] is not None
    assert stage.summaries[-1]["rng"] == 0
    before = len(stage.provenance)
    stage.record()
    stage.run(20)
    assert stage.seeds[-1].seed.phrase.bpm == 90.0
    assert {line["policy"] for line in stage.provenance[before:]} == {"sequential"}


def test_a_tempo_that_is_asked_for_later_is_not_lost_to_new_settings(stage: Stage) -> None:
    stage.command("record")
    stage.session.reconfigure(Settings(bpm=90.0))
    stage.command("tempo", 75.0)
    stage.command("discard")
    assert stage.views[-1].bpm == 75.0


def test_new_settings_alone_keep_the_policy(bundle: Bundle) -> None:
    stage = Stage(bundle, policy=make_policy("sequential"))
    stage.session.reconfigure(Settings(rng=4))
    stage.record()
    stage.run(20)
    assert stage.provenance[-1]["policy"] == "sequential"


def test_a_recording_counts_beats_at_a_given_tempo_and_seconds(bundle: Bundle) -> None:
    stage = Stage(bundle, Settings(bpm=120.0))
    stage.command("record")
    stage.run(1.2)
    view = stage.views[-1]
    assert (view.state, view.beat, view.seconds) == ("recording", 3, 1.2)
    free = Stage(bundle)
    free.command("record")
    free.run(2.3)
    assert (free.views[-1].beat, free.views[-1].seconds) == (2, 2.3)
    assert len(free.views) <= 2 + 23


def test_the_queued_loop_is_seen_as_it_will_sound(stage: Stage) -> None:
    stage.record()
    stage.run(14)
    view = stage.views[-1]
    playing = stage.session.playing
    assert playing is not None
    queued = playing.queued
    assert queued is not None
    assert (view.bar, view.roll_beats) == (4, queued.loop.beats)
    assert [pitch for _, _, pitch in view.roll] == queued.loop.notes["pitch"].tolist()
    onsets = (queued.loop.notes["onset"] - queued.loop.start).tolist()
    assert [onset for onset, _, _ in view.roll] == pytest.approx(onsets, abs=1e-3)
    assert stage.views[-1].roll is view.roll
