"""Moves of a performer that can still be taken back, and what there was before each.

A move is kept until it has come about; an ending, until all is over. Whoever takes one back finds
what was planned before it, to the note, where that can still come.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from appliance.copilot.rounds import Copilot
from appliance.moves import Wishes
from appliance.planned import Planned
from appliance.policies import Policy
from appliance.talk import Talk

MOST = 16  # pending at once; the oldest can no longer be taken back


@dataclass(frozen=True, eq=False)
class Move:
    """A move that can be taken back: what it is called, from which loop on it is heard, which
    wishes it changed, and what there was before it."""

    word: str
    at: int
    fields: tuple[str, ...]
    wishes: Wishes
    planned: list[Planned]
    policy: Policy

    @property
    def is_step(self) -> bool:
        return "presses" in self.fields

    @property
    def is_finish(self) -> bool:
        return "finish" in self.fields and not self.is_step

    @property
    def is_said(self) -> bool:
        return "said" in self.fields

    def has_come(self, committed: list[Planned]) -> bool:
        """Whether what it asked for once can no longer be kept from sounding."""
        return (self.is_step or self.is_said) and committed[-1].loop.number >= self.at

    def undone(self, wishes: Wishes) -> Wishes:
        """These wishes, but for those that the move changed."""
        return replace(wishes, **{name: getattr(self.wishes, name) for name in self.fields})

    def replaced(
        self, committed: list[Planned], is_open: Callable[[Planned], bool]
    ) -> list[Planned] | None:
        """The loops that the move replaced, if they can all still come after these."""
        before = {id(one.choice) for one in self.planned}
        if any(id(one.choice) not in before for one in committed):
            return None
        last = committed[-1].loop.number
        rest = [one for one in self.planned if one.loop.number > last]
        return rest if all(is_open(one) for one in rest) else None

    def with_copilot(self, change: Callable[[Copilot], Copilot]) -> "Move":
        planned = [one.with_copilot(change) for one in self.planned]
        return replace(self, planned=planned, wishes=self.wishes.with_copilot(change))


class Moves:
    """The moves that are pending, in the order in which they were made."""

    def __init__(self) -> None:
        self._moves: deque[Move] = deque(maxlen=MOST)

    def __len__(self) -> int:
        return len(self._moves)

    @property
    def latest(self) -> Move | None:
        return self._moves[-1] if self._moves else None

    def add(self, move: Move) -> None:
        self._moves.append(move)

    def forget(self, loops_begun: int, ends: bool) -> None:
        """What has come about can no longer be taken back; where the music `ends`, its ending can
        until all is over."""
        self._keep(
            [one for one in self._moves if one.at >= loops_begun or (ends and one.is_finish)]
        )

    def to_take_back(self, ending: bool) -> int:
        """The number of the latest move, or of the first `ending` that there is."""
        endings = [number for number, move in enumerate(self._moves) if move.is_finish]
        return endings[0] if ending and endings else len(self._moves) - 1

    def __getitem__(self, number: int) -> Move:
        return self._moves[number]

    def drop(self, number: int) -> None:
        """Forget this one and all that came after it."""
        self._keep(list(self._moves)[:number])

    def begin_talk(self, copilot: Copilot) -> None:
        """What was planned before them has a copilot from now on."""
        self._keep([replace(one, planned=talking(one.planned, copilot)) for one in self._moves])

    def with_copilot(self, change: Callable[[Copilot], Copilot]) -> None:
        self._keep([one.with_copilot(change) for one in self._moves])

    def _keep(self, moves: list[Move]) -> None:
        self._moves = deque(moves, MOST)


def talking(planned: list[Planned], copilot: Copilot) -> list[Planned]:
    """These loops with a copilot that is free, each on its own base."""
    return [replace(one, talk=Talk(copilot, one.base)) for one in planned]
