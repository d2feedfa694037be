import os
import subprocess
import sys
from collections import deque
from collections.abc import Iterator

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from firmware.ring import DATA_SIZE, RECORD_SIZE, Ring


@pytest.fixture
def ring() -> Iterator[Ring]:
    made = Ring.create(4)
    yield made
    made.close()
    os.close(made.fd)


def test_records_come_out_whole_and_in_order(ring: Ring) -> None:
    first = (255, (1 << 63) - 1, -(1 << 63), (1 << 32) - 1, b"\x90\x3c\x40")
    assert ring.put(*first)
    assert ring.put(0)
    assert len(ring) == 2
    assert ring.get() == first
    assert ring.get() == (0, 0, 0, 0, b"")
    assert ring.get() is None


def test_data_keeps_its_zeros(ring: Ring) -> None:
    for size in range(DATA_SIZE + 1):
        ring.put(1, data=bytes(size))
        record = ring.get()
        assert record is not None
        assert record[4] == bytes(size)


def test_a_full_ring_refuses_and_counts(ring: Ring) -> None:
    assert [ring.put(n) for n in range(6)] == [True] * 4 + [False] * 2
    assert (ring.dropped, ring.free) == (2, 0)
    assert ring.get() == (0, 0, 0, 0, b"")
    assert ring.put(9)
    assert [record[0] for record in iter(ring.get, None)] == [1, 2, 3, 9]
    assert (ring.dropped, ring.free) == (2, 4)


def test_it_goes_round(ring: Ring) -> None:
    for n in range(1000):
        assert ring.put(7, n)
        assert ring.get() == (7, n, 0, 0, b"")


def test_the_same_ring_seen_twice(ring: Ring) -> None:
    other = Ring(ring.fd)
    ring.put(3, 4)
    assert other.get() == (3, 4, 0, 0, b"")
    assert len(ring) == 0
    other.close()


@pytest.mark.parametrize("byte", range(RECORD_SIZE))
def test_a_half_written_record_waits_until_it_is_whole(ring: Ring, byte: int) -> None:
    ring.put(1, 2, 3, 4, b"\x90\x3c\x40")
    place = os.fstat(ring.fd).st_size - 4 * RECORD_SIZE + byte
    right = os.pread(ring.fd, 1, place)
    os.pwrite(ring.fd, bytes((right[0] ^ 0x10,)), place)
    assert ring.get() is None
    assert len(ring) == 1
    os.pwrite(ring.fd, right, place)
    assert ring.get() == (1, 2, 3, 4, b"\x90\x3c\x40")


def test_a_record_of_the_last_round_is_not_taken_for_a_new_one(ring: Ring) -> None:
    size = os.fstat(ring.fd).st_size
    for n in range(4):
        ring.put(1, n)
    old = os.pread(ring.fd, 4 * RECORD_SIZE, size - 4 * RECORD_SIZE)
    assert [record[1] for record in iter(ring.get, None)] == [0, 1, 2, 3]
    for n in range(4):
        ring.put(1, n)
    os.pwrite(ring.fd, old, size - 4 * RECORD_SIZE)  # as if the counter had come first
    assert ring.get() is None


WRITER = """
import sys
from firmware.ring import Ring
ring = Ring(int(sys.argv[1]))
for n in range(int(sys.argv[2])):
    while not ring.put(n % 251, n, -n, n, bytes((n % 256,))):
        pass
"""


def test_between_two_processes_nothing_is_lost_or_torn() -> None:
    count = 20_000
    ring = Ring.create(64)
    command = [sys.executable, "-c", WRITER, str(ring.fd), str(count)]
    writer = subprocess.Popen(command, pass_fds=(ring.fd,))
    try:
        for n in range(count):
            while (record := ring.get()) is None:
                assert writer.poll() in (None, 0)
            assert record == (n % 251, n, -n, n, bytes((n % 256,)))
        assert writer.wait(30) == 0
    finally:
        writer.kill()
        writer.wait()
    assert ring.get() is None
    ring.close()
    os.close(ring.fd)


class RingMachine(RuleBasedStateMachine):
    """A ring is a queue that says no when it is full."""

    def __init__(self) -> None:
        super().__init__()
        self.ring = Ring.create(5)
        self.model: deque[tuple[int, int]] = deque()
        self.refused = 0

    @rule(kind=st.integers(0, 255), a=st.integers(-(1 << 63), (1 << 63) - 1))
    def put(self, kind: int, a: int) -> None:
        fits = len(self.model) < 5
        assert self.ring.put(kind, a) == fits
        self.refused += not fits
        if fits:
            self.model.append((kind, a))

    @rule()
    def get(self) -> None:
        record = self.ring.get()
        assert (record and record[:2]) == (self.model.popleft() if self.model else None)

    @invariant()
    def counts(self) -> None:
        assert len(self.ring) == len(self.model)
        assert self.ring.free == 5 - len(self.model)
        assert self.ring.dropped == self.refused

    def teardown(self) -> None:
        self.ring.close()
        os.close(self.ring.fd)


TestRingMachine = RingMachine.TestCase
TestRingMachine.settings = settings(max_examples=50, stateful_step_count=40, deadline=None)
