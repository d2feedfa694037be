"""The loop as the copilot has it: a source, the edits on it, the wishes that stand, the table.

Edits are applied in this order: *content*, which is this loop's own (what was dropped, swapped,
added, thinned); then what follows from the wishes that stand: dynamics, effects, transposition.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from appliance.copilot.answers import RefusedError
from appliance.copilot.edits import Edit, apply_edits
from appliance.copilot.effects import swing_bend
from appliance.copilot.material import HIGHEST_KEY, LOWEST_KEY, Material
from appliance.copilot.measure import measure
from appliance.copilot.shelf import Shelf, raised
from appliance.copilot.table import Table
from corpus.hearing.key import Key, parse_key

NEAREST = np.array([0, -12, 12])
CLOSE_ENOUGH = 0.1  # velocity: how near a scaling comes to what was wished, where it can
STEPS = 8
LOUDEST_SCALE = 16.0


@dataclass(frozen=True)
class Base:
    """What the notes come from, before any edit: a row (or SEED), transposed and turned."""

    row: int
    semitones: int = 0
    rotate: int = 0


@dataclass(frozen=True)
class Wishes:
    """What stands while the groove goes on.

    `key` is a key's name, `octaves` how many octaves from the nearest place; `dynamics` (layer,
    mean velocity) pairs, "" for every layer that has none; `effects` (effect, amount, layer or "")
    in the order they were asked for; `dropped` layers.
    """

    key: str = ""
    octaves: int = 0
    dynamics: tuple[tuple[str, float], ...] = ()
    effects: tuple[tuple[str, float, str], ...] = ()
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class State:
    """One moment of the copilot; a value. `hash` is equal where all that counts is equal."""

    base: Base
    material: Material
    bpm: float
    table: Table
    expected: Key  # of the sources, as they sound
    content: tuple[Edit, ...] = ()
    fitted: tuple[Edit, ...] = ()
    wishes: Wishes = Wishes()

    @property
    def edits(self) -> tuple[Edit, ...]:
        """Everything that was done to the source, in order: what goes into provenance."""
        return (*self.content, *self.fitted)

    @property
    def key(self) -> Key:
        return parse_key(str(self.table["key"].measured))

    @property
    def shift(self) -> int:
        """Semitones by which the wishes move what the content left."""
        return sum(int(e["semitones"]) for e in self.fitted if e["op"] == "transpose")

    @property
    def hash(self) -> str:
        said = {
            "base": [self.base.row, self.base.semitones, self.base.rotate],
            "bpm": self.bpm,
            "edits": [dict(edit) for edit in self.edits],
            "wishes": str(self.wishes),
            "table": self.table.to_json(),
        }
        digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode())
        for array in (self.material.notes, self.material.layers, self.material.pedals):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


def begin(base: Base, bpm: float, shelf: Shelf) -> State:
    """The state as the copilot finds the music: nothing asked for yet."""
    material = based(base, shelf)
    expected = moved(shelf.key_of(base.row), base.semitones)
    state = State(base, material, bpm, Table.empty(), expected)
    return remeasured(state, shelf)


def based(base: Base, shelf: Shelf) -> Material:
    """The source as it sounds before any edit."""
    return raised(shelf.of_row(base.row, base.rotate), base.semitones)


def derive(base: Base, edits: Sequence[Edit], shelf: Shelf) -> Material:
    """The notes again from what provenance says: the proof of every edit."""
    return apply_edits(based(base, shelf), edits, shelf)


def moved(key: Key, semitones: int) -> Key:
    return replace(key, tonic=(key.tonic + semitones) % 12)


def refitted(state: State, shelf: Shelf, fresh: bool = False) -> State:
    """The state with what its wishes ask for worked out for its base and content.

    A scaling of velocities that was worked out for a wish stays as it is, so that notes which
    nobody touched keep theirs; `fresh` works all of them out again. RefusedError where nothing
    would sound.
    """
    material = apply_edits(based(state.base, shelf), state.content, shelf)
    if len(material.notes) == 0:
        raise RefusedError("that would leave silence")
    source = moved(shelf.key_of(state.base.row), state.base.semitones)
    known = {} if fresh else {(e["layer"], e["to"]): e for e in state.fitted if "to" in e}
    fitted: list[Edit] = _dynamics(state.wishes, material, known)
    material = apply_edits(material, fitted, shelf)
    effects = _effects(state, material, shelf, fresh)
    material = apply_edits(material, effects, shelf)
    fitted += effects
    semitones = _to_key(state.wishes, source, material)
    if semitones:
        fitted.append({"op": "transpose", "semitones": semitones})
        material = raised(material, semitones)
    expected = moved(source, semitones)
    now = replace(state, material=material, fitted=tuple(fitted), expected=expected)
    return remeasured(now, shelf)


def remeasured(state: State, shelf: Shelf) -> State:
    """What is measured, written into the table by the one who may."""
    values = measure(state.material, state.bpm, state.expected, state.table)
    values["sources"] = sources(state, shelf)
    values["effects"] = tuple(name for name, _, _ in state.wishes.effects)
    return replace(state, table=state.table.measured(values))


def sources(state: State, shelf: Shelf) -> tuple[str, ...]:
    """The segments that notes come from, the base first."""
    others = [str(edit["source"]) for edit in state.content if "source" in edit]
    return tuple(dict.fromkeys([shelf.id_of(state.base.row), *others]))


def _dynamics(wishes: Wishes, material: Material, known: Mapping[Any, Edit]) -> list[Edit]:
    """Scalings that bring each layer to the mean velocity that was wished."""
    wished = dict(wishes.dynamics)
    edits: list[Edit] = []
    for layer in material.names if wished else ():
        target = wished.get(layer, wished.get(""))
        if target is not None:
            velocity = material.notes["velocity"][material.mask(layer)]
            made = {"op": "velocity", "layer": layer, "to": target}
            found = known.get((layer, target))
            edits.append(found or made | {"scale": scale_to(velocity, target)})
    return edits


def scale_to(velocity: Any, target: float) -> float:
    """The factor, to six places, that brings the mean of these velocities to `target`, rounding
    and the limits of a key included, or as near as that can be."""
    scale = target / float(velocity.mean())
    for _ in range(STEPS):
        mean = float(np.clip(np.rint(velocity * scale), 1, 127).mean())
        if abs(mean - target) < CLOSE_ENOUGH:
            break
        scale = min(scale * target / mean, LOUDEST_SCALE)
    return round(scale, 6)


def _effects(state: State, material: Material, shelf: Shelf, fresh: bool) -> list[Edit]:
    """The effects that stand. What one was worked out with (a tempo, a bend) stays with it, so
    that notes which nobody touched stay where they are."""
    known = {} if fresh else {_effect_key(e): e for e in state.fitted if e["op"] == "effect"}
    edits: list[Edit] = []
    for effect, amount, layer in state.wishes.effects:
        edit: Edit = {"op": "effect", "effect": effect, "amount": amount, "layer": layer or None}
        if _effect_key(edit) in known:
            edit = known[_effect_key(edit)]
        elif effect == "humanise":
            edit = {**edit, "extra": state.bpm}
        elif effect == "swing":
            edit = {**edit, "extra": swing_bend(material, material.mask(layer or None), amount)}
        material = apply_edits(material, [edit], shelf)
        edits.append(edit)
    return edits


def _effect_key(edit: Edit) -> tuple[Any, ...]:
    return edit["effect"], edit["amount"], edit["layer"]


def _to_key(wishes: Wishes, source: Key, material: Material) -> int:
    """Semitones to the wished key, in the wished octave or the nearest that the keyboard has."""
    if not wishes.key:
        return 0
    near = (parse_key(wishes.key).tonic - source.tonic + 5) % 12 - 5
    wanted = near + 12 * wishes.octaves
    low, high = int(material.notes["pitch"].min()), int(material.notes["pitch"].max())
    for octave in (0, -12, 12, -24, 24):
        if low + wanted + octave >= LOWEST_KEY and high + wanted + octave <= HIGHEST_KEY:
            return wanted + octave
    return wanted


def on_base(state: State, base: Base, shelf: Shelf) -> State:
    """Another source under the wishes that stand; what belonged to the loop has faded."""
    content = tuple({"op": "drop", "layer": layer} for layer in state.wishes.dropped)
    moved_on = replace(state, base=base, content=content, fitted=(), table=state.table.faded())
    return refitted(moved_on, shelf)


def lifted(state: State, semitones: int, shelf: Shelf) -> State:
    """The same loop so many semitones higher at its source: what was put into it goes along."""
    base = replace(state.base, semitones=state.base.semitones + semitones)
    content = tuple(
        {**edit, "semitones": edit["semitones"] + semitones} if "semitones" in edit else edit
        for edit in state.content
    )
    table = state.table
    if table["register"].target is not None:
        table = table.with_row("register", target=None, set_by="")
    return refitted(replace(state, base=base, content=content, table=table), shelf)


def retimed(state: State, bpm: float) -> State:
    """The same at another tempo; of all that is measured only the tempo knows of it."""
    target = None if state.table["bpm"].target is None else bpm
    table = state.table.with_row("bpm", measured=bpm, target=target)
    return replace(state, bpm=bpm, table=table)


def wishing_dynamics(state: State, targets: Mapping[str, float], number: int) -> State:
    """These layers at these mean velocities from now on; others at the mean of all wishes."""
    wished = {**dict(state.wishes.dynamics), **targets}
    wished.pop("", None)
    mean = round(sum(wished.values()) / len(wished), 3)
    pairs = (*sorted(wished.items()), ("", mean))
    table = state.table
    for layer, target in targets.items():
        table = table.wished(f"dynamics.{layer}", target, number)
    return replace(state, wishes=replace(state.wishes, dynamics=pairs), table=table)


def without_dynamics(state: State, layers: Sequence[str]) -> State:
    """No wish for the dynamics of these layers any more."""
    pairs = tuple(pair for pair in state.wishes.dynamics if pair[0] not in layers)
    pairs = pairs if any(layer for layer, _ in pairs) else ()
    table = state.table
    for layer in layers:
        if f"dynamics.{layer}" in table.rows:
            row = f"dynamics.{layer}"
            table = table.with_row(row, target=None, set_by="", locked=False)
    return replace(state, wishes=replace(state.wishes, dynamics=pairs), table=table)


def table_json(state: State) -> Mapping[str, Any]:
    """The table for people and programs."""
    rows: Mapping[str, Any] = json.loads(state.table.to_json())
    return rows
