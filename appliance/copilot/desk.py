"""What a task works on: the state, its history, and what it asks of the session besides."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.copilot.loop import State
from appliance.copilot.shelf import Shelf

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Past:
    """What was heard before a round, and the round's number: where an undo goes."""

    round: int
    state: State


@dataclass(frozen=True, eq=False)
class Desk:
    """A fork of everything a round may change. Values only: to discard it is to forget it.

    `past` holds the states that undo goes back to, latest last; `future` those that redo brings
    again. `actions` are for the session: "hold", "next", "stop". `taps` are onsets in beats of
    what was tapped or played on one key lately; None where nobody looked.
    """

    shelf: Shelf
    state: State
    past: tuple[Past, ...] = ()
    future: tuple[Past, ...] = ()
    number: int = 0
    seed: int = 0
    taps: Floats | None = None
    actions: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    polyphony: int = 16
    entered: State | None = field(default=None)  # before the first edit of this round

    @property
    def edited(self) -> bool:
        return self.entered is not None

    def with_state(self, state: State) -> "Desk":
        """With an edit; an undo after it would go back to before the first one."""
        return replace(self, state=state, entered=self.entered or self.state)

    def saying(self, line: str) -> "Desk":
        return replace(self, said=(*self.said, line))

    def acting(self, action: str) -> "Desk":
        return replace(self, actions=(*self.actions, action))

    def but(self, **changes: Any) -> "Desk":
        return replace(self, **changes)

    @property
    def rng(self) -> np.random.Generator:
        """The chance of this round: the same for the same round of the same session."""
        return np.random.default_rng([self.seed, self.number, len(self.past), len(self.said)])
