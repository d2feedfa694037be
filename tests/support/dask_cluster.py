"""Work for engines that a test can stop at a given place, and a Dask cluster of processes."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from corpus.building.cache import pack


class Piece(NamedTuple):
    """An item that carries all it needs; `trap` is a folder with pipes, or empty."""

    number: int
    body: bytes
    trap: str = ""

    def __str__(self) -> str:
        return f"piece {self.number}"


def pieces(count: int, held: int | None = None, trap: Path | None = None) -> list[Piece]:
    """`count` pieces of which one, while a trap is set, waits for ever where it is worked on."""
    return [
        Piece(number, bytes([number % 251]) * 2000, str(trap) if number == held else "")
        for number in range(count)
    ]


def measure(piece: Piece) -> bytes:
    """Some work with a result of some size that differs with each piece."""
    if piece.trap and not Path(piece.trap, "sprung").exists():
        Path(piece.trap, "begun").write_text(str(os.getpid()))  # waits for the test to read
        Path(piece.trap, "never").read_text()  # waits for ever
    values = np.frombuffer(piece.body, np.uint8).astype(np.float64)
    return pack({"wave": np.sin(values * piece.number).cumsum()}, {"number": piece.number})


def worker_of(item: object) -> int:
    return os.getpid()


def set_trap(folder: Path) -> Path:
    folder.mkdir()
    for name in ("begun", "never"):
        os.mkfifo(folder / name)
    return folder


@contextlib.contextmanager
def killer(trap: Path) -> Iterator[list[int]]:
    """Kills whoever walks into the trap, once; gives a list that has its id then."""
    killed: list[int] = []

    def wait_and_kill() -> None:
        pid = int((trap / "begun").read_text() or 0)
        if pid:
            (trap / "sprung").touch()
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)

    thread = threading.Thread(target=wait_and_kill)
    thread.start()
    try:
        yield killed
    finally:
        with contextlib.suppress(OSError):  # nobody came: let the thread read nothing
            os.close(os.open(trap / "begun", os.O_WRONLY | os.O_NONBLOCK))
        thread.join(5)
        assert not thread.is_alive()


class DaskCluster(NamedTuple):
    address: str
    scheduler: "subprocess.Popen[str]"
    workers: "list[subprocess.Popen[str]]"


@contextlib.contextmanager
def dask_cluster(folder: Path, workers: int = 2) -> Iterator[DaskCluster]:
    """A scheduler and workers as processes of their own, on ports that are free."""
    with contextlib.ExitStack() as stack:
        quiet = ["--no-dashboard", "--host", "127.0.0.1"]
        scheduler = stack.enter_context(_dask(folder, "scheduler", *quiet, "--port", "0"))
        address = _said(scheduler, "Scheduler at:").split()[-1]
        alone = ["--no-nanny", "--nthreads", "1", "--memory-limit", "0", "--death-timeout", "20"]
        started = [
            stack.enter_context(_dask(folder, "worker", address, *quiet, *alone))
            for _ in range(workers)
        ]
        for worker in started:
            _said(worker, "Registered to:")
        yield DaskCluster(address, scheduler, started)


@contextlib.contextmanager
def _dask(folder: Path, *arguments: str) -> "Iterator[subprocess.Popen[str]]":
    tests = str(Path(__file__).parents[1])
    process = subprocess.Popen(
        [sys.executable, "-m", "dask", *arguments],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{tests}:{Path(tests).parent}"},
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stderr is not None
        process.stderr.close()


def _said(process: "subprocess.Popen[str]", words: str) -> str:
    """The line of its log with these words; what it says later is read and thrown away."""
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line)
        if words in line:
            threading.Thread(target=_drain, args=(process,), daemon=True).start()
            return line
    raise AssertionError(f"it ended before it said {words!r}: {''.join(lines)}")


def _drain(process: "subprocess.Popen[str]") -> None:
    with contextlib.suppress(ValueError, OSError):  # closed at the end
        for _ in process.stderr or ():
            pass
