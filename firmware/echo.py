"""Tells a pianist's playing from an instrument that sends back what it was told to play."""

from collections import deque

from firmware.dispatch import is_note_off, is_note_on

_MOST_PENDING = 32  # of one key and kind
_KEYS = 128


class EchoFilter:
    """Matches what comes in with what was sent: the same key, in the same order, soon enough.

    A release is an echo only when its strike was one. Times are nanoseconds, and rise; one thread.
    """

    def __init__(self, window_ns: int) -> None:
        self._window_ns = window_ns
        self._strikes: list[deque[int]] = [deque(maxlen=_MOST_PENDING) for _ in range(_KEYS)]
        self._releases: list[deque[int]] = [deque(maxlen=_MOST_PENDING) for _ in range(_KEYS)]
        self._echoed = [0] * _KEYS  # strikes that came back, and their releases did not yet

    def sent(self, ns: int, data: bytes) -> None:
        """A message left for the instrument; only notes matter."""
        if is_note_on(data):
            self._strikes[data[1]].append(ns)
        elif is_note_off(data):
            self._releases[data[1]].append(ns)

    def is_echo(self, ns: int, data: bytes) -> bool:
        """Whether a message that came in only says what was sent; to be asked once for each."""
        if is_note_on(data):
            key = data[1]
            found = self._match(self._strikes[key], ns)
            self._echoed[key] = min(self._echoed[key] + found, _MOST_PENDING)
            return found
        if is_note_off(data) and self._echoed[data[1]]:
            found = self._match(self._releases[data[1]], ns)
            self._echoed[data[1]] -= found
            return found
        return False

    def _match(self, pending: deque[int], ns: int) -> bool:
        while pending and ns - pending[0] > self._window_ns:
            pending.popleft()
        if not pending or pending[0] > ns:
            return False
        pending.popleft()
        return True
