"""How a box is, as a program wants to know it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.events import View
from appliance.ledger import Ledger

_OF_THE_VIEW = (
    "state", "corpus", "bpm", "bar", "beat", "beats", "loop", "seconds", "current", "queued",
    "similarity", "why", "hold", "pending", "pending_beats", "pending_loops", "notice", "warning",
    "missing", "importing", "progress", "confirm", "stands",
)  # fmt: skip

LOOK_NS = 1_000_000_000


@dataclass(frozen=True)
class Facts:
    """What no screen shows. `take` is the folder of the latest one, and `lateness_us` is about it;
    `ports` says which are there; `log` has the last lines of what happened."""

    uptime_s: float
    ports: Mapping[str, bool]
    realtime: bool
    segments: int
    take: Path | None
    lateness_us: Mapping[str, int] | None
    celsius: float | None
    log: Sequence[str]


def status(view: View, facts: Facts) -> dict[str, Any]:
    """All of it."""
    return {name: getattr(view, name) for name in _OF_THE_VIEW} | {
        "segments": facts.segments,
        "lateness_us": facts.lateness_us,
        "ports": dict(facts.ports),
        "realtime": facts.realtime,
        "uptime_s": round(facts.uptime_s, 3),
        "take": None if facts.take is None else str(facts.take),
        "celsius": facts.celsius,
        "log": list(facts.log),
    }


def whole(view: View) -> dict[str, Any]:
    """Everything, for a page."""
    return dict(vars(view))


def in_short(view: View) -> dict[str, Any]:
    """What came of a command."""
    names = ("state", "notice", "bpm", "hold", "pending", "pending_beats")
    return {name: getattr(view, name) for name in names}


class LatelyLate:
    """How late the messages of a take left: microseconds, and how many there were.

    It takes a look at a hundred thousand numbers, so that it is done once a second at most.
    """

    def __init__(self) -> None:
        self._ledger: Ledger | None = None
        self._found: dict[str, int] | None = None
        self._again_at = 0

    def look(self, ledger: Ledger | None, now: int) -> dict[str, int] | None:
        """None before the first take."""
        if ledger is not self._ledger or now >= self._again_at:
            self._ledger, self._again_at = ledger, now + LOOK_NS
            self._found = None if ledger is None else _summary(ledger)
        return self._found


class TableOfLoop:
    """The attribute table of what sounds, `made` anew when that is another loop: to measure one
    takes a while."""

    def __init__(self, made: Callable[[], dict[str, Any]]) -> None:
        self._made = made
        self._loop: object = self
        self._table: dict[str, Any] = {}

    def look(self, loop: object) -> dict[str, Any]:
        """`loop` is what sounds, None where nothing does."""
        if loop is not self._loop:
            self._loop, self._table = loop, self._made()
        return self._table


def _summary(ledger: Ledger) -> dict[str, int]:
    return ledger.lateness.summary() | {"over_1ms": ledger.lateness.over(1000)}
