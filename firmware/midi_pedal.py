"""A MIDI pedal as a footswitch: any controller or note, on the piano or on a port of its own."""

import re
from collections import deque
from contextlib import suppress
from dataclasses import dataclass

from firmware.dispatch import SOFT, is_note_off, is_note_on
from firmware.errors import FirmwareError
from firmware.found_input import FoundInput
from firmware.switch import MOST_EDGES, Edge

CONTROL_CHANGE = 0xB0

# A pedal that tells how deep it is must pass both marks, or it would chatter on the way.
_DOWN_FROM, _UP_BELOW = 64, 48


@dataclass(frozen=True)
class Trigger:
    """Which messages are the pedal's: a controller or a note, on a channel (1 to 16, 0: any).

    An `inverted` pedal sends its high values when the foot is off it.
    """

    kind: str = "cc"
    number: int = SOFT
    channel: int = 0
    inverted: bool = False

    @classmethod
    def parse(cls, text: str, channel: int = 0, inverted: bool = False) -> "Trigger":
        """From "cc67" or "note36"; FirmwareError says what is allowed."""
        found = re.fullmatch(r"(cc|note) ?(\d{1,3})", text.strip().lower())
        if found is None or int(found[2]) > 127:
            raise FirmwareError(f"pedal {text!r}: cc0 to cc127, or note0 to note127, is wanted")
        if not 0 <= channel <= 16:
            raise FirmwareError(f"pedal channel {channel}: 1 to 16 is wanted, or 0 for any")
        return cls(found[1], int(found[2]), channel, inverted)

    def reads(self, data: bytes) -> int | None:
        """How deep the pedal is, 0 to 127, where this message is about it."""
        if len(data) != 3 or data[1] != self.number:
            return None
        if self.channel and data[0] & 0x0F != self.channel - 1:
            return None
        if self.kind == "cc":
            depth = data[2] if data[0] & 0xF0 == CONTROL_CHANGE else None
        else:
            depth = 127 if is_note_on(data) else 0 if is_note_off(data) else None
        return 127 - depth if depth is not None and self.inverted else depth


class MidiPedal:
    """The switch in a stream of MIDI that someone else reads, and shows to `heard`.

    One thread may show while another asks for edges.
    """

    fault = ""

    def __init__(self, trigger: Trigger = Trigger()) -> None:
        self.trigger = trigger
        self._edges: deque[Edge] = deque(maxlen=MOST_EDGES)
        self._down = False

    def heard(self, ns: int, data: bytes) -> bool:
        """Whether a message was the pedal's, and so nobody else's."""
        depth = self.trigger.reads(data)
        if depth is None:
            return False
        if depth >= _DOWN_FROM if not self._down else depth < _UP_BELOW:
            self._down = not self._down
            self._edges.append(Edge(ns, self._down))
        return True

    def let_go(self, ns: int) -> None:
        """The pedal is gone, so no foot is on it."""
        if self._down:
            self._down = False
            self._edges.append(Edge(ns, False))

    def edges(self) -> list[Edge]:
        found: list[Edge] = []
        with suppress(IndexError):
            while True:
                found.append(self._edges.popleft())
        return found

    def fileno(self) -> int | None:
        return None

    def close(self) -> None:
        self._edges.clear()


class PortPedal:
    """A MIDI pedal on a port of its own, found by name; it may come and go."""

    def __init__(self, pattern: str, trigger: Trigger) -> None:
        self._pedal = MidiPedal(trigger)
        self._input = FoundInput(pattern, "pedal", self._pedal.heard, self._pedal.let_go)

    @property
    def fault(self) -> str:
        return self._input.fault

    def edges(self) -> list[Edge]:
        self._input.quieten()
        return self._pedal.edges()

    def fileno(self) -> int | None:
        return self._input.fileno()

    def close(self) -> None:
        """Takes some hundredths of a second."""
        self._input.close()
