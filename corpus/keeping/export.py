"""A bundle as MIDI files, one a segment, for any sequencer and for another import.

They are named TRACK_START-END.mid, START and END being seconds in the track, and begin with one
beat of lead-in: the convention that pre-cut material follows (corpus.cutting.precut). What is known
to be transposed or rotated material says so: TRACK_START-END_tTTsSS.mid.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from corpus.cutting.precut import BEATS as PRECUT_BEATS
from corpus.cutting.precut import LEAD_IN_BEATS
from corpus.errors import CorpusError
from corpus.keeping.bundle import Bundle
from corpus.midiwrite import TICKS_PER_BEAT, write_phrase
from models.notes import Phrase

_DIGITS = range(3, 10)  # of a second; three unless two segments are nearer than that
_LONGEST_NAME = 180  # bytes of a track's; file systems take 255 for all of it
_UNFIT = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')  # in a file's name, on whatever system


def export_bundle(bundle: Bundle, folder: Path) -> list[Path]:
    """Write every segment, in the bundle's order, and return the files.

    Seconds in the track are counted at the segment's own tempo: a bundle keeps no tempo map. A
    file that is there already is never replaced: CorpusError.
    """
    files = [folder / f"{name}.mid" for name in segment_names(bundle)]
    _make_room(files, folder)
    tracks = bundle.segments["track"].tolist()
    lead_in = float(bundle.manifest["lead_in"])
    for row, (file, track) in enumerate(zip(files, tracks, strict=True)):
        phrase = _within_its_ticks(bundle.phrase(row), lead_in)
        write_phrase(file, phrase, track, LEAD_IN_BEATS)
    return files


def segment_names(bundle: Bundle) -> list[str]:
    """The name of each segment's file, without suffix; each name once."""
    taken: set[str] = set()
    names = []
    fields = ["track", "start_beat", "beats", "bpm", "transposed", "rotated"]
    for track, start, beats, bpm, transposed, rotated in bundle.segments[fields].tolist():
        seconds = max(0.0, start * 60.0 / bpm), (start + beats) * 60.0 / bpm
        variant = _variant(beats, transposed, rotated)
        name = next(
            name
            for name in _candidates(_fit(track), *seconds, variant)
            if name.casefold() not in taken
        )
        taken.add(name.casefold())  # some file systems do not tell case
        names.append(name)
    return names


def _within_its_ticks(phrase: Phrase, lead_in: float) -> Phrase:
    """The phrase with no note that rounding to ticks would take over the edges of its segment,
    `lead_in` before its first beat and before its end, and no pedal event that it would take to
    its end: an import would leave them out."""
    low, high = -lead_in, phrase.beats - lead_in
    first, last = (np.ceil((LEAD_IN_BEATS + edge) * TICKS_PER_BEAT) for edge in (low, high))
    notes, onset = phrase.notes.copy(), phrase.notes["onset"]
    tick = np.round((LEAD_IN_BEATS + onset) * TICKS_PER_BEAT)
    inside = np.clip(tick, first, last - 1)
    over = (onset >= low) & (onset < high) & (tick != inside)
    notes["onset"] = np.where(over, inside / TICKS_PER_BEAT - LEAD_IN_BEATS, onset)
    notes["duration"] += onset - notes["onset"]
    pedals, beat = phrase.pedals.copy(), phrase.pedals["beat"]
    end = np.ceil(phrase.beats * TICKS_PER_BEAT) - 1
    late = (beat < phrase.beats) & (np.round(beat * TICKS_PER_BEAT) > end)
    pedals["beat"] = np.where(late, end / TICKS_PER_BEAT, beat)
    return replace(phrase, notes=notes, pedals=pedals)


def _variant(beats: float, transposed: int, rotated: float) -> str:
    """What the convention, in which these have eight beats, says of a segment that is one."""
    if beats != PRECUT_BEATS or not (transposed or rotated):
        return ""
    return f"_t{transposed:02d}s{rotated:g}"


def _candidates(track: str, start: float, end: float, variant: str) -> Iterator[str]:
    """Names for a segment, the plainest first; there is always another."""
    for digits in _DIGITS:
        yield f"{track}_{start:.{digits}f}-{end:.{digits}f}{variant}"
    number = 2
    while True:
        yield f"{track}-{number}_{start:.{_DIGITS[0]}f}-{end:.{_DIGITS[0]}f}{variant}"
        number += 1


def _fit(track: str) -> str:
    """A track's name as part of a file's."""
    name = _UNFIT.sub("-", track).encode("utf-8", "replace")[:_LONGEST_NAME]
    return name.decode("utf-8", "ignore").strip(" .") or "track"


def _make_room(files: list[Path], folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CorpusError(f"{folder}: cannot be made ({error.strerror}); choose another") from error
    present = next((file for file in files if file.exists()), None)
    if present is not None:
        raise CorpusError(f"{present}: exists; export to an empty folder")
