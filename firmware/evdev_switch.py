"""A USB pedal that acts as a keyboard, read from the kernel's event devices (evdev).

The kernel's interface is used as it is: the Python package of that name has no ready-made build
for a Raspberry Pi, and what is needed of it is one structure and four requests.
"""

import fcntl
import os
import struct
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from firmware.errors import FirmwareError
from firmware.switch import Edge

RETRY_NS = 1_000_000_000
"""How often to look for a pedal that is missing."""

# linux/input.h: struct input_event, whose time is two longs of the machine.
EVENT = struct.Struct("@llHHi")
EV_SYN, EV_KEY = 0, 1
SYN_DROPPED = 3
_MOST_EVENTS = 64

# linux/input.h and asm-generic/ioctl.h: direction, size of the argument, 'E', number.
_NAME_SIZE = 256
EVIOCGNAME = 2 << 30 | _NAME_SIZE << 16 | ord("E") << 8 | 0x06
EVIOCGRAB = 1 << 30 | struct.calcsize("i") << 16 | ord("E") << 8 | 0x90
EVIOCSCLOCKID = 1 << 30 | struct.calcsize("i") << 16 | ord("E") << 8 | 0xA0

Ioctl = Callable[[int, int, Any], Any]


@dataclass(frozen=True)
class KeySettings:
    """`device` is a part of the name that the pedal bears, or a pattern, in any case of letters;
    `key` the code of the one key that counts (linux/input-event-codes.h), None for all."""

    device: str
    key: int | None = None

    def __post_init__(self) -> None:
        if not self.device.strip():
            raise FirmwareError(
                "usb_device is empty: a part of the pedal's name is wanted, as it stands in "
                "/proc/bus/input/devices"
            )
        if self.key is not None and not 0 < self.key <= 0x2FF:
            raise FirmwareError(f"usb_key {self.key}: 1 to 767 is wanted")

    def fits(self, name: str) -> bool:
        wanted = self.device.strip().casefold()
        pattern = wanted if any(sign in wanted for sign in "*?[") else f"*{wanted}*"
        return fnmatchcase(name.casefold(), pattern)


class EvdevSwitch:
    """Found by name, and again after it was unplugged. Takes the pedal for itself, so that what it
    types reaches no login prompt. Edges bear the kernel's time. One thread."""

    def __init__(
        self,
        settings: KeySettings,
        now: Callable[[], int] = time.monotonic_ns,
        folder: Path = Path("/dev/input"),
        ioctl: Ioctl = fcntl.ioctl,
    ) -> None:
        self._settings = settings
        self._now = now
        self._folder = folder
        self._ioctl = ioctl
        self._fd: int | None = None
        self._down: set[int] = set()  # keys; the pedal is pressed while there are any
        self._next_look = now()
        self._closed = False
        self._fault = ""
        self._look()

    @property
    def fault(self) -> str:
        return self._fault

    def edges(self) -> list[Edge]:
        if self._fd is None:
            self._look()
        if self._fd is None:
            return []
        found: list[Edge] = []
        with suppress(BlockingIOError):
            while True:
                data = self._read(self._fd)
                if not data:
                    return found + self._lost()
                for event in EVENT.iter_unpack(data[: len(data) // EVENT.size * EVENT.size]):
                    found += self._event(*event)
        return found

    def fileno(self) -> int | None:
        return self._fd

    def close(self) -> None:
        self._closed = True
        self._drop()

    def _read(self, fd: int) -> bytes:
        """Empty when the device is gone."""
        try:
            return os.read(fd, EVENT.size * _MOST_EVENTS)
        except BlockingIOError:
            raise
        except OSError:
            return b""

    def _event(self, seconds: int, micros: int, kind: int, code: int, value: int) -> list[Edge]:
        ns = (seconds * 1_000_000 + micros) * 1000
        if (kind, code) == (EV_SYN, SYN_DROPPED):  # a release may be among what was lost
            return self._let_go(ns)
        if kind != EV_KEY or self._settings.key not in (None, code) or value not in (0, 1):
            return []  # a value of 2 is the key repeating itself
        before = bool(self._down)
        (self._down.add if value else self._down.discard)(code)
        return [Edge(ns, bool(self._down))] if before != bool(self._down) else []

    def _let_go(self, ns: int) -> list[Edge]:
        found = [Edge(ns, False)] if self._down else []
        self._down.clear()
        return found

    def _lost(self) -> list[Edge]:
        self._drop()
        self._next_look = self._now() + RETRY_NS
        self._fault = self._missing()
        return self._let_go(self._now())

    def _drop(self) -> None:
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)

    # -- finding it -----------------------------------------------------------------------------

    def _look(self) -> None:
        if self._closed or self._now() < self._next_look:
            return
        self._next_look = self._now() + RETRY_NS
        self._fault = self._missing()
        for path in self._paths():
            if self._try(path):
                self._fault = ""
                return

    def _try(self, path: Path) -> bool:
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except PermissionError:
            self._fault = f"{path} may not be read; the box's user must be in the group input"
            return False
        except OSError:
            return False
        try:
            if not self._settings.fits(self._name(fd)):
                os.close(fd)
                return False
            self._ioctl(fd, EVIOCSCLOCKID, struct.pack("i", time.CLOCK_MONOTONIC))
            self._ioctl(fd, EVIOCGRAB, 1)
        except OSError as error:
            os.close(fd)
            self._fault = f"{path}: the pedal cannot be had: {error.strerror}"
            return False
        self._fd = fd
        return True

    def _name(self, fd: int) -> str:
        name = bytearray(_NAME_SIZE)
        try:
            self._ioctl(fd, EVIOCGNAME, name)
        except OSError:
            return ""
        return name.partition(b"\0")[0].decode("utf-8", "replace")

    def _paths(self) -> Iterable[Path]:
        """In the order of their numbers, so that the same pedal is found each time."""
        paths = self._folder.glob("event*")
        return sorted(paths, key=lambda path: (len(path.name), path.name))

    def _missing(self) -> str:
        return f"no USB pedal is called {self._settings.device!r}; connect it"
