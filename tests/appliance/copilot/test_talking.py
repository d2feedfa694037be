"""Rounds in whole sessions: what is said is heard at the next loop, and nothing else changes."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.stage import MS, SECOND, Stage, prove

from appliance.copilot.answers import Answer, Step
from appliance.copilot.registry import task_named
from appliance.events import Conducted, PlayerRestarted
from appliance.policies import Groove, make_policy
from appliance.settings import Settings
from appliance.verify import VerificationError, verify_session
from corpus.hearing.key import parse_key
from corpus.keeping.bundle import Bundle

BEAT = SECOND // 2  # of a loop at 120
LOOP = 8 * BEAT
Sounds = list[tuple[float, int, int]]


def a_stage(corpus: Bundle, policy: str = "groove", **more: Any) -> Stage:
    """In the groove, three beats into a loop that has bass, chords and melody."""
    stage = Stage(corpus, Settings(rng=7, **more), make_policy(policy))
    stage.record()
    stage.run(24)
    for _ in range(20):
        if len(layers(stage)) == 3 and stage.session.state == "groove":
            break
        stage.run(4)
    now = beats(stage)
    stage.run((3 - now % 8) % 8 * 0.5)
    return stage


def beats(stage: Stage) -> float:
    playing = stage.session.playing
    assert playing is not None
    return playing.transport.beat_at(stage.now) - playing.current.loop.start


def layers(stage: Stage) -> list[str]:
    return list(stage.session.table()["attributes"]["layers"]["measured"])


def key(stage: Stage) -> str:
    return str(stage.session.table()["attributes"]["key"]["measured"])


@pytest.fixture
def stage(corpus: Bundle) -> Stage:
    return a_stage(corpus)


def sounds(stage: Stage, number: int) -> Sounds:
    """(beat from the loop's start, pitch, velocity) of a loop, by the wire at 120 BPM."""
    line = stage.provenance[number]
    first = stage.struck()[0][0]
    start = first + (line["start_beat"] - stage.provenance[0]["start_beat"]) * BEAT
    end = start + line["beats"] * BEAT
    return sorted(
        (round((ns - start) / BEAT, 4), pitch, velocity)
        for ns, pitch, velocity in stage.struck()
        if start - MS <= ns < end - MS
    )


def said_then_heard(stage: Stage, text: str) -> tuple[Sounds, Sounds]:
    """The loop in which something was said, and the next."""
    now = len(stage.provenance) - 1
    answer = stage.say(text)
    assert answer["committed"], answer
    stage.run(8)
    return sounds(stage, now), sounds(stage, now + 1)


# -- edits are heard ------------------------------------------------------------------------------


def test_a_transposition_is_heard_at_the_next_loop_and_nothing_else(stage: Stage) -> None:
    before, after = said_then_heard(stage, "up two semitones")
    assert after == [(beat, pitch + 2, velocity) for beat, pitch, velocity in before]
    assert stage.provenance[-1]["source"]


def test_what_is_louder_is_the_same_in_all_but_velocity(stage: Stage) -> None:
    before, after = said_then_heard(stage, "much louder")
    assert [one[:2] for one in after] == [one[:2] for one in before]
    mean = [np.mean([velocity for *_, velocity in one]) for one in (before, after)]
    assert mean[1] > mean[0] + 4


def test_a_dropped_layer_is_gone_and_the_others_are_the_same(stage: Stage) -> None:
    before, after = said_then_heard(stage, "drop the melody")
    assert set(after) < set(before)
    assert "melody" not in layers(stage)


def test_a_bar_that_is_made_anew_leaves_the_other_as_it_was(stage: Stage) -> None:
    before, after = said_then_heard(stage, "redo bar 2")
    assert [one for one in after if one[0] < 4] == [one for one in before if one[0] < 4]
    assert after != before


def test_undo_brings_the_same_notes_back(stage: Stage, tmp_path: Path) -> None:
    before, after = said_then_heard(stage, "vary it")
    assert after != before
    stage.say("undo")
    stage.run(4)
    number = next(n for n, line in enumerate(stage.provenance) if line["why"] == "as you said")
    again = next(
        n for n, line in enumerate(stage.provenance) if n > number and line["why"] == "as you said"
    )
    stage.run(4)
    assert sounds(stage, again) == before
    assert stage.provenance[again]["edits"] == []
    prove(stage, tmp_path / "take")


def test_redo_brings_the_edit_back(stage: Stage) -> None:
    stage.command("hold")
    stage.run(4)
    _, after = said_then_heard(stage, "drop the melody")
    stage.say("undo")
    stage.run(8)
    assert "melody" in layers(stage)
    _, again = said_then_heard(stage, "redo")
    assert again == after


def test_what_was_made_for_a_loop_fades_and_what_stands_goes_on(stage: Stage) -> None:
    stage.say("redo bar 2 and drop the melody")
    stage.command("next")
    stage.run(8)
    ops = [edit["op"] for edit in stage.provenance[-1]["edits"]]
    assert "swap" not in ops
    assert "drop" in ops


def test_a_held_loop_keeps_its_edits(stage: Stage) -> None:
    stage.say("redo bar 2")
    stage.command("hold")
    stage.run(12)
    edits = [line["edits"] for line in stage.provenance[-2:]]
    assert edits[0] == edits[1]
    assert edits[0]


def test_the_seed_can_be_edited_while_it_warms_up(corpus: Bundle, tmp_path: Path) -> None:
    stage = Stage(corpus, Settings(rng=2, vary=1.0, warmup_loops=6), Groove())
    stage.record()
    stage.run(1)
    assert stage.say("up two semitones")["committed"]
    stage.run(8)
    first, second = sounds(stage, 0), sounds(stage, 1)
    assert [(b, p) for b, p, _ in second] == [(b, p + 2) for b, p, _ in first]
    stage.run(6)
    held = [line for line in stage.provenance[1:] if line["source"] == "seed"]
    assert all([edit["op"] for edit in line["edits"]] == ["transpose"] for line in held)
    prove(stage, tmp_path / "take")


def test_an_edit_in_the_coda_is_heard(stage: Stage, tmp_path: Path) -> None:
    stage.command("coda")
    assert stage.say("up two semitones")["committed"]
    stage.run(12)
    assert stage.session.state == "idle"
    assert [edit.get("op", edit.get("edit")) for edit in stage.provenance[-1]["edits"]] == [
        "transpose",
        "coda",
    ]
    prove(stage, tmp_path / "take")


# -- what is not done, and what is taken back -----------------------------------------------------

NOT_DONE = (
    "add reverb",
    "make it nice",
    "undo",
    "add the bass",
    "redo bar 9",
    "tempo 500",
    "status",
)


def test_what_is_refused_or_only_asked_changes_no_byte(corpus: Bundle) -> None:
    one, other = a_stage(corpus), a_stage(corpus)
    for text in NOT_DONE:
        answer = one.say(text)
        assert not answer.get("in_beats")
        one.run(3)
        other.run(3)
    for stage in (one, other):
        stage.command("next")
        stage.run(12)
    assert one.wire == other.wire
    assert one.provenance == other.provenance
    assert one.kept[-1].rounds is None


def test_a_cancel_takes_back_what_was_just_said(corpus: Bundle, tmp_path: Path) -> None:
    one, other = a_stage(corpus), a_stage(corpus)
    assert one.say("drop the bass and much faster")["committed"]
    one.command("cancel")
    assert one.refused == []
    one.run(0.9)
    other.run(0.9)
    playing = one.session.playing
    assert playing is not None
    assert playing.transport.bpm == pytest.approx(120)
    for stage in (one, other):
        stage.run(9)
    kept = ("source", "transpose", "rotate_beats", "edits")
    assert [[line[name] for name in kept] for line in one.provenance] == [
        [line[name] for name in kept] for line in other.provenance
    ]
    rounds = one.kept[-1].rounds
    assert rounds is not None
    assert not any("plan" in entry for entry in rounds.rounds)
    prove(one, tmp_path / "take")


def test_a_tap_after_it_takes_back_what_was_said(stage: Stage) -> None:
    stage.say("drop the bass")
    assert stage.views[-1].pending == "SAID"
    stage.tap()
    stage.run(6)
    assert all(line["edits"] == [] for line in stage.provenance[-2:])


def test_where_nothing_follows_it_is_too_late(stage: Stage) -> None:
    stage.command("end")
    answer = stage.say("drop the bass")
    assert not answer["committed"]
    assert "too late" in answer["refuse"]
    stage.run(8)
    assert stage.session.state == "idle"
    assert "nothing plays" in stage.say("drop the bass")["refuse"]
    assert "tempo(" in stage.say("help")["say"]


def test_a_task_that_breaks_is_answered_and_the_groove_goes_on(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def break_off(*rest: Any) -> Any:
        raise ZeroDivisionError("broken")

    monkeypatch.setattr(type(task_named("vary")), "do", break_off)
    answer = stage.say("vary it")
    assert "broken" in answer["refuse"]
    stage.run(8)
    prove(stage, tmp_path / "take")


# -- what stands ----------------------------------------------------------------------------------


def test_a_locked_key_binds_the_next_twenty_loops(corpus: Bundle, tmp_path: Path) -> None:
    stage = a_stage(corpus, "random")
    wanted = parse_key(key(stage))
    assert stage.say("lock the key")["committed"]
    began = len(stage.provenance)
    stage.run(21 * 4)
    loops = stage.provenance[began : began + 20]
    assert len(loops) == 20
    assert len({line["source"] for line in loops}) > 5
    for line in loops:
        segment = corpus.segments[corpus.row(line["source"])]
        moved = line["transpose"] + sum(
            edit["semitones"] for edit in line["edits"] if edit.get("op") == "transpose"
        )
        assert (int(segment["key_tonic"]) + moved) % 12 == wanted.tonic
        assert bool(segment["key_minor"]) == (wanted.mode == "minor")
    prove(stage, tmp_path / "take")


def test_locked_notes_stay_note_for_note(stage: Stage) -> None:
    now = len(stage.provenance) - 1
    stage.say("lock the bass")
    stage.run(12)
    bass = sounds(stage, now)
    stage.command("next")
    stage.run(8)
    low = [one for one in sounds(stage, len(stage.provenance) - 2) if one[1] < 50]
    assert low == [one for one in bass if one[1] < 50]
    stage.say("unlock the bass")
    source = stage.provenance[-1]["source"]
    stage.command("next")
    stage.run(8)
    assert stage.provenance[-1]["source"] != source


def test_standing_dynamics_follow_nobody(stage: Stage) -> None:
    assert stage.say("louder")["committed"]
    stage.play([(0.1 * n, 0.1 * n + 0.05, 80) for n in range(60)], velocity=125)
    stage.run(4)
    assert stage.provenance[-1]["velocity_scale"] == 1.0


def test_every_standing_wish_holds_on_every_loop(corpus: Bundle, tmp_path: Path) -> None:
    stage = a_stage(corpus, "random")
    for text in ("a bit louder", "drop the melody", "up two semitones", "make it swing"):
        assert stage.say(text)["committed"]
        stage.run(4)
    for _ in range(12):
        stage.run(4)
        for name, row in stage.session.table()["attributes"].items():
            if row["target"] is not None and row["scope"] == "standing":
                assert holds(row), (name, row)
    prove(stage, tmp_path / "take")


def holds(row: dict[str, Any]) -> bool:
    """Whether a row of the table is within its tolerance, by plain arithmetic; a layer that does
    not sound is not too loud."""
    target, measured = row["target"], row["measured"]
    if isinstance(target, float | int) and isinstance(measured, float | int):
        return abs(target - measured) <= max(row["tolerance"], 0.011 * abs(target))
    return measured is None or target == measured


# -- moves among them -----------------------------------------------------------------------------


def test_tempo_is_heard_at_once_and_undone(stage: Stage, tmp_path: Path) -> None:
    playing = stage.session.playing
    assert playing is not None
    stage.say("tempo 100")
    assert playing.transport.bpm == 100
    stage.run(6)
    stage.command("tempo", 110)
    assert playing.transport.bpm == 110
    row = stage.session.table()["attributes"]["bpm"]
    assert (row["target"], row["measured"]) == (110, 110)
    stage.run(6)
    stage.say("tempo 96")
    stage.run(6)
    stage.say("undo")
    assert playing.transport.bpm == 110
    stage.say("undo")
    assert playing.transport.bpm == 110  # what the hand set, no undo takes back
    stage.run(6)
    stage.say("lock the tempo")
    stage.command("tempo", 90)
    assert stage.refused == ["BPM IS LOCKED"]
    assert playing.transport.bpm == 110
    stage.run(6)
    prove(stage, tmp_path / "take")


def test_a_live_transposition_carries_the_edits_along(stage: Stage, tmp_path: Path) -> None:
    stage.command("hold")
    stage.run(4)
    _, before = said_then_heard(stage, "redo bar 2")
    stage.command("transpose", 2)
    stage.run(8)
    after = sounds(stage, len(stage.provenance) - 2)
    assert after == [(beat, pitch + 2, velocity) for beat, pitch, velocity in before]
    prove(stage, tmp_path / "take")


def test_a_key_that_stands_is_not_transposed_by_hand(stage: Stage) -> None:
    stage.say("up two semitones")
    stage.command("transpose", 3)
    assert stage.refused[-1].startswith("KEY IS ")


def test_back_and_home_keep_to_what_stands_or_let_it_go(stage: Stage, tmp_path: Path) -> None:
    stage.say("drop the melody")
    stage.run(8)
    stage.command("back")
    stage.run(8)
    assert any(edit.get("op") == "drop" for edit in stage.provenance[-1]["edits"])
    stage.say("drop the bass")  # the seed has nothing else
    stage.command("home")
    stage.run(40)
    assert stage.session.state == "idle"
    assert (stage.provenance[-1]["source"], stage.provenance[-1]["edits"]) == ("seed", [])
    prove(stage, tmp_path / "take")


def test_hold_next_and_stop_are_the_sessions_own_moves(stage: Stage) -> None:
    playing = stage.session.playing
    assert playing is not None
    stage.say("hold this")
    stage.say("hold this")
    assert playing.hold
    source = stage.provenance[-1]["source"]
    stage.run(8)
    assert stage.provenance[-1]["source"] == source
    stage.say("next")
    stage.run(8)
    assert stage.provenance[-1]["source"] != source
    stage.say("stop")
    assert stage.session.state == "idle"


def test_another_loop_that_was_asked_for_comes_next(stage: Stage) -> None:
    stage.command("next")
    answer = stage.say("play something sparse and quiet")
    assert answer["committed"], answer
    source = answer["say"].split(",")[0].removeprefix("the best there is: ")
    stage.run(8)
    assert stage.provenance[-1]["source"] == source or stage.provenance[-2]["source"] == source


def test_a_player_that_restarts_goes_on_with_the_edits(stage: Stage) -> None:
    stage.say("drop the melody")
    stage.do(PlayerRestarted(stage.now))
    stage.run(8)
    assert any(edit.get("op") == "drop" for edit in stage.provenance[-1]["edits"])


def test_the_last_strikes_of_one_key_are_a_rhythm(stage: Stage) -> None:
    assert "tap" in stage.say("use the rhythm I just tapped")["refuse"]
    stage.play([(0.25 * n, 0.25 * n + 0.1, 90) for n in (0, 2, 3, 5, 6, 8, 10, 11)])
    answer = stage.say("use the rhythm I just tapped")
    assert answer["committed"], answer
    rounds = stage.kept[-1].rounds
    assert rounds is not None
    (taps,) = [entry["taps"] for entry in rounds.rounds if "taps" in entry]
    assert np.diff(taps).tolist() == [1.0, 0.5, 1.0, 0.5, 1.0, 1.0, 0.5]


# -- a language model -----------------------------------------------------------------------------


def test_what_the_grammar_does_not_know_goes_to_the_model_and_the_groove_on(
    corpus: Bundle, tmp_path: Path
) -> None:
    stage = a_stage(corpus, conducts=True)
    assert stage.say("make it feel like grandma's kitchen") == {}
    (asked,) = stage.conducts
    assert asked.situation.layers == {"bass", "chords", "melody"}
    assert asked.table["bpm"]["measured"] == 120
    assert stage.views[-1].notice == "THINKING"
    stage.run(9)
    plan = (Step("remove_layer", {"layer": "melody"}),)
    stage.do(Conducted(stage.now, asked.number, Answer(plan=plan)))
    assert stage.heard[asked.number]["committed"]
    stage.run(8)
    assert "melody" not in layers(stage)
    stage.do(Conducted(stage.now, asked.number, Answer(plan=plan)))  # once is enough
    assert stage.heard[asked.number]["committed"]
    prove(stage, tmp_path / "take")


@pytest.mark.parametrize(
    "answer",
    [
        None,
        Answer(plan=(Step("tempo", {"bpm": 9000}),)),
        Answer(plan=(Step("fly", {}),)),
        Answer(plan=(Step("inpaint", {"beats": [7, 99]}),)),
        Answer(plan=(Step("remove_layer", {"layer": "bass"}), Step("undo", {"steps": 40}))),
        Answer(refuse="no"),
        Answer(ask="which?"),
    ],
)
def test_a_models_mistake_changes_no_byte(corpus: Bundle, answer: Answer | None) -> None:
    one, other = (a_stage(corpus, conducts=True) for _ in range(2))
    one.say("make it feel like grandma's kitchen")
    one.do(Conducted(one.now, one.conducts[0].number, answer, "out of time"))
    assert not one.heard[one.conducts[0].number]["committed"]
    for stage in (one, other):
        stage.run(9)
    assert one.wire == other.wire


def test_an_answer_that_comes_after_the_take_is_for_nobody(corpus: Bundle) -> None:
    stage = a_stage(corpus, conducts=True)
    stage.say("make it feel like grandma's kitchen")
    stage.command("stop")
    stage.do(Conducted(stage.now, stage.conducts[0].number, Answer(plan=(Step("hold"),))))
    assert "over" in stage.heard[stage.conducts[0].number]["refuse"]


# -- what is written ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(corpus: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    stage = a_stage(corpus)
    for text in ("a bit louder", "vary it", "tempo 112", "drop the melody", "undo", "lock the key"):
        assert stage.say(text)["committed"]
        stage.run(6)
    stage.command("coda")
    stage.run(12)
    place = tmp_path_factory.mktemp("talk") / "take"
    prove(stage, place)
    return place


def test_table_and_rounds_are_in_the_folder(folder: Path) -> None:
    table = json.loads((folder / "table.json").read_text())
    rounds = [json.loads(line) for line in (folder / "rounds.jsonl").read_text().splitlines()]
    assert table["entries"] == len(rounds) - 1
    assert table["table"]["key"]["locked"]
    assert sum("plan" in entry for entry in rounds) == 6
    lines = (folder / "events.jsonl").read_text().splitlines()
    said = [line for line in map(json.loads, lines) if line.get("event") == "round"]
    assert [line["answer"]["text"] for line in said][:2] == ["a bit louder", "vary it"]


def _copy(folder: Path, to: Path) -> Path:
    to.mkdir()
    for file in folder.iterdir():
        (to / file.name).write_bytes(file.read_bytes())
    return to


def _changed(folder: Path, name: str, number: int, change: dict[str, Any]) -> None:
    lines = (folder / name).read_text().splitlines()
    lines[number] = json.dumps(json.loads(lines[number]) | change)
    (folder / name).write_text("\n".join(lines) + "\n")


def test_rounds_that_lead_elsewhere_are_found(folder: Path, corpus: Bundle, tmp_path: Path) -> None:
    other = _copy(folder, tmp_path / "other")
    plan = [{"task": "restyle", "args": {"dynamics": "soft"}}]
    _changed(other, "rounds.jsonl", 1, {"plan": plan})
    with pytest.raises(VerificationError, match=r"another state|held again"):
        verify_session(other, corpus)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("rounds.jsonl", ""),
        ("rounds.jsonl", "[]\n"),
        ("rounds.jsonl", '{"start": "x"}\n'),
        ("table.json", "{}"),
        ("table.json", '{"entries": 999, "hash": 5}'),
        ("table.json", "nonsense"),
    ],
)
def test_damaged_rounds_are_one_line(
    folder: Path, corpus: Bundle, tmp_path: Path, name: str, text: str
) -> None:
    other = _copy(folder, tmp_path / "other")
    (other / name).write_text(text)
    with pytest.raises(Exception, match=name.split(".")[0]) as found:
        verify_session(other, corpus)
    assert "\n" not in str(found.value)
    assert type(found.value).__module__ == "appliance.errors"


@pytest.mark.parametrize(
    "edits",
    [
        [{"op": "transpose", "semitones": 1}],
        [{"op": "transpose", "semitones": 300}],
        [{"op": "fly"}],
        [{"op": "swap", "source": "nowhere", "rotate": 0, "beats": [0, 4], "layer": "bass"}],
        [{"op": None}],
        [{"edit": "thin", "share": 0.5}, {"op": "drop", "layer": "bass"}],
        [{"op": "drop", "layer": one} for one in ("bass", "chords", "melody", "low", "high")],
    ],
)
def test_edits_that_were_not_made_are_found(
    folder: Path, corpus: Bundle, tmp_path: Path, edits: list[dict[str, Any]]
) -> None:
    other = _copy(folder, tmp_path / "other")
    lines = [json.loads(line) for line in (folder / "provenance.jsonl").read_text().splitlines()]
    number = next(n for n, line in enumerate(lines) if any("op" in e for e in line["edits"]))
    _changed(other, "provenance.jsonl", number, {"edits": edits})
    with pytest.raises(VerificationError):
        verify_session(other, corpus)


# -- anything in any order ------------------------------------------------------------------------

ROUNDS = (
    "a bit softer", "much louder", "much faster", "up two semitones", "down an octave", "vary it",
    "redo bar 2", "drop the bass", "drop the melody", "add some echo", "add a high layer", "undo",
    "redo",
    "lock the key", "unlock the key", "lock the bass", "unlock the bass", "half time", "sparser",
    "something sparse", "make it swing", "hold this", "next", "status", "nonsense",
)  # fmt: skip
MOVES = ("hold", "next", "back", "cancel", "tap", "transpose", "tempo", "home", "end", "restart")
STEPS = st.lists(
    st.tuples(st.sampled_from([*ROUNDS, *MOVES]), st.integers(1, 9)), min_size=4, max_size=12
)


@settings(max_examples=12, deadline=None)
@given(STEPS, st.integers(0, 3))
def test_random_rounds_among_random_moves_hold_together(
    corpus: Bundle, tmp_path_factory: pytest.TempPathFactory, steps: list[Any], rng: int
) -> None:
    stage = Stage(corpus, Settings(rng=rng, vary=0.8), make_policy("groove:adventure=0.9"))
    stage.record()
    stage.run(3)
    for what, passed in steps:
        if what in ROUNDS:
            stage.say(what)
        elif what == "tap":
            stage.tap() if stage.session.state != "idle" else None
        elif what == "restart":
            stage.do(PlayerRestarted(stage.now))
        else:
            values = {"transpose": float(passed - 4), "tempo": 90.0 + 8 * passed}
            stage.command(what, values.get(what))
        check(stage)
        stage.run(passed * 0.7)
        check(stage)
    prove(stage, tmp_path_factory.mktemp("random") / "take")


def check(stage: Stage) -> None:
    """What holds at every moment: the tempo is the table's, and what stands is there."""
    playing = stage.session.playing
    if playing is None or playing.talk is None:
        return
    assert playing.transport.bpm == playing.talk.copilot.state.bpm
    for planned in playing.course.planned:
        assert planned.talk is not None
        assert planned.talk.base == planned.base
        state = planned.talk.copilot.state
        if not planned.talk.copilot.is_free:
            assert state.base == planned.base
            assert not state.table.drifted(standing_only=True)
