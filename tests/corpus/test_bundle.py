import json
from pathlib import Path

import numpy as np
import pytest
from support.music import make_bundle, segments

from corpus.bundle import ARRAYS, MANIFEST, open_bundle
from corpus.columns import COLUMNS
from corpus.errors import BundleError


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


def rehash(path: Path) -> None:
    """What somebody does who changes a bundle on purpose."""
    from corpus.bundle import _sha256

    manifest = json.loads((path / MANIFEST).read_text())
    manifest["files"] = {f"{name}.npy": _sha256(path / f"{name}.npy") for name in ARRAYS}
    (path / MANIFEST).write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("array", "field", "value", "fault"),
    [
        ("notes", "pitch", 200, "pitch"),
        ("notes", "onset", np.nan, "onset"),
        ("notes", "velocity", 0, "velocity"),
        ("segments", "first_note", 10**9, "outside"),
        ("segments", "beats", 99, "beats"),
        ("segments", "bpm", 0, "bpm"),
        ("segments", "id", "take0@8", "repeats"),
        ("neighbours", "segment", 999, "neighbours"),
        ("neighbours", "similarity", np.nan, "neighbours"),
        ("embeddings", None, 0.5, "unit length"),
    ],
)
def test_a_bundle_that_lies_with_good_hashes_is_refused(
    tmp_path: Path, array: str, field: str | None, value: object, fault: str
) -> None:
    path = make_bundle(tmp_path / "b").path
    values = np.load(path / f"{array}.npy")
    if field is None:
        values[0] = value
    else:
        values[field].flat[0] = value
    np.save(path / f"{array}.npy", values)
    rehash(path)
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
