import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.music import midi_file, off, on, phrase

from corpus import demo
from corpus.building.build import BuildReport, BuildSettings, build_bundle
from corpus.building.cache import Cache
from corpus.building.engine import Engine, make_engine
from corpus.building.gathering import Progress
from corpus.building.importing import ImportSettings
from corpus.cutting.segment import CutSettings
from corpus.errors import CorpusError, MidiFileError
from corpus.keeping.bundle import open_bundle
from corpus.keeping.export import export_bundle
from corpus.midiwrite import write_phrase
from corpus.reading.recording import LABELS, NAME, TOML


def take(path: Path, beats: int = 32, root: int = 40) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    track = [
        message for i in range(beats) for message in (on(root + i % 5), off(root + i % 5, 480))
    ]
    return midi_file(path, [track])


def build(
    sources: list[Path],
    out: Path,
    engine: Engine | None = None,
    cache: Cache | None = None,
    progress: Progress = lambda what, done, total: None,
    **settings: Any,
) -> BuildReport:
    chosen = BuildSettings("pitch-histogram", **settings)
    return build_bundle(sources, out, chosen, engine, cache, progress)


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
    report = build([good, bad, short], tmp_path / "out")
    assert [track.name for track in report.tracks] == ["good"]
    assert ["bad.mid" in line for line in report.left_out] == [True, False]
    assert report.left_out[1].startswith(f"{short}: nothing to loop in it: ")


@pytest.mark.parametrize("jobs", [1, 2])
def test_workers_give_the_same_bytes(tmp_path: Path, jobs: int) -> None:
    files = [take(tmp_path / f"{i}.mid", root=36 + i) for i in range(14)]
    build(files, tmp_path / "one" / "b")
    with make_engine(jobs) as engine:
        build(files, tmp_path / f"jobs{jobs}" / "b", engine)
    for file in (tmp_path / "one" / "b").iterdir():
        assert file.read_bytes() == (tmp_path / f"jobs{jobs}" / "b" / file.name).read_bytes()


def test_recordings_are_never_written_to(tmp_path: Path) -> None:
    path = take(tmp_path / "a.mid")
    before = path.read_bytes(), path.stat().st_mtime_ns
    build([path], tmp_path / "out")
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def test_progress_reaches_its_end(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    build(
        [take(tmp_path / "a.mid"), take(tmp_path / "b.mid")],
        tmp_path / "out",
        progress=lambda *what: told.append(what),
    )
    assert ("reading", 2, 2) in told
    assert ("embedding", 2, 2) in told
    what, done, total = told[-1]
    assert what == "comparing"
    assert done == total


def test_a_missing_source_stops_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(MidiFileError, match=r"nowhere\.mid"):
        build([take(tmp_path / "a.mid"), tmp_path / "nowhere.mid"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_nothing_to_build_from_is_said(tmp_path: Path) -> None:
    bad = tmp_path / "bad.mid"
    bad.write_bytes(b"no")
    with pytest.raises(CorpusError, match=str(bad)):
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
    report = build(
        [path, tmp_path / "in", tmp_path / "in" / ".." / "in" / "a.mid"], tmp_path / "out"
    )
    assert (len(report.tracks), report.segments) == (1, 4)


class CountingCache(Cache):
    """Remembers how often something had to be worked out."""

    misses = 0

    def get(self, key: str) -> bytes | None:
        found = super().get(key)
        self.misses += found is None
        return found


def test_one_more_file_costs_the_work_of_one(tmp_path: Path) -> None:
    cache = CountingCache(tmp_path / "cache")
    files = [take(tmp_path / f"{i}.mid", root=36 + i) for i in range(6)]
    build(files[:5], tmp_path / "out", cache=cache)
    assert cache.misses == 10  # each is imported, and embedded
    build(files, tmp_path / "out", cache=cache)
    assert cache.misses == 12
    build(files, tmp_path / "fresh" / "out")
    for file in (tmp_path / "out").iterdir():
        assert file.read_bytes() == (tmp_path / "fresh" / "out" / file.name).read_bytes()


def test_a_build_that_was_interrupted_goes_on(tmp_path: Path) -> None:
    files = [take(tmp_path / f"{i}.mid", root=36 + i) for i in range(6)]

    def interrupt(what: str, done: int, total: int) -> None:
        if (what, done) == ("reading", 4):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(files, tmp_path / "out", cache=Cache(tmp_path / "cache"), progress=interrupt)
    assert not (tmp_path / "out").exists()
    cache = CountingCache(tmp_path / "cache")
    build(files, tmp_path / "out", cache=cache)
    assert cache.misses == 2 + 6
    open_bundle(tmp_path / "out", verify=True)


def test_other_settings_are_other_work(tmp_path: Path) -> None:
    cache = CountingCache(tmp_path / "cache")
    path = take(tmp_path / "a.mid")
    build([path], tmp_path / "eight", cache=cache)
    build([path], tmp_path / "four", cache=cache, beats=4)
    assert len(open_bundle(tmp_path / "eight")) == 4
    assert len(open_bundle(tmp_path / "four")) == 8


def test_what_somebody_wrote_comes_before_what_is_heard(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    for name in ("a", "b", "c", "20240131-120-01"):
        take(folder / f"{name}.mid")
    (folder / "labels.csv").write_text("file,bpm,labels\na,60,slow\nb,100,\n")
    (folder / "corpus.toml").write_text(
        'name = "Evenings"\n[tracks.b]\ntempo = 240\nkey = "Eb minor"\n[tracks.c]\nskip = true\n'
    )
    report = build([folder], tmp_path / "out")
    told = {track.name: (track.bpm, track.bpm_source) for track in report.tracks}
    assert {name: source for name, (_, source) in told.items()} == {
        "a": LABELS, "b": TOML, "20240131-120-01": NAME,
    }  # fmt: skip
    assert [round(told[name][0]) for name in ("a", "b", "20240131-120-01")] == [60, 240, 120]
    assert any("c.mid" in line for line in report.left_out)
    bundle = open_bundle(tmp_path / "out", verify=True)
    assert bundle.name == "Evenings"
    rows = bundle.segments
    assert set(rows["labels"][rows["track"] == "a"].tolist()) == {"slow"}
    assert set(rows["key_tonic"][rows["track"] == "b"].tolist()) <= set(range(12))
    assert next(track.key for track in report.tracks if track.name == "b") == "Eb minor"


def test_a_name_that_no_file_has_is_reported(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    take(folder / "monday.mid")
    (folder / "labels.csv").write_text("file,bpm\nmonady,80\n")
    report = build([folder], tmp_path / "out")
    assert any("monady" in line for line in report.left_out)


def test_broken_labels_stop_the_build_by_name(tmp_path: Path) -> None:
    take(tmp_path / "in" / "a.mid")
    (tmp_path / "in" / "corpus.toml").write_text("tempo = 'fast'\n")
    with pytest.raises(CorpusError, match=r"corpus\.toml.*tempo"):
        build([tmp_path / "in"], tmp_path / "out")


def test_a_zip_is_a_folder(tmp_path: Path) -> None:
    plain = take(tmp_path / "in" / "day" / "a.mid")
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        archive.write(plain, "day/a.mid")
    build([tmp_path / "in"], tmp_path / "x" / "out")
    build([tmp_path / "in.zip"], tmp_path / "y" / "out")
    one, other = open_bundle(tmp_path / "x" / "out"), open_bundle(tmp_path / "y" / "out")
    assert one.notes.tolist() == other.notes.tolist()
    assert one.segments["labels"].tolist()[0] == "day"


def test_an_exported_bundle_is_imported_as_it_was(tmp_path: Path) -> None:
    build(demo.recordings()[:3], tmp_path / "out")
    bundle = open_bundle(tmp_path / "out")
    export_bundle(bundle, tmp_path / "cut")
    build([tmp_path / "cut"], tmp_path / "again")
    again = open_bundle(tmp_path / "again", verify=True)
    assert again.segments["track"].tolist() == bundle.segments["track"].tolist()
    assert len(again) == len(bundle)
    tick = 1 / 960
    for row in range(len(bundle)):
        before, after = bundle.phrase(row), again.phrase(row)
        kept = before.notes[before.notes["onset"] >= -0.125]
        assert kept["pitch"].tolist() == after.notes["pitch"].tolist()
        assert abs(kept["onset"] - after.notes["onset"]).max() <= tick
        assert abs(kept["duration"] - after.notes["duration"]).max() <= 2 * tick


def test_the_same_pre_cut_piece_in_two_keys_is_one(tmp_path: Path) -> None:
    build(demo.recordings()[:1], tmp_path / "out")
    first, *_ = export_bundle(open_bundle(tmp_path / "out"), tmp_path / "cut")
    import mido

    up = mido.MidiFile(first)
    for track in up.tracks:
        for message in track:
            if message.type in ("note_on", "note_off"):
                message.note += 3
    up.save(first.with_name(f"{first.stem}_t3s0.mid"))
    count = len(open_bundle(tmp_path / "out"))
    report = build([tmp_path / "cut"], tmp_path / "again")
    assert (report.segments, report.copies) == (count, 1)


def groove(path: Path, numerator: int, denominator: int, bars: int = 12) -> Path:
    """A bass line in a metre, an accent on each bar, one note an eighth, not quite in time."""
    import mido

    steps = numerator * 8 // denominator
    rng = np.random.default_rng(steps)
    metre = mido.MetaMessage("time_signature", numerator=numerator, denominator=denominator, time=0)
    tempo = mido.MetaMessage("set_tempo", tempo=437_137, time=0)
    track: list[Any] = []
    now = 0
    for step in range(bars * steps):
        place, pitch = step % steps, 36 + [0, 7, 4, 9, 5, 10, 12][step % steps % 7]
        start = max(now, step * 240 + int(rng.integers(-12, 13)))
        track += [on(pitch, start - now, velocity=110 if place == 0 else 70), off(pitch, 200)]
        now = start + 200
    path.parent.mkdir(parents=True, exist_ok=True)
    return midi_file(path, [[metre, tempo], track])


def assert_comes_back(tmp_path: Path, **settings: Any) -> set[float]:
    """What was built in tmp_path/out, exported and imported, is what it was; its lengths."""
    bundle = open_bundle(tmp_path / "out")
    export_bundle(bundle, tmp_path / "cut")
    build([tmp_path / "cut"], tmp_path / "again", **settings)
    again = open_bundle(tmp_path / "again", verify=True)
    for column in ("id", "track", "start_beat", "beats", "bar", "transposed", "rotated", "notes"):
        assert again.segments[column].tolist() == bundle.segments[column].tolist()
    assert np.allclose(again.segments["bpm"], bundle.segments["bpm"], rtol=1e-5)
    tick = 1 / 960 + 1e-9
    for row in range(len(bundle)):
        before, after = bundle.phrase(row), again.phrase(row)
        for name in ("pitch", "velocity"):
            assert before.notes[name].tolist() == after.notes[name].tolist()
        assert np.abs(before.notes["onset"] - after.notes["onset"]).max() <= tick
        assert np.abs(before.notes["duration"] - after.notes["duration"]).max() <= 2 * tick
        assert before.pedals[["control", "value"]].tolist() == (
            after.pedals[["control", "value"]].tolist()
        )
        assert np.allclose(before.pedals["beat"], after.pedals["beat"], rtol=0, atol=tick)
    return set(bundle.segments["beats"].tolist())


@pytest.mark.parametrize("cut", ["bars", "phrases"])
@pytest.mark.parametrize(
    ("beats", "lengths"),
    [
        (4, {4.0, 5.0, 6.0, 7.0, 4.5}),
        (8, {8.0, 6.0, 5.0, 7.0, 4.5}),
        (16, {16.0, 15.0, 14.0, 13.5}),
    ],
)
def test_exported_segments_of_any_length_and_metre_come_back(
    tmp_path: Path, beats: int, lengths: set[float], cut: str
) -> None:
    for numerator, denominator in ((4, 4), (3, 4), (5, 4), (7, 8), (9, 8)):
        groove(tmp_path / "in" / f"in {numerator}.mid", numerator, denominator)
    importing = ImportSettings(CutSettings(beats, cut=cut, min_loopability=0.0))
    build([tmp_path / "in"], tmp_path / "out", importing=importing)
    found = assert_comes_back(tmp_path)
    assert found == lengths if cut == "bars" else found & lengths


def test_nine_beats_in_three_four_come_back(tmp_path: Path) -> None:
    groove(tmp_path / "in" / "waltz.mid", 3, 4)
    build([tmp_path / "in"], tmp_path / "out", beats=9)
    assert assert_comes_back(tmp_path) == {9.0}


@pytest.mark.parametrize("lead_in", [0.0, 0.13, 0.5])
def test_a_segment_comes_back_with_the_lead_in_it_was_cut_with(
    tmp_path: Path, lead_in: float
) -> None:
    groove(tmp_path / "in" / "a.mid", 4, 4)
    importing = ImportSettings(CutSettings(lead_in=lead_in, min_loopability=0.0))
    build([tmp_path / "in"], tmp_path / "out", importing=importing)
    assert_comes_back(tmp_path, importing=importing)


def test_the_recordings_that_ship_come_back(tmp_path: Path) -> None:
    build(demo.recordings()[::4], tmp_path / "out", beats=4)
    assert_comes_back(tmp_path)


def pre_cut(path: Path, root: int, drums: int = 0, beats: float = 8.0) -> Path:
    """A file by the convention, with some drums that are left out."""
    import mido

    path.parent.mkdir(parents=True, exist_ok=True)
    write_phrase(path, phrase(root=root, beats=beats), path.stem, 1.0)
    midi = mido.MidiFile(path)
    beat = [message for _ in range(drums) for message in (on(40, 1, channel=9), off(40, 1, 9))]
    midi.tracks.append(mido.MidiTrack(beat))
    midi.save(path)
    return path


def test_a_track_in_pieces_is_told_of_as_one(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    pre_cut(folder / "song_0-4.mid", 36, drums=5)
    damaged = pre_cut(folder / "song_4-8.mid", 40, drums=5)
    damaged.write_bytes(damaged.read_bytes()[:-4])
    pre_cut(folder / "song_0-4_t02s00.mid", 47)  # other music than its name says
    (folder / "labels.csv").write_text("file,labels\nsong_0-4,calm\nsong_4-8,wild\n")
    report = build([folder], tmp_path / "out")
    bundle = open_bundle(tmp_path / "out", verify=True)
    song, other = report.tracks
    assert (song.name, song.segments) == ("song", 2)
    assert song.files == ("song_0-4.mid", "song_4-8.mid")
    assert (song.file, song.labels) == ("song_0-4.mid", ("calm", "wild"))
    drums = [out.count for out in song.left_out if out.reason == "drums"]
    assert drums == [10]
    assert song.repairs
    assert (other.name, other.file, other.segments) == (
        "song_0-4_t02s00",
        "song_0-4_t02s00.mid",
        1,
    )
    assert [track.name for track in report.tracks] == [
        *dict.fromkeys(bundle.segments["track"].tolist())
    ]
    assert [track["name"] for track in bundle.manifest["tracks"]] == ["song", "song_0-4_t02s00"]


def test_the_same_pre_cut_name_in_two_zips_is_the_same_track(tmp_path: Path) -> None:
    stem = "001_125.333-129.333"
    zips = []
    for number, root in enumerate((36, 36, 43)):
        file = pre_cut(tmp_path / str(number) / f"{stem}.mid", root)
        zips.append(tmp_path / f"{number}.zip")
        with zipfile.ZipFile(zips[-1], "w") as archive:
            archive.write(file, file.name)
    report = build(zips[:2], tmp_path / "same")
    assert [(track.name, track.segments) for track in report.tracks] == [("001", 1)]
    assert report.copies == 1
    assert len(report.tracks[0].files) == 2
    report = build(zips[1:], tmp_path / "other")
    assert [(track.name, track.segments) for track in report.tracks] == [
        ("001", 1),
        (f"{stem}-2", 1),
    ]
