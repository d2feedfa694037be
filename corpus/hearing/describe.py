"""What each segment is like, in numbers that a musician would recognise.

DESCRIPTORS is the one table: the bundle's columns and the documentation are made from it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpus.hearing.chords import CHORD, NO_ROOT, Chords, changes, flat_chords
from corpus.hearing.flat import Flat, Floats, flatten
from corpus.hearing.key import Key, key_scores, pitch_classes, smooth_keys
from corpus.hearing.sustain import Sustain
from corpus.hearing.swing import Rhythm, rhythm
from corpus.hearing.voices import BASS, CHORDS, MELODY, flat_layers
from models.errors import ModelError
from models.notes import Phrase

DESCRIPTORS: tuple[tuple[str, str, str, str], ...] = (
    ("key_tonic", "u1", "pitch class", "tonic of the key, 0 for C to 11 for B"),
    ("key_minor", "u1", "0 or 1", "1 where the key is minor"),
    ("key_confidence", "<f4", "0..1", "probability of that key among all 24"),
    ("triple", "u1", "0 or 1", "1 where the bar has three beats or a multiple of them"),
    ("density", "<f4", "notes a beat", "notes a beat"),
    ("onset_density", "<f4", "strokes a beat", "distinct onsets a beat: a chord counts once"),
    ("polyphony", "<f4", "notes", "keys held on average, without the pedal"),
    ("low", "u1", "MIDI number", "lowest pitch"),
    ("high", "u1", "MIDI number", "highest pitch"),
    ("mean_pitch", "<f4", "MIDI number", "mean pitch"),
    ("span", "u1", "semitones", "highest less lowest pitch"),
    ("mean_velocity", "<f4", "1..127", "mean velocity"),
    ("velocity_range", "<f4", "velocity", "loudest less softest, leaving a tenth out at each end"),
    (
        "articulation",
        "<f4",
        "ratio",
        "how long a note sounds, pedal included, against the time to the next onset of its layer:"
        " below 1 detached, 1 legato, above overlapping; at most 4; median",
    ),
    ("pedal_share", "<f4", "0..1", "part of the time that the sustain pedal is down"),
    ("swing_ratio", "<f4", "ratio", "long to short of eighth pairs: 1 straight, 2 triplets"),
    ("swing_confidence", "<f4", "0..1", "how many pairs say so, and how much they agree"),
    ("feel", "u1", "code", "0 straight, 1 ternary, 2 swung"),
    ("off_beat", "<f4", "0..1", "part of the onsets that are off the beat"),
    ("syncopation", "<f4", "0..1", "part of the onsets off the beat with none on the next beat"),
    ("timing_spread", "<f4", "ms", "root mean square distance of the onsets from their grid"),
    ("bass_notes", "<u2", "notes", "notes of the bass layer"),
    ("chord_notes", "<u2", "notes", "notes of the chord layer"),
    ("melody_notes", "<u2", "notes", "notes of the melody layer"),
    ("harmonic_rhythm", "<f4", "changes a bar", "chord changes a bar"),
    ("chord_confidence", "<f4", "0..1", "mean probability of the chords' roots"),
    ("chromaticism", "<f4", "0..1", "part of the sounding time outside the scale of the key"),
)
"""The columns that describe a segment: name, type, unit, meaning."""

DESCRIPTION = np.dtype([(name, kind) for name, kind, _, _ in DESCRIPTORS])
CODES = ("key_tonic", "key_minor", "triple", "feel")  # numbers that are names: not ranked
RANKED = tuple(name for name, _, _, _ in DESCRIPTORS if name not in CODES)
PERCENTILES = np.dtype([(name, "<f4") for name in RANKED])

BATCH_BEATS = 4096  # described at a time: memory stays small and the arrays in the cache
MOST_LEGATO = 4.0
SHORTEST = 1 / 64  # beats between two onsets that count as following each other
SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 9, 10, 11))  # minor: natural and melodic
MOST_NOTES = 65_535


@dataclass(frozen=True, eq=False)
class Description:
    """A segment described: its row of DESCRIPTION, a layer a note, a chord a beat."""

    row: np.void
    layers: NDArray[np.uint8]
    chords: Chords

    @property
    def key(self) -> Key:
        mode = "minor" if self.row["key_minor"] else "major"
        return Key(int(self.row["key_tonic"]), mode, float(self.row["key_confidence"]))


def describe(phrase: Phrase, song_key: Key | None = None) -> Description:
    """Describe one phrase; `song_key`, the key of its recording, helps to find its own.

    ModelError for a phrase without notes or with a length that is not above 0.
    """
    return describe_all([phrase], song_keys=[song_key])[0]


def describe_all(
    phrases: Sequence[Phrase],
    recordings: Sequence[str] | None = None,
    song_keys: Sequence[Key | None] | None = None,
    told_keys: Sequence[Key | None] | None = None,
) -> list[Description]:
    """Describe many phrases at once, which is several times as quick as one by one.

    `recordings` names the recording of each phrase: phrases that stand next to each other and
    share it, in order of time, find their keys together. `song_keys` gives the key of each
    phrase's recording. Without either, every phrase stands alone. A key in `told_keys` is that of
    its phrase, whatever is heard; what follows from the key, the chords too, follows from it.
    """
    for number, phrase in enumerate(phrases):
        if not (len(phrase.notes) and phrase.beats > 0 and phrase.bar > 0):
            raise ModelError(f"phrase {number} has no notes or no length to describe")
    found: list[Description] = []
    keys = _all_keys(phrases, recordings, song_keys)
    if told_keys is not None:
        keys = [told or heard for told, heard in zip(told_keys, keys, strict=True)]
    for first, last in _batches(phrases):
        found += _describe(phrases[first:last], keys[first:last])
    return found


def percentiles(rows: NDArray[Any]) -> NDArray[Any]:
    """Where each segment stands in the corpus (PERCENTILES), 0..100, for DESCRIPTION `rows`.

    The share of segments below it, equal ones counted half: the middle one of a corpus gets 50,
    and so does every one of a corpus where all are equal.
    """
    table = np.zeros(len(rows), PERCENTILES)
    for name in RANKED if len(rows) else ():
        values = np.asarray(rows[name])
        ordered = np.sort(values)
        below = np.searchsorted(ordered, values, side="left")
        to_here = np.searchsorted(ordered, values, side="right")
        table[name] = (below + to_here) * (50.0 / len(values))
    return table


def _batches(phrases: Sequence[Phrase]) -> Iterator[tuple[int, int]]:
    """The first and the past-the-last phrase of each batch, as long as its longest one each."""
    first, longest = 0, 0.0
    for number, phrase in enumerate(phrases):
        longest = max(longest, phrase.beats)
        if number > first and longest * (number + 1 - first) > BATCH_BEATS:
            yield first, number
            first, longest = number, phrase.beats
    if phrases:
        yield first, len(phrases)


def _all_keys(
    phrases: Sequence[Phrase],
    recordings: Sequence[str] | None,
    song_keys: Sequence[Key | None] | None,
) -> list[Key]:
    if not phrases:
        return []
    flat = flatten(phrases)
    scores = key_scores(*pitch_classes(flat.row, flat.notes, flat.size))
    keys: list[Key] = []
    for first, last in _runs(recordings, len(phrases)):
        prior = song_keys[first] if song_keys is not None else None
        keys += [Key.likeliest(chance) for chance in smooth_keys(scores[first:last], prior)]
    return keys


def _runs(recordings: Sequence[str] | None, size: int) -> Iterator[tuple[int, int]]:
    """The first and the past-the-last phrase of each recording."""
    labels: Sequence[object] = range(size) if recordings is None else recordings
    if len(labels) != size:
        raise ValueError(f"{len(labels)} recordings named for {size} phrases; name one for each")
    first = 0
    for _, run in groupby(labels):
        last = first + sum(1 for _ in run)
        yield first, last
        first = last


def _describe(phrases: Sequence[Phrase], keys: Sequence[Key]) -> list[Description]:
    flat = flatten(phrases)
    layers, progressions = flat_layers(flat), flat_chords(flat, keys)
    pedal = Sustain.of(phrases)
    rows = np.zeros(flat.size, DESCRIPTION)
    _fill_key(rows, flat, keys)
    _fill_notes(rows, flat, layers)
    _fill_touch(rows, flat, layers, pedal)
    _fill_rhythm(rows, rhythm(flat), np.array([phrase.bpm for phrase in phrases]))
    _fill_harmony(rows, flat, progressions)
    parts = np.split(layers, np.cumsum(flat.counts)[:-1])
    return [Description(*one) for one in zip(rows, parts, progressions, strict=True)]


def _fill_key(rows: NDArray[Any], flat: Flat, keys: Sequence[Key]) -> None:
    rows["key_tonic"] = [key.tonic for key in keys]
    rows["key_minor"] = [key.index // 12 for key in keys]
    rows["key_confidence"] = [key.confidence for key in keys]
    outside = np.ones((2, 12))
    for mode, scale in enumerate(SCALES):
        outside[mode, list(scale)] = 0.0
    degree = (flat.pitch.astype(np.int64) - rows["key_tonic"][flat.row]) % 12
    stray = flat.notes["duration"] * outside[rows["key_minor"][flat.row], degree]
    rows["chromaticism"] = flat.sums(stray) / flat.sums(flat.notes["duration"])


def _fill_notes(rows: NDArray[Any], flat: Flat, layers: NDArray[np.uint8]) -> None:
    first = np.cumsum(flat.counts) - flat.counts
    rows["triple"] = np.mod(flat.bar, 3.0) == 0
    rows["density"] = flat.counts / flat.beats
    rows["onset_density"] = np.bincount(flat.stroke_row, minlength=flat.size) / flat.beats
    held = np.minimum(flat.end, flat.beats[flat.row]) - np.maximum(flat.onset, 0.0)
    rows["polyphony"] = flat.sums(np.maximum(held, 0.0)) / flat.beats
    rows["low"] = np.minimum.reduceat(flat.notes["pitch"], first)
    rows["high"] = np.maximum.reduceat(flat.notes["pitch"], first)
    rows["span"] = rows["high"] - rows["low"]
    rows["mean_pitch"] = flat.means(flat.pitch)
    for name, layer in (("bass_notes", BASS), ("chord_notes", CHORDS), ("melody_notes", MELODY)):
        rows[name] = np.minimum(flat.sums(layers == layer), MOST_NOTES)


def _fill_touch(rows: NDArray[Any], flat: Flat, layers: NDArray[np.uint8], pedal: Sustain) -> None:
    velocity = flat.notes["velocity"].astype(np.float64)
    rows["mean_velocity"] = flat.means(velocity)
    loud, soft = _quantile(flat, velocity, 0.9), _quantile(flat, velocity, 0.1)
    rows["velocity_range"] = loud - soft
    rows["pedal_share"] = pedal.shares(flat.beats)
    ratio = (pedal.released(flat) - flat.onset) / _to_next(flat, layers)
    rows["articulation"] = _quantile(flat, np.minimum(ratio, MOST_LEGATO), 0.5)


def _fill_rhythm(rows: NDArray[Any], heard: Rhythm, bpm: Floats) -> None:
    for name in ("swing_ratio", "swing_confidence", "feel", "off_beat", "syncopation"):
        rows[name] = getattr(heard, name)
    rows["timing_spread"] = heard.timing_spread * 60_000 / bpm


def _fill_harmony(rows: NDArray[Any], flat: Flat, progressions: Sequence[Chords]) -> None:
    bars = flat.beats / flat.bar
    rows["harmonic_rhythm"] = np.array([changes(chords) for chords in progressions]) / bars
    flat_chords_ = np.concatenate([np.zeros(0, CHORD), *progressions])
    row = np.repeat(np.arange(flat.size), [len(chords) for chords in progressions])
    heard = flat_chords_["root"] != NO_ROOT
    total = np.bincount(row, flat_chords_["confidence"] * heard, flat.size)
    rows["chord_confidence"] = total / np.maximum(np.bincount(row, heard, flat.size), 1)


def _quantile(flat: Flat, values: Floats, part: float) -> Floats:
    """The value below which so large a part of each phrase's values lies, interpolated."""
    ordered = values[np.lexsort((values, flat.row))]
    place = np.cumsum(flat.counts) - flat.counts + (flat.counts - 1) * part
    below = np.floor(place).astype(np.int64)
    above = np.ceil(place).astype(np.int64)
    result: Floats = ordered[below] + (ordered[above] - ordered[below]) * (place - below)
    return result


def _to_next(flat: Flat, layers: NDArray[np.uint8]) -> Floats:
    """Beats from each note to the next stroke of its layer; the last looks round the loop."""
    line = flat.row * 3 + layers
    order = np.lexsort((flat.stroke, line))
    line, stroke = line[order], flat.stroke[order]
    new_line = np.diff(line, prepend=-1) != 0
    new_stroke = np.flatnonzero(new_line | (np.diff(stroke, prepend=-1) != 0))
    onset = flat.stroke_onset[stroke[new_stroke]]
    owner = line[new_stroke]
    last = np.diff(owner, append=-1) != 0
    head = np.flatnonzero(np.diff(owner, prepend=-1) != 0)
    following = np.append(onset[1:], 0.0)
    following[last] = onset[head] + flat.beats[owner[last] // 3]
    gap = np.empty(len(order))
    gap[order] = np.repeat(following - onset, np.diff(new_stroke, append=len(order)))
    return np.maximum(gap, SHORTEST)
