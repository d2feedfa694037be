"""What a performer asks for, from the gesture to the wire, on the simulated clock."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from support.music import BOOGIE, make_bundle, phrase, segments
from support.stage import MS, SECOND, Stage, prove

from appliance.events import MidiIn
from appliance.policies import Groove, Policy, Trip
from appliance.session import Settings
from corpus.cutting.segment import Segment
from corpus.keeping.bundle import Bundle

Sounds = list[tuple[float, int, int]]


@pytest.fixture
def stage(bundle: Bundle) -> Stage:
    stage = Stage(bundle, policy=Groove(repeat_chance=0.0))
    stage.record()
    return stage


def to_beat(stage: Stage, beat: float) -> None:
    """Let time pass until so many beats into the loop that sounds, or after it."""
    playing = stage.session.playing
    assert playing is not None
    start = playing.current.loop.start
    stage.pass_until(playing.transport.ns_at(start + beat))


def sounds(stage: Stage, number: int) -> Sounds:
    """(beat from the loop's start, pitch, velocity) of the strikes of a loop, by the wire and a
    tempo that stayed the same."""
    line = stage.provenance[number]
    beat_ns = 60 * SECOND / 120
    began = stage.provenance[0]["start_beat"]
    first = stage.struck()[0][0]
    start = first + (line["start_beat"] - began) * beat_ns
    end = start + line["beats"] * beat_ns
    return [
        (round((ns - start) / beat_ns, 6), pitch, velocity)
        for ns, pitch, velocity in stage.struck()
        if start - MS <= ns < end - MS
    ]


def form(line: dict[str, Any]) -> tuple[Any, ...]:
    return line["source"], line["transpose"], line["rotate_beats"]


# -- back -----------------------------------------------------------------------------------------


def test_back_is_the_loop_that_was_heard_before(stage: Stage, tmp_path: Path) -> None:
    stage.run(22.5)
    now = len(stage.provenance) - 1
    assert form(stage.provenance[now]) != form(stage.provenance[now - 1])
    stage.command("back")
    assert stage.views[-1].pending == "BACK"
    stage.run(4)
    assert form(stage.provenance[now + 1]) == form(stage.provenance[now - 1])
    assert sounds(stage, now + 1)[:8] == sounds(stage, now - 1)[:8]
    assert stage.views[-1].pending == ""
    prove(stage, tmp_path / "take")


def test_pressed_again_back_goes_further_and_ends_at_the_seed(stage: Stage) -> None:
    stage.run(22.5)
    grooves = [form(line) for line in stage.provenance]
    assert len(set(grooves)) == len(grooves) - 1  # the seed twice, then new ones only
    stage.command("back")
    stage.command("back")
    stage.run(4)
    assert form(stage.provenance[-1]) == grooves[-3]
    stage.command("back")
    stage.run(4)
    assert form(stage.provenance[-1]) == grooves[-4]
    for _ in range(9):
        stage.command("back")
    stage.run(4)
    assert stage.provenance[-1]["source"] == "seed"
    assert stage.provenance[-1]["edits"] == []
    stage.run(8)
    assert stage.provenance[-1]["source"] != "seed"  # and on into the groove again


def test_back_from_the_seed_is_the_seed(stage: Stage) -> None:
    stage.run(1)
    stage.command("back")
    stage.run(4)
    assert [line["source"] for line in stage.provenance] == ["seed", "seed"]


def test_back_and_hold_stay_there(stage: Stage) -> None:
    stage.run(22.5)
    before = form(stage.provenance[-2])
    stage.command("back")
    stage.command("hold")
    stage.run(12)
    assert {form(line) for line in stage.provenance[-3:]} == {before}


# -- home, end, coda ------------------------------------------------------------------------------


def test_home_walks_back_and_ends_on_the_seed(stage: Stage, tmp_path: Path) -> None:
    stage.run(30.5)
    asked = len(stage.provenance)
    stage.command("home")
    assert stage.views[-1].pending == "HOME"
    left = stage.views[-1].pending_loops
    assert 1 <= left <= 4
    stage.run(4 * left + 6)
    assert stage.session.state == "idle"
    walked = stage.provenance[asked:]
    assert len(walked) == left
    assert walked[-1]["source"] == "seed"
    assert walked[-1]["edits"] == []
    assert "seed" not in [line["source"] for line in walked[:-1]]
    prove(stage, tmp_path / "take")


def test_home_from_the_seed_ends_there(stage: Stage) -> None:
    stage.run(1)
    stage.command("home")
    assert stage.session.state == "ending"
    stage.run(7)
    assert stage.session.state == "idle"
    assert len(stage.provenance) == 1


def test_home_is_taken_back_on_the_way(stage: Stage, tmp_path: Path) -> None:
    stage.run(30.5)
    stage.command("home")
    stage.command("cancel")
    assert stage.views[-1].pending == ""
    stage.command("home")
    stage.run(1)
    stage.tap()
    stage.run(40)
    assert stage.session.state == "groove"
    assert "home" not in " ".join(line["why"] for line in stage.provenance)
    prove(stage, tmp_path / "take")


def test_a_coda_is_a_downbeat_of_the_last_groove_that_rings(stage: Stage, tmp_path: Path) -> None:
    stage.run(22.5)
    last = stage.provenance[-1]
    stage.command("coda")
    assert (stage.session.state, stage.views[-1].pending) == ("ending", "CODA")
    stage.run(12)
    assert stage.session.state == "idle"
    coda = stage.provenance[-1]
    assert form(coda) == form(last)
    assert (coda["edits"], coda["beats"]) == ([{"edit": "coda"}], 4.0)
    struck = sounds(stage, coda["loop"])
    assert struck == sounds(stage, last["loop"])[: len(struck)]
    assert {onset for onset, _, _ in struck} == {0.0}
    releases = [ns for ns, data in stage.wire if data[0] == 0x80]
    assert releases[-1] - stage.struck()[-1][0] == pytest.approx(5 * SECOND / 2, abs=MS)
    prove(stage, tmp_path / "take")


@pytest.mark.parametrize("how", ["cancel", "tap"])
def test_an_ending_is_taken_back_by_cancel_or_the_switch(stage: Stage, how: str) -> None:
    stage.run(22.5)
    stage.command("coda")
    stage.tap() if how == "tap" else stage.command("cancel")
    assert stage.session.state == "groove"
    stage.run(20)
    assert stage.session.state == "groove"
    assert all(line["edits"] == [] for line in stage.provenance[2:])


def test_the_switch_takes_an_ending_back_with_what_came_after_it(stage: Stage) -> None:
    stage.run(22.5)
    for verb in ("end", "coda"):
        stage.command(verb)
    stage.command("transpose", 2)
    stage.tap()
    assert (stage.session.state, stage.views[-1].pending) == ("groove", "")


def test_cancelling_twice_takes_two_moves_back(stage: Stage) -> None:
    stage.run(22.5)
    plain = stage.views[-1].queued
    stage.command("next")
    stage.command("transpose", 3)
    assert stage.views[-1].pending == "TRANSPOSE +3"
    stage.command("cancel")
    assert stage.views[-1].pending == "NEXT"
    stage.command("cancel")
    assert (stage.views[-1].pending, stage.views[-1].queued) == ("", plain)
    stage.command("cancel")
    assert stage.views[-1].notice == "NOTHING IS PENDING"


def test_too_late_to_take_an_ending_back(stage: Stage) -> None:
    stage.run(22.5)
    stage.command("end")
    to_beat(stage, 7.99)
    stage.command("cancel")
    assert stage.views[-1].notice == "TOO LATE"
    stage.run(6)
    assert stage.session.state == "idle"


def test_next_again_is_another(bundle: Bundle) -> None:
    queued = set()
    for presses in range(1, 9):
        stage = Stage(bundle, policy=Groove(repeat_chance=0.0, adventure=1.0))
        stage.record()
        stage.run(22.5)
        for _ in range(presses):
            stage.command("next")
        queued.add(stage.views[-1].queued)
    assert len(queued) > 1


def test_what_is_pending_counts_down(stage: Stage) -> None:
    stage.run(20.1)
    stage.command("next")
    left = []
    while stage.views[-1].pending:
        left.append(stage.views[-1].pending_beats)
        stage.run(0.5)
    assert left == sorted(left, reverse=True)
    assert left[0] <= 8
    assert left[-1] <= 1


@pytest.mark.parametrize("verb", ["next", "back", "home", "coda", "end", "hold", "cancel"])
def test_where_nothing_plays_a_move_is_refused(bundle: Bundle, verb: str) -> None:
    stage = Stage(bundle)
    stage.command(verb)
    assert (stage.session.state, stage.views[-1].notice) == ("idle", "NOTHING PLAYS")


# -- transposition --------------------------------------------------------------------------------


def test_transposition_comes_at_the_boundary_and_stays(stage: Stage, tmp_path: Path) -> None:
    plain = Stage(stage.bundle, policy=Groove(repeat_chance=0.0))
    plain.record()
    for one in (stage, plain):
        one.run(22.5)
    at = len(stage.provenance)
    stage.command("transpose", 3)
    for one in (stage, plain):
        one.run(20)
    assert [line["source"] for line in stage.provenance] == [
        line["source"] for line in plain.provenance
    ]
    moved = [
        a["transpose"] - b["transpose"]
        for a, b in zip(stage.provenance, plain.provenance, strict=True)
    ]
    assert moved == [0] * at + [3] * (len(moved) - at)
    assert [line["live_transpose"] for line in stage.provenance] == moved
    higher = [(onset, pitch + 3, velocity) for onset, pitch, velocity in sounds(plain, at)]
    assert sounds(stage, at)[:12] == higher[:12]
    prove(stage, tmp_path / "take")


def test_back_under_a_transposition_is_the_same_loop_in_the_new_key(stage: Stage) -> None:
    stage.run(22.5)
    before = stage.provenance[-2]
    stage.command("transpose", -2)
    stage.command("back")
    stage.run(4)
    assert stage.provenance[-1]["source"] == before["source"]
    assert stage.provenance[-1]["transpose"] == before["transpose"] - 2


@pytest.mark.parametrize("value", [None, 13.0, -13.0, 0.5, float("nan"), float("inf")])
def test_a_transposition_out_of_range_is_refused(stage: Stage, value: float | None) -> None:
    stage.command("transpose", value)
    assert stage.views[-1].notice == "TRANSPOSE -12 TO 12"
    assert stage.views[-1].pending == ""


def test_a_second_keyboard_transposes_and_is_not_heard(bundle: Bundle) -> None:
    stage = Stage(bundle, Settings(second_channel=16))
    stage.record()
    stage.run(10)
    before = len(stage.writes)
    for data in (b"\x9f\x3e\x40", b"\x8f\x3e\x00", b"\xbf\x40\x7f"):
        stage.do(MidiIn(stage.now, data))
    assert stage.views[-1].pending == "TRANSPOSE +2"
    assert [w.line["event"] for w in stage.writes[before:]] == ["move"]
    stage.run(8)
    assert stage.provenance[-1]["live_transpose"] == 2


def test_a_second_keyboard_on_a_port_of_its_own_steers_on_any_channel(stage: Stage) -> None:
    stage.run(10)
    stage.do(MidiIn(stage.now, b"\x92\x3b\x40", second=True))
    assert stage.views[-1].pending == "TRANSPOSE -1"
    for _ in range(3):
        stage.do(MidiIn(stage.now, b"\xb2\x40\x7f", second=True))
        stage.do(MidiIn(stage.now, b"\xb2\x40\x00", second=True))
        stage.run(0.8)
    assert stage.views[-1].bpm == 75.0
    assert not [write for write in stage.writes if "midi" in write.line and "b2" in str(write.line)]
    stage.run(12)
    assert stage.provenance[-1]["live_transpose"] == -1


def test_without_the_setting_that_keyboard_is_a_player_like_any(stage: Stage) -> None:
    stage.run(10)
    stage.do(MidiIn(stage.now, b"\x9f\x3e\x40"))
    assert stage.views[-1].pending == ""
    assert stage.writes[-1].line["midi"] == "9f3e40"


def test_where_keys_run_out_a_transposition_is_an_octave_away(tmp_path: Path) -> None:
    low = [Segment("low", 8.0 * i, phrase(22 + i, [0, 3, 5])) for i in range(3)]
    stage = Stage(make_bundle(tmp_path / "low", low))
    stage.record(pitch=24)
    stage.run(14)
    stage.command("transpose", -8)
    stage.run(12)
    assert min(pitch for _, pitch, _ in stage.struck()) >= 21
    assert stage.provenance[-1]["live_transpose"] == 4
    prove(stage, tmp_path / "take")


# -- what was taken back has never been -----------------------------------------------------------

MOVE = st.tuples(
    st.sampled_from(["next", "back", "home", "end", "coda", "hold", "transpose"]),
    st.floats(0, 0.4),
)


def policies(bundle: Bundle) -> list[Policy]:
    ids = bundle.segments["id"].tolist()
    return [Groove(), Groove(adventure=1.0), Trip(f"3 loops {ids[5]}; 4 loops {ids[-1]}")]


@settings(max_examples=15, deadline=None)
@given(
    rng=st.integers(0, 9),
    policy=st.integers(0, 2),
    loops=st.integers(0, 6),
    beat=st.floats(0, 5.5),
    moves=st.lists(MOVE, min_size=1, max_size=4),
)
def test_a_move_that_is_taken_back_leaves_no_trace(
    rng: int, policy: int, loops: int, beat: float, moves: list[tuple[str, float]]
) -> None:
    stages = []
    for _ in range(2):
        stage = Stage(Lent.bundle, Settings(rng=rng), policies(Lent.bundle)[policy])
        stage.record()
        stage.run(4 * loops)
        playing = stage.session.playing
        assert playing is not None
        to_beat(stage, min(beat, playing.current.loop.beats - 1.5))
        stages.append(stage)
    moved, plain = stages
    begun = moved.session.playing.current.loop.number  # type: ignore[union-attr]
    done = 0
    for verb, seconds in moves:
        before = moved.session.playing.course.has_moves  # type: ignore[union-attr]
        word = moved.views[-1].pending
        moved.command(verb, 5 if verb == "transpose" else None)
        took_back = verb == "hold" and before and word in ("HOLD", "RESUME")
        refused = moved.views[-1].notice == "ENDING" and verb == "hold"
        done += 0 if refused else -1 if took_back else 1
        moved.run(seconds / len(moves))
    for _ in range(done):
        moved.command("cancel")
    assert not moved.session.playing.course.has_moves  # type: ignore[union-attr]
    for stage in stages:
        assert stage.session.playing.current.loop.number == begun  # type: ignore[union-attr]
        stage.pass_until(plain.now + 30 * SECOND) if stage is plain else None
    moved.pass_until(plain.now)
    ahead = "decided_ahead_beats"
    heard = [[line | {ahead: 0} for line in stage.provenance] for stage in stages]
    assert heard[0] == heard[1]
    assert moved.wire == plain.wire


# -- any moves at any time ------------------------------------------------------------------------


class Lent:
    bundle: Bundle
    folder: Path
    number = 0


class Moves(RuleBasedStateMachine):
    """Never a gap, never a stuck note, every loop on the grid, every note derived again; back is
    what was heard."""

    @initialize(rng=st.integers(0, 50), vary=st.sampled_from([0.0, 1.0]), notes=st.integers(1, 3))
    def begin(self, rng: int, vary: float, notes: int) -> None:
        self.stage = Stage(Lent.bundle, Settings(rng=rng, vary=vary))
        self.stage.record(beats=4 * notes, pitch=38 + notes)
        self.checked = 0

    def playing(self) -> bool:
        return hasattr(self, "stage") and self.stage.session.playing is not None

    @rule(seconds=st.floats(0, 9))
    def wait(self, seconds: float) -> None:
        self.stage.run(seconds)

    @precondition(playing)
    @rule(beside=st.floats(-0.7, 0.2))
    def wait_for_the_boundary(self, beside: float) -> None:
        playing = self.stage.session.playing
        assert playing is not None
        end = playing.transport.ns_at(playing.current.loop.end)
        self.stage.pass_until(end + round(beside * SECOND))

    @precondition(playing)
    @rule(verb=st.sampled_from(["hold", "next", "next", "back", "home", "end", "coda", "cancel"]))
    def move(self, verb: str) -> None:
        self.stage.command(verb)

    @precondition(playing)
    @rule(semitones=st.integers(-12, 12))
    def transpose(self, semitones: int) -> None:
        self.stage.command("transpose", semitones)

    @precondition(playing)
    @rule(bpm=st.floats(30, 240))
    def tempo(self, bpm: float) -> None:
        self.stage.command("tempo", bpm)

    @precondition(playing)
    @rule()
    def tap(self) -> None:
        self.stage.tap()

    @precondition(playing)
    @rule(presses=st.integers(1, 3))
    def go_back(self, presses: int) -> None:
        """Early enough for it to come at the next boundary, which then is judged by provenance."""
        playing = self.stage.session.playing
        assert playing is not None
        current = playing.current
        left = current.loop.end - playing.transport.beat_at(self.stage.now)
        if left < 0.6 or playing.course.has_moves:
            return
        trail = [form_of(choice) for choice in current.trail]
        for _ in range(presses):
            self.stage.command("back")
        self.stage.pass_until(playing.transport.ns_at(current.loop.end) + 100 * MS)
        line = self.stage.provenance[current.loop.number + 1]
        wanted = trail[-1 - presses] if presses < len(trail) else ("seed", 0, 0)
        heard = (line["source"], line["transpose"] - line["live_transpose"], line["rotate_beats"])
        assert heard == wanted
        assert line["edits"] == []

    @invariant()
    def loops_follow_each_other(self) -> None:
        if not hasattr(self, "stage"):
            return
        lines = self.stage.provenance[max(0, self.checked - 1) :]
        for one, other in pairwise(lines):
            assert other["start_beat"] == one["start_beat"] + one["beats"]
            assert other["loop"] == one["loop"] + 1
        self.checked = len(self.stage.provenance)

    def teardown(self) -> None:
        if not hasattr(self, "stage"):
            return
        Lent.number += 1
        if self.stage.session.playing is not None:
            self.stage.run(1)
        prove(self.stage, Lent.folder / str(Lent.number))
        down: set[int] = set()
        for _, data in self.stage.wire:
            if data[0] == 0x90:
                assert data[1] not in down
                down.add(data[1])
            elif data[0] == 0x80:
                down.discard(data[1])


def form_of(choice: Any) -> tuple[Any, ...]:
    source = "seed" if choice.row < 0 else str(Lent.bundle.segments["id"][choice.row])
    return source, choice.semitones, choice.rotate


@pytest.fixture(scope="module", autouse=True)
def _lend(tmp_path_factory: pytest.TempPathFactory) -> None:
    Lent.folder = tmp_path_factory.mktemp("moves")
    mixed = [
        Segment(f"mixed{i}", 0.0, phrase(31 + i, BOOGIE[i % 5 :] + BOOGIE[: i % 5], beats, bpm=bpm))
        for i, (beats, bpm) in enumerate(
            [(4.0, 90.0), (8.0, 120.0), (16.0, 100.0), (6.0, 150.0)] * 4
        )
    ]
    Lent.bundle = make_bundle(Lent.folder / "corpus", segments(8) + mixed)


TestMoves = Moves.TestCase
TestMoves.settings = settings(max_examples=15, stateful_step_count=15, deadline=None)
