"""Records handed from one process to another without a lock, a copy in the kernel or a wait."""

import mmap
import os
import struct
import zlib

_INDEX = struct.Struct("<Q")
_PAYLOAD = struct.Struct("<BB6sIqq")
_CHECK = struct.Struct("<I")

RECORD_SIZE = 32
DATA_SIZE = 6
_HEADER_SIZE = 256

# Each counter is written by one side only, and stands on a cache line of its own.
_WRITTEN, _READ, _DROPPED, _CAPACITY = 0, 8, 16, 24

Record = tuple[int, int, int, int, bytes]


class Ring:
    """Fixed records of 32 bytes from one producer to one consumer, in shared memory.

    One thread of one process may `put`, one other may `get`; neither ever blocks. A record is
    `(kind, a, b, c, data)`: kind 0..255, a and b signed 64 bits, c unsigned 32 bits, data up to 6
    bytes. Needs a 64-bit machine, where a counter is stored whole.

    A processor may let the reader see the counter before the record it counts. So each record
    carries a checksum over its payload and its place in the stream, and one that does not match
    yet is left for later.
    """

    def __init__(self, fd: int) -> None:
        """Join the ring behind a file descriptor; the descriptor stays the caller's to close."""
        self._map = mmap.mmap(fd, os.fstat(fd).st_size)
        self._words = memoryview(self._map)[:_HEADER_SIZE].cast("Q")
        self._capacity = self._words[_CAPACITY]
        self.fd = fd

    @classmethod
    def create(cls, records: int, name: str = "ring") -> "Ring":
        """A new, empty ring on a memory file of its own (see `fd`, to pass to a child)."""
        fd = os.memfd_create(f"smartlooper-{name}")
        os.ftruncate(fd, _HEADER_SIZE + records * RECORD_SIZE)
        os.pwrite(fd, _INDEX.pack(records), _CAPACITY * 8)
        return cls(fd)

    def put(self, kind: int, a: int = 0, b: int = 0, c: int = 0, data: bytes = b"") -> bool:
        """Append a record; False, and counted, when the ring is full."""
        index = self._words[_WRITTEN]
        if index - self._words[_READ] >= self._capacity:
            self._words[_DROPPED] += 1
            return False
        payload = _PAYLOAD.pack(kind, len(data), data, c, a, b)
        at = self._place(index)
        self._map[at + _CHECK.size : at + RECORD_SIZE] = payload
        _CHECK.pack_into(self._map, at, _checksum(payload, index))
        self._words[_WRITTEN] = index + 1
        return True

    def get(self) -> Record | None:
        """The oldest record, or None when there is none (or none whole) yet."""
        index = self._words[_READ]
        if index == self._words[_WRITTEN]:
            return None
        at = self._place(index)
        payload = self._map[at + _CHECK.size : at + RECORD_SIZE]
        if _CHECK.unpack_from(self._map, at)[0] != _checksum(payload, index):
            return None
        self._words[_READ] = index + 1
        kind, size, data, c, a, b = _PAYLOAD.unpack(payload)
        return kind, a, b, c, data[:size]

    @property
    def dropped(self) -> int:
        """How many records found the ring full."""
        return self._words[_DROPPED]

    @property
    def free(self) -> int:
        """How many records fit now."""
        return self._capacity - (self._words[_WRITTEN] - self._words[_READ])

    def __len__(self) -> int:
        return self._words[_WRITTEN] - self._words[_READ]

    def close(self) -> None:
        """Leave the ring. What is in it stays for the other side."""
        self._words.release()
        self._map.close()

    def _place(self, index: int) -> int:
        return _HEADER_SIZE + (index % self._capacity) * RECORD_SIZE


def _checksum(payload: bytes, index: int) -> int:
    return zlib.crc32(_INDEX.pack(index & 0xFFFF_FFFF_FFFF_FFFF), zlib.crc32(payload))
