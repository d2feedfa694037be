"""Beats of another segment in place of this loop's: what `vary` and `inpaint` share."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.copilot.choosing import Wanted, candidates, likeness
from appliance.copilot.edits import Edit, apply_edits, begins_in
from appliance.copilot.loop import State, based, moved, refitted, scale_to
from appliance.copilot.material import LAYERS, Material
from appliance.copilot.shelf import Shelf

Window = tuple[float, float]
Rows = NDArray[np.int64]
Floats = NDArray[np.float64]


def partners(state: State, shelf: Shelf) -> tuple[Rows, Rows, Floats]:
    """Other segments of this length and metre that reach this key: rows, the semitones that bring
    each to the key of the source, and how near each is."""
    source = moved(shelf.key_of(state.base.row), state.base.semitones)
    material = state.material
    wanted = Wanted(key=source, bar=material.bar, beats=material.beats)
    rows, semitones = candidates(shelf, wanted)
    other = rows != state.base.row
    rows, semitones = rows[other], semitones[other]
    return rows, semitones, likeness(state, shelf, rows)


def swapped(
    state: State, shelf: Shelf, row: int, semitones: int, window: Window, layers: Sequence[str]
) -> State | None:
    """The state with these layers of these beats from that row; None where that cannot be done
    with the loudness of every layer as it was."""
    made = swaps(state, shelf, row, semitones, window, layers)
    if not made:
        return None
    return refitted(replace(state, content=(*state.content, *made)), shelf)


def swaps(
    state: State, shelf: Shelf, row: int, semitones: int, window: Window, layers: Sequence[str]
) -> list[Edit]:
    other = shelf.of_row(row)
    edits: list[Edit] = []
    for layer in layers:
        scale = _scale(plain(state, shelf), other, layer, window)
        if scale is None:
            return []
        place = {"source": shelf.id_of(row), "rotate": 0, "semitones": semitones}
        edits.append({"op": "swap", "layer": layer, "beats": list(window), "scale": scale, **place})
    return edits


def plain(state: State, shelf: Shelf) -> Material:
    """The notes with what is the loop's own, before loudness, effects and key."""
    return apply_edits(based(state.base, shelf), state.content, shelf)


def _scale(here: Material, other: Material, layer: str, window: Window) -> float | None:
    """What brings the new notes to the loudness that leaves their layer's mean as it was."""
    code = LAYERS.index(layer)
    own = here.layers == code
    stays = own & ~begins_in(here, window)
    new = other.notes["velocity"][begins_in(other, window) & (other.layers == code)]
    if len(new) == 0:
        return 1.0 if stays.any() else None
    if not own.any():
        return 1.0
    velocity = here.notes["velocity"].astype(np.float64)
    mean = velocity[own].mean()
    wanted = (mean * (stays.sum() + len(new)) - velocity[stays].sum()) / len(new)
    return scale_to(new, float(wanted)) if 8 <= wanted <= 120 else None


def jaccard(one: Any, other: Any) -> float:
    """Notes in common over notes in all; a note is its onset to 1/48 beat and its pitch."""
    a, b = _cells(one), _cells(other)
    both = len(a | b)
    return len(a & b) / both if both else 1.0


def _cells(notes: Any) -> set[tuple[int, int]]:
    ticks = np.rint(notes["onset"] * 48).astype(int).tolist()
    return set(zip(ticks, notes["pitch"].tolist(), strict=True))


def voices(state: State) -> Iterator[str]:
    """The layers that have notes and could have others: the voices of the source."""
    return (name for name in state.material.names if name in ("bass", "chords", "melody"))
