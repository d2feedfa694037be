"""Progress of long work: one line that moves on a terminal, plain lines elsewhere."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import TextIO

LEAST_S = 2.0  # of work before its pace is known
STEPS = 10  # plain lines for each kind of work


class ProgressLine:
    """Call it with what is done, how much of it, and how much there is.

    It says how long the rest will take at the pace so far; `clock` gives seconds.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._began: tuple[str, float, int] = ("", 0.0, 0)
        self._terminal = stream.isatty()
        self._told: tuple[str, int] = ("", -1)

    def __call__(self, what: str, done: int, total: int) -> None:
        if what != self._began[0]:
            self._began = (what, self._clock(), done)
        tenth = done * STEPS // max(total, 1)
        if self._terminal:
            self._stream.write(f"\r{what} {done} of {total}{self._left(done, total)}\x1b[K")
        elif (what, tenth) != self._told:
            self._stream.write(f"{what} {done} of {total}{self._left(done, total)}\n")
        self._told = (what, tenth)
        self._stream.flush()

    def _left(self, done: int, total: int) -> str:
        _, began, before = self._began
        spent = self._clock() - began
        if done <= before or done >= total or spent < LEAST_S:
            return ""
        seconds = round(spent / (done - before) * (total - done))
        return f", {seconds // 60}:{seconds % 60:02d} left"

    def __enter__(self) -> "ProgressLine":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._terminal:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
