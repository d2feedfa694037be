"""The guest through SSH, as a person would reach the box: commands, files, and patience."""

import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.vm.places import PATIENCE, VirtualBoxError, run

_OPTIONS = (
    *("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"),
    *("-o", "LogLevel=ERROR", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10"),
    *("-o", "IdentitiesOnly=yes", "-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=6"),
    *("-o", "ControlMaster=auto", "-o", "ControlPersist=60"),
)
TOOLS = "/usr/lib/smartlooper-vm"
USER, UPLOADER = "looper", "smartlooper-upload"
_STATE_LIMIT_S = 60.0


@dataclass(frozen=True)
class Guest:
    """Logs in as `USER` at a port of this machine. Every command has a time limit. Commands share a
    connection, since making one costs a second of the guest's time under emulation; `hang_up`
    before another machine is at the port."""

    port: int
    key: Path

    def hang_up(self) -> None:
        """Forget the connections to a machine that is no more."""
        for user in (USER, UPLOADER):
            stop = ["ssh", *self._options(), "-O", "exit", f"{user}@127.0.0.1"]
            subprocess.run(stop, stdin=subprocess.DEVNULL, capture_output=True, timeout=20)

    def sh(self, script: str, limit_s: float = 120.0) -> str:
        """What a shell command says, run as the musician's user."""
        return run(self._ssh(USER, script), limit_s)

    def root(self, script: str, limit_s: float = 120.0) -> str:
        """The same with sudo."""
        return self.sh(f"sudo -n sh -c {_quote(script)}", limit_s)

    def start(self, script: str) -> "subprocess.Popen[bytes]":
        """Leave a root command running; the caller writes to it, reads it and ends it."""
        words = self._ssh(USER, f"sudo -n {script}")
        return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def sftp(self, batch: str, user: str = UPLOADER, limit_s: float = 300.0) -> str:
        """A batch of sftp commands."""
        words = ["sftp", "-b", "-", *self._options("-P"), f"{user}@127.0.0.1"]
        return run(words, limit_s, data=batch.encode())

    def refused(self, user: str, script: str, limit_s: float = 60.0) -> bool:
        """Whether a command of that user is turned down."""
        try:
            run(self._ssh(user, script), limit_s)
        except VirtualBoxError:
            return True
        return False

    def status(self) -> dict[str, Any]:
        """Of the running box, by its control socket."""
        return self.ask("status")

    def ask(self, method: str) -> dict[str, Any]:
        """A question to the running box."""
        found: dict[str, Any] = parsed(self.sh(f"{TOOLS}/ask {method}", 90))
        return found

    def await_login(self, limit_s: float, alive: Callable[[], bool] = lambda: True) -> float:
        """Until SSH answers; the seconds it took."""
        self.hang_up()
        return wait(lambda: self._answers(), limit_s, "no log-in over SSH", alive)

    def await_ready(self, limit_s: float) -> float:
        """Until the service says that it is ready; the seconds since the kernel started."""
        unit = "smartlooper.service"
        wait(lambda: self._is_active(unit), limit_s, "the service is not ready", every_s=2.0)
        show = f"systemctl show -p ActiveEnterTimestampMonotonic --value {unit}"
        return int(self.sh(show).strip()) / 1e6

    def await_state(self, *wanted: str) -> None:
        """Until the box says that it is in one of these states."""
        is_there = lambda: self.status()["state"] in wanted  # noqa: E731
        wait(is_there, _STATE_LIMIT_S, f"it is not {wanted[0]}", every_s=0.5)

    def _answers(self) -> bool:
        try:
            return "here" in run(self._ssh(USER, "echo here"), 40)
        except VirtualBoxError:
            return False

    def _is_active(self, unit: str) -> bool:
        return self.sh(f"systemctl is-active {unit} || true").strip() == "active"

    def _ssh(self, user: str, script: str) -> list[str]:
        return ["ssh", *self._options(), f"{user}@127.0.0.1", script]

    def _options(self, port: str = "-p") -> list[str]:
        shared = f"ControlPath={self.key.parent}/ssh-%r-%p"
        return [*_OPTIONS, "-o", shared, "-i", str(self.key), port, str(self.port)]


def parsed(said: str) -> Any:
    """From JSON; VirtualBoxError shows what else it was."""
    try:
        return json.loads(said)
    except ValueError as error:
        raise VirtualBoxError(f"no JSON: {said.strip()[-300:]!r}") from error


def wait(
    done: Callable[[], bool],
    limit_s: float,
    otherwise: str,
    alive: Callable[[], bool] = lambda: True,
    every_s: float = 1.0,
) -> float:
    """Until it is done; the seconds it took. VirtualBoxError after the limit."""
    began = time.monotonic()
    while not done():
        if time.monotonic() - began > limit_s * PATIENCE:
            raise VirtualBoxError(f"{otherwise} within {limit_s:g} s")
        if not alive():
            raise VirtualBoxError(f"{otherwise}: the machine ended")
        time.sleep(every_s)
    return time.monotonic() - began


def _quote(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
