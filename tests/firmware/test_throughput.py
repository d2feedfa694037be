"""The way out, as fast as it goes: nothing is lost, and nothing piles up."""

import gc
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from firmware.dispatch import Dispatcher, Message
from firmware.ring import Ring
from firmware.throughput import measure

BATCH = 500
MILLION = 1_000_000
WARM_UP = 20_000


def test_as_fast_as_it_goes_nothing_is_lost() -> None:
    found = measure(2.5)  # longer than a realtime process may go without a sleep
    assert found["messages"] > 0
    assert found["sent"] == found["messages"]
    assert found["lost"] == found["duplicated"] == found["out_of_order"] == 0
    assert found["per_second"] > 0


@contextmanager
def traced() -> Iterator[None]:
    gc.collect()
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()


class Way:
    """Messages through a ring, a dispatcher and a port that takes everything, and reports back."""

    def __init__(self) -> None:
        self.commands, self.reports = Ring.create(BATCH), Ring.create(BATCH)
        self.sent = 0
        self.seq = 0
        self.dispatcher = Dispatcher(self._send, self._report)

    def _send(self, data: bytes) -> None:
        self.sent += 1

    def _report(self, seq: int, outcome: int, due: int, at: int) -> None:
        self.reports.put(outcome, due, at, seq)

    def push(self, messages: int) -> None:
        """Notes on and off, a batch at a time, all keys in turn."""
        for _ in range(messages // BATCH):
            for _ in range(BATCH):
                note, off = divmod(self.seq, 2)
                data = bytes((0x80 if off else 0x90, note % 128, 64))
                self.commands.put(1, self.seq, note + 1, self.seq, data)
                self.seq += 1
            while (record := self.commands.get()) is not None:
                _, due, note, seq, data = record
                self.dispatcher.add(Message(due, seq, note, data))
            self.dispatcher.run(self.seq)
            while self.reports.get() is not None:
                pass


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_million_messages_leave_memory_as_it_was() -> None:
    way = Way()
    with traced():
        way.push(WARM_UP)
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        way.push(BATCH)
        _, batch_peak = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        way.push(MILLION)
        gc.collect()
        after, peak = tracemalloc.get_traced_memory()
    assert way.sent == WARM_UP + BATCH + MILLION
    assert way.commands.dropped == way.reports.dropped == 0
    # A counter that has grown by a digit may take some bytes more; a leak of one byte a message
    # would take a million.
    assert after - before < 4096
    assert peak - batch_peak < 64 * 1024
