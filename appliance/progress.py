"""Progress of long work: one line that moves on a terminal, plain lines elsewhere."""

from types import TracebackType
from typing import TextIO

STEPS = 10  # plain lines for each kind of work


class ProgressLine:
    """Call it with what is done, how much of it, and how much there is."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._terminal = stream.isatty()
        self._told: tuple[str, int] = ("", -1)

    def __call__(self, what: str, done: int, total: int) -> None:
        tenth = done * STEPS // max(total, 1)
        if self._terminal:
            self._stream.write(f"\r{what} {done} of {total}\x1b[K")
        elif (what, tenth) != self._told:
            self._stream.write(f"{what} {done} of {total}\n")
        self._told = (what, tenth)
        self._stream.flush()

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
