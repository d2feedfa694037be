"""Another loop from the corpus, by what was asked of it: what the `..._to_loop` tasks share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from appliance.copilot import lexicon
from appliance.copilot.answers import Args, RefusedError
from appliance.copilot.choosing import (
    MEASURED,
    Wanted,
    candidates,
    direction_score,
    drawn,
    labelled,
)
from appliance.copilot.desk import Desk
from appliance.copilot.loop import Base, State, refitted, without_dynamics
from appliance.copilot.material import LAYERS
from appliance.copilot.shelf import Shelf
from corpus.hearing.key import Key, parse_key

TRIES = 4
SIDE = 50.0  # the corpus median, in percentiles
TEMPO_WORDS = {-2: 0.7, -1: 0.85, 1: 1.15, 2: 1.3}


@dataclass(frozen=True)
class Asked:
    """What a loop was asked to be, in numbers: columns and their directions, and labels."""

    columns: Mapping[str, float]
    labels: tuple[str, ...]
    layer: str | None
    key: Key | None
    bpm: float


def asked_of(args: Args, state: State) -> Asked:
    """The arguments in numbers; a key or a tempo that stands is asked for too."""
    columns: dict[str, float] = {}
    for name in ("style", "mood"):
        columns |= lexicon.columns_of(str(args.get(name, "")))
    if "density" in args:
        columns["onset_density"] = 2.0 if args["density"] == "dense" else -2.0
    if "dynamics" in args:
        columns["mean_velocity"] = 2.0 if args["dynamics"] == "loud" else -2.0
    key = str(args.get("key") or state.wishes.key)
    if state.table["key"].locked:
        key = state.key.name
    bpm = float(args.get("bpm", state.bpm))
    return Asked(
        columns,
        lexicon.heads(str(args.get("style", ""))),
        args.get("layer"),
        parse_key(key) if key else None,
        bpm,
    )


def found_loop(desk: Desk, args: Args) -> Desk:
    """The state with such a loop, under the wishes that stand; RefusedError names the nearest."""
    state, shelf = desk.state, desk.shelf
    if "dynamics" in args:
        state = without_dynamics(state, LAYERS)
    asked = asked_of(args, state)
    rows, semitones = reachable(asked, state, shelf)
    scores = wanted_scores(asked, shelf, rows)
    return taken(desk, args, asked, state, rows, semitones, scores)


def taken(
    desk: Desk,
    args: Args,
    asked: Asked,
    state: State,
    rows: NDArray[np.int64],
    semitones: NDArray[np.int64],
    scores: NDArray[np.float64],
    rotations: NDArray[np.int64] | None = None,
) -> Desk:
    """The best of these rows that holds all that stands and all that was asked."""
    second: Desk | None = None
    for index in drawn(rows, scores, desk.rng)[:TRIES]:
        turn = int(rotations[index]) if rotations is not None else 0
        found = _on(desk, state, args, asked, Base(int(rows[index]), int(semitones[index]), turn))
        if found is None or found.table.drifted():
            continue
        after = desk.with_state(found)
        if not missed(found, desk.shelf, asked):
            return after.saying(f"{desk.shelf.id_of(int(rows[index]))}, {found.key.name}")
        second = second or after.saying("the best there is: " + desk.shelf.id_of(int(rows[index])))
    if second is None:
        raise RefusedError("nothing in the corpus is that and keeps to what stands and is locked")
    return second


def reachable(
    asked: Asked, state: State, shelf: Shelf
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    wanted = Wanted(asked.key, state.material.bar, None, asked.bpm, asked.layer)
    if state.table["length"].locked:
        wanted = replace(wanted, beats=state.material.beats)
    rows, semitones = candidates(shelf, wanted)
    other = rows != state.base.row
    if not other.any():
        raise RefusedError(_nearest(asked, wanted, shelf))
    return rows[other], semitones[other]


def _nearest(asked: Asked, wanted: Wanted, shelf: Shelf) -> str:
    """Which wish was one too many, and what there would be without it."""
    for name, value in (("bpm", None), ("key", None), ("layer", None)):
        rows, _ = candidates(shelf, replace(wanted, **{name: value}))
        if len(rows):
            row = int(rows[np.argmin(np.abs(shelf.numbers["bpm"][rows] - asked.bpm))])
            where = f"{shelf.key_of(row).name} at {shelf.bpm_of(row):.0f} BPM"
            return f"nothing fits; the nearest is {shelf.id_of(row)}, {where}"
    return "nothing in the corpus has that metre"


def wanted_scores(asked: Asked, shelf: Shelf, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    scores = direction_score(shelf, rows, asked.columns)
    if asked.labels:
        scores = scores + 0.5 * labelled(shelf, rows, asked.labels)
    return scores


def _on(desk: Desk, state: State, args: Args, asked: Asked, base: Base) -> State | None:
    wishes, table = state.wishes, state.table.faded()
    if "key" in args and asked.key is not None:
        wishes = replace(wishes, key=asked.key.name, octaves=0)
        table = table.wished("key", asked.key.name, desk.number)
    if "bpm" in args:
        table = table.wished("bpm", asked.bpm, desk.number)
    for name in ("style", "mood"):
        if name in args:
            numbers = lexicon.numbers_of(str(args[name]))
            table = table.wished(name, str(args[name]), desk.number, numbers)
            table = table.with_row(name, measured=str(args[name]))
    dropped = [] if asked.layer is None else _all_but(asked.layer, base, desk.shelf)
    if dropped is None:
        return None
    content = tuple({"op": "drop", "layer": one} for one in (*wishes.dropped, *dropped))
    names = set(desk.shelf.of_row(base.row).names) - {edit["layer"] for edit in content}
    if not names:
        return None
    fresh = replace(
        state, base=base, content=content, fitted=(), wishes=wishes, table=table, bpm=asked.bpm
    )
    return refitted(fresh, desk.shelf)


def _all_but(layer: str, base: Base, shelf: Shelf) -> list[str] | None:
    names = shelf.of_row(base.row).names
    if layer in ("low", "high"):
        return []
    return [name for name in names if name != layer] if layer in names else None


def missed(state: State, shelf: Shelf, asked: Asked) -> Sequence[str]:
    """The asked descriptors that are not on the asked side of the corpus median."""
    found = []
    for name, column in MEASURED.items():
        weight, value = asked.columns.get(column), state.table[name].measured
        if weight and isinstance(value, int | float):
            rank = float(shelf.percentile(column, float(value)))
            if (rank - SIDE) * weight < 0:
                found.append(name)
    return found


def tempo_of(numbers: Mapping[str, float], bpm: float) -> float | None:
    """A tempo for words that speak of one: a share of the tempo that there is."""
    word = int(np.clip(round(numbers.get("tempo", 0.0)), -2, 2))
    return round(bpm * TEMPO_WORDS[word], 1) if word else None
