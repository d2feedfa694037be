"""The socket of a running box: its own thread, bounded buffers, nothing that the music waits for.

The thread reads requests and writes answers. The box takes requests at its turns and answers them;
whoever asks too much, or does not read what is sent, is dropped.
"""

import contextlib
import grp
import os
import selectors
import socket
import stat
import threading
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from appliance.control import rpc
from appliance.errors import ConfigError

MOST_CLIENTS = 64
LONGEST_LINE = 64 * 1024
MOST_UNREAD = 256 * 1024  # bytes that a client leaves unread before it is dropped
MOST_WAITING = 32  # requests of one client that the box has not answered
GROUP = "smartlooper"
NICENESS = 5  # of the thread: the box's own goes before it


@dataclass(eq=False)
class _Client:
    socket: socket.socket
    read: bytearray = field(default_factory=bytearray)
    unsent: bytearray = field(default_factory=bytearray)
    waiting: int = 0
    watches: bool = False


@dataclass(frozen=True, eq=False)
class Request:
    """A call, and who made it."""

    call: rpc.Call
    client: object


class ControlServer:
    """Listens at `path` from construction to `close`. ConfigError where another box does, or where
    the socket cannot be made.

    `requests`, `answer`, `refuse` and `publish` are for the thread that turns the box; `fileno` is
    readable when a request waits.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._listener = _listen(path)
        self._inode = os.stat(path).st_ino
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._inbox: deque[Request] = deque()
        self._outbox: deque[tuple[_Client | None, bytes]] = deque()
        self._clients: dict[int, _Client] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        self._selector.register(self._wake, selectors.EVENT_READ, self._send_out)
        self._stop = False
        self._thread = threading.Thread(target=self._run, name="control", daemon=True)
        self._thread.start()

    def fileno(self) -> int:
        return self._bell

    def requests(self) -> list[Request]:
        """What came since the last call, in order."""
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._bell)
        return [self._inbox.popleft() for _ in range(len(self._inbox))]

    def answer(self, request: Request, value: object) -> None:
        """Send a result, of what JSON can say; nothing for a notification."""
        self._reply(request, rpc.result(request.call.id, value))

    def refuse(self, request: Request, code: int, message: str) -> None:
        """Send an error; nothing for a notification."""
        self._reply(request, rpc.fault(rpc.Fault(code, message, request.call.id)))

    def watch(self, request: Request) -> None:
        """From now on its client gets what is published."""
        assert isinstance(request.client, _Client)
        request.client.watches = True

    @property
    def watched(self) -> bool:
        """Whether anybody gets what is published."""
        return any(client.watches for client in list(self._clients.values()))

    def publish(self, method: str, params: dict[str, object]) -> None:
        """Tell whoever watches."""
        self._outbox.append((None, rpc.notification(method, params)))
        os.eventfd_write(self._wake, 1)

    def close(self) -> None:
        """Send what is left as far as clients read it at once, and take the socket away."""
        if not self._thread.is_alive():
            return
        self._stop = True
        os.eventfd_write(self._wake, 1)
        self._thread.join()
        for client in list(self._clients.values()):
            self._drop(client)
        self._listener.close()
        with contextlib.suppress(OSError):
            if os.stat(self._path).st_ino == self._inode:  # not that of a box after us
                self._path.unlink()
        self._selector.close()
        os.close(self._bell)
        os.close(self._wake)

    def _reply(self, request: Request, line: bytes) -> None:
        assert isinstance(request.client, _Client)
        self._outbox.append((request.client, line if request.call.answered else b""))
        os.eventfd_write(self._wake, 1)

    # On the thread of its own

    def _run(self) -> None:
        with contextlib.suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        while not self._stop:
            for key, events in self._selector.select():
                if isinstance(key.data, _Client):
                    self._serve(key.data, events)
                else:
                    key.data()
        self._send_out()

    def _accept(self) -> None:
        try:
            accepted, _ = self._listener.accept()
        except OSError:  # gone again, or no descriptors left
            return
        accepted.setblocking(False)
        if len(self._clients) >= MOST_CLIENTS:
            with contextlib.suppress(OSError):
                accepted.send(rpc.fault(rpc.Fault(rpc.REFUSED, "too many clients; close some")))
            accepted.close()
            return
        client = _Client(accepted)
        self._clients[accepted.fileno()] = client
        self._selector.register(accepted, selectors.EVENT_READ, client)

    def _serve(self, client: _Client, events: int) -> None:
        if events & selectors.EVENT_WRITE:
            self._flush(client)
        if events & selectors.EVENT_READ and self._is_here(client):
            self._read(client)

    def _read(self, client: _Client) -> None:
        try:
            data = client.socket.recv(LONGEST_LINE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._drop(client)
            return
        client.read += data
        *lines, rest = bytes(client.read).split(b"\n")
        client.read = bytearray(rest)
        for line in lines:
            if line.strip() and self._is_here(client):
                self._take(client, line)
        if len(client.read) > LONGEST_LINE:
            self._drop(client)

    def _take(self, client: _Client, line: bytes) -> None:
        call = rpc.parse(line)
        if isinstance(call, rpc.Fault):
            return self._queue(client, rpc.fault(call))
        if client.waiting >= MOST_WAITING:
            return self._drop(client)
        client.waiting += 1
        self._inbox.append(Request(call, client))
        os.eventfd_write(self._bell, 1)
        return None

    def _send_out(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._wake)
        while self._outbox:
            client, line = self._outbox.popleft()
            if client is not None:
                client.waiting -= 1
            told = [client] if client else [c for c in self._clients.values() if c.watches]
            for one in told:
                if self._is_here(one):
                    self._queue(one, line)

    def _queue(self, client: _Client, line: bytes) -> None:
        client.unsent += line
        self._flush(client)
        if len(client.unsent) > MOST_UNREAD:
            self._drop(client)

    def _flush(self, client: _Client) -> None:
        try:
            sent = client.socket.send(client.unsent) if client.unsent else 0
        except BlockingIOError:
            sent = 0
        except OSError:
            return self._drop(client)
        del client.unsent[:sent]
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if client.unsent else 0)
        self._selector.modify(client.socket, wanted, client)
        return None

    def _is_here(self, client: _Client) -> bool:
        return client.socket.fileno() in self._clients

    def _drop(self, client: _Client) -> None:
        if self._clients.pop(client.socket.fileno(), None) is not None:
            self._selector.unregister(client.socket)
            client.socket.close()


def _listen(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _clear(path)
        listener.bind(str(path))
        os.chmod(path, stat.S_IRUSR | stat.S_IWUSR | stat.S_IRGRP | stat.S_IWGRP)
        with contextlib.suppress(KeyError, PermissionError):
            os.chown(path, -1, grp.getgrnam(GROUP).gr_gid)
        listener.listen(MOST_CLIENTS)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        why = error.strerror or error
        raise ConfigError(f"{path}: no control socket ({why}); choose another --state") from error
    except ConfigError:
        listener.close()
        raise
    return listener


def _clear(path: Path) -> None:
    """Away with a socket that a box left behind; a box that runs keeps its own."""
    if not path.exists():
        return
    if not stat.S_ISSOCK(path.stat().st_mode):
        raise ConfigError(f"{path}: in the way, and not a socket; move it")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
            return
        except OSError as error:
            raise ConfigError(f"{path}: in the way ({error.strerror}); move it") from error
    raise ConfigError(f"{path}: a box is running there already; stop it, or give another --state")
