import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.music import make_bundle, seal, segments

from corpus.errors import BundleError
from corpus.keeping.bundle import ARRAYS, check_embedder, open_bundle
from corpus.keeping.columns import COLUMNS, RANGES, TEXTS
from corpus.keeping.manifest import MANIFEST
from models.pitch_histogram import PitchHistogram


def test_there_and_back(tmp_path: Path) -> None:
    pieces = segments(9)
    bundle = make_bundle(tmp_path / "b", pieces)
    assert len(bundle) == 9
    for row, piece in enumerate(pieces):
        phrase = bundle.phrase(row)
        assert bundle.row(piece.id) == row
        assert phrase.notes.tolist() == piece.phrase.notes.tolist()
        assert phrase.pedals.tolist() == piece.phrase.pedals.tolist()
        assert (phrase.beats, phrase.bar, phrase.bpm) == (8.0, 4.0, 120.0)
    open_bundle(bundle.path, verify=True)


def test_any_numpy_user_can_read_it(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "b")
    for name in ARRAYS:
        array = np.load(bundle.path / f"{name}.npy", allow_pickle=False)
        assert len(array)
    assert np.load(bundle.path / "segments.npy").dtype.names == tuple(c[0] for c in COLUMNS)


def test_the_arrays_are_mapped_not_loaded(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "b")
    assert isinstance(bundle.notes, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        bundle.notes["pitch"][0] = 60


def test_the_same_pieces_give_the_same_bytes(tmp_path: Path) -> None:
    one, other = make_bundle(tmp_path / "x" / "b"), make_bundle(tmp_path / "y" / "b")
    for file in sorted(one.path.iterdir()):
        assert file.read_bytes() == (other.path / file.name).read_bytes()


@pytest.mark.parametrize("name", [f"{array}.npy" for array in ARRAYS])
@pytest.mark.parametrize("where", [0.02, 0.5, 0.99])
def test_a_flipped_bit_is_found(tmp_path: Path, name: str, where: float) -> None:
    path = make_bundle(tmp_path / "b").path / name
    body = bytearray(path.read_bytes())
    body[int(len(body) * where)] ^= 4
    path.write_bytes(body)
    with pytest.raises(BundleError, match="damaged") as caught:
        open_bundle(tmp_path / "b", verify=True)
    assert name in str(caught.value)


@pytest.mark.parametrize("name", [f"{array}.npy" for array in ARRAYS])
def test_a_missing_or_short_array_is_named_at_every_opening(tmp_path: Path, name: str) -> None:
    path = make_bundle(tmp_path / "b").path / name
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(BundleError, match=name):
        open_bundle(tmp_path / "b")
    path.unlink()
    with pytest.raises(BundleError, match=name):
        open_bundle(tmp_path / "b")


@pytest.mark.parametrize(
    ("array", "field", "value", "fault"),
    [
        ("notes", "pitch", 200, "pitch"),
        ("notes", "onset", np.nan, "onset"),
        ("notes", "velocity", 0, "velocity"),
        ("segments", "first_note", 10**9, "outside"),
        ("segments", "beats", 99, "beats"),
        ("notes", "onset", -1e9, "onset"),
        ("notes", "onset", -1.1, "onset"),
        ("notes", "duration", 1e300, "duration"),
        ("pedals", "beat", -1.0, "pedals"),
        ("pedals", "beat", 9.0, "pedals"),
        ("segments", "bpm", 0, "bpm"),
        ("segments", "id", "take0@8", "repeats"),
        ("segments", "id", "take0@4", "is not the id"),
        ("segments", "id", "", "is not the id"),
        ("segments", "track", "ta\ne0", "no text"),
        ("segments", "track", "take9", "is not the id"),
        ("segments", "labels", "\x1b", "no text"),
        ("segments", "start_beat", 1e300, "start_beat"),
        ("segments", "notes", 15, "first_note does not follow on"),
        ("segments", "first_note", 1, "first_note does not follow on"),
        ("segments", "first_pedal", 1, "first_pedal does not follow on"),
        ("segments", "chords", 7, "one chord a beat"),
        ("segments", "loopability", -5, "loopability must be 0..1"),
        ("segments", "key_tonic", 99, "key_tonic must be 0..11"),
        ("segments", "key_minor", 2, "key_minor"),
        ("segments", "key_confidence", 9, "key_confidence"),
        ("segments", "density", -1, "density must be 0 or more"),
        ("segments", "low", 128, "low"),
        ("segments", "feel", 3, "feel"),
        ("segments", "swing_ratio", 0, "swing_ratio"),
        ("neighbours", "segment", 999, "neighbours"),
        ("neighbours", "segment", 0, "neighbours"),
        ("neighbours", "segment", -1, "neighbours"),
        ("neighbours", "transpose", 100, "neighbours"),
        ("neighbours", "transpose", -6, "neighbours"),
        ("neighbours", "rotate", 8, "neighbours"),
        ("neighbours", "similarity", 5, "neighbours"),
        ("neighbours", "similarity", np.nan, "neighbours"),
        ("embeddings", None, 0.5, "unit length"),
    ],
)
def test_a_bundle_that_lies_with_good_hashes_is_refused(
    tmp_path: Path, array: str, field: str | None, value: object, fault: str
) -> None:
    path = make_bundle(tmp_path / "b").path
    values = np.load(path / f"{array}.npy")
    if field == "labels":
        values = values.astype(
            [(n, values.dtype[n] if n != field else "<U9") for n in values.dtype.names]
        )
    if field is None:
        values[0] = value
    else:
        values[field].flat[0] = value
    np.save(path / f"{array}.npy", values)
    seal(path)
    with pytest.raises(BundleError, match=fault):
        open_bundle(path, verify=True)


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"format": 99}', '{"format": 1}', "\x00"])
def test_a_bad_manifest_is_one_line(tmp_path: Path, body: str) -> None:
    path = make_bundle(tmp_path / "b").path
    (path / MANIFEST).write_text(body)
    with pytest.raises(BundleError) as caught:
        open_bundle(path)
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_no_bundle_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(BundleError, match="not a bundle"):
        make_bundle(tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.txt").exists()


def test_an_older_bundle_is_replaced_whole(tmp_path: Path) -> None:
    make_bundle(tmp_path / "b", segments(4))
    assert len(make_bundle(tmp_path / "b", segments(8))) == 8
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_an_unknown_segment_is_named(bundle) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(BundleError, match="nobody@4"):
        bundle.row("nobody@4")


@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_of_another_shape_is_named(tmp_path: Path, name: str) -> None:
    path = make_bundle(tmp_path / "b").path / f"{name}.npy"
    np.save(path, np.load(path).reshape(-1)[:1].reshape(()))
    with pytest.raises(BundleError, match="shape"):
        open_bundle(tmp_path / "b")


def manifest_of(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((path / MANIFEST).read_text())
    return found


@pytest.mark.parametrize(
    "change",
    [
        lambda said: said["tracks"][0].update(bpm=99.5),
        lambda said: said.update(trackt=said["tracks"]),
        lambda said: said.update(beats=16),
        lambda said: said["embedder"].update(sha256="0" * 64),
        lambda said: said.pop("lead_in"),
        lambda said: said.update(copies=1),
        lambda said: said.update(manifest_sha256="0" * 64),
        lambda said: said.pop("manifest_sha256"),
    ],
)
def test_a_changed_manifest_is_found(
    tmp_path: Path, change: Callable[[dict[str, Any]], object]
) -> None:
    path = make_bundle(tmp_path / "b").path
    said = manifest_of(path)
    (path / MANIFEST).write_text(json.dumps(said))  # the same, written otherwise
    open_bundle(path, verify=True)
    change(said)
    (path / MANIFEST).write_text(json.dumps(said))
    with pytest.raises(BundleError, match="is not what it was"):
        open_bundle(path, verify=True)


@pytest.mark.parametrize("bit", [0, 3, 5])
def test_a_bit_flipped_anywhere_in_the_manifest_is_found(tmp_path: Path, bit: int) -> None:
    path = make_bundle(tmp_path / "b", segments(2)).path
    body = (path / MANIFEST).read_bytes()
    for place in range(len(body)):
        changed = bytearray(body)
        changed[place] ^= 1 << bit
        (path / MANIFEST).write_bytes(changed)
        with pytest.raises(BundleError):
            open_bundle(path, verify=True)


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("tracks",), None),
        (("tracks",), {}),
        (("left_out",), None),
        (("copies",), -1),
        (("neighbours",), None),
        (("neighbours", "k"), "many"),
        (("embedder", "sha256"), 5),
        (("embedder", "dimension"), None),
        (("tracks", 0), "take0"),
        (("tracks", 0, "bpm"), "x"),
        (("tracks", 0, "bpm"), 10**400),
        (("tracks", 0, "bpm_confidence"), float("nan")),
        (("tracks", 0, "name"), "ta\nke"),
        (("tracks", 0, "repairs"), [1]),
        (("tracks", 0, "segments"), True),
        (("tracks", 0, "left_out"), [{"count": 1}]),
        (("tracks", 0, "left_out"), [7]),
    ],
)
def test_a_manifest_that_makes_no_sense_is_named_at_every_opening(
    tmp_path: Path, where: tuple[Any, ...], value: object
) -> None:
    path = make_bundle(tmp_path / "b").path
    said = manifest_of(path)
    inside: Any = said
    for step in where[:-1]:
        inside = inside[step]
    inside[where[-1]] = value
    seal(path, said)
    with pytest.raises(BundleError, match=r"manifest\.json: ") as caught:
        open_bundle(path)
    assert str(where[-1]) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        lambda tracks: tracks.pop(),
        lambda tracks: tracks.append(tracks[0]),
        lambda tracks: tracks[1].update(name="somebody else"),
        lambda tracks: tracks[1].update(segments=3),
    ],
)
def test_the_manifest_and_the_segments_tell_of_the_same_tracks(
    tmp_path: Path, change: Callable[[list[Any]], object]
) -> None:
    path = make_bundle(tmp_path / "b").path
    said = manifest_of(path)
    change(said["tracks"])
    seal(path, said)
    with pytest.raises(BundleError, match="other tracks"):
        open_bundle(path, verify=True)


def test_a_neighbour_that_is_there_twice_is_found(tmp_path: Path) -> None:
    path = make_bundle(tmp_path / "b").path
    table = np.load(path / "neighbours.npy")
    table["segment"][3, 5] = table["segment"][3, 4]
    np.save(path / "neighbours.npy", table)
    seal(path)
    with pytest.raises(BundleError, match="neighbours"):
        open_bundle(path, verify=True)
    with pytest.raises(BundleError, match="neighbours"):
        open_bundle(path).nearest(3)
    assert len(open_bundle(path).nearest(2)) == 11


@pytest.mark.parametrize("name", ["embeddings", "neighbours"])
@pytest.mark.parametrize("width", [0, 5, 80])
def test_a_table_of_another_width_is_named(tmp_path: Path, name: str, width: int) -> None:
    path = make_bundle(tmp_path / "b").path
    table = np.load(path / f"{name}.npy")
    np.save(path / f"{name}.npy", np.resize(table, (len(table), width)))
    seal(path)
    with pytest.raises(BundleError, match=f"{name}.npy: {width} "):
        open_bundle(path)


def test_one_segment_has_no_neighbours(tmp_path: Path) -> None:
    path = make_bundle(tmp_path / "b", segments(1)).path
    assert open_bundle(path, verify=True).neighbours.shape == (1, 0)


@pytest.mark.parametrize("name", ["thesis.txt", "extra.npy", ".hidden"])
def test_a_file_that_is_none_of_a_bundles_is_found_and_kept(tmp_path: Path, name: str) -> None:
    path = make_bundle(tmp_path / "b").path
    (path / name).write_text("years of work")
    with pytest.raises(BundleError, match=f"{name}.* no part of a bundle"):
        open_bundle(path, verify=True)
    with pytest.raises(BundleError, match=f"{name}.* no part of a bundle"):
        make_bundle(path)
    assert (path / name).read_text() == "years of work"


@pytest.mark.parametrize(
    "body",
    [
        '{"my": "app"}',
        "[]",
        "not json",
        '{"format": "2", "embedder": {}, "files": {}}',
        '{"format": 2, "embedder": {}}',
        '{"format": 2, "embedder": {}, "files": {"keep.txt": ""}}',
        "[" * 100_000,
    ],
)
def test_a_folder_with_another_manifest_is_never_replaced(tmp_path: Path, body: str) -> None:
    (tmp_path / "e").mkdir()
    (tmp_path / "e" / MANIFEST).write_text(body)
    (tmp_path / "e" / "keep.txt").write_text("years of work")
    with pytest.raises(BundleError, match=r"bundle.* another --out"):
        make_bundle(tmp_path / "e")
    assert (tmp_path / "e" / "keep.txt").exists()
    assert (tmp_path / "e" / MANIFEST).read_text() == body


def test_a_bundle_of_an_older_format_is_replaced(tmp_path: Path) -> None:
    path = make_bundle(tmp_path / "b").path
    said = manifest_of(path) | {"format": 1}
    (path / "extra.npy").write_bytes(b"of that format")
    said["files"]["extra.npy"] = ""
    (path / MANIFEST).write_text(json.dumps(said))
    assert len(make_bundle(path, segments(4))) == 4
    assert not (path / "extra.npy").exists()


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in (
        tmp_path / "file" / "b",
        tmp_path / "file" / "deep" / "b",
        tmp_path / ("x" * 253),
    ):
        with pytest.raises(BundleError, match="another --out"):
            make_bundle(place)


def test_vectors_of_another_embedder_are_not_compared(tmp_path: Path) -> None:
    path = make_bundle(tmp_path / "b").path
    check_embedder(open_bundle(path), PitchHistogram())
    said = manifest_of(path)
    said["embedder"]["sha256"] = "0" * 64
    seal(path, said)
    with pytest.raises(BundleError, match="another version of pitch-histogram"):
        check_embedder(open_bundle(path, verify=True), PitchHistogram())
    bundle = make_bundle(tmp_path / "c")
    narrow = replace(bundle, embeddings=bundle.embeddings[:, 1:])
    with pytest.raises(BundleError, match="numbers a segment"):
        check_embedder(narrow, PitchHistogram())


def test_every_number_has_its_range() -> None:
    without = {"first_note", "first_pedal", "first_chord"}
    without |= {"bass_notes", "chord_notes", "melody_notes"}  # whatever fits
    assert {*RANGES} == {name for name, *_ in COLUMNS} - {*TEXTS} - without


@pytest.mark.parametrize("inside", ["x", "x/y"])
def test_a_bundle_is_not_put_into_another(tmp_path: Path, inside: str) -> None:
    outer = make_bundle(tmp_path / "outer")
    with pytest.raises(BundleError, match=r"inside of the bundle .*outer; choose another --out"):
        make_bundle(outer.path / inside)
    assert open_bundle(outer.path, verify=True).sha256 == outer.sha256
