"""What a service says to systemd: that it is ready, what it is about, that it lives, and its log.

Both are datagrams whose form is fixed: sd_notify(3), and "Native Journal Protocol" of the systemd
project. Where there is no systemd nothing is sent, and nothing is missed.
"""

import os
import socket
import struct
from collections.abc import Mapping
from pathlib import Path

JOURNAL = Path("/run/systemd/journal/socket")
ERROR, WARNING, NOTICE, INFO = 3, 4, 5, 6
"""Priorities of syslog(3)."""

MOST_BYTES = 32 * 1024  # of one log entry: a datagram larger than that may be refused


class Notifier:
    """Tells the service manager; one thread. Nothing it does can fail or wait.

    The watchdog is fed by whoever does the work: `alive` sends at most as often as is wanted, half
    the time that the manager allows.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        self._socket = _datagrams() if self._address[:1] in ("/", "@") else None
        allowed = environ.get("WATCHDOG_USEC", "")
        mine = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self.every_ns = int(allowed) * 1000 // 2 if allowed.isdecimal() and mine else 0
        """How often `alive` is sent; 0 where there is no watchdog."""
        self._next = 0
        self._status = ""

    def ready(self) -> None:
        """It can be used from now on."""
        self._send("READY=1")

    def status(self, line: str) -> None:
        """What it is about, in one line; said again only when it has changed."""
        line = " ".join(line.split())
        if line != self._status:
            self._status = line
            self._send(f"STATUS={line}")

    def alive(self, now: int) -> None:
        """Feed the watchdog, where it is time (ns of the monotonic clock)."""
        if self.every_ns and now >= self._next:
            self._next = now + self.every_ns
            self._send("WATCHDOG=1")

    def reloading(self, now: int) -> None:
        """Settings are read again; `ready` ends it."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={now // 1000}")

    def stopping(self) -> None:
        """It is about to end."""
        self._send("STOPPING=1")

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, state: str) -> None:
        if self._socket is None:
            return
        address = f"\0{self._address[1:]}" if self._address[0] == "@" else self._address
        _try_to_send(self._socket, state.encode(), address)


class SystemJournal:
    """Writes entries with fields to the system's journal; `is_there` says whether it has one."""

    def __init__(self, path: Path = JOURNAL) -> None:
        self._path = str(path)
        self.is_there = path.is_socket()
        self._socket = _datagrams() if self.is_there else None

    def log(self, message: str, priority: int = INFO, **fields: object) -> bool:
        """One entry; fields are named in lower case, without a leading underscore. True when the
        journal took it."""
        if self._socket is None:
            return False
        known = {"message": message, "priority": priority, "syslog_identifier": "smartlooper"}
        data = b"".join(_field(name, str(value)) for name, value in (known | fields).items())
        return _try_to_send(self._socket, data, self._path)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _field(name: str, value: str) -> bytes:
    data = value.encode(errors="replace")[:MOST_BYTES]
    if b"\n" not in data:
        return name.upper().encode() + b"=" + data + b"\n"
    return name.upper().encode() + b"\n" + struct.pack("<Q", len(data)) + data + b"\n"


def _datagrams() -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
    made.setblocking(False)
    return made


def _try_to_send(through: socket.socket, data: bytes, address: str) -> bool:
    try:
        through.sendto(data, address)
    except OSError:  # nobody listens, or not fast enough: the music does not wait for that
        return False
    return True
