"""Machine time: nanoseconds of CLOCK_MONOTONIC, which no one can set or step."""

import ctypes
import errno
import os
import time
from typing import Protocol

_CLOCK_MONOTONIC = 1
_TIMER_ABSTIME = 1
_NS = 1_000_000_000


class Clock(Protocol):
    """Tells the time and waits for a time."""

    def now(self) -> int:
        """Nanoseconds of CLOCK_MONOTONIC."""
        ...

    def wait_until(self, ns: int) -> None:
        """Block the calling thread until `now()` has reached `ns`."""
        ...


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


def _clock_nanosleep() -> "ctypes._NamedFuncPointer":
    function = ctypes.CDLL(None).clock_nanosleep
    function.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
    function.restype = ctypes.c_int
    return function


class MonotonicClock:
    """The real clock. Any thread may use it; the interpreter lock is free while it waits."""

    def __init__(self) -> None:
        self._sleep = _clock_nanosleep()

    def now(self) -> int:
        return time.monotonic_ns()

    def wait_until(self, ns: int) -> None:
        """Sleep to an absolute time, so that being woken by a signal shifts nothing."""
        if ns <= time.monotonic_ns():
            return
        until = _Timespec(*divmod(ns, _NS))
        address = ctypes.addressof(until)
        while True:
            error = self._sleep(_CLOCK_MONOTONIC, _TIMER_ABSTIME, address, None)
            if error == 0:
                return
            if error != errno.EINTR:
                raise OSError(error, os.strerror(error))


class SimulatedClock:
    """A clock that stands still until someone waits on it."""

    def __init__(self, start: int = 0) -> None:
        self._now = start

    def now(self) -> int:
        return self._now

    def wait_until(self, ns: int) -> None:
        """Jump there at once; a time that has passed changes nothing."""
        self._now = max(self._now, ns)
