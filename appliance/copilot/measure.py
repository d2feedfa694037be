"""The analyser: the one that writes `measured`."""

import numpy as np

from appliance.copilot.effects import gaps, swing_of
from appliance.copilot.material import LAYERS, Material
from appliance.copilot.table import Table, Value
from corpus.hearing.describe import MOST_LEGATO, SHORTEST
from corpus.hearing.flat import Flat, flatten
from corpus.hearing.key import (
    KEYS,
    MINOR_BIAS,
    PROFILES,
    Key,
    evidence,
    pitch_classes,
    standardised,
)
from corpus.hearing.sustain import Sustain
from corpus.hearing.swing import FEELS, rhythm

CONTEXT = 8.0  # nats by which the key that music came in is believed until it is contradicted

_PROFILES = np.concatenate([[np.roll(p, tonic) for tonic in range(12)] for p in PROFILES]).T


def measure(
    material: Material, bpm: float, expected: Key, table: Table | None = None
) -> dict[str, Value]:
    """Every attribute that notes have; `expected` is the key that their sources were found in.

    Rows of a layer in `table` ("dynamics.bass") are measured too.
    """
    flat = flatten([material.phrase(bpm)])
    heard = rhythm(flat)
    key = heard_key(material, expected)
    return {
        "bpm": bpm,
        "key": key.name,
        "mode": key.mode,
        "time_signature": material.bar,
        "length": material.beats,
        "density": len(flat.starts) / material.beats,
        "register": float(material.notes["pitch"].mean()),
        "dynamics": dynamics(material, None),
        "articulation": articulation(material, flat),
        "swing": float(heard.swing_ratio[0]),
        "feel": FEELS[int(heard.feel[0])],
        "layers": material.names,
        **{f"dynamics.{layer}": dynamics(material, layer) for layer in scoped(table)},
    }


def scoped(table: Table | None) -> tuple[str, ...]:
    """The layers whose dynamics have a target of their own."""
    if table is None:
        return ()
    return tuple(
        layer
        for layer in LAYERS
        if (row := table.rows.get(f"dynamics.{layer}")) is not None and row.target is not None
    )


def heard_key(material: Material, expected: Key) -> Key:
    """The key of the notes to a listener who came in `expected`."""
    row = np.zeros(len(material.notes), np.int64)
    histogram, counts = pitch_classes(row, material.notes, 1)
    scores = (standardised(histogram) @ _PROFILES)[0] * evidence(counts)[0]
    scores[KEYS // 2 :] += MINOR_BIAS
    scores[expected.index % KEYS] += CONTEXT
    chances = np.exp(scores - scores.max())
    return Key.likeliest(chances / chances.sum())


def density(material: Material) -> float:
    """Strokes a beat, as the corpus counts them."""
    return len(flatten([material.phrase(60.0)]).starts) / material.beats


def dynamics(material: Material, layer: str | None) -> float | None:
    """Mean velocity of what is played, effects left out; None where nothing is."""
    mask = material.played & material.mask(layer)
    return float(material.notes["velocity"][mask].mean()) if mask.any() else None


def articulation(material: Material, flat: Flat) -> float:
    """Median of how long a note sounds against the time to the next of its layer."""
    sounds = Sustain.of([material.phrase(60.0)]).released(flat) - flat.onset
    gap = np.ones(len(material.notes))
    for code in np.unique(material.layers).tolist():
        rows = material.layers == code
        gap[rows] = gaps(material.notes["onset"][rows], material.beats)
    return float(np.median(np.minimum(sounds / np.maximum(gap, SHORTEST), MOST_LEGATO)))


def swing_confidence(material: Material) -> float:
    return swing_of(material)[1]
