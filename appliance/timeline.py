"""The loops that are planned, and how much of them has been handed over."""

from collections import deque
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from appliance.arranger import CONTROL, EVENT, NOTE_OFF, NOTE_ON, Events, Loop, messages
from models.notes import PEDAL_CONTROLS


class Message(NamedTuple):
    """One message in beats; `note` ties an on to its off, 0 for a pedal."""

    beat: float
    note: int
    data: bytes


class Timeline:
    """Hands out messages in time order, each once, however the plan changes behind it.

    Everything before `position` has been handed over. Whatever happens to the plan, a note that
    was handed over is let go: by its own note-off, or at once when the plan no longer has one.
    """

    def __init__(self, position: float) -> None:
        self.position = position
        self.loops: list[Loop] = []
        self._last = False
        self._events: Events = np.zeros(0, EVENT)
        self._handed: deque[Message] = deque()  # not settled yet: may still be taken back
        self._settled: dict[int, int] = {}  # note -> pitch, sounding at the last settle
        self._open: dict[int, int] = {}  # note -> pitch, on was handed over and off was not

    def plan(self, loops: Iterable[Loop], last: bool = False) -> None:
        """What is to play from now on; `last` when nothing follows the final loop."""
        self.loops = list(loops)
        self._last = last
        self._events = messages(self.loops, last)

    def hand_over(self, until: float) -> list[Message]:
        """The messages before beat `until` that were not handed over yet."""
        if until <= self.position:
            return []
        out = self._lost_releases()
        first, stop = np.searchsorted(self._events["beat"], (self.position, until))
        for row in self._events[first:stop].tolist():
            message = _message(row)
            if message.data[0] == NOTE_ON:
                self._open[message.note] = message.data[1]
            elif message.data[0] == NOTE_OFF and self._open.pop(message.note, None) is None:
                continue  # its on was never handed over
            out.append(message)
        self._handed += out
        self.position = until
        return out

    def skip(self, until: float) -> list[Message]:
        """Begin at beat `until`, before anything was handed over; what is left out."""
        self.position = until
        return [_message(row) for row in self._events[self._events["beat"] < until].tolist()]

    def take_back(self, beat: float) -> None:
        """Count what was handed over from `beat` on as not handed over."""
        while self._handed and self._handed[-1].beat >= beat:
            self._handed.pop()
        self._open = dict(self._settled)
        for message in self._handed:
            _follow(self._open, message)
        self.position = min(self.position, beat)

    def settle(self, beat: float) -> None:
        """What was handed over before `beat` has sounded and cannot be taken back."""
        while self._handed and self._handed[0].beat < beat:
            _follow(self._settled, self._handed.popleft())

    def silence(self, beat: float) -> list[Message]:
        """Take back all from `beat` on and let go of every key and pedal there."""
        self.take_back(beat)
        self.plan([])
        out = [_release(beat, note, pitch) for note, pitch in self._open.items()]
        out += [Message(beat, 0, bytes((CONTROL, control, 0))) for control in PEDAL_CONTROLS]
        self._open.clear()
        self._handed += out
        return out

    @property
    def finished(self) -> bool:
        """Nothing is left to hand over and no key is down."""
        over = not len(self._events) or self.position > self._events["beat"][-1]
        return over and not self._open

    def _lost_releases(self) -> list[Message]:
        """Releases of notes whose own release no longer lies ahead."""
        if not self._open:
            return []
        ahead = self._events["beat"] >= self.position
        coming = self._events["note"][ahead & (self._events["status"] == NOTE_OFF)]
        lost = self._open.keys() - set(coming.tolist())
        return [_release(self.position, note, self._open.pop(note)) for note in sorted(lost)]


def _message(row: tuple[Any, ...]) -> Message:
    beat, _, note, status, data = row
    return Message(beat, note, bytes((status, *data)))


def _release(beat: float, note: int, pitch: int) -> Message:
    return Message(beat, note, bytes((NOTE_OFF, pitch, 0)))


def _follow(sounding: dict[int, int], message: Message) -> None:
    if message.data[0] == NOTE_ON:
        sounding[message.note] = message.data[1]
    elif message.data[0] == NOTE_OFF:
        sounding.pop(message.note, None)
