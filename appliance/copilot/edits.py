"""Edits: what a task does to the notes, as data that can be written down and done again.

An edit is a JSON object with `op` and the arguments of that operation. `apply_edits` is a pure
function of the notes, the edits and the corpus, so provenance that holds the edits of a loop is
enough to derive its notes again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from appliance.copilot.effects import EFFECTS
from appliance.copilot.material import LAYERS, Material
from appliance.errors import ApplianceError
from corpus.errors import CorpusError
from corpus.hearing.flat import STROKE
from models.errors import ModelError
from models.notes import transpose

Edit = Mapping[str, Any]


class Library(Protocol):
    """Where other segments come from."""

    def material(self, source: str, rotate: int) -> Material:
        """A segment by its id, entered at a beat; raises CorpusError where there is none."""
        ...


class EditFaultError(ApplianceError, ValueError):
    """What stands in the place of an edit is none, or not one that can be made."""


Operation = Callable[[Material, Edit, Library], Material]


def apply_edits(material: Material, edits: Sequence[Edit], library: Library) -> Material:
    """The notes after all of these edits in turn.

    EditFaultError for what is no edit; ModelError and CorpusError where one cannot be made of
    these notes or this corpus.
    """
    for edit in edits:
        try:
            material = OPERATIONS[edit["op"]](material, edit, library)
        except (ModelError, CorpusError):
            raise
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            raise EditFaultError(f"no such edit can be made: {str(edit)[:80]}") from error
    return material


def _transpose(material: Material, edit: Edit, library: Library) -> Material:
    return replace(material, notes=transpose(material.notes, edit["semitones"]))


def _velocity(material: Material, edit: Edit, library: Library) -> Material:
    """Loudness times `scale`, of a layer or of all."""
    mask = material.mask(edit["layer"])
    notes = material.notes.copy()
    scaled = np.clip(np.rint(notes["velocity"] * edit["scale"]), 1, 127)
    notes["velocity"][mask] = scaled[mask]
    return replace(material, notes=notes)


def _drop(material: Material, edit: Edit, library: Library) -> Material:
    return material.only(~material.mask(edit["layer"]))


def _thin(material: Material, edit: Edit, library: Library) -> Material:
    """The strokes of least metrical weight left out, as many as `strokes`."""
    mask = material.mask(edit["layer"])
    rows = np.flatnonzero(mask)
    stroke = stroke_numbers(material.notes["onset"][rows])
    order = np.argsort(_weights(material, rows, stroke), kind="stable")
    gone = np.isin(stroke, order[: edit["strokes"]])
    keep = np.ones(len(material.notes), bool)
    keep[rows[gone]] = False
    return material.only(keep)


def stroke_numbers(onset: NDArray[np.float64]) -> NDArray[np.int64]:
    """The number of the stroke that each of these onsets, in order of time, belongs to."""
    new = np.diff(onset, prepend=onset[:1]) > STROKE
    return np.cumsum(new)


def _weights(
    material: Material, rows: NDArray[np.int64], stroke: NDArray[np.int64]
) -> NDArray[np.float64]:
    """One value a stroke: 4 on a bar line, 3 on a beat, 2 and 1 on its half and quarters, and how
    loud it is as a fraction."""
    if len(rows) == 0:
        return np.zeros(0)
    first = np.flatnonzero(np.diff(stroke, prepend=-1))
    onset = material.notes["onset"][rows][first]
    loud = np.maximum.reduceat(material.notes["velocity"][rows], first) / 256
    weight = np.zeros(len(first))
    for step, worth in ((0.25, 1.0), (0.5, 2.0), (1.0, 3.0), (material.bar, 4.0)):
        near = np.abs(onset - np.round(onset / step) * step) < STROKE
        weight[near] = worth
    return weight + loud


def _swap(material: Material, edit: Edit, library: Library) -> Material:
    """What begins in `beats` (from, to; from 0) in a layer gives way to that of another segment."""
    other = library.material(edit["source"], edit["rotate"])
    code = LAYERS.index(edit["layer"])
    gone = begins_in(material, edit["beats"]) & (material.layers == code)
    new = other.only(begins_in(other, edit["beats"]) & (other.layers == code))
    return material.only(~gone).joined(_placed(new, edit), new.layers)


def begins_in(material: Material, beats: Sequence[float]) -> NDArray[np.bool_]:
    """The notes whose onset is from the first of these beats (from 0) to before the other."""
    onset = material.notes["onset"]
    inside: NDArray[np.bool_] = (onset >= beats[0]) & (onset < beats[1])
    return inside


def _placed(material: Material, edit: Edit) -> Any:
    """Transposed and scaled; velocities stay within what a key can do."""
    notes = transpose(material.notes, edit["semitones"])
    notes["velocity"] = np.clip(np.rint(notes["velocity"] * edit["scale"]), 1, 127)
    return notes


def _add(material: Material, edit: Edit, library: Library) -> Material:
    """The layer `voice` of another segment as the layer `layer` of this one."""
    other = library.material(edit["source"], edit["rotate"])
    voice = other.only(other.mask(edit["voice"]) & (other.notes["onset"] >= 0))
    layers = np.full(len(voice.notes), LAYERS.index(edit["layer"]), np.uint8)
    return material.joined(_placed(voice, edit), layers)


def _effect(material: Material, edit: Edit, library: Library) -> Material:
    mask = material.mask(edit["layer"])
    if not mask.any():
        return material
    return EFFECTS[edit["effect"]](material, mask, edit["amount"], edit.get("extra", 0.0))


OPERATIONS: dict[str, Operation] = {
    "transpose": _transpose,
    "velocity": _velocity,
    "drop": _drop,
    "thin": _thin,
    "swap": _swap,
    "add": _add,
    "effect": _effect,
}
