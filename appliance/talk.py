"""What was said to the loop, as the groove goes on: a copilot for every planned loop.

A planned loop carries what the copilot is while it plays, so whoever takes a move back has the
conversation of that moment back too. Nothing here decides what comes next; `Bound` says what
would keep to what stands.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from appliance.copilot.edits import Edit
from appliance.copilot.loop import Base
from appliance.copilot.material import LAYERS
from appliance.copilot.rounds import Copilot
from appliance.policies.moment import Choice
from models.notes import Phrase

FIXED = frozenset((*LAYERS, "layers", "sources"))  # a lock on one of these lets no note change
KEPT_KEY = FIXED | {"key", "register"}


@dataclass(frozen=True, eq=False)
class Talk:
    """The copilot as of a loop that comes from `base`.

    While it is free it is not moved from source to source, since nothing would come of it: then it
    may still be on an older one.
    """

    copilot: Copilot
    base: Base

    @property
    def edits(self) -> tuple[Edit, ...]:
        """What was done to the source, in order."""
        return self.copilot.edits

    def phrase(self, bpm: float) -> Phrase:
        """What sounds, where there are edits; `bpm` is that of the source."""
        return self.copilot.state.material.phrase(bpm)

    @cached_property
    def here(self) -> Copilot | None:
        """The copilot on the source of this loop; None where it cannot follow."""
        return self.copilot if self.copilot.state.base == self.base else self._followed(self.base)

    def onto(self, base: Base) -> "Talk | None":
        """As the groove goes on to that source, or stays on it; None where what stands or is
        locked does not let it."""
        if base == self.base:
            return self
        if self.copilot.is_free:
            return Talk(self.copilot, base)
        moved = self._followed(base)
        return None if moved is None else Talk(moved, base)

    def lifted(self, base: Base) -> "Talk":
        """The same loop, transposed by a performer, if that can be."""
        if self.copilot.is_free:
            return Talk(self.copilot, base)
        try:
            moved = self.copilot.lifted(base.semitones - self.base.semitones)
        except Exception:  # as below
            moved = None
        return self if moved is None else Talk(moved, base)

    def released(self, base: Base) -> "Talk":
        """On that source, and nothing stands any more."""
        return Talk(self.copilot.released(base), base)

    @property
    def is_fixed(self) -> bool:
        """Whether notes are locked, so that the groove has to stay where it is."""
        return bool(self.copilot.state.table.locks & FIXED)

    @property
    def keeps_level(self) -> bool:
        """Whether loudness was asked for, or notes are locked: then it follows nobody."""
        state = self.copilot.state
        return bool(state.wishes.dynamics) or self.is_fixed or state.table["dynamics"].locked

    @property
    def keeps_key(self) -> str:
        """Why a performer cannot transpose, in words for the screen; empty where that is free."""
        state = self.copilot.state
        if state.table.locks & KEPT_KEY:
            return "LOCKED"
        return f"KEY IS {state.wishes.key}".upper() if state.wishes.key else ""

    def _followed(self, base: Base) -> Copilot | None:
        try:
            return self.copilot.follow(base)
        except Exception:  # whatever an edit does to notes that it never met, the groove goes on
            return None


class Bound:
    """What the next loop is held to, for whoever chooses it: a mask of rows, and the last word on
    each choice. `base_of` says where a choice would come from."""

    def __init__(self, talk: Talk, base_of: Callable[[Choice], Base]) -> None:
        self._talk = talk
        self._base_of = base_of
        self._found: dict[Base, Talk | None] = {}

    @property
    def is_fixed(self) -> bool:
        return self._talk.is_fixed

    @property
    def is_free(self) -> bool:
        return self._talk.copilot.is_free

    @property
    def allowed(self) -> NDArray[np.bool_] | None:
        """Which rows columns speak for; None for all of them."""
        return None if self.is_free else self._talk.copilot.fitting_rows()

    def takes(self, choice: Choice) -> bool:
        return self._onto(choice) is not None

    def talk(self, choice: Choice) -> Talk:
        """What was said, as of that choice. Where it cannot be kept a performer wants it so, as on
        the way home: then nothing stands any more."""
        return self._onto(choice) or self._talk.released(self._base_of(choice))

    def _onto(self, choice: Choice) -> Talk | None:
        base = self._base_of(choice)
        if base not in self._found:
            self._found[base] = self._talk.onto(base)
        return self._found[base]


@dataclass(frozen=True, eq=False)
class Said:
    """A round that was carried out: heard from loop `at` on, which `plays` what it left, or is
    chosen freely under what stands now."""

    copilot: Copilot
    at: int
    plays: bool

    @property
    def talk(self) -> Talk:
        return Talk(self.copilot, self.copilot.state.base)
