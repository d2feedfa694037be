import json
from pathlib import Path

import mido
import pytest

from appliance.errors import SessionFolderError
from appliance.folder import read_lines, write_performance
from appliance.journal import Journal, Syncer
from appliance.seed import Seed
from models.notes import Phrase, note_array, pedal_array

LOOP = {"t": 4.0, "event": "loop", "beat": 12.0, "bpm": 120.0, "bar": 4.0, "first_tap": 4.0}


def seed() -> Seed:
    notes = note_array([(0.0, 1.0, 40, 80)])
    return Seed(Phrase(notes, pedal_array([(0.0, 64, 0)]), 8.0, 120.0), 4.0, 1.0)


def test_what_was_synced_is_in_the_file_while_the_take_goes_on(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "take")
    journal.write("events", LOOP)
    journal.sync()
    assert list(read_lines(tmp_path / "take", "events.jsonl")) == [LOOP]
    journal.close({"loops": 1})
    assert json.loads((tmp_path / "take" / "session.json").read_text()) == {"loops": 1}


def test_the_syncer_brings_lines_to_the_disk_by_itself(tmp_path: Path) -> None:
    synced: list[int] = []

    class Watched(Journal):
        def sync(self) -> None:
            super().sync()
            synced.append(1)

    journal = Watched(tmp_path / "take")
    syncer = Syncer(journal)
    try:
        journal.write("events", LOOP)
        while not synced:  # bounded by the suite's own time limit
            syncer._thread.join(0.01)
        assert list(read_lines(tmp_path / "take", "events.jsonl")) == [LOOP]
    finally:
        syncer.end({"loops": 1})
        syncer.wait(60)
    assert syncer.done
    assert syncer.keeps
    assert json.loads((tmp_path / "take" / "session.json").read_text()) == {"loops": 1}


def test_who_keeps_a_seed_does_not_wait_for_the_disk(tmp_path: Path) -> None:
    """It comes with the tap that begins the loop."""
    journal = Journal(tmp_path / "take")
    journal.keep_seed(seed(), 4.0, {"loops": 1})
    assert not (tmp_path / "take" / "seed.mid").exists()
    journal.sync()
    assert (tmp_path / "take" / "seed.mid").exists()
    assert json.loads((tmp_path / "take" / "session.json").read_text()) == {"loops": 1}
    journal.drop_seed()
    assert not (tmp_path / "take" / "seed.mid").exists()
    journal.keep_seed(seed(), 4.0, {"loops": 2})
    journal.drop_seed()
    journal.sync()
    assert not (tmp_path / "take" / "session.json").exists()
    journal.keep_seed(seed(), 4.0, {"loops": 3})
    journal.close({"loops": 4})
    assert (tmp_path / "take" / "seed.mid").exists()
    assert json.loads((tmp_path / "take" / "session.json").read_text()) == {"loops": 4}


def test_a_seed_that_could_not_be_written_is_written_later(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "take")
    journal.keep_seed(seed(), 4.0, {"loops": 1})
    (tmp_path / "take").rename(tmp_path / "away")
    with pytest.raises(OSError, match="No such file"):
        journal.sync()
    (tmp_path / "away").rename(tmp_path / "take")
    journal.sync()
    assert (tmp_path / "take" / "seed.mid").exists()


def test_a_journal_that_cannot_be_closed_says_why(tmp_path: Path) -> None:
    syncer = Syncer(Journal(tmp_path / "take"))
    (tmp_path / "take").rename(tmp_path / "away")
    syncer.end({"loops": 1})
    syncer.wait(60)
    assert syncer.done
    assert "No such file" in syncer.fault


def test_a_take_that_came_to_nothing_leaves_nothing(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "take")
    journal.write("events", LOOP)
    journal.discard()
    assert not (tmp_path / "take").exists()


def test_a_line_cut_short_is_skipped_and_a_bad_one_named(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_text(json.dumps(LOOP) + '\n{"t": 5.0, "wh')
    assert list(read_lines(tmp_path, "events.jsonl")) == [LOOP]
    (tmp_path / "events.jsonl").write_text(json.dumps(LOOP) + "\nrubbish\n")
    with pytest.raises(SessionFolderError, match="line 2"):
        list(read_lines(tmp_path, "events.jsonl"))


def test_the_performance_has_tempo_changes_and_stands_in_musical_time(tmp_path: Path) -> None:
    lines = [
        {"t": 0.5, "who": "player", "midi": "902850"},  # while the tempo was not known yet
        {"t": 1.0, "who": "player", "midi": "802800"},
        LOOP,
        {"t": 4.0, "beat": 12.0, "who": "system", "midi": "902850", "note": 1},
        {"t": 4.5, "beat": 13.0, "who": "system", "midi": "802800", "note": 1},
        {"t": 5.0, "event": "tempo", "beat": 14.0, "bpm": 60.0},
        {"t": 6.0, "beat": 15.0, "who": "player", "midi": "903c40"},
        {"t": 7.0, "beat": 16.0, "who": "player", "midi": "803c00"},
    ]
    (tmp_path / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    write_performance(tmp_path)
    midi = mido.MidiFile(tmp_path / "performance.mid")
    found = {}
    for track in midi.tracks:
        tick = 0
        for message in track:
            tick += message.time
            if message.type in ("note_on", "set_tempo"):
                found.setdefault(track.name, []).append(tick / midi.ticks_per_beat)
    assert found == {"tempo": [0, 14], "system": [12], "player": [5, 15]}


def test_a_folder_where_nothing_was_looped_says_so(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_text('{"t": 0.5, "who": "player", "midi": "902850"}\n')
    with pytest.raises(SessionFolderError, match="no loop"):
        write_performance(tmp_path)


def test_a_dropped_seed_leaves_no_trace(tmp_path: Path) -> None:
    journals = [Journal(tmp_path / name, durable=False) for name in ("one", "other")]
    for journal, drops in zip(journals, (True, False), strict=True):
        journal.write("events", {"t": 1, "é": "ü"})
        if drops:
            journal.keep_seed(seed(), 4.0, {"loops": 1})
            journal.write("events", {"t": 2})
            journal.sync()
            journal.write("provenance", {"loop": 0})
            journal.drop_seed()
        journal.write("events", {"t": 3})
        journal.keep_seed(seed(), 4.0, {"loops": 2})
        journal.write("provenance", {"loop": 1})
        journal.close({"loops": 3})
    one, other = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in ("one", "other")
    )
    assert one == other
    assert set(one) == {"events.jsonl", "provenance.jsonl", "seed.mid", "session.json"}


def test_a_folder_without_a_seed_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "take", durable=False)
    journal.keep_seed(seed(), 4.0, {"loops": 1})
    journal.drop_seed()
    assert {path.name for path in (tmp_path / "take").iterdir()} == {
        "events.jsonl",
        "provenance.jsonl",
    }
