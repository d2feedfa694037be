"""Material that somebody has cut already is taken as it is.

Either a short file that is a whole number of beats long, or one of a set of files named
TRACK_START-END[_tTTsSS].mid: START and END are seconds in the track, the file begins with one beat
of lead-in before the beats that END - START lasts (four to sixteen; eight in files with TT and
SS), and TT and SS say by how many semitones and beats the original was transposed and rotated to
make it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from corpus.cutting.loopable import loopability
from corpus.cutting.segment import (
    LEAD_IN,
    MAX_BEATS,
    MIN_BEATS,
    Cut,
    CutSettings,
    Segment,
    cut_phrase,
)
from corpus.reading.recording import LeftOut, Recording

BEATS, LEAD_IN_BEATS = 8.0, 1.0  # of a file that is named by the convention
SPAN_TOLERANCE = 0.5  # beats that END - START may be off eight, beside what its digits leave open
EXACT = 0.05  # beats that it may be off another length, beside what its digits leave open
TEMPO_TICK = 1e-6  # seconds a beat: a MIDI file gives its tempo no finer
STEPS = (1.0, 0.5, 0.25)  # beats: where segments begin
SNAP = 0.1  # of a step; a start so near to one is meant to be on it, if its digits allow
WHOLE = 0.1  # beats that the length of a file may be off a whole number
SAME = 0.02  # beats; two notes this close begin at the same time
COPY = "a copy of a segment that is there (the same, transposed or rotated)"

_NAME = re.compile(
    r"(?P<track>.+)_(?P<start>\d+(?:\.(?P<digits>\d+))?)-(?P<end>\d+(?:\.\d+)?)"
    r"(?P<variant>_t(?P<semitones>[+-]?\d{1,2})s(?P<beats>[+-]?\d{1,2}(?:\.\d+)?))?",
    re.ASCII,
)


@dataclass(frozen=True)
class PreCutName:
    """What a name by the convention says; `start` and `end` in seconds, to `precision` seconds.

    `variant` is whether it says how it was transposed and rotated at all.
    """

    track: str
    start: float
    end: float
    transposed: int = 0
    rotated: float = 0.0
    variant: bool = False
    precision: float = 1.0


def parse_name(stem: str) -> PreCutName | None:
    """Read TRACK_START-END[_tTTsSS]; None where the name follows another habit."""
    match = _NAME.fullmatch(stem)
    if not match or float(match["end"]) <= float(match["start"]):
        return None
    return PreCutName(
        track=match["track"],
        start=float(match["start"]),
        end=float(match["end"]),
        transposed=int(match["semitones"] or 0),
        rotated=float(match["beats"] or 0),
        variant=match["variant"] is not None,
        precision=10.0 ** -len(match["digits"] or ""),
    )


def cut_by_name(
    recording: Recording, stem: str | None = None, settings: CutSettings | None = None
) -> Cut | None:
    """The recording as the segment that its file's name says it is; None where it says nothing.

    `stem` is that name, by default the recording's. The tempo map and the first bar are believed.
    """
    settings = settings or CutSettings()
    name = parse_name(recording.name if stem is None else stem)
    if name is None:
        return None
    onset = recording.notes["onset"]
    if onset[-1] < LEAD_IN_BEATS - settings.lead_in:
        return None
    fitting = (one for one in _readings(recording, name) if onset[-1] < LEAD_IN_BEATS + one.beats)
    reading = next(fitting, None)
    return _named(recording, name, reading, settings) if reading else None


def cut_whole(recording: Recording, end: float | None = None) -> Cut | None:
    """The recording as one segment, where it is 4 to 16 whole beats long; else None.

    Its tempo map must be true: a short free improvisation is no loop. `end` is the beat at which
    the file ends, where that is known; else its last note tells.
    """
    beats = whole_beats(recording, end)
    if beats is None:
        return None
    # Nothing follows in the file, so the last eighth of a beat is its own.
    phrase = cut_phrase(recording, 0.0, beats, float(recording.bars["value"][0]), lead_in=0.0)
    score = loopability(phrase).score
    return Cut([Segment(recording.name, 0.0, phrase, score, recording.name)], ())


def whole_beats(recording: Recording, end: float | None = None) -> float | None:
    """The length of a recording that is 4 to 16 whole beats long, else None.

    Where the end is between beats, because the last note is short or rings on, it is the bar line
    after the last onset, if the last note reaches half of the way there from the one before.
    """
    length = recording.beats if end is None else end
    last = float(recording.notes["onset"].max())
    beats = float(round(length))
    if abs(length - beats) > WHOLE or last >= beats:
        bar = float(recording.bars["value"][0])
        beats = (last // bar + 1) * bar
        if length < beats - bar / 2 or not beats.is_integer():
            return None
    return beats if MIN_BEATS <= beats <= MAX_BEATS and last < beats else None


def unique(segments: Sequence[Segment], lead_in: float = LEAD_IN) -> Cut:
    """Pre-cut segments of which none is another transposed or rotated; the others as they are.

    Of several that their names say are one, the one that was cut from the track itself stays, else
    the original, else the first. A name is not enough: where the notes differ the segment stays
    too, as a track of its own.
    """
    originals = _originals(segments)
    kept, copies = [], 0
    for index, segment in enumerate(segments):
        original = originals[segment.id]
        if not segment.origin or original == index:
            kept.append(segment)
        elif same_music(segments[original], segment, lead_in):
            copies += 1
        else:
            kept.append(replace(segment, track=segment.origin, start_beat=0.0))
    return Cut(kept, (LeftOut(COPY, copies),) if copies else ())


def same_music(one: Segment, other: Segment, lead_in: float = LEAD_IN) -> bool:
    """Whether the notes are the same once transposition and rotation are undone.

    A rotation may have been counted either way. Notes that either segment may lack, because they
    are within `lead_in` before its first beat or its end, are not compared.
    """
    if one.phrase.beats != other.phrase.beats:
        return False
    return any(
        _contains(one, other, way, lead_in) and _contains(other, one, way, lead_in)
        for way in ((1, -1) if one.rotated or other.rotated else (1,))
    )


def _originals(segments: Sequence[Segment]) -> dict[str, int]:
    """The index of the segment to keep of those with the same id."""
    chosen: dict[str, int] = {}
    for index, segment in enumerate(segments):
        rival = chosen.setdefault(segment.id, index)
        if _rank(segment) < _rank(segments[rival]):
            chosen[segment.id] = index
    return chosen


def _rank(segment: Segment) -> tuple[bool, bool]:
    return bool(segment.origin), bool(segment.transposed or segment.rotated)


def _contains(whole: Segment, part: Segment, way: int, lead_in: float) -> bool:
    """Whether every note of `part` that `whole` must have is in it."""
    beats = whole.phrase.beats
    turn = way * (whole.rotated - part.rotated)
    part_at = part.phrase.notes["onset"] % beats
    turned = (part_at + turn) % beats
    sure = beats - lead_in - SAME  # what comes later either may lack
    compared = (part_at < sure) & (turned < sure)
    pitch = part.phrase.notes["pitch"].astype(int) - part.transposed + whole.transposed
    distance = np.abs(whole.phrase.notes["onset"][None, :] % beats - turned[:, None])
    close = np.minimum(distance, beats - distance) <= SAME
    equal = pitch[:, None] == whole.phrase.notes["pitch"][None, :].astype(int)
    found = (close & equal).any(axis=1)
    return bool(compared.any() and found[compared].all())


class _Reading(NamedTuple):
    """How END - START may be meant: so many beats, and whether START is that of the lead-in."""

    beats: float
    with_lead_in: bool = False


def _readings(recording: Recording, name: PreCutName) -> Iterator[_Reading]:
    """What the name may mean, the likeliest first."""
    span, open_to = _span(recording, name)
    off_eight, off_nine = abs(span - BEATS), abs(span - BEATS - LEAD_IN_BEATS)
    off, eight = min(off_eight, off_nine), _Reading(BEATS, off_nine < off_eight)
    if name.variant:
        yield eight
        return
    bar = float(recording.bars["value"][0])
    nine_bars = BEATS % bar != 0 or (BEATS + LEAD_IN_BEATS) % bar == 0  # rather than eight and one
    if off <= EXACT + open_to and not (eight.with_lead_in and nine_bars):
        yield eight
    for beats in _lengths(bar, span):
        if abs(span - beats) <= EXACT + open_to:
            yield _Reading(beats)
    if off <= SPAN_TOLERANCE + open_to:
        yield eight


def _lengths(bar: float, span: float) -> list[float]:
    """The lengths that a segment can have: whole bars, then whole beats, each nearest first."""
    counts = range(int(np.ceil(MIN_BEATS / bar)), int(MAX_BEATS // bar) + 1)
    bars = [count * bar for count in counts]
    beats = [float(beats) for beats in range(MIN_BEATS, MAX_BEATS + 1)]
    by_distance = (sorted(some, key=lambda length: abs(span - length)) for some in (bars, beats))
    return list(dict.fromkeys(length for some in by_distance for length in some))


def _pace(recording: Recording) -> float:
    """Beats a second."""
    return recording.bpm(0.0, LEAD_IN_BEATS + BEATS) / 60.0


def _span(recording: Recording, name: PreCutName) -> tuple[float, float]:
    """END - START in beats, and by how much its digits leave that open."""
    pace = _pace(recording)
    return (name.end - name.start) * pace, name.precision * pace


def _start_beat(recording: Recording, name: PreCutName, reading: _Reading) -> float:
    """The first beat in the track, on the coarsest step that digits and tempo allow."""
    pace = _pace(recording)
    start = name.start * pace + reading.with_lead_in * LEAD_IN_BEATS
    open_to = (name.precision + start * TEMPO_TICK) * pace
    for step in STEPS:
        on_step = round(start / step) * step
        if abs(start - on_step) <= min(SNAP * step, open_to):
            return on_step
    return round(start, 3)


def _named(recording: Recording, name: PreCutName, reading: _Reading, settings: CutSettings) -> Cut:
    bar = float(recording.bars["value"][0])
    phrase = cut_phrase(recording, LEAD_IN_BEATS, reading.beats, bar, settings.lead_in)
    segment = Segment(
        name.track,
        _start_beat(recording, name, reading),
        phrase,
        loopability(phrase).score,
        recording.name,
        name.transposed,
        name.rotated,
    )
    onset = recording.notes["onset"]
    before = int(np.count_nonzero(onset < LEAD_IN_BEATS - settings.lead_in))
    after = len(onset) - before - len(phrase.notes)
    reasons = (("a note of what went before", before), ("a note of what follows", after))
    return Cut([segment], tuple(LeftOut(reason, count) for reason, count in reasons if count))
