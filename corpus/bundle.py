"""The bundle: a corpus made ready, as plain .npy files beside a manifest.

Any numpy user can read one (see corpus/README.md). It is written to a folder beside its place and
renamed, so that a bundle is either whole or absent.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpus.errors import BundleError
from corpus.neighbours import NEIGHBOUR, Neighbours
from corpus.segment import MAX_BEATS, Segment
from models.embedder import Vectors
from models.errors import ModelError
from models.notes import NOTE, PEDAL, Phrase, check_notes

FORMAT = 1
ARRAYS = ("segments", "notes", "pedals", "embeddings", "neighbours")
MANIFEST = "manifest.json"

COLUMNS: tuple[tuple[str, str, str], ...] = (
    ("id", "<U1", "TRACK@BEAT, unique in the bundle"),
    ("track", "<U1", "the recording it was cut from"),
    ("start_beat", "<f8", "where it begins in the recording, beats"),
    ("beats", "<f8", "length, beats"),
    ("bar", "<f8", "bar length, beats"),
    ("bpm", "<f8", "mean tempo it was played at"),
    ("first_note", "<i8", "its first row in notes"),
    ("notes", "<i4", "how many notes"),
    ("first_pedal", "<i8", "its first row in pedals"),
    ("pedals", "<i4", "how many pedal events"),
    ("low", "u1", "lowest pitch, MIDI number"),
    ("high", "u1", "highest pitch, MIDI number"),
    ("mean_pitch", "<f4", "mean pitch, MIDI number"),
    ("mean_velocity", "<f4", "mean velocity, 1..127"),
    ("density", "<f4", "notes a beat"),
)
"""The columns of `segments`: name, type (texts are as long as they need to be), meaning."""


@dataclass(frozen=True, eq=False)
class Bundle:
    """An open bundle; its arrays are memory-mapped and read-only."""

    path: Path
    manifest: Mapping[str, Any]
    sha256: str
    segments: NDArray[Any]
    notes: NDArray[Any]
    pedals: NDArray[Any]
    embeddings: NDArray[np.float16]
    neighbours: Neighbours

    @property
    def name(self) -> str:
        return str(self.manifest["name"])

    @property
    def embedder(self) -> str:
        return str(self.manifest["embedder"]["name"])

    def __len__(self) -> int:
        return len(self.segments)

    def phrase(self, row: int) -> Phrase:
        segment = self.segments[row]
        first, count = int(segment["first_note"]), int(segment["notes"])
        notes = np.array(self.notes[first : first + count])
        first, count = int(segment["first_pedal"]), int(segment["pedals"])
        pedals = np.array(self.pedals[first : first + count])
        beats, bpm, bar = (float(segment[field]) for field in ("beats", "bpm", "bar"))
        return Phrase(notes, pedals, beats, bpm, bar)

    def row(self, segment_id: str) -> int:
        """The row of a segment by its id; BundleError when there is none."""
        found = np.flatnonzero(self.segments["id"] == segment_id)
        if len(found) == 0:
            raise BundleError(
                f"{self.path}: no segment {segment_id!r}; ids look like {self.segments['id'][0]}"
            )
        return int(found[0])


def write_bundle(
    out: Path,
    segments: Sequence[Segment],
    vectors: Vectors,
    neighbours: Neighbours,
    embedder: Mapping[str, Any],
    settings: Mapping[str, Any],
) -> None:
    """Write all of it or nothing; an older bundle at `out` is replaced, anything else is not."""
    check_replaceable(out)
    arrays = _arrays(segments, vectors, neighbours)
    out.parent.mkdir(parents=True, exist_ok=True)
    new = out.with_name(f".{out.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    for name, array in arrays.items():
        with (new / f"{name}.npy").open("wb") as file:
            np.save(file, array, allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
    manifest = {
        "format": FORMAT,
        "name": out.name,
        "embedder": dict(embedder),
        **settings,
        "counts": {name: len(array) for name, array in arrays.items()},
        "tracks": sorted({segment.track for segment in segments}),
        "files": {f"{name}.npy": _sha256(new / f"{name}.npy") for name in ARRAYS},
    }
    with (new / MANIFEST).open("w", encoding="utf-8") as text:
        json.dump(manifest, text, indent=1, ensure_ascii=False)
        text.write("\n")
        text.flush()
        os.fsync(text.fileno())
    _replace(out, new)


def open_bundle(path: Path, verify: bool = False) -> Bundle:
    """Open a bundle by memory map; with `verify`, every hash and every value is checked first."""
    manifest_path = path / MANIFEST
    if not manifest_path.is_file():
        raise BundleError(f"{path}: not a bundle (no {MANIFEST}); make one with 'corpus build'")
    raw = manifest_path.read_bytes()
    manifest = _read_manifest(path, raw)
    if verify:
        _check_hashes(path, manifest)
    arrays = {name: _load(path / f"{name}.npy") for name in ARRAYS}
    bundle = Bundle(path, manifest, hashlib.sha256(raw).hexdigest(), **arrays)
    _check_shapes(bundle)
    if verify:
        _check_values(bundle)
    return bundle


def check_replaceable(out: Path) -> None:
    """Raise BundleError unless `out` is free, empty or an older bundle."""
    if out.is_dir() and (not any(out.iterdir()) or (out / MANIFEST).is_file()):
        return
    if out.exists() or out.is_symlink():
        raise BundleError(f"{out}: exists and is not a bundle; choose another --out")


def _arrays(
    segments: Sequence[Segment], vectors: Vectors, neighbours: Neighbours
) -> dict[str, NDArray[Any]]:
    phrases = [segment.phrase for segment in segments]
    return {
        "segments": _segment_table(segments),
        "notes": np.concatenate([phrase.notes for phrase in phrases]),
        "pedals": np.concatenate([phrase.pedals for phrase in phrases]),
        "embeddings": vectors.astype(np.float16),
        "neighbours": neighbours,
    }


def _segment_table(segments: Sequence[Segment]) -> NDArray[Any]:
    texts = {
        "id": max(len(segment.id) for segment in segments),
        "track": max(len(segment.track) for segment in segments),
    }
    dtype = np.dtype([(n, f"<U{texts[n]}" if n in texts else t) for n, t, _ in COLUMNS])
    table = np.zeros(len(segments), dtype)
    first_note = first_pedal = 0
    for row, segment in zip(table, segments, strict=True):
        phrase = segment.phrase
        pitch = phrase.notes["pitch"]
        row["id"], row["track"], row["start_beat"] = segment.id, segment.track, segment.start_beat
        row["beats"], row["bar"], row["bpm"] = phrase.beats, phrase.bar, phrase.bpm
        row["first_note"], row["notes"] = first_note, len(phrase.notes)
        row["first_pedal"], row["pedals"] = first_pedal, len(phrase.pedals)
        row["low"], row["high"], row["mean_pitch"] = pitch.min(), pitch.max(), pitch.mean()
        row["mean_velocity"] = phrase.notes["velocity"].mean()
        row["density"] = len(phrase.notes) / phrase.beats
        first_note += len(phrase.notes)
        first_pedal += len(phrase.pedals)
    return table


def _read_manifest(path: Path, raw: bytes) -> Mapping[str, Any]:
    try:
        manifest = json.loads(raw)
    except ValueError as error:
        raise _damaged(path, f"{MANIFEST} is not JSON") from error
    if not isinstance(manifest, dict) or "format" not in manifest:
        raise _damaged(path, f"{MANIFEST} names no format")
    if manifest["format"] != FORMAT:
        raise BundleError(
            f"{path}: bundle format {manifest['format']!r}, this version reads {FORMAT};"
            " build it again from the recordings"
        )
    embedder = manifest.get("embedder")
    if not (
        isinstance(manifest.get("name"), str)
        and isinstance(manifest.get("files"), dict)
        and isinstance(embedder, dict)
        and isinstance(embedder.get("name"), str)
    ):
        raise _damaged(path, f"{MANIFEST} lacks name, files or embedder")
    return manifest


def _check_hashes(path: Path, manifest: Mapping[str, Any]) -> None:
    for name in ARRAYS:
        file = path / f"{name}.npy"
        if not file.is_file():
            raise _damaged(path, f"{file.name} is missing")
        if _sha256(file) != manifest["files"].get(file.name):
            raise _damaged(path, f"{file.name} is not what it was when the bundle was written")


def _load(file: Path) -> NDArray[Any]:
    try:
        array: NDArray[Any] = np.load(file, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError, SyntaxError) as error:
        raise _damaged(file.parent, f"{file.name} cannot be read") from error
    return array


def _check_shapes(bundle: Bundle) -> None:
    """Rows match rows and names match columns; cheap enough for every opening."""
    for name in ARRAYS:
        wanted = 2 if name in ("embeddings", "neighbours") else 1
        if getattr(bundle, name).ndim != wanted:
            raise _damaged(bundle.path, f"{name}.npy has another shape")
    size = len(bundle.segments)
    if bundle.segments.dtype.names != tuple(name for name, _, _ in COLUMNS):
        raise _damaged(bundle.path, "segments.npy has other columns")
    for name, array, dtype in (
        ("notes", bundle.notes, NOTE),
        ("pedals", bundle.pedals, PEDAL),
        ("embeddings", bundle.embeddings, np.dtype(np.float16)),
        ("neighbours", bundle.neighbours, NEIGHBOUR),
    ):
        if array.dtype != dtype:
            raise _damaged(bundle.path, f"{name}.npy holds another type")
    if size == 0:
        raise _damaged(bundle.path, "segments.npy is empty")
    for name, array in (("embeddings", bundle.embeddings), ("neighbours", bundle.neighbours)):
        if len(array) != size:
            raise _damaged(bundle.path, f"{name}.npy does not have one row a segment")


def _check_values(bundle: Bundle) -> None:
    """Every id, range and number; for bundles that come from somewhere else."""
    segments, path = bundle.segments, bundle.path
    for first, count, rows in (
        ("first_note", "notes", bundle.notes),
        ("first_pedal", "pedals", bundle.pedals),
    ):
        ends = segments[first] + segments[count]
        if (segments[count] < 0).any() or (segments[first] < 0).any() or (ends > len(rows)).any():
            raise _damaged(path, f"segments.npy points outside {count}.npy")
    if len(np.unique(segments["id"])) != len(segments):
        raise _damaged(path, "segments.npy repeats an id")
    for field, low, high in (("beats", 1, MAX_BEATS), ("bar", 0.25, MAX_BEATS), ("bpm", 1, 2000)):
        if not ((segments[field] >= low) & (segments[field] <= high)).all():
            raise _damaged(path, f"segments.npy: {field} must be {low}..{high}")
    if (segments["notes"] == 0).any():
        raise _damaged(path, "segments.npy holds a segment without notes")
    lengths = np.linalg.norm(np.asarray(bundle.embeddings, np.float32), axis=1)
    if not (np.abs(lengths - 1) < 0.01).all():
        raise _damaged(path, "embeddings.npy holds a row that is not of unit length")
    nearest = bundle.neighbours
    if nearest.size and not (
        (nearest["segment"] >= 0).all()
        and (nearest["segment"] < len(segments)).all()
        and np.isfinite(nearest["similarity"]).all()
        and (np.diff(nearest["similarity"], axis=1) <= 0).all()
    ):
        raise _damaged(path, "neighbours.npy is out of range or out of order")
    for row in range(len(segments)):
        try:
            check_notes(bundle.phrase(row).notes, str(segments["id"][row]))
        except ModelError as error:
            raise _damaged(path, f"notes.npy: {error}") from error


def _damaged(path: Path, fault: str) -> BundleError:
    return BundleError(f"{path}: damaged bundle: {fault}; build it again or copy it again")


def _replace(out: Path, new: Path) -> None:
    _sync_directory(new)
    old = out.with_name(f".{out.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        os.rename(out, old)
    os.rename(new, out)
    _sync_directory(out.parent)
    shutil.rmtree(old, ignore_errors=True)


def _sync_directory(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
