"""The command line as a person meets it."""

import io
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest
from support.music import make_bundle, midi_file, off, on, seal

from appliance.cli import machine, main
from corpus import demo as demo_corpus
from corpus.keeping.library import Library
from firmware.profile import Profile, load_profile

Complain = Callable[..., str]


@pytest.fixture
def complaint(capsys: pytest.CaptureFixture[str]) -> Complain:
    """Run a command that must fail with exit code 2 and one line; returns the line."""

    def run(*arguments: object) -> str:
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as exit_:
            code = int(str(exit_.code))
        captured = capsys.readouterr()
        assert code == 2, captured
        assert captured.err.count("\n") == 1, captured.err
        assert "Traceback" not in captured.err
        return captured.err

    return run


@pytest.fixture
def take(tmp_path: Path) -> Path:
    notes = [m for i in range(32) for m in (on(40 + i % 5), off(40 + i % 5, 480))]
    return midi_file(tmp_path / "take.mid", [notes])


def test_a_corpus_is_built_shown_checked_and_searched(
    take: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "bundle"
    assert main(["corpus", "build", str(take), "--out", str(out)]) == 0
    captured = capsys.readouterr()
    assert "4 segments from 1 tracks" in captured.out
    assert "reading 1 of 1" in captured.out
    assert main(["corpus", "info", str(out), "--json"]) == 0
    (track,) = json.loads(capsys.readouterr().out)["tracks"]
    wanted = {"name": "take", "file": "take.mid", "segments": 4, "bpm": 120.0}
    assert {name: track[name] for name in wanted} == wanted
    assert track["bpm_source"] == "file"
    assert 0 < track["bpm_confidence"] <= 1
    assert 0 < track["key_confidence"] <= 1
    assert (track["key"], track["left_out"]) == ("F minor", [])
    assert main(["corpus", "info", str(out)]) == 0
    assert "take: 4 segments, 120 BPM" in capsys.readouterr().out
    assert main(["corpus", "verify", str(out)]) == 0
    capsys.readouterr()
    assert main(["corpus", "nearest", str(out), "take@8", "-k", "2", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 2
    assert main(["corpus", "nearest", str(out), str(take), "-k", "1"]) == 0
    assert "take@" in capsys.readouterr().out


def test_the_corpora_of_a_box_are_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["corpus", "list", "--state", str(tmp_path)]) == 0
    assert "no corpora" in capsys.readouterr().out
    library = Library(tmp_path / "corpora")
    for number, name in enumerate(("mine", "yours")):
        make_bundle(library.place(name))
        os.utime(library.place(name), ns=(number, number))
    library.use("mine")
    assert main(["corpus", "list", "--state", str(tmp_path)]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("* mine: 12 segments")
    assert second.startswith("  yours: 12 segments")
    assert main(["corpus", "list", "--state", str(tmp_path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == [{"name": "mine", "current": True}, {"name": "yours", "current": False}]


def test_a_damaged_corpus_does_not_end_the_list(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    library = Library(tmp_path / "corpora")
    for number, name in enumerate(("third", "second", "first")):
        make_bundle(library.place(name))
        os.utime(library.place(name), ns=(number, number))
    (library.place("first") / "manifest.json").write_text("?")
    os.utime(library.place("first"), ns=(9, 9))
    (library.place("third") / "manifest.json").unlink()
    assert main(["corpus", "list", "--state", str(tmp_path)]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("  first: cannot be used: ")
    assert second.startswith("  second: 12 segments")


def test_repairs_and_copies_are_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = make_bundle(tmp_path / "b").path
    said = json.loads((path / "manifest.json").read_text())
    said["copies"] = 7
    said["tracks"][0]["repairs"] = ["2 notes never ended", "a \x1b in it", *["more"] * 30]
    said["tracks"][1]["left_out"] = [{"reason": "silence", "count": 3}]
    said["left_out"] = [{"file": "x\ny.mid", "reason": "cannot be read"}]
    seal(path, said)
    assert main(["corpus", "info", str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "      repaired: 2 notes never ended" in lines
    assert "      repaired: a   in it" in lines
    assert "      repaired: and 12 more (see --json)" in lines
    assert "      left out: silence (3)" in lines
    assert "  left out: x y.mid: cannot be read" in lines
    assert "  left out: 7 copies of other segments" in lines
    assert main(["corpus", "info", str(path), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["copies"] == 7
    assert len(facts["tracks"][0]["repairs"]) == 32


def test_a_file_is_not_compared_by_another_version(
    complaint: Complain, take: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = make_bundle(tmp_path / "b").path
    said = json.loads((path / "manifest.json").read_text())
    said["embedder"]["sha256"] = "0" * 64
    seal(path, said)
    assert "another version" in complaint("corpus", "nearest", path, take)
    assert main(["corpus", "nearest", str(path), "take0@8"]) == 0  # needs no embedder


@pytest.mark.parametrize(
    ("embedder", "fault"),
    [
        ({"sha256": "0" * 64}, "another version of pitch-histogram; build it again"),
        ({"name": "of-my-own"}, "no embedder 'of-my-own'; there is"),
    ],
)
def test_nothing_is_played_from_a_corpus_whose_embedder_is_not_known(
    complaint: Complain, take: Path, tmp_path: Path, embedder: dict[str, str], fault: str
) -> None:
    path = make_bundle(tmp_path / "b").path
    said = json.loads((path / "manifest.json").read_text())
    said["embedder"] |= embedder
    seal(path, said)
    config = tmp_path / "config.toml"
    config.write_text(f"corpus = '{path}'\n")
    for command in (
        ["demo", "--fast", "--corpus", path, "--out", tmp_path / "session"],
        ["run", "--config", config, "--state", tmp_path],
        ["corpus", "nearest", path, take],
    ):
        assert f"{path}: " in (line := complaint(*command))
        assert fault in line
    assert not (tmp_path / "session").exists()


@pytest.mark.parametrize("command", [["plot"], ["nearest", "take0@8"]])
def test_a_pipe_is_not_written_to(complaint: Complain, tmp_path: Path, command: list[str]) -> None:
    path = make_bundle(tmp_path / "b").path
    os.mkfifo(tmp_path / "out")
    action, *query = command
    said = complaint("corpus", action, path, *query, "--out", tmp_path / "out")
    assert f"{tmp_path / 'out'}: exists and is not a file; choose another" in said


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (["--limit", "size=3"], "midi_bytes, midi_tracks, notes"),
        (["--limit", "notes"], "whole number above 0"),
        (["--limit", "notes=many"], "whole number above 0"),
        (["--limit", "notes=2.5"], "whole number above 0"),
        (["--limit", "notes=0"], "whole number above 0"),
        (["--limit", "beats=nan"], "give a number above 0"),
        (["--limit", "beats=inf"], "give a number above 0"),
        (["--limit", "beats=-4"], "give a number above 0"),
        (["--limit", "notes=100", "--limit", "x\ny=4"], "NAME=VALUE"),
        (["--limit", "notes=31"], "32 notes, at most 31"),
        (["--beats", "3"], "--beats: 3 beats"),
        (["--lead-in", "3"], "--lead-in: a lead-in of 3 beats"),
        (["--min-loopability", "7"], "--min-loopability: "),
    ],
)
def test_settings_of_a_build_that_make_no_sense(
    complaint: Complain, take: Path, tmp_path: Path, options: list[str], wanted: str
) -> None:
    assert wanted in complaint("corpus", "build", take, "--out", tmp_path / "b", *options)


def test_a_limit_is_a_setting(
    take: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(tmp_path / "b")]
    limits = ["--limit", "notes=3", "--limit", "notes=32", "--limit", "midi-bytes=9000"]
    assert main(["corpus", "build", str(take), *out, *limits]) == 0
    assert "4 segments" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["corpus", "build", "--help"])
    assert "zip_unpacked=4000000000" in "".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("place", ["file/b", "file/deep/b", "x" * 253])
def test_an_out_that_cannot_be_written_is_said_before_anything_is_read(
    complaint: Complain, tmp_path: Path, place: str
) -> None:
    (tmp_path / "file").touch()
    line = complaint("corpus", "build", tmp_path / "gone.mid", "--out", tmp_path / place)
    assert "another --out" in line
    assert "gone.mid" not in line


def test_an_out_in_a_folder_of_others_is_said_first(
    complaint: Complain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)
    line = complaint("corpus", "build", tmp_path / "gone.mid", "--out", tmp_path / "deep" / "b")
    assert f"{tmp_path} cannot be written" in line


def test_a_session_is_played_proved_and_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "session"
    assert main(["demo", "--fast", "--loops", "6", "--out", str(folder)]) == 0
    assert f"session: {folder}" in capsys.readouterr().out
    assert main(["session", "verify", str(folder)]) == 0
    assert "every note is the artist's" in capsys.readouterr().out
    assert main(["session", "plot", str(folder), "--out", str(tmp_path / "p.png")]) == 0
    assert (tmp_path / "p.png").read_bytes() == (folder / "stage.png").read_bytes()


def test_a_proof_that_fails_is_exit_code_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "session"
    main(["demo", "--fast", "--loops", "4", "--out", str(folder)])
    provenance = folder / "provenance.jsonl"
    provenance.write_text(provenance.read_text().replace('"transpose":0', '"transpose":1'))
    capsys.readouterr()
    assert main(["session", "verify", str(folder)]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_ports_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ports"]) == 0
    assert capsys.readouterr().out.startswith("inputs:")


def test_a_missing_midi_file(complaint: Complain, tmp_path: Path) -> None:
    gone = tmp_path / "gone.mid"
    for line in (
        complaint("demo", "--fast", "--seed", gone),
        complaint("demo", "--fast", "--solo", gone),
        complaint("corpus", "build", gone, "--out", tmp_path / "b"),
        complaint("corpus", "nearest", make_bundle(tmp_path / "c").path, gone),
    ):
        assert str(gone) in line
        assert "no such file" in line


def test_an_unreadable_midi_file(complaint: Complain, tmp_path: Path) -> None:
    bad = tmp_path / "bad.mid"
    bad.write_bytes(b"MThd\x00\x00\x00\x06rubbish")
    assert str(bad) in complaint("demo", "--fast", "--seed", bad)
    assert str(bad) in complaint("corpus", "build", bad, "--out", tmp_path / "b")


def test_a_file_without_notes(complaint: Complain, tmp_path: Path) -> None:
    empty = midi_file(tmp_path / "empty.mid", [[]])
    assert "no notes" in complaint("demo", "--fast", "--seed", empty)
    assert "no notes" in complaint("corpus", "build", empty, "--out", tmp_path / "b")


def test_a_bundle_that_was_tampered_with(complaint: Complain, tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "b").path
    notes = bundle / "notes.npy"
    body = bytearray(notes.read_bytes())
    body[-9] ^= 1
    notes.write_bytes(body)
    line = complaint("demo", "--fast", "--corpus", bundle, "--out", tmp_path / "s")
    assert "notes.npy" in line
    assert not (tmp_path / "s").exists()
    assert "notes.npy" in complaint("corpus", "verify", bundle)
    shutil.rmtree(bundle)
    assert "not a bundle" in complaint("demo", "--fast", "--corpus", bundle)


def test_an_unknown_policy(complaint: Complain) -> None:
    assert "groove, playlist" in complaint("demo", "--fast", "--policy", "waltz")


def test_an_unknown_embedder(complaint: Complain, take: Path, tmp_path: Path) -> None:
    line = complaint("corpus", "build", take, "--out", tmp_path / "b", "--embedder", "magic")
    assert "pitch-histogram" in line


@pytest.mark.usefixtures("no_midi")
def test_a_box_without_its_piano_waits_for_it_and_says_so(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[midi]\noutput = "No Such Piano"\ninput = "No Such Piano"\n')
    command = [sys.executable, "-m", "appliance", "run", "--config", config, "--state", tmp_path]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "PIANO OFF" in line:
                break
        process.terminate()
        _, said = process.communicate(timeout=60)
    assert process.returncode == 0
    for direction in ("output", "input"):
        assert said.count(f"waiting for a MIDI {direction} matching 'No Such Piano'") == 1
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("tempos = 90", "tempo"),
        ('tempo = "fast"', "a number"),
        ("tempo = 500", "30 to 240"),
        ("midi_output = 'x'", "output in [midi]"),
        ("[player]\npriority = 99", "1 to 98"),
        ("= =", "TOML"),
    ],
)
def test_a_bad_setting(complaint: Complain, tmp_path: Path, text: str, fault: str) -> None:
    config = tmp_path / "config.toml"
    config.write_text(text + "\n")
    line = complaint("run", "--config", config)
    assert fault in line
    assert str(config) in line


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["dance"],
        ["demo", "--loops", "many"],
        ["demo", "--fast", "--loops", "0"],
        ["demo", "--fast", "--tempo", "900"],
        ["demo", "--fast", "--tempo", "nan"],
        ["demo", "--fast", "--rng", "-1"],
        ["corpus", "build"],
        ["corpus", "nearest", "/nowhere", "x@0"],
        ["session", "verify", "/nowhere"],
        ["session", "plot", "/nowhere", "--out", "x.png"],
        ["run", "--config", "/nowhere.toml"],
    ],
)
def test_bad_usage_is_one_line(complaint: Complain, arguments: list[str]) -> None:
    assert complaint(*arguments).startswith("smartlooper")


def test_an_out_that_is_something_else_is_not_touched(complaint: Complain, tmp_path: Path) -> None:
    thesis = tmp_path / "thesis.txt"
    thesis.write_text("years")
    assert "not a session" in complaint("demo", "--fast", "--out", tmp_path)
    assert "not a session" in complaint("demo", "--fast", "--out", thesis)
    seed = demo_corpus.DEFAULT_SEED
    assert "not a bundle" in complaint("corpus", "build", seed, "--out", tmp_path)
    assert thesis.read_text() == "years"


@pytest.mark.parametrize(
    "arguments",
    [
        ["demo", "--fast", "--loops", "2", "--out", "/dev/null/x"],
        ["corpus", "build", str(demo_corpus.DEFAULT_SEED), "--out", "/dev/null/b"],
        ["session", "plot", "SESSION", "--out", "/dev/null/x.png"],
        ["session", "plot", "SESSION", "--out", "x.jpg"],
        ["calibrate", "--out", "/nowhere/at/all.toml"],
        ["demo", "--fast", "--profile", "steinway"],
    ],
)
def test_what_cannot_be_written_is_said_first(
    complaint: Complain, tmp_path: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    if "SESSION" in arguments:
        main(["demo", "--fast", "--loops", "2", "--out", str(tmp_path / "s")])
        arguments[arguments.index("SESSION")] = str(tmp_path / "s")
        capsys.readouterr()
    complaint(*arguments)


def test_a_measured_profile_is_named_by_a_path_that_holds_anywhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = Profile("mine", polyphony=8)
    monkeypatch.setattr(machine, "open_input", lambda *_: io.BytesIO())
    monkeypatch.setattr(machine, "PlayerProcess", lambda *_: nullcontext())
    monkeypatch.setattr(machine, "calibrate", lambda *_: measured)
    (tmp_path / "here").mkdir()
    (tmp_path / "empty.toml").touch()
    monkeypatch.chdir(tmp_path / "here")
    assert main(["calibrate", "--config", "../empty.toml", "--out", "../mine.toml"]) == 0
    line = re.search(r"profile = '.*'", capsys.readouterr().out)
    assert line is not None
    profile = tomllib.loads(line[0])["profile"]
    assert profile == str(tmp_path / "mine.toml")
    assert load_profile(profile) == measured


def test_the_doctor_looks_and_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--state", str(tmp_path), "--json"]) in (0, 1)
    findings = json.loads(capsys.readouterr().out)
    assert {"realtime", "disk", "piano out"} <= {finding["name"] for finding in findings}


def test_a_demo_that_is_told_to_stop_ends_its_session_well(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    command = [sys.executable, "-m", "appliance", "demo", "--out", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if "loop 1" in line:
            break
    process.terminate()
    _, complaints = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in complaints
    assert json.loads((folder / "session.json").read_text())["stuck_notes"] == 0
    assert main(["session", "verify", str(folder)]) == 0


def test_a_seed_that_cannot_be_looped(complaint: Complain, tmp_path: Path) -> None:
    """The file is whole, but what is played takes longer than a seed may."""
    notes = [m for i in range(300) for m in (on(40), off(40, 480))]
    long = midi_file(tmp_path / "long.mid", [notes])
    line = complaint("demo", "--fast", "--seed", long, "--out", tmp_path / "s")
    assert "TOO LONG" in line


def test_the_entry_point_works_as_a_process() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "appliance", "--help"], capture_output=True, text=True, check=True
    )
    assert "demo" in done.stdout
