from pathlib import Path

import pytest
from support.music import midi_file, off, on

from corpus.build import build_bundle
from corpus.bundle import open_bundle
from corpus.errors import CorpusError, MidiFileError
from models.pitch_histogram import PitchHistogram


def take(path: Path, beats: int = 32, root: int = 40) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    track = [
        message for i in range(beats) for message in (on(root + i % 5), off(root + i % 5, 480))
    ]
    return midi_file(path, [track])


def build(sources: list[Path], out: Path, **more: int) -> object:
    return build_bundle(sources, out, PitchHistogram(), **more)


def test_folders_and_files_become_one_bundle(tmp_path: Path) -> None:
    take(tmp_path / "in" / "a.mid")
    take(tmp_path / "in" / "deep" / "b.MID", root=45)
    (tmp_path / "in" / "notes.txt").write_text("not music")
    single = take(tmp_path / "c.mid", root=50)
    build([tmp_path / "in", single], tmp_path / "out")
    bundle = open_bundle(tmp_path / "out", verify=True)
    assert sorted(set(bundle.segments["track"].tolist())) == ["a", "b", "c"]
    assert len(bundle) == 12
    assert bundle.manifest["embedder"]["name"] == "pitch-histogram"


def test_two_files_of_one_name_stay_apart(tmp_path: Path) -> None:
    paths = [take(tmp_path / day / "take.mid") for day in ("monday", "tuesday")]
    build(paths, tmp_path / "out")
    tracks = set(open_bundle(tmp_path / "out", verify=True).segments["track"].tolist())
    assert tracks == {"monday-take", "tuesday-take"}


def test_one_more_file_in_the_folder_does_not_move_the_others(tmp_path: Path) -> None:
    for name in "bcd":
        take(tmp_path / "in" / f"{name}.mid", root=40 + ord(name) % 7)
    build([tmp_path / "in"], tmp_path / "before")
    take(tmp_path / "in" / "a.mid", root=60)
    build([tmp_path / "in"], tmp_path / "after")
    before, after = open_bundle(tmp_path / "before"), open_bundle(tmp_path / "after")
    for name in before.segments["id"].tolist():
        old, new = before.phrase(before.row(name)), after.phrase(after.row(name))
        assert old.notes.tolist() == new.notes.tolist()


def test_what_cannot_be_read_is_reported_and_the_rest_imported(tmp_path: Path) -> None:
    good = take(tmp_path / "good.mid")
    bad = tmp_path / "bad.mid"
    bad.write_bytes(b"MThd rubbish")
    short = take(tmp_path / "short.mid", beats=3)
    report = build_bundle([good, bad, short], tmp_path / "out", PitchHistogram())
    assert report.tracks == 1
    assert [str(bad) in line for line in report.left_out] == [True, False]
    assert str(short) in report.left_out[1]


@pytest.mark.parametrize("jobs", [1, 2])
def test_workers_give_the_same_bytes(tmp_path: Path, jobs: int) -> None:
    files = [take(tmp_path / f"{i}.mid", root=36 + i) for i in range(14)]
    build(files, tmp_path / "one" / "b")
    build(files, tmp_path / f"jobs{jobs}" / "b", jobs=jobs)
    for file in (tmp_path / "one" / "b").iterdir():
        assert file.read_bytes() == (tmp_path / f"jobs{jobs}" / "b" / file.name).read_bytes()


def test_recordings_are_never_written_to(tmp_path: Path) -> None:
    path = take(tmp_path / "a.mid")
    before = path.read_bytes(), path.stat().st_mtime_ns
    build([path], tmp_path / "out")
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def test_progress_reaches_its_end(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    build_bundle(
        [take(tmp_path / "a.mid"), take(tmp_path / "b.mid")],
        tmp_path / "out",
        PitchHistogram(),
        progress=lambda *what: told.append(what),
    )
    assert ("reading", 2, 2) in told
    assert told[-1] == ("comparing", 8, 8)


def test_a_missing_source_stops_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(MidiFileError, match=r"nowhere\.mid"):
        build([take(tmp_path / "a.mid"), tmp_path / "nowhere.mid"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_nothing_to_build_from_is_said(tmp_path: Path) -> None:
    bad = tmp_path / "bad.mid"
    bad.write_bytes(b"no")
    with pytest.raises(CorpusError, match=r"bad\.mid"):
        build([bad], tmp_path / "out")
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError, match="no MIDI files"):
        build([tmp_path / "empty"], tmp_path / "out")


@pytest.mark.parametrize("beats", [0, 3, 17])
def test_segments_have_4_to_16_beats(tmp_path: Path, beats: int) -> None:
    with pytest.raises(CorpusError, match="4 to 16"):
        build([take(tmp_path / "a.mid")], tmp_path / "out", beats=beats)


def test_one_file_named_twice_is_one_recording(tmp_path: Path) -> None:
    path = take(tmp_path / "in" / "a.mid")
    report = build_bundle(
        [path, tmp_path / "in", tmp_path / "in" / ".." / "in" / "a.mid"],
        tmp_path / "out",
        PitchHistogram(),
    )
    assert (report.tracks, report.segments) == (1, 4)
