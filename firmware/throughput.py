"""How many messages a second go from a program through the ring to the player, and none lost.

By hand: `python -m firmware.throughput --seconds 10` prints one JSON line.
"""

import argparse
import json
import time
from itertools import count

from firmware.dispatch import Message, Outcome
from firmware.player import PlayerProcess

_BATCH = 256
_MOST_UNDER_WAY = 4 * _BATCH  # well below what the rings and the player's queue hold
_PATIENCE_S = 30.0
_PATIENT_NS = 60_000_000_000  # nothing is stale for being pushed through as fast as it goes
_NAP_S = 100e-6


def measure(seconds: float) -> dict[str, float | int]:
    """Push notes through a real child process with no port for so long, as fast as it takes them.

    Returns `messages` handed over, `sent` by the player, `lost` and `duplicated` reports,
    `out_of_order` ones, `seconds` and `per_second`. Takes up to 30 seconds more when the player
    stops answering.
    """
    with PlayerProcess(None, None, stale_ns=_PATIENT_NS) as player:
        push = _Push(player)
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            push.turn()
        push.drain()
        took = time.monotonic() - began
    return push.result() | {"seconds": took, "per_second": push.sent / took}


class _Push:
    """Hands over batches, and counts what comes back."""

    def __init__(self, player: PlayerProcess) -> None:
        self._player = player
        self._seqs = count()
        self._handed_over = self._reported = self.sent = 0
        self._out_of_order = self._duplicated = 0
        self._expected = 0

    def turn(self) -> None:
        """Hand over one batch where there is room, and take what is back."""
        if self._handed_over - self._reported <= _MOST_UNDER_WAY - _BATCH:
            self._player.schedule(self._batch())
            self._handed_over += _BATCH
        elif not self._take():
            time.sleep(_NAP_S)

    def drain(self) -> None:
        """Wait for what is under way."""
        deadline = time.monotonic() + _PATIENCE_S
        while self._reported < self._handed_over and time.monotonic() < deadline:
            if not self._take():
                time.sleep(_NAP_S)

    def result(self) -> dict[str, float | int]:
        return {
            "messages": self._handed_over,
            "sent": self.sent,
            "lost": max(0, self._handed_over - self.sent),
            "duplicated": self._duplicated,
            "out_of_order": self._out_of_order,
        }

    def _batch(self) -> list[Message]:
        now = time.monotonic_ns()
        # A nanosecond apart: of messages due together, the player sends note-offs first.
        return [_message(now + n, next(self._seqs)) for n in range(_BATCH)]

    def _take(self) -> bool:
        reports = self._player.reports()
        for report in reports:
            self.sent += report.outcome is Outcome.SENT
            self._duplicated += report.seq < self._expected
            self._out_of_order += report.seq > self._expected
            self._expected = report.seq + 1
        self._reported += len(reports)
        return bool(reports)


def _message(due: int, seq: int) -> Message:
    """Notes on and off in turn, over all keys of a piano."""
    note = seq // 2
    status = 0x80 if seq % 2 else 0x90
    return Message(due, seq, note + 1, bytes((status, 21 + note % 88, 64)))


def main() -> None:
    """Print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    print(json.dumps(measure(parser.parse_args().seconds)))


if __name__ == "__main__":
    main()
