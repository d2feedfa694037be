"""Whether a bundle is what it says: cheap checks for each opening, thorough ones for strangers."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from corpus.cutting.segment import MAX_LEAD_IN
from corpus.errors import BundleError
from corpus.hearing.chords import CHORD, NO_ROOT, QUALITIES
from corpus.hearing.describe import PERCENTILES
from corpus.hearing.voices import LAYERS
from corpus.keeping.columns import COLUMNS, RANGES, TEXTS
from corpus.neighbours import NEIGHBOUR, TRANSPOSITIONS
from models.errors import ModelError
from models.notes import NOTE, PEDAL, PEDAL_CONTROLS, Notes, Phrase, check_notes

if TYPE_CHECKING:
    from corpus.keeping.bundle import Bundle

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
UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""What no text in a bundle holds: it would break the line, or cannot be written."""

LONGEST = 250_000.0  # beats that a note may last: a MIDI file cannot tell of much more
_EXACT = 1e-6  # rounding
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
    _check_widths(bundle)


def _check_widths(bundle: "Bundle") -> None:
    """The tables' columns are as many as the manifest says; a segment has a neighbour if it can."""
    width = bundle.embeddings.shape[1]
    if width != bundle.manifest["embedder"]["dimension"] or width == 0:
        raise damaged(bundle.path, f"embeddings.npy: {width} numbers a row, not its embedder's")
    width, others = bundle.neighbours.shape[1], len(bundle.segments) - 1
    if width != bundle.manifest["neighbours"]["k"] or not min(others, 1) <= width <= others:
        raise damaged(bundle.path, f"neighbours.npy: {width} neighbours of each of {others + 1}")


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
    _check_names(path, segments)
    _check_pointers(bundle)
    _check_tracks(bundle)
    _check_phrases(bundle)
    _check_descriptions(bundle)
    for start in range(0, len(segments), _BLOCK):
        _check_vectors(path, bundle.embeddings[start : start + _BLOCK])
        check_neighbours(bundle, np.arange(start, min(start + _BLOCK, len(segments))))


def check_segments(bundle: "Bundle", segments: NDArray[Any]) -> None:
    """Rows of `segments`: what they point to, their ranges, and that numbers are numbers."""
    path = bundle.path
    for first, count in POINTERS:
        rows = getattr(bundle, count)
        past = segments[first] > len(rows) - segments[count]  # a sum might overflow
        if (segments[count] < 0).any() or (segments[first] < 0).any() or past.any():
            raise damaged(path, f"segments.npy points outside {count}.npy")
    for field, (low, high) in RANGES.items():
        values = segments[field]
        if not ((values >= low - _EXACT) & (values <= high + _EXACT)).all():
            allowed = f"{low:g}..{high:g}" if np.isfinite(high) else f"{low:g} or more"
            raise damaged(path, f"segments.npy: {field} must be {allowed}")
    for field, kind, *_ in COLUMNS:
        if np.dtype(kind).kind == "f" and not np.isfinite(segments[field]).all():
            raise damaged(path, f"segments.npy: {field} holds a value that is not a number")
    if (segments["chords"] != np.ceil(segments["beats"] - _EXACT)).any():
        raise damaged(path, "segments.npy holds a segment without one chord a beat")


def _check_names(path: Path, segments: NDArray[Any]) -> None:
    """Texts fit on a line, and an id is TRACK@BEAT."""
    for field in TEXTS:
        if UNFIT.search("".join(segments[field].tolist())):
            raise damaged(path, f"segments.npy: {field} holds what is no text")
    for one, track, beat in segments[["id", "track", "start_beat"]].tolist():
        if not track or one != f"{track}@{beat:g}":
            raise damaged(
                path, f"segments.npy: {one!a} is not the id of beat {beat:g} of {track!a}"
            )


def _check_pointers(bundle: "Bundle") -> None:
    """Every row of the other arrays is one segment's, in the order of the segments."""
    for first, count in POINTERS:
        ends = np.cumsum(bundle.segments[count], dtype=np.int64)
        starts = bundle.segments[first]
        if starts[0] or (starts[1:] != ends[:-1]).any() or ends[-1] != len(getattr(bundle, count)):
            raise damaged(bundle.path, f"segments.npy: {first} does not follow on from row to row")


def _check_tracks(bundle: "Bundle") -> None:
    """The manifest tells of the tracks that there are, each once, with as many segments."""
    names, counts = np.unique(bundle.segments["track"], return_counts=True)
    tracks = [(track["name"], track["segments"]) for track in bundle.manifest["tracks"]]
    if sorted(tracks) != list(zip(names.tolist(), counts.tolist(), strict=True)):
        raise damaged(bundle.path, "manifest.json tells of other tracks than there are")


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


def check_neighbours(bundle: "Bundle", rows: NDArray[np.integer[Any]]) -> None:
    """The neighbours of the segments in these rows: ranges and order, each another one, once."""
    nearest = bundle.neighbours[rows]
    segment, similarity = nearest["segment"], nearest["similarity"]
    transpose, rotate = nearest["transpose"], nearest["rotate"]
    ordered = np.sort(segment, axis=1)
    if not (
        ((segment >= 0) & (segment < len(bundle.segments))).all()
        and (segment != rows[:, np.newaxis]).all()
        and (ordered[:, 1:] != ordered[:, :-1]).all()
        and ((transpose >= TRANSPOSITIONS[0]) & (transpose <= TRANSPOSITIONS[-1])).all()
        and (rotate < bundle.segments["beats"][segment]).all()
        and (np.abs(similarity) <= 1 + _EXACT).all()  # not where it is not a number
        and (similarity[:, :-1] >= similarity[:, 1:]).all()
    ):
        raise damaged(bundle.path, "neighbours.npy is out of range or out of order")


def _check_phrases(bundle: "Bundle") -> None:
    """All notes and pedal events at once; one by one only to name what is wrong."""
    if not (
        _are_sound(bundle, "notes", _sound_notes) and _are_sound(bundle, "pedals", _sound_pedals)
    ):
        for segment in bundle.segments:
            check_phrase(bundle.path, bundle.phrase_of(segment), str(segment["id"]))


def _are_sound(
    bundle: "Bundle", name: str, sound: Callable[[NDArray[Any], Any], NDArray[np.bool_]]
) -> bool:
    """Whether every row is, and time runs backwards only where a segment starts.

    The segments' rows follow on from each other: `_check_pointers` has looked.
    """
    rows, counts = getattr(bundle, name), bundle.segments[name]
    time = rows.dtype.names[0]
    starts = np.cumsum(counts, dtype=np.int64) - counts
    for start in range(0, len(rows), _BLOCK):
        first = max(start - 1, 0)
        block = rows[first : start + _BLOCK]
        of = np.searchsorted(starts, np.arange(first, first + len(block)), side="right") - 1
        back = np.flatnonzero(block[time][1:] < block[time][:-1]) + first + 1
        if not sound(block, bundle.segments["beats"][of]).all() or not np.isin(back, starts).all():
            return False
    return True


def _sound_notes(notes: Notes, beats: Any) -> NDArray[np.bool_]:
    """Of each note, whether it can be in a phrase of `beats` beats, one length or one a note."""
    velocity = notes["velocity"]
    played = (notes["pitch"] <= 127) & (velocity >= 1) & (velocity <= 127)
    sound: NDArray[np.bool_] = _inside(notes["onset"], beats) & _lasts(notes["duration"]) & played
    return sound


def _inside(onset: Any, beats: Any) -> Any:
    return (onset >= -MAX_LEAD_IN - _EXACT) & (onset < beats + _EXACT)


def _lasts(duration: Any) -> Any:
    return (duration > 0) & (duration <= LONGEST)


def _sound_pedals(pedals: NDArray[Any], beats: Any) -> NDArray[np.bool_]:
    known = np.isin(pedals["control"], PEDAL_CONTROLS) & (pedals["value"] <= 127)
    sound: NDArray[np.bool_] = known & (pedals["beat"] >= 0) & (pedals["beat"] < beats + _EXACT)
    return sound


def check_phrase(path: Path, phrase: Phrase, name: str) -> None:
    """BundleError unless its notes and pedal events can be, are inside it, and are in order."""
    try:
        check_notes(phrase.notes, name)
    except ModelError as error:
        raise damaged(path, f"notes.npy: {error}") from error
    if not _inside(phrase.notes["onset"], phrase.beats).all():
        low, high = -MAX_LEAD_IN, phrase.beats
        raise damaged(path, f"notes.npy: {name}: onset must be {low:g} to below {high:g}")
    if not _lasts(phrase.notes["duration"]).all():
        raise damaged(path, f"notes.npy: {name}: duration must be at most {LONGEST:g}")
    beat = phrase.pedals["beat"]
    if not _sound_pedals(phrase.pedals, phrase.beats).all() or (beat[:-1] > beat[1:]).any():
        raise damaged(path, f"pedals.npy: {name}: an event that cannot be, or out of order")


def damaged(path: Path, fault: str) -> BundleError:
    return BundleError(f"{path}: damaged bundle: {fault}; build it again or copy it again")
