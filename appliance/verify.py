"""Proof that every sounding note is the artist's: the performance derived again, note by note.

From provenance, the seed and the bundle follow the notes that should have sounded. Every note of
performance.mid must be one of them, none may be longer than it was planned, and each that did not
sound must be explained by the journal: cut by a stop, or left out for a reason that it names.
"""

import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from appliance.arranger import CONTROL, NOTE_ON, Loop, arrange, let_go, messages
from appliance.copilot.shelf import Shelf
from appliance.edits import EditError, edited
from appliance.errors import SessionFolderError, VerificationError
from appliance.folder import (
    EVENTS,
    PERFORMANCE,
    PROVENANCE,
    Grid,
    Played,
    read_grid,
    read_lines,
    read_performance,
    read_seed,
    read_session,
    write_performance,
)
from appliance.policies.moment import SEED
from appliance.verify_rounds import Edits, as_said, check_rounds, parted
from corpus.cutting.rotation import rotated
from corpus.keeping.bundle import Bundle
from corpus.midiwrite import to_tick
from models.notes import Phrase

NEAR = 1  # ticks
SEED_NEAR = 0.005  # beats: the seed is written in ticks, the journal in microseconds
LEAD_ROOM = 1.0  # beats; no lead-in is longer


@dataclass(frozen=True)
class Verified:
    """What was proved: notes of the system, loops, notes left out with a reason, and rounds of
    conversation."""

    notes: int
    loops: int
    left_out: int
    rounds: int = 0


@dataclass(frozen=True)
class _Reasons:
    """Why a planned note may be missing or short; `ended` when the journal came to its end."""

    cut: float
    omitted: set[tuple[int, int]]
    let_go: set[tuple[int, int]]
    ended: bool

    def explain(self, note: Played) -> bool:
        near = range(note.start - NEAR, note.start + NEAR + 1)
        after_cut = note.start >= to_tick(self.cut) - NEAR
        return after_cut or any((tick, note.pitch) in self.omitted for tick in near)

    def explain_end(self, note: Played) -> bool:
        near = range(note.end - NEAR, note.end + NEAR + 1)
        if note.end >= to_tick(self.cut) - NEAR:
            return True
        return any((tick, note.pitch) in self.let_go for tick in near)


def verify_session(folder: Path, bundle: Bundle) -> Verified:
    """Raise VerificationError, naming the first fault, unless all of it holds together."""
    session = read_session(folder)
    if session["bundle"]["sha256"] != bundle.sha256:
        raise SessionFolderError(
            f"{folder}: played with another bundle ({session['bundle']['name']},"
            f" {session['bundle']['sha256'][:12]}); give that one with --corpus"
        )
    if session["stuck_notes"]:
        raise VerificationError(f"{folder}: {session['stuck_notes']} notes were never let go")
    shelf = Shelf(bundle, read_seed(folder, read_grid(folder), float(session["seed"]["beats"])))
    loops = _derive(folder, shelf)
    reasons = _reasons(folder)
    if reasons.ended and session["loops"] != len(loops):
        raise VerificationError(f"{folder}: {session['loops']} loops said, {len(loops)} written")
    _check_seed(folder, loops[0])
    _check_performance(folder)
    _check_pedals(folder, loops, reasons)
    played = read_performance(folder)["system"]
    left_out = _compare(folder, _planned(loops), played, reasons)
    rounds = check_rounds(folder, shelf, reasons.ended)
    return Verified(len(played), len(loops), left_out, rounds)


def _derive(folder: Path, shelf: Shelf) -> list[Loop]:
    """The loops that provenance tells of, from the seed and the bundle alone."""
    grid = read_grid(folder)
    loops: list[Loop] = []
    for line in read_lines(folder, PROVENANCE):
        number = len(loops)
        if line["loop"] != number or (loops and line["start_beat"] != loops[-1].end):
            raise VerificationError(f"{folder}: loop {line['loop']} is out of place on the grid")
        phrase, semitones = _sounded(folder, line, shelf)
        _check_tempo(folder, line, grid, phrase.bpm)
        if line["beats"] != phrase.beats:
            raise VerificationError(f"{folder}: loop {number} is not as long as what it says it is")
        start, scale = line["start_beat"], line["velocity_scale"]
        loops.append(arrange(number, start, phrase, semitones, scale))
    if not loops:
        raise VerificationError(f"{folder}: {PROVENANCE} is empty")
    return loops


def _sounded(folder: Path, line: dict[str, Any], shelf: Shelf) -> tuple[Phrase, int]:
    """What a line of provenance says, after all edits, and by how much it is still transposed."""
    source = _source(folder, line, shelf)
    turned = rotated(source, _beat_it_begins_at(folder, line, source))
    said, rest = parted(line["edits"])
    if not said:
        return _edited(folder, line, turned, rest), line["transpose"]
    row = SEED if line["source"] == "seed" else shelf.bundle.row(line["source"])
    return _edited(folder, line, as_said(folder, line, row, shelf), rest), 0


def _source(folder: Path, line: dict[str, Any], shelf: Shelf) -> Phrase:
    bundle = shelf.bundle
    if line["source"] != "seed":
        row = bundle.row(line["source"])
        _check_origin(folder, line, bundle.segments[row])
        return bundle.phrase(row)
    if line["loop"] == 0 and (line["edits"] or line["transpose"] or line["rotate_beats"]):
        raise VerificationError(f"{folder}: the first loop is not the seed as it was played")
    return shelf.phrase(SEED)


def _edited(folder: Path, line: dict[str, Any], phrase: Phrase, edits: Edits) -> Phrase:
    """The source after the edits that are written down; made again, none of them is believed."""
    try:
        return edited(phrase, edits)
    except EditError as error:
        raise VerificationError(f"{folder}: loop {line['loop']}: {error}") from error


def _beat_it_begins_at(folder: Path, line: dict[str, Any], source: Phrase) -> int:
    beat = float(line["rotate_beats"])
    if not (beat.is_integer() and 0 <= beat < source.beats):
        number = line["loop"]
        raise VerificationError(f"{folder}: loop {number} begins at beat {beat:g} of its source")
    return int(beat)


def _check_origin(folder: Path, line: dict[str, Any], segment: Any) -> None:
    begin = float(segment["start_beat"])
    said = (line["track"], line["source_beats"])
    if said != (str(segment["track"]), [begin, begin + float(segment["beats"])]):
        raise VerificationError(f"{folder}: loop {line['loop']} names a source that it is not")


def _check_tempo(folder: Path, line: dict[str, Any], grid: Grid, source_bpm: float) -> None:
    """A change within the lead-in may come before or after the line was written."""
    start = line["start_beat"]
    before = [bpm for beat, bpm in grid.tempos if beat <= start - LEAD_ROOM]
    near = [bpm for beat, bpm in grid.tempos if abs(beat - start) < LEAD_ROOM]
    if all(abs(line["tempo_scale"] - bpm / source_bpm) > 1e-3 for bpm in [*before[-1:], *near]):
        raise VerificationError(f"{folder}: loop {line['loop']} was not played at that tempo")


def _check_seed(folder: Path, first: Loop) -> None:
    """Every note of the seed was played by the pianist, before the loop began; what is replayed
    was, in another session."""
    grid = read_grid(folder)
    if grid.source == "replay":
        return
    played: dict[tuple[int, int], list[float]] = defaultdict(list)
    for line in read_lines(folder, EVENTS):
        if line.get("who") == "player" and "beat" not in line:
            data = bytes.fromhex(line["midi"])
            if data[0] & 0xF0 == NOTE_ON and data[2]:
                beat = line["t"] * grid.tempos[0][1] / 60
                played[data[1], data[2]].append(beat)
    taken = round(first.start - grid.first_tap)  # beats between the taps; the loop may repeat them
    for onset, _, pitch, velocity in first.notes.tolist():
        wanted = (onset - first.start + LEAD_ROOM) % taken - LEAD_ROOM
        if to_tick(wanted) <= 0:
            continue  # before the first tap, or with it, the journal had not begun
        if all(abs(beat - wanted) > SEED_NEAR for beat in played[pitch, velocity]):
            raise VerificationError(f"{folder}: key {pitch} of the seed was not played as one")


def _check_performance(folder: Path) -> None:
    """performance.mid says what the journal says, and nothing else."""
    said = (folder / PERFORMANCE).read_bytes()
    with tempfile.TemporaryDirectory() as place:
        for name in (EVENTS, PROVENANCE):
            (Path(place) / name).write_bytes((folder / name).read_bytes())
        write_performance(Path(place))
        if (Path(place) / PERFORMANCE).read_bytes() != said:
            read_performance(folder)  # may know better what is wrong with it
            raise VerificationError(f"{folder}: {PERFORMANCE} is not what {EVENTS} has")


def _check_pedals(folder: Path, loops: list[Loop], reasons: _Reasons) -> None:
    """Every pedal movement is one of the sources', or the letting go at the end."""
    planned = {
        (to_tick(float(event["beat"])), int(event["data"][0]), int(event["data"][1]))
        for last in (False, True)
        for event in messages(loops, last)
        if event["status"] == CONTROL
    }
    for line in read_lines(folder, EVENTS):
        data = bytes.fromhex(line.get("midi", "00"))
        if line.get("who") != "system" or data[0] & 0xF0 != CONTROL:
            continue
        tick = to_tick(line["beat"])
        known = any((near, data[1], data[2]) in planned for near in (tick, tick - 1, tick + 1))
        if not known and not (data[2] == 0 and line["beat"] >= reasons.cut - 1e-6):
            raise VerificationError(f"{folder}: a pedal moves at tick {tick}; no source has it")


def _planned(loops: list[Loop]) -> list[Played]:
    planned: list[Played] = []
    for index, loop in enumerate(loops):
        # A key of this loop can be struck again by the next one, so both are looked at together.
        notes = loop.notes
        following = loops[index + 1].notes if index + 1 < len(loops) else notes[:0]
        both = np.concatenate([notes, following])
        struck, ends = let_go(both)
        for note, end, sounds in zip(notes.tolist(), ends.tolist(), struck.tolist(), strict=False):
            onset, _, pitch, velocity = note
            if sounds:
                start = to_tick(onset)
                planned.append(Played(start, max(start + 1, to_tick(end)), pitch, velocity))
    return planned


def _reasons(folder: Path) -> _Reasons:
    cut = float("inf")
    omitted: set[tuple[int, int]] = set()
    let_go: set[tuple[int, int]] = set()
    ended = False
    last_end = last_beat = 0.0
    for line in read_lines(folder, PROVENANCE):
        last_end = line["start_beat"] + line["beats"]
    for line in read_lines(folder, EVENTS):
        ended |= line.get("event") == "end"
        if line.get("event") == "cut":
            cut = min(cut, line["beat"])
        elif "midi" in line and line["who"] == "system":
            last_beat = max(last_beat, line["beat"])
            found = (to_tick(line["beat"]), bytes.fromhex(line["midi"])[1])
            if "omitted" in line:
                omitted.add(found)
            elif "early" in line:
                let_go.add(found)
    if not ended:  # a power cut
        cut = min(cut, last_beat)
    return _Reasons(min(cut, last_end), omitted, let_go, ended)


def _compare(folder: Path, planned: list[Played], played: list[Played], reasons: _Reasons) -> int:
    """Match each played note with a planned one; return how many planned ones were left out."""
    free: dict[tuple[int, int], list[Played]] = defaultdict(list)
    for note in planned:
        free[note.pitch, note.velocity].append(note)
    for note in played:
        candidates = free[note.pitch, note.velocity]
        match = min(candidates, key=lambda one: abs(one.start - note.start), default=None)
        if match is None or abs(match.start - note.start) > NEAR:
            raise VerificationError(
                f"{folder}: key {note.pitch} at tick {note.start} is not the artist's:"
                " no source has it"
            )
        if note.end > match.end + NEAR:
            raise VerificationError(
                f"{folder}: key {note.pitch} at tick {note.start} is held"
                f" {note.end - match.end} ticks too long"
            )
        if note.end < match.end - NEAR and not reasons.explain_end(note):
            raise VerificationError(
                f"{folder}: key {note.pitch} at tick {note.start} is let go"
                f" {match.end - note.end} ticks early, and nothing says why"
            )
        candidates.remove(match)
    left = [note for notes in free.values() for note in notes]
    unexplained = [note for note in left if not reasons.explain(note)]
    if unexplained:
        note = min(unexplained)
        raise VerificationError(
            f"{folder}: key {note.pitch} at tick {note.start} is missing, and nothing says why"
        )
    return len(left)
