"""A simulated Disklavier: takes MIDI, says when each note sounded, and why another did not.

It has the mechanics of a real one as far as a sender can notice: latency by velocity, keys that
need time to rise, a limit of keys at once, keys too soft to sound, a dead man's switch. Pure on
the time it is told; one thread.
"""

import heapq
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from firmware.dispatch import is_note_off, is_note_on
from firmware.profile import MS, Profile, delays_ns

ACTIVE_SENSING = b"\xfe"
SENSING_TIMEOUT_NS = 300 * MS
SENSING_PERIOD_NS = 200 * MS

ENSPIRE = (
    (10, 155),
    (20, 140),
    (30, 130),
    (40, 105),
    (50, 85),
    (60, 60),
    (70, 30),
    (80, 10),
    (90, 4),
    (100, 0),
)
"""Milliseconds by velocity beyond the latency of every note, delay off; tuned by ear, public."""

_MOST_KEPT = 65536
_MOST_COMING = 8192
_PEDALS = (64, 66, 67)
_ALL_OFF = (120, 123)


@dataclass(frozen=True)
class Mechanics:
    """What kind of piano it is. Times in milliseconds."""

    channel: int = 1
    latency_ms: float = 50
    velocity_latency: tuple[tuple[int, float], ...] = ENSPIRE
    repeat_gap_ms: float = 100
    polyphony: int = 16
    lowest_velocity: int = 25
    lowest_key: int = 21
    highest_key: int = 108
    delay_ms: float = 0
    """When not 0, everything sounds this long after it arrived, loud and soft alike."""
    input_latency_ms: float = 50
    echo: bool = False
    echo_ms: float = 5
    sensing: bool = False
    """Whether it sends 0xFE itself."""

    def latencies_ns(self) -> tuple[int, ...]:
        """By velocity 0..127."""
        if self.delay_ms:
            return (round(self.delay_ms * MS),) * 128
        profile = Profile(output_latency_ms=self.latency_ms, velocity_latency=self.velocity_latency)
        return delays_ns(profile)


class Sound(NamedTuple):
    """A hammer strikes, or with velocity 0 a damper falls; `ns` is when one hears it."""

    ns: int
    key: int
    velocity: int


class Missed(NamedTuple):
    """A strike that did not sound: "range", "soft", "repeat", "polyphony" or "held"."""

    ns: int
    key: int
    reason: str


Listener = Callable[[Sound], None]
_Coming = tuple[int, int, Callable[[int], None]]


class SimulatedDisklavier:
    """`receive` what is sent to it in order of time, `advance`, and read `sounds` and `missed`.

    Only the latest 65536 of each are kept; `listener` is called with every sound.
    """

    def __init__(
        self, mechanics: Mechanics | None = None, listener: Listener | None = None, start: int = 0
    ) -> None:
        self.mechanics = mechanics or Mechanics()
        self.listener = listener
        self.sounds: deque[Sound] = deque(maxlen=_MOST_KEPT)
        self.missed: deque[Missed] = deque(maxlen=_MOST_KEPT)
        self.lost = 0
        """Events given up because too many were on their way."""
        self._latencies = self.mechanics.latencies_ns()
        self._release_ns = self._latencies[127]
        self._now = start
        self._coming: list[_Coming] = []
        self._count = 0
        self._down: dict[int, int] = {}  # key the loop has down: when its strike is heard
        self._up_since: dict[int, int] = {}
        self._hands: set[int] = set()
        self._pedals = dict.fromkeys(_PEDALS, 0)
        self._out: deque[tuple[int, bytes]] = deque(maxlen=_MOST_KEPT)
        self._trusted_until: int | None = None
        if self.mechanics.sensing:
            self._later(start, self._send_sensing)

    # What goes in

    def receive(self, ns: int, data: bytes) -> None:
        """One MIDI message arrives."""
        self.advance(ns)
        self._now = max(self._now, ns)
        if data == ACTIVE_SENSING or self._trusted_until is not None:
            self._trusted_until = self._now + SENSING_TIMEOUT_NS
        if data[0] >= 0xF0 or data[0] & 0x0F != self.mechanics.channel - 1:
            return
        if self.mechanics.echo and (is_note_on(data) or is_note_off(data)):
            self._later(self._now + round(self.mechanics.echo_ms * MS), self._sender(data))
        if is_note_on(data):
            self._strike(data[1], data[2])
        elif is_note_off(data):
            self._release(data[1])
        elif data[0] & 0xF0 == 0xB0:
            self._control(data[1], data[2])

    def press(self, ns: int, key: int, velocity: int) -> None:
        """A hand strikes a key, which sounds at once and is told of later."""
        self.advance(ns)
        self._hands.add(key)
        self._hear(Sound(ns, key, velocity))
        self._tell(ns, bytes((0x90 | self.mechanics.channel - 1, key, velocity)))

    def lift(self, ns: int, key: int) -> None:
        """The hand lets it go."""
        self.advance(ns)
        self._hands.discard(key)
        self._hear(Sound(ns, key, 0))
        self._tell(ns, bytes((0x80 | self.mechanics.channel - 1, key, 64)))

    def advance(self, now: int) -> None:
        """Let time pass until `now` (nanoseconds)."""
        while True:
            due = self._coming[0][0] if self._coming else None
            trust = self._trusted_until
            if trust is not None and trust <= now and (due is None or trust < due):
                self._now, self._trusted_until = max(self._now, trust), None
                self._let_all_go()
            elif due is not None and due <= now:
                self._now = max(self._now, due)
                heapq.heappop(self._coming)[2](due)
            else:
                break
        self._now = max(self._now, now)

    # What comes out

    def outgoing(self) -> list[tuple[int, bytes]]:
        """What it sent by now and was not asked for yet: nanoseconds and the message."""
        found = list(self._out)
        self._out.clear()
        return found

    @property
    def down(self) -> frozenset[int]:
        """The keys that are held down by what it was sent."""
        return frozenset(self._down)

    @property
    def pedals(self) -> dict[int, int]:
        """The positions (0..127) of pedals 64, 66 and 67, as last told."""
        return dict(self._pedals)

    # The mechanics

    def _strike(self, key: int, velocity: int) -> None:
        reason = self._hindrance(key, velocity)
        if reason is not None:
            self.missed.append(Missed(self._now, key, reason))
        if reason not in (None, "soft"):
            return
        heard = self._now + self._latencies[velocity]
        self._down[key] = heard
        if reason is None:
            self._later(heard, lambda ns: self._hear(Sound(ns, key, velocity)))

    def _hindrance(self, key: int, velocity: int) -> str | None:
        mechanics = self.mechanics
        if not mechanics.lowest_key <= key <= mechanics.highest_key:
            return "range"
        if key in self._hands:
            return "held"
        risen = self._up_since.get(key, -(10**18)) + round(mechanics.repeat_gap_ms * MS)
        if key in self._down or self._now < risen:
            return "repeat"
        if len(self._down) >= mechanics.polyphony:
            return "polyphony"
        return "soft" if velocity < mechanics.lowest_velocity else None

    def _release(self, key: int) -> None:
        heard = self._down.pop(key, None)
        if heard is None:
            return
        self._up_since[key] = self._now
        # A damper cannot fall before the hammer that lifted it has struck.
        at = max(self._now + self._release_ns, heard)
        self._later(at, lambda ns: self._hear(Sound(ns, key, 0)))

    def _control(self, control: int, value: int) -> None:
        if control in self._pedals:
            self._pedals[control] = value
        elif control in _ALL_OFF:
            for key in sorted(self._down):
                self._release(key)

    def _let_all_go(self) -> None:
        for key in sorted(self._down):
            self._release(key)
        self._pedals = dict.fromkeys(_PEDALS, 0)

    def _hear(self, sound: Sound) -> None:
        self.sounds.append(sound)
        if self.listener is not None:
            self.listener(sound)

    def _tell(self, ns: int, data: bytes) -> None:
        self._later(ns + round(self.mechanics.input_latency_ms * MS), self._sender(data))

    def _sender(self, data: bytes) -> Callable[[int], None]:
        return lambda ns: self._out.append((ns, data))

    def _send_sensing(self, ns: int) -> None:
        self._out.append((ns, ACTIVE_SENSING))
        self._later(ns + SENSING_PERIOD_NS, self._send_sensing)

    def _later(self, ns: int, what: Callable[[int], None]) -> None:
        if len(self._coming) >= _MOST_COMING:
            self.lost += 1
            return
        self._count += 1  # keeps the order of what happens at the same time
        heapq.heappush(self._coming, (ns, self._count, what))


def chord_spread_ns(sounds: Iterable[Sound]) -> int:
    """From the first hammer to the last."""
    times = [sound.ns for sound in sounds if sound.velocity]
    return max(times) - min(times) if times else 0
