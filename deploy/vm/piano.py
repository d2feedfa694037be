"""The piano at the end of the lead, the foot on the switch, and what is played with them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from deploy.vm.guest import TOOLS, Guest
from deploy.vm.places import VirtualBoxError

_AFTER_S = 90.0
PRESS_S = 0.12
PEDALS = (64, 66, 67)  # sustain, sostenuto, soft


@dataclass(frozen=True)
class Note:
    """One note of a plan: when it is struck and let go, in seconds from the start."""

    at: float
    until: float
    pitch: int
    velocity: int


@dataclass(frozen=True)
class Heard:
    """A message that reached the piano, in seconds from the start. Of a pedal, `pitch` is its
    controller and `velocity` how far it is down."""

    at: float
    status: int
    pitch: int
    velocity: int

    @property
    def strikes(self) -> bool:
        return self.status & 0xF0 == 0x90 and self.velocity > 0

    @property
    def releases(self) -> bool:
        return self.status & 0xF0 == 0x80 or (self.status & 0xF0 == 0x90 and not self.velocity)

    @property
    def pedals(self) -> bool:
        return self.status & 0xF0 == 0xB0 and self.pitch in PEDALS


@dataclass(frozen=True)
class Performance:
    """What came of a plan; `late_ms` is how late the guest's pianist was at worst."""

    heard: tuple[Heard, ...]
    late_ms: float

    def strikes(self, after: float = 0.0, before: float = float("inf")) -> list[Heard]:
        return [one for one in self.heard if one.strikes and after <= one.at < before]

    def hanging(self) -> list[str]:
        """Keys that were struck and never let go, and pedals that are not up again. What was down
        before it began to listen is not known."""
        down: dict[str, bool] = {}
        for one in self.heard:
            if one.pedals:
                down[f"pedal {one.pitch}"] = one.velocity > 0
            elif one.strikes or one.releases:
                down[f"key {one.pitch}"] = one.strikes
        return [what for what, is_down in down.items() if is_down]


def plug(guest: Guest) -> None:
    guest.root(f"{TOOLS}/piano plug")


def unplug(guest: Guest) -> None:
    guest.root(f"{TOOLS}/piano unplug")


def taps(*times: float) -> list[tuple[float, bool]]:
    """Short presses of the switch."""
    return [edge for at in times for edge in ((at, True), (at + PRESS_S, False))]


def held(at: float, seconds: float) -> list[tuple[float, bool]]:
    return [(at, True), (at + seconds, False)]


def perform(
    guest: Guest, notes: Sequence[Note], foot: Sequence[tuple[float, bool]], listen: float
) -> Performance:
    """Play it in the guest, where time is exact, and wait for it."""
    plan = score(notes, foot, listen)
    process = guest.start(f"{TOOLS}/pianist")
    try:
        said, _ = process.communicate(json.dumps(plan).encode(), listen + _AFTER_S)
    finally:
        process.kill()
        process.wait()
    lines = said.decode().splitlines()
    if process.returncode or not lines:
        raise VirtualBoxError(f"the pianist in the guest failed: exit {process.returncode}")
    last = json.loads(lines[-1])
    return Performance(tuple(Heard(*one) for one in last["heard"]), last["late_ms"])


def score(
    notes: Sequence[Note], foot: Sequence[tuple[float, bool]], listen: float, tell: bool = False
) -> dict[str, Any]:
    """What the guest's pianist reads."""
    sent = [(note.at, f"90{note.pitch:02x}{note.velocity:02x}") for note in notes]
    sent += [(note.until, f"80{note.pitch:02x}40") for note in notes]
    sent.sort(key=lambda one: one[0])
    return {"notes": sent, "foot": list(foot), "listen": listen, "tell": tell}


def boogie(at: float, beats: int = 16, bpm: float = 120.0) -> list[Note]:
    """A bass groove to begin with: one note an eighth, from C2."""
    steps, eighth = (0, 4, 7, 9, 10, 9, 7, 4), 30.0 / bpm
    return [
        Note(at + n * eighth, at + (n + 0.8) * eighth, 36 + steps[n % 8], 70 + 10 * (n % 2 == 0))
        for n in range(2 * beats)
    ]


def ladder(at: float, seconds: float, every: float = 0.25) -> list[Note]:
    """Notes that say which they are: the n-th has a pitch and velocity of its own (see `rung`)."""
    count = int(seconds / every)
    return [Note(at + n * every, at + (n + 0.5) * every, *rung(n)) for n in range(count)]


def rung(number: int) -> tuple[int, int]:
    return 30 + number % 60, 40 + number // 60
