"""How a loop becomes softer, sparser or more of a mood, with all else as it was."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from appliance.copilot import lexicon
from appliance.copilot.answers import RefusedError
from appliance.copilot.choosing import (
    MEASURED,
    Wanted,
    candidates,
    direction_score,
    drawn,
    labelled,
    likeness,
)
from appliance.copilot.edits import Edit, apply_edits, stroke_numbers
from appliance.copilot.loop import (
    Base,
    State,
    based,
    moved,
    refitted,
    scale_to,
    wishing_dynamics,
)
from appliance.copilot.material import Material
from appliance.copilot.measure import density, dynamics
from appliance.copilot.shelf import Shelf
from appliance.copilot.swapping import swapped
from appliance.copilot.table import attribute_of
from appliance.policies.moment import SEED

MOVE = 10.0  # percentiles of the corpus that a named descriptor moves at least
AIM = 16.0  # percentiles aimed at
LEAST_CHANGE = 0.12  # of the loudness, however close the corpus lies
SOFTEST, LOUDEST = 12.0, 120.0
TRIES = 5
THINNINGS = 3  # numbers of strokes that are tried
UNNAMED = ("density", "register", "dynamics", "articulation", "swing")

Columns = Mapping[str, float]
Rows = NDArray[np.int64]


def asked_columns(words: str) -> Columns:
    """What a style or a mood asks of the notes; RefusedError names words that there are."""
    columns = lexicon.columns_of(words)
    if not columns:
        some = ", ".join(list(lexicon.entries())[:60:7])
        raise RefusedError(f"I have no numbers for {words[:40]!r}; I know words like {some}")
    return columns


def progress(
    before: State, after: State, shelf: Shelf, columns: Columns, layer: str | None
) -> float:
    """Percentiles of the corpus that the measured descriptors went in that direction, weighed."""
    total = sum(abs(weight) for name, weight in columns.items() if _measures(name))
    if total == 0:
        return _by_source(before, after, shelf, columns)
    moves = [
        weight * (_rank(after, shelf, name, layer) - _rank(before, shelf, name, layer))
        for name, weight in columns.items()
        if _measures(name)
    ]
    return sum(moves) / total


def _measures(column: str) -> bool:
    return column in MEASURED.values()


def _by_source(before: State, after: State, shelf: Shelf, columns: Columns) -> float:
    """For descriptors that only segments have (syncopation, colour): where the sources stand."""
    if SEED in (before.base.row, after.base.row):
        rows = np.array([after.base.row])
        return (
            0.0 if after.base.row == SEED else direction_score(shelf, rows, columns)[0] * 100 - 50
        )
    rows = np.array([before.base.row, after.base.row])
    score = direction_score(shelf, rows, columns)
    return float(score[1] - score[0]) * 100


def _rank(state: State, shelf: Shelf, column: str, layer: str | None) -> float:
    name = next(name for name, known in MEASURED.items() if known == column)
    value: float | None
    if layer is None:
        measured = state.table[name].measured
        value = float(measured) if isinstance(measured, int | float) else None
    elif name == "dynamics":
        value = dynamics(state.material, layer)
    elif name == "density":
        value = _density_of(state.material, layer)
    else:
        return _rank(state, shelf, column, None)
    return 50.0 if value is None else float(shelf.percentile(column, value))


def _density_of(material: Material, layer: str) -> float:
    part = material.only(material.mask(layer))
    return density(part) if len(part.notes) else 0.0


def unnamed_faults(before: State, after: State, named: set[str]) -> list[str]:
    """Attributes that nobody named and that moved by more than their tolerance."""
    found = []
    for name in UNNAMED:
        old, new = before.table[name].measured, after.table[name].measured
        if MEASURED[name] in named or not isinstance(old, int | float):
            continue
        known = attribute_of(name)
        room = known.tolerance * (abs(old) if known.relative else 1.0)
        if not isinstance(new, int | float) or abs(new - old) > room + 1e-9:
            found.append(f"{name} changed too, from {old:.2f} to {new}")
    return found


def levelled(state: State, shelf: Shelf, down: bool, layer: str | None, number: int) -> State:
    """Softer or louder from now on: every layer, or one, by the same factor."""
    now = dynamics(state.material, layer)
    if now is None:
        raise RefusedError("there is nothing to make softer or louder")
    rank = float(shelf.percentile("mean_velocity", now))
    aim = shelf.value_at("mean_velocity", rank + (-AIM if down else AIM))
    least = now * (1 - LEAST_CHANGE if down else 1 + LEAST_CHANGE)
    target = min(aim, least) if down else max(aim, least)
    factor = float(np.clip(target, SOFTEST, LOUDEST)) / now
    if layer in ("low", "high") and layer not in state.material.names:
        edit: Edit = {"op": "velocity", "layer": layer, "scale": round(factor, 6)}
        return refitted(replace(state, content=(*state.content, edit)), shelf, fresh=True)
    layers = [layer] if layer else list(state.material.names)
    targets = {
        name: round(float(np.clip(mean * factor, SOFTEST, LOUDEST)), 3)
        for name in layers
        if (mean := dynamics(state.material, name)) is not None
    }
    return refitted(wishing_dynamics(state, targets, number), shelf)


def thinned(state: State, shelf: Shelf, layer: str | None) -> State | None:
    """Fewer strokes, the least of the bar first; None where it would leave too few."""
    before = apply_edits(based(state.base, shelf), state.content, shelf)
    onset = before.notes["onset"][before.mask(layer)]
    strokes = int(stroke_numbers(onset)[-1]) + 1 if len(onset) else 0
    now = strokes / before.beats
    rank = float(shelf.percentile("onset_density", now))
    aim = min(shelf.value_at("onset_density", rank - AIM), now * 0.8)
    most = strokes - max(1, int(aim * before.beats))
    for fewer in range(most, max(0, most - THINNINGS), -1):
        edit: Edit = {"op": "thin", "layer": layer, "strokes": fewer}
        found = refitted(replace(state, content=(*state.content, edit)), shelf, fresh=True)
        move = progress(state, found, shelf, {"onset_density": -1.0}, layer)
        good = move >= MOVE and not unnamed_faults(state, found, {"onset_density"})
        if good and not found.table.drifted():
            return found
        if move < MOVE:
            return None
    return None


def directed(state: State, shelf: Shelf, columns: Columns, layer: str | None) -> State | None:
    """A mood by edits of loudness, length and number of notes; None where that does not do."""
    content = list(state.content)
    if weight := columns.get("mean_velocity"):
        edit = _louder(state, shelf, weight > 0, layer)
        content += [edit] if edit else []
    if weight := columns.get("articulation"):
        effect = "legato" if weight > 0 else "staccato"
        content.append({"op": "effect", "effect": effect, "amount": 0.6, "layer": layer})
    if columns.get("onset_density", 0.0) < 0:
        fewer = _strokes_to_lose(state, shelf, layer)
        content += [{"op": "thin", "layer": layer, "strokes": fewer}] if fewer else []
    found = refitted(replace(state, content=tuple(content)), shelf, fresh=True)
    good = progress(state, found, shelf, columns, layer) >= MOVE
    good = good and not unnamed_faults(state, found, set(columns))
    return found if good and not found.table.drifted() else None


def _louder(state: State, shelf: Shelf, up: bool, layer: str | None) -> Edit | None:
    """A change of loudness for this loop; None where a wish stands."""
    now = dynamics(state.material, layer)
    if now is None or state.wishes.dynamics or state.table["dynamics"].locked:
        return None
    rank = float(shelf.percentile("mean_velocity", now))
    target = shelf.value_at("mean_velocity", rank + (AIM if up else -AIM))
    target = max(target, now * (1 + LEAST_CHANGE)) if up else min(target, now * (1 - LEAST_CHANGE))
    velocity = state.material.notes["velocity"][state.material.mask(layer)]
    scale = scale_to(velocity, float(np.clip(target, SOFTEST, LOUDEST)))
    return {"op": "velocity", "layer": layer, "scale": scale}


def _strokes_to_lose(state: State, shelf: Shelf, layer: str | None) -> int:
    before = apply_edits(based(state.base, shelf), state.content, shelf)
    onset = before.notes["onset"][before.mask(layer)]
    strokes = int(stroke_numbers(onset)[-1]) + 1 if len(onset) else 0
    rank = float(shelf.percentile("onset_density", strokes / before.beats))
    aim = shelf.value_at("onset_density", rank - AIM)
    return max(0, strokes - max(2, int(aim * before.beats)))


def recast(
    state: State,
    shelf: Shelf,
    columns: Columns,
    layer: str | None,
    rng: np.random.Generator,
    label: str,
) -> State | None:
    """Another segment that lies in that direction and is else like this one, in its key and
    length; of one layer, that layer of it. With `label`, one that is labelled so."""
    wanted = Wanted(state.expected, state.material.bar, state.material.beats)
    rows, semitones = candidates(shelf, wanted)
    fits = rows != state.base.row
    if label:
        fits &= labelled(shelf, rows, lexicon.heads(label))
    if not layer:
        fits &= _unnamed_near(state, shelf, rows, semitones, columns)
    rows, semitones = rows[fits], semitones[fits]
    ahead = direction_score(shelf, rows, columns) - _own_score(state, shelf, columns)
    if not label:
        good = ahead >= MOVE / 100
        rows, semitones, ahead = rows[good], semitones[good], ahead[good]
    if len(rows) == 0:
        return None
    scores = likeness(state, shelf, rows) + 0.3 * np.minimum(ahead, 0.3)
    for index in drawn(rows, scores, rng)[:TRIES]:
        base = Base(int(rows[index]), int(semitones[index]))
        found = _layer_from(state, shelf, base, layer) if layer else rebased(state, shelf, base)
        if found is None or found.table.drifted():
            continue
        enough = bool(label) or progress(state, found, shelf, columns, layer) >= MOVE
        if enough and not unnamed_faults(state, found, set(columns)):
            return found
    return None


def labelled_as(state: State, shelf: Shelf, words: str) -> bool:
    """Whether the source carries that word as a label, or in its recording's name."""
    if state.base.row == SEED:
        return False
    return bool(labelled(shelf, np.array([state.base.row]), lexicon.heads(words))[0])


def _own_score(state: State, shelf: Shelf, columns: Columns) -> float:
    """Where the loop stands in a direction, 0..1, as far as it is measured."""
    if state.base.row != SEED and not any(_measures(name) for name in columns):
        return float(direction_score(shelf, np.array([state.base.row]), columns)[0])
    total, score = 0.0, 0.0
    for name, weight in columns.items():
        if _measures(name):
            rank = _rank(state, shelf, name, None)
            score += abs(weight) * (rank if weight > 0 else 100 - rank)
            total += abs(weight)
    return score / total / 100 if total else 0.5


def _unnamed_near(
    state: State, shelf: Shelf, rows: Rows, semitones: Rows, columns: Columns
) -> NDArray[np.bool_]:
    """Rows whose unnamed descriptors are within tolerance of this loop's; loudness is matched
    later, and effects are judged when they are heard."""
    fits = np.ones(len(rows), bool)
    for name in ("density", "register", "articulation", "swing"):
        value = state.table[name].measured
        effects = name != "register" and bool(state.wishes.effects)
        if MEASURED[name] in columns or effects or not isinstance(value, int | float):
            continue
        known = attribute_of(name)
        room = known.tolerance * (abs(value) if known.relative else 1.0)
        column = shelf.columns[MEASURED[name]][rows]
        if name == "register":
            column = column + semitones + 12 * state.wishes.octaves
        fits &= np.abs(column - value) <= room
    return fits


def rebased(state: State, shelf: Shelf, base: Base) -> State | None:
    """Another segment in this one's place, as loud, under all wishes; what was added or exchanged
    belonged to the other one."""
    key = moved(shelf.key_of(base.row), base.semitones)
    wishes = state.wishes
    content: tuple[Edit, ...] = tuple({"op": "drop", "layer": one} for one in wishes.dropped)
    fresh = replace(state, base=base, content=content, fitted=(), expected=key)
    plain = apply_edits(based(base, shelf), content, shelf)
    if len(plain.notes) == 0:
        return None
    now = state.table["dynamics"].measured
    if not wishes.dynamics and isinstance(now, int | float):
        scale = scale_to(plain.notes["velocity"], float(now))
        fresh = replace(
            fresh, content=(*content, {"op": "velocity", "layer": None, "scale": scale})
        )
    return refitted(fresh, shelf)


def _layer_from(state: State, shelf: Shelf, base: Base, layer: str) -> State | None:
    """Only that layer of the segment, in the place of this one's."""
    if layer not in ("bass", "chords", "melody"):
        return None
    back = base.semitones - state.shift
    return swapped(state, shelf, base.row, back, (0.0, state.material.beats), [layer])
