"""MIDI clock to send: 24 pulses a beat on the grid of the loop, start before them, stop after."""

from math import ceil

from appliance.events import Pulse, Timed
from appliance.transport import Transport

PULSES_PER_BEAT = 24
_PULSE, _START, _STOP = b"\xf8", b"\xfa", b"\xfc"
_ROUNDING = 1e-6  # of a pulse


class PulseTrain:
    """Which pulses were handed over, counted from the beat where the music begins."""

    def __init__(self, start_beat: float) -> None:
        self._start = start_beat
        self._next = 0

    def until(self, transport: Transport, beat: float) -> Pulse:
        """The pulses before `beat` that were not handed over yet."""
        end = max(self._next, self._index(beat))
        messages = [
            Timed(transport.ns_at(self._start + index / PULSES_PER_BEAT), 0, 0, _PULSE)
            for index in range(self._next, end)
        ]
        if self._next == 0 and messages:
            messages.insert(0, messages[0]._replace(data=_START))
        self._next = end
        return Pulse(tuple(messages))

    def take_back(self, beat: float) -> None:
        """Those after `beat` were cancelled."""
        self._next = min(self._next, int(self._index(beat)))

    def stop(self, ns: int) -> Pulse:
        return Pulse((Timed(ns, 0, 0, _STOP),))

    def _index(self, beat: float) -> int:
        return ceil((beat - self._start) * PULSES_PER_BEAT - _ROUNDING)
