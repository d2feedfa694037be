"""The foot: edges of the switch become gestures, and gestures what is asked of the session."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from appliance.events import Command, State, Tap
from appliance.footswitch import Footswitch, Row, Wish
from firmware.gestures import TAP, Gesture, Gestures, Timing
from firmware.switch import Switch
from firmware.switches import Switches

IDLE: Literal["idle"] = "idle"
ASKED = "asked"
"""The row of a press while somebody waits for a yes."""


@dataclass(frozen=True)
class Step:
    """The foot went down or up at `at` (ns). What that means depends on what came before it."""

    at: int
    pressed: bool


class Asker(Protocol):
    """Somebody who wants a tap for a yes while nothing plays; any other gesture is a no."""

    @property
    def asking(self) -> str: ...

    def answer(self, yes: bool) -> None: ...


class Foot:
    """Listens to a switch. `situation` gives the state of the session, and whether something is
    pending that a tap would cancel; it is asked at every press.

    Without a `footswitch`, which knows what gestures mean, a press is a tap and nothing more.
    """

    def __init__(
        self,
        switch: Switch,
        footswitch: Footswitch | None,
        timing: Timing,
        situation: Callable[[], tuple[State, bool]],
        asker: Asker,
    ) -> None:
        self._switch = switch
        self._footswitch = footswitch
        self._situation = situation
        self._asker = asker
        self._now = 0
        self._gestures = None if footswitch is None else Gestures(self._expected, timing)

    def refit(self, footswitch: Footswitch, timing: Timing) -> None:
        """From now on gestures mean this; one that is under way is forgotten."""
        self._footswitch = footswitch
        self._gestures = Gestures(self._expected, timing)

    def heard(self, at: int, data: bytes) -> bool:
        """Whether a message of the piano was its footswitch, and so not music."""
        return isinstance(self._switch, Switches) and self._switch.heard(at, data)

    def steps(self) -> list[Step]:
        """What the foot did since the last call, in order."""
        return [Step(ns, pressed) for ns, pressed in self._switch.edges()]

    def take(self, step: Step) -> list[Command | Tap]:
        """What the session is to be told of a step, before anything that came later."""
        self._now = max(self._now, step.at)
        if self._gestures is None:
            return self._tap(step.at) if step.pressed else []
        return self._commands(self._gestures.edge(step.at, step.pressed))

    def advance(self, now: int) -> list[Command | Tap]:
        """What a foot that stays where it is comes to mean by `now`."""
        self._now = max(self._now, now)
        # Only when due: an edge may still be told of that came a little before `now`.
        due = self.next_time
        if self._gestures is None or due is None or due > now:
            return []
        return self._commands(self._gestures.advance(now))

    @property
    def next_time(self) -> int | None:
        """When `advance` should be called, if the foot does not move before."""
        return None if self._gestures is None else self._gestures.next_time

    def confirm(self, now: int) -> str:
        """What a locked hold waits to be told by a tap, in words for the screen."""
        return "" if self._footswitch is None else self._footswitch.asking(now)

    def handles(self) -> list[int]:
        """Readable when the foot may have moved."""
        handle = self._switch.fileno()
        return [] if handle is None else [handle]

    def close(self) -> None:
        self._switch.close()

    def _tap(self, at: int) -> list[Command | Tap]:
        if not self._is_asked():
            return [Tap(at)]
        self._asker.answer(yes=True)
        return []

    def _is_asked(self) -> bool:
        return bool(self._asker.asking) and self._situation()[0] == IDLE

    def _expected(self) -> Row:
        assert self._footswitch is not None
        state, pending = self._situation()
        row = self._footswitch.expected(state, pending, self._now)
        if row.name != IDLE or not self._is_asked():
            return row
        return Row(ASKED, row.gestures | {TAP})  # no tap at its press: it may be a no

    def _commands(self, gestures: list[Gesture]) -> list[Command | Tap]:
        wishes = [wish for gesture in gestures for wish in self._wishes(gesture)]
        return [Command(wish.at, wish.verb) for wish in wishes]

    def _wishes(self, gesture: Gesture) -> list[Wish]:
        assert self._footswitch is not None
        if gesture.row != ASKED:
            return self._footswitch.wishes(gesture)
        self._asker.answer(yes=gesture.kind == TAP)
        return [] if gesture.kind == TAP else self._footswitch.wishes(replace(gesture, row=IDLE))
