"""`smartlooper run` as a process, with a service manager's sockets of the test's own."""

import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

from appliance.cli import main
from appliance.control.client import ControlClient
from corpus.keeping.library import Library
from support.jack import PATIENCE_S, wait_until
from support.music import make_bundle

NO_PORTS = {"JACK_NO_START_SERVER": "1", "JACK_DEFAULT_SERVER": "absent"}
SETTINGS = """
[midi]
output = "No Such Piano"
input = "No Such Piano"
profile = "keyboard"
[screen]
driver = "none"
[uploads]
embedder = "pitch-histogram"
quiet_s = 0.3
"""


def furnish(state: Path) -> None:
    """A corpus, so that none has to be built at the first start."""
    library = Library(state / "corpora")
    make_bundle(library.place("funk"))
    library.use("funk")


class Ran(NamedTuple):
    """What came of a command."""

    returncode: int
    stdout: str
    stderr: str


def run(*command: str) -> Ran:
    """A command of the command line, in this process."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            code = main(command)
        except SystemExit as exit_:
            code = int(str(exit_.code))
    return Ran(code, out.getvalue(), err.getvalue())


class Running:
    """A box that was started, what it told its manager, and what it said."""

    def __init__(
        self,
        state: Path,
        settings: str = SETTINGS,
        environ: Mapping[str, str] = NO_PORTS,
        program: Sequence[str] = ("-m", "appliance"),
    ) -> None:
        self.state = state
        self.config = state / "config.toml"
        self.log = state / "log.txt"
        state.mkdir(parents=True, exist_ok=True)
        if not (state / "corpora").exists():
            furnish(state)
        self.config.write_text(settings)
        notify = state / "notify"
        notify.unlink(missing_ok=True)
        self._manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._manager.bind(str(notify))
        self._manager.setblocking(False)
        self.told: list[tuple[float, str]] = []
        self.began = time.monotonic()
        more = {"NOTIFY_SOCKET": str(notify), "WATCHDOG_USEC": "1000000"}
        command = [sys.executable, *program, "run"]
        with self.log.open("w") as out:
            self.process = subprocess.Popen(
                [*command, "--config", str(self.config), "--state", str(state)],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                env=os.environ | dict(environ) | more,
            )  # fmt: skip

    def hear(self) -> list[str]:
        """Everything that the manager was told so far."""
        while True:
            try:
                line = self._manager.recv(4096).decode()
            except BlockingIOError:
                break
            self.told.append((time.monotonic(), line))
        return [line for _, line in self.told]

    def until_ready(self, times: int = 1) -> None:
        wait_until(lambda: self.hear().count("READY=1") >= times or self._is_over(), "READY")
        assert self.process.poll() is None, self.said()

    def said(self) -> str:
        return self.log.read_text()

    def ask(self, method: str, **params: Any) -> Any:
        with ControlClient(self.state / "control.sock", PATIENCE_S) as client:
            return client.ask(method, **params)

    def run(self, *command: str) -> "Ran":
        """A command of the command line, about this box."""
        return run(*command, "--state", str(self.state))

    def family(self) -> list[int]:
        """The process and all that it started."""
        found = [self.process.pid]
        for pid in found:
            for task in Path(f"/proc/{pid}/task").glob("*/children"):
                found += map(int, task.read_text().split())
        return found

    def stop(self, number: int = signal.SIGTERM) -> float:
        """Tell it to stop; how many seconds that took."""
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(PATIENCE_S)
        self.hear()
        return time.monotonic() - began

    def _is_over(self) -> bool:
        return self.process.poll() is not None

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *_: object) -> None:
        if not self._is_over():
            self.process.kill()
            self.process.wait()
        self._manager.close()


def megabytes(pids: list[int], field: str = "Pss") -> float:
    """Memory of these processes, what they share being counted once (PSS of proc(5)); Pss_Anon is
    without the pages of files, whose share depends on what else runs."""
    total = 0
    for pid in pids:
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:  # ended meanwhile
            continue
        total += sum(
            int(line.split()[1]) for line in text.splitlines() if line.startswith(f"{field}:")
        )
    return total / 1024


def lives(pid: int) -> bool:
    """Whether a process is there, and not only waits to be looked at."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def status(running: Running) -> dict[str, Any]:
    """As a script gets it."""
    done = running.run("status", "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found
