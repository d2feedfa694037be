"""How fast this processor counts. Under emulation the guest reads the same counter; finding out for
itself how fast it runs, on a busy machine, it may be wrong by half, and all its time with it."""

import ctypes
import mmap
import os
import statistics
import time
from collections.abc import Callable

_CODE = bytes.fromhex("0f31 48c1e220 4809d0 c3")
"""rdtsc; shl rdx, 32; or rax, rdx; ret"""
_SPAN_S, _TRIES = 0.05, 5


def kilohertz() -> int | None:
    """Of the time-stamp counter; None where there is none."""
    if os.uname().machine != "x86_64":
        return None
    with mmap.mmap(
        -1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
    ) as page:
        page.write(_CODE)
        view = ctypes.c_char.from_buffer(page)
        read = ctypes.CFUNCTYPE(ctypes.c_uint64)(ctypes.addressof(view))
        found = [_measure(read) for _ in range(_TRIES)]
        del read, view
    return round(statistics.median(found))


def _measure(read: Callable[[], int]) -> float:
    began, first = time.monotonic_ns(), read()
    time.sleep(_SPAN_S)
    ended, last = time.monotonic_ns(), read()
    return (last - first) * 1e6 / (ended - began)
