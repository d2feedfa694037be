"""One thing on a thread of low priority, for what a process cannot do for another."""

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

NICENESS = 10
Result = TypeVar("Result")


class Background(Generic[Result]):
    """Runs a function; `done` turns True, and `fileno` readable, when it has ended.

    What it raises comes out of `result`, as far as it is an Exception.
    """

    def __init__(self, function: Callable[[], Result]) -> None:
        self._function = function
        self._outcome: list[Result] = []
        self._error: Exception | None = None
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._lock = threading.Lock()
        self._open = True
        self._thread = threading.Thread(target=self._run, name="background", daemon=True)
        self._thread.start()

    def fileno(self) -> int:
        return self._bell

    @property
    def done(self) -> bool:
        return bool(self._outcome) or self._error is not None

    def result(self) -> Result:
        """What the function gave; waits for it."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._outcome[0]

    def close(self, patience_s: float = 0.0) -> None:
        """Wait for the function that long, and no longer care for it."""
        self._thread.join(patience_s)
        with self._lock:
            if self._open:
                self._open = False
                os.close(self._bell)

    def _run(self) -> None:
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        try:
            self._outcome.append(self._function())
        except Exception as error:
            self._error = error
        with self._lock:
            if self._open:
                os.eventfd_write(self._bell, 1)
