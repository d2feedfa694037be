"""The last bars that were played, looped in time with whoever plays on."""

from pathlib import Path

import pytest
from support.foot import EIGHTHS, stopped
from support.stage import MS, SECOND, Stage

from appliance.plot import plot_session
from appliance.seed import capture
from appliance.session import Settings
from appliance.verify import verify_session
from corpus.keeping.bundle import Bundle


@pytest.fixture
def stage(bundle: Bundle) -> Stage:
    return Stage(bundle, Settings(vary=0.0))


def groove(stage: Stage, bars: int, rest: float = 0.0) -> None:
    """Bars of four beats at 120 BPM, the bass on one and three."""
    for _ in range(bars):
        start = stage.now
        rows = [(0.0, 0.4, 36), (0.5, 0.7, 52), (1.0, 1.4, 43), (1.5, 1.7, 52), (1.75, 1.9, 55)]
        stage.play(rows)
        stage.pass_until(start + 2 * SECOND)
    stage.run(rest)


def test_the_last_bars_loop_in_time_with_whoever_plays_on(stage: Stage, tmp_path: Path) -> None:
    stage.run(20)
    groove(stage, 6)
    press = stage.now
    stage.play([(0.0, 0.3, 36)])
    stage.command("recent", at=press)
    (seed,) = stage.seeds
    assert (seed.seed.phrase.beats, seed.seed.phrase.bar) == (24.0, 4.0)
    assert seed.seed.phrase.bpm == pytest.approx(120, rel=1e-3)
    assert stage.session.state == "warmup"
    stage.run(30)
    expected = {press + round(beat * 0.5 * SECOND) for beat in (1, 2, 3, 3.5, 4, 5)}
    heard = {ns for ns, _, _ in stage.struck()}
    assert all(min(abs(ns - one) for ns in heard) < 2 * MS for one in expected)
    assert min(heard) > press + 250 * MS  # what was due before is not made up for
    assert verify_session(stopped(stage).write_folder(tmp_path / "take"), stage.bundle)
    plot_session(tmp_path / "take", tmp_path / "stage.png")


def test_long_after_the_last_bars_they_begin_at_once(stage: Stage, tmp_path: Path) -> None:
    stage.run(20)
    groove(stage, 2, rest=7)
    press = stage.now
    stage.command("recent")
    assert stage.seeds[0].seed.phrase.beats == 8.0
    stage.run(12)
    assert stage.struck()[0] == (press, 36, 80)
    assert verify_session(stopped(stage).write_folder(tmp_path / "take"), stage.bundle)


def test_the_last_bars_go_back_to_a_silence(stage: Stage) -> None:
    stage.run(20)
    stage.play([(0.0, 0.2, 90), (0.5, 0.8, 91)])
    stage.run(3)
    groove(stage, 4)
    stage.command("recent")
    assert stage.seeds[0].seed.phrase.beats == 16.0
    assert 90 not in stage.seeds[0].seed.phrase.notes["pitch"]


def test_at_a_given_tempo_the_last_bars_keep_to_it(bundle: Bundle) -> None:
    stage = Stage(bundle, Settings(bpm=120.0))
    stage.run(20)
    groove(stage, 4)
    stage.command("recent")
    assert (stage.seeds[0].seed.phrase.bpm, stage.seeds[0].seed.phrase.beats) == (120.0, 16.0)


def test_a_solo_over_the_loop_is_not_the_last_bars(stage: Stage) -> None:
    stage.record()
    stage.play(EIGHTHS)
    stopped(stage).command("recent")
    assert stage.refused == ["NOTHING HEARD"]


def test_a_press_that_became_a_double_tap_takes_the_last_bars(stage: Stage, tmp_path: Path) -> None:
    stage.run(20)
    groove(stage, 4)
    press = stage.now
    stage.command("record")
    stage.run(0.3)
    stage.command("withdraw", at=press)
    stage.command("recent", at=press)
    stage.run(20)
    assert stage.seeds[0].seed.phrase.beats == 16.0
    assert verify_session(stopped(stage).write_folder(tmp_path / "take"), stage.bundle)
    assert stage.refused == []


def test_every_loop_after_the_last_bars_is_decided_in_time(stage: Stage) -> None:
    stage.run(20)
    groove(stage, 1)
    stage.play([(0.0, 0.4, 36), (0.5, 0.7, 52), (1.0, 1.4, 43), (1.5, 1.7, 52)])
    press = stage.now
    stage.run(0.4)
    stage.command("recent", at=press)
    stage.run(30)
    assert min(line["decided_ahead_beats"] for line in stage.provenance[1:]) >= 4


def test_capture_can_be_asked_for_a_longer_loop() -> None:
    played = [(0, bytes((0x90, 40, 80))), (SECOND, bytes((0x80, 40, 0)))]
    assert capture(0, 2 * SECOND, played, 120.0, least=10).phrase.beats == 12.0
