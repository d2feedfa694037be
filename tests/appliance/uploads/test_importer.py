"""From an upload to a corpus and a report; a bad upload costs nothing."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import mido
import pytest
from support.music import make_bundle, seal

from appliance.uploads import importer
from appliance.uploads.arrivals import REPORT, report_for
from appliance.uploads.importer import Task, carry_out
from corpus import demo
from corpus.errors import BundleError
from corpus.keeping.adopt import adopt_bundle, find_bundle
from corpus.keeping.bundle import open_bundle
from corpus.keeping.library import Library


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    (tmp_path / "inbox").mkdir()
    return tmp_path / "inbox"


def task(tmp_path: Path, upload: Path, name: str = "mine") -> Task:
    return Task(upload, tmp_path / "corpora", name, "pitch-histogram", tmp_path / "cache")


def carried(task: Task) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = []
    done = carry_out(task, told.append)
    assert done is ("made" in told[-1])
    return told


def recordings(folder: Path, count: int = 2) -> Path:
    folder.mkdir(parents=True)
    for path in demo.recordings()[:count]:
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def test_recordings_become_a_corpus_and_a_report(tmp_path: Path, inbox: Path) -> None:
    upload = recordings(inbox / "takes")
    (upload / "broken.mid").write_bytes(b"MThd")
    told = carried(task(tmp_path, upload))
    bundle = open_bundle(tmp_path / "corpora" / "mine", verify=True)
    assert told[-1] == {"made": "mine", "segments": len(bundle)}
    assert {line["progress"] for line in told[:-1]} >= {"reading"} or len(told) > 1
    text = (upload / REPORT).read_text()
    assert f"Corpus mine: {len(bundle)} segments from 2 recordings." in text
    assert "01-boogie-c" in text
    assert "broken.mid" in text.split("Not used")[1]
    assert Library(tmp_path / "corpora").names() == ["mine"]


def test_a_bundle_is_checked_and_taken_as_it_is(tmp_path: Path, inbox: Path) -> None:
    made = make_bundle(inbox / "from-home")
    told = carried(task(tmp_path, inbox / "from-home"))
    taken = open_bundle(tmp_path / "corpora" / "mine", verify=True)
    assert taken.sha256 == made.sha256
    assert told[-1]["segments"] == len(made)
    assert "taken as it is" in (inbox / "from-home" / REPORT).read_text()


@pytest.mark.parametrize("fault", ["lies", "cut", "link", "pipe", "embedder"])
def test_a_bundle_that_lies_is_refused_and_the_old_one_stays(
    tmp_path: Path, inbox: Path, fault: str
) -> None:
    old = make_bundle(tmp_path / "corpora" / "mine")
    upload = make_bundle(inbox / "bad").path
    notes = upload / "notes.npy"
    match fault:
        case "lies":
            notes.write_bytes(notes.read_bytes()[:-1] + b"\x7f")
        case "cut":
            notes.write_bytes(notes.read_bytes()[:-5])
        case "link":
            notes.rename(tmp_path / "elsewhere")
            notes.symlink_to(tmp_path / "elsewhere")
        case "pipe":
            import os

            notes.unlink()
            os.mkfifo(notes)
        case "embedder":
            said = json.loads((upload / "manifest.json").read_text())
            said["embedder"]["name"] = "of-my-own"
            seal(upload, said)
    told = carried(task(tmp_path, upload))
    assert "fault" in told[-1]
    report = (upload / REPORT).read_text()
    assert "bad was not made into a corpus" in report
    assert told[-1]["fault"] in report
    assert open_bundle(tmp_path / "corpora" / "mine", verify=True).sha256 == old.sha256
    assert [path.name for path in (tmp_path / "corpora").iterdir()] == ["mine"]


def test_an_upload_with_nothing_in_it_says_why(tmp_path: Path, inbox: Path) -> None:
    (inbox / "notes.zip").write_bytes(b"PK")
    told = carried(task(tmp_path, inbox / "notes.zip"))
    assert "fault" in told[-1]
    assert told[-1]["fault"] in (inbox / "notes.zip.REPORT.txt").read_text()


def test_a_full_disk_is_told_of_before_anything_is_done(
    tmp_path: Path, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importer, "RESERVE_BYTES", 1 << 60)
    told = carried(task(tmp_path, recordings(inbox / "takes")))
    assert "nearly full" in told[-1]["fault"]
    assert list((tmp_path / "corpora").iterdir()) == []


def test_a_report_that_cannot_be_written_costs_nothing(
    tmp_path: Path, inbox: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    upload = recordings(inbox / "takes")
    (upload / REPORT).mkdir()
    assert "made" in carried(task(tmp_path, upload))[-1]
    assert "not written" in capfd.readouterr().err


def test_a_report_that_is_a_link_is_not_followed(tmp_path: Path, inbox: Path) -> None:
    upload = recordings(inbox / "takes")
    (tmp_path / "precious").write_text("mine")
    (upload / REPORT).symlink_to(tmp_path / "precious")
    carried(task(tmp_path, upload))
    assert (tmp_path / "precious").read_text() == "mine"
    assert not report_for(upload).is_symlink()


def test_it_runs_as_a_process_that_steps_back(tmp_path: Path, inbox: Path) -> None:
    wanted = task(tmp_path, recordings(inbox / "takes", 1))
    arguments = [f"--{name}={value}" for name, value in vars(wanted).items()]
    command = [sys.executable, "-m", "appliance.uploads.importer", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines[-1]["made"] == "mine"
    assert done.stderr == ""
    (inbox / "empty").mkdir()
    command[3] = f"--upload={inbox / 'empty'}"
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "fault" in json.loads(done.stdout.splitlines()[-1])
    assert done.stderr == ""


def test_a_bundle_is_found_as_the_upload_or_as_all_that_is_in_it(tmp_path: Path) -> None:
    made = make_bundle(tmp_path / "up" / "b").path
    assert find_bundle(made) == made
    assert find_bundle(tmp_path / "up") == made
    (tmp_path / "up" / "other").mkdir()
    assert find_bundle(tmp_path / "up") is None
    (tmp_path / "song.mid").write_bytes(b"")
    assert find_bundle(tmp_path / "song.mid") is None


def test_a_missing_file_of_a_bundle_is_named(tmp_path: Path) -> None:
    made = make_bundle(tmp_path / "b").path
    (made / "chords.npy").unlink()
    with pytest.raises(BundleError, match=r"b/chords\.npy: No such file .* not complete"):
        adopt_bundle(made, tmp_path / "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b"]


def test_midi_files_are_still_what_they_were(inbox: Path, tmp_path: Path) -> None:
    upload = recordings(inbox / "takes", 1)
    before = {path.name: path.read_bytes() for path in upload.iterdir()}
    carried(task(tmp_path, upload))
    (upload / REPORT).unlink()
    assert {path.name: path.read_bytes() for path in upload.iterdir()} == before
    assert mido.MidiFile(next(upload.iterdir())).length > 0
