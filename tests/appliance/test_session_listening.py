from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from support.music import make_bundle, segments
from support.stage import SECOND, Stage

from appliance.dynamics import Dynamics
from appliance.events import Command, MidiIn, PlayerEmbedded
from appliance.policies import Groove
from appliance.session import Settings
from appliance.verify import verify_session
from corpus.keeping.bundle import Bundle

BEAT = SECOND // 2  # at 120 BPM
FOLLOWING = Settings(dynamics=Dynamics(follow=1.0))
AS_IT_IS = Settings(dynamics=Dynamics(follow=0.0))


def melody(stage: Stage, beats: int, velocity: int, pitch: int = 84, rate: int = 2) -> None:
    """Even notes from now on; time passes to their end."""
    step = 0.5 / rate
    rows = [(i * step, (i + 0.5) * step, pitch + i % 5) for i in range(beats * rate)]
    stage.play(rows, velocity)


def scales(stage: Stage) -> list[float]:
    return [line["velocity_scale"] for line in stage.provenance]


def level(stage: Stage, loop: int) -> float:
    """Mean velocity with which the keys of a loop were struck."""
    origin = stage.struck()[0][0]
    begin = (
        origin + (stage.provenance[loop]["start_beat"] - stage.provenance[0]["start_beat"]) * BEAT
    )
    end = begin + stage.provenance[loop]["beats"] * BEAT
    room = BEAT // 4  # lead-ins
    return float(np.mean([v for ns, _, v in stage.struck() if begin + room < ns < end - room]))


def test_with_nobody_playing_the_loop_is_as_loud_as_it_was(bundle: Bundle) -> None:
    stage = Stage(bundle, FOLLOWING)
    stage.record()
    stage.run(60)
    assert set(scales(stage)) == {1.0}


def test_the_loop_follows_the_level_of_the_player(bundle: Bundle) -> None:
    found = {}
    for velocity in (30, 120):
        stage = Stage(bundle, FOLLOWING)
        stage.record()
        stage.run(8)
        melody(stage, 48, velocity)
        stage.run(2)
        found[velocity] = level(stage, 7)
        assert scales(stage)[7] != 1.0
        steps = np.abs(np.diff(scales(stage)))
        assert steps.max() <= Dynamics().step + 1e-9
        assert level(stage, 7) == pytest.approx(80 * scales(stage)[7], abs=1)
    assert found[30] < 60
    assert found[120] > 90


def test_a_level_that_does_not_follow_is_one(bundle: Bundle) -> None:
    stage = Stage(bundle, AS_IT_IS)
    stage.record()
    stage.run(8)
    melody(stage, 48, 127)
    assert set(scales(stage)) == {1.0}


def test_the_very_next_loop_answers_and_what_sounds_does_not_change(bundle: Bundle) -> None:
    quiet, loud = Stage(bundle, FOLLOWING), Stage(bundle, FOLLOWING)
    for stage in (quiet, loud):
        stage.record()
        stage.run(16.1)  # into the fifth loop
    now = loud.now
    begun = len(loud.provenance)
    melody(loud, 5, 127)
    for stage in (quiet, loud):
        stage.pass_until(now + 20 * SECOND)
    assert scales(quiet)[begun] == 1.0
    assert scales(loud)[: begun + 1] == [1.0] * begun + [1.15]
    until = now + 6 * BEAT
    sounded = [[one for one in stage.struck() if one[0] < until] for stage in (quiet, loud)]
    assert sounded[0] == sounded[1]


def test_the_level_returns_when_the_player_stops(bundle: Bundle) -> None:
    stage = Stage(bundle, FOLLOWING)
    stage.record()
    stage.run(8)
    melody(stage, 40, 25)
    softest = len(stage.provenance) - 1
    stage.run(30)
    after = scales(stage)[softest:]
    assert after[0] < 0.8
    assert after == sorted(after)
    assert after[-1] == 1.0


def test_the_seed_is_not_the_player(bundle: Bundle) -> None:
    stage = Stage(bundle, FOLLOWING)
    stage.tap()
    stage.play([(i * 0.25, i * 0.25 + 0.4, 36 + i % 7) for i in range(16)], velocity=20)
    stage.pass_until(4 * SECOND)
    stage.tap()
    stage.run(40)
    assert set(scales(stage)) == {1.0}


def test_a_session_that_was_played_with_can_be_verified(bundle: Bundle, tmp_path: Path) -> None:
    stage = Stage(bundle, FOLLOWING, Groove(room=1.0, harmony=1.0, complement=1.0, tracking=1.0))
    stage.record()
    stage.run(10)
    melody(stage, 32, 120, rate=4)
    stage.command("tempo", 100.0)
    melody(stage, 16, 30)
    stage.command("hold")
    stage.run(12)
    stage.command("hold")
    stage.run(12)
    stage.command("end")
    stage.run(15)
    assert len(set(scales(stage))) > 4
    folder = stage.write_folder(tmp_path / "session")
    assert verify_session(folder, bundle).loops == len(stage.provenance)


def test_a_level_that_is_not_the_one_written_down_is_found(bundle: Bundle, tmp_path: Path) -> None:
    stage = Stage(bundle, FOLLOWING)
    stage.record()
    stage.run(8)
    melody(stage, 32, 120)
    stage.command("stop")
    stage.run(3)
    folder = stage.write_folder(tmp_path / "session")
    verify_session(folder, bundle)
    file = folder / "provenance.jsonl"
    assert '"velocity_scale":1.25' in file.read_text()
    file.write_text(file.read_text().replace('"velocity_scale":1.25', '"velocity_scale":1.1', 1))
    with pytest.raises(Exception, match=r"no source has it|is missing"):
        verify_session(folder, bundle)


def test_what_was_swayed_says_so(tmp_path: Path) -> None:
    many = make_bundle(tmp_path / "forty", segments(40))
    stage = Stage(many, AS_IT_IS, Groove(harmony=1.0, repeat_chance=0.0))
    stage.record()
    stage.run(8)
    melody(stage, 96, 80)
    whys = Counter(line["why"].rpartition(", ")[2] for line in stage.provenance)
    assert whys["in your notes"] > 0


def test_without_weights_a_player_changes_nothing_but_the_journal(bundle: Bundle) -> None:
    deaf = {
        "complement": 0.0,
        "room": 0.0,
        "harmony": 0.0,
        "freedom": 0.0,
        "stillness": 0.0,
        "tracking": 0.0,
    }
    alone, together = (Stage(bundle, AS_IT_IS, Groove(**deaf)) for _ in range(2))
    for stage in (alone, together):
        stage.record()
        stage.run(8)
    melody(together, 64, 100)
    alone.pass_until(together.now)
    assert alone.provenance == together.provenance
    assert alone.wire == together.wire
    assert together.windows == []


def test_what_is_played_is_embedded_a_window_at_a_time(bundle: Bundle) -> None:
    stage = Stage(bundle, policy=Groove(tracking=1.0))
    stage.record()
    stage.run(8)
    assert stage.windows == []  # nobody played
    melody(stage, 33, 80)
    assert len(stage.windows) == 4
    for window in stage.windows:
        assert window.phrase.beats == 8
        assert window.phrase.bpm == pytest.approx(120, abs=0.1)
        assert len(window.phrase.notes) <= 16
        assert window.phrase.notes["pitch"].min() >= 84


def test_an_embedder_that_never_answers_is_not_asked_again(bundle: Bundle) -> None:
    stage = Stage(bundle, policy=Groove(tracking=1.0), answers=False)
    stage.record()
    melody(stage, 64, 80)
    assert len(stage.windows) == 1
    assert len(stage.provenance) >= 8
    stage.command("stop")
    stage.run(3)
    stage.record()
    melody(stage, 64, 80)
    assert len(stage.windows) == 2


def test_a_fault_is_told_once_and_then_let_be(bundle: Bundle) -> None:
    stage = Stage(bundle, policy=Groove(tracking=1.0), answers=False)
    stage.record()
    melody(stage, 24, 80)
    (window,) = stage.windows
    stage.do(PlayerEmbedded(stage.now, window.number, None, "the model is gone"))
    stage.do(PlayerEmbedded(stage.now, window.number, None, "the model is gone"))
    melody(stage, 48, 80)
    told = [write.line for write in stage.writes if write.line.get("why") == "the model is gone"]
    assert [line["event"] for line in told] == ["degraded"]
    assert len(stage.windows) == 1


def test_an_answer_about_an_earlier_take_says_nothing(bundle: Bundle) -> None:
    stage = Stage(bundle, policy=Groove(tracking=1.0), answers=False)
    stage.record()
    melody(stage, 24, 80)
    (old,) = stage.windows
    stage.command("stop")
    stage.run(3)
    stage.record()
    melody(stage, 24, 80)
    stage.do(PlayerEmbedded(stage.now, old.number, None, "too late"))
    assert "too late" not in [write.line.get("why") for write in stage.writes]
    assert len(stage.windows) == 2


def test_a_flood_before_during_and_after_a_take(bundle: Bundle) -> None:
    stage = Stage(bundle, FOLLOWING, Groove(tracking=1.0))

    def flood() -> None:
        for index in range(3000):
            status = (0x90, 0x80, 0xB0)[index % 3]
            stage.do(MidiIn(stage.now + index, bytes((status, 21 + index % 88, index % 128))))

    flood()
    stage.run(1)
    stage.record()
    for _ in range(4):
        flood()
        stage.run(5)
    stage.do(Command(stage.now, "stop"))
    flood()
    stage.run(3)
    assert stage.session.state == "idle"
    assert not stage.sounding()
