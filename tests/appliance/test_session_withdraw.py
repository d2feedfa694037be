"""What a tap began is taken back, when it was more than a tap."""

from pathlib import Path

import numpy as np
import pytest
from support.foot import EIGHTHS, files, kinds, recorded, stopped
from support.stage import MS, SECOND, Stage

from appliance.events import (
    Cancel,
    Command,
    DropSeed,
    EndTake,
    MidiIn,
    Outcome,
    Pulse,
    Reported,
    SeedCompared,
    Send,
    Show,
    Tick,
)
from appliance.jobs import compare_seed
from appliance.policies import Choice, Moment, make_policy
from appliance.session import Settings
from appliance.verify import verify_session
from corpus.keeping.bundle import Bundle


@pytest.fixture
def stage(bundle: Bundle) -> Stage:
    return Stage(bundle, Settings(vary=0.0))


def test_a_withdrawn_recording_has_never_been(stage: Stage) -> None:
    stage.command("record")
    press = stage.now
    stage.play(EIGHTHS[:1])
    assert kinds(stage, "withdraw", press) == [EndTake]
    assert stage.session.state == "idle"
    assert stage.refused == []
    effects = stage.session.step(Tick(stage.now + 50 * MS))
    assert all(effect.view.notice == "" for effect in effects if isinstance(effect, Show))


@pytest.mark.parametrize("after", [0.05, 0.3, 1.0, 1.05])
@pytest.mark.parametrize("answered", [False, True])
def test_a_withdrawn_loop_goes_back_to_the_recording(
    bundle: Bundle, tmp_path: Path, after: float, answered: bool
) -> None:
    """With the pianist playing on all the while: the folder is what it would have been."""
    folders = []
    for number, withdraws in enumerate((True, False)):
        stage = Stage(bundle, Settings(rng=3, warmup_loops=1, patience=1), make_policy("groove"))
        recorded(stage)
        press = stage.now
        if withdraws:
            stage.command("loop")
            assert stage.session.state == "warmup"
        stage.play([(0.02, 0.04, 50)])
        stage.pass_until(press + round(after * SECOND))
        stage.do(MidiIn(stage.now, bytes((0xB0, 64, 127))))
        stage.command("mark", text="here")
        if withdraws:
            if answered:
                found = compare_seed(bundle.path, stage.seeds[0].seed.phrase)
                stage.do(SeedCompared(stage.now, 1, found))
            stage.command("withdraw", at=press)
            assert stage.session.state == "recording"
            assert stage.views[-1].notice == ""
            assert stage.seeds == []
        stage.pass_until(press + 2 * SECOND)
        assert not stage.sounding()
        stage.do(MidiIn(stage.now, bytes((0xB0, 64, 0))))
        stage.play(EIGHTHS)
        stage.pass_until(press + 8 * SECOND)
        stage.command("loop")
        stage.run(40)
        stage.command("mark")
        folder = stopped(stage).write_folder(tmp_path / str(number))
        verify_session(folder, bundle)
        folders.append(files(folder))
    assert folders[0] == folders[1]


def test_a_withdrawn_loop_is_silent_at_once_and_lets_go(stage: Stage) -> None:
    recorded(stage)
    press = stage.now
    stage.command("loop")
    stage.run(0.3)
    assert stage.struck()
    assert [type(e) for e in stage.session.step(Command(press, "withdraw"))][:4] == [
        Cancel, Pulse, Send, DropSeed,
    ]  # fmt: skip


def test_too_short_a_recording_that_was_meant_to_begin_again(stage: Stage, tmp_path: Path) -> None:
    """The first tap of a double tap comes before there is anything to loop."""
    stage.command("record")
    stage.play([(0.05, 0.1, 40)])
    press = stage.now
    stage.command("loop")
    assert stage.views[-1].notice == "TOO SHORT"
    stage.play([(0.1, 0.2, 41)])
    stage.command("withdraw", at=press)
    assert (stage.session.state, stage.takes) == ("recording", 2)
    assert [write.line["midi"] for write in stage.kept[-1].writes] == [
        "902850", "802800", "902950", "802900",
    ]  # fmt: skip
    stage.command("over")
    stage.play(EIGHTHS)
    stage.command("loop")
    stage.run(9)
    assert verify_session(stopped(stage).write_folder(tmp_path / "take"), stage.bundle)


@pytest.mark.parametrize("verb", ["stop", "wait", "other"])
def test_what_is_over_is_not_withdrawn(stage: Stage, verb: str) -> None:
    recorded(stage)
    press = stage.now
    stage.command("loop")
    if verb == "stop":
        stage.command("stop")
    stage.run(6 if verb == "wait" else 0.1)
    state = stage.session.state
    stage.command("withdraw", at=press + (verb == "other"))
    assert (stage.refused, stage.session.state) == (["TOO LATE"], state)


def test_a_withdrawn_loop_is_not_the_last_seed(stage: Stage) -> None:
    stage.record(pitch=48)
    stage.run(2)
    stopped(stage)
    recorded(stage)
    press = stage.now
    stage.command("loop")
    stage.command("withdraw", at=press)
    stage.command("discard")
    stage.command("replay")
    assert stage.seeds[-1].seed is stage.seeds[0].seed


def test_an_answer_about_a_withdrawn_loop_is_not_believed(bundle: Bundle) -> None:
    stage = Stage(bundle, Settings(patience=99), answers=False)
    recorded(stage)
    press = stage.now
    stage.command("loop")
    stage.command("withdraw", at=press)
    stage.command("loop")
    stage.do(SeedCompared(stage.now, 1, compare_seed(bundle.path, bundle.phrase(0))))
    stage.run(40)
    assert {line["source"] for line in stage.provenance} == {"seed"}


def test_reports_of_a_withdrawn_loop_disturb_nothing(stage: Stage) -> None:
    recorded(stage)
    press = stage.now
    stage.command("loop")
    stage.run(0.1)
    stage.command("withdraw", at=press)
    before = len(stage.writes)
    for seq in range(1, 60):
        stage.do(Reported(stage.now, seq, Outcome.SENT))
    assert len(stage.writes) == before


class Counting:
    """One row after the other, whatever plays."""

    name = "counting"

    def __init__(self) -> None:
        self.asked = 0

    def choose(self, moment: Moment, rng: np.random.Generator) -> Choice:
        self.asked += 1
        return Choice(self.asked % len(moment.bundle), 0, 0.5, "counted")


def test_a_policy_forgets_what_it_chose_in_a_withdrawn_loop(bundle: Bundle) -> None:
    sources = []
    for withdraws in (True, False):
        stage = Stage(bundle, Settings(warmup_loops=1, patience=1), Counting())
        recorded(stage)
        press = stage.now
        if withdraws:
            stage.command("loop")
            stage.command("withdraw", at=press)
        stage.command("loop")
        stage.run(30)
        sources.append([line["source"] for line in stage.provenance])
    assert sources[0] == sources[1]
    assert len(set(sources[0])) > 5
