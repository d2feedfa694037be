"""A second keyboard steers: its keys transpose, its sustain pedal taps the tempo."""

from collections import deque
from itertools import pairwise
from statistics import median

from appliance.transport import MAX_BPM, MIN_BPM
from models.notes import SUSTAIN

MIDDLE_C = 60
NOTE_ON, CONTROL = 0x90, 0xB0
DOWN_FROM = 64  # of a pedal's way
TAPS = 5  # that count, the latest
SLOWEST_NS = round(60e9 / MIN_BPM)  # between two taps of one tempo
FASTEST_NS = round(60e9 / MAX_BPM)

Wish = tuple[str, float]
"""The verb of a command, and its value."""


class SecondKeyboard:
    """Listens to what is played on it; the times are those of the messages."""

    def __init__(self) -> None:
        self._taps: deque[int] = deque(maxlen=TAPS)
        self._is_down = False

    def hear(self, at: int, data: bytes) -> Wish | None:
        """What a message of three bytes at `at` (ns) asks for, if anything.

        A key: transpose by as far as it is from middle C. The pedal, pressed again within a slow
        beat: the tempo of the last presses.
        """
        kind = data[0] & 0xF0
        if kind == NOTE_ON and data[2] > 0:
            return "transpose", data[1] - MIDDLE_C
        if kind == CONTROL and data[1] == SUSTAIN:
            return self._pedal(at, data[2] >= DOWN_FROM)
        return None

    def _pedal(self, at: int, down: bool) -> Wish | None:
        was_down, self._is_down = self._is_down, down
        if not down or was_down:
            return None
        if self._taps and not FASTEST_NS <= at - self._taps[-1] <= SLOWEST_NS:
            self._taps.clear()
        self._taps.append(at)
        if len(self._taps) < 2:
            return None
        beat = median(after - before for before, after in pairwise(self._taps))
        return "tempo", round(60e9 / beat, 2)
