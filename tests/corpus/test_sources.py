import io
import os
import pickle
import stat
import struct
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from appliance.bench.fuzz.damage import mutations
from corpus.errors import CorpusError, MidiFileError
from corpus.reading.archive import Packed
from corpus.reading.limits import Limits
from corpus.reading.sources import SIDECARS, Found, find_sources

MIDI = b"MThd\x00\x00\x00\x06\x00\x01\x00\x00\x01\xe0"


def write(path: Path, data: bytes = MIDI) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def zipped(path: Path, names: list[str], data: bytes = MIDI, packed: bool = True) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as file:
        for name in names:
            file.writestr(name, data + name.encode())
    return path


def shown(found: Found, root: Path) -> list[str]:
    return [source.shown.removeprefix(f"{root}/") for source in found.sources]


def reasons(found: Found, root: Path) -> dict[str, str]:
    return {item.file.removeprefix(f"{root}/"): item.reason for item in found.left_out}


def test_a_folder_is_searched_in_order(tmp_path: Path) -> None:
    for name in ("b.mid", "a.MIDI", "sub/c.kar", "sub/deep/d.SMF", "notes.txt", ".hidden.mid"):
        write(tmp_path / name)
    write(tmp_path / ".git/x.mid")
    found = find_sources([tmp_path])
    assert shown(found, tmp_path) == ["a.MIDI", "b.mid", "sub/c.kar", "sub/deep/d.SMF"]
    assert [source.folder for source in found.sources] == ["", "", "sub", "sub/deep"]
    assert [source.stem for source in found.sources] == ["a", "b", "c", "d"]
    assert found.left_out == ()


def test_each_file_once_however_it_is_named(tmp_path: Path) -> None:
    file = write(tmp_path / "a/x.mid")
    (tmp_path / "a/y.mid").symlink_to(file)
    archive = zipped(tmp_path / "z.zip", ["q.mid"])
    paths = [file, tmp_path / "a", tmp_path, archive, tmp_path / "a/../a/x.mid"]
    assert shown(find_sources(paths), tmp_path) == ["a/x.mid", "z.zip: q.mid"]


def test_track_names_are_unique(tmp_path: Path) -> None:
    for name in ("a/x.mid", "b/x.mid", "b/x.midi", "y.mid", "b-x.mid"):
        write(tmp_path / name)
    tracks = [source.track for source in find_sources([tmp_path]).sources]
    assert tracks == ["b-x", "y", "a-x", "b-x-2", "b-x-3"]


def test_a_named_file_may_have_any_name(tmp_path: Path) -> None:
    midi, other = write(tmp_path / "take"), write(tmp_path / "text", b"hello")
    found = find_sources([midi, other])
    assert shown(found, tmp_path) == ["take"]
    assert list(reasons(found, tmp_path)) == ["text"]


@pytest.mark.parametrize("packed", [True, False])
def test_a_zip_is_read_in_place(tmp_path: Path, packed: bool) -> None:
    archive = zipped(tmp_path / "in/takes.zip", ["b.mid", "a/c.mid", "readme.txt"], packed=packed)
    before = sorted(tmp_path.rglob("*"))
    found = find_sources([tmp_path])
    assert shown(found, tmp_path) == ["in/takes.zip: a/c.mid", "in/takes.zip: b.mid"]
    assert [source.folder for source in found.sources] == ["in/a", "in"]
    assert [source.read() for source in found.sources] == [MIDI + b"a/c.mid", MIDI + b"b.mid"]
    assert [source.folder for source in find_sources([archive]).sources] == ["a", ""]
    assert sorted(tmp_path.rglob("*")) == before


def test_sources_travel_to_other_processes(tmp_path: Path) -> None:
    zipped(tmp_path / "takes.zip", ["a/c.mid", "corpus.toml"])
    source = find_sources([tmp_path]).sources[0]
    again = pickle.loads(pickle.dumps(source))
    assert again == source
    assert again.read() == MIDI + b"a/c.mid"
    assert again.beside("corpus.toml") == MIDI + b"corpus.toml"


def test_side_files_are_the_nearest_around(tmp_path: Path) -> None:
    write(tmp_path / "up/corpus.toml", b"top")
    write(tmp_path / "up/a/corpus.toml", b"a")
    write(tmp_path / "up/a/b/labels.csv", b"csv")
    for name in ("x.mid", "a/y.mid", "a/b/z.mid"):
        write(tmp_path / "up" / name)
    zipped(tmp_path / "up/a/t.zip", ["1.mid", "in/2.mid", "in/corpus.toml"])
    write(tmp_path / "labels.csv", b"outside")
    sources = find_sources([tmp_path / "up"]).sources
    beside = {s.stem: (s.beside("corpus.toml"), s.beside("labels.csv")) for s in sources}
    assert beside == {
        "x": (b"top", None),
        "y": (b"a", None),
        "z": (b"a", b"csv"),
        "1": (b"a", None),
        "2": (MIDI + b"in/corpus.toml", None),
    }
    shown = {s.stem: [s.shown_beside(name) for name in SIDECARS] for s in sources}
    up = tmp_path / "up"
    assert shown == {
        "x": [f"{up}/corpus.toml", ""],
        "y": [f"{up}/a/corpus.toml", ""],
        "z": [f"{up}/a/corpus.toml", f"{up}/a/b/labels.csv"],
        "1": [f"{up}/a/corpus.toml", ""],
        "2": [f"{up}/a/t.zip: in/corpus.toml", ""],
    }
    alone = find_sources([tmp_path / "up/a/y.mid"]).sources[0]
    assert alone.beside("corpus.toml") == b"a"


def test_a_side_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    write(tmp_path / "a/b/x.mid")
    write(tmp_path / "a/labels.csv", bytes(100))
    source = find_sources([tmp_path], Limits(sidecar_bytes=50)).sources[0]
    with pytest.raises(CorpusError) as caught:
        source.beside("labels.csv")
    assert str(caught.value).startswith(f"{tmp_path}/a/labels.csv: larger than 50 bytes")
    path = zipped(tmp_path / "y.zip", ["a/x.mid", "labels.csv"], bytes(100))
    source = find_sources([path], Limits(sidecar_bytes=50)).sources[0]
    with pytest.raises(CorpusError) as caught:
        source.beside("labels.csv")
    assert str(caught.value).startswith(f"{path}: labels.csv: larger than 50 bytes")


def entry(name: str, mode: int = 0o644) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_what_a_zip_may_not_hold_is_named(tmp_path: Path) -> None:
    path = tmp_path / "evil.zip"
    with zipfile.ZipFile(path, "w") as file:
        for name in ("/etc/x.mid", "../x.mid", "a/../../x.mid", "C:/x.mid", "..\\y.mid"):
            file.writestr(entry(name), MIDI)
        file.writestr(entry("link.mid", stat.S_IFLNK | 0o777), "/etc/passwd")
        file.writestr(entry("bomb.mid"), bytes(5_000_000))
        file.writestr(entry("deep/" * 20 + "x.mid"), MIDI)
        file.writestr(entry("inner.zip"), MIDI)
        file.writestr(entry("twice.mid"), MIDI)
        file.writestr(entry("twice.mid"), MIDI)
        file.writestr("odd.mid", MIDI, compress_type=zipfile.ZIP_LZMA)
        file.writestr(entry("__MACOSX/._x.mid"), MIDI)
        file.writestr(entry("a/.x.mid"), MIDI)
        file.writestr(entry("a/ok.mid"), MIDI)
    found = find_sources([path])
    assert [source.stem for source in found.sources] == ["ok", "twice"]
    said = {item.file.removeprefix(f"{path}: "): item.reason for item in found.left_out}
    leads_out = "its path leads out of the zip"
    assert said == {
        "/etc/x.mid": leads_out,
        "../x.mid": leads_out,
        "a/../../x.mid": leads_out,
        "C:/x.mid": leads_out,
        "../y.mid": leads_out,
        "link.mid": "a link; zip the file itself",
        "bomb.mid": "packed more than 200 times; it looks like a zip bomb",
        "deep/" * 20 + "x.mid": "more than 16 folders deep",
        "inner.zip": "a zip inside a zip; unpack it first",
        "twice.mid": "its name occurs twice in the zip",
        "odd.mid": "packed in an unusual way; zip it again",
    }


def test_encrypted_members_are_named(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", ["a.mid", "b.mid"])
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1
    path.write_bytes(data)
    found = find_sources([path])
    assert [source.stem for source in found.sources] == ["b"]
    assert found.left_out[0].reason == "encrypted; zip it without a password"


def test_names_in_odd_encodings(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("\u00dcbung.mid", MIDI)
        file.writestr("line\nbreak.mid", MIDI)
    data = path.read_bytes().replace(b"\x00\x08\x00\x00", b"\x00\x00\x00\x00")  # no UTF-8 flag
    path.write_bytes(data)
    sources = find_sources([path]).sources
    assert sorted(source.stem for source in sources) == ["line\ufffdbreak", "\u00dcbung"]
    odd = write(tmp_path / "folder" / os.fsdecode(b"caf\xe9.mid"))
    source = find_sources([odd.parent]).sources[0]
    assert source.track == "caf\ufffd"
    assert source.read() == MIDI


def test_a_wrong_checksum_is_found_when_it_is_read(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", ["a.mid"], packed=False)
    path.write_bytes(path.read_bytes().replace(MIDI, MIDI[:-1] + b"\xe1"))
    source = find_sources([path]).sources[0]
    with pytest.raises(MidiFileError, match=r"x\.zip: a\.mid: damaged in its zip"):
        source.read()


def test_a_zip_that_lies_about_sizes_gives_no_more_than_it_says(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", ["a.mid"], data=bytes(1_000_000))
    source = find_sources([path], Limits(zip_ratio=1e9)).sources[0]
    assert isinstance(source.data, Packed)
    liar = replace(source, data=replace(source.data, unpacked=1000))
    with pytest.raises(MidiFileError, match="damaged"):
        liar.read()


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(zip_bytes=10), "larger than 10 bytes; split it"),
        (Limits(zip_files=2), "more than 2 files in it; split it"),
    ],
)
def test_a_zip_beyond_the_limits_is_left_whole(tmp_path: Path, limits: Limits, reason: str) -> None:
    zipped(tmp_path / "x.zip", ["a.mid", "b.mid", "c.mid"])
    write(tmp_path / "y.mid")
    found = find_sources([tmp_path], limits)
    assert shown(found, tmp_path) == ["y.mid"]
    assert reasons(found, tmp_path) == {"x.zip": reason}


def test_limits_within_a_zip(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", ["a.mid", "b.mid", "c.mid"])
    found = find_sources([path], Limits(zip_unpacked=40))
    assert [source.stem for source in found.sources] == ["a", "b"]
    assert "unpacks to more than 40 bytes" in found.left_out[0].reason
    with pytest.raises(MidiFileError, match="larger than 5 bytes"):
        find_sources([path], Limits(midi_bytes=5))


def test_a_directory_that_claims_a_million_entries_is_not_parsed(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", ["a.mid"])
    data = path.read_bytes()
    at = data.rindex(b"PK\x05\x06")
    path.write_bytes(data[: at + 10] + struct.pack("<H", 65_535) + data[at + 12 :])
    with pytest.raises(CorpusError, match="more than 20000 files"):
        find_sources([path])


@pytest.mark.parametrize("name", ["pipe", "pipe.mid", "pipe.zip"])
def test_what_is_no_file_is_named_and_not_waited_for(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    for path in (tmp_path / name, Path("/dev/null")):
        with pytest.raises(MidiFileError, match="a pipe, socket or device, not a file; give MIDI"):
            find_sources([path])


def test_what_is_no_file_in_a_folder_is_left_out_and_told_of(tmp_path: Path) -> None:
    write(tmp_path / "x.mid")
    for name in ("a.mid", "b.zip", "corpus.toml", "other"):
        os.mkfifo(tmp_path / name)
    (tmp_path / "c.mid").symlink_to("nowhere")
    found = find_sources([tmp_path])
    assert shown(found, tmp_path) == ["x.mid"]
    assert found.sources[0].beside("corpus.toml") is None
    told = {name: reason.split(";")[0] for name, reason in reasons(found, tmp_path).items()}
    pipe = "a pipe, socket or device, not a file"
    assert told == dict.fromkeys(("a.mid", "b.zip", "corpus.toml"), pipe) | {
        "c.mid": "a link that leads nowhere"
    }


def test_links_that_leave_the_folder_are_not_followed(tmp_path: Path) -> None:
    outside = write(tmp_path / "outside/secret.mid")
    inside = write(tmp_path / "in/x.mid")
    (tmp_path / "in/out.mid").symlink_to(outside)
    (tmp_path / "in/folder").symlink_to(outside.parent)
    (tmp_path / "in/loop").symlink_to(tmp_path / "in")
    (tmp_path / "in/broken.mid").symlink_to(tmp_path / "in/nowhere.mid")
    found = find_sources([inside.parent])
    assert shown(found, tmp_path) == ["in/x.mid"]
    assert reasons(found, tmp_path) == {
        "in/out.mid": "a link that leads out of the folder; copy the file there",
        "in/broken.mid": "a link that leads nowhere; remove it",
    }


def test_folders_too_deep_and_too_full_are_named(tmp_path: Path) -> None:
    write(tmp_path / "a/b/c/x.mid")
    write(tmp_path / "y.mid")
    found = find_sources([tmp_path], Limits(folder_depth=2))
    assert shown(found, tmp_path) == ["y.mid"]
    assert reasons(found, tmp_path) == {"a/b": "folders inside it are more than 2 deep"}
    for number in range(5):
        write(tmp_path / f"{number}.mid")
    few = find_sources([tmp_path], Limits(folder_files=3))
    assert shown(few, tmp_path) == ["0.mid", "1.mid", "2.mid"]
    assert "more than 3 files" in few.left_out[0].reason


@pytest.mark.parametrize("name", ["nowhere", "empty", "text.zip"])
def test_nothing_to_read_is_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    write(tmp_path / "text.zip", b"this is no zip")
    with pytest.raises(CorpusError) as caught:
        find_sources([tmp_path / name])
    assert str(caught.value).startswith(str(tmp_path / name))
    assert "\n" not in str(caught.value)


def test_damaged_zips_are_read_or_refused(tmp_path: Path) -> None:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as file:
        for name in ("a.mid", "b/c.mid", "corpus.toml"):
            file.writestr(name, MIDI * 3)
    path = tmp_path / "x.zip"
    read = 0
    refusals: list[str] = []
    for mutant in mutations(whole.getvalue(), 400, np.random.default_rng(5)):
        path.write_bytes(mutant)
        try:
            for source in find_sources([path]).sources:
                source.beside("corpus.toml")
                assert source.read() == MIDI * 3
                read += 1
        except CorpusError as error:
            refusals.append(str(error))
    assert read > 50
    assert len(refusals) > 50
    assert not any("\n" in line for line in refusals)
