"""Cut a recording into segments: loopable pieces of whole bars.

Every note belongs to one segment at most: those that sound within `lead_in` before a boundary are
the lead-in of what follows. Notes keep their whole length and may ring over the end.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from corpus.cutting.loopable import accent_template, loopability
from corpus.cutting.novelty import boundaries
from corpus.errors import CorpusError
from corpus.reading.recording import LeftOut, Recording
from models.notes import PEDAL, PEDAL_CONTROLS, SUSTAIN, Notes, Pedals, Phrase

MIN_BEATS, MAX_BEATS, DEFAULT_BEATS = 4, 16, 8
LEAD_IN = 0.125  # beats
MAX_LEAD_IN = 1.0  # beats
MIN_LOOPABILITY = 0.5
BARS, PHRASES = "bars", "phrases"
CUTS = (BARS, PHRASES)
SILENCE = "silence"
_EXACT = 1e-6  # beats; rounding


@dataclass(frozen=True)
class CutSettings:
    """How recordings are cut; CorpusError where a value makes no sense.

    A segment is as many whole bars as fit into `beats`. With `cut` "phrases" segments begin anew
    wherever a phrase does. Those that score less than `min_loopability` are left out; 0 keeps all
    but silence.
    """

    beats: int = DEFAULT_BEATS
    lead_in: float = LEAD_IN
    cut: str = BARS
    min_loopability: float = MIN_LOOPABILITY

    def __post_init__(self) -> None:
        if not MIN_BEATS <= self.beats <= MAX_BEATS:
            raise CorpusError(f"{self.beats} beats: a segment has {MIN_BEATS} to {MAX_BEATS}")
        if not 0 <= self.lead_in <= MAX_LEAD_IN:
            raise CorpusError(f"a lead-in of {self.lead_in:g} beats: give 0 to {MAX_LEAD_IN:g}")
        if self.cut not in CUTS:
            raise CorpusError(f"cut {self.cut!r}: give one of {', '.join(CUTS)}")
        if not 0 <= self.min_loopability <= 1:
            raise CorpusError(f"a loopability of {self.min_loopability:g}: give 0 to 1")


@dataclass(frozen=True, eq=False)
class Segment:
    """A phrase and where it was cut from; its id is TRACK@BEAT.

    `origin` names the file that a pre-cut segment came from; such a segment is the original turned
    up by `transposed` semitones and round by `rotated` beats.
    """

    track: str
    start_beat: float
    phrase: Phrase
    loopability: float = 1.0
    origin: str = ""
    transposed: int = 0
    rotated: float = 0.0

    @property
    def id(self) -> str:
        return f"{self.track}@{self.start_beat:g}"


@dataclass(frozen=True, eq=False)
class Cut:
    """The segments of a recording in order, and what of it is in none of them."""

    segments: list[Segment]
    left_out: tuple[LeftOut, ...]


class _Stretch(NamedTuple):
    """A part of a recording in one metre; `remainder` says what its leftover bars are called."""

    begin: float
    end: float
    bar: float
    accents: NDArray[np.float64]
    remainder: str
    last: bool


class _Piece(NamedTuple):
    """A span that was judged: a segment, or the reason why there is none."""

    start: float
    reason: str
    score: float
    segment: Segment | None
    spans: int = 1
    """How many in a row are like this one."""


def cut(recording: Recording, settings: CutSettings | None = None) -> Cut:
    """Segments of whole bars, from the first bar that is played."""
    settings = settings or CutSettings()
    pieces = [
        piece
        for stretch in _stretches(recording, settings)
        for piece in _pieces(recording, stretch, settings)
    ]
    segments = [piece.segment for piece in pieces if piece.segment]
    return Cut(segments, _summary(pieces, settings))


def cut_phrase(
    recording: Recording, start: float, length: float, bar: float, lead_in: float = LEAD_IN
) -> Phrase:
    """The phrase from beat `start`, `length` beats long, onsets counted from its first beat."""
    notes = _between(recording, start - lead_in, start + length - lead_in).copy()
    notes["onset"] -= start
    pedals = _pedals(recording, start, length)
    return Phrase(notes, pedals, length, recording.bpm(start, start + length), bar)


def bars_within(bar: float, beats: int) -> float:
    """The length in beats of the most whole bars within `beats`, at least MIN_BEATS long."""
    count = max(1, int(beats // bar))
    while count * bar < MIN_BEATS:
        count += 1
    return count * bar


def _stretches(recording: Recording, settings: CutSettings) -> Iterator[_Stretch]:
    """The parts in one metre; where phrases guide the cut, the phrases of each."""
    bars = recording.bars[recording.bars["beat"] < recording.beats]
    begins = bars["beat"].tolist()
    ends = [*begins[1:], recording.beats]
    phrases = boundaries(recording).beats if settings.cut == PHRASES else np.zeros(0)
    for begin, end, bar in zip(begins, ends, bars["value"].tolist(), strict=True):
        accents = accent_template(_between(recording, begin, end), bar, begin)
        inside = phrases[(phrases > begin + _EXACT) & (phrases < end - _EXACT)].tolist()
        for start, stop in zip([begin, *inside], [*inside, end], strict=True):
            last = stop == recording.beats
            name = "its end" if last else "the next phrase" if stop < end else "the metre changes"
            yield _Stretch(start, stop, bar, accents, name, last)


def _pieces(recording: Recording, stretch: _Stretch, settings: CutSettings) -> Iterator[_Piece]:
    """Every segment's length of a stretch, judged, and what remains of it."""
    length = bars_within(stretch.bar, settings.beats)
    start, upbeat = _first_bar(recording, stretch, settings.lead_in)
    # The last note may stop short of its bar line: half a bar of it is enough.
    end = stretch.end + (stretch.bar / 2 if stretch.last else 0.0) + _EXACT
    if length > MAX_BEATS:
        yield _Piece(start, f"bars of {stretch.bar:g} beats, more than {MAX_BEATS}", 0.0, None)
        return
    if upbeat:
        yield _Piece(start, "an upbeat before the first whole bar", 0.0, None)
    while start + length <= end:
        piece = _piece(recording, start, length, stretch, settings)
        if piece.reason == SILENCE:  # files may be silent for days: that is passed over at once
            until = int((end - start) // length)
            piece = piece._replace(spans=_silent(recording, start, length, until, settings.lead_in))
        yield piece
        start += piece.spans * length
    if settings.cut == PHRASES:
        length = (end - start) // stretch.bar * stretch.bar
        if length >= MIN_BEATS:
            yield _piece(recording, start, length, stretch, settings)
            start += length
        length = MIN_BEATS
    if len(_between(recording, start - settings.lead_in, stretch.end - settings.lead_in)):
        yield _Piece(start, f"less than {length:g} beats before {stretch.remainder}", 0.0, None)


def _first_bar(recording: Recording, stretch: _Stretch, lead_in: float) -> tuple[float, bool]:
    """Where the first bar that is played begins, and whether there is an upbeat before it."""
    notes = _between(recording, stretch.begin - lead_in, stretch.end - lead_in)
    if len(notes) == 0:
        return stretch.end, False
    first = max(0.0, float(notes["onset"][0]) + lead_in - stretch.begin)
    bars, inside = divmod(first, stretch.bar)
    upbeat = stretch.begin == 0 and inside > stretch.bar / 2 and len(notes) > 1
    return stretch.begin + (bars + upbeat) * stretch.bar, upbeat


def _silent(recording: Recording, start: float, length: float, most: int, lead_in: float) -> int:
    """How many spans from an empty one at `start` on have no note, of at most `most`."""
    after = np.searchsorted(recording.onsets, start + length - lead_in)
    if after == len(recording.onsets):
        return max(1, most)
    onset = recording.onsets[after]
    count = min(int((onset + lead_in - start) // length), most)
    while count > 1 and onset < start + count * length - lead_in:  # rounding: no note is passed by
        count -= 1
    return max(1, count)


def _piece(
    recording: Recording, start: float, length: float, stretch: _Stretch, settings: CutSettings
) -> _Piece:
    if len(_between(recording, start - settings.lead_in, start + length - settings.lead_in)) == 0:
        return _Piece(start, SILENCE, 0.0, None)
    phrase = cut_phrase(recording, start, length, stretch.bar, settings.lead_in)
    looped = loopability(phrase, stretch.accents)
    segment = Segment(recording.name, start, phrase, looped.score)
    return _Piece(
        start,
        f"does not loop: {looped.reason}",
        looped.score,
        segment if looped.score >= settings.min_loopability else None,
    )


def _summary(pieces: list[_Piece], settings: CutSettings) -> tuple[LeftOut, ...]:
    """What was left out, by reason, in order of its first appearance."""
    by_reason: dict[str, list[_Piece]] = {}
    for piece in pieces:
        if piece.segment is None:
            by_reason.setdefault(piece.reason, []).append(piece)
    return tuple(
        LeftOut(
            _explained(reason, found, settings.min_loopability),
            sum(piece.spans for piece in found),
        )
        for reason, found in by_reason.items()
    )


def _explained(reason: str, found: list[_Piece], needed: float) -> str:
    where = f"first at beat {found[0].start:g}"
    if not reason.startswith("does not loop"):
        return f"{reason} ({where})"
    # Rounded down: what fell short by little must not seem to have been enough.
    low, high = (int(100 * of(piece.score for piece in found)) / 100 for of in (min, max))
    scores = f"{low:.2f}" if low == high else f"{low:.2f} to {high:.2f}"
    return f"{reason} (score {scores} of {needed:.2f} needed, {where})"


def _between(recording: Recording, low: float, high: float) -> Notes:
    """The notes that begin from `low` to before `high`."""
    first, last = np.searchsorted(recording.onsets, [low, high])
    found: Notes = recording.notes[first:last]
    return found


def _pedals(recording: Recording, start: float, length: float) -> Pedals:
    """The events inside, after the state of each pedal at the start."""
    first = int(np.searchsorted(recording.pedal_beats, start, side="right"))
    last = int(np.searchsorted(recording.pedal_beats, start + length))
    inside = recording.pedals[first : max(first, last)].copy()
    inside["beat"] -= start
    state = [(0.0, control, _state(recording, first, control)) for control in PEDAL_CONTROLS]
    known = [row for row in state if row[2] is not None or row[1] == SUSTAIN]
    rows = np.array([(beat, control, value or 0) for beat, control, value in known], PEDAL)
    both: Pedals = np.concatenate([rows, inside])
    return both


def _state(recording: Recording, first: int, control: int) -> int | None:
    """What the last event of a pedal before the row `first` said."""
    rows = recording.pedal_rows[control]
    before = int(np.searchsorted(rows, first))
    return int(recording.pedals["value"][rows[before - 1]]) if before else None
