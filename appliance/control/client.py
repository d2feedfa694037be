"""The other end of the socket: ask a running box, or watch it."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from appliance.control import rpc
from appliance.errors import ConfigError, RuntimeFaultError

PATIENCE_S = 5.0


class ControlClient:
    """A connection, for one thread. ConfigError where no box is running at `path`."""

    def __init__(self, path: Path, patience_s: float = PATIENCE_S) -> None:
        self._path = path
        self._number = 0
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.connect(str(path))
        except OSError as error:
            self._socket.close()
            why = error.strerror or error
            raise ConfigError(
                f"{path}: no box answers ({why}); start one with 'smartlooper run', or say where it"
                " is with --state"
            ) from error
        self._socket.settimeout(patience_s)
        self._lines = self._socket.makefile("rb")

    def __enter__(self) -> "ControlClient":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._lines.close()
        self._socket.close()

    def ask(self, method: str, **params: Any) -> Any:
        """Its answer. ConfigError says what the box did not like, RuntimeFaultError that it went
        away or did not answer in time."""
        self._number += 1
        self._send(rpc.Call(method, params, self._number))
        while True:
            message = self._receive()
            if message.get("id") == self._number and ("result" in message or "error" in message):
                break
        if "error" in message:
            raise ConfigError(str(message["error"].get("message")))
        return message["result"]

    def watch(self) -> Iterator[dict[str, Any]]:
        """What the box tells, for ever: what is on its screen now, and from then on each change."""
        yield self.ask("watch")
        self._socket.settimeout(None)
        while True:
            message = self._receive()
            if message.get("method") == "view":
                yield message["params"]

    def _send(self, call: rpc.Call) -> None:
        try:
            self._socket.sendall(rpc.request(call))
        except OSError as error:
            raise RuntimeFaultError(f"{self._path}: the box went away ({error})") from error

    def _receive(self) -> dict[str, Any]:
        try:
            line = self._lines.readline()
            message = json.loads(line) if line else None
        except (OSError, ValueError) as error:
            raise RuntimeFaultError(f"{self._path}: no answer from the box ({error})") from error
        if not isinstance(message, dict):
            raise RuntimeFaultError(f"{self._path}: the box closed the connection")
        return message
