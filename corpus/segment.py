"""Cut a recording into segments: loopable pieces of whole bars.

Every note belongs to one segment at most: those that sound within `lead_in` before a boundary are
the lead-in of what follows. Notes keep their whole length and may ring over the end.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from corpus.recording import Recording
from models.notes import SUSTAIN, Pedals, Phrase, pedal_array

MIN_BEATS, MAX_BEATS, DEFAULT_BEATS = 4, 16, 8
LEAD_IN = 0.125  # beats
MIN_NOTES_PER_BEAT = 0.5


@dataclass(frozen=True, eq=False)
class Segment:
    """A phrase and where it was cut from; its id is TRACK@BEAT."""

    track: str
    start_beat: float
    phrase: Phrase

    @property
    def id(self) -> str:
        return f"{self.track}@{self.start_beat:g}"


def cut(
    recording: Recording, beats: int = DEFAULT_BEATS, lead_in: float = LEAD_IN
) -> list[Segment]:
    """Segments of as many whole bars as fit into `beats`, from the first bar that is played."""
    segments = []
    for start, length, bar in _spans(recording, beats, lead_in):
        phrase = cut_phrase(recording, start, length, bar, lead_in)
        if _is_playable(phrase):
            segments.append(Segment(recording.name, start, phrase))
    return segments


def cut_phrase(
    recording: Recording, start: float, length: float, bar: float, lead_in: float = LEAD_IN
) -> Phrase:
    """The phrase from beat `start`, `length` beats long, onsets counted from its first beat."""
    onset = recording.notes["onset"]
    inside = (onset >= start - lead_in) & (onset < start + length - lead_in)
    notes = recording.notes[inside].copy()
    notes["onset"] -= start
    pedals = _pedals(recording.pedals, start, length)
    return Phrase(notes, pedals, length, recording.bpm(start, start + length), bar)


def bars_within(bar: float, beats: int) -> float:
    """The length in beats of the most whole bars within `beats`, at least MIN_BEATS long."""
    count = max(1, int(beats // bar))
    while count * bar < MIN_BEATS:
        count += 1
    return count * bar


def _spans(
    recording: Recording, beats: int, lead_in: float
) -> Iterator[tuple[float, float, float]]:
    """(start, length, bar) of each possible segment; a change of metre starts afresh."""
    first = float(recording.notes["onset"].min()) + lead_in
    ends = np.append(recording.bars["beat"][1:], recording.beats)
    for (begin, bar), end in zip(recording.bars.tolist(), ends.tolist(), strict=True):
        length = bars_within(bar, beats)
        if length > MAX_BEATS:
            continue
        start = begin + max(0.0, (first - begin) // bar * bar)
        # The last note may stop short of its bar line: half a bar of it is enough.
        while start + length <= end + bar / 2:
            yield start, length, bar
            start += length


def _pedals(pedals: Pedals, start: float, length: float) -> Pedals:
    """The events inside, after the state of each pedal at the start."""
    before = pedals[pedals["beat"] <= start]
    inside = pedals[(pedals["beat"] > start) & (pedals["beat"] < start + length)]
    state = {SUSTAIN: 0} | {int(event["control"]): int(event["value"]) for event in before}
    rows = [(0.0, control, value) for control, value in sorted(state.items())]
    rows += [(float(e["beat"]) - start, int(e["control"]), int(e["value"])) for e in inside]
    return pedal_array(rows)


def _is_playable(phrase: Phrase) -> bool:
    """Enough notes, and some in both halves: a bar of silence does not loop."""
    onset = phrase.notes["onset"]
    first_half = int((onset < phrase.beats / 2).sum())
    enough = len(onset) >= MIN_NOTES_PER_BEAT * phrase.beats
    return enough and 0 < first_half < len(onset)
