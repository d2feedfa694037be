"""A pianist for demonstrations: taps, plays a seed, taps, and solos over what comes back.

Knows the music and hears the loop; hands and foot are whatever it is given.
"""

from collections import deque
from collections.abc import Callable, Iterable

from appliance.events import State
from appliance.playing import Situation
from appliance.transport import Transport
from models.notes import Phrase

COUNT_OFF_NS = 500_000_000  # before the first tap
SOLO_FROM_LOOP = 3
REST_BEATS = 8.0  # between two choruses of the solo

Play = Callable[[Iterable[tuple[int, bytes]]], None]


class Pianist:
    """Acts whenever it is asked to; `next_time` says when that should be at the latest."""

    def __init__(
        self,
        seed: Phrase,
        solo: Phrase,
        loops: int,
        start: int,
        tap: Callable[[int], None],
        play: Play,
        end: Callable[[], None],
    ) -> None:
        self._solo = solo
        self._loops = loops
        self._tap = tap
        self._play = play
        self._end = end
        self._ended = False
        self._solo_until = 0.0
        first = start + COUNT_OFF_NS
        hands = Transport(0.0, first, seed.bpm)
        self._taps = deque([first, hands.ns_at(seed.beats)])
        play(messages(seed, hands))

    @property
    def next_time(self) -> int | None:
        return self._taps[0] if self._taps else None

    def is_done(self, state: State) -> bool:
        """The box is idle again, and was not before the second tap."""
        return state == "idle" and not self._taps

    def act(self, now: int, situation: Situation | None) -> None:
        """Do what is due; `situation` is what the pianist hears, None before the loop."""
        while self._taps and self._taps[0] <= now:
            self._tap(self._taps.popleft())
        if situation is None:
            return
        if situation.loop >= self._loops - 1:
            if not self._ended:
                self._ended = True
                self._end()
        elif situation.loop + 1 >= SOLO_FROM_LOOP and situation.end_beat >= self._solo_until:
            transport, start = situation.transport, situation.end_beat
            line = Transport(0.0, transport.ns_at(start), transport.bpm)
            self._play(messages(self._solo, line))
            self._solo_until = start + self._solo.beats + REST_BEATS


def messages(phrase: Phrase, transport: Transport) -> list[tuple[int, bytes]]:
    """The phrase as MIDI with times; what rings over its end is let go there."""
    rows: list[tuple[int, int, bytes]] = []
    for onset, duration, pitch, velocity in phrase.notes.tolist():
        begin = transport.ns_at(onset)
        end = max(begin + 1, transport.ns_at(min(onset + duration, phrase.beats)))
        rows += [(begin, 2, bytes((0x90, pitch, velocity))), (end, 0, bytes((0x80, pitch, 0)))]
    for beat, control, value in phrase.pedals.tolist():
        rows.append((transport.ns_at(beat), 1, bytes((0xB0, control, value))))
    return [(ns, data) for ns, _, data in sorted(rows)]
