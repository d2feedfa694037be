"""Plays for as long as asked, and checks at the other end of the wire that all of it arrived.

By hand: `python -m firmware.soak --seconds 3600` prints one JSON line. By itself it plays to a port
of its own; with `--output` and `--input` it plays through a real interface, its MIDI out connected
to its MIDI in.
"""

import argparse
import json
import os
import random
import sys
import time
from array import array
from collections import deque
from collections.abc import Iterator

from firmware import ports
from firmware.dispatch import SOFT, SOSTENUTO, SUSTAIN, Message, Outcome, Report
from firmware.errors import FirmwareError
from firmware.player import PlayerProcess

_MS = 1_000_000
_S = 1000 * _MS
_AHEAD_NS = 500 * _MS  # as the box hands over
_TURN_S = 0.02
_PATIENCE_S = 10.0
_LOWEST, _HIGHEST = 21, 108
_MOST_KEYS = 24
_SERIALS = 127
_PEDALS = (SUSTAIN, SOSTENUTO, SOFT)
_GAP_NS = 8 * _MS  # on average
_BURST_GAP_NS = 300_000  # at most
_SMALLEST_GAP_NS = 1000
_PER_MILLE = {"p50": 500, "p99": 990, "p999": 999, "max": 1000}


def stream(seed: int) -> Iterator[tuple[int, int, bytes]]:
    """Notes and pedals without end: nanoseconds from the start, note id and bytes.

    Times rise strictly, and no key is struck while it sounds, so all that a player does with it is
    known. The last byte counts up, to tell a message from its neighbours. It is the same for the
    same seed.
    """
    chance = random.Random(seed)
    sounding: dict[int, int] = {}
    at = serial = burst = 0
    while True:
        if not burst and chance.random() < 0.005:
            burst = chance.randint(40, 200)
        limit = _BURST_GAP_NS if burst else 2 * _GAP_NS
        burst = max(0, burst - 1)
        # Chords, too: one gap in four is almost none.
        at += _SMALLEST_GAP_NS + (chance.randrange(limit) if chance.random() < 0.75 else 0)
        serial += 1
        note, status, number = _next(chance, sounding, serial)
        yield at, note, bytes((status, number, 1 + serial % _SERIALS))


def _next(chance: random.Random, sounding: dict[int, int], serial: int) -> tuple[int, int, int]:
    """A note id, a status byte and a key or controller; `sounding` keeps the id of each key."""
    if chance.random() < 0.1:
        return 0, 0xB0, chance.choice(_PEDALS)
    key = chance.randint(_LOWEST, _HIGHEST)
    if key not in sounding and len(sounding) < _MOST_KEYS:
        sounding[key] = serial
        return serial, 0x90, key
    if key not in sounding:
        key = chance.choice(list(sounding))
    return sounding.pop(key), 0x80, key


class Check:
    """Compares what was heard with what was to be heard, as both go on.

    Messages count as different when their bytes are; equal ones must be some hundred apart.
    """

    def __init__(self) -> None:
        self._expected: deque[bytes] = deque()
        self._missing: list[bytes] = []
        self._recent: deque[bytes] = deque(maxlen=_SERIALS - 1)
        self.duplicated = self.out_of_order = self.foreign = 0

    def expect(self, data: bytes) -> None:
        """This is to be heard next."""
        self._expected.append(data)

    def hear(self, data: bytes) -> None:
        """This was heard."""
        ahead = [self._expected[n] for n in range(min(len(self._expected), _SERIALS - 1))]
        if data in ahead:
            for _ in range(ahead.index(data)):
                self._missing.append(self._expected.popleft())
            self._recent.append(self._expected.popleft())
        elif data in self._missing:
            self._missing.remove(data)
            self.out_of_order += 1
        elif data in self._recent:
            self.duplicated += 1
        else:
            self.foreign += 1

    @property
    def lost(self) -> int:
        """How many were not heard, yet."""
        return len(self._missing) + len(self._expected)


def soak(
    seconds: float, output: str | None = None, source: str | None = None, seed: int = 1
) -> dict[str, int]:
    """Play `stream(seed)` for so long through the port `output` and listen at the port `source`.

    By default both are one port of our own, made for it. Returns `count` of messages handed over,
    how many were `lost`, `duplicated`, `out_of_order` and `foreign` (never sent) at the far end,
    and how late they left: `p50_us`, `p99_us`, `p999_us`, `max_us`. Raises FirmwareError where a
    port or the player fails to open.
    """
    name = f"soak-{os.getpid()}"
    ear = ports.open_queued_input(source or f"{ports.VIRTUAL}{name}")
    try:
        with PlayerProcess(output or name, None, stale_ns=60 * _S) as player:
            run = _Run(player, ear, seed)
            run.play(seconds)
            return run.result()
    finally:
        ear.close()


class _Run:
    def __init__(self, player: PlayerProcess, ear: ports.QueuedInput, seed: int) -> None:
        self._player = player
        self._ear = ear
        self._stream = stream(seed)
        self._check = Check()
        self._late = array("q")
        self._count = 0
        self._reported = 0

    def play(self, seconds: float) -> None:
        """Play, and wait until all is heard or some seconds went by in silence."""
        start = time.monotonic_ns() + _AHEAD_NS
        end = round(seconds * _S)
        at, note, data = next(self._stream)
        while at < end:
            batch = []
            while at < min(end, time.monotonic_ns() + _AHEAD_NS - start):
                batch.append(Message(start + at, self._count & 0xFFFF_FFFF, note, data))
                self._check.expect(data)
                self._count += 1
                at, note, data = next(self._stream)
            self._player.schedule(batch)
            self._listen()
            time.sleep(_TURN_S)
        quiet_at = time.monotonic() + _AHEAD_NS / _S + _PATIENCE_S
        while (self._check.lost or self._reported < self._count) and time.monotonic() < quiet_at:
            time.sleep(_TURN_S)
            self._listen()

    def _listen(self) -> None:
        for report in self._player.reports():
            self._account(report)
        for data in self._ear.take():
            self._check.hear(data)

    def _account(self, report: Report) -> None:
        self._reported += 1
        if report.outcome is Outcome.SENT:
            self._late.append(report.at - report.due)

    def result(self) -> dict[str, int]:
        late = sorted(self._late)
        found = {
            "count": self._count,
            "lost": self._check.lost,
            "duplicated": self._check.duplicated,
            "out_of_order": self._check.out_of_order,
            "foreign": self._check.foreign,
        }
        for name, share in _PER_MILLE.items():
            rank = min(len(late) - 1, len(late) * share // 1000)
            found[f"{name}_us"] = late[rank] // 1000 if late else 0
        return found


def main() -> int:
    """Print one JSON line; status 1 when anything was amiss on the way."""
    parser = argparse.ArgumentParser(
        prog="python -m firmware.soak",
        description="Play for long and check that all arrives; prints one JSON line.",
    )
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--output", help="play through this port, connected to --input")
    parser.add_argument("--input", help="listen at this port")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    if (args.output is None) != (args.input is None):
        parser.error("--output and --input belong together: name both ports, or neither")
    try:
        found = soak(args.seconds, args.output, args.input, args.seed)
    except FirmwareError as error:
        print(f"soak: {error}", file=sys.stderr)
        return 1
    print(json.dumps(found))
    amiss = ("lost", "duplicated", "out_of_order", "foreign")
    return 1 if any(found[name] for name in amiss) else 0


if __name__ == "__main__":
    sys.exit(main())
