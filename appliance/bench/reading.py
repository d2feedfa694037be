"""How fast MIDI files become note arrays, beside pretty_midi."""

import warnings
from collections.abc import Callable, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from corpus.reading.midifile import read_recording

_OURS_A_BLOCK = 50  # files; both readers get about the same time
_THEIRS_A_BLOCK = 1


def reading_speed(
    files: Sequence[Path], seconds: float, clock: Callable[[], float]
) -> dict[str, float]:
    """Files a second, from the disk to arrays of notes with their tempo map, for both readers.

    They take turns in short blocks over the same files, so that whatever else the machine does
    slows both alike. `clock` counts seconds; at least one block of each is timed.
    """
    from pretty_midi import PrettyMIDI

    ours, theirs = cycle(files), cycle(files)
    spent = {"ours": 0.0, "theirs": 0.0}
    blocks = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pretty_midi's, about tempo changes off the first track
        while blocks == 0 or sum(spent.values()) < seconds:
            spent["ours"] += _timed(read_recording, list(islice(ours, _OURS_A_BLOCK)), clock)
            names = [str(file) for file in islice(theirs, _THEIRS_A_BLOCK)]
            spent["theirs"] += _timed(PrettyMIDI, names, clock)
            blocks += 1
    ours_speed = blocks * _OURS_A_BLOCK / spent["ours"]
    pretty_speed = blocks * _THEIRS_A_BLOCK / spent["theirs"]
    return {
        "ours_files_per_s": ours_speed,
        "pretty_midi_files_per_s": pretty_speed,
        "ratio": ours_speed / pretty_speed,
    }


def _timed(
    read: Callable[[Any], object], files: Sequence[Any], clock: Callable[[], float]
) -> float:
    start = clock()
    for file in files:
        read(file)
    return clock() - start
