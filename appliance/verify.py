"""Proof that every sounding note is the artist's: the performance derived again, note by note.

From provenance, the seed and the bundle follow the notes that should have sounded. Every note of
performance.mid must be one of them, none may be longer than it was planned, and each that did not
sound must be explained by the journal: cut by a stop, or left out for a reason that it names.
"""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from appliance.arranger import Loop, arrange, let_go
from appliance.errors import SessionFolderError
from appliance.folder import (
    EVENTS,
    PROVENANCE,
    Played,
    read_grid,
    read_lines,
    read_performance,
    read_seed,
    read_session,
)
from corpus.bundle import Bundle
from corpus.midifile import to_tick

NEAR = 1  # ticks


class VerificationError(SessionFolderError):
    """The folder is readable, but what it holds does not hold together."""


@dataclass(frozen=True)
class Verified:
    """What was proved: notes of the system, loops, and notes left out with a reason."""

    notes: int
    loops: int
    left_out: int


@dataclass(frozen=True)
class _Reasons:
    """Why a planned note may be missing."""

    cut: float
    omitted: set[tuple[int, int]]

    def explain(self, note: Played) -> bool:
        near = range(note.start - NEAR, note.start + NEAR + 1)
        after_cut = note.start >= to_tick(self.cut) - NEAR
        return after_cut or any((tick, note.pitch) in self.omitted for tick in near)


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
    loops = _derive(folder, bundle, float(session["seed"]["beats"]))
    played = read_performance(folder)["system"]
    left_out = _compare(folder, _planned(loops), played, _reasons(folder))
    return Verified(len(played), len(loops), left_out)


def _derive(folder: Path, bundle: Bundle, seed_beats: float) -> list[Loop]:
    """The loops that provenance tells of, from the seed and the bundle alone."""
    grid = read_grid(folder)
    seed = read_seed(folder, grid, seed_beats)
    loops: list[Loop] = []
    for line in read_lines(folder, PROVENANCE):
        number = len(loops)
        if line["loop"] != number or (loops and line["start_beat"] != loops[-1].end):
            raise VerificationError(f"{folder}: loop {line['loop']} is out of place on the grid")
        if line["source"] == "seed":
            phrase = seed
        else:
            row = bundle.row(line["source"])
            _check_origin(folder, line, bundle.segments[row])
            phrase = bundle.phrase(row)
        if line["beats"] != phrase.beats or line["rotate_beats"] or line["edits"]:
            raise VerificationError(f"{folder}: loop {number} is not its source as it stands")
        start, scale = line["start_beat"], line["velocity_scale"]
        loops.append(arrange(number, start, phrase, line["transpose"], scale))
    if not loops:
        raise VerificationError(f"{folder}: {PROVENANCE} is empty")
    return loops


def _check_origin(folder: Path, line: dict[str, Any], segment: Any) -> None:
    begin = float(segment["start_beat"])
    said = (line["track"], line["source_beats"])
    if said != (str(segment["track"]), [begin, begin + float(segment["beats"])]):
        raise VerificationError(f"{folder}: loop {line['loop']} names a source that it is not")


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
    last_end = 0.0
    for line in read_lines(folder, PROVENANCE):
        last_end = line["start_beat"] + line["beats"]
    for line in read_lines(folder, EVENTS):
        if line.get("event") == "cut":
            cut = min(cut, line["beat"])
        elif "omitted" in line:
            omitted.add((to_tick(line["beat"]), bytes.fromhex(line["midi"])[1]))
    return _Reasons(min(cut, last_end), omitted)


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
        candidates.remove(match)
    left = [note for notes in free.values() for note in notes]
    unexplained = [note for note in left if not reasons.explain(note)]
    if unexplained:
        note = min(unexplained)
        raise VerificationError(
            f"{folder}: key {note.pitch} at tick {note.start} is missing, and nothing says why"
        )
    return len(left)
