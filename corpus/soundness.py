"""Whether a bundle is what it says: cheap checks for each opening, thorough ones for strangers."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from corpus.chords import CHORD, NO_ROOT, QUALITIES
from corpus.columns import COLUMNS, TEXTS
from corpus.describe import PERCENTILES
from corpus.errors import BundleError
from corpus.neighbours import NEIGHBOUR
from corpus.segment import MAX_BEATS
from corpus.voices import LAYERS
from models.errors import ModelError
from models.notes import NOTE, PEDAL, PEDAL_CONTROLS, Phrase, check_notes

if TYPE_CHECKING:
    from corpus.bundle import Bundle

POINTERS = (
    ("first_note", "notes"),
    ("first_pedal", "pedals"),
    ("first_chord", "chords"),
)
"""The columns that say which rows of another array are a segment's."""

_TYPES = {
    "notes": NOTE,
    "pedals": PEDAL,
    "layers": np.dtype(np.uint8),
    "chords": CHORD,
    "percentiles": PERCENTILES,
    "embeddings": np.dtype(np.float16),
    "neighbours": NEIGHBOUR,
}
_A_ROW_EACH = ("percentiles", "embeddings", "neighbours")
_TABLES = ("embeddings", "neighbours")
_BLOCK = 1 << 14  # rows looked at at once: bounds memory


def check_shapes(bundle: "Bundle") -> None:
    """Rows match rows and columns match types; cheap enough for every opening."""
    _check_columns(bundle)
    for name, dtype in _TYPES.items():
        array = getattr(bundle, name)
        if array.ndim != (2 if name in _TABLES else 1):
            raise damaged(bundle.path, f"{name}.npy has another shape")
        if array.dtype != dtype:
            raise damaged(bundle.path, f"{name}.npy holds another type")
    size = len(bundle.segments)
    if size == 0:
        raise damaged(bundle.path, "segments.npy is empty")
    for name in _A_ROW_EACH:
        if len(getattr(bundle, name)) != size:
            raise damaged(bundle.path, f"{name}.npy does not have one row a segment")
    if len(bundle.layers) != len(bundle.notes):
        raise damaged(bundle.path, "layers.npy does not have one row a note")


def _check_columns(bundle: "Bundle") -> None:
    if bundle.segments.ndim != 1:
        raise damaged(bundle.path, "segments.npy has another shape")
    dtype = bundle.segments.dtype
    if dtype.names != tuple(name for name, *_ in COLUMNS):
        raise damaged(bundle.path, "segments.npy has other columns")
    for name, wanted, *_ in COLUMNS:
        kind = dtype[name]
        if name in TEXTS:
            same = kind.kind == "U" and kind.byteorder in "=<" and kind.isnative
        else:
            same = kind == np.dtype(wanted)
        if not same:
            raise damaged(bundle.path, f"segments.npy: {name} is of another type")
        if name in TEXTS and not _are_texts(bundle.segments[name]):
            raise damaged(bundle.path, f"segments.npy: {name} holds no text")


def _are_texts(column: NDArray[Any]) -> bool:
    """Whether every code point is one: numpy raises ValueError when it meets another."""
    for start in range(0, len(column), _BLOCK):
        points = np.ascontiguousarray(column[start : start + _BLOCK]).view(np.uint32)
        if ((points > 0x10FFFF) | ((points >= 0xD800) & (points < 0xE000))).any():
            return False
    return True


def check_values(bundle: "Bundle") -> None:
    """Every id, range and number; for bundles that come from somewhere else."""
    segments, path = bundle.segments, bundle.path
    counts = {name: len(getattr(bundle, name)) for name in ("segments", *_TYPES)}
    if bundle.manifest.get("counts") != counts:
        raise damaged(path, "manifest.json counts other rows than there are")
    if len(np.unique(segments["id"])) != len(segments):
        raise damaged(path, "segments.npy repeats an id")
    check_segments(bundle, segments)
    _check_phrases(bundle)
    _check_descriptions(bundle)
    for start in range(0, len(segments), _BLOCK):
        block = slice(start, start + _BLOCK)
        _check_vectors(path, bundle.embeddings[block])
        _check_neighbours(path, bundle.neighbours[block], len(segments))


def check_segments(bundle: "Bundle", segments: NDArray[Any]) -> None:
    """Rows of `segments`: what they point to, their ranges, and that numbers are numbers."""
    path = bundle.path
    for first, count in POINTERS:
        rows = getattr(bundle, count)
        past = segments[first] > len(rows) - segments[count]  # a sum might overflow
        if (segments[count] < 0).any() or (segments[first] < 0).any() or past.any():
            raise damaged(path, f"segments.npy points outside {count}.npy")
    for field, low, high in (("beats", 1, MAX_BEATS), ("bar", 0.25, MAX_BEATS), ("bpm", 1, 2000)):
        if not ((segments[field] >= low) & (segments[field] <= high)).all():
            raise damaged(path, f"segments.npy: {field} must be {low}..{high}")
    for field, kind, *_ in COLUMNS:
        if np.dtype(kind).kind == "f" and not np.isfinite(segments[field]).all():
            raise damaged(path, f"segments.npy: {field} holds a value that is not a number")
    if (segments["notes"] == 0).any():
        raise damaged(path, "segments.npy holds a segment without notes")


def _check_descriptions(bundle: "Bundle") -> None:
    if (bundle.layers >= len(LAYERS)).any():
        raise damaged(bundle.path, f"layers.npy must be 0..{len(LAYERS) - 1}")
    chords = bundle.chords
    if not (
        ((chords["root"] >= NO_ROOT) & (chords["root"] < 12)).all()
        and (chords["quality"] < len(QUALITIES)).all()
        and ((chords["confidence"] >= 0) & (chords["confidence"] <= 1)).all()
    ):
        raise damaged(bundle.path, "chords.npy holds a chord that cannot be")
    for name in PERCENTILES.names or ():
        values = bundle.percentiles[name]
        if not ((values >= 0) & (values <= 100)).all():
            raise damaged(bundle.path, f"percentiles.npy: {name} must be 0..100")


def _check_vectors(path: Path, vectors: NDArray[Any]) -> None:
    with np.errstate(invalid="ignore"):  # what is not a number fails below
        lengths = np.linalg.norm(np.asarray(vectors, np.float32), axis=1)
    if not (np.abs(lengths - 1) < 0.01).all():
        raise damaged(path, "embeddings.npy holds a row that is not of unit length")


def _check_neighbours(path: Path, nearest: NDArray[Any], size: int) -> None:
    if not (
        (nearest["segment"] >= 0).all()
        and (nearest["segment"] < size).all()
        and np.isfinite(nearest["similarity"]).all()
        and (nearest["similarity"][:, :-1] >= nearest["similarity"][:, 1:]).all()
    ):
        raise damaged(path, "neighbours.npy is out of range or out of order")


def _check_phrases(bundle: "Bundle") -> None:
    """All notes and pedal events at once; one by one only to name what is wrong."""
    segments = bundle.segments
    if _are_sound(bundle.notes, segments["first_note"], "onset", _sound_notes) and _are_sound(
        bundle.pedals, segments["first_pedal"], "beat", _sound_pedals
    ):
        return
    for segment in segments:
        check_phrase(bundle.path, bundle.phrase_of(segment), str(segment["id"]))


def _are_sound(
    rows: NDArray[Any],
    starts: NDArray[Any],
    time: str,
    sound: Callable[[NDArray[Any]], NDArray[np.bool_]],
) -> bool:
    """Whether every row is, and time runs backwards only where a segment starts."""
    for start in range(0, len(rows), _BLOCK):
        block = rows[max(start - 1, 0) : start + _BLOCK]
        back = np.flatnonzero(block[time][1:] < block[time][:-1]) + max(start, 1)
        if not sound(block).all() or not np.isin(back, starts).all():
            return False
    return True


def _sound_notes(notes: NDArray[Any]) -> NDArray[np.bool_]:
    onset, duration, velocity = notes["onset"], notes["duration"], notes["velocity"]
    timed = np.isfinite(onset) & np.isfinite(duration) & (duration > 0)
    sound: NDArray[np.bool_] = timed & (notes["pitch"] <= 127) & (velocity >= 1) & (velocity <= 127)
    return sound


def _sound_pedals(pedals: NDArray[Any]) -> NDArray[np.bool_]:
    known = np.isin(pedals["control"], PEDAL_CONTROLS)
    sound: NDArray[np.bool_] = np.isfinite(pedals["beat"]) & known & (pedals["value"] <= 127)
    return sound


def check_phrase(path: Path, phrase: Phrase, name: str) -> None:
    try:
        check_notes(phrase.notes, name)
    except ModelError as error:
        raise damaged(path, f"notes.npy: {error}") from error
    beat = phrase.pedals["beat"]
    if not _sound_pedals(phrase.pedals).all() or (beat[:-1] > beat[1:]).any():
        raise damaged(path, f"pedals.npy: {name}: an event that cannot be, or out of order")


def damaged(path: Path, fault: str) -> BundleError:
    return BundleError(f"{path}: damaged bundle: {fault}; build it again or copy it again")
