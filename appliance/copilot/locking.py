"""Locks: what is locked, what that means for notes, and how one is set and opened."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from appliance.copilot.loop import State, refitted, remeasured, wishing_dynamics, without_dynamics
from appliance.copilot.material import LAYERS, VOICE
from appliance.copilot.measure import dynamics
from appliance.copilot.shelf import Shelf
from appliance.copilot.table import LOOP, USER, Row, Table

KEY_ROWS = ("key", "mode")


def locked(state: State, name: str, shelf: Shelf, number: int) -> State:
    """The state with that attribute, or the notes of that layer, locked as it is now."""
    if name in LAYERS:
        table = _with_layer(state.table, name, True, number)
        return replace(state, table=table)
    if name == "dynamics":
        layers = [one for one in state.material.names if dynamics(state.material, one) is not None]
        targets = {one: _target(state, one) for one in layers}
        state = wishing_dynamics(state, targets, number)
    if name == "key" and not state.wishes.key:
        near = (state.shift + 5) % 12 - 5
        octaves = (state.shift - near) // 12
        state = replace(
            state, wishes=replace(state.wishes, key=state.expected.name, octaves=octaves)
        )
    table = state.table
    if name == "dynamics":
        table = table.with_row("dynamics", locked=True, set_by=USER, round=number)
    else:
        table = table.locked(name, True, number)
    state = replace(state, table=table)
    return refitted(state, shelf) if name == "dynamics" else remeasured(state, shelf)


def _target(state: State, layer: str) -> float:
    known = dict(state.wishes.dynamics).get(layer)
    return known if known is not None else round(dynamics(state.material, layer) or 64.0, 3)


def unlocked(state: State, name: str, number: int) -> State:
    """The state with that lock opened; what was wished besides stays wished."""
    if name in LAYERS:
        return replace(state, table=_with_layer(state.table, name, False, number))
    if name == "dynamics":
        state = without_dynamics(state, LAYERS)
        return replace(state, table=state.table.with_row("dynamics", locked=False, set_by=""))
    return replace(state, table=state.table.locked(name, False, number))


def _with_layer(table: Table, name: str, is_locked: bool, number: int) -> Table:
    row = Row(locked=is_locked, set_by=USER if is_locked else "", round=number, scope=LOOP)
    rows = {key: value for key, value in table.rows.items() if key != name}
    return Table({**rows, name: row} if is_locked else rows)


def lock_faults(before: State, after: State) -> Sequence[str]:
    """Layers that were locked and did not stay, note for note."""
    found = []
    for name in sorted(before.table.locks & set(LAYERS) & after.table.locks):
        code = LAYERS.index(name)
        old, new = (
            one.material.notes[(one.material.layers & VOICE) == code] for one in (before, after)
        )
        if not np.array_equal(old, new):
            found.append(f"{name} is locked, and would change")
    return found
