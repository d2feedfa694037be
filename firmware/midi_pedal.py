"""A MIDI pedal as a footswitch: any controller or note, on the piano or on a port of its own."""

import os
import re
from collections import deque
from contextlib import suppress
from dataclasses import dataclass

from firmware.dispatch import SOFT, is_note_off, is_note_on
from firmware.errors import FirmwareError
from firmware.ports import InputPort, open_input
from firmware.switch import MOST_EDGES, Edge
from firmware.watch import PortWatch, Watched

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
        self._pattern = pattern
        self._pedal = MidiPedal(trigger)
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._port: InputPort | None = None
        self._watch: PortWatch | None = PortWatch({"input": Watched(pattern, None)}, self._seen)

    @property
    def fault(self) -> str:
        if self._port is not None:
            return ""
        return f"no MIDI input matches {self._pattern!r}; connect the pedal"

    def edges(self) -> list[Edge]:
        with suppress(BlockingIOError, OSError):
            os.eventfd_read(self._bell)
        return self._pedal.edges()

    def fileno(self) -> int | None:
        return self._bell if self._watch is not None else None

    def close(self) -> None:
        """Takes some hundredths of a second."""
        watch, self._watch = self._watch, None
        if watch is None:
            return
        watch.close()
        self._drop()
        os.close(self._bell)

    # On the thread of the watch

    def _seen(self, _direction: str, there: bool, ns: int) -> None:
        if not there and self._port is not None:
            self._drop()
            self._pedal.let_go(ns)
            self._ring()
        elif there and self._port is None:
            with suppress(FirmwareError):  # it is there, but taken: the next look may do better
                self._port = open_input(self._pattern, self._received, own=False)

    def _drop(self) -> None:
        port, self._port = self._port, None
        if port is not None:
            port.close()

    # On the thread of the driver

    def _received(self, ns: int, data: bytes) -> None:
        if self._pedal.heard(ns, data):
            self._ring()

    def _ring(self) -> None:
        with suppress(BlockingIOError):  # it rings already
            os.eventfd_write(self._bell, 1)
