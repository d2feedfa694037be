"""What a MIDI file holds, in ticks, before it is known what of it is the piano's."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]
Table = NDArray[np.int64]
"""Notes as the four rows start, end (ticks), pitch, velocity; a column a note, by start."""

Tempo = tuple[int, int]
Metre = tuple[int, int, int]

START, END, PITCH, VELOCITY = range(4)
DRUMS = 9


class NotFlawlessError(Exception):
    """A file that bulk reading would misread."""


class Part(NamedTuple):
    """What one channel of one track plays with one program: `size` notes.

    `notes` and `pedals` are called only for parts that are taken, and may raise NotFlawlessError.
    In `notes` a release ends the oldest sounding strike of its key, so overlapping notes of one
    key are still as the file has them. `pedals` gives rows (tick, control, value) in time order.
    """

    track_name: str
    channel: int
    program: int
    size: int
    notes: Callable[[], Table]
    pedals: Callable[[], Rows]


class Parts(NamedTuple):
    """All of a file: `tempos` are (tick, microseconds a beat), `metres` (tick, n, d).

    Both are in time order. `damaged` counts the tracks whose rest could not be understood.
    """

    parts: list[Part]
    tempos: list[Tempo]
    metres: list[Metre]
    damaged: int = 0
