"""What joins words and loops, piece by piece."""

import json
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.stage import Stage

from appliance.conversing import answer_line, in_short, rhythm
from appliance.copilot.loop import Base
from appliance.copilot.rounds import Copilot
from appliance.copilot.shelf import Shelf, in_ticks
from appliance.events import Conducted, Heard
from appliance.folder import Grid, read_seed
from appliance.journal import Journal
from appliance.listener import Listener
from appliance.policies import SEED, Choice
from appliance.policies.moment import Moment
from appliance.policies.steps import in_metre, others
from appliance.talk import Bound, Talk
from corpus.keeping.bundle import Bundle
from corpus.midiwrite import write_phrase
from models.notes import Phrase, note_array, pedal_array

# -- a rhythm -------------------------------------------------------------------------------------


def listener(*strikes: tuple[float, int]) -> Listener:
    heard = Listener()
    for beat, key in strikes:
        heard.hear(beat, bytes((0x90, key, 80)))
        heard.hear(beat + 0.01, bytes((0x80, key, 0)))
    return heard


def test_the_last_run_on_one_key_is_a_rhythm() -> None:
    heard = listener((0, 60), (1, 62), (2, 62), (2.5, 62), (3.5, 62))
    assert rhythm(heard, deque(), 0.0, 4.0) == [1, 2, 2.5, 3.5]
    assert rhythm(heard, deque(), 1.5, 4.0) == [2, 2.5, 3.5]
    assert rhythm(heard, deque(), 2.2, 4.0) == []


def test_another_key_ends_the_run() -> None:
    assert rhythm(listener((0, 62), (1, 62), (2, 62), (3, 60)), deque(), 0.0, 4.0) == []


def test_the_foot_is_a_rhythm_where_it_came_later() -> None:
    heard = listener((0, 62), (1, 62), (2, 62))
    assert rhythm(heard, deque([1.0, 2.5, 3.0]), 0.0, 4.0) == [1.0, 2.5, 3.0]
    assert rhythm(heard, deque([0.0, 0.5, 1.0]), 0.0, 4.0) == [0, 1, 2]
    assert rhythm(heard, deque([-9.0, 3.0, 3.5]), 0.0, 4.0) == [0, 1, 2]


# -- words for people -----------------------------------------------------------------------------


def answered(**more: Any) -> dict[str, Any]:
    return {"committed": False, "say": "", "ask": "", "refuse": ""} | more


@pytest.mark.parametrize(
    ("answer", "line", "short"),
    [
        (answered(committed=True, say="no bass", in_beats=1), "no bass (in 1 beat)", "NO BASS"),
        (answered(committed=True), "done", ""),
        (answered(ask="up or down?"), "up or down?", "WHAT?"),
        (answered(refuse="nothing to undo"), "nothing to undo", "NOT DONE"),
    ],
)
def test_an_answer_is_one_line_and_a_word(answer: dict[str, Any], line: str, short: str) -> None:
    assert answer_line(answer) == line
    assert in_short(Heard(1, answer)) == short


def test_what_nobody_asked_is_not_answered(bundle: Bundle) -> None:
    stage = Stage(bundle)
    stage.do(Conducted(0, 5, None, "late"))
    assert stage.heard == {}
    assert "nothing plays" in stage.say("calmer")["refuse"]
    stage.tap()
    assert "nothing plays" in stage.say("calmer")["refuse"]
    assert stage.session.table() == {"loop": None, "attributes": {}}


# -- what binds the groove ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def copilot(bundle: Bundle) -> Copilot:
    return Copilot.start(Shelf(bundle).ready(), Base(2), 120.0)


def base(choice: Choice) -> Base:
    return Base(choice.row, choice.semitones, choice.rotate)


def choice(row: int, semitones: int = 0) -> Choice:
    return Choice(row, semitones, 1.0, "")


def test_a_free_copilot_binds_nothing_and_is_not_moved(copilot: Copilot) -> None:
    bound = Bound(Talk(copilot, Base(2)), base)
    assert bound.allowed is None
    assert all(bound.takes(choice(row)) for row in range(12))
    assert bound.talk(choice(5)).copilot is copilot
    assert bound.talk(choice(5)).base == Base(5)
    here = bound.talk(choice(5)).here
    assert here is not None
    assert here.state.base == Base(5)


def test_what_stands_goes_along_and_what_is_locked_stays(copilot: Copilot) -> None:
    softer, done = copilot.say("a bit louder")
    assert done.committed, done
    moved = Talk(softer, Base(2)).onto(Base(5))
    assert moved is not None
    assert moved.copilot.state.base == Base(5)
    assert [edit["op"] for edit in moved.edits] == ["velocity"]
    locked, _ = copilot.say("lock the bass")
    bound = Bound(Talk(locked, Base(2)), base)
    assert bound.is_fixed
    assert bound.takes(choice(2))
    assert not bound.takes(choice(5))
    home = bound.talk(choice(5))  # only who has the last word takes it all the same
    assert home.copilot.is_free


def test_a_follower_that_breaks_is_no_candidate(
    copilot: Copilot, monkeypatch: pytest.MonkeyPatch
) -> None:
    louder, _ = copilot.say("a bit louder")

    def broken(*rest: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(Copilot, "follow", broken)
    assert Talk(louder, Base(2)).onto(Base(5)) is None


def test_policies_see_a_mask_and_keep_to_it(bundle: Bundle) -> None:
    moment = Moment(bundle, 2, 0, bundle.neighbours[2], [2], 4.0, 120.0)
    near = others(moment)["segment"].tolist()
    rows = np.arange(len(bundle))
    barred = moment.without(near[0]).without(near[1])
    assert others(barred)["segment"].tolist() == near[2:]
    assert in_metre(moment, rows).all()
    assert np.flatnonzero(~in_metre(barred, rows)).tolist() == sorted(near[:2])


# -- on the disk ----------------------------------------------------------------------------------

NOTES = st.lists(
    st.tuples(st.floats(-0.1, 7.9), st.floats(0.001, 3), st.integers(30, 90), st.integers(1, 127)),
    min_size=1,
    max_size=12,
    unique_by=lambda row: row[2],
)


@settings(max_examples=60)
@given(NOTES, st.floats(0, 7.9))
def test_a_seed_from_the_disk_is_to_the_copilot_what_it_was(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Any], lifted: float
) -> None:
    pedals = pedal_array([(0.0, 64, 127), (lifted, 64, 0)])
    seed = Phrase(note_array(sorted(rows)), pedals, 8.0, 97.3, 4.0)
    folder = tmp_path_factory.mktemp("seed")
    write_phrase(folder / "seed.mid", seed, "seed", 4.0)
    again = read_seed(folder, Grid(4.0, 4.0, [(4.0, 97.3)], "recording"), 8.0)
    one, other = in_ticks(seed), in_ticks(again)
    assert one.notes.tolist() == other.notes.tolist()
    assert sorted(one.pedals.tolist()) == sorted(other.pedals.tolist())


def test_a_shelf_with_a_seed_shares_what_is_known_of_the_corpus(bundle: Bundle) -> None:
    shelf = Shelf(bundle).ready()
    one, other = shelf.with_seed(bundle.phrase(1)), shelf.with_seed(bundle.phrase(4))
    assert one.of_row(3) is shelf.of_row(3)
    assert one.ranks is other.ranks
    assert one.of_row(SEED).notes.tolist() == bundle.phrase(1).notes.tolist()
    assert other.of_row(SEED).notes.tolist() == bundle.phrase(4).notes.tolist()


def test_rounds_are_written_with_the_next_sync(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "take")
    journal.keep_rounds({"entries": 1}, ({"start": [0, 0, 0]}, {"plan": []}))
    assert not (tmp_path / "take" / "table.json").exists()
    journal.sync()
    assert json.loads((tmp_path / "take" / "table.json").read_text()) == {"entries": 1}
    journal.keep_rounds({"entries": 0}, ({"start": [0, 0, 0]},))
    journal.close({})
    lines = (tmp_path / "take" / "rounds.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [{"start": [0, 0, 0]}]


def test_a_disk_that_was_full_gets_the_rounds_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path / "take", durable=False)
    journal.keep_rounds({"entries": 0}, ({"start": [0, 0, 0]},))

    def full(*rest: Any) -> None:
        raise OSError(28, "no space")

    with monkeypatch.context() as context:
        context.setattr("appliance.journal.write_text", full)
        with pytest.raises(OSError, match="no space"):
            journal.sync()
    journal.close({})
    assert (tmp_path / "take" / "rounds.jsonl").exists()
