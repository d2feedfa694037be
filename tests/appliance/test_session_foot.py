"""Whatever a foot does, with the hands playing on: no stuck note, no gap, and every note proved."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from support.foot import EIGHTHS, Foot, files, recorded, stopped
from support.music import make_bundle, segments
from support.stage import SECOND, Kept, Stage

from appliance.events import CorpusOpened, MidiIn
from appliance.policies import Groove
from appliance.policies.facts import Facts
from appliance.session import Settings
from appliance.verify import verify_session
from corpus.keeping.bundle import Bundle


class Lent:
    bundles: list[Bundle]
    facts: list[Facts]
    folder: Path
    number = 0


@pytest.fixture(scope="module", autouse=True)
def _lend(tmp_path_factory: pytest.TempPathFactory) -> None:
    Lent.folder = tmp_path_factory.mktemp("foot")
    Lent.bundles = [make_bundle(Lent.folder / f"corpus{n}", segments(n)) for n in (9, 6)]
    Lent.facts = [Facts(bundle).ready() for bundle in Lent.bundles]


def proved(stage: Stage) -> int:
    """Every folder that was kept, with the corpus that it names; how many they were."""
    kept = [one for one in stage.kept if one.summary is not None]
    for one in kept:
        assert one.ended
        prove(one)
    return len(kept)


def prove(kept: Kept) -> None:
    assert kept.summary is not None
    bundles = {bundle.sha256: bundle for bundle in Lent.bundles}
    Lent.number += 1
    folder = kept.write(Lent.folder / str(Lent.number))
    verify_session(folder, bundles[kept.summary["bundle"]["sha256"]])
    assert kept.summary["stuck_notes"] == 0
    assert kept.summary["gaps_ms_max"] == 0
    lines = [write.line for write in kept.writes if write.file == "provenance"]
    for one, other in pairwise(lines):
        assert other["start_beat"] == one["start_beat"] + one["beats"]


class Feet(RuleBasedStateMachine):
    """The foot through its gestures, other commands beside it, and a pianist who plays on."""

    @initialize(rng=st.integers(0, 20), bpm=st.sampled_from([None, None, 120.0, 77.0]))
    def begin(self, rng: int, bpm: float | None) -> None:
        self.stage = Stage(Lent.bundles[0], Settings(rng=rng, bpm=bpm))
        self.foot = Foot(self.stage)

    @rule(seconds=st.floats(0, 5))
    def wait(self, seconds: float) -> None:
        self.foot.wait(seconds)

    @rule(seconds=st.sampled_from([0.05, 0.2, 0.5, 0.9, 1.05, 1.6, 3.1]))
    def press(self, seconds: float) -> None:
        self.foot.press(seconds)

    @rule()
    def double(self) -> None:
        self.foot.double()

    @rule(count=st.integers(1, 16), step=st.floats(0.08, 0.6), pitch=st.integers(30, 60))
    def play(self, count: int, step: float, pitch: int) -> None:
        """The foot rests."""
        for number in range(count):
            self.stage.do(MidiIn(self.stage.now, bytes((0x90, pitch + number % 5, 70))))
            self.foot.wait(step)
            self.stage.do(MidiIn(self.stage.now, bytes((0x80, pitch + number % 5, 0))))

    @rule(beats=st.integers(2, 12), pitch=st.integers(30, 60), ends=st.floats(0, 0.3))
    def take(self, beats: int, pitch: int, ends: float) -> None:
        """If nothing plays: tap, play, tap."""
        if self.stage.session.state != "idle":
            self.foot.wait(3)
            return
        self.foot.press(0.05)
        self.play(2 * beats, 0.25, pitch)
        self.foot.press(0.05)
        self.foot.wait(ends)

    @rule(after=st.floats(0, 1), press=st.sampled_from([0.05, 1.2, 0.0]))
    def change_of_mind(self, after: float, press: float) -> None:
        """A loop whose tap becomes a double tap or a hold."""
        if self.stage.session.state != "recording":
            self.foot.wait(1)
            return
        self.play(9, 0.3, 44)
        if press:
            self.foot.press(0.05)
            self.foot.wait(min(after, 0.35))
        self.foot.press(press or 1.2)

    @rule(rest=st.floats(0, 3), after=st.floats(0, 2))
    def stop_and_replay(self, rest: float, after: float) -> None:
        self.stage.command("stop")
        self.foot.wait(rest)
        self.foot.press(1.2)
        self.foot.wait(after)

    @rule(down=st.booleans())
    def pedal(self, down: bool) -> None:
        self.stage.do(MidiIn(self.stage.now, bytes((0xB0, 64, 127 * down))))

    @rule(
        verb=st.sampled_from(
            ["over", "discard", "recent", "replay", "mark", "stop", "tempo", "end"]
        ),
        value=st.sampled_from([None, 90.0, 140.0]),
    )
    def command(self, verb: str, value: float | None) -> None:
        self.stage.command(verb, value)

    @rule(back=st.floats(0, 6))
    def withdraw_something(self, back: float) -> None:
        self.stage.command("withdraw", at=self.stage.now - round(back * SECOND))

    @rule(verb=st.sampled_from(["record", "loop"]), after=st.floats(0, 1.2))
    def begin_and_withdraw(self, verb: str, after: float) -> None:
        press = self.stage.now
        self.stage.command(verb)
        self.stage.run(after)
        self.stage.command("withdraw", at=press)

    @rule(number=st.integers(0, 1))
    def open_corpus(self, number: int) -> None:
        event = CorpusOpened(self.stage.now, Lent.bundles[number], Lent.facts[number])
        self.stage.do(event)

    @rule(rng=st.integers(0, 3))
    def reconfigure(self, rng: int) -> None:
        self.stage.session.reconfigure(Settings(rng=rng), Groove() if rng else None)

    @invariant()
    def a_key_is_never_struck_twice(self) -> None:
        down: set[int] = set()
        for _, data in self.stage.wire if hasattr(self, "stage") else ():
            if data[0] == 0x90:
                assert data[1] not in down
                down.add(data[1])
            elif data[0] == 0x80:
                down.discard(data[1])

    def teardown(self) -> None:
        if not hasattr(self, "stage"):
            return
        if self.stage.session.playing is not None:
            self.foot.wait(1)
        stopped(self.stage)
        assert self.stage.session.state == "idle"
        assert len(self.stage.summaries) == self.stage.takes
        proved(self.stage)


TestFeet = Feet.TestCase
TestFeet.settings = settings(max_examples=20, stateful_step_count=20, deadline=None)


def test_a_double_tap_at_the_end_of_a_recording_starts_over() -> None:
    stage = Stage(Lent.bundles[0])
    foot = Foot(stage)
    foot.press(0.1)
    stage.play(EIGHTHS)
    foot.double()
    assert stage.session.state == "recording"
    stage.play(EIGHTHS)
    foot.press(0.1)
    foot.wait(9)
    assert stage.session.state in ("warmup", "groove")
    assert stage.refused == []
    stopped(stage)
    assert proved(stage) == 1


def test_a_hold_while_recording_discards_and_another_plays_the_last_seed() -> None:
    stage = Stage(Lent.bundles[0])
    foot = Foot(stage)
    stage.record()
    stage.run(5)
    stopped(stage)
    foot.press(0.1)
    stage.play(EIGHTHS)
    foot.press(1.2)
    assert (stage.session.state, stage.views[-1].notice) == ("idle", "DISCARDED")
    foot.press(1.2)
    assert stage.session.state == "warmup"
    assert stage.seeds[-1].seed is stage.seeds[0].seed
    foot.press(3.2)
    assert stage.session.state == "idle"
    foot.press(3.2)
    assert stage.powered_off
    assert stage.refused == []


BEGUN = st.tuples(st.integers(0, 20), st.floats(0.0, 1.0), st.booleans())


@settings(max_examples=6, deadline=None)
@given(
    rng=st.integers(0, 9),
    begun=st.lists(BEGUN, min_size=1, max_size=5),
    notes=st.lists(st.integers(30, 60), min_size=20, max_size=20),
)
def test_what_was_withdrawn_has_never_been(
    rng: int, begun: list[tuple[int, float, bool]], notes: list[int]
) -> None:
    """The same hands and the same feet, but for what was withdrawn: the same folders."""
    folders = []
    for withdraws in (True, False):
        stage = Stage(Lent.bundles[0], Settings(rng=rng, warmup_loops=1, patience=1))
        for take in range(2):
            stage.run(3)
            for number, pitch in enumerate(notes):
                if number == 5:
                    stage.command("record")
                if number >= 18:
                    continue
                for place, seconds, marks in begun:
                    if place == number:
                        press = stage.now
                        verb = "loop" if stage.session.state == "recording" else "record"
                        if withdraws:
                            stage.command(verb)
                        stage.play([(seconds / 2, seconds, pitch + take)])
                        if marks and verb == "loop":
                            stage.command("mark", text="here")
                        if withdraws:
                            stage.command("withdraw", at=press)
                stage.play([(0.0, 0.2, pitch), (0.1, 0.25, pitch + 7)])
            stage.command("loop")
            stage.run(15)
            stopped(stage)
        kept = [one for one in stage.kept if one.summary is not None]
        Lent.number += 1
        place = Lent.folder / f"same{Lent.number}"
        folders.append([files(one.write(place / str(n))) for n, one in enumerate(kept)])
        for one in kept:
            prove(one)
    assert folders[0] == folders[1]


def test_the_recording_that_goes_on_is_long_enough_to_loop() -> None:
    """The property above would say nothing if nothing were ever looped."""
    stage = recorded(Stage(Lent.bundles[0]))
    stage.command("loop")
    assert stage.session.state == "warmup"
