"""Round trips: notes to MIDI and back, and a bundle to MIDI files and back to a bundle."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpus import demo
from corpus.building.build import BuildSettings, build_bundle
from corpus.keeping.bundle import Bundle, open_bundle
from corpus.keeping.export import export_bundle
from corpus.midiwrite import TICKS_PER_BEAT, write_phrase
from corpus.reading.midifile import read_recording
from models.notes import Phrase

STRETCH = np.pi / 3  # takes notes off the ticks that they were written on
SAME_TEMPO = 1e-5  # a file holds the length of a beat in whole microseconds


@dataclass
class Compared:
    """What was compared; `different` counts pieces with other notes, pedals, bars or tempo."""

    pieces: int = 0
    notes: int = 0
    pedals: int = 0
    different: int = 0
    largest_ticks: float = 0.0

    def add(self, wanted: Phrase, found: Phrase) -> None:
        self.pieces += 1
        self.notes += len(wanted.notes)
        self.pedals += len(wanted.pedals)
        if not _alike(wanted, found):
            self.different += 1
            return
        self.largest_ticks = max(self.largest_ticks, _ticks_apart(wanted, found))

    def figures(self) -> dict[str, Any]:
        return {
            "pieces": self.pieces,
            "notes": self.notes,
            "pedals": self.pedals,
            "different": self.different,
            "largest_difference_ticks": round(self.largest_ticks, 4),
            "within_a_tick": self.different == 0 and self.largest_ticks <= 1 + 1e-6,
        }


def round_trip_figures(songs: Sequence[Path], whole: Sequence[Path]) -> dict[str, Any]:
    """Of `whole` recordings as they are, and of the segments of a bundle of `songs`; each with
    the demo corpus."""
    takes = demo.recordings()
    with tempfile.TemporaryDirectory(prefix="smartlooper-round-") as folder:
        return {
            "notes_midi_notes": notes_there_and_back([*takes, *whole], Path(folder)),
            "bundle_midi_bundle": bundle_there_and_back([*takes, *songs], Path(folder)),
        }


def notes_there_and_back(files: Sequence[Path], folder: Path) -> dict[str, Any]:
    """Recordings, stretched so that hardly a note falls on a tick, written and read."""
    compared = Compared()
    for file in files:
        wanted = _stretched(read_recording(file).phrase())
        write_phrase(folder / "there.mid", wanted, file.stem)
        back = read_recording(folder / "there.mid")
        bars, bpm = float(back.bars["value"][0]), back.bpm(0.0, max(1.0, back.beats))
        compared.add(wanted, Phrase(back.notes, back.pedals, wanted.beats, bpm, bars))
    return compared.figures()


def bundle_there_and_back(files: Sequence[Path], folder: Path) -> dict[str, Any]:
    """A bundle, exported, and a bundle built from that: the same segments of the same tracks."""
    settings = BuildSettings("pitch-histogram")
    build_bundle(files, folder / "there", settings)
    there = open_bundle(folder / "there")
    export_bundle(there, folder / "midi")
    build_bundle([folder / "midi"], folder / "back", settings)
    compared = Compared()
    for wanted, found in _pairs(there, open_bundle(folder / "back")):
        compared.add(wanted, found)
    figures = compared.figures()
    figures["different"] += len(there) - compared.pieces
    return figures | {"within_a_tick": figures["within_a_tick"] and len(there) == compared.pieces}


def _pairs(there: Bundle, back: Bundle) -> list[tuple[Phrase, Phrase]]:
    """The segments of both, track by track and in order of time."""
    rows = [_rows_by_track(bundle) for bundle in (there, back)]
    return [
        (there.phrase(one), back.phrase(other))
        for track, own in rows[0].items()
        for one, other in zip(own, rows[1].get(track, []), strict=False)
    ]


def _rows_by_track(bundle: Bundle) -> dict[str, list[int]]:
    rows: dict[str, list[int]] = {}
    for row in np.argsort(bundle.segments["start_beat"], kind="stable").tolist():
        rows.setdefault(str(bundle.segments["track"][row]), []).append(row)
    return rows


def _stretched(phrase: Phrase) -> Phrase:
    notes, pedals = phrase.notes.copy(), phrase.pedals.copy()
    notes["onset"] *= STRETCH
    notes["duration"] *= STRETCH
    pedals["beat"] *= STRETCH
    return replace(phrase, notes=notes, pedals=pedals)


def _alike(wanted: Phrase, found: Phrase) -> bool:
    """Whether all that is no time is the same: notes in order of their ticks, pedals, metre."""
    return (
        _texts(_ordered(wanted), "pitch", "velocity")
        == _texts(_ordered(found), "pitch", "velocity")
        and _texts(_moves(wanted), "control", "value") == _texts(_moves(found), "control", "value")
        and (wanted.beats, wanted.bar) == (found.beats, found.bar)
        and abs(wanted.bpm - found.bpm) <= SAME_TEMPO * wanted.bpm
    )


def _texts(rows: NDArray[Any], *fields: str) -> list[Any]:
    listed: list[Any] = rows[list(fields)].tolist()
    return listed


def _ordered(phrase: Phrase) -> NDArray[Any]:
    notes = phrase.notes
    order = np.lexsort((notes["pitch"], np.rint(notes["onset"] * TICKS_PER_BEAT)))
    ordered: NDArray[Any] = notes[order]
    return ordered


def _moves(phrase: Phrase) -> NDArray[Any]:
    """The pedal events in order of their ticks; of one pedal's at one tick the last counts."""
    pedals = phrase.pedals[::-1]
    place = np.rint(pedals["beat"] * TICKS_PER_BEAT) * 128 + pedals["control"]
    last: NDArray[Any] = pedals[np.unique(place, return_index=True)[1]]
    return last


def _ticks_apart(wanted: Phrase, found: Phrase) -> float:
    """The largest difference of two phrases that are alike, in ticks."""
    one, other = _ordered(wanted), _ordered(found)
    pairs = [(one[field], other[field]) for field in ("onset", "duration")]
    pairs.append((_moves(wanted)["beat"], _moves(found)["beat"]))
    return max(float(np.abs(a - b).max(initial=0.0)) for a, b in pairs) * TICKS_PER_BEAT
