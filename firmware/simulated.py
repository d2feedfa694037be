"""A player without ports, processes or waiting: time is what its caller says."""

from collections import deque
from collections.abc import Callable, Iterable

from firmware.clock import Clock
from firmware.dispatch import (
    DEFAULT_STALE_NS,
    Dispatcher,
    Message,
    Outcome,
    Report,
    check_message,
    is_note_off,
    is_note_on,
)
from firmware.echo import EchoFilter

_MOST_KEPT = 65536

Listener = Callable[[int, bytes], None]


class SimulatedPlayer:
    """A Player on the same dispatcher as the real one; every message leaves exactly when due.

    A message that is handed over after its due time leaves at the time of `clock` then. `listener`
    is called with the nanoseconds and the bytes of each message that leaves; nothing is stored
    here but reports and input that no one took yet, and of those only the latest. `echo_window_ns`
    is as for `PlayerProcess`.
    """

    realtime = True

    def __init__(
        self,
        clock: Clock,
        listener: Listener | None = None,
        *,
        stale_ns: int = DEFAULT_STALE_NS,
        echo_window_ns: int = 0,
    ) -> None:
        self._echo = EchoFilter(echo_window_ns) if echo_window_ns > 0 else None
        self._echoed = 0
        self.listener = listener
        self._clock = clock
        self._time = clock.now()
        self._dispatcher = Dispatcher(self._send, self._report, stale_ns)
        self._reports: deque[Report] = deque(maxlen=_MOST_KEPT)
        self._incoming: deque[tuple[int, bytes]] = deque(maxlen=_MOST_KEPT)
        self._closed = False
        self._lost = 0

    def advance(self, now: int) -> None:
        """Let time pass until `now` (nanoseconds); everything due by then leaves."""
        due = self._dispatcher.run(self._time)
        while due is not None and due <= now:
            self._time = max(due, self._time)
            due = self._dispatcher.run(self._time)
        self._time = max(now, self._time)

    def push(self, ns: int, data: bytes) -> None:
        """Something comes in at `ns`, as from a piano; a note moves a key under the hands."""
        self.advance(ns)
        if self._echo is not None and self._echo.is_echo(ns, data):
            self._echoed += 1
            return
        self._incoming.append((ns, data))
        if is_note_on(data) or is_note_off(data):
            self._dispatcher.hold(data[1], is_note_on(data))
            self._dispatcher.run(self._time)

    @property
    def sounding(self) -> frozenset[tuple[int, int]]:
        """The (channel 0..15, key) pairs that sound now."""
        return self._dispatcher.sounding

    @property
    def alive(self) -> bool:
        return not self._closed

    def fileno(self) -> int | None:
        """Nothing to wait on."""
        return None

    # The Player protocol

    def schedule(self, messages: Iterable[Message]) -> None:
        """Hand over messages; ValueError, and none is taken, when one is not a MIDI message."""
        batch = list(messages)
        for message in batch:
            check_message(message)
        self._catch_up()
        for message in batch:
            if self._closed:
                self._report(message.seq, Outcome.FAILED, message.due, self._time)
            else:
                self._dispatcher.add(message)
        self._dispatcher.run(self._time)

    def cancel(self, after: int) -> None:
        self._catch_up()
        self._dispatcher.cancel(after)

    def hold(self, key: int, down: bool) -> None:
        self._catch_up()
        self._dispatcher.hold(key, down)
        self._dispatcher.run(self._time)

    def panic(self) -> None:
        self._catch_up()
        self._dispatcher.panic(self._time)

    def reports(self) -> list[Report]:
        found = list(self._reports)
        self._reports.clear()
        return found

    def incoming(self) -> list[tuple[int, bytes]]:
        found = list(self._incoming)
        self._incoming.clear()
        return found

    def counters(self) -> dict[str, int]:
        totals = self._dispatcher.counters()
        names = ("stale", "yielded", "failed", "failed_sends", "queue_overflows")
        own = {"bad_input": 0, "ring_overflows": 0, "lost_reports": self._lost, "restarts": 0}
        own["returned"] = 0
        own["echoed"] = self._echoed
        return {name: totals[name] for name in names} | own

    def close(self) -> None:
        if not self._closed:
            self.panic()
            self._closed = True

    def _catch_up(self) -> None:
        self.advance(self._clock.now())

    def _send(self, data: bytes) -> None:
        if self._echo is not None:
            self._echo.sent(self._time, data)
        if self.listener is not None:
            self.listener(self._time, data)

    def _report(self, seq: int, outcome: int, due: int, at: int) -> None:
        self._lost += len(self._reports) == _MOST_KEPT
        self._reports.append(Report(seq, Outcome(outcome), due, at))
