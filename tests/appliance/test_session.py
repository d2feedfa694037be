from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from support.music import make_bundle, phrase, segments
from support.stage import MS, SECOND, Stage

from appliance.events import MidiIn, Outcome, Reported, SeedCompared, Tap, Tick
from appliance.jobs import compare_seed
from appliance.policies import Groove
from appliance.session import Settings
from appliance.verify import verify_session
from corpus.cutting.segment import Segment
from corpus.keeping.bundle import Bundle


@pytest.fixture
def stage(bundle: Bundle) -> Stage:
    return Stage(bundle)


def test_from_seed_to_groove_to_idle(stage: Stage) -> None:
    assert stage.session.state == "idle"
    stage.tap()
    assert stage.session.state == "recording"
    stage.play([(i * 0.25, i * 0.25 + 0.2, 36 + i % 5) for i in range(16)])
    stage.pass_until(4 * SECOND)
    stage.tap()
    assert stage.session.state == "warmup"
    stage.run(9)
    assert stage.session.state == "groove"
    stage.command("end")
    assert stage.session.state == "ending"
    stage.run(6)
    assert stage.session.state == "idle"
    assert not stage.sounding()
    (summary,) = stage.summaries
    assert summary is not None
    assert summary["stuck_notes"] == 0
    assert summary["gaps_ms_max"] == 0
    assert summary["loops"] == len(stage.provenance)


def test_the_loop_begins_at_the_second_tap(stage: Stage) -> None:
    stage = Stage(stage.bundle, Settings(vary=0.0))
    stage.record(beats=8, bpm=120)
    second_tap = stage.now
    stage.run(5)
    strikes = stage.struck()
    assert strikes[0][0] == second_tap
    assert strikes[16][0] == second_tap + 4 * SECOND
    first, again = strikes[:16], strikes[16:32]
    for (early, *what), (late, *same) in zip(first, again, strict=False):
        assert what == same
        assert late - early == pytest.approx(4 * SECOND, abs=1)


def test_boundaries_follow_each_other_on_the_grid(stage: Stage) -> None:
    stage.record()
    stage.run(120)
    loops = stage.provenance
    assert len(loops) > 20
    for one, other in pairwise(loops):
        assert other["start_beat"] == one["start_beat"] + one["beats"]


def test_every_loop_after_the_seed_is_decided_four_beats_ahead(stage: Stage) -> None:
    stage.record()
    stage.run(120)
    assert min(line["decided_ahead_beats"] for line in stage.provenance[1:]) >= 4


def test_messages_are_handed_over_half_a_second_ahead(stage: Stage) -> None:
    stage.record()
    stage.handed_ahead.clear()
    stage.run(60)
    assert min(stage.handed_ahead) >= 500 * MS


def test_the_same_events_give_the_same_concert(bundle: Bundle) -> None:
    def concert(rng: int) -> Stage:
        stage = Stage(bundle, Settings(rng=rng))
        stage.record()
        stage.run(60)
        return stage

    one, other, different = concert(7), concert(7), concert(8)
    assert one.wire == other.wire
    assert one.provenance == other.provenance
    assert one.wire != different.wire


def test_a_second_take_does_not_use_the_first_ones_grid(stage: Stage) -> None:
    stage.record(bpm=120)
    stage.run(20)
    stage.command("stop")
    stage.run(1)
    stage.record(bpm=90)
    tapped = stage.now
    stage.run(12)
    assert stage.takes == 2
    assert stage.views[-1].bpm == pytest.approx(90, abs=0.1)
    strikes = [strike for strike in stage.struck() if strike[0] >= tapped]
    assert strikes[0][0] == tapped
    assert strikes[16][0] == pytest.approx(tapped + 8 * 60 / 90 * SECOND, abs=1)


def test_the_same_take_again_is_the_same_concert_only_with_its_own_chance(bundle: Bundle) -> None:
    stage = Stage(bundle)
    sources = []
    for _ in range(2):
        before = len(stage.provenance)
        stage.record()
        stage.run(60)
        stage.command("stop")
        stage.run(1)
        sources.append([line["source"] for line in stage.provenance[before:]])
    assert sources[0] != sources[1]


def test_hold_repeats_what_sounds_and_tap_resumes(stage: Stage) -> None:
    stage.record()
    stage.run(14)
    held = stage.views[-1].current
    stage.tap()
    stage.run(20)
    assert stage.views[-1].hold
    assert {line["source"] for line in stage.provenance[-4:]} == {held}
    stage.tap()
    stage.run(30)
    assert len({line["source"] for line in stage.provenance[-6:]}) > 1


def test_next_moves_on_at_the_boundary(bundle: Bundle) -> None:
    stage = Stage(bundle, policy=Groove(repeat_chance=1.0))
    stage.record()
    stage.run(5)
    stage.command("next")
    stage.run(8)
    before = stage.views[-1].current
    assert before != "seed"
    assert stage.views[-1].queued == before
    stage.command("next")
    queued = stage.views[-1].queued
    assert queued != before
    stage.run(4)
    assert stage.views[-1].current == queued


def test_stop_is_silence_at_once(stage: Stage) -> None:
    stage.record()
    stage.run(10.3)
    stopped = stage.now
    stage.command("stop")
    assert stage.session.state == "idle"
    stage.run(3)
    assert not stage.sounding()
    assert max(ns for ns, _ in stage.wire) <= stopped + 50 * MS
    assert {data[1] for _, data in stage.wire[-3:]} == {64, 66, 67}


def test_an_ending_finishes_the_loop_and_can_be_taken_back(stage: Stage) -> None:
    stage.record()
    stage.run(9)
    stage.command("end")
    stage.tap()
    assert stage.session.state == "groove"
    stage.run(10)
    assert stage.session.state == "groove"
    stage.command("end")
    loop = stage.views[-1].loop
    stage.run(8)
    assert stage.session.state == "idle"
    assert len(stage.provenance) == loop + 1


@pytest.mark.parametrize("bpm", [60.0, 150.0])
def test_a_tempo_change_acts_at_once_and_keeps_every_note(stage: Stage, bpm: float) -> None:
    stage.record(bpm=120)
    stage.run(9.1)
    stage.command("tempo", bpm)
    stage.run(30)
    assert stage.views[-1].bpm == bpm
    (change,) = [w.line for w in stage.writes if w.line.get("event") == "tempo"]
    loops = [line for line in stage.provenance if line["start_beat"] > change["beat"] + 8]
    starts = [ns for ns, data in stage.wire if data == bytes((0xB0, 64, 0))]  # one a boundary
    spans = np.diff(starts[-4:]) / SECOND
    assert spans == pytest.approx([line["beats"] * 60 / bpm for line in loops[:3]], abs=1e-6)
    stage.command("stop")
    stage.run(3)
    assert not stage.sounding()
    strikes = Counter(data[1] for _, data in stage.wire if data[0] == 0x90)
    assert strikes == Counter(data[1] for _, data in stage.wire if data[0] == 0x80)


@pytest.mark.parametrize("bpm", [None, 0.0, 29.0, 241.0, float("nan")])
def test_a_tempo_out_of_range_is_refused_on_the_screen(stage: Stage, bpm: float | None) -> None:
    stage.record()
    stage.command("tempo", bpm)
    assert "30 TO 240" in stage.views[-1].notice
    assert stage.views[-1].bpm == 120


def test_a_seed_without_notes_stays_idle_and_says_so(stage: Stage) -> None:
    stage.tap()
    stage.run(5)
    stage.tap()
    assert stage.session.state == "idle"
    assert stage.views[-1].notice == "NO NOTES"
    assert stage.summaries == [None]
    stage.record()
    assert stage.session.state == "warmup"


def test_a_forgotten_recording_ends_by_itself(stage: Stage) -> None:
    stage.tap()
    stage.run(70)
    assert stage.session.state == "idle"
    assert stage.summaries == [None]


def test_a_seed_that_is_never_compared_loops_on_and_is_followed_in_the_end(bundle: Bundle) -> None:
    stage = Stage(bundle, Settings(patience=5), answers=False)
    stage.record()
    stage.run(60)
    sources = [line["source"] for line in stage.provenance]
    assert sources[:5] == ["seed"] * 5
    assert "seed" not in sources[5:]
    assert "by tempo, key and register" in stage.provenance[5]["why"]
    assert "NO MATCH YET" in {view.notice for view in stage.views}
    assert any("not compared in 5 loops" in w.line.get("why", "") for w in stage.writes)


def test_a_failed_comparison_is_told_and_the_columns_have_to_do(bundle: Bundle) -> None:
    stage = Stage(bundle, answers=False)
    stage.record()
    stage.do(SeedCompared(stage.now, 1, None, "the model is missing"))
    assert stage.views[-1].notice == "NO MATCH"
    stage.run(20)
    sources = [line["source"] for line in stage.provenance]
    assert sources[:2] == ["seed"] * 2
    assert "seed" not in sources[2:]
    assert "the seed was not compared" in stage.provenance[2]["why"]
    assert any(w.line.get("why") == "the model is missing" for w in stage.writes)


def test_an_answer_for_an_earlier_take_is_ignored(bundle: Bundle) -> None:
    stage = Stage(bundle, answers=False)
    stage.record()
    stage.command("stop")
    stage.record()
    stage.do(SeedCompared(stage.now, 1, compare_seed(bundle.path, bundle.phrase(0))))
    stage.run(20)
    assert {line["source"] for line in stage.provenance} == {"seed"}


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_tiny_corpus_plays_on(tmp_path: Path, count: int) -> None:
    stage = Stage(make_bundle(tmp_path / "tiny", segments(count)))
    stage.record()
    stage.run(60)
    assert stage.session.state == "groove"
    assert len(stage.provenance) > 10


def test_segments_of_other_lengths_and_metres_stay_on_the_grid(tmp_path: Path) -> None:
    pieces = [
        Segment(f"take{i}", 0.0, phrase(36 + i, [0, 4, 7], beats=beats, bar=bar))
        for i, (beats, bar) in enumerate([(6.0, 3.0), (8.0, 4.0), (16.0, 4.0), (7.0, 3.5)])
    ]
    stage = Stage(make_bundle(tmp_path / "mixed", pieces))
    stage.record()
    stage.run(90)
    loops = stage.provenance
    assert all(b["start_beat"] == a["start_beat"] + a["beats"] for a, b in pairwise(loops))
    assert min(line["decided_ahead_beats"] for line in loops[1:]) >= 4


def test_what_the_player_left_out_is_written_down(stage: Stage) -> None:
    stage.record()
    stage.run(0.2)
    message = next(m for m in stage.queue if m.data[0] == 0x90)
    stage.queue.remove(message)
    stage.do(Reported(stage.now, message.seq, Outcome.YIELDED))
    (line,) = [w.line for w in stage.writes if "omitted" in w.line]
    assert (line["omitted"], line["midi"]) == ("yielded", message.data.hex())


def test_a_long_concert_keeps_the_state_small(bundle: Bundle) -> None:
    stage = Stage(bundle)
    stage.record(beats=8, bpm=200)
    stage.run(30)
    playing = stage.session.playing
    assert playing is not None
    sizes = []
    for _ in range(2):
        stage.run(300)
        ledger, timeline = playing.ledger, playing._timeline
        sizes.append((len(ledger._waiting), len(timeline.loops), len(timeline._handed)))
    assert sizes[1][1] <= 4
    assert all(later <= max(earlier * 2, 40) for earlier, later in zip(*sizes, strict=True))


class Concert(RuleBasedStateMachine):
    """Any gestures, notes, faults and waits; the wire is judged by counting alone."""

    bundle: Bundle

    @initialize(rng=st.integers(0, 50), bpm=st.sampled_from([None, 60.0, 133.0]))
    def begin(self, rng: int, bpm: float | None) -> None:
        self.stage = Stage(self.bundle, Settings(rng=rng, bpm=bpm))

    @rule(seconds=st.floats(0, 9))
    def wait(self, seconds: float) -> None:
        self.stage.run(seconds)

    @rule()
    def tap(self) -> None:
        self.stage.tap()

    @rule(
        verb=st.sampled_from(["record", "stop", "end", "hold", "next", "tempo", "dance"]),
        value=st.sampled_from([None, 45.0, 200.0, 1e9]),
    )
    def command(self, verb: str, value: float | None) -> None:
        self.stage.command(verb, value)

    @rule(pitch=st.integers(30, 60), velocity=st.integers(0, 127))
    def key(self, pitch: int, velocity: int) -> None:
        self.stage.do(MidiIn(self.stage.now, bytes((0x90, pitch, velocity))))
        self.stage.run(0.2)

    @rule(data=st.binary(max_size=4))
    def noise(self, data: bytes) -> None:
        self.stage.do(MidiIn(self.stage.now, data))

    @rule(beats=st.integers(1, 12))
    def seed(self, beats: int) -> None:
        self.stage.record(beats)

    @rule()
    def out_of_the_blue(self) -> None:
        self.stage.do(Reported(self.stage.now, 123456789, Outcome.SENT))
        self.stage.do(SeedCompared(self.stage.now, 99, None, "nothing"))
        self.stage.do(Tap(self.stage.now - SECOND))
        self.stage.do(Tick(self.stage.now - SECOND))

    @invariant()
    def a_key_is_never_struck_twice(self) -> None:
        if not hasattr(self, "stage"):
            return
        down: Counter[int] = Counter()
        for _, data in self.stage.wire:
            if data[0] == 0x90:
                down[data[1]] += 1
                assert down[data[1]] == 1
            elif data[0] == 0x80:
                down[data[1]] = 0

    def teardown(self) -> None:
        if not hasattr(self, "stage"):
            return
        stage = self.stage
        stage.command("stop")
        assert stage.session.state == "idle"
        stage.run(3)
        assert stage.session.state == "idle"
        assert not stage.sounding()
        assert not stage.queue
        assert len(stage.summaries) == stage.takes
        for summary in stage.summaries:
            assert summary is None or summary["stuck_notes"] == 0


MOVES = st.tuples(
    st.integers(0, 3),  # boundaries to wait for
    st.floats(-0.4, 0.4) | st.floats(-0.05, 0.05),  # seconds beside it
    st.sampled_from(["hold", "next", "end", "tap", "tempo"]),
    st.sampled_from([70.0, 119.0, 180.0]),
)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 9), st.lists(MOVES, max_size=6), st.sampled_from(["stop", "end"]))
def test_whatever_is_asked_near_a_boundary_the_proof_holds(
    tmp_path_factory: pytest.TempPathFactory,
    rng: int,
    moves: list[tuple[int, float, str, float]],
    ending: str,
) -> None:
    bundle = Concert.bundle
    stage = Stage(bundle, Settings(rng=rng))
    stage.record(pitch=40)
    for boundaries, beside, verb, value in moves:
        playing = stage.session.playing
        if playing is None:
            break
        current = playing.current.loop
        beat = current.end + (boundaries - 1) * current.beats
        stage.pass_until(playing.transport.ns_at(beat) + round(beside * SECOND))
        if verb == "tap":
            stage.tap()
        else:
            stage.command(verb, value)
    stage.command(ending)
    stage.run(40)
    if stage.session.state != "idle":  # the last tap took the ending back
        stage.command("stop")
        stage.run(3)
    if stage.session.state == "recording" or len(stage.seeds) > 1:
        return  # a tap in idle began another take
    strikes = [ns_data for ns_data in stage.wire if ns_data[1][0] == 0x90]
    assert len(set(strikes)) == len(strikes), "a note was struck twice at one moment"
    if None in stage.summaries:
        return
    folder = stage.write_folder(tmp_path_factory.mktemp("proof") / "take")
    assert verify_session(folder, bundle).loops == len(stage.provenance)


@pytest.fixture(autouse=True)
def _lend_bundle(bundle: Bundle) -> None:
    Concert.bundle = bundle


TestConcert = Concert.TestCase
TestConcert.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)


def test_settings_are_not_shared_between_sessions(bundle: Bundle) -> None:
    one, other = Stage(bundle), Stage(bundle)
    one.command("tempo", 77.0)
    assert one.views[-1].bpm == 77.0
    assert other.session._recorder.kit.settings == replace(
        one.session._recorder.kit.settings, bpm=None
    )
