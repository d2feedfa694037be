"""What a foot meant: taps, double taps and holds, made from the edges of a switch.

A machine without a clock: it is told the time with every edge, and between them. What it says
depends on the edges and on what it is told to expect, never on how often it is asked.

Nothing waits longer than it must. A gesture is told as soon as no other that counts could still
come of the same press: with nothing but taps to expect, a tap is told when the foot goes down. And
where a tap must act at its press although more could follow (it starts a recording, say), it is
told at once as BEGUN, and WITHDRAWN when it becomes a double tap or a hold after all.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from firmware.errors import FirmwareError

TAP, DOUBLE, HOLD, LONG_HOLD = "tap", "double", "hold1", "hold3"
KINDS = (TAP, DOUBLE, HOLD, LONG_HOLD)


class Stage(Enum):
    """How sure it is."""

    BEGUN = "begun"
    WITHDRAWN = "withdrawn"
    DONE = "done"


@dataclass(frozen=True)
class Gesture:
    """`at` is when its first press came, `decided` when it was clear (ns); `row` was expected.

    A double tap is decided by its second press, a hold by its length or its release. A tap that
    was BEGUN and not WITHDRAWN stands; nothing more is said about it.
    """

    kind: str
    at: int
    decided: int
    row: str
    stage: Stage = Stage.DONE


class Expected(Protocol):
    """Which gestures count just now. What does not count is not waited for."""

    @property
    def name(self) -> str:
        """Comes back with the gesture."""
        ...

    @property
    def gestures(self) -> frozenset[str]:
        """Those that mean something, out of KINDS."""
        ...

    @property
    def at_press(self) -> bool:
        """A tap is to be told when the foot goes down, whatever may follow."""
        ...

    @property
    def always(self) -> frozenset[str]:
        """LONG_HOLD if it counts even when the same press has meant something before."""
        ...


@dataclass(frozen=True)
class Timing:
    """Nanoseconds. `double` is the longest from the first press of a double tap to the second."""

    double: int = 450_000_000
    hold: int = 1_000_000_000
    long_hold: int = 3_000_000_000

    def __post_init__(self) -> None:
        if not 0 < self.double <= self.hold < self.long_hold:
            raise FirmwareError(
                f"double tap {self.double / 1e9:g} s, hold {self.hold / 1e9:g} s, long hold "
                f"{self.long_hold / 1e9:g} s: each must be longer than the one before"
            )


class Gestures:
    """Takes the edges of one switch, in order; `expected` is asked at each press that is a first.

    One thread.
    """

    def __init__(self, expected: Callable[[], Expected], timing: Timing = Timing()) -> None:
        self._ask = expected
        self._timing = timing
        self._now = 0
        self._row = expected()
        self._down: int | None = None  # since when, while pressed
        self._tapped: int | None = None  # the press of a tap that waits for a second one
        self._begun = False
        self._spent = False  # this press has meant something, or has become too long to

    @property
    def next_time(self) -> int | None:
        """When `advance` will have something to say, if no edge comes before."""
        return min((ns for ns, _ in self._coming()), default=None)

    def edge(self, ns: int, pressed: bool) -> list[Gesture]:
        """The switch was pressed or let go at `ns`. An edge that changes nothing is ignored."""
        ns = max(ns, self._now)
        found = self.advance(ns)
        if pressed == (self._down is not None):
            return found
        return found + (self._pressed(ns) if pressed else self._released(ns))

    def advance(self, now: int) -> list[Gesture]:
        """It is `now`, and no edge came since the last."""
        found: list[Gesture] = []
        while (due := min(self._coming(), key=lambda pair: pair[0], default=None)) is not None:
            if due[0] > now:
                break
            found += due[1](due[0])
        self._now = max(self._now, now)
        return found

    # -- edges --------------------------------------------------------------------------------

    def _pressed(self, ns: int) -> list[Gesture]:
        self._down = ns
        first, self._tapped = self._tapped, None
        if first is not None:
            self._spent = True
            return [*self._withdraw(ns, first), self._gesture(DOUBLE, first, ns)]
        self._row = self._ask()
        wanted = self._row.gestures
        self._spent = wanted <= {TAP}
        if TAP not in wanted:
            return []
        if self._spent:
            return [self._gesture(TAP, ns, ns)]
        if not self._row.at_press:
            return []
        self._begun = True
        return [self._gesture(TAP, ns, ns, Stage.BEGUN)]

    def _released(self, ns: int) -> list[Gesture]:
        press, self._down = self._down, None
        assert press is not None
        if self._spent:
            return []
        if self._counts(HOLD, LONG_HOLD) and ns - press >= self._timing.hold:
            return [self._gesture(HOLD, press, ns)] if self._counts(HOLD) else []
        if self._counts(DOUBLE) and ns - press < self._timing.double:
            self._tapped = press
            return []
        return self._tap(press, ns)

    # -- what comes by itself -------------------------------------------------------------------

    def _coming(self) -> list[tuple[int, Callable[[int], list[Gesture]]]]:
        """What will happen when nothing else does: (ns, what)."""
        coming: list[tuple[int, Callable[[int], list[Gesture]]]] = []
        if self._tapped is not None:
            coming.append((self._tapped + self._timing.double, self._alone))
        if self._down is None:
            return coming
        hold, long_hold = self._down + self._timing.hold, self._down + self._timing.long_hold
        if self._now < hold and not self._spent and self._counts(HOLD, LONG_HOLD):
            coming.append((hold, self._held))
        if self._now < long_hold:
            coming.append((long_hold, self._long_held))
        return coming

    def _alone(self, ns: int) -> list[Gesture]:
        """No second tap came in time."""
        self._now = ns
        press, self._tapped = self._tapped, None
        assert press is not None
        return self._tap(press, ns)

    def _held(self, ns: int) -> list[Gesture]:
        """No longer a tap. It may become a long hold, if that counts; else it is decided."""
        self._now = ns
        press = ns - self._timing.hold
        found = self._withdraw(ns, press)
        if not self._counts(LONG_HOLD):
            self._spent = True
            found.append(self._gesture(HOLD, press, ns))
        return found

    def _long_held(self, ns: int) -> list[Gesture]:
        self._now = ns
        press = ns - self._timing.long_hold
        if self._spent:
            self._row = self._ask()
            counts = LONG_HOLD in self._row.always
        else:
            counts = self._counts(LONG_HOLD)
            self._spent = counts
        return [self._gesture(LONG_HOLD, press, ns)] if counts else []

    # -- words ------------------------------------------------------------------------------------

    def _counts(self, *kinds: str) -> bool:
        return not self._row.gestures.isdisjoint(kinds)

    def _tap(self, press: int, ns: int) -> list[Gesture]:
        begun, self._begun = self._begun, False
        if begun or not self._counts(TAP):
            return []
        return [self._gesture(TAP, press, ns)]

    def _withdraw(self, ns: int, press: int) -> list[Gesture]:
        begun, self._begun = self._begun, False
        return [self._gesture(TAP, press, ns, Stage.WITHDRAWN)] if begun else []

    def _gesture(self, kind: str, at: int, ns: int, stage: Stage = Stage.DONE) -> Gesture:
        return Gesture(kind, at, ns, self._row.name, stage)
