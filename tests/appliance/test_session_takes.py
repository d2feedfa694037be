"""How takes begin: what each verb comes to, and the last seed again."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.foot import EIGHTHS, journal, kinds, recorded, stopped
from support.stage import MS, SECOND, Stage

from appliance.events import (
    BeginTake,
    Cancel,
    Command,
    EndTake,
    KeepSeed,
    MidiIn,
    PowerOff,
    Pulse,
    Refused,
    Send,
    Show,
    Tap,
)
from appliance.folder import read_last_seed
from appliance.plot import plot_session
from appliance.session import Settings
from appliance.verify import verify_session
from corpus.keeping.bundle import Bundle


@pytest.fixture
def stage(bundle: Bundle) -> Stage:
    return Stage(bundle, Settings(vary=0.0))


PLAYING = (Cancel, Send, Pulse)


def test_what_each_verb_comes_to(bundle: Bundle) -> None:
    def idle() -> Stage:
        return Stage(bundle, Settings(vary=0.0))

    assert kinds(idle(), "record") == [BeginTake]
    assert kinds(idle(), "shutdown") == [PowerOff]
    assert kinds(recorded(idle()), "over") == [EndTake, BeginTake]
    assert kinds(recorded(idle()), "discard") == [EndTake]
    assert kinds(recorded(idle()), "mark") == []
    looped = kinds(recorded(idle()), "loop")
    assert looped[0] is Send  # sound before paper
    assert looped[-2:] == [KeepSeed, looped[-1]]
    assert looped.count(Send) == 1


REFUSED = {
    "idle": {
        "loop": "NOT RECORDING", "over": "NOT RECORDING", "discard": "NOT RECORDING",
        "withdraw": "TOO LATE", "mark": "NOTHING TO MARK", "recent": "NOTHING HEARD",
        "replay": "NO SEED YET", "hold": "NOTHING PLAYS", "cancel": "NOTHING PLAYS",
        "tempo": "TEMPO 30 TO 240", "transpose": "TRANSPOSE -12 TO 12", "dance": "UNKNOWN: dance",
    },
    "recording": {
        "recent": "STOP FIRST", "replay": "STOP FIRST", "shutdown": "STOP FIRST",
        "next": "NOTHING PLAYS", "loop": "NO NOTES",
    },
    "warmup": {
        "record": "STOP FIRST", "loop": "NOT RECORDING", "over": "NOT RECORDING",
        "discard": "NOT RECORDING", "recent": "STOP FIRST", "replay": "STOP FIRST",
        "shutdown": "STOP FIRST", "cancel": "NOTHING IS PENDING",
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("state", "verb", "why"),
    [(state, verb, why) for state, rows in REFUSED.items() for verb, why in rows.items()],
)
def test_what_is_refused_says_so_twice(stage: Stage, state: str, verb: str, why: str) -> None:
    if state == "recording":
        stage.command("record")
        stage.run(2)
    elif state == "warmup":
        stage.record()
        stage.run(6)
    effects = stage.session.step(Command(stage.now + 1, verb))
    assert [effect.why for effect in effects if isinstance(effect, Refused)] == [why]
    (shown,) = [effect.view.notice for effect in effects if isinstance(effect, Show)]
    assert shown == why
    assert stage.session.state == ("idle" if why == "NO NOTES" else state)


def test_stop_is_never_refused(stage: Stage) -> None:
    stage.command("stop")
    assert stage.refused == []


def test_the_end_of_a_recording_is_the_press(bundle: Bundle) -> None:
    """What is told a little later than it happened is heard as it happened."""
    late, timely = Stage(bundle), Stage(bundle)
    for stage, delay in ((late, 45 * MS), (timely, 0)):
        press = stage.now
        stage.run(delay / SECOND)
        stage.command("record", at=press)
        stage.pass_until(press + 100 * MS)
        stage.play(EIGHTHS)
        press += 4100 * MS
        stage.pass_until(press + delay)
        stage.command("loop", at=press)
        stage.run(20)
    assert late.seeds[0].seed.seconds == timely.seeds[0].seed.seconds == 4.1
    assert [line["start_beat"] for line in late.provenance] == [
        line["start_beat"] for line in timely.provenance
    ]
    first, other = ([ns for ns, _, _ in stage.struck()] for stage in (late, timely))
    assert first == other


def test_what_was_heard_before_the_switch_said_so_is_in_the_journal(
    stage: Stage, tmp_path: Path
) -> None:
    """A switch is believed only after a while; the first note came with the foot."""
    press = stage.now
    stage.do(MidiIn(press + MS, bytes((0x90, 40, 80))))
    stage.pass_until(press + 30 * MS)
    stage.command("record", at=press)
    stage.run(0.5)
    stage.do(MidiIn(stage.now, bytes((0x80, 40, 0))))
    stage.play(EIGHTHS)
    stage.command("loop")
    stage.run(10)
    assert stage.seeds[0].seed.phrase.notes["pitch"][0] == 40
    assert verify_session(stopped(stage).write_folder(tmp_path / "take"), stage.bundle)


def test_a_lead_in_before_the_first_tap_is_accounted_for(stage: Stage, tmp_path: Path) -> None:
    stage.run(1)
    stage.do(MidiIn(stage.now, bytes((0x90, 47, 80))))
    stage.run(0.1)
    stage.do(MidiIn(stage.now, bytes((0x80, 47, 0))))
    recorded(stage)
    stage.command("loop")
    stage.run(10)
    assert stage.seeds[0].seed.phrase.notes["onset"][0] == pytest.approx(-0.2)
    passed = [write.line for write in stage.writes if write.line.get("omitted")]
    assert [(line["omitted"], line["midi"]) for line in passed] == [("passed", "902f50")]
    assert verify_session(stopped(stage).write_folder(tmp_path / "take"), stage.bundle)


def test_a_hand_a_little_before_the_foot_is_heard_in_the_first_pass(
    stage: Stage, tmp_path: Path
) -> None:
    """The downbeat, as pianists play it: not to the millisecond with the foot."""
    stage.run(1)
    stage.do(MidiIn(stage.now, bytes((0x90, 47, 80))))
    stage.run(0.02)
    recorded(stage)
    stage.do(MidiIn(stage.now, bytes((0x80, 47, 0))))
    looped_at = stage.now
    stage.command("loop")
    stage.run(10)
    early = [ns - looped_at for ns, pitch, _ in stage.struck() if pitch == 47]
    assert early[0] == pytest.approx(-20 * MS, abs=1000)
    assert not [write.line for write in stage.writes if write.line.get("omitted")]
    assert verify_session(stopped(stage).write_folder(tmp_path / "take"), stage.bundle)


def test_over_begins_again_at_its_time(stage: Stage, tmp_path: Path) -> None:
    recorded(stage)
    press = stage.now
    stage.run(0.03)
    stage.command("over", at=press)
    assert (stage.session.state, stage.takes, stage.summaries) == ("recording", 2, [None])
    stage.pass_until(press)
    stage.play([(0.02 + on, 0.02 + off, pitch + 5) for on, off, pitch in EIGHTHS])
    stage.pass_until(press + 4 * SECOND)
    stage.command("loop")
    assert stage.seeds[0].seed.seconds == 4.0
    assert set(stage.seeds[0].seed.phrase.notes["pitch"]) == {41, 43, 45, 47}
    stage.run(10)
    assert verify_session(stopped(stage).write_folder(tmp_path / "take"), stage.bundle)


def test_a_discarded_recording_leaves_nothing(stage: Stage) -> None:
    recorded(stage).command("discard")
    assert (stage.session.state, stage.summaries) == ("idle", [None])
    assert stage.views[-1].notice == "DISCARDED"


def test_a_mark_is_in_the_journal_where_it_was_made(stage: Stage, tmp_path: Path) -> None:
    stage.command("record")
    stage.run(1)
    stage.command("mark", text="so far")
    stage.play(EIGHTHS)
    stage.command("loop")
    stage.run(5)
    stage.command("mark")
    assert stage.views[-1].notice == "MARKED"
    at = stage.now / SECOND
    stage.run(2)
    stage.command("stop")
    stage.command("mark", text="x" * 500)  # of the take that is just over
    marks = journal(stage, "mark")
    assert marks[0] == {"t": 1.0, "event": "mark", "text": "so far"}
    assert marks[1] == {"t": pytest.approx(at), "event": "mark"}
    assert len(marks[2]["text"]) == 200
    stage.run(3)
    assert verify_session(stage.write_folder(tmp_path / "take"), stage.bundle)
    stage.command("mark")
    assert stage.refused == ["NOTHING TO MARK"]


def test_shutdown_ends_the_take_that_is_closing_first(stage: Stage) -> None:
    stage.record()
    stage.run(3)
    stage.command("stop")
    effects = [type(e) for e in stage.session.step(Command(stage.now, "shutdown"))]
    assert effects[-1 - effects.count(Show)] is PowerOff
    assert EndTake in effects


def test_replay_is_the_same_seed_at_once(stage: Stage, tmp_path: Path) -> None:
    stage.record()
    stage.run(9)
    first = stopped(stage).struck()
    began = stage.now
    stage.command("replay")
    stage.run(20)
    again = [strike for strike in stopped(stage).struck() if strike[0] >= began]
    assert again[0][0] == began
    shift = began - first[0][0]
    assert [(ns - shift, *what) for ns, *what in again[:16]] == [tuple(one) for one in first[:16]]
    one, other = (kept.write(tmp_path / str(n)) for n, kept in enumerate(stage.kept))
    for folder in (one, other):
        verify_session(folder, stage.bundle)
        plot_session(folder, folder / "stage.png")
    assert (one / "session.json").read_bytes() != b""
    assert [line["from"] for line in journal(stage, "loop")] == ["recording", "replay"]


def test_a_seed_of_an_earlier_session_is_handed_in(stage: Stage, tmp_path: Path) -> None:
    stage.record()
    stage.run(9)
    seed = read_last_seed(stopped(stage).write_folder(tmp_path / "old"))
    other = Stage(stage.bundle, Settings(vary=0.0))
    other.session.remember(seed)
    other.command("replay")
    other.run(12)
    assert [what[1:] for what in other.struck()[:16]] == [what[1:] for what in stage.struck()[:16]]
    stopped(other)
    verify_session(other.write_folder(tmp_path / "new"), stage.bundle)
    again = read_last_seed(tmp_path / "new")
    for one, two in zip(again.phrase.notes.tolist(), seed.phrase.notes.tolist(), strict=True):
        assert one == pytest.approx(two)


def test_a_tap_is_still_a_tap(bundle: Bundle) -> None:
    one, other = Stage(bundle), Stage(bundle)
    for stage, verbs in ((one, None), (other, ("record", "loop"))):
        for number in range(2):
            if verbs is None:
                stage.do(Tap(stage.now))
            else:
                stage.command(verbs[number])
            if number == 0:
                stage.play(EIGHTHS)
        stage.run(20)
    assert one.wire == other.wire
    assert one.writes == other.writes


def test_what_was_looped_since_comes_before_what_is_handed_in(stage: Stage) -> None:
    stage.record()
    stage.run(3)
    stopped(stage)
    older = replace(stage.seeds[0].seed.phrase, beats=4.0)
    stage.session.remember(stage.seeds[0].seed._replace(phrase=older))
    stage.command("replay")
    assert stage.seeds[-1].seed.phrase.beats == 8.0
