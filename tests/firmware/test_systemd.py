"""What systemd would hear, on sockets of the test's own."""

import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.systemd import ERROR, MOST_BYTES, Notifier, SystemJournal, _field


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listening.bind(str(tmp_path / "socket"))
    listening.setblocking(False)
    yield listening
    listening.close()


def heard(manager: socket.socket) -> list[bytes]:
    found = []
    while True:
        try:
            found.append(manager.recv(1 << 20))
        except BlockingIOError:
            return found


def notifier(tmp_path: Path, **more: str) -> Notifier:
    return Notifier({"NOTIFY_SOCKET": str(tmp_path / "socket")} | more)


def test_it_says_how_it_is(manager: socket.socket, tmp_path: Path) -> None:
    said = notifier(tmp_path)
    said.status("groove\nfunk  @8")
    said.status("groove funk @8")
    said.ready()
    said.reloading(5_000_000)
    said.stopping()
    said.close()
    assert heard(manager) == [
        b"STATUS=groove funk @8",
        b"READY=1",
        b"RELOADING=1\nMONOTONIC_USEC=5000",
        b"STOPPING=1",
    ]


def test_the_watchdog_is_fed_at_half_its_time(manager: socket.socket, tmp_path: Path) -> None:
    said = notifier(tmp_path, WATCHDOG_USEC="2000000")
    assert said.every_ns == 1_000_000_000
    for tenth in range(31):
        said.alive(7_000_000_000 + tenth * 100_000_000)
    assert heard(manager) == [b"WATCHDOG=1"] * 4


@pytest.mark.parametrize(
    "environ", [{}, {"WATCHDOG_USEC": "soon"}, {"WATCHDOG_USEC": "9", "WATCHDOG_PID": "1"}]
)
def test_without_a_watchdog_for_us_none_is_fed(
    manager: socket.socket, tmp_path: Path, environ: dict[str, str]
) -> None:
    said = notifier(tmp_path, **environ)
    said.alive(1)
    assert heard(manager) == []


def test_an_abstract_socket_is_reached_too() -> None:
    name = f"smartlooper-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0{name}")
        Notifier({"NOTIFY_SOCKET": f"@{name}"}).ready()
        listening.settimeout(5)
        assert listening.recv(100) == b"READY=1"


def test_nobody_there_is_no_fault(tmp_path: Path) -> None:
    for environ in ({}, {"NOTIFY_SOCKET": str(tmp_path / "none")}, {"NOTIFY_SOCKET": "vsock:2"}):
        said = Notifier(environ)
        said.ready()
        said.close()
        said.ready()
    journal = SystemJournal(tmp_path / "none")
    assert not journal.is_there
    assert journal.log("x") is False


def test_a_full_socket_is_not_waited_for(manager: socket.socket, tmp_path: Path) -> None:
    said = notifier(tmp_path)
    for number in range(10_000):
        said.status(str(number))
    assert heard(manager)[0] == b"STATUS=0"


def test_the_journal_gets_fields(manager: socket.socket, tmp_path: Path) -> None:
    journal = SystemJournal(tmp_path / "socket")
    assert journal.log("piano off", ERROR, loop=7, note="a\nb")
    (entry,) = heard(manager)
    assert entry == (
        b"MESSAGE=piano off\nPRIORITY=3\nSYSLOG_IDENTIFIER=smartlooper\nLOOP=7\n"
        b"NOTE\n" + struct.pack("<Q", 3) + b"a\nb\n"
    )
    journal.close()
    assert journal.log("x") is False


@given(st.text(max_size=200))
def test_a_field_reads_back(value: str) -> None:
    """As the protocol says: NAME=value and a newline, or NAME, a length and so many bytes."""
    data = _field("note", value)
    name, _, rest = data.partition(b"\n" if b"=" not in data.split(b"\n")[0] else b"=")
    assert name == b"NOTE"
    if data.startswith(b"NOTE="):
        read = rest[:-1]
        assert b"\n" not in read
    else:
        (length,) = struct.unpack("<Q", rest[:8])
        read = rest[8:-1]
        assert len(read) == length
    assert read == value.encode(errors="replace")[:MOST_BYTES]
