"""What validation needs to know of the moment: light enough for a planner without a corpus."""

from dataclasses import dataclass, replace
from typing import Any

from appliance.copilot.loop import State
from corpus.hearing.key import Key

MAX_POLYPHONY = 16  # notes at once that an instrument profile takes unless it says otherwise


@dataclass(frozen=True)
class Situation:
    """The state of the loop as plans are checked against it.

    `taps` is how many taps there were in the last bars, None where that is not known yet;
    `locks` are names of attributes and layers.
    """

    key: Key
    bpm: float
    bar: float
    beats: float
    layers: frozenset[str]
    undoable: int = 0
    redoable: int = 0
    locks: frozenset[str] = frozenset()
    effects: tuple[str, ...] = ()
    taps: int | None = None
    low: int = 45
    high: int = 84

    def but(self, **changes: Any) -> "Situation":
        return replace(self, **changes)


def situation_of(state: State, undoable: int, redoable: int, taps: int | None) -> Situation:
    pitch = state.material.notes["pitch"]
    return Situation(
        key=state.key,
        bpm=state.bpm,
        bar=state.material.bar,
        beats=state.material.beats,
        layers=frozenset(state.material.names),
        undoable=undoable,
        redoable=redoable,
        locks=state.table.locks,
        effects=tuple(name for name, _, _ in state.wishes.effects),
        taps=taps,
        low=int(pitch.min()),
        high=int(pitch.max()),
    )
