"""Damage to bytes, as bad disks, bad cables and bad programs do it."""

from collections.abc import Iterator, Sequence

import numpy as np

_MOST_FAULTS = 6
_LONGEST_SLICE = 64
_TELLING = bytes.fromhex("00 01 7f 80 81 90 b0 c0 f0 f7 ff 2f 51 58")  # bytes that MIDI reads into


def mutations(
    data: bytes, count: int, rng: np.random.Generator, others: Sequence[bytes] = ()
) -> Iterator[bytes]:
    """`count` damaged copies: bits flipped, bytes set, slices deleted, inserted, repeated, cut off.

    With `others`, the end of one of them is spliced on now and then.
    """
    for _ in range(count):
        mutant = bytearray(data)
        for _ in range(int(rng.integers(1, _MOST_FAULTS + 1))):
            _damage(mutant, rng, others)
        yield bytes(mutant)


def _damage(data: bytearray, rng: np.random.Generator, others: Sequence[bytes]) -> None:
    at = int(rng.integers(0, len(data) + 1))
    length = int(rng.integers(1, _LONGEST_SLICE))
    match int(rng.integers(0, 9)):
        case 0 | 1 if at < len(data):
            data[at] ^= 1 << int(rng.integers(0, 8))
        case 2 | 3 if at < len(data):
            data[at] = _TELLING[int(rng.integers(0, len(_TELLING)))]
        case 4:
            del data[at : at + length]
        case 5:
            data[at:at] = rng.bytes(length)
        case 6:
            data[at:at] = data[at : at + length]
        case 7 if rng.random() < 0.3:
            del data[at:]
        case 8 if others:
            other = others[int(rng.integers(0, len(others)))]
            data[at:] = other[int(rng.integers(0, len(other) + 1)) :]
